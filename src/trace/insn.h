// The instruction trace: every instruction of every CPU, in a compact file (docs/trace.md, "The file of
// --trace insn"). insn.c writes it, insn_read.c reads it back.
#pragma once

#include "base/error.h"
#include "machine/machine.h"

enum { INSN_VERSION = 1, INSN_HEADER = 16, INSN_BLOCK_MAX = 1024, INSN_BLOCKS_MAX = 1 << 22 };
#define INSN_MAGIC "EL2SIMIN"

// A token is a number (LEB128). Even: block number token / 2 is executed. Odd: token / 2 is one of these.
typedef enum InsnToken {
    INSN_END,  // then: how many instructions are in the file
    INSN_BLOCK,  // a new block is executed; then: address, number of instructions, their words (4 bytes)
    INSN_CPU,      // what follows is of this CPU; then: its index
    INSN_CONTEXT,  // then: EL, world (kind << 16 | VMID), instructions executed by the CPU
    INSN_FORGET,   // the numbers of blocks start again
    INSN_PREDICTED =
        8,  // n + 8: n + 1 times, the block that followed the last one when it was executed before
} InsnToken;

typedef struct InsnTrace InsnTrace;

// Starts to record all CPUs of machine. NULL: the file cannot be created.
InsnTrace *insn_open(Machine *machine, const char *path, Error *err);
// False: something could not be written; said on stderr.
bool insn_close(InsnTrace *t);

typedef struct InsnRecord {
    unsigned cpu, el;
    u32 world;   // world_key() of internal.h
    u64 icount;  // instructions that the CPU had executed before
    u64 pc;
    u32 word;
} InsnRecord;

// Calls visit for each instruction of a file in memory, until it returns false. False: the file is broken or cut; err
// says how, and what is before that has been visited.
bool insn_read(const u8 *data, size_t size, bool (*visit)(void *arg, const InsnRecord *r),
               void *arg, Error *err);
