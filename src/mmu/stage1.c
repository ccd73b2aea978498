// Stage 1 translation: walk, permissions, memory type, hardware update of access flag and dirty
// state. Arm ARM: "The AArch64 Virtual Memory System Architecture", pseudo-code
// AArch64.S1Translate, AArch64.S1Walk, AArch64.S1DirectBasePermissions, AArch64.S1CheckPermissions,
// AArch64.S1DisabledOutput.
// Choices: an instruction fetch from Device memory is treated as Normal Non-cacheable; access flag
// faults are not generated for cache maintenance; a reserved MAIR byte takes its outer half twice;
// the Contiguous bit and nT (FEAT_BBM level 2) are not looked at; the access flag is set only by a
// walk without a fault.
#include "mmu/walk.h"

static u64 s1_ttbr(const Cpu *cpu, RegimeId id, unsigned half) {
    if (id == REGIME_EL10) return half ? cpu->sys.TTBR1_EL1 : cpu->sys.TTBR0_EL1;
    return half && id == REGIME_EL20 ? cpu->sys.TTBR1_EL2 : cpu->sys.TTBR0_EL2;
}

u8 attr_effective_sh(u8 attr, u8 sh) {
    return attr_is_device(attr) || attr == ATTR_NC ? SH_OSH : sh == 1 ? SH_OSH : sh;
}

u8 attr_decode(u8 attr) {
    if (attr_is_device(attr)) return attr & 0x0c;
    return attr & 0x0f ? attr : (u8)(attr | attr >> 4);
}

// The memory type as the access sees it: caches off make it Non-cacheable.
static void s1_memory_type(const Walk *w, u8 attr, u8 sh, Stage1 *o) {
    const Regime *r = w->r;
    if (w->type == ACCESS_FETCH) {
        if (attr_is_device(attr) || !r->icache) attr = ATTR_NC;
    } else if (!r->dcache && !attr_is_device(attr)) {
        attr = ATTR_NC;
    }
    o->attr = attr;
    // Non-cacheable by SCTLR_ELx.C or I: Untagged, a choice.
    o->tagged = o->tagged && attr == ATTR_WB;
    o->sh = r->vm ? sh : attr_effective_sh(attr, sh);
}

static bool device_alignment_fault(const Walk *w, u8 attr) {
    return attr_is_device(attr) && w->type != ACCESS_FETCH && (w->unaligned || w->zero);
}

// Stage 1 off: flat. AArch64.S1DisabledOutput.
static bool s1_disabled(Walk *w, u64 address, Stage1 *o) {
    const Regime *r = w->r;
    const S1Range *g = &r->range[r->unpriv && bit(address, 55)];
    unsigned top = g->tbi && !(g->tbid && w->type == ACCESS_FETCH) ? 55 : 63;
    o->attr = r->dc ? 0xff : w->type != ACCESS_FETCH ? 0x00 : r->icache ? 0xaa : ATTR_NC;
    o->sh = r->dc ? SH_NSH : SH_OSH;
    o->page_bits = 48;
    o->r = o->w = o->x = true;
    o->clean = o->ng = o->guarded = false;
    o->tagged = r->dc && r->dct;
    if (bits(address, top, r->pamax))
        return walk_fault(w, FAULT_ADDRESS_SIZE, 0, "stage 1 off: address beyond the PA size");
    if (device_alignment_fault(w, o->attr))
        return walk_fault(w, FAULT_ALIGNMENT, 0, "stage 1 off: Device-nGnRnE must be aligned");
    o->ipa = address & ones(r->pamax);
    return true;
}

// PSTATE.PAN is about data: it has no effect on fetches (not even on what SCTLR.WXN makes of a writable
// page) and on cache maintenance.
static bool pan_applies(const Walk *w) {
    return w->pan && w->type != ACCESS_FETCH && w->type != ACCESS_CACHE;
}

void s1_permissions(const Walk *w, u64 desc, u64 table, Stage1 *o) {
    const Regime *r = w->r;
    bool dbm = r->ha && r->hd && bit(desc, 51);
    bool ro = (bit(desc, 7) && !dbm) || bit(table, 62);
    bool pr = true, pw = !ro, px, ur = false, uw = false, ux = false;
    o->clean = dbm && bit(desc, 7);
    if (!r->unpriv) {
        px = !(bit(desc, 54) || bit(table, 60));
    } else if (r->nv1) {
        px = !(bit(desc, 54) || bit(table, 60));
        ux = true;
    } else {
        ur = bit(desc, 6) && !bit(table, 61);
        uw = ur && !ro;
        ux = !(bit(desc, 54) || bit(table, 60));
        px = !(bit(desc, 53) || bit(table, 59) || uw);
        if (pan_applies(w) && (ur || (r->epan && ux))) pr = pw = false;
    }
    o->r = w->el0 ? ur : pr;
    o->w = w->el0 ? uw : pw;
    o->x = w->el0 ? ux : px;
    if (r->wxn && o->w) o->x = false;
}

static const char *why_denied(const Walk *w, const Stage1 *o, u64 desc, bool write) {
    if (w->pan && !o->r) return "stage 1 permission: PSTATE.PAN";
    if (!bit(desc, 6) && w->el0) return "stage 1 permission: AP, not for EL0";
    return write ? "stage 1 permission: AP, read-only" : "stage 1 permission: AP";
}

// AArch64.S1CheckPermissions.
static bool s1_check(Walk *w, const Stage1 *o, u64 desc, int level) {
    if (w->type == ACCESS_FETCH) {
        if (o->x) return true;
        return walk_fault(w, FAULT_PERMISSION, level,
                          w->r->wxn && o->w ? "stage 1 permission: SCTLR.WXN"
                                            : "stage 1 permission: execute never");
    }
    if (w->type == ACCESS_CACHE) {
        bool ok = w->write ? o->w : !w->el0 || o->r;
        return ok || walk_fault(w, FAULT_PERMISSION, level, why_denied(w, o, desc, w->write));
    }
    if (w->read && !o->r) {
        w->fault.write = false;
        return walk_fault(w, FAULT_PERMISSION, level, why_denied(w, o, desc, false));
    }
    if (w->write && !o->w) {
        w->fault.write = true;
        return walk_fault(w, FAULT_PERMISSION, level, why_denied(w, o, desc, true));
    }
    return true;
}

// Sets access flag and dirty state of the leaf at table address `at` (physical: pa).
static bool s1_update(Walk *w, u64 at, u64 pa, u64 desc, int level, Stage1 *o) {
    const Regime *r = w->r;
    u64 new_desc = desc;
    if (r->ha) new_desc |= 1ull << 10;
    bool dirties = w->write && w->type != ACCESS_AT && w->type != ACCESS_CACHE;
    if (o->clean && dirties) new_desc &= ~(1ull << 7);
    if (new_desc == desc) return true;
    if (r->s2.on && !s2_translate_table(w, at, true, &pa)) return false;
    if (!walk_write_desc(w, pa, r->ee, level, new_desc)) return false;
    if (dirties && !w->no_update) o->clean = false;
    return true;
}

static bool s1_leaf(Walk *w, const S1Range *g, u64 address, u64 at, u64 pa, u64 desc, u64 table,
                    int level, Stage1 *o) {
    const Regime *r = w->r;
    const Tree *t = &g->tree;
    unsigned shift = (unsigned)((3 - level) * t->stride + t->granule);
    u64 output = tree_address(t, desc, shift) | (address & ones(shift));
    if (output >> t->ps)
        return walk_fault(w, FAULT_ADDRESS_SIZE, level, "stage 1: output address beyond TCR.IPS");
    if (!bit(desc, 10) && !r->ha && w->type != ACCESS_CACHE)
        return walk_fault(w, FAULT_ACCESS_FLAG, level, "stage 1: access flag clear");
    u8 mair = (u8)(r->mair >> 8 * bits(desc, 4, 2)), attr = attr_decode(mair);
    if (device_alignment_fault(w, attr))
        return walk_fault(w, FAULT_ALIGNMENT, level, "stage 1: Device memory must be aligned");
    s1_permissions(w, desc, table, o);
    if (!s1_check(w, o, desc, level)) return false;
    o->ipa = output;
    o->page_bits = (u8)shift;
    o->ng = r->unpriv && bit(desc, 11);
    o->guarded = bit(desc, 50);
    o->tagged = r->tagging && mair == ATTR_TAGGED;
    s1_memory_type(w, attr, (u8)bits(desc, 9, 8), o);
    return s1_update(w, at, pa, desc, level, o);
}

static COLD void s1_log(Walk *w, int level, u64 address, u64 at, u64 pa, const u64 *desc) {
    walk_log(w, (WalkStep){.stage = 1, .level = (i8)level, .ia = address, .at = at, .pa = pa},
             desc);
}

// AArch64.S1Walk.
static bool s1_walk(Walk *w, const S1Range *g, u64 address, u64 ttbr, Stage1 *o) {
    const Regime *r = w->r;
    const Tree *t = &g->tree;
    u64 table = tree_base(t, ttbr);
    u64 index = bits(address, t->iasize - 1u, t->top_shift), hierarchy = 0;
    if (table >> t->ps) return walk_fault(w, FAULT_ADDRESS_SIZE, 0, "stage 1: TTBR beyond TCR.IPS");
    for (int level = t->start;; level++) {
        u64 at = table | index << 3, pa = at, desc;
        if (r->s2.on && !s2_translate_table(w, at, false, &pa)) return false;
        bool ok = walk_read_desc(w, pa, r->ee, level, &desc);
        if (unlikely(w->log)) s1_log(w, level, address, at, pa, ok ? &desc : NULL);
        if (!ok) return false;
        if (!bit(desc, 0)) break;
        if (tree_is_leaf(t, desc, level))
            return s1_leaf(w, g, address, at, pa, desc, hierarchy, level, o);
        if (!bit(desc, 1) || level == 3) {
            w->fault.level = (i8)level;
            return walk_fault(w, FAULT_TRANSLATION, level, "stage 1: reserved descriptor");
        }
        table = tree_address(t, desc, t->granule);
        if (table >> t->ps)
            return walk_fault(w, FAULT_ADDRESS_SIZE, level, "stage 1: table beyond TCR.IPS");
        if (!g->hpd) hierarchy |= desc;
        unsigned shift = (unsigned)((2 - level) * t->stride + t->granule);
        index = bits(address, shift + t->stride - 1u, shift);
        w->fault.level = (i8)(level + 1);
    }
    return walk_fault(w, FAULT_TRANSLATION, w->fault.level, "stage 1: invalid descriptor");
}

bool s1_translate(Walk *w, u64 address, Stage1 *o) {
    const Regime *r = w->r;
    if (!r->s1) return s1_disabled(w, address, o);
    unsigned half = r->unpriv && bit(address, 55);
    const S1Range *g = &r->range[half];
    if (g->bad_size) return walk_fault(w, FAULT_TRANSLATION, 0, "stage 1: TCR.TxSZ out of range");
    unsigned top = g->tbi && !(g->tbid && w->type == ACCESS_FETCH) ? 55 : 63;
    u64 above = bits(address, top, g->tree.iasize);
    if (above != (half ? ones(top - g->tree.iasize + 1) : 0))
        return walk_fault(w, FAULT_TRANSLATION, 0, "stage 1: address outside of TCR.TxSZ");
    if (w->el0 && g->e0pd) return walk_fault(w, FAULT_TRANSLATION, 0, "stage 1: TCR.E0PD");
    if (g->epd) return walk_fault(w, FAULT_TRANSLATION, 0, "stage 1: TCR.EPD");
    w->fault.level = (i8)g->tree.start;
    return s1_walk(w, g, address, s1_ttbr(w->cpu, r->id, half), o);
}
