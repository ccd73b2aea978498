// Synchronous exceptions by instruction, from every exception level; illegal returns; stack pointer
// and PC alignment. Arm ARM: "AArch64 exception levels, exception model: Synchronous exception
// types, routing and priorities".
#include "rt.h"

CODE(c_svc, "svc #0x1234");
CODE(c_hvc, "hvc #0x5678");
CODE(c_smc, "mov x0, #0xffff\nsmc #0x9abc");
CODE(c_brk, "brk #0xdef0");
CODE(c_hlt, "hlt #1");
CODE(c_udf, ".word 0");
CODE(c_udf2, ".word 0xdeadbeef");
CODE(c_eret, "eret");
CODE(c_nop, "nop");
CODE(c_dcps1, "dcps1");
CODE(c_drps, ".word 0xd6bf03e0");
CODE(c_spsel, "msr spsel, #0\nmrs x0, spsel\nmsr spsel, #1\nmrs x1, spsel\nmrs x2, currentel");
CODE(c_daif,
     "msr daifset, #5\nmrs x0, daif\nmsr daifclr, #15\nmrs x1, daif\nmsr daif, x2\nmrs x3, daif");
CODE(c_nzcv,
     "mrs x0, nzcv\nmov x1, #-1\nmsr nzcv, x1\nmrs x2, nzcv\nsubs x3, x3, x3\nmrs x4, nzcv");
CODE(c_ldr_sp, "ldr x0, [sp]");
CODE(c_str_sp8, "str x0, [sp, #8]");
CODE(c_ldp_sp, "ldp x0, x1, [sp], #16");
CODE(c_prfm_sp, "prfm pldl1keep, [sp]");
CODE(c_br_odd, "add x9, x9, #2\nbr x9");
CODE(c_blr_odd, "blr x9");
CODE(c_ret_odd, "mov x30, x9\nret");
CODE(c_el1_eret, "msr elr_el1, x9\nmsr spsr_el1, x10\neret");
CODE(c_fp, "fmov d0, #1.0\nfmov x0, d0");
CODE(c_msr_undef, "msr s3_4_c6_c0_0, x0");
CODE(c_mrs_el2, "mrs x0, vbar_el2");
CODE(c_mrs_el1, "mrs x0, sctlr_el1");
CODE(c_mrs_el3, "mrs x0, s3_6_c1_c0_0");
CODE(c_mrs_unalloc, "mrs x0, s3_0_c7_c9_5");
CODE(c_msr_ro, "msr s3_0_c0_c0_0, x0");
CODE(c_clrex, "clrex\nsevl\nwfe\nisb\ndmb sy\ndsb sy\n.word 0xd50330ff");

static const struct {
    const char *name;
    const u32 *code;
} codes[] = {
    {"svc", c_svc},
    {"hvc", c_hvc},
    {"smc", c_smc},
    {"brk", c_brk},
    {"hlt", c_hlt},
    {"udf", c_udf},
    {"undefined", c_udf2},
    {"eret", c_eret},
    {"dcps1", c_dcps1},
    {"drps", c_drps},
    {"spsel", c_spsel},
    {"daif", c_daif},
    {"nzcv", c_nzcv},
    {"fp", c_fp},
    {"msr-el2", c_msr_undef},
    {"mrs-el2", c_mrs_el2},
    {"mrs-el1", c_mrs_el1},
    {"mrs-el3", c_mrs_el3},
    {"mrs-unalloc", c_mrs_unalloc},
    {"msr-read-only", c_msr_ro},
    {"sb", c_clrex},
    {"nop", c_nop},
};

static const struct {
    const char *name;
    u64 pstate;
} levels[] = {{"EL0", EL0}, {"EL1t", EL1T}, {"EL1h", EL1H}, {"EL2t", EL2T}, {"EL2h", EL2H}};

static void by_level(void) {
    static const struct {
        const char *name;
        u64 hcr;
    } controls[] = {{"-", 0}, {"TGE", HCR_TGE}, {"TSC", HCR_TSC}, {"HCD", HCR_HCD}};
    for (u32 h = 0; h < 4; h++)
        for (u32 l = 0; l < 5; l++)
            for (u32 i = 0; i < sizeof codes / sizeof codes[0]; i++) {
                if (h && i > 4) break;
                if (controls[h].hcr == HCR_HCD && l < 3) continue;  // no way from EL1 to EL2
                put(controls[h].name);
                put(" ");
                put(levels[l].name);
                put(" ");
                Ctx c;
                reset_state(&c);
                c.hcr |= controls[h].hcr;
                WRITE(elr_el2, 0x100);
                WRITE(elr_el1, 0x40200000);
                WRITE(spsr_el1, 0x3c9);
                if (l >= 3 && codes[i].code == c_eret)
                    continue;  // would return to where it came from
                run_code(&c, codes[i].name, codes[i].code, levels[l].pstate);
            }
}

// ERET from EL2 with each value of M[4:0], and from EL1; IL set by SPSR; what becomes of the other
// bits.
static void returns(void) {
    for (u64 m = 0; m < 32; m++) {
        if (m >= 16 && m != 19 && m != 26) continue;  // AArch32: two of them
        Ctx c;
        reset_state(&c);
        put("eret to M=");
        put_hex(m);
        run_code(&c, "", c_nop, 0xf00003c0 | m);
        if (m >= 16) continue;
        reset_state(&c);
        c.x[9] = (u64)c_nop;
        c.x[10] = 0xa00003c0 | m;
        put("eret at EL1 to M=");
        put_hex(m);
        run_code(&c, "", c_el1_eret, EL1H);
    }
    run_simple("IL EL0", c_nop, EL0 | 1 << 20, 0);
    run_simple("IL EL1", c_nop, EL1H | 1 << 20, 0);
    run_simple("IL EL2", c_nop, EL2H | 1 << 20, 0);
    run_simple("IL EL0 TGE", c_nop, EL0 | 1 << 20, HCR_TGE);
    run_simple("TGE EL1", c_nop, EL1H, HCR_TGE);
    run_simple("SS without MDSCR.SS", c_nop, EL1H | 1 << 21, 0);
    run_simple("all flags", c_nop, EL0 | 0xf0000000, 0);
    run_simple("bits of later architectures", c_nop, EL1H | 0x0fcf1c00, 0);
    run_simple("RES0 high half", c_nop, EL1H | 0xffffffffull << 32, 0);
    run_simple("no masks", c_nop, 5, 0);
    Ctx c;
    reset_state(&c);
    // Entry to EL1 leaves N, Z, C, V as they are: the HVC of the EL1 vector shows them.
    c.pc = (u64)c_svc;
    c.pstate = EL0 | 0xa0000000;
    enter(&c);
    put("flags after entry to EL1:");
    put_field("PSTATE", c.pstate);
    put("\n");
}

static void alignment(void) {
    static const struct {
        const char *name;
        const u32 *code;
    } sp[] = {{"ldr sp", c_ldr_sp},
              {"str sp+8", c_str_sp8},
              {"ldp sp", c_ldp_sp},
              {"prfm sp", c_prfm_sp}};
    for (u32 l = 0; l < 5; l++)
        for (u32 i = 0; i < 4; i++)
            for (u32 on = 0; on < 2; on++) {
                Ctx c;
                reset_state(&c);
                u64 bad = (u64)scratch[3] + 8, sa = on ? 3u << 3 : 0;
                WRITE(sp_el0, bad);
                WRITE(sp_el1, bad);
                c.x[31] = bad;
                *(u64 *)(scratch[3] + 8) = 0x1111;
                *(u64 *)(scratch[3] + 16) = 0x2222;
                WRITE(sctlr_el1, 0x30d00980 | sa);
                WRITE(sctlr_el2, 0x30c50830 | (on ? 8 : 0));
                put(levels[l].name);
                put(on ? " SA " : " - ");
                run_code(&c, sp[i].name, sp[i].code, levels[l].pstate);
                WRITE(sctlr_el2, 0x30c50830);
            }
    for (u32 l = 0; l < 5; l++) {
        static const u32 *const branch[] = {c_br_odd, c_blr_odd, c_ret_odd};
        for (u32 i = 0; i < 3; i++) {
            Ctx c;
            reset_state(&c);
            c.x[9] = (u64)c_nop + (i ? 1 : 0);
            put(levels[l].name);
            run_code(&c, " branch to an odd address", branch[i], levels[l].pstate);
        }
        Ctx c;
        reset_state(&c);
        put(levels[l].name);
        run_code(&c, " eret to an odd address", (const char *)c_nop + 2, levels[l].pstate);
    }
}

void rom_main(void) {
    by_level();
    returns();
    alignment();
    put("END\n");
}
