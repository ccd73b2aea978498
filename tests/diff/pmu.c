// The Performance Monitors as far as a rom can see them without counting instructions, which QEMU does in another way:
// traps of every register, partitioning by MDCR_EL2.HPMN, software increments under every filter, overflow and its
// interrupt. Arm ARM: "The Performance Monitors Extension".
#include "rt.h"

#define SYSREG(op0, op1, n, m, op2) ((op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)

static const struct {
    const char *name;
    u32 fields;
} regs[] = {
#define X(name, op1, n, m, op2) \
    { #name, SYSREG(3, op1, n, m, op2) }
    X(PMCR_EL0, 3, 9, 12, 0),        X(PMCNTENSET_EL0, 3, 9, 12, 1),
    X(PMCNTENCLR_EL0, 3, 9, 12, 2),  X(PMOVSCLR_EL0, 3, 9, 12, 3),
    X(PMSWINC_EL0, 3, 9, 12, 4),     X(PMSELR_EL0, 3, 9, 12, 5),
    X(PMCEID0_EL0, 3, 9, 12, 6),     X(PMCEID1_EL0, 3, 9, 12, 7),
    X(PMCCNTR_EL0, 3, 9, 13, 0),     X(PMXEVTYPER_EL0, 3, 9, 13, 1),
    X(PMXEVCNTR_EL0, 3, 9, 13, 2),   X(PMUSERENR_EL0, 3, 9, 14, 0),
    X(PMOVSSET_EL0, 3, 9, 14, 3),    X(PMINTENSET_EL1, 0, 9, 14, 1),
    X(PMINTENCLR_EL1, 0, 9, 14, 2),  X(PMEVCNTR0_EL0, 3, 14, 8, 0),
    X(PMEVCNTR5_EL0, 3, 14, 8, 5),   X(PMEVCNTR6_EL0, 3, 14, 8, 6),
    X(PMEVTYPER0_EL0, 3, 14, 12, 0), X(PMEVTYPER6_EL0, 3, 14, 12, 6),
    X(PMCCFILTR_EL0, 3, 14, 15, 7),
#undef X
};
enum {
    REGS = sizeof regs / sizeof regs[0],
    N = 6,
    TPMCR = 1 << 5,
    TPM = 1 << 6,
    HPME = 1 << 7,
    HPMD = 1 << 17
};

static void reset(Ctx *c) {
    reset_state(c);
    c->x[0] = 0;
    WRITE(pmcr_el0, 6);
    WRITE(pmcntenclr_el0, ~0u);
    WRITE(pmintenclr_el1, ~0u);
    WRITE(pmovsclr_el0, ~0u);
    WRITE(pmuserenr_el0, 0);
    WRITE(pmselr_el0, 0);
    WRITE(pmccfiltr_el0, 0);
}

// MRS XZR and MSR of 0.
static void access(const char *name, u32 fields, u64 pstate, u64 userenr, u64 mdcr, u64 hcr) {
    for (u32 read = 0; read < 2; read++) {
        Ctx c;
        reset(&c);
        c.hcr |= hcr;
        WRITE(pmuserenr_el0, userenr);
        WRITE(mdcr_el2, N | mdcr);
        put(read ? "MRS " : "MSR ");
        put_hex(userenr);
        put(" ");
        put_hex(mdcr);
        put(hcr ? " TGE " : " ");
        run_word(&c, name, read ? 0xd520001f | fields : 0xd5000000 | fields, pstate);
    }
}

static void traps(void) {
    static const u64 mdcr[] = {0, TPM, TPMCR};
    for (u32 i = 0; i < REGS; i++) {
        const char *name = regs[i].name;
        access(name, regs[i].fields, EL2H, 0, TPM | TPMCR, 0);
        for (u32 k = 0; k < 3; k++) {
            access(name, regs[i].fields, EL1H, 0, mdcr[k], 0);
            access(name, regs[i].fields, EL0, 0, mdcr[k], 0);
            for (u64 bit = 1; bit < 16; bit <<= 1)
                access(name, regs[i].fields, EL0, bit, mdcr[k], 0);
        }
        access(name, regs[i].fields, EL0, 0, 0, HCR_TGE);
        access(name, regs[i].fields, EL0, 1, TPM, HCR_TGE);
    }
}

#define SHOW(reg) put_field(#reg, READ(reg))

static void set_all_types(u64 type) {
    WRITE(pmevtyper0_el0, type);
    WRITE(pmevtyper1_el0, type);
    WRITE(pmevtyper2_el0, type);
    WRITE(pmevtyper3_el0, type);
    WRITE(pmevtyper4_el0, type);
    WRITE(pmevtyper5_el0, type);
}
static void show_counters(void) {
    SHOW(pmevcntr0_el0);
    SHOW(pmevcntr1_el0);
    SHOW(pmevcntr2_el0);
    SHOW(pmevcntr3_el0);
    SHOW(pmevcntr4_el0);
    SHOW(pmevcntr5_el0);
}

CODE(swinc, "msr pmswinc_el0, x1\nisb");

// PMSWINC_EL0 of all counters at each level, under a filter, MDCR_EL2 and PMCR_EL0.
static void software_increments(void) {
    static const u64 filters[] = {0, 1u << 31, 1u << 30, 1u << 27, 3u << 30 | 1u << 27};
    static const u64 mdcr[] = {N, 3, 3 | HPME, N | HPMD, 3 | HPME | HPMD};
    static const u64 levels[] = {EL0, EL1H, EL2H};
    for (u32 f = 0; f < 5; f++)
        for (u32 m = 0; m < 5; m++)
            for (u32 el = 0; el < 3; el++)
                for (u64 pmcr = 0; pmcr < 2; pmcr++) {
                    Ctx c;
                    reset(&c);
                    WRITE(pmuserenr_el0, 1);
                    set_all_types(filters[f]);
                    WRITE(pmcntenset_el0, 0x2f);
                    WRITE(mdcr_el2, mdcr[m]);
                    WRITE(pmcr_el0, pmcr);
                    c.x[1] = ~0ull;
                    put("SWINC");
                    put_field("filter", filters[f]);
                    put_field("MDCR", mdcr[m]);
                    put_field("PMCR", pmcr);
                    put_field("EL", el);
                    finish_line = false;
                    run_code(&c, "", swinc, levels[el]);
                    finish_line = true;
                    show_counters();
                    put("\n");
                }
}

// What EL1 sees of the masks, and sets, with three counters of its own.
CODE(
    el1_masks,
    "mov x9, #-1\n"
    "msr pmcntenset_el0, x9\nmsr pmovsset_el0, x9\nmsr pmintenset_el1, x9\nisb\n"
    "mrs x0, pmcntenset_el0\nmrs x1, pmcntenclr_el0\nmrs x2, pmovsclr_el0\nmrs x3, pmintenclr_el1\n"
    "mrs x4, pmcr_el0\nubfx x4, x4, #11, #5");

static void masks(void) {
    Ctx c;
    reset(&c);
    WRITE(pmcntenset_el0, ~0ull);
    WRITE(pmintenset_el1, ~0ull);
    WRITE(pmovsset_el0, ~0ull);
    WRITE(pmselr_el0, ~0ull);
    WRITE(pmuserenr_el0, ~0ull);
    put("masks:");
    SHOW(pmcntenset_el0);
    SHOW(pmcntenclr_el0);
    SHOW(pmintenset_el1);
    SHOW(pmintenclr_el1);
    SHOW(pmovsset_el0);
    SHOW(pmovsclr_el0);
    SHOW(pmselr_el0);
    SHOW(pmuserenr_el0);
    put_field("N", READ(pmcr_el0) >> 11 & 31);
    put("\n");
    reset(&c);
    WRITE(mdcr_el2, 3);
    run_code(&c, "EL1, HPMN 3", el1_masks, EL1H);
}

// GICR_ISPENDR0 of PPI 23.
static void show_level(const char *name) {
    put(name);
    put(":");
    put_field("PPI", *(volatile u32 *)0x080b0200 >> 23 & 1);
    put_field("PMOVS", READ(pmovsset_el0));
    put("\n");
}

static void overflow(void) {
    Ctx c;
    reset(&c);
    WRITE(mdcr_el2, 4);
    set_all_types(1u << 27);
    WRITE(pmcntenset_el0, 0x3f);
    WRITE(pmintenset_el1, 0x12);
    WRITE(pmevcntr1_el0, 0xfffffffe);
    WRITE(pmevcntr4_el0, 0xffffffff);
    WRITE(pmcr_el0, 1);
    show_level("start");
    WRITE(pmswinc_el0, 0x12);
    show_level("once");
    WRITE(pmswinc_el0, 0x12);
    show_level("twice");
    WRITE(pmcr_el0, 0);
    show_level("PMCR.E off");
    WRITE(pmcr_el0, 1);
    show_level("PMCR.E on");
    WRITE(pmintenclr_el1, 2);
    show_level("disabled");
    WRITE(pmintenset_el1, 2);
    show_level("enabled");
    WRITE(pmovsclr_el0, 2);
    show_level("cleared");
    WRITE(mdcr_el2, 4 | HPME);
    WRITE(pmswinc_el0, 0x10);
    show_level("EL2's, once");
    WRITE(pmswinc_el0, 0x10);
    show_level("EL2's, twice");
    WRITE(pmevcntr4_el0, 0xffffffff);
    WRITE(pmswinc_el0, 0x10);
    show_level("EL2's, overflow");
    WRITE(mdcr_el2, 4);
    show_level("HPME off");
    WRITE(mdcr_el2, N);
    show_level("EL1's");
    WRITE(pmovsclr_el0, ~0ull);
    show_level("end");
}

void rom_main(void) {
    traps();
    masks();
    software_increments();
    overflow();
    put("END\n");
}
