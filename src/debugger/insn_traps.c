// Each field of each register that decides routes (`control` and `cause` lines of sysregs.reg) is given each of its
// values, and the instruction executed: the exception that comes names its control (Exception.rule). First what
// traps it after reset is taken out, so that nothing hides behind it.
#include "debugger/insn_traps.h"

#include "cpu/exception.h"
#include "cpu/exit_ring.h"
#include "cpu/sysreg.h"
#include "debugger/state.h"
#include "machine/virt.h"

#include <stdio.h>

enum { CODE = VIRT_RAM_BASE, DATA = VIRT_RAM_BASE + 0x1000, WIDEST = 3, TAKEN_OUT_MAX = 16 };

typedef struct Outcome {
    bool taken;
    u8 ec, to_el;
    const char *rule;
} Outcome;

typedef struct Probe {
    Machine *machine;
    Cpu *cpu;
    unsigned world;
    Outcome base;
    Reg taken_out[TAKEN_OUT_MAX];  // controls that trapped it after reset
    unsigned taken_out_n;
    InsnTrap found[INSN_TRAPS_MAX];  // in this world
    unsigned n;
} Probe;

// --- executing it --------------------------------------------------------------------------------

static unsigned level(unsigned world) {
    return world == INSN_HOST ? 0 : world % INSN_E2H;
}

static void write_field(Probe *p, const Reg *r, u64 value) {
    pstate_changed(p->cpu, PSTATE_DAIF | PSTATE_SP | (p->machine->config.el2 ? 2u : 1u) << 2);
    reg_write(p->cpu, r, value, NULL);
}

static u64 read_field(const Probe *p, const Reg *r) {
    u128 value = 0;
    reg_read(p->cpu, r, &value, NULL);
    return (u64)value;
}

// Faults of its memory access, and what would come of any instruction there.
static bool is_other(u8 ec) {
    return ec == EC_IABT_LOWER || ec == EC_IABT_SAME || ec == EC_DABT_LOWER || ec == EC_DABT_SAME ||
           ec == EC_PC_ALIGN || ec == EC_SP_ALIGN || ec == EC_ILLEGAL_STATE ||
           (ec >= EC_BREAKPT_LOWER && ec <= EC_WATCHPT_SAME);
}

static Outcome execute(Probe *p) {
    Cpu *cpu = p->cpu;
    unsigned el = level(p->world);
    pstate_changed(cpu, PSTATE_DAIF | el << 2 | (el ? PSTATE_SP : 0));
    for (unsigned i = 0; i <= REG_SP; i++) cpu->x[i] = DATA;
    cpu->halt = HALT_NONE;
    cpu->event = false;
    cpu->exception_repeats = 0;
    p->machine->stop = STOP_NONE;
    cpu->pc = CODE;
    exit_ring_reset(cpu);
    machine_step(p->machine, cpu);
    const ExitRecord *r = exit_ring_get(cpu, 0);
    if (!r || r->event != EXIT_EXCEPTION || r->kind != EXC_SYNC || is_other(r->esr >> 26 & 63))
        return (Outcome){0};
    return (Outcome){true, r->esr >> 26 & 63, r->to_el, r->rule};
}

static bool same(const Outcome *a, const Outcome *b) {
    return a->taken == b->taken && a->ec == b->ec && a->to_el == b->to_el &&
           !strcmp(a->rule ? a->rule : "", b->rule ? b->rule : "");
}

// --- controls ------------------------------------------------------------------------------------

static bool has_vhe(const Machine *m) {
    return m->features[FEAT_VHE / 64] >> FEAT_VHE % 64 & 1;
}

static bool is_e2h(const Probe *p) {
    return p->world >= INSN_E2H && has_vhe(p->machine);
}

// A field that decides routes. Those that make the world are not among them.
static bool is_control(const Probe *p, const SysRegInfo *info, const SysRegField *f) {
    bool world = info == sysreg_info(SYSREG_HCR_EL2) && (f->lo == HCR_E2H || f->lo == HCR_TGE);
    unsigned index = (unsigned)(info - sysreg_info(0));
    return info->cause && f->kind != FIELD_RES0 && f->kind != FIELD_RES1 && !world &&
           f->hi - f->lo < WIDEST && p->machine->sysreg_writable[index] >> f->lo & 1;
}

static Reg control(const SysRegInfo *info, const SysRegField *f) {
    Reg r = {REG_SYSTEM, (u16)(info - sysreg_info(0)), f->hi, f->lo, 0, ""};
    snprintf(r.name, sizeof r.name, "%.20s.%.18s", info->name, f->name);
    return r;
}

// The field that a rule names, in the layout that HCR_EL2.E2H gives its register.
static bool control_of_rule(const Probe *p, const char *rule, Reg *out) {
    char name[40];
    size_t n = rule ? strcspn(rule, ".") : 0;
    if (!n || n >= sizeof name || !rule[n]) return false;
    memcpy(name, rule, n);
    name[n] = '\0';
    unsigned index = sysreg_find(name);
    if (index == SYSREG_NONE) return false;
    const SysRegInfo *info = sysreg_info(index);
    const SysRegField *best = NULL;
    for (unsigned i = 0; i < info->fields; i++) {
        const SysRegField *f = &sysreg_fields[info->first_field + i];
        bool other = !strncmp(f->name, "E2H_", 4);
        if (strcmp(f->name + (other ? 4 : 0), rule + n + 1) || !is_control(p, info, f)) continue;
        if (!best || other == is_e2h(p)) best = f;
    }
    if (!best) return false;
    *out = control(info, best);
    snprintf(out->name, sizeof out->name, "%s", rule);
    return true;
}

// --- trying --------------------------------------------------------------------------------------

static void note(Probe *p, const char *name, const char *with, u8 values, const Outcome *o) {
    for (unsigned i = 0; i < p->n; i++) {
        InsnTrap *t = &p->found[i];
        if (strcmp(t->control, name) || strcmp(t->with, with) || t->ec != o->ec) continue;
        t->values |= values;
        return;
    }
    if (p->n == INSN_TRAPS_MAX) return;
    InsnTrap *t = &p->found[p->n++];
    *t = (InsnTrap){.values = values, .from = 1u << p->world, .to_el = o->to_el, .ec = o->ec};
    if (o->ec == EC_UNKNOWN) t->to_el = 0;  // UNDEFINED is enough to know
    snprintf(t->control, sizeof t->control, "%s", name);
    snprintf(t->with, sizeof t->with, "%s", with);
}

// The values of r for which the outcome is o. *other: one for which it is not, -1: there is none.
static u8 values_for(Probe *p, const Reg *r, const Outcome *o, int *other) {
    u8 values = 0;
    u64 old = read_field(p, r);
    *other = -1;
    for (unsigned v = 0; v < 1u << (r->hi - r->lo + 1); v++) {
        write_field(p, r, v);
        Outcome now = execute(p);
        if (same(&now, o))
            values |= (u8)(1u << v);
        else
            *other = (int)v;
    }
    write_field(p, r, old);
    return values;
}

// Takes out what traps it as the registers are after reset. What is left comes in any case.
static void take_out(Probe *p) {
    Reg r;
    int other;
    for (p->taken_out_n = 0; p->taken_out_n < TAKEN_OUT_MAX; p->taken_out_n++) {
        p->base = execute(p);
        if (!p->base.taken || !control_of_rule(p, p->base.rule, &r)) break;
        u8 values = values_for(p, &r, &p->base, &other);
        if (other < 0) break;
        note(p, r.name, "", values, &p->base);
        write_field(p, &r, (u64)other);
        p->taken_out[p->taken_out_n] = r;
    }
    if (p->base.taken) note(p, "", "", 0, &p->base);
}

static bool was_taken_out(const Probe *p, const Reg *r) {
    for (unsigned i = 0; i < p->taken_out_n; i++)
        if (p->taken_out[i].index == r->index && p->taken_out[i].lo == r->lo) return true;
    return false;
}

// What came of r = value.
static void consider(Probe *p, const Reg *r, unsigned value, const Outcome *o) {
    Reg named;
    int other;
    if (!o->taken || same(o, &p->base)) return;
    if (!control_of_rule(p, o->rule, &named)) {
        if (o->ec == EC_UNKNOWN && p->base.ec != EC_UNKNOWN)
            note(p, r->name, "", (u8)(1u << value), o);
    } else if (named.index == r->index && named.lo == r->lo) {
        note(p, named.name, "", (u8)(1u << value), o);
    } else {
        char with[48];
        snprintf(with, sizeof with, "%.39s = %u", r->name, value & 7);
        note(p, named.name, with, values_for(p, &named, o, &other), o);
    }
}

static void try_field(Probe *p, const Reg *r) {
    u64 old = read_field(p, r);
    for (unsigned v = 0; v < 1u << (r->hi - r->lo + 1); v++) {
        if (v == old) continue;
        write_field(p, r, v);
        Outcome o = execute(p);
        consider(p, r, v, &o);
    }
    write_field(p, r, old);
}

static void try_world(Probe *p, unsigned world) {
    static const SysRegField bit_e2h = {.name = "E2H", .hi = HCR_E2H, .lo = HCR_E2H},
                             bit_tge = {.name = "TGE", .hi = HCR_TGE, .lo = HCR_TGE};
    const SysRegInfo *hcr = sysreg_info(SYSREG_HCR_EL2);
    machine_reset(p->machine);
    p->world = world;
    p->n = 0;
    if (p->machine->config.el2) {
        Reg e2h = control(hcr, &bit_e2h), tge = control(hcr, &bit_tge);
        write_field(p, &e2h, is_e2h(p));
        write_field(p, &tge, world == INSN_HOST);
    }
    take_out(p);
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *info = sysreg_info(i);
        if (!info->cause || !sysreg_present(p->cpu, i) || info->write_el > 2) continue;
        for (unsigned k = 0; k < info->fields; k++) {
            const SysRegField *f = &sysreg_fields[info->first_field + k];
            Reg r = control(info, f);
            if (is_control(p, info, f) && !was_taken_out(p, &r)) try_field(p, &r);
        }
    }
}

// --- all of it -----------------------------------------------------------------------------------

static unsigned merge(InsnTrap *out, unsigned n, const InsnTrap *t) {
    for (unsigned i = 0; i < n; i++) {
        InsnTrap *o = &out[i];
        if (strcmp(o->control, t->control) || strcmp(o->with, t->with) || o->ec != t->ec ||
            o->values != t->values || o->to_el != t->to_el)
            continue;
        o->from |= t->from;
        return n;
    }
    if (n == INSN_TRAPS_MAX) return n;
    out[n] = *t;
    return n + 1;
}

static bool has_world(const Machine *m, unsigned world) {
    if (world >= INSN_E2H && world != INSN_HOST && !has_vhe(m)) return false;
    return world < 2 || m->config.el2;
}

unsigned insn_traps(const MachineConfig *config, u32 word, InsnTrap out[INSN_TRAPS_MAX]) {
    MachineConfig c = *config;
    c.cpus = 1;
    c.ram_size = 16 << 20;
    c.semihosting = c.host_clock = c.its = false;
    Probe p = {.machine = machine_create(&c, NULL)};
    if (!p.machine) return 0;
    p.cpu = p.machine->cpu[0];
    CHECK(bus_write_bytes(p.machine, CODE, &word, sizeof word));
    unsigned n = 0;
    for (unsigned world = 0; world < INSN_WORLDS; world++) {
        if (!has_world(p.machine, world)) continue;
        try_world(&p, world);
        for (unsigned i = 0; i < p.n; i++) n = merge(out, n, &p.found[i]);
    }
    machine_free(p.machine);
    return n;
}
