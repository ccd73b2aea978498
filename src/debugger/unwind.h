// Backtraces: by the call frame information of the ELF files, else by frame pointers, and from the hypervisor's
// frames on to those of the guest that it was entered from.
#pragma once

#include "debugger/debugger.h"

// Watches exceptions to EL2: it keeps what registers the guest had.
Unwinder *unwinder_create(Machine *machine);
void unwinder_free(Unwinder *u);

typedef struct UnwindFrame {
    unsigned number;
    Space space;
    int symbols;       // whose symbols (symbols.h)
    u64 pc;            // where it is, or will go on
    u64 code;          // an address in the instruction that it is at: in that of the call
    u64 sp;            // it goes on there with this stack pointer,
    bool sp_is_exact;  // ... or with a higher one
    u64 fp;            // ... and with this frame pointer, if that is known
    bool knows_fp;
    bool is_guest;         // behind the exception
    const char *boundary;  // the first frame of the guest: "HVC64 from vm1 EL1"; else NULL
    const char *ended;  // ... and why the hypervisor's frames ended before their outermost, or ""
} UnwindFrame;

// Calls fn for each frame of the selected CPU until it returns false. Why it ended before the outermost frame: why;
// empty if it did not.
void unwind(Debugger *d, bool (*fn)(void *arg, const UnwindFrame *frame), void *arg, Error *why);
