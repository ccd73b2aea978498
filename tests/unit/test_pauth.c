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

static void give(enum Feature f) {
    machine.features[f / 64] |= 1ull << f % 64;
}
static void take(enum Feature f) {
    machine.features[f / 64] &= ~(1ull << f % 64);
}

// FEAT_PAuth alone.
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
    take(FEAT_PAuth2);
    take(FEAT_FPAC);
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
    give(FEAT_PACQARMA5);
}

// The cipher's published test vector (sigma 2, five forward and five backward rounds).
static void test_qarma5(void **state) {
    (void)state;
    assert_int_equal(pauth_qarma5(0xfb623599da6e8127, 0x477d469dec0b8762, 0x84be85ce9804e94b,
                                  0xec2802d4e0a488e9),
                     0xc003b93999b33765);
    // PACGA: its upper half (ComputePAC, the key's halves in that order).
    use_qarma();
    cpu->sys.APGAKeyHi_EL1 = 0x84be85ce9804e94b;
    cpu->sys.APGAKeyLo_EL1 = 0xec2802d4e0a488e9;
    assert_int_equal(pauth_ga(cpu, 0xfb623599da6e8127, 0x477d469dec0b8762), 0xc003b93900000000);
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

// FEAT_PAuth2: the code is XORed to the upper bits. QARMA5 makes it, so the values are those of the cipher.
static void test_pauth2(void **state) {
    (void)state;
    give(FEAT_PAuth2);
    use_qarma();
    u64 hi = cpu->sys.APIAKeyHi_EL1, lo = cpu->sys.APIAKeyLo_EL1, mask = 0xff7f000000000000;
    u64 low = 0x0000aaaabbbbcccc, high = 0xffffaaaabbbbcccc;
    u64 pac = pauth_qarma5(low, 0x10, hi, lo);
    assert_int_equal(pauth_add(cpu, low, 0x10, PAC_IA), low ^ (pac & mask));
    assert_int_equal(pauth_auth(cpu, low ^ (pac & mask), 0x10, PAC_IA), low);
    pac = pauth_qarma5(high, 0x10, hi, lo);
    assert_int_equal(pauth_add(cpu, high, 0x10, PAC_IA), high ^ (pac & mask));
    assert_int_equal(pauth_auth(cpu, high ^ (pac & mask), 0x10, PAC_IA), high);
    // A wrong code leaves its difference, in any of its bits; no error code.
    assert_int_equal(pauth_auth(cpu, high ^ (pac & mask) ^ 1ull << 60, 0x10, PAC_IA),
                     high ^ 1ull << 60);
    // Upper bits that were not canonical are not lost: the pointer that is signed is, and the result of AUT has them.
    pac = pauth_qarma5(low, 0x10, hi, lo);
    assert_int_equal(pauth_add(cpu, low | 5ull << 48, 0x10, PAC_IA),
                     (low | 5ull << 48) ^ (pac & mask));
    assert_int_equal(pauth_auth(cpu, (low | 5ull << 48) ^ (pac & mask), 0x10, PAC_IA),
                     low | 5ull << 48);
    // Bit 63 selects the range without TBI, and bit 55 of the result is it.
    pac = pauth_qarma5(high, 0x10, hi, lo);
    assert_int_equal(pauth_add(cpu, high & ~(1ull << 55), 0x10, PAC_IA), high ^ (pac & mask));
    // A tag is neither signed away nor changed.
    cpu->sys.TCR_EL1 |= 1ull << 37;
    u64 tagged = low | 0x5aull << 56;
    pac = pauth_qarma5(tagged, 0x10, hi, lo);
    assert_int_equal(pauth_add(cpu, tagged, 0x10, PAC_IA), tagged ^ (pac & 0x7f000000000000));
    assert_int_equal(pauth_auth(cpu, tagged ^ (pac & 0x7f000000000000), 0x10, PAC_IA), tagged);
}

static void expect_fpac(unsigned from, unsigned to, PacKey key, unsigned code) {
    set_el(from);
    cpu->pc = 0x7000;
    u64 good = pauth_add(cpu, 0x123456789abc, 4, key);
    assert_false(pauth_failed(cpu, pauth_auth(cpu, good, 4, key), key));
    u64 before = cpu->exceptions;
    assert_true(pauth_failed(cpu, pauth_auth(cpu, good ^ 1ull << 48, 4, key), key));
    assert_int_equal(cpu->exceptions, before + 1);
    assert_int_equal(cpu->el, to);
    u64 esr = to == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
    assert_int_equal(esr, (u64)EC_FPAC << 26 | 1 << 25 | code);
    assert_int_equal(to == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1, 0x7000);
}

static void test_fpac(void **state) {
    (void)state;
    give(FEAT_PAuth2);
    give(FEAT_FPAC);
    cpu->sys.TCR_EL2 = 16;
    for (unsigned key = 0; key < 4; key++) {
        expect_fpac(0, 1, (PacKey)key, key);  // 0 IA, 1 IB, 2 DA, 3 DB
        expect_fpac(1, 1, (PacKey)key, key);
        expect_fpac(2, 2, (PacKey)key, key);
    }
    cpu->sys.HCR_EL2 |= 1ull << HCR_TGE;
    expect_fpac(0, 2, PAC_DB, 3);
    // Not for a key that is off, nor without the feature.
    set_el(1);
    cpu->sys.SCTLR_EL1 = 0;
    assert_false(pauth_failed(cpu, 1ull << 60, PAC_IA));
    cpu->sys.SCTLR_EL1 = 1u << 31;
    take(FEAT_FPAC);
    assert_false(pauth_failed(cpu, 1ull << 60, PAC_IA));
}

// ID_AA64ISAR1_EL1.{APA,API,GPA,GPI} of -cpu max,pauth=,pauth-impdef=.
static void test_choice(void **state) {
    (void)state;
    static const struct {
        PAuthChoice choice;
        u64 fields;
        bool pauth, qarma5;
    } cases[] = {{PAUTH_IMPDEF, 0x10000400, true, false},
                 {PAUTH_QARMA5, 0x01000040, true, true},
                 {PAUTH_OFF, 0, false, false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        machine.config.pauth = cases[i].choice;
        assert_true(cpu_model_features(&machine, "max", NULL));
        cpu_model_reset(cpu, "max");
        assert_int_equal(cpu->sys.ID_AA64ISAR1_EL1 & 0xff000ff0, cases[i].fields);
        assert_int_equal(cpu_has(cpu, FEAT_PAuth), cases[i].pauth);
        assert_int_equal(cpu_has(cpu, FEAT_PAuth2), cases[i].pauth);
        assert_int_equal(cpu_has(cpu, FEAT_FPAC), cases[i].pauth);
        assert_int_equal(cpu_has(cpu, FEAT_PACQARMA5), cases[i].qarma5);
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_qarma5),        T(test_add_and_auth), T(test_keys_differ),       T(test_tbi),
        T(test_not_canonical), T(test_range_size),   T(test_enables_and_traps), T(test_pauth2),
        T(test_fpac),          T(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
