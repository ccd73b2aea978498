// The hypervisor's entry, its vectors, and the way into a VM.

    .section .text.start, "ax"
    .global _start
_start:
    ldr     x0, =__stack_top
    mov     sp, x0
    ldr     x0, =__bss_start
    ldr     x1, =__bss_end
1:  cmp     x0, x1
    b.hs    2f
    str     xzr, [x0], #8
    b       1b
2:  adr     x0, vectors
    msr     vbar_el2, x0
    isb
    b       main
    .ltorg

// void vm_enter(Vm *vm): everything that a VM needs, in the order of the Arm ARM's view of it.
    .global vm_enter
vm_enter:
    // 1. HCR_EL2: what comes to EL2 (main.c: HCR_VM), and stage 2 on.
    // 2. This VM's tables and VMID.
    ldr     x1, [x0, #352]
    msr     hcr_el2, x1
    ldr     x1, [x0, #344]
    msr     vttbr_el2, x1
    // 3. SPSR_EL2: the EL, stack pointer and masks that the VM runs with.
    // 4. ELR_EL2: where it goes on.
    ldp     x1, x2, [x0, #248]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    // 5. Its stack pointers and the rest of EL1.
    ldp     x1, x2, [x0, #264]
    msr     sp_el0, x1
    msr     sp_el1, x2
    ldp     x1, x2, [x0, #280]
    msr     elr_el1, x1
    msr     spsr_el1, x2
    ldp     x1, x2, [x0, #296]
    msr     esr_el1, x1
    msr     far_el1, x2
    ldp     x1, x2, [x0, #312]
    msr     vbar_el1, x1
    msr     sctlr_el1, x2
    ldp     x1, x2, [x0, #328]
    msr     tpidr_el0, x1
    msr     tpidr_el1, x2
    msr     tpidr_el2, x0               // the vectors find it there
    ldr     x1, =__stack_top
    mov     sp, x1
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0]
    // 6. Go.
    eret
    .ltorg

// Saves the VM that x30 points to (x0 to x3 are saved, its x30 is on the stack) and goes on at x3 with
// x0 = the VM.
save:
    stp     x4, x5, [x30, #32]
    stp     x6, x7, [x30, #48]
    stp     x8, x9, [x30, #64]
    stp     x10, x11, [x30, #80]
    stp     x12, x13, [x30, #96]
    stp     x14, x15, [x30, #112]
    stp     x16, x17, [x30, #128]
    stp     x18, x19, [x30, #144]
    stp     x20, x21, [x30, #160]
    stp     x22, x23, [x30, #176]
    stp     x24, x25, [x30, #192]
    stp     x26, x27, [x30, #208]
    stp     x28, x29, [x30, #224]
    mov     x0, x30
    ldr     x1, [sp], #16
    str     x1, [x0, #240]
    mrs     x1, elr_el2
    mrs     x2, spsr_el2
    stp     x1, x2, [x0, #248]
    mrs     x1, sp_el0
    mrs     x2, sp_el1
    stp     x1, x2, [x0, #264]
    mrs     x1, elr_el1
    mrs     x2, spsr_el1
    stp     x1, x2, [x0, #280]
    mrs     x1, esr_el1
    mrs     x2, far_el1
    stp     x1, x2, [x0, #296]
    mrs     x1, vbar_el1
    mrs     x2, sctlr_el1
    stp     x1, x2, [x0, #312]
    mrs     x1, tpidr_el0
    mrs     x2, tpidr_el1
    stp     x1, x2, [x0, #328]
    br      x3

// A vector for exits of a VM: frees registers, the rest is in save.
.macro vm_exit handler
    .balign 128
    str     x30, [sp, #-16]!
    mrs     x30, tpidr_el2
    stp     x0, x1, [x30]
    stp     x2, x3, [x30, #16]
    adr     x3, \handler
    b       save
.endm

.macro unexpected number
    .balign 128
    mov     x0, #\number
    b       exit_unexpected
.endm

    .balign 2048
vectors:
    unexpected 0                        // EL2 with SP_EL0: not used
    unexpected 1
    unexpected 2
    unexpected 3
    unexpected 4                        // EL2 itself: a bug here; IRQ and FIQ stay masked
    unexpected 5
    unexpected 6
    unexpected 7
    vm_exit exit_sync                   // a VM
    vm_exit exit_irq
    unexpected 10
    unexpected 11
    unexpected 12                       // a VM in AArch32: none
    unexpected 13
    unexpected 14
    unexpected 15

// void power_off(void): PSCI SYSTEM_OFF of the firmware below.
    .global power_off
power_off:
    ldr     x0, =0x84000008
    smc     #0
1:  wfi
    b       1b
    .ltorg
