// The memory-mapped registers of the interrupt controller by the names of the GIC architecture
// specification: GICD_CTLR, GICD_ISENABLER1, GICR_WAKER, GICH_LR0...
#pragma once

#include "gic/internal.h"

typedef struct GicRegister {
    const char *name;   // of the frame and the register: "GICD_ISENABLER"
    u32 offset;         // in its frame
    u16 count;          // how many of them; 1: the name has no number
    u8 bytes;           // of each: 1, 4 or 8
    u8 versions;        // bit n: there in GICvn
    bool reading_acts;  // reading it acknowledges
    bool write_only;
} GicRegister;

// By name, case-insensitive; *n gets its number ("GICD_ISENABLER1": 1). NULL: there is none in this machine.
const GicRegister *gic_register_find(const Machine *machine, const char *name, unsigned *n);
// Physical address; banked ones are those of the CPU.
u64 gic_register_address(const Cpu *cpu, const GicRegister *r, unsigned n);
// Calls fn for the name of each row of this machine, with the first number where there are several.
void gic_register_each(const Machine *machine, void (*fn)(void *arg, const char *name), void *arg);
// The register at an address of the board: "GICD_ISENABLER1"; NULL: there is none.
const char *gic_register_name(const Machine *machine, u64 address, char *buf, size_t n);
