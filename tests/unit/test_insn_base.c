// A64 base, load/store and system instructions, executed by the real decoder and engine. Words come
// from the assembler, results from the Arm ARM by hand.
#include "cpu/decode.h"
#include "cpu/pauth.h"
#include "cpu/sysreg.h"
#include "unit/one_cpu.h"

enum { CODE = 0x40100000, DATA = 0x40200000, STACK = 0x40300000, VECTORS = 0x40400000 };

static void set_el(unsigned el) {
    pstate_changed(cpu, PSTATE_DAIF | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
}

static int setup(void **state) {
    (void)state;
    machine_with((MachineConfig){.cpu_model = "max", .cpus = 2, .el2 = true});
    cpu->sys.VBAR_EL1 = VECTORS;
    cpu->sys.VBAR_EL2 = VECTORS + 0x800;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    cpu->x[REG_SP] = STACK;
    cpu->pc = CODE;
    return 0;
}

// EL2 with a flat map of Normal memory: then the fast paths are used, from the second access on.
static int setup_mapped(void **state) {
    if (setup(state)) return 1;
    map_flat_el2(DATA + 0x10000);
    return 0;
}

// Executes n instructions, the first of which are these words at CODE.
static void run(const u32 *words, unsigned count, unsigned n) {
    place(CODE, words, count);
    cpu->pc = CODE;
    for (unsigned i = 0; i < n; i++) cpu_step(cpu);
}
#define RUN(n, ...) run((const u32[]){__VA_ARGS__}, ARRAY_LEN(((const u32[]){__VA_ARGS__})), n)

// --- data processing -----------------------------------------------------------------------------

typedef struct Case {
    const char *text;
    u32 word;
    u64 in[4];  // X0..X3
    u32 nzcv;
    u64 x0;
    u32 nzcv_out;
} Case;

static const Case cases[] = {
    {"add x0, x1, #0xfff, lsl #12", 0x917ffc20, {0, 1, 0, 0}, 0, 0xfff001, 0},
    {"add w0, w1, #1", 0x11000420, {0, 0xffffffffffffffff, 0, 0}, 0xf, 0, 0xf},
    {"adds w0, w1, #1", 0x31000420, {0, 0xffffffff, 0, 0}, 0, 0, 6},
    {"adds x0, x1, x2", 0xab020020, {0, 0x7fffffffffffffff, 1, 0}, 0, 0x8000000000000000, 9},
    {"subs x0, x1, x2", 0xeb020020, {0, 5, 5, 0}, 0, 0, 6},
    {"subs w0, w1, w2", 0x6b020020, {0, 0x80000000, 1, 0}, 0, 0x7fffffff, 3},
    {"subs x0, x1, x2", 0xeb020020, {0, 0, 1, 0}, 0, 0xffffffffffffffff, 8},
    {"add x0, x1, w2, sxtb #2", 0x8b228820, {0, 0x1000, 0x80, 0}, 0, 0xe00, 0},
    {"sub x0, x1, w2, uxth #4", 0xcb223020, {0, 0x100000, 0x1ffff, 0}, 0, 0x10, 0},
    {"add x0, x1, x2, asr #63", 0x8b82fc20, {0, 0xa, 0x8000000000000000, 0}, 0, 9, 0},
    {"adcs x0, x1, x2", 0xba020020, {0, 0xffffffffffffffff, 0, 0}, 2, 0, 6},
    {"adc w0, w1, w2", 0x1a020020, {0, 0xfffffffe, 1, 0}, 2, 0, 2},
    {"sbcs x0, x1, x2", 0xfa020020, {0, 5, 5, 0}, 0, 0xffffffffffffffff, 8},
    {"sbcs w0, w1, w2", 0x7a020020, {0, 0x80000000, 0, 0}, 0, 0x7fffffff, 3},
    {"and x0, x1, #0x5555555555555555", 0x9200f020, {0, 0xff, 0, 0}, 0, 0x55, 0},
    {"orr w0, w1, #0xff00ff00", 0x32089c20, {0, 0xffffffff000000ff, 0, 0}, 0, 0xff00ffff, 0},
    {"ands w0, w1, #0x80000000", 0x72010020, {0, 0xffffffff, 0, 0}, 7, 0x80000000, 8},
    {"bics x0, x1, x2, lsl #4", 0xea221020, {0, 0xff, 0xf, 0}, 0xf, 0xf, 0},
    {"orn x0, xzr, x2", 0xaa2203e0, {0, 0, 0xff, 0}, 0, 0xffffffffffffff00, 0},
    {"eon w0, w1, w2, ror #8", 0x4ae22020, {0, 0, 0xff, 0}, 0, 0xffffff, 0},
    {"movn w0, #0", 0x12800000, {1, 0, 0, 0}, 0, 0xffffffff, 0},
    {"movk x0, #0xbeef, lsl #32",
     0xf2d7dde0,
     {0xffffffffffffffff, 0, 0, 0},
     0,
     0xffffbeefffffffff,
     0},
    {"movk w0, #1, lsl #16", 0x72a00020, {0xffffffffffffffff, 0, 0, 0}, 0, 0x1ffff, 0},
    {"sbfx x0, x1, #4, #8", 0x93442c20, {0, 0x800, 0, 0}, 0, 0xffffffffffffff80, 0},
    {"sbfiz w0, w1, #4, #4", 0x131c0c20, {0, 8, 0, 0}, 0, 0xffffff80, 0},
    {"ubfx w0, w1, #31, #1", 0x531f7c20, {0, 0x80000000, 0, 0}, 0, 1, 0},
    {"lsl x0, x1, #63", 0xd3410020, {0, 3, 0, 0}, 0, 0x8000000000000000, 0},
    {"bfi x0, x1, #8, #8", 0xb3781c20, {0xffffffffffffffff, 0x12, 0, 0}, 0, 0xffffffffffff12ff, 0},
    {"bfxil w0, w1, #8, #8", 0x33083c20, {0xffffffffffffffff, 0x1234, 0, 0}, 0, 0xffffff12, 0},
    {"extr x0, x1, x2, #8", 0x93c22020, {0, 0x12, 0xab00, 0}, 0, 0x12000000000000ab, 0},
    {"ror w0, w1, #1", 0x13810420, {0, 1, 0, 0}, 0, 0x80000000, 0},
    {"csinc x0, x1, x2, eq", 0x9a820420, {0, 1, 7, 0}, 0, 8, 0},
    {"csneg w0, w1, w2, ge", 0x5a82a420, {0, 1, 1, 0}, 8, 0xffffffff, 8},
    {"csinv x0, x1, x2, hi", 0xda828020, {0, 3, 1, 0}, 2, 3, 2},
    {"ccmp x1, #5, #0xb, ne", 0xfa45182b, {0, 5, 0, 0}, 0, 0, 6},
    {"ccmp x1, #5, #0xb, eq", 0xfa45082b, {0, 5, 0, 0}, 0, 0, 0xb},
    {"ccmn w1, w2, #0, al", 0x3a42e020, {0, 0xffffffff, 1, 0}, 0, 0, 6},
    {"rbit w0, w1", 0x5ac00020, {0, 1, 0, 0}, 0, 0x80000000, 0},
    {"rev16 x0, x1", 0xdac00420, {0, 0x102030405060708, 0, 0}, 0, 0x201040306050807, 0},
    {"rev32 x0, x1", 0xdac00820, {0, 0x102030405060708, 0, 0}, 0, 0x403020108070605, 0},
    {"rev w0, w1", 0x5ac00820, {0, 0x102030405060708, 0, 0}, 0, 0x8070605, 0},
    {"clz w0, w1", 0x5ac01020, {0, 0xf00000000, 0, 0}, 0, 0x20, 0},
    {"cls x0, x1", 0xdac01420, {0, 0xffffffffffffffff, 0, 0}, 0, 0x3f, 0},
    {"cls w0, w1", 0x5ac01420, {0, 0x40000000, 0, 0}, 0, 0, 0},
    {"udiv x0, x1, x2", 0x9ac20820, {0, 5, 0, 0}, 0, 0, 0},
    {"sdiv w0, w1, w2", 0x1ac20c20, {0, 0x80000000, 0xffffffff, 0}, 0, 0x80000000, 0},
    {"sdiv x0, x1, x2", 0x9ac20c20, {0, 0xfffffffffffffff9, 2, 0}, 0, 0xfffffffffffffffd, 0},
    {"lsl w0, w1, w2", 0x1ac22020, {0, 1, 0x21, 0}, 0, 2, 0},
    {"asr x0, x1, x2", 0x9ac22820, {0, 0x8000000000000000, 0x7f, 0}, 0, 0xffffffffffffffff, 0},
    {"madd x0, x1, x2, x3", 0x9b020c20, {0, 3, 5, 7}, 0, 0x16, 0},
    {"msub w0, w1, w2, w3", 0x1b028c20, {0, 3, 5, 7}, 0, 0xfffffff8, 0},
    {"smaddl x0, w1, w2, x3", 0x9b220c20, {0, 0xffffffff, 2, 0xa}, 0, 8, 0},
    {"umsubl x0, w1, w2, x3", 0x9ba28c20, {0, 0xffffffff, 1, 0}, 0, 0xffffffff00000001, 0},
    {"smulh x0, x1, x2", 0x9b427c20, {0, 0xffffffffffffffff, 1, 0}, 0, 0xffffffffffffffff, 0},
    {"umulh x0, x1, x2",
     0x9bc27c20,
     {0, 0xffffffffffffffff, 0xffffffffffffffff, 0},
     0,
     0xfffffffffffffffe,
     0},
    {"crc32b w0, w1, w2", 0x1ac24020, {0, 0xffffffff, 0x31, 0}, 0, 0x7c231048, 0},
    {"crc32cx w0, w1, x2", 0x9ac25c20, {0, 0, 0x123456789abcdef0, 0}, 0, 0xaa8c2b3e, 0},
    {"cfinv", 0xd500401f, {9, 0, 0, 0}, 2, 9, 0},
    {"rmif x1, #60, #0xf", 0xba1e042f, {0, 0xa, 0, 0}, 0, 0, 0},
    {"setf8 w1", 0x3a00082d, {0, 0x80, 0, 0}, 2, 0, 0xb},
    {"axflag", 0xd500405f, {0, 0, 0, 0}, 3, 0, 4},
    {"xaflag", 0xd500403f, {0, 0, 0, 0}, 0, 0, 8},
};

static void data_processing(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const Case *c = &cases[i];
        memcpy(cpu->x, c->in, sizeof c->in);
        cpu_set_nzcv(cpu, c->nzcv << 28);
        run(&c->word, 1, 1);
        if (cpu->pc != CODE + 4 || cpu->x[0] != c->x0 || cpu_nzcv(cpu) != c->nzcv_out << 28)
            fail_msg("%s: x0 %llx nzcv %x pc %llx", c->text, (unsigned long long)cpu->x[0],
                     cpu_nzcv(cpu) >> 28, (unsigned long long)cpu->pc);
    }
}

// --- loads and stores ----------------------------------------------------------------------------

static void addressing(void **state) {
    (void)state;
    poke(DATA, 0x8877665544332211);
    poke(DATA + 8, 0xffeeddccbbaa9988);
    cpu->x[1] = DATA;
    RUN(1, 0xa8c10820);  // ldp x0, x2, [x1], #16
    assert_true(cpu->x[0] == 0x8877665544332211 && cpu->x[2] == 0xffeeddccbbaa9988);
    assert_true(cpu->x[1] == DATA + 16);
    cpu->x[1] = DATA + 8;
    RUN(1, 0x38dffc20);  // ldrsb w0, [x1, #-1]!
    assert_true(cpu->x[0] == 0xffffff88 && cpu->x[1] == DATA + 7);
    cpu->x[1] = DATA + 12;
    cpu->x[2] = 0xffffffff;
    RUN(1, 0xb8a2d820);  // ldrsw x0, [x1, w2, sxtw #2]
    assert_true(cpu->x[0] == 0xffffffffbbaa9988);
    RUN(1, 0x58000040, 0, 0x12345678, 0x9abcdef0);  // ldr x0, .+8
    assert_true(cpu->x[0] == 0x9abcdef012345678);
    cpu->x[0] = 1;
    cpu->x[1] = DATA + 0x30;
    cpu->x[2] = 2;
    RUN(1, 0xa9bf0820);  // stp x0, x2, [x1, #-16]!
    assert_true(peek(DATA + 0x20) == 1 && peek(DATA + 0x28) == 2 && cpu->x[1] == DATA + 0x20);
}

static void zero_block(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        poke(DATA + 0x38, 3);
        poke(DATA + 0x40, 3);
        poke(DATA + 0x78, 3);
        poke(DATA + 0x80, 3);
        cpu->x[1] = DATA + 0x47;
        RUN(1, 0xd50b7421);  // dc zva, x1
        assert_true(!peek(DATA + 0x40) && !peek(DATA + 0x78));
        assert_true(peek(DATA + 0x38) == 3 && peek(DATA + 0x80) == 3);
        assert_true(cpu->pc == CODE + 4);
    }
    // At EL1, HCR_EL2.TDZ traps it.
    set_el(1);
    cpu->sys.HCR_EL2 |= 1ull << HCR_TDZ;
    RUN(1, 0xd50b7421);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_SYSREG);
}

// Pairs and single accesses that are not aligned or cross a page, read back both ways.
static void unaligned(void **state) {
    (void)state;
    for (u64 at = DATA + 0x1000 - 24; at <= DATA + 0x1000 + 8; at++) {
        memset(memory(DATA + 0xf00), 0, 0x200);
        cpu->x[0] = 0x1122334455667788;
        cpu->x[2] = 0x99aabbccddeeff00;
        cpu->x[1] = at + 16;
        RUN(1, 0xa9bf0820);  // stp x0, x2, [x1, #-16]!
        assert_true(peek(at) == 0x1122334455667788 && peek(at + 8) == 0x99aabbccddeeff00);
        assert_true(!peek(at - 8) && !peek(at + 16) && cpu->x[1] == at);
        RUN(1, 0xa8c10820);  // ldp x0, x2, [x1], #16
        assert_true(cpu->x[0] == 0x1122334455667788 && cpu->x[2] == 0x99aabbccddeeff00);
        cpu->x[1] = at + 1;
        RUN(1, 0x38dffc20);  // ldrsb w0, [x1, #-1]!
        assert_true(cpu->x[0] == 0xffffff88);
    }
}

static void sp_alignment(void **state) {
    (void)state;
    cpu->x[REG_SP] = STACK + 8;
    poke(STACK + 8, 42);
    RUN(1, 0xf94003e0);  // ldr x0, [sp]: not checked with SCTLR_EL2.SA = 0
    assert_true(cpu->x[0] == 42);
    cpu->sys.SCTLR_EL2 |= 1 << 3;
    cpu->x[0] = 7;
    RUN(1, 0xf94003e0);
    assert_true(cpu->x[0] == 7 && cpu->pc == VECTORS + 0x800 + 0x200);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_SP_ALIGN);
    assert_true(cpu->sys.ELR_EL2 == CODE);
}

static void exclusives(void **state) {
    (void)state;
    poke(DATA, 10);
    poke(DATA + 16, 10);
    cpu->x[1] = DATA;
    cpu->x[3] = 11;
    cpu->x[2] = 5;
    RUN(2, 0xc85f7c20, 0xc8027c23);  // ldxr x0, [x1]; stxr w2, x3, [x1]
    assert_true(cpu->x[0] == 10 && cpu->x[2] == 0 && peek(DATA) == 11);
    cpu->x[3] = 12;
    RUN(1, 0xc8027c23);  // the mark was used up
    assert_true(cpu->x[2] == 1 && peek(DATA) == 11);
    RUN(3, 0xc85f7c20, 0xd5033f5f, 0xc8027c23);  // ldxr; clrex; stxr
    assert_true(cpu->x[2] == 1 && peek(DATA) == 11);
    RUN(1, 0xc85f7c20);
    cpu->x[1] = DATA + 16;
    RUN(1, 0xc8027c23);  // another address
    assert_true(cpu->x[2] == 1 && peek(DATA + 16) == 10);
    poke(DATA + 8, 20);
    cpu->x[1] = DATA;
    RUN(2, 0xc87f0c20, 0xd503201f);  // ldxp x0, x3, [x1]
    assert_true(cpu->x[0] == 11 && cpu->x[3] == 20);
    cpu->x[0] = 30;
    RUN(1, 0xc8220c20);  // stxp w2, x0, x3, [x1]
    assert_true(cpu->x[2] == 0 && peek(DATA) == 30 && peek(DATA + 8) == 20);
    cpu->x[1] = DATA + 12;
    RUN(1, 0xc85f7c20);  // not within 16 bytes
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_DABT_SAME);
    assert_int_equal(cpu->sys.ESR_EL2 & 0x3f, 0x21);
    assert_true(cpu->sys.FAR_EL2 == DATA + 12);
}

static void atomics(void **state) {
    (void)state;
    poke(DATA, 10);
    cpu->x[1] = DATA;
    cpu->x[2] = (u64)-3;
    RUN(1, 0xf8220020);  // ldadd x2, x0, [x1]
    assert_true(cpu->x[0] == 10 && peek(DATA) == 7);
    RUN(1, 0xb8225020);  // ldsmin w2, w0, [x1]
    assert_true(cpu->x[0] == 7 && peek(DATA) == 0xfffffffd);
    cpu->x[0] = 1;
    RUN(1, 0xc8a07c22);  // cas x0, x2, [x1]: differs
    assert_true(cpu->x[0] == 0xfffffffd && peek(DATA) == 0xfffffffd);
    RUN(1, 0xc8a07c22);
    assert_true(peek(DATA) == (u64)-3);
    poke(DATA, 1);
    poke(DATA + 8, 2);
    for (unsigned i = 0; i < 4; i++) cpu->x[i] = i + 1;
    cpu->x[4] = DATA;
    RUN(1, 0x48207c82);  // casp x0, x1, x2, x3, [x4]
    assert_true(peek(DATA) == 3 && peek(DATA + 8) == 4 && cpu->x[0] == 1 && cpu->x[1] == 2);
    RUN(1, 0x48207c82);
    assert_true(peek(DATA) == 3 && cpu->x[0] == 3 && cpu->x[1] == 4);
}

// --- branches ------------------------------------------------------------------------------------

static void branches(void **state) {
    (void)state;
    RUN(1, 0x94000002);  // bl .+8
    assert_true(cpu->pc == CODE + 8 && cpu->x[30] == CODE + 4);
    RUN(1, 0xd65f03c0);  // ret
    assert_true(cpu->pc == CODE + 4);
    cpu->x[0] = 1;
    RUN(1, 0xb4008000);  // cbz x0, .+4096
    assert_true(cpu->pc == CODE + 4);
    cpu->x[0] = 0;
    RUN(1, 0xb4008000);
    assert_true(cpu->pc == CODE + 4096);
    cpu->x[0] = 2ull << 32;
    RUN(2, 0xd503201f, 0xb70fffe0);  // nop; tbnz x0, #33, .-4
    assert_true(cpu->pc == CODE);
    cpu->x[5] = DATA;
    RUN(1, 0xd63f00a0);  // blr x5
    assert_true(cpu->pc == DATA && cpu->x[30] == CODE + 4);
}

// --- exceptions and PSTATE -----------------------------------------------------------------------

static void calls(void **state) {
    (void)state;
    set_el(1);
    RUN(1, 0xd4002461);  // svc #0x123
    assert_true(cpu->pc == VECTORS + 0x200 && cpu->sys.ELR_EL1 == CODE + 4);
    assert_int_equal(cpu->sys.ESR_EL1, 0x56000123);
    RUN(1, 0xd4008ac2);  // hvc #0x456
    assert_true(cpu->el == 2 && cpu->pc == VECTORS + 0x800 + 0x400);
    assert_true(cpu->sys.ELR_EL2 == CODE + 4);
    assert_int_equal(cpu->sys.ESR_EL2, 0x5a000456);
    RUN(1, 0xd69f03e0);  // eret
    assert_true(cpu->el == 1 && cpu->pc == CODE + 4);
    RUN(1, 0xd42000e0);  // brk #7
    assert_int_equal(cpu->sys.ESR_EL1, 0xf2000007);
    assert_true(cpu->sys.ELR_EL1 == CODE);
    set_el(0);
    RUN(1, 0xd69f03e0);  // eret at EL0
    assert_int_equal(cpu->sys.ESR_EL1, 0x02000000);
}

static void pstate(void **state) {
    (void)state;
    cpu->sp_el[0] = 0x1230;
    RUN(1, 0xd50040bf);  // msr spsel, #0
    assert_true(cpu->x[REG_SP] == 0x1230 && cpu->sp_el[2] == STACK);
    RUN(2, 0xd5034fff, 0xd50342df);  // msr daifclr, #15; msr daifset, #2
    assert_int_equal(cpu->pstate & PSTATE_DAIF, PSTATE_I);
    set_el(0);
    RUN(1, 0xd50342df);  // SCTLR_EL1.UMA = 0
    assert_int_equal(cpu->sys.ESR_EL1 >> 26, EC_SYSREG);
    assert_int_equal(cpu->sys.ESR_EL1 & 0x1ffffff,
                     sysreg_iss(sysreg_enc(0, 3, 4, 2, 6), 31, false));
    assert_int_equal(cpu->el, 1);
    RUN(1, 0xd500419f);  // msr pan, #1
    assert_true(cpu->pstate & PSTATE_PAN);
    set_el(0);
    RUN(1, 0xd50040bf);  // msr spsel at EL0
    assert_int_equal(cpu->sys.ESR_EL1 >> 26, EC_UNKNOWN);
}

static void system_registers(void **state) {
    (void)state;
    cpu->x[1] = 0xabcdef;
    RUN(2, 0xd51bd041, 0xd53bd040);  // msr tpidr_el0, x1; mrs x0, tpidr_el0
    assert_true(cpu->x[0] == 0xabcdef && cpu->pc == CODE + 8);
}

static void waiting(void **state) {
    (void)state;
    set_el(1);
    cpu->sys.HCR_EL2 |= 1ull << HCR_TWI | 1ull << HCR_TWE;
    RUN(1, 0xd503207f);  // wfi
    assert_int_equal(cpu->sys.ESR_EL2, 0x07e00000);
    assert_true(cpu->sys.ELR_EL2 == CODE && cpu->el == 2);
    set_el(1);
    cpu->sys.ESR_EL2 = 0;
    RUN(2, 0xd50320bf, 0xd503205f);  // sevl; wfe: the event is there, no trap
    assert_true(cpu->sys.ESR_EL2 == 0 && cpu->pc == CODE + 8 && !cpu->event);
    RUN(1, 0xd503205f);
    assert_int_equal(cpu->sys.ESR_EL2, 0x07e00001);
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    set_el(1);
    RUN(1, 0xd503205f);
    assert_int_equal(cpu->halt, HALT_WFE);
    assert_true(cpu->pc == CODE + 4);
    Cpu *other = machine->cpu[1];
    other->halt = HALT_NONE;
    other->pc = CODE;
    const u32 sev = 0xd503209f;
    place(CODE, &sev, 1);
    machine->running = other;
    cpu_step(other);
    machine->running = cpu;
    assert_int_equal(cpu->halt, HALT_NONE);
    assert_true(other->event && !cpu->event);
}

// --- what does not exist -------------------------------------------------------------------------

static void unallocated(void **state) {
    (void)state;
    static const u32 words[] = {
        0x00000000,             // udf #0
        0x91800000,             // add/sub with tags, MTE
        0x0b204000 | 5 << 10,   // add (extended), imm3 = 5
        0x12400000,             // and w, N = 1
        0x1200fc00,             // and w, all ones
        0x52c00000,             // movz w0, hw = 2
        0x13400000,             // sbfm w, N = 1
        0x93000000,             // sbfm x, N = 0
        0x13808000,             // extr w, imms = 32
        0x0ac00000 | 1 << 15,   // and w, shift 32
        0x0bc00000,             // add (shifted), shift = 3
        0x5ac00c00,             // rev64 of 32 bits
        0x9ac04000,             // crc32b with sf = 1
        0x1ac04c00,             // crc32x with sf = 0
        0x9b600000 | 1 << 15,   // smsubl-like smulh with o0
        0xb9c00000 | 1u << 30,  // prfm's neighbour: size 3, opc 3
        0x38200800,             // str (register), option = 0
        0x68000000,             // stgp (no allocate)
        0xe8400000,             // ldp, opc = 3
        0x48217c82,             // casp with odd Rs
        0xd4000000,             // exception class, LL = 0
        0xd4a00001,             // dcps1
        0xd6bf03e0,             // drps
        0xd503301f,             // barrier op2 = 0
        0xd500401f | 7 << 5,    // msr (immediate) op1 = 0, op2 = 7
        0xd503409f,             // msr tco
        0x54000010,             // bc.cond
    };
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        Op op;
        const DecodeRow *row = decode_row(cpu->features, words[i], 0, &op);
        if (row) fail_msg("%08x is %s", words[i], row->name);
    }
    RUN(1, 0xd4a00001);
    assert_int_equal(cpu->sys.ESR_EL2, 0x02000000);
    assert_true(cpu->sys.ELR_EL2 == CODE);
}

// Without the feature the word is another instruction or none.
static void features(void **state) {
    (void)state;
    const u64 none[2] = {0, 0};
    static const struct {
        u32 word;
        const char *with, *without;
    } rows[] = {
        {0xd503233f, "paclr", "hint"}, {0xf8220020, "ldadd", NULL}, {0x1ac24020, "crc32", NULL},
        {0xd500401f, "cfinv", NULL},   {0xd503221f, "esb", "hint"}, {0xd50330ff, "sb", NULL},
        {0xd500419f, "msr_pan", NULL}, {0xf8bfc020, "ldapr", NULL}, {0xd65f0bff, "reta", NULL},
        {0xd503207f, "wfi", "wfi"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        Op op;
        const DecodeRow *with = decode_row(cpu->features, rows[i].word, 0, &op);
        const DecodeRow *without = decode_row(none, rows[i].word, 0, &op);
        assert_non_null(with);
        assert_string_equal(with->name, rows[i].with);
        if (!rows[i].without)
            assert_null(without);
        else
            assert_string_equal(without->name, rows[i].without);
    }
}

// Arm ARM, HCR_EL2.API: the instructions that use a key trap, those that strip a code do not.
static void xpac_does_not_trap(void **state) {
    (void)state;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    cpu->sys.TCR_EL1 = 16 | 16 << 16;
    set_el(1);
    cpu->x[0] = 0x1234000012345678;
    cpu->x[1] = 0xff84ffff12345678;
    cpu->x[30] = 0x5678000012345678;
    RUN(3, 0xdac143e0, 0xdac147e1, 0xd50320ff);  // XPACI X0; XPACD X1; XPACLRI
    assert_int_equal(cpu->el, 1);
    assert_int_equal(cpu->x[0], 0x12345678);
    assert_int_equal(cpu->x[1], 0xffffffff12345678);
    assert_int_equal(cpu->x[30], 0x12345678);
    RUN(1, 0x9ac23020);  // PACGA X0, X1, X2
    assert_int_equal(cpu->el, 2);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_PAC);
}

// PSTATE changes by MSR DAIFClr are seen by the next instruction, although that masks again.
static void daifclr_unmasks_at_once(void **state) {
    (void)state;
    const u32 code[] = {0xd50348ff, 0xd50348df, 0x14000000};  // MSR DAIFClr, #8; DAIFSet, #8; B .
    const u32 irq[] = {0xd50342ff, 0xd50342df, 0x14000000};   // the same with #2
    place(VECTORS + 0x200, &code[2], 1);
    place(VECTORS + 0x280, &code[2], 1);

    set_el(1);
    cpu->sys.OSLSR_EL1 = 0;
    cpu->sys.MDSCR_EL1 = 1u << 13 | 1;  // KDE, SS
    place(CODE, code, ARRAY_LEN(code));
    cpu->pc = CODE;
    cpu_run(cpu, cpu->icount + 10);
    assert_int_equal(cpu->pc, VECTORS + 0x200);
    assert_int_equal(cpu->sys.ESR_EL1 >> 26, EC_SS_SAME);
    assert_int_equal(cpu->sys.ELR_EL1, CODE + 4);

    set_el(1);
    cpu->sys.MDSCR_EL1 = 0;
    cpu_set_lines(cpu, LINE_IRQ, true);
    place(CODE, irq, ARRAY_LEN(irq));
    cpu->pc = CODE;
    cpu_run(cpu, cpu->icount + 10);
    assert_int_equal(cpu->pc, VECTORS + 0x280);
    assert_int_equal(cpu->sys.ELR_EL1, CODE + 4);
}

// FEAT_FPAC: an AUT* that fails is an exception and writes nothing; RETAA goes to an address that is not canonical.
static void failed_authentication(void **state) {
    (void)state;
    static const struct {
        u32 word;
        unsigned code;
    } cases[] = {
        {0xdac11020, 0}, {0xdac11420, 1}, {0xdac11820, 2}, {0xdac11c20, 3},  // AUT* X0, X1
        {0xdac133e0, 0}, {0xd503219f, 0}, {0xd50323ff, 1}};  // AUTIZA X0, AUTIA1716, AUTIBSP
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        u64 bad = 1ull << 60 | 0x1000, before = cpu->exceptions;
        unsigned el = cpu->el;
        u64 *sctlr = el == 2 ? &cpu->sys.SCTLR_EL2 : &cpu->sys.SCTLR_EL1, old = *sctlr;
        *sctlr |= 1ull << 31 | 1ull << 30 | 1ull << 27 | 1ull << 13;
        cpu->sys.HCR_EL2 |= 1ull << HCR_API;
        cpu->x[0] = cpu->x[17] = cpu->x[30] = bad;
        RUN(1, cases[i].word);
        *sctlr = old;
        assert_int_equal(cpu->exceptions, before + 1);
        u64 esr = el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
        assert_int_equal(esr, (u64)EC_FPAC << 26 | 1 << 25 | cases[i].code);
        assert_int_equal(el == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1, CODE);
        assert_int_equal(cpu->x[0], bad);
        assert_int_equal(cpu->x[17], bad);
        assert_int_equal(cpu->x[30], bad);
    }
}

// Which register, which modifier and which key each of them uses; the codes themselves are tested in test_pauth.c.
static void pointer_authentication(void **state) {
    (void)state;
    enum { NONE = -1 };
    static const struct {
        u32 word;  // PAC*; 0: there is none
        u32 aut;   // AUT*, or a branch or load that authenticates
        int value, modifier;
        PacKey key;
        bool branch, load;
    } cases[] = {
        {0xdac10020, 0xdac11020, 0, 1, PAC_IA, false, false},  // PACIA X0, X1; AUTIA
        {0xdac10420, 0xdac11420, 0, 1, PAC_IB, false, false},
        {0xdac10820, 0xdac11820, 0, 1, PAC_DA, false, false},
        {0xdac10c20, 0xdac11c20, 0, 1, PAC_DB, false, false},
        {0xdac103e5, 0xdac113e5, 5, REG_SP, PAC_IA, false, false},  // PACIA X5, SP; AUTIA
        {0xdac123e0, 0xdac133e0, 0, NONE, PAC_IA, false, false},    // PACIZA X0; AUTIZA
        {0xdac127e0, 0xdac137e0, 0, NONE, PAC_IB, false, false},
        {0xdac12be0, 0xdac13be0, 0, NONE, PAC_DA, false, false},
        {0xdac12fe0, 0xdac13fe0, 0, NONE, PAC_DB, false, false},
        {0xd503211f, 0xd503219f, 17, 16, PAC_IA, false, false},  // PACIA1716; AUTIA1716
        {0xd503215f, 0xd50321df, 17, 16, PAC_IB, false, false},
        {0xd503231f, 0xd503239f, 30, NONE, PAC_IA, false, false},    // PACIAZ; AUTIAZ
        {0xd503233f, 0xd50323bf, 30, REG_SP, PAC_IA, false, false},  // PACIASP; AUTIASP
        {0xd503235f, 0xd50323df, 30, NONE, PAC_IB, false, false},
        {0xd503237f, 0xd50323ff, 30, REG_SP, PAC_IB, false, false},
        {0, 0xd71f0801, 0, 1, PAC_IA, true, false},  // BRAA X0, X1
        {0, 0xd71f0c01, 0, 1, PAC_IB, true, false},
        {0, 0xd61f081f, 0, NONE, PAC_IA, true, false},  // BRAAZ X0
        {0, 0xd61f0c1f, 0, NONE, PAC_IB, true, false},
        {0, 0xd73f0801, 0, 1, PAC_IA, true, false},  // BLRAA X0, X1
        {0, 0xd73f0c01, 0, 1, PAC_IB, true, false},
        {0, 0xd63f081f, 0, NONE, PAC_IA, true, false},  // BLRAAZ X0
        {0, 0xd63f0c1f, 0, NONE, PAC_IB, true, false},
        {0, 0xd65f0bff, 30, REG_SP, PAC_IA, true, false},  // RETAA
        {0, 0xd65f0fff, 30, REG_SP, PAC_IB, true, false},
        {0, 0xf8200402, 0, NONE, PAC_DA, false, true},  // LDRAA X2, [X0]
        {0, 0xf8a00402, 0, NONE, PAC_DB, false, true},
    };
    cpu->sys.SCTLR_EL2 |= 1ull << 31 | 1ull << 30 | 1ull << 27 | 1ull << 13;
    cpu->sys.APIAKeyLo_EL1 = 0x1111222233334444;
    cpu->sys.APIBKeyLo_EL1 = 0x2222333344445555;
    cpu->sys.APDAKeyLo_EL1 = 0x3333444455556666;
    cpu->sys.APDBKeyLo_EL1 = 0x4444555566667777;
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        u64 before[REG_SP + 1], plain = DATA + 0x40;
        for (unsigned r = 0; r < 31; r++) cpu->x[r] = 0x1000 + r * 0x10;
        cpu->x[REG_SP] = STACK;
        cpu->x[cases[i].value] = plain;
        u64 modifier = cases[i].modifier == NONE ? 0 : cpu->x[cases[i].modifier];
        u64 code = pauth_add(cpu, plain, modifier, cases[i].key);
        assert_int_not_equal(code, plain);
        if (cases[i].word) {
            memcpy(before, cpu->x, sizeof before);
            RUN(1, cases[i].word);
            before[cases[i].value] = code;
            assert_memory_equal(cpu->x, before, sizeof before);
        }
        cpu->x[cases[i].value] = code;
        poke(plain, 0x5555);
        u64 exceptions = cpu->exceptions;
        memcpy(before, cpu->x, sizeof before);
        RUN(1, cases[i].aut);
        assert_int_equal(cpu->exceptions, exceptions);
        if (cases[i].branch) {
            bool link = (cases[i].aut & 0xfedff000) == 0xd61f0000 && cases[i].aut & 1 << 21;
            assert_int_equal(cpu->pc, plain);
            if (link) before[30] = CODE + 4;
        } else if (cases[i].load) {
            before[2] = 0x5555;
        } else {
            before[cases[i].value] = plain;
        }
        assert_memory_equal(cpu->x, before, sizeof before);
    }
    // PACGA X3, X1, SP and X3, X1, X2.
    cpu->sys.APGAKeyLo_EL1 = 0x5555666677778888;
    RUN(1, 0x9adf3023);
    assert_int_equal(cpu->x[3], pauth_ga(cpu, cpu->x[1], STACK));
    RUN(1, 0x9ac23023);
    assert_int_equal(cpu->x[3], pauth_ga(cpu, cpu->x[1], cpu->x[2]));
    // ERETAA and ERETAB: ELR_EL2 with SP.
    for (unsigned b = 0; b < 2; b++) {
        cpu->sys.SPSR_EL2 = 0x3c9;
        cpu->sys.ELR_EL2 = pauth_add(cpu, DATA, STACK, b ? PAC_IB : PAC_IA);
        RUN(1, b ? 0xd69f0fff : 0xd69f0bff);
        assert_int_equal(cpu->pc, DATA);
        assert_int_equal(cpu->el, 2);
    }
}

int main(void) {
#define TEST(f)   cmocka_unit_test_setup_teardown(f, setup, teardown)
#define MAPPED(f) cmocka_unit_test_setup_teardown(f, setup_mapped, teardown)
    const struct CMUnitTest tests[] = {
        TEST(data_processing),
        TEST(addressing),
        TEST(sp_alignment),
        TEST(exclusives),
        TEST(atomics),
        TEST(branches),
        TEST(calls),
        TEST(pstate),
        TEST(system_registers),
        TEST(waiting),
        TEST(unallocated),
        TEST(features),
        MAPPED(addressing),
        MAPPED(exclusives),
        MAPPED(atomics),
        MAPPED(sp_alignment),
        MAPPED(branches),
        MAPPED(zero_block),
        MAPPED(unaligned),
        TEST(failed_authentication),
        TEST(pointer_authentication),
        TEST(xpac_does_not_trap),
        TEST(daifclr_unmasks_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
