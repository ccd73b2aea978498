// Fixed-width names, bit helpers, address types and CHECK(): what every file starts from.
// Includes only libc. Nothing here knows what a CPU is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef unsigned __int128 u128;
typedef __int128 i128;

#define likely(c)     __builtin_expect(!!(c), 1)
#define unlikely(c)   __builtin_expect(!!(c), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE      __attribute__((noinline))
#define COLD          __attribute__((noinline, cold))
#define ARRAY_LEN(a)  (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

// The three address spaces of a virtualized machine. Distinct types: mixing them does not compile.
typedef struct {
    u64 v;
} Va;  // virtual address, as an instruction uses it
typedef struct {
    u64 v;
} Ipa;  // intermediate physical address, the output of stage 1
typedef struct {
    u64 v;
} Pa;  // physical address, what the bus sees

static inline Va va(u64 v) {
    return (Va){v};
}
static inline Ipa ipa(u64 v) {
    return (Ipa){v};
}
static inline Pa pa(u64 v) {
    return (Pa){v};
}

// n low bits set; n in 0..64.
static ALWAYS_INLINE u64 ones(unsigned n) {
    return n >= 64 ? ~0ull : (1ull << n) - 1;
}

// value<hi:lo>, as the Arm ARM writes it.
static ALWAYS_INLINE u64 bits(u64 value, unsigned hi, unsigned lo) {
    return (value >> lo) & ones(hi - lo + 1);
}

static ALWAYS_INLINE bool bit(u64 value, unsigned n) {
    return (value >> n) & 1;
}

// SignExtend(value<n-1:0>, 64); n in 1..64.
static ALWAYS_INLINE i64 sext(u64 value, unsigned n) {
    return (i64)(value << (64 - n)) >> (64 - n);
}

// value with bits hi:lo replaced by the low bits of field.
static ALWAYS_INLINE u64 set_bits(u64 value, unsigned hi, unsigned lo, u64 field) {
    u64 m = ones(hi - lo + 1) << lo;
    return (value & ~m) | ((field << lo) & m);
}

static ALWAYS_INLINE u64 align_down(u64 value, u64 size) {
    return value & ~(size - 1);
}
static ALWAYS_INLINE u64 align_up(u64 value, u64 size) {
    return (value + size - 1) & ~(size - 1);
}

// SplitMix64: a well mixed sequence from any seed.
static inline u64 splitmix64(u64 *state) {
    u64 z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

// A broken invariant of ours. On in release builds; prints place, condition and machine state
// (where a dump hook is set), then aborts.
#define CHECK(cond) \
    do { \
        if (unlikely(!(cond))) check_failed(__FILE__, __LINE__, #cond); \
    } while (0)
_Noreturn void check_failed(const char *file, int line, const char *cond);
// Called by check_failed() before it aborts, on the thread that failed; NULL for none.
extern _Thread_local void (*check_dump_hook)(void);
