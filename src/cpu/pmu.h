// The Performance Monitors of one PE (pmu.c), as the rest of the machine uses them.
#pragma once

#include "cpu/cpu.h"

// Numbers of the events that something outside of pmu.c counts (Arm ARM: "PMU events").
typedef enum PmuEvent {
    PMU_SW_INCR = 0x00,
    PMU_INST_RETIRED = 0x08,
    PMU_EXC_TAKEN = 0x09,
    PMU_EXC_RETURN = 0x0a,
    PMU_CID_WRITE_RETIRED = 0x0b,
    PMU_CPU_CYCLES = 0x11,
    PMU_TTBR_WRITE_RETIRED = 0x1c,
    PMU_CHAIN = 0x1e,
    PMU_STALL_FRONTEND = 0x23,
    PMU_STALL_BACKEND = 0x24,
    PMU_STALL = 0x3c,
    PMU_EXC_UNDEF = 0x81,
    PMU_EXC_SVC = 0x82,
    PMU_EXC_PABORT = 0x83,
    PMU_EXC_DABORT = 0x84,
    PMU_EXC_IRQ = 0x86,
    PMU_EXC_FIQ = 0x87,
    PMU_EXC_HVC = 0x8a,
    PMU_EXC_TRAP_PABORT = 0x8b,
    PMU_EXC_TRAP_DABORT = 0x8c,
    PMU_EXC_TRAP_OTHER = 0x8d,
    PMU_EXC_TRAP_IRQ = 0x8e,
    PMU_EXC_TRAP_FIQ = 0x8f,
} PmuEvent;

void pmu_create(Cpu *cpu);
void pmu_free(Cpu *cpu);
void pmu_reset(Cpu *cpu);

// An exception was taken from from_el, or an exception return was executed there: what was counted
// so far belongs to that Exception level. Called when cpu->pmu_on.
void pmu_exception(Cpu *cpu, int from_el, const Exception *e, u64 preferred_return);
void pmu_exception_return(Cpu *cpu);
// The instruction being executed is one of these events.
void pmu_event(Cpu *cpu, PmuEvent event);
// What filters events changed otherwise (MDCR_EL2; a debugger moved the CPU to another level):
// counts up to here as before, from here on as it is now.
void pmu_changed(Cpu *cpu);
// The CPU has executed up to cpu->pmu_deadline: the next overflow that somebody can see.
void pmu_overflow(Cpu *cpu);
