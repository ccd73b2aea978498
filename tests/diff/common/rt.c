// See rt.h. Arm ARM: "AArch64 System Register Descriptions" (ESR_ELx, FAR_ELx, HPFAR_EL2: when each
// is valid).
#include "rt.h"

Tables tables_el1 __attribute__((aligned(4096)));
Tables tables_s2 __attribute__((aligned(4096)));
Tables tables_el2 __attribute__((aligned(4096)));
u8 scratch[TEST_PAGES][4096] __attribute__((aligned(65536)));

bool finish_line = true, any_s1ptw_level;

void put(const char *s) {
    for (; *s; s++) *(volatile u32 *)0x09000000 = (u8)*s;
}

void put_hex(u64 v) {
    char text[17];
    int i = 16;
    text[16] = 0;
    do text[--i] = "0123456789abcdef"[v & 15];
    while (v >>= 4);
    put(text + i);
}

void put_field(const char *name, u64 v) {
    put(" ");
    put(name);
    put("=");
    put_hex(v);
}

void flush(void) {
    __asm__ volatile("dsb sy\ntlbi alle1\ntlbi alle2\ntlbi vmalls12e1\nic iallu\ndsb sy\nisb" ::
                         : "memory");
}

void reset_state(Ctx *c) {
    for (int i = 0; i < 31; i++) c->x[i] = 0x1000 + (u64)i;
    c->x[31] = 0x2000;
    WRITE(vbar_el1, el1_vectors);
    WRITE(sctlr_el1, 0x30d00980);
    WRITE(cpacr_el1, 3 << 20);
    WRITE(sp_el0, (u64)scratch[14]);
    WRITE(sp_el1, (u64)scratch[15]);
    WRITE(spsr_el1, 0);
    WRITE(elr_el1, 0);
    WRITE(esr_el1, 0);
    WRITE(far_el1, 0);
    WRITE(par_el1, 0);
    WRITE(tpidr_el0, 0x10);
    WRITE(tpidr_el1, 0x11);
    WRITE(tpidrro_el0, 0x12);
    WRITE(contextidr_el1, 0);
    WRITE(csselr_el1, 0);
    WRITE(mdscr_el1, 0);
    WRITE(cntkctl_el1, 0);
    WRITE(cnthctl_el2, 3);
    WRITE(cptr_el2, 0x33ff);
    WRITE(hstr_el2, 0);
    WRITE(mdcr_el2, READ(pmcr_el0) >> 11 & 31);  // no counter is kept from EL1
    WRITE(cntv_ctl_el0, 2);
    WRITE(cntp_ctl_el0, 2);
    c->hcr = HCR_RW;
}

static bool far_valid(u64 esr) {
    u32 ec = (u32)(esr >> 26) & 63;
    return ec == 0x20 || ec == 0x21 || ec == 0x22 || ec == 0x24 || ec == 0x25 || ec == 0x34 ||
           ec == 0x35;
}

static bool hpfar_valid(const Ctx *c) {
    u32 ec = (u32)(c->esr >> 26) & 63, kind = (u32)(c->esr >> 2) & 15;
    bool s1ptw = c->esr >> 7 & 1;
    if ((ec != 0x20 && ec != 0x24) || !(c->hcr & (HCR_VM | HCR_DC)) || (c->hcr & HCR_TGE))
        return false;
    return kind <= 2 || s1ptw;  // address size, translation, access flag; or any on a stage-1 walk
}

// SPSR without BTYPE (PSTATE[11:10]) where FEAT_BTI is there: whether exceptions of a branch's target have it is a
// choice, and bti.c looks at the others.
static u64 without_btype(u64 spsr) {
    return READ(s3_0_c0_c4_1) & 15 ? spsr & ~0xc00ull : spsr;
}

static void report_el2(Ctx *c) {
    put(" EL2");
    put_field("vec", c->vector);
    bool synchronous = !(c->vector & 0x180);
    if (any_s1ptw_level && hpfar_valid(c) && (c->esr >> 7 & 1)) c->esr &= ~3ull;
    if (synchronous) put_field("ESR", c->esr);
    put_field("ELR", c->pc);
    put_field("SPSR", without_btype(c->pstate));
    if (synchronous && far_valid(c->esr)) put_field("FAR", c->far);
    if (synchronous && hpfar_valid(c)) put_field("HPFAR", c->hpfar);
}

// The way through HVC in the EL1 vector must not hide what the exception to EL1 left.
static void report_el1(Ctx *c) {
    u64 vector = (c->esr & 15) * 0x80, esr = READ(esr_el1);
    bool synchronous = !(vector & 0x180);
    put(" EL1");
    put_field("vec", vector);
    if (synchronous || (vector & 0x180) == 0x180) put_field("ESR", esr);
    put_field("ELR", READ(elr_el1));
    put_field("SPSR", without_btype(READ(spsr_el1)));
    if (synchronous && far_valid(esr)) put_field("FAR", READ(far_el1));
    put_field("PSTATE", c->pstate & ~0xf0000000ull);  // N, Z, C, V: exceptions.c
}

void run_code(Ctx *c, const char *name, const void *code, u64 pstate) {
    u64 before[32], hcr = c->hcr;
    for (int i = 0; i < 32; i++) before[i] = c->x[i];
    c->pc = (u64)code;
    c->pstate = pstate;
    enter(c);
    put(name);
    put(":");
    if ((c->esr & ~0x0full) == (0x16ull << 26 | 1u << 25 | 0x100) && !(c->vector & 0x180))
        report_el1(c);
    else
        report_el2(c);
    for (int i = 0; i < 32; i++) {
        if (c->x[i] == before[i]) continue;
        char reg[4] = {'x', (char)('0' + i / 10), (char)('0' + i % 10), 0};
        put_field(i == 31 ? "SP_EL2" : reg, c->x[i]);
    }
    if (c->hcr != hcr) put_field("HCR", c->hcr);
    if (finish_line) put("\n");
    c->hcr = hcr;
}

void run_simple(const char *name, const void *code, u64 pstate, u64 hcr) {
    Ctx c;
    reset_state(&c);
    c.hcr = HCR_RW | hcr;
    run_code(&c, name, code, pstate);
}

void run_word(Ctx *c, const char *name, u32 word, u64 pstate) {
    word_buffer[0] = word;
    word_buffer[1] = 0xd4000002 | 0xfff << 5;
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
    run_code(c, name, word_buffer, pstate);
}

static void fill(Tables *t, u64 text, u64 data, u64 page, bool to_scratch) {
    for (int i = 0; i < 512; i++) t->l1[i] = t->l2_rom[i] = t->l2_test[i] = t->l3_test[i] = 0;
    t->l1[1] = (u64)t->l2_rom | 3;
    t->l1[2] = (u64)t->l2_test | 3;
    t->l2_rom[1] = 0x40200000 | text;
    t->l2_rom[2] = 0x40400000 | data;
    t->l2_test[0] = (u64)t->l3_test | 3;
    for (u64 i = 0; i < TEST_PAGES; i++)
        t->l3_test[i] = (to_scratch ? (u64)scratch[i] : TEST_VA + i * 4096) | page;
}

void build_tables(void) {
    u64 s1_block = PTE_BLOCK | PTE_AF | PTE_ISH | PTE_NORMAL;
    u64 s2_block = PTE_BLOCK | PTE_AF | PTE_ISH | S2_ATTR | S2_R | S2_W;
    fill(&tables_el1, s1_block | PTE_RO | PTE_EL0, s1_block | PTE_EL0 | PTE_PXN | PTE_UXN,
         S1_PAGE | PTE_EL0, true);
    fill(&tables_el2, s1_block | PTE_RO | PTE_EL0, s1_block | PTE_EL0 | PTE_UXN, S1_PAGE | PTE_EL0,
         true);
    tables_el2.l1[0] = PTE_BLOCK | PTE_AF | PTE_UXN | PTE_EL0;  // the UART
    fill(&tables_s2, s2_block, s2_block, S2_PAGE | S2_R | S2_W, true);
    for (u64 i = 0; i < TEST_PAGES; i++)
        for (u64 j = 0; j < 4096; j++) scratch[i][j] = (u8)(i * 16 + j);
    flush();
}

void stage1_el1_on(u64 extra_sctlr) {
    WRITE(mair_el1, 0x44ff00);  // Attr0 Device-nGnRnE, Attr1 write-back, Attr2 non-cacheable
    WRITE(ttbr0_el1, (u64)tables_el1.l1);
    WRITE(tcr_el1, TCR_BASE | 1u << 23 | 2ull << 32);
    WRITE(sctlr_el1, 0x30d00980 | 1 << 12 | 1 << 2 | 1 | extra_sctlr);
    flush();
}

void stage1_el2_on(u64 extra_sctlr) {
    WRITE(mair_el2, 0x44ff00);
    WRITE(ttbr0_el2, (u64)tables_el2.l1);
    WRITE(tcr_el2, TCR_BASE | 2u << 16 | 1u << 31 | 1u << 23);
    flush();
    WRITE(sctlr_el2, 0x30c50830 | 1 << 12 | 1 << 2 | 1 | extra_sctlr);
}

void stage1_el2_off(void) {
    WRITE(sctlr_el2, 0x30c50830);
    flush();
}

u64 stage2_on(void) {
    WRITE(vtcr_el2, TCR_BASE | 1u << 6 | 2u << 16 | 1u << 31);
    WRITE(vttbr_el2, (u64)tables_s2.l1 | 5ull << 48);
    flush();
    return HCR_VM;
}
