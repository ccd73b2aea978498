// Random words of a row of the instruction tables.
#pragma once

#include "cpu/decode.h"

static const u64 all_features[2] = {~0ull, ~0ull};

static inline u64 next_random(u64 *state) {
    u64 z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

// A word with the row's fixed bits. Some of the others are all zero or all one: values that a
// `where` asks for are often there.
static inline u32 word_of(const DecodeRow *row, u64 *seed) {
    u64 r = next_random(seed);
    u32 word = (u32)r;
    if (r >> 32 & 1)
        word &= (u32)next_random(seed);
    else if (r >> 33 & 1)
        word |= (u32)next_random(seed);
    return (word & ~row->mask) | row->value;
}
