// The software TLB. Arm ARM: "Translation Lookaside Buffers" in the chapter "The AArch64 Virtual
// Memory System Architecture".
// Entries belong to a context: regime, VMID, ASID, and which stages are on. A context owns one
// table per mode; changing TTBR, VTTBR or ASID selects another context and drops nothing, so an
// entry lives until a TLBI, its eviction, or a change of the context's other controls (TCR, MAIR,
// SCTLR, VTCR, HCR.{PTW,CD,ID,FWB,NV,NV1}), which drops the context: the architecture lets a TLB
// keep such entries or not. No table entries (walk caches) are kept for stage 1.
#include "mmu/tlb.h"
#include "cpu/op.h"
#include "mmu/tags.h"

#include <stdlib.h>

// --- tables --------------------------------------------------------------------------------------

void table_clear(TlbTable *t) {
    if (!t->used) return;
    memset(t->tlb.data, 0xff, sizeof t->tlb.data);
    memset(t->tlb.fetch, 0xff, sizeof t->tlb.fetch);
    memset(t->tlb.indirect, 0xff, sizeof t->tlb.indirect);
    memset(t->full, 0xff, sizeof t->full);
    memset(t->write_filter, 0, sizeof t->write_filter);
    memset(t->block_filter, 0, sizeof t->block_filter);
    for (unsigned h = 0; h < 2; h++) {
        t->big_lo[h] = INT64_MAX;
        t->big_hi[h] = INT64_MIN;
    }
    t->used = false;
}

void table_drop_data(TlbTable *t, unsigned i) {
    t->tlb.data[i].rtag = t->tlb.data[i].wtag = TLB_NO_TAG;
    t->full[i].va = TLB_NO_TAG;
}

void table_drop_fetch(TlbTable *t, unsigned i) {
    t->tlb.fetch[i].tag = t->tlb.indirect[i].tag = TLB_NO_TAG;
}

static TlbTable *table_new(struct TlbContexts *cs, TlbContext *c, MmuMode mode) {
    TlbTable *t = cs->spare;
    if (t) {
        cs->spare = (TlbTable *)t->tlb.context;
    } else {
        t = aligned_alloc(64, align_up(sizeof *t, 64));
        CHECK(t);
        t->used = true;
    }
    table_clear(t);
    t->tlb.context = c;
    t->tlb.mode = mode;
    return t;
}

// --- contexts ------------------------------------------------------------------------------------

u64 context_key(RegimeId id, bool s1, bool s2, bool dc, u16 vmid, u16 asid) {
    return (u64)id | (u64)s1 << 2 | (u64)s2 << 3 | (u64)dc << 4 | 1u << 5 | (u64)asid << 16 |
           (u64)vmid << 32;
}

u64 tlb_current_key(const Cpu *cpu, RegimeId id) {
    bool s1 = bit(id == REGIME_EL10 ? cpu->sys.SCTLR_EL1 : cpu->sys.SCTLR_EL2, 0);
    if (id == REGIME_EL2) return context_key(id, s1, false, false, 0, 0);
    u16 asid = regime_asid(cpu, id);
    if (id == REGIME_EL20) return context_key(id, s1, false, false, 0, s1 ? asid : 0);
    u64 hcr = mmu_hcr(cpu);
    bool dc = bit(hcr, HCR_DC), s2 = dc || bit(hcr, HCR_VM);
    if (dc || (cpu_have_el2(cpu) && cpu_tge(cpu))) s1 = false;
    return context_key(id, s1, s2, dc, regime_vmid(cpu), s1 ? asid : 0);
}

enum {
    HCR_CONTROLS_LO = 1u << HCR_PTW | 1u << HCR_TGE,
    SCTLR_CONTROLS_LO = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 6 | 1u << 12 | 1u << 19 | 1u << 25,
};
#define HCR_CONTROLS \
    (HCR_CONTROLS_LO | 1ull << HCR_CD | 1ull << HCR_ID | 1ull << HCR_NV | 1ull << HCR_NV1 | \
     1ull << HCR_FWB | 1ull << HCR_ATA | 1ull << HCR_DCT)
// EPAN; ATA, ATA0, TCF, TCF0.
#define SCTLR_CONTROLS (SCTLR_CONTROLS_LO | 1ull << 57 | 0x3full << 38)

static void current_controls(const Cpu *cpu, RegimeId id, u64 out[CONTROL_COUNT]) {
    const struct SysRegs *s = &cpu->sys;
    memset(out, 0, CONTROL_COUNT * sizeof out[0]);
    out[6] = s->ID_AA64MMFR0_EL1;
    if (id != REGIME_EL10) {
        out[0] = s->TCR_EL2;
        out[1] = s->MAIR_EL2;
        out[2] = s->SCTLR_EL2 & SCTLR_CONTROLS;
        return;
    }
    out[0] = s->TCR_EL1;
    out[1] = s->MAIR_EL1;
    out[2] = s->SCTLR_EL1 & SCTLR_CONTROLS;
    if (!cpu_have_el2(cpu)) return;
    u64 hcr = mmu_hcr(cpu);
    out[3] = hcr & HCR_CONTROLS;
    if (!bit(hcr, HCR_VM) && !bit(hcr, HCR_DC)) return;
    out[4] = s->VTCR_EL2;
    out[5] = bit(s->SCTLR_EL2, 25);
}

void context_registers(const TlbContext *c, struct SysRegs *s) {
    s->TCR_EL1 = c->controls[0];
    s->MAIR_EL1 = c->controls[1];
    s->SCTLR_EL1 = (s->SCTLR_EL1 & ~SCTLR_CONTROLS) | c->controls[2];
    s->HCR_EL2 = (s->HCR_EL2 & ~HCR_CONTROLS) | c->controls[3];
    if (c->regime.s2.on) s->HCR_EL2 |= 1ull << HCR_VM;
    s->VTCR_EL2 = c->controls[4];
    s->TTBR0_EL1 = c->ttbr[0];
    s->TTBR1_EL1 = c->ttbr[1];
    s->VTTBR_EL2 = c->vttbr;
}

void context_clear(TlbContext *c) {
    for (unsigned i = 0; i < CONTEXT_MODES; i++)
        if (c->table[i]) table_clear(c->table[i]);
    c->global[0] = c->global[1] = false;
}

static void context_release(Cpu *cpu, TlbContext *c) {
    struct TlbContexts *cs = cpu->contexts;
    for (unsigned i = 0; i < MODE_COUNT; i++)
        if (cpu->tlb_of[i] && tlb_context(cpu->tlb_of[i]) == c) cpu->tlb_of[i] = NULL;
    for (unsigned i = 0; i < CONTEXT_MODES; i++) {
        if (!c->table[i]) continue;
        c->table[i]->tlb.context = (struct TlbContext *)cs->spare;
        cs->spare = c->table[i];
        c->table[i] = NULL;
    }
    c->key = 0;
}

// The least recently selected context that nothing is using.
static TlbContext *context_victim(Cpu *cpu) {
    struct TlbContexts *cs = cpu->contexts;
    TlbContext *best = NULL;
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) {
        TlbContext *c = &cs->context[i];
        if (!c->key) return c;
        if (cpu->tlb && tlb_context(cpu->tlb) == c) continue;
        if (c == cs->current[0] || c == cs->current[1] || c == cs->current[2]) continue;
        if (!best || c->last_use < best->last_use) best = c;
    }
    context_release(cpu, best);
    return best;
}

static void s2_cache_select(Cpu *cpu, const TlbContext *c) {
    S2Cache *s2 = &cpu->contexts->s2;
    u64 key[4] = {context_vmid(c), c->controls[3], c->controls[4], c->controls[5]};
    if (!memcmp(key, s2->key, sizeof key)) return;
    s2_cache_clear(s2);
    memcpy(s2->key, key, sizeof key);
}

static void note_tables(const Cpu *cpu, TlbContext *c, RegimeId id) {
    const struct SysRegs *s = &cpu->sys;
    bool el1 = id == REGIME_EL10;
    c->ttbr[0] = el1 ? s->TTBR0_EL1 : s->TTBR0_EL2;
    c->ttbr[1] = el1 ? s->TTBR1_EL1 : s->TTBR1_EL2;
    c->vttbr = s->VTTBR_EL2;
}

static TlbContext *context_find(Cpu *cpu, RegimeId id) {
    struct TlbContexts *cs = cpu->contexts;
    if (cs->current[id]) return cs->current[id];
    u64 key = tlb_current_key(cpu, id), controls[CONTROL_COUNT];
    current_controls(cpu, id, controls);
    TlbContext *c = NULL;
    for (unsigned i = 0; i < CONTEXT_COUNT && !c; i++)
        if (cs->context[i].key == key) c = &cs->context[i];
    if (!c) {
        c = context_victim(cpu);
        c->key = key;
        c->global[0] = c->global[1] = false;
        memcpy(c->controls, controls, sizeof controls);
        regime_load(cpu, id, &c->regime);
    } else if (memcmp(c->controls, controls, sizeof controls)) {
        context_clear(c);
        memcpy(c->controls, controls, sizeof controls);
        regime_load(cpu, id, &c->regime);
    }
    note_tables(cpu, c, id);
    c->last_use = ++cs->clock;
    cs->current[id] = c;
    if (c->regime.s2.on) s2_cache_select(cpu, c);
    return c;
}

static unsigned mode_table(MmuMode mode) {
    return mode_el0(mode) ? 0 : mode_pan(mode) ? 2 : 1;
}

Tlb *tlb_for_mode(Cpu *cpu, MmuMode mode) {
    if (cpu->tlb_of[mode]) return cpu->tlb_of[mode];
    TlbContext *c = context_find(cpu, mode_regime(mode));
    TlbTable **t = &c->table[mode_table(mode)];
    if (!*t) *t = table_new(cpu->contexts, c, mode);
    return cpu->tlb_of[mode] = &(*t)->tlb;
}

void tlb_context_changed(Cpu *cpu) {
    struct TlbContexts *cs = cpu->contexts;
    memset(cs->current, 0, sizeof cs->current);
    memset(cpu->tlb_of, 0, sizeof cpu->tlb_of);
    cpu->tlb = tlb_for_mode(cpu, cpu_mode(cpu));
}

void tlb_init(Cpu *cpu) {
    struct TlbContexts *cs = calloc(1, sizeof *cs);
    CHECK(cs);
    cs->ram_pages = cpu->machine->ram.size >> 12;
    cs->write_mapped = calloc(1, cs->ram_pages / 8 + 1);
    CHECK(cs->write_mapped);
    s2_cache_clear(&cs->s2);
    cpu->contexts = cs;
    cpu->tlb = NULL;
    tlb_context_changed(cpu);
}

void tlb_free(Cpu *cpu) {
    struct TlbContexts *cs = cpu->contexts;
    if (!cs) return;
    for (unsigned i = 0; i < CONTEXT_COUNT; i++)
        if (cs->context[i].key) context_release(cpu, &cs->context[i]);
    while (cs->spare) {
        TlbTable *t = cs->spare;
        cs->spare = (TlbTable *)t->tlb.context;
        free(t);
    }
    free(cs->write_mapped);
    free(cs);
    cpu->contexts = NULL;
    cpu->tlb = NULL;
}

void tlb_flush_all(Cpu *cpu) {
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) context_clear(&cpu->contexts->context[i]);
    s2_cache_clear(&cpu->contexts->s2);
}

void s2_cache_clear(S2Cache *c) {
    memset(c->entry, 0xff, sizeof c->entry);
}

// --- entries -------------------------------------------------------------------------------------

static unsigned filter_bit(u64 pa) {
    return (unsigned)(pa >> 12) & (WRITE_FILTER_BITS - 1);
}

static void note_write(Cpu *cpu, TlbTable *t, u64 pa) {
    u64 page = (pa - cpu->machine->ram.base) >> 12;
    if (page < cpu->contexts->ram_pages) cpu->contexts->write_mapped[page / 8] |= 1u << page % 8;
    t->write_filter[filter_bit(pa) / 64] |= 1ull << filter_bit(pa) % 64;
}

static void note_block(TlbTable *t, u64 va, const Mapping *m) {
    t->used = true;
    if (!m->s1.ng) tlb_context(&t->tlb)->global[bit(va, 55)] = true;
    if (m->s1.page_bits <= 12 || m->s1.page_bits >= 48) return;
    if (m->s1.page_bits <= 21) {
        unsigned n = block_filter_bit((u64)canonical(va), m->s1.page_bits <= 16 ? 16 : 21);
        t->block_filter[n / 64] |= 1ull << n % 64;
        return;
    }
    u64 size = 1ull << m->s1.page_bits;
    i64 lo = (i64)align_down((u64)canonical(va), size), hi = lo + (i64)(size - 1);
    unsigned h = bit(va, 55);
    if (lo < t->big_lo[h]) t->big_lo[h] = lo;
    if (hi > t->big_hi[h]) t->big_hi[h] = hi;
}

// Device at either stage: FEAT_S2FWB can make stage 1's Device Normal, but stage 1 has had its say.
static bool must_be_aligned(const Mapping *m) {
    return attr_is_device(m->s2.attr) || attr_is_device(m->s1.attr);
}

static u8 full_flags(const Mapping *m) {
    return (u8)((m->s1.ng ? FULL_NG : 0) | (must_be_aligned(m) ? FULL_DEVICE : 0) |
                (attr_is_device(m->s1.attr) ? FULL_S1_DEVICE : 0));
}

// Code was decoded from the page and stores must be seen.
static bool page_is_code(const Region *region, u64 pa) {
    if (!region->code) return false;
    const OpPage *p = region->code[(pa - region->base) >> 12];
    return p && p->protected;
}

void tlb_code_written(Cpu *cpu, Tlb *tlb, u64 va, u64 pa, unsigned n) {
    opcache_written(cpu->machine, pa, n);
    TlbEntry *e = &tlb->data[(va >> 12) & (TLB_SIZE - 1)];
    Region *region;
    phys_host(cpu->machine, pa, &region);
    // opcache_written() may have given the page up as code: stores are plain again.
    if (e->wtag != ((va & ~0xfffull) | TLB_SLOW) || page_is_code(region, pa)) return;
    if (tlb_table(tlb)->full[(va >> 12) & (TLB_SIZE - 1)].flags & FULL_ASKS) return;
    e->wtag &= ~(u64)TLB_SLOW;
    note_write(cpu, tlb_table(tlb), pa);
}

static void set_armed(TlbEntry *e, DataFull *f, u8 kinds) {
    if (!(kinds & (ARMED_READ | ARMED_WRITE))) return;
    f->flags |= FULL_ARMED;
    if (kinds & ARMED_READ && e->rtag != TLB_NO_TAG) e->rtag |= TLB_SLOW;
    if (kinds & ARMED_WRITE && e->wtag != TLB_NO_TAG) e->wtag |= TLB_SLOW;
}

static void fill_armed(Cpu *cpu, Tlb *tlb, TlbEntry *e, DataFull *f, u64 ipa) {
    set_armed(e, f,
              armed_in_page(cpu, f->va, mode_el(tlb->mode)) |
                  armed_in_memory(cpu, f->pa, ipa & ~0xfffull));
}

// Where a Tag Check may fail the fast path must not match.
static COLD void fill_tagged(Tlb *tlb, TlbEntry *e, DataFull *f, const Region *region) {
    if (!tags_stored(region)) return;
    f->flags |= FULL_TAGGED;
    if (!tags_checked(tlb, f->va)) return;
    f->flags |= FULL_CHECKED;
    if (e->rtag != TLB_NO_TAG) e->rtag |= TLB_SLOW;
    if (e->wtag != TLB_NO_TAG) e->wtag |= TLB_SLOW;
}

static void fill_data(Cpu *cpu, Tlb *tlb, u64 va, const Mapping *m) {
    TlbTable *t = tlb_table(tlb);
    unsigned i = (va >> 12) & (TLB_SIZE - 1);
    TlbEntry *e = &tlb->data[i];
    DataFull *f = &t->full[i];
    u64 page = va & ~0xfffull, pa = m->pa & ~0xfffull;
    Region *region;
    u8 *host = phys_host(cpu->machine, pa, &region);
    f->va = page;
    f->pa = pa;
    f->s1_bits = m->s1.page_bits;
    f->s2_bits = m->s2.page_bits;
    f->flags = full_flags(m);
    e->info = i;
    e->flags = must_be_aligned(m) || tlb_context(tlb)->regime.align ? TLBF_ALIGNED : 0;
    e->rtag = m->r ? page : TLB_NO_TAG;
    e->wtag = m->w && !m->clean ? page : TLB_NO_TAG;
    note_block(t, va, m);
    if (unlikely(!host || (region->base | region->size) & 0xfff)) {
        f->flags |= FULL_MMIO;
        if (e->rtag == page) e->rtag |= TLB_SLOW;
        if (e->wtag == page) e->wtag |= TLB_SLOW;
        e->add = 0;
        return;
    }
    e->add = (u64)(uintptr_t)host - page;
    if (unlikely(m->tagged)) fill_tagged(tlb, e, f, region);
    if (e->wtag != page) return;
    if (region->readonly) {
        f->flags |= FULL_READONLY;
        e->wtag |= TLB_SLOW;
    } else if (page_is_code(region, pa)) {
        e->wtag |= TLB_SLOW;
    } else {
        note_write(cpu, t, pa);
    }
}

TlbEntry *tlb_fill(Cpu *cpu, Tlb *tlb, u64 va, const Mapping *m) {
    unsigned i = (va >> 12) & (TLB_SIZE - 1);
    fill_data(cpu, tlb, va, m);
    if (unlikely(cpu->any_armed))
        fill_armed(cpu, tlb, &tlb->data[i], &tlb_table(tlb)->full[i], m->s1.ipa);
    return &tlb->data[i];
}

static void set_fetch(TlbTable *t, unsigned i, u64 va, OpPage *page, bool armed) {
    FetchEntry e = {(va & ~0xfffull) | (armed ? TLB_SLOW : 0), page};
    t->tlb.fetch[i] = t->tlb.indirect[i] = e;
    if (t->fetch_full[i].flags & FULL_GUARDED) t->tlb.indirect[i].tag = TLB_NO_TAG;
}

void tlb_fill_fetch(Cpu *cpu, Tlb *tlb, u64 va, const Mapping *m, OpPage *page) {
    TlbTable *t = tlb_table(tlb);
    unsigned i = (va >> 12) & (FETCH_SIZE - 1);
    bool armed = cpu->any_armed && armed_in_page(cpu, va, mode_el(tlb->mode)) & ARMED_EXEC;
    bool guarded = m->s1.guarded && cpu_has(cpu, FEAT_BTI);
    u8 flags = full_flags(m) | (guarded ? FULL_GUARDED : 0);
    t->fetch_full[i] = (FetchFull){m->s1.page_bits, m->s2.page_bits, flags};
    set_fetch(t, i, va, page, armed);
    note_block(t, va, m);
}

void tlb_start_walk(Cpu *cpu, Tlb *tlb, AccessType type, bool read, bool write, Walk *w) {
    *w = (Walk){.cpu = cpu,
                .machine = cpu->machine,
                .r = &tlb_context(tlb)->regime,
                .type = type,
                .el0 = mode_el0(tlb->mode),
                .pan = mode_pan(tlb->mode),
                .read = read,
                .write = write,
                .cache = &cpu->contexts->s2};
    if (unlikely(cpu->observer != NULL)) walk_observe(w);
}

// --- armed addresses -----------------------------------------------------------------------------

static bool page_within(u64 page, i64 first, i64 last, bool large) {
    i64 lo = (i64)armed_va(page & ~0xfffull, large);
    return lo <= last && lo + 0xfff >= first;
}

static void table_drop_pages(TlbTable *t, i64 first, i64 last, bool large) {
    u64 pages = ((u64)last >> 12) - ((u64)first >> 12) + 1, start = (u64)first >> 12;
    if (!pages || pages > TLB_SIZE) pages = TLB_SIZE;
    for (u64 p = start; p < start + pages; p++) {
        unsigned d = p & (TLB_SIZE - 1), f = p & (FETCH_SIZE - 1);
        if (t->full[d].va != TLB_NO_TAG && page_within(t->full[d].va, first, last, large))
            table_drop_data(t, d);
        if (t->tlb.fetch[f].tag != TLB_NO_TAG &&
            page_within(t->tlb.fetch[f].tag, first, last, large))
            table_drop_fetch(t, f);
    }
}

void tlb_drop_pages(Cpu *cpu, u64 first, u64 last) {
    bool large = cpu_has(cpu, FEAT_LVA);
    for (unsigned i = 0; i < CONTEXT_COUNT; i++)
        for (unsigned k = 0; k < CONTEXT_MODES; k++) {
            TlbTable *t = cpu->contexts->context[i].table[k];
            if (t && t->used) table_drop_pages(t, (i64)first, (i64)last, large);
        }
}

// The marks of an entry that is not armed: those it has for other reasons.
static void clear_armed(Cpu *cpu, TlbTable *t, TlbEntry *e, DataFull *f) {
    f->flags &= (u8)~FULL_ARMED;
    if (f->flags & (FULL_MMIO | FULL_CHECKED)) return;
    if (e->rtag != TLB_NO_TAG) e->rtag &= ~(u64)TLB_SLOW;
    Region *region;
    if (e->wtag == TLB_NO_TAG || f->flags & FULL_READONLY) return;
    if (!phys_host(cpu->machine, f->pa, &region) || page_is_code(region, f->pa)) return;
    e->wtag &= ~(u64)TLB_SLOW;
    note_write(cpu, t, f->pa);
}

static void table_mark_armed(Cpu *cpu, TlbTable *t) {
    unsigned el = mode_el(t->tlb.mode);
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        DataFull *f = &t->full[i];
        TlbEntry *e = &t->tlb.data[i];
        if (f->va == TLB_NO_TAG) continue;
        if (f->flags & FULL_ARMED) clear_armed(cpu, t, e, f);
        set_armed(e, f, armed_in_page(cpu, f->va, el) | armed_in_memory(cpu, f->pa, ~0ull));
    }
    for (unsigned i = 0; i < FETCH_SIZE; i++) {
        FetchEntry *e = &t->tlb.fetch[i];
        if (e->tag == TLB_NO_TAG) continue;
        u64 va = e->tag & ~(u64)TLB_SLOW;
        set_fetch(t, i, va, e->page, armed_in_page(cpu, va, el) & ARMED_EXEC);
    }
}

void tlb_mark_armed(Cpu *cpu) {
    for (unsigned i = 0; i < CONTEXT_COUNT; i++)
        for (unsigned k = 0; k < CONTEXT_MODES; k++) {
            TlbTable *t = cpu->contexts->context[i].table[k];
            if (t && t->used) table_mark_armed(cpu, t);
        }
}

// --- code pages ----------------------------------------------------------------------------------

static void table_protect(TlbTable *t, u64 pa) {
    if (!t->used || !(t->write_filter[filter_bit(pa) / 64] >> filter_bit(pa) % 64 & 1)) return;
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        TlbEntry *e = &t->tlb.data[i];
        if (t->full[i].pa == pa && e->wtag != TLB_NO_TAG) e->wtag |= TLB_SLOW;
    }
}

static void cpu_protect(Cpu *cpu, u64 pa) {
    struct TlbContexts *cs = cpu->contexts;
    u64 page = (pa - cpu->machine->ram.base) >> 12;
    if (page < cs->ram_pages) {
        if (!(cs->write_mapped[page / 8] >> page % 8 & 1)) return;
        cs->write_mapped[page / 8] &= (u8) ~(1u << page % 8);
    }
    for (unsigned i = 0; i < CONTEXT_COUNT; i++)
        for (unsigned k = 0; k < CONTEXT_MODES; k++)
            if (cs->context[i].table[k]) table_protect(cs->context[i].table[k], pa);
}

void tlb_protect_code(Machine *machine, Pa page) {
    for (unsigned i = 0; i < machine->cpus; i++)
        if (machine->cpu[i] && machine->cpu[i]->contexts)
            cpu_protect(machine->cpu[i], page.v & ~0xfffull);
}
