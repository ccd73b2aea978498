// Self-hosted debug: BRK, breakpoints, watchpoints and software step at every exception level, under every routing
// control, and what the OS lock holds back. Arm ARM: "AArch64 Self-hosted Debug". Left out: breakpoints and
// watchpoints linked to a VMID, and address mismatch, which QEMU 7.2 does not have.
#include "rt.h"

enum { SS = 1 << 0, KDE = 1 << 13, MDE = 1 << 15, TDE = 1 << 8, D = 1 << 9, SPSR_SS = 1 << 21 };

static const struct {
    const char *name;
    u64 pstate;
} levels[] = {{" EL0", EL0}, {" EL1", EL1H}, {" EL2", EL2H}};
static const u64 modes[] = {0, HCR_E2H, HCR_TGE, HCR_E2H | HCR_TGE};
static const char *const mode_names[] = {"", " E2H", " TGE", " E2H+TGE"};

static void debug_off(void) {
    WRITE(oslar_el1, 0);
    WRITE(osdlr_el1, 0);
    WRITE(mdscr_el1, 0);
    WRITE(dbgbcr0_el1, 0);
    WRITE(dbgbcr1_el1, 0);
    WRITE(dbgbcr5_el1, 0);
    WRITE(dbgwcr0_el1, 0);
    WRITE(dbgwcr1_el1, 0);
}

static void label(const char *what, u32 mode, u32 level, u64 mdscr, bool tde, bool open) {
    put(what);
    put(mode_names[mode]);
    put(levels[level].name);
    put_field("MDSCR", mdscr);
    put(tde ? " TDE" : "");
    put(open ? " open" : " masked");
}

// The state of one case: `run` starts it after its debug registers are written.
static void prepare(Ctx *c, u32 mode, bool tde) {
    debug_off();
    reset_state(c);
    c->hcr |= modes[mode];
    c->x[1] = (u64)scratch[0];
    WRITE(mdcr_el2, READ(mdcr_el2) | (tde ? TDE : 0));
}

static void run(Ctx *c, const char *name, const void *code, u32 level, u64 mdscr, bool open) {
    WRITE(mdscr_el1, mdscr);
    put(" ");
    run_code(c, name, code, (levels[level].pstate & ~(u64)(open ? D : 0)));
    debug_off();
}

CODE(brk_0, "brk #0x1234");
CODE(two_nops, "nop\nnop");

typedef void CaseFn(u32 mode, u32 level, u64 mdscr, bool tde, bool open);

static void each(CaseFn *fn, const u64 *mdscr, u32 count) {
    for (u32 mode = 0; mode < 4; mode++)
        for (u32 level = 0; level < 3; level++)
            for (u32 k = 0; k < count; k++)
                for (u32 i = 0; i < 4; i++)
                    if (level != 1 || !(modes[mode] & HCR_TGE))
                        fn(mode, level, mdscr[k], i & 1, i & 2);
}

static void brk_case(u32 mode, u32 level, u64 mdscr, bool tde, bool open) {
    Ctx c;
    prepare(&c, mode, tde);
    label("BRK", mode, level, mdscr, tde, open);
    run(&c, "-", brk_0, level, mdscr, open);
}

// {HMC, SSC, PMC or PAC} as bits 13, 15:14, 2:1 of the control register: all combinations without EL3 state.
static u64 level_bits(u32 k) {
    return (u64)(k & 3) << 1 | (k >> 2 & 1) << 13 | (u64)(k >> 3 & 3) << 14;
}

static void breakpoint_case(u32 mode, u32 level, u64 mdscr, bool tde, bool open) {
    // EL1 and EL0; EL0; EL1; EL2 alone; all three.
    static const u8 kinds[] = {3, 2, 1, 0x1c, 4 | 1, 4 | 3};
    for (u32 k = 0; k < sizeof kinds; k++) {
        Ctx c;
        prepare(&c, mode, tde);
        WRITE(dbgbvr0_el1, (u64)(two_nops + 1));
        WRITE(dbgbcr0_el1, level_bits(kinds[k]) | 0xf << 5 | 1);
        label("breakpoint", mode, level, mdscr, tde, open);
        put_field("kind", kinds[k]);
        run(&c, "-", two_nops, level, mdscr, open);
    }
}

CODE(load, "ldr x2, [x1]");
CODE(load_back, "ldr x2, [x1], #8");
CODE(load_byte, "ldrb w2, [x1, #5]");
CODE(store, "str x2, [x1]");
CODE(store_byte, "strb w2, [x1, #3]");
CODE(pair, "ldp x2, x3, [x1, #-8]");
CODE(store_pair, "stp x2, x3, [x1, #-16]");
CODE(past, "ldr x2, [x1, #8]");
CODE(before, "ldr w2, [x1, #-4]");
CODE(unaligned, "ldur x2, [x1, #-3]");
CODE(exclusive, "ldxr x2, [x1]");
CODE(exclusives, "1: ldxr x2, [x1]\nstxr w3, x2, [x1]\ncbnz w3, 1b");
CODE(zero, "dc zva, x1");
CODE(clean, "dc cvac, x1");
CODE(prefetch, "prfm pldl1keep, [x1]");

static const struct {
    const char *name;
    const u32 *code;
} accesses[] = {
    {"ldr", load},           {"ldr post", load_back}, {"ldrb 5", load_byte},
    {"str", store},          {"strb 3", store_byte},  {"ldp -8", pair},
    {"stp -16", store_pair}, {"ldr 8", past},         {"ldr w -4", before},
    {"ldur -3", unaligned},  {"ldxr", exclusive},     {"ldxr stxr", exclusives},
    {"dc zva", zero},        {"dc cvac", clean},      {"prfm", prefetch},
};

static void watchpoint_case(u32 mode, u32 level, u64 mdscr, bool tde, bool open) {
    static const u8 kinds[] = {3, 2, 1, 0x1c, 4 | 3};
    for (u32 k = 0; k < sizeof kinds; k++)
        for (u32 lsc = 1; lsc < 4; lsc++) {
            Ctx c;
            prepare(&c, mode, tde);
            WRITE(dbgwvr0_el1, (u64)scratch[0]);
            WRITE(dbgwcr0_el1, level_bits(kinds[k]) | 0xff << 5 | lsc << 3 | 1);
            label("watchpoint", mode, level, mdscr, tde, open);
            put_field("kind", kinds[k]);
            put_field("LSC", lsc);
            run(&c, "-", lsc & 1 ? load : store, level, mdscr, open);
        }
}

// What an access touches against what BAS and MASK watch: EL1, translated.
static void watched_bytes(void) {
    static const struct {
        const char *name;
        u64 address, control;
    } watched[] = {
        {"all", 0, 0xff << 5},    {"0", 0, 0x01 << 5},        {"3", 0, 0x08 << 5},
        {"5", 0, 0x20 << 5},      {"7-8", 0, 0xf0 << 5},      {"-8", -8ull, 0xff << 5},
        {"-1", -8ull, 0x80 << 5}, {"4 (word)", 4, 0x0f << 5}, {"64", 0, 6u << 24 | 0xff << 5},
        {"next", 32, 0xff << 5}};
    build_tables();
    stage1_el1_on(0);
    for (u32 w = 0; w < sizeof watched / sizeof watched[0]; w++)
        for (u32 lsc = 1; lsc < 4; lsc++)
            for (u32 i = 0; i < sizeof accesses / sizeof accesses[0]; i++) {
                Ctx c;
                debug_off();
                reset_state(&c);
                stage1_el1_on(0);
                c.x[1] = TEST_VA + 0x100;
                WRITE(dbgwvr0_el1, TEST_VA + 0x100 + watched[w].address);
                WRITE(dbgwcr0_el1, watched[w].control | 3 << 1 | lsc << 3 | 1);
                put("watched ");
                put(watched[w].name);
                put_field("LSC", lsc);
                run(&c, accesses[i].name, accesses[i].code, 1, MDE | KDE, true);
            }
    WRITE(sctlr_el1, 0x30d00980);
    flush();
}

CODE(step_svc, "svc #1");
CODE(step_hvc, "hvc #2");
CODE(step_branch, "b 1f\nnop\n1:");
CODE(step_undefined, ".word 0");
CODE(step_mask, "msr daifset, #8\nnop");
CODE(step_unmask, "msr daifclr, #8\nnop");
CODE(step_stxr, "stxr w3, x2, [x1]");
CODE(step_nop, "nop");

static void step_case(u32 mode, u32 level, u64 mdscr, bool tde, bool open) {
    static const struct {
        const char *name;
        const u32 *code;
    } steps[] = {{"nop", step_nop},
                 {"svc", step_svc},
                 {"hvc", step_hvc},
                 {"b", step_branch},
                 {"undefined", step_undefined},
                 {"brk", brk_0},
                 {"daifset", step_mask},
                 {"daifclr", step_unmask},
                 {"ldr", load},
                 {"ldxr", exclusive},
                 {"stxr", step_stxr}};
    for (u32 i = 0; i < sizeof steps / sizeof steps[0]; i++)
        for (u32 pending = 0; pending < 2; pending++) {
            Ctx c;
            prepare(&c, mode, tde);
            WRITE(sctlr_el1, 0x30d00980 | 1 << 9);  // UMA: DAIF is EL0's, too
            label("step", mode, level, mdscr, tde, open);
            put(pending ? " pending " : " ");
            WRITE(mdscr_el1, mdscr);
            u64 mask = open ? D : 0;
            run_code(&c, steps[i].name, steps[i].code,
                     (levels[level].pstate & ~mask) | (pending ? 0 : SPSR_SS));
            debug_off();
        }
}

// A breakpoint or watchpoint linked to a context: CONTEXTIDR_EL1 is 0x55.
static void linked(void) {
    for (u32 id = 0; id < 2; id++)
        for (u32 level = 0; level < 2; level++)
            for (u32 watch = 0; watch < 2; watch++) {
                Ctx c;
                prepare(&c, 0, true);
                WRITE(contextidr_el1, 0x55);
                WRITE(dbgbvr5_el1, 0x55 + id);
                WRITE(dbgbcr5_el1, 3 << 20 | 0xf << 5 | 3 << 1 | 1);
                WRITE(dbgbvr0_el1, (u64)(two_nops + 1));
                WRITE(dbgwvr0_el1, (u64)scratch[0]);
                if (watch)
                    WRITE(dbgwcr0_el1, 1 << 20 | 5 << 16 | 0xff << 5 | 3 << 3 | 3 << 1 | 1);
                else
                    WRITE(dbgbcr0_el1, 1 << 20 | 5 << 16 | 0xf << 5 | 3 << 1 | 1);
                put(watch ? "linked watchpoint" : "linked breakpoint");
                put(levels[level].name);
                put_field("id", id);
                run(&c, "-", watch ? load : two_nops, level, MDE, false);
            }
}

// No debug exception but BRK while the OS lock is locked.
static void os_lock(void) {
    static const struct {
        const char *name;
        const u32 *code;
        u64 mdscr;
    } cases[] = {{"brk", brk_0, MDE},
                 {"breakpoint", two_nops, MDE},
                 {"watchpoint", load, MDE},
                 {"step", step_nop, SS}};
    for (u64 lock = 0; lock < 2; lock++)
        for (u32 i = 0; i < 4; i++) {
            Ctx c;
            prepare(&c, 0, true);
            WRITE(dbgbvr0_el1, (u64)(two_nops + 1));
            WRITE(dbgbcr0_el1, 0xf << 5 | 3 << 1 | 1);
            WRITE(dbgwvr0_el1, (u64)scratch[0]);
            WRITE(dbgwcr0_el1, 0xff << 5 | 3 << 3 | 3 << 1 | 1);
            WRITE(mdscr_el1, cases[i].mdscr);
            WRITE(oslar_el1, lock);
            put("OS lock");
            put_field("OSLSR", READ(oslsr_el1));
            put(" ");
            run_code(&c, cases[i].name, cases[i].code, EL0 | SPSR_SS);
            debug_off();
        }
}

void rom_main(void) {
    static const u64 exceptions[] = {0, MDE, MDE | KDE}, steps[] = {0, SS, SS | KDE}, none[] = {0};
    each(brk_case, none, 1);
    each(breakpoint_case, exceptions, 3);
    each(watchpoint_case, exceptions, 3);
    each(step_case, steps, 3);
    watched_bytes();
    linked();
    os_lock();
    put("END\n");
}
