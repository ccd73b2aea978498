// The oracle of translation: both stages of "The AArch64 Virtual Memory System Architecture" a second
// time, slow and literal, written from the Arm ARM's pseudo-code (AArch64.FullTranslate and what it calls,
// AArch64.AT, AArch64.Abort) without src/. Pure functions over a state and a memory. No EL3, no Secure
// state, AArch64 only, no feature newer than Armv8.6 and none of MTE. Where the architecture leaves a
// choice, translate_internal.h has the one that is documented.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct OracleMmuFeatures {
    bool EL2, VHE, PAN, PAN3, HPDS, XNX, TTST, S2FWB, E0PD, LVA, LPA, LSE2, PAuth, RAS, NV;
    bool HAF, HDBS;  // hardware update of the access flag, of dirty state
    bool gran4, gran16, gran64;
    int bbm;    // ID_AA64MMFR2_EL1.BBM
    int pamax;  // bits of physical address
} OracleMmuFeatures;

typedef struct OracleMmuState {
    OracleMmuFeatures has;
    int el;  // PSTATE.EL
    bool pan, uao;
    uint64_t HCR_EL2, SCTLR_EL1, SCTLR_EL2, TCR_EL1, TCR_EL2, VTCR_EL2, MAIR_EL1, MAIR_EL2,
        TTBR0_EL1, TTBR1_EL1, TTBR0_EL2, TTBR1_EL2, VTTBR_EL2;
} OracleMmuState;

// Physical memory, in aligned doublewords; false: nothing there (an external abort).
typedef struct OracleMemory {
    void *context;
    bool (*read)(void *context, uint64_t pa, uint64_t *value);
    bool (*write)(void *context, uint64_t pa, uint64_t value);
} OracleMemory;

typedef enum OracleAccType {
    ORACLE_GPR,
    ORACLE_ASIMD,
    ORACLE_IFETCH,
    ORACLE_AT,
    ORACLE_DC,
    ORACLE_IC,
    ORACLE_DCZERO,
    ORACLE_TTW,
} OracleAccType;

// AccessDescriptor.
typedef struct OracleAccess {
    OracleAccType acctype;
    int el;
    bool read, write, pan, atomicop, exclusive;
    bool ordered;     // acqsc, acqpc or relsc
    bool invalidate;  // DC: CacheOp_Invalidate
    bool pair;
    unsigned size;      // bytes
    unsigned elements;  // the instruction makes so many accesses, one after the other
    // LSInstructionSyndrome: ISS bits 24:14 of the instruction, 0 when it has none.
    uint32_t syndrome;
} OracleAccess;

typedef enum OracleStatus {
    ORACLE_OK,
    ORACLE_ACCESS_FLAG,
    ORACLE_ALIGNMENT,
    ORACLE_TRANSLATION,
    ORACLE_ADDRESS_SIZE,
    ORACLE_PERMISSION,
    ORACLE_EXTERNAL,
    ORACLE_EXTERNAL_ON_WALK,
    ORACLE_UNSUPPORTED,  // exclusive or atomic access to a memory type that has none
} OracleStatus;

// FaultRecord.
typedef struct OracleMmuFault {
    OracleStatus status;
    int level;
    bool secondstage, s2fs1walk, write;
    uint64_t ipa;
} OracleMmuFault;

typedef enum { ORACLE_NC, ORACLE_WT, ORACLE_WB } OracleCacheability;
typedef struct OracleHints {
    OracleCacheability attrs;
    unsigned hints;  // bit 1 read-allocate, bit 0 write-allocate
    bool transient;
} OracleHints;
typedef struct OracleAttrs {
    bool device;
    unsigned device_type;  // 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE
    OracleHints inner, outer;
    unsigned sh;  // 0 non-shareable, 2 outer, 3 inner
} OracleAttrs;

// AddressDescriptor.
typedef struct OracleAddress {
    OracleMmuFault fault;
    uint64_t pa;
    OracleAttrs attrs;
    bool guarded;  // an instruction fetch from a guarded page
    int s1_size;   // log2 of what the stage 1 page or block translates; 0: stage 1 is off
} OracleAddress;

// AArch64.FullTranslate of one access; `aligned` as the pseudo-code's callers say.
OracleAddress oracle_translate(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                               const OracleAccess *a, bool aligned);

// The end of an access or an AT instruction.
typedef struct OracleOutcome {
    bool abort;
    int target_el;  // of the abort
    uint64_t esr, far;
    bool hpfar_valid;  // HPFAR_EL2 is written with hpfar; else it is UNKNOWN
    uint64_t hpfar;
    uint64_t esr_known;   // bits of esr that are not UNKNOWN
    uint64_t pa, pa_end;  // of the first byte and of the last one
    bool pa_valid, pa_end_valid;
    OracleMmuFault fault;
} OracleOutcome;

// A load, store, atomic, fetch or cache maintenance instruction at `va`: alignment, translation of each
// part, external aborts. Source: Mem[], AArch64.MemSingle[], AArch64.DataMemZero.
OracleOutcome oracle_access(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                            const OracleAccess *a);

typedef struct OracleAt {
    int el;  // of the name: AT S1E0R is 0
    bool two_stages, write, pan;
} OracleAt;
// AArch64.AT: PAR_EL1 in *par with its known bits in *known, or an abort.
OracleOutcome oracle_at(const OracleMmuState *s, const OracleMemory *m, uint64_t va, OracleAt at,
                        uint64_t *par, uint64_t *known);
