// Reads the file of insn.c. Nothing in it is trusted.
#include "trace/insn.h"

#include <stdlib.h>

typedef struct Block {
    u64 pc;
    u32 n;
    u32 successor;  // number of the block that came after it the last time, + 1; 0: none
    const u8 *words;
} Block;

typedef struct ReadCpu {
    bool has_last;
    u32 last;
    unsigned el;
    u32 world;
    u64 icount;
} ReadCpu;

typedef struct Reader {
    const u8 *at, *end, *start;
    Error *err;
    Block *block;
    u32 blocks, room;
    ReadCpu *cpu;
    u32 cpus;
    int current;  // -1: none yet
    u64 total;
    bool (*visit)(void *arg, const InsnRecord *r);
    void *arg;
    bool stopped;  // visit has had enough
} Reader;

static bool broken(Reader *r, const char *what) {
    return error_set(r->err, "the trace is broken at byte %llu: %s",
                     (unsigned long long)(r->at - r->start), what);
}

static bool cut(Reader *r) {
    return error_set(
        r->err, "the trace ends early, after %llu instructions: its run did not end, or it was cut",
        (unsigned long long)r->total);
}

static bool number(Reader *r, u64 *out) {
    u64 n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end) return cut(r);
        u8 byte = *r->at++;
        if (shift == 63 && byte > 1) break;
        n |= (u64)(byte & 0x7f) << shift;
        if (byte & 0x80) continue;
        *out = n;
        return true;
    }
    return broken(r, "a number is too large");
}

// --- blocks --------------------------------------------------------------------------------------

static void execute(Reader *r, u32 index) {
    ReadCpu *c = &r->cpu[r->current];
    const Block *b = &r->block[index];
    c->has_last = true;
    c->last = index;
    for (u32 i = 0; i < b->n && !r->stopped; i++) {
        InsnRecord record = {.cpu = (unsigned)r->current,
                             .el = c->el,
                             .world = c->world,
                             .icount = c->icount++,
                             .pc = b->pc + i * 4};
        memcpy(&record.word, b->words + i * 4, 4);
        r->total++;
        r->stopped = !r->visit(r->arg, &record);
    }
}

static bool execute_other(Reader *r, u64 index) {
    if (r->current < 0) return broken(r, "a block before its CPU");
    if (index >= r->blocks) return broken(r, "there is no such block");
    ReadCpu *c = &r->cpu[r->current];
    if (c->has_last) r->block[c->last].successor = (u32)index + 1;
    execute(r, (u32)index);
    return true;
}

static bool execute_predicted(Reader *r, u64 count) {
    if (r->current < 0) return broken(r, "a block before its CPU");
    ReadCpu *c = &r->cpu[r->current];
    for (; count && !r->stopped; count--) {
        if (!c->has_last || !r->block[c->last].successor)
            return broken(r, "nothing to predict from");
        execute(r, r->block[c->last].successor - 1);
    }
    return true;
}

static bool add_block(Reader *r) {
    u64 pc, n;
    if (!number(r, &pc) || !number(r, &n)) return false;
    if (pc & 3) return broken(r, "the address of a block is not aligned");
    if (!n || n > INSN_BLOCK_MAX) return broken(r, "a block has no or too many instructions");
    if (r->blocks == INSN_BLOCKS_MAX) return broken(r, "too many blocks");
    if ((u64)(r->end - r->at) < n * 4) return cut(r);
    if (r->blocks == r->room) {
        r->room = r->room ? r->room * 2 : 1024;
        r->block = realloc(r->block, r->room * sizeof *r->block);
        CHECK(r->block);
    }
    r->block[r->blocks++] = (Block){.pc = pc, .n = (u32)n, .words = r->at};
    r->at += n * 4;
    return execute_other(r, r->blocks - 1);
}

// --- the others ----------------------------------------------------------------------------------

static bool set_cpu(Reader *r) {
    u64 index;
    if (!number(r, &index)) return false;
    if (index >= r->cpus) return broken(r, "there is no such CPU");
    r->current = (int)index;
    return true;
}

static bool set_context(Reader *r) {
    u64 el, world, icount;
    if (!number(r, &el) || !number(r, &world) || !number(r, &icount)) return false;
    if (r->current < 0) return broken(r, "a context before its CPU");
    if (el > 2 || world >> 16 > 4) return broken(r, "there is no such context");
    ReadCpu *c = &r->cpu[r->current];
    c->el = (unsigned)el;
    c->world = (u32)world;
    c->icount = icount;
    return true;
}

static bool forget(Reader *r) {
    for (u32 i = 0; i < r->cpus; i++) r->cpu[i].has_last = false;
    r->blocks = 0;
    return true;
}

static bool finish(Reader *r) {
    u64 total;
    if (!number(r, &total)) return false;
    if (total != r->total) return broken(r, "it has not as many instructions as it says");
    if (r->at != r->end) return broken(r, "there is more behind its end");
    r->stopped = true;
    return true;
}

static bool token(Reader *r) {
    u64 n;
    if (!number(r, &n)) return false;
    if (!(n & 1)) return execute_other(r, n >> 1);
    switch (n >>= 1) {
    case INSN_END: return finish(r);
    case INSN_BLOCK: return add_block(r);
    case INSN_CPU: return set_cpu(r);
    case INSN_CONTEXT: return set_context(r);
    case INSN_FORGET: return forget(r);
    }
    if (n >= INSN_PREDICTED) return execute_predicted(r, n - INSN_PREDICTED + 1);
    return broken(r, "there is no such token");
}

static bool header(Reader *r, size_t size) {
    u32 words[2];
    if (size < INSN_HEADER || memcmp(r->at, INSN_MAGIC, 8))
        return error_set(r->err, "this is no instruction trace");
    memcpy(words, r->at + 8, sizeof words);
    if (words[0] != INSN_VERSION)
        return error_set(r->err, "the trace has version %u; this program reads version %u",
                         words[0], INSN_VERSION);
    if (!words[1] || words[1] > 512)
        return error_set(r->err, "the trace is broken: %u CPUs", words[1]);
    r->cpus = words[1];
    r->cpu = calloc(r->cpus, sizeof *r->cpu);
    CHECK(r->cpu);
    r->at += INSN_HEADER;
    return true;
}

bool insn_read(const u8 *data, size_t size, bool (*visit)(void *arg, const InsnRecord *r),
               void *arg, Error *err) {
    Reader r = {.at = data,
                .end = data + size,
                .start = data,
                .err = err,
                .current = -1,
                .visit = visit,
                .arg = arg};
    bool ok = header(&r, size);
    while (ok && !r.stopped) ok = token(&r);
    free(r.block);
    free(r.cpu);
    return ok;
}
