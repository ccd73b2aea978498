// The physical address space: a sorted array of regions, binary search behind a one-entry memory of
// the last hit. Plain memory is reached through Region.host, everything else through its ops.
// Left out: bus masters with their own view of memory, endianness conversion (the machine is
// little-endian).
#include "cpu/op.h"
#include "devices/device.h"
#include "machine/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { WARNINGS_MAX = 64 };

typedef struct Bus Bus;
struct Bus {
    Region **regions;  // by base
    unsigned count, capacity;
    Region *last;
    char *warned[WARNINGS_MAX];
    unsigned warnings;
};

static Bus *bus_of(Machine *machine) {
    if (!machine->bus) {
        machine->bus = calloc(1, sizeof *machine->bus);
        CHECK(machine->bus);
    }
    return machine->bus;
}

void bus_free(Machine *machine) {
    Bus *bus = machine->bus;
    if (!bus) return;
    for (unsigned i = 0; i < bus->warnings; i++) free(bus->warned[i]);
    free(bus->regions);
    free(bus);
    machine->bus = NULL;
}

// Index of the first region whose base is above address.
static unsigned upper_bound(const Bus *bus, u64 address) {
    unsigned lo = 0, hi = bus->count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (bus->regions[mid]->base <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool bus_add(Machine *machine, Region *r, Error *err) {
    Bus *bus = bus_of(machine);
    if (r->size == 0 || r->base + (r->size - 1) < r->base)
        return error_set(err, "region %s has no valid size", r->name);
    unsigned at = upper_bound(bus, r->base);
    Region *below = at ? bus->regions[at - 1] : NULL;
    Region *above = at < bus->count ? bus->regions[at] : NULL;
    if (below && r->base - below->base < below->size)
        return error_set(err, "regions %s and %s overlap", r->name, below->name);
    if (above && above->base - r->base < r->size)
        return error_set(err, "regions %s and %s overlap", r->name, above->name);
    if (bus->count == bus->capacity) {
        bus->capacity = bus->capacity ? bus->capacity * 2 : 16;
        bus->regions = realloc(bus->regions, bus->capacity * sizeof(Region *));
        CHECK(bus->regions);
    }
    memmove(&bus->regions[at + 1], &bus->regions[at], (bus->count - at) * sizeof(Region *));
    bus->regions[at] = r;
    bus->count++;
    return true;
}

Region *bus_find(const Machine *machine, u64 address) {
    Bus *bus = machine->bus;
    if (unlikely(!bus)) return NULL;
    Region *r = bus->last;
    if (likely(r && address - r->base < r->size)) return r;
    unsigned at = upper_bound(bus, address);
    if (!at) return NULL;
    r = bus->regions[at - 1];
    if (address - r->base >= r->size) return NULL;
    bus->last = r;
    return r;
}

// The region that holds all of [address, address+n), or NULL.
static Region *find_all(const Machine *machine, u64 address, u64 n) {
    Region *r = bus_find(machine, address);
    return r && n <= r->size - (address - r->base) ? r : NULL;
}

bool bus_read(Machine *machine, u64 address, unsigned size, u64 *value, Cpu *by) {
    Region *r = find_all(machine, address, size);
    if (!r) return false;
    u64 offset = address - r->base;
    *value = 0;
    if (r->host) {
        memcpy(value, r->host + offset, size);
        return true;
    }
    return r->ops && r->ops->read && r->ops->read(r->dev, offset, size, value, by);
}

bool bus_write(Machine *machine, u64 address, unsigned size, u64 value, Cpu *by) {
    Region *r = find_all(machine, address, size);
    if (!r) return false;
    u64 offset = address - r->base;
    if (r->host && !r->readonly) {
        memcpy(r->host + offset, &value, size);
        if (r->code) opcache_written(machine, address, size);
        return true;
    }
    return r->ops && r->ops->write && r->ops->write(r->dev, offset, size, value, by);
}

bool bus_read_bytes(Machine *machine, u64 address, void *buf, size_t n) {
    u8 *out = buf;
    while (n) {
        Region *r = bus_find(machine, address);
        if (!r || !r->host) return false;
        u64 offset = address - r->base;
        size_t part = MIN(n, r->size - offset);
        memcpy(out, r->host + offset, part);
        out += part;
        address += part;
        n -= part;
    }
    return true;
}

bool bus_write_bytes(Machine *machine, u64 address, const void *buf, size_t n) {
    const u8 *in = buf;
    while (n) {
        Region *r = bus_find(machine, address);
        if (!r || !r->host || r->readonly) return false;
        u64 offset = address - r->base;
        size_t part = MIN(n, r->size - offset);
        memcpy(r->host + offset, in, part);
        if (r->code) opcache_written(machine, address, part);
        in += part;
        address += part;
        n -= part;
    }
    return true;
}

void bus_warn(Machine *machine, const char *format, ...) {
    Bus *bus = bus_of(machine);
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (unsigned i = 0; i < bus->warnings; i++)
        if (!strcmp(bus->warned[i], text)) return;
    if (bus->warnings == WARNINGS_MAX) return;
    bus->warned[bus->warnings] = strdup(text);
    CHECK(bus->warned[bus->warnings]);
    bool last = ++bus->warnings == WARNINGS_MAX;
    fprintf(stderr, "el2sim: guest: %s%s\n", text, last ? " (further warnings are dropped)" : "");
}
