// The oracle's routing: one step of the PE as the Arm ARM's pseudo-code has it. Which interrupt or
// exception is taken, where, with which syndrome, and the PSTATE after it; exception returns; ESB.
// See oracle.h for what the oracle is. This machine has firmware behind SMC, and behind HVC without
// EL2: a call that is not trapped goes there, and the oracle says ORACLE_NOT_MODELLED.
#pragma once

#include "oracle.h"
#include "translate.h"

// Memory: both stages of translation are those of translate.h, of the tables that `memory` holds.
typedef struct RouteState {
    OracleState s;
    OracleMmuFeatures mmu;
    uint64_t MAIR_EL1, MAIR_EL2, TTBR0_EL1, TTBR1_EL1, TTBR0_EL2, TTBR1_EL2, VTCR_EL2, VTTBR_EL2;
    OracleMemory memory;  // writes (hardware updates of descriptors) may be kept apart
    uint64_t pc, sp;      // SP as selected by PSTATE.SP
    uint64_t x1;          // address of the loads, stores and branches; X16, X17, X30 are the same
    bool wrong_code;      // X2 does not have the authentication code that the instruction looks for
    bool serror, fiq, irq, vfiq, virq;  // asserted
    uint32_t serror_iss;                // ESR_ELx.ISS of the physical SError
    bool event;                         // the event register
} RouteState;

// Fault status codes; a level is added to the first four and to the sixth.
enum {
    FSC_ADDRESS_SIZE = 0x00,
    FSC_TRANSLATION = 0x04,
    FSC_ACCESS_FLAG = 0x08,
    FSC_PERMISSION = 0x0c,
    FSC_EXTERNAL = 0x10,
    FSC_EXTERNAL_ON_WALK = 0x14,
    FSC_ALIGNMENT = 0x21,
    FSC_DEBUG = 0x22,  // a breakpoint or watchpoint
};

typedef struct RouteFault {
    unsigned code;  // FSC_* without the level
    unsigned level;
    bool instruction, write, maintenance, nv2;  // what accessed; maintenance: DC, IC, AT
    bool second_stage, s2fs1walk, extflag;
    unsigned instruction_syndrome;  // ISS[24:14] of a load or store, ISV first; 0: none
    uint64_t va, ipa;
} RouteFault;

typedef struct RouteOutcome {
    OracleKind kind;
    int target_el;
    bool esr_written, far_known, hpfar_known;
    uint32_t esr;
    uint64_t far, hpfar, elr;
    uint32_t spsr;                    // SPSR_ELx of target_el
    uint32_t pstate, pstate_unknown;  // after the step; bits that are UNKNOWN
    uint64_t pc, pc_unknown;
    bool serror, vse;      // still pending
    uint64_t disr, vdisr;  // what ESB wrote; 0: nothing
    bool sleeps;           // WFI or WFE that waits
    bool reads_register;   // executes: what a register access does beyond it is not said here
    const char *cause;
} RouteOutcome;

// PSTATE.SS can be 1 only where software step is enabled: it is set by exception returns to there.
bool oracle_route_steps(const RouteState *in);
void oracle_route_step(const RouteState *in, uint32_t word, RouteOutcome *out);
void oracle_route_abort(const RouteState *in, const RouteFault *fault, RouteOutcome *out);
