// Fuzz target: a hostile device tree as -dtb. The bytes are the tree itself, or changes to the machine's own
// tree, which get further. It must be refused with a line for the user, or adapted to a tree that is valid
// and says what the board has: memory, PSCI, /chosen with arguments, initrd and modules.
#include "machine/fdt.h"
#include "machine/virt.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Machine *machine;
static DeviceTree own;

_Noreturn static void broken(const char *what) {
    fprintf(stderr, "fuzz_dtb: %s\n", what);
    abort();
}

static void start(void) {
    MachineConfig config = {.cpu_model = "cortex-a72",
                            .cpus = 2,
                            .ram_size = 64 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .highmem = true};
    Error err = {0};
    machine = machine_create(&config, &err);
    if (!machine || !device_tree_build(machine, true, &own, &err)) broken(err.text);
    device_tree_pack(&own);
}

// The machine's own tree with bytes replaced: an offset of 3 bytes and a value, again and again.
static size_t changed_tree(const uint8_t *data, size_t size, uint8_t *out) {
    size_t n = fdt_totalsize(own.data);
    memcpy(out, own.data, n);
    for (; size >= 4; data += 4, size -= 4)
        out[((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % n] = data[3];
    return n;
}

// What every guest relies on.
static void check(const void *fdt) {
    if (fdt_check_full(fdt, fdt_totalsize(fdt))) broken("the adapted tree is not valid");
    int memory = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", 7), n;
    if (memory < 0) broken("no memory node");
    const fdt32_t *reg = fdt_getprop(fdt, memory, "reg", &n);
    int cells = fdt_address_cells(fdt, 0) + fdt_size_cells(fdt, 0);
    if (!reg || n != cells * 4) broken("reg of memory");
    if (fdt32_to_cpu(reg[cells - 1]) != machine->config.ram_size) broken("size of memory");
    int psci = fdt_path_offset(fdt, "/psci");
    const char *method = psci < 0 ? NULL : fdt_getprop(fdt, psci, "method", NULL);
    if (!method || strcmp(method, "smc")) broken("no PSCI over SMC");
    int chosen = fdt_path_offset(fdt, "/chosen");
    const char *args = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "bootargs", NULL);
    if (!args || strcmp(args, "console=ttyAMA0")) broken("bootargs");
    if (!fdt_getprop(fdt, chosen, "linux,initrd-end", NULL)) broken("no initrd");
    if (fdt_path_offset(fdt, "/chosen/module@0x49000000") < 0) broken("no module");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!machine) start();
    if (size < 1) return 0;
    size_t n = size - 1, room = MAX(n, (size_t)fdt_totalsize(own.data));
    uint8_t *bytes = malloc(room + 1);  // a copy of its own: reads past its end are seen
    if (!bytes) abort();
    if (data[0] & 1)
        n = changed_tree(data + 1, n, bytes);
    else
        memcpy(bytes, data + 1, n);
    Error err = {0};
    DeviceTree tree = {0};
    DeviceTreeBoot boot = {
        .bootargs = "console=ttyAMA0", .initrd_start = 0x44000000, .initrd_end = 0x44001000};
    bool good = device_tree_load(machine, bytes, n, &tree, &err) &&
                device_tree_set_boot(&tree, &boot, &err) &&
                device_tree_add_module(&tree, 0x49000000, 0x1000, true, "console=hvc0", &err);
    if (good) {
        device_tree_pack(&tree);
        check(tree.data);
    } else if (!err.text[0]) {
        broken("refused without a line for the user");
    }
    device_tree_free(&tree);
    free(bytes);
    return 0;
}
