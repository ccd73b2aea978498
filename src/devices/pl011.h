// ARM PrimeCell UART (PL011).
#pragma once

#include "devices/device.h"
#include "devices/serial.h"

typedef struct Pl011 Pl011;

Pl011 *pl011_create(Machine *machine, u64 base, IrqLine irq, Error *err);
void pl011_free(Pl011 *uart);
void pl011_reset(Pl011 *uart);
void pl011_connect(Pl011 *uart, Serial *serial);  // NULL: output is lost, no input
// Who is told of the bytes that the guest sends, connected or not; NULL: nobody.
void pl011_on_output(Pl011 *uart, void (*wrote)(void *arg, const void *data, size_t n), void *arg);
// Moves bytes from the serial line into the receive FIFO while there is room.
void pl011_receive(Pl011 *uart);
// A received byte would raise an interrupt.
bool pl011_input_interrupts(const Pl011 *uart);
