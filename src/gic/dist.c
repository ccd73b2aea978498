// The distributor's frame, GICD, of GICv2 and GICv3.
// Source: Arm GIC architecture specification, "GIC Distributor registers".
// GICv3 has one Security state (DS = 1) and affinity routing always on (ARE = 1), both fixed.
#include "gic/internal.h"

enum {
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IIDR = 0x008,
    GICD_BLOCK = 0x080,
    GICD_BLOCK_END = 0xe00,
    GICD_SGIR = 0xf00,
    GICD_CPENDSGIR = 0xf10,
    GICD_SPENDSGIR = 0xf20,
    GICD_SPENDSGIR_END = 0xf30,
    GICD_IROUTER = 0x6000,
    GICD_ID_V2 = 0xfd0,
    GICD_ID = 0xffd0,
    IIDR_ARM = 0x43b,
    CTLR_ARE = 1 << 4,
    CTLR_DS = 1 << 6,
    CTLR_E1NWF = 1 << 7,
    IMPLEMENTED_ID_BITS = 15,
};

static void write_ctlr(Gic *gic, u64 value) {
    gic->ctlr = value & (gic->version == 3 ? 3u | CTLR_E1NWF : 3u);
    irq_update_all(gic);
}

static u32 read_typer(const Gic *gic) {
    u32 lines = gic->spi_words;
    if (gic->version == 2) return lines | (gic->cpus - 1) << 5;
    return lines | (u32)(gic->its != NULL) << 17 | IMPLEMENTED_ID_BITS << 19 | 1u << 24;
}

// --- GICv2 ------

static void write_sgir(GicCpu *c, u64 value) {
    Gic *gic = c->gic;
    unsigned self = (unsigned)(c - gic->cpu), sgi = value & 15;
    u64 targets = bits(value, 23, 16);
    switch (bits(value, 25, 24)) {
    case 1: targets = ~(1ull << self); break;
    case 2: targets = 1ull << self; break;
    case 3: return;  // reserved
    default: break;
    }
    for (unsigned i = 0; i < gic->cpus; i++)
        if (bit(targets, i)) irq_send_sgi(&gic->cpu[i], sgi, self);
}

static u64 read_pendsgir(const GicCpu *c, unsigned sgi, unsigned size) {
    u64 value = 0;
    if (size == 1 || size == 4) memcpy(&value, &c->sgi_sources[sgi & 15], size);
    return value;
}

static void write_pendsgir(GicCpu *c, unsigned sgi, unsigned size, u64 value, bool set) {
    if (size != 1 && size != 4) return;
    for (unsigned n = sgi; n < sgi + size; n++, value >>= 8) {
        u8 which = value & ones(c->gic->cpus);
        u8 sources = set ? c->sgi_sources[n] | which : c->sgi_sources[n] & (u8)~which;
        for (u32 added = sources & ~c->sgi_sources[n]; added; added &= added - 1)
            gic_tell_pending(c->gic, c, n, IRQ_BY_WRITE, (unsigned)__builtin_ctz(added));
        c->sgi_sources[n] = sources;
        c->local.latch = (u32)set_bits(c->local.latch, n, n, sources != 0);
    }
    irq_update(c);
}

static bool v2_read(GicCpu *c, u64 offset, unsigned size, u64 *value) {
    if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)
        *value = read_pendsgir(c, offset & 15, size);
    else if (offset >= GICD_ID_V2 && size == 4)
        *value = frame_id(offset - GICD_ID_V2, 0x90, 2);
    return true;
}

static bool v2_write(GicCpu *c, u64 offset, unsigned size, u64 value) {
    if (offset == GICD_SGIR && size == 4)
        write_sgir(c, value);
    else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)
        write_pendsgir(c, offset & 15, size, value, offset >= GICD_SPENDSGIR);
    return true;
}

// --- GICv3 ------

static u64 *irouter(Gic *gic, u64 offset) {
    u64 intid = (offset - GICD_IROUTER) / 8;
    if (offset < GICD_IROUTER || intid < LOCAL_IRQS) return NULL;
    return intid - LOCAL_IRQS < gic->spi_words * 32 ? &gic->route[intid - LOCAL_IRQS] : NULL;
}

static bool v3_read(GicCpu *c, u64 offset, unsigned size, u64 *value) {
    const u64 *route = irouter(c->gic, offset);
    if (route)
        *value = reg64_read(*route, offset, size);
    else if (offset >= GICD_ID && size == 4)
        *value = frame_id(offset - GICD_ID, 0x92, 3);
    return true;
}

static bool v3_write(GicCpu *c, u64 offset, unsigned size, u64 value) {
    u64 *route = irouter(c->gic, offset);
    if (route) {
        *route = reg64_write(*route, offset, size, value) & 0xff80ffffffull;
        irq_reroute(c->gic, (unsigned)(route - c->gic->route));
    }
    return true;
}

// --- both ------

static bool dist_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    Gic *gic = dev;
    GicCpu *c = gic_cpu_of(gic, by);
    bool v3 = gic->version == 3;
    *value = 0;
    if (offset >= GICD_BLOCK && offset < GICD_BLOCK_END) {
        *value = block_read(c, false, offset, size);
        return true;
    }
    if (offset < GICD_BLOCK && size == 4) {
        if (offset == GICD_CTLR) *value = gic->ctlr | (v3 ? CTLR_ARE | CTLR_DS : 0);
        if (offset == GICD_TYPER) *value = read_typer(gic);
        if (offset == GICD_IIDR) *value = IIDR_ARM;
        return true;
    }
    return v3 ? v3_read(c, offset, size, value) : v2_read(c, offset, size, value);
}

static bool dist_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    Gic *gic = dev;
    GicCpu *c = gic_cpu_of(gic, by);
    if (offset >= GICD_BLOCK && offset < GICD_BLOCK_END) {
        block_write(c, false, offset, size, value);
        return true;
    }
    if (offset == GICD_CTLR && size == 4) {
        write_ctlr(gic, value);
        return true;
    }
    return gic->version == 3 ? v3_write(c, offset, size, value) : v2_write(c, offset, size, value);
}

static const RegionOps dist_ops = {dist_read, dist_write};

bool dist_create(Gic *gic, Error *err) {
    u64 size = gic->version == 3 ? 0x10000 : 0x1000;
    gic->dist =
        (Region){.name = "gicd", .base = 0x08000000, .size = size, .ops = &dist_ops, .dev = gic};
    return bus_add(gic->machine, &gic->dist, err);
}
