// Exceptions inside src/cpu; what others call is in cpu.h.
#pragma once

#include "cpu/cpu.h"
#include "cpu/op.h"

// EC 0x07 to the EL that CPACR_EL1/CPTR_EL2 say; cpu->pc is the instruction. Source:
// AArch64.CheckFPAdvSIMDEnabled, AArch64.AdvSIMDFPAccessTrap.
// The address that a branch to `target` goes to: without its tag, where the top byte is ignored.
u64 AArch64_BranchAddr(const Cpu *cpu, u64 target);
void AArch64_AdvSIMDFPAccessTrap(Cpu *cpu);
// PSTATE.IL is set: Illegal Execution State exception at cpu->pc.
void AArch64_IllegalState(Cpu *cpu);
// BRK instruction: EC 0x3c, routed by HCR_EL2.TGE and MDCR_EL2.TDE.
void AArch64_SoftwareBreakpoint(Cpu *cpu, u16 imm);
// Traps for FP at `el`: 0 = none, else the target EL.
int fp_trap_target(const Cpu *cpu, int el);

// Software step (Arm ARM: "Software Step exceptions"), selfhosted_debug.c.
// MDSCR_EL1.SS is set and debug exceptions are enabled from here.
bool software_step_active(const Cpu *cpu);
// Takes the Software Step exception when it is pending: true.
bool CheckSoftwareStep(Cpu *cpu);
// An instruction has completed.
void SSAdvance(Cpu *cpu);
// Executes op in the active-not-pending state.
void software_step(Cpu *cpu, const Op *op);
// Executes exactly the instruction at op and leaves cpu->pc at the next one.
void cpu_execute_one(Cpu *cpu, const Op *op);
// Debug exceptions can be generated from the current EL and PSTATE. Source:
// AArch64.GenerateDebugExceptionsFrom, DebugTarget.
bool debug_exceptions_enabled(const Cpu *cpu, int from_el, bool masked);
int debug_target(const Cpu *cpu);
// The debug registers changed as a whole (reset): arms what they say (debug_regs.c).
void debug_registers_changed(Cpu *cpu);

// interrupt.c: the EL that a physical interrupt of this line (LINE_*) is taken to from here if it is
// pending; 0: it stays pending (masked, or routed to a lower level).
int interrupt_physical_target(const Cpu *cpu, u32 line);
