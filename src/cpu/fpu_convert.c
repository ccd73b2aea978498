// Conversions between formats, to and from fixed point, and rounding to integral values.
// Arm ARM: shared pseudo-code functions FPConvert, FPToFixed, FixedToFP, FPToFixedJS, FPRoundInt,
// FPRoundIntN. See fpu.h.
#include "cpu/fpu_internal.h"

u64 FPConvert(Fpu *fp, unsigned n, unsigned m, u64 op, FPRounding rounding) {
    FpValue v = FPUnpackCV(fp, n, op);
    bool alt_hp = m == 16 && (fp->fpcr & FPCR_AHP);  // has no NaNs and infinities
    if (fp_is_nan(&v)) {
        if (v.type == FPType_SNaN || alt_hp) fp->flags |= FPSR_IOC;
        if (alt_hp) return FPZero(m, v.sign);
        return fp->fpcr & FPCR_DN ? FPDefaultNaN(m) : FPConvertNaN(n, m, op);
    }
    if (fp_is_inf(&v)) {
        if (!alt_hp) return FPInfinity(m, v.sign);
        fp->flags |= FPSR_IOC;
        return FPZero(m, v.sign) | ones(m - 1);
    }
    if (fp_is_zero(&v)) return FPZero(m, v.sign);
    return FPRoundCV(fp, m, v.sign, v.mant, v.exp, rounding);
}

u64 FPConvertBF(Fpu *fp, u64 op, FPRounding rounding) {
    FpValue v = FPUnpack(fp, 32, op);
    u64 result;
    if (fp_is_nan(&v))
        result = FPProcessNaN(fp, 32, v.type, op);
    else if (fp_is_inf(&v))
        result = FPInfinity(32, v.sign);
    else if (fp_is_zero(&v))
        result = FPZero(32, v.sign);
    else
        result = FPRoundBF(fp, v.sign, v.mant, v.exp, rounding);
    return result >> 16;
}

// |value| * 2^fbits rounded to an integer (huge values saturate at 2^126). The pseudo-code rounds
// the signed value down first; on magnitudes the direction of the sign does the same.
static u128 round_magnitude(const FpValue *v, int fbits, FPRounding rounding, bool *inexact) {
    int exp = v->exp + fbits;
    *inexact = false;
    if (v->mant == 0) return 0;
    if (exp >= 0) return exp > 70 ? (u128)1 << 126 : (u128)v->mant << exp;
    u128 parts = shift_right_jam((u128)v->mant << 64, (unsigned)MIN(-exp, 127));
    u128 result = parts >> 64;
    u64 error = (u64)parts, half = 1ull << 63;
    *inexact = error != 0;
    bool up = false;
    switch (rounding) {
    case FPRounding_TIEEVEN: up = error > half || (error == half && (result & 1)); break;
    case FPRounding_TIEAWAY: up = error >= half; break;
    case FPRounding_POSINF: up = error && !v->sign; break;
    case FPRounding_NEGINF: up = error && v->sign; break;
    default: break;
    }
    return result + up;
}

// SatQ of a sign and magnitude to m bits.
static u64 saturate(u128 magnitude, bool sign, unsigned m, bool is_unsigned, bool *overflow) {
    u128 limit = is_unsigned ? (sign ? 0 : ones(m)) : ones(m - 1) + (u64)sign;
    *overflow = magnitude > limit;
    u64 r = (u64)(*overflow ? limit : magnitude);
    return (sign ? 0 - r : r) & ones(m);
}

u64 FPToFixed(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned fbits, bool is_unsigned,
              FPRounding rounding) {
    FpValue v = FPUnpack(fp, n, op);
    if (fp_is_nan(&v)) {
        fp->flags |= FPSR_IOC;
        return 0;
    }
    bool inexact = false, overflow;
    u128 magnitude =
        fp_is_inf(&v) ? (u128)1 << 126 : round_magnitude(&v, (int)fbits, rounding, &inexact);
    u64 result = saturate(magnitude, v.sign, m, is_unsigned, &overflow);
    if (overflow)
        fp->flags |= FPSR_IOC;
    else if (inexact)
        fp->flags |= FPSR_IXC;
    return result;
}

u64 FixedToFP(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned fbits, bool is_unsigned,
              FPRounding rounding) {
    op &= ones(m);
    if (op == 0) return FPZero(n, false);
    bool sign = !is_unsigned && bit(op, m - 1);
    u64 magnitude = sign ? (0 - op) & ones(m) : op;
    return FPRound(fp, n, sign, magnitude, -(int)fbits, rounding);
}

u32 FPToFixedJS(Fpu *fp, u64 op, bool *z) {
    FpValue v = FPUnpack(fp, 64, op);
    *z = false;
    if (fp_is_nan(&v) || fp_is_inf(&v)) {
        fp->flags |= FPSR_IOC;
        return 0;
    }
    bool inexact;
    u128 magnitude = round_magnitude(&v, 0, FPRounding_ZERO, &inexact);
    // The low bits of a value too large for round_magnitude(): mant * 2^exp modulo 2^32.
    u32 low = v.exp >= 32 ? 0 : (u32)magnitude;
    if (magnitude > (u128)0x7fffffff + v.sign)
        fp->flags |= FPSR_IOC;
    else if (inexact)
        fp->flags |= FPSR_IXC;
    else
        *z = magnitude != 0 || op == 0;  // not for -0 and flushed operands
    return v.sign ? 0 - low : low;
}

u64 FPRoundInt(Fpu *fp, unsigned n, u64 op, FPRounding rounding, bool exact) {
    FpValue v = FPUnpack(fp, n, op);
    if (fp_is_nan(&v)) return FPProcessNaN(fp, n, v.type, op);
    if (fp_is_zero(&v)) return FPZero(n, v.sign);
    if (fp_is_inf(&v) || v.exp >= 0) return op;
    bool inexact;
    u128 magnitude = round_magnitude(&v, 0, rounding, &inexact);
    if (inexact && exact) fp->flags |= FPSR_IXC;
    if (magnitude == 0) return FPZero(n, v.sign);
    return FPRound(fp, n, v.sign, magnitude, 0, FPRounding_ZERO);
}

u64 FPRoundIntN(Fpu *fp, unsigned n, u64 op, FPRounding rounding, unsigned intsize) {
    FpValue v = FPUnpack(fp, n, op);
    if (fp_is_zero(&v)) return FPZero(n, v.sign);
    bool inexact = false;
    u128 magnitude = (u128)1 << 126;  // NaN and infinity
    if (!fp_is_nan(&v) && !fp_is_inf(&v))
        magnitude = round_magnitude(&v, 0, rounding, &inexact);
    else
        v.sign = false;
    if (magnitude > (u128)ones(intsize - 1) + v.sign) {
        fp->flags |= FPSR_IOC;  // and the result is the most negative integer
        return FPRound(fp, n, true, (u128)1 << (intsize - 1), 0, FPRounding_ZERO);
    }
    if (inexact) fp->flags |= FPSR_IXC;
    if (magnitude == 0) return FPZero(n, v.sign);
    return FPRound(fp, n, v.sign, magnitude, 0, FPRounding_ZERO);
}
