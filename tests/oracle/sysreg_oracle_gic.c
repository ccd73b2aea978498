// GICv3 CPU interface and hypervisor control registers (GICv3 architecture, "AArch64 System register
// descriptions", "AArch64 virtualization control System registers"; ICC_SRE_ELx, ICH_HCR_EL2.TC,
// TALL0, TALL1, TDIR; HCR_EL2.FMO and IMO).
#include "oracle_access.h"

enum { TC = 10, TALL0 = 11, TALL1 = 12, TDIR = 14 };

static bool ich_hcr(const Access *a, unsigned n) {
    return a->s->has.EL2 && bit(a->s->ICH_HCR_EL2, n);
}

// An ICC_ register of EL1. trap: what of ICH_HCR_EL2 traps it. icv: HCR_EL2 gives EL1 the virtual one.
static OracleResult icc(const Access *a, bool readable, bool writable, bool trap, const char *cause,
                        bool icv) {
    OracleResult r;
    if (a->read && !readable) return oracle_undefined(a, "write-only");
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (!bit(a->s->ICC_SRE_EL1, 0)) return oracle_trap_el1(a, "ICC_SRE_EL1.SRE");
        if (trap) return oracle_trap(a, 2, cause);
        r = oracle_executes(a, a->enc);
        r.icv = icv;
        return r;
    }
    if (!bit(a->s->ICC_SRE_EL2, 0)) return oracle_trap(a, 2, "ICC_SRE_EL2.SRE");
    return oracle_executes(a, a->enc);
}

static OracleResult group0(const Access *a, bool readable, bool writable) {
    return icc(a, readable, writable, ich_hcr(a, TALL0), "ICH_HCR_EL2.TALL0", hcr(a, HCR_FMO));
}

static OracleResult group1(const Access *a, bool readable, bool writable) {
    return icc(a, readable, writable, ich_hcr(a, TALL1), "ICH_HCR_EL2.TALL1", hcr(a, HCR_IMO));
}

static OracleResult common(const Access *a, bool readable, bool writable) {
    bool icv = hcr(a, HCR_FMO) || hcr(a, HCR_IMO);
    return icc(a, readable, writable, ich_hcr(a, TC), "ICH_HCR_EL2.TC", icv);
}

static OracleResult dir(const Access *a) {
    if (!ich_hcr(a, TC) && ich_hcr(a, TDIR))
        return icc(a, false, true, true, "ICH_HCR_EL2.TDIR", false);
    return common(a, false, true);
}

// ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1: there is no virtual one.
static OracleResult sgi(const Access *a) {
    if (hcr(a, HCR_FMO)) return icc(a, false, true, true, "HCR_EL2.FMO", false);
    if (hcr(a, HCR_IMO)) return icc(a, false, true, true, "HCR_EL2.IMO", false);
    return common(a, false, true);
}

// ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1.
static OracleResult group_enable(const Access *a, bool group) {
    if (hfg(a, 39)) return icc(a, true, true, true, HFG_CAUSE(a, "ICC_IGRPENn_EL1"), false);
    if (group) return group1(a, true, true);
    return group0(a, true, true);
}

// ICC_AP0R<n>_EL1, ICC_AP1R<n>_EL1: 32 levels of preemption in each.
static OracleResult active_priorities(const Access *a, bool group) {
    unsigned n = a->enc & 3;
    if (n == 1 && a->s->has.priority_bits < 6) return oracle_undefined(a, "ICC_CTLR_EL1.PRIbits");
    if (n >= 2 && a->s->has.priority_bits < 7) return oracle_undefined(a, "ICC_CTLR_EL1.PRIbits");
    if (group) return group1(a, true, true);
    return group0(a, true, true);
}

static OracleResult icc_sre_el1(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && a->s->has.EL2 && !bit(a->s->ICC_SRE_EL2, 3))
        return oracle_trap(a, 2, "ICC_SRE_EL2.Enable");
    return oracle_executes(a, a->enc);
}

static OracleResult icc_sre_el2(const Access *a) {
    if (!a->s->has.EL2 || a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult ich(const Access *a, bool writable, bool memory, unsigned offset) {
    if (!a->s->has.EL2) return oracle_undefined(a, "not implemented");
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (memory && nv2(a) && nv(a)) return oracle_memory(a, offset);
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    if (!bit(a->s->ICC_SRE_EL2, 0)) return oracle_trap(a, 2, "ICC_SRE_EL2.SRE");
    return oracle_executes(a, a->enc);
}

static OracleResult ich_active_priorities(const Access *a, unsigned offset) {
    unsigned n = a->enc & 3;
    if (n == 1 && a->s->has.preemption_bits < 6) return oracle_undefined(a, "ICH_VTR_EL2.PREbits");
    if (n >= 2 && a->s->has.preemption_bits < 7) return oracle_undefined(a, "ICH_VTR_EL2.PREbits");
    return ich(a, true, true, offset + 8 * n);
}

static OracleResult list_register(const Access *a) {
    unsigned n = a->enc & 15;  // CRm<0>:op2
    if (n >= a->s->has.list_registers) return oracle_undefined(a, "ICH_VTR_EL2.ListRegs");
    return ich(a, true, true, 0x400 + 8 * n);
}

static bool el1_names(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 0, 4, 6, 0): *r = common(a, true, true); return true;    // ICC_PMR_EL1
    case ENC(3, 0, 12, 8, 0): *r = group0(a, true, false); return true;  // ICC_IAR0_EL1
    case ENC(3, 0, 12, 8, 1): *r = group0(a, false, true); return true;  // ICC_EOIR0_EL1
    case ENC(3, 0, 12, 8, 2): *r = group0(a, true, false); return true;  // ICC_HPPIR0_EL1
    case ENC(3, 0, 12, 8, 3): *r = group0(a, true, true); return true;   // ICC_BPR0_EL1
    case ENC(3, 0, 12, 8, 4):
    case ENC(3, 0, 12, 8, 5):
    case ENC(3, 0, 12, 8, 6):
    case ENC(3, 0, 12, 8, 7): *r = active_priorities(a, false); return true;
    case ENC(3, 0, 12, 9, 0):
    case ENC(3, 0, 12, 9, 1):
    case ENC(3, 0, 12, 9, 2):
    case ENC(3, 0, 12, 9, 3): *r = active_priorities(a, true); return true;
    case ENC(3, 0, 12, 11, 1): *r = dir(a); return true;
    case ENC(3, 0, 12, 11, 3): *r = common(a, true, false); return true;  // ICC_RPR_EL1
    case ENC(3, 0, 12, 11, 5):
    case ENC(3, 0, 12, 11, 6):
    case ENC(3, 0, 12, 11, 7): *r = sgi(a); return true;
    case ENC(3, 0, 12, 12, 0): *r = group1(a, true, false); return true;  // ICC_IAR1_EL1
    case ENC(3, 0, 12, 12, 1): *r = group1(a, false, true); return true;  // ICC_EOIR1_EL1
    case ENC(3, 0, 12, 12, 2): *r = group1(a, true, false); return true;  // ICC_HPPIR1_EL1
    case ENC(3, 0, 12, 12, 3): *r = group1(a, true, true); return true;   // ICC_BPR1_EL1
    case ENC(3, 0, 12, 12, 4): *r = common(a, true, true); return true;   // ICC_CTLR_EL1
    case ENC(3, 0, 12, 12, 5): *r = icc_sre_el1(a); return true;
    case ENC(3, 0, 12, 12, 6): *r = group_enable(a, false); return true;
    case ENC(3, 0, 12, 12, 7): *r = group_enable(a, true); return true;
    default: return false;
    }
}

bool oracle_gic(const Access *a, OracleResult *r) {
    if (!a->s->has.GICv3) return false;
    if (el1_names(a, r)) return true;
    if (a->enc >= ENC(3, 4, 12, 12, 0) && a->enc <= ENC(3, 4, 12, 13, 7)) {
        *r = list_register(a);
        return true;
    }
    switch (a->enc) {
    case ENC(3, 4, 12, 8, 0):
    case ENC(3, 4, 12, 8, 1):
    case ENC(3, 4, 12, 8, 2):
    case ENC(3, 4, 12, 8, 3): *r = ich_active_priorities(a, 0x480); return true;
    case ENC(3, 4, 12, 9, 0):
    case ENC(3, 4, 12, 9, 1):
    case ENC(3, 4, 12, 9, 2):
    case ENC(3, 4, 12, 9, 3): *r = ich_active_priorities(a, 0x4A0); return true;
    case ENC(3, 4, 12, 9, 5): *r = icc_sre_el2(a); return true;
    case ENC(3, 4, 12, 11, 0): *r = ich(a, true, true, 0x4C0); return true;  // ICH_HCR_EL2
    case ENC(3, 4, 12, 11, 1):                                               // ICH_VTR_EL2
    case ENC(3, 4, 12, 11, 2):                                               // ICH_MISR_EL2
    case ENC(3, 4, 12, 11, 3):                                               // ICH_EISR_EL2
    case ENC(3, 4, 12, 11, 5): *r = ich(a, false, false, 0); return true;    // ICH_ELRSR_EL2
    case ENC(3, 4, 12, 11, 7): *r = ich(a, true, true, 0x4C8); return true;  // ICH_VMCR_EL2
    default: return false;
    }
}
