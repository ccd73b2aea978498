// Lints of exceptions and returns. Each rule is strict enough that correct hypervisors, which map
// memory on demand, try again and run many guests, do not trip over it; what it then misses is in
// docs/lints.md. Exceptions that EL1 takes itself are none of EL2's business.
#include "debugger/space.h"
#include "gen/exceptions.h"
#include "trace/lint_internal.h"

#include <stdlib.h>

enum { NO_ADVANCE = 2, STORM = 64, UNMAPPED_AGAIN = 4, ENTRY_INSNS = 64 };

static const char *const names[LINT_COUNT] = {
    "hvc-skip",        "no-advance",   "storm",          "eret-unmapped",  "wfi-masked",
    "entry-exception", "lr-duplicate", "lr-hw-inactive", "lr-overwritten",
};

const char *lint_name(LintId id) {
    return names[id];
}

// --- reports -------------------------------------------------------------------------------------

bool lint_new(Lint *l, LintId id, u64 a, u64 b) {
    for (unsigned i = 0; i < l->places; i++)
        if (l->place[i].id == id && l->place[i].a == a && l->place[i].b == b) return false;
    if (l->places == l->place_room) {
        l->place_room = l->place_room ? 2 * l->place_room : 64;
        l->place = realloc(l->place, l->place_room * sizeof *l->place);
        CHECK(l->place);
    }
    l->place[l->places++] = (LintPlace){id, a, b};
    return true;
}

char *lint_start(char *buf, LintId id, const Cpu *cpu, World w) {
    char *p = put_text(put_text(buf, "lint "), names[id]);
    p = put_dec(put_text(p, ": cpu"), cpu->index);
    *p++ = ' ';
    return put_text(put_world(p, w), ": ");
}

char *lint_address(const Lint *l, char *p, World w, u64 pc) {
    p = put_hex(p, pc);
    SymbolHit hit;
    if (!symbols_lookup(l->symbols, world_space(w), pc, &hit)) return p;
    p = put_some(put_text(p, " <"), hit.name, 128);
    if (hit.offset) p = put_hex(put_text(p, "+"), hit.offset);
    return put_text(p, ">");
}

void lint_report(Lint *l, LintId id, char *buf, char *p) {
    *p = '\0';
    l->config.report(l->config.arg, buf);
    if (!l->config.error[id]) return;
    l->failed = true;
    machine_stop(l->machine, STOP_CHECK, l->config.error_status, "%.400s", buf);
}

static const World el2 = {WORLD_EL2, 0};

// ... " (ERET at 0x...)".
static char *put_eret(const Lint *l, char *p, u64 pc) {
    return put_text(lint_address(l, put_text(p, " (ERET at "), el2, pc), ")");
}

// --- who and what --------------------------------------------------------------------------------

static u64 stack_pointer(const Cpu *cpu, unsigned el) {
    unsigned current = cpu->pstate & PSTATE_SP ? cpu->el : 0;
    return el == current ? cpu->x[REG_SP] : cpu->sp_el[el];
}

static LintWho who_is(const Cpu *cpu, int el) {
    LintWho w = {.world = world_of(cpu, el),
                 .vttbr = cpu->sys.VTTBR_EL2,
                 .vmpidr = cpu->sys.VMPIDR_EL2,
                 .sp_el0 = stack_pointer(cpu, 0),
                 .sp_el1 = stack_pointer(cpu, 1)};
    memcpy(w.saved, cpu->x + 19, sizeof w.saved);
    return w;
}

static bool same_who(const LintWho *a, const LintWho *b) {
    return world_key(a->world) == world_key(b->world) && a->vttbr == b->vttbr &&
           a->vmpidr == b->vmpidr && a->sp_el0 == b->sp_el0 && a->sp_el1 == b->sp_el1 &&
           !memcmp(a->saved, b->saved, sizeof a->saved);
}

// The return is to who was left by the last exception, with the same registers.
static bool goes_on(const LintCpu *c, const Cpu *cpu, const ReturnEvent *ev) {
    if (!c->open) return false;
    LintWho now = who_is(cpu, ev->to_el);
    return same_who(&c->who, &now);
}

// An access that EL2 has to do or refuse, and to step over.
static bool is_trap(const Exception *e) {
    return e->kind == EXC_SYNC && (e->ec == EC_SMC64 || e->ec == EC_SYSREG);
}

// The instruction that EL2 returned to came here at once.
static bool no_progress(const LintCpu *c, const Cpu *cpu, u64 pc) {
    return c->returned && c->return_pc == pc && cpu->icount - c->return_icount <= 1;
}

// Counts the exception: again the same, after a return that changed nothing.
static unsigned streak(LintStreak *s, const LintCpu *c, const Cpu *cpu, const ExceptionEvent *ev) {
    LintStreak now = {.valid = true,
                      .pc = ev->from_pc,
                      .esr = ev->esr,
                      .far = ev->exc->far_valid ? ev->exc->far : 0,
                      .hpfar = ev->exc->hpfar_valid ? ev->exc->hpfar : 0,
                      .spsr = ev->spsr,
                      .count = s->count};
    memcpy(now.x, cpu->x, sizeof now.x);
    bool same = s->valid && no_progress(c, cpu, ev->from_pc) && s->pc == now.pc &&
                s->esr == now.esr && s->far == now.far && s->hpfar == now.hpfar &&
                s->spsr == now.spsr && !memcmp(s->x, now.x, sizeof now.x);
    now.count = same ? s->count + 1 : 1;
    *s = now;
    return now.count;
}

// --- repeated exceptions -------------------------------------------------------------------------

static void no_advance(Lint *l, const Cpu *cpu, const ExceptionEvent *ev) {
    const LintCpu *c = &l->cpu[cpu->index];
    if (!lint_new(l, LINT_NO_ADVANCE, ev->from_pc, c->return_from)) return;
    char buf[LINT_LINE];
    World w = world_of(cpu, ev->from_el);
    char *p = lint_start(buf, LINT_NO_ADVANCE, cpu, w);
    if (ev->exc->ec == EC_SMC64)
        p = put_text(p, "SMC");
    else
        p = put_sysreg(p, ev->exc->iss);
    p = lint_address(l, put_text(p, " at "), w, ev->from_pc);
    p = put_text(p, " trapped and was resumed at itself, nothing changed, ");
    p = put_dec(p, NO_ADVANCE);
    p = put_text(p, " times: the return address has to advance by 4");
    lint_report(l, LINT_NO_ADVANCE, buf, put_eret(l, p, c->return_from));
}

static void storm(Lint *l, const Cpu *cpu, const ExceptionEvent *ev) {
    const LintCpu *c = &l->cpu[cpu->index];
    if (!lint_new(l, LINT_STORM, ev->from_pc, c->return_from)) return;
    char buf[LINT_LINE];
    World w = world_of(cpu, ev->from_el);
    char *p = lint_start(buf, LINT_STORM, cpu, w);
    p = put_text(p, exception_name(ev->exc));
    p = lint_address(l, put_text(p, " at "), w, ev->from_pc);
    p = put_fault_status(put_text(p, ", "), ev->exc->iss);
    if (ev->exc->far_valid) p = put_hex(put_text(p, ", far="), ev->exc->far);
    if (ev->exc->hpfar_valid) p = put_hex(put_text(p, ", ipa="), fault_ipa(cpu, ev->exc));
    p = put_text(put_dec(put_text(p, ": "), STORM), " times in a row without progress");
    lint_report(l, LINT_STORM, buf, put_eret(l, p, c->return_from));
}

static void check_repeats(Lint *l, LintCpu *c, const Cpu *cpu, const ExceptionEvent *ev) {
    if (ev->exc->kind != EXC_SYNC) return;  // may come in between
    LintStreak *a = &c->abort[ev->from_el == 2];
    if (!is_abort(ev->exc))
        a->valid = false;
    else if (streak(a, c, cpu, ev) == STORM && l->config.on[LINT_STORM])
        storm(l, cpu, ev);
    if (ev->from_el == 2) return;
    if (!is_trap(ev->exc))
        c->trap.valid = false;
    else if (streak(&c->trap, c, cpu, ev) == NO_ADVANCE + 1 && l->config.on[LINT_NO_ADVANCE])
        no_advance(l, cpu, ev);
}

// --- exceptions in EL2's entry code --------------------------------------------------------------

static bool saves_elr(u32 insn) {
    u32 name = insn & ~0x1fu;
    return name == 0xd53c4020 || name == 0xd5384020;  // MRS Xt, ELR_EL2; ELR_EL1 names it with E2H
}

// Follows the code from the vector, as far as there is one way to go. True: it comes to pc after
// exactly the n instructions that were executed, and none of them reads ELR_EL2.
static bool before_save(Cpu *cpu, u64 at, u64 pc, u64 n) {
    for (; at != pc; n--) {
        u32 insn;
        Error err;
        Space space = {.kind = AS_EL, .el = 2};
        if (!n || !space_read(cpu, space, at, &insn, sizeof insn, &err) || saves_elr(insn))
            return false;
        bool branch = (insn & 0x7c000000) == 0x14000000;  // B, BL
        at += branch ? (u64)((i64)((u64)insn << 38) >> 36) : 4;
    }
    return n == 0;
}

static bool deliberate(const Exception *e) {
    return e->ec == EC_HVC64 || e->ec == EC_SVC64 || e->ec == EC_BRK64 ||
           e->ec == EC_BREAKPT_SAME || e->ec == EC_SS_SAME || e->ec == EC_WATCHPT_SAME;
}

static void check_entry(Lint *l, LintCpu *c, Cpu *cpu, const ExceptionEvent *ev) {
    if (!l->config.on[LINT_ENTRY_EXCEPTION] || ev->from_el != 2 || !c->entered) return;
    u64 n = cpu->icount - c->entry_icount;
    if (ev->exc->kind != EXC_SYNC || deliberate(ev->exc) || n > ENTRY_INSNS) return;
    if (!before_save(cpu, c->entry_pc, ev->from_pc, n)) return;
    if (!lint_new(l, LINT_ENTRY_EXCEPTION, ev->from_pc, c->entry_pc)) return;
    char buf[LINT_LINE];
    char *p = lint_start(buf, LINT_ENTRY_EXCEPTION, cpu, el2);
    p = put_text(p, exception_name(ev->exc));
    p = lint_address(l, put_text(p, " at "), el2, ev->from_pc);
    if (ev->exc->far_valid) p = put_hex(put_text(p, ", far="), ev->exc->far);
    p = lint_address(l, put_text(p, ", in the entry code of the vector "), el2, c->entry_pc);
    p = put_text(p, ": ELR_EL2 and SPSR_EL2 were not saved");
    if (c->open)
        p = lint_address(l, put_text(p, " and the return is lost to "), c->who.world, c->from_pc);
    lint_report(l, LINT_ENTRY_EXCEPTION, buf, p);
}

// --- calls that are resumed too far --------------------------------------------------------------

static void check_skip(Lint *l, const LintCpu *c, const Cpu *cpu, const ReturnEvent *ev) {
    if (!l->config.on[LINT_HVC_SKIP] || !c->call) return;
    if (ev->to_el != c->from_el || ev->to_pc != c->from_pc + 4) return;
    if (!goes_on(c, cpu, ev) || !lint_new(l, LINT_HVC_SKIP, c->from_pc - 4, ev->from_pc)) return;
    char buf[LINT_LINE];
    World w = c->who.world;
    char *p = lint_start(buf, LINT_HVC_SKIP, cpu, w);
    p = put_text(p, c->ec == EC_HVC64 ? "HVC" : "SVC");
    p = lint_address(l, put_text(p, " at "), w, c->from_pc - 4);
    p = lint_address(l, put_text(p, " was resumed at "), w, ev->to_pc);
    p = put_text(p, ", one instruction too far: ELR_EL2 is the next instruction's address already");
    lint_report(l, LINT_HVC_SKIP, buf, put_eret(l, p, ev->from_pc));
}

// --- returns to nowhere --------------------------------------------------------------------------

// Why nothing can be executed at pc in the current mode; NULL: something can. *el2: the abort would
// go to EL2.
static const char *not_executable(Cpu *cpu, u64 pc, bool *to_el2) {
    AccessDesc access = {.type = ACCESS_FETCH, .mode = cpu_mode(cpu), .no_side_effects = true};
    Translation t = {0};
    Fault fault = {0};
    *to_el2 = cpu->el == 2 || (cpu->el == 0 && cpu_tge(cpu));
    if (!mmu_translate(cpu, va(pc), &access, &t, &fault)) {
        *to_el2 |= fault.stage2;
        return fault.rule ? fault.rule : "it does not translate";
    }
    const Region *r = bus_find(cpu->machine, t.pa);
    return r && r->host ? NULL : "no memory is there";
}

static void report_unmapped(Lint *l, const Cpu *cpu, World w, u64 pc, u64 from, const char *why,
                            const char *then) {
    if (!lint_new(l, LINT_ERET_UNMAPPED, pc, from)) return;
    char buf[LINT_LINE];
    char *p = lint_start(buf, LINT_ERET_UNMAPPED, cpu, w);
    p = lint_address(l, put_text(p, "ERET at "), el2, from);
    p = lint_address(l, put_text(p, " to "), w, pc);
    p = put_some(put_text(p, ", which cannot be executed ("), why, 96);
    lint_report(l, LINT_ERET_UNMAPPED, buf, put_text(put_text(p, ")"), then));
}

// EL1 takes the abort, and its vector cannot be executed either.
static bool vector_is_nowhere(Cpu *cpu) {
    bool to_el2;
    u64 offset = cpu->pstate & PSTATE_SP ? 0x200 : 0;
    return cpu->el == 1 && not_executable(cpu, (cpu->sys.VBAR_EL1 & ~0x7ffull) + offset, &to_el2);
}

static void check_unmapped(Lint *l, LintCpu *c, Cpu *cpu, const ReturnEvent *ev) {
    if (!l->config.on[LINT_ERET_UNMAPPED] || ev->illegal) return;
    bool to_el2;
    const char *why = not_executable(cpu, ev->to_pc, &to_el2);
    bool again = c->unmapped && c->unmapped_faulted && c->unmapped_pc == ev->to_pc &&
                 c->unmapped_vttbr == cpu->sys.VTTBR_EL2;
    if (!again) c->unmapped_count = 0;
    c->unmapped = false;
    if (!why) return;
    World w = world_of(cpu, ev->to_el);
    if (ev->to_el == 2) {
        report_unmapped(l, cpu, w, ev->to_pc, ev->from_pc, why, "");
    } else if (!to_el2) {
        if (vector_is_nowhere(cpu))
            report_unmapped(l, cpu, w, ev->to_pc, ev->from_pc, why,
                            ", and neither can the vector of EL1");
    } else {
        // May be mapped on demand: the abort has to come, and nothing to be done about it.
        c->unmapped = true;
        c->unmapped_faulted = false;
        c->unmapped_pc = ev->to_pc;
        c->unmapped_from = ev->from_pc;
        c->unmapped_vttbr = cpu->sys.VTTBR_EL2;
        *put_some(c->unmapped_why, why, sizeof c->unmapped_why - 1) = '\0';
        if (again && ++c->unmapped_count == UNMAPPED_AGAIN)
            report_unmapped(l, cpu, w, ev->to_pc, ev->from_pc, why,
                            ", again and again: its Instruction Aborts change nothing");
    }
}

static void follow_unmapped(LintCpu *c, const ExceptionEvent *ev) {
    if (ev->from_el == 2) return;
    bool abort = ev->exc->kind == EXC_SYNC && ev->exc->ec == EC_IABT_LOWER;
    c->unmapped_faulted = abort && ev->from_pc == c->unmapped_pc;
    if (!c->unmapped_faulted) c->unmapped = false;
}

// The machine ended in EL2's handling of such an abort: nobody was going to map it.
static void end_unmapped(Lint *l, const Cpu *cpu) {
    LintCpu *c = &l->cpu[cpu->index];
    StopReason stop = l->machine->stop;
    bool ended = stop == STOP_POWEROFF || stop == STOP_RESET || stop == STOP_EXIT ||
                 stop == STOP_DEADLOCK || stop == STOP_LOCKUP || stop == STOP_CHECK;
    bool by_it = l->machine->stop_cpu == cpu || cpu->halt;
    if (!l->config.on[LINT_ERET_UNMAPPED] || !ended || !by_it || cpu->el != 2) return;
    if (c->unmapped && c->unmapped_faulted)
        report_unmapped(l, cpu, c->who.world, c->unmapped_pc, c->unmapped_from, c->unmapped_why,
                        ", and EL2 did not come back from its Instruction Abort");
}

// --- events --------------------------------------------------------------------------------------

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    Lint *l = arg;
    if (ev->to_el != 2) return;
    LintCpu *c = &l->cpu[cpu->index];
    const Exception *e = ev->exc;
    check_entry(l, c, cpu, ev);
    check_repeats(l, c, cpu, ev);
    follow_unmapped(c, ev);
    if (ev->from_el < 2) {
        c->open = true;
        c->from_el = (u8)ev->from_el;
        c->ec = e->ec;
        c->call = exception_is_behind(e);
        c->from_pc = ev->from_pc;
        c->who = who_is(cpu, ev->from_el);
        lint_keep_list_registers(c, cpu);
    }
    c->entered = true;
    c->entry_pc = cpu->pc;
    c->entry_icount = cpu->icount;
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    Lint *l = arg;
    if (ev->from_el != 2) return;
    LintCpu *c = &l->cpu[cpu->index];
    c->returned = true;
    c->return_pc = ev->to_pc;
    c->return_from = ev->from_pc;
    c->return_icount = cpu->icount;
    c->entered = false;
    check_unmapped(l, c, cpu, ev);
    if (ev->to_el == 2) return;
    check_skip(l, c, cpu, ev);
    lint_list_registers(l, cpu, ev);
    if (l->config.on[LINT_LR_OVERWRITTEN] && goes_on(c, cpu, ev)) lint_overwritten(l, cpu, ev);
    c->open = false;
}

static void on_wfi(void *arg, Cpu *cpu) {
    Lint *l = arg;
    if (l->config.on[LINT_WFI_MASKED]) lint_wfi(l, cpu);
}

static void on_list_register(void *arg, Cpu *cpu, unsigned n, bool write) {
    Lint *l = arg;
    lint_list_register(&l->cpu[cpu->index], cpu, n, write);
}

static void on_device(void *arg, Cpu *cpu, const DeviceEvent *ev) {
    Lint *l = arg;
    int n = lint_gich_lr(cpu, ev);
    if (n >= 0) lint_list_register(&l->cpu[cpu->index], cpu, (unsigned)n, ev->write);
}

// --- opening and closing -------------------------------------------------------------------------

static bool parse_one(const char *text, size_t n, LintConfig *config) {
    bool error = n > 6 && !strncmp(text + n - 6, ":error", 6);
    if (error) n -= 6;
    bool all = (n == 3 && !strncmp(text, "all", n)) || (n == 5 && !strncmp(text, "error", n));
    bool none = n == 4 && !strncmp(text, "none", n), found = all || none;
    error |= n == 5 && !strncmp(text, "error", n);
    for (unsigned i = 0; i < LINT_COUNT; i++) {
        bool named = strlen(names[i]) == n && !strncmp(text, names[i], n);
        found |= named;
        if (none) config->on[i] = config->error[i] = false;
        if (all || named) {
            config->on[i] = true;
            config->error[i] |= error;
        }
    }
    return found;
}

bool lint_parse(const char *list, LintConfig *config, Error *err) {
    for (const char *at = list;;) {
        size_t n = strcspn(at, ",");
        if (!parse_one(at, n, config))
            return error_set(err,
                             "--lint: '%.*s' is not known (all, none, error, hvc-skip, no-advance, "
                             "storm, eret-unmapped, wfi-masked, entry-exception, lr-duplicate, "
                             "lr-hw-inactive, lr-overwritten; NAME:error)",
                             (int)MIN(n, (size_t)40), at);
        if (!at[n]) return true;
        at += n + 1;
    }
}

bool lint_any(const LintConfig *config) {
    bool any = false;
    for (unsigned i = 0; i < LINT_COUNT; i++) any |= config->on[i];
    return any;
}

static bool add_symbols(Lint *l, Error *err) {
    for (unsigned i = 0; i < l->config.symbol_count; i++) {
        const TraceSymbols *f = &l->config.symbols[i];
        int space;
        if (!symbols_space(f->space ? f->space : "", &space))
            return error_set(err, "--symbols: '%s' is no space (el2, vmN, kernel)", f->space);
        if (!symbols_add_file(l->symbols, space, f->path, err)) return false;
    }
    return true;
}

static void free_lint(Lint *l) {
    symbols_free(l->symbols);
    free(l->place);
    free(l->cpu);
    free(l);
}

Lint *lint_open(Machine *machine, const LintConfig *config, Error *err) {
    Lint *l = calloc(1, sizeof *l);
    CHECK(l);
    l->machine = machine;
    l->config = *config;
    l->symbols = symbols_create();
    l->cpu = calloc(machine->cpus, sizeof *l->cpu);
    CHECK(l->cpu);
    if (!add_symbols(l, err)) {
        free_lint(l);
        return NULL;
    }
    l->observer = (Observer){.arg = l,
                             .exception = on_exception,
                             .eret = on_return,
                             .wfi = on_wfi,
                             .device = on_device,
                             .list_register = on_list_register};
    observer_add(machine, &l->observer);
    return l;
}

bool lint_close(Lint *l) {
    if (!l) return false;
    for (unsigned i = 0; i < l->machine->cpus; i++) end_unmapped(l, l->machine->cpu[i]);
    observer_remove(l->machine, &l->observer);
    bool failed = l->failed;
    free_lint(l);
    return failed;
}
