// The virtual CPU interface: list registers, virtual acknowledge, priority drop and deactivation,
// maintenance conditions. GICV and ICV_*, GICH and ICH_* are views of this state.
// Source: Arm GIC architecture specification, "Virtual Interrupt Handling and Prioritization".
// Left out: GICv4 (virtual LPIs injected without a list register).
#include "gic/internal.h"

static u32 lr_vintid(u64 lr) {
    return lr & 0xffffff;
}
static bool lr_pending_only(u64 lr) {
    return bits(lr, 63, 62) == 1;
}
static bool lr_valid(u64 lr) {
    return lr >> 62 != 0;
}

// Source: HighestPriorityVirtualInterrupt(). An interrupt that is active as well waits.
Pending virt_hppi(const GicCpu *c) {
    Pending best = {INTID_SPURIOUS, PRIORITY_NONE, 0, -1};
    if (!bit(c->hcr, ICH_HCR_EN)) return best;
    for (int i = 0; i < LIST_REGS; i++) {
        u64 lr = c->lr[i];
        u8 group = bit(lr, LR_GROUP), priority = (u8)(lr >> LR_PRIORITY);
        if (!lr_pending_only(lr) || !c->virt.enable[group] || priority >= best.priority) continue;
        best = (Pending){lr_vintid(lr), priority, group, (i8)i};
    }
    return best;
}

// A condition per list register: invalid, asked for an EOI maintenance interrupt.
u32 virt_eisr(const GicCpu *c) {
    u32 eisr = 0;
    for (unsigned i = 0; i < LIST_REGS; i++)
        if (!lr_valid(c->lr[i]) && !bit(c->lr[i], LR_HW) && bit(c->lr[i], LR_EOI)) eisr |= 1u << i;
    return eisr;
}

u32 virt_elrsr(const GicCpu *c) {
    u32 empty = 0;
    for (unsigned i = 0; i < LIST_REGS; i++)
        if (!lr_valid(c->lr[i])) empty |= 1u << i;
    return empty & ~virt_eisr(c);
}

u32 virt_misr(const GicCpu *c) {
    unsigned valid = 0, pending = 0;
    for (unsigned i = 0; i < LIST_REGS; i++) {
        valid += lr_valid(c->lr[i]);
        pending += lr_pending_only(c->lr[i]);
    }
    u64 h = c->hcr;
    u32 misr = virt_eisr(c) != 0;
    misr |= (u32)(bit(h, ICH_HCR_UIE) && valid < 2) << 1;
    misr |= (u32)(bit(h, ICH_HCR_LRENPIE) && bits(h, 31, ICH_HCR_EOICOUNT)) << 2;
    misr |= (u32)(bit(h, ICH_HCR_NPIE) && !pending) << 3;
    misr |= (u32)(bit(h, ICH_HCR_VGRP0EIE) && c->virt.enable[0]) << 4;
    misr |= (u32)(bit(h, ICH_HCR_VGRP0DIE) && !c->virt.enable[0]) << 5;
    misr |= (u32)(bit(h, ICH_HCR_VGRP1EIE) && c->virt.enable[1]) << 6;
    misr |= (u32)(bit(h, ICH_HCR_VGRP1DIE) && !c->virt.enable[1]) << 7;
    return misr;
}

void virt_update(GicCpu *c) {
    u32 lines = 0;
    bool maintenance = false;
    if (bit(c->hcr, ICH_HCR_EN)) {
        Pending p = virt_hppi(c);
        if (cpuif_signals(&c->virt, &p))
            lines = p.group == 0 && c->virt.fiqen ? LINE_VFIQ : LINE_VIRQ;
        maintenance = virt_misr(c) != 0;
    }
    irq_set_lines(c, LINE_VIRQ | LINE_VFIQ, lines);
    if (maintenance == c->maintenance) return;
    c->maintenance = maintenance;
    gic_tell_maintenance(c);
    gic_set_ppi(c->gic, c->cpu, PPI_MAINTENANCE, maintenance);
}

// Pending to active; LPIs have no active state, and neither have the special INTIDs.
u32 virt_acknowledge(GicCpu *c, int group) {
    Pending p = virt_hppi(c);
    if (p.group != group || !cpuif_signals(&c->virt, &p)) {
        gic_tell_acknowledge(c, true, INTID_SPURIOUS);
        return INTID_SPURIOUS;
    }
    u64 *lr = &c->lr[p.lr];
    bool v2 = c->gic->version == 2;
    u32 number = v2 ? p.intid & 0x3ff : p.intid;
    bool special = number >= 1020 && number <= INTID_SPURIOUS;
    *lr &= ~(1ull << LR_PENDING);
    if (!special) cpuif_activate(&c->virt, &p, v2);
    if (!special && p.intid < LPI_FIRST) *lr |= 1ull << LR_ACTIVE;
    gic_tell_acknowledge(c, true, p.intid);
    virt_update(c);
    return p.intid;
}

// The list register that holds intid as active (or active and pending), or -1.
static int find_active(const GicCpu *c, u32 intid) {
    for (int i = 0; i < LIST_REGS; i++)
        if (bit(c->lr[i], LR_ACTIVE) && lr_vintid(c->lr[i]) == intid) return i;
    return -1;
}

static void deactivate_lr(GicCpu *c, int n) {
    u64 lr = c->lr[n];
    c->lr[n] = lr & ~(1ull << LR_ACTIVE);
    u32 physical = (u32)bits(lr, 44, 32);
    if (!bit(lr, LR_HW) || physical >= 1020) return;
    IrqEffect effect = irq_bank(c, physical) ? IRQ_DEACTIVATES : IRQ_NO_EFFECT;
    gic_tell_deactivate(c, false, physical, effect, n);
    irq_deactivate(c, physical);
}

static void deactivate_or_count(GicCpu *c, int n) {
    if (n >= 0)
        deactivate_lr(c, n);
    else
        c->hcr = set_bits(c->hcr, 31, ICH_HCR_EOICOUNT, bits(c->hcr, 31, ICH_HCR_EOICOUNT) + 1);
}

// EOIR: the priority is dropped before anything is checked, which the architecture permits. With
// nothing active the list registers are not looked at (CONSTRAINED UNPREDICTABLE).
void virt_eoi(GicCpu *c, u32 intid, int group) {
    u32 number = c->gic->version == 2 ? intid & 0x3ff : intid;
    if (number >= 1020 && number <= INTID_SPURIOUS) return;
    int dropped = cpuif_drop(&c->virt), n = -1;
    bool deactivates = dropped != RPR_IDLE && !c->virt.eoimode && intid < LPI_FIRST;
    if (deactivates && (n = find_active(c, intid)) >= 0) {
        u64 lr = c->lr[n];
        int level = (u8)(lr >> LR_PRIORITY) & cpuif_group_mask(&c->virt, bit(lr, LR_GROUP));
        deactivates = level == dropped && (group < 0 || group == bit(lr, LR_GROUP));
    }
    IrqEffect effect = !deactivates ? IRQ_NO_EFFECT : n < 0 ? IRQ_COUNTS : IRQ_DEACTIVATES;
    gic_tell_eoi(c, true, intid, dropped == RPR_IDLE ? -1 : dropped, effect, n);
    if (deactivates) deactivate_or_count(c, n);
    virt_update(c);
}

void virt_deactivate(GicCpu *c, u32 intid) {
    u32 number = c->gic->version == 2 ? intid & 0x3ff : intid;
    bool ignored = !c->virt.eoimode || number >= 1020;
    int n = ignored ? -1 : find_active(c, intid);
    gic_tell_deactivate(c, true, intid,
                        ignored ? IRQ_NO_EFFECT
                        : n < 0 ? IRQ_COUNTS
                                : IRQ_DEACTIVATES,
                        n);
    if (ignored) return;
    deactivate_or_count(c, n);
    virt_update(c);
}

// ICH_VMCR_EL2 and GICH_VMCR: the guest's CPU interface registers in one word. The layouts agree;
// GICv3 without legacy support has no VAckCtl, and VFIQEn is RES1.
u64 virt_read_vmcr(const GicCpu *c) {
    const CpuIf *f = &c->virt;
    return (u64)f->enable[0] | (u64)f->enable[1] << 1 | (u64)f->ackctl << 2 | (u64)f->fiqen << 3 |
           (u64)f->cbpr << 4 | (u64)f->eoimode << 9 | (u64)f->bpr[1] << 18 | (u64)f->bpr[0] << 21 |
           (u64)f->pmr << 24;
}

void virt_write_vmcr(GicCpu *c, u64 value) {
    CpuIf *f = &c->virt;
    bool v2 = c->gic->version == 2;
    f->enable[0] = bit(value, 0);
    f->enable[1] = bit(value, 1);
    f->ackctl = v2 && bit(value, 2);
    f->fiqen = !v2 || bit(value, 3);
    f->eoimode = bit(value, 9);
    f->cbpr = false;  // so that both binary points are written
    cpuif_write_bpr(f, 1, bits(value, 20, 18));
    cpuif_write_bpr(f, 0, bits(value, 23, 21));
    f->cbpr = bit(value, 4);
    f->pmr = bits(value, 31, 24) & PRIORITY_MASK;
    virt_update(c);
}

void virt_write_hcr(GicCpu *c, u64 value) {
    u64 v3 = 1u << ICH_HCR_TC | 1u << ICH_HCR_TALL0 | 1u << ICH_HCR_TALL1 | 1u << ICH_HCR_TDIR;
    c->hcr = value & (0xf80000ffull | (c->gic->version == 3 ? v3 : 0));
    virt_update(c);
}
