// The rows of sysregs.reg as the build-time generator holds them. Host tool, not part of libel2sim.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_REGS = 700,
    MAX_TRAPS = 8,
    MAX_FIELDS = 64,
    MAX_CONTROLS = 40,
    NAME_LEN = 40,
    NO_EL = 4,
    // Bits of HCR_EL2 that are RES0 here: the fast paths test them together with HCR_EL2's own.
    FGT_READ = 39,
    FGT_WRITE = 48,
};

// Where the bits that trap lines name are, and when they count.
typedef struct Control {
    char name[NAME_LEN], reg[NAME_LEN], host[NAME_LEN], tge[NAME_LEN];
    char with[NAME_LEN], without[NAME_LEN];
    int line, from, to, e2h;  // from: bit n for ELn; e2h: 0, 1 or 2 (either)
    bool guest, used;
    uint64_t tge_mask, with_mask, without_mask;
} Control;

typedef struct RegTrap {
    char control[NAME_LEN], bit[NAME_LEN];  // "HCR_EL2", "TVM"; "fp", ""; bit may be "EN|CR"
    int access;                             // 1 read, 2 write
    bool when_zero;
    int line;
    uint64_t mask;  // resolved after reading
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
    bool cause;    // its bits decide where exceptions go: writes are remembered
    int vncr;      // offset in the page at VNCR_EL2, 0: none
    int vncr_nv1;  // only with HCR_EL2.NV1 1; 2: 0 (the alias)
    bool guarded;  // the alias in the page is trapped by guard
    RegTrap guard;
    char nv2[NAME_LEN];  // EL1 register that EL1 means by this name with HCR_EL2.NV2
    int alias_of;        // row index of the register an _EL12/_EL02 name stands for, or -1
} Reg;

extern Reg *regs;
extern int reg_count;
extern Control controls[MAX_CONTROLS];
extern int control_count;

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int find_reg(const char *name);  // -1: none
int find_enc(int enc);
int find_control(const char *name);
int field_bit(const Reg *r, const char *name);  // -1: none

// tablegen_sysregs_write.c
void write_header(const char *dir);
void write_table(const char *dir);
