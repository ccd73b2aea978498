// A machine whose first CPU a test drives by hand: memory by physical address, code, instructions.
#pragma once

#include "cpu/op.h"
#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static Machine *machine;
static Cpu *cpu;

// With 16 MB and a GICv3; the CPU is the one that runs.
static inline void machine_with(MachineConfig config) {
    Error err = {0};
    config.ram_size = 16 << 20;
    config.gic_version = 3;
    if (!config.cpus) config.cpus = 1;
    machine = machine_create(&config, &err);
    if (!machine) fail_msg("%s", err.text);
    cpu = machine->cpu[0];
    machine->running = cpu;
    cpu->halt = HALT_NONE;
}

static inline int teardown(void **state) {
    (void)state;
    machine->running = NULL;
    machine_free(machine);
    return 0;
}

static inline u8 *memory(u64 pa) {
    return machine->ram.host + (pa - machine->ram.base);
}
static inline u64 peek(u64 pa) {
    u64 v;
    memcpy(&v, memory(pa), 8);
    return v;
}
static inline void poke(u64 pa, u64 v) {
    memcpy(memory(pa), &v, 8);
}

static inline void place(u64 at, const u32 *words, unsigned n) {
    memcpy(memory(at), words, n * 4);
    opcache_written(machine, at, n * 4);
}
#define PLACE(at, ...) \
    place(at, (const u32[]){__VA_ARGS__}, ARRAY_LEN(((const u32[]){__VA_ARGS__})))

// EL2 with a flat map of Normal memory from 1 GB on; the table is a page at `table`.
static inline void map_flat_el2(u64 table) {
    poke(table + 8, 0x40000000 | 1 << 10 | 3 << 8 | 1);  // 1 GB, AF, inner shareable, attribute 0
    cpu->sys.TTBR0_EL2 = table;
    cpu->sys.TCR_EL2 = 1u << 31 | 1 << 23 | 2 << 16 | 25;  // 39 bits, 4 KB, 40 bits of PA
    cpu->sys.MAIR_EL2 = 0xff;
    cpu->sys.SCTLR_EL2 |= 1;
    tlb_context_changed(cpu);
}
