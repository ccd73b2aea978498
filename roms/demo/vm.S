// What both VMs run, at EL1 and for a moment at EL0. Each step leaves to EL2 in another way, or not at all.
// In: x0 = number of this VM, x1 = timer period, x2 = timer interrupts to wait for, x3 = time to be busy;
// times in ticks of CNTFRQ_EL0. HVC #1 prints the string at x1 with x2 for '%'; HVC #2 adds 1 to x1.
// Linked for the VM's own address space; translation of stage 1 is off, so VA = IPA.

    ticks     = 0x40002000              // interrupts taken, in the first page of data
    stack_top = 0x40004000
    device    = 0x10000000              // nothing is mapped here
    nothing   = 0x20000000              // nor here

#include "vm.inc"

    .section .vm.text, "ax"
    .global vm_entry
vm_entry:
    ldr     x9, =stack_top
    mov     sp, x9
    mov     x20, x1
    mov     x21, x2
    mov     x22, x3
    adr     x9, vm_vectors
    msr     vbar_el1, x9
    isb
    mov     x2, x0
    say     "hello from EL1, VM number %"

    // SVC from EL0 goes to this VM's own vectors: EL2 does not see it.
    adr     x9, vm_user
    msr     elr_el1, x9
    msr     spsr_el1, xzr               // EL0t
    mov     x0, #40
    eret
vm_user:
    svc     #2                          // x0 += 2
    svc     #0                          // back to EL1
vm_after_svc:
    mov     x2, x0
    say     "SVC: EL1 answered EL0 with %"

    // HVC is a call to EL2.
vm_hvc:
    mov     x1, #41
    hvc     #2
    mov     x2, x1
    say     "HVC: EL2 answered %"

    // SMC is meant for the firmware; HCR_EL2.TSC sends it to EL2, which plays the firmware.
vm_smc:
    ldr     x0, =PSCI_VERSION
    smc     #0
    mov     x2, x0
    say     "SMC: PSCI_VERSION is %"

    // ID registers: HCR_EL2.TID3 sends the read to EL2, which hides itself.
vm_id:
    mrs     x2, id_aa64pfr0_el1
    ubfx    x2, x2, #8, #4
    say     "MRS ID_AA64PFR0_EL1: field EL2 is %"

// A device that is not there: each access is a stage 2 fault, and EL2 does what the syndrome says.
vm_device:
    ldr     x9, =device
    str     xzr, [x9]                   // sum = 0
    mov     w10, #0x1000
    str     w10, [x9, #8]               // sum += w10
    mov     w11, #0x200
    strh    w11, [x9, #8]
    mov     w12, #0x34
    strb    w12, [x9, #8]
    ldr     x2, [x9]
    say     "device at IPA 0x10000000: sum of 4, 2 and 1 bytes is %"
    ldrsb   x2, [x9, #16]               // always 0x80: sign extension is EL2's work, too
    say     "device at IPA 0x10000000: signed byte is %"

// Nothing at all: EL2 answers as a bus would, with an external abort to the VM's own vectors.
vm_nothing:
    ldr     x9, =nothing
    ldr     w2, [x9]                    // vm_abort goes on behind it, with FAR_EL1 in x2
    say     "external abort: FAR_EL1 is %"

// The virtual timer: INTID 27 comes through a list register; sleeping (WFI) gives the CPU away.
vm_timer:
    mov     x9, #1
    msr     icc_sre_el1, x9
    isb
    mov     x9, #0xf0
    msr     icc_pmr_el1, x9
    mov     x9, #1
    msr     icc_igrpen1_el1, x9
    mrs     x9, cntvct_el0
    add     x9, x9, x20
    msr     cntv_cval_el0, x9
    mov     x9, #1
    msr     cntv_ctl_el0, x9
    isb
    ldr     x23, =ticks
vm_sleep:
    wfi                                 // IRQ is masked: a pending one ends it, too
    msr     daifclr, #2
    isb                                 // taken here
    msr     daifset, #2
    ldr     x9, [x23]
    cmp     x9, x21
    b.lo    vm_sleep
    mov     x2, x9
    say     "virtual timer: % interrupts through the list registers"

    // Busy: only the hypervisor's own timer takes the CPU away.
vm_busy:
    mrs     x9, cntvct_el0
    add     x22, x22, x9
1:  mov     x10, #64
2:  madd    x11, x11, x10, x10
    subs    x10, x10, #1
    b.ne    2b
    isb
    mrs     x9, cntvct_el0
    cmp     x9, x22
    b.lo    1b
    say     "busy work done, powering off"
    ldr     x0, =PSCI_SYSTEM_OFF
    smc     #0
    b       .
    .ltorg

vm_svc:
    stp     x9, x10, [sp, #-16]!
    mrs     x9, esr_el1
    and     x9, x9, #0xffff             // the immediate
    cbz     x9, 1f
    add     x0, x0, x9
    ldp     x9, x10, [sp], #16
    eret
1:  ldp     x9, x10, [sp], #16
    b       vm_after_svc

vm_abort:
    mrs     x9, esr_el1
    and     x9, x9, #0x3f
    cmp     x9, #0x10                   // synchronous external abort
    b.ne    vm_bad
    mrs     x2, far_el1
    mrs     x9, elr_el1
    add     x9, x9, #4
    msr     elr_el1, x9
    eret

vm_irq:
    stp     x9, x10, [sp, #-16]!
    mrs     x9, icc_iar1_el1
    cmp     x9, #27
    b.ne    vm_bad
    ldr     x10, [x23]
    add     x10, x10, #1
    str     x10, [x23]
    cmp     x10, x21
    b.lo    1f
    msr     cntv_ctl_el0, xzr           // that was the last one
    b       2f
1:  mrs     x10, cntv_cval_el0
    add     x10, x10, x20
    msr     cntv_cval_el0, x10
2:  isb                                 // the line is low before the interrupt is ended
    msr     icc_eoir1_el1, x9           // HW list register: the physical one is deactivated, too
    ldp     x9, x10, [sp], #16
    eret

vm_bad:
    mrs     x2, esr_el1
    say     "unexpected exception, ESR_EL1 %"
    ldr     x0, =PSCI_SYSTEM_OFF
    smc     #0
    b       .
    .ltorg

.macro to target
    .balign 128
    b       \target
.endm
    .balign 2048
vm_vectors:
    .rept 4                             // EL1 with SP_EL0
    to      vm_bad
    .endr
    to      vm_abort                    // EL1
    to      vm_irq
    to      vm_bad
    to      vm_bad
    to      vm_svc                      // EL0
    to      vm_bad
    to      vm_bad
    to      vm_bad
    .rept 4                             // AArch32
    to      vm_bad
    .endr
