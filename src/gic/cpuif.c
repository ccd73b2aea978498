// The rules of a CPU interface (priority mask, binary point, preemption, running priority, active
// priorities), the physical CPU interface, and the ICC_* / ICH_* system registers of GICv3.
// Source: Arm GIC architecture specification, "Physical interrupt handling and prioritization",
// "AArch64 System register descriptions".
// System register access cannot be disabled: ICC_SRE_ELx are RAO/WI.
#include "gic/internal.h"

#include "cpu/sysreg.h"

void cpuif_reset(CpuIf *f, bool fiqen) {
    *f = (CpuIf){.bpr = {MIN_BPR0, MIN_BPR0 + 1}, .fiqen = fiqen};
}

// The bits of a priority that take part in preemption. Source: GroupBits().
u8 cpuif_group_mask(const CpuIf *f, int group) {
    unsigned bpr = group == 1 && !f->cbpr ? f->bpr[1] - 1u : f->bpr[0];
    return (u8)(0xffu << (bpr + 1));
}

int cpuif_running(const CpuIf *f) {
    u32 active = f->ap[0] | f->ap[1];
    return active ? __builtin_ctz(active) << (8 - PRIORITY_BITS) : RPR_IDLE;
}

// Higher than the mask, and its group priority higher than what is running.
// Source: CanSignalInterrupt().
bool cpuif_signals(const CpuIf *f, const Pending *p) {
    if (p->priority >= f->pmr) return false;
    int running = cpuif_running(f);
    u8 mask = cpuif_group_mask(f, p->group);
    return running == RPR_IDLE || (p->priority & mask) < (running & mask);
}

void cpuif_activate(CpuIf *f, const Pending *p, bool one_set) {
    unsigned level = p->priority & cpuif_group_mask(f, p->group);
    f->ap[one_set ? 0 : p->group] |= 1u << (level >> (8 - PRIORITY_BITS));
}

int cpuif_highest_group(const CpuIf *f) {
    if (!(f->ap[0] | f->ap[1])) return -1;
    int g0 = f->ap[0] ? __builtin_ctz(f->ap[0]) : 32;
    int g1 = f->ap[1] ? __builtin_ctz(f->ap[1]) : 32;
    return g1 < g0;
}

// Priority drop: clears the highest active priority.
int cpuif_drop(CpuIf *f) {
    int group = cpuif_highest_group(f);
    if (group < 0) return RPR_IDLE;
    int priority = cpuif_running(f);
    f->ap[group] &= f->ap[group] - 1;
    return priority;
}

u8 cpuif_read_bpr(const CpuIf *f, int group) {
    if (group == 1 && f->cbpr) return (u8)MIN(f->bpr[0] + 1, 7);
    return f->bpr[group];
}

void cpuif_write_bpr(CpuIf *f, int group, u64 value) {
    if (group == 1 && f->cbpr) return;
    f->bpr[group] = (u8)MAX(value & 7, (u64)(MIN_BPR0 + group));
}

// --- physical ------

u32 phys_acknowledge(GicCpu *c, int group) {
    bool there = c->hppi.group == group && cpuif_signals(&c->phys, &c->hppi);
    u32 iar = there ? irq_acknowledge(c) : INTID_SPURIOUS;
    gic_tell_acknowledge(c, false, iar);
    return iar;
}

// Priority drop and, unless the two are split, deactivation.
void phys_eoi(GicCpu *c, u32 intid) {
    int dropped = cpuif_drop(&c->phys);
    bool deactivates = !c->phys.eoimode && intid < LPI_FIRST;
    gic_tell_eoi(c, false, intid, dropped, deactivates ? IRQ_DEACTIVATES : IRQ_NO_EFFECT, -1);
    if (deactivates)
        irq_deactivate(c, intid);
    else
        irq_update(c);
}

// An EOI for the wrong group, or with nothing active, is UNPREDICTABLE: it has no effect here.
static void icc_write_eoir(GicCpu *c, u64 value, int group) {
    u32 intid = value & 0xffffff;
    bool exists = irq_bank(c, intid) || (c->lpis_on && intid >= LPI_FIRST);
    if (exists && cpuif_highest_group(&c->phys) == group)
        phys_eoi(c, intid);
    else
        gic_tell_eoi(c, false, intid, -1, IRQ_NO_EFFECT, -1);
}

void phys_deactivate(GicCpu *c, u32 intid) {
    bool deactivates = c->phys.eoimode && irq_bank(c, intid);
    gic_tell_deactivate(c, false, intid, deactivates ? IRQ_DEACTIVATES : IRQ_NO_EFFECT, -1);
    if (deactivates) irq_deactivate(c, intid);
}

// --- ICC_SGIxR ------

// An SGI is generated at a PE only if that PE has it in the group the register stands for.
static void send_sgi_group(GicCpu *to, unsigned sgi, int group, unsigned source) {
    if (bit(to->local.group1, sgi) == group) irq_send_sgi(to, sgi, source);
}

static void icc_write_sgir(GicCpu *c, u64 value, int group) {
    Gic *gic = c->gic;
    unsigned sgi = (unsigned)bits(value, 27, 24), self = (unsigned)(c - gic->cpu);
    if (bit(value, 40)) {  // IRM: all but this PE
        for (unsigned i = 0; i < gic->cpus; i++)
            if (&gic->cpu[i] != c) send_sgi_group(&gic->cpu[i], sgi, group, self);
        return;
    }
    u64 aff = bits(value, 55, 48) << 32 | bits(value, 39, 32) << 16 | bits(value, 23, 16) << 8;
    u64 first = bits(value, 47, 44) * 16;  // RS
    for (u32 list = value & 0xffff; list; list &= list - 1) {
        GicCpu *to = gic_cpu_by_affinity(gic, aff | (first + (u64)__builtin_ctz(list)));
        if (to) send_sgi_group(to, sgi, group, self);
    }
}

// --- traps and the choice of the interface ------

// Which ICH_HCR_EL2 bit traps the register at EL1, and which HCR_EL2 bits make it an ICV_ register.
// CLASS_NONE: not there with 5 priority bits (AP0R1 and on) and 4 list registers.
typedef enum Class {
    CLASS_NONE,
    CLASS_ICH,
    CLASS_GROUP0,
    CLASS_GROUP1,
    CLASS_COMMON,
    CLASS_DIR,
    CLASS_SGI,
    CLASS_SRE,
} Class;

static Class class_of(unsigned reg) {
    switch (reg) {
    case SYSREG_ICC_IAR0_EL1:
    case SYSREG_ICC_EOIR0_EL1:
    case SYSREG_ICC_HPPIR0_EL1:
    case SYSREG_ICC_BPR0_EL1:
    case SYSREG_ICC_AP0R0_EL1:
    case SYSREG_ICC_IGRPEN0_EL1: return CLASS_GROUP0;
    case SYSREG_ICC_IAR1_EL1:
    case SYSREG_ICC_EOIR1_EL1:
    case SYSREG_ICC_HPPIR1_EL1:
    case SYSREG_ICC_BPR1_EL1:
    case SYSREG_ICC_AP1R0_EL1:
    case SYSREG_ICC_IGRPEN1_EL1: return CLASS_GROUP1;
    case SYSREG_ICC_CTLR_EL1:
    case SYSREG_ICC_PMR_EL1:
    case SYSREG_ICC_RPR_EL1: return CLASS_COMMON;
    case SYSREG_ICC_DIR_EL1: return CLASS_DIR;
    case SYSREG_ICC_SGI0R_EL1:
    case SYSREG_ICC_SGI1R_EL1:
    case SYSREG_ICC_ASGI1R_EL1: return CLASS_SGI;
    case SYSREG_ICC_SRE_EL1:
    case SYSREG_ICC_SRE_EL2: return CLASS_SRE;
    case SYSREG_ICH_AP0R0_EL2:
    case SYSREG_ICH_AP1R0_EL2:
    case SYSREG_ICH_HCR_EL2:
    case SYSREG_ICH_VTR_EL2:
    case SYSREG_ICH_MISR_EL2:
    case SYSREG_ICH_EISR_EL2:
    case SYSREG_ICH_ELRSR_EL2:
    case SYSREG_ICH_VMCR_EL2:
    case SYSREG_ICH_LR0_EL2:
    case SYSREG_ICH_LR1_EL2:
    case SYSREG_ICH_LR2_EL2:
    case SYSREG_ICH_LR3_EL2: return CLASS_ICH;
    default: return CLASS_NONE;
    }
}

static const char *trap_rule(const GicCpu *c, Class class) {
    u64 ich = c->hcr, hcr = cpu_hcr(c->cpu);
    switch (class) {
    case CLASS_GROUP0: return bit(ich, ICH_HCR_TALL0) ? "ICH_HCR_EL2.TALL0" : NULL;
    case CLASS_GROUP1: return bit(ich, ICH_HCR_TALL1) ? "ICH_HCR_EL2.TALL1" : NULL;
    case CLASS_COMMON: return bit(ich, ICH_HCR_TC) ? "ICH_HCR_EL2.TC" : NULL;
    case CLASS_DIR:
        if (bit(ich, ICH_HCR_TC)) return "ICH_HCR_EL2.TC";
        return bit(ich, ICH_HCR_TDIR) ? "ICH_HCR_EL2.TDIR" : NULL;
    case CLASS_SGI:
        if (bit(hcr, HCR_FMO)) return "HCR_EL2.FMO";
        if (bit(hcr, HCR_IMO)) return "HCR_EL2.IMO";
        return bit(ich, ICH_HCR_TC) ? "ICH_HCR_EL2.TC" : NULL;
    default: return NULL;
    }
}

static bool is_virtual(const GicCpu *c, Class class) {
    u64 hcr = cpu_hcr(c->cpu);
    switch (class) {
    case CLASS_GROUP0: return bit(hcr, HCR_FMO);
    case CLASS_GROUP1: return bit(hcr, HCR_IMO);
    case CLASS_COMMON:
    case CLASS_DIR: return bit(hcr, HCR_FMO) || bit(hcr, HCR_IMO);
    default: return false;
    }
}

// Decides UNDEFINED, trap, physical or virtual. False: an exception was taken.
static bool check_access(Cpu *cpu, unsigned reg, bool read, bool *virtual) {
    GicCpu *c = cpu->gic;
    *virtual = false;
    Class class = class_of(reg);
    if (!c || c->gic->version != 3 || cpu->el == 0 || class == CLASS_NONE) {
        AArch64_Undefined(cpu);
        return false;
    }
    if (cpu->el != 1 || !cpu_have_el2(cpu)) return true;
    const char *rule = trap_rule(c, class);
    if (rule) {
        sysreg_trap(cpu, 2, reg, read, rule);
        return false;
    }
    *virtual = is_virtual(c, class);
    return true;
}

// --- registers ------

// ICC_CTLR_EL1 and ICV_CTLR_EL1: A3V, 24 INTID bits, 5 priority bits.
static u64 read_ctlr(const CpuIf *f) {
    return (u64)f->cbpr | (u64)f->eoimode << 1 | (PRIORITY_BITS - 1) << 8 | 1 << 11 | 1 << 15;
}

static u32 hppir(GicCpu *c, bool v, int group) {
    Pending p = v ? virt_hppi(c) : c->hppi;
    return p.priority != PRIORITY_NONE && p.group == group ? p.intid : INTID_SPURIOUS;
}

// Registers that exist once in the physical and once in the virtual interface.
static u64 icc_read(GicCpu *c, unsigned reg, bool v) {
    const CpuIf *f = v ? &c->virt : &c->phys;
    switch (reg) {
    case SYSREG_ICC_IAR0_EL1: return v ? virt_acknowledge(c, 0) : phys_acknowledge(c, 0);
    case SYSREG_ICC_IAR1_EL1: return v ? virt_acknowledge(c, 1) : phys_acknowledge(c, 1);
    case SYSREG_ICC_HPPIR0_EL1: return hppir(c, v, 0);
    case SYSREG_ICC_HPPIR1_EL1: return hppir(c, v, 1);
    case SYSREG_ICC_BPR0_EL1: return cpuif_read_bpr(f, 0);
    case SYSREG_ICC_BPR1_EL1: return cpuif_read_bpr(f, 1);
    case SYSREG_ICC_AP0R0_EL1: return f->ap[0];
    case SYSREG_ICC_AP1R0_EL1: return f->ap[1];
    case SYSREG_ICC_IGRPEN0_EL1: return f->enable[0];
    case SYSREG_ICC_IGRPEN1_EL1: return f->enable[1];
    case SYSREG_ICC_CTLR_EL1: return read_ctlr(f);
    case SYSREG_ICC_PMR_EL1: return f->pmr;
    case SYSREG_ICC_RPR_EL1: return (u64)cpuif_running(f);
    default: unimplemented(c->cpu, "GICv3: read of system register %u", reg);
    }
}

static u64 ich_read(GicCpu *c, unsigned reg) {
    switch (reg) {
    case SYSREG_ICH_AP0R0_EL2: return c->virt.ap[0];
    case SYSREG_ICH_AP1R0_EL2: return c->virt.ap[1];
    case SYSREG_ICH_HCR_EL2: return c->hcr;
    // PRIbits, PREbits, IDbits = 24, A3V, nV4, TDS, ListRegs
    case SYSREG_ICH_VTR_EL2:
        return (u64)(PRIORITY_BITS - 1) << 29 | (PRIORITY_BITS - 1) << 26 | 1 << 23 | 1 << 21 |
               1 << 20 | 1 << 19 | (LIST_REGS - 1);
    case SYSREG_ICH_MISR_EL2: return virt_misr(c);
    case SYSREG_ICH_EISR_EL2: return virt_eisr(c);
    case SYSREG_ICH_ELRSR_EL2: return virt_elrsr(c);
    case SYSREG_ICH_VMCR_EL2: return virt_read_vmcr(c);
    case SYSREG_ICH_LR0_EL2: return c->lr[0];
    case SYSREG_ICH_LR1_EL2: return c->lr[1];
    case SYSREG_ICH_LR2_EL2: return c->lr[2];
    case SYSREG_ICH_LR3_EL2: return c->lr[3];
    default: unimplemented(c->cpu, "GICv3: read of system register %u", reg);
    }
}

bool gic_sysreg_read(Cpu *cpu, unsigned reg, u64 *value) {
    bool v;
    if (!check_access(cpu, reg, true, &v)) return false;
    if (reg == SYSREG_ICC_SRE_EL1)
        *value = 7;  // SRE, DFB, DIB
    else if (reg == SYSREG_ICC_SRE_EL2)
        *value = 15;  // and Enable
    else if (class_of(reg) == CLASS_ICH)
        *value = ich_read(cpu->gic, reg);
    else
        *value = icc_read(cpu->gic, reg, v);
    return true;
}

static void write_eoir(GicCpu *c, bool v, u64 value, int group) {
    if (v)
        virt_eoi(c, value & 0xffffff, group);
    else
        icc_write_eoir(c, value, group);
}

static void icc_write(GicCpu *c, unsigned reg, u64 value, bool v) {
    CpuIf *f = v ? &c->virt : &c->phys;
    switch (reg) {
    case SYSREG_ICC_EOIR0_EL1: write_eoir(c, v, value, 0); return;
    case SYSREG_ICC_EOIR1_EL1: write_eoir(c, v, value, 1); return;
    case SYSREG_ICC_DIR_EL1:
        if (v)
            virt_deactivate(c, value & 0xffffff);
        else
            phys_deactivate(c, value & 0xffffff);
        return;
    case SYSREG_ICC_SGI0R_EL1: icc_write_sgir(c, value, 0); return;
    case SYSREG_ICC_SGI1R_EL1: icc_write_sgir(c, value, 1); return;
    // The "other" Security state's Group 1 is Group 0 when there is one Security state.
    case SYSREG_ICC_ASGI1R_EL1: icc_write_sgir(c, value, 0); return;
    case SYSREG_ICC_BPR0_EL1: cpuif_write_bpr(f, 0, value); break;
    case SYSREG_ICC_BPR1_EL1: cpuif_write_bpr(f, 1, value); break;
    case SYSREG_ICC_AP0R0_EL1: f->ap[0] = (u32)value; break;
    case SYSREG_ICC_AP1R0_EL1: f->ap[1] = (u32)value; break;
    case SYSREG_ICC_IGRPEN0_EL1: f->enable[0] = value & 1; break;
    case SYSREG_ICC_IGRPEN1_EL1: f->enable[1] = value & 1; break;
    case SYSREG_ICC_CTLR_EL1:
        f->cbpr = bit(value, 0);
        f->eoimode = bit(value, 1);
        break;
    case SYSREG_ICC_PMR_EL1: f->pmr = value & PRIORITY_MASK; break;
    default: unimplemented(c->cpu, "GICv3: write of system register %u", reg);
    }
    if (v)
        virt_update(c);
    else if (c->gic->any_one_of_n)
        irq_update_all(c->gic);
    else
        irq_update(c);
}

static void write_lr(GicCpu *c, unsigned n, u64 value) {
    // RES0: 58:56 and 47:45, priority bits that are not there, the upper INTID bits.
    const u64 writable = 0xf000000000000000ull | (u64)PRIORITY_MASK << LR_PRIORITY |
                         0x1fffull << LR_PINTID | 0xffffff;
    c->lr[n] = value & writable;
    gic_tell_list_register(c, (int)n);
    virt_update(c);
}

static void ich_write(GicCpu *c, unsigned reg, u64 value) {
    switch (reg) {
    case SYSREG_ICH_AP0R0_EL2: c->virt.ap[0] = (u32)value; break;
    case SYSREG_ICH_AP1R0_EL2: c->virt.ap[1] = (u32)value; break;
    case SYSREG_ICH_HCR_EL2: virt_write_hcr(c, value); return;
    case SYSREG_ICH_VMCR_EL2: virt_write_vmcr(c, value); return;
    case SYSREG_ICH_LR0_EL2: write_lr(c, 0, value); return;
    case SYSREG_ICH_LR1_EL2: write_lr(c, 1, value); return;
    case SYSREG_ICH_LR2_EL2: write_lr(c, 2, value); return;
    case SYSREG_ICH_LR3_EL2: write_lr(c, 3, value); return;
    default: unimplemented(c->cpu, "GICv3: write of system register %u", reg);
    }
    virt_update(c);
}

bool gic_sysreg_write(Cpu *cpu, unsigned reg, u64 value) {
    bool v;
    if (!check_access(cpu, reg, false, &v)) return false;
    Class class = class_of(reg);
    if (class == CLASS_ICH)
        ich_write(cpu->gic, reg, value);
    else if (class != CLASS_SRE)
        icc_write(cpu->gic, reg, value, v);
    return true;
}
