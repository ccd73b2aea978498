// Between the files of the translation oracle.
#pragma once

#include "translate.h"

// What the architecture leaves open. One constant for each choice.
enum OracleChoice {
    TXSZ_ABOVE_MAX_FAULTS = 1,     // IMPLEMENTATION DEFINED: fault, or the nearest legal size
    TXSZ_BELOW_MIN_FAULTS = 1,     // without FEAT_LVA (stage 1) or FEAT_LPA (stage 2)
    CONTIGUOUS_IS_A_HINT = 1,      // the output address is that of the entry alone
    CONTIGUOUS_MISUSE_FAULTS = 0,  // a contiguous range larger than the input address range
    NT_FAULTS = 0,                 // block with nT set, FEAT_BBM level 1 or 2
    TG_RESERVED = 0,               // TG0 0b11, TG1 0b00: taken as 4 KB
    INSTRUCTION_DEVICE_FAULTS = 0,
    CACHE_OPS_AF_FAULT = 0,
    IC_EL0_NEEDS_READ = 1,
    AF_SET_ON_OTHER_FAULT = 0,  // alignment and permission faults
    DIRTY_SET_ON_ALIGNMENT = 0,
    EFFECTIVE_SH_AT_STAGE_1 = 0,
    UNSUPPORTED_ON_DEVICE = 0,             // exclusives and atomics to Device memory
    UNALIGNED_SECOND_PAGE_IS_ALIGNED = 0,  // Unpredictable_DEVPAGE2
};

typedef enum OracleRegime { REGIME_EL10, REGIME_EL20, REGIME_EL2 } OracleRegime;
OracleRegime oracle_regime(const OracleMmuState *s, int el);
uint64_t oracle_hcr(const OracleMmuState *s);  // 0 without EL2
bool oracle_bit(uint64_t value, int n);
uint64_t oracle_bits(uint64_t value, int hi, int lo);

// AArch64.S1Translate and AArch64.S2Translate. *fault is FaultRecord in and out.
OracleAddress oracle_s1_translate(const OracleMmuState *s, const OracleMemory *m,
                                  OracleRegime regime, uint64_t va, bool aligned,
                                  const OracleAccess *a);
OracleAddress oracle_s2_translate(const OracleMmuState *s, const OracleMemory *m,
                                  OracleMmuFault fault, const OracleAddress *ipa, bool aligned,
                                  const OracleAccess *a);

// translate_attrs.c
OracleAttrs oracle_normal_nc(void);
OracleAttrs oracle_s1_decode(unsigned attr, unsigned sh);
OracleAttrs oracle_s2_decode(unsigned attr, unsigned sh);
OracleAttrs oracle_s2_combine(OracleAttrs s1, OracleAttrs s2);
OracleAttrs oracle_s2_fwb(OracleAttrs s1, uint64_t descriptor);
unsigned oracle_effective_sh(const OracleAttrs *a);
unsigned oracle_par_attrs(const OracleAttrs *a);
unsigned oracle_par_sh(const OracleAttrs *a);
