// ARM PrimeCell real time clock (PL031), by its Technical Reference Manual: counter of seconds,
// match interrupt. It counts machine time, so that runs repeat exactly; a machine reset does not
// set it back (it is battery-backed). Left out: integration test registers.
#include "devices/pl031.h"

#include <stdlib.h>

enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0c,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1c,
    ID_FIRST = 0xfe0
};

#define NS_PER_S 1000000000ull

struct Pl031 {
    Machine *machine;
    Region region;
    IrqLine irq;
    Event alarm;
    u32 epoch;  // counter value at machine time 0, modulo 2^32
    u32 mr, lr;
    bool mask, raw;
};

static const u8 id_bytes[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static u32 now(Pl031 *r) {
    return r->epoch + (u32)(machine_now(r->machine) / NS_PER_S);
}

static void update_irq(Pl031 *r) {
    irq_set(&r->irq, r->raw && r->mask);
}

static void set_alarm(Pl031 *r) {
    u32 wait = r->mr - now(r);
    if (wait == 0) {
        r->raw = true;
        update_irq(r);
        return;
    }
    u64 second = machine_now(r->machine) / NS_PER_S;
    event_set(r->machine, &r->alarm, (second + wait) * NS_PER_S);
}

static void alarm_fired(void *arg) {
    Pl031 *r = arg;
    r->raw = true;
    update_irq(r);
}

static bool read_reg(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    Pl031 *r = dev;
    (void)size;
    (void)by;
    switch (offset) {
    case DR: *value = now(r); break;
    case MR: *value = r->mr; break;
    case LR: *value = r->lr; break;
    case CR: *value = 1; break;  // always enabled
    case IMSC: *value = r->mask; break;
    case RIS: *value = r->raw; break;
    case MIS: *value = r->raw && r->mask; break;
    case ICR: *value = 0; break;
    default:
        if (offset >= ID_FIRST)
            *value = id_bytes[(offset - ID_FIRST) >> 2];
        else
            bus_warn(r->machine, "pl031: read of reserved register 0x%03llx",
                     (unsigned long long)offset);
    }
    return true;
}

static bool write_reg(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    Pl031 *r = dev;
    (void)size;
    (void)by;
    u32 v = (u32)value;
    switch (offset) {
    case LR:
        r->lr = v;
        r->epoch += v - now(r);
        set_alarm(r);
        break;
    case MR:
        r->mr = v;
        set_alarm(r);
        break;
    case IMSC: r->mask = v & 1; break;
    case ICR:
        if (v & 1) r->raw = false;
        break;
    case CR: break;  // writing 0 has no effect once the counter runs
    case DR:
    case RIS:
    case MIS: break;  // read-only
    default:
        bus_warn(r->machine, "pl031: write to reserved register 0x%03llx",
                 (unsigned long long)offset);
    }
    update_irq(r);
    return true;
}

static const RegionOps ops = {read_reg, write_reg};

Pl031 *pl031_create(Machine *machine, u64 base, IrqLine irq, Error *err) {
    Pl031 *r = calloc(1, sizeof *r);
    CHECK(r);
    r->machine = machine;
    r->irq = irq;
    r->region = (Region){.name = "pl031", .base = base, .size = 0x1000, .ops = &ops, .dev = r};
    event_init(&r->alarm, alarm_fired, r);
    if (bus_add(machine, &r->region, err)) return r;
    free(r);
    return NULL;
}

void pl031_free(Pl031 *r) {
    if (r) event_cancel(r->machine, &r->alarm);
    free(r);
}

void pl031_reset(Pl031 *r) {
    event_cancel(r->machine, &r->alarm);
    r->mr = r->lr = 0;
    r->mask = r->raw = false;
    update_irq(r);
}

void pl031_set_epoch(Pl031 *r, i64 seconds) {
    r->epoch = (u32)seconds;
}
