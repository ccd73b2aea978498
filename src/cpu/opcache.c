// Predecoded code: one OpPage per guest physical page of memory that was executed from. An Op
// depends on the instruction word and its place in the page alone, so the pages serve every
// address space. Stores to a page with decoded code take the slow path (tlb_protect_code()) and end
// in opcache_written(); only the words written are decoded again.
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

static void forget(OpPage *p, u64 offset, u64 n) {
    if (++p->writes >= UNPROTECT_AFTER && p->protected) {
        p->protected = false;  // every Op goes, so that the next one decoded protects it again
        offset = 0;
        n = 4096;
    }
    for (u64 i = offset / 4; i <= (offset + n - 1) / 4; i++) p->ops[i].id = OP_DECODE;
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
    // Not through `table`: a step or trace table has seen this instruction already.
    TAIL(run_handlers.h[op->id](cpu, op, table));
}

u32 op_word(const Cpu *cpu, const Op *op) {
    u32 word;
    memcpy(&word, cpu->page->host + (op - cpu->page->ops) * 4, 4);
    return word;
}
