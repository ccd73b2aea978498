// Descriptors of translation tables, field by field. The values are put together by hand from the Arm ARM, "VMSAv8-64
// translation table format descriptors".
#include "debugger/pte.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const PteField *find(const Pte *p, const char *name) {
    for (unsigned i = 0; i < p->count; i++)
        if (!strcmp(p->field[i].name, name)) return &p->field[i];
    fail_msg("no field %s", name);
    return NULL;
}

static void check(const Pte *p, const char *name, u64 value, const char *meaning) {
    const PteField *f = find(p, name);
    assert_int_equal(f->value, value);
    assert_string_equal(f->meaning, meaning);
}

static void check_leaf(const Pte *p, PteKind kind, u64 output, unsigned size, const char *perms) {
    assert_int_equal(p->kind, kind);
    assert_int_equal(p->output, output);
    assert_int_equal(p->output_bits, size);
    assert_string_equal(p->permissions, perms);
}

// UXN, PXN, Contiguous, DBM, nG, AF, Inner Shareable, AP = 10, AttrIndx = 1, a page.
static void test_page(void **state) {
    (void)state;
    PteContext c = pte_context_default(1, 3, 12);
    Pte p;
    pte_decode(&c, 0x00f8000041234f87, &p);
    check_leaf(&p, PTE_PAGE, 0x41234000, 12, "EL1 RW-, EL0 ---");
    assert_true(pte_is_clean(&p));
    check(&p, "PBHA", 0, "for the implementation (FEAT_HPDS2)");
    check(&p, "software", 1, "for software");
    check(&p, "UXN", 1, "not executable at EL0");
    check(&p, "PXN", 1, "not executable at EL1");
    check(&p, "Contiguous", 1, "one of 16 entries that a TLB may hold as one");
    check(&p, "DBM", 1, "writable, clean: a write clears AP[2]");
    check(&p, "GP", 0, "not guarded");
    check(&p, "OA[47:12]", 0x41234, "page of 4 KB at 0x41234000");
    check(&p, "nG", 1, "not global: of this ASID");
    check(&p, "AF", 1, "accessed");
    check(&p, "SH[1:0]", 3, "Inner Shareable");
    check(&p, "AP[2:1]", 2, "EL1 read-write, clean (DBM), EL0 nothing");
    check(&p, "AttrIndx[2:0]", 1, "MAIR_ELx.Attr1");
    check(&p, "type", 3, "page");
    c.hd = false;
    c.have_mair = true;
    c.mair = 0x04ff44;
    pte_decode(&c, 0x00f8000041234f87 ^ 1 << 10, &p);
    check_leaf(&p, PTE_PAGE, 0x41234000, 12, "EL1 R--, EL0 ---");
    check(&p, "DBM", 1, "no effect: hardware update of dirty state is off");
    check(&p, "AttrIndx[2:0]", 1, "MAIR.Attr1 = 0xff: Normal WB RA WA");
    check(&p, "AF", 0, "not accessed: hardware sets it");
    c.ha = false;
    pte_decode(&c, 0x00f8000041234f87 ^ 1 << 10, &p);
    check(&p, "AF", 0, "Access flag fault on use");
}

// AP = 01: what EL0 can write, EL1 cannot execute.
static void test_permissions_of_el0(void **state) {
    (void)state;
    PteContext c = pte_context_default(1, 2, 12);
    Pte p;
    pte_decode(&c, 0x0000000040200741, &p);
    check_leaf(&p, PTE_BLOCK, 0x40200000, 21, "EL1 RW-, EL0 RWX");
    pte_decode(&c, 0x00000000402007c1, &p);
    check_leaf(&p, PTE_BLOCK, 0x40200000, 21, "EL1 R-X, EL0 R-X");
    c.el = 2;
    pte_decode(&c, 0x00200000402007c1, &p);
    check_leaf(&p, PTE_BLOCK, 0x40200000, 21, "EL2 R--, EL0 R-X");
    check(&p, "PXN", 1, "not executable at EL2");
}

// EL2 without E2H: XN, no nG, AP[1] is RES1.
static void test_el2(void **state) {
    (void)state;
    PteContext c = pte_context_default(1, 1, 12);
    Pte p;
    c.two_privileges = false;
    c.el = 2;
    pte_decode(&c, 0x0040000080000745, &p);
    check_leaf(&p, PTE_BLOCK, 0x80000000, 30, "EL2 RW-");
    check(&p, "XN", 1, "not executable");
    assert_true(pte_is_clean(&p));
    // AP[1] clear, PXN, nG: three mistakes.
    pte_decode(&c, 0x0060000080000f05, &p);
    check(&p, "AP[1]", 0, "RES1 where there is no EL0, but 0");
    assert_true(find(&p, "AP[1]")->misuse);
    unsigned wrong = 0;
    for (unsigned i = 0; i < p.count; i++) wrong += p.field[i].misuse;
    assert_int_equal(wrong, 3);
}

static void test_nv1(void **state) {
    (void)state;
    PteContext c = pte_context_default(1, 3, 12);
    Pte p;
    c.nv1 = true;
    pte_decode(&c, 0x00400000412347c3, &p);
    check_leaf(&p, PTE_PAGE, 0x41234000, 12, "EL1 R--, EL0 --X");
    check(&p, "PXN", 1, "not executable at EL1 (NV1)");
    assert_true(pte_is_clean(&p));
    pte_decode(&c, 0x00600000412347c3, &p);
    assert_false(pte_is_clean(&p));
    c.level = 1;
    pte_decode(&c, 0x5000000041234003, &p);
    check(&p, "PXNTable", 1, "below: not executable at EL1");
}

static void test_table(void **state) {
    (void)state;
    PteContext c = pte_context_default(1, 1, 12);
    Pte p;
    pte_decode(&c, 0xf800000040080003, &p);
    check_leaf(&p, PTE_TABLE, 0x40080000, 12, "");
    check(&p, "NSTable", 1, "not looked at in Non-secure state");
    check(&p, "APTable[1:0]", 3, "below: read-only, nothing for EL0");
    check(&p, "UXNTable", 1, "below: not executable at EL0");
    check(&p, "PXNTable", 1, "below: not executable at EL1");
    check(&p, "NLTA[47:12]", 0x40080, "next table at 0x40080000");
    assert_true(pte_is_clean(&p));
    c.hpd = true;
    pte_decode(&c, 0xf800000040080003, &p);
    check(&p, "IGNORED", 0x1f, "not looked at: TCR.HPD is 1");
    // Stage 2 has no attributes in tables.
    c.stage = 2;
    pte_decode(&c, 0x0800000040080003, &p);
    check(&p, "RES0", 1, "reserved, but not zero");
    assert_false(pte_is_clean(&p));
    c.granule = 14;
    pte_decode(&c, 0x0000000040085003, &p);
    assert_int_equal(p.output, 0x40084000);
    assert_false(pte_is_clean(&p));
}

// XN = 10, AF, Inner Shareable, S2AP = 11, MemAttr = 1111, a block of 2 MB.
static void test_stage2(void **state) {
    (void)state;
    PteContext c = pte_context_default(2, 2, 12);
    Pte p;
    pte_decode(&c, 0x00400000802007fd, &p);
    check_leaf(&p, PTE_BLOCK, 0x80200000, 21, "EL1 RW-, EL0 RW-");
    check(&p, "XN[1:0]", 2, "not executable");
    check(&p, "S2AP[1:0]", 3, "read-write");
    check(&p, "MemAttr[3:0]", 15, "Normal WB");
    check(&p, "OA[47:21]", 0x401, "block of 2 MB at 0x80200000");
    assert_true(pte_is_clean(&p));
    pte_decode(&c, 0x00200000802007fd, &p);
    check_leaf(&p, PTE_BLOCK, 0x80200000, 21, "EL1 RW-, EL0 RWX");
    pte_decode(&c, 0x00600000802007fd, &p);
    check_leaf(&p, PTE_BLOCK, 0x80200000, 21, "EL1 RWX, EL0 RW-");
    // Without FEAT_XNX bit 53 is RES0, and XN is for both.
    c.xnx = false;
    pte_decode(&c, 0x00600000802007fd, &p);
    check_leaf(&p, PTE_BLOCK, 0x80200000, 21, "EL1 RW-, EL0 RW-");
    assert_false(pte_is_clean(&p));
    // S2AP = 01 with DBM, Device-nGnRE; bits of the address below a block.
    pte_decode(&c, 0x0008000080300445, &p);
    check_leaf(&p, PTE_BLOCK, 0x80200000, 21, "EL1 RWX, EL0 RWX");
    check(&p, "S2AP[1:0]", 1, "read-write, clean (DBM)");
    check(&p, "DBM", 1, "writable, clean: a write sets S2AP[1]");
    check(&p, "MemAttr[3:0]", 1, "Device-nGnRE");
    assert_false(pte_is_clean(&p));
    // MemAttr = 0100 is reserved, 1001 is two halves.
    pte_decode(&c, 0x0000000080200451, &p);
    assert_true(find(&p, "MemAttr[3:0]")->misuse);
    pte_decode(&c, 0x0000000080200465, &p);
    check(&p, "MemAttr[3:0]", 9, "Normal Outer WT, Inner NC");
}

static void test_fwb(void **state) {
    (void)state;
    PteContext c = pte_context_default(2, 3, 12);
    Pte p;
    c.fwb = true;
    pte_decode(&c, 0x00000000802007db, &p);
    check(&p, "MemAttr[2:0]", 6, "Normal WB, whatever stage 1 says (FWB)");
    assert_true(pte_is_clean(&p));
    pte_decode(&c, 0x00000000802007c7, &p);
    check(&p, "MemAttr[2:0]", 1, "Device-nGnRE, or less where stage 1 says so (FWB)");
    pte_decode(&c, 0x00000000802007df, &p);
    check(&p, "MemAttr[2:0]", 7, "as stage 1 says (FWB)");
    pte_decode(&c, 0x00000000802007d3, &p);
    assert_true(find(&p, "MemAttr[2:0]")->misuse);
    pte_decode(&c, 0x00000000802007ff, &p);
    assert_false(pte_is_clean(&p));
}

static void test_52_bits(void **state) {
    (void)state;
    PteContext c = pte_context_default(1, 3, 16);
    Pte p;
    pte_decode(&c, 0x000012345678a743, &p);
    check_leaf(&p, PTE_PAGE, 0xa123456780000, 16, "EL1 RW-, EL0 RWX");
    check(&p, "OA[51:48]", 10, "address bits 51:48 (FEAT_LPA)");
    assert_true(pte_is_clean(&p));
    c.level = 1;
    pte_decode(&c, 0x000014000000a741, &p);
    check_leaf(&p, PTE_BLOCK, 0xa140000000000, 42, "EL1 RW-, EL0 RWX");
    c.lpa = false;
    pte_decode(&c, 0x000014000000a741, &p);
    assert_int_equal(p.kind, PTE_RESERVED);
    c = pte_context_default(1, 3, 12);
    c.ds = true;
    pte_decode(&c, 0x0003123456789603, &p);
    check_leaf(&p, PTE_PAGE, 0xb123456789000, 12, "EL1 RWX, EL0 --X");
    assert_true(pte_is_clean(&p));
}

static void test_kinds(void **state) {
    (void)state;
    static const struct {
        i8 level;
        u8 granule;
        u8 type;
        PteKind kind;
    } cases[] = {
        {0, 12, 0, PTE_INVALID},  {0, 12, 2, PTE_INVALID},  {3, 12, 2, PTE_INVALID},
        {0, 12, 1, PTE_RESERVED}, {1, 12, 1, PTE_BLOCK},    {2, 12, 1, PTE_BLOCK},
        {3, 12, 1, PTE_RESERVED}, {1, 14, 1, PTE_RESERVED}, {2, 14, 1, PTE_BLOCK},
        {2, 16, 1, PTE_BLOCK},    {0, 12, 3, PTE_TABLE},    {2, 16, 3, PTE_TABLE},
        {3, 14, 3, PTE_PAGE},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
        for (unsigned stage = 1; stage <= 2; stage++) {
            PteContext c = pte_context_default(stage, cases[i].level, cases[i].granule);
            Pte p;
            pte_decode(&c, 0x440 | cases[i].type, &p);
            assert_int_equal(p.kind, cases[i].kind);
            assert_int_equal(pte_is_clean(&p), cases[i].kind != PTE_RESERVED);
        }
}

static void check_type(u8 attr, const char *name) {
    char buf[64];
    assert_string_equal(memory_type_name(attr, buf, sizeof buf), name);
}

static void test_memory_types(void **state) {
    (void)state;
    check_type(0x00, "Device-nGnRnE");
    check_type(0x04, "Device-nGnRE");
    check_type(0x08, "Device-nGRE");
    check_type(0x0c, "Device-GRE");
    check_type(0x44, "Normal NC");
    check_type(0xff, "Normal WB RA WA");
    check_type(0xbb, "Normal WT RA WA");
    check_type(0x77, "Normal WB RA WA transient");
    check_type(0xf4, "Normal Outer WB RA WA, Inner NC");
    check_type(0xcc, "Normal WB");
    check_type(0x02, "reserved (0x02)");
    check_type(0x40, "Normal NC XS=0");
    check_type(0x50, "reserved (0x50)");
}

// Whatever the value and the context: every bit is in one field, with its value.
static void test_complete(void **state) {
    (void)state;
    u64 seed = 1;
    for (unsigned n = 0; n < 100000; n++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        u64 r = seed >> 20;
        PteContext c = pte_context_default(1 + (r & 1), (int)(r >> 1 & 3),
                                           12 + 2 * (unsigned)((r >> 3 & 3) % 3));
        c.two_privileges = r >> 5 & 1;
        c.nv1 = c.two_privileges && r >> 6 & 1;
        c.lpa &= r >> 7 & 1;
        c.ds = c.granule != 16 && r >> 8 & 1;
        c.hpd = r >> 9 & 1;
        c.hpds2 = r >> 10 & 1;
        c.bti = r >> 11 & 1;
        c.bbm = r >> 12 & 1;
        c.fwb = r >> 13 & 1;
        c.xnx = r >> 14 & 1;
        c.xs = r >> 15 & 1;
        u64 desc = (seed * 0x9e3779b97f4a7c15) | (r >> 16 & 3);
        Pte p;
        pte_decode(&c, desc, &p);
        int next = 63;
        for (unsigned i = 0; i < p.count; i++) {
            const PteField *f = &p.field[i];
            assert_int_equal(f->hi, next);
            assert_true(f->lo <= f->hi);
            assert_int_equal(f->value, bits(desc, f->hi, f->lo));
            assert_true(*f->meaning);
            next = f->lo - 1;
        }
        assert_int_equal(next, -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),     cmocka_unit_test(test_permissions_of_el0),
        cmocka_unit_test(test_el2),      cmocka_unit_test(test_nv1),
        cmocka_unit_test(test_table),    cmocka_unit_test(test_stage2),
        cmocka_unit_test(test_fwb),      cmocka_unit_test(test_52_bits),
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_memory_types),
        cmocka_unit_test(test_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
