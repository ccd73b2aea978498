// The bus and the interface of a device on it. A device is a struct with its state, a Region per
// register frame and, if it raises interrupts, an IrqLine.
#pragma once

#include "base/base.h"
#include "base/error.h"

typedef struct Machine Machine;
typedef struct Cpu Cpu;
typedef struct OpPage OpPage;

// Result of a device access: false = the bus answers with an external abort.
typedef struct RegionOps {
    bool (*read)(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by);  // size 1,2,4,8
    bool (*write)(void *dev, u64 offset, unsigned size, u64 value, Cpu *by);  // by: NULL for DMA
} RegionOps;

typedef struct Region {
    const char *name;  // for traces: "pl011"
    u64 base, size;
    const RegionOps *ops;  // NULL for plain memory
    void *dev;
    u8 *host;       // plain memory: host address of base (RAM, flash in read mode)
    bool readonly;  // plain memory: writes go to ops (flash) or are an external abort (no ops)
    OpPage **code;  // predecoded pages by page number, for memory regions (opcache.c)
    u8 *tags;       // allocation tags, two in a byte; NULL: all 0 (mmu/tags.c)
} Region;

// Adds a region; regions must not overlap. `r` must live as long as the machine.
bool bus_add(Machine *machine, Region *r, Error *err);
// The region that holds address, or NULL.
Region *bus_find(const Machine *machine, u64 address);
// Device access (or memory, when a region is plain). False: external abort.
bool bus_read(Machine *machine, u64 address, unsigned size, u64 *value, Cpu *by);
bool bus_write(Machine *machine, u64 address, unsigned size, u64 value, Cpu *by);
// DMA, loaders and debugger: copies to/from plain memory, keeps predecoded code coherent.
// False if part of the range is not memory.
bool bus_read_bytes(Machine *machine, u64 address, void *buf, size_t n);
bool bus_write_bytes(Machine *machine, u64 address, const void *buf, size_t n);
void bus_free(Machine *machine);  // the table of regions, not the devices
// A guest did something that is not modelled or makes no sense: one line on stderr, each text once
// and at most 64 of them.
void bus_warn(Machine *machine, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A wire to the interrupt controller. level: asserted or not.
typedef struct IrqLine {
    void (*set)(void *arg, unsigned n, bool level);
    void *arg;
    unsigned n;
} IrqLine;
static inline void irq_set(const IrqLine *line, bool level) {
    if (line->set) line->set(line->arg, line->n, level);
}

// --- time: events on the machine's clock, in ns of machine time --------------------------------
typedef struct Event {
    u64 when;
    void (*fire)(void *arg);
    void *arg;
    int slot;  // place in the queue, -1 when not queued (event_init)
} Event;
void event_init(Event *e, void (*fire)(void *arg), void *arg);
// Queues (or moves) e to fire at machine time `when` ns; a time that has passed fires at the next
// attention point. Shortens the running slice if needed.
void event_set(Machine *machine, Event *e, u64 when);
void event_cancel(Machine *machine, Event *e);
u64 machine_now(Machine *machine);  // ns, as the running CPU sees it
