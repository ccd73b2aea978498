// The ring of exceptions and returns: what it keeps without being asked to, how it wraps, and what
// `exits` says of it.
#include "cpu/exit_ring.h"
#include "debugger/debugger.h"
#include "devices/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CODE = 0x40000000, VECTORS = 0x40001000, GUEST = CODE + 28 };

// Sets HCR_EL2, returns to EL1, and calls from there for ever; EL2 returns at once.
static const u32 code[] = {
    0xd51c1101,  // msr hcr_el2, x1
    0xd28078a0,  // mov x0, #0x3c5
    0xd51c4000,  // msr spsr_el2, x0
    0x10000080,  // adr x0, guest
    0xd51c4020,  // msr elr_el2, x0
    0xd51cc002,  // msr vbar_el2, x2
    0xd69f03e0,  // eret
    0xd40000a2,  // guest: hvc #5
    0xd51b4207,  // msr nzcv, x7
    0x17fffffe,  // b guest
};

static int setup(void **state) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 4 << 20, .gic_version = 3, .el2 = true};
    Error err;
    Machine *m = machine_create(&config, &err);
    if (!m) return -1;
    machine_cpu_on(m, m->cpu[0], CODE, 0);
    static const u32 eret = 0xd69f03e0;
    bus_write_bytes(m, CODE, code, sizeof code);
    bus_write_bytes(m, VECTORS + 0x400, &eret, 4);
    Debugger *d = debugger_create(m);
    symbols_add_one(d->symbols, SPACE_ANY, "guest", GUEST, 12);
    symbols_sort(d->symbols);
    Cpu *cpu = m->cpu[0];
    cpu->x[1] = 1ull << HCR_RW;
    cpu->x[2] = VECTORS;
    cpu->x[7] = 0x123;
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

static void steps(Debugger *d, unsigned n) {
    while (n--) cpu_step(d->cpu);
}

static const char *shown(Debugger *d, const char *line) {
    static char text[1 << 17];
    Error err;
    memset(text, 0, sizeof text);
    d->out = fmemopen(text, sizeof text, "w");
    assert_non_null(d->out);
    if (!debugger_execute(d, line, &err)) fail_msg("%s", err.text);
    fclose(d->out);
    return text;
}

static void refused(Debugger *d, const char *line, const char *message) {
    Error err;
    assert_false(debugger_execute(d, line, &err));
    assert_string_equal(err.text, message);
}

static void test_keeps_call_and_return(void **state) {
    Debugger *d = *state;
    Cpu *cpu = d->cpu;
    assert_null(exit_ring_get(cpu, 0));
    steps(d, 7);
    u64 start = cpu->icount;
    const ExitRecord *r = exit_ring_get(cpu, 0);
    assert_non_null(r);
    assert_int_equal(r->event, EXIT_RETURN);
    assert_int_equal(r->pc, CODE + 24);
    assert_int_equal(r->target, GUEST);
    assert_int_equal(r->from_el, 2);
    assert_int_equal(r->to_el, 1);
    assert_int_equal(r->spsr, 0x3c5);
    assert_null(exit_ring_get(cpu, 1));
    for (unsigned i = 0; i < 4; i++) cpu->x[i] = 0x1110 + i;
    steps(d, 1);
    r = exit_ring_get(cpu, 0);
    assert_int_equal(r->event, EXIT_EXCEPTION);
    assert_int_equal(r->kind, EXC_SYNC);
    assert_int_equal(r->pc, GUEST + 4);
    assert_int_equal(r->target, VECTORS + 0x400);
    assert_int_equal(r->esr, 0x5a000005);
    assert_int_equal(r->from_el, 1);
    assert_int_equal(r->to_el, 2);
    assert_int_equal(r->spsr, 0x3c5);
    assert_int_equal(r->hcr, cpu->sys.HCR_EL2);
    assert_int_equal(r->icount, start + 1);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(r->x[i], 0x1110 + i);
    machine_reset(d->machine);
    assert_null(exit_ring_get(cpu, 0));
}

static void test_keeps_the_trapped_value(void **state) {
    Debugger *d = *state;
    Cpu *cpu = d->cpu;
    // MSR TCR_EL1, x7 under HCR_EL2.TVM, of VM 9.
    static const u32 msr = 0xd5182047;
    bus_write_bytes(d->machine, GUEST, &msr, 4);
    cpu->x[1] |= 1ull << HCR_TVM;
    steps(d, 7);
    cpu->sys.VTTBR_EL2 = 9ull << 48;
    steps(d, 1);
    const ExitRecord *r = exit_ring_get(cpu, 0);
    assert_int_equal(r->esr >> 26, EC_SYSREG);
    assert_string_equal(r->rule, "HCR_EL2.TVM");
    assert_int_equal(r->value, 0x123);
    assert_int_equal(r->vttbr, 9ull << 48);
    assert_non_null(strstr(shown(d, "exits 1"), " MSR TCR_EL1 value=0x123 rule=\"HCR_EL2.TVM\"\n"));
}

// An interrupt of the list registers, and one of HCR_EL2.VI that the GIC knows nothing of.
static void test_keeps_the_intid(void **state) {
    Debugger *d = *state;
    static const u32 loop = 0x14000000;  // b .
    bus_write_bytes(d->machine, VECTORS + 0x280, &loop, 4);
    static const char *const commands[] = {
        "set VBAR_EL1 = 0x40001000",     "set ICH_LR1_EL2 = 0x50a0000000000028",
        "set ICH_VMCR_EL2 = 0xf8000002", "set ICH_HCR_EL2 = 1",
        "set HCR_EL2.IMO = 1",           "set PSTATE.I = 0"};
    steps(d, 7);
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) shown(d, commands[i]);
    steps(d, 1);
    assert_int_equal(exit_ring_get(d->cpu, 0)->intid, 40);
    assert_non_null(strstr(shown(d, "exits 1"), " EL1->EL1 "));
    assert_non_null(strstr(shown(d, "exits 1"), " virtual IRQ INTID 40 (SPI 8) rule="));
    assert_non_null(strstr(shown(d, "why 1"), "The interrupt is INTID 40 (SPI 8), from the list "
                                              "registers, priority 0xa0, still pending."));
    shown(d, "set ICH_LR1_EL2 = 0");
    assert_non_null(strstr(shown(d, "why 1"), "(gic virtual 40 shows what became of it)"));
    shown(d, "set PSTATE.I = 0");
    shown(d, "set HCR_EL2.VI = 1");
    steps(d, 1);
    assert_null(strstr(shown(d, "exits 1"), "INTID"));
    assert_non_null(strstr(shown(d, "why 1"), "not for an interrupt of the GIC: HCR_EL2.VI"));
}

static void test_wraps(void **state) {
    Debugger *d = *state;
    steps(d, 7 + 4 * 600);  // hvc, eret, msr, b
    assert_int_equal(d->cpu->exits->count, 1 + 2 * 600);
    for (u64 n = 0; n < EXIT_RING_SIZE; n++) {
        const ExitRecord *r = exit_ring_get(d->cpu, n);
        assert_non_null(r);
        assert_int_equal(r->event, n % 2 ? EXIT_EXCEPTION : EXIT_RETURN);
        if (n > 1) assert_int_equal(exit_ring_get(d->cpu, n - 2)->icount - r->icount, 4);
    }
    assert_null(exit_ring_get(d->cpu, EXIT_RING_SIZE));
}

static void test_command(void **state) {
    Debugger *d = *state;
    assert_string_equal(shown(d, "exits"), "no such exception or return on CPU 0\n");
    steps(d, 7);
    for (unsigned i = 0; i < 4; i++) d->cpu->x[i] = i;
    steps(d, 2);
    u64 i = d->cpu->icount;
    char want[600];
    snprintf(
        want, sizeof want,
        "    3 i=%llu s2off EL2->EL1 pc=0x4000001c <guest> ERET spsr=0x3c5\n"
        "    2 i=%llu s2off EL1->EL2 elr=0x40000020 <guest+0x4> HVC64 esr=0x5a000005 imm16=0x5 "
        "x0=0x0 x1=0x1 x2=0x2 x3=0x3\n"
        "    1 i=%llu s2off EL2->EL1 pc=0x40000020 <guest+0x4> ERET spsr=0x3c5\n",
        (unsigned long long)i - 2, (unsigned long long)i - 1, (unsigned long long)i);
    assert_string_equal(shown(d, "exits"), want);
    assert_string_equal(shown(d, "exits 1"), strstr(want, "    1 "));
    // The numbers stay when others are left out.
    assert_memory_equal(shown(d, "exits hvc64"), "    2 ", 6);
    assert_int_equal(strchr(shown(d, "exits hvc64"), '\n')[1], '\0');
    assert_string_equal(shown(d, "exits vm9"), "no such exception or return on CPU 0\n");
    refused(d, "exits 0", "exits: '0' is no number from 1 to 1024");
    refused(d, "exits 1025", "exits: '1025' is no number from 1 to 1024");
    refused(d, "exits HVC64 IRQ", "exits: 'IRQ' is not understood");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keeps_call_and_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keeps_the_trapped_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keeps_the_intid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_command, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
