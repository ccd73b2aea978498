// Reciprocal and reciprocal square root estimates, reciprocal exponent.
// Arm ARM: shared pseudo-code functions RecipEstimate, FPRecipEstimate, RecipSqrtEstimate,
// FPRSqrtEstimate, FPRecpX. See fpu.h. Left out: FEAT_RPRES.
#include "cpu/fpu_internal.h"

// a: 0.5 <= a/512 < 1. Result: 1 <= r/256 < 2.
static unsigned RecipEstimate(unsigned a) {
    return ((1u << 19) / (2 * a + 1) + 1) / 2;
}

// a: 0.25 <= a/512 < 1.
static unsigned RecipSqrtEstimate(unsigned a) {
    a = a < 256 ? 2 * a + 1 : ((a & ~1u) + 1) * 2;
    unsigned b = 512;  // becomes the largest with a * b * b < 2^28
    for (unsigned step = 256; step; step /= 2)
        if ((u64)a * (b + step) * (b + step) < 1ull << 28) b += step;
    return (b + 1) / 2;
}

u32 UnsignedRecipEstimate(u32 op) {
    return bit(op, 31) ? (RecipEstimate(op >> 23) & 0x1ff) << 23 : 0xffffffff;
}
u32 UnsignedRSqrtEstimate(u32 op) {
    return op >> 30 ? (RecipSqrtEstimate(op >> 23) & 0x1ff) << 23 : 0xffffffff;
}

// The estimate of 1/op with the exponent that follows from op's; also denormal on both sides.
static u64 recip_estimate(unsigned n, bool sign, u64 op) {
    const unsigned f = fp_frac_bits(n);
    u64 fraction = (op & ones(f)) << (52 - f);
    int exp = (int)bits(op, n - 2, f);
    if (exp == 0) {
        if (!bit(fraction, 51)) {
            exp = -1;
            fraction = fraction << 2 & ones(52);
        } else {
            fraction = fraction << 1 & ones(52);
        }
    }
    int result_exp = 2 * fp_bias(n) - 1 - exp;
    fraction = (u64)(RecipEstimate(256 | (unsigned)(fraction >> 44)) & 0xff) << 44;
    if (result_exp == 0) {
        fraction = 1ull << 51 | fraction >> 1;
    } else if (result_exp == -1) {
        fraction = 1ull << 50 | fraction >> 2;
        result_exp = 0;
    }
    return FPZero(n, sign) | (u64)result_exp << f | fraction >> (52 - f);
}

u64 FPRecipEstimate(Fpu *fp, unsigned n, u64 op) {
    FpValue v = FPUnpack(fp, n, op);
    const int bias = fp_bias(n);
    if (fp_is_nan(&v)) return FPProcessNaN(fp, n, v.type, op);
    if (fp_is_inf(&v)) return FPZero(n, v.sign);
    if (fp_is_zero(&v)) {
        fp->flags |= FPSR_DZC;
        return FPInfinity(n, v.sign);
    }
    int exponent = v.exp + 63 - __builtin_clzll(v.mant);  // 2^exponent <= |op|
    if (exponent < -bias - 1) {
        FPRounding r = FPRoundingMode(fp);
        bool to_inf =
            r == FPRounding_TIEEVEN || r == (v.sign ? FPRounding_NEGINF : FPRounding_POSINF);
        fp->flags |= FPSR_OFC | FPSR_IXC;
        return to_inf ? FPInfinity(n, v.sign) : FPMaxNormal(n, v.sign);
    }
    if (fp_flushes(fp->fpcr, n) && exponent >= bias - 1) {
        fp->flags |= FPSR_UFC;
        return FPZero(n, v.sign);
    }
    return recip_estimate(n, v.sign, op);
}

u64 FPRSqrtEstimate(Fpu *fp, unsigned n, u64 op) {
    FpValue v = FPUnpack(fp, n, op);
    if (fp_is_nan(&v)) return FPProcessNaN(fp, n, v.type, op);
    if (fp_is_zero(&v)) {
        fp->flags |= FPSR_DZC;
        return FPInfinity(n, v.sign);
    }
    if (v.sign) return fp_invalid(fp, n);
    if (fp_is_inf(&v)) return FPZero(n, false);
    const unsigned f = fp_frac_bits(n);
    // 1.fraction * 2^(exp - bias), also for denormals
    unsigned zeros = (unsigned)__builtin_clzll(v.mant);
    u64 fraction = (v.mant << zeros << 1) >> 12;
    int exp = v.exp + 63 - (int)zeros + fp_bias(n);
    unsigned scaled = exp & 1 ? 128 | (unsigned)(fraction >> 45) : 256 | (unsigned)(fraction >> 44);
    int result_exp = (3 * fp_bias(n) - 1 - exp) / 2;
    u64 estimate = RecipSqrtEstimate(scaled) & 0xff;
    return (u64)result_exp << f | estimate << (f - 8);
}

u64 FPRecpX(Fpu *fp, unsigned n, u64 op) {
    FpValue v = FPUnpack(fp, n, op);
    if (fp_is_nan(&v)) return FPProcessNaN(fp, n, v.type, op);
    const unsigned f = fp_frac_bits(n);
    const u64 mask = ones(n - 1 - f);
    u64 exp = bits(op, n - 2, f);
    return FPZero(n, v.sign) | (exp == 0 ? mask - 1 : ~exp & mask) << f;
}
