// The last exceptions and exception returns of each CPU, kept always (Arm ARM: "The AArch64 System
// Level Programmers' Model", exception entry and exception return): what they were, where they went,
// and the registers that explain them. Nobody has to ask for it beforehand. Left out: the
// instruction word, which is still in memory.
#pragma once

#include "cpu/cpu.h"

enum { EXIT_RING_SIZE = 1024 };  // a power of 2

// ExitRecord.event
enum { EXIT_EXCEPTION, EXIT_RETURN, EXIT_ILLEGAL_RETURN };

typedef struct ExitRecord {
    u64 icount;
    u64 pc;            // the preferred return address; of a return: the address of the ERET
    u64 target;        // the vector; of a return: where it went
    u64 hcr, vttbr;    // HCR_EL2, VTTBR_EL2: whose exception it is
    u64 esr;           // EC:IL:ISS, of synchronous exceptions and SErrors
    u64 far, hpfar;    // if far_valid, hpfar_valid
    const char *rule;  // Exception.rule
    u64 x[4];          // x0 to x3: of calls
    u64 x16;           // Xen's calls have their number there
    u64 value;         // of the register that the syndrome names (Rt, SRT)
    u32 spsr;          // written to SPSR_ELx; of a return: taken from there
    u32 intid;         // of IRQ and FIQ: Exception.intid
    u32 vtcr;          // VTCR_EL2, bits 31:0
    u16 kind;          // ExceptionKind
    u8 event, from_el, to_el;
    bool far_valid, hpfar_valid, is_virtual;
    u8 memory_tag;  // Exception.memory_tag
} ExitRecord;

typedef struct ExitRing {
    u64 count;  // records since reset; the newest is at (count - 1) % EXIT_RING_SIZE
    ExitRecord record[EXIT_RING_SIZE];
} ExitRing;

void exit_ring_create(Cpu *cpu);
void exit_ring_free(Cpu *cpu);
void exit_ring_reset(Cpu *cpu);
// The n-th last record, 0 = the newest. NULL: there is none, or it has been overwritten.
const ExitRecord *exit_ring_get(const Cpu *cpu, u64 n);
