// NOR flash with the Common Flash Interface, Intel command set.
#pragma once

#include "devices/device.h"

typedef struct Flash Flash;

// An erased flash would read as ones; an absent image reads as zeros, as on QEMU's board.
Flash *flash_create(Machine *machine, const char *name, u64 base, u64 size, Error *err);
void flash_free(Flash *flash);
// Back to reading the array; the contents stay.
void flash_reset(Flash *flash);
// Fills the flash from a file of exactly its size. With readonly the guest can neither erase nor
// program it; otherwise changes are written to the file.
bool flash_attach(Flash *flash, const char *path, bool readonly, Error *err);
// Copies n bytes to its start; the guest cannot change them.
bool flash_fill(Flash *flash, const void *data, size_t n, Error *err);
