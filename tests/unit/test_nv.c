// Nested virtualization: what EL1 gets by every name that is EL2's, or in the page at VNCR_EL2, under
// each of HCR_EL2.{NV,NV1,NV2} ("Nested virtualization", "Enhanced nested virtualization", the table
// of offsets there); ERET, exception entry, faults of accesses to the page. The expectations are kept
// apart from src/cpu. Instructions are executed by the engine.
#include "cpu/cpu_models.h"
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"
#include "unit/one_cpu.h"

#include <stdio.h>

enum { CODE = 0x40100000, PAGE = 0x40200000, VECTORS = 0x40400000, TABLES = 0x40500000 };
enum { RT = 5 };

static const char *rule;

static void saw_exception(void *arg, Cpu *c, const ExceptionEvent *e) {
    (void)arg;
    (void)c;
    rule = e->exc->rule;
}
static const Observer observer = {.exception = saw_exception};

static int setup(void **state) {
    (void)state;
    machine_with((MachineConfig){.cpu_model = "max", .el2 = true, .mte = true});
    cpu->observer = &observer;
    return 0;
}

// HCR_EL2.{NV2,NV1,NV} as bits 2..0 of nvx.
static u64 hcr_of(unsigned nvx) {
    return 1ull << HCR_RW | 1ull << HCR_APK | 1ull << HCR_API | 1ull << 47 | 1ull << 53 |
           1ull << HCR_ATA | (u64)(nvx & 1) << HCR_NV | (u64)(nvx >> 1 & 1) << HCR_NV1 |
           (u64)(nvx >> 2 & 1) << HCR_NV2;
}

static void start(unsigned el, u64 hcr) {
    cpu->sys.HCR_EL2 = hcr;
    cpu->sys.VNCR_EL2 = PAGE;
    cpu->sys.VBAR_EL1 = VECTORS;
    cpu->sys.VBAR_EL2 = VECTORS + 0x1000;
    cpu->sys.CPACR_EL1 = 3 << 20;
    cpu->sys.CPTR_EL2 = 0;
    cpu->sys.MDCR_EL2 = cpu->sys.MDSCR_EL1 = 0;
    cpu->sys.CNTHCTL_EL2 = 3 | 3 << 10;
    cpu->sys.SCTLR_EL1 = 0x30d00980;
    pstate_changed(cpu, PSTATE_DAIF | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
    tlb_context_changed(cpu);
    fp_access_changed(cpu);
    cpu->pc = CODE;
    rule = "";
}

static void step(u32 word) {
    PLACE(CODE, word);
    cpu_step(cpu);
}

static u32 mrs(unsigned enc) {
    return 0xd5200000 | enc << 5 | RT;
}
static u32 msr(unsigned enc) {
    return 0xd5000000 | enc << 5 | RT;
}

// --- every register ------------------------------------------------------------------------------

// The table of offsets. when: 'n' EL1's register, in memory with NV1 (its alias without); 'a' EL1's,
// with either; 'e' EL2's.
typedef struct InPage {
    const char *name;
    unsigned offset;
    char when;
} InPage;

static const InPage in_page[] = {
    {"VTTBR_EL2", 0x020, 'e'},     {"VTCR_EL2", 0x040, 'e'},       {"VMPIDR_EL2", 0x050, 'e'},
    {"CNTVOFF_EL2", 0x060, 'e'},   {"HCR_EL2", 0x078, 'e'},        {"HSTR_EL2", 0x080, 'e'},
    {"VPIDR_EL2", 0x088, 'e'},     {"TPIDR_EL2", 0x090, 'e'},      {"VNCR_EL2", 0x0b0, 'e'},
    {"CPACR_EL1", 0x100, 'n'},     {"CONTEXTIDR_EL1", 0x108, 'n'}, {"SCTLR_EL1", 0x110, 'n'},
    {"ACTLR_EL1", 0x118, 'a'},     {"TCR_EL1", 0x120, 'n'},        {"AFSR0_EL1", 0x128, 'n'},
    {"AFSR1_EL1", 0x130, 'n'},     {"ESR_EL1", 0x138, 'n'},        {"MAIR_EL1", 0x140, 'n'},
    {"AMAIR_EL1", 0x148, 'n'},     {"MDSCR_EL1", 0x158, 'a'},      {"SPSR_EL1", 0x160, 'n'},
    {"CNTV_CVAL_EL0", 0x168, 'n'}, {"CNTV_CTL_EL0", 0x170, 'n'},   {"CNTP_CVAL_EL0", 0x178, 'n'},
    {"CNTP_CTL_EL0", 0x180, 'n'},  {"SCXTNUM_EL1", 0x188, 'n'},    {"TFSR_EL1", 0x190, 'n'},
    {"CNTPOFF_EL2", 0x1a8, 'e'},   {"HFGRTR_EL2", 0x1b8, 'e'},     {"HFGWTR_EL2", 0x1c0, 'e'},
    {"HFGITR_EL2", 0x1c8, 'e'},    {"HDFGRTR_EL2", 0x1d0, 'e'},    {"HDFGWTR_EL2", 0x1d8, 'e'},
    {"TTBR0_EL1", 0x200, 'n'},     {"TTBR1_EL1", 0x210, 'n'},      {"FAR_EL1", 0x220, 'n'},
    {"ELR_EL1", 0x230, 'n'},       {"SP_EL1", 0x240, 'e'},         {"VBAR_EL1", 0x250, 'n'},
    {"ICH_LR0_EL2", 0x400, 'e'},   {"ICH_LR1_EL2", 0x408, 'e'},    {"ICH_LR2_EL2", 0x410, 'e'},
    {"ICH_LR3_EL2", 0x418, 'e'},   {"ICH_AP0R0_EL2", 0x480, 'e'},  {"ICH_AP1R0_EL2", 0x4a0, 'e'},
    {"ICH_HCR_EL2", 0x4c0, 'e'},   {"ICH_VMCR_EL2", 0x4c8, 'e'},   {"VDISR_EL2", 0x500, 'e'},
    {"VSESR_EL2", 0x508, 'e'},
};

// EL2's names that mean EL1's registers with NV2.
static const char *const becomes_el1[][2] = {{"ELR_EL2", "ELR_EL1"},
                                             {"SPSR_EL2", "SPSR_EL1"},
                                             {"ESR_EL2", "ESR_EL1"},
                                             {"FAR_EL2", "FAR_EL1"},
                                             {"TFSR_EL2", "TFSR_EL1"}};
// Trapped by NV1 while they are not in memory.
static const char *const nv1_traps[] = {"VBAR_EL1", "ELR_EL1", "SPSR_EL1", "SCXTNUM_EL1"};

typedef enum Outcome { UNDEFINED, BY_NV, BY_NV1, IN_MEMORY, IN_EL1, UNCHANGED } Outcome;

static const InPage *page_entry(const SysRegInfo *r) {
    const char *name = r->alias_of == SYSREG_NONE ? r->name : sysreg_info(r->alias_of)->name;
    for (unsigned i = 0; i < ARRAY_LEN(in_page); i++)
        if (!strcmp(in_page[i].name, name)) return &in_page[i];
    return NULL;
}

static unsigned el1_of(const char *name) {
    for (unsigned i = 0; i < ARRAY_LEN(becomes_el1); i++)
        if (!strcmp(becomes_el1[i][0], name)) return sysreg_find(becomes_el1[i][1]);
    return SYSREG_NONE;
}

static Outcome expected(const SysRegInfo *r, unsigned nvx) {
    bool nv = nvx & 1, nv1 = nvx & 2, nv2 = nvx & 4;
    bool el2 = (r->enc >> 11 & 7) == 4, alias = (r->enc >> 11 & 7) == 5;
    const InPage *e = page_entry(r);
    if (el2 || alias) {
        if (!nv) return UNDEFINED;
        if (nv2 && el1_of(r->name) != SYSREG_NONE) return IN_EL1;
        if (nv2 && e && (el2 || !nv1)) return IN_MEMORY;
        return BY_NV;
    }
    if (nv && nv2 && e && (e->when == 'a' || nv1)) return IN_MEMORY;
    if (nv && strstr(r->name, " RCTX")) return BY_NV;
    for (unsigned i = 0; i < ARRAY_LEN(nv1_traps); i++)
        if (nv && nv1 && !nv2 && !strcmp(nv1_traps[i], r->name)) return BY_NV1;
    return UNCHANGED;
}

static void check_exception(const SysRegInfo *r, unsigned nvx, bool read, int el, u64 esr) {
    u64 is = el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
    u64 elr = el == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1;
    if (cpu->el != el || is != esr || elr != CODE)
        fail_msg("%s of %s, NV2:NV1:NV %u: EL%u, ESR 0x%llx", read ? "read" : "write", r->name, nvx,
                 cpu->el, (unsigned long long)is);
}

static void check(const SysRegInfo *r, unsigned nvx, bool read) {
    Outcome want = expected(r, nvx);
    if (want == UNCHANGED) return;
    const InPage *e = page_entry(r);
    unsigned slot = e ? e->offset : 0;
    u64 value = 0x123456789abcdef0ull ^ r->enc, trap = (u64)EC_SYSREG << 26 | 1 << 25;
    start(1, hcr_of(nvx));
    poke(PAGE + slot, read ? value : 0);
    cpu->x[RT] = read ? 0 : value;
    u64 before = cpu->exceptions, *el1 = NULL;
    if (want == IN_EL1) {
        el1 = sysreg_storage(cpu, el1_of(r->name));
        *el1 = value = strcmp(r->name, "TFSR_EL2") ? 0x600003c5 : 2;
        if (!read) *el1 = 0, cpu->x[RT] = value;
    }
    unsigned index = sysreg_index(r->enc);
    u64 fast;
    if (read ? sysreg_fast_read(cpu, index, &fast) : sysreg_fast_write(cpu, index, value))
        fail_msg("%s of %s is fast", read ? "read" : "write", r->name);
    step(read ? mrs(r->enc) : msr(r->enc));
    switch (want) {
    case UNDEFINED: check_exception(r, nvx, read, 1, 1 << 25); break;
    case BY_NV:
    case BY_NV1:
        check_exception(r, nvx, read, 2, trap | sysreg_iss(r->enc, RT, read));
        assert_string_equal(rule, want == BY_NV ? "HCR_EL2.NV" : "HCR_EL2.NV1");
        break;
    default:
        if (cpu->exceptions != before || cpu->pc != CODE + 4)
            fail_msg("%s of %s, NV2:NV1:NV %u: exception", read ? "read" : "write", r->name, nvx);
        if ((read ? cpu->x[RT] : el1 ? *el1 : peek(PAGE + slot)) != value)
            fail_msg("%s of %s, NV2:NV1:NV %u: not at 0x%x", read ? "read" : "write", r->name, nvx,
                     slot);
    }
}

static void test_every_register(void **state) {
    (void)state;
    unsigned n = 0;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        if (!sysreg_present(cpu, i)) continue;
        for (unsigned nvx = 0; nvx < 8; nvx++) {
            if (r->read_el <= 2) check(r, nvx, true), n++;
            if (r->write_el <= 2) check(r, nvx, false), n++;
        }
    }
    assert_true(n > 4000);
    for (unsigned i = 0; i < ARRAY_LEN(in_page); i++)
        if (sysreg_find(in_page[i].name) == SYSREG_NONE) fail_msg("no %s", in_page[i].name);
}

// EL0 and EL2 know nothing of it, and without NV the other bits do nothing.
static void test_not_for_el0_and_el2(void **state) {
    (void)state;
    start(0, hcr_of(7));
    step(mrs(sysreg_enc(3, 4, 1, 1, 0)));  // HCR_EL2
    assert_int_equal(cpu->el, 1);
    assert_int_equal(cpu->sys.ESR_EL1, 1 << 25);
    start(2, hcr_of(7));
    poke(PAGE + 0x78, 5);
    step(mrs(sysreg_enc(3, 4, 1, 1, 0)));
    assert_int_equal(cpu->x[RT], hcr_of(7));
    step(mrs(sysreg_enc(3, 4, 1, 1, 0)));
    start(2, hcr_of(7));
    poke(PAGE + 0x200, 5);
    cpu->sys.TTBR0_EL1 = 0x5000;
    step(mrs(sysreg_enc(3, 0, 2, 0, 0)));
    assert_int_equal(cpu->x[RT], 0x5000);
}

static void test_current_el(void **state) {
    (void)state;
    for (unsigned nvx = 0; nvx < 8; nvx++) {
        start(1, hcr_of(nvx));
        step(mrs(sysreg_enc(3, 0, 4, 2, 2)));
        assert_int_equal(cpu->x[RT], nvx & 1 ? 8 : 4);
    }
    start(2, hcr_of(1));
    step(mrs(sysreg_enc(3, 0, 4, 2, 2)));
    assert_int_equal(cpu->x[RT], 8);
}

// The coarse and fine traps of a register come before its place in memory.
static void test_traps_before_memory(void **state) {
    (void)state;
    start(1, hcr_of(7) | 1ull << HCR_TRVM);
    step(mrs(sysreg_enc(3, 0, 2, 0, 0)));
    assert_int_equal(cpu->el, 2);
    assert_string_equal(rule, "HCR_EL2.TRVM");
    start(2, hcr_of(7));
    cpu->x[RT] = 1ull << 36;
    step(msr(sysreg_enc(3, 4, 1, 1, 4)));  // HFGRTR_EL2
    start(1, hcr_of(7));
    step(mrs(sysreg_enc(3, 0, 2, 0, 0)));
    assert_int_equal(cpu->el, 2);
    assert_string_equal(rule, "HFGRTR_EL2.TTBR0_EL1");
    start(1, hcr_of(5));
    step(mrs(sysreg_enc(3, 5, 2, 0, 0)));  // not by the alias
    assert_int_equal(cpu->el, 1);
    start(1, hcr_of(7));
    cpu->sys.CNTHCTL_EL2 = 0;
    step(mrs(sysreg_enc(3, 3, 14, 2, 1)));
    assert_int_equal(cpu->el, 2);
    assert_string_equal(rule, "CNTHCTL_EL2.EL1PCEN");
    // CNTHCTL_EL2.{EL1NVPCT,EL1NVVCT}
    static const struct {
        unsigned crm, op2, bit;
        const char *rule;
    } timers[] = {{2, 1, 15, "CNTHCTL_EL2.EL1NVPCT"},
                  {2, 2, 15, "CNTHCTL_EL2.EL1NVPCT"},
                  {3, 1, 16, "CNTHCTL_EL2.EL1NVVCT"},
                  {3, 2, 16, "CNTHCTL_EL2.EL1NVVCT"}};
    for (unsigned i = 0; i < ARRAY_LEN(timers); i++) {
        unsigned enc = sysreg_enc(3, 5, 14, timers[i].crm, timers[i].op2);
        start(1, hcr_of(5));
        cpu->sys.CNTHCTL_EL2 |= 1ull << timers[i].bit;
        step(mrs(enc));
        assert_int_equal(cpu->el, 2);
        assert_string_equal(rule, timers[i].rule);
        start(1, hcr_of(5));
        cpu->sys.CNTHCTL_EL2 |= 3ull << 15 & ~(1ull << timers[i].bit);
        step(mrs(enc));
        assert_int_equal(cpu->el, 1);
        start(1, hcr_of(7));
        cpu->sys.CNTHCTL_EL2 |= 1ull << timers[i].bit;
        step(mrs(enc));
        assert_string_equal(rule, "HCR_EL2.NV");
    }
}

static void test_at(void **state) {
    (void)state;
    static const unsigned ops[][2] = {{8, 0}, {8, 1}, {8, 2}, {8, 3}, {9, 0}, {9, 1}};
    for (unsigned i = 0; i < ARRAY_LEN(ops); i++) {
        unsigned enc = sysreg_enc(1, 0, 7, ops[i][0], ops[i][1]);
        start(1, hcr_of(0) | 1ull << HCR_AT);
        step(msr(enc));
        assert_int_equal(cpu->el, 2);
        assert_int_equal(cpu->sys.ESR_EL2,
                         (u64)EC_SYSREG << 26 | 1 << 25 | sysreg_iss(enc, RT, false));
        assert_string_equal(rule, "HCR_EL2.AT");
        start(1, hcr_of(1));
        step(msr(enc));
        assert_int_equal(cpu->el, 1);
    }
}

// --- exceptions ----------------------------------------------------------------------------------

static void test_eret(void **state) {
    (void)state;
    static const struct {
        u32 word, iss;
    } cases[] = {{0xd69f03e0, 0}, {0xd69f0bff, 2}, {0xd69f0fff, 3}};  // ERET, ERETAA, ERETAB
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        for (unsigned nvx = 0; nvx < 8; nvx++) {
            start(1, hcr_of(nvx));
            cpu->sys.SPSR_EL1 = 0;
            cpu->sys.ELR_EL1 = 0x40180000;
            step(cases[i].word);
            if (!(nvx & 1)) {
                assert_int_equal(cpu->el, 0);
                assert_int_equal(cpu->pc, 0x40180000);
                continue;
            }
            assert_int_equal(cpu->el, 2);
            assert_int_equal(cpu->sys.ESR_EL2, (u64)EC_ERET << 26 | 1 << 25 | cases[i].iss);
            assert_int_equal(cpu->sys.ELR_EL2, CODE);
            assert_string_equal(rule, "HCR_EL2.NV");
        }
        start(2, hcr_of(0));
        cpu->sys.HFGITR_EL2 = 1ull << 51;
        start(1, hcr_of(0));
        step(cases[i].word);
        assert_int_equal(cpu->sys.ESR_EL2, (u64)EC_ERET << 26 | 1 << 25 | cases[i].iss);
        assert_string_equal(rule, "HFGITR_EL2.ERET");
        cpu->sys.HFGITR_EL2 = 0;
    }
}

// SPSR_EL1.M says EL2 after an exception from EL1 to EL1 with {NV2,NV1,NV} x01 and 111.
static void test_entry(void **state) {
    (void)state;
    for (unsigned nvx = 0; nvx < 8; nvx++) {
        bool says_el2 = (nvx & 3) == 1 || nvx == 7;
        start(1, hcr_of(nvx));
        step(0xd4000001);  // SVC #0
        assert_int_equal(cpu->el, 1);
        assert_int_equal(bits(cpu->sys.SPSR_EL1, 3, 0), says_el2 ? 9 : 5);
        assert_int_equal(cpu->pc, VECTORS + 0x200);
        start(0, hcr_of(nvx));
        step(0xd4000001);
        assert_int_equal(cpu->el, 1);
        assert_int_equal(bits(cpu->sys.SPSR_EL1, 3, 0), 0);
        start(1, hcr_of(nvx));
        step(0xd4000002);  // HVC #0
        assert_int_equal(cpu->el, 2);
        assert_int_equal(bits(cpu->sys.SPSR_EL2, 3, 0), 5);
    }
}

// --- the page at VNCR_EL2 ------------------------------------------------------------------------

static void test_vncr_register(void **state) {
    (void)state;
    start(2, hcr_of(0));
    cpu->x[RT] = ~0ull;
    step(msr(sysreg_enc(3, 4, 2, 2, 0)));
    assert_int_equal(cpu->sys.VNCR_EL2, ~0xfffull);
    step(0xd503201f);
    start(2, 0);
    cpu->x[RT] = 15ull << 42;
    step(msr(sysreg_enc(3, 4, 1, 1, 0)));
    assert_int_equal(cpu->sys.HCR_EL2, 15ull << 42 | 1ull << HCR_RW);
}

// EL2 with 4 KB pages, 39 bits: 0x40200000..0x40200fff as `entry` says, nothing else.
static void el2_tables(u64 entry) {
    poke(TABLES + 8, (TABLES + 0x1000) | 3);
    poke(TABLES + 0x1000 + 8, (TABLES + 0x2000) | 3);
    poke(TABLES + 0x2000, entry);
    cpu->sys.TTBR0_EL2 = TABLES;
    cpu->sys.TCR_EL2 = 1u << 31 | 1 << 23 | 2 << 16 | 25;
    cpu->sys.MAIR_EL2 = 0xff;
    cpu->sys.SCTLR_EL2 = 0x30c50830 | 1;
    tlb_flush_all(cpu);
}

static void expect_vncr_abort(u64 address, bool write, unsigned status) {
    assert_int_equal(cpu->el, 2);
    assert_int_equal(cpu->sys.ESR_EL2,
                     (u64)EC_DABT_SAME << 26 | 1 << 25 | 1 << 13 | (u64)write << 6 | status);
    assert_int_equal(cpu->sys.FAR_EL2, address);
    assert_int_equal(cpu->sys.ELR_EL2, CODE);
    assert_int_equal(bits(cpu->sys.SPSR_EL2, 3, 0), 5);
    assert_int_equal(cpu->pc, VECTORS + 0x1000 + 0x400);
    assert_string_equal(rule, "HCR_EL2.NV2");
}

static void vncr_access(bool write) {
    start(1, hcr_of(5));
    cpu->x[RT] = 0x77;
    step(write ? msr(sysreg_enc(3, 4, 13, 0, 2)) : mrs(sysreg_enc(3, 4, 13, 0, 2)));  // TPIDR_EL2
}

static void test_vncr_faults(void **state) {
    (void)state;
    const u64 good = PAGE | 3 << 8 | 1 << 10 | 3, read_only = good | 1 << 7;
    for (unsigned write = 0; write < 2; write++) {
        el2_tables(0);
        vncr_access(write);
        expect_vncr_abort(PAGE + 0x90, write, 7);  // translation, level 3
        el2_tables(good & ~(1ull << 10));
        vncr_access(write);
        expect_vncr_abort(PAGE + 0x90, write, 0xb);  // access flag
        el2_tables(good);
        poke(PAGE + 0x90, 0x99);
        vncr_access(write);
        assert_int_equal(cpu->el, 1);
        assert_int_equal(write ? peek(PAGE + 0x90) : cpu->x[RT], write ? 0x77 : 0x99);
    }
    el2_tables(read_only);
    vncr_access(false);
    assert_int_equal(cpu->el, 1);
    vncr_access(true);
    expect_vncr_abort(PAGE + 0x90, true, 0xf);  // permission
    // Nothing answers there: to EL2 as well.
    cpu->sys.SCTLR_EL2 &= ~1ull;
    start(1, hcr_of(5));
    cpu->sys.VNCR_EL2 = 0x3000000000ull;
    step(mrs(sysreg_enc(3, 4, 13, 0, 2)));
    expect_vncr_abort(0x3000000090ull, false, 0x10);
    // Bits 63:53 of the register are copies of bit 52, or count as such.
    start(1, hcr_of(5));
    cpu->sys.VNCR_EL2 = 1ull << 63 | PAGE;
    step(mrs(sysreg_enc(3, 4, 13, 0, 2)));
    assert_int_equal(cpu->el, 1);
    start(1, hcr_of(5));
    cpu->sys.VNCR_EL2 = 1ull << 52;
    step(mrs(sysreg_enc(3, 4, 13, 0, 2)));
    assert_int_equal(cpu->sys.FAR_EL2, 0xfff0000000000090ull);
}

// A watchpoint of EL2 sees the access, whatever PSTATE.D is; it needs KDE and EL2 as the target.
static void test_vncr_watchpoint(void **state) {
    (void)state;
    enum { TDE = 1 << 8, KDE_MDE = 1 << 15 | 1 << 13, OF_EL2 = 1 << 13 | 3 << 14, OF_EL1 = 1 << 1 };
    static const struct {
        u64 mdcr, mdscr, control;
        bool hit;
    } cases[] = {{TDE, KDE_MDE, OF_EL2, true},
                 {TDE, KDE_MDE, OF_EL1, false},
                 {TDE, 1 << 15, OF_EL2, false},
                 {0, KDE_MDE, OF_EL2, false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
        for (unsigned write = 0; write < 2; write++)
            for (unsigned kind = 1; kind < 3; kind++) {
                cpu->sys.SCTLR_EL2 = 0x30c50830;
                start(1, hcr_of(5));
                cpu->sys.MDCR_EL2 = cases[i].mdcr;
                cpu->sys.MDSCR_EL1 = cases[i].mdscr;
                cpu->sys.DBGWVR0_EL1 = PAGE + 0x90;
                cpu->sys.DBGWCR0_EL1 = cases[i].control | 0xff << 5 | (u64)kind << 3 | 1;
                cpu->sys.OSLSR_EL1 = 8;
                debug_registers_changed(cpu);
                poke(PAGE + 0x90, 0x99);
                cpu->x[RT] = 0x77;
                unsigned enc = sysreg_enc(3, 4, 13, 0, 2);  // TPIDR_EL2
                step(write ? msr(enc) : mrs(enc));
                bool hit = cases[i].hit && kind == (write ? 2 : 1);
                assert_int_equal(cpu->el, hit ? 2 : 1);
                assert_int_equal(peek(PAGE + 0x90), write && !hit ? 0x77 : 0x99);
                if (!hit) continue;
                assert_int_equal(cpu->sys.ESR_EL2, (u64)EC_WATCHPT_SAME << 26 | 1 << 25 | 1 << 13 |
                                                       write << 6 | 0x22);
                assert_int_equal(cpu->sys.FAR_EL2, PAGE + 0x90);
                assert_int_equal(cpu->sys.ELR_EL2, CODE);
                assert_int_equal(cpu->pc, VECTORS + 0x1000 + 0x400);
                assert_string_equal(rule, "MDCR_EL2.TDE");
            }
    cpu->sys.DBGWCR0_EL1 = 0;
    debug_registers_changed(cpu);
}

// With E2H it is EL2's access in the EL2&0 regime, whatever PSTATE.PAN says.
static void test_vncr_e2h(void **state) {
    (void)state;
    const u64 user = PAGE | 3 << 8 | 1 << 10 | 1 << 6 | 1ull << 53 | 3;
    el2_tables(user);
    cpu->sys.TCR_EL2 = 25 | 25 << 16 | 2ull << 30 | 2ull << 32;
    start(1, hcr_of(5) | 1ull << HCR_E2H);
    cpu->pstate |= PSTATE_PAN;
    tlb_context_changed(cpu);
    poke(PAGE + 0x90, 0x66);
    step(mrs(sysreg_enc(3, 4, 13, 0, 2)));
    assert_int_equal(cpu->el, 1);
    assert_int_equal(cpu->x[RT], 0x66);
}

// --- stage 1 with NV1 ----------------------------------------------------------------------------

enum { LDR = 0xf9400025, LDTR = 0xf8400825, DC_ZVA = 0xd50b7425, NOP = 0xd503201f };  // X5, [X1]
enum { USER = 1 << 6, READ_ONLY = 1 << 7 };

// EL1&0 with one block of 1 GB for code and data; `attributes` beyond what Normal memory needs.
static void start_mapped(unsigned el, unsigned nvx, u64 attributes, u32 pstate) {
    poke(TABLES + 8, 0x40000000 | 3 << 8 | 1 << 10 | 1 | attributes);
    start(el, hcr_of(nvx));
    cpu->sys.TTBR0_EL1 = TABLES;
    cpu->sys.TCR_EL1 = 25 | 25 << 16 | 2ull << 30 | 2ull << 32;
    cpu->sys.MAIR_EL1 = 0xff;
    cpu->sys.SCTLR_EL1 |= 1 | 1 << 14;
    tlb_flush_all(cpu);
    pstate_changed(cpu, cpu->pstate | pstate);
    tlb_context_changed(cpu);
    poke(PAGE, 0x1111);
    cpu->x[1] = PAGE;
    cpu->x[RT] = 0;
}

static void expect_step(u32 word, unsigned ec) {
    unsigned from = cpu->el;
    step(word);
    if (!ec) {
        assert_int_equal(cpu->el, from);
        assert_int_equal(cpu->pc, CODE + 4);
        return;
    }
    assert_int_equal(cpu->el, 1);
    assert_int_equal(cpu->sys.ESR_EL1 >> 26, ec);
    assert_int_equal(bits(cpu->sys.ESR_EL1, 5, 0), 0xd);  // permission, level 1
}

static void test_nv1_permissions(void **state) {
    (void)state;
    const u64 bit53 = 1ull << 53, bit54 = 1ull << 54;
    for (unsigned nvx = 0; nvx < 8; nvx++) {
        bool nv1 = (nvx & 3) == 3;  // NV1 without NV: as without both
        start_mapped(1, nvx, USER | READ_ONLY, PSTATE_PAN);
        expect_step(LDR, nv1 ? 0 : EC_DABT_SAME);
        assert_int_equal(cpu->x[RT], nv1 ? 0x1111 : 0);
        start_mapped(1, nvx, bit53, 0);
        expect_step(NOP, nv1 ? 0 : EC_IABT_SAME);
        start_mapped(1, nvx, bit54, 0);
        expect_step(NOP, nv1 ? EC_IABT_SAME : 0);
        start_mapped(1, nvx, 0, 0);
        expect_step(LDTR, nv1 ? 0 : EC_DABT_SAME);
        start_mapped(0, nvx, USER | READ_ONLY, 0);
        expect_step(LDR, nv1 ? EC_DABT_LOWER : 0);
    }
}

// TFSR_EL2 as TFSR_EL1 has that register's trap.
static void test_tfsr_el2(void **state) {
    (void)state;
    start(1, hcr_of(5) & ~(1ull << HCR_ATA));
    step(mrs(sysreg_enc(3, 4, 5, 6, 0)));
    assert_int_equal(cpu->el, 2);
    assert_string_equal(rule, "HCR_EL2.ATA");
}

// The handler that has DC ZVA in line.
static void test_dc_zva(void **state) {
    (void)state;
    start_mapped(1, 0, 0, 0);
    cpu->x[RT] = PAGE;
    step(DC_ZVA);
    cpu->pc = CODE;
    step(DC_ZVA);
    assert_int_equal(peek(PAGE), 0);
    assert_int_equal(cpu->el, 1);
    poke(PAGE, 0x1111);
    cpu->sys.HFGITR_EL2 = 1 << 11;
    cpu->pc = CODE;
    step(DC_ZVA);
    assert_int_equal(cpu->el, 2);
    assert_int_equal(peek(PAGE), 0x1111);
    assert_string_equal(rule, "HFGITR_EL2.DCZVA");
}

// --- models --------------------------------------------------------------------------------------

static void test_models(void **state) {
    (void)state;
    assert_true(cpu_has(cpu, FEAT_NV) && cpu_has(cpu, FEAT_NV2));
    assert_int_equal(bits(cpu->sys.ID_AA64MMFR2_EL1, 27, 24), 2);
    machine->config.el2 = false;
    assert_true(cpu_model_features(machine, "max", NULL));
    cpu_model_reset(cpu, "max");
    assert_int_equal(bits(cpu->sys.ID_AA64MMFR2_EL1, 27, 24), 0);
    assert_false(cpu_has(cpu, FEAT_NV));
    machine->config.el2 = true;
    machine->config.mte = false;
    assert_true(cpu_model_features(machine, "neoverse-n1", NULL));
    cpu_model_reset(cpu, "neoverse-n1");
    start(2, 0);
    cpu->x[RT] = 15ull << 42;
    step(msr(sysreg_enc(3, 4, 1, 1, 0)));
    assert_int_equal(cpu->sys.HCR_EL2, 1ull << HCR_RW);
    start(2, 0);
    step(mrs(sysreg_enc(3, 4, 2, 2, 0)));
    assert_int_equal(cpu->sys.ESR_EL2, 1 << 25);  // no VNCR_EL2
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_every_register),
        T(test_not_for_el0_and_el2),
        T(test_current_el),
        T(test_traps_before_memory),
        T(test_at),
        T(test_eret),
        T(test_entry),
        T(test_vncr_register),
        T(test_vncr_faults),
        T(test_vncr_watchpoint),
        T(test_vncr_e2h),
        T(test_nv1_permissions),
        T(test_tfsr_el2),
        T(test_dc_zva),
        T(test_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
