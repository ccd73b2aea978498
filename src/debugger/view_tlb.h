// What the software TLB of a CPU holds, and which entries the tables no longer say.
#pragma once

#include "debugger/view_walk.h"
#include "mmu/tlb.h"

typedef enum TlbUse { TLB_DATA, TLB_FETCH, TLB_TABLES } TlbUse;

// One page of 4 KB, or neighbours that differ in nothing else (their physical addresses are neighbours too).
typedef struct TlbRow {
    const TlbContext *context;
    TlbUse use;    // TLB_TABLES: stage 2 alone, of addresses of stage 1 tables; va is an IPA
    MmuMode mode;  // whose accesses use it
    u64 va, pa, bytes;
    u8 s1_bits, s2_bits;  // log2 of the block or page of each stage
    u8 rwx;               // what it allows: R 4, W 2, X 1
    bool global, device;
    bool in_use;  // its context is one that the registers select now
    // The tables say something else now: another address, less permissions, a fault.
    bool stale;
    Fault now;  // type FAULT_NONE: now_pa and now_rwx
    u64 now_pa;
    u8 now_rwx;
} TlbRow;

typedef struct TlbFilter {
    i32 vmid, asid;  // -1: any
    bool by_va;
    u64 va;
    bool stale_only;
} TlbFilter;

typedef struct TlbSummary {
    u64 pages, stale, stale_in_use;  // pages of 4 KB
    TlbRow worst;                    // the first stale row, of a context in use if there is one
} TlbSummary;

// Calls fn for each row, by context, use and address.
void view_tlb(Cpu *cpu, const TlbFilter *filter, void (*fn)(void *arg, const TlbRow *row),
              void *arg, TlbSummary *sum);
void view_tlb_print(FILE *out, Cpu *cpu, const TlbFilter *filter, unsigned lines);
