// `maps`: ranges of hand-made tables, tables that are meant to make it run on, and agreement with the walk.
#include "debugger/view_maps.h"
#include "fuzz/translate_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static Cpu *cpu;
static MapsRange range[64];
static unsigned ranges;
static MapsSummary sum;

// EL1&0: 39-bit addresses in both halves, tables of TTBR0 at 0x40010000 and of TTBR1 at 0x40014000.
static int setup(void **state) {
    (void)state;
    if (!cpu) cpu = case_cpu("max", true);
    memset(case_word(CASE_RAM_BASE), 0, CASE_RAM_SIZE);
    cpu->sys.TTBR0_EL1 = 0x40010000;
    cpu->sys.TTBR1_EL1 = 0x40014000;
    cpu->sys.TCR_EL1 = 25 | 25 << 16 | 2ull << 30 | 5ull << 32;
    cpu->sys.SCTLR_EL1 = 1 | 1 << 2 | 1 << 12;
    cpu->sys.MAIR_EL1 = 0x04ff;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT);
    return 0;
}

static void on_range(void *arg, const MapsRange *r) {
    (void)arg;
    if (ranges < ARRAY_LEN(range)) range[ranges] = *r;
    ranges++;
}

static void maps(unsigned stage, u64 lo, u64 hi) {
    MapsRequest r = {.mode = cpu_mode(cpu), .stage = stage, .lo = lo, .hi = hi};
    Error err = {""};
    ranges = 0;
    if (stage == 2) r.mode = MODE_E10_1;
    if (!view_maps(cpu, &r, on_range, NULL, &sum, &err)) fail_msg("%s", err.text);
    assert_int_equal(sum.ranges, ranges);
}

static void check(unsigned i, u64 lo, u64 hi, u64 out, u8 rwx, u8 el0) {
    assert_true(i < ranges);
    assert_int_equal(range[i].lo, lo);
    assert_int_equal(range[i].hi, hi);
    assert_int_equal(range[i].out, out);
    assert_int_equal(range[i].rwx, rwx);
    assert_int_equal(range[i].el0, el0);
}

enum { RO = 1 << 7, USER = 1 << 6, PAGE = 0x703, BLOCK = 0x701 };

static void merged(void **state) {
    (void)state;
    *case_word(0x40010000) = 0x40011003;
    *case_word(0x40011000) = 0x40012003;
    for (u64 i = 0; i < 4; i++) *case_word(0x40012000 + 8 * i) = 0x50000000 + 0x1000 * i + PAGE;
    *case_word(0x40012020) = 0x50004000 | RO | PAGE;               // other permissions
    *case_word(0x40012028) = 0x60000000 | RO | PAGE;               // another place
    *case_word(0x40012038) = 0x60002000 | USER | PAGE;             // a hole before it; for EL0 too
    *case_word(0x40012ff8) = 0x501ff000 | PAGE;                    // up to a block that goes on
    *case_word(0x40011008) = 0x50200000 | BLOCK;                   // 2 MB
    *case_word(0x40010008) = 0x80000000 | 1ull << 54 | 4 | BLOCK;  // 1 GB of Device memory, UXN
    *case_word(0x40014ff8) = 0x90000000000 | BLOCK;                // the last GB of the upper half
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 7);
    check(0, 0x0, 0x3fff, 0x50000000, 7, 1);
    check(1, 0x4000, 0x4fff, 0x50004000, 5, 1);
    check(2, 0x5000, 0x5fff, 0x60000000, 5, 1);
    check(3, 0x7000, 0x7fff, 0x60002000, 6, 7);
    check(4, 0x1ff000, 0x3fffff, 0x501ff000, 7, 1);
    assert_int_equal(range[4].least, 12);
    assert_int_equal(range[4].most, 21);
    check(5, 0x40000000, 0x7fffffff, 0x80000000, 7, 0);
    assert_int_equal(range[5].attr, 4);
    check(6, 0xffffffffc0000000, ~0ull, 0x90000000000, 7, 1);
    assert_int_equal(sum.tables, 4);
    assert_int_equal(sum.leaves, 11);
    // Part of it: cut at both ends.
    maps(1, 0x2800, 0x47ff);
    assert_int_equal(ranges, 2);
    check(0, 0x2800, 0x3fff, 0x50002800, 7, 1);
    check(1, 0x4000, 0x47ff, 0x50004000, 5, 1);
    maps(1, 0xffffffffd0000000, 0xffffffffd0000fff);
    assert_int_equal(ranges, 1);
    check(0, 0xffffffffd0000000, 0xffffffffd0000fff, 0x90010000000, 7, 1);
    // UXNTable and APTable of a table above count, unless TCR_EL1.HPD0 says otherwise.
    *case_word(0x40010000) |= 1ull << 60 | 2ull << 61;
    maps(1, 0, 0xfff);
    check(0, 0, 0xfff, 0x50000000, 5, 0);
    cpu->sys.TCR_EL1 |= 1ull << 41;
    maps(1, 0, 0xfff);
    check(0, 0, 0xfff, 0x50000000, 7, 1);
    // TTBR0's walks are off.
    cpu->sys.TCR_EL1 |= 1 << 7;
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 1);
}

// Concatenated tables: 40 bits of IPA from level 1 are two tables.
static void stage2(void **state) {
    (void)state;
    cpu->sys.VTCR_EL2 = 1u << 31 | 24 | 1 << 6 | 5 << 16;
    cpu->sys.VTTBR_EL2 = 7ull << 48 | 0x40020000;
    cpu->sys.HCR_EL2 |= 1 << HCR_VM;
    *case_word(0x40020008) = 0x400007fd;
    *case_word(0x40021000) =
        0x80000000 | 1ull << 53 | 0x74d;  // IPA 512 GB; read-only, XN = 01, NC... 0011
    maps(2, 0, ~0ull);
    assert_int_equal(ranges, 2);
    check(0, 0x40000000, 0x7fffffff, 0x40000000, 7, 7);
    assert_int_equal(range[0].attr, 15);
    check(1, 0x8000000000, 0x803fffffff, 0x80000000, 4, 5);
    // Stage 1's tables are where stage 2 says.
    *case_word(0x40010000) = 0x40011003;
    *case_word(0x40011000) = 0x50000000 | BLOCK;
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 1);
    check(0, 0, 0x1fffff, 0x50000000, 7, 1);
    *case_word(0x40020008) = 0;
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 0);
    assert_int_equal(sum.unread, 2);
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    maps(2, 0, ~0ull);
    assert_true(sum.off);
}

static void hostile(void **state) {
    (void)state;
    // A table that is its own table, and one of a loop of two.
    *case_word(0x40010010) = 0x40010003;
    *case_word(0x40010018) = 0x40011003;
    *case_word(0x40011000) = 0x40010003;
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 2);
    assert_true(range[0].recursive && range[1].recursive);
    assert_int_equal(range[0].lo, 0x80000000);
    assert_int_equal(range[0].hi, 0xbfffffff);
    assert_int_equal(range[0].out, 0x40010000);
    // Every entry of a level points to the same table of the next one, with pages that do not merge.
    for (u64 i = 0; i < 512; i++) {
        *case_word(0x40010000 + 8 * i) = 0x40011003;
        *case_word(0x40011000 + 8 * i) = 0x40012003;
        *case_word(0x40012000 + 8 * i) = 0x50000000 | PAGE;
    }
    maps(1, 0, ~0ull);
    assert_true(sum.stopped);
    assert_true(sum.descriptors < 20 << 20);
    assert_true(sum.stopped_at > 0 && sum.stopped_at < 1ull << 39);
    // Ctrl-C ends it sooner.
    volatile sig_atomic_t interrupted = 1;
    MapsRequest r = {.mode = MODE_E10_1, .stage = 1, .hi = ~0ull, .interrupted = &interrupted};
    ranges = 0;
    assert_true(view_maps(cpu, &r, on_range, NULL, &sum, NULL));
    assert_true(sum.stopped);
    assert_int_equal(ranges, 0);
    // Reserved descriptors, no memory, addresses beyond TCR_EL1.IPS.
    memset(case_word(0x40010000), 0, 0x5000);
    *case_word(0x40010000) = 0x40011003;
    *case_word(0x40010008) = 0x7000000003;
    *case_word(0x40011000) = 0x40012003;
    *case_word(0x40012000) = 0x50000701;
    *case_word(0x40012008) = 0x800050000703;
    maps(1, 0, ~0ull);
    assert_int_equal(sum.reserved, 1);
    assert_int_equal(sum.unread, 1);
    assert_int_equal(ranges, 1);
    assert_false(range[0].too_far);
    cpu->sys.TCR_EL1 = set_bits(cpu->sys.TCR_EL1, 34, 32, 2);
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 1);
    assert_true(range[0].too_far);
    cpu->sys.TTBR0_EL1 = 0x800040010000;
    maps(1, 0, ~0ull);
    assert_int_equal(ranges, 0);
    assert_int_equal(sum.unread, 1);
}

// --- random translations ---------------------------------------------------------------------------

static u64 seed = 1;

static u64 random64(void) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed ^ seed >> 29) * 0x9e3779b97f4a7c15;
}

static unsigned found, none;

static bool covers(u64 address) {
    maps(1, address & ~0xfffull, address | 0xfff);
    return ranges == 1 && !range[0].recursive;
}

// What the walk finds, maps has, with the same address and permissions; what is not mapped it has not.
static void agree(u64 address, int el) {
    static ViewWalk w;
    Error err = {""};
    if (!view_walk(cpu, (Space){.kind = AS_CURRENT}, address, ACCESS_READ, -1, &w, &err)) return;
    // The tag is no part of the address.
    bool tagged = bits(address, 63, 56) != (bit(address, 55) && w.regime.unpriv ? 0xff : 0);
    if (!w.regime.s1 || tagged) return;
    if (w.ok) {
        bool has = covers(address);
        if (ranges && range[0].recursive) return;
        if (!has || range[0].out != (w.t.ipa & ~0xfffull) ||
            (el ? range[0].rwx : range[0].el0) != w.t.s1_rwx || range[0].ng != w.t.ng) {
            view_walk_print(stderr, &w, true, 100);
            fail_msg("maps: %u ranges, 0x%llx, %u %u", ranges, (unsigned long long)range[0].out,
                     range[0].rwx, range[0].el0);
        }
        found++;
    } else if (w.fault.type == FAULT_TRANSLATION && !w.fault.stage2) {
        if (covers(address) && !strstr(w.fault.rule, "E0PD")) {
            view_walk_print(stderr, &w, true, 100);
            fail_msg("maps has it");
        }
        none++;
    }
}

static void agreement(void **state) {
    (void)state;
    static Case c;
    for (u64 p = CASE_RAM_BASE; p < CASE_RAM_BASE + CASE_RAM_SIZE; p += 8)
        *case_word(p) = case_plain_word(p);
    c.cpu = cpu;
    for (unsigned n = 0; n < 20000; n++) {
        u64 data[64];
        for (unsigned i = 0; i < ARRAY_LEN(data); i++) data[i] = random64();
        Bytes b = {(const u8 *)data, sizeof data};
        pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT);
        case_controls(&c, &b);
        int el = (int)bytes_below(&b, 3);
        if (el == 1 && cpu_tge(cpu)) el = 0;
        u64 address = case_address(&c, &b, el, false);
        case_map(&c, &b, el, false, address);
        pstate_changed(cpu, PSTATE_DAIF | (el ? PSTATE_SP : 0) | (u32)el << PSTATE_EL_SHIFT);
        agree(address, el);
        case_reset_memory(&c);
    }
    print_message("%u mapped, %u not\n", found, none);
    assert_true(found > 2000 && none > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(merged, setup),
        cmocka_unit_test_setup(stage2, setup),
        cmocka_unit_test_setup(hostile, setup),
        cmocka_unit_test_setup(agreement, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
