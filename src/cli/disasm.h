// Disassembly for reports, by Capstone. In the program only: the library does without.
#pragma once

#include "cpu/cpu.h"

struct _IO_FILE;

// Prints the instructions around cpu->pc (as the CPU would fetch them now, without side effects),
// the one at pc marked. Says so when there is nothing to read there.
void disasm_around_pc(Cpu *cpu, struct _IO_FILE *out);
