// gdb's formats: "/4xw" and values printed by them.
#pragma once

#include "debugger/debugger.h"

typedef struct Format {
    unsigned count;  // 1 where none was given
    char letter;     // x d u o t a c z i s; 0: not given
    u8 size;         // bytes of a unit; 0: not given
    bool has_count;
} Format;

// Takes "/NFU" off *args, if it is there. letters: those that the command has.
bool format_parse(const char **args, const char *letters, Format *f, Error *err);
// A value of so many bytes; padded: as wide as the largest one.
void format_value(FILE *out, u64 value, char letter, unsigned bytes, bool padded);
