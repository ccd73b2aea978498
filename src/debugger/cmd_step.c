// Commands that let the guest run to a place: instructions, an address, an exit, an entry, a switch, a count.
#include "debugger/cmd_point.h"
#include "debugger/commands.h"
#include "debugger/disasm.h"
#include "mmu/walk.h"

static bool may_run(Debugger *d, const char *what, Error *err) {
    if (!d->machine->stop) return true;
    return error_set(err, "%s: the machine has ended: %s", what, d->machine->stop_text);
}

// A number of times; 1 when there are no arguments.
static bool repeat_count(Debugger *d, const char *what, const char *args, u64 *n, Error *err) {
    *n = 1;
    ExprValue v;
    if (!*args) return may_run(d, what, err);
    if (!debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "%s: not understood: '%.40s'", what, args);
    if (!v.v) return error_set(err, "%s: at least 1", what);
    *n = v.v;
    return may_run(d, what, err);
}

bool cmd_stepi(Debugger *d, const char *args, Error *err) {
    u64 n;
    if (!repeat_count(d, "stepi", args, &n, err)) return false;
    debugger_resume(d, &(RunRequest){.cpu = d->cpu, .insns = n});
    return true;
}

// Runs until this point, or anything else, stops it.
static bool run_to(Debugger *d, Point *p, Error *err) {
    p->hidden = p->temporary = true;
    unsigned id = point_add(d->control, p, err);
    if (!id) return false;
    debugger_resume(d, &(RunRequest){0});
    point_delete(d->control, id);
    return true;
}

// BL, BLR, BLRAA and the like, SVC, HVC, SMC: what comes back behind itself.
static bool is_call(u32 word) {
    bool blr = (word & 0xfefff000) == 0xd63f0000;
    bool exception = (word & 0xffe0001c) == 0xd4000000 && word & 3;
    return word >> 26 == 0x25 || blr || exception;
}

static bool next_instruction(Debugger *d, Error *err) {
    u32 word;
    Cpu *cpu = d->cpu;
    Space here = {.kind = AS_CURRENT};
    if (!disasm_fetch(cpu, here, cpu->pc, &word, NULL) || !is_call(word))
        return cmd_stepi(d, "", err);
    // A deeper call of the same code has another stack.
    char same_stack[48];
    Reg sp;
    u128 value;
    if (!reg_find(cpu, "sp", &sp, err) || !reg_read(cpu, &sp, &value, err)) return false;
    snprintf(same_stack, sizeof same_stack, "sp == 0x%llx", (unsigned long long)value);
    Point p = point_anywhere(POINT_EXEC);
    p.address = cpu->pc + 4;
    p.el = (i8)cpu->el;
    p.cpu = (i32)cpu->index;
    if (cpu->el < 2) p.vmid = regime_vmid(cpu);
    p.condition = same_stack;
    return run_to(d, &p, err);
}

bool cmd_nexti(Debugger *d, const char *args, Error *err) {
    u64 n;
    if (!repeat_count(d, "nexti", args, &n, err)) return false;
    while (n--) {
        if (!next_instruction(d, err)) return false;
        const StopEvent *ev = &d->last;
        bool arrived = ev->why == WHY_STEPPED || (ev->why == WHY_POINT && ev->point->hidden);
        if (!arrived || d->quit) break;
    }
    return true;
}

bool cmd_advance(Debugger *d, const char *args, Error *err) {
    Point p = point_anywhere(POINT_EXEC);
    ExprValue v;
    if (!*args) return error_set(err, "advance: needs a location");
    if (!debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "advance: not understood: '%.40s'", args);
    p.space = v.space;
    p.address = v.v;
    return may_run(d, "advance", err) && run_to(d, &p, err);
}

static bool run_to_event(Debugger *d, const char *what, PointKind kind, const char *args,
                         Error *err) {
    Point p = point_anywhere(kind);
    if (*args) return error_set(err, "%s: takes no arguments", what);
    return may_run(d, what, err) && run_to(d, &p, err);
}

bool cmd_next_exit(Debugger *d, const char *args, Error *err) {
    return run_to_event(d, "next-exit", POINT_EXIT, args, err);
}

bool cmd_next_entry(Debugger *d, const char *args, Error *err) {
    return run_to_event(d, "next-entry", POINT_RETURN, args, err);
}

bool cmd_next_switch(Debugger *d, const char *args, Error *err) {
    return run_to_event(d, "next-switch", POINT_SWITCH, args, err);
}

bool cmd_icount(Debugger *d, const char *args, Error *err) {
    ExprValue v;
    u64 now = d->cpu->icount;
    if (!*args) return error_set(err, "icount: needs a number of instructions");
    if (!debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "icount: not understood: '%.40s'", args);
    if (v.v <= now)
        return error_set(err, "icount: cpu%u has executed %llu instructions already", d->cpu->index,
                         (unsigned long long)now);
    if (!may_run(d, "icount", err)) return false;
    debugger_resume(d, &(RunRequest){.cpu = d->cpu, .insns = v.v - now});
    return true;
}
