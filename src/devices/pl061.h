// ARM PrimeCell general purpose I/O (PL061).
#pragma once

#include "devices/device.h"

typedef struct Pl061 Pl061;

Pl061 *pl061_create(Machine *machine, u64 base, IrqLine irq, Error *err);
void pl061_free(Pl061 *gpio);
void pl061_reset(Pl061 *gpio);
// Drives input line n (0..7) from outside.
void pl061_set_input(Pl061 *gpio, unsigned n, bool level);
