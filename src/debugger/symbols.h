// Names of addresses, from ELF symbol tables and System.map files. A set of files, each for one
// space of addresses: EL2's own, one VM's, or any.
#pragma once

#include "base/base.h"
#include "base/error.h"

typedef struct Symbols Symbols;

// Whose addresses: a VMID, EL2 (and the host's EL0), or whoever has no file of its own.
typedef enum SymbolSpace { SPACE_ANY = -1, SPACE_VM0 = 0, SPACE_EL2 = 0x10000 } SymbolSpace;

typedef struct SymbolHit {
    const char *name;  // lives as long as the Symbols
    u64 offset;        // of the address from the symbol
} SymbolHit;

Symbols *symbols_create(void);
void symbols_free(Symbols *symbols);

// "" or "kernel" -> SPACE_ANY, "el2", "vmN" -> N. False: no such space.
bool symbols_space(const char *text, int *space);
// Reads the symbols of an ELF file (.symtab, else .dynsym) or of a System.map ("address type name"
// per line).
bool symbols_add_file(Symbols *symbols, int space, const char *path, Error *err);
// The same, of a file that need not be for symbols: none, and no error, when it is no ELF file or has none.
void symbols_add_image(Symbols *symbols, int space, const char *path);
// "[el2:|vmN:|kernel:]FILE". A name before ':' that is no space is taken as part of the file name.
bool symbols_add(Symbols *symbols, const char *spec, Error *err);
// One symbol; size 0: up to the next one. Call symbols_sort() before looking anything up.
void symbols_add_one(Symbols *symbols, int space, const char *name, u64 address, u64 size);
void symbols_sort(Symbols *symbols);

// The symbol that address is in, as code in `space` sees it: the files of the space itself, then
// those of SPACE_ANY. False: none.
bool symbols_lookup(const Symbols *symbols, int space, u64 address, SymbolHit *hit);
// The address of a name, in space or SPACE_ANY.
bool symbols_find(const Symbols *symbols, int space, const char *name, u64 *address);
// The addresses of a symbol, from the first to the last byte: its size, or up to the next one.
bool symbols_extent(const Symbols *symbols, int space, const char *name, u64 *first, u64 *last);
// In the files of this space alone.
bool symbols_find_in(const Symbols *symbols, int space, const char *name, u64 *address);
// Calls fn for each symbol whose name starts with prefix, in no order that matters.
void symbols_each(const Symbols *symbols, const char *prefix,
                  void (*fn)(void *arg, int space, const char *name), void *arg);
size_t symbols_count(const Symbols *symbols);
