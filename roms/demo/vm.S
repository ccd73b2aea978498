// What runs in each VM, at EL1 without a stage 1 translation. x0 at entry: the number of the VM.
// Calls to the hypervisor: HVC #1 prints the text at x1, HVC #2 the text at x1 and the number in x2,
// HVC #3 says that the VM is done.
#define DEVICE  0x0b000000
#define NOTHING 0x0c000000
#define STACK   0x50001000
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7

    .section .vm, "ax"

.macro say text
    adr     x1, 9f
    hvc     #1
    b       8f
9:  .asciz "\text"
    .balign 4
8:
.endm

.macro say_number text, value
    mov     x2, \value
    adr     x1, 9f
    hvc     #2
    b       8f
9:  .asciz "\text"
    .balign 4
8:
.endm

    .global vm_start
vm_start:
    mov     x28, x0
    ldr     x0, =STACK
    mov     sp, x0
    adr     x0, vm_vectors
    msr     vbar_el1, x0
    isb
    mov     x20, #0                     // SVCs seen
    mov     x21, #0                     // timer interrupts seen
    mov     x22, #0                     // aborts seen
    say     "hello from EL1"

vm_call_itself:                         // to its own EL1: the hypervisor does not see it
    svc     #7
    say_number "supervisor calls that stayed inside: ", x20

vm_call_firmware:                       // HCR_EL2.TSC: the hypervisor answers instead
    ldr     x0, =0x84000000             // PSCI_VERSION
    smc     #0
    say_number "PSCI version (major << 16 | minor): ", x0

vm_read_id_register:                    // HCR_EL2.TID3
    mrs     x3, id_aa64pfr0_el1
    ubfx    x3, x3, #8, #4
    say_number "EL2 in my ID_AA64PFR0_EL1: ", x3

vm_use_device:                          // an unmapped IPA: emulated
    ldr     x4, =DEVICE
    add     w5, w28, #0x40
    str     w5, [x4]
    ldrb    w6, [x4]
    ldr     x7, [x4, #8]
    say_number "the device says: ", x6

vm_touch_nothing:                       // an unmapped IPA: the hypervisor injects an abort
    ldr     x4, =NOTHING
    ldr     w6, [x4]
    say_number "external aborts taken: ", x22

vm_private_memory:                      // the same address in both VMs, not the same memory
    sub     x4, sp, #64
    str     x28, [x4]

vm_use_timer:
    mov     x0, #0xf0
    msr     ICC_PMR_EL1, x0             // the virtual CPU interface: HCR_EL2.IMO
    mov     x0, #1
    msr     ICC_IGRPEN1_EL1, x0
    isb
    mov     x23, #2
1:  mov     x0, #1500                   // 24 us
    msr     cntv_tval_el0, x0
    mov     x0, #1
    msr     cntv_ctl_el0, x0
    isb
    wfi                                 // HCR_EL2.TWI: somebody else's turn
    msr     daifclr, #2
    isb
    msr     daifset, #2
    cmp     x21, x23
    b.ne    1b

vm_compute:                             // until the hypervisor's timer takes the CPU away
    mov     x9, #1
    ldr     x10, =100000
2:  madd    x9, x9, x10, x10
    subs    x10, x10, #1
    b.ne    2b

    sub     x4, sp, #64
    ldr     x5, [x4]
    say_number "my number is still in my memory: ", x5
    say_number "timer interrupts: ", x21
    hvc     #3
    b       .
    .ltorg

vm_irq:
    stp     x0, x1, [sp, #-16]!
    mrs     x0, ICC_IAR1_EL1
    msr     cntv_ctl_el0, xzr
    isb
    add     x21, x21, #1
    msr     ICC_EOIR1_EL1, x0
    ldp     x0, x1, [sp], #16
    eret

vm_sync:
    stp     x0, x1, [sp, #-16]!
    mrs     x0, esr_el1
    ubfx    x0, x0, #26, #6
    cmp     x0, #0x15                   // SVC
    b.eq    1f
    add     x22, x22, #1                // an abort: skip the instruction
    mrs     x0, elr_el1
    add     x0, x0, #4
    msr     elr_el1, x0
    b       2f
1:  add     x20, x20, #1
2:  ldp     x0, x1, [sp], #16
    eret

    .balign 2048
vm_vectors:
    .fill   0x200 / 4, 4, 0x14000000    // b .
    b       vm_sync
    .balign 128
    b       vm_irq
    .balign 2048
