// The device tree of the `virt` board (Devicetree Specification; bindings of the Linux
// documentation). Nodes and properties are those that QEMU's board has, for what exists here: no
// PCIe, no SMMU, no platform bus. A tree given by the user is checked and completed.
#include "machine/fdt.h"

#include "gic/gic.h"
#include "machine/virt.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BUILD_SIZE = 1 << 20,
    EXTRA = 64 * 1024,
    SLACK = 16 * 1024,
    PHANDLE_CLOCK = 0x8000,
    PHANDLE_GIC = 0x8001,
    PHANDLE_MSI = 0x8002,
    PHANDLE_GPIO = 0x8003,
    PHANDLE_CPU0 = 0x8100,
    GIC_SPI = 0,
    GIC_PPI = 1,
    EDGE_RISING = 1,
    LEVEL_HIGH = 4,
    KEY_POWER = 116,
};

// --- writing: the first error sticks -------------------------------------------------------------

typedef struct Writer {
    void *fdt;
    int error;
    const Machine *machine;
} Writer;

static void note(Writer *w, int result) {
    if (!w->error && result < 0) w->error = result;
}

static void begin(Writer *w, const char *name) {
    note(w, fdt_begin_node(w->fdt, name));
}
static void begin_at(Writer *w, const char *name, u64 address) {
    char full[48];
    snprintf(full, sizeof full, "%s@%llx", name, (unsigned long long)address);
    begin(w, full);
}
static void end(Writer *w) {
    note(w, fdt_end_node(w->fdt));
}

static void prop(Writer *w, const char *name, const void *data, size_t n) {
    note(w, fdt_property(w->fdt, name, data, (int)n));
}
static void flag(Writer *w, const char *name) {
    prop(w, name, NULL, 0);
}
static void string(Writer *w, const char *name, const char *value) {
    prop(w, name, value, strlen(value) + 1);
}
// Several strings: separated and ended by \0 in `list`, n = sizeof list - 1 when a literal.
#define STRINGS(w, name, list) prop(w, name, list, sizeof(list))

static void cells(Writer *w, const char *name, const u32 *values, unsigned n) {
    fdt32_t be[64];
    CHECK(n <= ARRAY_LEN(be));
    for (unsigned i = 0; i < n; i++) be[i] = cpu_to_fdt32(values[i]);
    prop(w, name, be, n * sizeof *be);
}
#define CELLS(w, name, ...) \
    cells(w, name, (const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / sizeof(u32))
#define CELL64(v) (u32)((u64)(v) >> 32), (u32)(v)

static void reg(Writer *w, u64 base, u64 size) {
    CELLS(w, "reg", CELL64(base), CELL64(size));
}

// --- nodes ---------------------------------------------------------------------------------------

static void write_psci(Writer *w) {
    begin(w, "psci");
    CELLS(w, "migrate", 0xc4000005);
    CELLS(w, "cpu_on", 0xc4000003);
    CELLS(w, "cpu_off", 0x84000002);
    CELLS(w, "cpu_suspend", 0xc4000001);
    string(w, "method", w->machine->config.el2 ? "smc" : "hvc");
    STRINGS(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
    end(w);
}

static void write_memory(Writer *w) {
    begin_at(w, "memory", VIRT_RAM_BASE);
    reg(w, VIRT_RAM_BASE, w->machine->config.ram_size);
    string(w, "device_type", "memory");
    end(w);
}

static void write_fw_cfg(Writer *w) {
    begin_at(w, "fw-cfg", VIRT_FW_CFG_BASE);
    flag(w, "dma-coherent");
    reg(w, VIRT_FW_CFG_BASE, 0x18);
    string(w, "compatible", "qemu,fw-cfg-mmio");
    end(w);
}

static void write_virtio(Writer *w) {
    for (unsigned i = 0; i < VIRT_VIRTIO_COUNT; i++) {
        u64 base = VIRT_VIRTIO_BASE + i * VIRT_VIRTIO_SIZE;
        begin_at(w, "virtio_mmio", base);
        flag(w, "dma-coherent");
        CELLS(w, "interrupts", GIC_SPI, VIRT_SPI_VIRTIO + i, EDGE_RISING);
        reg(w, base, VIRT_VIRTIO_SIZE);
        string(w, "compatible", "virtio,mmio");
        end(w);
    }
}

static void write_primecell(Writer *w, const char *name, u64 base, unsigned spi) {
    begin_at(w, name, base);
    CELLS(w, "interrupts", GIC_SPI, spi, LEVEL_HIGH);
    reg(w, base, 0x1000);
}

static void write_gpio(Writer *w) {
    begin(w, "gpio-keys");
    string(w, "compatible", "gpio-keys");
    begin(w, "poweroff");
    CELLS(w, "gpios", PHANDLE_GPIO, 3, 0);
    CELLS(w, "linux,code", KEY_POWER);
    string(w, "label", "GPIO Key Poweroff");
    end(w);
    end(w);
    write_primecell(w, "pl061", VIRT_GPIO_BASE, VIRT_SPI_GPIO);
    CELLS(w, "phandle", PHANDLE_GPIO);
    string(w, "clock-names", "apb_pclk");
    CELLS(w, "clocks", PHANDLE_CLOCK);
    flag(w, "gpio-controller");
    CELLS(w, "#gpio-cells", 2);
    STRINGS(w, "compatible", "arm,pl061\0arm,primecell");
    end(w);
}

static void write_rtc(Writer *w) {
    write_primecell(w, "pl031", VIRT_RTC_BASE, VIRT_SPI_RTC);
    string(w, "clock-names", "apb_pclk");
    CELLS(w, "clocks", PHANDLE_CLOCK);
    STRINGS(w, "compatible", "arm,pl031\0arm,primecell");
    end(w);
}

static void write_uart(Writer *w) {
    write_primecell(w, "pl011", VIRT_UART_BASE, VIRT_SPI_UART);
    STRINGS(w, "clock-names", "uartclk\0apb_pclk");
    CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    STRINGS(w, "compatible", "arm,pl011\0arm,primecell");
    end(w);
}

// Third cell of a PPI: GICv2 also names the CPUs it goes to.
static u32 ppi_flags(const Machine *m) {
    u32 cpu_mask = m->config.gic_version == 2 ? (u32)ones(m->cpus) & 0xff : 0;
    return cpu_mask << 8 | LEVEL_HIGH;
}

static void write_pmu(Writer *w) {
    if (!cpu_has(w->machine->cpu[0], FEAT_PMUv3)) return;
    begin(w, "pmu");
    CELLS(w, "interrupts", GIC_PPI, PPI_PMU - 16, ppi_flags(w->machine));
    string(w, "compatible", "arm,armv8-pmuv3");
    end(w);
}

static void write_gic_regs(Writer *w) {
    const MachineConfig *c = &w->machine->config;
    if (c->gic_version == 3) {
        CELLS(w, "reg", 0, VIRT_GICD_BASE, 0, 0x10000, 0, VIRT_GICR_BASE, 0, VIRT_GICR_SIZE);
        CELLS(w, "#redistributor-regions", 1);
        string(w, "compatible", "arm,gic-v3");
    } else if (c->el2) {
        CELLS(w, "reg", 0, VIRT_GICD_BASE, 0, 0x10000, 0, VIRT_GICC_BASE, 0, 0x10000, 0,
              VIRT_GICH_BASE, 0, 0x10000, 0, VIRT_GICV_BASE, 0, 0x10000);
        string(w, "compatible", "arm,cortex-a15-gic");
    } else {
        CELLS(w, "reg", 0, VIRT_GICD_BASE, 0, 0x10000, 0, VIRT_GICC_BASE, 0, 0x10000);
        string(w, "compatible", "arm,cortex-a15-gic");
    }
}

static void write_msi_frame(Writer *w) {
    const MachineConfig *c = &w->machine->config;
    if (c->gic_version == 2) {
        begin_at(w, "v2m", VIRT_GICV2M_BASE);
        reg(w, VIRT_GICV2M_BASE, 0x1000);
        string(w, "compatible", "arm,gic-v2m-frame");
    } else if (c->its) {
        begin_at(w, "its", VIRT_ITS_BASE);
        reg(w, VIRT_ITS_BASE, 0x20000);
        CELLS(w, "#msi-cells", 1);
        string(w, "compatible", "arm,gic-v3-its");
    } else {
        return;
    }
    CELLS(w, "phandle", PHANDLE_MSI);
    flag(w, "msi-controller");
    end(w);
}

static void write_gic(Writer *w) {
    begin_at(w, "intc", VIRT_GICD_BASE);
    CELLS(w, "phandle", PHANDLE_GIC);
    if (w->machine->config.el2) CELLS(w, "interrupts", GIC_PPI, PPI_MAINTENANCE - 16, LEVEL_HIGH);
    write_gic_regs(w);
    flag(w, "ranges");
    CELLS(w, "#size-cells", 2);
    CELLS(w, "#address-cells", 2);
    flag(w, "interrupt-controller");
    CELLS(w, "#interrupt-cells", 3);
    write_msi_frame(w);
    end(w);
}

static void write_flash(Writer *w) {
    begin_at(w, "flash", VIRT_FLASH_BASE);
    CELLS(w, "bank-width", 4);
    CELLS(w, "reg", 0, VIRT_FLASH_BASE, 0, VIRT_FLASH_SIZE, 0, VIRT_FLASH_SIZE, 0, VIRT_FLASH_SIZE);
    string(w, "compatible", "cfi-flash");
    end(w);
}

static u64 affinity(const Cpu *cpu) {
    return cpu->mpidr & 0xff00ffffffull;
}

static void write_cpu(Writer *w, const Cpu *cpu, bool wide) {
    char compatible[64];
    const char *model = w->machine->config.cpu_model;
    size_t name = strcspn(model, ",");
    if (!strncmp(model, "max", name))
        snprintf(compatible, sizeof compatible, "arm,armv8");
    else
        snprintf(compatible, sizeof compatible, "arm,%.*s", (int)MIN(name, 40), model);
    begin_at(w, "cpu", affinity(cpu));
    CELLS(w, "phandle", PHANDLE_CPU0 + cpu->index);
    if (wide)
        CELLS(w, "reg", CELL64(affinity(cpu)));
    else
        CELLS(w, "reg", (u32)affinity(cpu));
    string(w, "enable-method", "psci");
    string(w, "compatible", compatible);
    string(w, "device_type", "cpu");
    end(w);
}

static void write_cpus(Writer *w) {
    const Machine *m = w->machine;
    bool wide = affinity(m->cpu[m->cpus - 1]) >> 32 != 0;
    begin(w, "cpus");
    CELLS(w, "#size-cells", 0);
    CELLS(w, "#address-cells", wide ? 2 : 1);
    begin(w, "cpu-map");
    begin(w, "socket0");
    begin(w, "cluster0");
    for (unsigned i = 0; i < m->cpus; i++) {
        char name[16];
        snprintf(name, sizeof name, "core%u", i);
        begin(w, name);
        CELLS(w, "cpu", PHANDLE_CPU0 + i);
        end(w);
    }
    end(w);
    end(w);
    end(w);
    for (unsigned i = 0; i < m->cpus; i++) write_cpu(w, m->cpu[i], wide);
    end(w);
}

// The binding's order: secure physical (absent here, but its PPI is reserved), physical, virtual,
// EL2 physical, EL2 virtual.
static void write_timer(Writer *w) {
    u32 f = ppi_flags(w->machine);
    const u32 all[] = {GIC_PPI,
                       13,
                       f,
                       GIC_PPI,
                       PPI_PTIMER - 16,
                       f,
                       GIC_PPI,
                       PPI_VTIMER - 16,
                       f,
                       GIC_PPI,
                       PPI_HPTIMER - 16,
                       f,
                       GIC_PPI,
                       PPI_HVTIMER - 16,
                       f};
    bool vhe = w->machine->config.el2 && cpu_has(w->machine->cpu[0], FEAT_VHE);
    begin(w, "timer");
    cells(w, "interrupts", all, vhe ? 15 : 12);
    flag(w, "always-on");
    STRINGS(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
    end(w);
}

static void write_clock(Writer *w) {
    begin(w, "apb-pclk");
    CELLS(w, "phandle", PHANDLE_CLOCK);
    string(w, "clock-output-names", "clk24mhz");
    CELLS(w, "clock-frequency", 24000000);
    CELLS(w, "#clock-cells", 0);
    string(w, "compatible", "fixed-clock");
    end(w);
}

static void write_chosen(Writer *w, bool seeds) {
    begin(w, "chosen");
    string(w, "stdout-path", "/pl011@9000000");
    if (seeds) {
        u64 state = w->machine->config.seed, words[5];
        for (unsigned i = 0; i < ARRAY_LEN(words); i++) words[i] = splitmix64(&state);
        prop(w, "rng-seed", words, 32);
        prop(w, "kaslr-seed", &words[4], 8);
    }
    end(w);
}

static void write_tree(Writer *w, bool seeds) {
    begin(w, "");
    CELLS(w, "interrupt-parent", PHANDLE_GIC);
    string(w, "model", "linux,dummy-virt");
    CELLS(w, "#size-cells", 2);
    CELLS(w, "#address-cells", 2);
    string(w, "compatible", "linux,dummy-virt");
    write_psci(w);
    write_memory(w);
    write_fw_cfg(w);
    write_virtio(w);
    write_gpio(w);
    write_rtc(w);
    write_uart(w);
    write_pmu(w);
    write_gic(w);
    write_flash(w);
    write_cpus(w);
    write_timer(w);
    write_clock(w);
    write_chosen(w, seeds);
    end(w);
}

static bool fdt_failed(Error *err, const char *what, int error) {
    return error_set(err, "device tree: %s: %s", what, fdt_strerror(error));
}

bool device_tree_build(Machine *machine, bool seeds, DeviceTree *out, Error *err) {
    Writer w = {.fdt = malloc(BUILD_SIZE), .machine = machine};
    CHECK(w.fdt);
    note(&w, fdt_create(w.fdt, BUILD_SIZE));
    note(&w, fdt_finish_reservemap(w.fdt));
    write_tree(&w, seeds);
    note(&w, fdt_finish(w.fdt));
    note(&w, fdt_open_into(w.fdt, w.fdt, BUILD_SIZE));
    *out = (DeviceTree){w.fdt, BUILD_SIZE};
    if (!w.error) return true;
    device_tree_free(out);
    return fdt_failed(err, "cannot build it", w.error);
}

// --- changing a finished tree --------------------------------------------------------------------

// The node at path, created when absent.
static int node_at(void *fdt, const char *path, const char *name) {
    int node = fdt_path_offset(fdt, path);
    return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, 0, name) : node;
}

// Replaces all memory nodes by one for the machine's RAM.
static int set_memory(void *fdt, u64 base, u64 size) {
    int node;
    while ((node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", 7)) >= 0) {
        int r = fdt_del_node(fdt, node);
        if (r < 0) return r;
    }
    char name[32];
    snprintf(name, sizeof name, "memory@%llx", (unsigned long long)base);
    node = fdt_add_subnode(fdt, 0, name);
    if (node < 0) return node;
    int r = fdt_setprop_string(fdt, node, "device_type", "memory");
    return r < 0 ? r : fdt_appendprop_addrrange(fdt, 0, node, "reg", base, size);
}

static int set_psci(void *fdt, bool smc) {
    int node = node_at(fdt, "/psci", "psci");
    if (node < 0) return node;
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
    int r = fdt_setprop(fdt, node, "compatible", compatible, sizeof compatible);
    if (r >= 0) r = fdt_setprop_string(fdt, node, "method", smc ? "smc" : "hvc");
    if (r >= 0) r = fdt_setprop_u32(fdt, node, "cpu_suspend", 0xc4000001);
    if (r >= 0) r = fdt_setprop_u32(fdt, node, "cpu_off", 0x84000002);
    if (r >= 0) r = fdt_setprop_u32(fdt, node, "cpu_on", 0xc4000003);
    if (r >= 0) r = fdt_setprop_u32(fdt, node, "migrate", 0xc4000005);
    return r;
}

bool device_tree_load(Machine *machine, const void *data, size_t n, DeviceTree *out, Error *err) {
    int r = n < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_header(data);
    if (r == 0 && fdt_totalsize(data) > n) r = -FDT_ERR_TRUNCATED;
    // Before version 16 nodes have other names, and libfdt 1.6's fdt_check_full() crashes on them.
    if (r == 0 && fdt_version(data) < 16) r = -FDT_ERR_BADVERSION;
    if (r == 0) r = fdt_check_full(data, n);
    if (r < 0) return error_set(err, "not a valid device tree: %s", fdt_strerror(r));
    size_t capacity = fdt_totalsize(data) + EXTRA;
    *out = (DeviceTree){malloc(capacity), capacity};
    CHECK(out->data);
    r = fdt_open_into(data, out->data, (int)capacity);
    if (r == 0 && fdt_address_cells(out->data, 0) < 1) r = -FDT_ERR_BADNCELLS;
    if (r == 0 && fdt_size_cells(out->data, 0) < 1) r = -FDT_ERR_BADNCELLS;
    if (r == 0) r = set_memory(out->data, VIRT_RAM_BASE, machine->config.ram_size);
    if (r == 0) r = set_psci(out->data, machine->config.el2);
    if (r >= 0) return true;
    device_tree_free(out);
    return fdt_failed(err, "cannot adapt the given tree", r);
}

// An address as /chosen gives it: one cell when it fits, as boot loaders write it.
static int set_address(void *fdt, int node, const char *name, u64 v) {
    return v >> 32 ? fdt_setprop_u64(fdt, node, name, v) : fdt_setprop_u32(fdt, node, name, (u32)v);
}

bool device_tree_set_boot(DeviceTree *tree, const DeviceTreeBoot *boot, Error *err) {
    void *fdt = tree->data;
    int node = node_at(fdt, "/chosen", "chosen");
    int r = node < 0 ? node : 0;
    if (r == 0 && boot->bootargs) r = fdt_setprop_string(fdt, node, "bootargs", boot->bootargs);
    if (r == 0 && boot->initrd_end != boot->initrd_start) {
        r = set_address(fdt, node, "linux,initrd-start", boot->initrd_start);
        if (r == 0) r = set_address(fdt, node, "linux,initrd-end", boot->initrd_end);
    }
    return r == 0 || fdt_failed(err, "/chosen", r);
}

bool device_tree_add_module(DeviceTree *tree, u64 addr, u64 size, bool kernel, const char *bootargs,
                            Error *err) {
    static const char kernel_compatible[] = "multiboot,module\0multiboot,kernel";
    static const char ramdisk_compatible[] = "multiboot,module\0multiboot,ramdisk";
    void *fdt = tree->data;
    int chosen = node_at(fdt, "/chosen", "chosen");
    char name[48];
    snprintf(name, sizeof name, "module@0x%08llx", (unsigned long long)addr);
    int node = chosen < 0 ? chosen : fdt_add_subnode(fdt, chosen, name);
    int r = node < 0 ? node : 0;
    fdt64_t reg[2] = {cpu_to_fdt64(addr), cpu_to_fdt64(size)};
    if (r == 0) r = fdt_setprop(fdt, node, "reg", reg, sizeof reg);
    if (r == 0)
        r = kernel
                ? fdt_setprop(fdt, node, "compatible", kernel_compatible, sizeof kernel_compatible)
                : fdt_setprop(fdt, node, "compatible", ramdisk_compatible,
                              sizeof ramdisk_compatible);
    if (r == 0 && bootargs) r = fdt_setprop_string(fdt, node, "bootargs", bootargs);
    return r == 0 || fdt_failed(err, name, r);
}

size_t device_tree_pack(DeviceTree *tree) {
    CHECK(fdt_pack(tree->data) == 0);
    size_t n = MIN(align_up(fdt_totalsize(tree->data) + SLACK, 4096), tree->capacity);
    memset((u8 *)tree->data + fdt_totalsize(tree->data), 0, n - fdt_totalsize(tree->data));
    CHECK(fdt_open_into(tree->data, tree->data, (int)n) == 0);
    return n;
}

void device_tree_free(DeviceTree *tree) {
    free(tree->data);
    *tree = (DeviceTree){0};
}
