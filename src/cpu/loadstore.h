// The out-of-line parts of loads and stores (loadstore.c).
#pragma once

#include "cpu/op.h"

// The base register is SP and not a multiple of 16: faults if SCTLR_ELx.SA or SA0 says so, else
// returns. Source: CheckSPAlignment.
void check_sp_alignment(Cpu *cpu, const Op *op);
// Marks [va, va + size) for the exclusives monitor, after a load through the slow path.
void exclusive_mark_slow(Cpu *cpu, u64 va, unsigned size);
// A store-exclusive of size bytes at va may write; clears the monitor. Faults are taken first.
// Source: AArch64.ExclusiveMonitorsPass.
bool exclusive_pass_slow(Cpu *cpu, const Op *op, u64 va, unsigned size);
// HCR_EL2.API traps LDRAA, LDRAB: leaves the instruction.
void check_pauth_trap(Cpu *cpu, const Op *op, int key);
