// System-class instructions: exceptions, hints, barriers, PSTATE, system registers. Arm ARM: "A64
// System instructions" and "Exception generation". Hot ones are handlers with the common case in
// line; the rest is in system.c.
#pragma once

#include "cpu/exception.h"
#include "cpu/op.h"
#include "cpu/sysreg.h"
#include "cpu/system.h"
#include "machine/machine.h"
#include "machine/semihosting.h"

// The instruction at op counts as executed, and cpu->pc is its address.
static ALWAYS_INLINE void instruction_begin(Cpu *cpu, const Op *op) {
    cpu_sync(cpu, op);
    cpu->icount++;
    cpu->block = op + 1;
}

// --- exceptions ----------------------------------------------------------------------------------

static ALWAYS_INLINE const Op *sem_svc(Cpu *cpu, const Op *op, const Table *table) {
    instruction_begin(cpu, op);
    AArch64_CallSupervisor(cpu, (u16)op->imm);
    TAIL(op_resume(cpu, op, table));
}
static ALWAYS_INLINE const Op *sem_hvc(Cpu *cpu, const Op *op, const Table *table) {
    instruction_begin(cpu, op);
    AArch64_CallHypervisor(cpu, (u16)op->imm);
    TAIL(op_resume(cpu, op, table));
}
static ALWAYS_INLINE const Op *sem_smc(Cpu *cpu, const Op *op, const Table *table) {
    instruction_begin(cpu, op);
    AArch64_CallSecureMonitor(cpu, (u16)op->imm);
    TAIL(op_resume(cpu, op, table));
}
static ALWAYS_INLINE bool sem_brk(Cpu *cpu, const Op *op, u64 imm) {
    (void)op;
    AArch64_SoftwareBreakpoint(cpu, (u16)imm);
    return true;
}
// Halting debug is never enabled: without semihosting HLT is UNDEFINED.
static ALWAYS_INLINE bool sem_hlt(Cpu *cpu, const Op *op, u64 imm) {
    (void)op;
    if (imm == 0xf000 && cpu->machine->config.semihosting && semihosting_call(cpu)) return false;
    AArch64_Undefined(cpu);
    return true;
}
static ALWAYS_INLINE const Op *sem_eret(Cpu *cpu, const Op *op, const Table *table) {
    if (unlikely(cpu->el == 0)) TAIL(system_undefined(cpu, op, table));
    instruction_begin(cpu, op);
    if (cpu->el == 2)
        AArch64_ExceptionReturn(cpu, cpu->sys.ELR_EL2, (u32)cpu->sys.SPSR_EL2);
    else if (likely(!system_eret_trapped(cpu)))
        AArch64_ExceptionReturn(cpu, cpu->sys.ELR_EL1, (u32)cpu->sys.SPSR_EL1);
    TAIL(op_resume(cpu, op, table));
}

// --- hints and barriers
// ----------------------------------------------------------------------------- One CPU executes at
// a time and every effect is complete when the next instruction starts, so barriers order nothing
// here.

static ALWAYS_INLINE void sem_hint(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_yield(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_dgh(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_csdb(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_bti(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_dsb(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_dmb(Cpu *cpu) {
    (void)cpu;
}
// An interrupt that is pending and not masked here is taken before the next instruction, which may
// mask it again.
static ALWAYS_INLINE const Op *sem_isb(Cpu *cpu, const Op *op, const Table *table) {
    cpu->icount += (u64)(op + 1 - cpu->block);
    cpu->block = op + 1;
    if (unlikely(cpu->icount >= cpu->limit)) TAIL(op_leave(cpu, op + 1, table));
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE void sem_sb(Cpu *cpu) {
    (void)cpu;
}
static ALWAYS_INLINE void sem_clrex(Cpu *cpu) {
    cpu->excl_valid = false;
}
static ALWAYS_INLINE void sem_sevl(Cpu *cpu) {
    cpu->event = true;
}
static ALWAYS_INLINE bool sem_sev(Cpu *cpu, const Op *op) {
    (void)op;
    system_send_event(cpu);
    return false;
}
static ALWAYS_INLINE bool sem_esb(Cpu *cpu, const Op *op) {
    (void)op;
    system_esb(cpu);
    return false;
}
static ALWAYS_INLINE const Op *sem_wfi(Cpu *cpu, const Op *op, const Table *table) {
    TAIL(system_wfi(cpu, op, table));
}
static ALWAYS_INLINE const Op *sem_wfe(Cpu *cpu, const Op *op, const Table *table) {
    TAIL(system_wfe(cpu, op, table));
}

// --- PSTATE --------------------------------------------------------------------------------------

// One bit of PSTATE from CRm<0>; no change of address space.
static ALWAYS_INLINE void set_pstate_bit(Cpu *cpu, u32 which, unsigned crm) {
    cpu->pstate = crm & 1 ? cpu->pstate | which : cpu->pstate & ~which;
}
static ALWAYS_INLINE const Op *sem_msr_uao(Cpu *cpu, const Op *op, const Table *table) {
    if (unlikely(cpu->el == 0)) TAIL(system_undefined(cpu, op, table));
    set_pstate_bit(cpu, PSTATE_UAO, op->r[0]);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_msr_ssbs(Cpu *cpu, const Op *op, const Table *table) {
    set_pstate_bit(cpu, PSTATE_SSBS, op->r[0]);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_msr_dit(Cpu *cpu, const Op *op, const Table *table) {
    set_pstate_bit(cpu, PSTATE_DIT, op->r[0]);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_msr_tco(Cpu *cpu, const Op *op, const Table *table) {
    set_pstate_bit(cpu, PSTATE_TCO, op->r[0]);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_msr_pan(Cpu *cpu, const Op *op, const Table *table) {
    if (unlikely(cpu->el == 0)) TAIL(system_undefined(cpu, op, table));
    u32 p = cpu->pstate & ~(u32)PSTATE_PAN;
    pstate_changed(cpu, op->r[0] & 1 ? p | PSTATE_PAN : p);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_msr_spsel(Cpu *cpu, const Op *op, const Table *table) {
    if (unlikely(cpu->el == 0)) TAIL(system_undefined(cpu, op, table));
    u32 p = cpu->pstate & ~(u32)PSTATE_SP;
    pstate_changed(cpu, op->r[0] & 1 ? p | PSTATE_SP : p);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE bool daif_trapped(const Cpu *cpu) {
    return unlikely(cpu->el == 0) && !bit(system_sctlr_el0(cpu), SCTLR_UMA);
}
static ALWAYS_INLINE const Op *sem_msr_daifset(Cpu *cpu, const Op *op, const Table *table) {
    if (daif_trapped(cpu)) TAIL(system_trap_daif(cpu, op, table));
    cpu->pstate |= (u32)op->r[0] << 6;
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_msr_daifclr(Cpu *cpu, const Op *op, const Table *table) {
    if (daif_trapped(cpu)) TAIL(system_trap_daif(cpu, op, table));
    cpu->pstate &= ~((u32)op->r[0] << 6);
    interrupts_changed(cpu);
    // What was unmasked, an interrupt or software step, comes before the next instruction, which
    // may mask it again.
    if (unlikely(!cpu->limit)) TAIL(sem_isb(cpu, op, table));
    NEXT(cpu, op, table);
}

// --- system registers ----------------------------------------------------------------------------

static ALWAYS_INLINE const Op *sem_mrs(Cpu *cpu, const Op *op, const Table *table) {
    unsigned index = (unsigned)op->half.hi;
    u64 value;
    if (likely(index != SYSREG_NONE && sysreg_fast_read(cpu, index, &value))) {
        cpu->x[op->r[0]] = value;
        NEXT(cpu, op, table);
    }
    TAIL(system_read(cpu, op, table));
}
static ALWAYS_INLINE const Op *sem_msr_reg(Cpu *cpu, const Op *op, const Table *table) {
    unsigned index = (unsigned)op->half.hi;
    if (likely(index != SYSREG_NONE && sysreg_fast_write(cpu, index, cpu->x[op->r[0]])))
        NEXT(cpu, op, table);
    TAIL(system_write(cpu, op, table));
}
static ALWAYS_INLINE const Op *sem_sys(Cpu *cpu, const Op *op, const Table *table) {
    TAIL(system_write(cpu, op, table));
}
static ALWAYS_INLINE const Op *sem_sysl(Cpu *cpu, const Op *op, const Table *table) {
    TAIL(system_read(cpu, op, table));
}
// The block that DC ZVA clears is 64 bytes (DCZID_EL0.BS = 4) and lies in one page.
static ALWAYS_INLINE const Op *sem_dc_zva(Cpu *cpu, const Op *op, const Table *table) {
    bool trapped = bit(cpu->sys.HCR_EL2, HCR_TDZ) || bit(cpu->sys.HFGITR_EL2, HFGITR_DCZVA);
    bool allowed = cpu->el == 2 || (cpu->el == 1 && !trapped);
    u64 block = align_down(cpu->x[op->r[0]], 64);
    TlbEntry *e = tlb_entry(cpu, block);
    if (unlikely(!allowed || (block & ~0xfffull) != e->wtag || e->flags & TLBF_ALIGNED))
        TAIL(system_write(cpu, op, table));
    memset((void *)(uintptr_t)(block + e->add), 0, 64);
    NEXT(cpu, op, table);
}
