// The library's interface (include/el2sim/el2sim.h), through that header alone.
#include <el2sim/el2sim.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE = 0x40080000, TABLES = 0x40200000, VECTORS = 0x40300000 };
static const char rom[] = BUILD_DIR "/roms/hvcn.elf";
static const uint64_t hvc_count = 0x44000000;

static el2sim *create(const el2sim_config *config) {
    char error[256] = "";
    el2sim *sim = el2sim_create(config, error, sizeof error);
    if (!sim) fail_msg("%s", error);
    return sim;
}

static void load(el2sim *sim, const char *kernel) {
    char error[256] = "";
    el2sim_boot boot = {.kernel = kernel};
    if (!el2sim_load(sim, &boot, error, sizeof error)) fail_msg("%s", error);
}

// A machine at EL2 about to execute these words at CODE.
static el2sim *machine_with(const uint32_t *words, size_t n, unsigned cpus) {
    el2sim_config config = {.cpus = cpus};
    el2sim *sim = create(&config);
    load(sim, rom);
    assert_true(el2sim_write_physical(sim, CODE, words, n));
    assert_true(el2sim_write_register(sim, 0, "pc", CODE));
    return sim;
}
#define MACHINE(words) machine_with(words, sizeof words, 1)

static uint64_t get(el2sim *sim, const char *name) {
    uint64_t value = 0x5151;
    if (!el2sim_read_register(sim, 0, name, &value)) fail_msg("cannot read %s", name);
    return value;
}
static void set(el2sim *sim, const char *name, uint64_t value) {
    if (!el2sim_write_register(sim, 0, name, value)) fail_msg("cannot write %s", name);
}
static bool can_read(el2sim *sim, const char *name) {
    uint64_t value;
    return el2sim_read_register(sim, 0, name, &value);
}

// --- errors --------------------------------------------------------------------------------------

static void check_line(const char *error, const char *part) {
    if (!strstr(error, part)) fail_msg("no '%s' in '%s'", part, error);
    assert_null(strchr(error, '\n'));
}

static void refuse_create(const el2sim_config *config, const char *part) {
    char error[256] = "";
    assert_null(el2sim_create(config, error, sizeof error));
    check_line(error, part);
    assert_null(el2sim_create(config, NULL, 0));
}

static void test_create_refuses(void **state) {
    (void)state;
    refuse_create(&(el2sim_config){.cpu = "z80"}, "z80");
    refuse_create(&(el2sim_config){.cpus = 9, .gic_version = 2}, "8");
    refuse_create(&(el2sim_config){.cpus = 100000}, "CPUs");
    refuse_create(&(el2sim_config){.gic_version = 4}, "4");
    refuse_create(&(el2sim_config){.gic_version = -1}, "-1");
    refuse_create(&(el2sim_config){.ram_size = 65ull << 30}, "64 GB");
    char small[8] = "";
    assert_null(el2sim_create(&(el2sim_config){.cpu = "z80"}, small, sizeof small));
    assert_int_equal(strlen(small), sizeof small - 1);
    el2sim_free(NULL);
}

static void refuse_load(el2sim *sim, const el2sim_boot *boot, const char *part) {
    char error[256] = "";
    assert_false(el2sim_load(sim, boot, error, sizeof error));
    check_line(error, part);
    assert_false(el2sim_load(sim, boot, NULL, 0));
}

static void test_load_refuses(void **state) {
    (void)state;
    el2sim *sim = create(&(el2sim_config){0});
    refuse_load(sim, &(el2sim_boot){.kernel = "/nonexistent"}, "/nonexistent");
    refuse_load(sim, &(el2sim_boot){.kernel = "/"}, "directory");
    refuse_load(sim, &(el2sim_boot){.kernel = rom, .initrd = "/nonexistent"}, "/nonexistent");
    refuse_load(sim, &(el2sim_boot){.kernel = rom, .dtb = rom}, "device tree");
    refuse_load(sim, &(el2sim_boot){.initrd = rom}, "kernel");
    load(sim, rom);
    refuse_load(sim, &(el2sim_boot){.kernel = rom}, "already");
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_POWEROFF);
    el2sim_free(sim);
}

static void test_nothing_loaded(void **state) {
    (void)state;
    el2sim *sim = create(&(el2sim_config){0});
    assert_string_equal(el2sim_stop_text(sim), "");
    assert_false(el2sim_step(sim, 0));
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_DEADLOCK);
    assert_true(strlen(el2sim_stop_text(sim)) > 10);
    assert_int_equal(el2sim_instructions(sim, 0), 0);
    el2sim_free(sim);
}

static void test_no_such_cpu(void **state) {
    (void)state;
    el2sim *sim = create(&(el2sim_config){.cpus = 2});
    uint64_t value;
    assert_true(el2sim_read_register(sim, 1, "x0", &value));
    assert_false(el2sim_read_register(sim, 2, "x0", &value));
    assert_false(el2sim_write_register(sim, 2, "x0", 1));
    assert_false(el2sim_translate(sim, 2, CODE, &value));
    assert_false(el2sim_step(sim, 2));
    assert_int_equal(el2sim_instructions(sim, 2), 0);
    el2sim_free(sim);
}

// --- run and step --------------------------------------------------------------------------------

static void test_run_in_portions(void **state) {
    (void)state;
    // add x0, x0, #1; mrs x1, CNTPCT_EL0; b .-8
    static const uint32_t words[] = {0x91000400, 0xd53be021, 0x17fffffe};
    el2sim *sim = MACHINE(words);
    set(sim, "x0", 0);
    static const uint64_t portions[] = {1, 1000, 1, 1023, 1024, 1025, 5000001, 3};
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++) {
        assert_int_equal(el2sim_run(sim, portions[i]), EL2SIM_RUNNING);
        n += portions[i];
        assert_int_equal(el2sim_instructions(sim, 0), n);
        assert_int_equal(get(sim, "x0"), (n + 2) / 3);
    }
    // Steps go on in the slice that the last portion left, and time with them: 16 ns a tick.
    uint64_t ticks = get(sim, "x1");
    for (int i = 0; i < 48; i++) assert_true(el2sim_step(sim, 0));
    assert_int_equal(el2sim_instructions(sim, 0), n + 48);
    assert_int_equal(get(sim, "x1"), ticks + 3);
    el2sim_free(sim);
}

static void test_step(void **state) {
    (void)state;
    static const uint32_t words[] = {
        0xd2800540,  // mov x0, #42
        0x8b000001,  // add x1, x0, x0
        0xd5033fdf,  // isb
        0xd4000002,  // hvc #0
        0xd503207f,  // wfi, at VBAR + 0x200 below: what the vector does
    };
    el2sim *sim = MACHINE(words);
    set(sim, "VBAR_EL2", VECTORS);
    assert_true(el2sim_write_physical(sim, VECTORS + 0x200, &words[4], 4));
    static const uint64_t pc[] = {CODE + 4, CODE + 8, CODE + 12, VECTORS + 0x200, VECTORS + 0x204};
    for (unsigned i = 0; i < 5; i++) {
        assert_true(el2sim_step(sim, 0));
        assert_int_equal(get(sim, "pc"), pc[i]);
        assert_int_equal(el2sim_instructions(sim, 0), i + 1);
    }
    assert_int_equal(get(sim, "x0"), 42);
    assert_int_equal(get(sim, "x1"), 84);
    assert_int_equal(get(sim, "ELR_EL2"), CODE + 16);
    assert_int_equal(get(sim, "ESR_EL2"), 0x5a000000);
    assert_false(el2sim_step(sim, 0));  // it sleeps
    el2sim_free(sim);
}

// Stepping and running are the same machine: all registers, after every instruction of hvcn.
static void test_step_is_run(void **state) {
    (void)state;
    static const uint64_t n = 20;
    el2sim *run = create(&(el2sim_config){0}), *step = create(&(el2sim_config){0});
    load(run, rom);
    load(step, rom);
    assert_true(el2sim_write_physical(run, hvc_count, &n, sizeof n));
    assert_true(el2sim_write_physical(step, hvc_count, &n, sizeof n));
    assert_int_equal(el2sim_run(run, 0), EL2SIM_POWEROFF);
    uint64_t steps = 0;
    while (el2sim_step(step, 0)) steps++;
    assert_int_equal(steps, el2sim_instructions(run, 0));
    assert_int_equal(el2sim_instructions(step, 0), el2sim_instructions(run, 0));
    static const char *const names[] = {"x0", "x1",      "x2",      "pc",       "pstate",
                                        "sp", "ESR_EL2", "ELR_EL2", "SPSR_EL2", "HCR_EL2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(get(run, names[i]), get(step, names[i]));
    assert_int_equal(el2sim_run(step, 0), EL2SIM_POWEROFF);
    el2sim_free(run);
    el2sim_free(step);
}

static void test_ends(void **state) {
    (void)state;
    // SYSTEM_RESET: mov w0, #9; movk w0, #0x8400, lsl #16; smc #0
    static const uint32_t reset[] = {0x52800120, 0x72b08000, 0xd4000003};
    el2sim *sim = MACHINE(reset);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_RESET);
    el2sim_free(sim);
    // br to where nothing is, and so are the vectors
    static const uint32_t nowhere[] = {0xd2a60000, 0xd51cc000, 0xd61f0000};
    sim = MACHINE(nowhere);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_LOCKUP);
    assert_true(strlen(el2sim_stop_text(sim)) > 10);
    assert_false(el2sim_step(sim, 0));
    el2sim_free(sim);
    // Semihosting SYS_EXIT: mov w0, #0x18; adr x1, .+12; hlt #0xf000; b .; 0x20026, 42
    static const uint32_t leave[] = {0x52800300, 0x10000061, 0xd45e0000, 0x14000000,
                                     0x20026,    0,          42,         0};
    sim = create(&(el2sim_config){.semihosting = true});
    load(sim, rom);
    assert_true(el2sim_write_physical(sim, CODE, leave, sizeof leave));
    set(sim, "pc", CODE);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_EXIT);
    assert_int_equal(el2sim_exit_code(sim), 42);
    el2sim_free(sim);
}

// --- registers -----------------------------------------------------------------------------------

static void test_general_registers(void **state) {
    (void)state;
    static const uint32_t nop[] = {0xd503201f};
    el2sim *sim = MACHINE(nop);
    for (unsigned i = 0; i < 31; i++) {
        char name[8];
        snprintf(name, sizeof name, i & 1 ? "X%u" : "x%u", i);
        const uint64_t value = 0x1000000000000000 + i;
        set(sim, name, value);
        assert_true(get(sim, name) == value);
    }
    assert_true(get(sim, "x0") == 0x1000000000000000 && get(sim, "x30") == 0x100000000000001e);
    static const char *const bad[] = {"",    "x",       "x31",  "x32",       "x-1",
                                      "x+1", "x 1",     "x1 ",  "x1a",       "SP_EL3",
                                      "y0",  "HCR_EL3", "hcr_", "TLBI ALLE1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (can_read(sim, bad[i])) fail_msg("'%s' can be read", bad[i]);
        if (el2sim_write_register(sim, 0, bad[i], 0)) fail_msg("'%s' can be written", bad[i]);
    }
    el2sim_free(sim);
}

// "sp" is the one that is selected; SP_ELx stay what they are.
static void test_stack_pointers(void **state) {
    (void)state;
    static const uint32_t nop[] = {0xd503201f};
    el2sim *sim = MACHINE(nop);
    assert_int_equal(get(sim, "pstate") & 15, 9);  // EL2h
    set(sim, "SP_EL0", 0x1000);
    set(sim, "sp_el1", 0x2000);
    set(sim, "sp", 0x3000);
    assert_int_equal(get(sim, "SP_EL2"), 0x3000);
    static const struct {
        unsigned pstate, sp;
    } modes[] = {
        {0x3c8, 0x1000}, {0x3c5, 0x2000}, {0x3c0, 0x1000}, {0x3c4, 0x1000}, {0x3c9, 0x3000}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        set(sim, "pstate", modes[i].pstate);
        assert_int_equal(get(sim, "pstate"), modes[i].pstate);
        assert_int_equal(get(sim, "CurrentEL"), modes[i].pstate & 12);
        assert_int_equal(get(sim, "sp"), modes[i].sp);
        assert_int_equal(get(sim, "SP_EL0"), 0x1000);
        assert_int_equal(get(sim, "SP_EL1"), 0x2000);
        assert_int_equal(get(sim, "SP_EL2"), 0x3000);
    }
    el2sim_free(sim);
}

static void test_pstate(void **state) {
    (void)state;
    static const uint32_t nop[] = {0xd503201f};
    el2sim *sim = MACHINE(nop);
    set(sim, "pstate", 0xa00003c5);
    assert_true(get(sim, "pstate") == 0xa00003c5);
    assert_true(get(sim, "NZCV") == 0xa0000000);
    assert_int_equal(get(sim, "DAIF"), 0x3c0);
    assert_int_equal(get(sim, "SPSel"), 1);
    set(sim, "NZCV", 0x50000000);
    set(sim, "DAIF", 0x80);
    assert_true(get(sim, "pstate") == 0x50000085);
    static const unsigned bad[] = {1, 2, 3, 6, 7, 10, 11, 12, 13, 15, 0x10, 0x13, 0x1f};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (el2sim_write_register(sim, 0, "pstate", bad[i])) fail_msg("pstate 0x%x", bad[i]);
    assert_true(get(sim, "pstate") == 0x50000085);
    el2sim_free(sim);
    sim = create(&(el2sim_config){.no_el2 = true});
    assert_int_equal(get(sim, "pstate") & 15, 5);
    assert_false(el2sim_write_register(sim, 0, "pstate", 9));
    el2sim_free(sim);
}

static void test_system_registers(void **state) {
    (void)state;
    static const uint32_t nop[] = {0xd503201f};
    el2sim *sim = MACHINE(nop);
    set(sim, "ttbr0_el1", 0x123456789abcdef0);
    assert_true(get(sim, "TTBR0_EL1") == 0x123456789abcdef0);
    // RES0 and RES1 bits of a CPU without VHE; E2H is not there.
    set(sim, "HCR_EL2", ~0ull);
    uint64_t hcr = get(sim, "HCR_EL2");
    assert_true(hcr & 1ull << 31 && !(hcr & 1ull << 34) && !(hcr >> 56));
    set(sim, "HCR_EL2", 0);
    assert_true(get(sim, "HCR_EL2") == 1ull << 31);  // RES1: EL1 is AArch64
    set(sim, "SCTLR_EL2", 0);
    assert_int_equal(get(sim, "SCTLR_EL2"), 0x30c50830);
    set(sim, "SCTLR_EL2", ~0ull);
    assert_int_equal(get(sim, "SCTLR_EL2") & 0x3f, 0x3f);
    set(sim, "SCTLR_EL2", 0);
    // What is behind functions: identification, timers, list registers.
    assert_int_equal(get(sim, "MIDR_EL1") >> 4 & 0xfff, 0xd08);  // Cortex-A72
    assert_true(get(sim, "MPIDR_EL1") == 0x80000000);
    assert_int_equal(get(sim, "CNTFRQ_EL0"), 62500000);
    set(sim, "CNTV_CVAL_EL0", 12345);
    assert_int_equal(get(sim, "CNTV_CVAL_EL0"), 12345);
    set(sim, "CNTVOFF_EL2", 1000);
    assert_true(get(sim, "CNTPCT_EL0") - get(sim, "CNTVCT_EL0") == 1000);
    set(sim, "ICH_LR1_EL2", 0x50a000000000001b);
    assert_true(get(sim, "ICH_LR1_EL2") == 0x50a000000000001b);
    assert_int_equal(get(sim, "ICH_ELRSR_EL2"), 0xd);
    set(sim, "ICC_PMR_EL1", 0xf0);
    assert_int_equal(get(sim, "ICC_PMR_EL1"), 0xf0);
    // ... whatever level the CPU is at
    set(sim, "pstate", 0x3c0);
    assert_int_equal(get(sim, "CNTV_CVAL_EL0"), 12345);
    assert_int_equal(get(sim, "ICC_PMR_EL1"), 0xf0);
    assert_int_equal(get(sim, "MIDR_EL1") >> 4 & 0xfff, 0xd08);
    assert_int_equal(get(sim, "CurrentEL"), 0);
    assert_int_equal(get(sim, "pc"), CODE);
    el2sim_free(sim);
}

static void test_register_directions(void **state) {
    (void)state;
    el2sim *sim = create(&(el2sim_config){.cpu = "cortex-a72"});
    uint64_t midr = get(sim, "MIDR_EL1"), mmfr = get(sim, "ID_AA64MMFR0_EL1");
    assert_false(el2sim_write_register(sim, 0, "MIDR_EL1", 0));
    assert_false(el2sim_write_register(sim, 0, "ID_AA64MMFR0_EL1", 0));
    assert_true(get(sim, "MIDR_EL1") == midr && get(sim, "ID_AA64MMFR0_EL1") == mmfr && mmfr);
    assert_false(can_read(sim, "OSLAR_EL1"));
    assert_false(can_read(sim, "ICC_SGI1R_EL1"));
    assert_false(can_read(sim, "ICC_IAR1_EL1"));
    assert_false(can_read(sim, "TTBR1_EL2"));  // VHE's
    assert_false(can_read(sim, "SCTLR_EL12"));
    assert_false(can_read(sim, "APIAKeyLo_EL1"));
    assert_false(el2sim_write_register(sim, 0, "APIAKeyLo_EL1", 1));
    el2sim_free(sim);
    sim = create(&(el2sim_config){.cpu = "max"});
    assert_false(can_read(sim, "RNDR"));  // it would take the guest's number
    set(sim, "APIAKeyLo_EL1", 7);
    assert_int_equal(get(sim, "APIAKeyLo_EL1"), 7);
    set(sim, "TTBR1_EL2", 0x1000);
    set(sim, "ELR_EL12", 0x4444);
    assert_int_equal(get(sim, "ELR_EL1"), 0x4444);
    el2sim_free(sim);
    sim = create(&(el2sim_config){.gic_version = 2});
    assert_false(can_read(sim, "ICC_PMR_EL1"));
    el2sim_free(sim);
}

// --- memory --------------------------------------------------------------------------------------

static void test_physical_memory(void **state) {
    (void)state;
    el2sim *sim = create(&(el2sim_config){.ram_size = 32 << 20});
    const uint64_t end = 0x40000000 + (32 << 20);
    char out[16] = "fifteen letters", in[16];
    assert_true(el2sim_write_physical(sim, end - 16, out, 16));
    assert_true(el2sim_read_physical(sim, end - 16, in, 16));
    assert_memory_equal(in, out, 16);
    assert_true(el2sim_write_physical(sim, 0x40000ffb, out, 16));  // unaligned, two pages
    assert_true(el2sim_read_physical(sim, 0x40000ffb, in, 16));
    assert_memory_equal(in, out, 16);
    assert_false(el2sim_read_physical(sim, end - 15, in, 16));
    assert_false(el2sim_write_physical(sim, end - 15, out, 16));
    assert_false(el2sim_read_physical(sim, 0x3ffffff8, in, 16));
    assert_false(el2sim_read_physical(sim, 0x09000000, in, 4));  // the UART: no memory
    assert_false(el2sim_write_physical(sim, 0x09000000, out, 4));
    assert_false(el2sim_read_physical(sim, ~0ull - 3, in, 16));
    assert_true(el2sim_read_physical(sim, 0x40000000, in, 0));
    el2sim_free(sim);
}

// Code that was executed and is then written through the interface is decoded again.
static void test_written_code(void **state) {
    (void)state;
    static const uint32_t words[] = {0xd2800020, 0x17ffffff},
                          other = 0xd2800040;  // mov x0, #1 / #2
    el2sim *sim = MACHINE(words);
    for (int i = 0; i < 5; i++) assert_true(el2sim_step(sim, 0));
    assert_int_equal(get(sim, "x0"), 1);
    assert_true(el2sim_write_physical(sim, CODE, &other, sizeof other));
    for (int i = 0; i < 2; i++) assert_true(el2sim_step(sim, 0));
    assert_int_equal(get(sim, "x0"), 2);
    el2sim_free(sim);
}

static void test_translate(void **state) {
    (void)state;
    static const uint32_t nop[] = {0xd503201f};
    el2sim *sim = MACHINE(nop);
    uint64_t pa = 1;
    assert_true(el2sim_translate(sim, 0, 0x40001234, &pa));  // MMU off
    assert_int_equal(pa, 0x40001234);
    assert_false(el2sim_translate(sim, 0, 1ull << 50, &pa));
    // EL2: 39 bits, 4 KB. A 1 GB block from 0 to 0x40000000, and 2 MB at 1 GB to 0x40400000.
    const uint64_t level1[2] = {0x40000000 | 0x701, (TABLES + 0x1000) | 3};
    const uint64_t level2[1] = {0x40400000 | 0x701};
    assert_true(el2sim_write_physical(sim, TABLES, level1, sizeof level1));
    assert_true(el2sim_write_physical(sim, TABLES + 0x1000, level2, sizeof level2));
    set(sim, "TTBR0_EL2", TABLES);
    set(sim, "TCR_EL2", 1u << 31 | 1 << 23 | 2 << 16 | 25);
    set(sim, "MAIR_EL2", 0xff);
    set(sim, "SCTLR_EL2", 0x30c50831);
    assert_true(el2sim_translate(sim, 0, 0x1234, &pa));
    assert_int_equal(pa, 0x40001234);
    assert_true(el2sim_translate(sim, 0, 0x40054321, &pa));
    assert_int_equal(pa, 0x40454321);
    assert_false(el2sim_translate(sim, 0, 0x40200000, &pa));  // nothing there
    assert_false(el2sim_translate(sim, 0, 1ull << 39, &pa));
    // The fault left no trace, and EL1's translation is off.
    assert_int_equal(get(sim, "ESR_EL2"), 0);
    assert_int_equal(get(sim, "FAR_EL2"), 0);
    set(sim, "pstate", 0x3c5);
    assert_true(el2sim_translate(sim, 0, 0x40054321, &pa));
    assert_int_equal(pa, 0x40054321);
    el2sim_free(sim);
}

// --- events --------------------------------------------------------------------------------------

typedef struct Seen {
    unsigned entries, returns;
    uint64_t last_instructions;
    el2sim_event first, last;
} Seen;

static void on_event(void *arg, const el2sim_event *event) {
    Seen *seen = arg;
    if (!seen->entries && !seen->returns) seen->first = *event;
    seen->last = *event;
    event->is_return ? seen->returns++ : seen->entries++;
    assert_true(event->instructions >= seen->last_instructions);
    assert_true(event->is_return ? event->to_el <= event->from_el : event->to_el >= event->from_el);
    seen->last_instructions = event->instructions;
}

static void test_events(void **state) {
    (void)state;
    static const uint64_t n = 123;
    el2sim *sim = create(&(el2sim_config){0});
    load(sim, rom);
    assert_true(el2sim_write_physical(sim, hvc_count, &n, sizeof n));
    Seen seen = {0};
    el2sim_subscribe(sim, on_event, &seen);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_POWEROFF);
    assert_int_equal(seen.entries, n + 1);
    assert_int_equal(seen.returns, n + 1);
    assert_true(seen.first.is_return && seen.first.from_el == 2 && seen.first.to_el == 1);
    assert_true(seen.first.spsr == 0x3c5);
    assert_true(!seen.last.is_return && seen.last.from_el == 1 && seen.last.to_el == 2);
    assert_int_equal(seen.last.esr, 0x5a000001);
    assert_int_equal(seen.last.from_pc, get(sim, "ELR_EL2"));
    assert_int_equal(seen.last.to_pc, get(sim, "VBAR_EL2") + 0x400);
    assert_null(seen.last.rule);  // an HVC goes to EL2 anyway
    assert_int_equal(seen.last.cpu, 0);
    el2sim_free(sim);
}

static void test_event_of_a_trap(void **state) {
    (void)state;
    static const uint32_t words[] = {0xd5182003};  // msr ttbr0_el1, x3
    el2sim *sim = MACHINE(words);
    set(sim, "HCR_EL2", 1ull << 31 | 1 << 26);
    set(sim, "pstate", 0x800003c5);
    Seen seen = {0};
    el2sim_subscribe(sim, on_event, &seen);
    assert_true(el2sim_step(sim, 0));
    assert_int_equal(seen.entries, 1);
    assert_string_equal(seen.last.rule, "HCR_EL2.TVM");
    // EC 0x18, IL, op0 3, op1 0, CRn 2, CRm 0, op2 0, Rt 3, write
    assert_int_equal(seen.last.esr, 0x62000000 | 3 << 20 | 2 << 10 | 3 << 5);
    assert_int_equal(seen.last.from_pc, CODE);
    assert_true(seen.last.spsr == 0x800003c5);
    el2sim_free(sim);
}

static void test_unsubscribe(void **state) {
    (void)state;
    el2sim *sim = create(&(el2sim_config){0});
    load(sim, rom);
    Seen seen = {0};
    el2sim_subscribe(sim, on_event, &seen);
    for (int i = 0; i < 100; i++) el2sim_step(sim, 0);
    unsigned entries = seen.entries;
    assert_true(entries > 5);
    el2sim_subscribe(sim, NULL, NULL);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_POWEROFF);
    assert_int_equal(seen.entries, entries);
    el2sim_free(sim);
}

// --- two machines in one process -----------------------------------------------------------------

// FNV-1a over every event.
static void on_hash(void *arg, const el2sim_event *e) {
    uint64_t *hash = arg;
    uint64_t words[] = {
        e->cpu, e->is_return, (uint64_t)e->from_el, (uint64_t)e->to_el, e->from_pc, e->to_pc,
        e->esr, e->spsr,      e->instructions};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        *hash = (*hash ^ words[i]) * 0x100000001b3;
}

static const char demo[] = BUILD_DIR "/roms/demo.elf";

static el2sim *hashed_machine(const char *kernel, uint64_t *hash) {
    el2sim *sim = create(&(el2sim_config){0});
    load(sim, kernel);
    *hash = 0xcbf29ce484222325;
    el2sim_subscribe(sim, on_hash, hash);
    return sim;
}

static void test_two_machines(void **state) {
    (void)state;
    uint64_t alone, hash[3];
    el2sim *sim = hashed_machine(demo, &alone);
    assert_int_equal(el2sim_run(sim, 0), EL2SIM_POWEROFF);
    uint64_t instructions = el2sim_instructions(sim, 0);
    assert_true(instructions > 100000);
    el2sim_free(sim);
    // Two of the same and one other, taking turns; one of them goes in small portions.
    el2sim *sims[3] = {hashed_machine(demo, &hash[0]), hashed_machine(demo, &hash[1]),
                       hashed_machine(rom, &hash[2])};
    bool off[3] = {false};
    static const uint64_t portion[3] = {17, 100000, 30000};
    while (!(off[0] && off[1] && off[2]))
        for (int i = 0; i < 3; i++) {
            if (off[i]) continue;
            el2sim_stop stop = el2sim_run(sims[i], portion[i]);
            off[i] = stop == EL2SIM_POWEROFF;
            assert_true(off[i] || stop == EL2SIM_RUNNING);
        }
    assert_int_equal(el2sim_instructions(sims[0], 0), instructions);
    assert_int_equal(el2sim_instructions(sims[1], 0), instructions);
    assert_true(hash[0] == alone && hash[1] == alone);
    assert_true(hash[2] != alone);
    assert_int_equal(el2sim_instructions(sims[2], 0), 6020);
    for (int i = 0; i < 3; i++) el2sim_free(sims[i]);
}

static void test_machines_have_own_memory(void **state) {
    (void)state;
    el2sim *a = create(&(el2sim_config){0}), *b = create(&(el2sim_config){.cpu = "max"});
    uint64_t v = 7;
    assert_true(el2sim_write_physical(a, CODE, &v, 8));
    assert_true(el2sim_read_physical(b, CODE, &v, 8));
    assert_int_equal(v, 0);
    set(a, "TTBR0_EL1", 0x1000);
    set(a, "x5", 5);
    assert_int_equal(get(b, "TTBR0_EL1"), 0);
    assert_int_equal(get(b, "x5"), 0);
    el2sim_free(a);
    set(b, "x5", 6);
    el2sim_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_load_refuses),
        cmocka_unit_test(test_nothing_loaded),
        cmocka_unit_test(test_no_such_cpu),
        cmocka_unit_test(test_run_in_portions),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_step_is_run),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_general_registers),
        cmocka_unit_test(test_stack_pointers),
        cmocka_unit_test(test_pstate),
        cmocka_unit_test(test_system_registers),
        cmocka_unit_test(test_register_directions),
        cmocka_unit_test(test_physical_memory),
        cmocka_unit_test(test_written_code),
        cmocka_unit_test(test_translate),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_event_of_a_trap),
        cmocka_unit_test(test_unsubscribe),
        cmocka_unit_test(test_two_machines),
        cmocka_unit_test(test_machines_have_own_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
