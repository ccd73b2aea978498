// The common case of floating-point arithmetic by the host: rounding to nearest, no flushing,
// results that are normal numbers, and the Inexact flag either set already or provably not raised.
// All other cases go to the exact functions of fpu.h. The host's floating-point environment is
// never changed and its flags are never read.
//
// A result that is a normal number larger than the smallest one tells everything: no operand was a
// NaN or an infinity that matters, nothing overflowed, and nothing was tiny before rounding.
#pragma once

#include "cpu/cpu.h"
#include "cpu/fpu.h"

#include <math.h>

static ALWAYS_INLINE Fpu fpu_begin(const Cpu *cpu) {
    return (Fpu){(u32)cpu->sys.FPCR, 0};
}
static ALWAYS_INLINE void fpu_end(Cpu *cpu, const Fpu *fp) {
    cpu->sys.FPSR |= fp->flags;
}

typedef u64 FpBinary(Fpu *fp, unsigned n, u64 op1, u64 op2);
typedef u64 FpUnary(Fpu *fp, unsigned n, u64 op, unsigned how);

// One operation by the exact functions (fpu_cpu.c).
u64 fp_slow2(Cpu *cpu, FpBinary *f, unsigned n, u64 op1, u64 op2);
u64 fp_slow1(Cpu *cpu, FpUnary *f, unsigned n, u64 op, unsigned how);
u64 fp_slow_muladd(Cpu *cpu, unsigned n, u64 addend, u64 op1, u64 op2);
// Half precision, in single precision where that gives the same.
typedef enum HalfOp { HALF_ADD, HALF_SUB, HALF_MUL, HALF_DIV, HALF_SQRT } HalfOp;
u64 fp_half(Cpu *cpu, HalfOp op, u64 a, u64 b);
u64 fp_half_muladd(Cpu *cpu, u64 addend, u64 op1, u64 op2);

static ALWAYS_INLINE double f64_of(u64 v) {
    double r;
    memcpy(&r, &v, 8);
    return r;
}
static ALWAYS_INLINE u64 f64_bits(double v) {
    u64 r;
    memcpy(&r, &v, 8);
    return r;
}
static ALWAYS_INLINE float f32_of(u64 v) {
    u32 w = (u32)v;
    float r;
    memcpy(&r, &w, 4);
    return r;
}
static ALWAYS_INLINE u64 f32_bits(float v) {
    u32 r;
    memcpy(&r, &v, 4);
    return r;
}

static ALWAYS_INLINE bool fp_host_mode(const Cpu *cpu) {
    return !(cpu->sys.FPCR & (FPCR_RMODE | FPCR_FZ));
}
static ALWAYS_INLINE bool fp_inexact_set(const Cpu *cpu) {
    return cpu->sys.FPSR & FPSR_IXC;
}

// A normal number above the smallest.
static ALWAYS_INLINE bool f64_usual(u64 r) {
    return ((r >> 52 & 0x7ff) - 2) < 0x7fd;
}
static ALWAYS_INLINE bool f32_usual(u64 r) {
    return (((u32)r >> 23 & 0xff) - 2u) < 0xfdu;
}

// s = a + b is exact: the rounding error, computed without error, is zero.
static ALWAYS_INLINE bool f64_sum_exact(double a, double b, double s) {
    double t = s - a;
    return (a - (s - t)) + (b - t) == 0;
}
static ALWAYS_INLINE bool f32_sum_exact(float a, float b, float s) {
    return (double)a + (double)b == (double)s && f64_sum_exact(a, b, (double)a + (double)b);
}
// The product of two finite numbers has few enough significant bits; one of them may be a power
// of 2.
static ALWAYS_INLINE bool f64_product_exact(u64 a, u64 b) {
    int za = __builtin_ctzll(a | 1ull << 52), zb = __builtin_ctzll(b | 1ull << 52);
    return za + zb >= 53 || za == 52 || zb == 52;
}

static ALWAYS_INLINE u64 fp_add(Cpu *cpu, int n, u64 a, u64 b) {
    if (n == 64 && likely(fp_host_mode(cpu))) {
        double s = f64_of(a) + f64_of(b);
        if (likely(f64_usual(f64_bits(s))) &&
            (likely(fp_inexact_set(cpu)) || f64_sum_exact(f64_of(a), f64_of(b), s)))
            return f64_bits(s);
    }
    if (n == 32 && likely(fp_host_mode(cpu))) {
        float s = f32_of(a) + f32_of(b);
        if (likely(f32_usual(f32_bits(s))) &&
            (likely(fp_inexact_set(cpu)) || f32_sum_exact(f32_of(a), f32_of(b), s)))
            return f32_bits(s);
    }
    return n == 16 ? fp_half(cpu, HALF_ADD, a, b) : fp_slow2(cpu, FPAdd, (unsigned)n, a, b);
}

static ALWAYS_INLINE u64 fp_sub(Cpu *cpu, int n, u64 a, u64 b) {
    if (n == 64 && likely(fp_host_mode(cpu))) {
        double s = f64_of(a) - f64_of(b);
        if (likely(f64_usual(f64_bits(s))) &&
            (likely(fp_inexact_set(cpu)) || f64_sum_exact(f64_of(a), -f64_of(b), s)))
            return f64_bits(s);
    }
    if (n == 32 && likely(fp_host_mode(cpu))) {
        float s = f32_of(a) - f32_of(b);
        if (likely(f32_usual(f32_bits(s))) &&
            (likely(fp_inexact_set(cpu)) || f32_sum_exact(f32_of(a), -f32_of(b), s)))
            return f32_bits(s);
    }
    return n == 16 ? fp_half(cpu, HALF_SUB, a, b) : fp_slow2(cpu, FPSub, (unsigned)n, a, b);
}

static ALWAYS_INLINE u64 fp_mul(Cpu *cpu, int n, u64 a, u64 b) {
    if (n == 64 && likely(fp_host_mode(cpu))) {
        u64 p = f64_bits(f64_of(a) * f64_of(b));
        if (likely(f64_usual(p)) && (likely(fp_inexact_set(cpu)) || f64_product_exact(a, b)))
            return p;
    }
    if (n == 32 && likely(fp_host_mode(cpu))) {
        float p = f32_of(a) * f32_of(b);
        if (likely(f32_usual(f32_bits(p))) &&
            (likely(fp_inexact_set(cpu)) || (double)f32_of(a) * (double)f32_of(b) == (double)p))
            return f32_bits(p);
    }
    return n == 16 ? fp_half(cpu, HALF_MUL, a, b) : fp_slow2(cpu, FPMul, (unsigned)n, a, b);
}

// Exact if the product of quotient and divisor is exact and gives the dividend.
static ALWAYS_INLINE u64 fp_div(Cpu *cpu, int n, u64 a, u64 b) {
    if (n == 64 && likely(fp_host_mode(cpu))) {
        u64 q = f64_bits(f64_of(a) / f64_of(b));
        if (likely(f64_usual(q)) &&
            (likely(fp_inexact_set(cpu)) ||
             (f64_product_exact(q, b) && f64_of(q) * f64_of(b) == f64_of(a))))
            return q;
    }
    if (n == 32 && likely(fp_host_mode(cpu))) {
        float q = f32_of(a) / f32_of(b);
        if (likely(f32_usual(f32_bits(q))) &&
            (likely(fp_inexact_set(cpu)) || (double)q * (double)f32_of(b) == (double)f32_of(a)))
            return f32_bits(q);
    }
    return n == 16 ? fp_half(cpu, HALF_DIV, a, b) : fp_slow2(cpu, FPDiv, (unsigned)n, a, b);
}

// a + x * y
static ALWAYS_INLINE u64 fp_muladd(Cpu *cpu, int n, u64 a, u64 x, u64 y) {
    if (n != 16 && likely(fp_host_mode(cpu) && fp_inexact_set(cpu))) {
        if (n == 64) {
            u64 r = f64_bits(fma(f64_of(x), f64_of(y), f64_of(a)));
            if (likely(f64_usual(r))) return r;
        } else {
            u64 r = f32_bits(fmaf(f32_of(x), f32_of(y), f32_of(a)));
            if (likely(f32_usual(r))) return r;
        }
    }
    return n == 16 ? fp_half_muladd(cpu, a, x, y) : fp_slow_muladd(cpu, (unsigned)n, a, x, y);
}

static inline u64 FPSqrt1(Fpu *fp, unsigned n, u64 op, unsigned how) {
    (void)how;
    return FPSqrt(fp, n, op);
}
static ALWAYS_INLINE u64 fp_sqrt(Cpu *cpu, int n, u64 a) {
    if (n != 16 && likely(fp_host_mode(cpu) && fp_inexact_set(cpu))) {
        u64 r =
            n == 64 ? f64_bits(__builtin_sqrt(f64_of(a))) : f32_bits(__builtin_sqrtf(f32_of(a)));
        if (likely(n == 64 ? f64_usual(r) : f32_usual(r))) return r;
    }
    return n == 16 ? fp_half(cpu, HALF_SQRT, a, 0) : fp_slow1(cpu, FPSqrt1, (unsigned)n, a, 0);
}

// --- how a conversion or rounding is done, in one number -----------------------------------------
enum {
    HOW_FPCR = 7,      // rounding mode of FPCR; else bits 2:0 are an FPRounding
    HOW_UNSIGNED = 8,  // conversions: the integer is unsigned
    HOW_EXACT = 8,     // rounding to integral: raises Inexact
    HOW_FBITS_SHIFT = 4,
};
static ALWAYS_INLINE FPRounding how_rounding(const Fpu *fp, unsigned how) {
    return (how & 7) == HOW_FPCR ? FPRoundingMode(fp) : (FPRounding)(how & 7);
}

// NaN-free operands, no flushing.
static ALWAYS_INLINE unsigned fp_compare(Cpu *cpu, int n, u64 a, u64 b, bool signal) {
    if (n != 16 && likely(!(cpu->sys.FPCR & FPCR_FZ))) {
        double x = n == 64 ? f64_of(a) : (double)f32_of(a);
        double y = n == 64 ? f64_of(b) : (double)f32_of(b);
        if (x < y) return 8;
        if (x > y) return 2;
        if (x == y) return 6;
    }
    Fpu fp = fpu_begin(cpu);
    unsigned r = FPCompare(&fp, (unsigned)n, a, b, signal);
    fpu_end(cpu, &fp);
    return r;
}
