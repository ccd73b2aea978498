// LPIs of a redistributor: pending state, configuration, and the highest priority one.
// Source: Arm GIC architecture specification, "Locality-specific Peripheral Interrupts".
// The pending table in guest memory is read when LPIs are enabled and written back when they are
// disabled; in between its content is the redistributor's. Configuration bytes are cached when an
// LPI first becomes pending, until INV or INVALL.
#include "gic/internal.h"

#include <stdlib.h>

enum { CONFIG_CACHED = 0x100, CONFIG_ENABLE = 1, PTZ = 62 };

static const Pending no_lpi = {INTID_SPURIOUS, PRIORITY_NONE, 1, -1};

static u32 id_limit(const GicCpu *c) {
    unsigned width = (unsigned)bits(c->propbaser, 4, 0) + 1;
    return width > 16 ? LPI_LIMIT : 1u << width;
}

bool lpi_valid(const GicCpu *c, u32 intid) {
    return c->lpis_on && intid >= LPI_FIRST && intid < id_limit(c);
}

bool lpi_is_pending(const GicCpu *c, u32 intid) {
    return c->lpi_pending && intid < LPI_LIMIT && bit(c->lpi_pending[intid / 64], intid % 64);
}

static u8 config_of(GicCpu *c, u32 intid) {
    u16 *cached = &c->gic->lpi_config[intid];
    if (!(*cached & CONFIG_CACHED)) {
        u8 byte = 0;
        u64 table = c->propbaser & 0xffffffffff000ull;
        if (!bus_read_bytes(c->gic->machine, table + intid - LPI_FIRST, &byte, 1)) byte = 0;
        *cached = CONFIG_CACHED | byte;
    }
    return (u8)*cached;
}

static void offer(GicCpu *c, u32 intid) {
    u8 config = config_of(c, intid);
    u8 priority = config & PRIORITY_MASK;
    bool better =
        priority < c->hplpi.priority || (priority == c->hplpi.priority && intid < c->hplpi.intid);
    if (config & CONFIG_ENABLE && better) c->hplpi = (Pending){intid, priority, 1, -1};
}

static void find_hplpi(GicCpu *c) {
    c->hplpi = no_lpi;
    for (unsigned s = 0; s < ARRAY_LEN(c->lpi_summary); s++) {
        for (u64 words = c->lpi_summary[s]; words; words &= words - 1) {
            unsigned w = s * 64 + (unsigned)__builtin_ctzll(words);
            for (u64 left = c->lpi_pending[w]; left; left &= left - 1)
                offer(c, w * 64 + (unsigned)__builtin_ctzll(left));
        }
    }
}

static void mark(GicCpu *c, u32 intid, bool pending) {
    unsigned w = intid / 64;
    c->lpi_pending[w] = set_bits(c->lpi_pending[w], intid % 64, intid % 64, pending);
    c->lpi_summary[w / 64] =
        set_bits(c->lpi_summary[w / 64], w % 64, w % 64, c->lpi_pending[w] != 0);
}

void lpi_set_pending(GicCpu *c, u32 intid, bool pending) {
    if (!lpi_valid(c, intid)) return;
    if (pending && !lpi_is_pending(c, intid)) gic_tell_pending(c->gic, c, intid, IRQ_BY_MESSAGE, 0);
    mark(c, intid, pending);
    if (pending)
        offer(c, intid);
    else if (c->hplpi.intid == intid)
        find_hplpi(c);
    irq_update(c);
}

static void load_pending(GicCpu *c) {
    memset(c->lpi_pending, 0, LPI_WORDS * sizeof(u64));
    memset(c->lpi_summary, 0, sizeof c->lpi_summary);
    u64 table = c->pendbaser & 0xfffffffff0000ull;
    u32 first = LPI_FIRST / 8, end = id_limit(c) / 8;
    bool zero = bit(c->pendbaser, PTZ);
    if (zero || end <= first ||
        !bus_read_bytes(c->gic->machine, table + first, (u8 *)c->lpi_pending + first, end - first))
        return;
    for (unsigned w = LPI_FIRST / 64; w < LPI_WORDS; w++)
        if (c->lpi_pending[w]) c->lpi_summary[w / 64] |= 1ull << w % 64;
}

void lpi_enable(GicCpu *c, bool on) {
    if (!c->lpi_pending) c->lpi_pending = calloc(LPI_WORDS, sizeof(u64));
    if (!c->gic->lpi_config) c->gic->lpi_config = calloc(LPI_LIMIT, sizeof(u16));
    CHECK(c->lpi_pending && c->gic->lpi_config);
    if (on) {
        c->lpis_on = true;
        load_pending(c);
        find_hplpi(c);
    } else {
        u64 table = c->pendbaser & 0xfffffffff0000ull;
        u32 first = LPI_FIRST / 8, end = id_limit(c) / 8;
        if (end > first)
            bus_write_bytes(c->gic->machine, table + first, (u8 *)c->lpi_pending + first,
                            end - first);
        c->lpis_on = false;
        c->pendbaser &= ~(1ull << PTZ);
        c->hplpi = no_lpi;
    }
    irq_update(c);
}

void lpi_invalidate(GicCpu *c, u32 intid) {
    if (!lpi_valid(c, intid)) return;
    c->gic->lpi_config[intid] = 0;
    if (!lpi_is_pending(c, intid)) return;
    find_hplpi(c);
    irq_update(c);
}

void lpi_invalidate_all(GicCpu *c) {
    if (!c->lpis_on) return;
    memset(c->gic->lpi_config, 0, LPI_LIMIT * sizeof(u16));
    find_hplpi(c);
    irq_update(c);
}

void lpi_move_all(GicCpu *from, GicCpu *to) {
    if (from == to || !from->lpis_on || !to->lpis_on) return;
    for (unsigned w = LPI_FIRST / 64; w < LPI_WORDS; w++) {
        for (u64 left = from->lpi_pending[w]; left; left &= left - 1) {
            u32 intid = w * 64 + (unsigned)__builtin_ctzll(left);
            mark(from, intid, false);
            if (lpi_valid(to, intid)) mark(to, intid, true);
        }
    }
    find_hplpi(from);
    find_hplpi(to);
    irq_update(from);
    irq_update(to);
}
