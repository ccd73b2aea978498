// CPU models (Arm ARM: "ID registers" in "The AArch64 System Register Descriptions"). An ID
// register advertises what this program does, so the values differ from the real parts' in: no
// AArch32, no EL3, little-endian only, 6 event counters, RAS
// without error records, FEAT_LOR without LORegions (LORID_EL1 is 0), no SVE. Features (cpu_has())
// are derived from the ID registers: one table, below.
#include "cpu/cpu_models.h"
#include "cpu/mte.h"
#include "cpu/sysreg.h"

#include <stdio.h>

typedef struct CpuModel {
    const char *name;
    u32 midr;
    u64 ctr;        // CTR_EL0
    u64 clidr;      // CLIDR_EL1
    u32 ccsidr[4];  // level 1 data, level 1 instruction, level 2, level 3
    u32 pmcr;       // PMCR_EL0.{IMP,IDCODE}
    u64 pfr0, pfr1, dfr0, isar0, isar1, isar2, mmfr0, mmfr1, mmfr2;
    bool mte;  // with memory that has tags: FEAT_MTE3
} CpuModel;

// One nibble of an ID register.
#define ID(value, lo) ((u64)(value) << (lo))

// PFR0: EL0, EL1, EL2 in AArch64 alone. EL2 and the GIC field depend on the machine.
#define PFR0_BASE (ID(1, 0) | ID(1, 4) | ID(1, 8))
// Breakpoints, watchpoints and context-aware breakpoints, each minus one.
#define DFR0_BASE \
    (ID(DEBUG_BREAKPOINTS - 1, 12) | ID(DEBUG_WATCHPOINTS - 1, 20) | ID(DEBUG_CONTEXT - 1, 28))
#define NO_DOUBLE_LOCK ID(15, 36)
#define ISAR0_V80      (ID(2, 4) | ID(1, 8) | ID(1, 12) | ID(1, 16))  // AES+PMULL, SHA1, SHA256, CRC32
#define ISAR0_V82      (ISAR0_V80 | ID(2, 20) | ID(1, 28) | ID(1, 44))  // LSE, RDM, DotProd
// HAFDBS 2, VMID 16 bits, VHE, HPDS2, LOR, XNX
#define MMFR1_V82 (ID(2, 0) | ID(2, 4) | ID(1, 8) | ID(2, 12) | ID(1, 16) | ID(1, 28))
// FP16, RAS, CSV2, CSV3
#define PFR0_V82 (PFR0_BASE | ID(1, 16) | ID(1, 20) | ID(1, 28) | ID(1, 56) | ID(1, 60))

static const CpuModel models[] = {
    {
        .name = "cortex-a57",
        .midr = 0x411fd070,
        .ctr = 0x8444c004,
        .clidr = 0x0a200023,
        .ccsidr = {0x701fe00a, 0x201fe012, 0x70ffe07a},
        .pmcr = 0x41010000,
        .pfr0 = PFR0_BASE,
        .dfr0 = DFR0_BASE | ID(6, 0) | ID(1, 8),
        .isar0 = ISAR0_V80,
        .mmfr0 = ID(4, 0) | ID(2, 4),  // 44-bit PA, 16-bit ASID, 4K and 64K
    },
    {
        .name = "cortex-a72",
        .midr = 0x410fd083,
        .ctr = 0x8444c004,
        .clidr = 0x0a200023,
        .ccsidr = {0x701fe00a, 0x201fe012, 0x707fe07a},
        .pmcr = 0x41020000,
        .pfr0 = PFR0_BASE,
        .dfr0 = DFR0_BASE | ID(6, 0) | ID(1, 8),
        .isar0 = ISAR0_V80,
        .mmfr0 = ID(4, 0) | ID(2, 4),
    },
    {
        .name = "neoverse-n1",
        .midr = 0x414fd0c1,
        .ctr = 0x8444c004,
        .clidr = 0x82000023,
        .ccsidr = {0x701fe01a, 0x201fe01a, 0x70ffe03a},
        .pmcr = 0x410c0000,
        .pfr0 = PFR0_V82,
        .pfr1 = ID(2, 4),  // SSBS
        .dfr0 = DFR0_BASE | ID(7, 0) | ID(4, 8) | NO_DOUBLE_LOCK,
        .isar0 = ISAR0_V82,
        .isar1 = ID(1, 0) | ID(1, 20),             // DPB, LRCPC
        .mmfr0 = ID(5, 0) | ID(2, 4) | ID(1, 20),  // 48-bit PA, 16K too
        .mmfr1 = MMFR1_V82 | ID(2, 20),            // PAN2
        .mmfr2 = ID(1, 0) | ID(1, 4) | ID(1, 12),  // CnP, UAO, IESB
    },
    {
        .name = "max",
        .midr = 0x000f0510,
        .ctr = 0x8444c004 | 1ull << 28 | 1ull << 29,       // caches are coherent: IDC, DIC
        .clidr = 0x0a200023 & ~(7ull << 21 | 7ull << 27),  // so no level of unification
        .ccsidr = {0x701fe00a, 0x201fe012, 0x70ffe07a},
        .pfr0 = (PFR0_V82 + ID(1, 28) + ID(1, 56)) | ID(1, 48),  // RAS 1.1, CSV2_2, DIT
        .pfr1 = ID(1, 0) | ID(2, 4),                             // BTI, SSBS
        .mte = true,
        .dfr0 = DFR0_BASE | ID(7, 0) | ID(6, 8) | NO_DOUBLE_LOCK,
        // SHA512, SHA3, SM3, SM4, FHM, FlagM2, TLBIRANGE, RNG
        .isar0 = ISAR0_V82 | ID(2, 12) | ID(1, 32) | ID(1, 36) | ID(1, 40) | ID(1, 48) | ID(2, 52) |
                 ID(2, 56) | ID(1, 60),
        // DPB2, FPAC by an IMPLEMENTATION DEFINED function, JSCVT, FCMA, LRCPC2, GPI, FRINTTS, SB,
        // SPECRES, BF16, DGH, I8MM
        .isar1 = ID(2, 0) | ID(4, 8) | ID(1, 12) | ID(1, 16) | ID(2, 20) | ID(1, 28) | ID(1, 32) |
                 ID(1, 36) | ID(1, 40) | ID(1, 44) | ID(1, 48) | ID(1, 52),
        .mmfr0 = ID(6, 0) | ID(2, 4) | ID(1, 20) | ID(2, 32) | ID(2, 36) | ID(2, 40) | ID(1, 56) |
                 ID(2, 60),                          // FGT, ECV 2
        .mmfr1 = MMFR1_V82 | ID(3, 20) | ID(1, 32),  // PAN3, TWED
        // CnP, UAO, IESB, LVA, NV2, TTST, LSE2, IDST, S2FWB, TTL, BBM level 2, EVT, E0PD
        .mmfr2 = ID(1, 0) | ID(1, 4) | ID(1, 12) | ID(1, 16) | ID(2, 24) | ID(1, 28) | ID(1, 32) |
                 ID(1, 36) | ID(1, 40) | ID(1, 48) | ID(2, 52) | ID(2, 56) | ID(1, 60),
    },
};

// A feature is there when the field is at least `least`. MMFR0's granules count differently: below.
typedef struct FeatureRule {
    enum Feature feature;
    u16 reg;  // offset in CpuModel
    u8 lo, least;
} FeatureRule;

#define REG(name) (u16) offsetof(CpuModel, name)

static const FeatureRule rules[] = {
    {FEAT_FP16, REG(pfr0), 16, 1},       {FEAT_DIT, REG(pfr0), 48, 1},
    {FEAT_RAS, REG(pfr0), 28, 1},        {FEAT_RASv1p1, REG(pfr0), 28, 2},
    {FEAT_CSV2_2, REG(pfr0), 56, 2},     {FEAT_SVE, REG(pfr0), 32, 1},
    {FEAT_CSV2, REG(pfr0), 56, 1},       {FEAT_CSV3, REG(pfr0), 60, 1},
    {FEAT_BTI, REG(pfr1), 0, 1},         {FEAT_SSBS, REG(pfr1), 4, 1},
    {FEAT_SSBS2, REG(pfr1), 4, 2},       {FEAT_MTE, REG(pfr1), 8, 1},
    {FEAT_MTE2, REG(pfr1), 8, 2},        {FEAT_MTE3, REG(pfr1), 8, 3},
    {FEAT_PMUv3, REG(dfr0), 8, 1},       {FEAT_TRF, REG(dfr0), 40, 1},
    {FEAT_PMUv3p1, REG(dfr0), 8, 4},     {FEAT_PMUv3p4, REG(dfr0), 8, 5},
    {FEAT_AES, REG(isar0), 4, 1},        {FEAT_PMULL, REG(isar0), 4, 2},
    {FEAT_SHA1, REG(isar0), 8, 1},       {FEAT_SHA256, REG(isar0), 12, 1},
    {FEAT_SHA512, REG(isar0), 12, 2},    {FEAT_CRC32, REG(isar0), 16, 1},
    {FEAT_LSE, REG(isar0), 20, 2},       {FEAT_RDM, REG(isar0), 28, 1},
    {FEAT_SHA3, REG(isar0), 32, 1},      {FEAT_SM3, REG(isar0), 36, 1},
    {FEAT_SM4, REG(isar0), 40, 1},       {FEAT_DotProd, REG(isar0), 44, 1},
    {FEAT_FHM, REG(isar0), 48, 1},       {FEAT_FlagM, REG(isar0), 52, 1},
    {FEAT_FlagM2, REG(isar0), 52, 2},    {FEAT_TLBIOS, REG(isar0), 56, 1},
    {FEAT_TLBIRANGE, REG(isar0), 56, 2}, {FEAT_RNG, REG(isar0), 60, 1},
    {FEAT_DPB, REG(isar1), 0, 1},        {FEAT_DPB2, REG(isar1), 0, 2},
    {FEAT_PAuth, REG(isar1), 4, 1},      {FEAT_PACQARMA5, REG(isar1), 4, 1},
    {FEAT_PAuth, REG(isar1), 8, 1},      {FEAT_PAuth2, REG(isar1), 4, 3},
    {FEAT_PAuth2, REG(isar1), 8, 3},     {FEAT_FPAC, REG(isar1), 4, 4},
    {FEAT_FPAC, REG(isar1), 8, 4},       {FEAT_JSCVT, REG(isar1), 12, 1},
    {FEAT_FCMA, REG(isar1), 16, 1},      {FEAT_LRCPC, REG(isar1), 20, 1},
    {FEAT_LRCPC2, REG(isar1), 20, 2},    {FEAT_FRINTTS, REG(isar1), 32, 1},
    {FEAT_SB, REG(isar1), 36, 1},        {FEAT_SPECRES, REG(isar1), 40, 1},
    {FEAT_BF16, REG(isar1), 44, 1},      {FEAT_DGH, REG(isar1), 48, 1},
    {FEAT_I8MM, REG(isar1), 52, 1},      {FEAT_WFxT, REG(isar2), 0, 2},
    {FEAT_ASID16, REG(mmfr0), 4, 2},     {FEAT_GRAN16K, REG(mmfr0), 20, 1},
    {FEAT_HAFDBS, REG(mmfr1), 0, 1},     {FEAT_VMID16, REG(mmfr1), 4, 2},
    {FEAT_VHE, REG(mmfr1), 8, 1},        {FEAT_HPDS, REG(mmfr1), 12, 1},
    {FEAT_HPDS2, REG(mmfr1), 12, 2},     {FEAT_LOR, REG(mmfr1), 16, 1},
    {FEAT_PAN, REG(mmfr1), 20, 1},       {FEAT_PAN2, REG(mmfr1), 20, 2},
    {FEAT_PAN3, REG(mmfr1), 20, 3},      {FEAT_XNX, REG(mmfr1), 28, 1},
    {FEAT_TWED, REG(mmfr1), 32, 1},      {FEAT_ECV, REG(mmfr0), 60, 1},
    {FEAT_ECV_POFF, REG(mmfr0), 60, 2},  {FEAT_TTCNP, REG(mmfr2), 0, 1},
    {FEAT_UAO, REG(mmfr2), 4, 1},        {FEAT_IESB, REG(mmfr2), 12, 1},
    {FEAT_NV, REG(mmfr2), 24, 1},        {FEAT_TTST, REG(mmfr2), 28, 1},
    {FEAT_LSE2, REG(mmfr2), 32, 1},      {FEAT_IDST, REG(mmfr2), 36, 1},
    {FEAT_S2FWB, REG(mmfr2), 40, 1},     {FEAT_TTL, REG(mmfr2), 48, 1},
    {FEAT_BBM, REG(mmfr2), 52, 1},       {FEAT_EVT, REG(mmfr2), 56, 1},
    {FEAT_E0PD, REG(mmfr2), 60, 1},      {FEAT_FGT, REG(mmfr0), 56, 1},
    {FEAT_LPA, REG(mmfr0), 0, 6},        {FEAT_LVA, REG(mmfr2), 16, 1},
    {FEAT_PMUv3p5, REG(dfr0), 8, 6},     {FEAT_NV2, REG(mmfr2), 24, 2},
};

static const CpuModel *find_model(const char *name) {
    for (unsigned i = 0; i < ARRAY_LEN(models); i++)
        if (!strcmp(models[i].name, name)) return &models[i];
    return NULL;
}

const char *cpu_model_name(unsigned n) {
    return n < ARRAY_LEN(models) ? models[n].name : NULL;
}

// -cpu max,pauth=,pauth-impdef=
static u64 choose_pauth(u64 isar1, PAuthChoice choice) {
    const u64 impdef = ID(15, 8) | ID(15, 28), qarma5 = ID(15, 4) | ID(15, 24);
    if (choice == PAUTH_OFF) return isar1 & ~(impdef | qarma5);
    if (choice == PAUTH_QARMA5) return (isar1 & ~impdef) | (isar1 & impdef) >> 4;
    return isar1;
}

// The model as this machine has it.
static CpuModel for_machine(const CpuModel *base, const MachineConfig *config) {
    CpuModel m = *base;
    if (config->gic_version == 3) m.pfr0 |= ID(1, 24);
    if (config->mte && m.mte) m.pfr1 |= ID(3, 8);
    m.isar1 = choose_pauth(m.isar1, config->pauth);
    if (!config->el2) {
        m.pfr0 &= ~ID(15, 8);
        m.mmfr0 &= ~ID(15, 56);  // FGT
        m.mmfr1 &= ~ID(15, 8);   // VHE
        m.mmfr2 &= ~ID(15, 24);  // NV
    }
    return m;
}

static void set_feature(Machine *machine, enum Feature f) {
    machine->features[f / 64] |= 1ull << (f % 64);
}

bool cpu_model_features(Machine *machine, const char *name, Error *err) {
    const CpuModel *base = find_model(name);
    if (!base) {
        char list[200] = "";
        for (unsigned i = 0; i < ARRAY_LEN(models); i++)
            snprintf(list + strlen(list), sizeof list - strlen(list), " %s", models[i].name);
        return error_set(err, "unknown CPU %s; there are:%s", name, list);
    }
    if (machine->config.mte && !base->mte)
        return error_set(err, "CPU %s has no memory tagging (mte=on)", name);
    CpuModel m = for_machine(base, &machine->config);
    memset(machine->features, 0, sizeof machine->features);
    for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
        u64 value;
        memcpy(&value, (const char *)&m + rules[i].reg, 8);
        if (bits(value, rules[i].lo + 3u, rules[i].lo) >= rules[i].least)
            set_feature(machine, rules[i].feature);
    }
    if (bits(m.mmfr0, 31, 28) != 15) set_feature(machine, FEAT_GRAN4K);
    if (bits(m.mmfr0, 27, 24) != 15) set_feature(machine, FEAT_GRAN64K);
    if (bits(m.dfr0, 39, 36) == 0) set_feature(machine, FEAT_DoubleLock);
    if (machine->config.el2) set_feature(machine, FEAT_EL2);
    if (machine->config.gic_version == 3) set_feature(machine, FEAT_GICv3);
    sysreg_init_masks(machine);
    return true;
}

void cpu_model_reset(Cpu *cpu, const char *name) {
    const CpuModel *base = find_model(name);
    CHECK(base);
    CpuModel m = for_machine(base, &cpu->machine->config);
    sysreg_reset(cpu);
    struct SysRegs *s = &cpu->sys;
    s->MIDR_EL1 = s->VPIDR_EL2 = m.midr;
    s->MPIDR_EL1 = s->VMPIDR_EL2 = cpu->mpidr;
    s->CTR_EL0 = m.ctr;
    s->PMCR_EL0 |= m.pmcr;
    s->CLIDR_EL1 = m.clidr;
    s->DCZID_EL0 = 4;  // 64 bytes
    s->GMID_EL1 = MTE_BLOCK_LOG2;
    s->ID_AA64PFR0_EL1 = m.pfr0;
    s->ID_AA64PFR1_EL1 = m.pfr1;
    s->ID_AA64DFR0_EL1 = m.dfr0;
    s->ID_AA64ISAR0_EL1 = m.isar0;
    s->ID_AA64ISAR1_EL1 = m.isar1;
    s->ID_AA64ISAR2_EL1 = m.isar2;
    s->ID_AA64MMFR0_EL1 = m.mmfr0;
    s->ID_AA64MMFR1_EL1 = m.mmfr1;
    s->ID_AA64MMFR2_EL1 = m.mmfr2;
}

u64 cpu_model_ccsidr(const Cpu *cpu, unsigned csselr) {
    const CpuModel *m = find_model(cpu->machine->config.cpu_model);
    CHECK(m);
    unsigned level = (csselr >> 1 & 7) + 1;
    unsigned type = (unsigned)bits(cpu->sys.CLIDR_EL1, level * 3 - 1, level * 3 - 3);
    bool instruction = csselr & 1;
    if (type == 0 || type > 4 || (instruction && !(type & 1)) || level > 3) return 0;
    if (level == 1) return m->ccsidr[instruction];
    return m->ccsidr[level];
}
