// What the subcommands that run a machine share.
#pragma once

#include "cli/options.h"
#include "debugger/debugger.h"
#include "trace/trace.h"

// Connects the devices of a new machine to what the options say: serial line, flash, fw_cfg, clock.
bool run_connect(Machine *machine, const RunOptions *o, Error *err);
// --trace and --stats; *out is NULL when the options ask for neither.
bool run_open_trace(Machine *machine, const RunOptions *o, Trace **out, Error *err);
// For a debugger: symbols and source lines of --symbols and of the ELF files that are loaded (names.c). One
// without symbols is no error, unless --symbols names it.
bool run_load_names(Debugger *d, const RunOptions *o, Error *err);
// --lint; *out is NULL when there is none.
bool run_open_lint(Machine *machine, const RunOptions *o, Lint **out, Error *err);
// -M dumpdtb=.
bool run_dump_tree(const Boot *boot, const char *path, Error *err);
// By why the machine stopped (docs/exit-status.md).
int run_exit_status(const Machine *machine);
// What --stats ends with.
void run_print_instructions(const Machine *machine);
