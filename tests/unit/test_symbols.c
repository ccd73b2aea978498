// Names of addresses: System.map and nm text, ELF, spaces, extents, bad files.
#include "debugger/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

// A temporary file with this text; the caller unlinks it.
static void write_file(char path[64], const char *text, size_t n) {
    strcpy(path, "symbols-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
}

static bool add_text(Symbols *s, int space, const char *text, Error *err) {
    char path[64];
    write_file(path, text, strlen(text));
    bool ok = symbols_add_file(s, space, path, err);
    unlink(path);
    return ok;
}

static void check_hit(const Symbols *s, int space, u64 address, const char *name, u64 offset) {
    SymbolHit hit;
    if (!symbols_lookup(s, space, address, &hit))
        fail_msg("0x%llx: nothing", (unsigned long long)address);
    assert_string_equal(hit.name, name);
    assert_int_equal(hit.offset, offset);
}

static void check_none(const Symbols *s, int space, u64 address) {
    SymbolHit hit;
    if (symbols_lookup(s, space, address, &hit))
        fail_msg("0x%llx: %s", (unsigned long long)address, hit.name);
}

static void test_map(void **state) {
    (void)state;
    Symbols *s = symbols_create();
    Error err = {""};
    // Not in order, as nm without -n gives them; $x marks code, A is a constant, U is elsewhere.
    static const char text[] = "ffff800008010000 T second\n"
                               "ffff800008000000 T _text\n"
                               "ffff800008000000 t alias\n"
                               "ffff800008010008 t $x\n"
                               "0000000000000100 A constant\n"
                               "                 U elsewhere\n"
                               "                 w weak\n"
                               "ffff800008020000 d last\t[module]\n";
    if (!add_text(s, SPACE_ANY, text, &err)) fail_msg("%s", err.text);
    assert_int_equal(symbols_count(s), 4);
    check_none(s, SPACE_ANY, 0x100);
    check_none(s, SPACE_ANY, 0xffff800007fffffc);
    check_hit(s, SPACE_ANY, 0xffff800008000000, "_text", 0);
    check_hit(s, SPACE_ANY, 0xffff80000800fffc, "_text", 0xfffc);
    check_hit(s, SPACE_ANY, 0xffff800008010000, "second", 0);
    check_hit(s, SPACE_ANY, 0xffff800008010010, "second", 0x10);
    check_hit(s, SPACE_ANY, 0xffff800008020004, "last", 4);
    check_none(s, SPACE_ANY, 0xffff900000000000);  // far behind the last one
    u64 address;
    assert_true(symbols_find(s, SPACE_EL2, "alias", &address));
    assert_int_equal(address, 0xffff800008000000);
    assert_false(symbols_find(s, SPACE_ANY, "elsewhere", &address));
    symbols_free(s);
}

static void test_bad_maps(void **state) {
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "is empty"},
        {"hello world\n", "(line 1)"},
        {"0000 T a\n\n", "(line 2)"},
        {"0000 T a\nffffffffffffffffff T b\n", "(line 2)"},
        {"0000 T\n", "(line 1)"},
        {"ffffffffffffffff B The real System.map is elsewhere\n", "has no symbols"},
        {"0000 Tx a\n", "(line 1)"},
        {"\177ELF", "symbols: "},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        Symbols *s = symbols_create();
        Error err = {""};
        if (add_text(s, SPACE_ANY, cases[i].text, &err)) fail_msg("case %u is accepted", i);
        if (!strstr(err.text, cases[i].said)) fail_msg("case %u: %s", i, err.text);
        symbols_free(s);
    }
    Symbols *s = symbols_create();
    Error err = {""};
    assert_false(symbols_add_file(s, SPACE_ANY, "no/such/file", &err));
    assert_non_null(strstr(err.text, "no/such/file"));
    symbols_free(s);
}

// This program is an ELF file with a symbol table.
static void test_elf(void **state) {
    (void)state;
    Symbols *s = symbols_create();
    Error err = {""};
    if (!symbols_add_file(s, 3, "/proc/self/exe", &err)) fail_msg("%s", err.text);
    u64 address;
    assert_true(symbols_find(s, 3, "main", &address));
    check_hit(s, 3, address, "main", 0);
    check_hit(s, 3, address + 4, "main", 4);
    check_none(s, 4, address);
    check_none(s, SPACE_ANY, address);
    symbols_free(s);
}

// An ELF file cut anywhere is refused or read, never a crash.
static void test_cut_elf(void **state) {
    (void)state;
    static char bytes[1 << 16];
    FILE *f = fopen("/proc/self/exe", "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t cut = 4; cut < n; cut += cut / 2) {
        char path[64];
        write_file(path, bytes, cut);
        Symbols *s = symbols_create();
        Error err = {""};
        if (!symbols_add_file(s, SPACE_ANY, path, &err)) assert_true(*err.text);
        symbols_free(s);
        unlink(path);
    }
}

static void test_sizes(void **state) {
    (void)state;
    Symbols *s = symbols_create();
    symbols_add_one(s, SPACE_ANY, "label", 0x1000, 0);
    symbols_add_one(s, SPACE_ANY, "function", 0x1000, 0x20);
    symbols_add_one(s, SPACE_ANY, "next", 0x1040, 0);
    symbols_add_one(s, SPACE_ANY, "top", 0xfffffffffffffff0, 0x10);
    symbols_sort(s);
    check_hit(s, SPACE_ANY, 0x101f, "function", 0x1f);  // the one with a size
    check_none(s, SPACE_ANY, 0x1020);                   // between two
    check_hit(s, SPACE_ANY, 0x1040, "next", 0);
    check_hit(s, SPACE_ANY, 0xfffffffffffffff4, "top", 4);
    symbols_free(s);
}

static void test_spaces(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int space;
    } names[] = {
        {"", true, SPACE_ANY}, {"kernel", true, SPACE_ANY}, {"el2", true, SPACE_EL2},
        {"vm0", true, 0},      {"vm65535", true, 65535},    {"vm65536", false, 0},
        {"vm", false, 0},      {"vm1x", false, 0},          {"vm-1", false, 0},
        {"el1", false, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        int space = -9;
        if (symbols_space(names[i].text, &space) != names[i].ok) fail_msg("%s", names[i].text);
        if (names[i].ok) assert_int_equal(space, names[i].space);
    }
    Symbols *s = symbols_create();
    symbols_add_one(s, SPACE_ANY, "any", 0x1000, 0x100);
    symbols_add_one(s, SPACE_EL2, "hypervisor", 0x1000, 0x10);
    symbols_add_one(s, 1, "guest", 0x1000, 0x10);
    symbols_sort(s);
    check_hit(s, SPACE_EL2, 0x1004, "hypervisor", 4);
    check_hit(s, 1, 0x1004, "guest", 4);
    check_hit(s, 2, 0x1004, "any", 4);
    check_hit(s, SPACE_EL2, 0x1010, "any", 0x10);  // not in its own file
    symbols_free(s);
}

// What --symbols is given: a space before ':' or a file name that has one.
static void test_spec(void **state) {
    (void)state;
    char path[64], spec[128];
    write_file(path, "1000 T here\n", 12);
    Symbols *s = symbols_create();
    Error err = {""};
    snprintf(spec, sizeof spec, "vm7:%s", path);
    if (!symbols_add(s, spec, &err)) fail_msg("%s", err.text);
    check_hit(s, 7, 0x1000, "here", 0);
    check_none(s, 8, 0x1000);
    assert_false(symbols_add(s, "vm99999:x", &err));
    assert_non_null(strstr(err.text, "'vm99999:x'"));
    symbols_free(s);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),   cmocka_unit_test(test_bad_maps),
        cmocka_unit_test(test_elf),   cmocka_unit_test(test_cut_elf),
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_spec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
