// Floating point: the arithmetic of fpu.h on values worked out by hand from the Arm ARM's
// pseudo-code (FPRound, FPProcessNaNs, FPMulAdd, FPToFixed, ...), the agreement of the host's fast
// paths with it, and what the instruction rows must leave UNDEFINED.
#include "cpu/decode.h"
#include "cpu/sem_fp_vector.h"
#include "gen/handlers.h"
#include "unit/random_bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    IOC = FPSR_IOC,
    DZC = FPSR_DZC,
    OFC = FPSR_OFC,
    UFC = FPSR_UFC,
    IXC = FPSR_IXC,
    IDC = FPSR_IDC
};
enum { RN = 0, RP = 1 << 22, RM = 2 << 22, RZ = 3 << 22 };
enum { F32_ONE = 0x3f800000, F32_QNAN = 0x7fc00000, F32_INF = 0x7f800000, F32_MAX = 0x7f7fffff };
#define F64_ONE 0x3ff0000000000000ull

// One operation with this FPCR must give this result and raise these flags.
#define EXPECT(fpcr_, call, result, flags_) \
    do { \
        Fpu f = {(fpcr_), 0}; \
        assert_int_equal((call), (result)); \
        assert_int_equal(f.flags, (flags_)); \
    } while (0)

static void rounding_modes(void **state) {
    (void)state;
    EXPECT(RN, FPDiv(&f, 32, F32_ONE, 0x40400000), 0x3eaaaaab, IXC);  // 1/3
    EXPECT(RP, FPDiv(&f, 32, F32_ONE, 0x40400000), 0x3eaaaaab, IXC);
    EXPECT(RM, FPDiv(&f, 32, F32_ONE, 0x40400000), 0x3eaaaaaa, IXC);
    EXPECT(RZ, FPDiv(&f, 32, F32_ONE, 0x40400000), 0x3eaaaaaa, IXC);
    EXPECT(RM, FPDiv(&f, 32, 0xbf800000, 0x40400000), 0xbeaaaaab, IXC);
    EXPECT(RN, FPDiv(&f, 64, F64_ONE, 0x4008000000000000), 0x3fd5555555555555, IXC);
    EXPECT(RP, FPDiv(&f, 64, F64_ONE, 0x4008000000000000), 0x3fd5555555555556, IXC);
    EXPECT(RN, FPDiv(&f, 16, 0x3c00, 0x4200), 0x3555, IXC);
    EXPECT(RN, FPAdd(&f, 32, F32_MAX, F32_MAX), F32_INF, OFC | IXC);
    EXPECT(RZ, FPAdd(&f, 32, F32_MAX, F32_MAX), F32_MAX, OFC | IXC);
    EXPECT(RM, FPAdd(&f, 32, 0xff7fffff, 0xff7fffff), 0xff800000, OFC | IXC);
    EXPECT(RP, FPAdd(&f, 32, 0xff7fffff, 0xff7fffff), 0xff7fffff, OFC | IXC);
    // x - x is +0, except towards minus infinity
    EXPECT(RN, FPSub(&f, 64, F64_ONE, F64_ONE), 0, 0);
    EXPECT(RM, FPSub(&f, 64, F64_ONE, F64_ONE), 1ull << 63, 0);
    EXPECT(RM, FPAdd(&f, 64, 0, 0), 0, 0);
    EXPECT(RN, FPSqrt(&f, 64, 0x4000000000000000), 0x3ff6a09e667f3bcd, IXC);
    EXPECT(RN, FPSqrt(&f, 32, 0x40800000), 0x40000000, 0);
    EXPECT(RN, FPSqrt(&f, 32, 0x80000000), 0x80000000, 0);
}

// 2^-126 * (1 - 2^-24) lies halfway below the smallest normal number: rounds up to it, and yet is
// tiny, since that is decided before rounding.
static void underflow(void **state) {
    (void)state;
    EXPECT(RN, FPMul(&f, 32, 0x00800000, 0x3f7fffff), 0x00800000, UFC | IXC);
    EXPECT(FPCR_FZ, FPMul(&f, 32, 0x00800000, 0x3f7fffff), 0, UFC);
    EXPECT(RN, FPMul(&f, 32, 0x00800000, 0x3f000000), 0x00400000, 0);  // exact: no underflow
    EXPECT(FPCR_FZ, FPMul(&f, 32, 0x80800000, 0x3f000000), 0x80000000, UFC);
    EXPECT(FPCR_FZ, FPAdd(&f, 32, F32_ONE, 1), F32_ONE, IDC);
    EXPECT(RN, FPAdd(&f, 32, F32_ONE, 1), F32_ONE, IXC);
    EXPECT(RP, FPMul(&f, 32, 1, 1), 1, UFC | IXC);
    // half precision has its own bit and no Input Denormal flag
    EXPECT(FPCR_FZ, FPAdd(&f, 16, 0x3c00, 1), 0x3c00, IXC);
    EXPECT(FPCR_FZ16, FPAdd(&f, 16, 0x3c00, 1), 0x3c00, 0);
    EXPECT(FPCR_FZ16, FPMul(&f, 16, 0x0400, 0x3800), 0, UFC);
}

static void nans(void **state) {
    (void)state;
    EXPECT(RN, FPAdd(&f, 32, 0x7fc00001, 0x7f800002), 0x7fc00002, IOC);  // signalling first
    EXPECT(RN, FPAdd(&f, 32, 0x7fc00001, 0xffc00002), 0x7fc00001, 0);
    EXPECT(RN, FPAdd(&f, 32, F32_ONE, 0xffc00002), 0xffc00002, 0);
    EXPECT(RN, FPAdd(&f, 32, 0x7f800001, 0x7f800002), 0x7fc00001, IOC);
    EXPECT(FPCR_DN, FPAdd(&f, 32, F32_ONE, 0xffc00002), F32_QNAN, 0);
    EXPECT(RN, FPSub(&f, 32, F32_INF, F32_INF), F32_QNAN, IOC);
    EXPECT(RN, FPMul(&f, 32, F32_INF, 0), F32_QNAN, IOC);
    EXPECT(RN, FPMulX(&f, 32, F32_INF, 0x80000000), 0xc0000000, 0);
    EXPECT(RN, FPDiv(&f, 32, 0, 0), F32_QNAN, IOC);
    EXPECT(RN, FPDiv(&f, 32, F32_ONE, 0x80000000), 0xff800000, DZC);
    EXPECT(RN, FPDiv(&f, 32, F32_INF, 0), F32_INF, 0);
    EXPECT(RN, FPSqrt(&f, 64, 0xbff0000000000000), 0x7ff8000000000000, IOC);
    // infinity * 0 + quiet NaN: invalid, default NaN; the signalling NaN goes before
    EXPECT(RN, FPMulAdd(&f, 32, 0xffc00003, F32_INF, 0), F32_QNAN, IOC);
    EXPECT(RN, FPMulAdd(&f, 32, 0x7f800003, F32_INF, 0), 0x7fc00003, IOC);
    EXPECT(RN, FPMulAdd(&f, 32, 0x7fc00003, 0x7fc00004, 0x7f800005), 0x7fc00005, IOC);
    EXPECT(RN, FPMulAdd(&f, 32, 0x7fc00003, 0x7fc00004, F32_ONE), 0x7fc00003, 0);
    EXPECT(RN, FPMulAdd(&f, 32, 0xff800000, F32_INF, F32_ONE), F32_QNAN, IOC);
    EXPECT(RN, FPMulAddH(&f, F32_ONE, 0x7c01, 0), 0x7fc02000, IOC);
}

static void fused(void **state) {
    (void)state;
    // (1 + 2^-52)(1 - 2^-53) - 1 = 2^-53 - 2^-105, which two roundings would lose
    EXPECT(RN, FPMulAdd(&f, 64, 0xbff0000000000000, 0x3ff0000000000001, 0x3fefffffffffffff),
           0x3c9ffffffffffffe, 0);
    EXPECT(RN, FPMulAdd(&f, 32, 0x80000000, 0, F32_ONE), 0, 0);
    EXPECT(RM, FPMulAdd(&f, 32, F32_ONE, F32_ONE, 0xbf800000), 0x80000000, 0);
    // the smallest number decides the direction
    EXPECT(RP, FPMulAdd(&f, 64, 1, F64_ONE, F64_ONE), 0x3ff0000000000001, IXC);
    EXPECT(RM, FPMulAdd(&f, 64, 0x8000000000000001, F64_ONE, F64_ONE), 0x3fefffffffffffff, IXC);
    EXPECT(RN, FPMulAddH(&f, F32_ONE, 0x7bff, 0x7bff), 0x4f7fc004, IXC);  // 65504^2 + 1
    EXPECT(RN, FPRecipStepFused(&f, 32, F32_ONE, F32_ONE), F32_ONE, 0);
    EXPECT(RN, FPRecipStepFused(&f, 32, F32_INF, 0), 0x40000000, 0);
    EXPECT(RN, FPRSqrtStepFused(&f, 32, F32_ONE, F32_ONE), F32_ONE, 0);
    EXPECT(RN, FPRSqrtStepFused(&f, 64, 0, 0x7ff0000000000000), 0x3ff8000000000000, 0);
    EXPECT(RN, FPRecipStepFused(&f, 32, 0x7fc00001, 0), 0xffc00001, 0);  // negated first
}

// FPRoundBase with the 7 fraction bits of BFloat16.
static void bfloat16_conversion(void **state) {
    (void)state;
    EXPECT(RN, FPConvertBF(&f, F32_ONE, FPRounding_TIEEVEN), 0x3f80, 0);
    EXPECT(RN, FPConvertBF(&f, 0x3f808000, FPRounding_TIEEVEN), 0x3f80, IXC);  // ties
    EXPECT(RN, FPConvertBF(&f, 0x3f818000, FPRounding_TIEEVEN), 0x3f82, IXC);
    EXPECT(RN, FPConvertBF(&f, 0x3f808001, FPRounding_TIEEVEN), 0x3f81, IXC);
    EXPECT(RN, FPConvertBF(&f, 0x3f800001, FPRounding_POSINF), 0x3f81, IXC);
    EXPECT(RN, FPConvertBF(&f, 0xbf800001, FPRounding_POSINF), 0xbf80, IXC);
    EXPECT(RN, FPConvertBF(&f, 0xbf800001, FPRounding_NEGINF), 0xbf81, IXC);
    EXPECT(RN, FPConvertBF(&f, 0x3fffffff, FPRounding_ZERO), 0x3fff, IXC);
    EXPECT(RN, FPConvertBF(&f, F32_MAX, FPRounding_TIEEVEN), 0x7f80, OFC | IXC);
    EXPECT(RN, FPConvertBF(&f, F32_MAX, FPRounding_ZERO), 0x7f7f, IXC);  // in range
    // subnormal results
    EXPECT(RN, FPConvertBF(&f, 0x00010000, FPRounding_TIEEVEN), 1, 0);
    EXPECT(RN, FPConvertBF(&f, 0x80000001, FPRounding_TIEEVEN), 0x8000, UFC | IXC);
    EXPECT(RN, FPConvertBF(&f, 1, FPRounding_POSINF), 1, UFC | IXC);
    EXPECT(RN, FPConvertBF(&f, 0x007fffff, FPRounding_TIEEVEN), 0x0080, UFC | IXC);
    EXPECT(FPCR_FZ, FPConvertBF(&f, 0x807fffff, FPRounding_TIEEVEN), 0x8000, IDC);
    EXPECT(FPCR_FZ16, FPConvertBF(&f, 0x00010000, FPRounding_TIEEVEN), 1, 0);
    EXPECT(RN, FPConvertBF(&f, 0xff800000, FPRounding_TIEEVEN), 0xff80, 0);
    EXPECT(RN, FPConvertBF(&f, 0xffc12345, FPRounding_TIEEVEN), 0xffc1, 0);
    EXPECT(RN, FPConvertBF(&f, 0x7f800001, FPRounding_TIEEVEN), 0x7fc0, IOC);
    EXPECT(FPCR_DN, FPConvertBF(&f, 0xff810000, FPRounding_TIEEVEN), 0x7fc0, IOC);
}

// BFDotAdd: every step rounded to odd, subnormal numbers are zeros, one NaN.
static void bfloat16_dot_product(void **state) {
    (void)state;
    enum { ONE = 0x3f80, MINUS_ONE = 0xbf80, INF = 0x7f80, BIG = 0x4b80 };  // 2^24
    assert_int_equal(BFDotAdd(F32_ONE, ONE, ONE, ONE, ONE), 0x40400000);
    assert_int_equal(BFDotAdd(0, BIG, ONE, ONE, ONE), 0x4b800001);         // 2^24 + 1
    assert_int_equal(BFDotAdd(0x3f000000, BIG, ONE, ONE, 0), 0x4b800001);  // 2^24 + 0.5
    assert_int_equal(BFDotAdd(0xbf000000, BIG, ONE, ONE, 0), 0x4b7fffff);  // 2^24 - 0.5
    assert_int_equal(BFDotAdd(1, 0, 0, 0, 0), 0);                          // subnormal addend
    assert_int_equal(BFDotAdd(0, 0x0001, 0, BIG, 0), 0);
    assert_int_equal(BFDotAdd(0, 0x0080, 0, 0x3f00, 0), 0);  // 2^-127
    assert_int_equal(BFDotAdd(0, 0x0081, 0, 0x3f80, 0), 0x00810000);
    assert_int_equal(BFDotAdd(0x80000000, 0x8000, 0x8000, ONE, ONE), 0x80000000);
    assert_int_equal(BFDotAdd(0x80000000, 0x8000, 0, ONE, ONE), 0);
    assert_int_equal(BFDotAdd(0xc0000000, ONE, ONE, ONE, ONE), 0);  // 2 - 2 is +0
    assert_int_equal(BFDotAdd(0, 0x7f7f, 0, 0xff7f, 0), 0xff800000);
    assert_int_equal(BFDotAdd(0xff7fffff, 0xff7f, 0, ONE, 0), 0xff800000);
    assert_int_equal(BFDotAdd(F32_ONE, INF, 0, MINUS_ONE, 0), 0xff800000);
    assert_int_equal(BFDotAdd(F32_ONE, INF, 0, 0, 0), F32_QNAN);
    assert_int_equal(BFDotAdd(F32_ONE, INF, 0, 1, 0), F32_QNAN);  // subnormal: zero
    assert_int_equal(BFDotAdd(F32_ONE, INF, INF, ONE, MINUS_ONE), F32_QNAN);
    assert_int_equal(BFDotAdd(0xff800001, ONE, ONE, ONE, ONE), F32_QNAN);
    assert_int_equal(BFDotAdd(0, 0xff81, ONE, ONE, ONE), F32_QNAN);
}

// BFMulAddH is FPMulAdd: rounding mode, flags and NaNs as in single precision.
static void bfloat16_multiply_add(void **state) {
    (void)state;
    EXPECT(RN, BFMulAddH(&f, F32_ONE, 0x3f81, 0x3f81), 0x40010100, 0);
    EXPECT(RP, BFMulAddH(&f, 0x4b800000, 0x3f80, 0x3f00), 0x4b800001, IXC);  // 2^24 + 0.5
    EXPECT(RZ, BFMulAddH(&f, 0x4b800000, 0x3f80, 0x3f00), 0x4b800000, IXC);
    EXPECT(FPCR_FZ, BFMulAddH(&f, F32_ONE, 1, 0x3f80), F32_ONE, IDC);
    EXPECT(RN, BFMulAddH(&f, 0, 1, 0x3f80), 0x00010000, 0);
    EXPECT(RN, BFMulAddH(&f, 0x7fc00000, 0x7f80, 0), F32_QNAN, IOC);
    EXPECT(RN, BFMulAddH(&f, F32_ONE, 0xff81, 0), 0xffc10000, IOC);
    EXPECT(FPCR_DN, BFMulAddH(&f, F32_ONE, 0xffc1, 0), F32_QNAN, 0);
}

static void compare_and_select(void **state) {
    (void)state;
    EXPECT(RN, FPCompare(&f, 32, 0, 0x80000000, false), 6, 0);
    EXPECT(RN, FPCompare(&f, 32, 0xbf800000, 0x80000000, false), 8, 0);
    EXPECT(RN, FPCompare(&f, 64, F64_ONE, 0, false), 2, 0);
    EXPECT(RN, FPCompare(&f, 32, F32_QNAN, 0, false), 3, 0);
    EXPECT(RN, FPCompare(&f, 32, F32_QNAN, 0, true), 3, IOC);
    EXPECT(RN, FPCompare(&f, 32, 0, 0x7f800001, false), 3, IOC);
    EXPECT(FPCR_FZ, FPCompare(&f, 32, 1, 0, false), 6, IDC);
    EXPECT(RN, FPCompareGE(&f, 16, 0x7e00, 0), false, IOC);
    EXPECT(RN, FPMax(&f, 32, 0x80000000, 0), 0, 0);
    EXPECT(RN, FPMin(&f, 32, 0, 0x80000000), 0x80000000, 0);
    EXPECT(RN, FPMax(&f, 32, 0x80000000, 0xbf800000), 0x80000000, 0);
    EXPECT(RN, FPMax(&f, 32, F32_QNAN, F32_ONE), F32_QNAN, 0);
    EXPECT(RN, FPMaxNum(&f, 32, F32_QNAN, F32_ONE), F32_ONE, 0);
    EXPECT(RN, FPMinNum(&f, 32, F32_ONE, F32_QNAN), F32_ONE, 0);
    EXPECT(RN, FPMaxNum(&f, 32, 0x7f800001, F32_ONE), 0x7fc00001, IOC);
    EXPECT(RN, FPMinNum(&f, 32, 0x7fc00001, 0x7fc00002), 0x7fc00001, 0);
}

static void formats(void **state) {
    (void)state;
    EXPECT(RN, FPConvert(&f, 32, 64, 1, FPRounding_TIEEVEN), 0x36a0000000000000, 0);
    EXPECT(FPCR_FZ, FPConvert(&f, 32, 64, 1, FPRounding_TIEEVEN), 0, IDC);
    EXPECT(FPCR_FZ16, FPConvert(&f, 16, 32, 1, FPRounding_TIEEVEN), 0x33800000, 0);
    EXPECT(FPCR_FZ | FPCR_FZ16, FPConvert(&f, 32, 16, 0x33800000, FPRounding_TIEEVEN), 1, 0);
    EXPECT(RN, FPConvert(&f, 32, 16, 0x477ff000, FPRounding_TIEEVEN), 0x7c00, OFC | IXC);
    EXPECT(RN, FPConvert(&f, 64, 32, 0x7ff0000020000000, FPRounding_TIEEVEN), 0x7fc00001, IOC);
    EXPECT(RN, FPConvert(&f, 16, 64, 0xfe01, FPRounding_TIEEVEN), 0xfff8040000000000, 0);
    // alternative half precision: more numbers, no infinities, no NaNs
    EXPECT(FPCR_AHP, FPConvert(&f, 32, 16, 0x477ff000, FPRounding_TIEEVEN), 0x7c00, IXC);
    EXPECT(FPCR_AHP, FPConvert(&f, 16, 32, 0x7c00, FPRounding_TIEEVEN), 0x47800000, 0);
    EXPECT(FPCR_AHP, FPConvert(&f, 32, 16, F32_INF, FPRounding_TIEEVEN), 0x7fff, IOC);
    EXPECT(FPCR_AHP, FPConvert(&f, 32, 16, 0x49000000, FPRounding_TIEEVEN), 0x7fff, IOC);
    EXPECT(FPCR_AHP, FPConvert(&f, 32, 16, 0xffc00000, FPRounding_TIEEVEN), 0x8000, IOC);
    EXPECT(RN, FPConvert(&f, 64, 32, 0x3ff0000000001000, FPRounding_ODD), 0x3f800001, IXC);
    EXPECT(RN, FPConvert(&f, 64, 32, 0x7fefffffffffffff, FPRounding_ODD), F32_MAX, OFC | IXC);
}

static void fixed_point(void **state) {
    (void)state;
    const FPRounding even = FPRounding_TIEEVEN, away = FPRounding_TIEAWAY, zero = FPRounding_ZERO;
    EXPECT(RN, FPToFixed(&f, 32, 32, 0x40200000, 0, false, even), 2, IXC);  // 2.5
    EXPECT(RN, FPToFixed(&f, 32, 32, 0x40200000, 0, false, away), 3, IXC);
    EXPECT(RN, FPToFixed(&f, 32, 32, 0xc0200000, 0, false, away), 0xfffffffd, IXC);
    EXPECT(RN, FPToFixed(&f, 32, 32, 0xc0200000, 0, false, FPRounding_POSINF), 0xfffffffe, IXC);
    EXPECT(RN, FPToFixed(&f, 32, 32, 0x4f000000, 0, false, zero), 0x7fffffff, IOC);
    EXPECT(RN, FPToFixed(&f, 32, 32, 0xcf000000, 0, false, zero), 0x80000000, 0);
    EXPECT(RN, FPToFixed(&f, 32, 32, 0xbf000000, 0, true, zero), 0, IXC);
    EXPECT(RN, FPToFixed(&f, 32, 32, 0xbf800000, 0, true, zero), 0, IOC);
    EXPECT(RN, FPToFixed(&f, 64, 64, 0x43f0000000000000, 0, true, zero), ~0ull, IOC);
    EXPECT(RN, FPToFixed(&f, 64, 64, 0x7ff8000000000000, 0, false, zero), 0, IOC);
    EXPECT(RN, FPToFixed(&f, 64, 64, 0xfff0000000000000, 0, false, zero), 1ull << 63, IOC);
    EXPECT(RN, FPToFixed(&f, 32, 32, F32_ONE, 16, false, zero), 0x10000, 0);
    EXPECT(FPCR_FZ, FPToFixed(&f, 32, 32, 1, 0, false, FPRounding_POSINF), 0, IDC);
    EXPECT(RN, FixedToFP(&f, 64, 64, ~0ull, 0, true, even), 0x43f0000000000000, IXC);
    EXPECT(RN, FixedToFP(&f, 64, 64, ~0ull, 0, false, even), 0xbff0000000000000, 0);
    EXPECT(RN, FixedToFP(&f, 32, 64, 0xffffffff, 0, false, zero), 0x4f7fffff, IXC);
    EXPECT(RN, FixedToFP(&f, 16, 32, 70000, 0, false, even), 0x7c00, OFC | IXC);
    EXPECT(RN, FixedToFP(&f, 32, 32, 1, 32, false, even), 0x2f800000, 0);
    bool z;
    EXPECT(RN, FPToFixedJS(&f, 0x41f0000000500000, &z), 5, IOC);  // 2^32 + 5
    assert_false(z);
    EXPECT(RN, FPToFixedJS(&f, 0xc1f0000000500000, &z), 0xfffffffb, IOC);
    EXPECT(RN, FPToFixedJS(&f, 0xbff0000000000000, &z), 0xffffffff, 0);
    assert_true(z);
    EXPECT(RN, FPToFixedJS(&f, 0x8000000000000000, &z), 0, 0);
    assert_false(z);
    EXPECT(RN, FPToFixedJS(&f, 0x3ff8000000000000, &z), 1, IXC);
    assert_false(z);
}

static void integral(void **state) {
    (void)state;
    EXPECT(RN, FPRoundInt(&f, 32, 0x40200000, FPRounding_TIEEVEN, false), 0x40000000, 0);
    EXPECT(RN, FPRoundInt(&f, 32, 0x40200000, FPRounding_TIEEVEN, true), 0x40000000, IXC);
    EXPECT(RN, FPRoundInt(&f, 32, 0xbe800000, FPRounding_POSINF, true), 0x80000000, IXC);
    EXPECT(RN, FPRoundInt(&f, 64, 1, FPRounding_POSINF, false), F64_ONE, 0);
    EXPECT(RN, FPRoundInt(&f, 64, 0x7ff0000000000001, FPRounding_ZERO, false), 0x7ff8000000000001,
           IOC);
    EXPECT(RN, FPRoundInt(&f, 16, 0x3e00, FPRounding_TIEAWAY, false), 0x4000, 0);  // 1.5
    EXPECT(RN, FPRoundIntN(&f, 32, 0x4f000000, FPRounding_ZERO, 32), 0xcf000000, IOC);
    EXPECT(RN, FPRoundIntN(&f, 64, 0xc1e0000000000000, FPRounding_ZERO, 32), 0xc1e0000000000000, 0);
    EXPECT(RN, FPRoundIntN(&f, 64, 0x7ff8000000000000, FPRounding_ZERO, 64), 0xc3e0000000000000,
           IOC);
    EXPECT(RN, FPRoundIntN(&f, 64, 0x3ff8000000000000, FPRounding_ZERO, 64), F64_ONE, IXC);
}

static void estimates(void **state) {
    (void)state;
    EXPECT(RN, FPRecipEstimate(&f, 32, F32_ONE), 0x3f7f8000, 0);
    EXPECT(RN, FPRecipEstimate(&f, 32, 0x80000000), 0xff800000, DZC);
    EXPECT(RN, FPRecipEstimate(&f, 32, 1), F32_INF, OFC | IXC);
    EXPECT(RZ, FPRecipEstimate(&f, 32, 1), F32_MAX, OFC | IXC);
    EXPECT(FPCR_FZ, FPRecipEstimate(&f, 32, 0x7e800000), 0, UFC);
    EXPECT(RN, FPRecipEstimate(&f, 32, 0x7f000000), 0x003fe000, 0);  // 2^127: a denormal result
    EXPECT(RN, FPRSqrtEstimate(&f, 32, F32_ONE), 0x3f7f8000, 0);
    EXPECT(RN, FPRSqrtEstimate(&f, 32, 0xbf800000), F32_QNAN, IOC);
    EXPECT(RN, FPRSqrtEstimate(&f, 64, 0x8000000000000000), 0xfff0000000000000, DZC);
    EXPECT(RN, FPRecpX(&f, 32, F32_ONE), 0x40000000, 0);
    EXPECT(RN, FPRecpX(&f, 16, 0), 0x7800, 0);
    assert_int_equal(UnsignedRecipEstimate(0x80000000), 0xff800000);
    assert_int_equal(UnsignedRecipEstimate(0x7fffffff), 0xffffffff);
    assert_int_equal(UnsignedRSqrtEstimate(0x40000000), 0xff800000);
    assert_int_equal(UnsignedRSqrtEstimate(0x3fffffff), 0xffffffff);
    for (u32 top = 128; top < 512; top++) {  // RecipSqrtEstimate as the pseudo-code counts
        u32 a = top < 256 ? 2 * top + 1 : (top / 2 * 2 + 1) * 2, b = 512;
        while ((u64)a * (b + 1) * (b + 1) < 1u << 28) b++;
        assert_int_equal(UnsignedRSqrtEstimate(top << 23), ((b + 1) / 2 & 0x1ff) << 23);
    }
    assert_int_equal(VFPExpandImm(32, 0x70), F32_ONE);
    assert_int_equal(VFPExpandImm(64, 0x80), 0xc000000000000000);
    assert_int_equal(VFPExpandImm(16, 0x3f), 0x37c0 + 0x1800);
}

// --- the fast paths ------------------------------------------------------------------------------
static Cpu cpu;

// Values near one another, short ones and specials: sums cancel, products are often exact.
static u64 random_value(int n) {
    unsigned f = n == 16 ? 10 : n == 32 ? 23 : 52;
    u64 r = random_bits(), frac = random_bits() & ones(f), sign = (r & 1) << (n - 1);
    if (r >> 8 & 1) frac &= ~ones(f) | ones(f) << (r >> 16) % f;
    u64 bias = n == 16 ? 15 : n == 32 ? 127 : 1023;
    switch (r >> 1 & 15) {
    case 0: return sign | (r >> 16) % 3;
    case 1: return sign | FPInfinity((unsigned)n, false) | (r >> 16) % 2;
    case 2: return sign | (r >> 16) % 4 << f | (frac & ones(f));
    case 3: return sign | (2 * bias - (r >> 16) % 3) << f | (frac & ones(f));
    default: return sign | (bias - 4 + (r >> 16) % 9) << f | (frac & ones(f));
    }
}

enum { MODES = FPCR_RMODE | FPCR_FZ | FPCR_FZ16 | FPCR_DN | FPCR_AHP };

static void expect_same(u64 got, u64 want, const Fpu *fp, u64 fpsr_before) {
    assert_int_equal(got, want);
    assert_int_equal(cpu.sys.FPSR, fpsr_before | fp->flags);
}

static void fast_paths_are_exact(void **state) {
    (void)state;
    for (int i = 0; i < 300000; i++) {
        int n = 16 << i % 3;
        unsigned w = (unsigned)n;
        u64 a = random_value(n), b = random_value(n), c = random_value(n);
        u64 before = i & 2 ? IXC : 0;
        cpu.sys.FPCR = i & 12 ? 0 : random_bits() & MODES;
        Fpu f;
#define SAME(fast, slow) \
    do { \
        cpu.sys.FPSR = before; \
        f = fpu_begin(&cpu); \
        u64 want = (slow); \
        expect_same((fast), want, &f, before); \
    } while (0)
        SAME(fp_add(&cpu, n, a, b), FPAdd(&f, w, a, b));
        SAME(fp_sub(&cpu, n, a, b), FPSub(&f, w, a, b));
        SAME(fp_mul(&cpu, n, a, b), FPMul(&f, w, a, b));
        SAME(fp_div(&cpu, n, a, b), FPDiv(&f, w, a, b));
        SAME(fp_muladd(&cpu, n, c, a, b), FPMulAdd(&f, w, c, a, b));
        SAME(fp_sqrt(&cpu, n, a), FPSqrt(&f, w, a));
        SAME(fp_compare(&cpu, n, a, b, true), FPCompare(&f, w, a, b, true));
        int to = n == 16 ? 32 : n == 64 ? 32 : i & 1 ? 64 : 16;
        SAME(fp_convert(&cpu, n, to, a), FPConvert(&f, w, (unsigned)to, a, FPRoundingMode(&f)));
        if (n == 16) continue;
        SAME(fp_to_int_zero(&cpu, n, 32, a, true),
             FPToFixed(&f, w, 32, a, 0, true, FPRounding_ZERO));
        SAME(fp_to_int_zero(&cpu, n, 64, a, false),
             FPToFixed(&f, w, 64, a, 0, false, FPRounding_ZERO));
        u64 x = c >> (random_bits() & 63);
        SAME(fp_from_int_fast(&cpu, n, 64, x, false),
             FixedToFP(&f, w, 64, x, 0, false, FPRoundingMode(&f)));
        SAME(fp_from_int_fast(&cpu, n, 32, x, true),
             FixedToFP(&f, w, 32, x, 0, true, FPRoundingMode(&f)));
    }
}

static V128 random_vector(unsigned n) {
    V128 v;
    for (unsigned i = 0; i < 128 / n; i++) fp_set_lane(&v, n, i, random_value((int)n));
    return v;
}

// want becomes the sum of d and n times m, and the flags are counted.
static void mla_lanes(V128 *want, const V128 *n, const V128 *m, u64 form, bool negate) {
    Fpu f = fpu_begin(&cpu);
    unsigned esize = form_esize(form);
    V128 r = {.q = 0};
    for (unsigned i = 0; i < form_lanes(form); i++) {
        u64 x = fp_lane(n, esize, i) ^ (u64)negate << (esize - 1);
        fp_set_lane(&r, esize, i,
                    FPMulAdd(&f, esize, fp_lane(want, esize, i), x, fp_lane(m, esize, i)));
    }
    *want = r;
    fpu_end(&cpu, &f);
}

// The fast ways and the exact ones.
static void check_vectors(const V128 *a, const V128 *b, const V128 *c, u64 form, bool negate,
                          u64 before) {
    static FpBinary *const arith[] = {FPAdd, FPSub, fp_abs_diff, FPMul, FPDiv};
    static FpBinary *const orders[] = {fp_test_eq,     fp_test_ge, fp_test_gt, fp_test_abs_ge,
                                       fp_test_abs_gt, FPMax,      FPMin};
    V128 want = {.q = 0}, got = {.q = 0};
    u64 flags;
#define SAME_VECTOR(fast, slow) \
    do { \
        cpu.sys.FPSR = before; \
        slow; \
        flags = cpu.sys.FPSR; \
        cpu.sys.FPSR = before; \
        fast; \
        assert_memory_equal(&got, &want, 16); \
        assert_int_equal(cpu.sys.FPSR, flags); \
    } while (0)
    for (FpArith op = FP_ADD; op <= FP_DIV; op++)
        SAME_VECTOR(fp_arith(&cpu, op, &got, a, b, form),
                    fp_each2(&cpu, arith[op], &want, a, b, form));
    for (FpOrder op = FP_EQ; op <= FP_MIN; op++)
        SAME_VECTOR(fp_order(&cpu, op, orders[op], &got, a, b, form),
                    fp_each2(&cpu, orders[op], &want, a, b, form));
    SAME_VECTOR(fp_step(&cpu, FPRecipStepFused, &got, a, b, form),
                fp_each2(&cpu, FPRecipStepFused, &want, a, b, form));
    SAME_VECTOR(fp_step(&cpu, FPRSqrtStepFused, &got, a, b, form),
                fp_each2(&cpu, FPRSqrtStepFused, &want, a, b, form));
    SAME_VECTOR(fp_sqrt_lanes(&cpu, &got, a, form), fp_each1(&cpu, FPSqrt1, &want, a, form, 0));
    want = got = *c;
    SAME_VECTOR(fp_mla(&cpu, &got, a, b, form, negate), mla_lanes(&want, a, b, form, negate));
}

static void vectors_are_exact(void **state) {
    (void)state;
    for (int i = 0; i < 200000; i++) {
        unsigned esize = 16u << i % 3;
        u64 form = esize * 4 + "\0\1\3"[i / 3 % 3];
        if (form == 64 * 4) form |= 1;  // no vector of one double
        V128 a = random_vector(esize), b = random_vector(esize), c = random_vector(esize);
        if (i % 5) {  // often all lanes are the host's
            for (unsigned j = 0; j < 128 / esize; j++) {
                u64 bias = ones(esize == 16   ? 4
                                : esize == 32 ? 7
                                              : 10)
                           << (esize == 16   ? 10
                               : esize == 32 ? 23
                                             : 52);
                fp_set_lane(&a, esize, j, (fp_lane(&a, esize, j) & ones(esize / 3)) | bias);
                fp_set_lane(&b, esize, j, (fp_lane(&b, esize, j) & ones(esize / 3)) | bias);
            }
        }
        cpu.sys.FPCR = i % 7 ? 0 : random_bits() & MODES;
        check_vectors(&a, &b, &c, form, i & 1, i % 11 ? IXC : 0);
    }
}

// Where ranges end: tiny, overflowing, and halfway results.
static void edges_are_exact(void **state) {
    (void)state;
    for (unsigned esize = 16; esize <= 64; esize *= 2) {
        unsigned f = esize == 16 ? 10 : esize == 32 ? 23 : 52;
        u64 bias = ones(esize - 2 - f), one = bias << f, inf = FPInfinity(esize, false);
        const u64 edge[] = {0,
                            1,
                            ones(f),
                            1ull << f,
                            one - 1,
                            one,
                            one + 1,
                            2ull << f,
                            inf - 1,
                            inf,
                            inf | 1,
                            inf | 1ull << (f - 1),
                            one + (1ull << f),
                            (2 * bias - f - 1) << f,
                            (2 * bias - 1) << f,
                            (bias - f - 1) << f};
        enum { EDGES = sizeof edge / sizeof edge[0] };
        for (unsigned i = 0; i < 2 * EDGES * EDGES * EDGES; i++) {
            V128 v[3];
            for (unsigned j = 0, k = i / 2; j < 3; j++, k /= EDGES)
                for (unsigned l = 0; l < 128 / esize; l++)
                    fp_set_lane(&v[j], esize, l,
                                edge[k % EDGES] ^ (u64)(j && i & 1) << (esize - 1));
            cpu.sys.FPCR = 0;
            check_vectors(&v[0], &v[1], &v[2], esize * 4 + 1, i & 1, IXC);
            Fpu fp = {.fpcr = 0};
            cpu.sys.FPSR = IXC;
            u64 a = v[0].d[0] & ones(esize), b = v[1].d[0] & ones(esize);
            u64 c = v[2].d[0] & ones(esize), r = FPMulAdd(&fp, esize, c, a, b);
            expect_same(fp_muladd(&cpu, (int)esize, c, a, b), r, &fp, IXC);
        }
    }
}

// Conversions: lanes by the host, and the exact functions; every rounding.
static void conversions_are_exact(void **state) {
    (void)state;
    for (int i = 0; i < 300000; i++) {
        unsigned n = i & 1 ? 64 : 32, m = i & 2 ? 64 : 32, how = (random_bits() >> 8) % 5;
        bool is_unsigned = i & 4, exact = i & 8;
        if (how == 4 && i & 16) how = HOW_FPCR;
        u64 a = i & 32    ? random_value((int)n)
                : n == 64 ? f64_bits((double)(i64)random_bits() * (i & 64 ? 0x1p-40 : 0x1p-61))
                          : f32_bits((float)(i64)random_bits() * (i & 64 ? 0x1p-40f : 0x1p-61f));
        u64 x = random_bits() >> (random_bits() & 63) & ones(m);
        Fpu f = {.fpcr = i % 7 ? 0 : (u32)(random_bits() & MODES)}, g = f;
        unsigned u = is_unsigned ? HOW_UNSIGNED : 0;
        FPRounding rounding = how_rounding(&f, how);
        assert_int_equal(fp_to_fixed(&f, n, m, a, how | u),
                         FPToFixed(&g, n, m, a, 0, is_unsigned, rounding));
        assert_int_equal(f.flags, g.flags);
        assert_int_equal(fp_from_fixed(&f, n, m, x, how | u),
                         FixedToFP(&g, n, m, x, 0, is_unsigned, rounding));
        assert_int_equal(f.flags, g.flags);
        assert_int_equal(fp_round_int(&f, n, a, how | (exact ? HOW_EXACT : 0)),
                         FPRoundInt(&g, n, a, rounding, exact));
        assert_int_equal(f.flags, g.flags);
        V128 v = {.d = {a, a}}, r;
        cpu.sys.FPCR = f.fpcr, cpu.sys.FPSR = 0, g.flags = 0;
        if (n == 32 && i & 256) {
            fp_narrow(&cpu, &r, &v, 16, 0, HOW_FPCR);
            assert_int_equal(r.h[0], FPConvert(&g, 32, 16, v.s[0], FPRoundingMode(&g)));
            FPConvert(&g, 32, 16, v.s[1], FPRoundingMode(&g));
        } else if (n == 64) {
            fp_narrow(&cpu, &r, &v, 32, 0, HOW_FPCR);
            assert_int_equal(r.s[0], FPConvert(&g, 64, 32, a, FPRoundingMode(&g)));
        } else {
            v.s[1] = v.s[0];
            fp_lengthen(&cpu, &r, &v, 32, 0);
            assert_int_equal(r.d[0], FPConvert(&g, 32, 64, a, FPRoundingMode(&g)));
        }
        assert_int_equal(cpu.sys.FPSR, g.flags);
    }
}

static void dot_products_are_exact(void **state) {
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        u16 v[4];
        for (int j = 0; j < 4; j++)
            v[j] = (u16)(random_value(32) >> 16 ^ (i & 1 ? random_bits() & 0x1f00 : 0));
        u32 c = (u32)random_value(32) ^ (i & 2 ? (u32)random_bits() & 0x1f000000 : 0);
        assert_int_equal(fp_bfdot_add(c, v[0], v[1], v[2], v[3]),
                         BFDotAdd(c, v[0], v[1], v[2], v[3]));
    }
}

static void vector_lanes(void **state) {
    (void)state;
    cpu.sys.FPCR = 0;
    cpu.sys.FPSR = IXC;
    V128 a = {.s = {F32_ONE, 0x40000000, F32_QNAN, 0}}, b = {.s = {F32_ONE, F32_ONE, F32_ONE, 0}},
         r = b;
    fp_arith(&cpu, FP_ADD, &r, &a, &b, 32 * 4 + 1);
    assert_int_equal(r.s[0], 0x40000000);
    assert_int_equal(r.s[1], 0x40400000);
    assert_int_equal(r.s[2], F32_QNAN);
    assert_int_equal(r.s[3], 0);
    r = a;
    fp_arith(&cpu, FP_ADD, &r, &a, &b, 32 * 4);  // 64 bits: the upper half becomes zero
    assert_int_equal(r.s[1], 0x40400000);
    assert_int_equal(r.d[1], 0);
    r = a;
    sem_fadd_s(&cpu, 0, &r, &a, &b);  // a scalar clears the rest
    assert_int_equal(r.d[0], 0x40000000);
    assert_int_equal(r.d[1], 0);
    fp_add_pairs(&cpu, &r, &a, &b, 32 * 4 + 1);
    assert_int_equal(r.s[0], 0x40400000);
    assert_int_equal(r.s[2], 0x40000000);
    // (1 + 2i) + i * (1 + 1i) = 0 + 3i
    fp_cadd(&cpu, &r, &a, &b, 32 * 4, 0);
    assert_int_equal(r.s[0], 0);
    assert_int_equal(r.s[1], 0x40400000);
}

// --- rows ----------------------------------------------------------------------------------------
static const char *row_of(u32 word, const u64 *features) {
    Op op;
    const DecodeRow *row = decode_row(features, word, 0, &op);
    return row ? row->name : "undefined";
}

static void allocation(void **state) {
    (void)state;
    const u64 all[2] = {~0ull, ~0ull}, none[2] = {0, 0};
    assert_string_equal(row_of(0x1e622820, none), "fadd_s");
    assert_string_equal(row_of(0x1ea22820, all), "undefined");  // type 2
    assert_string_equal(row_of(0x1ee22820, all), "fadd_h");
    assert_string_equal(row_of(0x1ee22820, none), "undefined");
    assert_string_equal(row_of(0x4e62d420, none), "fadd_v");
    assert_string_equal(row_of(0x0e62d420, all), "undefined");  // one double
    assert_string_equal(row_of(0x4e421420, all), "fadd_vh");
    assert_string_equal(row_of(0x4e421420, none), "undefined");
    assert_string_equal(row_of(0x7e62e420, none), "fcmge_v");   // scalar
    assert_string_equal(row_of(0x3e62e420, all), "undefined");  // scalar without bit 30
    assert_string_equal(row_of(0x4fc21820, none), "fmla_elem");
    assert_string_equal(row_of(0x4fe21820, all), "undefined");  // double precision with L
    assert_string_equal(row_of(0x0fc21020, all), "undefined");
    assert_string_equal(row_of(0x1e7e0000, all), "fjcvtzs");
    assert_string_equal(row_of(0x1e7e0000, none), "undefined");
    assert_string_equal(row_of(0x9e7e0000, all), "undefined");  // not with a 64-bit result
    assert_string_equal(row_of(0x9eaf0000, none), "fmov_from_gen_hi");
    assert_string_equal(row_of(0x1eaf0000, all), "undefined");
    assert_string_equal(row_of(0x6f00f400, none), "fmov_vec_d");
    assert_string_equal(row_of(0x2f00f400, all), "undefined");
    assert_string_equal(row_of(0x2f00fc00, all), "undefined");  // op = 1, half precision
    assert_string_equal(row_of(0x6e30c800, none), "fmaxnmv_v");
    assert_string_equal(row_of(0x2e30c800, all), "undefined");
    assert_string_equal(row_of(0x0f20e400, none), "scvtf_fix_v");
    assert_string_equal(row_of(0x0f40e400, all), "undefined");   // 64-bit lanes need Q
    assert_string_equal(row_of(0x0f10e400, none), "undefined");  // half precision
    assert_string_equal(row_of(0x0f10e400, all), "scvtf_fix_vh");
    assert_string_equal(row_of(0x1e180000, all), "undefined");  // scale < 32 with W
    assert_string_equal(row_of(0x6f821020, all), "fcmla_elem");
    assert_string_equal(row_of(0x2f821020, all), "undefined");
    assert_string_equal(row_of(0x6fa21020, all), "undefined");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_modes),
        cmocka_unit_test(underflow),
        cmocka_unit_test(nans),
        cmocka_unit_test(fused),
        cmocka_unit_test(bfloat16_conversion),
        cmocka_unit_test(bfloat16_dot_product),
        cmocka_unit_test(bfloat16_multiply_add),
        cmocka_unit_test(compare_and_select),
        cmocka_unit_test(formats),
        cmocka_unit_test(fixed_point),
        cmocka_unit_test(integral),
        cmocka_unit_test(estimates),
        cmocka_unit_test(fast_paths_are_exact),
        cmocka_unit_test(vectors_are_exact),
        cmocka_unit_test(edges_are_exact),
        cmocka_unit_test(conversions_are_exact),
        cmocka_unit_test(dot_products_are_exact),
        cmocka_unit_test(vector_lanes),
        cmocka_unit_test(allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
