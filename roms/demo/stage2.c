// Stage 2: 32-bit IPA, 4 KB granule, three levels (1, 2, 3), a set of tables and a VMID per VM.
#include "demo.h"

enum {
    ENTRIES = 512,
    TABLES = 3
};  // below the root: level 2, level 3 of the program, of the memory

#define TABLE_DESC 3ul
#define PAGE_DESC \
    (3ul | 0xful << 2 | 3ul << 8 | 1ul << 10)  // page, Normal write-back, inner shareable, AF
#define S2AP_READ  (1ul << 6)
#define S2AP_WRITE (2ul << 6)
#define XN         (2ul << 53)
#define ADDRESS    0xfffffffff000ul

static uint64_t tables[VMS][1 + TABLES][ENTRIES] __attribute__((aligned(PAGE)));
static char memory[VMS][PAGE] __attribute__((aligned(PAGE)));

static unsigned index_of(uint64_t ipa, int level) {
    return ipa >> (39 - 9 * level) & (ENTRIES - 1);
}

static void map(uint64_t *level2, uint64_t *level3, uint64_t ipa, const char *to,
                uint64_t attributes) {
    level2[index_of(ipa, 2)] = (uint64_t)level3 | TABLE_DESC;
    level3[index_of(ipa, 3)] = (uint64_t)to | attributes | PAGE_DESC;
}

void stage2_create(struct vm *vm) {
    uint64_t(*t)[ENTRIES] = tables[vm->id - 1];
    vm->stage2 = t[0];
    t[0][index_of(VM_MEMORY, 1)] = (uint64_t)t[1] | TABLE_DESC;
    for (char *p = vm_image; p < vm_image_end; p += PAGE)
        map(t[1], t[2], (uint64_t)p, p, S2AP_READ);
    map(t[1], t[3], VM_MEMORY, memory[vm->id - 1], S2AP_READ | S2AP_WRITE | XN);
}

char *stage2_find(const struct vm *vm, uint64_t ipa) {
    const uint64_t *table = vm->stage2;
    if (ipa >> 32) return 0;
    for (int level = 1; level < 3; level++) {
        uint64_t desc = table[index_of(ipa, level)];
        if (!(desc & 1)) return 0;
        table = (const uint64_t *)(desc & ADDRESS);
    }
    uint64_t desc = table[index_of(ipa, 3)];
    return desc & 1 ? (char *)(desc & ADDRESS) + (ipa & (PAGE - 1)) : 0;
}

void stage2_use(const struct vm *vm) {
    write_sysreg("vttbr_el2", (uint64_t)vm->stage2 | vm->id << 48);
    isb();
}
