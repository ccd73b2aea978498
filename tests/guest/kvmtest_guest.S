// The virtual machine of kvmtest.c: position-independent A64 at EL1, entered with x0 = GIC version (2 or 3).
// Every step is an access to the MMIO window (x20), whose order, address, size and data kvmtest.c expects.
// Arm ARM: "Exceptions", "The Generic Timer in AArch64 state"; Arm GIC architecture, versions 2 and 3.

#define MMIO      0x10000000
#define REPORT    0x800         // MMIO + REPORT: a 64-bit value for kvmtest.c to compare
#define GICD      0x08000000
#define GICR      0x080a0000
#define GICC      0x08010000
#define RODATA    0x50000000
#define FRESH     0x60000000
#define LOGGED    0x70000000
#define STACK     0x40110000
#define VTIMER    27
#define SPI       40

    .section .rodata.guest, "a"
    .balign 4096
    .global guest_start, guest_end, guest_breakpoint, guest_after_reset, guest_step
    .arch armv8-a+crc

.macro report reg
    str \reg, [x20, #REPORT]
.endm

.macro psci function
    ldr w0, =\function
    hvc #0
    report x0
.endm

.macro load insn:vararg
    mov x2, #-1
    \insn
    report x2
.endm

guest_start:
    mov x19, x0
    mov x20, #MMIO
    adr x0, vectors
    msr vbar_el1, x0
    ldr x0, =STACK
    mov sp, x0
    isb

    // 1. Stores of each size; the zero register as the source.
    ldr x1, =0x1122334455667788
    strb w1, [x20, #1]
    strh w1, [x20, #2]
    str w1, [x20, #4]
    str x1, [x20, #8]
    str xzr, [x20, #16]
    mov x3, #0x20
    str w1, [x20, x3, lsl #2]
    stlr w1, [x20]

    // 2. Loads of each size, zero- and sign-extended.
    load ldrb w2, [x20, #0x21]
    load ldrh w2, [x20, #0x22]
    load ldr w2, [x20, #0x24]
    load ldr x2, [x20, #0x28]
    load ldrsb x2, [x20, #0x30]
    load ldrsb w2, [x20, #0x31]
    load ldrsh w2, [x20, #0x32]
    load ldrsh x2, [x20, #0x34]
    load ldrsw x2, [x20, #0x38]
    add x3, x20, #0x3c
    load ldar w2, [x3]
    ldr xzr, [x20, #0x40]

    // 3. No syndrome for these: KVM_EXIT_ARM_NISV, and user space steps over them.
    stp x1, x1, [x20, #0x50]
    mov x4, x20
    ldr w2, [x4], #4

    // 4. PSCI and other calls that the kernel answers.
    psci 0x84000000             // PSCI_VERSION
    mov x1, #1
    psci 0x8400000a             // PSCI_FEATURES of no function
    ldr x1, =0x84000008
    psci 0x8400000a             // PSCI_FEATURES(SYSTEM_OFF)
    mov x1, #0
    mov x2, #0
    psci 0xc4000004             // AFFINITY_INFO(0): on
    psci 0x80000000             // SMCCC_VERSION
    psci 0x86000099             // nobody's
    ldr w0, =0x86000099
    smc #0                      // unknown too, whether or not this KVM takes SMC for a call
    report x0

    // 5. Trapped system registers, answered by the kernel; an UNDEFINED one comes back as an exception.
    mrs x0, midr_el1
    report x0
    mrs x0, id_aa64pfr0_el1
    report x0
    mrs x0, id_aa64mmfr0_el1
    report x0
    mrs x0, mpidr_el1
    report x0
    mrs x0, pmccntr_el0         // no PMU in this VM: UNDEFINED, skipped by the handler
    report x24                  // its ESR_EL1
    dc cisw, xzr
    mrs x0, currentel
    report x0

    // 6. Stage 2: fresh memory, 64 pages one by one, read back; then user space takes the pages away.
    ldr x5, =FRESH
    mov x6, #64
1:  str x5, [x5]
    add x5, x5, #4096
    subs x6, x6, #1
    b.ne 1b
    bl sum_fresh
    report x7
    str wzr, [x20, #0x60]       // user space: discard the pages
    bl sum_fresh
    report x7

    // 7. A read-only slot: reads from memory, writes leave.
    ldr x1, =0x1122334455667788
    ldr x5, =RODATA
    ldr x0, [x5, #8]
    report x0
    str x1, [x5, #8]
    strb w1, [x5, #0x123]
    ldr x0, [x5, #8]
    report x0

    // 8. A slot with dirty logging: pages 3, 5 and 9 written after the log was cleared, 7 only read.
    ldr x5, =LOGGED
    mov x6, #16
1:  str x6, [x5]
    add x5, x5, #4096
    subs x6, x6, #1
    b.ne 1b
    str wzr, [x20, #0x64]       // user space: read and clear the log
    ldr x5, =LOGGED
    mov x0, #0x3000
    str x6, [x5, x0]
    mov x0, #0x5000
    strb w6, [x5, x0]
    mov x0, #0x7000
    ldr x7, [x5, x0]
    mov x0, #0x9000
    add x5, x5, x0
    stp x6, x6, [x5]
    str wzr, [x20, #0x68]       // user space: read the log

    // 9. Floating-point registers: the host's and the guest's do not mix.
    mov x0, #(3 << 20)
    msr cpacr_el1, x0
    isb
    fmov d5, #1.5
    ldr x1, =0x0123456789abcdef
    fmov v6.d[1], x1
    str wzr, [x20, #0x6c]       // user space looks at v5 and clobbers its own registers
    fmov x0, d5
    report x0
    fmov x0, v6.d[1]
    report x0

    // 10. Debug exceptions: a breakpoint instruction and single steps belong to user space.
guest_breakpoint:
    brk #0x77
guest_step:
    mov x0, #1
    add x0, x0, #2
    report x0
    b stage1
    .ltorg

sum_fresh:
    ldr x5, =FRESH
    mov x6, #64
    mov x7, #0
1:  ldr x0, [x5]
    add x7, x7, x0
    add x5, x5, #4096
    subs x6, x6, #1
    b.ne 1b
    ret
    .ltorg

    // 11. Stage 1 on: 1 GB blocks; VA 0xc0000000 is IPA 0, so IPA and VA differ.
stage1:
    adr x0, stage1_table
    msr ttbr0_el1, x0
    ldr x0, =0xff00             // Attr0 Device-nGnRnE, Attr1 Normal write-back
    msr mair_el1, x0
    ldr x0, =0x100803520        // T0SZ 32, write-back, inner shareable, 4K, EPD1, IPS 36 bits
    msr tcr_el1, x0
    isb
    mrs x0, sctlr_el1
    mov x1, #0x1005             // I, C, M
    orr x0, x0, x1
    msr sctlr_el1, x0
    isb
    ldr x1, =0xd0000000
    mov w2, #0x55
    strb w2, [x1, #0x70]        // leaves at IPA 0x10000070
    load ldr w2, [x1, #0x74]
    ldr x1, =0xc0345000
    at s1e1r, x1
    isb
    mrs x0, par_el1
    and x0, x0, #0xfffff000
    report x0
    ldr x1, =0x100000000        // beyond T0SZ: the guest's own fault
    ldr x2, [x1]
    report x24
    mrs x0, far_el1
    report x0
    b interrupts
    .ltorg

    // 12. The GIC and the virtual timer.
interrupts:
    bl gic_init
    bl timer_start
    msr daifclr, #2
    bl wait_irq                 // spins: the kernel injects the interrupt at an exit by the host's timer
    report x23                  // the INTID
    msr daifset, #2
    bl timer_start
    wfi                         // sleeps until the timer's interrupt is pending, although it is masked
    mov x23, #0
    msr daifclr, #2
    bl wait_irq
    report x23
    mov x23, #0
    str wzr, [x20, #0x78]       // user space raises the SPI (level-sensitive) ...
    bl wait_irq
    report x23                  // ... and lowers it when the handler has written MMIO + 0x7c
    bl gic_sgi
    bl wait_irq
    report x23
    bl gic_idle                 // nothing is pending: the spurious INTID
    report x0

    // 13. The end, twice: reset, then a new start at guest_after_reset, and off.
    ldr w0, =0x84000009         // SYSTEM_RESET
    hvc #0
    report x0                   // never
guest_after_reset:
    mov x20, #MMIO
    mrs x0, sctlr_el1
    and x0, x0, #1
    report x0
    mrs x0, daif
    report x0
    ldr w0, =0x84000008         // SYSTEM_OFF
    hvc #0
    report x0                   // never
    b .
    .ltorg

timer_start:
    mov x23, #0
    mrs x0, cntfrq_el0
    mov x1, #50
    udiv x0, x0, x1             // 20 ms
    msr cntv_tval_el0, x0
    mov x0, #1
    msr cntv_ctl_el0, x0
    isb
    ret

wait_irq:
    cbz x23, wait_irq
    ret

gic_init:
    mov x0, #GICD
    cmp x19, #2
    b.eq 2f
    mov w1, #0x12               // ARE_NS, EnableGrp1
    str w1, [x0]
    mov w1, #-1
    str w1, [x0, #0x84]         // GICD_IGROUPR1
    mov w1, #(1 << (SPI - 32))
    str w1, [x0, #0x104]
    ldr x0, =GICR
    str wzr, [x0, #0x14]        // GICR_WAKER
    add x0, x0, #0x10000
    mov w1, #-1
    str w1, [x0, #0x80]
    ldr w1, =(1 << VTIMER | 1 << 3)
    str w1, [x0, #0x100]
    mrs x0, s3_0_c12_c12_5      // ICC_SRE_EL1
    orr x0, x0, #1
    msr s3_0_c12_c12_5, x0
    isb
    mov x0, #0xf0
    msr s3_0_c4_c6_0, x0        // ICC_PMR_EL1
    mov x0, #1
    msr s3_0_c12_c12_7, x0      // ICC_IGRPEN1_EL1
    isb
    ret
2:  mov w1, #1
    str w1, [x0]
    mov w1, #(1 << (SPI - 32))
    str w1, [x0, #0x104]
    mov w1, #1
    strb w1, [x0, #(0x800 + SPI)]   // GICD_ITARGETSR: CPU 0
    ldr w1, =(1 << VTIMER | 1 << 3)
    str w1, [x0, #0x100]
    ldr x0, =GICC
    mov w1, #0xf0
    str w1, [x0, #4]
    mov w1, #1
    str w1, [x0]
    ret

gic_sgi:
    mov x23, #0
    cmp x19, #2
    b.eq 2f
    ldr x0, =0x03000001         // SGI 3 to Aff0 0
    msr s3_0_c12_c11_5, x0
    isb
    ret
2:  mov x0, #GICD
    ldr w1, =0x02000003         // SGI 3 to the requester
    str w1, [x0, #0xf00]
    ret

gic_idle:
    cmp x19, #2
    b.eq 2f
    mrs x0, s3_0_c12_c12_0
    ret
2:  ldr x0, =GICC
    ldr w0, [x0, #0xc]
    ret

irq:
    stp x0, x1, [sp, #-32]!
    str x30, [sp, #16]
    cmp x19, #2
    b.eq 2f
    mrs x1, s3_0_c12_c12_0      // ICC_IAR1_EL1
    bl irq_source
    msr s3_0_c12_c12_1, x1
    b 3f
2:  ldr x0, =GICC
    ldr w1, [x0, #0xc]
    bl irq_source
    ldr x0, =GICC
    str w1, [x0, #0x10]
3:  mov x23, x1
    ldr x30, [sp, #16]
    ldp x0, x1, [sp], #32
    eret

irq_source:
    cmp x1, #VTIMER
    b.ne 1f
    mov x0, #3                  // IMASK, ENABLE: takes the level away
    msr cntv_ctl_el0, x0
    isb
1:  cmp x1, #SPI
    b.ne 1f
    str wzr, [x20, #0x7c]
1:  ret

sync:
    mrs x24, esr_el1
    mrs x25, elr_el1
    add x25, x25, #4
    msr elr_el1, x25
    eret
    .ltorg

    .balign 2048
vectors:
    .rept 4
    .balign 128
    b .
    .endr
    .balign 128
    b sync
    .balign 128
    b irq
    .rept 10
    .balign 128
    b .
    .endr

    .balign 4096
stage1_table:
    .quad 0x00000000 | 0x401    // Device, AF
    .quad 0x40000000 | 0x705    // Normal, inner shareable, AF
    .quad 0
    .quad 0x00000000 | 0x401
    .balign 4096
guest_end:
