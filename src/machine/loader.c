// Memory layout at start, as QEMU's arm boot code chooses it, so that addresses in scripts and
// images fit: kernel at its offset in RAM, initrd at half of RAM (at most 128 MB) or behind the
// kernel, device tree behind the initrd on a 2 MB boundary; at the start of RAM for firmware, ELF
// files that leave room there, and machines started by -device loader alone.
#include "machine/loader.h"

#include "devices/fw_cfg.h"
#include "machine/fdt.h"
#include "machine/image.h"
#include "machine/virt.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BLOBS_MAX = 256,
    IMAGES_MAX = LOADERS_MAX + MODULES_MAX + 4,
    DTB_ALIGN = 2 << 20,
    INITRD_OFFSET = 128 << 20
};

typedef struct Blob {
    char name[80];
    u64 address;
    const u8 *data;
    u64 n, size;
} Blob;

struct Boot {
    Blob blobs[BLOBS_MAX];
    unsigned blob_count;
    Image images[IMAGES_MAX];  // own what blobs point to
    unsigned image_count;
    u8 values[LOADERS_MAX][8];
    DeviceTree tree;
    size_t tree_size;
    u64 tree_address;
    bool has_pc[512];
    u64 pc[512];
    u64 x0;
    bool started;
};

static u64 ram_end(const Machine *m) {
    return VIRT_RAM_BASE + m->config.ram_size;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool add_blob(Machine *m, Boot *b, const char *name, const Segment *s, Error *err) {
    if (s->address < VIRT_RAM_BASE || s->address > ram_end(m) || s->size > ram_end(m) - s->address)
        return error_set(err,
                         "%s (0x%llx bytes at 0x%llx) does not fit in RAM (0x%llx-0x%llx); see -m",
                         name, (unsigned long long)s->size, (unsigned long long)s->address,
                         (unsigned long long)VIRT_RAM_BASE, (unsigned long long)ram_end(m) - 1);
    for (unsigned i = 0; i < b->blob_count; i++) {
        const Blob *o = &b->blobs[i];
        if (s->address < o->address + o->size && o->address < s->address + s->size)
            return error_set(err, "%s (0x%llx-0x%llx) overlaps %s (0x%llx-0x%llx)", name,
                             (unsigned long long)s->address,
                             (unsigned long long)(s->address + s->size - 1), o->name,
                             (unsigned long long)o->address,
                             (unsigned long long)(o->address + o->size - 1));
    }
    if (b->blob_count == BLOBS_MAX) return error_set(err, "too many pieces to load");
    Blob *blob = &b->blobs[b->blob_count++];
    *blob = (Blob){.address = s->address, .data = s->data, .n = s->n, .size = s->size};
    snprintf(blob->name, sizeof blob->name, "%s", name);
    return true;
}

static bool add_image(Machine *m, Boot *b, const char *what, const char *path, const Image *image,
                      Error *err) {
    char name[80];
    for (unsigned i = 0; i < image->count; i++) {
        if (image->count > 1)
            snprintf(name, sizeof name, "%s '%.40s' part %u", what, base_name(path), i);
        else
            snprintf(name, sizeof name, "%s '%.40s'", what, base_name(path));
        if (!add_blob(m, b, name, &image->segments[i], err)) return false;
    }
    return true;
}

// --- the parts -----------------------------------------------------------------------------------

static bool add_value(Machine *m, Boot *b, const LoaderDevice *l, unsigned index, Error *err) {
    if (!l->has_addr) return error_set(err, "-device loader: data= needs addr=");
    u8 *value = b->values[index];
    for (unsigned i = 0; i < l->data_len; i++) {
        unsigned shift = 8 * (l->data_be ? l->data_len - 1 - i : i);
        value[i] = (u8)(l->data >> shift);
    }
    Segment s = {l->addr, value, l->data_len, l->data_len};
    return add_blob(m, b, "-device loader data", &s, err);
}

static bool add_loader(Machine *m, Boot *b, const LoaderDevice *l, unsigned index, Error *err) {
    u64 pc = l->addr;
    if (l->cpu_num >= (int)m->cpus)
        return error_set(err, "-device loader: cpu-num=%d, but the machine has %u CPUs", l->cpu_num,
                         m->cpus);
    if (l->data_len) {
        if (!add_value(m, b, l, index, err)) return false;
    } else if (l->file) {
        Image *image = &b->images[b->image_count];
        if (!image_open_plain(l->file, l->addr, l->force_raw, m->config.ram_size, image, err))
            return error_prefix(err, "-device loader");
        b->image_count++;
        if (image->kind != IMAGE_ELF && !l->has_addr)
            return error_set(err,
                             "-device loader: '%s' is not an ELF file and needs addr=", l->file);
        if (!add_image(m, b, "loader file", l->file, image, err)) return false;
        pc = image->entry;
    } else if (!l->has_addr || l->cpu_num < 0) {
        return error_set(err, "-device loader needs file=, data= or addr= with cpu-num=");
    }
    if (l->cpu_num < 0) return true;
    b->has_pc[l->cpu_num] = true;
    b->pc[l->cpu_num] = pc;
    return true;
}

static bool add_module(Machine *m, Boot *b, const GuestModule *g, Error *err) {
    const char *path = g->kernel ? g->kernel : g->initrd;
    Image *image = &b->images[b->image_count];
    if (!image_open_plain(path, g->addr, true, m->config.ram_size, image, err))
        return error_prefix(err, "-device guest-loader");
    b->image_count++;
    return add_image(m, b, "guest-loader file", path, image, err) &&
           device_tree_add_module(&b->tree, g->addr, image->file.n, g->kernel != NULL, g->bootargs,
                                  err);
}

static bool add_initrd(Machine *m, Boot *b, const char *path, u64 kernel_end, DeviceTreeBoot *info,
                       Error *err) {
    Image *image = &b->images[b->image_count];
    u64 at = align_up(
        MAX(VIRT_RAM_BASE + MIN(m->config.ram_size / 2, (u64)INITRD_OFFSET), kernel_end), 4096);
    info->initrd_start = info->initrd_end = at;
    if (!path) return true;
    if (!image_open_plain(path, at, true, m->config.ram_size, image, err))
        return error_prefix(err, "-initrd");
    b->image_count++;
    info->initrd_end = at + image->file.n;
    return add_image(m, b, "initrd", path, image, err);
}

static bool make_tree(Machine *m, Boot *b, const BootOptions *o, Error *err) {
    if (!o->dtb) return device_tree_build(m, !o->no_seeds, &b->tree, err);
    HostFile file;
    if (!host_file_read(o->dtb, 64 << 20, &file, err)) return error_prefix(err, "-dtb");
    bool ok = device_tree_load(m, file.data, file.n, &b->tree, err);
    host_file_free(&file);
    return ok || error_prefix(err, "-dtb '%s'", o->dtb);
}

static bool is_free(const Boot *b, u64 address, u64 n) {
    for (unsigned i = 0; i < b->blob_count; i++) {
        const Blob *o = &b->blobs[i];
        if (address < o->address + o->size && o->address < address + n) return false;
    }
    return true;
}

// Packs the tree and puts it at `at`, or behind everything else when that place is taken.
static bool place_tree(Machine *m, Boot *b, u64 at, Error *err) {
    b->tree_size = device_tree_pack(&b->tree);
    if (!is_free(b, at, b->tree_size)) {
        for (unsigned i = 0; i < b->blob_count; i++)
            at = MAX(at, b->blobs[i].address + b->blobs[i].size);
        at = align_up(at, DTB_ALIGN);
    }
    b->tree_address = at;
    Segment s = {at, b->tree.data, b->tree_size, b->tree_size};
    return add_blob(m, b, "device tree", &s, err);
}

// --- firmware: gets kernel, initrd and command line through fw_cfg -------------------------------

static bool offer_file(Machine *m, const char *path, u16 size_key, u16 data_key, Error *err) {
    if (!path) return true;
    HostFile file;
    if (!host_file_read(path, m->config.ram_size, &file, err)) return false;
    FwCfg *cfg = board_fw_cfg(m);
    fw_cfg_set_u32(cfg, size_key, (u32)file.n);
    fw_cfg_set(cfg, data_key, file.data, file.n);
    host_file_free(&file);
    return true;
}

static bool prepare_firmware(Machine *m, const BootOptions *o, Error *err) {
    HostFile file;
    if (o->bios) {
        if (!host_file_read(o->bios, VIRT_FLASH_SIZE, &file, err) ||
            !board_set_firmware(m, file.data, file.n, err))
            return error_prefix(err, "-bios");
        host_file_free(&file);
    }
    if (o->append) {
        FwCfg *cfg = board_fw_cfg(m);
        fw_cfg_set_u32(cfg, FW_CFG_CMDLINE_SIZE, (u32)strlen(o->append) + 1);
        fw_cfg_set(cfg, FW_CFG_CMDLINE_DATA, o->append, strlen(o->append) + 1);
    }
    return offer_file(m, o->kernel, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, err) &&
           offer_file(m, o->initrd, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, err);
}

// --- all of it -----------------------------------------------------------------------------------

// Loads the kernel; *end = behind its highest byte, *low = its lowest.
static bool prepare_kernel(Machine *m, Boot *b, const char *path, u64 *low, u64 *end, bool *is_elf,
                           Error *err) {
    Image *image = &b->images[b->image_count];
    if (!image_open_kernel(path, VIRT_RAM_BASE, m->config.ram_size, image, err))
        return error_prefix(err, "-kernel");
    b->image_count++;
    if (!add_image(m, b, "kernel", path, image, err)) return false;
    for (unsigned i = 0; i < image->count; i++) {
        const Segment *s = &image->segments[i];
        *low = MIN(*low, s->address);
        *end = MAX(*end, s->address + s->size);
    }
    *is_elf = image->kind == IMAGE_ELF;
    if (!b->has_pc[0]) {
        b->has_pc[0] = true;
        b->pc[0] = image->entry;
        b->x0 = 1;  // the tree's address, when it is known
    }
    return true;
}

static bool prepare(Machine *m, Boot *b, const BootOptions *o, Error *err) {
    bool firmware = o->bios || o->has_pflash0, elf = false;
    u64 low = ~0ull, end = 0;
    if (!make_tree(m, b, o, err)) return false;
    for (unsigned i = 0; i < o->loader_count; i++)
        if (!add_loader(m, b, &o->loaders[i], i, err)) return false;
    for (unsigned i = 0; i < o->module_count; i++)
        if (!add_module(m, b, &o->modules[i], err)) return false;
    DeviceTreeBoot info = {.bootargs = o->append};
    if (firmware) {
        if (!prepare_firmware(m, o, err)) return false;
    } else if (o->kernel) {
        if (!prepare_kernel(m, b, o->kernel, &low, &end, &elf, err) ||
            !add_initrd(m, b, o->initrd, end, &info, err))
            return false;
    }
    if (!b->has_pc[0] && !firmware && !o->tree_only)
        return error_set(err,
                         "nothing to run: give -kernel, -bios or -device loader with cpu-num=0");
    if (!device_tree_set_boot(&b->tree, &info, err)) return false;
    // Only an ELF file can leave the start of RAM to the tree; place_tree() moves on if it does
    // not.
    u64 tree_at = VIRT_RAM_BASE;
    if (!firmware && o->kernel && !(elf && low > VIRT_RAM_BASE && end > VIRT_RAM_BASE))
        tree_at = align_up(info.initrd_end, DTB_ALIGN);
    if (!place_tree(m, b, tree_at, err)) return false;
    if (b->x0) b->x0 = b->tree_address;
    return true;
}

Boot *boot_prepare(Machine *machine, const BootOptions *options, Error *err) {
    Boot *b = calloc(1, sizeof *b);
    CHECK(b);
    if (prepare(machine, b, options, err)) return b;
    boot_free(b);
    return NULL;
}

void boot_free(Boot *b) {
    if (!b) return;
    for (unsigned i = 0; i < b->image_count; i++) image_free(&b->images[i]);
    device_tree_free(&b->tree);
    free(b);
}

static void write_zeros(Machine *m, u64 address, u64 n) {
    static const u8 zeros[4096];
    while (n) {
        u64 part = MIN(n, sizeof zeros);
        bus_write_bytes(m, address, zeros, part);
        address += part;
        n -= part;
    }
}

void boot_start(Machine *m, Boot *b) {
    for (unsigned i = 0; i < b->blob_count; i++) {
        const Blob *blob = &b->blobs[i];
        CHECK(bus_write_bytes(m, blob->address, blob->data, blob->n));
        // Fresh RAM is zero; touching it would only cost time.
        if (b->started) write_zeros(m, blob->address + blob->n, blob->size - blob->n);
    }
    b->started = true;
    for (unsigned i = 1; i < m->cpus; i++)
        if (b->has_pc[i]) m->cpu[i]->pc = b->pc[i];
    machine_cpu_on(m, m->cpu[0], b->has_pc[0] ? b->pc[0] : 0, b->x0);
}

const void *boot_device_tree(const Boot *b, size_t *n) {
    *n = b->tree_size;
    return b->tree.data;
}

u64 boot_device_tree_address(const Boot *b) {
    return b->tree_address;
}
