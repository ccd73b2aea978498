// Advanced SIMD operations on whole vectors (simd_fast.c) and shifts by immediate against one element (lane) after the
// other. The model of an element extends its operands to 128 bits, where nothing overflows; the result is truncated.
// Arm ARM: "Advanced SIMD and Floating-point Instruction Descriptions" and the pseudo-code function SatQ.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cpu/sem_simd.h"
#include "unit/random_bits.h"

enum { QC = 1u << 27 };

// Element i; size is log2 of its bytes.
static u64 elem_get(const V128 *v, unsigned size, unsigned i) {
    return (u64)(v->q >> (i * (8u << size))) & ones(8u << size);
}
static void elem_put(V128 *v, unsigned size, unsigned i, u64 value) {
    unsigned esize = 8u << size;
    v->q &= ~((u128)ones(esize) << (i * esize));
    v->q |= (u128)(value & ones(esize)) << (i * esize);
}

// --- one element ---
typedef struct Element {
    i128 n, m;       // the operands
    i128 d;          // the destination before
    unsigned esize;  // of the destination
    bool u;          // unsigned
    bool saturated;  // a result
} Element;
typedef i128 Model(Element *e);

static i128 SatQ(Element *e, i128 i, bool u) {
    i128 max = (i128)ones(e->esize - !u), min = u ? 0 : -max - 1;
    if (i >= min && i <= max) return i;
    e->saturated = true;
    return i > max ? max : min;
}
static i128 half(const Element *e) {
    return (i128)1 << (e->esize - 1);
}

static i128 add(Element *e) {
    return e->n + e->m;
}
static i128 sub(Element *e) {
    return e->n - e->m;
}
static i128 hadd(Element *e) {
    return (e->n + e->m) >> 1;
}
static i128 rhadd(Element *e) {
    return (e->n + e->m + 1) >> 1;
}
static i128 hsub(Element *e) {
    return (e->n - e->m) >> 1;
}
static i128 qadd(Element *e) {
    return SatQ(e, e->n + e->m, e->u);
}
static i128 qsub(Element *e) {
    return SatQ(e, e->n - e->m, e->u);
}
static i128 abd(Element *e) {
    return e->n > e->m ? e->n - e->m : e->m - e->n;
}
static i128 aba(Element *e) {
    return e->d + abd(e);
}
static i128 mul(Element *e) {
    return e->n * e->m;
}
static i128 mla(Element *e) {
    return e->d + e->n * e->m;
}
static i128 mls(Element *e) {
    return e->d - e->n * e->m;
}
static i128 sqdmulh(Element *e) {
    return SatQ(e, (2 * e->n * e->m) >> e->esize, false);
}
static i128 sqrdmulh(Element *e) {
    return SatQ(e, (2 * e->n * e->m + half(e)) >> e->esize, false);
}
static i128 addhn(Element *e) {
    return (e->n + e->m) >> e->esize;
}
static i128 raddhn(Element *e) {
    return (e->n + e->m + half(e)) >> e->esize;
}
static i128 subhn(Element *e) {
    return (e->n - e->m) >> e->esize;
}
static i128 rsubhn(Element *e) {
    return (e->n - e->m + half(e)) >> e->esize;
}

// n shifted by the signed low byte of m: to the left, or to the right if negative.
static i128 shifted(const Element *e, bool round) {
    int count = (i8)e->m;
    // More than any element holds, and no bit of it in one.
    if (count >= 64) return (i128)((e->n > 0) - (e->n < 0)) * ((i128)1 << 100);
    if (count >= 0) return e->n * ((i128)1 << count);
    int right = MIN(-count, 66);  // by more is the same
    return (e->n + (round ? (i128)1 << (right - 1) : 0)) >> right;
}
static i128 shl(Element *e) {
    return shifted(e, false);
}
static i128 rshl(Element *e) {
    return shifted(e, true);
}
static i128 qshl(Element *e) {
    return SatQ(e, shifted(e, false), e->u);
}
static i128 qrshl(Element *e) {
    return SatQ(e, shifted(e, true), e->u);
}
static i128 sqshlu(Element *e) {
    return SatQ(e, shifted(e, false), true);
}
static i128 sqrshlu(Element *e) {
    return SatQ(e, shifted(e, true), true);
}
static i128 sra(Element *e) {
    return e->d + shifted(e, false);
}
static i128 rsra(Element *e) {
    return e->d + shifted(e, true);
}

// --- one element after the other ---
typedef struct Outcome {
    V128 d;
    u64 fpsr;
} Outcome;

// Which elements are twice as wide as `size`: none, those of d, of d and n, of n and m.
typedef enum Widths { SAME, LONG, WIDE, NARROW } Widths;

static i128 operand(const V128 *v, unsigned size, unsigned i, unsigned u) {
    u64 x = elem_get(v, size, i);
    return u ? (i128)x : sext(x, 8u << size);
}

static Outcome elements(Model *model, Widths widths, V128 d, V128 n, V128 m, unsigned u,
                        unsigned size, u64 form) {
    unsigned d_size = size + (widths == LONG || widths == WIDE);
    unsigned n_size = size + (widths == WIDE || widths == NARROW);
    unsigned m_size = size + (widths == NARROW);
    unsigned count =
        form == FORM_SCALAR ? 1 : (widths == SAME && form == FORM_Q ? 16u : 8u) >> size;
    // The narrow elements of the "2" forms are those of the upper half.
    unsigned upper = widths != SAME && form == FORM_Q ? count : 0;
    Outcome o = {.d = {.q = 0}};
    if (upper && widths == NARROW) o.d.d[0] = d.d[0];
    for (unsigned i = 0; i < count; i++) {
        unsigned high = upper + i, to = d_size == size ? high : i;
        Element e = {.n = operand(&n, n_size, n_size == size ? high : i, u),
                     .m = operand(&m, m_size, m_size == size ? high : i, u),
                     .d = operand(&d, d_size, to, u),
                     .esize = 8u << d_size,
                     .u = u};
        elem_put(&o.d, d_size, to, (u64)model(&e));
        if (e.saturated) o.fpsr = QC;
    }
    return o;
}

// Elements of all kinds, the extreme ones often.
static V128 random_vector(unsigned size) {
    V128 v = {.q = 0};
    for (unsigned i = 0; i < 16u >> size; i++) {
        u64 r = random_bits(), top = 1ull << ((8 << size) - 1), few = (r >> 8) % 3;
        elem_put(&v, size, i, r & 4 ? r >> 16 : (r & 8 ? top : 0) + (r & 16 ? few : 0 - few));
    }
    return v;
}
// Wide elements that just fit in narrow ones after a shift to the right, or just not.
static V128 random_limits(unsigned size, unsigned right) {
    V128 v = {.q = 0}, narrow = random_vector(size);
    for (unsigned i = 0; i < 8u >> size; i++) {
        u64 r = random_bits(), x = elem_get(&narrow, size, i) << right;
        elem_put(&v, size + 1, i, (r & 1 ? 0 - x : x) + (r & 2 ? r >> 8 & ones(right) : 0));
    }
    return v;
}
// An immediate is the same count for every element.
static V128 every_element(unsigned size, int value) {
    V128 v = {.q = 0};
    for (unsigned i = 0; i < 16u >> size; i++) elem_put(&v, size, i, (u64)value);
    return v;
}

static Cpu cpu;

#define EXPECT(call, ...) \
    do { \
        Outcome want = elements(__VA_ARGS__); \
        r = d; \
        cpu.sys.FPSR = 0; \
        call; \
        if (r.q != want.d.q || cpu.sys.FPSR != want.fpsr) \
            fail_msg("%s: size %u, u %u, form %u", #call, size, u, (unsigned)form); \
    } while (0)

static void whole_vectors(void **state) {
    (void)state;
    typedef struct Binary {
        SimdBinary op;
        Model *model;
        unsigned sizes;
    } Binary;
    static const Binary same[] = {
        {SIMD_HADD, hadd, 3}, {SIMD_RHADD, rhadd, 3}, {SIMD_HSUB, hsub, 3}, {SIMD_QADD, qadd, 4},
        {SIMD_QSUB, qsub, 4}, {SIMD_ABD, abd, 3},     {SIMD_ABA, aba, 3},   {SIMD_MUL, mul, 3},
        {SIMD_MLA, mla, 3},   {SIMD_MLS, mls, 3},     {SIMD_SUB, sub, 4},
    };
    static const Binary widening[] = {
        {SIMD_ADD, add, 3}, {SIMD_SUB, sub, 3}, {SIMD_ABD, abd, 3}, {SIMD_ABA, aba, 3},
        {SIMD_MUL, mul, 3}, {SIMD_MLA, mla, 3}, {SIMD_MLS, mls, 3},
    };
    static Model *const high[] = {addhn, raddhn, subhn, rsubhn};
    for (int i = 0; i < 50000; i++) {
        unsigned size = i & 3, u = i >> 2 & 1;
        u64 form = (u64[]){FORM_D, FORM_Q, FORM_SCALAR}[i / 8 % 3];
        V128 d = random_vector(size), n = random_vector(size), m = random_vector(size), r;
        for (size_t j = 0; j < ARRAY_LEN(same); j++)
            if (size < same[j].sizes)
                EXPECT(simd_binary(&cpu, same[j].op, &r, &n, &m, u, size, form), same[j].model,
                       SAME, d, n, m, u, size, form);
        if (size == 1 || size == 2) {
            EXPECT(simd_multiply_high(&cpu, &r, &n, &m, size, form, false), sqdmulh, SAME, d, n, m,
                   0, size, form);
            EXPECT(simd_multiply_high(&cpu, &r, &n, &m, size, form, true), sqrdmulh, SAME, d, n, m,
                   0, size, form);
        }
        if (size == 3 || form == FORM_SCALAR) continue;
        unsigned q = form == FORM_Q;
        V128 w = random_vector(size + 1), x = random_vector(size + 1);
        for (size_t j = 0; j < ARRAY_LEN(widening); j++)
            EXPECT(simd_widening(widening[j].op, &r, &n, &m, u, size, q), widening[j].model, LONG,
                   d, n, m, u, size, form);
        EXPECT(simd_add_wide(SIMD_ADD, &r, &w, &m, u, size, q), add, WIDE, d, w, m, u, size, form);
        EXPECT(simd_add_wide(SIMD_SUB, &r, &w, &m, u, size, q), sub, WIDE, d, w, m, u, size, form);
        for (unsigned j = 0; j < ARRAY_LEN(high); j++)
            EXPECT(simd_add_high(&r, &w, &x, size, q, j >> 1, j & 1), high[j], NARROW, d, w, x, 0,
                   size, form);
    }
}

static void shifts(void **state) {
    (void)state;
    for (int i = 0; i < 50000; i++) {
        unsigned size = i & 3, u = i >> 2 & 1;
        u64 form = (u64[]){FORM_D, FORM_Q, FORM_SCALAR}[i / 8 % 3];
        V128 d = random_vector(size), n = random_vector(size), m = random_vector(size), r;
        for (unsigned j = 0; j < 16; j++)
            if (random_bits() & 1) m.sb[j] = (i8)((int)(random_bits() % 140) - 70);
        EXPECT(simd_shift_register(&cpu, &r, &n, &m, u, size, form, false, false), shl, SAME, d, n,
               m, u, size, form);
        EXPECT(simd_shift_register(&cpu, &r, &n, &m, u, size, form, true, false), rshl, SAME, d, n,
               m, u, size, form);
        EXPECT(simd_shift_register(&cpu, &r, &n, &m, u, size, form, false, true), qshl, SAME, d, n,
               m, u, size, form);
        EXPECT(simd_shift_register(&cpu, &r, &n, &m, u, size, form, true, true), qrshl, SAME, d, n,
               m, u, size, form);

        unsigned left = (unsigned)(random_bits() % (8u << size)), imm7 = (8u << size) + left;
        m = every_element(size, (int)left);
        EXPECT(sem_sqshl_uqshl_i(&cpu, &r, &n, u, imm7, form), qshl, SAME, d, n, m, u, size, form);
        EXPECT(sem_sqshlu_v(&cpu, &r, &n, imm7, form), sqshlu, SAME, d, n, m, 0, size, form);
        unsigned right = (8u << size) - left;
        m = every_element(size, -(int)right);
        EXPECT(simd_shift_right(&cpu, &r, &n, u, imm7, form, false, true), sra, SAME, d, n, m, u,
               size, form);
        EXPECT(simd_shift_right(&cpu, &r, &n, u, imm7, form, true, false), rshl, SAME, d, n, m, u,
               size, form);
        EXPECT(simd_shift_right(&cpu, &r, &n, u, imm7, form, true, true), rsra, SAME, d, n, m, u,
               size, form);
        if (size == 3) continue;

        V128 w = i & 64 ? random_vector(size + 1) : random_limits(size, right);
        m = every_element(size + 1, -(int)right);
        EXPECT(simd_saturate_narrow(&cpu, &r, &w, size, u, u, right, false, form), qshl, NARROW, d,
               w, m, u, size, form);
        EXPECT(simd_saturate_narrow(&cpu, &r, &w, size, u, u, right, true, form), qrshl, NARROW, d,
               w, m, u, size, form);
        EXPECT(simd_saturate_narrow(&cpu, &r, &w, size, false, true, right, false, form), sqshlu,
               NARROW, d, w, m, 0, size, form);
        EXPECT(simd_saturate_narrow(&cpu, &r, &w, size, false, true, right, true, form), sqrshlu,
               NARROW, d, w, m, 0, size, form);
        if (form != FORM_SCALAR) {
            EXPECT(simd_narrow(&r, &w, size, right, true, form == FORM_Q), rshl, NARROW, d, w, m, u,
                   size, form);
            EXPECT(simd_narrow(&r, &w, size, right, false, form == FORM_Q), shl, NARROW, d, w, m, u,
                   size, form);
        }

        w = i & 64 ? random_vector(size + 1) : random_limits(size, 0);
        m = every_element(size + 1, 0);
        EXPECT(simd_saturate_narrow(&cpu, &r, &w, size, u, u, 0, false, form), qshl, NARROW, d, w,
               m, u, size, form);
        EXPECT(simd_saturate_narrow(&cpu, &r, &w, size, false, true, 0, false, form), sqshlu,
               NARROW, d, w, m, 0, size, form);
    }
}

// Permutes, sums across and of neighbours, against the elements that the manual names.
static void permutes(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        unsigned size = i & 3, u = i >> 2 & 1, q = size == 3 ? 1 : i >> 3 & 1;
        unsigned count = (q ? 16u : 8u) >> size, part = i >> 4 & 1;
        V128 d = random_vector(size), n = random_vector(size), m = random_vector(size), r;
        for (Permute op = UZP; op <= ZIP; op++) {
            V128 want = {.q = 0};
            for (unsigned k = 0; k < count; k++) {
                unsigned from = op == UZP   ? 2 * k + part
                                : op == TRN ? (k & ~1u) + part + (k & 1) * count
                                            : part * (count / 2) + k / 2 + (k & 1) * count;
                elem_put(&want, size, k, elem_get(from < count ? &n : &m, size, from % count));
            }
            simd_permute(&r, &n, &m, op, part, size, q);
            assert_memory_equal(&r, &want, 16);
        }
        if (size == 3) continue;
        i64 sum = 0, max = INT64_MIN, min = INT64_MAX;
        V128 pairs = {.q = 0};
        for (unsigned k = 0; k < count; k++) {
            i64 x = (i64)operand(&n, size, k, u);
            sum += x, max = MAX(max, x), min = MIN(min, x);
            elem_put(&pairs, size + 1, k / 2, elem_get(&pairs, size + 1, k / 2) + (u64)x);
        }
        simd_across(&r, &n, ACROSS_ADDL, u, size, q);
        assert_int_equal(r.d[0], (u64)sum & ones(16u << size));
        simd_across(&r, &n, ACROSS_ADD, u, size, q);
        assert_int_equal(r.d[0], (u64)sum & ones(8u << size));
        simd_across(&r, &n, ACROSS_MAX, u, size, q);
        assert_int_equal(r.d[0], (u64)max & ones(8u << size));
        simd_across(&r, &n, ACROSS_MIN, u, size, q);
        assert_int_equal(r.d[0], (u64)min & ones(8u << size));
        simd_addlp(&r, &n, u, size, q, false);
        assert_memory_equal(&r, &pairs, 16);
        for (unsigned k = 0; k < count / 2; k++)
            elem_put(&pairs, size + 1, k,
                     elem_get(&pairs, size + 1, k) + elem_get(&d, size + 1, k));
        r = d;
        simd_addlp(&r, &n, u, size, q, true);
        assert_memory_equal(&r, &pairs, 16);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_vectors),
        cmocka_unit_test(shifts),
        cmocka_unit_test(permutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
