// Sequences of instructions that share a handler (sequences.fuse, opcache.c): each of them does what
// its instructions do one by one, from random words and registers; and which sequence an Op begins is
// right after decoding in any order and after stores.
#include "cpu/decode.h"
#include "cpu/op.h"
#include "gen/handlers.h"
#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    CODE = 0x40100000,
    DATA = 0x40200000,
    TABLE = 0x40300000,
    VECTORS = 0x40400000,
    FILLER = 0x00000000,  // UDF #0: takes an exception, and is in no sequence
    BEFORE = 0x8000,      // of the memory around DATA that instructions may reach
    REACHED = 0x14000,
    WORDS = 2,   // times each sequence is made of random words
    STATES = 6,  // that they are executed from
};

typedef struct Pair {
    Machine *machine[2];  // [0] executes sequences, [1] the same instructions one by one
} Pair;

static u8 *memory(const Machine *machine, u64 pa) {
    return machine->ram.host + (pa - machine->ram.base);
}

static void place(Machine *machine, u64 at, const u32 *words, unsigned n) {
    memcpy(memory(machine, at), words, n * 4);
    opcache_written(machine, at, n * 4);
}

// EL2 with a flat map of Normal memory, so that the fast paths are used.
static Machine *create(void) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 16 << 20, .gic_version = 3, .el2 = true};
    Error err = {0};
    Machine *machine = machine_create(&config, &err);
    if (!machine) fail_msg("%s", err.text);
    Cpu *cpu = machine->cpu[0];
    machine->running = cpu;
    cpu->halt = HALT_NONE;
    cpu->sys.VBAR_EL2 = VECTORS;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    const u64 block = 0x40000000 | 1 << 10 | 3 << 8 | 1;  // 1 GB, AF, inner shareable, attribute 0
    memcpy(memory(machine, TABLE + 8), &block, 8);
    cpu->sys.TTBR0_EL2 = TABLE;
    cpu->sys.TCR_EL2 = 1u << 31 | 1 << 23 | 2 << 16 | 25;  // 39 bits, 4 KB, 40 bits of PA
    cpu->sys.MAIR_EL2 = 0xff;
    cpu->sys.SCTLR_EL2 |= 1;
    tlb_context_changed(cpu);
    for (u64 at = VECTORS; at < VECTORS + 0x800; at += 4) place(machine, at, &(u32){0x14000000}, 1);
    return machine;
}

static int setup(void **state) {
    static Pair pair;
    for (int i = 0; i < 2; i++) pair.machine[i] = create();
    *state = &pair;
    return 0;
}

static int teardown(void **state) {
    Pair *pair = *state;
    for (int i = 0; i < 2; i++) {
        pair->machine[i]->running = NULL;
        machine_free(pair->machine[i]);
    }
    return 0;
}

static u32 random32(void) {
    static u64 s = 0x2545f4914f6cdd1d;
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (u32)(s >> 16);
}
static u64 random64(void) {
    return (u64)random32() << 32 | random32();
}

static OpPage *page_of(Machine *machine) {
    return opcache_page(machine, CODE);
}

// Decodes the words from CODE + 4 * first on, in the order of the page or against it.
static void decode(Machine *machine, unsigned first, unsigned n, bool backwards) {
    Cpu *cpu = machine->cpu[0];
    for (unsigned i = 0; i < n; i++) {
        pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 2 << PSTATE_EL_SHIFT);
        cpu->exception_repeats = 0;
        cpu->pc = CODE + 4 * (first + (backwards ? n - 1 - i : i));
        cpu_step(cpu);
        assert_false(machine->stop);
    }
}

// --- random words of a handler

static const DecodeRow *row_of(unsigned id) {
    for (unsigned i = 0; i < decode_row_count; i++) {
        const DecodeRow *row = &decode_rows[i];
        if (id >= row->first_id && id < (unsigned)row->first_id + row->handlers) return row;
    }
    fail_msg("no row has handler %u", id);
    return NULL;
}

// Few registers, so that instructions meet in them; immediates are often small, so that branches stay
// in the page.
static u32 random_word(const DecodeRow *row) {
    u32 w = random32(), how = random32();
    static const u8 registers[] = {0, 5, 10, 16};
    for (unsigned i = 0; i < ARRAY_LEN(registers); i++)
        if (how >> i & 1) w &= ~(0x18u << registers[i]);
    if (how >> 4 & 1) w &= how >> 5 & 1 ? ~0x00fff000u : ~0x03fff000u;
    if (how >> 6 & 1) w |= how >> 7 & 1 ? 0x0007c000u : 0x00fff000u;
    if (how >> 8 & 1) w &= ~0x0000fc00u;
    return (w & ~row->mask) | row->value;
}

static bool random_instruction(const Machine *machine, unsigned id, unsigned index, u32 *word,
                               Op *op) {
    const DecodeRow *row = row_of(id);
    for (unsigned i = 0; i < 20000; i++) {
        *word = random_word(row);
        if (decode_row(machine->features, *word, index, op) == row && op->id == id) return true;
    }
    return false;
}

// The steps of sequence id: the instructions, and the ids of the sequences up to each.
static unsigned steps_of(unsigned id, unsigned *single, unsigned *prefix) {
    unsigned n = op_length[id];
    for (unsigned i = n; i-- > 1;) {
        prefix[i] = id;
        unsigned from = 0, s = 0;
        for (bool found = false; !found; from += !found) {
            assert_true(from < id);
            for (s = op_step_start[from]; !found && s < op_step_start[from + 1]; s += !found)
                found = op_steps[s].fused == id;
        }
        single[i] = op_steps[s].next;
        id = from;
    }
    single[0] = prefix[0] = id;
    return n;
}

// Words at CODE + 4 * index that begin sequence id: one after the other, each tried until its registers
// are linked as the sequence says.
static bool random_sequence(Pair *pair, unsigned id, unsigned index) {
    unsigned single[16], prefix[16], n = steps_of(id, single, prefix);
    Machine *machine = pair->machine[0];
    const Op *first = &page_of(machine)->ops[index];
    u32 words[16];
    for (unsigned tries = 0, i = 0; i < n; tries++) {
        Op op;
        if (tries == 200000) return false;
        if (tries % 2000 == 1999) i = 0;  // no link is possible with what comes before
        if (!random_instruction(machine, single[i], index + i, &words[i], &op)) return false;
        words[i + 1] = FILLER;
        place(machine, CODE + 4 * index, words, i + 2);
        decode(machine, index, i + 1, tries & 1);
        if (first->id == prefix[i]) i++;
    }
    place(pair->machine[1], CODE + 4 * index, words, n + 1);
    return true;
}

// --- the same with and without sequences

static void random_state(Pair *pair) {
    u8 data[0x2000];
    u64 x[31];
    V128 v[32];
    for (unsigned i = 0; i < sizeof data; i += 4) memcpy(data + i, &(u32){random32()}, 4);
    for (unsigned i = 0; i < 31; i++) {
        x[i] = random64();
        u32 kind = random32() % 8;
        if (kind < 4) x[i] = DATA + 0x800 + random32() % 0x800 / 16 * 16;
        if (kind == 4) x[i] = DATA + 0xff0 + random32() % 32;  // at and beyond the end of a page
        if (kind == 5) x[i] = random32() % 4;
    }
    for (unsigned i = 0; i < 64; i++) v[i / 2].d[i % 2] = random64();
    u32 nzcv = random32() & 0xf0000000;
    bool fp = random32() % 8;
    memcpy(memory(pair->machine[0], DATA), data, sizeof data);
    memcpy(memory(pair->machine[1], DATA - BEFORE), memory(pair->machine[0], DATA - BEFORE),
           REACHED);
    pair->machine[1]->cpu[0]->sys = pair->machine[0]->cpu[0]->sys;  // decode() has taken exceptions
    for (int k = 0; k < 2; k++) {
        Cpu *cpu = pair->machine[k]->cpu[0];
        pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 2 << PSTATE_EL_SHIFT);
        memcpy(cpu->x, x, sizeof x);
        memcpy(cpu->v, v, sizeof v);
        cpu->x[REG_SP] = DATA + 0x1000;
        cpu_set_nzcv(cpu, nzcv);
        cpu->sys.CPTR_EL2 = fp ? 0x33ff : 0x37ff;
        fp_access_changed(cpu);
        cpu->icount = 0;
        cpu->exception_repeats = 0;
        cpu->exceptions = 0;
    }
}

static void same_state(Pair *pair, unsigned id) {
    const Cpu *a = pair->machine[0]->cpu[0], *b = pair->machine[1]->cpu[0];
    for (unsigned i = 0; i < 32; i++)
        if (a->x[i] != b->x[i])
            fail_msg("sequence %u: X%u is %llx, not %llx", id, i, (unsigned long long)a->x[i],
                     (unsigned long long)b->x[i]);
    if (a->pc != b->pc)
        fail_msg("sequence %u: at %llx, not %llx", id, (unsigned long long)a->pc,
                 (unsigned long long)b->pc);
    assert_int_equal(cpu_spsr(a), cpu_spsr(b));
    assert_int_equal(a->x[REG_ZR], 0);
    assert_memory_equal(a->v, b->v, sizeof a->v);
    assert_memory_equal(&a->sys, &b->sys, sizeof a->sys);
    assert_int_equal(a->icount, b->icount);
    assert_int_equal(a->exceptions, b->exceptions);
    assert_memory_equal(memory(a->machine, DATA - BEFORE), memory(b->machine, DATA - BEFORE),
                        REACHED);
}

// Until the first taken branch or exception, which ends cpu_run(); then as many steps.
static void run_both(Pair *pair, unsigned index) {
    Cpu *a = pair->machine[0]->cpu[0], *b = pair->machine[1]->cpu[0];
    a->pc = b->pc = CODE + 4 * index;
    cpu_run(a, 1);
    assert_in_range(a->icount, 0, 17);
    while (b->icount < a->icount || b->exceptions < a->exceptions) cpu_step(b);
}

static void every_sequence(void **state) {
    Pair *pair = *state;
    unsigned sequences = 0;
    for (unsigned id = 0; id < OP_COUNT; id++) {
        if (op_length[id] < 2) continue;
        sequences++;
        for (unsigned i = 0; i < WORDS; i++) {
            unsigned index = i % 2 ? 500 : 200;
            if (!random_sequence(pair, id, index))
                fail_msg("no words found for sequence %u of %u instructions", id, op_length[id]);
            for (unsigned k = 0; k < STATES; k++) {
                random_state(pair);
                run_both(pair, index);
                same_state(pair, id);
            }
        }
    }
    print_message("%u sequences\n", sequences);
    assert_true(sequences >= 100);
}

// --- which sequence an Op begins

enum {
    ADD_X1_X0_1 = 0x91000401,
    SUBS_X2_X1_0 = 0xf1000022,
    B_NE_8 = 0x54000041,
};

// The longest that the list has for what is decoded from op on.
static unsigned expected(const Op *op) {
    unsigned id = op_first[op->id];
    for (const Op *next = op + 1;; next++) {
        unsigned s = op_step_start[id], end = op_step_start[id + 1];
        // Links are looked at in every_sequence(): the words here need none.
        while (s < end && (op_steps[s].next != op_first[next->id] || op_steps[s].link[0].slot)) s++;
        if (s == end) return id;
        id = op_steps[s].fused;
    }
}

static void check_from(const OpPage *p, unsigned first, unsigned last) {
    for (unsigned i = first; i <= last; i++) assert_int_equal(p->ops[i].id, expected(&p->ops[i]));
}

// CMP X0, #0; B.NE: nothing is linked.
static void pair_of_compare_and_branch(Machine *machine, unsigned index) {
    const u32 words[] = {0xf100001f, B_NE_8, FILLER, FILLER};
    place(machine, CODE + 4 * index, words, 4);
}

static void decoded_in_any_order(void **state) {
    Pair *pair = *state;
    Machine *machine = pair->machine[0];
    OpPage *p = page_of(machine);
    for (int backwards = 0; backwards < 2; backwards++) {
        pair_of_compare_and_branch(machine, 8);
        assert_int_equal(p->ops[8].id, OP_DECODE);
        decode(machine, 8, 2, backwards);
        assert_int_equal(op_length[p->ops[8].id], 2);
        assert_int_equal(p->ops[8].id, expected(&p->ops[8]));
        assert_int_equal(op_length[p->ops[9].id], 1);
    }
}

// A store to the second instruction takes the sequence back; so does one to the first.
static void stores_take_sequences_back(void **state) {
    Pair *pair = *state;
    Machine *machine = pair->machine[0];
    OpPage *p = page_of(machine);
    pair_of_compare_and_branch(machine, 8);
    decode(machine, 8, 2, false);
    unsigned fused = p->ops[8].id;
    place(machine, CODE + 4 * 9, &(u32){0xd503201f}, 1);
    assert_int_equal(p->ops[8].id, op_first[fused]);
    assert_int_equal(p->ops[9].id, OP_DECODE);
    place(machine, CODE + 4 * 9, &(u32){B_NE_8}, 1);
    decode(machine, 9, 1, false);
    assert_int_equal(p->ops[8].id, fused);
    place(machine, CODE + 4 * 8, &(u32){0xd503201f}, 1);
    assert_int_equal(p->ops[8].id, OP_DECODE);
    assert_int_equal(op_length[p->ops[9].id], 1);
}

// The guest writes the second instruction of a decoded pair, then executes both.
static void code_that_modifies_itself(void **state) {
    Pair *pair = *state;
    const u32 words[] = {0xf100001f, B_NE_8, FILLER, FILLER};
    for (int k = 0; k < 2; k++) {
        Machine *machine = pair->machine[k];
        Cpu *cpu = machine->cpu[0];
        place(machine, CODE + 4 * 8, words, 4);
        decode(machine, 8, 2, false);
        const u32 code[] = {0xb9000023, 0xf100001f, B_NE_8, FILLER};  // STR W3, [X1] first
        place(machine, CODE + 4 * 20, code, 4);
        decode(machine, 21, 2, false);
        assert_int_equal(op_length[page_of(machine)->ops[21].id], 2);
        pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 2 << PSTATE_EL_SHIFT);
        cpu->x[0] = 1;
        cpu->x[1] = CODE + 4 * 22;
        cpu->x[3] = 0x91001c42;  // ADD X2, X2, #7
        cpu->x[2] = 0;
        cpu->pc = CODE + 4 * 20;
        cpu->icount = 0;
        if (k == 0)
            cpu_run(cpu, 1);
        else
            for (int i = 0; i < 4; i++) cpu_step(cpu);
        assert_int_equal(cpu->x[2], 7);
        assert_int_equal(cpu->sys.ELR_EL2, CODE + 4 * 23);
    }
    assert_int_equal(pair->machine[0]->cpu[0]->icount, pair->machine[1]->cpu[0]->icount);
}

// A branch to the second instruction executes that alone; a step of the first stops behind it.
static void entered_in_the_middle(void **state) {
    Pair *pair = *state;
    Machine *machine = pair->machine[0];
    Cpu *cpu = machine->cpu[0];
    pair_of_compare_and_branch(machine, 8);
    decode(machine, 8, 2, false);
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 2 << PSTATE_EL_SHIFT);
    cpu->x[0] = 0;         // CMP would set Z
    cpu_set_nzcv(cpu, 0);  // NE
    cpu->icount = 0;
    cpu->pc = CODE + 4 * 9;
    cpu_run(cpu, 1);
    assert_int_equal(cpu->pc, CODE + 4 * 11);
    assert_int_equal(cpu->icount, 1);
    cpu->pc = CODE + 4 * 8;
    cpu_step(cpu);
    assert_int_equal(cpu->pc, CODE + 4 * 9);
    assert_int_equal(cpu->icount, 2);
    assert_int_equal(cpu_nzcv(cpu) >> 28, 6);
}

// The last instruction of a page is not joined with what happens to be behind.
static void end_of_a_page(void **state) {
    Pair *pair = *state;
    Machine *machine = pair->machine[0];
    Cpu *cpu = machine->cpu[0];
    OpPage *p = page_of(machine);
    place(machine, CODE + 4 * 1023, &(u32){0xf100001f}, 1);
    place(machine, CODE + 4 * 1024, (u32[]){B_NE_8, FILLER, FILLER}, 3);
    decode(machine, 1023, 2, false);
    assert_int_equal(op_length[p->ops[1023].id], 1);
    cpu->x[0] = 1;
    cpu->icount = 0;
    cpu->pc = CODE + 4 * 1023;
    cpu_run(cpu, 2);
    assert_int_equal(cpu->pc, CODE + 4 * 1026);
    assert_int_equal(cpu->icount, 2);
}

// Random stores to a page whose words are decoded here and there: the ids are always those that the
// words decoded now give.
static void random_stores(void **state) {
    Pair *pair = *state;
    Machine *machine = pair->machine[0];
    OpPage *p = page_of(machine);
    static const u32 words[] = {0xf100001f, B_NE_8, 0xd503201f, 0xeb00001f, 0xf10004df};
    for (unsigned i = 0; i < 2000; i++) {
        unsigned at = 100 + random32() % 16;
        if (random32() % 3)
            decode(machine, at, 1, false);
        else
            place(machine, CODE + 4 * at, &words[random32() % ARRAY_LEN(words)], 1);
        check_from(p, 90, 120);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence),
        cmocka_unit_test(decoded_in_any_order),
        cmocka_unit_test(stores_take_sequences_back),
        cmocka_unit_test(code_that_modifies_itself),
        cmocka_unit_test(entered_in_the_middle),
        cmocka_unit_test(end_of_a_page),
        cmocka_unit_test(random_stores),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
