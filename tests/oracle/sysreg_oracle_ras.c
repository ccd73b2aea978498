// Error records and deferred errors (Arm ARM, "RAS registers", "RAS Extension"; HCR_EL2.TERR, FIEN and
// AMO).
#include "oracle_access.h"

// ERRIDR_EL1, ERRSELR_EL1, ERX*_EL1. With no error record (ERRIDR_EL1.NUM) they read as zero and ignore
// writes, with their traps, which is one of the choices.
static OracleResult error_record(const Access *a, bool writable, bool fgt, const char *cause) {
    if (!a->s->has.RAS) return oracle_undefined(a, "no FEAT_RAS");
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TERR)) return oracle_trap(a, 2, "HCR_EL2.TERR");
        if (fgt) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

// ERXPFGF_EL1, ERXPFGCTL_EL1, ERXPFGCDN_EL1.
static OracleResult fault_injection(const Access *a, bool writable, bool fgt, const char *cause) {
    if (!a->s->has.RASv1p1) return oracle_undefined(a, "no FEAT_RASv1p1");
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->s->has.EL2 && !hcr(a, HCR_FIEN)) return oracle_trap(a, 2, "HCR_EL2.FIEN");
        if (fgt) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

static OracleResult misc(const Access *a) {
    unsigned n = a->enc & 7;
    if (n >= 2 && !a->s->has.RASv1p1) return oracle_undefined(a, "no FEAT_RASv1p1");
    return error_record(a, true, hfg(a, 45), HFG_CAUSE(a, "ERXMISCn_EL1"));
}

static OracleResult disr_el1(const Access *a) {
    if (!a->s->has.RAS) return oracle_undefined(a, "no FEAT_RAS");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && hcr(a, HCR_AMO)) return oracle_executes(a, ENC(3, 4, 12, 1, 1));
    return oracle_executes(a, a->enc);
}

// VDISR_EL2, VSESR_EL2.
static OracleResult virtual_serror(const Access *a, unsigned offset) {
    if (!a->s->has.RAS || !a->s->has.EL2) return oracle_undefined(a, "no FEAT_RAS");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv2(a) && nv(a)) return oracle_memory(a, offset);
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

bool oracle_ras(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 0, 5, 3, 0):
        *r = error_record(a, false, hfg(a, 40), "HFGRTR_EL2.ERRIDR_EL1");
        return true;
    case ENC(3, 0, 5, 3, 1):
        *r = error_record(a, true, hfg(a, 41), HFG_CAUSE(a, "ERRSELR_EL1"));
        return true;
    case ENC(3, 0, 5, 4, 0):
        *r = error_record(a, false, hfg(a, 42), "HFGRTR_EL2.ERXFR_EL1");
        return true;
    case ENC(3, 0, 5, 4, 1):
        *r = error_record(a, true, hfg(a, 43), HFG_CAUSE(a, "ERXCTLR_EL1"));
        return true;
    case ENC(3, 0, 5, 4, 2):
        *r = error_record(a, true, hfg(a, 44), HFG_CAUSE(a, "ERXSTATUS_EL1"));
        return true;
    case ENC(3, 0, 5, 4, 3):
        *r = error_record(a, true, hfg(a, 49), HFG_CAUSE(a, "ERXADDR_EL1"));
        return true;
    case ENC(3, 0, 5, 4, 4):
        *r = fault_injection(a, false, hfg(a, 46), "HFGRTR_EL2.ERXPFGF_EL1");
        return true;
    case ENC(3, 0, 5, 4, 5):
        *r = fault_injection(a, true, hfg(a, 47), HFG_CAUSE(a, "ERXPFGCTL_EL1"));
        return true;
    case ENC(3, 0, 5, 4, 6):
        *r = fault_injection(a, true, hfg(a, 48), HFG_CAUSE(a, "ERXPFGCDN_EL1"));
        return true;
    case ENC(3, 0, 5, 5, 0):
    case ENC(3, 0, 5, 5, 1):
    case ENC(3, 0, 5, 5, 2):
    case ENC(3, 0, 5, 5, 3): *r = misc(a); return true;
    case ENC(3, 0, 12, 1, 1): *r = disr_el1(a); return true;
    case ENC(3, 4, 12, 1, 1): *r = virtual_serror(a, 0x500); return true;
    case ENC(3, 4, 5, 2, 3): *r = virtual_serror(a, 0x508); return true;
    default: return false;
    }
}
