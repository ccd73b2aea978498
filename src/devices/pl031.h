// ARM PrimeCell real time clock (PL031).
#pragma once

#include "devices/device.h"

typedef struct Pl031 Pl031;

Pl031 *pl031_create(Machine *machine, u64 base, IrqLine irq, Error *err);
void pl031_free(Pl031 *rtc);
void pl031_reset(Pl031 *rtc);
// Seconds since 1970 at machine time 0.
void pl031_set_epoch(Pl031 *rtc, i64 seconds);
