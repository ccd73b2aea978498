// Access to the ring of exceptions and returns. It is filled where they happen (exception.c).
#include "cpu/exit_ring.h"

#include <stdlib.h>

void exit_ring_create(Cpu *cpu) {
    cpu->exits = calloc(1, sizeof *cpu->exits);
    CHECK(cpu->exits);
}

void exit_ring_free(Cpu *cpu) {
    free(cpu->exits);
    cpu->exits = NULL;
}

void exit_ring_reset(Cpu *cpu) {
    cpu->exits->count = 0;
}

const ExitRecord *exit_ring_get(const Cpu *cpu, u64 n) {
    const ExitRing *ring = cpu->exits;
    if (n >= ring->count || n >= EXIT_RING_SIZE) return NULL;
    return &ring->record[(ring->count - 1 - n) % EXIT_RING_SIZE];
}
