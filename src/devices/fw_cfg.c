// QEMU's firmware configuration device, MMIO with DMA interface (QEMU documentation, "QEMU Firmware
// Configuration (fw_cfg) Device"): named blobs that firmware reads. All items are read-only.
// Left out: ACPI tables and SMBIOS (the board is described by its device tree).
#include "devices/fw_cfg.h"
#include "machine/machine.h"

#include <stdlib.h>

enum { REG_DATA = 0, REG_SELECTOR = 8, REG_DMA = 16, REGS_SIZE = 24 };
enum {
    SIGNATURE = 0x00,
    ID = 0x01,
    RAM_SIZE = 0x03,
    NOGRAPHIC = 0x04,
    NB_CPUS = 0x05,
    MAX_CPUS = 0x0f,
    FILE_DIR = 0x19,
    FILE_FIRST = 0x20,
    WRITE_CHANNEL = 0x4000
};
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };
enum { ITEMS = 0x80, NAME_SIZE = 56, DIR_ENTRY = 64 };

#define DMA_SIGNATURE 0x51454d5520434647ull  // "QEMU CFG"

typedef struct Item {
    u8 *data;
    size_t n;
} Item;

struct FwCfg {
    Machine *machine;
    Region region;
    Item items[ITEMS];
    unsigned files;
    char names[ITEMS - FILE_FIRST][NAME_SIZE];
    u16 selected;
    size_t offset;
    u64 dma_address;
};

// --- items ---------------------------------------------------------------------------------------

void fw_cfg_set(FwCfg *cfg, u16 key, const void *data, size_t n) {
    CHECK(key < ITEMS);
    Item *item = &cfg->items[key];
    u8 *copy = malloc(n ? n : 1);
    CHECK(copy);
    if (n) memcpy(copy, data, n);
    free(item->data);
    *item = (Item){copy, n};
}

void fw_cfg_set_u32(FwCfg *cfg, u16 key, u32 value) {
    fw_cfg_set(cfg, key, &value, sizeof value);
}

static void put_be32(u8 *p, u32 v) {
    v = __builtin_bswap32(v);
    memcpy(p, &v, 4);
}

static void put_be16(u8 *p, u16 v) {
    v = __builtin_bswap16(v);
    memcpy(p, &v, 2);
}

static void rebuild_directory(FwCfg *cfg) {
    size_t n = 4 + (size_t)cfg->files * DIR_ENTRY;
    u8 *dir = calloc(1, n);
    CHECK(dir);
    put_be32(dir, cfg->files);
    for (unsigned i = 0; i < cfg->files; i++) {
        u8 *entry = dir + 4 + (size_t)i * DIR_ENTRY;
        put_be32(entry, (u32)cfg->items[FILE_FIRST + i].n);
        put_be16(entry + 4, (u16)(FILE_FIRST + i));
        memcpy(entry + 8, cfg->names[i], NAME_SIZE);
    }
    fw_cfg_set(cfg, FILE_DIR, dir, n);
    free(dir);
}

bool fw_cfg_add_file(FwCfg *cfg, const char *name, const void *data, size_t n, Error *err) {
    if (strlen(name) >= NAME_SIZE) return error_set(err, "fw_cfg: name '%s' is too long", name);
    if (cfg->files == ITEMS - FILE_FIRST) return error_set(err, "fw_cfg: too many files");
    for (unsigned i = 0; i < cfg->files; i++)
        if (!strcmp(cfg->names[i], name))
            return error_set(err, "fw_cfg: file '%s' is given twice", name);
    strcpy(cfg->names[cfg->files], name);
    fw_cfg_set(cfg, (u16)(FILE_FIRST + cfg->files), data, n);
    cfg->files++;
    rebuild_directory(cfg);
    return true;
}

static const Item *selected(const FwCfg *cfg) {
    static const Item nothing = {NULL, 0};
    // The write channel bit selects the same item; unknown keys read as empty.
    u16 key = cfg->selected & (u16)~WRITE_CHANNEL;
    return key < ITEMS ? &cfg->items[key] : &nothing;
}

// The next n bytes of the selected item; zeros behind its end.
static void take(FwCfg *cfg, u8 *out, size_t n) {
    const Item *item = selected(cfg);
    size_t have = cfg->offset < item->n ? MIN(n, item->n - cfg->offset) : 0;
    if (have) memcpy(out, item->data + cfg->offset, have);
    memset(out + have, 0, n - have);
    cfg->offset += have;
}

// --- DMA -----------------------------------------------------------------------------------------

static bool dma_read(FwCfg *cfg, u64 address, u32 length) {
    u8 buf[4096];
    while (length) {
        u32 part = MIN(length, (u32)sizeof buf);
        take(cfg, buf, part);
        if (!bus_write_bytes(cfg->machine, address, buf, part)) return false;
        address += part;
        length -= part;
    }
    return true;
}

static void dma_run(FwCfg *cfg) {
    u64 at = cfg->dma_address;
    cfg->dma_address = 0;
    u32 head[2];
    u64 address;
    if (!bus_read_bytes(cfg->machine, at, head, 8) ||
        !bus_read_bytes(cfg->machine, at + 8, &address, 8)) {
        bus_warn(cfg->machine, "fw_cfg: DMA descriptor at 0x%llx is not in memory",
                 (unsigned long long)at);
        return;
    }
    u32 control = __builtin_bswap32(head[0]), length = __builtin_bswap32(head[1]);
    address = __builtin_bswap64(address);
    bool ok = true;
    if (control & DMA_SELECT) {
        cfg->selected = (u16)(control >> 16);
        cfg->offset = 0;
    }
    if (control & DMA_READ)
        ok = dma_read(cfg, address, length);
    else if (control & DMA_WRITE)
        ok = length == 0;  // every item is read-only
    else if (control & DMA_SKIP)
        cfg->offset += MIN(length, selected(cfg)->n);
    u32 status = ok ? 0 : __builtin_bswap32(DMA_ERROR);
    bus_write_bytes(cfg->machine, at, &status, 4);
}

// --- registers -----------------------------------------------------------------------------------

static bool read_reg(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    FwCfg *cfg = dev;
    (void)by;
    if (offset < REG_SELECTOR) {
        take(cfg, (u8 *)value, size);
    } else if (offset >= REG_DMA) {
        u64 be = __builtin_bswap64(DMA_SIGNATURE);
        *value = be >> 8 * (offset - REG_DMA);
        if (size < 8) *value &= ones(size * 8);
    } else {
        *value = 0;  // the selector is write-only
    }
    return true;
}

static bool write_dma(FwCfg *cfg, u64 offset, unsigned size, u64 value) {
    if (size == 8 && offset == REG_DMA) {
        cfg->dma_address = __builtin_bswap64(value);
        dma_run(cfg);
    } else if (size == 4 && offset == REG_DMA) {
        cfg->dma_address = (u64)__builtin_bswap32((u32)value) << 32;
    } else if (size == 4 && offset == REG_DMA + 4) {
        cfg->dma_address |= __builtin_bswap32((u32)value);
        dma_run(cfg);
    } else {
        return false;
    }
    return true;
}

static bool write_reg(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    FwCfg *cfg = dev;
    (void)by;
    if (offset >= REG_DMA) return write_dma(cfg, offset, size, value);
    if (offset == REG_SELECTOR && size == 2) {
        cfg->selected = __builtin_bswap16((u16)value);
        cfg->offset = 0;
        return true;
    }
    if (offset < REG_SELECTOR) {
        bus_warn(cfg->machine, "fw_cfg: write to the data register is not supported (read-only)");
        return true;
    }
    return false;
}

static const RegionOps ops = {read_reg, write_reg};

FwCfg *fw_cfg_create(Machine *machine, u64 base, Error *err) {
    FwCfg *cfg = calloc(1, sizeof *cfg);
    CHECK(cfg);
    cfg->machine = machine;
    cfg->region =
        (Region){.name = "fw-cfg", .base = base, .size = REGS_SIZE, .ops = &ops, .dev = cfg};
    if (!bus_add(machine, &cfg->region, err)) {
        free(cfg);
        return NULL;
    }
    u64 ram = machine->config.ram_size;
    u16 cpus = (u16)machine->cpus, one = 1;
    fw_cfg_set(cfg, SIGNATURE, "QEMU", 4);
    fw_cfg_set_u32(cfg, ID, 3);  // traditional interface and DMA
    fw_cfg_set(cfg, RAM_SIZE, &ram, sizeof ram);
    fw_cfg_set(cfg, NOGRAPHIC, &one, sizeof one);
    fw_cfg_set(cfg, NB_CPUS, &cpus, sizeof cpus);
    fw_cfg_set(cfg, MAX_CPUS, &cpus, sizeof cpus);
    rebuild_directory(cfg);
    return cfg;
}

void fw_cfg_free(FwCfg *cfg) {
    if (!cfg) return;
    for (unsigned i = 0; i < ITEMS; i++) free(cfg->items[i].data);
    free(cfg);
}

void fw_cfg_reset(FwCfg *cfg) {
    cfg->selected = 0;
    cfg->offset = 0;
    cfg->dma_address = 0;
}
