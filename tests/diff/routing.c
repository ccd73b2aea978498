// Where physical IRQs and FIQs and virtual SErrors go, by HCR_EL2.{E2H,TGE,AMO,IMO,FMO}, Exception
// level and mask; ESB; the controls of RAS and of context and prediction registers. For CPUs with
// FEAT_VHE and FEAT_RAS. Arm ARM: "Asynchronous exception types, routing, masking and priorities",
// "Error Synchronization Barrier".
#include "rt.h"

#define HCR_TEA    (1ull << 37)
#define HCR_TERR   (1ull << 36)
#define HCR_ENSCXT (1ull << 53)

#define ICC_PMR     s3_0_c4_c6_0
#define ICC_IGRPEN0 s3_0_c12_c12_6
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_SRE_EL2 s3_4_c12_c9_5
#define DISR_EL1    s3_0_c12_c1_1
#define VDISR_EL2   s3_4_c12_c1_1
#define VSESR_EL2   s3_4_c5_c2_3

static volatile u32 *const gicd = (volatile u32 *)0x08000000,
                           *const gicr = (volatile u32 *)0x080a0000,
                           *const sgis = (volatile u32 *)0x080b0000;
enum {
    CTLR = 0,
    WAKER = 0x14 / 4,
    IGROUPR = 0x80 / 4,
    ISENABLER = 0x100 / 4,
    ISPENDR = 0x200 / 4,
    ICPENDR = 0x280 / 4
};

CODE(c_nop, "nop\nnop");
CODE(c_esb, "esb\nnop");
CODE(c_disr, "mrs x0, s3_0_c12_c1_1\nmsr s3_0_c12_c1_1, xzr\nmrs x1, s3_0_c12_c1_1");

static const struct {
    const char *name;
    u64 pstate;
} levels[] = {{" EL0", 0}, {" EL1", 5}, {" EL2", 9}};
static const u64 modes[] = {0, HCR_E2H, HCR_TGE, HCR_E2H | HCR_TGE};

// Software-generated interrupts 0 (group 0: FIQ) and 1 (group 1: IRQ).
static void gic_on(void) {
    gicr[WAKER] = 0;
    WRITE(ICC_SRE_EL2, 0xf);
    gicd[CTLR] = 0x13;
    sgis[IGROUPR] = ~1u;
    sgis[ISENABLER] = 3;
    WRITE(ICC_PMR, 0xff);
    WRITE(ICC_IGRPEN0, 1);
    WRITE(ICC_IGRPEN1, 1);
}

static void physical(u32 kind, u64 hcr, u32 level, u32 masks) {
    put(kind ? "IRQ" : "FIQ");
    put_field("HCR", hcr);
    put(levels[level].name);
    put_field("mask", masks);
    Ctx c;
    reset_state(&c);
    c.hcr |= hcr;
    sgis[ISPENDR] = 1u << kind;
    __asm__ volatile("dsb sy\nisb" ::: "memory");
    run_code(&c, "", c_nop, levels[level].pstate | masks << 6);
    sgis[ICPENDR] = 3;
    __asm__ volatile("dsb sy\nisb" ::: "memory");
}

static void interrupts(void) {
    gic_on();
    for (u32 kind = 0; kind < 2; kind++)
        for (u32 mode = 0; mode < 4; mode++)
            for (u32 route = 0; route < 4; route++)
                for (u32 level = 0; level < 3; level++)
                    for (u32 masks = 0; masks < 4; masks++) {
                        if (level == 1 && (modes[mode] & HCR_TGE)) continue;
                        physical(kind, modes[mode] | (u64)route << 3, level, masks);
                    }
}

static void serrors(void) {
    static const u32 *const code[] = {c_nop, c_esb, c_disr};
    static const char *const names[] = {" nop", " esb", " disr"};
    static const u64 routes[] = {0, HCR_AMO, HCR_TEA, HCR_AMO | HCR_TEA};
    for (u32 mode = 0; mode < 4; mode++)
        for (u32 route = 0; route < 4; route++)
            for (u32 level = 0; level < 3; level++)
                for (u32 masked = 0; masked < 2; masked++)
                    for (u32 i = 0; i < 3; i++) {
                        if (level == 1 && (modes[mode] & HCR_TGE)) continue;
                        Ctx c;
                        reset_state(&c);
                        WRITE(VSESR_EL2, 0x1abcdef);
                        WRITE(VDISR_EL2, 0x1000011);
                        WRITE(DISR_EL1, 0x80000012);
                        c.hcr |= modes[mode] | routes[route] | (i < 2 ? HCR_VSE : 0);
                        put("VSE");
                        put_field("HCR", c.hcr);
                        put(levels[level].name);
                        put(masked ? " masked" : " open");
                        finish_line = false;
                        run_code(&c, names[i], code[i],
                                 levels[level].pstate | (masked ? 0x3c0 : 0));
                        finish_line = true;
                        put_field("DISR", READ(DISR_EL1));
                        put_field("VDISR", READ(VDISR_EL2));
                        put("\n");
                    }
}

#define SYS(op0, op1, n, m, op2) \
    (0xd5000000 | (op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)
enum { MRS = 1 << 21 };

static void controls(void) {
    static const struct {
        const char *name;
        u32 word;
    } words[] = {
        {"SCXTNUM_EL0", SYS(3, 3, 13, 0, 7)},
        {"read SCXTNUM_EL0", MRS | SYS(3, 3, 13, 0, 7)},
        {"SCXTNUM_EL1", SYS(3, 0, 13, 0, 7)},
        {"SCXTNUM_EL2", SYS(3, 4, 13, 0, 7)},
        {"SCXTNUM_EL12", SYS(3, 5, 13, 0, 7)},
        {"CFP", SYS(1, 3, 7, 3, 4)},
        {"DVP", SYS(1, 3, 7, 3, 5)},
        {"CPP", SYS(1, 3, 7, 3, 7)},
        {"ERRIDR", MRS | SYS(3, 0, 5, 3, 0)},
        {"ERRSELR", SYS(3, 0, 5, 3, 1)},
        {"ERXFR", MRS | SYS(3, 0, 5, 4, 0)},
        {"VSESR", SYS(3, 4, 5, 2, 3)},
        {"MIDR", MRS | SYS(3, 0, 0, 0, 0)},
        {"ID 7 7", MRS | SYS(3, 0, 0, 7, 7)},
        {"CCSIDR", MRS | SYS(3, 1, 0, 0, 0)},
        {"3 1 0 0 3", MRS | SYS(3, 1, 0, 0, 3)},
        {"3 3 0 0 5", MRS | SYS(3, 3, 0, 0, 5)},
        {"write MIDR", SYS(3, 0, 0, 0, 0)},
        {"LORSA", SYS(3, 0, 10, 4, 0)},
        {"LORID", MRS | SYS(3, 0, 10, 4, 7)},
        {"MPAM1", MRS | SYS(3, 0, 10, 5, 0)},
        {"TRFCR", MRS | SYS(3, 0, 1, 2, 1)},
        {"AMCR", MRS | SYS(3, 3, 13, 2, 0)},
    };
    static const struct {
        const char *name;
        u64 hcr, sctlr;
    } sets[] = {{"-", 0, 0},
                {"EnSCXT", HCR_ENSCXT, 0},
                {"EnSCXT+TSCXT", HCR_ENSCXT, 1 << 20},
                {"EnRCTX", 0, 1 << 10},
                {"TERR", HCR_TERR, 0},
                {"TLOR", 1ull << 35, 0}};
    for (u32 s = 0; s < sizeof sets / sizeof sets[0]; s++)
        for (u32 mode = 0; mode < 4; mode++)
            for (u32 level = 0; level < 3; level++)
                for (u32 i = 0; i < sizeof words / sizeof words[0]; i++) {
                    if (level == 1 && (modes[mode] & HCR_TGE)) continue;
                    Ctx c;
                    reset_state(&c);
                    c.x[0] = 0;
                    c.hcr |= modes[mode] | sets[s].hcr;
                    WRITE(sctlr_el1, 0x30c00980 | sets[s].sctlr);
                    WRITE(sctlr_el2, 0x30c50830 | sets[s].sctlr);
                    put(sets[s].name);
                    put(mode == 0 ? "" : mode == 1 ? " E2H" : mode == 2 ? " TGE" : " E2H+TGE");
                    put(levels[level].name);
                    put(" ");
                    run_word(&c, words[i].name, words[i].word, levels[level].pstate | 0x3c0);
                    WRITE(sctlr_el2, 0x30c50830);
                }
}

void rom_main(void) {
    interrupts();
    serrors();
    controls();
    put("END\n");
}
