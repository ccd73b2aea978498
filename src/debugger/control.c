// Run control over machine_run(): what makes it stop, and how it goes on (control.h). Nothing of the guest's
// is changed by it: stops are asked for through Cpu.stop_at, armed addresses, observers and the hook that sees
// each instruction, and machine_run() goes on where it was.
#include "debugger/control_internal.h"

#include "cpu/op.h"
#include "cpu/sysreg.h"
#include "gen/exceptions.h"
#include "gic/internal.h"
#include "mmu/walk.h"

#include <stdlib.h>

static void stop(Control *c, Cpu *cpu, const StopEvent *ev) {
    c->event = *ev;
    c->event.cpu = cpu;
    machine_stop(c->machine, STOP_DEBUG, 0, "stopped by the debugger");
}

// It stands at this very instruction since it stopped last.
static bool stands_here(const Control *c, const Cpu *cpu, u64 pc) {
    return cpu == c->stood && pc == c->stood_pc && cpu->icount == c->stood_icount;
}

// --- addresses -----------------------------------------------------------------------------------

static bool covers(u64 first, u64 size, u64 at, u64 n) {
    return at <= first + (size - 1) && at + (n - 1) >= first;
}

static bool executes(const Cpu *cpu, const Point *p, const ArmedAccess *a) {
    if (p->kind != POINT_EXEC) return false;
    bool large = cpu_has(cpu, FEAT_LVA);
    if (armed_va(p->address, large) != armed_va(a->va, large)) return false;
    if (p->el >= 0 && p->el != a->el) return false;
    if (p->space.kind == AS_EL && p->space.el != a->el) return false;
    return p->space.kind != AS_VM || (a->el < 2 && regime_vmid(cpu) == p->space.vmid);
}

// The IPA of the access, as its translation says now; ~0 outside of the EL1&0 regime.
static u64 ipa_of(Cpu *cpu, u64 address) {
    MmuMode mode = cpu_mode(cpu);
    if (mode_regime(mode) != REGIME_EL10 || !bit(cpu->sys.HCR_EL2, HCR_VM)) return ~0ull;
    AccessDesc acc = {.type = ACCESS_READ, .mode = mode, .no_side_effects = true};
    Translation t = {0};
    Fault fault;
    return mmu_translate(cpu, va(address), &acc, &t, &fault) ? t.ipa : ~0ull;
}

static bool accesses(Cpu *cpu, const Point *p, const ArmedAccess *a) {
    if ((p->kind != POINT_ACCESS && p->kind != POINT_DEVICE) || !(p->access & a->kinds))
        return false;
    if (p->el >= 0 && p->el != a->el) return false;
    switch (p->space.kind) {
    case AS_PHYSICAL: return a->pa != ~0ull && covers(p->address, p->size, a->pa, a->size);
    case AS_IPA: {
        u64 ipa = ipa_of(cpu, a->va);
        bool vm = p->space.any_vm || regime_vmid(cpu) == p->space.vmid;
        return vm && ipa != ~0ull && covers(p->address, p->size, ipa, a->size);
    }
    case AS_EL:
        if (p->space.el != a->el) return false;
        break;
    case AS_VM:
        if (a->el == 2 || regime_vmid(cpu) != p->space.vmid) return false;
        break;
    case AS_CURRENT: break;
    }
    bool large = cpu_has(cpu, FEAT_LVA);
    return covers(armed_va(p->address, large), p->size, armed_va(a->va, large), a->size);
}

// What is at the accessed bytes (the first 8 of them); devices are not asked.
static u64 value_at(Cpu *cpu, const ArmedAccess *a) {
    u64 value = 0;
    bus_read_bytes(cpu->machine, a->pa, &value, MIN(a->size, sizeof value));
    return value;
}

// A load or store of one general register: its number, -1 for any other instruction.
static int transfer_register(Cpu *cpu) {
    u32 word;
    u64 pa;
    Space here = {.kind = AS_CURRENT};
    if (!space_translate(cpu, here, cpu->pc, false, NULL, NULL, &pa, NULL) ||
        !bus_read_bytes(cpu->machine, pa, &word, sizeof word))
        return -1;
    return (word & 0x3c000000) == 0x38000000 ? (int)(word & 31) : -1;
}

static u64 transferred(const Cpu *cpu, int reg, u64 size) {
    u64 value = reg == 31 ? 0 : cpu->x[reg];
    return size < 8 ? bits(value, (unsigned)size * 8 - 1, 0) : value;
}

static bool hit_access(Control *c, PointState *s, Cpu *cpu, const ArmedAccess *a) {
    StopEvent ev = {.why = WHY_POINT,
                    .point = &s->p,
                    .address = a->va,
                    .size = a->size,
                    .is_write = a->kinds & ARMED_WRITE,
                    .old = value_at(cpu, a)};
    ev.new = ev.old;
    if (!point_stops(c, s, cpu, &ev)) return false;
    int reg = -1;
    if (s->p.kind == POINT_DEVICE) {
        ev.address = a->pa;
        reg = transfer_register(cpu);
        ev.has_value = reg >= 0 && (ev.is_write || !s->p.before);
        if (reg >= 0 && ev.is_write) ev.new = transferred(cpu, reg, a->size);
    }
    if (!s->p.before) c->watch = (PendingWatch){s, cpu, *a, ev.old, reg};
    cpu->held = true;
    stop(c, cpu, &ev);
    return true;
}

bool control_armed_hit(Cpu *cpu, const ArmedAccess *a, void *arg) {
    Control *c = arg;
    if (stands_here(c, cpu, cpu->pc)) return false;
    for (unsigned i = 0; i < c->count; i++) {
        PointState *s = c->point[i];
        if (!(a->kinds & ARMED_EXEC)) {
            if (accesses(cpu, &s->p, a) && hit_access(c, s, cpu, a)) return true;
            continue;
        }
        StopEvent ev = {.why = WHY_POINT, .point = &s->p, .address = a->va, .size = 4};
        if (!executes(cpu, &s->p, a) || !point_stops(c, s, cpu, &ev)) continue;
        stop(c, cpu, &ev);
        return true;
    }
    return false;
}

// --- each instruction ----------------------------------------------------------------------------

// The register has changed since this CPU was looked at last.
static bool register_changed(Control *c, PointState *s, Cpu *cpu) {
    u128 value;
    if (!reg_read(cpu, &s->p.reg, &value, NULL) || (u64)value == s->last[cpu->index]) return false;
    StopEvent ev = {
        .why = WHY_POINT, .point = &s->p, .old = s->last[cpu->index], .new = (u64)value};
    s->last[cpu->index] = (u64)value;
    if (!point_stops(c, s, cpu, &ev)) return false;
    stop(c, cpu, &ev);
    return true;
}

// MSR, MRS, SYS or SYSL of the register; of an alias, too.
static bool accesses_register(const Point *p, u32 word) {
    if ((word & 0xffc00000) != 0xd5000000 || !bits(word, 20, 19)) return false;
    u8 access = bit(word, 21) ? ARMED_READ : ARMED_WRITE;
    unsigned index = sysreg_index(bits(word, 20, 5) & 0xffff);
    if (index == SYSREG_NONE || !(p->access & access)) return false;
    const SysRegInfo *info = sysreg_info(index);
    return index == p->sysreg || info->alias_of == p->sysreg;
}

static bool hit_sysreg(Control *c, PointState *s, Cpu *cpu, u32 word) {
    unsigned rt = word & 31;
    StopEvent ev = {.why = WHY_POINT,
                    .point = &s->p,
                    .is_write = !bit(word, 21),
                    .new = rt == 31 ? 0 : cpu->x[rt]};
    if (stands_here(c, cpu, cpu->pc) || !point_stops(c, s, cpu, &ev)) return false;
    stop(c, cpu, &ev);
    return true;
}

static bool left_range(Control *c, Cpu *cpu) {
    const RunRequest *r = &c->request;
    if (r->cpu != cpu || r->range_lo == r->range_hi) return false;
    bool inside = cpu->pc >= r->range_lo && cpu->pc < r->range_hi && cpu->el == c->request_el;
    if (inside) {
        c->leaving.from = cpu->pc;
        return false;
    }
    c->leaving.why = WHY_STEPPED;
    stop(c, cpu, &c->leaving);
    return true;
}

bool control_before_insn(Cpu *cpu, const Op *op, void *arg) {
    Control *c = arg;
    if (left_range(c, cpu)) return true;
    for (unsigned i = 0; i < c->count; i++) {
        PointState *s = c->point[i];
        if (s->dead || !s->p.enabled) continue;
        if (s->p.kind == POINT_REGISTER && register_changed(c, s, cpu)) return true;
        if (s->p.kind != POINT_SYSREG || (s->p.el >= 0 && s->p.el != cpu->el)) continue;
        u32 word = op_word(cpu, op);
        if (accesses_register(&s->p, word) && hit_sysreg(c, s, cpu, word)) return true;
    }
    return false;
}

// --- exceptions and returns ----------------------------------------------------------------------

// ESR_ELx.EC of it; -1: an interrupt has none.
static int class_of(const Exception *e) {
    if (e->kind == EXC_SERROR) return EC_SERROR;
    return e->kind == EXC_SYNC ? (int)e->ec : -1;
}

static bool exit_matches(const Point *p, const Cpu *cpu, const ExceptionEvent *ev) {
    const Exception *e = ev->exc;
    if (ev->to_el != 2 || (p->el >= 0 && p->el != ev->from_el)) return false;
    if (p->ec >= 0 && class_of(e) != p->ec) return false;
    if (p->iss_mask && (e->iss & p->iss_mask) != p->iss) return false;
    if (p->number < 0) return true;
    bool call = e->kind == EXC_SYNC && (e->ec == EC_HVC64 || e->ec == EC_SMC64);
    return call && ((u32)p->number == (e->iss & 0xffff) || (u32)p->number == (u32)cpu->x[0] ||
                    (u32)p->number == (u32)cpu->x[16]);
}

static bool exception_matches(const Point *p, const Cpu *cpu, const ExceptionEvent *ev) {
    const Exception *e = ev->exc;
    if (p->kind == POINT_EXIT) return exit_matches(p, cpu, ev);
    if (p->kind != POINT_IRQ || (e->kind != EXC_IRQ && e->kind != EXC_FIQ)) return false;
    if (p->el >= 0 && p->el != ev->to_el) return false;
    return p->number < 0 || e->intid == (u32)p->number;
}

// One step ends where the instruction took an exception instead, or after it.
static bool ends_step(const Control *c, const Cpu *cpu) {
    return c->request.cpu == cpu && c->request.insns == 1;
}

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *e) {
    Control *c = arg;
    if (!c->running || c->machine->stop) return;
    StopEvent ev = {.why = WHY_POINT, .kind = e->exc->kind, .esr = e->esr};
    for (unsigned i = 0; i < c->count; i++) {
        PointState *s = c->point[i];
        if (!exception_matches(&s->p, cpu, e)) continue;
        ev.point = &s->p;
        if (!point_stops(c, s, cpu, &ev)) continue;
        stop(c, cpu, &ev);
        return;
    }
    if (c->request.cpu == cpu) {
        c->leaving.by_exception = true;
        c->leaving.kind = e->exc->kind;
        c->leaving.esr = e->esr;
    }
    if (!ends_step(c, cpu)) return;
    ev.why = WHY_STEPPED;
    stop(c, cpu, &ev);
}

// Where the CPU goes from EL2 is not where it was there last.
static bool switches(Control *c, const Cpu *cpu) {
    LastWorld *last = &c->world[cpu->index];
    LastWorld now = {true, regime_vmid(cpu), cpu->sys.VMPIDR_EL2};
    bool changed = last->known && (last->vmid != now.vmid || last->vmpidr != now.vmpidr);
    *last = now;
    return changed;
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *e) {
    Control *c = arg;
    bool entry = e->from_el == 2 && e->to_el < 2;
    bool changed = entry && bit(cpu->sys.HCR_EL2, HCR_VM) && switches(c, cpu);
    if (!c->running || c->machine->stop) return;
    for (unsigned i = 0; i < c->count; i++) {
        PointState *s = c->point[i];
        bool matches = s->p.kind == POINT_RETURN ? entry : s->p.kind == POINT_SWITCH && changed;
        StopEvent ev = {.why = WHY_POINT, .point = &s->p};
        if (!matches || (s->p.el >= 0 && s->p.el != e->to_el) || !point_stops(c, s, cpu, &ev))
            continue;
        stop(c, cpu, &ev);
        return;
    }
}

// --- running -------------------------------------------------------------------------------------

Control *control_create(Machine *machine, const Symbols *symbols) {
    Control *c = calloc(1, sizeof *c);
    CHECK(c);
    c->machine = machine;
    c->symbols = symbols;
    c->world = calloc(machine->cpus, sizeof *c->world);
    CHECK(c->world);
    c->observer = (Observer){.arg = c, .exception = on_exception, .eret = on_return};
    observer_add(machine, &c->observer);
    return c;
}

static void set_hook(Control *c, bool on) {
    for (unsigned i = 0; i < c->machine->cpus; i++) {
        c->machine->cpu[i]->before_insn = on ? control_before_insn : NULL;
        c->machine->cpu[i]->before_insn_arg = c;
    }
}

void control_free(Control *c) {
    if (!c) return;
    observer_remove(c->machine, &c->observer);
    for (unsigned i = 0; i < c->machine->cpus; i++) {
        c->machine->cpu[i]->stop_at = ~0ull;
        if (c->machine->cpu[i]->armed[ARMED_DEBUGGER].hit)
            armed_replace(c->machine->cpu[i], ARMED_DEBUGGER, (ArmedSet){0});
    }
    set_hook(c, false);
    points_free(c);
    free(c->range);
    free(c->memory);
    free(c->world);
    free(c);
}

void control_interrupt(Control *c) {
    c->interrupted = 1;
    c->machine->pause = 1;
}

void control_on_trace(Control *c, void (*fn)(void *arg, const StopEvent *ev), void *arg) {
    c->on_trace = fn;
    c->trace_arg = arg;
}

static void clear_stop(Machine *machine) {
    machine->stop = STOP_NONE;
    machine->stop_cpu = NULL;
    machine->stop_text[0] = '\0';
}

// Runs until machine->stop says something.
static void run_once(Control *c) {
    if (c->machine->stop == STOP_DEBUG) clear_stop(c->machine);
    c->event = (StopEvent){0};
    c->running = true;
    machine_run(c->machine);
    c->running = false;
}

// The instruction that was held for a watchpoint: it is executed, and the new value is known.
static void finish_watch(Control *c) {
    PendingWatch w = c->watch;
    StopEvent ev = c->event;
    c->watch = (PendingWatch){0};
    c->stood = w.cpu;
    c->stood_pc = w.cpu->pc;
    c->stood_icount = w.cpu->icount;
    w.cpu->stop_at = w.cpu->icount + 1;
    run_once(c);
    w.cpu->stop_at = ~0ull;
    if (w.point->p.kind != POINT_DEVICE)
        ev.new = value_at(w.cpu, &w.access);
    else if (ev.has_value && !ev.is_write)
        ev.new = transferred(w.cpu, w.reg, w.access.size);
    // The machine itself may have stopped on it (power off by a write to a device).
    if (c->machine->stop == STOP_DEBUG) c->event = ev;
}

static void clear_request(Control *c) {
    c->request = (RunRequest){0};
    c->machine->only = NULL;
    for (unsigned i = 0; i < c->machine->cpus; i++) c->machine->cpu[i]->stop_at = ~0ull;
}

static void start_request(Control *c, const RunRequest *r) {
    c->request = *r;
    c->leaving = (StopEvent){0};
    c->machine->only = r->only ? r->cpu : NULL;
    if (!r->cpu) return;
    c->request_el = r->cpu->el;
    c->request_icount = r->cpu->icount;
    if (r->insns) r->cpu->stop_at = r->cpu->icount + r->insns;
}

// The request is fulfilled, whatever else wants a stop (control_interrupt()).
static bool is_fulfilled(const Control *c, const RunRequest *r) {
    return r->cpu && r->insns && r->cpu->icount - c->request_icount >= r->insns;
}

static StopEvent stopped(Control *c, const RunRequest *r) {
    StopEvent ev = c->event;
    if (c->machine->stop != STOP_DEBUG) {
        ev = (StopEvent){.why = WHY_MACHINE, .cpu = c->machine->stop_cpu};
    } else if (ev.why == WHY_NOTHING) {
        ev.why = c->interrupted && !is_fulfilled(c, r) ? WHY_INTERRUPT : WHY_STEPPED;
        ev.cpu = ev.why == WHY_STEPPED ? r->cpu : c->machine->stop_cpu;
    }
    if (c->machine->stop == STOP_DEBUG) clear_stop(c->machine);
    c->interrupted = 0;
    if (!ev.cpu) ev.cpu = r->cpu ? r->cpu : c->stood ? c->stood : c->machine->cpu[0];
    c->stood = ev.cpu;
    c->stood_pc = ev.cpu->pc;
    c->stood_icount = ev.cpu->icount;
    return ev;
}

StopEvent control_run(Control *c, const RunRequest *r) {
    points_bury(c);
    if (c->dirty) points_arm(c);
    bool range = r->cpu && r->range_lo != r->range_hi;
    set_hook(c, c->hooked || range);
    start_request(c, r);
    if (c->interrupted) c->machine->pause = 1;
    // A machine that has ended does not run.
    if (!c->machine->stop || c->machine->stop == STOP_DEBUG) {
        run_once(c);
        while (c->watch.point && c->machine->stop == STOP_DEBUG) finish_watch(c);
    }
    c->watch = (PendingWatch){0};
    clear_request(c);
    StopEvent ev = stopped(c, r);
    if (ev.why == WHY_POINT && ev.point->temporary) point_delete(c, ev.point->id);
    return ev;
}
