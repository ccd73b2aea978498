// Where exceptions go, and what masks them. The expectations are the manual's tables ("Asynchronous
// exception types, routing, masking and priorities", "Synchronous exception types, routing and
// priorities", "Error Synchronization Barrier"), not src/cpu.
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "cpu/op.h"
#include "cpu/sysreg.h"
#include "cpu/system.h"
#include "gic/gic.h"
#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

enum { PC = 0x40001000 };

static Machine *m;
static Cpu *c;
static const char *rule;  // of the last exception

static void saw_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    (void)arg;
    (void)cpu;
    rule = ev->exc->rule;
}
static const Observer observer = {.exception = saw_exception};

static void make(const char *model, bool el2) {
    MachineConfig config = {
        .cpu_model = model, .cpus = 1, .ram_size = 16 << 20, .gic_version = 3, .el2 = el2};
    Error err = {0};
    m = machine_create(&config, &err);
    if (!m) fail_msg("%s", err.text);
    c = m->cpu[0];
    c->observer = &observer;
    m->running = c;
}

static int setup(void **state) {
    (void)state;
    make("max", true);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    m->running = NULL;
    machine_free(m);
    return 0;
}

// The CPU at PC in EL `el` with these controls. Vectors: EL1's at 0x40010000, EL2's at 0x40020000.
static void at(unsigned el, u64 hcr, u32 masks) {
    c->sys.HCR_EL2 = hcr | 1ull << HCR_RW;
    c->sys.VBAR_EL1 = 0x40010000;
    c->sys.VBAR_EL2 = 0x40020000;
    c->lines = 0;
    c->halt = HALT_NONE;
    c->event = false;
    c->pc = PC;
    rule = "none";
    tlb_context_changed(c);
    pstate_changed(c, masks | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
    fp_access_changed(c);
}

static u64 esr(void) {
    return c->el == 2 ? c->sys.ESR_EL2 : c->sys.ESR_EL1;
}
static u64 elr(void) {
    return c->el == 2 ? c->sys.ELR_EL2 : c->sys.ELR_EL1;
}

// --- asynchronous --------------------------------------------------------------------------------

static const struct {
    u32 line, mask;
    unsigned route, virtual_bit, vector;
    const char *name;
} sources[] = {
    {LINE_SERROR, PSTATE_A, HCR_AMO, HCR_VSE, 0x180, "HCR_EL2.AMO"},
    {LINE_FIQ, PSTATE_F, HCR_FMO, HCR_VF, 0x100, "HCR_EL2.FMO"},
    {LINE_IRQ, PSTATE_I, HCR_IMO, HCR_VI, 0x80, "HCR_EL2.IMO"},
};

// Per controls: target and masking from EL0, EL1, EL2. A: taken whatever PSTATE says; B: taken when
// PSTATE does not mask it; C: not taken.
static const struct {
    u64 hcr;
    bool route;
    const char *physical[3], *virtual_[3];
} async[] = {
    {0, false, {"1B", "1B", "C"}, {"C", "C", "C"}},
    {0, true, {"2A", "2A", "2B"}, {"1B", "1B", "C"}},
    {1ull << HCR_E2H, false, {"1B", "1B", "C"}, {"C", "C", "C"}},
    {1ull << HCR_E2H, true, {"2A", "2A", "2B"}, {"1B", "1B", "C"}},
    {1ull << HCR_TGE, false, {"2A", NULL, "2B"}, {"C", NULL, "C"}},
    {1ull << HCR_TGE, true, {"2A", NULL, "2B"}, {"C", NULL, "C"}},
    {1ull << HCR_TGE | 1ull << HCR_E2H, false, {"2B", NULL, "2B"}, {"C", NULL, "C"}},
    {1ull << HCR_TGE | 1ull << HCR_E2H, true, {"2B", NULL, "2B"}, {"C", NULL, "C"}},
};

static void check_async(unsigned row, unsigned source, unsigned el, bool masked, bool is_virtual) {
    const char *want = is_virtual ? async[row].virtual_[el] : async[row].physical[el];
    if (!want) return;
    u64 hcr = async[row].hcr;
    if (async[row].route) hcr |= 1ull << sources[source].route;
    // All other masks and routes are the opposite: they do not count.
    u32 others = PSTATE_DAIF & ~sources[source].mask;
    at(el, hcr, masked ? sources[source].mask : others);
    if (is_virtual)
        c->sys.HCR_EL2 |= 1ull << sources[source].virtual_bit;
    else if (source == 0)
        cpu_raise_serror(c, 0);
    else
        c->lines = sources[source].line;
    unsigned target = *want == 'C' || (want[1] == 'B' && masked) ? 0 : (unsigned)(*want - '0');
    bool taken = take_pending_interrupt(c);
    if (taken != (target != 0) || (taken && c->el != target))
        fail_msg("row %u, source %u, EL%u, %s%s: EL%u", row, source, el, masked ? "masked " : "",
                 is_virtual ? "virtual" : "physical", taken ? c->el : 0);
    if (!taken) return;
    assert_int_equal(elr(), PC);
    u64 vector = (target == 2 ? 0x40020000 : 0x40010000) + sources[source].vector +
                 (target > el ? 0x400 : 0x200);
    assert_int_equal(c->pc, vector);
    if (source == 0) assert_int_equal(esr(), 0xbe000000);
    if (target == 2)
        assert_string_equal(rule, bit(hcr, HCR_TGE) ? "HCR_EL2.TGE" : sources[source].name);
}

static void test_async(void **state) {
    (void)state;
    for (unsigned row = 0; row < ARRAY_LEN(async); row++)
        for (unsigned i = 0; i < 3 * 3 * 2 * 2; i++)
            check_async(row, i % 3, i / 3 % 3, i / 9 % 2, i / 18);
}

static void test_async_without_el2(void **state) {
    (void)state;
    teardown(state);
    make("max", false);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned el = 0; el < 2; el++) {
            at(el, 0, 0);
            c->sys.HCR_EL2 = 0;
            c->lines = sources[i].line;
            assert_true(take_pending_interrupt(c));
            assert_int_equal(c->el, 1);
            at(el, 0, sources[i].mask);
            c->lines = sources[i].line;
            assert_false(take_pending_interrupt(c));
        }
}

// SError, FIQ, IRQ, then the virtual ones.
static void test_async_order(void **state) {
    (void)state;
    at(0, 1 << HCR_AMO | 1 << HCR_FMO | 1 << HCR_IMO | 7ull << HCR_VF, 0);
    c->lines = LINE_SERROR | LINE_FIQ | LINE_IRQ;
    for (unsigned i = 0; i < 6; i++) {
        pstate_changed(c, 0);
        assert_true(take_pending_interrupt(c));
        assert_int_equal(c->pc & 0x1ff, sources[i % 3].vector);
        assert_int_equal(c->el, i < 3 ? 2 : 1);
        if (i < 3)
            c->lines &= ~sources[i].line;
        else
            c->sys.HCR_EL2 &= ~(1ull << sources[i - 3].virtual_bit);
    }
    assert_false(take_pending_interrupt(c));
}

// A pending interrupt ends WFI, masked or not; a virtual one only where it can be pending.
static void test_wakes(void **state) {
    (void)state;
    static const u64 all_routes = 1 << HCR_AMO | 1 << HCR_FMO | 1 << HCR_IMO;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned el = 0; el < 3; el++) {
            at(el, 0, PSTATE_DAIF);
            c->lines = sources[i].line;
            assert_true(cpu_wfi_wakes(c));
            u64 pending = 1ull << sources[i].virtual_bit;
            at(el, pending | all_routes, PSTATE_DAIF);
            assert_int_equal(cpu_wfi_wakes(c), el < 2);
            at(el, pending | (all_routes & ~(1ull << sources[i].route)), PSTATE_DAIF);
            assert_false(cpu_wfi_wakes(c));
            if (el == 1) continue;
            at(el, pending | all_routes | 1ull << HCR_TGE, PSTATE_DAIF);
            assert_false(cpu_wfi_wakes(c));
        }
    }
}

// --- SError: syndromes, ESB, IESB ----------------------------------------------------------------

enum { AET_UEU = 1 << 10, EA = 1 << 9, DFSC_SERROR = 0x11, IESB = 1 << 13, IDS = 1 << 24 };
static const u64 DEFERRED = 1ull << 31;

static void test_serror_syndrome(void **state) {
    (void)state;
    at(1, 0, 0);
    cpu_raise_serror(c, AET_UEU | EA | DFSC_SERROR);
    assert_true(take_pending_interrupt(c));
    assert_int_equal(c->sys.ESR_EL1, 0xbe000000 | AET_UEU | EA | DFSC_SERROR);
    at(1, 0, 0);
    assert_false(take_pending_interrupt(c));  // edge-triggered
    // A virtual one has VSESR_EL2's and clears HCR_EL2.VSE.
    at(1, 1 << HCR_AMO | 1 << HCR_VSE, 0);
    c->sys.VSESR_EL2 = IDS | 0x1234;
    assert_true(take_pending_interrupt(c));
    assert_int_equal(c->sys.ESR_EL1, 0xbe000000 | IDS | 0x1234);
    assert_false(bit(c->sys.HCR_EL2, HCR_VSE));
}

static void esb(unsigned el, u64 hcr, u32 masks, bool physical) {
    at(el, hcr, masks);
    c->sys.DISR_EL1 = c->sys.VDISR_EL2 = 0;
    c->sys.VSESR_EL2 = IDS | 0x77;
    if (physical) cpu_raise_serror(c, AET_UEU | DFSC_SERROR);
    c->limit = 1000;
    system_esb(c);
}

static void test_esb(void **state) {
    (void)state;
    // Where a physical SError is not taken, ESB defers it. HCR_EL2.TEA has no part in it.
    for (unsigned row = 0; row < ARRAY_LEN(async); row++) {
        for (unsigned el = 0; el < 3; el++) {
            for (unsigned masked = 0; masked < 2; masked++) {
                const char *want = async[row].physical[el];
                if (!want) continue;
                u64 hcr = async[row].hcr | 1ull << HCR_TEA;
                if (async[row].route) hcr |= 1ull << HCR_AMO;
                esb(el, hcr, masked ? PSTATE_A : PSTATE_DAIF & ~(u32)PSTATE_A, true);
                bool defers = *want == 'C' || (want[1] == 'B' && masked);
                u64 disr = defers ? DEFERRED | AET_UEU | DFSC_SERROR : 0;
                if (c->sys.DISR_EL1 != disr) fail_msg("row %u EL%u %u", row, el, masked);
                assert_int_equal(c->lines & LINE_SERROR, defers ? 0 : LINE_SERROR);
                if (!defers) assert_int_equal(c->limit, 0);  // taken now
                assert_int_equal(c->sys.VDISR_EL2, 0);
            }
        }
    }
}

static void test_esb_virtual(void **state) {
    (void)state;
    const u64 pending = 1 << HCR_AMO | 1 << HCR_VSE;
    for (unsigned el = 0; el < 2; el++) {
        esb(el, pending, PSTATE_A, false);
        assert_int_equal(c->sys.VDISR_EL2, DEFERRED | IDS | 0x77);
        assert_false(bit(c->sys.HCR_EL2, HCR_VSE));
        esb(el, pending, 0, false);
        assert_int_equal(c->sys.VDISR_EL2, 0);
        assert_int_equal(c->limit, 0);
        esb(el, 1 << HCR_VSE, PSTATE_A, false);  // not enabled
        assert_int_equal(c->sys.VDISR_EL2, 0);
    }
    esb(2, pending, PSTATE_A, false);
    assert_int_equal(c->sys.VDISR_EL2, 0);
    esb(0, pending | 1 << HCR_TGE, PSTATE_A, false);
    assert_int_equal(c->sys.VDISR_EL2, 0);
}

// SCTLR_ELx.IESB: an SError that is not masked is taken before ERET, and after exception entry.
static void test_iesb(void **state) {
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        for (unsigned known = 0; known < 2; known++) {
            at(1, 0, 0);
            c->sys.SCTLR_EL1 = (u64)on << 21;
            c->sys.ELR_EL1 = 0x40005000;
            c->lines = LINE_SERROR;
            c->serror_iss = known ? AET_UEU | DFSC_SERROR : 0;
            AArch64_ExceptionReturn(c, c->sys.ELR_EL1, 0x3c0);
            assert_int_equal(c->el, on);
            if (!on) continue;
            assert_int_equal(c->sys.ELR_EL1, PC);
            assert_int_equal(c->sys.ESR_EL1,
                             0xbe000000 | (known ? AET_UEU | DFSC_SERROR | IESB : 0));
        }
        at(1, 0, PSTATE_A);  // masked: stays pending
        c->sys.SCTLR_EL1 = (u64)on << 21;
        c->lines = LINE_SERROR;
        AArch64_ExceptionReturn(c, 0x40005000, 0x3c0);
        assert_int_equal(c->el, 0);
        // Entry to EL1; the SError is EL2's.
        at(0, 1 << HCR_AMO, 0);
        c->sys.SCTLR_EL1 = (u64)on << 21;
        c->lines = LINE_SERROR;
        c->serror_iss = DFSC_SERROR;
        AArch64_CallSupervisor(c, 0x12);
        assert_int_equal(c->sys.ESR_EL1, 0x56000012);
        assert_int_equal(c->el, 1 + on);
        if (on) assert_int_equal(c->sys.ELR_EL2, 0x40010400);
        if (on) assert_int_equal(c->sys.ESR_EL2, 0xbe000000 | IESB | DFSC_SERROR);
    }
}

// --- synchronous ---------------------------------------------------------------------------------

static void step(u32 word) {
    memcpy(m->ram.host + (PC - m->ram.base), &word, 4);
    opcache_written(m, PC, 4);
    m->stop = STOP_NONE;
    c->limit = ~0ull;
    cpu_step(c);
}

enum { SVC = 0xd4000021, HVC = 0xd4000042, SMC = 0xd4000063, BRK = 0xd4200080, UDF = 0 };

static void test_sync(void **state) {
    (void)state;
    enum { TGE = HCR_TGE, E2H = HCR_E2H };
    const u64 tge = 1ull << HCR_TGE, host = tge | 1ull << HCR_E2H, tsc = 1ull << HCR_TSC,
              hcd = 1ull << HCR_HCD;
    const struct {
        u32 word;
        unsigned el;
        u64 hcr;
        u32 mdcr, pstate;
        unsigned to;
        u32 esr;
        unsigned advance;
        const char *rule;
    } cases[] = {
        {SVC, 0, 0, 0, 0, 1, 0x56000001, 4, NULL},
        {SVC, 0, tge, 0, 0, 2, 0x56000001, 4, "HCR_EL2.TGE"},
        {SVC, 0, host, 0, 0, 2, 0x56000001, 4, "HCR_EL2.TGE"},
        {SVC, 1, 0, 0, 0, 1, 0x56000001, 4, NULL},
        {SVC, 2, 0, 0, 0, 2, 0x56000001, 4, NULL},
        {HVC, 0, 0, 0, 0, 1, 0x02000000, 0, NULL},
        {HVC, 0, tge, 0, 0, 2, 0x02000000, 0, "HCR_EL2.TGE"},
        {HVC, 1, 0, 0, 0, 2, 0x5a000002, 4, NULL},
        {HVC, 2, 0, 0, 0, 2, 0x5a000002, 4, NULL},
        {HVC, 1, hcd, 0, 0, 1, 0x02000000, 0, NULL},
        {HVC, 2, hcd, 0, 0, 2, 0x02000000, 0, NULL},
        {SMC, 0, tsc, 0, 0, 1, 0x02000000, 0, NULL},
        {SMC, 0, tsc | tge, 0, 0, 2, 0x02000000, 0, "HCR_EL2.TGE"},
        {SMC, 1, tsc, 0, 0, 2, 0x5e000003, 0, "HCR_EL2.TSC"},
        {BRK, 0, 0, 0, 0, 1, 0xf2000004, 0, NULL},
        {BRK, 0, tge, 0, 0, 2, 0xf2000004, 0, "HCR_EL2.TGE"},
        {BRK, 0, 0, 1 << 8, 0, 2, 0xf2000004, 0, "MDCR_EL2.TDE"},
        {BRK, 1, 0, 1 << 8, 0, 2, 0xf2000004, 0, "MDCR_EL2.TDE"},
        {BRK, 1, 0, 0, 0, 1, 0xf2000004, 0, NULL},
        {BRK, 2, 0, 1 << 8, 0, 2, 0xf2000004, 0, NULL},
        {UDF, 0, 0, 0, 0, 1, 0x02000000, 0, NULL},
        {UDF, 0, tge, 0, 0, 2, 0x02000000, 0, "HCR_EL2.TGE"},
        {UDF, 1, 0, 0, 0, 1, 0x02000000, 0, NULL},
        {UDF, 2, 0, 0, 0, 2, 0x02000000, 0, NULL},
        {UDF, 0, 0, 0, PSTATE_IL, 1, 0x3a000000, 0, "PSTATE.IL"},
        {UDF, 0, tge, 0, PSTATE_IL, 2, 0x3a000000, 0, "PSTATE.IL"},
        {UDF, 1, 0, 0, PSTATE_IL, 1, 0x3a000000, 0, "PSTATE.IL"},
        {UDF, 2, 0, 0, PSTATE_IL, 2, 0x3a000000, 0, "PSTATE.IL"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        at(cases[i].el, cases[i].hcr, PSTATE_DAIF | cases[i].pstate);
        c->sys.MDCR_EL2 = cases[i].mdcr;
        step(cases[i].word);
        if (c->el != cases[i].to || esr() != cases[i].esr || elr() != PC + cases[i].advance)
            fail_msg("case %u: EL%u ESR %llx ELR %llx", i, c->el, (unsigned long long)esr(),
                     (unsigned long long)elr());
        if (cases[i].rule)
            assert_string_equal(rule, cases[i].rule);
        else
            assert_null(rule);
        assert_int_equal(c->pc & 0x7ff, cases[i].to > cases[i].el ? 0x400 : 0x200);
    }
    c->sys.MDCR_EL2 = 0;
}

// PC and SP alignment: to EL1, to EL2 from there and from EL0 with TGE.
static void test_alignment(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned el = i < 3 ? i : 0, want = i == 3 || el == 2 ? 2 : 1;
        u64 hcr = i == 3 ? 1ull << HCR_TGE : 0;
        at(el, hcr, PSTATE_DAIF);
        c->pc = PC + 2;
        cpu_step(c);
        assert_int_equal(c->el, want);
        assert_int_equal(esr(), 0x8a000000);
        assert_int_equal(elr(), PC + 2);
        assert_int_equal(want == 2 ? c->sys.FAR_EL2 : c->sys.FAR_EL1, PC + 2);
        at(el, hcr, PSTATE_DAIF);
        c->sys.SCTLR_EL1 = c->sys.SCTLR_EL2 = 3 << 3;  // SA0, SA
        c->x[REG_SP] = PC + 8;
        step(0xf94003e0);  // ldr x0, [sp]
        assert_int_equal(c->el, want);
        assert_int_equal(esr(), 0x9a000000);
    }
}

// PSTATE at entry: D, A, I, F and SP set; PAN set where SCTLR_ELx.SPAN is 0, in EL1 and in EL2 with
// E2H and TGE; SSBS from SCTLR_ELx.DSSBS; UAO, IL and SS clear; DIT as it was.
static void test_entry_pstate(void **state) {
    (void)state;
    enum { SPAN = 23, DSSBS = 44 };
    const u64 tge = 1ull << HCR_TGE, e2h = 1ull << HCR_E2H;
    for (unsigned i = 0; i < 64; i++) {
        unsigned el = i & 1 ? 2 : 0;
        u64 hcr = (i & 2 ? tge : 0) | (i & 4 ? e2h : 0);
        bool span = i & 8, dssbs = i & 16, before = i & 32;
        u64 sctlr = (u64)span << SPAN | (u64)dssbs << DSSBS;
        unsigned target = el == 2 || i & 2 ? 2 : 1;
        c->sys.SCTLR_EL1 = target == 1 ? sctlr : ~sctlr & (1ull << SPAN | 1ull << DSSBS);
        c->sys.SCTLR_EL2 = target == 2 ? sctlr : ~sctlr & (1ull << SPAN | 1ull << DSSBS);
        u32 bits = PSTATE_PAN | PSTATE_SSBS | PSTATE_UAO | PSTATE_DIT;
        at(el, hcr, before ? bits : 0);
        AArch64_CallSupervisor(c, 0);
        bool host = target == 2 && (i & 6) == 6;
        bool pan = before || (!span && (target == 1 || host));
        u32 want = PSTATE_DAIF | PSTATE_SP | target << PSTATE_EL_SHIFT | (pan ? PSTATE_PAN : 0) |
                   (dssbs ? PSTATE_SSBS : 0) | (before ? PSTATE_DIT : 0);
        if (c->pstate != want) fail_msg("case %u: %x, not %x", i, c->pstate, want);
        u64 spsr = target == 2 ? c->sys.SPSR_EL2 : c->sys.SPSR_EL1;
        assert_int_equal(spsr & bits, before ? bits : 0);
    }
}

// --- FP and SIMD access --------------------------------------------------------------------------

// ESR_ELx.EC and EL of the trap: 10 * EC + EL; 0: none. AArch64.CheckFPEnabled.
static unsigned fp_expected(unsigned el, bool e2h, bool tge, unsigned cpacr, unsigned cptr,
                            bool tfp) {
    bool host0 = el == 0 && e2h && tge;
    if (el < 2 && !host0) {
        bool off = cpacr == 0 || cpacr == 2 || (cpacr == 1 && el == 0);
        if (off) return el == 0 && tge ? 2 : 71;
    }
    if (!e2h) return tfp ? 72 : 0;
    if (cptr == 3) return 0;
    if (cptr == 1) return el == 0 && tge ? 72 : 0;
    return 72;
}

static void test_fp(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3 * 2 * 2 * 4 * 4 * 2; i++) {
        unsigned el = i % 3, cpacr = i / 12 % 4, cptr = i / 48 % 4;
        bool e2h = i / 3 % 2, tge = i / 6 % 2, tfp = i / 192;
        if (el == 1 && tge) continue;
        c->sys.CPACR_EL1 = cpacr << 20;
        c->sys.CPTR_EL2 = cptr << 20 | (u64)tfp << 10;
        at(el, (u64)e2h << HCR_E2H | (u64)tge << HCR_TGE, PSTATE_DAIF);
        u64 before = c->exceptions;
        step(0x1e604000);  // fmov d0, d0
        unsigned got = c->exceptions == before ? 0 : (unsigned)(esr() >> 26) * 10 + c->el;
        if (got != fp_expected(el, e2h, tge, cpacr, cptr, tfp))
            fail_msg("EL%u E2H %d TGE %d CPACR %u CPTR %u TFP %d: %u", el, e2h, tge, cpacr, cptr,
                     tfp, got);
        if (got > 70) assert_int_equal(esr() & 0x1ffffff, 0x1e00000);
    }
}

// --- WFI, WFE ------------------------------------------------------------------------------------

// EL of the trap, 0: none. AArch64.CheckForWFxTrap and its callers.
static unsigned wfx_expected(unsigned el, bool e2h, bool tge, bool n1, bool n2, bool tw) {
    bool host0 = el == 0 && e2h && tge;
    if (el == 0 && !(host0 ? n2 : n1)) return tge ? 2 : 1;
    if (el < 2 && !host0 && tw) return 2;
    return 0;
}

static void test_wfx(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2 * 3 * 32; i++) {
        unsigned el = i / 2 % 3;
        bool wfe = i % 2, e2h = i / 6 % 2, tge = i / 12 % 2, n1 = i / 24 % 2, n2 = i / 48 % 2,
             tw = i / 96;
        if (el == 1 && tge) continue;
        // The bits of the other instruction are the opposite.
        c->sys.SCTLR_EL1 = (u64)(wfe ? n1 : !n1) << 18 | (u64)(wfe ? !n1 : n1) << 16;
        c->sys.SCTLR_EL2 = (u64)(wfe ? n2 : !n2) << 18 | (u64)(wfe ? !n2 : n2) << 16;
        at(el, (u64)e2h << HCR_E2H | (u64)tge << HCR_TGE | 1ull << (tw == wfe ? HCR_TWE : HCR_TWI),
           PSTATE_DAIF);
        unsigned want = wfx_expected(el, e2h, tge, n1, n2, tw);
        step(wfe ? 0xd503205f : 0xd503207f);
        unsigned got = c->halt != HALT_NONE ? 0 : c->el;
        if (got != want) fail_msg("%s EL%u case %u: %u", wfe ? "WFE" : "WFI", el, i, got);
        if (got) {
            assert_int_equal(esr(), 0x07e00000 | wfe);
            assert_int_equal(elr(), PC);
            const char *bits[] = {"SCTLR_EL1.nTWI", "SCTLR_EL1.nTWE", "SCTLR_EL2.nTWI",
                                  "SCTLR_EL2.nTWE", "HCR_EL2.TWI",    "HCR_EL2.TWE"};
            bool host0 = el == 0 && e2h && tge;
            unsigned by = el == 0 && !(host0 ? n2 : n1) ? (host0 ? 2 : 0) : 4;
            assert_string_equal(rule, bits[by + wfe]);
        } else {
            assert_int_equal(c->pc, PC + 4);
        }
        // What ends the wait at once is not trapped: a pending interrupt, an event.
        at(el, c->sys.HCR_EL2, PSTATE_DAIF);
        c->lines = LINE_IRQ;
        if (bit(c->sys.HCR_EL2, HCR_TGE) && el == 0 && !e2h) continue;  // taken
        if (wfe) c->event = true;
        step(wfe ? 0xd503205f : 0xd503207f);
        assert_int_equal(c->pc, PC + 4);
        assert_false(c->event);
    }
}

// FEAT_TWED: with TWEDEn the trap of WFE comes 2^(TWEDEL + 8) cycles later, unless an event or an
// interrupt that can be taken comes first.
static void stop_machine(void *arg) {
    machine_stop(arg, STOP_USER, 0, "the end");
}
static void run_for(u64 ns) {
    Event end;
    event_init(&end, stop_machine, m);
    m->running = NULL;
    m->stop = STOP_NONE;
    event_set(m, &end, machine_now(m) + ns);
    machine_run(m);
    event_cancel(m, &end);
    m->running = c;
}

static void start_delay(unsigned el, u64 hcr, unsigned twedel, u32 masks) {
    static const u32 code[] = {0xd503205f, 0xd503201f, 0x14000000};  // wfe, nop, b .
    memcpy(m->ram.host + (PC - m->ram.base), code, sizeof code);
    static const u32 loop = 0x14000000;
    memcpy(m->ram.host + 0x10400, &loop, 4);
    memcpy(m->ram.host + 0x20400, &loop, 4);
    opcache_written(m, m->ram.base, 0x30000);
    bool host = bit(hcr, HCR_E2H) && bit(hcr, HCR_TGE);
    u64 sctlr = 1ull << 45 | (u64)twedel << 46;
    c->sys.SCTLR_EL1 = host || el ? 1 << 18 : sctlr;
    c->sys.SCTLR_EL2 = host ? sctlr : 1 << 18;
    at(el, hcr, masks);
    if (el) c->sys.HCR_EL2 |= 1ull << HCR_TWE | 1ull << 59 | (u64)twedel << 60;
    run_for(100);
    assert_int_equal(c->halt, HALT_WFE);
    assert_int_equal(c->pc, PC);
}

static void test_twed(void **state) {
    (void)state;
    const u64 tge = 1ull << HCR_TGE, host = tge | 1ull << HCR_E2H;
    static const struct {
        unsigned el, to;
        bool tge, host;
    } cases[] = {
        {0, 1, false, false}, {0, 2, true, false}, {0, 2, true, true}, {1, 2, false, false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        u64 hcr = cases[i].host ? host : cases[i].tge ? tge : 0;
        start_delay(cases[i].el, hcr, 8, PSTATE_DAIF);
        run_for(65400);
        assert_int_equal(c->halt, HALT_WFE);
        run_for(200);  // 65536 cycles are over
        assert_int_equal(c->halt, HALT_NONE);
        assert_int_equal(c->el, cases[i].to);
        assert_int_equal(esr(), 0x07e00001);
        assert_int_equal(elr(), PC);
        // An event ends it without the trap, and is consumed.
        start_delay(cases[i].el, hcr, 8, PSTATE_DAIF);
        system_send_event(c);
        run_for(70000);
        assert_int_equal(c->el, cases[i].el);
        assert_int_equal(c->pc, PC + 8);
        assert_false(c->event);
    }
    // A masked interrupt does not; one that is taken returns to the WFE.
    start_delay(1, 0, 15, PSTATE_DAIF);
    cpu_set_lines(c, LINE_IRQ, true);
    assert_int_equal(c->halt, HALT_WFE);
    start_delay(1, 1 << HCR_IMO, 15, PSTATE_DAIF);
    cpu_set_lines(c, LINE_IRQ, true);
    assert_int_equal(c->halt, HALT_NONE);
    assert_true(take_pending_interrupt(c));
    assert_int_equal(c->el, 2);
    assert_int_equal(c->sys.ELR_EL2, PC);
    c->lines = 0;
    // TWEDEn 0: at once.
    start_delay(1, 0, 0, PSTATE_DAIF);
    at(1, 1ull << HCR_TWE | 15ull << 60, PSTATE_DAIF);
    step(0xd503205f);
    assert_int_equal(c->el, 2);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_async),
        T(test_async_without_el2),
        T(test_async_order),
        T(test_wakes),
        T(test_serror_syndrome),
        T(test_esb),
        T(test_esb_virtual),
        T(test_iesb),
        T(test_sync),
        T(test_entry_pstate),
        T(test_alignment),
        T(test_fp),
        T(test_wfx),
        T(test_twed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
