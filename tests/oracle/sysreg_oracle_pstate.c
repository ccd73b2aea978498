// PSTATE, special-purpose registers, floating-point control, thread registers, random numbers, and the
// instructions with op0 = 0 (Arm ARM, "MSR (immediate)", "Barriers", "Hints", "PSTATE").
#include "oracle_access.h"

static OracleResult from_el1(const Access *a, bool present, bool readable, bool writable) {
    if (!present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->read && !readable) return oracle_undefined(a, "write-only");
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    return oracle_executes(a, a->enc);
}

static OracleResult from_el0(const Access *a, bool present, bool readable, bool writable) {
    if (!present) return oracle_undefined(a, "not implemented");
    if (a->read && !readable) return oracle_undefined(a, "write-only");
    if (!a->read && !writable) return oracle_undefined(a, "read-only");
    return oracle_executes(a, a->enc);
}

// DAIF, DAIFSet, DAIFClr. EL0 of a host has no SCTLR_EL2.UMA that could allow it.
static OracleResult daif(const Access *a) {
    if (a->s->el == 0) {
        if (host(a)) return oracle_trap_el1(a, "HCR_EL2.TGE");
        if (!bit(a->s->SCTLR_EL1, 9)) return oracle_trap_el1(a, "SCTLR_EL1.UMA");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult sp_el0(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (!(a->s->pstate & 1)) return oracle_undefined(a, "PSTATE.SP");
    return oracle_executes(a, a->enc);
}

static OracleResult fp_at_el0(const Access *a) {
    unsigned cpacr_fpen = a->s->CPACR_EL1 >> 20 & 3;
    unsigned cptr_fpen = a->s->CPTR_EL2 >> 20 & 3;

    if (!host(a) && cpacr_fpen != 3) return oracle_fp_trap(a, 1, "CPACR_EL1.FPEN");
    if (a->s->has.EL2) {
        if (host(a) && cptr_fpen != 3) return oracle_fp_trap(a, 2, "CPTR_EL2.FPEN");
        if (e2h(a) && (cptr_fpen & 1) == 0) return oracle_fp_trap(a, 2, "CPTR_EL2.FPEN");
        if (!e2h(a) && bit(a->s->CPTR_EL2, 10)) return oracle_fp_trap(a, 2, "CPTR_EL2.TFP");
    }
    return oracle_executes(a, a->enc);
}

// FPCR, FPSR.
static OracleResult fp(const Access *a) {
    unsigned cpacr_fpen = a->s->CPACR_EL1 >> 20 & 3;
    unsigned cptr_fpen = a->s->CPTR_EL2 >> 20 & 3;

    if (a->s->el == 0) return fp_at_el0(a);
    if (a->s->el == 1 && (cpacr_fpen & 1) == 0) return oracle_fp_trap(a, 1, "CPACR_EL1.FPEN");
    if (a->s->has.EL2) {
        if (!e2h(a) && bit(a->s->CPTR_EL2, 10)) return oracle_fp_trap(a, 2, "CPTR_EL2.TFP");
        if (e2h(a) && (cptr_fpen & 1) == 0) return oracle_fp_trap(a, 2, "CPTR_EL2.FPEN");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult tpidr_el0(const Access *a) {
    if (a->s->el == 0 && !host(a) && hfg(a, 35))
        return oracle_trap(a, 2, HFG_CAUSE(a, "TPIDR_EL0"));
    if (a->s->el == 1 && hfg(a, 35)) return oracle_trap(a, 2, HFG_CAUSE(a, "TPIDR_EL0"));
    return oracle_executes(a, a->enc);
}

static OracleResult tpidrro_el0(const Access *a) {
    if (a->s->el == 0) {
        if (!a->read) return oracle_undefined(a, "EL0");
        if (!host(a) && hfg(a, 34)) return oracle_trap(a, 2, "HFGRTR_EL2.TPIDRRO_EL0");
    }
    if (a->s->el == 1 && hfg(a, 34)) return oracle_trap(a, 2, HFG_CAUSE(a, "TPIDRRO_EL0"));
    return oracle_executes(a, a->enc);
}

static OracleResult tpidr_el1(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && hfg(a, 33)) return oracle_trap(a, 2, HFG_CAUSE(a, "TPIDR_EL1"));
    return oracle_executes(a, a->enc);
}

// SCXTNUM_EL0 and, by another bit, EL1's (sysreg_oracle_el1.c).
static OracleResult scxtnum_el0(const Access *a) {
    if (!a->s->has.CSV2_2) return oracle_undefined(a, "no FEAT_CSV2_2");
    if (a->s->el == 0) {
        if (!host(a) && bit(a->s->SCTLR_EL1, 20)) return oracle_trap_el1(a, "SCTLR_EL1.TSCXT");
        if (host(a) && bit(a->s->SCTLR_EL2, 20)) return oracle_trap(a, 2, "SCTLR_EL2.TSCXT");
        // Not a host's, in the newer of the two models.
        if (a->s->has.EL2 && !host(a) && !hcr(a, HCR_EnSCXT))
            return oracle_trap(a, 2, "HCR_EL2.EnSCXT");
        if (!host(a) && hfg(a, 31)) return oracle_trap(a, 2, HFG_CAUSE(a, "SCXTNUM_EL0"));
    } else if (a->s->el == 1) {
        if (a->s->has.EL2 && !hcr(a, HCR_EnSCXT)) return oracle_trap(a, 2, "HCR_EL2.EnSCXT");
        if (hfg(a, 31)) return oracle_trap(a, 2, HFG_CAUSE(a, "SCXTNUM_EL0"));
    }
    return oracle_executes(a, a->enc);
}

// MSR (immediate), CFINV, XAFLAG and AXFLAG: op0 = 0, CRn = 4, Rt = 31; the immediate is CRm.
static OracleResult pstate_field(const Access *a) {
    const OracleFeatures *has = &a->s->has;
    unsigned op1 = a->enc >> 11 & 7;
    unsigned op2 = a->enc & 7;

    if (a->read || a->rt != 31) return oracle_undefined(a, "unallocated");
    if (op1 == 0 && op2 == 0) return from_el0(a, has->FlagM, false, true);
    if (op1 == 0 && (op2 == 1 || op2 == 2)) return from_el0(a, has->FlagM2, false, true);
    if (op1 == 0 && op2 == 3) return from_el1(a, has->UAO, false, true);
    if (op1 == 0 && op2 == 4) return from_el1(a, has->PAN, false, true);
    if (op1 == 0 && op2 == 5) return from_el1(a, true, false, true);
    if (op1 == 3 && op2 == 1) return from_el0(a, has->SSBS2, false, true);
    if (op1 == 3 && op2 == 2) return from_el0(a, has->DIT, false, true);
    if (op1 == 3 && op2 == 4) return from_el0(a, has->MTE, false, true);
    if (op1 == 3 && (op2 == 6 || op2 == 7)) return daif(a);
    return oracle_undefined(a, "unallocated");
}

// CLREX, DSB, DMB, ISB, SB, and DSB with the nXS qualifier: op0 = 0, op1 = 3, CRn = 3, Rt = 31.
static OracleResult barrier(const Access *a) {
    unsigned crm = a->enc >> 3 & 15;
    unsigned op2 = a->enc & 7;

    if (a->read || a->rt != 31) return oracle_undefined(a, "unallocated");
    if (op2 == 2 || op2 == 4 || op2 == 5 || op2 == 6) return oracle_executes(a, a->enc);
    if (op2 == 7 && crm == 0) return from_el0(a, a->s->has.SB, false, true);
    if (op2 == 1 && (crm & 3) == 2) return from_el0(a, a->s->has.XS, false, true);
    return oracle_undefined(a, "unallocated");
}

static bool without_register(const Access *a, OracleResult *r) {
    unsigned op1 = a->enc >> 11 & 7;
    unsigned crn = a->enc >> 7 & 15;
    unsigned crm = a->enc >> 3 & 15;
    unsigned op2 = a->enc & 7;

    if (crn == 4) {
        *r = pstate_field(a);
        return true;
    }
    if (op1 == 3 && crn == 3) {
        *r = barrier(a);
        return true;
    }
    if (op1 == 3 && crn == 2 && !a->read && a->rt == 31) {  // hints; their traps are routing
        *r = oracle_executes(a, a->enc);
        return true;
    }
    if (op1 == 3 && crn == 1 && crm == 0 && op2 <= 1 && !a->read) {  // WFET, WFIT
        *r = from_el0(a, a->s->has.WFxT, false, true);
        return true;
    }
    return false;
}

bool oracle_pstate(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;

    if (a->enc >> 14 == 0) return without_register(a, r);
    switch (a->enc) {
    case ENC(3, 0, 4, 1, 0): *r = sp_el0(a); return true;
    case ENC(3, 0, 4, 2, 0): *r = from_el1(a, true, true, true); return true;      // SPSel
    case ENC(3, 0, 4, 2, 2): *r = from_el1(a, true, true, false); return true;     // CurrentEL
    case ENC(3, 0, 4, 2, 3): *r = from_el1(a, has->PAN, true, true); return true;  // PAN
    case ENC(3, 0, 4, 2, 4): *r = from_el1(a, has->UAO, true, true); return true;  // UAO
    case ENC(3, 0, 13, 0, 4): *r = tpidr_el1(a); return true;
    case ENC(3, 3, 2, 4, 0):  // RNDR, RNDRRS
    case ENC(3, 3, 2, 4, 1): *r = from_el0(a, has->RNG, true, false); return true;
    case ENC(3, 3, 4, 2, 0): *r = from_el0(a, true, true, true); return true;  // NZCV
    case ENC(3, 3, 4, 2, 1): *r = daif(a); return true;
    case ENC(3, 3, 4, 2, 5): *r = from_el0(a, has->DIT, true, true); return true;    // DIT
    case ENC(3, 3, 4, 2, 6): *r = from_el0(a, has->SSBS2, true, true); return true;  // SSBS
    case ENC(3, 3, 4, 2, 7): *r = from_el0(a, has->MTE, true, true); return true;    // TCO
    case ENC(3, 3, 4, 4, 0):
    case ENC(3, 3, 4, 4, 1): *r = fp(a); return true;
    case ENC(3, 3, 13, 0, 2): *r = tpidr_el0(a); return true;
    case ENC(3, 3, 13, 0, 3): *r = tpidrro_el0(a); return true;
    case ENC(3, 3, 13, 0, 7): *r = scxtnum_el0(a); return true;
    default: return false;
    }
}
