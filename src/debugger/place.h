// Addresses with symbols, for commands (see also debugger_place() in debugger.h).
#pragma once

#include "debugger/debugger.h"

// Whose symbols an address in this space has (symbols.h).
int place_symbols(const Cpu *cpu, Space space);
// " <start+0x10>", or "" when it is in no symbol.
const char *place_symbol(Debugger *d, Space space, u64 address, char *buf, size_t n);
