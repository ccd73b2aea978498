// The rows of sysregs.reg as the build-time generator holds them. Host tool, not part of libel2sim.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MAX_REGS = 700, MAX_TRAPS = 4, MAX_FIELDS = 64, NAME_LEN = 40, NO_EL = 4 };

typedef struct RegTrap {
    char control[NAME_LEN], bit[NAME_LEN];  // "HCR_EL2", "TVM"; "fp", ""
    int access;                             // 1 read, 2 write
    bool when_zero;
    int line;
    int bit_number;  // resolved after reading
} RegTrap;

typedef struct RegField {
    char name[NAME_LEN], feature[NAME_LEN];
    int hi, lo;
    char kind;  // 'w' writable, '0' RES0, '1' RES1, 'r' read-only, 'c' writable if feature else 0,
                // 'C' ... else 1
} RegField;

typedef struct Reg {
    char name[NAME_LEN];
    int line, enc;
    bool insn;
    int read_el, write_el;
    char need[NAME_LEN], need_not[NAME_LEN], vhe[NAME_LEN];
    char read[NAME_LEN], write[NAME_LEN], after[NAME_LEN];
    char insn_fn[NAME_LEN], insn_arg[120];
    RegTrap trap[MAX_TRAPS];
    int traps;
    RegField field[MAX_FIELDS];
    int fields;
    uint64_t reset;
    int alias_of;  // row index of the register an _EL12/_EL02 name stands for, or -1
} Reg;
