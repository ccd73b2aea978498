// The exit trace: watches exceptions taken to EL2 and returns from it, and writes and counts them.
// Nothing here changes the machine. Exceptions to EL1 (virtual interrupts included) do not involve
// the hypervisor and are left out.
#include "cpu/cause.h"
#include "gen/exceptions.h"
#include "trace/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// --- parts of a line -----------------------------------------------------------------------------

static char *put_colour(const Trace *t, char *p, const char *code) {
    return t->colour ? put_text(p, code) : p;
}

static char *put_address(const Trace *t, char *p, World w, u64 pc) {
    p = put_hex(p, pc);
    SymbolHit hit;
    if (!symbols_lookup(t->symbols, world_space(w), pc, &hit)) return p;
    p = put_some(put_text(p, " <"), hit.name, 128);
    if (hit.offset) p = put_hex(put_text(p, "+"), hit.offset);
    return put_text(p, ">");
}

char *put_place(const Trace *t, char *p, World w, u64 pc) {
    return put_address(t, put_text(p, " pc="), w, pc);
}

// "    12 i=34567 cpu0 vm1   EL1->EL2"; to < 0: "EL1     ".
char *trace_start_line(Trace *t, const Cpu *cpu, World w, u64 icount, int from, int to) {
    text_reserve(&t->text);
    char *p = put_dec_width(t->text.at, ++t->number, 7);
    p = put_dec(put_text(p, " i="), icount);
    p = put_dec(put_text(p, " cpu"), cpu->index);
    *p++ = ' ';
    char *name = p;
    p = put_world(p, w);
    while (p - name < 5) *p++ = ' ';
    p = put_text(p, " EL");
    *p++ = (char)('0' + from);
    if (to < 0) return put_text(p, "     ");
    p = put_text(p, "->EL");
    *p++ = (char)('0' + to);
    return p;
}

char *put_register(char *p, unsigned n, unsigned size, u64 value) {
    *p++ = ' ';
    *p++ = size == 8 ? 'x' : 'w';
    p = n == 31 ? put_text(p, "zr") : put_dec(p, n);
    *p++ = '=';
    return put_hex(p, value & ones(size * 8));
}

void trace_end_line(Trace *t, char *p) {
    *p++ = '\n';
    if (t->ring) {
        ring_put(t->ring, t->text.at, (size_t)(p - t->text.at));
        return;
    }
    t->text.at = p;
    if (t->each_line) text_flush(&t->text);
}

// --- what each class adds ------------------------------------------------------------------------

static char *put_call_detail(char *p, const Cpu *cpu, const Exception *e) {
    unsigned first, args;
    char *start = ++p;
    p[-1] = ' ';
    p = put_call(p, cpu, e->ec, (u16)e->iss, &first, &args);
    if (p == start) return start - 1;
    for (unsigned i = 0; i < args; i++) p = put_register(p, first + i, 8, cpu->x[first + i]);
    return p;
}

static char *put_sysreg_detail(char *p, const Cpu *cpu, u32 iss) {
    unsigned rt = (unsigned)bits(iss, 9, 5);
    *p++ = ' ';
    p = put_sysreg(p, iss);
    if (!bit(iss, 0)) return put_register(p, rt, 8, reg_value(cpu, rt));
    p = put_text(p, " to ");
    return rt == 31 ? put_text(p, "xzr") : put_dec(put_text(p, "x"), rt);
}

static char *put_abort_detail(char *p, const Cpu *cpu, const Exception *e) {
    if (e->far_valid) p = put_hex(put_text(p, " far="), e->far);
    p = put_tags(p, e);
    if (e->hpfar_valid) p = put_hex(put_text(p, " ipa="), fault_ipa(cpu, e));
    if (!iss_has_access(e)) return p;
    unsigned size = 1u << bits(e->iss, 23, 22), rt = (unsigned)bits(e->iss, 20, 16);
    bool write = bit(e->iss, 6);
    p = put_dec(put_text(p, write ? " write " : " read "), size);
    p = put_text(p, size == 1 ? " byte" : " bytes");
    if (write) return put_register(p, rt, size, reg_value(cpu, rt));
    p = put_text(p, bit(e->iss, 15) ? " to x" : " to w");
    return rt == 31 ? put_text(p, "zr") : put_dec(p, rt);
}

static char *put_detail(char *p, const Cpu *cpu, const Exception *e) {
    if (has_intid(e)) return put_intid(put_text(p, " "), e->intid);
    if (e->kind != EXC_SYNC) return p;
    switch (e->ec) {
    case EC_HVC64:
    case EC_SMC64: return put_call_detail(p, cpu, e);
    case EC_SYSREG: return put_sysreg_detail(p, cpu, e->iss);
    case EC_SVC64:
        return e->iss ? p
                      : put_register(p, 8, 8, cpu->x[8]);  // the call number, on Linux and others
    default: return put_abort_detail(p, cpu, e);
    }
}

// The address of the instruction that exited; for interrupts of the one that they came before.
static u64 exit_pc(const ExceptionEvent *ev) {
    return exception_is_behind(ev->exc) ? ev->from_pc - 4 : ev->from_pc;
}

static const char *rule_of(const ExceptionEvent *ev) {
    if (ev->exc->rule) return ev->exc->rule;
    if (ev->exc->kind == EXC_SYNC && ev->exc->ec == EC_HVC64) return "HVC goes to EL2";
    return ev->from_el == 2 ? "taken from EL2" : "default";
}

// Which instruction set the control bit that the rule names: " set=0x... <symbol> i=123".
static char *put_setter(const Trace *t, char *p, const Cpu *cpu, World w, const char *rule) {
    ControlWrite by;
    if (!cause_of(cpu, rule, &by)) return p;
    World writer = by.el == 2 ? (World){.kind = WORLD_EL2} : w;
    return put_dec(put_text(put_address(t, put_text(p, " set="), writer, by.pc), " i="), by.icount);
}

static void write_exit(Trace *t, const Cpu *cpu, const ExceptionEvent *ev, World w) {
    const Exception *e = ev->exc;
    char *p = trace_start_line(t, cpu, w, cpu->icount, ev->from_el, 2);
    p = put_place(t, p, w, exit_pc(ev));
    *p++ = ' ';
    p = put_colour(t, p, e->kind == EXC_SYNC ? "\033[1;36m" : "\033[1;33m");
    p = put_text(p, exception_name(e));
    p = put_colour(t, p, "\033[0m");
    if (e->kind == EXC_SYNC || e->kind == EXC_SERROR) {
        p = put_hex(put_text(p, " esr="), ev->esr);
        if (e->ec != EC_SYSREG) p = put_iss(p, e->ec, e->iss);
    }
    p = put_detail(p, cpu, e);
    p = put_some(put_text(p, " rule=\""), rule_of(ev), 100);
    p = put_text(p, "\"");
    trace_end_line(t, put_setter(t, p, cpu, w, rule_of(ev)));
}

// --- what is counted -----------------------------------------------------------------------------

// Faults on ordinary memory are counted together, others by the page of the IPA.
static char *put_abort_key(char *p, const Trace *t, const Cpu *cpu, const Exception *e) {
    if (e->ec == EC_DABT_LOWER || e->ec == EC_DABT_SAME)
        p = put_text(p, bit(e->iss, 6) ? "write " : "read ");
    if (!e->hpfar_valid) return put_fault_status(p, e->iss);
    u64 address = fault_ipa(cpu, e);
    const Region *region = bus_find(t->machine, address);
    if (region && region->host && !region->ops)
        return put_fault_status(put_text(p, "memory, "), e->iss);
    p = put_hex(put_text(p, "IPA page "), address & ~0xfffull);
    return p;
}

static char *put_key(char *p, const Trace *t, const Cpu *cpu, const Exception *e) {
    unsigned first, args;
    if (has_intid(e)) return put_intid(p, e->intid);
    if (e->kind != EXC_SYNC) return p;
    char *start = p;
    switch (e->ec) {
    case EC_HVC64:
    case EC_SMC64:
        p = put_call(p, cpu, e->ec, (u16)e->iss, &first, &args);
        return p != start ? p : put_hex(put_text(p, "imm "), e->iss & 0xffff);
    case EC_SYSREG: return put_sysreg(p, e->iss);
    case EC_WFX: return put_text(p, bit(e->iss, 0) ? "WFE" : "WFI");
    case EC_IABT_LOWER:
    case EC_IABT_SAME:
    case EC_DABT_LOWER:
    case EC_DABT_SAME: return put_abort_key(p, t, cpu, e);
    }
    return p;
}

// "vcpu" of code below EL2: MPIDR_EL1 as it reads it.
static char *put_vcpu(char *p, const Cpu *cpu, World w) {
    if (w.kind == WORLD_EL2 || w.kind == WORLD_HOST) return put_text(p, "-");
    return put_hex(p, cpu->sys.VMPIDR_EL2 & 0xff00ffffffull);
}

static char *put_hypercall(char *p, const Cpu *cpu, const Exception *e) {
    unsigned first, args;
    bool call = e->kind == EXC_SYNC && (e->ec == EC_HVC64 || e->ec == EC_SMC64);
    if (!call) return put_text(p, "-");
    char *end = put_call(p, cpu, e->ec, (u16)e->iss, &first, &args);
    return end != p ? end : put_hex(put_text(p, "imm "), e->iss & 0xffff);
}

static StatRow *count_by(Trace *t, const Cpu *cpu, const ExceptionEvent *ev, World w) {
    const Exception *e = ev->exc;
    char text[STAT_DIMENSIONS][192], *value[STAT_DIMENSIONS];
    for (unsigned d = 0; d < STAT_DIMENSIONS; d++) value[d] = text[d];
    *put_world(text[STAT_VM], w) = 0;
    *put_vcpu(text[STAT_VCPU], cpu, w) = 0;
    *put_text(text[STAT_CLASS], exception_name(e)) = 0;
    *put_key(text[STAT_DETAIL], t, cpu, e) = 0;
    SymbolHit hit;
    bool known = symbols_lookup(t->symbols, world_space(w), exit_pc(ev), &hit);
    *put_some(text[STAT_FUNCTION], known ? hit.name : "-", 128) = 0;
    bool ipa = e->kind == EXC_SYNC && e->hpfar_valid;
    char *p = text[STAT_IPA];
    *(ipa ? put_hex(p, fault_ipa(cpu, e) & ~0xfffull) : put_text(p, "-")) = 0;
    *put_hypercall(text[STAT_HYPERCALL], cpu, e) = 0;
    return by_exit(t->by, value);
}

// --- the two events ------------------------------------------------------------------------------

static void remember(OpenExit *pending, const ExceptionEvent *ev, World w, u64 icount) {
    const Exception *e = ev->exc;
    *pending =
        (OpenExit){.start = icount, .world = w, .reg = RESULT_NONE, .resume = exit_pc(ev) + 4};
    if (e->kind != EXC_SYNC) return;
    pending->size = 8;
    if (e->ec == EC_HVC64 || e->ec == EC_SMC64) {
        pending->reg = 0;
        pending->call = true;
    } else if (e->ec == EC_SYSREG && bit(e->iss, 0)) {
        pending->reg = (u8)bits(e->iss, 9, 5);
    } else if (iss_has_access(e) && !bit(e->iss, 6)) {
        pending->reg = (u8)bits(e->iss, 20, 16);
        pending->size = bit(e->iss, 15) ? 8 : 4;
    }
    if (pending->reg == 31) pending->reg = RESULT_NONE;
}

// Room for one more. A scheduler at EL2 may leave exceptions from EL2 unfinished: when there are
// too many, the oldest of them is forgotten.
static OpenExit *push(CpuTrace *c) {
    if (c->depth == NESTING_MAX) {
        memmove(&c->nest[1], &c->nest[2], (NESTING_MAX - 2) * sizeof c->nest[0]);
        c->depth--;
    }
    return &c->nest[c->depth++];
}

static LineFacts exit_facts(const Cpu *cpu, const ExceptionEvent *ev, World w) {
    const Exception *e = ev->exc;
    LineFacts f = {
        .cpu = cpu, .world = w, .el = ev->from_el, .pc = exit_pc(ev), .icount = cpu->icount};
    f.class = e->kind == EXC_IRQ      ? CLASS_IRQ
              : e->kind == EXC_FIQ    ? CLASS_FIQ
              : e->kind == EXC_SERROR ? CLASS_SERROR
                                      : e->ec;
    f.has_va = e->far_valid;
    f.va_lo = f.va_hi = e->far;
    f.has_ipa = e->hpfar_valid;
    if (f.has_ipa) f.ipa_lo = f.ipa_hi = fault_ipa(cpu, e);
    f.has_intid = has_intid(e);
    f.intid[0] = f.intid[1] = e->intid;
    return f;
}

// A return is judged by whom it goes on with; class and addresses are those of the exit that it ends, and its
// place is that of either.
static bool wants_return(const Trace *t, const Cpu *cpu, const ReturnEvent *ev,
                         const OpenExit *exit) {
    if (!t->filter) return true;
    LineFacts f = exit ? exit->facts : trace_facts(cpu, cpu->icount);
    f.icount = cpu->icount;
    f.world = world_of(cpu, ev->to_el);
    f.el = ev->to_el;
    if (exit && trace_wants(t, &f)) return true;
    f.pc = ev->to_pc;
    return trace_wants(t, &f);
}

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    Trace *t = arg;
    CpuTrace *c = &t->cpu[cpu->index];
    // An instruction comes before its exception.
    trace_insn_text(t, cpu, &c->insn);
    if (ev->to_el != 2) return;
    World w = world_of(cpu, ev->from_el);
    t->exit_count++;
    LineFacts facts = {0};
    if (t->filter) facts = exit_facts(cpu, ev, w);
    bool passes = trace_wants(t, &facts);
    if (t->exits && passes)
        write_exit(t, cpu, ev, w);
    else if (t->kinds & TRACE_HYPERCALL && passes)
        trace_call(t, cpu, ev, w, exit_pc(ev));
    if (ev->from_el < 2) c->depth = 0;
    OpenExit *pending = push(c);
    remember(pending, ev, w, cpu->icount);
    pending->facts = facts;
    if (t->by) pending->by = count_by(t, cpu, ev, w);
    if (!t->stats) return;
    char detail[192];
    char *end = put_key(detail, t, cpu, ev->exc);
    pending->row = stats_exit(t->stats, w, exception_name(ev->exc), detail, (size_t)(end - detail));
}

// The exit that this return ends, NULL when it starts something new. EL2 may take the code below
// over and go on as it (Linux's switch to VHE): that ends the exit like a return.
static const OpenExit *match(CpuTrace *c, const ReturnEvent *ev) {
    const OpenExit *last = c->depth ? &c->nest[c->depth - 1] : NULL;
    if (ev->to_el == 2) {
        bool ends = last && (last->world.kind == WORLD_EL2 || last->resume == ev->to_pc);
        return ends && !ev->illegal ? &c->nest[--c->depth] : NULL;
    }
    bool from_below = c->depth && c->nest[0].world.kind != WORLD_EL2;
    c->depth = 0;
    return from_below ? &c->nest[0] : NULL;
}

static void write_return(Trace *t, const Cpu *cpu, const ReturnEvent *ev, const OpenExit *exit) {
    World w = world_of(cpu, ev->to_el);
    text_reserve(&t->text);
    t->text.at = put_colour(t, t->text.at, "\033[2m");
    char *p = trace_start_line(t, cpu, w, cpu->icount, 2, ev->to_el);
    p = put_text(put_place(t, p, w, ev->to_pc), " ERET");
    if (ev->illegal) p = put_hex(put_text(p, " illegal: PSTATE.IL is set, spsr="), ev->spsr);
    if (exit) {
        p = put_dec(put_text(p, " after "), cpu->icount - exit->start);
        p = put_text(p, " in EL2");
        bool result = exit->reg != RESULT_NONE && ev->to_pc == exit->resume &&
                      world_key(w) == world_key(exit->world);
        if (result) p = put_register(p, exit->reg, exit->size, cpu->x[exit->reg]);
    }
    trace_end_line(t, put_colour(t, p, "\033[0m"));
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    Trace *t = arg;
    if (ev->from_el != 2) return;
    t->return_count++;
    const OpenExit *exit = match(&t->cpu[cpu->index], ev);
    if (exit && exit->row) stats_cost(exit->row, cpu->icount - exit->start);
    if (exit && exit->by) stats_cost(exit->by, cpu->icount - exit->start);
    if (!wants_return(t, cpu, ev, exit)) return;
    if (t->exits)
        write_return(t, cpu, ev, exit);
    else if (t->kinds & TRACE_HYPERCALL && exit && exit->call)
        trace_call_result(t, cpu, ev, exit);
}

// --- opening and closing -------------------------------------------------------------------------

static bool add_symbols(Trace *t, const TraceConfig *config, Error *err) {
    for (unsigned i = 0; i < config->symbol_count; i++) {
        const TraceSymbols *f = &config->symbols[i];
        int space;
        if (!symbols_space(f->space ? f->space : "", &space))
            return error_set(err, "--symbols: '%s' is no space (el2, vmN, kernel)", f->space);
        if (!symbols_add_file(t->own_symbols, space, f->path, err)) return false;
    }
    return true;
}

static bool add_filter(Trace *t, const TraceConfig *config, Error *err) {
    if (!config->filter) return true;
    t->filter = calloc(1, sizeof *t->filter);
    CHECK(t->filter);
    return filter_parse(t->filter, config->filter, t->symbols, config, err);
}

static bool open_stats_file(Trace *t, const TraceConfig *config, Error *err) {
    if (!config->stats_path) return true;
    t->stats_file = fopen(config->stats_path, "w");
    return t->stats_file ||
           error_set(err, "--stats: cannot create '%s': %s", config->stats_path, strerror(errno));
}

static void start_counting(Trace *t, const TraceConfig *config) {
    bool chosen = config->choice.count != 0;
    if (config->stats && !chosen) t->stats = stats_create();
    if (config->by_all || (config->stats && chosen)) t->by = by_create();
    if (config->stats) t->choice = config->choice;
    t->insns_before = machine_insns(t->machine);
}

static void free_trace(Trace *t) {
    if (t->disassembler) t->config_disassembler->close(t->disassembler);
    stats_free(t->stats);
    by_free(t->by);
    symbols_free(t->own_symbols);
    free(t->filter);
    ring_free(t->ring);
    free(t->cpu);
    free(t);
}

Trace *trace_open(Machine *machine, const TraceConfig *config, Error *err) {
    Trace *t = calloc(1, sizeof *t);
    CHECK(t);
    t->machine = machine;
    t->exits = config->exits;
    t->kinds = config->kinds;
    t->each_line = config->each_line;
    t->colour = config->colour;
    t->fd = config->fd;
    if (config->ring) t->ring = ring_create(config->ring);
    t->own_symbols = symbols_create();
    t->symbols = config->shared_symbols ? config->shared_symbols : t->own_symbols;
    t->cpu = calloc(machine->cpus, sizeof *t->cpu);
    CHECK(t->cpu);
    bool ok = add_symbols(t, config, err) && add_filter(t, config, err) &&
              open_stats_file(t, config, err);
    if (!ok || !text_open(&t->text, config->path, config->fd, err)) {
        if (t->stats_file) fclose(t->stats_file);
        free_trace(t);
        return NULL;
    }
    start_counting(t, config);
    t->observer = (Observer){.arg = t, .exception = on_exception, .eret = on_return};
    t->config_disassembler = config->disassembler;
    if (t->kinds & TRACE_INSN && config->disassembler)
        t->disassembler = config->disassembler->open(machine, t->symbols);
    trace_observe_kinds(t);
    observer_add(machine, &t->observer);
    return t;
}

static bool report_failure(const Text *text) {
    if (!text->failed) return true;
    fprintf(stderr, "el2sim: --trace: lines were lost: %s\n", strerror(text->failed));
    return false;
}

void trace_print_stats(const Trace *t, const StatChoice *choice, FILE *out) {
    u64 now = machine_insns(t->machine);
    // A reset starts the counts of instructions again.
    by_print(t->by, choice, now < t->insns_before ? now : now - t->insns_before, out);
}

void trace_reset_stats(Trace *t) {
    by_free(t->by);
    t->by = by_create();
    t->insns_before = machine_insns(t->machine);
    for (unsigned i = 0; i < t->machine->cpus; i++)
        for (unsigned k = 0; k < NESTING_MAX; k++) t->cpu[i].nest[k].by = NULL;
}

// False: what was printed when the trace was closed could not be written.
static bool print_chosen(Trace *t) {
    FILE *out = t->stats_file;
    if (!out) {
        int fd = dup(t->fd ? t->fd : STDERR_FILENO);
        out = fd < 0 ? NULL : fdopen(fd, "w");
        if (!out) return false;
    }
    trace_print_stats(t, &t->choice, out);
    bool ok = !ferror(out);
    if (fclose(out) == 0 && ok) return true;
    fprintf(stderr, "el2sim: --stats: the table could not be written\n");
    return false;
}

bool trace_close(Trace *t) {
    if (!t) return true;
    observer_remove(t->machine, &t->observer);
    trace_unobserve_kinds(t);
    text_close(&t->text);
    bool ok = report_failure(&t->text);
    if (t->stats) {
        Text table;
        text_open(&table, NULL, t->fd, NULL);
        stats_print(t->stats, &table, t->colour);
        text_close(&table);
        ok = report_failure(&table) && ok;
    }
    if (t->by && t->choice.count) ok = print_chosen(t) && ok;
    free_trace(t);
    return ok;
}

void trace_write_ring(Trace *t) {
    if (t->ring) ring_write(t->ring, &t->text);
    text_flush(&t->text);
}

u64 trace_lines(const Trace *t) {
    return t->number;
}
u64 trace_exits(const Trace *t) {
    return t->exit_count;
}
u64 trace_returns(const Trace *t) {
    return t->return_count;
}
