// Every encoding of a system register or system instruction (op0 = 1, 2, 3), read and written at EL1 and EL0,
// without and with each single control bit, under the combinations of HCR_EL2.{E2H,TGE}. What exists is
// found by trying; where the outcome with a control is that without it, nothing is printed. Arm ARM: "EL2
// configurable instruction enables, disables, and traps", "EL1 configurable controls". The oracle of
// tests/oracle does more of this; here the second opinion is QEMU.
// Left out: HCR_EL2.{VM,DC,VF,VI,VSE,HCD,RW} and the NV bits, which change more than routing or end what the rom needs.
#include "rt.h"

typedef struct {
    const char *name;
    u32 register_;
    u64 base;    // its value while another control is tried
    u32 lo, hi;  // the bits that are tried
    u64 skip;    // but not these
} Control;

enum {
    HCR,
    CPTR,
    CPTR_E2H,
    MDCR,
    HSTR,
    CNTHCTL,
    SCTLR,
    SCTLR2,
    CPACR,
    CNTKCTL,
    MDSCR,
    PMUSERENR,
    ICHHCR
};

static const Control controls[] = {
    // VM, VF, VI, VSE, DC, TGE, HCD, RW, E2H, NV, NV1, AT, NV2, and what QEMU 7.2 does not have (from 57 on)
    {"HCR", HCR, 0, 0, 56, 1 | 7 << 6 | 1 << 12 | 1 << 27 | 5ull << 29 | 1ull << 34 | 0xfull << 42},
    {"CPTR", CPTR, 0x33ff, 10, 31, 3 << 12 | 1 << 20},
    {"CPTR", CPTR_E2H, 3 << 20, 20, 31, 1 << 28},
    {"MDCR", MDCR, 0, 5, 11, 1 << 7},
    {"HSTR", HSTR, 0, 0, 15, 0},
    {"CNTHCTL", CNTHCTL, 3, 0, 17, 0xff << 2 | 1 << 12 | 1 << 17},
    // UMA, EnRCTX, DZE, UCT, nTWI, nTWE, UCI
    {"SCTLR_EL1", SCTLR, 0x30d00980, 9, 26, ~(1ull << 9 | 1 << 10 | 7 << 14 | 5 << 16 | 1 << 26)},
    {"SCTLR_EL2", SCTLR2, 0x30c50830, 9, 26, ~(1ull << 9 | 1 << 10 | 7 << 14 | 5 << 16 | 1 << 26)},
    {"CPACR", CPACR, 3 << 20, 20, 21, 0},
    {"CNTKCTL", CNTKCTL, 0, 0, 9, 0xff << 2},
    {"MDSCR", MDSCR, 0, 12, 12, 0},
    {"PMUSERENR", PMUSERENR, 0, 0, 3, 0},
    {"ICH_HCR", ICHHCR, 0, 10, 14, 1 << 13},
};

static const struct {
    const char *name;
    u64 hcr;
    bool el1;  // TGE: there is no EL1
} modes[] = {
    {"", 0, true},
    {"E2H ", HCR_E2H, true},
    {"TGE ", HCR_TGE, false},
    {"E2H.TGE ", HCR_E2H | HCR_TGE, false},
};

static u64 hcr_now, mdcr_base;

static void set(u32 which, u64 value) {
    switch (which) {
    case HCR: hcr_now = value; break;
    case CPTR:
    case CPTR_E2H: WRITE(cptr_el2, value); break;
    case MDCR: WRITE(mdcr_el2, value | mdcr_base); break;
    case HSTR: WRITE(hstr_el2, value); break;
    case CNTHCTL: WRITE(cnthctl_el2, value); break;
    case SCTLR: WRITE(sctlr_el1, value); break;
    case SCTLR2: WRITE(sctlr_el2, value); break;
    case CPACR: WRITE(cpacr_el1, value); break;
    case CNTKCTL: WRITE(cntkctl_el1, value); break;
    case MDSCR: WRITE(mdscr_el1, value); break;
    case PMUSERENR: WRITE(pmuserenr_el0, value); break;
    case ICHHCR: WRITE(s3_4_c12_c11_0, value); break;
    }
}

typedef struct {
    bool to_el1;
    u64 esr;
} Outcome;

// Runs the word that is in word_buffer.
static Outcome run(u32 el, u64 mode, u64 x0) {
    Ctx c;
    for (int i = 0; i < 31; i++) c.x[i] = 0;
    c.x[0] = x0;
    c.x[31] = 0x2000;
    c.pc = (u64)word_buffer;
    c.pstate = el == 2 ? EL2H : el == 1 ? EL1H : EL0;
    c.hcr = HCR_RW | mode | hcr_now;
    enter(&c);
    Outcome o = {false, c.esr};
    if ((c.esr & ~15ull) == 0x5a000100) {
        o = (Outcome){true, READ(esr_el1)};
        if (READ(elr_el1) == (u64)word_buffer + 4) o.esr = 0;  // it ran: HVC is UNDEFINED at EL0
    } else if (c.pc == (u64)word_buffer + 4) {
        o.esr = 0;  // likewise, with TGE
    } else if (c.esr == 0x5a000fff) {
        o.esr = 0;
    }
    return o;
}

static void word(u32 w) {
    word_buffer[0] = w;
    word_buffer[1] = 0xd4000002 | 0xfff << 5;
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
}

static u32 fields;  // op0, op1, CRn, CRm, op2 in their places

static void print(const char *what, u32 bit, bool read, u32 el, u32 mode, Outcome o) {
    put(read ? "MRS S" : "MSR S");
    put_hex(fields >> 19 & 3);
    put("_");
    put_hex(fields >> 16 & 7);
    put("_C");
    put_hex(fields >> 12 & 15);
    put("_C");
    put_hex(fields >> 8 & 15);
    put("_");
    put_hex(fields >> 5 & 7);
    put(" ");
    put(modes[mode].name);
    put("EL");
    put_hex(el);
    if (what) {
        put(" ");
        put(what);
        put(".");
        put_hex(bit);
    }
    if (o.esr) {
        put(o.to_el1 ? ": EL1" : ": EL2");
        put_field("ESR", o.esr);
    } else {
        put(": executes");
    }
    put("\n");
}

static void each_control(bool read, u32 el, u32 mode, u64 x0) {
    Outcome base = run(el, modes[mode].hcr, x0);
    print(NULL, 0, read, el, mode, base);
    bool e2h = modes[mode].hcr & HCR_E2H;
    for (u32 i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        const Control *c = &controls[i];
        if ((c->register_ == CPTR && e2h) || (c->register_ == CPTR_E2H && !e2h)) continue;
        for (u32 bit = c->lo; bit <= c->hi; bit++) {
            if (c->skip >> bit & 1) continue;
            set(c->register_, c->base ^ 1ull << bit);
            Outcome o = run(el, modes[mode].hcr, x0);
            if (o.esr != base.esr || o.to_el1 != base.to_el1)
                print(c->name, bit, read, el, mode, o);
        }
        set(c->register_, c->base);
    }
}

static void encoding(bool read) {
    static Ctx c;
    // At EL2, without any control: does it exist? Its value is what will be written.
    reset_state(&c);
    set(PMUSERENR, 0);
    word(0xd5200000 | fields);
    c.x[0] = 0;
    c.pc = (u64)word_buffer;
    c.pstate = EL2H;
    c.hcr = HCR_RW;
    enter(&c);
    bool readable = c.esr == 0x5a000fff;
    u64 x0 = fields >> 19 == 1 ? (u64)scratch[0] : readable ? c.x[0] : 0;
    hcr_now = 0;
    word((read ? 0xd5200000 : 0xd5000000) | fields);
    for (u32 mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
        if (modes[mode].hcr & HCR_E2H)
            set(CPTR_E2H, 3 << 20);
        else
            set(CPTR, 0x33ff);
        if (modes[mode].el1) each_control(read, 1, mode, x0);
        each_control(read, 0, mode, x0);
    }
}

// Worth a look: something other than UNDEFINED at EL1 or EL0 without a control, or at EL2. Others are
// tried with TIDCP and TID3 alone, which trap encodings that do not exist.
static bool exists(bool read) {
    static Ctx c;
    word((read ? 0xd5200000 : 0xd5000000) | fields);
    for (u32 el = 0; el < 2; el++) {
        reset_state(&c);
        c.x[0] = 0;
        c.pc = (u64)word_buffer;
        c.pstate = el ? EL1H : EL0;
        enter(&c);
        u64 esr = c.esr;
        if ((esr & ~15ull) == 0x5a000100) esr = READ(esr_el1);
        if (esr != 0x2000000) return true;
    }
    return false;
}

void rom_main(void) {
    static Ctx c;
    reset_state(&c);
    mdcr_base = READ(mdcr_el2);
    for (u32 op0 = 1; op0 < 4; op0++)
        for (u32 rest = 0; rest < 1 << 14; rest++) {
            fields = op0 << 19 | rest << 5;
            for (int read = 0; read < 2; read++)
                if (exists(read)) encoding(read);
        }
    put("END\n");
}
