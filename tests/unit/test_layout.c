// The one-screen view: what it shows of a CPU, what it marks as changed, and the last exception to EL2.
#include "debugger/layout.h"
#include "devices/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CODE = 0x40000000 };

// Sets HCR_EL2.{RW,TSC}, returns to EL1 and executes an SMC there.
static const u32 code[] = {
    0xd2b00100,  // mov x0, #0x80080000
    0xd51c1100,  // msr hcr_el2, x0
    0xd28078a0,  // mov x0, #0x3c5
    0xd51c4000,  // msr spsr_el2, x0
    0x10000060,  // adr x0, smc
    0xd51c4020,  // msr elr_el2, x0
    0xd69f03e0,  // eret
    0xd40000a3,  // smc: smc #5
};

static int setup(void **state) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 4 << 20, .gic_version = 3, .el2 = true};
    Error err;
    Machine *m = machine_create(&config, &err);
    if (!m) return -1;
    machine_cpu_on(m, m->cpu[0], CODE, 0);
    bus_write_bytes(m, CODE, code, sizeof code);
    Debugger *d = debugger_create(m);
    symbols_add_one(d->symbols, SPACE_ANY, "set_up", CODE, 28);
    symbols_add_one(d->symbols, SPACE_ANY, "guest", CODE + 28, 4);
    symbols_sort(d->symbols);
    *state = d;
    return 0;
}

static int teardown(void **state) {
    Debugger *d = *state;
    Machine *m = d->machine;
    debugger_free(d);
    machine_free(m);
    return 0;
}

// What it prints; until the next call.
static const char *shown(Debugger *d) {
    static char text[8192];
    d->out = fmemopen(text, sizeof text, "w");
    assert_non_null(d->out);
    layout_show(d);
    fclose(d->out);
    return text;
}

static void check_has(Debugger *d, const char *what, bool has) {
    const char *text = shown(d);
    if ((strstr(text, what) != NULL) != has) {
        fputs(text, stderr);
        fail_msg("%s '%s'", has ? "no" : "there is", what);
    }
}

static void step(Debugger *d, unsigned n) {
    while (n--) machine_step(d->machine, d->cpu);
}

static void test_changes(void **state) {
    Debugger *d = *state;
    d->cpu->x[5] = 0x1234;
    // Nothing was shown before: nothing has changed.
    check_has(d, "*", false);
    check_has(d, "x5  0000000000001234\n", true);
    step(d, 1);
    check_has(d, "x0  0000000080080000*  x1  0000000000000000   x2", true);
    check_has(d, "*", false);
    d->cpu->x[REG_SP] = 0x40001000;
    d->cpu->x[30] = 7;
    check_has(d, "x30 0000000000000007*  sp  0000000040001000*\n", true);
    d->colour = true;
    d->cpu->x[0] = 1;
    check_has(d, "x0  \033[1;31m0000000000000001\033[0m   x1", true);
    check_has(d, "\033[1;31m", false);
}

static void test_state(void **state) {
    Debugger *d = *state;
    check_has(d, "PSTATE nZcv DAIF EL2h  cpu0  el2  after 0 instructions\n", false);
    cpu_set_nzcv(d->cpu, 0x60000000);
    check_has(d, "PSTATE nZCv DAIF EL2h*  cpu0  el2  after 0 instructions\n", true);
    step(d, 7);
    check_has(d, "PSTATE nzcv DAIF EL1h*  cpu0  s2off  after 7 instructions\n", true);
    check_has(d, "PSTATE nzcv DAIF EL1h  cpu0  s2off  after 7 instructions\n", true);
}

static void test_code(void **state) {
    Debugger *d = *state;
    // RAM starts here: there is nothing before.
    check_has(d,
              "code ----------------------------------------------------------------------\n"
              "=> 0000000040000000 <set_up>             d2b00100  movz    x0, #0x8008, lsl #16\n"
              "   0000000040000004 <set_up+0x4>         d51c1100  msr     HCR_EL2, x0\n",
              true);
    step(d, 2);
    check_has(d, "\n   0000000040000000 <set_up> ", true);
    check_has(d, "\n=> 0000000040000008 <set_up+0x8> ", true);
    d->cpu->pc = 0x30000000;  // nothing there
    check_has(d, "\n=> 0000000030000000  ", true);
    check_has(d, "\n   00000000", false);
}

static void test_stack(void **state) {
    Debugger *d = *state;
    u64 words[] = {CODE + 4, 0x1122334455667788, 3, 4};
    bus_write_bytes(d->machine, 0x40001000, words, sizeof words);
    d->cpu->x[REG_SP] = 0x40001000;
    check_has(d,
              "0000000040001000  0000000040000004 <set_up+0x4> 1122334455667788\n"
              "0000000040001010  0000000000000003 0000000000000004\n",
              true);
    d->cpu->x[REG_SP] = 0x30000000;  // nothing there
    const char *text = shown(d);
    assert_non_null(strstr(text, "0000000030000000  "));
    assert_null(strstr(text, "0000000030000010"));
}

static void test_exit(void **state) {
    Debugger *d = *state;
    check_has(d, "none yet\n", true);
    step(d, 8);
    assert_int_equal(d->cpu->el, 2);
    check_has(d,
              "SMC64 from s2off EL1, pc 0x4000001c <guest>, instruction 8\n"
              "ESR_EL2 0x5e000005 SMC64 imm16=0x5\n"
              "by HCR_EL2.TSC, last written at 0x40000004 <set_up+0x4> (EL2, instruction 2)\n",
              true);
}

// The debugger was opened after it; behind its return, and after the control was written again.
static void test_exit_before(void **state) {
    Debugger *d = *state;
    Machine *m = d->machine;
    static const u32 handler[] = {0xd51c1101, 0xd69f03e0};  // msr hcr_el2, x1; eret
    bus_write_bytes(m, 0x40001400, handler, sizeof handler);
    d->cpu->sys.VBAR_EL2 = 0x40001000;
    step(d, 8);
    debugger_free(d);
    *state = d = debugger_create(m);
    static const char banner[] = "SMC64 from s2off EL1, pc 0x4000001c, instruction 8\n"
                                 "ESR_EL2 0x5e000005 SMC64 imm16=0x5\n"
                                 "by HCR_EL2.TSC, ";
    check_has(d, banner, true);
    check_has(d, "TSC, last written at 0x40000004 (EL2, instruction 2)\n", true);
    step(d, 2);
    assert_int_equal(d->cpu->el, 1);
    check_has(d, banner, true);
    check_has(d, "TSC, written since at 0x40001400 (EL2, instruction 9)\n", true);
}

// As wide as it may be, and not wider.
static void test_width(void **state) {
    Debugger *d = *state;
    static const unsigned widths[] = {20, 40, 80, 132, 250};
    d->cpu->x[REG_SP] = 0x40001000;
    for (unsigned i = 0; i < ARRAY_LEN(widths); i++) {
        d->width = widths[i];
        for (unsigned k = 0; k < REG_SP; k++) d->cpu->x[k]++;
        const char *text = shown(d), *end = strstr(text, "PSTATE");
        for (const char *line = text; line < end; line = strchr(line, '\n') + 1)
            if (strcspn(line, "\n") > MAX(widths[i], 23))
                fail_msg("%u columns: '%.*s'", widths[i], (int)strcspn(line, "\n"), line);
    }
}

// On a small screen the view is not longer than the screen.
static void test_height(void **state) {
    Debugger *d = *state;
    d->height = 24;
    d->cpu->x[REG_SP] = 0x40001000;
    step(d, 8);
    check_has(d, "x8  ", true);
    check_has(d, "x9  ", false);
    check_has(d, "x30 ", true);
    for (unsigned i = 15; i < 21; i++) d->cpu->x[i]++;
    const char *text = shown(d);
    unsigned lines = 0;
    for (const char *p = text; *p; p++) lines += *p == '\n';
    assert_non_null(strstr(text, "x20 0000000000000001*"));
    assert_in_range(lines, 15, 23);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_code, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exit_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_width, setup, teardown),
        cmocka_unit_test_setup_teardown(test_height, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
