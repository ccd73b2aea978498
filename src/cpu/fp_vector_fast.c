// Floating-point vectors by the host's arithmetic, where it gives exactly the architected result and flags; the other
// vectors lane by lane (fp_vector.c). The conditions are those of fpu_fast.h: rounding to nearest, no flushing,
// Inexact set already, and results that are normal numbers above the smallest or exact zeros.
//
// Half precision is computed in single precision and rounded again. That gives the result of one rounding, because 24
// bits are twice 11 and 2 more; only a fused operation needs a look at what the first rounding left out.
#include "cpu/sem_fp_vector.h"
#include "cpu/sem_simd.h"

typedef float F32x2 __attribute__((vector_size(8)));
typedef float F32x4 __attribute__((vector_size(16)));
typedef double F64x2 __attribute__((vector_size(16)));
typedef u16 U16x4 __attribute__((vector_size(8)));
typedef i32 I32x4 __attribute__((vector_size(16)));
typedef i64 I64x2 __attribute__((vector_size(16)));

static ALWAYS_INLINE bool flushes(const Cpu *cpu, unsigned esize) {
    return cpu->sys.FPCR & (esize == 16 ? FPCR_FZ16 : FPCR_FZ);
}
static ALWAYS_INLINE bool host_rounds(const Cpu *cpu, unsigned esize) {
    return !(cpu->sys.FPCR & FPCR_RMODE) && !flushes(cpu, esize) && fp_inexact_set(cpu);
}

// The lanes that form has, the rest zero.
static ALWAYS_INLINE V128 lanes_of(const V128 *v, u64 form) {
    VecD mask = {form & 2 ? ones(form_esize(form)) : ~0ull, (form & 3) == 1 ? ~0ull : 0};
    Vec r = vec_load(v) & (Vec)mask;
    V128 lanes;
    memcpy(&lanes, &r, 16);
    return lanes;
}
static ALWAYS_INLINE bool all_lanes(const V128 *mask, u64 form) {
    V128 missing, inverse;
    Vec v = ~vec_load(mask);
    memcpy(&inverse, &v, 16);
    missing = lanes_of(&inverse, form);
    return !(missing.d[0] | missing.d[1]);
}

// --- half and single precision -------------------------------------------------------------------
// `good` loses the lanes that are neither normal numbers nor zeros.
static ALWAYS_INLINE F32x4 widened(const u16 *h, I32x4 *good) {
    U16x4 narrow;
    memcpy(&narrow, h, 8);
    VecS x = __builtin_convertvector(narrow, VecS), magnitude = x & 0x7fff;
    I32x4 number = (magnitude >= 0x400) & (magnitude < 0x7c00);
    *good &= number | (magnitude == 0);
    return (F32x4)((((magnitude << 13) + (112 << 23)) & (VecS)number) | (x & 0x8000) << 16);
}
// Rounded to half precision, in the low halves.
static ALWAYS_INLINE VecS halves_of(F32x4 v, I32x4 *good) {
    VecS x = (VecS)v, magnitude = x & 0x7fffffff;
    VecS r = ((magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13) - (112 << 10);
    I32x4 zero = magnitude == 0;
    *good &= zero | (r - 0x800 < 0x7c00 - 0x800);
    return (r & ~(VecS)zero) | (x >> 16 & 0x8000);
}
static ALWAYS_INLINE u64 packed(VecS v) {
    U16x4 h = __builtin_convertvector(v, U16x4);
    u64 r;
    memcpy(&r, &h, 8);
    return r;
}

static ALWAYS_INLINE I32x4 usual32(F32x4 v) {
    I32x4 magnitude = (I32x4)v & 0x7fffffff;
    return (magnitude >= 0x01000000) & (magnitude < 0x7f800000);
}
static ALWAYS_INLINE I64x2 usual64(F64x2 v) {
    I64x2 magnitude = (I64x2)v & 0x7fffffffffffffff;
    return (magnitude >= 0x0020000000000000) & (magnitude < 0x7ff0000000000000);
}

// --- add, subtract, multiply, divide -------------------------------------------------------------
static ALWAYS_INLINE F32x4 arith32(FpArith op, F32x4 a, F32x4 b) {
    return op == FP_ADD ? a + b : op == FP_MUL ? a * b : op == FP_DIV ? a / b : a - b;
}
static ALWAYS_INLINE F64x2 arith64(FpArith op, F64x2 a, F64x2 b) {
    return op == FP_ADD ? a + b : op == FP_MUL ? a * b : op == FP_DIV ? a / b : a - b;
}

// A zero is exact when a sum cancels, and as the product or quotient of a zero. (Zero times infinity is no zero.)
static ALWAYS_INLINE u64 half_arith(FpArith op, u64 *good, const V128 *n, const V128 *m,
                                    unsigned part) {
    I32x4 ok = {-1, -1, -1, -1};  // of normal numbers only zeros give a zero
    F32x4 a = widened(&n->h[4 * part], &ok), b = widened(&m->h[4 * part], &ok);
    VecS c = halves_of(arith32(op, a, b), &ok);
    *good = packed((VecS)ok);
    return packed(c);
}
static ALWAYS_INLINE void single_arith(FpArith op, V128 *r, V128 *good, const V128 *n,
                                       const V128 *m) {
    F32x4 a, b, c;
    memcpy(&a, n, 16), memcpy(&b, m, 16);
    c = arith32(op, a, b);
    I32x4 zero = c == 0;
    if (op == FP_MUL) zero &= (a == 0) | (b == 0);
    if (op == FP_DIV) zero &= a == 0;
    I32x4 ok = usual32(c) | zero;
    memcpy(r, &c, 16), memcpy(good, &ok, 16);
}
static ALWAYS_INLINE void double_arith(FpArith op, V128 *r, V128 *good, const V128 *n,
                                       const V128 *m) {
    F64x2 a, b, c;
    memcpy(&a, n, 16), memcpy(&b, m, 16);
    c = arith64(op, a, b);
    I64x2 zero = c == 0;
    if (op == FP_MUL) zero &= (a == 0) | (b == 0);
    if (op == FP_DIV) zero &= a == 0;
    I64x2 ok = usual64(c) | zero;
    memcpy(r, &c, 16), memcpy(good, &ok, 16);
}

static ALWAYS_INLINE bool host_arith(const Cpu *cpu, FpArith op, V128 *d, const V128 *n,
                                     const V128 *m, u64 form) {
    unsigned esize = form_esize(form);
    V128 r = {.q = 0}, good = {.q = 0};
    if (!host_rounds(cpu, esize)) return false;
    if (esize == 16) {
        u64 high = 0, good_low, good_high = 0, low = half_arith(op, &good_low, n, m, 0);
        if ((form & 3) == 1) high = half_arith(op, &good_high, n, m, 1);
        r = vec_halves(low, high), good = vec_halves(good_low, good_high);
    } else if (esize == 32) {
        single_arith(op, &r, &good, n, m);
    } else {
        double_arith(op, &r, &good, n, m);
    }
    if (!all_lanes(&good, form)) return false;
    *d = lanes_of(&r, form);
    if (op == FP_ABD) fp_sign(d, d, form, false);
    return true;
}

void fp_arith(Cpu *cpu, FpArith op, V128 *d, const V128 *n, const V128 *m, u64 form) {
    static FpBinary *const slow[] = {FPAdd, FPSub, fp_abs_diff, FPMul, FPDiv};
    bool done;
    switch (op) {
    case FP_ADD: done = host_arith(cpu, FP_ADD, d, n, m, form); break;
    case FP_SUB: done = host_arith(cpu, FP_SUB, d, n, m, form); break;
    case FP_ABD: done = host_arith(cpu, FP_ABD, d, n, m, form); break;
    case FP_MUL: done = host_arith(cpu, FP_MUL, d, n, m, form); break;
    default: done = host_arith(cpu, FP_DIV, d, n, m, form); break;
    }
    if (!done) fp_each2(cpu, slow[op], d, n, m, form);
}

V128 fp_splat(const V128 *m, u64 form) {
    unsigned esize = form_esize(form);
    u64 e = fp_lane(m, esize, form_index(form));
    u64 lanes = lane_replicate(e, esize / 32 + 1);
    return vec_halves(lanes, lanes);
}

void fp_mul_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    V128 e = fp_splat(m, form);
    fp_arith(cpu, FP_MUL, d, n, &e, form);
}

void fp_sign(V128 *d, const V128 *n, u64 form, bool flip) {
    u64 sign = lane_replicate(1ull << (form_esize(form) - 1), form_esize(form) / 32 + 1);
    Vec r = vec_load(n), bits = vec_dup(3, sign);
    V128 v;
    r = flip ? r ^ bits : r & ~bits;
    memcpy(&v, &r, 16);
    *d = lanes_of(&v, form);
}

// --- square root, steps --------------------------------------------------------------------------
void fp_sqrt_lanes(Cpu *cpu, V128 *d, const V128 *n, u64 form) {
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.q = 0};
    for (unsigned i = 0; i < lanes; i++)
        fp_set_lane(&r, esize, i, fp_sqrt(cpu, (int)esize, fp_lane(n, esize, i)));
    *d = r;
}

// 2 - n * m, or (3 - n * m) / 2, with one rounding. Halving a normal number is exact if the result is one.
void fp_step(Cpu *cpu, FpBinary *slow, V128 *d, const V128 *n, const V128 *m, u64 form) {
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    bool root = slow == FPRSqrtStepFused, good = esize != 16 && host_rounds(cpu, esize);
    V128 r = {.q = 0};
    for (unsigned i = 0; good && i < lanes; i++) {
        if (esize == 32) {
            u64 v = f32_bits(fmaf(-f32_of(n->s[i]), f32_of(m->s[i]), root ? 3.0f : 2.0f));
            r.s[i] = (u32)f32_bits(f32_of(v) * (root ? 0.5f : 1.0f));
            good = f32_usual(v) && f32_usual(r.s[i]);
        } else {
            u64 v = f64_bits(fma(-f64_of(n->d[i]), f64_of(m->d[i]), root ? 3.0 : 2.0));
            r.d[i] = f64_bits(f64_of(v) * (root ? 0.5 : 1.0));
            good = f64_usual(v) && f64_usual(r.d[i]);
        }
    }
    if (good)
        *d = r;
    else
        fp_each2(cpu, slow, d, n, m, form);
}

// --- multiply and accumulate ---------------------------------------------------------------------
// A sum that was rounded to the middle between two results says nothing of the exact one, unless the
// rounding error, computed without error, is zero. Otherwise rounding again gives what one rounding gives.

// Two lanes of single precision; the product of two is exact in double precision.
static ALWAYS_INLINE F32x2 mla32(F32x2 addend, F32x2 x, F32x2 y, I64x2 *good) {
    F64x2 a = __builtin_convertvector(addend, F64x2);
    F64x2 p = __builtin_convertvector(x, F64x2) * __builtin_convertvector(y, F64x2);
    F64x2 s = a + p, t = s - a, error = (a - (s - t)) + (p - t);
    I64x2 bits = (I64x2)s, magnitude = bits & 0x7fffffffffffffff;
    I64x2 middle = ((bits & 0x1fffffff) == 0x10000000) & (error != 0);
    // From 2^-125 to below what would round to 2^128.
    I64x2 usual = (magnitude >= 0x3820000000000000) & (magnitude < 0x47efffffe0000000);
    *good = (usual & ~middle) | (magnitude == 0);
    return __builtin_convertvector(s, F32x2);
}
// Four lanes of half precision, in single precision.
static ALWAYS_INLINE VecS mla16(F32x4 a, F32x4 x, F32x4 y, I32x4 *good) {
    F32x4 p = x * y, s = a + p, t = s - a, error = (a - (s - t)) + (p - t);
    *good &= ~((((I32x4)s & 0x1fff) == 0x1000) & (error != 0));
    return halves_of(s, good);
}

static bool host_mla(const Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    unsigned esize = form_esize(form), parts = (form & 3) == 1 ? 2 : 1;
    u64 r[2] = {0, 0}, good = ~0ull;
    if (!host_rounds(cpu, esize) || (form & 2)) return false;
    for (unsigned i = 0; i < parts && esize == 32; i++) {
        F32x2 a, x, y, v;
        I64x2 ok;
        memcpy(&a, &d->d[i], 8), memcpy(&x, &n->d[i], 8), memcpy(&y, &m->d[i], 8);
        v = mla32(a, x, y, &ok);
        memcpy(&r[i], &v, 8);
        good &= (u64)(ok[0] & ok[1]);
    }
    for (unsigned i = 0; i < parts && esize == 16; i++) {
        I32x4 ok = {-1, -1, -1, -1};
        F32x4 a = widened(&d->h[4 * i], &ok), x = widened(&n->h[4 * i], &ok);
        F32x4 y = widened(&m->h[4 * i], &ok);
        VecS v = mla16(a, x, y, &ok);
        r[i] = packed(v), good &= packed((VecS)ok);
    }
    for (unsigned i = 0; i < parts && esize == 64; i++) {
        r[i] = f64_bits(fma(f64_of(n->d[i]), f64_of(m->d[i]), f64_of(d->d[i])));
        good &= f64_usual(r[i]) ? ~0ull : 0;
    }
    if (~good) return false;
    *d = vec_halves(r[0], r[1]);
    return true;
}

void fp_mla(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, bool negate) {
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.q = 0}, x = *n;
    if (negate) fp_sign(&x, n, form, true);
    if (host_mla(cpu, d, &x, m, form)) return;
    for (unsigned i = 0; i < lanes; i++)
        fp_set_lane(&r, esize, i,
                    fp_muladd(cpu, (int)esize, fp_lane(d, esize, i), fp_lane(&x, esize, i),
                              fp_lane(m, esize, i)));
    *d = r;
}

void fp_mla_elem(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, bool negate) {
    V128 e = fp_splat(m, form);
    fp_mla(cpu, d, n, &e, form, negate);
}

bool fp_mlal_fast(Cpu *cpu, V128 *d, const u16 *a, const u16 *b, unsigned q) {
    I32x4 good = {-1, -1, -1, -1};
    F32x4 x = widened(a, &good), y = widened(b, &good);
    V128 n, m, ok;
    memcpy(&n, &x, 16), memcpy(&m, &y, 16), memcpy(&ok, &good, 16);
    return !~(ok.d[0] & ok.d[1]) && host_mla(cpu, d, &n, &m, 32 * 4 + q);
}

// --- compare, maximum, minimum -------------------------------------------------------------------
// Integers that compare as the numbers do, +0 and -0 being the same; false if one is a NaN.
static ALWAYS_INLINE bool keys(int size, Vec v, bool absolute, Vec *key) {
    static const u64 infinity[] = {0, 0x7c00, 0x7f800000, 0x7ff0000000000000};
    Vec sign = vec_dup(size, 1ull << ((8 << size) - 1)), magnitude = v & ~sign;
    Vec negative = absolute ? (Vec){0} : vec_gt(size, (Vec){0}, v);
    V128 nan;
    Vec above = vec_gt(size, magnitude, vec_dup(size, infinity[size]));
    memcpy(&nan, &above, 16);
    *key = vec_sub(size, magnitude ^ negative, negative);
    return !(nan.d[0] | nan.d[1]);
}

static ALWAYS_INLINE bool order(FpOrder op, int size, V128 *d, const V128 *n, const V128 *m) {
    Vec a = vec_load(n), b = vec_load(m), x, y, r;
    bool absolute = op == FP_ABS_GE || op == FP_ABS_GT;
    if (!keys(size, a, absolute, &x) || !keys(size, b, absolute, &y)) return false;
    switch (op) {
    case FP_EQ: r = vec_eq(size, x, y); break;
    case FP_GE:
    case FP_ABS_GE: r = ~vec_gt(size, y, x); break;
    case FP_GT:
    case FP_ABS_GT: r = vec_gt(size, x, y); break;
    // Equal numbers differ at most in the sign of a zero.
    case FP_MAX:
        r = vec_select(vec_eq(size, x, y), a & b, vec_select(vec_gt(size, x, y), a, b));
        break;
    default: r = vec_select(vec_eq(size, x, y), a | b, vec_select(vec_gt(size, x, y), b, a)); break;
    }
    memcpy(d, &r, 16);
    return true;
}
static ALWAYS_INLINE bool order_by_size(FpOrder op, V128 *d, const V128 *n, const V128 *m,
                                        unsigned esize) {
    switch (esize) {
    case 16: return order(op, 1, d, n, m);
    case 32: return order(op, 2, d, n, m);
    default: return order(op, 3, d, n, m);
    }
}

void fp_order(Cpu *cpu, FpOrder op, FpBinary *slow, V128 *d, const V128 *n, const V128 *m,
              u64 form) {
    unsigned esize = form_esize(form);
    V128 a = lanes_of(n, form), b = lanes_of(m, form), r;
    bool done = !flushes(cpu, esize);
    if (done) {
        switch (op) {
        case FP_EQ: done = order_by_size(FP_EQ, &r, &a, &b, esize); break;
        case FP_GE: done = order_by_size(FP_GE, &r, &a, &b, esize); break;
        case FP_GT: done = order_by_size(FP_GT, &r, &a, &b, esize); break;
        case FP_ABS_GE: done = order_by_size(FP_ABS_GE, &r, &a, &b, esize); break;
        case FP_ABS_GT: done = order_by_size(FP_ABS_GT, &r, &a, &b, esize); break;
        case FP_MAX: done = order_by_size(FP_MAX, &r, &a, &b, esize); break;
        default: done = order_by_size(FP_MIN, &r, &a, &b, esize); break;
        }
    }
    if (done)
        *d = lanes_of(&r, form);
    else
        fp_each2(cpu, slow, d, n, m, form);
}

// --- pairs ---------------------------------------------------------------------------------------
// The even and the odd lanes of m:n.
static void unzip(V128 *even, V128 *odd, const V128 *n, const V128 *m, u64 form) {
    unsigned size = form_esize(form) / 32 + 1, q = form & 1;
    simd_permute(even, n, m, UZP, 0, size, q);
    simd_permute(odd, n, m, UZP, 1, size, q);
}

void fp_add_pairs(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form) {
    V128 even, odd;
    unzip(&even, &odd, n, m, form);
    fp_arith(cpu, FP_ADD, d, &even, &odd, form);
}

void fp_order_pairs(Cpu *cpu, FpOrder op, FpBinary *slow, V128 *d, const V128 *n, const V128 *m,
                    u64 form) {
    V128 even, odd;
    unzip(&even, &odd, n, m, form);
    fp_order(cpu, op, slow, d, &even, &odd, form);
}

// --- BFloat16 dot product ------------------------------------------------------------------------
// BFUnpack of the bits of a single: denormal numbers are zeros; false for infinities and NaNs.
static ALWAYS_INLINE bool bf_number(u32 op, double *v) {
    u32 exponent = op >> 23 & 0xff;
    *v = (double)f32_of(exponent ? op : op & 0x80000000);
    return exponent != 0xff;
}
// Zero, or neither too small nor too large for a single.
static ALWAYS_INLINE bool bf_in_range(double v) {
    u64 magnitude = f64_bits(v) & ~(1ull << 63);
    return magnitude == 0 || (magnitude >= 0x3810000000000000 && magnitude < 0x47e0000000000000);
}
// a + b rounded to odd, if the sum is exact in double precision.
static ALWAYS_INLINE bool bf_sum(double a, double b, double *sum) {
    double s = a + b, t = s - a;
    if ((a - (s - t)) + (b - t) != 0 || !bf_in_range(s)) return false;
    u64 bits = f64_bits(s);
    *sum = f64_of((bits & ~0x1fffffffull) | (bits & 0x1fffffff ? 0x20000000 : 0));
    return true;
}

u32 fp_bfdot_add(u32 addend, u16 op1_a, u16 op1_b, u16 op2_a, u16 op2_b) {
    double c, a1, b1, a2, b2, products, sum;
    if (bf_number(addend, &c) && bf_number((u32)op1_a << 16, &a1) &&
        bf_number((u32)op1_b << 16, &b1) && bf_number((u32)op2_a << 16, &a2) &&
        bf_number((u32)op2_b << 16, &b2) && bf_in_range(a1 * a2) && bf_in_range(b1 * b2) &&
        bf_sum(a1 * a2, b1 * b2, &products) && bf_sum(c, products, &sum))
        return (u32)f32_bits((float)sum);
    return BFDotAdd(addend, op1_a, op1_b, op2_a, op2_b);
}
