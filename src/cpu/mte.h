// What the memory tagging instructions do (mte.c).
#pragma once

#include "cpu/op.h"
#include "mmu/tags.h"

enum {
    MTE_BLOCK_LOG2 = 6,  // GMID_EL1.BS: 4 << 6 bytes have the tags of one register
    MTE_ZERO = 1,        // STZG, STZ2G: the data, too
    MTE_TWO = 2,         // ST2G, STZ2G: of two granules
};

// AArch64.AllocationTagFromAddress.
static inline unsigned address_tag(u64 address) {
    return (unsigned)bits(address, 59, 56);
}

// ADDG, SUBG: address + offset, with the tag that is `tag_offset` tags behind its own.
u64 mte_add_tag(const Cpu *cpu, u64 address, u64 offset, unsigned tag_offset);
// IRG: the address with a random tag that is neither in `exclude` nor in GCR_EL1.Exclude.
u64 mte_random_tag(Cpu *cpu, u64 address, u16 exclude);
// LDGM, STGM, STZGM at EL0 are UNDEFINED: leaves the instruction.
void mte_check_privileged(Cpu *cpu, const Op *op);

// Each takes the faults of its accesses (then it does not return) before it writes anything.
u64 mte_load_tag(Cpu *cpu, const Op *op, u64 va, u64 old);  // LDG: `old` with the tag at va
void mte_store_tags(Cpu *cpu, const Op *op, u64 va, unsigned tag, unsigned what);  // MTE_*
void mte_store_tag_and_pair(Cpu *cpu, const Op *op, u64 va, u64 low, u64 high);
u64 mte_load_block(Cpu *cpu, const Op *op, u64 va);
void mte_store_block(Cpu *cpu, const Op *op, u64 va, u64 tags);
void mte_zero_block(Cpu *cpu, const Op *op, u64 va, u64 tag);
