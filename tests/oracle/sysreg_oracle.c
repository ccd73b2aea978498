// Any access: where UNDEFINED and traps go and their syndromes, IMPLEMENTATION DEFINED encodings, and
// which group an encoding belongs to (Arm ARM, "System instructions", "Synchronous exception types";
// pseudo-code AArch64.CheckSystemAccess, AArch64.SystemAccessTrap, AArch64.UndefinedFault).
#include "oracle_access.h"

OracleResult oracle_executes(const Access *a, unsigned enc) {
    (void)a;
    return (OracleResult){.kind = ORACLE_EXECUTES, .enc = enc, .cause = ""};
}

OracleResult oracle_memory(const Access *a, unsigned offset) {
    return (OracleResult){.kind = ORACLE_EXECUTES,
                          .enc = a->enc,
                          .memory = true,
                          .offset = offset,
                          .cause = "HCR_EL2.NV2"};
}

static uint32_t iss_of_access(const Access *a) {
    unsigned op0 = a->enc >> 14 & 3;
    unsigned op1 = a->enc >> 11 & 7;
    unsigned crn = a->enc >> 7 & 15;
    unsigned crm = a->enc >> 3 & 15;
    unsigned op2 = a->enc & 7;
    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | a->rt << 5 | crm << 1 | a->read;
}

OracleResult oracle_trap(const Access *a, int target_el, const char *cause) {
    return (OracleResult){.kind = ORACLE_SYNC,
                          .target_el = target_el,
                          .ec = 0x18,
                          .il = true,
                          .iss = iss_of_access(a),
                          .cause = cause};
}

// A trap to EL1, which HCR_EL2.TGE takes to EL2.
OracleResult oracle_trap_el1(const Access *a, const char *cause) {
    if (hcr(a, HCR_TGE)) return oracle_trap(a, 2, cause);
    return oracle_trap(a, 1, cause);
}

OracleResult oracle_fp_trap(const Access *a, int target_el, const char *cause) {
    if (target_el == 1 && hcr(a, HCR_TGE))
        return (OracleResult){
            .kind = ORACLE_SYNC, .target_el = 2, .ec = 0x00, .il = true, .iss = 0, .cause = cause};
    return (OracleResult){.kind = ORACLE_SYNC,
                          .target_el = target_el,
                          .ec = 0x07,
                          .il = true,
                          .iss = 1u << 24 | 0xEu << 20,
                          .cause = cause};
}

// Feature ID space: op0 = 3, op1 = 0, 1 or 3, CRn = 0, CRm = 0 to 7.
static bool in_id_space(unsigned enc) {
    unsigned op1 = enc >> 11 & 7;
    if (enc >> 14 != 3) return false;
    if (op1 != 0 && op1 != 1 && op1 != 3) return false;
    if ((enc >> 7 & 15) != 0) return false;
    return (enc >> 3 & 15) <= 7;
}

OracleResult oracle_undefined(const Access *a, const char *cause) {
    int target_el = a->s->el;
    if (target_el == 0) {
        if (hcr(a, HCR_TGE))
            target_el = 2;
        else
            target_el = 1;
    }
    if (a->s->has.IDST && a->read && in_id_space(a->enc))
        return oracle_trap(a, target_el,
                           target_el > a->s->el && target_el == 2 ? "HCR_EL2.TGE" : NULL);
    return (OracleResult){.kind = ORACLE_SYNC,
                          .target_el = target_el,
                          .ec = 0x00,
                          .il = true,
                          .iss = 0,
                          .cause = cause};
}

// SYS, SYSL, MRS and MSR of CRn 11 and 15. None is implemented. HCR_EL2.TIDCP traps EL1's; for EL0's
// it is IMPLEMENTATION DEFINED whether it does, and here it does outside of a host.
static OracleResult implementation_defined(const Access *a) {
    if (a->s->el == 1 && hcr(a, HCR_TIDCP)) return oracle_trap(a, 2, "HCR_EL2.TIDCP");
    if (a->s->el == 0 && hcr(a, HCR_TIDCP) && !host(a)) return oracle_trap(a, 2, "HCR_EL2.TIDCP");
    return oracle_undefined(a, "unallocated");
}

OracleResult oracle_sysreg(const OracleState *s, unsigned enc, bool read, unsigned rt) {
    Access access = {s, enc, read, rt};
    const Access *a = &access;
    OracleResult r;
    unsigned op0 = enc >> 14;
    unsigned crn = enc >> 7 & 15;

    if ((op0 == 1 || op0 == 3) && (crn == 11 || crn == 15)) return implementation_defined(a);
    if (op0 == 0 && oracle_pstate(a, &r)) return r;
    if (op0 == 1 && oracle_instructions(a, &r)) return r;
    if (op0 == 2 && oracle_debug(a, &r)) return r;
    if (op0 == 3) {
        if (oracle_id(a, &r)) return r;
        if (oracle_pstate(a, &r)) return r;
        if (oracle_el1(a, &r)) return r;
        if (oracle_el2(a, &r)) return r;
        if (oracle_ras(a, &r)) return r;
        if (oracle_timer(a, &r)) return r;
        if (oracle_pmu(a, &r)) return r;
        if (oracle_gic(a, &r)) return r;
    }
    return oracle_undefined(a, "unallocated");
}
