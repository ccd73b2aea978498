// Bytes become a translation: registers that are mostly consistent, descriptors that are mostly valid, and
// each kind of mistake now and then.
#include "translate_case.h"
#include "cpu/cpu_models.h"
#include "cpu/observer.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"

#include <stdlib.h>

u64 bytes_take(Bytes *b, unsigned n) {
    u64 v = 0;
    for (unsigned i = 0; i < n && b->left; i++, b->left--) v |= (u64)*b->data++ << 8 * i;
    return v;
}

unsigned bytes_below(Bytes *b, unsigned n) {
    return (unsigned)(bytes_take(b, 1) * n >> 8);
}

bool bytes_rare(Bytes *b, unsigned n) {
    return bytes_below(b, n) == n - 1;
}

static u8 *ram;  // one for all models

u64 *case_word(u64 pa) {
    u64 offset = pa - CASE_RAM_BASE;
    return offset < CASE_RAM_SIZE ? (u64 *)(void *)(ram + (offset & ~7ull)) : NULL;
}

// Invalid as a descriptor in both byte orders, and different everywhere.
u64 case_plain_word(u64 pa) {
    u64 h = (pa >> 3) * 0x9e3779b97f4a7c15;
    return (h ^ h >> 29) & ~(1ull << 56 | 1);
}

void case_reset_memory(Case *c) {
    while (c->words) {
        u64 pa = c->word[--c->words];
        *case_word(pa) = case_plain_word(pa);
    }
}

Cpu *case_cpu(const char *model, bool el2) {
    static const Observer nobody;
    Machine *machine = calloc(1, sizeof *machine);
    Cpu *cpu = aligned_alloc(64, align_up(sizeof *cpu, 64));
    Error err = {0};
    if (!machine || !cpu) abort();
    if (!ram) {
        ram = aligned_alloc(CASE_RAM_SIZE, CASE_RAM_SIZE);
        if (!ram) abort();
        for (u64 pa = CASE_RAM_BASE; pa < CASE_RAM_BASE + CASE_RAM_SIZE; pa += 8)
            *case_word(pa) = case_plain_word(pa);
    }
    machine->config = (MachineConfig){.cpu_model = model, .cpus = 1, .gic_version = 2, .el2 = el2};
    machine->ram =
        (Region){.name = "ram", .base = CASE_RAM_BASE, .size = CASE_RAM_SIZE, .host = ram};
    machine->ram.code = calloc(CASE_RAM_SIZE >> 12, sizeof(OpPage *));
    if (!machine->ram.code || !cpu_model_features(machine, model, &err)) abort();
    memset(cpu, 0, sizeof *cpu);
    cpu->machine = machine;
    cpu->features = machine->features;
    cpu->observer = &nobody;
    machine->cpu = calloc(1, sizeof(Cpu *));
    if (!machine->cpu) abort();
    machine->cpu[0] = cpu;
    machine->cpus = 1;
    cpu_model_reset(cpu, model);
    exception_init(cpu);
    cpu->el = 1;
    cpu->pstate = PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT;
    tlb_init(cpu);
    return cpu;
}

// --- control registers --------------------------------------------------------------------------

static void set(Cpu *cpu, unsigned index, u64 value) {
    *sysreg_storage(cpu, index) = sysreg_masked(cpu, index, value);
}

static unsigned granule_bits(unsigned choice) {
    return choice == 0 ? 12 : choice == 1 ? 14 : 16;
}

// A T0SZ of a good size, or any. The RAM is within 31 bits: `most` is 33 where that matters.
static u64 txsz(Bytes *b, unsigned granule, unsigned most) {
    if (bytes_rare(b, 32)) return bytes_below(b, 64);
    if (bytes_rare(b, granule == 16 ? 4 : 48)) return 12 + bytes_below(b, 4);
    return 16 + bytes_below(b, (bytes_rare(b, 12) ? 49 : most + 1) - 16);
}

static u64 ips(Bytes *b) {
    static const u8 sizes[] = {5, 5, 5, 6, 2, 1, 0, 7, 4, 3};
    return sizes[bytes_below(b, sizeof sizes)];
}

static u64 mair(Bytes *b) {
    u64 v = 0xbb08f40c04ff44ull << 8;
    if (bytes_rare(b, 3)) v ^= bytes_take(b, 8);
    return v;
}

static u64 tcr_two_ranges(Bytes *b) {
    unsigned g0 = bytes_below(b, 3), g1 = bytes_below(b, 3);
    static const u8 tg0[] = {0, 2, 1}, tg1[] = {2, 1, 3};
    u64 v = txsz(b, granule_bits(g0), 39) | txsz(b, granule_bits(g1), 39) << 16 |
            (u64)tg0[g0] << 14 | (u64)tg1[g1] << 30 | ips(b) << 32;
    u64 flags = bytes_take(b, 3);
    v |= (flags & 3) << 37;                                                  // TBI
    v |= (flags >> 2 & 3) << 51;                                             // TBID
    if (!(flags >> 4 & 3) && bytes_rare(b, 2)) v |= (flags >> 6 & 3) << 55;  // E0PD
    v |= (flags >> 8 & 3) << 41;                                             // HPD
    v |= (u64)((flags >> 10 & 3) != 0) << 39;                                // HA
    v |= (u64)((flags >> 12 & 3) != 0) << 40;                                // HD
    if (!(flags >> 14 & 7) && bytes_rare(b, 2)) v |= 1 << 7;                 // EPD0
    if (!(flags >> 17 & 7) && bytes_rare(b, 2)) v |= 1 << 23;                // EPD1
    if (!(flags >> 20 & 15)) v |= 3ull << 14;                                // reserved granule
    return v;
}

static u64 tcr_el2(Bytes *b) {
    static const u8 tg0[] = {0, 2, 1};
    unsigned g = bytes_below(b, 3);
    u64 v = txsz(b, granule_bits(g), 39) | (u64)tg0[g] << 14 | ips(b) << 16,
        flags = bytes_take(b, 1);
    v |= (flags & 1) << 20 | (flags >> 1 & 1) << 29 | (flags >> 2 & 1) << 24;
    v |= (u64)((flags >> 3 & 3) != 0) << 21 | (u64)((flags >> 5 & 3) != 0) << 22;
    return v;
}

// SL0 that fits T0SZ, mostly.
static u64 vtcr(Bytes *b) {
    static const u8 tg0[] = {0, 2, 1};
    unsigned g = bytes_below(b, 3), size = granule_bits(g), stride = size - 3;
    u64 t0sz = txsz(b, size, 33), flags = bytes_take(b, 1);
    int ia = 64 - (int)t0sz, level = 3 - (ia - 1 - (int)size) / (int)stride;
    // Concatenation: up to 16 tables one level further down.
    int below = ia - ((2 - level) * (int)stride + (int)size) - (int)stride;
    if (level < 3 && below <= 4 && flags & 1) level++;
    u64 sl0 = g == 0 ? (level == 3 ? 3 : (u64)(2 - level)) : (u64)(3 - level);
    if (level < 0 || bytes_rare(b, 24)) sl0 = bytes_below(b, 4);
    u64 v = 1ull << 31 | t0sz | (sl0 & 3) << 6 | (u64)tg0[g] << 14 | ips(b) << 16;
    v |= (u64)((flags >> 1 & 3) != 0) << 21 | (u64)((flags >> 3 & 3) != 0) << 22;
    return v;
}

static u64 sctlr(Bytes *b) {
    u64 flags = bytes_take(b, 2), v = 1ull << 26 | 1 << 14 | 1 << 23;  // UCI, DZE, SPAN
    v |= (flags & 15) != 15;                                           // M
    v |= (u64)((flags >> 4 & 7) == 7) << 1;                            // A
    v |= (u64)((flags >> 7 & 7) != 7) << 2;                            // C
    v |= (flags >> 10 & 1) << 6;                                       // nAA
    v |= (u64)((flags >> 11 & 3) != 3) << 12;                          // I
    v |= (u64)((flags >> 13 & 1)) << 19;                               // WXN
    v |= (u64)((flags >> 14 & 1)) << 57;                               // EPAN
    if (bytes_rare(b, 12)) v |= 1 << 25;                               // EE
    return v;
}

static u64 hcr(Bytes *b) {
    u64 flags = bytes_take(b, 3), v = 1ull << HCR_RW | 1ull << HCR_API | 1ull << HCR_APK;
    v |= (u64)((flags & 7) < 5) << HCR_VM;
    v |= (u64)((flags >> 3 & 15) == 15) << HCR_DC;
    v |= (flags >> 7 & 1) << HCR_E2H;
    v |= (u64)((flags >> 8 & 3) == 3) << HCR_TGE;
    v |= (flags >> 10 & 1) << HCR_PTW;
    v |= (flags >> 11 & 1) << HCR_FWB;
    v |= (u64)((flags >> 12 & 7) == 7) << HCR_CD;
    v |= (u64)((flags >> 15 & 7) == 7) << HCR_ID;
    v |= (flags >> 18 & 1) << HCR_TEA;
    if ((flags >> 20 & 15) == 15) v |= 1ull << HCR_NV | 1ull << HCR_NV1;
    return v;
}

// Where a table is: bit 20 tells stage 1 and stage 2 tables apart, so that they are never one word.
static u64 table_base(Bytes *b, bool stage1, unsigned align, bool may_be_away) {
    u64 v = CASE_RAM_BASE | (bytes_take(b, 3) << 6 & 0xfffff);
    if (stage1) v |= 1 << 20;
    v &= ~ones(align);
    if (stage1 && !(v >> 20 & 1)) v |= 1 << 20;
    if (may_be_away && bytes_rare(b, 24)) v |= 1ull << (21 + bytes_below(b, 31));
    return v;
}

// TTBR layout: BADDR<51:48> in bits 5:2 is for a 52-bit PA with 64 KB granules.
static u64 ttbr(Bytes *b, bool stage1) {
    u64 v = table_base(b, stage1, bytes_rare(b, 4) ? 6 : 16, true);
    if (bytes_rare(b, 32)) v |= bytes_take(b, 1) << 1;
    return v | (u64)bytes_below(b, 4) << 48;
}

void case_controls(Case *c, Bytes *b) {
    Cpu *cpu = c->cpu;
    bool el2 = cpu_have_el2(cpu);
    set(cpu, SYSREG_SCTLR_EL1, sctlr(b));
    set(cpu, SYSREG_TCR_EL1, tcr_two_ranges(b));
    set(cpu, SYSREG_MAIR_EL1, mair(b));
    set(cpu, SYSREG_TTBR0_EL1, ttbr(b, true));
    set(cpu, SYSREG_TTBR1_EL1, ttbr(b, true));
    cpu->sys.CPACR_EL1 = 3 << 20;
    if (!el2) return;
    set(cpu, SYSREG_HCR_EL2, hcr(b));
    bool e2h = cpu_e2h(cpu);
    set(cpu, SYSREG_CPTR_EL2, e2h ? 3 << 20 : 0x33ff & ~(1 << 10));
    set(cpu, SYSREG_SCTLR_EL2, sctlr(b));
    set(cpu, SYSREG_TCR_EL2, e2h ? tcr_two_ranges(b) : tcr_el2(b));
    set(cpu, SYSREG_MAIR_EL2, mair(b));
    set(cpu, SYSREG_TTBR0_EL2, ttbr(b, true));
    if (cpu_has(cpu, FEAT_VHE)) set(cpu, SYSREG_TTBR1_EL2, ttbr(b, true));
    set(cpu, SYSREG_VTCR_EL2, vtcr(b));
    set(cpu, SYSREG_VTTBR_EL2, ttbr(b, false));
}

// --- tables -------------------------------------------------------------------------------------

typedef struct Tree {
    u64 root, tcr_ps;
    unsigned granule, ia_bits;
    int level;
    bool stage1, big_endian;
} Tree;

static unsigned tg_bits(const Cpu *cpu, unsigned tg, bool tg1) {
    unsigned g = tg1 ? (tg == 3 ? 16 : tg == 1 ? 14 : 12) : tg == 1 ? 16 : tg == 2 ? 14 : 12;
    enum Feature f = g == 16 ? FEAT_GRAN64K : g == 14 ? FEAT_GRAN16K : FEAT_GRAN4K;
    return cpu_has(cpu, f) ? g : 12;
}

static int clamp(int v, int lo, int hi) {
    return v < lo ? lo : v > hi ? hi : v;
}

static bool host(const Cpu *cpu, int el) {
    return cpu_have_el2(cpu) && (el == 2 ? cpu_e2h(cpu) : el == 0 && cpu_in_host0(cpu));
}

static bool el10(const Cpu *cpu, int el, bool two_stages) {
    return two_stages || (el < 2 && !host(cpu, el));
}

static u64 base_of(u64 ttbr_value, bool wide, unsigned align) {
    u64 base = ttbr_value & ones(48) & ~1ull;
    if (wide) base = (base & ~0x3full) | bits(ttbr_value, 5, 2) << 48;
    return base & ~ones(align);
}

static bool stage1_tree(const Case *c, int el, bool two_stages, u64 va, Tree *t) {
    const struct SysRegs *s = &c->cpu->sys;
    bool guest = el10(c->cpu, el, two_stages), upper = bit(va, 55);
    u64 control = guest ? s->SCTLR_EL1 : s->SCTLR_EL2, tcr = guest ? s->TCR_EL1 : s->TCR_EL2;
    if (!bit(control, 0)) return false;
    bool one_range = !guest && !host(c->cpu, el);
    u64 t1 = guest ? s->TTBR1_EL1 : s->TTBR1_EL2, t0 = guest ? s->TTBR0_EL1 : s->TTBR0_EL2;
    bool second = upper && !one_range;
    t->stage1 = true;
    t->big_endian = bit(control, 25);
    t->granule = second ? tg_bits(c->cpu, (unsigned)bits(tcr, 31, 30), true)
                        : tg_bits(c->cpu, (unsigned)bits(tcr, 15, 14), false);
    t->tcr_ps = one_range ? bits(tcr, 18, 16) : bits(tcr, 34, 32);
    t->ia_bits = 64 - (unsigned)clamp((int)(second ? bits(tcr, 21, 16) : bits(tcr, 5, 0)), 12, 47);
    int stride = (int)t->granule - 3;
    t->level = clamp(3 - ((int)t->ia_bits - 1 - (int)t->granule) / stride, 0, 3);
    unsigned top = (unsigned)((3 - t->level) * stride) + t->granule;
    bool wide = t->granule == 16 && t->tcr_ps == 6 && cpu_has(c->cpu, FEAT_LPA);
    unsigned align = t->ia_bits + 3 > top ? t->ia_bits - top + 3 : 3;
    t->root = base_of(second ? t1 : t0, wide, wide ? MAX(align, 6u) : align);
    return true;
}

static bool stage2_tree(const Case *c, Tree *t) {
    const struct SysRegs *s = &c->cpu->sys;
    if (!cpu_have_el2(c->cpu) || cpu_in_host0(c->cpu)) return false;
    if (!bit(s->HCR_EL2, HCR_VM) && !bit(s->HCR_EL2, HCR_DC)) return false;
    unsigned sl0 = (unsigned)bits(s->VTCR_EL2, 7, 6);
    t->stage1 = false;
    t->big_endian = bit(s->SCTLR_EL2, 25);
    t->granule = tg_bits(c->cpu, (unsigned)bits(s->VTCR_EL2, 15, 14), false);
    t->tcr_ps = bits(s->VTCR_EL2, 18, 16);
    t->ia_bits = 64 - (unsigned)clamp((int)bits(s->VTCR_EL2, 5, 0), 12, 48);
    t->level = t->granule == 12 ? (sl0 == 3 ? 3 : 2 - (int)sl0) : 3 - (int)sl0;
    unsigned top = (unsigned)(3 - t->level) * (t->granule - 3) + t->granule;
    bool wide = t->granule == 16 && t->tcr_ps == 6 && cpu_has(c->cpu, FEAT_LPA);
    unsigned align = t->ia_bits + 3 > top ? t->ia_bits - top + 3 : 3;
    t->root = base_of(s->VTTBR_EL2, wide, wide ? MAX(align, 6u) : align);
    return true;
}

// Attribute bits of a leaf: everything allowed, or whatever the bytes say.
static u64 leaf_attributes(Bytes *b, bool stage1) {
    u64 kind = bytes_below(b, 8), random = bytes_take(b, 4);
    u64 upper = (random & 0xfff) << 51 & ~(0xfull << 55), lower = random >> 12 & 0xffc;
    u64 v = stage1 ? 1ull << 10 | 1 << 6 | (random & 7) << 2 : 1ull << 10 | 3 << 6 | 15 << 2;
    switch (kind) {
    case 0: return v;
    case 1: return v | (random >> 8 & 3) << 8;
    case 2: return v ^ (1ull << 10);
    case 3: return v ^ (1ull << 7) ^ (random & 1) << 51;
    case 4: return v | (random & 7) << 51 | (random >> 4 & 3) << 53;
    default: return lower | upper | (random >> 28 & 1) << 10 | (random >> 29 & 1) << 50;
    }
}

// Output of a leaf: the RAM, with the half for tables of stage 1, or elsewhere.
static u64 leaf_output(Bytes *b, const Tree *t, unsigned shift, bool upper_half) {
    u64 v = CASE_RAM_BASE | (bytes_take(b, 3) << 6 & 0xfffff) | (u64)upper_half << 20;
    if (bytes_rare(b, 16)) v |= 1ull << (21 + bytes_below(b, 31));
    if (bytes_rare(b, 48)) v = bytes_take(b, 7);
    if (t->stage1 && bytes_rare(b, 6)) v |= bytes_take(b, 1) << (21 + bytes_below(b, 24));
    return v & ~ones(shift) & ones(52);
}

static u64 with_output(const Tree *t, u64 desc, u64 output) {
    desc |= output & ones(48) & ~ones(t->granule);
    // FEAT_LPA: bits 51:48 in 15:12.
    if (t->granule == 16) desc |= bits(output, 51, 48) << 12;
    return desc;
}

static u64 make_descriptor(Bytes *b, const Tree *t, int level, bool upper_half) {
    unsigned shift = (unsigned)(3 - level) * (t->granule - 3) + t->granule;
    unsigned kind = bytes_below(b, 64);
    if (kind == 0) return bytes_take(b, 8) & ~1ull;  // invalid
    if (kind == 1) return bytes_take(b, 8);          // anything
    bool leaf = level == 3 || kind < (level == 2 ? 26u : level == 1 ? 16u : 4u);
    if (level < 3 && !leaf) {
        u64 v = with_output(t, 3, table_base(b, t->stage1, t->granule, true));
        if (t->granule == 16 && bytes_rare(b, 24)) v |= bytes_take(b, 1) << 8 & 0xf000;
        u64 hierarchy = bytes_below(b, 8);
        return hierarchy < 5 ? v : v | bytes_take(b, 1) << 59 >> (hierarchy == 5 ? 5 : 0);
    }
    u64 v = with_output(t, leaf_attributes(b, t->stage1), leaf_output(b, t, shift, upper_half));
    if (level < 3 && bytes_rare(b, 16)) v |= 1 << 16;  // nT
    return v | ((level == 3 ? 3 : 1) ^ (bytes_rare(b, 48) ? 2 : 0));
}

static void put(Case *c, u64 pa, bool big_endian, u64 desc) {
    u64 *w = case_word(pa);
    if (!w || c->words == ARRAY_LEN(c->word)) return;
    *w = big_endian ? __builtin_bswap64(desc) : desc;
    c->word[c->words++] = pa & ~7ull;
}

static bool built(const Case *c, u64 pa) {
    for (unsigned i = 0; i < c->words; i++)
        if (c->word[i] == (pa & ~7ull)) return true;
    return false;
}

static bool is_leaf(const Tree *t, u64 desc, int level) {
    if (level == 3) return bit(desc, 1);
    return !bit(desc, 1) && (level == 2 || (level == 1 && t->granule != 14));
}

static bool map_stage(Case *c, Bytes *b, const Tree *t, const Tree *s2, u64 ia, bool upper_half,
                      u64 *out);

// The physical address of a descriptor.
static bool place(Case *c, Bytes *b, const Tree *s2, u64 at, u64 *pa) {
    *pa = at;
    return !s2 || map_stage(c, b, s2, NULL, at, true, pa);
}

// Walks, and builds what is missing; false where the walk ends without an output address.
static bool map_stage(Case *c, Bytes *b, const Tree *t, const Tree *s2, u64 ia, bool upper_half,
                      u64 *out) {
    u64 table = t->root;
    for (int level = t->level; level <= 3; level++) {
        unsigned shift = (unsigned)(3 - level) * (t->granule - 3) + t->granule;
        unsigned msb = level == t->level ? t->ia_bits - 1 : shift + t->granule - 4;
        if (msb < shift || level < 0) return false;
        u64 pa;
        if (!place(c, b, s2, table | bits(ia, msb, shift) << 3, &pa) || !case_word(pa))
            return false;
        if (!built(c, pa)) put(c, pa, t->big_endian, make_descriptor(b, t, level, upper_half));
        u64 desc = *case_word(pa);
        if (t->big_endian) desc = __builtin_bswap64(desc);
        if (!bit(desc, 0)) return false;
        u64 address = desc & ones(48);
        if (t->granule == 16 && cpu_has(c->cpu, FEAT_LPA)) address |= bits(desc, 15, 12) << 48;
        if (is_leaf(t, desc, level)) {
            *out = (address & ~ones(shift)) | (ia & ones(shift));
            return true;
        }
        if (!bit(desc, 1)) return false;
        table = address & ~ones(t->granule);
    }
    return false;
}

void case_map(Case *c, Bytes *b, int el, bool two_stages, u64 va) {
    Tree s1, s2;
    bool guest = el10(c->cpu, el, two_stages), have_s2 = guest && stage2_tree(c, &s2);
    bool off = guest && cpu_have_el2(c->cpu) &&
               (bit(c->cpu->sys.HCR_EL2, HCR_DC) || bit(c->cpu->sys.HCR_EL2, HCR_TGE));
    u64 ipa = va & ones(52), pa;
    if (!off && stage1_tree(c, el, two_stages, va, &s1) &&
        !map_stage(c, b, &s1, have_s2 ? &s2 : NULL, va, bytes_below(b, 2), &ipa))
        return;
    if (have_s2) map_stage(c, b, &s2, NULL, ipa, bytes_below(b, 2), &pa);
}

u64 case_address(Case *c, Bytes *b, int el, bool two_stages) {
    const struct SysRegs *s = &c->cpu->sys;
    bool guest = el10(c->cpu, el, two_stages), two = guest || host(c->cpu, el);
    bool upper = two && bytes_rare(b, 2);
    u64 control = guest ? s->SCTLR_EL1 : s->SCTLR_EL2, tcr = guest ? s->TCR_EL1 : s->TCR_EL2;
    u64 va = bytes_take(b, 8);
    if (!bit(control, 0) || bytes_rare(b, 48)) {
        if (bytes_rare(b, 8)) return va;
        return CASE_RAM_BASE | (va & 0x1fffff) | (bytes_rare(b, 8) ? bytes_take(b, 1) << 40 : 0);
    }
    unsigned n = 64 - (unsigned)clamp((int)(upper ? bits(tcr, 21, 16) : bits(tcr, 5, 0)), 12, 48);
    va &= ones(n);
    if (upper) va |= ~ones(n);
    bool tbi = two ? bit(tcr, 37 + upper) : bit(tcr, 20);
    unsigned kind = bytes_below(b, 32);
    if (kind == 0) va ^= 1ull << (n + bytes_below(b, 64 - n));  // outside of the range
    if (kind < (tbi ? 10 : 2)) va = (va & ones(56)) | bytes_take(b, 1) << 56;  // a tag
    if (kind > 26) va = (va & ~0xfffull) | (0xff0 + bytes_below(b, 16));       // the end of a page
    if (kind > 9 && kind < 20) va &= ~15ull;
    return va;
}
