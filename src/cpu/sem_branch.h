// Branches. Arm ARM: "A64 Base Instruction Descriptions". Targets of immediate branches are worked
// out by the decoder and the wrapper; of register branches the semantic function returns the
// address.
#pragma once

#include "cpu/op.h"
#include "cpu/sem_arith.h"

static ALWAYS_INLINE bool sem_b(Cpu *cpu) {
    (void)cpu;
    return true;
}
static ALWAYS_INLINE bool sem_bl(Cpu *cpu, u64 *lr, u64 pc) {
    (void)cpu;
    *lr = pc + 4;
    return true;
}
static ALWAYS_INLINE bool sem_b_cond(Cpu *cpu, int cond) {
    return condition(cpu, cond);
}
static ALWAYS_INLINE bool sem_cbz(Cpu *cpu, int sf, u64 t) {
    (void)cpu;
    return narrow(sf, t) == 0;
}
static ALWAYS_INLINE bool sem_cbnz(Cpu *cpu, int sf, u64 t) {
    (void)cpu;
    return narrow(sf, t) != 0;
}
static ALWAYS_INLINE bool sem_tbz(Cpu *cpu, int b5, u64 t, unsigned b40) {
    (void)cpu;
    return !(t >> (b5 * 32 + b40) & 1);
}
static ALWAYS_INLINE bool sem_tbnz(Cpu *cpu, int b5, u64 t, unsigned b40) {
    (void)cpu;
    return t >> (b5 * 32 + b40) & 1;
}
static ALWAYS_INLINE u64 sem_br(Cpu *cpu, u64 n) {
    (void)cpu;
    return n;
}
static ALWAYS_INLINE u64 sem_blr(Cpu *cpu, u64 n, u64 *lr, u64 pc) {
    (void)cpu;
    *lr = pc + 4;
    return n;
}
static ALWAYS_INLINE u64 sem_ret(Cpu *cpu, u64 n) {
    (void)cpu;
    return n;
}
