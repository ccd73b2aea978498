// The oracle's system register accesses: what MRS, MSR, SYS, SYSL and MSR (immediate) do. One function
// for one register, or for registers whose accessors read the same, in the form the Arm ARM gives them
// ("Accessibility" of each register): is it there, which Exception level asks, which traps apply in
// which order, which register or memory is reached. See oracle.h for what the oracle is.
#pragma once

#include "oracle.h"

// What the access with this encoding, op0:op1:CRn:CRm:op2, does. read: MRS and SYSL.
OracleResult oracle_sysreg(const OracleState *s, unsigned enc, bool read, unsigned rt);

// The bits of a control register, by name, that decide accesses on a PE with these features: all of
// them are writable, and a bit that decides accesses with other features only is not.
uint64_t oracle_control_bits(const OracleFeatures *has, const char *name);
