// Registers by the names of the architecture, gdb and the devices: what the debugger, the gdb stub and
// the public interface read and write.
#pragma once

#include "base/error.h"
#include "cpu/cpu.h"

typedef enum RegKind {
    REG_GENERAL,  // x0..x30, w0..w30, sp, SP_EL0.., pc
    REG_PSTATE,   // pstate (SPSR layout), and its fields N, Z, C, V, D, A, I, F, EL...
    REG_VECTOR,   // v0..v31 (128 bits), q, d, s, h, b
    REG_SYSTEM,   // system registers of sysregs.reg
    REG_DEVICE,   // GICD_*, GICR_* (of the CPU), GICC_*, GICH_*, GICV_*: memory-mapped frames
} RegKind;

// A register, or a field of it, found by name.
typedef struct Reg {
    RegKind kind;
    u16 index;      // by kind: slot of Cpu.x, vector, index of sysreg_table...
    u8 hi, lo;      // the bits meant: 63..0, 127..0, or those of the field
    u64 address;    // REG_DEVICE: physical address
    char name[40];  // as printed: "HCR_EL2.TGE"
} Reg;

// Case does not matter; a leading '$' is skipped. "HCR_EL2", "HCR_EL2.TGE", "x3", "v2", "GICD_CTLR".
// False: nothing of that name on this CPU; err says what is close.
bool reg_find(const Cpu *cpu, const char *name, Reg *out, Error *err);
// Reads without side effects (nothing is acknowledged). False: it cannot be read so.
bool reg_read(Cpu *cpu, const Reg *reg, u128 *value, Error *err);
// Writes as software at the highest Exception level would: masks and effects apply, traps do not. A write
// of a field keeps the other bits.
bool reg_write(Cpu *cpu, const Reg *reg, u128 value, Error *err);
// Calls fn for each name that starts with `prefix`; `fields`: "REG.FIELD" names too. For completion.
void reg_each(const Cpu *cpu, const char *prefix, bool fields,
              void (*fn)(void *arg, const char *name), void *arg);
// The nth field of PSTATE, from the top; false: there are not so many.
bool reg_pstate_field(unsigned n, const char **name, u8 *hi, u8 *lo);
