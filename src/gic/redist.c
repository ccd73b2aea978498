// The redistributors' frames, GICR: RD_base and SGI_base of each PE, 128 KB apart.
// Source: Arm GIC architecture specification, "GIC Redistributor registers".
// Left out: GICv4 VLPI frames, direct LPI injection (GICR_TYPER.DirectLPI = 0), DPGS.
#include "gic/internal.h"

enum {
    STRIDE = 0x20000,
    SGI_BASE = 0x10000,
    GICR_CTLR = 0x00,
    GICR_IIDR = 0x04,
    GICR_TYPER = 0x08,
    GICR_WAKER = 0x14,
    GICR_PROPBASER = 0x70,
    GICR_PENDBASER = 0x78,
    GICR_ID = 0xffd0,
    CTLR_ENABLE_LPIS = 1 << 0,
    CTLR_CES = 1 << 1,
    WAKER_PROCESSOR_SLEEP = 1 << 1,
    WAKER_CHILDREN_ASLEEP = 1 << 2,
    PENDBASER_PTZ = 62,
};

static u64 read_typer(const GicCpu *c) {
    const Gic *gic = c->gic;
    u64 m = c->cpu->mpidr, index = (u64)(c - gic->cpu);
    u64 affinity = bits(m, 39, 32) << 24 | bits(m, 23, 0);
    // CommonLPIAff = 1: PEs of one Aff3 share the LPI configuration table.
    return affinity << 32 | 1 << 24 | index << 8 | (u64)(index == gic->cpus - 1) << 4 |
           (gic->its != NULL);
}

static u64 rd_read(GicCpu *c, u64 offset, unsigned size) {
    switch (offset & ~4ull) {
    case GICR_TYPER: return reg64_read(read_typer(c), offset, size);
    case GICR_PROPBASER: return reg64_read(c->propbaser, offset, size);
    case GICR_PENDBASER: return reg64_read(c->pendbaser & ~(1ull << PENDBASER_PTZ), offset, size);
    default: break;
    }
    if (size != 4) return 0;
    switch (offset) {
    case GICR_CTLR: return c->gic->its ? CTLR_CES | c->lpis_on : 0;
    case GICR_IIDR: return 0x43b;
    case GICR_WAKER: return c->asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
    default: return offset >= GICR_ID ? frame_id(offset - GICR_ID, 0x93, 3) : 0;
    }
}

static void write_ctlr(GicCpu *c, u64 value) {
    bool on = value & CTLR_ENABLE_LPIS;
    if (c->gic->its && on != c->lpis_on) lpi_enable(c, on);
}

static void rd_write(GicCpu *c, u64 offset, unsigned size, u64 value) {
    const u64 propbaser = 0x070fffffffffff9full;
    const u64 pendbaser = 0x470fffffffff0f80ull;
    bool lpis = c->gic->its && !c->lpis_on;  // UNPREDICTABLE while LPIs are on: ignored
    if ((offset & ~4ull) == GICR_PROPBASER && lpis)
        c->propbaser = reg64_write(c->propbaser, offset, size, value) & propbaser;
    if ((offset & ~4ull) == GICR_PENDBASER && lpis)
        c->pendbaser = reg64_write(c->pendbaser, offset, size, value) & pendbaser;
    if (size != 4) return;
    if (offset == GICR_CTLR) write_ctlr(c, value);
    if (offset == GICR_WAKER) {
        c->asleep = value & WAKER_PROCESSOR_SLEEP;
        irq_update_all(c->gic);
    }
}

static bool redist_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    (void)by;
    Gic *gic = dev;
    GicCpu *c = &gic->cpu[offset / STRIDE];
    offset %= STRIDE;
    if (offset < SGI_BASE)
        *value = rd_read(c, offset, size);
    else if (offset >= SGI_BASE + 0x80 && offset < SGI_BASE + 0xe00)
        *value = block_read(c, true, offset - SGI_BASE, size);
    else
        *value = 0;
    return true;
}

static bool redist_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    (void)by;
    Gic *gic = dev;
    GicCpu *c = &gic->cpu[offset / STRIDE];
    offset %= STRIDE;
    if (offset < SGI_BASE)
        rd_write(c, offset, size, value);
    else if (offset >= SGI_BASE + 0x80 && offset < SGI_BASE + 0xe00)
        block_write(c, true, offset - SGI_BASE, size, value);
    return true;
}

static const RegionOps redist_ops = {redist_read, redist_write};

bool redist_create(Gic *gic, Error *err) {
    gic->redist = (Region){.name = "gicr",
                           .base = 0x080a0000,
                           .size = (u64)gic->cpus * STRIDE,
                           .ops = &redist_ops,
                           .dev = gic};
    return bus_add(gic->machine, &gic->redist, err);
}
