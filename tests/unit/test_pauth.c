// Pointer authentication: the cipher, where the code goes, enables and traps.
#include "cpu/cpu_models.h"
#include "cpu/pauth.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static Machine machine;
static Cpu *cpu;

static void set_el(unsigned el) {
    cpu->pstate = el << PSTATE_EL_SHIFT | (el ? PSTATE_SP : 0);
    cpu->el = (u8)el;
    tlb_context_changed(cpu);
}

static int setup(void **state) {
    (void)state;
    memset(&machine, 0, sizeof machine);
    cpu = aligned_alloc(64, align_up(sizeof *cpu, 64));
    memset(cpu, 0, sizeof *cpu);
    cpu->machine = &machine;
    cpu->features = machine.features;
    machine.cpu = &cpu;
    machine.cpus = 1;
    machine.config = (MachineConfig){.cpu_model = "max", .el2 = true, .gic_version = 3};
    assert_true(cpu_model_features(&machine, "max", NULL));
    tlb_init(cpu);
    cpu_model_reset(cpu, "max");
    cpu->sys.APIAKeyLo_EL1 = 0x1111222233334444;
    cpu->sys.APIAKeyHi_EL1 = 0x5555666677778888;
    cpu->sys.APIBKeyLo_EL1 = 0x1234;
    cpu->sys.APDAKeyLo_EL1 = 0x5678;
    cpu->sys.APDBKeyHi_EL1 = 0x9abc;
    cpu->sys.APGAKeyHi_EL1 = 0xdef0;
    cpu->sys.SCTLR_EL1 = cpu->sys.SCTLR_EL2 = 1ull << 31 | 1ull << 30 | 1ull << 27 | 1ull << 13;
    cpu->sys.TCR_EL1 = 16 | 16ull << 16;  // 48 bits in both ranges
    cpu->sys.HCR_EL2 = 1ull << HCR_API | 1ull << HCR_APK | 1ull << HCR_RW;
    set_el(1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    tlb_free(cpu);
    free(cpu);
    return 0;
}

static void use_qarma(void) {
    machine.features[FEAT_PACQARMA5 / 64] |= 1ull << FEAT_PACQARMA5 % 64;
}

// The cipher's published test vector (sigma 2, five forward and five backward rounds).
static void test_qarma5(void **state) {
    (void)state;
    assert_int_equal(pauth_qarma5(0xfb623599da6e8127, 0x477d469dec0b8762, 0x84be85ce9804e94b,
                                  0xec2802d4e0a488e9),
                     0xc003b93999b33765);
}

static void check_key(u64 ptr, u64 modifier, PacKey key) {
    u64 code_bits = ptr >> 55 & 1 ? ~ptr : ptr;
    assert_int_equal(code_bits >> 48, 0);
    u64 pac = pauth_add(cpu, ptr, modifier, key);
    assert_int_equal(pac & ones(48), ptr & ones(48));
    assert_int_equal(bit(pac, 55), bit(ptr, 55));
    assert_int_equal(pauth_auth(cpu, pac, modifier, key), ptr);
    assert_int_equal(pauth_strip(cpu, pac, key >= PAC_DA), ptr);
    u64 error = key == PAC_IA || key == PAC_DA ? 1 : 2;
    u64 bad = set_bits(ptr, 62, 61, error);
    assert_int_equal(pauth_auth(cpu, pac ^ 1ull << 50, modifier, key), bad);
    if (pauth_add(cpu, ptr, modifier + 8, key) != pac)
        assert_int_equal(pauth_auth(cpu, pac, modifier + 8, key), bad);
}

static void check_all(void) {
    unsigned changed = 0;
    for (unsigned i = 0; i < 200; i++) {
        u64 low = (0x400000 + i * 0x123456789ull) & ones(47);
        u64 ptr = i & 1 ? low : low | ~0ull << 48;
        check_key(ptr, i * 0x77777, (PacKey)(i / 2 % 4));
        changed += pauth_add(cpu, ptr, i, PAC_IA) != ptr;
    }
    assert_true(changed > 190);
}

static void test_add_and_auth(void **state) {
    (void)state;
    check_all();
    use_qarma();
    check_all();
    // Value worked out with the cipher alone: bits 54:48 and 63:56 are the code's.
    u64 pac =
        pauth_qarma5(0x0000aaaabbbbcccc, 0x10, cpu->sys.APIAKeyHi_EL1, cpu->sys.APIAKeyLo_EL1);
    assert_int_equal(pauth_add(cpu, 0x0000aaaabbbbcccc, 0x10, PAC_IA),
                     (pac & 0xff7f000000000000) | 0x0000aaaabbbbcccc);
}

static void test_keys_differ(void **state) {
    (void)state;
    u64 ptr = 0x0000123456789abc, seen[4];
    for (unsigned key = 0; key < 4; key++) {
        seen[key] = pauth_add(cpu, ptr, 0, (PacKey)key);
        for (unsigned k = 0; k < key; k++) assert_int_not_equal(seen[key], seen[k]);
    }
    u64 ga = pauth_ga(cpu, 1, 2);
    assert_int_equal(ga & 0xffffffff, 0);
    assert_int_not_equal(ga, 0);
    assert_int_not_equal(ga, pauth_ga(cpu, 2, 1));
}

// A tagged pointer keeps its tag, and the error code moves to bits 54:53.
static void test_tbi(void **state) {
    (void)state;
    cpu->sys.TCR_EL1 |= 1ull << 37;
    u64 ptr = 0x5a00000012345678, pac = pauth_add(cpu, ptr, 3, PAC_DB);
    assert_int_equal(pac >> 56, 0x5a);
    assert_int_equal(pauth_auth(cpu, pac, 3, PAC_DB), ptr);
    assert_int_equal(pauth_auth(cpu, pac ^ 1ull << 49, 3, PAC_DB), set_bits(ptr, 54, 53, 2));
    assert_int_equal(pauth_strip(cpu, pac, true), ptr);
    // TBID0: not for instruction addresses.
    cpu->sys.TCR_EL1 |= 1ull << 51;
    assert_int_equal(pauth_strip(cpu, pac, false), 0x12345678);
    assert_int_equal(pauth_strip(cpu, pac, true), ptr);
    // EL2 without E2H has one range and its TBI is bit 20.
    set_el(2);
    cpu->sys.TCR_EL2 = 16;
    assert_int_equal(pauth_strip(cpu, 0xff00000012345678, true), 0x12345678);
    cpu->sys.TCR_EL2 = 16 | 1 << 20;
    assert_int_equal(pauth_strip(cpu, 0xff00000012345678, true), 0xff00000012345678);
}

// The code of a pointer whose upper bits were not canonical does not authenticate.
static void test_not_canonical(void **state) {
    (void)state;
    u64 ptr = 0x0010123456789abc, pac = pauth_add(cpu, ptr, 0, PAC_IA);
    assert_int_equal(pauth_auth(cpu, pac, 0, PAC_IA), set_bits(0x123456789abc, 62, 61, 1));
}

static void test_range_size(void **state) {
    (void)state;
    cpu->sys.TCR_EL1 = 25 | 25 << 16;  // 39 bits
    u64 pac = pauth_add(cpu, 0x3412345678, 9, PAC_IA);
    assert_int_equal(pac & ones(39), 0x3412345678);
    assert_int_equal(pauth_strip(cpu, ~0ull << 20, false), ~0ull << 20);
    assert_int_equal(pauth_strip(cpu, 0x7fffffffffffff, false), 0x7fffffffff);
}

static void test_enables_and_traps(void **state) {
    (void)state;
    static const u8 enable[] = {31, 30, 27, 13};
    u64 ptr = 0x0000123456789abc;
    for (unsigned key = 0; key < 4; key++) {
        cpu->sys.HCR_EL2 = 1ull << HCR_API;
        cpu->sys.SCTLR_EL1 = ~(1ull << enable[key]);
        assert_int_equal(pauth_add(cpu, ptr, 0, (PacKey)key), ptr);
        assert_int_equal(pauth_auth(cpu, ptr | 1ull << 60, 0, (PacKey)key), ptr | 1ull << 60);
        cpu->sys.SCTLR_EL1 = 1ull << enable[key];
        assert_int_not_equal(pauth_add(cpu, ptr, 0, (PacKey)key), ptr);
        assert_false(pauth_trapped(cpu, (PacKey)key));
        cpu->sys.HCR_EL2 = 0;
        cpu->pc = 0x400;
        assert_true(pauth_trapped(cpu, (PacKey)key));
        assert_int_equal(cpu->el, 2);
        assert_int_equal(cpu->sys.ESR_EL2, (u64)EC_PAC << 26 | 1 << 25);
        assert_int_equal(cpu->sys.ELR_EL2, 0x400);
        assert_false(pauth_trapped(cpu, (PacKey)key));  // not from EL2
        set_el(1);
        cpu->sys.SCTLR_EL1 = 0;
        assert_false(pauth_trapped(cpu, (PacKey)key));  // disabled
    }
    assert_true(pauth_trapped(cpu, PAC_GA));
    // The host's EL0 is EL2's: SCTLR_EL2 enables, nothing traps.
    cpu->sys.HCR_EL2 = 1ull << HCR_E2H | 1ull << HCR_TGE;
    cpu->sys.TCR_EL2 = 16 | 16 << 16;
    set_el(0);
    assert_true(pauth_enabled(cpu, PAC_IA));
    assert_false(pauth_trapped(cpu, PAC_IA));
    cpu->sys.HCR_EL2 = 1ull << HCR_TGE;
    assert_false(pauth_enabled(cpu, PAC_IA));
    assert_true(pauth_trapped(cpu, PAC_GA));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_qarma5),        T(test_add_and_auth), T(test_keys_differ),       T(test_tbi),
        T(test_not_canonical), T(test_range_size),   T(test_enables_and_traps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
