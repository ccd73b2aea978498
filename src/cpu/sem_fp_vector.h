// Advanced SIMD floating-point instructions, vector and scalar forms.
// Arm ARM: "Data Processing - Scalar Floating-Point and Advanced SIMD". Scalar floating-point is in
// sem_fp.h, arithmetic in fpu.h, the loops over lanes in fp_vector.c. Left out: BFloat16, matrices.
//
// The wide operand `form` of most rows says which lanes there are: bits 1:0 0 = 64-bit vector,
// 1 = 128-bit vector, 3 = scalar (one lane); bits 8:2 lane width; bits 15:12 index of the element.
#pragma once

#include "cpu/sem_fp.h"

enum { FORM_H_SCALAR = 16 * 4 + 3 };
static inline unsigned form_esize(u64 form) {
    return (unsigned)form >> 2 & 0x7f;
}
static inline unsigned form_index(u64 form) {
    return (unsigned)(form >> 12);
}

static ALWAYS_INLINE u64 fp_lane(const V128 *v, unsigned esize, unsigned i) {
    return esize == 16 ? v->h[i] : esize == 32 ? v->s[i] : v->d[i];
}
static ALWAYS_INLINE void fp_set_lane(V128 *v, unsigned esize, unsigned i, u64 value) {
    if (esize == 16)
        v->h[i] = (u16)value;
    else if (esize == 32)
        v->s[i] = (u32)value;
    else
        v->d[i] = value;
}
static inline unsigned form_lanes(u64 form) {
    return form & 2 ? 1 : (form & 1 ? 128 : 64) / form_esize(form);
}

void fp_each1(Cpu *cpu, FpUnary *f, V128 *d, const V128 *n, u64 form, unsigned how);
void fp_each2(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form);
// m is one element, at the index in form.
void fp_each2_elem(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form);
// Reduce() of the lowest `lanes` lanes to a scalar.
void fp_reduce(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, unsigned esize, unsigned lanes);
// fp_vector_fast.c: whole vectors by the host, or `slow` lane by lane (of -m, +m for abd: |n - m|).
typedef enum FpArith { FP_ADD, FP_SUB, FP_ABD, FP_MUL, FP_DIV } FpArith;
typedef enum FpOrder { FP_EQ, FP_GE, FP_GT, FP_ABS_GE, FP_ABS_GT, FP_MAX, FP_MIN } FpOrder;
void fp_arith(Cpu *cpu, FpArith op, V128 *d, const V128 *n, const V128 *m, u64 form);
void fp_order(Cpu *cpu, FpOrder op, FpBinary *slow, V128 *d, const V128 *n, const V128 *m,
              u64 form);
// Neighbouring lanes of m:n.
void fp_add_pairs(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form);
void fp_order_pairs(Cpu *cpu, FpOrder op, FpBinary *slow, V128 *d, const V128 *n, const V128 *m,
                    u64 form);
void fp_sqrt_lanes(Cpu *cpu, V128 *d, const V128 *n, u64 form);
// The steps of FRECPS, FRSQRTS.
void fp_step(Cpu *cpu, FpBinary *slow, V128 *d, const V128 *n, const V128 *m, u64 form);
// The sign bits flipped or cleared.
void fp_sign(V128 *d, const V128 *n, u64 form, bool flip);
// d += a * b (half precision), false if the host cannot tell.
bool fp_mlal_fast(Cpu *cpu, V128 *d, const u16 *a, const u16 *b, unsigned q);
// BFDotAdd().
u32 fp_bfdot_add(u32 addend, u16 op1_a, u16 op1_b, u16 op2_a, u16 op2_b);
// Every lane = the element of m that form indexes.
V128 fp_splat(const V128 *m, u64 form);
void fp_mul_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form);
// d += n * m, or -= if negate.
void fp_mla(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, bool negate);
void fp_mla_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, bool negate);
// FMLAL, FMLSL: upper = the second halves of n and m; index -1 = lane by lane.
void fp_mlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned q, bool negate, bool upper,
             int index);
// FCMLA, FCADD: index of the pair of m, -1 = pair by pair.
void fp_cmla(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, unsigned rot, int index);
void fp_cadd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, unsigned rot);
// BFMLALB, BFMLALT (top): index of the element of m, -1 = lane by lane.
void fp_bfmlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned top, int index);
// BFDOT: index of the pair of m, -1 = pair by pair.
void fp_bfdot(V128 *d, const V128 *n, const V128 *m, unsigned q, int index);
void fp_bfmmla(V128 *d, const V128 *n, const V128 *m);
void fp_bfcvtn(Cpu *cpu, V128 *d, const V128 *n, unsigned q);
// FCVTN, FCVTXN, FCVTL; esize is that of the narrow lanes.
void fp_narrow(Cpu *cpu, V128 *d, const V128 *n, unsigned esize, unsigned q, unsigned how);
void fp_lengthen(Cpu *cpu, V128 *d, const V128 *n, unsigned esize, unsigned q);

// One lane.
FpBinary fp_test_eq, fp_test_ge, fp_test_gt, fp_test_abs_ge, fp_test_abs_gt, fp_abs_diff;
FpUnary fp_lane_to_int, fp_lane_from_int, fp_recpe, fp_rsqrte, fp_recpx, fp_urecpe, fp_ursqrte,
    fp_convert_odd;

// --- Advanced SIMD: three registers of the same type ---------------------------------------------

static ALWAYS_INLINE void sem_fmaxnm_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MAX, FPMaxNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmaxnm_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MAX, FPMaxNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmla_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mla(cpu, d, n, m, form, false);
}

static ALWAYS_INLINE void sem_fmla_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mla(cpu, d, n, m, form, false);
}

static ALWAYS_INLINE void sem_fadd_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_ADD, d, n, m, form);
}

static ALWAYS_INLINE void sem_fadd_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_ADD, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmulx_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_each2(cpu, FPMulX, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmulx_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_each2(cpu, FPMulX, d, n, m, form);
}

static ALWAYS_INLINE void sem_fcmeq_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_EQ, fp_test_eq, d, n, m, form);
}

static ALWAYS_INLINE void sem_fcmeq_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_EQ, fp_test_eq, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmax_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MAX, FPMax, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmax_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MAX, FPMax, d, n, m, form);
}

static ALWAYS_INLINE void sem_frecps_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_step(cpu, FPRecipStepFused, d, n, m, form);
}

static ALWAYS_INLINE void sem_frecps_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_step(cpu, FPRecipStepFused, d, n, m, form);
}

static ALWAYS_INLINE void sem_fminnm_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MIN, FPMinNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fminnm_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MIN, FPMinNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmls_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mla(cpu, d, n, m, form, true);
}

static ALWAYS_INLINE void sem_fmls_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mla(cpu, d, n, m, form, true);
}

static ALWAYS_INLINE void sem_fsub_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_SUB, d, n, m, form);
}

static ALWAYS_INLINE void sem_fsub_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_SUB, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmin_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MIN, FPMin, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmin_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_MIN, FPMin, d, n, m, form);
}

static ALWAYS_INLINE void sem_frsqrts_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_step(cpu, FPRSqrtStepFused, d, n, m, form);
}

static ALWAYS_INLINE void sem_frsqrts_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         u64 form) {
    fp_step(cpu, FPRSqrtStepFused, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmaxnmp_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order_pairs(cpu, FP_MAX, FPMaxNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmaxnmp_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         u64 form) {
    fp_order_pairs(cpu, FP_MAX, FPMaxNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_faddp_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_add_pairs(cpu, d, n, m, form);
}

static ALWAYS_INLINE void sem_faddp_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_add_pairs(cpu, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmul_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_MUL, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmul_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_MUL, d, n, m, form);
}

static ALWAYS_INLINE void sem_fcmge_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_GE, fp_test_ge, d, n, m, form);
}

static ALWAYS_INLINE void sem_fcmge_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_GE, fp_test_ge, d, n, m, form);
}

static ALWAYS_INLINE void sem_facge_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_ABS_GE, fp_test_abs_ge, d, n, m, form);
}

static ALWAYS_INLINE void sem_facge_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_ABS_GE, fp_test_abs_ge, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmaxp_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order_pairs(cpu, FP_MAX, FPMax, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmaxp_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order_pairs(cpu, FP_MAX, FPMax, d, n, m, form);
}

static ALWAYS_INLINE void sem_fdiv_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_DIV, d, n, m, form);
}

static ALWAYS_INLINE void sem_fdiv_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_DIV, d, n, m, form);
}

static ALWAYS_INLINE void sem_fminnmp_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order_pairs(cpu, FP_MIN, FPMinNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fminnmp_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         u64 form) {
    fp_order_pairs(cpu, FP_MIN, FPMinNum, d, n, m, form);
}

static ALWAYS_INLINE void sem_fabd_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_ABD, d, n, m, form);
}

static ALWAYS_INLINE void sem_fabd_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_arith(cpu, FP_ABD, d, n, m, form);
}

static ALWAYS_INLINE void sem_fcmgt_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_GT, fp_test_gt, d, n, m, form);
}

static ALWAYS_INLINE void sem_fcmgt_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_GT, fp_test_gt, d, n, m, form);
}

static ALWAYS_INLINE void sem_facgt_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_ABS_GT, fp_test_abs_gt, d, n, m, form);
}

static ALWAYS_INLINE void sem_facgt_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order(cpu, FP_ABS_GT, fp_test_abs_gt, d, n, m, form);
}

static ALWAYS_INLINE void sem_fminp_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order_pairs(cpu, FP_MIN, FPMin, d, n, m, form);
}

static ALWAYS_INLINE void sem_fminp_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_order_pairs(cpu, FP_MIN, FPMin, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmlal_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    fp_mlal(cpu, d, n, m, Q, false, false, -1);
}

static ALWAYS_INLINE void sem_fmlsl_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    fp_mlal(cpu, d, n, m, Q, true, false, -1);
}

static ALWAYS_INLINE void sem_fmlal2_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned Q) {
    fp_mlal(cpu, d, n, m, Q, false, true, -1);
}

static ALWAYS_INLINE void sem_fmlsl2_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned Q) {
    fp_mlal(cpu, d, n, m, Q, true, true, -1);
}

static ALWAYS_INLINE void sem_bfdot_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned Q) {
    (void)cpu;
    fp_bfdot(d, n, m, Q, -1);
}

static ALWAYS_INLINE void sem_bfmmla_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    fp_bfmmla(d, n, m);
}

static ALWAYS_INLINE void sem_bfmlal_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned Q) {
    fp_bfmlal(cpu, d, n, m, Q, -1);
}

static ALWAYS_INLINE void sem_fcmla_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned rot,
                                      u64 form) {
    fp_cmla(cpu, d, n, m, form, rot, -1);
}

static ALWAYS_INLINE void sem_fcadd_v(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned rot,
                                      u64 form) {
    fp_cadd(cpu, d, n, m, form, rot);
}

static ALWAYS_INLINE void sem_fcmla_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned rot, u64 form) {
    fp_cmla(cpu, d, n, m, form, rot, -1);
}

static ALWAYS_INLINE void sem_fcadd_vh(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned rot, u64 form) {
    fp_cadd(cpu, d, n, m, form, rot);
}

// --- Advanced SIMD: vector by element ------------------------------------------------------------

static ALWAYS_INLINE void sem_fmla_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mla_elem(cpu, d, n, m, form, false);
}

static ALWAYS_INLINE void sem_fmla_elem_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          u64 form) {
    fp_mla_elem(cpu, d, n, m, form, false);
}

static ALWAYS_INLINE void sem_fmls_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mla_elem(cpu, d, n, m, form, true);
}

static ALWAYS_INLINE void sem_fmls_elem_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          u64 form) {
    fp_mla_elem(cpu, d, n, m, form, true);
}

static ALWAYS_INLINE void sem_fmul_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    fp_mul_elem(cpu, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmul_elem_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          u64 form) {
    fp_mul_elem(cpu, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmulx_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         u64 form) {
    fp_each2_elem(cpu, FPMulX, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmulx_elem_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                           u64 form) {
    fp_each2_elem(cpu, FPMulX, d, n, m, form);
}

static ALWAYS_INLINE void sem_fmlal_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned Q, u64 index) {
    fp_mlal(cpu, d, n, m, Q, false, false, (int)index);
}

static ALWAYS_INLINE void sem_fmlsl_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned Q, u64 index) {
    fp_mlal(cpu, d, n, m, Q, true, false, (int)index);
}

static ALWAYS_INLINE void sem_fmlal2_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned Q, u64 index) {
    fp_mlal(cpu, d, n, m, Q, false, true, (int)index);
}

static ALWAYS_INLINE void sem_fmlsl2_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned Q, u64 index) {
    fp_mlal(cpu, d, n, m, Q, true, true, (int)index);
}

static ALWAYS_INLINE void sem_bfdot_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned Q, u64 index) {
    (void)cpu;
    fp_bfdot(d, n, m, Q, (int)index);
}

static ALWAYS_INLINE void sem_bfmlal_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                          unsigned Q, u64 index) {
    fp_bfmlal(cpu, d, n, m, Q, (int)index);
}

static ALWAYS_INLINE void sem_fcmla_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                         unsigned rot, unsigned H) {
    fp_cmla(cpu, d, n, m, 32 * 4 + 1, rot, (int)H);
}

static ALWAYS_INLINE void sem_fcmla_elem_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                           unsigned rot, u64 form) {
    fp_cmla(cpu, d, n, m, form, rot, (int)form_index(form));
}

// --- Advanced SIMD: two registers, miscellaneous -------------------------------------------------

static ALWAYS_INLINE void sem_fabs_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    fp_sign(d, n, form, false);
}

static ALWAYS_INLINE void sem_fabs_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    fp_sign(d, n, form, false);
}

static ALWAYS_INLINE void sem_fneg_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    fp_sign(d, n, form, true);
}

static ALWAYS_INLINE void sem_fneg_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    (void)cpu;
    fp_sign(d, n, form, true);
}

static ALWAYS_INLINE void sem_fsqrt_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_sqrt_lanes(cpu, d, n, form);
}

static ALWAYS_INLINE void sem_fsqrt_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_sqrt_lanes(cpu, d, n, form);
}

static ALWAYS_INLINE void sem_fcmgt_zero(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GT, fp_test_gt, d, n, &zero, form);
}

static ALWAYS_INLINE void sem_fcmgt_zeroh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GT, fp_test_gt, d, n, &zero, form);
}

static ALWAYS_INLINE void sem_fcmge_zero(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GE, fp_test_ge, d, n, &zero, form);
}

static ALWAYS_INLINE void sem_fcmge_zeroh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GE, fp_test_ge, d, n, &zero, form);
}

static ALWAYS_INLINE void sem_fcmeq_zero(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_EQ, fp_test_eq, d, n, &zero, form);
}

static ALWAYS_INLINE void sem_fcmeq_zeroh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_EQ, fp_test_eq, d, n, &zero, form);
}

static ALWAYS_INLINE void sem_fcmle_zero(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GE, fp_test_ge, d, &zero, n, form);
}

static ALWAYS_INLINE void sem_fcmle_zeroh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GE, fp_test_ge, d, &zero, n, form);
}

static ALWAYS_INLINE void sem_fcmlt_zero(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GT, fp_test_gt, d, &zero, n, form);
}

static ALWAYS_INLINE void sem_fcmlt_zeroh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    const V128 zero = {.q = 0};
    fp_order(cpu, FP_GT, fp_test_gt, d, &zero, n, form);
}

static ALWAYS_INLINE void sem_frintn_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_frintn_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_frintm_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_frintm_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_frintp_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_frintp_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_frintz_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frintz_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frinta_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_frinta_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_frintx_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, HOW_FPCR | HOW_EXACT);
}

static ALWAYS_INLINE void sem_frintx_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, HOW_FPCR | HOW_EXACT);
}

static ALWAYS_INLINE void sem_frinti_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, HOW_FPCR);
}

static ALWAYS_INLINE void sem_frinti_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int, d, n, form, HOW_FPCR);
}

static ALWAYS_INLINE void sem_frint32z_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int32, d, n, form, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frint32x_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int32, d, n, form, HOW_FPCR);
}

static ALWAYS_INLINE void sem_frint64z_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int64, d, n, form, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frint64x_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_round_int64, d, n, form, HOW_FPCR);
}

static ALWAYS_INLINE void sem_fcvtns_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_fcvtns_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_fcvtnu_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEEVEN | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtnu_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEEVEN | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtms_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_fcvtms_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_fcvtmu_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_NEGINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtmu_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_NEGINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtps_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_fcvtps_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_fcvtpu_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_POSINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtpu_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_POSINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtzs_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_fcvtzs_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_fcvtzu_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_ZERO | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtzu_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_ZERO | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtas_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_fcvtas_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_fcvtau_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEAWAY | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtau_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_TIEAWAY | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_scvtf_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR);
}

static ALWAYS_INLINE void sem_scvtf_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR);
}

static ALWAYS_INLINE void sem_ucvtf_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_ucvtf_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_frecpe_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_recpe, d, n, form, 0);
}

static ALWAYS_INLINE void sem_frecpe_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_recpe, d, n, form, 0);
}

static ALWAYS_INLINE void sem_frsqrte_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_rsqrte, d, n, form, 0);
}

static ALWAYS_INLINE void sem_frsqrte_vh(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_rsqrte, d, n, form, 0);
}

static ALWAYS_INLINE void sem_frecpx_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_recpx, d, n, form, 0);
}

static ALWAYS_INLINE void sem_frecpx_vh(Cpu *cpu, V128 *d, const V128 *n) {
    fp_each1(cpu, fp_recpx, d, n, FORM_H_SCALAR, 0);
}

static ALWAYS_INLINE void sem_urecpe_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_urecpe, d, n, form, 0);
}

static ALWAYS_INLINE void sem_ursqrte_v(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    fp_each1(cpu, fp_ursqrte, d, n, form, 0);
}

static ALWAYS_INLINE void sem_fcvtn_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q, unsigned sz) {
    fp_narrow(cpu, d, n, 16u << sz, Q, HOW_FPCR);
}

static ALWAYS_INLINE void sem_bfcvtn_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    fp_bfcvtn(cpu, d, n, Q);
}

static ALWAYS_INLINE void sem_fcvtl_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q, unsigned sz) {
    fp_lengthen(cpu, d, n, 16u << sz, Q);
}

static ALWAYS_INLINE void sem_fcvtxn_v(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    fp_narrow(cpu, d, n, 32, Q, FPRounding_ODD);
}

static ALWAYS_INLINE void sem_fcvtxn_scalar(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_convert_odd, 64, d, n, 0);
}

// --- Advanced SIMD: fixed point (shift by immediate) ---------------------------------------------

static ALWAYS_INLINE void sem_scvtf_fix_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7,
                                          u64 form) {
    unsigned fbits = 2 * form_esize(form) - imm7;
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR | fbits << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_scvtf_fix_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned imm4,
                                           u64 form) {
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR | (16 - imm4) << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_ucvtf_fix_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7,
                                          u64 form) {
    unsigned fbits = 2 * form_esize(form) - imm7;
    fp_each1(cpu, fp_lane_from_int, d, n, form, HOW_FPCR | HOW_UNSIGNED | fbits << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_ucvtf_fix_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned imm4,
                                           u64 form) {
    fp_each1(cpu, fp_lane_from_int, d, n, form,
             HOW_FPCR | HOW_UNSIGNED | (16 - imm4) << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_fcvtzs_fix_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7,
                                           u64 form) {
    unsigned fbits = 2 * form_esize(form) - imm7;
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_ZERO | fbits << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_fcvtzs_fix_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned imm4,
                                            u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form, FPRounding_ZERO | (16 - imm4) << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_fcvtzu_fix_v(Cpu *cpu, V128 *d, const V128 *n, unsigned imm7,
                                           u64 form) {
    unsigned fbits = 2 * form_esize(form) - imm7;
    fp_each1(cpu, fp_lane_to_int, d, n, form,
             FPRounding_ZERO | HOW_UNSIGNED | fbits << HOW_FBITS_SHIFT);
}

static ALWAYS_INLINE void sem_fcvtzu_fix_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned imm4,
                                            u64 form) {
    fp_each1(cpu, fp_lane_to_int, d, n, form,
             FPRounding_ZERO | HOW_UNSIGNED | (16 - imm4) << HOW_FBITS_SHIFT);
}

// --- Advanced SIMD: across lanes, pairwise to scalar ---------------------------------------------

static ALWAYS_INLINE void sem_fmaxnmv_v(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMaxNum, d, n, 32, 4);
}

static ALWAYS_INLINE void sem_fmaxnmv_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    fp_reduce(cpu, FPMaxNum, d, n, 16, Q ? 8 : 4);
}

static ALWAYS_INLINE void sem_fmaxv_v(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMax, d, n, 32, 4);
}

static ALWAYS_INLINE void sem_fmaxv_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    fp_reduce(cpu, FPMax, d, n, 16, Q ? 8 : 4);
}

static ALWAYS_INLINE void sem_fminnmv_v(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMinNum, d, n, 32, 4);
}

static ALWAYS_INLINE void sem_fminnmv_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    fp_reduce(cpu, FPMinNum, d, n, 16, Q ? 8 : 4);
}

static ALWAYS_INLINE void sem_fminv_v(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMin, d, n, 32, 4);
}

static ALWAYS_INLINE void sem_fminv_vh(Cpu *cpu, V128 *d, const V128 *n, unsigned Q) {
    fp_reduce(cpu, FPMin, d, n, 16, Q ? 8 : 4);
}

static ALWAYS_INLINE void sem_fmaxnmp_pair(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_reduce(cpu, FPMaxNum, d, n, 32u << sz, 2);
}

static ALWAYS_INLINE void sem_fmaxnmp_pair_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMaxNum, d, n, 16, 2);
}

static ALWAYS_INLINE void sem_faddp_pair(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_reduce(cpu, FPAdd, d, n, 32u << sz, 2);
}

static ALWAYS_INLINE void sem_faddp_pair_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPAdd, d, n, 16, 2);
}

static ALWAYS_INLINE void sem_fmaxp_pair(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_reduce(cpu, FPMax, d, n, 32u << sz, 2);
}

static ALWAYS_INLINE void sem_fmaxp_pair_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMax, d, n, 16, 2);
}

static ALWAYS_INLINE void sem_fminnmp_pair(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_reduce(cpu, FPMinNum, d, n, 32u << sz, 2);
}

static ALWAYS_INLINE void sem_fminnmp_pair_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMinNum, d, n, 16, 2);
}

static ALWAYS_INLINE void sem_fminp_pair(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_reduce(cpu, FPMin, d, n, 32u << sz, 2);
}

static ALWAYS_INLINE void sem_fminp_pair_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_reduce(cpu, FPMin, d, n, 16, 2);
}

// --- Advanced SIMD: modified immediate -----------------------------------------------------------

static ALWAYS_INLINE void sem_fmov_vec_s(Cpu *cpu, V128 *d, unsigned Q, u64 imm8) {
    (void)cpu;
    d->d[0] = VFPExpandImm(32, (u8)imm8) * 0x100000001;
    d->d[1] = Q ? d->d[0] : 0;
}

static ALWAYS_INLINE void sem_fmov_vec_d(Cpu *cpu, V128 *d, u64 imm8) {
    (void)cpu;
    d->d[0] = d->d[1] = VFPExpandImm(64, (u8)imm8);
}

static ALWAYS_INLINE void sem_fmov_vec_h(Cpu *cpu, V128 *d, unsigned Q, u64 imm8) {
    (void)cpu;
    d->d[0] = VFPExpandImm(16, (u8)imm8) * 0x1000100010001;
    d->d[1] = Q ? d->d[0] : 0;
}
