// Self-hosted debug (Arm ARM: "AArch64 Self-hosted Debug"): when debug exceptions are enabled and
// where they go, software step, BRK, Breakpoint and Watchpoint exceptions. What a breakpoint or
// watchpoint matches is in debug_match.c, the registers are in debug_regs.c. Left out: external
// debug (halting), EL3 and Secure state.
// Choices: an interrupt that can be taken comes before a pending Software Step exception; ISS.ISV
// of Software Step is 1 after an instruction that was stepped without an exception, and 0 else.
#include "cpu/exception.h"
#include "cpu/selfhosted_debug.h"
#include "machine/machine.h"

enum {
    MDCR_TDE = 8,
    MDSCR_SS = 0,
    MDSCR_KDE = 13,
    OSLSR_OSLK = 1,
    OSDLR_DLK = 0,
    DBGPRCR_CORENPDRQ = 0,
    ISS_DEBUG = 0x22,  // the fault status code of debug exceptions
    ISS_WNR = 1 << 6,
    ISS_CM = 1 << 8,
    ISS_VNCR = 1 << 13,
    ISS_EX = 1 << 6,
    ISS_ISV = 1 << 24,
};

// --- enables and routing -------------------------------------------------------------------------

int debug_target(const Cpu *cpu) {
    bool to_el2 = cpu_have_el2(cpu) && (cpu_tge(cpu) || bit(cpu->sys.MDCR_EL2, MDCR_TDE));
    return to_el2 ? 2 : 1;
}

// What sends debug exceptions to EL2; `el1`: what made one, when they go to EL1.
static const char *routing_rule(const Cpu *cpu, const char *el1) {
    if (debug_target(cpu) == 1) return el1;
    return cpu_tge(cpu) ? "HCR_EL2.TGE" : "MDCR_EL2.TDE";
}

bool debug_locked(const Cpu *cpu) {
    bool double_lock =
        bit(cpu->sys.OSDLR_EL1, OSDLR_DLK) && !bit(cpu->sys.DBGPRCR_EL1, DBGPRCR_CORENPDRQ);
    return bit(cpu->sys.OSLSR_EL1, OSLSR_OSLK) || double_lock;
}

bool debug_exceptions_enabled(const Cpu *cpu, int from_el, bool masked) {
    if (debug_locked(cpu)) return false;
    int target = debug_target(cpu);
    if (from_el == target) return bit(cpu->sys.MDSCR_EL1, MDSCR_KDE) && !masked;
    return from_el < target;
}

static bool enabled_here(const Cpu *cpu) {
    return debug_exceptions_enabled(cpu, cpu->el, cpu->pstate & PSTATE_D);
}

// --- software step -------------------------------------------------------------------------------

bool software_step_active(const Cpu *cpu) {
    return bit(cpu->sys.MDSCR_EL1, MDSCR_SS) && enabled_here(cpu);
}

void SSAdvance(Cpu *cpu) {
    if (bit(cpu->sys.MDSCR_EL1, MDSCR_SS)) cpu->pstate &= ~(u32)PSTATE_SS;
}

bool CheckSoftwareStep(Cpu *cpu) {
    if (!software_step_active(cpu) || cpu->pstate & PSTATE_SS) return false;
    bool same = cpu->el == debug_target(cpu);
    u32 iss = ISS_DEBUG;
    if (cpu->stepped) iss |= ISS_ISV | (cpu->stepped_load_exclusive ? ISS_EX : 0);
    cpu->stepped = false;
    take_trap(cpu, debug_target(cpu), same ? EC_SS_SAME : EC_SS_LOWER, iss,
              routing_rule(cpu, "MDSCR_EL1.SS"));
    return true;
}

// LDXR, LDAXR, LDXP, LDAXP.
static bool is_load_exclusive(u32 word) {
    return (word & 0x3fc00000) == 0x08400000;
}

// An instruction that takes an exception does not complete, and PSTATE.SS stays 1 in the SPSR, but
// for SVC, HVC and SMC, which do SSAdvance() themselves.
void software_step(Cpu *cpu, const Op *op) {
    cpu->stepped_load_exclusive = is_load_exclusive(op_word(cpu, op));
    cpu->stepped = false;
    u64 taken = cpu->exceptions;
    cpu_execute_one(cpu, op);
    if (cpu->exceptions != taken) return;
    cpu->stepped = true;
    SSAdvance(cpu);
}

// --- exceptions ----------------------------------------------------------------------------------

void AArch64_SoftwareBreakpoint(Cpu *cpu, u16 imm) {
    int target = cpu->el == 2 ? 2 : debug_target(cpu);
    take_trap(cpu, target, EC_BRK64, imm, cpu->el < 2 ? routing_rule(cpu, NULL) : NULL);
}

#define RULES(letter) \
    { \
        "DBG" letter "CR0_EL1", "DBG" letter "CR1_EL1", "DBG" letter "CR2_EL1", \
            "DBG" letter "CR3_EL1", "DBG" letter "CR4_EL1", "DBG" letter "CR5_EL1" \
    }

static void AArch64_BreakpointException(Cpu *cpu, unsigned n) {
    static const char *const rules[] = RULES("B");
    int target = debug_target(cpu);
    take_trap(cpu, target, cpu->el == target ? EC_BREAKPT_SAME : EC_BREAKPT_LOWER, ISS_DEBUG,
              routing_rule(cpu, rules[n]));
}

// A guest hypervisor's access of its page counts as one from EL2 itself.
static void AArch64_WatchpointException(Cpu *cpu, unsigned n, u32 iss, u64 address) {
    static const char *const rules[] = RULES("W");
    int target = debug_target(cpu);
    bool same = cpu->el == target || iss & ISS_VNCR;
    Exception e = {.kind = EXC_SYNC,
                   .ec = same ? EC_WATCHPT_SAME : EC_WATCHPT_LOWER,
                   .il = true,
                   .iss = ISS_DEBUG | iss,
                   .far_valid = true,
                   .far = address,
                   .rule = routing_rule(cpu, rules[n])};
    AArch64_TakeException(cpu, target, &e, cpu->pc);
}

static bool AArch64_CheckBreakpoint(Cpu *cpu) {
    for (unsigned n = 0; n < DEBUG_BREAKPOINTS; n++) {
        if (!AArch64_BreakpointMatch(cpu, n, cpu->pc)) continue;
        AArch64_BreakpointException(cpu, n);
        return true;
    }
    return false;
}

// WnR of an atomic instruction is 0 when reading alone would have matched.
static bool AArch64_CheckWatchpoint(Cpu *cpu, const ArmedAccess *a) {
    static const u8 order[] = {ARMED_READ, ARMED_WRITE};
    for (unsigned k = 0; k < 2; k++) {
        if (!(a->kinds & order[k])) continue;
        for (unsigned n = 0; n < DEBUG_WATCHPOINTS; n++) {
            ArmedAccess one = *a;
            u64 address;
            one.kinds = order[k];
            if (!AArch64_WatchpointMatch(cpu, n, &one, &address)) continue;
            u32 iss = (order[k] == ARMED_WRITE ? ISS_WNR : 0) | (a->maintenance ? ISS_CM : 0) |
                      (a->nv2 ? ISS_VNCR : 0);
            AArch64_WatchpointException(cpu, n, iss, a->maintenance ? a->operand : address);
            return true;
        }
    }
    return false;
}

// Source: AArch64.CheckDebug. MDSCR_EL1.MDE is set, or nothing would be armed.
bool debug_armed_hit(Cpu *cpu, const ArmedAccess *access, void *arg) {
    (void)arg;
    // From EL2, whose PSTATE.D does not count.
    if (access->nv2 ? !debug_exceptions_enabled(cpu, 2, false) : !enabled_here(cpu)) return false;
    return access->kinds & ARMED_EXEC ? AArch64_CheckBreakpoint(cpu)
                                      : AArch64_CheckWatchpoint(cpu, access);
}
