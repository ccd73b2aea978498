// gic, timers.
#include "cpu/sysreg.h"
#include "debugger/commands.h"
#include "debugger/view_gic.h"

static bool take_intid(Debugger *d, const char *args, u32 *intid, Error *err) {
    ExprValue value;
    if (!debugger_value(d, &args, &value, err)) return false;
    if (*args) return error_set(err, "gic: '%s' is too much", args);
    if (value.v >= LPI_LIMIT)
        return error_set(err, "gic: %llu is no INTID", (unsigned long long)value.v);
    *intid = (u32)value.v;
    return true;
}

// The word is the start of args: what follows it, else NULL.
static const char *after_word(const char *args, const char *word) {
    size_t n = strcspn(args, " \t");
    if (!n || strncmp(args, word, n)) return NULL;
    return args + n + strspn(args + n, " \t");
}

bool cmd_gic(Debugger *d, const char *args, Error *err) {
    const char *rest;
    u32 intid;
    if (!d->cpu->gic) return error_set(err, "gic: this machine has none");
    if (!*args) {
        view_gic(d->machine, d->out);
        return true;
    }
    if ((rest = after_word(args, "lr"))) {
        if (!d->machine->config.el2)
            return error_set(err, "gic: list registers need EL2 (virtualization=on)");
        view_gic_list_registers(d->cpu, d->out);
        return true;
    }
    if ((rest = after_word(args, "virtual"))) {
        if (!take_intid(d, rest, &intid, err)) return false;
        view_gic_virtual(d->cpu, intid, d->out);
        return true;
    }
    if (!take_intid(d, args, &intid, err)) return false;
    return view_gic_interrupt(d->cpu, intid, d->out) ||
           error_set(err, "gic: this machine has no INTID %u", intid);
}

// "in 12,345 ns", "1.5 ms ago"...
static void put_distance(FILE *out, const GentimerView *t) {
    u64 ticks = t->met ? t->count - t->cval : t->cval - t->count;
    double ns = (double)ticks * 1e9 / (double)t->hz;
    const char *unit = "ns";
    if (ns >= 1e9)
        ns /= 1e9, unit = "s";
    else if (ns >= 1e6)
        ns /= 1e6, unit = "ms";
    else if (ns >= 1e3)
        ns /= 1e3, unit = "us";
    if (t->met)
        fprintf(out, "expired %.4g %s ago", ns, unit);
    else if (ns > 1e9)
        fprintf(out, "practically never");
    else
        fprintf(out, "expires in %.4g %s", ns, unit);
}

static void put_timer(Debugger *d, const GentimerView *t) {
    bool enabled = bit(t->ctl, 0), masked = bit(t->ctl, 1);
    fprintf(d->out, "  %-5s INTID %u  CVAL 0x%016llx  count 0x%016llx", t->name, t->ppi,
            (unsigned long long)t->cval, (unsigned long long)t->count);
    if (t->offset) fprintf(d->out, "  offset 0x%llx", (unsigned long long)t->offset);
    fprintf(d->out, "\n        ENABLE=%u IMASK=%u: ", enabled, masked);
    if (!enabled) {
        fprintf(d->out, "off\n");
        return;
    }
    put_distance(d->out, t);
    const Bank *b = d->cpu->gic ? &d->cpu->gic->local : NULL;
    if (t->met && masked)
        fprintf(d->out, ", masked: asserts no interrupt");
    else if (t->met)
        fprintf(d->out, ", asserts its interrupt");
    if (b && !masked && !bit(b->enabled, t->ppi))
        fprintf(d->out, "; INTID %u is not enabled in the GIC", t->ppi);
    if (b && t->met && !masked && bit(b->active, t->ppi))
        fprintf(d->out, "; INTID %u is active", t->ppi);
    fputc('\n', d->out);
}

bool cmd_timers(Debugger *d, const char *args, Error *err) {
    GentimerView view[GENTIMERS];
    if (*args) return error_set(err, "timers: takes no arguments");
    gentimer_view(d->cpu, view);
    fprintf(d->out, "CPU %u, CNTFRQ_EL0 %llu Hz, CNTPCT_EL0 0x%016llx\n", d->cpu->index,
            (unsigned long long)view[0].hz, (unsigned long long)(view[0].count + view[0].offset));
    static const unsigned control[GENTIMERS] = {SYSREG_CNTP_CTL_EL0, SYSREG_CNTV_CTL_EL0,
                                                SYSREG_CNTHP_CTL_EL2, SYSREG_CNTHV_CTL_EL2};
    for (unsigned i = 0; i < GENTIMERS; i++)
        if (sysreg_present(d->cpu, control[i])) put_timer(d, &view[i]);
    return true;
}
