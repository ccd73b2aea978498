// The lanes of Advanced SIMD floating-point instructions (sem_fp_vector.h).
// Here they are computed one by one, exactly; whole vectors by the host's arithmetic are in fp_vector_fast.c.
#include "cpu/sem_fp_vector.h"

void fp_each1(Cpu *cpu, FpUnary *f, V128 *d, const V128 *n, u64 form, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++)
        fp_set_lane(&r, esize, i, f(&fp, esize, fp_lane(n, esize, i), how));
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_each2(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++)
        fp_set_lane(&r, esize, i, f(&fp, esize, fp_lane(n, esize, i), fp_lane(m, esize, i)));
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_each2_elem(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, const V128 *m, u64 form) {
    V128 e = fp_splat(m, form);
    fp_each2(cpu, f, d, n, &e, form);
}

void fp_reduce(Cpu *cpu, FpBinary *f, V128 *d, const V128 *n, unsigned esize, unsigned lanes) {
    Fpu fp = fpu_begin(cpu);
    u64 v[8];
    for (unsigned i = 0; i < lanes; i++) v[i] = fp_lane(n, esize, i);
    // Halves of halves of ...: neighbours first.
    for (; lanes > 1; lanes /= 2)
        for (unsigned i = 0; i < lanes / 2; i++) v[i] = f(&fp, esize, v[2 * i], v[2 * i + 1]);
    fp_set(d, v[0]);
    fpu_end(cpu, &fp);
}

void fp_mlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned q, bool negate, bool upper,
             int index) {
    unsigned lanes = q ? 4 : 2, first = upper ? lanes : 0;
    u16 a[4] = {0}, b[4] = {0};
    for (unsigned i = 0; i < lanes; i++) {
        a[i] = n->h[first + i] ^ (negate ? 0x8000 : 0);
        b[i] = m->h[index < 0 ? first + i : (unsigned)index];
    }
    if (fp_mlal_fast(cpu, d, a, b, q)) return;
    Fpu fp = fpu_begin(cpu);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i++) r.s[i] = (u32)FPMulAddH(&fp, d->s[i], a[i], b[i]);
    *d = r;
    fpu_end(cpu, &fp);
}

// A BFloat16 number is the upper half of a single.
void fp_bfmlal(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned top, int index) {
    V128 a, b;
    for (unsigned i = 0; i < 4; i++) {
        unsigned j = 2 * i + top;
        a.s[i] = (u32)n->h[j] << 16;
        b.s[i] = (u32)m->h[index < 0 ? j : (unsigned)index] << 16;
    }
    fp_mla(cpu, d, &a, &b, 32 * 4 + 1, false);
}

void fp_bfdot(V128 *d, const V128 *n, const V128 *m, unsigned q, int index) {
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < (q ? 4 : 2); i++) {
        unsigned j = index < 0 ? i : (unsigned)index;
        r.s[i] = fp_bfdot_add(d->s[i], n->h[2 * i], n->h[2 * i + 1], m->h[2 * j], m->h[2 * j + 1]);
    }
    *d = r;
}

// BFMatMulAdd: the 2x4 matrix n times the 4x2 matrix m, whose columns are the halves of the register.
void fp_bfmmla(V128 *d, const V128 *n, const V128 *m) {
    V128 r;
    for (unsigned i = 0; i < 4; i++) {
        const u16 *row = &n->h[i / 2 * 4], *column = &m->h[i % 2 * 4];
        u32 sum = fp_bfdot_add(d->s[i], row[0], row[1], column[0], column[1]);
        r.s[i] = fp_bfdot_add(sum, row[2], row[3], column[2], column[3]);
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
        u64 real = fp_lane(m, esize, j + swap), imag = fp_lane(m, esize, j + !swap);
        u64 factor = fp_lane(n, esize, i + swap);
        if (neg_real) real = FPNeg(esize, real);
        if (neg_imag) imag = FPNeg(esize, imag);
        fp_set_lane(&r, esize, i, FPMulAdd(&fp, esize, fp_lane(d, esize, i), factor, real));
        fp_set_lane(&r, esize, i + 1, FPMulAdd(&fp, esize, fp_lane(d, esize, i + 1), factor, imag));
    }
    *d = r;
    fpu_end(cpu, &fp);
}

void fp_cadd(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, u64 form, unsigned rot) {
    Fpu fp = fpu_begin(cpu);
    unsigned esize = form_esize(form), lanes = form_lanes(form);
    V128 r = {.d = {0, 0}};
    for (unsigned i = 0; i < lanes; i += 2) {
        u64 real = fp_lane(m, esize, i + 1), imag = fp_lane(m, esize, i);
        if (rot)
            imag = FPNeg(esize, imag);
        else
            real = FPNeg(esize, real);
        fp_set_lane(&r, esize, i, FPAdd(&fp, esize, fp_lane(n, esize, i), real));
        fp_set_lane(&r, esize, i + 1, FPAdd(&fp, esize, fp_lane(n, esize, i + 1), imag));
    }
    *d = r;
    fpu_end(cpu, &fp);
}

// --- between widths ------------------------------------------------------------------------------
// By the host between single and double precision: numbers that are normal before and after.
static u64 convert(Fpu *fp, unsigned n, unsigned m, u64 op, unsigned how) {
    if (n == 32 && m == 64 && f32_usual(op)) return f64_bits((double)f32_of(op));
    if (n == 64 && how_rounding(fp, how) == FPRounding_TIEEVEN && !(fp->fpcr & FPCR_FZ)) {
        float r = (float)f64_of(op);
        if (f32_usual(f32_bits(r))) {
            if ((double)r != f64_of(op)) fp->flags |= FPSR_IXC;
            return f32_bits(r);
        }
    }
    return FPConvert(fp, n, m, op, how_rounding(fp, how));
}

void fp_narrow(Cpu *cpu, V128 *d, const V128 *n, unsigned esize, unsigned q, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    unsigned lanes = 64 / esize;
    V128 r = {.d = {q ? d->d[0] : 0, 0}};
    for (unsigned i = 0; i < lanes; i++)
        fp_set_lane(&r, esize, i + (q ? lanes : 0),
                    convert(&fp, 2 * esize, esize, fp_lane(n, 2 * esize, i), how));
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
        fp_set_lane(
            &r, 2 * esize, i,
            convert(&fp, esize, 2 * esize, fp_lane(n, esize, i + (q ? lanes : 0)), HOW_FPCR));
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

u64 fp_lane_to_int(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_to_fixed(fp, n, n, a, how);
}
u64 fp_lane_from_int(Fpu *fp, unsigned n, u64 a, unsigned how) {
    return fp_from_fixed(fp, n, n, a, how);
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
