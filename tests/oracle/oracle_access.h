// Between the files of the oracle of system register accesses (oracle_sysreg.h).
#pragma once

#include "oracle_sysreg.h"

#include <stddef.h>

// op0:op1:CRn:CRm:op2
#define ENC(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

typedef struct Access {
    const OracleState *s;
    unsigned enc;
    bool read;
    unsigned rt;
} Access;

enum {  // bits of HCR_EL2
    HCR_FMO = 3,
    HCR_IMO = 4,
    HCR_AMO = 5,
    HCR_TID1 = 16,
    HCR_TID2 = 17,
    HCR_TID3 = 18,
    HCR_TIDCP = 20,
    HCR_TACR = 21,
    HCR_TSW = 22,
    HCR_TPCP = 23,
    HCR_TPU = 24,
    HCR_TTLB = 25,
    HCR_TVM = 26,
    HCR_TGE = 27,
    HCR_TDZ = 28,
    HCR_TRVM = 30,
    HCR_E2H = 34,
    HCR_TLOR = 35,
    HCR_TERR = 36,
    HCR_APK = 40,
    HCR_NV = 42,
    HCR_NV1 = 43,
    HCR_AT = 44,
    HCR_NV2 = 45,
    HCR_FIEN = 47,
    HCR_TID4 = 49,
    HCR_TICAB = 50,
    HCR_TOCU = 52,
    HCR_EnSCXT = 53,
    HCR_TTLBIS = 54,
    HCR_TTLBOS = 55,
    HCR_ATA = 56,
    HCR_TID5 = 58,
};

static inline bool bit(uint64_t value, unsigned n) {
    return value >> n & 1;
}

static inline bool hcr(const Access *a, unsigned n) {
    return a->s->has.EL2 && bit(a->s->HCR_EL2, n);
}

static inline bool e2h(const Access *a) {
    return a->s->has.VHE && hcr(a, HCR_E2H);
}

// HCR_EL2.{E2H,TGE} is {1,1}: EL0 belongs to a host at EL2.
static inline bool host(const Access *a) {
    return e2h(a) && hcr(a, HCR_TGE);
}

static inline bool nv(const Access *a) {
    return a->s->has.NV && hcr(a, HCR_NV);
}

// {NV,NV1} = {0,1} as {0,0}: a choice.
static inline bool nv1(const Access *a) {
    return nv(a) && hcr(a, HCR_NV1);
}

static inline bool nv2(const Access *a) {
    return a->s->has.NV2 && hcr(a, HCR_NV2);
}

// A bit of HFGRTR_EL2 for a read and of HFGWTR_EL2 for a write; of their debug siblings; of HFGITR_EL2.
static inline bool hfg(const Access *a, unsigned n) {
    return a->s->has.EL2 && a->s->has.FGT && bit(a->read ? a->s->HFGRTR_EL2 : a->s->HFGWTR_EL2, n);
}

static inline bool hdfg(const Access *a, unsigned n) {
    return a->s->has.EL2 && a->s->has.FGT &&
           bit(a->read ? a->s->HDFGRTR_EL2 : a->s->HDFGWTR_EL2, n);
}

static inline bool hfgi(const Access *a, unsigned n) {
    return a->s->has.EL2 && a->s->has.FGT && bit(a->s->HFGITR_EL2, n);
}

#define HFG_CAUSE(a, name)  ((a)->read ? "HFGRTR_EL2." name : "HFGWTR_EL2." name)
#define HDFG_CAUSE(a, name) ((a)->read ? "HDFGRTR_EL2." name : "HDFGWTR_EL2." name)

OracleResult oracle_executes(const Access *a, unsigned enc);
OracleResult oracle_memory(const Access *a, unsigned offset);
OracleResult oracle_undefined(const Access *a, const char *cause);
OracleResult oracle_trap(const Access *a, int target_el, const char *cause);
OracleResult oracle_trap_el1(const Access *a, const char *cause);
OracleResult oracle_fp_trap(const Access *a, int target_el, const char *cause);

// One for each group; false when the encoding is none of the group's.
bool oracle_instructions(const Access *a, OracleResult *r);  // op0 = 1
bool oracle_debug(const Access *a, OracleResult *r);         // op0 = 2
bool oracle_pstate(const Access *a, OracleResult *r);  // op0 = 0; PSTATE, FP, thread registers
bool oracle_id(const Access *a, OracleResult *r);
bool oracle_el1(const Access *a, OracleResult *r);
bool oracle_el2(const Access *a, OracleResult *r);
bool oracle_ras(const Access *a, OracleResult *r);
bool oracle_timer(const Access *a, OracleResult *r);
bool oracle_pmu(const Access *a, OracleResult *r);
bool oracle_gic(const Access *a, OracleResult *r);
