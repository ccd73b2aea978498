// `el2sim run`: builds the machine, loads it, runs it, and says how it ended.
#include "cli/cli.h"
#include "debugger/disasm.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "debugger/gdb_server.h"
#include "cli/verdict.h"
#include "devices/fw_cfg.h"
#include "machine/image.h"
#include "machine/virt.h"
#include "trace/insn.h"
#include "trace/insn_count.h"
#include "trace/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

// The machine that signals and CHECK() reports are about; there is one per process.
static Machine *volatile current;

static void on_signal(int number) {
    if (!current || current->interrupted) {
        terminal_restore();
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    current->interrupted = number;
}

static void dump_current(void) {
    terminal_restore();
    if (current && current->running) cpu_dump(current->running, stderr);
}

static void watch(Machine *machine) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    current = machine;
    struct sigaction action = {.sa_handler = on_signal};
    for (unsigned i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction old;
        sigaction(signals[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
    }
    check_dump_hook = dump_current;
}

// --- setting up ----------------------------------------------------------------------------------

static bool add_fw_cfg(Machine *machine, const FwCfgFile *f, Error *err) {
    FwCfg *cfg = board_fw_cfg(machine);
    if (f->string) return fw_cfg_add_file(cfg, f->name, f->string, strlen(f->string), err);
    HostFile file;
    if (!host_file_read(f->path, 64 << 20, &file, err)) return error_prefix(err, "-fw_cfg");
    bool ok = fw_cfg_add_file(cfg, f->name, file.data, file.n, err);
    host_file_free(&file);
    return ok;
}

bool run_connect(Machine *machine, const RunOptions *o, Error *err) {
    if (!board_set_serial(machine, &o->serial, err)) return false;
    board_set_rtc(machine, o->rtc_epoch);
    for (unsigned i = 0; i < ARRAY_LEN(o->pflash); i++)
        if (o->pflash[i].file &&
            !board_attach_flash(machine, i, o->pflash[i].file, o->pflash[i].readonly, err))
            return error_prefix(err, "-drive if=pflash");
    for (unsigned i = 0; i < o->fw_cfg_count; i++)
        if (!add_fw_cfg(machine, &o->fw_cfg[i], err)) return false;
    machine->insn_limit = o->insn_limit;
    return true;
}

bool run_dump_tree(const Boot *boot, const char *path, Error *err) {
    size_t n;
    const void *tree = boot_device_tree(boot, &n);
    FILE *f = fopen(path, "wb");
    if (!f) return error_set(err, "dumpdtb: cannot open '%s': %s", path, strerror(errno));
    bool ok = fwrite(tree, 1, n, f) == n;
    ok = fclose(f) == 0 && ok;
    return ok || error_set(err, "dumpdtb: cannot write '%s': %s", path, strerror(errno));
}

bool run_open_trace(Machine *machine, const RunOptions *o, Trace **out, Error *err) {
    static const TraceDisassembler disassembler = {disasm_open, disasm_text, disasm_close};
    *out = NULL;
    if (!o->trace_exits && !o->trace_kinds && !o->stats) return true;
    TraceConfig config = {.exits = o->trace_exits,
                          .kinds = o->trace_kinds,
                          .disassembler = &disassembler,
                          .filter = o->trace_filter,
                          .ring = o->trace_on_fail,
                          .path = o->trace_path,
                          .stats = o->stats,
                          .choice = o->stats_choice,
                          .stats_path = o->stats_path,
                          .each_line = !o->trace_path};
    for (unsigned i = 0; i < o->symbol_count; i++)
        config.symbols[config.symbol_count++] =
            (TraceSymbols){o->symbols[i].space, o->symbols[i].path};
    *out = trace_open(machine, &config, err);
    return *out != NULL;
}

static void print_finding(void *arg, const char *line) {
    board_flush(arg);
    fprintf(stderr, "el2sim: %s\n", line);
}

bool run_open_lint(Machine *machine, const RunOptions *o, Lint **out, Error *err) {
    *out = NULL;
    if (!lint_any(&o->lint)) return true;
    LintConfig config = o->lint;
    config.error_status = EXIT_LINT;
    config.report = print_finding;
    config.arg = machine;
    for (unsigned i = 0; i < o->symbol_count; i++)
        config.symbols[config.symbol_count++] =
            (TraceSymbols){o->symbols[i].space, o->symbols[i].path};
    *out = lint_open(machine, &config, err);
    return *out != NULL;
}

// --- ending --------------------------------------------------------------------------------------

// One line and the registers of the CPU concerned, or of all of them.
static void report(const Machine *machine) {
    fprintf(stderr, "el2sim: %s\n", machine->stop_text);
    if (machine->stop == STOP_USER || machine->stop == STOP_CHECK) return;
    for (unsigned i = 0; i < machine->cpus; i++)
        if (!machine->stop_cpu || machine->stop_cpu == machine->cpu[i]) {
            cpu_dump(machine->cpu[i], stderr);
            disasm_around_pc(machine->cpu[i], stderr);
        }
}

int run_exit_status(const Machine *machine) {
    switch (machine->stop) {
    case STOP_POWEROFF:
    case STOP_RESET: return EXIT_GUEST_OFF;
    case STOP_EXIT:
    case STOP_USER: return machine->stop_code;
    case STOP_DEADLOCK: return EXIT_DEADLOCK;
    case STOP_LOCKUP: return EXIT_LOCKUP;
    case STOP_UNIMPLEMENTED: return EXIT_UNIMPLEMENTED;
    case STOP_INSN_LIMIT: return EXIT_INSN_LIMIT;
    case STOP_CHECK: return machine->stop_code;
    case STOP_DEBUG:
    case STOP_NONE: break;
    }
    return EXIT_HOST_ERROR;
}

void run_print_instructions(const Machine *machine) {
    fprintf(stderr, "\ninstructions %llu", (unsigned long long)machine_insns(machine));
    for (unsigned i = 0; i < machine->cpus && machine->cpus > 1; i++)
        fprintf(stderr, "%s cpu%u %llu", i ? "," : ":", i,
                (unsigned long long)machine->cpu[i]->icount);
    fputc('\n', stderr);
}

static bool needs_report(const Machine *machine) {
    return machine->stop != STOP_POWEROFF && machine->stop != STOP_RESET &&
           machine->stop != STOP_EXIT && run_exit_status(machine) != EXIT_GUEST_OFF;
}

// What -gdb needs while the machine runs.
typedef struct Remote {
    GdbServer *server;
    Debugger *debugger;
    bool wait;
} Remote;

static void close_remote(Remote *r) {
    gdb_server_close(r->server);
    debugger_free(r->debugger);
}

static bool open_remote(Machine *machine, const RunOptions *o, Remote *r, Error *err) {
    if (!o->gdb) return true;
    r->debugger = debugger_create(machine);
    if (!run_load_names(r->debugger, o, err)) return false;
    r->wait = o->gdb_wait;
    r->server = gdb_server_open(o->gdb, err);
    return r->server != NULL;
}

// Runs until the machine stops, with gdb where there is one.
static void run_machine_once(Machine *machine, Remote *r) {
    if (!r->server)
        machine_run(machine);
    else if (!gdb_server_run(r->server, r->debugger, r->wait, run_exit_status) && !machine->stop)
        machine_stop(machine, STOP_USER, 0, "the debugger ended it");
    r->wait = false;
}

// Ctrl-A d. The machine is not to know: whoever takes the stop clears it.
static void debug_key(void *arg) {
    Machine *machine = arg;
    machine_stop(machine, STOP_DEBUG, 0, "stopped by Ctrl-A d");
}

// True: *status is what the debugger left with.
static bool run_to_end(Machine *machine, Boot *boot, const RunOptions *o, Remote *remote,
                       int *status) {
    if (!remote->server) board_on_debug_key(machine, debug_key, machine);
    boot_start(machine, boot);
    for (;;) {
        run_machine_once(machine, remote);
        if (machine->stop == STOP_DEBUG) {
            machine->stop = STOP_NONE;
            machine->stop_cpu = NULL;
            *status = debug_attach(machine, boot, o);
            return true;
        }
        if (machine->stop != STOP_RESET || o->no_reboot) return false;
        machine->stop = STOP_NONE;
        machine->stop_cpu = NULL;
        machine_reset(machine);
        boot_start(machine, boot);
    }
}

typedef struct Traces {
    Trace *trace;
    InsnTrace *insn;
    InsnCount *count;
    Lint *lint;
} Traces;

static bool open_traces(Machine *machine, const RunOptions *o, Traces *t, Error *err) {
    if (!run_open_trace(machine, o, &t->trace, err)) return false;
    bool ok = !o->trace_insn || (t->insn = insn_open(machine, o->trace_insn, err));
    ok = ok && (!o->insn_counts || (t->count = insn_count_open(machine, o->insn_counts, err)));
    if (ok && run_open_lint(machine, o, &t->lint, err)) return true;
    insn_count_close(t->count);
    if (t->insn) insn_close(t->insn);
    trace_close(t->trace);
    return false;
}

static bool close_traces(const Traces *t) {
    bool ok = insn_count_close(t->count);
    ok = insn_close(t->insn) && ok;
    return trace_close(t->trace) && ok;
}

static void print_last_lines(const RunOptions *o, Trace *trace) {
    unsigned long long all = trace_lines(trace), n = MIN(all, o->trace_on_fail);
    fprintf(stderr, "el2sim: the last %llu of %llu lines of the trace", n, all);
    if (o->trace_path && strcmp(o->trace_path, "-"))
        fprintf(stderr, " are in '%s'\n", o->trace_path);
    else
        fputs(":\n", stderr);
    trace_write_ring(trace);
}

static void finish_traces(Machine *machine, const RunOptions *o, const Traces *t, int *status) {
    if (o->trace_on_fail && *status != EXIT_GUEST_OFF) print_last_lines(o, t->trace);
    if (!close_traces(t) && *status == EXIT_GUEST_OFF) *status = EXIT_HOST_ERROR;
    if (o->stats) run_print_instructions(machine);
}

// Everything from a machine to its exit status.
static int run_created(Machine *machine, const RunOptions *o, Error *err) {
    Boot *boot = NULL;
    Remote remote = {0};
    Traces traces = {0};
    Verdict *verdict = NULL;
    int status = -1;
    if (run_connect(machine, o, err) && (boot = boot_prepare(machine, &o->boot, err))) {
        if (o->dump_tree) {
            if (run_dump_tree(boot, o->dump_tree, err)) status = EXIT_GUEST_OFF;
        } else if (verdict_open(machine, o, &verdict, err) &&
                   open_remote(machine, o, &remote, err) && open_traces(machine, o, &traces, err)) {
            watch(machine);
            if (o->serial.kind == SERIAL_STDIO) terminal_raw(false);
            bool debugged = run_to_end(machine, boot, o, &remote, &status);
            terminal_restore();
            board_flush(machine);
            if (!debugged) status = run_exit_status(machine);
            if (lint_close(traces.lint) && status == EXIT_GUEST_OFF) status = EXIT_LINT;
            if (!o->trace_on_fail) finish_traces(machine, o, &traces, &status);
            if (!debugged && needs_report(machine)) report(machine);
            if (!debugged) status = verdict_status(verdict, status);
            // What fails is known only now.
            if (o->trace_on_fail) finish_traces(machine, o, &traces, &status);
        }
    }
    current = NULL;
    check_dump_hook = NULL;
    close_remote(&remote);
    verdict_close(verdict);
    boot_free(boot);
    return status;
}

int run_machine(const RunOptions *o) {
    Error err = {""};
    Machine *machine = machine_create(&o->machine, &err);
    if (!machine) return usage_error(&err);
    int status = run_created(machine, o, &err);
    machine_free(machine);
    return status < 0 ? usage_error(&err) : status;
}

int run_main(int argc, char **argv) {
    RunOptions options;
    Error err = {""};
    int status = EXIT_GUEST_OFF;
    switch (options_parse(argc, argv, false, &options, &err)) {
    case OPTIONS_HELP:
        usage_print();
        options_print_help();
        break;
    case OPTIONS_VERSION: printf("el2sim %s\n", EL2SIM_VERSION); break;
    case OPTIONS_ERROR: status = usage_error(&err); break;
    case OPTIONS_RUN: status = run_machine(&options); break;
    }
    options_free(&options);
    return status;
}
