// Watching single instructions (insn_watch.h).
#include "cpu/insn_watch.h"

#include "gen/handlers.h"
#include "machine/machine.h"

#include <stdlib.h>

static bool is_register_access(unsigned id) {
    switch (id) {
    case OP_mrs:
    case OP_msr_reg:
    case OP_msr_uao:
    case OP_msr_pan:
    case OP_msr_spsel:
    case OP_msr_ssbs:
    case OP_msr_dit:
    case OP_msr_daifset:
    case OP_msr_daifclr: return true;
    default: return false;
    }
}

bool insn_watch_before(Cpu *cpu, const Op *op) {
    const InsnWatch *w = cpu->watch;
    if (likely(!w)) return false;
    Op decoded = *op;
    decoded.id = op_first[op->id];
    if (op->id == OP_DECODE)
        op_decode(cpu->features, op_word(cpu, op), (unsigned)(op - cpu->page->ops), &decoded);
    if (!w->all && !is_register_access(decoded.id)) return false;
    cpu_sync(cpu, op);
    w->before(w->arg, cpu, &decoded);
    return true;
}

void insn_watch_after(Cpu *cpu) {
    const InsnWatch *w = cpu->watch;
    w->after(w->arg, cpu);
}

// Every entry gives the Op back that the chain reaches, so a handler executes one instruction.
static const Op *reached(Cpu *cpu, const Op *op, const Table *table) {
    (void)cpu;
    (void)table;
    return op;
}

static const struct RunTable one_handlers = {{[0 ... OP_COUNT - 1] = reached}};

// Where the chain goes on; NULL: it ends, and cpu->pc is exact. With limit 1, which no count is below, the handler ends it
// instead of looking the next instruction up, which may fault: that is not this instruction's. A limit of 0
// (cpu_attention()) stays 0, a slice that became shorter stays so.
static NOINLINE const Op *execute_one(Cpu *cpu, const Op *op) {
    bool watching = insn_watch_before(cpu, op);
    u64 limit = cpu->limit;
    cpu->limit = limit != 0;
    const Op *next = run_handlers.h[op_first[op->id]](cpu, op, (const Table *)&one_handlers);
    if (cpu->limit) cpu->limit = MIN(limit, cpu->until);
    if (watching) insn_watch_after(cpu);
    return next;
}

static const Op *watched(Cpu *cpu, const Op *op, const Table *table) {
    const Op *next = execute_one(cpu, op);
    if (!next) return NULL;
    DISPATCH(cpu, next, table);
}

static bool needs_watching(const InsnWatch *w, unsigned id) {
    return id != OP_PAGE_END && (w->all || id == OP_DECODE || is_register_access(op_first[id]));
}

void insn_watch_start(Machine *machine, InsnWatch *w) {
    struct RunTable *t = malloc(sizeof *t);
    CHECK(t);
    for (unsigned id = 0; id < OP_COUNT; id++)
        t->h[id] = needs_watching(w, id) ? watched : run_handlers.h[id];
    w->table = (struct Table *)t;
    for (unsigned i = 0; i < machine->cpus; i++) {
        machine->cpu[i]->watch = w;
        machine->cpu[i]->table = w->table;
    }
}

void insn_watch_stop(Machine *machine, InsnWatch *w) {
    for (unsigned i = 0; i < machine->cpus; i++) {
        machine->cpu[i]->watch = NULL;
        machine->cpu[i]->table = (const Table *)&run_handlers;
    }
    free(w->table);
}
