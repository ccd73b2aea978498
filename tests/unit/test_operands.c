// The decoder's operand functions (operands.h) against slower, differently written models.
#include "cpu/operands.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// DecodeBitMasks, bit by bit. False: unallocated.
static bool model_bitmask(unsigned sf, unsigned n, unsigned immr, unsigned imms, u64 *mask) {
    unsigned esize = 0;
    for (unsigned size = 64; size >= 2 && !esize; size /= 2) {
        unsigned size_bit = size == 64 ? n : !(imms & size);
        if (size_bit) esize = size;
    }
    if (!esize || (esize == 64 && !sf)) return false;
    unsigned run = imms % esize + 1;
    if (run == esize) return false;
    *mask = 0;
    for (unsigned i = 0; i < (sf ? 64 : 32); i++)
        if ((i + immr) % esize < run) *mask |= 1ull << i;
    return true;
}

static void bitmask_immediates(void **state) {
    (void)state;
    unsigned valid = 0;
    for (unsigned i = 0; i < 1u << 14; i++) {
        unsigned sf = i >> 13, n = i >> 12 & 1, immr = i >> 6 & 63, imms = i & 63;
        u64 expected = 0;
        bool ok = model_bitmask(sf, n, immr, imms, &expected);
        assert_int_equal(bitmask_valid(sf, n, imms), ok);
        if (!ok) continue;
        valid++;
        assert_true(bitmask(sf, n, immr, imms) == expected);
    }
    // 5334 encodable values for 64 bits, each with 64 / esize spellings of immr.
    assert_int_equal(valid, 64 * (63 + 31 + 15 + 7 + 3 + 1) + 64 * (31 + 15 + 7 + 3 + 1));
    assert_true(bitmask(1, 1, 0, 7) == 0xff);
    assert_true(bitmask(1, 0, 0, 0x3c) == 0x5555555555555555);
    assert_true(bitmask(0, 0, 1, 0x3c) == 0xaaaaaaaa);
}

// Bit i of UBFM's result is bit `*from` of Rn, or zero (false).
static bool model_ubfm(unsigned width, unsigned immr, unsigned imms, unsigned i, unsigned *from) {
    *from = (i + immr) % width;
    return imms >= immr ? *from >= immr && *from <= imms && i + immr == *from
                        : *from <= imms && i >= width - immr;
}

static void bitfields(void **state) {
    (void)state;
    for (unsigned sf = 0; sf < 2; sf++) {
        unsigned width = sf ? 64 : 32;
        for (unsigned immr = 0; immr < width; immr++)
            for (unsigned imms = 0; imms < width; imms++) {
                u64 mask = 0;
                unsigned top = 0;  // the highest bit that comes from Rn
                for (unsigned i = 0, from; i < width; i++)
                    if (model_ubfm(width, immr, imms, i, &from)) {
                        mask |= 1ull << i;
                        top = i;
                    }
                assert_true(bitfield_mask(sf, immr, imms) == mask);
                u64 left = bitfield_left(sf, imms), right = bitfield_right(sf, immr, imms);
                assert_true(left < width && right < width);
                assert_int_equal(top, width - 1 - right);
            }
    }
}

static void offsets(void **state) {
    (void)state;
    assert_true(offset9(0x1ff) == ~0ull);
    assert_true(offset9(0xff) == 255);
    assert_true(offset9(0x100) == (u64)-256);
    assert_true(offset7(0x40, 3) == (u64)-512);
    assert_true(offset7(0x3f, 4) == 1008);
    assert_true(offset10(1, 0) == (u64)-4096);
    assert_true(offset10(0, 511) == 4088);
    assert_true(adr_offset(0x7ffff, 3) == ~0ull);
    assert_true(adr_offset(0x40000, 0) == (u64) - (1 << 20));
    assert_true(adrp_offset(0x7ffff, 3) == (u64)-4096);
    assert_true(adrp_offset(0, 1) == 4096);
    assert_true(literal_offset(0x40000) == (u64) - (1 << 20));
    assert_true(shl12(0xfff, 1) == 0xfff000);
    assert_true(shl12(0xfff, 0) == 0xfff);
    assert_true(movn_value(0, 1, 0xffff) == 0xffff);
    assert_true(movn_value(1, 3, 0) == ~0ull);
    assert_true(movz_value(3, 0x8000) == 1ull << 63);
    assert_int_equal(sp_mask(31), 15);
    assert_int_equal(sp_mask(30), 0);
}

static void register_encodings(void **state) {
    (void)state;
    assert_int_equal(sysreg_encoding(3, 0, 1, 0, 0), sysreg_enc(3, 0, 1, 0, 0));
    assert_int_equal(sysreg_encoding(3, 7, 15, 15, 7), 0xffff);
    assert_int_equal(sysreg_number(3, 0, 1, 0, 0), sysreg_find("SCTLR_EL1"));
    assert_int_equal(sysreg_number(3, 7, 15, 15, 7), SYSREG_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bitmask_immediates),
        cmocka_unit_test(bitfields),
        cmocka_unit_test(offsets),
        cmocka_unit_test(register_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
