// NOR flash (JEDEC "Common Flash Interface", Intel command set 0001): two 16-bit chips side by side
// on a 32-bit bus, erase blocks of 256 KB. While it is in read-array mode it is plain memory.
// Programming clears bits only, an erase sets them, as in the real thing; both take no time.
// Left out: block locking (lock commands are accepted, no block is locked), protection registers,
// suspend.
#include "devices/flash.h"
#include "cpu/op.h"
#include "machine/machine.h"
#include "mmu/mmu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024, BUFFER_WORDS = 1024 };
enum {
    CMD_PROGRAM_ALT = 0x10,
    CMD_ERASE = 0x20,
    CMD_PROGRAM = 0x40,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK = 0x60,
    CMD_LOCK_SET = 0x01,
    CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90,
    CMD_QUERY = 0x98,
    CMD_CONFIRM = 0xd0,
    CMD_BUFFER = 0xe8,
    CMD_READ_ARRAY = 0xff,
};
enum { SR_READY = 0x80, SR_ERASE_ERROR = 0x20, SR_PROGRAM_ERROR = 0x10, SR_LOCKED = 0x02 };

typedef enum State {
    READ_ARRAY,
    READ_STATUS,
    READ_ID,
    READ_QUERY,  // what reads return
    WAIT_PROGRAM,
    WAIT_ERASE,
    WAIT_LOCK,
    WAIT_COUNT,
    WAIT_DATA,
    WAIT_CONFIRM,  // reads: status
} State;

typedef struct BufferedWord {
    u64 offset;
    u32 value;
    unsigned size;
} BufferedWord;

struct Flash {
    Machine *machine;
    Region region;
    u8 *data;
    bool readonly;
    int fd;  // changes go here; -1: none
    State state;
    u8 status;
    unsigned expected, buffered;
    BufferedWord buffer[BUFFER_WORDS];
};

// The chip's answer to the CFI query by word offset (the standard's tables).
static u8 query_byte(const Flash *f, u64 word) {
    static const u8 table[] = {
        [0x10] = 'Q', 'R',  'Y',  0x01, 0x00,        // Intel extended command set
        0x31,         0x00,                          // address of its table
        0x00,         0x00, 0x00, 0x00,              // no alternate command set
        0x45,         0x55, 0x00, 0x00,              // Vcc 4.5 to 5.5 V, no Vpp
        0x07,         0x07, 0x0a, 0x00,              // typical times: word, buffer, block, chip
        0x04,         0x04, 0x04, 0x00,              // maximum times
        0x00,                                        // 0x27: size, below
        0x02,         0x00,                          // x8/x16
        0x0b,         0x00,                          // 2^11 bytes in the write buffer
        0x01,                                        // one region of equal blocks
        0x00,         0x00, 0x00, 0x00,              // 0x2d: number and size, below
        'P',          'R',  'I',  '1',  '0',         // 0x31: extended query, version 1.0
        0x00,         0x00, 0x00, 0x00,              // no optional features
        0x00,         0x00, 0x00, 0x00, 0x00, 0x01,  // one protection field
    };
    u64 blocks = f->region.size / BLOCK;
    switch (word) {
    case 0x27: return (u8)__builtin_ctzll(f->region.size / 2);
    case 0x2d: return (u8)(blocks - 1);
    case 0x2e: return (u8)((blocks - 1) >> 8);
    case 0x2f: return (u8)(BLOCK / 2 >> 8);
    case 0x30: return (u8)(BLOCK / 2 >> 16);
    default: return word < sizeof table ? table[word] : 0;
    }
}

static u8 id_byte(u64 word) {
    switch (word & 0xff) {
    case 0: return 0x89;  // Intel
    case 1: return 0x18;
    default: return 0;  // block not locked
    }
}

// Enters a state. Leaving or entering read-array mode changes how the region is reached, so nobody
// may keep a translation to its host memory.
static void enter(Flash *f, State state) {
    bool was_array = f->state == READ_ARRAY, is_array = state == READ_ARRAY;
    f->state = state;
    if (was_array == is_array) return;
    f->region.host = is_array ? f->data : NULL;
    for (unsigned i = 0; i < f->machine->cpus; i++)
        if (f->machine->cpu[i]) tlb_flush_all(f->machine->cpu[i]);
}

static void changed(Flash *f, u64 offset, u64 n) {
    // The predecoded pages are found through a region in memory mode.
    u8 *host = f->region.host;
    f->region.host = f->data;
    opcache_written(f->machine, f->region.base + offset, n);
    f->region.host = host;
    if (f->fd < 0) return;
    if (pwrite(f->fd, f->data + offset, n, (off_t)offset) != (ssize_t)n)
        bus_warn(f->machine, "%s: cannot write to the image file: %s", f->region.name,
                 strerror(errno));
}

static void program(Flash *f, u64 offset, u32 value, unsigned size) {
    if (f->readonly) {
        f->status |= SR_PROGRAM_ERROR | SR_LOCKED;
        return;
    }
    for (unsigned i = 0; i < size; i++) f->data[offset + i] &= (u8)(value >> 8 * i);
    changed(f, offset, size);
}

static void erase(Flash *f, u64 offset) {
    if (f->readonly) {
        f->status |= SR_ERASE_ERROR | SR_LOCKED;
        return;
    }
    u64 start = align_down(offset, BLOCK);
    memset(f->data + start, 0xff, BLOCK);
    changed(f, start, BLOCK);
}

static bool read_reg(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    Flash *f = dev;
    (void)by;
    u64 word = offset >> 2;  // both chips are addressed by bus words
    u8 chip;
    switch (f->state) {
    case READ_ARRAY: memcpy(value, f->data + offset, size); return true;
    case READ_ID: chip = id_byte(word); break;
    case READ_QUERY: chip = query_byte(f, word); break;
    default: chip = f->status; break;
    }
    u64 bus = (u64)chip << 16 | chip;  // each chip answers on its half of the bus
    bus |= bus << 32;
    *value = bus >> 8 * (offset & 3);
    if (size < 8) *value &= ones(size * 8);
    return true;
}

static void command(Flash *f, u8 cmd) {
    switch (cmd) {
    case CMD_READ_ARRAY:
    case 0x00:  // not assigned; resets some chips
    case 0xf0:  // reset of the other command set: drivers probe with it
        enter(f, READ_ARRAY);
        break;
    case CMD_READ_STATUS: enter(f, READ_STATUS); break;
    case CMD_READ_ID: enter(f, READ_ID); break;
    case CMD_QUERY: enter(f, READ_QUERY); break;
    case CMD_CLEAR_STATUS: f->status = SR_READY; break;
    case CMD_PROGRAM:
    case CMD_PROGRAM_ALT: enter(f, WAIT_PROGRAM); break;
    case CMD_ERASE: enter(f, WAIT_ERASE); break;
    case CMD_LOCK: enter(f, WAIT_LOCK); break;
    case CMD_BUFFER: enter(f, WAIT_COUNT); break;
    default:
        bus_warn(f->machine, "%s: flash command 0x%02x is not modelled", f->region.name, cmd);
        enter(f, READ_ARRAY);
    }
}

// A sequence went wrong: both error bits, as the command set says for improper sequences.
static void sequence_error(Flash *f) {
    f->status |= SR_ERASE_ERROR | SR_PROGRAM_ERROR;
    enter(f, READ_STATUS);
}

static void buffer_confirm(Flash *f, u8 cmd) {
    if (cmd != CMD_CONFIRM) {
        sequence_error(f);
        return;
    }
    for (unsigned i = 0; i < f->buffered; i++)
        program(f, f->buffer[i].offset, f->buffer[i].value, f->buffer[i].size);
    enter(f, READ_STATUS);
}

static void write_bus(Flash *f, u64 offset, u32 value, unsigned size) {
    u8 cmd = (u8)value;
    switch (f->state) {
    case WAIT_PROGRAM:
        program(f, offset, value, size);
        enter(f, READ_STATUS);
        break;
    case WAIT_ERASE:
        if (cmd != CMD_CONFIRM) {
            sequence_error(f);
            break;
        }
        erase(f, offset);
        enter(f, READ_STATUS);
        break;
    case WAIT_LOCK:
        if (cmd == CMD_CONFIRM || cmd == CMD_LOCK_SET)
            enter(f, READ_STATUS);
        else if (cmd == CMD_READ_ARRAY)
            enter(f, READ_ARRAY);
        else
            sequence_error(f);
        break;
    case WAIT_COUNT:
        f->expected = (value & 0xffff) + 1;
        f->buffered = 0;
        if (f->expected > BUFFER_WORDS)
            sequence_error(f);
        else
            enter(f, WAIT_DATA);
        break;
    case WAIT_DATA:
        f->buffer[f->buffered++] = (BufferedWord){offset, value, size};
        if (f->buffered == f->expected) enter(f, WAIT_CONFIRM);
        break;
    case WAIT_CONFIRM: buffer_confirm(f, cmd); break;
    default: command(f, cmd); break;
    }
}

static bool write_reg(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    Flash *f = dev;
    (void)by;
    write_bus(f, offset, (u32)value, MIN(size, 4));
    if (size == 8) write_bus(f, offset + 4, (u32)(value >> 32), 4);
    return true;
}

static const RegionOps ops = {read_reg, write_reg};

static void *map_lazily(size_t n) {
    void *p =
        mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static size_t code_size(u64 size) {
    return (size >> 12) * sizeof(OpPage *);
}

Flash *flash_create(Machine *machine, const char *name, u64 base, u64 size, Error *err) {
    Flash *f = calloc(1, sizeof *f);
    CHECK(f);
    f->machine = machine;
    f->fd = -1;
    f->status = SR_READY;
    f->data = map_lazily(size);
    f->region = (Region){.name = name,
                         .base = base,
                         .size = size,
                         .ops = &ops,
                         .dev = f,
                         .host = f->data,
                         .readonly = true,
                         .code = map_lazily(code_size(size))};
    if (bus_add(machine, &f->region, err)) return f;
    flash_free(f);
    return NULL;
}

void flash_free(Flash *f) {
    if (!f) return;
    for (u64 i = 0; i < f->region.size >> 12; i++) free(f->region.code[i]);
    munmap(f->region.code, code_size(f->region.size));
    munmap(f->data, f->region.size);
    if (f->fd >= 0) close(f->fd);
    free(f);
}

void flash_reset(Flash *f) {
    f->status = SR_READY;
    enter(f, READ_ARRAY);
}

bool flash_attach(Flash *f, const char *path, bool readonly, Error *err) {
    int fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0) return error_set(err, "cannot open '%s': %s", path, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (u64)st.st_size != f->region.size) {
        close(fd);
        return error_set(err, "'%s': a pflash image must be a file of exactly %llu bytes", path,
                         (unsigned long long)f->region.size);
    }
    void *p = mmap(f->data, f->region.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    if (p == MAP_FAILED) {
        close(fd);
        return error_set(err, "cannot map '%s': %s", path, strerror(errno));
    }
    f->readonly = readonly;
    if (readonly)
        close(fd);
    else
        f->fd = fd;
    return true;
}

bool flash_fill(Flash *f, const void *data, size_t n, Error *err) {
    if (n > f->region.size)
        return error_set(err, "firmware of %zu bytes does not fit into the %llu bytes of flash", n,
                         (unsigned long long)f->region.size);
    memcpy(f->data, data, n);
    f->readonly = true;
    return true;
}
