// What rows of sysregs.reg name: arguments of the system instructions, and the modules that
// provide hooks. Included by the generated table.
#pragma once

#include "cpu/sysreg.h"
#include "gic/gic.h"
#include "mmu/mmu.h"

// sys_tlbi(): what is named, by whom, how far.
enum {
    TLBI_OP_ALL = 0,  // everything of the regime (by ASID, VMID as the flags say)
    TLBI_OP_VA = 1,
    TLBI_OP_VAA = 2,  // by VA, every ASID
    TLBI_OP_ASID = 3,
    TLBI_OP_IPA = 4,
    TLBI_OP_MASK = 7,
    TLBI_THIS_VMID = 1 << 3,  // of the current VMID alone
    TLBI_BY_EL2 = 1 << 4,     // EL2's own regime
    TLBI_GUEST = 1 << 5,      // EL1&0 even from a host with E2H and TGE
    TLBI_SHARED = 1 << 6,     // IS, OS: every CPU
    TLBI_LAST = 1 << 7,       // last level only
    TLBI_RANGE = 1 << 8,
};

// sys_at()
enum { AT_EL0 = 0, AT_EL1 = 1, AT_EL2 = 2, AT_EL = 3, AT_W = 4, AT_P = 8, AT_S12 = 16 };

// sys_cache_va()
enum { CACHE_INVALIDATE = 1, CACHE_ICACHE = 2 };
