// Loads and stores of general-purpose and SIMD&FP registers. Arm ARM: "A64 Base Instruction
// Descriptions", "Loads and stores". Most arguments: the base, the offset and the address bits that
// must be 0 if the base is SP. size is the logarithm of the bytes.
#pragma once

#include "cpu/loadstore.h"
#include "cpu/op.h"
#include "cpu/pauth.h"
#include "cpu/sem_arith.h"

// CheckSPAlignment. False: not in the fast variant.
static ALWAYS_INLINE bool sp_aligned(Mem *m, u64 base, u64 mask) {
    if (likely(!(base & mask))) return true;
    if (m->slow)
        check_sp_alignment(m->cpu, m->op);
    else
        m->miss = true;
    return m->slow;
}

// --- one register --------------------------------------------------------------------------------

static ALWAYS_INLINE void store(Mem *m, int size, u64 t, u64 base, u64 mask, u64 address, Acc acc) {
    if (sp_aligned(m, base, mask)) mem_write(m, address, 1u << size, t, acc);
}
static ALWAYS_INLINE void load(Mem *m, int size, u64 *t, u64 base, u64 mask, u64 address, Acc acc) {
    if (sp_aligned(m, base, mask)) *t = mem_read(m, address, 1u << size, acc);
}
// Sign-extending to 64 (sf = 1) or 32 bits.
static ALWAYS_INLINE void load_signed(Mem *m, int size, int sf, u64 *t, u64 base, u64 mask,
                                      u64 address, Acc acc) {
    if (!sp_aligned(m, base, mask)) return;
    *t = narrow(sf, (u64)sext(mem_read(m, address, 1u << size, acc), 8u << size));
}
static ALWAYS_INLINE void store_v(Mem *m, int size, const V128 *t, u64 base, u64 mask, u64 address,
                                  Acc acc) {
    if (sp_aligned(m, base, mask)) mem_write(m, address, 1u << size, t->d[0], acc | ACC_VECTOR);
}
static ALWAYS_INLINE void load_v(Mem *m, int size, V128 *t, u64 base, u64 mask, u64 address,
                                 Acc acc) {
    if (!sp_aligned(m, base, mask)) return;
    *t = (V128){.d = {mem_read(m, address, 1u << size, acc | ACC_VECTOR), 0}};
}
static ALWAYS_INLINE void store_q(Mem *m, const V128 *t, u64 base, u64 mask, u64 address, Acc acc) {
    if (sp_aligned(m, base, mask)) mem_write128(m, address, t, acc | ACC_VECTOR);
}
static ALWAYS_INLINE void load_q(Mem *m, V128 *t, u64 base, u64 mask, u64 address, Acc acc) {
    if (sp_aligned(m, base, mask)) mem_read128(m, address, t, acc | ACC_VECTOR);
}

// Unsigned offset.
static ALWAYS_INLINE void sem_str_imm(Mem *m, int size, u64 t, u64 n, u64 offset, u64 mask) {
    store(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_imm(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldrs64_imm(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 1, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldrs32_imm(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 0, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_str_imm_v(Mem *m, int size, const V128 *t, u64 n, u64 offset,
                                        u64 mask) {
    store_v(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_imm_v(Mem *m, int size, V128 *t, u64 n, u64 offset, u64 mask) {
    load_v(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_str_imm_q(Mem *m, const V128 *t, u64 n, u64 offset, u64 mask) {
    store_q(m, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_imm_q(Mem *m, V128 *t, u64 n, u64 offset, u64 mask) {
    load_q(m, t, n, mask, n + offset, ACC_NORMAL);
}

// Unscaled offset.
static ALWAYS_INLINE void sem_stur(Mem *m, int size, u64 t, u64 n, u64 offset, u64 mask) {
    store(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldur(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldurs64(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 1, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldurs32(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 0, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_stur_v(Mem *m, int size, const V128 *t, u64 n, u64 offset, u64 mask) {
    store_v(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldur_v(Mem *m, int size, V128 *t, u64 n, u64 offset, u64 mask) {
    load_v(m, size, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_stur_q(Mem *m, const V128 *t, u64 n, u64 offset, u64 mask) {
    store_q(m, t, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldur_q(Mem *m, V128 *t, u64 n, u64 offset, u64 mask) {
    load_q(m, t, n, mask, n + offset, ACC_NORMAL);
}

// Unprivileged.
static ALWAYS_INLINE void sem_sttr(Mem *m, int size, u64 t, u64 n, u64 offset, u64 mask) {
    store(m, size, t, n, mask, n + offset, ACC_UNPRIV);
}
static ALWAYS_INLINE void sem_ldtr(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load(m, size, t, n, mask, n + offset, ACC_UNPRIV);
}
static ALWAYS_INLINE void sem_ldtrs64(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 1, t, n, mask, n + offset, ACC_UNPRIV);
}
static ALWAYS_INLINE void sem_ldtrs32(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 0, t, n, mask, n + offset, ACC_UNPRIV);
}

// Post-indexed.
static ALWAYS_INLINE void sem_str_post(Mem *m, int size, u64 t, u64 n, u64 *wb, u64 offset,
                                       u64 mask) {
    store(m, size, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldr_post(Mem *m, int size, u64 *t, u64 n, u64 *wb, u64 offset,
                                       u64 mask) {
    load(m, size, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldrs64_post(Mem *m, int size, u64 *t, u64 n, u64 *wb, u64 offset,
                                          u64 mask) {
    load_signed(m, size, 1, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldrs32_post(Mem *m, int size, u64 *t, u64 n, u64 *wb, u64 offset,
                                          u64 mask) {
    load_signed(m, size, 0, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_str_post_v(Mem *m, int size, const V128 *t, u64 n, u64 *wb,
                                         u64 offset, u64 mask) {
    store_v(m, size, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldr_post_v(Mem *m, int size, V128 *t, u64 n, u64 *wb, u64 offset,
                                         u64 mask) {
    load_v(m, size, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_str_post_q(Mem *m, const V128 *t, u64 n, u64 *wb, u64 offset,
                                         u64 mask) {
    store_q(m, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldr_post_q(Mem *m, V128 *t, u64 n, u64 *wb, u64 offset, u64 mask) {
    load_q(m, t, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}

// Pre-indexed.
static ALWAYS_INLINE void sem_str_pre(Mem *m, int size, u64 t, u64 n, u64 *wb, u64 offset,
                                      u64 mask) {
    store(m, size, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldr_pre(Mem *m, int size, u64 *t, u64 n, u64 *wb, u64 offset,
                                      u64 mask) {
    load(m, size, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldrs64_pre(Mem *m, int size, u64 *t, u64 n, u64 *wb, u64 offset,
                                         u64 mask) {
    load_signed(m, size, 1, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldrs32_pre(Mem *m, int size, u64 *t, u64 n, u64 *wb, u64 offset,
                                         u64 mask) {
    load_signed(m, size, 0, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_str_pre_v(Mem *m, int size, const V128 *t, u64 n, u64 *wb, u64 offset,
                                        u64 mask) {
    store_v(m, size, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldr_pre_v(Mem *m, int size, V128 *t, u64 n, u64 *wb, u64 offset,
                                        u64 mask) {
    load_v(m, size, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_str_pre_q(Mem *m, const V128 *t, u64 n, u64 *wb, u64 offset,
                                        u64 mask) {
    store_q(m, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldr_pre_q(Mem *m, V128 *t, u64 n, u64 *wb, u64 offset, u64 mask) {
    load_q(m, t, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}

// Register offset: index extended as option says, shifted by the size if S.
static ALWAYS_INLINE void sem_str_reg(Mem *m, int size, int option, int S, u64 t, u64 n, u64 index,
                                      u64 mask) {
    store(m, size, t, n, mask, n + (extended(option, index) << (S ? size : 0)), ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_reg(Mem *m, int size, int option, int S, u64 *t, u64 n, u64 index,
                                      u64 mask) {
    load(m, size, t, n, mask, n + (extended(option, index) << (S ? size : 0)), ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldrs64_reg(Mem *m, int size, int option, int S, u64 *t, u64 n,
                                         u64 index, u64 mask) {
    load_signed(m, size, 1, t, n, mask, n + (extended(option, index) << (S ? size : 0)),
                ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldrs32_reg(Mem *m, int size, int option, int S, u64 *t, u64 n,
                                         u64 index, u64 mask) {
    load_signed(m, size, 0, t, n, mask, n + (extended(option, index) << (S ? size : 0)),
                ACC_NORMAL);
}
static ALWAYS_INLINE void sem_str_reg_v(Mem *m, int size, int option, int S, const V128 *t, u64 n,
                                        u64 index, u64 mask) {
    store_v(m, size, t, n, mask, n + (extended(option, index) << (S ? size : 0)), ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_reg_v(Mem *m, int size, int option, int S, V128 *t, u64 n,
                                        u64 index, u64 mask) {
    load_v(m, size, t, n, mask, n + (extended(option, index) << (S ? size : 0)), ACC_NORMAL);
}
static ALWAYS_INLINE void sem_str_reg_q(Mem *m, int option, int S, const V128 *t, u64 n, u64 index,
                                        u64 mask) {
    store_q(m, t, n, mask, n + (extended(option, index) << (S ? 4 : 0)), ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_reg_q(Mem *m, int option, int S, V128 *t, u64 n, u64 index,
                                        u64 mask) {
    load_q(m, t, n, mask, n + (extended(option, index) << (S ? 4 : 0)), ACC_NORMAL);
}

// Acquire and release with an offset (FEAT_LRCPC2).
static ALWAYS_INLINE void sem_stlur(Mem *m, int size, u64 t, u64 n, u64 offset, u64 mask) {
    store(m, size, t, n, mask, n + offset, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_ldapur(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load(m, size, t, n, mask, n + offset, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_ldapurs64(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 1, t, n, mask, n + offset, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_ldapurs32(Mem *m, int size, u64 *t, u64 n, u64 offset, u64 mask) {
    load_signed(m, size, 0, t, n, mask, n + offset, ACC_ORDERED);
}

// Prefetches are hints.
static ALWAYS_INLINE void sem_prfm_imm(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_prfum(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_prfm_reg(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_prfm_lit(Cpu *cpu) {
    (void)cpu;
}

// Literal: opc 0 is 32 bits, 1 is 64.
static ALWAYS_INLINE void sem_ldr_lit(Mem *m, int opc, u64 *t, u64 pc, u64 offset) {
    *t = mem_read(m, pc + offset, 4u << opc, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldrsw_lit(Mem *m, u64 *t, u64 pc, u64 offset) {
    *t = (u64)(i64)(i32)mem_read(m, pc + offset, 4, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldr_lit_v(Mem *m, int opc, V128 *t, u64 pc, u64 offset) {
    if (opc == 2)
        mem_read128(m, pc + offset, t, ACC_VECTOR);
    else
        *t = (V128){.d = {mem_read(m, pc + offset, 4u << opc, ACC_VECTOR), 0}};
}

// Acquire and release.
static ALWAYS_INLINE void sem_ldar(Mem *m, int size, u64 *t, u64 n, u64 mask) {
    load(m, size, t, n, mask, n, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_ldlar(Mem *m, int size, u64 *t, u64 n, u64 mask) {
    load(m, size, t, n, mask, n, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_ldapr(Mem *m, int size, u64 *t, u64 n, u64 mask) {
    load(m, size, t, n, mask, n, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_stlr(Mem *m, int size, u64 t, u64 n, u64 mask) {
    store(m, size, t, n, mask, n, ACC_ORDERED);
}
static ALWAYS_INLINE void sem_stllr(Mem *m, int size, u64 t, u64 n, u64 mask) {
    store(m, size, t, n, mask, n, ACC_ORDERED);
}

// LDRAA (M = 0), LDRAB: the base is authenticated with the zero modifier.
static ALWAYS_INLINE u64 authenticated_base(Mem *m, int M, u64 n, u64 mask) {
    PacKey key = M ? PAC_DB : PAC_DA;
    if (!sp_aligned(m, n, mask)) return 0;
    if (unlikely(m->cpu->el < 2 && !bit(m->cpu->sys.HCR_EL2, HCR_API))) {
        if (m->slow)
            check_pauth_trap(m->cpu, m->op, key);
        else
            m->miss = true;
    }
    return pauth_auth(m->cpu, n, 0, key);
}
static ALWAYS_INLINE void sem_ldra(Mem *m, int M, u64 *t, u64 n, u64 offset, u64 mask) {
    u64 base = authenticated_base(m, M, n, mask);
    if (!m->miss) *t = mem_read(m, base + offset, 8, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldra_pre(Mem *m, int M, u64 *t, u64 n, u64 *wb, u64 offset,
                                       u64 mask) {
    u64 base = authenticated_base(m, M, n, mask);
    if (!m->miss) *t = mem_read(m, base + offset, 8, ACC_NORMAL);
    *wb = base + offset;
}

// --- pairs ---------------------------------------------------------------------------------------

static ALWAYS_INLINE void store_pair(Mem *m, unsigned bytes, u64 t, u64 t2, u64 base, u64 mask,
                                     u64 address, Acc acc) {
    if (!sp_aligned(m, base, mask)) return;
    if (m->slow) {
        mem_write_slow(m->cpu, m->op, address, bytes, t, acc | ACC_PAIR);
        mem_write_slow(m->cpu, m->op, address + bytes, bytes, t2, acc | ACC_PAIR);
        return;
    }
    u8 *host = tlb_host_pair(m, address, bytes, true);
    if (unlikely(!host)) {
        m->miss = true;
        return;
    }
    memcpy(host, &t, bytes);
    memcpy(host + bytes, &t2, bytes);
}
static ALWAYS_INLINE void load_pair(Mem *m, unsigned bytes, u64 *t, u64 *t2, u64 base, u64 mask,
                                    u64 address, Acc acc) {
    if (!sp_aligned(m, base, mask)) return;
    if (m->slow) {
        *t = mem_read_slow(m->cpu, m->op, address, bytes, acc | ACC_PAIR);
        *t2 = mem_read_slow(m->cpu, m->op, address + bytes, bytes, acc | ACC_PAIR);
        return;
    }
    const u8 *host = tlb_host_pair(m, address, bytes, false);
    if (unlikely(!host)) {
        m->miss = true;
        return;
    }
    *t = *t2 = 0;
    memcpy(t, host, bytes);
    memcpy(t2, host + bytes, bytes);
}
static ALWAYS_INLINE void load_pair_signed(Mem *m, u64 *t, u64 *t2, u64 base, u64 mask, u64 address,
                                           Acc acc) {
    load_pair(m, 4, t, t2, base, mask, address, acc);
    *t = (u64)(i64)(i32)*t;
    *t2 = (u64)(i64)(i32)*t2;
}
static ALWAYS_INLINE void store_pair_v(Mem *m, unsigned bytes, const V128 *t, const V128 *t2,
                                       u64 base, u64 mask, u64 address, Acc acc) {
    if (!sp_aligned(m, base, mask)) return;
    if (m->slow && bytes == 16) {
        mem_write128_slow(m->cpu, m->op, address, t, acc | ACC_VECTOR);
        mem_write128_slow(m->cpu, m->op, address + 16, t2, acc | ACC_VECTOR);
        return;
    }
    if (m->slow) {
        mem_write_slow(m->cpu, m->op, address, bytes, t->d[0], acc | ACC_PAIR | ACC_VECTOR);
        mem_write_slow(m->cpu, m->op, address + bytes, bytes, t2->d[0],
                       acc | ACC_PAIR | ACC_VECTOR);
        return;
    }
    u8 *host = tlb_host_pair(m, address, bytes, true);
    if (unlikely(!host)) {
        m->miss = true;
        return;
    }
    memcpy(host, t, bytes);
    memcpy(host + bytes, t2, bytes);
}
static ALWAYS_INLINE void load_pair_v(Mem *m, unsigned bytes, V128 *t, V128 *t2, u64 base, u64 mask,
                                      u64 address, Acc acc) {
    if (!sp_aligned(m, base, mask)) return;
    *t = *t2 = (V128){.d = {0, 0}};
    if (m->slow && bytes == 16) {
        mem_read128_slow(m->cpu, m->op, address, t, acc | ACC_VECTOR);
        mem_read128_slow(m->cpu, m->op, address + 16, t2, acc | ACC_VECTOR);
        return;
    }
    if (m->slow) {
        t->d[0] = mem_read_slow(m->cpu, m->op, address, bytes, acc | ACC_PAIR | ACC_VECTOR);
        t2->d[0] =
            mem_read_slow(m->cpu, m->op, address + bytes, bytes, acc | ACC_PAIR | ACC_VECTOR);
        return;
    }
    const u8 *host = tlb_host_pair(m, address, bytes, false);
    if (unlikely(!host)) {
        m->miss = true;
        return;
    }
    memcpy(t, host, bytes);
    memcpy(t2, host + bytes, bytes);
}

// w = 1: 64-bit registers.
static ALWAYS_INLINE void sem_stnp(Mem *m, int w, u64 t, u64 t2, u64 n, u64 offset, u64 mask) {
    store_pair(m, 4u << w, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldnp(Mem *m, int w, u64 *t, u64 *t2, u64 n, u64 offset, u64 mask) {
    load_pair(m, 4u << w, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_stp(Mem *m, int w, u64 t, u64 t2, u64 n, u64 offset, u64 mask) {
    store_pair(m, 4u << w, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldp(Mem *m, int w, u64 *t, u64 *t2, u64 n, u64 offset, u64 mask) {
    load_pair(m, 4u << w, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldpsw(Mem *m, u64 *t, u64 *t2, u64 n, u64 offset, u64 mask) {
    load_pair_signed(m, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_stp_post(Mem *m, int w, u64 t, u64 t2, u64 n, u64 *wb, u64 offset,
                                       u64 mask) {
    store_pair(m, 4u << w, t, t2, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldp_post(Mem *m, int w, u64 *t, u64 *t2, u64 n, u64 *wb, u64 offset,
                                       u64 mask) {
    load_pair(m, 4u << w, t, t2, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldpsw_post(Mem *m, u64 *t, u64 *t2, u64 n, u64 *wb, u64 offset,
                                         u64 mask) {
    load_pair_signed(m, t, t2, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_stp_pre(Mem *m, int w, u64 t, u64 t2, u64 n, u64 *wb, u64 offset,
                                      u64 mask) {
    store_pair(m, 4u << w, t, t2, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldp_pre(Mem *m, int w, u64 *t, u64 *t2, u64 n, u64 *wb, u64 offset,
                                      u64 mask) {
    load_pair(m, 4u << w, t, t2, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldpsw_pre(Mem *m, u64 *t, u64 *t2, u64 n, u64 *wb, u64 offset,
                                        u64 mask) {
    load_pair_signed(m, t, t2, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}

// opc 0, 1, 2: S, D, Q registers.
static ALWAYS_INLINE void sem_stnp_v(Mem *m, int opc, const V128 *t, const V128 *t2, u64 n,
                                     u64 offset, u64 mask) {
    store_pair_v(m, 4u << opc, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldnp_v(Mem *m, int opc, V128 *t, V128 *t2, u64 n, u64 offset,
                                     u64 mask) {
    load_pair_v(m, 4u << opc, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_stp_v(Mem *m, int opc, const V128 *t, const V128 *t2, u64 n,
                                    u64 offset, u64 mask) {
    store_pair_v(m, 4u << opc, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_ldp_v(Mem *m, int opc, V128 *t, V128 *t2, u64 n, u64 offset,
                                    u64 mask) {
    load_pair_v(m, 4u << opc, t, t2, n, mask, n + offset, ACC_NORMAL);
}
static ALWAYS_INLINE void sem_stp_post_v(Mem *m, int opc, const V128 *t, const V128 *t2, u64 n,
                                         u64 *wb, u64 offset, u64 mask) {
    store_pair_v(m, 4u << opc, t, t2, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldp_post_v(Mem *m, int opc, V128 *t, V128 *t2, u64 n, u64 *wb,
                                         u64 offset, u64 mask) {
    load_pair_v(m, 4u << opc, t, t2, n, mask, n, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_stp_pre_v(Mem *m, int opc, const V128 *t, const V128 *t2, u64 n,
                                        u64 *wb, u64 offset, u64 mask) {
    store_pair_v(m, 4u << opc, t, t2, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
static ALWAYS_INLINE void sem_ldp_pre_v(Mem *m, int opc, V128 *t, V128 *t2, u64 n, u64 *wb,
                                        u64 offset, u64 mask) {
    load_pair_v(m, 4u << opc, t, t2, n, mask, n + offset, ACC_NORMAL);
    *wb = n + offset;
}
