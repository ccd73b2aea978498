// Instructions that QEMU 7.2 cannot be asked about (tests/isa/deviations.txt): it has no FEAT_LSE2 or does something else.
// What must come is worked out by hand from the pseudo-code of the Arm ARM that each test names.
#include "cpu/decode.h"
#include "cpu/fpu.h"
#include "cpu/sysreg.h"
#include "one_cpu.h"

enum { CODE = 0x40100000, DATA = 0x40200000, TABLE = 0x40210000, VECTORS = 0x40400000 };
enum { DFSC_ALIGNMENT = 0x21 };

// At EL2, with a flat map of Normal memory.
static int setup(void **state) {
    (void)state;
    machine_with((MachineConfig){.cpu_model = "max", .el2 = true});
    cpu->sys.VBAR_EL1 = cpu->sys.VBAR_EL2 = VECTORS;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    map_flat_el2(TABLE);
    return 0;
}

// Executes the word at CODE; whether an exception came.
static bool execute(u32 word) {
    u64 before = cpu->exceptions;
    place(CODE, &word, 1);
    cpu->pc = CODE;
    cpu_step(cpu);
    return cpu->exceptions != before;
}

static void set_el1(u32 more) {
    cpu->sys.SCTLR_EL1 &= ~1ull;
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT | more);
    tlb_context_changed(cpu);
}

// --- alignment: AArch64.UnalignedAccessFaults --------------------------------------------------------

enum Kind { ORDERED, EXCLUSIVE, ATOMIC, PLAIN };  // ORDERED: acquire or release and nothing else

static const struct {
    const char *text;
    u32 word;
    unsigned size;  // bytes that must be aligned together
    enum Kind kind;
    bool write;  // alone: what also reads reports the read
} accesses[] = {
    {"ldar x1, [x0]", 0xc8dffc01, 8, ORDERED, false},
    {"stlr x1, [x0]", 0xc89ffc01, 8, ORDERED, true},
    {"ldarh w1, [x0]", 0x48dffc01, 2, ORDERED, false},
    {"ldapr x1, [x0]", 0xf8bfc001, 8, ORDERED, false},
    {"ldaprh w1, [x0]", 0x78bfc001, 2, ORDERED, false},
    {"stlur x1, [x0]", 0xd9000001, 8, ORDERED, true},
    {"ldapur x1, [x0]", 0xd9400001, 8, ORDERED, false},
    {"ldxr x1, [x0]", 0xc85f7c01, 8, EXCLUSIVE, false},
    {"ldaxr x1, [x0]", 0xc85ffc01, 8, EXCLUSIVE, false},
    {"ldxp x1, x2, [x0]", 0xc87f0801, 16, EXCLUSIVE, false},
    {"stxr w3, x1, [x0]", 0xc8037c01, 8, EXCLUSIVE, true},  // before the monitor is asked
    {"stlxp w3, x1, x2, [x0]", 0xc8238801, 16, EXCLUSIVE, true},
    {"cas x1, x2, [x0]", 0xc8a17c02, 8, ATOMIC, false},
    {"casp x2, x3, x4, x5, [x0]", 0x48227c04, 16, ATOMIC, false},
    {"casp w2, w3, w4, w5, [x0]", 0x08227c04, 8, ATOMIC, false},
    {"ldadd x1, x2, [x0]", 0xf8210002, 8, ATOMIC, false},
    {"ldaddh w1, w2, [x0]", 0x78210002, 2, ATOMIC, false},
    {"swp x1, x2, [x0]", 0xf8218002, 8, ATOMIC, false},
    {"ldr x1, [x0]", 0xf9400001, 8, PLAIN, false},
    {"ldp x1, x2, [x0]", 0xa9400801, 8, PLAIN, false},
};

static bool want_fault(enum Kind kind, bool in16, bool lse2, bool naa) {
    switch (kind) {
    case ORDERED: return !lse2 || (!naa && !in16);
    case EXCLUSIVE:
    case ATOMIC: return !lse2 || !in16;
    default: return false;
    }
}

static void alignment_of(bool lse2, bool naa, bool a) {
    machine->features[FEAT_LSE2 / 64] &= ~(1ull << FEAT_LSE2 % 64);
    machine->features[FEAT_LSE2 / 64] |= (u64)lse2 << FEAT_LSE2 % 64;
    cpu->sys.SCTLR_EL2 = (cpu->sys.SCTLR_EL2 & ~0x42ull) | (u64)naa << 6 | (u64)a << 1;
    tlb_context_changed(cpu);
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        unsigned size = accesses[i].size;
        for (unsigned at = 0; at < 16; at++) {
            bool want =
                at % size != 0 && (a || want_fault(accesses[i].kind, at + size <= 16, lse2, naa));
            cpu->x[0] = DATA + at;
            if (execute(accesses[i].word) != want)
                fail_msg("%s at %u: FEAT_LSE2 %d, nAA %d, A %d: %s", accesses[i].text, at, lse2,
                         naa, a, want ? "no fault" : "fault");
            if (!want) continue;
            assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_DABT_SAME);
            assert_int_equal(cpu->sys.ESR_EL2 & 0x3f, DFSC_ALIGNMENT);
            assert_int_equal(cpu->sys.FAR_EL2, DATA + at);
            assert_int_equal(cpu->sys.ESR_EL2 >> 6 & 1, accesses[i].write);
        }
    }
}

static void alignment(void **state) {
    (void)state;
    for (unsigned i = 0; i < 8; i++) alignment_of(i & 1, i >> 1 & 1, i >> 2);
}

// Inside 16 bytes the unaligned ones do what the aligned ones do.
static void unaligned_atomics(void **state) {
    (void)state;
    poke(DATA, 0x7766554433221100);
    poke(DATA + 8, 0xffeeddccbbaa9988);
    cpu->x[0] = DATA + 3;
    cpu->x[1] = 1;
    assert_false(execute(0xf8210002));  // ldadd x1, x2, [x0]
    assert_int_equal(cpu->x[2], 0xaa99887766554433);
    assert_int_equal(peek(DATA), 0x7766554434221100);
    cpu->x[1] = 0xaa99887766554434;
    cpu->x[2] = 0x0102030405060708;
    assert_false(execute(0xc8a17c02));  // cas x1, x2, [x0]
    assert_int_equal(cpu->x[1], 0xaa99887766554434);
    assert_int_equal(peek(DATA), 0x0405060708221100);
    assert_int_equal(peek(DATA + 8), 0xffeeddccbb010203);
    assert_false(execute(0xc85f7c01));  // ldxr x1, [x0]
    assert_int_equal(cpu->x[1], 0x0102030405060708);
    cpu->x[1] = ~0ull;
    assert_false(execute(0xc8037c01));  // stxr w3, x1, [x0]
    assert_int_equal(cpu->x[3], 0);
    assert_int_equal(peek(DATA), 0xffffffffff221100);
    assert_int_equal(peek(DATA + 8), 0xffeeddccbbffffff);
}

// --- floating point ----------------------------------------------------------------------------------

// FPToFixedJS: Z is 1 only for a result that is exact; -0.0 and a subnormal that FPCR.FZ made zero are not.
static void javascript_conversion(void **state) {
    (void)state;
    static const struct {
        u64 d;
        u32 fpcr, w, z, fpsr;
    } cases[] = {
        {0x0000000000000000, 0, 0, 1, 0},
        {0x8000000000000000, 0, 0, 0, 0},
        {0x0000000000000001, 0, 0, 0, FPSR_IXC},        // a subnormal is inexact
        {0x0000000000000001, FPCR_FZ, 0, 0, FPSR_IDC},  // ... or flushed: Z is 0 all the same
        {0x8000000000000001, FPCR_FZ, 0, 0, FPSR_IDC},
        {0x41dfffffffc00000, 0, 0x7fffffff, 1, 0},         // 2^31 - 1
        {0x41e0000000000000, 0, 0x80000000, 0, FPSR_IOC},  // 2^31
        {0xc1e0000000000000, 0, 0x80000000, 1, 0},         // -2^31
        {0x41f0000000100000, 0, 1, 0, FPSR_IOC},           // 2^32 + 1: modulo 2^32
        {0xc1f0000000100000, 0, 0xffffffff, 0,
         FPSR_IOC},  // -(2^32 + 1): the magnitude modulo 2^32, negated
        {0xbff8000000000000, 0, 0xffffffff, 0, FPSR_IXC},  // -1.5: towards zero
        {0x7ff0000000000000, 0, 0, 0, FPSR_IOC},
        {0x7ff8000000000000, 0, 0, 0, FPSR_IOC},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        cpu->v[0].d[0] = cases[i].d;
        cpu->sys.FPCR = cases[i].fpcr;
        cpu->sys.FPSR = 0;
        assert_false(execute(0x1e7e0001));  // fjcvtzs w1, d0
        u32 nzcv = cpu_nzcv(cpu);
        if (cpu->x[1] != cases[i].w || nzcv != cases[i].z << 30 || cpu->sys.FPSR != cases[i].fpsr)
            fail_msg("%016llx: w1 %llx nzcv %x fpsr %x", (unsigned long long)cases[i].d,
                     (unsigned long long)cpu->x[1], nzcv, (u32)cpu->sys.FPSR);
    }
}

// FPToFixed into an H register has 16 bits: saturated to those, nothing above them.
static void half_conversion(void **state) {
    (void)state;
    static const struct {
        const char *text;
        u32 word, h, want, fpsr;
    } cases[] = {
        {"fcvtzs h0, h1", 0x5ef9b820, 0xbc00, 0xffff, 0},         // -1
        {"fcvtzs h0, h1", 0x5ef9b820, 0x7bff, 0x7fff, FPSR_IOC},  // 65504
        {"fcvtzs h0, h1", 0x5ef9b820, 0xfbff, 0x8000, FPSR_IOC},
        {"fcvtzu h0, h1", 0x7ef9b820, 0x7bff, 65504, 0},
        {"fcvtzu h0, h1", 0x7ef9b820, 0xbc00, 0, FPSR_IOC},
        {"fcvtzs h0, h1, #4", 0x5f1cfc20, 0xbc00, 0xfff0, 0},  // -1 * 16
        {"fcvtzs h0, h1, #4", 0x5f1cfc20, 0xac00, 0xffff, 0},  // -1/16 * 16
        {"fcvtzs h0, h1, #4", 0x5f1cfc20, 0xfbff, 0x8000, FPSR_IOC},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        cpu->v[0].d[0] = cpu->v[0].d[1] = ~0ull;
        cpu->v[1].d[0] = cases[i].h;
        cpu->sys.FPCR = cpu->sys.FPSR = 0;
        assert_false(execute(cases[i].word));
        if (cpu->v[0].d[0] != cases[i].want || cpu->v[0].d[1] || cpu->sys.FPSR != cases[i].fpsr)
            fail_msg("%s of %x: %llx, fpsr %x", cases[i].text, cases[i].h,
                     (unsigned long long)cpu->v[0].d[0], (u32)cpu->sys.FPSR);
    }
}

// --- exceptions --------------------------------------------------------------------------------------

// Synchronous exception types, routing and priorities: the PC first, then the fetch of what is there.
static void pc_alignment_before_abort(void **state) {
    (void)state;
    cpu->x[0] = 0x3000000002;           // translates to nothing
    assert_false(execute(0xd61f0000));  // br x0
    cpu_step(cpu);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_PC_ALIGN);
    assert_int_equal(cpu->sys.FAR_EL2, 0x3000000002);
    cpu->x[0] = 0x3000000004;
    assert_false(execute(0xd61f0000));
    cpu_step(cpu);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_IABT_SAME);
}

// SetPSTATEFromPSR: an illegal return sets IL and keeps EL and SP; PAN, the masks and the flags come from the SPSR.
static void illegal_return(void **state) {
    (void)state;
    for (unsigned pan = 0; pan < 2; pan++) {
        set_el1(pan ? 0 : PSTATE_PAN);
        cpu->sys.SPSR_EL1 = 0xa0000000 | (pan ? PSTATE_PAN : 0) | 0x80 | 13;  // EL3h
        cpu->sys.ELR_EL1 = CODE + 64;
        assert_false(execute(0xd69f03e0));  // eret
        assert_int_equal(cpu->pc, CODE + 64);
        assert_int_equal(cpu->el, 1);
        assert_true(cpu->pstate & PSTATE_IL && cpu->pstate & PSTATE_SP);
        assert_int_equal(cpu->pstate & PSTATE_PAN, pan ? PSTATE_PAN : 0);
        assert_int_equal(cpu->pstate & PSTATE_DAIF, 0x80);
        assert_int_equal(cpu_nzcv(cpu), 0xa0000000);
        cpu_step(cpu);
        assert_int_equal(cpu->sys.ESR_EL1 >> 26, EC_ILLEGAL_STATE);
        assert_false(cpu->pstate & PSTATE_IL);
    }
}

// AArch64.TakeException changes neither DIT nor the flags.
static void exception_keeps_dit(void **state) {
    (void)state;
    set_el1(PSTATE_DIT);
    assert_true(execute(0xd4000001));  // svc #0
    assert_true(cpu->pstate & PSTATE_DIT && cpu->sys.SPSR_EL1 & PSTATE_DIT);
    set_el1(0);
    assert_true(execute(0xd4000001));
    assert_false(cpu->pstate & PSTATE_DIT || cpu->sys.SPSR_EL1 & PSTATE_DIT);
}

// Cache maintenance by address faults as a store to it: CM and WnR are set.
static void maintenance_faults(void **state) {
    (void)state;
    static const u32 words[] = {0xd50b7e20, 0xd50b7a20, 0xd50b7b20,
                                0xd5087620};  // DC CIVAC, CVAC, CVAU, IVAC
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        cpu->x[0] = 0x3000000000;
        assert_true(execute(words[i]));
        assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_DABT_SAME);
        assert_int_equal(cpu->sys.ESR_EL2 & 0x1ffffff,
                         1 << 8 | 1 << 6 | 5);  // CM, WnR, translation, level 1
        assert_int_equal(cpu->sys.FAR_EL2, 0x3000000000);
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(alignment),           TEST(unaligned_atomics),         TEST(javascript_conversion),
        TEST(half_conversion),     TEST(pc_alignment_before_abort), TEST(illegal_return),
        TEST(exception_keeps_dit), TEST(maintenance_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
