// Exits to EL2, one after the other: for each EL2 sets one control, runs an instruction at EL1 or EL0 that this control
// traps (Arm ARM: the control's description in its register), prints what it was taken with, and puts the control back.
// tests/cli/planted.txt says by which rule each goes to EL2. The case NAME has the symbols set_NAME, the MSR that plants
// it, and planted_NAME, the instruction. A line a case: NAME, then SYNC with ESR_EL2, or IRQ. An instruction that was not
// trapped is followed by HVC #0xfff. The last line is END.
    .arch armv8.6-a

    PSCI_SYSTEM_OFF = 0x84000008
    UART = 0x09000000
    GICD = 0x08000000
    GICR = 0x080a0000
    PPI_CNTHP = 26
    NOT_TRAPPED = 0xfff
    BEYOND = 0x80000000                 // an address with nothing behind it at stage 2

    HCR_VM = 1 << 0
    HCR_IMO = 1 << 4
    HCR_TWI = 1 << 13
    HCR_TWE = 1 << 14
    HCR_TID1 = 1 << 16
    HCR_TID2 = 1 << 17
    HCR_TID3 = 1 << 18
    HCR_TSC = 1 << 19
    HCR_TIDCP = 1 << 20
    HCR_TACR = 1 << 21
    HCR_TSW = 1 << 22
    HCR_TPCP = 1 << 23
    HCR_TPU = 1 << 24
    HCR_TTLB = 1 << 25
    HCR_TVM = 1 << 26
    HCR_TGE = 1 << 27
    HCR_TDZ = 1 << 28
    HCR_TRVM = 1 << 30
    HCR_RW = 1 << 31
    HCR_TLOR = 1 << 35
    HCR_TERR = 1 << 36
    HCR_APK = 1 << 40
    HCR_API = 1 << 41
    HCR_NV = 1 << 42
    HCR_AT = 1 << 44
    HCR_TTLBIS = 1 << 54
    HCR = HCR_RW | HCR_APK | HCR_API
    CPTR = 0x32ff                       // RES1
    CPTR_TFP = 1 << 10
    CPTR_TCPAC = 1 << 31
    MDCR = 6                            // HPMN
    MDCR_TPMCR = 1 << 5
    MDCR_TPM = 1 << 6
    MDCR_TDE = 1 << 8
    MDCR_TDA = 1 << 9
    MDCR_TDOSA = 1 << 10
    MDCR_TDRA = 1 << 11
    CNTHCTL_EL1PCTEN = 1 << 0
    CNTHCTL_EL1PCEN = 1 << 1
    HFGTR_SCTLR = 1 << 29               // HFGRTR_EL2, HFGWTR_EL2
    HFGTR_TCR = 1 << 32
    HFGITR_TLBIVMALLE1 = 1 << 42
    HFGITR_SVC_EL1 = 1 << 53
    HDFGRTR_MDSCR = 1 << 4
    ICH_HCR_TC = 1 << 10
    ICH_HCR_TALL1 = 1 << 12
    SCTLR = 0x30d00800                  // RES1, MMU off
    SCTLR_ENIA = 1 << 31
    S2_RW = 0x7fd                       // a block of level 1: AF, inner shareable, write-back
    S2_RO = 0x77d
    S2_NO_AF = 0x3fd

    .section .text.start, "ax"
    .globl _start
_start:
    adr     x0, vectors
    msr     vbar_el2, x0
    adr     x0, el1_vectors
    msr     vbar_el1, x0
    ldr     x0, =0x80023559             // VTCR_EL2: T0SZ 25, SL0 1, 4 KB, 40 bits
    msr     vtcr_el2, x0
    adrp    x0, stage2
    msr     vttbr_el2, x0
    mov     x0, #0xf
    msr     icc_sre_el2, x0
    mrs     x0, id_aa64mmfr0_el1
    ubfx    x26, x0, #56, #4            // FEAT_FGT
    bl      defaults
    b       cases

// Everything as it is between the cases.
defaults:
    ldr     x0, =HCR
    msr     hcr_el2, x0
    ldr     x0, =CPTR
    msr     cptr_el2, x0
    mov     x0, #MDCR
    msr     mdcr_el2, x0
    mov     x0, #CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN
    msr     cnthctl_el2, x0
    msr     ich_hcr_el2, xzr
    msr     cnthp_ctl_el2, xzr
    ldr     x0, =SCTLR
    msr     sctlr_el1, x0
    mov     x0, #3 << 20                // FPEN
    msr     cpacr_el1, x0
    adr     x0, not_trapped
    msr     elr_el1, x0
    mov     x0, #0x3c5
    msr     spsr_el1, x0
    cbz     x26, 1f
    msr     hfgrtr_el2, xzr
    msr     hfgwtr_el2, xzr
    msr     hfgitr_el2, xzr
    msr     hdfgrtr_el2, xzr
1:  adr     x0, beyond
    str     xzr, [x0]
    dsb     sy
    isb
    tlbi    vmalls12e1
    dsb     sy
    isb
    ret

.macro control register, value
    ldr     x0, =\value
    msr     \register, x0
.endm

// A case: \value to \register, then the instruction at EL\el. Controls that are only needed for it are set before.
.macro plant name, el, register, value, instruction:vararg
    ldr     x0, =\value
    .globl  set_\name, planted_\name
set_\name:
    msr     \register, x0
    adr     x0, planted_\name
    adr     x27, name_\name
    adr     x28, done_\name
    mov     x1, #0x3c0 | (\el << 2) | \el   // EL1h or EL0t, DAIF masked
    b       enter
planted_\name:
    \instruction
    b       not_trapped
    .pushsection .rodata
name_\name:
    .asciz  "\name"
    .popsection
done_\name:
.endm

// A line instead of the case on a CPU where the field of an ID register at \bit is below \min.
.macro needs name, register, bit, min, feature
    mrs     x0, \register
    ubfx    x0, x0, #\bit, #4
    cmp     x0, #\min
    b.hs    6f
    adr     x27, name_\name
    bl      put_name
    adr     x27, 5f
    bl      put_text
    b       done_\name
    .pushsection .rodata
5:  .asciz  "no \feature\n"
    .popsection
6:
.endm

// To x0 with SPSR_EL2 x1. x3 is an operand: zero; x4 an address beyond stage 2's.
enter:
    msr     elr_el2, x0
    msr     spsr_el2, x1
    mov     x3, #0
    ldr     x4, =BEYOND
    isb
    eret

not_trapped:
    hvc     #NOT_TRAPPED
    b       .

// ERET sets the Event Register, and the first WFE clears it.
.macro twice instruction
    \instruction
    \instruction
.endm

cases:
    plant   wfi, 1, hcr_el2, HCR | HCR_TWI, wfi
    plant   wfe, 1, hcr_el2, HCR | HCR_TWE, twice wfe
    plant   smc, 1, hcr_el2, HCR | HCR_TSC, smc #3
    plant   hvc, 1, hcr_el2, HCR, hvc #7
    plant   write_ttbr0, 1, hcr_el2, HCR | HCR_TVM, msr ttbr0_el1, x3
    plant   read_ttbr0, 1, hcr_el2, HCR | HCR_TRVM, mrs x3, ttbr0_el1
    plant   id1, 1, hcr_el2, HCR | HCR_TID1, mrs x3, revidr_el1
    plant   id2, 1, hcr_el2, HCR | HCR_TID2, mrs x3, ctr_el0
    plant   id3, 1, hcr_el2, HCR | HCR_TID3, mrs x3, id_aa64pfr0_el1
    plant   actlr, 1, hcr_el2, HCR | HCR_TACR, mrs x3, actlr_el1
    plant   impdef, 1, hcr_el2, HCR | HCR_TIDCP, mrs x3, s3_1_c11_c0_0
    plant   set_way, 1, hcr_el2, HCR | HCR_TSW, dc isw, x3
    plant   coherency, 1, hcr_el2, HCR | HCR_TPCP, dc civac, x3
    plant   unification, 1, hcr_el2, HCR | HCR_TPU, ic iallu
    plant   tlbi, 1, hcr_el2, HCR | HCR_TTLB, tlbi vmalle1
    needs   tlbi_is, id_aa64mmfr2_el1, 56, 2, FEAT_EVT
    plant   tlbi_is, 1, hcr_el2, HCR | HCR_TTLBIS, tlbi vmalle1is
    plant   dc_zva, 1, hcr_el2, HCR | HCR_TDZ, dc zva, x3
    plant   lor, 1, hcr_el2, HCR | HCR_TLOR, mrs x3, lorc_el1
    plant   errors, 1, hcr_el2, HCR | HCR_TERR, mrs x3, erridr_el1
    needs   at, id_aa64mmfr2_el1, 24, 1, FEAT_NV
    plant   at, 1, hcr_el2, HCR | HCR_AT, at s1e1r, x3
    plant   host_svc, 0, hcr_el2, HCR | HCR_TGE, svc #1
    plant   host_udf, 0, hcr_el2, HCR | HCR_TGE, udf #0
    needs   nv_hcr, id_aa64mmfr2_el1, 24, 1, FEAT_NV
    plant   nv_hcr, 1, hcr_el2, HCR | HCR_NV, mrs x3, hcr_el2
    needs   nv_eret, id_aa64mmfr2_el1, 24, 1, FEAT_NV
    plant   nv_eret, 1, hcr_el2, HCR | HCR_NV, eret
    control sctlr_el1, SCTLR | SCTLR_ENIA
    plant   pauth, 1, hcr_el2, HCR & ~HCR_API, pacia x3, x4
    plant   pauth_key, 1, hcr_el2, HCR & ~HCR_APK, mrs x3, apiakeylo_el1
    plant   fp, 1, cptr_el2, CPTR | CPTR_TFP, fmov d0, x3
    plant   cpacr, 1, cptr_el2, CPTR | CPTR_TCPAC, mrs x3, cpacr_el1
    plant   debug_registers, 1, mdcr_el2, MDCR | MDCR_TDA, mrs x3, dbgbvr0_el1
    plant   debug_rom, 1, mdcr_el2, MDCR | MDCR_TDRA, mrs x3, mdrar_el1
    plant   os_lock, 1, mdcr_el2, MDCR | MDCR_TDOSA, msr oslar_el1, x3
    plant   brk, 1, mdcr_el2, MDCR | MDCR_TDE, brk #1
    plant   pmu, 1, mdcr_el2, MDCR | MDCR_TPM, mrs x3, pmccntr_el0
    plant   pmcr, 1, mdcr_el2, MDCR | MDCR_TPMCR, mrs x3, pmcr_el0
    plant   counter, 1, cnthctl_el2, CNTHCTL_EL1PCEN, mrs x3, cntpct_el0
    plant   timer, 1, cnthctl_el2, CNTHCTL_EL1PCTEN, mrs x3, cntp_ctl_el0
    needs   fgt_read, id_aa64mmfr0_el1, 56, 1, FEAT_FGT
    plant   fgt_read, 1, hfgrtr_el2, HFGTR_SCTLR, mrs x3, sctlr_el1
    needs   fgt_write, id_aa64mmfr0_el1, 56, 1, FEAT_FGT
    plant   fgt_write, 1, hfgwtr_el2, HFGTR_TCR, msr tcr_el1, x3
    needs   fgt_insn, id_aa64mmfr0_el1, 56, 1, FEAT_FGT
    plant   fgt_insn, 1, hfgitr_el2, HFGITR_TLBIVMALLE1, tlbi vmalle1
    needs   fgt_debug, id_aa64mmfr0_el1, 56, 1, FEAT_FGT
    plant   fgt_debug, 1, hdfgrtr_el2, HDFGRTR_MDSCR, mrs x3, mdscr_el1
    needs   fgt_svc, id_aa64mmfr0_el1, 56, 1, FEAT_FGT
    plant   fgt_svc, 1, hfgitr_el2, HFGITR_SVC_EL1, svc #2
    control hcr_el2, HCR | HCR_IMO
    plant   icc_common, 1, ich_hcr_el2, ICH_HCR_TC, mrs x3, icc_pmr_el1
    control hcr_el2, HCR | HCR_IMO
    plant   icc_group1, 1, ich_hcr_el2, ICH_HCR_TALL1, mrs x3, icc_igrpen1_el1
    plant   sgi, 1, hcr_el2, HCR | HCR_IMO, msr icc_sgi1r_el1, x3
    plant   s2_unmapped, 1, hcr_el2, HCR | HCR_VM, ldr x3, [x4]
    ldr     x0, =BEYOND + S2_RO
    bl      map_beyond
    plant   s2_read_only, 1, hcr_el2, HCR | HCR_VM, str x3, [x4]
    ldr     x0, =BEYOND + S2_NO_AF
    bl      map_beyond
    plant   s2_no_af, 1, hcr_el2, HCR | HCR_VM, ldr x3, [x4]
    bl      expire
    plant   irq, 1, hcr_el2, HCR | HCR_IMO, b .

    adr     x27, end_text
    bl      put_text
    ldr     x0, =PSCI_SYSTEM_OFF
    smc     #0
    b       .

map_beyond:
    adr     x1, beyond
    str     x0, [x1]
    dsb     sy
    ret

// The EL2 timer's interrupt becomes pending.
expire:
    ldr     x1, =GICD
    mov     w0, #0x12                   // GICD_CTLR: ARE, EnableGrp1
    str     w0, [x1]
    ldr     x1, =GICR
    str     wzr, [x1, #0x14]            // GICR_WAKER
    add     x1, x1, #0x10000
    mov     w0, #1 << PPI_CNTHP
    str     w0, [x1, #0x80]             // GICR_IGROUPR0
    str     w0, [x1, #0x100]            // GICR_ISENABLER0
    mov     x0, #0xff
    msr     icc_pmr_el1, x0
    mov     x0, #1
    msr     icc_igrpen1_el1, x0
    msr     cnthp_cval_el2, xzr
    msr     cnthp_ctl_el2, x0
    isb
    ret

// --- EL2's handlers; the guest has no registers to keep
exit_sync:
    bl      put_name
    adr     x27, sync_text
    bl      put_text
    mrs     x27, esr_el2
    bl      put_word
    b       next
exit_irq:
    bl      put_name
    adr     x27, irq_text
    bl      put_text
next:
    mov     w0, #'\n'
    bl      put_char
    bl      defaults
    br      x28

unexpected:
    adr     x27, unexpected_text
    bl      put_text
    b       .

// --- the serial line: what is at or in x27
put_name:
    mov     x20, x30
    bl      put_text
    adr     x27, colon_text
    bl      put_text
    ret     x20
put_text:
    mov     x21, x30
1:  ldrb    w0, [x27], #1
    cbz     w0, 2f
    bl      put_char
    b       1b
2:  ret     x21
put_word:                               // 8 hexadecimal digits
    mov     x21, x30
    mov     w22, #28
1:  lsr     w0, w27, w22
    and     w0, w0, #15
    cmp     w0, #10
    add     w1, w0, #'0'
    add     w0, w0, #'a' - 10
    csel    w0, w1, w0, lo
    bl      put_char
    subs    w22, w22, #4
    b.ge    1b
    ret     x21
put_char:
    mov     x1, #UART
    str     w0, [x1]
    ret

    .balign 2048
vectors:
    .rept 8
    b       unexpected
    .balign 128
    .endr
    b       exit_sync
    .balign 128
    b       exit_irq
    .balign 128
    .rept 6
    b       unexpected
    .balign 128
    .endr
el1_vectors:
    .rept 16
    b       not_trapped
    .balign 128
    .endr
    .ltorg

    .section .rodata
colon_text:
    .asciz  ": "
sync_text:
    .asciz  "SYNC ESR="
irq_text:
    .asciz  "IRQ"
unexpected_text:
    .asciz  "unexpected\n"
end_text:
    .asciz  "END\n"

    .data
    .balign 4096
stage2:                                 // level 1: RAM, and what a case puts behind it
    .quad   0, 0x40000000 + S2_RW
beyond:
    .fill   510, 8, 0
