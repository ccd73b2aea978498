// -gdb: a socket on which gdb or lldb debugs the machine.
#pragma once

#include "debugger/debugger.h"

typedef struct GdbServer GdbServer;

// "tcp::PORT" (this host only), "tcp:HOST:PORT", "unix:PATH". Listens at once. NULL: err.
GdbServer *gdb_server_open(const char *spec, Error *err);
void gdb_server_close(GdbServer *s);
// Runs the machine for whoever connects, until it stops for good (machine->stop). wait: not before a debugger has
// connected and said so (-S). exit_status: what el2sim will end with, for the debugger. False: gdb asked to
// kill it.
bool gdb_server_run(GdbServer *s, Debugger *d, bool wait,
                    int (*exit_status)(const Machine *machine));
