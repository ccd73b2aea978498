// Addresses that somebody wants to see executed, read or written: the breakpoints and watchpoints
// of the guest (selfhosted_debug.c), or those of a debugger. Nothing is tested per instruction or
// per access: pages that hold an armed address are marked in the software TLB, and only they take
// the slow path. A marked page of code is executed one instruction at a time, with the callback
// before each; a marked page of data goes through access.c, which calls it after translation has
// succeeded.
#pragma once

#include "base/base.h"

typedef struct Cpu Cpu;

enum { ARMED_EXEC = 1, ARMED_READ = 2, ARMED_WRITE = 4 };

typedef struct ArmedRange {
    u64 first, last;  // virtual addresses of bytes, inclusive, sign-extended (armed_va())
    u8 kinds;         // ARMED_*
    u8 els;           // bit n: executed at, or accessed with the privilege of, ELn
} ArmedRange;

// Bytes of memory whatever their virtual address: by physical address, or by IPA.
typedef struct ArmedMemory {
    u64 first, last;  // inclusive
    u8 kinds;         // ARMED_READ, ARMED_WRITE
    bool is_ipa;
} ArmedMemory;

typedef struct ArmedAccess {
    u64 va, size;
    u64 pa;            // of data accesses
    u8 kinds;          // ARMED_*; READ and WRITE both for an atomic instruction
    u8 el;             // of the code, or whose privilege the access has
    bool nv2;          // a register in memory (VNCR_EL2): EL2's access, made by EL1
    bool maintenance;  // a cache maintenance instruction,
    u64 operand;       // ... with this address
} ArmedAccess;

// An armed address is touched. True: an exception was taken instead, or the machine stops: the
// access is not done.
typedef bool (*ArmedHit)(Cpu *cpu, const ArmedAccess *access, void *arg);

// Asked in this order.
typedef enum ArmedOwner { ARMED_GUEST, ARMED_DEBUGGER, ARMED_OWNERS } ArmedOwner;

typedef struct ArmedSet {
    const ArmedRange *ranges;  // of the owner, unchanged until it replaces them
    unsigned count;
    // Of the debugger. An access to a page that holds one is told to `hit` as a whole.
    const ArmedMemory *memory;
    unsigned memory_count;
    ArmedHit hit;
    void *arg;
} ArmedSet;

// Replaces what `owner` has armed on this CPU, from the next instruction on. A count of 0 disarms;
// it has to be done before the ranges change.
void armed_replace(Cpu *cpu, ArmedOwner owner, ArmedSet set);
// Kinds for which the 4 KB page of va holds an armed address at `el`.
u8 armed_in_page(const Cpu *cpu, u64 va, unsigned el);
// Kinds for which the page of memory at pa is armed; ipa: what the page was reached by, ~0 unknown.
u8 armed_in_memory(const Cpu *cpu, u64 pa, u64 ipa);
// Calls the owners that have armed one of these bytes. True: do not do the access.
bool armed_hit(Cpu *cpu, const ArmedAccess *access);

// The address as comparisons see it: bits above the largest virtual address are those of the sign.
static inline u64 armed_va(u64 va, bool large_va) {
    return (u64)sext(va, large_va ? 53 : 49);
}
