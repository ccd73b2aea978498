// The oracle of translation: the walks of both stages. Source: AArch64.FullTranslate, AArch64.S1Translate,
// AArch64.S1Walk, AArch64.S2Translate, AArch64.S2Walk and the functions they call. There is no TLB.
#include "translate_internal.h"

typedef enum { GRANULE_4K = 12, GRANULE_16K = 14, GRANULE_64K = 16 } Granule;

static int min_int(int a, int b) {
    return a < b ? a : b;
}

static uint64_t mask(int n) {
    return n >= 64 ? ~0ull : (1ull << n) - 1;
}

// address<hi:lo> is zero; hi < lo is an empty range.
static bool zero_range(uint64_t v, int hi, int lo) {
    return hi < lo || oracle_bits(v, hi, lo) == 0;
}

uint64_t oracle_hcr(const OracleMmuState *s) {
    return s->has.EL2 ? s->HCR_EL2 : 0;
}

static bool hcr_bit(const OracleMmuState *s, int n) {
    return oracle_bit(oracle_hcr(s), n);
}

enum {
    VM = 0,
    PTW = 2,
    DC = 12,
    TGE = 27,
    CD = 32,
    ID = 33,
    E2H = 34,
    NV = 42,
    NV1 = 43,
    FWB = 46
};

// "When HCR_EL2.{E2H, TGE} is {1, 1}, this field behaves as 0": VM, PTW, DC, CD, ID, FWB.
static bool hcr_guest(const OracleMmuState *s, int n) {
    if (hcr_bit(s, E2H) && hcr_bit(s, TGE)) return false;
    return hcr_bit(s, n);
}

static bool el_is_in_host(const OracleMmuState *s, int el) {
    if (!s->has.VHE || !s->has.EL2) return false;
    if (el == 2) return hcr_bit(s, E2H);
    if (el == 0) return hcr_bit(s, E2H) && hcr_bit(s, TGE);
    return false;
}

OracleRegime oracle_regime(const OracleMmuState *s, int el) {
    if (el == 2) return el_is_in_host(s, 2) ? REGIME_EL20 : REGIME_EL2;
    if (el == 1) return REGIME_EL10;
    return el_is_in_host(s, 0) ? REGIME_EL20 : REGIME_EL10;
}

static bool has_unprivileged(OracleRegime regime) {
    return regime != REGIME_EL2;
}

// --- parameters ------------------------------------------------------------------------------

typedef struct S1Params {
    Granule tgx;
    int txsz, ps;
    bool tbi, tbid, e0pd, hpd, wxn, ee, dc, nv1, epan, ha, hd, epd;
    uint64_t mair, ttbr;
} S1Params;

static bool upper_range(uint64_t va) {
    return oracle_bit(va, 55);
}

static Granule implemented(const OracleMmuState *s, Granule g) {
    bool have = g == GRANULE_4K ? s->has.gran4 : g == GRANULE_16K ? s->has.gran16 : s->has.gran64;
    return have ? g : GRANULE_4K;  // a choice
}

static Granule decode_tg0(const OracleMmuState *s, unsigned tg) {
    if (tg == 1) return implemented(s, GRANULE_64K);
    if (tg == 2) return implemented(s, GRANULE_16K);
    return GRANULE_4K;
}

static Granule decode_tg1(const OracleMmuState *s, unsigned tg) {
    if (tg == 3) return implemented(s, GRANULE_64K);
    if (tg == 1) return implemented(s, GRANULE_16K);
    return GRANULE_4K;
}

// The layout that TCR_EL1 and, with E2H, TCR_EL2 have.
static void params_two_ranges(const OracleMmuState *s, S1Params *p, uint64_t tcr, bool upper) {
    if (!upper) {
        p->tgx = decode_tg0(s, (unsigned)oracle_bits(tcr, 15, 14));
        p->txsz = (int)oracle_bits(tcr, 5, 0);
        p->epd = oracle_bit(tcr, 7);
        p->tbi = oracle_bit(tcr, 37);
        p->tbid = s->has.PAuth && oracle_bit(tcr, 51);
        p->e0pd = s->has.E0PD && oracle_bit(tcr, 55);
        p->hpd = s->has.HPDS && oracle_bit(tcr, 41);
    } else {
        p->tgx = decode_tg1(s, (unsigned)oracle_bits(tcr, 31, 30));
        p->txsz = (int)oracle_bits(tcr, 21, 16);
        p->epd = oracle_bit(tcr, 23);
        p->tbi = oracle_bit(tcr, 38);
        p->tbid = s->has.PAuth && oracle_bit(tcr, 52);
        p->e0pd = s->has.E0PD && oracle_bit(tcr, 56);
        p->hpd = s->has.HPDS && oracle_bit(tcr, 42);
    }
    p->ps = (int)oracle_bits(tcr, 34, 32);
    p->ha = s->has.HAF && oracle_bit(tcr, 39);
    p->hd = s->has.HDBS && oracle_bit(tcr, 40);
}

static S1Params s1_params(const OracleMmuState *s, OracleRegime regime, uint64_t va) {
    S1Params p = {0};
    uint64_t sctlr = regime == REGIME_EL10 ? s->SCTLR_EL1 : s->SCTLR_EL2;
    p.wxn = oracle_bit(sctlr, 19);
    p.ee = oracle_bit(sctlr, 25);
    if (regime == REGIME_EL10) {
        params_two_ranges(s, &p, s->TCR_EL1, upper_range(va));
        p.mair = s->MAIR_EL1;
        p.ttbr = upper_range(va) ? s->TTBR1_EL1 : s->TTBR0_EL1;
        p.dc = hcr_guest(s, DC);
        p.nv1 =
            s->has.NV && hcr_bit(s, NV) && hcr_bit(s, NV1);  // {NV,NV1} = {0,1} as {0,0}: a choice
        p.epan = s->has.PAN3 && oracle_bit(sctlr, 57);
    } else if (regime == REGIME_EL20) {
        params_two_ranges(s, &p, s->TCR_EL2, upper_range(va));
        p.mair = s->MAIR_EL2;
        p.ttbr = upper_range(va) ? s->TTBR1_EL2 : s->TTBR0_EL2;
        p.epan = s->has.PAN3 && oracle_bit(sctlr, 57);
    } else {
        uint64_t tcr = s->TCR_EL2;
        p.tgx = decode_tg0(s, (unsigned)oracle_bits(tcr, 15, 14));
        p.txsz = (int)oracle_bits(tcr, 5, 0);
        p.ps = (int)oracle_bits(tcr, 18, 16);
        p.tbi = oracle_bit(tcr, 20);
        p.tbid = s->has.PAuth && oracle_bit(tcr, 29);
        p.hpd = s->has.HPDS && oracle_bit(tcr, 24);
        p.ha = s->has.HAF && oracle_bit(tcr, 21);
        p.hd = s->has.HDBS && oracle_bit(tcr, 22);
        p.mair = s->MAIR_EL2;
        p.ttbr = s->TTBR0_EL2;
    }
    return p;
}

typedef struct S2Params {
    bool vm;
    Granule tgx;
    int txsz, ps, sl0;
    bool ee, ptw, fwb, ha, hd;
} S2Params;

static S2Params s2_params(const OracleMmuState *s) {
    uint64_t vtcr = s->VTCR_EL2;
    S2Params p = {0};
    p.vm = hcr_guest(s, VM) || hcr_guest(s, DC);
    p.tgx = decode_tg0(s, (unsigned)oracle_bits(vtcr, 15, 14));
    p.txsz = (int)oracle_bits(vtcr, 5, 0);
    p.ps = (int)oracle_bits(vtcr, 18, 16);
    p.ee = oracle_bit(s->SCTLR_EL2, 25);
    p.sl0 = (int)oracle_bits(vtcr, 7, 6);
    p.ptw = hcr_bit(s, TGE) ? false : hcr_guest(s, PTW);
    p.fwb = s->has.S2FWB && hcr_guest(s, FWB);
    p.ha = s->has.HAF && oracle_bit(vtcr, 21);
    p.hd = s->has.HDBS && oracle_bit(vtcr, 22);
    return p;
}

static int max_txsz(const OracleMmuState *s, Granule tgx) {
    if (s->has.TTST) return tgx == GRANULE_64K ? 47 : 48;
    return 39;
}

static int physical_address_size(const OracleMmuState *s, int encoded, Granule tgx) {
    static const int sizes[] = {32, 36, 40, 42, 44, 48, 52, 56};
    int max_ps;
    if (tgx != GRANULE_64K)
        max_ps = min_int(48, s->has.pamax);
    else if (!s->has.LPA)
        max_ps = min_int(48, s->has.pamax);
    else
        max_ps = min_int(52, s->has.pamax);
    return min_int(sizes[encoded], max_ps);
}

static bool oa_out_of_range(const OracleMmuState *s, uint64_t address, int ps, Granule tgx) {
    return !zero_range(address, 55, physical_address_size(s, ps, tgx));
}

// --- descriptors ------------------------------------------------------------------------------

typedef enum { DESC_INVALID, DESC_TABLE, DESC_LEAF } DescType;

static DescType decode_type(const OracleMmuState *s, uint64_t desc, Granule tgx, int level) {
    if (!oracle_bit(desc, 0)) return DESC_INVALID;
    if (oracle_bit(desc, 1)) return level == 3 ? DESC_LEAF : DESC_TABLE;
    bool supported = false;
    if (tgx == GRANULE_4K) supported = level == 1 || level == 2;
    if (tgx == GRANULE_16K) supported = level == 2;
    if (tgx == GRANULE_64K) supported = (level == 1 && s->has.pamax >= 52) || level == 2;
    return supported ? DESC_LEAF : DESC_INVALID;
}

static int translation_size(Granule tgx, int level) {
    return tgx + (3 - level) * (tgx - 3);
}

static int contiguous_size(Granule tgx, int level) {
    if (tgx == GRANULE_4K) return 4;
    if (tgx == GRANULE_16K) return level == 2 ? 5 : 7;
    return 5;
}

static bool contiguous_bit(Granule tgx, int level, uint64_t desc) {
    if (CONTIGUOUS_IS_A_HINT) return false;
    if (tgx == GRANULE_64K && level == 1) return false;
    if (tgx == GRANULE_16K && level == 1) return false;
    if (tgx == GRANULE_4K && level == 0) return false;
    return oracle_bit(desc, 52);
}

static uint64_t leaf_base(const OracleMmuState *s, uint64_t desc, Granule tgx, int level) {
    uint64_t base = desc & mask(48) & ~mask(translation_size(tgx, level));
    if (s->has.LPA && tgx == GRANULE_64K) base |= oracle_bits(desc, 15, 12) << 48;
    return base;
}

static uint64_t next_table_base(const OracleMmuState *s, uint64_t desc, Granule tgx) {
    uint64_t base = desc & mask(48) & ~mask(tgx);
    if (s->has.LPA && tgx == GRANULE_64K) base |= oracle_bits(desc, 15, 12) << 48;
    return base;
}

static uint64_t tt_base_address(const OracleMmuState *s, uint64_t ttbr, Granule tgx, int txsz,
                                int ps, int startlevel) {
    int stride = tgx - 3, levels = 3 - startlevel, iasize = 64 - txsz;
    int tsize = iasize - (levels * stride + tgx) + 3;
    uint64_t base;
    if (s->has.LPA && tgx == GRANULE_64K && ps == 6) {
        if (tsize < 6) tsize = 6;
        base = oracle_bits(ttbr, 5, 2) << 48 | (ttbr & mask(48) & ~mask(6));
    } else {
        base = ttbr & mask(48) & ~mask(1);
    }
    return base & ~mask(tsize);
}

// The entry of the first table that the walk reads: up to the top of the input address.
static uint64_t first_entry(uint64_t base, uint64_t ia, Granule tgx, int txsz, int startlevel) {
    int lsb = translation_size(tgx, startlevel), msb = 64 - txsz - 1;
    return base | oracle_bits(ia, msb, lsb) << 3;
}

static uint64_t entry_address(uint64_t base, uint64_t ia, Granule tgx, int level) {
    int lsb = translation_size(tgx, level), msb = lsb + (tgx - 3) - 1;
    return base | oracle_bits(ia, msb, lsb) << 3;
}

static uint64_t stage_oa(uint64_t ia, Granule tgx, uint64_t base, int level, bool contiguous) {
    int size = translation_size(tgx, level) + (contiguous ? contiguous_size(tgx, level) : 0);
    return (base & ~mask(size)) | (ia & mask(size));
}

static uint64_t reverse(uint64_t v) {
    uint64_t r = 0;
    for (int i = 0; i < 8; i++) r |= (v >> 8 * i & 0xff) << 8 * (7 - i);
    return r;
}

static bool fetch_descriptor(const OracleMemory *m, bool ee, uint64_t pa, uint64_t *desc,
                             OracleMmuFault *fault) {
    if (!m->read(m->context, pa, desc)) {
        fault->status = ORACLE_EXTERNAL_ON_WALK;
        return false;
    }
    if (ee) *desc = reverse(*desc);
    return true;
}

// AArch64.MemSwapTableDesc: *now is what memory holds afterwards.
static bool mem_swap(const OracleMemory *m, bool ee, uint64_t pa, uint64_t old, uint64_t desired,
                     uint64_t *now, OracleMmuFault *fault) {
    if (!fetch_descriptor(m, ee, pa, now, fault)) return false;
    if (*now != old) return true;
    if (!m->write(m->context, pa, ee ? reverse(desired) : desired)) {
        fault->status = ORACLE_EXTERNAL_ON_WALK;
        return false;
    }
    *now = desired;
    return true;
}

static bool cache_op(const OracleAccess *a) {
    return a->acctype == ORACLE_DC || a->acctype == ORACLE_IC;
}

static bool af_fault(uint64_t desc, bool ha, const OracleAccess *a) {
    return !oracle_bit(desc, 10) && !ha && !(cache_op(a) && !CACHE_OPS_AF_FAULT);
}

static bool contiguous_faults(Granule tgx, int txsz, int level, bool contiguous) {
    return contiguous && translation_size(tgx, level) + contiguous_size(tgx, level) > 64 - txsz &&
           CONTIGUOUS_MISUSE_FAULTS;
}

static bool nt_faults(const OracleMmuState *s, int level, uint64_t desc) {
    return level < 3 && s->has.bbm >= 1 && oracle_bit(desc, 16) && NT_FAULTS;
}

static bool setting_af_permitted(const OracleMmuFault *f) {
    if (f->status == ORACLE_OK) return true;
    if (f->status == ORACLE_ALIGNMENT || f->status == ORACLE_PERMISSION)
        return AF_SET_ON_OTHER_FAULT;
    return false;
}

static bool setting_dirty_permitted(const OracleMmuFault *f) {
    if (f->status == ORACLE_OK) return true;
    return f->status == ORACLE_ALIGNMENT && DIRTY_SET_ON_ALIGNMENT;
}

static bool updates_dirty(const OracleAccess *a) {
    return a->write && a->acctype != ORACLE_AT && !cache_op(a);
}

// CreateAccDescS1TTW, CreateAccDescS2TTW; with write: CreateAccDescTTEUpdate.
static OracleAccess walk_access(const OracleAccess *a, bool write) {
    OracleAccess w = {0};
    w.acctype = ORACLE_TTW;
    w.el = a->el;
    w.read = true;
    w.write = write;
    w.atomicop = write;
    w.size = 8;
    return w;
}

static bool has_alignment_fault(const OracleAccess *a, bool aligned, const OracleAttrs *attrs) {
    if (a->acctype == ORACLE_IFETCH) return false;
    if (a->acctype == ORACLE_DCZERO) return attrs->device;
    return attrs->device && !aligned;
}

// --- stage 2 ----------------------------------------------------------------------------------

static int s2_start_level(const S2Params *p) {
    if (p->tgx == GRANULE_4K) return p->sl0 == 0 ? 2 : p->sl0 == 1 ? 1 : p->sl0 == 2 ? 0 : 3;
    return 3 - p->sl0;
}

static bool s2_inconsistent_sl(const S2Params *p) {
    int levels = 3 - s2_start_level(p), stride = p->tgx - 3;
    int min_iasize = levels * stride + p->tgx + 1, max_iasize = min_iasize + (stride - 1) + 4;
    int iasize = 64 - p->txsz;
    return iasize < min_iasize || iasize > max_iasize;
}

static bool s2_invalid_sl(const OracleMmuState *s, const S2Params *p) {
    switch (p->tgx) {
    case GRANULE_4K:
        if (p->sl0 == 2) return s->has.pamax < 44;
        if (p->sl0 == 3) return !s->has.TTST;
        return false;
    case GRANULE_16K:
        if (p->sl0 == 3) return true;
        if (p->sl0 == 2) return s->has.pamax < 42;
        return false;
    default:
        if (p->sl0 == 3) return true;
        if (p->sl0 == 2) return s->has.pamax < 44;
        return false;
    }
}

typedef struct S2Leaf {
    uint64_t descriptor, at;  // and where it is
    uint64_t base;
    int level;
    bool contiguous, s2ap_r, s2ap_w;
    unsigned xn;  // XN<1:0>: bits 54:53
    OracleAttrs attrs;
} S2Leaf;

static bool s2_walk(const OracleMmuState *s, const OracleMemory *m, const S2Params *p,
                    const OracleAddress *ipa, const OracleAccess *a, S2Leaf *leaf,
                    OracleMmuFault *fault) {
    int level = s2_start_level(p);
    uint64_t base = tt_base_address(s, s->VTTBR_EL2, p->tgx, p->txsz, p->ps, level);
    uint64_t at = first_entry(base, ipa->pa, p->tgx, p->txsz, level), desc;
    if (oa_out_of_range(s, at, p->ps, p->tgx)) {
        fault->status = ORACLE_ADDRESS_SIZE;
        fault->level = 0;
        return false;
    }
    for (;;) {
        fault->level = level;
        if (!fetch_descriptor(m, p->ee, at, &desc, fault)) return false;
        DescType type = decode_type(s, desc, p->tgx, level);
        if (type == DESC_INVALID) {
            fault->status = ORACLE_TRANSLATION;
            return false;
        }
        if (type == DESC_LEAF) break;
        base = next_table_base(s, desc, p->tgx);
        at = entry_address(base, ipa->pa, p->tgx, ++level);
        if (oa_out_of_range(s, at, p->ps, p->tgx)) {
            fault->status = ORACLE_ADDRESS_SIZE;
            return false;
        }
    }
    *leaf = (S2Leaf){0};
    leaf->descriptor = desc;
    leaf->at = at;
    leaf->level = level;
    leaf->base = leaf_base(s, desc, p->tgx, level);
    leaf->s2ap_r = oracle_bit(desc, 6);
    leaf->s2ap_w = oracle_bit(desc, 7);
    leaf->xn = (unsigned)oracle_bit(desc, 54) << 1 | (s->has.XNX && oracle_bit(desc, 53));
    if (p->ha && p->hd && oracle_bit(desc, 51)) leaf->s2ap_w = true;
    leaf->attrs = p->fwb ? oracle_s2_fwb(ipa->attrs, desc)
                         : oracle_s2_decode((unsigned)oracle_bits(desc, 5, 2),
                                            (unsigned)oracle_bits(desc, 9, 8));
    leaf->contiguous = contiguous_bit(p->tgx, level, desc);
    uint64_t oa = stage_oa(ipa->pa, p->tgx, leaf->base, level, leaf->contiguous);
    if (contiguous_faults(p->tgx, p->txsz, level, leaf->contiguous))
        fault->status = ORACLE_TRANSLATION;
    else if (nt_faults(s, level, desc))
        fault->status = ORACLE_TRANSLATION;
    else if (oa_out_of_range(s, oa, p->ps, p->tgx))
        fault->status = ORACLE_ADDRESS_SIZE;
    else if (af_fault(desc, p->ha, a))
        fault->status = ORACLE_ACCESS_FLAG;
    return fault->status == ORACLE_OK;
}

static void s2_check_permissions(const S2Params *p, const S2Leaf *leaf, const OracleAccess *a,
                                 OracleMmuFault *fault) {
    bool px = leaf->xn == 0 || leaf->xn == 3, ux = leaf->xn == 0 || leaf->xn == 1;
    bool x = a->el == 0 ? ux : px, r = leaf->s2ap_r, w = leaf->s2ap_w;
    if (a->acctype == ORACLE_TTW) {
        if (p->ptw && leaf->attrs.device)
            fault->status = ORACLE_PERMISSION;
        else if (!r)
            fault->status = ORACLE_PERMISSION;
        else if (a->write && !w)
            fault->status = ORACLE_PERMISSION;
    } else if (a->acctype == ORACLE_IFETCH) {
        if (leaf->attrs.device && INSTRUCTION_DEVICE_FAULTS)
            fault->status = ORACLE_PERMISSION;
        else if (!x)
            fault->status = ORACLE_PERMISSION;
    } else if (a->acctype == ORACLE_DC) {
        if (a->invalidate) {
            if (!w) fault->status = ORACLE_PERMISSION;
        } else if (a->el == 0 && !r) {
            fault->status = ORACLE_PERMISSION;
        }
    } else if (a->acctype == ORACLE_IC) {
        if (a->el == 0 && !r && IC_EL0_NEEDS_READ) fault->status = ORACLE_PERMISSION;
    } else if (a->read && !r) {
        fault->status = ORACLE_PERMISSION;
        fault->write = false;
    } else if (a->write && !w) {
        fault->status = ORACLE_PERMISSION;
        fault->write = true;
    }
}

static OracleAddress faulting(OracleMmuFault fault) {
    OracleAddress a = {0};
    a.fault = fault;
    return a;
}

OracleAddress oracle_s2_translate(const OracleMmuState *s, const OracleMemory *m,
                                  OracleMmuFault fault, const OracleAddress *ipa, bool aligned,
                                  const OracleAccess *a) {
    S2Params p = s2_params(s);
    fault.status = ORACLE_OK;
    fault.secondstage = true;
    fault.s2fs1walk = a->acctype == ORACLE_TTW;
    fault.ipa = ipa->pa;
    OracleAddress out = *ipa;
    out.fault = fault;
    if (!p.vm) return out;
    int ips =
        s->has.LPA && p.tgx != GRANULE_64K ? min_int(48, s->has.pamax) : min_int(52, s->has.pamax);
    int min_txsz = 64 - ips, max = max_txsz(s, p.tgx);
    bool bad = (p.txsz < min_txsz && (s->has.LPA || TXSZ_BELOW_MIN_FAULTS)) ||
               (p.txsz > max && TXSZ_ABOVE_MAX_FAULTS);
    if (!bad && p.txsz < min_txsz) p.txsz = min_txsz;
    if (!bad && p.txsz > max) p.txsz = max;
    if (bad || s2_invalid_sl(s, &p) || s2_inconsistent_sl(&p) ||
        !zero_range(ipa->pa, 55, 64 - p.txsz)) {
        fault.status = ORACLE_TRANSLATION;
        fault.level = 0;
        return faulting(fault);
    }
    S2Leaf leaf;
    for (int tries = 0;; tries++) {
        if (!s2_walk(s, m, &p, ipa, a, &leaf, &fault)) return faulting(fault);
        if (has_alignment_fault(a, aligned, &leaf.attrs)) fault.status = ORACLE_ALIGNMENT;
        if (fault.status == ORACLE_OK) s2_check_permissions(&p, &leaf, a, &fault);
        uint64_t desired = leaf.descriptor, now;
        if (p.ha && setting_af_permitted(&fault)) desired |= 1ull << 10;
        if (setting_dirty_permitted(&fault) && p.ha && p.hd && oracle_bit(leaf.descriptor, 51) &&
            updates_dirty(a))
            desired |= 1ull << 7;
        if (desired == leaf.descriptor) break;
        if (!mem_swap(m, p.ee, leaf.at, leaf.descriptor, desired, &now, &fault)) break;
        if (now == desired || tries == 4) break;
    }
    if (fault.status != ORACLE_OK) return faulting(fault);
    OracleAttrs attrs = leaf.attrs;
    bool fetch = a->acctype == ORACLE_IFETCH;
    if ((a->acctype == ORACLE_TTW && attrs.device && !p.ptw) ||
        (fetch && (attrs.device || hcr_guest(s, ID))) ||
        (!fetch && !attrs.device && hcr_guest(s, CD)))
        attrs = oracle_normal_nc();
    out.attrs = p.fwb ? attrs : oracle_s2_combine(ipa->attrs, attrs);
    out.pa = stage_oa(ipa->pa, p.tgx, leaf.base, leaf.level, leaf.contiguous);
    out.fault = fault;
    return out;
}

// --- stage 1 ----------------------------------------------------------------------------------

typedef struct S1Leaf {
    uint64_t descriptor, base;
    uint64_t at;  // IPA of the descriptor, or its PA when no second stage follows
    int level;
    bool contiguous, guarded;
    unsigned ap, ap_table;  // AP<2:1>, APTable<1:0>
    bool uxn, pxn, xn, uxn_table, pxn_table, xn_table;
    OracleAttrs attrs;
} S1Leaf;

static bool s1_enabled(const OracleMmuState *s, OracleRegime regime) {
    if (regime != REGIME_EL10) return oracle_bit(s->SCTLR_EL2, 0);
    return !hcr_guest(s, DC) && !hcr_bit(s, TGE) && oracle_bit(s->SCTLR_EL1, 0);
}

static uint64_t sctlr_of(const OracleMmuState *s, OracleRegime regime) {
    return regime == REGIME_EL10 ? s->SCTLR_EL1 : s->SCTLR_EL2;
}

static int addr_top(const S1Params *p, OracleAccType type) {
    if (p->tbid && type == ORACLE_IFETCH) return 63;
    return p->tbi ? 55 : 63;
}

static OracleAddress s1_disabled(const OracleMmuState *s, OracleRegime regime, uint64_t va,
                                 bool aligned, const OracleAccess *a, OracleMmuFault fault) {
    S1Params p = s1_params(s, regime, va);
    OracleAddress out = {0};
    out.pa = va & mask(56);
    if (regime == REGIME_EL10 && p.dc) {
        out.attrs.inner = out.attrs.outer = (OracleHints){ORACLE_WB, 3, false};
        out.attrs.sh = 0;
    } else if (a->acctype == ORACLE_IFETCH) {
        if (oracle_bit(sctlr_of(s, regime), 12))
            out.attrs.inner = out.attrs.outer = (OracleHints){ORACLE_WT, 2, false};
        out.attrs.sh = 2;
    } else {
        out.attrs.device = true;
        out.attrs.sh = 2;
    }
    fault.level = 0;
    if (!zero_range(va, addr_top(&p, a->acctype), s->has.pamax))
        fault.status = ORACLE_ADDRESS_SIZE;
    else if (has_alignment_fault(a, aligned, &out.attrs))
        fault.status = ORACLE_ALIGNMENT;
    if (fault.status != ORACLE_OK) return faulting(fault);
    out.fault = fault;
    return out;
}

static bool va_out_of_range(uint64_t va, const S1Params *p, OracleRegime regime,
                            OracleAccType type) {
    int top = addr_top(p, type), iasize = 64 - p->txsz;
    if (top < iasize) return false;
    if (has_unprivileged(regime) && upper_range(va)) return !zero_range(~va, top, iasize);
    return !zero_range(va, top, iasize);
}

// Stage 2 of a stage 1 descriptor's address; the address itself in the other regimes.
static bool s1_descriptor_pa(const OracleMmuState *s, const OracleMemory *m, OracleRegime regime,
                             uint64_t at, const OracleAccess *a, bool update, uint64_t *pa,
                             OracleMmuFault *fault) {
    *pa = at;
    if (regime != REGIME_EL10 || !s->has.EL2) return true;
    OracleAccess w = walk_access(a, update);
    OracleAddress walk = {0};
    walk.pa = at;  // attributes of a walk are visible nowhere: write-back
    walk.attrs.inner = walk.attrs.outer = (OracleHints){ORACLE_WB, 3, false};
    OracleAddress out = oracle_s2_translate(s, m, *fault, &walk, true, &w);
    if (out.fault.status != ORACLE_OK) {
        *fault = out.fault;
        return false;
    }
    *pa = out.pa;
    return true;
}

static void table_permissions(S1Leaf *l, const S1Params *p, OracleRegime regime, uint64_t desc) {
    if (regime == REGIME_EL10 && p->nv1) {
        l->ap_table |= (unsigned)oracle_bit(desc, 62) << 1;
        l->pxn_table |= oracle_bit(desc, 60);
    } else if (has_unprivileged(regime)) {
        l->ap_table |= (unsigned)oracle_bits(desc, 62, 61);
        l->uxn_table |= oracle_bit(desc, 60);
        l->pxn_table |= oracle_bit(desc, 59);
    } else {
        l->ap_table |= (unsigned)oracle_bit(desc, 62) << 1;
        l->xn_table |= oracle_bit(desc, 60);
    }
}

static void output_permissions(S1Leaf *l, const S1Params *p, OracleRegime regime, uint64_t desc) {
    if (regime == REGIME_EL10 && p->nv1) {
        l->ap = (unsigned)oracle_bit(desc, 7) << 1;
        l->pxn = oracle_bit(desc, 54);
    } else if (has_unprivileged(regime)) {
        l->ap = (unsigned)oracle_bits(desc, 7, 6);
        l->uxn = oracle_bit(desc, 54);
        l->pxn = oracle_bit(desc, 53);
    } else {
        l->ap = (unsigned)oracle_bit(desc, 7) << 1 | 1;
        l->xn = oracle_bit(desc, 54);
    }
    if (p->ha && p->hd && oracle_bit(desc, 51)) l->ap &= 1;
}

static bool s1_walk(const OracleMmuState *s, const OracleMemory *m, const S1Params *p,
                    OracleRegime regime, uint64_t va, const OracleAccess *a, S1Leaf *leaf,
                    OracleMmuFault *fault) {
    *leaf = (S1Leaf){0};
    if (has_unprivileged(regime) && p->epd) {
        fault->status = ORACLE_TRANSLATION;
        fault->level = 0;
        return false;
    }
    int iasize = 64 - p->txsz, stride = p->tgx - 3;
    int level = 3 - (iasize - 1 - p->tgx) / stride;
    uint64_t base = tt_base_address(s, p->ttbr, p->tgx, p->txsz, p->ps, level), desc, pa;
    uint64_t at = first_entry(base, va, p->tgx, p->txsz, level);
    if (oa_out_of_range(s, at, p->ps, p->tgx)) {
        fault->status = ORACLE_ADDRESS_SIZE;
        fault->level = 0;
        return false;
    }
    for (;;) {
        fault->level = level;
        if (!s1_descriptor_pa(s, m, regime, at, a, false, &pa, fault)) return false;
        if (!fetch_descriptor(m, p->ee, pa, &desc, fault)) return false;
        DescType type = decode_type(s, desc, p->tgx, level);
        if (type == DESC_INVALID) {
            fault->status = ORACLE_TRANSLATION;
            return false;
        }
        if (type == DESC_LEAF) break;
        if (!p->hpd) table_permissions(leaf, p, regime, desc);
        base = next_table_base(s, desc, p->tgx);
        at = entry_address(base, va, p->tgx, ++level);
        if (oa_out_of_range(s, at, p->ps, p->tgx)) {
            fault->status = ORACLE_ADDRESS_SIZE;
            return false;
        }
    }
    leaf->descriptor = desc;
    leaf->at = at;
    leaf->level = level;
    leaf->base = leaf_base(s, desc, p->tgx, level);
    unsigned index = (unsigned)oracle_bits(desc, 4, 2);
    leaf->attrs = oracle_s1_decode((unsigned)(p->mair >> 8 * index & 0xff),
                                   (unsigned)oracle_bits(desc, 9, 8));
    output_permissions(leaf, p, regime, desc);
    leaf->contiguous = contiguous_bit(p->tgx, level, desc);
    leaf->guarded = oracle_bit(desc, 50);
    uint64_t oa = stage_oa(va, p->tgx, leaf->base, level, leaf->contiguous);
    if (contiguous_faults(p->tgx, p->txsz, level, leaf->contiguous))
        fault->status = ORACLE_TRANSLATION;
    else if (nt_faults(s, level, desc))
        fault->status = ORACLE_TRANSLATION;
    else if (oa_out_of_range(s, oa, p->ps, p->tgx))
        fault->status = ORACLE_ADDRESS_SIZE;
    else if (af_fault(desc, p->ha, a))
        fault->status = ORACLE_ACCESS_FLAG;
    return fault->status == ORACLE_OK;
}

typedef struct Perms {
    bool r, w, x;
} Perms;

static Perms s1_permissions(const OracleMmuState *s, const S1Leaf *l, const S1Params *p,
                            OracleRegime regime, const OracleAccess *a) {
    bool pr, pw, px, ur = false, uw = false, ux = false;
    if (has_unprivileged(regime)) {
        switch (l->ap) {
        case 0: pr = true, pw = true, ur = false, uw = false; break;
        case 1: pr = true, pw = true, ur = true, uw = true; break;
        case 2: pr = true, pw = false, ur = false, uw = false; break;
        default: pr = true, pw = false, ur = true, uw = false; break;
        }
        switch (l->ap_table) {
        case 0: break;
        case 1: ur = false, uw = false; break;
        case 2: pw = false, uw = false; break;
        default: pw = false, ur = false, uw = false; break;
        }
        px = !(l->pxn || l->pxn_table || uw);
        ux = !(l->uxn || l->uxn_table);
        if (s->has.PAN && a->pan && !(regime == REGIME_EL10 && p->nv1)) {
            bool pan = s->pan && (ur || uw || (p->epan && ux));
            pr = pr && !pan;
            pw = pw && !pan;
        }
    } else {
        pr = true;
        pw = !(l->ap & 2);
        if (l->ap_table & 2) pw = false;
        px = !(l->xn || l->xn_table);
    }
    Perms perms = a->el == 0 ? (Perms){ur, uw, ux} : (Perms){pr, pw, px};
    if (p->wxn && perms.w && perms.x) perms.x = false;
    return perms;
}

static void s1_check_permissions(const S1Leaf *leaf, Perms perms, const OracleAccess *a,
                                 OracleMmuFault *fault) {
    if (a->acctype == ORACLE_IFETCH) {
        if (leaf->attrs.device && INSTRUCTION_DEVICE_FAULTS)
            fault->status = ORACLE_PERMISSION;
        else if (!perms.x)
            fault->status = ORACLE_PERMISSION;
    } else if (a->acctype == ORACLE_DC) {
        if (a->invalidate) {
            if (!perms.w) fault->status = ORACLE_PERMISSION;
        } else if (a->el == 0 && !perms.r) {
            fault->status = ORACLE_PERMISSION;
        }
    } else if (a->acctype == ORACLE_IC) {
        if (a->el == 0 && !perms.r && IC_EL0_NEEDS_READ) fault->status = ORACLE_PERMISSION;
    } else if (a->read && !perms.r) {
        fault->status = ORACLE_PERMISSION;
        fault->write = false;
    } else if (a->write && !perms.w) {
        fault->status = ORACLE_PERMISSION;
        fault->write = true;
    }
}

static bool s1_size_faults(const OracleMmuState *s, S1Params *p) {
    int min = s->has.LVA && p->tgx == GRANULE_64K ? 12 : 16, max = max_txsz(s, p->tgx);
    if (p->txsz < min) {
        if (s->has.LVA || TXSZ_BELOW_MIN_FAULTS) return true;
        p->txsz = min;
    } else if (p->txsz > max) {
        if (TXSZ_ABOVE_MAX_FAULTS) return true;
        p->txsz = max;
    }
    return false;
}

OracleAddress oracle_s1_translate(const OracleMmuState *s, const OracleMemory *m,
                                  OracleRegime regime, uint64_t va, bool aligned,
                                  const OracleAccess *a) {
    OracleMmuFault fault = {0};
    fault.write = !a->read && a->write;
    if (!s1_enabled(s, regime)) return s1_disabled(s, regime, va, aligned, a, fault);
    S1Params p = s1_params(s, regime, va);
    if (s1_size_faults(s, &p) || va_out_of_range(va, &p, regime, a->acctype) ||
        (a->el == 0 && p.e0pd)) {
        fault.status = ORACLE_TRANSLATION;
        fault.level = 0;
        return faulting(fault);
    }
    S1Leaf leaf;
    for (int tries = 0;; tries++) {
        if (!s1_walk(s, m, &p, regime, va, a, &leaf, &fault)) return faulting(fault);
        if (has_alignment_fault(a, aligned, &leaf.attrs)) fault.status = ORACLE_ALIGNMENT;
        if (fault.status == ORACLE_OK)
            s1_check_permissions(&leaf, s1_permissions(s, &leaf, &p, regime, a), a, &fault);
        uint64_t desired = leaf.descriptor, now, pa;
        if (p.ha && setting_af_permitted(&fault)) desired |= 1ull << 10;
        if (setting_dirty_permitted(&fault) && p.ha && p.hd && oracle_bit(leaf.descriptor, 51) &&
            updates_dirty(a))
            desired &= ~(1ull << 7);
        if (desired == leaf.descriptor) break;
        if (!s1_descriptor_pa(s, m, regime, leaf.at, a, true, &pa, &fault)) return faulting(fault);
        if (!mem_swap(m, p.ee, pa, leaf.descriptor, desired, &now, &fault)) break;
        if (now == desired || tries == 4) break;
    }
    if (fault.status != ORACLE_OK) return faulting(fault);
    OracleAddress out = {0};
    uint64_t sctlr = sctlr_of(s, regime);
    bool fetch = a->acctype == ORACLE_IFETCH;
    out.attrs = leaf.attrs;
    if (fetch && (leaf.attrs.device || !oracle_bit(sctlr, 12)))
        out.attrs = oracle_normal_nc();
    else if (!fetch && !oracle_bit(sctlr, 2) && !leaf.attrs.device)
        out.attrs = oracle_normal_nc();
    if (regime == REGIME_EL10 && hcr_guest(s, VM) && !EFFECTIVE_SH_AT_STAGE_1)
        out.attrs.sh = leaf.attrs.sh;
    else
        out.attrs.sh = oracle_effective_sh(&out.attrs);
    out.pa = stage_oa(va, p.tgx, leaf.base, leaf.level, leaf.contiguous);
    out.guarded = fetch && leaf.guarded;
    out.s1_size = translation_size(p.tgx, leaf.level);
    out.fault = fault;
    return out;
}

OracleAddress oracle_translate(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                               const OracleAccess *a, bool aligned) {
    OracleRegime regime = oracle_regime(s, a->el);
    OracleAddress ipa = oracle_s1_translate(s, m, regime, va, aligned, a);
    if (ipa.fault.status != ORACLE_OK || regime != REGIME_EL10 || !s->has.EL2) return ipa;
    return oracle_s2_translate(s, m, ipa.fault, &ipa, aligned, a);
}
