// What the fpu_*.c files share: formats, unpacking, NaN rules and the one place that rounds.
#pragma once

#include "cpu/fpu.h"

typedef enum FPType {
    FPType_Zero,
    FPType_Denormal,
    FPType_Nonzero,
    FPType_Infinity,
    FPType_QNaN,
    FPType_SNaN,
} FPType;

// A finite value is mant * 2^exp, negative if sign.
typedef struct FpValue {
    FPType type;
    bool sign;
    int exp;
    u64 mant;
} FpValue;

static inline unsigned fp_frac_bits(unsigned n) {
    return n == 16 ? 10 : n == 32 ? 23 : 52;
}
static inline int fp_bias(unsigned n) {
    return n == 16 ? 15 : n == 32 ? 127 : 1023;
}
static inline bool fp_is_nan(const FpValue *v) {
    return v->type >= FPType_QNaN;
}
static inline bool fp_is_inf(const FpValue *v) {
    return v->type == FPType_Infinity;
}
static inline bool fp_is_zero(const FpValue *v) {
    return v->type == FPType_Zero;
}
// Results below the normal range are flushed to zero.
static inline bool fp_flushes(u32 fpcr, unsigned n) {
    return (fpcr & (n == 16 ? FPCR_FZ16 : FPCR_FZ)) != 0;
}

FpValue FPUnpack(Fpu *fp, unsigned n, u64 op);
// For conversions between formats: alternative half precision counts, FZ16 does not.
FpValue FPUnpackCV(Fpu *fp, unsigned n, u64 op);

// mant * 2^exp rounded to format n; mant is not 0. FPRoundCV: as FPUnpackCV.
u64 FPRound(Fpu *fp, unsigned n, bool sign, u128 mant, int exp, FPRounding rounding);
// To single precision with the fraction of a BFloat16 number.
u64 FPRoundBF(Fpu *fp, bool sign, u128 mant, int exp, FPRounding rounding);
u64 FPRoundCV(Fpu *fp, unsigned n, bool sign, u128 mant, int exp, FPRounding rounding);

u64 FPProcessNaN(Fpu *fp, unsigned n, FPType type, u64 op);
// True if an operand is a NaN: *result is then the result.
bool FPProcessNaNs(Fpu *fp, unsigned n, const FpValue *v1, const FpValue *v2, u64 op1, u64 op2,
                   u64 *result);
u64 FPConvertNaN(unsigned n, unsigned m, u64 op);

static inline u64 fp_invalid(Fpu *fp, unsigned n) {
    fp->flags |= FPSR_IOC;
    return FPDefaultNaN(n);
}

static inline unsigned clz128(u128 x) {
    u64 high = (u64)(x >> 64);
    return high ? (unsigned)__builtin_clzll(high) : 64 + (unsigned)__builtin_clzll((u64)x);
}

// x / 2^n, n >= 0, with bit 0 set if a one was shifted out ("sticky").
static inline u128 shift_right_jam(u128 x, unsigned n) {
    if (n == 0) return x;
    if (n >= 128) return x != 0;
    return (x >> n) | ((x << (128 - n)) != 0);
}
