// Running by source lines and by frames: step, next, until, finish.
#include "debugger/cmd_point.h"
#include "debugger/cmd_step.h"
#include "debugger/commands.h"
#include "debugger/disasm.h"
#include "debugger/place.h"
#include "debugger/source.h"
#include "debugger/unwind.h"

#include "cpu/exception.h"
#include "gen/exceptions.h"

typedef enum LineMode {
    INTO,    // stops in a function that is called, if its lines are known
    OVER,    // goes on until it has returned
    FORWARD  // ... and does not stop behind a jump backwards
} LineMode;

// --- frames --------------------------------------------------------------------------------------

static bool keep_caller(void *arg, const UnwindFrame *frame) {
    UnwindFrame *caller = arg;
    if (frame->number == 1) *caller = *frame;
    return frame->number < 1;
}

// Where the function of the selected CPU's pc returns to.
static bool find_caller(Debugger *d, UnwindFrame *caller, Error *why) {
    *caller = (UnwindFrame){0};
    Error ended = {""};
    unwind(d, keep_caller, caller, &ended);
    if (caller->number && !caller->is_guest) return true;
    if (caller->number) return error_set(why, "its caller is the guest (next-entry runs to it)");
    return error_set(why, "%s", *ended.text ? ended.text : "this is the outermost frame");
}

// The point at the return address, in the caller's frame: calls of the same code in between have others.
static Point caller_point(const Debugger *d, const UnwindFrame *caller, char *condition) {
    unsigned long long sp = caller->sp, fp = caller->fp;
    Point p = step_point(d->cpu, d->cpu->el, caller->pc);
    if (caller->sp_is_exact)
        step_same_stack(condition, sp);
    else if (caller->knows_fp)
        snprintf(condition, STEP_CONDITION, "sp >= 0x%llx && x29 == 0x%llx", sp, fp);
    else
        snprintf(condition, STEP_CONDITION, "sp >= 0x%llx", sp);
    p.condition = condition;
    return p;
}

bool cmd_finish(Debugger *d, const char *args, Error *err) {
    UnwindFrame caller;
    char condition[STEP_CONDITION], place[256];
    Space here = {.kind = AS_CURRENT};
    if (*args) return error_set(err, "finish: takes no arguments");
    if (!step_may_run(d, "finish", err)) return false;
    if (!find_caller(d, &caller, err)) return error_prefix(err, "finish");
    fprintf(d->out, "Run till exit from %s\n",
            debugger_place(d, here, d->cpu->pc, place, sizeof place));
    Point p = caller_point(d, &caller, condition);
    if (!step_to_points(d, &p, 1, err)) return error_prefix(err, "finish");
    debugger_report(d);
    if (step_arrived(d)) fprintf(d->out, "x0 = 0x%016llx\n", (unsigned long long)d->cpu->x[0]);
    return true;
}

// --- lines ---------------------------------------------------------------------------------------

static bool line_here(Debugger *d, SourceLine *line) {
    Space here = {.kind = AS_CURRENT};
    return sources_line(d->sources, place_symbols(d->cpu, here), d->cpu->pc, line);
}

static bool is_same_line(const SourceLine *a, const SourceLine *b) {
    return a->line == b->line && !strcmp(a->file, b->file);
}

// RET, RETAA, RETAB.
static bool is_return(u32 word) {
    return (word & 0xfffffc1f) == 0xd65f0000 || (word & 0xfffffbff) == 0xd65f0bff;
}

// SVC, HVC or SMC did it, not an interrupt or a fault.
static bool is_call_exception(const StopEvent *ev) {
    unsigned ec = (unsigned)(ev->esr >> 26) & 63;
    return ev->kind == EXC_SYNC && (ec == EC_SVC64 || ec == EC_HVC64 || ec == EC_SMC64);
}

// Until what took the exception goes on: at its preferred return address or, where the handler did what the
// instruction should have done, behind it.
static bool over_exception(Debugger *d, Error *err) {
    const Cpu *cpu = d->cpu;
    u64 elr = cpu->el == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1;
    u64 spsr = cpu->el == 2 ? cpu->sys.SPSR_EL2 : cpu->sys.SPSR_EL1;
    unsigned el = (unsigned)bits(spsr, 3, 2);
    char condition[STEP_CONDITION], sp[8];
    snprintf(sp, sizeof sp, "SP_EL%u", bit(spsr, 0) ? el : 0);
    step_same_stack(condition, step_register(cpu, sp));
    Point p[2] = {step_point(cpu, el, elr), step_point(cpu, el, elr + 4)};
    p[0].condition = p[1].condition = condition;
    return step_to_points(d, p, elr & 3 ? 0 : 2, err);
}

static bool over_call(Debugger *d, u64 return_address, Error *err) {
    char condition[STEP_CONDITION];
    Point p = step_point(d->cpu, d->cpu->el, return_address);
    p.condition = step_same_stack(condition, step_register(d->cpu, "sp"));
    return step_to_points(d, &p, 1, err);
}

typedef struct LineStep {
    LineMode mode;
    SourceLine start;
    u64 lo, hi;  // instructions that do not end it
} LineStep;

// The range was left. Goes on until what was called has returned, if the step does not end in it. *ends: it stands
// where a step may end even in the middle of a line.
static bool left_line(Debugger *d, const LineStep *s, bool *ends, Error *err) {
    StopEvent ev = d->last;
    SourceLine line;
    u32 word = 0;
    Space here = {.kind = AS_CURRENT};
    bool into = s->mode == INTO && line_here(d, &line);
    *ends = false;
    if (ev.by_exception) {
        *ends = into && is_call_exception(&ev);
        return *ends || over_exception(d, err);
    }
    if (!disasm_fetch(d->cpu, here, ev.from, &word, NULL)) return true;
    bool called = step_is_call(word) && d->cpu->x[30] == ev.from + 4 && d->cpu->pc != ev.from + 4;
    *ends = called ? into : is_return(word);
    return !called || into || over_call(d, ev.from + 4, err);
}

// Whether it ends here; else the range is where it goes on.
static bool line_ends(Debugger *d, LineStep *s) {
    SourceLine now;
    u64 pc = d->cpu->pc;
    if (pc >= s->lo && pc < s->hi) return false;
    if (!line_here(d, &now)) return true;
    if (!is_same_line(&now, &s->start) && pc == now.lo) return true;
    // Another part of the line, or the middle of another one.
    if (s->mode != FORWARD) s->lo = now.lo;
    s->hi = now.hi;
    return false;
}

static bool step_line(Debugger *d, const char *what, LineMode mode, Error *err) {
    LineStep s = {.mode = mode};
    Space here = {.kind = AS_CURRENT};
    SymbolHit hit;
    char place[256];
    Cpu *cpu = d->cpu;
    if (!line_here(d, &s.start))
        return error_set(err, "%s: no source line is known of %s (see stepi, nexti, finish)", what,
                         debugger_place(d, here, cpu->pc, place, sizeof place));
    s.lo = s.start.lo;
    s.hi = s.start.hi;
    if (mode == FORWARD && symbols_lookup(d->symbols, place_symbols(cpu, here), cpu->pc, &hit))
        s.lo = MIN(s.lo, cpu->pc - hit.offset);
    bool ends;
    do {
        debugger_run(d, &(RunRequest){.cpu = cpu, .range_lo = s.lo, .range_hi = s.hi});
        ends = true;
        if (d->last.why == WHY_STEPPED && !left_line(d, &s, &ends, err)) return false;
    } while (step_arrived(d) && !ends && !line_ends(d, &s));
    debugger_report(d);
    return true;
}

static bool step_lines(Debugger *d, const char *what, LineMode mode, const char *args, Error *err) {
    u64 n;
    if (!step_count(d, what, args, &n, err)) return false;
    while (n--) {
        if (!step_line(d, what, mode, err)) return false;
        if (!step_arrived(d)) break;
    }
    return true;
}

bool cmd_step(Debugger *d, const char *args, Error *err) {
    return step_lines(d, "step", INTO, args, err);
}

bool cmd_next(Debugger *d, const char *args, Error *err) {
    return step_lines(d, "next", OVER, args, err);
}

// --- until ---------------------------------------------------------------------------------------

static bool is_same_frame(const UnwindFrame *a, const UnwindFrame *b) {
    if (a->pc != b->pc) return false;
    return a->sp_is_exact && b->sp_is_exact ? a->sp == b->sp : a->fp == b->fp;
}

static bool is_in_function(Debugger *d, const ExprValue *to) {
    SymbolHit a, b;
    Space here = {.kind = AS_CURRENT};
    int symbols = place_symbols(d->cpu, here);
    return place_symbols(d->cpu, to->space) == symbols &&
           symbols_lookup(d->symbols, symbols, d->cpu->pc, &a) &&
           symbols_lookup(d->symbols, symbols, to->v, &b) &&
           d->cpu->pc - a.offset == to->v - b.offset;
}

// To an address, or until the function returns. One in the function itself is meant in this call of it.
static bool until_location(Debugger *d, const ExprValue *to, Error *err) {
    UnwindFrame caller, now;
    char condition[STEP_CONDITION];
    Cpu *cpu = d->cpu;
    unsigned n = find_caller(d, &caller, NULL) ? 2 : 1;
    bool same = n == 2 && is_in_function(d, to);
    Point at = point_anywhere(POINT_EXEC);
    at.space = to->space;
    at.address = to->v;
    if (same) at.cpu = (i32)cpu->index;
    const Point stop[2] = {at, n == 2 ? caller_point(d, &caller, condition) : at};
    Point p[2];
    do {
        memcpy(p, stop, sizeof p);
        if (!step_to_points(d, p, n, err)) return false;
    } while (same && step_arrived(d) && cpu->pc == to->v && find_caller(d, &now, NULL) &&
             !is_same_frame(&now, &caller));
    debugger_report(d);
    return true;
}

bool cmd_until(Debugger *d, const char *args, Error *err) {
    ExprValue to;
    if (!*args) return step_lines(d, "until", FORWARD, args, err);
    args += *args == '*';
    if (!debugger_location(d, &args, &to, err)) return error_prefix(err, "until");
    if (*args) return error_set(err, "until: not understood: '%.40s'", args);
    return step_may_run(d, "until", err) && until_location(d, &to, err);
}
