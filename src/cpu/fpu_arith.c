// Addition, multiplication, division, square root and the fused operations.
// Arm ARM: shared pseudo-code functions FPAdd ... FPRSqrtStepFused. See fpu.h.
#include "cpu/fpu_internal.h"

// mant * 2^exp, negative if sign; mant has at most 126 bits.
typedef struct Term {
    bool sign;
    int exp;
    u128 mant;
} Term;

static Term term_of(const FpValue *v) {
    return (Term){v->sign, v->exp, v->mant};
}

static Term term_product(const FpValue *a, const FpValue *b) {
    return (Term){a->sign ^ b->sign, a->exp + b->exp, (u128)a->mant * b->mant};
}

// The leading one to bit 125: one bit of room for a carry. What alignment then shifts out of the
// smaller term lies far below the rounding position, unless the shift is by one or two places, when
// nothing but zeros is lost.
static void normalize(Term *t) {
    unsigned shift = clz128(t->mant) - 2;
    t->mant <<= shift;
    t->exp -= (int)shift;
}

// a + b; bits below the rounding position are jammed into the last one.
static Term term_sum(Term a, Term b) {
    if (a.mant == 0) return b;
    if (b.mant == 0) return a;
    normalize(&a);
    normalize(&b);
    if (a.exp < b.exp || (a.exp == b.exp && a.mant < b.mant)) {
        Term t = a;
        a = b;
        b = t;
    }
    b.mant = shift_right_jam(b.mant, (unsigned)(a.exp - b.exp));
    a.mant = a.sign == b.sign ? a.mant + b.mant : a.mant - b.mant;
    return a;
}

// a + b rounded; an exact zero is -0 only when rounding towards minus infinity.
static u64 round_sum(Fpu *fp, unsigned n, Term a, Term b) {
    FPRounding rounding = FPRoundingMode(fp);
    Term sum = term_sum(a, b);
    if (sum.mant == 0) return FPZero(n, rounding == FPRounding_NEGINF);
    return FPRound(fp, n, sum.sign, sum.mant, sum.exp, rounding);
}

static u64 add(Fpu *fp, unsigned n, u64 op1, u64 op2, bool subtract) {
    FpValue v1 = FPUnpack(fp, n, op1), v2 = FPUnpack(fp, n, op2);
    u64 result;
    if (FPProcessNaNs(fp, n, &v1, &v2, op1, op2, &result)) return result;
    v2.sign ^= subtract;
    if (fp_is_inf(&v1) && fp_is_inf(&v2) && v1.sign != v2.sign) return fp_invalid(fp, n);
    if (fp_is_inf(&v1)) return FPInfinity(n, v1.sign);
    if (fp_is_inf(&v2)) return FPInfinity(n, v2.sign);
    if (fp_is_zero(&v1) && fp_is_zero(&v2) && v1.sign == v2.sign) return FPZero(n, v1.sign);
    return round_sum(fp, n, term_of(&v1), term_of(&v2));
}

u64 FPAdd(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return add(fp, n, op1, op2, false);
}
u64 FPSub(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return add(fp, n, op1, op2, true);
}

static u64 multiply(Fpu *fp, unsigned n, u64 op1, u64 op2, bool extended) {
    FpValue v1 = FPUnpack(fp, n, op1), v2 = FPUnpack(fp, n, op2);
    u64 result;
    if (FPProcessNaNs(fp, n, &v1, &v2, op1, op2, &result)) return result;
    bool sign = v1.sign ^ v2.sign;
    bool inf = fp_is_inf(&v1) || fp_is_inf(&v2), zero = fp_is_zero(&v1) || fp_is_zero(&v2);
    if (inf && zero) {
        if (!extended) return fp_invalid(fp, n);
        return FPRound(fp, n, sign, 2, 0, FPRounding_ZERO);
    }
    if (inf) return FPInfinity(n, sign);
    if (zero) return FPZero(n, sign);
    Term p = term_product(&v1, &v2);
    return FPRound(fp, n, sign, p.mant, p.exp, FPRoundingMode(fp));
}

u64 FPMul(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return multiply(fp, n, op1, op2, false);
}
u64 FPMulX(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return multiply(fp, n, op1, op2, true);
}

u64 FPDiv(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    FpValue v1 = FPUnpack(fp, n, op1), v2 = FPUnpack(fp, n, op2);
    u64 result;
    if (FPProcessNaNs(fp, n, &v1, &v2, op1, op2, &result)) return result;
    bool sign = v1.sign ^ v2.sign;
    if ((fp_is_inf(&v1) && fp_is_inf(&v2)) || (fp_is_zero(&v1) && fp_is_zero(&v2)))
        return fp_invalid(fp, n);
    if (fp_is_inf(&v1) || fp_is_zero(&v2)) {
        if (!fp_is_inf(&v1)) fp->flags |= FPSR_DZC;
        return FPInfinity(n, sign);
    }
    if (fp_is_zero(&v1) || fp_is_inf(&v2)) return FPZero(n, sign);
    // A dividend of 127 bits over a divisor of at most 53: more quotient bits than are needed.
    unsigned shift = clz128(v1.mant) - 1;
    u128 dividend = (u128)v1.mant << shift;
    u128 quotient = dividend / v2.mant;
    if (quotient * v2.mant != dividend) quotient |= 1;
    return FPRound(fp, n, sign, quotient, v1.exp - v2.exp - (int)shift, FPRoundingMode(fp));
}

// floor(sqrt(x)), with bit 0 set if inexact; x has its leading one in bit 126 or 127.
static u64 square_root(u128 x) {
    u64 root = 0;
    for (int i = 63; i >= 0; i--) {
        u64 next = root | 1ull << i;
        if ((u128)next * next <= x) root = next;
    }
    return root | ((u128)root * root != x);
}

u64 FPSqrt(Fpu *fp, unsigned n, u64 op) {
    FpValue v = FPUnpack(fp, n, op);
    if (fp_is_nan(&v)) return FPProcessNaN(fp, n, v.type, op);
    if (fp_is_zero(&v)) return FPZero(n, v.sign);
    if (v.sign) return fp_invalid(fp, n);
    if (fp_is_inf(&v)) return FPInfinity(n, false);
    unsigned shift = clz128(v.mant);
    if ((v.exp - (int)shift) & 1) shift--;
    u64 root = square_root((u128)v.mant << shift);
    return FPRound(fp, n, false, root, (v.exp - (int)shift) / 2, FPRoundingMode(fp));
}

// What FPMulAdd does once the NaNs are dealt with; n is the format of the addend.
static u64 fused(Fpu *fp, unsigned n, const FpValue *a, const FpValue *v1, const FpValue *v2) {
    bool sign_p = v1->sign ^ v2->sign;
    bool inf_p = fp_is_inf(v1) || fp_is_inf(v2), zero_p = fp_is_zero(v1) || fp_is_zero(v2);
    if ((inf_p && zero_p) || (fp_is_inf(a) && inf_p && a->sign != sign_p)) return fp_invalid(fp, n);
    if (fp_is_inf(a)) return FPInfinity(n, a->sign);
    if (inf_p) return FPInfinity(n, sign_p);
    if (fp_is_zero(a) && zero_p && a->sign == sign_p) return FPZero(n, sign_p);
    return round_sum(fp, n, term_of(a), term_product(v1, v2));
}

static bool is_inf_times_zero(const FpValue *v1, const FpValue *v2) {
    return (fp_is_inf(v1) && fp_is_zero(v2)) || (fp_is_zero(v1) && fp_is_inf(v2));
}

// FPProcessNaNs3, FPProcessNaNs3H: m is the format of the factors.
static bool process_nans3(Fpu *fp, unsigned n, unsigned m, const FpValue *v, const u64 *op,
                          u64 *result) {
    int which = -1;
    for (int i = 2; i >= 0; i--)
        if (v[i].type == FPType_QNaN) which = i;
    for (int i = 2; i >= 0; i--)
        if (v[i].type == FPType_SNaN) which = i;
    if (which < 0) return false;
    unsigned from = which ? m : n;
    *result = FPProcessNaN(fp, from, v[which].type, op[which]);
    if (from != n) *result = FPConvertNaN(from, n, *result);
    if (v[0].type == FPType_QNaN && is_inf_times_zero(&v[1], &v[2])) *result = fp_invalid(fp, n);
    return true;
}

static u64 mul_add(Fpu *fp, unsigned n, unsigned m, u64 addend, u64 op1, u64 op2) {
    const u64 op[3] = {addend, op1, op2};
    FpValue v[3] = {FPUnpack(fp, n, addend), FPUnpack(fp, m, op1), FPUnpack(fp, m, op2)};
    u64 result;
    if (process_nans3(fp, n, m, v, op, &result)) return result;
    return fused(fp, n, &v[0], &v[1], &v[2]);
}

u64 FPMulAdd(Fpu *fp, unsigned n, u64 addend, u64 op1, u64 op2) {
    return mul_add(fp, n, n, addend, op1, op2);
}
u64 FPMulAddH(Fpu *fp, u64 addend, u64 op1, u64 op2) {
    return mul_add(fp, 32, 16, addend, op1, op2);
}

// (constant - op1 * op2) / 2^halve, the constant being the result for infinity times zero.
static u64 step(Fpu *fp, unsigned n, u64 op1, u64 op2, unsigned constant, int halve) {
    op1 = FPNeg(n, op1);
    FpValue v1 = FPUnpack(fp, n, op1), v2 = FPUnpack(fp, n, op2);
    u64 result;
    if (FPProcessNaNs(fp, n, &v1, &v2, op1, op2, &result)) return result;
    if (is_inf_times_zero(&v1, &v2))
        return FPRound(fp, n, false, constant, -halve, FPRounding_ZERO);
    if (fp_is_inf(&v1) || fp_is_inf(&v2)) return FPInfinity(n, v1.sign ^ v2.sign);
    Term p = term_product(&v1, &v2);
    p.exp -= halve;
    return round_sum(fp, n, (Term){false, -halve, constant}, p);
}

u64 FPRecipStepFused(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return step(fp, n, op1, op2, 2, 0);
}
u64 FPRSqrtStepFused(Fpu *fp, unsigned n, u64 op1, u64 op2) {
    return step(fp, n, op1, op2, 3, 1);
}

// --- BFloat16 ------------------------------------------------------------------------------------

u64 BFMulAddH(Fpu *fp, u64 addend, u16 op1, u16 op2) {
    return FPMulAdd(fp, 32, addend, (u64)op1 << 16, (u64)op2 << 16);
}

// BFUnpack: subnormal numbers are zeros, all NaNs alike.
static FpValue bf_unpack(u32 op) {
    Fpu fp = {.fpcr = FPCR_FZ};
    return FPUnpack(&fp, 32, op);
}

// BFRound: to odd; an overflow gives infinity, an underflow zero.
static u32 bf_round(Term t) {
    unsigned zeros = clz128(t.mant);
    int biased = t.exp + 127 - (int)zeros + fp_bias(32);
    if (biased < 1) return (u32)FPZero(32, t.sign);
    if (biased >= 255) return (u32)FPInfinity(32, t.sign);
    u32 mant = (u32)shift_right_jam(t.mant << zeros, 127 - 23);
    return (u32)FPZero(32, t.sign) | (u32)biased << 23 | (mant & (u32)ones(23));
}

// BFMulH.
static u32 bf_multiply(u16 op1, u16 op2) {
    FpValue v1 = bf_unpack((u32)op1 << 16), v2 = bf_unpack((u32)op2 << 16);
    bool sign = v1.sign ^ v2.sign, inf = fp_is_inf(&v1) || fp_is_inf(&v2);
    bool zero = fp_is_zero(&v1) || fp_is_zero(&v2);
    if (fp_is_nan(&v1) || fp_is_nan(&v2) || (inf && zero)) return (u32)FPDefaultNaN(32);
    if (inf) return (u32)FPInfinity(32, sign);
    if (zero) return (u32)FPZero(32, sign);
    return bf_round(term_product(&v1, &v2));
}

// FPAdd_BF16 (BFAdd in older manuals).
static u32 bf_add(u32 op1, u32 op2) {
    FpValue v1 = bf_unpack(op1), v2 = bf_unpack(op2);
    bool inf1 = fp_is_inf(&v1), inf2 = fp_is_inf(&v2);
    if (fp_is_nan(&v1) || fp_is_nan(&v2) || (inf1 && inf2 && v1.sign != v2.sign))
        return (u32)FPDefaultNaN(32);
    if (inf1 || inf2) return (u32)FPInfinity(32, inf1 ? v1.sign : v2.sign);
    if (fp_is_zero(&v1) && fp_is_zero(&v2) && v1.sign == v2.sign) return (u32)FPZero(32, v1.sign);
    Term sum = term_sum(term_of(&v1), term_of(&v2));
    return sum.mant ? bf_round(sum) : 0;
}

u32 BFDotAdd(u32 addend, u16 op1_a, u16 op1_b, u16 op2_a, u16 op2_b) {
    return bf_add(addend, bf_add(bf_multiply(op1_a, op2_a), bf_multiply(op1_b, op2_b)));
}
