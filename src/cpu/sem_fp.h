// Scalar floating-point instructions.
// Arm ARM: "Floating-point data processing" and "Conversion between floating-point and integer" of
// the A64 instruction set. Vector and Advanced SIMD scalar forms are in sem_fp_vector.h, arithmetic
// in fpu.h. _s rows are single and double precision (sz), _h rows half precision (FEAT_FP16).
// Writing a scalar result clears the rest of the vector register.
#pragma once

#include "cpu/fpu_fast.h"
#include "cpu/sem_arith.h"  // condition()

static ALWAYS_INLINE u64 fp_get(const V128 *v, int n) {
    return n == 16 ? v->h[0] : n == 32 ? v->s[0] : v->d[0];
}
static ALWAYS_INLINE void fp_set(V128 *d, u64 value) {
    d->d[0] = value;
    d->d[1] = 0;
}
static ALWAYS_INLINE void fp_flags(Cpu *cpu, unsigned nzcv) {
    cpu_set_nzcv(cpu, nzcv << 28);
}
// Scaled by 2^(64-scale).
static ALWAYS_INLINE unsigned how_scale(unsigned scale) {
    return (64 - scale) << HOW_FBITS_SHIFT;
}

static ALWAYS_INLINE void fp_binary(Cpu *cpu, FpBinary *f, unsigned n, V128 *d, const V128 *v,
                                    const V128 *m) {
    fp_set(d, fp_slow2(cpu, f, n, fp_get(v, (int)n), fp_get(m, (int)n)));
}
static ALWAYS_INLINE void fp_unary(Cpu *cpu, FpUnary *f, unsigned n, V128 *d, const V128 *v,
                                   unsigned how) {
    fp_set(d, fp_slow1(cpu, f, n, fp_get(v, (int)n), how));
}

// fpu_cpu.c
FpUnary fp_round_int, fp_round_int32, fp_round_int64;
u64 fp_to_fixed(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned how);
u64 fp_from_fixed(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned how);
u64 fp_to_int(Cpu *cpu, unsigned n, unsigned m, u64 v, unsigned how);
u64 fp_from_int(Cpu *cpu, unsigned n, unsigned m, u64 v, unsigned how);
u64 fp_convert_bf16(Cpu *cpu, u64 v);
u64 fp_convert_slow(Cpu *cpu, unsigned n, unsigned m, u64 v);

// From format n to m in the rounding mode of FPCR.
static ALWAYS_INLINE u64 fp_convert(Cpu *cpu, int n, int m, u64 v) {
    if (n == 32 && m == 64 && likely(f32_usual(v))) return f64_bits((double)f32_of(v));
    if (n == 64 && m == 32 && likely(fp_host_mode(cpu))) {
        float r = (float)f64_of(v);
        if (likely(f32_usual(f32_bits(r))) && (fp_inexact_set(cpu) || (double)r == f64_of(v)))
            return f32_bits(r);
    }
    return fp_convert_slow(cpu, (unsigned)n, (unsigned)m, v);
}

// To an integer of m bits towards zero. The host converts what fits into 63 bits.
static ALWAYS_INLINE u64 fp_to_int_zero(Cpu *cpu, int n, int m, u64 v, bool is_unsigned) {
    double x = n == 64 ? f64_of(v) : (double)f32_of(v);
    double max = m == 32 ? (is_unsigned ? 0x1p32 : 0x1p31) : 0x1p63;
    if (likely(!(cpu->sys.FPCR & FPCR_FZ) && x < max && x > (is_unsigned ? -1.0 : -max))) {
        i64 r = (i64)x;
        if (likely(fp_inexact_set(cpu) || (double)r == x)) return m == 32 ? (u32)r : (u64)r;
    }
    return fp_to_int(cpu, (unsigned)n, (unsigned)m, v,
                     FPRounding_ZERO | (is_unsigned ? HOW_UNSIGNED : 0));
}

static ALWAYS_INLINE u64 fp_from_int_fast(Cpu *cpu, int n, int m, u64 v, bool is_unsigned) {
    i64 i = m == 32 ? (is_unsigned ? (i64)(u32)v : (i64)(i32)v) : (i64)v;
    i64 exact = n == 64 ? 1ll << 53 : 1 << 24;
    bool small = i >= -exact && i <= exact && !(is_unsigned && i < 0);
    if (likely(small)) return n == 64 ? f64_bits((double)i) : f32_bits((float)i);
    return fp_from_int(cpu, (unsigned)n, (unsigned)m, v,
                       HOW_FPCR | (is_unsigned ? HOW_UNSIGNED : 0));
}

// --- moves ---------------------------------------------------------------------------------------

static ALWAYS_INLINE void sem_fmov_reg_s(Cpu *cpu, int sz, V128 *d, const V128 *n) {
    (void)cpu;
    u64 v = fp_get(n, 32 << sz);
    fp_set(d, v);
}

static ALWAYS_INLINE void sem_fmov_reg_h(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    u64 v = fp_get(n, 16);
    fp_set(d, v);
}

static ALWAYS_INLINE void sem_fabs_s(Cpu *cpu, int sz, V128 *d, const V128 *n) {
    (void)cpu;
    u64 v = fp_get(n, 32 << sz);
    fp_set(d, FPAbs(32u << sz, v));
}

static ALWAYS_INLINE void sem_fabs_h(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    u64 v = fp_get(n, 16);
    fp_set(d, FPAbs(16, v));
}

static ALWAYS_INLINE void sem_fneg_s(Cpu *cpu, int sz, V128 *d, const V128 *n) {
    (void)cpu;
    u64 v = fp_get(n, 32 << sz);
    fp_set(d, FPNeg(32u << sz, v));
}

static ALWAYS_INLINE void sem_fneg_h(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    u64 v = fp_get(n, 16);
    fp_set(d, FPNeg(16, v));
}

static ALWAYS_INLINE void sem_fmov_imm_s(Cpu *cpu, int sz, V128 *d, unsigned imm8) {
    (void)cpu;
    fp_set(d, VFPExpandImm(32u << sz, (u8)imm8));
}

static ALWAYS_INLINE void sem_fmov_imm_h(Cpu *cpu, V128 *d, unsigned imm8) {
    (void)cpu;
    fp_set(d, VFPExpandImm(16, (u8)imm8));
}

static ALWAYS_INLINE void sem_fmov_to_gen_w(Cpu *cpu, u64 *d, const V128 *n) {
    (void)cpu;
    *d = n->s[0];
}

static ALWAYS_INLINE void sem_fmov_to_gen_x(Cpu *cpu, u64 *d, const V128 *n) {
    (void)cpu;
    *d = n->d[0];
}

static ALWAYS_INLINE void sem_fmov_to_gen_hi(Cpu *cpu, u64 *d, const V128 *n) {
    (void)cpu;
    *d = n->d[1];
}

static ALWAYS_INLINE void sem_fmov_to_gen_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    (void)cpu, (void)sf;  // W and X zero-extend alike
    *d = n->h[0];
}

static ALWAYS_INLINE void sem_fmov_from_gen_w(Cpu *cpu, V128 *d, u64 n) {
    (void)cpu;
    fp_set(d, (u32)n);
}

static ALWAYS_INLINE void sem_fmov_from_gen_x(Cpu *cpu, V128 *d, u64 n) {
    (void)cpu;
    fp_set(d, n);
}

static ALWAYS_INLINE void sem_fmov_from_gen_hi(Cpu *cpu, V128 *d, u64 n) {
    (void)cpu;
    d->d[1] = n;
}

static ALWAYS_INLINE void sem_fmov_from_gen_h(Cpu *cpu, V128 *d, u64 n, unsigned sf) {
    (void)cpu, (void)sf;
    fp_set(d, (u16)n);
}

// --- arithmetic ----------------------------------------------------------------------------------

static ALWAYS_INLINE void sem_fmul_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m) {
    u64 r = fp_mul(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz));
    fp_set(d, r);
}

static ALWAYS_INLINE void sem_fmul_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_set(d, fp_mul(cpu, 16, fp_get(n, 16), fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fdiv_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m) {
    u64 r = fp_div(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz));
    fp_set(d, r);
}

static ALWAYS_INLINE void sem_fdiv_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_set(d, fp_div(cpu, 16, fp_get(n, 16), fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fadd_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m) {
    u64 r = fp_add(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz));
    fp_set(d, r);
}

static ALWAYS_INLINE void sem_fadd_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_set(d, fp_add(cpu, 16, fp_get(n, 16), fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fsub_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m) {
    u64 r = fp_sub(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz));
    fp_set(d, r);
}

static ALWAYS_INLINE void sem_fsub_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_set(d, fp_sub(cpu, 16, fp_get(n, 16), fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fmax_s(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned sz) {
    fp_binary(cpu, FPMax, 32u << sz, d, n, m);
}

static ALWAYS_INLINE void sem_fmax_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_binary(cpu, FPMax, 16, d, n, m);
}

static ALWAYS_INLINE void sem_fmin_s(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned sz) {
    fp_binary(cpu, FPMin, 32u << sz, d, n, m);
}

static ALWAYS_INLINE void sem_fmin_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_binary(cpu, FPMin, 16, d, n, m);
}

static ALWAYS_INLINE void sem_fmaxnm_s(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned sz) {
    fp_binary(cpu, FPMaxNum, 32u << sz, d, n, m);
}

static ALWAYS_INLINE void sem_fmaxnm_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_binary(cpu, FPMaxNum, 16, d, n, m);
}

static ALWAYS_INLINE void sem_fminnm_s(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       unsigned sz) {
    fp_binary(cpu, FPMinNum, 32u << sz, d, n, m);
}

static ALWAYS_INLINE void sem_fminnm_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_binary(cpu, FPMinNum, 16, d, n, m);
}

static ALWAYS_INLINE void sem_fnmul_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m) {
    u64 r = fp_mul(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz));
    fp_set(d, FPNeg(32u << sz, r));
}

static ALWAYS_INLINE void sem_fnmul_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    fp_set(d, fp_mul(cpu, 16, fp_get(n, 16), fp_get(m, 16)));
    d->h[0] ^= 0x8000;
}

static ALWAYS_INLINE void sem_fsqrt_s(Cpu *cpu, int sz, V128 *d, const V128 *n) {
    fp_set(d, fp_sqrt(cpu, 32 << sz, fp_get(n, 32 << sz)));
}

static ALWAYS_INLINE void sem_fsqrt_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_sqrt(cpu, 16, fp_get(n, 16)));
}

static ALWAYS_INLINE void sem_fmadd_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m,
                                      const V128 *a) {
    u64 x = fp_get(n, 32 << sz);
    fp_set(d, fp_muladd(cpu, 32 << sz, fp_get(a, 32 << sz), x, fp_get(m, 32 << sz)));
}

static ALWAYS_INLINE void sem_fmadd_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                      const V128 *a) {
    u64 x = fp_get(n, 16);
    fp_set(d, fp_muladd(cpu, 16, fp_get(a, 16), x, fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fmsub_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m,
                                      const V128 *a) {
    u64 x = FPNeg(32u << sz, fp_get(n, 32 << sz));
    fp_set(d, fp_muladd(cpu, 32 << sz, fp_get(a, 32 << sz), x, fp_get(m, 32 << sz)));
}

static ALWAYS_INLINE void sem_fmsub_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                      const V128 *a) {
    u64 x = FPNeg(16, fp_get(n, 16));
    fp_set(d, fp_muladd(cpu, 16, fp_get(a, 16), x, fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fnmadd_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m,
                                       const V128 *a) {
    u64 x = FPNeg(32u << sz, fp_get(n, 32 << sz));
    fp_set(d,
           fp_muladd(cpu, 32 << sz, FPNeg(32u << sz, fp_get(a, 32 << sz)), x, fp_get(m, 32 << sz)));
}

static ALWAYS_INLINE void sem_fnmadd_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       const V128 *a) {
    u64 x = FPNeg(16, fp_get(n, 16));
    fp_set(d, fp_muladd(cpu, 16, FPNeg(16, fp_get(a, 16)), x, fp_get(m, 16)));
}

static ALWAYS_INLINE void sem_fnmsub_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m,
                                       const V128 *a) {
    u64 x = fp_get(n, 32 << sz);
    fp_set(d,
           fp_muladd(cpu, 32 << sz, FPNeg(32u << sz, fp_get(a, 32 << sz)), x, fp_get(m, 32 << sz)));
}

static ALWAYS_INLINE void sem_fnmsub_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                       const V128 *a) {
    u64 x = fp_get(n, 16);
    fp_set(d, fp_muladd(cpu, 16, FPNeg(16, fp_get(a, 16)), x, fp_get(m, 16)));
}

// --- comparison and selection --------------------------------------------------------------------

static ALWAYS_INLINE void sem_fcmp_s(Cpu *cpu, int sz, const V128 *n, const V128 *m) {
    fp_flags(cpu, fp_compare(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz), false));
}

static ALWAYS_INLINE void sem_fcmp_h(Cpu *cpu, const V128 *n, const V128 *m) {
    fp_flags(cpu, fp_compare(cpu, 16, fp_get(n, 16), fp_get(m, 16), false));
}

static ALWAYS_INLINE void sem_fcmp_zero_s(Cpu *cpu, int sz, const V128 *n) {
    fp_flags(cpu, fp_compare(cpu, 32 << sz, fp_get(n, 32 << sz), 0, false));
}

static ALWAYS_INLINE void sem_fcmp_zero_h(Cpu *cpu, const V128 *n) {
    fp_flags(cpu, fp_compare(cpu, 16, fp_get(n, 16), 0, false));
}

static ALWAYS_INLINE void sem_fcmpe_s(Cpu *cpu, int sz, const V128 *n, const V128 *m) {
    fp_flags(cpu, fp_compare(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz), true));
}

static ALWAYS_INLINE void sem_fcmpe_h(Cpu *cpu, const V128 *n, const V128 *m) {
    fp_flags(cpu, fp_compare(cpu, 16, fp_get(n, 16), fp_get(m, 16), true));
}

static ALWAYS_INLINE void sem_fcmpe_zero_s(Cpu *cpu, int sz, const V128 *n) {
    fp_flags(cpu, fp_compare(cpu, 32 << sz, fp_get(n, 32 << sz), 0, true));
}

static ALWAYS_INLINE void sem_fcmpe_zero_h(Cpu *cpu, const V128 *n) {
    fp_flags(cpu, fp_compare(cpu, 16, fp_get(n, 16), 0, true));
}

static ALWAYS_INLINE void sem_fccmp_s(Cpu *cpu, int sz, const V128 *n, const V128 *m, unsigned cond,
                                      unsigned nzcv) {
    if (condition(cpu, (int)cond))
        nzcv = fp_compare(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz), false);
    fp_flags(cpu, nzcv);
}

static ALWAYS_INLINE void sem_fccmp_h(Cpu *cpu, const V128 *n, const V128 *m, unsigned cond,
                                      unsigned nzcv) {
    if (condition(cpu, (int)cond)) nzcv = fp_compare(cpu, 16, fp_get(n, 16), fp_get(m, 16), false);
    fp_flags(cpu, nzcv);
}

static ALWAYS_INLINE void sem_fccmpe_s(Cpu *cpu, int sz, const V128 *n, const V128 *m,
                                       unsigned cond, unsigned nzcv) {
    if (condition(cpu, (int)cond))
        nzcv = fp_compare(cpu, 32 << sz, fp_get(n, 32 << sz), fp_get(m, 32 << sz), true);
    fp_flags(cpu, nzcv);
}

static ALWAYS_INLINE void sem_fccmpe_h(Cpu *cpu, const V128 *n, const V128 *m, unsigned cond,
                                       unsigned nzcv) {
    if (condition(cpu, (int)cond)) nzcv = fp_compare(cpu, 16, fp_get(n, 16), fp_get(m, 16), true);
    fp_flags(cpu, nzcv);
}

static ALWAYS_INLINE void sem_fcsel_s(Cpu *cpu, int sz, V128 *d, const V128 *n, const V128 *m,
                                      unsigned cond) {
    fp_set(d, fp_get(condition(cpu, (int)cond) ? n : m, 32 << sz));
}

static ALWAYS_INLINE void sem_fcsel_h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                      unsigned cond) {
    fp_set(d, fp_get(condition(cpu, (int)cond) ? n : m, 16));
}

// --- between formats -----------------------------------------------------------------------------

static ALWAYS_INLINE void sem_fcvt_s_to_d(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert(cpu, 32, 64, fp_get(n, 32)));
}

static ALWAYS_INLINE void sem_fcvt_s_to_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert(cpu, 32, 16, fp_get(n, 32)));
}

static ALWAYS_INLINE void sem_fcvt_d_to_s(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert(cpu, 64, 32, fp_get(n, 64)));
}

static ALWAYS_INLINE void sem_fcvt_d_to_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert(cpu, 64, 16, fp_get(n, 64)));
}

static ALWAYS_INLINE void sem_bfcvt(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert_bf16(cpu, fp_get(n, 32)));
}

static ALWAYS_INLINE void sem_fcvt_h_to_s(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert(cpu, 16, 32, fp_get(n, 16)));
}

static ALWAYS_INLINE void sem_fcvt_h_to_d(Cpu *cpu, V128 *d, const V128 *n) {
    fp_set(d, fp_convert(cpu, 16, 64, fp_get(n, 16)));
}

// --- to integral values --------------------------------------------------------------------------

static ALWAYS_INLINE void sem_frintn_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_frintn_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_frintp_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_frintp_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_frintm_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_frintm_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_frintz_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frintz_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frinta_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_frinta_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_frintx_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, HOW_FPCR | HOW_EXACT);
}

static ALWAYS_INLINE void sem_frintx_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, HOW_FPCR | HOW_EXACT);
}

static ALWAYS_INLINE void sem_frinti_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int, 32u << sz, d, n, HOW_FPCR);
}

static ALWAYS_INLINE void sem_frinti_h(Cpu *cpu, V128 *d, const V128 *n) {
    fp_unary(cpu, fp_round_int, 16, d, n, HOW_FPCR);
}

static ALWAYS_INLINE void sem_frint32z_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int32, 32u << sz, d, n, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frint32x_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int32, 32u << sz, d, n, HOW_FPCR);
}

static ALWAYS_INLINE void sem_frint64z_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int64, 32u << sz, d, n, FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_frint64x_s(Cpu *cpu, V128 *d, const V128 *n, unsigned sz) {
    fp_unary(cpu, fp_round_int64, 32u << sz, d, n, HOW_FPCR);
}

// --- to and from general-purpose registers -------------------------------------------------------

static ALWAYS_INLINE void sem_fcvtns_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz), FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_fcvtns_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_TIEEVEN);
}

static ALWAYS_INLINE void sem_fcvtnu_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz),
                   FPRounding_TIEEVEN | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtnu_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_TIEEVEN | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtps_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz), FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_fcvtps_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_POSINF);
}

static ALWAYS_INLINE void sem_fcvtpu_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz),
                   FPRounding_POSINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtpu_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_POSINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtms_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz), FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_fcvtms_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_NEGINF);
}

static ALWAYS_INLINE void sem_fcvtmu_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz),
                   FPRounding_NEGINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtmu_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_NEGINF | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtzs_s(Cpu *cpu, int sf, int sz, u64 *d, const V128 *n) {
    *d = fp_to_int_zero(cpu, 32 << sz, 32 << sf, fp_get(n, 32 << sz), false);
}

static ALWAYS_INLINE void sem_fcvtzs_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_ZERO);
}

static ALWAYS_INLINE void sem_fcvtzu_s(Cpu *cpu, int sf, int sz, u64 *d, const V128 *n) {
    *d = fp_to_int_zero(cpu, 32 << sz, 32 << sf, fp_get(n, 32 << sz), true);
}

static ALWAYS_INLINE void sem_fcvtzu_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_ZERO | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtas_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz), FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_fcvtas_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_TIEAWAY);
}

static ALWAYS_INLINE void sem_fcvtau_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf, unsigned sz) {
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, fp_get(n, 32 << (int)sz),
                   FPRounding_TIEAWAY | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_fcvtau_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_TIEAWAY | HOW_UNSIGNED);
}

static ALWAYS_INLINE void sem_scvtf_s(Cpu *cpu, int sf, int sz, V128 *d, u64 n) {
    fp_set(d, fp_from_int_fast(cpu, 32 << sz, 32 << sf, n, false));
}

static ALWAYS_INLINE void sem_scvtf_h(Cpu *cpu, V128 *d, u64 n, unsigned sf) {
    fp_set(d, fp_from_int(cpu, 16, 32u << sf, n, HOW_FPCR));
}

static ALWAYS_INLINE void sem_scvtf_fix_s(Cpu *cpu, V128 *d, u64 n, unsigned sf, unsigned sz,
                                          unsigned scale) {
    fp_set(d, fp_from_int(cpu, 32u << sz, 32u << sf, n, HOW_FPCR | how_scale(scale)));
}

static ALWAYS_INLINE void sem_scvtf_fix_h(Cpu *cpu, V128 *d, u64 n, unsigned sf, unsigned scale) {
    fp_set(d, fp_from_int(cpu, 16, 32u << sf, n, HOW_FPCR | how_scale(scale)));
}

static ALWAYS_INLINE void sem_fcvtzs_fix_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf,
                                           unsigned sz, unsigned scale) {
    u64 v = fp_get(n, 32 << (int)sz);
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, v, FPRounding_ZERO | how_scale(scale));
}

static ALWAYS_INLINE void sem_fcvtzs_fix_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf,
                                           unsigned scale) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_ZERO | how_scale(scale));
}

static ALWAYS_INLINE void sem_ucvtf_s(Cpu *cpu, int sf, int sz, V128 *d, u64 n) {
    fp_set(d, fp_from_int_fast(cpu, 32 << sz, 32 << sf, n, true));
}

static ALWAYS_INLINE void sem_ucvtf_h(Cpu *cpu, V128 *d, u64 n, unsigned sf) {
    fp_set(d, fp_from_int(cpu, 16, 32u << sf, n, HOW_FPCR | HOW_UNSIGNED));
}

static ALWAYS_INLINE void sem_ucvtf_fix_s(Cpu *cpu, V128 *d, u64 n, unsigned sf, unsigned sz,
                                          unsigned scale) {
    fp_set(d,
           fp_from_int(cpu, 32u << sz, 32u << sf, n, HOW_FPCR | HOW_UNSIGNED | how_scale(scale)));
}

static ALWAYS_INLINE void sem_ucvtf_fix_h(Cpu *cpu, V128 *d, u64 n, unsigned sf, unsigned scale) {
    fp_set(d, fp_from_int(cpu, 16, 32u << sf, n, HOW_FPCR | HOW_UNSIGNED | how_scale(scale)));
}

static ALWAYS_INLINE void sem_fcvtzu_fix_s(Cpu *cpu, u64 *d, const V128 *n, unsigned sf,
                                           unsigned sz, unsigned scale) {
    u64 v = fp_get(n, 32 << (int)sz);
    *d = fp_to_int(cpu, 32u << sz, 32u << sf, v, FPRounding_ZERO | HOW_UNSIGNED | how_scale(scale));
}

static ALWAYS_INLINE void sem_fcvtzu_fix_h(Cpu *cpu, u64 *d, const V128 *n, unsigned sf,
                                           unsigned scale) {
    *d = fp_to_int(cpu, 16, 32u << sf, n->h[0], FPRounding_ZERO | HOW_UNSIGNED | how_scale(scale));
}

static ALWAYS_INLINE void sem_fjcvtzs(Cpu *cpu, u64 *d, const V128 *n) {
    bool z;
    Fpu fp = fpu_begin(cpu);
    *d = FPToFixedJS(&fp, n->d[0], &z);
    fpu_end(cpu, &fp);
    fp_flags(cpu, z ? 4 : 0);
}
