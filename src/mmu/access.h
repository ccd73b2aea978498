// Guest memory as instructions see it: the software TLB's fast path, inlined into every load and
// store. What misses here goes to mem_*_slow() (access.c): walk, faults, MMIO, alignment.
#pragma once

#include "cpu/cpu.h"

enum { TLB_BITS = 9, TLB_SIZE = 1 << TLB_BITS, FETCH_BITS = 8, FETCH_SIZE = 1 << FETCH_BITS };

// One 4 KB page. tag = page address when a plain access of that kind may go to host memory, else
// a value no address equals (TLB_NO_TAG or page address | TLB_SLOW).
typedef struct TlbEntry {
    u64 rtag, wtag;
    u64 add;    // host address = va + add
    u32 info;   // index of the full entry (tlb.c)
    u32 flags;  // TLBF_*
} TlbEntry;

enum {
    // In a tag: valid, but take the slow path (MMIO, code page, armed). Above bit 3: the
    // compare of
    // an unaligned access keeps address bits 3:0, so a lower bit could match.
    TLB_SLOW = 1 << 11,
    TLBF_ALIGNED = 1,  // unaligned accesses fault (SCTLR.A, Device memory)
};
#define TLB_NO_TAG (~0ull)

typedef struct FetchEntry {
    u64 tag;  // VA of the 4 KB page, TLB_NO_TAG when empty, | TLB_SLOW when armed (cpu/armed.h)
    OpPage *page;  // predecoded physical page
} FetchEntry;

// The tables of one (regime, VMID, ASID) context in one mode.
struct Tlb {
    TlbEntry data[TLB_SIZE];
    FetchEntry fetch[FETCH_SIZE];
    FetchEntry indirect[FETCH_SIZE];  // for BR and BLR: the same without guarded pages (FEAT_BTI)
    struct TlbContext *context;
    MmuMode mode;
};

// How an access differs from a plain load or store. What its syndrome says comes from the instruction (fault.c).
typedef enum Acc {
    ACC_NORMAL = 0,
    ACC_UNPRIV = 1,    // LDTR/STTR: as EL0 (subject to PSTATE.UAO and HCR_EL2)
    ACC_ORDERED = 2,   // acquire/release: alignment checked as the manual says
    ACC_ATOMIC = 4,    // read part of an atomic: needs write permission too
    ACC_EXCL = 8,      // exclusives: must be aligned
    ACC_PAIR = 16,     // part of a pair: each register is aligned by itself
    ACC_VECTOR = 32,   // SIMD&FP register: aligned as a whole
    ACC_NV2 = 64,      // register in memory (VNCR_EL2): EL2's access, made by EL1
    ACC_NO_TAG = 128,  // not a Tag Checked access, whatever the instruction
} Acc;

// The context of one executing load/store. In the fast variant of a handler `slow` is false and a
// miss sets `miss`: the generated wrapper then drops the results and tail-calls the slow variant.
// In a sequence `aligned` is true: the fast variant takes aligned accesses alone, which is less code;
// others are left to the handler of the single instruction.
typedef struct Mem {
    Cpu *cpu;
    const Op *op;
    bool slow, miss, aligned;
} Mem;

// Slow paths. size in bytes (1,2,4,8); srt = register number for ESR_ELx.ISS.SRT comes from the
// instruction word. They fault by AArch64_Abort() + cpu_unwind(), so they return only on success.
u64 mem_read_slow(Cpu *cpu, const Op *op, u64 va, unsigned size, Acc acc);
void mem_write_slow(Cpu *cpu, const Op *op, u64 va, unsigned size, u64 value, Acc acc);
void mem_read128_slow(Cpu *cpu, const Op *op, u64 va, V128 *out, Acc acc);
void mem_write128_slow(Cpu *cpu, const Op *op, u64 va, const V128 *value, Acc acc);
// Checks and translates without access (for the exclusives monitor); returns the physical address.
u64 mem_translate(Cpu *cpu, const Op *op, u64 va, unsigned size, bool read, bool write, Acc acc);

// Where va is, once its page's entry has matched; never NULL, which saves the caller's test.
static ALWAYS_INLINE void *tlb_host(const TlbEntry *e, u64 va) {
    void *host = (void *)(uintptr_t)(va + e->add);
    if (!host) __builtin_unreachable();
    return host;
}

static ALWAYS_INLINE TlbEntry *tlb_entry(Cpu *cpu, u64 va) {
    return &cpu->tlb->data[(va >> 12) & (TLB_SIZE - 1)];
}

// Host address for a plain access inside one page, or NULL. An aligned access needs one compare.
static ALWAYS_INLINE void *tlb_host_read(Cpu *cpu, u64 va, unsigned size) {
    TlbEntry *e = tlb_entry(cpu, va);
    if (likely((va & (~0xfffull | (size - 1))) == e->rtag)) return tlb_host(e, va);
    if (((va + size - 1) & ~0xfffull) == e->rtag && (va & ~0xfffull) == e->rtag &&
        !(e->flags & TLBF_ALIGNED))
        return tlb_host(e, va);
    return NULL;
}

static ALWAYS_INLINE void *tlb_host_write(Cpu *cpu, u64 va, unsigned size) {
    TlbEntry *e = tlb_entry(cpu, va);
    if (likely((va & (~0xfffull | (size - 1))) == e->wtag)) return tlb_host(e, va);
    if (((va + size - 1) & ~0xfffull) == e->wtag && (va & ~0xfffull) == e->wtag &&
        !(e->flags & TLBF_ALIGNED))
        return tlb_host(e, va);
    return NULL;
}

// For accesses that must be aligned: acquire/release (an unaligned one may fault: slow path).
static ALWAYS_INLINE void *tlb_host_read_aligned(Cpu *cpu, u64 va, unsigned size) {
    TlbEntry *e = tlb_entry(cpu, va);
    bool hit = (va & (~0xfffull | (size - 1))) == e->rtag;
    return likely(hit) ? tlb_host(e, va) : NULL;
}

static ALWAYS_INLINE void *tlb_host_write_aligned(Cpu *cpu, u64 va, unsigned size) {
    TlbEntry *e = tlb_entry(cpu, va);
    bool hit = (va & (~0xfffull | (size - 1))) == e->wtag;
    return likely(hit) ? tlb_host(e, va) : NULL;
}

// For atomics: aligned, readable and writable.
static ALWAYS_INLINE void *tlb_host_rmw(Cpu *cpu, u64 va, unsigned size) {
    TlbEntry *e = tlb_entry(cpu, va);
    u64 key = va & (~0xfffull | (size - 1));
    return likely(key == e->rtag && key == e->wtag) ? tlb_host(e, va) : NULL;
}

// For two elements of size bytes at va and va + size.
static ALWAYS_INLINE void *tlb_host_pair(Mem *m, u64 va, unsigned size, bool write) {
    TlbEntry *e = tlb_entry(m->cpu, va);
    u64 tag = write ? e->wtag : e->rtag, mask = ~0xfffull | (size - 1);
    if (likely(!(((va & mask) ^ tag) | (((va + size) & mask) ^ tag)))) return tlb_host(e, va);
    if (m->aligned) return NULL;
    if (((va + 2 * size - 1) & ~0xfffull) == tag && (va & ~0xfffull) == tag &&
        !(e->flags & TLBF_ALIGNED))
        return tlb_host(e, va);
    return NULL;
}

// The tables that LDTR and STTR use, in the common cases; NULL: let the slow path find out. Source:
// AArch64.IsUnprivAccessPriv.
static ALWAYS_INLINE Tlb *tlb_unprivileged(Cpu *cpu) {
    if (unlikely(cpu->pstate & PSTATE_UAO)) return NULL;
    if (cpu->el == 1)
        return likely(!bit(cpu->sys.HCR_EL2, HCR_NV1)) ? cpu->tlb_of[MODE_E10_0] : NULL;
    return cpu->el == 2 && cpu_in_host0(cpu) ? cpu->tlb_of[MODE_E20_0] : NULL;
}

// Aligned only.
static ALWAYS_INLINE void *tlb_host_unprivileged(Cpu *cpu, u64 va, unsigned size, bool write) {
    Tlb *tlb = tlb_unprivileged(cpu);
    if (unlikely(!tlb)) return NULL;
    TlbEntry *e = &tlb->data[(va >> 12) & (TLB_SIZE - 1)];
    bool hit = (va & (~0xfffull | (size - 1))) == (write ? e->wtag : e->rtag);
    return likely(hit) ? tlb_host(e, va) : NULL;
}

static ALWAYS_INLINE void *mem_host(const Mem *m, u64 va, unsigned size, bool write, Acc acc) {
    Cpu *cpu = m->cpu;
    if (acc & (ACC_ATOMIC | ACC_EXCL)) return NULL;
    if (acc & ACC_UNPRIV) return tlb_host_unprivileged(cpu, va, size, write);
    if (m->aligned || acc & ACC_ORDERED)
        return write ? tlb_host_write_aligned(cpu, va, size) : tlb_host_read_aligned(cpu, va, size);
    return write ? tlb_host_write(cpu, va, size) : tlb_host_read(cpu, va, size);
}

// Reads size bytes at va, zero-extended.
static ALWAYS_INLINE u64 mem_read(Mem *m, u64 va, unsigned size, Acc acc) {
    if (!m->slow) {
        void *host = mem_host(m, va, size, false, acc);
        if (unlikely(!host)) {
            m->miss = true;
            return 0;
        }
        u64 value = 0;
        memcpy(&value, host, MIN(size, 8u));  // the bound is for gcc at -O0
        return value;
    }
    return mem_read_slow(m->cpu, m->op, va, size, acc);
}

static ALWAYS_INLINE void mem_write(Mem *m, u64 va, unsigned size, u64 value, Acc acc) {
    if (!m->slow) {
        void *host = mem_host(m, va, size, true, acc);
        if (unlikely(!host)) {
            m->miss = true;
            return;
        }
        memcpy(host, &value, MIN(size, 8u));
        return;
    }
    mem_write_slow(m->cpu, m->op, va, size, value, acc);
}

static ALWAYS_INLINE void mem_read128(Mem *m, u64 va, V128 *out, Acc acc) {
    if (!m->slow) {
        void *host = mem_host(m, va, 16, false, ACC_VECTOR);
        if (unlikely(!host)) {
            m->miss = true;
            return;
        }
        memcpy(out, host, 16);
        return;
    }
    mem_read128_slow(m->cpu, m->op, va, out, acc | ACC_VECTOR);
}

static ALWAYS_INLINE void mem_write128(Mem *m, u64 va, const V128 *value, Acc acc) {
    if (!m->slow) {
        void *host = mem_host(m, va, 16, true, ACC_VECTOR);
        if (unlikely(!host)) {
            m->miss = true;
            return;
        }
        memcpy(host, value, 16);
        return;
    }
    mem_write128_slow(m->cpu, m->op, va, value, acc | ACC_VECTOR);
}
