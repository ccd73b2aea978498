// Virtio over MMIO (Virtio 1.2, "Virtio Over MMIO"): transports without a device. DeviceID 0 tells
// a driver to leave the slot alone; the version is that of the legacy interface, as on QEMU's
// board. Left out: every device.
#include "devices/virtio_mmio.h"

#include <stdlib.h>

enum { SLOT_SIZE = 0x200, MAGIC = 0x00, VERSION = 0x04, DEVICE_ID = 0x08, VENDOR_ID = 0x0c };

struct VirtioMmio {
    Machine *machine;
    Region region;
};

static bool read_reg(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    VirtioMmio *v = dev;
    (void)by;
    if (size > 4) return false;
    u64 reg = offset % SLOT_SIZE;
    if (size != 4 || reg % 4) {
        // Only the configuration space of a device may be read in bytes and halfwords.
        bus_warn(v->machine, "virtio-mmio: %u-byte read at 0x%03llx of an empty slot", size,
                 (unsigned long long)reg);
        return true;
    }
    switch (reg) {
    case MAGIC: *value = 0x74726976; break;
    case VERSION: *value = 1; break;
    case VENDOR_ID: *value = 0x554d4551; break;
    default: *value = 0; break;  // no device: DeviceID 0, and nothing else to see
    }
    return true;
}

static bool write_reg(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    VirtioMmio *v = dev;
    (void)by;
    (void)value;
    if (size > 4) return false;
    bus_warn(v->machine, "virtio-mmio: write to empty slot %u, offset 0x%03llx",
             (unsigned)(offset / SLOT_SIZE), (unsigned long long)(offset % SLOT_SIZE));
    return true;
}

static const RegionOps ops = {read_reg, write_reg};

VirtioMmio *virtio_mmio_create(Machine *machine, u64 base, unsigned count, Error *err) {
    VirtioMmio *v = calloc(1, sizeof *v);
    CHECK(v);
    v->machine = machine;
    v->region = (Region){
        .name = "virtio-mmio", .base = base, .size = (u64)count * SLOT_SIZE, .ops = &ops, .dev = v};
    if (bus_add(machine, &v->region, err)) return v;
    free(v);
    return NULL;
}

void virtio_mmio_free(VirtioMmio *v) {
    free(v);
}
