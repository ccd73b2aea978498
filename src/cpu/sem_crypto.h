// Semantics of the Cryptographic Extension rows of simd.isa: AES, SHA-1, SHA-256, SHA-512, SHA-3,
// SM3, SM4. Arm ARM: "Cryptographic Extension". PMULL is in sem_simd.h. The round functions are in
// crypto.c.
#pragma once

#include "cpu/cpu.h"

void crypto_aese(V128 *d, const V128 *n);
void crypto_aesd(V128 *d, const V128 *n);
void crypto_aesmc(V128 *d, const V128 *n);
void crypto_aesimc(V128 *d, const V128 *n);
void crypto_sha1su1(V128 *d, const V128 *n);
void crypto_sha256su0(V128 *d, const V128 *n);
void crypto_sha512su0(V128 *d, const V128 *n);
void crypto_sm4e(V128 *d, const V128 *n);
void crypto_sha1c(V128 *d, const V128 *n, const V128 *m);
void crypto_sha1p(V128 *d, const V128 *n, const V128 *m);
void crypto_sha1m(V128 *d, const V128 *n, const V128 *m);
void crypto_sha1su0(V128 *d, const V128 *n, const V128 *m);
void crypto_sha256h(V128 *d, const V128 *n, const V128 *m);
void crypto_sha256h2(V128 *d, const V128 *n, const V128 *m);
void crypto_sha256su1(V128 *d, const V128 *n, const V128 *m);
void crypto_sha512h(V128 *d, const V128 *n, const V128 *m);
void crypto_sha512h2(V128 *d, const V128 *n, const V128 *m);
void crypto_sha512su1(V128 *d, const V128 *n, const V128 *m);
void crypto_sm3partw1(V128 *d, const V128 *n, const V128 *m);
void crypto_sm3partw2(V128 *d, const V128 *n, const V128 *m);
void crypto_sm4ekey(V128 *d, const V128 *n, const V128 *m);
void crypto_sm3ss1(V128 *d, const V128 *n, const V128 *m, const V128 *a);
// b: the Boolean functions of rounds 16 to 63.
void crypto_sm3tt1(V128 *d, const V128 *n, const V128 *m, unsigned i, bool b);
void crypto_sm3tt2(V128 *d, const V128 *n, const V128 *m, unsigned i, bool b);

// --- AES ---
static ALWAYS_INLINE void sem_aese(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_aese(d, n);
}
static ALWAYS_INLINE void sem_aesd(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_aesd(d, n);
}
static ALWAYS_INLINE void sem_aesmc(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_aesmc(d, n);
}
static ALWAYS_INLINE void sem_aesimc(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_aesimc(d, n);
}

// --- SHA-1 ---
static ALWAYS_INLINE void sem_sha1c(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha1c(d, n, m);
}
static ALWAYS_INLINE void sem_sha1p(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha1p(d, n, m);
}
static ALWAYS_INLINE void sem_sha1m(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha1m(d, n, m);
}
static ALWAYS_INLINE void sem_sha1su0(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha1su0(d, n, m);
}
static ALWAYS_INLINE void sem_sha1h(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    d->q = n->s[0] << 30 | n->s[0] >> 2;
}
static ALWAYS_INLINE void sem_sha1su1(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_sha1su1(d, n);
}

// --- SHA-256 ---
static ALWAYS_INLINE void sem_sha256h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha256h(d, n, m);
}
static ALWAYS_INLINE void sem_sha256h2(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha256h2(d, n, m);
}
static ALWAYS_INLINE void sem_sha256su1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha256su1(d, n, m);
}
static ALWAYS_INLINE void sem_sha256su0(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_sha256su0(d, n);
}

// --- SHA-512 ---
static ALWAYS_INLINE void sem_sha512h(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha512h(d, n, m);
}
static ALWAYS_INLINE void sem_sha512h2(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha512h2(d, n, m);
}
static ALWAYS_INLINE void sem_sha512su1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sha512su1(d, n, m);
}
static ALWAYS_INLINE void sem_sha512su0(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_sha512su0(d, n);
}

// --- SHA-3 ---
static ALWAYS_INLINE void sem_rax1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    u64 low = m->d[0] << 1 | m->d[0] >> 63, high = m->d[1] << 1 | m->d[1] >> 63;
    *d = (V128){.d = {n->d[0] ^ low, n->d[1] ^ high}};
}
static ALWAYS_INLINE void sem_eor3(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, const V128 *a) {
    (void)cpu;
    d->q = n->q ^ m->q ^ a->q;
}
static ALWAYS_INLINE void sem_bcax(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, const V128 *a) {
    (void)cpu;
    d->q = n->q ^ (m->q & ~a->q);
}
static ALWAYS_INLINE void sem_xar(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned imm6) {
    (void)cpu;
    u64 low = n->d[0] ^ m->d[0], high = n->d[1] ^ m->d[1];
    *d = (V128){.d = {low >> imm6 | low << (-imm6 & 63), high >> imm6 | high << (-imm6 & 63)}};
}

// --- SM3 ---
static ALWAYS_INLINE void sem_sm3ss1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m,
                                     const V128 *a) {
    (void)cpu;
    crypto_sm3ss1(d, n, m, a);
}
static ALWAYS_INLINE void sem_sm3tt1a(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned i) {
    (void)cpu;
    crypto_sm3tt1(d, n, m, i, false);
}
static ALWAYS_INLINE void sem_sm3tt1b(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned i) {
    (void)cpu;
    crypto_sm3tt1(d, n, m, i, true);
}
static ALWAYS_INLINE void sem_sm3tt2a(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned i) {
    (void)cpu;
    crypto_sm3tt2(d, n, m, i, false);
}
static ALWAYS_INLINE void sem_sm3tt2b(Cpu *cpu, V128 *d, const V128 *n, const V128 *m, unsigned i) {
    (void)cpu;
    crypto_sm3tt2(d, n, m, i, true);
}
static ALWAYS_INLINE void sem_sm3partw1(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sm3partw1(d, n, m);
}
static ALWAYS_INLINE void sem_sm3partw2(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sm3partw2(d, n, m);
}

// --- SM4 ---
static ALWAYS_INLINE void sem_sm4e(Cpu *cpu, V128 *d, const V128 *n) {
    (void)cpu;
    crypto_sm4e(d, n);
}
static ALWAYS_INLINE void sem_sm4ekey(Cpu *cpu, V128 *d, const V128 *n, const V128 *m) {
    (void)cpu;
    crypto_sm4ekey(d, n, m);
}
