// The entry of the rom `frames`: EL2 with one vector that keeps the guest's registers on the stack, as small
// hypervisors do, and a guest at EL1.
    .section .text.start, "ax"
    .global _start
_start:
    adrp    x0, el2_stack_top
    add     x0, x0, :lo12:el2_stack_top
    mov     sp, x0
    adr     x0, vectors
    msr     vbar_el2, x0
    mov     x0, #1 << 31                // HCR_EL2.{RW,APK,API}
    orr     x0, x0, #3 << 40
    msr     hcr_el2, x0
    mrs     x0, sctlr_el2
    orr     x0, x0, #1 << 31            // EnIA: PACIASP signs (nothing is signed without FEAT_PAuth)
    msr     sctlr_el2, x0
    mrs     x0, sctlr_el1
    orr     x0, x0, #1 << 31
    msr     sctlr_el1, x0
    adrp    x0, el1_stack_top
    add     x0, x0, :lo12:el1_stack_top
    msr     sp_el1, x0
    adr     x0, guest_main
    msr     elr_el2, x0
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    mov     x29, #0
    mov     x30, #0
    isb
    eret

    .balign 2048
vectors:
    .rept 8
    b       .
    .balign 128
    .endr
    // Synchronous, from a lower Exception level in AArch64.
    b       el2_entry
    .balign 128
    .rept 7
    b       .
    .balign 128
    .endr

    .global el2_entry
el2_entry:
    sub     sp, sp, #256
    stp     x0, x1, [sp]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    mov     x0, sp
    bl      handle_exit
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #144]
    ldp     x0, x1, [sp], #256
    eret

    .bss
    .balign 16
    .skip 0x2000
el2_stack_top:
    .skip 0x2000
el1_stack_top:
