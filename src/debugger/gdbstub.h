// A session of the GDB Remote Serial Protocol, whatever carries its bytes: packets in, replies out, and what the
// machine is to do next. gdb_server.c connects it to a socket; a fuzzer feeds it directly.
//
// All-stop mode; a CPU is a thread (n + 1). Addresses of `m`, `M`, `X`, `Z` are virtual, as the CPU in question sees them at
// its current Exception level; `monitor` gives every command of the console. Left out: non-stop mode,
// tracepoint packets, file transfer.
#pragma once

#include "debugger/debugger.h"

typedef struct GdbStub GdbStub;

// send: takes bytes to the peer.
GdbStub *gdbstub_create(Debugger *d, void (*send)(void *arg, const void *data, size_t n),
                        void *arg);
// Its points are deleted.
void gdbstub_free(GdbStub *s);

typedef enum GdbState {
    GDB_STOPPED,   // the machine stands; more input is needed
    GDB_RUN,       // the machine is to run: gdbstub_request(), then gdbstub_report()
    GDB_STOP,      // while it ran: gdb wants it to stop
    GDB_DETACHED,  // gdb has left; the machine goes on
    GDB_KILLED,    // gdb wants el2sim to end
} GdbState;

// Handles input up to the first packet that changes the state; *used says how far. Call it again with the rest.
GdbState gdbstub_input(GdbStub *s, const void *data, size_t n, size_t *used);
// How the machine is to run, after GDB_RUN.
RunRequest gdbstub_request(const GdbStub *s);
// The machine has stopped: tells gdb. exit_status: of el2sim when ev->why is WHY_MACHINE.
void gdbstub_report(GdbStub *s, const StopEvent *ev, int exit_status);
