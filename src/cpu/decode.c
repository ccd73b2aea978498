// From an instruction word to an Op, through the generated rows. Arm ARM: "A64 Instruction Set
// Encoding". A word that no row claims, or whose feature the CPU lacks, is UNDEFINED.
#include "cpu/decode.h"
#include "gen/handlers.h"

const DecodeRow *decode_row(const u64 *features, u32 word, unsigned index, Op *op) {
    for (u32 i = decode_bucket[word >> 21]; i < decode_bucket[(word >> 21) + 1]; i++) {
        const DecodeRow *row = &decode_rows[decode_candidates[i]];
        if ((word & row->mask) != row->value) continue;
        if ((row->features[0] & ~features[0]) | (row->features[1] & ~features[1])) continue;
        memset(op, 0, sizeof *op);
        if (row->decode(word, index, op)) return op->id == OP_UNDEFINED ? NULL : row;
    }
    memset(op, 0, sizeof *op);
    op->id = OP_UNDEFINED;
    return NULL;
}

void op_decode(const u64 *features, u32 word, unsigned index, Op *op) {
    Op fresh;
    decode_row(features, word, index, &fresh);
    *op = fresh;
}
