// What gen.c writes and harness.c runs: words of a row, each with several random states. The states
// are made here, from a seed, so that the machine that runs them and whoever prints one agree.
#ifndef CASES_H
#define CASES_H
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

enum { MODE_ROWS, MODE_WORDS, MODE_CASES, MODE_EXEC };  // what one line of output is about

enum {
    KIND_MEMORY = 1,     // X[base] + offset is an address
    KIND_INDEX = 2,      // ... with a small X[index] added, shifted by `shift`
    KIND_FP = 4,         // SIMD&FP registers, FPCR and FPSR take part
    KIND_EL0 = 8,        // at EL0 alone
    KIND_JUMP = 16,      // X[base] is a branch target
    KIND_EXCLUSIVE = 32  // the word before is the load that belongs to it
};

// One word. In memory at its slot: `before`, `word`, and two HVC.
typedef struct {
    u32 before, word;
    int32_t offset;
    u32 row;     // number of the row in decode_rows
    u32 number;  // of the word in its row
    u8 kind, base, index, shift;
    u8 align;   // log2 of the access
    u8 states;  // how many states it is run with
    u8 pad[2];
} IsaWord;

typedef struct {
    u64 seed;
    u32 mode, words;
    u32 only_state;  // MODE_CASES: this state alone, if it is not ~0
    u32 pad;
} IsaHeader;

enum {
    SLOT_BYTES = 16,
    WINDOW = 256,  // bytes around the end of the first page, and before that of the second
};
#define SLOTS_VA  0x41000000ull
#define DATA_VA   0x80000000ull  // two pages, then nothing
#define HVC_END   (0xd4000002u | 0xfffu << 5)
#define MAX_WORDS (7u * 0x200000 / SLOT_BYTES)

// Everything that an instruction can see.
typedef struct {
    u64 x[31], sp, pstate, elr, spsr, fpcr, fpsr;
    u64 v[64] __attribute__((aligned(16)));
    u64 memory[2 * WINDOW / 8];
} IsaState;

static inline u64 isa_next(u64 *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static inline u64 isa_mix(u64 a, u64 b) {
    u64 z = (a ^ (b + 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

// The next hash of a sequence of values: two that differ in one value never have the same.
static inline u64 isa_fold(u64 hash, u64 value) {
    u64 z = (hash ^ value) * 0x94d049bb133111ebull;
    return z ^ z >> 32;
}

// Integers at the edges of the widths that instructions have.
static inline u64 isa_integer(u64 *seed) {
    u64 r = isa_next(seed), bit = 1ull << (r >> 8 & 63);
    switch (r & 15) {
    case 0: return 0;
    case 1: return ~0ull;
    case 2: return bit;
    case 3: return bit - 1;
    case 4: return ~bit;
    case 5: return 0 - bit;
    case 6: return r >> 16 & 0xff;
    case 7: return (u64)((int64_t)isa_next(seed) >> 48);
    case 8: return (u64)(int64_t)(int32_t)(r >> 16);
    case 9: return 0x7fffffffull + (r >> 16 & 3);
    case 10: return 0x7fffffffffffffffull + (r >> 16 & 3);
    default: return isa_next(seed);
    }
}

// A floating-point value of `width` bits (16, 32, 64): zeros, infinities, NaNs, subnormals, the largest
// and the smallest, values that are near each other, integers and halves.
static inline u64 isa_float(u64 *seed, unsigned width) {
    unsigned fraction_bits = width == 16 ? 10 : width == 32 ? 23 : 52;
    u64 r = isa_next(seed), exponents = (1ull << (width - 1 - fraction_bits)) - 1;
    u64 sign = r >> 63 << (width - 1), mask = (1ull << fraction_bits) - 1;
    u64 fraction = isa_next(seed) & mask, bias = exponents >> 1, exponent;
    switch (r >> 8 & 7) {
    case 0: fraction = 0; break;
    case 1: fraction = mask; break;
    case 2: fraction &= ~(mask >> (r >> 16 & 7)); break;
    case 3: fraction = 1ull << (r >> 16) % fraction_bits; break;
    }
    switch (r & 15) {
    case 0: exponent = 0; break;
    case 1: return sign;
    case 2: exponent = exponents; break;
    case 3: return sign | exponents << fraction_bits;
    case 4: exponent = exponents - 1; break;
    case 5: exponent = 1; break;
    case 6:
    case 7: exponent = bias + (r >> 32 & 3) - 1; break;
    case 8: exponent = bias + (r >> 32) % (fraction_bits + 4); break;
    case 9: exponent = bias - (r >> 32) % (fraction_bits + 4); break;
    case 10: exponent = bias + (r >> 32 & 63); break;
    default: exponent = r >> 32;
    }
    return sign | (exponent & exponents) << fraction_bits | fraction;
}

static inline u64 isa_vector_half(u64 *seed, unsigned style) {
    u64 v = 0;
    switch (style) {
    case 0: return isa_next(seed);
    case 1: return isa_integer(seed);
    case 2:
        for (int i = 0; i < 4; i++) v = v << 16 | isa_float(seed, 16);
        return v;
    case 3: return isa_float(seed, 32) << 32 | isa_float(seed, 32);
    case 4: return isa_float(seed, 64);
    default:
        for (int i = 0; i < 8; i++) {
            static const u8 edge[] = {0, 1, 0x7f, 0x80, 0x81, 0xff};
            u64 r = isa_next(seed);
            v = v << 8 | (r & 1 ? edge[(r >> 8) % 6] : r >> 16 & 0xff);
        }
        return v;
    }
}

// Where an access goes: mostly into the window around the end of the first page, aligned or not.
static inline u64 isa_address(u64 *seed, const IsaWord *w) {
    u64 r = isa_next(seed), align = ~((1ull << w->align) - 1);
    u64 in = (r >> 8) % WINDOW, base = r & 7 ? DATA_VA + 4096 : DATA_VA + 8192;
    u64 address = base - WINDOW / 2 + in;
    if (r & 7 && in > WINDOW * 3 / 4) address -= 64;
    if (r >> 4 & 3) address &= align;
    if ((r >> 32 & 63) == 0) address = isa_next(seed);
    return address;
}

// The registers that the fields Rd, Rn, Rm and Ra of the word name, if it has them.
static inline u32 isa_named(u32 word) {
    return 1u << (word & 31) | 1u << (word >> 5 & 31) | 1u << (word >> 10 & 31) |
           1u << (word >> 16 & 31);
}

static inline bool isa_is_cas(u32 word) {
    bool pair = !(word >> 23 & 1);
    return (word & 0x3f207c00) == 0x08207c00 && !(pair && word >> 31);
}
// What CAS and CASP compare is what memory has, 0 where that is XZR. Bits above the size are not compared.
static inline void isa_compared(IsaState *s, u32 word, u64 address) {
    u64 at = address - (DATA_VA + 4096 - WINDOW / 2);
    bool pair = !(word >> 23 & 1);
    u32 base = word >> 5 & 31, bytes = pair ? 4u << (word >> 30 & 1) : 1u << (word >> 30);
    if (at > WINDOW - 16) return;
    for (u32 i = 0; i <= pair; i++) {
        u8 *memory = (u8 *)s->memory + at + i * bytes;
        u32 rs = (word >> 16 & 31) + i;
        if (rs == base) return;
        for (u32 b = 0; b < bytes; b++) {
            if (rs >= 31)
                memory[b] = 0;
            else
                s->x[rs] = (s->x[rs] & ~(0xffull << 8 * b)) | (u64)memory[b] << 8 * b;
        }
    }
}

// Values that matter are in the registers that the word names, random ones in the others.
static inline void isa_state(IsaState *s, u64 seed, const IsaWord *w, unsigned n, u64 slot) {
    u64 state = isa_mix(isa_mix(seed, w->word), (u64)w->number << 8 | n) | 1;
    u64 r = isa_next(&state);
    u32 named = isa_named(w->word), hinted = 1u << 16 | 1u << 17 | 1u << 30;  // PACIA1716, XPACLRI
    for (int i = 0; i < 31; i++)
        s->x[i] = (named | hinted) >> i & 1 ? isa_integer(&state) : isa_next(&state);
    s->sp = isa_next(&state) & ~15ull;
    s->pstate = (r & 15) << 28 | 0x3c0 | (r >> 4 & 1 && !(w->kind & KIND_EL0) ? 5 : 0);
    if (!(r >> 8 & 7)) s->pstate |= 1u << 22;   // PAN
    if (!(r >> 11 & 7)) s->pstate |= 1u << 23;  // UAO
    static const u64 modes[] = {0, 0, 4, 5, 5, 9, 13, 2};
    s->spsr = (r >> 16 & 15) << 28 | 0x3c0 | modes[r >> 20 & 7];
    s->elr = r >> 24 & 3 ? slot + 8 : isa_next(&state);
    u64 fp = isa_next(&state);
    s->fpcr = fp & 1 ? fp & 0x07c80000 : (fp >> 1 & 3) ? 0 : fp & 0x00c00000;
    s->fpsr = fp >> 40 & 1 ? fp >> 41 & 0x0800009f : 0;
    if (w->kind & KIND_FP) {
        unsigned style = (unsigned)(isa_next(&state) % 7);
        for (int i = 0; i < 64; i++) {
            bool special = named >> (i >> 1) & 1;
            unsigned other = style == 6 && special ? (unsigned)isa_next(&state) % 6 : style;
            s->v[i] = special ? isa_vector_half(&state, other) : isa_next(&state);
        }
    }
    if (w->kind & KIND_JUMP && r >> 28 & 3) s->x[w->base] = slot + 8;
    if (w->kind & KIND_MEMORY) {
        u64 address = isa_address(&state, w) - (u64)(int64_t)w->offset;
        if (w->kind & KIND_INDEX && w->index < 31 && w->index != w->base) {
            u64 index = isa_next(&state) & 31;
            s->x[w->index] = index;
            address -= index << w->shift;
        }
        if (w->base == 31)
            s->sp = address;
        else
            s->x[w->base] = address;
        for (unsigned i = 0; i < 2 * WINDOW / 8; i++) s->memory[i] = isa_next(&state);
        if (isa_is_cas(w->word) && !(isa_next(&state) & 3)) isa_compared(s, w->word, address);
    }
}
#endif
