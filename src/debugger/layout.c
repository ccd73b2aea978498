// The one-screen view of `layout`. It keeps for each CPU the registers it showed last. Plain text has '*' where a
// terminal has colour.
#include "debugger/layout.h"
#include "debugger/commands.h"
#include "debugger/disasm.h"

#include "cpu/cause.h"
#include "trace/internal.h"

#include <stdlib.h>

// Slots that are shown: x0..x30, sp, then what is no general-purpose register.
enum {
    SHOWN_PSTATE = REG_SP + 1,
    SHOWN_COUNT,
    STACK_ROWS = 2,
    CODE_BEFORE = 2,
    CODE_AFTER = 2,
    SYMBOL_COLUMNS = 20,
    SMALL_SCREEN = 30
};

typedef struct CpuLayout {
    bool shown;
    u64 regs[SHOWN_COUNT];
} CpuLayout;

struct Layout {
    CpuLayout *cpu;
};

Layout *layout_create(const Machine *machine) {
    Layout *l = calloc(1, sizeof *l);
    CHECK(l);
    l->cpu = calloc(machine->cpus, sizeof *l->cpu);
    CHECK(l->cpu);
    return l;
}

void layout_free(Layout *l) {
    if (!l) return;
    free(l->cpu);
    free(l);
}

// --- parts ---------------------------------------------------------------------------------------

// "--- title --------"
static void heading(Debugger *d, const char *title) {
    int n = fprintf(d->out, d->colour ? "\033[36m--- %s " : "--- %s ", title);
    if (d->colour) n -= 5;
    for (; n < (int)d->width - 1; n++) fputc('-', d->out);
    fputs(d->colour ? "\033[0m\n" : "\n", d->out);
}

// " <symbol+0x10>", or nothing.
static const char *symbol_text(Debugger *d, World world, u64 address, char *buf, size_t n) {
    SymbolHit hit;
    *buf = '\0';
    if (!symbols_lookup(d->symbols, world_space(world), address, &hit)) return buf;
    if (hit.offset)
        snprintf(buf, n, " <%s+0x%llx>", hit.name, (unsigned long long)hit.offset);
    else
        snprintf(buf, n, " <%s>", hit.name);
    return buf;
}

static void print_symbol(Debugger *d, World world, u64 address) {
    char text[256];
    fputs(symbol_text(d, world, address, text, sizeof text), d->out);
}

static void print_world(Debugger *d, World world) {
    char text[32];
    *put_world(text, world) = '\0';
    fputs(text, d->out);
}

static void print_cell(Debugger *d, const char *name, u64 value, bool changed) {
    fprintf(d->out, "%-3s %s%016llx%s", name, d->colour && changed ? "\033[1;31m" : "",
            (unsigned long long)value,
            !changed    ? ""
            : d->colour ? "\033[0m"
                        : "*");
}

// A small screen has arguments, frame pointer, link register, stack pointer and what changed.
static bool is_shown(const Debugger *d, unsigned i, bool changed) {
    bool small = d->height && d->height < SMALL_SCREEN;
    return !small || changed || i <= 8 || i >= 29;
}

static void print_registers(Debugger *d, const CpuLayout *c, const u64 now[SHOWN_COUNT]) {
    unsigned columns = MAX((d->width + 2) / 23, 1u), n = 0;
    for (unsigned i = 0; i <= REG_SP; i++) {
        char name[8];
        bool changed = c->shown && now[i] != c->regs[i];
        if (!is_shown(d, i, changed)) continue;
        snprintf(name, sizeof name, i == REG_SP ? "sp" : "x%u", i);
        print_cell(d, name, now[i], changed);
        bool last = ++n % columns == 0 || i == REG_SP;
        fputs(last ? "\n" : changed && !d->colour ? "  " : "   ", d->out);
    }
}

// "PSTATE nZCv Daif EL1h  cpu0  vm1  after 1234 instructions"
static void print_state(Debugger *d, const CpuLayout *c, u64 pstate) {
    static const char flags[] = "NZCV", masks[] = "DAIF";
    Cpu *cpu = d->cpu;
    char nzcv[5] = "", daif[5] = "";
    for (unsigned i = 0; i < 4; i++) {
        nzcv[i] = (char)(flags[i] | (bit(pstate, 31 - i) ? 0 : 0x20));
        daif[i] = (char)(masks[i] | (bit(pstate, 9 - i) ? 0 : 0x20));
    }
    bool changed = c->shown && pstate != c->regs[SHOWN_PSTATE];
    char el[12];
    snprintf(el, sizeof el, "EL%u%c%s", cpu->el, bit(pstate, 0) ? 'h' : 't',
             bit(pstate, 20) ? " IL" : "");
    fprintf(d->out, "%sPSTATE %s %s %s%s  cpu%u  ", d->colour && changed ? "\033[1;31m" : "", nzcv,
            daif, el,
            !changed    ? ""
            : d->colour ? "\033[0m"
                        : "*",
            cpu->index);
    print_world(d, world_of(cpu, cpu->el));
    fprintf(d->out, "  after %llu instructions\n", (unsigned long long)cpu->icount);
}

// "=> 0000000040080000 <_start>  10004001  adr     x1, #0x40080800"
static void print_instruction(Debugger *d, Disassembler *dis, u64 at, bool here) {
    World world = world_of(d->cpu, d->cpu->el);
    char text[128], symbol[256];
    u32 word;
    Error err;
    const char *mark = here ? "=>" : "  ";
    if (disasm_fetch(d->cpu, (Space){.kind = AS_CURRENT}, at, &word, &err)) {
        disasm_text(dis, world_space(world), at, word, text, sizeof text);
        symbol_text(d, world, at, symbol, sizeof symbol);
        fprintf(d->out, "%s%s %016llx%-*s  %08x  %s%s\n", here && d->colour ? "\033[1m" : "", mark,
                (unsigned long long)at, symbols_count(d->symbols) ? SYMBOL_COLUMNS : 0, symbol,
                word, text, here && d->colour ? "\033[0m" : "");
    } else if (here) {
        fprintf(d->out, "=> %016llx  %s\n", (unsigned long long)at, err.text);
    }
}

static void print_code(Debugger *d) {
    Disassembler *dis = disasm_open(d->machine, d->symbols);
    for (int i = -CODE_BEFORE; i <= CODE_AFTER; i++)
        print_instruction(d, dis, d->cpu->pc + (u64)(i64)(i * 4), i == 0);
    disasm_close(dis);
}

static void print_stack(Debugger *d) {
    Cpu *cpu = d->cpu;
    World world = world_of(cpu, cpu->el);
    for (unsigned i = 0; i < STACK_ROWS; i++) {
        u64 at = cpu->x[REG_SP] + 16 * i, words[2];
        Error err;
        fprintf(d->out, "%016llx ", (unsigned long long)at);
        if (!space_read(cpu, (Space){.kind = AS_CURRENT}, at, words, sizeof words, &err)) {
            fprintf(d->out, " %s\n", err.text);
            return;
        }
        for (unsigned k = 0; k < 2; k++) {
            fprintf(d->out, " %016llx", (unsigned long long)words[k]);
            print_symbol(d, world, words[k]);
        }
        fputc('\n', d->out);
    }
}

// --- the banner ----------------------------------------------------------------------------------

static bool is_interrupt(const Exception *e) {
    return e->kind == EXC_IRQ || e->kind == EXC_FIQ;
}

// The last exception to EL2 that the ring has; NULL: none.
static const ExitRecord *last_exit(const Cpu *cpu) {
    const ExitRecord *r;
    u64 n = 0;
    while ((r = exit_ring_get(cpu, n)) && (r->event != EXIT_EXCEPTION || r->to_el != 2)) n++;
    return r;
}

static void print_syndrome(Debugger *d, const ExitRecord *r, const Exception *e) {
    char text[LINE_MAX_LENGTH];
    if (is_interrupt(e)) return;
    *put_iss(text, e->ec, e->iss) = '\0';
    fprintf(d->out, "ESR_EL2 0x%llx %s%s\n", (unsigned long long)r->esr, exception_name(e), text);
    if (!e->far_valid && !e->hpfar_valid) return;
    if (e->far_valid) fprintf(d->out, "FAR_EL2 0x%llx", (unsigned long long)e->far);
    if (e->hpfar_valid)
        fprintf(d->out, "%sIPA 0x%llx", e->far_valid ? "  " : "",
                (unsigned long long)fault_ipa(d->cpu, e));
    fputc('\n', d->out);
}

// Which control took it to EL2, and who set that.
static void print_rule(Debugger *d, const ExitRecord *r) {
    ControlWrite by;
    if (!r->rule) return;
    fprintf(d->out, "by %s", r->rule);
    if (cause_of(d->cpu, r->rule, &by)) {
        World el2 = {WORLD_EL2, 0};
        bool since = by.icount > r->icount;
        fprintf(d->out, ", %s at 0x%llx", since ? "written since" : "last written",
                (unsigned long long)by.pc);
        if (by.el == 2) print_symbol(d, el2, by.pc);
        fprintf(d->out, " (EL%u, instruction %llu)", by.el, (unsigned long long)by.icount);
    }
    fputc('\n', d->out);
}

static void print_exit(Debugger *d) {
    const ExitRecord *r = last_exit(d->cpu);
    if (!r) {
        fprintf(d->out, "none %s\n",
                d->cpu->exits->count > EXIT_RING_SIZE ? "in the ring any more" : "yet");
        return;
    }
    Exception e = exit_exception(r);
    World world = exit_world(r);
    char intid[64] = "";
    if (has_intid(&e)) *put_intid(put_text(intid, " "), e.intid) = '\0';
    fprintf(d->out, "%s%s from ", exception_name(&e), intid);
    print_world(d, world);
    fprintf(d->out, " EL%d, pc 0x%llx", r->from_el, (unsigned long long)r->pc);
    print_symbol(d, world, r->pc);
    fprintf(d->out, ", instruction %llu\n", (unsigned long long)r->icount);
    print_syndrome(d, r, &e);
    print_rule(d, r);
}

void layout_show(Debugger *d) {
    CpuLayout *c = &d->layout->cpu[d->cpu->index];
    u64 now[SHOWN_COUNT];
    memcpy(now, d->cpu->x, (REG_SP + 1) * sizeof *now);
    now[SHOWN_PSTATE] = cpu_spsr(d->cpu);
    heading(d, "registers");
    print_registers(d, c, now);
    print_state(d, c, now[SHOWN_PSTATE]);
    heading(d, "code");
    print_code(d);
    heading(d, "stack");
    print_stack(d);
    heading(d, "last exception to EL2");
    print_exit(d);
    memcpy(c->regs, now, sizeof now);
    c->shown = true;
}

bool cmd_layout(Debugger *d, const char *args, Error *err) {
    bool on = !strcmp(args, "on"), off = !strcmp(args, "off");
    if (*args && !on && !off && strcmp(args, "once"))
        return error_set(err, "layout: '%s' is none of on, off and once", args);
    if (on || off) d->settings.layout = on;
    if (!off) layout_show(d);
    return true;
}
