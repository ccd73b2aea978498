// Bits for tests with many operands: the same in every run.
#pragma once

#include "base/base.h"

static inline u64 random_bits(void) {
    static u64 seed = 88172645463325252ull;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}
