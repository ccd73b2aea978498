// The CRC32 instructions. Arm ARM: "CRC32B, CRC32H, CRC32W, CRC32X" and the CRC32C forms.
#pragma once

#include "base/base.h"

// acc after the `bytes` (1, 2, 4, 8) low bytes of value, least significant first. No inversion at
// either end. Polynomials 0x04c11db7 and 0x1edc6f41, bit-reflected.
u32 crc32_update(u32 acc, u64 value, unsigned bytes);
u32 crc32c_update(u32 acc, u64 value, unsigned bytes);
