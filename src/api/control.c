// Run control of the public interface, on src/debugger/control.h.
#include "api/internal.h"

#include "cpu/armed.h"
#include "debugger/space.h"
#include "mmu/walk.h"

#include <stdio.h>
#include <string.h>

// --- points --------------------------------------------------------------------------------------

static const PointKind kinds[] = {[EL2SIM_BREAK] = POINT_EXEC,
                                  [EL2SIM_WATCH] = POINT_ACCESS,
                                  [EL2SIM_WATCH_REGISTER] = POINT_REGISTER,
                                  [EL2SIM_CATCH_EXIT] = POINT_EXIT,
                                  [EL2SIM_CATCH_RETURN] = POINT_RETURN,
                                  [EL2SIM_CATCH_SYSREG] = POINT_SYSREG,
                                  [EL2SIM_CATCH_IRQ] = POINT_IRQ,
                                  [EL2SIM_CATCH_DEVICE] = POINT_DEVICE,
                                  [EL2SIM_CATCH_SWITCH] = POINT_SWITCH};

static el2sim_point_kind public_kind(PointKind kind) {
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i] == kind) return (el2sim_point_kind)i;
    return EL2SIM_BREAK;
}

static el2sim_point anywhere(void) {
    return (el2sim_point){.struct_size = sizeof(el2sim_point),
                          .el = -1,
                          .vmid = -1,
                          .asid = -1,
                          .cpu = -1,
                          .ec = -1,
                          .number = -1};
}

void el2sim_point_init(el2sim_point *point, size_t struct_size) {
    el2sim_point p = anywhere();
    point->struct_size = struct_size;
    api_give(point, &p, sizeof p, NULL);
}

// -1 or 0..max.
static bool in_range(const char *what, int value, int max, Error *err) {
    return (value >= -1 && value <= max) ||
           error_set(err, "%s %d: -1 to %d are possible", what, value, max);
}

static bool check(const el2sim *sim, const el2sim_point *p, Error *err) {
    if ((unsigned)p->kind >= ARRAY_LEN(kinds))
        return error_set(err, "kind %d of point is unknown", p->kind);
    if (p->access & ~(unsigned)(EL2SIM_READ | EL2SIM_WRITE))
        return error_set(err, "access 0x%x is unknown", p->access);
    return in_range("el", p->el, 2, err) && in_range("vmid", p->vmid, 0xffff, err) &&
           in_range("asid", p->asid, 0xffff, err) && in_range("ec", p->ec, 63, err) &&
           in_range("number", p->number, 0x7fffffff, err) &&
           in_range("cpu", p->cpu, (int)sim->machine->cpus - 1, err);
}

static u8 access_of(const el2sim_point *p) {
    unsigned access = p->access;
    if (!access) access = p->kind == EL2SIM_WATCH ? EL2SIM_WRITE : EL2SIM_READ | EL2SIM_WRITE;
    return (u8)((access & EL2SIM_READ ? ARMED_READ : 0) |
                (access & EL2SIM_WRITE ? ARMED_WRITE : 0));
}

static bool is_at_address(el2sim_point_kind kind) {
    return kind == EL2SIM_BREAK || kind == EL2SIM_WATCH || kind == EL2SIM_CATCH_DEVICE;
}

// Fills in what `where` means. text gets how it is printed.
static bool locate(el2sim *sim, const el2sim_point *from, Point *p, char *text, size_t n,
                   Error *err) {
    Cpu *cpu = sim->machine->cpu[from->cpu >= 0 ? from->cpu : 0];
    bool named = from->kind == EL2SIM_WATCH_REGISTER || from->kind == EL2SIM_CATCH_SYSREG;
    if (!named && !is_at_address(from->kind)) return true;
    if (!from->where) return error_set(err, "the point needs `where`");
    if (!named) {
        ExprContext c = {cpu, sim->symbols};
        ExprValue v;
        if (!expr_value(&c, from->where, NULL, &v, err)) return false;
        p->space = v.space;
        p->address = v.v;
        space_print(text, n, v.space, v.v);
        return true;
    }
    if (!reg_find(cpu, from->where, &p->reg, err)) return false;
    snprintf(text, n, "%s", p->reg.name);
    p->sysreg = p->reg.index;
    return from->kind != EL2SIM_CATCH_SYSREG || p->reg.kind == REG_SYSTEM ||
           error_set(err, "%s is no system register", p->reg.name);
}

static unsigned add(el2sim *sim, const el2sim_point *given, Error *err) {
    el2sim_point from = anywhere();
    char text[64] = "";
    if (!api_take(&from, sizeof from, given, err) || !check(sim, &from, err)) return 0;
    Point p = {.kind = kinds[from.kind],
               .spec = text,
               .size = from.size                   ? from.size
                       : from.kind == EL2SIM_WATCH ? 8
                                                   : 4,
               .access = access_of(&from),
               .before = from.before,
               .el = (i8)from.el,
               .vmid = from.vmid,
               .asid = from.asid,
               .cpu = from.cpu,
               .ec = (i16)from.ec,
               .iss = from.iss,
               .iss_mask = from.iss_mask,
               .number = from.number,
               .condition = from.condition,
               .ignore = from.ignore,
               .temporary = from.temporary};
    return locate(sim, &from, &p, text, sizeof text, err) ? point_add(sim->control, &p, err) : 0;
}

unsigned el2sim_point_add(el2sim *sim, const el2sim_point *point, char *error, size_t error_size) {
    Error err = {0};
    unsigned id = add(sim, point, &err);
    if (!id) api_report(&err, error, error_size);
    return id;
}

bool el2sim_point_delete(el2sim *sim, unsigned id) {
    return point_delete(sim->control, id);
}
bool el2sim_point_enable(el2sim *sim, unsigned id, bool on) {
    return point_enable(sim->control, id, on);
}
bool el2sim_point_ignore(el2sim *sim, unsigned id, uint64_t hits) {
    return point_ignore(sim->control, id, hits);
}

bool el2sim_point_condition(el2sim *sim, unsigned id, const char *condition, char *error,
                            size_t error_size) {
    Error err = {0};
    return point_condition(sim->control, id, condition, &err) ||
           api_report(&err, error, error_size);
}

bool el2sim_point_get(el2sim *sim, unsigned id, el2sim_point *out) {
    const Point *p = point_get(sim->control, id);
    if (!p) return false;
    el2sim_point q = {.kind = public_kind(p->kind),
                      .where = p->spec,
                      .size = p->size,
                      .access = (p->access & ARMED_READ ? EL2SIM_READ : 0) |
                                (p->access & ARMED_WRITE ? EL2SIM_WRITE : 0),
                      .before = p->before,
                      .temporary = p->temporary,
                      .el = p->el,
                      .vmid = p->vmid,
                      .asid = p->asid,
                      .cpu = p->cpu,
                      .ec = p->ec,
                      .iss = p->iss,
                      .iss_mask = p->iss_mask,
                      .number = p->number,
                      .ignore = p->ignore,
                      .condition = p->condition,
                      .id = p->id,
                      .enabled = p->enabled,
                      .hits = p->hits};
    return api_give(out, &q, sizeof q, NULL);
}

unsigned el2sim_point_next(el2sim *sim, unsigned id) {
    unsigned i = 0;
    const Point *p;
    while ((p = point_next(sim->control, &i)))
        if (p->id > id) return p->id;
    return 0;
}

// --- running -------------------------------------------------------------------------------------

static el2sim_why public_why(StopWhy why) {
    switch (why) {
    case WHY_POINT: return EL2SIM_WHY_POINT;
    case WHY_INTERRUPT: return EL2SIM_WHY_INTERRUPT;
    case WHY_MACHINE: return EL2SIM_WHY_MACHINE;
    default: return EL2SIM_WHY_STEPPED;
    }
}

static el2sim_stopped stopped(const el2sim *sim, const StopEvent *ev) {
    const Cpu *cpu = ev->cpu;
    bool stage2 = cpu_have_el2(cpu) && bit(cpu->sys.HCR_EL2, HCR_VM);
    el2sim_stopped s = {.why = public_why(ev->why),
                        .cpu = cpu->index,
                        .el = cpu->el,
                        .vmid = stage2 ? regime_vmid(cpu) : -1,
                        .pc = cpu->pc,
                        .instructions = cpu->icount};
    if (ev->why == WHY_MACHINE) s.machine = (el2sim_stop)sim->machine->stop;
    if (ev->why != WHY_POINT) return s;
    s.point = ev->point->id;
    s.kind = public_kind(ev->point->kind);
    s.address = ev->address;
    s.size = ev->size;
    s.is_write = ev->is_write;
    s.old_value = ev->old;
    s.new_value = ev->new;
    s.esr = ev->esr;
    return s;
}

static bool go(el2sim *sim, const RunRequest *r, el2sim_stopped *out, Error *err) {
    el2sim_stopped s = {0};
    if (out && !api_give(out, &s, sizeof s, err)) return false;
    if (sim->machine->stop == STOP_INSN_LIMIT) sim->machine->stop = STOP_NONE;
    sim->machine->insn_limit = 0;
    StopEvent ev = control_run(sim->control, r);
    s = stopped(sim, &ev);
    return !out || api_give(out, &s, sizeof s, err);
}

bool el2sim_go(el2sim *sim, const el2sim_request *given, el2sim_stopped *out, char *error,
               size_t error_size) {
    Error err = {0};
    el2sim_request request = {0};
    if (given && !api_take(&request, sizeof request, given, &err))
        return api_report(&err, error, error_size);
    RunRequest r = {.cpu = api_find_cpu(sim, request.cpu, &err),
                    .insns = request.insns,
                    .range_lo = request.first,
                    .range_hi = request.end,
                    .only = request.only};
    if (!r.cpu) return api_report(&err, error, error_size);
    if (!r.insns && r.range_lo == r.range_hi && !r.only) r.cpu = NULL;
    return go(sim, &r, out, &err) || api_report(&err, error, error_size);
}

bool el2sim_run_to(el2sim *sim, unsigned index, uint64_t count, el2sim_stopped *out, char *error,
                   size_t error_size) {
    Error err = {0};
    Cpu *cpu = api_find_cpu(sim, index, &err);
    if (!cpu) return api_report(&err, error, error_size);
    if (count <= cpu->icount) {
        StopEvent ev = {.why = WHY_STEPPED, .cpu = cpu};
        el2sim_stopped s = stopped(sim, &ev);
        return !out || api_give(out, &s, sizeof s, &err) || api_report(&err, error, error_size);
    }
    RunRequest r = {.cpu = cpu, .insns = count - cpu->icount};
    return go(sim, &r, out, &err) || api_report(&err, error, error_size);
}

void el2sim_interrupt(el2sim *sim) {
    control_interrupt(sim->control);
}
