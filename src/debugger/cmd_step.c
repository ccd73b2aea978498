// Commands that let the guest run to a place: instructions, an address, an exit, an entry, a switch, a count.
#include "debugger/cmd_point.h"
#include "debugger/cmd_step.h"
#include "debugger/commands.h"
#include "debugger/disasm.h"
#include "debugger/source.h"
#include "mmu/walk.h"

bool step_may_run(Debugger *d, const char *what, Error *err) {
    if (!d->machine->stop) return true;
    return error_set(err, "%s: the machine has ended: %s", what, d->machine->stop_text);
}

// A number of times; 1 when there are no arguments.
bool step_count(Debugger *d, const char *what, const char *args, u64 *n, Error *err) {
    *n = 1;
    ExprValue v;
    if (!*args) return step_may_run(d, what, err);
    if (!debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "%s: not understood: '%.40s'", what, args);
    if (!v.v) return error_set(err, "%s: at least 1", what);
    *n = v.v;
    return step_may_run(d, what, err);
}

bool cmd_stepi(Debugger *d, const char *args, Error *err) {
    u64 n;
    if (!step_count(d, "stepi", args, &n, err)) return false;
    debugger_resume(d, &(RunRequest){.cpu = d->cpu, .insns = n});
    return true;
}

bool step_to_points(Debugger *d, Point *p, unsigned n, Error *err) {
    bool ok = true;
    for (unsigned i = 0; i < n; i++) {
        p[i].hidden = p[i].temporary = true;
        p[i].id = ok ? point_add(d->control, &p[i], err) : 0;
        ok &= p[i].id != 0;
    }
    if (ok) debugger_run(d, &(RunRequest){0});
    for (unsigned i = 0; i < n; i++)
        if (p[i].id) point_delete(d->control, p[i].id);
    return ok;
}

// Runs until this point, or anything else, stops it.
static bool step_to(Debugger *d, Point *p, Error *err) {
    if (!step_to_points(d, p, 1, err)) return false;
    debugger_report(d);
    return true;
}

// BL, BLR, BLRAA and the like, SVC, HVC, SMC: what comes back behind itself.
bool step_is_call(u32 word) {
    bool blr = (word & 0xfefff000) == 0xd63f0000;
    bool exception = (word & 0xffe0001c) == 0xd4000000 && word & 3;
    return word >> 26 == 0x25 || blr || exception;
}

Point step_point(const Cpu *cpu, unsigned el, u64 address) {
    Point p = point_anywhere(POINT_EXEC);
    p.address = address;
    p.el = (i8)el;
    p.cpu = (i32)cpu->index;
    if (el < 2) p.vmid = regime_vmid(cpu);
    // Processes have the same addresses, and after fork() the same stack pointer.
    if (el == 0) p.asid = regime_asid(cpu, REGIME_EL10);
    return p;
}

u64 step_register(const Cpu *cpu, const char *name) {
    Reg reg;
    u128 value = 0;
    if (reg_find(cpu, name, &reg, NULL)) reg_read((Cpu *)cpu, &reg, &value, NULL);
    return (u64)value;
}

const char *step_same_stack(char *buf, u64 sp) {
    snprintf(buf, STEP_CONDITION, "sp == 0x%llx", (unsigned long long)sp);
    return buf;
}

bool step_arrived(const Debugger *d) {
    const StopEvent *ev = &d->last;
    bool arrived = ev->why == WHY_STEPPED || (ev->why == WHY_POINT && ev->point->hidden);
    return arrived && !d->quit;
}

static bool next_instruction(Debugger *d, Error *err) {
    u32 word;
    Cpu *cpu = d->cpu;
    Space here = {.kind = AS_CURRENT};
    if (!disasm_fetch(cpu, here, cpu->pc, &word, NULL) || !step_is_call(word))
        return cmd_stepi(d, "", err);
    char same_stack[STEP_CONDITION];
    Point p = step_point(cpu, cpu->el, cpu->pc + 4);
    p.condition = step_same_stack(same_stack, step_register(cpu, "sp"));
    return step_to(d, &p, err);
}

bool cmd_nexti(Debugger *d, const char *args, Error *err) {
    u64 n;
    if (!step_count(d, "nexti", args, &n, err)) return false;
    while (n--) {
        if (!next_instruction(d, err)) return false;
        if (!step_arrived(d)) break;
    }
    return true;
}

bool cmd_advance(Debugger *d, const char *args, Error *err) {
    Point p = point_anywhere(POINT_EXEC);
    ExprValue v;
    if (!*args) return error_set(err, "advance: needs a location");
    args += *args == '*';
    if (!debugger_location(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "advance: not understood: '%.40s'", args);
    p.space = v.space;
    p.address = v.v;
    return step_may_run(d, "advance", err) && step_to(d, &p, err);
}

static bool run_to_event(Debugger *d, const char *what, PointKind kind, const char *args,
                         Error *err) {
    Point p = point_anywhere(kind);
    if (*args) return error_set(err, "%s: takes no arguments", what);
    return step_may_run(d, what, err) && step_to(d, &p, err);
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
    if (!step_may_run(d, "icount", err)) return false;
    debugger_resume(d, &(RunRequest){.cpu = d->cpu, .insns = v.v - now});
    return true;
}
