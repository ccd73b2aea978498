// A hypervisor whose vGIC loses interrupts (docs/stories/lost-interrupts.md): inject() puts every virtual interrupt
// into ICH_LR0_EL2 and does not look whether the one before has been taken. The guest starts two requests with its
// interrupts masked, INTID 40 and 41, and then sleeps until both have come. HVC #N: inject INTID N; HVC #0: done.
    .section .text.start, "ax"
    .globl _start
_start:
    mov x0, #0xf                        // ICC_SRE_EL2: SRE, DFB, DIB, Enable
    msr S3_4_C12_C9_5, x0
    isb
    mov x0, #1                          // ICH_HCR_EL2.En
    msr S3_4_C12_C11_0, x0
    ldr x0, =(1 << 31 | 1 << 4)         // HCR_EL2: RW, IMO
    msr hcr_el2, x0
    ldr x0, =0x30d00800
    msr sctlr_el1, x0
    adr x0, vectors
    msr vbar_el2, x0
    mov x0, #0x3c5
    msr spsr_el2, x0
    adr x0, guest
    msr elr_el2, x0
    ldr x0, =stack
    mov sp, x0
    isb
    eret

    .globl guest
guest:
    adr x0, guest_vectors
    msr vbar_el1, x0
    mov x0, #1
    msr S3_0_C12_C12_5, x0              // ICC_SRE_EL1
    isb
    mov x0, #0xf0
    msr S3_0_C4_C6_0, x0                // ICC_PMR_EL1
    mov x0, #1
    msr S3_0_C12_C12_7, x0              // ICC_IGRPEN1_EL1
    isb
    mov x20, #0                         // interrupts that have come
    hvc #40
    hvc #41
    .globl guest_wait
guest_wait:
    msr daifclr, #2
    isb
    cmp x20, #2
    b.hs 1f
    wfi
    b guest_wait
1:  hvc #0

guest_irq:
    mrs x0, S3_0_C12_C12_0              // ICC_IAR1_EL1
    add x20, x20, #1
    msr S3_0_C12_C12_1, x0              // ICC_EOIR1_EL1
    eret

// Called with w0 = INTID: pending, Group 1, priority 0xa0.
    .globl inject
    .type inject, %function
inject:
    movz x1, #0x50a0, lsl #48
    orr x0, x0, x1
    msr S3_4_C12_C12_0, x0              // ICH_LR0_EL2
    ret
    .size inject, . - inject

    .globl handle_exit
    .type handle_exit, %function
handle_exit:
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    mrs x0, esr_el2
    ands x0, x0, #0xffff
    b.eq power_off
    bl inject
    ldp x29, x30, [sp], #16
    eret
power_off:
    ldr w0, =0x84000008                 // PSCI SYSTEM_OFF
    smc #0
    .size handle_exit, . - handle_exit
    .ltorg

    .balign 2048
vectors:
    .skip 0x400
    b handle_exit
    .balign 2048
guest_vectors:
    .skip 0x280
    b guest_irq
    .balign 2048
    .bss
    .balign 16
    .skip 256
stack:
