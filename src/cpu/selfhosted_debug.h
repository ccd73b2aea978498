// Inside self-hosted debug: what the three files of it share.
#pragma once

#include "cpu/cpu.h"

// Some lock disables debug exceptions: the OS Lock or the OS Double Lock.
bool debug_locked(const Cpu *cpu);
// ArmedHit of the guest's breakpoints and watchpoints.
bool debug_armed_hit(Cpu *cpu, const ArmedAccess *access, void *arg);

// --- debug_match.c ---
// Pseudo-code AArch64.BreakpointMatch: breakpoint n matches the instruction at va.
bool AArch64_BreakpointMatch(const Cpu *cpu, unsigned n, u64 va);
// Pseudo-code AArch64.WatchpointMatch for an access of one kind; *address: the lowest byte that is
// watched, for FAR_ELx.
bool AArch64_WatchpointMatch(const Cpu *cpu, unsigned n, const ArmedAccess *access, u64 *address);
// Where breakpoint or watchpoint n can match, whatever the state is but for the Exception level.
// False: nowhere.
bool debug_breakpoint_range(const Cpu *cpu, unsigned n, ArmedRange *range);
bool debug_watchpoint_range(const Cpu *cpu, unsigned n, ArmedRange *range);
