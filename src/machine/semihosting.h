// Semihosting: services of the host for bare-metal programs (HLT #0xf000).
#pragma once

#include "cpu/cpu.h"

// Executes the operation in w0 with the parameter in x1; the result goes to x0. False when the
// machine runs without semihosting: the HLT is then an ordinary one. cpu->pc is not changed.
bool semihosting_call(Cpu *cpu);
