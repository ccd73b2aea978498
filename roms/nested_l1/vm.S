// What the VM runs at EL1 with translation of stage 1 off, linked for IPA 0x4000_0000. Each step leaves to
// its hypervisor in another way. HVC #1 prints the string at x1 with x2 for '%'; HVC #2 adds 1 to x1; HVC #3
// unmaps the page at x1.

    stack_top = 0x40004000
    readonly  = 0x40001ff8              // the last word of the code's pages
    device    = 0x10000000              // not mapped: the hypervisor plays the device
    memory    = 0x40010000              // mapped when it is used

#include "vm.inc"

    .section .vm.text, "ax"
    ldr     x9, =stack_top
    mov     sp, x9
    adr     x9, vm_vectors
    msr     vbar_el1, x9
    isb
    mrs     x2, currentel
    lsr     x2, x2, #2
    say     "hello from EL%"

    mov     x0, #40                     // SVC stays in the VM
    svc     #2
    mov     x2, x0
    say     "SVC: % (by its own vectors)"

    mov     x1, #41
    hvc     #2
    mov     x2, x1
    say     "HVC: %"

    ldr     x0, =PSCI_VERSION
    smc     #0
    mov     x2, x0
    say     "SMC: PSCI_VERSION is %"

    mrs     x2, id_aa64pfr0_el1
    say     "MRS: ID_AA64PFR0_EL1 is %"

    ldr     x9, =device
    mov     w10, #0x1000
    str     w10, [x9, #8]
    mov     w11, #0x234
    strh    w11, [x9, #8]
    ldr     x2, [x9]
    say     "device: sum of two stores is %"

    ldr     x9, =memory                 // memory on demand: one fault, then none
    mov     x10, #77
    str     x10, [x9]
    ldr     x2, [x9]
    say     "memory: stored and loaded %"
    mov     x1, x9
    hvc     #3
    ldr     x2, [x9]                    // faults again; the memory behind it is the same
    say     "memory: unmapped, mapped again, loaded %"

    ldr     x9, =readonly               // a permission fault, answered with an abort here
    str     xzr, [x9]
    say     "read-only page: external abort, FAR_EL1 %"

    wfi
    say     "WFI: awake, powering off"
    ldr     x0, =PSCI_SYSTEM_OFF
    smc     #0
    b       .
    .ltorg

vm_sync:
    mrs     x12, esr_el1
    lsr     x13, x12, #26
    cmp     x13, #0x15                  // SVC
    b.ne    1f
    and     x12, x12, #0xffff
    add     x0, x0, x12
    eret
1:  cmp     x13, #0x25                  // data abort
    b.ne    vm_bad
    mrs     x2, far_el1
    mrs     x12, elr_el1
    add     x12, x12, #4
    msr     elr_el1, x12
    eret
vm_bad:
    mrs     x2, esr_el1
    say     "unexpected exception, ESR_EL1 %"
    ldr     x0, =PSCI_SYSTEM_OFF
    smc     #0
    b       .
    .ltorg

    .balign 2048
vm_vectors:
    .rept 4
    .balign 128
    b       vm_bad
    .endr
    .balign 128
    b       vm_sync
    .rept 11
    .balign 128
    b       vm_bad
    .endr
