// The trace: one line for each exception taken to EL2 and each return, and for other kinds of events, and a
// table of what the exits were and cost (docs/trace.md). It listens to cpu/observer.h; without a trace nothing is
// called.
#pragma once

#include "base/error.h"
#include "debugger/symbols.h"
#include "machine/machine.h"

#include <stdio.h>

typedef struct Trace Trace;

enum { TRACE_SYMBOLS_MAX = 16 };

// By what exits can be counted, and how the counts are printed.
typedef enum StatDimension {
    STAT_VM,         // "vm1", "el2", ... (docs/trace.md, Whose code)
    STAT_VCPU,       // affinity of the vCPU: MPIDR_EL1 as the VM reads it
    STAT_CLASS,      // exception class
    STAT_DETAIL,     // register, call, interrupt, page, ...
    STAT_FUNCTION,   // symbol that the instruction which exited is in
    STAT_IPA,        // page of the IPA
    STAT_HYPERCALL,  // call of HVC and SMC
    STAT_DIMENSIONS
} StatDimension;
typedef enum StatFormat { STAT_TABLE, STAT_JSON, STAT_CSV } StatFormat;
typedef struct StatChoice {
    StatDimension by[STAT_DIMENSIONS];
    unsigned count;
    StatFormat format;
} StatChoice;

// Adds the dimensions of a comma-separated list to the choice, each once.
bool stat_choice_by(StatChoice *choice, const char *list, Error *err);
// "table", "json", "csv".
bool stat_choice_format(StatChoice *choice, const char *name, size_t n);

// A file of names: an ELF file or System.map.
typedef struct TraceSymbols {
    const char *space;  // whose addresses they are (symbols.h): "", "el2", "vm1"
    const char *path;
} TraceSymbols;

// What has lines besides exits and returns.
typedef enum TraceKind {
    TRACE_MMIO = 1,       // accesses to devices
    TRACE_HYPERCALL = 2,  // HVC and SMC: calls and results
    TRACE_TLB = 4,        // TLB maintenance
    TRACE_IRQ = 8,        // what the interrupt controller does
    TRACE_SYSREG = 16,    // MSR and MRS
    TRACE_WALK = 32,      // walks of translation tables
    TRACE_INSN = 64,      // instructions, as text
} TraceKind;
// "mmio": 0 if there is none of the name (of n bytes).
unsigned trace_kind(const char *name, size_t n);

// The functions of debugger/disasm.h, which is no part of the library.
struct Disassembler;
typedef struct TraceDisassembler {
    struct Disassembler *(*open)(const Machine *machine, const Symbols *symbols);
    void (*text)(struct Disassembler *d, int symbol_space, u64 address, u32 word, char *buf,
                 size_t n);
    void (*close)(struct Disassembler *d);
} TraceDisassembler;

typedef struct TraceConfig {
    bool exits;          // a line per exit and return
    unsigned kinds;      // TraceKind
    const char *filter;  // which lines (--trace-filter); NULL: all
    u64 ring;  // lines are kept, the last so many, until trace_write_ring(); 0: they are written
    const TraceDisassembler *disassembler;  // for TRACE_INSN; NULL: words alone
    bool stats;                             // the table, when the trace is closed
    // Exits are counted by all dimensions, for trace_print_stats(). With `stats` they are printed so when the
    // trace is closed, to stats_path (NULL: fd), unless choice.count is 0.
    bool by_all;
    StatChoice choice;
    const char *stats_path;
    const Symbols *shared_symbols;  // used instead of `symbols`
    const char *path;               // where the lines go; NULL or "-": to fd
    int fd;                         // 0: standard error, so that the serial console stays clean
    bool each_line;  // write every line at once: it appears in order with the console
    bool colour;     // ANSI colours
    TraceSymbols symbols[TRACE_SYMBOLS_MAX];
    unsigned symbol_count;
} TraceConfig;

// Starts to watch all CPUs of machine. NULL: a file cannot be read or created, err says which.
Trace *trace_open(Machine *machine, const TraceConfig *config, Error *err);
// Writes what is left and, when asked for, the table (to fd, lines of a file do not mix with it),
// and stops watching. False: lines were lost because the file could not be written; said on stderr.
bool trace_close(Trace *trace);
// With TraceConfig.ring: writes the lines that are kept. Without this call they are never written.
void trace_write_ring(Trace *trace);
// Lines that there were so far.
u64 trace_lines(const Trace *trace);
// Exceptions to EL2 seen so far, and returns from EL2.
u64 trace_exits(const Trace *trace);
u64 trace_returns(const Trace *trace);
// With by_all: the counts since the trace was opened or reset, by the chosen dimensions.
void trace_print_stats(const Trace *trace, const StatChoice *choice, FILE *out);
void trace_reset_stats(Trace *trace);
