// Branch target identification (FEAT_BTI): every branch to a register from and to guarded pages and others, every
// instruction that may be its target, SPSR_ELx.BTYPE of exceptions between the two, and ERET with BTYPE. Arm ARM:
// "Branch target identification".
#include "rt.h"

#define GP (1ull << 50)

enum { GUARDED_CODE, CODE, GUARDED_TARGET, TARGET, HOLE, OFFSET = 0x100 };

static u64 address(u32 page, u64 offset) {
    return TEST_VA + page * 4096 + offset;
}

static void put_word(u32 page, u64 offset, u32 word) {
    u32 *at = (u32 *)(scratch[page] + offset);
    at[0] = word;
    at[1] = at[2] = 0xd4000002 | 0xfff << 5;
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
}

static void set_pages(Tables *t, u64 attributes) {
    for (u32 i = 0; i < HOLE; i++)
        t->l3_test[i] =
            (u64)scratch[i] | attributes | (i == GUARDED_CODE || i == GUARDED_TARGET ? GP : 0);
    t->l3_test[HOLE] = 0;
}

static const struct {
    const char *name;
    u64 pstate;
} levels[] = {{"EL0", EL0}, {"EL1", EL1H}, {"EL2", EL2H}};

static const struct {
    const char *name;
    u32 word;
} branches[] = {
    {"br x9", 0xd61f0120},     {"br x16", 0xd61f0200},    {"br x17", 0xd61f0220},
    {"blr x9", 0xd63f0120},    {"blr x16", 0xd63f0200},   {"ret x9", 0xd65f0120},
    {"braaz x9", 0xd61f093f},  {"braa x17", 0xd71f0a29},  {"brabz x16", 0xd61f0e1f},
    {"blraaz x9", 0xd63f093f}, {"blrab x16", 0xd73f0e09}, {"b", 0},
};

static const struct {
    const char *name;
    u32 word;
} targets[] = {
    {"nop", 0xd503201f},     {"bti", 0xd503241f},     {"bti c", 0xd503245f},
    {"bti j", 0xd503249f},   {"bti jc", 0xd50324df},  {"paciasp", 0xd503233f},
    {"pacibsp", 0xd503237f}, {"paciaz", 0xd503231f},  {"autiasp", 0xd50323bf},
    {"brk", 0xd4200020},     {"hint 35", 0xd503247f}, {"mov", 0xd2800000},
    {"bl", 0x94000001},      {"br", 0xd61f0140},
};

static u64 sctlr1, sctlr2;

// What is left to choice is not shown: BTYPE of exceptions of the target instruction itself, but of BRK.
static void show_btype(const Ctx *c) {
    bool el1 = (c->esr & ~0x0full) == (0x16ull << 26 | 1u << 25 | 0x100) && !(c->vector & 0x180);
    u64 esr = el1 ? READ(esr_el1) : c->esr, spsr = el1 ? READ(spsr_el1) : c->pstate;
    switch (esr >> 26) {
    case 0x0d:
    case 0x0e:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x32:
    case 0x33:
    case 0x3c: put_field("BTYPE", spsr >> 10 & 3); break;
    }
    put("\n");
}

static void run(const char *name, u64 pc, u64 to, u32 level, u64 pstate, u64 mdscr) {
    Ctx c;
    reset_state(&c);
    c.hcr |= 3ull << 40;  // API, APK: pointer authentication does not trap
    if (level == 2) {
        stage1_el2_on(sctlr2);
    } else {
        stage1_el1_on(sctlr1);
    }
    if (mdscr) {
        WRITE(oslar_el1, 0);
        WRITE(mdcr_el2, READ(mdcr_el2) | 1 << 8);  // TDE
        WRITE(mdscr_el1, mdscr);
    }
    c.x[9] = c.x[16] = c.x[17] = to;
    c.x[10] = address(CODE, 0xf00);
    c.x[30] = 0;
    run_code(&c, name, (void *)pc, levels[level].pstate | pstate);
    if (mdscr) WRITE(mdscr_el1, 0);
    if (level == 2) stage1_el2_off();
    show_btype(&c);
}

static void label(u32 level, u32 from, u32 to) {
    put(levels[level].name);
    put(from == GUARDED_CODE ? " guarded" : " plain");
    put(to == GUARDED_TARGET ? " to guarded " : to == TARGET ? " to plain " : " to a hole ");
}

static void place_branch(u32 from, u32 to, u32 b) {
    u64 distance = (u64)(to - from) * 4096 + OFFSET;
    put_word(from, 0, branches[b].word ? branches[b].word : 0x14000000 | (u32)(distance >> 2));
}

static void branch_and_target(u32 level, u32 from, u32 to) {
    for (u32 b = 0; b < sizeof branches / sizeof branches[0]; b++) {
        place_branch(from, to, b);
        for (u32 t = 0; t < sizeof targets / sizeof targets[0]; t++) {
            if (to == TARGET && t > 1 && t != 9) continue;
            if (to == HOLE && t) break;
            if (to != HOLE) put_word(to, OFFSET, targets[t].word);
            label(level, from, to);
            put(branches[b].name);
            put(" ");
            run(targets[t].name, address(from, 0), address(to, OFFSET), level, 0, 0);
        }
    }
}

// The step exception comes between the branch and its target, and so does a PC alignment fault.
static void between(u32 level, u32 from, u32 to) {
    for (u32 b = 0; b < sizeof branches / sizeof branches[0]; b++) {
        place_branch(from, to, b);
        put_word(to, OFFSET, 0xd503201f);
        if (level < 2) {
            label(level, from, to);
            put("step ");
            run(branches[b].name, address(from, 0), address(to, OFFSET), level, 1 << 21, 1);
        }
        if (!branches[b].word) continue;
        label(level, from, to);
        put("odd ");
        run(branches[b].name, address(from, 0), address(to, OFFSET) + 2, level, 0, 0);
    }
}

static void by_return(u32 level, u32 to) {
    for (u64 btype = 0; btype < 4; btype++)
        for (u32 t = 0; t < 10; t++) {
            put_word(to, OFFSET, targets[t].word);
            for (u32 il = 0; il < 2; il++) {
                if (il && t) continue;
                put(levels[level].name);
                put(il ? " IL" : "");
                put(to == GUARDED_TARGET ? " eret to guarded " : " eret to plain ");
                put_hex(btype);
                put(" ");
                run(targets[t].name, address(to, OFFSET), 0, level, btype << 10 | (u64)il << 20, 0);
            }
        }
}

static void all(const char *what) {
    put(what);
    put("\n");
    for (u32 level = 0; level < 3; level++)
        for (u32 from = GUARDED_CODE; from <= CODE; from++)
            for (u32 to = GUARDED_TARGET; to <= HOLE; to++) branch_and_target(level, from, to);
}

void rom_main(void) {
    build_tables();
    set_pages(&tables_el1, S1_PAGE | PTE_EL0 | PTE_RO);
    set_pages(&tables_el2, S1_PAGE | PTE_EL0 | PTE_RO);
    if (!(READ(s3_0_c0_c4_1) & 15)) {
        put("no FEAT_BTI\nEND\n");
        return;
    }
    finish_line = false;
    all("BT 0");
    for (u32 level = 0; level < 3; level++) {
        for (u32 from = GUARDED_CODE; from <= CODE; from++)
            for (u32 to = GUARDED_TARGET; to <= TARGET; to++) between(level, from, to);
        by_return(level, GUARDED_TARGET);
        by_return(level, TARGET);
    }
    sctlr1 = sctlr2 = 1ull << 36;
    all("BT1, BT");
    sctlr1 = sctlr2 = 1ull << 35;
    all("BT0");
    put("END\n");
}
