// Who decided where an exception went: for each bit of the registers that control routing and traps
// (`control` and `cause` lines of sysregs.reg), the instruction that last changed it.
#pragma once

#include "cpu/cpu.h"

typedef struct ControlWrite {
    u64 pc, icount;  // of the MSR; instructions this CPU had executed by then
    u8 el;           // where the MSR was executed
} ControlWrite;

void cause_create(Cpu *cpu);
void cause_free(Cpu *cpu);
void cause_reset(Cpu *cpu);
// An MSR at cpu->pc writes `value`, masked, to the register: called by sysreg.c for registers that
// decide routes.
void cause_written(Cpu *cpu, unsigned index, u64 value);
// The bit that a rule names ("HCR_EL2.TSC", "CPTR_EL2.FPEN"; Exception.rule) and its last change. Of several
// bits (a field, "TID2|TID4") the newest; of a register ("DBGBCR0_EL1", which defines a breakpoint)
// the newest of all. False: the rule names no bit of such a register, or it has not changed since
// reset.
bool cause_of(const Cpu *cpu, const char *rule, ControlWrite *out);
