// The list of breakpoints, watchpoints, catchpoints and tracepoints, and what each needs of the CPUs.
#include "debugger/control_internal.h"

#include "mmu/walk.h"

#include <stdlib.h>

static PointState *find(const Control *c, unsigned id) {
    for (unsigned i = 0; i < c->count; i++)
        if (c->point[i]->p.id == id && !c->point[i]->dead) return c->point[i];
    return NULL;
}

static void free_point(PointState *s) {
    expr_free(s->condition);
    free(s->spec);
    free(s->condition_text);
    free(s->text);
    free(s->last);
    free(s);
}

void points_free(Control *c) {
    for (unsigned i = 0; i < c->count; i++) free_point(c->point[i]);
    free(c->point);
}

void points_bury(Control *c) {
    unsigned kept = 0;
    for (unsigned i = 0; i < c->count; i++) {
        if (c->point[i]->dead)
            free_point(c->point[i]);
        else
            c->point[kept++] = c->point[i];
    }
    c->count = kept;
}

static char *own(const char *text) {
    char *copy = text ? strdup(text) : NULL;
    CHECK(copy || !text);
    return copy;
}

static bool check(const Control *c, const Point *p, Error *err) {
    bool has_range = p->kind == POINT_EXEC || p->kind == POINT_ACCESS || p->kind == POINT_DEVICE;
    if (p->cpu >= (i32)c->machine->cpus) return error_set(err, "there is no CPU %d", p->cpu);
    if (p->kind == POINT_EXEC && p->address & 3)
        return error_set(err, "0x%llx: instructions are at multiples of 4",
                         (unsigned long long)p->address);
    if (p->kind == POINT_EXEC && (p->space.kind == AS_PHYSICAL || p->space.kind == AS_IPA))
        return error_set(err, "breakpoints are at virtual addresses");
    if (has_range && p->size && p->address + (p->size - 1) < p->address)
        return error_set(err, "the range goes beyond the last address");
    if (p->kind == POINT_ACCESS && !p->size)
        return error_set(err, "a watchpoint needs at least one byte");
    return true;
}

// Every CPU's value now: changes from here on count.
static bool remember_values(Control *c, PointState *s, Error *err) {
    s->last = calloc(c->machine->cpus, sizeof *s->last);
    CHECK(s->last);
    for (unsigned i = 0; i < c->machine->cpus; i++) {
        u128 value;
        if (!reg_read(c->machine->cpu[i], &s->p.reg, &value, err)) return false;
        s->last[i] = (u64)value;
    }
    return true;
}

unsigned point_add(Control *c, const Point *p, Error *err) {
    if (!check(c, p, err)) return 0;
    PointState *s = calloc(1, sizeof *s);
    CHECK(s);
    s->p = *p;
    s->p.spec = s->spec = own(p->spec);
    s->p.condition = s->condition_text = own(p->condition);
    s->p.text = s->text = own(p->text);
    s->p.problem = NULL;
    ExprContext context = {c->machine->cpu[p->cpu >= 0 ? p->cpu : 0], c->symbols};
    if (p->condition && !(s->condition = expr_parse(&context, p->condition, NULL, err))) {
        free_point(s);
        return 0;
    }
    if (p->kind == POINT_REGISTER && !remember_values(c, s, err)) {
        free_point(s);
        return 0;
    }
    if (c->count == c->room) {
        c->room = c->room ? 2 * c->room : 16;
        c->point = realloc(c->point, c->room * sizeof *c->point);
        CHECK(c->point);
    }
    s->p.enabled = true;
    s->p.hits = 0;
    // Internal ones do not use the numbers up that a user sees.
    static const unsigned hidden_from = 1u << 30;
    s->p.id = p->hidden ? hidden_from + c->next_id++ : 0;
    if (!p->hidden) {
        unsigned highest = 0;
        for (unsigned i = 0; i < c->count; i++)
            if (!c->point[i]->p.hidden) highest = MAX(highest, c->point[i]->p.id);
        s->p.id = MAX(highest, c->last_id) + 1;
        c->last_id = s->p.id;
    }
    c->point[c->count++] = s;
    c->dirty = true;
    return s->p.id;
}

bool point_delete(Control *c, unsigned id) {
    PointState *s = find(c, id);
    if (!s) return false;
    s->dead = true;
    c->dirty = true;
    return true;
}

bool point_enable(Control *c, unsigned id, bool on) {
    PointState *s = find(c, id);
    if (!s) return false;
    if (on && !s->p.enabled && s->last) {
        free(s->last);
        remember_values(c, s, NULL);
    }
    s->p.enabled = on;
    c->dirty = true;
    return true;
}

bool point_condition(Control *c, unsigned id, const char *condition, Error *err) {
    PointState *s = find(c, id);
    if (!s) return error_set(err, "there is no point %u", id);
    ExprContext context = {c->machine->cpu[s->p.cpu >= 0 ? s->p.cpu : 0], c->symbols};
    Expr *e = condition ? expr_parse(&context, condition, NULL, err) : NULL;
    if (condition && !e) return false;
    expr_free(s->condition);
    free(s->condition_text);
    s->condition = e;
    s->p.condition = s->condition_text = own(condition);
    return true;
}

bool point_ignore(Control *c, unsigned id, u64 count) {
    PointState *s = find(c, id);
    if (s) s->p.ignore = count;
    return s != NULL;
}

const Point *point_get(const Control *c, unsigned id) {
    const PointState *s = find(c, id);
    return s ? &s->p : NULL;
}

const Point *point_next(const Control *c, unsigned *i) {
    while (*i < c->count) {
        const PointState *s = c->point[(*i)++];
        if (!s->dead && !s->p.hidden) return &s->p;
    }
    return NULL;
}

// --- whether one stops ---------------------------------------------------------------------------

static bool in_scope(const PointState *s, Cpu *cpu) {
    const Point *p = &s->p;
    if (!p->enabled || s->dead) return false;
    if (p->cpu >= 0 && (unsigned)p->cpu != cpu->index) return false;
    if (p->vmid >= 0 && regime_vmid(cpu) != p->vmid) return false;
    return p->asid < 0 || regime_asid(cpu, mode_regime(cpu_mode(cpu))) == p->asid;
}

// A condition that cannot be evaluated (memory that is not there) counts as true: it stops, and the
// user sees why.
static bool condition_holds(const Control *c, PointState *s, Cpu *cpu) {
    s->p.problem = NULL;
    if (!s->condition) return true;
    ExprContext context = {cpu, c->symbols};
    ExprValue value;
    if (expr_eval(s->condition, &context, &value, &s->problem)) return value.v;
    s->p.problem = s->problem.text;
    return true;
}

bool point_stops(Control *c, PointState *s, Cpu *cpu, const StopEvent *ev) {
    if (!in_scope(s, cpu) || !condition_holds(c, s, cpu)) return false;
    s->p.hits++;
    if (s->p.ignore) {
        s->p.ignore--;
        return false;
    }
    if (!s->p.trace_only) return true;
    StopEvent told = *ev;
    told.why = WHY_POINT;
    told.cpu = cpu;
    told.point = &s->p;
    if (c->on_trace) c->on_trace(c->trace_arg, &told);
    return false;
}

// --- arming --------------------------------------------------------------------------------------

static u8 levels_of(const Point *p) {
    if (p->el >= 0) return (u8)(1 << p->el);
    if (p->space.kind == AS_EL) return (u8)(1 << p->space.el);
    return p->space.kind == AS_VM ? 3 : 7;
}

static void arm_range(Control *c, const Point *p, u8 kinds) {
    bool large = cpu_has(c->machine->cpu[0], FEAT_LVA);
    u64 size = p->kind == POINT_EXEC ? 4 : p->size;
    c->range[c->range_count++] = (ArmedRange){.first = armed_va(p->address, large),
                                              .last = armed_va(p->address, large) + size - 1,
                                              .kinds = kinds,
                                              .els = levels_of(p)};
}

// An IPA: pages that are entered later are known by it; those that are there by what it is now.
static void arm_ipa(Control *c, const Point *p) {
    u64 last = p->address + p->size - 1;
    c->memory[c->memory_count++] =
        (ArmedMemory){.first = p->address, .last = last, .kinds = p->access, .is_ipa = true};
    for (unsigned i = 0; i < c->machine->cpus; i++) {
        u64 pa;
        if (!space_translate(c->machine->cpu[i], p->space, p->address, false, NULL, NULL, &pa,
                             NULL))
            continue;
        u64 end = MIN(pa + p->size - 1,
                      pa | 0xfff);  // its first page; others are rare and found when entered
        c->memory[c->memory_count++] = (ArmedMemory){.first = pa, .last = end, .kinds = p->access};
    }
}

static void arm_point(Control *c, const Point *p) {
    switch (p->kind) {
    case POINT_EXEC: arm_range(c, p, ARMED_EXEC); break;
    case POINT_ACCESS:
    case POINT_DEVICE:
        if (p->space.kind == AS_PHYSICAL)
            c->memory[c->memory_count++] = (ArmedMemory){
                .first = p->address, .last = p->address + p->size - 1, .kinds = p->access};
        else if (p->space.kind == AS_IPA)
            arm_ipa(c, p);
        else
            arm_range(c, p, p->access);
        break;
    case POINT_REGISTER:
    case POINT_SYSREG: c->hooked = true; break;
    default: break;
    }
}

void points_arm(Control *c) {
    for (unsigned i = 0; i < c->machine->cpus; i++)
        if (c->machine->cpu[i]->armed[ARMED_DEBUGGER].hit)
            armed_replace(c->machine->cpu[i], ARMED_DEBUGGER, (ArmedSet){0});
    c->range = realloc(c->range, (c->count + 1) * sizeof *c->range);
    c->memory = realloc(c->memory, (c->count + 1) * (c->machine->cpus + 1) * sizeof *c->memory);
    CHECK(c->range && c->memory);
    c->range_count = c->memory_count = 0;
    c->hooked = false;
    for (unsigned i = 0; i < c->count; i++)
        if (c->point[i]->p.enabled && !c->point[i]->dead) arm_point(c, &c->point[i]->p);
    c->dirty = false;
    if (!c->range_count && !c->memory_count) return;
    ArmedSet set = {.ranges = c->range,
                    .count = c->range_count,
                    .memory = c->memory,
                    .memory_count = c->memory_count,
                    .hit = control_armed_hit,
                    .arg = c};
    for (unsigned i = 0; i < c->machine->cpus; i++)
        armed_replace(c->machine->cpu[i], ARMED_DEBUGGER, set);
}
