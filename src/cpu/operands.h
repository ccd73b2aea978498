// What the decoder computes once from the fields of an instruction word: the expressions in the
// operand column of *.isa. Arm ARM: the shared pseudo-code functions named below.
#pragma once

#include "base/base.h"
#include "cpu/op.h"
#include "cpu/sysreg.h"

// imm12 of ADD/SUB (immediate), shifted left by 12 when sh is set.
static inline u64 shl12(u32 imm12, u32 sh) {
    return (u64)imm12 << (sh ? 12 : 0);
}

// N:imms names an element of 2, 4, ... 64 bits with neither all nor no bits set. N with a 32-bit
// operation is unallocated. Source: DecodeBitMasks.
static inline bool bitmask_valid(u32 sf, u32 N, u32 imms) {
    if (N && !sf) return false;
    u32 pattern = N << 6 | (~imms & 0x3f);  // the highest 1 gives the element size
    if (pattern < 2) return false;
    unsigned levels = (1u << (31 - __builtin_clz(pattern))) - 1;
    return (imms & levels) != levels;
}

// The immediate of AND, ORR, EOR, ANDS; bitmask_valid() holds. Source: DecodeBitMasks.
static inline u64 bitmask(u32 sf, u32 N, u32 immr, u32 imms) {
    unsigned esize = 1u << (31 - __builtin_clz(N << 6 | (~imms & 0x3f)));
    unsigned s = imms & (esize - 1), r = immr & (esize - 1);
    u64 element = ones(s + 1);
    if (r) element = (element >> r | element << (esize - r)) & ones(esize);
    for (unsigned n = esize; n < 64; n *= 2) element |= element << n;
    return sf ? element : (u32)element;
}

// Bits of the result of UBFM and BFM that come from Rn rotated right by immr: the field of
// imms - immr + 1 bits at 0, or of imms + 1 bits at width - immr.
static inline u64 bitfield_mask(u32 sf, u32 immr, u32 imms) {
    if (imms >= immr) return ones(imms - immr + 1);
    return ones(imms + 1) << ((sf ? 64 : 32) - immr);
}

// SBFM is a left shift by bitfield_left() and an arithmetic right shift by bitfield_right().
static inline u64 bitfield_left(u32 sf, u32 imms) {
    return (sf ? 63 : 31) - imms;
}
static inline u64 bitfield_right(u32 sf, u32 immr, u32 imms) {
    return imms >= immr ? (sf ? 63 : 31) - imms + immr : immr - imms - 1;
}

// The value that MOVZ and MOVN write.
static inline u64 movz_value(u32 hw, u32 imm16) {
    return (u64)imm16 << (16 * hw);
}
static inline u64 movn_value(u32 sf, u32 hw, u32 imm16) {
    u64 v = ~movz_value(hw, imm16);
    return sf ? v : (u32)v;
}

// Offsets of ADR, ADRP (in bytes) and of the literal loads.
static inline u64 adr_offset(u32 immhi, u32 immlo) {
    return (u64)sext(immhi << 2 | immlo, 21);
}
static inline u64 adrp_offset(u32 immhi, u32 immlo) {
    return adr_offset(immhi, immlo) * 4096;
}
static inline u64 literal_offset(u32 imm19) {
    return (u64)sext(imm19, 19) * 4;
}

// Signed byte offsets of loads and stores.
static inline u64 offset9(u32 imm9) {
    return (u64)sext(imm9, 9);
}
static inline u64 offset7(u32 imm7, u32 log2_size) {
    return (u64)sext(imm7, 7) * (1u << log2_size);
}
// Granules of 16 bytes.
static inline u64 tag_offset(u32 imm9) {
    return (u64)sext(imm9, 9) * 16;
}
// LDRAA, LDRAB: S:imm9 in units of 8 bytes.
static inline u64 offset10(u32 S, u32 imm9) {
    return (u64)sext(S << 9 | imm9, 10) * 8;
}

// Address bits that must be 0 when the base register is SP and SP alignment is checked.
static inline u64 sp_mask(u32 Rn) {
    return Rn == 31 ? 15 : 0;
}

// A system register or instruction: its encoding, and its index in the table (SYSREG_NONE if it
// has none).
static inline u64 sysreg_encoding(u32 op0, u32 op1, u32 CRn, u32 CRm, u32 op2) {
    return sysreg_enc(op0, op1, CRn, CRm, op2);
}
static inline u64 sysreg_number(u32 op0, u32 op1, u32 CRn, u32 CRm, u32 op2) {
    return sysreg_index(sysreg_enc(op0, op1, CRn, CRm, op2));
}
