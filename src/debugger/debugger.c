// What the console, scripts and gdb's `monitor` share: a machine under run control and what is
// selected.
#include "debugger/debugger.h"

#include <stdlib.h>

Debugger *debugger_create(Machine *machine) {
    Debugger *d = calloc(1, sizeof *d);
    CHECK(d);
    d->machine = machine;
    d->cpu = machine->cpu[0];
    d->symbols = symbols_create();
    d->out = stdout;
    d->width = 80;
    return d;
}

void debugger_free(Debugger *d) {
    if (!d) return;
    symbols_free(d->symbols);
    free(d);
}
