// Counts instructions by the row of their handler. Like insn.c, with a table of handlers of its own, so that a run without it
// pays nothing. An instruction counts each time it is begun: one that takes an exception and is executed again, twice.
#include "trace/insn_count.h"

#include "cpu/isa.h"
#include "gen/handlers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct InsnCount {
    Machine *machine;
    const Table *base;  // what executes the instruction: the CPUs' table before
    FILE *file;
    const char *path;
    u64 *undefined;  // by row: words that the row says are UNDEFINED
    u64 by_id[OP_COUNT];
};

// OP_UNDEFINED is the handler of words that no row claims, and of those that a row says are UNDEFINED.
static COLD void count_undefined(InsnCount *c, u32 word) {
    for (unsigned row = 0; row < decode_row_count; row++) {
        if (decode_rows[row].handlers || isa_check(row, word, NULL) != ISA_UNDEF) continue;
        c->undefined[row]++;
        return;
    }
    c->by_id[OP_UNDEFINED]++;
}

static COLD void count_word(InsnCount *c, const Cpu *cpu, const Op *op) {
    u32 word = op_word(cpu, op);
    Op decoded = *op;
    if (op->id == OP_DECODE)
        op_decode(cpu->features, word, (unsigned)(op - cpu->page->ops), &decoded);
    if (decoded.id == OP_UNDEFINED)
        count_undefined(c, word);
    else
        c->by_id[decoded.id]++;
}

static void count(Cpu *cpu, const Op *op) {
    InsnCount *c = cpu->table_arg;
    unsigned id = op_first[op->id];
    if (unlikely(id == OP_DECODE || id == OP_UNDEFINED))
        count_word(c, cpu, op);
    else
        c->by_id[id]++;
}

static const Op *counted(Cpu *cpu, const Op *op, const Table *table) {
    const InsnCount *c = cpu->table_arg;
    count(cpu, op);
    TAIL(c->base->h[op_first[op->id]](cpu, op, table));
}

static const struct RunTable count_handlers = {
    {[0] = counted, [OP_PAGE_END] = op_page_end, [OP_PAGE_END + 1 ... OP_COUNT - 1] = counted}};

InsnCount *insn_count_open(Machine *machine, const char *path, Error *err) {
    FILE *file = fopen(path, "we");
    if (!file) {
        error_set(err, "--insn-counts: cannot create '%s': %s", path, strerror(errno));
        return NULL;
    }
    InsnCount *c = calloc(1, sizeof *c);
    CHECK(c);
    *c =
        (InsnCount){.machine = machine, .base = machine->cpu[0]->table, .file = file, .path = path};
    c->undefined = calloc(decode_row_count, sizeof *c->undefined);
    CHECK(c->undefined);
    for (unsigned i = 0; i < machine->cpus; i++) {
        machine->cpu[i]->table = (const Table *)&count_handlers;
        machine->cpu[i]->table_arg = c;
        machine->cpu[i]->alone = count;
    }
    return c;
}

static void write_line(FILE *f, const char *name, u64 n) {
    if (n) fprintf(f, "%s %llu\n", name, (unsigned long long)n);
}

bool insn_count_close(InsnCount *c) {
    if (!c) return true;
    for (unsigned i = 0; i < c->machine->cpus; i++) {
        c->machine->cpu[i]->table = c->base;
        c->machine->cpu[i]->table_arg = NULL;
        c->machine->cpu[i]->alone = NULL;
    }
    for (unsigned row = 0; row < decode_row_count; row++) {
        u64 n = c->undefined[row];
        const DecodeRow *r = &decode_rows[row];
        for (unsigned i = 0; i < r->handlers; i++) n += c->by_id[r->first_id + i];
        write_line(c->file, r->name, n);
    }
    write_line(c->file, "UNDEFINED", c->by_id[OP_UNDEFINED]);
    bool ok = !ferror(c->file);
    ok = !fclose(c->file) && ok;
    if (!ok) fprintf(stderr, "el2sim: --insn-counts: cannot write '%s'\n", c->path);
    free(c->undefined);
    free(c);
    return ok;
}
