// What fuzz_translate.c makes of its bytes: control registers, tables of both stages in a small RAM.
#pragma once

#include "cpu/cpu.h"
#include "machine/machine.h"

enum { CASE_RAM_BASE = 0x40000000, CASE_RAM_SIZE = 2 << 20 };

// A source of decisions: the input, then zeros.
typedef struct Bytes {
    const u8 *data;
    size_t left;
} Bytes;
u64 bytes_take(Bytes *b, unsigned n);        // n bytes, little-endian
unsigned bytes_below(Bytes *b, unsigned n);  // 0..n-1, n <= 256
bool bytes_rare(Bytes *b, unsigned n);       // one time in n

typedef struct Case {
    Cpu *cpu;
    u64 word[512];  // physical addresses of the descriptors that were built
    unsigned words;
} Case;

// A CPU of the model with nothing but RAM. Once for each model; no EL2 when `el2` is false.
Cpu *case_cpu(const char *model, bool el2);
// Memory is back to words that are no descriptors.
void case_reset_memory(Case *c);
u64 case_plain_word(u64 pa);
u64 *case_word(u64 pa);  // host address in RAM, or NULL
// Control registers, as MSR would store them.
void case_controls(Case *c, Bytes *b);
// An address for an access by `el`; two_stages: AT S12E<el>.
u64 case_address(Case *c, Bytes *b, int el, bool two_stages);
// Builds, as far as there is nothing yet, the descriptors that translate va for `el`.
void case_map(Case *c, Bytes *b, int el, bool two_stages, u64 va);
