// Memory tagging: tags of addresses and allocation tags. Arm ARM: "The Memory Tagging Extension".
// Instructions that access allocation tags have no fast variant: the slow one does it all (mte.c).
#pragma once

#include "cpu/mte.h"
#include "cpu/sem_loadstore.h"

// --- tags of addresses ---------------------------------------------------------------------------

static ALWAYS_INLINE bool sem_addg(Cpu *cpu, const Op *op, u64 *d, u64 n, unsigned imm6,
                                   unsigned imm4) {
    (void)op;
    *d = mte_add_tag(cpu, n, (u64)imm6 * TAG_GRANULE, imm4);
    return false;
}
static ALWAYS_INLINE bool sem_subg(Cpu *cpu, const Op *op, u64 *d, u64 n, unsigned imm6,
                                   unsigned imm4) {
    (void)op;
    *d = mte_add_tag(cpu, n, -((u64)imm6 * TAG_GRANULE), imm4);
    return false;
}
static ALWAYS_INLINE bool sem_irg(Cpu *cpu, const Op *op, u64 *d, u64 n, u64 m) {
    (void)op;
    *d = mte_random_tag(cpu, n, (u16)m);
    return false;
}
static ALWAYS_INLINE void sem_gmi(Cpu *cpu, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = m | 1ull << address_tag(n);
}
static ALWAYS_INLINE void sem_subp(Cpu *cpu, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = (u64)(sext(n, 56) - sext(m, 56));
}
static ALWAYS_INLINE void sem_subps(Cpu *cpu, u64 *d, u64 n, u64 m) {
    *d = sub_flags(cpu, 1, (u64)sext(n, 56), (u64)sext(m, 56));
}

// --- allocation tags -----------------------------------------------------------------------------

// False: not in the fast variant.
static ALWAYS_INLINE bool tag_begin(Mem *m, u64 base, u64 mask) {
    m->miss |= !m->slow;
    return m->slow && sp_aligned(m, base, mask);
}

static ALWAYS_INLINE void sem_ldg(Mem *m, u64 *t, u64 old, u64 n, u64 offset, u64 mask) {
    if (tag_begin(m, n, mask)) *t = mte_load_tag(m->cpu, m->op, n + offset, old);
}

static ALWAYS_INLINE void store_tags(Mem *m, unsigned what, u64 t, u64 base, u64 mask, u64 va) {
    if (tag_begin(m, base, mask)) mte_store_tags(m->cpu, m->op, va, address_tag(t), what);
}
static ALWAYS_INLINE void store_tags_post(Mem *m, unsigned what, u64 t, u64 n, u64 *wb, u64 offset,
                                          u64 mask) {
    store_tags(m, what, t, n, mask, n);
    *wb = n + offset;
}
static ALWAYS_INLINE void store_tags_pre(Mem *m, unsigned what, u64 t, u64 n, u64 *wb, u64 offset,
                                         u64 mask) {
    store_tags(m, what, t, n, mask, n + offset);
    *wb = n + offset;
}

static ALWAYS_INLINE void sem_stg(Mem *m, u64 t, u64 n, u64 offset, u64 mask) {
    store_tags(m, 0, t, n, mask, n + offset);
}
static ALWAYS_INLINE void sem_stg_post(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_post(m, 0, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_stg_pre(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_pre(m, 0, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_stzg(Mem *m, u64 t, u64 n, u64 offset, u64 mask) {
    store_tags(m, MTE_ZERO, t, n, mask, n + offset);
}
static ALWAYS_INLINE void sem_stzg_post(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_post(m, MTE_ZERO, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_stzg_pre(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_pre(m, MTE_ZERO, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_st2g(Mem *m, u64 t, u64 n, u64 offset, u64 mask) {
    store_tags(m, MTE_TWO, t, n, mask, n + offset);
}
static ALWAYS_INLINE void sem_st2g_post(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_post(m, MTE_TWO, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_st2g_pre(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_pre(m, MTE_TWO, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_stz2g(Mem *m, u64 t, u64 n, u64 offset, u64 mask) {
    store_tags(m, MTE_ZERO | MTE_TWO, t, n, mask, n + offset);
}
static ALWAYS_INLINE void sem_stz2g_post(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_post(m, MTE_ZERO | MTE_TWO, t, n, wb, offset, mask);
}
static ALWAYS_INLINE void sem_stz2g_pre(Mem *m, u64 t, u64 n, u64 *wb, u64 offset, u64 mask) {
    store_tags_pre(m, MTE_ZERO | MTE_TWO, t, n, wb, offset, mask);
}

// The tag is that of the address.
static ALWAYS_INLINE void store_tag_and_pair(Mem *m, u64 t, u64 t2, u64 base, u64 mask, u64 va) {
    if (tag_begin(m, base, mask)) mte_store_tag_and_pair(m->cpu, m->op, va, t, t2);
}
static ALWAYS_INLINE void sem_stgp(Mem *m, u64 t, u64 t2, u64 n, u64 offset, u64 mask) {
    store_tag_and_pair(m, t, t2, n, mask, n + offset);
}
static ALWAYS_INLINE void sem_stgp_post(Mem *m, u64 t, u64 t2, u64 n, u64 *wb, u64 offset,
                                        u64 mask) {
    store_tag_and_pair(m, t, t2, n, mask, n);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_stgp_pre(Mem *m, u64 t, u64 t2, u64 n, u64 *wb, u64 offset,
                                       u64 mask) {
    store_tag_and_pair(m, t, t2, n, mask, n + offset);
    *wb = n + offset;
}

// --- blocks --------------------------------------------------------------------------------------

static ALWAYS_INLINE bool tag_block_begin(Mem *m, u64 base, u64 mask) {
    if (m->slow) mte_check_privileged(m->cpu, m->op);
    return tag_begin(m, base, mask);
}
static ALWAYS_INLINE void sem_stzgm(Mem *m, u64 t, u64 n, u64 mask) {
    if (tag_block_begin(m, n, mask)) mte_zero_block(m->cpu, m->op, n, t);
}
static ALWAYS_INLINE void sem_stgm(Mem *m, u64 t, u64 n, u64 mask) {
    if (tag_block_begin(m, n, mask)) mte_store_block(m->cpu, m->op, n, t);
}
static ALWAYS_INLINE void sem_ldgm(Mem *m, u64 *t, u64 n, u64 mask) {
    if (tag_block_begin(m, n, mask)) *t = mte_load_block(m->cpu, m->op, n);
}
