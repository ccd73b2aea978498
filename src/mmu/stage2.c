// Stage 2 translation: walk with concatenated tables, permissions, combination of memory types,
// hardware update of access flag and dirty state. Arm ARM: "The AArch64 Virtual Memory System
// Architecture", pseudo-code AArch64.S2Translate, AArch64.S2Walk, AArch64.S2CheckPermissions,
// S2CombineS1MemAttrs, AArch64.S2ApplyFWBMemAttrs.
// The results for translation tables (IPA page to PA page) are kept in a small cache, which holds
// stage 2 information alone: tlbi.c empties it on everything that is not stage 1 only.
// Choices as in stage1.c; a reserved stage 2 cacheability is Non-cacheable.
#include "mmu/tlb.h"
#include "mmu/walk.h"

// One leaf.
typedef struct Leaf {
    u64 at, desc, pa;
    int level;
    u8 page_bits;
} Leaf;

static bool s2_fault(Walk *w, FaultType type, int level, const char *rule) {
    w->fault.stage2 = true;
    return walk_fault(w, type, level, rule);
}

static COLD void s2_log(Walk *w, int level, u64 ipa, u64 at, const u64 *desc) {
    walk_log(w, (WalkStep){.stage = 2, .level = (i8)level, .ia = ipa, .at = at, .pa = at}, desc);
}

// AArch64.S2Walk.
static bool s2_walk(Walk *w, u64 ipa, Leaf *leaf) {
    const S2Params *p = &w->r->s2;
    if (p->bad) return s2_fault(w, FAULT_TRANSLATION, 0, p->bad);
    const Tree *t = &p->tree;
    if (ipa >> t->iasize)
        return s2_fault(w, FAULT_TRANSLATION, 0, "stage 2: IPA outside of VTCR_EL2.T0SZ");
    u64 table = tree_base(t, w->cpu->sys.VTTBR_EL2);
    if (table >> t->ps)
        return s2_fault(w, FAULT_ADDRESS_SIZE, 0, "stage 2: VTTBR_EL2 beyond VTCR_EL2.PS");
    u64 index = bits(ipa, t->iasize - 1u, t->top_shift);
    for (int level = t->start;; level++) {
        u64 at = table | index << 3, desc;
        bool ok = walk_read_desc(w, at, p->ee, level, &desc);
        if (unlikely(w->log)) s2_log(w, level, ipa, at, ok ? &desc : NULL);
        if (!ok) {
            w->fault.stage2 = true;
            return false;
        }
        unsigned shift = (unsigned)((3 - level) * t->stride + t->granule);
        if (!bit(desc, 0))
            return s2_fault(w, FAULT_TRANSLATION, level, "stage 2: invalid descriptor");
        if (tree_is_leaf(t, desc, level)) {
            u64 output = tree_address(t, desc, shift) | (ipa & ones(shift));
            *leaf = (Leaf){at, desc, output, level, (u8)shift};
            if (output >> t->ps)
                return s2_fault(w, FAULT_ADDRESS_SIZE, level,
                                "stage 2: output address beyond VTCR_EL2.PS");
            return true;
        }
        if (!bit(desc, 1) || level == 3)
            return s2_fault(w, FAULT_TRANSLATION, level, "stage 2: reserved descriptor");
        table = tree_address(t, desc, t->granule);
        if (table >> t->ps)
            return s2_fault(w, FAULT_ADDRESS_SIZE, level, "stage 2: table beyond VTCR_EL2.PS");
        shift -= t->stride;
        index = bits(ipa, shift + t->stride - 1u, shift);
    }
}

// Stage 2 type and stage 1 type make the type of a nibble (outer or inner half).
static u8 combine_half(u8 s1, u8 s2) {
    if (s1 == 4 || s2 == 0 || s2 == 1) return 4;
    return s2 == 2 ? s1 & (u8)~4 : s1;
}

static u8 combine_sh(u8 a, u8 b) {
    if (a == SH_OSH || b == SH_OSH || a == 1 || b == 1) return SH_OSH;
    return a == SH_ISH || b == SH_ISH ? SH_ISH : SH_NSH;
}

static u8 write_back_half(u8 s1) {
    return s1 == 4 ? 0xf : s1 | 4;
}

// AArch64.S2ApplyFWBMemAttrs.
static u8 combine_fwb(u8 s1, unsigned s2) {
    if (!(s2 & 4)) {
        u8 device = (u8)((s2 & 3) << 2);
        return attr_is_device(s1) ? MIN(s1, device) : device;
    }
    if ((s2 & 3) == 3) return s1;
    if ((s2 & 3) == 2) {
        if (attr_is_device(s1)) return 0xff;
        return (u8)(write_back_half(s1 >> 4) << 4 | write_back_half(s1 & 0xf));
    }
    return attr_is_device(s1) ? s1 : ATTR_NC;
}

// S2CombineS1MemAttrs.
static u8 combine_attr(u8 s1, unsigned s2) {
    if (!(s2 & 0xc)) {
        u8 device = (u8)((s2 & 3) << 2);
        return attr_is_device(s1) ? MIN(s1, device) : device;
    }
    if (attr_is_device(s1)) return s1;
    return (u8)(combine_half(s1 >> 4, s2 >> 2 & 3) << 4 | combine_half(s1 & 0xf, s2 & 3));
}

static bool s2_is_device(const S2Params *p, unsigned attr, u8 s1_attr) {
    return p->fwb ? attr_is_device(combine_fwb(s1_attr, attr)) : !(attr & 0xc);
}

static void s2_memory_type(const Walk *w, unsigned attr, unsigned sh, const Stage1 *s1, Stage2 *o) {
    const S2Params *p = &w->r->s2;
    bool fetch = w->type == ACCESS_FETCH, device = s2_is_device(p, attr, s1->attr);
    o->sh = combine_sh(s1->sh, (u8)sh);
    if (fetch ? device || p->id : !device && p->cd) {
        // An FWB result stands for both stages already; else stage 1 Device stays Device.
        o->attr = p->fwb ? ATTR_NC : combine_attr(s1->attr, 5);
    } else {
        o->attr = p->fwb ? combine_fwb(s1->attr, attr) : combine_attr(s1->attr, attr);
    }
    o->sh = attr_effective_sh(o->attr, o->sh);
}

void s2_permissions(const Walk *w, u64 desc, Stage2 *o) {
    const S2Params *p = &w->r->s2;
    bool dbm = p->ha && p->hd && bit(desc, 51);
    o->r = bit(desc, 6);
    o->w = bit(desc, 7) || dbm;
    o->clean = dbm && !bit(desc, 7);
    bool xn = bit(desc, 54), xnx = p->xnx && bit(desc, 53);
    bool px = xn == xnx, ux = !xn;  // 00 all, 01 EL0 only, 10 none, 11 EL1 only
    o->x = w->el0 ? ux : px;
}

static bool s2_check(Walk *w, const Stage2 *o, int level) {
    if (w->type == ACCESS_FETCH)
        return o->x || s2_fault(w, FAULT_PERMISSION, level, "stage 2 permission: XN");
    if (w->type == ACCESS_CACHE) {
        bool ok = w->write ? o->w : !w->el0 || o->r;
        return ok || s2_fault(w, FAULT_PERMISSION, level, "stage 2 permission: S2AP");
    }
    if (w->read && !o->r) {
        w->fault.write = false;
        return s2_fault(w, FAULT_PERMISSION, level, "stage 2 permission: S2AP, not readable");
    }
    if (w->write && !o->w) {
        w->fault.write = true;
        return s2_fault(w, FAULT_PERMISSION, level, "stage 2 permission: S2AP, read-only");
    }
    return true;
}

static bool s2_access_flag(Walk *w, const Leaf *leaf) {
    if (bit(leaf->desc, 10) || w->r->s2.ha || w->type == ACCESS_CACHE) return true;
    return s2_fault(w, FAULT_ACCESS_FLAG, leaf->level, "stage 2: access flag clear");
}

static bool s2_update(Walk *w, const Leaf *leaf, Stage2 *o, bool write) {
    const S2Params *p = &w->r->s2;
    u64 new_desc = leaf->desc;
    if (p->ha) new_desc |= 1ull << 10;
    if (o->clean && write) new_desc |= 1ull << 7;
    if (new_desc == leaf->desc) return true;
    if (!walk_write_desc(w, leaf->at, p->ee, leaf->level, new_desc)) {
        w->fault.stage2 = true;
        return false;
    }
    if (write && !w->no_update) o->clean = false;
    return true;
}

bool s2_translate(Walk *w, const Stage1 *s1, Stage2 *o) {
    const S2Params *p = &w->r->s2;
    Leaf leaf;
    w->fault.ipa = s1->ipa;
    if (!s2_walk(w, s1->ipa, &leaf) || !s2_access_flag(w, &leaf)) return false;
    unsigned attr = (unsigned)bits(leaf.desc, 5, 2);
    if (w->type != ACCESS_FETCH && (w->unaligned || w->zero) && s2_is_device(p, attr, s1->attr))
        return s2_fault(w, FAULT_ALIGNMENT, leaf.level, "stage 2: Device memory must be aligned");
    s2_permissions(w, leaf.desc, o);
    if (!s2_check(w, o, leaf.level)) return false;
    o->pa = leaf.pa;
    o->page_bits = leaf.page_bits;
    s2_memory_type(w, attr, (unsigned)bits(leaf.desc, 9, 8), s1, o);
    return s2_update(w, &leaf, o, w->write && w->type != ACCESS_AT && w->type != ACCESS_CACHE);
}

static bool s2_table_walk(Walk *w, u64 ipa, bool write, Leaf *leaf, Stage2 *o) {
    const S2Params *p = &w->r->s2;
    if (!s2_walk(w, ipa, leaf)) return false;
    if (!bit(leaf->desc, 10) && !p->ha)
        return s2_fault(w, FAULT_ACCESS_FLAG, leaf->level, "stage 2: access flag clear");
    s2_permissions(w, leaf->desc, o);
    if (p->ptw && s2_is_device(p, (unsigned)bits(leaf->desc, 5, 2), ATTR_NC))
        return s2_fault(w, FAULT_PERMISSION, leaf->level, "stage 2 permission: HCR_EL2.PTW");
    if (!o->r) return s2_fault(w, FAULT_PERMISSION, leaf->level, "stage 2 permission: S2AP");
    if (write && !o->w)
        return s2_fault(w, FAULT_PERMISSION, leaf->level,
                        "stage 2 permission: S2AP, hardware update of a stage 1 descriptor");
    return s2_update(w, leaf, o, write);
}

bool s2_translate_table(Walk *w, u64 address, bool write, u64 *pa) {
    S2Entry *e = NULL;
    if (w->cache && !write) {
        e = s2_cache_entry(w->cache, address);
        if (likely(e->ipa == (address & ~0xfffull))) {
            *pa = e->pa | (address & 0xfff);
            return true;
        }
    }
    Leaf leaf;
    Stage2 o;
    i8 level = w->fault.level;
    w->fault.s1ptw = true;
    w->fault.ipa = address;
    if (!s2_table_walk(w, address, write, &leaf, &o)) return false;
    w->fault.s1ptw = false;
    w->fault.level = level;
    *pa = leaf.pa;
    if (e) *e = (S2Entry){address & ~0xfffull, leaf.pa & ~0xfffull};
    return true;
}
