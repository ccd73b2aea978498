// Lines of the kind walk: each walk of translation tables for an access, with its descriptors (docs/trace.md, "Walks").
#include "mmu/fault.h"
#include "mmu/mmu.h"
#include "trace/internal.h"

static const char *type_name(const WalkEvent *ev) {
    switch (ev->type) {
    case ACCESS_FETCH: return " fetch";
    case ACCESS_AT: return ev->write ? " AT write" : " AT read";
    case ACCESS_CACHE: return " cache maintenance";
    default: return ev->write ? " write" : " read";
    }
}

// " S1L2[0x40001000]=0x40002003"
static char *put_step(char *p, const WalkStep *s) {
    p = put_dec(put_text(p, "S"), s->stage);
    p = put_dec(put_text(p, "L"), (u64)s->level);
    p = put_text(put_hex(put_text(p, "["), s->at), "]=");
    return s->unread ? put_text(p, "no answer") : put_hex(p, s->desc);
}

// Steps of stage 2 that find a table of stage 1 are in parentheses, before the step that reads it.
static char *put_steps(char *p, const WalkEvent *ev) {
    bool inside = false;
    for (unsigned i = 0; i < ev->steps; i++) {
        const WalkStep *s = &ev->step[i];
        if (inside && !s->for_table) p = put_text(p, ")");
        p = put_text(p, " ");
        if (!inside && s->for_table) p = put_text(p, "(");
        inside = s->for_table;
        p = put_step(p, s);
    }
    return inside ? put_text(p, ")") : p;
}

static char *put_size(char *p, unsigned bits) {
    static const char *const unit[] = {"KB", "MB", "GB", "TB"};
    unsigned u = MIN((bits - 10) / 10, 3u);
    return put_text(put_dec(put_text(p, " "), 1ull << (bits - 10 - 10 * u)), unit[u]);
}

static char *put_mapping(char *p, const WalkEvent *ev) {
    if (ev->has_ipa) p = put_hex(put_text(p, " ipa="), ev->ipa);
    if (ev->has_pa) p = put_hex(put_text(p, " pa="), ev->pa);
    p = put_size(p, ev->page_bits);
    *p++ = ' ';
    *p++ = ev->r ? 'r' : '-';
    *p++ = ev->w ? 'w' : '-';
    *p++ = ev->x ? 'x' : '-';
    return p;
}

static char *put_fault(char *p, const Fault *f) {
    p = put_text(p, f->stage2 ? " stage 2 fault " : " fault ");
    p = put_fault_status(p, fault_status(f));
    if (f->s1ptw) p = put_text(p, " on a table of stage 1");
    if (f->stage2 || f->s1ptw) p = put_hex(put_text(p, " ipa="), f->ipa);
    return put_text(put_text(put_text(p, " rule=\""), f->rule), "\"");
}

static void walk_facts(LineFacts *f, const WalkEvent *ev) {
    bool fault_ipa = !ev->ok && (ev->fault->stage2 || ev->fault->s1ptw);
    f->has_va = true;
    f->va_lo = f->va_hi = ev->address;
    f->has_ipa = ev->has_ipa || fault_ipa;
    f->ipa_lo = f->ipa_hi = fault_ipa ? ev->fault->ipa : ev->ipa;
    f->has_pa = ev->has_pa;
    f->pa = ev->pa;
}

void trace_walk(void *arg, Cpu *cpu, const WalkEvent *ev) {
    Trace *t = arg;
    // An instruction that is fetched has not been begun.
    u64 icount = ev->type == ACCESS_FETCH ? cpu->icount : trace_executed(cpu);
    LineFacts facts = trace_facts(cpu, icount);
    walk_facts(&facts, ev);
    char *p = trace_start_event(t, &facts);
    if (!p) return;
    p = put_text(put_text(p, " WALK "), regime_name(ev->regime));
    p = put_text(p, type_name(ev));
    if (ev->unprivileged) p = put_text(p, " unprivileged");
    p = put_steps(put_hex(put_text(p, " va="), ev->address), ev);
    p = put_text(p, " ->");
    p = ev->ok ? put_mapping(p, ev) : put_fault(p, ev->fault);
    trace_end_line(t, p);
}
