// Pointer authentication instructions (FEAT_PAuth). Arm ARM: "Pointer authentication"; the codes
// are computed in pauth.c. Handlers, because a use of an enabled key can trap (HCR_EL2.API).
// Operand slots are those of the rows in base.isa.
#pragma once

#include "cpu/op.h"
#include "cpu/pauth.h"
#include "cpu/sem_system.h"

// The use of the key at op traps: the exception was taken (then go on with op_resume()).
static ALWAYS_INLINE bool pauth_stopped(Cpu *cpu, const Op *op, PacKey key) {
    if (likely(cpu->el == 2 || bit(cpu->sys.HCR_EL2, HCR_API))) return false;
    cpu_sync(cpu, op);
    if (!pauth_trapped(cpu, key)) return false;
    cpu->icount++;
    cpu->block = op + 1;
    return true;
}

// Authenticates ptr for AUT*: the exception of FEAT_FPAC was taken (then go on with op_resume()).
static ALWAYS_INLINE bool aut_failed(Cpu *cpu, const Op *op, u64 ptr, u64 modifier, PacKey key,
                                     u64 *result) {
    *result = pauth_auth(cpu, ptr, modifier, key);
    cpu_sync(cpu, op);
    if (likely(!pauth_failed(cpu, *result, key))) return false;
    cpu->icount++;
    cpu->block = op + 1;
    return true;
}

static ALWAYS_INLINE const Op *sem_pac(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[3];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    cpu->x[op->r[0]] = pauth_add(cpu, cpu->x[op->r[1]], cpu->x[op->r[2]], key);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_aut(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[3];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    u64 result;
    if (unlikely(aut_failed(cpu, op, cpu->x[op->r[1]], cpu->x[op->r[2]], key, &result)))
        TAIL(op_resume(cpu, op, table));
    cpu->x[op->r[0]] = result;
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_pacz(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[2];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    cpu->x[op->r[0]] = pauth_add(cpu, cpu->x[op->r[1]], 0, key);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_autz(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[2];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    u64 result;
    if (unlikely(aut_failed(cpu, op, cpu->x[op->r[1]], 0, key, &result)))
        TAIL(op_resume(cpu, op, table));
    cpu->x[op->r[0]] = result;
    NEXT(cpu, op, table);
}
// XPACI, XPACD and XPACLRI use no key: HCR_EL2.API does not trap them, and no enable applies.
static ALWAYS_INLINE const Op *sem_xpac(Cpu *cpu, const Op *op, const Table *table) {
    cpu->x[op->r[0]] = pauth_strip(cpu, cpu->x[op->r[1]], op->r[2]);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_xpaclri(Cpu *cpu, const Op *op, const Table *table) {
    cpu->x[30] = pauth_strip(cpu, cpu->x[30], false);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_pacga(Cpu *cpu, const Op *op, const Table *table) {
    if (unlikely(pauth_stopped(cpu, op, PAC_GA))) TAIL(op_resume(cpu, op, table));
    cpu->x[op->r[0]] = pauth_ga(cpu, cpu->x[op->r[1]], cpu->x[op->r[2]]);
    NEXT(cpu, op, table);
}
// PACIA1716, PACIB1716, AUTIA1716, AUTIB1716.
static ALWAYS_INLINE const Op *sem_pac1716(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[0];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    cpu->x[17] = pauth_add(cpu, cpu->x[17], cpu->x[16], key);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_aut1716(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[0];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    u64 result;
    if (unlikely(aut_failed(cpu, op, cpu->x[17], cpu->x[16], key, &result)))
        TAIL(op_resume(cpu, op, table));
    cpu->x[17] = result;
    NEXT(cpu, op, table);
}
// PACIAZ, PACIASP, PACIBZ, PACIBSP and the AUT forms: X30 with 0 or SP.
static ALWAYS_INLINE const Op *sem_paclr(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[0];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    cpu->x[30] = pauth_add(cpu, cpu->x[30], op->r[1] ? cpu->x[REG_SP] : 0, key);
    NEXT(cpu, op, table);
}
static ALWAYS_INLINE const Op *sem_autlr(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[0];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    u64 result;
    if (unlikely(aut_failed(cpu, op, cpu->x[30], op->r[1] ? cpu->x[REG_SP] : 0, key, &result)))
        TAIL(op_resume(cpu, op, table));
    cpu->x[30] = result;
    NEXT(cpu, op, table);
}

// BRAAZ, BRABZ; BRAA, BRAB; with the link register BLRAAZ...
static ALWAYS_INLINE const Op *sem_braz(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[1];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    JUMP_INDIRECT(cpu, op, pauth_auth(cpu, cpu->x[op->r[0]], 0, key), table);
}
static ALWAYS_INLINE const Op *sem_blraz(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[1];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    u64 to = pauth_auth(cpu, cpu->x[op->r[0]], 0, key);
    cpu->x[30] = op_pc(cpu, op) + 4;
    JUMP_INDIRECT(cpu, op, to, table);
}
static ALWAYS_INLINE const Op *sem_bra(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[1];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    JUMP_INDIRECT(cpu, op, pauth_auth(cpu, cpu->x[op->r[0]], cpu->x[op->r[2]], key), table);
}
static ALWAYS_INLINE const Op *sem_blra(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[1];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    u64 to = pauth_auth(cpu, cpu->x[op->r[0]], cpu->x[op->r[2]], key);
    cpu->x[30] = op_pc(cpu, op) + 4;
    JUMP_INDIRECT(cpu, op, to, table);
}
static ALWAYS_INLINE const Op *sem_reta(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[0];
    if (unlikely(pauth_stopped(cpu, op, key))) TAIL(op_resume(cpu, op, table));
    JUMP(cpu, op, pauth_auth(cpu, cpu->x[30], cpu->x[REG_SP], key), table);
}
// ERETAA, ERETAB: the trap of the return comes before that of the key. Source: aarch64
// branch_unconditional_eret.
static ALWAYS_INLINE const Op *sem_ereta(Cpu *cpu, const Op *op, const Table *table) {
    PacKey key = (PacKey)op->r[0];
    if (unlikely(cpu->el == 0)) TAIL(system_undefined(cpu, op, table));
    instruction_begin(cpu, op);
    if (!system_eret_trapped(cpu) && (cpu->el == 2 || !pauth_trapped(cpu, key))) {
        bool el2 = cpu->el == 2;
        u64 to = el2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1;
        u64 spsr = el2 ? cpu->sys.SPSR_EL2 : cpu->sys.SPSR_EL1;
        AArch64_ExceptionReturn(cpu, pauth_auth(cpu, to, cpu->x[REG_SP], key), (u32)spsr);
    }
    TAIL(op_resume(cpu, op, table));
}
