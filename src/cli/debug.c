// `el2sim debug`: the options of `run`, then commands instead of running. The exit status is that of `quit`, else 68
// if a command of a script failed, else what the machine's own end gives.
#include "cli/cli.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "debugger/console.h"
#include "machine/virt.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

// What the hooks of the debugger need.
typedef struct Session {
    Machine *machine;
    Boot *boot;
    const RunOptions *options;
    Debugger *debugger;
    bool raw;       // the guest's serial line has the terminal while it runs
    bool attached;  // to a machine of `el2sim run`, by Ctrl-A d: Ctrl-C is the guest's
} Session;

// Signals and CHECK() are about it; there is one per process.
static Session *volatile current;

// SIGTERM, SIGHUP: while the guest runs it is stopped first, so that what it wrote is not lost.
static void on_signal(int number) {
    if (current && current->debugger->running && !current->machine->interrupted) {
        current->machine->interrupted = number;
        return;
    }
    terminal_restore();
    signal(number, SIG_DFL);
    raise(number);
}

static void dump_current(void) {
    terminal_restore();
    if (current && current->machine->running) cpu_dump(current->machine->running, stderr);
}

static void watch(Session *s) {
    static const int signals[] = {SIGTERM, SIGHUP};
    current = s;
    struct sigaction action = {.sa_handler = on_signal};
    for (unsigned i = 0; i < ARRAY_LEN(signals); i++) sigaction(signals[i], &action, NULL);
    check_dump_hook = dump_current;
}

// --- hooks ---------------------------------------------------------------------------------------

static void before_run(void *arg) {
    Session *s = arg;
    if (s->raw) terminal_raw(!s->attached);
}

static void after_run(void *arg) {
    Session *s = arg;
    StopReason why = s->machine->stop;
    terminal_restore();
    board_flush(s->machine);
    // `run` would end now. What went wrong can still be looked at.
    if (s->attached && (why == STOP_POWEROFF || why == STOP_RESET || why == STOP_EXIT))
        s->debugger->quit = true;
}

static void debug_key(void *arg) {
    Session *s = arg;
    debugger_interrupt(s->debugger);
}

static void reboot(void *arg) {
    Session *s = arg;
    s->machine->stop = STOP_NONE;
    s->machine->stop_cpu = NULL;
    machine_reset(s->machine);
    boot_start(s->machine, s->boot);
}

// --- scripts and commands ------------------------------------------------------------------------

// -x and -ex, in their order. False: one failed; it was printed.
static bool run_scripts(Debugger *d, const RunOptions *o) {
    Error err = {""};
    for (unsigned i = 0; i < o->script_count && !d->quit; i++) {
        const DebugScript *s = &o->scripts[i];
        bool ok = s->is_file ? debugger_source(d, s->text, &err)
                             : debugger_execute(d, s->text, &err) || error_prefix(&err, "-ex");
        fflush(d->out);
        if (ok && d->interrupted) ok = error_set(&err, "interrupted");
        if (ok) continue;
        fprintf(stderr, "el2sim: %s\n", err.text);
        return false;
    }
    return true;
}

static int run_console(Session *s) {
    Debugger *d = s->debugger;
    console_open(d);
    // A script that failed leaves a person at the prompt, and a program nowhere.
    bool ok = run_scripts(d, s->options);
    bool go_on = !s->options->batch && (ok || d->interactive);
    if (go_on && !d->quit) ok = console_read(d) && ok;
    bool interactive = d->interactive;
    console_close(d);
    if (d->has_status) return d->status;
    if (d->interrupted && !(interactive && go_on)) return 128 + SIGINT;
    if (!ok && !(interactive && go_on)) return EXIT_COMMAND;
    return s->machine->stop ? run_exit_status(s->machine) : EXIT_GUEST_OFF;
}

static Debugger *open_session(Session *s) {
    Debugger *d = s->debugger = debugger_create(s->machine);
    d->hooks = (DebuggerHooks){s, before_run, after_run, s->options->no_reboot ? NULL : reboot};
    board_on_debug_key(s->machine, debug_key, s);
    watch(s);
    return d;
}

static void close_session(Session *s) {
    board_on_debug_key(s->machine, NULL, NULL);
    board_flush(s->machine);
    current = NULL;
    check_dump_hook = NULL;
    debugger_free(s->debugger);
}

static int debug_booted(Session *s, Error *err) {
    const RunOptions *o = s->options;
    int status = -1;
    Trace *trace = NULL;
    Debugger *d = open_session(s);
    Lint *lint = NULL;
    if (run_load_names(d, o, err) && run_open_lint(s->machine, o, &lint, err) &&
        run_open_trace(s->machine, o, &trace, err)) {
        boot_start(s->machine, s->boot);
        status = run_console(s);
        if (trace && !trace_close(trace) && status == EXIT_GUEST_OFF) status = EXIT_HOST_ERROR;
        if (o->stats) run_print_instructions(s->machine);
    }
    if (lint_close(lint) && status == EXIT_GUEST_OFF) status = EXIT_LINT;
    close_session(s);
    return status;
}

int debug_attach(Machine *machine, Boot *boot, const RunOptions *o) {
    Session s = {.machine = machine, .boot = boot, .options = o, .raw = true, .attached = true};
    Error err = {""};
    terminal_restore();
    board_flush(machine);
    Debugger *d = open_session(&s);
    if (!run_load_names(d, o, &err)) fprintf(stderr, "el2sim: %s\n", err.text);
    printf("\nThe machine stands: continue goes on, quit ends it, help lists the commands.\n");
    int status = run_console(&s);
    close_session(&s);
    return status;
}

static int debug_machine(const RunOptions *options, Error *err) {
    RunOptions o = *options;
    // Commands and the guest's input do not share a pipe.
    o.serial.no_input = o.serial.kind == SERIAL_STDIO && !o.batch && !isatty(STDIN_FILENO);
    Session s = {.options = &o, .raw = o.serial.kind == SERIAL_STDIO && !o.serial.no_input};
    s.machine = machine_create(&o.machine, err);
    if (!s.machine) return -1;
    int status = -1;
    if (run_connect(s.machine, &o, err) && (s.boot = boot_prepare(s.machine, &o.boot, err))) {
        if (!o.dump_tree)
            status = debug_booted(&s, err);
        else if (run_dump_tree(s.boot, o.dump_tree, err))
            status = EXIT_GUEST_OFF;
    }
    boot_free(s.boot);
    machine_free(s.machine);
    return status;
}

int debug_main(int argc, char **argv) {
    RunOptions options;
    Error err = {""};
    int status = EXIT_GUEST_OFF;
    switch (options_parse(argc, argv, true, &options, &err)) {
    case OPTIONS_HELP:
        usage_print();
        options_print_help();
        break;
    case OPTIONS_VERSION: printf("el2sim %s\n", EL2SIM_VERSION); break;
    case OPTIONS_ERROR: status = -1; break;
    case OPTIONS_RUN: status = debug_machine(&options, &err); break;
    }
    options_free(&options);
    return status < 0 ? usage_error(&err) : status;
}
