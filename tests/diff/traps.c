// Every system register and instruction of a list, read and written at EL0 and EL1, without and
// with each trap control. With a control, a line is printed only where the outcome differs from
// that without it. Arm ARM: "EL2 configurable instruction enables, disables, and traps", "EL1
// configurable controls".
#include "rt.h"

#define SYSREG(op0, op1, n, m, op2) ((op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)

static const struct {
    const char *name;
    u32 fields;
} regs[] = {
#define X(name, op0, op1, n, m, op2) \
    { #name, SYSREG(op0, op1, n, m, op2) }
    X(MIDR_EL1, 3, 0, 0, 0, 0),
    X(MPIDR_EL1, 3, 0, 0, 0, 5),
    X(REVIDR_EL1, 3, 0, 0, 0, 6),
    X(ID_PFR0_EL1, 3, 0, 0, 1, 0),
    X(ID_DFR0_EL1, 3, 0, 0, 1, 2),
    X(ID_AFR0_EL1, 3, 0, 0, 1, 3),
    X(ID_MMFR0_EL1, 3, 0, 0, 1, 4),
    X(ID_ISAR0_EL1, 3, 0, 0, 2, 0),
    X(ID_MMFR4_EL1, 3, 0, 0, 2, 6),
    X(ID_reserved_2_7, 3, 0, 0, 2, 7),
    X(MVFR0_EL1, 3, 0, 0, 3, 0),
    X(ID_reserved_3_7, 3, 0, 0, 3, 7),
    X(ID_AA64PFR0_EL1, 3, 0, 0, 4, 0),
    X(ID_reserved_4_7, 3, 0, 0, 4, 7),
    X(ID_AA64DFR0_EL1, 3, 0, 0, 5, 0),
    X(ID_AA64AFR0_EL1, 3, 0, 0, 5, 4),
    X(ID_AA64ISAR0_EL1, 3, 0, 0, 6, 0),
    X(ID_AA64MMFR0_EL1, 3, 0, 0, 7, 0),
    X(ID_reserved_7_7, 3, 0, 0, 7, 7),
    X(AIDR_EL1, 3, 1, 0, 0, 7),
    X(CCSIDR_EL1, 3, 1, 0, 0, 0),
    X(CLIDR_EL1, 3, 1, 0, 0, 1),
    X(CSSELR_EL1, 3, 2, 0, 0, 0),
    X(CTR_EL0, 3, 3, 0, 0, 1),
    X(DCZID_EL0, 3, 3, 0, 0, 7),
    X(VPIDR_EL2, 3, 4, 0, 0, 0),
    X(SCTLR_EL1, 3, 0, 1, 0, 0),
    X(ACTLR_EL1, 3, 0, 1, 0, 1),
    X(CPACR_EL1, 3, 0, 1, 0, 2),
    X(SCTLR_EL2, 3, 4, 1, 0, 0),
    X(HCR_EL2, 3, 4, 1, 1, 0),
    X(CPTR_EL2, 3, 4, 1, 1, 2),
    X(TTBR0_EL1, 3, 0, 2, 0, 0),
    X(TTBR1_EL1, 3, 0, 2, 0, 1),
    X(TCR_EL1, 3, 0, 2, 0, 2),
    X(SPSR_EL1, 3, 0, 4, 0, 0),
    X(ELR_EL1, 3, 0, 4, 0, 1),
    X(SP_EL0, 3, 0, 4, 1, 0),
    X(SP_EL1, 3, 4, 4, 1, 0),
    X(SPSel, 3, 0, 4, 2, 0),
    X(CurrentEL, 3, 0, 4, 2, 2),
    X(NZCV, 3, 3, 4, 2, 0),
    X(DAIF, 3, 3, 4, 2, 1),
    X(FPCR, 3, 3, 4, 4, 0),
    X(FPSR, 3, 3, 4, 4, 1),
    X(AFSR0_EL1, 3, 0, 5, 1, 0),
    X(AFSR1_EL1, 3, 0, 5, 1, 1),
    X(ESR_EL1, 3, 0, 5, 2, 0),
    X(FAR_EL1, 3, 0, 6, 0, 0),
    X(HPFAR_EL2, 3, 4, 6, 0, 4),
    X(PAR_EL1, 3, 0, 7, 4, 0),
    X(MAIR_EL1, 3, 0, 10, 2, 0),
    X(AMAIR_EL1, 3, 0, 10, 3, 0),
    X(VBAR_EL1, 3, 0, 12, 0, 0),
    X(RVBAR_EL1, 3, 0, 12, 0, 1),
    X(ISR_EL1, 3, 0, 12, 1, 0),
    X(CONTEXTIDR_EL1, 3, 0, 13, 0, 1),
    X(TPIDR_EL1, 3, 0, 13, 0, 4),
    X(TPIDR_EL0, 3, 3, 13, 0, 2),
    X(TPIDRRO_EL0, 3, 3, 13, 0, 3),
    X(CNTKCTL_EL1, 3, 0, 14, 1, 0),
    X(CNTFRQ_EL0, 3, 3, 14, 0, 0),
    X(CNTPCT_EL0, 3, 3, 14, 0, 1),
    X(CNTVCT_EL0, 3, 3, 14, 0, 2),
    X(CNTP_TVAL_EL0, 3, 3, 14, 2, 0),
    X(CNTP_CTL_EL0, 3, 3, 14, 2, 1),
    X(CNTP_CVAL_EL0, 3, 3, 14, 2, 2),
    X(CNTV_TVAL_EL0, 3, 3, 14, 3, 0),
    X(CNTV_CTL_EL0, 3, 3, 14, 3, 1),
    X(CNTV_CVAL_EL0, 3, 3, 14, 3, 2),
    X(CNTHCTL_EL2, 3, 4, 14, 1, 0),
    X(CNTVOFF_EL2, 3, 4, 14, 0, 3),
    X(SCTLR_EL3, 3, 6, 1, 0, 0),
    X(CNTPS_CTL_EL1, 3, 7, 14, 2, 1),
    X(SCTLR_EL12, 3, 5, 1, 0, 0),
    X(CNTV_CTL_EL02, 3, 5, 14, 3, 1),
    X(MDSCR_EL1, 2, 0, 0, 2, 2),
    X(DBGBVR0_EL1, 2, 0, 0, 0, 4),
    X(DBGBCR0_EL1, 2, 0, 0, 0, 5),
    X(DBGWVR0_EL1, 2, 0, 0, 0, 6),
    X(DBGWCR0_EL1, 2, 0, 0, 0, 7),
    X(MDRAR_EL1, 2, 0, 1, 0, 0),
    X(OSLSR_EL1, 2, 0, 1, 1, 4),
    X(OSDLR_EL1, 2, 0, 1, 3, 4),
    X(MDCCSR_EL0, 2, 3, 0, 1, 0),
    X(MDCCINT_EL1, 2, 0, 0, 2, 0),
    X(ICC_PMR_EL1, 3, 0, 4, 6, 0),
    X(ICC_IAR0_EL1, 3, 0, 12, 8, 0),
    X(ICC_HPPIR0_EL1, 3, 0, 12, 8, 2),
    X(ICC_BPR0_EL1, 3, 0, 12, 8, 3),
    X(ICC_AP0R0_EL1, 3, 0, 12, 8, 4),
    X(ICC_AP1R0_EL1, 3, 0, 12, 9, 0),
    X(ICC_RPR_EL1, 3, 0, 12, 11, 3),
    X(ICC_IAR1_EL1, 3, 0, 12, 12, 0),
    X(ICC_HPPIR1_EL1, 3, 0, 12, 12, 2),
    X(ICC_BPR1_EL1, 3, 0, 12, 12, 3),
    X(ICC_CTLR_EL1, 3, 0, 12, 12, 4),
    X(ICC_SRE_EL1, 3, 0, 12, 12, 5),
    X(ICC_IGRPEN0_EL1, 3, 0, 12, 12, 6),
    X(ICC_IGRPEN1_EL1, 3, 0, 12, 12, 7),
    X(ICH_HCR_EL2, 3, 4, 12, 11, 0),
    X(impdef_0_15_0_0, 3, 0, 15, 9, 7),
    X(impdef_el0, 3, 3, 11, 9, 6),
    X(unalloc_0_3, 3, 0, 3, 0, 0),
    X(unalloc_3_13, 3, 3, 13, 9, 0),
    X(LORC_EL1, 3, 0, 10, 4, 3),
    X(PAN, 3, 0, 4, 2, 3),
    X(UAO, 3, 0, 4, 2, 4),
    X(ERRIDR_EL1, 3, 0, 5, 3, 0),
    X(DISR_EL1, 3, 0, 12, 1, 1),
#undef X
};

static const struct {
    const char *name;
    u32 word;
} instructions[] = {
#define X(name, op1, n, m, op2) \
    { #name, 0xd5000000 | SYSREG(1, op1, n, m, op2) }
    X(IC_IALLUIS, 0, 7, 1, 0),     X(IC_IALLU, 0, 7, 5, 0),
    X(IC_IVAU, 3, 7, 5, 1),        X(DC_IVAC, 0, 7, 6, 1),
    X(DC_ISW, 0, 7, 6, 2),         X(DC_CSW, 0, 7, 10, 2),
    X(DC_CISW, 0, 7, 14, 2),       X(DC_CVAC, 3, 7, 10, 1),
    X(DC_CVAU, 3, 7, 11, 1),       X(DC_CIVAC, 3, 7, 14, 1),
    X(DC_ZVA, 3, 7, 4, 1),         X(AT_S1E1R, 0, 7, 8, 0),
    X(AT_S1E0W, 0, 7, 8, 3),       X(AT_S1E2R, 4, 7, 8, 0),
    X(AT_S12E1R, 4, 7, 8, 4),      X(TLBI_VMALLE1, 0, 8, 7, 0),
    X(TLBI_VAE1, 0, 8, 7, 1),      X(TLBI_ASIDE1, 0, 8, 7, 2),
    X(TLBI_VAAE1, 0, 8, 7, 3),     X(TLBI_VALE1, 0, 8, 7, 5),
    X(TLBI_VAALE1, 0, 8, 7, 7),    X(TLBI_VMALLE1IS, 0, 8, 3, 0),
    X(TLBI_VAE1IS, 0, 8, 3, 1),    X(TLBI_ALLE1, 4, 8, 7, 4),
    X(TLBI_IPAS2E1IS, 4, 8, 0, 1), X(SYS_impdef, 0, 11, 0, 0),
    X(SYS_unalloc, 0, 9, 0, 0),    X(SYS_el0_unalloc, 3, 7, 15, 7),
#undef X
    {"WFI", 0xd503207f},           {"SMC", 0xd4000003},
    {"FMOV", 0x1e270000},          {"LDR_Q", 0x3dc00000},
    {"DAIFSet", 0xd50341df},       {"SPSel_imm", 0xd50041bf},
    {"SVC", 0xd4000001},           {"BRK", 0xd4200000},
    {"HLT", 0xd4400000},           {"UDF", 0},
};

enum { HCR, CPTR, CPACR, MDCR, CNTHCTL, CNTKCTL, SCTLR, MDSCR, ICHHCR };

static const struct {
    const char *name;
    u32 where;
    u64 flip;  // the bits that differ from reset_state()
} controls[] = {
#define H(bit) \
    { "HCR." #bit, HCR, HCR_##bit }
    {"none", HCR, 0},
    H(TVM),
    H(TRVM),
    H(TID0),
    H(TID1),
    H(TID2),
    H(TID3),
    H(TACR),
    H(TSW),
    H(TPC),
    H(TPU),
    H(TTLB),
    H(TIDCP),
    H(TDZ),
    H(TWI),
    H(TSC),
    H(TGE),
    H(FMO),
    H(IMO),
#undef H
    {"HCR.FMO+IMO", HCR, HCR_FMO | HCR_IMO},
    {"HCR.TGE+traps", HCR, HCR_TGE | HCR_TID2 | HCR_TID3 | HCR_TPC | HCR_TPU | HCR_TDZ | HCR_TIDCP},
    {"CPTR.TFP", CPTR, 1 << 10},
    {"CPTR.TCPAC", CPTR, 1u << 31},
    {"CPACR.FPEN=0", CPACR, 3 << 20},
    {"CPACR.FPEN=1", CPACR, 2 << 20},
    {"CPACR.FPEN=2", CPACR, 1 << 20},
    {"MDCR.TDA", MDCR, 1 << 9},
    {"MDCR.TDOSA", MDCR, 1 << 10},
    {"MDCR.TDRA", MDCR, 1 << 11},
    {"MDCR.TDE", MDCR, 1 << 8},
    {"CNTHCTL.EL1PCTEN", CNTHCTL, 1},
    {"CNTHCTL.EL1PCEN", CNTHCTL, 2},
    {"CNTHCTL.both", CNTHCTL, 3},
    {"CNTKCTL.EL0PCTEN", CNTKCTL, 1},
    {"CNTKCTL.EL0VCTEN", CNTKCTL, 2},
    {"CNTKCTL.EL0VTEN", CNTKCTL, 1 << 8},
    {"CNTKCTL.EL0PTEN", CNTKCTL, 1 << 9},
    {"SCTLR.UMA", SCTLR, 1 << 9},
    {"SCTLR.DZE", SCTLR, 1 << 14},
    {"SCTLR.UCT", SCTLR, 1 << 15},
    {"SCTLR.nTWI", SCTLR, 1 << 16},
    {"SCTLR.UCI", SCTLR, 1 << 26},
    {"MDSCR.TDCC", MDSCR, 1 << 12},
    {"ICH_HCR.TC", ICHHCR, 1 << 10},
    {"ICH_HCR.TALL0", ICHHCR, 1 << 11},
    {"ICH_HCR.TALL1", ICHHCR, 1 << 12},
};

#define CASES (sizeof regs / sizeof regs[0] * 2 + sizeof instructions / sizeof instructions[0])
static struct { u64 vector, esr; } base[2][CASES];

static void apply(Ctx *c, u32 control) {
    u64 flip = controls[control].flip;
    WRITE(s3_4_c12_c11_0, 0);
    switch (controls[control].where) {
    case HCR: c->hcr ^= flip; break;
    case CPTR: WRITE(cptr_el2, 0x33ff ^ flip); break;
    case CPACR: WRITE(cpacr_el1, (3 << 20) ^ flip); break;
    case MDCR: WRITE(mdcr_el2, flip); break;
    case CNTHCTL: WRITE(cnthctl_el2, 3 ^ flip); break;
    case CNTKCTL: WRITE(cntkctl_el1, flip); break;
    case SCTLR: WRITE(sctlr_el1, 0x30d00980 ^ flip); break;
    case MDSCR: WRITE(mdscr_el1, flip); break;
    case ICHHCR: WRITE(s3_4_c12_c11_0, flip); break;
    }
}

static void one(u32 control, u32 level, u32 index, const char *name, const char *direction,
                u32 word, u64 x0) {
    Ctx c;
    reset_state(&c);
    apply(&c, control);
    bool is_wfi = word == 0xd503207f;
    c.x[0] = x0;
    if (is_wfi) c.hcr |= HCR_IMO | HCR_VI;  // pending, masked: WFI does not sleep
    word_buffer[0] = word;
    word_buffer[1] = 0xd4000002 | 0xfff << 5;
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
    c.pc = (u64)word_buffer;
    c.pstate = level ? EL1H : EL0;
    enter(&c);
    u64 vector = c.vector, esr = c.esr;
    if ((esr & ~15ull) == 0x5a000100) {
        vector = 0x1000 + (esr & 15) * 0x80;
        esr = READ(esr_el1);
        if (READ(elr_el1) == (u64)word_buffer + 4) esr = 0;  // it ran: HVC is UNDEFINED at EL0
    }
    if (!control) {
        base[level][index].vector = vector;
        base[level][index].esr = esr;
    } else if (base[level][index].vector == vector && base[level][index].esr == esr) {
        return;
    }
    put(controls[control].name);
    put(level ? " EL1 " : " EL0 ");
    put(direction);
    put(name);
    put(vector & 0x1000 ? ": EL1" : ": EL2");
    put_field("vec", vector & 0xfff);
    put_field("ESR", esr);
    put("\n");
}

// The value to write is the one that is there.
static u64 current_value(u32 fields) {
    Ctx c;
    reset_state(&c);
    c.x[0] = 0;
    word_buffer[0] = 0xd5200000 | fields;
    word_buffer[1] = 0xd4000002 | 0xfff << 5;
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
    c.pc = (u64)word_buffer;
    c.pstate = EL2H;
    enter(&c);
    return c.x[0];
}

void rom_main(void) {
    for (u32 control = 0; control < sizeof controls / sizeof controls[0]; control++)
        for (u32 level = 0; level < 2; level++) {
            u32 index = 0;
            for (u32 i = 0; i < sizeof regs / sizeof regs[0]; i++) {
                one(control, level, index++, regs[i].name, "MRS ", 0xd5200000 | regs[i].fields, 0);
                one(control, level, index++, regs[i].name, "MSR ", 0xd5000000 | regs[i].fields,
                    current_value(regs[i].fields));
            }
            for (u32 i = 0; i < sizeof instructions / sizeof instructions[0]; i++)
                one(control, level, index++, instructions[i].name, "", instructions[i].word,
                    (instructions[i].word & 0x0000f000) == 0x8000 ? 0 : (u64)scratch[0]);
        }
    put("END\n");
}
