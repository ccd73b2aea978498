// Generic Timer (Arm ARM, "The Generic Timer in AArch64 state"; CNTKCTL_EL1, CNTHCTL_EL2 in its two
// layouts; FEAT_ECV).
#include "oracle_access.h"

enum { NO_MEMORY = 0 };

static bool cntkctl(const Access *a, unsigned n) {
    return bit(a->s->CNTKCTL_EL1, n);
}
static bool cnthctl(const Access *a, unsigned n) {
    return bit(a->s->CNTHCTL_EL2, n);
}

static OracleResult cntfrq_el0(const Access *a) {
    if (!a->read) {
        if (a->s->el == 2) return oracle_executes(a, a->enc);
        if (a->s->el == 1 && !a->s->has.EL2) return oracle_executes(a, a->enc);
        return oracle_undefined(a, "not the highest EL");
    }
    if (a->s->el == 0) {
        if (!host(a) && !cntkctl(a, 0) && !cntkctl(a, 1))
            return oracle_trap_el1(a, "CNTKCTL_EL1.EL0PCTEN|EL0VCTEN");
        if (host(a) && !cnthctl(a, 0) && !cnthctl(a, 1))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL0PCTEN|EL0VCTEN");
    }
    return oracle_executes(a, a->enc);
}

// CNTPCT_EL0, CNTPCTSS_EL0.
static OracleResult physical_count(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) {
        if (!host(a) && !cntkctl(a, 0)) return oracle_trap_el1(a, "CNTKCTL_EL1.EL0PCTEN");
        if (a->s->has.EL2) {
            if (!e2h(a) && !cnthctl(a, 0)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PCTEN");
            if (e2h(a) && !hcr(a, HCR_TGE) && !cnthctl(a, 10))
                return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PCTEN");
            if (host(a) && !cnthctl(a, 0)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL0PCTEN");
        }
    } else if (a->s->el == 1 && a->s->has.EL2) {
        if (!e2h(a) && !cnthctl(a, 0)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PCTEN");
        if (e2h(a) && !cnthctl(a, 10)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PCTEN");
    }
    return oracle_executes(a, a->enc);
}

// CNTVCT_EL0, CNTVCTSS_EL0.
static OracleResult virtual_count(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) {
        if (!host(a) && !cntkctl(a, 1)) return oracle_trap_el1(a, "CNTKCTL_EL1.EL0VCTEN");
        if (host(a) && !cnthctl(a, 1)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL0VCTEN");
        if (a->s->has.EL2 && a->s->has.ECV && !host(a) && cnthctl(a, 14))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1TVCT");
    } else if (a->s->el == 1) {
        if (a->s->has.EL2 && a->s->has.ECV && cnthctl(a, 14))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1TVCT");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult self_synchronized(const Access *a) {
    if (!a->s->has.ECV) return oracle_undefined(a, "no FEAT_ECV");
    if ((a->enc & 7) == 5) return physical_count(a);
    return virtual_count(a);
}

static OracleResult physical_timer_at_el0(const Access *a, unsigned el2_register) {
    if (!host(a) && !cntkctl(a, 9)) return oracle_trap_el1(a, "CNTKCTL_EL1.EL0PTEN");
    if (a->s->has.EL2) {
        if (!e2h(a) && !cnthctl(a, 1)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PCEN");
        if (e2h(a) && !hcr(a, HCR_TGE) && !cnthctl(a, 11))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PTEN");
        if (host(a) && !cnthctl(a, 9)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL0PTEN");
    }
    if (host(a)) return oracle_executes(a, el2_register);
    return oracle_executes(a, a->enc);
}

// CNTP_TVAL_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0.
static OracleResult physical_timer(const Access *a, unsigned offset, unsigned el2_register) {
    if (a->s->el == 0) return physical_timer_at_el0(a, el2_register);
    if (a->s->el == 1) {
        if (a->s->has.EL2 && !e2h(a) && !cnthctl(a, 1))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PCEN");
        if (a->s->has.EL2 && e2h(a) && !cnthctl(a, 11))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1PTEN");
        if (offset != NO_MEMORY && nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, offset);
        return oracle_executes(a, a->enc);
    }
    if (e2h(a)) return oracle_executes(a, el2_register);
    return oracle_executes(a, a->enc);
}

// CNTV_TVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0.
static OracleResult virtual_timer(const Access *a, unsigned offset, unsigned el2_register) {
    if (a->s->el == 0) {
        if (!host(a) && !cntkctl(a, 8)) return oracle_trap_el1(a, "CNTKCTL_EL1.EL0VTEN");
        if (a->s->has.EL2 && !host(a) && a->s->has.ECV && cnthctl(a, 13))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1TVT");
        if (host(a) && !cnthctl(a, 8)) return oracle_trap(a, 2, "CNTHCTL_EL2.EL0VTEN");
        if (host(a)) return oracle_executes(a, el2_register);
        return oracle_executes(a, a->enc);
    }
    if (a->s->el == 1) {
        if (a->s->has.EL2 && a->s->has.ECV && cnthctl(a, 13))
            return oracle_trap(a, 2, "CNTHCTL_EL2.EL1TVT");
        if (offset != NO_MEMORY && nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, offset);
        return oracle_executes(a, a->enc);
    }
    if (e2h(a)) return oracle_executes(a, el2_register);
    return oracle_executes(a, a->enc);
}

// The _EL02 names. trap is CNTHCTL_EL2.EL1NVPCT or EL1NVVCT, which keep a guest hypervisor from memory.
static OracleResult el02(const Access *a, unsigned el0_register, unsigned offset, bool trap,
                         const char *cause) {
    if (!a->s->has.EL2 || !a->s->has.VHE) return oracle_undefined(a, "no FEAT_VHE");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (offset != NO_MEMORY && nv2(a) && !nv1(a) && nv(a)) {
            if (a->s->has.ECV && trap) return oracle_trap(a, 2, cause);
            return oracle_memory(a, offset);
        }
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    if (!e2h(a)) return oracle_undefined(a, "HCR_EL2.E2H");
    return oracle_executes(a, el0_register);
}

static OracleResult el2_timer(const Access *a, bool present) {
    if (!a->s->has.EL2 || !present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

// CNTVOFF_EL2, CNTPOFF_EL2.
static OracleResult offset_register(const Access *a, bool present, unsigned offset) {
    if (!a->s->has.EL2 || !present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 1 && nv2(a) && nv(a)) return oracle_memory(a, offset);
    return el2_timer(a, true);
}

static bool el0_names(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 3, 14, 0, 0): *r = cntfrq_el0(a); return true;
    case ENC(3, 3, 14, 0, 1): *r = physical_count(a); return true;
    case ENC(3, 3, 14, 0, 2): *r = virtual_count(a); return true;
    case ENC(3, 3, 14, 0, 5):
    case ENC(3, 3, 14, 0, 6): *r = self_synchronized(a); return true;
    case ENC(3, 3, 14, 2, 0): *r = physical_timer(a, NO_MEMORY, ENC(3, 4, 14, 2, 0)); return true;
    case ENC(3, 3, 14, 2, 1): *r = physical_timer(a, 0x180, ENC(3, 4, 14, 2, 1)); return true;
    case ENC(3, 3, 14, 2, 2): *r = physical_timer(a, 0x178, ENC(3, 4, 14, 2, 2)); return true;
    case ENC(3, 3, 14, 3, 0): *r = virtual_timer(a, NO_MEMORY, ENC(3, 4, 14, 3, 0)); return true;
    case ENC(3, 3, 14, 3, 1): *r = virtual_timer(a, 0x170, ENC(3, 4, 14, 3, 1)); return true;
    case ENC(3, 3, 14, 3, 2): *r = virtual_timer(a, 0x168, ENC(3, 4, 14, 3, 2)); return true;
    default: return false;
    }
}

static bool el02_names(const Access *a, OracleResult *r) {
    bool nvpct = cnthctl(a, 15);
    bool nvvct = cnthctl(a, 16);
    const char *p = "CNTHCTL_EL2.EL1NVPCT";
    const char *v = "CNTHCTL_EL2.EL1NVVCT";
    switch (a->enc) {
    case ENC(3, 5, 14, 2, 0): *r = el02(a, ENC(3, 3, 14, 2, 0), NO_MEMORY, nvpct, p); return true;
    case ENC(3, 5, 14, 2, 1): *r = el02(a, ENC(3, 3, 14, 2, 1), 0x180, nvpct, p); return true;
    case ENC(3, 5, 14, 2, 2): *r = el02(a, ENC(3, 3, 14, 2, 2), 0x178, nvpct, p); return true;
    case ENC(3, 5, 14, 3, 0): *r = el02(a, ENC(3, 3, 14, 3, 0), NO_MEMORY, nvvct, v); return true;
    case ENC(3, 5, 14, 3, 1): *r = el02(a, ENC(3, 3, 14, 3, 1), 0x170, nvvct, v); return true;
    case ENC(3, 5, 14, 3, 2): *r = el02(a, ENC(3, 3, 14, 3, 2), 0x168, nvvct, v); return true;
    default: return false;
    }
}

bool oracle_timer(const Access *a, OracleResult *r) {
    if (el0_names(a, r) || el02_names(a, r)) return true;
    switch (a->enc) {
    case ENC(3, 4, 14, 0, 3): *r = offset_register(a, true, 0x60); return true;
    case ENC(3, 4, 14, 0, 6): *r = offset_register(a, a->s->has.ECV_POFF, 0x1A8); return true;
    case ENC(3, 4, 14, 1, 0):  // CNTHCTL_EL2
    case ENC(3, 4, 14, 2, 0):  // CNTHP_*_EL2
    case ENC(3, 4, 14, 2, 1):
    case ENC(3, 4, 14, 2, 2): *r = el2_timer(a, true); return true;
    case ENC(3, 4, 14, 3, 0):  // CNTHV_*_EL2
    case ENC(3, 4, 14, 3, 1):
    case ENC(3, 4, 14, 3, 2): *r = el2_timer(a, a->s->has.VHE); return true;
    default: return false;
    }
}
