// What the fields of system registers mean: the rows that tablegen_meanings writes from meanings.def.
#pragma once

#include "base/base.h"

typedef struct MeaningValue {
    u64 value;
    const char *text;
} MeaningValue;

typedef struct MeaningField {
    const char *name;  // "TVM"; "RES0", "RES1" in formats that are not the table's
    u8 hi, lo;
    const char *
        text;  // of a bit without values: what 1 does; may hold {addr}, {dec}, {bits}; NULL: only values
    u16 first_value, values;
    const char *
        otherwise;  // of the values without a row; NULL: nothing is said, "reserved": that they are
} MeaningField;

typedef enum MeaningWhen {
    MEANING_ALWAYS,  // the fields of sysregs.reg
    MEANING_E2H,     // another format, with this value of HCR_EL2.E2H
    MEANING_BIT,     // another format, with this value of a bit of the register
} MeaningWhen;

typedef struct MeaningFormat {
    const char *reg;
    MeaningWhen when;
    u8 bit, is;
    u16 first_field, fields;
} MeaningFormat;

extern const MeaningFormat meaning_formats[];  // ends with reg NULL
extern const MeaningField meaning_fields[];
extern const MeaningValue meaning_values[];
