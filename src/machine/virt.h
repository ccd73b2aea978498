// The devices of QEMU's `virt` board: memory map, wiring, and what the machine and the command line
// ask of them. Everything hangs from Machine.board.
#pragma once

#include "base/error.h"
#include "devices/serial.h"
#include "machine/machine.h"

typedef struct FwCfg FwCfg;

// Physical memory map (docs: QEMU "virt" machine).
enum {
    VIRT_FLASH_BASE = 0x00000000,
    VIRT_FLASH_SIZE = 0x04000000,  // of each of the two chips
    VIRT_GICD_BASE = 0x08000000,
    VIRT_GICC_BASE = 0x08010000,
    VIRT_GICV2M_BASE = 0x08020000,
    VIRT_GICH_BASE = 0x08030000,
    VIRT_GICV_BASE = 0x08040000,
    VIRT_ITS_BASE = 0x08080000,
    VIRT_GICR_BASE = 0x080a0000,
    VIRT_GICR_SIZE = 0x00f60000,
    VIRT_UART_BASE = 0x09000000,
    VIRT_RTC_BASE = 0x09010000,
    VIRT_FW_CFG_BASE = 0x09020000,
    VIRT_GPIO_BASE = 0x09030000,
    VIRT_VIRTIO_BASE = 0x0a000000,
    VIRT_VIRTIO_SIZE = 0x00000200,
    VIRT_VIRTIO_COUNT = 32,
    VIRT_RAM_BASE = 0x40000000,
    // SPIs, as numbered from 0 (interrupt ID = 32 + n)
    VIRT_SPI_UART = 1,
    VIRT_SPI_RTC = 2,
    VIRT_SPI_GPIO = 7,
    VIRT_SPI_VIRTIO = 16,
    VIRT_SPIS_V2 = 256,
    VIRT_SPIS_V3 = 224,
    VIRT_CPUS_MAX = 123,  // redistributors that fit into their window
};

#define VIRT_RAM_MAX (64ull << 30)

// Creates the interrupt controller and all devices and puts them
// on the bus. Called by machine_create() when RAM and CPUs exist; sets machine->gic and ->board.
bool board_create(Machine *machine, Error *err);
void board_free(Machine *machine);
// Devices as after power-on (flash contents and RAM stay).
void board_reset(Machine *machine);

// --- the host's side -----------------------------------------------------------------------------
// Connects the UART. Without this call it is connected to nothing.
bool board_set_serial(Machine *machine, const SerialConfig *config, Error *err);
// Who is told of Ctrl-A d (SerialConfig.debug_key), between two instructions.
void board_on_debug_key(Machine *machine, void (*pressed)(void *arg), void *arg);
// Who is told of all text that the guest writes to its console (UART and semihosting), even when the
// serial line is connected to nothing. One; NULL: nobody.
void board_on_console(Machine *machine, void (*wrote)(void *arg, const void *data, size_t n),
                      void *arg);
// n bytes arrive on the UART, in their turn after those that wait already.
bool board_type(Machine *machine, const void *data, size_t n, Error *err);
// Loads a pflash image (unit 0 or 1) of exactly 64 MB; with readonly the guest cannot program it,
// otherwise what the guest programs is written back to the file.
bool board_attach_flash(Machine *machine, unsigned unit, const char *path, bool readonly,
                        Error *err);
// Copies n bytes (at most 64 MB) into flash 0: -bios.
bool board_set_firmware(Machine *machine, const void *data, size_t n, Error *err);
FwCfg *board_fw_cfg(Machine *machine);
// Seconds since 1970 that the real-time clock shows at machine time 0.
void board_set_rtc(Machine *machine, i64 epoch_seconds);

// Looks at the host between slices (never blocks): signals (Machine.interrupted), input for the
// UART, pending output. Cheap: the host is asked at most once per 500 us of machine time.
void board_poll(Machine *machine);
// Sleeps up to timeout_ns of host time for input from the host; then as board_poll(). With
// timeout_ns < 0 for ever, provided that input can come and would raise an interrupt. True if input
// arrived or the machine was asked to stop.
bool board_wait_input(Machine *machine, i64 timeout_ns);
// Input comes from a terminal: an idle machine should follow host time.
bool board_is_interactive(const Machine *machine);
// Presses the power key (PL061 line 3) for 100 ms.
void board_power_button(Machine *machine);

// The console for semihosting: same output and input as the UART's.
void board_console_write(Machine *machine, const void *data, size_t n);
// The next byte of input, waiting for it; -1 at the end of input.
int board_console_getc(Machine *machine);
void board_flush(Machine *machine);
