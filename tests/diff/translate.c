// Pseudo-random leaves of both stages under random controls (HA, HD, HPD, E0PD, WXN, PAN, PTW, FWB), each
// by one access and one AT instruction; what the walks left in the descriptors. Then 52-bit addresses
// (FEAT_LVA, FEAT_LPA). Bits of features that the CPU does not have are RES0. Arm ARM: "The AArch64
// Virtual Memory System Architecture".
#include "rt.h"

CODE(t_ld, "ldr x0, [x1]");
CODE(t_st, "str x0, [x1]");
CODE(t_ex, "br x1");
CODE(t_ldtr, "ldtr x0, [x1]");
CODE(t_sttr, "sttr x0, [x1]");
CODE(t_ldxr, "ldxr x0, [x1]");
CODE(t_at1, "at s1e1r, x1\nmrs x2, par_el1\nat s1e0w, x1\nmrs x3, par_el1");
CODE(t_at12, "at s12e1r, x1\nmrs x2, par_el1\nat s12e0w, x1\nmrs x3, par_el1\nat s12e1w, x1\nmrs "
             "x4, par_el1\n"
             "at s12e0r, x1\nmrs x5, par_el1");

static const struct {
    const char *name;
    const u32 *code;
} accesses[] = {{"ld", t_ld},     {"st", t_st},     {"ex", t_ex},
                {"ldtr", t_ldtr}, {"sttr", t_sttr}, {"ldxr", t_ldxr}};

static u64 state = 0x2545f4914f6cdd1d;

static u64 next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static bool rare(u32 n) {
    return next() % n == 0;
}

static u64 field(u64 reg, u32 lo) {
    return reg >> lo & 15;
}

typedef struct {
    bool hafdbs, hpds, pan, e0pd, fwb, lpa;
} Has;

static Has features(void) {
    u64 m0 = READ(id_aa64mmfr0_el1), m1 = READ(id_aa64mmfr1_el1);
    u64 m2 = READ(S3_0_C0_C7_2);
    return (Has){field(m1, 0) >= 2,  field(m1, 12) >= 1, field(m1, 20) >= 1,
                 field(m2, 60) >= 1, field(m2, 40) >= 1, field(m0, 0) >= 6};
}

static const u64 va = TEST_VA + 0x1100;

// Everything allowed, with a few bits changed. Attribute 1 is write-back: attributes are compared by PAR_EL1 in other roms.
static u64 stage1_leaf(void) {
    u64 d = (u64)scratch[1] | S1_PAGE | PTE_EL0;
    if (rare(2)) d ^= (next() & 3) << 6;
    if (rare(2)) d ^= (next() & 3) << 53;
    if (rare(3)) d ^= PTE_AF;
    if (rare(3)) d |= 1ull << 51;
    if (rare(4)) d |= PTE_NG;
    return d;
}

static u64 stage2_leaf(void) {
    u64 d = (u64)scratch[1] | S2_PAGE | S2_R | S2_W;
    if (rare(2)) d ^= (next() & 3) << 6;
    if (rare(2)) d ^= (next() & 3) << 53;
    if (rare(3)) d ^= PTE_AF;
    if (rare(3)) d |= 1ull << 51;
    return d;
}

// FEAT_S2FWB: attributes that mean something else.
static u64 fwb(u64 d) {
    static const u64 attr[] = {6, 7};
    return (d & ~(15ull << 2)) | attr[next() & 1] << 2;
}

static void one(const Has *has, u32 n) {
    Ctx c;
    build_tables();
    u64 *s1 = &tables_el1.l3_test[1];
    bool two = rare(2), el1 = !rare(3);
    *s1 = stage1_leaf();
    u64 old2 = stage2_leaf();
    if (rare(3)) tables_el1.l2_test[0] |= (next() & 31) << 59;
    reset_state(&c);
    u64 flags = next(), sctlr = 1 << 26 | 1 << 14 | (flags & 1) << 19;
    stage1_el1_on(sctlr);
    u64 tcr = TCR_BASE | 1u << 23 | 2ull << 32;
    if (has->hafdbs) tcr |= (flags >> 2 & 3) << 39;
    if (has->hpds) tcr |= (flags >> 4 & 1) << 41;
    if (has->e0pd && rare(8)) tcr |= 1ull << 55;
    WRITE(tcr_el1, tcr);
    u64 *leaf2 = NULL;
    if (two) {
        c.hcr |= stage2_on() | (flags >> 5 & 1 ? HCR_PTW : 0);
        u64 vtcr = READ(vtcr_el2);
        if (has->hafdbs) vtcr |= (flags >> 6 & 3) << 21;
        WRITE(vtcr_el2, vtcr);
        // The rom is mapped by a block: the page gets an IPA of its own.
        u64 ipa = TEST_VA + 0x3000;
        *s1 = (*s1 & ~0xfffffffff000ull) | ipa;
        leaf2 = &tables_s2.l3_test[3];
        if (has->fwb && rare(3)) {
            c.hcr |= 1ull << 46;
            for (u32 i = 0; i < 512; i++) {
                if (tables_s2.l3_test[i] & 1)
                    tables_s2.l3_test[i] = (tables_s2.l3_test[i] & ~(15ull << 2)) | 6 << 2;
                if ((tables_s2.l2_rom[i] & 3) == 1)
                    tables_s2.l2_rom[i] = (tables_s2.l2_rom[i] & ~(15ull << 2)) | 6 << 2;
            }
            old2 = fwb(old2);
        }
        *leaf2 = old2;
    }
    u32 k = (u32)(next() % 6);
    *(u32 *)(scratch[1] + 0x100) = 0xd4000002 | 0xfff << 5;  // HVC
    flush();
    c.x[0] = 0x123456789abcdef;
    c.x[1] = va;
    u64 pstate = el1 ? EL1H : EL0;
    if (el1 && has->pan && rare(2)) pstate |= 1 << 22;
    put_field("n", n);
    put(el1 ? " EL1 " : " EL0 ");
    put(two ? "both " : "S1 ");
    u64 hcr = c.hcr;
    finish_line = false;
    run_code(&c, accesses[k].name, accesses[k].code, pstate);
    put_field("S1", *s1);
    if (leaf2) put_field("S2", *leaf2);
    put("\n");
    WRITE(hcr_el2, hcr);
    c.hcr = hcr;
    c.x[1] = va;
    put_field("  n", n);
    run_code(&c, two ? " AT S12" : " AT S1", two ? t_at12 : t_at1, EL2H);
    // The access flag alone: QEMU lets AT set the dirty state.
    put_field("AF", *s1 >> 10 & 1);
    if (leaf2) put_field("S2 AF", *leaf2 >> 10 & 1);
    put("\n");
    finish_line = true;
}

// --- 52 bits, 64 KB granule -----------------------------------------------------------------------

#define ARENA 0x42000000ull

static u64 *table_at(u64 address) {
    return (u64 *)address;
}

// The root has up to 1024 entries of 4 TB: level 1.
static void wide(const Has *has) {
    u64 attributes = PTE_AF | PTE_ISH | PTE_EL0 | PTE_NORMAL;
    Ctx c;
    for (u64 *p = table_at(ARENA); p < table_at(ARENA + 0x40000); p++) *p = 0;
    u64 *root = table_at(ARENA), *l2 = table_at(ARENA + 0x10000), *l3 = table_at(ARENA + 0x20000);
    root[0] = (u64)l2 | 3;
    root[1000] = (u64)l2 | 3;
    root[5] = 7ull << 42 | 3 << 12 | attributes | 1;  // a block of 4 TB
    root[6] = (u64)l2 | 9 << 12 | 3;                  // a table beyond the memory
    l2[0] = (u64)l3 | 3;
    l2[1] = 9ull << 29 | 5 << 12 | attributes | 1;
    l3[0] = 0x40200000 | attributes | 3;
    l3[1] = 0x40210000 | 15 << 12 | attributes | 3;
    for (u32 ps = 4; ps < 7; ps++)
        for (u32 txsz = 11; txsz < 18; txsz++) {
            static const u64 vas[] = {0x123,
                                      1ull << 16,
                                      1ull << 29,
                                      1000ull << 42 | 1ull << 16,
                                      5ull << 42 | 0x123456789,
                                      6ull << 42,
                                      1ull << 51,
                                      1ull << 52};
            for (u32 i = 0; i < sizeof vas / sizeof vas[0]; i++) {
                reset_state(&c);
                WRITE(mair_el1, 0x44ff00);
                WRITE(ttbr0_el1, ARENA);
                WRITE(tcr_el1, (u64)txsz | 1 << 14 | 1 << 23 | 5 << 8 | 3 << 12 | (u64)ps << 32);
                WRITE(sctlr_el1, 0x30d00980 | 1 << 12 | 1 << 2 | 1);
                flush();
                c.x[1] = vas[i];
                put_field("wide PS", ps);
                put_field("T0SZ", txsz);
                put_field("at", vas[i]);
                run_code(&c, "", t_at1, EL2H);
            }
        }
    if (!has->lpa) return;
    // Stage 2: the IPA in HPFAR_EL2, and in PAR_EL1 the PA.
    for (u32 i = 0; i < 6; i++) {
        static const u64 ipa[] = {
            0x123,         1ull << 29, 3ull << 50 | 0x45678, 1ull << 51 | 5ull << 42,
            1000ull << 42, 5ull << 42};
        for (u32 j = 0; j < 1024; j++)
            if (root[j]) root[j] |= S2_R | S2_W;
        for (u32 j = 0; j < 2; j++) l2[j] |= j ? S2_W | S2_ATTR : 0, l3[j] |= S2_W | S2_ATTR;
        root[5] |= S2_ATTR;
        reset_state(&c);
        WRITE(vtcr_el2, 12 | 2 << 6 | 5 << 8 | 3 << 12 | 1 << 14 | 6 << 16 | 1u << 31);
        WRITE(vttbr_el2, ARENA | 3ull << 48);
        flush();
        c.hcr |= HCR_VM;
        c.x[1] = ipa[i];
        put_field("wide IPA", ipa[i]);
        run_code(&c, "", t_at12, EL2H);
        put_field("wide load", ipa[i]);
        c.hcr = HCR_RW | HCR_VM;
        c.x[1] = ipa[i];
        run_code(&c, "", t_ld, EL1H);
    }
}

void rom_main(void) {
    Has has = features();
    for (u32 n = 0; n < 1200; n++) one(&has, n);
    wide(&has);
    put("END\n");
}
