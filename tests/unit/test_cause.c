// Who set a control bit: programs of MSRs at EL2, and what cause_of() says of the rules they made.
#include "cpu/cause.h"
#include "cpu/sysreg.h"
#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { CODE = 0x40000000 };

static Machine *make(void) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 4 << 20, .gic_version = 3, .el2 = true};
    Error err = {0};
    Machine *m = machine_create(&config, &err);
    if (!m) fail_msg("%s", err.text);
    machine_cpu_on(m, m->cpu[0], CODE, 0);
    return m;
}

static u32 msr(const char *name, unsigned rt) {
    unsigned enc = sysreg_info(sysreg_find(name))->enc;
    return 0xd5000000 | enc << 5 | rt;
}

// Executes one instruction, placed at pc; returns how many the CPU had executed before it.
static u64 step(Machine *m, u32 word) {
    Cpu *cpu = m->cpu[0];
    bus_write_bytes(m, cpu->pc, &word, 4);
    u64 before = cpu->icount;
    cpu_step(cpu);
    return before;
}

static void test_each_bit_has_its_own(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *cpu = m->cpu[0];
    ControlWrite by;
    assert_false(cause_of(cpu, "HCR_EL2.TSC", &by));
    cpu->x[1] = cpu->sys.HCR_EL2 | 1ull << HCR_TSC | 1ull << HCR_TWI;
    u64 first = step(m, msr("HCR_EL2", 1));
    cpu->x[1] |= 1ull << HCR_TVM;
    u64 second = step(m, msr("HCR_EL2", 1));
    assert_true(cause_of(cpu, "HCR_EL2.TSC", &by));
    assert_int_equal(by.pc, CODE);
    assert_int_equal(by.icount, first + 1);
    assert_int_equal(by.el, 2);
    assert_true(cause_of(cpu, "HCR_EL2.TVM", &by));
    assert_int_equal(by.pc, CODE + 4);
    assert_int_equal(by.icount, second + 1);
    assert_false(cause_of(cpu, "HCR_EL2.TWE", &by));
    // Of two bits the newest; a field has several.
    assert_true(cause_of(cpu, "HCR_EL2.TSC|TVM", &by));
    assert_int_equal(by.pc, CODE + 4);
    cpu->x[1] = 1 << 20;
    step(m, msr("CPACR_EL1", 1));
    assert_true(cause_of(cpu, "CPACR_EL1.FPEN", &by));
    assert_int_equal(by.pc, CODE + 8);
    machine_free(m);
}

// Registers behind hooks, and those that would otherwise be written on the fast path.
static void test_every_kind_of_register(void **state) {
    (void)state;
    static const struct {
        const char *reg, *rule;
        u64 value;
    } cases[] = {
        {"MDCR_EL2", "MDCR_EL2.TDA", 1 << 9},         {"CPTR_EL2", "CPTR_EL2.TFP", 0x37ff},
        {"CNTHCTL_EL2", "CNTHCTL_EL2.EL1PCEN", 0},    {"CNTKCTL_EL1", "CNTKCTL_EL1.EL0PCTEN", 1},
        {"ICH_HCR_EL2", "ICH_HCR_EL2.TC", 1 << 10},   {"SCTLR_EL1", "SCTLR_EL1.UCI", 1 << 26},
        {"MDSCR_EL1", "MDSCR_EL1.TDCC", 1 << 12},     {"PMUSERENR_EL0", "PMUSERENR_EL0.EN", 1},
        {"DBGBCR5_EL1", "DBGBCR5_EL1", 0x1e7},        {"DBGWCR0_EL1", "DBGWCR0_EL1", 0x1fe7},
        {"DBGWCR3_EL1", "DBGWCR3_EL1.BAS", 1 << 5},   {"HFGRTR_EL2", "HFGRTR_EL2.MIDR_EL1", ~0ull},
        {"HFGITR_EL2", "HFGITR_EL2.TLBIVAE1", ~0ull},
    };
    Machine *m = make();
    Cpu *cpu = m->cpu[0];
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        ControlWrite by = {0};
        cpu->x[1] = cases[i].value;
        u64 pc = cpu->pc;
        step(m, msr(cases[i].reg, 1));
        assert_int_equal(cpu->pc, pc + 4);
        if (!cause_of(cpu, cases[i].rule, &by)) fail_msg("%s: nobody", cases[i].rule);
        if (by.pc != pc) fail_msg("%s: 0x%llx", cases[i].rule, (unsigned long long)by.pc);
    }
    machine_free(m);
}

// With E2H, CNTHCTL_EL2 has two enables for the host's EL0 where the guest's were.
static void test_enables_of_the_host(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *cpu = m->cpu[0];
    cpu->x[1] = 1ull << HCR_RW | 1ull << HCR_E2H | 1ull << HCR_TGE;
    step(m, msr("HCR_EL2", 1));
    ControlWrite by = {0};
    u64 pc = cpu->pc;
    cpu->x[1] = cpu->sys.CNTHCTL_EL2 ^ 1;
    step(m, msr("CNTHCTL_EL2", 1));
    assert_true(cause_of(cpu, "CNTHCTL_EL2.EL0PCTEN", &by));
    assert_int_equal(by.pc, pc);
    cpu->x[1] ^= 2;
    step(m, msr("CNTHCTL_EL2", 1));
    assert_true(cause_of(cpu, "CNTHCTL_EL2.EL0VCTEN", &by));
    assert_int_equal(by.pc, pc + 4);
    assert_true(cause_of(cpu, "CNTHCTL_EL2.EL0PCTEN", &by));
    assert_int_equal(by.pc, pc);
    machine_free(m);
}

static void test_other_rules_and_reset(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *cpu = m->cpu[0];
    ControlWrite by;
    static const char *const none[] = {"stage 2: invalid descriptor",
                                       "HCR_EL2.nothing",
                                       "PSTATE.IL",
                                       "HCR",
                                       "HCR.TSC",
                                       ".",
                                       "",
                                       "DBGBVR0_EL1"};
    cpu->x[1] = ~0ull;
    step(m, msr("HFGWTR_EL2", 1));
    for (unsigned i = 0; i < ARRAY_LEN(none); i++) assert_false(cause_of(cpu, none[i], &by));
    assert_false(cause_of(cpu, NULL, &by));
    assert_true(cause_of(cpu, "HFGWTR_EL2.TTBR0_EL1", &by));
    cpu_reset(cpu);
    assert_false(cause_of(cpu, "HFGWTR_EL2.TTBR0_EL1", &by));
    machine_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bit_has_its_own),
        cmocka_unit_test(test_every_kind_of_register),
        cmocka_unit_test(test_enables_of_the_host),
        cmocka_unit_test(test_other_rules_and_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
