// `el2sim debug`: the options of `run`, then commands instead of running.
#include "cli/cli.h"
#include "cli/run.h"
#include "debugger/debugger.h"

#include <stdio.h>
#include <stdlib.h>

// Commands from a file or standard input; an error is printed and, in a script, ends it.
static int read_commands(Debugger *d, FILE *in, Error *err) {
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    while (!d->quit && (n = getline(&line, &size, in)) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (!debugger_execute(d, line, err)) fprintf(stderr, "%s\n", err->text);
    }
    free(line);
    return d->status;
}

static int debug_machine(const RunOptions *o, Error *err) {
    Machine *machine = machine_create(&o->machine, err);
    if (!machine) return -1;
    Boot *boot = NULL;
    int status = -1;
    if (run_connect(machine, o, err) && (boot = boot_prepare(machine, &o->boot, err))) {
        boot_start(machine, boot);
        Debugger *d = debugger_create(machine);
        status = read_commands(d, stdin, err);
        debugger_free(d);
    }
    boot_free(boot);
    machine_free(machine);
    return status;
}

int debug_main(int argc, char **argv) {
    RunOptions options;
    Error err = {""};
    int status = EXIT_GUEST_OFF;
    switch (options_parse(argc, argv, &options, &err)) {
    case OPTIONS_HELP: options_print_help(); break;
    case OPTIONS_VERSION: printf("el2sim %s\n", EL2SIM_VERSION); break;
    case OPTIONS_ERROR: status = -1; break;
    case OPTIONS_RUN: status = debug_machine(&options, &err); break;
    }
    options_free(&options);
    return status < 0 ? usage_error(&err) : status;
}
