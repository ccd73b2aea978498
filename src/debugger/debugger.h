// The debugger: a machine under run control, what is selected, and the commands. The console (console.c), scripts
// and gdb's `monitor` are three ways to give it commands.
#pragma once

#include "debugger/control.h"

#include <stdio.h>

typedef struct Sources Sources;  // source.h: lines and frames from DWARF

typedef struct Debugger {
    Machine *machine;
    Control *control;
    Symbols *symbols;
    Cpu *cpu;         // selected
    FILE *out;        // where commands print
    bool colour;      // out understands ANSI colours
    unsigned width;   // of out, in columns
    unsigned height;  // of the terminal in lines, 0: no paging
    bool quit;        // a command asked to leave
    int status;       // ... with this exit status
    StopEvent last;   // why it stands where it stands
} Debugger;

Debugger *debugger_create(Machine *machine);
void debugger_free(Debugger *d);
// Executes one line ("help", "b el2:panic if x0 != 0"). False: err has the message.
bool debugger_execute(Debugger *d, const char *line, Error *err);
// Runs (control_run) and prints where and why it stopped.
void debugger_resume(Debugger *d, const RunRequest *r);

// --- commands (commands.c) ------------------------------------------------------------------------------

// What an argument is, for completion.
typedef enum ArgKind {
    ARG_NONE,
    ARG_COMMAND,
    ARG_REGISTER,    // registers and fields
    ARG_EXPRESSION,  // registers, fields and symbols
    ARG_LOCATION,    // symbols
    ARG_FILE,
    ARG_POINT,  // numbers of points
    ARG_WORDS,  // one of Command.words
} ArgKind;

typedef struct Command {
    const char *name;      // "info registers": one or two words
    const char *shortest;  // shortest form: "i r"; every longer prefix of the words works, too
    const char *group;     // heading in `help`
    const char *args;      // "[/FMT] ADDRESS"
    const char *summary;   // one line
    const char *help;      // the rest, with examples; may be NULL
    ArgKind arg;
    const char *words;  // ARG_WORDS: "on off"
    bool (*run)(Debugger *d, const char *args, Error *err);
} Command;

// The table; ends with a name of NULL.
extern const Command command_table[];
// The command that line starts with and where its arguments are. NULL: none, or ambiguous; err says so.
const Command *command_find(const char *line, const char **args, Error *err);

// --- for commands -----------------------------------------------------------------------------------------

// An expression out of args.
bool debugger_value(Debugger *d, const char **args, ExprValue *out, Error *err);
// "0x40080000 <start+0x10>" of an address in a space.
const char *debugger_place(Debugger *d, Space space, u64 address, char *buf, size_t n);
