// Allocation tags and Tag Checked accesses (FEAT_MTE2, FEAT_MTE3). Arm ARM: "The Memory Tagging
// Extension"; pseudo-code AArch64.AccessIsTagChecked, AArch64.CheckTag, AArch64.TagCheckFault,
// AArch64.MemTag, PhysMemTagRead.
// Tags are kept beside memory that can be written, two in a byte, from the first that is not 0 on; other
// memory has none: it reads as tag 0, and accesses to it are not checked.
// Choices: FAR_ELx is the whole address of the first byte that fails, bits 63:60 included, and the operand of
// DC ZVA; TFSR_ELx shows an asynchronous fault at once; an access with a synchronous fault writes nothing of that register.
#include "mmu/tags.h"
#include "cpu/op.h"
#include "mmu/fault.h"
#include "mmu/tlb.h"

#include <sys/mman.h>

// --- storage -------------------------------------------------------------------------------------

static u64 tag_bytes(const Region *region) {
    return align_up(region->size / (2 * TAG_GRANULE), 4096);
}

unsigned tag_load(Machine *machine, u64 pa) {
    Region *region;
    if (!phys_host(machine, pa, &region) || !region->tags) return 0;
    u64 granule = (pa - region->base) / TAG_GRANULE;
    return region->tags[granule / 2] >> 4 * (granule & 1) & 15;
}

void tag_store(Machine *machine, u64 pa, unsigned tag) {
    Region *region;
    if (!phys_host(machine, pa, &region) || !tags_stored(region)) return;
    if (!region->tags) {
        if (!tag) return;
        void *tags = mmap(NULL, tag_bytes(region), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(tags != MAP_FAILED);
        region->tags = tags;
    }
    u64 granule = (pa - region->base) / TAG_GRANULE;
    u8 *pair = &region->tags[granule / 2];
    *pair = granule & 1 ? (u8)((*pair & 0x0f) | tag << 4) : (u8)((*pair & 0xf0) | tag);
}

void tags_free(Region *region) {
    if (region->tags) munmap(region->tags, tag_bytes(region));
    region->tags = NULL;
}

// --- controls ------------------------------------------------------------------------------------

static const TagControls *controls(const Tlb *tlb) {
    return &tlb_context(tlb)->regime.tags[!mode_el0(tlb->mode)];
}

bool tag_access_enabled(const Cpu *cpu) {
    return controls(cpu->tlb)->access;
}

bool tags_checked(const Tlb *tlb, u64 va) {
    const Regime *r = &tlb_context(tlb)->regime;
    const TagControls *c = controls(tlb);
    const S1Range *g = &r->range[r->unpriv && bit(va, 55)];
    u64 tag = bits(va, 59, 55);  // with the bit that sign-extends the address
    if (!c->access || c->tcf == TCF_NONE || !g->tbi) return false;
    return !(g->tcma && (tag == 0 || tag == 0x1f));
}

// --- checks --------------------------------------------------------------------------------------

// The load or store is not Tag Checked: literal, or base SP with an immediate offset and no write-back.
static bool unchecked_form(u32 word) {
    if ((word & 0x3b000000) == 0x18000000) return true;  // literal
    if ((word >> 5 & 31) != 31) return false;
    if ((word & 0x3a000000) == 0x28000000) return !bit(word, 23);  // pairs: no write-back
    if ((word & 0xbe000000) == 0x0c000000) return !bit(word, 23);  // structures: no post-index
    if ((word & 0x3b000000) != 0x38000000) return true;
    // Registers with a 9-bit offset, atomics, register offset, LDRAA: bits 11:10 are the form.
    unsigned form = word >> 10 & 3;
    if (!bit(word, 21)) return !(form & 1);
    return form == 0 || form == 1;
}

// AArch64.ReportTagCheckFault.
static void report(Cpu *cpu, const Tlb *tlb, u64 va) {
    struct SysRegs *s = &cpu->sys;
    unsigned el = mode_el(tlb->mode);
    u64 *tfsr = el == 2 ? &s->TFSR_EL2 : el == 1 ? &s->TFSR_EL1 : &s->TFSRE0_EL1;
    *tfsr |= bit(va, 55) ? 2 : 1;
}

static COLD void tag_fault(Cpu *cpu, const Tlb *tlb, u64 va, unsigned tag, bool read, bool write) {
    unsigned tcf = controls(tlb)->tcf;
    if (tcf == TCF_ASYNC || (tcf == TCF_ASYM && !read)) {
        report(cpu, tlb, va);
        return;
    }
    Fault f = {.type = FAULT_TAG_CHECK,
               .write = write && !read,
               .memory_tag = (u8)tag,
               .rule = "tag check"};
    AArch64_Abort(cpu, (Va){va}, &f, f.write ? ACCESS_WRITE : ACCESS_READ, 0, ACC_NORMAL);
    cpu_unwind(cpu);
}

void tag_check(Cpu *cpu, const Tlb *tlb, u64 va, u64 pa, unsigned size, bool read, bool write,
               Acc acc) {
    if (cpu->pstate & PSTATE_TCO || acc & (ACC_NO_TAG | ACC_NV2)) return;
    if (unchecked_form(current_word(cpu))) return;
    u64 last = va + size - 1;
    for (u64 a = va; a <= last; a = align_down(a, TAG_GRANULE) + TAG_GRANULE) {
        unsigned tag = tag_load(cpu->machine, pa + (a - va));
        if (tag != bits(va, 59, 56)) tag_fault(cpu, tlb, a, tag, read, write);
    }
}

void tag_check_block(Cpu *cpu, const Tlb *tlb, u64 va, u64 pa, unsigned size) {
    if (cpu->pstate & PSTATE_TCO) return;
    for (u64 a = pa; a < pa + size; a += TAG_GRANULE) {
        unsigned tag = tag_load(cpu->machine, a);
        if (tag != bits(va, 59, 56)) tag_fault(cpu, tlb, va, tag, false, true);
    }
}

// --- tag instructions ----------------------------------------------------------------------------

static _Noreturn COLD void tag_alignment_fault(Cpu *cpu, const Op *op, u64 va) {
    if (op) cpu_sync(cpu, op);
    Fault f = {.type = FAULT_ALIGNMENT, .write = true, .rule = "alignment of allocation tags"};
    AArch64_Abort(cpu, (Va){va}, &f, ACCESS_WRITE, 0, ACC_NORMAL);
    cpu_unwind(cpu);
}

// Translates; *pa gets the place of the tag. False: there is none.
static bool locate_tag(Cpu *cpu, const Op *op, u64 va, bool write, u64 *pa) {
    *pa = mem_translate(cpu, op, va, TAG_GRANULE, !write, write, ACC_NO_TAG);
    const TlbTable *t = tlb_table(cpu->tlb);
    return t->full[(va >> 12) & (TLB_SIZE - 1)].flags & FULL_TAGGED && tag_access_enabled(cpu);
}

unsigned mem_tag_read(Cpu *cpu, const Op *op, u64 va) {
    u64 pa;
    return locate_tag(cpu, op, va, false, &pa) ? tag_load(cpu->machine, pa) : 0;
}

void mem_tag_write(Cpu *cpu, const Op *op, u64 va, unsigned tag) {
    u64 pa;
    if (va & (TAG_GRANULE - 1)) tag_alignment_fault(cpu, op, va);
    if (locate_tag(cpu, op, va, true, &pa)) tag_store(cpu->machine, pa, tag);
}

void mem_tag_probe(Cpu *cpu, const Op *op, u64 va, unsigned n) {
    u64 pa;
    if (va & (TAG_GRANULE - 1)) tag_alignment_fault(cpu, op, va);
    for (unsigned i = 0; i < n; i++) locate_tag(cpu, op, va + i * TAG_GRANULE, true, &pa);
}
