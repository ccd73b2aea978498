// Writes the random cases of one rom as assembly data. Usage: gen SEED CPU [fp]; the same seed
// gives the same cases. What the Arm ARM leaves CONSTRAINED UNPREDICTABLE or UNKNOWN is not
// generated (keep()), nor what depends on time or on the identity of the CPU (the register is
// zeroed behind the access).
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cases.h"

typedef uint64_t u64;
typedef uint32_t u32;

static u64 state;
static bool v82;      // neoverse-n1: LSE, PAN, UAO
static bool vectors;  // mostly floating-point and Advanced SIMD instructions

static u64 rnd(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}
static u32 upto(u32 n) {
    return (u32)(rnd() >> 33) % n;
}
static bool chance(u32 percent) {
    return upto(100) < percent;
}
static u32 r32(void) {
    return (u32)(rnd() >> 32);
}
static u32 reg(void) {
    return upto(32);
}
static u32 field(u32 w, int hi, int lo) {
    return w >> lo & ((2u << (hi - lo)) - 1);
}

enum { HVC_END = 0xd4000002 | 0xfff << 5, FIRST_POINTER = 16, POINTERS = 8 };

static u32 pointer(void) {
    return chance(10) ? 31 : FIRST_POINTER + upto(POINTERS);
}

// --- instructions --------------------------------------------------------------------------------

// No CONSTRAINED UNPREDICTABLE loads and stores.
static bool keep_load_store(u32 w) {
    u32 rt = field(w, 4, 0), rn = field(w, 9, 5), rt2 = field(w, 14, 10);
    bool vector = w >> 26 & 1;
    if (field(w, 29, 24) == 8 && !(w >> 23 & 1)) return false;  // exclusives: pair() makes them
    if (field(w, 29, 24) == 8) {
        if (field(w, 14, 10) != 31) return false;
        if (w >> 21 & 1) return v82;       // compare and swap
        if (!(w >> 15 & 1)) return false;  // LORegions: whether ESR.ISS.AR is set is not said
        if (field(w, 20, 16) != 31) return false;
    }
    if (field(w, 29, 27) == 5 && !vector) {  // pairs
        bool load = w >> 22 & 1, wback = w >> 23 & 1;
        if (load && rt == rt2) return false;
        if (wback && rn != 31 && (rn == rt || rn == rt2)) return false;
    }
    if (field(w, 29, 27) == 7 && !(w >> 24 & 1) && !vector && !(w >> 21 & 1)) {
        bool wback = w >> 10 & 1;
        if (wback && rn != 31 && rn == rt) return false;
    }
    return true;
}

static u32 load_store(void) {
    for (;;) {
        u32 w = (r32() & ~(5u << 25)) | 1u << 27;  // bits 28:25 = x1x0
        w &= ~(1u << 25);
        if (chance(80)) w &= ~(1u << 26);  // mostly general registers
        if (chance(90)) w = (w & ~(31u << 5)) | pointer() << 5;
        if (field(w, 29, 27) == 7 && (w >> 21 & 1) && !(w >> 24 & 1) && field(w, 11, 10) == 2 &&
            chance(85))
            w = (w & ~(31u << 16)) | (24 + upto(4)) << 16;  // register offsets: x24..x27 are small
        if (field(w, 29, 27) == 7 && (w >> 24 & 1) && chance(70))
            w &= ~(0xf00u << 10);  // near offsets
        if (field(w, 29, 24) == 8) w |= 31 << 10 | (w >> 21 & 1 ? 0 : 31 << 16);
        if (keep_load_store(w)) return w;
    }
}

static u32 load_store_simple(void) {
    static const u32 forms[] = {
        0x39000000, 0x39400000, 0x39800000, 0x39c00000, 0x79000000, 0x79400000, 0x79800000,
        0x79c00000, 0xb9000000, 0xb9400000, 0xb9800000, 0xf9000000, 0xf9400000, 0xf9800000,
    };
    u32 w = forms[upto(sizeof forms / sizeof forms[0])] | upto(64) << 10 | pointer() << 5 | reg();
    return w;
}

static u32 data_processing(void) {
    for (;;) {
        u32 w = r32();
        if (chance(50))
            w = (w & ~(7u << 26)) | 4u << 26;  // immediate
        else
            w = (w & ~(7u << 25)) | 5u << 25;  // register
        // Mostly allocated forms of the three-register groups, whose space is large and empty.
        if (field(w, 27, 25) == 5 && field(w, 28, 24) == 0x1a && chance(80))
            w = (w & ~(0x3fu << 24 | 7u << 21)) | 0x1ac00000 | (upto(2) << 30);
        if ((w & 31) >= FIRST_POINTER && (w & 31) < FIRST_POINTER + POINTERS && chance(80))
            w &= ~16u;
        return w;
    }
}

// Advanced SIMD and floating-point data processing: bits 28:25 = x111.
static u32 simd(void) {
    u32 w = r32() | 7u << 25;
    if (chance(40))
        w = (w & ~(0xdfu << 24)) | 0x1e << 24 | (upto(4) << 22);  // scalar floating-point
    else if (chance(50))
        w = (w & ~(0x9fu << 24)) | 0xe << 24;  // vectors
    if (chance(60)) w |= 1u << 21;
    if ((w & 0xbf3e0c00) == 0x0e300800)
        w &= ~(1u << 22);  // half-precision FMAXV: QEMU does not look
    return w;
}

#define SYSREG(op0, op1, n, m, op2) \
    (0xd5000000u | (op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)
enum { READ_OK = 1, READ_MASKED = 2, WRITE_OK = 4, WRITE_TVM = 8 };
static const struct {
    u32 word, how;
} sysregs[] = {
    {SYSREG(3, 3, 13, 0, 2), READ_OK | WRITE_OK},
    {SYSREG(3, 0, 13, 0, 4), READ_OK | WRITE_OK},
    {SYSREG(3, 3, 13, 0, 3), READ_OK | WRITE_OK},
    {SYSREG(3, 0, 4, 1, 0), READ_OK | WRITE_OK},
    {SYSREG(3, 0, 4, 0, 1), READ_OK | WRITE_OK},
    {SYSREG(3, 3, 4, 2, 0), READ_OK | WRITE_OK},
    {SYSREG(3, 3, 4, 2, 1), READ_OK | WRITE_OK},
    {SYSREG(3, 0, 4, 2, 2), READ_OK},
    {SYSREG(3, 0, 4, 2, 0), READ_OK},
    {SYSREG(3, 0, 6, 0, 0), READ_OK | WRITE_OK},
    {SYSREG(3, 0, 5, 2, 0), READ_OK},
    {SYSREG(3, 0, 7, 4, 0), READ_MASKED},
    {SYSREG(3, 0, 1, 0, 0), READ_OK | WRITE_TVM},
    {SYSREG(3, 0, 2, 0, 0), READ_OK | WRITE_TVM},
    {SYSREG(3, 0, 2, 0, 1), READ_OK | WRITE_TVM},
    {SYSREG(3, 0, 2, 0, 2), READ_OK | WRITE_TVM},
    {SYSREG(3, 0, 10, 2, 0), READ_OK | WRITE_TVM},
    {SYSREG(3, 0, 10, 3, 0), READ_MASKED | WRITE_TVM},
    {SYSREG(3, 0, 13, 0, 1), READ_OK | WRITE_TVM},
    {SYSREG(3, 0, 5, 1, 0), READ_MASKED | WRITE_TVM},
    {SYSREG(3, 0, 1, 0, 2), READ_OK},
    {SYSREG(3, 0, 1, 0, 1), READ_MASKED},
    {SYSREG(3, 0, 12, 0, 0), READ_OK},
    {SYSREG(3, 0, 12, 1, 0), READ_OK},
    {SYSREG(3, 0, 0, 0, 0), READ_MASKED},
    {SYSREG(3, 0, 0, 0, 5), READ_MASKED},
    {SYSREG(3, 0, 0, 4, 0), READ_MASKED},
    {SYSREG(3, 0, 0, 7, 0), READ_MASKED},
    {SYSREG(3, 0, 0, 1, 4), READ_MASKED},
    {SYSREG(3, 1, 0, 0, 0), READ_MASKED},
    {SYSREG(3, 1, 0, 0, 1), READ_MASKED},
    {SYSREG(3, 2, 0, 0, 0), READ_OK},
    {SYSREG(3, 3, 0, 0, 1), READ_MASKED},
    {SYSREG(3, 3, 0, 0, 7), READ_MASKED},
    {SYSREG(3, 3, 14, 0, 0), READ_OK},
    {SYSREG(3, 3, 14, 0, 1), READ_MASKED},
    {SYSREG(3, 3, 14, 0, 2), READ_MASKED},
    {SYSREG(3, 3, 14, 2, 0), READ_MASKED},
    {SYSREG(3, 3, 14, 2, 2), READ_MASKED | WRITE_OK},
    {SYSREG(3, 3, 14, 3, 2), READ_MASKED | WRITE_OK},
    {SYSREG(3, 0, 14, 1, 0), READ_OK},
    {SYSREG(3, 3, 4, 4, 0), READ_OK},
    {SYSREG(3, 3, 4, 4, 1), READ_MASKED | WRITE_OK},
    {SYSREG(3, 4, 1, 1, 0), READ_OK | WRITE_OK},
    {SYSREG(3, 4, 12, 0, 0), READ_OK | WRITE_OK},
    {SYSREG(3, 6, 1, 0, 0), READ_OK | WRITE_OK},
    {SYSREG(2, 0, 0, 2, 2), READ_OK},
    {SYSREG(2, 0, 0, 0, 4), READ_MASKED | WRITE_OK},
    {SYSREG(3, 5, 1, 0, 0), READ_OK | WRITE_OK},
};

static const u32 system_ops[] = {
    SYSREG(1, 0, 7, 1, 0),  SYSREG(1, 0, 7, 5, 0),  SYSREG(1, 3, 7, 5, 1),  SYSREG(1, 0, 7, 6, 1),
    SYSREG(1, 0, 7, 6, 2),  SYSREG(1, 0, 7, 14, 2), SYSREG(1, 3, 7, 10, 1), SYSREG(1, 3, 7, 11, 1),
    SYSREG(1, 3, 7, 14, 1), SYSREG(1, 3, 7, 4, 1),  SYSREG(1, 0, 7, 8, 0),  SYSREG(1, 0, 7, 8, 1),
    SYSREG(1, 0, 7, 8, 2),  SYSREG(1, 0, 7, 8, 3),  SYSREG(1, 4, 7, 8, 0),  SYSREG(1, 0, 8, 7, 0),
    SYSREG(1, 0, 8, 7, 1),  SYSREG(1, 0, 8, 3, 2),  SYSREG(1, 4, 8, 7, 4),  SYSREG(1, 0, 8, 3, 5),
};

static int emit_sysreg(Case *c, int at) {
    u32 i = upto(sizeof sysregs / sizeof sysregs[0]), how = sysregs[i].how, rt = reg();
    bool write = chance(40);
    if (write) {
        bool trapped = c->hcr >> 26 & 1;  // TVM
        bool daif = field(sysregs[i].word, 20, 5) == field(SYSREG(3, 3, 4, 2, 1), 20, 5);
        if (daif && (c->hcr >> 6 & 3))
            write = false;  // when an unmasked interrupt is taken is free
        if (!(how & WRITE_OK) && !((how & WRITE_TVM) && (trapped || (c->spsr & 15) == 0)))
            write = false;
    }
    c->code[at++] = sysregs[i].word | (write ? 0 : 1u << 21) | rt;
    if (!write && (how & READ_MASKED) && rt != 31 && at < CODE_WORDS - 1)
        c->code[at++] = 0xd2800000 | rt;  // MOV Xt, #0
    return at;
}

// QEMU does nothing for cache maintenance by address (no faults) and does not check DC ZVA for
// Device memory.
static u32 cache_op(const Case *c) {
    for (;;) {
        u32 w = system_ops[upto(sizeof system_ops / sizeof system_ops[0])];
        u32 n = field(w, 15, 12), m = field(w, 11, 8), op2 = field(w, 7, 5);
        bool trapped = (c->hcr >> 23 & 3) == 3, device = (c->sctlr & 1) == 0 && !(c->hcr >> 12 & 1);
        if (n == 7 && m == 4 && device) continue;
        if (n == 7 && m != 4 && m != 8 && op2 == 1 && !trapped) continue;
        return w | (n == 8 || (n == 7 && (m == 1 || m == 5) && op2 == 0)
                        ? 31
                        : FIRST_POINTER + upto(POINTERS));
    }
}

static u32 branch(int at, bool *wild) {
    u32 forward = 1 + upto((u32)(CODE_WORDS - at));
    *wild = true;
    switch (upto(8)) {
    case 0: *wild = false; return 0x54000000 | forward << 5 | upto(16);
    case 1: *wild = false; return 0x34000000 | upto(2) << 31 | upto(2) << 24 | forward << 5 | reg();
    case 2:
        *wild = false;
        return 0x36000000 | upto(2) << 31 | upto(2) << 24 | upto(32) << 19 | forward << 5 | reg();
    case 3: *wild = false; return 0x14000000 | upto(2) << 31 | forward;
    case 4: return 0x14000000 | upto(2) << 31 | (r32() & 0x7fffff) | 1u << 20;
    case 5: return 0xd61f0000 | upto(3) << 21 | upto(30) << 5;  // not x30: BL makes a loop with it
    default: *wild = false; return 0x54000000 | forward << 5 | upto(16);
    }
}

static u32 exception(const Case *c) {
    switch (upto(14)) {
    case 0: return 0xd4000001 | (r32() & 0xffff) << 5;
    case 1:
        return 0xd4000002 | (r32() & 0x7f00) << 5 |
               0x1000 << 5;  // not the immediates of the EL1 vectors
    case 2: return c->hcr >> 19 & 1 ? 0xd4000003 | (r32() & 0xffff) << 5 : 0xd503201f;
    case 3: return 0xd4200000 | (r32() & 0xffff) << 5;
    case 4: return 0xd4400000 | (r32() & 0xffff) << 5;
    case 5: return r32() & 0xffff;
    case 6: return 0xd69f03e0;  // ERET
    case 7:
        return (c->hcr >> 13 & 1) && !(c->hcr >> 6 & 3)
                   ? 0xd503207f
                   : 0xd503203f;  // WFI when trapped, else YIELD
    case 8:
        return 0xd50340df | (c->hcr >> 6 & 3 ? 0 : upto(2) << 5) |
               upto(16) << 8;                              // DAIFSet, DAIFClr
    case 9: return 0xd50040bf | upto(2) << 8;              // SPSel
    case 10: return 0xd5033fdf;                            // ISB
    case 11: return 0xd503309f | upto(16) << 8;            // DSB and its like
    case 12: return 0xd503305f | upto(16) << 8;            // CLREX
    default: return 0xd503201f | (upto(128) & 0x78) << 5;  // hints
    }
}

static int emit_exclusive(Case *c, int at) {
    u32 n = FIRST_POINTER + upto(POINTERS), size = upto(4), o = upto(2);
    u32 t = upto(8), s = 8 + upto(4), t2 = 12 + upto(3);
    c->code[at++] = 0x927cec00 | n << 5 |
                    n;  // AND: aligned, or whether STXR faults depends on the monitor in QEMU
    c->code[at++] = 0x085f7c00 | size << 30 | o << 15 | n << 5 | t;
    if (chance(60)) c->code[at++] = 0x8b000000 | t << 16 | t << 5 | t2;  // ADD
    c->code[at++] = 0x08007c00 | size << 30 | o << 15 | s << 16 | n << 5 | t2;
    return at;
}

// --- state ---------------------------------------------------------------------------------------

static u64 random_value(void) {
    switch (upto(6)) {
    case 0: return upto(64);
    case 1: return (u64)0 - upto(64);
    case 2: return 1ull << upto(64);
    case 3: return r32();
    default: return rnd();
    }
}

static u64 base;  // 0 or that of TTBR1's range

static u64 random_address(bool tbi) {
    u64 page = FIRST_DATA + upto(chance(90) ? LAST_DATA - FIRST_DATA + 1 : PAGES), offset;
    switch (upto(4)) {
    case 0: offset = upto(4096); break;
    case 1: offset = 4096 - upto(32); break;
    default: offset = upto(256) * 16; break;
    }
    u64 address = base + REGION + page * 4096 + offset;
    if (tbi && chance(30)) address = (address & ~(0xffull << 56)) | (u64)upto(256) << 56;
    if (chance(2)) address ^= 1ull << (12 + upto(44));
    return address;
}

static void random_tables(Case *c) {
    enum { VALID = 3, NS_ATTR = 0, AF = 1 << 10, ISH = 3 << 8 };
    u64 hierarchical[] = {0, 0, 0, 1ull << 60, 1ull << 61, 1ull << 62, 3ull << 61};
    c->s1_l1 = S1_L2 | VALID | hierarchical[upto(chance(10) ? 7 : 1)];
    c->s1_l2 = S1_L3 | VALID | hierarchical[upto(chance(15) ? 7 : 1)];
    c->s2_l2 = S2_L3 | VALID;
    bool strict = chance(70);
    for (u64 i = 0; i < PAGES; i++) {
        u64 to = i >= FIRST_DATA && i <= LAST_DATA && chance(20) ? FIRST_DATA + upto(8) : i;
        u64 s1 = (REGION + to * 4096) | VALID | AF | ISH | NS_ATTR,
            s2 = (REGION + i * 4096) | VALID | AF | ISH | 0xf << 2;
        if (i <= VECTOR_PAGE) {
            s1 |= 3 << 6;  // read-only, executable at both levels
            if (i == CODE_PAGE && chance(4)) s1 ^= 1ull << (53 + upto(2));
        } else {
            s1 |= (strict ? chance(60) ? 1 : upto(4) : 1) << 6 | (u64)(strict ? upto(4) : 0) << 53;
        }
        s2 |= 3 << 6;
        if (i != VECTOR_PAGE && chance(6)) s2 = (s2 & ~(3ull << 6)) | upto(4) << 6;
        if (i != VECTOR_PAGE && chance(4)) s2 |= 2ull << 53;
        if (i != VECTOR_PAGE && chance(3)) s2 &= ~(u64)(chance(50) ? AF : chance(50) ? 1 : 3);
        if (i != VECTOR_PAGE && chance(1)) s2 |= 1ull << 43;
        if (i != VECTOR_PAGE && i != CODE_PAGE) {
            if (chance(6)) s1 &= ~(u64)AF;
            if (chance(6)) s1 = chance(50) ? s1 & ~1ull : s1 & ~2ull;
            if (chance(2)) s1 |= 1ull << (40 + upto(8));
            if (chance(20)) s1 |= 1 << 11;  // nG
            if (i > LAST_DATA) s1 = 0;
        }
        if (i > LAST_DATA) s2 = 0;
        c->s1[i] = s1;
        c->s2[i] = s2;
    }
    for (u64 i = 0; i < 4; i++) {
        u64 d = (TABLES + i * 4096) | VALID | AF | ISH | 0xf << 2 | 3 << 6;
        if (i < 3 && chance(3)) d = chance(50) ? 0 : chance(50) ? d & ~(u64)AF : d & ~(1ull << 6);
        c->s2_tables[i] = d;
    }
}

static void random_controls(Case *c) {
    enum { RW = 31 };
    c->hcr = 1ull << RW;
    if (chance(60)) c->hcr |= 1;  // VM
    static const int traps[] = {13, 16, 17, 18, 19, 21, 22, 23, 24, 25, 26, 28, 30};
    for (u32 i = 0; i < sizeof traps / sizeof traps[0]; i++)
        if (chance(12)) c->hcr |= 1ull << traps[i];
    static const int others[] = {1, 2, 9, 32, 33};
    for (u32 i = 0; i < sizeof others / sizeof others[0]; i++)
        if (chance(4)) c->hcr |= 1ull << others[i];
    for (int i = 3; i <= 5; i++)
        if (chance(25)) c->hcr |= 1ull << i;  // FMO, IMO, AMO
    if (chance(10))
        c->hcr |= 1ull << (6 + upto(2));  // VF or VI: their order is IMPLEMENTATION DEFINED
    bool stage1 = chance(80), el0 = chance(45);
    if (!(c->hcr & 1)) c->hcr &= ~4ull;                // QEMU looks at PTW without VM too
    if (!stage1 && chance(50)) c->hcr |= 1 << 12 | 1;  // DC
    if (el0 && chance(10)) c->hcr = (c->hcr | 1ull << 27) & ~1ull;  // TGE
    if (c->hcr >> 27 & 1) c->hcr &= ~(1ull << 12);
    c->sctlr = 0x30d00980 | (stage1 ? 1 : 0) | 1 << 2 | 1 << 12;
    bool device = !stage1 && !(c->hcr >> 12 & 1);
    if (device || chance(15))
        c->sctlr |= 2;  // Device memory: QEMU checks alignment only with SCTLR_EL1.A
    static const int bits[] = {9, 14, 15, 16, 19, 26};
    for (u32 i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (chance(bits[i] == 19 ? 10 : 50)) c->sctlr |= 1ull << bits[i];
    if (c->hcr >> 27 & 1) c->sctlr &= ~1ull;  // TGE: stage 1 of EL1&0 is off ...
    if (c->hcr >> 27 & 1) c->sctlr |= 2;      // ... so its memory is Device
    bool tbi = stage1 && chance(20), epd0 = chance(3), upper = stage1 && chance(15);
    base = upper && !(c->hcr >> 27 & 1) ? 0xffffff8000000000ull : 0;
    c->tcr = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2ull << 30 |
             2ull << 32 | (tbi ? 3ull << 37 : 0) | (epd0 && base ? 1 << 7 : 0) |
             (base ? 0 : (u64)chance(50) << 23);
    c->cpacr = (chance(70) ? 3 : upto(4)) << 20;
    c->cptr = 0x33ff | (chance(10) ? 1 << 10 : 0) | (chance(10) ? 1u << 31 : 0);
    c->mdcr = chance(10) ? 1 << (8 + upto(4)) : 0;
    if (c->mdcr & 1 << 8) c->mdcr |= 7 << 9;  // TDE sets the others
    c->cnthctl = chance(70) ? 3 : 0;          // QEMU tests EL1PCEN for CNTPCT_EL0 at EL0
    if (vectors) c->cpacr = 3 << 20, c->cptr = 0x33ff;
    c->cntkctl = chance(50) ? 0 : upto(4) | upto(4) << 8;
    c->spsr = (el0 ? 0 : 4 + upto(2)) | (chance(70) ? 0x3c0 : upto(16) << 6) | (u64)upto(16) << 28 |
              (chance(1) ? 1 << 20 : 0);
    if (v82 && !el0) c->spsr |= (u64)upto(4) << 22;
    c->fpcr = chance(60) ? 0 : (u64)upto(32) << 22;
    c->seed = rnd() | 1;
    for (int i = 0; i < 31; i++) c->x[i] = random_value();
    for (int i = 0; i < POINTERS; i++) c->x[FIRST_POINTER + i] = random_address(tbi);
    for (int i = 24; i < 28; i++) c->x[i] = upto(2) ? upto(64) : (u64)0 - upto(64);
    c->sp_el0 = base + REGION + (FIRST_DATA + upto(8)) * 4096 + upto(256) * 16;
    c->sp_el1 = base + REGION + (FIRST_DATA + upto(8)) * 4096 + upto(256) * 16;
    c->pc = base + REGION + CODE_PAGE * 4096;
}

static void random_code(Case *c) {
    int at = 0, n = 2 + (int)upto(10);
    for (int i = 0; i < CODE_WORDS; i++) c->code[i] = HVC_END;
    while (at < n) {
        u32 kind = upto(100);
        bool wild;
        if (vectors && chance(80))
            c->code[at++] = simd();
        else if (kind < 35)
            c->code[at++] = data_processing();
        else if (kind < 58)
            c->code[at++] = load_store_simple();
        else if (kind < 73)
            c->code[at++] = load_store();
        else if (kind < 75 && at + 4 < CODE_WORDS)
            at = emit_exclusive(c, at);
        else if (kind < 85)
            at = emit_sysreg(c, at);
        else if (kind < 89)
            c->code[at++] = cache_op(c);
        else if (kind < 94)
            c->code[at] = branch(at, &wild), at++;
        else
            c->code[at++] = exception(c);
    }
}

static void print64(const char *name, const u64 *v, int n) {
    printf("    .quad");
    for (int i = 0; i < n; i++) printf("%s %#" PRIx64, i ? "," : "", v[i]);
    printf("  // %s\n", name);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: gen SEED CPU [fp]\n");
        return 2;
    }
    state = strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15ull + 0x1234567 + (argc > 3);
    v82 = strcmp(argv[2], "neoverse-n1") == 0;
    vectors = argc > 3;
    u64 count = 300;
    for (int i = 0; i < 20; i++) rnd();
    printf("    .section .rodata.cases, \"a\"\n    .balign 8\n    .global cases, "
           "case_count\ncases:\n");
    for (u64 i = 0; i < count; i++) {
        Case c;
        memset(&c, 0, sizeof c);
        random_controls(&c);
        random_tables(&c);
        random_code(&c);
        printf("// case %" PRIu64 "\n", i);
        print64("registers, sp, pc, spsr", c.x, 35);
        print64("hcr sctlr tcr cpacr cptr mdcr cnthctl cntkctl fpcr", &c.hcr, 9);
        print64("stage 1", &c.s1_l1, 2 + PAGES);
        print64("stage 2, seed", &c.s2_l2, 1 + PAGES + 4 + 1);
        printf("    .inst");
        for (int j = 0; j < CODE_WORDS; j++) printf("%s 0x%08x", j ? "," : "", c.code[j]);
        printf("\n");
    }
    printf("    .balign 8\ncase_count: .quad %" PRIu64 "\n", count);
    return 0;
}
