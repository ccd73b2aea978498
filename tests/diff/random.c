// Runs the cases of gen.c: a few random instructions at EL0 or EL1 in a random state, until an
// exception comes to EL2.
#include "cases.h"
#include "rt.h"
#include "vectors.h"

static u64 vectors_before[66] __attribute__((aligned(16)));
static u64 vectors_after[66] __attribute__((aligned(16)));

// V0 to V31, FPCR, FPSR.
static void load_fp(const u64 *v) {
    load_vectors(v);
    __asm__ volatile("msr fpcr, %0\nmsr fpsr, xzr" ::"r"(v[64]));
}

static void save_fp(u64 *v) {
    save_vectors(v);
    v[64] = READ(fpcr);
    v[65] = READ(fpsr) & ~0xf0000000ull;  // the flags of AArch32
}

static u64 next(u64 *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static u64 *table(u64 address) {
    return (u64 *)address;
}

static void set_up(const Case *k) {
    for (u64 *p = table(TABLES); p < table(TABLES + 0x8000); p++) *p = 0;
    table(S1_L1)[1] = k->s1_l1;
    table(S1_L2)[0x20] = k->s1_l2;
    table(S2_L1)[1] = S2_L2 | 3;
    table(S2_L2)[0x20] = k->s2_l2;
    table(S2_L2)[0x21] = S2_L3_TABLES | 3;
    for (int i = 0; i < PAGES; i++) {
        table(S1_L3)[i] = k->s1[i];
        table(S2_L3)[i] = k->s2[i];
    }
    for (int i = 0; i < 4; i++) table(S2_L3_TABLES)[i] = k->s2_tables[i];
    u32 *code = (u32 *)(u64)(REGION + CODE_PAGE * 4096);
    for (int i = 0; i < 1024; i++) code[i] = i < CODE_WORDS ? k->code[i] : 0xd4000002 | 0xfff << 5;
    u64 *vectors = table(REGION + VECTOR_PAGE * 4096);
    for (int i = 0; i < 256; i++) vectors[i] = ((u64 *)el1_vectors)[i];
    u64 state = k->seed;
    for (u64 *p = table(REGION + FIRST_DATA * 4096); p < table(REGION + (LAST_DATA + 1) * 4096);
         p++)
        *p = next(&state);
    for (int i = 0; i < 64; i++)
        vectors_before[i] = i & 1 ? next(&state) : next(&state) >> (i & 31);
    vectors_before[64] = k->fpcr;
    vectors_before[65] = 0;
}

static void set_registers(const Case *k, Ctx *c) {
    reset_state(c);
    for (int i = 0; i < 31; i++) c->x[i] = k->x[i];
    c->hcr = k->hcr;
    WRITE(sp_el0, k->sp_el0);
    WRITE(sp_el1, k->sp_el1);
    WRITE(vbar_el1, k->pc + (VECTOR_PAGE - CODE_PAGE) * 4096);
    WRITE(mair_el1, 0xff);
    WRITE(ttbr0_el1, S1_L1);
    WRITE(ttbr1_el1, S1_L1 | 7ull << 48);
    WRITE(tcr_el1, k->tcr);
    WRITE(sctlr_el1, k->sctlr);
    WRITE(cpacr_el1, k->cpacr);
    WRITE(vtcr_el2, TCR_BASE | 1u << 6 | 2u << 16 | 1u << 31);
    WRITE(vttbr_el2, S2_L1 | 9ull << 48);
    load_fp(vectors_before);
    WRITE(mdcr_el2, k->mdcr);
    WRITE(cnthctl_el2, k->cnthctl);
    WRITE(cntkctl_el1, k->cntkctl);
    WRITE(cptr_el2, k->cptr);
    flush();
}

static void report_memory(const Case *k) {
    u64 state = k->seed;
    int shown = 0;
    for (u64 *p = table(REGION + FIRST_DATA * 4096); p < table(REGION + (LAST_DATA + 1) * 4096);
         p++) {
        u64 before = next(&state);
        if (*p == before) continue;
        if (++shown > 6) continue;
        put(" [");
        put_hex((u64)p);
        put("]=");
        put_hex(*p);
    }
    if (shown > 6) put_field("more", (u64)shown);
}

static void report_register(const char *name, u64 value, u64 before) {
    if (value != before) put_field(name, value);
}

static void run_case(u64 n, const Case *k) {
    Ctx c;
    set_up(k);
    set_registers(k, &c);
    char name[] = "case 0000";
    for (int i = 8; i > 4; i--, n /= 10) name[i] = (char)('0' + n % 10);
    run_code(&c, name, (const void *)k->pc, k->spsr);
    WRITE(cptr_el2, 0x33ff);
    save_fp(vectors_after);
    for (int i = 0; i < 66; i++) {
        if (vectors_after[i] == vectors_before[i]) continue;
        put(" v");
        put_hex((u64)i / 2);
        put(i & 1 ? ".hi=" : ".lo=");
        put_hex(vectors_after[i]);
    }
    report_register("SP_EL0", READ(sp_el0), k->sp_el0);
    report_register("SP_EL1", READ(sp_el1), k->sp_el1);
    u64 par = READ(par_el1);
    report_register("PAR", par & 1 ? par : par & ~0x180ull,
                    0);  // not SH: see deviations.txt, stage2
    report_register("TPIDR_EL0", READ(tpidr_el0), 0x10);
    report_register("TPIDR_EL1", READ(tpidr_el1), 0x11);
    report_memory(k);
    put("\n");
}

void rom_main(void) {
    any_s1ptw_level = true;
    finish_line = false;
    for (u64 i = 0; i < case_count; i++) run_case(i, &cases[i]);
    put("END\n");
}
