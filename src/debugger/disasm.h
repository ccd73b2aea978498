// Instructions as text: Capstone's, or for those that Capstone does not know assembly.h's, with system registers by the names
// of sysregs.reg and symbols of targets; for the words that neither knows the decoder's own name with the fields.
#pragma once

#include "cpu/cpu.h"
#include "debugger/space.h"
#include "debugger/symbols.h"

#include <stdio.h>

typedef struct Disassembler Disassembler;

// symbols: may be NULL. machine, too: then nothing is known of its CPUs' features.
Disassembler *disasm_open(const Machine *machine, const Symbols *symbols);
void disasm_close(Disassembler *d);
// "bl      0x40080120 <start+0x10>": the word at an address; symbol_space: whose symbols its targets have.
void disasm_text(Disassembler *d, int symbol_space, u64 address, u32 word, char *buf, size_t n);
// The word that would be fetched from address. False: not mapped, or not memory.
bool disasm_fetch(Cpu *cpu, Space space, u64 address, u32 *word, Error *err);
// A few instructions around the CPU's pc, for reports.
void disasm_around_pc(Cpu *cpu, FILE *out);
