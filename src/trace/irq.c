// Lines of the kind irq: an interrupt from pending to its end, list registers, maintenance (docs/trace.md,
// "Interrupts"). The decoding of list registers: Arm GIC architecture specification, "ICH_LR<n>_EL2" and "GICH_LRn".
#include "gic/internal.h"
#include "trace/internal.h"

// The lines begin with the CPU that runs, as the other kinds; when none does, an event of the clock came between
// two instructions of the CPU that it concerns.
static const Cpu *cpu_of_line(const Trace *t, const Cpu *of) {
    if (t->machine->running) return t->machine->running;
    return of ? of : t->machine->cpu[0];
}

static char *put_cpus_of_spi(char *p, const Gic *gic, u32 intid) {
    unsigned word = intid / 32 - 1;
    u32 which = 1u << intid % 32;
    if (gic->one_of_n[word] & which) return put_text(p, " for any CPU");
    bool any = false;
    for (unsigned i = 0; i < gic->cpus; i++) {
        if (!(gic->cpu[i].mine[word] & which)) continue;
        p = put_dec(put_text(p, any ? "," : " for cpu"), i);
        any = true;
    }
    return any ? p : put_text(p, " for no CPU");
}

static char *put_source(char *p, const IrqEvent *ev) {
    switch (ev->source) {
    case IRQ_BY_WIRE: return put_text(p, " by wire");
    case IRQ_BY_SGI: return put_dec(put_text(p, " from cpu"), ev->from);
    case IRQ_BY_MESSAGE: return put_text(p, " by message");
    case IRQ_BY_WRITE: break;
    }
    return put_text(p, " by write");
}

static char *put_pending(char *p, GicCpu *c, const Cpu *cpu, const IrqEvent *ev) {
    p = put_intid(put_text(p, " pending "), ev->intid);
    p = cpu ? put_dec(put_text(p, " for cpu"), cpu->index) : put_cpus_of_spi(p, c->gic, ev->intid);
    p = put_source(p, ev);
    const Bank *b = irq_bank(c, ev->intid);
    return b && !(b->enabled >> ev->intid % 32 & 1) ? put_text(p, ", not enabled") : p;
}

static char *put_vintid(char *p, const GicCpu *c, u32 vintid) {
    p = put_dec(p, c->gic->version == 2 ? vintid & 0x3ff : vintid);
    // GICv2 keeps the CPU that sent an SGI above the number.
    return c->gic->version == 2 && vintid >> 10 ? put_dec(put_text(p, " from cpu"), vintid >> 10)
                                                : p;
}

static char *put_list_register(char *p, const GicCpu *c, int n) {
    static const char *const state[] = {"invalid", "pending", "active", "pending and active"};
    u64 lr = c->lr[n];
    bool v2 = c->gic->version == 2;
    p = put_dec(put_text(p, v2 ? " GICH_LR" : " ICH_LR"), (u64)n);
    p = put_hex(put_text(p, v2 ? "=" : "_EL2="), v2 ? lr_to_gich(lr) : lr);
    p = put_text(put_text(p, " "), state[lr >> 62]);
    if (!lr) return p;
    p = put_vintid(put_text(p, " vINTID="), c, lr & 0xffffff);
    p = put_dec(put_text(p, " group="), bit(lr, LR_GROUP));
    p = put_hex(put_text(p, " priority="), bits(lr, 55, LR_PRIORITY));
    if (bit(lr, LR_HW))
        return put_dec(put_text(p, " HW pINTID="), bits(lr, v2 ? 41 : 44, LR_PINTID));
    return bit(lr, LR_EOI) ? put_text(p, " EOI") : p;
}

static char *put_interface(char *p, const char *what, bool is_virtual) {
    return put_text(put_text(p, what), is_virtual ? " virtual" : " physical");
}

// A virtual INTID has the meaning that the hypervisor gave it; only physical ones have the board's names.
static char *put_number(char *p, const GicCpu *c, const IrqEvent *ev) {
    if (!ev->is_virtual) return put_intid(put_text(p, " "), ev->intid);
    return put_vintid(put_text(p, " INTID "), c, ev->intid);
}

static int list_register_of(const GicCpu *c, u32 vintid) {
    for (int i = 0; i < LIST_REGS; i++)
        if (c->lr[i] >> 62 && (c->lr[i] & 0xffffff) == vintid) return i;
    return -1;
}

static char *put_acknowledge(char *p, const GicCpu *c, const IrqEvent *ev) {
    u32 number = c->gic->version == 2 ? ev->intid & 0x3ff : ev->intid;
    p = put_hex(put_text(put_interface(p, " acknowledge", ev->is_virtual), " IAR="), ev->intid);
    if (number == INTID_SPURIOUS) return put_text(p, " none (spurious)");
    if (number == INTID_GROUP1) return put_text(p, " none (it is of Group 1)");
    if (!ev->is_virtual) {
        p = put_intid(put_text(p, " "), number);
        return ev->intid != number ? put_dec(put_text(p, " from cpu"), ev->intid >> 10) : p;
    }
    int n = list_register_of(c, ev->intid);
    p = put_number(p, c, ev);
    return n < 0 ? p : put_dec(put_text(p, " of LR"), (u64)n);
}

static char *put_effect(char *p, const GicCpu *c, const IrqEvent *ev) {
    switch (ev->effect) {
    case IRQ_COUNTS:
        p = put_text(p, ", is in no list register: EOIcount=");
        return put_dec(p, (bits(c->hcr, 31, ICH_HCR_EOICOUNT) + 1) & 31);
    case IRQ_DEACTIVATES:
        p = put_text(p, ", deactivates it");
        return ev->is_virtual ? put_dec(put_text(p, " in LR"), (u64)ev->lr) : p;
    case IRQ_NO_EFFECT: break;
    }
    return p;
}

static char *put_eoi(char *p, const GicCpu *c, const IrqEvent *ev) {
    p = put_number(put_interface(p, " EOI", ev->is_virtual), c, ev);
    if (ev->dropped < 0) return put_text(p, ", no effect");
    p = put_hex(put_text(p, ", drops priority "), (u64)ev->dropped);
    return put_effect(p, c, ev);
}

static char *put_deactivate(char *p, const GicCpu *c, const IrqEvent *ev) {
    p = put_number(put_interface(p, " deactivate", ev->is_virtual), c, ev);
    if (!ev->is_virtual && ev->lr >= 0)
        p = put_dec(put_text(p, " by HW of LR"), (u64)ev->lr);
    else
        p = put_text(p, " by DIR");
    if (ev->effect == IRQ_NO_EFFECT) return put_text(p, ", no effect");
    if (ev->effect == IRQ_COUNTS) return put_effect(p, c, ev);
    return ev->is_virtual ? put_dec(put_text(p, " in LR"), (u64)ev->lr) : p;
}

static char *put_maintenance(char *p, const GicCpu *c) {
    static const char *const names[] = {"EOI",    "U",      "LRENP",  "NP",
                                        "VGrp0E", "VGrp0D", "VGrp1E", "VGrp1D"};
    p = put_dec(put_text(p, " maintenance interrupt of cpu"), c->cpu->index);
    if (!c->maintenance) return put_text(p, " is over");
    u32 misr = virt_misr(c);
    p = put_hex(put_text(p, " MISR="), misr);
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (bit(misr, i)) p = put_text(put_text(p, " "), names[i]);
    return p;
}

static void irq_facts(LineFacts *f, const GicCpu *c, const IrqEvent *ev) {
    bool v2 = c->gic->version == 2;
    f->has_intid = true;
    f->intid[0] = f->intid[1] = v2 ? ev->intid & 0x3ff : ev->intid;
    if (ev->kind != IRQ_LIST_REGISTER) return;
    u64 lr = c->lr[ev->lr];
    f->has_intid = lr != 0;
    f->intid[0] = f->intid[1] = (u32)(v2 ? bits(lr, 9, 0) : bits(lr, 23, 0));
    if (bit(lr, LR_HW)) f->intid[1] = (u32)bits(lr, v2 ? 41 : 44, LR_PINTID);
}

void trace_irq(void *arg, Cpu *cpu, const IrqEvent *ev) {
    Trace *t = arg;
    const Cpu *by = cpu_of_line(t, cpu);
    GicCpu *c = cpu ? cpu->gic : by->gic;
    // An event of the clock comes between two instructions: the next one is not executed yet.
    bool between = t->machine->firing || !t->machine->running;
    LineFacts facts = trace_facts(by, between ? by->icount : trace_executed(by));
    irq_facts(&facts, c, ev);
    char *p = trace_start_event(t, &facts);
    if (!p) return;
    p = put_text(p, " IRQ");
    switch (ev->kind) {
    case IRQ_PENDING: p = put_pending(p, c, cpu, ev); break;
    case IRQ_LIST_REGISTER: p = put_list_register(p, c, ev->lr); break;
    case IRQ_ACKNOWLEDGE: p = put_acknowledge(p, c, ev); break;
    case IRQ_EOI: p = put_eoi(p, c, ev); break;
    case IRQ_DEACTIVATE: p = put_deactivate(p, c, ev); break;
    case IRQ_MAINTENANCE: p = put_maintenance(p, c); break;
    }
    trace_end_line(t, p);
}
