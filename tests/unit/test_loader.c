// Image formats and memory layout, with well-formed, truncated and hostile files.
#include "machine/image.h"
#include "machine/loader.h"
#include "machine/virt.h"

#include <elf.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define MB (1ull << 20)

typedef struct Fixture {
    Machine *m;
    char path[4][40];
    unsigned paths;
} Fixture;

static int setup(void **state) {
    static Fixture f;
    f = (Fixture){0};
    MachineConfig c = {.cpu_model = "cortex-a57",
                       .cpus = 2,
                       .ram_size = 512 * MB,
                       .gic_version = 2,
                       .el2 = true,
                       .its = true,
                       .highmem = true};
    Error err = {""};
    f.m = machine_create(&c, &err);
    if (!f.m) print_message("%s\n", err.text);
    *state = &f;
    return f.m ? 0 : -1;
}

static int teardown(void **state) {
    Fixture *f = *state;
    for (unsigned i = 0; i < f->paths; i++) unlink(f->path[i]);
    machine_free(f->m);
    return 0;
}

// Path of a new file with these contents.
static const char *file(Fixture *f, const void *data, size_t n) {
    char *path = f->path[f->paths++ % 4];
    if (f->paths > 4) f->paths = 4;
    strcpy(path, "/tmp/el2sim-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    close(fd);
    return path;
}

typedef struct TestElf {
    Elf64_Ehdr h;
    Elf64_Phdr p[2];
    u8 code[32];
} TestElf;

static TestElf make_elf(void) {
    TestElf e = {
        .h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
              .e_type = ET_EXEC,
              .e_machine = EM_AARCH64,
              .e_version = EV_CURRENT,
              .e_entry = 0xffff000000000010,
              .e_phoff = sizeof(Elf64_Ehdr),
              .e_ehsize = sizeof(Elf64_Ehdr),
              .e_phentsize = sizeof(Elf64_Phdr),
              .e_phnum = 2},
        .p = {{.p_type = PT_LOAD,
               .p_flags = PF_R | PF_X,
               .p_offset = offsetof(TestElf, code),
               .p_vaddr = 0xffff000000000000,
               .p_paddr = 0x40400000,
               .p_filesz = 32,
               .p_memsz = 0x1000},
              {.p_type = PT_NOTE, .p_offset = ~0ull, .p_filesz = ~0ull}},
        .code = "code of the test program......",
    };
    return e;
}

static bool boots(Fixture *f, BootOptions *o, Error *err) {
    *err = (Error){""};
    Boot *b = boot_prepare(f->m, o, err);
    if (!b) {
        assert_true(err->text[0]);
        assert_null(strchr(err->text, '\n'));
        return false;
    }
    boot_start(f->m, b);
    boot_free(b);
    return true;
}

static bool kernel_boots(Fixture *f, const void *data, size_t n, Error *err) {
    BootOptions o = {.kernel = file(f, data, n)};
    return boots(f, &o, err);
}

// --- ELF -----------------------------------------------------------------------------------------

static void elf_by_physical_address(void **state) {
    Fixture *f = *state;
    TestElf e = make_elf();
    Error err;
    assert_true(kernel_boots(f, &e, sizeof e, &err));
    Cpu *cpu = f->m->cpu[0];
    assert_int_equal(cpu->pc, 0x40400010);  // the entry point's physical address
    assert_int_equal(cpu->el, 2);
    assert_int_equal(cpu->x[0], 0x40000000);  // room below: the tree is at the start of RAM
    char buf[8] = "";
    bus_read_bytes(f->m, 0x40400000, buf, 4);
    assert_string_equal(buf, "code");
    assert_int_equal(f->m->cpu[1]->halt, HALT_OFF);
}

static void elf_hostile(void **state) {
    Fixture *f = *state;
    Error err;
    TestElf e = make_elf();
    for (size_t n = 1; n < sizeof e; n += 7)
        if (n >= 4) assert_false(kernel_boots(f, &e, n, &err));
    e = make_elf(), e.p[0].p_memsz = ~0ull;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.p[0].p_memsz = 1ull << 40;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    assert_non_null(strstr(err.text, "RAM"));
    e = make_elf(), e.p[0].p_offset = ~0ull - 8;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.p[0].p_filesz = 0x2000;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.p[0].p_paddr = 0x1000;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.h.e_phoff = ~0ull - 4;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.h.e_phnum = 0xffff;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.h.e_phnum = 0;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.h.e_machine = EM_X86_64;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    assert_non_null(strstr(err.text, "AArch64"));
    e = make_elf(), e.h.e_ident[EI_CLASS] = ELFCLASS32;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.h.e_ident[EI_DATA] = ELFDATA2MSB;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
    e = make_elf(), e.h.e_type = ET_REL;
    assert_false(kernel_boots(f, &e, sizeof e, &err));
}

// --- arm64 Image ---------------------------------------------------------------------------------

typedef struct TestImage {
    u32 code[2];
    u64 text_offset, image_size, flags, reserved[3];
    char magic[4];
    u32 pe;
    u8 rest[4096];
} TestImage;

static TestImage make_image(u64 text_offset, u64 size) {
    TestImage i = {.code = {0x14000000, 0},
                   .text_offset = text_offset,
                   .image_size = size,
                   .flags = 10,
                   .magic = {'A', 'R', 'M', 'd'}};
    return i;
}

static void image_places(void **state) {
    Fixture *f = *state;
    Error err;
    TestImage i = make_image(0, 0x10000);
    assert_true(kernel_boots(f, &i, sizeof i, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0x40200000);  // as QEMU does for offset 0
    assert_int_equal(f->m->cpu[0]->x[0], 0x48000000);
    i = make_image(0x80000, 0x10000);
    assert_true(kernel_boots(f, &i, sizeof i, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0x40080000);
    i = make_image(0x1234, 0);  // an old kernel: fields are not valid
    assert_true(kernel_boots(f, &i, sizeof i, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0x40080000);
    i = make_image(0, 200 * MB);  // the tree goes behind the image
    assert_true(kernel_boots(f, &i, sizeof i, &err));
    assert_int_equal(f->m->cpu[0]->x[0], 0x40200000 + 200 * MB);
}

static void image_hostile(void **state) {
    Fixture *f = *state;
    Error err;
    TestImage i = make_image(~0ull - 100, 0x10000);
    assert_false(kernel_boots(f, &i, sizeof i, &err));
    i = make_image(0, ~0ull);
    assert_false(kernel_boots(f, &i, sizeof i, &err));
    i = make_image(0, 1ull << 39);
    assert_false(kernel_boots(f, &i, sizeof i, &err));
    assert_non_null(strstr(err.text, "does not fit in RAM"));
    i = make_image(0, 0x10000);
    i.flags = 11;
    assert_false(kernel_boots(f, &i, sizeof i, &err));
    assert_false(kernel_boots(f, "MZ too short", 12, &err));
    // Cut off: the section table says so.
    i = make_image(0, 0x10000);
    i.pe = 64;
    memcpy(i.rest, "PE\0\0", 4);
    i.rest[6] = 1;  // one section
    u32 raw_size = 0x10000, raw_at = 0x1000;
    memcpy(i.rest + 24 + 16, &raw_size, 4);
    memcpy(i.rest + 24 + 20, &raw_at, 4);
    assert_false(kernel_boots(f, &i, sizeof i, &err));
    assert_non_null(strstr(err.text, "truncated"));
    i.pe = 0xfffffff0;
    kernel_boots(f, &i, sizeof i, &err);
    assert_false(kernel_boots(f, "\x27\x05\x19\x56xxxxxxxxxxxxxxx", 19, &err));
    assert_non_null(strstr(err.text, "uImage"));
}

static size_t gzip(const void *in, size_t n, u8 *out, size_t max) {
    z_stream z = {
        .next_in = (u8 *)in, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)max};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void image_compressed(void **state) {
    Fixture *f = *state;
    Error err;
    TestImage i = make_image(0, 0x10000);
    u8 packed[8192] = {0};
    size_t n = gzip(&i, sizeof i, packed, sizeof packed);
    assert_true(kernel_boots(f, packed, n, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0x40200000);
    assert_int_equal(f->m->ram.host[0x200003], 0x14);
    for (size_t cut = 2; cut < n; cut += 5) assert_false(kernel_boots(f, packed, cut, &err));
    packed[n / 2] ^= 0xff;
    assert_false(kernel_boots(f, packed, n, &err));
    // EFI zboot
    u8 z[8192] = "MZ\0\0zimg";
    u32 at = 64, size = (u32)gzip(&i, sizeof i, z + 64, sizeof z - 64);
    memcpy(z + 8, &at, 4);
    memcpy(z + 12, &size, 4);
    strcpy((char *)z + 24, "gzip");
    assert_true(kernel_boots(f, z, 64 + size, &err));
    assert_false(kernel_boots(f, z, 64 + size - 1, &err));
    strcpy((char *)z + 24, "zstd22");
    assert_false(kernel_boots(f, z, 64 + size, &err));
}

static void raw_code(void **state) {
    Fixture *f = *state;
    Error err;
    u32 code[4] = {0xd503201f, 0x14000000};
    assert_true(kernel_boots(f, code, sizeof code, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0x40080000);
    assert_int_equal(f->m->cpu[0]->x[0], 0x48000000);
}

// --- layout --------------------------------------------------------------------------------------

static void initrd_and_append(void **state) {
    Fixture *f = *state;
    Error err;
    TestImage i = make_image(0, 0x10000);
    BootOptions o = {
        .kernel = file(f, &i, sizeof i), .initrd = file(f, "initrd", 6), .append = "a b=c"};
    Boot *b = boot_prepare(f->m, &o, &err);
    assert_non_null(b);
    size_t n;
    const void *tree = boot_device_tree(b, &n);
    int chosen = fdt_path_offset(tree, "/chosen"), len;
    assert_string_equal(fdt_getprop(tree, chosen, "bootargs", &len), "a b=c");
    const fdt32_t *start = fdt_getprop(tree, chosen, "linux,initrd-start", &len);
    assert_int_equal(fdt32_to_cpu(*start), 0x48000000);
    assert_int_equal(boot_device_tree_address(b), 0x48200000);
    boot_start(f->m, b);
    assert_memory_equal(f->m->ram.host + 0x8000000, "initrd", 6);
    assert_int_equal(fdt_magic(f->m->ram.host + 0x8200000), FDT_MAGIC);
    // A second start puts everything back.
    memset(f->m->ram.host + 0x200000, 0xff, 0x10000);
    machine_reset(f->m);
    boot_start(f->m, b);
    assert_int_equal(f->m->ram.host[0x200003], 0x14);
    assert_int_equal(f->m->ram.host[0x20f000], 0);
    boot_free(b);
}

static void loader_devices(void **state) {
    Fixture *f = *state;
    Error err;
    BootOptions o = {.loader_count = 2};
    o.loaders[0] = (LoaderDevice){.file = file(f, "data", 4),
                                  .has_addr = true,
                                  .addr = 0x41000000,
                                  .force_raw = true,
                                  .cpu_num = 0};
    o.loaders[1] = (LoaderDevice){.has_addr = true,
                                  .addr = 0x42000000,
                                  .cpu_num = -1,
                                  .data_len = 4,
                                  .data = 0x11223344,
                                  .data_be = true};
    assert_true(boots(f, &o, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0x41000000);
    assert_int_equal(f->m->cpu[0]->x[0], 0);
    assert_int_equal(fdt_magic(f->m->ram.host), FDT_MAGIC);
    assert_int_equal(f->m->ram.host[0x2000000], 0x11);
    // At the start of RAM: the tree makes room.
    o.loader_count = 1;
    o.loaders[0].addr = 0x40000000;
    assert_true(boots(f, &o, &err));
    assert_memory_equal(f->m->ram.host, "data", 4);
    o.loaders[0].cpu_num = 2;
    assert_false(boots(f, &o, &err));
    o.loaders[0].cpu_num = -1;
    assert_false(boots(f, &o, &err));  // nothing to run
    o.loaders[0].cpu_num = 0;
    o.loaders[0].addr = 0x9000000;
    assert_false(boots(f, &o, &err));
}

static void overlap_is_an_error(void **state) {
    Fixture *f = *state;
    Error err;
    TestImage i = make_image(0, 0x10000);
    BootOptions o = {.kernel = file(f, &i, sizeof i), .module_count = 1};
    o.modules[0] = (GuestModule){.addr = 0x40208000, .kernel = o.kernel};
    assert_false(boots(f, &o, &err));
    assert_non_null(strstr(err.text, "overlaps"));
    o.modules[0].addr = 0x49000000;
    assert_true(boots(f, &o, &err));
}

static void ram_too_small(void **state) {
    Fixture *f = *state;
    Error err;
    f->m->config.ram_size = 2 * MB;  // the kernel would start at its end
    TestImage i = make_image(0, 0x10000);
    assert_false(kernel_boots(f, &i, sizeof i, &err));
    assert_non_null(strstr(err.text, "-m"));
    f->m->config.ram_size = 512 * MB;
}

static void bad_files(void **state) {
    Fixture *f = *state;
    Error err;
    BootOptions o = {.kernel = "/nonexistent"};
    assert_false(boots(f, &o, &err));
    o.kernel = "/tmp";
    assert_false(boots(f, &o, &err));
    o.kernel = "/dev/null";
    assert_false(boots(f, &o, &err));
    assert_false(kernel_boots(f, "", 0, &err));
    u32 code = 0x14000000;
    o.kernel = file(f, &code, 4);
    o.dtb = file(f, "not a tree", 10);
    assert_false(boots(f, &o, &err));
    assert_non_null(strstr(err.text, "device tree"));
    o.dtb = NULL;
    o.initrd = "/nonexistent";
    assert_false(boots(f, &o, &err));
}

static void firmware_starts_at_zero(void **state) {
    Fixture *f = *state;
    Error err;
    u32 code = 0x14000000;
    BootOptions o = {.bios = file(f, &code, 4), .kernel = file(f, "kernel", 6), .append = "args"};
    assert_true(boots(f, &o, &err));
    assert_int_equal(f->m->cpu[0]->pc, 0);
    assert_int_equal(f->m->cpu[0]->halt, HALT_NONE);
    u64 word;
    assert_true(bus_read(f->m, 0, 4, &word, NULL));
    assert_int_equal(word, code);
    assert_int_equal(fdt_magic(f->m->ram.host), FDT_MAGIC);
    // The kernel is offered through fw_cfg.
    assert_true(bus_write(f->m, VIRT_FW_CFG_BASE + 8, 2, 0x1100, NULL));
    assert_true(bus_read(f->m, VIRT_FW_CFG_BASE, 4, &word, NULL));
    assert_memory_equal(&word, "kern", 4);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(elf_by_physical_address), T(elf_hostile),      T(image_places),
        T(image_hostile),           T(image_compressed), T(raw_code),
        T(initrd_and_append),       T(loader_devices),   T(overlap_is_an_error),
        T(ram_too_small),           T(bad_files),        T(firmware_starts_at_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
