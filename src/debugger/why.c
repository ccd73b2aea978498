// `why`: one exception in sentences. What cannot be known any more (a control that was written since, tables that
// changed) is said to be so.
#include "debugger/why.h"

#include "cpu/cause.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "debugger/disasm.h"
#include "debugger/explain.h"
#include "debugger/place.h"
#include "debugger/view_walk.h"
#include "gen/exceptions.h"
#include "gic/internal.h"
#include "trace/internal.h"

#include <stdlib.h>

typedef struct Why {
    Debugger *d;
    const ExitRecord *r;
    u64 n;  // of the record
    Exception e;
    World world;  // whose code it was
    Space space;  // of its addresses
    u64 pc;       // the instruction
    u32 word;
    bool readable;  // word is what is there now
    const char *rule;
} Why;

static Space space_of(const Cpu *cpu, const ExitRecord *r, World w) {
    if (w.kind == WORLD_VM && (!bit(cpu->sys.HCR_EL2, HCR_VM) || regime_vmid(cpu) != w.vmid))
        return (Space){.kind = AS_VM, .vmid = w.vmid};
    return (Space){.kind = AS_EL, .el = r->from_el};
}

static const char *place(const Why *w, Space space, u64 address) {
    static _Thread_local char buf[2][200];
    static _Thread_local unsigned turn;
    return debugger_place(w->d, space, address, buf[turn ^= 1], sizeof buf[0]);
}

// --- what it did ---------------------------------------------------------------------------------

static void say_where(const Why *w) {
    char name[16];
    *put_world(name, w->world) = '\0';
    fprintf(w->d->out, "CPU %u, %s at EL%u, instruction %llu:\n", w->d->cpu->index, name,
            w->r->from_el, (unsigned long long)w->r->icount);
    char text[160] = "(the instruction cannot be read now)";
    if (w->readable) {
        Disassembler *dis = disasm_open(w->d->machine, w->d->symbols);
        disasm_text(dis, place_symbols(w->d->cpu, w->space), w->pc, w->word, text, sizeof text);
        disasm_close(dis);
    }
    bool asynchronous = w->e.kind != EXC_SYNC;
    fprintf(w->d->out, "  %s%s  %s\n", asynchronous ? "before " : "", place(w, w->space, w->pc),
            text);
}

// "x3", "wzr".
static const char *register_name(char *buf, size_t n, bool wide, unsigned rt) {
    if (rt == 31)
        snprintf(buf, n, "%czr", wide ? 'x' : 'w');
    else
        snprintf(buf, n, "%c%u", wide ? 'x' : 'w', rt);
    return buf;
}

static void say_access(const Why *w) {
    const Exception *e = &w->e;
    bool fetch = e->ec == EC_IABT_LOWER || e->ec == EC_IABT_SAME;
    bool write = !fetch && bit(e->iss, 6);
    fprintf(w->d->out, "  It %s", fetch ? "fetched an instruction" : write ? "wrote" : "read");
    if (iss_has_access(e)) {
        unsigned rt = (unsigned)bits(e->iss, 20, 16), size = 1u << bits(e->iss, 23, 22);
        fprintf(w->d->out, " %u byte%s", size, size == 1 ? "" : "s");
        char name[8];
        register_name(name, sizeof name, size == 8 || (!write && bit(e->iss, 15)), rt);
        if (write)
            fprintf(w->d->out, " (%s = 0x%llx)", name,
                    (unsigned long long)(w->r->value & ones(size * 8)));
        else
            fprintf(w->d->out, " into %s", name);
    }
    if (e->far_valid) fprintf(w->d->out, " at 0x%llx", (unsigned long long)e->far);
    if (e->hpfar_valid)
        fprintf(w->d->out, ", %s 0x%llx",
                bit(e->iss, 7) ? "whose stage 1 descriptor is in IPA page" : "IPA",
                (unsigned long long)fault_ipa(NULL, e));
    fprintf(w->d->out, ".\n");
}

static void say_call(const Why *w) {
    fprintf(w->d->out, "  It called with x0 = 0x%llx, x1 = 0x%llx, x2 = 0x%llx, x3 = 0x%llx.\n",
            (unsigned long long)w->r->x[0], (unsigned long long)w->r->x[1],
            (unsigned long long)w->r->x[2], (unsigned long long)w->r->x[3]);
}

static void say_sysreg(const Why *w) {
    char text[64], name[8];
    *put_sysreg(text, w->e.iss) = '\0';
    unsigned rt = (unsigned)bits(w->e.iss, 9, 5);
    if (bit(w->e.iss, 0))
        fprintf(w->d->out, "  It is %s, into %s.\n", text,
                register_name(name, sizeof name, true, rt));
    else
        fprintf(w->d->out, "  It is %s with 0x%llx.\n", text, (unsigned long long)w->r->value);
}

static void say_what(const Why *w) {
    if (w->e.kind != EXC_SYNC) return;
    if (is_abort(&w->e)) say_access(w);
    if (w->e.ec == EC_HVC64 || w->e.ec == EC_SMC64) say_call(w);
    if (w->e.ec == EC_SYSREG) say_sysreg(w);
}

// --- why it went there ---------------------------------------------------------------------------

static void say_class(const Why *w) {
    const Exception *e = &w->e;
    const ExceptionClass *c = &exception_classes[e->ec & 63];
    fprintf(w->d->out, "  %s%s, taken from EL%u to EL%u", w->r->is_virtual ? "Virtual " : "",
            exception_name(e), w->r->from_el, w->r->to_el);
    if (e->kind == EXC_SYNC && c->title) fprintf(w->d->out, ": %s", c->title);
    fprintf(w->d->out, ".\n");
    if (e->kind != EXC_SYNC && e->kind != EXC_SERROR) return;
    char iss[LINE_MAX_LENGTH];
    *put_iss(iss, e->ec, e->iss) = '\0';
    fprintf(w->d->out, "  ESR_EL%u 0x%llx:%s.\n", w->r->to_el, (unsigned long long)w->r->esr,
            *iss ? iss : " ISS 0");
}

// The rule names a bit or field of a register: its value now, and who wrote it last.
static void say_control(const Why *w, const char *rule) {
    Reg reg;
    u128 value;
    char name[40];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(rule, ",: "), rule);
    Cpu *cpu = w->d->cpu;
    if (!reg_find(cpu, name, &reg, NULL) || !strchr(name, '.') ||
        !reg_read(cpu, &reg, &value, NULL))
        return;
    ControlWrite by;
    bool known = cause_of(cpu, rule, &by);
    if (known && by.icount > w->r->icount) {
        fprintf(w->d->out, "    %s is %llu now; it was written since, at %s, instruction %llu.\n",
                reg.name, (unsigned long long)value,
                place(w, (Space){.kind = AS_EL, .el = by.el}, by.pc),
                (unsigned long long)by.icount);
        return;
    }
    fprintf(w->d->out, "    %s = %llu", reg.name, (unsigned long long)value);
    if (known)
        fprintf(w->d->out, ", since the write at %s in EL%u, instruction %llu.\n",
                place(w, (Space){.kind = AS_EL, .el = by.el}, by.pc), by.el,
                (unsigned long long)by.icount);
    else
        fprintf(w->d->out, ", as at reset or set by a debugger.\n");
}

static const char *rule_of(const ExitRecord *r, const Exception *e) {
    if (r->rule) return r->rule;
    if (e->kind == EXC_SYNC && e->ec == EC_HVC64) return "HVC goes to EL2";
    if (r->from_el == 2) return "an exception from EL2 stays in EL2";
    if (e->kind == EXC_SYNC && e->ec == EC_UNKNOWN)
        return "the instruction is UNDEFINED, and nothing routes that to EL2";
    return r->to_el == 1 ? "nothing routes it to EL2" : "default";
}

static void say_rule(const Why *w) {
    fprintf(w->d->out, "  Because: %s.\n", w->rule);
    if (w->r->rule) say_control(w, w->r->rule);
}

// What else would have trapped the access of a system register, had the rule not.
static void say_others(const Why *w) {
    if (w->e.kind != EXC_SYNC || w->e.ec != EC_SYSREG) return;
    Cpu *copy = malloc(sizeof *copy);
    CHECK(copy);
    *copy = *w->d->cpu;
    copy->el = w->r->from_el;
    copy->sys.HCR_EL2 = w->r->hcr;
    u32 iss = w->e.iss;
    unsigned enc = sysreg_enc((unsigned)bits(iss, 21, 20), (unsigned)bits(iss, 16, 14),
                              (unsigned)bits(iss, 13, 10), (unsigned)bits(iss, 4, 1),
                              (unsigned)bits(iss, 19, 17));
    const char *rules[16];
    unsigned n = sysreg_applying_traps(copy, enc, bit(iss, 0), rules, ARRAY_LEN(rules)), said = 0;
    for (unsigned i = 0; i < n; i++) {
        if (w->r->rule && !strcmp(rules[i], w->r->rule)) continue;
        fprintf(w->d->out, "%s%s", said++ ? ", " : "  Without it, it would have trapped by ",
                rules[i]);
    }
    if (said) fprintf(w->d->out, ".\n");
    free(copy);
}

// Of an UNDEFINED instruction: what makes it so.
static void say_undefined(const Why *w) {
    if (w->e.kind != EXC_SYNC || w->e.ec != EC_UNKNOWN || !w->readable) return;
    Explanation *x = malloc(sizeof *x);
    CHECK(x);
    explain_insn(w->d->cpu->machine, w->word, x);
    if (!(w->word >> 16))
        fprintf(w->d->out, "    UDF is permanently UNDEFINED\n");
    else if (strstr(x->summary, "In no row"))
        fprintf(w->d->out, "    it is in no row of the decoder\n");
    for (unsigned i = 0; i < x->notes; i++) {
        const char *note = x->note[i], *level = strstr(note, ": from EL");
        bool says_so = strstr(note, "UNDEFINED") || strstr(note, "does not have") ||
                       strstr(note, "in no row") ||
                       (level && level[strlen(": from EL")] - '0' > w->r->from_el);
        if (says_so) fprintf(w->d->out, "    %s\n", note);
    }
    free(x);
}

static void say_interrupt(const Why *w) {
    const GicCpu *gic = w->d->cpu->gic;
    if ((w->e.kind != EXC_IRQ && w->e.kind != EXC_FIQ) || !gic) return;
    if (!has_intid(&w->e)) {
        fprintf(w->d->out, "  It is not for an interrupt of the GIC%s.\n",
                w->r->is_virtual ? ": HCR_EL2.VI or VF made it pending" : "");
        return;
    }
    Pending now = w->r->is_virtual ? virt_hppi(gic) : gic->hppi;
    char name[64];
    *put_intid(name, w->e.intid) = '\0';
    fprintf(w->d->out, "  The interrupt is %s%s", name,
            w->r->is_virtual ? ", from the list registers" : "");
    if (w->n == 0 && now.intid == w->e.intid)
        fprintf(w->d->out, ", priority 0x%02x, still pending.\n", now.priority);
    else
        fprintf(w->d->out, " (gic %s%u shows what became of it).\n",
                w->r->is_virtual ? "virtual " : "", w->e.intid);
}

// --- the walk ------------------------------------------------------------------------------------

// LDTR or STTR that had EL0's permissions; above EL1 only in the EL2&0 regime.
static bool is_unprivileged(const Why *w) {
    bool ldtr = w->readable && (w->word & 0x3f200c00) == 0x38000800;
    if (!ldtr || w->r->spsr & PSTATE_UAO) return false;
    return w->r->from_el == 1 ||
           (w->r->from_el == 2 && bit(w->r->hcr, HCR_E2H) && bit(w->r->hcr, HCR_TGE));
}

// Faults that no table causes.
static void say_no_walk(const Why *w, const ViewWalk *view) {
    FILE *out = w->d->out;
    unsigned long long pa = view->t.pa;
    switch (fault_status_of(&w->e)) {
    case DFSC_EXTERNAL:
        fprintf(out, "  The translation is not the cause: %s at pa 0x%llx%s.\n",
                view->region ? view->region : "nothing", pa,
                view->region ? " refuses the access" : " answers");
        break;
    case DFSC_TAG_CHECK:
        fprintf(out,
                "  The translation is not the cause: the tag of the pointer is 0x%x, that of the "
                "memory at "
                "pa 0x%llx was 0x%x.\n",
                (unsigned)bits(w->e.far, 59, 56), pa, w->e.memory_tag);
        break;
    case DFSC_ALIGNMENT:
        fprintf(out, "  The translation is not the cause: the access is not aligned%s.\n",
                view->t.device ? ", and the memory is Device" : "");
        break;
    case DFSC_UNSUPPORTED_EXCLUSIVE:
        fprintf(out,
                "  The translation is not the cause: the memory at pa 0x%llx has no such access.\n",
                pa);
        break;
    default:
        fprintf(
            out,
            "  The same access would succeed now: the tables or controls have changed since.\n");
    }
}

static void say_walk(const Why *w) {
    if (!is_abort(&w->e) || !w->e.far_valid) return;
    bool fetch = !is_data_abort(&w->e);
    AccessType type = fetch                                   ? ACCESS_FETCH
                      : bit(w->e.iss, 6) && !bit(w->e.iss, 7) ? ACCESS_WRITE
                                                              : ACCESS_READ;
    int el = !fetch && is_unprivileged(w) ? 0 : w->r->from_el;
    Error err = {""};
    Cpu *then = view_cpu(w->d->cpu, (Space){.kind = AS_CURRENT}, &err);
    ViewWalk *view = calloc(1, sizeof *view);
    CHECK(then && view);
    then->el = w->r->from_el;
    then->pstate = (then->pstate & ~(u32)PSTATE_PAN) | (w->r->spsr & PSTATE_PAN);
    if (!view_walk(then, w->space, w->e.far, type, el, view, &err)) {
        fprintf(w->d->out, "  The walk cannot be repeated: %s.\n", err.text);
    } else if (view->ok) {
        say_no_walk(w, view);
    } else {
        fprintf(w->d->out, "  The walk, as the tables are now:\n");
        view_walk_print(w->d->out, view, false, w->d->width);
    }
    free(view);
    free(then);
}

// --- what came of it -----------------------------------------------------------------------------

// The record of the return that ended it: the first one behind it from its level to where it came from.
static const ExitRecord *return_of(const Why *w) {
    unsigned depth = 1;
    for (u64 n = w->n; n-- > 0;) {
        const ExitRecord *r = exit_ring_get(w->d->cpu, n);
        if (!r) return NULL;
        if (r->event == EXIT_EXCEPTION && r->to_el == w->r->to_el) depth++;
        if (r->event != EXIT_EXCEPTION && r->from_el == w->r->to_el && --depth == 0) return r;
    }
    return NULL;
}

static void say_outcome(const Why *w) {
    Space handler = {.kind = AS_EL, .el = w->r->to_el};
    fprintf(w->d->out, "  EL%u went to %s", w->r->to_el, place(w, handler, w->r->target));
    const ExitRecord *back = return_of(w);
    if (!back) {
        fprintf(w->d->out, " and has not returned.\n");
        return;
    }
    fprintf(w->d->out, " and returned to EL%u at %s after %llu instructions", back->to_el,
            place(w, w->space, back->target), (unsigned long long)(back->icount - w->r->icount));
    if (w->e.kind == EXC_SYNC && !exception_is_behind(&w->e)) {
        if (back->target == w->pc) fprintf(w->d->out, ": the same instruction again");
        if (back->target == w->pc + 4) fprintf(w->d->out, ": behind the instruction");
    }
    fprintf(w->d->out, ".\n");
}

static void say_return(Debugger *d, const ExitRecord *r) {
    char buf[200];
    fprintf(d->out, "CPU %u: ERET from EL%u to EL%u at %s, instruction %llu, SPSR 0x%x%s.\n",
            d->cpu->index, r->from_el, r->to_el,
            debugger_place(d, (Space){.kind = AS_EL, .el = r->to_el}, r->target, buf, sizeof buf),
            (unsigned long long)r->icount, r->spsr,
            r->event == EXIT_ILLEGAL_RETURN ? "; an illegal return: PSTATE.IL is set" : "");
}

void why_print(Debugger *d, u64 n) {
    const ExitRecord *r = exit_ring_get(d->cpu, n);
    if (r->event != EXIT_EXCEPTION) {
        say_return(d, r);
        return;
    }
    Why w = {.d = d, .r = r, .n = n, .world = exit_world(r), .e = exit_exception(r)};
    w.space = space_of(d->cpu, r, w.world);
    w.pc = exception_is_behind(&w.e) ? r->pc - 4 : r->pc;
    w.rule = rule_of(r, &w.e);
    w.readable = disasm_fetch(d->cpu, w.space, w.pc, &w.word, NULL);
    say_where(&w);
    say_what(&w);
    say_class(&w);
    say_rule(&w);
    say_undefined(&w);
    say_others(&w);
    say_interrupt(&w);
    say_walk(&w);
    say_outcome(&w);
}
