// Granules of 4, 16 and 64 KB, start levels, concatenated tables and blocks, for every size of the input address: stage 1
// by AT instructions, stage 2 by accesses from EL1. Arm ARM: "The AArch64 Virtual Memory System Architecture".
#include "rt.h"

CODE(c_load, "ldr x0, [x1]");
CODE(c_at,
     "at s1e1r, x1\nmrs x2, par_el1\nat s1e1w, x1\nmrs x3, par_el1\nat s1e0r, x1\nmrs x4, par_el1");

#define ARENA 0x42000000ull  // the start level's tables, then the others; all of 64 KB
static u64 arena_next;

static u64 *table_at(u64 address) {
    return (u64 *)address;
}

static void arena_reset(void) {
    for (u64 *p = table_at(ARENA); p < table_at(ARENA + 0x200000); p++) *p = 0;
    arena_next = ARENA + 0x100000;
}

static u64 arena_table(void) {
    u64 t = arena_next;
    arena_next += 0x10000;
    return t;
}

static int start_level_of(int shift, int bits) {
    int stride = shift - 3;
    return 4 - (bits - shift + stride - 1) / stride;
}

// Maps `va` (in an input address of `bits` bits, tables from `start`) by a descriptor at level `leaf`.
static void map(int shift, int start, int bits, u64 va, int leaf, u64 descriptor) {
    u64 *table = table_at(ARENA);
    for (int level = start; level <= 3; level++) {
        int low = shift + (3 - level) * (shift - 3);
        int width = level == start ? bits - low : shift - 3;
        u64 *entry = &table[va >> low & ((1ull << width) - 1)];
        if (level == leaf) {
            *entry = descriptor;
            return;
        }
        if (!*entry) *entry = arena_table() | 3;
        table = table_at(*entry & 0xfffffffff000);
    }
}

static const struct {
    const char *name;
    int shift;
    u32 tg0, tg1;
} granules[] = {{"4K", 12, 0, 2}, {"16K", 14, 2, 1}, {"64K", 16, 1, 3}};

static bool has_granule(u32 g) {
    u64 mmfr0 = READ(id_aa64mmfr0_el1);
    return g != 1 || (mmfr0 >> 20 & 15);
}

static void translate(const char *what, u64 va) {
    Ctx c;
    reset_state(&c);
    WRITE(sctlr_el1, 0x30d00980 | 1 << 12 | 1 << 2 | 1);
    c.x[1] = va;
    put(what);
    put_hex(va);
    run_code(&c, "", c_at, EL2H);
}

static void stage1(u32 g, int tsz) {
    int shift = granules[g].shift, bits = 64 - tsz, start = start_level_of(shift, bits);
    u64 attributes = PTE_AF | PTE_ISH | PTE_EL0 | PTE_NORMAL, top = (1ull << bits) - 1;
    int block = shift + (shift - 3);  // the size of a block of level 2
    arena_reset();
    // A page at the end of the range; a block of level 2 at its start; with 4 KB a block of level 1.
    map(shift, start, bits, top, 3, 0x44440000 | attributes | 3);
    if (start <= 2) map(shift, start, bits, 0, 2, (0x2ull << block) | attributes | 1);
    if (start <= 1 && shift == 12 && bits > 31)
        map(shift, start, bits, 1ull << 30, 1, (5ull << 30) | attributes | 1);
    if (bits > 33) map(shift, start, bits, 3ull << 31, 3, 0x45550000 | attributes | 3 | 1ull << 52);
    if (start <= 1 && shift != 12 && bits - 2 >= block + shift - 3)  // no blocks at this level
        map(shift, start, bits, 1ull << (bits - 2), 1, (7ull << 36) | attributes | 1);
    WRITE(mair_el1, 0x44ff00);
    WRITE(ttbr0_el1, ARENA);
    WRITE(ttbr1_el1, ARENA);
    WRITE(tcr_el1, (u64)tsz | (u64)tsz << 16 | 5 << 8 | 3 << 12 | granules[g].tg0 << 14 | 5 << 24 |
                       3 << 28 | (u64)granules[g].tg1 << 30 | 2ull << 32);
    flush();
    put(granules[g].name);
    put_field("TxSZ", (u64)tsz);
    put("\n");
    const u64 vas[] = {0x123,
                       0x1234567 & ((1ull << block) - 1),
                       1ull << 30 | 0x456,
                       3ull << 31 | 0x1678,
                       3ull << 31 | 0x11678,
                       top - 0x10,
                       1ull << bits,
                       ~top,
                       1ull << (bits - 2) | 0x123};
    for (u32 i = 0; i < sizeof vas / sizeof vas[0]; i++) {
        translate("TTBR0 ", vas[i]);
        translate("TTBR1 ", vas[i] | ~top);
    }
}

static void stage2(u32 g, int t0sz, u32 sl0) {
    int shift = granules[g].shift, bits = 64 - t0sz, start = (shift == 12 ? 2 : 3) - (int)sl0;
    u64 attributes = PTE_AF | PTE_ISH | S2_ATTR | S2_R | S2_W;
    int entry_bits = shift + (3 - start) * (shift - 3);
    if (bits - entry_bits > shift - 3 + 4)
        bits = entry_bits + shift - 3 + 4;  // too many tables: it faults anyway
    arena_reset();
    if (bits > entry_bits && bits > 31) {
        for (u64 pa = 0x40200000; pa < 0x40600000; pa += 1ull << shift)
            map(shift, start, bits, pa, 3, pa | attributes | 3);
        map(shift, start, bits, 1ull << (bits - 1) | 0x10000, 3, (u64)scratch[0] | attributes | 3);
    }
    Ctx c;
    reset_state(&c);
    WRITE(vtcr_el2, (u64)t0sz | sl0 << 6 | 5 << 8 | 3 << 12 | granules[g].tg0 << 14 |
                        (READ(id_aa64mmfr0_el1) & 7) << 16 | 1u << 31);
    WRITE(vttbr_el2, ARENA | 3ull << 48);
    flush();
    for (u32 i = 0; i < 4; i++) {
        const u64 ipa[] = {0x40201000, 1ull << (64 - t0sz - 1) | 0x10100, 1ull << (64 - t0sz),
                           0x50000000};
        c.hcr = HCR_RW | HCR_VM;
        c.x[0] = 0x1000;
        c.x[1] = ipa[i];
        put(granules[g].name);
        put(" T0SZ ");
        put_hex((u64)t0sz);
        put(" SL0 ");
        put_hex(sl0);
        put(" at ");
        put_hex(ipa[i]);
        run_code(&c, "", c_load, EL1H);
    }
}

void rom_main(void) {
    for (u64 j = 0; j < 4096; j++) scratch[0][j] = (u8)j;
    for (u32 g = 0; g < 3; g++) {
        if (!has_granule(g)) continue;
        for (int tsz = 16; tsz <= 39; tsz++) stage1(g, tsz);
        for (int t0sz = 16; t0sz <= 39; t0sz++)
            for (u32 sl0 = 0; sl0 < 3; sl0++) stage2(g, t0sz, sl0);
    }
    put("END\n");
}
