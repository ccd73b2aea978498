// The out-of-line parts of the system instructions (system.c): everything that can take an
// exception or needs exact time. Same signature as handlers, to be tail-called by them.
#pragma once

#include "cpu/op.h"

// MRS, SYSL / MSR, SYS: Op.r[0] is the register slot, Op.half.lo the encoding.
const Op *system_read(Cpu *cpu, const Op *op, const Table *table);
const Op *system_write(Cpu *cpu, const Op *op, const Table *table);
// MSR DAIFSet, DAIFClr at EL0 with SCTLR_EL1.UMA = 0, or of a host.
const Op *system_trap_daif(Cpu *cpu, const Op *op, const Table *table);
// An instruction that turned out UNDEFINED at this EL.
const Op *system_undefined(Cpu *cpu, const Op *op, const Table *table);
const Op *system_wfi(Cpu *cpu, const Op *op, const Table *table);
const Op *system_wfe(Cpu *cpu, const Op *op, const Table *table);
// cpu->pc is the instruction. Source: AArch64.ESBOperation, AArch64.vESBOperation (interrupt.c).
void system_esb(Cpu *cpu);
void system_send_event(Cpu *cpu);
// Ends a HALT_WFI or HALT_WFE.
void system_wake(Cpu *cpu);
// The delay of a WFE trap is over (FEAT_TWED); gentimer_delay_wfe_trap() has this called.
void system_wfe_delay_over(Cpu *cpu);
// HCR_EL2.NV or HFGITR_EL2.ERET traps ERET: true, and the exception was taken. Source: AArch64.CheckForERetTrap.
bool system_eret_trapped(Cpu *cpu);
// SCTLR_ELx that controls EL0, and the one of the current EL.
static inline u64 system_sctlr_el0(const Cpu *cpu) {
    return cpu_in_host0(cpu) ? cpu->sys.SCTLR_EL2 : cpu->sys.SCTLR_EL1;
}
static inline u64 system_sctlr(const Cpu *cpu) {
    if (cpu->el == 0) return system_sctlr_el0(cpu);
    return cpu->el == 2 ? cpu->sys.SCTLR_EL2 : cpu->sys.SCTLR_EL1;
}

enum {
    SCTLR_SA = 3,
    SCTLR_SA0 = 4,
    SCTLR_UMA = 9,
    SCTLR_DZE = 14,
    SCTLR_nTWI = 16,
    SCTLR_nTWE = 18,
};
