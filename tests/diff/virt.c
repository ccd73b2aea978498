// Virtual interrupts: HCR_EL2.VI, VF, VSE; the list registers of GICv3's virtual CPU interface,
// what the guest sees of them through ICV_*, and what ICH_* shows afterwards. Arm ARM:
// "Interrupts"; Arm GIC architecture, versions 3 and 4: "Virtual interrupt handling and
// prioritization".
#include "rt.h"

#define ICC_PMR     s3_0_c4_c6_0
#define ICC_IAR1    s3_0_c12_c12_0
#define ICC_EOIR1   s3_0_c12_c12_1
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_SRE_EL2 s3_4_c12_c9_5
#define ICH_AP0R0   s3_4_c12_c8_0
#define ICH_AP1R0   s3_4_c12_c9_0
#define ICH_HCR     s3_4_c12_c11_0
#define ICH_VTR     s3_4_c12_c11_1
#define ICH_MISR    s3_4_c12_c11_2
#define ICH_EISR    s3_4_c12_c11_3
#define ICH_ELRSR   s3_4_c12_c11_5
#define ICH_VMCR    s3_4_c12_c11_7
#define ICH_LR0     s3_4_c12_c12_0
#define ICH_LR1     s3_4_c12_c12_1
#define ICH_LR2     s3_4_c12_c12_2
#define ICH_LR3     s3_4_c12_c12_3

CODE(c_nop, "nop\nnop");
CODE(c_isr, "mrs x0, isr_el1\nmrs x1, daif");
CODE(c_wfi, "wfi\nmrs x0, isr_el1");
CODE(c_unmask, "mrs x0, isr_el1\nmsr daifclr, #7\nisb\nnop");
CODE(c_read,
     "mrs x0, s3_0_c12_c12_2\nmrs x1, s3_0_c12_c8_2\nmrs x2, s3_0_c12_c11_3\nmrs x3, s3_0_c4_c6_0\n"
     "mrs x4, s3_0_c12_c12_3\nmrs x5, s3_0_c12_c8_3\nmrs x6, s3_0_c12_c12_7\nmrs x7, "
     "s3_0_c12_c12_6\n"
     "mrs x8, s3_0_c12_c12_4\nmrs x9, s3_0_c12_c12_5\nmrs x10, s3_0_c12_c9_0\nmrs x11, "
     "s3_0_c12_c8_4");
CODE(c_ack,
     "mrs x0, s3_0_c12_c12_0\nmrs x1, s3_0_c12_c11_3\nmrs x2, s3_0_c12_c12_0\nmrs x3, isr_el1");
CODE(c_ack_eoi, "mrs x0, s3_0_c12_c12_0\nmsr s3_0_c12_c12_1, x0\nmrs x1, s3_0_c12_c11_3\nmrs x2, "
                "s3_0_c12_c12_2");
CODE(c_ack_eoi2, "mrs x0, s3_0_c12_c12_0\nmrs x1, s3_0_c12_c12_0\nmsr s3_0_c12_c12_1, x1\n"
                 "msr s3_0_c12_c12_1, x0\nmrs x2, s3_0_c12_c11_3\nmrs x3, s3_0_c12_c12_0");
CODE(c_ack0,
     "mrs x0, s3_0_c12_c8_0\nmrs x1, s3_0_c12_c11_3\nmsr s3_0_c12_c8_1, x0\nmrs x2, s3_0_c12_c8_0");
CODE(c_eoi_only, "mov x0, #40\nmsr s3_0_c12_c12_1, x0\nmrs x1, s3_0_c12_c11_3");
CODE(c_dir,
     "mrs x0, s3_0_c12_c12_0\nmov x1, #2\nmsr s3_0_c12_c12_4, x1\nisb\nmsr s3_0_c12_c12_1, x0\n"
     "mrs x2, s3_0_c12_c11_3\nmsr s3_0_c12_c11_1, x0\nmrs x3, s3_0_c12_c12_4");
CODE(c_write,
     "mov x0, #0xa5\nmsr s3_0_c4_c6_0, x0\nmov x1, #3\nmsr s3_0_c12_c12_3, x1\nmov x2, #1\n"
     "msr s3_0_c12_c12_7, x2\nmsr s3_0_c12_c12_6, x2\nmov x3, #3\nmsr s3_0_c12_c12_4, x3\n"
     "mrs x4, s3_0_c4_c6_0\nmrs x5, s3_0_c12_c12_3\nmrs x6, s3_0_c12_c12_4");
CODE(c_sgi, "mov x0, #1\nmsr s3_0_c12_c11_5, x0");

static const struct {
    const char *name;
    const u32 *code;
} codes[] = {
    {"nop", c_nop},   {"isr", c_isr},      {"wfi", c_wfi},         {"unmask", c_unmask},
    {"read", c_read}, {"ack", c_ack},      {"ack-eoi", c_ack_eoi}, {"ack-eoi-2", c_ack_eoi2},
    {"ack0", c_ack0}, {"eoi", c_eoi_only}, {"dir", c_dir},         {"write", c_write},
    {"sgi", c_sgi}};

static void lines(void) {
    static const u64 pending[] = {HCR_VI,
                                  HCR_VF,
                                  HCR_VI | HCR_IMO,
                                  HCR_VF | HCR_FMO,
                                  HCR_VSE | HCR_AMO,
                                  HCR_VSE,
                                  HCR_VI | HCR_IMO | HCR_FMO};
    for (u32 i = 0; i < sizeof pending / sizeof pending[0]; i++)
        for (u32 masked = 0; masked < 2; masked++)
            for (u32 level = 0; level < 4; level++) {
                static const u64 m[] = {0, 4, 5, 9};
                static const char *const names[] = {" EL0", " EL1t", " EL1h", " EL2h"};
                for (u32 code = 0; code < 2; code++) {
                    put("HCR ");
                    put_hex(pending[i]);
                    put(names[level]);
                    put(masked ? " masked " : " open ");
                    run_simple(codes[code].name, codes[code].code, m[level] | (masked ? 0x3c0 : 0),
                               pending[i]);
                }
                if (level == 2 && masked && (pending[i] & (HCR_IMO | HCR_FMO))) {
                    put("HCR ");
                    put_hex(pending[i]);
                    put(" ");
                    run_simple("unmask", c_unmask, EL1H, pending[i]);
                }
            }
    run_simple("TGE hides VI", c_nop, 0, HCR_TGE | HCR_VI | HCR_IMO);
}

#define LR(state, group, hw, priority, pintid, vintid) \
    ((u64)(state) << 62 | (u64)(hw) << 61 | (u64)(group) << 60 | (u64)(priority) << 48 | \
     (u64)(pintid) << 32 | (vintid))
enum { INVALID, PENDING, ACTIVE, BOTH };

static const struct {
    const char *name;
    u64 lr[4], hcr, vmcr;
} states[] = {
    {"empty", {0}, 1, 0xf8000003},
    {"one pending", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 1, 0xf8000003},
    {"disabled interface", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 0, 0xf8000003},
    {"group disabled", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 1, 0xf8000001},
    {"masked by PMR", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 1, 0x80000003},
    {"PMR just above", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 1, 0x88000003},
    {"group 0", {LR(PENDING, 0, 0, 0x80, 0, 41)}, 1, 0xf8000003},
    {"group 0 FIQEn", {LR(PENDING, 0, 0, 0x80, 0, 41)}, 1, 0xf800000b},
    {"two", {LR(PENDING, 1, 0, 0x80, 0, 40), LR(PENDING, 1, 0, 0x40, 0, 42)}, 1, 0xf8000003},
    {"two same priority",
     {LR(PENDING, 1, 0, 0x80, 0, 45), LR(PENDING, 1, 0, 0x80, 0, 42)},
     1,
     0xf8000003},
    {"active and pending", {LR(BOTH, 1, 0, 0x80, 0, 40)}, 1, 0xf8000003},
    {"active", {LR(ACTIVE, 1, 0, 0x80, 0, 40)}, 1, 0xf8000003},
    {"active and another",
     {LR(ACTIVE, 1, 0, 0x80, 0, 40), LR(PENDING, 1, 0, 0x40, 0, 42)},
     1,
     0xf8000003},
    {"HW", {LR(PENDING, 1, 1, 0x80, 27, 27)}, 1, 0xf8000003},
    {"EOI maintenance", {LR(PENDING, 1, 0, 0x80, 1 << 9, 40)}, 1, 0xf8000003},
    {"full",
     {LR(PENDING, 1, 0, 0x80, 0, 40), LR(PENDING, 1, 0, 0x60, 0, 41),
      LR(PENDING, 1, 0, 0xa0, 0, 42), LR(ACTIVE, 1, 0, 0x20, 0, 43)},
     1,
     0xf8000003},
    {"underflow", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 3, 0xf8000003},
    {"no pending", {LR(ACTIVE, 1, 0, 0x80, 0, 40)}, 9, 0xf8000003},
    {"LRENPIE", {0}, 5 | 1 << 27, 0xf8000003},
    {"group maintenance", {0}, 0xf1, 0xf8000001},
    {"EOImode", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 1, 0xf8000203},
    {"binary point",
     {LR(PENDING, 1, 0, 0x98, 0, 40), LR(PENDING, 1, 0, 0x88, 0, 42)},
     1,
     0xf8180003},
    {"CBPR", {LR(PENDING, 1, 0, 0x80, 0, 40)}, 1, 0xf8a00013},
    {"LPI", {LR(PENDING, 1, 0, 0x80, 0, 8192)}, 1, 0xf8000003},
};

static void list_registers(void) {
    for (u32 i = 0; i < sizeof states / sizeof states[0]; i++)
        for (u32 code = 0; code < sizeof codes / sizeof codes[0]; code++)
            for (u32 open = 0; open < 2; open++) {
                if (open && code > 1) continue;
                // ICV_HPPIR1_EL1 with ICH_HCR_EL2.En clear is not said.
                if (!states[i].hcr && (codes[code].code == c_read || codes[code].code == c_ack_eoi))
                    continue;
                if (codes[code].code == c_wfi && i != 1 && i != 6)
                    continue;  // would sleep for ever
                Ctx c;
                reset_state(&c);
                WRITE(ICC_SRE_EL2, 0xf);
                WRITE(ICH_AP0R0, 0);
                WRITE(ICH_AP1R0, states[i].lr[0] >> 62 == ACTIVE ? 1 << 16 : 0);
                WRITE(ICH_VMCR, states[i].vmcr);
                WRITE(ICH_LR0, states[i].lr[0]);
                WRITE(ICH_LR1, states[i].lr[1]);
                WRITE(ICH_LR2, states[i].lr[2]);
                WRITE(ICH_LR3, states[i].lr[3]);
                WRITE(ICH_HCR, states[i].hcr);
                c.hcr |= HCR_IMO | HCR_FMO;
                put(states[i].name);
                put(open ? " open " : " ");
                finish_line = false;
                run_code(&c, codes[code].name, codes[code].code, open ? 5 : EL1H);
                finish_line = true;
                put_field("LR0", READ(ICH_LR0));
                put_field("LR1", READ(ICH_LR1));
                put_field("LR2", READ(ICH_LR2));
                put_field("LR3", READ(ICH_LR3));
                put_field("AP0R", READ(ICH_AP0R0));
                put_field("AP1R", READ(ICH_AP1R0));
                put_field("HCR", READ(ICH_HCR));
                put_field("VMCR", READ(ICH_VMCR));
                put_field("MISR", READ(ICH_MISR));
                put_field("EISR", READ(ICH_EISR));
                put_field("ELRSR", READ(ICH_ELRSR));
                put("\n");
                WRITE(ICH_HCR, 0);
            }
    put("VTR:");
    put_field("ListRegs", READ(ICH_VTR) & 31);
    put_field("PRIbits", READ(ICH_VTR) >> 29);
    put_field("PREbits", READ(ICH_VTR) >> 26 & 7);
    put("\n");
}

void rom_main(void) {
    lines();
    list_registers();
    put("END\n");
}
