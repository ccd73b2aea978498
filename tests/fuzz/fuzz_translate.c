// Fuzz target: translation. The bytes become control registers, tables of both stages and a few accesses;
// what the product does (exception, syndrome, addresses, PAR_EL1, hardware updates, the data) must be what
// tests/oracle says. Each access is an instruction that the product's handler executes: nothing is fetched
// for it. Accesses of one input share the TLB, so what it kept must agree too.
// EL2SIM_FUZZ_STATS=1 prints what was reached.
#include "../oracle/translate.h"
#include "../oracle/translate_subject.h"
#include "cpu/exception.h"
#include "cpu/op.h"
#include "mmu/mmu.h"
#include "translate_case.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// --- instructions -------------------------------------------------------------------------------

enum {
    READ = 1,
    WRITE = 2,
    EXCL = 4,
    ATOMIC = 8,
    ORDERED = 16,
    PAIR = 32,
    UNPRIV = 64,
    EL1_ONLY = 128,
    MONITOR = 256,  // the exclusives monitor has the address
};

typedef enum Kind {
    LOAD_STORE,
    VECTOR,
    ZERO,
    CLEAN,
    INVALIDATE,
    ICACHE,
    ADDRESS,
    FETCH,
    MAINTENANCE
} Kind;

// ISS bits 24:14 of a load or store of x1 or w1: ISV, SAS, SSE, SRT, SF, AR.
#define ISV(sas, sse, sf, ar) (1u << 10 | (sas) << 8 | (sse) << 7 | 1u << 2 | (sf) << 1 | (ar))

typedef struct Instruction {
    const char *text;
    u32 word;
    u8 kind, size, elements;  // size: bytes of one element
    u16 flags;
    u32 syndrome;
    i16 need;  // enum Feature or -1
    OracleAt at;
} Instruction;

// clang-format off
static const Instruction instructions[] = {
    {"ldr x1, [x2]", 0xf9400041, LOAD_STORE, 8, 1, READ, ISV(3u, 0u, 1u, 0u), -1, {0}},
    {"ldr w1, [x2]", 0xb9400041, LOAD_STORE, 4, 1, READ, ISV(2u, 0u, 0u, 0u), -1, {0}},
    {"ldrh w1, [x2]", 0x79400041, LOAD_STORE, 2, 1, READ, ISV(1u, 0u, 0u, 0u), -1, {0}},
    {"ldrb w1, [x2]", 0x39400041, LOAD_STORE, 1, 1, READ, ISV(0u, 0u, 0u, 0u), -1, {0}},
    {"ldrsw x1, [x2]", 0xb9800041, LOAD_STORE, 4, 1, READ, ISV(2u, 1u, 1u, 0u), -1, {0}},
    {"ldrsh w1, [x2]", 0x79c00041, LOAD_STORE, 2, 1, READ, ISV(1u, 1u, 0u, 0u), -1, {0}},
    {"ldr x1, [x2], #8", 0xf8408441, LOAD_STORE, 8, 1, READ, 0, -1, {0}},
    {"str x1, [x2]", 0xf9000041, LOAD_STORE, 8, 1, WRITE, ISV(3u, 0u, 1u, 0u), -1, {0}},
    {"str w1, [x2]", 0xb9000041, LOAD_STORE, 4, 1, WRITE, ISV(2u, 0u, 0u, 0u), -1, {0}},
    {"strb w1, [x2]", 0x39000041, LOAD_STORE, 1, 1, WRITE, ISV(0u, 0u, 0u, 0u), -1, {0}},
    {"ldtr x1, [x2]", 0xf8400841, LOAD_STORE, 8, 1, READ | UNPRIV, ISV(3u, 0u, 1u, 0u), -1, {0}},
    {"sttrh w1, [x2]", 0x78000841, LOAD_STORE, 2, 1, WRITE | UNPRIV, ISV(1u, 0u, 0u, 0u), -1, {0}},
    {"ldar x1, [x2]", 0xc8dffc41, LOAD_STORE, 8, 1, READ | ORDERED, ISV(3u, 0u, 1u, 1u), -1, {0}},
    {"stlr w1, [x2]", 0x889ffc41, LOAD_STORE, 4, 1, WRITE | ORDERED, ISV(2u, 0u, 0u, 1u), -1, {0}},
    {"ldapr x1, [x2]", 0xf8bfc041, LOAD_STORE, 8, 1, READ | ORDERED, ISV(3u, 0u, 1u, 1u), FEAT_LRCPC, {0}},
    {"ldxr x1, [x2]", 0xc85f7c41, LOAD_STORE, 8, 1, READ | EXCL, 0, -1, {0}},
    {"ldaxrh w1, [x2]", 0x485ffc41, LOAD_STORE, 2, 1, READ | EXCL | ORDERED, 0, -1, {0}},
    {"ldadd x3, x1, [x2]", 0xf8230041, LOAD_STORE, 8, 1, READ | WRITE | ATOMIC, 0, FEAT_LSE, {0}},
    {"swp w3, w1, [x2]", 0xb8238041, LOAD_STORE, 4, 1, READ | WRITE | ATOMIC, 0, FEAT_LSE, {0}},
    {"ldp x1, x3, [x2]", 0xa9400c41, LOAD_STORE, 16, 1, READ | PAIR, 0, -1, {0}},
    {"stp x1, x3, [x2]", 0xa9000c41, LOAD_STORE, 16, 1, WRITE | PAIR, 0, -1, {0}},
    {"ldp w1, w3, [x2]", 0x29400c41, LOAD_STORE, 8, 1, READ | PAIR, 0, -1, {0}},
    {"ldr q1, [x2]", 0x3dc00041, VECTOR, 16, 1, READ, 0, -1, {0}},
    {"str q1, [x2]", 0x3d800041, VECTOR, 16, 1, WRITE, 0, -1, {0}},
    {"ldxp x1, x3, [x2]", 0xc87f0c41, LOAD_STORE, 16, 1, READ | EXCL, 0, -1, {0}},
    {"stxr w4, x1, [x2]", 0xc8047c41, LOAD_STORE, 8, 1, WRITE | EXCL | MONITOR, 0, -1, {0}},
    {"stlxrb w4, w1, [x2]", 0x0804fc41, LOAD_STORE, 1, 1, WRITE | EXCL | ORDERED | MONITOR, 0, -1, {0}},
    {"cas x1, x3, [x2]", 0xc8a17c43, LOAD_STORE, 8, 1, READ | WRITE | ATOMIC, 0, FEAT_LSE, {0}},
    {"casalh w1, w3, [x2]", 0x48e1fc43, LOAD_STORE, 2, 1, READ | WRITE | ATOMIC, 0, FEAT_LSE, {0}},
    {"casp x4, x5, x6, x7, [x2]", 0x48247c46, LOAD_STORE, 16, 1, READ | WRITE | ATOMIC, 0, FEAT_LSE, {0}},
    {"ldapur x1, [x2]", 0xd9400041, LOAD_STORE, 8, 1, READ | ORDERED, ISV(3u, 0u, 1u, 1u), FEAT_LRCPC2, {0}},
    {"stlur w1, [x2]", 0x99000041, LOAD_STORE, 4, 1, WRITE | ORDERED, ISV(2u, 0u, 0u, 1u), FEAT_LRCPC2, {0}},
    {"ldtrsw x1, [x2]", 0xb8800841, LOAD_STORE, 4, 1, READ | UNPRIV, ISV(2u, 1u, 1u, 0u), -1, {0}},
    {"ldur w1, [x2]", 0xb8400041, LOAD_STORE, 4, 1, READ, ISV(2u, 0u, 0u, 0u), -1, {0}},
    {"ldr x1, [x2, xzr]", 0xf87f6841, LOAD_STORE, 8, 1, READ, ISV(3u, 0u, 1u, 0u), -1, {0}},
    {"ldnp x1, x3, [x2]", 0xa8400c41, LOAD_STORE, 16, 1, READ | PAIR, 0, -1, {0}},
    {"stp w1, w3, [x2]", 0x29000c41, LOAD_STORE, 8, 1, WRITE | PAIR, 0, -1, {0}},
    {"ldr d1, [x2]", 0xfd400041, VECTOR, 8, 1, READ, 0, -1, {0}},
    {"ldp q1, q3, [x2]", 0xad400c41, VECTOR, 16, 2, READ, 0, -1, {0}},
    {"stp q1, q3, [x2]", 0xad000c41, VECTOR, 16, 2, WRITE, 0, -1, {0}},
    {"ld1 {v1.16b}, [x2]", 0x4c407041, VECTOR, 1, 16, READ, 0, -1, {0}},
    {"ld1 {v1.2d}, [x2]", 0x4c407c41, VECTOR, 8, 2, READ, 0, -1, {0}},
    {"st1 {v1.2d}, [x2]", 0x4c007c41, VECTOR, 8, 2, WRITE, 0, -1, {0}},
    {"st1 {v1.4s}, [x2]", 0x4c007841, VECTOR, 4, 4, WRITE, 0, -1, {0}},
    {"dc zva, x2", 0xd50b7422, ZERO, 64, 1, WRITE, 0, -1, {0}},
    {"dc cvac, x2", 0xd50b7a22, CLEAN, 1, 1, 0, 0, -1, {0}},
    {"dc cvau, x2", 0xd50b7b22, CLEAN, 1, 1, 0, 0, -1, {0}},
    {"dc cvap, x2", 0xd50b7c22, CLEAN, 1, 1, 0, 0, FEAT_DPB, {0}},
    {"dc civac, x2", 0xd50b7e22, CLEAN, 1, 1, 0, 0, -1, {0}},
    {"dc ivac, x2", 0xd5087622, INVALIDATE, 1, 1, EL1_ONLY, 0, -1, {0}},
    {"ic ivau, x2", 0xd50b7522, ICACHE, 1, 1, 0, 0, -1, {0}},
    {"at s1e1r, x2", 0xd5087802, ADDRESS, 0, 1, EL1_ONLY, 0, -1, {1, false, false, false}},
    {"at s1e1w, x2", 0xd5087822, ADDRESS, 0, 1, EL1_ONLY, 0, -1, {1, false, true, false}},
    {"at s1e0r, x2", 0xd5087842, ADDRESS, 0, 1, EL1_ONLY, 0, -1, {0, false, false, false}},
    {"at s1e0w, x2", 0xd5087862, ADDRESS, 0, 1, EL1_ONLY, 0, -1, {0, false, true, false}},
    {"at s1e1rp, x2", 0xd5087902, ADDRESS, 0, 1, EL1_ONLY, 0, FEAT_PAN2, {1, false, false, true}},
    {"at s1e1wp, x2", 0xd5087922, ADDRESS, 0, 1, EL1_ONLY, 0, FEAT_PAN2, {1, false, true, true}},
    {"at s1e2r, x2", 0xd50c7802, ADDRESS, 0, 1, 0, 0, FEAT_EL2, {2, false, false, false}},
    {"at s1e2w, x2", 0xd50c7822, ADDRESS, 0, 1, 0, 0, FEAT_EL2, {2, false, true, false}},
    {"at s12e1r, x2", 0xd50c7882, ADDRESS, 0, 1, 0, 0, FEAT_EL2, {1, true, false, false}},
    {"at s12e1w, x2", 0xd50c78a2, ADDRESS, 0, 1, 0, 0, FEAT_EL2, {1, true, true, false}},
    {"at s12e0r, x2", 0xd50c78c2, ADDRESS, 0, 1, 0, 0, FEAT_EL2, {0, true, false, false}},
    {"at s12e0w, x2", 0xd50c78e2, ADDRESS, 0, 1, 0, 0, FEAT_EL2, {0, true, true, false}},
    {"fetch", 0, FETCH, 4, 1, 0, 0, -1, {0}},
    {"tlbi vaae1, x2", 0xd5088762, MAINTENANCE, 0, 1, 0, 0, -1, {0}},
    {"tlbi alle2", 0xd50c871f, MAINTENANCE, 0, 1, 0, 0, FEAT_EL2, {0}},
    {"tlbi vmalls12e1", 0xd50c87df, MAINTENANCE, 0, 1, 0, 0, FEAT_EL2, {0}},
};
enum { TLBI_COUNT = 3, TLBI_VAAE1 = ARRAY_LEN(instructions) - TLBI_COUNT, TLBI_ALLE2, TLBI_VMALLS12E1 };
// clang-format on

static bool allowed(const Cpu *cpu, const Instruction *in, int el) {
    if (in->need >= 0 && !cpu_has(cpu, (enum Feature)in->need)) return false;
    if (in->kind == ADDRESS && in->need == FEAT_EL2) return el == 2;
    return !(in->flags & EL1_ONLY) || el > 0;
}

// --- the oracle's side ---------------------------------------------------------------------------

// What the walks of one access have written; the product's memory is not touched by the oracle.
typedef struct Overlay {
    u64 pa[64], value[64];
    unsigned n;
} Overlay;

static bool overlay_read(void *context, u64 pa, u64 *value) {
    const Overlay *o = context;
    for (unsigned i = 0; i < o->n; i++)
        if (o->pa[i] == pa) {
            *value = o->value[i];
            return true;
        }
    const u64 *w = case_word(pa);
    if (w) *value = *w;
    return w != NULL;
}

static bool overlay_write(void *context, u64 pa, u64 value) {
    Overlay *o = context;
    if (!case_word(pa)) return false;
    for (unsigned i = 0; i < o->n; i++)
        if (o->pa[i] == pa) {
            o->value[i] = value;
            return true;
        }
    if (o->n == ARRAY_LEN(o->pa)) abort();
    o->pa[o->n] = pa;
    o->value[o->n++] = value;
    return true;
}

static OracleMmuState oracle_state(const Cpu *cpu) {
    const struct SysRegs *s = &cpu->sys;
    OracleMmuState o = {.has = translate_features(cpu),
                        .el = cpu->el,
                        .pan = cpu->pstate & PSTATE_PAN,
                        .uao = cpu->pstate & PSTATE_UAO,
                        .HCR_EL2 = s->HCR_EL2,
                        .SCTLR_EL1 = s->SCTLR_EL1,
                        .SCTLR_EL2 = s->SCTLR_EL2,
                        .TCR_EL1 = s->TCR_EL1,
                        .TCR_EL2 = s->TCR_EL2,
                        .VTCR_EL2 = s->VTCR_EL2,
                        .MAIR_EL1 = s->MAIR_EL1,
                        .MAIR_EL2 = s->MAIR_EL2,
                        .TTBR0_EL1 = s->TTBR0_EL1,
                        .TTBR1_EL1 = s->TTBR1_EL1,
                        .TTBR0_EL2 = s->TTBR0_EL2,
                        .TTBR1_EL2 = s->TTBR1_EL2,
                        .VTTBR_EL2 = s->VTTBR_EL2};
    return o;
}

// The Exception level whose permissions LDTR and STTR use. AArch64.IsUnprivAccessPriv.
static int unprivileged_el(const OracleMmuState *s) {
    bool e2h = s->has.VHE && bit(s->HCR_EL2, HCR_E2H), tge = bit(s->HCR_EL2, HCR_TGE);
    bool privileged =
        s->el == 2 ? !(e2h && tge)
                   : s->el == 1 && s->has.NV && bit(s->HCR_EL2, HCR_NV) && bit(s->HCR_EL2, HCR_NV1);
    if (s->uao && s->el != 0) privileged = true;
    return privileged ? s->el : 0;
}

static OracleAccess oracle_access_of(const Instruction *in, const OracleMmuState *s) {
    static const OracleAccType types[] = {
        [LOAD_STORE] = ORACLE_GPR, [VECTOR] = ORACLE_ASIMD,  [ZERO] = ORACLE_DCZERO,
        [CLEAN] = ORACLE_DC,       [INVALIDATE] = ORACLE_DC, [ICACHE] = ORACLE_IC,
        [ADDRESS] = ORACLE_AT,     [FETCH] = ORACLE_IFETCH};
    OracleAccess a = {.acctype = types[in->kind],
                      .el = in->flags & UNPRIV ? unprivileged_el(s) : s->el,
                      .read = in->flags & READ,
                      .write = in->flags & WRITE,
                      .pan = in->kind == LOAD_STORE || in->kind == VECTOR || in->kind == ZERO,
                      .atomicop = in->flags & ATOMIC,
                      .exclusive = in->flags & EXCL,
                      .ordered = in->flags & ORDERED,
                      .invalidate = in->kind == INVALIDATE,
                      .pair = in->flags & PAIR,
                      .size = in->size,
                      .elements = in->elements,
                      .syndrome = in->syndrome};
    return a;
}

// --- the product's side --------------------------------------------------------------------------

enum { CODE_PC = 0x1000 };

// One page of ops: instruction i is op i.
static OpPage *code_page(const Cpu *cpu) {
    static u8 bytes[4096];
    OpPage *p = aligned_alloc(64, align_up(sizeof *p, 64));
    if (!p) abort();
    memset(p, 0, sizeof *p);
    p->host = bytes;
    for (unsigned i = 0; i < ARRAY_LEN(instructions); i++) {
        memcpy(bytes + 4 * i, &instructions[i].word, 4);
        op_decode(cpu->features, instructions[i].word, i, &p->ops[i]);
    }
    return p;
}

static void execute(Cpu *cpu, OpPage *page, unsigned i) {
    cpu->page = page;
    cpu->pc = CODE_PC + 4 * i;
    cpu->pc_base = cpu->pc - ((uintptr_t)&page->ops[i] >> 2);
    cpu->block = &page->ops[i];
    cpu->limit = cpu->until = 0;  // whatever follows the instruction is not fetched
    if (!setjmp(cpu->unwind)) cpu_execute_one(cpu, &page->ops[i]);
}

static bool fetch(Cpu *cpu, u64 va, u64 *pa) {
    cpu->block = NULL;
    OpPage *page = op_find(cpu, va) ? cpu->page : fetch_page_slow(cpu, va);
    if (page) *pa = page->pa | (va & 0xfff);
    return page != NULL;
}

// --- comparison ----------------------------------------------------------------------------------

static struct Stats {
    u64 inputs, accesses, aborts, par_faults, s2_faults, s1ptw, updates, status[16], level0,
        changes, blocks;
} stats;

static void print_stats(void) {
    fprintf(stderr,
            "%llu inputs, %llu accesses, %llu aborts, %llu PAR faults, %llu of stage 2, %llu on a "
            "stage "
            "1 walk, %llu with a hardware update\n  by status:",
            (unsigned long long)stats.inputs, (unsigned long long)stats.accesses,
            (unsigned long long)stats.aborts, (unsigned long long)stats.par_faults,
            (unsigned long long)stats.s2_faults, (unsigned long long)stats.s1ptw,
            (unsigned long long)stats.updates);
    fprintf(stderr, " (descriptors changed: %llu, blocks %llu)", (unsigned long long)stats.changes,
            (unsigned long long)stats.blocks);
    fprintf(stderr, " (translation faults of level 0: %llu)", (unsigned long long)stats.level0);
    for (unsigned i = 0; i < 10; i++) fprintf(stderr, " %llu", (unsigned long long)stats.status[i]);
    fprintf(stderr, "\n");
}

typedef struct Trial {
    Case *c;
    const Instruction *in;
    int el;
    u32 pstate;
    u64 va;
    Overlay overlay;
    OracleOutcome expect;
    u64 par, par_known;
    u64 before[512];  // the descriptors, by number of c->word
    u64 data[2][10];  // words around the first and the last byte
    unsigned bytes;   // of all elements
} Trial;

static void describe(const Trial *t) {
    const struct SysRegs *s = &t->c->cpu->sys;
    fprintf(stderr, "%s, %s at EL%d, x2 = 0x%llx, PSTATE 0x%x\n",
            t->c->cpu->machine->config.cpu_model, t->in->text, t->el, (unsigned long long)t->va,
            t->pstate);
#define SHOW(name) fprintf(stderr, "  " #name " 0x%llx\n", (unsigned long long)s->name)
    SHOW(HCR_EL2), SHOW(SCTLR_EL1), SHOW(TCR_EL1), SHOW(TTBR0_EL1), SHOW(TTBR1_EL1), SHOW(MAIR_EL1);
    SHOW(SCTLR_EL2), SHOW(TCR_EL2), SHOW(TTBR0_EL2), SHOW(TTBR1_EL2), SHOW(MAIR_EL2);
    SHOW(VTCR_EL2), SHOW(VTTBR_EL2);
    for (unsigned i = 0; i < t->c->words; i++)
        fprintf(stderr, "  [0x%llx] = 0x%016llx\n", (unsigned long long)t->c->word[i],
                (unsigned long long)*case_word(t->c->word[i]));
    const OracleMmuFault *f = &t->expect.fault;
    fprintf(stderr, "  oracle: status %d level %d%s%s%s ipa 0x%llx pa 0x%llx\n", f->status,
            f->level, f->secondstage ? " stage 2" : "", f->s2fs1walk ? " S1PTW" : "",
            f->write ? " write" : "", (unsigned long long)f->ipa, (unsigned long long)t->expect.pa);
}

static void differ(const Trial *t, const char *what, u64 product, u64 oracle) {
    fprintf(stderr, "%s: product 0x%llx, oracle 0x%llx\n", what, (unsigned long long)product,
            (unsigned long long)oracle);
    describe(t);
    abort();
}

static void same(const Trial *t, const char *what, u64 product, u64 oracle, u64 known) {
    if ((product ^ oracle) & known) differ(t, what, product, oracle);
}

static void check_abort(const Trial *t) {
    const Cpu *cpu = t->c->cpu;
    const OracleOutcome *e = &t->expect;
    bool el2 = cpu->el == 2;
    same(t, "target EL", cpu->el, (u64)e->target_el, ~0ull);
    same(t, "ESR", el2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1, e->esr, e->esr_known);
    same(t, "FAR", el2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1, e->far, ~0ull);
    if (e->hpfar_valid) same(t, "HPFAR_EL2", cpu->sys.HPFAR_EL2, e->hpfar, ~0ull);
}

// What the word at pa holds after the access, were it not for a store.
static u64 after_walks(const Trial *t, u64 pa, u64 before) {
    for (unsigned k = 0; k < t->overlay.n; k++)
        if (t->overlay.pa[k] == pa) return t->overlay.value[k];
    return before;
}

// First word around the first byte (0) or the last one (1) of the data.
static u64 data_base(const Trial *t, unsigned which) {
    return (which ? t->expect.pa_end + 1 - t->bytes : t->expect.pa) & ~7ull;
}

static bool in_data(const Trial *t, u64 pa) {
    if (!(t->in->flags & WRITE)) return false;
    u64 n = t->bytes + 8u;
    return (t->expect.pa_valid && pa - data_base(t, 0) < n) ||
           (t->expect.pa_end_valid && pa - data_base(t, 1) < n);
}

static void save_memory(Trial *t) {
    for (unsigned i = 0; i < t->c->words; i++) t->before[i] = *case_word(t->c->word[i]);
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < ARRAY_LEN(t->data[k]); i++) {
            const u64 *w = case_word(data_base(t, k) + 8 * i);
            if (w) t->data[k][i] = *w;
        }
}

// Every descriptor is as the walks left it; and what a store did is undone.
static void check_memory(const Trial *t) {
    for (unsigned i = 0; i < t->c->words; i++) {
        u64 pa = t->c->word[i];
        if (!in_data(t, pa))
            same(t, "descriptor after the access", *case_word(pa), after_walks(t, pa, t->before[i]),
                 ~0ull);
    }
    if (!(t->in->flags & WRITE)) return;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < ARRAY_LEN(t->data[k]); i++) {
            u64 pa = data_base(t, k) + 8 * i, *w = case_word(pa);
            if (w && (k ? t->expect.pa_end_valid : t->expect.pa_valid))
                *w = after_walks(t, pa, t->data[k][i]);
        }
}

// The bytes at the physical address after the walks (a descriptor can be data too), as one number.
static u64 data_at(const Trial *t) {
    u64 v = 0;
    for (unsigned i = 0; i < t->in->size; i++) {
        u64 pa = t->expect.pa + i;
        v |= (after_walks(t, pa & ~7ull, *case_word(pa)) >> pa % 8 * 8 & 0xff) << 8 * i;
    }
    return v;
}

// Of the data in its first word.
static u64 aligned_mask(const Trial *t) {
    return ones(8 * MIN(t->in->size, 8 - t->expect.pa % 8));
}

static bool simple(const Trial *t) {
    return t->in->kind == LOAD_STORE && !(t->in->flags & PAIR) && t->in->size <= 8 &&
           t->expect.pa_end == t->expect.pa + t->in->size - 1;
}

static void run_product(Trial *t, OpPage *page) {
    static const u64 stored = 0x123456789abcdef1;
    Cpu *cpu = t->c->cpu;
    u64 taken = cpu->exceptions, pa = 0, loaded = 0;
    cpu->x[1] = cpu->x[3] = stored;
    cpu->x[2] = t->va;
    cpu->sys.PAR_EL1 = 0;
    if (t->in->flags & MONITOR) {
        cpu->excl_valid = true;
        cpu->excl_size = t->in->size;
        cpu->excl_host =
            t->expect.pa_valid ? (u64)(uintptr_t)case_word(t->expect.pa) + t->expect.pa % 8 : 0;
    }
    if (simple(t) && t->expect.pa_end_valid && t->in->flags & READ) loaded = data_at(t);
    if (t->in->kind == FETCH)
        fetch(cpu, t->va, &pa);
    else
        execute(cpu, page, (unsigned)(t->in - instructions));
    bool aborted = cpu->exceptions != taken;
    if (aborted != t->expect.abort)
        differ(t, "aborted", aborted ? cpu->el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1 : 0,
               t->expect.abort ? t->expect.esr : 0);
    if (aborted) {
        check_abort(t);
    } else if (t->in->kind == ADDRESS) {
        same(t, "PAR_EL1", cpu->sys.PAR_EL1, t->par, t->par_known);
    } else if (t->in->kind == FETCH) {
        same(t, "address fetched from", pa, t->expect.pa, ~0ull);
    } else if (simple(t)) {
        u64 mask = ones(8 * t->in->size);
        if (t->in->flags & READ) same(t, "data read", cpu->x[1], loaded, mask);
        if ((t->in->flags & (READ | WRITE)) == WRITE)
            same(t, "data written", *case_word(t->expect.pa) >> t->expect.pa % 8 * 8, stored,
                 aligned_mask(t));
    }
    check_memory(t);
}

// The first part of a store may write the descriptors of the second: the oracle stores nothing.
static bool writes_tables(const Trial *t) {
    if (t->bytes <= 8 && !(t->in->flags & PAIR)) return false;
    for (unsigned i = 0; i < t->c->words; i++)
        if (in_data(t, t->c->word[i])) return true;
    return false;
}

static void count(const Trial *t) {
    const OracleMmuFault *f = &t->expect.fault;
    stats.accesses++;
    stats.aborts += t->expect.abort;
    stats.par_faults += !t->expect.abort && f->status;
    stats.status[f->status]++;
    stats.level0 += f->status == ORACLE_TRANSLATION && f->level == 0;
    stats.s2_faults += f->status && f->secondstage;
    stats.s1ptw += f->s2fs1walk;
    stats.updates += t->overlay.n != 0;
}

static void access_once(Case *c, OpPage *page, int el, u32 pstate, const Instruction *in, u64 va) {
    static Trial t;
    Cpu *cpu = c->cpu;
    t = (Trial){.c = c, .in = in, .el = el, .pstate = pstate, .va = va};
    t.bytes = in->size * in->elements;
    pstate_changed(cpu, pstate);
    OracleMmuState s = oracle_state(cpu);
    OracleMemory m = {&t.overlay, overlay_read, overlay_write};
    if (in->kind == ADDRESS) {
        t.expect = oracle_at(&s, &m, va, in->at, &t.par, &t.par_known);
    } else {
        OracleAccess a = oracle_access_of(in, &s);
        t.expect = oracle_access(&s, &m, va, &a);
    }
    // No load can have set the monitor where nothing answers.
    if (in->flags & MONITOR && t.expect.fault.status == ORACLE_EXTERNAL) return;
    if (writes_tables(&t)) return;
    count(&t);
    save_memory(&t);
    run_product(&t, page);
}

// --- the input -----------------------------------------------------------------------------------

enum { MODELS = 5 };

static Cpu *model_cpu(unsigned n, OpPage **page) {
    static Cpu *cpus[MODELS];
    static OpPage *pages[MODELS];
    static const struct {
        const char *name;
        bool el2;
    } models[MODELS] = {
        {"max", true}, {"neoverse-n1", true}, {"cortex-a72", true}, {"max", false}, {"max", true}};
    if (!cpus[n]) {
        if (getenv("EL2SIM_FUZZ_STATS") && !stats.inputs) atexit(print_stats);
        cpus[n] = case_cpu(models[n].name, models[n].el2);
        pages[n] = code_page(cpus[n]);
    }
    *page = pages[n];
    return cpus[n];
}

static u32 choose_pstate(const Cpu *cpu, Bytes *b, int *el) {
    unsigned flags = (unsigned)bytes_take(b, 1);
    *el = (int)(flags & 3) % 3;
    if (!cpu_have_el2(cpu) && *el == 2) *el = 1;
    if (*el == 1 && cpu_have_el2(cpu) && cpu_tge(cpu)) *el = flags & 4 ? 0 : 2;  // no EL1 with TGE
    u32 pstate = PSTATE_DAIF | (*el ? PSTATE_SP : 0) | (u32)*el << PSTATE_EL_SHIFT;
    if (flags & 8 && *el && cpu_has(cpu, FEAT_PAN)) pstate |= PSTATE_PAN;
    if ((flags & 48) == 48 && cpu_has(cpu, FEAT_UAO)) pstate |= PSTATE_UAO;
    return pstate;
}

static void tlbi(Cpu *cpu, OpPage *page, unsigned i, u64 va) {
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | (cpu_have_el2(cpu) ? 2u : 1u) << PSTATE_EL_SHIFT);
    u64 taken = cpu->exceptions;
    cpu->x[2] = va >> 12 & ones(44);
    execute(cpu, page, i);
    if (cpu->exceptions != taken) abort();
}

// An address that the stage 1 page or block of va translates as well: by-VA maintenance may name any of them.
static u64 same_block(Cpu *cpu, Bytes *b, int el, u64 va) {
    OracleMmuState s = oracle_state(cpu);
    s.el = el;
    Overlay overlay = {.n = 0};
    OracleMemory m = {&overlay, overlay_read, overlay_write};
    const OracleAccess a = {.acctype = ORACLE_GPR, .el = el, .read = true, .size = 1};
    int size = oracle_translate(&s, &m, va, &a, true).s1_size;
    if (size > 12) stats.blocks++;
    u64 other = bytes_take(b, 4) << 8;
    return size ? va ^ (other & ones((unsigned)size)) : va;
}

// Another descriptor somewhere, and the TLB maintenance that makes accesses at va in the regime of `el`
// see it. Other addresses may still be translated by the old one.
static void change_descriptor(Case *c, OpPage *page, Bytes *b, int el, u64 va) {
    Cpu *cpu = c->cpu;
    const u64 named = same_block(cpu, b, el, va), end = same_block(cpu, b, el, va + 64);
    u64 pa = c->word[bytes_take(b, 2) % c->words];
    *case_word(pa) ^= 1ull << bytes_below(b, 64);
    if (bytes_rare(b, 4)) *case_word(pa) ^= 1ull << bytes_below(b, 64);
    bool host0 = cpu_have_el2(cpu) && cpu_in_host0(cpu);
    if (cpu_have_el2(cpu) && el == 2 && !host0) {
        tlbi(cpu, page, TLBI_ALLE2, 0);
    } else if (cpu_have_el2(cpu) && !host0 &&
               cpu->sys.HCR_EL2 & (1ull << HCR_VM | 1ull << HCR_DC)) {
        tlbi(cpu, page, TLBI_VMALLS12E1, 0);
    } else {
        tlbi(cpu, page, TLBI_VAAE1, named);
        tlbi(cpu, page, TLBI_VAAE1, end);
    }
    stats.changes++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static Case c;
    Bytes b = {data, size};
    OpPage *page;
    c.cpu = model_cpu(bytes_below(&b, MODELS), &page);
    stats.inputs++;
    pstate_changed(c.cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT);
    case_controls(&c, &b);
    fp_access_changed(c.cpu);
    tlb_flush_all(c.cpu);
    tlb_context_changed(c.cpu);
    u64 va = 0;
    int last = -1;
    bool stale = false;
    for (unsigned n = 1 + bytes_below(&b, 6), i = 0; i < n; i++) {
        int el;
        u32 pstate = choose_pstate(c.cpu, &b, &el);
        const Instruction *in;
        bool fresh = false;
        do in = &instructions[bytes_below(&b, ARRAY_LEN(instructions) - TLBI_COUNT)];
        while (!allowed(c.cpu, in, el));
        if (bytes_rare(&b, 8)) in = &instructions[TLBI_VAAE1 - 1];  // a fetch
        int as = in->kind == ADDRESS ? in->at.el : el, regime = as == 2 ? 2 : 1;
        if (regime == last ? bytes_rare(&b, 4) : i == 0 || !bytes_rare(&b, 8)) {
            va = case_address(&c, &b, as, in->at.two_stages);
            fresh = true;
        }
        if (in->kind == FETCH) va &= ~3ull;
        if (c.words < ARRAY_LEN(c.word) - 64) {
            case_map(&c, &b, as, in->at.two_stages, va);
            case_map(&c, &b, as, in->at.two_stages, va + in->size * in->elements);
        }
        if (stale && (fresh || regime != last)) tlb_flush_all(c.cpu), stale = false;
        if (!fresh && c.words && bytes_rare(&b, 3)) {
            change_descriptor(&c, page, &b, as, va);
            stale = true;
        }
        last = regime;
        access_once(&c, page, el, pstate, in, va);
    }
    case_reset_memory(&c);
    return 0;
}
