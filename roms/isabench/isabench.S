// Loops of one class of instructions, to measure how many of them a simulator executes in a second.
// The class (its place in the list below, from 0) is the 64-bit word at 0x44000000, the number of instructions that at
// 0x44000008. Whole rounds of the class are executed, as many as are needed; then the rom prints "done" and powers off.
// Every word of a round is executed once, so a round has as many instructions as words.
//
// Runs at EL2 with translation on (cached memory, identity), because exclusives and memory tagging need it and because
// code seldom runs without. Floating-point operands are ordinary numbers, most results inexact; a round starts with the
// same operands again, so they stay so.
//
// tools/bench and the test read the lines "class NAME, "TEXT" [, GOAL]".
    .arch   armv8.6-a+crypto+fp16+fp16fml+sha3+memtag+dotprod+i8mm+bf16

// class NAME, "TEXT" [, OPERANDS [, SCTLR]]: v0 to v15 and v16 to v31 start as the 256 bytes at OPERANDS, SCTLR are more
// bits of SCTLR_EL2.
.macro class name, text, operands=integers, sctlr=0
    .pushsection .rodata.classes, "a"
    .quad   \name, \name\()_end, \operands, \sctlr
    .popsection
    .balign 64
\name:
.endm
.macro endclass name
    subs    x0, x0, #1
    b.ne    \name
\name\()_end:
    b       finish
.endm

    .section .text.start, "ax"
    .global _start
_start:
    adr     x1, vectors
    msr     vbar_el2, x1
    mov     x1, #0x33ff                 // CPTR_EL2: RES1 bits, no trap of floating point
    msr     cptr_el2, x1
    ldr     x1, =0x00f0ff00             // MAIR: 0 device, 1 write-back, 2 the same, tagged
    msr     mair_el2, x1
    ldr     x1, =0x80923519             // TCR_EL2: 39 bits of VA, 4 KB, write-back; 36 bits of PA; TBI
    msr     tcr_el2, x1
    adr     x1, table
    msr     ttbr0_el2, x1
    isb
    ldr     x1, =0x44000000
    ldp     x1, x4, [x1]                // class, instructions
    adr     x2, classes
    add     x1, x2, x1, lsl #5
    ldp     x5, x3, [x1]
    ldp     x6, x2, [x1, #16]
    ldr     x1, =0x30c51835             // SCTLR_EL2: RES1 bits, C, I, M
    orr     x1, x1, x2
    msr     sctlr_el2, x1
    isb
    sub     x3, x3, x5
    lsr     x3, x3, #2                  // instructions in a round
    add     x0, x4, x3
    sub     x0, x0, #1
    udiv    x0, x0, x3
    cbz     x0, finish
    mov     x16, x5
    ldp     q0, q1, [x6]
    ldp     q2, q3, [x6, #32]
    ldp     q4, q5, [x6, #64]
    ldp     q6, q7, [x6, #96]
    ldp     q8, q9, [x6, #128]
    ldp     q10, q11, [x6, #160]
    ldp     q12, q13, [x6, #192]
    ldp     q14, q15, [x6, #224]
    ldp     q16, q17, [x6]
    ldp     q18, q19, [x6, #32]
    ldp     q20, q21, [x6, #64]
    ldp     q22, q23, [x6, #96]
    ldp     q24, q25, [x6, #128]
    ldp     q26, q27, [x6, #160]
    ldp     q28, q29, [x6, #192]
    ldp     q30, q31, [x6, #224]
    ldr     x19, =0x41000000            // data
    ldr     x20, =0x81000000            // the same, tagged
    mov     sp, x19
    ldr     x2, =0x9e3779b97f4a7c15
    ldr     x3, =0xd1b54a32d192ed03
    mov     x4, #1000
    mov     x5, #77
    ldr     x6, =0x0123456789abcdef
    mov     x7, #-3
    mov     x8, #0x5555
    mov     x9, #12
    mov     x10, x2
    mov     x11, x3
    mov     x12, #64
    mov     x13, #8
    mov     x14, x6
    mov     x15, #1
    br      x16

finish:
    ldr     x1, =0x09000000
    mov     x2, #'d'
    str     w2, [x1]
    mov     x2, #'o'
    str     w2, [x1]
    mov     x2, #'n'
    str     w2, [x1]
    mov     x2, #'e'
    str     w2, [x1]
    mov     x2, #'\n'
    str     w2, [x1]
off:
    ldr     x0, =0x84000008             // PSCI SYSTEM_OFF
    smc     #0
    b       .
    .ltorg

// No exception is expected: off without "done".
    .balign 2048
vectors:
    .rept   16
    b       off
    .balign 128
    .endr

    .section .rodata
    .balign 16
integers:
    .rept   2
    .quad   0x0f1e2d3c4b5a6978, 0x8796a5b4c3d2e1f0, 0x9e3779b97f4a7c15, 0xd1b54a32d192ed03
    .quad   0x0001020304050607, 0x08090a0b0c0d0e0f, 0x1f03120705090b1d, 0x0110021304150617
    .quad   0xffeeddccbbaa9988, 0x7766554433221100, 0x2545f4914f6cdd1d, 0x369dea0f31a53f85
    .quad   0x0203010402030102, 0x01020301fefdff02, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb
    .endr
// Two of them are an ordinary double, too.
singles:
    .rept   4
    .float  3.14159, 2.71828, 1.1, 0.9, 0.333333, 1.7, 17.3, 5.55, 0.7, 1.41421, 0.66, 2.2, 1.0001, 0.9999, 12.34, 0.75
    .endr
halves:                                 // the singles, rounded
    .rept   8
    .hword  0x4248, 0x4170, 0x3c66, 0x3b33, 0x3555, 0x3ecd, 0x4c53, 0x458d
    .hword  0x399a, 0x3da8, 0x3948, 0x4066, 0x3c01, 0x3bff, 0x4a2b, 0x3a00
    .endr
    .section .rodata.classes, "a"
    .balign 8
classes:

    .data
    .balign 4096
table:                                  // level 1, blocks of 1 GB
    .quad   0x401                       // 0: device
    .quad   0x40000705                  // 0x40000000: write-back
    .quad   0x40000709                  // 0x80000000: the same memory, tagged
    .fill   509, 8, 0

    .text
// --- integer ----------------------------------------------------------------------------------------------
// A result is read before it is written again: a translator would leave out the others.
class alu, "integer add and logic"
    .rept   8
    add     x1, x1, x3
    sub     x4, x4, #5
    and     x6, x1, x4
    eor     x7, x7, x6
    orr     x8, x7, x3, lsl #3
    add     x9, x9, #16
    sub     w10, w10, w9
    bic     x11, x8, x6
    add     x12, x11, w10, uxtw
    eor     x13, x13, #0xff00ff00ff00ff00
    adds    x14, x12, x13
    orr     w1, w14, w1
    .endr
endclass alu

class shift, "shifts and bit fields"
    .rept   8
    lsl     x1, x14, #7
    lsr     x4, x3, #3
    asr     x5, x1, #9
    ubfx    x6, x4, #5, #20
    sbfx    x7, x5, #2, #9
    bfi     x8, x7, #12, #8
    extr    x9, x8, x6, #13
    lslv    x10, x3, x9
    rorv    x3, x10, x6
    rev     x12, x10
    clz     x13, x12
    rbit    x14, x13
    .endr
endclass shift

class select, "compares and selects"
    .rept   8
    cmp     x2, x3
    csel    x1, x4, x5, hi
    cset    w6, lt
    ccmp    x1, x6, #4, ne
    csinc   x7, x1, x6, ge
    adds    x8, x7, x2
    adc     x9, x3, x6
    tst     x9, #0xff
    csneg   x10, x9, x8, eq
    cmn     w10, #5
    cinv    x11, x7, mi
    adcs    x2, x11, x2
    .endr
endclass select

class mul, "multiply"
    .rept   8
    mul     x1, x2, x3
    madd    x4, x1, x5, x4
    msub    x6, x5, x3, x4
    smull   x7, w6, w2
    umull   x8, w3, w7
    umulh   x9, x2, x8
    smulh   x10, x9, x3
    mul     w11, w10, w2
    smaddl  x12, w11, w5, x12
    madd    w2, w3, w2, w12
    .endr
endclass mul

class div, "divide"
    .rept   8
    udiv    x1, x2, x4
    msub    x6, x1, x4, x2
    sdiv    x7, x3, x5
    add     x8, x6, x7
    udiv    w9, w8, w5
    sdiv    w10, w2, w4
    udiv    x11, x3, x2
    sub     x12, x10, x9
    sdiv    x13, x14, x12
    add     x2, x11, x13
    eor     x2, x2, x14
    .endr
endclass div

class crc32, "CRC32"
    .rept   8
    crc32x  w1, w1, x2
    crc32cx w4, w4, x3
    crc32w  w5, w1, w6
    crc32cb w7, w4, w8
    crc32h  w9, w9, w10
    crc32ch w11, w5, w7
    .endr
endclass crc32

// --- branches ---------------------------------------------------------------------------------------------
class branch, "branches"
    .rept   8
    cmp     x4, x5
    b.ne    2f
1:  tbz     x4, #0, 3f
2:  cbnz    x4, 1b
3:  cbz     x4, 1b
    b.hi    5f
4:  b       6f
5:  b       4b
6:  tbnz    w5, #0, 7f
7:  subs    x6, x5, #1
    b.eq    1b
    .endr
endclass branch

class call, "calls and returns"
    .rept   8
    bl      1f
    b       2f
1:  ret
2:  add     x4, x4, #1
    .endr
    adr     x8, 4f
    blr     x8
    b       6f
4:  adr     x9, 5f
    br      x9
5:  ret
6:
endclass call

// --- memory -----------------------------------------------------------------------------------------------
class ldst, "load and store X, W, byte"
    mov     x1, x19
    .rept   8
    ldr     x2, [x19, #8]
    str     x2, [x19, #16]
    ldr     x3, [x1], #24
    ldr     w4, [x19, x12]
    str     w4, [x1, #100]
    ldrb    w5, [x1, #33]
    strb    w5, [x19, #200]
    ldr     x6, [x19, x13, lsl #3]
    str     x6, [x1, #8]!
    ldrsw   x7, [x1, #4]
    ldrh    w8, [x19, #50]
    str     x8, [x19, #1024]
    .endr
endclass ldst

class pair, "load and store pair"
    mov     x1, x19
    .rept   8
    ldp     x2, x3, [x19]
    stp     x2, x3, [x19, #32]
    ldp     x4, x5, [x1], #16
    stp     x4, x5, [x1, #64]
    ldp     w6, w7, [x19, #128]
    stp     x6, x7, [x1, #-16]!
    ldp     q0, q1, [x19, #64]
    stp     q0, q1, [x19, #256]
    .endr
endclass pair

class excl, "exclusives, acquire, release"
    mov     x1, x19
    .rept   8
    ldxr    x2, [x1]
    add     x2, x2, #1
    stxr    w3, x2, [x1]
    ldaxr   w4, [x1]
    stlxr   w5, w4, [x1]
    ldar    x6, [x1]
    stlr    x6, [x1]
    ldxp    x7, x8, [x1]
    stxp    w9, x7, x8, [x1]
    .endr
endclass excl

class lse, "atomics (LSE)"
    mov     x1, x19
    .rept   8
    ldadd   x15, x2, [x1]
    ldaddal w15, w3, [x1]
    swp     x2, x4, [x1]
    cas     x2, x15, [x1]
    ldset   x5, x6, [x1]
    ldclrl  x5, x7, [x1]
    ldeora  x5, x8, [x1]
    stadd   x15, [x1]
    ldumax  x9, x10, [x1]
    casal   w4, w11, [x1]
    .endr
endclass lse

// --- floating point ---------------------------------------------------------------------------------------
.macro fp_arithmetic t
    .irp    n, 0, 1, 2
    fmov    \t\()\n, \t\()16
    .endr
    .rept   6
    fadd    \t\()0, \t\()0, \t\()17
    fmul    \t\()3, \t\()18, \t\()1
    fsub    \t\()0, \t\()0, \t\()19
    fmadd   \t\()4, \t\()16, \t\()17, \t\()3
    fadd    \t\()5, \t\()4, \t\()0
    fmul    \t\()6, \t\()18, \t\()5
    fmsub   \t\()7, \t\()18, \t\()17, \t\()5
    fnmul   \t\()1, \t\()18, \t\()16
    fnmadd  \t\()2, \t\()17, \t\()19, \t\()2
    fsub    \t\()3, \t\()2, \t\()6
    .endr
.endm
class fp64, "FP double: add, multiply, fused", singles
    fp_arithmetic d
endclass fp64
class fp32, "FP single: add, multiply, fused", singles
    fp_arithmetic s
endclass fp32
class fp16, "FP half: add, multiply, fused", halves
    fp_arithmetic h
endclass fp16

.macro fp_divide t
    .rept   4
    fdiv    \t\()0, \t\()16, \t\()17
    fsqrt   \t\()1, \t\()18
    fdiv    \t\()2, \t\()0, \t\()19
    fsqrt   \t\()3, \t\()2
    fdiv    \t\()4, \t\()3, \t\()20
    .endr
.endm
class fpdiv, "FP double and single: divide, root", singles
    fp_divide d
    fp_divide s
endclass fpdiv
class fpdiv16, "FP half: divide, root", halves
    fp_divide h
endclass fpdiv16

.macro fp_compare t
    .rept   6
    fcmp    \t\()16, \t\()17
    fcsel   \t\()0, \t\()18, \t\()19, gt
    fmax    \t\()1, \t\()0, \t\()20
    fmin    \t\()2, \t\()1, \t\()16
    fabs    \t\()3, \t\()2
    fneg    \t\()4, \t\()3
    fcmpe   \t\()4, #0.0
    fccmp   \t\()3, \t\()16, #4, mi
    fmaxnm  \t\()5, \t\()4, \t\()19
    fmov    \t\()6, #1.5
    .endr
.endm
class fpcmp, "FP double and single: compare, min, max", singles
    fp_compare d
    fp_compare s
endclass fpcmp
class fpcmp16, "FP half: compare, min, max", halves
    fp_compare h
endclass fpcmp16

class fpcvt, "FP double and single: convert, round", singles
    .rept   6
    scvtf   d0, x4
    fcvtzs  x1, d16
    fcvt    s1, d17
    fcvt    d2, s1
    ucvtf   s3, w5
    fcvtzu  w2, s1
    frintm  d4, d18
    fcvtns  x3, d19
    frintx  s5, s1
    fcvtas  w7, s1
    frintz  d6, d2
    scvtf   d7, x7, #10
    fcvtms  x8, d20
    .endr
endclass fpcvt
class fpcvt16, "FP half: convert, round", halves
    .rept   6
    fcvt    s0, h16
    fcvt    h1, s0
    fcvt    d2, h17
    fcvt    h3, d2
    scvtf   h4, w5
    fcvtzs  w1, h18
    frintm  h5, h19
    .endr
endclass fpcvt16

// --- Advanced SIMD: floating point ------------------------------------------------------------------------
.macro vector_fp t, e
    mov     v0.16b, v16.16b
    mov     v1.16b, v17.16b
    mov     v2.16b, v18.16b
    .rept   6
    fadd    v0.\t, v0.\t, v17.\t
    fmul    v3.\t, v18.\t, v1.\t
    fsub    v0.\t, v0.\t, v19.\t
    fmla    v2.\t, v16.\t, v17.\t
    fmls    v2.\t, v18.\t, v19.\t
    fmul    v4.\t, v3.\t, v10.\e[1]
    fmla    v1.\t, v18.\t, v11.\e[0]
    fabd    v5.\t, v4.\t, v0.\t
    fneg    v6.\t, v5.\t
    faddp   v7.\t, v16.\t, v5.\t
    .endr
.endm
class vfp64, "SIMD 2 doubles: add, multiply, fused", singles
    vector_fp 2d, d
endclass vfp64
class vfp32, "SIMD 4 singles: add, multiply, fused", singles
    vector_fp 4s, s
endclass vfp32
class vfp16, "SIMD 8 halves: add, multiply, fused", halves
    vector_fp 8h, h
endclass vfp16

.macro vector_compare t
    .rept   6
    fcmgt   v0.\t, v16.\t, v17.\t
    fcmeq   v1.\t, v18.\t, v19.\t
    fcmge   v2.\t, v16.\t, #0.0
    fmax    v3.\t, v16.\t, v18.\t
    fmin    v4.\t, v3.\t, v19.\t
    fmaxnm  v5.\t, v4.\t, v20.\t
    facgt   v6.\t, v5.\t, v17.\t
    fmaxp   v7.\t, v3.\t, v4.\t
    .endr
.endm
class vfpcmp, "SIMD singles, doubles: compare, min, max", singles
    vector_compare 4s
    vector_compare 2d
endclass vfpcmp

class vfpcvt, "SIMD singles, doubles: convert, round", singles
    .rept   6
    scvtf   v0.4s, v8.4s
    fcvtzs  v1.4s, v16.4s
    frintm  v2.4s, v17.4s
    fcvtl   v3.2d, v18.2s
    fcvtl2  v4.2d, v18.4s
    fcvtn   v5.2s, v3.2d
    fcvtn2  v5.4s, v4.2d
    fcvtns  v6.4s, v19.4s
    ucvtf   v7.2d, v1.2d
    fcvtzu  v1.2d, v3.2d
    .endr
endclass vfpcvt

class vfpdiv, "SIMD singles, doubles: divide, root, steps", singles
    .rept   6
    fdiv    v0.4s, v16.4s, v17.4s
    fsqrt   v1.4s, v18.4s
    frecpe  v2.4s, v19.4s
    frecps  v3.4s, v2.4s, v19.4s
    frsqrte v4.4s, v20.4s
    frsqrts v5.4s, v4.4s, v20.4s
    fcvtl   v6.2d, v16.2s
    fdiv    v7.2d, v6.2d, v6.2d
    fsqrt   v8.2d, v6.2d
    .endr
endclass vfpdiv

class bf16, "SIMD BFloat16, FMLAL", singles
    .rept   6
    bfcvtn  v1.4h, v16.4s
    bfcvtn2 v1.8h, v17.4s
    mov     v0.16b, v19.16b
    bfdot   v0.4s, v1.8h, v1.8h
    mov     v2.16b, v20.16b
    bfmlalb v2.4s, v1.8h, v1.8h
    mov     v3.16b, v17.16b
    fmlal   v3.4s, v1.4h, v1.4h
    .endr
endclass bf16

// --- Advanced SIMD: integers ------------------------------------------------------------------------------
class vint, "SIMD integer: add, logic, compare, shift"
    .rept   8
    add     v0.4s, v0.4s, v17.4s
    sub     v1.16b, v0.16b, v18.16b
    and     v2.16b, v1.16b, v19.16b
    orr     v3.16b, v2.16b, v0.16b
    eor     v4.16b, v4.16b, v3.16b
    cmgt    v5.8h, v4.8h, v20.8h
    cmeq    v6.16b, v21.16b, v18.16b
    bsl     v5.16b, v4.16b, v3.16b
    shl     v6.4s, v5.4s, #3
    ushr    v7.2d, v6.2d, #9
    umax    v8.16b, v7.16b, v16.16b
    smin    v9.8h, v8.8h, v17.8h
    addp    v10.16b, v9.16b, v8.16b
    sshl    v11.4s, v10.4s, v20.4s
    uabd    v12.16b, v11.16b, v10.16b
    neg     v13.8h, v12.8h
    .endr
endclass vint

class vwide, "SIMD integer: widen, narrow, across"
    .rept   8
    uaddl   v0.8h, v16.8b, v17.8b
    saddw   v1.4s, v1.4s, v18.4h
    xtn     v2.8b, v0.8h
    sshll   v3.4s, v19.4h, #3
    shrn    v4.4h, v3.4s, #5
    uaddlp  v5.8h, v20.16b
    addv    s6, v1.4s
    umaxv   b7, v16.16b
    sqxtn   v8.4h, v1.4s
    addhn   v9.8b, v0.8h, v5.8h
    usubl   v10.2d, v16.2s, v17.2s
    .endr
endclass vwide

class vsat, "SIMD integer: saturate, round, halve"
    .rept   8
    sqadd   v0.8h, v16.8h, v17.8h
    uqsub   v1.16b, v18.16b, v19.16b
    srshl   v2.4s, v16.4s, v20.4s
    srhadd  v3.8h, v0.8h, v17.8h
    uhadd   v4.16b, v1.16b, v3.16b
    sqrshrn v5.4h, v2.4s, #5
    urshr   v6.4s, v2.4s, #7
    ssra    v7.8h, v3.8h, #3
    sqshl   v8.4s, v16.4s, v20.4s
    .endr
endclass vsat

class vmul, "SIMD integer: multiply, dot product"
    .rept   8
    mul     v0.4s, v16.4s, v17.4s
    mla     v1.8h, v18.8h, v19.8h
    mls     v2.16b, v0.16b, v20.16b
    smull   v3.4s, v16.4h, v17.4h
    umlal2  v4.2d, v18.4s, v19.4s
    mul     v5.8h, v20.8h, v3.h[2]
    sqdmulh v6.4s, v16.4s, v17.4s
    udot    v7.4s, v18.16b, v19.16b
    sdot    v8.4s, v16.16b, v20.4b[1]
    smlal   v9.8h, v20.8b, v21.8b
    ummla   v10.4s, v18.16b, v19.16b
    .endr
endclass vmul

class vperm, "SIMD tables, permutes, moves"
    .rept   8
    tbl     v0.16b, {v16.16b}, v18.16b
    tbl     v1.16b, {v16.16b, v17.16b}, v19.16b
    tbx     v2.16b, {v17.16b}, v18.16b
    zip1    v3.16b, v16.16b, v17.16b
    uzp2    v4.8h, v18.8h, v19.8h
    trn1    v5.4s, v0.4s, v1.4s
    ext     v6.16b, v3.16b, v4.16b, #5
    rev64   v7.16b, v6.16b
    dup     v8.4s, v7.s[2]
    ins     v9.h[3], v8.h[1]
    umov    w1, v9.h[3]
    dup     v10.16b, w1
    cnt     v11.16b, v7.16b
    movi    v12.8h, #5
    .endr
endclass vperm

class vmem, "SIMD structure loads and stores"
    mov     x1, x19
    .rept   8
    ld1     {v0.16b}, [x19]
    ld1     {v1.4s-v4.4s}, [x19]
    st1     {v1.8h, v2.8h}, [x1], #32
    ld4     {v4.8b-v7.8b}, [x19]
    st4     {v4.16b-v7.16b}, [x1]
    ld2     {v0.4s, v1.4s}, [x19]
    st3     {v0.8h-v2.8h}, [x1]
    ld1r    {v3.4s}, [x19]
    ld1     {v3.h}[2], [x1]
    st1     {v2.s}[1], [x19]
    .endr
endclass vmem

// --- cryptography -----------------------------------------------------------------------------------------
class aes, "AES"
    .rept   8
    aese    v0.16b, v16.16b
    aesmc   v0.16b, v0.16b
    aesd    v1.16b, v17.16b
    aesimc  v1.16b, v1.16b
    eor     v2.16b, v0.16b, v1.16b
    .endr
endclass aes

class sha, "SHA1, SHA256"
    .rept   8
    sha1c   q0, s1, v16.4s
    sha1h   s2, s0
    sha1p   q3, s2, v17.4s
    sha1su0 v4.4s, v3.4s, v0.4s
    sha1su1 v4.4s, v18.4s
    sha256h q5, q6, v19.4s
    sha256h2 q6, q5, v20.4s
    sha256su0 v7.4s, v21.4s
    sha256su1 v7.4s, v22.4s, v5.4s
    .endr
endclass sha

class sha512, "SHA512, SHA3"
    .rept   8
    sha512h q0, q1, v16.2d
    sha512h2 q1, q0, v17.2d
    sha512su0 v2.2d, v18.2d
    sha512su1 v2.2d, v19.2d, v20.2d
    eor3    v3.16b, v2.16b, v16.16b, v17.16b
    rax1    v4.2d, v3.2d, v18.2d
    xar     v5.2d, v4.2d, v19.2d, #13
    bcax    v6.16b, v5.16b, v4.16b, v3.16b
    .endr
endclass sha512

class pmull, "PMULL"
    .rept   8
    pmull   v0.1q, v16.1d, v17.1d
    pmull2  v1.1q, v18.2d, v0.2d
    eor     v2.16b, v0.16b, v1.16b
    pmull   v3.8h, v2.8b, v19.8b
    pmul    v4.16b, v3.16b, v20.16b
    .endr
endclass pmull

class pauth, "pointer authentication", integers, 0xc8002000
    .rept   8
    pacia   x20, x2
    autia   x20, x2
    pacdb   x20, x3
    autdb   x20, x3
    pacga   x4, x5, x6
    mov     x7, x20
    paciza  x7
    xpaci   x7
    paciasp
    autiasp
    .endr
endclass pauth

// ATA, TCF: synchronous Tag Check Faults. The tags differ by page, because QEMU 7.2 keeps one for all of a page where
// blocks are 1 GB.
class mte, "memory tagging: tags, checked accesses", integers, (1 << 43 | 1 << 40)
    irg     x1, x20
    stg     x1, [x1]
    addg    x2, x1, #0, #1
    add     x2, x2, #4096
    stg     x2, [x2]
    .rept   8
    ldg     x3, [x20]
    ldr     x4, [x1]
    str     x4, [x1, #8]
    ldr     w5, [x2, #4]
    gmi     x6, x1, xzr
    subp    x7, x2, x1
    ldr     x8, [x20, #1024]
    stzg    x2, [x2, #16]
    subg    x9, x2, #16, #1
    .endr
endclass mte
