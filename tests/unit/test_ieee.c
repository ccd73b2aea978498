// Floating point, instruction by instruction: what IEEE 754 leaves open and Arm decides (NaNs, tininess, flushing
// to zero, saturation, estimates). Each line is worked out by hand from the pseudo-code function that heads its group;
// the words are the assembler's. tests/unit/test_fpu.c has the functions themselves.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cpu/fpu.h"
#include "unit/one_word.h"

enum {
    IOC = FPSR_IOC,
    DZC = FPSR_DZC,
    OFC = FPSR_OFC,
    UFC = FPSR_UFC,
    IXC = FPSR_IXC,
    IDC = FPSR_IDC,
    DN = FPCR_DN,
    FZ = FPCR_FZ,
    FZ16 = FPCR_FZ16,
    AHP = FPCR_AHP,
    RN = 0,
    RP = 1 << 22,
    RM = 2 << 22,
    RZ = 3 << 22,
    ALL_FLAGS = IOC | DZC | OFC | UFC | IXC | IDC,
};

static Cpu *cpu;

static int setup(void **state) {
    (void)state;
    cpu = aligned_alloc(64, align_up(sizeof *cpu, 64));
    memset(cpu, 0, sizeof *cpu);
    cpu->fp_on = true;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    free(cpu);
    return 0;
}

static void execute(u32 word, u32 fpcr, u32 fpsr) {
    cpu->sys.FPCR = fpcr;
    cpu->sys.FPSR = fpsr;
    assert_true(execute_word(cpu, word));
}

// V0, V1, V2 before (the rest of each register must not count); V0 and the flags that are raised.
static const struct {
    const char *text;
    u32 word, fpcr;
    u64 d, n, m, result;
    u32 flags;
} scalars[] = {
    // FPProcessNaN, FPProcessNaNs: a signalling NaN before a quiet one, then the first operand; it is made quiet.
    {"fadd s0, s1, s2", 0x1e222820, RN, 0, 0x7fc00001, 0x7fa00002, 0x7fe00002, IOC},
    {"fadd d0, d1, d2", 0x1e622820, RN, 0, 0x7ff0000000000001, 0x7ff8000000000002,
     0x7ff8000000000001, IOC},
    {"fadd h0, h1, h2", 0x1ee22820, RN, 0, 0x7e01, 0xfe02, 0x7e01, 0},
    {"fmul s0, s1, s2", 0x1e220820, RN, 0, 0x7f800001, 0xff800002, 0x7fc00001, IOC},
    {"fdiv d0, d1, d2", 0x1e621820, RN, 0, 0x3ff0000000000000, 0xfff0000000000007,
     0xfff8000000000007, IOC},
    {"fsub s0, s1, s2", 0x1e223820, RN, 0, 0x3f800000, 0x7fc00005, 0x7fc00005, 0},  // not negated
    {"fsqrt h0, h1", 0x1ee1c020, RN, 0, 0xfc01, 0, 0xfe01, IOC},
    {"fadd s0, s1, s2", 0x1e222820, DN, 0, 0xffc00007, 0x3f800000, 0x7fc00000, 0},
    {"fadd s0, s1, s2", 0x1e222820, DN, 0, 0xff800007, 0x3f800000, 0x7fc00000, IOC},
    {"fadd h0, h1, h2", 0x1ee22820, DN, 0, 0x3c00, 0xfe02, 0x7e00, 0},
    // FPNeg, FPAbs are no arithmetic: sign bits of NaNs, no flags, no flushing.
    {"fneg s0, s1", 0x1e214020, RN, 0, 0x7f800001, 0, 0xff800001, 0},
    {"fabs d0, d1", 0x1e60c020, DN, 0, 0xfff0000000000001, 0, 0x7ff0000000000001, 0},
    {"fabs s0, s1", 0x1e20c020, FZ, 0, 0x80000001, 0, 0x00000001, 0},
    {"fmov h0, h1", 0x1ee04020, FZ16, 0, 0x8001, 0, 0x8001, 0},
    {"fnmul s0, s1, s2", 0x1e228820, RN, 0, 0x7fc00001, 0x3f800000, 0xffc00001,
     0},  // the product is negated
    // FPProcessNaNs3: addend, first, second factor; the factor and addend of FMSUB, FNMADD are negated first.
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0x7fc00003, 0x7f800004, 0x7f800005, 0x7fc00004, IOC},
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0x7f800003, 0x7f800004, 0x7f800005, 0x7fc00003, IOC},
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0x3f800000, 0x7fc00004, 0x7f800005, 0x7fc00005, IOC},
    {"fmadd d0, d1, d2, d0", 0x1f420020, RN, 0x7ff8000000000003, 0x7ff8000000000004, 0,
     0x7ff8000000000003, 0},
    {"fmsub s0, s1, s2, s0", 0x1f028020, RN, 0x3f800000, 0x7fc00001, 0x3f800000, 0xffc00001, 0},
    {"fnmadd s0, s1, s2, s0", 0x1f220020, RN, 0x7fc00003, 0x3f800000, 0x3f800000, 0xffc00003, 0},
    {"fnmsub s0, s1, s2, s0", 0x1f228020, RN, 0x7fc00003, 0x7fc00001, 0x3f800000, 0xffc00003, 0},
    // FPMulAdd: infinity times zero is invalid beside a quiet NaN, not beside a signalling one.
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0xffc00003, 0x7f800000, 0x80000000, 0x7fc00000, IOC},
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0xff800003, 0x7f800000, 0x80000000, 0xffc00003, IOC},
    {"fmadd h0, h1, h2, h0", 0x1fc20020, RN, 0xfc00, 0x7c00, 0x3c00, 0x7e00, IOC},  // inf - inf
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0x80000000, 0x80000000, 0x3f800000, 0x80000000, 0},
    {"fmadd s0, s1, s2, s0", 0x1f020020, RN, 0x00000000, 0x80000000, 0x3f800000, 0x00000000, 0},
    {"fmadd s0, s1, s2, s0", 0x1f020020, RM, 0x00000000, 0x80000000, 0x3f800000, 0x80000000, 0},
    // 1 - (1 + 2^-23)(1 - 2^-24) = -2^-24 + 2^-47, rounded once
    {"fmsub s0, s1, s2, s0", 0x1f028020, RN, 0x3f800000, 0x3f800001, 0x3f7fffff, 0xb37ffffe, 0},
    {"fnmadd s0, s1, s2, s0", 0x1f220020, RN, 0x3f800000, 0x40000000, 0x40400000, 0xc0e00000,
     0},  // -2*3 - 1
    {"fnmsub s0, s1, s2, s0", 0x1f228020, RN, 0x3f800000, 0x40000000, 0x40400000, 0x40a00000,
     0},  // 2*3 - 1
    // FPAdd, FPMul, FPDiv, FPSqrt: the default NaN, division by zero, the signs of zeros.
    {"fsub d0, d1, d2", 0x1e623820, RN, 0, 0x7ff0000000000000, 0x7ff0000000000000,
     0x7ff8000000000000, IOC},
    {"fmul h0, h1, h2", 0x1ee20820, RN, 0, 0xfc00, 0x0000, 0x7e00, IOC},
    {"fdiv s0, s1, s2", 0x1e221820, RN, 0, 0x7f800000, 0xff800000, 0x7fc00000, IOC},
    {"fdiv s0, s1, s2", 0x1e221820, RN, 0, 0x80000000, 0x00000000, 0x7fc00000, IOC},
    {"fdiv h0, h1, h2", 0x1ee21820, RN, 0, 0xbc00, 0x0000, 0xfc00, DZC},
    {"fdiv d0, d1, d2", 0x1e621820, RN, 0, 0x7ff0000000000000, 0x8000000000000000,
     0xfff0000000000000, 0},
    {"fsqrt s0, s1", 0x1e21c020, RN, 0, 0xbf800000, 0, 0x7fc00000, IOC},
    {"fsqrt d0, d1", 0x1e61c020, RN, 0, 0x8000000000000000, 0, 0x8000000000000000, 0},
    {"fsub s0, s1, s2", 0x1e223820, RN, 0, 0x3f800000, 0x3f800000, 0x00000000, 0},
    {"fsub s0, s1, s2", 0x1e223820, RM, 0, 0x3f800000, 0x3f800000, 0x80000000, 0},
    {"fadd s0, s1, s2", 0x1e222820, RM, 0, 0x00000000, 0x80000000, 0x80000000, 0},
    {"fadd s0, s1, s2", 0x1e222820, RN, 0, 0x80000000, 0x80000000, 0x80000000, 0},
    // FPMulX: infinity times zero is 2.
    {"fmulx s0, s1, s2", 0x5e22dc20, RN, 0, 0x7f800000, 0x80000000, 0xc0000000, 0},
    {"fmulx d0, d1, d2", 0x5e62dc20, RN, 0, 0x0000000000000000, 0x7ff0000000000000,
     0x4000000000000000, 0},
    {"fmulx h0, h1, h2", 0x5e421c20, RN, 0, 0x8000, 0xfc00, 0x4000, 0},
    {"fmulx s0, s1, s2", 0x5e22dc20, RN, 0, 0x7f800001, 0x00000000, 0x7fc00001, IOC},
    {"fmulx s0, s1, s2", 0x5e22dc20, RN, 0, 0x40000000, 0x40400000, 0x40c00000, 0},
    // FPRound: ties to even and the directed modes; 1 + 2^-24 is halfway, 1 + 3 * 2^-24, too.
    {"fadd s0, s1, s2", 0x1e222820, RN, 0, 0x3f800000, 0x33800000, 0x3f800000, IXC},
    {"fadd s0, s1, s2", 0x1e222820, RN, 0, 0x3f800001, 0x33800000, 0x3f800002, IXC},
    {"fadd s0, s1, s2", 0x1e222820, RP, 0, 0x3f800000, 0x33800000, 0x3f800001, IXC},
    {"fadd s0, s1, s2", 0x1e222820, RM, 0, 0x3f800000, 0x33800000, 0x3f800000, IXC},
    {"fadd s0, s1, s2", 0x1e222820, RM, 0, 0xbf800000, 0xb3800000, 0xbf800001, IXC},
    {"fadd s0, s1, s2", 0x1e222820, RZ, 0, 0xbf800000, 0xb3800000, 0xbf800000, IXC},
    {"fadd h0, h1, h2", 0x1ee22820, RN, 0, 0x3c00, 0x1000, 0x3c00, IXC},  // 2^-11
    {"fadd h0, h1, h2", 0x1ee22820, RP, 0, 0x3c00, 0x1000, 0x3c01, IXC},
    {"fadd d0, d1, d2", 0x1e622820, RN, 0, 0x3ff0000000000001, 0x3ca0000000000000,
     0x3ff0000000000002, IXC},
    // Overflow: infinity or the largest number.
    {"fmul s0, s1, s2", 0x1e220820, RN, 0, 0x7f7fffff, 0x40000000, 0x7f800000, OFC | IXC},
    {"fmul s0, s1, s2", 0x1e220820, RM, 0, 0x7f7fffff, 0x40000000, 0x7f7fffff, OFC | IXC},
    {"fmul s0, s1, s2", 0x1e220820, RM, 0, 0xff7fffff, 0x40000000, 0xff800000, OFC | IXC},
    {"fmul d0, d1, d2", 0x1e620820, RZ, 0, 0x7fefffffffffffff, 0xc000000000000000,
     0xffefffffffffffff, OFC | IXC},
    {"fmul h0, h1, h2", 0x1ee20820, RP, 0, 0xfbff, 0x4000, 0xfbff, OFC | IXC},
    // Tininess is found before rounding: (1 - 2^-24) * 2^-126 rounds up to 2^-126.
    {"fmul s0, s1, s2", 0x1e220820, RN, 0, 0x00800000, 0x3f7fffff, 0x00800000, UFC | IXC},
    {"fmul s0, s1, s2", 0x1e220820, RZ, 0, 0x00800000, 0x3f7fffff, 0x007fffff, UFC | IXC},
    {"fmul d0, d1, d2", 0x1e620820, RN, 0, 0x0010000000000000, 0x3fefffffffffffff,
     0x0010000000000000, UFC | IXC},
    {"fmul h0, h1, h2", 0x1ee20820, RN, 0, 0x0400, 0x3bff, 0x0400, UFC | IXC},
    {"fmul s0, s1, s2", 0x1e220820, RN, 0, 0x80800000, 0x3f000000, 0x80400000,
     0},  // exact: no underflow
    {"fmul d0, d1, d2", 0x1e620820, RP, 0, 1, 1, 1, UFC | IXC},
    {"fdiv s0, s1, s2", 0x1e221820, RN, 0, 0x00800000, 0x40000000, 0x00400000, 0},
    {"fsqrt s0, s1", 0x1e21c020, RN, 0, 0x00000001, 0, 0x1a3504f3, IXC},  // 2^-74.5
    // FZ: results below the normal range are zeros, UFC without IXC; operands are zeros, IDC. FZ16 the same for half
    // precision alone, without IDC; FZ is not for half precision.
    {"fmul s0, s1, s2", 0x1e220820, FZ, 0, 0x80800000, 0x3f7fffff, 0x80000000, UFC},
    {"fmul d0, d1, d2", 0x1e620820, FZ, 0, 0x0010000000000000, 0x3fe0000000000000, 0, UFC},
    {"fmul h0, h1, h2", 0x1ee20820, FZ, 0, 0x0400, 0x3bff, 0x0400, UFC | IXC},
    {"fmul h0, h1, h2", 0x1ee20820, FZ16, 0, 0x8400, 0x3bff, 0x8000, UFC},
    {"fmul s0, s1, s2", 0x1e220820, FZ16, 0, 0x00800000, 0x3f000000, 0x00400000, 0},
    {"fadd s0, s1, s2", 0x1e222820, FZ, 0, 0x3f800000, 0x00000001, 0x3f800000, IDC},
    {"fadd d0, d1, d2", 0x1e622820, FZ, 0, 0x800fffffffffffff, 0x8000000000000000,
     0x8000000000000000, IDC},
    {"fadd h0, h1, h2", 0x1ee22820, FZ16, 0, 0x3c00, 0x03ff, 0x3c00, 0},
    {"fadd h0, h1, h2", 0x1ee22820, FZ, 0, 0x0001, 0x0001, 0x0002, 0},
    {"fmul s0, s1, s2", 0x1e220820, FZ, 0, 0x7f800000, 0x00000001, 0x7fc00000,
     IOC | IDC},  // infinity times zero
    {"fdiv s0, s1, s2", 0x1e221820, FZ, 0, 0x3f800000, 0x80000001, 0xff800000, DZC | IDC},
    {"fsqrt s0, s1", 0x1e21c020, FZ, 0, 0x80000001, 0, 0x80000000, IDC},
    {"fmadd s0, s1, s2, s0", 0x1f020020, FZ, 0x00000001, 0, 0x3f800000, 0, IDC},
    {"fmadd s0, s1, s2, s0", 0x1f020020, FZ, 0, 0x00800000, 0x3f000000, 0, UFC},
    {"fmax s0, s1, s2", 0x1e224820, FZ, 0, 0x80000001, 0x80000002, 0x80000000, IDC},
    {"fabd s0, s1, s2", 0x7ea2d420, FZ, 0, 0x00800000, 0x00800001, 0, UFC},
    // FPMax, FPMin: a NaN is the result, and -0 is below +0. FPMaxNum, FPMinNum: a quiet NaN loses against a number.
    {"fmax s0, s1, s2", 0x1e224820, RN, 0, 0x7fc00001, 0x3f800000, 0x7fc00001, 0},
    {"fmax s0, s1, s2", 0x1e224820, RN, 0, 0x80000000, 0x00000000, 0x00000000, 0},
    {"fmax h0, h1, h2", 0x1ee24820, RN, 0, 0x0000, 0x8000, 0x0000, 0},
    {"fmin d0, d1, d2", 0x1e625820, RN, 0, 0, 0x8000000000000000, 0x8000000000000000, 0},
    {"fmin s0, s1, s2", 0x1e225820, RN, 0, 0x80000000, 0x00000000, 0x80000000, 0},
    {"fmin h0, h1, h2", 0x1ee25820, RN, 0, 0xfc00, 0xfd00, 0xff00, IOC},
    {"fmaxnm s0, s1, s2", 0x1e226820, RN, 0, 0x7fc00001, 0xbf800000, 0xbf800000, 0},
    {"fmaxnm s0, s1, s2", 0x1e226820, RN, 0, 0xff800000, 0x7fc00001, 0xff800000, 0},
    {"fminnm d0, d1, d2", 0x1e627820, RN, 0, 0x7ff0000000000000, 0xfff8000000000001,
     0x7ff0000000000000, 0},
    {"fminnm h0, h1, h2", 0x1ee27820, RN, 0, 0x3c00, 0x7c01, 0x7e01, IOC},
    {"fmaxnm s0, s1, s2", 0x1e226820, RN, 0, 0x7f800001, 0x7fc00002, 0x7fc00001, IOC},
    {"fminnm s0, s1, s2", 0x1e227820, RN, 0, 0x7fc00001, 0xffc00002, 0x7fc00001, 0},
    {"fmaxnm s0, s1, s2", 0x1e226820, DN, 0, 0x7fc00001, 0xffc00002, 0x7fc00000, 0},
    {"fmaxnm s0, s1, s2", 0x1e226820, RN, 0, 0x80000000, 0x00000000, 0x00000000, 0},
    // FPConvert: the upper bits of the fraction of a NaN; FZ, but not FZ16, applies; AHP has no NaNs and infinities.
    {"fcvt d0, s1", 0x1e22c020, RN, 0, 0x7f800001, 0, 0x7ff8000020000000, IOC},
    {"fcvt s0, d1", 0x1e624020, RN, 0, 0xfff0000000000001, 0, 0xffc00000, IOC},
    {"fcvt h0, s1", 0x1e23c020, RN, 0, 0x7fc02000, 0, 0x7e01, 0},
    {"fcvt h0, d1", 0x1e63c020, DN, 0, 0xfff8040000000000, 0, 0x7e00, 0},
    {"fcvt s0, d1", 0x1e624020, RN, 0, 0x3ff0000010000000, 0, 0x3f800000, IXC},  // a tie
    {"fcvt s0, d1", 0x1e624020, RN, 0, 0x3ff0000030000000, 0, 0x3f800002, IXC},
    {"fcvt s0, d1", 0x1e624020, RP, 0, 0x3ff0000000000001, 0, 0x3f800001, IXC},
    {"fcvt d0, s1", 0x1e22c020, FZ, 0, 0x80000001, 0, 0x8000000000000000, IDC},
    {"fcvt s0, d1", 0x1e624020, FZ, 0, 0x36a0000000000000, 0, 0, UFC},
    {"fcvt s0, h1", 0x1ee24020, FZ16, 0, 0x8001, 0, 0xb3800000, 0},
    {"fcvt h0, s1", 0x1e23c020, FZ16, 0, 0x33800000, 0, 0x0001, 0},
    {"fcvt h0, s1", 0x1e23c020, RN, 0, 0x33000000, 0, 0x0000, UFC | IXC},  // 2^-25, halfway
    {"fcvt h0, s1", 0x1e23c020, RN, 0, 0x33000001, 0, 0x0001, UFC | IXC},
    {"fcvt h0, s1", 0x1e23c020, RN, 0, 0x477fefff, 0, 0x7bff, IXC},  // below 65520
    {"fcvt h0, s1", 0x1e23c020, RN, 0, 0x477ff000, 0, 0x7c00, OFC | IXC},
    {"fcvt h0, s1", 0x1e23c020, AHP, 0, 0x477ff000, 0, 0x7c00, IXC},
    {"fcvt h0, s1", 0x1e23c020, AHP, 0, 0x47ffe000, 0, 0x7fff, 0},    // 131008
    {"fcvt h0, s1", 0x1e23c020, AHP, 0, 0xc7fff000, 0, 0xffff, IOC},  // -131040 rounds out of range
    {"fcvt h0, s1", 0x1e23c020, AHP, 0, 0xff800000, 0, 0xffff, IOC},
    {"fcvt h0, d1", 0x1e63c020, AHP, 0, 0xfff8000000000000, 0, 0x8000, IOC},
    {"fcvt s0, h1", 0x1ee24020, AHP, 0, 0x7fff, 0, 0x47ffe000, 0},
    {"fcvt d0, h1", 0x1ee2c020, AHP, 0, 0xfc00, 0, 0xc0f0000000000000, 0},
    {"fadd h0, h1, h2", 0x1ee22820, AHP, 0, 0x7c00, 0x3c00, 0x7c00, 0},  // for conversions only
    {"fcvtxn s0, d1", 0x7e616820, RN, 0, 0x3ff0000000000001, 0, 0x3f800001, IXC},  // to odd
    {"fcvtxn s0, d1", 0x7e616820, RP, 0, 0x3ff0000030000000, 0, 0x3f800001, IXC},
    {"fcvtxn s0, d1", 0x7e616820, RN, 0, 0x7fefffffffffffff, 0, 0x7f7fffff, OFC | IXC},
    {"fcvtxn s0, d1", 0x7e616820, RN, 0, 0x3690000000000000, 0, 0x00000001, UFC | IXC},
    // FPRoundInt: FRINTX alone says that it was inexact; zeros keep the sign.
    {"frintn s0, s1", 0x1e244020, RN, 0, 0x40200000, 0, 0x40000000, 0},  // 2.5
    {"frintn s0, s1", 0x1e244020, RZ, 0, 0x40600000, 0, 0x40800000, 0},  // 3.5
    {"frinta d0, d1", 0x1e664020, RN, 0, 0xc004000000000000, 0, 0xc008000000000000, 0},
    {"frintm s0, s1", 0x1e254020, RN, 0, 0x80000001, 0, 0xbf800000, 0},
    {"frintp h0, h1", 0x1ee4c020, RN, 0, 0xb800, 0, 0x8000, 0},  // -0.5
    {"frintz s0, s1", 0x1e25c020, RN, 0, 0xbf7fffff, 0, 0x80000000, 0},
    {"frinti s0, s1", 0x1e27c020, RP, 0, 0x40066666, 0, 0x40400000, 0},
    {"frintx s0, s1", 0x1e274020, RM, 0, 0x40066666, 0, 0x40000000, IXC},
    {"frintx d0, d1", 0x1e674020, RN, 0, 0x4330000000000001, 0, 0x4330000000000001, 0},
    {"frintn s0, s1", 0x1e244020, RN, 0, 0xffa00000, 0, 0xffe00000, IOC},
    {"frintp s0, s1", 0x1e24c020, FZ, 0, 0x00000001, 0, 0x00000000, IDC},
    // FPRoundIntN: out of range, infinities and NaNs are the most negative integer.
    {"frint32z s0, s1", 0x1e284020, RN, 0, 0x4f000000, 0, 0xcf000000, IOC},
    {"frint32z s0, s1", 0x1e284020, RN, 0, 0xcf000000, 0, 0xcf000000, 0},
    {"frint32z d0, d1", 0x1e684020, RN, 0, 0x41dfffffffe00000, 0, 0x41dfffffffc00000,
     IXC},  // 2^31 - 0.5
    {"frint32x d0, d1", 0x1e68c020, RN, 0, 0x41dfffffffe00000, 0, 0xc1e0000000000000, IOC},
    {"frint32x d0, d1", 0x1e68c020, RM, 0, 0x41dfffffffe00000, 0, 0x41dfffffffc00000, IXC},
    {"frint32z s0, s1", 0x1e284020, RN, 0, 0x7fc00000, 0, 0xcf000000, IOC},
    {"frint64z s0, s1", 0x1e294020, RN, 0, 0xff800000, 0, 0xdf000000, IOC},
    {"frint64x d0, d1", 0x1e69c020, RP, 0, 0x43e0000000000000, 0, 0xc3e0000000000000, IOC},
    {"frint64x s0, s1", 0x1e29c020, RN, 0, 0xbf000000, 0, 0x80000000, IXC},
    {"frint64x s0, s1", 0x1e29c020, RP, 0, 0x3dcccccd, 0, 0x3f800000, IXC},
    // FPToFixed within a register, FixedToFP.
    {"fcvtzs h0, h1", 0x5ef9b820, RN, 0, 0x7bff, 0, 0x7fff, IOC},  // 65504
    {"fcvtzu h0, h1", 0x7ef9b820, RN, 0, 0x7bff, 0, 0xffe0, 0},
    {"fcvtns s0, s1", 0x5e21a820, RN, 0, 0xcf000000, 0, 0x80000000, 0},
    {"fcvtzu d0, d1", 0x7ee1b820, RN, 0, 0x43f0000000000000, 0, 0xffffffffffffffff, IOC},
    {"fcvtzs s0, s1, #1", 0x5f3ffc20, RN, 0, 0x3f400000, 0, 1, IXC},  // 0.75 * 2
    {"scvtf s0, s1", 0x5e21d820, RN, 0, 0x01000001, 0, 0x4b800000, IXC},
    {"scvtf s0, s1", 0x5e21d820, RP, 0, 0x01000001, 0, 0x4b800001, IXC},
    {"ucvtf d0, d1", 0x7e61d820, RN, 0, 0xffffffffffffffff, 0, 0x43f0000000000000, IXC},
    {"scvtf h0, h1", 0x5e79d820, RN, 0, 0x8000, 0, 0xf800, 0},
    {"ucvtf h0, h1", 0x7e79d820, RN, 0, 0xffff, 0, 0x7c00, OFC | IXC},
    {"scvtf s0, s1, #32", 0x5f20e420, RN, 0, 0x80000000, 0, 0xbf000000, 0},
    // FPRecipStepFused, FPRSqrtStepFused: the first operand is negated, NaNs, too; one rounding.
    {"frecps s0, s1, s2", 0x5e22fc20, RN, 0, 0x7f800000, 0x80000000, 0x40000000, 0},
    {"frecps d0, d1, d2", 0x5e62fc20, RN, 0, 0x7ff0000000000000, 0x3ff0000000000000,
     0xfff0000000000000, 0},
    {"frecps s0, s1, s2", 0x5e22fc20, RN, 0, 0x7fc00001, 0x3f800000, 0xffc00001, 0},
    {"frecps h0, h1, h2", 0x5e423c20, RN, 0, 0x3c00, 0x7c01, 0x7e01, IOC},
    {"frecps s0, s1, s2", 0x5e22fc20, RN, 0, 0x3f800001, 0x3f7fffff, 0x3f7fffff,
     IXC},  // 1 - 2^-24 + 2^-47
    {"frecps s0, s1, s2", 0x5e22fc20, RM, 0, 0x40000000, 0x3f800000, 0x80000000, 0},  // 2 - 2
    {"frsqrts s0, s1, s2", 0x5ea2fc20, RN, 0, 0x80000000, 0x7f800000, 0x3fc00000, 0},
    {"frsqrts d0, d1, d2", 0x5ee2fc20, RN, 0, 0x7ff0000000000000, 0x7ff0000000000000,
     0xfff0000000000000, 0},
    {"frsqrts s0, s1, s2", 0x5ea2fc20, RN, 0, 0x40000000, 0x40400000, 0xbfc00000,
     0},  // (3 - 6) / 2
    {"frsqrts h0, h1, h2", 0x5ec23c20, RN, 0, 0x7bff, 0x4000, 0xfbff,
     IXC},  // (3 - 131008) / 2 = -65502.5
    // FPRecipEstimate, FPRSqrtEstimate, FPRecpX; the tables are below.
    {"frecpe h0, h1", 0x5ef9d820, RN, 0, 0x3c00, 0, 0x3bfc, 0},
    {"frecpe h0, h1", 0x5ef9d820, RN, 0, 0x0100, 0, 0x7bfc, 0},  // 2^-16
    {"frecpe h0, h1", 0x5ef9d820, RN, 0, 0x80ff, 0, 0xfc00, OFC | IXC},
    {"frecpe h0, h1", 0x5ef9d820, RP, 0, 0x80ff, 0, 0xfbff, OFC | IXC},
    {"frecpe h0, h1", 0x5ef9d820, FZ16, 0, 0xf400, 0, 0x8000, UFC},      // 2^14
    {"frecpe s0, s1", 0x5ea1d820, RN, 0, 0x7e800000, 0, 0x007fc000, 0},  // 2^126
    {"frecpe s0, s1", 0x5ea1d820, RN, 0, 0x80000000, 0, 0xff800000, DZC},
    {"frecpe s0, s1", 0x5ea1d820, FZ, 0, 0x00000001, 0, 0x7f800000, DZC | IDC},
    {"frecpe d0, d1", 0x5ee1d820, RN, 0, 0xfff0000000000000, 0, 0x8000000000000000, 0},
    {"frecpe d0, d1", 0x5ee1d820, DN, 0, 0xfff0000000000001, 0, 0x7ff8000000000000, IOC},
    {"frsqrte s0, s1", 0x7ea1d820, RN, 0, 0x40000000, 0, 0x3f348000, 0},  // 361 / 512
    {"frsqrte s0, s1", 0x7ea1d820, RN, 0, 0x40800000, 0, 0x3eff8000, 0},
    {"frsqrte h0, h1", 0x7ef9d820, RN, 0, 0x0001, 0, 0x6bfc, 0},  // 2^12 * 511 / 512
    {"frsqrte s0, s1", 0x7ea1d820, RN, 0, 0x80000001, 0, 0x7fc00000, IOC},
    {"frsqrte s0, s1", 0x7ea1d820, FZ, 0, 0x80000001, 0, 0xff800000, DZC | IDC},
    {"frsqrte d0, d1", 0x7ee1d820, RN, 0, 0x7ff0000000000000, 0, 0, 0},
    {"frecpx s0, s1", 0x5ea1f820, RN, 0, 0x3fc00000, 0, 0x40000000, 0},
    {"frecpx s0, s1", 0x5ea1f820, RN, 0, 0xff800000, 0, 0x80000000, 0},
    {"frecpx h0, h1", 0x5ef9f820, RN, 0, 0x8001, 0, 0xf800, 0},
    {"frecpx d0, d1", 0x5ee1f820, RN, 0, 0, 0, 0x7fe0000000000000, 0},
    // FPCompareEQ is quiet, FPCompareGE and FPCompareGT are not.
    {"fcmeq s0, s1, s2", 0x5e22e420, RN, 0, 0x7fc00000, 0x7fc00000, 0, 0},
    {"fcmeq d0, d1, d2", 0x5e62e420, RN, 0, 0x7ff0000000000001, 0, 0, IOC},
    {"fcmge s0, s1, s2", 0x7e22e420, RN, 0, 0x7fc00000, 0, 0, IOC},
    {"fcmge s0, s1, s2", 0x7e22e420, RN, 0, 0x80000000, 0, 0xffffffff, 0},
    {"fcmgt d0, d1, d2", 0x7ee2e420, FZ, 0, 1, 0, 0, IDC},
    {"facgt s0, s1, s2", 0x7ea2ec20, RN, 0, 0xc0000000, 0x3f800000, 0xffffffff, 0},
    {"facge h0, h1, h2", 0x7e422c20, RN, 0, 0x3c00, 0xfe00, 0, IOC},
    {"fcmle s0, s1, #0.0", 0x7ea0d820, RN, 0, 0x80000000, 0, 0xffffffff, 0},
    {"fcmlt s0, s1, #0.0", 0x5ea0e820, RN, 0, 0x7fc00000, 0, 0, IOC},
    // FPConvertBF: 7 bits of fraction, ties to even.
    {"bfcvt h0, s1", 0x1e634020, RN, 0, 0xff800000, 0, 0xff80, 0},
    {"bfcvt h0, s1", 0x1e634020, RN, 0, 0x3f808000, 0, 0x3f80, IXC},
    {"bfcvt h0, s1", 0x1e634020, RN, 0, 0x3f818000, 0, 0x3f82, IXC},
    {"bfcvt h0, s1", 0x1e634020, RN, 0, 0x7f800001, 0, 0x7fc0, IOC},
    {"bfcvt h0, s1", 0x1e634020, RN, 0, 0x007fffff, 0, 0x0080, UFC | IXC},
    // Pairs of lanes: the lower one is the first operand.
    {"faddp s0, v1.2s", 0x7e30d820, RN, 0, 0x7fc000027fc00001, 0, 0x7fc00001, 0},
    {"fmaxnmp s0, v1.2s", 0x7e30c820, RN, 0, 0xbf8000007fc00001, 0, 0xbf800000, 0},
};

// Results in X0; and NZCV where the instruction sets it.
enum { KEEP = 16 };
static const struct {
    const char *text;
    u32 word, fpcr;
    u64 n, m, result;
    unsigned nzcv;
    u32 flags;
} general[] = {
    // FPToFixed: ties, directions; out of range is invalid and not inexact.
    {"fcvtns w0, s1", 0x1e200020, RZ, 0x40200000, 0, 2, KEEP, IXC},
    {"fcvtns w0, s1", 0x1e200020, RN, 0x40600000, 0, 4, KEEP, IXC},
    {"fcvtas w0, s1", 0x1e240020, RN, 0x40200000, 0, 3, KEEP, IXC},
    {"fcvtas x0, d1", 0x9e640020, RN, 0xc004000000000000, 0, -3ull, KEEP, IXC},
    {"fcvtms w0, s1", 0x1e300020, RN, 0xbf000000, 0, 0xffffffff, KEEP, IXC},
    {"fcvtps w0, s1", 0x1e280020, RN, 0xbf000000, 0, 0, KEEP, IXC},
    {"fcvtps w0, s1", 0x1e280020, RN, 0x00000001, 0, 1, KEEP, IXC},
    {"fcvtps w0, s1", 0x1e280020, FZ, 0x00000001, 0, 0, KEEP, IDC},
    {"fcvtmu w0, s1", 0x1e310020, RN, 0xbf000000, 0, 0, KEEP, IOC},  // -1
    {"fcvtzu w0, s1", 0x1e390020, RN, 0xbf7fffff, 0, 0, KEEP, IXC},
    {"fcvtzu w0, s1", 0x1e390020, RN, 0xbf800000, 0, 0, KEEP, IOC},
    {"fcvtzs w0, s1", 0x1e380020, RN, 0x4f000000, 0, 0x7fffffff, KEEP, IOC},
    {"fcvtzs w0, s1", 0x1e380020, RN, 0xcf000000, 0, 0x80000000, KEEP, 0},
    {"fcvtzs w0, s1", 0x1e380020, RN, 0xcf000001, 0, 0x80000000, KEEP, IOC},
    {"fcvtzs w0, s1", 0x1e380020, RN, 0x7fc00000, 0, 0, KEEP, IOC},
    {"fcvtzs x0, s1", 0x9e380020, RN, 0xff800000, 0, 0x8000000000000000, KEEP, IOC},
    {"fcvtzu x0, d1", 0x9e790020, RN, 0x43efffffffffffff, 0, 0xfffffffffffff800, KEEP, 0},
    {"fcvtzu x0, d1", 0x9e790020, RN, 0x43f0000000000000, 0, 0xffffffffffffffff, KEEP, IOC},
    {"fcvtzs x0, d1", 0x9e780020, RN, 0x43e0000000000000, 0, 0x7fffffffffffffff, KEEP, IOC},
    {"fcvtzs w0, d1", 0x1e780020, RN, 0x41dfffffffe00000, 0, 0x7fffffff, KEEP, IXC},  // 2^31 - 0.5
    {"fcvtas w0, d1", 0x1e640020, RN, 0x41dfffffffe00000, 0, 0x7fffffff, KEEP, IOC},
    {"fcvtzs w0, d1", 0x1e780020, RN, 0xc1e0000000100000, 0, 0x80000000, KEEP, IXC},  // -2^31 - 0.5
    {"fcvtzs w0, d1", 0x1e780020, RN, 0xc1e0000000200000, 0, 0x80000000, KEEP, IOC},
    {"fcvtzs w0, s1, #1", 0x1e18fc20, RN, 0x3f400000, 0, 1, KEEP, IXC},
    {"fcvtzu x0, d1, #64", 0x9e590020, RN, 0x3fe0000000000000, 0, 0x8000000000000000, KEEP, 0},
    {"fcvtzs w0, h1", 0x1ef80020, RN, 0x7bff, 0, 65504, KEEP, 0},
    {"fcvtzs w0, h1", 0x1ef80020, FZ16, 0x0001, 0, 0, KEEP, 0},
    {"fcvtzs w0, h1", 0x1ef80020, FZ, 0x0001, 0, 0, KEEP, IXC},
    // FPToFixedJS: modulo 2^32; Z says that it was exact and not -0.
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0xbff0000000000000, 0, 0xffffffff, 4, 0},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x0000000000000000, 0, 0, 4, 0},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x8000000000000000, 0, 0, 0, 0},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x3ff8000000000000, 0, 1, 0, IXC},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x41e0000000000000, 0, 0x80000000, 0, IOC},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0xc1e0000000000000, 0, 0x80000000, 4, 0},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0xc1e0000000300000, 0, 0x7fffffff, 0, IOC},  // -2^31 - 1.5
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x433fffffffffffff, 0, 0xffffffff, 0, IOC},  // 2^53 - 1
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x4520000000000001, 0, 0x80000000, 0, IOC},  // 2^83 + 2^31
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x4530000000000001, 0, 0, 0, IOC},           // 2^84 + 2^32
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x7ff0000000000000, 0, 0, 0, IOC},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x7ff8000000000000, 0, 0, 0, IOC},
    {"fjcvtzs w0, d1", 0x1e7e0020, RN, 0x0000000000000001, 0, 0, 0, IXC},
    {"fjcvtzs w0, d1", 0x1e7e0020, FZ, 0x0000000000000001, 0, 0, 0, IDC},
    // FPCompare: X0 stays.
    {"fcmp s1, s2", 0x1e222020, RN, 0x3f800000, 0x3f800000, KEEP, 6, 0},
    {"fcmp d1, d2", 0x1e622020, RN, 0xbff0000000000000, 0, KEEP, 8, 0},
    {"fcmp h1, h2", 0x1ee22020, RN, 0x3c00, 0xfc00, KEEP, 2, 0},
    {"fcmp s1, s2", 0x1e222020, RN, 0x7fc00000, 0, KEEP, 3, 0},
    {"fcmp s1, s2", 0x1e222020, RN, 0, 0x7f800001, KEEP, 3, IOC},
    {"fcmpe d1, d2", 0x1e622030, RN, 0, 0x7ff8000000000000, KEEP, 3, IOC},
    {"fcmpe s1, #0.0", 0x1e202038, RN, 0x80000000, 0, KEEP, 6, 0},
    {"fcmp s1, #0.0", 0x1e202028, FZ, 0x80000001, 0, KEEP, 6, IDC},
    {"fcmp h1, #0.0", 0x1ee02028, FZ16, 0x0001, 0, KEEP, 6, 0},
    {"fccmpe s1, s2, #9, eq", 0x1e220439, RN, 0x7fc00000, 0, KEEP, 9, 0},  // not compared
    {"fccmpe s1, s2, #9, ne", 0x1e221439, RN, 0x7fc00000, 0, KEEP, 3, IOC},
};

// All lanes: V0, V1, V2 before, V0 after.
#define ONES \
    { \
        .s = { 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000 } \
    }
#define ONES2 \
    { \
        .s = { 0x3f800000, 0x3f800000 } \
    }
#define HALVES \
    { \
        .h = { 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700, 0x4800 } \
    }
#define HALVES2 \
    { \
        .h = { 0x3c00, 0x4000, 0x0000, 0xbc00, 0x4200, 0x4400, 0x4500, 0x4600 } \
    }
#define N12 \
    { \
        .s = { 0x3f800000, 0x40000000 } \
    }
#define M35 \
    { \
        .s = { 0x40400000, 0x40a00000 } \
    }
static const struct {
    const char *text;
    u32 word, fpcr;
    V128 d, n, m, result;
    u32 flags;
} vectors[] = {
    // FMLAL: lower halves, or upper ones for FMLAL2; exact products, one rounding. Half precision 1, 2, 3, 4, 5, 6, 7, 8
    // times 1, 2, 0, -1, 3, 4, 5, 6.
    {"fmlal v0.4s, v1.4h, v2.4h",
     0x4e22ec20,
     RN,
     ONES,
     HALVES,
     HALVES2,
     {.s = {0x40000000, 0x40a00000, 0x3f800000, 0xc0400000}},
     0},  // 1 + 1, 1 + 4, 1 + 0, 1 - 4
    {"fmlal2 v0.4s, v1.4h, v2.4h",
     0x6e22cc20,
     RN,
     ONES,
     HALVES,
     HALVES2,
     {.s = {0x41800000, 0x41c80000, 0x42100000, 0x42440000}},
     0},  // 1 + 15, 1 + 24, 1 + 35, 1 + 48
    {"fmlsl v0.2s, v1.2h, v2.2h", 0x0ea2ec20, RN, ONES, HALVES, HALVES2, {.s = {0, 0xc0400000}}, 0},
    {"fmlsl2 v0.2s, v1.2h, v2.2h",
     0x2ea2cc20,
     RN,
     ONES,
     HALVES,
     HALVES2,
     {.s = {0x3f800000, 0x40a00000}},
     0},
    {"fmlal v0.4s, v1.4h, v2.h[7]",
     0x4fb20820,
     RN,
     ONES,
     HALVES,
     HALVES2,
     {.s = {0x40e00000, 0x41500000, 0x41980000, 0x41c80000}},
     0},  // 1 + 6, 12, 18, 24
    {"fmlal v0.2s, v1.2h, v2.2h",
     0x0e22ec20,
     RN,
     {.s = {0x7fc00001, 0x3f800000}},
     {.h = {0x3c00, 0x7c01}},
     {.h = {0x3c00, 0}},
     {.s = {0x7fc00001, 0x7fc02000}},
     IOC},
    {"fmlal v0.2s, v1.2h, v2.2h",
     0x0e22ec20,
     FZ16,
     {.s = {0x00000001, 0}},
     {.h = {0, 0x0001}},
     {.h = {0, 0x3c00}},
     {.s = {0x00000001, 0}},
     0},
    {"fmlal v0.2s, v1.2h, v2.2h",
     0x0e22ec20,
     FZ,
     {.s = {0x00000001, 0}},
     {.h = {0, 0x0001}},
     {.h = {0, 0x3c00}},
     {.s = {0, 0x33800000}},
     IDC},
    // FMLA, FMLS: as FMADD and FMSUB in each lane.
    {"fmls v0.2s, v1.2s, v2.2s",
     0x0ea2cc20,
     RN,
     {.s = {0x3f800000, 0x3f800000}},
     {.s = {0x7fc00001, 0x40000000}},
     {.s = {0x3f800000, 0x40400000}},
     {.s = {0xffc00001, 0xc0a00000}},
     0},
    {"fmla v0.4s, v1.4s, v2.s[3]",
     0x4fa21820,
     RN,
     ONES,
     {.s = {0, 0x3f800000, 0x40000000, 0x40400000}},
     {.s = {9, 9, 9, 0x40000000}},
     {.s = {0x3f800000, 0x40400000, 0x40a00000, 0x40e00000}},
     0},
    // BFDotAdd rounds to odd, flushes, and has one NaN and no flags: 2^24 + (1 * 1 + 0 * 0); infinity times zero.
    {"bfdot v0.2s, v1.4h, v2.4h",
     0x2e42fc20,
     RZ,
     {.s = {0x4b800000, 0x00000001}},
     {.h = {0x3f80, 0, 0x7f80, 0}},
     {.h = {0x3f80, 0, 0, 0}},
     {.s = {0x4b800001, 0x7fc00000}},
     0},
    // BFMatMulAdd: two products, then two more: 1 + 2^24 is odd, 2^24 + 2; then -2^24.
    {"bfmmla v0.4s, v1.8h, v2.8h",
     0x6e42ec20,
     RN,
     {.s = {0x3f800000, 0, 0, 0}},
     {.h = {0x4b80, 0, 0x4b80, 0}},
     {.h = {0x3f80, 0, 0xbf80, 0}},
     {.s = {0x40000000, 0, 0, 0}},
     0},
    // BFMLALB, BFMLALT: FPMulAdd, with the rounding mode and flags: 2^24 + 0.5.
    {"bfmlalt v0.4s, v1.8h, v2.8h",
     0x6ec2fc20,
     RP,
     {.s = {0x4b800000, 0, 0, 0}},
     {.h = {0, 0x3f80}},
     {.h = {0, 0x3f00}},
     {.s = {0x4b800001, 0, 0, 0}},
     IXC},
    // FCMLA: #0 adds re(n) * m, #90 im(n) * (-im(m), re(m)), #180 and #270 their negatives. n = 1 + 2i, m = 3 + 5i.
    {"fcmla v0.2s, v1.2s, v2.2s, #0",
     0x2e82c420,
     RN,
     ONES2,
     N12,
     M35,
     {.s = {0x40800000, 0x40c00000}},
     0},
    {"fcmla v0.2s, v1.2s, v2.2s, #90",
     0x2e82cc20,
     RN,
     ONES2,
     N12,
     M35,
     {.s = {0xc1100000, 0x40e00000}},
     0},
    {"fcmla v0.2s, v1.2s, v2.2s, #180",
     0x2e82d420,
     RN,
     ONES2,
     N12,
     M35,
     {.s = {0xc0000000, 0xc0800000}},
     0},
    {"fcmla v0.2s, v1.2s, v2.2s, #270",
     0x2e82dc20,
     RN,
     ONES2,
     N12,
     M35,
     {.s = {0x41300000, 0xc0a00000}},
     0},
    {"fcadd v0.2s, v1.2s, v2.2s, #90",
     0x2e82e420,
     RN,
     ONES2,
     N12,
     M35,
     {.s = {0xc0800000, 0x40a00000}},
     0},
    {"fcadd v0.2s, v1.2s, v2.2s, #270",
     0x2e82f420,
     RN,
     ONES2,
     N12,
     M35,
     {.s = {0x40c00000, 0xbf800000}},
     0},
    // Pairs: V1's in the lower half, V2's in the upper one. 1 + 2, 3 + 4, 1 + 1, 1 + 1.
    {"faddp v0.4s, v1.4s, v2.4s",
     0x6e22d420,
     RN,
     ONES,
     {.s = {0x3f800000, 0x40000000, 0x40400000, 0x40800000}},
     ONES,
     {.s = {0x40400000, 0x40e00000, 0x40000000, 0x40000000}},
     0},
    // FPReduce: halves of halves, so (qNaN, sNaN) are the first pair, whose quiet result then loses.
    {"fmaxnmv s0, v1.4s",
     0x6e30c820,
     RN,
     ONES,
     {.s = {0x7fc00001, 0x7f800002, 0x3f800000, 0x40000000}},
     ONES,
     {.s = {0x40000000, 0, 0, 0}},
     IOC},
    {"fmaxv s0, v1.4s",
     0x6e30f820,
     RN,
     ONES,
     {.s = {0x3f800000, 0xc0000000, 0xffc00003, 0x7fc00004}},
     ONES,
     {.s = {0xffc00003, 0, 0, 0}},
     0},
    // Narrow and long forms: which half, and that FCVTN keeps nothing above, FCVTN2 everything below.
    {"fcvtn v0.4h, v1.4s",
     0x0e216820,
     RN,
     ONES,
     {.s = {0x3f800000, 0x477ff000, 0x33000001, 0x7f800001}},
     ONES,
     {.h = {0x3c00, 0x7c00, 0x0001, 0x7e00}},
     OFC | IXC | UFC | IOC},
    {"fcvtn2 v0.4s, v1.2d",
     0x4e616820,
     RN,
     ONES,
     {.d = {0x3ff0000000000000, 0xc000000000000000}},
     ONES,
     {.s = {0x3f800000, 0x3f800000, 0x3f800000, 0xc0000000}},
     0},
    {"fcvtxn2 v0.4s, v1.2d",
     0x6e616820,
     RN,
     ONES,
     {.d = {0x3ff0000000000001, 0xc000000000000000}},
     ONES,
     {.s = {0x3f800000, 0x3f800000, 0x3f800001, 0xc0000000}},
     IXC},
    {"fcvtl2 v0.4s, v1.8h",
     0x4e217820,
     RN,
     ONES,
     HALVES,
     ONES,
     {.s = {0x40a00000, 0x40c00000, 0x40e00000, 0x41000000}},
     0},
    // Each lane raises its flags: 1 / 0, 0 / 0, max * 2, sNaN.
    {"fdiv v0.4s, v1.4s, v2.4s",
     0x6e22fc20,
     RN,
     ONES,
     {.s = {0x3f800000, 0, 0x7f7fffff, 0x7f800001}},
     {.s = {0x80000000, 0, 0x3f000000, 0}},
     {.s = {0xff800000, 0x7fc00000, 0x7f800000, 0x7fc00001}},
     IOC | DZC | OFC | IXC},
    {"fadd v0.4s, v1.4s, v2.4s",
     0x4e22d420,
     FZ,
     ONES,
     {.s = {0x3f800000, 0x00000001, 0x3f800000, 0x3f800000}},
     {.s = {0x3f800000, 0x00800000, 0x33800000, 0xbf800000}},
     {.s = {0x40000000, 0x00800000, 0x3f800000, 0}},
     IDC | IXC},
};

// Says what differs; *failed counts.
static void check(int *failed, const char *text, V128 got, V128 want, u32 before, u32 flags) {
    u32 fpsr = (u32)cpu->sys.FPSR;
    if (got.q == want.q && fpsr == (before | flags)) return;
    print_error("%s: %016llx:%016llx, FPSR %02x, not %016llx:%016llx, %02x\n", text,
                (unsigned long long)got.d[1], (unsigned long long)got.d[0], fpsr,
                (unsigned long long)want.d[1], (unsigned long long)want.d[0], before | flags);
    ++*failed;
}

// Each line a second time with all flags set before: the host's arithmetic is used where IXC alone
// could come of it.
static void test_scalars(void **state) {
    (void)state;
    int failed = 0;
    for (unsigned i = 0; i < 2 * ARRAY_LEN(scalars); i++) {
        u32 before = i & 1 ? ALL_FLAGS : 0;
        const typeof(*scalars) *c = &scalars[i / 2];
        cpu->v[0] = (V128){.d = {c->d, ~0ull}};
        cpu->v[1] = (V128){.d = {c->n, 0x7ff0000000000001}};
        cpu->v[2] = (V128){.d = {c->m, 0x7ff0000000000001}};
        execute(c->word, c->fpcr, before);
        check(&failed, c->text, cpu->v[0], (V128){.d = {c->result, 0}}, before, c->flags);
    }
    assert_int_equal(failed, 0);
}

static void test_general(void **state) {
    (void)state;
    int failed = 0;
    for (unsigned i = 0; i < 2 * ARRAY_LEN(general); i++) {
        u32 before = i & 1 ? ALL_FLAGS : 0;
        const typeof(*general) *c = &general[i / 2];
        cpu->v[1] = (V128){.d = {c->n, ~0ull}};
        cpu->v[2] = (V128){.d = {c->m, ~0ull}};
        cpu->x[0] = KEEP;
        cpu_set_nzcv(cpu, 0);
        execute(c->word, c->fpcr, before);
        unsigned nzcv = c->nzcv == KEEP ? 0 : c->nzcv;
        V128 got = {.d = {cpu->x[0], cpu_nzcv(cpu) >> 28}};
        check(&failed, c->text, got, (V128){.d = {c->result, nzcv}}, before, c->flags);
    }
    assert_int_equal(failed, 0);
}

static void test_vectors(void **state) {
    (void)state;
    int failed = 0;
    for (unsigned i = 0; i < 2 * ARRAY_LEN(vectors); i++) {
        u32 before = i & 1 ? ALL_FLAGS : 0;
        const typeof(*vectors) *c = &vectors[i / 2];
        cpu->v[0] = c->d, cpu->v[1] = c->n, cpu->v[2] = c->m;
        execute(c->word, c->fpcr, before);
        check(&failed, c->text, cpu->v[0], c->result, before, c->flags);
    }
    assert_int_equal(failed, 0);
}

// The estimates of one interval in 1/256: the reciprocal (square root) of its middle, rounded to nearest.
static u32 nearest(double r) {
    return (u32)(256 * r + 0.5);
}

static u64 estimate(u32 word, u64 operand) {
    cpu->v[1] = (V128){.d = {operand, 0}};
    execute(word, RN, 0);
    assert_int_equal(cpu->sys.FPSR, 0);
    return cpu->v[0].d[0];
}

static void test_estimates(void **state) {
    (void)state;
    for (u32 i = 128; i < 512; i++) {  // i / 512 and up
        bool half = i >= 256;
        double middle = half ? (i / 2 + 0.5) / 256 : (i + 0.5) / 512;
        u32 root = nearest(1 / sqrt(middle)), recip = nearest(512 / (i + 0.5));
        u64 s = half ? 0x3f000000 | (i - 256) << 15 : 0x3e800000 | (i - 128) << 16;
        u64 d = half ? 0x3fe0000000000000 | (u64)(i - 256) << 44
                     : 0x3fd0000000000000 | (u64)(i - 128) << 45;
        assert_int_equal(estimate(0x7ea1d820 /* frsqrte s0, s1 */, s), 0x3f800000 | (root - 256)
                                                                                        << 15);
        assert_int_equal(estimate(0x7ee1d820 /* frsqrte d0, d1 */, d | 1),
                         0x3ff0000000000000 | (u64)(root - 256) << 44);
        // Both lanes; below the range all ones.
        assert_int_equal(estimate(0x2ea1c820 /* ursqrte v0.2s, v1.2s */, (u64)i << 55 | 0x3fffffff),
                         (u64)root << 55 | 0xffffffff);
        if (!half) continue;
        assert_int_equal(estimate(0x5ea1d820 /* frecpe s0, s1 */, s | 0x7fff),
                         0x3f800000 | (recip - 256) << 15);
        assert_int_equal(estimate(0x5ee1d820 /* frecpe d0, d1 */, d),
                         0x3ff0000000000000 | (u64)(recip - 256) << 44);
        assert_int_equal(estimate(0x0ea1c820 /* urecpe v0.2s, v1.2s */, (u64)i << 55 | 0x7fffffff),
                         (u64)recip << 55 | 0xffffffff);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_general),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_estimates),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
