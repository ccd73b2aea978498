// FEAT_BTI where the dispatch does not keep PSTATE.BTYPE: what an exception between a branch and its target finds in
// SPSR_ELx, and that guarded pages check every way into them. Each combination of branch, page and target instruction
// is compared with QEMU (tests/diff/bti.c).
#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"
#include "unit/one_cpu.h"

enum {
    GUARDED = 0x40000000,  // 2 MB each
    PLAIN = 0x40200000,
    HOLE = 0x40400000,
    VECTORS = 0x40300000,
    TABLES = 0x40600000,
};
enum {
    NOP = 0xd503201f,
    BTI_C = 0xd503245f,
    BTI_J = 0xd503249f,
    PACIASP = 0xd503233f,
    PACIBSP = 0xd503237f,
    BR_X0 = 0xd61f0000,
    BR_X16 = 0xd61f0200,
    BLR_X0 = 0xd63f0000,
    RET = 0xd65f03c0,
    BRK = 0xd4200000,
    B_SELF = 0x14000000,
};

static int setup_model(const char *model, PAuthChoice pauth) {
    machine_with((MachineConfig){.cpu_model = model, .el2 = true, .pauth = pauth});
    cpu->sys.VBAR_EL1 = VECTORS;
    for (u64 at = VECTORS; at < VECTORS + 0x800; at += 4) PLACE(at, B_SELF);
    const u64 block = 1 << 10 | 3 << 8 | 1;
    poke(TABLES + 8, TABLES + 0x1000 + 3);
    poke(TABLES + 0x1000, GUARDED | block | 1ull << 50);
    poke(TABLES + 0x1008, PLAIN | block);
    cpu->sys.TTBR0_EL1 = TABLES;
    cpu->sys.TCR_EL1 = 2ull << 32 | 1 << 23 | 25;
    cpu->sys.MAIR_EL1 = 0xff;
    cpu->sys.SCTLR_EL1 |= 1;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    cpu->sys.OSLSR_EL1 = 8;
    pstate_changed(cpu, PSTATE_SP | 1 << PSTATE_EL_SHIFT);
    tlb_context_changed(cpu);
    return 0;
}
static int setup(void **state) {
    (void)state;
    return setup_model("max", PAUTH_IMPDEF);
}

// Runs n instructions from `pc` in a chain, x0 = x16 = x30 = `to`.
static void run(u64 pc, u64 to, unsigned n) {
    pstate_changed(cpu, PSTATE_SP | 1 << PSTATE_EL_SHIFT);
    cpu->pc = pc;
    cpu->x[0] = cpu->x[16] = cpu->x[30] = to;
    cpu_run(cpu, cpu->icount + n);
}

static unsigned btype_of(u64 spsr) {
    return (unsigned)bits(spsr, 11, 10);
}

static void expect_exception(unsigned ec, u64 elr, unsigned btype) {
    assert_int_equal(bits(cpu->sys.ESR_EL1, 31, 26), ec);
    assert_int_equal(cpu->sys.ELR_EL1, elr);
    assert_int_equal(btype_of(cpu->sys.SPSR_EL1), btype);
    assert_int_equal(cpu->pstate & PSTATE_BTYPE, 0);
}

// Branch after branch between the pages, in chains.
static void chains(void **state) {
    (void)state;
    PLACE(GUARDED, BTI_C, NOP, RET);
    PLACE(PLAIN, BLR_X0, 0x17ffffff);  // b .-4
    u64 before = cpu->exceptions;
    run(PLAIN, GUARDED, 1000);
    assert_int_equal(cpu->exceptions, before);
    assert_in_range(cpu->pc, GUARDED, PLAIN + 8);
    PLACE(GUARDED, BTI_J);
    run(PLAIN, GUARDED, 100);
    expect_exception(EC_BTI, GUARDED, 2);
    assert_int_equal(bits(cpu->sys.ESR_EL1, 25, 0), 1 << 25 | 2);
    PLACE(PLAIN, BR_X0);
    run(PLAIN, GUARDED, 1);
    assert_int_equal(cpu->exceptions, before + 1);
}

// A page that RET has entered before is not open to BR.
static void known_page(void **state) {
    (void)state;
    PLACE(GUARDED, NOP, B_SELF);
    PLACE(PLAIN, RET, BR_X0);
    u64 before = cpu->exceptions;
    run(PLAIN, GUARDED, 10);
    assert_int_equal(cpu->exceptions, before);
    run(PLAIN + 4, GUARDED, 10);
    expect_exception(EC_BTI, GUARDED, 1);
}

// x16 and x17 may enter by BTI c from guarded pages, too.
static void sources(void **state) {
    (void)state;
    PLACE(GUARDED, BR_X0, BR_X16);
    PLACE(GUARDED + 0x1000, BTI_C, B_SELF);
    u64 before = cpu->exceptions;
    run(GUARDED + 4, GUARDED + 0x1000, 10);
    assert_int_equal(cpu->exceptions, before);
    run(GUARDED, GUARDED + 0x1000, 10);
    expect_exception(EC_BTI, GUARDED + 0x1000, 3);
    // The page of the branch is not in the TLB any more: its descriptor says what it is.
    TlbiScope all = {.regime = TLBI_EL10};
    run(GUARDED, GUARDED + 0x1000, 0);
    assert_true(fetch_guarded(cpu, GUARDED));
    tlb_invalidate(cpu, &all);
    assert_true(fetch_guarded(cpu, GUARDED));
    assert_false(fetch_guarded(cpu, PLAIN));
    assert_false(fetch_guarded(cpu, HOLE));
}

// An interrupt, the end of a slice, an abort, a misaligned target and a breakpoint come in between.
static void between(void **state) {
    (void)state;
    static const struct {
        u32 branch;
        unsigned btype;
    } cases[] = {{BR_X0, 1}, {BR_X16, 1}, {BLR_X0, 2}, {RET, 0}};
    PLACE(PLAIN + 0x1000, NOP, NOP, B_SELF);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned btype = cases[i].btype;
        PLACE(PLAIN, cases[i].branch);
        run(PLAIN, PLAIN + 0x1000, 1);
        assert_int_equal(cpu->pc, PLAIN + 0x1000);
        assert_int_equal(btype_of(cpu->pstate), btype);
        cpu_step(cpu);  // NOP
        assert_int_equal(cpu->pc, PLAIN + 0x1004);
        assert_int_equal(btype_of(cpu->pstate), 0);
        run(PLAIN, PLAIN + 0x1000, 1);
        cpu->sys.HCR_EL2 |= 1ull << HCR_IMO | 1ull << HCR_VI;
        interrupts_changed(cpu);
        cpu_run(cpu, cpu->icount + 1);
        cpu->sys.HCR_EL2 = 1ull << HCR_RW;
        assert_in_range(cpu->pc, VECTORS + 0x280, VECTORS + 0x2ff);
        assert_int_equal(cpu->sys.ELR_EL1, PLAIN + 0x1000);
        assert_int_equal(btype_of(cpu->sys.SPSR_EL1), btype);
        run(PLAIN, HOLE, 2);
        expect_exception(EC_IABT_SAME, HOLE, btype);
        run(PLAIN, PLAIN + 0x1002, 2);
        expect_exception(EC_PC_ALIGN, PLAIN + 0x1002, btype);
        cpu->sys.MDSCR_EL1 = 1 << 15 | 1 << 13;  // MDE, KDE
        cpu->sys.DBGBVR0_EL1 = PLAIN + 0x1000;
        cpu->sys.DBGBCR0_EL1 = 0xf << 5 | 3 << 1 | 1;
        debug_registers_changed(cpu);
        run(PLAIN, PLAIN + 0x1000, 2);
        expect_exception(EC_BREAKPT_SAME, PLAIN + 0x1000, btype);
        cpu->sys.DBGBCR0_EL1 = cpu->sys.MDSCR_EL1 = 0;
        debug_registers_changed(cpu);
    }
}

// Each branch to BRK: in a chain, in one that finds the page in the TLB, and by steps.
static void to_brk(u64 to) {
    static const struct {
        u32 branch;
        unsigned btype;
    } cases[] = {{BR_X0, 1}, {BR_X16, 1}, {BLR_X0, 2}, {RET, 0}, {B_SELF + 0x400, 0}};
    for (unsigned i = 0; i < 3 * ARRAY_LEN(cases); i++) {
        PLACE(PLAIN, cases[i / 3].branch);
        if (i % 3 < 2) {
            run(PLAIN, to, 2);
        } else {
            run(PLAIN, to, 1);
            cpu_step(cpu);
        }
        if (to == PLAIN + 0x1000 || cases[i / 3].branch != B_SELF + 0x400)
            expect_exception(EC_BRK64, to, cases[i / 3].btype);
    }
}

// BRK is a target of all, and its exception keeps BTYPE; that of others is 0.
static void of_the_target(void **state) {
    (void)state;
    PLACE(PLAIN + 0x1000, BRK);
    to_brk(PLAIN + 0x1000);
    PLACE(GUARDED, BRK);
    to_brk(GUARDED);
    PLACE(PLAIN, BLR_X0);
    PLACE(GUARDED, BRK);
    run(PLAIN, GUARDED, 2);
    expect_exception(EC_BRK64, GUARDED, 2);
    PLACE(PLAIN + 0x1000, 0);  // UDF
    run(PLAIN, PLAIN + 0x1000, 2);
    expect_exception(EC_UNKNOWN, PLAIN + 0x1000, 0);
}

static void returns(void **state) {
    (void)state;
    PLACE(GUARDED, NOP, B_SELF);
    for (unsigned btype = 0; btype < 4; btype++) {
        cpu->sys.ESR_EL1 = 0;
        pstate_changed(cpu, PSTATE_SP | 1 << PSTATE_EL_SHIFT);
        AArch64_ExceptionReturn(cpu, GUARDED, 5 | btype << PSTATE_BTYPE_SHIFT);
        assert_int_equal(btype_of(cpu->pstate), btype);
        cpu_run(cpu, cpu->icount + 2);
        if (btype)
            expect_exception(EC_BTI, GUARDED, btype);
        else
            assert_int_equal(cpu->sys.ESR_EL1, 0);
    }
    // Illegal, to AArch32: no BTYPE.
    pstate_changed(cpu, PSTATE_SP | 1 << PSTATE_EL_SHIFT);
    AArch64_ExceptionReturn(cpu, GUARDED, 0x10 | 3 << PSTATE_BTYPE_SHIFT);
    assert_int_equal(cpu->pstate & PSTATE_BTYPE, 0);
}

// PACIASP and PACIBSP are hints then, and still meant as a target.
static int setup_no_pauth(void **state) {
    (void)state;
    return setup_model("max", PAUTH_OFF);
}
static void without_authentication(void **state) {
    (void)state;
    u64 before = cpu->exceptions;
    PLACE(PLAIN, BLR_X0);
    PLACE(GUARDED, PACIASP, B_SELF);
    run(PLAIN, GUARDED, 10);
    PLACE(GUARDED, PACIBSP, B_SELF);
    run(PLAIN, GUARDED, 10);
    PLACE(GUARDED + 0x1000, BR_X0);
    run(GUARDED + 0x1000, GUARDED, 10);
    assert_int_equal(cpu->exceptions, before);
    cpu->sys.SCTLR_EL1 |= 1ull << 36;  // BT1
    run(GUARDED + 0x1000, GUARDED, 10);
    expect_exception(EC_BTI, GUARDED, 3);
}

static int setup_old(void **state) {
    (void)state;
    return setup_model("cortex-a72", PAUTH_IMPDEF);
}
static void absent(void **state) {
    (void)state;
    PLACE(PLAIN, BLR_X0);
    PLACE(GUARDED, NOP, B_SELF);
    u64 before = cpu->exceptions;
    run(PLAIN, GUARDED, 1);
    assert_int_equal(cpu->pstate & PSTATE_BTYPE, 0);
    cpu_run(cpu, cpu->icount + 4);
    assert_int_equal(cpu->exceptions, before);
    assert_true(sysreg_write(cpu, sysreg_info(sysreg_find("SPSR_EL1"))->enc, 0, 0xc00));
    assert_int_equal(cpu->sys.SPSR_EL1, 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(chains),
        T(known_page),
        T(sources),
        T(between),
        T(of_the_target),
        T(returns),
        cmocka_unit_test_setup_teardown(without_authentication, setup_no_pauth, teardown),
        cmocka_unit_test_setup_teardown(absent, setup_old, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
