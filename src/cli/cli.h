// The subcommands and what they share.
#pragma once

#include "cli/options.h"

// Exit statuses (docs/exit-status.md). A guest's own status from semihosting comes through
// unchanged.
enum {
    EXIT_GUEST_OFF = 0,
    EXIT_HOST_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_DEADLOCK = 64,
    EXIT_LOCKUP = 65,
    EXIT_UNIMPLEMENTED = 66,
    EXIT_INSN_LIMIT = 67,
    EXIT_COMMAND = 68,
    EXIT_EXPECT = 69,
    EXIT_FAIL = 70,
    EXIT_LINT = 71,
};

int run_main(int argc, char **argv);    // argv[0] is "run" or the program's name
int debug_main(int argc, char **argv);  // argv[0] is "debug"
// Ctrl-A d: opens the console on a machine that stands between two instructions. Returns the exit status when the user has
// left or the machine has ended.
int debug_attach(struct Machine *machine, Boot *boot, const RunOptions *o);
int trace_main(int argc, char **argv);    // argv[0] is "trace"
int demo_main(int argc, char **argv);     // argv[0] is "demo"
int explain_main(int argc, char **argv);  // argv[0] is "explain"
int decode_main(int argc, char **argv);   // argv[0] is "decode"
int isa_main(int argc, char **argv);      // argv[0] is "isa"
int exec_main(int argc, char **argv);     // argv[0] is "exec"

// Creates the machine that the options describe and runs it to its end; returns the exit status.
int run_machine(const RunOptions *options);
// Prints "el2sim: <text>" on stderr and returns EXIT_USAGE.
int usage_error(const Error *err);
