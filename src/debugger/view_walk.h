// One translation as the machine does it, with every step and the reason of a failure. The walk is that of src/mmu.
#pragma once

#include "debugger/pte.h"
#include "debugger/space.h"
#include "mmu/walk.h"

#include <stdio.h>

enum { VIEW_STEPS = 48 };

typedef struct ViewWalk {
    // What was asked for.
    Space space;
    u64 address;
    AccessType type;  // ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH
    MmuMode mode;
    bool ipa;  // the address is an IPA: stage 2 alone
    // The registers and controls that were used.
    struct SysRegs sys;
    Regime regime;
    u16 vmid, asid;
    PteContext pte[2];  // of each stage; the level is set for each step
    // The outcome. Failed: the exception it would be, from the Exception level of the mode.
    bool ok;
    Translation t;
    WalkStep step[VIEW_STEPS];
    Fault fault;
    int target_el;
    Exception exception;
    u64 esr;
    const char *region;  // what is at the physical address; NULL: nothing
    bool memory;         // ... plain memory
    char fix[240];       // what would make the access succeed
} ViewWalk;

// A CPU as it would be in another context: a copy of the registers that translation asks for. Nothing that is done with it
// reaches the guest. Free with free().
Cpu *view_cpu(const Cpu *cpu, Space space, Error *err);
// The mode in which an access of Exception level el (0..2) would be made now.
MmuMode view_mode(const Cpu *cpu, unsigned el);
// Of the current mode for AS_CURRENT; el: -1, or the Exception level that accesses. False: err says what is not possible.
bool view_walk(Cpu *cpu, Space space, u64 address, AccessType type, int el, ViewWalk *out,
               Error *err);
// full: the stage 2 walks of stage 1's descriptors, and all fields.
void view_walk_print(FILE *out, const ViewWalk *w, bool full, unsigned width);
// Context of descriptors of a stage of a regime, for pte_decode().
PteContext view_pte_context(const Cpu *cpu, const Regime *r, unsigned stage, bool upper, int level);
// "Translation fault, level 3, stage 2".
int view_fault_text(const Fault *f, char *buf, size_t n);
// "EL1&0", "EL2&0", "EL2".
const char *view_regime_name(RegimeId id);
