// What a tree of translation tables maps: ranges of addresses with the same attributes.
#pragma once

#include "debugger/view_walk.h"

#include <signal.h>

typedef struct MapsRequest {
    Space space;
    MmuMode mode;                              // its regime is meant
    unsigned stage;                            // 1 or 2
    u64 lo, hi;                                // input addresses, inclusive
    const volatile sig_atomic_t *interrupted;  // stops when it is set; NULL: nobody interrupts
} MapsRequest;

// Adjacent blocks and pages whose output addresses are adjacent too and which differ in nothing that is shown.
typedef struct MapsRange {
    u64 lo, hi;      // input addresses, inclusive
    u64 out;         // output address of lo
    u8 rwx, el0;     // permissions of the privileged Exception level and of EL0: R 4, W 2, X 1
    u8 attr, sh;     // stage 1: MAIR byte, SH. Stage 2: MemAttr, SH
    u8 least, most;  // log2 of the smallest and largest block or page
    bool ng, no_af, clean, guarded;
    bool too_far;    // the output address is beyond the output size: Address size fault
    bool recursive;  // not mapped by leaves: a table that points back to one above it, not followed
} MapsRange;

typedef struct MapsSummary {
    u64 ranges, bytes, leaves, tables, descriptors;
    u64 reserved,
        unread;  // descriptors of no meaning, and tables where no memory answers (or stage 2 faults)
    u64 stopped_at;  // address; only if `stopped`
    bool off;        // the stage is off: input is output
    bool stopped;    // too many descriptors, or interrupted
} MapsSummary;

// Calls fn for each range in order of addresses (that of TTBR0, then of TTBR1). Reads at most so many descriptors that
// it ends soon whatever the tables are. False: err says what cannot be.
bool view_maps(Cpu *cpu, const MapsRequest *r, void (*fn)(void *arg, const MapsRange *range),
               void *arg, MapsSummary *sum, Error *err);
// Prints at most `lines` ranges (0: all), and a line that counts.
bool view_maps_print(FILE *out, Cpu *cpu, const MapsRequest *r, unsigned lines, Error *err);
