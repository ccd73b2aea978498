// Cache, TLB, address translation and prediction restriction instructions (Arm ARM, "A64 System
// instructions for cache maintenance", "... TLB maintenance", "... address translation", "... prediction
// restriction"; HCR_EL2.TSW, TPCP, TPU, TTLB, TDZ, TICAB, TOCU, TTLBIS, TTLBOS, AT; HFGITR_EL2;
// SCTLR_ELx.UCI, DZE, EnRCTX). SYSL has none.
#include "oracle_access.h"

static OracleResult ic_ialluis(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TPU)) return oracle_trap(a, 2, "HCR_EL2.TPU");
        if (a->s->has.EVT && hcr(a, HCR_TICAB)) return oracle_trap(a, 2, "HCR_EL2.TICAB");
        if (hfgi(a, 0)) return oracle_trap(a, 2, "HFGITR_EL2.ICIALLUIS");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult ic_iallu(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TPU)) return oracle_trap(a, 2, "HCR_EL2.TPU");
        if (a->s->has.EVT && hcr(a, HCR_TOCU)) return oracle_trap(a, 2, "HCR_EL2.TOCU");
        if (hfgi(a, 1)) return oracle_trap(a, 2, "HFGITR_EL2.ICIALLU");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult dc_ivac(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TPCP)) return oracle_trap(a, 2, "HCR_EL2.TPCP");
        if (hfgi(a, 3)) return oracle_trap(a, 2, "HFGITR_EL2.DCIVAC");
    }
    return oracle_executes(a, a->enc);
}

// DC ISW, DC CSW, DC CISW.
static OracleResult by_set_and_way(const Access *a, unsigned fgt, const char *cause) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TSW)) return oracle_trap(a, 2, "HCR_EL2.TSW");
        if (hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

// DC CVAC, CVAP, CVADP, CIVAC.
static OracleResult to_coherency(const Access *a, bool present, unsigned fgt, const char *cause) {
    if (!present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) {
        if (!host(a) && !bit(a->s->SCTLR_EL1, 26)) return oracle_trap_el1(a, "SCTLR_EL1.UCI");
        if (host(a) && !bit(a->s->SCTLR_EL2, 26)) return oracle_trap(a, 2, "SCTLR_EL2.UCI");
        if (!host(a) && hcr(a, HCR_TPCP)) return oracle_trap(a, 2, "HCR_EL2.TPCP");
        if (!host(a) && hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    } else if (a->s->el == 1) {
        if (hcr(a, HCR_TPCP)) return oracle_trap(a, 2, "HCR_EL2.TPCP");
        if (hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

// IC IVAU, DC CVAU.
static OracleResult to_unification(const Access *a, unsigned fgt, const char *cause) {
    if (a->s->el == 0) {
        if (!host(a) && !bit(a->s->SCTLR_EL1, 26)) return oracle_trap_el1(a, "SCTLR_EL1.UCI");
        if (host(a) && !bit(a->s->SCTLR_EL2, 26)) return oracle_trap(a, 2, "SCTLR_EL2.UCI");
        if (!host(a) && hcr(a, HCR_TPU)) return oracle_trap(a, 2, "HCR_EL2.TPU");
        if (!host(a) && a->s->has.EVT && hcr(a, HCR_TOCU)) return oracle_trap(a, 2, "HCR_EL2.TOCU");
        if (!host(a) && hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    } else if (a->s->el == 1) {
        if (hcr(a, HCR_TPU)) return oracle_trap(a, 2, "HCR_EL2.TPU");
        if (a->s->has.EVT && hcr(a, HCR_TOCU)) return oracle_trap(a, 2, "HCR_EL2.TOCU");
        if (hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

static OracleResult dc_zva(const Access *a) {
    if (a->s->el == 0) {
        if (!host(a) && !bit(a->s->SCTLR_EL1, 14)) return oracle_trap_el1(a, "SCTLR_EL1.DZE");
        if (host(a) && !bit(a->s->SCTLR_EL2, 14)) return oracle_trap(a, 2, "SCTLR_EL2.DZE");
        if (!host(a) && hcr(a, HCR_TDZ)) return oracle_trap(a, 2, "HCR_EL2.TDZ");
        if (!host(a) && hfgi(a, 11)) return oracle_trap(a, 2, "HFGITR_EL2.DCZVA");
    } else if (a->s->el == 1) {
        if (hcr(a, HCR_TDZ)) return oracle_trap(a, 2, "HCR_EL2.TDZ");
        if (hfgi(a, 11)) return oracle_trap(a, 2, "HFGITR_EL2.DCZVA");
    }
    return oracle_executes(a, a->enc);
}

// AT S1E1R, S1E1W, S1E0R, S1E0W, S1E1RP, S1E1WP.
static OracleResult at_stage1(const Access *a, bool present, unsigned fgt, const char *cause) {
    if (!present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->s->has.NV && hcr(a, HCR_AT)) return oracle_trap(a, 2, "HCR_EL2.AT");
        if (hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

// AT and TLBI instructions of EL2.
static OracleResult el2_instruction(const Access *a, bool present) {
    if (!a->s->has.EL2 || !present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult restriction(const Access *a, unsigned fgt, const char *cause) {
    if (!a->s->has.SPECRES) return oracle_undefined(a, "no FEAT_SPECRES");
    if (a->s->el == 0) {
        if (!host(a) && !bit(a->s->SCTLR_EL1, 10)) return oracle_trap_el1(a, "SCTLR_EL1.EnRCTX");
        if (host(a) && !bit(a->s->SCTLR_EL2, 10)) return oracle_trap(a, 2, "SCTLR_EL2.EnRCTX");
        if (!host(a) && hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    } else if (a->s->el == 1) {
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        if (hfgi(a, fgt)) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

static const char *tlbi_cause(unsigned fgt) {
    switch (fgt) {
    case 18: return "HFGITR_EL2.TLBIVMALLE1OS";
    case 19: return "HFGITR_EL2.TLBIVAE1OS";
    case 20: return "HFGITR_EL2.TLBIASIDE1OS";
    case 21: return "HFGITR_EL2.TLBIVAAE1OS";
    case 22: return "HFGITR_EL2.TLBIVALE1OS";
    case 23: return "HFGITR_EL2.TLBIVAALE1OS";
    case 24: return "HFGITR_EL2.TLBIRVAE1OS";
    case 25: return "HFGITR_EL2.TLBIRVAAE1OS";
    case 26: return "HFGITR_EL2.TLBIRVALE1OS";
    case 27: return "HFGITR_EL2.TLBIRVAALE1OS";
    case 28: return "HFGITR_EL2.TLBIVMALLE1IS";
    case 29: return "HFGITR_EL2.TLBIVAE1IS";
    case 30: return "HFGITR_EL2.TLBIASIDE1IS";
    case 31: return "HFGITR_EL2.TLBIVAAE1IS";
    case 32: return "HFGITR_EL2.TLBIVALE1IS";
    case 33: return "HFGITR_EL2.TLBIVAALE1IS";
    case 34: return "HFGITR_EL2.TLBIRVAE1IS";
    case 35: return "HFGITR_EL2.TLBIRVAAE1IS";
    case 36: return "HFGITR_EL2.TLBIRVALE1IS";
    case 37: return "HFGITR_EL2.TLBIRVAALE1IS";
    case 38: return "HFGITR_EL2.TLBIRVAE1";
    case 39: return "HFGITR_EL2.TLBIRVAAE1";
    case 40: return "HFGITR_EL2.TLBIRVALE1";
    case 41: return "HFGITR_EL2.TLBIRVAALE1";
    case 42: return "HFGITR_EL2.TLBIVMALLE1";
    case 43: return "HFGITR_EL2.TLBIVAE1";
    case 44: return "HFGITR_EL2.TLBIASIDE1";
    case 45: return "HFGITR_EL2.TLBIVAAE1";
    case 46: return "HFGITR_EL2.TLBIVALE1";
    case 47: return "HFGITR_EL2.TLBIVAALE1";
    default: return NULL;
    }
}

typedef enum Shareability { LOCAL, INNER, OUTER } Shareability;

static OracleResult tlbi_el1(const Access *a, Shareability shareability, bool present,
                             unsigned fgt) {
    if (!present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TTLB)) return oracle_trap(a, 2, "HCR_EL2.TTLB");
        if (shareability == INNER && a->s->has.EVT && hcr(a, HCR_TTLBIS))
            return oracle_trap(a, 2, "HCR_EL2.TTLBIS");
        if (shareability == OUTER && a->s->has.EVT && hcr(a, HCR_TTLBOS))
            return oracle_trap(a, 2, "HCR_EL2.TTLBOS");
        if (hfgi(a, fgt)) return oracle_trap(a, 2, tlbi_cause(fgt));
    }
    return oracle_executes(a, a->enc);
}

// VMALLE1, VAE1, ASIDE1, VAAE1, VALE1, VAALE1: op2 0, 1, 2, 3, 5, 7; their bits of HFGITR_EL2 follow
// each other from `first`.
static bool tlbi_el1_by_va(const Access *a, Shareability shareability, bool present, unsigned first,
                           OracleResult *r) {
    switch (a->enc & 7) {
    case 0: *r = tlbi_el1(a, shareability, present, first); return true;
    case 1: *r = tlbi_el1(a, shareability, present, first + 1); return true;
    case 2: *r = tlbi_el1(a, shareability, present, first + 2); return true;
    case 3: *r = tlbi_el1(a, shareability, present, first + 3); return true;
    case 5: *r = tlbi_el1(a, shareability, present, first + 4); return true;
    case 7: *r = tlbi_el1(a, shareability, present, first + 5); return true;
    default: return false;
    }
}

// RVAE1, RVAAE1, RVALE1, RVAALE1: op2 1, 3, 5, 7.
static bool tlbi_el1_by_range(const Access *a, Shareability shareability, bool present,
                              unsigned first, OracleResult *r) {
    switch (a->enc & 7) {
    case 1: *r = tlbi_el1(a, shareability, present, first); return true;
    case 3: *r = tlbi_el1(a, shareability, present, first + 1); return true;
    case 5: *r = tlbi_el1(a, shareability, present, first + 2); return true;
    case 7: *r = tlbi_el1(a, shareability, present, first + 3); return true;
    default: return false;
    }
}

static bool tlbi_of_el1(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    bool nxs = (a->enc >> 7 & 15) == 9;
    bool always = !nxs || has->XS;

    switch (a->enc >> 3 & 15) {
    case 1: return tlbi_el1_by_va(a, OUTER, always && has->TLBIOS, 18, r);
    case 2: return tlbi_el1_by_range(a, INNER, always && has->TLBIRANGE, 34, r);
    case 3: return tlbi_el1_by_va(a, INNER, always, 28, r);
    case 5: return tlbi_el1_by_range(a, OUTER, always && has->TLBIRANGE, 24, r);
    case 6: return tlbi_el1_by_range(a, LOCAL, always && has->TLBIRANGE, 38, r);
    case 7: return tlbi_el1_by_va(a, LOCAL, always, 42, r);
    default: return false;
    }
}

// IPAS2E1 and its kin: CRm 0 is Inner Shareable, CRm 4 all others.
static bool tlbi_of_stage2(const Access *a, bool always, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    unsigned crm = a->enc >> 3 & 15;
    unsigned op2 = a->enc & 7;

    if (crm == 0 && (op2 == 1 || op2 == 5)) {
        *r = el2_instruction(a, always);
        return true;
    }
    if (crm == 0 && (op2 == 2 || op2 == 6)) {
        *r = el2_instruction(a, always && has->TLBIRANGE);
        return true;
    }
    if (crm == 4 && (op2 == 1 || op2 == 5)) {
        *r = el2_instruction(a, always);
        return true;
    }
    if (crm == 4 && (op2 == 0 || op2 == 4)) {
        *r = el2_instruction(a, always && has->TLBIOS);
        return true;
    }
    if (crm == 4) {  // RIPAS2E1, RIPAS2E1OS, RIPAS2LE1, RIPAS2LE1OS
        *r = el2_instruction(a, always && has->TLBIRANGE);
        return true;
    }
    return false;
}

static bool tlbi_of_el2(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    bool nxs = (a->enc >> 7 & 15) == 9;
    bool always = !nxs || has->XS;
    unsigned crm = a->enc >> 3 & 15;
    unsigned op2 = a->enc & 7;

    if (crm == 0 || crm == 4) return tlbi_of_stage2(a, always, r);
    if (crm == 2 || crm == 5 || crm == 6) {  // RVAE2, RVALE2
        if (op2 != 1 && op2 != 5) return false;
        *r = el2_instruction(a, always && has->TLBIRANGE);
        return true;
    }
    if (op2 == 2 || op2 == 3 || op2 == 7) return false;
    if (crm == 1) {  // ALLE2OS, VAE2OS, ALLE1OS, VALE2OS, VMALLS12E1OS
        *r = el2_instruction(a, always && has->TLBIOS);
        return true;
    }
    if (crm == 3 || crm == 7) {
        *r = el2_instruction(a, always);
        return true;
    }
    return false;
}

static bool cache(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    switch (a->enc) {
    case ENC(1, 0, 7, 1, 0): *r = ic_ialluis(a); return true;
    case ENC(1, 0, 7, 5, 0): *r = ic_iallu(a); return true;
    case ENC(1, 0, 7, 6, 1): *r = dc_ivac(a); return true;
    case ENC(1, 0, 7, 6, 2): *r = by_set_and_way(a, 4, "HFGITR_EL2.DCISW"); return true;
    case ENC(1, 0, 7, 10, 2): *r = by_set_and_way(a, 5, "HFGITR_EL2.DCCSW"); return true;
    case ENC(1, 0, 7, 14, 2): *r = by_set_and_way(a, 6, "HFGITR_EL2.DCCISW"); return true;
    case ENC(1, 3, 7, 4, 1): *r = dc_zva(a); return true;
    case ENC(1, 3, 7, 5, 1): *r = to_unification(a, 2, "HFGITR_EL2.ICIVAU"); return true;
    case ENC(1, 3, 7, 11, 1): *r = to_unification(a, 7, "HFGITR_EL2.DCCVAU"); return true;
    case ENC(1, 3, 7, 10, 1): *r = to_coherency(a, true, 54, "HFGITR_EL2.DCCVAC"); return true;
    case ENC(1, 3, 7, 12, 1): *r = to_coherency(a, has->DPB, 8, "HFGITR_EL2.DCCVAP"); return true;
    case ENC(1, 3, 7, 13, 1): *r = to_coherency(a, has->DPB2, 9, "HFGITR_EL2.DCCVADP"); return true;
    case ENC(1, 3, 7, 14, 1): *r = to_coherency(a, true, 10, "HFGITR_EL2.DCCIVAC"); return true;
    default: return false;
    }
}

// Cache maintenance of allocation tags (FEAT_MTE; by set and way, and to invalidate, FEAT_MTE2): trapped as
// the instruction for data is.
static bool tags(const Access *a, OracleResult *r) {
    if (!a->s->has.MTE) return false;
    switch (a->enc) {
    case ENC(1, 3, 7, 4, 3):                               // GVA
    case ENC(1, 3, 7, 4, 4): *r = dc_zva(a); return true;  // GZVA
    case ENC(1, 3, 7, 10, 3):                              // CGVAC, CGDVAC
    case ENC(1, 3, 7, 10, 5): *r = to_coherency(a, true, 54, "HFGITR_EL2.DCCVAC"); return true;
    case ENC(1, 3, 7, 12, 3):  // CGVAP, CGDVAP
    case ENC(1, 3, 7, 12, 5): *r = to_coherency(a, true, 8, "HFGITR_EL2.DCCVAP"); return true;
    case ENC(1, 3, 7, 13, 3):  // CGVADP, CGDVADP
    case ENC(1, 3, 7, 13, 5): *r = to_coherency(a, true, 9, "HFGITR_EL2.DCCVADP"); return true;
    case ENC(1, 3, 7, 14, 3):  // CIGVAC, CIGDVAC
    case ENC(1, 3, 7, 14, 5): *r = to_coherency(a, true, 10, "HFGITR_EL2.DCCIVAC"); return true;
    default: break;
    }
    if (!a->s->has.MTE2) return false;
    switch (a->enc) {
    case ENC(1, 0, 7, 6, 3):                                // IGVAC
    case ENC(1, 0, 7, 6, 5): *r = dc_ivac(a); return true;  // IGDVAC
    case ENC(1, 0, 7, 6, 4):                                // IGSW, IGDSW
    case ENC(1, 0, 7, 6, 6): *r = by_set_and_way(a, 4, "HFGITR_EL2.DCISW"); return true;
    case ENC(1, 0, 7, 10, 4):  // CGSW, CGDSW
    case ENC(1, 0, 7, 10, 6): *r = by_set_and_way(a, 5, "HFGITR_EL2.DCCSW"); return true;
    case ENC(1, 0, 7, 14, 4):  // CIGSW, CIGDSW
    case ENC(1, 0, 7, 14, 6): *r = by_set_and_way(a, 6, "HFGITR_EL2.DCCISW"); return true;
    default: return false;
    }
}

static bool translation(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    switch (a->enc) {
    case ENC(1, 0, 7, 8, 0): *r = at_stage1(a, true, 12, "HFGITR_EL2.ATS1E1R"); return true;
    case ENC(1, 0, 7, 8, 1): *r = at_stage1(a, true, 13, "HFGITR_EL2.ATS1E1W"); return true;
    case ENC(1, 0, 7, 8, 2): *r = at_stage1(a, true, 14, "HFGITR_EL2.ATS1E0R"); return true;
    case ENC(1, 0, 7, 8, 3): *r = at_stage1(a, true, 15, "HFGITR_EL2.ATS1E0W"); return true;
    case ENC(1, 0, 7, 9, 0): *r = at_stage1(a, has->PAN2, 16, "HFGITR_EL2.ATS1E1RP"); return true;
    case ENC(1, 0, 7, 9, 1): *r = at_stage1(a, has->PAN2, 17, "HFGITR_EL2.ATS1E1WP"); return true;
    case ENC(1, 4, 7, 8, 0):
    case ENC(1, 4, 7, 8, 1):
    case ENC(1, 4, 7, 8, 4):
    case ENC(1, 4, 7, 8, 5):
    case ENC(1, 4, 7, 8, 6):
    case ENC(1, 4, 7, 8, 7): *r = el2_instruction(a, true); return true;
    case ENC(1, 3, 7, 3, 4): *r = restriction(a, 48, "HFGITR_EL2.CFPRCTX"); return true;
    case ENC(1, 3, 7, 3, 5): *r = restriction(a, 49, "HFGITR_EL2.DVPRCTX"); return true;
    case ENC(1, 3, 7, 3, 7): *r = restriction(a, 50, "HFGITR_EL2.CPPRCTX"); return true;
    default: return false;
    }
}

bool oracle_instructions(const Access *a, OracleResult *r) {
    unsigned op1 = a->enc >> 11 & 7;
    unsigned crn = a->enc >> 7 & 15;

    if (a->read)  // SYSL
        return false;
    if (cache(a, r) || tags(a, r) || translation(a, r)) return true;
    if (op1 == 0 && (crn == 8 || crn == 9)) return tlbi_of_el1(a, r);
    if (op1 == 4 && (crn == 8 || crn == 9)) return tlbi_of_el2(a, r);
    return false;
}
