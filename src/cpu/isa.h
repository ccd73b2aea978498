// The instruction tables as tools show them: what a row says in words, and why a word is not the row's.
// The decoder itself (decode.h) uses none of this. docs/instruction-tables.md has the format.
#pragma once

#include "cpu/decode.h"

typedef struct IsaField {
    const char *name;
    u8 lo, width;
    u64 values;  // bit per value that the row's list has; 0: no list, any value
} IsaField;

// Beside decode_rows[], in the same order.
typedef struct IsaRow {
    const char *table;     // "base": the row is in src/cpu/base.isa
    const char *kind;      // "mem", "branch", ... or empty
    const char *operands;  // as the table has them
    const char *where;     // the condition as the table has it, or empty
    bool (*holds)(u32 word);
    const IsaField *field;
    u8 fields;
    bool fp;         // its access is checked as that of SIMD&FP registers
    bool two_forms;  // a vector and a scalar form: s = 1 with Q = 0 is neither
    u32 deciding;    // the bits, besides the fixed ones, that say whether a word is the row's
} IsaRow;

extern const IsaRow isa_rows[];

typedef enum IsaVerdict {
    ISA_MATCHES,
    ISA_FIXED_BITS,  // the word is another one's
    ISA_FORM,        // s = 1, Q = 0
    ISA_WHERE,       // the condition is false
    ISA_VALUES,      // a field has a value that is not in its list
    ISA_UNDEF,       // the row says UNDEFINED
} IsaVerdict;

// Is a word of row number `row`, whatever the features? The field of ISA_VALUES in *field, if not NULL.
IsaVerdict isa_check(unsigned row, u32 word, const IsaField **field);

// A feature that the row needs and that is not among `features`; NULL: all are there.
const char *isa_missing_feature(unsigned row, const u64 *features);
// The features that the row needs: "FEAT_FCMA FEAT_FP16", or an empty text.
void isa_feature_text(unsigned row, char *buf, size_t n);

// True if the rows may share words: one's fixed bits are the other's and more.
bool isa_special_case(unsigned special, unsigned general);
