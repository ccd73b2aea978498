// Translation regimes: their controls, decoded from TCR_ELx, SCTLR_ELx,
// VTCR_EL2 and HCR_EL2. Arm ARM: "The AArch64 Virtual Memory System Architecture", pseudo-code
// AArch64.S1TTWParamsEL10/EL20/EL2, AArch64.NSS2TTWParams, AArch64.S2StartLevel.
// Left out: 52-bit addresses with 4 KB and 16 KB granules (FEAT_LPA2), permission indirection and
// overlays, 128-bit descriptors: none is advertised.
// Choices: a TxSZ out of range faults at level 0; a reserved or unsupported granule is 4 KB.
#include "mmu/walk.h"

u64 mmu_hcr(const Cpu *cpu) {
    return !cpu_have_el2(cpu) || cpu_in_host0(cpu) ? 0 : cpu->sys.HCR_EL2;
}

// ID_AA64MMFR0_EL1.PARange, TCR_ELx.{I}PS, VTCR_EL2.PS; the reserved value asks for more than there is.
static u8 pa_bits(unsigned encoded) {
    static const u8 table[8] = {32, 36, 40, 42, 44, 48, 52, 56};
    return table[encoded & 7];
}

// AArch64.PhysicalAddressSize.
static u8 output_bits(const Cpu *cpu, unsigned encoded, unsigned granule, unsigned pamax) {
    unsigned most = granule == 16 && cpu_has(cpu, FEAT_LPA) ? 52 : 48;
    return (u8)MIN(MIN(pa_bits(encoded), most), pamax);
}

static bool granule_supported(const Cpu *cpu, unsigned granule) {
    if (granule == 16) return cpu_has(cpu, FEAT_GRAN64K);
    if (granule == 14) return cpu_has(cpu, FEAT_GRAN16K);
    return true;
}

static u8 decode_tg0(const Cpu *cpu, unsigned tg) {
    u8 granule = tg == 1 ? 16 : tg == 2 ? 14 : 12;
    return granule_supported(cpu, granule) ? granule : 12;
}

static u8 decode_tg1(const Cpu *cpu, unsigned tg) {
    u8 granule = tg == 3 ? 16 : tg == 1 ? 14 : 12;
    return granule_supported(cpu, granule) ? granule : 12;
}

static unsigned max_txsz(const Cpu *cpu, unsigned granule) {
    if (!cpu_has(cpu, FEAT_TTST)) return 39;
    return granule == 16 ? 47 : 48;
}

// What granule and output size decide. ps is encoded.
static void load_tree(const Cpu *cpu, Tree *t, u8 granule, unsigned ps, unsigned pamax) {
    t->granule = granule;
    t->stride = granule - 3;
    t->ps = output_bits(cpu, ps, granule, pamax);
    t->wide = granule == 16 && cpu_has(cpu, FEAT_LPA);
    t->wide_base = t->wide && ps == 6;
    t->big_blocks = granule == 12 || (granule == 16 && pamax >= 52);
}

static u8 top_shift(const Tree *t) {
    return (u8)((3 - t->start) * t->stride + t->granule);
}

static void load_range(const Cpu *cpu, const Regime *r, S1Range *g, unsigned txsz, u8 granule,
                       unsigned ps) {
    unsigned least = granule == 16 && cpu_has(cpu, FEAT_LVA) ? 12 : 16;
    Tree *t = &g->tree;
    g->bad_size = txsz < least || txsz > max_txsz(cpu, granule);
    if (g->bad_size) txsz = 16;
    load_tree(cpu, t, granule, ps, r->pamax);
    t->iasize = (u8)(64 - txsz);
    t->start = (u8)(3 - (t->iasize - 1 - granule) / t->stride);
    t->top_shift = top_shift(t);
}

// TCR_EL1, and TCR_EL2 with E2H set.
static void load_tcr_two_ranges(const Cpu *cpu, Regime *r, u64 tcr) {
    bool hpds = cpu_has(cpu, FEAT_HPDS), pauth = cpu_has(cpu, FEAT_PAuth);
    bool tagging = cpu_has(cpu, FEAT_MTE2), e0pd = cpu_has(cpu, FEAT_E0PD),
         hafdbs = cpu_has(cpu, FEAT_HAFDBS);
    unsigned ips = (unsigned)bits(tcr, 34, 32);
    load_range(cpu, r, &r->range[0], (unsigned)bits(tcr, 5, 0),
               decode_tg0(cpu, (unsigned)bits(tcr, 15, 14)), ips);
    load_range(cpu, r, &r->range[1], (unsigned)bits(tcr, 21, 16),
               decode_tg1(cpu, (unsigned)bits(tcr, 31, 30)), ips);
    r->range[0].epd = bit(tcr, 7);
    r->range[1].epd = bit(tcr, 23);
    for (unsigned i = 0; i < 2; i++) {
        S1Range *g = &r->range[i];
        g->tbi = bit(tcr, 37 + i);
        g->hpd = hpds && bit(tcr, 41 + i);
        g->tbid = pauth && bit(tcr, 51 + i);
        g->e0pd = e0pd && bit(tcr, 55 + i);
        g->tcma = tagging && bit(tcr, 57 + i);
    }
    r->ha = hafdbs && bit(tcr, 39);
    r->hd = hafdbs && bit(tcr, 40);
}

static void load_tcr_el2(const Cpu *cpu, Regime *r, u64 tcr) {
    S1Range *g = &r->range[0];
    load_range(cpu, r, g, (unsigned)bits(tcr, 5, 0), decode_tg0(cpu, (unsigned)bits(tcr, 15, 14)),
               (unsigned)bits(tcr, 18, 16));
    g->epd = g->e0pd = false;
    g->tbi = bit(tcr, 20);
    g->tcma = cpu_has(cpu, FEAT_MTE2) && bit(tcr, 30);
    g->hpd = cpu_has(cpu, FEAT_HPDS) && bit(tcr, 24);
    g->tbid = cpu_has(cpu, FEAT_PAuth) && bit(tcr, 29);
    r->range[1] = *g;
    r->ha = cpu_has(cpu, FEAT_HAFDBS) && bit(tcr, 21);
    r->hd = cpu_has(cpu, FEAT_HAFDBS) && bit(tcr, 22);
}

// AArch64.S2InvalidSL, AArch64.S2StartLevel: -1 when SL0 is not allowed.
static int s2_start_level(const Cpu *cpu, unsigned granule, unsigned sl0, unsigned pamax) {
    if (granule == 12) {
        if (sl0 == 3) return cpu_has(cpu, FEAT_TTST) ? 3 : -1;
        if (sl0 == 2) return pamax < 44 ? -1 : 0;
        return sl0 == 1 ? 1 : 2;
    }
    if (sl0 == 3) return -1;
    if (sl0 == 2 && pamax < (granule == 14 ? 42 : 44)) return -1;
    return 3 - (int)sl0;
}

static void load_s2(const Cpu *cpu, u64 hcr, S2Params *s, unsigned pamax) {
    u64 vtcr = cpu->sys.VTCR_EL2;
    unsigned txsz = (unsigned)bits(vtcr, 5, 0);
    u8 granule = decode_tg0(cpu, (unsigned)bits(vtcr, 15, 14));
    Tree *t = &s->tree;
    s->bad = NULL;
    load_tree(cpu, t, granule, (unsigned)bits(vtcr, 18, 16), pamax);
    if (txsz < 64 - (t->wide ? pamax : MIN(pamax, 48)) || txsz > max_txsz(cpu, granule))
        s->bad = "VTCR_EL2.T0SZ out of range";
    t->iasize = (u8)(64 - txsz);
    int start = s2_start_level(cpu, granule, (unsigned)bits(vtcr, 7, 6), pamax);
    if (start < 0) {
        s->bad = "VTCR_EL2.SL0 not allowed";
        start = 1;
    }
    t->start = (u8)start;
    t->top_shift = top_shift(t);
    // Up to 16 concatenated tables at the start level. AArch64.S2InconsistentSL.
    unsigned least = t->top_shift + 1u, most = least + t->stride - 1u + 4u;
    if (!s->bad && (t->iasize < least || t->iasize > most))
        s->bad = "VTCR_EL2.SL0 inconsistent with T0SZ";
    s->ee = bit(cpu->sys.SCTLR_EL2, 25);
    s->ha = cpu_has(cpu, FEAT_HAFDBS) && bit(vtcr, 21);
    s->hd = cpu_has(cpu, FEAT_HAFDBS) && bit(vtcr, 22);
    s->ptw = bit(hcr, HCR_PTW) && !bit(hcr, HCR_TGE);
    s->fwb = cpu_has(cpu, FEAT_S2FWB) && bit(hcr, HCR_FWB);
    s->xnx = cpu_has(cpu, FEAT_XNX);
    s->cd = bit(hcr, HCR_CD);
    s->id = bit(hcr, HCR_ID);
}

// AArch64.AllocationTagAccessIsEnabled, AArch64.EffectiveTCF.
static void load_tags(const Cpu *cpu, RegimeId id, Regime *r, u64 hcr, u64 sctlr) {
    if (!cpu_has(cpu, FEAT_MTE2)) return;
    bool allowed = id != REGIME_EL10 || !cpu_have_el2(cpu) || bit(hcr, HCR_ATA);
    r->tagging = true;
    r->dct = bit(hcr, HCR_DCT);
    r->tags[0] = (TagControls){allowed && bit(sctlr, 42), bits(sctlr, 39, 38) & 3};
    r->tags[1] = (TagControls){allowed && bit(sctlr, 43), bits(sctlr, 41, 40) & 3};
}

void regime_load(const Cpu *cpu, RegimeId id, Regime *r) {
    const struct SysRegs *s = &cpu->sys;
    u64 hcr = id == REGIME_EL10 ? mmu_hcr(cpu) : 0;
    u64 sctlr = id == REGIME_EL10 ? s->SCTLR_EL1 : s->SCTLR_EL2;
    memset(r, 0, sizeof *r);
    r->id = id;
    r->pamax = pa_bits((unsigned)MIN(bits(s->ID_AA64MMFR0_EL1, 3, 0), 7));
    r->unpriv = id != REGIME_EL2;
    r->mair = id == REGIME_EL10 ? s->MAIR_EL1 : s->MAIR_EL2;
    r->s1 = bit(sctlr, 0);
    r->align = bit(sctlr, 1);
    r->dcache = bit(sctlr, 2);
    r->naa = bit(sctlr, 6);
    r->icache = bit(sctlr, 12);
    r->wxn = bit(sctlr, 19);
    r->ee = bit(sctlr, 25);
    r->epan = r->unpriv && cpu_has(cpu, FEAT_PAN3) && bit(sctlr, 57);
    load_tags(cpu, id, r, hcr, sctlr);
    if (id == REGIME_EL2) {
        load_tcr_el2(cpu, r, s->TCR_EL2);
    } else {
        load_tcr_two_ranges(cpu, r, id == REGIME_EL10 ? s->TCR_EL1 : s->TCR_EL2);
    }
    if (id != REGIME_EL10 || !cpu_have_el2(cpu)) return;
    r->s2_follows = true;
    r->dc = bit(hcr, HCR_DC);
    r->vm = bit(hcr, HCR_VM) || r->dc;
    if (r->dc || cpu_tge(cpu)) r->s1 = false;  // TGE from a host too: AT S12E1R
    // FEAT_NV: {NV, NV1} = {0, 1} behaves as {0, 0}.
    r->nv1 = cpu_has(cpu, FEAT_NV) && bit(hcr, HCR_NV) && bit(hcr, HCR_NV1);
    r->s2.on = r->vm;
    if (r->s2.on) load_s2(cpu, hcr, &r->s2, r->pamax);
}

bool regime_asid16(const Cpu *cpu, RegimeId id) {
    u64 tcr = id == REGIME_EL10 ? cpu->sys.TCR_EL1 : cpu->sys.TCR_EL2;
    return bit(tcr, 36) && cpu_has(cpu, FEAT_ASID16);
}

u16 regime_asid(const Cpu *cpu, RegimeId id) {
    const struct SysRegs *s = &cpu->sys;
    u64 ttbr = 0;
    if (id == REGIME_EL10) ttbr = bit(s->TCR_EL1, 22) ? s->TTBR1_EL1 : s->TTBR0_EL1;
    if (id == REGIME_EL20) ttbr = bit(s->TCR_EL2, 22) ? s->TTBR1_EL2 : s->TTBR0_EL2;
    return (u16)bits(ttbr, regime_asid16(cpu, id) ? 63 : 55, 48);
}

u16 regime_vmid(const Cpu *cpu) {
    if (!cpu_have_el2(cpu)) return 0;
    bool wide = bit(cpu->sys.VTCR_EL2, 19) && cpu_has(cpu, FEAT_VMID16);
    return (u16)bits(cpu->sys.VTTBR_EL2, wide ? 63 : 55, 48);
}
