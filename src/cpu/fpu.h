// Floating-point arithmetic as Arm defines it (Arm ARM: "Floating-point support" in the A64
// programmers' model, and the shared pseudo-code functions FPAdd, FPMulAdd, FPToFixed, ...): half,
// single and double precision in integer arithmetic, exact, with the cumulative exception flags.
// Nothing here depends on the host's floating-point unit or on a Cpu.
// Left out: trapped exceptions (not implemented by any CPU model: the enable bits of FPCR are
// RES0), FEAT_AFP (FPCR.AH, FIZ, NEP), FEAT_EBF16.
#pragma once

#include "base/base.h"

// FPCR as the operation sees it, and the flags (bits of FPSR) that the operation raised.
typedef struct Fpu {
    u32 fpcr;
    u32 flags;
} Fpu;

enum {
    FPSR_IOC = 1u << 0,
    FPSR_DZC = 1u << 1,
    FPSR_OFC = 1u << 2,
    FPSR_UFC = 1u << 3,
    FPSR_IXC = 1u << 4,
    FPSR_IDC = 1u << 7,
    FPCR_FZ16 = 1u << 19,
    FPCR_RMODE_SHIFT = 22,
    FPCR_RMODE = 3u << 22,
    FPCR_FZ = 1u << 24,
    FPCR_DN = 1u << 25,
    FPCR_AHP = 1u << 26,
};

// The first four are the values of FPCR.RMode.
typedef enum FPRounding {
    FPRounding_TIEEVEN,
    FPRounding_POSINF,
    FPRounding_NEGINF,
    FPRounding_ZERO,
    FPRounding_TIEAWAY,
    FPRounding_ODD,
} FPRounding;

// In every function n is the width of the format, 16, 32 or 64; values are bit patterns in the low
// n bits, the bits above are 0 in arguments and results.

static inline FPRounding FPRoundingMode(const Fpu *fp) {
    return (FPRounding)((fp->fpcr & FPCR_RMODE) >> FPCR_RMODE_SHIFT);
}

static ALWAYS_INLINE u64 FPNeg(unsigned n, u64 op) {
    return op ^ 1ull << (n - 1);
}
static ALWAYS_INLINE u64 FPAbs(unsigned n, u64 op) {
    return op & ones(n - 1);
}
u64 FPZero(unsigned n, bool sign);
u64 FPInfinity(unsigned n, bool sign);
u64 FPMaxNormal(unsigned n, bool sign);
u64 FPDefaultNaN(unsigned n);
u64 VFPExpandImm(unsigned n, u8 imm8);

// fpu_arith.c
u64 FPAdd(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPSub(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPMul(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPMulX(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPDiv(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPSqrt(Fpu *fp, unsigned n, u64 op);
// addend + op1 * op2, rounded once.
u64 FPMulAdd(Fpu *fp, unsigned n, u64 addend, u64 op1, u64 op2);
// The same with a single-precision addend and half-precision factors.
u64 FPMulAddH(Fpu *fp, u64 addend, u64 op1, u64 op2);
// BFloat16 (FEAT_BF16): the upper half of a single-precision number.
// addend + op1_a * op2_a + op1_b * op2_b, each step rounded to odd; no flags, no FPCR.
u32 BFDotAdd(u32 addend, u16 op1_a, u16 op1_b, u16 op2_a, u16 op2_b);
// addend + op1 * op2, rounded once; as FPMulAdd() of single precision.
u64 BFMulAddH(Fpu *fp, u64 addend, u16 op1, u16 op2);
u64 FPRecipStepFused(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPRSqrtStepFused(Fpu *fp, unsigned n, u64 op1, u64 op2);

// fpu_compare.c. FPCompare: N, Z, C, V as bits 3..0.
unsigned FPCompare(Fpu *fp, unsigned n, u64 op1, u64 op2, bool signal_nans);
bool FPCompareEQ(Fpu *fp, unsigned n, u64 op1, u64 op2);
bool FPCompareGE(Fpu *fp, unsigned n, u64 op1, u64 op2);
bool FPCompareGT(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPMax(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPMin(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPMaxNum(Fpu *fp, unsigned n, u64 op1, u64 op2);
u64 FPMinNum(Fpu *fp, unsigned n, u64 op1, u64 op2);

// fpu_convert.c
// From format n to format m.
u64 FPConvert(Fpu *fp, unsigned n, unsigned m, u64 op, FPRounding rounding);
// From single precision to BFloat16.
u64 FPConvertBF(Fpu *fp, u64 op, FPRounding rounding);
// To an integer of m bits with fbits fraction bits, saturating.
u64 FPToFixed(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned fbits, bool is_unsigned,
              FPRounding rounding);
// From such an integer of m bits.
u64 FixedToFP(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned fbits, bool is_unsigned,
              FPRounding rounding);
// Double to 32-bit integer modulo 2^32 (FEAT_JSCVT); *z: the conversion was exact.
u32 FPToFixedJS(Fpu *fp, u64 op, bool *z);
u64 FPRoundInt(Fpu *fp, unsigned n, u64 op, FPRounding rounding, bool exact);
u64 FPRoundIntN(Fpu *fp, unsigned n, u64 op, FPRounding rounding, unsigned intsize);

// fpu_estimate.c
u64 FPRecipEstimate(Fpu *fp, unsigned n, u64 op);
u64 FPRSqrtEstimate(Fpu *fp, unsigned n, u64 op);
u64 FPRecpX(Fpu *fp, unsigned n, u64 op);
u32 UnsignedRecipEstimate(u32 op);
u32 UnsignedRSqrtEstimate(u32 op);
