// The `virt` board: creates the devices at QEMU's addresses and interrupts, and connects them to
// the host. Source: QEMU documentation, "'virt' generic virtual platform", and the device tree it
// gives. Left out: PCIe, SMMU, the platform bus, secure devices; the device tree does not mention
// them.
#include "machine/virt.h"

#include "devices/flash.h"
#include "devices/fw_cfg.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "devices/virtio_mmio.h"
#include "gic/gic.h"

#include <stdlib.h>
#include <time.h>

#define POLL_INTERVAL_NS 500000ull
#define SLEEP_MAX_NS     200000000ull
#define POWER_KEY_NS     100000000ull
enum { POWER_KEY_LINE = 3 };

struct Board {
    Machine *machine;
    Flash *flash[2];
    Pl011 *uart;
    Pl031 *rtc;
    Pl061 *gpio;
    FwCfg *fw_cfg;
    VirtioMmio *virtio;
    Serial *serial;
    void (*debug_key)(void *arg);  // Ctrl-A d
    void *debug_key_arg;
    void (*console)(void *arg, const void *data, size_t n);  // board_on_console()
    void *console_arg;
    Event key_release;
    u64 next_poll;  // machine time
};

static void set_spi(void *arg, unsigned n, bool level) {
    Machine *machine = arg;
    gic_set_spi(machine->gic, SPI_BASE + n, level);
}

static IrqLine spi(Machine *machine, unsigned n) {
    return (IrqLine){set_spi, machine, n};
}

static void release_power_key(void *arg) {
    Board *b = arg;
    pl061_set_input(b->gpio, POWER_KEY_LINE, false);
}

static bool create_devices(Board *b, Error *err) {
    Machine *m = b->machine;
    b->flash[0] = flash_create(m, "flash0", VIRT_FLASH_BASE, VIRT_FLASH_SIZE, err);
    if (!b->flash[0]) return false;
    b->flash[1] = flash_create(m, "flash1", VIRT_FLASH_SIZE, VIRT_FLASH_SIZE, err);
    if (!b->flash[1]) return false;
    b->uart = pl011_create(m, VIRT_UART_BASE, spi(m, VIRT_SPI_UART), err);
    if (!b->uart) return false;
    b->rtc = pl031_create(m, VIRT_RTC_BASE, spi(m, VIRT_SPI_RTC), err);
    if (!b->rtc) return false;
    b->fw_cfg = fw_cfg_create(m, VIRT_FW_CFG_BASE, err);
    if (!b->fw_cfg) return false;
    b->gpio = pl061_create(m, VIRT_GPIO_BASE, spi(m, VIRT_SPI_GPIO), err);
    if (!b->gpio) return false;
    b->virtio = virtio_mmio_create(m, VIRT_VIRTIO_BASE, VIRT_VIRTIO_COUNT, err);
    return b->virtio != NULL;
}

bool board_create(Machine *machine, Error *err) {
    Board *b = calloc(1, sizeof *b);
    CHECK(b);
    b->machine = machine;
    machine->board = b;
    event_init(&b->key_release, release_power_key, b);
    const MachineConfig *c = &machine->config;
    unsigned spis = c->gic_version == 3 ? VIRT_SPIS_V3 : VIRT_SPIS_V2;
    machine->gic = gic_create(machine, c->gic_version, spis, c->its, err);
    return machine->gic && create_devices(b, err);
}

void board_free(Machine *machine) {
    Board *b = machine->board;
    if (!b) return;
    event_cancel(machine, &b->key_release);
    virtio_mmio_free(b->virtio);
    fw_cfg_free(b->fw_cfg);
    pl061_free(b->gpio);
    pl031_free(b->rtc);
    pl011_free(b->uart);
    flash_free(b->flash[1]);
    flash_free(b->flash[0]);
    serial_close(b->serial);
    free(b);
    machine->board = NULL;
}

void board_reset(Machine *machine) {
    Board *b = machine->board;
    event_cancel(machine, &b->key_release);
    pl061_set_input(b->gpio, POWER_KEY_LINE, false);
    flash_reset(b->flash[0]);
    flash_reset(b->flash[1]);
    pl011_reset(b->uart);
    pl031_reset(b->rtc);
    pl061_reset(b->gpio);
    fw_cfg_reset(b->fw_cfg);
}

// --- the host's side -----------------------------------------------------------------------------

static void serial_command(void *arg, SerialCommand what) {
    Board *b = arg;
    if (what == SERIAL_CMD_QUIT)
        machine_stop(b->machine, STOP_USER, 0, "stopped by Ctrl-A x");
    else if (what == SERIAL_CMD_POWER_KEY)
        board_power_button(b->machine);
    else if (b->debug_key)
        b->debug_key(b->debug_key_arg);
}

bool board_set_serial(Machine *machine, const SerialConfig *config, Error *err) {
    Board *b = machine->board;
    Serial *serial = NULL;
    if (config->kind != SERIAL_NONE) {
        serial = serial_open(config, serial_command, b, err);
        if (!serial) return false;
    }
    serial_close(b->serial);
    b->serial = serial;
    pl011_connect(b->uart, serial);
    return true;
}

void board_on_debug_key(Machine *machine, void (*pressed)(void *arg), void *arg) {
    machine->board->debug_key = pressed;
    machine->board->debug_key_arg = arg;
}

void board_on_console(Machine *machine, void (*wrote)(void *arg, const void *data, size_t n),
                      void *arg) {
    machine->board->console = wrote;
    machine->board->console_arg = arg;
    pl011_on_output(machine->board->uart, wrote, arg);
}

bool board_type(Machine *machine, const void *data, size_t n, Error *err) {
    Board *b = machine->board;
    if (!b->serial) return error_set(err, "the serial line is connected to nothing");
    if (!serial_type(b->serial, data, n))
        return error_set(err, "the guest has to read what waits first: %zu bytes are too many", n);
    pl011_receive(b->uart);
    return true;
}

bool board_attach_flash(Machine *machine, unsigned unit, const char *path, bool readonly,
                        Error *err) {
    CHECK(unit < 2);
    return flash_attach(machine->board->flash[unit], path, readonly, err);
}

bool board_set_firmware(Machine *machine, const void *data, size_t n, Error *err) {
    return flash_fill(machine->board->flash[0], data, n, err);
}

FwCfg *board_fw_cfg(Machine *machine) {
    return machine->board->fw_cfg;
}

void board_set_rtc(Machine *machine, i64 epoch_seconds) {
    pl031_set_epoch(machine->board->rtc, epoch_seconds);
}

static void check_signals(Machine *machine) {
    if (machine->pause) {
        machine->pause = 0;
        machine_stop(machine, STOP_DEBUG, 0, "stopped by the debugger");
    }
    if (machine->interrupted)
        machine_stop(machine, STOP_USER, 128 + machine->interrupted, "stopped by signal %d",
                     machine->interrupted);
}

void board_poll(Machine *machine) {
    Board *b = machine->board;
    check_signals(machine);
    u64 now = machine_now(machine);
    if (!b->serial || now < b->next_poll) return;
    b->next_poll = now + POLL_INTERVAL_NS;
    serial_flush(b->serial);
    serial_poll(b->serial);
    pl011_receive(b->uart);
}

// Without a serial line there is only time to wait for; a signal ends the sleep.
static bool wait_for(Board *b, u64 timeout_ns) {
    if (b->serial) return serial_wait(b->serial, timeout_ns);
    struct timespec t = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
    nanosleep(&t, NULL);
    return false;
}

bool board_wait_input(Machine *machine, i64 timeout_ns) {
    Board *b = machine->board;
    bool arrived = false;
    if (timeout_ns >= 0) {
        arrived = wait_for(b, (u64)timeout_ns);
    } else {
        // For ever, but only for input that would wake somebody.
        while (!arrived && !machine->stop && pl011_input_interrupts(b->uart)) {
            // A signal may come just before the sleep.
            arrived = wait_for(b, SLEEP_MAX_NS);
            check_signals(machine);
        }
    }
    pl011_receive(b->uart);
    check_signals(machine);
    return arrived || machine->stop;
}

bool board_is_interactive(const Machine *machine) {
    const Board *b = machine->board;
    return b->serial && serial_is_terminal(b->serial);
}

void board_power_button(Machine *machine) {
    Board *b = machine->board;
    pl061_set_input(b->gpio, POWER_KEY_LINE, true);
    event_set(machine, &b->key_release, machine_now(machine) + POWER_KEY_NS);
}

// --- semihosting's console -----------------------------------------------------------------------

void board_flush(Machine *machine) {
    if (machine->board->serial) serial_flush(machine->board->serial);
}

void board_console_write(Machine *machine, const void *data, size_t n) {
    Board *b = machine->board;
    if (b->serial) serial_write(b->serial, data, n);
    if (b->console) b->console(b->console_arg, data, n);
}

int board_console_getc(Machine *machine) {
    Board *b = machine->board;
    if (!b->serial) return -1;
    int c = serial_getc(b->serial);
    while (c < 0 && !machine->stop && !serial_at_end(b->serial)) {
        serial_wait(b->serial, SLEEP_MAX_NS);
        check_signals(machine);
        c = serial_getc(b->serial);
    }
    return c;
}
