// Comparison, minimum and maximum.
// Arm ARM: shared pseudo-code functions FPCompare*, FPMax, FPMin, FPMaxNum, FPMinNum. See fpu.h.
#include "cpu/fpu_internal.h"

// A number that orders all values but NaNs as they compare; +0 and -0 are the same. Flushed
// operands have come out of FPUnpack as zeros.
static i128 order(unsigned n, const FpValue *v, u64 op) {
    if (fp_is_zero(v)) return 0;
    i128 magnitude = (i128)FPAbs(n, op);
    return v->sign ? -magnitude : magnitude;
}

unsigned FPCompare(Fpu *fp, unsigned n, u64 op1, u64 op2, bool signal_nans) {
    FpValue v1 = FPUnpack(fp, n, op1), v2 = FPUnpack(fp, n, op2);
    if (fp_is_nan(&v1) || fp_is_nan(&v2)) {
        if (v1.type == FPType_SNaN || v2.type == FPType_SNaN || signal_nans) fp->flags |= FPSR_IOC;
        return 3;
    }
    i128 a = order(n, &v1, op1), b = order(n, &v2, op2);
    return a == b ? 6 : a < b ? 8 : 2;
}

bool FPCompareEQ(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return FPCompare(fp, n, op1, op2, false) == 6;
}
bool FPCompareGE(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    unsigned nzcv = FPCompare(fp, n, op1, op2, true);
    return nzcv == 6 || nzcv == 2;
}
bool FPCompareGT(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return FPCompare(fp, n, op1, op2, true) == 2;
}

static u64 max_or_min(Fpu *fp, unsigned n, u64 op1, u64 op2, bool max) {
    FpValue v1 = FPUnpack(fp, n, op1), v2 = FPUnpack(fp, n, op2);
    u64 result;
    if (FPProcessNaNs(fp, n, &v1, &v2, op1, op2, &result)) return result;
    i128 a = order(n, &v1, op1), b = order(n, &v2, op2);
    bool first = max ? a > b : a < b;
    if (!fp_is_zero(first ? &v1 : &v2)) return first ? op1 : op2;
    // The chosen one is a zero. If the other one is not, its sign is the one that decides, as in
    // the pseudo-code: the larger of +0 and -0 is +0.
    return FPZero(n, max ? v1.sign && v2.sign : v1.sign || v2.sign);
}

u64 FPMax(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return max_or_min(fp, n, op1, op2, true);
}
u64 FPMin(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return max_or_min(fp, n, op1, op2, false);
}

// A quiet NaN loses against a number: it is replaced by the infinity that cannot win.
static u64 max_or_min_num(Fpu *fp, unsigned n, u64 op1, u64 op2, bool max) {
    FPType t1 = FPUnpack(fp, n, op1).type, t2 = FPUnpack(fp, n, op2).type;
    if (t1 == FPType_QNaN && t2 != FPType_QNaN)
        op1 = FPInfinity(n, max);
    else if (t1 != FPType_QNaN && t2 == FPType_QNaN)
        op2 = FPInfinity(n, max);
    return max_or_min(fp, n, op1, op2, max);
}

u64 FPMaxNum(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return max_or_min_num(fp, n, op1, op2, true);
}
u64 FPMinNum(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return max_or_min_num(fp, n, op1, op2, false);
}
