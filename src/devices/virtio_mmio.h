// Virtio over MMIO: the transports of the board.
#pragma once

#include "devices/device.h"

typedef struct VirtioMmio VirtioMmio;

// `count` transports of 0x200 bytes each from base on, all without a device behind them.
VirtioMmio *virtio_mmio_create(Machine *machine, u64 base, unsigned count, Error *err);
void virtio_mmio_free(VirtioMmio *transports);
