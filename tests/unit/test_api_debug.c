// Run control, state and addresses of the library's interface (include/el2sim/el2sim.h), through that header alone.
// hvcn.elf: EL2 goes to `guest` at EL1, which executes HVC and SUBS in a loop.
#include <el2sim/el2sim.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GUEST = 0x4008003c, VECTORS = 0x40080800, HVC_COUNT = 0x44000000, STAGE2 = 0x40200000 };
static const char rom[] = BUILD_DIR "/roms/hvcn.elf";
static const char demo[] = BUILD_DIR "/roms/demo.elf";
static char error[256];

static el2sim *machine(const char *kernel, unsigned cpus) {
    el2sim_config config = {.cpus = cpus};
    el2sim_boot boot = {.kernel = kernel};
    el2sim *sim = el2sim_create(&config, error, sizeof error);
    if (!sim || !el2sim_load(sim, &boot, error, sizeof error)) fail_msg("%s", error);
    return sim;
}

static uint64_t get(el2sim *sim, const char *name) {
    el2sim_value v;
    if (!el2sim_get(sim, 0, name, &v, error, sizeof error)) fail_msg("%s", error);
    return v.lo;
}
static void set(el2sim *sim, const char *name, uint64_t value) {
    el2sim_value v = {.lo = value};
    if (!el2sim_set(sim, 0, name, &v, error, sizeof error)) fail_msg("%s", error);
}

static el2sim_point point(el2sim_point_kind kind, const char *where) {
    el2sim_point p;
    el2sim_point_init(&p, sizeof p);
    p.kind = kind;
    p.where = where;
    return p;
}
static unsigned add(el2sim *sim, const el2sim_point *p) {
    unsigned id = el2sim_point_add(sim, p, error, sizeof error);
    if (!id) fail_msg("%s", error);
    return id;
}
static el2sim_stopped go(el2sim *sim, const el2sim_request *r) {
    el2sim_stopped at = {.struct_size = sizeof at};
    if (!el2sim_go(sim, r, &at, error, sizeof error)) fail_msg("%s", error);
    return at;
}

static void expect_error(bool ok, const char *part) {
    assert_false(ok);
    if (!strstr(error, part)) fail_msg("no '%s' in '%s'", part, error);
    assert_null(strchr(error, '\n'));
}

// --- points --------------------------------------------------------------------------------------

static void test_breakpoint(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_point p = point(EL2SIM_BREAK, "el1:0x4008003c");
    p.condition = "x0 == 0x3e0";
    unsigned id = add(sim, &p);
    el2sim_stopped at = go(sim, NULL);
    assert_int_equal(at.why, EL2SIM_WHY_POINT);
    assert_int_equal(at.point, id);
    assert_int_equal(at.kind, EL2SIM_BREAK);
    assert_int_equal(at.pc, GUEST);
    assert_int_equal(at.el, 1);
    assert_int_equal(at.vmid, -1);
    assert_int_equal(get(sim, "x0"), 0x3e0);
    assert_int_equal(at.instructions, el2sim_instructions(sim, 0));
    // Another condition; a wrong one leaves it.
    assert_true(el2sim_point_condition(sim, id, "x0 == 5", error, sizeof error));
    expect_error(el2sim_point_condition(sim, id, "x0 ==", error, sizeof error), "");
    at = go(sim, NULL);
    assert_int_equal(get(sim, "x0"), 5);
    // el2sim_run() stops, too; ignored hits do not.
    assert_true(el2sim_point_condition(sim, id, NULL, error, sizeof error));
    assert_true(el2sim_point_ignore(sim, id, 2));
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_DEBUG);
    assert_int_equal(get(sim, "x0"), 2);
    el2sim_point out = {.struct_size = sizeof out};
    assert_true(el2sim_point_get(sim, id, &out));
    assert_int_equal(out.hits, 5);
    assert_true(out.enabled && out.id == id && !out.condition && !out.ignore);
    assert_string_equal(out.where, "el1:0x4008003c");
    // Disabled: to the end.
    assert_true(el2sim_point_enable(sim, id, false));
    at = go(sim, NULL);
    assert_int_equal(at.why, EL2SIM_WHY_MACHINE);
    assert_int_equal(at.machine, EL2SIM_POWEROFF);
    el2sim_free(sim);
}

static void test_point_list(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    assert_int_equal(el2sim_point_next(sim, 0), 0);
    el2sim_point p = point(EL2SIM_BREAK, "el2:0x40080c00");
    unsigned a = add(sim, &p), b = add(sim, &p);
    p.temporary = true;
    unsigned c = add(sim, &p);
    assert_int_equal(el2sim_point_next(sim, 0), a);
    assert_true(el2sim_point_delete(sim, b));
    assert_false(el2sim_point_delete(sim, b));
    assert_false(el2sim_point_enable(sim, b, true));
    assert_false(el2sim_point_ignore(sim, b, 1));
    assert_int_equal(el2sim_point_next(sim, a), c);
    assert_int_equal(el2sim_point_next(sim, c), 0);
    assert_true(el2sim_point_delete(sim, a));
    p.where = "el2:0x40080400";
    p.temporary = true;
    p.el = 1;  // never there
    unsigned never = add(sim, &p);
    assert_true(never > c);
    assert_int_equal(go(sim, NULL).point, c);
    assert_int_equal(go(sim, NULL).why, EL2SIM_WHY_MACHINE);
    el2sim_free(sim);
    sim = machine(rom, 1);
    p = point(EL2SIM_BREAK, "el1:0x4008003c");
    p.temporary = true;
    a = add(sim, &p);
    assert_int_equal(go(sim, NULL).point, a);
    assert_int_equal(el2sim_point_next(sim, 0), 0);
    assert_int_equal(go(sim, NULL).why, EL2SIM_WHY_MACHINE);
    el2sim_free(sim);
}

static void refuse(el2sim *sim, el2sim_point p, const char *part) {
    expect_error(el2sim_point_add(sim, &p, error, sizeof error), part);
    assert_int_equal(el2sim_point_add(sim, &p, NULL, 0), 0);
}

static void test_points_refused(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    refuse(sim, point(EL2SIM_BREAK, NULL), "where");
    refuse(sim, point(EL2SIM_BREAK, "0x40080001"), "multiples of 4");
    refuse(sim, point(EL2SIM_BREAK, "nowhere"), "nowhere");
    refuse(sim, point(EL2SIM_CATCH_SYSREG, "x0"), "no system register");
    refuse(sim, point(EL2SIM_WATCH_REGISTER, "HCR_EL9"), "HCR_EL9");
    refuse(sim, point((el2sim_point_kind)99, "0"), "99");
    el2sim_point p = point(EL2SIM_BREAK, "0x40080000");
    p.cpu = 1;
    refuse(sim, p, "cpu 1");
    p.cpu = -1;
    p.vmid = 65536;
    refuse(sim, p, "vmid 65536");
    p.vmid = -1;
    p.access = 4;
    refuse(sim, p, "access 0x4");
    p.access = 0;
    p.struct_size = 0;
    refuse(sim, p, "struct_size");
    el2sim_stopped at = {0};
    expect_error(el2sim_go(sim, NULL, &at, error, sizeof error), "struct_size");
    el2sim_request r = {.struct_size = sizeof r, .cpu = 1};
    expect_error(el2sim_go(sim, &r, NULL, error, sizeof error), "CPU 1");
    assert_int_equal(el2sim_point_next(sim, 0), 0);
    assert_int_equal(el2sim_instructions(sim, 0), 0);
    el2sim_free(sim);
}

static void test_watchpoints(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_point p = point(EL2SIM_WATCH, "pa(0x44000000)");
    p.access = EL2SIM_READ;
    unsigned id = add(sim, &p);
    el2sim_stopped at = go(sim, NULL);
    assert_int_equal(at.point, id);
    assert_int_equal(at.address, HVC_COUNT);
    assert_int_equal(at.size, 8);
    assert_false(at.is_write);
    assert_true(el2sim_point_delete(sim, id));
    p = point(EL2SIM_WATCH_REGISTER, "ELR_EL2");
    id = add(sim, &p);
    at = go(sim, NULL);
    assert_int_equal(at.point, id);
    assert_int_equal(at.new_value, GUEST);
    assert_int_equal(at.old_value, 0);
    assert_true(el2sim_point_delete(sim, id));
    p = point(EL2SIM_CATCH_SYSREG, "SPSR_EL2");
    p.access = EL2SIM_WRITE;
    add(sim, &p);
    at = go(sim, NULL);
    assert_int_equal(at.kind, EL2SIM_CATCH_SYSREG);
    assert_int_equal(at.pc, 0x40080034);
    assert_true(at.is_write && at.new_value == 0x3c5);
    el2sim_free(sim);
}

static void test_catch_exit(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_point p = point(EL2SIM_CATCH_EXIT, NULL);
    p.ec = 0x16;
    p.iss = 1;
    p.iss_mask = 0xffff;  // hvc #1, the last
    unsigned id = add(sim, &p);
    el2sim_stopped at = go(sim, NULL);
    assert_int_equal(at.point, id);
    assert_int_equal(at.esr, 0x5a000001);
    assert_int_equal(at.pc, VECTORS + 0x400);
    assert_int_equal(at.el, 2);
    assert_int_equal(get(sim, "x0"), 0);
    el2sim_free(sim);
    sim = machine(rom, 1);
    p.iss_mask = 0;
    p.el = 0;
    add(sim, &p);  // EL0 makes none
    assert_int_equal(go(sim, NULL).why, EL2SIM_WHY_MACHINE);
    el2sim_free(sim);
}

// A caller that was built when the struct ended behind `pc` gets nothing behind it.
static void test_shorter_struct(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_stopped at;
    memset(&at, 0x55, sizeof at);
    at.struct_size = offsetof(el2sim_stopped, instructions);
    el2sim_request r = {
        .struct_size = offsetof(el2sim_request, first), .insns = 3, .first = 1, .end = 2};
    assert_true(el2sim_go(sim, &r, &at, error, sizeof error));
    assert_int_equal(at.pc, 0x4008000c);
    assert_int_equal(at.struct_size, offsetof(el2sim_stopped, instructions));
    assert_int_equal(at.instructions, 0x5555555555555555);
    assert_int_equal(el2sim_instructions(sim, 0), 3);
    el2sim_free(sim);
}

// --- running -------------------------------------------------------------------------------------

static void test_exact_counts(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 2);
    el2sim_stopped at = {.struct_size = sizeof at};
    assert_true(el2sim_run_to(sim, 0, 1234, &at, error, sizeof error));
    assert_int_equal(at.why, EL2SIM_WHY_STEPPED);
    assert_int_equal(at.instructions, 1234);
    assert_int_equal(el2sim_instructions(sim, 0), 1234);
    assert_true(el2sim_run_to(sim, 0, 1000, &at, error, sizeof error));  // is past it
    assert_int_equal(at.instructions, 1234);
    el2sim_request r = {.struct_size = sizeof r, .insns = 7};
    assert_int_equal(go(sim, &r).instructions, 1241);
    expect_error(el2sim_run_to(sim, 2, 1, &at, error, sizeof error), "CPU 2");
    el2sim_free(sim);
    // As without stops.
    sim = machine(rom, 1);
    for (uint64_t n = 1; n < 6020; n += 37)
        assert_true(el2sim_run_to(sim, 0, n, NULL, error, sizeof error));
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_POWEROFF);
    assert_int_equal(el2sim_instructions(sim, 0), 6020);
    el2sim_free(sim);
}

static void test_range(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_request r = {.struct_size = sizeof r, .first = 0x40080000, .end = 0x40080018};
    assert_int_equal(go(sim, &r).pc, 0x40080018);
    el2sim_free(sim);
}

static void test_step_with_points(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_point p = point(EL2SIM_BREAK, "0x40080004");
    add(sim, &p);
    assert_true(el2sim_step(sim, 0));
    assert_int_equal(get(sim, "pc"), 0x40080004);
    assert_int_equal(el2sim_instructions(sim, 0), 1);
    while (get(sim, "pc") == 0x40080004) el2sim_step(sim, 0);
    assert_int_equal(get(sim, "pc"), 0x40080008);
    assert_int_equal(el2sim_instructions(sim, 0), 2);
    el2sim_free(sim);
}

static void *interrupt(void *sim) {
    el2sim_interrupt(sim);
    return NULL;
}

static void test_interrupt(void **state) {
    (void)state;
    static const uint32_t loop = 0x14000000;
    el2sim *sim = machine(rom, 1);
    assert_true(el2sim_write_physical(sim, GUEST, &loop, sizeof loop));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt, sim), 0);
    el2sim_stopped at = go(sim, NULL);  // for ever otherwise
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(at.why, EL2SIM_WHY_INTERRUPT);
    // One that came between two runs.
    el2sim_interrupt(sim);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_DEBUG);
    el2sim_free(sim);
}

// --- state ---------------------------------------------------------------------------------------

static void test_values(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_value v = {.lo = 0x1122334455667788, .hi = 0x99aabbccddeeff00}, got;
    assert_true(el2sim_set(sim, 0, "v7", &v, error, sizeof error));
    assert_true(el2sim_get(sim, 0, "q7", &got, error, sizeof error));
    assert_true(got.lo == v.lo && got.hi == v.hi && got.bits == 128);
    assert_true(el2sim_get(sim, 0, "s7", &got, error, sizeof error));
    assert_true(got.lo == 0x55667788 && !got.hi && got.bits == 32);
    set(sim, "HCR_EL2.TGE", 1);
    assert_true(el2sim_get(sim, 0, "HCR_EL2.TGE", &got, error, sizeof error));
    assert_true(got.lo == 1 && got.bits == 1);
    assert_true(get(sim, "hcr_el2") == (1ull << 31 | 1 << 27));
    set(sim, "GICD_CTLR", 2);
    assert_int_equal(get(sim, "GICD_CTLR") & 2, 2);
    assert_int_equal(get(sim, "PSTATE.EL"), 2);
    expect_error(el2sim_get(sim, 0, "HCR_EL3", &got, error, sizeof error), "HCR_EL3");
    expect_error(el2sim_get(sim, 1, "x0", &got, error, sizeof error), "CPU 1");
    expect_error(el2sim_set(sim, 0, "MIDR_EL1", &v, error, sizeof error), "MIDR_EL1");
    el2sim_free(sim);
}

typedef struct Names {
    unsigned count, tge;
} Names;

static void on_name(void *arg, const char *name) {
    Names *n = arg;
    n->count++;
    n->tge += !strcmp(name, "HCR_EL2.TGE");
    assert_true(!strncmp(name, "HCR_EL2", 7));
}

static void test_names(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    Names n = {0};
    assert_true(el2sim_each_register(sim, 0, "HCR_EL2", false, on_name, &n));
    assert_int_equal(n.count, 1);
    assert_true(el2sim_each_register(sim, 0, "HCR_EL2", true, on_name, &n));
    assert_int_equal(n.tge, 1);
    assert_true(n.count > 30);
    assert_false(el2sim_each_register(sim, 1, "", false, on_name, &n));
    el2sim_free(sim);
}

static void test_expressions(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    el2sim_address a;
    set(sim, "x3", 40);
    assert_true(el2sim_evaluate(sim, 0, "x3 + 2", &a, error, sizeof error));
    assert_true(a.address == 42 && a.space == EL2SIM_VA_CURRENT);
    assert_true(el2sim_evaluate(sim, 0, "el2:0x1000", &a, error, sizeof error));
    assert_true(a.address == 0x1000 && a.space == EL2SIM_VA_EL && a.el == 2);
    assert_true(el2sim_evaluate(sim, 0, "vm7:ipa(0x2000)", &a, error, sizeof error));
    assert_true(a.address == 0x2000 && a.space == EL2SIM_IPA_VM && a.vmid == 7);
    assert_true(el2sim_evaluate(sim, 0, "ipa(0x2000)", &a, error, sizeof error));
    assert_int_equal(a.space, EL2SIM_IPA);
    assert_true(el2sim_evaluate(sim, 0, "vm3:0x3000", &a, error, sizeof error));
    assert_true(a.space == EL2SIM_VA_VM && a.vmid == 3);
    assert_true(el2sim_evaluate(sim, 0, "pa(0x4000)", &a, error, sizeof error));
    assert_int_equal(a.space, EL2SIM_PA);
    expect_error(el2sim_evaluate(sim, 0, "x3 +", &a, error, sizeof error), "");
    expect_error(el2sim_evaluate(sim, 4, "1", &a, error, sizeof error), "CPU 4");
    el2sim_free(sim);
}

// Stage 2 of VMID 5: IPA 0x40000000 (1 GB) is PA 0x40000000 read-only, the rest is not there.
static el2sim *with_stage2(void) {
    el2sim *sim = machine(rom, 1);
    const uint64_t table[2] = {0, 0x40000000 | 1 << 10 | 3 << 8 | 1 << 6 | 0xf << 2 | 1};
    assert_true(el2sim_write_physical(sim, STAGE2, table, sizeof table));
    set(sim, "VTTBR_EL2", 5ull << 48 | STAGE2);
    set(sim, "VTCR_EL2", 1u << 31 | 2 << 16 | 1 << 6 | 25);
    set(sim, "HCR_EL2", 1ull << 31 | 1);
    return sim;
}

static void test_walk(void **state) {
    (void)state;
    el2sim *sim = with_stage2();
    el2sim_translation t = {.struct_size = sizeof t};
    el2sim_address a = {.space = EL2SIM_VA_VM, .vmid = 5, .address = 0x40001234};
    assert_true(el2sim_walk(sim, 0, &a, false, &t, error, sizeof error));
    assert_int_equal(t.fault, EL2SIM_FAULT_NONE);
    assert_true(t.pa == 0x40001234 && t.ipa == 0x40001234);
    assert_true(t.stage2 & 4 && !(t.stage2 & 2) && t.stage1 == 7);
    assert_int_equal(t.steps, 1);
    assert_true(t.step[0].stage == 2 && t.step[0].level == 1 && t.step[0].at == STAGE2 + 8);
    assert_true(el2sim_walk(sim, 0, &a, true, &t, error, sizeof error));
    assert_int_equal(t.fault, EL2SIM_FAULT_PERMISSION);
    assert_true(t.fault_stage == 2 && t.fault_level == 1 && t.fault_ipa == 0x40001234);
    assert_non_null(strstr(t.fault_rule, "2"));
    assert_int_equal(t.pa, 0);
    a.address = 0x1000;
    assert_true(el2sim_walk(sim, 0, &a, false, &t, error, sizeof error));
    assert_int_equal(t.fault, EL2SIM_FAULT_TRANSLATION);
    a.space = EL2SIM_VA_EL;
    a.el = 2;
    a.address = 0x40001234;
    assert_true(el2sim_walk(sim, 0, &a, true, &t, error, sizeof error));
    assert_true(t.fault == EL2SIM_FAULT_NONE && t.steps == 0);  // off there
    a = (el2sim_address){.space = EL2SIM_VA_VM, .vmid = 6};
    expect_error(el2sim_walk(sim, 0, &a, false, &t, error, sizeof error), "vm6");
    a = (el2sim_address){.space = EL2SIM_VA_EL, .el = 3};
    expect_error(el2sim_walk(sim, 0, &a, false, &t, error, sizeof error), "EL3");
    el2sim_free(sim);
}

static void test_memory(void **state) {
    (void)state;
    el2sim *sim = with_stage2();
    uint64_t v = 0x1122334455667788, got = 0;
    // A debugger writes where the guest may only read.
    assert_true(
        el2sim_write_memory(sim, 0, "vm5:ipa(0x40300000)", &v, sizeof v, error, sizeof error));
    assert_true(
        el2sim_read_memory(sim, 0, "el2:0x40300000", &got, sizeof got, error, sizeof error));
    assert_true(got == v);
    el2sim_address a = {.space = EL2SIM_PA, .address = 0x40300004};
    uint32_t half = 0xaa55aa55;
    assert_true(el2sim_write_at(sim, 0, &a, &half, sizeof half, error, sizeof error));
    a = (el2sim_address){.space = EL2SIM_IPA, .address = 0x40300000};
    assert_true(el2sim_read_at(sim, 0, &a, &got, sizeof got, error, sizeof error));
    assert_true(got == 0xaa55aa5555667788);
    expect_error(el2sim_read_memory(sim, 0, "vm5:0x1000", &got, sizeof got, error, sizeof error),
                 "0x1000");
    expect_error(el2sim_read_memory(sim, 0, "pa(0x9000000)", &got, sizeof got, error, sizeof error),
                 "device");
    el2sim_free(sim);
}

static void test_symbols(void **state) {
    (void)state;
    el2sim *sim = machine(demo, 1);
    char spec[sizeof demo + 8];
    snprintf(spec, sizeof spec, "el2:%s", demo);
    const char *name;
    uint64_t offset;
    el2sim_address a;
    expect_error(el2sim_evaluate(sim, 0, "el2:vm_enter", &a, error, sizeof error), "vm_enter");
    assert_true(el2sim_add_symbols(sim, spec, error, sizeof error));
    expect_error(el2sim_add_symbols(sim, "/nonexistent", error, sizeof error), "/nonexistent");
    assert_true(el2sim_evaluate(sim, 0, "el2:vm_enter + 4", &a, error, sizeof error));
    assert_true(el2sim_symbol_at(sim, 0, &a, &name, &offset));
    assert_string_equal(name, "vm_enter");
    assert_int_equal(offset, 4);
    a = (el2sim_address){.space = EL2SIM_VA_VM, .vmid = 1, .address = a.address};
    assert_false(el2sim_symbol_at(sim, 0, &a, &name, &offset));  // EL2's, not the VM's
    el2sim_point p = point(EL2SIM_BREAK, "el2:vm_enter");
    add(sim, &p);
    assert_int_equal(go(sim, NULL).pc, a.address - 4);
    el2sim_free(sim);
}

// --- subscribers ---------------------------------------------------------------------------------

static void on_event(void *arg, const el2sim_event *e) {
    if (!e->is_return) ++*(unsigned *)arg;
}

static void test_listeners(void **state) {
    (void)state;
    el2sim *sim = machine(rom, 1);
    unsigned a = 0, b = 0, c = 0;
    unsigned first = el2sim_add_listener(sim, on_event, &a);
    unsigned second = el2sim_add_listener(sim, on_event, &b);
    el2sim_subscribe(sim, on_event, &c);
    assert_true(el2sim_run_to(sim, 0, 600, NULL, error, sizeof error));
    assert_true(a > 50 && a == b && a == c);
    assert_true(el2sim_remove_listener(sim, first));
    assert_false(el2sim_remove_listener(sim, first));
    el2sim_subscribe(sim, NULL, NULL);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_POWEROFF);
    assert_int_equal(b, 1001);
    assert_true(el2sim_remove_listener(sim, second));
    assert_true(a < 1001 && a == c);
    el2sim_free(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breakpoint),       cmocka_unit_test(test_point_list),
        cmocka_unit_test(test_points_refused),   cmocka_unit_test(test_watchpoints),
        cmocka_unit_test(test_catch_exit),       cmocka_unit_test(test_shorter_struct),
        cmocka_unit_test(test_exact_counts),     cmocka_unit_test(test_range),
        cmocka_unit_test(test_step_with_points), cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_values),           cmocka_unit_test(test_names),
        cmocka_unit_test(test_expressions),      cmocka_unit_test(test_walk),
        cmocka_unit_test(test_memory),           cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_listeners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
