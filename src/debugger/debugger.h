// The debugger: a machine under run control, what is selected, and the commands. The console (console.c), scripts
// and gdb's `monitor` are three ways to give it commands.
#pragma once

#include "debugger/control.h"

#include <signal.h>
#include <stdio.h>

typedef struct Sources Sources;  // source.h: lines and frames from DWARF

typedef struct Unwinder Unwinder;  // unwind.h: backtraces

typedef struct Debugger Debugger;

// What a debugger asks of whoever set the machine up. Members may be NULL.
typedef struct DebuggerHooks {
    void *arg;
    void (*before_run)(void *arg);  // the guest is about to run: the terminal is its own
    void (*after_run)(void *arg);   // it stands, nothing is printed yet
    void (*reboot)(void *arg);      // resets the machine and loads its images again
} DebuggerHooks;

typedef enum ColourSetting { COLOUR_AUTO, COLOUR_OFF, COLOUR_ON } ColourSetting;

// What `set` changes and `show` shows. The console makes Debugger.colour, width and height of them.
typedef struct DebuggerSettings {
    ColourSetting colour;
    bool pagination;    // stops after each screenful, on a terminal
    bool confirm;       // asks before what cannot be undone, on a terminal
    bool layout;        // the one-screen view at each stop
    int width, height;  // -1: as the terminal has it
} DebuggerSettings;

// What `x` showed last: it goes on from there.
typedef struct Examine {
    Space space;
    u64 next;
    bool has_next;
    char format;  // 0: nothing was shown yet
    u8 size;
} Examine;

struct Debugger {
    Machine *machine;
    Control *control;
    Symbols *symbols;
    Cpu *cpu;               // selected
    FILE *out;              // where commands print
    bool colour;            // out understands ANSI colours
    unsigned width;         // of out, in columns
    unsigned height;        // of the terminal in lines, 0: no paging
    bool quit;              // a command asked to leave
    bool has_status;        // ... and named the exit status
    int status;             // ... this one
    bool interactive;       // a person types the commands (questions may be asked)
    bool running;           // the guest runs
    StopEvent last;         // why it stands where it stands
    unsigned source_depth;  // scripts that run scripts
    volatile sig_atomic_t
        interrupted;  // Ctrl-C since the last prompt: ends scripts and long output
    DebuggerSettings settings;
    DebuggerHooks hooks;
    struct Vms *vms;        // vms.h
    struct Layout *layout;  // layout.c
    Examine examine;
    Sources *sources;
    Unwinder *unwinder;
    const char *list_file;  // `list` goes on there
    unsigned list_line;
    struct Trace *stats;  // counts exits since the debugger was attached (trace.h)
};

Debugger *debugger_create(Machine *machine);
void debugger_free(Debugger *d);
// Executes one line ("help", "b el2:panic if x0 != 0"). False: err has the message.
bool debugger_execute(Debugger *d, const char *line, Error *err);
// Executes the lines of a script. The first one that fails ends it: err then starts with "PATH:LINE: ". An empty
// line or one that starts with '#' does nothing.
bool debugger_source(Debugger *d, const char *path, Error *err);
// Runs (control_run, between debugger_before_run and debugger_after_run), keeps the event in `last` and prints where
// and why it stopped.
void debugger_resume(Debugger *d, const RunRequest *r);
// The two halves of it, for commands that run several times before they have arrived.
void debugger_run(Debugger *d, const RunRequest *r);
void debugger_report(Debugger *d);
// From a signal handler: stops the guest, or the script and the output of a command.
void debugger_interrupt(Debugger *d);
// What surrounds every run: output is flushed, the terminal changes hands (hooks).
void debugger_before_run(Debugger *d);
void debugger_after_run(Debugger *d);

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

// What an empty line does after a command, at the prompt.
typedef enum Repeat {
    REPEAT_NOT,
    REPEAT_SAME,  // executes it again ("step 3")
    REPEAT_BARE,  // executes it without arguments, which goes on ("x", "list")
} Repeat;

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
    Repeat repeat;  // REPEAT_NOT where it is left out
} Command;

// The table, by groups; ends with a name of NULL.
extern const Command command_table[];
// The command that line starts with and where its arguments are (args may be NULL). NULL: none, or ambiguous; err
// says so and lists what it could be.
const Command *command_find(const char *line, const char **args, Error *err);
// How many of the words of `text` (up to its end; separated by blanks) are words or prefixes of words of `name`, in order, if
// all of them are; else 0.
unsigned command_matches(const char *text, const char *name);

// --- for commands -----------------------------------------------------------------------------------------

// An expression out of args.
bool debugger_value(Debugger *d, const char **args, ExprValue *out, Error *err);
// "0x40080000 <start+0x10>" of an address in a space.
const char *debugger_place(Debugger *d, Space space, u64 address, char *buf, size_t n);
