// Identification registers (Arm ARM, "AArch64 System register descriptions", ID groups; HCR_EL2.TID1 to
// TID5; FEAT_IDST). Encodings of the ID space that name no register yet read as zero and are trapped
// as those that do.
#include "oracle_access.h"

// MIDR_EL1, MPIDR_EL1.
static OracleResult plain_id(const Access *a, bool fgt, const char *cause) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && fgt) return oracle_trap(a, 2, cause);
    return oracle_executes(a, a->enc);
}

// REVIDR_EL1, AIDR_EL1.
static OracleResult group1(const Access *a, bool fgt, const char *cause) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TID1)) return oracle_trap(a, 2, "HCR_EL2.TID1");
        if (fgt) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

// CCSIDR_EL1, CCSIDR2_EL1, CLIDR_EL1, CSSELR_EL1.
static OracleResult group2(const Access *a, bool writable, bool fgt, const char *cause) {
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TID2)) return oracle_trap(a, 2, "HCR_EL2.TID2");
        if (a->s->has.EVT && hcr(a, HCR_TID4)) return oracle_trap(a, 2, "HCR_EL2.TID4");
        if (fgt) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

static OracleResult group3(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && hcr(a, HCR_TID3)) return oracle_trap(a, 2, "HCR_EL2.TID3");
    return oracle_executes(a, a->enc);
}

static OracleResult ctr_el0(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) {
        if (!host(a) && !bit(a->s->SCTLR_EL1, 15)) return oracle_trap_el1(a, "SCTLR_EL1.UCT");
        if (!host(a) && hcr(a, HCR_TID2)) return oracle_trap(a, 2, "HCR_EL2.TID2");
        if (host(a) && !bit(a->s->SCTLR_EL2, 15)) return oracle_trap(a, 2, "SCTLR_EL2.UCT");
        if (!host(a) && hfg(a, 14)) return oracle_trap(a, 2, "HFGRTR_EL2.CTR_EL0");
    } else if (a->s->el == 1) {
        if (hcr(a, HCR_TID2)) return oracle_trap(a, 2, "HCR_EL2.TID2");
        if (hfg(a, 14)) return oracle_trap(a, 2, "HFGRTR_EL2.CTR_EL0");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult dczid_el0(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0 && !host(a) && hfg(a, 15)) return oracle_trap(a, 2, "HFGRTR_EL2.DCZID_EL0");
    if (a->s->el == 1 && hfg(a, 15)) return oracle_trap(a, 2, "HFGRTR_EL2.DCZID_EL0");
    return oracle_executes(a, a->enc);
}

static OracleResult gmid_el1(const Access *a) {
    if (!a->s->has.MTE2) return oracle_undefined(a, "no FEAT_MTE2");
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && hcr(a, HCR_TID5)) return oracle_trap(a, 2, "HCR_EL2.TID5");
    return oracle_executes(a, a->enc);
}

bool oracle_id(const Access *a, OracleResult *r) {
    if (a->enc >= ENC(3, 0, 0, 1, 0) && a->enc <= ENC(3, 0, 0, 7, 7)) {
        *r = group3(a);
        return true;
    }
    switch (a->enc) {
    case ENC(3, 0, 0, 0, 0): *r = plain_id(a, hfg(a, 25), "HFGRTR_EL2.MIDR_EL1"); return true;
    case ENC(3, 0, 0, 0, 5): *r = plain_id(a, hfg(a, 26), "HFGRTR_EL2.MPIDR_EL1"); return true;
    case ENC(3, 0, 0, 0, 6): *r = group1(a, hfg(a, 28), "HFGRTR_EL2.REVIDR_EL1"); return true;
    case ENC(3, 1, 0, 0, 7): *r = group1(a, hfg(a, 2), "HFGRTR_EL2.AIDR_EL1"); return true;
    case ENC(3, 1, 0, 0, 0): *r = group2(a, false, hfg(a, 9), "HFGRTR_EL2.CCSIDR_EL1"); return true;
    case ENC(3, 1, 0, 0, 1): *r = group2(a, false, hfg(a, 10), "HFGRTR_EL2.CLIDR_EL1"); return true;
    case ENC(3, 1, 0, 0, 2):
        if (!a->s->has.CCIDX)
            *r = oracle_undefined(a, "no FEAT_CCIDX");
        else
            *r = group2(a, false, false, "");
        return true;
    case ENC(3, 1, 0, 0, 4): *r = gmid_el1(a); return true;
    case ENC(3, 2, 0, 0, 0):
        *r = group2(a, true, hfg(a, 13), HFG_CAUSE(a, "CSSELR_EL1"));
        return true;
    case ENC(3, 3, 0, 0, 1): *r = ctr_el0(a); return true;
    case ENC(3, 3, 0, 0, 7): *r = dczid_el0(a); return true;
    default: return false;
    }
}
