// Memory tagging: tags of addresses, allocation tags, Tag Checked accesses by form and mode, Tagged memory by
// stage 1 and 2. Arm ARM: "The Memory Tagging Extension". Runs with mte=on.
#include "rt.h"

#define MCODE(name, text) CODE(name, ".arch armv8.5-a+memtag+lse\n" text)

#define ATA0       (1ull << 42)
#define ATA        (1ull << 43)
#define TCF(n)     ((u64)(n) << 40)
#define TCF0(n)    ((u64)(n) << 38)
#define HCR_ATA    (1ull << 56)
#define HCR_DCT    (1ull << 57)
#define HCR_TID5   (1ull << 58)
#define TCO        (1ull << 25)
#define TBI0       (1ull << 37)
#define TCMA0      (1ull << 57)
#define TBI_EL2    (1ull << 20)
#define TCMA_EL2   (1ull << 30)
#define PTE_TAGGED (3ull << 2)
#define TAG(n)     ((u64)(n) << 56)

#define GCR   s3_0_c1_c0_6
#define RGSR  s3_0_c1_c0_5
#define TFSR  s3_0_c5_c6_0
#define TFSR0 s3_0_c5_c6_1
#define TFSR2 s3_4_c5_c6_0

static const struct {
    const char *name;
    u64 pstate;
} levels[] = {{"EL0 ", EL0}, {"EL1 ", EL1H}, {"EL2 ", EL2H}};

// The setting of the next runs.
static u64 tcr, sctlr, hcr, pstate_bits, gcr, rgsr;

static void defaults(void) {
    tcr = TBI0;
    sctlr = ATA | ATA0;
    hcr = HCR_ATA;
    pstate_bits = gcr = rgsr = 0;
}

// Page 0 has tag 0; in pages 1 and 2 even granules have tag 4 and odd ones tag 6. Page 3 is not Tagged, page 4
// read-only, 5 not there. QEMU 7.2 forgets the offset in the page: all even granules of a page share a tag,
// and all odd ones. What is shown is the same where tags are per granule, which unit tests are about.
MCODE(c_settags,
      "1: stg x3, [x1]\nstg x4, [x1, #16]\nadd x1, x1, #32\nsub x2, x2, #1\ncbnz x2, 1b");
MCODE(c_gettags, "ldg x2, [x1]\nldg x3, [x1, #16]\nldg x4, [x5]\nldg x6, [x5, #16]");

static void el1_on(void) {
    stage1_el1_on(sctlr | 1 << 26 | 1 << 14);
    WRITE(mair_el1, 0xf044ff00);
    WRITE(tcr_el1, READ(tcr_el1) | tcr);
    flush();
}

static void build(void) {
    build_tables();
    for (u64 i = 0; i < TEST_PAGES; i++) {
        u64 attr = i == 3 ? 0 : PTE_TAGGED & ~PTE_NORMAL;
        tables_el1.l3_test[i] |= attr | (i == 4 ? PTE_RO : 0);
        tables_el2.l3_test[i] |= attr | (i == 4 ? PTE_RO : 0);
    }
    tables_el1.l3_test[5] = tables_el2.l3_test[5] = 0;
    flush();
}

static void set_tags(void) {
    Ctx c;
    u64 keep_tcr = tcr, keep_sctlr = sctlr;
    build();
    reset_state(&c);
    tcr = TBI0;
    sctlr = ATA | ATA0;
    c.hcr |= HCR_ATA;
    el1_on();
    WRITE(GCR, 0);
    for (u64 page = 0; page < 3; page++) {
        c.x[1] = TEST_VA + page * 4096;
        c.x[2] = 128;
        c.x[3] = page ? TAG(4) : 0;
        c.x[4] = page ? TAG(6) : 0;
        c.pc = (u64)c_settags;
        c.pstate = EL1H;
        enter(&c);
        c.hcr = HCR_RW | HCR_ATA;
    }
    tcr = keep_tcr;
    sctlr = keep_sctlr;
}

static u64 sum_of_memory(void) {
    u64 sum = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 512; j++) sum = sum * 31 + ((u64 *)scratch[i])[j];
    return sum;
}

static void run(const char *what, const char *name, const u32 *code, u32 level, u64 x1, u64 x2) {
    Ctx c;
    reset_state(&c);
    if (level == 2) {
        stage1_el2_on(sctlr);
        WRITE(mair_el2, 0xf044ff00);
        WRITE(tcr_el2, READ(tcr_el2) | (tcr & TBI0 ? TBI_EL2 : 0) | (tcr & TCMA0 ? TCMA_EL2 : 0));
        flush();
    } else {
        el1_on();
    }
    c.hcr |= hcr;
    WRITE(GCR, gcr);
    WRITE(RGSR, rgsr);
    WRITE(TFSR, 0);
    WRITE(TFSR0, 0);
    WRITE(TFSR2, 0);
    c.x[1] = x1;
    c.x[2] = x2;
    put(levels[level].name);
    put(what);
    put(" ");
    finish_line = false;
    run_code(&c, name, code, levels[level].pstate | pstate_bits);
    finish_line = true;
    if (level == 2) stage1_el2_off();
    put_field("TFSR", READ(TFSR) << 8 | READ(TFSR0) << 4 | READ(TFSR2));
    put_field("RGSR", READ(RGSR));
    put("\n");
}

// --- tags of addresses ---------------------------------------------------------------------------

MCODE(c_tags,
      "irg x3, x1\nirg x4, x1, x2\nirg x5, x3\naddg x6, x1, #32, #3\nsubg x7, x1, #1008, #15\n"
      "gmi x8, x1, x2\ngmi x9, x1, xzr\nsubp x10, x1, x2\nsubps x11, x1, x2\ncset x12, mi\n"
      "cset x13, cs\ncset x14, vs\naddg x15, x1, #0, #0");
MCODE(c_tags_sp,
      "mov x3, sp\nmov sp, x1\naddg sp, sp, #16, #1\nmov x4, sp\nsubg x5, sp, #16, #1\nirg sp, sp\n"
      "mov x6, sp\ngmi x7, sp, x2\nsubp x8, sp, x2\nsubp x9, x2, sp\nmov sp, x3");

static void addresses(void) {
    static const u64 values[] = {0,
                                 0x1234,
                                 TEST_VA | TAG(7),
                                 0xff00000080000010,
                                 0xf3ffffffffffffff,
                                 0x0a80000000000000,
                                 0x80007ffffffffff0};
    static const u64 gcrs[] = {0, 0xffff, 0x8001, 0xfffe, 0x7fff, 0x1ffff, 0x5555};
    for (u32 level = 0; level < 3; level++)
        for (u32 ata = 0; ata < 2; ata++)
            for (u32 i = 0; i < 7; i++)
                for (u32 j = 0; j < 7; j++) {
                    defaults();
                    if (!ata) sctlr = 0;
                    gcr = gcrs[j];
                    rgsr = (0x1234 + i * 0x1111) << 8 | (j * 5 & 15);
                    run(ata ? "tags" : "tags, no ATA", "of", c_tags, level, values[i],
                        values[(i + j) % 7] | 0x80);
                    if (i == j)
                        run("SP tags", "of", c_tags_sp, level, values[i], values[(i + 3) % 7]);
                }
    defaults();
    hcr = 0;
    for (u32 level = 0; level < 3; level++) run("HCR.ATA 0", "tags", c_tags, level, values[2], 0);
}

// --- allocation tags -----------------------------------------------------------------------------

// x2 = x1 with another tag; a source of the tag in the address is x2.
// clang-format off: a table
#define STORES \
    F(ldg, "ldg x3, [x1]\nldg x4, [x1, #16]\nldg x5, [x1, #-32]\nadd x6, x1, #7\nldg x6, " \
           "[x6]\nldg xzr, [x1]") \
    F(stg, "stg x2, [x1]") \
    F(stg_off, "add x1, x1, #16\nstg x2, [x1, #-16]") \
    F(stg_post, "stg x2, [x1], #32") \
    F(stg_pre, "stg x2, [x1, #-4096]!") \
    F(stg_self, "stg x1, [x1], #16") \
    F(stg_sp, "mov x3, sp\nmov sp, x2\nstg sp, [x1]\nmov sp, x3") \
    F(stg_unaligned, "add x1, x1, #8\nstg x2, [x1]") \
    F(stzg, "stzg x2, [x1, #16]") \
    F(stzg_post, "stzg x2, [x1], #-16") \
    F(stzg_pre, "stzg x2, [x1, #16]!") \
    F(stzg_unaligned, "add x1, x1, #1\nstzg x2, [x1]") \
    F(st2g, "st2g x2, [x1]") \
    F(st2g_post, "st2g x2, [x1], #32") \
    F(st2g_pre, "sub x1, x1, #32\nst2g x2, [x1, #32]!") \
    F(stz2g, "stz2g x2, [x1]") \
    F(stz2g_post, "stz2g x2, [x1], #-32") \
    F(stz2g_pre, "add x1, x1, #32\nstz2g x2, [x1, #-32]!") \
    F(stz2g_unaligned, "add x1, x1, #4\nstz2g x2, [x1]") \
    F(stgp, "stgp x2, x3, [x1]") \
    F(stgp_off, "sub x1, x1, #1008\nstgp x2, x3, [x1, #1008]") \
    F(stgp_post, "stgp x2, x3, [x1], #16") \
    F(stgp_pre, "add x1, x1, #1024\nstgp x2, x3, [x1, #-1024]!") \
    F(stgp_unaligned, "add x1, x1, #8\nstgp x2, x3, [x1]") \
    F(ldgm, "ldgm x3, [x1]\nand x3, x3, #0xff") \
    F(stgm, "mov x2, #0x3b3b\nmovk x2, #0x3b3b, lsl #16\nmovk x2, #0x3b3b, lsl #32\nmovk x2, " \
            "#0x3b3b, lsl #48\nstgm x2, [x1]\nldgm x3, [x1]") \
    F(stzgm, "orr x2, x2, #14\nstzgm x2, [x1]") \
    F(gva, "dc gva, x1") \
    F(gva_tag, "dc gva, x2") \
    F(gzva, "dc gzva, x2")
// clang-format on
#define F(name, text) MCODE(s_##name, text);
STORES
#undef F

static const struct {
    const char *name;
    const u32 *code;
} stores[] = {
#define F(name, text) {#name, s_##name},
    STORES
#undef F
};

static void show_memory(void) {
    Ctx c;
    reset_state(&c);
    tcr = TBI0;
    sctlr = ATA | ATA0;
    c.hcr |= HCR_ATA;
    el1_on();
    c.x[1] = TEST_VA + 0x1040;
    c.x[5] = TEST_VA + 0x40;
    put("memory: ");
    put_hex(sum_of_memory());
    put(" ");
    run_code(&c, "tags", c_gettags, EL1H);
}

static void store(const char *what, u32 i, u32 level, u64 x1, u64 x2) {
    u64 keep_tcr = tcr, keep_sctlr = sctlr;
    set_tags();
    run(what, stores[i].name, stores[i].code, level, x1, x2);
    show_memory();
    tcr = keep_tcr;
    sctlr = keep_sctlr;
}

static void allocation_tags(void) {
    const u64 at = TEST_VA + 0x1040;
    for (u32 i = 0; i < sizeof stores / sizeof stores[0]; i++)
        for (u32 level = 0; level < 3; level++) {
            defaults();
            sctlr |= TCF(1) | TCF0(1);
            store("store", i, level, at | TAG(4), TEST_VA | 0xabc0 | TAG(11));
            store("other tag", i, level, at | TAG(9), at | TAG(1));
            if (level == 1) store("untagged", i, level, (at + 0x2000) | TAG(4), TAG(3));
            if (level == 1) store("read-only", i, level, (at + 0x3000) | TAG(4), TAG(3));
            if (level == 1)
                store("absent", i, level, (at + 0x4000) | TAG(4), (at + 0x4000) | TAG(3));
            if (level == 1)
                store("into absent", i, level, (TEST_VA + 0x4ff0) | TAG(4), at | TAG(3));
            sctlr = 0;
            store("no ATA", i, level, at | TAG(4), at | TAG(11));
            if (level == 2) continue;
            defaults();
            hcr = 0;
            store("HCR.ATA 0", i, level, at | TAG(4), at | TAG(11));
            pstate_bits = TCO;
            hcr = HCR_ATA;
            store("TCO", i, level, at | TAG(4), at | TAG(11));
        }
}

// --- checks --------------------------------------------------------------------------------------

// clang-format off: a table
#define FORMS \
    F(ldr, "ldr x3, [x1]") \
    F(ldr_off, "ldr w3, [x1, #4]") \
    F(ldrb, "ldrb w3, [x1, #1]") \
    F(ldrsh, "ldrsh x3, [x1]") \
    F(str, "str x2, [x1]") \
    F(strb, "strb w2, [x1]") \
    F(ldur, "ldur x3, [x1, #-8]") \
    F(stur, "stur w2, [x1, #-4]") \
    F(ldr_post, "ldr x3, [x1], #16") \
    F(str_pre, "str x2, [x1, #8]!") \
    F(ldr_reg, "mov x4, #8\nldr x3, [x1, x4]") \
    F(str_reg, "mov x4, #2\nstr w2, [x1, w4, uxtw #2]") \
    F(ldp, "ldp x3, x4, [x1]") \
    F(stp, "stp x2, x2, [x1]") \
    F(ldp_pre, "ldp w3, w4, [x1, #8]!") \
    F(stnp, "stnp x2, x2, [x1]") \
    F(ldpsw, "ldpsw x3, x4, [x1]") \
    F(ldr_q, "ldr q0, [x1]") \
    F(str_q, "str q0, [x1]") \
    F(str_d, "str d0, [x1, #8]") \
    F(ldp_q, "ldp q0, q1, [x1]") \
    F(ld1, "ld1 {v0.16b}, [x1]") \
    F(ld1_lane, "ld1 {v0.s}[1], [x1]") \
    F(st1_lane, "st1 {v0.h}[1], [x1]") \
    F(ld1r_post, "ld1r {v0.2d}, [x1], #8") \
    F(st2, "st2 {v0.2s, v1.2s}, [x1]") \
    F(ld4, "ld4 {v0.16b-v3.16b}, [x1]") \
    F(ldar, "ldar x3, [x1]") \
    F(stlr, "stlr w2, [x1]") \
    F(ldapr, ".arch armv8.5-a+memtag\nldapr x3, [x1]") \
    F(stlur, "stlur x2, [x1, #8]") \
    F(ldxr, "ldxr x3, [x1]") \
    F(ldxp, "ldxp x3, x4, [x1]") \
    F(ldadd, "ldadd x2, x3, [x1]") \
    F(stclr, "stclr w2, [x1]") \
    F(swp, "swp x2, x3, [x1]") \
    F(cas_fail, "mov x3, #1\ncas x3, x2, [x1]") \
    F(casp_fail, "mov x4, #1\ncasp x4, x5, x2, x3, [x1]") \
    F(ldtr, "ldtr x3, [x1]") \
    F(sttr, "sttr w2, [x1]") \
    F(prfm, "prfm pldl1keep, [x1]") \
    F(ldraa, ".arch armv8.5-a+memtag\nldr x3, [x1]\nldr x4, [x1, #-8]") \
    F(zva, "dc zva, x1") \
    F(gva, "dc gva, x1") \
    F(gzva, "dc gzva, x1") \
    F(lit, "ldr x3, .") \
    F(cross, "add x1, x1, #12\nldr x3, [x1]") \
    F(cross_low, "sub x1, x1, #4\nldr x3, [x1]") \
    F(str_cross, "add x1, x1, #12\nstr x2, [x1]") \
    F(str_cross_low, "sub x1, x1, #4\nstr x2, [x1]") \
    F(ldp_cross, "add x1, x1, #8\nldp x3, x4, [x1]") \
    F(ldrq_cross, "add x1, x1, #8\nldr q0, [x1]") \
    F(sp, "mov x4, sp\nmov sp, x1\nldr x3, [sp]\nmov sp, x4") \
    F(sp_off, "mov x4, sp\nmov sp, x1\nstr x3, [sp, #8]\nmov sp, x4") \
    F(sp_stur, "mov x4, sp\nmov sp, x1\nstur x3, [sp, #-8]\nmov sp, x4") \
    F(sp_post, "mov x4, sp\nmov sp, x1\nldr x3, [sp], #16\nmov sp, x4") \
    F(sp_pre, "mov x4, sp\nmov sp, x1\nstr x3, [sp, #-16]!\nmov sp, x4") \
    F(sp_reg, "mov x4, sp\nmov sp, x1\nmov x5, #0\nldr x3, [sp, x5]\nmov sp, x4") \
    F(sp_ldp, "mov x4, sp\nmov sp, x1\nldp x3, x5, [sp]\nmov sp, x4") \
    F(sp_stp_pre, "mov x4, sp\nmov sp, x1\nstp x3, x5, [sp, #-16]!\nmov sp, x4") \
    F(sp_q, "mov x4, sp\nmov sp, x1\nldr q0, [sp]\nmov sp, x4") \
    F(sp_ld1, "mov x4, sp\nmov sp, x1\nld1 {v0.16b}, [sp]\nmov sp, x4") \
    F(sp_ld1_post, "mov x4, sp\nmov sp, x1\nld1 {v0.16b}, [sp], #16\nmov sp, x4") \
    F(sp_ldxr, "mov x4, sp\nmov sp, x1\nldxr x3, [sp]\nmov sp, x4") \
    F(sp_ldadd, "mov x4, sp\nmov sp, x1\nldadd x2, x3, [sp]\nmov sp, x4") \
    F(sp_cas, "mov x4, sp\nmov sp, x1\ncas x3, x2, [sp]\nmov sp, x4") \
    F(sp_ldar, "mov x4, sp\nmov sp, x1\nldar x3, [sp]\nmov sp, x4") \
    F(sp_stlur, "mov x4, sp\nmov sp, x1\nstlur x3, [sp, #8]\nmov sp, x4") \
    F(sp_ldtr, "mov x4, sp\nmov sp, x1\nldtr x3, [sp]\nmov sp, x4")
// clang-format on
#define F(name, text) MCODE(f_##name, text);
FORMS
#undef F

static const struct {
    const char *name;
    const u32 *code;
} forms[] = {
#define F(name, text) {#name, f_##name},
    FORMS
#undef F
};

static void each_form(const char *what, u32 level, u64 x1) {
    for (u32 i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        set_tags();
        run(what, forms[i].name, forms[i].code, level, x1, 0x5a5a5a5a5a5a5a5a);
        put("memory after ");
        put(forms[i].name);
        put(": ");
        put_hex(sum_of_memory());
        put("\n");
    }
}

static void checks(void) {
    const u64 at = TEST_VA + 0x1040;
    static const char *const modes[] = {"TCF 0", "TCF 1", "TCF 2", "TCF 3"};
    for (u32 level = 0; level < 3; level++)
        for (u32 mode = 0; mode < 4; mode++) {
            defaults();
            // The other Exception level's mode differs: LDTR shows whose counts.
            sctlr |= level ? TCF(mode) | TCF0(mode ^ 1) : TCF0(mode) | TCF(mode ^ 1);
            each_form(modes[mode], level, at | TAG(9));
            if (mode != 1) continue;
            each_form("same tag", level, at | TAG(4));
            each_form("not Tagged", level, (at + 0x2000) | TAG(9));
            pstate_bits = TCO;
            each_form("TCO", level, at | TAG(9));
        }
}

// What decides whether an access is checked, by one load and one store.
static void conditions(void) {
    const u64 at = TEST_VA + 0x1000;
    static const u8 tags[] = {0, 1, 4, 15};
    for (u32 level = 0; level < 3; level++)
        for (u32 bits = 0; bits < 32; bits++)
            for (u32 i = 0; i < 8; i++) {
                defaults();
                sctlr = (bits & 1 ? ATA : 0) | (bits & 2 ? ATA0 : 0) | TCF(1) | TCF0(1);
                tcr = (bits & 4 ? TBI0 : 0) | (bits & 8 ? TCMA0 : 0);
                hcr = bits & 16 ? HCR_ATA : 0;
                put_hex(bits);
                put(i & 1 ? " store " : " load ");
                run("of tag 4", "by", i & 1 ? f_str : f_ldr, level, at + 0x40 + TAG(tags[i / 2]),
                    0);
                put_hex(bits);
                put(i & 1 ? " store " : " load ");
                run("of tag 0", "by", i & 1 ? f_str : f_ldr, level, TEST_VA + TAG(tags[i / 2]), 0);
            }
}

// --- memory types --------------------------------------------------------------------------------

MCODE(c_type, "at s1e1r, x1\nmrs x3, par_el1\nldg x4, [x1]\nldr x5, [x1]");
MCODE(c_type12, "at s1e1r, x1\nmrs x3, par_el1\nat s12e1r, x1\nmrs x4, par_el1");

static void types(void) {
    const u64 at = (TEST_VA + 0x1040) | TAG(9);
    static const u8 attrs[] = {0xf0, 0xff, 0xee};
    for (u32 i = 0; i < sizeof attrs; i++)
        for (u32 s2 = 0; s2 < 17; s2++) {
            if (s2 >= 4 && s2 < 16 && !(s2 & 3)) continue;  // reserved
            defaults();
            set_tags();
            sctlr |= TCF(1);
            Ctx c;
            reset_state(&c);
            el1_on();
            WRITE(mair_el1, 0x44ff00 | (u64)attrs[i] << 24);
            c.hcr |= HCR_ATA;
            if (s2 < 16) {
                tables_s2.l3_test[1] =
                    (u64)scratch[1] | PTE_VALID | PTE_AF | PTE_ISH | S2_R | S2_W | (u64)s2 << 2;
                tables_el1.l3_test[1] = (TEST_VA + 0x1000) | S1_PAGE | PTE_TAGGED | PTE_EL0;
                c.hcr |= stage2_on();
            }
            flush();
            c.x[1] = at;
            put("MAIR ");
            put_hex(attrs[i]);
            put(s2 == 16 ? " no stage 2" : " stage 2 ");
            if (s2 < 16) put_hex(s2);
            run_code(&c, " type", c_type, EL1H);
            if (s2 < 16 && s2) {
                c.x[1] = at;
                run_code(&c, "AT of the last", c_type12, EL2H);
            }
        }
    // Stage 1 off, HCR_EL2.DC, DCT.
    for (u32 dct = 0; dct < 4; dct++) {
        defaults();
        set_tags();
        Ctx c;
        reset_state(&c);
        el1_on();
        WRITE(sctlr_el1, (READ(sctlr_el1) & ~1ull) | TCF(1));
        c.hcr |= stage2_on() | HCR_ATA | (dct & 1 ? HCR_DC : 0) | (dct & 2 ? HCR_DCT : 0);
        tables_s2.l3_test[1] = (u64)scratch[1] | S2_PAGE | S2_R | S2_W;
        flush();
        c.x[1] = at;
        put("stage 1 off ");
        put_hex(dct);
        run_code(&c, " type", c_type, EL1H);
    }
}

// --- registers -----------------------------------------------------------------------------------

MCODE(c_regs,
      "mov x3, #0x1ffff\nmsr s3_0_c1_c0_6, x3\nmrs x4, s3_0_c1_c0_6\nmsr s3_0_c1_c0_6, xzr\n"
      "mov x3, #3\nmsr s3_0_c5_c6_0, x3\nmrs x5, s3_0_c5_c6_0\nmsr s3_0_c5_c6_1, x3\nmrs x6, "
      "s3_0_c5_c6_1\n"
      "mrs x7, s3_1_c0_c0_4");
MCODE(c_gmid, "mrs x3, s3_1_c0_c0_4");
MCODE(c_tco, "mrs x3, s3_3_c4_c2_7\nmsr s3_3_c4_c2_7, x2\nmrs x4, s3_3_c4_c2_7\n.inst 0xd503419f\n"
             "mrs x5, s3_3_c4_c2_7\n.inst 0xd503409f\nmrs x6, s3_3_c4_c2_7");
MCODE(c_svc, "svc #1");
MCODE(c_entry, "msr s3_3_c4_c2_7, xzr\nudf #0");

static void registers(void) {
    for (u32 level = 0; level < 3; level++)
        for (u32 i = 0; i < 8; i++) {
            defaults();
            hcr = (i & 1 ? HCR_ATA : 0) | (i & 2 ? HCR_TID5 : 0);
            pstate_bits = i & 4 ? TCO : 0;
            run("registers", i & 1 ? "ATA" : "no ATA", c_regs, level, 0, 0);
            run("GMID", i & 2 ? "TID5" : "", c_gmid, level, 0, 0);
            run("TCO", "field", c_tco, level, 0, i & 1 ? TCO : ~TCO);
            run("TCO", "SVC", c_svc, level, 0, 0);
            run("TCO", "UDF", c_entry, level, 0, 0);
        }
}

void rom_main(void) {
    build();
    registers();
    addresses();
    allocation_tags();
    checks();
    conditions();
    types();
    put("END\n");
}
