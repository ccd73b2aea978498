// The base of the floating-point functions: constants, FPUnpack, FPRound, NaN propagation.
// Arm ARM: shared pseudo-code functions "FPUnpackBase", "FPRoundBase", "FPProcessNaNs". See fpu.h.
#include "cpu/fpu_internal.h"

u64 FPZero(unsigned n, bool sign) {
    return (u64)sign << (n - 1);
}

u64 FPInfinity(unsigned n, bool sign) {
    unsigned f = fp_frac_bits(n);
    return FPZero(n, sign) | ones(n - 1 - f) << f;
}

u64 FPMaxNormal(unsigned n, bool sign) {
    return FPInfinity(n, sign) - 1;
}

u64 FPDefaultNaN(unsigned n) {
    return FPInfinity(n, false) | 1ull << (fp_frac_bits(n) - 1);
}

u64 VFPExpandImm(unsigned n, u8 imm8) {
    unsigned f = fp_frac_bits(n), e = n - 1 - f;
    u64 b = bit(imm8, 6);
    u64 exp = (b ^ 1) << (e - 1) | (b ? ones(e - 3) << 2 : 0) | bits(imm8, 5, 4);
    return FPZero(n, bit(imm8, 7)) | exp << f | (u64)(imm8 & 15) << (f - 4);
}

static FpValue unpack(Fpu *fp, unsigned n, u64 op, u32 fpcr) {
    unsigned f = fp_frac_bits(n);
    u64 exp = bits(op, n - 2, f), frac = op & ones(f);
    FpValue v = {FPType_Zero, bit(op, n - 1), 0, 0};
    if (exp == 0) {
        if (frac == 0) return v;
        if (fp_flushes(fpcr, n)) {
            if (n != 16) fp->flags |= FPSR_IDC;
            return v;
        }
        v.type = FPType_Denormal;
        v.mant = frac;
        v.exp = 1 - fp_bias(n) - (int)f;
    } else if (exp == ones(n - 1 - f) && !(n == 16 && (fpcr & FPCR_AHP))) {
        if (frac == 0)
            v.type = FPType_Infinity;
        else
            v.type = bit(frac, f - 1) ? FPType_QNaN : FPType_SNaN;
    } else {
        v.type = FPType_Nonzero;
        v.mant = frac | 1ull << f;
        v.exp = (int)exp - fp_bias(n) - (int)f;
    }
    return v;
}

FpValue FPUnpack(Fpu *fp, unsigned n, u64 op) {
    return unpack(fp, n, op, fp->fpcr & ~FPCR_AHP);
}
FpValue FPUnpackCV(Fpu *fp, unsigned n, u64 op) {
    return unpack(fp, n, op, fp->fpcr & ~FPCR_FZ16);
}

static bool rounds_up(FPRounding rounding, bool sign, u64 mant, u64 error) {
    const u64 half = 1ull << 63;
    switch (rounding) {
    case FPRounding_TIEEVEN: return error > half || (error == half && (mant & 1));
    case FPRounding_POSINF: return error && !sign;
    case FPRounding_NEGINF: return error && sign;
    default: return false;
    }
}

static u64 overflow(Fpu *fp, unsigned n, bool sign, FPRounding rounding) {
    bool to_inf = rounding == FPRounding_TIEEVEN || (rounding == FPRounding_POSINF && !sign) ||
                  (rounding == FPRounding_NEGINF && sign);
    fp->flags |= FPSR_OFC | FPSR_IXC;
    return to_inf ? FPInfinity(n, sign) : FPMaxNormal(n, sign);
}

// FPRoundBase. f: the fraction bits that are kept.
static u64 round_base(Fpu *fp, unsigned n, unsigned f, bool sign, u128 mant, int exp,
                      FPRounding rounding, u32 fpcr) {
    const unsigned fraction = fp_frac_bits(n), e = n - 1 - fraction;
    const int minimum_exp = 1 - fp_bias(n);
    unsigned zeros = clz128(mant);
    mant <<= zeros;
    u64 m = (u64)(mant >> 64) | ((u64)mant != 0);  // 1.xxx, bit 0 sticky
    int exponent = exp + 127 - (int)zeros;
    if (fp_flushes(fpcr, n) && exponent < minimum_exp) {
        fp->flags |= FPSR_UFC;
        return FPZero(n, sign);
    }
    int biased = MAX(exponent - minimum_exp + 1, 0);
    // Integer part above bit 64, error below it.
    unsigned shift = 63 - f;
    if (biased == 0) shift = MIN(shift + (unsigned)(minimum_exp - exponent), 127u);
    u128 parts = shift_right_jam((u128)m << 64, shift);
    u64 int_mant = (u64)(parts >> 64), error = (u64)parts;
    if (biased == 0 && error) fp->flags |= FPSR_UFC;  // tininess is detected before rounding
    if (rounds_up(rounding, sign, int_mant, error)) {
        int_mant++;
        if (int_mant == 1ull << f) biased = 1;
        if (int_mant == 1ull << (f + 1)) {
            biased++;
            int_mant >>= 1;
        }
    }
    if (error && rounding == FPRounding_ODD) int_mant |= 1;
    if (n == 16 && (fpcr & FPCR_AHP)) {
        if (biased >= 1 << e) {
            fp->flags |= FPSR_IOC;
            return FPZero(n, sign) | ones(n - 1);
        }
    } else if (biased >= (1 << e) - 1) {
        return overflow(fp, n, sign, rounding);
    }
    if (error) fp->flags |= FPSR_IXC;
    return FPZero(n, sign) | (u64)biased << fraction | (int_mant & ones(f)) << (fraction - f);
}

u64 FPRound(Fpu *fp, unsigned n, bool sign, u128 mant, int exp, FPRounding rounding) {
    return round_base(fp, n, fp_frac_bits(n), sign, mant, exp, rounding, fp->fpcr & ~FPCR_AHP);
}
u64 FPRoundCV(Fpu *fp, unsigned n, bool sign, u128 mant, int exp, FPRounding rounding) {
    return round_base(fp, n, fp_frac_bits(n), sign, mant, exp, rounding, fp->fpcr & ~FPCR_FZ16);
}
u64 FPRoundBF(Fpu *fp, bool sign, u128 mant, int exp, FPRounding rounding) {
    return round_base(fp, 32, 7, sign, mant, exp, rounding, fp->fpcr);
}

// --- NaNs ---------------------------------------------------------------------------------------
u64 FPProcessNaN(Fpu *fp, unsigned n, FPType type, u64 op) {
    if (type == FPType_SNaN) {
        op |= 1ull << (fp_frac_bits(n) - 1);
        fp->flags |= FPSR_IOC;
    }
    return fp->fpcr & FPCR_DN ? FPDefaultNaN(n) : op;
}

bool FPProcessNaNs(Fpu *fp, unsigned n, const FpValue *v1, const FpValue *v2, u64 op1, u64 op2,
                   u64 *result) {
    if (!fp_is_nan(v1) && !fp_is_nan(v2)) return false;
    // A signalling NaN before a quiet one, then the first operand.
    bool second = v2->type == FPType_SNaN ? v1->type != FPType_SNaN : !fp_is_nan(v1);
    *result = second ? FPProcessNaN(fp, n, v2->type, op2) : FPProcessNaN(fp, n, v1->type, op1);
    return true;
}

u64 FPConvertNaN(unsigned n, unsigned m, u64 op) {
    u64 frac = (op & ones(fp_frac_bits(n) - 1)) << (52 - fp_frac_bits(n));
    return FPZero(m, bit(op, n - 1)) | FPDefaultNaN(m) | frac >> (52 - fp_frac_bits(m));
}
