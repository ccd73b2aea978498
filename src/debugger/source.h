// Source lines and call frame information out of the DWARF of ELF files. A set of files, each for one space of
// addresses, as for symbols (symbols.h).
#pragma once

#include "debugger/debugger.h"

struct Dwarf_Frame_s;

typedef struct SourceLine {
    const char
        *file;  // as the compiler was given it, with its directory; lives as long as the Sources
    unsigned line;
    u64 lo, hi;  // the instructions of this line around the address
} SourceLine;

Sources *sources_create(void);
void sources_free(Sources *s);
// A file without DWARF is no error: nothing is known of it then. It is read when something is asked.
bool sources_add(Sources *s, int space, const char *path, Error *err);
// The line of the instruction at an address, as code in `space` sees it: files of the space itself, then those of
// SPACE_ANY.
bool sources_line(Sources *s, int space, u64 address, SourceLine *out);
// The first instruction of a line, or of the next line that has any. `file`: the end of its path ("main.c"). space:
// NULL, or where to look; *found: the space of the file.
bool sources_address(Sources *s, const int *space, const char *file, unsigned line, int *found,
                     u64 *address, Error *err);
// How the frame of the function at an address is unwound; the caller frees it. NULL: not known.
struct Dwarf_Frame_s *sources_frame(Sources *s, int space, u64 address);
// The text of a line, without blanks at its start. False: its file cannot be read, or is shorter.
bool source_text(const SourceLine *line, char *buf, size_t n);
// The last part of a path.
const char *source_name(const char *path);

// "[el2:]FILE:LINE" or an expression, for commands that take a location.
bool debugger_location(Debugger *d, const char **args, ExprValue *out, Error *err);
