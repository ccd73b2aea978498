// Records every instruction. A table of handlers of its own (cpu/op.h) sees each one before it is executed; all it
// does is to see whether the instruction follows the last one. Straight runs of code are blocks, which get
// numbers; a block that comes after another as it did the last time is only counted.
// An instruction that takes an exception, or is executed again after one, is recorded each time it is begun. Words are those
// that are in memory when the run ends.
#include "trace/insn.h"

#include "cpu/op.h"
#include "gen/handlers.h"
#include "trace/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HASH_BITS = 20, BUFFER = 1 << 20, TOKENS_MAX = 64 + 4 * INSN_BLOCK_MAX, NO_RUN = 1 };

typedef struct Block {
    u64 pc;
    u32 n, number;
    struct Block *successor;  // what came after it the last time
    struct Block *next;       // of the same hash
    u32 words[];
} Block;

// The run of a CPU: [start, next) in `page`. next is NO_RUN when there is none.
typedef struct InsnCpu {
    u64 next, start;
    OpPage *page;
    InsnTrace *trace;
    Cpu *cpu;
    const Table *base;  // what executes the instruction: the CPU's table before
    Block *last;
    bool has_context;
} InsnCpu;

struct InsnTrace {
    Machine *machine;
    Observer observer;
    InsnCpu *cpu;
    InsnCpu *current;  // whose tokens are being written
    u64 predicted;     // blocks of it that came as predicted and are not written yet
    u64 total;
    Block **hash;
    u32 blocks;
    u8 *buffer;
    size_t used;
    int fd, failed;
};

// --- tokens --------------------------------------------------------------------------------------

static void flush(InsnTrace *t) {
    for (size_t done = 0; done < t->used && !t->failed;) {
        ssize_t n = write(t->fd, t->buffer + done, t->used - done);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            t->failed = errno ? errno : EIO;
    }
    t->used = 0;
}

static void reserve(InsnTrace *t) {
    if (unlikely(t->used > BUFFER - TOKENS_MAX)) flush(t);
}

static void put_number(InsnTrace *t, u64 n) {
    for (; n >= 0x80; n >>= 7) t->buffer[t->used++] = (u8)(n | 0x80);
    t->buffer[t->used++] = (u8)n;
}

static void put_token(InsnTrace *t, u64 token) {
    put_number(t, token << 1 | 1);
}

static void put_predicted(InsnTrace *t) {
    if (t->predicted) put_token(t, INSN_PREDICTED + t->predicted - 1);
    t->predicted = 0;
}

// --- blocks --------------------------------------------------------------------------------------

static bool is_block(const Block *b, u64 pc, u32 n, const u8 *words) {
    return b->pc == pc && b->n == n && !memcmp(b->words, words, n * 4);
}

static Block **chain_of(InsnTrace *t, u64 pc, u32 n) {
    u64 h = (pc / 4 + n * 0x10001) * 0x9e3779b97f4a7c15ull;
    return &t->hash[h >> (64 - HASH_BITS)];
}

static void forget_blocks(InsnTrace *t) {
    for (size_t i = 0; i < 1u << HASH_BITS; i++) {
        for (Block *b = t->hash[i], *next; b; b = next) {
            next = b->next;
            free(b);
        }
        t->hash[i] = NULL;
    }
    for (unsigned i = 0; i < t->machine->cpus; i++) t->cpu[i].last = NULL;
    t->blocks = 0;
}

static Block *new_block(InsnTrace *t, u64 pc, u32 n, const u8 *words) {
    if (t->blocks == INSN_BLOCKS_MAX) {
        forget_blocks(t);
        put_token(t, INSN_FORGET);
    }
    Block *b = malloc(sizeof *b + n * 4), **chain = chain_of(t, pc, n);
    CHECK(b);
    *b = (Block){.pc = pc, .n = n, .number = t->blocks++, .next = *chain};
    memcpy(b->words, words, n * 4);
    *chain = b;
    put_token(t, INSN_BLOCK);
    put_number(t, pc);
    put_number(t, n);
    memcpy(t->buffer + t->used, words, n * 4);
    t->used += n * 4;
    return b;
}

static Block *find_block(InsnTrace *t, u64 pc, u32 n, const u8 *words) {
    for (Block *b = *chain_of(t, pc, n); b; b = b->next)
        if (is_block(b, pc, n, words)) {
            put_number(t, (u64)b->number << 1);
            return b;
        }
    return new_block(t, pc, n, words);
}

static void end_run(InsnCpu *c) {
    InsnTrace *t = c->trace;
    if (c->next == NO_RUN) return;
    u32 n = (u32)((c->next - c->start) / 4);
    const u8 *words = c->page->host + (c->start & 0xfff);
    u64 pc = c->start;
    c->next = NO_RUN;
    t->total += n;
    Block *b = c->last ? c->last->successor : NULL;
    if (likely(b && is_block(b, pc, n, words))) {
        t->predicted++;
        c->last = b;
        return;
    }
    reserve(t);
    put_predicted(t);
    b = find_block(t, pc, n, words);
    if (c->last) c->last->successor = b;
    c->last = b;
}

// --- what the CPU does ---------------------------------------------------------------------------

static void make_current(InsnTrace *t, InsnCpu *c) {
    if (t->current) end_run(t->current);
    reserve(t);
    put_predicted(t);
    put_token(t, INSN_CPU);
    put_number(t, c->cpu->index);
    t->current = c;
}

static void put_context(InsnTrace *t, InsnCpu *c, const Op *op) {
    reserve(t);
    put_predicted(t);
    put_token(t, INSN_CONTEXT);
    put_number(t, c->cpu->el);
    put_number(t, world_key(world_of(c->cpu, c->cpu->el)));
    put_number(t, c->cpu->icount + (u64)(op - c->cpu->block));
    c->has_context = true;
}

static void start_run(InsnCpu *c, const Op *op, u64 pc) {
    InsnTrace *t = c->trace;
    end_run(c);
    if (t->current != c) make_current(t, c);
    if (!c->has_context) put_context(t, c, op);
    c->page = c->cpu->page;
    c->start = pc;
    c->next = pc + 4;
}

static __attribute__((noinline)) const Op *record_start(Cpu *cpu, const Op *op,
                                                        const Table *table) {
    InsnCpu *c = cpu->table_arg;
    start_run(c, op, op_pc(cpu, op));
    TAIL(c->base->h[op_first[op->id]](cpu, op, table));
}

static const Op *record(Cpu *cpu, const Op *op, const Table *table) {
    InsnCpu *c = cpu->table_arg;
    u64 pc = op_pc(cpu, op);
    if (unlikely(pc != c->next)) TAIL(record_start(cpu, op, table));
    c->next = pc + 4;
    TAIL(c->base->h[op_first[op->id]](cpu, op, table));
}

static const Op *record_page_end(Cpu *cpu, const Op *op, const Table *table) {
    end_run(cpu->table_arg);
    TAIL(op_page_end(cpu, op, table));
}

static const struct RunTable record_handlers = {
    {[0] = record, [OP_PAGE_END] = record_page_end, [OP_PAGE_END + 1 ... OP_COUNT - 1] = record}};

// Stepped, or in a page with a breakpoint.
static void record_alone(Cpu *cpu, const Op *op) {
    start_run(cpu->table_arg, op, op_pc(cpu, op));
}

static void new_context(InsnTrace *t, const Cpu *cpu) {
    InsnCpu *c = &t->cpu[cpu->index];
    end_run(c);
    c->has_context = false;
}

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    (void)ev;
    new_context(arg, cpu);
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    (void)ev;
    new_context(arg, cpu);
}

// --- opening and closing -------------------------------------------------------------------------

static void watch(InsnTrace *t, bool on) {
    for (unsigned i = 0; i < t->machine->cpus; i++) {
        Cpu *cpu = t->machine->cpu[i];
        const Table *base = on ? cpu->table : t->cpu[i].base;
        t->cpu[i] = (InsnCpu){.trace = t, .cpu = cpu, .base = base, .next = NO_RUN};
        cpu->table = on ? (const Table *)&record_handlers : base;
        cpu->table_arg = on ? &t->cpu[i] : NULL;
        cpu->alone = on ? record_alone : NULL;
    }
    t->observer = (Observer){.arg = t, .exception = on_exception, .eret = on_return};
    if (on)
        observer_add(t->machine, &t->observer);
    else
        observer_remove(t->machine, &t->observer);
}

static void put_header(InsnTrace *t) {
    u32 words[2] = {INSN_VERSION, t->machine->cpus};
    memcpy(t->buffer, INSN_MAGIC, 8);
    memcpy(t->buffer + 8, words, sizeof words);
    t->used = INSN_HEADER;
}

InsnTrace *insn_open(Machine *machine, const char *path, Error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        error_set(err, "--trace: cannot create '%s': %s", path, strerror(errno));
        return NULL;
    }
    InsnTrace *t = calloc(1, sizeof *t);
    CHECK(t);
    *t = (InsnTrace){.machine = machine, .fd = fd};
    t->cpu = calloc(machine->cpus, sizeof *t->cpu);
    t->hash = calloc(1u << HASH_BITS, sizeof(Block *));
    t->buffer = malloc(BUFFER);
    CHECK(t->cpu && t->hash && t->buffer);
    put_header(t);
    watch(t, true);
    return t;
}

bool insn_close(InsnTrace *t) {
    if (!t) return true;
    if (t->current) end_run(t->current);
    reserve(t);
    put_predicted(t);
    put_token(t, INSN_END);
    put_number(t, t->total);
    flush(t);
    forget_blocks(t);
    watch(t, false);
    if (close(t->fd) && !t->failed) t->failed = errno;
    int failed = t->failed;
    free(t->buffer);
    free(t->hash);
    free(t->cpu);
    free(t);
    if (failed)
        fprintf(stderr, "el2sim: --trace insn: not all was written: %s\n", strerror(failed));
    return !failed;
}
