// How often each row of the instruction tables is executed (--insn-counts).
#pragma once

#include "base/error.h"
#include "machine/machine.h"

typedef struct InsnCount InsnCount;

// Starts to count on all CPUs of machine. Not together with insn_open() (insn.h), which needs the same place. NULL: the file
// cannot be created.
InsnCount *insn_count_open(Machine *machine, const char *path, Error *err);
// Writes the file: "ROW COUNT" for each row that was executed, in the order of the tables, and "UNDEFINED COUNT" for words
// of no row. False: something could not be written; said on stderr.
bool insn_count_close(InsnCount *c);
