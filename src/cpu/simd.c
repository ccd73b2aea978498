// Advanced SIMD integer operations that are called, not inlined, by sem_simd.h.
// Arm ARM: "Advanced SIMD and Floating-point Instruction Descriptions" and the pseudo-code
// functions SatQ, SignedSatQ, UnsignedSatQ, PolynomialMult. The functions of one lane compute in
// 128-bit arithmetic, so that no 64-bit intermediate can overflow.
#include "cpu/sem_simd.h"

static void set_qc(Cpu *cpu) {
    cpu->sys.FPSR |= 1u << 27;
}

// Lane i, extended to 128 bits.
static ALWAYS_INLINE i128 lane_ext(const V128 *v, unsigned size, bool u, unsigned i) {
    u64 x = lane_get(v, size, i);
    return u ? (i128)x : (i128)sext(x, 8u << size);
}

static ALWAYS_INLINE i128 sat_to(Lane *l, bool u, i128 x) {
    i128 max = ((i128)1 << (l->esize - !u)) - 1;
    i128 min = u ? 0 : -max - 1;
    if (x > max) return l->qc = true, max;
    if (x < min) return l->qc = true, min;
    return x;
}
static ALWAYS_INLINE i128 sat(Lane *l, i128 x) {
    return sat_to(l, l->u, x);
}

static ALWAYS_INLINE i128 shift_left(i128 x, unsigned n) {
    return (i128)((u128)x << n);
}

// --- same-width lanes ---
// PolynomialMult of 8-bit lanes.
i128 lane_pmul(Lane *l, i128 a, i128 b) {
    (void)l;
    unsigned r = 0;
    for (unsigned i = 0; i < 8; i++)
        if ((unsigned)b >> i & 1) r ^= (unsigned)a << i;
    return r;
}

static ALWAYS_INLINE i128 half(const Lane *l) {
    return (i128)1 << (l->esize - 1);
}

i128 lane_sqrdmlah(Lane *l, i128 a, i128 b) {
    return sat(l, (shift_left(l->acc, l->esize) + 2 * a * b + half(l)) >> l->esize);
}
i128 lane_sqrdmlsh(Lane *l, i128 a, i128 b) {
    return sat(l, (shift_left(l->acc, l->esize) - 2 * a * b + half(l)) >> l->esize);
}

// One source: SUQADD adds an unsigned lane to a signed accumulator, USQADD the reverse.
i128 lane_suqadd(Lane *l, i128 a, i128 b) {
    (void)b;
    return sat(l, l->acc + (i128)((u64)a & ones(l->esize)));
}
i128 lane_usqadd(Lane *l, i128 a, i128 b) {
    (void)b;
    return sat(l, l->acc + sext((u64)a, l->esize));
}
static unsigned count_zeros(u64 x, unsigned esize) {
    return x ? (unsigned)__builtin_clzll(x) - (64 - esize) : esize;
}
i128 lane_clz(Lane *l, i128 a, i128 b) {
    (void)b;
    return count_zeros((u64)a, l->esize);
}
i128 lane_cls(Lane *l, i128 a, i128 b) {
    (void)b;
    u64 differs = (u64)(a ^ (a >> 1)) & ones(l->esize - 1);
    return count_zeros(differs, l->esize - 1);
}
i128 lane_sqabs(Lane *l, i128 a, i128 b) {
    (void)b;
    return sat(l, a < 0 ? -a : a);
}
i128 lane_sqneg(Lane *l, i128 a, i128 b) {
    (void)b;
    return sat(l, -a);
}

// --- long: the product saturates before it is accumulated ---
i128 lane_sqdmull(Lane *l, i128 a, i128 b) {
    return sat(l, 2 * a * b);
}
i128 lane_sqdmlal(Lane *l, i128 a, i128 b) {
    return sat(l, l->acc + sat(l, 2 * a * b));
}
i128 lane_sqdmlsl(Lane *l, i128 a, i128 b) {
    return sat(l, l->acc - sat(l, 2 * a * b));
}

// --- shifts by immediate: the count is l->imm ---
i128 lane_qshift(Lane *l, i128 a, i128 b) {
    (void)b;
    return sat(l, shift_left(a, (unsigned)l->imm));
}
i128 lane_sqshlu(Lane *l, i128 a, i128 b) {
    (void)b;
    return sat_to(l, true, shift_left(a, (unsigned)l->imm));
}
i128 lane_sli(Lane *l, i128 a, i128 b) {
    (void)b;
    return shift_left(a, (unsigned)l->imm) | (l->acc & ones((unsigned)l->imm));
}
// The top -imm bits of the destination stay.
i128 lane_sri(Lane *l, i128 a, i128 b) {
    (void)b;
    unsigned kept = (unsigned)-l->imm;
    u64 inserted = ones(l->esize - kept);
    return (l->acc & ~(i128)inserted) | ((a >> kept) & inserted);
}

// --- applying a lane function ---
// Sizes of the lanes of d and of the sources, and the first lane of the sources.
typedef struct Shape {
    unsigned count;
    unsigned d_size, size;
    unsigned first;
} Shape;

static void apply(Cpu *cpu, LaneFn *f, V128 *d, const V128 *n, const V128 *m, Lane l, Shape s) {
    V128 r = {.q = 0};
    l.esize = 8u << s.d_size;
    for (unsigned i = 0; i < s.count; i++) {
        l.acc = lane_ext(d, s.d_size, l.u, i);
        i128 a = lane_ext(n, s.size, l.u, s.first + i);
        i128 b = m ? lane_ext(m, s.size, l.u, s.first + i) : 0;
        lane_put(&r, s.d_size, i, (u64)f(&l, a, b));
    }
    *d = r;
    if (l.qc) set_qc(cpu);
}

static unsigned lanes_same(unsigned size, u64 form) {
    return form == FORM_SCALAR ? 1 : (form == FORM_Q ? 16u : 8u) >> size;
}

void simd_same(Cpu *cpu, LaneFn *f, V128 *d, const V128 *n, const V128 *m, unsigned u,
               unsigned size, u64 form) {
    Shape s = {lanes_same(size, form), size, size, 0};
    apply(cpu, f, d, n, m, (Lane){.u = u}, s);
}

// The narrow lanes of the "2" forms (Q) are those of the upper half.
void simd_long(Cpu *cpu, LaneFn *f, V128 *d, const V128 *n, const V128 *m, unsigned u,
               unsigned size, u64 form) {
    unsigned count = form == FORM_SCALAR ? 1 : 8u >> size, first = form == FORM_Q ? count : 0;
    apply(cpu, f, d, n, m, (Lane){.u = u}, (Shape){count, size + 1, size, first});
}

// imm7 = esize + count to the left, 2*esize - count to the right; its highest set bit is esize.
static unsigned shift_size(unsigned imm7) {
    return 28 - (unsigned)__builtin_clz(imm7);
}
static unsigned left_count(unsigned imm7) {
    return imm7 - (8u << shift_size(imm7));
}
static unsigned right_count(unsigned imm7) {
    return (16u << shift_size(imm7)) - imm7;
}

void simd_shift(Cpu *cpu, LaneFn *f, bool left, V128 *d, const V128 *n, unsigned u, unsigned imm7,
                u64 form) {
    unsigned size = shift_size(imm7);
    Lane l = {.u = u, .imm = left ? (int)left_count(imm7) : -(int)right_count(imm7)};
    Shape s = {lanes_same(size, form), size, size, 0};
    apply(cpu, f, d, n, NULL, l, s);
}

// --- frequent operations, a loop for each element size ---
void simd_shr(V128 *d, const V128 *n, unsigned u, unsigned imm7, u64 form) {
    unsigned size = shift_size(imm7), count = right_count(imm7);
    Vec a = vec_load(n);
    if (u && count == 8u << size) return vec_end(d, (Vec){0}, form);
    int c = (int)MIN(count, (8u << size) - 1);  // a signed shift by the width gives the sign
    switch (size << 1 | u) {
    case 0: a = (Vec)((VecSB)a >> c); break;
    case 1: a = a >> c; break;
    case 2: a = (Vec)((VecSH)a >> c); break;
    case 3: a = (Vec)((VecH)a >> c); break;
    case 4: a = (Vec)((VecSS)a >> c); break;
    case 5: a = (Vec)((VecS)a >> c); break;
    case 6: a = (Vec)((VecSD)a >> c); break;
    default: a = (Vec)((VecD)a >> c); break;
    }
    vec_end(d, a, form);
}

void simd_shl(V128 *d, const V128 *n, unsigned imm7, u64 form) {
    Vec a = vec_load(n);
    int c = (int)left_count(imm7);
    switch (shift_size(imm7)) {
    case 0: a = a << c; break;
    case 1: a = (Vec)((VecH)a << c); break;
    case 2: a = (Vec)((VecS)a << c); break;
    default: a = (Vec)((VecD)a << c); break;
    }
    vec_end(d, a, form);
}

void simd_shll(V128 *d, const V128 *n, unsigned u, unsigned size, unsigned shift, unsigned q) {
    V128 r, a = *n;
    if (q) a.d[0] = a.d[1];
    switch (size) {
    case 0:
        for (unsigned i = 0; i < 8; i++) r.h[i] = (u16)((u ? a.b[i] : (unsigned)a.sb[i]) << shift);
        break;
    case 1:
        for (unsigned i = 0; i < 4; i++) r.s[i] = (u ? a.h[i] : (u32)a.sh[i]) << shift;
        break;
    default:
        for (unsigned i = 0; i < 2; i++) r.d[i] = (u ? a.s[i] : (u64)a.ss[i]) << shift;
        break;
    }
    *d = r;
}

static ALWAYS_INLINE Vec max_or_min(bool max, unsigned u, int size, Vec a, Vec b) {
    return max ? vec_max(u, size, a, b) : vec_min(u, size, a, b);
}

static ALWAYS_INLINE Vec max_min_by_size(bool max, unsigned u, unsigned size, Vec a, Vec b) {
    switch (size << 1 | u) {
    case 0: return max_or_min(max, 0, 0, a, b);
    case 1: return max_or_min(max, 1, 0, a, b);
    case 2: return max_or_min(max, 0, 1, a, b);
    case 3: return max_or_min(max, 1, 1, a, b);
    case 4: return max_or_min(max, 0, 2, a, b);
    default: return max_or_min(max, 1, 2, a, b);
    }
}

void simd_max(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form) {
    vec_end(d, max_min_by_size(true, u, size, vec_load(n), vec_load(m)), form);
}

void simd_min(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form) {
    vec_end(d, max_min_by_size(false, u, size, vec_load(n), vec_load(m)), form);
}

// A pairwise operation combines the even lanes of m:n with the odd ones.
void simd_addp(V128 *d, const V128 *n, const V128 *m, unsigned size, u64 form) {
    V128 even, odd;
    simd_permute(&even, n, m, UZP, 0, size, form == FORM_Q);
    simd_permute(&odd, n, m, UZP, 1, size, form == FORM_Q);
    Vec a = vec_load(&even), b = vec_load(&odd), r;
    switch (size) {
    case 0: r = vec_add(0, a, b); break;
    case 1: r = vec_add(1, a, b); break;
    case 2: r = vec_add(2, a, b); break;
    default: r = vec_add(3, a, b); break;
    }
    vec_end(d, r, form);
}

void simd_maxp(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form) {
    V128 even, odd;
    simd_permute(&even, n, m, UZP, 0, size, form == FORM_Q);
    simd_permute(&odd, n, m, UZP, 1, size, form == FORM_Q);
    simd_max(d, &even, &odd, u, size, form);
}

void simd_minp(V128 *d, const V128 *n, const V128 *m, unsigned u, unsigned size, u64 form) {
    V128 even, odd;
    simd_permute(&even, n, m, UZP, 0, size, form == FORM_Q);
    simd_permute(&odd, n, m, UZP, 1, size, form == FORM_Q);
    simd_min(d, &even, &odd, u, size, form);
}

// Reverses the elements inside each container (sizes as log2 of bytes).
void simd_rev(V128 *d, const V128 *n, unsigned container, unsigned size, unsigned q) {
    V128 r = {.q = 0};
    unsigned flip = ((1u << container) - 1) & ~((1u << size) - 1);
    for (unsigned i = 0; i < (q ? 16u : 8u); i++) r.b[i] = n->b[i ^ flip];
    *d = r;
}

void simd_rbit(V128 *d, const V128 *n, unsigned q) {
    Vec a = vec_load(n);
    a = (a >> 1 & 0x55) | (a & 0x55) << 1;
    a = (a >> 2 & 0x33) | (a & 0x33) << 2;
    vec_end(d, a >> 4 | a << 4, q);
}

void simd_cnt(V128 *d, const V128 *n, unsigned q) {
    Vec a = vec_load(n);
    a = a - (a >> 1 & 0x55);
    a = (a & 0x33) + (a >> 2 & 0x33);
    vec_end(d, (a + (a >> 4)) & 0x0f, q);
}

static ALWAYS_INLINE u32 byte_product(const V128 *n, unsigned i, bool n_unsigned, const V128 *m,
                                      unsigned j, bool m_unsigned) {
    return (u32)((n_unsigned ? n->b[i] : n->sb[i]) * (m_unsigned ? m->b[j] : m->sb[j]));
}

// Each 32-bit lane accumulates the products of its four bytes.
static ALWAYS_INLINE V128 dot(const V128 *d, const V128 *n, const V128 *m, bool n_unsigned,
                              bool m_unsigned) {
    V128 r = *d;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 4 * i; j < 4 * i + 4; j++)
            r.s[i] += byte_product(n, j, n_unsigned, m, j, m_unsigned);
    return r;
}
void simd_dot(V128 *d, const V128 *n, const V128 *m, bool n_unsigned, bool m_unsigned, unsigned q) {
    V128 r = n_unsigned   ? m_unsigned ? dot(d, n, m, true, true) : dot(d, n, m, true, false)
               : m_unsigned ? dot(d, n, m, false, true)
                          : dot(d, n, m, false, false);
    d->d[0] = r.d[0];
    d->d[1] = q ? r.d[1] : 0;
}

// MatMulAdd: the 2x8 matrix n times the 8x2 matrix m, whose columns are the halves of the register.
static ALWAYS_INLINE V128 matrix(const V128 *d, const V128 *n, const V128 *m, bool n_unsigned,
                                 bool m_unsigned) {
    V128 r = *d;
    for (unsigned row = 0; row < 2; row++)
        for (unsigned column = 0; column < 2; column++)
            for (unsigned k = 0; k < 8; k++)
                r.s[2 * row + column] +=
                    byte_product(n, 8 * row + k, n_unsigned, m, 8 * column + k, m_unsigned);
    return r;
}
void simd_mmla(V128 *d, const V128 *n, const V128 *m, bool n_unsigned, bool m_unsigned) {
    *d = n_unsigned ? m_unsigned ? matrix(d, n, m, true, true) : matrix(d, n, m, true, false)
                    : matrix(d, n, m, false, false);
}

void simd_pmull8(V128 *d, const V128 *n, const V128 *m, unsigned q) {
    V128 r;
    for (unsigned i = 0; i < 8; i++)
        r.h[i] = (u16)lane_pmul(NULL, n->b[q * 8 + i], m->b[q * 8 + i]);
    *d = r;
}

// Four bits of the multiplier at a time.
void simd_pmull64(V128 *d, const V128 *n, const V128 *m, unsigned q) {
    u128 multiple[16] = {0, n->d[q]};
    for (unsigned i = 2; i < 16; i += 2) {
        multiple[i] = multiple[i / 2] << 1;
        multiple[i + 1] = multiple[i] ^ multiple[1];
    }
    u64 b = m->d[q];
    u128 r = 0;
    for (int i = 60; i >= 0; i -= 4) r = r << 4 ^ multiple[b >> i & 15];
    d->q = r;
}

// TBL gives 0 for an index out of range, TBX (keep) the old byte.
void simd_table(const Cpu *cpu, V128 *d, unsigned n, const V128 *m, unsigned len, unsigned q,
                bool keep) {
    u8 table[64];
    for (unsigned i = 0; i <= len; i++) memcpy(table + 16 * i, &cpu->v[(n + i) & 31], 16);
    const unsigned limit = 16 * (len + 1);
    V128 r = {.q = 0}, old = {.q = keep ? d->q : 0}, index = *m;
    for (unsigned i = 0; i < (q ? 16u : 8u); i++)
        r.b[i] = index.b[i] < limit ? table[index.b[i]] : old.b[i];
    *d = r;
}

// --- structure loads and stores ---
// `bytes` of memory at va to buffer: whole doublewords, or element by element on the slow path.
void simd_load(Mem *m, u64 va, u8 *buffer, unsigned bytes, unsigned size) {
    if (!m->slow) {
        for (unsigned i = 0; i < bytes && !m->miss; i += 8) {
            u64 value = mem_read(m, va + i, 8, ACC_VECTOR);
            memcpy(buffer + i, &value, 8);
        }
        return;
    }
    unsigned step = 1u << size;
    for (unsigned i = 0; i < bytes && !m->miss; i += step) {
        u64 value = mem_read(m, va + i, step, ACC_VECTOR);
        memcpy(buffer + i, &value, step);
    }
}

void simd_store(Mem *m, u64 va, const u8 *buffer, unsigned bytes, unsigned size) {
    if (!m->slow) {
        for (unsigned i = 0; i < bytes && !m->miss; i += 8) {
            u64 value;
            memcpy(&value, buffer + i, 8);
            mem_write(m, va + i, 8, value, ACC_VECTOR);
        }
        return;
    }
    unsigned step = 1u << size;
    for (unsigned i = 0; i < bytes && !m->miss; i += step) {
        u64 value = 0;
        memcpy(&value, buffer + i, step);
        mem_write(m, va + i, step, value, ACC_VECTOR);
    }
}

// Between memory, element by element of all registers, and the registers. The size is a constant.
static ALWAYS_INLINE void deinterleave(Cpu *cpu, const u8 *buffer, unsigned t, unsigned registers,
                                       unsigned size, unsigned bytes) {
    for (unsigned r = 0; r < registers; r++) {
        V128 v = {.q = 0};
        for (unsigned e = 0; e < bytes >> size; e++)
            memcpy(&v.b[e << size], buffer + ((e * registers + r) << size), 1u << size);
        cpu->v[(t + r) & 31] = v;
    }
}
static ALWAYS_INLINE void interleave(const Cpu *cpu, u8 *buffer, unsigned t, unsigned registers,
                                     unsigned size, unsigned bytes) {
    for (unsigned r = 0; r < registers; r++) {
        const V128 *v = &cpu->v[(t + r) & 31];
        for (unsigned e = 0; e < bytes >> size; e++)
            memcpy(buffer + ((e * registers + r) << size), &v->b[e << size], 1u << size);
    }
}

void simd_load_multi(Mem *m, u64 va, unsigned t, unsigned registers, unsigned size, u64 q) {
    u8 buffer[64];
    unsigned bytes = 8u << q;
    simd_load(m, va, buffer, registers * bytes, size);
    if (m->miss) return;
    switch (size) {
    case 0: deinterleave(m->cpu, buffer, t, registers, 0, bytes); break;
    case 1: deinterleave(m->cpu, buffer, t, registers, 1, bytes); break;
    case 2: deinterleave(m->cpu, buffer, t, registers, 2, bytes); break;
    default: deinterleave(m->cpu, buffer, t, registers, 3, bytes); break;
    }
}

void simd_store_multi(Mem *m, u64 va, unsigned t, unsigned registers, unsigned size, u64 q) {
    u8 buffer[64];
    unsigned bytes = 8u << q;
    switch (size) {
    case 0: interleave(m->cpu, buffer, t, registers, 0, bytes); break;
    case 1: interleave(m->cpu, buffer, t, registers, 1, bytes); break;
    case 2: interleave(m->cpu, buffer, t, registers, 2, bytes); break;
    default: interleave(m->cpu, buffer, t, registers, 3, bytes); break;
    }
    simd_store(m, va, buffer, registers * bytes, size);
}

// One element; the constant sizes keep the fast path free of calls.
static u64 load_element(Mem *m, u64 va, unsigned size) {
    switch (size) {
    case 0: return mem_read(m, va, 1, ACC_VECTOR);
    case 1: return mem_read(m, va, 2, ACC_VECTOR);
    case 2: return mem_read(m, va, 4, ACC_VECTOR);
    default: return mem_read(m, va, 8, ACC_VECTOR);
    }
}
static void store_element(Mem *m, u64 va, unsigned size, u64 value) {
    switch (size) {
    case 0: mem_write(m, va, 1, value, ACC_VECTOR); break;
    case 1: mem_write(m, va, 2, value, ACC_VECTOR); break;
    case 2: mem_write(m, va, 4, value, ACC_VECTOR); break;
    default: mem_write(m, va, 8, value, ACC_VECTOR); break;
    }
}

// The index is Q:S:size without the low bits that the element size takes.
static unsigned lane_index(u64 how) {
    return (how & 15) >> lane_size(how);
}

void simd_load_lane(Mem *m, u64 va, unsigned t, unsigned registers, u64 how) {
    unsigned size = lane_size(how);
    u64 value[4];
    for (unsigned r = 0; r < registers; r++) value[r] = load_element(m, va + (r << size), size);
    if (m->miss) return;
    for (unsigned r = 0; r < registers; r++)
        lane_put(&m->cpu->v[(t + r) & 31], size, lane_index(how), value[r]);
}

void simd_store_lane(Mem *m, u64 va, unsigned t, unsigned registers, u64 how) {
    unsigned size = lane_size(how);
    for (unsigned r = 0; r < registers; r++)
        store_element(m, va + (r << size), size,
                      lane_get(&m->cpu->v[(t + r) & 31], size, lane_index(how)));
}

void simd_load_replicate(Mem *m, u64 va, unsigned t, unsigned registers, unsigned size, u64 q) {
    u64 value[4];
    for (unsigned r = 0; r < registers; r++) value[r] = load_element(m, va + (r << size), size);
    if (m->miss) return;
    for (unsigned r = 0; r < registers; r++)
        vec_fill(&m->cpu->v[(t + r) & 31], lane_replicate(value[r], size), (unsigned)q);
}
