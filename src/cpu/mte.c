// Memory tagging instructions. Arm ARM: "The Memory Tagging Extension"; pseudo-code
// AArch64.ChooseNonExcludedTag, AArch64.RandomTag, AArch64.AddressWithAllocationTag, and those of the
// instructions. Accesses to tags are in mmu/tags.c.
// Choices: with GCR_EL1.RRND = 1 tags come from the generator of RRND = 0, whose RGSR_EL1.SEED, if it is 0
// (where it would stay for ever), is taken from the machine's seed; an instruction that writes several
// granules takes the faults of all before it writes.
#include "cpu/mte.h"
#include "machine/machine.h"
#include "mmu/mmu.h"

enum { ZERO_BLOCK = 64 };  // DCZID_EL0.BS

// --- tags of addresses ---------------------------------------------------------------------------

static unsigned next_allowed(unsigned tag, u16 exclude) {
    while (exclude >> tag & 1) tag = (tag + 1) & 15;
    return tag;
}

static unsigned AArch64_ChooseNonExcludedTag(unsigned tag, unsigned offset, u16 exclude) {
    if (exclude == 0xffff) return 0;
    if (!offset) return next_allowed(tag, exclude);
    for (; offset; offset--) tag = next_allowed((tag + 1) & 15, exclude);
    return tag;
}

static u64 AArch64_AddressWithAllocationTag(u64 address, unsigned tag) {
    return set_bits(address, 59, 56, tag);
}

u64 mte_add_tag(const Cpu *cpu, u64 address, u64 offset, unsigned tag_offset) {
    unsigned tag = 0;
    if (tag_access_enabled(cpu))
        tag = AArch64_ChooseNonExcludedTag(address_tag(address), tag_offset, (u16)cpu->sys.GCR_EL1);
    return AArch64_AddressWithAllocationTag(address + offset, tag);
}

static unsigned initial_seed(const Cpu *cpu) {
    u64 mixed = (cpu->machine->config.seed + cpu->index + 1) * 0x9e3779b97f4a7c15;
    return (unsigned)(mixed >> 48) | 1;
}

// Four bits of the shift register in RGSR_EL1.SEED.
static unsigned AArch64_RandomTag(Cpu *cpu) {
    unsigned seed = (unsigned)bits(cpu->sys.RGSR_EL1, 23, 8), tag = 0;
    if (!seed && bit(cpu->sys.GCR_EL1, 16)) seed = initial_seed(cpu);
    for (unsigned i = 0; i < 4; i++) {
        unsigned top = (seed >> 5 ^ seed >> 3 ^ seed >> 2 ^ seed) & 1;
        seed = top << 15 | seed >> 1;
        tag |= top << i;
    }
    cpu->sys.RGSR_EL1 = set_bits(cpu->sys.RGSR_EL1, 23, 8, seed);
    return tag;
}

u64 mte_random_tag(Cpu *cpu, u64 address, u16 exclude) {
    unsigned tag = 0;
    if (tag_access_enabled(cpu)) {
        unsigned start = (unsigned)bits(cpu->sys.RGSR_EL1, 3, 0), offset = AArch64_RandomTag(cpu);
        tag = AArch64_ChooseNonExcludedTag(start, offset, (u16)(exclude | (u16)cpu->sys.GCR_EL1));
        cpu->sys.RGSR_EL1 = set_bits(cpu->sys.RGSR_EL1, 3, 0, tag);
    }
    return AArch64_AddressWithAllocationTag(address, tag);
}

void mte_check_privileged(Cpu *cpu, const Op *op) {
    if (cpu->el) return;
    cpu_sync(cpu, op);
    AArch64_Undefined(cpu);
    cpu_unwind(cpu);
}

// --- allocation tags -----------------------------------------------------------------------------

static void store_data(Cpu *cpu, const Op *op, u64 va, u64 low, u64 high) {
    V128 value = {.d = {low, high}};
    mem_write128_slow(cpu, op, va, &value, ACC_VECTOR | ACC_NO_TAG);
}

u64 mte_load_tag(Cpu *cpu, const Op *op, u64 va, u64 old) {
    unsigned tag = mem_tag_read(cpu, op, align_down(va, TAG_GRANULE));
    return AArch64_AddressWithAllocationTag(old, tag_access_enabled(cpu) ? tag : 0);
}

void mte_store_tags(Cpu *cpu, const Op *op, u64 va, unsigned tag, unsigned what) {
    unsigned n = what & MTE_TWO ? 2 : 1;
    mem_tag_probe(cpu, op, va, n);
    for (unsigned i = 0; i < n; i++, va += TAG_GRANULE) {
        if (what & MTE_ZERO) store_data(cpu, op, va, 0, 0);
        mem_tag_write(cpu, op, va, tag);
    }
}

void mte_store_tag_and_pair(Cpu *cpu, const Op *op, u64 va, u64 low, u64 high) {
    mem_tag_probe(cpu, op, va, 1);
    store_data(cpu, op, va, low, high);
    mem_tag_write(cpu, op, va, address_tag(va));
}

// Tag n of a block is at bits 4n+3:4n, counted from the address of 16 granules.
u64 mte_load_block(Cpu *cpu, const Op *op, u64 va) {
    u64 size = 4ull << MTE_BLOCK_LOG2, tags = 0;
    va = align_down(va, size);
    for (u64 a = va; a < va + size; a += TAG_GRANULE)
        tags |= (u64)mem_tag_read(cpu, op, a) << 4 * bits(a, 7, 4);
    return tags;
}

void mte_store_block(Cpu *cpu, const Op *op, u64 va, u64 tags) {
    u64 size = 4ull << MTE_BLOCK_LOG2;
    va = align_down(va, size);
    for (u64 a = va; a < va + size; a += TAG_GRANULE)
        mem_tag_write(cpu, op, a, (unsigned)(tags >> 4 * bits(a, 7, 4)) & 15);
}

void mte_zero_block(Cpu *cpu, const Op *op, u64 va, u64 tag) {
    va = align_down(va, ZERO_BLOCK);
    for (u64 a = va; a < va + ZERO_BLOCK; a += TAG_GRANULE) {
        mem_tag_write(cpu, op, a, (unsigned)tag & 15);
        store_data(cpu, op, a, 0, 0);
    }
}
