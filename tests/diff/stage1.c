// Stage 1 of the EL1&0 and EL2 regimes: every fault by type and level, access permissions, address
// sizes, granules. Arm ARM: "The AArch64 Virtual Memory System Architecture".
#include "rt.h"

CODE(c_load, "ldr x0, [x1]");
CODE(c_store, "str x0, [x1]");
CODE(c_exec, "br x1");
CODE(c_load_w, "ldr w0, [x1]");
CODE(c_ldp_cross, "ldp x2, x3, [x1]");
CODE(c_ldtr, "ldtr x0, [x1]");
CODE(c_sttr, "sttr x0, [x1]");
CODE(c_ldxr, "ldxr x0, [x1]");
CODE(c_ldar, "ldar x0, [x1]");
CODE(c_stlr, "stlr x0, [x1]");
CODE(c_cvac, "dc cvac, x1");
CODE(c_civac, "dc civac, x1");
CODE(c_ivac, "dc ivac, x1");
CODE(c_zva, "dc zva, x1");
CODE(c_ivau, "ic ivau, x1");
CODE(c_prfm, "prfm pldl1keep, [x1]");

static const struct {
    const char *name;
    const u32 *code;
} accesses[] = {{"ld", c_load},   {"st", c_store},    {"ex", c_exec},   {"ldtr", c_ldtr},
                {"sttr", c_sttr}, {"ldxr", c_ldxr},   {"ldar", c_ldar}, {"stlr", c_stlr},
                {"cvac", c_cvac}, {"civac", c_civac}, {"ivac", c_ivac}, {"zva", c_zva},
                {"ivau", c_ivau}, {"prfm", c_prfm}};

static const struct {
    const char *name;
    u64 pstate;
} levels[] = {{"EL0 ", EL0}, {"EL1 ", EL1H}, {"EL2 ", EL2H}};

static u64 sctlr_extra;

static void access(const char *what, u32 level, u32 kind, u64 va) {
    Ctx c;
    reset_state(&c);
    if (level == 2)
        stage1_el2_on(sctlr_extra);
    else
        stage1_el1_on(sctlr_extra | 1 << 26 | 1 << 14);
    c.x[1] = va;
    c.x[0] = 0x0123456789abcdef;
    for (int i = 0; i < 8; i++) *(u32 *)(scratch[i] + 0x100) = 0xd4000002 | 0xfff << 5;  // HVC
    flush();
    c.pc = (u64)accesses[kind].code;
    c.pstate = levels[level].pstate;
    put(levels[level].name);
    put(what);
    put(" ");
    run_code(&c, accesses[kind].name, accesses[kind].code, levels[level].pstate);
    if (level == 2) stage1_el2_off();
}

static void each(const char *what, u64 va) {
    for (u32 level = 0; level < 3; level++)
        for (u32 kind = 0; kind < 3; kind++) access(what, level, kind, va);
}

// A page's descriptor in the tables of both regimes.
static void set_page(u64 descriptor) {
    tables_el1.l3_test[1] = tables_el2.l3_test[1] = descriptor;
}

static void faults(void) {
    const u64 va = TEST_VA + 0x1100, good = (u64)scratch[1] | S1_PAGE | PTE_EL0;
    build_tables();
    for (u32 level = 0; level < 3; level++)
        for (u32 kind = 0; kind < 14; kind++) access("good", level, kind, va);
    set_page(0);
    for (u32 level = 0; level < 3; level++)
        for (u32 kind = 0; kind < 14; kind++) access("L3 invalid", level, kind, va);
    set_page((u64)scratch[1] | 1);
    each("L3 reserved", va);
    set_page(good & ~PTE_AF);
    for (u32 level = 0; level < 3; level++)
        for (u32 kind = 0; kind < 14; kind++) access("L3 no AF", level, kind, va);
    set_page(good | 1ull << 40);
    each("L3 address size", va);
    set_page(good | 1ull << 47);
    each("L3 address size 47", va);
    set_page(good);
    each("beyond T0SZ", 1ull << 39 | va);
    each("TTBR1 disabled", 0xffffffff80001100);
    each("hole", 0x0000800080001100);
    each("tagged", 0x5500000080001100);
    each("L1 invalid", 0x200001100);
    each("L2 invalid", TEST_VA + 0x200000);
    for (int i = 0; i < 3; i++) {
        static const u64 bad[] = {1ull << 40, 1ull << 44, 0};
        static const char *const name[] = {"L2 table address size", "L2 table address size 44",
                                           "L2 block no AF"};
        u64 old = tables_el1.l2_test[0], old2 = tables_el2.l2_test[0];
        if (i < 2) {
            tables_el1.l2_test[0] |= bad[i];
            tables_el2.l2_test[0] |= bad[i];
        } else {
            tables_el1.l2_test[0] = tables_el2.l2_test[0] = 0x40400000 | PTE_BLOCK | PTE_NORMAL;
        }
        each(name[i], va);
        tables_el1.l2_test[0] = old;
        tables_el2.l2_test[0] = old2;
    }
    tables_el1.l1[2] |= 1ull << 41;
    tables_el2.l1[2] |= 1ull << 41;
    each("L1 table address size", va);
    tables_el1.l1[2] = tables_el2.l1[2] = 0x40000000 | PTE_BLOCK | PTE_NORMAL;
    each("L1 block no AF", va);
    tables_el1.l1[2] = tables_el2.l1[2] = 0x40000000 | PTE_BLOCK | PTE_NORMAL | PTE_AF | 1ull << 42;
    each("L1 block address size", va);
}

static void permissions(void) {
    const u64 va = TEST_VA + 0x1100;
    build_tables();
    for (u32 wxn = 0; wxn < 2; wxn++)
        for (u64 bits = 0; bits < 16; bits++) {
            char name[] = "AP=? PXN=? UXN=? WXN=?";
            name[3] = (char)('0' + (bits & 3));
            name[9] = (char)('0' + (bits >> 2 & 1));
            name[15] = (char)('0' + (bits >> 3 & 1));
            name[21] = (char)('0' + wxn);
            set_page((u64)scratch[1] | S1_PAGE | (bits & 3) << 6 | (bits >> 2 & 1) << 53 |
                     (bits >> 3) << 54);
            sctlr_extra = wxn << 19;
            for (u32 level = 0; level < 3; level++)
                for (u32 kind = 0; kind < (wxn ? 3 : 14); kind++) access(name, level, kind, va);
        }
    sctlr_extra = 0;
    for (u64 bits = 0; bits < 32;
         bits++) {  // APTable, XNTable, PXNTable, NSTable over everything allowed
        build_tables();
        tables_el1.l2_test[0] |= bits << 59;
        tables_el2.l2_test[0] |= bits << 59;
        char name[] = "table bits ??";
        name[11] = (char)('0' + bits / 10);
        name[12] = (char)('0' + bits % 10);
        set_page((u64)scratch[1] | S1_PAGE | PTE_EL0);
        each(name, va);
        set_page((u64)scratch[1] | S1_PAGE | PTE_EL0 | PTE_RO);
        each(name, va);
    }
}

static void alignment(void) {
    build_tables();
    static const struct {
        const char *name;
        const u32 *code;
    } forms[] = {{"ldr w", c_load_w},
                 {"ldr x", c_load},
                 {"ldp", c_ldp_cross},
                 {"ldxr", c_ldxr},
                 {"ldar", c_ldar}};
    for (u32 a = 0; a < 2; a++)
        for (u32 f = 0; f < 5; f++)
            for (u64 offset = 0x1101; offset < 0x1110; offset += 1) {
                Ctx c;
                reset_state(&c);
                stage1_el1_on(a << 1);
                c.x[1] = TEST_VA + offset;
                put(a ? "A=1 " : "A=0 ");
                run_code(&c, forms[f].name, forms[f].code, EL1H);
            }
    tables_el1.l3_test[2] = 0;
    for (u64 offset = 0x1ff1; offset < 0x2000; offset++) {
        Ctx c;
        reset_state(&c);
        stage1_el1_on(0);
        c.x[1] = TEST_VA + offset;
        run_code(&c, "cross ldp", c_ldp_cross, EL1H);
        c.x[1] = TEST_VA + offset;
        run_code(&c, "cross ldr", c_load, EL0);
        c.x[1] = TEST_VA + 0x1000 + offset;
        run_code(&c, "cross back ldr", c_load, EL0);
    }
    tables_el1.l3_test[1] = (u64)scratch[1] | (S1_PAGE & ~PTE_NORMAL);
    Ctx c;
    reset_state(&c);
    stage1_el1_on(0);
    c.x[1] = TEST_VA + 0x1101;
    run_code(&c, "Device memory, unaligned", c_load, EL1H);
    c.x[1] = TEST_VA + 0x1100;
    run_code(&c, "Device memory, aligned", c_load, EL1H);
    run_code(&c, "Device memory, DC ZVA", c_zva, EL1H);
    reset_state(&c);
    c.x[1] = (u64)scratch[1] + 1;
    run_code(&c, "MMU off, unaligned", c_load, EL1H);
    c.x[1] = 1ull << 47;
    run_code(&c, "MMU off, beyond the PA size", c_load, EL1H);
    c.x[1] = (1ull << 47) + 1;
    run_code(&c, "MMU off, branch beyond the PA size", c_exec, EL1H);
}

// TCR_EL1 forms: table sizes, start levels, EPD, TBI; the tables are the same, so that most of them
// fault somewhere.
static void sizes(void) {
    build_tables();
    for (u32 t0sz = 16; t0sz <= 39; t0sz++) {
        Ctx c;
        reset_state(&c);
        stage1_el1_on(0);
        // The start level's table must map the rom: only sizes that start at level 1 do; others see
        // EL0 code faults.
        WRITE(tcr_el1, (TCR_BASE & ~63ull) | t0sz | 1u << 23 | 2ull << 32);
        flush();
        c.x[1] = TEST_VA + 0x1100;
        put_hex(t0sz);
        if (t0sz < 25 ||
            t0sz > 32) {  // the EL1 vectors are not mapped: only the abort at EL2 can be seen
            put(": start level\n");
            continue;
        }
        run_code(&c, " T0SZ: in", c_load, EL1H);
        c.x[1] = 1ull << (64 - t0sz);
        run_code(&c, " T0SZ: out", c_load, EL1H);
    }
    for (u32 bits = 0; bits < 4; bits++) {
        Ctx c;
        reset_state(&c);
        stage1_el1_on(0);
        WRITE(tcr_el1, TCR_BASE | 1u << 23 | 2ull << 32 | (bits & 1 ? 1ull << 37 : 0) |
                           (bits & 2 ? 1ull << 38 : 0));
        flush();
        c.x[1] = 0xaa00000080001100;
        put_hex(bits);
        run_code(&c, " TBI: load", c_load, EL1H);
        run_code(&c, " TBI: branch", c_exec, EL1H);
        c.x[1] = 0xaa80000080001100;
        run_code(&c, " TBI: load with bit 55", c_load, EL1H);
        run_code(&c, " TBI: branch with bit 55", c_exec, EL1H);
    }
}

void rom_main(void) {
    faults();
    permissions();
    alignment();
    sizes();
    put("END\n");
}
