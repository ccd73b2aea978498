// The HVC loop: EL2 sets up EL1 without translation, EL1 executes HVC #0 n times and then HVC #1, at which
// EL2 powers off through PSCI.
.macro hvc_rom default
    .section .text.start, "ax"
    .global _start
_start:
    adr     x1, vectors
    msr     vbar_el2, x1
    mov     x1, #(1 << 31)              // HCR_EL2.RW: EL1 is AArch64
    msr     hcr_el2, x1
    ldr     x1, =0x30d00800             // SCTLR_EL1: RES1 bits, MMU off
    msr     sctlr_el1, x1
    ldr     x0, =0x44000000
    ldr     x0, [x0]
    cbnz    x0, 1f
    ldr     x0, =\default
1:  adr     x1, guest
    msr     elr_el2, x1
    mov     x1, #0x3c5                  // EL1h, DAIF masked
    msr     spsr_el2, x1
    eret
guest:
    hvc     #0
    subs    x0, x0, #1
    b.ne    guest
    hvc     #1
    b       .
    .balign 2048
vectors:
    .fill   0x400 / 4, 4, 0x14000000    // current EL: b .
    // 0x400: synchronous, lower EL
    mrs     x2, esr_el2
    tbnz    x2, #0, 2f
    eret
2:  ldr     x0, =0x84000008             // PSCI SYSTEM_OFF
    smc     #0
    b       .
    .balign 2048
    .ltorg
.endm
