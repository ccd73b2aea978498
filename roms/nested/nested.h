// A hypervisor that runs a hypervisor. See main.c.
#pragma once

#include "../demo/demo.h"

// The guest hypervisor's physical addresses are IPAs of ours: 32 MB of memory, moved, and the UART.
enum { L1_RAM = 0x40000000, L1_RAM_SIZE = 0x2000000, L1_RAM_PA = 0x44000000 };

// shadow.c: returns VTTBR_EL2.
u64 l1_tables(void);
u64 shadow_tables(void);
void shadow_clear(void);
// An IPA that L2 used and the shadow does not map. 0: it does now; else the fault status code of
// the guest hypervisor's tables.
u64 shadow_fault(u64 ipa, u64 vttbr, int write, int fetch);
u64 *l1_memory(u64 ipa);  // 0: not memory
