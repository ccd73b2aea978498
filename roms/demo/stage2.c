// Stage 2 of the VMs: 4 KB granule, 32-bit IPA, so the walk starts at level 1 with a table of 4
// entries. The VM's code is read-only and executable, its data writable and never executable,
// everything else is a fault that EL2 sees.
#include "demo.h"

enum {
    ENTRIES = PAGE / 8,
    TABLE = 3,  // at level 1 and 2
    PAGE_DESC = 3,
    ATTR_NORMAL = 0xf << 2,  // write-back
    S2AP_READ = 1 << 6,
    S2AP_WRITE = 2 << 6,
    SH_INNER = 3 << 8,
    ACCESS_FLAG = 1 << 10,
};
#define EXECUTE_NEVER (2ul << 53)

typedef u64 Table[ENTRIES] __attribute__((aligned(PAGE)));

static Table level1[VMS], level2[VMS], level3[VMS];

static u64 page(u64 pa, int writable) {
    u64 d = pa | PAGE_DESC | ATTR_NORMAL | S2AP_READ | SH_INNER | ACCESS_FLAG;
    return writable ? d | S2AP_WRITE | EXECUTE_NEVER : d;
}

u64 stage2_create(unsigned vm) {
    level1[vm][VM_RAM_IPA >> 30] = (u64)level2[vm] | TABLE;
    level2[vm][(VM_RAM_IPA >> 21) % ENTRIES] = (u64)level3[vm] | TABLE;
    for (unsigned i = 0; i < VM_RAM_PAGES; i++)
        level3[vm][i] = page(VM_RAM_PA(vm) + i * PAGE, i >= VM_RAM_PAGES / 2);
    u64 vmid = vm + 1;
    return vmid << 48 | (u64)level1[vm];
}

void stage2_enable(void) {
    // The tables were written with EL2's MMU off, so they are in memory and the walk, too, goes
    // past the caches: IRGN0, ORGN0, SH0 = 0.
    u64 pa_range = read_sysreg("id_aa64mmfr0_el1") & 0xf;
    if (pa_range > 2) pa_range = 2;  // 40 bits are plenty
    u64 vtcr = 1ul << 31             // RES1
               | pa_range << 16      // PS
               | 0 << 14             // TG0: 4 KB
               | 1 << 6              // SL0: level 1
               | 32;                 // T0SZ: 32-bit IPA
    write_sysreg("vtcr_el2", vtcr);
    isb();
    __asm__ volatile("dsb ish; tlbi alle1; dsb ish; isb" ::: "memory");
}
