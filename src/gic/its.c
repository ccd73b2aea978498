// The Interrupt Translation Service: EventIDs of devices become LPIs, by tables in guest memory
// that commands maintain.
// Source: Arm GIC architecture specification, "The ITS", "ITS commands".
// Tables are ours to lay out: a device entry is V:63, ITT address 51:8, size 4:0; a collection
// entry V:63, processor number 15:0; an ITT entry is 16 bytes, the first 8 V:63, ICID 47:32, pINTID
// 31:0.
// An erroneous command is skipped, without a system error (SEIS = 0). Left out: GICv4 commands (an
// unknown command is an erroneous one), collections in the ITS (HCC = 0), MPAM.
#include "gic/internal.h"

#include <stdlib.h>

enum {
    GITS_CTLR = 0x0000,
    GITS_IIDR = 0x0004,
    GITS_TYPER = 0x0008,
    GITS_CBASER = 0x0080,
    GITS_CWRITER = 0x0088,
    GITS_CREADR = 0x0090,
    GITS_BASER0 = 0x0100,
    GITS_BASER1 = 0x0108,
    GITS_ID = 0xffd0,
    GITS_TRANSLATER = 0x10040,
    CTLR_ENABLED = 1 << 0,
    CREADR_STALLED = 1 << 0,
    COMMAND_SIZE = 32,
    ENTRY_SIZE = 8,
    ITTE_SIZE = 16,
    DEVICE_BITS = 16,
    BASER_PAGE_SIZE = 8,
    PAGE_64K = 2,
    BASER_INDIRECT = 62,
    BASER_DEVICES = 1,
    BASER_COLLECTIONS = 4,
};

enum {
    CMD_MOVI = 0x01,
    CMD_INT = 0x03,
    CMD_CLEAR = 0x04,
    CMD_SYNC = 0x05,
    CMD_MAPD = 0x08,
    CMD_MAPC = 0x09,
    CMD_MAPTI = 0x0a,
    CMD_MAPI = 0x0b,
    CMD_INV = 0x0c,
    CMD_INVALL = 0x0d,
    CMD_MOVALL = 0x0e,
    CMD_DISCARD = 0x0f,
};

struct Its {
    Gic *gic;
    Region region;
    bool enabled, stalled;
    u64 cbaser, cwriter, creadr;
    u64 devices, collections;  // GITS_BASER0, GITS_BASER1
};

// What an event translates to.
typedef struct Translated {
    u64 entry;  // address of the ITT entry
    u32 intid;
    u16 icid;
    GicCpu *target;
} Translated;

static bool read64(Its *its, u64 address, u64 *value) {
    return bus_read_bytes(its->gic->machine, address, value, sizeof *value);
}

static bool write64(Its *its, u64 address, u64 value) {
    return bus_write_bytes(its->gic->machine, address, &value, sizeof value);
}

// --- tables ------

static u64 page_size(u64 baser) {
    u64 size = bits(baser, 9, 8);
    return size == 0 ? 0x1000 : size == 1 ? 0x4000 : 0x10000;
}

// 64 KB pages: address bits 51:48 are in 15:12.
static u64 table_base(u64 baser) {
    u64 address = baser & 0xfffffffff000ull;
    if (page_size(baser) < 0x10000) return align_down(address, page_size(baser));
    return align_down(address, 0x10000) | bits(baser, 15, 12) << 48;
}

// Address of entry n of a flat or two-level table; false: outside the table or not mapped.
static bool entry_address(Its *its, u64 baser, u64 n, u64 *address) {
    u64 page = page_size(baser), bytes = (bits(baser, 7, 0) + 1) * page, base = table_base(baser);
    if (!bit(baser, 63)) return false;
    if (!bit(baser, BASER_INDIRECT)) {
        *address = base + n * ENTRY_SIZE;
        return n < bytes / ENTRY_SIZE;
    }
    u64 per_page = page / ENTRY_SIZE, level1;
    if (n / per_page >= bytes / ENTRY_SIZE) return false;
    if (!read64(its, base + n / per_page * ENTRY_SIZE, &level1) || !bit(level1, 63)) return false;
    *address = align_down(level1 & 0xffffffffff000ull, page) + n % per_page * ENTRY_SIZE;
    return true;
}

static bool itt_entry(Its *its, u32 device, u32 event, u64 *address) {
    u64 at, entry;
    if (device >> DEVICE_BITS || !entry_address(its, its->devices, device, &at)) return false;
    if (!read64(its, at, &entry) || !bit(entry, 63)) return false;
    if ((u64)event >> (bits(entry, 4, 0) + 1)) return false;
    *address = (entry & 0xfffffffffff00ull) + (u64)event * ITTE_SIZE;
    return true;
}

static GicCpu *collection_target(Its *its, u32 icid) {
    u64 at, entry;
    if (!entry_address(its, its->collections, icid, &at) || !read64(its, at, &entry)) return NULL;
    u64 number = bits(entry, 15, 0);
    return bit(entry, 63) && number < its->gic->cpus ? &its->gic->cpu[number] : NULL;
}

static bool translate(Its *its, u32 device, u32 event, Translated *t) {
    u64 entry;
    if (!itt_entry(its, device, event, &t->entry) || !read64(its, t->entry, &entry)) return false;
    if (!bit(entry, 63)) return false;
    t->intid = (u32)entry;
    t->icid = (u16)(entry >> 32);
    t->target = collection_target(its, t->icid);
    return t->target != NULL;
}

static void write_itte(Its *its, u64 at, u16 icid, u32 intid) {
    write64(its, at, 1ull << 63 | (u64)icid << 32 | intid);
    write64(its, at + 8, 0);
}

// --- commands ------

static u32 cmd_device(const u64 *cmd) {
    return (u32)(cmd[0] >> 32);
}
static u32 cmd_event(const u64 *cmd) {
    return (u32)cmd[1];
}
static u16 cmd_icid(const u64 *cmd) {
    return (u16)cmd[2];
}

static void do_mapd(Its *its, const u64 *cmd) {
    u64 at, valid = cmd[2] & 1ull << 63;
    if (cmd_device(cmd) >> DEVICE_BITS) return;
    if (!entry_address(its, its->devices, cmd_device(cmd), &at)) return;
    write64(its, at, valid ? valid | (cmd[2] & 0xfffffffffff00ull) | bits(cmd[1], 4, 0) : 0);
}

static void do_mapc(Its *its, const u64 *cmd) {
    u64 at, valid = cmd[2] & 1ull << 63, number = bits(cmd[2], 51, 16);
    if (valid && number >= its->gic->cpus) return;
    if (!entry_address(its, its->collections, cmd_icid(cmd), &at)) return;
    write64(its, at, valid ? valid | number : 0);
}

static void do_mapti(Its *its, const u64 *cmd, u32 intid) {
    u64 at;
    if (intid < LPI_FIRST || intid >= LPI_LIMIT) return;
    if (itt_entry(its, cmd_device(cmd), cmd_event(cmd), &at))
        write_itte(its, at, cmd_icid(cmd), intid);
}

static void do_movi(Its *its, const u64 *cmd) {
    Translated t;
    GicCpu *to = collection_target(its, cmd_icid(cmd));
    if (!to || !translate(its, cmd_device(cmd), cmd_event(cmd), &t)) return;
    write_itte(its, t.entry, cmd_icid(cmd), t.intid);
    if (t.target == to || !lpi_is_pending(t.target, t.intid)) return;
    lpi_set_pending(t.target, t.intid, false);
    lpi_set_pending(to, t.intid, true);
}

static void do_movall(Its *its, const u64 *cmd) {
    u64 from = bits(cmd[2], 51, 16), to = bits(cmd[3], 51, 16);
    if (from < its->gic->cpus && to < its->gic->cpus)
        lpi_move_all(&its->gic->cpu[from], &its->gic->cpu[to]);
}

static void do_discard(Its *its, const u64 *cmd) {
    Translated t;
    u64 at;
    if (translate(its, cmd_device(cmd), cmd_event(cmd), &t))
        lpi_set_pending(t.target, t.intid, false);
    if (itt_entry(its, cmd_device(cmd), cmd_event(cmd), &at)) write64(its, at, 0);
}

static void do_event(Its *its, const u64 *cmd) {
    Translated t;
    if (!translate(its, cmd_device(cmd), cmd_event(cmd), &t)) return;
    switch (cmd[0] & 0xff) {
    case CMD_INT: lpi_set_pending(t.target, t.intid, true); break;
    case CMD_CLEAR: lpi_set_pending(t.target, t.intid, false); break;
    default: lpi_invalidate(t.target, t.intid); break;  // CMD_INV
    }
}

static void do_command(Its *its, const u64 *cmd) {
    switch (cmd[0] & 0xff) {
    case CMD_MAPD: do_mapd(its, cmd); break;
    case CMD_MAPC: do_mapc(its, cmd); break;
    case CMD_MAPTI: do_mapti(its, cmd, (u32)(cmd[1] >> 32)); break;
    case CMD_MAPI: do_mapti(its, cmd, cmd_event(cmd)); break;
    case CMD_MOVI: do_movi(its, cmd); break;
    case CMD_MOVALL: do_movall(its, cmd); break;
    case CMD_DISCARD: do_discard(its, cmd); break;
    case CMD_INT:
    case CMD_CLEAR:
    case CMD_INV: do_event(its, cmd); break;
    case CMD_INVALL: {
        GicCpu *c = collection_target(its, cmd_icid(cmd));
        if (c) lpi_invalidate_all(c);
        break;
    }
    case CMD_SYNC:  // every command is complete when the next one starts
    default: break;
    }
}

static void run_commands(Its *its) {
    u64 bytes = (bits(its->cbaser, 7, 0) + 1) * 0x1000, base = its->cbaser & 0xffffffffff000ull;
    if (!its->enabled || its->stalled || !bit(its->cbaser, 63) || its->cwriter >= bytes) return;
    while (its->creadr != its->cwriter) {
        u64 cmd[4];
        if (!bus_read_bytes(its->gic->machine, base + its->creadr, cmd, sizeof cmd)) {
            its->stalled = true;
            return;
        }
        do_command(its, cmd);
        its->creadr = (its->creadr + COMMAND_SIZE) % bytes;
    }
}

// --- registers ------

// Physical LPIs, 16-byte ITT entries, 16 EventID and DeviceID bits, targets by processor number.
static u64 read_typer(void) {
    return 1 | (ITTE_SIZE - 1) << 4 | 15 << 8 | (DEVICE_BITS - 1) << 13;
}

static u64 read_baser(u64 baser, u64 type) {
    return baser | type << 56 | (u64)(ENTRY_SIZE - 1) << 48;
}

static bool its_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    (void)by;
    Its *its = dev;
    *value = 0;
    switch (offset & ~4ull) {
    case GITS_TYPER: *value = reg64_read(read_typer(), offset, size); return true;
    case GITS_CBASER: *value = reg64_read(its->cbaser, offset, size); return true;
    case GITS_CWRITER: *value = reg64_read(its->cwriter, offset, size); return true;
    case GITS_CREADR:
        *value = reg64_read(its->creadr | (its->stalled ? CREADR_STALLED : 0), offset, size);
        return true;
    case GITS_BASER0:
        *value = reg64_read(read_baser(its->devices, BASER_DEVICES), offset, size);
        return true;
    case GITS_BASER1:
        *value = reg64_read(read_baser(its->collections, BASER_COLLECTIONS), offset, size);
        return true;
    default: break;
    }
    if (size != 4) return true;
    if (offset == GITS_CTLR) *value = (u64)its->enabled | 1u << 31;  // Quiescent
    if (offset == GITS_IIDR) *value = 0x43b;
    if (offset >= GITS_ID && offset < 0x10000) *value = frame_id(offset - GITS_ID, 0x94, 3);
    return true;
}

static void write_command_queue(Its *its, u64 offset, unsigned size, u64 value) {
    switch (offset & ~4ull) {
    case GITS_CBASER:
        if (its->enabled) return;  // UNPREDICTABLE
        its->cbaser = reg64_write(its->cbaser, offset, size, value) & 0xb8effffffffffcffull;
        its->creadr = 0;
        its->stalled = false;
        return;
    case GITS_CWRITER:
        its->cwriter = reg64_write(its->cwriter, offset, size, value) & 0xfffe0;
        if (value & 1 && !(offset & 4)) its->stalled = false;  // Retry
        run_commands(its);
        return;
    default: return;
    }
}

static void write_table(Its *its, u64 *baser, u64 offset, unsigned size, u64 value, u64 read_only) {
    // Type 58:56 and Entry_Size 52:48 are read-only.
    const u64 fixed = 0x071f000000000000ull | read_only;
    if (its->enabled) return;  // UNPREDICTABLE
    *baser = reg64_write(*baser, offset, size, value) & ~fixed;
    if (bits(*baser, 9, 8) == 3) *baser = set_bits(*baser, 9, 8, 2);  // reserved: 64 KB
}

static bool its_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    (void)by;
    Its *its = dev;
    if (offset == GITS_TRANSLATER && (size == 4 || size == 2)) {
        gic_send_msi(its->gic, its->region.base + offset, (u32)value, 0);
        return true;
    }
    switch (offset & ~4ull) {
    case GITS_CTLR & ~4:
        if (offset != GITS_CTLR || size != 4) return true;
        its->enabled = value & CTLR_ENABLED;
        run_commands(its);
        return true;
    case GITS_BASER0: write_table(its, &its->devices, offset, size, value, 0); return true;
    case GITS_BASER1:
        write_table(its, &its->collections, offset, size, value, 1ull << BASER_INDIRECT);
        return true;
    default: write_command_queue(its, offset, size, value); return true;
    }
}

static const RegionOps its_ops = {its_read, its_write};

bool its_create(Gic *gic, Error *err) {
    Its *its = calloc(1, sizeof *its);
    CHECK(its);
    gic->its = its;
    its->gic = gic;
    its->region =
        (Region){.name = "gits", .base = 0x08080000, .size = 0x20000, .ops = &its_ops, .dev = its};
    return bus_add(gic->machine, &its->region, err);
}

void its_free(Its *its) {
    free(its);
}

void its_reset(Its *its) {
    its->enabled = its->stalled = false;
    its->cbaser = its->cwriter = its->creadr = 0;
    its->devices = its->collections = PAGE_64K << BASER_PAGE_SIZE;  // UNKNOWN: the largest
}

bool its_is_doorbell(const Its *its, u64 address) {
    return address == its->region.base + GITS_TRANSLATER;
}

void its_msi(Its *its, u32 device, u32 event) {
    Translated t;
    if (its->enabled && translate(its, device, event, &t)) lpi_set_pending(t.target, t.intid, true);
}
