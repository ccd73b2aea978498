// The generated decoder's rows (gen/decode_table.c) and the functions over them.
#pragma once

#include "cpu/op.h"

typedef struct DecodeRow {
    const char *name;
    u32 mask, value;                                   // the fixed bits
    bool (*decode)(u32 word, unsigned index, Op *op);  // false: this row does not match after all
    u64 features[2];                                   // all needed
    u16 first_id;                                      // of its handlers
    u16 handlers;
    const char *diagram;  // bits from 31 down: "0 immlo:2 10000 immhi:19 Rd:5"
} DecodeRow;

extern const DecodeRow decode_rows[];
extern const unsigned decode_row_count;
extern const u16 decode_candidates[];  // row numbers, bucket after bucket
extern const u32 decode_bucket[2049];  // by word<31:21>

// The row that claims word with these features, or NULL (UNDEFINED). op (at index 0..1023 of its
// page) is filled as for op_decode().
const DecodeRow *decode_row(const u64 *features, u32 word, unsigned index, Op *op);
