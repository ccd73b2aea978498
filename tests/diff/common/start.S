// Entry, the way into code under test and back, and the vectors of both exception levels.
// Arm ARM: "AArch64 exception levels, exception model".
#define CTX_SP2    0xf8
#define CTX_PC     0x100
#define CTX_PSTATE 0x108
#define CTX_ESR    0x110
#define CTX_FAR    0x118
#define CTX_HPFAR  0x120
#define CTX_VECTOR 0x128
#define CTX_HOST   0x130
#define CTX_HCR    0x138

    .section .text.start, "ax"
    .global _start
_start:
    msr daifset, #15
    msr spsel, #1
    ldr x0, =stack_top
    mov sp, x0
    mov x0, #(1 << 31)
    msr hcr_el2, x0
    mov x0, #0x33ff             // CPTR_EL2: traps nothing
    msr cptr_el2, x0
    ldr x0, =0x30c50830         // SCTLR_EL2: MMU off, RES1 bits
    msr sctlr_el2, x0
    adr x0, el2_vectors
    msr vbar_el2, x0
    isb
    ldr x0, =bss_start
    ldr x1, =bss_end
1:  str xzr, [x0], #8
    cmp x0, x1
    b.lo 1b
    bl rom_main
    ldr w0, =0x84000008         // PSCI SYSTEM_OFF
    smc #0
    b .
    .ltorg

// void enter(Ctx *): ERET into ctx->pc with ctx->pstate; returns after the next exception taken to EL2.
    .global enter
enter:
    stp x19, x20, [sp, #-96]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    mov x1, sp
    str x1, [x0, #CTX_HOST]
    msr tpidr_el2, x0
    ldr x1, [x0, #CTX_PC]
    msr elr_el2, x1
    ldr x1, [x0, #CTX_PSTATE]
    msr spsr_el2, x1
    ldr x1, [x0, #CTX_SP2]
    mov sp, x1
    ldr x1, [x0, #CTX_HCR]
    msr hcr_el2, x1
    isb
    clrex
    ldp x2, x3, [x0, #16]
    ldp x4, x5, [x0, #32]
    ldp x6, x7, [x0, #48]
    ldp x8, x9, [x0, #64]
    ldp x10, x11, [x0, #80]
    ldp x12, x13, [x0, #96]
    ldp x14, x15, [x0, #112]
    ldp x16, x17, [x0, #128]
    ldp x18, x19, [x0, #144]
    ldp x20, x21, [x0, #160]
    ldp x22, x23, [x0, #176]
    ldp x24, x25, [x0, #192]
    ldp x26, x27, [x0, #208]
    ldp x28, x29, [x0, #224]
    ldr x30, [x0, #240]
    ldp x0, x1, [x0]
    eret

// The EL2 physical timer's compare value is the one register that nothing else uses: it holds x0 for two instructions.
    .balign 2048
    .global el2_vectors
el2_vectors:
    .set vector, 0
    .rept 16
    .balign 128
    msr cnthp_cval_el2, x0
    mrs x0, tpidr_el2
    str x1, [x0, #8]
    mov x1, #vector
    b leave
    .set vector, vector + 128
    .endr

    .balign 128
leave:
    stp x2, x3, [x0, #16]
    stp x4, x5, [x0, #32]
    stp x6, x7, [x0, #48]
    stp x8, x9, [x0, #64]
    stp x10, x11, [x0, #80]
    stp x12, x13, [x0, #96]
    stp x14, x15, [x0, #112]
    stp x16, x17, [x0, #128]
    stp x18, x19, [x0, #144]
    stp x20, x21, [x0, #160]
    stp x22, x23, [x0, #176]
    stp x24, x25, [x0, #192]
    stp x26, x27, [x0, #208]
    stp x28, x29, [x0, #224]
    str x30, [x0, #240]
    str x1, [x0, #CTX_VECTOR]
    mrs x1, cnthp_cval_el2
    str x1, [x0]
    mov x1, sp
    str x1, [x0, #CTX_SP2]
    mrs x1, elr_el2
    str x1, [x0, #CTX_PC]
    mrs x1, spsr_el2
    str x1, [x0, #CTX_PSTATE]
    mrs x1, esr_el2
    str x1, [x0, #CTX_ESR]
    mrs x1, far_el2
    str x1, [x0, #CTX_FAR]
    mrs x1, hpfar_el2
    str x1, [x0, #CTX_HPFAR]
    mrs x1, hcr_el2
    str x1, [x0, #CTX_HCR]
    mov x1, #(1 << 31)
    msr hcr_el2, x1
    isb
    ldr x1, [x0, #CTX_HOST]
    mov sp, x1
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #96
    ret

// An exception taken to EL1 goes on to EL2 by HVC #(0x100 + number of the vector): no register is touched.
    .section .text.el1, "ax"
    .balign 4096
    .global el1_vectors
el1_vectors:
    .set vector, 0
    .rept 16
    .balign 128
    hvc #(0x100 + vector)
    b .
    .set vector, vector + 1
    .endr
    .balign 4096
    .global word_buffer
word_buffer:
    .space 4096
