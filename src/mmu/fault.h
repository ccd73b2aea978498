// Inside src/mmu: syndromes.
#pragma once

#include "mmu/mmu.h"

// EncodeLDFSC: DFSC/IFSC and PAR_EL1.FST.
unsigned fault_status(const Fault *f);
bool fault_is_external(const Fault *f);
// ISS bits 24:14 for the instruction word of a load or store; 0 when ISV is 0: pairs, exclusives,
// atomics, SIMD&FP, writeback.
u32 LSInstructionSyndrome(u32 word);
void AArch64_PCAlignmentFault(Cpu *cpu, u64 pc);
