// Semantics of the Advanced SIMD integer, permute, table and structure load/store rows of simd.isa.
// Arm ARM: "Advanced SIMD and Floating-point Programming", "Advanced SIMD and Floating-point
// Instruction Descriptions". Floating-point lanes are in sem_fp.h, cryptography in sem_crypto.h.
//
// Frequent operations are host vector expressions (Vec) with the element size as a constant. The
// rest are one function of one lane (lane_*), applied by simd_same(), simd_long(), ... in simd.c.
// A destination may be one of the sources, so every result is complete before it is stored.
#pragma once

#include "cpu/cpu.h"
#include "cpu/loadstore.h"
#include "mmu/access.h"

// The `form` of an operation, as the rows pass it: how many bytes of the registers it works on.
enum { FORM_D = 0, FORM_Q = 1, FORM_SCALAR = 3 };

typedef u8 Vec __attribute__((vector_size(16)));
typedef u16 VecH __attribute__((vector_size(16)));
typedef u32 VecS __attribute__((vector_size(16)));
typedef u64 VecD __attribute__((vector_size(16)));
typedef i8 VecSB __attribute__((vector_size(16)));
typedef i16 VecSH __attribute__((vector_size(16)));
typedef i32 VecSS __attribute__((vector_size(16)));
typedef i64 VecSD __attribute__((vector_size(16)));

static ALWAYS_INLINE Vec vec_load(const V128 *v) {
    Vec r;
    memcpy(&r, v, sizeof r);
    return r;
}

// Two halves, put together in a register: what is stored in halves and loaded whole has to wait.
static ALWAYS_INLINE V128 vec_halves(u64 low, u64 high) {
    VecD v = {low, high};
    V128 r;
    memcpy(&r, &v, sizeof r);
    return r;
}

// Stores a vector result; the bits above a 64-bit one become zero. One 16-byte store, because the
// next instruction is likely to load all of it.
static ALWAYS_INLINE void vec_end(V128 *d, Vec value, u64 form) {
    if (form != FORM_Q) value = (Vec)((VecD)value & (VecD){~0ull, 0});
    memcpy(d, &value, sizeof *d);
}

static ALWAYS_INLINE Vec vec_add(int size, Vec a, Vec b) {
    switch (size) {
    case 0: return a + b;
    case 1: return (Vec)((VecH)a + (VecH)b);
    case 2: return (Vec)((VecS)a + (VecS)b);
    default: return (Vec)((VecD)a + (VecD)b);
    }
}

static ALWAYS_INLINE Vec vec_sub(int size, Vec a, Vec b) {
    switch (size) {
    case 0: return a - b;
    case 1: return (Vec)((VecH)a - (VecH)b);
    case 2: return (Vec)((VecS)a - (VecS)b);
    default: return (Vec)((VecD)a - (VecD)b);
    }
}

// No 64-bit lanes: MUL has none.
static ALWAYS_INLINE Vec vec_mul(int size, Vec a, Vec b) {
    switch (size) {
    case 0: return a * b;
    case 1: return (Vec)((VecH)a * (VecH)b);
    default: return (Vec)((VecS)a * (VecS)b);
    }
}

// Comparisons: all ones where true.
static ALWAYS_INLINE Vec vec_gt(int size, Vec a, Vec b) {
    switch (size) {
    case 0: return (Vec)((VecSB)a > (VecSB)b);
    case 1: return (Vec)((VecSH)a > (VecSH)b);
    case 2: return (Vec)((VecSS)a > (VecSS)b);
    default: return (Vec)((VecSD)a > (VecSD)b);
    }
}

static ALWAYS_INLINE Vec vec_hi(int size, Vec a, Vec b) {
    switch (size) {
    case 0: return (Vec)(a > b);
    case 1: return (Vec)((VecH)a > (VecH)b);
    case 2: return (Vec)((VecS)a > (VecS)b);
    default: return (Vec)((VecD)a > (VecD)b);
    }
}

static ALWAYS_INLINE Vec vec_eq(int size, Vec a, Vec b) {
    switch (size) {
    case 0: return (Vec)(a == b);
    case 1: return (Vec)((VecH)a == (VecH)b);
    case 2: return (Vec)((VecS)a == (VecS)b);
    default: return (Vec)((VecD)a == (VecD)b);
    }
}

static ALWAYS_INLINE Vec vec_select(Vec mask, Vec yes, Vec no) {
    return (mask & yes) | (~mask & no);
}

static ALWAYS_INLINE Vec vec_max(unsigned u, int size, Vec a, Vec b) {
    return vec_select(u ? vec_hi(size, a, b) : vec_gt(size, a, b), a, b);
}

static ALWAYS_INLINE Vec vec_min(unsigned u, int size, Vec a, Vec b) {
    return vec_select(u ? vec_hi(size, a, b) : vec_gt(size, a, b), b, a);
}

// Every lane = value.
static ALWAYS_INLINE Vec vec_dup(int size, u64 value) {
    switch (size) {
    case 0: return (Vec){0} + (u8)value;
    case 1: return (Vec)((VecH){0} + (u16)value);
    case 2: return (Vec)((VecS){0} + (u32)value);
    default: return (Vec)((VecD){0} + value);
    }
}

// --- lane functions (simd.c) ---
typedef struct Lane {
    unsigned esize;  // bits of a destination lane
    bool u;          // lanes are unsigned
    bool qc;         // result: FPSR.QC becomes 1
    int imm;         // shift count, positive to the left
    i128 acc;        // the destination lane before
} Lane;

// One lane: a and b are extended as `u` says, the result is truncated.
typedef i128 LaneFn(Lane *l, i128 a, i128 b);

LaneFn lane_pmul, lane_sqrdmlah, lane_sqrdmlsh, lane_suqadd, lane_usqadd, lane_cls, lane_clz,
    lane_sqabs, lane_sqneg, lane_sqdmull, lane_sqdmlal, lane_sqdmlsl, lane_qshift, lane_sqshlu,
    lane_sli, lane_sri;

// d = f(n, m) lane by lane, by how the widths of the lanes relate; size is that of the narrow ones.
// m may be NULL for a function of one source.
void simd_same(Cpu *cpu, LaneFn *f, V128 *d, const V128 *n, const V128 *m, unsigned u,
               unsigned size, u64 form);
void simd_long(Cpu *cpu, LaneFn *f, V128 *d, const V128 *n, const V128 *m, unsigned u,
               unsigned size, u64 form);
// Shifts by immediate: imm7 is immh:immb.
void simd_shift(Cpu *cpu, LaneFn *f, bool left, V128 *d, const V128 *n, unsigned u, unsigned imm7,
                u64 form);

// simd_fast.c: whole vectors. d += for ABA and MLA, -= for MLS.
typedef enum SimdBinary {
    SIMD_ADD,
    SIMD_SUB,
    SIMD_HADD,
    SIMD_RHADD,
    SIMD_HSUB,
    SIMD_QADD,
    SIMD_QSUB,
    SIMD_ABD,
    SIMD_ABA,
    SIMD_MUL,
    SIMD_MLA,
    SIMD_MLS,
} SimdBinary;
void simd_binary(Cpu *cpu, SimdBinary op, V128 *d, const V128 *n, const V128 *m, unsigned u,
                 unsigned size, u64 form);
void simd_shift_register(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size,
                         u64 form, bool round, bool saturate);
void simd_shift_right(Cpu *cpu, V128 *d, const V128 *n, unsigned u, unsigned imm7, u64 form,
                      bool round, bool accumulate);
void simd_multiply_high(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size, u64 form,
                        bool round);
// Wide results of narrow lanes (of the upper halves with q), of a wide and a narrow operand.
void simd_widening(SimdBinary op, V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size,
                   unsigned q);
void simd_add_wide(SimdBinary op, V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size,
                   unsigned q);
void simd_add_high(V128 *d, const V128 *n, const V128 *m, unsigned size, unsigned q, bool subtract,
                   bool round);
void simd_narrow(V128 *d, const V128 *n, unsigned size, unsigned shift, bool round, unsigned q);
void simd_saturate_narrow(Cpu *cpu, V128 *d, const V128 *n, unsigned size, bool from_u, bool to_u,
                          unsigned shift, bool round, u64 form);

// The frequent ones of these, with a loop per element size.
void simd_shr(V128 *d, const V128 *n, unsigned u, unsigned imm7, u64 form);
void simd_shl(V128 *d, const V128 *n, unsigned imm7, u64 form);
void simd_shll(V128 *d, const V128 *n, unsigned u, unsigned size, unsigned shift, unsigned q);
void simd_max(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form);
void simd_min(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form);
void simd_addp(V128 *d, const V128 *n, const V128 *m, unsigned size, u64 form);
void simd_maxp(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form);
void simd_minp(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form);
void simd_addlp(V128 *d, const V128 *n, unsigned u, unsigned size, unsigned q, bool accumulate);
void simd_rev(V128 *d, const V128 *n, unsigned container, unsigned size, unsigned q);
void simd_rbit(V128 *d, const V128 *n, unsigned q);
void simd_cnt(V128 *d, const V128 *n, unsigned q);
void simd_dot(V128 *d, const V128 *n, const V128 *m, bool n_unsigned, bool m_unsigned, unsigned q);
void simd_mmla(V128 *d, const V128 *n, const V128 *m, bool n_unsigned, bool m_unsigned);
void simd_pmull8(V128 *d, const V128 *n, const V128 *m, unsigned q);
void simd_pmull64(V128 *d, const V128 *n, const V128 *m, unsigned q);
typedef enum Across { ACROSS_ADD, ACROSS_ADDL, ACROSS_MAX, ACROSS_MIN } Across;
void simd_across(V128 *d, const V128 *n, Across op, unsigned u, unsigned size, unsigned q);
typedef enum Permute { UZP, TRN, ZIP } Permute;
void simd_permute(V128 *d, const V128 *n, const V128 *m, Permute op, unsigned part, unsigned size,
                  unsigned q);
void simd_table(const Cpu *cpu, V128 *d, unsigned n, const V128 *m, unsigned len, unsigned q,
                bool keep);

// --- three registers, same type ---
static ALWAYS_INLINE void sem_shadd_uhadd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    simd_binary(cpu, SIMD_HADD, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_sqadd_uqadd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    simd_binary(cpu, SIMD_QADD, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_srhadd_urhadd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                            unsigned U, unsigned size, u64 form) {
    simd_binary(cpu, SIMD_RHADD, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_shsub_uhsub(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    simd_binary(cpu, SIMD_HSUB, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_sqsub_uqsub(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    simd_binary(cpu, SIMD_QSUB, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_sshl_ushl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned U,
                                        unsigned size, u64 form) {
    simd_shift_register(cpu, d, n, m, U, size, form, false, false);
}
static ALWAYS_INLINE void sem_sqshl_uqshl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    simd_shift_register(cpu, d, n, m, U, size, form, false, true);
}
static ALWAYS_INLINE void sem_srshl_urshl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    simd_shift_register(cpu, d, n, m, U, size, form, true, false);
}
static ALWAYS_INLINE void sem_sqrshl_uqrshl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                            unsigned U, unsigned size, u64 form) {
    simd_shift_register(cpu, d, n, m, U, size, form, true, true);
}
static ALWAYS_INLINE void sem_sabd_uabd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned U,
                                        unsigned size, u64 form) {
    simd_binary(cpu, SIMD_ABD, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_saba_uaba(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned U,
                                        unsigned size, u64 form) {
    simd_binary(cpu, SIMD_ABA, d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_pmul_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    simd_same(cpu, lane_pmul, d, n, m, 1, 0, form);
}
static ALWAYS_INLINE void sem_sqdmulh_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                        unsigned size, u64 form) {
    simd_multiply_high(cpu, d, n, m, size, form, false);
}
static ALWAYS_INLINE void sem_sqrdmulh_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned size, u64 form) {
    simd_multiply_high(cpu, d, n, m, size, form, true);
}
static ALWAYS_INLINE void sem_sqrdmlah_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned size, u64 form) {
    simd_same(cpu, lane_sqrdmlah, d, n, m, 0, size, form);
}
static ALWAYS_INLINE void sem_sqrdmlsh_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned size, u64 form) {
    simd_same(cpu, lane_sqrdmlsh, d, n, m, 0, size, form);
}

static ALWAYS_INLINE void sem_and_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_load(n) & vec_load(m), Q);
}
static ALWAYS_INLINE void sem_bic_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_load(n) & ~vec_load(m), Q);
}
static ALWAYS_INLINE void sem_orr_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_load(n) | vec_load(m), Q);
}
static ALWAYS_INLINE void sem_orn_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_load(n) | ~vec_load(m), Q);
}
static ALWAYS_INLINE void sem_eor_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_load(n) ^ vec_load(m), Q);
}
static ALWAYS_INLINE void sem_bsl_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_select(vec_load(d), vec_load(n), vec_load(m)), Q);
}
static ALWAYS_INLINE void sem_bit_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_select(vec_load(m), vec_load(n), vec_load(d)), Q);
}
static ALWAYS_INLINE void sem_bif_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    vec_end(d, vec_select(vec_load(m), vec_load(d), vec_load(n)), Q);
}

// Scalar forms are 64-bit only and equal to a 64-bit vector of one lane.
static ALWAYS_INLINE void sem_add_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                    u64 form) {
    (void)cpu;
    vec_end(d, vec_add(size, vec_load(n), vec_load(m)), form);
}
static ALWAYS_INLINE void sem_sub_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                    u64 form) {
    (void)cpu;
    vec_end(d, vec_sub(size, vec_load(n), vec_load(m)), form);
}
static ALWAYS_INLINE void sem_cmgt_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                     u64 form) {
    (void)cpu;
    vec_end(d, vec_gt(size, vec_load(n), vec_load(m)), form);
}
static ALWAYS_INLINE void sem_cmhi_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                     u64 form) {
    (void)cpu;
    vec_end(d, vec_hi(size, vec_load(n), vec_load(m)), form);
}
static ALWAYS_INLINE void sem_cmge_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                     u64 form) {
    (void)cpu;
    vec_end(d, ~vec_gt(size, vec_load(m), vec_load(n)), form);
}
static ALWAYS_INLINE void sem_cmhs_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                     u64 form) {
    (void)cpu;
    vec_end(d, ~vec_hi(size, vec_load(m), vec_load(n)), form);
}
static ALWAYS_INLINE void sem_cmeq_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                     u64 form) {
    (void)cpu;
    vec_end(d, vec_eq(size, vec_load(n), vec_load(m)), form);
}
static ALWAYS_INLINE void sem_cmtst_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                      u64 form) {
    (void)cpu;
    vec_end(d, ~vec_eq(size, vec_load(n) & vec_load(m), (Vec){0}), form);
}
static ALWAYS_INLINE void sem_mul_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                    u64 form) {
    (void)cpu;
    vec_end(d, vec_mul(size, vec_load(n), vec_load(m)), form);
}
static ALWAYS_INLINE void sem_mla_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                    u64 form) {
    (void)cpu;
    vec_end(d, vec_add(size, vec_load(d), vec_mul(size, vec_load(n), vec_load(m))), form);
}
static ALWAYS_INLINE void sem_mls_v(Cpu *cpu, int size, V128 *d, const V128 *n, const V128 *m,
                                    u64 form) {
    (void)cpu;
    vec_end(d, vec_sub(size, vec_load(d), vec_mul(size, vec_load(n), vec_load(m))), form);
}

static ALWAYS_INLINE void sem_smax_umax(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned U,
                                        unsigned size, u64 form) {
    (void)cpu;
    simd_max(d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_smin_umin(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned U,
                                        unsigned size, u64 form) {
    (void)cpu;
    simd_min(d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_smaxp_umaxp(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_maxp(d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_sminp_uminp(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_minp(d, n, m, U, size, form);
}
static ALWAYS_INLINE void sem_addp_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                     u64 form) {
    (void)cpu;
    simd_addp(d, n, m, size, form);
}
static ALWAYS_INLINE void sem_addp_scalar(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    d->q = n->d[0] + n->d[1];
}
static ALWAYS_INLINE void sem_sdot_udot_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned Q) {
    (void)cpu;
    simd_dot(d, n, m, U, U, Q);
}

static ALWAYS_INLINE void sem_usdot_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    simd_dot(d, n, m, true, false, Q);
}
static ALWAYS_INLINE void sem_smmla_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    simd_mmla(d, n, m, false, false);
}
static ALWAYS_INLINE void sem_ummla_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    simd_mmla(d, n, m, true, true);
}
static ALWAYS_INLINE void sem_usmmla_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    simd_mmla(d, n, m, true, false);
}

// --- three registers, different types ---
static ALWAYS_INLINE void sem_saddl_uaddl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_ADD, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_saddw_uaddw(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_add_wide(SIMD_ADD, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_ssubl_usubl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_SUB, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_ssubw_usubw(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_add_wide(SIMD_SUB, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_addhn_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                      unsigned size, u64 form) {
    (void)cpu;
    simd_add_high(d, n, m, size, form == FORM_Q, false, false);
}
static ALWAYS_INLINE void sem_raddhn_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned size, u64 form) {
    (void)cpu;
    simd_add_high(d, n, m, size, form == FORM_Q, false, true);
}
static ALWAYS_INLINE void sem_subhn_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                      unsigned size, u64 form) {
    (void)cpu;
    simd_add_high(d, n, m, size, form == FORM_Q, true, false);
}
static ALWAYS_INLINE void sem_rsubhn_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned size, u64 form) {
    (void)cpu;
    simd_add_high(d, n, m, size, form == FORM_Q, true, true);
}
static ALWAYS_INLINE void sem_sabal_uabal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_ABA, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_sabdl_uabdl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_ABD, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_smlal_umlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_MLA, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_smlsl_umlsl(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_MLS, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_smull_umull(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned U, unsigned size, u64 form) {
    (void)cpu;
    simd_widening(SIMD_MUL, d, n, m, U, size, form == FORM_Q);
}
static ALWAYS_INLINE void sem_sqdmlal_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                        unsigned size, u64 form) {
    simd_long(cpu, lane_sqdmlal, d, n, m, 0, size, form);
}
static ALWAYS_INLINE void sem_sqdmlsl_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                        unsigned size, u64 form) {
    simd_long(cpu, lane_sqdmlsl, d, n, m, 0, size, form);
}
static ALWAYS_INLINE void sem_sqdmull_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                        unsigned size, u64 form) {
    simd_long(cpu, lane_sqdmull, d, n, m, 0, size, form);
}
static ALWAYS_INLINE void sem_pmull_p8(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned Q) {
    (void)cpu;
    simd_pmull8(d, n, m, Q);
}
static ALWAYS_INLINE void sem_pmull_p64(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                        unsigned Q) {
    (void)cpu;
    simd_pmull64(d, n, m, Q);
}

// --- two registers, miscellaneous ---
static ALWAYS_INLINE void sem_rev64_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, unsigned Q) {
    (void)cpu;
    simd_rev(d, n, 3, size, Q);
}
static ALWAYS_INLINE void sem_rev32_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, unsigned Q) {
    (void)cpu;
    simd_rev(d, n, 2, size, Q);
}
static ALWAYS_INLINE void sem_rev16_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    (void)cpu;
    simd_rev(d, n, 1, 0, Q);
}
static ALWAYS_INLINE void sem_saddlp_uaddlp(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned size, unsigned Q) {
    (void)cpu;
    simd_addlp(d, n, U, size, Q, false);
}
static ALWAYS_INLINE void sem_sadalp_uadalp(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned size, unsigned Q) {
    (void)cpu;
    simd_addlp(d, n, U, size, Q, true);
}
static ALWAYS_INLINE void sem_suqadd_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_same(cpu, lane_suqadd, d, n, NULL, 0, size, form);
}
static ALWAYS_INLINE void sem_usqadd_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_same(cpu, lane_usqadd, d, n, NULL, 1, size, form);
}
static ALWAYS_INLINE void sem_cls_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_same(cpu, lane_cls, d, n, NULL, 0, size, form);
}
static ALWAYS_INLINE void sem_clz_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_same(cpu, lane_clz, d, n, NULL, 1, size, form);
}
static ALWAYS_INLINE void sem_cnt_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    (void)cpu;
    simd_cnt(d, n, Q);
}
static ALWAYS_INLINE void sem_not_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    (void)cpu;
    vec_end(d, ~vec_load(n), Q);
}
static ALWAYS_INLINE void sem_rbit_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    (void)cpu;
    simd_rbit(d, n, Q);
}
static ALWAYS_INLINE void sem_sqabs_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_same(cpu, lane_sqabs, d, n, NULL, 0, size, form);
}
static ALWAYS_INLINE void sem_sqneg_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_same(cpu, lane_sqneg, d, n, NULL, 0, size, form);
}
static ALWAYS_INLINE void sem_abs_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    const V128 zero = {.q = 0};
    simd_binary(cpu, SIMD_ABD, d, n, &zero, 0, size, form);
}
static ALWAYS_INLINE void sem_neg_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    const V128 zero = {.q = 0};
    simd_binary(cpu, SIMD_SUB, d, &zero, n, 0, size, form);
}
static ALWAYS_INLINE void sem_cmgt_zero(Cpu *cpu, int size, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    vec_end(d, vec_gt(size, vec_load(n), (Vec){0}), form);
}
static ALWAYS_INLINE void sem_cmge_zero(Cpu *cpu, int size, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    vec_end(d, ~vec_gt(size, (Vec){0}, vec_load(n)), form);
}
static ALWAYS_INLINE void sem_cmeq_zero(Cpu *cpu, int size, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    vec_end(d, vec_eq(size, vec_load(n), (Vec){0}), form);
}
static ALWAYS_INLINE void sem_cmle_zero(Cpu *cpu, int size, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    vec_end(d, ~vec_gt(size, vec_load(n), (Vec){0}), form);
}
static ALWAYS_INLINE void sem_cmlt_zero(Cpu *cpu, int size, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    vec_end(d, vec_gt(size, (Vec){0}, vec_load(n)), form);
}
static ALWAYS_INLINE void sem_xtn_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, unsigned Q) {
    (void)cpu;
    simd_narrow(d, n, size, 0, false, Q);
}
static ALWAYS_INLINE void sem_sqxtun_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 form) {
    simd_saturate_narrow(cpu, d, n, size, false, true, 0, false, form);
}
static ALWAYS_INLINE void sem_shll_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, unsigned Q) {
    (void)cpu;
    simd_shll(d, n, 1, size, 8u << size, Q);
}
static ALWAYS_INLINE void sem_sqxtn_uqxtn(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                          unsigned size, u64 form) {
    simd_saturate_narrow(cpu, d, n, size, U, U, 0, false, form);
}

// --- across lanes ---
static ALWAYS_INLINE void sem_saddlv_uaddlv(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned size, unsigned Q) {
    (void)cpu;
    simd_across(d, n, ACROSS_ADDL, U, size, Q);
}
static ALWAYS_INLINE void sem_smaxv_umaxv(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                          unsigned size, unsigned Q) {
    (void)cpu;
    simd_across(d, n, ACROSS_MAX, U, size, Q);
}
static ALWAYS_INLINE void sem_sminv_uminv(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                          unsigned size, unsigned Q) {
    (void)cpu;
    simd_across(d, n, ACROSS_MIN, U, size, Q);
}
static ALWAYS_INLINE void sem_addv_v(Cpu *cpu, V128 *d, const V128 *n, unsigned size, unsigned Q) {
    (void)cpu;
    simd_across(d, n, ACROSS_ADD, 0, size, Q);
}

// --- copy ---
// imm5 = index:1:zeros(size).
static ALWAYS_INLINE unsigned imm5_size(unsigned imm5) {
    return (unsigned)__builtin_ctz(imm5 | 8);
}
static ALWAYS_INLINE unsigned imm5_index(unsigned imm5) {
    return imm5 >> (imm5_size(imm5) + 1);
}

// Lane i, zero-extended; and writing it.
static ALWAYS_INLINE u64 lane_get(const V128 *v, unsigned size, unsigned i) {
    switch (size) {
    case 0: return v->b[i];
    case 1: return v->h[i];
    case 2: return v->s[i];
    default: return v->d[i];
    }
}
static ALWAYS_INLINE void lane_put(V128 *v, unsigned size, unsigned i, u64 value) {
    switch (size) {
    case 0: v->b[i] = (u8)value; break;
    case 1: v->h[i] = (u16)value; break;
    case 2: v->s[i] = (u32)value; break;
    default: v->d[i] = value; break;
    }
}
// value in every lane of 64 bits.
static ALWAYS_INLINE u64 lane_replicate(u64 value, unsigned size) {
    switch (size) {
    case 0: return (value & 0xff) * 0x0101010101010101ull;
    case 1: return (value & 0xffff) * 0x0001000100010001ull;
    case 2: return (value & 0xffffffff) * 0x0000000100000001ull;
    default: return value;
    }
}
// Both halves = value, or the lower half alone.
static ALWAYS_INLINE void vec_fill(V128 *d, u64 value, unsigned q) {
    VecD r = {value, q ? value : 0};
    memcpy(d, &r, sizeof *d);
}

static ALWAYS_INLINE void sem_dup_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned imm5,
                                       unsigned Q) {
    (void)cpu;
    unsigned size = imm5_size(imm5);
    vec_fill(d, lane_replicate(lane_get(n, size, imm5_index(imm5)), size), Q);
}
static ALWAYS_INLINE void sem_dup_gen(Cpu *cpu, V128 *d, u64 n, unsigned imm5, unsigned Q) {
    (void)cpu;
    vec_fill(d, lane_replicate(n, imm5_size(imm5)), Q);
}
static ALWAYS_INLINE void sem_dup_scalar(Cpu *cpu, V128 *d, const V128 *n, unsigned imm5) {
    (void)cpu;
    d->q = lane_get(n, imm5_size(imm5), imm5_index(imm5));
}
static ALWAYS_INLINE void sem_smov_x(Cpu *cpu, u64 *d, const V128 *n, unsigned imm5) {
    (void)cpu;
    unsigned size = imm5_size(imm5);
    *d = (u64)sext(lane_get(n, size, imm5_index(imm5)), 8u << size);
}
static ALWAYS_INLINE void sem_smov_w(Cpu *cpu, u64 *d, const V128 *n, unsigned imm5) {
    u64 value;
    sem_smov_x(cpu, &value, n, imm5);
    *d = (u32)value;
}
static ALWAYS_INLINE void sem_umov_w(Cpu *cpu, u64 *d, const V128 *n, unsigned imm5) {
    (void)cpu;
    *d = lane_get(n, imm5_size(imm5), imm5_index(imm5));
}
static ALWAYS_INLINE void sem_umov_x(Cpu *cpu, u64 *d, const V128 *n, unsigned idx) {
    (void)cpu;
    *d = n->d[idx];
}
static ALWAYS_INLINE void sem_ins_gen(Cpu *cpu, V128 *d, u64 n, unsigned imm5) {
    (void)cpu;
    lane_put(d, imm5_size(imm5), imm5_index(imm5), n);
}
static ALWAYS_INLINE void sem_ins_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned imm5,
                                       unsigned imm4) {
    (void)cpu;
    unsigned size = imm5_size(imm5);
    lane_put(d, size, imm5_index(imm5), lane_get(n, size, imm4 >> size));
}

// --- modified immediate ---
// AdvSIMDExpandImm is done by the rows: imm is the element in every lane of 64 bits.
static ALWAYS_INLINE void simd_movi(V128 *d, unsigned op, unsigned Q, u64 imm) {
    vec_fill(d, op ? ~imm : imm, Q);
}
static ALWAYS_INLINE void simd_orr_bic(V128 *d, unsigned op, unsigned Q, u64 imm) {
    u64 low = op ? d->d[0] & ~imm : d->d[0] | imm;
    u64 high = op ? d->d[1] & ~imm : d->d[1] | imm;
    d->d[0] = low;
    d->d[1] = Q ? high : 0;
}
static ALWAYS_INLINE void sem_movi_mvni_lsl0(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_mvni_lsl8(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_mvni_lsl16(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_mvni_lsl24(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_h_lsl0(Cpu *cpu, V128 *d, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, 0, Q, imm);
}
static ALWAYS_INLINE void sem_mvni_h_lsl0(Cpu *cpu, V128 *d, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, 1, Q, imm);
}
static ALWAYS_INLINE void sem_movi_mvni_h_lsl8(Cpu *cpu, V128 *d, unsigned op, unsigned Q,
                                               u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_mvni_msl8(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_mvni_msl16(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_movi_b(Cpu *cpu, V128 *d, unsigned Q, u64 imm) {
    (void)cpu;
    simd_movi(d, 0, Q, imm);
}
// Bit i of the immediate fills byte i. Without Q this is the scalar form.
static ALWAYS_INLINE void sem_movi_d(Cpu *cpu, V128 *d, unsigned Q, u64 imm8) {
    (void)cpu;
    u64 bit_i = imm8 * 0x0101010101010101ull & 0x8040201008040201ull;
    u64 nonzero = (bit_i + 0x7f7f7f7f7f7f7f7full) | bit_i;
    simd_movi(d, 0, Q, (nonzero >> 7 & 0x0101010101010101ull) * 0xff);
}
static ALWAYS_INLINE void sem_orr_bic_lsl0(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_orr_bic_lsl8(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_orr_lsl16(Cpu *cpu, V128 *d, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, 0, Q, imm);
}
static ALWAYS_INLINE void sem_bic_lsl16(Cpu *cpu, V128 *d, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, 1, Q, imm);
}
static ALWAYS_INLINE void sem_orr_bic_lsl24(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_orr_bic_h_lsl0(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, op, Q, imm);
}
static ALWAYS_INLINE void sem_orr_bic_h_lsl8(Cpu *cpu, V128 *d, unsigned op, unsigned Q, u64 imm) {
    (void)cpu;
    simd_orr_bic(d, op, Q, imm);
}

// --- shift by immediate ---
static ALWAYS_INLINE void simd_shift_saturate(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7,
                                              bool from_u, bool to_u, bool round, u64 form) {
    unsigned size = 28 - (unsigned)__builtin_clz(imm7);
    simd_saturate_narrow(cpu, d, n, size, from_u, to_u, (16u << size) - imm7, round, form);
}
static ALWAYS_INLINE void sem_sshr_ushr(Cpu *cpu, V128 *d, const V128 *n, unsigned U, unsigned imm7,
                                        u64 form) {
    (void)cpu;
    simd_shr(d, n, U, imm7, form);
}
static ALWAYS_INLINE void sem_ssra_usra(Cpu *cpu, V128 *d, const V128 *n, unsigned U, unsigned imm7,
                                        u64 form) {
    simd_shift_right(cpu, d, n, U, imm7, form, false, true);
}
static ALWAYS_INLINE void sem_srshr_urshr(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                          unsigned imm7, u64 form) {
    simd_shift_right(cpu, d, n, U, imm7, form, true, false);
}
static ALWAYS_INLINE void sem_srsra_ursra(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                          unsigned imm7, u64 form) {
    simd_shift_right(cpu, d, n, U, imm7, form, true, true);
}
static ALWAYS_INLINE void sem_sri_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, u64 form) {
    simd_shift(cpu, lane_sri, false, d, n, 1, imm7, form);
}
static ALWAYS_INLINE void sem_shl_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, u64 form) {
    (void)cpu;
    simd_shl(d, n, imm7, form);
}
static ALWAYS_INLINE void sem_sli_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, u64 form) {
    simd_shift(cpu, lane_sli, true, d, n, 1, imm7, form);
}
static ALWAYS_INLINE void sem_sqshlu_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, u64 form) {
    simd_shift(cpu, lane_sqshlu, true, d, n, 0, imm7, form);
}
static ALWAYS_INLINE void sem_sqshl_uqshl_i(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned imm7, u64 form) {
    simd_shift(cpu, lane_qshift, true, d, n, U, imm7, form);
}
static ALWAYS_INLINE void simd_shift_narrow(V128 *d, const V128 *n, unsigned imm7, bool round,
                                            unsigned q) {
    unsigned size = 28 - (unsigned)__builtin_clz(imm7);
    simd_narrow(d, n, size, (16u << size) - imm7, round, q);
}
static ALWAYS_INLINE void sem_shrn_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, unsigned Q) {
    (void)cpu;
    simd_shift_narrow(d, n, imm7, false, Q);
}
static ALWAYS_INLINE void sem_rshrn_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, unsigned Q) {
    (void)cpu;
    simd_shift_narrow(d, n, imm7, true, Q);
}
static ALWAYS_INLINE void sem_sqshrun_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7, u64 form) {
    simd_shift_saturate(cpu, d, n, imm7, false, true, false, form);
}
static ALWAYS_INLINE void sem_sqrshrun_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7,
                                         u64 form) {
    simd_shift_saturate(cpu, d, n, imm7, false, true, true, form);
}
static ALWAYS_INLINE void sem_sqshrn_uqshrn(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned imm7, u64 form) {
    simd_shift_saturate(cpu, d, n, imm7, U, U, false, form);
}
static ALWAYS_INLINE void sem_sqrshrn_uqrshrn(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                              unsigned imm7, u64 form) {
    simd_shift_saturate(cpu, d, n, imm7, U, U, true, form);
}
static ALWAYS_INLINE void sem_sshll_ushll(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                          unsigned imm7, unsigned Q) {
    (void)cpu;
    unsigned size = 28 - (unsigned)__builtin_clz(imm7);
    simd_shll(d, n, U, size, imm7 - (8u << size), Q);
}

// --- by element ---
// The selected element in every lane. `e` packs s, Q, H, L, M and four bits of the register number.
static ALWAYS_INLINE V128 simd_element(const Cpu *cpu, unsigned size, u64 e) {
    unsigned hlm = e >> 8 & 7;
    unsigned reg = size == 1 ? e & 15 : (e & 15) | (e >> 8 & 1) << 4;
    u64 lanes = lane_replicate(lane_get(&cpu->v[reg], size, size == 1 ? hlm : hlm >> 1), size);
    return (V128){.d = {lanes, lanes}};
}
static ALWAYS_INLINE u64 element_form(u64 e) {
    return (e >> 12 & 1) * 2 + (e >> 11 & 1);
}

static ALWAYS_INLINE void sem_mla_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_binary(cpu, SIMD_MLA, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_mls_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_binary(cpu, SIMD_MLS, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_mul_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_binary(cpu, SIMD_MUL, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_smlal_umlal_e(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_widening(SIMD_MLA, d, n, &m, U, size, element_form(e) == FORM_Q);
}
static ALWAYS_INLINE void sem_smlsl_umlsl_e(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_widening(SIMD_MLS, d, n, &m, U, size, element_form(e) == FORM_Q);
}
static ALWAYS_INLINE void sem_smull_umull_e(Cpu *cpu, V128 *d, const V128 *n, unsigned U,
                                            unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_widening(SIMD_MUL, d, n, &m, U, size, element_form(e) == FORM_Q);
}
static ALWAYS_INLINE void sem_sqdmlal_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_long(cpu, lane_sqdmlal, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_sqdmlsl_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_long(cpu, lane_sqdmlsl, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_sqdmull_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_long(cpu, lane_sqdmull, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_sqdmulh_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size, u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_multiply_high(cpu, d, n, &m, size, element_form(e), false);
}
static ALWAYS_INLINE void sem_sqrdmulh_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size,
                                            u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_multiply_high(cpu, d, n, &m, size, element_form(e), true);
}
static ALWAYS_INLINE void sem_sqrdmlah_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size,
                                            u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_same(cpu, lane_sqrdmlah, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_sqrdmlsh_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned size,
                                            u64 e) {
    V128 m = simd_element(cpu, size, e);
    simd_same(cpu, lane_sqrdmlsh, d, n, &m, 0, size, element_form(e));
}
static ALWAYS_INLINE void sem_sdot_udot_elem(Cpu *cpu, V128 *d, const V128 *n, unsigned U, u64 e) {
    V128 m = simd_element(cpu, 2, e);
    simd_dot(d, n, &m, U, U, e >> 11 & 1);
}

static ALWAYS_INLINE void sem_usdot_elem(Cpu *cpu, V128 *d, const V128 *n, u64 e) {
    V128 m = simd_element(cpu, 2, e);
    simd_dot(d, n, &m, true, false, e >> 11 & 1);
}
static ALWAYS_INLINE void sem_sudot_elem(Cpu *cpu, V128 *d, const V128 *n, u64 e) {
    V128 m = simd_element(cpu, 2, e);
    simd_dot(d, n, &m, false, true, e >> 11 & 1);
}

// --- permute, extract, table ---
static ALWAYS_INLINE void sem_uzp1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                   unsigned Q) {
    (void)cpu;
    simd_permute(d, n, m, UZP, 0, size, Q);
}
static ALWAYS_INLINE void sem_uzp2(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                   unsigned Q) {
    (void)cpu;
    simd_permute(d, n, m, UZP, 1, size, Q);
}
static ALWAYS_INLINE void sem_trn1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                   unsigned Q) {
    (void)cpu;
    simd_permute(d, n, m, TRN, 0, size, Q);
}
static ALWAYS_INLINE void sem_trn2(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                   unsigned Q) {
    (void)cpu;
    simd_permute(d, n, m, TRN, 1, size, Q);
}
static ALWAYS_INLINE void sem_zip1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                   unsigned Q) {
    (void)cpu;
    simd_permute(d, n, m, ZIP, 0, size, Q);
}
static ALWAYS_INLINE void sem_zip2(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size,
                                   unsigned Q) {
    (void)cpu;
    simd_permute(d, n, m, ZIP, 1, size, Q);
}
// (m:n)<position of byte imm4 upwards>
static ALWAYS_INLINE void sem_ext_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned imm4,
                                    unsigned Q) {
    (void)cpu;
    unsigned shift = imm4 * 8;
    if (Q) {
        d->q = shift ? n->q >> shift | m->q << (128 - shift) : n->q;
    } else {
        d->q = shift ? n->d[0] >> shift | m->d[0] << (64 - shift) : n->d[0];
    }
}
static ALWAYS_INLINE void sem_tbl(Cpu *cpu, V128 *d, unsigned n, const V128 *m, unsigned len,
                                  unsigned Q) {
    simd_table(cpu, d, n, m, len, Q, false);
}
static ALWAYS_INLINE void sem_tbx(Cpu *cpu, V128 *d, unsigned n, const V128 *m, unsigned len,
                                  unsigned Q) {
    simd_table(cpu, d, n, m, len, Q, true);
}

// --- structure loads and stores ---
// Registers t, t+1, ... wrap from 31 to 0. Alignment is checked by element, so the slow path goes
// element by element; the fast one moves whole registers, which needs no alignment.
void simd_load(Mem *m, u64 va, u8 *buffer, unsigned bytes, unsigned size);
void simd_store(Mem *m, u64 va, const u8 *buffer, unsigned bytes, unsigned size);
// LD2-LD4 and ST2-ST4 of whole registers, and of one lane (how = sc:Q:S:size); LDnR.
void simd_load_multi(Mem *m, u64 va, unsigned t, unsigned registers, unsigned size, u64 q);
void simd_store_multi(Mem *m, u64 va, unsigned t, unsigned registers, unsigned size, u64 q);
void simd_load_lane(Mem *m, u64 va, unsigned t, unsigned registers, u64 how);
void simd_store_lane(Mem *m, u64 va, unsigned t, unsigned registers, u64 how);
void simd_load_replicate(Mem *m, u64 va, unsigned t, unsigned registers, unsigned size, u64 q);

// CheckSPAlignment, in the slow variant only: the fast one leaves. mask is 0 unless the base is SP.
static ALWAYS_INLINE bool simd_sp_aligned(Mem *m, u64 base, u64 mask) {
    if (likely(!(base & mask))) return true;
    if (m->slow) {
        check_sp_alignment(m->cpu, m->op);
    } else {
        m->miss = true;
    }
    return m->slow;
}

// The base register afterwards.
static ALWAYS_INLINE u64 post_index(const Mem *m, u64 base, unsigned rm, unsigned p,
                                    unsigned bytes) {
    if (!p) return base;
    return base + (rm == 31 ? bytes : m->cpu->x[rm]);
}

// LD1/ST1 multiple: the number of registers by opcode.
static ALWAYS_INLINE unsigned ld1_registers(int opcode) {
    return opcode == 7 ? 1 : opcode == 10 ? 2 : opcode == 6 ? 3 : 4;
}
// Bytes of one element of a single-structure access.
static ALWAYS_INLINE unsigned lane_size(u64 how) {
    unsigned scale = how >> 4 & 3;
    return scale == 2 && (how & 1) ? 3 : scale;
}

static ALWAYS_INLINE void sem_ld1_multi(Mem *m, int opcode, int Q, u64 *wb, u64 base, unsigned t,
                                        unsigned rm, unsigned p, unsigned size, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    const unsigned registers = ld1_registers(opcode), bytes = Q ? 16 : 8;
    V128 r[4];
    for (unsigned i = 0; i < registers; i++) {
        r[i].q = 0;
        if (m->slow) {
            simd_load(m, base + i * bytes, r[i].b, bytes, size);
        } else if (Q) {
            mem_read128(m, base + i * bytes, &r[i], ACC_VECTOR);
        } else {
            r[i].d[0] = mem_read(m, base + i * bytes, 8, ACC_VECTOR);
        }
    }
    if (m->miss) return;
    for (unsigned i = 0; i < registers; i++) m->cpu->v[(t + i) & 31] = r[i];
    *wb = post_index(m, base, rm, p, registers * bytes);
}

static ALWAYS_INLINE void sem_st1_multi(Mem *m, int opcode, int Q, u64 *wb, u64 base, unsigned t,
                                        unsigned rm, unsigned p, unsigned size, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    const unsigned registers = ld1_registers(opcode), bytes = Q ? 16 : 8;
    for (unsigned i = 0; i < registers; i++) {
        const V128 *v = &m->cpu->v[(t + i) & 31];
        if (m->slow) {
            simd_store(m, base + i * bytes, v->b, bytes, size);
        } else if (Q) {
            mem_write128(m, base + i * bytes, v, ACC_VECTOR);
        } else {
            mem_write(m, base + i * bytes, 8, v->d[0], ACC_VECTOR);
        }
    }
    *wb = post_index(m, base, rm, p, registers * bytes);
}

static ALWAYS_INLINE void sem_ld2_multi(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                        unsigned p, unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_multi(m, base, t, 2, size, q);
    *wb = post_index(m, base, rm, p, 16u << q);
}
static ALWAYS_INLINE void sem_st2_multi(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                        unsigned p, unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_multi(m, base, t, 2, size, q);
    *wb = post_index(m, base, rm, p, 16u << q);
}
static ALWAYS_INLINE void sem_ld3_multi(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                        unsigned p, unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_multi(m, base, t, 3, size, q);
    *wb = post_index(m, base, rm, p, 24u << q);
}
static ALWAYS_INLINE void sem_st3_multi(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                        unsigned p, unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_multi(m, base, t, 3, size, q);
    *wb = post_index(m, base, rm, p, 24u << q);
}
static ALWAYS_INLINE void sem_ld4_multi(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                        unsigned p, unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_multi(m, base, t, 4, size, q);
    *wb = post_index(m, base, rm, p, 32u << q);
}
static ALWAYS_INLINE void sem_st4_multi(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                        unsigned p, unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_multi(m, base, t, 4, size, q);
    *wb = post_index(m, base, rm, p, 32u << q);
}

static ALWAYS_INLINE void sem_ld1_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_lane(m, base, t, 1, how);
    *wb = post_index(m, base, rm, p, 1u << lane_size(how));
}
static ALWAYS_INLINE void sem_st1_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_lane(m, base, t, 1, how);
    *wb = post_index(m, base, rm, p, 1u << lane_size(how));
}
static ALWAYS_INLINE void sem_ld2_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_lane(m, base, t, 2, how);
    *wb = post_index(m, base, rm, p, 2u << lane_size(how));
}
static ALWAYS_INLINE void sem_st2_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_lane(m, base, t, 2, how);
    *wb = post_index(m, base, rm, p, 2u << lane_size(how));
}
static ALWAYS_INLINE void sem_ld3_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_lane(m, base, t, 3, how);
    *wb = post_index(m, base, rm, p, 3u << lane_size(how));
}
static ALWAYS_INLINE void sem_st3_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_lane(m, base, t, 3, how);
    *wb = post_index(m, base, rm, p, 3u << lane_size(how));
}
static ALWAYS_INLINE void sem_ld4_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_lane(m, base, t, 4, how);
    *wb = post_index(m, base, rm, p, 4u << lane_size(how));
}
static ALWAYS_INLINE void sem_st4_lane(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm,
                                       unsigned p, u64 how, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_store_lane(m, base, t, 4, how);
    *wb = post_index(m, base, rm, p, 4u << lane_size(how));
}

static ALWAYS_INLINE void sem_ld1r(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm, unsigned p,
                                   unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_replicate(m, base, t, 1, size, q);
    *wb = post_index(m, base, rm, p, 1u << size);
}
static ALWAYS_INLINE void sem_ld2r(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm, unsigned p,
                                   unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_replicate(m, base, t, 2, size, q);
    *wb = post_index(m, base, rm, p, 2u << size);
}
static ALWAYS_INLINE void sem_ld3r(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm, unsigned p,
                                   unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_replicate(m, base, t, 3, size, q);
    *wb = post_index(m, base, rm, p, 3u << size);
}
static ALWAYS_INLINE void sem_ld4r(Mem *m, u64 *wb, u64 base, unsigned t, unsigned rm, unsigned p,
                                   unsigned size, u64 q, u64 mask) {
    if (!simd_sp_aligned(m, base, mask)) return;
    simd_load_replicate(m, base, t, 4, size, q);
    *wb = post_index(m, base, rm, p, 4u << size);
}
