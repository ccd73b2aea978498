// Semihosting (Arm "Semihosting for AArch32 and AArch64", release 2.0): console, exit, time.
// Parameter blocks are read with the translation of the current EL, without side effects.
// Left out: files other than the console ":tt", command line, heap info, system().
#include "machine/semihosting.h"

#include "machine/virt.h"
#include "mmu/mmu.h"

#include <errno.h>
#include <stdio.h>

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITEC = 0x03,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_READC = 0x07,
    SYS_ISERROR = 0x08,
    SYS_ISTTY = 0x09,
    SYS_CLOCK = 0x10,
    SYS_TIME = 0x11,
    SYS_ERRNO = 0x13,
    SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20,
    SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};
enum { HANDLE_IN = 1, HANDLE_OUT = 2, HANDLE_ERR = 3 };

#define APPLICATION_EXIT 0x20026

static const char *operation_name(u32 op) {
    static const char *const names[] = {
        [0x0a] = "SYS_SEEK",        [0x0c] = "SYS_FLEN",     [0x0d] = "SYS_TMPNAM",
        [0x0e] = "SYS_REMOVE",      [0x0f] = "SYS_RENAME",   [0x12] = "SYS_SYSTEM",
        [0x15] = "SYS_GET_CMDLINE", [0x16] = "SYS_HEAPINFO",
    };
    return op < ARRAY_LEN(names) && names[op] ? names[op] : "unknown operation";
}

// --- guest memory --------------------------------------------------------------------------------

// Copies between guest virtual memory and buf, page by page. False: not mapped or not memory.
static bool guest_copy(Cpu *cpu, u64 address, void *buf, size_t n, bool write) {
    u8 *p = buf;
    AccessDesc acc = {.type = write ? ACCESS_WRITE : ACCESS_READ,
                      .mode = cpu_mode(cpu),
                      .write = write,
                      .no_side_effects = true};
    while (n) {
        size_t part = MIN(n, 4096 - (address & 4095));
        Translation t = {0};
        Fault fault = {0};
        if (!mmu_translate(cpu, va(address), &acc, &t, &fault)) return false;
        if (write ? !bus_write_bytes(cpu->machine, t.pa, p, part)
                  : !bus_read_bytes(cpu->machine, t.pa, p, part))
            return false;
        p += part;
        address += part;
        n -= part;
    }
    return true;
}

static bool read_block(Cpu *cpu, u64 *words, unsigned n) {
    return guest_copy(cpu, cpu->x[1], words, n * sizeof *words, false);
}

// --- operations ----------------------------------------------------------------------------------

static u64 write0(Cpu *cpu) {
    u64 address = cpu->x[1];
    u8 c;
    while (guest_copy(cpu, address++, &c, 1, false) && c) board_console_write(cpu->machine, &c, 1);
    board_flush(cpu->machine);
    return 0;
}

static u64 open_console(Cpu *cpu) {
    u64 block[3];  // name, mode, length of the name
    char name[4] = "";
    if (!read_block(cpu, block, 3) || block[2] != 3 || !guest_copy(cpu, block[0], name, 3, false) ||
        strcmp(name, ":tt"))
        return (u64)-1;
    if (block[1] < 4) return HANDLE_IN;
    return block[1] < 8 ? HANDLE_OUT : HANDLE_ERR;
}

// The number of bytes not written.
static u64 write_handle(Cpu *cpu) {
    u64 block[3];  // handle, data, length
    if (!read_block(cpu, block, 3)) return (u64)-1;
    if (block[0] != HANDLE_OUT && block[0] != HANDLE_ERR) return block[2];
    u64 left = block[2];
    u8 buf[256];
    while (left) {
        size_t part = MIN(left, sizeof buf);
        if (!guest_copy(cpu, block[1], buf, part, false)) break;
        board_console_write(cpu->machine, buf, part);
        block[1] += part;
        left -= part;
    }
    board_flush(cpu->machine);
    return left;
}

// The number of bytes not read: one line or less, as a terminal gives it.
static u64 read_handle(Cpu *cpu) {
    u64 block[3];
    if (!read_block(cpu, block, 3)) return (u64)-1;
    if (block[0] != HANDLE_IN) return block[2];
    u64 left = block[2];
    while (left) {
        int c = board_console_getc(cpu->machine);
        u8 byte = (u8)c;
        if (c < 0 || !guest_copy(cpu, block[1]++, &byte, 1, true)) break;
        left--;
        if (byte == '\n' || byte == '\r') break;
    }
    return left;
}

static u64 writec(Cpu *cpu) {
    u8 c;
    if (guest_copy(cpu, cpu->x[1], &c, 1, false)) board_console_write(cpu->machine, &c, 1);
    return 0;
}

static u64 exit_machine(Cpu *cpu) {
    u64 block[2] = {0, 1};  // reason, exit code
    if (!read_block(cpu, block, 2)) {
        bus_warn(cpu->machine, "semihosting: parameter block of SYS_EXIT is not readable");
        block[0] = 0;
    }
    int code = block[0] == APPLICATION_EXIT ? (int)(block[1] & 0xff) : 1;
    machine_stop(cpu->machine, STOP_EXIT, code, "semihosting SYS_EXIT, status %d", code);
    return 0;
}

// Seconds since 1970: the host's, or under the virtual clock the real-time clock's epoch.
static u64 seconds(Cpu *cpu) {
    u64 value = 0;
    bus_read(cpu->machine, VIRT_RTC_BASE, 4, &value, cpu);
    return value;
}

static u64 is_tty(Cpu *cpu) {
    u64 handle;
    if (!read_block(cpu, &handle, 1)) return (u64)-1;
    return handle >= HANDLE_IN && handle <= HANDLE_ERR;
}

static u64 is_error(Cpu *cpu) {
    u64 status;
    if (!read_block(cpu, &status, 1)) return (u64)-1;
    return (i64)status < 0;
}

static u64 close_handle(Cpu *cpu) {
    u64 handle;
    if (!read_block(cpu, &handle, 1)) return (u64)-1;
    return handle >= HANDLE_IN && handle <= HANDLE_ERR ? 0 : (u64)-1;
}

static u64 elapsed(Cpu *cpu) {
    u64 ticks = machine_now(cpu->machine);
    return guest_copy(cpu, cpu->x[1], &ticks, sizeof ticks, true) ? 0 : (u64)-1;
}

static u64 operate(Cpu *cpu, u32 op) {
    switch (op) {
    case SYS_OPEN: return open_console(cpu);
    case SYS_CLOSE: return close_handle(cpu);
    case SYS_WRITEC: return writec(cpu);
    case SYS_WRITE0: return write0(cpu);
    case SYS_WRITE: return write_handle(cpu);
    case SYS_READ: return read_handle(cpu);
    case SYS_READC: return (u64)board_console_getc(cpu->machine);
    case SYS_ISERROR: return is_error(cpu);
    case SYS_ISTTY: return is_tty(cpu);
    case SYS_CLOCK: return machine_now(cpu->machine) / 10000000;  // centiseconds
    case SYS_TIME: return seconds(cpu);
    case SYS_ERRNO: return ENOENT;  // the only failure: there are no files but ":tt"
    case SYS_EXIT:
    case SYS_EXIT_EXTENDED: return exit_machine(cpu);
    case SYS_ELAPSED: return elapsed(cpu);
    case SYS_TICKFREQ: return 1000000000;  // machine time in ns
    default:
        bus_warn(cpu->machine, "semihosting: operation 0x%02x (%s) is not modelled", op,
                 operation_name(op));
        return (u64)-1;
    }
}

bool semihosting_call(Cpu *cpu) {
    if (!cpu->machine->config.semihosting) return false;
    cpu->x[0] = operate(cpu, (u32)cpu->x[0]);
    return true;
}
