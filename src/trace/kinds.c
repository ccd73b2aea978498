// Lines of events that are no exits: accesses to devices, TLB maintenance, calls. Their formats are in
// docs/trace.md, "Other kinds".
#include "cpu/op.h"
#include "cpu/sysreg.h"
#include "debugger/gic_registers.h"
#include "mmu/mmu.h"
#include "trace/filter.h"

static const struct {
    const char *name;
    TraceKind kind;
} kinds[] = {{"mmio", TRACE_MMIO},     {"hypercall", TRACE_HYPERCALL}, {"tlb", TRACE_TLB},
             {"irq", TRACE_IRQ},       {"sysreg", TRACE_SYSREG},       {"walk", TRACE_WALK},
             {"insn:text", TRACE_INSN}};

unsigned trace_kind(const char *name, size_t n) {
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
        if (strlen(kinds[i].name) == n && !memcmp(kinds[i].name, name, n)) return kinds[i].kind;
    return 0;
}

u64 trace_executed(const Cpu *cpu) {
    return cpu->icount + (op_pc(cpu, cpu->block) == cpu->pc);
}

LineFacts trace_facts(const Cpu *cpu, u64 icount) {
    return (LineFacts){.cpu = cpu,
                       .world = world_of(cpu, cpu->el),
                       .el = cpu->el,
                       .pc = cpu->pc,
                       .icount = icount,
                       .class = CLASS_NONE};
}

bool trace_wants(const Trace *t, const LineFacts *facts) {
    return likely(!t->filter) || filter_passes(t->filter, facts);
}

char *trace_start_wanted(Trace *t, const LineFacts *f) {
    char *p = trace_start_line(t, f->cpu, f->world, f->icount, f->el, -1);
    return put_place(t, p, f->world, f->pc);
}

char *trace_start_event(Trace *t, const LineFacts *f) {
    return trace_wants(t, f) ? trace_start_wanted(t, f) : NULL;
}

// --- mmio ----------------------------------------------------------------------------------------

// "GICD_CTLR", "pl011+0x18", or nothing where nothing is.
static char *put_device(char *p, const Machine *machine, u64 pa) {
    char name[64];
    if (gic_register_name(machine, pa, name, sizeof name)) return put_text(p, name);
    const Region *r = bus_find(machine, pa);
    if (!r) return put_text(p, "nothing");
    return put_hex(put_text(put_some(p, r->name, 64), "+"), pa - r->base);
}

static void on_device(void *arg, Cpu *cpu, const DeviceEvent *ev) {
    Trace *t = arg;
    LineFacts facts = trace_facts(cpu, trace_executed(cpu));
    facts.has_pa = true;
    facts.pa = ev->pa;
    char *p = trace_start_event(t, &facts);
    if (!p) return;
    p = put_text(p, ev->write ? " MMIO write " : " MMIO read ");
    p = put_device(p, t->machine, ev->pa);
    p = put_hex(put_text(p, " pa="), ev->pa);
    p = put_text(put_dec(put_text(p, " "), ev->size), ev->size == 1 ? " byte" : " bytes");
    if (ev->write || ev->answered) p = put_hex(put_text(p, " value="), ev->value);
    if (!ev->answered) p = put_text(p, " no answer");
    trace_end_line(t, p);
}

// --- tlb -----------------------------------------------------------------------------------------

const char *regime_name(unsigned r) {
    static const char *const names[] = {"EL1&0", "EL2&0", "EL2"};
    return names[r];
}

static char *put_scope(char *p, const TlbiScope *s) {
    p = put_text(put_text(p, " "), regime_name(s->regime));
    if (s->stage2_only) p = put_text(p, " stage 2");
    if (s->by_vmid) p = put_dec(put_text(p, " vmid="), s->vmid);
    if (s->by_asid) {
        p = put_dec(put_text(p, " asid="), s->asid);
        if (s->global_too) p = put_text(p, " and global");
    }
    if (s->by_va) {
        p = put_hex(put_text(p, s->stage2_only ? " ipa=" : " va="), s->va_lo);
        p = put_hex(put_text(p, "-"), s->va_hi);
    }
    return s->last_level ? put_text(p, " last level only") : p;
}

// One that names no address names all.
static void scope_facts(LineFacts *f, const TlbiScope *s) {
    u64 lo = s->by_va ? s->va_lo : 0, hi = s->by_va ? s->va_hi : ~0ull;
    f->has_ipa = s->stage2_only;
    f->has_va = !s->stage2_only;
    f->ipa_lo = f->va_lo = lo;
    f->ipa_hi = f->va_hi = hi;
}

static void on_tlbi(void *arg, Cpu *cpu, const TlbiScope *scope, bool all_cpus) {
    Trace *t = arg;
    char name[32];
    LineFacts facts = trace_facts(cpu, trace_executed(cpu));
    if (scope) scope_facts(&facts, scope);
    char *p = trace_start_event(t, &facts);
    if (!p) return;
    p = put_text(put_text(p, " "), sysreg_name_of_encoding(cpu->access_enc, name, sizeof name));
    if (!scope) {
        trace_end_line(t, put_text(p, " nothing: the granule of the range is reserved"));
        return;
    }
    p = put_scope(p, scope);
    trace_end_line(t, put_text(p, all_cpus ? " on all CPUs" : " on this CPU"));
}

// --- hypercall -----------------------------------------------------------------------------------

// " HVC #0 PSCI_VERSION x1=0x0"
static char *put_whole_call(char *p, const Cpu *cpu, u8 ec, u16 imm) {
    unsigned first, args;
    p = put_text(p, ec == EC_SMC64 ? " SMC #" : " HVC #");
    p = imm < 10 ? put_dec(p, imm) : put_hex(p, imm);
    char *name = put_text(p, " ");
    char *end = put_call(name, cpu, ec, imm, &first, &args);
    if (end == name) {
        // Unknown: what it could be told by.
        first = 0;
        args = 4;
        end = p;
    }
    for (unsigned i = 0; i < args; i++) end = put_register(end, first + i, 8, cpu->x[first + i]);
    return end;
}

void trace_call(Trace *t, const Cpu *cpu, const ExceptionEvent *ev, World w, u64 pc) {
    const Exception *e = ev->exc;
    if (e->kind != EXC_SYNC || (e->ec != EC_HVC64 && e->ec != EC_SMC64)) return;
    char *p = trace_start_line(t, cpu, w, cpu->icount, ev->from_el, 2);
    trace_end_line(t, put_whole_call(put_place(t, p, w, pc), cpu, e->ec, (u16)e->iss));
}

void trace_call_result(Trace *t, const Cpu *cpu, const ReturnEvent *ev, const OpenExit *call) {
    World w = world_of(cpu, ev->to_el);
    char *p = trace_start_line(t, cpu, w, cpu->icount, 2, ev->to_el);
    p = put_text(put_place(t, p, w, ev->to_pc), " RESULT");
    bool there = ev->to_pc == call->resume && world_key(w) == world_key(call->world);
    p = there ? put_register(p, 0, 8, cpu->x[0]) : put_text(p, " elsewhere");
    trace_end_line(t, put_dec(put_text(p, " after "), cpu->icount - call->start));
}

// Of the firmware: the result is in the same line.
static void on_firmware(void *arg, Cpu *cpu, const FirmwareEvent *ev) {
    Trace *t = arg;
    LineFacts facts = trace_facts(cpu, trace_executed(cpu));
    facts.class = ev->ec;
    char *p = trace_start_event(t, &facts);
    if (!p) return;
    Cpu before = *cpu;
    before.x[0] = ev->x0;  // the others are unchanged
    p = put_whole_call(p, &before, ev->ec, ev->imm);
    trace_end_line(t, put_hex(put_text(p, " firmware: x0="), cpu->x[0]));
}

// --- instructions --------------------------------------------------------------------------------

static void before_insn(void *arg, Cpu *cpu, const Op *op) {
    Trace *t = arg;
    CpuTrace *c = &t->cpu[cpu->index];
    LineFacts line = trace_facts(cpu, cpu->icount + 1);
    bool wanted = trace_wants(t, &line);
    c->sysreg_begun =
        wanted && t->kinds & TRACE_SYSREG && sysreg_access_begin(&c->sysreg, &line, cpu, op);
    c->insn.begun = wanted && t->kinds & TRACE_INSN;
    if (c->insn.begun) insn_text_begin(&c->insn, &line, cpu);
}

static void after_insn(void *arg, Cpu *cpu) {
    Trace *t = arg;
    CpuTrace *c = &t->cpu[cpu->index];
    if (c->sysreg_begun) trace_sysreg(t, cpu, &c->sysreg);
    trace_insn_text(t, cpu, &c->insn);
}

void trace_observe_kinds(Trace *t) {
    if (t->kinds & TRACE_MMIO) t->observer.device = on_device;
    if (t->kinds & TRACE_TLB) t->observer.tlbi = on_tlbi;
    if (t->kinds & TRACE_HYPERCALL) t->observer.firmware = on_firmware;
    if (t->kinds & TRACE_IRQ) t->observer.irq = trace_irq;
    if (t->kinds & TRACE_WALK) t->observer.walk = trace_walk;
    if (!(t->kinds & (TRACE_SYSREG | TRACE_INSN))) return;
    t->watch = (InsnWatch){
        .before = before_insn, .after = after_insn, .arg = t, .all = t->kinds & TRACE_INSN};
    insn_watch_start(t->machine, &t->watch);
}

void trace_unobserve_kinds(Trace *t) {
    if (t->watch.before) insn_watch_stop(t->machine, &t->watch);
}
