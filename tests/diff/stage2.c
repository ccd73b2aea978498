// Stage 2: faults by type and level, the syndrome of many load and store forms, faults on stage 1
// walks, S2AP and XN against the permissions of stage 1, AT instructions. Arm ARM: "The AArch64
// Virtual Memory System Architecture", ESR_EL2 (ISS of a Data Abort), HPFAR_EL2, PAR_EL1.
#include "rt.h"

CODE(c_load, "ldr x0, [x1]");
CODE(c_store, "str x0, [x1]");
CODE(c_exec, "br x1");
CODE(c_at,
     "at s1e1r, x1\nmrs x2, par_el1\nat s1e1w, x1\nmrs x3, par_el1\nat s1e0r, x1\nmrs x4, par_el1\n"
     "at s1e0w, x1\nmrs x5, par_el1");
CODE(
    c_at12,
    "at s12e1r, x1\nmrs x2, par_el1\nat s12e1w, x1\nmrs x3, par_el1\nat s12e0r, x1\nmrs x4, "
    "par_el1\n"
    "at s12e0w, x1\nmrs x5, par_el1\nat s1e2r, x1\nmrs x6, par_el1\nat s1e2w, x1\nmrs x7, par_el1\n"
    "at s1e1r, x1\nmrs x8, par_el1");

// Loads and stores that fault at stage 2, for their syndrome. x1 is the address, x2 a small offset.
// clang-format off: a table
#define FORMS \
    F(ldrb_w, "ldrb w0, [x1]") \
    F(ldrsb_w, "ldrsb w3, [x1]") \
    F(ldrsb_x, "ldrsb x4, [x1]") \
    F(ldrh_w, "ldrh w5, [x1, #2]") \
    F(ldrsh_w, "ldrsh w6, [x1]") \
    F(ldrsh_x, "ldrsh x7, [x1]") \
    F(ldr_w, "ldr w8, [x1, #4]") \
    F(ldrsw, "ldrsw x9, [x1]") \
    F(ldr_x, "ldr x10, [x1, #8]") \
    F(ldr_xzr, "ldr xzr, [x1]") \
    F(ldr_wzr, "ldr wzr, [x1]") \
    F(strb, "strb w11, [x1, #1]") \
    F(strh, "strh w12, [x1]") \
    F(str_w, "str w13, [x1]") \
    F(str_x, "str x14, [x1]") \
    F(str_xzr, "str xzr, [x1]") \
    F(ldr_regoff, "ldr x15, [x1, x2]") \
    F(ldr_uxtw, "ldr w16, [x1, w2, uxtw #2]") \
    F(str_sxtx, "strb w17, [x1, x2, sxtx]") \
    F(ldr_pre, "ldr x18, [x1, #8]!") \
    F(ldr_post, "ldr x19, [x1], #8") \
    F(str_pre, "str w20, [x1, #-4]!") \
    F(strb_post, "strb w21, [x1], #1") \
    F(ldur, "ldur x22, [x1, #-3]") \
    F(stur, "sturh w23, [x1, #1]") \
    F(ldursw, "ldursw x24, [x1]") \
    F(ldtr, "ldtr x25, [x1]") \
    F(sttrb, "sttrb w26, [x1]") \
    F(ldtrsb, "ldtrsb w27, [x1]") \
    F(ldar_x, "ldar x0, [x1]") \
    F(ldar_w, "ldar w3, [x1]") \
    F(ldarb, "ldarb w4, [x1]") \
    F(ldarh, "ldarh w5, [x1]") \
    F(stlr_x, "stlr x6, [x1]") \
    F(stlrb, "stlrb w7, [x1]") \
    F(ldxr, "ldxr x8, [x1]") \
    F(ldaxr, "ldaxr w9, [x1]") \
    F(ldaxrb, "ldaxrb w9, [x1]") \
    F(ldp, "ldp x10, x11, [x1]") \
    F(stp, "stp w12, w13, [x1]") \
    F(ldp_pre, "ldp x3, x4, [x1, #16]!") \
    F(ldpsw, "ldpsw x5, x6, [x1]") \
    F(ldnp, "ldnp x7, x8, [x1]") \
    F(ldxp, "ldxp x9, x10, [x1]") \
    F(ldr_d, "ldr d0, [x1]") \
    F(str_q, "str q1, [x1]") \
    F(ldr_b, "ldr b0, [x1]") \
    F(ldp_q, "ldp q2, q3, [x1]") \
    F(ld1, "ld1 {v0.16b}, [x1]") \
    F(st1_lane, "st1 {v0.s}[1], [x1]") \
    F(dc_zva, "dc zva, x1") \
    F(prfm, "prfm pldl1keep, [x1]") \
    F(ldr_cross, "ldr x3, [x4]") \
    F(str_cross, "str x3, [x4]") \
    F(ldp_cross, "ldp x5, x6, [x4]")
// clang-format on
#define F(name, text) CODE(f_##name, text);
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

static const u64 va = TEST_VA + 0x1100;
static const u64 s2_good = S2_PAGE | S2_R | S2_W;

static void run(const char *what, const char *kind, const u32 *code, u64 pstate, bool stage1,
                u64 address) {
    Ctx c;
    reset_state(&c);
    if (stage1) stage1_el1_on(1 << 26 | 1 << 14);
    c.hcr |= stage2_on();
    c.x[0] = 0x123456789;
    c.x[1] = address;
    c.x[2] = 16;
    c.x[4] = (address | 0xfff) - 2;
    for (int i = 0; i < TEST_PAGES; i++) *(u32 *)(scratch[i] + 0x100) = 0xd4000002 | 0xfff << 5;
    flush();
    put(pstate == EL0 ? "EL0 " : "EL1 ");
    put(stage1 ? "S1 " : "- ");
    put(what);
    put(" ");
    run_code(&c, kind, code, pstate);
}

static void each(const char *what, u64 address) {
    for (int stage1 = 0; stage1 < 2; stage1++)
        for (u64 m = 0; m < 2; m++) {
            u64 pstate = m ? EL1H : EL0;
            run(what, "ld", c_load, pstate, stage1, address);
            run(what, "st", c_store, pstate, stage1, address);
            run(what, "ex", c_exec, pstate, stage1, address);
        }
}

// With both stages on, stage 1 maps the test pages to the IPAs that stage 2 maps to scratch memory.
static void build(void) {
    build_tables();
    for (u64 i = 0; i < TEST_PAGES; i++)
        tables_el1.l3_test[i] = (TEST_VA + i * 4096) | S1_PAGE | PTE_EL0;
}

static void syndromes(void) {
    build();
    tables_s2.l3_test[1] = 0;
    for (u32 i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        run("form", forms[i].name, forms[i].code, EL1H, true, va);
        run("form", forms[i].name, forms[i].code, EL0, true, va);
    }
    build();
    tables_s2.l3_test[2] = 0;  // the second page of a crossing access
    for (u32 i = 0; i < sizeof forms / sizeof forms[0]; i++)
        run("cross", forms[i].name, forms[i].code, EL1H, true, TEST_VA + 0x1ffe);
}

static void faults(void) {
    build();
    each("good", va);
    tables_s2.l3_test[1] = 0;
    each("L3 invalid", va);
    tables_s2.l3_test[1] = (u64)scratch[1] | 1;
    each("L3 reserved", va);
    tables_s2.l3_test[1] = (u64)scratch[1] | (s2_good & ~PTE_AF);
    each("L3 no AF", va);
    tables_s2.l3_test[1] = (u64)scratch[1] | s2_good | 1ull << 41;
    each("L3 address size", va);
    build();
    tables_s2.l2_test[0] = 0;
    each("L2 invalid", va);
    tables_s2.l2_test[0] = 0x40400000 | PTE_BLOCK | S2_ATTR | S2_R | S2_W;
    each("L2 no AF", va);
    tables_s2.l2_test[0] = 0x40400000 | PTE_BLOCK | S2_ATTR | S2_R | S2_W | PTE_AF | 1ull << 45;
    each("L2 address size", va);
    build();
    tables_s2.l1[2] = 0;
    each("L1 invalid", va);
    build();
    tables_s2.l1[2] = 0x40000000 | PTE_BLOCK | S2_ATTR | S2_R | S2_W;
    each("L1 no AF", va);
    build();
    tables_el1.l3_test[1] = (1ull << 39) | 0x1000 | S1_PAGE | PTE_EL0;
    each("IPA beyond T0SZ", va);
    tables_el1.l3_test[1] = (1ull << 35) | 0x1000 | S1_PAGE | PTE_EL0;
    each("IPA unmapped", va);
}

// The walk of stage 1 meets a fault of stage 2: S1PTW, for each level of the table.
static void walks(void) {
    for (int kind = 0; kind < 4; kind++) {
        static const char *const names[] = {"invalid", "no AF", "write-only", "no access"};
        static const u64 bits[] = {0, S2_PAGE & ~PTE_AF, S2_PAGE | S2_W, S2_PAGE};
        for (int level = 1; level <= 3; level++) {
            build();
            // The EL1 tables move to IPAs of test pages 8 to 10, whose stage 2 descriptors can be
            // spoilt.
            u64 *page[4] = {0, (u64 *)scratch[8], (u64 *)scratch[9], (u64 *)scratch[10]};
            for (int i = 0; i < 512; i++) {
                page[1][i] = tables_el1.l1[i];
                page[2][i] = tables_el1.l2_test[i];
                page[3][i] = tables_el1.l3_test[i];
            }
            // Code stays mapped by the old tables: only the walk for the test page goes through the
            // pages.
            if (level == 1) continue;
            tables_el1.l1[2] = (TEST_VA + 9 * 4096) | 3;
            page[2][0] = (TEST_VA + 10 * 4096) | 3;
            u64 *d = &tables_s2.l3_test[7 + level];
            *d = (kind ? (u64)scratch[7 + level] : 0) | bits[kind] | (kind == 1 ? S2_R : 0);
            for (u64 m = 0; m < 2; m++) {
                run(level == 2 ? "walk L2" : "walk L3", names[kind], c_load, m ? EL1H : EL0, true,
                    va);
                run(level == 2 ? "walk L2" : "walk L3", names[kind], c_store, m ? EL1H : EL0, true,
                    va);
                run(level == 2 ? "walk L2" : "walk L3", names[kind], c_exec, m ? EL1H : EL0, true,
                    va);
                run(level == 2 ? "walk L2 AT" : "walk L3 AT", names[kind], c_at, EL1H, true, va);
            }
        }
    }
    build();
    Ctx c;
    reset_state(&c);
    stage1_el1_on(0);
    c.hcr |= stage2_on();
    WRITE(ttbr0_el1, 0x7000000000);
    flush();
    run_code(&c, "EL1 stage 1 table at an unmapped IPA", c_load, EL1H);
}

static void permissions(void) {
    build();
    for (u64 s2 = 0; s2 < 16; s2++)
        for (u64 s1 = 0; s1 < 4; s1++) {
            char name[] = "S2AP=? XN=? AP=?";
            name[5] = (char)('0' + (s2 & 3));
            name[10] = (char)('0' + (s2 >> 2));
            name[15] = (char)('0' + s1);
            tables_s2.l3_test[1] = (u64)scratch[1] | S2_PAGE | (s2 & 3) << 6 | (s2 >> 2) << 53;
            tables_el1.l3_test[1] = (TEST_VA + 0x1000) | S1_PAGE | s1 << 6;
            each(name, va);
        }
}

static void translate(void) {
    static const struct {
        const char *name;
        u64 s1, s2;
    } pages[] = {
        {"good", S1_PAGE | PTE_EL0, S2_PAGE | S2_R | S2_W},
        {"S1 RO", S1_PAGE | PTE_EL0 | PTE_RO, S2_PAGE | S2_R | S2_W},
        {"S1 EL1", S1_PAGE, S2_PAGE | S2_R | S2_W},
        {"S1 invalid", 0, S2_PAGE | S2_R | S2_W},
        {"S1 no AF", S1_PAGE & ~PTE_AF, S2_PAGE | S2_R | S2_W},
        {"S1 Device", S1_PAGE & ~PTE_NORMAL, S2_PAGE | S2_R | S2_W},
        {"S1 NC", (S1_PAGE & ~PTE_NORMAL) | 8, S2_PAGE | S2_R | S2_W},
        {"S1 NSH", S1_PAGE & ~PTE_ISH, (S2_PAGE & ~PTE_ISH) | S2_R | S2_W},
        {"S2 invalid", S1_PAGE | PTE_EL0, 0},
        {"S2 RO", S1_PAGE | PTE_EL0, S2_PAGE | S2_R},
        {"S2 none", S1_PAGE | PTE_EL0, S2_PAGE},
        {"S2 no AF", S1_PAGE | PTE_EL0, (S2_PAGE | S2_R | S2_W) & ~PTE_AF},
        {"S2 Device", S1_PAGE | PTE_EL0, (S2_PAGE & ~S2_ATTR) | 1 << 2 | S2_R | S2_W},
        {"S2 NC", S1_PAGE | PTE_EL0, (S2_PAGE & ~S2_ATTR) | 5 << 2 | S2_R | S2_W},
    };
    for (u32 i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        build();
        tables_el1.l3_test[1] = pages[i].s1 ? (TEST_VA + 0x3000) | pages[i].s1 : 0;
        tables_s2.l3_test[3] = pages[i].s2 ? (u64)scratch[1] | pages[i].s2 : 0;
        tables_el2.l3_test[1] = pages[i].s1 ? (u64)scratch[2] | pages[i].s1 : 0;
        run("AT", pages[i].name, c_at, EL1H, true, va);
        run("AT", pages[i].name, c_at, EL1H, false, TEST_VA + 0x3100);
        for (int vm = 0; vm < 2; vm++) {
            Ctx c;
            reset_state(&c);
            stage1_el1_on(0);
            c.hcr |= vm ? stage2_on() : 0;
            stage1_el2_on(0);
            c.x[1] = va;
            put(vm ? "EL2 S2 AT " : "EL2 AT ");
            run_code(&c, pages[i].name, c_at12, EL2H);
            stage1_el2_off();
        }
    }
    build();
    run("AT", "beyond", c_at, EL1H, true, 1ull << 40);
    run("AT", "L1", c_at, EL1H, true, 1ull << 35);
    run("AT", "L2", c_at, EL1H, true, TEST_VA + 0x400000);
    run("AT", "block", c_at, EL1H, true, 0x40212345);
}

void rom_main(void) {
    syndromes();
    faults();
    walks();
    permissions();
    translate();
    put("END\n");
}
