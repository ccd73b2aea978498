// The lanes of Advanced SIMD floating-point instructions (sem_fp_vector.h).
// Four operations on whole vectors use the host's vector arithmetic when every lane is a common
// case (fpu_fast.h); everything else goes lane by lane.
#include "cpu/sem_fp_vector.h"

static u64 lane(const V128 *v, unsigned esize, unsigned i) {
    return esize == 16 ? v->h[i] : esize == 32 ? v->s[i] : v->d[i];
}
static void set_lane(V128 *v, unsigned esize, unsigned i, u64 value) {
    if (esize == 16)
        v->h[i] = (u16)value;
    else if (esize == 32)
        v->s[i] = (u32)value;
    else
        v->d[i] = value;
}
static unsigned form_lanes(u64 form) {
    return form & 2 ? 1 : (form & 1 ? 128 : 64) / form_esize(form);
}

void fp_each1(Cpu *cpu, FpUnary *f, V128 *d, const V128 *n, u64 form, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++)
        set_lane(&r, esize, i, f(&fp, esize, lane(n, esize, i), how));
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_each2(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++)
        set_lane(&r, esize, i, f(&fp, esize, lane(n, esize, i), lane(m, esize, i)));
    *d = r;
    fpu_end(cpu, &fp);
}

// Every lane = the element of m that form indexes.
static V128 splat(const V128 *m, u64 form) {
    unsigned esize = form_esize(form);
    V128 r;
    for (unsigned i = 0; i < 128 / esize; i++)
        set_lane(&r, esize, i, lane(m, esize, form_index(form)));
    return r;
}

void fp_each2_elem(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form) {
    V128 e = splat(m, form);
    fp_each2(cpu, f, d, n, &e, form);
}

void fp_pairs(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++) {
        const V128 *from = 2 * i < lanes ? n : m;
        unsigned at = 2 * i % lanes;
        set_lane(&r, esize, i, f(&fp, esize, lane(from, esize, at), lane(from, esize, at + 1)));
    }
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_reduce(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, unsigned esize, unsigned lanes) {
    Fpu fp = fpu_begin(cpu);
    u64 v[8];
    for (unsigned i = 0; i < lanes; i++) v[i] = lane(n, esize, i);
    // Halves of halves of ...: neighbours first.
    for (; lanes > 1; lanes /= 2)
        for (unsigned i = 0; i < lanes / 2; i++) v[i] = f(&fp, esize, v[2 * i], v[2 * i + 1]);
    fp_set(d, v[0]);
    fpu_end(cpu, &fp);
}

// --- whole vectors by the host -------------------------------------------------------------------
typedef float F32x4 __attribute__((vector_size(16)));
typedef double F64x2 __attribute__((vector_size(16)));
typedef i32 I32x4 __attribute__((vector_size(16)));
typedef i64 I64x2 __attribute__((vector_size(16)));
typedef enum VecOp { VEC_ADD, VEC_SUB, VEC_MUL, VEC_DIV } VecOp;

// All ones in the lanes that are normal numbers above the smallest, or a zero that is exact: a sum
// that cancels, a product or quotient of a zero. (A zero times infinity is no zero.)
static ALWAYS_INLINE V128 good32(VecOp op, const V128 *n, const V128 *m, const V128 *r) {
    I32x4 a, b, c;
    memcpy(&a, n, 16), memcpy(&b, m, 16), memcpy(&c, r, 16);
    I32x4 magnitude = c & 0x7fffffff;
    I32x4 usual = (magnitude >= 0x01000000) & (magnitude < 0x7f800000);
    I32x4 zero = magnitude == 0;
    if (op >= VEC_MUL) {
        I32x4 operand = (a & 0x7fffffff) == 0;
        if (op == VEC_MUL) operand |= (b & 0x7fffffff) == 0;
        zero &= operand;
    }
    usual |= zero;
    V128 good;
    memcpy(&good, &usual, 16);
    return good;
}
static ALWAYS_INLINE V128 good64(VecOp op, const V128 *n, const V128 *m, const V128 *r) {
    I64x2 a, b, c;
    const i64 mask = 0x7fffffffffffffff;
    memcpy(&a, n, 16), memcpy(&b, m, 16), memcpy(&c, r, 16);
    I64x2 magnitude = c & mask;
    I64x2 usual = (magnitude >= 0x0020000000000000) & (magnitude < 0x7ff0000000000000);
    I64x2 zero = magnitude == 0;
    if (op >= VEC_MUL) {
        I64x2 operand = (a & mask) == 0;
        if (op == VEC_MUL) operand |= (b & mask) == 0;
        zero &= operand;
    }
    usual |= zero;
    V128 good;
    memcpy(&good, &usual, 16);
    return good;
}

// d = n op m if the host's result is the architected one in every lane.
static ALWAYS_INLINE bool host_vector(Cpu *cpu, VecOp op, V128 *d, const V128 *n, const V128 *m,
                                      u64 form) {
    if (form_esize(form) == 16 || !fp_host_mode(cpu) || !fp_inexact_set(cpu)) return false;
    V128 r, good;
    if (form_esize(form) == 32) {
        F32x4 a, b, c;
        memcpy(&a, n, 16), memcpy(&b, m, 16);
        c = op == VEC_ADD ? a + b : op == VEC_SUB ? a - b : op == VEC_MUL ? a * b : a / b;
        memcpy(&r, &c, 16);
        good = good32(op, n, m, &r);
    } else {
        F64x2 a, b, c;
        memcpy(&a, n, 16), memcpy(&b, m, 16);
        c = op == VEC_ADD ? a + b : op == VEC_SUB ? a - b : op == VEC_MUL ? a * b : a / b;
        memcpy(&r, &c, 16);
        good = good64(op, n, m, &r);
    }
    bool q = form & 1;
    if (!(form & 2) && good.d[0] == ~0ull && (!q || good.d[1] == ~0ull)) {
        d->d[0] = r.d[0];
        d->d[1] = q ? r.d[1] : 0;
        return true;
    }
    return false;
}

void fp_vec_add(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    if (!host_vector(cpu, VEC_ADD, d, n, m, form)) fp_each2(cpu, FPAdd, d, n, m, form);
}
void fp_vec_sub(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    if (!host_vector(cpu, VEC_SUB, d, n, m, form)) fp_each2(cpu, FPSub, d, n, m, form);
}
void fp_vec_mul(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    if (!host_vector(cpu, VEC_MUL, d, n, m, form)) fp_each2(cpu, FPMul, d, n, m, form);
}
void fp_vec_div(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    if (!host_vector(cpu, VEC_DIV, d, n, m, form)) fp_each2(cpu, FPDiv, d, n, m, form);
}
void fp_mul_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    V128 e = splat(m, form);
    fp_vec_mul(cpu, d, n, &e, form);
}

// --- multiply and accumulate ---------------------------------------------------------------------
void fp_mla(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, bool negate) {
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    u64 flip = (u64)negate << (esize - 1);
    for (unsigned i = 0; i < lanes; i++)
        set_lane(&r, esize, i,
                 fp_muladd(cpu, (int)esize, lane(d, esize, i), lane(n, esize, i) ^ flip,
                           lane(m, esize, i)));
    *d = r;
}

void fp_mla_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, bool negate) {
    V128 e = splat(m, form);
    fp_mla(cpu, d, n, &e, form, negate);
}

void fp_mlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned q, bool negate, bool upper,
             int index) {
    Fpu fp = fpu_begin(cpu);
    unsigned lanes = q ? 4 : 2, first = upper ? lanes : 0;
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++) {
        u64 a = n->h[first + i] ^ (negate ? 0x8000 : 0);
        r.s[i] = (u32)FPMulAddH(&fp, d->s[i], a, m->h[index < 0 ? first + i : (unsigned)index]);
    }
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_bfmlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned top, int index) {
    Fpu fp = fpu_begin(cpu);
    V128 r;
    for (unsigned i = 0; i < 4; i++) {
        unsigned j = 2 * i + top;
        r.s[i] = (u32)BFMulAddH(&fp, d->s[i], n->h[j], m->h[index < 0 ? j : (unsigned)index]);
    }
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_bfdot(V128 *d, const V128 *n, const V128 *m, unsigned q, int index) {
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < (q ? 4 : 2); i++) {
        unsigned j = index < 0 ? i : (unsigned)index;
        r.s[i] = BFDotAdd(d->s[i], n->h[2 * i], n->h[2 * i + 1], m->h[2 * j], m->h[2 * j + 1]);
    }
    *d = r;
}

// BFMatMulAdd: the 2x4 matrix n times the 4x2 matrix m, whose columns are the halves of the register.
void fp_bfmmla(V128 *d, const V128 *n, const V128 *m) {
    V128 r;
    for (unsigned i = 0; i < 4; i++) {
        const u16 *row = &n->h[i / 2 * 4], *column = &m->h[i % 2 * 4];
        u32 sum = BFDotAdd(d->s[i], row[0], row[1], column[0], column[1]);
        r.s[i] = BFDotAdd(sum, row[2], row[3], column[2], column[3]);
    }
    *d = r;
}

// Complex numbers are pairs (real, imaginary). A rotation by 90 degrees swaps the parts of the
// second operand and negates one of them.
void fp_cmla(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, unsigned rot, int index) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form), swap = rot & 1;
    bool neg_real = rot == 1 || rot == 2, neg_imag = rot >= 2;
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i += 2) {
        unsigned j = index < 0 ? i : 2 * (unsigned)index;
        u64 real = lane(m, esize, j + swap), imag = lane(m, esize, j + !swap);
        u64 factor = lane(n, esize, i + swap);
        if (neg_real) real = FPNeg(esize, real);
        if (neg_imag) imag = FPNeg(esize, imag);
        set_lane(&r, esize, i, FPMulAdd(&fp, esize, lane(d, esize, i), factor, real));
        set_lane(&r, esize, i + 1, FPMulAdd(&fp, esize, lane(d, esize, i + 1), factor, imag));
    }
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_cadd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, unsigned rot) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i += 2) {
        u64 real = lane(m, esize, i + 1), imag = lane(m, esize, i);
        if (rot)
            imag = FPNeg(esize, imag);
        else
            real = FPNeg(esize, real);
        set_lane(&r, esize, i, FPAdd(&fp, esize, lane(n, esize, i), real));
        set_lane(&r, esize, i + 1, FPAdd(&fp, esize, lane(n, esize, i + 1), imag));
    }
    *d = r;
    fpu_end(cpu, &fp);
}

// --- between widths ------------------------------------------------------------------------------
void fp_narrow(Cpu *cpu, V128 *d, const V128 *n, unsigned esize, unsigned q, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    unsigned lanes = 64 / esize;
    V128 r = {.d = {q ? d->d[0] : 0, 0}};
    for (unsigned i = 0; i < lanes; i++)
        set_lane(&r, esize, i + (q ? lanes : 0),
                 FPConvert(&fp, 2 * esize, esize, lane(n, 2 * esize, i), how_rounding(&fp, how)));
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_bfcvtn(Cpu *cpu, V128 *d, const V128 *n, unsigned q) {
    Fpu fp = fpu_begin(cpu);
    V128 r = {.d = {q ? d->d[0] : 0, 0}};
    for (unsigned i = 0; i < 4; i++)
        r.h[i + 4 * q] = (u16)FPConvertBF(&fp, n->s[i], FPRoundingMode(&fp));
    *d = r;
    fpu_end(cpu, &fp);
}

u64 fp_convert_odd(Fpu *fp, unsigned n, u64 op, unsigned how) {
    (void)how;
    return FPConvert(fp, n, n / 2, op, FPRounding_ODD);
}

void fp_lengthen(Cpu *cpu, V128 *d, const V128 *n, unsigned esize, unsigned q) {
    Fpu fp = fpu_begin(cpu);
    unsigned lanes = 64 / esize;
    V128 r;
    for (unsigned i = 0; i < lanes; i++)
        set_lane(&r, 2 * esize, i,
                 FPConvert(&fp, esize, 2 * esize, lane(n, esize, i + (q ? lanes : 0)),
                           FPRoundingMode(&fp)));
    *d = r;
    fpu_end(cpu, &fp);
}

// --- one lane ------------------------------------------------------------------------------------
static u64 mask(unsigned n, bool test) {
    return test ? ones(n) : 0;
}

u64 fp_test_eq(Fpu *fp, unsigned n, u64 a, u64 b) {
    return mask(n, FPCompareEQ(fp, n, a, b));
}
u64 fp_test_ge(Fpu *fp, unsigned n, u64 a, u64 b) {
    return mask(n, FPCompareGE(fp, n, a, b));
}
u64 fp_test_gt(Fpu *fp, unsigned n, u64 a, u64 b) {
    return mask(n, FPCompareGT(fp, n, a, b));
}
u64 fp_test_abs_ge(Fpu *fp, unsigned n, u64 a, u64 b) {
    return fp_test_ge(fp, n, FPAbs(n, a), FPAbs(n, b));
}
u64 fp_test_abs_gt(Fpu *fp, unsigned n, u64 a, u64 b) {
    return fp_test_gt(fp, n, FPAbs(n, a), FPAbs(n, b));
}
u64 fp_abs_diff(Fpu *fp, unsigned n, u64 a, u64 b) {
    return FPAbs(n, FPSub(fp, n, a, b));
}

u64 fp_abs(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)fp, (void)how;
    return FPAbs(n, a);
}
u64 fp_neg(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)fp, (void)how;
    return FPNeg(n, a);
}
u64 fp_zero_eq(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_test_eq(fp, n, a, how);
}
u64 fp_zero_ge(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_test_ge(fp, n, a, how);
}
u64 fp_zero_gt(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_test_gt(fp, n, a, how);
}
u64 fp_zero_le(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_test_ge(fp, n, how, a);
}
u64 fp_zero_lt(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_test_gt(fp, n, how, a);
}

u64 fp_lane_to_int(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return FPToFixed(fp, n, n, a, how >> HOW_FBITS_SHIFT, how & HOW_UNSIGNED,
                     how_rounding(fp, how));
}
u64 fp_lane_from_int(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return FixedToFP(fp, n, n, a, how >> HOW_FBITS_SHIFT, how & HOW_UNSIGNED,
                     how_rounding(fp, how));
}
u64 fp_recpe(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)how;
    return FPRecipEstimate(fp, n, a);
}
u64 fp_rsqrte(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)how;
    return FPRSqrtEstimate(fp, n, a);
}
u64 fp_recpx(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)how;
    return FPRecpX(fp, n, a);
}
u64 fp_urecpe(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)fp, (void)n, (void)how;
    return UnsignedRecipEstimate((u32)a);
}
u64 fp_ursqrte(Fpu *fp, unsigned n, u64 a, unsigned how) {
    (void)fp, (void)n, (void)how;
    return UnsignedRSqrtEstimate((u32)a);
}
