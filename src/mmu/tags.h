// Allocation tags (FEAT_MTE2): their storage, Tag Checked accesses, and the accesses to tags of the tag
// instructions.
#pragma once

#include "devices/device.h"
#include "mmu/access.h"

enum { TAG_GRANULE = 16 };

// The region has allocation tags: plain memory that can be written.
static inline bool tags_stored(const Region *region) {
    return region->host && !region->readonly && !region->ops;
}
// The tag of the granule at pa, 0 in memory without tags.
unsigned tag_load(Machine *machine, u64 pa);
void tag_store(Machine *machine, u64 pa, unsigned tag);
void tags_free(Region *region);

// Accesses by this address, in Tagged memory, are Tag Checked: what the address and the controls of the
// table's context and mode decide of AArch64.AccessIsTagChecked, and whether a fault would show.
bool tags_checked(const Tlb *tlb, u64 va);
// The check of an access inside one page, which FULL_CHECKED of its entry asks for. Returns if the
// access goes on. Source: AArch64.CheckTag, AArch64.TagCheckFault.
void tag_check(Cpu *cpu, const Tlb *tlb, u64 va, u64 pa, unsigned size, bool read, bool write,
               Acc acc);
// The same of DC ZVA's block at pa; va: its operand.
void tag_check_block(Cpu *cpu, const Tlb *tlb, u64 va, u64 pa, unsigned size);
// PSTATE.EL may access allocation tags. Source: AArch64.AllocationTagAccessIsEnabled.
bool tag_access_enabled(const Cpu *cpu);

// AArch64.MemTag. va is a multiple of 16 for a read; for a write anything else is an Alignment fault.
// Each may fault (then it does not return). op: the instruction; NULL: its time is exact already.
unsigned mem_tag_read(Cpu *cpu, const Op *op, u64 va);
void mem_tag_write(Cpu *cpu, const Op *op, u64 va, unsigned tag);
// Takes the faults of writing the tags, and the data if that is to be, of n granules.
void mem_tag_probe(Cpu *cpu, const Op *op, u64 va, unsigned n);
