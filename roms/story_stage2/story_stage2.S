// A hypervisor with a bug in its stage 2 tables (docs/stories/stage2-hang.md): the first page of the VM is code, the
// others are mapped as data, with XN. The guest's vectors are in the second page. The guest probes a device that is
// not there and expects an external abort; EL2 injects one, and the fetch of the guest's vector comes back to EL2 as
// a stage 2 fault, for which EL2 injects an abort again. VMID 1, 32-bit IPAs, stage 1 off.
    .section .text.start, "ax"
    .globl _start
_start:
    ldr x0, =s2_level1 + (1 << 48)
    msr vttbr_el2, x0
    ldr x0, =(1 << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 32)
    msr vtcr_el2, x0
    ldr x0, =(1 << 31 | 1)              // HCR_EL2: RW, VM
    msr hcr_el2, x0
    ldr x0, =0x30d00800
    msr sctlr_el1, x0
    adr x0, vectors
    msr vbar_el2, x0
    mov x0, #0x3c5
    msr spsr_el2, x0
    mov x0, #0x80000000
    msr elr_el2, x0
    isb
    eret

// Whatever the VM aborts on is answered with a synchronous external abort at EL1.
    .globl inject_abort
inject_abort:
    mrs x9, elr_el2
    msr elr_el1, x9
    mrs x9, spsr_el2
    msr spsr_el1, x9
    ldr x9, =(0x25 << 26 | 1 << 25 | 0x10)
    msr esr_el1, x9
    mrs x9, far_el2
    msr far_el1, x9
    mrs x9, vbar_el1
    add x9, x9, #0x200
    msr elr_el2, x9
    mov x9, #0x3c5
    msr spsr_el2, x9
    eret

power_off:
    ldr w0, =0x84000008                 // PSCI SYSTEM_OFF
    smc #0

    .balign 2048
vectors:
    .skip 0x400
    mrs x9, esr_el2
    lsr x9, x9, #26
    cmp x9, #0x16                       // HVC: the guest is done
    b.eq power_off
    b inject_abort
    .ltorg

    .data
    .balign 4096
// The VM: IPA 0x80000000.
guest:
    mov x0, #0x1000
    movk x0, #0x8000, lsl #16
    msr vbar_el1, x0
    isb
    mov x1, #0x10000000
    ldr w2, [x1]                        // a device?
    hvc #0
    .balign 4096
guest_vectors:
    .skip 0x200
    mrs x3, elr_el1                     // no: go on behind the load
    add x3, x3, #4
    msr elr_el1, x3
    eret
    .balign 4096
s2_level1:
    .quad 0, 0, s2_level2 + 3, 0
    .balign 4096
s2_level2:
    .quad s2_level3 + 3
    .balign 4096
    .globl s2_level3
s2_level3:
    .quad guest + 0x77f                         // code: read only
    .quad guest_vectors + 0x7ff + (2 << 53)     // the rest: XN
    .balign 4096
