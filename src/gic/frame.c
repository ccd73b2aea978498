// Register blocks that GICD (GICv2, GICv3) and GICR SGI_base have in common, and the ID registers.
// Source: Arm GIC architecture specification, "Programmers' Model".
// Registers are 32 bits wide; IPRIORITYR, ITARGETSR and the SGI pending registers take bytes too.
// Other sizes are CONSTRAINED UNPREDICTABLE: they are RAZ/WI here, as reserved registers are.
#include "gic/internal.h"

enum {
    IGROUPR = 0x080,
    ISENABLER = 0x100,
    ICENABLER = 0x180,
    ISPENDR = 0x200,
    ICPENDR = 0x280,
    ISACTIVER = 0x300,
    ICACTIVER = 0x380,
    IPRIORITYR = 0x400,
    ITARGETSR = 0x800,
    ICFGR = 0xc00,
    IGRPMODR = 0xd00,
};

// Word 0 of GICD is the local bank on GICv2 and reserved with affinity routing. GICR has word 0.
static Bank *bank_at(GicCpu *c, bool local, unsigned word) {
    bool has_local = c->gic->version == 2 || local;
    if (word == 0) return has_local ? &c->local : NULL;
    return !local && word <= c->gic->spi_words ? &c->gic->spi[word - 1] : NULL;
}

static void changed(GicCpu *c, unsigned word, u32 which) {
    if (word == 0)
        irq_update(c);
    else
        irq_spi_changed(c->gic, word - 1, which, NULL);
}

static u32 read_bits(const Bank *b, u64 reg) {
    switch (reg) {
    case IGROUPR: return b->group1;
    case ISENABLER:
    case ICENABLER: return b->enabled;
    case ISPENDR:
    case ICPENDR: return bank_pending(b);
    case ISACTIVER:
    case ICACTIVER: return b->active;
    default: return 0;
    }
}

static void write_bits(Bank *b, u64 reg, u32 value) {
    switch (reg) {
    case IGROUPR: b->group1 = value; break;
    case ISENABLER: b->enabled |= value; break;
    case ICENABLER: b->enabled &= ~value; break;
    case ISPENDR: b->latch |= value; break;
    case ICPENDR: b->latch &= ~value; break;
    case ISACTIVER: b->active |= value; break;
    case ICACTIVER: b->active &= ~value; break;
    default: break;
    }
}

// GICv2: SGIs are always enabled, and their pending state belongs to GICD_[SC]PENDSGIR.
static u32 writable(const GicCpu *c, unsigned word, u64 reg) {
    bool sgis = c->gic->version == 2 && word == 0 && reg >= ISENABLER && reg <= ICPENDR;
    return sgis ? 0xffff0000 : 0xffffffff;
}

static u64 bytes_read(const u8 *from, unsigned size) {
    u64 value = 0;
    memcpy(&value, from, size);
    return value;
}

static u64 read_priority(GicCpu *c, bool local, unsigned intid, unsigned size) {
    const Bank *b = bank_at(c, local, intid / 32);
    if (!b || (size != 1 && size != 4)) return 0;
    return bytes_read(&b->priority[intid % 32], size);
}

static void write_priority(GicCpu *c, bool local, unsigned intid, unsigned size, u64 value) {
    Bank *b = bank_at(c, local, intid / 32);
    if (!b || (size != 1 && size != 4)) return;
    for (unsigned i = 0; i < size; i++, value >>= 8)
        b->priority[intid % 32 + i] = value & PRIORITY_MASK;
    changed(c, intid / 32, (u32)ones(size) << intid % 32);
}

// GICv2. Local interrupts read as the reading PE; a single PE has no such registers.
static u64 read_targets(GicCpu *c, unsigned intid, unsigned size) {
    Gic *gic = c->gic;
    if (gic->version == 3 || gic->cpus == 1 || !bank_at(c, false, intid / 32)) return 0;
    if (size != 1 && size != 4) return 0;
    if (intid >= LOCAL_IRQS) return bytes_read(&gic->targets[intid - LOCAL_IRQS], size);
    return (1u << (c - gic->cpu)) * (size == 4 ? 0x01010101u : 1u);
}

static void write_targets(GicCpu *c, unsigned intid, unsigned size, u64 value) {
    Gic *gic = c->gic;
    if (gic->version == 3 || gic->cpus == 1 || intid < LOCAL_IRQS) return;
    if (!bank_at(c, false, intid / 32) || (size != 1 && size != 4)) return;
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        gic->targets[intid - LOCAL_IRQS + i] = value & ones(gic->cpus);
        irq_reroute(gic, intid - LOCAL_IRQS + i);
    }
}

// Two bits per interrupt, of which bit 1 says edge-triggered.
static u32 read_config(const Bank *b, unsigned first) {
    u32 value = 0;
    for (unsigned i = 0; i < 16; i++) value |= (b->edge >> (first + i) & 1) << (2 * i + 1);
    return value;
}

static void write_config(Bank *b, unsigned first, u32 value) {
    for (unsigned i = 0; i < 16; i++)
        b->edge = (u32)set_bits(b->edge, first + i, first + i, value >> (2 * i + 1));
}

u64 block_read(GicCpu *c, bool local, u64 offset, unsigned size) {
    if (offset >= IPRIORITYR && offset < ITARGETSR)
        return read_priority(c, local, (unsigned)(offset - IPRIORITYR), size);
    if (offset >= ITARGETSR && offset < ICFGR)
        return read_targets(c, (unsigned)(offset - ITARGETSR), size);
    if (size != 4 || offset >= IGRPMODR) return 0;
    if (offset >= ICFGR) {
        unsigned intid = (unsigned)(offset - ICFGR) * 4;
        const Bank *b = bank_at(c, local, intid / 32);
        return b ? read_config(b, intid % 32) : 0;
    }
    const Bank *b = bank_at(c, local, (unsigned)(offset & 0x7f) / 4);
    return b ? read_bits(b, offset & ~0x7full) : 0;
}

void block_write(GicCpu *c, bool local, u64 offset, unsigned size, u64 value) {
    if (offset >= IPRIORITYR && offset < ITARGETSR) {
        write_priority(c, local, (unsigned)(offset - IPRIORITYR), size, value);
        return;
    }
    if (offset >= ITARGETSR && offset < ICFGR) {
        write_targets(c, (unsigned)(offset - ITARGETSR), size, value);
        return;
    }
    if (size != 4 || offset >= IGRPMODR) return;
    if (offset >= ICFGR) {
        unsigned intid = (unsigned)(offset - ICFGR) * 4;
        Bank *b = bank_at(c, local, intid / 32);
        if (!b || intid == 0) return;  // SGIs are edge-triggered
        write_config(b, intid % 32, (u32)value);
        changed(c, intid / 32, 0xffffffff);
        return;
    }
    unsigned word = (unsigned)(offset & 0x7f) / 4;
    Bank *b = bank_at(c, local, word);
    if (!b) return;
    u64 reg = offset & ~0x7full;
    u32 which = (u32)value & writable(c, word, reg);
    u32 before = bank_pending(b);
    write_bits(b, reg, which);
    if (reg == ISPENDR) gic_tell_bank(c->gic, word ? NULL : c, word, before, IRQ_BY_WRITE);
    changed(c, word, reg == IGROUPR ? 0xffffffff : which);
}

u32 frame_id(u64 offset, u8 part, u8 arch) {
    const u8 id[12] = {0x44, 0, 0, 0, part, 0xb4, (u8)(arch << 4 | 0xb), 0, 0x0d, 0xf0, 0x05, 0xb1};
    return offset / 4 < 12 ? id[offset / 4] : 0;
}

u64 reg64_read(u64 reg, u64 offset, unsigned size) {
    if (size == 8) return reg;
    return size == 4 ? (offset & 4 ? reg >> 32 : reg & 0xffffffff) : 0;
}

u64 reg64_write(u64 reg, u64 offset, unsigned size, u64 value) {
    if (size == 8) return value;
    if (size != 4) return reg;
    return offset & 4 ? set_bits(reg, 63, 32, value) : set_bits(reg, 31, 0, value);
}
