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

// The subcommands; argv[0] is the name of each, for run also that of the program. What --help prints of those that have other
// options than run: a sentence and the options.
int run_main(int argc, char **argv);
int debug_main(int argc, char **argv);
int trace_main(int argc, char **argv);
extern const char trace_help[];
int demo_main(int argc, char **argv);
extern const char demo_help[];
int explain_main(int argc, char **argv);
extern const char explain_help[];
int decode_main(int argc, char **argv);
extern const char decode_help[];
int isa_main(int argc, char **argv);
extern const char isa_help[];
int exec_main(int argc, char **argv);
extern const char exec_help[];

// Ctrl-A d: opens the console on a machine that stands between two instructions. Returns the exit status when the user has
// left or the machine has ended.
int debug_attach(struct Machine *machine, Boot *boot, const RunOptions *o);
// Creates the machine that the options describe and runs it to its end; returns the exit status.
int run_machine(const RunOptions *options);
// The lines of --help that name the subcommands.
void usage_print(void);
// Prints "el2sim: <text>" on stderr and returns EXIT_USAGE.
int usage_error(const Error *err);
