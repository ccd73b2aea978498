// Predecoded code: one OpPage per guest physical page of memory that was executed from. An Op
// depends on the instruction word and its place in the page alone, so the pages serve every
// address space. Stores to a page with decoded code take the slow path (tlb_protect_code()) and end
// in opcache_written(); only the words written are decoded again.
// Instructions that often follow each other share a handler (sequences.fuse). The Op of the first has
// the id of the longest sequence that is decoded from there on; the others keep theirs, so a branch
// to one of them needs nothing, and a step takes op_first[id]. Whatever changes an Op gives those
// before it their ids anew.
#include "cpu/op.h"
#include "devices/device.h"
#include "gen/handlers.h"
#include "machine/machine.h"
#include "mmu/mmu.h"

#include <stdlib.h>

enum { UNPROTECT_AFTER = 64 };  // slow stores without a decode in between: data next to old code

OpPage *opcache_page(Machine *machine, u64 pa) {
    Region *r = &machine->ram;
    if (unlikely(pa - r->base >= r->size)) r = bus_find(machine, pa);
    if (!r || !r->host || !r->code) return NULL;
    u64 page = (pa - r->base) >> 12;
    OpPage *p = r->code[page];
    if (likely(p)) return p;
    p = aligned_alloc(64, align_up(sizeof *p, 64));
    CHECK(p);
    memset(p->ops, 0, sizeof p->ops);
    p->ops[PAGE_OPS].id = OP_PAGE_END;
    p->pa = pa & ~0xfffull;
    p->host = r->host + (page << 12);
    p->protected = false;
    p->writes = 0;
    r->code[page] = p;
    return p;
}

// op[-back].r[slot] is the register reg as it is when op is reached: nothing between writes it.
static bool is_result_of(const Op *op, unsigned back, unsigned slot, unsigned reg) {
    for (const Op *o = op - 1;; o--) {
        unsigned writes = op_result_slots[op_first[o->id]];
        for (int i = ARRAY_LEN(o->r) - 1; i >= 0; i--)
            if (writes >> i & 1 && o->r[i] == reg) return o == op - back && (unsigned)i == slot;
        if (o == op - back) return false;
    }
}

static bool step_matches(const OpStep *step, const Op *op) {
    if (step->next != op_first[op->id]) return false;
    for (unsigned i = 0; i < ARRAY_LEN(step->link) && step->link[i].slot; i++)
        if (!is_result_of(op, step->link[i].back, step->link[i].result_slot,
                          op->r[step->link[i].slot - 1]))
            return false;
    return true;
}

// The longest sequence that begins as id does, `next` being the instruction behind that.
static unsigned extend(unsigned id, const Op *next) {
    for (;; next++) {
        const OpStep *step = &op_steps[op_step_start[id]];
        const OpStep *end = &op_steps[op_step_start[id + 1]];
        while (step < end && !step_matches(step, next)) step++;
        if (step == end) return id;
        id = step->fused;
    }
}

// ops[i] has been decoded: it may begin a sequence, and those that ended before it may go on.
static void fuse(OpPage *p, unsigned i) {
    Op *op = &p->ops[i];
    op->id = (u16)extend(op->id, op + 1);
    for (unsigned back = 1; back < OP_FUSE_LONGEST && back <= i; back++) {
        Op *o = op - back;
        if (op_length[o->id] == back) o->id = (u16)extend(o->id, op);
    }
}

// ops[i] is gone: no sequence may reach it.
static void unfuse(OpPage *p, unsigned i) {
    for (unsigned back = 1; back < OP_FUSE_LONGEST && back <= i; back++) {
        Op *o = &p->ops[i - back];
        if (op_length[o->id] > back) o->id = (u16)extend(op_first[o->id], o + 1);
    }
}

static void forget(OpPage *p, u64 offset, u64 n) {
    if (++p->writes >= UNPROTECT_AFTER && p->protected) {
        p->protected = false;  // every Op goes, so that the next one decoded protects it again
        offset = 0;
        n = 4096;
    }
    unsigned first = (unsigned)offset / 4, last = (unsigned)(offset + n - 1) / 4;
    for (unsigned i = first; i <= last; i++) p->ops[i].id = OP_DECODE;
    unfuse(p, first);
}

void opcache_written(Machine *machine, u64 pa, u64 n) {
    Region *r = &machine->ram;
    if (unlikely(pa - r->base >= r->size)) r = bus_find(machine, pa);
    if (!r || !r->code) return;
    while (n) {
        u64 offset = pa & 0xfff, part = MIN(n, 4096 - offset);
        OpPage *p = r->code[(pa - r->base) >> 12];
        if (p) forget(p, offset, part);
        pa += part;
        n -= part;
    }
}

const Op *op_do_decode(Cpu *cpu, const Op *op, const Table *table) {
    OpPage *p = cpu->page;
    unsigned index = (unsigned)(op - p->ops);
    p->writes = 0;
    if (!p->protected) {
        p->protected = true;
        tlb_protect_code(cpu->machine, pa(p->pa));
    }
    u32 word;
    memcpy(&word, p->host + index * 4, 4);
    op_decode(cpu->features, word, index, &p->ops[index]);
    unsigned id = p->ops[index].id;
    // BRK stays unknown, so that BR and BLR look at their target (branch_target.c).
    if (id == OP_brk)
        p->ops[index].id = OP_UNKNOWN;
    else
        fuse(p, index);
    // Not through `table`: a step or trace table has seen this instruction already.
    TAIL(run_handlers.h[id](cpu, op, table));
}

u32 op_word(const Cpu *cpu, const Op *op) {
    u32 word;
    memcpy(&word, cpu->page->host + (op - cpu->page->ops) * 4, 4);
    return word;
}
