// A hypervisor that forgets a TLBI: it lets IPA 0x80000000 lead to another page and returns to the guest without
// maintenance (`changed`). The guest's next load finds the old page still (x1 = x0). Only then it invalidates, by IPA
// and by VMID (`invalidate`), and the guest finds the new page (x2). VMID 1, ASID 3; both stages have 32-bit addresses.
    .section .text.start, "ax"
    .globl _start
_start:
    ldr x0, =s2_level1 + (1 << 48)
    msr vttbr_el2, x0
    ldr x0, =(1 << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 32)
    msr vtcr_el2, x0
    ldr x0, =(1 << 31 | 1)
    msr hcr_el2, x0
    ldr x0, =s1_level1 + (3 << 48)
    msr ttbr0_el1, x0
    ldr x0, =(2 << 32 | 1 << 23 | 32 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 32)
    msr tcr_el1, x0
    mov x0, #0xff
    msr mair_el1, x0
    ldr x0, =0x30d01805
    msr sctlr_el1, x0
    adr x0, vectors
    msr vbar_el2, x0
    mov x0, #0x3c5
    msr spsr_el2, x0
    adr x0, guest
    msr elr_el2, x0
    isb
    eret

    .globl guest
guest:
    mov x9, #0x80000000
    ldr x0, [x9]
    hvc #1
    ldr x1, [x9]
    hvc #2
    ldr x2, [x9]
    hvc #3

    .globl handler
handler:
    mrs x10, esr_el2
    and x10, x10, #0xffff
    cmp x10, #2
    b.eq invalidate
    b.hi off
    adr x11, s2_level3
    ldr x12, [x11]
    add x12, x12, #0x1000
    str x12, [x11]
    dsb ish
    .globl changed
changed:
    eret

    .globl invalidate
invalidate:
    mov x11, #0x80000
    tlbi ipas2e1is, x11
    dsb ish
    tlbi vmalle1is
    dsb ish
    isb
    .globl invalidated
invalidated:
    eret

off:
    ldr w0, =0x84000008  // PSCI SYSTEM_OFF
    smc #0

    .balign 2048
vectors:
    .skip 0x400
    b handler
    .balign 2048

    .data
    .balign 4096
page_a:
    .quad 0xaaaa
    .balign 4096
page_b:
    .quad 0xbbbb
    .balign 4096
// Code and data of both stages at their own addresses, and the page in question.
s1_level1:
    .quad 0, 0x40000000 + 0x701, 0x80000000 + 0xf01, 0
    .balign 4096
s2_level1:
    .quad 0, 0x40000000 + 0x7fd, s2_level2 + 3, 0
    .balign 4096
s2_level2:
    .quad s2_level3 + 3
    .balign 4096
    .globl s2_level3
s2_level3:
    .quad page_a + 0x7ff
    .balign 4096
