// HCR_EL2.E2H: registers redirected at EL2, _EL12 and _EL02 names, the EL2&0 regime, EL0 under TGE, traps whose control
// changes its layout. For CPUs with FEAT_VHE. Arm ARM: "Virtualization Host Extensions".
#include "rt.h"

#define SYSREG(op0, op1, n, m, op2) ((op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)

static const struct {
    const char *name;
    u32 fields;
    u64 value;
} regs[] = {
    {"SCTLR_EL1", SYSREG(3, 0, 1, 0, 0), 0x30d00980},
    {"CPACR_EL1", SYSREG(3, 0, 1, 0, 2), 0x300000},
    {"TTBR0_EL1", SYSREG(3, 0, 2, 0, 0), 0x123000},
    {"TTBR1_EL1", SYSREG(3, 0, 2, 0, 1), 0x456000},
    {"TCR_EL1", SYSREG(3, 0, 2, 0, 2), 0x280803510},
    {"AFSR0_EL1", SYSREG(3, 0, 5, 1, 0), 0},
    {"ESR_EL1", SYSREG(3, 0, 5, 2, 0), 0x5600000f},
    {"FAR_EL1", SYSREG(3, 0, 6, 0, 0), 0xfedcba9876543210},
    {"MAIR_EL1", SYSREG(3, 0, 10, 2, 0), 0xff44},
    {"CONTEXTIDR_EL1", SYSREG(3, 0, 13, 0, 1), 0x77},
    {"CNTKCTL_EL1", SYSREG(3, 0, 14, 1, 0), 0x3},
    {"SPSR_EL1", SYSREG(3, 0, 4, 0, 0), 0x600003c5},
    {"ELR_EL1", SYSREG(3, 0, 4, 0, 1), 0xabcd0},
    {"VBAR_EL1", SYSREG(3, 0, 12, 0, 0), 0x40200800},
    {"CNTP_CTL_EL0", SYSREG(3, 3, 14, 2, 1), 2},
    {"CNTP_CVAL_EL0", SYSREG(3, 3, 14, 2, 2), 0x123456789},
    {"CNTV_CTL_EL0", SYSREG(3, 3, 14, 3, 1), 2},
    {"CNTV_CVAL_EL0", SYSREG(3, 3, 14, 3, 2), 0x987654321},
    {"TPIDR_EL1", SYSREG(3, 0, 13, 0, 4), 0x1111},
    {"SP_EL1", SYSREG(3, 4, 4, 1, 0), 0x2220},
    {"SCTLR_EL12", SYSREG(3, 5, 1, 0, 0), 0x30d00980},
    {"CPACR_EL12", SYSREG(3, 5, 1, 0, 2), 0x100000},
    {"TTBR0_EL12", SYSREG(3, 5, 2, 0, 0), 0x789000},
    {"TTBR1_EL12", SYSREG(3, 5, 2, 0, 1), 0xabc000},
    {"TCR_EL12", SYSREG(3, 5, 2, 0, 2), 0x280803511},
    {"ESR_EL12", SYSREG(3, 5, 5, 2, 0), 0x96000007},
    {"FAR_EL12", SYSREG(3, 5, 6, 0, 0), 0x1234},
    {"MAIR_EL12", SYSREG(3, 5, 10, 2, 0), 0x44ff},
    {"VBAR_EL12", SYSREG(3, 5, 12, 0, 0), 0x40208800},
    {"CONTEXTIDR_EL12", SYSREG(3, 5, 13, 0, 1), 0x88},
    {"CNTKCTL_EL12", SYSREG(3, 5, 14, 1, 0), 0x1},
    {"SPSR_EL12", SYSREG(3, 5, 4, 0, 0), 0x3c4},
    {"ELR_EL12", SYSREG(3, 5, 4, 0, 1), 0x5550},
    {"CNTP_CTL_EL02", SYSREG(3, 5, 14, 2, 1), 2},
    {"CNTP_CVAL_EL02", SYSREG(3, 5, 14, 2, 2), 0x1111},
    {"CNTV_CTL_EL02", SYSREG(3, 5, 14, 3, 1), 2},
    {"CNTV_CVAL_EL02", SYSREG(3, 5, 14, 3, 2), 0x2222},
    {"TTBR1_EL2", SYSREG(3, 4, 2, 0, 1), 0x333000},
    {"CONTEXTIDR_EL2", SYSREG(3, 4, 13, 0, 1), 0x99},
    {"CNTHV_CTL_EL2", SYSREG(3, 4, 14, 3, 1), 2},
    {"CNTHV_CVAL_EL2", SYSREG(3, 4, 14, 3, 2), 0x3333},
    {"ESR_EL2", SYSREG(3, 4, 5, 2, 0), 0x1f},
    {"FAR_EL2", SYSREG(3, 4, 6, 0, 0), 0x4444},
    {"MAIR_EL2", SYSREG(3, 4, 10, 2, 0), 0x4},
};
enum { REGS = sizeof regs / sizeof regs[0] };

static void restore_el2(void) {
    WRITE(sctlr_el2, 0x30c50830);
    WRITE(cptr_el2, 0x33ff);
    WRITE(cnthctl_el2, 3);
    WRITE(vbar_el2, el2_vectors);
    WRITE(tcr_el2, 0);
}

// Each register is written at EL2 and read back by its name, with and without E2H.
static void redirection(u64 e2h) {
    for (u32 i = 0; i < REGS; i++) {
        Ctx c;
        bool alias = (regs[i].fields >> 16 & 7) ==
                     5;  // _EL12, _EL02: UNDEFINED without E2H, but not in QEMU
        if (alias && !e2h) continue;
        reset_state(&c);
        bool vbar = (regs[i].fields & 0xf000) == 0xc000;
        c.hcr |= e2h;
        c.x[0] = vbar ? (u64)el2_vectors : regs[i].value;
        put(e2h ? "E2H write " : "write ");
        run_word(&c, regs[i].name, 0xd5000000 | regs[i].fields, EL2H);
        for (u64 read = 0; read < 2; read++) {
            if (alias && !read) continue;
            c.hcr = HCR_RW | (read ? HCR_E2H : 0);
            c.x[0] = 0x7777;
            put(e2h ? "E2H write " : "write ");
            put(read ? "E2H read " : "read ");
            run_word(&c, regs[i].name, 0xd5200000 | regs[i].fields, EL2H);
        }
        restore_el2();
    }
}

CODE(c_load, "ldr x0, [x1]");
CODE(c_store, "str x0, [x1]");
CODE(c_exec, "br x1");
CODE(c_svc, "svc #7");
CODE(c_fp, "fmov x0, d0");
CODE(c_cntpct, "mrs x9, cntpct_el0\nmov x9, #0");
CODE(c_cntvct, "mrs x9, cntvct_el0\nmov x9, #0");
CODE(c_cval, "mrs x9, cntp_cval_el0\nmov x9, #0");
CODE(c_ctr, "mrs x9, ctr_el0\nmov x9, #0");
CODE(c_daif, "msr daifset, #1");
CODE(c_wfi, "wfi");
CODE(c_ivau, "mov x1, #0\ndc cvau, x1");
CODE(c_hvc, "hvc #3");
CODE(c_brk, "brk #3");
CODE(c_udf, "udf #0");

// EL0 of the host: E2H and TGE. Every exception goes to EL2, controls are those of EL2.
static void host_el0(void) {
    static const struct {
        const char *name;
        const u32 *code;
    } codes[] = {{"svc", c_svc}, {"hvc", c_hvc},       {"brk", c_brk},       {"udf", c_udf},
                 {"fp", c_fp},   {"cntpct", c_cntpct}, {"cntvct", c_cntvct}, {"cntp_cval", c_cval},
                 {"ctr", c_ctr}, {"daif", c_daif},     {"wfi", c_wfi},       {"cvau", c_ivau}};
    static const u64 sctlr[] = {0, 1 << 15, 1 << 9, 1 << 16, 1 << 26},
                     cptr[] = {0, 1 << 20, 2 << 20, 3 << 20};
    static const u64 cnthctl[] = {0, 1, 2, 1 << 8, 1 << 9, 0x303};
    for (u32 i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (u32 tge = 0; tge < 2; tge++)
            for (u32 level = 0; level < 3; level++) {
                if (tge && level == 1) continue;
                for (u32 k = 0; k < 15; k++) {
                    Ctx c;
                    reset_state(&c);
                    c.hcr |= HCR_E2H | (tge ? HCR_TGE : 0);
                    u64 s = k < 5 ? sctlr[k] : 0, f = k >= 5 && k < 9 ? cptr[k - 5] : 3 << 20;
                    u64 t = k >= 9 ? cnthctl[k - 9] : 0;
                    if (codes[i].code == c_wfi && (!(level == 0 && !(s & 1 << 16))))
                        continue;  // would sleep
                    WRITE(hcr_el2,
                          c.hcr | HCR_TGE);  // the layout of these registers depends on E2H
                    WRITE(sctlr_el2, 0x30c00830 | s);
                    WRITE(cptr_el2, f);
                    WRITE(cnthctl_el2, t | (level ? 3 << 10 : 0));
                    WRITE(hcr_el2, HCR_RW);
                    put(tge ? "E2H+TGE " : "E2H ");
                    put(level == 0 ? "EL0 " : level == 1 ? "EL1 " : "EL2 ");
                    put_hex(k);
                    put(" ");
                    run_code(&c, codes[i].name, codes[i].code,
                             level == 0   ? EL0
                             : level == 1 ? EL1H
                                          : EL2H);
                    WRITE(sctlr_el2, 0x30c50830);
                    WRITE(cptr_el2, 0x33ff);
                }
            }
}

// The EL2&0 regime: two ranges, ASIDs, PXN and UXN, AP for EL0, PAN.
static void regime(void) {
    build_tables();
    for (u32 bits = 0; bits < 16; bits++)
        for (u32 level = 0; level < 2; level++)
            for (u32 kind = 0; kind < 3; kind++)
                for (u32 pan = 0; pan < 2; pan++) {
                    static const u32 *const code[] = {c_load, c_store, c_exec};
                    static const char *const names[] = {" ld", " st", " ex"};
                    Ctx c;
                    reset_state(&c);
                    for (int i = 0; i < TEST_PAGES; i++)
                        *(u32 *)(scratch[i] + 0x100) = 0xd4000002 | 0xfff << 5;
                    tables_el1.l3_test[1] =
                        (u64)scratch[1] | S1_PAGE | (bits & 3) << 6 | (u64)(bits >> 2) << 53;
                    // Vectors of the rom run at EL2 by the same tables: text read-only for all, data privileged.
                    tables_el1.l2_rom[2] = (tables_el1.l2_rom[2] & ~PTE_EL0) | PTE_UXN;
                    tables_el1.l1[0] = PTE_BLOCK | PTE_AF | PTE_UXN | PTE_PXN;
                    WRITE(mair_el2, 0x44ff00);
                    WRITE(ttbr0_el2, (u64)tables_el1.l1);
                    WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
                    WRITE(s3_4_c2_c0_1, (u64)tables_el1.l1);  // TTBR1_EL2
                    // Good for the EL2 regime too, in which the rom runs between E2H and here.
                    WRITE(tcr_el2, TCR_BASE | 25 << 16 | 2u << 30 | 1 << 24 | 1 << 26 | 3 << 28 |
                                       2ull << 32);
                    flush();
                    WRITE(hcr_el2, HCR_RW);
                    flush();
                    c.hcr |= HCR_E2H | HCR_TGE;
                    c.x[1] = (pan && level ? 0xffffff8000000000 : 0) | (TEST_VA + 0x1100);
                    put(level ? "EL2&0 EL2" : "EL2&0 EL0");
                    put(pan ? " PAN " : " ");
                    put_hex(bits);
                    WRITE(sctlr_el2, 0x30c50830 | 1 << 12 | 1 << 2 | 1 | 1 << 23);
                    run_code(&c, names[kind], code[kind],
                             (level ? EL2H : EL0) | (pan ? 1 << 22 : 0));
                    restore_el2();
                }
}

void rom_main(void) {
    redirection(0);
    redirection(HCR_E2H);
    host_el0();
    regime();
    put("END\n");
}
