// A64 data processing (immediate and register) on general-purpose registers, conditions and flags.
// Arm ARM: "A64 Base Instruction Descriptions". sf = 0 is the 32-bit form: it computes on the low
// halves and writes zero-extended results. N, Z, C, V are kept as cpu.h says.
#pragma once

#include "cpu/crc32.h"
#include "cpu/op.h"

// --- shared pseudo-code --------------------------------------------------------------------------

static ALWAYS_INLINE u64 narrow(int sf, u64 v) {
    return sf ? v : (u32)v;
}

static ALWAYS_INLINE void set_nz(Cpu *cpu, int sf, u64 r) {
    cpu->nf = sf ? (i64)r : (i32)r;
    cpu->zf = narrow(sf, r);
}

// AddWithCarry(a, b, 0) with the flags.
static ALWAYS_INLINE u64 add_flags(Cpu *cpu, int sf, u64 a, u64 b) {
    u64 r;
    if (sf) {
        i64 s;
        cpu->cf = __builtin_add_overflow(a, b, &r);
        cpu->vf = __builtin_add_overflow((i64)a, (i64)b, &s);
    } else {
        u32 r32;
        i32 s;
        cpu->cf = __builtin_add_overflow((u32)a, (u32)b, &r32);
        cpu->vf = __builtin_add_overflow((i32)a, (i32)b, &s);
        r = r32;
    }
    set_nz(cpu, sf, r);
    return r;
}

// AddWithCarry(a, NOT(b), 1) with the flags: C is "no borrow".
static ALWAYS_INLINE u64 sub_flags(Cpu *cpu, int sf, u64 a, u64 b) {
    u64 r;
    if (sf) {
        i64 s;
        r = a - b;
        cpu->cf = a >= b;
        cpu->vf = __builtin_sub_overflow((i64)a, (i64)b, &s);
    } else {
        i32 s;
        r = (u32)a - (u32)b;
        cpu->cf = (u32)a >= (u32)b;
        cpu->vf = __builtin_sub_overflow((i32)a, (i32)b, &s);
    }
    set_nz(cpu, sf, r);
    return r;
}

// AddWithCarry(a, b, PSTATE.C); with the flags if `flags`.
static ALWAYS_INLINE u64 add_carry(Cpu *cpu, int sf, u64 a, u64 b, bool flags) {
    a = narrow(sf, a);
    b = narrow(sf, b);
    u64 r = narrow(sf, a + b + cpu->cf);
    if (flags) {
        cpu->vf = bit((a ^ r) & (b ^ r), sf ? 63 : 31);
        cpu->cf = cpu->cf ? r <= a : r < a;
        set_nz(cpu, sf, r);
    }
    return r;
}

static ALWAYS_INLINE u64 logic_flags(Cpu *cpu, int sf, u64 r) {
    set_nz(cpu, sf, r);
    cpu->cf = cpu->vf = 0;
    return narrow(sf, r);
}

// ConditionHolds.
static ALWAYS_INLINE bool condition(const Cpu *cpu, int cond) {
    bool n = cpu->nf < 0, z = cpu->zf == 0, holds;
    switch (cond >> 1) {
    case 0: holds = z; break;
    case 1: holds = cpu->cf; break;
    case 2: holds = n; break;
    case 3: holds = cpu->vf; break;
    case 4: holds = cpu->cf && !z; break;
    case 5: holds = n == cpu->vf; break;
    case 6: holds = n == cpu->vf && !z; break;
    default: return true;
    }
    return cond & 1 ? !holds : holds;
}

// ShiftReg: type 0 LSL, 1 LSR, 2 ASR, 3 ROR; amount below the width.
static ALWAYS_INLINE u64 shifted(int sf, int type, u64 v, unsigned amount) {
    if (sf) {
        switch (type) {
        case 0: return v << amount;
        case 1: return v >> amount;
        case 2: return (u64)((i64)v >> amount);
        default: return v >> amount | v << (-amount & 63);
        }
    }
    u32 w = (u32)v;
    switch (type) {
    case 0: return w << amount;
    case 1: return w >> amount;
    case 2: return (u32)((i32)w >> amount);
    default: return (u32)(w >> amount | w << (-amount & 31));
    }
}

// ExtendReg: option 0..7 = UXTB, UXTH, UXTW, UXTX, SXTB, SXTH, SXTW, SXTX.
static ALWAYS_INLINE u64 extended(int option, u64 v) {
    switch (option) {
    case 0: return (u8)v;
    case 1: return (u16)v;
    case 2: return (u32)v;
    case 4: return (u64)(i64)(i8)v;
    case 5: return (u64)(i64)(i16)v;
    case 6: return (u64)(i64)(i32)v;
    default: return v;
    }
}

// --- immediate -----------------------------------------------------------------------------------

static ALWAYS_INLINE void sem_adr(Cpu *cpu, u64 *d, u64 pc, u64 offset) {
    (void)cpu;
    *d = pc + offset;
}
static ALWAYS_INLINE void sem_adrp(Cpu *cpu, u64 *d, u64 pc, u64 offset) {
    (void)cpu;
    *d = (pc & ~0xfffull) + offset;
}

static ALWAYS_INLINE void sem_add_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    (void)cpu;
    *d = narrow(sf, n + imm);
}
static ALWAYS_INLINE void sem_adds_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    *d = add_flags(cpu, sf, n, imm);
}
static ALWAYS_INLINE void sem_sub_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    (void)cpu;
    *d = narrow(sf, n - imm);
}
static ALWAYS_INLINE void sem_subs_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    *d = sub_flags(cpu, sf, n, imm);
}

static ALWAYS_INLINE void sem_and_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    (void)cpu, (void)sf;  // the 32-bit immediate has a zero upper half
    *d = n & imm;
}
static ALWAYS_INLINE void sem_orr_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    (void)cpu;
    *d = narrow(sf, n | imm);
}
static ALWAYS_INLINE void sem_eor_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    (void)cpu;
    *d = narrow(sf, n ^ imm);
}
static ALWAYS_INLINE void sem_ands_imm(Cpu *cpu, int sf, u64 *d, u64 n, u64 imm) {
    *d = logic_flags(cpu, sf, n & imm);
}

static ALWAYS_INLINE void sem_movn(Cpu *cpu, u64 *d, u64 value) {
    (void)cpu;
    *d = value;
}
static ALWAYS_INLINE void sem_movz(Cpu *cpu, u64 *d, u64 value) {
    (void)cpu;
    *d = value;
}
static ALWAYS_INLINE void sem_movk(Cpu *cpu, int sf, int hw, u64 *d, u64 old, u64 imm16) {
    (void)cpu;
    *d = narrow(sf, (old & ~(0xffffull << 16 * hw)) | imm16 << 16 * hw);
}

static ALWAYS_INLINE void sem_sbfm(Cpu *cpu, int sf, u64 *d, u64 n, u64 left, u64 right) {
    (void)cpu;
    if (sf)
        *d = (u64)((i64)(n << (left & 63)) >> (right & 63));
    else
        *d = (u32)((i32)((u32)n << (left & 31)) >> (right & 31));
}
static ALWAYS_INLINE void sem_bfm(Cpu *cpu, int sf, u64 *d, u64 old, u64 n, unsigned immr,
                                  u64 mask) {
    (void)cpu;
    *d = narrow(sf, (old & ~mask) | (shifted(sf, 3, n, immr) & mask));
}
static ALWAYS_INLINE void sem_ubfm(Cpu *cpu, int sf, u64 *d, u64 n, unsigned immr, u64 mask) {
    (void)cpu;
    *d = shifted(sf, 3, n, immr) & mask;
}
static ALWAYS_INLINE void sem_extr(Cpu *cpu, int sf, u64 *d, u64 n, u64 m, unsigned lsb) {
    (void)cpu;
    if (sf)
        *d = (u64)(((u128)n << 64 | m) >> lsb);
    else
        *d = (u32)((n << 32 | (u32)m) >> lsb);
}

// --- logical, register ---------------------------------------------------------------------------

static ALWAYS_INLINE void sem_and_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n & m);
}
static ALWAYS_INLINE void sem_bic_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n & ~m);
}
static ALWAYS_INLINE void sem_orr_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n | m);
}
static ALWAYS_INLINE void sem_mov_reg(Cpu *cpu, int sf, u64 *d, u64 m) {
    (void)cpu;
    *d = narrow(sf, m);
}
static ALWAYS_INLINE void sem_orn_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n | ~m);
}
static ALWAYS_INLINE void sem_eor_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n ^ m);
}
static ALWAYS_INLINE void sem_eon_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n ^ ~m);
}
static ALWAYS_INLINE void sem_ands_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = logic_flags(cpu, sf, n & m);
}
static ALWAYS_INLINE void sem_bics_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = logic_flags(cpu, sf, n & ~m);
}

static ALWAYS_INLINE void sem_and_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_and_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_bic_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_bic_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_orr_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_orr_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_orn_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_orn_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_eor_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_eor_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_eon_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_eon_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_ands_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                         unsigned amount) {
    sem_ands_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_bics_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                         unsigned amount) {
    sem_bics_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}

// --- add and subtract, register ------------------------------------------------------------------

static ALWAYS_INLINE void sem_add_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n + m);
}
static ALWAYS_INLINE void sem_adds_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = add_flags(cpu, sf, n, m);
}
static ALWAYS_INLINE void sem_sub_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = narrow(sf, n - m);
}
static ALWAYS_INLINE void sem_subs_reg(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = sub_flags(cpu, sf, n, m);
}
static ALWAYS_INLINE void sem_add_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_add_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_adds_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                         unsigned amount) {
    sem_adds_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_sub_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                        unsigned amount) {
    sem_sub_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_subs_shift(Cpu *cpu, int sf, int type, u64 *d, u64 n, u64 m,
                                         unsigned amount) {
    sem_subs_reg(cpu, sf, d, n, shifted(sf, type, m, amount));
}
static ALWAYS_INLINE void sem_add_ext(Cpu *cpu, int sf, int option, u64 *d, u64 n, u64 m,
                                      unsigned amount) {
    sem_add_reg(cpu, sf, d, n, extended(option, m) << amount);
}
static ALWAYS_INLINE void sem_adds_ext(Cpu *cpu, int sf, int option, u64 *d, u64 n, u64 m,
                                       unsigned amount) {
    sem_adds_reg(cpu, sf, d, n, extended(option, m) << amount);
}
static ALWAYS_INLINE void sem_sub_ext(Cpu *cpu, int sf, int option, u64 *d, u64 n, u64 m,
                                      unsigned amount) {
    sem_sub_reg(cpu, sf, d, n, extended(option, m) << amount);
}
static ALWAYS_INLINE void sem_subs_ext(Cpu *cpu, int sf, int option, u64 *d, u64 n, u64 m,
                                       unsigned amount) {
    sem_subs_reg(cpu, sf, d, n, extended(option, m) << amount);
}

static ALWAYS_INLINE void sem_adc(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = add_carry(cpu, sf, n, m, false);
}
static ALWAYS_INLINE void sem_adcs(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = add_carry(cpu, sf, n, m, true);
}
static ALWAYS_INLINE void sem_sbc(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = add_carry(cpu, sf, n, ~m, false);
}
static ALWAYS_INLINE void sem_sbcs(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    *d = add_carry(cpu, sf, n, ~m, true);
}

// --- flags ---------------------------------------------------------------------------------------

static ALWAYS_INLINE void sem_rmif(Cpu *cpu, u64 n, unsigned rotate, unsigned mask) {
    u32 from = (u32)(shifted(1, 3, n, rotate) & mask) << 28;
    cpu_set_nzcv(cpu, (cpu_nzcv(cpu) & ~(mask << 28)) | from);
}
// SETF8 (sz = 0), SETF16: C is unchanged.
static ALWAYS_INLINE void sem_setf(Cpu *cpu, int sz, u64 n) {
    unsigned top = sz ? 15 : 7;
    cpu->nf = bit(n, top) ? -1 : 0;
    cpu->zf = n & ones(top + 1);
    cpu->vf = bit(n, top + 1) ^ bit(n, top);
}
static ALWAYS_INLINE void sem_cfinv(Cpu *cpu) {
    cpu->cf = !cpu->cf;
}
static ALWAYS_INLINE void sem_xaflag(Cpu *cpu) {
    bool z = cpu->zf == 0, c = cpu->cf;
    cpu->nf = !c && !z ? -1 : 0;
    cpu->zf = !(z && c);
    cpu->cf = c || z;
    cpu->vf = !c && z;
}
static ALWAYS_INLINE void sem_axflag(Cpu *cpu) {
    bool z = cpu->zf == 0, v = cpu->vf;
    cpu->nf = 0;
    cpu->zf = !(z || v);
    cpu->cf = cpu->cf && !v;
    cpu->vf = 0;
}

static ALWAYS_INLINE void sem_ccmn_reg(Cpu *cpu, int sf, int cond, u64 n, u64 m, unsigned nzcv) {
    if (condition(cpu, cond))
        add_flags(cpu, sf, n, m);
    else
        cpu_set_nzcv(cpu, (u32)nzcv << 28);
}
static ALWAYS_INLINE void sem_ccmp_reg(Cpu *cpu, int sf, int cond, u64 n, u64 m, unsigned nzcv) {
    if (condition(cpu, cond))
        sub_flags(cpu, sf, n, m);
    else
        cpu_set_nzcv(cpu, (u32)nzcv << 28);
}
static ALWAYS_INLINE void sem_ccmn_imm(Cpu *cpu, int sf, int cond, u64 n, unsigned imm,
                                       unsigned nzcv) {
    sem_ccmn_reg(cpu, sf, cond, n, imm, nzcv);
}
static ALWAYS_INLINE void sem_ccmp_imm(Cpu *cpu, int sf, int cond, u64 n, unsigned imm,
                                       unsigned nzcv) {
    sem_ccmp_reg(cpu, sf, cond, n, imm, nzcv);
}

static ALWAYS_INLINE void sem_csel(Cpu *cpu, int sf, int cond, u64 *d, u64 n, u64 m) {
    *d = narrow(sf, condition(cpu, cond) ? n : m);
}
static ALWAYS_INLINE void sem_csinc(Cpu *cpu, int sf, int cond, u64 *d, u64 n, u64 m) {
    *d = narrow(sf, condition(cpu, cond) ? n : m + 1);
}
static ALWAYS_INLINE void sem_csinv(Cpu *cpu, int sf, int cond, u64 *d, u64 n, u64 m) {
    *d = narrow(sf, condition(cpu, cond) ? n : ~m);
}
static ALWAYS_INLINE void sem_csneg(Cpu *cpu, int sf, int cond, u64 *d, u64 n, u64 m) {
    *d = narrow(sf, condition(cpu, cond) ? n : -m);
}

// --- one source ----------------------------------------------------------------------------------

static ALWAYS_INLINE u64 reverse_bits(u64 v) {
    v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
    v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
    return __builtin_bswap64(v);
}
static ALWAYS_INLINE void sem_rbit(Cpu *cpu, int sf, u64 *d, u64 n) {
    (void)cpu;
    *d = sf ? reverse_bits(n) : reverse_bits(n) >> 32;
}
static ALWAYS_INLINE void sem_rev16(Cpu *cpu, int sf, u64 *d, u64 n) {
    (void)cpu;
    *d = narrow(sf, (n >> 8 & 0x00ff00ff00ff00ff) | (n & 0x00ff00ff00ff00ff) << 8);
}
static ALWAYS_INLINE void sem_rev32(Cpu *cpu, int sf, u64 *d, u64 n) {
    (void)cpu;
    u64 swapped = __builtin_bswap64(n);
    *d = sf ? swapped << 32 | swapped >> 32 : swapped >> 32;
}
static ALWAYS_INLINE void sem_rev64(Cpu *cpu, u64 *d, u64 n) {
    (void)cpu;
    *d = __builtin_bswap64(n);
}
static ALWAYS_INLINE u64 count_leading_zeros(int sf, u64 v) {
    if (sf) return v ? (u64)__builtin_clzll(v) : 64;
    return (u32)v ? (u64)__builtin_clz((u32)v) : 32;
}
static ALWAYS_INLINE void sem_clz(Cpu *cpu, int sf, u64 *d, u64 n) {
    (void)cpu;
    *d = count_leading_zeros(sf, n);
}
static ALWAYS_INLINE void sem_cls(Cpu *cpu, int sf, u64 *d, u64 n) {
    (void)cpu;
    u64 extension = sf ? (u64)((i64)n >> 1) : (u64)(i64)((i32)n >> 1);
    *d = count_leading_zeros(sf, n ^ extension) - 1;
}

// --- two sources ---------------------------------------------------------------------------------

static ALWAYS_INLINE void sem_udiv(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    if (sf)
        *d = m ? n / m : 0;
    else
        *d = (u32)m ? (u32)n / (u32)m : 0;
}
// INT_MIN / -1 is INT_MIN: division by -1 is negation, which wraps.
static ALWAYS_INLINE void sem_sdiv(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    if (sf)
        *d = !m ? 0 : (i64)m == -1 ? -n : (u64)((i64)n / (i64)m);
    else
        *d = !(u32)m ? 0 : (i32)m == -1 ? (u32)-n : (u32)((i32)n / (i32)m);
}
static ALWAYS_INLINE void sem_lslv(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = shifted(sf, 0, n, m & (sf ? 63 : 31));
}
static ALWAYS_INLINE void sem_lsrv(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = shifted(sf, 1, n, m & (sf ? 63 : 31));
}
static ALWAYS_INLINE void sem_asrv(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = shifted(sf, 2, n, m & (sf ? 63 : 31));
}
static ALWAYS_INLINE void sem_rorv(Cpu *cpu, int sf, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = shifted(sf, 3, n, m & (sf ? 63 : 31));
}

static ALWAYS_INLINE void sem_crc32(Cpu *cpu, int size, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = crc32_update((u32)n, m, 1u << size);
}
static ALWAYS_INLINE void sem_crc32x(Cpu *cpu, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = crc32_update((u32)n, m, 8);
}
static ALWAYS_INLINE void sem_crc32c(Cpu *cpu, int size, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = crc32c_update((u32)n, m, 1u << size);
}
static ALWAYS_INLINE void sem_crc32cx(Cpu *cpu, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = crc32c_update((u32)n, m, 8);
}

// --- three sources -------------------------------------------------------------------------------

static ALWAYS_INLINE void sem_madd(Cpu *cpu, int sf, u64 *d, u64 n, u64 m, u64 a) {
    (void)cpu;
    *d = narrow(sf, a + n * m);
}
static ALWAYS_INLINE void sem_msub(Cpu *cpu, int sf, u64 *d, u64 n, u64 m, u64 a) {
    (void)cpu;
    *d = narrow(sf, a - n * m);
}
static ALWAYS_INLINE u64 signed_product(u64 n, u64 m) {
    return (u64)((i64)(i32)n * (i64)(i32)m);
}
static ALWAYS_INLINE u64 unsigned_product(u64 n, u64 m) {
    return (u64)(u32)n * (u32)m;
}
static ALWAYS_INLINE void sem_smaddl(Cpu *cpu, u64 *d, u64 n, u64 m, u64 a) {
    (void)cpu;
    *d = a + signed_product(n, m);
}
static ALWAYS_INLINE void sem_smsubl(Cpu *cpu, u64 *d, u64 n, u64 m, u64 a) {
    (void)cpu;
    *d = a - signed_product(n, m);
}
static ALWAYS_INLINE void sem_umaddl(Cpu *cpu, u64 *d, u64 n, u64 m, u64 a) {
    (void)cpu;
    *d = a + unsigned_product(n, m);
}
static ALWAYS_INLINE void sem_umsubl(Cpu *cpu, u64 *d, u64 n, u64 m, u64 a) {
    (void)cpu;
    *d = a - unsigned_product(n, m);
}
static ALWAYS_INLINE void sem_smulh(Cpu *cpu, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = (u64)(((i128)(i64)n * (i64)m) >> 64);
}
static ALWAYS_INLINE void sem_umulh(Cpu *cpu, u64 *d, u64 n, u64 m) {
    (void)cpu;
    *d = (u64)(((u128)n * m) >> 64);
}
