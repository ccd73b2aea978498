// fuzz_gic: GICv2, its distributor (GICD), CPU interface (GICC) and virtualization (GICH, GICV), as software
// sees them through the frames.
// Source: Arm GIC architecture specification v2, "GIC Distributor registers", "GIC CPU Interface
// registers", "GIC Virtualization Extensions". A group that a CPU interface disables does not hold
// back the other one. Which source of an SGI is taken first is IMPLEMENTATION DEFINED: any will do.
#include "gic_model.h"

enum {
    GICC = 0x08010000,
    GICH = 0x08030000,
    GICV = 0x08040000,
    SPURIOUS_GROUP1 = 1022,
};

static u32 get(unsigned c, u64 address) {
    u64 value = 0;
    if (!bus_read(machine, address, 4, &value, machine->cpu[c]))
        mismatch("aborted read of", c, address, 0);
    return (u32)value;
}
static void set(unsigned c, u64 address, unsigned size, u64 value) {
    bus_write(machine, address, size, value, machine->cpu[c]);
}
static MIface *iface(unsigned c, bool v) {
    return v ? &model.cpu[c].virt : &model.cpu[c].phys;
}
static u64 base(bool v) {
    return v ? GICV : GICC;
}

// --- the model, what GICv2 has of its own ---

static bool v2_pending(unsigned c, unsigned id) {
    return id < 16 ? irq(c, id)->sources != 0 : pending(irq(c, id));
}
static bool candidate(unsigned c, unsigned id) {
    const MIrq *i = irq(c, id);
    if (id >= LOCALS && !(i->targets >> c & 1)) return false;
    return v2_pending(c, id) && i->enabled && !i->active && model.dist_enable[i->group1] &&
           model.cpu[c].phys.enable[i->group1];
}
static int best_priority(unsigned c) {
    int best = 256;
    for (unsigned id = 0; id < IDS; id++)
        if (candidate(c, id) && irq(c, id)->priority < best) best = irq(c, id)->priority;
    return best;
}
static void activate(MIface *f, int group, u8 priority, u32 id) {
    f->ap[0][(priority & group_mask(f, group)) / 8] = true;  // one set for both groups
    f->taken[f->depth].id = id;
    f->taken[f->depth++].group = group;
}

// What may be read from HPPIR or AHPPIR, if the best interrupt is in this group (-1: none).
static u32 instead(const MIface *f, bool alias, int group) {
    if (group < 0) return NONE;
    if (alias) return group == 1 ? 0 : NONE;
    if (group == 0 || f->ackctl) return 0;
    return SPURIOUS_GROUP1;
}

// --- comparing ------

// The highest pending interrupt, from whichever register shows it. group: -1, none.
static u32 chosen(unsigned c, bool v, int *group) {
    const MIface *f = iface(c, v);
    u32 plain = get(c, base(v) + 0x18), alias = get(c, base(v) + 0x28);
    *group = alias != NONE ? 1 : plain != NONE ? 0 : -1;
    u32 id = alias != NONE ? alias : plain, only = instead(f, false, *group);
    if (plain != (only ? only : id)) mismatch("HPPIR and AHPPIR", c, plain, only ? only : id);
    return id;
}

static bool source_pending(unsigned c, u32 id) {
    return (id & 0x3ff) >= 16 ? id < IDS : irq(c, id & 15)->sources >> (id >> 10) & 1;
}

static u32 check_physical(unsigned c) {
    const MIface *f = iface(c, false);
    int group, best = best_priority(c);
    u32 id = chosen(c, false, &group);
    if (best == 256) {
        if (id != NONE) mismatch("GICC_HPPIR", c, id, NONE);
        return 0;
    }
    if (!source_pending(c, id) || !candidate(c, id & 0x3ff))
        mismatch("GICC_HPPIR is no candidate", c, id, 0);
    const MIrq *i = irq(c, id & 0x3ff);
    if (i->priority != best) mismatch("priority of GICC_HPPIR", c, i->priority, (u64)best);
    if (i->group1 != group) mismatch("group of GICC_HPPIR", c, (u64)group, i->group1);
    if (!signals(f, group, i->priority)) return 0;
    return group == 0 && f->fiqen ? LINE_FIQ : LINE_IRQ;
}

static MLr *chosen_lr(unsigned c, u32 id, int group) {
    MCpu *m = &model.cpu[c];
    int best = best_virtual(m);
    for (unsigned n = 0; n < LRS; n++) {
        MLr *l = &m->lr[n];
        if (lr_candidate(m, n) && l->vid == id && l->priority == best && l->group1 == group)
            return l;
    }
    mismatch("GICV_HPPIR is in no list register", c, id, (u64)best);
}

static u32 check_virtual(unsigned c) {
    const MCpu *m = &model.cpu[c];
    int group;
    u32 id = chosen(c, true, &group);
    if (best_virtual(m) == 256) {
        if (id != NONE) mismatch("GICV_HPPIR", c, id, NONE);
        return 0;
    }
    const MLr *l = chosen_lr(c, id, group);
    if (!signals(&m->virt, group, l->priority)) return 0;
    return group == 0 && m->virt.fiqen ? LINE_VFIQ : LINE_VIRQ;
}

static u32 lr_value(const MLr *l) {
    return (u32)l->hw << 31 | (u32)l->group1 << 30 | (u32)l->active << 29 | (u32)l->pending << 28 |
           (u32)(l->priority >> 3) << 23 | (l->hw ? l->pid << 10 : (u32)l->eoi << 19) | l->vid;
}

static void check_iface(unsigned c, bool v) {
    const MIface *f = iface(c, v);
    u32 ap = 0, ctlr = (u32)f->enable[0] | (u32)f->enable[1] << 1 | (u32)f->ackctl << 2 |
                       (u32)f->fiqen << 3 | (u32)f->cbpr << 4 | (u32)f->split << 9;
    for (int n = 0; n < 32; n++) ap |= (u32)f->ap[0][n] << n;
    const struct {
        const char *name;
        u32 offset, value;
    } regs[] = {{"CTLR", 0, ctlr},
                {"PMR", 4, f->pmr},
                {"BPR", 8, f->bpr[0]},
                {"ABPR", 0x1c, f->bpr[1]},
                {"RPR", 0x14, (u32)running(f)},
                {"APR", 0xd0, ap}};
    for (unsigned n = 0; n < ARRAY_LEN(regs); n++) {
        u32 value = get(c, base(v) + regs[n].offset);
        if (value != regs[n].value) mismatch(regs[n].name, c, value, regs[n].value);
    }
    if (!v) return;
    u32 vmcr = ctlr | (u32)f->bpr[1] << 18 | (u32)f->bpr[0] << 21 | (u32)f->pmr << 24;
    if (get(c, GICH + 8) != vmcr) mismatch("GICH_VMCR", c, get(c, GICH + 8), vmcr);
    if (get(c, GICH + 0xf0) != ap) mismatch("GICH_APR", c, get(c, GICH + 0xf0), ap);
}

static void check_list_registers(unsigned c) {
    const MCpu *m = &model.cpu[c];
    u32 empty = 0, ended = 0;
    for (unsigned n = 0; n < LRS; n++) {
        const MLr *l = &m->lr[n];
        u32 value = get(c, GICH + 0x100 + n * 4);
        if (value != lr_value(l)) mismatch("GICH_LR", c, value, lr_value(l));
        if (l->pending || l->active) continue;
        if (!l->hw && l->eoi)
            ended |= 1u << n;
        else
            empty |= 1u << n;
    }
    u32 v = get(c, GICH + 0x30);
    if (v != empty) mismatch("GICH_ELRSR0", c, v, empty);
    v = get(c, GICH + 0x20);
    if (v != ended) mismatch("GICH_EISR0", c, v, ended);
    v = get(c, GICH + 0x10);
    if (v != misr(m)) mismatch("GICH_MISR", c, v, misr(m));
    v = get(c, GICH);
    u32 hcr = m->ich_hcr | m->eoi_count << 27;
    if (v != hcr) mismatch("GICH_HCR", c, v, hcr);
}

static void check_bits(unsigned c, unsigned first) {
    u32 p = 0, a = 0, e = 0;
    for (unsigned n = 0; n < 32; n++) {
        const MIrq *i = irq(c, first + n);
        p |= (u32)v2_pending(c, first + n) << n;
        a |= (u32)i->active << n;
        e |= (u32)i->enabled << n;
    }
    // The timers and the PMU have their own PPIs: their wires are not the model's.
    u32 mine = first ? ~0u : 0xffff | 1u << 20 | 1u << 21 | 1u << MAINTENANCE;
    u64 word = GICD + first / 32 * 4;
    u32 v = get(c, word + 0x200) & mine;
    if (v != (p & mine)) mismatch("GICD_ISPENDR", c, v, p);
    v = get(c, word + 0x300);
    if (v != a) mismatch("GICD_ISACTIVER", c, v, a);
    v = get(c, word + 0x100);
    if (v != e) mismatch("GICD_ISENABLER", c, v, e);
    for (unsigned id = 0; id < 16 && !first; id += 4) {
        u32 sources = 0;
        for (unsigned n = 0; n < 4; n++) sources |= (u32)irq(c, id + n)->sources << n * 8;
        v = get(c, GICD + 0xf20 + id);
        if (v != sources) mismatch("GICD_SPENDSGIR", c, v, sources);
    }
}

void v2_check(void) {
    for (unsigned c = 0; c < CPUS; c++) {
        MCpu *m = &model.cpu[c];
        m->local[MAINTENANCE].level = m->ich_hcr & 1 && misr(m);
    }
    const u32 mine = LINE_IRQ | LINE_FIQ | LINE_VIRQ | LINE_VFIQ;
    for (unsigned c = 0; c < CPUS; c++) {
        u32 lines = check_physical(c) | check_virtual(c), has = machine->cpu[c]->lines & mine;
        if (has != lines) mismatch("interrupt lines", c, has, lines);
        check_iface(c, false);
        check_iface(c, true);
        check_list_registers(c);
        check_bits(c, 0);
    }
    check_bits(0, LOCALS);
}

// --- operations: GICD ------

static unsigned some_id(void) {
    static const u8 ids[] = {0, 1, 15, 20, 21, MAINTENANCE, 32, 33, 40, 63};
    return ids[byte() % sizeof ids];
}
static unsigned some_wire(void) {
    static const u8 ids[] = {20, 21, 32, 33, 40, 63};
    return ids[byte() % sizeof ids];
}

static void op_wire(unsigned c) {
    unsigned id = some_wire();
    MIrq *i = irq(c, id);
    i->level = !i->level;
    if (i->level && i->edge) i->latch = true;
    if (id < LOCALS)
        gic_set_ppi(machine->gic, machine->cpu[c], id, i->level);
    else
        gic_set_spi(machine->gic, id, i->level);
}

// Enable and pending bits of SGIs are read-only here.
static void op_bits(unsigned c) {
    unsigned which = byte() % 6, id = some_id();
    MIrq *i = irq(c, id);
    set(c, GICD + 0x100 + which * 0x80 + id / 32 * 4, 4, 1u << id % 32);
    if (id < 16 && which < 4) return;
    switch (which) {
    case 0: i->enabled = true; break;
    case 1: i->enabled = false; break;
    case 2: i->latch = true; break;
    case 3: i->latch = false; break;
    case 4: i->active = true; break;
    case 5: i->active = false; break;
    }
}

static void op_sgi_bits(unsigned c) {
    unsigned id = byte() & 15, how = byte();
    u8 which = how >> 1 & 3;
    MIrq *i = irq(c, id);
    if (how & 1)
        i->sources |= which;
    else
        i->sources &= (u8)~which;
    set(c, GICD + (how & 1 ? 0xf20 : 0xf10) + id, 1, which);
}

static void op_sgi(unsigned c) {
    unsigned id = byte() & 15, how = byte(), filter = how & 3, list = how >> 2 & 3;
    for (unsigned to = 0; to < CPUS; to++) {
        bool sent = filter == 0 ? list >> to & 1 : filter == 1 ? to != c : filter == 2 && to == c;
        if (sent) irq(to, id)->sources |= (u8)(1u << c);
    }
    set(c, GICD + 0xf00, 4, filter << 24 | list << 16 | id);
}

static void op_priority(unsigned c) {
    unsigned id = some_id();
    u8 priority = byte();
    irq(c, id)->priority = priority & 0xf8;
    set(c, GICD + 0x400 + id, 1, priority);
}

static void op_group(unsigned c) {
    unsigned id = some_id();
    u64 at = GICD + 0x80 + id / 32 * 4;
    irq(c, id)->group1 = !irq(c, id)->group1;
    set(c, at, 4, get(c, at) ^ 1u << id % 32);
}

// Changing the trigger of an enabled interrupt is UNPREDICTABLE.
static void op_config(unsigned c) {
    unsigned id = some_wire();
    MIrq *i = irq(c, id);
    if (i->enabled || i->level || pending(i)) return;
    i->edge = !i->edge;
    u64 at = GICD + 0xc00 + id / 16 * 4;
    set(c, at, 4, get(c, at) ^ 2u << id % 16 * 2);
}

static void op_targets(unsigned c) {
    static const u8 ids[] = {32, 33, 40, 63, 20};
    unsigned id = ids[byte() % sizeof ids];
    u8 to = byte();
    if (id >= LOCALS) irq(c, id)->targets = to & 3;
    set(c, GICD + 0x800 + id, 1, to);
}

static void op_dist_ctlr(unsigned c) {
    u8 value = byte() & 3;
    model.dist_enable[0] = value & 1;
    model.dist_enable[1] = value >> 1;
    set(c, GICD, 4, value);
}

// --- operations: the CPU interfaces ------

static void set_ctlr(MIface *f, u32 value) {
    f->enable[0] = value & 1;
    f->enable[1] = value >> 1 & 1;
    f->ackctl = value >> 2 & 1;
    f->fiqen = value >> 3 & 1;
    f->cbpr = value >> 4 & 1;
    f->split = value >> 9 & 1;
}

static void op_iface(unsigned c, bool v) {
    MIface *f = iface(c, v);
    u8 which = byte(), value = byte();
    u32 ctlr = (value & 0x1f) | (value & 0x20u) << 4;
    if (value & 0x40) ctlr |= 3;
    switch (which % 4) {
    case 0:
        set_ctlr(f, ctlr);
        set(c, base(v), 4, ctlr);
        break;
    case 1:
        f->pmr = value & 0xf8;
        set(c, base(v) + 4, 4, value);
        break;
    case 2:
        f->bpr[0] = (u8)MAX(value & 7, 2);
        set(c, base(v) + 8, 4, value & 7);
        break;
    default:
        f->bpr[1] = (u8)MAX(value & 7, 3);
        set(c, base(v) + 0x1c, 4, value & 7);
        break;
    }
}

// The interrupt that an IAR or AIAR must return, or what it says instead.
static u32 read_iar(unsigned c, bool v, bool alias, u32 id, int group, u8 priority) {
    const MIface *f = iface(c, v);
    u32 only = instead(f, alias, group);
    u32 expected = group < 0 || !signals(f, group, priority) ? NONE : only ? only : id;
    u32 iar = get(c, base(v) + (alias ? 0x20 : 0xc));
    if (iar != expected) mismatch(v ? "GICV_IAR" : "GICC_IAR", c, iar, expected);
    return iar;
}

static void op_acknowledge(unsigned c) {
    MIface *f = iface(c, false);
    int group;
    u32 id = chosen(c, false, &group);
    bool alias = byte() & 1;
    if (f->depth == DEEP) return;
    u8 priority = group < 0 ? 0 : irq(c, id & 0x3ff)->priority;
    id = read_iar(c, false, alias, id, group, priority);
    if (id == NONE || id == SPURIOUS_GROUP1) return;
    MIrq *i = irq(c, id & 0x3ff);
    i->active = true;
    i->latch = false;
    if (id % 1024 < 16) i->sources &= (u8) ~(1u << (id >> 10));
    activate(f, group, priority, id);
}

static void op_virtual_acknowledge(unsigned c) {
    MIface *f = iface(c, true);
    int group;
    u32 id = chosen(c, true, &group);
    bool alias = byte() & 1;
    if (f->depth == DEEP) return;
    MLr *l = group < 0 ? NULL : chosen_lr(c, id, group);
    u8 priority = l ? l->priority : 0;
    id = read_iar(c, true, alias, id, group, priority);
    if (!l || id == NONE || id == SPURIOUS_GROUP1) return;
    l->pending = false;
    l->active = true;
    activate(f, group, priority, id);
}

// The last one acknowledged, through the register of its group; with AckCtl EOIR serves both.
static u32 end(unsigned c, bool v, int *level) {
    MIface *f = iface(c, v);
    f->depth--;
    u32 id = f->taken[f->depth].id;
    bool alias = f->taken[f->depth].group && !(f->ackctl && id & 1);
    *level = drop(f);
    set(c, base(v) + (alias ? 0x24 : 0x10), 4, id);
    return id;
}

static void op_eoi(unsigned c) {
    MIface *f = iface(c, false);
    int level;
    if (!f->depth) return;
    u32 id = end(c, false, &level);
    if (!f->split && level != IDLE) irq(c, id & 0x3ff)->active = false;
}

static void op_deactivate(unsigned c) {
    unsigned id = some_id();
    if (!iface(c, false)->split) return;
    irq(c, id)->active = false;
    set(c, GICC + 0x1000, 4, id);
}

static void virtual_end(unsigned c, u32 id, int level) {
    MCpu *m = &model.cpu[c];
    MLr *l = active_lr(m, id);
    if (!l)
        m->eoi_count = (m->eoi_count + 1) & 31;
    else if (level == IDLE || (l->priority & group_mask(&m->virt, l->group1)) == level)
        leave_lr(c, l);
}

static void op_virtual_eoi(unsigned c) {
    MIface *f = iface(c, true);
    int level;
    if (!f->depth) return;
    u32 id = end(c, true, &level);
    if (!f->split && level != IDLE) virtual_end(c, id, level);
}

static void op_virtual_deactivate(unsigned c) {
    static const u16 vids[] = {3, 1 << 10 | 3, 27, 32, 40, 63};
    u32 id = vids[byte() % 6];
    if (!iface(c, true)->split) return;
    set(c, GICV + 0x1000, 4, id);
    virtual_end(c, id, IDLE);
}

// --- operations: GICH ------

static void op_lr(unsigned c) {
    static const u16 vids[] = {3, 1 << 10 | 3, 27, 32, 40, 63};
    static const u8 pids[] = {20, 21, 32, 33, 40};
    MCpu *m = &model.cpu[c];
    unsigned n = byte() % LRS;
    u8 state = byte(), v = byte();
    MLr l = {.pending = state & 1, .active = state & 2, .hw = state & 4, .group1 = state & 8};
    l.vid = vids[v % 6];
    l.priority = byte() & 0xf8;
    if ((l.vid & 0x3ff) < 16) l.hw = false;
    l.eoi = state & 16 && !l.hw;
    if (l.hw) l.pid = pids[v / 6 % 5];
    if (l.hw && l.pending) l.active = false;  // both: UNPREDICTABLE with HW
    for (unsigned k = 0; k < LRS; k++)
        if (k != n && (m->lr[k].pending || m->lr[k].active) && m->lr[k].vid == l.vid) return;
    m->lr[n] = l;
    set(c, GICH + 0x100 + n * 4, 4, lr_value(&l));
}

static void op_gich_hcr(unsigned c) {
    MCpu *m = &model.cpu[c];
    m->ich_hcr = byte() | (byte() & 3 ? 1 : 0);
    m->eoi_count = byte() & 31;
    set(c, GICH, 4, m->ich_hcr | m->eoi_count << 27);
}

static void op_gich_vmcr(unsigned c) {
    MIface *f = iface(c, true);
    u8 a = byte(), b = byte(), pmr = byte();
    u32 ctlr = (a & 0x1f) | (a & 0x20u) << 4;
    set_ctlr(f, ctlr);
    f->bpr[0] = (u8)MAX(b & 7, 2);
    f->bpr[1] = (u8)MAX(b >> 3 & 7, 3);
    f->pmr = pmr & 0xf8;
    set(c, GICH + 8, 4, ctlr | (b >> 3 & 7u) << 18 | (b & 7u) << 21 | (u32)f->pmr << 24);
}

static void op_physical_iface(unsigned c) {
    op_iface(c, false);
}
static void op_virtual_iface(unsigned c) {
    op_iface(c, true);
}

static const struct {
    const char *name;
    void (*run)(unsigned cpu);
} operations[] = {
    {"wire", op_wire},
    {"wire", op_wire},
    {"set or clear a bit", op_bits},
    {"set or clear a bit", op_bits},
    {"SGI bits", op_sgi_bits},
    {"GICD_SGIR", op_sgi},
    {"GICD_SGIR", op_sgi},
    {"priority", op_priority},
    {"group", op_group},
    {"trigger", op_config},
    {"targets", op_targets},
    {"GICD_CTLR", op_dist_ctlr},
    {"CPU interface", op_physical_iface},
    {"acknowledge", op_acknowledge},
    {"acknowledge", op_acknowledge},
    {"end of interrupt", op_eoi},
    {"deactivate", op_deactivate},
    {"list register", op_lr},
    {"list register", op_lr},
    {"GICH_HCR", op_gich_hcr},
    {"GICH_VMCR", op_gich_vmcr},
    {"virtual CPU interface", op_virtual_iface},
    {"virtual acknowledge", op_virtual_acknowledge},
    {"virtual acknowledge", op_virtual_acknowledge},
    {"virtual end of interrupt", op_virtual_eoi},
    {"virtual deactivate", op_virtual_deactivate},
};

void v2_step(unsigned what, unsigned c) {
    what %= ARRAY_LEN(operations);
    doing = operations[what].name;
    operations[what].run(c);
}

// --- start ------

static void enable_everything(unsigned c) {
    MCpu *m = &model.cpu[c];
    for (unsigned v = 0; v < 2; v++) {
        MIface *f = iface(c, v);
        f->pmr = 0xf8;
        set_ctlr(f, 0xf);
        set(c, base(v) + 4, 4, 0xff);
        set(c, base(v), 4, 0xf);
    }
    m->ich_hcr = 1;
    set(c, GICH, 4, 1);
    // Not the PPIs of timers and PMU: their wires are not the model's.
    const u32 ppis = 1u << 20 | 1u << 21 | 1u << MAINTENANCE;
    set(c, GICD + 0x100, 4, ppis);
    for (unsigned id = 16; id < LOCALS; id++)
        if (ppis >> id & 1) m->local[id].enabled = true;
}

void v2_start(bool enable) {
    for (unsigned c = 0; c < CPUS; c++)
        for (unsigned id = 0; id < 16; id++) irq(c, id)->enabled = true;
    if (!enable) return;
    model.dist_enable[0] = model.dist_enable[1] = true;
    set(0, GICD, 4, 3);
    set(0, GICD + 0x104, 4, ~0u);
    for (unsigned id = LOCALS; id < IDS; id++) {
        irq(0, id)->enabled = true;
        irq(0, id)->targets = (u8)(id & 3);
        set(0, GICD + 0x800 + id, 1, id & 3);
    }
    for (unsigned c = 0; c < CPUS; c++) enable_everything(c);
}
