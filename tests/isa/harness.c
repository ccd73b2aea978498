// Runs the words of gen.c, each in several random states at EL0 or EL1, until an exception comes to
// EL2, and prints what they left: a hash for each row, for each word, or everything for each case.
// Runtime: tests/diff/common.
#include "cases.h"
#include "rt.h"
#include "vectors.h"

extern const IsaHeader isa_header;
extern const IsaWord isa_words[];

static IsaState state;
static u64 vectors[64] __attribute__((aligned(16)));
static u64 hash;
static bool print;

static void emit(const char *name, u64 n, u64 value, u64 before) {
    hash = isa_fold(hash, value);
    if (!print || value == before) return;
    put(" ");
    put(name);
    if (n != ~0ull) put_hex(n);
    put("=");
    put_hex(value);
}

static void emit_always(const char *name, u64 value) {
    emit(name, ~0ull, value, ~value);
}

static void emit_array(const char *name, const u64 *values, const u64 *before, unsigned n,
                       unsigned scale) {
    if (print)
        for (unsigned i = 0; i < n; i++) emit(name, i * scale, values[i], before[i]);
    else
        for (unsigned i = 0; i < n; i++) hash = isa_fold(hash, values[i]);
}

// The two windows in physical memory.
static u64 *const windows[] = {(u64 *)(scratch[0] + 4096 - WINDOW / 2),
                               (u64 *)(scratch[0] + 8192 - WINDOW)};

static void load_state(const IsaWord *w, Ctx *c) {
    for (int i = 0; i < 31; i++) c->x[i] = state.x[i];
    c->x[31] = 0x2000;
    c->pstate = state.pstate;
    __asm__ volatile(
        "msr sp_el0, %0\nmsr sp_el1, %0\nmsr elr_el1, %1\nmsr spsr_el1, %2" ::"r"(state.sp),
        "r"(state.elr), "r"(state.spsr));
    __asm__ volatile("msr esr_el1, xzr\nmsr far_el1, xzr\nmsr par_el1, xzr\nmsr tpidr_el0, xzr\n"
                     "msr tpidr_el1, xzr\nmsr tpidrro_el0, xzr\nmsr contextidr_el1, xzr\n"
                     "msr csselr_el1, xzr\nmsr fpcr, xzr\nmsr fpsr, xzr" ::);
    if (w->kind & KIND_FP) {
        load_vectors(state.v);
        __asm__ volatile("msr fpcr, %0\nmsr fpsr, %1" ::"r"(state.fpcr), "r"(state.fpsr));
    }
    if (w->kind & KIND_MEMORY)
        for (unsigned i = 0; i < WINDOW / 8; i++) {
            windows[0][i] = state.memory[i];
            windows[1][i] = state.memory[WINDOW / 8 + i];
        }
}

static bool has_far(u64 esr) {
    u32 ec = (u32)(esr >> 26) & 63;
    return ec == 0x20 || ec == 0x21 || ec == 0x22 || ec == 0x24 || ec == 0x25;
}

static u64 without_btype(u64 spsr) {
    return READ(s3_0_c0_c4_1) & 15 ? spsr & ~0xc00ull : spsr;
}

static void report_exception(const Ctx *c) {
    bool el1 = (c->esr & ~0x0full) == (0x16ull << 26 | 1u << 25 | 0x100) && !(c->vector & 0x180);
    u64 esr = el1 ? READ(esr_el1) : c->esr;
    u64 elr = el1 ? READ(elr_el1) : c->pc;
    emit_always(el1 ? "EL1 vec" : "EL2 vec", el1 ? (c->esr & 15) * 0x80 : c->vector);
    emit_always("ESR", esr);
    emit_always("ELR", elr - SLOTS_VA < MAX_WORDS * SLOT_BYTES ? elr & (SLOT_BYTES - 1) : elr);
    emit_always("SPSR", without_btype(el1 ? READ(spsr_el1) : c->pstate));
    if (el1) emit_always("PSTATE", without_btype(c->pstate) & ~0xf0000000ull);  // as in rt.c
    if (has_far(esr)) emit_always("FAR", el1 ? READ(far_el1) : c->far);
}

// What a load or store that faults leaves in its registers and in memory is UNKNOWN, but for the base.
static bool is_data_abort(const Ctx *c) {
    u32 ec = (u32)(c->esr >> 26) & 63;
    if (ec == 0x16) ec = (u32)(READ(esr_el1) >> 26) & 63;
    return ec == 0x24 || ec == 0x25;
}

static void emit_vectors(void) {
    if (print)
        for (u64 i = 0; i < 64; i++) emit(i & 1 ? "v.hi" : "v.lo", i / 2, vectors[i], state.v[i]);
    else
        emit_array("", vectors, state.v, 64, 1);
}

static void report_state(const IsaWord *w, const Ctx *c) {
    emit_array("x", c->x, state.x, 31, 1);
    emit("SP_EL0", ~0ull, READ(sp_el0), state.sp);
    emit("SP_EL1", ~0ull, READ(sp_el1), state.sp);
    emit("TPIDR_EL0", ~0ull, READ(tpidr_el0), 0);
    emit("TPIDR_EL1", ~0ull, READ(tpidr_el1), 0);
    emit("CONTEXTIDR", ~0ull, READ(contextidr_el1), 0);
    u64 par = READ(par_el1);
    emit("PAR", ~0ull, par & 1 ? par : par & ~0x180ull, 0);
    if (is_data_abort(c)) return;
    if (w->kind & KIND_FP) {
        save_vectors(vectors);
        emit_vectors();
        emit("FPCR", ~0ull, READ(fpcr), state.fpcr);
        emit("FPSR", ~0ull, READ(fpsr) & ~0xf0000000ull, state.fpsr);
    }
    if (w->kind & KIND_MEMORY)
        for (unsigned i = 0; i < 2; i++)
            emit_array(i ? "page2" : "mem", windows[i], state.memory + i * WINDOW / 8, WINDOW / 8,
                       8);
}

static void run_case(const IsaWord *w, unsigned n, u64 slot) {
    Ctx c;
    isa_state(&state, isa_header.seed, w, n, slot);
    load_state(w, &c);
    c.hcr = HCR_RW | HCR_TWI | HCR_TWE | HCR_TSC;
    c.pc = slot;
    enter(&c);
    report_exception(&c);
    report_state(w, &c);
}

static void put_decimal(u64 v) {
    char text[] = "          ";
    int i = 10;
    do text[--i] = (char)('0' + v % 10);
    while (v /= 10);
    put(text + i);
}

static void name(const IsaWord *w, bool word, unsigned n) {
    put("row ");
    put_decimal(w->row);
    if (word) {
        put(" word ");
        put_decimal(w->number);
        put(" ");
        put_hex(w->word);
    }
    if (n != ~0u) {
        put(" state ");
        put_decimal(n);
    }
    put(":");
}

static void end_line(void) {
    put_field("hash", hash);
    put("\n");
    hash = 0;
}

static void run_word_cases(const IsaWord *w, u64 slot) {
    for (unsigned n = 0; n < w->states; n++) {
        if (isa_header.only_state != ~0u && isa_header.only_state != n) continue;
        if (print) name(w, true, n);
        run_case(w, n, slot);
        if (print) end_line();
    }
}

static void set_up(void) {
    Ctx c;
    reset_state(&c);
    build_tables();
    for (u64 i = 0; i < 7; i++)
        tables_el1.l2_rom[8 + i] = (SLOTS_VA + i * 0x200000) | PTE_BLOCK | PTE_AF | PTE_ISH |
                                   PTE_NORMAL | PTE_RO | PTE_EL0;
    for (int i = 2; i < TEST_PAGES; i++) tables_el1.l3_test[i] = 0;
    u32 *slots = (u32 *)SLOTS_VA;
    for (u32 i = 0; i < MAX_WORDS; i++) {
        bool used = i < isa_header.words;
        slots[4 * i] = used ? isa_words[i].before : HVC_END;
        slots[4 * i + 1] = used ? isa_words[i].word : HVC_END;
        slots[4 * i + 2] = slots[4 * i + 3] = HVC_END;
    }
    stage1_el1_on(0);
}

void rom_main(void) {
    set_up();
    print = isa_header.mode == MODE_CASES;
    for (u32 i = 0; i < isa_header.words; i++) {
        const IsaWord *w = &isa_words[i];
        run_word_cases(w, SLOTS_VA + i * SLOT_BYTES);
        bool last = i + 1 == isa_header.words || isa_words[i + 1].row != w->row;
        if (isa_header.mode == MODE_WORDS || (isa_header.mode == MODE_ROWS && last)) {
            name(w, isa_header.mode == MODE_WORDS, ~0u);
            end_line();
        }
    }
    put("END\n");
}
