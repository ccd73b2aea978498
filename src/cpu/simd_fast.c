// Advanced SIMD integer operations on whole vectors, or in loops with the size of the lanes as a constant: those that
// programs use often. The others are functions of one lane (simd.c). test_simd_lanes compares these with one lane after
// the other.
//
// Names and arguments as in sem_simd.h. `size` is log2 of the bytes of a lane (the narrow one), `u` unsigned.
#include "cpu/sem_simd.h"

static ALWAYS_INLINE V128 vec_bits(Vec v) {
    V128 r;
    memcpy(&r, &v, 16);
    return r;
}

// --- parts of the operations ---
// 0 <= count < width.
static ALWAYS_INLINE Vec vec_shr(unsigned u, int size, Vec a, int count) {
    switch (size << 1 | (int)u) {
    case 0: return (Vec)((VecSB)a >> count);
    case 1: return a >> count;
    case 2: return (Vec)((VecSH)a >> count);
    case 3: return (Vec)((VecH)a >> count);
    case 4: return (Vec)((VecSS)a >> count);
    case 5: return (Vec)((VecS)a >> count);
    case 6: return (Vec)((VecSD)a >> count);
    default: return (Vec)((VecD)a >> count);
    }
}
static ALWAYS_INLINE Vec vec_shl(int size, Vec a, int count) {
    switch (size) {
    case 0: return a << count;
    case 1: return (Vec)((VecH)a << count);
    case 2: return (Vec)((VecS)a << count);
    default: return (Vec)((VecD)a << count);
    }
}
static ALWAYS_INLINE Vec vec_mul64(int size, Vec a, Vec b) {
    return size == 3 ? (Vec)((VecD)a * (VecD)b) : vec_mul(size, a, b);
}
static ALWAYS_INLINE Vec vec_abd(unsigned u, int size, Vec a, Vec b) {
    return vec_sub(size, vec_max(u, size, a, b), vec_min(u, size, a, b));
}

typedef u8 Half __attribute__((vector_size(8)));
typedef u16 HalfH __attribute__((vector_size(8)));
typedef u32 HalfS __attribute__((vector_size(8)));
typedef i8 HalfSB __attribute__((vector_size(8)));
typedef i16 HalfSH __attribute__((vector_size(8)));
typedef i32 HalfSS __attribute__((vector_size(8)));

// The lanes of 8 bytes, twice as wide.
static ALWAYS_INLINE Vec vec_widen(unsigned u, int size, u64 v) {
    Half a;
    memcpy(&a, &v, 8);
    switch (size << 1 | (int)u) {
    case 0: return (Vec) __builtin_convertvector((HalfSB)a, VecSH);
    case 1: return (Vec) __builtin_convertvector(a, VecH);
    case 2: return (Vec) __builtin_convertvector((HalfSH)a, VecSS);
    case 3: return (Vec) __builtin_convertvector((HalfH)a, VecS);
    case 4: return (Vec) __builtin_convertvector((HalfSS)a, VecSD);
    default: return (Vec) __builtin_convertvector((HalfS)a, VecD);
    }
}

// The low halves of wide lanes.
static ALWAYS_INLINE u64 vec_narrow(int size, Vec v) {
    u64 r;
    if (size == 0) {
        Half a = __builtin_convertvector((VecH)v, Half);
        memcpy(&r, &a, 8);
    } else if (size == 1) {
        HalfH a = __builtin_convertvector((VecS)v, HalfH);
        memcpy(&r, &a, 8);
    } else {
        HalfS a = __builtin_convertvector((VecD)v, HalfS);
        memcpy(&r, &a, 8);
    }
    return r;
}

// Ends an operation: the lanes of form; saturated ones among them set QC.
static ALWAYS_INLINE void end(Cpu *cpu, V128 *d, unsigned size, u64 form, Vec value,
                              Vec saturated) {
    VecD mask = {form == FORM_SCALAR ? ones(8u << size) : ~0ull, form == FORM_Q ? ~0ull : 0};
    V128 qc = vec_bits(saturated & (Vec)mask);
    if (qc.d[0] | qc.d[1]) cpu->sys.FPSR |= 1u << 27;
    *d = vec_bits(value & (Vec)mask);
}

// --- same width ---
static ALWAYS_INLINE Vec binary(SimdBinary op, unsigned u, int size, Vec d, Vec a, Vec b,
                                Vec *saturated) {
    Vec r, limit;
    *saturated = (Vec){0};
    switch (op) {
    // The carry of the sum is not lost: what the operands have in common, and half of what they have not.
    case SIMD_HADD: return vec_add(size, a & b, vec_shr(u, size, a ^ b, 1));
    case SIMD_RHADD: return vec_sub(size, a | b, vec_shr(u, size, a ^ b, 1));
    case SIMD_HSUB:
        r = vec_sub(size, vec_shr(u, size, a, 1), vec_shr(u, size, b, 1));
        return vec_sub(size, r, ~a & b & vec_dup(size, 1));
    case SIMD_QADD:
    case SIMD_QSUB:
        r = op == SIMD_QADD ? vec_add(size, a, b) : vec_sub(size, a, b);
        if (u) {
            *saturated = op == SIMD_QADD ? vec_hi(size, a, r) : vec_hi(size, b, a);
            return op == SIMD_QADD ? r | *saturated : r & ~*saturated;
        }
        // Overflow: operands with the sign that the other one has not.
        *saturated = (op == SIMD_QADD ? ~(a ^ b) : a ^ b) & (a ^ r);
        *saturated = vec_gt(size, (Vec){0}, *saturated);
        limit = vec_gt(size, (Vec){0}, a) ^ vec_dup(size, ones((8u << size) - 1));
        return vec_select(*saturated, limit, r);
    case SIMD_SUB: return vec_sub(size, a, b);
    case SIMD_ABD: return vec_abd(u, size, a, b);
    case SIMD_ABA: return vec_add(size, d, vec_abd(u, size, a, b));
    case SIMD_MUL: return vec_mul(size, a, b);
    case SIMD_MLA: return vec_add(size, d, vec_mul(size, a, b));
    default: return vec_sub(size, d, vec_mul(size, a, b));
    }
}

static ALWAYS_INLINE void binary_by_size(Cpu *cpu, SimdBinary op, V128 *d, const V128 *n,
                                         const V128 *m, unsigned u, unsigned size, u64 form) {
    Vec old = vec_load(d), a = vec_load(n), b = vec_load(m), r, saturated;
    switch (size << 1 | u) {
    case 0: r = binary(op, 0, 0, old, a, b, &saturated); break;
    case 1: r = binary(op, 1, 0, old, a, b, &saturated); break;
    case 2: r = binary(op, 0, 1, old, a, b, &saturated); break;
    case 3: r = binary(op, 1, 1, old, a, b, &saturated); break;
    case 4: r = binary(op, 0, 2, old, a, b, &saturated); break;
    case 5: r = binary(op, 1, 2, old, a, b, &saturated); break;
    case 6: r = binary(op, 0, 3, old, a, b, &saturated); break;
    default: r = binary(op, 1, 3, old, a, b, &saturated); break;
    }
    end(cpu, d, size, form, r, saturated);
}

void simd_binary(Cpu *cpu, SimdBinary op, V128 *d, const V128 *n, const V128 *m, unsigned u,
                 unsigned size, u64 form) {
    switch (op) {
    case SIMD_SUB: binary_by_size(cpu, SIMD_SUB, d, n, m, 0, size, form); break;
    case SIMD_HADD: binary_by_size(cpu, SIMD_HADD, d, n, m, u, size, form); break;
    case SIMD_RHADD: binary_by_size(cpu, SIMD_RHADD, d, n, m, u, size, form); break;
    case SIMD_HSUB: binary_by_size(cpu, SIMD_HSUB, d, n, m, u, size, form); break;
    case SIMD_QADD: binary_by_size(cpu, SIMD_QADD, d, n, m, u, size, form); break;
    case SIMD_QSUB: binary_by_size(cpu, SIMD_QSUB, d, n, m, u, size, form); break;
    case SIMD_ABD: binary_by_size(cpu, SIMD_ABD, d, n, m, u, size, form); break;
    case SIMD_ABA: binary_by_size(cpu, SIMD_ABA, d, n, m, u, size, form); break;
    case SIMD_MUL: binary_by_size(cpu, SIMD_MUL, d, n, m, 0, size, form); break;
    case SIMD_MLA: binary_by_size(cpu, SIMD_MLA, d, n, m, 0, size, form); break;
    default: binary_by_size(cpu, SIMD_MLS, d, n, m, 0, size, form); break;
    }
}

// Lane i, extended.
static ALWAYS_INLINE i64 lane_of(const V128 *v, unsigned size, unsigned u, unsigned i) {
    switch (size << 1 | u) {
    case 0: return v->sb[i];
    case 1: return v->b[i];
    case 2: return v->sh[i];
    case 3: return v->h[i];
    case 4: return v->ss[i];
    case 5: return v->s[i];
    default: return v->sd[i];
    }
}

// x shifted left by n, or right by -n; x is extended as u says.
static ALWAYS_INLINE u64 shift_lane(unsigned u, unsigned size, i64 x, int n, bool round,
                                    bool saturate, bool *saturated) {
    const int esize = 8 << size;
    if (n < 0) {
        int before = MIN(-n - 1, 63);  // one place less, to round
        if (u) {
            u64 t = -n > 64 ? 0 : (u64)x >> before;
            return (t >> 1) + (round ? t & 1 : 0);
        }
        i64 t = x >> before;
        return (u64)((t >> 1) + (round ? t & 1 : 0));
    }
    u64 r = n >= esize ? 0 : (u64)x << n;
    if (!saturate) return r;
    if (u            ? n >= esize ? x != 0 : (r & ones((unsigned)esize)) >> n != (u64)x
        : n >= esize ? x != 0
                     : sext(r, (unsigned)esize) >> n != x) {
        *saturated = true;
        return u ? ~0ull : x < 0 ? 1ull << (esize - 1) : ones((unsigned)esize - 1);
    }
    return r;
}
static ALWAYS_INLINE void shift_lanes(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned u,
                                      unsigned size, u64 form, bool round, bool saturate) {
    V128 r = {.q = 0};
    bool saturated = false;
    unsigned lanes = form == FORM_SCALAR ? 1 : (form == FORM_Q ? 16u : 8u) >> size;
    for (unsigned i = 0; i < lanes; i++)
        lane_put(&r, size, i,
                 shift_lane(u, size, lane_of(n, size, u, i), (i8)lane_get(m, size, i), round,
                            saturate, &saturated));
    *d = r;
    if (saturated) cpu->sys.FPSR |= 1u << 27;
}
static ALWAYS_INLINE void shift_by_size(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned u,
                                        unsigned size, u64 form, bool round, bool saturate) {
    switch (size << 1 | u) {
    case 0: shift_lanes(cpu, d, n, m, 0, 0, form, round, saturate); break;
    case 1: shift_lanes(cpu, d, n, m, 1, 0, form, round, saturate); break;
    case 2: shift_lanes(cpu, d, n, m, 0, 1, form, round, saturate); break;
    case 3: shift_lanes(cpu, d, n, m, 1, 1, form, round, saturate); break;
    case 4: shift_lanes(cpu, d, n, m, 0, 2, form, round, saturate); break;
    case 5: shift_lanes(cpu, d, n, m, 1, 2, form, round, saturate); break;
    case 6: shift_lanes(cpu, d, n, m, 0, 3, form, round, saturate); break;
    default: shift_lanes(cpu, d, n, m, 1, 3, form, round, saturate); break;
    }
}
void simd_shift_register(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size,
                         u64 form, bool round, bool saturate) {
    if (saturate) {
        if (round)
            shift_by_size(cpu, d, n, m, u, size, form, true, true);
        else
            shift_by_size(cpu, d, n, m, u, size, form, false, true);
    } else if (round) {
        shift_by_size(cpu, d, n, m, u, size, form, true, false);
    } else {
        shift_by_size(cpu, d, n, m, u, size, form, false, false);
    }
}

// SSRA, SRSHR, SRSRA: imm7 is immh:immb.
static ALWAYS_INLINE Vec right(unsigned u, int size, Vec d, Vec a, int count, bool round,
                               bool accumulate) {
    Vec t = vec_shr(u, size, a, count - 1), r = vec_shr(u, size, t, 1);
    if (round) r = vec_add(size, r, t & vec_dup(size, 1));
    return accumulate ? vec_add(size, d, r) : r;
}
void simd_shift_right(Cpu *cpu, V128 *d, const V128 *n, unsigned u, unsigned imm7, u64 form,
                      bool round, bool accumulate) {
    unsigned size = 28 - (unsigned)__builtin_clz(imm7);
    int count = (int)((16u << size) - imm7);
    Vec old = vec_load(d), a = vec_load(n), r;
    switch (size << 1 | u) {
    case 0: r = right(0, 0, old, a, count, round, accumulate); break;
    case 1: r = right(1, 0, old, a, count, round, accumulate); break;
    case 2: r = right(0, 1, old, a, count, round, accumulate); break;
    case 3: r = right(1, 1, old, a, count, round, accumulate); break;
    case 4: r = right(0, 2, old, a, count, round, accumulate); break;
    case 5: r = right(1, 2, old, a, count, round, accumulate); break;
    case 6: r = right(0, 3, old, a, count, round, accumulate); break;
    default: r = right(1, 3, old, a, count, round, accumulate); break;
    }
    end(cpu, d, size, form, r, (Vec){0});
}

// Twice the product, its upper half.
static ALWAYS_INLINE void multiply_high(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                        unsigned size, u64 form, bool round) {
    const unsigned esize = 8u << size;
    const i64 max = (i64)ones(esize - 1), half = round ? 1ll << (esize - 2) : 0;
    V128 r = {.q = 0};
    bool saturated = false;
    unsigned lanes = form == FORM_SCALAR ? 1 : (form == FORM_Q ? 16u : 8u) >> size;
    for (unsigned i = 0; i < lanes; i++) {
        i64 x = (lane_of(n, size, 0, i) * lane_of(m, size, 0, i) + half) >> (esize - 1);
        saturated |= x > max;
        lane_put(&r, size, i, (u64)MIN(x, max));
    }
    *d = r;
    if (saturated) cpu->sys.FPSR |= 1u << 27;
}
void simd_multiply_high(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned size, u64 form,
                        bool round) {
    if (size == 1)
        multiply_high(cpu, d, n, m, 1, form, round);
    else
        multiply_high(cpu, d, n, m, 2, form, round);
}

// --- long, wide, narrow ---
static ALWAYS_INLINE Vec widening(SimdBinary op, unsigned u, int size, bool wide, const V128 *d,
                                  const V128 *n, const V128 *m, unsigned q) {
    Vec a = wide ? vec_load(n) : vec_widen(u, size, n->d[q]), b = vec_widen(u, size, m->d[q]);
    Vec old = vec_load(d);
    switch (op) {
    case SIMD_ADD: return vec_add(size + 1, a, b);
    case SIMD_SUB: return vec_sub(size + 1, a, b);
    case SIMD_ABD: return vec_abd(0, size + 1, a, b);  // wide enough for either sign
    case SIMD_ABA: return vec_add(size + 1, old, vec_abd(0, size + 1, a, b));
    case SIMD_MUL: return vec_mul64(size + 1, a, b);
    case SIMD_MLA: return vec_add(size + 1, old, vec_mul64(size + 1, a, b));
    default: return vec_sub(size + 1, old, vec_mul64(size + 1, a, b));
    }
}
static ALWAYS_INLINE void widening_by_size(SimdBinary op, bool wide, V128 *d, const V128 *n,
                                           const V128 *m, unsigned u, unsigned size, unsigned q) {
    Vec r;
    switch (size << 1 | u) {
    case 0: r = widening(op, 0, 0, wide, d, n, m, q); break;
    case 1: r = widening(op, 1, 0, wide, d, n, m, q); break;
    case 2: r = widening(op, 0, 1, wide, d, n, m, q); break;
    case 3: r = widening(op, 1, 1, wide, d, n, m, q); break;
    case 4: r = widening(op, 0, 2, wide, d, n, m, q); break;
    default: r = widening(op, 1, 2, wide, d, n, m, q); break;
    }
    memcpy(d, &r, 16);
}
void simd_widening(SimdBinary op, V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size,
                   unsigned q) {
    switch (op) {
    case SIMD_ADD: widening_by_size(SIMD_ADD, false, d, n, m, u, size, q); break;
    case SIMD_SUB: widening_by_size(SIMD_SUB, false, d, n, m, u, size, q); break;
    case SIMD_ABD: widening_by_size(SIMD_ABD, false, d, n, m, u, size, q); break;
    case SIMD_ABA: widening_by_size(SIMD_ABA, false, d, n, m, u, size, q); break;
    case SIMD_MUL: widening_by_size(SIMD_MUL, false, d, n, m, u, size, q); break;
    case SIMD_MLA: widening_by_size(SIMD_MLA, false, d, n, m, u, size, q); break;
    default: widening_by_size(SIMD_MLS, false, d, n, m, u, size, q); break;
    }
}
void simd_add_wide(SimdBinary op, V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size,
                   unsigned q) {
    if (op == SIMD_ADD)
        widening_by_size(SIMD_ADD, true, d, n, m, u, size, q);
    else
        widening_by_size(SIMD_SUB, true, d, n, m, u, size, q);
}

static ALWAYS_INLINE void end_narrow(V128 *d, u64 value, unsigned q) {
    *d = vec_halves(q ? d->d[0] : value, q ? value : 0);
}

// ADDHN, SUBHN: the upper halves of the sums.
static ALWAYS_INLINE u64 high_halves(int size, Vec a, Vec b, bool subtract, bool round) {
    Vec r = subtract ? vec_sub(size + 1, a, b) : vec_add(size + 1, a, b);
    if (round) r = vec_add(size + 1, r, vec_dup(size + 1, 1ull << ((8 << size) - 1)));
    return vec_narrow(size, vec_shr(1, size + 1, r, 8 << size));
}
void simd_add_high(V128 *d, const V128 *n, const V128 *m, unsigned size, unsigned q, bool subtract,
                   bool round) {
    Vec a = vec_load(n), b = vec_load(m);
    switch (size) {
    case 0: end_narrow(d, high_halves(0, a, b, subtract, round), q); break;
    case 1: end_narrow(d, high_halves(1, a, b, subtract, round), q); break;
    default: end_narrow(d, high_halves(2, a, b, subtract, round), q); break;
    }
}

// XTN, SHRN, RSHRN: the low halves of the lanes shifted right. The carry of rounding is in none of them.
static ALWAYS_INLINE u64 low_halves(int size, const V128 *n, unsigned shift, bool round) {
    Vec a = vec_load(n);
    if (round) a = vec_add(size + 1, a, vec_dup(size + 1, 1ull << (shift - 1)));
    return vec_narrow(size, vec_shr(1, size + 1, a, (int)shift));
}

void simd_narrow(V128 *d, const V128 *n, unsigned size, unsigned shift, bool round, unsigned q) {
    switch (size) {
    case 0: end_narrow(d, low_halves(0, n, shift, round), q); break;
    case 1: end_narrow(d, low_halves(1, n, shift, round), q); break;
    default: end_narrow(d, low_halves(2, n, shift, round), q); break;
    }
}

// A wide lane shifted right and saturated to a narrow one, signed or unsigned.
static ALWAYS_INLINE u64 narrow_lane(const V128 *n, unsigned size, unsigned i, unsigned from_u,
                                     unsigned to_u, unsigned shift, bool round, bool *saturated) {
    const unsigned esize = 8u << size;
    if (from_u) {
        u64 x = lane_get(n, size + 1, i), max = ones(esize);
        if (shift) x = (x >> shift) + (round ? x >> (shift - 1) & 1 : 0);
        if (x > max) *saturated = true;
        return MIN(x, max);
    }
    i64 x = lane_of(n, size + 1, 0, i), max = (i64)ones(esize - !to_u), min = to_u ? 0 : -max - 1;
    if (shift) x = (x >> shift) + (round ? x >> (shift - 1) & 1 : 0);
    if (x > max || x < min) *saturated = true;
    return (u64)MAX(MIN(x, max), min);
}
static ALWAYS_INLINE void narrow_lanes(Cpu *cpu, V128 *d, const V128 *n, unsigned size,
                                       unsigned from_u, unsigned to_u, unsigned shift, bool round,
                                       u64 form) {
    V128 r = {.q = 0};
    bool saturated = false;
    unsigned lanes = form == FORM_SCALAR ? 1 : 8u >> size;
    for (unsigned i = 0; i < lanes; i++)
        lane_put(&r, size, i, narrow_lane(n, size, i, from_u, to_u, shift, round, &saturated));
    end_narrow(d, r.d[0], form == FORM_Q);
    if (saturated) cpu->sys.FPSR |= 1u << 27;
}
static ALWAYS_INLINE void narrow_by_size(Cpu *cpu, V128 *d, const V128 *n, unsigned size,
                                         unsigned from_u, unsigned to_u, unsigned shift, bool round,
                                         u64 form) {
    switch (size) {
    case 0: narrow_lanes(cpu, d, n, 0, from_u, to_u, shift, round, form); break;
    case 1: narrow_lanes(cpu, d, n, 1, from_u, to_u, shift, round, form); break;
    default: narrow_lanes(cpu, d, n, 2, from_u, to_u, shift, round, form); break;
    }
}
void simd_saturate_narrow(Cpu *cpu, V128 *d, const V128 *n, unsigned size, bool from_u, bool to_u,
                          unsigned shift, bool round, u64 form) {
    if (from_u)
        narrow_by_size(cpu, d, n, size, 1, 1, shift, round, form);
    else if (to_u)
        narrow_by_size(cpu, d, n, size, 0, 1, shift, round, form);
    else
        narrow_by_size(cpu, d, n, size, 0, 0, shift, round, form);
}

static ALWAYS_INLINE Vec add_neighbours(unsigned u, int size, Vec a) {
    const int esize = 8 << size;
    Vec low = vec_shr(u, size + 1, vec_shl(size + 1, a, esize), esize);
    return vec_add(size + 1, low, vec_shr(u, size + 1, a, esize));
}
void simd_addlp(V128 *d, const V128 *n, unsigned u, unsigned size, unsigned q, bool accumulate) {
    Vec old = vec_load(d), a = vec_load(n), r;
    switch (size << 1 | u) {
    case 0: r = add_neighbours(0, 0, a); break;
    case 1: r = add_neighbours(1, 0, a); break;
    case 2: r = add_neighbours(0, 1, a); break;
    case 3: r = add_neighbours(1, 1, a); break;
    case 4: r = add_neighbours(0, 2, a); break;
    default: r = add_neighbours(1, 2, a); break;
    }
    if (accumulate) {
        switch (size) {
        case 0: r = vec_add(1, old, r); break;
        case 1: r = vec_add(2, old, r); break;
        default: r = vec_add(3, old, r); break;
        }
    }
    vec_end(d, r, q);
}

// --- across lanes ---
static ALWAYS_INLINE u64 across(const V128 *n, Across op, unsigned u, unsigned size, unsigned q) {
    i64 r = lane_of(n, size, u, 0);
    for (unsigned i = 1; i < (q ? 16u : 8u) >> size; i++) {
        i64 x = lane_of(n, size, u, i);
        r = op == ACROSS_MAX ? MAX(r, x) : op == ACROSS_MIN ? MIN(r, x) : r + x;
    }
    return (u64)r & ones(8u << size << (op == ACROSS_ADDL));
}
void simd_across(V128 *d, const V128 *n, Across op, unsigned u, unsigned size, unsigned q) {
    switch (size << 1 | u) {
    case 0: d->q = across(n, op, 0, 0, q); break;
    case 1: d->q = across(n, op, 1, 0, q); break;
    case 2: d->q = across(n, op, 0, 1, q); break;
    case 3: d->q = across(n, op, 1, 1, q); break;
    case 4: d->q = across(n, op, 0, 2, q); break;
    default: d->q = across(n, op, 1, 2, q); break;
    }
}

// --- permutes ---
// UZP takes the low or the high halves of wide lanes, TRN puts them together, ZIP widens.
static ALWAYS_INLINE V128 permute(const V128 *n, const V128 *m, Permute op, unsigned part, int size,
                                  unsigned q) {
    const int esize = 8 << size;
    if (size == 3) return vec_halves(n->d[part], m->d[part]);  // always Q
    Vec a = vec_load(n), b = vec_load(m), low, high;
    if (op == UZP) {
        V128 both = vec_halves(n->d[0], m->d[0]);
        if (!q) a = vec_load(&both);
        low = part ? vec_shr(1, size + 1, a, esize) : a;
        high = part ? vec_shr(1, size + 1, b, esize) : b;
        return vec_halves(vec_narrow(size, low), q ? vec_narrow(size, high) : 0);
    }
    if (op == TRN) {
        low = vec_shl(size + 1, part ? vec_shr(1, size + 1, b, esize) : b, esize);
        high = vec_shr(1, size + 1, part ? a : vec_shl(size + 1, a, esize), esize);
        V128 r = vec_bits(low | high);
        return vec_halves(r.d[0], q ? r.d[1] : 0);
    }
    // Of the lower halves without Q: the second part is the upper half of what ZIP1 with Q gives.
    unsigned from = q & part;
    low = vec_widen(1, size, n->d[from]);
    high = vec_shl(size + 1, vec_widen(1, size, m->d[from]), esize);
    V128 r = vec_bits(low | high);
    return q ? r : vec_halves(r.d[part], 0);
}
static ALWAYS_INLINE V128 permute_by_size(const V128 *n, const V128 *m, Permute op, unsigned part,
                                          unsigned size, unsigned q) {
    switch (size) {
    case 0: return permute(n, m, op, part, 0, q);
    case 1: return permute(n, m, op, part, 1, q);
    case 2: return permute(n, m, op, part, 2, q);
    default: return permute(n, m, op, part, 3, q);
    }
}
void simd_permute(V128 *d, const V128 *n, const V128 *m, Permute op, unsigned part, unsigned size,
                  unsigned q) {
    switch (op) {
    case UZP: *d = permute_by_size(n, m, UZP, part, size, q); break;
    case TRN: *d = permute_by_size(n, m, TRN, part, size, q); break;
    default: *d = permute_by_size(n, m, ZIP, part, size, q); break;
    }
}
