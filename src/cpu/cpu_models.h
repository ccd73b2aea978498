// CPU models: the values of the ID registers, and the features that follow from them.
#pragma once

#include "base/error.h"
#include "machine/machine.h"

// Fills machine->features and the register masks for config (cpu_model, el2, gic_version). False:
// no such model; err lists those there are.
bool cpu_model_features(Machine *machine, const char *name, Error *err);
// Resets all system registers of cpu and sets its ID registers. name as for cpu_model_features().
void cpu_model_reset(Cpu *cpu, const char *name);
// CCSIDR_EL1 for a value of CSSELR_EL1; 0 for a cache that is not there.
u64 cpu_model_ccsidr(const Cpu *cpu, unsigned csselr);
// Name of model n, NULL past the last.
const char *cpu_model_name(unsigned n);
