// Inside src/mmu: syndromes.
#pragma once

#include "mmu/mmu.h"

// EncodeLDFSC: DFSC/IFSC and PAR_EL1.FST.
unsigned fault_status(const Fault *f);
bool fault_is_external(const Fault *f);
// ISS bits 24:14 for the instruction word of a load or store; 0 when ISV is 0: pairs, exclusives,
// atomics, SIMD&FP, writeback.
u32 LSInstructionSyndrome(u32 word);
// The exception that AArch64_Abort() takes, and to which Exception level, for an access made at cpu->el. word: the load
// or store, 0 when it is not known.
int abort_exception(const Cpu *cpu, Va va, const Fault *f, AccessType type, Acc acc, u32 word,
                    Exception *e);
// The instruction word at cpu->pc while it is executed; 0 outside of instructions.
u32 current_word(const Cpu *cpu);
void AArch64_PCAlignmentFault(Cpu *cpu, u64 pc);
