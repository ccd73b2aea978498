// Exclusives (LDXR, STXR and pairs) and atomics (FEAT_LSE). Arm ARM: "Synchronization and
// semaphores". One CPU executes at a time: a read-modify-write is atomic by itself.
#pragma once

#include "cpu/sem_loadstore.h"

// --- exclusives ----------------------------------------------------------------------------------

// The load part for `bytes` at n, as up to 128 bits. False: miss.
static ALWAYS_INLINE bool load_exclusive(Mem *m, unsigned bytes, V128 *value, u64 n, u64 mask) {
    if (!sp_aligned(m, n, mask)) return false;
    Cpu *cpu = m->cpu;
    if (m->slow) {
        if (bytes == 16)
            mem_read128_slow(cpu, m->op, n, value, ACC_EXCL);
        else
            value->d[0] = mem_read_slow(cpu, m->op, n, bytes, ACC_EXCL);
        exclusive_mark_slow(cpu, n, bytes);
        return true;
    }
    void *host = tlb_host_read_aligned(cpu, n, bytes);
    if (unlikely(!host)) {
        m->miss = true;
        return false;
    }
    memcpy(value, host, bytes);
    cpu->excl_valid = true;
    cpu->excl_size = (u8)bytes;
    cpu->excl_host = (u64)(uintptr_t)host;
    return true;
}

// The store part; *status gets 0 (written) or 1.
static ALWAYS_INLINE void store_exclusive(Mem *m, unsigned bytes, u64 *status, const V128 *value,
                                          u64 n, u64 mask) {
    if (!sp_aligned(m, n, mask)) return;
    Cpu *cpu = m->cpu;
    if (m->slow) {
        *status = !exclusive_pass_slow(cpu, m->op, n, bytes);
        if (*status) return;
        if (bytes == 16)
            mem_write128_slow(cpu, m->op, n, value, ACC_EXCL);
        else
            mem_write_slow(cpu, m->op, n, bytes, value->d[0], ACC_EXCL);
        return;
    }
    void *host = tlb_host_write_aligned(cpu, n, bytes);
    if (unlikely(!host)) {
        m->miss = true;
        return;
    }
    bool pass =
        cpu->excl_valid && cpu->excl_host == (u64)(uintptr_t)host && cpu->excl_size == bytes;
    cpu->excl_valid = false;
    *status = !pass;
    if (pass) memcpy(host, value, bytes);
}

static ALWAYS_INLINE void sem_ldxr(Mem *m, int size, u64 *t, u64 n, u64 mask) {
    V128 value = {.d = {0, 0}};
    if (load_exclusive(m, 1u << size, &value, n, mask)) *t = value.d[0];
}
static ALWAYS_INLINE void sem_ldxp(Mem *m, int w, u64 *t, u64 *t2, u64 n, u64 mask) {
    V128 value = {.d = {0, 0}};
    if (!load_exclusive(m, 8u << w, &value, n, mask)) return;
    *t = w ? value.d[0] : value.s[0];
    *t2 = w ? value.d[1] : value.s[1];
}
static ALWAYS_INLINE void sem_stxr(Mem *m, int size, u64 *status, u64 t, u64 n, u64 mask) {
    V128 value = {.d = {t, 0}};
    store_exclusive(m, 1u << size, status, &value, n, mask);
}
static ALWAYS_INLINE V128 pair_value(int w, u64 low, u64 high) {
    if (w) return (V128){.d = {low, high}};
    return (V128){.d = {(u32)low | high << 32, 0}};
}
static ALWAYS_INLINE void sem_stxp(Mem *m, int w, u64 *status, u64 t, u64 t2, u64 n, u64 mask) {
    V128 value = pair_value(w, t, t2);
    store_exclusive(m, 8u << w, status, &value, n, mask);
}

// --- atomics -------------------------------------------------------------------------------------

// Reads the location; *host is where to write back (NULL in the slow variant). False: miss.
static ALWAYS_INLINE bool atomic_load(Mem *m, unsigned bytes, V128 *value, void **host, u64 n,
                                      u64 mask) {
    *host = NULL;
    if (!sp_aligned(m, n, mask)) return false;
    if (m->slow) {
        if (bytes == 16)
            mem_read128_slow(m->cpu, m->op, n, value, ACC_ATOMIC);
        else
            value->d[0] = mem_read_slow(m->cpu, m->op, n, bytes, ACC_ATOMIC);
        return true;
    }
    *host = tlb_host_rmw(m->cpu, n, bytes);
    if (unlikely(!*host)) {
        m->miss = true;
        return false;
    }
    memcpy(value, *host, bytes);
    return true;
}

static ALWAYS_INLINE void atomic_store(Mem *m, unsigned bytes, const V128 *value, void *host,
                                       u64 n) {
    if (!m->slow)
        memcpy(host, value, bytes);
    else if (bytes == 16)
        mem_write128_slow(m->cpu, m->op, n, value, ACC_ATOMIC);
    else
        mem_write_slow(m->cpu, m->op, n, bytes, value->d[0], ACC_ATOMIC);
}

typedef enum AtomicOp {
    ATOMIC_ADD,
    ATOMIC_CLR,
    ATOMIC_EOR,
    ATOMIC_SET,
    ATOMIC_SMAX,
    ATOMIC_SMIN,
    ATOMIC_UMAX,
    ATOMIC_UMIN,
    ATOMIC_SWP,
} AtomicOp;

// MemAtomic: old and s are zero-extended from `size`.
static ALWAYS_INLINE u64 atomic_result(AtomicOp what, int size, u64 old, u64 s) {
    i64 a = sext(old, 8u << size), b = sext(s, 8u << size);
    switch (what) {
    case ATOMIC_ADD: return old + s;
    case ATOMIC_CLR: return old & ~s;
    case ATOMIC_EOR: return old ^ s;
    case ATOMIC_SET: return old | s;
    case ATOMIC_SMAX: return a > b ? old : s;
    case ATOMIC_SMIN: return a > b ? s : old;
    case ATOMIC_UMAX: return old > s ? old : s;
    case ATOMIC_UMIN: return old > s ? s : old;
    default: return s;
    }
}

static ALWAYS_INLINE void atomic(Mem *m, AtomicOp what, int size, u64 *t, u64 s, u64 n, u64 mask) {
    void *host;
    V128 value = {.d = {0, 0}};
    if (!atomic_load(m, 1u << size, &value, &host, n, mask)) return;
    *t = value.d[0];
    value.d[0] = atomic_result(what, size, value.d[0], s & ones(8u << size));
    atomic_store(m, 1u << size, &value, host, n);
}

static ALWAYS_INLINE void sem_ldadd(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_ADD, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldclr(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_CLR, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldeor(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_EOR, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldset(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_SET, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldsmax(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_SMAX, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldsmin(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_SMIN, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldumax(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_UMAX, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_ldumin(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_UMIN, size, t, s, n, mask);
}
static ALWAYS_INLINE void sem_swp(Mem *m, int size, u64 *t, u64 s, u64 n, u64 mask) {
    atomic(m, ATOMIC_SWP, size, t, s, n, mask);
}

// A failed compare writes nothing, but needs write permission all the same.
static ALWAYS_INLINE void sem_cas(Mem *m, int size, u64 *old, u64 s, u64 t, u64 n, u64 mask) {
    void *host;
    V128 value = {.d = {0, 0}};
    if (!atomic_load(m, 1u << size, &value, &host, n, mask)) return;
    *old = value.d[0];
    value.d[0] = t;
    if (*old == (s & ones(8u << size))) atomic_store(m, 1u << size, &value, host, n);
}

// X[Rs + 1] and X[Rt + 1] are not operands of the row: read and written here, after the last access
// that can fault.
static ALWAYS_INLINE void sem_casp(Mem *m, int w, u64 s, u64 t, u64 n, u64 mask) {
    Cpu *cpu = m->cpu;
    unsigned rs = m->op->r[0], rt = m->op->r[1];
    u64 s2 = rs == 30 ? 0 : cpu->x[rs + 1], t2 = rt == 30 ? 0 : cpu->x[rt + 1];
    void *host;
    V128 old = {.d = {0, 0}};
    if (!atomic_load(m, 8u << w, &old, &host, n, mask)) return;
    V128 expected = pair_value(w, s, s2), value = pair_value(w, t, t2);
    if (old.d[0] == expected.d[0] && old.d[1] == expected.d[1])
        atomic_store(m, 8u << w, &value, host, n);
    cpu->x[rs] = w ? old.d[0] : old.s[0];
    if (rs != 30) cpu->x[rs + 1] = w ? old.d[1] : old.s[1];
}
