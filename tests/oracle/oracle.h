// The oracle: a second model of routing, system register traps and syndromes, deliberately slow and
// literal. Written from the Arm ARM's pseudo-code, without src/: nested conditions, no tables, and
// nothing shared with the product but the numbers of encodings. Where the two disagree a test fails,
// and the Arm ARM says which one is wrong. No EL3, no Secure state, AArch64 only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// What the PE has. Names without FEAT_; a field that is 0 is absent.
typedef struct OracleFeatures {
    bool EL2, GICv3;
    bool VHE, PAN, PAN2, UAO, DIT, SSBS, SSBS2, RAS, IESB, LOR, PAuth, DPB, DPB2, TLBIOS, TLBIRANGE,
        EVT, IDST, NV, NV1, NV2, FGT, ECV, ECV_POFF, TWED, PMUv3, CSV2_2, TRF, DoubleLock, SPECRES,
        MTE, MTE2, RNG, BTI, FPAC, S2FWB, TTL, LVA, LPA, LSE2;
    bool AA32EL1, CCIDX, FlagM, FlagM2, SB, XS, WFxT, PMUv3p4, RASv1p1, RMR_EL2;
    unsigned breakpoints, watchpoints;         // how many there are
    unsigned event_counters;                   // PMCR_EL0.N
    unsigned list_registers, preemption_bits;  // ICH_VTR_EL2, counted, not the field's value
    unsigned priority_bits;                    // ICC_CTLR_EL1.PRIbits + 1
} OracleFeatures;

// The state that decides. Registers by their Arm ARM names and in their layout; those that decide
// nothing are not here.
typedef struct OracleState {
    OracleFeatures has;
    int el;           // PSTATE.EL: 0, 1, 2
    uint32_t pstate;  // as SPSR_ELx, M included
    uint64_t HCR_EL2, CPTR_EL2, MDCR_EL2, HSTR_EL2, CNTHCTL_EL2, SCTLR_EL1, SCTLR_EL2, CPACR_EL1,
        CNTKCTL_EL1, MDSCR_EL1, OSLSR_EL1, PMUSERENR_EL0, PMSELR_EL0, TCR_EL1, TCR_EL2, VNCR_EL2,
        ICC_SRE_EL1, ICC_SRE_EL2, ICH_HCR_EL2, HFGRTR_EL2, HFGWTR_EL2, HFGITR_EL2, HDFGRTR_EL2,
        HDFGWTR_EL2, HAFGRTR_EL2, VBAR_EL1, VBAR_EL2, SPSR_EL1, SPSR_EL2, ELR_EL1, ELR_EL2,
        VSESR_EL2, DBGBCR0_EL1, DBGBVR0_EL1, DBGWCR0_EL1, DBGWVR0_EL1;
} OracleState;

// What an instruction or event does.
typedef enum OracleKind {
    ORACLE_EXECUTES,  // no exception: `enc` and `memory` say what a register access reaches
    ORACLE_SYNC,      // a synchronous exception
    ORACLE_IRQ,
    ORACLE_FIQ,
    ORACLE_SERROR,
    ORACLE_NOTHING,  // an interrupt stays pending
    ORACLE_NOT_MODELLED,
} OracleKind;

typedef struct OracleResult {
    OracleKind kind;
    int target_el;      // of an exception
    unsigned ec;        // ESR_ELx.EC
    bool il;            // ESR_ELx.IL
    uint32_t iss;       // ESR_ELx.ISS
    unsigned enc;       // register reached after E2H and NV redirection, op0:op1:CRn:CRm:op2
    bool memory;        // FEAT_NV2: the access is to memory at VNCR_EL2.BADDR + offset
    unsigned offset;    // bytes
    bool icv;           // ICC_ register: the virtual interface's
    const char *cause;  // what decided: "HCR_EL2.TVM"; NULL: no control
} OracleResult;
