// One operation of fpu.h with the FPCR and FPSR of a Cpu: where fpu_fast.h goes when the host's
// arithmetic is not enough.
#include "cpu/sem_fp.h"

u64 fp_slow2(Cpu *cpu, FpBinary *f, unsigned n, u64 op1, u64 op2) {
    Fpu fp = fpu_begin(cpu);
    u64 r = f(&fp, n, op1, op2);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_slow1(Cpu *cpu, FpUnary *f, unsigned n, u64 op, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    u64 r = f(&fp, n, op, how);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_slow_muladd(Cpu *cpu, unsigned n, u64 addend, u64 op1, u64 op2) {
    Fpu fp = fpu_begin(cpu);
    u64 r = FPMulAdd(&fp, n, addend, op1, op2);
    fpu_end(cpu, &fp);
    return r;
}

// --- half precision in single precision ----------------------------------------------------------
// Rounding again gives the result of one rounding: 24 bits are twice 11 and 2 more.

// A normal number or a zero.
static ALWAYS_INLINE bool single_of(u64 h, float *f) {
    u64 magnitude = h & 0x7fff;
    bool number = magnitude >= 0x400 && magnitude < 0x7c00;
    *f = f32_of((number ? (magnitude << 13) + (112 << 23) : 0) | (h & 0x8000) << 16);
    return number || !magnitude;
}
// A zero that is exact (of normal numbers no other comes), or a normal number above the smallest.
static ALWAYS_INLINE bool half_of(float f, u64 *h) {
    u32 v = (u32)f32_bits(f), magnitude = v & 0x7fffffff;
    u32 r = ((magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13) - (112 << 10);
    *h = (magnitude ? r : 0) | (v >> 16 & 0x8000);
    return !magnitude || r - 0x800 < 0x7400;
}
static ALWAYS_INLINE bool half_host_mode(const Cpu *cpu) {
    return !(cpu->sys.FPCR & (FPCR_RMODE | FPCR_FZ16)) && fp_inexact_set(cpu);
}

u64 fp_half(Cpu *cpu, HalfOp op, u64 a, u64 b) {
    static FpBinary *const slow[] = {FPAdd, FPSub, FPMul, FPDiv};
    float x, y, r;
    u64 result;
    if (likely(half_host_mode(cpu) && single_of(a, &x) && single_of(b, &y))) {
        switch (op) {
        case HALF_ADD: r = x + y; break;
        case HALF_SUB: r = x - y; break;
        case HALF_MUL: r = x * y; break;
        case HALF_DIV: r = x / y; break;
        default: r = __builtin_sqrtf(x); break;
        }
        if (likely(half_of(r, &result))) return result;
    }
    if (op == HALF_SQRT) return fp_slow1(cpu, FPSqrt1, 16, a, 0);
    return fp_slow2(cpu, slow[op], 16, a, b);
}

// The sum may have been rounded to the middle between two results: then it has to be exact. Its
// error is computed without error.
u64 fp_half_muladd(Cpu *cpu, u64 addend, u64 op1, u64 op2) {
    float a, x, y;
    if (likely(half_host_mode(cpu) && single_of(addend, &a) && single_of(op1, &x) &&
               single_of(op2, &y))) {
        float p = x * y, s = a + p, t = s - a;
        u64 r;
        bool middle = (f32_bits(s) & 0x1fff) == 0x1000 && (a - (s - t)) + (p - t) != 0;
        if (likely(half_of(s, &r) && !middle)) return r;
    }
    return fp_slow_muladd(cpu, 16, addend, op1, op2);
}

// --- integers ------------------------------------------------------------------------------------
// What a conversion to integers is made of in single and double precision, by the host: x rounded to
// an integral value, false if x is a NaN or is flushed.
static ALWAYS_INLINE bool round_by_host(const Fpu *fp, unsigned n, u64 op, unsigned how, double *x,
                                        double *r) {
    if (n == 16 || (fp->fpcr & FPCR_FZ)) return false;
    *x = n == 64 ? f64_of(op) : (double)f32_of(op);
    switch (how_rounding(fp, how)) {
    case FPRounding_TIEEVEN: *r = rint(*x); break;
    case FPRounding_POSINF: *r = ceil(*x); break;
    case FPRounding_NEGINF: *r = floor(*x); break;
    case FPRounding_ZERO: *r = trunc(*x); break;
    default: *r = round(*x); break;
    }
    return *x == *x;
}

u64 fp_round_int(Fpu *fp, unsigned n, u64 op, unsigned how) {
    double x, r;
    if (round_by_host(fp, n, op, how, &x, &r)) {
        if ((how & HOW_EXACT) && r != x) fp->flags |= FPSR_IXC;
        return n == 64 ? f64_bits(r) : f32_bits((float)r);
    }
    return FPRoundInt(fp, n, op, how_rounding(fp, how), how & HOW_EXACT);
}

u64 fp_to_fixed(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned how) {
    bool is_unsigned = how & HOW_UNSIGNED;
    double x, r, max = m == 64 ? 0x1p63 : is_unsigned ? 0x1p32 : 0x1p31;
    if (how >> HOW_FBITS_SHIFT == 0 && m >= 32 && round_by_host(fp, n, op, how, &x, &r) &&
        r < max && r >= (is_unsigned ? 0 : -max)) {
        if (r != x) fp->flags |= FPSR_IXC;
        return (u64)(i64)r & ones(m);
    }
    return FPToFixed(fp, n, m, op, how >> HOW_FBITS_SHIFT, is_unsigned, how_rounding(fp, how));
}

u64 fp_from_fixed(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned how) {
    bool is_unsigned = how & HOW_UNSIGNED;
    i64 i = m != 32 ? (i64)op : is_unsigned ? (i64)(u32)op : (i64)(i32)op;
    const i64 limit = 1ll << 62;
    if (how >> HOW_FBITS_SHIFT == 0 && n != 16 && m >= 32 && !(is_unsigned && i < 0) &&
        i > -limit && i < limit && how_rounding(fp, how) == FPRounding_TIEEVEN) {
        float f = (float)i;
        double d = (double)i;
        if ((n == 64 ? (i64)d : (i64)f) != i) fp->flags |= FPSR_IXC;
        return n == 64 ? f64_bits(d) : f32_bits(f);
    }
    return FixedToFP(fp, n, m, op, how >> HOW_FBITS_SHIFT, is_unsigned, how_rounding(fp, how));
}

u64 fp_round_int32(Fpu *fp, unsigned n, u64 op, unsigned how) {
    return FPRoundIntN(fp, n, op, how_rounding(fp, how), 32);
}
u64 fp_round_int64(Fpu *fp, unsigned n, u64 op, unsigned how) {
    return FPRoundIntN(fp, n, op, how_rounding(fp, how), 64);
}

u64 fp_to_int(Cpu *cpu, unsigned n, unsigned m, u64 v, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    u64 r = fp_to_fixed(&fp, n, m, v, how);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_from_int(Cpu *cpu, unsigned n, unsigned m, u64 v, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    u64 r = fp_from_fixed(&fp, n, m, v, how);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_convert_bf16(Cpu *cpu, u64 v) {
    Fpu fp = fpu_begin(cpu);
    u64 r = FPConvertBF(&fp, v, FPRoundingMode(&fp));
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_convert_slow(Cpu *cpu, unsigned n, unsigned m, u64 v) {
    float f;
    u64 h;
    if (!(cpu->sys.FPCR & FPCR_AHP)) {
        if (n == 16 && m == 32 && single_of(v, &f)) return f32_bits(f);
        if (n == 32 && m == 16 && fp_host_mode(cpu) && fp_inexact_set(cpu) &&
            half_of(f32_of(v), &h))
            return h;
    }
    Fpu fp = fpu_begin(cpu);
    u64 r = FPConvert(&fp, n, m, v, FPRoundingMode(&fp));
    fpu_end(cpu, &fp);
    return r;
}
