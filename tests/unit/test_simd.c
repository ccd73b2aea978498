// Advanced SIMD integer instructions: hand-worked cases through decoder and handlers, what must be
// UNDEFINED, and structure loads and stores on memory that the software TLB holds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cpu/sem_simd.h"
#include "unit/one_word.h"

static const u64 all_features[2] = {~0ull, ~0ull};

typedef struct Bench {
    Cpu cpu;
    Tlb tlb;
    _Alignas(4096) u8 memory[4096];
} Bench;

static int setup(void **state) {
    Bench *b = aligned_alloc(4096, sizeof *b);
    memset(b, 0, sizeof *b);
    b->cpu.tlb = &b->tlb;
    b->cpu.fp_on = true;
    for (unsigned i = 0; i < TLB_SIZE; i++)
        b->tlb.data[i] = (TlbEntry){.rtag = TLB_NO_TAG, .wtag = TLB_NO_TAG};
    TlbEntry *e = tlb_entry(&b->cpu, (u64)(uintptr_t)b->memory);
    e->rtag = e->wtag = (u64)(uintptr_t)b->memory;
    *state = b;
    return 0;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

static void execute(Bench *b, u32 word) {
    assert_true(execute_word(&b->cpu, word));
}

// d, n, m are V0, V1, V2 before; then V0 and FPSR.QC after.
static const struct {
    const char *name;
    u32 word;
    V128 d, n, m, expected;
    bool qc;
} cases[] = {
    {"sqadd v0.16b, v1.16b, v2.16b",
     0x4e220c20,
     {.d = {0x0, 0x0}},
     {.d = {0x7f80ff0140c08001, 0x7f80ff0140c08001}},
     {.d = {0x1ffff0140c08080, 0x1ffff0140c08080}},
     {.d = {0x7f80fe027f808081, 0x7f80fe027f808081}},
     true},
    {"uqadd v0.8b, v1.8b, v2.8b",
     0x2e220c20,
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0xff01fe0000000000, 0xff01fe0000000000}},
     {.d = {0x1ff010000000000, 0x1ff010000000000}},
     {.d = {0xffffff0000000000, 0x0}},
     true},
    {"uqsub v0.8h, v1.8h, v2.8h",
     0x6e622c20,
     {.d = {0x0, 0x0}},
     {.d = {0x1ffff00008000, 0x1ffff00008000}},
     {.d = {0x2000100008000, 0x2000100008000}},
     {.d = {0xfffe00000000, 0xfffe00000000}},
     true},
    {"sqsub d0, d1, d2",
     0x5ee22c20,
     {.d = {0xffff, 0xffff}},
     {.d = {0x8000000000000000, 0x5}},
     {.d = {0x1, 0x5}},
     {.d = {0x8000000000000000, 0x0}},
     true},
    {"sqadd b0, b1, b2",
     0x5e220c20,
     {.d = {0xffff, 0xffff}},
     {.d = {0xff7f, 0x1}},
     {.d = {0xff01, 0x1}},
     {.d = {0x7f, 0x0}},
     true},
    {"add v0.2d, v1.2d, v2.2d",
     0x4ee28420,
     {.d = {0x0, 0x0}},
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x2, 0x2}},
     {.d = {0x1, 0x1}},
     false},
    {"add d0, d1, d2",
     0x5ee28420,
     {.d = {0xff, 0xff}},
     {.d = {0xffffffffffffffff, 0x7}},
     {.d = {0x2, 0x7}},
     {.d = {0x1, 0x0}},
     false},
    {"shadd v0.4s, v1.4s, v2.4s",
     0x4ea20420,
     {.d = {0x0, 0x0}},
     {.d = {0x7fffffff80000000, 0x7fffffff80000000}},
     {.d = {0x7fffffff80000001, 0x7fffffff80000001}},
     {.d = {0x7fffffff80000000, 0x7fffffff80000000}},
     false},
    {"urhadd v0.16b, v1.16b, v2.16b",
     0x6e221420,
     {.d = {0x0, 0x0}},
     {.d = {0xfffe0100ff000102, 0xfffe0100ff000102}},
     {.d = {0xff000000fe010101, 0xff000000fe010101}},
     {.d = {0xff7f0100ff010102, 0xff7f0100ff010102}},
     false},
    {"shsub v0.8b, v1.8b, v2.8b",
     0x0e222420,
     {.d = {0x0, 0x0}},
     {.d = {0x7f80000000000000, 0x7f80000000000000}},
     {.d = {0x807f000000000000, 0x807f000000000000}},
     {.d = {0x7f80000000000000, 0x0}},
     false},
    {"cmgt v0.4h, v1.4h, v2.4h",
     0x0e623420,
     {.d = {0x0, 0x0}},
     {.d = {0x18000ffff7fff, 0x18000ffff7fff}},
     {.d = {0xffff, 0xffff}},
     {.d = {0xffff00000000ffff, 0x0}},
     false},
    {"cmhi v0.4h, v1.4h, v2.4h",
     0x2e623420,
     {.d = {0x0, 0x0}},
     {.d = {0x18000ffff7fff, 0x18000ffff7fff}},
     {.d = {0xffff, 0xffff}},
     {.d = {0xffffffffffff0000, 0x0}},
     false},
    {"cmhs d0, d1, d2",
     0x7ee23c20,
     {.d = {0x0, 0x0}},
     {.d = {0x5, 0x1}},
     {.d = {0x5, 0x1}},
     {.d = {0xffffffffffffffff, 0x0}},
     false},
    {"cmtst v0.16b, v1.16b, v2.16b",
     0x4e228c20,
     {.d = {0x0, 0x0}},
     {.d = {0x8001ff0f00000000, 0x8001ff0f00000000}},
     {.d = {0x7f01000fffffffff, 0x7f01000fffffffff}},
     {.d = {0xff00ff00000000, 0xff00ff00000000}},
     false},
    {"cmle v0.2s, v1.2s, #0",
     0x2ea09820,
     {.d = {0x0, 0x0}},
     {.d = {0x180000000, 0x180000000}},
     {.d = {0x0, 0x0}},
     {.d = {0xffffffff, 0x0}},
     false},
    {"sshl v0.2d, v1.2d, v2.2d",
     0x4ee24420,
     {.d = {0x0, 0x0}},
     {.d = {0x1, 0x8000000000000000}},
     {.d = {0x3f, 0xffffffffffffff80}},
     {.d = {0x8000000000000000, 0xffffffffffffffff}},
     false},
    {"ushl v0.2d, v1.2d, v2.2d",
     0x6ee24420,
     {.d = {0x0, 0x0}},
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x40, 0xff}},
     {.d = {0x0, 0x7fffffffffffffff}},
     false},
    {"srshl v0.4s, v1.4s, v2.4s",
     0x4ea25420,
     {.d = {0x0, 0x0}},
     {.d = {0xffffffff00000003, 0xffffffff00000003}},
     {.d = {0xff000000ff, 0xff000000ff}},
     {.d = {0x2, 0x2}},
     false},
    {"urshl v0.2d, v1.2d, v2.2d",
     0x6ee25420,
     {.d = {0x0, 0x0}},
     {.d = {0x8000000000000000, 0xffffffffffffffff}},
     {.d = {0xbf, 0xc0}},
     {.d = {0x0, 0x1}},
     false},
    {"sqshl v0.2d, v1.2d, v2.2d",
     0x4ee24c20,
     {.d = {0x0, 0x0}},
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x40, 0x3f}},
     {.d = {0x8000000000000000, 0x8000000000000000}},
     true},
    {"sqshl v0.2d, v1.2d, v2.2d",
     0x4ee24c20,
     {.d = {0x0, 0x0}},
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x3f, 0x3f}},
     {.d = {0x8000000000000000, 0x8000000000000000}},
     false},
    {"uqrshl v0.16b, v1.16b, v2.16b",
     0x6e225c20,
     {.d = {0x0, 0x0}},
     {.d = {0x80ff01ff00000000, 0x80ff01ff00000000}},
     {.d = {0x1fffff800000000, 0x1fffff800000000}},
     {.d = {0xff80010100000000, 0xff80010100000000}},
     true},
    {"sqshlu v0.4h, v1.4h, #1",
     0x2f116420,
     {.d = {0x0, 0x0}},
     {.d = {0xffff7fff00018000, 0xffff7fff00018000}},
     {.d = {0x0, 0x0}},
     {.d = {0xfffe00020000, 0x0}},
     true},
    {"uqshl v0.4h, v1.4h, #1",
     0x2f117420,
     {.d = {0x0, 0x0}},
     {.d = {0xffff7fff00018000, 0xffff7fff00018000}},
     {.d = {0x0, 0x0}},
     {.d = {0xfffffffe0002ffff, 0x0}},
     true},
    {"sqdmulh v0.8h, v1.8h, v2.8h",
     0x4e62b420,
     {.d = {0x0, 0x0}},
     {.d = {0x800080007fff4000, 0x800080007fff4000}},
     {.d = {0x80007fff7fff4000, 0x80007fff7fff4000}},
     {.d = {0x7fff80017ffe2000, 0x7fff80017ffe2000}},
     true},
    {"sqrdmulh v0.4s, v1.4s, v2.4s",
     0x6ea2b420,
     {.d = {0x0, 0x0}},
     {.d = {0x8000000040000000, 0x8000000040000000}},
     {.d = {0x8000000000000001, 0x8000000000000001}},
     {.d = {0x7fffffff00000001, 0x7fffffff00000001}},
     true},
    {"sqrdmulh h0, h1, h2",
     0x7e62b420,
     {.d = {0xff, 0xff}},
     {.d = {0x4000, 0x1}},
     {.d = {0x1, 0x1}},
     {.d = {0x1, 0x0}},
     false},
    {"sqrdmlah v0.4h, v1.4h, v2.4h",
     0x2e428420,
     {.d = {0x7fff0000ffff8000, 0x7fff0000ffff8000}},
     {.d = {0x8000800040008000, 0x8000800040008000}},
     {.d = {0x800080000001ffff, 0x800080000001ffff}},
     {.d = {0x7fff7fff00008001, 0x0}},
     true},
    {"sqrdmlsh v0.4h, v1.4h, v2.4h",
     0x2e428c20,
     {.d = {0x8000000000000000, 0x8000000000000000}},
     {.d = {0x8000000000000000, 0x8000000000000000}},
     {.d = {0x8000000000000000, 0x8000000000000000}},
     {.d = {0x8000000000000000, 0x0}},
     true},
    {"sqdmull v0.4s, v1.4h, v2.4h",
     0x0e62d020,
     {.d = {0x0, 0x0}},
     {.d = {0x8000800000017fff, 0x0}},
     {.d = {0x8000000100018000, 0x0}},
     {.d = {0x280010000, 0x7fffffffffff0000}},
     true},
    {"sqdmlal v0.2d, v1.2s, v2.2s",
     0x0ea29020,
     {.d = {0xffffffffffffffff, 0x1}},
     {.d = {0x8000000080000000, 0x0}},
     {.d = {0x8000000000000001, 0x0}},
     {.d = {0xfffffffeffffffff, 0x7fffffffffffffff}},
     true},
    {"sqdmlsl d0, s1, s2",
     0x5ea2b020,
     {.d = {0x0, 0x5}},
     {.d = {0x180000000, 0x1}},
     {.d = {0x180000000, 0x1}},
     {.d = {0x8000000000000001, 0x0}},
     true},
    {"smlsl2 v0.8h, v1.16b, v2.16b",
     0x4e22a020,
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0xff01000000000000}},
     {.d = {0x0, 0x2ff000000000000}},
     {.d = {0x0, 0x2000100000000}},
     false},
    {"uabdl v0.4s, v1.4h, v2.4h",
     0x2e627020,
     {.d = {0x0, 0x0}},
     {.d = {0xffff00018000, 0x0}},
     {.d = {0xffff000000027fff, 0x0}},
     {.d = {0x100000001, 0xffff0000ffff}},
     false},
    {"addhn2 v0.16b, v1.8h, v2.8h",
     0x4e224020,
     {.d = {0x5, 0x7}},
     {.d = {0xff01ff80000000, 0xff01ff80000000}},
     {.d = {0x1000180000000, 0x1000180000000}},
     {.d = {0x5, 0x102000001020000}},
     false},
    {"raddhn v0.4h, v1.4s, v2.4s",
     0x2e624020,
     {.d = {0xff, 0xff}},
     {.d = {0x7fff00008000, 0x7fff00008000}},
     {.d = {0x0, 0x0}},
     {.d = {0x100000001, 0x0}},
     false},
    {"uaddw v0.8h, v1.8h, v2.8b",
     0x2e221020,
     {.d = {0x0, 0x0}},
     {.d = {0x2, 0xffff000100010001}},
     {.d = {0xff01010101010101, 0x1}},
     {.d = {0x1000100010003, 0xfe000200020002}},
     false},
    {"pmul v0.8b, v1.8b, v2.8b",
     0x2e229c20,
     {.d = {0x0, 0x0}},
     {.d = {0xff03110000000000, 0xff03110000000000}},
     {.d = {0xff03110000000000, 0xff03110000000000}},
     {.d = {0x5505010000000000, 0x0}},
     false},
    {"pmull v0.8h, v1.8b, v2.8b",
     0x0e22e020,
     {.d = {0x0, 0x0}},
     {.d = {0xff03000000000000, 0x0}},
     {.d = {0xff03000000000000, 0x0}},
     {.d = {0x0, 0x5555000500000000}},
     false},
    {"suqadd v0.8b, v1.8b",
     0x0e203820,
     {.d = {0x7f80ff0000000000, 0x7f80ff0000000000}},
     {.d = {0xffff018000000000, 0xffff018000000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x7f7f007f00000000, 0x0}},
     true},
    {"usqadd v0.8b, v1.8b",
     0x2e203820,
     {.d = {0xff800100000000, 0xff800100000000}},
     {.d = {0xff01807f00000000, 0xff01807f00000000}},
     {.d = {0x0, 0x0}},
     {.d = {0xff008000000000, 0x0}},
     true},
    {"sqabs v0.16b, v1.16b",
     0x4e207820,
     {.d = {0x0, 0x0}},
     {.d = {0x80ff7f0000000000, 0x80ff7f0000000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x7f017f0000000000, 0x7f017f0000000000}},
     true},
    {"sqneg d0, d1",
     0x7ee07820,
     {.d = {0x1, 0x1}},
     {.d = {0x8000000000000000, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x7fffffffffffffff, 0x0}},
     true},
    {"abs v0.2d, v1.2d",
     0x4ee0b820,
     {.d = {0x0, 0x0}},
     {.d = {0xffffffffffffffff, 0x8000000000000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x1, 0x8000000000000000}},
     false},
    {"cls v0.8h, v1.8h",
     0x4e604820,
     {.d = {0x0, 0x0}},
     {.d = {0xffff0000c0003fff, 0xffff0000c0003fff}},
     {.d = {0x0, 0x0}},
     {.d = {0xf000f00010001, 0xf000f00010001}},
     false},
    {"clz v0.4s, v1.4s",
     0x6ea04820,
     {.d = {0x0, 0x0}},
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x200000001f, 0x200000001f}},
     false},
    {"cnt v0.8b, v1.8b",
     0x0e205820,
     {.d = {0x0, 0x0}},
     {.d = {0xff0f018000aa7f55, 0xff0f018000aa7f55}},
     {.d = {0x0, 0x0}},
     {.d = {0x804010100040704, 0x0}},
     false},
    {"rbit v0.8b, v1.8b",
     0x2e605820,
     {.d = {0x0, 0x0}},
     {.d = {0x1801248f0000000, 0x1801248f0000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x800148120f000000, 0x0}},
     false},
    {"rev64 v0.8h, v1.8h",
     0x4e600820,
     {.d = {0x0, 0x0}},
     {.d = {0x123456789abcdef, 0x123456789abcdef}},
     {.d = {0x0, 0x0}},
     {.d = {0xcdef89ab45670123, 0xcdef89ab45670123}},
     false},
    {"rev32 v0.8b, v1.8b",
     0x2e200820,
     {.d = {0x0, 0x0}},
     {.d = {0x123456789abcdef, 0x123456789abcdef}},
     {.d = {0x0, 0x0}},
     {.d = {0x67452301efcdab89, 0x0}},
     false},
    {"rev16 v0.16b, v1.16b",
     0x4e201820,
     {.d = {0x0, 0x0}},
     {.d = {0x123456789abcdef, 0x123456789abcdef}},
     {.d = {0x0, 0x0}},
     {.d = {0x23016745ab89efcd, 0x23016745ab89efcd}},
     false},
    {"saddlp v0.4h, v1.8b",
     0x0e202820,
     {.d = {0x0, 0x0}},
     {.d = {0x80807f7fff010000, 0x80807f7fff010000}},
     {.d = {0x0, 0x0}},
     {.d = {0xff0000fe00000000, 0x0}},
     false},
    {"uadalp v0.4h, v1.8b",
     0x2e206820,
     {.d = {0x1, 0x1}},
     {.d = {0xffff000000000001, 0xffff000000000001}},
     {.d = {0x0, 0x0}},
     {.d = {0x1fe000000000002, 0x0}},
     false},
    {"sqxtn v0.8b, v1.8h",
     0x0e214820,
     {.d = {0x0, 0x0}},
     {.d = {0x100ffff00, 0x7fff8000007fff80}},
     {.d = {0x0, 0x0}},
     {.d = {0x7f807f8000017f80, 0x0}},
     true},
    {"sqxtun2 v0.8h, v1.4s",
     0x6e612820,
     {.d = {0x4, 0x3}},
     {.d = {0x10000ffff, 0xffffffff00010000}},
     {.d = {0x0, 0x0}},
     {.d = {0x4, 0xffff0001ffff}},
     true},
    {"uqxtn b0, h1",
     0x7e214820,
     {.d = {0x5, 0x5}},
     {.d = {0x100, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0xff, 0x0}},
     true},
    {"xtn v0.2s, v1.2d",
     0x0ea12820,
     {.d = {0x9, 0x9}},
     {.d = {0x300000004, 0x100000002}},
     {.d = {0x0, 0x0}},
     {.d = {0x200000004, 0x0}},
     false},
    {"shll v0.8h, v1.8b, #8",
     0x2e213820,
     {.d = {0x0, 0x0}},
     {.d = {0x8001000000000000, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x8000010000000000}},
     false},
    {"sshr v0.16b, v1.16b, #8",
     0x4f080420,
     {.d = {0x0, 0x0}},
     {.d = {0x80007f0000000000, 0x80007f0000000000}},
     {.d = {0x0, 0x0}},
     {.d = {0xff00000000000000, 0xff00000000000000}},
     false},
    {"ushr d0, d1, #64",
     0x7f400420,
     {.d = {0x5, 0x5}},
     {.d = {0xffffffffffffffff, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     false},
    {"ursra v0.4h, v1.4h, #16",
     0x2f103420,
     {.d = {0x1, 0x1}},
     {.d = {0x80007fff00000000, 0x80007fff00000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x1000000000001, 0x0}},
     false},
    {"sri v0.8b, v1.8b, #4",
     0x2f0c4420,
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x123456789abcdef, 0x123456789abcdef}},
     {.d = {0x0, 0x0}},
     {.d = {0xf0f2f4f6f8fafcfe, 0x0}},
     false},
    {"sri d0, d1, #64",
     0x7f404420,
     {.d = {0x1234, 0x5}},
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x0, 0x0}},
     {.d = {0x1234, 0x0}},
     false},
    {"sli v0.4s, v1.4s, #8",
     0x6f285420,
     {.d = {0xaa000000bb, 0xaa000000bb}},
     {.d = {0x1122334455667788, 0x1122334455667788}},
     {.d = {0x0, 0x0}},
     {.d = {0x223344aa667788bb, 0x223344aa667788bb}},
     false},
    {"shrn v0.8b, v1.8h, #4",
     0x0f0c8420,
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0xffff00f012345678}},
     {.d = {0x0, 0x0}},
     {.d = {0xff0f236700000000, 0x0}},
     false},
    {"rshrn2 v0.4s, v1.2d, #32",
     0x4f208c20,
     {.d = {0x7, 0x1}},
     {.d = {0x7fffffff, 0x80000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x7, 0x100000000}},
     false},
    {"sqshrun v0.8b, v1.8h, #1",
     0x2f0f8420,
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0xffff01fe020000ff}},
     {.d = {0x0, 0x0}},
     {.d = {0xffff7f00000000, 0x0}},
     true},
    {"sqrshrn h0, s1, #16",
     0x5f109c20,
     {.d = {0x1, 0x1}},
     {.d = {0x7fff8000, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x7fff, 0x0}},
     true},
    {"uqrshrn v0.2s, v1.2d, #1",
     0x2f3f9c20,
     {.d = {0x0, 0x0}},
     {.d = {0x1, 0x1ffffffff}},
     {.d = {0x0, 0x0}},
     {.d = {0xffffffff00000001, 0x0}},
     true},
    {"ushll2 v0.4s, v1.8h, #15",
     0x6f1fa420,
     {.d = {0x0, 0x0}},
     {.d = {0x5, 0xffff000100000002}},
     {.d = {0x0, 0x0}},
     {.d = {0x10000, 0x7fff800000008000}},
     false},
    {"addv b0, v1.16b",
     0x4e31b820,
     {.d = {0x5, 0x5}},
     {.d = {0xff00000000000000, 0x101010101010101}},
     {.d = {0x0, 0x0}},
     {.d = {0x7, 0x0}},
     false},
    {"uaddlv h0, v1.16b",
     0x6e303820,
     {.d = {0x5, 0x5}},
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x0, 0x0}},
     {.d = {0xff0, 0x0}},
     false},
    {"smaxv h0, v1.8h",
     0x4e70a820,
     {.d = {0x5, 0x5}},
     {.d = {0x0, 0x8000ffff00017ffe}},
     {.d = {0x0, 0x0}},
     {.d = {0x7ffe, 0x0}},
     false},
    {"sminv s0, v1.4s",
     0x4eb1a820,
     {.d = {0x5, 0x5}},
     {.d = {0xffffffff00000000, 0x180000000}},
     {.d = {0x0, 0x0}},
     {.d = {0x80000000, 0x0}},
     false},
    {"umaxp v0.16b, v1.16b, v2.16b",
     0x6e22a420,
     {.d = {0x0, 0x0}},
     {.d = {0x90a0b0c0d0e0f10, 0x102030405060708}},
     {.d = {0x0, 0xfffe7f8000010203}},
     {.d = {0x20406080a0c0e10, 0xff80010300000000}},
     false},
    {"addp v0.2s, v1.2s, v2.2s",
     0x0ea2bc20,
     {.d = {0x0, 0x0}},
     {.d = {0x300000004, 0x9}},
     {.d = {0x500000006, 0x9}},
     {.d = {0xb00000007, 0x0}},
     false},
    {"addp d0, v1.2d",
     0x5ef1b820,
     {.d = {0x0, 0x0}},
     {.d = {0x7, 0x5}},
     {.d = {0x0, 0x0}},
     {.d = {0xc, 0x0}},
     false},
    {"dup v0.4h, v1.h[5]",
     0x0e160420,
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0xabc0000}},
     {.d = {0x0, 0x0}},
     {.d = {0xabc0abc0abc0abc, 0x0}},
     false},
    {"dup d0, v1.d[1]",
     0x5e180420,
     {.d = {0x0, 0x0}},
     {.d = {0x7, 0x5}},
     {.d = {0x0, 0x0}},
     {.d = {0x5, 0x0}},
     false},
    {"mov v0.b[15], v1.b[1]",
     0x6e1f0c20,
     {.d = {0x22, 0x11}},
     {.d = {0xaa00, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0x22, 0xaa00000000000011}},
     false},
    {"movi v0.2d, #0xff00ff0000ff00ff",
     0x6f05e4a0,
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0xff00ff0000ff00ff, 0xff00ff0000ff00ff}},
     false},
    {"movi d0, #0xff",
     0x2f00e420,
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0xff, 0x0}},
     false},
    {"movi v0.4s, #0x12, msl #16",
     0x4f00d640,
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0x12ffff0012ffff, 0x12ffff0012ffff}},
     false},
    {"mvni v0.4h, #0x12, lsl #8",
     0x2f00a640,
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0xedffedffedffedff, 0x0}},
     false},
    {"orr v0.4s, #0x80, lsl #24",
     0x4f047400,
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0x8000000080000001, 0x8000000080000001}},
     false},
    {"bic v0.4h, #0xff, lsl #8",
     0x2f07b7e0,
     {.d = {0xffffffffffffffff, 0xffffffffffffffff}},
     {.d = {0x0, 0x0}},
     {.d = {0x0, 0x0}},
     {.d = {0xff00ff00ff00ff, 0x0}},
     false},
    {"bsl v0.8b, v1.8b, v2.8b",
     0x2e621c20,
     {.d = {0xff00ff00f0f00f0f, 0xff00ff00f0f00f0f}},
     {.d = {0x1111111111111111, 0x1111111111111111}},
     {.d = {0x2222222222222222, 0x2222222222222222}},
     {.d = {0x1122112212122121, 0x0}},
     false},
    {"bit v0.8b, v1.8b, v2.8b",
     0x2ea21c20,
     {.d = {0x3333333333333333, 0x3333333333333333}},
     {.d = {0x1111111111111111, 0x1111111111111111}},
     {.d = {0xff00ff00f0f00f0f, 0xff00ff00f0f00f0f}},
     {.d = {0x1133113313133131, 0x0}},
     false},
    {"bif v0.8b, v1.8b, v2.8b",
     0x2ee21c20,
     {.d = {0x3333333333333333, 0x3333333333333333}},
     {.d = {0x1111111111111111, 0x1111111111111111}},
     {.d = {0xff00ff00f0f00f0f, 0xff00ff00f0f00f0f}},
     {.d = {0x3311331131311313, 0x0}},
     false},
    {"zip1 v0.8b, v1.8b, v2.8b",
     0x0e023820,
     {.d = {0x0, 0x0}},
     {.d = {0x706050403020100, 0x706050403020100}},
     {.d = {0x1716151413121110, 0x1716151413121110}},
     {.d = {0x1303120211011000, 0x0}},
     false},
    {"uzp2 v0.8h, v1.8h, v2.8h",
     0x4e425820,
     {.d = {0x0, 0x0}},
     {.d = {0x3000200010000, 0x7000600050004}},
     {.d = {0x13001200110010, 0x17001600150014}},
     {.d = {0x7000500030001, 0x17001500130011}},
     false},
    {"trn2 v0.2d, v1.2d, v2.2d",
     0x4ec26820,
     {.d = {0x0, 0x0}},
     {.d = {0x2, 0x1}},
     {.d = {0x4, 0x3}},
     {.d = {0x1, 0x3}},
     false},
    {"ext v0.16b, v1.16b, v2.16b, #3",
     0x6e021820,
     {.d = {0x0, 0x0}},
     {.d = {0x706050403020100, 0xf0e0d0c0b0a0908}},
     {.d = {0x1716151413121110, 0x1f1e1d1c1b1a1918}},
     {.d = {0xa09080706050403, 0x1211100f0e0d0c0b}},
     false},
    {"ext v0.8b, v1.8b, v2.8b, #7",
     0x2e023820,
     {.d = {0x0, 0x0}},
     {.d = {0x706050403020100, 0x1}},
     {.d = {0x1716151413121110, 0x1}},
     {.d = {0x1615141312111007, 0x0}},
     false},
    {"tbx v0.8b, {v1.16b}, v2.8b",
     0x0e021020,
     {.d = {0x1122334455667788, 0x1122334455667788}},
     {.d = {0x706050403020100, 0xf0e0d0c0b0a0908}},
     {.d = {0x10ff0f01020304, 0x0}},
     {.d = {0x22330f01020304, 0x0}},
     false},
    {"mul v0.4s, v1.4s, v2.s[3]",
     0x4fa28820,
     {.d = {0x0, 0x0}},
     {.d = {0x200000003, 0x200000003}},
     {.d = {0x0, 0x700000005}},
     {.d = {0xe00000015, 0xe00000015}},
     false},
    {"mla v0.8h, v1.8h, v2.h[7]",
     0x6f720820,
     {.d = {0x1, 0x1}},
     {.d = {0x2000300040005, 0x2000300040005}},
     {.d = {0x0, 0x7000000000000}},
     {.d = {0xe0015001c0024, 0xe0015001c0024}},
     false},
    {"sqdmulh h0, h1, v2.h[4]",
     0x5f42c820,
     {.d = {0x0, 0x0}},
     {.d = {0x8000, 0x8000}},
     {.d = {0x0, 0x8000}},
     {.d = {0x7fff, 0x0}},
     true},
    {"umlal2 v0.2d, v1.4s, v2.s[1]",
     0x6fa22020,
     {.d = {0x1, 0x1}},
     {.d = {0x0, 0xffffffff00000002}},
     {.d = {0x300000000, 0x0}},
     {.d = {0x7, 0x2fffffffe}},
     false},
    {"sdot v0.2s, v1.8b, v2.8b",
     0x0e829420,
     {.d = {0x100000001, 0x100000001}},
     {.d = {0x80808080ff010203, 0x80808080ff010203}},
     {.d = {0x8080808001020304, 0x8080808001020304}},
     {.d = {0x1000100000014, 0x0}},
     false},
    {"udot v0.4s, v1.16b, v2.4b[1]",
     0x6fa2e020,
     {.d = {0x0, 0x0}},
     {.d = {0x101010102020202, 0x101010102020202}},
     {.d = {0x1020304ffffffff, 0x0}},
     {.d = {0xa00000014, 0xa00000014}},
     false},
    {"usdot v0.2s, v1.8b, v2.8b",
     0x0e829c20,
     {.d = {0x0, 0x0}},
     {.d = {0xff000000ff000000, 0xff000000ff000000}},
     {.d = {0xff0000007f000000, 0xff0000007f000000}},
     {.d = {0xffffff0100007e81, 0x0}},
     false},
    {"usdot v0.4s, v1.16b, v2.4b[3]",
     0x4fa2f820,
     {.d = {0x0, 0x1}},
     {.d = {0xff00000000000001, 0x200}},
     {.d = {0x1, 0xff00000100000000}},
     {.d = {0xffffff0100000001, 0x1}},
     false},
    {"sudot v0.2s, v1.8b, v2.4b[1]",
     0x0f22f020,
     {.d = {0x1, 0x1}},
     {.d = {0xff000000000000ff, 0x1}},
     {.d = {0xff0000ff00000000, 0x0}},
     {.d = {0xffffff01ffffff02, 0x0}},
     false},
    {"smmla v0.4s, v1.16b, v2.16b",  // rows (-1, 2), (3, 0); columns (-128, 1), (127, -1)
     0x4e82a420,
     {.d = {0x1, 0x0}},
     {.d = {0x2000000000000ff, 0x3}},
     {.d = {0x100000000000080, 0xff0000000000007f}},
     {.d = {0xffffff7f00000083, 0x17dfffffe80}},
     false},
    {"ummla v0.4s, v1.16b, v2.16b",
     0x6e82a420,
     {.d = {0x1, 0x0}},
     {.d = {0x2000000000000ff, 0x3}},
     {.d = {0x100000000000080, 0xff0000000000007f}},
     {.d = {0x807f00007f83, 0x17d00000180}},
     false},
    {"usmmla v0.4s, v1.16b, v2.16b",
     0x4e82ac20,
     {.d = {0x1, 0x0}},
     {.d = {0x2000000000000ff, 0x3}},
     {.d = {0x100000000000080, 0xff0000000000007f}},
     {.d = {0x7e7fffff8083, 0x17dfffffe80}},
     false},
    {"bfdot v0.2s, v1.4h, v2.4h",  // 1 + 1*2 + 2*3, 0 + 4*1 + 0*0
     0x2e42fc20,
     {.d = {0x3f800000, 0x1}},
     {.d = {0x0000408040003f80, 0x3f803f803f803f80}},
     {.d = {0x00003f8040404000, 0x3f803f803f803f80}},
     {.d = {0x4080000041100000, 0x0}},
     false},
    {"bfdot v0.4s, v1.8h, v2.2h[3]",  // (2, 1) with each pair
     0x4f62f820,
     {.d = {0x0, 0x3f80000000000000}},
     {.d = {0x0000408040003f80, 0x3f80000000003f80}},
     {.d = {0x0, 0x3f80400000000000}},
     {.d = {0x4100000040800000, 0x4000000040000000}},
     false},
    {"bfmmla v0.4s, v1.8h, v2.8h",  // rows (1, 2, 3, 4), (1, 0, 0, 2); columns (1, 1, 1, 1), (2, 0, 0, 1)
     0x6e42ec20,
     {.d = {0x3f800000, 0x0}},
     {.d = {0x4080404040003f80, 0x4000000000003f80}},
     {.d = {0x3f803f803f803f80, 0x3f80000000004000}},
     {.d = {0x40c0000041300000, 0x4080000040400000}},
     false},
    {"bfmlalb v0.4s, v1.8h, v2.8h",  // even elements
     0x2ec2fc20,
     {.d = {0x3f800000, 0x0}},
     {.d = {0x7f8040007f804000, 0x7f803f807f800000}},
     {.d = {0x7f8040407f804000, 0x7f803f807f803f80}},
     {.d = {0x40c0000040a00000, 0x3f80000000000000}},
     false},
    {"bfmlalt v0.4s, v1.8h, v2.h[2]",  // odd elements times 2
     0x4fe2f020,
     {.d = {0x3f800000, 0x0}},
     {.d = {0x40007f8040007f80, 0x3f807f8000007f80}},
     {.d = {0x7f8040007f807f80, 0x7f807f807f807f80}},
     {.d = {0x4080000040a00000, 0x4000000000000000}},
     false},
    {"bfmlalb v0.4s, v1.8h, v2.h[5]",
     0x0fd2f820,
     {.d = {0x0, 0x0}},
     {.d = {0x7f803f807f803f80, 0x7f803f807f800000}},
     {.d = {0x7f807f807f807f80, 0x7f807f804000ff80}},
     {.d = {0x4000000040000000, 0x4000000000000000}},
     false},
    {"bfcvt h0, s1",
     0x1e634020,
     {.d = {0x1, 0x1}},
     {.d = {0x7f7f7f7f3f818000, 0x1}},
     {.d = {0x0, 0x0}},
     {.d = {0x3f82, 0x0}},
     false},
    {"bfcvtn v0.4h, v1.4s",
     0x0ea16820,
     {.d = {0x1, 0x1}},
     {.d = {0x3f8180003f808000, 0x800000007f800001}},
     {.d = {0x0, 0x0}},
     {.d = {0x80007fc03f823f80, 0x0}},
     false},
    {"bfcvtn2 v0.8h, v1.4s",
     0x4ea16820,
     {.d = {0x1, 0x1}},
     {.d = {0x3f8180003f808000, 0x800000007f800001}},
     {.d = {0x0, 0x0}},
     {.d = {0x1, 0x80007fc03f823f80}},
     false},
};

static void test_cases(void **state) {
    Bench *b = *state;
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        b->cpu.v[0] = cases[i].d;
        b->cpu.v[1] = cases[i].n;
        b->cpu.v[2] = cases[i].m;
        b->cpu.sys.FPSR = 0;
        execute(b, cases[i].word);
        V128 r = b->cpu.v[0];
        bool qc = b->cpu.sys.FPSR >> 27 & 1;
        if (r.q == cases[i].expected.q && qc == cases[i].qc) continue;
        print_error("%s: %016llx:%016llx QC=%d\n", cases[i].name, (unsigned long long)r.d[1],
                    (unsigned long long)r.d[0], qc);
        failed++;
    }
    assert_int_equal(failed, 0);
}

// QC is cumulative: an operation that does not saturate leaves it.
static void test_qc_stays(void **state) {
    Bench *b = *state;
    b->cpu.sys.FPSR = 1u << 27;
    execute(b, 0x4e220c20);  // sqadd v0.16b, v1.16b, v2.16b
    assert_true(b->cpu.sys.FPSR >> 27 & 1);
}

static const struct {
    const char *name;
    u32 word;
} undefined[] = {
    {"add v0.1d", 0x0ee28420},
    {"mul v0.2d", 0x4ee29c20},
    {"shadd v0.2d", 0x4ee20420},
    {"zip1 v0.1d", 0x0ec23820},
    {"addv of 2s", 0x0eb1b820},
    {"addv of 2d", 0x4ef1b820},
    {"ext v0.8b, #8", 0x2e024020},
    {"dup v0.1d", 0x0e080420},
    {"dup, imm5 = 10000", 0x4e100420},
    {"dup, imm5 = 0", 0x4e000420},
    {"sshr v0.1d", 0x0f7f0420},
    {"sshr h0", 0x5f1f0420},
    {"ld2 of 1d", 0x0c408c20},
    {"rev64 v0.2d", 0x4ee00820},
    {"xtn to 64 bits", 0x0ee12820},
    {"pmul v0.8h", 0x6e629c20},
    {"cmgt s0", 0x5ea23420},
    {"sqdmulh v0.16b", 0x4e22b420},
    {"sqdmulh v0.2d", 0x4ee2b420},
    {"ld1 .d with S", 0x4d409420},
    {"ld1 .d, size 2", 0x4d408820},
    {"ld1 .h, size 1", 0x4d404420},
    {"st1r", 0x4d00c820},
    {"ld1r with S", 0x4d40d820},
    {"shrn from 128 bits", 0x0f7f8420},
    {"sqshrun d0", 0x7f7f8420},
    {"smov w1, v2.s", 0x0e042c41},
    {"umov w1, v2.d", 0x0e083c41},
    {"umov x1, v2.s", 0x4e043c41},
    {"sdot, size 3", 0x4ec29420},
    {"bfmmla v0.2s", 0x2e42ec20},
    {"smmla v0.2s", 0x0e82a420},
    {"mul by element, size 3", 0x4fe28820},
    {"mul by element, size 0", 0x4f028820},
    {"ld1 without offset, Rm = 1", 0x4c417020},
    {"ld, opcode 0001", 0x4c401020},
    {"ins with Q = 0", 0x0e011c20},
    {"ins element with Q = 0", 0x2e010420},
};

static void test_undefined(void **state) {
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(undefined); i++) {
        Op op;
        const DecodeRow *row = decode_row(all_features, undefined[i].word, 0, &op);
        if (!row && op.id == OP_UNDEFINED) continue;
        print_error("%s is decoded as %s\n", undefined[i].name, row ? row->name : "?");
        failed++;
    }
    assert_int_equal(failed, 0);
}

static void test_features(void **state) {
    (void)state;
    static const struct {
        u32 word;
        enum Feature feature;
    } rows[] = {
        {0x4e284820, FEAT_AES},     {0x0ee2e020, FEAT_PMULL},  {0x5e020020, FEAT_SHA1},
        {0x5e024020, FEAT_SHA256},  {0xce628020, FEAT_SHA512}, {0xce020c20, FEAT_SHA3},
        {0xce62c020, FEAT_SM3},     {0xcec08420, FEAT_SM4},    {0x6e428420, FEAT_RDM},
        {0x4e829420, FEAT_DotProd}, {0x4e829c20, FEAT_I8MM},   {0x4e82a420, FEAT_I8MM},
        {0x2e42fc20, FEAT_BF16},    {0x6e42ec20, FEAT_BF16},   {0x0ea16820, FEAT_BF16},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        u64 features[2] = {0};
        Op op;
        assert_null(decode_row(features, rows[i].word, 0, &op));
        features[rows[i].feature / 64] |= 1ull << (rows[i].feature % 64);
        assert_non_null(decode_row(features, rows[i].word, 0, &op));
    }
}

// Each destination equal to each source gives the same as separate registers.
static void test_destination_is_source(void **state) {
    Bench *b = *state;
    V128 n = {.d = {0x0123456789abcdef, 0xfedcba9876543210}}, m = {.d = {0x0f1e2d3c4b5a6978, 3}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        u32 word = cases[i].word;
        bool immediate = (word >> 24 & 15) == 15;       // or by element: bits 20:16 are not Rm
        if (immediate && !(word >> 19 & 15)) continue;  // MOVI: no source
        for (unsigned which = 0; which < 2; which++) {
            if (which && immediate) continue;
            if ((word >> (which ? 16 : 5) & 31) != (which ? 2u : 1u)) continue;
            V128 old = which ? m : n;
            b->cpu.v[0] = old, b->cpu.v[1] = n, b->cpu.v[2] = m;
            execute(b, word);
            V128 apart = b->cpu.v[0];
            b->cpu.v[0] = old, b->cpu.v[1] = n, b->cpu.v[2] = m;
            u32 aliased = which ? (word & ~(31u << 16)) : (word & ~(31u << 5));
            execute(b, aliased);
            assert_int_equal(b->cpu.v[0].d[0], apart.d[0]);
            assert_int_equal(b->cpu.v[0].d[1], apart.d[1]);
        }
    }
}

static void test_table_lookup(void **state) {
    Bench *b = *state;
    for (unsigned i = 0; i < 16; i++) {
        b->cpu.v[31].b[i] = (u8)i;
        b->cpu.v[0].b[i] = (u8)(16 + i);
        b->cpu.v[2].b[i] = (u8)(i * 3);
    }
    execute(b, 0x4e0223e0);  // tbl v0.16b, {v31.16b, v0.16b}, v2.16b
    for (unsigned i = 0; i < 16; i++) assert_int_equal(b->cpu.v[0].b[i], i * 3 < 32 ? i * 3 : 0);
}

static void test_general_registers(void **state) {
    Bench *b = *state;
    b->cpu.v[2] = (V128){.d = {0x80ff7f01, 0x8000000000000000}};
    execute(b, 0x0e072c41);  // smov w1, v2.b[3]
    assert_int_equal(b->cpu.x[1], 0xffffff80);
    execute(b, 0x4e072c41);  // smov x1, v2.b[3]
    assert_int_equal(b->cpu.x[1], 0xffffffffffffff80);
    execute(b, 0x0e053c41);  // umov w1, v2.b[2]
    assert_int_equal(b->cpu.x[1], 0xff);
    execute(b, 0x4e183c41);  // mov x1, v2.d[1]
    assert_int_equal(b->cpu.x[1], 0x8000000000000000);
    b->cpu.x[1] = 0x1234567890abcdef;
    execute(b, 0x4e0e1c22);  // mov v2.h[3], w1
    assert_int_equal(b->cpu.v[2].d[0], 0xcdef000080ff7f01);
    execute(b, 0x0e040c20);  // dup v0.2s, w1
    assert_int_equal(b->cpu.v[0].d[0], 0x90abcdef90abcdef);
    assert_int_equal(b->cpu.v[0].d[1], 0);
}

static void test_structures(void **state) {
    Bench *b = *state;
    u64 base = (u64)(uintptr_t)b->memory + 5;
    for (unsigned i = 0; i < 256; i++) b->memory[i] = (u8)i;
    b->cpu.x[1] = base;
    b->cpu.x[2] = 100;
    memset(b->cpu.v, 0xff, sizeof b->cpu.v);
    execute(b, 0x0cdf403f);  // ld3 {v31.8b, v0.8b, v1.8b}, [x1], #24
    assert_int_equal(b->cpu.x[1], base + 24);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(b->cpu.v[31].b[i], 5 + 3 * i);
        assert_int_equal(b->cpu.v[0].b[i], 6 + 3 * i);
        assert_int_equal(b->cpu.v[1].b[i], 7 + 3 * i);
    }
    assert_int_equal(b->cpu.v[0].d[1], 0);
    execute(b, 0x4c827820);  // st1 {v0.4s}, [x1], x2
    assert_int_equal(b->cpu.x[1], base + 124);
    assert_memory_equal(b->memory + 29, &b->cpu.v[0], 16);
    execute(b, 0x4d60c820);  // ld2r {v0.4s, v1.4s}, [x1]
    assert_int_equal(b->cpu.v[0].s[3], 0x84838281);
    assert_int_equal(b->cpu.v[1].s[0], 0x88878685);
    execute(b, 0x4dff5820);  // ld2 {v0.h, v1.h}[7], [x1], #4
    assert_int_equal(b->cpu.v[0].s[3], 0x82818281);
    assert_int_equal(b->cpu.v[1].s[3], 0x84838685);
    assert_int_equal(b->cpu.x[1], base + 128);
    execute(b, 0x4c000820);  // st4 {v0.4s-v3.4s}, [x1]
    for (unsigned i = 0; i < 16; i++)
        assert_memory_equal(b->memory + 133 + 4 * i, &b->cpu.v[i % 4].s[i / 4], 4);
}

// --- whole vectors (simd_fast.c) and the functions of one lane -------------------------------------
static u64 random_bits(void) {
    static u64 seed = 88172645463325252ull;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}
// Lanes of all kinds, the extreme ones often.
static V128 random_vector(unsigned size) {
    V128 v;
    for (unsigned i = 0; i < 16u >> size; i++) {
        u64 r = random_bits(), top = 1ull << ((8 << size) - 1), few = (r >> 8) % 3;
        lane_put(&v, size, i, r & 4 ? r >> 16 : (r & 8 ? top : 0) + (r & 16 ? few : 0 - few));
    }
    return v;
}

// The results and QC of two ways must be the same.
typedef struct Outcome {
    V128 d;
    u64 fpsr;
} Outcome;
static Outcome outcome(Cpu *cpu, V128 d) {
    Outcome o = {d, cpu->sys.FPSR};
    cpu->sys.FPSR = 0;
    return o;
}
#define SAME(fast, slow) \
    do { \
        r = d; \
        slow; \
        Outcome want = outcome(cpu, r); \
        r = d; \
        fast; \
        Outcome got = outcome(cpu, r); \
        if (memcmp(&want.d, &got.d, 16) || want.fpsr != got.fpsr) \
            fail_msg("%s: size %u, u %u, form %u", #fast, size, u, (unsigned)form); \
    } while (0)

static void whole_vectors(void **state) {
    Cpu *cpu = &((Bench *)*state)->cpu;
    static const struct {
        SimdBinary op;
        LaneFn *lane;
        unsigned sizes;
    } same[] =
        {
            {SIMD_HADD, lane_hadd, 3}, {SIMD_RHADD, lane_rhadd, 3}, {SIMD_HSUB, lane_hsub, 3},
            {SIMD_QADD, lane_qadd, 4}, {SIMD_QSUB, lane_qsub, 4},   {SIMD_ABD, lane_abd, 3},
            {SIMD_ABA, lane_aba, 3},   {SIMD_MUL, lane_mul, 3},     {SIMD_MLA, lane_mla, 3},
            {SIMD_MLS, lane_mls, 3},   {SIMD_SUB, lane_sub, 4},
        },
      widening[] = {
          {SIMD_ADD, lane_add, 3}, {SIMD_SUB, lane_sub, 3}, {SIMD_ABD, lane_abd, 3},
          {SIMD_ABA, lane_aba, 3}, {SIMD_MUL, lane_mul, 3}, {SIMD_MLA, lane_mla, 3},
          {SIMD_MLS, lane_mls, 3},
      };
    cpu->sys.FPSR = 0;
    for (int i = 0; i < 50000; i++) {
        unsigned size = i & 3, u = i >> 2 & 1;
        u64 form = (u64[]){FORM_D, FORM_Q, FORM_SCALAR}[i / 8 % 3];
        V128 d = random_vector(size), n = random_vector(size), m = random_vector(size), r;
        for (unsigned j = 0; j < sizeof same / sizeof same[0]; j++)
            if (size < same[j].sizes)
                SAME(simd_binary(cpu, same[j].op, &r, &n, &m, u, size, form),
                     simd_same(cpu, same[j].lane, &r, &n, &m, u, size, form));
        V128 counts = m;
        for (unsigned j = 0; j < 16; j++)
            if (random_bits() & 1) counts.sb[j] = (i8)((int)(random_bits() % 140) - 70);
        SAME(simd_shift_register(cpu, &r, &n, &counts, u, size, form, false, false),
             simd_same(cpu, lane_shl, &r, &n, &counts, u, size, form));
        SAME(simd_shift_register(cpu, &r, &n, &counts, u, size, form, true, false),
             simd_same(cpu, lane_rshl, &r, &n, &counts, u, size, form));
        SAME(simd_shift_register(cpu, &r, &n, &counts, u, size, form, false, true),
             simd_same(cpu, lane_qshl, &r, &n, &counts, u, size, form));
        SAME(simd_shift_register(cpu, &r, &n, &counts, u, size, form, true, true),
             simd_same(cpu, lane_qrshl, &r, &n, &counts, u, size, form));
        unsigned imm7 = (8u << size) + (unsigned)(random_bits() % (8u << size));
        SAME(simd_shift_right(cpu, &r, &n, u, imm7, form, false, true),
             simd_shift(cpu, lane_sra, false, &r, &n, u, imm7, form));
        SAME(simd_shift_right(cpu, &r, &n, u, imm7, form, true, false),
             simd_shift(cpu, lane_rshift, false, &r, &n, u, imm7, form));
        SAME(simd_shift_right(cpu, &r, &n, u, imm7, form, true, true),
             simd_shift(cpu, lane_rsra, false, &r, &n, u, imm7, form));
        if (size == 1 || size == 2) {
            SAME(simd_multiply_high(cpu, &r, &n, &m, size, form, false),
                 simd_same(cpu, lane_sqdmulh, &r, &n, &m, 0, size, form));
            SAME(simd_multiply_high(cpu, &r, &n, &m, size, form, true),
                 simd_same(cpu, lane_sqrdmulh, &r, &n, &m, 0, size, form));
        }
        if (size == 3) continue;
        // Wide lanes with extreme values, too.
        V128 w = random_vector(size + 1), x = random_vector(size + 1);
        if (form != FORM_SCALAR) {
            unsigned q = form == FORM_Q;
            for (unsigned j = 0; j < sizeof widening / sizeof widening[0]; j++)
                SAME(simd_widening(widening[j].op, &r, &n, &m, u, size, q),
                     simd_long(cpu, widening[j].lane, &r, &n, &m, u, size, form));
            SAME(simd_add_wide(SIMD_ADD, &r, &w, &m, u, size, q),
                 simd_wide(cpu, lane_add, &r, &w, &m, u, size, form));
            SAME(simd_add_wide(SIMD_SUB, &r, &w, &m, u, size, q),
                 simd_wide(cpu, lane_sub, &r, &w, &m, u, size, form));
            LaneFn *const high[] = {lane_addhn, lane_raddhn, lane_subhn, lane_rsubhn};
            for (unsigned j = 0; j < 4; j++)
                SAME(simd_add_high(&r, &w, &x, size, q, j >> 1, j & 1),
                     simd_narrow(cpu, high[j], &r, &w, &x, 0, size, form));
        }
        if (u)
            for (int k = 0; k < 16; k++) w.b[k] ^= i & 64 ? 0 : w.b[k ^ 1];
        unsigned right = (16u << size) - imm7;
        SAME(simd_saturate_narrow(cpu, &r, &w, size, u, u, 0, false, form),
             simd_narrow(cpu, lane_qxtn, &r, &w, NULL, u, size, form));
        SAME(simd_saturate_narrow(cpu, &r, &w, size, false, true, 0, false, form),
             simd_narrow(cpu, lane_sqxtun, &r, &w, NULL, 0, size, form));
        SAME(simd_saturate_narrow(cpu, &r, &w, size, u, u, right, false, form),
             simd_shift_narrow(cpu, lane_qshrn, &r, &w, u, imm7, form));
        SAME(simd_saturate_narrow(cpu, &r, &w, size, u, u, right, true, form),
             simd_shift_narrow(cpu, lane_qrshrn, &r, &w, u, imm7, form));
        SAME(simd_saturate_narrow(cpu, &r, &w, size, false, true, right, false, form),
             simd_shift_narrow(cpu, lane_sqshrun, &r, &w, 0, imm7, form));
        SAME(simd_saturate_narrow(cpu, &r, &w, size, false, true, right, true, form),
             simd_shift_narrow(cpu, lane_sqrshrun, &r, &w, 0, imm7, form));
    }
}

// Permutes, sums across and of neighbours, against the lanes that the manual names.
static void permutes(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        unsigned size = i & 3, u = i >> 2 & 1, q = size == 3 ? 1 : i >> 3 & 1;
        unsigned count = (q ? 16u : 8u) >> size, part = i >> 4 & 1;
        V128 d = random_vector(size), n = random_vector(size), m = random_vector(size), r;
        for (Permute op = UZP; op <= ZIP; op++) {
            V128 want = {.q = 0};
            for (unsigned k = 0; k < count; k++) {
                unsigned from = op == UZP   ? 2 * k + part
                                : op == TRN ? (k & ~1u) + part + (k & 1) * count
                                            : part * (count / 2) + k / 2 + (k & 1) * count;
                lane_put(&want, size, k, lane_get(from < count ? &n : &m, size, from % count));
            }
            simd_permute(&r, &n, &m, op, part, size, q);
            assert_memory_equal(&r, &want, 16);
        }
        if (size == 3) continue;
        i64 sum = 0, max = INT64_MIN, min = INT64_MAX;
        V128 pairs = {.q = 0};
        for (unsigned k = 0; k < count; k++) {
            u64 bits = lane_get(&n, size, k);
            i64 x = u ? (i64)bits : sext(bits, 8u << size);
            sum += x, max = MAX(max, x), min = MIN(min, x);
            lane_put(&pairs, size + 1, k / 2, lane_get(&pairs, size + 1, k / 2) + (u64)x);
        }
        simd_across(&r, &n, ACROSS_ADDL, u, size, q);
        assert_int_equal(r.d[0], (u64)sum & ones(16u << size));
        simd_across(&r, &n, ACROSS_ADD, u, size, q);
        assert_int_equal(r.d[0], (u64)sum & ones(8u << size));
        simd_across(&r, &n, ACROSS_MAX, u, size, q);
        assert_int_equal(r.d[0], (u64)max & ones(8u << size));
        simd_across(&r, &n, ACROSS_MIN, u, size, q);
        assert_int_equal(r.d[0], (u64)min & ones(8u << size));
        simd_addlp(&r, &n, u, size, q, false);
        assert_memory_equal(&r, &pairs, 16);
        for (unsigned k = 0; k < count / 2; k++)
            lane_put(&pairs, size + 1, k,
                     lane_get(&pairs, size + 1, k) + lane_get(&d, size + 1, k));
        r = d;
        simd_addlp(&r, &n, u, size, q, true);
        assert_memory_equal(&r, &pairs, 16);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_vectors),
        cmocka_unit_test(permutes),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_qc_stays),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_destination_is_source),
        cmocka_unit_test(test_table_lookup),
        cmocka_unit_test(test_general_registers),
        cmocka_unit_test(test_structures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
