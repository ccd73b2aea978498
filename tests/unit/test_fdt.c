// The device tree: what a guest's drivers look for, in every configuration, and bad trees.
#include "machine/fdt.h"
#include "machine/virt.h"

#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static Machine *create(int gic, bool el2, bool its, unsigned cpus, const char *model) {
    MachineConfig c = {.cpu_model = model,
                       .cpus = cpus,
                       .ram_size = 5ull << 30,
                       .gic_version = gic,
                       .el2 = el2,
                       .its = its,
                       .highmem = true,
                       .seed = 7};
    Error err = {""};
    Machine *m = machine_create(&c, &err);
    if (!m) print_message("%s\n", err.text);
    assert_non_null(m);
    return m;
}

static DeviceTree build(Machine *m) {
    DeviceTree t;
    Error err;
    assert_true(device_tree_build(m, true, &t, &err));
    assert_int_equal(fdt_check_full(t.data, t.capacity), 0);
    return t;
}

static int node(const DeviceTree *t, const char *path) {
    int n = fdt_path_offset(t->data, path);
    if (n < 0) print_message("no node %s\n", path);
    assert_true(n >= 0);
    return n;
}

static const void *prop(const DeviceTree *t, const char *path, const char *name, int *n) {
    const void *p = fdt_getprop(t->data, node(t, path), name, n);
    if (!p) print_message("no property %s/%s\n", path, name);
    assert_non_null(p);
    return p;
}

static u32 cell(const DeviceTree *t, const char *path, const char *name, unsigned i) {
    int n;
    const fdt32_t *p = prop(t, path, name, &n);
    assert_true((unsigned)n >= (i + 1) * 4);
    return fdt32_to_cpu(p[i]);
}

static bool has(const DeviceTree *t, const char *path, const char *compatible) {
    return fdt_node_check_compatible(t->data, node(t, path), compatible) == 0;
}

static void common_nodes(void **state) {
    (void)state;
    Machine *m = create(2, true, true, 2, "cortex-a72");
    DeviceTree t = build(m);
    assert_int_equal(cell(&t, "/memory@40000000", "reg", 1), 0x40000000);
    assert_int_equal(cell(&t, "/memory@40000000", "reg", 2), 1);
    assert_int_equal(cell(&t, "/memory@40000000", "reg", 3), 0x40000000);
    assert_true(has(&t, "/pl011@9000000", "arm,pl011"));
    assert_int_equal(cell(&t, "/pl011@9000000", "interrupts", 1), 1);
    assert_true(has(&t, "/fw-cfg@9020000", "qemu,fw-cfg-mmio"));
    assert_true(has(&t, "/flash@0", "cfi-flash"));
    assert_true(has(&t, "/virtio_mmio@a003e00", "virtio,mmio"));
    assert_int_equal(cell(&t, "/virtio_mmio@a003e00", "interrupts", 1), 47);
    assert_int_equal(cell(&t, "/gpio-keys/poweroff", "linux,code", 0), 116);
    int n;
    assert_string_equal(prop(&t, "/chosen", "stdout-path", &n), "/pl011@9000000");
    assert_string_equal(prop(&t, "/psci", "method", &n), "smc");
    assert_string_equal(prop(&t, "/cpus/cpu@1", "enable-method", &n), "psci");
    assert_true(has(&t, "/cpus/cpu@1", "arm,cortex-a72"));
    assert_int_equal(cell(&t, "/cpus/cpu@1", "reg", 0), 1);
    // Every phandle that is used leads somewhere.
    assert_true(fdt_node_offset_by_phandle(t.data, cell(&t, "/", "interrupt-parent", 0)) >= 0);
    assert_true(fdt_node_offset_by_phandle(t.data, cell(&t, "/pl011@9000000", "clocks", 1)) >= 0);
    assert_true(fdt_node_offset_by_phandle(t.data, cell(&t, "/gpio-keys/poweroff", "gpios", 0)) >=
                0);
    device_tree_free(&t);
    machine_free(m);
}

static void every_reg_is_on_the_bus(void **state) {
    (void)state;
    for (int gic = 2; gic <= 3; gic++) {
        Machine *m = create(gic, true, true, 1, "cortex-a57");
        DeviceTree t = build(m);
        for (int n = fdt_next_node(t.data, 0, NULL); n >= 0; n = fdt_next_node(t.data, n, NULL)) {
            const char *name = fdt_get_name(t.data, n, NULL);
            int size;
            const fdt32_t *reg = fdt_getprop(t.data, n, "reg", &size);
            if (!reg || size % 16 || !strncmp(name, "cpu@", 4)) continue;
            for (int i = 0; i < size / 4; i += 4) {
                u64 base = (u64)fdt32_to_cpu(reg[i]) << 32 | fdt32_to_cpu(reg[i + 1]);
                if (!bus_find(m, base))
                    print_message("%s: nothing at 0x%llx\n", name, (unsigned long long)base);
                assert_non_null(bus_find(m, base));
            }
        }
        device_tree_free(&t);
        machine_free(m);
    }
}

static void gic_variants(void **state) {
    (void)state;
    int n;
    Machine *m = create(3, true, true, 4, "max");
    DeviceTree t = build(m);
    assert_true(has(&t, "/intc@8000000", "arm,gic-v3"));
    assert_true(has(&t, "/intc@8000000/its@8080000", "arm,gic-v3-its"));
    assert_int_equal(cell(&t, "/intc@8000000", "interrupts", 1), 9);
    assert_int_equal(cell(&t, "/timer", "interrupts", 2), 4);
    device_tree_free(&t);
    machine_free(m);
    m = create(3, true, false, 1, "cortex-a57");
    t = build(m);
    assert_true(fdt_path_offset(t.data, "/intc@8000000/its@8080000") < 0);
    device_tree_free(&t);
    machine_free(m);
    m = create(2, false, true, 3, "cortex-a57");
    t = build(m);
    assert_true(has(&t, "/intc@8000000", "arm,cortex-a15-gic"));
    assert_true(has(&t, "/intc@8000000/v2m@8020000", "arm,gic-v2m-frame"));
    prop(&t, "/intc@8000000", "reg", &n);
    assert_int_equal(n, 32);  // no GICH and GICV without EL2
    assert_int_equal(cell(&t, "/timer", "interrupts", 2), 0x704);
    assert_string_equal(prop(&t, "/psci", "method", &n), "hvc");
    device_tree_free(&t);
    machine_free(m);
}

static void seeds_follow_the_machine(void **state) {
    (void)state;
    Machine *m = create(2, true, true, 1, "cortex-a57");
    DeviceTree a = build(m), b = build(m);
    assert_int_equal(fdt_totalsize(a.data), fdt_totalsize(b.data));
    assert_memory_equal(a.data, b.data, fdt_totalsize(a.data));
    m->config.seed++;
    DeviceTree c = build(m);
    assert_memory_not_equal(a.data, c.data, fdt_totalsize(a.data));
    Error err;
    DeviceTree d;
    assert_true(device_tree_build(m, false, &d, &err));
    assert_null(fdt_getprop(d.data, node(&d, "/chosen"), "kaslr-seed", NULL));
    device_tree_free(&a);
    device_tree_free(&b);
    device_tree_free(&c);
    device_tree_free(&d);
    machine_free(m);
}

static void boot_properties_and_modules(void **state) {
    (void)state;
    Machine *m = create(2, true, true, 1, "cortex-a57");
    DeviceTree t = build(m);
    Error err;
    DeviceTreeBoot boot = {"console=ttyAMA0", 0x48000000, 0x48001000};
    assert_true(device_tree_set_boot(&t, &boot, &err));
    assert_true(device_tree_add_module(&t, 0x49000000, 0x1234, true, "root=/dev/x", &err));
    assert_true(device_tree_add_module(&t, 0x60000000, 0x99, false, NULL, &err));
    int n;
    assert_string_equal(prop(&t, "/chosen", "bootargs", &n), "console=ttyAMA0");
    assert_int_equal(cell(&t, "/chosen", "linux,initrd-end", 0), 0x48001000);
    assert_true(has(&t, "/chosen/module@0x49000000", "multiboot,kernel"));
    assert_true(has(&t, "/chosen/module@0x49000000", "multiboot,module"));
    assert_string_equal(prop(&t, "/chosen/module@0x49000000", "bootargs", &n), "root=/dev/x");
    assert_true(has(&t, "/chosen/module@0x60000000", "multiboot,ramdisk"));
    assert_int_equal(cell(&t, "/chosen/module@0x60000000", "reg", 3), 0x99);
    // A command line that does not fit is an error, not a crash.
    char *huge = malloc(2 << 20);
    memset(huge, 'a', (2 << 20) - 1);
    huge[(2 << 20) - 1] = '\0';
    boot.bootargs = huge;
    assert_false(device_tree_set_boot(&t, &boot, &err));
    free(huge);
    size_t size = device_tree_pack(&t);
    assert_int_equal(size, fdt_totalsize(t.data));
    assert_int_equal(fdt_check_full(t.data, size), 0);
    device_tree_free(&t);
    machine_free(m);
}

static void users_tree_is_completed(void **state) {
    (void)state;
    Machine *m = create(2, true, true, 1, "cortex-a57");
    DeviceTree t = build(m), u;
    size_t n = device_tree_pack(&t);
    Error err;
    m->config.ram_size = 1 << 30;
    assert_true(device_tree_load(m, t.data, n, &u, &err));
    assert_int_equal(cell(&u, "/memory@40000000", "reg", 2), 0);
    assert_int_equal(cell(&u, "/memory@40000000", "reg", 3), 1 << 30);
    device_tree_free(&u);
    // Truncated anywhere, it is refused.
    for (size_t cut = 0; cut < n; cut += 97)
        assert_false(device_tree_load(m, t.data, cut, &u, &err));
    // Damaged anywhere, it is refused or accepted, but never followed out of bounds.
    u8 *copy = malloc(n);
    for (size_t i = 0; i < n; i += 13) {
        memcpy(copy, t.data, n);
        copy[i] ^= 0xff;
        if (device_tree_load(m, copy, n, &u, &err)) device_tree_free(&u);
    }
    free(copy);
    device_tree_free(&t);
    machine_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_nodes),
        cmocka_unit_test(every_reg_is_on_the_bus),
        cmocka_unit_test(gic_variants),
        cmocka_unit_test(seeds_follow_the_machine),
        cmocka_unit_test(boot_properties_and_modules),
        cmocka_unit_test(users_tree_is_completed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
