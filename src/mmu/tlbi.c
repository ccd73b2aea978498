// TLB invalidation. Arm ARM: "TLB maintenance instructions", pseudo-code AArch64.TLBI_*.
// Only contexts that match regime, VMID and (for non-global entries) ASID are touched. An entry
// that comes from a stage 1 block goes when any address of the block is named. Entries of contexts
// with stage 1 off hold stage 2 alone: by-VA and by-ASID operations leave them, IPAS2E1 drops them,
// and leaves entries that combine both stages, which need a stage 1 operation as well.
#include "mmu/tlb.h"

typedef struct Range {
    i64 lo, hi;  // bytes, inclusive
} Range;

static bool overlaps(u64 va, unsigned block_bits, Range r) {
    if (block_bits >= 48) block_bits = 12;
    i64 lo = (i64)align_down((u64)canonical(va), 1ull << block_bits);
    return lo <= r.hi && lo + (i64)ones(block_bits) >= r.lo;
}

// Which of a context's entries the operation names, by nG.
typedef struct Which {
    bool global, ng;
} Which;

static void drop_data_if(TlbTable *t, unsigned i, Which which, const Range *r, bool stage2) {
    DataFull *f = &t->full[i];
    if (f->va == TLB_NO_TAG || !(f->flags & FULL_NG ? which.ng : which.global)) return;
    if (r && !overlaps(f->va, MAX(12, stage2 ? f->s2_bits : f->s1_bits), *r)) return;
    table_drop_data(t, i);
}

static void drop_fetch_if(TlbTable *t, unsigned i, Which which, const Range *r, bool stage2) {
    FetchFull *f = &t->fetch_full[i];
    u64 tag = t->tlb.fetch[i].tag;
    if (tag == TLB_NO_TAG || !(f->flags & FULL_NG ? which.ng : which.global)) return;
    if (r && !overlaps(tag, MAX(12, stage2 ? f->s2_bits : f->s1_bits), *r)) return;
    table_drop_fetch(t, i);
}

static void scan(TlbTable *t, Which which, const Range *r, bool stage2) {
    for (unsigned i = 0; i < TLB_SIZE; i++) drop_data_if(t, i, which, r, stage2);
    for (unsigned i = 0; i < FETCH_SIZE; i++) drop_fetch_if(t, i, which, r, stage2);
}

// The page may be part of a block of up to 2 MB that the table holds entries of.
static bool in_small_block(const TlbTable *t, u64 va) {
    unsigned a = block_filter_bit(va, 16), b = block_filter_bit(va, 21);
    return bit(t->block_filter[a / 64], a % 64) || bit(t->block_filter[b / 64], b % 64);
}

static void drop_range(TlbTable *t, Which which, const Range *r) {
    unsigned half = r->lo < 0;
    bool blocks = r->lo <= t->big_hi[half] && r->hi >= t->big_lo[half];
    u64 pages = ((u64)(r->hi - r->lo) >> 12) + 1;
    for (u64 i = 0; i < pages && pages < FETCH_SIZE && !blocks; i++)
        blocks = in_small_block(t, (u64)r->lo + (i << 12));
    if (blocks || pages >= FETCH_SIZE) {
        scan(t, which, r, false);
        return;
    }
    for (u64 p = (u64)r->lo >> 12, n = pages; n; n--, p++) {
        drop_data_if(t, p & (TLB_SIZE - 1), which, r, false);
        drop_fetch_if(t, p & (FETCH_SIZE - 1), which, r, false);
    }
}

// IPAS2E1*: stage 1 is off, so addresses in the table are IPAs.
static void invalidate_stage2(TlbContext *c, const TlbiScope *s) {
    Range r = {(i64)s->va_lo, (i64)s->va_hi};
    if (c->regime.s1) return;
    for (unsigned i = 0; i < CONTEXT_MODES; i++)
        if (c->table[i] && c->table[i]->used)
            scan(c->table[i], (Which){true, true}, s->by_va ? &r : NULL, true);
}

static void invalidate_context(TlbContext *c, const TlbiScope *s) {
    Which which = {true, true};
    if (s->by_asid) which = (Which){s->global_too, context_asid(c) == s->asid};
    if ((s->by_asid || s->by_va) && !c->regime.s1) return;
    if (!which.global && !which.ng) return;
    if (which.global && which.ng && !s->by_va) {
        context_clear(c);
        return;
    }
    Range r = {canonical(s->va_lo), canonical(s->va_hi)};
    if (s->by_va && !which.ng && !c->global[r.lo < 0]) return;
    for (unsigned i = 0; i < CONTEXT_MODES; i++) {
        TlbTable *t = c->table[i];
        if (!t || !t->used) continue;
        if (s->by_va) {
            drop_range(t, which, &r);
        } else {
            scan(t, which, NULL, false);
        }
    }
}

void tlb_invalidate(Cpu *cpu, const TlbiScope *scope) {
    TlbiScope s = *scope;
    RegimeId id = s.regime == TLBI_EL10   ? REGIME_EL10
                  : s.regime == TLBI_EL20 ? REGIME_EL20
                                          : REGIME_EL2;
    if (!cpu_has(cpu, FEAT_ASID16)) s.asid &= 0xff;
    if (id == REGIME_EL10 && (s.stage2_only || (!s.by_va && !s.by_asid)))
        s2_cache_clear(&cpu->contexts->s2);
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) {
        TlbContext *c = &cpu->contexts->context[i];
        if (!c->key || context_regime(c) != id) continue;
        if (id == REGIME_EL10 && s.by_vmid && context_vmid(c) != s.vmid) continue;
        if (s.stage2_only) {
            invalidate_stage2(c, &s);
        } else {
            invalidate_context(c, &s);
        }
    }
}
