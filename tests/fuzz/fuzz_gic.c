// Fuzz target: a sequence of operations on the interrupt controller, physical and virtual, against a literal
// model. The first byte chooses GICv3, GICv3 with LPIs behind an ITS (gic_its.c) or GICv2 (gic_v2.c). After each
// operation the lines of every CPU, the pending, active and enable bits, the highest pending interrupt, the
// active priorities and the list registers must be those of the model: no interrupt lost or doubled,
// priorities respected, list registers consistent. Source of the model: the Arm GIC architecture
// specification, one struct per interrupt and loops (gic_model.h). Two CPUs, one Security state.
// Left out: what the specification calls UNPREDICTABLE (EOIs out of order, two list registers for one
// vINTID).
#include "gic_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// --- the product, as software sees it --------------------------------------------------------------

static void at_el(Cpu *cpu, unsigned el) {
    cpu->pstate = (cpu->pstate & ~(3u << PSTATE_EL_SHIFT)) | el << PSTATE_EL_SHIFT;
    cpu->el = (u8)el;
}
static u64 get(unsigned c, unsigned el, unsigned reg) {
    u64 value = 0;
    at_el(machine->cpu[c], el);
    if (!gic_sysreg_read(machine->cpu[c], reg, &value)) mismatch("trapped read of", c, reg, 0);
    return value;
}
static void set(unsigned c, unsigned el, unsigned reg, u64 value) {
    at_el(machine->cpu[c], el);
    if (!gic_sysreg_write(machine->cpu[c], reg, value)) mismatch("trapped write of", c, reg, 0);
}
static u64 frame(unsigned c, unsigned id) {
    return id < LOCALS ? GICR + (u64)c * GICR_STRIDE + GICR_SGI : GICD;
}
static u32 frame_read(unsigned c, unsigned id, unsigned offset) {
    u64 value = 0;
    if (!bus_read(machine, frame(c, id) + offset + id / 32 * 4, 4, &value, machine->cpu[c]))
        mismatch("aborted read of", c, offset, 0);
    return (u32)value;
}
static void frame_write(unsigned c, unsigned id, unsigned offset, u32 value) {
    bus_write(machine, frame(c, id) + offset + id / 32 * 4, 4, value, machine->cpu[c]);
}
static void frame_set(unsigned c, unsigned id, unsigned offset) {
    frame_write(c, id, offset, 1u << id % 32);
}

// --- the model, what GICv3 has of its own ---

static bool candidate(unsigned c, unsigned id) {
    const MIrq *i = irq(c, id);
    if (id >= LOCALS && i->route != c) return false;
    return pending(i) && i->enabled && !i->active && model.dist_enable[i->group1] &&
           model.cpu[c].phys.enable[i->group1];
}
static u8 priority_of(unsigned c, unsigned id) {
    return id >= LPI ? model.lpi_config[id - LPI] & 0xf8 : irq(c, id)->priority;
}
// The best priority among the candidates; 256: none.
static int best_priority(unsigned c) {
    int best = 256;
    for (unsigned id = 0; id < IDS; id++)
        if (candidate(c, id) && irq(c, id)->priority < best) best = irq(c, id)->priority;
    for (unsigned id = LPI; id < LPI + LPIS; id++)
        if (lpi_candidate(c, id) && priority_of(c, id) < best) best = priority_of(c, id);
    return best;
}
static void activate(MIface *f, int group, u8 priority, u32 id) {
    f->ap[group][(priority & group_mask(f, group)) / 8] = true;
    f->taken[f->depth].id = id;
    f->taken[f->depth++].group = group;
}
// --- comparing -----------------------------------------------------------------------------------

// Which interrupt the product takes for the highest pending one: by its group's HPPIR. Any of equal
// priority will do.
static u32 chosen(unsigned c, unsigned el, int *group) {
    u32 id[2] = {(u32)get(c, el, SYSREG_ICC_HPPIR0_EL1), (u32)get(c, el, SYSREG_ICC_HPPIR1_EL1)};
    if (id[0] != NONE && id[1] != NONE) mismatch("HPPIR0 and HPPIR1", c, id[1], NONE);
    *group = id[1] != NONE;
    return id[*group];
}

static u32 check_physical(unsigned c) {
    int group, best = best_priority(c);
    u32 id = chosen(c, 2, &group);
    if (best == 256) {
        if (id != NONE) mismatch("HPPIR", c, id, NONE);
        return 0;
    }
    if (id < IDS ? !candidate(c, id) : !lpi_candidate(c, id))
        mismatch("HPPIR is no candidate", c, id, 0);
    bool group1 = id >= LPI || irq(c, id)->group1;
    if (priority_of(c, id) != best) mismatch("priority of HPPIR", c, priority_of(c, id), (u64)best);
    if (group1 != group) mismatch("group of HPPIR", c, (u64)group, group1);
    if (!signals(&model.cpu[c].phys, group, priority_of(c, id))) return 0;
    return group ? LINE_IRQ : LINE_FIQ;
}

static u32 check_virtual(unsigned c) {
    const MCpu *m = &model.cpu[c];
    int group, best = best_virtual(m);
    u32 id = chosen(c, 1, &group);
    if (best == 256) {
        if (id != NONE) mismatch("ICV_HPPIR", c, id, NONE);
        return 0;
    }
    for (unsigned n = 0; n < LRS; n++) {
        const MLr *l = &m->lr[n];
        if (!lr_candidate(m, n) || l->vid != id || l->priority != best || l->group1 != group)
            continue;
        if (!signals(&m->virt, group, l->priority)) return 0;
        return group ? LINE_VIRQ : LINE_VFIQ;
    }
    mismatch("ICV_HPPIR is in no list register", c, id, (u64)best);
}

static u64 lr_value(const MLr *l) {
    return (u64)l->active << 63 | (u64)l->pending << 62 | (u64)l->hw << 61 | (u64)l->group1 << 60 |
           (u64)l->priority << 48 | (l->hw ? (u64)l->pid << 32 : (u64)l->eoi << 41) | l->vid;
}

static void check_iface(unsigned c, unsigned el, const MIface *f) {
    u32 ap[2] = {0, 0};
    for (int n = 0; n < 32; n++) {
        ap[0] |= (u32)f->ap[0][n] << n;
        ap[1] |= (u32)f->ap[1][n] << n;
    }
    u32 ap0 = (u32)get(c, el, SYSREG_ICC_AP0R0_EL1), ap1 = (u32)get(c, el, SYSREG_ICC_AP1R0_EL1);
    if (ap0 != ap[0]) mismatch(el == 2 ? "ICC_AP0R0" : "ICV_AP0R0", c, ap0, ap[0]);
    if (ap1 != ap[1]) mismatch(el == 2 ? "ICC_AP1R0" : "ICV_AP1R0", c, ap1, ap[1]);
    u64 rpr = get(c, el, SYSREG_ICC_RPR_EL1);
    if (rpr != (u64)running(f)) mismatch(el == 2 ? "ICC_RPR" : "ICV_RPR", c, rpr, (u64)running(f));
}

static void check_list_registers(unsigned c) {
    const MCpu *m = &model.cpu[c];
    u32 empty = 0, ended = 0;
    for (unsigned n = 0; n < LRS; n++) {
        const MLr *l = &m->lr[n];
        u64 value = get(c, 2, SYSREG_ICH_LR0_EL2 + n);
        if (value != lr_value(l)) mismatch("ICH_LR", c, value, lr_value(l));
        if (l->pending || l->active) continue;
        if (!l->hw && l->eoi)
            ended |= 1u << n;
        else
            empty |= 1u << n;
    }
    u64 v = get(c, 2, SYSREG_ICH_ELRSR_EL2);
    if (v != empty) mismatch("ICH_ELRSR", c, v, empty);
    v = get(c, 2, SYSREG_ICH_EISR_EL2);
    if (v != ended) mismatch("ICH_EISR", c, v, ended);
    v = get(c, 2, SYSREG_ICH_MISR_EL2);
    if (v != misr(m)) mismatch("ICH_MISR", c, v, misr(m));
    v = get(c, 2, SYSREG_ICH_HCR_EL2);
    u32 hcr = m->ich_hcr | m->eoi_count << 27;
    if (v != hcr) mismatch("ICH_HCR", c, v, hcr);
}

static void check_bits(unsigned c, unsigned first) {
    u32 p = 0, a = 0, e = 0;
    for (unsigned n = 0; n < 32; n++) {
        const MIrq *i = irq(c, first + n);
        p |= (u32)pending(i) << n;
        a |= (u32)i->active << n;
        e |= (u32)i->enabled << n;
    }
    // The timers and the PMU have their own PPIs: their wires are not the model's.
    u32 mine = first ? ~0u : 0xffff | 1u << 20 | 1u << 21 | 1u << MAINTENANCE;
    u32 v = frame_read(c, first, 0x200) & mine;
    if (v != (p & mine)) mismatch("ISPENDR", c, v, p);
    v = frame_read(c, first, 0x300);
    if (v != a) mismatch("ISACTIVER", c, v, a);
    v = frame_read(c, first, 0x100);
    if (v != e) mismatch("ISENABLER", c, v, e);
}

static void check(void) {
    for (unsigned c = 0; c < CPUS; c++) {
        MCpu *m = &model.cpu[c];
        m->local[MAINTENANCE].level = m->ich_hcr & 1 && misr(m);
    }
    for (unsigned c = 0; c < CPUS; c++) {
        u32 lines = check_physical(c) | check_virtual(c),
            mine = LINE_IRQ | LINE_FIQ | LINE_VIRQ | LINE_VFIQ;
        if ((machine->cpu[c]->lines & mine) != lines)
            mismatch("interrupt lines", c, machine->cpu[c]->lines & mine, lines);
        check_iface(c, 2, &model.cpu[c].phys);
        check_iface(c, 1, &model.cpu[c].virt);
        check_list_registers(c);
        check_bits(c, 0);
    }
    check_bits(0, LOCALS);
}

// --- operations ------------------------------------------------------------------------------------

static const u8 *in;
static size_t left;

u8 byte(void) {
    if (!left) return 0;
    left--;
    return *in++;
}
static unsigned some_id(void) {
    static const u8 ids[] = {0, 1, 15, 20, 21, MAINTENANCE, 32, 33, 40, 63};
    return ids[byte() % sizeof ids];
}

static void op_wire(unsigned c) {
    static const u8 ids[] = {20, 21, 32, 33, 40, 63};
    unsigned id = ids[byte() % sizeof ids];
    MIrq *i = irq(c, id);
    i->level = !i->level;
    if (i->level && i->edge) i->latch = true;
    if (id < LOCALS)
        gic_set_ppi(machine->gic, machine->cpu[c], id, i->level);
    else
        gic_set_spi(machine->gic, id, i->level);
}

static void op_bits(unsigned c) {
    unsigned which = byte() % 6, id = some_id();
    MIrq *i = irq(c, id);
    frame_set(c, id, 0x100 + which * 0x80);
    switch (which) {
    case 0: i->enabled = true; break;
    case 1: i->enabled = false; break;
    case 2: i->latch = true; break;
    case 3: i->latch = false; break;
    case 4: i->active = true; break;
    case 5: i->active = false; break;
    }
}

static void op_priority(unsigned c) {
    unsigned id = some_id();
    u8 priority = byte();
    irq(c, id)->priority = priority & 0xf8;
    bus_write(machine, frame(c, id) + 0x400 + id, 1, priority, machine->cpu[c]);
}

static void op_group(unsigned c) {
    unsigned id = some_id();
    MIrq *i = irq(c, id);
    i->group1 = !i->group1;
    frame_write(c, id, 0x80, frame_read(c, id, 0x80) ^ 1u << id % 32);
}

// Changing the trigger of an enabled interrupt is UNPREDICTABLE.
static void op_config(unsigned c) {
    static const u8 ids[] = {20, 21, 32, 33, 40, 63};
    unsigned id = ids[byte() % sizeof ids];
    MIrq *i = irq(c, id);
    if (i->enabled || i->level || pending(i)) return;
    i->edge = !i->edge;
    u64 address = frame(c, id) + 0xc00 + id / 16 * 4, value = 0;
    bus_read(machine, address, 4, &value, machine->cpu[c]);
    bus_write(machine, address, 4, value ^ 2u << id % 16 * 2, machine->cpu[c]);
}

static void op_route(unsigned c) {
    static const u8 ids[] = {32, 33, 40, 63};
    unsigned id = ids[byte() % sizeof ids], to = byte() % CPUS;
    irq(c, id)->route = to;
    bus_write(machine, GICD + 0x6000 + id * 8, 8, machine->cpu[to]->mpidr & 0xff00ffffff,
              machine->cpu[c]);
}

static void op_sgi(unsigned c) {
    unsigned sgi = byte() % 3 == 2 ? 15 : byte() % 2, how = byte();
    int group = how >> 7;
    bool all = how & 1;
    u64 value = (u64)sgi << 24 | (all ? 1ull << 40 : (u64)(how >> 1 & 3));
    for (unsigned to = 0; to < CPUS; to++) {
        if (all ? to == c : !(how >> 1 >> to & 1)) continue;
        if (irq(to, sgi)->group1 == group) irq(to, sgi)->latch = true;
    }
    set(c, 2,
        group        ? SYSREG_ICC_SGI1R_EL1
        : how & 0x40 ? SYSREG_ICC_SGI0R_EL1
                     : SYSREG_ICC_ASGI1R_EL1,
        value);
}

static void op_dist_ctlr(unsigned c) {
    u8 value = byte() & 3;
    model.dist_enable[0] = value & 1;
    model.dist_enable[1] = value >> 1;
    bus_write(machine, GICD, 4, value | 0x10, machine->cpu[c]);
}

// The registers that exist in both interfaces: at EL2 the physical one, at EL1 the virtual one.
static void op_iface(unsigned c, unsigned el) {
    MIface *f = el == 2 ? &model.cpu[c].phys : &model.cpu[c].virt;
    u8 which = byte() % 6, value = byte();
    switch (which) {
    case 0:
        f->pmr = value & 0xf8;
        set(c, el, SYSREG_ICC_PMR_EL1, value);
        break;
    case 1:
        f->bpr[0] = (u8)MAX(value & 7, 2);
        set(c, el, SYSREG_ICC_BPR0_EL1, value & 7);
        break;
    case 2:
        if (!f->cbpr) f->bpr[1] = (u8)MAX(value & 7, 3);
        set(c, el, SYSREG_ICC_BPR1_EL1, value & 7);
        break;
    case 3:
        f->cbpr = value & 1;
        f->split = value >> 1 & 1;
        set(c, el, SYSREG_ICC_CTLR_EL1, value & 3);
        break;
    default:
        f->enable[which - 4] = value & 1;
        set(c, el, which == 4 ? SYSREG_ICC_IGRPEN0_EL1 : SYSREG_ICC_IGRPEN1_EL1, value & 1);
        break;
    }
}

static void op_acknowledge(unsigned c) {
    MIface *f = &model.cpu[c].phys;
    int group = byte() & 1, best_group;
    u32 expected = chosen(c, 2, &best_group);
    if (f->depth == DEEP) return;
    bool takes =
        expected != NONE && best_group == group && signals(f, group, priority_of(c, expected));
    u32 id = (u32)get(c, 2, group ? SYSREG_ICC_IAR1_EL1 : SYSREG_ICC_IAR0_EL1);
    if (id != (takes ? expected : NONE)) mismatch("IAR", c, id, takes ? expected : NONE);
    if (!takes) return;
    activate(f, group, priority_of(c, id), id);
    if (id >= LPI) {
        model.cpu[c].lpi[id - LPI] = false;
        return;
    }
    MIrq *i = irq(c, id);
    i->active = true;
    i->latch = false;
}

static void op_eoi(unsigned c) {
    MIface *f = &model.cpu[c].phys;
    if (!f->depth) return;
    f->depth--;
    u32 id = f->taken[f->depth].id;
    set(c, 2, f->taken[f->depth].group ? SYSREG_ICC_EOIR1_EL1 : SYSREG_ICC_EOIR0_EL1, id);
    drop(f);
    if (!f->split && id < LPI) irq(c, id)->active = false;
}

static void op_deactivate(unsigned c) {
    unsigned id = some_id();
    if (!model.cpu[c].phys.split) return;
    irq(c, id)->active = false;
    set(c, 2, SYSREG_ICC_DIR_EL1, id);
}

static void op_lr(unsigned c) {
    static const u16 vids[] = {3, 27, 32, 40, 63, 8192};
    static const u8 pids[] = {20, 21, 32, 33, 40};
    MCpu *m = &model.cpu[c];
    unsigned n = byte() % LRS;
    u8 state = byte(), v = byte();
    MLr l = {.pending = state & 1,
             .active = state & 2,
             .hw = state & 4,
             .group1 = state & 8,
             .eoi = state & 16};
    l.vid = vids[v % 6];
    l.priority = byte() & 0xf8;
    if (l.vid >= 8192) l.active = l.hw = false;
    if (l.vid < 16) l.hw = false;
    if (l.hw) {
        l.eoi = false;
        l.pid = pids[v / 6 % 5];
        if (l.pending && l.active) l.active = false;  // UNPREDICTABLE with HW
    }
    for (unsigned k = 0; k < LRS; k++)
        if (k != n && (m->lr[k].pending || m->lr[k].active) && m->lr[k].vid == l.vid) return;
    m->lr[n] = l;
    set(c, 2, SYSREG_ICH_LR0_EL2 + n, lr_value(&l));
}

static void op_ich_hcr(unsigned c) {
    MCpu *m = &model.cpu[c];
    m->ich_hcr = byte();
    m->eoi_count = byte() & 31;
    set(c, 2, SYSREG_ICH_HCR_EL2, m->ich_hcr | m->eoi_count << 27);
}

static void op_virtual_acknowledge(unsigned c) {
    MCpu *m = &model.cpu[c];
    MIface *f = &m->virt;
    int group = byte() & 1, best_group;
    u32 expected = chosen(c, 1, &best_group);
    if (f->depth == DEEP) return;
    MLr *l = NULL;
    for (unsigned n = 0; n < LRS; n++)
        if (lr_candidate(m, n) && m->lr[n].vid == expected) l = &m->lr[n];
    bool takes = l && best_group == group && signals(f, group, l->priority);
    u32 id = (u32)get(c, 1, group ? SYSREG_ICC_IAR1_EL1 : SYSREG_ICC_IAR0_EL1);
    if (id != (takes ? expected : NONE)) mismatch("ICV_IAR", c, id, takes ? expected : NONE);
    if (!takes) return;
    l->pending = false;
    l->active = id < 8192;
    activate(f, group, l->priority, id);
}

static void op_virtual_eoi(unsigned c) {
    MCpu *m = &model.cpu[c];
    MIface *f = &m->virt;
    if (!f->depth) return;
    f->depth--;
    u32 id = f->taken[f->depth].id;
    int group = f->taken[f->depth].group, level = drop(f);
    set(c, 1, group ? SYSREG_ICC_EOIR1_EL1 : SYSREG_ICC_EOIR0_EL1, id);
    if (f->split || id >= 8192) return;
    MLr *l = active_lr(m, id);
    if (!l)
        m->eoi_count = (m->eoi_count + 1) & 31;
    else if (l->group1 == group && (l->priority & group_mask(f, group)) == level)
        leave_lr(c, l);
}

static void op_virtual_deactivate(unsigned c) {
    static const u16 vids[] = {3, 27, 32, 40, 63};
    MCpu *m = &model.cpu[c];
    u32 id = vids[byte() % 5];
    if (!m->virt.split) return;
    set(c, 1, SYSREG_ICC_DIR_EL1, id);
    MLr *l = active_lr(m, id);
    if (l)
        leave_lr(c, l);
    else
        m->eoi_count = (m->eoi_count + 1) & 31;
}

typedef struct Operation {
    const char *name;
    void (*run)(unsigned cpu);
} Operation;

static void op_physical_iface(unsigned c) {
    op_iface(c, 2);
}
static void op_virtual_iface(unsigned c) {
    op_iface(c, 1);
}

static const Operation operations[] = {
    {"wire", op_wire},
    {"wire", op_wire},
    {"set or clear a bit", op_bits},
    {"set or clear a bit", op_bits},
    {"priority", op_priority},
    {"group", op_group},
    {"trigger", op_config},
    {"route", op_route},
    {"SGI", op_sgi},
    {"GICD_CTLR", op_dist_ctlr},
    {"CPU interface", op_physical_iface},
    {"acknowledge", op_acknowledge},
    {"acknowledge", op_acknowledge},
    {"end of interrupt", op_eoi},
    {"deactivate", op_deactivate},
    {"list register", op_lr},
    {"list register", op_lr},
    {"ICH_HCR_EL2", op_ich_hcr},
    {"virtual CPU interface", op_virtual_iface},
    {"virtual acknowledge", op_virtual_acknowledge},
    {"virtual acknowledge", op_virtual_acknowledge},
    {"virtual end of interrupt", op_virtual_eoi},
    {"virtual deactivate", op_virtual_deactivate},
    // From here on: only with an ITS.
    {"ITS", op_its},
    {"ITS", op_its},
    {"ITS", op_its},
    {"ITS", op_its},
    {"ITS", op_its},
    {"ITS", op_its},
    {"ITS", op_its},
    {"ITS", op_its},
};

// --- start -------------------------------------------------------------------------------------------

static Machine *make_machine(unsigned version) {
    MachineConfig config = {.cpu_model = "cortex-a57",
                            .cpus = CPUS,
                            .ram_size = 4 << 20,
                            .gic_version = (int)version,
                            .its = version == 3,
                            .el2 = true};
    Error err = {0};
    Machine *m = machine_create(&config, &err);
    if (!m) abort();
    return m;
}

// Everything as after reset, then what firmware and a hypervisor do first, so that short inputs get far.
static void start(void) {
    for (unsigned c = 0; c < CPUS; c++) {
        for (unsigned id = 20; id < 22; id++) gic_set_ppi(machine->gic, machine->cpu[c], id, false);
        machine->cpu[c]->sys.HCR_EL2 = 1ull << HCR_IMO | 1ull << HCR_FMO | 1ull << HCR_RW;
    }
    for (unsigned id = LOCALS; id < IDS; id++) gic_set_spi(machine->gic, id, false);
    gic_reset(machine->gic);
    memset(&model, 0, sizeof model);
    for (unsigned c = 0; c < CPUS; c++) {
        MCpu *m = &model.cpu[c];
        for (unsigned id = 0; id < 16; id++) m->local[id].edge = true;
        m->phys.bpr[0] = m->virt.bpr[0] = 2;
        m->phys.bpr[1] = m->virt.bpr[1] = 3;
    }
}

static void enable_everything(void) {
    model.dist_enable[0] = model.dist_enable[1] = true;
    bus_write(machine, GICD, 4, 0x13, machine->cpu[0]);
    for (unsigned c = 0; c < CPUS; c++) {
        MCpu *m = &model.cpu[c];
        m->phys.pmr = m->virt.pmr = 0xf8;
        m->phys.enable[0] = m->phys.enable[1] = m->virt.enable[0] = m->virt.enable[1] = true;
        m->ich_hcr = 1;
        set(c, 2, SYSREG_ICH_HCR_EL2, 1);
        for (unsigned el = 1; el <= 2; el++) {
            set(c, el, SYSREG_ICC_PMR_EL1, 0xff);
            set(c, el, SYSREG_ICC_IGRPEN0_EL1, 1);
            set(c, el, SYSREG_ICC_IGRPEN1_EL1, 1);
        }
        for (unsigned id = 0; id < LOCALS; id++) {
            // Not the PPIs of timers and PMU: their wires are not the model's.
            if (id < 16 || id == 20 || id == 21 || id == MAINTENANCE) {
                frame_set(c, id, 0x100);
                irq(c, id)->enabled = true;
            }
        }
    }
    frame_write(0, LOCALS, 0x100, ~0u);
    for (unsigned id = LOCALS; id < IDS; id++) irq(0, id)->enabled = true;
}

static void run_v3(bool with_its, bool enable) {
    const unsigned all = ARRAY_LEN(operations), count = with_its ? all : all - 8;
    if (enable) enable_everything();
    its_start(with_its);
    check();
    for (step = 1; left && step < 400; step++) {
        u8 b = byte();
        const Operation *o = &operations[b % count];
        doing = o->name;
        o->run(b / count % CPUS);
        check();
    }
}

static void run_v2(bool enable) {
    v2_start(enable);
    v2_check();
    for (step = 1; left && step < 400; step++) {
        u8 b = byte();
        v2_step(b >> 1, b & 1);
        v2_check();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static Machine *machines[2];
    in = data;
    left = size;
    step = 0;
    doing = "reset";
    u8 mode = byte();
    bool v2 = mode & 4;
    if (!machines[v2]) machines[v2] = make_machine(v2 ? 2 : 3);
    machine = machines[v2];
    start();
    if (v2)
        run_v2(mode & 1);
    else
        run_v3(mode & 2, mode & 1);
    return 0;
}
