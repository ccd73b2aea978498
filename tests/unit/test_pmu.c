// The Performance Monitors: exact counts of small guest programs by Exception level, filters,
// enables and partitioning; overflow at the exact instruction; the registers and their traps.
#include "cpu/pmu.h"
#include "cpu/sysreg.h"
#include "gic/gic.h"
#include "unit/one_cpu.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CODE = 0x40100000,
    EL1_VECTORS = 0x40200000,
    EL2_VECTORS = 0x40201000,
    SYNC_SAME = 0x200,
    IRQ_SAME = 0x280,
    SYNC_LOWER = 0x400,
    IRQ_LOWER = 0x480,
    RT = 7,
};
enum { NOP = 0xd503201f, WFI = 0xd503207f, ERET = 0xd69f03e0, SVC = 0xd4000001, HVC = 0xd4000002 };

static void create(const char *model, bool el2) {
    machine_with((MachineConfig){.cpu_model = model, .el2 = el2});
    machine->running = NULL;  // until machine_run()
    cpu->sys.VBAR_EL1 = EL1_VECTORS;
    cpu->sys.VBAR_EL2 = EL2_VECTORS;
    if (el2) cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    cpu->sys.SCTLR_EL1 |= 1 << 16 | 1 << 18;  // nTWI, nTWE
    cpu->pc = CODE;
}

static int setup(void **state) {
    (void)state;
    create("max", true);
    return 0;
}
static void use(const char *model, bool el2) {
    machine_free(machine);
    create(model, el2);
}

static void set_el(unsigned el) {
    pstate_changed(cpu, PSTATE_DAIF | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
    pmu_changed(cpu);
}

static unsigned enc_of(const char *name) {
    unsigned index = sysreg_find(name);
    if (index == SYSREG_NONE) fail_msg("no register %s", name);
    return sysreg_info(index)->enc;
}

// At the highest Exception level, without an instruction; the level stays what it was.
static u64 get(const char *name) {
    u64 value = 0x5151;
    unsigned el = cpu->el;
    set_el(cpu_have_el2(cpu) ? 2 : 1);
    if (!sysreg_read(cpu, enc_of(name), RT, &value)) fail_msg("cannot read %s", name);
    set_el(el);
    return value;
}
static void put(const char *name, u64 value) {
    unsigned el = cpu->el;
    set_el(cpu_have_el2(cpu) ? 2 : 1);
    if (!sysreg_write(cpu, enc_of(name), RT, value)) fail_msg("cannot write %s", name);
    set_el(el);
}
static void put_n(const char *format, unsigned n, u64 value) {
    char name[40];
    snprintf(name, sizeof name, format, n);
    put(name, value);
}
static u64 counter(unsigned n) {
    char name[40];
    snprintf(name, sizeof name, n == 31 ? "PMCCNTR_EL0" : "PMEVCNTR%u_EL0", n);
    return get(name);
}
static void set_type(unsigned n, u64 type) {
    if (n == 31)
        put("PMCCFILTR_EL0", type & 0xffff0000);
    else
        put_n("PMEVTYPER%u_EL0", n, type);
}

static u32 msr(const char *name, unsigned rt) {
    return 0xd5000000 | enc_of(name) << 5 | rt;
}
static u32 mrs(const char *name, unsigned rt) {
    return 0xd5200000 | enc_of(name) << 5 | rt;
}

// Until a WFI that nothing ends. That the machine sees the deadlock says too that counters do not
// keep a sleeping machine busy.
static void run(void) {
    machine->stop = STOP_NONE;
    cpu->halt = HALT_NONE;
    machine_run(machine);
    if (machine->stop != STOP_DEADLOCK)
        fail_msg("stopped by %d: %s", machine->stop, machine->stop_text);
}

// --- counting by Exception level -----------------------------------------------------------------

enum { P = 1u << 31, U = 1u << 30, NSH = 1u << 27 };
enum { HPME = 1 << 7, HPMD = 1 << 17, HCCD = 1 << 23 };

// 6 instructions and 2 SVC at EL0, 7 and 2 HVC at EL1, 7 at EL2.
static void three_levels(void) {
    PLACE(CODE, NOP, NOP, NOP, SVC, NOP, SVC);
    PLACE(EL1_VECTORS + SYNC_LOWER, NOP, NOP, HVC, ERET);
    // add x10, x10, #1; tbnz x10, #1, .+12; nop; eret; wfi
    PLACE(EL2_VECTORS + SYNC_LOWER, 0x9100054a, 0x3708006a, NOP, ERET, WFI);
    cpu->x[10] = 0;
    cpu->pc = CODE;
    set_el(0);
}

typedef struct Count {
    const char *model;
    unsigned n;  // the counter
    u64 type;    // event and filter
    u64 mdcr, pmcr;
    u64 expected;
} Count;

static const Count counts[] = {
    // Filters.
    {"max", 0, PMU_INST_RETIRED, 6, 1, 13},
    {"max", 0, PMU_INST_RETIRED | NSH, 6, 1, 20},
    {"max", 0, PMU_INST_RETIRED | NSH | P, 6, 1, 13},
    {"max", 0, PMU_INST_RETIRED | NSH | U, 6, 1, 14},
    {"max", 0, PMU_INST_RETIRED | NSH | U | P, 6, 1, 7},
    {"max", 0, PMU_INST_RETIRED | U, 6, 1, 7},
    {"max", 0, PMU_INST_RETIRED | P, 6, 1, 6},
    {"max", 0, PMU_INST_RETIRED | U | P, 6, 1, 0},
    {"max", 31, 0, 6, 1, 13},
    {"max", 31, NSH, 6, 1, 20},
    {"max", 31, NSH | U | P, 6, 1, 7},
    {"cortex-a57", 31, P, 6, 1, 6},
    {"cortex-a57", 5, PMU_INST_RETIRED | NSH, 6, 1, 20},
    {"cortex-a72", 3, PMU_CPU_CYCLES | U, 6, 1, 7},
    {"neoverse-n1", 4, PMU_CPU_CYCLES | NSH, 6, 1, 20},
    // Events.
    {"max", 1, PMU_EXC_TAKEN | NSH, 6, 1, 4},
    {"max", 1, PMU_EXC_TAKEN | NSH | P, 6, 1, 2},
    {"max", 1, PMU_EXC_RETURN, 6, 1, 1},
    {"max", 1, PMU_EXC_RETURN | NSH, 6, 1, 2},
    {"max", 1, PMU_EXC_SVC, 6, 1, 2},
    {"max", 1, PMU_EXC_SVC | U, 6, 1, 0},
    {"max", 1, PMU_EXC_HVC, 6, 1, 2},
    {"max", 1, PMU_EXC_UNDEF | NSH, 6, 1, 0},
    {"max", 1, PMU_EXC_TRAP_OTHER | NSH, 6, 1, 0},
    {"max", 1, PMU_STALL | NSH, 6, 1, 0},
    {"max", 1, PMU_SW_INCR | NSH, 6, 1, 0},
    {"max", 1, 0x04 | NSH, 6, 1, 0},                              // L1D_CACHE: not there
    {"max", 1, 0x4008 | NSH, 6, 1, 0},                            // no event
    {"cortex-a57", 1, 0x400 | PMU_INST_RETIRED | NSH, 6, 1, 20},  // evtCount has 10 bits
    // Enables.
    {"max", 0, PMU_INST_RETIRED, 6, 0, 0},
    {"max", 31, 0, 6, 0, 0},
    {"max", 0, PMU_INST_RETIRED, 6 | HPME, 0, 0},
    // Counters of EL2.
    {"max", 3, PMU_INST_RETIRED, 4, 1, 13},
    {"max", 4, PMU_INST_RETIRED, 4, 1, 0},
    {"max", 4, PMU_INST_RETIRED, 4 | HPME, 1, 13},
    {"max", 4, PMU_INST_RETIRED | NSH, 4 | HPME, 0, 20},
    {"max", 5, PMU_EXC_TAKEN, 4 | HPME, 0, 4},
    {"max", 31, 0, 4 | HPME, 0, 0},
    {"cortex-a72", 4, PMU_INST_RETIRED | NSH, 4 | HPME, 0, 20},
    {"max", 0, PMU_INST_RETIRED, HPME, 0, 13},  // HPMN = 0: all are EL2's
    {"max", 5, PMU_INST_RETIRED, 31, 1, 13},
    // HPMD: nothing is counted at EL2 but by its own counters and the cycle counter.
    {"max", 0, PMU_INST_RETIRED | NSH, 6 | HPMD, 1, 13},
    {"max", 4, PMU_INST_RETIRED | NSH, 4 | HPME | HPMD, 1, 20},
    {"max", 31, NSH, 6 | HPMD, 1, 20},
    {"max", 31, NSH, 6 | HPMD, 1 | 1 << 5, 13},  // PMCR_EL0.DP
    {"max", 31, NSH, 6, 1 | 1 << 5, 20},
    {"neoverse-n1", 0, PMU_INST_RETIRED | NSH, 6 | HPMD, 1, 13},
    {"neoverse-n1", 31, NSH, 6 | HPMD, 1 | 1 << 5, 13},
    {"cortex-a72", 0, PMU_INST_RETIRED | NSH, 6 | HPMD, 1, 20},  // FEAT_PMUv3p1
    {"max", 31, NSH, 6 | HCCD, 1, 13},
    {"max", 0, PMU_CPU_CYCLES | NSH, 6 | HCCD, 1, 20},
    {"neoverse-n1", 31, NSH, 6 | HCCD, 1, 20},  // FEAT_PMUv3p5
};

static void test_counts(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(counts); i++) {
        const Count *c = &counts[i];
        use(c->model, true);
        three_levels();
        put("MDCR_EL2", c->mdcr);
        set_type(c->n, c->type);
        put("PMCNTENSET_EL0", 1ull << c->n);
        put("PMCR_EL0", c->pmcr);
        run();
        if (counter(c->n) != c->expected)
            fail_msg("case %u: counter %u is %llu", i, c->n, (unsigned long long)counter(c->n));
        for (unsigned n = 0; n < 6; n++)
            if (n != c->n && counter(n)) fail_msg("case %u: counter %u counts too", i, n);
        assert_int_equal(get("PMOVSSET_EL0"), 0);
    }
}

// Without PMCNTENSET_EL0's bit, or with it cleared again.
static void test_disabled(void **state) {
    (void)state;
    three_levels();
    set_type(0, PMU_INST_RETIRED);
    put("PMCR_EL0", 1);
    put("PMCNTENSET_EL0", 0x8000003f);
    assert_int_equal(get("PMCNTENCLR_EL0"), 0x8000003f);
    put("PMCNTENCLR_EL0", 0x80000005);
    assert_int_equal(get("PMCNTENSET_EL0"), 0x3a);
    assert_false(cpu->sys.PMCNTENSET_EL0 & 1);
    run();
    assert_int_equal(counter(0), 0);
    assert_int_equal(counter(31), 0);
    assert_false(get("PMCNTENSET_EL0") & 1);
}

static void test_without_el2(void **state) {
    (void)state;
    use("max", false);
    PLACE(CODE, NOP, SVC, NOP, SVC);
    PLACE(EL1_VECTORS + SYNC_LOWER, 0x9100054a, 0x3708006a, NOP, ERET, WFI);
    set_el(0);
    set_type(0, PMU_INST_RETIRED);
    set_type(5, PMU_INST_RETIRED | U | NSH);
    assert_int_equal(get("PMEVTYPER5_EL0"), PMU_INST_RETIRED | U);  // NSH is RES0
    put("PMCNTENSET_EL0", 0x21);
    put("PMCR_EL0", 0x21);
    assert_int_equal(get("PMCR_EL0") >> 11 & 31, 6);
    assert_int_equal(get("PMCR_EL0") & 0x3f, 1);  // and so is DP
    run();
    assert_int_equal(counter(0), 11);
    assert_int_equal(counter(5), 7);
}

// What a read and a write inside of the program see: a read counts itself, a write acts after itself.
static void test_from_the_program(void **state) {
    (void)state;
    PLACE(CODE, msr("PMCR_EL0", 0), NOP, NOP, mrs("PMCCNTR_EL0", 1), mrs("PMEVCNTR2_EL0", 2), NOP,
          msr("PMCR_EL0", 31), NOP, mrs("PMCCNTR_EL0", 3), WFI);
    set_el(2);
    put("PMCCFILTR_EL0", NSH);
    set_type(2, PMU_INST_RETIRED | NSH);
    put("PMCNTENSET_EL0", 0x80000004);
    cpu->x[0] = 1;
    run();
    assert_int_equal(cpu->x[1], 3);
    assert_int_equal(cpu->x[2], 4);
    assert_int_equal(cpu->x[3], 6);
    assert_int_equal(counter(2), 6);
}

// A control that changes while counters count: up to its write they count as before.
static void test_control_changes(void **state) {
    (void)state;
    PLACE(CODE, NOP, NOP, msr("MDCR_EL2", 0), NOP, NOP, NOP, msr("PMCCFILTR_EL0", 2),
          msr("MDCR_EL2", 1), NOP, WFI);
    set_el(2);
    cpu->x[0] = 4 | HPMD | 1 << 26;  // HLP: counter 4 is long from here on
    cpu->x[1] = 6;
    cpu->x[2] = P;
    put("MDCR_EL2", 4 | HPME);
    for (unsigned n = 0; n < 6; n++) set_type(n, PMU_INST_RETIRED | NSH);
    set_type(31, NSH);
    put("PMEVCNTR4_EL0", 0xfffffffe);
    put("PMEVCNTR2_EL0", 0xfffffffe);
    put("PMCNTENSET_EL0", 0x80000015);
    put("PMCR_EL0", 1);
    run();
    assert_int_equal(counter(0), 3 + 2);
    assert_int_equal(counter(4), 0x100000001 + 2);  // HPME is off in between
    assert_int_equal(counter(31), 7);
    assert_int_equal(get("PMOVSSET_EL0"), 0x14);
}

// Instructions that take an exception which returns to them have not been executed. EL1: a trapped
// MRS, an UNDEFINED word, a load that aborts, HVC.
static void test_failed_instructions(void **state) {
    (void)state;
    PLACE(CODE, NOP, mrs("ACTLR_EL1", 0), NOP, 0, NOP, 0xf9400021 /* ldr x1, [x1] */, NOP, HVC);
    // EL1, same level: skip the instruction
    PLACE(EL1_VECTORS + SYNC_SAME, mrs("ELR_EL1", 4), 0x91001084 /* add x4, x4, #4 */,
          msr("ELR_EL1", 4), ERET);
    set_el(1);
    cpu->x[1] = 0x00ff0000ull << 8;  // nothing is there
    put("HCR_EL2", 1ull << HCR_RW | 1ull << 21);
    // EL2: back to the MRS, which is not trapped any more; the second time is the end.
    PLACE(EL2_VECTORS + SYNC_LOWER, 0x9100054a, 0x3708006a /* tbnz x10, #1, .+12 */,
          msr("HCR_EL2", 6), ERET, WFI);
    cpu->x[6] = 1ull << HCR_RW;
    set_type(0, PMU_INST_RETIRED);
    set_type(1, PMU_CPU_CYCLES);
    set_type(2, PMU_EXC_UNDEF);
    set_type(3, PMU_EXC_DABORT);
    set_type(4, PMU_EXC_TRAP_OTHER);
    set_type(5, PMU_EXC_TAKEN);
    put("PMCNTENSET_EL0", 0x8000003f);
    put("PMCR_EL0", 1);
    run();
    // nop mrs nop [undef] nop [abort] nop hvc, and two handlers of four
    assert_int_equal(counter(0), 6 + 8);
    assert_int_equal(counter(1), 6 + 8 + 1);  // the attempt at the MRS takes a cycle
    assert_int_equal(counter(31), 6 + 8 + 1);
    assert_int_equal(counter(2), 1);
    assert_int_equal(counter(3), 1);
    assert_int_equal(counter(4), 1);
    assert_int_equal(counter(5), 4);
}

// Taken locally by EL2 from a host's EL0; not locally from a guest's.
static void test_exception_classes(void **state) {
    (void)state;
    static const struct {
        u64 hcr;
        u32 word;
        PmuEvent event;
    } cases[] = {
        {1ull << HCR_TGE, SVC, PMU_EXC_SVC},
        {1ull << HCR_TGE | 1ull << HCR_E2H, SVC, PMU_EXC_SVC},
        {1ull << HCR_TGE, 0, PMU_EXC_UNDEF},
        {1ull << HCR_TGE, 0xf9400021, PMU_EXC_DABORT},
        {1ull << HCR_TGE, 0xd61f0020 /* br x1 */, PMU_EXC_PABORT},
        {1ull << HCR_TEA, 0xf9400021, PMU_EXC_TRAP_DABORT},
        {1ull << HCR_TEA, 0xd61f0020, PMU_EXC_TRAP_PABORT},
        {1ull << HCR_TWI, WFI, PMU_EXC_TRAP_OTHER},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        use("max", true);
        PLACE(CODE, cases[i].word);
        PLACE(EL2_VECTORS + SYNC_LOWER, WFI);
        set_el(0);
        cpu->x[1] = 0x00ff0000ull << 8;
        put("HCR_EL2", 1ull << HCR_RW | cases[i].hcr);
        set_type(0, cases[i].event);
        set_type(1, PMU_EXC_TAKEN);
        put("PMCNTENSET_EL0", 3);
        put("PMCR_EL0", 1);
        run();
        if (counter(0) != 1 || counter(1) != 1)
            fail_msg("case %u: %d, %d", i, (int)counter(0), (int)counter(1));
    }
}

static void test_write_events(void **state) {
    (void)state;
    PLACE(CODE, msr("TTBR0_EL1", 0), msr("TTBR1_EL1", 0), msr("TTBR0_EL1", 0),
          msr("CONTEXTIDR_EL1", 0), msr("TTBR0_EL2", 0), msr("TTBR0_EL12", 0),
          msr("CONTEXTIDR_EL12", 0), msr("CONTEXTIDR_EL2", 0), WFI);
    set_el(2);
    put("HCR_EL2", 1ull << HCR_RW | 1ull << HCR_E2H);
    set_type(0, PMU_TTBR_WRITE_RETIRED | NSH);
    set_type(1, PMU_CID_WRITE_RETIRED | NSH);
    put("PMCNTENSET_EL0", 3);
    put("PMCR_EL0", 1);
    run();
    assert_int_equal(counter(0), 4);
    assert_int_equal(counter(1), 2);
}

// --- overflow ------------------------------------------------------------------------------------

static void start_gic(void) {
    const u64 gicd = 0x08000000, gicr = 0x080a0000, sgi = gicr + 0x10000;
    assert_true(bus_write(machine, gicd, 4, 0x12, cpu));
    assert_true(bus_write(machine, gicr + 0x14, 4, 0, cpu));
    assert_true(bus_write(machine, sgi + 0x80, 4, ~0u, cpu));
    assert_true(bus_write(machine, sgi + 0x100, 4, 1u << PPI_PMU, cpu));
    put("ICC_PMR_EL1", 0xff);
    put("ICC_IGRPEN1_EL1", 1);
}

static bool level(void) {
    return gic_ppi_level(machine->gic, cpu, PPI_PMU);
}

// The interrupt of a counter that has `left` events to go is taken after exactly so many
// instructions, in a straight line and in a loop.
static void check_overflow_at(unsigned n, u64 pmcr, u64 left, bool loop) {
    use("max", true);
    enum { LENGTH = 6000 };
    u32 *words = malloc(LENGTH * 4);
    for (unsigned i = 0; i < LENGTH; i++) words[i] = NOP;
    if (loop) words[9] = 0x17fffff7;  // b .-36
    words[LENGTH - 1] = WFI;
    place(CODE, words, LENGTH);
    free(words);
    PLACE(EL2_VECTORS + IRQ_LOWER, msr("PMINTENCLR_EL1", 0), WFI);
    cpu->x[0] = ~0ull;
    start_gic();
    set_el(1);
    cpu->pc = CODE;
    put("HCR_EL2", 1ull << HCR_RW | 1ull << HCR_IMO);
    set_type(n, PMU_INST_RETIRED);
    u64 start = (n == 31 || pmcr & 1 << 7 ? 0 : 1ull << 32) - left;
    put(n == 31 ? "PMCCNTR_EL0" : "PMEVCNTR3_EL0", start);
    put("PMCNTENSET_EL0", 1ull << n);
    put("PMINTENSET_EL1", 1ull << n);
    put("PMCR_EL0", pmcr);
    run();
    u64 at = loop ? left % 10 : left;
    if (cpu->sys.ELR_EL2 != CODE + at * 4)
        fail_msg("counter %u, %d left: taken at %llx", n, (int)left,
                 (unsigned long long)cpu->sys.ELR_EL2);
    assert_int_equal(get("PMOVSSET_EL0"), 1ull << n);
    if (n != 31 && !(pmcr & 1 << 7)) {
        assert_int_equal(counter(n), 1ull << 32);  // FEAT_PMUv3p5: the upper half counts on
    } else {
        assert_int_equal(counter(n), 0);
    }
}

static void test_overflow_at(void **state) {
    (void)state;
    static const u64 left[] = {1, 2, 9, 1023, 1024, 1025, 1026, 2500, 5000};
    for (unsigned i = 0; i < ARRAY_LEN(left); i++) {
        check_overflow_at(3, 1, left[i], false);
        check_overflow_at(31, 1, left[i], false);
        check_overflow_at(3, 1 | 1 << 7, left[i], false);
        check_overflow_at(3, 1, left[i], true);
    }
    check_overflow_at(31, 1, 5000003, true);
}

// The interrupt's level follows PMOVS, PMINTEN and the enable of its group.
static void test_level(void **state) {
    (void)state;
    set_el(2);
    put("MDCR_EL2", 4);
    put("PMCR_EL0", 1);
    put("PMOVSSET_EL0", 0x80000031);
    assert_int_equal(get("PMOVSCLR_EL0"), 0x80000031);
    assert_false(level());
    static const unsigned lo[] = {0, 31};
    for (unsigned i = 0; i < ARRAY_LEN(lo); i++) {
        put("PMINTENSET_EL1", 1ull << lo[i]);
        assert_true(level());
        put("PMCR_EL0", 0);
        assert_false(level());
        put("MDCR_EL2", 4 | HPME);
        assert_false(level());
        put("MDCR_EL2", 4);
        put("PMCR_EL0", 1);
        assert_true(level());
        put("PMINTENCLR_EL1", 1ull << lo[i]);
        assert_false(level());
    }
    put("PMINTENSET_EL1", 1 << 4);
    assert_false(level());
    put("MDCR_EL2", 4 | HPME);
    assert_true(level());
    put("PMCR_EL0", 0);
    assert_true(level());
    put("MDCR_EL2", 5);  // it is EL1's now
    assert_false(level());
    put("PMCR_EL0", 1);
    assert_true(level());
    put("PMOVSCLR_EL0", 1 << 4);
    assert_false(level());
    put("PMOVSSET_EL0", 1 << 4);
    assert_true(level());
    machine_reset(machine);
    assert_false(level());
}

// Overflow of 32 or of 64 bits, what is left in the counter, and CHAIN.
static void test_widths_and_chain(void **state) {
    (void)state;
    static const struct {
        const char *model;
        unsigned n;
        u64 pmcr, mdcr, start, end;
        unsigned chained;
        bool overflow;
    } cases[] = {
        {"cortex-a57", 0, 1, 6, 0xfffffffe, 1, 1, true},
        {"neoverse-n1", 2, 1, 6, 0xfffffffe, 1, 1, true},
        {"max", 0, 1, 6, 0xfffffffe, 0x100000001, 1, true},
        {"max", 2, 1, 6, 0x7fffffffe, 0x800000001, 1, true},
        {"max", 2, 1, 6, 0x7ffffffff, 0x800000002, 1, true},
        {"max", 2, 1, 6, 0x7fffffffc, 0x7ffffffff, 0, false},
        {"max", 1, 1, 6, 0xfffffffe, 0x100000001, 0, true},  // odd: not chained
        {"max", 0, 1 | 1 << 7, 6, 0xfffffffe, 0x100000001, 0, false},
        {"max", 0, 1 | 1 << 7, 6, ~0ull - 1, 1, 0, true},
        {"max", 4, 1, 4 | HPME, 0xfffffffe, 0x100000001, 1, true},
        {"max", 4, 1 | 1 << 7, 4 | HPME, 0xfffffffe, 0x100000001, 1, true},
        {"max", 4, 1, 4 | HPME | 1 << 26, 0xfffffffe, 0x100000001, 0, false},  // HLP
        {"max", 4, 1, 4 | HPME | 1 << 26, ~0ull - 1, 1, 0, true},
        {"max", 31, 1, 6, 0xfffffffe, 0x100000001, 0, false},
        {"cortex-a57", 31, 1, 6, 0xfffffffe, 0x100000001, 0, false},  // LC is RES1
        {"cortex-a57", 31, 1, 6, ~0ull, 2, 0, true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        use(cases[i].model, true);
        PLACE(CODE, NOP, NOP, WFI);
        set_el(1);
        unsigned n = cases[i].n;
        put("MDCR_EL2", cases[i].mdcr);
        set_type(n, PMU_INST_RETIRED);
        for (unsigned k = 0; k < 6; k++)
            if (k != n) set_type(k, PMU_CHAIN);
        put("PMCR_EL0", cases[i].pmcr);
        if (n == 31)
            put("PMCCNTR_EL0", cases[i].start);
        else
            put_n("PMEVCNTR%u_EL0", n, cases[i].start);
        put("PMCNTENSET_EL0", 0x8000003f);
        run();
        if (counter(n) != cases[i].end)
            fail_msg("case %u: %llx", i, (unsigned long long)counter(n));
        if (bit(get("PMOVSSET_EL0"), n) != cases[i].overflow) fail_msg("case %u: overflow", i);
        for (unsigned k = 0; k < 6; k++) {
            u64 expected = k == n + 1 && !(n & 1) ? cases[i].chained : 0;
            if (k != n && counter(k) != expected) fail_msg("case %u: counter %u", i, k);
        }
    }
}

// The odd counter of a pair interrupts when the even one's overflow fills it: at that instruction.
static void test_chain_interrupts(void **state) {
    (void)state;
    u32 words[100];
    for (unsigned i = 0; i < 99; i++) words[i] = NOP;
    words[99] = WFI;
    place(CODE, words, 100);
    PLACE(EL2_VECTORS + IRQ_LOWER, msr("PMINTENCLR_EL1", 0), WFI);
    cpu->x[0] = ~0ull;
    start_gic();
    set_el(1);
    put("HCR_EL2", 1ull << HCR_RW | 1ull << HCR_IMO);
    set_type(0, PMU_CPU_CYCLES);
    set_type(1, PMU_CHAIN);
    put("PMEVCNTR0_EL0", 0xffffffff - 41);
    put("PMEVCNTR1_EL0", 0xffffffff);
    put("PMINTENSET_EL1", 2);
    put("PMCNTENSET_EL0", 3);
    put("PMCR_EL0", 1);
    run();
    assert_int_equal(cpu->sys.ELR_EL2, CODE + 42 * 4);
    assert_int_equal(get("PMOVSSET_EL0"), 3);
}

// An event of the exception itself overflows at the exception.
static void test_event_overflow(void **state) {
    (void)state;
    PLACE(CODE, NOP, SVC, NOP);
    PLACE(EL1_VECTORS + SYNC_LOWER, NOP, WFI);
    set_el(0);
    set_type(0, PMU_EXC_TAKEN);
    put("PMEVCNTR0_EL0", 0xffffffff);
    put("PMCNTENSET_EL0", 1);
    put("PMINTENSET_EL1", 1);
    put("PMCR_EL0", 1);
    machine_step(machine, cpu);
    assert_false(level());
    machine_step(machine, cpu);
    assert_true(level());
}

// Sleeping takes no cycles; the machine's time goes on.
static void test_wfi_takes_no_cycles(void **state) {
    (void)state;
    PLACE(CODE, msr("CNTP_CVAL_EL0", 1), msr("CNTP_CTL_EL0", 2), WFI, NOP, WFI);
    PLACE(EL2_VECTORS + IRQ_LOWER, msr("CNTP_CTL_EL0", 0), ERET);
    start_gic();
    assert_true(bus_write(machine, 0x080b0100, 4, 1u << PPI_PTIMER, cpu));
    set_el(1);
    put("HCR_EL2", 1ull << HCR_RW | 1ull << HCR_IMO);
    cpu->x[0] = 0;
    cpu->x[1] = 100000;
    cpu->x[2] = 1;
    put("PMCNTENSET_EL0", 1u << 31);
    put("PMCR_EL0", 1);
    run();
    assert_true(machine_now(machine) > 1000000);
    assert_int_equal(counter(31), 5);
}

// --- registers -----------------------------------------------------------------------------------

static void test_identification(void **state) {
    (void)state;
    static const struct {
        const char *model;
        u64 pmcr, ceid0, ceid1, pmcr_writable, type_writable, mdcr_writable;
    } cases[] = {
        {"cortex-a57", 0x41013040, 0x50020f01, 0, 0x01, 0xc80003ff, 0xfff},
        {"cortex-a72", 0x41023040, 0x50020f01, 0, 0x01, 0xc80003ff, 0xfff},
        {"neoverse-n1", 0x410c3040, 0x50020f01, 0x18, 0x21, 0xc800ffff, 0x20fff},
        {"max", 0x00003040, 0x50020f01, 0x10000018, 0xa1, 0xc800ffff, 0x4820fff},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        use(cases[i].model, true);
        set_el(2);
        assert_int_equal(get("PMCR_EL0"), cases[i].pmcr);
        assert_int_equal(get("PMCEID0_EL0"), cases[i].ceid0);
        assert_int_equal(get("PMCEID1_EL0"), cases[i].ceid1);
        assert_int_equal(get("MDCR_EL2"), 6);
        put("PMCR_EL0", ~0ull);
        assert_int_equal(get("PMCR_EL0"), cases[i].pmcr | cases[i].pmcr_writable);
        put("PMCR_EL0", 0);
        put("PMEVTYPER5_EL0", ~0ull);
        assert_int_equal(get("PMEVTYPER5_EL0"), cases[i].type_writable);
        put("PMCCFILTR_EL0", ~0ull);
        assert_int_equal(get("PMCCFILTR_EL0"), 0xc8000000);
        put("PMUSERENR_EL0", ~0ull);
        assert_int_equal(get("PMUSERENR_EL0"), 15);
        put("PMSELR_EL0", ~0ull);
        assert_int_equal(get("PMSELR_EL0"), 31);
        put("PMINTENSET_EL1", ~0ull);
        assert_int_equal(get("PMINTENCLR_EL1"), 0x8000003f);
        put("PMOVSSET_EL0", ~0ull);
        assert_int_equal(get("PMOVSCLR_EL0"), 0x8000003f);
        const u64 debug = 0x8000f00;  // TDCC, TDRA, TDOSA, TDA, TDE
        put("MDCR_EL2", ~0ull);
        assert_int_equal(get("MDCR_EL2") & ~debug, cases[i].mdcr_writable & ~debug);
        put("PMEVCNTR1_EL0", 0x123456789abcdef0);
        assert_int_equal(get("PMEVCNTR1_EL0"), i == 3 ? 0x123456789abcdef0 : 0x9abcdef0);
        put("PMCCNTR_EL0", 0x123456789abcdef0);
        assert_int_equal(get("PMCCNTR_EL0"), 0x123456789abcdef0);
    }
    assert_int_equal(get("PMMIR_EL1"), 0);
}

// PMCR_EL0.P clears what the level can reach, C the cycle counter.
static void test_clear(void **state) {
    (void)state;
    set_el(2);
    put("MDCR_EL2", 4);
    for (unsigned n = 0; n < 6; n++) put_n("PMEVCNTR%u_EL0", n, 100 + n);
    put("PMCCNTR_EL0", 99);
    put("PMOVSSET_EL0", ~0ull);
    set_el(1);
    assert_true(sysreg_write(cpu, enc_of("PMCR_EL0"), RT, 2));
    assert_int_equal(counter(3), 0);
    assert_int_equal(counter(4), 104);
    assert_int_equal(counter(31), 99);
    put("PMCR_EL0", 2);
    assert_int_equal(counter(4), 0);
    assert_int_equal(counter(5), 0);
    assert_int_equal(counter(31), 99);
    put("PMCR_EL0", 4);
    assert_int_equal(counter(31), 0);
    assert_int_equal(get("PMCR_EL0") & 6, 0);
    assert_int_equal(get("PMOVSSET_EL0"), 0x8000003f);
}

static bool reads_at(unsigned el, const char *name, u64 *value) {
    set_el(el);
    return sysreg_read(cpu, enc_of(name), RT, value);
}
static bool writes_at(unsigned el, const char *name, u64 value) {
    set_el(el);
    return sysreg_write(cpu, enc_of(name), RT, value);
}

// EL1 and EL0 see the counters below MDCR_EL2.HPMN.
static void test_partition(void **state) {
    (void)state;
    u64 value;
    put("MDCR_EL2", 2);
    put("PMUSERENR_EL0", 1);
    static const char *const masks[] = {"PMCNTENSET_EL0", "PMOVSSET_EL0", "PMINTENSET_EL1"};
    static const char *const clears[] = {"PMCNTENCLR_EL0", "PMOVSCLR_EL0", "PMINTENCLR_EL1"};
    for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
        assert_true(writes_at(1, masks[i], ~0ull));
        assert_int_equal(get(masks[i]), 0x80000003);
        put(masks[i], ~0ull);
        assert_true(reads_at(1, masks[i], &value));
        assert_int_equal(value, 0x80000003);
        assert_true(reads_at(1, clears[i], &value));
        assert_int_equal(value, 0x80000003);
        assert_true(writes_at(1, clears[i], ~0ull));
        assert_int_equal(get(masks[i]), 0x3c);
    }
    for (unsigned el = 0; el < 2; el++) {
        assert_true(reads_at(el, "PMCR_EL0", &value));
        assert_int_equal(value >> 11 & 31, 2);
    }
    assert_int_equal(get("PMCR_EL0") >> 11 & 31, 6);
    // SW_INCR reaches as far.
    for (unsigned n = 0; n < 6; n++) set_type(n, PMU_SW_INCR | (n == 1 ? P : 0));
    put("PMCR_EL0", 1);
    put("MDCR_EL2", 2 | HPME);
    put("PMCNTENSET_EL0", ~0ull);
    assert_true(writes_at(1, "PMSWINC_EL0", ~0ull));
    assert_int_equal(counter(0), 1);
    assert_int_equal(counter(1), 0);  // filtered
    assert_int_equal(counter(2), 0);
    assert_true(writes_at(0, "PMSWINC_EL0", 2));
    assert_int_equal(counter(0), 1);
    assert_int_equal(counter(1), 1);
    for (unsigned n = 0; n < 6; n++) set_type(n, PMU_SW_INCR | NSH);
    put("PMSWINC_EL0", 4);
    assert_int_equal(counter(2), 1);
}

static void expect(unsigned el, bool read, const char *name, int target, unsigned ec) {
    u64 value = 0, before = cpu->exceptions;
    cpu->pc = 0x1000;
    bool ok = read ? reads_at(el, name, &value) : writes_at(el, name, 0);
    if (!target) {
        if (!ok || cpu->exceptions != before)
            fail_msg("EL%u %s %s took an exception", el, read ? "read" : "write", name);
        return;
    }
    if (ok || cpu->el != target)
        fail_msg("EL%u %s %s: %d, EL%u not EL%d", el, read ? "read" : "write", name, ok, cpu->el,
                 target);
    u64 esr = target == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
    if (esr >> 26 != ec) fail_msg("%s: EC 0x%x", name, (unsigned)(esr >> 26));
    if (ec == EC_SYSREG) assert_int_equal(bits(esr, 24, 0), sysreg_iss(enc_of(name), RT, read));
}

// What each register needs of PMUSERENR_EL0 at EL0: bits of which one is enough; 0: EL0 may not.
typedef struct Access {
    const char *name;
    unsigned read, write;
    bool no_read, no_write, el1;
} Access;
enum { EN = 1, SW = 2, CR = 4, ER = 8, FREE = 16 };
static const Access accesses[] = {
    {"PMCR_EL0", EN, EN, .el1 = false},
    {"PMCNTENSET_EL0", EN, EN, .el1 = false},
    {"PMCNTENCLR_EL0", EN, EN, .el1 = false},
    {"PMOVSCLR_EL0", EN, EN, .el1 = false},
    {"PMOVSSET_EL0", EN, EN, .el1 = false},
    {"PMSWINC_EL0", 0, EN | SW, .no_read = true},
    {"PMSELR_EL0", EN | ER, EN | ER, .el1 = false},
    {"PMCEID0_EL0", EN, 0, .no_write = true},
    {"PMCEID1_EL0", EN, 0, .no_write = true},
    {"PMCCNTR_EL0", EN | CR, EN, .el1 = false},
    {"PMXEVTYPER_EL0", EN, EN, .el1 = false},
    {"PMXEVCNTR_EL0", EN | ER, EN, .el1 = false},
    {"PMUSERENR_EL0", FREE, 0, .el1 = false},
    {"PMEVCNTR0_EL0", EN | ER, EN, .el1 = false},
    {"PMEVCNTR5_EL0", EN | ER, EN, .el1 = false},
    {"PMEVTYPER0_EL0", EN, EN, .el1 = false},
    {"PMEVTYPER5_EL0", EN, EN, .el1 = false},
    {"PMCCFILTR_EL0", EN, EN, .el1 = false},
    {"PMINTENSET_EL1", 0, 0, .el1 = true},
    {"PMINTENCLR_EL1", 0, 0, .el1 = true},
    {"PMMIR_EL1", 0, 0, .no_write = true, .el1 = true},
};

static void check_enables(const Access *a, bool read) {
    unsigned enables = read ? a->read : a->write;
    if (read ? a->no_read : a->no_write) {
        expect(2, read, a->name, 2, EC_UNKNOWN);
        return;
    }
    for (unsigned value = 0; value < 16; value++) {
        bool allowed = enables == FREE || (value & enables);
        for (unsigned tge = 0; tge < 2; tge++) {
            put("HCR_EL2", 1ull << HCR_RW | (u64)tge << HCR_TGE);
            put("PMUSERENR_EL0", value);
            put("MDCR_EL2", 6);
            unsigned ec = enables ? EC_SYSREG : EC_UNKNOWN;
            expect(0, read, a->name, allowed ? 0 : tge ? 2 : 1, ec);
            // PMUSERENR_EL0 comes first.
            put("MDCR_EL2", 6 | 1 << 6);
            expect(0, read, a->name, allowed || tge ? 2 : 1, ec);
        }
    }
    put("HCR_EL2", 1ull << HCR_RW);
    put("MDCR_EL2", 6);
    expect(1, read, a->name, 0, 0);
    expect(2, read, a->name, 0, 0);
    put("MDCR_EL2", 6 | 1 << 6);
    expect(1, read, a->name, 2, EC_SYSREG);
    expect(2, read, a->name, 0, 0);
    // TPMCR is about PMCR_EL0 alone; TDE and TGE do not act as TPM.
    put("MDCR_EL2", 6 | 1 << 5 | 1 << 8);
    bool pmcr = !strcmp(a->name, "PMCR_EL0");
    expect(1, read, a->name, pmcr ? 2 : 0, EC_SYSREG);
    expect(2, read, a->name, 0, 0);
}

static void test_traps(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        check_enables(&accesses[i], true);
        check_enables(&accesses[i], false);
    }
}

// Counters that EL2 keeps trap below it; those that do not exist are UNDEFINED.
static void test_unreachable_counters(void **state) {
    (void)state;
    static const char *const names[] = {"PMEVCNTR3_EL0", "PMEVTYPER3_EL0"};
    static const char *const selected[] = {"PMXEVCNTR_EL0", "PMXEVTYPER_EL0"};
    put("MDCR_EL2", 3);
    put("PMUSERENR_EL0", 15);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned read = 0; read < 2; read++) {
            for (unsigned el = 0; el < 2; el++) {
                expect(el, read, names[i], 2, EC_SYSREG);
                put("PMSELR_EL0", 3);
                expect(el, read, selected[i], 2, EC_SYSREG);
                put("PMSELR_EL0", 2);
                expect(el, read, selected[i], 0, 0);
                put("PMSELR_EL0", 6);
                expect(el, read, selected[i], 1, EC_UNKNOWN);
                put("PMSELR_EL0", 31);
                expect(el, read, selected[i], i ? 0 : 1, EC_UNKNOWN);
            }
            expect(2, read, names[i], 0, 0);
            put("PMSELR_EL0", 30);
            expect(2, read, selected[i], 2, EC_UNKNOWN);
        }
    }
    // What is not there is UNDEFINED before the traps are looked at.
    put("MDCR_EL2", 3 | 1 << 6);
    put("PMUSERENR_EL0", 0);
    put("PMSELR_EL0", 6);
    expect(0, true, "PMXEVCNTR_EL0", 1, EC_UNKNOWN);
    expect(1, false, "PMXEVTYPER_EL0", 1, EC_UNKNOWN);
    put("PMSELR_EL0", 3);
    expect(0, true, "PMXEVCNTR_EL0", 1, EC_SYSREG);
    put("PMSELR_EL0", 4);
    put("PMXEVCNTR_EL0", 77);
    put("PMXEVTYPER_EL0", 0x11);
    assert_int_equal(counter(4), 77);
    assert_int_equal(get("PMEVTYPER4_EL0"), 0x11);
    put("PMSELR_EL0", 31);
    put("PMXEVTYPER_EL0", NSH);
    assert_int_equal(get("PMCCFILTR_EL0"), NSH);
    assert_int_equal(sysreg_index(sysreg_enc(3, 3, 14, 8, 6)), SYSREG_NONE);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_counts),
        T(test_disabled),
        T(test_without_el2),
        T(test_from_the_program),
        T(test_control_changes),
        T(test_failed_instructions),
        T(test_exception_classes),
        T(test_write_events),
        T(test_overflow_at),
        T(test_level),
        T(test_widths_and_chain),
        T(test_chain_interrupts),
        T(test_event_overflow),
        T(test_wfi_takes_no_cycles),
        T(test_identification),
        T(test_clear),
        T(test_partition),
        T(test_traps),
        T(test_unreachable_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
