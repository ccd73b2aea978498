// What gdb is told of a CPU: its registers, their numbers and types, as a target description
// ("Debugging with GDB", appendix "Target Descriptions").
#pragma once

#include "debugger/state.h"

typedef struct GdbRegister {
    Reg reg;
    u8 bytes;  // in packets: 4, 8 or 16
} GdbRegister;

typedef struct GdbTarget {
    GdbRegister *reg;  // by gdb's number
    unsigned count;
    unsigned general;  // so many of them come in a `g` packet: x0..x30, sp, pc, cpsr
    char *xml;         // target.xml
    size_t xml_size;
} GdbTarget;

// x0..x30, sp, pc, cpsr (PSTATE), v0..v31, fpsr, fpcr, and every other system register of this CPU, by
// the names of the Arm ARM, each with its fields.
GdbTarget *gdb_target_create(const Cpu *cpu);
void gdb_target_free(GdbTarget *t);
