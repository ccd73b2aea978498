// The devices of the board, through the bus as a guest would reach them.
#include "cpu/psci.h"
#include "devices/fw_cfg.h"
#include "gic/gic.h"
#include "machine/machine.h"
#include "machine/virt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { UART = VIRT_UART_BASE, RTC = VIRT_RTC_BASE, GPIO = VIRT_GPIO_BASE, FW = VIRT_FW_CFG_BASE };

static MachineConfig config(void) {
    return (MachineConfig){.cpu_model = "cortex-a72",
                           .cpus = 2,
                           .ram_size = 64 << 20,
                           .gic_version = 2,
                           .el2 = true,
                           .its = true,
                           .highmem = true};
}

static int setup(void **state) {
    MachineConfig c = config();
    Error err = {""};
    *state = machine_create(&c, &err);
    if (!*state) print_message("%s\n", err.text);
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    machine_free(*state);
    return 0;
}

static u64 rd(Machine *m, u64 a, unsigned size) {
    u64 v = 0xdead;
    assert_true(bus_read(m, a, size, &v, NULL));
    return v;
}

static void wr(Machine *m, u64 a, unsigned size, u64 v) {
    assert_true(bus_write(m, a, size, v, NULL));
}

// --- bus -----------------------------------------------------------------------------------------

static void bus_finds_regions_and_holes(void **state) {
    Machine *m = *state;
    assert_ptr_equal(bus_find(m, 0x40000000), &m->ram);
    assert_ptr_equal(bus_find(m, 0x40000000 + (64 << 20) - 1), &m->ram);
    assert_null(bus_find(m, 0x40000000 + (64 << 20)));
    assert_string_equal(bus_find(m, UART)->name, "pl011");
    assert_string_equal(bus_find(m, UART + 0xfff)->name, "pl011");
    assert_null(bus_find(m, 0x30000000));
    assert_null(bus_find(m, ~0ull));
    u64 v;
    assert_false(bus_read(m, 0x30000000, 4, &v, NULL));
    // An access that runs over the end of a region is an external abort.
    assert_false(bus_read(m, 0x40000000 + (64 << 20) - 4, 8, &v, NULL));
}

static void bus_refuses_overlap(void **state) {
    Machine *m = *state;
    Error err;
    Region inside = {.name = "x", .base = 0x40001000, .size = 0x1000};
    Region around = {.name = "x", .base = 0x08fff000, .size = 0x2000};
    Region wraps = {.name = "x", .base = ~0ull - 10, .size = 0x1000};
    assert_false(bus_add(m, &inside, &err));
    assert_non_null(strstr(err.text, "ram"));
    assert_false(bus_add(m, &around, &err));
    assert_false(bus_add(m, &wraps, &err));
}

static void bus_copies_bytes(void **state) {
    Machine *m = *state;
    char buf[8] = "";
    assert_true(bus_write_bytes(m, 0x40000ffd, "abcdef", 6));
    assert_true(bus_read_bytes(m, 0x40000ffd, buf, 6));
    assert_string_equal(buf, "abcdef");
    assert_int_equal(rd(m, 0x40000ffd, 2), 'a' | 'b' << 8);
    assert_false(bus_write_bytes(m, 0x40000000 + (64 << 20) - 2, "abcd", 4));
    assert_false(bus_write_bytes(m, 0x0, "a", 1));  // flash is not written like memory
    assert_false(bus_read_bytes(m, UART, buf, 1));
}

// --- PL011 ---------------------------------------------------------------------------------------

static void uart_identifies_itself(void **state) {
    Machine *m = *state;
    assert_int_equal(rd(m, UART + 0xfe0, 4), 0x11);
    assert_int_equal(rd(m, UART + 0xffc, 4), 0xb1);
    assert_int_equal(rd(m, UART + 0x18, 4), 0x90);  // both FIFOs empty
}

static void uart_loopback_and_interrupts(void **state) {
    Machine *m = *state;
    wr(m, UART + 0x2c, 4, 0x70);   // 8 bits, FIFOs on
    wr(m, UART + 0x30, 4, 0x381);  // enable, loopback
    wr(m, UART + 0x34, 4, 0x10);   // receive trigger: 8 bytes
    wr(m, UART + 0x38, 4, 0x50);   // RX and RT
    for (int i = 0; i < 7; i++) wr(m, UART, 4, 'a' + (u64)i);
    assert_int_equal(rd(m, UART + 0x40, 4), 0x40);  // timeout only
    wr(m, UART, 4, 'h');
    assert_int_equal(rd(m, UART + 0x40, 4), 0x50);
    assert_int_equal(rd(m, UART, 4), 'a');
    assert_int_equal(rd(m, UART + 0x40, 4), 0x40);  // below the trigger
    for (int i = 1; i < 8; i++) assert_int_equal(rd(m, UART, 4), 'a' + i);
    assert_int_equal(rd(m, UART + 0x40, 4), 0);
    assert_true(rd(m, UART + 0x18, 4) & 0x10);
}

static void uart_overrun(void **state) {
    Machine *m = *state;
    wr(m, UART + 0x30, 4, 0x381);  // FIFO off: one byte deep
    wr(m, UART, 4, 1);
    wr(m, UART, 4, 2);
    assert_true(rd(m, UART + 0x3c, 4) & 0x400);
    assert_int_equal(rd(m, UART, 4), 0x801);
    assert_int_equal(rd(m, UART, 4), 0);
}

static void uart_transmit_interrupt(void **state) {
    Machine *m = *state;
    assert_int_equal(rd(m, UART + 0x3c, 4), 0);
    wr(m, UART, 4, 'x');
    assert_int_equal(rd(m, UART + 0x3c, 4), 0x20);
    wr(m, UART + 0x44, 4, 0x20);
    assert_int_equal(rd(m, UART + 0x3c, 4), 0);
}

static void uart_to_file(void **state) {
    Machine *m = *state;
    char path[] = "/tmp/el2sim-uart-XXXXXX", buf[16] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    Error err;
    SerialConfig c = {.kind = SERIAL_FILE, .path = path};
    assert_true(board_set_serial(m, &c, &err));
    for (const char *s = "hello"; *s; s++) wr(m, UART, 1, (u8)*s);
    board_flush(m);
    assert_int_equal(read(fd, buf, sizeof buf), 5);
    assert_string_equal(buf, "hello");
    close(fd);
    unlink(path);
    c.path = "/nonexistent/file";
    assert_false(board_set_serial(m, &c, &err));
}

// --- PL031, PL061 --------------------------------------------------------------------------------

static void rtc_shows_epoch_and_matches(void **state) {
    Machine *m = *state;
    board_set_rtc(m, 1000);
    assert_int_equal(rd(m, RTC, 4), 1000);
    wr(m, RTC + 0x08, 4, 5000);
    assert_int_equal(rd(m, RTC, 4), 5000);
    wr(m, RTC + 0x10, 4, 1);
    wr(m, RTC + 0x04, 4, 5000);  // matches now
    assert_int_equal(rd(m, RTC + 0x18, 4), 1);
    wr(m, RTC + 0x1c, 4, 1);
    assert_int_equal(rd(m, RTC + 0x18, 4), 0);
    assert_int_equal(rd(m, RTC + 0xfe0, 4), 0x31);
}

static void power_key_raises_gpio_edge(void **state) {
    Machine *m = *state;
    wr(m, GPIO + 0x40c, 4, 8);  // rising edge
    wr(m, GPIO + 0x410, 4, 8);
    assert_int_equal(rd(m, GPIO + 0x418, 4), 0);
    board_power_button(m);
    assert_int_equal(rd(m, GPIO + 0x418, 4), 8);
    assert_int_equal(rd(m, GPIO + 0x20, 4), 8);  // data of line 3
    assert_int_equal(rd(m, GPIO + 0x10, 4), 0);  // line 2 alone
    wr(m, GPIO + 0x41c, 4, 8);
    assert_int_equal(rd(m, GPIO + 0x418, 4), 0);
}

static void gpio_masks_data_by_address(void **state) {
    Machine *m = *state;
    wr(m, GPIO + 0x400, 4, 0xff);
    wr(m, GPIO + 0x3fc, 4, 0xa5);
    wr(m, GPIO + 0x03c, 4, 0x00);  // lines 0..3 only
    assert_int_equal(rd(m, GPIO + 0x3fc, 4), 0xa0);
}

// --- virtio --------------------------------------------------------------------------------------

static void virtio_slots_are_empty(void **state) {
    Machine *m = *state;
    for (unsigned i = 0; i < 32; i++) {
        u64 base = VIRT_VIRTIO_BASE + i * 0x200;
        assert_int_equal(rd(m, base, 4), 0x74726976);
        assert_int_equal(rd(m, base + 8, 4), 0);
    }
    assert_null(bus_find(m, VIRT_VIRTIO_BASE + 32 * 0x200));
}

// --- flash ---------------------------------------------------------------------------------------

static void flash_query_and_id(void **state) {
    Machine *m = *state;
    wr(m, 0x55 * 4, 4, 0x00980098);
    assert_int_equal(rd(m, 0x10 * 4, 4), 0x00510051);
    assert_int_equal(rd(m, 0x11 * 4, 4), 0x00520052);
    assert_int_equal(rd(m, 0x12 * 4, 4), 0x00590059);
    assert_int_equal(rd(m, 0x27 * 4, 4), 0x00190019);  // 32 MB in each chip
    assert_int_equal(rd(m, 0x2d * 4, 4), 0x00ff00ff);  // 256 blocks
    wr(m, 0, 4, 0x00900090);
    assert_int_equal(rd(m, 0, 4), 0x00890089);
    wr(m, 0, 4, 0x00ff00ff);
    assert_int_equal(rd(m, 0, 4), 0);
}

static void flash_programs_and_erases(void **state) {
    Machine *m = *state;
    u64 a = VIRT_FLASH_SIZE + 0x40000;  // second chip pair, second block
    wr(m, a, 4, 0x00200020);
    wr(m, a, 4, 0x00d000d0);
    assert_int_equal(rd(m, a, 4), 0x00800080);
    wr(m, a, 4, 0x00ff00ff);
    assert_int_equal(rd(m, a, 4), 0xffffffff);
    assert_int_equal(rd(m, a + 0x3fffc, 4), 0xffffffff);
    assert_int_equal(rd(m, a + 0x40000, 4), 0);
    wr(m, a, 4, 0x00400040);
    wr(m, a, 4, 0x12345678);
    wr(m, a, 4, 0x00400040);
    wr(m, a, 4, 0xffff0000);  // programming only clears bits
    wr(m, a, 4, 0x00ff00ff);
    assert_int_equal(rd(m, a, 4), 0x12340000);
    // buffered: count - 1, data, confirm
    wr(m, a, 4, 0x00e800e8);
    assert_int_equal(rd(m, a, 4), 0x00800080);
    wr(m, a, 4, 0x00010001);
    wr(m, a + 8, 4, 0xcafe0001);
    wr(m, a + 12, 4, 0xcafe0002);
    wr(m, a, 4, 0x00d000d0);
    wr(m, a, 4, 0x00ff00ff);
    assert_int_equal(rd(m, a + 8, 8), 0xcafe0002cafe0001);
}

static void flash_firmware_is_write_protected(void **state) {
    Machine *m = *state;
    Error err;
    assert_true(board_set_firmware(m, "firmware", 8, &err));
    wr(m, 0, 4, 0x00200020);
    wr(m, 0, 4, 0x00d000d0);
    assert_true(rd(m, 0, 4) & 0x20);  // erase error
    wr(m, 0, 4, 0x00500050);
    wr(m, 0, 4, 0x00ff00ff);
    assert_int_equal(rd(m, 0, 1), 'f');
}

static void flash_image_must_fit(void **state) {
    Machine *m = *state;
    Error err;
    assert_false(board_attach_flash(m, 0, "/etc/passwd", true, &err));
    assert_non_null(strstr(err.text, "67108864"));
    assert_false(board_attach_flash(m, 0, "/nonexistent", true, &err));
}

// --- fw_cfg --------------------------------------------------------------------------------------

static void fw_cfg_registers(void **state) {
    Machine *m = *state;
    wr(m, FW + 8, 2, 0x0000);
    assert_int_equal(rd(m, FW, 4), 'Q' | 'E' << 8 | 'M' << 16 | 'U' << 24);
    assert_int_equal(rd(m, FW, 1), 0);  // behind the end
    wr(m, FW + 8, 2, 0x0500);           // big-endian key 5: CPUs
    assert_int_equal(rd(m, FW, 2), 2);
    assert_int_equal(rd(m, FW + 16, 8), __builtin_bswap64(0x51454d5520434647));
}

static void fw_cfg_dma_reads_a_file(void **state) {
    Machine *m = *state;
    Error err;
    assert_true(fw_cfg_add_file(board_fw_cfg(m), "opt/test", "payload", 7, &err));
    assert_false(fw_cfg_add_file(board_fw_cfg(m), "opt/test", "again", 5, &err));
    wr(m, FW + 8, 2, 0x1900);
    assert_int_equal(__builtin_bswap32((u32)rd(m, FW, 4)), 1);  // files
    assert_int_equal(__builtin_bswap32((u32)rd(m, FW, 4)), 7);  // its size
    u64 key = __builtin_bswap16((u16)rd(m, FW, 2));
    u32 head[2] = {__builtin_bswap32((u32)key << 16 | 8 | 2), __builtin_bswap32(7)};
    u64 to = __builtin_bswap64(0x40002000);
    bus_write_bytes(m, 0x40001000, head, 8);
    bus_write_bytes(m, 0x40001008, &to, 8);
    wr(m, FW + 16, 8, __builtin_bswap64(0x40001000));
    char buf[8] = "";
    bus_read_bytes(m, 0x40002000, buf, 7);
    assert_string_equal(buf, "payload");
    assert_int_equal(rd(m, 0x40001000, 4), 0);
    // writing to an item fails
    head[0] = __builtin_bswap32((u32)key << 16 | 8 | 16);
    bus_write_bytes(m, 0x40001000, head, 8);
    wr(m, FW + 16, 8, __builtin_bswap64(0x40001000));
    assert_int_equal(rd(m, 0x40001000, 4), __builtin_bswap32(1));
}

// --- PSCI ----------------------------------------------------------------------------------------

static i64 psci(Cpu *cpu, u64 f, u64 a, u64 b, u64 c) {
    cpu->x[0] = f;
    cpu->x[1] = a;
    cpu->x[2] = b;
    cpu->x[3] = c;
    assert_true(psci_call(cpu));
    return (i64)cpu->x[0];
}

static void psci_versions_and_features(void **state) {
    Cpu *cpu = ((Machine *)*state)->cpu[0];
    assert_int_equal(psci(cpu, 0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(psci(cpu, 0x80000000, 0, 0, 0), 0x10001);
    assert_int_equal(psci(cpu, 0x8400000a, 0xc4000003, 0, 0), 0);
    assert_int_equal(psci(cpu, 0x8400000a, 0x84000010, 0, 0), -1);
    assert_int_equal(psci(cpu, 0x84000050, 0, 0, 0), -1);  // TRNG_VERSION
    assert_int_equal(psci(cpu, 0x12345678, 0, 0, 0), -1);
}

static void psci_cpu_on(void **state) {
    Machine *m = *state;
    Cpu *cpu = m->cpu[0];
    machine_cpu_on(m, cpu, 0x40000000, 0);
    assert_int_equal(psci(cpu, 0xc4000004, 1, 0, 0), 1);                         // off
    assert_int_equal(psci(cpu, 0xc4000003, 1ull << 31 | 1, 0x40000000, 0), -2);  // bit 31
    assert_int_equal(psci(cpu, 0xc4000003, 7, 0x40000000, 0), -2);
    assert_int_equal(psci(cpu, 0xc4000003, 1, 0x40000002, 0), -9);
    assert_int_equal(psci(cpu, 0xc4000003, 1, 0x30000000, 0), -9);
    assert_int_equal(psci(cpu, 0xc4000003, 1, 0x40001000, 0x1234567890), 0);
    assert_int_equal(m->cpu[1]->pc, 0x40001000);
    assert_int_equal(m->cpu[1]->x[0], 0x1234567890);
    assert_int_equal(m->cpu[1]->el, 2);
    assert_int_equal(m->cpu[1]->pstate & PSTATE_DAIF, PSTATE_DAIF);
    assert_int_equal(psci(cpu, 0xc4000004, 1, 0, 0), 0);
    assert_int_equal(psci(cpu, 0xc4000003, 1, 0x40001000, 0), -4);
    psci(m->cpu[1], 0x84000002, 0, 0, 0);
    assert_int_equal(psci(cpu, 0xc4000004, 1, 0, 0), 1);
    // The 32-bit call ignores the upper halves of its arguments.
    assert_int_equal(psci(cpu, 0x84000003, 0xff00000001, 0xff40001000, 0xff00000007), 0);
    assert_int_equal(m->cpu[1]->x[0], 7);
}

static void psci_stops(void **state) {
    Machine *m = *state;
    psci(m->cpu[0], 0x84000008, 0, 0, 0);
    assert_int_equal(m->stop, STOP_POWEROFF);
    m->stop = STOP_NONE;
    assert_int_equal(psci(m->cpu[0], 0xc4000012, 1u << 31, 0, 0), -1);
    assert_int_equal(m->stop, STOP_NONE);
    psci(m->cpu[0], 0x84000009, 0, 0, 0);
    assert_int_equal(m->stop, STOP_RESET);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(bus_finds_regions_and_holes),
        T(bus_refuses_overlap),
        T(bus_copies_bytes),
        T(uart_identifies_itself),
        T(uart_loopback_and_interrupts),
        T(uart_overrun),
        T(uart_transmit_interrupt),
        T(uart_to_file),
        T(rtc_shows_epoch_and_matches),
        T(power_key_raises_gpio_edge),
        T(gpio_masks_data_by_address),
        T(virtio_slots_are_empty),
        T(flash_query_and_id),
        T(flash_programs_and_erases),
        T(flash_firmware_is_write_protected),
        T(flash_image_must_fit),
        T(fw_cfg_registers),
        T(fw_cfg_dma_reads_a_file),
        T(psci_versions_and_features),
        T(psci_cpu_on),
        T(psci_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
