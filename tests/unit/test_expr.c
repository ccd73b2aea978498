// Registers by name, spaces of addresses, expressions.
#include "debugger/expr.h"
#include "debugger/state.h"
#include "cpu/sysreg.h"
#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RAM = 0x40000000, TABLE1 = 0x40010000, TABLE2 = 0x40020000 };

static Machine *machine;
static Cpu *cpu;
static Symbols *symbols;

static int setup(void **state) {
    (void)state;
    MachineConfig config = {.cpu_model = "max",
                            .cpus = 2,
                            .ram_size = 4 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .its = true,
                            .highmem = true};
    machine = machine_create(&config, NULL);
    assert_non_null(machine);
    cpu = machine->cpu[0];
    machine_cpu_on(machine, cpu, RAM, 0);
    symbols = symbols_create();
    symbols_add_one(symbols, SPACE_EL2, "trap", 0x1000, 16);
    symbols_add_one(symbols, 1, "trap", 0x2000, 16);
    symbols_add_one(symbols, SPACE_ANY, "start.part.0", RAM, 16);
    symbols_sort(symbols);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    symbols_free(symbols);
    machine_free(machine);
    return 0;
}

static u64 value(const char *text) {
    ExprContext c = {cpu, symbols};
    ExprValue v;
    Error err = {""};
    if (!expr_value(&c, text, NULL, &v, &err)) fail_msg("%s: %s", text, err.text);
    return v.v;
}

static const char *error_of(const char *text) {
    static Error err;
    ExprContext c = {cpu, symbols};
    ExprValue v;
    err.text[0] = '\0';
    if (expr_value(&c, text, NULL, &v, &err)) fail_msg("%s is accepted", text);
    return err.text;
}

static void operators_are_those_of_c(void **state) {
    (void)state;
    assert_int_equal(value("1 + 2 * 3"), 7);
    assert_int_equal(value("(1 + 2) * 3"), 9);
    assert_int_equal(value("10 - 4 - 3"), 3);
    assert_int_equal(value("1 << 4 | 3 & 2 ^ 1"), 1 << 4 | ((3 & 2) ^ 1));
    assert_int_equal(value("0x10 == 16 && 0b101 == 5"), 1);
    assert_int_equal(value("!5 || 0"), 0);
    assert_true(value("~0") == ~0ull);
    assert_true(value("-1 >> 60") == 15);
    assert_int_equal(value("7 / 2 + 7 % 2"), 4);
    assert_int_equal(value("1 << 64"), 0);
    // The right side is not looked at when the left one decides.
    assert_int_equal(value("0 && 1 / 0"), 0);
    assert_int_equal(value("1 || 1 / 0"), 1);
    assert_int_equal(value("2 < 3 == 1"), 1);
}

static void registers_are_found_by_name(void **state) {
    (void)state;
    cpu->x[3] = 0x1122334455667788;
    assert_true(value("x3") == 0x1122334455667788);
    assert_int_equal(value("$w3"), 0x55667788);
    cpu->sys.HCR_EL2 |= 1ull << HCR_TGE;
    assert_int_equal(value("HCR_EL2.TGE"), 1);
    assert_int_equal(value("hcr_el2.tge + 1"), 2);
    assert_int_equal(value("pstate.EL"), 2);
    assert_int_equal(value("el"), 2);
    assert_int_equal(value("GICD_TYPER & 31"), 7);
    cpu->sys.ESR_EL2 = 0x93c08006;
    assert_int_equal(value("esr.ec"), 0x24);
    assert_int_equal(value("esr.iss"), 0x1c08006);
    cpu->sys.HPFAR_EL2 = 0x90000;
    cpu->sys.FAR_EL2 = 0xffff000012345678;
    assert_int_equal(value("ipa"), 0x9000678);
    cpu->sys.ESR_EL2 |= 1 << 7;  // S1PTW
    assert_int_equal(value("ipa"), 0x9000000);
}

static void unknown_names_are_told(void **state) {
    (void)state;
    assert_non_null(strstr(error_of("HCR_EL3"), "did you mean HCR_EL2"));
    assert_non_null(strstr(error_of("HCR_EL2.TGX"), "did you mean HCR_EL2.TGE"));
    assert_non_null(strstr(error_of("nobody"), "no register and no symbol 'nobody'"));
    assert_non_null(strstr(error_of("x31"), "x31"));
    assert_non_null(strstr(error_of("ICC_IAR1_EL1"), "acknowledges"));
}

static void symbols_have_spaces(void **state) {
    (void)state;
    ExprContext c = {cpu, symbols};
    ExprValue v;
    assert_int_equal(value("el2:trap"), 0x1000);
    assert_int_equal(value("vm1:trap + 4"), 0x2004);
    assert_int_equal(value("start.part.0"), RAM);
    assert_true(expr_value(&c, "vm1:trap + 4", NULL, &v, NULL));
    assert_int_equal(v.space.kind, AS_VM);
    assert_int_equal(v.space.vmid, 1);
    assert_true(expr_value(&c, "trap", NULL, &v, NULL));
    assert_int_equal(v.space.kind, AS_EL);
    cpu->x[3] = 0x1230;
    assert_true(expr_value(&c, "el1:$x3 + 4", NULL, &v, NULL));
    assert_int_equal(v.v, 0x1234);
    assert_int_equal(v.space.kind, AS_EL);
    assert_int_equal(v.space.el, 1);
    assert_true(expr_value(&c, "vm3:ipa(0x1000)", NULL, &v, NULL));
    assert_int_equal(v.space.kind, AS_IPA);
    assert_false(v.space.any_vm);
    assert_int_equal(v.space.vmid, 3);
    char text[64];
    space_print(text, sizeof text, v.space, v.v);
    assert_string_equal(text, "vm3:ipa(0x1000)");
}

static void memory_is_read(void **state) {
    (void)state;
    u64 data = 0xfffffffe80000001;
    bus_write_bytes(machine, RAM + 0x100, &data, 8);
    cpu->x[1] = RAM + 0x100;
    assert_true(value("*x1") == data);
    assert_int_equal(value("u8(x1)"), 1);
    assert_int_equal(value("u32(pa(x1))"), 0x80000001);
    assert_true(value("s32(x1)") == 0xffffffff80000001);
    assert_int_equal(value("u16(x1 + 4)"), 0xfffe);
    assert_non_null(strstr(error_of("*0x20000000"), "nothing at pa 0x20000000"));
    assert_non_null(strstr(error_of("u32(0x9000000)"), "pl011, a device"));
}

static void hostile_text_is_refused(void **state) {
    (void)state;
    char deep[4096];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_non_null(strstr(error_of(deep), "nested too deeply"));
    memset(deep, '-', sizeof deep - 1);
    assert_non_null(strstr(error_of(deep), "nested too deeply"));
    for (size_t i = 0; i + 1 < sizeof deep; i++) deep[i] = i & 1 ? '+' : '1';
    assert_non_null(strstr(error_of(deep), "too long"));
    static const char *const bad[] = {"",         "1 +",   "(1",           "1)",
                                      "0x",       "08z",   "1 2",          "u8",
                                      "u8(",      "u9(1)", "vm:1",         "vm99999:1",
                                      "el3:1",    "$",     "x1.a",         "&1",
                                      "1 &&",

                                      "pa()",     "1 / 0", "5 % 0",        "0x10000000000000000",
                                      "\xff\xfe", "*",     "vm1:0x1000 +", "vm7:u8(1"};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) assert_true(strlen(error_of(bad[i])) > 0);
    // Random text never does more than fail.
    u64 seed = 1;
    static const char alphabet[] = "x01 ()+-*&|<>=!~:.$avmeliphu8_/%";
    for (unsigned n = 0; n < 200000; n++) {
        char text[40];
        unsigned length = (unsigned)(n % 38);
        for (unsigned i = 0; i < length; i++) {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            text[i] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
        }
        text[length] = '\0';
        ExprContext c = {cpu, symbols};
        ExprValue v;
        Error err;
        expr_value(&c, text, NULL, &v, &err);
    }
}

static u64 read64(Space space, u64 address) {
    u64 v = 0;
    Error err = {""};
    if (!space_read(cpu, space, address, &v, 8, &err)) fail_msg("%s", err.text);
    return v;
}

// IPA 0x80000000 is at PA RAM + 1 MB by one 1 GB block... too large for RAM: by a level 2 block.
static void spaces_translate(void **state) {
    (void)state;
    u64 table = TABLE2 | 3, block = 0x40200000 | 0x7fd, data = 0x1234;
    bus_write_bytes(machine, TABLE1 + 2 * 8, &table, 8);  // IPA 0x80000000..0xbfffffff
    bus_write_bytes(machine, TABLE2, &block, 8);          // 0x80000000 -> 0x40200000
    bus_write_bytes(machine, 0x40200010, &data, 8);
    cpu->sys.VTTBR_EL2 = TABLE1 | 5ull << 48;
    cpu->sys.VTCR_EL2 = 0x80023558 | 1u << 31;  // T0SZ 24, SL0 1: from level 1
    cpu->sys.HCR_EL2 = 1ull << HCR_VM | 1ull << HCR_RW;
    tlb_context_changed(cpu);
    assert_int_equal(read64((Space){.kind = AS_IPA, .any_vm = true}, 0x80000010), 0x1234);
    assert_int_equal(read64((Space){.kind = AS_IPA, .vmid = 5}, 0x80000010), 0x1234);
    assert_int_equal(read64((Space){.kind = AS_VM, .vmid = 5}, 0x80000010),
                     0x1234);  // its MMU is off
    assert_int_equal(read64((Space){.kind = AS_EL, .el = 1}, 0x80000010), 0x1234);
    assert_int_equal(read64((Space){.kind = AS_EL, .el = 2}, 0x40200010), 0x1234);
    assert_int_equal(value("*vm5:0x80000010"), 0x1234);
    assert_non_null(strstr(error_of("*vm6:0x80000010"), "vm6"));
    assert_non_null(strstr(error_of("*ipa(0xc0000000)"), "stage 2 translation fault at level 1"));
    // A VM that runs on another CPU is found there.
    machine->cpu[1]->sys = cpu->sys;
    machine->cpu[1]->sys.VTTBR_EL2 = TABLE1 | 9ull << 48;
    assert_int_equal(value("*vm9:ipa(0x80000010)"), 0x1234);
    // Writing goes where reading comes from, over a page's end.
    u8 bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, back[16] = {0};
    assert_true(
        space_write(cpu, (Space){.kind = AS_IPA, .any_vm = true}, 0x80000ff8, bytes, 16, NULL));
    bus_read_bytes(machine, 0x40200ff8, back, 16);
    assert_memory_equal(bytes, back, 16);
}

// A debugger sees what the guest may not read: here S2AP is 00, and the page may be executed.
static void permissions_do_not_hide_memory(void **state) {
    spaces_translate(state);
    u64 block = 0x40200000 | 0x73d;
    bus_write_bytes(machine, TABLE2, &block, 8);
    assert_int_equal(value("*vm5:0x80000010"), 0x1234);
    u64 pa;
    Space vm = {.kind = AS_VM, .vmid = 5};
    Fault fault = {0};
    assert_false(space_translate(cpu, vm, 0x80000010, false, NULL, &fault, &pa, NULL));
    assert_int_equal(fault.type, FAULT_PERMISSION);
}

static bool write(const char *name, u64 v, Error *err) {
    Reg reg;
    return reg_find(cpu, name, &reg, err) && reg_write(cpu, &reg, v, err);
}

static void writes_have_masks_and_effects(void **state) {
    (void)state;
    Error err = {""};
    assert_true(write("HCR_EL2", ~0ull, &err));
    assert_int_equal(cpu->sys.HCR_EL2 >> 63,
                     machine->sysreg_writable[sysreg_find("HCR_EL2")] >> 63);
    assert_true(write("HCR_EL2", 0, &err));
    assert_true(write("HCR_EL2.TWI", 1, &err));
    assert_int_equal(cpu->sys.HCR_EL2 & ~(1ull << HCR_RW), 1 << HCR_TWI);
    assert_false(write("HCR_EL2.TWI", 2, &err));
    assert_false(write("MIDR_EL1", 2, &err));
    assert_non_null(strstr(err.text, "read-only"));
    assert_false(write("pstate", 0x10, &err));
    assert_true(write("pstate.EL", 1, &err));
    assert_int_equal(cpu->el, 1);
    assert_true(write("SP_EL2", 0x77, &err));
    assert_int_equal(cpu->sp_el[2], 0x77);
    assert_true(write("pstate.EL", 2, &err));
    assert_int_equal(cpu->x[REG_SP], 0x77);
    cpu->v[2].q = ~(u128)0;
    assert_true(write("d2", 5, &err));
    assert_true(cpu->v[2].q == 5);
    cpu->x[4] = ~0ull;
    assert_true(write("w4", 6, &err));
    assert_int_equal(cpu->x[4], 6);
    assert_true(write("GICD_ISENABLER1", 2, &err));
    assert_int_equal(value("GICD_ISENABLER1"), 2);
    assert_int_equal(value("GICD_ICENABLER1"), 2);
    assert_true(write("ICH_LR0_EL2", 0x5080000000000028, &err));
    assert_true(value("ICH_LR0_EL2") == 0x5080000000000028);
    assert_int_equal(value("ICH_LR0_EL2.Priority"), 0x80);
}

static void count(void *arg, const char *name) {
    Reg reg;
    (void)reg;
    ++*(unsigned *)arg;
    assert_true(strlen(name) > 0);
}

static void every_name_is_found(void *arg, const char *name) {
    Reg reg;
    Error err = {""};
    if (!reg_find(cpu, name, &reg, &err)) fail_msg("%s: %s", name, err.text);
    if (reg.kind == REG_SYSTEM && !sysreg_info(reg.index)->name[0]) fail();
    ++*(unsigned *)arg;
}

static void names_can_be_listed(void **state) {
    (void)state;
    unsigned all = 0, hcr = 0;
    reg_each(cpu, "", true, every_name_is_found, &all);
    assert_true(all > 1000);
    reg_each(cpu, "hcr_el2.t", true, count, &hcr);
    assert_true(hcr > 10);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(operators_are_those_of_c), TEST(registers_are_found_by_name),
        TEST(unknown_names_are_told),   TEST(symbols_have_spaces),
        TEST(memory_is_read),           TEST(hostile_text_is_refused),
        TEST(spaces_translate),         TEST(writes_have_masks_and_effects),
        TEST(names_can_be_listed),      TEST(permissions_do_not_hide_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
