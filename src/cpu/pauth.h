// Pointer authentication (Arm ARM: "Pointer authentication" in "The AArch64 Application Level
// Programmers' Model"): FEAT_PAuth, FEAT_PAuth2, FEAT_FPAC.
#pragma once

#include "cpu/cpu.h"

typedef enum PacKey { PAC_IA, PAC_IB, PAC_DA, PAC_DB, PAC_GA } PacKey;

// SCTLR_ELx.EnIA, EnIB, EnDA, EnDB of the current regime; PAC_GA is always enabled.
bool pauth_enabled(const Cpu *cpu, PacKey key);
// HCR_EL2.API traps the use of an enabled key (and XPAC*, PACGA: ask with PAC_GA) from EL1 and EL0:
// takes EC 0x09 and returns true. cpu->pc is the instruction.
bool pauth_trapped(Cpu *cpu, PacKey key);
// AddPAC*: ptr with its authentication code; ptr itself when the key is disabled.
u64 pauth_add(const Cpu *cpu, u64 ptr, u64 modifier, PacKey key);
// Auth*: the plain pointer; when the code is wrong, one with an error code in its upper bits, or with
// FEAT_PAuth2 one that is not canonical. ptr itself when the key is disabled.
u64 pauth_auth(const Cpu *cpu, u64 ptr, u64 modifier, PacKey key);
// `result` of pauth_auth() for an instruction that does nothing else. FEAT_FPAC: takes EC 0x1C and
// returns true if the code was wrong. cpu->pc is the instruction.
bool pauth_failed(Cpu *cpu, u64 result, PacKey key);
// Strip: XPACD (data) and XPACI.
u64 pauth_strip(const Cpu *cpu, u64 ptr, bool data);
// PACGA.
u64 pauth_ga(const Cpu *cpu, u64 x, u64 y);
// ComputePACQARMA with five rounds; key as key0 (Hi) and key1 (Lo). For tests.
u64 pauth_qarma5(u64 data, u64 modifier, u64 key0, u64 key1);
