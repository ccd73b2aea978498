// Routing as the Arm ARM's pseudo-code has it: AArch64.TakeException and its callers,
// AArch64.ExceptionReturn, the pending interrupts, ESB, BranchTargetCheck, AArch64.PACFailException,
// AArch64.CheckDebug. Translation is that of translate.h. IMPLEMENTATION DEFINED: of interrupts that can
// be taken at once, SError before FIQ before IRQ, and physical before virtual.
#include "oracle_route.h"

#include "oracle_sysreg.h"

#include <string.h>

enum {
    PS_SP = 1 << 0,
    PS_F = 1 << 6,
    PS_I = 1 << 7,
    PS_A = 1 << 8,
    PS_D = 1 << 9,
    PS_BTYPE = 3 << 10,
    PS_SSBS = 1 << 12,
    PS_IL = 1 << 20,
    PS_SS = 1 << 21,
    PS_PAN = 1 << 22,
    PS_UAO = 1 << 23,
    PS_DIT = 1 << 24,
    PS_TCO = 1 << 25,
};

typedef struct Step {
    const RouteState *in;
    const OracleState *s;
    RouteOutcome *out;
    uint32_t pstate;  // current: SSAdvance changes it
    bool in_guarded_page;
    unsigned btype_next;
} Step;

static bool bit(uint64_t value, unsigned n) {
    return value >> n & 1;
}

static bool hcr(const Step *t, unsigned n) {
    return t->s->has.EL2 && bit(t->s->HCR_EL2, n);
}
static bool amo(const Step *t) {
    return hcr(t, 5);
}
static bool tge(const Step *t) {
    return hcr(t, 27);
}
static bool e2h(const Step *t) {
    return t->s->has.VHE && hcr(t, 34);
}

// IsInHost() of the current Exception level.
static bool is_in_host(const Step *t) {
    if (t->s->el == 2) return e2h(t);
    if (t->s->el == 0) return e2h(t) && tge(t);
    return false;
}

// --- taking an exception -------------------------------------------------------------------------

static uint64_t sctlr_of_el(const Step *t, int el) {
    return el == 2 ? t->s->SCTLR_EL2 : t->s->SCTLR_EL1;
}

// SCTLR[] of the translation regime that the current Exception level uses.
static uint64_t sctlr(const Step *t) {
    if (t->s->el == 2) return t->s->SCTLR_EL2;
    if (t->s->el == 0 && is_in_host(t)) return t->s->SCTLR_EL2;
    return t->s->SCTLR_EL1;
}

static void take(Step *t, OracleKind kind, int target_el, uint64_t preferred_return,
                 unsigned vect_offset, const char *cause) {
    const OracleFeatures *has = &t->s->has;
    RouteOutcome *out = t->out;
    if (target_el > t->s->el)
        vect_offset += 0x400;
    else if (t->pstate & PS_SP)
        vect_offset += 0x200;
    uint32_t spsr = t->pstate;
    if (t->s->el == 1 && target_el == 1 && has->EL2) {
        bool nv = hcr(t, 42), nv1 = hcr(t, 43), nv2 = hcr(t, 45);
        if (has->NV2 && ((nv && !nv1 && !nv2) || (nv && nv1 && nv2)))
            spsr = (spsr & ~0xcu) | 8;
        else if (has->NV && nv && !nv1)
            spsr = (spsr & ~0xcu) | 8;
    }
    uint32_t p = t->pstate & 0xf0000000u;
    p |= t->pstate & (PS_PAN | PS_DIT);
    p |= (uint32_t)target_el << 2 | PS_SP | PS_D | PS_A | PS_I | PS_F;
    if (has->PAN && (target_el == 1 || (target_el == 2 && e2h(t) && tge(t))) &&
        !bit(sctlr_of_el(t, target_el), 23))
        p |= PS_PAN;
    if (has->SSBS && bit(sctlr_of_el(t, target_el), 44)) p |= PS_SSBS;
    if (has->MTE) p |= PS_TCO;
    out->kind = kind;
    out->target_el = target_el;
    out->elr = preferred_return;
    out->spsr = spsr;
    out->pstate = p;
    out->pstate_unknown = 0;
    out->pc = ((target_el == 2 ? t->s->VBAR_EL2 : t->s->VBAR_EL1) & ~(uint64_t)0x7ff) + vect_offset;
    out->cause = cause;
}

// Exceptions that come before the instruction, and BRK. SPSR_ELx.BTYPE of the others may be 0: a choice.
static bool keeps_btype(unsigned ec) {
    switch (ec) {
    case 0x0d:  // Branch Target
    case 0x0e:  // Illegal Execution state
    case 0x20:  // Instruction Abort
    case 0x21:
    case 0x22:  // PC alignment
    case 0x2f:  // SError
    case 0x30:  // Breakpoint
    case 0x31:
    case 0x32:  // Software Step
    case 0x33:
    case 0x3c: return true;  // BRK
    default: return false;
    }
}

static void report(Step *t, unsigned ec, bool il, uint32_t iss) {
    if (t->s->has.BTI && !keeps_btype(ec)) t->out->spsr &= ~(uint32_t)PS_BTYPE;
    t->out->esr_written = true;
    t->out->esr = ec << 26 | (uint32_t)il << 25 | iss;
}

static void sync(Step *t, int target_el, unsigned ec, uint32_t iss, const char *cause) {
    take(t, ORACLE_SYNC, target_el, t->in->pc, 0, cause);
    report(t, ec, true, iss);
}

// Where UNDEFINED, illegal state, BTI and authentication failures go.
static int undefined_target(const Step *t) {
    if (t->s->el > 1) return t->s->el;
    if (t->s->el == 0 && tge(t)) return 2;
    return 1;
}

static void undefined(Step *t) {
    sync(t, undefined_target(t), 0x00, 0, "UNDEFINED");
}

// Where alignment faults of PC and SP go.
static int alignment_target(const Step *t) {
    if (t->s->el > 1) return t->s->el;
    if (tge(t)) return 2;
    return 1;
}

// --- interrupts ----------------------------------------------------------------------------------

static bool physical_masked(const Step *t, uint32_t mask, unsigned route) {
    bool masked = t->pstate & mask;
    if (!t->s->has.EL2) return masked;
    bool override;
    if (e2h(t) && tge(t))
        override = false;
    else if (tge(t))
        override = true;
    else
        override = hcr(t, route);
    if (t->s->el < 2) return masked && !override;
    if (!tge(t)) return masked || !override;
    return masked;
}

static bool take_physical(Step *t) {
    if (t->in->serror && !physical_masked(t, PS_A, 5)) {
        bool to_el2 = t->s->el < 2 && (tge(t) || (!is_in_host(t) && amo(t)));
        take(t, ORACLE_SERROR, t->s->el == 2 || to_el2 ? 2 : 1, t->in->pc, 0x180, "SError");
        report(t, 0x2f, true, t->in->serror_iss);
        t->out->serror = false;
        return true;
    }
    if (t->in->fiq && !physical_masked(t, PS_F, 3)) {
        bool to_el2 = t->s->el < 2 && (tge(t) || hcr(t, 3));
        take(t, ORACLE_FIQ, t->s->el == 2 || to_el2 ? 2 : 1, t->in->pc, 0x100, "FIQ");
        return true;
    }
    if (t->in->irq && !physical_masked(t, PS_I, 4)) {
        bool to_el2 = t->s->el < 2 && (tge(t) || hcr(t, 4));
        take(t, ORACLE_IRQ, t->s->el == 2 || to_el2 ? 2 : 1, t->in->pc, 0x80, "IRQ");
        return true;
    }
    return false;
}

static bool vserror_pending(const Step *t) {
    return amo(t) && hcr(t, 8);
}
static bool vfiq_pending(const Step *t) {
    return hcr(t, 3) && (hcr(t, 6) || t->in->vfiq);
}
static bool virq_pending(const Step *t) {
    return hcr(t, 4) && (hcr(t, 7) || t->in->virq);
}

static bool take_virtual(Step *t) {
    if (t->s->el == 2 || !t->s->has.EL2 || tge(t)) return false;
    if (vserror_pending(t) && !(t->pstate & PS_A)) {
        take(t, ORACLE_SERROR, 1, t->in->pc, 0x180, "HCR_EL2.VSE");
        report(t, 0x2f, true, t->s->has.RAS ? (uint32_t)t->s->VSESR_EL2 & 0x1ffffff : 0);
        t->out->vse = false;
        return true;
    }
    if (vfiq_pending(t) && !(t->pstate & PS_F)) {
        take(t, ORACLE_FIQ, 1, t->in->pc, 0x100, "HCR_EL2.VF");
        return true;
    }
    if (virq_pending(t) && !(t->pstate & PS_I)) {
        take(t, ORACLE_IRQ, 1, t->in->pc, 0x80, "HCR_EL2.VI");
        return true;
    }
    return false;
}

// InterruptPending(): what ends or prevents WFI.
static bool interrupt_pending(const Step *t) {
    if (t->in->irq || t->in->fiq || t->in->serror) return true;
    if (t->s->el < 2 && t->s->has.EL2 && !tge(t))
        return vserror_pending(t) || vfiq_pending(t) || virq_pending(t);
    return false;
}

// AArch64.PhysicalSErrorTarget: only whether it is masked.
static bool serror_masked(const Step *t) {
    bool to_el2 = false;
    if (t->s->el == 1) to_el2 = amo(t);
    if (t->s->el == 0) to_el2 = !is_in_host(t) && (tge(t) || amo(t));
    if (t->s->el == 2) return (!tge(t) && !amo(t)) || (t->pstate & PS_A);
    return !to_el2 && (t->pstate & PS_A);
}

static void esb(Step *t) {
    if (!t->s->has.RAS) return;
    if (serror_masked(t) && t->in->serror) {
        t->out->disr = 1u << 31 | (t->in->serror_iss & 0x1ffffff);
        t->out->serror = false;
    }
    if (t->s->el < 2 && t->s->has.EL2 && !tge(t) && vserror_pending(t) && (t->pstate & PS_A)) {
        t->out->vdisr = 1u << 31 | (t->s->VSESR_EL2 & 0x1ffffff);
        t->out->vse = false;
    }
}

// --- debug ---------------------------------------------------------------------------------------

static int debug_target(const Step *t) {
    return t->s->has.EL2 && (bit(t->s->MDCR_EL2, 8) || tge(t)) ? 2 : 1;
}

static bool debug_exceptions_from(const Step *t, int from_el, bool mask) {
    if (bit(t->s->OSLSR_EL1, 1)) return false;
    int target = debug_target(t);
    if (from_el == target) return bit(t->s->MDSCR_EL1, 13) && !mask;
    return target > from_el;
}

static void ss_advance(Step *t) {
    if (bit(t->s->MDSCR_EL1, 0)) t->pstate &= ~(uint32_t)PS_SS;
}

static bool check_software_step(Step *t) {
    bool enabled = debug_exceptions_from(t, t->s->el, t->pstate & PS_D) && bit(t->s->MDSCR_EL1, 0);
    if (!enabled || (t->pstate & PS_SS)) return false;
    bool to_el2 = t->s->el < 2 && t->s->has.EL2 && (tge(t) || bit(t->s->MDCR_EL2, 8));
    int target = t->s->el == 2 || to_el2 ? 2 : 1;
    sync(t, target, target == t->s->el ? 0x33 : 0x32, 0x22, "software step");  // did not step
    return true;
}

// --- exception return ----------------------------------------------------------------------------

static bool illegal_return(const Step *t, uint32_t spsr) {
    int target = spsr >> 2 & 3;
    if (bit(spsr, 4)) return true;  // AArch32
    if (target == 3 || (target == 2 && !t->s->has.EL2)) return true;
    if (bit(spsr, 1)) return true;
    if (target == 0 && bit(spsr, 0)) return true;
    if (target > t->s->el) return true;
    if (target == 1 && tge(t)) return true;
    return false;
}

static uint64_t branch_address(const Step *t, uint64_t va, int el) {
    bool upper = bit(va, 55), tbi, tbid;
    bool host = el == 2 ? e2h(t) : el == 0 && e2h(t) && tge(t);
    if (el == 2 && !host) {
        tbi = bit(t->s->TCR_EL2, 20);
        tbid = bit(t->s->TCR_EL2, 29);
    } else {
        uint64_t tcr = host ? t->s->TCR_EL2 : t->s->TCR_EL1;
        tbi = bit(tcr, upper ? 38 : 37);
        tbid = bit(tcr, upper ? 52 : 51);
    }
    if (!tbi || (t->s->has.PAuth && tbid)) return va;
    if ((el < 2 || host) && upper) return va | (uint64_t)0xff << 56;
    return va & ~((uint64_t)0xff << 56);
}

static void exception_return(Step *t) {
    const OracleFeatures *has = &t->s->has;
    uint32_t spsr = (uint32_t)(t->s->el == 2 ? t->s->SPSR_EL2 : t->s->SPSR_EL1);
    uint64_t new_pc = t->s->el == 2 ? t->s->ELR_EL2 : t->s->ELR_EL1;
    bool illegal = illegal_return(t, spsr);
    int dest = illegal ? t->s->el : (int)(spsr >> 2 & 3);
    uint32_t p = spsr & (0xf0000000u | PS_D | PS_A | PS_I | PS_F);
    if (has->PAN) p |= spsr & PS_PAN;
    bool at_source = debug_exceptions_from(t, t->s->el, t->pstate & PS_D);
    bool at_dest = debug_exceptions_from(t, dest, bit(spsr, 9));
    if (bit(t->s->MDSCR_EL1, 0) && !at_source && at_dest) p |= spsr & PS_SS;
    if (illegal) {
        p |= PS_IL | (t->pstate & 0xf);
        t->out->pstate_unknown = PS_SSBS | PS_BTYPE | PS_UAO | PS_DIT | PS_TCO;
        p |= t->pstate & t->out->pstate_unknown;
    } else {
        p |= spsr & (PS_IL | 0xd);
        if (has->BTI) p |= spsr & PS_BTYPE;
        if (has->SSBS) p |= spsr & PS_SSBS;
        if (has->UAO) p |= spsr & PS_UAO;
        if (has->DIT) p |= spsr & PS_DIT;
        if (has->MTE) p |= spsr & PS_TCO;
    }
    t->out->pstate = p;
    if (illegal && bit(spsr, 4)) {
        t->out->pc = new_pc;
        t->out->pc_unknown = ~(uint64_t)0 << 32 | 3;
        return;
    }
    t->out->pc = branch_address(t, new_pc, dest);
}

// pac: 0 ERET, 1 ERETAA, 2 ERETAB.
static void eret(Step *t, unsigned pac) {
    if (t->s->el == 0 || (pac && !t->s->has.PAuth)) {
        undefined(t);
        return;
    }
    if (t->s->el == 1 && t->s->has.EL2) {
        uint32_t iss = pac == 0 ? 0 : pac == 1 ? 2 : 3;
        if (t->s->has.NV && hcr(t, 42)) {
            sync(t, 2, 0x1a, iss, "HCR_EL2.NV");
            return;
        }
        if (t->s->has.FGT && bit(t->s->HFGITR_EL2, 51)) {
            sync(t, 2, 0x1a, iss, "HFGITR_EL2.ERET");
            return;
        }
    }
    if (pac && bit(sctlr(t), pac == 1 ? 31 : 30)) {
        if (t->s->el == 1 && t->s->has.EL2 && !hcr(t, 41)) {
            sync(t, 2, 0x09, 0, "HCR_EL2.API");
            return;
        }
        t->out->kind = ORACLE_NOT_MODELLED;  // authentication
        return;
    }
    exception_return(t);
}

// --- instructions --------------------------------------------------------------------------------

static void call(Step *t, int target_el, unsigned ec, uint32_t imm, const char *cause) {
    ss_advance(t);
    take(t, ORACLE_SYNC, target_el, t->in->pc + 4, 0, cause);
    report(t, ec, true, imm);
}

static void svc(Step *t, uint32_t imm) {
    if (t->s->has.FGT && t->s->has.EL2) {
        bool route = false;
        if (t->s->el == 0) route = bit(t->s->HFGITR_EL2, 52) && !(e2h(t) && tge(t));
        if (t->s->el == 1) route = bit(t->s->HFGITR_EL2, 53);
        if (route) {
            sync(t, 2, 0x15, imm, t->s->el == 0 ? "HFGITR_EL2.SVC_EL0" : "HFGITR_EL2.SVC_EL1");
            return;
        }
    }
    if (t->s->el > 1)
        call(t, t->s->el, 0x15, imm, "SVC");
    else if (t->s->el == 0 && tge(t))
        call(t, 2, 0x15, imm, "HCR_EL2.TGE");
    else
        call(t, 1, 0x15, imm, "SVC");
}

static void hvc(Step *t, uint32_t imm) {
    if (t->s->el == 0) {
        undefined(t);
    } else if (!t->s->has.EL2) {
        t->out->kind = ORACLE_NOT_MODELLED;  // firmware
    } else if (hcr(t, 29)) {
        undefined(t);
    } else {
        call(t, 2, 0x16, imm, "HVC");
    }
}

static void smc(Step *t, uint32_t imm) {
    if (t->s->el == 0) {
        undefined(t);
    } else if (t->s->el == 1 && hcr(t, 19)) {
        sync(t, 2, 0x17, imm, "HCR_EL2.TSC");
    } else if (!t->s->has.EL2) {
        undefined(t);
    } else {
        t->out->kind = ORACLE_NOT_MODELLED;  // firmware
    }
}

static void brk(Step *t, uint32_t imm) {
    bool to_el2 = t->s->el < 2 && t->s->has.EL2 && (tge(t) || bit(t->s->MDCR_EL2, 8));
    if (t->s->el > 1)
        sync(t, t->s->el, 0x3c, imm, "BRK");
    else if (to_el2)
        sync(t, 2, 0x3c, imm, tge(t) ? "HCR_EL2.TGE" : "MDCR_EL2.TDE");
    else
        sync(t, 1, 0x3c, imm, "BRK");
}

static void wfx_trap(Step *t, int target_el, bool is_wfe) {
    uint32_t iss = 1u << 24 | 0xeu << 20 | is_wfe;
    if (target_el == 1 && tge(t)) target_el = 2;
    sync(t, target_el, 0x01, iss, "WFx trap");
}

static void wfx(Step *t, bool is_wfe) {
    if (is_wfe) {
        if (t->in->event) return;
    } else if (interrupt_pending(t)) {
        return;
    }
    if (t->s->el == 0 && !bit(sctlr(t), is_wfe ? 18 : 16)) {
        wfx_trap(t, 1, is_wfe);
        return;
    }
    if (t->s->el < 2 && t->s->has.EL2 && !is_in_host(t) && hcr(t, is_wfe ? 14 : 13)) {
        wfx_trap(t, 2, is_wfe);
        return;
    }
    t->out->sleeps = true;
}

static void fp_trap(Step *t, int target_el, const char *cause) {
    if (target_el == 1 && tge(t))
        sync(t, 2, 0x00, 0, cause);
    else
        sync(t, target_el, 0x07, 1u << 24 | 0xeu << 20, cause);
}

static void fp_access(Step *t) {
    if (t->s->el < 2 && !is_in_host(t)) {
        unsigned fpen = t->s->CPACR_EL1 >> 20 & 3;
        if ((fpen & 1) == 0 || (fpen == 1 && t->s->el == 0)) {
            fp_trap(t, 1, "CPACR_EL1.FPEN");
            return;
        }
    }
    if (!t->s->has.EL2) return;
    if (e2h(t)) {
        unsigned fpen = t->s->CPTR_EL2 >> 20 & 3;
        if ((fpen & 1) == 0 || (fpen == 1 && t->s->el == 0 && tge(t)))
            fp_trap(t, 2, "CPTR_EL2.FPEN");
    } else if (bit(t->s->CPTR_EL2, 10)) {
        fp_trap(t, 2, "CPTR_EL2.TFP");
    }
}

static void take_abort(Step *t, const RouteFault *f);

// AArch64.UnalignedAccessFaults(): before the translation.
static bool unaligned_access_faults(const Step *t, uint64_t va, unsigned size, bool exclusive) {
    if (bit(sctlr(t), 1)) return true;
    if (exclusive) {
        bool in_quantity = va % 16 + size <= 16;
        if (!t->s->has.LSE2 || !in_quantity) return true;
    }
    return false;
}

static OracleMmuState mmu_state(const Step *t) {
    const RouteState *in = t->in;
    return (OracleMmuState){.has = in->mmu,
                            .el = t->s->el,
                            .pan = t->pstate & PS_PAN,
                            .uao = t->pstate & PS_UAO,
                            .HCR_EL2 = t->s->HCR_EL2,
                            .SCTLR_EL1 = t->s->SCTLR_EL1,
                            .SCTLR_EL2 = t->s->SCTLR_EL2,
                            .TCR_EL1 = t->s->TCR_EL1,
                            .TCR_EL2 = t->s->TCR_EL2,
                            .VTCR_EL2 = in->VTCR_EL2,
                            .MAIR_EL1 = in->MAIR_EL1,
                            .MAIR_EL2 = in->MAIR_EL2,
                            .TTBR0_EL1 = in->TTBR0_EL1,
                            .TTBR1_EL1 = in->TTBR1_EL1,
                            .TTBR0_EL2 = in->TTBR0_EL2,
                            .TTBR1_EL2 = in->TTBR1_EL2,
                            .VTTBR_EL2 = in->VTTBR_EL2};
}

static unsigned code_of(OracleStatus status) {
    if (status == ORACLE_ADDRESS_SIZE) return FSC_ADDRESS_SIZE;
    if (status == ORACLE_TRANSLATION) return FSC_TRANSLATION;
    if (status == ORACLE_ACCESS_FLAG) return FSC_ACCESS_FLAG;
    if (status == ORACLE_PERMISSION) return FSC_PERMISSION;
    if (status == ORACLE_EXTERNAL_ON_WALK) return FSC_EXTERNAL_ON_WALK;
    return FSC_ALIGNMENT;
}

// AArch64.GenerateDebugExceptions(), for an access of FEAT_NV2 those of EL2.
static bool debug_exceptions(const Step *t, bool nv2) {
    if (!bit(t->s->MDSCR_EL1, 15)) return false;
    if (nv2) return debug_exceptions_from(t, 2, false);
    return debug_exceptions_from(t, t->s->el, t->pstate & PS_D);
}

// Bits DebugAddrTop():lo are the same.
static bool debug_address_match(const Step *t, uint64_t a, uint64_t b, unsigned lo) {
    unsigned top = t->in->mmu.LVA ? 52 : 48;
    return (a ^ b) << (63 - top) >> (63 - top) >> lo == 0;
}

// AArch64.StateMatch() for HMC 1, SSC 0b00 (HMC 0 without EL2), PMC or PAC 0b11: all Exception levels.
static bool breakpoint_match(const Step *t, const RouteFault *f) {
    return bit(t->s->DBGBCR0_EL1, 0) && debug_address_match(t, f->va, t->s->DBGBVR0_EL1, 2);
}

// BAS 0xff, MASK 0, LSC 0b11. FAR_ELx may be any address from the first accessed to the last watched byte;
// here it is the first that is watched, a choice that only DC ZVA shows.
static bool watchpoint_match(const Step *t, RouteFault *f, const OracleAccess *a) {
    if (!bit(t->s->DBGWCR0_EL1, 0) || a->acctype == ORACLE_IC) return false;
    if (a->acctype == ORACLE_DC && !a->invalidate) return false;
    for (unsigned byte = 0; byte < a->size; byte++)
        if (debug_address_match(t, f->va + byte, t->s->DBGWVR0_EL1, 3)) {
            f->va += byte;
            return true;
        }
    return false;
}

// AArch64.MemSingle[]: translation, breakpoints and watchpoints, then the memory. The parts of an access
// that is not aligned are in one page, so the first of them faults, or none.
static bool memory_faults(Step *t, const OracleAccess *a, bool aligned, RouteFault *f) {
    OracleMmuState state = mmu_state(t);
    OracleAddress at = oracle_translate(&state, &t->in->memory, f->va, a, aligned);
    uint64_t value;
    if (at.fault.status != ORACLE_OK) {
        f->code = code_of(at.fault.status);
        f->level = (unsigned)at.fault.level;
        f->second_stage = at.fault.secondstage;
        f->s2fs1walk = at.fault.s2fs1walk;
        f->write = at.fault.write;
        f->ipa = at.fault.ipa;
        return true;
    }
    if (f->instruction && t->s->has.BTI) t->in_guarded_page = at.guarded;
    if (debug_exceptions(t, f->nv2) &&
        (f->instruction ? breakpoint_match(t, f) : watchpoint_match(t, f, a))) {
        f->code = FSC_DEBUG;
        return true;
    }
    if (t->in->memory.read(t->in->memory.context, at.pa & ~(uint64_t)7, &value)) return false;
    f->code = FSC_EXTERNAL;
    return true;
}

// AArch64.IsUnprivAccessPriv().
static bool is_unpriv_access_priv(const Step *t) {
    bool privileged = false;
    if (t->s->el == 1) privileged = t->s->has.NV && hcr(t, 42) && hcr(t, 43);
    if (t->s->el == 2) privileged = !(e2h(t) && tge(t));
    if (t->s->has.UAO && (t->pstate & PS_UAO)) privileged = t->s->el != 0;
    return privileged;
}

typedef enum { PLAIN, EXCLUSIVE, UNPRIVILEGED } Form;

// A load or store of X<rt>, `size` bytes.
static void memory_access(Step *t, uint64_t va, unsigned rt, unsigned size, bool write, Form form) {
    RouteFault f = {.write = write, .va = va};
    if (form != EXCLUSIVE) {  // ISV, SAS, SRT, SF
        f.instruction_syndrome = 1u << 10 | rt << 2;
        if (size == 2) f.instruction_syndrome |= 1u << 8;
        if (size == 8) f.instruction_syndrome |= 3u << 8 | 1 << 1;
    }
    OracleAccess a = {.acctype = ORACLE_GPR,
                      .el = t->s->el,
                      .read = !write,
                      .write = write,
                      .pan = true,
                      .exclusive = form == EXCLUSIVE,
                      .size = size};
    if (form == UNPRIVILEGED && !is_unpriv_access_priv(t)) a.el = 0;
    bool aligned = va % size == 0;
    if (!aligned && unaligned_access_faults(t, va, size, form == EXCLUSIVE)) {
        f.code = FSC_ALIGNMENT;
        take_abort(t, &f);
    } else if (memory_faults(t, &a, aligned, &f)) {
        take_abort(t, &f);
    }
}

// LDR X0, [SP].
static void sp_access(Step *t) {
    bool check = bit(sctlr(t), t->s->el == 0 ? 4 : 3);
    if (check && (t->in->sp & 15)) {
        sync(t, alignment_target(t), 0x26, 0, "SP alignment");
        return;
    }
    memory_access(t, t->in->sp, 0, 8, false, PLAIN);
}

// MRS and MSR that FEAT_NV2 makes accesses to memory. NVMem[].
static void nv2_access(Step *t, unsigned offset, bool read) {
    uint64_t base = t->s->VNCR_EL2 & ~(uint64_t)0xfff;  // RESS is a copy of the sign
    RouteFault f = {.write = !read, .nv2 = true, .va = base | offset};
    OracleAccess a = {.acctype = ORACLE_GPR, .el = 2, .read = read, .write = !read, .size = 8};
    if (memory_faults(t, &a, true, &f)) take_abort(t, &f);
}

// AT S1E1R X1: other faults are in PAR_EL1.
static void address_translation(Step *t) {
    OracleMmuState state = mmu_state(t);
    uint64_t par, known;
    OracleOutcome at =
        oracle_at(&state, &t->in->memory, t->in->x1, (OracleAt){.el = 1}, &par, &known);
    if (!at.abort) return;
    RouteFault f = {.code = code_of(at.fault.status),
                    .level = (unsigned)at.fault.level,
                    .maintenance = true,
                    .second_stage = at.fault.secondstage,
                    .s2fs1walk = at.fault.s2fs1walk,
                    .va = t->in->x1,
                    .ipa = at.fault.ipa};
    take_abort(t, &f);
}

// DC, IC and AT of X1 when nothing traps them.
static void maintenance(Step *t, uint32_t word) {
    RouteFault f = {.maintenance = true, .va = t->in->x1};
    OracleAccess a = {.el = t->s->el, .size = 1};
    if (word == 0xd5087801) {  // AT S1E1R
        address_translation(t);
        return;
    } else if (word == 0xd50b7421) {  // DC ZVA
        f.maintenance = false;
        f.write = true;
        f.va &= ~(uint64_t)63;
        a.acctype = ORACLE_DCZERO;
        a.write = a.pan = true;
        a.size = 64;
    } else if (word == 0xd50b7a21 || word == 0xd5087621) {  // DC CVAC, DC IVAC
        a.acctype = ORACLE_DC;
        a.invalidate = word == 0xd5087621;
    } else if (word == 0xd50b7521) {  // IC IVAU
        a.acctype = ORACLE_IC;
    } else {
        return;
    }
    if (!memory_faults(t, &a, true, &f)) return;
    if (f.maintenance && f.code == FSC_EXTERNAL) return;  // they reach no memory
    if (f.code != FSC_DEBUG) f.va = t->in->x1;
    take_abort(t, &f);
}

static void register_access(Step *t, uint32_t word) {
    OracleState s = *t->s;
    s.pstate = t->pstate;
    unsigned enc = word >> 5 & 0xffff;
    enc = (enc & 0x3fff) | (word >> 19 & 3) << 14;
    OracleResult r = oracle_sysreg(&s, enc, bit(word, 21), word & 31);
    if (r.kind == ORACLE_SYNC) {
        sync(t, r.target_el, r.ec, r.iss, r.cause);
        return;
    }
    t->out->kind = r.kind;
    if (r.kind == ORACLE_EXECUTES) {
        if (r.memory)
            nv2_access(t, r.offset, bit(word, 21));
        else
            maintenance(t, word);
    }
    t->out->reads_register = t->out->kind == ORACLE_EXECUTES;
}

// --- pointer authentication, branches, branch targets --------------------------------------------

// enable: the bit of SCTLR_ELx, EnIA, EnIB, EnDA or EnDB. Returns false when the key is disabled or its use
// is trapped.
static bool uses_key(Step *t, unsigned enable) {
    if (!bit(sctlr(t), enable)) return false;
    bool trap = false;
    if (t->s->el == 0) trap = t->s->has.EL2 && !hcr(t, 41) && (!tge(t) || !e2h(t));
    if (t->s->el == 1) trap = t->s->has.EL2 && !hcr(t, 41);
    if (trap) sync(t, 2, 0x09, 0, "HCR_EL2.API");
    return !trap;
}

// PACIASP, PACIBSP: a hint without FEAT_PAuth.
static void sign(Step *t, unsigned enable) {
    if (t->s->has.PAuth) uses_key(t, enable);
}

// AUTIZA, AUTIZB, AUTDZA, AUTDZB.
static void authenticate(Step *t, bool data, bool key_b) {
    if (!t->s->has.PAuth) {
        undefined(t);
        return;
    }
    unsigned enable = data ? (key_b ? 13 : 27) : (key_b ? 30 : 31);
    if (!uses_key(t, enable) || !t->s->has.FPAC || !t->in->wrong_code) return;
    int target = 1;
    if (t->s->el > 0)
        target = t->s->el;
    else if (tge(t))
        target = 2;
    sync(t, target, 0x1c, (uint32_t)data << 1 | key_b, "authentication");
}

// BR, BLR, RET; those with authentication when the key is not used.
static void branch(Step *t, uint32_t word) {
    unsigned n = word >> 5 & 31, op = word >> 21 & 3;
    if (bit(word, 11)) {  // A
        if (!t->s->has.PAuth) {
            undefined(t);
            return;
        }
        if (uses_key(t, bit(word, 10) ? 30 : 31)) {
            t->out->kind = ORACLE_NOT_MODELLED;
            return;
        }
        if (t->out->kind == ORACLE_SYNC) return;
    }
    if (op == 0) {
        if (t->in_guarded_page) {
            if (n == 16 || n == 17)
                t->btype_next = 1;
            else
                t->btype_next = 3;
        } else {
            t->btype_next = 1;
        }
    }
    if (op == 1) t->btype_next = 2;
    if (op == 2) t->btype_next = 0;
    t->out->pc = branch_address(t, t->in->x1, t->s->el);
}

static bool compatible(const Step *t, uint32_t word) {
    unsigned btype = t->pstate >> 10 & 3;
    if ((word & 0xffe0001f) == 0xd4200000) return true;  // BRK
    if ((word & 0xffe0001f) == 0xd4400000) return true;  // HLT
    if (word == 0xd503233f || word == 0xd503237f) {      // PACIASP, PACIBSP
        if (btype == 1 || btype == 2) return true;
        return !bit(sctlr(t), t->s->el == 0 ? 35 : 36);
    }
    if (word == 0xd503241f) return false;       // BTI
    if (word == 0xd503245f) return btype != 3;  // BTI c
    if (word == 0xd503249f) return btype != 2;  // BTI j
    if (word == 0xd50324df) return true;        // BTI jc
    return false;
}

// BranchTargetCheck(). The pseudo-code of the instructions calls it behind their decoding; the list of
// priorities ("Prioritization of Synchronous exceptions") has it before UNDEFINED.
static bool branch_target_exception(Step *t, uint32_t word) {
    unsigned btype = t->pstate >> 10 & 3;
    if (!t->s->has.BTI || !t->in_guarded_page || btype == 0 || compatible(t, word)) return false;
    sync(t, undefined_target(t), 0x0d, btype, "BTI");
    return true;
}

static void execute(Step *t, uint32_t word) {
    uint32_t imm = word >> 5 & 0xffff;
    if ((word & 0xffe0001f) == 0xd4000001)
        svc(t, imm);
    else if ((word & 0xffe0001f) == 0xd4000002)
        hvc(t, imm);
    else if ((word & 0xffe0001f) == 0xd4000003)
        smc(t, imm);
    else if ((word & 0xffe0001f) == 0xd4200000)
        brk(t, imm);
    else if ((word & 0xffe0001f) == 0xd4400000)
        undefined(t);  // HLT: no external debugger
    else if ((word & 0xffe0001c) == 0xd4a00000)
        undefined(t);  // DCPS: not in Debug state
    else if (word == 0xd69f03e0)
        eret(t, 0);
    else if (word == 0xd69f0bff)
        eret(t, 1);
    else if (word == 0xd69f0fff)
        eret(t, 2);
    else if (word == 0xd503205f)
        wfx(t, true);
    else if (word == 0xd503207f)
        wfx(t, false);
    else if (word == 0xd503221f)
        esb(t);
    else if (word == 0xd503201f) {
    }  // NOP
    else if ((word & 0xffffff1f) == 0xd503241f) {
    }  // BTI
    else if (word == 0xd503233f)
        sign(t, 31);  // PACIASP
    else if (word == 0xd503237f)
        sign(t, 30);  // PACIBSP
    else if ((word & 0xfffff3ff) == 0xdac133e2)
        authenticate(t, bit(word, 11), bit(word, 10));  // AUTIZA, AUTIZB, AUTDZA, AUTDZB X2
    else if ((word & 0xff9ff000) == 0xd61f0000)
        branch(t, word);
    else if (word == 0x1e602820)
        fp_access(t);  // FADD D0, D1, D0
    else if (word == 0xf94003e0)
        sp_access(t);  // LDR X0, [SP]
    else if (word == 0xf9400022)
        memory_access(t, t->in->x1, 2, 8, false, PLAIN);  // LDR X2, [X1]
    else if (word == 0xc85f7c22)
        memory_access(t, t->in->x1, 2, 8, false, EXCLUSIVE);  // LDXR X2, [X1]
    else if (word == 0xf9000022)
        memory_access(t, t->in->x1, 2, 8, true, PLAIN);  // STR X2, [X1]
    else if (word == 0x79400022)
        memory_access(t, t->in->x1, 2, 2, false, PLAIN);  // LDRH W2, [X1]
    else if (word == 0x39000022)
        memory_access(t, t->in->x1, 2, 1, true, PLAIN);  // STRB W2, [X1]
    else if (word == 0xf8400822)
        memory_access(t, t->in->x1, 2, 8, false, UNPRIVILEGED);  // LDTR X2, [X1]
    else if (word == 0xf8000822)
        memory_access(t, t->in->x1, 2, 8, true, UNPRIVILEGED);  // STTR X2, [X1]
    else if ((word >> 16) == 0)
        undefined(t);  // UDF
    else if ((word & 0xffc00000) == 0xd5000000)
        register_access(t, word);
    else
        t->out->kind = ORACLE_NOT_MODELLED;
}

static void begin(Step *t, const RouteState *in, RouteOutcome *out) {
    *t = (Step){.in = in, .s = &in->s, .out = out, .pstate = in->s.pstate};
    memset(out, 0, sizeof *out);
    out->kind = ORACLE_EXECUTES;
    out->pc = in->pc + 4;
    out->serror = in->serror;
    out->vse = hcr(t, 8);
}

bool oracle_route_steps(const RouteState *in) {
    Step t = {.in = in, .s = &in->s, .pstate = in->s.pstate};
    return bit(in->s.MDSCR_EL1, 0) && debug_exceptions_from(&t, in->s.el, t.pstate & PS_D);
}

void oracle_route_step(const RouteState *in, uint32_t word, RouteOutcome *out) {
    Step t;
    begin(&t, in, out);
    if (take_physical(&t) || take_virtual(&t)) return;
    if (check_software_step(&t)) return;
    if (in->pc & 3) {
        sync(&t, alignment_target(&t), 0x22, 0, "PC alignment");
        out->far_known = true;
        out->far = in->pc;
        return;
    }
    RouteFault fetch = {.instruction = true, .va = in->pc};
    OracleAccess a = {.acctype = ORACLE_IFETCH, .el = in->s.el, .size = 4};
    if (memory_faults(&t, &a, true, &fetch)) {
        take_abort(&t, &fetch);
        return;
    }
    if (t.pstate & PS_IL) {
        sync(&t, undefined_target(&t), 0x0e, 0, "PSTATE.IL");
        return;
    }
    if (branch_target_exception(&t, word)) return;
    bool is_return = (word & 0xfffff000) == 0xd69f0000;
    execute(&t, word);
    if (out->kind != ORACLE_EXECUTES || (is_return && in->s.el)) return;
    ss_advance(&t);
    out->pstate = t.pstate & ~(uint32_t)PS_BTYPE;
    if (in->s.has.BTI) out->pstate |= t.btype_next << 10;
}

// --- aborts --------------------------------------------------------------------------------------

static bool is_external(const RouteFault *f) {
    return f->code == FSC_EXTERNAL || f->code == FSC_EXTERNAL_ON_WALK;
}

static int abort_target(const Step *t, const RouteFault *f) {
    bool to_el2 = false;
    bool tea = t->s->has.RAS && hcr(t, 37);
    if (is_external(f)) {
        if (t->s->el == 1 && t->s->has.EL2) to_el2 = tea || f->nv2 || f->second_stage;
        if (t->s->el == 0 && t->s->has.EL2)
            to_el2 = !is_in_host(t) && (tge(t) || tea || f->second_stage);
        return t->s->el == 2 || is_in_host(t) || to_el2 ? 2 : 1;
    }
    to_el2 = t->s->el < 2 && t->s->has.EL2 && (tge(t) || f->nv2 || f->second_stage);
    return t->s->el == 2 || to_el2 ? 2 : 1;
}

static unsigned fault_status(const RouteFault *f) {
    if (f->code == FSC_EXTERNAL || f->code == FSC_ALIGNMENT || f->code == FSC_DEBUG) return f->code;
    return f->code | f->level;
}

static uint32_t fault_syndrome(const RouteFault *f) {
    uint32_t iss = 0;
    if (!f->instruction) {
        if (f->second_stage && !f->s2fs1walk && !is_external(f))
            iss |= (uint32_t)f->instruction_syndrome << 14;
        if (f->nv2) iss |= 1u << 13;
        if (f->maintenance) iss |= 1u << 8;
        if (f->maintenance || f->write) iss |= 1u << 6;
    }
    if (is_external(f) && f->extflag) iss |= 1u << 9;
    if (f->s2fs1walk) iss |= 1u << 7;
    return iss | fault_status(f);
}

// IPAValid(): HPFAR_EL2 is known. Of permission faults, those on a stage 1 walk only.
static bool ipa_valid(const RouteFault *f) {
    if (f->s2fs1walk)
        return f->code == FSC_ACCESS_FLAG || f->code == FSC_PERMISSION ||
               f->code == FSC_TRANSLATION || f->code == FSC_ADDRESS_SIZE;
    if (f->second_stage)
        return f->code == FSC_ACCESS_FLAG || f->code == FSC_TRANSLATION ||
               f->code == FSC_ADDRESS_SIZE;
    return false;
}

// AArch64.BreakpointException, AArch64.WatchpointException.
static void take_debug(Step *t, const RouteFault *f) {
    bool to_el2 = t->s->el < 2 && t->s->has.EL2 && (tge(t) || bit(t->s->MDCR_EL2, 8));
    int target = t->s->el == 2 || to_el2 ? 2 : 1;
    unsigned ec = f->instruction ? 0x30 : f->nv2 ? 0x35 : 0x34;
    if (!f->nv2 && target == t->s->el) ec++;
    sync(t, target, ec, fault_syndrome(f), "debug");
    t->out->far_known = !f->instruction;
    t->out->far = f->va;
}

static void take_abort(Step *t, const RouteFault *f) {
    if (f->code == FSC_DEBUG) {
        take_debug(t, f);
        return;
    }
    int target = abort_target(t, f);
    unsigned ec = f->instruction ? 0x20 : f->nv2 ? 0x25 : 0x24;
    if (!f->nv2 && target == t->s->el) ec++;
    sync(t, target, ec, fault_syndrome(f), "abort");
    t->out->far_known = true;
    t->out->far = f->va;
    if (ipa_valid(f)) {
        t->out->hpfar_known = true;
        t->out->hpfar = f->ipa >> 12 << 4;
    }
}

void oracle_route_abort(const RouteState *in, const RouteFault *f, RouteOutcome *out) {
    Step t;
    begin(&t, in, out);
    take_abort(&t, f);
}
