// What is known of VMs that ran before somebody watched: from the rings of exits and from the TLBs.
#include "debugger/debugger.h"
#include "debugger/vms.h"
#include "devices/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CODE = 0x40000000, VECTORS = 0x40001000, GUEST = CODE + 28, TABLE = 0x40010000 };

// Enters VM 1; its first call is answered in VM 2, which calls for ever.
static const u32 code[] = {
    0xd51c2144,  // msr vtcr_el2, x4
    0xd51c1101,  // msr hcr_el2, x1
    0xd51cc007,  // msr vbar_el2, x7
    0xd51c4006,  // msr spsr_el2, x6
    0xd51c2102,  // msr vttbr_el2, x2
    0xd51c4025,  // msr elr_el2, x5
    0xd69f03e0,  // eret
    0xd4000002,  // guest: hvc #0
    0x17ffffff,  // b guest
};
static const u32 handler[] = {
    0xd51c2103,  // msr vttbr_el2, x3
    0xd69f03e0,  // eret
};

static Machine *start(void) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 4 << 20, .gic_version = 3, .el2 = true};
    Error err;
    Machine *m = machine_create(&config, &err);
    assert_non_null(m);
    machine_cpu_on(m, m->cpu[0], CODE, 0);
    bus_write_bytes(m, CODE, code, sizeof code);
    bus_write_bytes(m, VECTORS + 0x400, handler, sizeof handler);
    // VM 1 has all of RAM where it is, VM 2 also at 0.
    u64 block = 0x400007fd;
    bus_write_bytes(m, TABLE + 8, &block, 8);
    bus_write_bytes(m, TABLE + 0x1000, &block, 8);
    bus_write_bytes(m, TABLE + 0x1008, &block, 8);
    u64 *x = m->cpu[0]->x;
    x[1] = 1ull << HCR_RW | 1ull << HCR_VM;
    x[2] = 1ull << 48 | TABLE;
    x[3] = 2ull << 48 | (TABLE + 0x1000);
    x[4] = 0x80023560;  // 32-bit IPA, from level 1
    x[5] = GUEST;
    x[6] = 0x3c5;
    x[7] = VECTORS;
    return m;
}

static const char *shown(Debugger *d, const char *line) {
    static char text[8192];
    Error err;
    memset(text, 0, sizeof text);
    d->out = fmemopen(text, sizeof text, "w");
    assert_non_null(d->out);
    if (!debugger_execute(d, line, &err)) fail_msg("%s: %s", line, err.text);
    fclose(d->out);
    return text;
}

static void must_have(const char *text, const char *what) {
    if (!strstr(text, what)) fail_msg("no '%s' in: %s", what, text);
}

// Runs so many instructions, and opens a debugger then.
static Debugger *open_after(unsigned steps) {
    Machine *m = start();
    while (steps--) machine_step(m, m->cpu[0]);
    return debugger_create(m);
}

static void close_all(Debugger *d) {
    Machine *m = d->machine;
    debugger_free(d);
    machine_free(m);
}

static void test_from_the_ring(void **state) {
    (void)state;
    Debugger *d = open_after(8);
    assert_int_equal(d->cpu->el, 2);
    must_have(shown(d, "vms"), "vm1  VTTBR_EL2 0x1000040010000  VTCR_EL2 0x80023560  1 exits, the "
                               "last HVC64, ran on CPU 0\n"
                               "  its vCPUs are known from its next entry on\n"
                               "exits are counted since the start\n");
    // What comes now is counted, too.
    for (unsigned i = 0; i < 4; i++) machine_step(d->machine, d->cpu);
    must_have(shown(d, "vms"), "vm2  VTTBR_EL2 0x2000040011000  VTCR_EL2 0x80023560  1 exits, the "
                               "last HVC64, ran on CPU 0\n"
                               "  vCPU 0  ");
    close_all(d);
}

// The ring has nothing of VM 1 any more; its addresses are known all the same.
static void test_from_the_tlb(void **state) {
    (void)state;
    Debugger *d = open_after(8 + 4 * 600);
    must_have(shown(d, "vms"), "vm1  VTTBR_EL2 0x1000040010000  VTCR_EL2 0x80023560  0 exits, ran "
                               "on CPU 0\n");
    must_have(shown(d, "vms"), "vm2  VTTBR_EL2 0x2000040011000  VTCR_EL2 0x80023560  512 exits, ");
    must_have(shown(d, "vms"), "\nexits are counted from instruction 362 of CPU 0 on: the ");
    must_have(shown(d, "x/1wx vm1:0x4000001c"), "0xd4000002");
    must_have(shown(d, "x/1wx vm2:0x1c"), "0xd4000002");
    close_all(d);
}

// A VM that runs while the debugger is opened.
static void test_running(void **state) {
    (void)state;
    Debugger *d = open_after(7);
    must_have(shown(d, "vms"), "  0 exits, runs on CPU 0\n  vCPU 0  ");
    must_have(shown(d, "vms"), "exits are counted since the start\n");
    close_all(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_the_ring),
        cmocka_unit_test(test_from_the_tlb),
        cmocka_unit_test(test_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
