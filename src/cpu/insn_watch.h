// Sees instructions before and after they are executed, in chains and alone, without a test in the handlers: while
// somebody watches, chains run with a table (op.h) whose entries for the watched instructions execute one
// of them and go on. The run is the same as without.
#pragma once

#include "cpu/op.h"

typedef struct InsnWatch {
    // cpu->pc and cpu->icount are exact. op: decoded; it lives until `before` returns.
    void (*before)(void *arg, Cpu *cpu, const Op *op);
    // cpu->pc is exact only if the instruction ended its chain. Not called when a fault in the middle of a load or store left
    // the instruction; called when it took an exception otherwise (cpu->exceptions tells).
    void (*after)(void *arg, Cpu *cpu);
    void *arg;
    bool all;             // every instruction; else MSR and MRS
    struct Table *table;  // kept by insn_watch_start()
} InsnWatch;

// One at a time: starts to watch all CPUs; w must live until insn_watch_stop(), which must come after the end of
// others that have replaced Cpu.table since (trace/insn.c).
void insn_watch_start(Machine *machine, InsnWatch *w);
void insn_watch_stop(Machine *machine, InsnWatch *w);

// For what is executed outside of a chain (run.c). False: op is not watched, or nobody watches.
bool insn_watch_before(Cpu *cpu, const Op *op);
void insn_watch_after(Cpu *cpu);
