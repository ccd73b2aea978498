// Inside src/mmu: the tagged software TLB of one CPU.
#pragma once

#include "mmu/walk.h"

enum {
    CONTEXT_COUNT = 64,
    CONTEXT_MODES = 3,  // EL0, privileged, privileged with PAN
    WRITE_FILTER_BITS = 4096,
    S2_CACHE_SIZE = 256,
    CONTROL_COUNT = 7,
    FULL_NG = 1,          // not global: belongs to the ASID
    FULL_MMIO = 2,        // not plain memory: through the bus
    FULL_READONLY = 4,    // plain memory for reads, the bus for writes
    FULL_DEVICE = 8,      // Device at either stage: unaligned accesses fault
    FULL_S1_DEVICE = 16,  // ... because of stage 1
    FULL_ARMED = 32,      // holds an armed address (cpu/armed.h)
    FULL_TAGGED = 64,     // Tagged memory that has allocation tags
    FULL_CHECKED = 128,   // ... and accesses by this address are Tag Checked (tags.h)
    FULL_ASKS = FULL_ARMED | FULL_CHECKED,  // every access takes the slow path
    FULL_GUARDED = 64,  // of a fetch, which has neither: stage 1's GP bit (FEAT_BTI)
};

// What the fast path does not need of a data entry.
typedef struct DataFull {
    u64 va;  // page address as used, TLB_NO_TAG when empty
    u64 pa;
    u8 s1_bits;  // log2 of the block of stage 1: invalidating any address of it drops the entry
    u8 s2_bits;
    u8 flags;  // FULL_*
} DataFull;

typedef struct FetchFull {
    u8 s1_bits, s2_bits, flags;
} FetchFull;

enum { BLOCK_FILTER_BITS = 256 };

// Bit of block_filter for the 2^size_bits region of va; size_bits 16 or 21.
static inline unsigned block_filter_bit(u64 va, unsigned size_bits) {
    return (unsigned)(((va >> size_bits) + size_bits) * 0x9e3779b97f4a7c15 >> 56);
}

typedef struct TlbTable {
    Tlb tlb;  // first: a Tlb * is a TlbTable *
    DataFull full[TLB_SIZE];
    FetchFull fetch_full[FETCH_SIZE];
    u64 write_filter[WRITE_FILTER_BITS / 64];  // hashed pages with a plain-write tag
    // Where entries come from blocks larger than 4 KB. Up to 2 MB: hashed 64 KB or 2 MB regions; larger:
    // by VA half the first and last byte, sign-extended from bit 55.
    u64 block_filter[BLOCK_FILTER_BITS / 64];
    i64 big_lo[2], big_hi[2];
    bool used;  // anything filled since the last clear
} TlbTable;

typedef struct TlbContext {
    u64 key;                      // context_key(), 0 when free
    u64 controls[CONTROL_COUNT];  // register values that `regime` was decoded from
    u64 last_use;
    u64 ttbr[2], vttbr;  // the tables that it was last selected with (for the debugger)
    Regime regime;
    bool global[2];  // a global entry was filled, by VA half
    TlbTable *table[CONTEXT_MODES];
} TlbContext;

typedef struct S2Entry {
    u64 ipa, pa;  // page addresses; ipa TLB_NO_TAG when empty
} S2Entry;

typedef struct S2Cache {
    u64 key[4];  // VMID and controls it was filled under
    S2Entry entry[S2_CACHE_SIZE];
} S2Cache;

struct TlbContexts {
    TlbContext context[CONTEXT_COUNT];
    TlbContext *current[REGIME_COUNT];  // NULL: to be looked up
    TlbTable *spare;                    // freed tables, linked through tlb.context
    u64 clock;
    S2Cache s2;
    Translation log;  // of a walk that observers are told of
    WalkStep log_step[WALK_STEPS_MAX];
    u8 *write_mapped;  // bitmap: RAM pages some table of this CPU may write without asking
    u64 ram_pages;
};

static inline S2Entry *s2_cache_entry(S2Cache *c, u64 ipa) {
    return &c->entry[(ipa >> 12) & (S2_CACHE_SIZE - 1)];
}
void s2_cache_clear(S2Cache *c);

static inline TlbTable *tlb_table(Tlb *tlb) {
    return (TlbTable *)tlb;
}
static inline TlbContext *tlb_context(const Tlb *tlb) {
    return (TlbContext *)tlb->context;
}
static inline i64 canonical(u64 va) {
    return sext(va, 56);
}

// The key of the context that the registers select now.
u64 tlb_current_key(const Cpu *cpu, RegimeId id);
// The fields of a context's key.
u64 context_key(RegimeId id, bool s1, bool s2, bool dc, u16 vmid, u16 asid);
static inline bool context_dc(const TlbContext *c) {
    return bit(c->key, 4);
}
static inline RegimeId context_regime(const TlbContext *c) {
    return (RegimeId)bits(c->key, 1, 0);
}
static inline u16 context_asid(const TlbContext *c) {
    return (u16)bits(c->key, 31, 16);
}
static inline u16 context_vmid(const TlbContext *c) {
    return (u16)bits(c->key, 47, 32);
}

// Replaces the registers of translation by those that a context of the EL1&0 regime was last selected with.
void context_registers(const TlbContext *c, struct SysRegs *s);

void table_clear(TlbTable *t);
void table_drop_data(TlbTable *t, unsigned i);
void table_drop_fetch(TlbTable *t, unsigned i);
void context_clear(TlbContext *c);

// Enters a data translation of the page of va; returns its entry.
TlbEntry *tlb_fill(Cpu *cpu, Tlb *tlb, u64 va, const Mapping *m);
void tlb_fill_fetch(Cpu *cpu, Tlb *tlb, u64 va, const Mapping *m, OpPage *page);
// A store went to [pa, pa+n) of a page with decoded code.
void tlb_code_written(Cpu *cpu, Tlb *tlb, u64 va, u64 pa, unsigned n);
// A walk for an access of `mode` in the current context of its regime.
void tlb_start_walk(Cpu *cpu, Tlb *tlb, AccessType type, bool read, bool write, Walk *w);
