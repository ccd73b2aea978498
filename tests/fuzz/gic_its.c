// fuzz_gic: LPIs behind an ITS. Commands go through the queue in guest memory as a driver writes them; what the
// model knows of devices, collections and events is kept here, which LPI is pending where in the Model.
// Source: Arm GIC architecture specification, "The ITS", "ITS commands", "Locality-specific Peripheral
// Interrupts". Left out, because UNPREDICTABLE: MAPTI of a mapped event, MAPC of a mapped collection,
// a changed configuration byte that is not followed by INV or INVALL, tables written under the ITS.
#include "gic_model.h"

enum {
    GITS = 0x08080000,
    CTLR = 0,
    CBASER = 0x80,
    CWRITER = 0x88,
    CREADR = 0x90,
    BASER = 0x100,
    TRANSLATER = 0x10040,
    QUEUE = 0x40000000,
    QUEUE_SIZE = 0x1000,
    DEVICE_TABLE = 0x40001000,
    COLLECTION_TABLE = 0x40002000,
    ITT = 0x40003000,  // 256 bytes of each device
    CONFIG = 0x40010000,
    PENDING = 0x40020000,  // 64 KB of each CPU
    DEVICES = 3,
    DEVICE_OUT = 512,  // beyond the table of one 4 KB page
    EVENTS = 8,
    COLLECTIONS = 3,
};

typedef struct MDevice {
    bool mapped;
    unsigned events;
    struct {
        bool mapped;
        unsigned lpi, collection;
    } event[EVENTS];
} MDevice;

static struct {
    MDevice device[DEVICES];
    struct {
        bool mapped;
        unsigned cpu;
    } collection[COLLECTIONS];
    u64 written;  // GITS_CWRITER
} its;

static u64 get(u64 address, unsigned size) {
    u64 value = 0;
    if (!bus_read(machine, address, size, &value, machine->cpu[0])) abort();
    return value;
}
static void set(u64 address, unsigned size, u64 value) {
    bus_write(machine, address, size, value, machine->cpu[0]);
}

static void command(u64 dw0, u64 dw1, u64 dw2, u64 dw3) {
    const u64 cmd[4] = {dw0, dw1, dw2, dw3};
    bus_write_bytes(machine, QUEUE + its.written, cmd, sizeof cmd);
    its.written = (its.written + 32) % QUEUE_SIZE;
    set(GITS + CWRITER, 8, its.written);
    u64 done = get(GITS + CREADR, 8);
    if (done != its.written) mismatch("GITS_CREADR", 0, done, its.written);
}

static u64 redistributor(unsigned c) {
    return GICR + (u64)c * GICR_STRIDE;
}

void its_start(bool with_its) {
    memset(&its, 0, sizeof its);
    if (!with_its) return;
    static const u8 zero[0x10000];
    bus_write_bytes(machine, QUEUE, zero, sizeof zero);
    bus_write_bytes(machine, CONFIG, zero, sizeof zero);
    for (unsigned c = 0; c < CPUS; c++) {
        bus_write_bytes(machine, PENDING + c * 0x10000u, zero, sizeof zero);
        set(redistributor(c) + 0x70, 8, CONFIG | 15);
        set(redistributor(c) + 0x78, 8, PENDING + c * 0x10000u);
        set(redistributor(c), 4, 1);
    }
    set(GITS + CBASER, 8, 1ull << 63 | QUEUE);
    set(GITS + BASER, 8, 1ull << 63 | DEVICE_TABLE);
    set(GITS + BASER + 8, 8, 1ull << 63 | COLLECTION_TABLE);
    set(GITS + CTLR, 4, 1);
}

// The CPU an event's LPI goes to; -1: the event is not mapped all the way.
static int target(unsigned device, unsigned event, unsigned *lpi) {
    if (device >= DEVICES || !its.device[device].mapped) return -1;
    const MDevice *d = &its.device[device];
    if (event >= d->events || !d->event[event].mapped) return -1;
    *lpi = d->event[event].lpi;
    unsigned n = d->event[event].collection;
    return its.collection[n].mapped ? (int)its.collection[n].cpu : -1;
}

static void op_mapd(unsigned device, unsigned how) {
    static const u8 zero[EVENTS * 16];
    unsigned bits = how >> 1 & 1 ? 3 : 2;
    bool valid = how & 1;
    u64 itt = ITT + device * 256;
    if (device < DEVICES) {
        memset(&its.device[device], 0, sizeof its.device[device]);
        its.device[device].mapped = valid;
        its.device[device].events = 1u << bits;
        if (valid) bus_write_bytes(machine, itt, zero, sizeof zero);
    }
    u64 number = device < DEVICES ? device : DEVICE_OUT;
    command(8 | number << 32, bits - 1, (u64)valid << 63 | itt, 0);
}

// A mapped collection is unmapped first; pending LPIs stay where they are until MOVALL.
static void op_mapc(unsigned n, unsigned cpu, bool move) {
    bool was = its.collection[n].mapped;
    unsigned before = its.collection[n].cpu;
    if (was) command(9, 0, n, 0);
    its.collection[n].mapped = !was || move;
    its.collection[n].cpu = cpu;
    if (!its.collection[n].mapped) return;
    command(9, 0, 1ull << 63 | (u64)cpu << 16 | n, 0);
    if (!was || !move) return;
    command(0xe, 0, (u64)before << 16, (u64)cpu << 16);
    if (before == cpu) return;
    for (unsigned l = 0; l < LPIS; l++) {
        model.cpu[cpu].lpi[l] |= model.cpu[before].lpi[l];
        model.cpu[before].lpi[l] = false;
    }
}

static void op_mapti(unsigned device, unsigned event, unsigned lpi, unsigned n) {
    u64 number = lpi < LPIS ? LPI + lpi : lpi == LPIS ? 8191 : 1 << 16;
    MDevice *d = device < DEVICES ? &its.device[device] : NULL;
    bool inside = d && d->mapped && event < d->events;
    if (inside && d->event[event].mapped) return;
    if (inside && lpi < LPIS) {
        d->event[event].mapped = true;
        d->event[event].lpi = lpi;
        d->event[event].collection = n;
    }
    u64 dev = d ? device : DEVICE_OUT;
    command(0xa | dev << 32, number << 32 | event, n, 0);
}

static void op_event(unsigned device, unsigned event, unsigned how, unsigned n) {
    unsigned lpi = 0;
    int c = target(device, event, &lpi);
    u64 dev = device < DEVICES ? device : DEVICE_OUT;
    switch (how) {
    case 0:
        if (c >= 0) model.cpu[c].lpi[lpi] = true;
        command(3 | dev << 32, event, 0, 0);
        break;
    case 1:
        if (c >= 0) model.cpu[c].lpi[lpi] = true;
        gic_send_msi(machine->gic, GITS + TRANSLATER, event, (u32)dev);
        break;
    case 2:
        if (c >= 0) model.cpu[c].lpi[lpi] = false;
        command(4 | dev << 32, event, 0, 0);
        break;
    case 3:  // DISCARD
        if (c < 0) return;
        model.cpu[c].lpi[lpi] = false;
        its.device[device].event[event].mapped = false;
        command(0xf | dev << 32, event, 0, 0);
        break;
    default:  // MOVI
        if (c >= 0 && its.collection[n].mapped) {
            unsigned to = its.collection[n].cpu;
            its.device[device].event[event].collection = n;
            bool was = model.cpu[c].lpi[lpi];
            if (was) {
                model.cpu[c].lpi[lpi] = false;
                model.cpu[to].lpi[lpi] = true;
            }
        }
        command(1 | dev << 32, event, n, 0);
        break;
    }
}

// A new configuration byte, and INV by an event or INVALL by a collection of each CPU.
static void op_configure(unsigned lpi, u8 value, bool by_event) {
    bool seen[CPUS] = {false};
    unsigned device = 0, event = 0, found;
    int by = -1;
    for (unsigned k = 0; k < DEVICES * EVENTS && by < 0; k++) {
        device = k / EVENTS;
        event = k % EVENTS;
        by = target(device, event, &found);
        if (by >= 0 && found != lpi) by = -1;
    }
    for (unsigned n = 0; n < COLLECTIONS; n++)
        if (its.collection[n].mapped) seen[its.collection[n].cpu] = true;
    bool inv = by >= 0 && by_event && !model.cpu[!by].lpi[lpi];
    if (!inv && !(seen[0] && seen[1])) return;
    bus_write_bytes(machine, CONFIG + lpi, &value, 1);
    model.lpi_config[lpi] = value;
    if (inv) {
        command(0xc | (u64)device << 32, event, 0, 0);
        return;
    }
    for (unsigned n = 0; n < COLLECTIONS; n++)
        if (its.collection[n].mapped) command(0xd, 0, n, 0);
}

// LPIs off and on again: the pending table in memory is written and read.
static void op_tables(unsigned c, u8 extra) {
    u64 table = PENDING + c * 0x10000u + LPI / 8;
    u8 in_memory = 0, expected = 0;
    set(redistributor(c), 4, 0);
    for (unsigned l = 0; l < LPIS; l++) expected |= (u8)(model.cpu[c].lpi[l] << l);
    bus_read_bytes(machine, table, &in_memory, 1);
    if (in_memory != expected) mismatch("LPI pending table", c, in_memory, expected);
    in_memory ^= extra;
    bus_write_bytes(machine, table, &in_memory, 1);
    for (unsigned l = 0; l < LPIS; l++) model.cpu[c].lpi[l] = in_memory >> l & 1;
    set(redistributor(c), 4, 1);
}

void op_its(unsigned c) {
    unsigned what = byte(), a = byte(), b = byte();
    unsigned device = a % 16 == 15 ? DEVICES : a % DEVICES, event = a / 16 % (EVENTS + 1);
    unsigned lpi = b % 32 >= 30 ? LPIS + b % 2 : b % LPIS, n = b / 32 % COLLECTIONS;
    switch (what % 16) {
    case 0: op_mapd(device, what >> 4 ? what >> 4 | 1 : 0); break;
    case 1: op_mapc(n, c, what >> 4 & 3); break;
    case 2:
    case 3:
    case 4: op_mapti(device, event, lpi, n); break;
    case 5:
    case 6:
    case 7: op_configure(b % LPIS, (u8)(a | (what & 0x30 ? 1 : 0)), what >> 6 & 1); break;
    case 8: op_tables(c, what >> 4 ? 0 : (u8)b); break;
    case 9: op_event(device, event, 2, n); break;
    case 10: op_event(device, event, what >> 4 & 1 ? 3 : 4, n); break;
    case 11: op_event(device, event, 4, n); break;
    default: op_event(device, event, what & 1, n); break;
    }
}
