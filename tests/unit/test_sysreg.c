// System registers: encodings, masks, permission, traps, E2H redirection, hooks, system
// instructions and the CPU models.
#include "cpu/cause.h"
#include "cpu/cpu_models.h"
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CPUS = 2, RT = 5 };

static Machine machine;
static Cpu *cpus[CPUS];
static Cpu *cpu;

// --- stands in for the TLB: what was asked of each CPU's -------------------------------------

static TlbiScope last_scope;
static unsigned scope_cpus;

void tlb_invalidate(Cpu *c, const TlbiScope *scope) {
    last_scope = *scope;
    scope_cpus |= 1u << c->index;
}

// --- fixture ---------------------------------------------------------------------------------

static void set_el(unsigned el) {
    cpu->pstate = el << PSTATE_EL_SHIFT | (el ? PSTATE_SP : 0);
    cpu->el = (u8)el;
    tlb_context_changed(cpu);
    fp_access_changed(cpu);
}

// HCR_EL2 as a guest of EL2 (el 1 and 0) or a host sees it.
static void set_hcr(u64 hcr) {
    cpu->sys.HCR_EL2 = hcr | 1ull << HCR_RW;
    tlb_context_changed(cpu);
    fp_access_changed(cpu);
}

// With all that the model can have.
static void use_model(const char *model, bool el2, int gic_version) {
    machine.config = (MachineConfig){.cpu_model = model,
                                     .cpus = CPUS,
                                     .el2 = el2,
                                     .gic_version = gic_version,
                                     .mte = !strcmp(model, "max")};
    assert_true(cpu_model_features(&machine, model, NULL));
    for (unsigned i = 0; i < CPUS; i++) cpu_model_reset(cpus[i], model);
    set_el(el2 ? 2 : 1);
}

static int setup(void **state) {
    (void)state;
    memset(&machine, 0, sizeof machine);
    machine.cpu = cpus;
    machine.cpus = CPUS;
    for (unsigned i = 0; i < CPUS; i++) {
        Cpu *c = aligned_alloc(64, align_up(sizeof *c, 64));
        memset(c, 0, sizeof *c);
        c->machine = &machine;
        c->features = machine.features;
        c->index = i;
        c->mpidr = 1ull << 31 | i;
        c->last_esr = ~0u;
        cpus[i] = c;
    }
    cpu = cpus[0];
    machine.config = (MachineConfig){.cpu_model = "max", .el2 = true};
    for (unsigned i = 0; i < CPUS; i++) {
        tlb_init(cpus[i]);
        cause_create(cpus[i]);
    }
    use_model("max", true, 3);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    for (unsigned i = 0; i < CPUS; i++) {
        tlb_free(cpus[i]);
        cause_free(cpus[i]);
        free(cpus[i]);
    }
    return 0;
}

static unsigned enc_of(const char *name) {
    unsigned index = sysreg_find(name);
    if (index == SYSREG_NONE) fail_msg("no register %s", name);
    return sysreg_info(index)->enc;
}

static bool reads(const char *name, u64 *value) {
    return sysreg_read(cpu, enc_of(name), RT, value);
}

static u64 get(const char *name) {
    u64 value = 0x5555;
    if (!reads(name, &value)) fail_msg("reading %s took an exception", name);
    return value;
}

static void put(const char *name, u64 value) {
    if (!sysreg_write(cpu, enc_of(name), RT, value)) fail_msg("writing %s took an exception", name);
}

// The access takes EC `ec` to `target`; with the syndrome of the access for EC 0x18.
static void expect_exception(unsigned el, bool read, const char *name, int target, unsigned ec) {
    set_el(el);
    u64 value = 0, before = cpu->exceptions;
    unsigned enc = enc_of(name);
    cpu->pc = 0x1000;
    bool ok = read ? sysreg_read(cpu, enc, RT, &value) : sysreg_write(cpu, enc, RT, 0);
    if (ok || cpu->exceptions != before + 1)
        fail_msg("EL%u %s of %s did not trap", el, read ? "read" : "write", name);
    if (cpu->el != target)
        fail_msg("EL%u %s of %s went to EL%u", el, read ? "read" : "write", name, cpu->el);
    u64 esr = target == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
    u64 elr = target == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1;
    if (bits(esr, 31, 26) != ec) fail_msg("%s: EC 0x%x", name, (unsigned)bits(esr, 31, 26));
    assert_true(bit(esr, 25));
    assert_int_equal(elr, 0x1000);
    if (ec == EC_SYSREG) assert_int_equal(bits(esr, 24, 0), sysreg_iss(enc, RT, read));
    if (ec == EC_UNKNOWN) assert_int_equal(bits(esr, 24, 0), 0);
}

// With FEAT_IDST a read of the feature ID space has the syndrome of a trap.
static void expect_undefined(unsigned el, bool read, const char *name) {
    unsigned enc = enc_of(name), op1 = enc >> 11 & 7;
    bool id = enc >> 14 == 3 && (enc >> 7 & 15) == 0 && (op1 <= 1 || op1 == 3);
    bool idst = bits(cpu->sys.ID_AA64MMFR2_EL1, 39, 36) && read && id;
    expect_exception(el, read, name, el == 2 ? 2 : 1, idst ? EC_SYSREG : EC_UNKNOWN);
}

static void expect_allowed(unsigned el, bool read, const char *name) {
    set_el(el);
    u64 value = 0, before = cpu->exceptions;
    bool ok = read ? sysreg_read(cpu, enc_of(name), RT, &value)
                   : sysreg_write(cpu, enc_of(name), RT, value);
    if (!ok || cpu->exceptions != before)
        fail_msg("EL%u %s of %s took an exception", el, read ? "read" : "write", name);
}

// --- the table -------------------------------------------------------------------------------

static void test_lookup(void **state) {
    (void)state;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        assert_int_equal(sysreg_index(r->enc), i);
        assert_int_equal(sysreg_find(r->name), i);
    }
    char buf[32];
    assert_int_equal(sysreg_index(sysreg_enc(3, 0, 2, 0, 0)), SYSREG_TTBR0_EL1);
    assert_int_equal(sysreg_index(sysreg_enc(3, 5, 2, 0, 0)), SYSREG_TTBR0_EL12);
    assert_int_equal(sysreg_index(sysreg_enc(3, 5, 14, 3, 1)), SYSREG_CNTV_CTL_EL02);
    assert_int_equal(sysreg_index(sysreg_enc(3, 0, 15, 2, 0)), SYSREG_NONE);
    assert_string_equal(sysreg_name_of_encoding(sysreg_enc(3, 0, 15, 2, 0), buf, sizeof buf),
                        "S3_0_C15_C2_0");
    assert_string_equal(sysreg_name_of_encoding(sysreg_enc(1, 4, 8, 3, 1), buf, sizeof buf),
                        "TLBI VAE2IS");
    assert_int_equal(sysreg_find("ttbr0_el1"), SYSREG_TTBR0_EL1);
    assert_int_equal(sysreg_find("TTBR9_EL1"), SYSREG_NONE);
}

static void test_masks(void **state) {
    (void)state;
    use_model("cortex-a72", true, 2);
    put("SCTLR_EL1", 0);
    assert_int_equal(get("SCTLR_EL1"), 0x30d00980);
    put("SCTLR_EL1", ~0ull);
    assert_int_equal(get("SCTLR_EL1"), 0x34dddb9f | 0x30d00980);
    put("SCTLR_EL2", 0);
    assert_int_equal(get("SCTLR_EL2"), 0x30c50830);
    put("OSDLR_EL1", ~0ull);
    assert_int_equal(get("OSDLR_EL1"), 1);
    put("CPTR_EL2", 0);
    assert_int_equal(get("CPTR_EL2"), 0x33ff);
    put("HCR_EL2", ~0ull & ~(1ull << HCR_TGE));
    assert_int_equal(get("HCR_EL2"), 0x43f7ff7fffull);  // no TID0: no AArch32
    put("TCR_EL1", ~0ull);
    assert_int_equal(get("TCR_EL1"), 0x77ffffffbfull);
    put("VTTBR_EL2", ~0ull);
    assert_int_equal(get("VTTBR_EL2"), 0x00fffffffffffffeull);
    put("VBAR_EL2", ~0ull);
    assert_int_equal(get("VBAR_EL2"), ~0x7ffull);
    put("ACTLR_EL1", ~0ull);
    assert_int_equal(get("ACTLR_EL1"), 0);
    put("FPCR", ~0ull);
    assert_int_equal(get("FPCR"), 0x07c00000);
    use_model("max", true, 3);
    put("HCR_EL2", ~0ull & ~(1ull << HCR_TGE));
    assert_true(bit(get("HCR_EL2"), HCR_E2H));
    assert_true(bit(get("HCR_EL2"), HCR_FWB));
    assert_true(bit(get("HCR_EL2"), HCR_NV));
    set_hcr(0);
    put("VTTBR_EL2", ~0ull);
    assert_int_equal(get("VTTBR_EL2"), ~0ull);
    put("FPCR", ~0ull);
    assert_int_equal(get("FPCR"), 0x07c80000);
    put("HSTR_EL2", ~0ull);  // traps of AArch32 alone
    assert_int_equal(get("HSTR_EL2"), 0);
    put("HCR_EL2", 0xfull << 60 | 1ull << 59 | 1ull << 53 | 1ull << 47);
    assert_int_equal(get("HCR_EL2"),
                     0xfull << 60 | 1ull << 59 | 1ull << 53 | 1ull << 47 | 1ull << HCR_RW);
    const u64 twed = 0x1full << 45, rctx = 1 << 10, tscxt = 1 << 20;
    put("SCTLR_EL1", twed | rctx | tscxt);
    assert_int_equal(get("SCTLR_EL1") & (twed | rctx | tscxt), twed | rctx | tscxt);
    put("SCTLR_EL1", 0);
    assert_int_equal(get("SCTLR_EL1") & (twed | rctx | tscxt), 0);
    put("SCTLR_EL1", 1 << 21);
    put("SCTLR_EL2", 1 << 21);  // IESB
    assert_true(bit(get("SCTLR_EL1"), 21) && bit(get("SCTLR_EL2"), 21));
    put("SCTLR_EL2", twed | rctx | tscxt);
    assert_int_equal(get("SCTLR_EL2") & (twed | rctx | tscxt), twed | rctx | tscxt);
    put("OSDLR_EL1", 1);
    assert_int_equal(get("OSDLR_EL1"), 0);  // no FEAT_DoubleLock
    assert_int_equal(machine.sysreg_writable[SYSREG_CNTHCTL_EL2], 0x3ffff);
    assert_int_equal(machine.sysreg_writable[SYSREG_CNTKCTL_EL1], 0x203ff);
}

static void test_permission(void **state) {
    (void)state;
    set_hcr(0);
    static const char *const el1[] = {"SCTLR_EL1",       "MIDR_EL1", "SPSR_EL1", "CurrentEL",
                                      "ID_AA64PFR0_EL1", "PAR_EL1",  "SP_EL0",   "MDSCR_EL1"};
    for (unsigned i = 0; i < ARRAY_LEN(el1); i++) expect_undefined(0, true, el1[i]);
    static const char *const el2[] = {"HCR_EL2", "VTTBR_EL2", "ELR_EL2",   "SP_EL1",
                                      "ESR_EL2", "VPIDR_EL2", "HPFAR_EL2", "CNTVOFF_EL2"};
    for (unsigned i = 0; i < ARRAY_LEN(el2); i++) {
        expect_undefined(0, true, el2[i]);
        expect_undefined(1, true, el2[i]);
        expect_undefined(1, false, el2[i]);
        expect_allowed(2, true, el2[i]);
    }
    expect_undefined(2, false, "MIDR_EL1");  // read-only
    expect_undefined(1, false, "CurrentEL");
    expect_undefined(2, true, "OSLAR_EL1");  // write-only
    expect_undefined(2, true, "TLBI VAE2");  // an instruction, not SYSL
    expect_undefined(0, false, "TPIDRRO_EL0");
    expect_allowed(0, true, "TPIDRRO_EL0");
    expect_allowed(1, false, "TPIDRRO_EL0");
    expect_undefined(2, true, "TTBR0_EL12");  // only with E2H
    expect_undefined(1, true, "TTBR0_EL12");
    expect_undefined(1, false, "CNTFRQ_EL0");  // highest EL only
    expect_allowed(2, false, "CNTFRQ_EL0");
    expect_undefined(2, true, "RVBAR_EL1");  // EL2 is there
    use_model("cortex-a57", true, 2);
    expect_undefined(2, true, "PAN");
    expect_undefined(2, true, "DISR_EL1");
    expect_undefined(2, true, "LORC_EL1");
    expect_undefined(2, true, "UAO");
    expect_undefined(2, true, "DIT");
    expect_undefined(2, true, "SSBS");
    expect_undefined(2, true, "TTBR1_EL2");
    expect_undefined(2, true, "TTBR0_EL12");
    expect_undefined(2, true, "CNTHV_CTL_EL2");
    expect_undefined(2, true, "APIAKeyLo_EL1");
    expect_undefined(2, true, "ICC_PMR_EL1");
    expect_undefined(2, false, "DC CVAP");
    expect_undefined(2, false, "AT S1E1RP");
    expect_undefined(2, false, "TLBI VAE1OS");
    expect_undefined(2, false, "TLBI RVAE1");
    use_model("max", false, 3);
    expect_undefined(1, true, "HCR_EL2");
    expect_allowed(1, true, "RVBAR_EL1");
    expect_allowed(1, false, "CNTFRQ_EL0");
}

// Encodings of no register: UNDEFINED, but the ID space reads as zero under TID3, and TIDCP.
static void test_unallocated(void **state) {
    (void)state;
    u64 value;
    set_hcr(0);
    set_el(1);
    value = 1;
    assert_true(sysreg_read(cpu, sysreg_enc(3, 0, 0, 7, 7), RT, &value));
    assert_int_equal(value, 0);
    assert_false(sysreg_write(cpu, sysreg_enc(3, 0, 0, 7, 7), RT, 0));
    set_el(0);
    assert_false(sysreg_read(cpu, sysreg_enc(3, 0, 0, 7, 7), RT, &value));
    assert_int_equal(cpu->el, 1);
    assert_int_equal(bits(cpu->sys.ESR_EL1, 31, 26), EC_SYSREG);  // FEAT_IDST
    set_el(2);
    assert_false(sysreg_read(cpu, sysreg_enc(3, 1, 0, 7, 7), RT, &value));
    assert_int_equal(bits(cpu->sys.ESR_EL2, 31, 26), EC_SYSREG);
    static const unsigned outside[] = {3u << 14 | 2 << 11 | 7 << 3, 3u << 14 | 3 << 11 | 8 << 3};
    for (unsigned i = 0; i < 2; i++) {
        assert_false(sysreg_read(cpu, outside[i], RT, &value));
        assert_int_equal(bits(cpu->sys.ESR_EL2, 31, 26), EC_UNKNOWN);
    }
    set_hcr(1ull << 18);
    set_el(1);
    assert_false(sysreg_read(cpu, sysreg_enc(3, 0, 0, 7, 7), RT, &value));
    assert_int_equal(cpu->el, 2);
    assert_int_equal(bits(cpu->sys.ESR_EL2, 31, 26), EC_SYSREG);
    static const unsigned space[] = {3u << 14 | 15 << 7, 3u << 14 | 11 << 7, 1u << 14 | 11 << 7,
                                     1u << 14 | 5 << 11 | 15 << 7};
    for (unsigned i = 0; i < ARRAY_LEN(space); i++) {
        set_hcr(0);
        set_el(1);
        assert_false(sysreg_read(cpu, space[i], RT, &value));
        assert_int_equal(cpu->el, 1);
        assert_int_equal(bits(cpu->sys.ESR_EL1, 31, 26), EC_UNKNOWN);
        set_hcr(1 << 20);
        set_el(1);
        assert_false(sysreg_read(cpu, space[i], RT, &value));
        assert_int_equal(cpu->el, 2);
        assert_int_equal(cpu->sys.ESR_EL2,
                         (u64)EC_SYSREG << 26 | 1 << 25 | sysreg_iss(space[i], RT, true));
    }
    // EL0's use too, but not a host's.
    set_hcr(1 << 20);
    set_el(0);
    assert_false(sysreg_read(cpu, space[0], RT, &value));
    assert_int_equal(cpu->el, 2);
    assert_int_equal(bits(cpu->sys.ESR_EL2, 31, 26), EC_SYSREG);
    set_hcr(1 << 20 | 1ull << HCR_TGE | 1ull << HCR_E2H);
    set_el(0);
    assert_false(sysreg_read(cpu, space[0], RT, &value));
    assert_int_equal(bits(cpu->sys.ESR_EL2, 31, 26), EC_UNKNOWN);
    set_hcr(1 << 20);
    set_el(1);  // not of that space
    assert_false(sysreg_read(cpu, sysreg_enc(3, 0, 14, 15, 7), RT, &value));
    assert_int_equal(cpu->el, 1);
}

// --- traps -----------------------------------------------------------------------------------

// What each control bit covers, written down apart from sysregs.reg. "r" and "w": which accesses.
typedef struct Covers {
    unsigned hcr_bit;
    bool when_zero;
    const char *access;
    const char *names[24];
} Covers;

static const Covers hcr_covers[] = {
    {26,
     false,
     "w",
     {"SCTLR_EL1", "TTBR0_EL1", "TTBR1_EL1", "TCR_EL1", "ESR_EL1", "FAR_EL1", "AFSR0_EL1",
      "AFSR1_EL1", "MAIR_EL1", "AMAIR_EL1", "CONTEXTIDR_EL1"}},
    {30,
     false,
     "r",
     {"SCTLR_EL1", "TTBR0_EL1", "TTBR1_EL1", "TCR_EL1", "ESR_EL1", "FAR_EL1", "AFSR0_EL1",
      "AFSR1_EL1", "MAIR_EL1", "AMAIR_EL1", "CONTEXTIDR_EL1"}},
    {16, false, "r", {"REVIDR_EL1", "AIDR_EL1"}},
    {17, false, "r", {"CTR_EL0", "CCSIDR_EL1", "CLIDR_EL1", "CSSELR_EL1"}},
    {17, false, "w", {"CSSELR_EL1"}},
    {18,
     false,
     "r",
     {"ID_PFR0_EL1", "ID_DFR0_EL1", "ID_MMFR3_EL1", "ID_ISAR6_EL1", "MVFR2_EL1", "ID_AA64PFR0_EL1",
      "ID_AA64PFR1_EL1", "ID_AA64ZFR0_EL1", "ID_AA64DFR0_EL1", "ID_AA64DFR1_EL1", "ID_AA64AFR0_EL1",
      "ID_AA64AFR1_EL1", "ID_AA64ISAR0_EL1", "ID_AA64ISAR1_EL1", "ID_AA64ISAR2_EL1",
      "ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1"}},
    {21, false, "rw", {"ACTLR_EL1"}},
    {22,
     false,
     "w",
     {"DC ISW", "DC CSW", "DC CISW", "DC IGSW", "DC IGDSW", "DC CGSW", "DC CGDSW", "DC CIGSW",
      "DC CIGDSW"}},
    {23,
     false,
     "w",
     {"DC IVAC", "DC CIVAC", "DC CVAC", "DC CVAP", "DC CVADP", "DC IGVAC", "DC IGDVAC", "DC CIGVAC",
      "DC CIGDVAC", "DC CGVAC", "DC CGDVAC", "DC CGVAP", "DC CGDVAP", "DC CGVADP", "DC CGDVADP"}},
    {24, false, "w", {"IC IALLU", "IC IALLUIS", "IC IVAU", "DC CVAU"}},
    {25,
     false,
     "w",
     {"TLBI VMALLE1", "TLBI VAE1", "TLBI ASIDE1", "TLBI VAAE1", "TLBI VALE1", "TLBI VAALE1",
      "TLBI VMALLE1IS", "TLBI VAE1IS", "TLBI ASIDE1IS", "TLBI VAAE1IS", "TLBI VALE1IS",
      "TLBI VAALE1IS", "TLBI VMALLE1OS", "TLBI VAALE1OS", "TLBI RVAE1", "TLBI RVAALE1IS",
      "TLBI RVALE1OS"}},
    {28, false, "w", {"DC ZVA", "DC GVA", "DC GZVA"}},
    {35, false, "rw", {"LORSA_EL1", "LOREA_EL1", "LORN_EL1", "LORC_EL1"}},
    {35, false, "r", {"LORID_EL1"}},
    {36,
     false,
     "rw",
     {"ERRSELR_EL1", "ERXCTLR_EL1", "ERXSTATUS_EL1", "ERXADDR_EL1", "ERXMISC0_EL1", "ERXMISC1_EL1",
      "ERXMISC2_EL1", "ERXMISC3_EL1"}},
    {36, false, "r", {"ERRIDR_EL1", "ERXFR_EL1"}},
    {47, true, "rw", {"ERXPFGCTL_EL1", "ERXPFGCDN_EL1"}},
    {47, true, "r", {"ERXPFGF_EL1"}},
    {53, true, "rw", {"SCXTNUM_EL0", "SCXTNUM_EL1"}},
    {40,
     true,
     "rw",
     {"APIAKeyLo_EL1", "APIAKeyHi_EL1", "APIBKeyLo_EL1", "APIBKeyHi_EL1", "APDAKeyLo_EL1",
      "APDAKeyHi_EL1", "APDBKeyLo_EL1", "APDBKeyHi_EL1", "APGAKeyLo_EL1", "APGAKeyHi_EL1"}},
    {44, false, "w", {"AT S1E1R", "AT S1E1W", "AT S1E0R", "AT S1E0W", "AT S1E1RP", "AT S1E1WP"}},
    {49, false, "r", {"CCSIDR_EL1", "CLIDR_EL1", "CSSELR_EL1"}},
    {49, false, "w", {"CSSELR_EL1"}},
    {50, false, "w", {"IC IALLUIS"}},
    {52, false, "w", {"IC IALLU", "IC IVAU", "DC CVAU"}},
    {54, false, "w", {"TLBI VMALLE1IS", "TLBI VAE1IS", "TLBI RVAE1IS"}},
    {56, true, "rw", {"GCR_EL1", "RGSR_EL1", "TFSR_EL1", "TFSRE0_EL1"}},
    {58, false, "r", {"GMID_EL1"}},
    {55, false, "w", {"TLBI VMALLE1OS", "TLBI VAE1OS", "TLBI RVAE1OS"}},
};

// What enables is on, so that only the bit under test decides: HCR_EL2.{APK,API,FIEN,EnSCXT,ATA} and
// SCTLR_EL1's EL0 enables.
static const u64 neutral_hcr =
    1ull << HCR_APK | 1ull << HCR_API | 1ull << 47 | 1ull << 53 | 1ull << HCR_ATA;
static const u64 el0_enables = 1ull << 26 | 1ull << 15 | 1ull << 14 | 1ull << 10 | 1ull << 9;

static void check_hcr_trap(const Covers *c, const char *name, bool read) {
    const SysRegInfo *r = sysreg_info(sysreg_find(name));
    u64 on = c->when_zero ? neutral_hcr & ~(1ull << c->hcr_bit) : neutral_hcr | 1ull << c->hcr_bit;
    set_hcr(on);
    expect_exception(1, read, name, 2, EC_SYSREG);
    if ((read ? r->read_el : r->write_el) == 0) {
        cpu->sys.SCTLR_EL1 |= el0_enables;
        expect_exception(0, read, name, 2, EC_SYSREG);
        // The host's EL0 has no guest above it.
        set_hcr(on | 1ull << HCR_E2H | 1ull << HCR_TGE);
        cpu->sys.SCTLR_EL2 |= el0_enables;
        if (strncmp(name, "DC ", 3) && strncmp(name, "IC I", 4)) expect_allowed(0, read, name);
    }
}

static void test_hcr_traps(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(hcr_covers); i++) {
        const Covers *c = &hcr_covers[i];
        for (unsigned k = 0; c->names[k]; k++) {
            if (strchr(c->access, 'r')) check_hcr_trap(c, c->names[k], true);
            if (strchr(c->access, 'w')) check_hcr_trap(c, c->names[k], false);
        }
    }
}

// No other HCR_EL2 bit traps a register of the list above, and none of these bits traps others.
static bool covered(unsigned hcr_bit, bool read, const char *name) {
    for (unsigned i = 0; i < ARRAY_LEN(hcr_covers); i++) {
        const Covers *c = &hcr_covers[i];
        if (c->hcr_bit != hcr_bit || !strchr(c->access, read ? 'r' : 'w')) continue;
        if (hcr_bit == 18 && !strncmp(name, "ID_", 3)) return true;
        if (hcr_bit == 18 && !strncmp(name, "MVFR", 4)) return true;
        if (hcr_bit == 56 && !strcmp(name, "TFSR_EL2")) return true;  // FEAT_NV2: test_nv.c
        bool is = !strcmp(name + strlen(name) - 2, "IS"),
             os = !strcmp(name + strlen(name) - 2, "OS");
        bool el1_tlbi = !strncmp(name, "TLBI ", 5) && strstr(name, "E1") &&
                        !strstr(name, "ALLE1") && !strstr(name, "ALLS12") && !strstr(name, "IPAS2");
        if (!strncmp(name, "TLBI VMALLE1", 12)) el1_tlbi = true;
        if (hcr_bit == 25 && el1_tlbi) return true;
        if (hcr_bit == 54 && el1_tlbi && is) return true;
        if (hcr_bit == 55 && el1_tlbi && os) return true;
        for (unsigned k = 0; c->names[k]; k++)
            if (!strcmp(c->names[k], name)) return true;
    }
    return false;
}

static void test_no_other_hcr_traps(void **state) {
    (void)state;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        for (unsigned k = 0; k < r->traps; k++) {
            const SysRegTrap *t = &sysreg_traps[r->first_trap + k];
            if (t->control != TRAP_HCR_EL2) continue;
            unsigned hcr_bit = (unsigned)__builtin_ctzll(t->mask);
            if (((t->access & SR_READ) && !covered(hcr_bit, true, r->name)) ||
                ((t->access & SR_WRITE) && !covered(hcr_bit, false, r->name)))
                fail_msg("%s is trapped by %s: not in the test's list", r->name, t->name);
        }
    }
}

static bool starts(const char *name, const char *prefix) {
    return !strncmp(name, prefix, strlen(prefix));
}

// Whole groups by their encoding: the ID space, TLBI by EL1, the debug registers.
static void test_trapped_groups(void **state) {
    (void)state;
    unsigned ids = 0, tlbis = 0, debug = 0;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        unsigned op1 = r->enc >> 11 & 7, crn = r->enc >> 7 & 15, crm = r->enc >> 3 & 15;
        bool read = r->read_el < 2;
        if (r->enc >> 14 == 3 && op1 == 0 && crn == 0 && crm) {
            set_hcr(1 << 18);
            expect_exception(1, true, r->name, 2, EC_SYSREG);
            ids++;
        } else if (starts(r->name, "TLBI") && op1 == 0) {
            const char *end = r->name + strlen(r->name) - 2;
            set_hcr(1 << 25);
            expect_exception(1, false, r->name, 2, EC_SYSREG);
            set_hcr(!strcmp(end, "IS") ? 1ull << 54 : !strcmp(end, "OS") ? 1ull << 55 : 1 << 25);
            expect_exception(1, false, r->name, 2, EC_SYSREG);
            tlbis++;
        } else if (r->enc >> 14 == 2) {
            set_hcr(0);
            cpu->sys.MDCR_EL2 = 1 << (crn != 1 ? 9 : i == SYSREG_MDRAR_EL1 ? 11 : 10);
            expect_exception(1, read, r->name, 2, EC_SYSREG);
            debug++;
        }
    }
    assert_true(ids == 33 && tlbis == 30 && debug == 36);
}

// What a CPU without the feature does not have, by name.
static void test_presence(void **state) {
    (void)state;
    static const char *const optional[] = {
        "AP",        "LOR",      "ERR",       "ERX",       "SCXTNUM",  "CNTPCTSS",
        "CNTVCTSS",  "CNTPOFF",  "CFP RCTX",  "DVP RCTX",  "CPP RCTX", "DISR",
        "VDISR",     "VSESR",    "CNTHV",     "ICC_",      "ICH_",     "TLBI R",
        "TTBR1_EL2", "PAN",      "UAO",       "DIT",       "SSBS",     "CONTEXTIDR_EL2",
        "DC CVAP",   "DC CVADP", "AT S1E1RP", "AT S1E1WP", "HFG",      "HDFG",
        "PMMIR",     "VNCR",     "GCR",       "RGSR",      "TFSR",     "GMID",
        "TCO",       "DC IG",    "DC CG",     "DC CIG",    "DC G",     "RNDR"};
    for (unsigned pass = 0; pass < 2; pass++) {
        if (pass) use_model("cortex-a72", true, 2);
        for (unsigned i = 0; i < SYSREG_COUNT; i++) {
            const char *name = sysreg_info(i)->name;
            if (sysreg_info(i)->alias_of != SYSREG_NONE || i == SYSREG_RVBAR_EL1) continue;
            bool is_optional = starts(name, "TLBI") && !strcmp(name + strlen(name) - 2, "OS");
            for (unsigned k = 0; k < ARRAY_LEN(optional); k++)
                is_optional |= starts(name, optional[k]);
            if (sysreg_present(cpu, i) != (pass == 0 || !is_optional)) fail_msg("%s", name);
        }
    }
}

// The registers of GIC, timers and PMU are never plain storage.
static void test_hooked_registers(void **state) {
    (void)state;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        if (r->alias_of != SYSREG_NONE) continue;
        if (!starts(r->name, "CNT") && !starts(r->name, "ICC_") && !starts(r->name, "ICH_") &&
            !starts(r->name, "PM"))
            continue;
        if ((r->read_el <= 2 && !r->read) || (r->write_el <= 2 && !r->write))
            fail_msg("%s", r->name);
    }
}

static void test_el0_enables(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool read;
        unsigned bit;
    } cases[] = {
        {"CTR_EL0", true, 15},   {"DC ZVA", false, 14},   {"DC CVAC", false, 26},
        {"DC CVAU", false, 26},  {"DC CVAP", false, 26},  {"DC CIVAC", false, 26},
        {"DC CVADP", false, 26}, {"IC IVAU", false, 26},  {"DAIF", true, 9},
        {"DAIF", false, 9},      {"CFP RCTX", false, 10}, {"DVP RCTX", false, 10},
        {"CPP RCTX", false, 10},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        set_hcr(neutral_hcr);
        cpu->sys.SCTLR_EL1 = el0_enables & ~(1ull << cases[i].bit);
        expect_exception(0, cases[i].read, cases[i].name, 1, EC_SYSREG);
        set_hcr(neutral_hcr | 1ull << HCR_TGE);
        expect_exception(0, cases[i].read, cases[i].name, 2, EC_SYSREG);
        // In the host SCTLR_EL2 decides; it has no UMA.
        set_hcr(neutral_hcr | 1ull << HCR_TGE | 1ull << HCR_E2H);
        cpu->sys.SCTLR_EL1 = el0_enables;
        cpu->sys.SCTLR_EL2 = el0_enables & ~(1ull << cases[i].bit) & ~(1ull << 9);
        expect_exception(0, cases[i].read, cases[i].name, 2, EC_SYSREG);
    }
    set_hcr(neutral_hcr);
    cpu->sys.SCTLR_EL1 = el0_enables;
    expect_allowed(0, true, "CTR_EL0");
    expect_allowed(0, true, "DAIF");
    expect_allowed(0, false, "CFP RCTX");
    // TSCXT disables: it traps when it is 1.
    expect_allowed(0, true, "SCXTNUM_EL0");
    cpu->sys.SCTLR_EL1 |= 1 << 20;
    expect_exception(0, true, "SCXTNUM_EL0", 1, EC_SYSREG);
    set_hcr(neutral_hcr | 1ull << HCR_TGE);
    expect_exception(0, false, "SCXTNUM_EL0", 2, EC_SYSREG);
    set_hcr(1ull << HCR_TGE | 1ull << HCR_E2H);  // a host's: HCR_EL2.EnSCXT does not count
    cpu->sys.SCTLR_EL2 &= ~(1ull << 20);
    expect_allowed(0, true, "SCXTNUM_EL0");
    cpu->sys.SCTLR_EL2 |= 1 << 20;
    expect_exception(0, true, "SCXTNUM_EL0", 2, EC_SYSREG);
}

static const char *last_rule;
static void saw_exception(void *arg, Cpu *c, const ExceptionEvent *ev) {
    (void)arg;
    (void)c;
    last_rule = ev->exc->rule;
}

// The rule names the register whose bit it was.
static void test_el0_rules(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned bit;
        const char *el1, *host;
    } cases[] = {
        {"DAIF", 9, "SCTLR_EL1.UMA", "HCR_EL2.TGE"},
        {"CFP RCTX", 10, "SCTLR_EL1.EnRCTX", "SCTLR_EL2.EnRCTX"},
        {"DC ZVA", 14, "SCTLR_EL1.DZE", "SCTLR_EL2.DZE"},
        {"CTR_EL0", 15, "SCTLR_EL1.UCT", "SCTLR_EL2.UCT"},
        {"SCXTNUM_EL0", 20, "SCTLR_EL1.TSCXT", "SCTLR_EL2.TSCXT"},
        {"DC CVAC", 26, "SCTLR_EL1.UCI", "SCTLR_EL2.UCI"},
    };
    static const Observer observer = {.exception = saw_exception};
    cpu->observer = &observer;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        u64 controls = (el0_enables | 1 << 20) & ~(1ull << cases[i].bit);
        if (cases[i].bit == 20) controls |= 1 << 20;
        bool read = cases[i].bit == 15;
        set_hcr(neutral_hcr);
        cpu->sys.SCTLR_EL1 = controls;
        expect_exception(0, read, cases[i].name, 1, EC_SYSREG);
        assert_string_equal(last_rule, cases[i].el1);
        set_hcr(neutral_hcr | 1ull << HCR_TGE | 1ull << HCR_E2H);
        cpu->sys.SCTLR_EL2 = controls & ~(1ull << 9);
        expect_exception(0, read, cases[i].name, 2, EC_SYSREG);
        assert_string_equal(last_rule, cases[i].host);
    }
    cpu->observer = NULL;
}

static void test_mdcr_and_cptr_traps(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned bit;
    } cases[] = {
        {"MDSCR_EL1", 9},       {"DBGBVR0_EL1", 9},       {"DBGBCR5_EL1", 9},  {"DBGWVR3_EL1", 9},
        {"DBGWCR0_EL1", 9},     {"MDCCINT_EL1", 9},       {"OSDTRRX_EL1", 9},  {"OSECCR_EL1", 9},
        {"DBGCLAIMSET_EL1", 9}, {"DBGAUTHSTATUS_EL1", 9}, {"MDCCSR_EL0", 9},   {"MDRAR_EL1", 11},
        {"OSLSR_EL1", 10},      {"OSDLR_EL1", 10},        {"DBGPRCR_EL1", 10},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        set_hcr(0);
        cpu->sys.MDCR_EL2 = 0xe00 & ~(1u << cases[i].bit);
        expect_allowed(1, true, cases[i].name);
        cpu->sys.MDCR_EL2 = 1u << cases[i].bit;
        expect_exception(1, true, cases[i].name, 2, EC_SYSREG);
        expect_allowed(2, true, cases[i].name);
        cpu->sys.MDCR_EL2 = 1u << 8;  // TDE acts as all three
        expect_exception(1, true, cases[i].name, 2, EC_SYSREG);
    }
    cpu->sys.MDCR_EL2 = 0;
    expect_allowed(1, false, "OSLAR_EL1");
    cpu->sys.MDCR_EL2 = 1 << 10;
    expect_exception(1, false, "OSLAR_EL1", 2, EC_SYSREG);
    cpu->sys.MDCR_EL2 = 0;
    expect_allowed(0, true, "MDCCSR_EL0");
    cpu->sys.MDSCR_EL1 = 1 << 12;  // TDCC
    expect_exception(0, true, "MDCCSR_EL0", 1, EC_SYSREG);
    expect_exception(0, true, "DBGDTRRX_EL0", 1, EC_SYSREG);
    cpu->sys.MDSCR_EL1 = 0;
    static const char *const channel[] = {"OSDTRRX_EL1", "OSDTRTX_EL1", "MDCCINT_EL1",
                                          "MDCCSR_EL0",  "DBGDTR_EL0",  "DBGDTRRX_EL0"};
    for (unsigned i = 0; i < ARRAY_LEN(channel); i++) {
        bool at_el0 = sysreg_info(sysreg_find(channel[i]))->read_el == 0;
        cpu->sys.MDCR_EL2 = 0;
        expect_allowed(1, true, channel[i]);
        cpu->sys.MDCR_EL2 = 1u << 27;  // TDCC (FEAT_FGT)
        expect_exception(1, true, channel[i], 2, EC_SYSREG);
        if (at_el0) expect_exception(0, true, channel[i], 2, EC_SYSREG);
        expect_allowed(2, true, channel[i]);
    }
    expect_allowed(1, true, "MDSCR_EL1");
    cpu->sys.MDCR_EL2 = 0;
    set_el(2);
    put("MDCR_EL2", 1u << 27);
    assert_int_equal(get("MDCR_EL2"), cpu_has(cpu, FEAT_FGT) ? 1u << 27 : 0);
    cpu->sys.MDCR_EL2 = 0;
    cpu->sys.CPTR_EL2 = 0;
    expect_allowed(1, true, "CPACR_EL1");
    cpu->sys.CPTR_EL2 = 1u << 31;
    expect_exception(1, true, "CPACR_EL1", 2, EC_SYSREG);
    expect_exception(1, false, "CPACR_EL1", 2, EC_SYSREG);
    expect_allowed(2, true, "CPACR_EL1");
}

// What each bit of the fine-grained trap registers covers, apart from sysregs.reg. `registers`: "R",
// "W" of the pair HF or HD, or "I" (HFGITR_EL2).
typedef struct FgtCovers {
    const char *registers;
    unsigned bit;
    const char *names[8];
} FgtCovers;

static const FgtCovers fgt_covers[] = {
    {"HF RW", 0, {"AFSR0_EL1"}},
    {"HF RW", 1, {"AFSR1_EL1"}},
    {"HF R", 2, {"AIDR_EL1"}},
    {"HF RW", 3, {"AMAIR_EL1"}},
    {"HF RW", 4, {"APDAKeyLo_EL1", "APDAKeyHi_EL1"}},
    {"HF RW", 5, {"APDBKeyLo_EL1", "APDBKeyHi_EL1"}},
    {"HF RW", 6, {"APGAKeyLo_EL1", "APGAKeyHi_EL1"}},
    {"HF RW", 7, {"APIAKeyLo_EL1", "APIAKeyHi_EL1"}},
    {"HF RW", 8, {"APIBKeyLo_EL1", "APIBKeyHi_EL1"}},
    {"HF R", 9, {"CCSIDR_EL1"}},
    {"HF R", 10, {"CLIDR_EL1"}},
    {"HF RW", 11, {"CONTEXTIDR_EL1"}},
    {"HF RW", 12, {"CPACR_EL1"}},
    {"HF RW", 13, {"CSSELR_EL1"}},
    {"HF R", 14, {"CTR_EL0"}},
    {"HF R", 15, {"DCZID_EL0"}},
    {"HF RW", 16, {"ESR_EL1"}},
    {"HF RW", 17, {"FAR_EL1"}},
    {"HF R", 18, {"ISR_EL1"}},
    {"HF RW", 19, {"LORC_EL1"}},
    {"HF RW", 20, {"LOREA_EL1"}},
    {"HF R", 21, {"LORID_EL1"}},
    {"HF RW", 22, {"LORN_EL1"}},
    {"HF RW", 23, {"LORSA_EL1"}},
    {"HF RW", 24, {"MAIR_EL1"}},
    {"HF R", 25, {"MIDR_EL1"}},
    {"HF R", 26, {"MPIDR_EL1"}},
    {"HF RW", 27, {"PAR_EL1"}},
    {"HF R", 28, {"REVIDR_EL1"}},
    {"HF RW", 29, {"SCTLR_EL1"}},
    {"HF RW", 30, {"SCXTNUM_EL1"}},
    {"HF RW", 31, {"SCXTNUM_EL0"}},
    {"HF RW", 32, {"TCR_EL1"}},
    {"HF RW", 33, {"TPIDR_EL1"}},
    {"HF RW", 34, {"TPIDRRO_EL0"}},
    {"HF RW", 35, {"TPIDR_EL0"}},
    {"HF RW", 36, {"TTBR0_EL1"}},
    {"HF RW", 37, {"TTBR1_EL1"}},
    {"HF RW", 38, {"VBAR_EL1"}},
    {"HF RW", 39, {"ICC_IGRPEN0_EL1", "ICC_IGRPEN1_EL1"}},
    {"HF R", 40, {"ERRIDR_EL1"}},
    {"HF RW", 41, {"ERRSELR_EL1"}},
    {"HF R", 42, {"ERXFR_EL1"}},
    {"HF RW", 43, {"ERXCTLR_EL1"}},
    {"HF RW", 44, {"ERXSTATUS_EL1"}},
    {"HF RW", 45, {"ERXMISC0_EL1", "ERXMISC1_EL1", "ERXMISC2_EL1", "ERXMISC3_EL1"}},
    {"HF R", 46, {"ERXPFGF_EL1"}},
    {"HF RW", 47, {"ERXPFGCTL_EL1"}},
    {"HF RW", 48, {"ERXPFGCDN_EL1"}},
    {"HF RW", 49, {"ERXADDR_EL1"}},
    {"HD RW",
     0,
     {"DBGBCR0_EL1", "DBGBCR1_EL1", "DBGBCR2_EL1", "DBGBCR3_EL1", "DBGBCR4_EL1", "DBGBCR5_EL1"}},
    {"HD RW",
     1,
     {"DBGBVR0_EL1", "DBGBVR1_EL1", "DBGBVR2_EL1", "DBGBVR3_EL1", "DBGBVR4_EL1", "DBGBVR5_EL1"}},
    {"HD RW", 2, {"DBGWCR0_EL1", "DBGWCR1_EL1", "DBGWCR2_EL1", "DBGWCR3_EL1"}},
    {"HD RW", 3, {"DBGWVR0_EL1", "DBGWVR1_EL1", "DBGWVR2_EL1", "DBGWVR3_EL1"}},
    {"HD RW", 4, {"MDSCR_EL1"}},
    {"HD RW", 5, {"DBGCLAIMSET_EL1", "DBGCLAIMCLR_EL1"}},
    {"HD R", 6, {"DBGAUTHSTATUS_EL1"}},
    {"HD RW", 7, {"DBGPRCR_EL1"}},
    {"HD W", 8, {"OSLAR_EL1"}},
    {"HD R", 9, {"OSLSR_EL1"}},
    {"HD RW", 10, {"OSECCR_EL1"}},
    {"HD RW", 11, {"OSDLR_EL1"}},  // with FEAT_DoubleLock
    {"HD RW",
     12,
     {"PMEVCNTR0_EL0", "PMEVCNTR1_EL0", "PMEVCNTR2_EL0", "PMEVCNTR3_EL0", "PMEVCNTR4_EL0",
      "PMEVCNTR5_EL0", "PMXEVCNTR_EL0"}},
    {"HD RW",
     13,
     {"PMEVTYPER0_EL0", "PMEVTYPER1_EL0", "PMEVTYPER2_EL0", "PMEVTYPER3_EL0", "PMEVTYPER4_EL0",
      "PMEVTYPER5_EL0", "PMXEVTYPER_EL0"}},
    {"HD RW", 14, {"PMCCFILTR_EL0"}},
    {"HD RW", 15, {"PMCCNTR_EL0"}},
    {"HD RW", 16, {"PMCNTENSET_EL0", "PMCNTENCLR_EL0"}},
    {"HD RW", 17, {"PMINTENSET_EL1", "PMINTENCLR_EL1"}},
    {"HD RW", 18, {"PMOVSSET_EL0", "PMOVSCLR_EL0"}},
    {"HD RW", 19, {"PMSELR_EL0"}},
    {"HD W", 20, {"PMSWINC_EL0"}},
    {"HD W", 21, {"PMCR_EL0"}},
    {"HD R", 22, {"PMMIR_EL1"}},
    {"HD R", 58, {"PMCEID0_EL0", "PMCEID1_EL0"}},
    {"HD RW", 57, {"PMUSERENR_EL0"}},  // last: the test clears it
    {"I", 0, {"IC IALLUIS"}},
    {"I", 1, {"IC IALLU"}},
    {"I", 2, {"IC IVAU"}},
    {"I", 3, {"DC IVAC", "DC IGVAC", "DC IGDVAC"}},
    {"I", 4, {"DC ISW", "DC IGSW", "DC IGDSW"}},
    {"I", 5, {"DC CSW", "DC CGSW", "DC CGDSW"}},
    {"I", 6, {"DC CISW", "DC CIGSW", "DC CIGDSW"}},
    {"I", 7, {"DC CVAU"}},
    {"I", 8, {"DC CVAP", "DC CGVAP", "DC CGDVAP"}},
    {"I", 9, {"DC CVADP", "DC CGVADP", "DC CGDVADP"}},
    {"I", 10, {"DC CIVAC", "DC CIGVAC", "DC CIGDVAC"}},
    {"I", 11, {"DC ZVA", "DC GVA", "DC GZVA"}},
    {"I", 12, {"AT S1E1R"}},
    {"I", 13, {"AT S1E1W"}},
    {"I", 14, {"AT S1E0R"}},
    {"I", 15, {"AT S1E0W"}},
    {"I", 16, {"AT S1E1RP"}},
    {"I", 17, {"AT S1E1WP"}},
    {"I", 18, {"TLBI VMALLE1OS"}},
    {"I", 19, {"TLBI VAE1OS"}},
    {"I", 20, {"TLBI ASIDE1OS"}},
    {"I", 21, {"TLBI VAAE1OS"}},
    {"I", 22, {"TLBI VALE1OS"}},
    {"I", 23, {"TLBI VAALE1OS"}},
    {"I", 24, {"TLBI RVAE1OS"}},
    {"I", 25, {"TLBI RVAAE1OS"}},
    {"I", 26, {"TLBI RVALE1OS"}},
    {"I", 27, {"TLBI RVAALE1OS"}},
    {"I", 28, {"TLBI VMALLE1IS"}},
    {"I", 29, {"TLBI VAE1IS"}},
    {"I", 30, {"TLBI ASIDE1IS"}},
    {"I", 31, {"TLBI VAAE1IS"}},
    {"I", 32, {"TLBI VALE1IS"}},
    {"I", 33, {"TLBI VAALE1IS"}},
    {"I", 34, {"TLBI RVAE1IS"}},
    {"I", 35, {"TLBI RVAAE1IS"}},
    {"I", 36, {"TLBI RVALE1IS"}},
    {"I", 37, {"TLBI RVAALE1IS"}},
    {"I", 38, {"TLBI RVAE1"}},
    {"I", 39, {"TLBI RVAAE1"}},
    {"I", 40, {"TLBI RVALE1"}},
    {"I", 41, {"TLBI RVAALE1"}},
    {"I", 42, {"TLBI VMALLE1"}},
    {"I", 43, {"TLBI VAE1"}},
    {"I", 44, {"TLBI ASIDE1"}},
    {"I", 45, {"TLBI VAAE1"}},
    {"I", 46, {"TLBI VALE1"}},
    {"I", 47, {"TLBI VAALE1"}},
    {"I", 48, {"CFP RCTX"}},
    {"I", 49, {"DVP RCTX"}},
    {"I", 50, {"CPP RCTX"}},
    {"I", 54, {"DC CVAC", "DC CGVAC", "DC CGDVAC"}},
};

// The bit alone traps the access; its rule starts with the trap register's name.
static void check_fgt_trap(const char *trap_register, unsigned n, bool read, const char *name) {
    const SysRegInfo *r = sysreg_info(sysreg_find(name));
    static const Observer observer = {.exception = saw_exception};
    set_hcr(neutral_hcr);
    set_el(2);
    put(trap_register, 1ull << n);
    if (get(trap_register) != 1ull << n) fail_msg("%s has no bit %u", trap_register, n);
    // Any of the registers of a direction takes its accesses off the fast path.
    const u64 slow = 1ull << (read ? FGT_READ : FGT_WRITE);
    if (strcmp(trap_register, "HFGITR_EL2") && cpu->fgt != slow)
        fail_msg("%s: Cpu.fgt 0x%llx", trap_register, (unsigned long long)cpu->fgt);
    cpu->observer = &observer;
    last_rule = "";
    expect_exception(1, read, name, 2, EC_SYSREG);
    if (!last_rule || strncmp(last_rule, trap_register, strlen(trap_register)))
        fail_msg("%s: rule %s", name, last_rule);
    if ((read ? r->read_el : r->write_el) == 0) {
        cpu->sys.SCTLR_EL1 |= el0_enables;
        expect_exception(0, read, name, 2, EC_SYSREG);
    }
    cpu->observer = NULL;
    u64 value;
    set_el(1);
    if (read && sysreg_fast_read(cpu, sysreg_find(name), &value)) fail_msg("%s is fast", name);
    if (!read && sysreg_fast_write(cpu, sysreg_find(name), 0)) fail_msg("%s is fast", name);
    // Registers and instructions of the other direction and of other bits are not touched.
    set_el(2);
    put(trap_register, 0);
    const bool by_memory = starts(name, "DC ") || starts(name, "IC I") || starts(name, "AT ");
    if (by_memory || starts(name, "ICC_")) return;
    expect_allowed(1, read, name);
    set_el(2);
    put(trap_register, ~0ull);
    put(trap_register, get(trap_register) & ~(1ull << n));
    expect_allowed(1, read, name);
    set_hcr(neutral_hcr | 1ull << HCR_E2H | 1ull << HCR_TGE);
    set_el(2);
    put(trap_register, 1ull << n);
    cpu->sys.SCTLR_EL2 |= el0_enables;
    if ((read ? r->read_el : r->write_el) == 0) expect_allowed(0, read, name);
    set_el(2);
    put(trap_register, 0);
}

static void test_fgt(void **state) {
    (void)state;
    unsigned n = 0;
    machine.features[FEAT_DoubleLock / 64] |= 1ull << FEAT_DoubleLock % 64;
    sysreg_init_masks(&machine);
    cpu->sys.CPTR_EL2 = 0;
    cpu->sys.MDCR_EL2 = 6;  // EL1 has all event counters
    cpu->sys.PMUSERENR_EL0 = 1;
    for (unsigned i = 0; i < ARRAY_LEN(fgt_covers); i++) {
        const FgtCovers *c = &fgt_covers[i];
        bool debug = starts(c->registers, "HD"), insn = *c->registers == 'I';
        for (unsigned k = 0; c->names[k]; k++, n++) {
            if (insn) check_fgt_trap("HFGITR_EL2", c->bit, false, c->names[k]);
            if (insn) continue;
            if (strchr(c->registers, 'R'))
                check_fgt_trap(debug ? "HDFGRTR_EL2" : "HFGRTR_EL2", c->bit, true, c->names[k]);
            if (strchr(c->registers, 'W'))
                check_fgt_trap(debug ? "HDFGWTR_EL2" : "HFGWTR_EL2", c->bit, false, c->names[k]);
        }
    }
    assert_true(n > 100);
}

// The table has no fine-grained trap that the list above does not have.
static void test_no_other_fgt(void **state) {
    (void)state;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        for (unsigned k = 0; k < r->traps; k++) {
            const SysRegTrap *t = &sysreg_traps[r->first_trap + k];
            if (!starts(t->name, "HFG") && !starts(t->name, "HDFG")) continue;
            bool listed = false;
            for (unsigned n = 0; n < ARRAY_LEN(fgt_covers); n++) {
                const FgtCovers *c = &fgt_covers[n];
                char which = starts(t->name, "HFGI") ? 'I' : strstr(t->name, "WTR_") ? 'W' : 'R';
                if (!strchr(c->registers, which) || t->mask != 1ull << c->bit || t->when_zero)
                    continue;
                if (which != 'I' && starts(c->registers, "HD") != starts(t->name, "HD")) continue;
                for (unsigned m = 0; c->names[m]; m++) listed |= !strcmp(c->names[m], r->name);
            }
            if (!listed) fail_msg("%s is trapped by %s: not in the test's list", r->name, t->name);
        }
    }
}

static void test_fgt_registers(void **state) {
    (void)state;
    static const struct {
        const char *name;
        u64 bits;  // with every feature of `max`
    } registers[] = {{"HFGITR_EL2", 0x7fffffffffffffull}};
    for (unsigned i = 0; i < ARRAY_LEN(registers); i++) {
        set_el(2);
        put(registers[i].name, ~0ull);
        assert_int_equal(get(registers[i].name), registers[i].bits);
    }
    // SVC and ERET.
    static const struct { unsigned el, bit; } svc[] = {{0, 52}, {1, 53}};
    for (unsigned i = 0; i < ARRAY_LEN(svc); i++) {
        set_hcr(0);
        set_el(2);
        put("HFGITR_EL2", 1ull << svc[i].bit);
        set_el(svc[i].el);
        cpu->pc = 0x4000;
        AArch64_CallSupervisor(cpu, 0x123);
        assert_int_equal(cpu->el, 2);
        assert_int_equal(cpu->sys.ELR_EL2, 0x4000);
        assert_int_equal(cpu->sys.ESR_EL2, (u64)EC_SVC64 << 26 | 1 << 25 | 0x123);
        put("HFGITR_EL2", ~(1ull << svc[i].bit));
        set_el(svc[i].el);
        cpu->pc = 0x4000;
        AArch64_CallSupervisor(cpu, 0x123);
        assert_int_equal(cpu->el, 1);
        assert_int_equal(cpu->sys.ELR_EL1, 0x4004);
    }
    set_hcr(1ull << HCR_E2H | 1ull << HCR_TGE);
    set_el(2);
    put("HFGITR_EL2", 1ull << 52);
    set_el(0);
    cpu->pc = 0x4000;
    AArch64_CallSupervisor(cpu, 0);
    assert_int_equal(cpu->sys.ELR_EL2, 0x4004);  // not trapped: the host's own
    use_model("neoverse-n1", true, 3);
    expect_undefined(2, true, "HFGRTR_EL2");
    use_model("max", false, 3);
    assert_int_equal(get("ID_AA64MMFR0_EL1") >> 56 & 15, 0);
    use_model("max", true, 3);
    assert_int_equal(get("ID_AA64MMFR0_EL1") >> 56 & 15, 1);
}

static void test_fp_traps(void **state) {
    (void)state;
    set_hcr(0);
    cpu->sys.CPTR_EL2 = 0;
    cpu->sys.CPACR_EL1 = 0;
    expect_exception(1, true, "FPCR", 1, EC_FP_ACCESS);
    cpu->sys.CPACR_EL1 = 1 << 20;
    expect_exception(0, false, "FPSR", 1, EC_FP_ACCESS);
    expect_allowed(1, true, "FPCR");
    cpu->sys.CPACR_EL1 = 3 << 20;
    expect_allowed(0, true, "FPCR");
    cpu->sys.CPTR_EL2 = 1 << 10;
    expect_exception(0, true, "FPCR", 2, EC_FP_ACCESS);
    expect_exception(2, true, "FPSR", 2, EC_FP_ACCESS);
}

// --- redirection, fast paths -----------------------------------------------------------------

static void test_vhe(void **state) {
    (void)state;
    unsigned checked = 0;
    set_hcr(1ull << HCR_E2H);
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        if (r->vhe == SYSREG_NONE || r->read || r->write_el > 2) continue;
        const SysRegInfo *v = sysreg_info(r->vhe);
        char alias[40];
        snprintf(alias, sizeof alias, "%s2", r->name);
        u64 *own = sysreg_storage(cpu, i), *other = sysreg_storage(cpu, r->vhe);
        u64 value = 0x00000800 & machine.sysreg_writable[i] & machine.sysreg_writable[r->vhe];
        set_el(2);
        *own = *other = 0;
        put(r->name, value | 0x30000);
        u64 seen = *other;
        assert_int_equal(*own, 0);
        assert_int_equal(get(r->name), seen);
        assert_int_equal(get(v->name), seen);
        put(alias, 0);
        assert_int_equal(*other, seen);
        *own = 0x1234;
        assert_int_equal(get(alias), 0x1234);
        expect_undefined(1, true, alias);
        checked++;
    }
    assert_int_equal(checked, 17);
    set_hcr(0);
    set_el(2);
    put("ELR_EL1", 0x4444);
    assert_int_equal(cpu->sys.ELR_EL1, 0x4444);
}

static u64 rng_state = 1;
static u64 rng(void) {
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    return rng_state ^= rng_state << 17;
}

// Whatever the fast path does, the slow path does the same.
static void test_fast_paths(void **state) {
    (void)state;
    struct SysRegs after_fast, start;
    unsigned fast_reads = 0, fast_writes = 0;
    for (unsigned round = 0; round < 40; round++) {
        static const char *const names[] = {"max", "cortex-a72"};
        use_model(names[round & 1], true, 3);
        for (unsigned i = 0; i < SYSREG_COUNT; i++) {
            const SysRegInfo *r = sysreg_info(i);
            if (r->insn || !strncmp(r->name, "IC", 2) || r->after) continue;
            unsigned el = round / 2 % 3;
            u64 hcr = rng() & machine.sysreg_writable[SYSREG_HCR_EL2] & ~(7ull << HCR_VF);
            if (el == 1) hcr &= ~(1ull << HCR_TGE);
            if (round & 4) hcr = hcr & (1ull << HCR_E2H | 1ull << HCR_TGE);
            if (el == 1) hcr &= ~(1ull << HCR_TGE);
            set_hcr(hcr);
            cpu->sys.MDCR_EL2 = rng() & 0xe00;
            cpu->sys.SCTLR_EL1 = rng() & el0_enables;
            set_el(el);
            if (el && (rng() & 1)) cpu->pstate &= ~(u32)PSTATE_SP;
            u64 *storage = sysreg_storage(cpu, i), fast = 0, slow = 1, value = rng();
            if (storage != &cpu->sys.HCR_EL2 && storage != &cpu->sys.MDCR_EL2)
                *storage ^= rng() & 0xff0;
            cpu->sp_el[0] = rng();
            u64 exceptions = cpu->exceptions;
            if (sysreg_fast_read(cpu, i, &fast)) {
                fast_reads++;
                if (!sysreg_read(cpu, r->enc, RT, &slow) || slow != fast)
                    fail_msg("fast read of %s at EL%u differs", r->name, el);
            }
            start = cpu->sys;
            u64 sp0 = cpu->sp_el[0];
            if (sysreg_fast_write(cpu, i, value)) {
                fast_writes++;
                after_fast = cpu->sys;
                u64 sp0_fast = cpu->sp_el[0];
                cpu->sys = start;
                cpu->sp_el[0] = sp0;
                if (!sysreg_write(cpu, r->enc, RT, value) ||
                    memcmp(&after_fast, &cpu->sys, sizeof start) || cpu->sp_el[0] != sp0_fast)
                    fail_msg("fast write of %s at EL%u differs", r->name, el);
            }
            assert_int_equal(cpu->exceptions, exceptions);
            cpu->sys = start;
        }
    }
    assert_true(fast_reads > 500 && fast_writes > 300);
}

static bool is_fast(const char *name, unsigned el, u64 hcr) {
    u64 value;
    set_hcr(hcr);
    set_el(el);
    return sysreg_fast_read(cpu, sysreg_find(name), &value) &&
           sysreg_fast_write(cpu, sysreg_find(name), value);
}

// The registers that guests use all the time stay on the fast path.
static void test_hot_registers_are_fast(void **state) {
    (void)state;
    static const char *const el1[] = {"SP_EL0",   "TPIDR_EL1", "TPIDR_EL0", "ELR_EL1",
                                      "SPSR_EL1", "ESR_EL1",   "FAR_EL1"};
    for (unsigned i = 0; i < ARRAY_LEN(el1); i++) {
        assert_true(is_fast(el1[i], 1, 0));
        assert_true(is_fast(el1[i], 2, 0));
        assert_true(is_fast(el1[i], 2, 1ull << HCR_E2H));
    }
    static const char *const el2[] = {"TPIDR_EL2", "ELR_EL2", "SPSR_EL2",
                                      "ESR_EL2",   "FAR_EL2", "HPFAR_EL2"};
    for (unsigned i = 0; i < ARRAY_LEN(el2); i++) assert_true(is_fast(el2[i], 2, 0));
    assert_true(is_fast("TPIDR_EL0", 0, 0));
    assert_true(is_fast("TPIDR_EL0", 0, 1ull << HCR_E2H | 1ull << HCR_TGE));
    assert_true(is_fast("ELR_EL12", 2, 1ull << HCR_E2H));
    assert_false(is_fast("ELR_EL12", 2, 0));
    assert_false(is_fast("ESR_EL1", 1, 1ull << HCR_TVM));
    assert_false(is_fast("ESR_EL1", 1, 1ull << HCR_TRVM));
    assert_false(is_fast("ESR_EL1", 0, 0));
}

// --- hooks -----------------------------------------------------------------------------------

static void test_stack_pointers(void **state) {
    (void)state;
    set_hcr(0);
    set_el(1);
    put("SP_EL0", 0x1000);
    assert_int_equal(cpu->sp_el[0], 0x1000);
    cpu->x[REG_SP] = 0x2000;
    put("SPSel", 0);
    assert_int_equal(cpu->x[REG_SP], 0x1000);
    assert_int_equal(cpu->sp_el[1], 0x2000);
    assert_int_equal(get("SPSel"), 0);
    u64 value;
    assert_false(reads("SP_EL0", &value));
    assert_int_equal(bits(cpu->sys.ESR_EL1, 31, 26), EC_UNKNOWN);
    set_el(2);
    put("SP_EL1", 0x3000);
    assert_int_equal(cpu->sp_el[1], 0x3000);
    assert_int_equal(get("SP_EL1"), 0x3000);
}

static void test_pstate_registers(void **state) {
    (void)state;
    set_hcr(0);
    set_el(1);
    assert_int_equal(get("CurrentEL"), 4);
    put("NZCV", 0xffffffffffffffff);
    assert_int_equal(get("NZCV"), 0xf0000000);
    put("NZCV", 0x60000000);
    assert_int_equal(get("NZCV"), 0x60000000);
    put("DAIF", 0xffff);
    assert_int_equal(get("DAIF"), 0x3c0);
    put("DAIF", 0x80);
    assert_int_equal(get("DAIF"), 0x80);
    put("PAN", 1 << 22);
    assert_int_equal(get("PAN"), 1 << 22);
    assert_ptr_equal(cpu->tlb, tlb_for_mode(cpu, MODE_E10_1P));
    put("PAN", 0);
    assert_ptr_equal(cpu->tlb, tlb_for_mode(cpu, MODE_E10_1));
    put("UAO", ~0ull);
    assert_int_equal(get("UAO"), 1 << 23);
    put("DIT", ~0ull);
    assert_int_equal(get("DIT"), 1 << 24);
    put("SSBS", ~0ull);
    assert_int_equal(get("SSBS"), 1 << 12);
    assert_int_equal(get("CurrentEL"), 4);
}

// FEAT_RNG: another number each time, by seed and CPU; NZCV 0000 says that there is one.
static void test_random_numbers(void **state) {
    (void)state;
    set_hcr(0);
    for (int el = 0; el <= 2; el++) {
        set_el(el);
        cpu->random = 5;
        u64 first, second, value;
        cpu_set_nzcv(cpu, 0xf0000000);
        assert_true(reads("RNDR", &first));
        assert_int_equal(cpu_nzcv(cpu), 0);
        cpu_set_nzcv(cpu, 0x40000000);
        assert_true(reads("RNDRRS", &second));
        assert_int_equal(cpu_nzcv(cpu), 0);
        assert_true(first != second);
        cpu->random = 5;
        assert_true(reads("RNDR", &value));
        assert_true(value == first);
        assert_false(sysreg_write(cpu, enc_of("RNDR"), RT, 0));
        assert_int_equal(bits(el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1, 31, 26), EC_UNKNOWN);
    }
}

static void test_id_registers(void **state) {
    (void)state;
    set_hcr(0);
    set_el(2);
    assert_int_equal(get("MIDR_EL1"), 0x000f0510);
    assert_int_equal(get("MPIDR_EL1"), 0x80000000);
    put("VPIDR_EL2", 0x12345678);
    put("VMPIDR_EL2", 0x80000007);
    assert_int_equal(get("MIDR_EL1"), 0x000f0510);
    set_el(1);
    assert_int_equal(get("MIDR_EL1"), 0x12345678);
    assert_int_equal(get("MPIDR_EL1"), 0x80000007);
    put("CSSELR_EL1", 1);
    assert_int_equal(get("CCSIDR_EL1"), 0x201fe012);
    put("CSSELR_EL1", 2);
    assert_int_equal(get("CCSIDR_EL1"), 0x70ffe07a);
    put("CSSELR_EL1", 4);
    assert_int_equal(get("CCSIDR_EL1"), 0);
    cpu->sys.SCTLR_EL1 = 1 << 14;
    assert_int_equal(get("DCZID_EL0"), 4);
    set_hcr(1 << 28);
    assert_int_equal(get("DCZID_EL0"), 0x14);
    set_hcr(0);
    cpu->sys.HFGITR_EL2 = 1 << 11;  // DCZVA traps as well, but DZP does not tell
    assert_int_equal(get("DCZID_EL0"), 4);
    cpu->sys.HFGITR_EL2 = 0;
    set_el(0);
    assert_int_equal(get("DCZID_EL0"), 4);
    cpu->sys.SCTLR_EL1 = 0;
    assert_int_equal(get("DCZID_EL0"), 0x14);
    assert_int_equal(cpus[1]->sys.MPIDR_EL1, 0x80000001);
    assert_int_equal(cpus[1]->sys.VMPIDR_EL2, 0x80000001);
}

// A guest whose SErrors are EL2's sees VDISR_EL2 by the name DISR_EL1.
static void test_disr(void **state) {
    (void)state;
    set_hcr(1 << HCR_AMO);
    set_el(2);
    put("DISR_EL1", 1u << 31);
    put("VDISR_EL2", 1 << 24);
    assert_int_equal(get("DISR_EL1"), 1u << 31);
    set_el(1);
    assert_int_equal(get("DISR_EL1"), 1 << 24);
    put("DISR_EL1", ~0ull);
    assert_int_equal(cpu->sys.VDISR_EL2, 0x81ffffff);
    assert_int_equal(cpu->sys.DISR_EL1, 1u << 31);
    set_hcr(0);
    assert_int_equal(get("DISR_EL1"), 1u << 31);
}

static void test_isr(void **state) {
    (void)state;
    set_el(2);
    cpu->lines = LINE_IRQ | LINE_VFIQ;
    set_hcr(0);
    assert_int_equal(get("ISR_EL1"), 1 << 7);
    set_hcr(1 << HCR_IMO | 1 << HCR_FMO | 1 << HCR_AMO | 1 << HCR_VSE);
    assert_int_equal(get("ISR_EL1"), 1 << 7);
    set_el(1);
    assert_int_equal(get("ISR_EL1"), 1 << 6 | 1 << 8);
    set_hcr(1 << HCR_IMO | 1 << HCR_VI);
    assert_int_equal(get("ISR_EL1"), 1 << 7);
    cpu->lines = 0;
}

static void test_debug_registers(void **state) {
    (void)state;
    set_hcr(0);
    set_el(1);
    assert_int_equal(get("OSLSR_EL1"), 0xa);
    put("MDSCR_EL1", 1u << 30 | 1 << 14 | 1);
    assert_int_equal(get("MDSCR_EL1"), 1u << 30 | 1 << 14 | 1);
    put("OSLAR_EL1", 0);
    assert_int_equal(get("OSLSR_EL1"), 8);
    put("MDSCR_EL1", 0);
    assert_int_equal(get("MDSCR_EL1"), 1u << 30 | 1 << 14);
    put("DBGCLAIMSET_EL1", 0x33);
    put("DBGCLAIMCLR_EL1", 0x03);
    assert_int_equal(get("DBGCLAIMCLR_EL1"), 0x30);
    assert_int_equal(get("DBGCLAIMSET_EL1"), 0xff);
    cpu->sys.DBGDTRRX_EL0 = cpu->sys.DBGDTR_EL0 = 5;  // nobody is at the other end
    assert_int_equal(get("DBGDTRRX_EL0"), 0);
    assert_int_equal(get("DBGDTR_EL0"), 0);
    put("DBGBVR5_EL1", 0x8123456789abcdef);  // may be a context ID
    assert_int_equal(get("DBGBVR5_EL1"), 0x8123456789abcdef);
    put("DBGWVR3_EL1", 0x001ffffffffffffb);  // an address, hardwired to be sign-extended
    assert_int_equal(get("DBGWVR3_EL1"), 0xfffffffffffffff8);
    put("OSDLR_EL1", 1);
    assert_int_equal(get("OSDLR_EL1"), cpu_has(cpu, FEAT_DoubleLock));
}

static void put_at_el1(const char *name, u64 value) {
    set_el(1);
    put(name, value);
}

// FEAT_DoubleLock: OSDLR_EL1.DLK disables debug exceptions unless DBGPRCR_EL1.CORENPDRQ.
static void test_double_lock(void **state) {
    (void)state;
    use_model("cortex-a57", true, 2);
    set_hcr(0);
    set_el(0);
    put_at_el1("OSLAR_EL1", 0);
    assert_true(debug_exceptions_enabled(cpu, 0, false));
    put_at_el1("OSDLR_EL1", 1);
    assert_false(debug_exceptions_enabled(cpu, 0, false));
    put_at_el1("DBGPRCR_EL1", 1);
    assert_true(debug_exceptions_enabled(cpu, 0, false));
}

static void test_write_effects(void **state) {
    (void)state;
    set_hcr(0);
    set_el(2);
    assert_ptr_equal(cpu->tlb, tlb_for_mode(cpu, MODE_E2));
    put("HCR_EL2", 1ull << HCR_E2H);
    assert_ptr_equal(cpu->tlb, tlb_for_mode(cpu, MODE_E20_2));
    put("CPACR_EL1", 0);  // CPTR_EL2 here
    assert_false(cpu->fp_on);
    put("CPACR_EL1", 3 << 20);
    assert_true(cpu->fp_on);
    put("HCR_EL2", 0);
    assert_int_equal(cpu->sys.HCR_EL2, 1ull << HCR_RW);
    put("CPTR_EL2", 1 << 10);
    assert_false(cpu->fp_on);
    // A changed ASID is a changed context.
    set_el(1);
    cpu->sys.SCTLR_EL1 |= 1;
    tlb_context_changed(cpu);
    Tlb *before = cpu->tlb;
    put("TTBR0_EL1", 1ull << 48);
    assert_ptr_not_equal(cpu->tlb, before);
    put("TTBR0_EL1", 0);
    assert_ptr_equal(cpu->tlb, before);
    // A virtual interrupt made pending asks for attention.
    cpu->limit = 1000;
    cpu->pstate &= ~(u32)PSTATE_DAIF;
    cpu->el = 2;
    put("HCR_EL2", 1 << HCR_IMO);
    assert_int_equal(cpu->limit, 1000);
    cpu->el = 1;
    cpu->sys.HCR_EL2 |= 1 << HCR_VI;
    interrupts_changed(cpu);
    assert_int_equal(cpu->limit, 0);
}

// Registers that translation, or access to FP and SIMD, is derived from.
static void test_registers_with_effects(void **state) {
    (void)state;
    static const char *const names[] = {"SCTLR_EL1", "SCTLR_EL2", "TTBR0_EL1", "TTBR1_EL1",
                                        "TTBR0_EL2", "TTBR1_EL2", "TCR_EL1",   "TCR_EL2",
                                        "MAIR_EL1",  "MAIR_EL2",  "VTTBR_EL2", "VTCR_EL2"};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        set_hcr(0);
        set_el(2);
        u64 *storage = sysreg_storage(cpu, sysreg_find(names[i]));
        cpu->tlb_of[MODE_E10_0] = tlb_for_mode(cpu, MODE_E10_0);
        put(names[i], *storage ^ 1ull << 12);
        if (cpu->tlb_of[MODE_E10_0]) fail_msg("%s does not change the context", names[i]);
    }
    static const char *const fp[] = {"CPACR_EL1", "CPTR_EL2", "HCR_EL2"};
    for (unsigned i = 0; i < ARRAY_LEN(fp); i++)
        assert_non_null(sysreg_info(sysreg_find(fp[i]))->after);
    static const char *const debug[] = {"DBGBCR0_EL1", "DBGBVR5_EL1", "DBGWCR0_EL1", "OSDLR_EL1",
                                        "DBGPRCR_EL1"};
    for (unsigned i = 0; i < ARRAY_LEN(debug); i++)
        assert_non_null(sysreg_info(sysreg_find(debug[i]))->after);
}

// --- TLB maintenance -------------------------------------------------------------------------

static TlbiScope tlbi(unsigned el, const char *name, u64 xt) {
    last_scope = (TlbiScope){0};
    scope_cpus = 0;
    set_el(el);
    put(name, xt);
    return last_scope;
}

static void test_tlbi(void **state) {
    (void)state;
    set_hcr(0);
    cpu->sys.VTTBR_EL2 = 7ull << 48;
    TlbiScope s = tlbi(1, "TLBI VAE1", 5ull << 48 | 0xfffff800012ull);
    assert_int_equal(scope_cpus, 1);
    assert_int_equal(s.regime, TLBI_EL10);
    assert_true(s.by_vmid && s.by_asid && s.global_too && s.by_va && !s.last_level &&
                !s.stage2_only);
    assert_int_equal(s.vmid, 7);
    assert_int_equal(s.asid, 5);
    assert_int_equal(s.va_lo, 0xfffffff800012000ull);
    s = tlbi(1, "TLBI VAALE1IS", 0x12);
    assert_int_equal(scope_cpus, 3);
    assert_true(s.by_va && !s.by_asid && s.last_level && s.by_vmid);
    assert_int_equal(s.va_lo, 0x12000);
    assert_int_equal(s.va_hi, 0x12fff);
    s = tlbi(1, "TLBI ASIDE1", 9ull << 48);
    assert_true(s.by_asid && !s.global_too && !s.by_va && s.by_vmid);
    s = tlbi(1, "TLBI VMALLE1", 0);
    assert_true(s.by_vmid && !s.by_asid && !s.by_va);
    assert_int_equal(s.regime, TLBI_EL10);
    set_hcr(1 << HCR_FB);
    tlbi(1, "TLBI VMALLE1", 0);
    assert_int_equal(scope_cpus, 3);
    set_hcr(0);
    s = tlbi(2, "TLBI ALLE1IS", 0);
    assert_true(s.regime == TLBI_EL10 && !s.by_vmid && scope_cpus == 3);
    s = tlbi(2, "TLBI VMALLS12E1", 0);
    assert_true(s.regime == TLBI_EL10 && s.by_vmid && s.vmid == 7 && scope_cpus == 1);
    s = tlbi(2, "TLBI IPAS2E1IS", 0x40000);
    assert_true(s.stage2_only && s.by_va && s.by_vmid && s.va_lo == 0x40000000);
    s = tlbi(2, "TLBI VAE2", 5ull << 48 | 0x12);
    assert_true(s.regime == TLBI_EL2 && s.by_va && !s.by_asid && !s.by_vmid);
    s = tlbi(2, "TLBI ALLE2", 0);
    assert_true(s.regime == TLBI_EL2 && !s.by_va);
    set_hcr(1ull << HCR_E2H);
    s = tlbi(2, "TLBI VAE2IS", 5ull << 48 | 0x12);
    assert_true(s.regime == TLBI_EL20 && s.by_asid && s.asid == 5);
    s = tlbi(2, "TLBI VAE1", 5ull << 48 | 0x12);  // E2H without TGE: the guest's
    assert_true(s.regime == TLBI_EL10 && s.by_vmid);
    set_hcr(1ull << HCR_E2H | 1ull << HCR_TGE);
    s = tlbi(2, "TLBI VAE1IS", 5ull << 48 | 0x12);
    assert_true(s.regime == TLBI_EL20 && s.by_asid && !s.by_vmid);
    s = tlbi(2, "TLBI VMALLE1", 0);
    assert_true(s.regime == TLBI_EL20 && !s.by_asid && !s.by_va);
    s = tlbi(2, "TLBI VMALLS12E1", 0);
    assert_true(s.regime == TLBI_EL10 && s.by_vmid);
    s = tlbi(2, "TLBI ALLE1", 0);
    assert_true(s.regime == TLBI_EL10 && !s.by_vmid);
}

static void test_tlbi_range(void **state) {
    (void)state;
    set_hcr(0);
    // TG = 4K, SCALE = 1, NUM = 2: 3 * 64 pages.
    TlbiScope s = tlbi(1, "TLBI RVAE1", 3ull << 48 | 1ull << 46 | 1ull << 44 | 2ull << 39 | 0x1000);
    assert_true(s.by_va && s.by_asid && s.asid == 3);
    assert_int_equal(s.va_lo, 0x1000000);
    assert_int_equal(s.va_hi, 0x1000000 + 3 * 64 * 4096 - 1);
    // TG = 64K, upper range.
    s = tlbi(1, "TLBI RVAAE1IS", 3ull << 46 | 0x1fffff0000ull);
    assert_int_equal(s.va_lo, 0xffffffff00000000ull);
    assert_int_equal(s.va_hi, 0xffffffff0001ffffull);
    tlbi(1, "TLBI RVAE1", 0x1000);  // TG reserved
    assert_int_equal(scope_cpus, 0);
}

// --- models ----------------------------------------------------------------------------------

static bool has(enum Feature f) {
    return cpu_has(cpu, f);
}

static void test_models(void **state) {
    (void)state;
    Error err = {0};
    assert_false(cpu_model_features(&machine, "cortex-z99", &err));
    assert_non_null(strstr(err.text, "cortex-z99"));
    assert_non_null(strstr(err.text, "neoverse-n1"));
    for (unsigned i = 0; cpu_model_name(i); i++) {
        use_model(cpu_model_name(i), true, i & 1 ? 3 : 2);
        u64 pfr0 = get("ID_AA64PFR0_EL1");
        assert_int_equal(bits(pfr0, 15, 0), 0x0111);  // no AArch32, no EL3
        assert_int_equal(bits(pfr0, 27, 24), i & 1);
        assert_int_equal(bits(pfr0, 35, 32), 0);  // SVE
        assert_int_equal(bits(get("ID_AA64MMFR0_EL1"), 11, 8), 0);
        bool mte = machine.config.mte;
        assert_int_equal(bits(get("ID_AA64PFR1_EL1"), 11, 8), mte ? 3 : 0);
        assert_true(has(FEAT_AES) && has(FEAT_PMULL) && has(FEAT_CRC32) && has(FEAT_EL2));
        use_model(cpu_model_name(i), false, 3);
        assert_int_equal(bits(get("ID_AA64PFR0_EL1"), 11, 8), 0);
        assert_false(has(FEAT_EL2) || has(FEAT_VHE));
        assert_int_equal(cpu->sys.HCR_EL2, 0);
    }
    use_model("cortex-a72", true, 3);
    assert_int_equal(get("MIDR_EL1"), 0x410fd083);
    assert_false(has(FEAT_LSE) || has(FEAT_VHE) || has(FEAT_PAN) || has(FEAT_FP16));
    assert_true(has(FEAT_ASID16) && has(FEAT_GRAN64K) && !has(FEAT_GRAN16K));
    assert_int_equal(bits(get("ID_AA64DFR0_EL1"), 11, 8), 1);  // PMUVer
    assert_true(has(FEAT_PMUv3) && !has(FEAT_PMUv3p1));
    use_model("neoverse-n1", true, 3);
    assert_true(has(FEAT_LSE) && has(FEAT_VHE) && has(FEAT_PAN2) && has(FEAT_VMID16) &&
                has(FEAT_GICv3));
    assert_false(has(FEAT_PAuth) || has(FEAT_FlagM) || has(FEAT_PAN3));
    assert_int_equal(bits(get("ID_AA64DFR0_EL1"), 11, 8), 4);
    assert_true(has(FEAT_PMUv3p1) && !has(FEAT_PMUv3p4));
    use_model("max", true, 2);
    assert_true(has(FEAT_PAuth) && has(FEAT_FlagM2) && has(FEAT_TLBIRANGE) && has(FEAT_EVT));
    assert_int_equal(bits(get("ID_AA64DFR0_EL1"), 11, 8), 6);
    assert_true(has(FEAT_PMUv3p4) && has(FEAT_PMUv3p5));
    assert_true(has(FEAT_MTE) && has(FEAT_MTE2) && has(FEAT_MTE3));
    assert_true(has(FEAT_BTI) && has(FEAT_RNG) && has(FEAT_BF16));
    assert_false(has(FEAT_GICv3));
    assert_true(has(FEAT_RASv1p1) && has(FEAT_IESB) && has(FEAT_CSV2_2) && has(FEAT_SPECRES) &&
                has(FEAT_TWED) && has(FEAT_ECV) && has(FEAT_ECV_POFF) && has(FEAT_IDST) &&
                has(FEAT_LOR));
    assert_false(has(FEAT_TRF) || has(FEAT_DoubleLock) || has(FEAT_NMI));
    use_model("neoverse-n1", true, 3);
    assert_true(has(FEAT_RAS) && has(FEAT_IESB) && has(FEAT_CSV2) && has(FEAT_LOR));
    assert_false(has(FEAT_RASv1p1) || has(FEAT_CSV2_2) || has(FEAT_SPECRES) || has(FEAT_TWED) ||
                 has(FEAT_IDST) || has(FEAT_DoubleLock));
    use_model("cortex-a57", true, 2);
    assert_true(has(FEAT_DoubleLock));
    assert_false(has(FEAT_RAS) || has(FEAT_IESB) || has(FEAT_CSV2));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_lookup),
        T(test_masks),
        T(test_permission),
        T(test_unallocated),
        T(test_hcr_traps),
        T(test_no_other_hcr_traps),
        T(test_trapped_groups),
        T(test_presence),
        T(test_hooked_registers),
        T(test_el0_enables),
        T(test_el0_rules),
        T(test_mdcr_and_cptr_traps),
        T(test_fgt),
        T(test_no_other_fgt),
        T(test_fgt_registers),
        T(test_fp_traps),
        T(test_vhe),
        T(test_fast_paths),
        T(test_hot_registers_are_fast),
        T(test_stack_pointers),
        T(test_pstate_registers),
        T(test_random_numbers),
        T(test_id_registers),
        T(test_disr),
        T(test_isr),
        T(test_debug_registers),
        T(test_double_lock),
        T(test_write_effects),
        T(test_registers_with_effects),
        T(test_tlbi),
        T(test_tlbi_range),
        T(test_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
