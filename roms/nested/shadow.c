// Stage 2 for L1, and the shadow tables for L2: an IPA of L2 goes through L1's tables to an IPA of L1, and
// through ours to a PA. Pages come in when L2 uses them; L1's TLB maintenance empties the shadow, as a TLB.
// 4 KB granule, 32-bit IPAs from level 1; L1's blocks come in as pages; the pool holds 16 tables.
#include "nested.h"

enum { ENTRIES = PAGE / 8, TABLE = 3, POOL = 16 };
#define ADDRESS 0xfffffffff000ul

typedef u64 Table[ENTRIES] __attribute__((aligned(PAGE)));

static Table level1, level2[2], uart;
static Table shadow, pool[POOL];
static unsigned pool_used;

// Normal write-back memory or Device-nGnRE, read and write, accessed.
enum { MEMORY_BLOCK = 0x7fd, DEVICE_PAGE = 0x4c7 };

u64 l1_tables(void) {
    level1[0] = (u64)level2[0] | TABLE;
    level1[1] = (u64)level2[1] | TABLE;
    level2[0][0x09000000 >> 21] = (u64)uart | TABLE;
    uart[0] = 0x09000000 | DEVICE_PAGE;
    for (unsigned i = 0; i < L1_RAM_SIZE >> 21; i++)
        level2[1][i] = (L1_RAM_PA + ((u64)i << 21)) | MEMORY_BLOCK;
    return 1ul << 48 | (u64)level1;
}

u64 shadow_tables(void) {
    return 2ul << 48 | (u64)shadow;
}

void shadow_clear(void) {
    for (unsigned i = 0; i < ENTRIES; i++) shadow[i] = 0;
    pool_used = 0;
    __asm__ volatile("dsb ish; tlbi alle1; dsb ish; isb" ::: "memory");
}

u64 *l1_memory(u64 ipa) {
    return ipa - L1_RAM < L1_RAM_SIZE ? (u64 *)(ipa - L1_RAM + L1_RAM_PA) : 0;
}

static u64 *next_table(u64 *entry) {
    if (!*entry) {
        if (pool_used == POOL) {
            print("l0: no shadow tables left\n");
            power_off();
        }
        u64 *table = pool[pool_used++];
        for (unsigned i = 0; i < ENTRIES; i++) table[i] = 0;
        *entry = (u64)table | TABLE;
    }
    return (u64 *)(*entry & ADDRESS);
}

// Attributes and permissions stay L1's: ours allow everything.
static void shadow_map(u64 ipa, u64 pa, u64 attributes) {
    u64 *t = next_table(&shadow[ipa >> 30 & 511]);
    t = next_table(&t[ipa >> 21 & 511]);
    t[ipa >> 12 & 511] = pa | attributes | 3;
    __asm__ volatile("dsb ish" ::: "memory");
}

u64 shadow_fault(u64 ipa, u64 vttbr, int write, int fetch) {
    u64 table = vttbr & ADDRESS, d = 0;
    u64 level = 1, shift = 30;
    if (ipa >> 32) return 4;  // level 0: beyond T0SZ
    for (;; level++, shift -= 9) {
        const u64 *memory = l1_memory(table);
        if (!memory) return 0x14 + level;  // external abort on a walk
        d = memory[ipa >> shift & 511];
        if (!(d & 1) || (level == 3 && !(d & 2))) return 4 + level;  // translation
        if (level == 3 || !(d & 2)) break;
        table = d & ADDRESS;
    }
    if (!(d & 1 << 10)) return 8 + level;  // access flag
    if (!(d >> (write ? 7 : 6) & 1) || (fetch && d >> 54 & 1)) return 0xc + level;
    u64 size = 1ul << shift;
    u64 out = (d & ADDRESS & ~(size - 1)) | (ipa & (size - 1) & ADDRESS);
    u64 *memory = l1_memory(out);
    if (!memory) return 0x10;  // external abort: L1 mapped what is not its memory
    shadow_map(ipa, (u64)memory, d & (3ul << 53 | 0x7fc));
    return 0;
}
