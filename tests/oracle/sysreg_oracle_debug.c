// Debug registers (Arm ARM, "Debug register descriptions"; MDCR_EL2.TDE, TDA, TDOSA, TDRA, TDCC,
// MDSCR_EL1.TDCC; HDFGRTR_EL2, HDFGWTR_EL2). No external debugger, no trace unit.
#include "oracle_access.h"

// MDCR_EL2.{TDRA,TDOSA,TDA} are treated as 1 when TDE or HCR_EL2.TGE is. NULL, or what makes it 1.
static const char *mdcr(const Access *a, unsigned n, const char *name) {
    if (!a->s->has.EL2) return NULL;
    if (bit(a->s->MDCR_EL2, 8)) return "MDCR_EL2.TDE";
    if (hcr(a, HCR_TGE)) return "HCR_EL2.TGE";
    if (bit(a->s->MDCR_EL2, n)) return name;
    return NULL;
}

enum { TDA = 9, TDOSA = 10, TDRA = 11 };

static bool tdcc(const Access *a) {
    return a->s->has.EL2 && a->s->has.FGT && bit(a->s->MDCR_EL2, 27);
}

static OracleResult debug(const Access *a, unsigned trap, const char *name, bool fgt,
                          const char *cause) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (fgt) return oracle_trap(a, 2, cause);
        if (mdcr(a, trap, name)) return oracle_trap(a, 2, mdcr(a, trap, name));
    }
    return oracle_executes(a, a->enc);
}

static OracleResult tda(const Access *a, bool fgt, const char *cause) {
    return debug(a, TDA, "MDCR_EL2.TDA", fgt, cause);
}

static OracleResult tdosa(const Access *a, bool fgt, const char *cause) {
    return debug(a, TDOSA, "MDCR_EL2.TDOSA", fgt, cause);
}

static OracleResult mdscr_el1(const Access *a) {
    OracleResult r = tda(a, hdfg(a, 4), HDFG_CAUSE(a, "MDSCR_EL1"));
    if (r.kind == ORACLE_EXECUTES && a->s->el == 1 && nv2(a) && nv(a))
        return oracle_memory(a, 0x158);
    return r;
}

// DBGBVR<n>_EL1, DBGBCR<n>_EL1, DBGWVR<n>_EL1, DBGWCR<n>_EL1: op2 = 4, 5, 6, 7, CRm = n.
static OracleResult breakpoint(const Access *a) {
    unsigned n = a->enc >> 3 & 15;
    unsigned op2 = a->enc & 7;

    if (op2 <= 5 && n >= a->s->has.breakpoints) return oracle_undefined(a, "ID_AA64DFR0_EL1.BRPs");
    if (op2 >= 6 && n >= a->s->has.watchpoints) return oracle_undefined(a, "ID_AA64DFR0_EL1.WRPs");
    if (op2 == 4) return tda(a, hdfg(a, 1), HDFG_CAUSE(a, "DBGBVRn_EL1"));
    if (op2 == 5) return tda(a, hdfg(a, 0), HDFG_CAUSE(a, "DBGBCRn_EL1"));
    if (op2 == 6) return tda(a, hdfg(a, 3), HDFG_CAUSE(a, "DBGWVRn_EL1"));
    return tda(a, hdfg(a, 2), HDFG_CAUSE(a, "DBGWCRn_EL1"));
}

// MDCCSR_EL0, DBGDTR_EL0, DBGDTRRX_EL0 and DBGDTRTX_EL0.
static OracleResult channel_at_el0(const Access *a) {
    if (a->s->el == 0 && bit(a->s->MDSCR_EL1, 12)) return oracle_trap_el1(a, "MDSCR_EL1.TDCC");
    if (a->s->el <= 1) {
        if (tdcc(a)) return oracle_trap(a, 2, "MDCR_EL2.TDCC");
        if (mdcr(a, TDA, "MDCR_EL2.TDA")) return oracle_trap(a, 2, mdcr(a, TDA, "MDCR_EL2.TDA"));
    }
    return oracle_executes(a, a->enc);
}

// MDCCINT_EL1, OSDTRRX_EL1, OSDTRTX_EL1.
static OracleResult channel_at_el1(const Access *a) {
    return tda(a, tdcc(a), "MDCR_EL2.TDCC");
}

static OracleResult write_only(const Access *a, OracleResult r) {
    if (a->read) return oracle_undefined(a, "write-only");
    return r;
}

static OracleResult read_only(const Access *a, OracleResult r) {
    if (!a->read) return oracle_undefined(a, "read-only");
    return r;
}

static OracleResult osdlr_el1(const Access *a) {
    return tdosa(a, hdfg(a, 11), HDFG_CAUSE(a, "OSDLR_EL1"));
}

static OracleResult dbgvcr32_el2(const Access *a) {
    if (!a->s->has.EL2 || !a->s->has.AA32EL1) return oracle_undefined(a, "AArch64 only");
    if (a->s->el == 2) return oracle_executes(a, a->enc);
    if (a->s->el == 1 && nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
    return oracle_undefined(a, "not EL2");
}

static bool os_lock(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(2, 0, 1, 0, 4):
        *r = write_only(a, tdosa(a, hdfg(a, 8), "HDFGWTR_EL2.OSLAR_EL1"));
        return true;
    case ENC(2, 0, 1, 1, 4):
        *r = read_only(a, tdosa(a, hdfg(a, 9), "HDFGRTR_EL2.OSLSR_EL1"));
        return true;
    case ENC(2, 0, 1, 3, 4): *r = osdlr_el1(a); return true;
    case ENC(2, 0, 1, 4, 4): *r = tdosa(a, hdfg(a, 7), HDFG_CAUSE(a, "DBGPRCR_EL1")); return true;
    default: return false;
    }
}

bool oracle_debug(const Access *a, OracleResult *r) {
    if (os_lock(a, r)) return true;
    if (a->enc >> 7 == ENC(2, 0, 0, 0, 0) >> 7 && bit(a->enc, 2)) {
        *r = breakpoint(a);
        return true;
    }
    switch (a->enc) {
    case ENC(2, 0, 0, 0, 2):
    case ENC(2, 0, 0, 3, 2):
    case ENC(2, 0, 0, 2, 0): *r = channel_at_el1(a); return true;
    case ENC(2, 0, 0, 2, 2): *r = mdscr_el1(a); return true;
    case ENC(2, 0, 0, 6, 2): *r = tda(a, hdfg(a, 10), HDFG_CAUSE(a, "OSECCR_EL1")); return true;
    case ENC(2, 0, 1, 0, 0):
        *r = read_only(a, debug(a, TDRA, "MDCR_EL2.TDRA", false, ""));  // MDRAR_EL1
        return true;
    case ENC(2, 0, 7, 8, 6):  // DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1
    case ENC(2, 0, 7, 9, 6): *r = tda(a, hdfg(a, 5), HDFG_CAUSE(a, "DBGCLAIM")); return true;
    case ENC(2, 0, 7, 14, 6):
        *r = read_only(a, tda(a, hdfg(a, 6), "HDFGRTR_EL2.DBGAUTHSTATUS_EL1"));
        return true;
    case ENC(2, 3, 0, 1, 0): *r = read_only(a, channel_at_el0(a)); return true;
    case ENC(2, 3, 0, 4, 0):
    case ENC(2, 3, 0, 5, 0): *r = channel_at_el0(a); return true;
    case ENC(2, 4, 0, 7, 0): *r = dbgvcr32_el2(a); return true;
    default: return false;
    }
}
