// The command line: QEMU's option names, one dash or two.
#pragma once

#include "base/error.h"
#include "devices/serial.h"
#include "machine/loader.h"
#include "machine/machine.h"
#include "trace/lint.h"
#include "trace/trace.h"

enum { SYMBOL_FILES_MAX = 16, DEBUG_SCRIPTS_MAX = 64, PATTERNS_MAX = 64 };

typedef struct Pflash {
    const char *file;  // NULL: none
    bool readonly;
} Pflash;

// A [SPACE:]FILE of --symbols.
typedef struct SymbolFile {
    char space[16];  // "" = any, "el2", "vm1"...
    const char *path;
} SymbolFile;

// A file of commands (-x), or one command (-ex).
typedef struct DebugScript {
    bool is_file;
    const char *text;
} DebugScript;

typedef struct FwCfgFile {
    const char *name, *path, *string;  // path or string
} FwCfgFile;

// Regular expressions for lines of the guest's console (--expect, --fail).
typedef struct Patterns {
    const char *text[PATTERNS_MAX];
    unsigned count;
} Patterns;

typedef struct RunOptions {
    MachineConfig machine;
    BootOptions boot;
    SerialConfig serial;
    Pflash pflash[2];
    FwCfgFile fw_cfg[16];
    unsigned fw_cfg_count;
    const char *dump_tree;  // -M dumpdtb=FILE
    bool no_reboot;
    i64 rtc_epoch;  // seconds since 1970 at start
    bool trace_exits;
    unsigned trace_kinds;      // TraceKind
    const char *trace_path;    // NULL: stdout's companion, stderr
    const char *trace_insn;    // NULL: none
    const char *insn_counts;   // NULL: none
    const char *trace_filter;  // NULL: every line
    SymbolFile symbols[SYMBOL_FILES_MAX];
    unsigned symbol_count;
    u64 trace_on_fail;  // lines; 0: every line is written
    bool stats;
    StatChoice stats_choice;  // no dimension: the plain table
    const char *stats_path;   // NULL: stderr
    bool debug;               // of `el2sim debug`
    DebugScript scripts[DEBUG_SCRIPTS_MAX];
    unsigned script_count;
    bool batch;
    const char *gdb;  // -gdb: where to listen; NULL: no debugger
    bool gdb_wait;    // -S
    u64 insn_limit;   // 0 = none
    Patterns expect, fail;
    const char *junit;  // NULL: no report
    LintConfig lint;
    // Copies of option values that were taken apart; freed by options_free().
    char *owned[256];
    unsigned owned_count;
} RunOptions;

typedef enum OptionsResult {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_ERROR
} OptionsResult;

// Parses argv[1..]. debug: the options of `el2sim debug` are known, too. OPTIONS_ERROR: err has the line to print.
OptionsResult options_parse(int argc, char **argv, bool debug, RunOptions *out, Error *err);
void options_free(RunOptions *options);
void options_print_help(void);
