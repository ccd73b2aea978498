// GICv2's memory-mapped CPU interface (GICC), its virtual twin (GICV), virtual interface control
// (GICH), and the GICv2m message frame.
// Source: Arm GIC architecture specification v2, "GIC CPU Interface registers", "GIC Virtualization
// Extensions"; the GICv2m frame: Server Base System Architecture, "GICv2m".
// The Security Extensions are absent; interrupt grouping is there.
#include "gic/internal.h"

enum {
    GICC_CTLR = 0x00,
    GICC_PMR = 0x04,
    GICC_BPR = 0x08,
    GICC_IAR = 0x0c,
    GICC_EOIR = 0x10,
    GICC_RPR = 0x14,
    GICC_HPPIR = 0x18,
    GICC_ABPR = 0x1c,
    GICC_AIAR = 0x20,
    GICC_AEOIR = 0x24,
    GICC_AHPPIR = 0x28,
    GICC_APR0 = 0xd0,
    GICC_IIDR = 0xfc,
    GICC_DIR = 0x1000,
    GICH_HCR = 0x00,
    GICH_VTR = 0x04,
    GICH_VMCR = 0x08,
    GICH_MISR = 0x10,
    GICH_EISR0 = 0x20,
    GICH_ELRSR0 = 0x30,
    GICH_APR = 0xf0,
    V2M_MSI_TYPER = 0x008,
    V2M_SETSPI = 0x040,
    V2M_IIDR = 0xfcc,
    CTLR_ENABLE_GRP0 = 0,
    CTLR_ENABLE_GRP1 = 1,
    CTLR_ACKCTL = 2,
    CTLR_FIQEN = 3,
    CTLR_CBPR = 4,
    CTLR_EOIMODE = 9,
    IIDR_GICV2 = 2 << 16 | 0x43b,
};

// --- one CPU interface, physical or virtual ------

static u32 read_ctlr(const CpuIf *f) {
    return (u32)f->enable[0] << CTLR_ENABLE_GRP0 | (u32)f->enable[1] << CTLR_ENABLE_GRP1 |
           (u32)f->ackctl << CTLR_ACKCTL | (u32)f->fiqen << CTLR_FIQEN | (u32)f->cbpr << CTLR_CBPR |
           (u32)f->eoimode << CTLR_EOIMODE;
}

static void write_ctlr(CpuIf *f, u64 value) {
    f->enable[0] = bit(value, CTLR_ENABLE_GRP0);
    f->enable[1] = bit(value, CTLR_ENABLE_GRP1);
    f->ackctl = bit(value, CTLR_ACKCTL);
    f->fiqen = bit(value, CTLR_FIQEN);
    f->cbpr = bit(value, CTLR_CBPR);
    f->eoimode = bit(value, CTLR_EOIMODE);
}

static Pending highest(const GicCpu *c, bool v) {
    return v ? virt_hppi(c) : c->hppi;
}

// What IAR and HPPIR (or with `alias` AIAR and AHPPIR) may show: a Group 1 interrupt needs AckCtl
// or the alias, a Group 0 interrupt is not visible through the alias. 0: visible.
static u32 hidden(const CpuIf *f, const Pending *p, bool alias) {
    if (p->priority == PRIORITY_NONE) return INTID_SPURIOUS;
    if (alias) return p->group == 1 ? 0 : INTID_SPURIOUS;
    return p->group == 0 || f->ackctl ? 0 : INTID_GROUP1;
}

static u32 read_iar(GicCpu *c, bool v, bool alias) {
    const CpuIf *f = v ? &c->virt : &c->phys;
    Pending p = highest(c, v);
    u32 instead = cpuif_signals(f, &p) ? hidden(f, &p, alias) : INTID_SPURIOUS;
    if (!instead) return v ? virt_acknowledge(c, p.group) : phys_acknowledge(c, p.group);
    gic_tell_acknowledge(c, v, instead);
    return instead;
}

static u32 read_hppir(GicCpu *c, bool v, bool alias) {
    Pending p = highest(c, v);
    u32 instead = hidden(v ? &c->virt : &c->phys, &p, alias);
    if (instead) return instead;
    u32 source = 0;
    if (!v && p.intid < SGIS) source = (u32)__builtin_ctz(c->sgi_sources[p.intid] | 1u << 8) & 7;
    return p.intid | source << 10;
}

static void write_eoir(GicCpu *c, bool v, u64 value) {
    u32 intid = value & 0x3ff;
    if (v) {
        virt_eoi(c, value & 0x1fff, -1);
    } else if (irq_bank(c, intid) && cpuif_highest_group(&c->phys) >= 0) {
        phys_eoi(c, intid);
    } else {
        gic_tell_eoi(c, false, intid, -1, IRQ_NO_EFFECT, -1);
    }
}

static u64 interface_read(GicCpu *c, bool v, u64 offset) {
    const CpuIf *f = v ? &c->virt : &c->phys;
    switch (offset) {
    case GICC_CTLR: return read_ctlr(f);
    case GICC_PMR: return f->pmr;
    case GICC_BPR: return f->bpr[0];
    case GICC_ABPR: return f->bpr[1];
    case GICC_IAR: return read_iar(c, v, false);
    case GICC_AIAR: return read_iar(c, v, true);
    case GICC_HPPIR: return read_hppir(c, v, false);
    case GICC_AHPPIR: return read_hppir(c, v, true);
    case GICC_RPR: return (u64)cpuif_running(f);
    case GICC_APR0: return f->ap[0] | f->ap[1];
    case GICC_IIDR: return IIDR_GICV2;
    default: return 0;
    }
}

static void interface_write(GicCpu *c, bool v, u64 offset, u64 value) {
    CpuIf *f = v ? &c->virt : &c->phys;
    switch (offset) {
    case GICC_CTLR: write_ctlr(f, value); break;
    case GICC_PMR: f->pmr = value & PRIORITY_MASK; break;
    case GICC_BPR: cpuif_write_bpr(f, 0, value); break;
    case GICC_ABPR: f->bpr[1] = (u8)MAX(value & 7, MIN_BPR0 + 1u); break;
    case GICC_EOIR:
    case GICC_AEOIR: write_eoir(c, v, value); return;
    case GICC_DIR:
        if (v)
            virt_deactivate(c, value & 0x1fff);
        else
            phys_deactivate(c, value & 0x3ff);
        return;
    case GICC_APR0:
        f->ap[0] = (u32)value;
        f->ap[1] = 0;
        break;
    default: return;
    }
    if (v)
        virt_update(c);
    else
        irq_update(c);
}

static bool gicc_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    *value = size == 4 ? interface_read(gic_cpu_of(dev, by), false, offset) : 0;
    return true;
}

static bool gicc_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    if (size == 4) interface_write(gic_cpu_of(dev, by), false, offset, value);
    return true;
}

static bool gicv_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    *value = size == 4 ? interface_read(gic_cpu_of(dev, by), true, offset) : 0;
    return true;
}

static bool gicv_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    if (size == 4) interface_write(gic_cpu_of(dev, by), true, offset, value);
    return true;
}

// --- GICH ------

// List registers are kept in the GICv3 layout; a CPUID stays above the INTID as GICV_IAR shows it.
u32 lr_to_gich(u64 lr) {
    bool hw = bit(lr, LR_HW);
    u32 v = (u32)bits(lr, 9, 0) | (u32)bits(lr, 55, 51) << 23 | (u32)bits(lr, 63, 62) << 28 |
            (u32)bit(lr, LR_GROUP) << 30 | (u32)hw << 31;
    if (hw) return v | (u32)bits(lr, 41, 32) << 10;
    return v | (u32)bits(lr, 12, 10) << 10 | (u32)bit(lr, LR_EOI) << 19;
}

static u64 lr_from_gich(u64 v) {
    u64 lr = bits(v, 9, 0) | bits(v, 27, 23) << 51 | bits(v, 29, 28) << 62 |
             (u64)bit(v, 30) << LR_GROUP | (u64)bit(v, 31) << LR_HW;
    if (bit(v, 31)) return lr | bits(v, 19, 10) << LR_PINTID;
    return lr | bits(v, 12, 10) << 10 | (u64)bit(v, 19) << LR_EOI;
}

static bool is_lr(u64 offset) {
    return offset >= GICH_LR0 && offset < GICH_LR0 + 4 * LIST_REGS;
}

static u64 read_gich(const GicCpu *c, u64 offset) {
    if (is_lr(offset)) return lr_to_gich(c->lr[(offset - GICH_LR0) / 4]);
    switch (offset) {
    case GICH_HCR: return c->hcr;
    case GICH_VTR:
        return (u64)(PRIORITY_BITS - 1) << 29 | (PRIORITY_BITS - 1) << 26 | (LIST_REGS - 1);
    case GICH_VMCR: return virt_read_vmcr(c);
    case GICH_MISR: return virt_misr(c);
    case GICH_EISR0: return virt_eisr(c);
    case GICH_ELRSR0: return virt_elrsr(c);
    case GICH_APR: return c->virt.ap[0] | c->virt.ap[1];
    default: return 0;
    }
}

static bool gich_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    *value = size == 4 ? read_gich(gic_cpu_of(dev, by), offset) : 0;
    return true;
}

static bool gich_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    GicCpu *c = gic_cpu_of(dev, by);
    if (size != 4) return true;
    if (is_lr(offset)) {
        c->lr[(offset - GICH_LR0) / 4] = lr_from_gich(value);
        gic_tell_list_register(c, (int)(offset - GICH_LR0) / 4);
    }
    switch (offset) {
    case GICH_HCR: virt_write_hcr(c, value); return true;
    case GICH_VMCR: virt_write_vmcr(c, value); return true;
    case GICH_APR: c->virt.ap[0] = (u32)value; break;
    default: break;
    }
    virt_update(c);
    return true;
}

// --- GICv2m ------

static bool v2m_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    (void)by;
    const Gic *gic = dev;
    *value = 0;
    if (size != 4) return true;
    if (offset == V2M_MSI_TYPER) *value = gic->v2m_first << 16 | gic->v2m_count;
    if (offset == V2M_IIDR) *value = 0x51 << 20;  // the product number of QEMU's frame
    return true;
}

static bool v2m_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    (void)by;
    Gic *gic = dev;
    u64 n = (value & 0x3ff) - gic->v2m_first;
    if (offset != V2M_SETSPI || (size != 4 && size != 2) || n >= gic->v2m_count) return true;
    irq_set_spi(gic, gic->v2m_first + (unsigned)n, true, IRQ_BY_MESSAGE);  // a pulse
    irq_set_spi(gic, gic->v2m_first + (unsigned)n, false, IRQ_BY_MESSAGE);
    return true;
}

bool gic_send_msi(Gic *gic, u64 address, u32 data, u32 device_id) {
    if (gic->its && its_is_doorbell(gic->its, address)) {
        its_msi(gic->its, device_id, data);
        return true;
    }
    if (gic->version != 2 || address != gic->v2m.base + V2M_SETSPI) return false;
    return v2m_write(gic, V2M_SETSPI, 4, data, NULL);
}

static const RegionOps gicc_ops = {gicc_read, gicc_write}, gicv_ops = {gicv_read, gicv_write},
                       gich_ops = {gich_read, gich_write}, v2m_ops = {v2m_read, v2m_write};

static bool add(Gic *gic, Region *r, const char *name, u64 base, u64 size, const RegionOps *ops,
                Error *err) {
    *r = (Region){.name = name, .base = base, .size = size, .ops = ops, .dev = gic};
    return bus_add(gic->machine, r, err);
}

bool v2_create(Gic *gic, Error *err) {
    gic->v2m_first = SPI_BASE + 48;
    gic->v2m_count = gic->spi_words * 32 >= 48 + 64 ? 64 : 0;
    if (!add(gic, &gic->gicc, "gicc", 0x08010000, 0x2000, &gicc_ops, err)) return false;
    if (!add(gic, &gic->v2m, "gicv2m", 0x08020000, 0x1000, &v2m_ops, err)) return false;
    if (!gic->machine->config.el2) return true;
    return add(gic, &gic->gich, "gich", 0x08030000, 0x1000, &gich_ops, err) &&
           add(gic, &gic->gicv, "gicv", 0x08040000, 0x2000, &gicv_ops, err);
}
