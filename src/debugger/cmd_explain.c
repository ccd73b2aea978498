// `explain`: syndromes, registers, instructions and calls taken apart (explain.h), those of the machine as it
// stands or values that are given.
#include "cpu/cause.h"
#include "cpu/exit_ring.h"
#include "debugger/commands.h"
#include "debugger/disasm.h"
#include "debugger/explain.h"
#include "debugger/place.h"
#include "debugger/state.h"

#include <stdlib.h>
#include <strings.h>

enum { MOST_WRITES = 5 };

// --- the last exception ------------------------------------------------------------------------------------

static const ExitRecord *last_syndrome(const Cpu *cpu) {
    const ExitRecord *r;
    for (u64 n = 0; (r = exit_ring_get(cpu, n)); n++)
        if (r->event == EXIT_EXCEPTION && (r->kind == EXC_SYNC || r->kind == EXC_SERROR)) return r;
    return NULL;
}

static void print_at(Debugger *d, const char *what, u64 pc, unsigned el, u64 icount) {
    char place[200];
    fprintf(d->out, "%s %s at EL%u, instruction %llu", what,
            debugger_place(d, (Space){.kind = AS_EL, .el = (u8)el}, pc, place, sizeof place), el,
            (unsigned long long)icount);
}

static bool explain_last(Debugger *d, Error *err) {
    Explanation x;
    const ExitRecord *r = last_syndrome(d->cpu);
    if (!r)
        return error_set(err, "explain: no exception with a syndrome yet on CPU %u", d->cpu->index);
    if (!explain_esr(r->esr, r->far_valid ? &r->far : NULL, r->hpfar_valid ? &r->hpfar : NULL, &x,
                     err))
        return false;
    snprintf(x.name, sizeof x.name, "ESR_EL%u", r->to_el);
    print_at(d, "last exception: from", r->pc, r->from_el, r->icount);
    fprintf(d->out, " to EL%u%s%s\n", r->to_el, r->rule ? ", by " : "", r->rule ? r->rule : "");
    explain_print(&x, d->out);
    return true;
}

// --- live registers ------------------------------------------------------------------------------------------

// Who changed which fields last: one line a write, the newest first.
static void print_writers(Debugger *d, const Explanation *x) {
    ControlWrite by[EXPLAIN_FIELDS];
    bool open[EXPLAIN_FIELDS] = {false};
    for (unsigned i = 0; i < x->count; i++) {
        char rule[100];
        snprintf(rule, sizeof rule, "%s.%s", x->name, x->field[i].name);
        open[i] = strncmp(x->field[i].name, "RES", 3) && cause_of(d->cpu, rule, &by[i]);
    }
    for (unsigned lines = 0; lines < MOST_WRITES; lines++) {
        int newest = -1;
        for (unsigned i = 0; i < x->count; i++)
            if (open[i] && (newest < 0 || by[i].icount > by[newest].icount)) newest = (int)i;
        if (newest < 0) return;
        ControlWrite w = by[newest];
        print_at(d, "  changed at", w.pc, w.el, w.icount);
        const char *separator = ": ";
        for (unsigned i = 0; i < x->count; i++) {
            if (!open[i] || by[i].icount != w.icount || by[i].pc != w.pc) continue;
            fprintf(d->out, "%s%s", separator, x->field[i].name);
            separator = ", ";
            open[i] = false;
        }
        fputc('\n', d->out);
    }
}

static bool read_register(Debugger *d, const char *name, u64 *value, Error *err) {
    Reg reg;
    u128 v;
    if (!reg_find(d->cpu, name, &reg, err) || !reg_read(d->cpu, &reg, &v, err)) return false;
    *value = (u64)v;
    return true;
}

static bool explain_named(Debugger *d, const char *name, const u64 *given, Error *err) {
    Explanation x;
    ExplainContext c = {.features = d->machine->features, .e2h = cpu_e2h(d->cpu)};
    u64 value = given ? *given : 0;
    if (!explain_register(name, value, &c, &x, err)) return false;
    if (!given) {
        if (!read_register(d, x.name, &value, err)) return false;
        if (!explain_register(name, value, &c, &x, err)) return false;
    }
    explain_print(&x, d->out);
    if (!given) print_writers(d, &x);
    return true;
}

// HPFAR_EL2 is about this syndrome: aborts of stage 2, but not permission faults except on table walks (Arm
// ARM: "HPFAR_EL2, Hypervisor IPA Fault Address Register"). A fault that is taken from a lower level to EL2 and is
// not External is one of stage 2, except of a host's EL0.
static bool hpfar_valid(const struct SysRegs *s) {
    unsigned ec = (unsigned)bits(s->ESR_EL2, 31, 26), status = (unsigned)bits(s->ESR_EL2, 5, 0);
    if ((ec != EC_DABT_LOWER && ec != EC_IABT_LOWER) || bit(s->HCR_EL2, HCR_TGE)) return false;
    return status < 0xc || (status < 0x10 && bit(s->ESR_EL2, 7));
}

// Of EL2 or EL1, with the registers that belong to it.
static bool explain_live_esr(Debugger *d, unsigned el, Error *err) {
    const struct SysRegs *s = &d->cpu->sys;
    Explanation x;
    bool ok = el == 2 ? explain_esr(s->ESR_EL2, &s->FAR_EL2, hpfar_valid(s) ? &s->HPFAR_EL2 : NULL,
                                    &x, err)
                      : explain_esr(s->ESR_EL1, &s->FAR_EL1, NULL, &x, err);
    if (!ok) return false;
    snprintf(x.name, sizeof x.name, "ESR_EL%u", el);
    explain_print(&x, d->out);
    return true;
}

// --- the command -------------------------------------------------------------------------------------------

static bool is_one_of(const char *word, const char *const *list) {
    for (; *list; list++)
        if (!strcasecmp(word, *list)) return true;
    return false;
}

// A value as 32 bits.
static bool is_word(const char *what, u64 value, Error *err) {
    if (!(value >> 32)) return true;
    return error_set(err, "explain: %s has 32 bits, not 0x%llx", what, (unsigned long long)value);
}

static bool explain_word(Debugger *d, const u64 *given, Error *err) {
    Explanation x;
    u32 word = given ? (u32)*given : 0;
    if (given && !is_word("an instruction", *given, err)) return false;
    if (!given && !disasm_fetch(d->cpu, (Space){.kind = AS_CURRENT}, d->cpu->pc, &word, err))
        return false;
    explain_insn(d->machine, word, &x);
    explain_print(&x, d->out);
    return true;
}

static bool explain_function(Debugger *d, const char *what, const u64 *given, Error *err) {
    Explanation x;
    u64 value = given ? *given : (u32)d->cpu->x[0];
    if (!is_word("a function", value, err)) return false;
    bool psci = !strcasecmp(what, "psci");
    if (psci && value < 0x20) value |= 0x84000000;
    explain_call(!psci && !strcasecmp(what, "hvc"), (u32)value, &x);
    explain_print(&x, d->out);
    return true;
}

bool cmd_explain(Debugger *d, const char *args, Error *err) {
    static const char *const esr[] = {"esr", "esr_el1", "esr_el2", NULL};
    static const char *const call[] = {"hvc", "smc", "psci", NULL};
    char what[40];
    int n = 0;
    if (sscanf(args, "%39s%n", what, &n) != 1) return explain_last(d, err);
    args += n;
    args += strspn(args, " \t");
    const u64 *given = NULL;
    ExprValue value;
    if (*args) {
        if (!debugger_value(d, &args, &value, err)) return false;
        args += strspn(args, " \t");
        if (*args) return error_set(err, "explain: one value, not also '%.40s'", args);
        given = &value.v;
    }
    if (!strcasecmp(what, "insn")) return explain_word(d, given, err);
    if (is_one_of(what, call)) return explain_function(d, what, given, err);
    if (!is_one_of(what, esr)) return explain_named(d, what, given, err);
    if (!given) return explain_live_esr(d, strcasecmp(what, "esr_el1") ? 2 : 1, err);
    Explanation x;
    if (!explain_esr(*given, NULL, NULL, &x, err)) return false;
    explain_print(&x, d->out);
    return true;
}
