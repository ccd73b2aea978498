// Performance Monitors (Arm ARM, "The Performance Monitors Extension", "PMU register descriptions";
// PMUSERENR_EL0, MDCR_EL2.TPM, TPMCR and HPMN, HDFGRTR_EL2 and HDFGWTR_EL2).
#include "oracle_access.h"

enum { EN = 0, SW = 1, CR = 2, ER = 3 };  // PMUSERENR_EL0

static bool userenr(const Access *a, unsigned n) {
    return bit(a->s->PMUSERENR_EL0, n);
}

static OracleResult after_userenr(const Access *a, bool tpmcr, bool fgt, const char *cause) {
    if (a->s->el <= 1 && a->s->has.EL2) {
        if (fgt && !(a->s->el == 0 && host(a))) return oracle_trap(a, 2, cause);
        if (bit(a->s->MDCR_EL2, 6)) return oracle_trap(a, 2, "MDCR_EL2.TPM");
        if (tpmcr && bit(a->s->MDCR_EL2, 5)) return oracle_trap(a, 2, "MDCR_EL2.TPMCR");
    }
    return oracle_executes(a, a->enc);
}

// EL0 needs PMUSERENR_EL0.EN, or what else of it lets this access in: SW, CR, ER; EN when nothing.
static OracleResult from_el0(const Access *a, unsigned other, bool fgt, const char *cause) {
    if (a->s->el == 0 && !userenr(a, EN) && !userenr(a, other)) {
        if (other == SW) return oracle_trap_el1(a, "PMUSERENR_EL0.EN|SW");
        if (other == CR) return oracle_trap_el1(a, "PMUSERENR_EL0.EN|CR");
        if (other == ER) return oracle_trap_el1(a, "PMUSERENR_EL0.EN|ER");
        return oracle_trap_el1(a, "PMUSERENR_EL0.EN");
    }
    return after_userenr(a, a->enc == ENC(3, 3, 9, 12, 0), fgt, cause);
}

static OracleResult from_el1(const Access *a, bool fgt, const char *cause) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    return after_userenr(a, false, fgt, cause);
}

// Event counter n, which is implemented: beyond MDCR_EL2.HPMN it is EL2's, and accesses of EL1 and EL0
// are trapped: with FEAT_FGT the rule, without it one of the choices.
static bool beyond(const Access *a, unsigned n, OracleResult *r) {
    unsigned hpmn = a->s->MDCR_EL2 & 31;

    if (a->s->has.EL2 && a->s->el <= 1 && n >= hpmn) {
        *r = oracle_trap(a, 2, "MDCR_EL2.HPMN");
        return true;
    }
    return false;
}

// PMEVCNTR<n>_EL0, PMEVTYPER<n>_EL0.
static OracleResult event_counter(const Access *a) {
    bool type = bit(a->enc, 5);
    unsigned n = (a->enc >> 3 & 3) << 3 | (a->enc & 7);
    unsigned other = !type && a->read ? ER : EN;
    bool fgt = hdfg(a, type ? 13 : 12);
    OracleResult r;

    if (type && n == 31)  // PMCCFILTR_EL0
        return from_el0(a, EN, hdfg(a, 14), HDFG_CAUSE(a, "PMCCFILTR_EL0"));
    if (n >= a->s->has.event_counters) return oracle_undefined(a, "PMCR_EL0.N");
    r = from_el0(a, other, fgt,
                 type ? HDFG_CAUSE(a, "PMEVTYPERn_EL0") : HDFG_CAUSE(a, "PMEVCNTRn_EL0"));
    if (r.kind != ORACLE_EXECUTES) return r;
    if (beyond(a, n, &r)) return r;
    return oracle_executes(a, a->enc);
}

static bool control(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 3, 9, 12, 0):
        *r = from_el0(a, EN, !a->read && hdfg(a, 21), "HDFGWTR_EL2.PMCR_EL0");
        return true;
    case ENC(3, 3, 9, 12, 1):  // PMCNTENSET_EL0, PMCNTENCLR_EL0
    case ENC(3, 3, 9, 12, 2):
        *r = from_el0(a, EN, hdfg(a, 16), HDFG_CAUSE(a, "PMCNTEN"));
        return true;
    case ENC(3, 3, 9, 12, 3):  // PMOVSCLR_EL0, PMOVSSET_EL0
    case ENC(3, 3, 9, 14, 3):
        *r = from_el0(a, EN, hdfg(a, 18), HDFG_CAUSE(a, "PMOVS"));
        return true;
    case ENC(3, 3, 9, 12, 4):
        if (a->read)
            *r = oracle_undefined(a, "write-only");
        else
            *r = from_el0(a, SW, hdfg(a, 20), "HDFGWTR_EL2.PMSWINC_EL0");
        return true;
    case ENC(3, 3, 9, 12, 5):
        *r = from_el0(a, ER, hdfg(a, 19), HDFG_CAUSE(a, "PMSELR_EL0"));
        return true;
    case ENC(3, 3, 9, 12, 6):  // PMCEID<n>_EL0
    case ENC(3, 3, 9, 12, 7):
        if (!a->read)
            *r = oracle_undefined(a, "read-only");
        else
            *r = from_el0(a, EN, hdfg(a, 58), "HDFGRTR_EL2.PMCEIDn_EL0");
        return true;
    default: return false;
    }
}

static OracleResult pmuserenr_el0(const Access *a) {
    if (a->s->el == 0 && !a->read) return oracle_undefined(a, "EL0");
    return after_userenr(a, false, hdfg(a, 57), HDFG_CAUSE(a, "PMUSERENR_EL0"));
}

static OracleResult pmmir_el1(const Access *a) {
    if (!a->s->has.PMUv3p4) return oracle_undefined(a, "no FEAT_PMUv3p4");
    if (!a->read) return oracle_undefined(a, "read-only");
    return from_el1(a, hdfg(a, 22), "HDFGRTR_EL2.PMMIR_EL1");
}

// PMXEVCNTR_EL0, PMXEVTYPER_EL0: the counter PMSELR_EL0.SEL names, of which 31 is the cycle counter's
// filter. One that is not there is UNDEFINED: with FEAT_FGT the rule, without it one of the choices.
static OracleResult selected(const Access *a) {
    bool type = (a->enc & 7) == 1;
    unsigned n = a->s->PMSELR_EL0 & 31;
    bool fgt = hdfg(a, type ? 13 : 12);
    const char *cause = type ? HDFG_CAUSE(a, "PMEVTYPERn_EL0") : HDFG_CAUSE(a, "PMEVCNTRn_EL0");
    bool filter = type && n == 31;
    OracleResult r;

    if (!filter && n >= a->s->has.event_counters) return oracle_undefined(a, "PMSELR_EL0.SEL");
    r = from_el0(a, !type && a->read ? ER : EN, fgt, cause);
    if (r.kind != ORACLE_EXECUTES) return r;
    if (!filter && beyond(a, n, &r)) return r;
    return oracle_executes(a, a->enc);
}

bool oracle_pmu(const Access *a, OracleResult *r) {
    if (!a->s->has.PMUv3) return false;
    if (control(a, r)) return true;
    if (a->enc >= ENC(3, 3, 14, 8, 0) && a->enc <= ENC(3, 3, 14, 15, 7)) {
        if (a->enc == ENC(3, 3, 14, 11, 7)) return false;
        *r = event_counter(a);
        return true;
    }
    switch (a->enc) {
    case ENC(3, 3, 9, 13, 0):
        *r = from_el0(a, a->read ? CR : EN, hdfg(a, 15), HDFG_CAUSE(a, "PMCCNTR_EL0"));
        return true;
    case ENC(3, 3, 9, 13, 1):
    case ENC(3, 3, 9, 13, 2): *r = selected(a); return true;
    case ENC(3, 3, 9, 14, 0): *r = pmuserenr_el0(a); return true;
    case ENC(3, 0, 9, 14, 1):  // PMINTENSET_EL1, PMINTENCLR_EL1
    case ENC(3, 0, 9, 14, 2): *r = from_el1(a, hdfg(a, 17), HDFG_CAUSE(a, "PMINTEN")); return true;
    case ENC(3, 0, 9, 14, 6): *r = pmmir_el1(a); return true;
    default: return false;
    }
}
