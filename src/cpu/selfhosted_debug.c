// Self-hosted debug (Arm ARM: "AArch64 Self-hosted Debug"): enabling and routing of debug
// exceptions, and software step. Breakpoint and watchpoint matching is not modelled: sysreg.c
// refuses to enable one.
#include "cpu/exception.h"
#include "machine/machine.h"

int debug_target(const Cpu *cpu) {
    bool to_el2 = cpu_have_el2(cpu) && (cpu_tge(cpu) || bit(cpu->sys.MDCR_EL2, 8));
    return to_el2 ? 2 : 1;
}

bool debug_exceptions_enabled(const Cpu *cpu, int from_el, bool masked) {
    bool double_lock = bit(cpu->sys.OSDLR_EL1, 0) && !bit(cpu->sys.DBGPRCR_EL1, 0);
    if (bit(cpu->sys.OSLSR_EL1, 1) || double_lock) return false;
    int target = debug_target(cpu);
    if (from_el == target) return bit(cpu->sys.MDSCR_EL1, 13) && !masked;
    return from_el < target;
}

bool software_step_active(const Cpu *cpu) {
    return bit(cpu->sys.MDSCR_EL1, 0) &&
           debug_exceptions_enabled(cpu, cpu->el, cpu->pstate & PSTATE_D);
}

// LDXR and friends: ISS.EX of the Software Step exception.
static bool is_load_exclusive(u32 word) {
    return (word & 0x3fc00000) == 0x08400000;
}

void software_step(Cpu *cpu, const Op *op) {
    if (cpu->pstate & PSTATE_SS) {
        // Active-not-pending. An exception taken by the instruction leaves through TakeException,
        // which saves PSTATE.SS = 1 unless the instruction completed.
        cpu->stepped_load_exclusive = is_load_exclusive(op_word(cpu, op));
        cpu->stepped = true;
        u64 taken = cpu->exceptions;
        cpu_execute_one(cpu, op);
        if (cpu->exceptions == taken) cpu->pstate &= ~(u32)PSTATE_SS;
        return;
    }
    bool same = cpu->el == debug_target(cpu);
    u32 iss = 0x22;
    if (cpu->stepped) iss |= 1u << 24 | (u32)cpu->stepped_load_exclusive << 6;
    cpu->stepped = false;
    take_trap(cpu, debug_target(cpu), same ? EC_SS_SAME : EC_SS_LOWER, iss, "MDSCR_EL1.SS");
}
