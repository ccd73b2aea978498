// Both stages together, without a TLB, and the physical accesses of table walks.
// Arm ARM: "The AArch64 Virtual Memory System Architecture", pseudo-code AArch64.FullTranslate,
// FetchDescriptor, AArch64.MemSwapTableDesc.
// Table walks read plain memory only; anything else at a table's address is an external abort, and so is
// a hardware update of a descriptor in read-only memory.
// Descriptor updates are plain stores: one thread runs all CPUs, nothing comes in between.
#include "cpu/observer.h"
#include "cpu/op.h"
#include "mmu/tlb.h"
#include "mmu/walk.h"

bool walk_fault(Walk *w, FaultType type, int level, const char *rule) {
    w->fault.type = type;
    w->fault.level = (i8)level;
    w->fault.rule = rule;
    return false;
}

COLD void walk_log(Walk *w, WalkStep step, const u64 *desc) {
    Translation *t = w->log;
    if (!t || !t->trace || t->trace_count == t->trace_max) return;
    step.for_table = step.stage == 2 && w->fault.s1ptw;
    step.unread = !desc;
    step.desc = desc ? *desc : 0;
    t->trace[t->trace_count++] = step;
}

static NOINLINE u8 *phys_host_slow(Machine *machine, u64 pa, Region **region) {
    Region *r = bus_find(machine, pa);
    *region = r;
    return r && r->host ? r->host + (pa - r->base) : NULL;
}

u8 *phys_host(Machine *machine, u64 pa, Region **region) {
    u64 offset = pa - machine->ram.base;
    if (likely(offset < machine->ram.size)) {
        *region = &machine->ram;
        return machine->ram.host + offset;
    }
    return phys_host_slow(machine, pa, region);
}

bool walk_read_desc(Walk *w, u64 pa, bool big_endian, int level, u64 *desc) {
    Region *region;
    const u8 *host = phys_host(w->machine, pa, &region);
    if (unlikely(!host))
        return walk_fault(w, FAULT_EXTERNAL_TTW, level, "external abort: no memory at the table");
    memcpy(desc, host, 8);
    if (unlikely(big_endian)) *desc = __builtin_bswap64(*desc);
    return true;
}

bool walk_write_desc(Walk *w, u64 pa, bool big_endian, int level, u64 desc) {
    Region *region;
    u8 *host = phys_host(w->machine, pa, &region);
    if (unlikely(!host || region->readonly))
        return walk_fault(w, FAULT_EXTERNAL_TTW, level, "external abort: the table is read-only");
    if (w->no_update) return true;
    if (unlikely(big_endian)) desc = __builtin_bswap64(desc);
    memcpy(host, &desc, 8);
    if (region->code && region->code[(pa - region->base) >> 12]) opcache_written(w->machine, pa, 8);
    return true;
}

// --- observers -----------------------------------------------------------------------------------

COLD void walk_observe(Walk *w) {
    struct TlbContexts *c = w->cpu->contexts;
    for (const Observer *o = w->cpu->observer; o; o = o->next) w->observed |= o->walk != NULL;
    if (!w->observed) return;
    c->log = (Translation){.trace = c->log_step, .trace_max = WALK_STEPS_MAX};
    w->log = &c->log;
}

COLD void walk_tell(const Walk *w, u64 address, bool ok, const Mapping *m, bool two_stages) {
    if (!w->observed) return;
    bool s2 = w->r->s2.on && two_stages;
    WalkEvent ev = {.address = address,
                    .type = w->type,
                    .regime = (u8)w->r->id,
                    .write = w->write,
                    .unprivileged = w->el0 && w->cpu->el,
                    .ok = ok,
                    .fault = &w->fault,
                    .step = w->log->trace,
                    .steps = w->log->trace_count};
    if (ok) {
        ev.has_ipa = w->r->s2.on;
        ev.has_pa = two_stages || !w->r->s2.on;
        ev.ipa = m->s1.ipa;
        ev.pa = m->pa;
        ev.page_bits = s2 ? MIN(m->s1.page_bits, m->s2.page_bits) : m->s1.page_bits;
        ev.r = m->s1.r && (!s2 || m->s2.r);
        ev.w = m->s1.w && (!s2 || m->s2.w);
        ev.x = m->s1.x && (!s2 || m->s2.x);
    }
    // Both stages off: there are no tables.
    if (ok && !ev.steps) return;
    for (const Observer *o = w->cpu->observer; o; o = o->next)
        if (o->walk) o->walk(o->arg, w->cpu, &ev);
}

// --- both stages ---------------------------------------------------------------------------------

static bool full_translate(Walk *w, u64 address, Mapping *m) {
    w->fault = (Fault){.write = w->write && !w->read};
    if (!s1_translate(w, address, &m->s1)) return false;
    m->r = m->s1.r;
    m->w = m->s1.w;
    m->x = m->s1.x;
    m->clean = m->s1.clean;
    if (w->r->s2.on) {
        if (!s2_translate(w, &m->s1, &m->s2)) return false;
        m->r &= m->s2.r;
        m->w &= m->s2.w;
        m->x &= m->s2.x;
        m->clean |= m->s2.clean;
        m->pa = m->s2.pa;
        m->tagged = m->s1.tagged && m->s2.attr == ATTR_WB;  // S2MemTagType
    } else {
        m->s2 = (Stage2){.pa = m->s1.ipa,
                         .page_bits = 48,
                         .r = true,
                         .w = true,
                         .x = true,
                         .attr = m->s1.attr,
                         .sh = m->s1.sh};
        m->pa = m->s1.ipa;
        m->tagged = m->s1.tagged;
    }
    return true;
}

bool walk_translate(Walk *w, u64 address, Mapping *m) {
    bool ok = full_translate(w, address, m);
    if (unlikely(w->observed)) walk_tell(w, address, ok, m, true);
    return ok;
}

static void walk_from_access(Cpu *cpu, const AccessDesc *acc, const Regime *r, Translation *out,
                             Walk *w) {
    *w = (Walk){.cpu = cpu,
                .machine = cpu->machine,
                .r = r,
                .type = acc->type,
                .el0 = mode_el0(acc->mode),
                .pan = mode_pan(acc->mode),
                .read = !acc->write || acc->atomic,
                .write = acc->write,
                .no_update = acc->no_side_effects,
                .log = out->trace ? out : NULL};
    out->trace_count = 0;
}

static u8 rwx(bool r, bool w, bool x) {
    return (u8)(r << 2 | w << 1 | x);
}

static void to_translation(const Mapping *m, Translation *t) {
    t->pa = m->pa;
    t->ipa = m->s1.ipa;
    t->page_bits = MIN(m->s1.page_bits, m->s2.page_bits);
    t->read = m->r;
    t->write = m->w;
    t->exec = m->x;
    t->ng = m->s1.ng;
    t->attr = m->tagged ? ATTR_TAGGED : m->s2.attr;
    t->sh = m->s2.sh;
    t->device = attr_is_device(m->s2.attr);
    t->guarded = m->s1.guarded;
    t->s1_attr = m->s1.tagged ? ATTR_TAGGED : m->s1.attr;
    t->s1_sh = m->s1.sh;
    t->s1_rwx = rwx(m->s1.r, m->s1.w, m->s1.x);
    t->s2_rwx = rwx(m->s2.r, m->s2.w, m->s2.x);
    t->s1_bits = m->s1.page_bits;
    t->s2_bits = m->s2.page_bits;
    t->clean = m->s1.clean || m->s2.clean;
}

bool mmu_translate(Cpu *cpu, Va address, const AccessDesc *acc, Translation *out, Fault *fault) {
    Regime r;
    Walk w;
    Mapping m;
    regime_load(cpu, mode_regime(acc->mode), &r);
    walk_from_access(cpu, acc, &r, out, &w);
    bool ok = walk_translate(&w, address.v, &m);
    if (ok) to_translation(&m, out);
    *fault = w.fault;
    if (ok) fault->type = FAULT_NONE;
    return ok;
}

bool mmu_translate_s2(Cpu *cpu, Ipa address, const AccessDesc *acc, Translation *out,
                      Fault *fault) {
    Regime r;
    Walk w;
    Mapping m = {.s1 = {.ipa = address.v, .page_bits = 48, .attr = 0xff, .sh = SH_NSH}};
    regime_load(cpu, REGIME_EL10, &r);
    walk_from_access(cpu, acc, &r, out, &w);
    w.fault = (Fault){.write = acc->write};
    m.s1.r = m.s1.w = m.s1.x = true;
    m.s2 =
        (Stage2){.pa = address.v, .page_bits = 48, .r = true, .w = true, .x = true, .attr = 0xff};
    bool ok = !r.s2.on || s2_translate(&w, &m.s1, &m.s2);
    if (ok) {
        m.pa = m.s2.pa;
        m.r = m.s2.r;
        m.w = m.s2.w;
        m.x = m.s2.x;
        to_translation(&m, out);
    }
    *fault = w.fault;
    if (ok) fault->type = FAULT_NONE;
    return ok;
}
