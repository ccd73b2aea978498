// The exit trace: one line for each exception taken to EL2 and each return, and a table of what
// they were and cost (docs/trace.md). It listens to cpu/observer.h; without a trace nothing is
// called.
#pragma once

#include "base/error.h"
#include "machine/machine.h"

typedef struct Trace Trace;

enum { TRACE_SYMBOLS_MAX = 16 };

// A file of names: an ELF file or System.map.
typedef struct TraceSymbols {
    const char *space;  // whose addresses they are (symbols.h): "", "el2", "vm1"
    const char *path;
} TraceSymbols;

typedef struct TraceConfig {
    bool exits;        // a line per exit and return
    bool stats;        // the table, when the trace is closed
    const char *path;  // where the lines go; NULL or "-": to fd
    int fd;            // 0: standard error, so that the serial console stays clean
    bool each_line;    // write every line at once: it appears in order with the console
    bool colour;       // ANSI colours
    TraceSymbols symbols[TRACE_SYMBOLS_MAX];
    unsigned symbol_count;
} TraceConfig;

// Starts to watch all CPUs of machine. NULL: a file cannot be read or created, err says which.
Trace *trace_open(Machine *machine, const TraceConfig *config, Error *err);
// Writes what is left and, when asked for, the table (to fd, lines of a file do not mix with it),
// and stops watching. False: lines were lost because the file could not be written; said on stderr.
bool trace_close(Trace *trace);
// Exceptions to EL2 seen so far, and returns from EL2.
u64 trace_exits(const Trace *trace);
u64 trace_returns(const Trace *trace);
