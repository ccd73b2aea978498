// One mistake of a hypervisor for each lint. The word at 0x44000000 chooses it: its number in the table of
// _start, + 0x100 for the same without the mistake. EL1 runs below stage 2 with RAM from 0x40000000 mapped by a block
// of 1 GB; the handlers keep the guest's registers. The word at 0x44000008 says
// after how many aborts variant 2 gives up.
// Every variant ends by PSCI SYSTEM_OFF.
    PSCI_SYSTEM_OFF = 0x84000008
    SELECT = 0x44000000

    .section .text.start, "ax"
    .global _start
_start:
    ldr     x20, =SELECT
    ldr     w20, [x20]
    and     w19, w20, #0x100            // 0x100: corrected
    and     w20, w20, #0xff
    adr     x0, vectors
    msr     vbar_el2, x0
    ldr     x0, =stack_top
    mov     sp, x0
    ldr     x0, =0x80000019             // HCR_EL2: RW, FMO, IMO, VM
    msr     hcr_el2, x0
    ldr     x0, =0x80023559             // VTCR_EL2: T0SZ 25, SL0 1, 4 KB, 40 bits
    msr     vtcr_el2, x0
    ldr     x0, =0x0001000000000000
    adr     x1, stage2
    orr     x0, x0, x1
    msr     vttbr_el2, x0
    ldr     x0, =0x30d00800             // SCTLR_EL1: RES1 bits, MMU off
    msr     sctlr_el1, x0
    adr     x0, el1_vectors
    msr     vbar_el1, x0
    ldr     x0, =el1_stack
    msr     sp_el1, x0
    mov     x0, #0x3c5                  // EL1h, DAIF masked
    msr     spsr_el2, x0
    isb
    adr     x0, table
    ldr     w1, [x0, x20, lsl #2]
    add     x0, x0, w1, sxtw
    br      x0
table:
    .word   hvc_skip - table, no_advance - table, storm - table, eret_unmapped - table
    .word   wfi_masked - table, entry_exception - table, lr_duplicate - table, lr_hw_inactive - table
    .word   svc_skip - table, smc_again - table, eret_nowhere - table, eret_el2 - table
    .word   eret_unmapped - table, other_vcpu - table, retry - table, lr_overwritten - table
    .word   lr_overwritten - table, lr_overwritten - table, lr_overwritten - table, gich_lr_overwritten - table

power_off:
    ldr     x0, =PSCI_SYSTEM_OFF
    smc     #0
    b       .

.macro enter where
    adr     x18, \where
    msr     elr_el2, x18
    eret
.endm

// --- 0, 8: HVC, SVC under HCR_EL2.TGE, resumed at ELR_EL2 + 4
svc_skip:
    ldr     x0, =0x88000000             // TGE, RW
    msr     hcr_el2, x0
    mov     x0, #0x3c0                  // EL0
    msr     spsr_el2, x0
    isb
    enter   svc_code
svc_code:
    svc     #0
    nop
    svc     #1
    b       .
hvc_skip:
    enter   hvc_code
hvc_code:
    hvc     #0
    nop
    hvc     #1
    b       .

// --- 13: no mistake: EL2 switches to a vCPU that stands at ELR_EL2 + 4. 14: nor here: the MSR traps again and again, and
// EL2 does a part of it each time
other_vcpu:
    mov     x21, #0
    b       hvc_skip
retry:
    mov     x21, #0
    b       no_advance

// --- 1, 9: a trapped MSR, SMC, that is not stepped over (the third time it is)
no_advance:
    mrs     x0, hcr_el2
    orr     x0, x0, #(1 << 26)          // TVM
    msr     hcr_el2, x0
    enter   msr_code
msr_code:
    msr     ttbr0_el1, x5
    hvc     #1
    b       .
smc_again:
    mrs     x0, hcr_el2
    orr     x0, x0, #(1 << 19)          // TSC
    msr     hcr_el2, x0
    enter   smc_code
smc_code:
    smc     #7
    hvc     #1
    b       .

// --- 2: a Data Abort that EL2 does nothing about (for a while). Corrected: the guest polls the same address as often.
storm:
    enter   storm_code
storm_code:
    mov     x2, #100
    mov     x1, #0x08000000
1:  ldr     w3, [x1]
    subs    x2, x2, #1
    b.ne    1b
    hvc     #1
    b       .

// --- 3: the guest's first instruction is not in stage 2, and EL2 gives up. Corrected: it maps it then.
eret_unmapped:
    ldr     x0, =late_entry
    str     xzr, [x0]
    dsb     sy
    enter   hvc1_code
hvc1_code:
    hvc     #1
    b       .
// --- 12: ... and EL2 returns to it six times in vain. Corrected: once, as is allowed, before it maps it.
// --- 10: EL1's code and vector are nowhere, stage 2 lets them through. 11: ERET within EL2 to an address without memory
eret_nowhere:
    ldr     x0, =0x80000000             // no stage 2: RW
    msr     hcr_el2, x0
    mov     x0, #0x30000000
    cbnz    w19, 1f
    msr     vbar_el1, x0
    msr     elr_el2, x0
    isb
    eret
1:  isb
    enter   hvc1_code
eret_el2:
    mov     x0, #0x3c9                  // EL2h
    msr     spsr_el2, x0
    adr     x0, power_off
    cbnz    w19, 1f
    mov     x0, #0x30000000
1:  msr     elr_el2, x0
    eret

// --- 4: WFI with everything masked and nothing enabled. Corrected: the EL2 timer's interrupt ends it.
wfi_masked:
    cbz     w19, 1f
    bl      gic_on
    mov     w0, #(1 << 26)              // PPI 26: the EL2 physical timer
    bl      ppi_on
    mov     x0, #1000
    msr     cnthp_tval_el2, x0
    mov     x0, #1
    msr     cnthp_ctl_el2, x0
1:  isb
    wfi
    b       power_off

// --- 5: the entry code's first store faults. Corrected: ELR_EL2 and SPSR_EL2 are saved before.
entry_exception:
    adr     x0, vectors_early
    adr     x1, vectors_saved
    cmp     w19, #0
    csel    x0, x0, x1, eq
    msr     vbar_el2, x0
    isb
    enter   entry_code
entry_code:
    hvc     #2
    b       .

// --- 6: two list registers with the same INTID; 7: HW = 1 with an interrupt that is not active
lr_duplicate:
    bl      gic_on
    mov     x0, #1
    msr     s3_4_c12_c11_0, x0          // ICH_HCR_EL2.En
    ldr     x0, =0x50a0000000000028     // pending, Group 1, vINTID 40
    msr     s3_4_c12_c12_0, x0          // ICH_LR0_EL2
    cbz     w19, 1f
    add     x0, x0, #1
1:  msr     s3_4_c12_c12_2, x0          // ICH_LR2_EL2
    isb
    enter   hvc1_code
lr_hw_inactive:
    bl      gic_on
    mov     w0, #(1 << 27)              // PPI 27: the virtual timer
    bl      ppi_on
    mov     x0, #1
    msr     s3_4_c12_c11_0, x0
    cbz     w19, 1f
    ldr     x1, =0x080b0300             // GICR_ISACTIVER0
    mov     w0, #(1 << 27)
    str     w0, [x1]
1:  ldr     x0, =0x70a0001b0000001b     // pending, HW, Group 1, pINTID 27, vINTID 27
    msr     s3_4_c12_c12_0, x0
    isb
    enter   hvc1_code

// --- 15: the second interrupt goes into the list register that has the first one, which EL2 does not look at. Corrected: into
// the next one. No mistakes: 16: it is read before; 17: its interrupt moves to the next one; 18: another vCPU runs then.
// 19: 15 for GICv2. Corrected: it is read before.
lr_overwritten:
    bl      gic_on
    mov     x0, #1
    msr     s3_4_c12_c11_0, x0
    isb
    enter   inject_code
gich_lr_overwritten:
    mov     x1, #0x08030000             // GICH_HCR.En
    mov     w0, #1
    str     w0, [x1]
    enter   inject_code
inject_code:
    hvc     #3
    hvc     #3
    hvc     #1
    b       .

gic_on:                                 // GICv3: Group 1 on, all priorities
    mov     x1, #0x08000000
    mov     w0, #0x12                   // ARE, EnableGrp1
    str     w0, [x1]
    ldr     x1, =0x080a0014             // GICR_WAKER
    str     wzr, [x1]
    mov     x0, #0xf
    msr     s3_4_c12_c9_5, x0           // ICC_SRE_EL2
    isb
    mov     x0, #0xf0
    msr     s3_0_c4_c6_0, x0            // ICC_PMR_EL1
    mov     x0, #1
    msr     s3_0_c12_c12_7, x0          // ICC_IGRPEN1_EL1
    isb
    ret
ppi_on:                                 // w0: mask of PPIs
    ldr     x1, =0x080b0080             // GICR_IGROUPR0
    str     w0, [x1]
    str     w0, [x1, #0x80]             // GICR_ISENABLER0
    ret

// --- EL2's handlers
.macro leave
    ldp     x17, x18, [sp], #16
    eret
.endm

from_below:
    stp     x17, x18, [sp, #-16]!
    mrs     x17, esr_el2
    lsr     x18, x17, #26
    cmp     x18, #0x24
    b.eq    data_abort
    cmp     x18, #0x20
    b.eq    instruction_abort
    cmp     x18, #0x18
    b.eq    trapped
    cmp     x18, #0x17
    b.eq    trapped
    and     x17, x17, #0xffff           // HVC or SVC: 1 ends
    cmp     x17, #1
    b.eq    power_off
    cmp     x17, #3
    b.eq    inject
    mrs     x17, elr_el2
    add     x18, x17, #4
    cmp     w19, #0
    csel    x17, x17, x18, ne
    cmp     w20, #13
    cinc    x21, x21, eq
    msr     elr_el2, x17
    leave
inject:                                 // INTID 40, then 41
    ldr     x18, count
    add     x18, x18, #1
    adr     x17, count
    str     x18, [x17]
    cmp     w20, #19
    b.eq    inject_gich
    ldr     x17, =0x50a0000000000027    // pending, Group 1
    add     x17, x17, x18
    cmp     x18, #1
    b.eq    to_lr0
    cmp     w20, #15
    b.ne    1f
    cbz     w19, to_lr0
    msr     s3_4_c12_c12_1, x17         // ICH_LR1_EL2
    leave
1:  cmp     w20, #16
    b.ne    2f
    mrs     x18, s3_4_c12_c12_0         // ICH_LR0_EL2
    b       to_lr0
2:  cmp     w20, #17
    b.ne    3f
    sub     x18, x17, #1
    msr     s3_4_c12_c12_1, x18
    b       to_lr0
3:  mrs     x18, vmpidr_el2
    add     x18, x18, #1
    msr     vmpidr_el2, x18
to_lr0:
    msr     s3_4_c12_c12_0, x17
    leave
inject_gich:
    add     x18, x18, #39
    orr     x18, x18, #(1 << 28)        // pending
    ldr     x17, =0x08030100            // GICH_LR0
    cbz     w19, 1f
    ldr     wzr, [x17]
1:  str     w18, [x17]
    leave
trapped:
    cmp     w20, #14
    cinc    x21, x21, eq
    ldr     x18, count
    add     x18, x18, #1
    adr     x17, count
    str     x18, [x17]
    cmp     x18, #3                     // the mistake goes on until the third
    b.hs    step_over
    cbnz    w19, step_over
    leave
step_over:
    mrs     x17, elr_el2
    add     x17, x17, #4
    msr     elr_el2, x17
    leave
data_abort:
    cbnz    w19, step_over
    ldr     x18, count
    add     x18, x18, #1
    adr     x17, count
    str     x18, [x17]
    ldr     x17, =SELECT
    ldr     x17, [x17, #8]              // so many times in vain
    cmp     x18, x17
    b.hs    power_off
    leave
instruction_abort:
    cmp     w20, #12
    b.ne    1f
    ldr     x18, count
    add     x18, x18, #1
    adr     x17, count
    str     x18, [x17]
    mov     x17, #6
    cmp     w19, #0
    csinc   x17, x17, xzr, eq           // corrected: 1
    cmp     x18, x17
    b.hi    2f
    leave
1:  cbz     w19, power_off
2:
    ldr     x18, late_value
    adr     x17, late_entry
    str     x18, [x17]
    dsb     sy
    tlbi    vmalls12e1
    dsb     sy
    leave

    .balign 2048
vectors:
    .fill   0x200 / 4, 4, 0x14000000    // current EL with SP_EL0: b .
    b       power_off                   // current EL: what was to be shown has happened
    .fill   0x200 / 4 - 1, 4, 0x14000000
    b       from_below
    .balign 2048
vectors_early:
    .fill   0x200 / 4, 4, 0x14000000
    b       power_off
    .fill   0x200 / 4 - 1, 4, 0x14000000
    mov     x18, #0x30000000
    b       1f
    .balign 2048
vectors_saved:
    .fill   0x200 / 4, 4, 0x14000000
    b       power_off
    .fill   0x200 / 4 - 1, 4, 0x14000000
    mov     x18, #0x30000000
    mrs     x16, elr_el2
    mrs     x17, spsr_el2
1:  str     x0, [x18]
    b       .
    .balign 2048
el1_vectors:
    .fill   0x800 / 4, 4, 0x14000000
    .ltorg
    .balign 8
count:      .quad 0
late_value: .quad 0x400007fd
    .balign 4096
stage2:                                 // level 1: devices are not mapped, RAM is
    .quad   0
late_entry:
    .quad   0x400007fd                  // block, AF, inner shareable, RW, normal WB
    .fill   510, 8, 0
    .fill   256, 1, 0
stack_top:
    .fill   256, 1, 0
el1_stack:
