// What the console, scripts and gdb's `monitor` share: a machine under run control and what is
// selected.
#include "debugger/debugger.h"
#include "debugger/layout.h"
#include "debugger/vms.h"
#include "debugger/source.h"
#include "debugger/unwind.h"
#include "trace/trace.h"

#include <stdlib.h>

Debugger *debugger_create(Machine *machine) {
    Debugger *d = calloc(1, sizeof *d);
    CHECK(d);
    d->machine = machine;
    d->cpu = machine->cpu[0];
    d->symbols = symbols_create();
    d->layout = layout_create(machine);
    d->vms = vms_create(machine);
    d->control = control_create(machine, d->symbols);
    d->sources = sources_create();
    d->unwinder = unwinder_create(machine);
    d->stats =
        trace_open(machine, &(TraceConfig){.by_all = true, .shared_symbols = d->symbols}, NULL);
    CHECK(d->stats);
    d->out = stdout;
    d->width = 80;
    d->settings =
        (DebuggerSettings){.pagination = true, .confirm = true, .width = -1, .height = -1};
    return d;
}

void debugger_free(Debugger *d) {
    if (!d) return;
    trace_close(d->stats);
    layout_free(d->layout);
    control_free(d->control);
    vms_free(d->vms);
    unwinder_free(d->unwinder);
    sources_free(d->sources);
    symbols_free(d->symbols);
    free(d);
}

void debugger_before_run(Debugger *d) {
    fflush(d->out);
    d->running = true;
    if (d->interrupted) control_interrupt(d->control);  // since the command was typed
    if (d->hooks.before_run) d->hooks.before_run(d->hooks.arg);
}

void debugger_after_run(Debugger *d) {
    if (d->hooks.after_run) d->hooks.after_run(d->hooks.arg);
    d->running = false;
    // Ctrl-A x and signals are for el2sim, not for the guest.
    if (d->machine->stop == STOP_USER) d->quit = true;
}

void debugger_interrupt(Debugger *d) {
    d->interrupted = 1;
    if (d->running) control_interrupt(d->control);
}
