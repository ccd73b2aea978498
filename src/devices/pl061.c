// ARM PrimeCell general purpose I/O (PL061), by its Technical Reference Manual: eight lines, edge
// and level interrupts. On this board nothing is connected to the outputs, and the power key to
// line 3. Left out: hardware control mode (AFSEL) has no hardware behind it.
#include "devices/pl061.h"

#include <stdlib.h>

enum {
    DATA_END = 0x400,
    DIR = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40c,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41c,
    AFSEL = 0x420,
    ID_FIRST = 0xfe0
};

struct Pl061 {
    Machine *machine;
    Region region;
    IrqLine irq;
    u8 in;   // driven from outside
    u8 out;  // written by the guest
    u8 dir, is, ibe, iev, ie, afsel;
    u8 edges;  // latched edge interrupts
    u8 last;   // levels that edges were last computed from
};

static const u8 id_bytes[8] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static u8 levels(const Pl061 *g) {
    return (u8)((g->out & g->dir) | (g->in & ~g->dir));
}

// Raw interrupts: latched edges, and current levels of the lines set to level-sensitive.
static u8 raw(const Pl061 *g) {
    u8 level_active = (u8) ~(levels(g) ^ g->iev);
    return (u8)((g->edges & ~g->is) | (level_active & g->is & ~g->dir));
}

static void update(Pl061 *g) {
    u8 now = levels(g), changed = (u8)(now ^ g->last) & (u8)~g->dir;
    u8 wanted_direction = (u8) ~(now ^ g->iev);
    g->edges |= (u8)(changed & ~g->is & (g->ibe | wanted_direction));
    g->last = now;
    irq_set(&g->irq, (raw(g) & g->ie) != 0);
}

static bool read_reg(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    Pl061 *g = dev;
    (void)size;
    (void)by;
    if (offset < DATA_END) {
        *value = levels(g) & bits(offset, 9, 2);  // address bits 9:2 are the mask
        return true;
    }
    switch (offset) {
    case DIR: *value = g->dir; break;
    case IS: *value = g->is; break;
    case IBE: *value = g->ibe; break;
    case IEV: *value = g->iev; break;
    case IE: *value = g->ie; break;
    case RIS: *value = raw(g); break;
    case MIS: *value = raw(g) & g->ie; break;
    case IC: *value = 0; break;
    case AFSEL: *value = g->afsel; break;
    default:
        if (offset >= ID_FIRST)
            *value = id_bytes[(offset - ID_FIRST) >> 2];
        else
            bus_warn(g->machine, "pl061: read of reserved register 0x%03llx",
                     (unsigned long long)offset);
    }
    return true;
}

static bool write_reg(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    Pl061 *g = dev;
    (void)size;
    (void)by;
    u8 v = (u8)value;
    if (offset < DATA_END) {
        u8 mask = (u8)bits(offset, 9, 2);
        g->out = (u8)((g->out & ~mask) | (v & mask));
        update(g);
        return true;
    }
    switch (offset) {
    case DIR: g->dir = v; break;
    case IS: g->is = v; break;
    case IBE: g->ibe = v; break;
    case IEV: g->iev = v; break;
    case IE: g->ie = v; break;
    case RIS:
    case MIS: break;  // read-only
    case IC: g->edges &= (u8)~v; break;
    case AFSEL:
        if (v) bus_warn(g->machine, "pl061: alternate functions (AFSEL) are not modelled");
        g->afsel = v;
        break;
    default:
        bus_warn(g->machine, "pl061: write to reserved register 0x%03llx",
                 (unsigned long long)offset);
    }
    update(g);
    return true;
}

static const RegionOps ops = {read_reg, write_reg};

Pl061 *pl061_create(Machine *machine, u64 base, IrqLine irq, Error *err) {
    Pl061 *g = calloc(1, sizeof *g);
    CHECK(g);
    g->machine = machine;
    g->irq = irq;
    g->region = (Region){.name = "pl061", .base = base, .size = 0x1000, .ops = &ops, .dev = g};
    if (bus_add(machine, &g->region, err)) return g;
    free(g);
    return NULL;
}

void pl061_free(Pl061 *g) {
    free(g);
}

void pl061_reset(Pl061 *g) {
    g->out = g->dir = g->is = g->ibe = g->iev = g->ie = g->afsel = g->edges = 0;
    g->last = levels(g);
    irq_set(&g->irq, false);
}

void pl061_set_input(Pl061 *g, unsigned n, bool level) {
    g->in = (u8)set_bits(g->in, n, n, level);
    update(g);
}
