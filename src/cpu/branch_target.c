// Branch target identification (FEAT_BTI; Arm ARM: "Branch target identification"). BR, BLR and their
// like set PSTATE.BTYPE; in a page that stage 1 guards (GP) only instructions that are meant as
// their target may follow. Source: BranchTargetCheck, BTypeCompatible_BTI, BTypeCompatible_PACIXSP,
// the register branches.
//
// The dispatch does not keep BTYPE (op.h, JUMP_INDIRECT). It is in cpu->pstate while an exception can
// be taken between the branch and its target, so SPSR_ELx has it for interrupts, software step,
// aborts and PC alignment of the target's fetch, breakpoints, Illegal Execution state and Branch
// Target exceptions. Choice: it is 0 for exceptions of the target instruction itself, as the manual
// allows for all but BRK (AArch64.TakeException). So BR and BLR look at their target when it is a
// BRK, which stays undecoded for that (opcache.c), in any page.
#include "cpu/exception.h"
#include "cpu/op.h"
#include "mmu/mmu.h"

enum { SCTLR_BT0 = 35, SCTLR_BT1 = 36 };

static bool is_brk(u32 word) {
    return (word & 0xffe0001f) == 0xd4200000;
}

u32 branch_btype(Cpu *cpu, const Op *op) {
    if (!cpu_has(cpu, FEAT_BTI)) return 0;
    u32 word = op_word(cpu, op), n = word >> 5 & 31;
    if (word >> 21 & 1) return 2u << PSTATE_BTYPE_SHIFT;  // BLR
    if (n == 16 || n == 17 || !fetch_guarded(cpu, op_pc(cpu, op))) return 1u << PSTATE_BTYPE_SHIFT;
    return 3u << PSTATE_BTYPE_SHIFT;
}

// PACIASP and PACIBSP are a BTI c, or, unless SCTLR_ELx.{BT0,BT1} is set, a BTI jc; also where they are
// hints that do nothing else (without FEAT_PAuth).
static bool pacisp_compatible(const Cpu *cpu, u32 btype) {
    if (btype != 3) return true;
    bool el2 = cpu->el == 2 || (cpu->el == 0 && cpu_in_host0(cpu));
    u64 sctlr = el2 ? cpu->sys.SCTLR_EL2 : cpu->sys.SCTLR_EL1;
    return !bit(sctlr, cpu->el ? SCTLR_BT1 : SCTLR_BT0);
}

static bool compatible(const Cpu *cpu, u32 word, u32 btype) {
    switch (word) {
    case 0xd503233f:
    case 0xd503237f: return pacisp_compatible(cpu, btype);
    case 0xd503245f: return btype != 3;                                 // BTI c
    case 0xd503249f: return btype != 2;                                 // BTI j
    case 0xd50324df: return true;                                       // BTI jc
    default: return is_brk(word) || (word & 0xffe0001f) == 0xd4400000;  // HLT
    }
}

bool branch_target_allowed(Cpu *cpu, const Op *op) {
    u32 word = op_word(cpu, op), btype = (u32)bits(cpu->pstate, 11, 10);
    if (fetch_guarded(cpu, cpu->pc) && !compatible(cpu, word, btype)) {
        take_sync(cpu, EC_BTI, btype, NULL);
        return false;
    }
    if (!is_brk(word)) cpu->pstate &= ~(u32)PSTATE_BTYPE;
    return true;
}
