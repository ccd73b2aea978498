// Registers of the GIC's frames (Arm GIC architecture specification: "Programmers' Model"). What is here
// is what src/gic models; the frames are where the `virt` board has them.
#include "debugger/gic_registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { V2 = 1 << 2, V3 = 1 << 3, BOTH = V2 | V3, REDIST_STRIDE = 0x20000, SGI_BASE = 0x10000 };

static const struct {
    const char *prefix;
    u64 base, size;
} frames[] = {
    {"GICD_", 0x08000000, 0x10000}, {"GICR_", 0x080a0000, 0},      {"GICC_", 0x08010000, 0x2000},
    {"GICH_", 0x08030000, 0x1000},  {"GICV_", 0x08040000, 0x2000},
};

static const GicRegister rows[] = {
    {"GICD_CTLR", 0x000, 1, 4, BOTH, false, false},
    {"GICD_TYPER", 0x004, 1, 4, BOTH, false, false},
    {"GICD_IIDR", 0x008, 1, 4, BOTH, false, false},
    {"GICD_IGROUPR", 0x080, 32, 4, BOTH, false, false},
    {"GICD_ISENABLER", 0x100, 32, 4, BOTH, false, false},
    {"GICD_ICENABLER", 0x180, 32, 4, BOTH, false, false},
    {"GICD_ISPENDR", 0x200, 32, 4, BOTH, false, false},
    {"GICD_ICPENDR", 0x280, 32, 4, BOTH, false, false},
    {"GICD_ISACTIVER", 0x300, 32, 4, BOTH, false, false},
    {"GICD_ICACTIVER", 0x380, 32, 4, BOTH, false, false},
    {"GICD_IPRIORITYR", 0x400, 255, 4, BOTH, false, false},
    {"GICD_ITARGETSR", 0x800, 255, 4, V2, false, false},
    {"GICD_ICFGR", 0xc00, 64, 4, BOTH, false, false},
    {"GICD_SGIR", 0xf00, 1, 4, V2, false, true},
    {"GICD_CPENDSGIR", 0xf10, 4, 4, V2, false, false},
    {"GICD_SPENDSGIR", 0xf20, 4, 4, V2, false, false},
    {"GICD_IROUTER", 0x6000, 1020, 8, V3, false, false},
    {"GICR_CTLR", 0x00, 1, 4, V3, false, false},
    {"GICR_IIDR", 0x04, 1, 4, V3, false, false},
    {"GICR_TYPER", 0x08, 1, 8, V3, false, false},
    {"GICR_WAKER", 0x14, 1, 4, V3, false, false},
    {"GICR_PROPBASER", 0x70, 1, 8, V3, false, false},
    {"GICR_PENDBASER", 0x78, 1, 8, V3, false, false},
    {"GICR_IGROUPR0", SGI_BASE + 0x080, 1, 4, V3, false, false},
    {"GICR_ISENABLER0", SGI_BASE + 0x100, 1, 4, V3, false, false},
    {"GICR_ICENABLER0", SGI_BASE + 0x180, 1, 4, V3, false, false},
    {"GICR_ISPENDR0", SGI_BASE + 0x200, 1, 4, V3, false, false},
    {"GICR_ICPENDR0", SGI_BASE + 0x280, 1, 4, V3, false, false},
    {"GICR_ISACTIVER0", SGI_BASE + 0x300, 1, 4, V3, false, false},
    {"GICR_ICACTIVER0", SGI_BASE + 0x380, 1, 4, V3, false, false},
    {"GICR_IPRIORITYR", SGI_BASE + 0x400, 8, 4, V3, false, false},
    {"GICR_ICFGR", SGI_BASE + 0xc00, 2, 4, V3, false, false},
    {"GICC_CTLR", 0x00, 1, 4, V2, false, false},
    {"GICC_PMR", 0x04, 1, 4, V2, false, false},
    {"GICC_BPR", 0x08, 1, 4, V2, false, false},
    {"GICC_IAR", 0x0c, 1, 4, V2, true, false},
    {"GICC_EOIR", 0x10, 1, 4, V2, false, true},
    {"GICC_RPR", 0x14, 1, 4, V2, false, false},
    {"GICC_HPPIR", 0x18, 1, 4, V2, false, false},
    {"GICC_ABPR", 0x1c, 1, 4, V2, false, false},
    {"GICC_AIAR", 0x20, 1, 4, V2, true, false},
    {"GICC_AEOIR", 0x24, 1, 4, V2, false, true},
    {"GICC_AHPPIR", 0x28, 1, 4, V2, false, false},
    {"GICC_APR0", 0xd0, 1, 4, V2, false, false},
    {"GICC_IIDR", 0xfc, 1, 4, V2, false, false},
    {"GICC_DIR", 0x1000, 1, 4, V2, false, true},
    {"GICH_HCR", 0x00, 1, 4, V2, false, false},
    {"GICH_VTR", 0x04, 1, 4, V2, false, false},
    {"GICH_VMCR", 0x08, 1, 4, V2, false, false},
    {"GICH_MISR", 0x10, 1, 4, V2, false, false},
    {"GICH_EISR0", 0x20, 1, 4, V2, false, false},
    {"GICH_ELRSR0", 0x30, 1, 4, V2, false, false},
    {"GICH_APR", 0xf0, 1, 4, V2, false, false},
    {"GICH_LR", 0x100, 4, 4, V2, false, false},
    {"GICV_CTLR", 0x00, 1, 4, V2, false, false},
    {"GICV_PMR", 0x04, 1, 4, V2, false, false},
    {"GICV_BPR", 0x08, 1, 4, V2, false, false},
    {"GICV_IAR", 0x0c, 1, 4, V2, true, false},
    {"GICV_EOIR", 0x10, 1, 4, V2, false, true},
    {"GICV_RPR", 0x14, 1, 4, V2, false, false},
    {"GICV_HPPIR", 0x18, 1, 4, V2, false, false},
    {"GICV_ABPR", 0x1c, 1, 4, V2, false, false},
    {"GICV_AIAR", 0x20, 1, 4, V2, true, false},
    {"GICV_AEOIR", 0x24, 1, 4, V2, false, true},
    {"GICV_AHPPIR", 0x28, 1, 4, V2, false, false},
    {"GICV_APR0", 0xd0, 1, 4, V2, false, false},
    {"GICV_IIDR", 0xfc, 1, 4, V2, false, false},
    {"GICV_DIR", 0x1000, 1, 4, V2, false, true},
};

static bool is_present(const Machine *machine, const GicRegister *r) {
    if (!(r->versions >> machine->config.gic_version & 1)) return false;
    bool virtual = r->name[3] == 'H' || r->name[3] == 'V';
    return machine->config.el2 || !virtual;
}

const GicRegister *gic_register_find(const Machine *machine, const char *name, unsigned *n) {
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const GicRegister *r = &rows[i];
        size_t length = strlen(r->name);
        if (strncasecmp(name, r->name, length) || !is_present(machine, r)) continue;
        const char *rest = name + length;
        *n = 0;
        if (!*rest && r->count == 1) return r;
        if (r->count == 1 || *rest < '0' || *rest > '9') continue;
        char *end;
        unsigned long number = strtoul(rest, &end, 10);
        if (*end || number >= r->count) continue;
        *n = (unsigned)number;
        return r;
    }
    return NULL;
}

static unsigned frame_of(const GicRegister *r) {
    unsigned f = 0;
    while (strncmp(frames[f].prefix, r->name, 5)) f++;
    return f;
}

u64 gic_register_address(const Cpu *cpu, const GicRegister *r, unsigned n) {
    unsigned f = frame_of(r);
    u64 base = frames[f].base + (f == 1 ? (u64)cpu->index * REDIST_STRIDE : 0);
    return base + r->offset + (u64)n * r->bytes;
}

void gic_register_each(const Machine *machine, void (*fn)(void *arg, const char *name), void *arg) {
    char name[32];
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if (!is_present(machine, &rows[i])) continue;
        snprintf(name, sizeof name, rows[i].count > 1 ? "%s0" : "%s", rows[i].name);
        fn(arg, name);
    }
}

const char *gic_register_name(const Machine *machine, u64 address, char *buf, size_t n) {
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const GicRegister *r = &rows[i];
        unsigned f = frame_of(r);
        u64 size = f == 1 ? (u64)machine->cpus * REDIST_STRIDE : frames[f].size;
        u64 offset = address - frames[f].base;
        if (!is_present(machine, r) || address < frames[f].base || offset >= size) continue;
        if (f == 1) offset %= REDIST_STRIDE;
        if (offset < r->offset || offset >= r->offset + (u64)r->count * r->bytes) continue;
        unsigned number = (unsigned)((offset - r->offset) / r->bytes);
        if (r->count > 1)
            snprintf(buf, n, "%s%u", r->name, number);
        else
            snprintf(buf, n, "%s", r->name);
        return buf;
    }
    return NULL;
}
