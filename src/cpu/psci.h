// The firmware behind the conduit (SMC, or HVC when EL2 is not implemented).
#pragma once

#include "cpu/cpu.h"

// Executes the SMC Calling Convention call in x0..x7 and leaves the results in x0... cpu->pc is not
// changed. True: firmware answered (with NOT_SUPPORTED, when it does not know the function), which
// is always so on this machine.
bool psci_call(Cpu *cpu);
