// Memory tagging: every instruction, which accesses are Tag Checked and what a Tag Check Fault does, Tagged memory,
// registers. Arm ARM: "The Memory Tagging Extension". Expectations are worked by hand from the pseudo-code
// (AArch64.ChooseNonExcludedTag, AArch64.RandomTag, AArch64.AccessIsTagChecked, AArch64.TagCheckFault, ...).
// Instructions are executed by the engine; the words are binutils'.
#include "cpu/cpu_models.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"
#include "mmu/tags.h"
#include "unit/one_cpu.h"

enum { CODE = 0x40100000, VECTORS = 0x40180000, TABLES = 0x40500000 };
// 2 MB blocks: Tagged, write-back without tags; and pages that stage 2 maps.
enum { TAGGED = 0x40600000, UNTAGGED = 0x40800000, AT = TAGGED + 0x1040 };
#define UPPER 0xffffff8000000000ull  // what TTBR1 translates to the same place

#define TAG(n) ((u64)(n) << 56)
enum { LDR = 0xf9400020, STR = 0xf9000020, LDTR = 0xf8400820, STTR = 0xf8000820 };  // x0, [x1]
enum { ATA0 = 42, ATA = 43 };

static void build_tables(void) {
    enum {
        BLOCK = 1,
        AF = 1 << 10,
        ISH = 3 << 8,
        EL0 = 1 << 6,
        RO = 1 << 7
    };  // the code is in the first
    poke(TABLES + 8, (TABLES + 0x1000) | 3);
    for (u64 i = 0; i < 8; i++) {
        u64 pa = 0x40000000 + i * 0x200000, attr = pa == TAGGED ? 1 : 0;
        poke(TABLES + 0x1000 + i * 8, pa | BLOCK | AF | ISH | attr << 2 | EL0 | (i ? 0 : RO));
    }
    // Stage 2: one level 1 table of 1 GB blocks, and for 0x40000000 a level 2 table.
    poke(TABLES + 0x2000 + 8, (TABLES + 0x3000) | 3);
    for (u64 i = 0; i < 8; i++)
        poke(TABLES + 0x3000 + i * 8,
             (0x40000000 + i * 0x200000) | BLOCK | AF | ISH | 0xf << 2 | 3 << 6);
}

static int setup(void **state) {
    (void)state;
    machine_with((MachineConfig){.cpu_model = "max", .el2 = true, .mte = true, .seed = 1});
    build_tables();
    return 0;
}

// At `el` with stage 1 on, tags accessible, faults by tcf at every Exception level, TBI, no TCMA. With host,
// HCR_EL2.{E2H,TGE} are 1.
static void start_host(unsigned el, unsigned tcf, bool host) {
    struct SysRegs *s = &cpu->sys;
    u64 tags = (u64)tcf << 40 | (u64)tcf << 38 | 1ull << ATA | 1ull << ATA0;
    u64 on = 1 | 1 << 2 | 1 << 12 | 1 << 14 | 1 << 26 | 1 << 15;
    memset(cpu->x, 0, sizeof cpu->x);
    s->HCR_EL2 = 1ull << HCR_RW | 1ull << HCR_ATA | (host ? 1ull << HCR_E2H | 1ull << HCR_TGE : 0);
    s->SCTLR_EL1 = 0x30d00980 | on | tags;
    s->SCTLR_EL2 = 0x30c50830 | on | tags;
    s->MAIR_EL1 = s->MAIR_EL2 = 0xf0ff;
    s->TTBR0_EL1 = s->TTBR1_EL1 = s->TTBR0_EL2 = s->TTBR1_EL2 = TABLES;
    u64 two =
        25 | 25 << 16 | 5 << 8 | 5 << 24 | 3 << 12 | 3 << 28 | 2ull << 30 | 2ull << 32 | 3ull << 37;
    s->TCR_EL1 = two;
    s->TCR_EL2 = host ? two : 25 | 5 << 8 | 3 << 12 | 2 << 16 | 1 << 20 | 1u << 31 | 1 << 23;
    s->VTTBR_EL2 = TABLES + 0x2000;
    s->VTCR_EL2 = 25 | 1 << 6 | 5 << 8 | 3 << 12 | 2 << 16 | 1u << 31;
    s->VBAR_EL1 = s->VBAR_EL2 = VECTORS;
    s->GCR_EL1 = s->RGSR_EL1 = s->TFSR_EL1 = s->TFSR_EL2 = s->TFSRE0_EL1 = 0;
    s->ESR_EL1 = s->ESR_EL2 = s->FAR_EL1 = s->FAR_EL2 = 0;
    s->CPACR_EL1 = 3 << 20;
    s->CPTR_EL2 = host ? 3 << 20 : 0;
    pstate_changed(cpu, PSTATE_DAIF | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
    tlb_context_changed(cpu);
    tlb_flush_all(cpu);
    fp_access_changed(cpu);
    cpu->halt = HALT_NONE;
    cpu->pc = CODE;
}

static void start(unsigned el, unsigned tcf) {
    start_host(el, tcf, false);
}

// What start() has set changed, by hand.
static void changed(void) {
    tlb_context_changed(cpu);
}

static void set_tags(u64 pa, unsigned n, unsigned tag) {
    for (unsigned i = 0; i < n; i++) tag_store(machine, pa + 16 * i, tag);
}

static void step(u32 word) {
    PLACE(CODE, word);
    cpu->pc = CODE;
    cpu_step(cpu);
}

static void ok(u32 word) {
    u64 before = cpu->exceptions;
    step(word);
    if (cpu->exceptions != before)
        fail_msg("%08x: ESR %llx %llx FAR %llx", word, (unsigned long long)cpu->sys.ESR_EL1,
                 (unsigned long long)cpu->sys.ESR_EL2, (unsigned long long)cpu->sys.FAR_EL1);
    assert_int_equal(cpu->pc, CODE + 4);
}

// An exception to `el` with this syndrome; for faults far is the address.
static void takes(u32 word, unsigned el, u64 esr, u64 far) {
    step(word);
    assert_int_equal(cpu->el, el);
    assert_int_equal(el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1, esr);
    assert_int_equal(el == 2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1, far);
    assert_int_equal(el == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1, CODE);
}

enum { TAG_READ = 0x11, TAG_WRITE = 0x51, ALIGNED_WRITE = 0x61 };
#define ABORT(lower, iss) ((u64)((lower) ? EC_DABT_LOWER : EC_DABT_SAME) << 26 | 1 << 25 | (iss))

// --- tags of addresses ---------------------------------------------------------------------------

static void test_random_tag(void **state) {
    (void)state;
    static const struct {
        u32 seed, tag, exclude, rtag, rgsr;
    } cases[] = {
        {0x1234, 3, 0, 1, 0xe12301},       // offset 14 from 3
        {0xabcd, 15, 0, 8, 0x9abc08},      // offset 9 from 15
        {0x1234, 3, 0xfffe, 0, 0xe12300},  // 0 alone is left
        {0x0001, 0, 0x8001, 1, 0x100001},  // offset 1
        {0xffff, 7, 0x5555, 7, 0x0fff07},  // offset 0: 7 itself is not excluded
        {0x1234, 3, 0xffff, 0, 0xe12300},  // nothing is left
        {0x0000, 5, 0x0020, 6, 0x000006},  // offset 0: the next after 5, which is excluded
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        start(1, 0);
        cpu->sys.RGSR_EL1 = cases[i].seed << 8 | cases[i].tag;
        cpu->sys.GCR_EL1 = cases[i].exclude & 0xff;
        cpu->x[1] = 0xab00123456789abc;
        cpu->x[2] = 0xffff0000 | (cases[i].exclude & 0xff00);
        ok(0x9ac21020);  // irg x0, x1, x2
        assert_int_equal(cpu->x[0], 0xa000123456789abc | TAG(cases[i].rtag));
        assert_int_equal(cpu->sys.RGSR_EL1, cases[i].rgsr);
    }
    // RRND with a seed: the same generator; without one it starts by itself.
    start(1, 0);
    cpu->sys.RGSR_EL1 = 0x123403;
    cpu->sys.GCR_EL1 = 1 << 16;
    ok(0x9adf1020);
    assert_int_equal(cpu->x[0], TAG(1));
    cpu->sys.RGSR_EL1 = 0;
    unsigned seen = 0;
    for (unsigned i = 0; i < 200; i++) {
        ok(0x9adf1020);
        seen |= 1u << (cpu->x[0] >> 56);
    }
    assert_int_equal(seen, 0xffff);
    // Without access: tag 0, and the generator stays.
    cpu->sys.RGSR_EL1 = 0x123403;
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA);
    changed();
    cpu->x[1] = TAG(9) | 7;
    ok(0x9adf1020);
    assert_int_equal(cpu->x[0], 7);
    assert_int_equal(cpu->sys.RGSR_EL1, 0x123403);
}

static void test_address_arithmetic(void **state) {
    (void)state;
    start(1, 0);
    cpu->x[1] = 0xfeffffffffffffff;
    ok(0x91820c20);  // addg x0, x1, #32, #3: carries do not reach the tag
    assert_int_equal(cpu->x[0], 0xf10000000000001f);
    cpu->x[1] = 0x1200000000000008;
    ok(0xd1bf3c20);  // subg x0, x1, #1008, #15
    assert_int_equal(cpu->x[0], 0x11fffffffffffc18);
    cpu->sys.GCR_EL1 = 0x00f8;  // 3 to 7 are excluded
    cpu->x[1] = TAG(2);
    ok(0x91820c20);
    assert_int_equal(cpu->x[0], TAG(10) | 32);  // 8, 9, 10
    cpu->sys.GCR_EL1 = 0xffff;
    ok(0x91820c20);
    assert_int_equal(cpu->x[0], 32);
    cpu->sys.GCR_EL1 = 0;
    cpu->x[REG_SP] = 0x1000;
    ok(0x918107ff);  // addg sp, sp, #16, #1
    assert_int_equal(cpu->x[REG_SP], TAG(1) | 0x1010);
    cpu->sys.HCR_EL2 &= ~(1ull << HCR_ATA);
    changed();
    cpu->x[1] = TAG(2);
    ok(0x91820c20);
    assert_int_equal(cpu->x[0], 32);

    cpu->x[1] = 0x5c00000000000000;
    cpu->x[2] = 0x10001;
    ok(0x9ac21420);  // gmi x0, x1, x2
    assert_int_equal(cpu->x[0], 0x11001);
    cpu->x[1] = 0xa000000000000010;
    cpu->x[2] = 0x0b80000000000000;  // bit 55 extends it
    ok(0x9ac20020);                  // subp
    assert_int_equal(cpu->x[0], 0x0080000000000010);
    cpu_set_nzcv(cpu, 0xf0000000);
    ok(0x9ac20020);
    assert_int_equal(cpu_nzcv(cpu), 0xf0000000);
    ok(0xbac20020);  // subps: no borrow of 0x10 - 0xff80... is C = 0
    assert_int_equal(cpu->x[0], 0x0080000000000010);
    assert_int_equal(cpu_nzcv(cpu), 0);
    cpu->x[1] = TAG(3);
    cpu->x[2] = TAG(12);
    ok(0xbac20020);
    assert_int_equal(cpu->x[0], 0);
    assert_int_equal(cpu_nzcv(cpu), 0x60000000);
    step(0x91824c20);  // op3 is not 0: UNDEFINED
    assert_int_equal(cpu->sys.ESR_EL1, 1 << 25);
}

// --- allocation tags -----------------------------------------------------------------------------

static void expect_tags(u64 pa, const char *digits) {
    for (unsigned i = 0; digits[i]; i++) {
        unsigned want = (unsigned)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
        if (tag_load(machine, pa + 16 * i) != want)
            fail_msg("tag at 0x%llx is %x", (unsigned long long)(pa + 16 * i),
                     tag_load(machine, pa + 16 * i));
    }
}

static void test_store_tags(void **state) {
    (void)state;
    static const struct {
        u32 word;
        const char *tags;  // from AT - 32
        u64 x1, zeros;     // bytes from AT that are zero
    } cases[] = {
        {0xd9200820, "44544", AT, 0},        // stg x0, [x1]
        {0xd9201420, "44544", AT + 16, 0},   // stg x0, [x1], #16
        {0xd93ffc20, "45444", AT - 16, 0},   // stg x0, [x1, #-16]!
        {0xd9600820, "44544", AT, 16},       // stzg x0, [x1]
        {0xd9a00820, "44554", AT, 0},        // st2g x0, [x1]
        {0xd9e02420, "44554", AT + 32, 32},  // stz2g x0, [x1], #32
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        start(1, 1);
        set_tags(TAGGED, 1024, 4);
        for (u64 a = AT - 64; a < AT + 64; a += 8) poke(a, a);
        cpu->x[0] = 0xf5000000000abcde;
        cpu->x[1] = AT | TAG(9);  // not checked
        ok(cases[i].word);
        expect_tags(AT - 32, cases[i].tags);
        assert_int_equal(cpu->x[1], cases[i].x1 | TAG(9));
        for (u64 a = AT - 64; a < AT + 64; a += 8)
            assert_int_equal(peek(a), a >= AT && a < AT + cases[i].zeros ? 0 : a);
    }
    start(1, 1);
    cpu->x[REG_SP] = TAG(7);
    cpu->x[1] = AT;
    ok(0xd920083f);  // stg sp, [x1]
    expect_tags(AT, "75");
    cpu->x[0] = 0x1111;
    cpu->x[2] = 0x2222;
    cpu->x[1] = AT | TAG(0xb);
    ok(0x69808820);  // stgp x0, x2, [x1, #16]!: the tag is the address's
    expect_tags(AT, "7b4");
    assert_int_equal(cpu->x[1], (AT + 16) | TAG(0xb));
    assert_int_equal(peek(AT + 16), 0x1111);
    assert_int_equal(peek(AT + 24), 0x2222);
}

static void test_load_tag(void **state) {
    (void)state;
    start(1, 1);
    set_tags(TAGGED, 512, 0);
    set_tags(AT + 16, 1, 0xd);
    cpu->x[0] = 0xffffffffffffffff;
    cpu->x[1] = (AT + 7) | TAG(2);
    ok(0xd9601020);  // ldg x0, [x1, #16]: the address is aligned down
    assert_int_equal(cpu->x[0], 0xfdffffffffffffff);
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA);
    changed();
    ok(0xd9601020);
    assert_int_equal(cpu->x[0], 0xf0ffffffffffffff);
    // Without access, and in memory without tags, stores of tags do nothing else than to fault.
    cpu->x[0] = TAG(3);
    cpu->x[1] = AT + 16;
    poke(AT + 16, 5);
    ok(0xd9600820);  // stzg
    expect_tags(AT + 16, "d");
    assert_int_equal(peek(AT + 16), 0);
    start(1, 1);
    cpu->x[0] = TAG(3) | 0xff;
    cpu->x[1] = UNTAGGED;
    ok(0xd9200820);
    ok(0xd9601020);
    assert_int_equal(cpu->x[0], 0xff);
    assert_int_equal(tag_load(machine, UNTAGGED), 0);
}

static void test_tag_faults(void **state) {
    (void)state;
    static const u32 words[] = {0xd9200820, 0xd9600820, 0xd9a00820, 0xd9e02420};
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        start(1, 0);
        cpu->x[1] = AT + 8;
        takes(words[i], 1, ABORT(false, ALIGNED_WRITE), AT + 8);
        start(0, 0);
        cpu->x[1] = AT + 1;
        takes(words[i], 1, ABORT(true, ALIGNED_WRITE), AT + 1);
        start(1, 0);
        cpu->x[1] = 0x50000000;  // nothing is mapped: a fault of level 2, of a write
        takes(words[i], 1, ABORT(false, 0x46), 0x50000000);
    }
    start(1, 0);
    cpu->x[1] = AT + 8;
    takes(0x69808820, 1, ABORT(false, ALIGNED_WRITE), AT + 24);
    start(1, 0);
    cpu->x[1] = 0x50000000;
    takes(0xd9601020, 1, ABORT(false, 0x06), 0x50000010);
    // ST2G over the end of what is mapped: nothing is written.
    start(1, 0);
    set_tags(0x40fffff0, 1, 1);
    cpu->x[0] = TAG(2);
    cpu->x[1] = 0x40fffff0;
    takes(0xd9a00820, 1, ABORT(false, 0x46), 0x41000000);
    expect_tags(0x40fffff0, "1");
}

static void test_blocks(void **state) {
    (void)state;
    start(1, 1);
    set_tags(TAGGED, 512, 4);
    cpu->x[0] = 0xfedcba9876543210;
    cpu->x[1] = TAGGED + 0x1237;
    ok(0xd9a00020);  // stgm x0, [x1]: GMID_EL1.BS is 6, 256 bytes
    expect_tags(TAGGED + 0x11f0, "40123456789abcdef4");
    cpu->x[0] = 0;
    ok(0xd9e00020);  // ldgm
    assert_int_equal(cpu->x[0], 0xfedcba9876543210);
    for (u64 a = 0x1200; a < 0x1300; a += 8) poke(TAGGED + a, a);
    cpu->x[0] = 0xfe;
    cpu->x[1] = TAGGED + 0x1277;
    ok(0xd9200020);  // stzgm: DCZID_EL0.BS is 4, 64 bytes
    expect_tags(TAGGED + 0x1230, "3eeee8");
    assert_int_equal(peek(TAGGED + 0x1238), 0x1238);
    assert_int_equal(peek(TAGGED + 0x1240), 0);
    assert_int_equal(peek(TAGGED + 0x1278), 0);
    assert_int_equal(peek(TAGGED + 0x1280), 0x1280);
    static const u32 words[] = {0xd9a00020, 0xd9e00020, 0xd9200020};
    for (unsigned i = 0; i < 3; i++) {
        start(0, 1);
        step(words[i]);
        assert_int_equal(cpu->el, 1);
        assert_int_equal(cpu->sys.ESR_EL1, 1 << 25);
    }
}

static void test_dc(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const u32 words[] = {0xd50b7461, 0xd50b7481, 0xd50b7421};  // gva, gzva, zva
        start(0, 1);
        set_tags(TAGGED, 512, 4);
        for (u64 a = AT - 64; a < AT + 128; a += 8) poke(a, a);
        cpu->x[1] = (AT + 33) | TAG(i == 2 ? 4 : 9);
        ok(words[i]);
        expect_tags(AT - 16, i == 2 ? "444444" : "499994");
        for (u64 a = AT - 64; a < AT + 128; a += 8)
            assert_int_equal(peek(a), i && a >= AT && a < AT + 64 ? 0 : a);
    }
    // DC ZVA is checked, granule by granule; FAR is its operand, and it is a write.
    start(0, 1);
    set_tags(AT + 48, 1, 5);
    poke(AT, 7);
    cpu->x[1] = (AT + 3) | TAG(4);
    takes(0xd50b7421, 1, ABORT(true, TAG_WRITE), (AT + 3) | TAG(4));
    assert_int_equal(peek(AT), 7);
    start(0, 3);
    cpu->x[1] = AT | TAG(4);
    ok(0xd50b7421);
    assert_int_equal(cpu->sys.TFSRE0_EL1, 1);
    assert_int_equal(peek(AT), 0);
    // Cache maintenance is not.
    start(0, 1);
    cpu->x[1] = AT | TAG(9);
    ok(0xd50b7a21);
    ok(0xd50b7a61);
}

// --- checks --------------------------------------------------------------------------------------

static void test_modes(void **state) {
    (void)state;
    for (unsigned el = 0; el < 3; el++)
        for (unsigned host = 0; host < 2; host++)
            for (unsigned tcf = 0; tcf < 4; tcf++)
                for (unsigned write = 0; write < 2; write++) {
                    if (host && el == 1) continue;
                    start_host(el, tcf, host);
                    // The other mode of the register is another one.
                    cpu->sys.SCTLR_EL1 ^= el ? 3ull << 38 : 3ull << 40;
                    cpu->sys.SCTLR_EL2 ^= el ? 3ull << 38 : 3ull << 40;
                    changed();
                    set_tags(AT, 1, 4);
                    poke(AT, 0x77);
                    cpu->x[0] = 0x88;
                    cpu->x[1] = AT | TAG(4);
                    ok(LDR);
                    cpu->x[0] = 0x88;
                    cpu->x[1] = AT | TAG(5);
                    bool abort = tcf == 1 || (tcf == 3 && !write),
                         noted = tcf == 2 || (tcf == 3 && write);
                    u64 *tfsr = el == 2   ? &cpu->sys.TFSR_EL2
                                : el == 1 ? &cpu->sys.TFSR_EL1
                                          : &cpu->sys.TFSRE0_EL1;
                    if (abort) {
                        unsigned to = el == 2 || host ? 2 : 1;
                        takes(write ? STR : LDR, to, ABORT(!el, write ? TAG_WRITE : TAG_READ),
                              AT | TAG(5));
                    } else {
                        ok(write ? STR : LDR);
                        if (!write) assert_int_equal(cpu->x[0], 0x77);
                    }
                    assert_int_equal(peek(AT), write && !abort ? 0x88 : 0x77);
                    assert_int_equal(*tfsr, noted);
                    assert_int_equal(cpu->sys.TFSR_EL1 | cpu->sys.TFSR_EL2 | cpu->sys.TFSRE0_EL1,
                                     noted);
                }
    // TF1 is for the upper half.
    start(1, 2);
    cpu->x[1] = (UPPER & ~TAG(15)) | AT;
    ok(LDR);
    assert_int_equal(cpu->sys.TFSR_EL1, 2);
    cpu->x[1] = AT;
    ok(STR);
    assert_int_equal(cpu->sys.TFSR_EL1, 3);
}

static void test_forms(void **state) {
    (void)state;
    static const struct {
        u32 word;
        u8 checked;  // 1 as a read, 2 as a write
    } cases[] = {
        {0xf94003e0, 0},  // ldr x0, [sp]
        {0xf90007e0, 0},  // str x0, [sp, #8]
        {0xf85f83e0, 0},  // ldur x0, [sp, #-8]
        {0xf84107e0, 1},  // ldr x0, [sp], #16
        {0xf81f0fe0, 2},  // str x0, [sp, #-16]!
        {0xf8646be0, 1},  // ldr x0, [sp, x4]
        {0xa9400be0, 0},  // ldp x0, x2, [sp]
        {0xa9bf0be0, 2},  // stp x0, x2, [sp, #-16]!
        {0xa8400be0, 0},  // ldnp x0, x2, [sp]
        {0x3dc003e0, 0},  // ldr q0, [sp]
        {0x4c4073e0, 0},  // ld1 {v0.16b}, [sp]
        {0x4cdf73e0, 1},  // ld1 {v0.16b}, [sp], #16
        {0x0d4093e0, 0},  // ld1 {v0.s}[1], [sp]
        {0x0d8493e0, 2},  // st1 {v0.s}[1], [sp], x4
        {0xc85f7fe0, 0},  // ldxr x0, [sp]
        {0xc8dfffe0, 0},  // ldar x0, [sp]
        {0xc89fffe0, 0},  // stlr x0, [sp]
        {0xd94003e0, 0},  // ldapur x0, [sp]
        {0xf8bfc3e0, 0},  // ldapr x0, [sp]
        {0xf82303e0, 0},  // ldadd x3, x0, [sp]
        {0xf82383e0, 0},  // swp x3, x0, [sp]
        {0xc8a37fe0, 0},  // cas x3, x0, [sp]
        {0xf8400be0, 0},  // ldtr x0, [sp]
        {0xf9400020, 1},  // ldr x0, [x1]
        {0xf9000020, 2},  // str x0, [x1]
        {0xa9400820, 1},  // ldp x0, x2, [x1]
        {0xa9000820, 2},  // stp x0, x2, [x1]
        {0xc85f7c20, 1},  // ldxr x0, [x1]
        {0xf8230020, 1},  // ldadd x3, x0, [x1]: a read and a write, so no write alone
        {0xc8a37c20, 1},  // cas x3, x0, [x1]
        {0xf8400820, 1},  // ldtr x0, [x1]
        {0xf8000820, 2},  // sttr x0, [x1]
        {0xf9800020, 0},  // prfm pldl1keep, [x1]
        {0xd9200820, 0},  // stg x0, [x1]
        {0xd9600820, 0},  // stzg x0, [x1]
        {0x69008820, 0},  // stgp x0, x2, [x1, #16]
        {0xd9601020, 0},  // ldg x0, [x1, #16]
        {0x58000000, 0},  // ldr x0, .
    };
    for (unsigned el = 0; el < 3; el++)
        for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
            start(el, 1);
            set_tags(TAGGED, 512, 4);
            cpu->x[1] = cpu->x[REG_SP] = AT | TAG(5);
            u64 far = cases[i].word == 0xf81f0fe0 || cases[i].word == 0xa9bf0be0 ? AT - 16 : AT;
            if (cases[i].checked)
                takes(cases[i].word, el == 2 ? 2 : 1,
                      ABORT(!el, cases[i].checked == 1 ? TAG_READ : TAG_WRITE), far | TAG(5));
            else
                ok(cases[i].word);
        }
}

static void test_granules(void **state) {
    (void)state;
    start(1, 1);
    set_tags(TAGGED, 512, 4);
    set_tags(AT + 16, 1, 5);
    cpu->x[1] = (AT + 8) | TAG(4);
    ok(LDR);
    poke(AT + 8, 0x55);
    cpu->x[1] = (AT + 9) | TAG(4);  // reaches the next granule: the first byte there is reported
    takes(STR, 1, ABORT(false, TAG_WRITE), (AT + 16) | TAG(4));
    assert_int_equal(peek(AT + 8), 0x55);
    start(1, 1);
    cpu->x[1] = (AT + 31) | TAG(5);
    takes(LDR, 1, ABORT(false, TAG_READ), (AT + 32) | TAG(5));
    // Over the end of a page.
    start(1, 1);
    set_tags(TAGGED + 0x2000, 1, 5);
    cpu->x[1] = (TAGGED + 0x1ffc) | TAG(4);
    takes(LDR, 1, ABORT(false, TAG_READ), (TAGGED + 0x2000) | TAG(4));
    start(1, 1);
    poke(TAGGED + 0x1ff8, 0x1234567812345678);
    cpu->x[1] = (TAGGED + 0x1ffc) | TAG(4);
    takes(STR, 1, ABORT(false, TAG_WRITE), (TAGGED + 0x2000) | TAG(4));
    assert_int_equal(peek(TAGGED + 0x1ff8), 0x1234567812345678);
}

// EL2's accesses to registers in memory (FEAT_NV2) are not.
static void test_register_in_memory(void **state) {
    (void)state;
    start(1, 1);
    set_tags(TAGGED, 512, 4);
    poke(TAGGED + 0x110, 0x1234);
    cpu->sys.VNCR_EL2 = TAGGED;
    cpu->sys.HCR_EL2 |= 1ull << HCR_NV | 1ull << HCR_NV1 | 1ull << HCR_NV2;
    changed();
    // NV1: what EL1 executes, EL0 does not, and nothing is EL0's.
    u64 *block = (u64 *)(machine->ram.host + (TABLES + 0x1000 - machine->ram.base));
    *block &= ~(1ull << 6);
    ok(0xd5381000);  // mrs x0, sctlr_el1
    assert_int_equal(cpu->x[0], 0x1234);
    *block |= 1ull << 6;
}

static void test_exclusives(void **state) {
    (void)state;
    start(1, 1);
    set_tags(AT, 1, 4);
    cpu->excl_valid = false;
    cpu->x[1] = AT | TAG(5);
    ok(0xc8037c20);  // stxr w3, x0, [x1] that fails stores nothing and is not checked
    assert_int_equal(cpu->x[3], 1);
    cpu->x[1] = (AT + 64) | TAG(4);
    set_tags(AT + 64, 1, 4);
    ok(0xc85f7c20);
    cpu->x[1] = AT | TAG(5);
    ok(0xc8037c20);  // another address than was marked
    assert_int_equal(cpu->x[3], 1);
    cpu->x[1] = AT | TAG(4);
    ok(0xc85f7c20);
    cpu->x[1] = AT | TAG(5);
    takes(0xc8037c20, 1, ABORT(false, TAG_WRITE), AT | TAG(5));
}

static bool faults(u64 va, u32 word) {
    u64 before = cpu->exceptions;
    cpu->x[1] = va;
    step(word);
    bool fault = cpu->exceptions != before;
    if (fault) {
        u64 esr = cpu->el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
        assert_int_equal(esr & 0x3f, 0x11);
    }
    return fault;
}

static void test_conditions(void **state) {
    (void)state;
    set_tags(AT, 1, 4);
    start(1, 1);
    assert_true(faults(AT | TAG(9), LDR));
    start(1, 1);
    cpu->pstate |= PSTATE_TCO;
    assert_false(faults(AT | TAG(9), LDR));
    start(1, 1);
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA);
    changed();
    assert_false(faults(AT | TAG(9), LDR));
    start(1, 1);
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA0);
    changed();
    assert_true(faults(AT | TAG(9), LDR));
    start(0, 1);
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA);
    changed();
    assert_true(faults(AT | TAG(9), LDR));
    start(0, 1);
    cpu->sys.HCR_EL2 &= ~(1ull << HCR_ATA);
    changed();
    assert_false(faults(AT | TAG(9), LDR));
    start_host(0, 1, true);
    cpu->sys.HCR_EL2 &= ~(1ull << HCR_ATA);  // not for a host
    changed();
    assert_true(faults(AT | TAG(9), LDR));
    start(1, 1);
    assert_false(faults(UNTAGGED | TAG(9), LDR));
    // TBI off: the address cannot have a tag, and tag 0 is not checked.
    start(1, 1);
    cpu->sys.TCR_EL1 &= ~(1ull << 37);
    changed();
    assert_false(faults(AT, LDR));
    // TCMA: tag 0 in the lower half, 15 in the upper.
    for (unsigned tcma = 0; tcma < 2; tcma++) {
        static const struct {
            u64 va;
            bool unchecked;
        } cases[] = {{AT, true},
                     {AT | TAG(15), false},
                     {AT | TAG(1), false},
                     {AT | UPPER, true},
                     {(AT | UPPER) & ~TAG(15), false},
                     {(AT | UPPER) & ~TAG(1), false}};
        for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
            start(1, 1);
            cpu->sys.TCR_EL1 |= (u64)tcma << 57 | (u64)tcma << 58;
            changed();
            assert_int_equal(faults(cases[i].va, LDR), !(tcma && cases[i].unchecked));
            start_host(2, 1, true);
            cpu->sys.TCR_EL2 |= (u64)tcma << 57 | (u64)tcma << 58;
            changed();
            assert_int_equal(faults(cases[i].va, LDR), !(tcma && cases[i].unchecked));
            if (i >= 3) continue;
            start(2, 1);
            cpu->sys.TCR_EL2 |= (u64)tcma << 30;
            changed();
            assert_int_equal(faults(cases[i].va, LDR), !(tcma && cases[i].unchecked));
        }
    }
    // LDTR and STTR have the controls of EL0, but note faults in its register.
    for (unsigned tcf0 = 0; tcf0 < 3; tcf0++) {
        start(1, 1);
        cpu->sys.SCTLR_EL1 = (cpu->sys.SCTLR_EL1 & ~(3ull << 38)) | (u64)tcf0 << 38;
        changed();
        assert_int_equal(faults(AT | TAG(9), LDTR), tcf0 == 1);
        assert_int_equal(cpu->sys.TFSRE0_EL1, tcf0 == 2);
        assert_int_equal(cpu->sys.TFSR_EL1, 0);
    }
    start(1, 1);
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA0);
    changed();
    assert_false(faults(AT | TAG(9), STTR));
}

// A change of the controls shows at once.
static void test_control_changes(void **state) {
    (void)state;
    set_tags(AT, 1, 4);
    start(1, 0);
    assert_false(faults(AT | TAG(9), LDR));
    cpu->x[0] = cpu->sys.SCTLR_EL1 | 1ull << 40;
    ok(0xd5181000);  // msr sctlr_el1, x0
    assert_true(faults(AT | TAG(9), LDR));
    start(1, 1);
    ok(0xd503419f);  // msr tco, #1
    assert_false(faults(AT | TAG(9), LDR));
    cpu->x[0] = 0;
    ok(0xd51b42e0);  // msr tco, x0
    assert_true(faults(AT | TAG(9), LDR));
    start(2, 1);
    cpu->x[0] = cpu->sys.HCR_EL2 & ~(1ull << HCR_ATA);
    ok(0xd51c1100);  // msr hcr_el2, x0
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1 << PSTATE_EL_SHIFT);
    assert_false(faults(AT | TAG(9), LDR));
}

// --- memory types --------------------------------------------------------------------------------

static void test_memory_types(void **state) {
    (void)state;
    set_tags(AT, 1, 4);
    // Data caches off: Non-cacheable, and not Tagged.
    start(1, 1);
    cpu->sys.SCTLR_EL1 &= ~4ull;
    changed();
    assert_false(faults(AT | TAG(9), LDR));
    // Stage 2: Tagged only if the combination is Write-Back, both halves.
    for (u64 attr = 0; attr < 16; attr++) {
        start(1, 1);
        poke(TABLES + 0x3000 + 3 * 8, TAGGED | 1 | 1 << 10 | 3 << 8 | attr << 2 | 3 << 6);
        cpu->sys.HCR_EL2 |= 1;
        changed();
        assert_int_equal(faults(AT | TAG(9), LDR), attr == 15);
        start(1, 1);
        cpu->sys.HCR_EL2 |= 1 | 1ull << HCR_FWB;
        changed();
        bool tagged = attr == 7 || attr == 6 || attr == 14 || attr == 15;
        assert_int_equal(faults(AT | TAG(9), LDR), tagged);
    }
    poke(TABLES + 0x3000 + 3 * 8, TAGGED | 1 | 1 << 10 | 3 << 8 | 15 << 2 | 3 << 6);
    // HCR_EL2.DC: Tagged with DCT.
    for (unsigned dct = 0; dct < 2; dct++) {
        start(1, 1);
        cpu->sys.HCR_EL2 |= 1 | 1ull << HCR_DC | (u64)dct << HCR_DCT;
        changed();
        assert_int_equal(faults(AT | TAG(9), LDR), dct);
    }
    // PAR_EL1.ATTR.
    start(1, 1);
    cpu->x[0] = AT;
    ok(0xd5087800);  // at s1e1r, x0
    assert_int_equal(cpu->sys.PAR_EL1 >> 56, 0xf0);
    cpu->x[0] = UNTAGGED;
    ok(0xd5087800);
    assert_int_equal(cpu->sys.PAR_EL1 >> 56, 0xff);
}

// Pages without checks keep the fast path; others never have it, whatever is armed or executed meanwhile.
static void test_fast_path(void **state) {
    (void)state;
    start(1, 1);
    cpu->sys.TCR_EL1 |= 1ull << 57;
    changed();
    cpu->x[1] = AT;  // TCMA
    ok(LDR);
    assert_int_equal(tlb_entry(cpu, AT)->rtag, AT & ~0xfffull);
    assert_int_equal(tlb_entry(cpu, AT)->wtag, AT & ~0xfffull);
    u64 va = AT | TAG(4);
    set_tags(TAGGED, 512, 4);
    cpu->x[1] = va;
    ok(LDR);
    assert_int_equal(tlb_entry(cpu, va)->rtag, (va & ~0xfffull) | TLB_SLOW);
    assert_int_equal(tlb_entry(cpu, va)->wtag, (va & ~0xfffull) | TLB_SLOW);
    static const ArmedRange range = {.first = TAGGED + 0x1800,
                                     .last = TAGGED + 0x1803,
                                     .kinds = ARMED_READ | ARMED_WRITE,
                                     .els = 7};
    armed_replace(cpu, ARMED_DEBUGGER, (ArmedSet){.ranges = &range, .count = 1});
    ok(STR);
    armed_replace(cpu, ARMED_DEBUGGER, (ArmedSet){0});
    assert_int_equal(tlb_entry(cpu, va)->rtag, (va & ~0xfffull) | TLB_SLOW);
    assert_int_equal(tlb_entry(cpu, va)->wtag, (va & ~0xfffull) | TLB_SLOW);
    ok(STR);
    ok(STR);
    tag_store(machine, AT, 5);
    assert_true(faults(va, STR));
    start(1, 1);
    cpu->sys.SCTLR_EL1 &= ~(1ull << ATA);
    changed();
    cpu->x[1] = va;
    ok(LDR);
    assert_int_equal(tlb_entry(cpu, va)->rtag, va & ~0xfffull);
}

// A checked store to code that has been executed is seen.
static void test_code(void **state) {
    (void)state;
    start(1, 1);
    set_tags(TAGGED, 512, 4);
    u32 nop = 0xd503201f, word = 0xd2800da0;  // mov x0, #109
    memcpy(machine->ram.host + (AT - machine->ram.base), &nop, 4);
    u64 *block = (u64 *)(machine->ram.host + (TABLES + 0x1000 + 3 * 8 - machine->ram.base));
    *block &= ~(1ull << 6);  // not writable from EL0, so executable at EL1
    cpu->pc = AT;
    cpu_step(cpu);
    assert_int_equal(cpu->pc, AT + 4);
    cpu->x[0] = word;
    cpu->x[1] = AT | TAG(4);
    ok(0xb9000020);  // str w0, [x1]
    cpu->x[0] = 0;
    cpu->pc = AT;
    cpu_step(cpu);
    assert_int_equal(cpu->x[0], 109);
    *block |= 1ull << 6;
}

static void test_storage(void **state) {
    (void)state;
    tags_free(&machine->ram);
    start(1, 1);
    cpu->x[0] = 0;
    cpu->x[1] = AT;
    ok(0xd9200820);
    ok(LDR);
    assert_null(machine->ram.tags);  // nobody has paid yet
    u64 last = machine->ram.base + machine->ram.size - 16;
    tag_store(machine, last, 9);
    tag_store(machine, machine->ram.base, 6);
    assert_int_equal(tag_load(machine, last), 9);
    assert_int_equal(tag_load(machine, last - 16), 0);
    assert_int_equal(tag_load(machine, machine->ram.base + 15), 6);
    tag_store(machine, 0, 3);  // flash has no tags
    assert_int_equal(tag_load(machine, 0), 0);
    tag_store(machine, 0x09000000, 3);
    assert_int_equal(tag_load(machine, 0x09000000), 0);
}

// --- PSTATE.TCO, registers -----------------------------------------------------------------------

static void test_tco(void **state) {
    (void)state;
    for (unsigned el = 0; el < 3; el++) {
        start(el, 0);
        ok(0xd503419f);
        assert_true(cpu->pstate & PSTATE_TCO);
        ok(0xd53b42e0);
        assert_int_equal(cpu->x[0], PSTATE_TCO);
        ok(0xd503409f);
        assert_false(cpu->pstate & PSTATE_TCO);
        step(0xd4000001);  // svc: entry sets it, SPSR has what was
        assert_true(cpu->pstate & PSTATE_TCO);
        u64 *spsr = cpu->el == 2 ? &cpu->sys.SPSR_EL2 : &cpu->sys.SPSR_EL1;
        assert_false(*spsr & PSTATE_TCO);
        step(0xd69f03e0);
        assert_false(cpu->pstate & PSTATE_TCO);
        step(0xd4000001);
        *spsr |= PSTATE_TCO;
        step(0xd69f03e0);
        assert_int_equal(cpu->el, el);
        assert_true(cpu->pstate & PSTATE_TCO);
    }
}

static void test_registers(void **state) {
    (void)state;
    static const struct {
        const char *name;
        u64 mask;
    } masks[] = {{"GCR_EL1", 0x1ffff},
                 {"RGSR_EL1", 0xffff0f},
                 {"TFSR_EL1", 3},
                 {"TFSR_EL2", 3},
                 {"TFSRE0_EL1", 3}};
    start(2, 0);
    for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
        unsigned enc = sysreg_info(sysreg_find(masks[i].name))->enc;
        u64 value = 0;
        assert_true(sysreg_write(cpu, enc, 0, ~0ull));
        assert_true(sysreg_read(cpu, enc, 0, &value));
        assert_int_equal(value, masks[i].mask);
    }
    u64 value;
    assert_true(sysreg_read(cpu, sysreg_info(sysreg_find("GMID_EL1"))->enc, 0, &value));
    assert_int_equal(value, 6);
    assert_true(sysreg_read(cpu, sysreg_info(sysreg_find("ID_AA64PFR1_EL1"))->enc, 0, &value));
    assert_int_equal(bits(value, 11, 8), 3);
    // HCR_EL2.ATA and TID5 trap EL1's accesses.
    start(1, 0);
    cpu->sys.HCR_EL2 = 1ull << HCR_RW | 1ull << 58;
    takes(0xd53810c0, 2, 0x623c0401, 0);  // mrs x0, gcr_el1
    start(1, 0);
    cpu->sys.HCR_EL2 = 1ull << HCR_RW | 1ull << 58;
    takes(0xd5390080, 2, 0x62384001, 0);  // mrs x0, gmid_el1
}

// Not every model, and not without the machine's option.
static void test_option(void **state) {
    (void)state;
    Error err = {0};
    MachineConfig config = {.cpu_model = "cortex-a72",
                            .cpus = 1,
                            .ram_size = 16 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .mte = true};
    assert_null(machine_create(&config, &err));
    assert_string_equal(err.text, "CPU cortex-a72 has no memory tagging (mte=on)");
    config.cpu_model = "max";
    config.mte = false;
    Machine *m = machine_create(&config, &err);
    assert_non_null(m);
    assert_int_equal(bits(m->cpu[0]->sys.ID_AA64PFR1_EL1, 11, 8), 0);
    Op op;
    op_decode(m->features, 0xd9200820, 0, &op);
    u16 undefined = op.id;
    op_decode(machine->features, 0xd9200820, 0, &op);
    assert_int_not_equal(op.id, undefined);
    machine_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_tag),
        cmocka_unit_test(test_address_arithmetic),
        cmocka_unit_test(test_store_tags),
        cmocka_unit_test(test_load_tag),
        cmocka_unit_test(test_tag_faults),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_dc),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_granules),
        cmocka_unit_test(test_register_in_memory),
        cmocka_unit_test(test_exclusives),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_control_changes),
        cmocka_unit_test(test_memory_types),
        cmocka_unit_test(test_fast_path),
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_storage),
        cmocka_unit_test(test_tco),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_option),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
