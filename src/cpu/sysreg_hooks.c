// The functions that rows of sysregs.reg name: registers that are not plain storage, effects of a
// write, and the system instructions (Arm ARM: "A64 System instruction class", pseudo-code
// AArch64.TLBI_*, AArch64.AT, AArch64.DC, AArch64.IC).
// Caches and prediction are not modelled: maintenance has its traps and faults and no other effect
// (code that was decoded is dropped when it is written).
#include "cpu/sysreg_hooks.h"
#include "cpu/cpu_models.h"
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "cpu/pmu.h"
#include "mmu/mmu.h"

enum {
    SCTLR_DZE = 14,
};

// Bits of HCR_EL2 that change what a translation gives or which regime is in use.
static const u64 hcr_translation =
    1ull << HCR_VM | 1ull << HCR_PTW | 1ull << HCR_DC | 1ull << HCR_TGE | 1ull << HCR_CD |
    1ull << HCR_ID | 1ull << HCR_E2H | 1ull << HCR_MIOCNCE | 1ull << HCR_FWB | 1ull << HCR_NV |
    1ull << HCR_NV1 | 1ull << HCR_ATA | 1ull << HCR_DCT;

// --- special-purpose registers ---------------------------------------------------------------

// SP_EL0 as a register is UNDEFINED while it is the stack pointer.
static bool check_sp_el0(Cpu *cpu) {
    if (cpu->pstate & PSTATE_SP) return true;
    AArch64_Undefined(cpu);
    return false;
}

bool sysread_SP_EL0(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    if (!check_sp_el0(cpu)) return false;
    *value = cpu->sp_el[0];
    return true;
}

bool syswrite_SP_EL0(Cpu *cpu, unsigned index, u64 value) {
    (void)index;
    if (!check_sp_el0(cpu)) return false;
    cpu->sp_el[0] = value;
    return true;
}

bool sysread_SP_EL1(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    *value = cpu->sp_el[1];
    return true;
}

bool syswrite_SP_EL1(Cpu *cpu, unsigned index, u64 value) {
    (void)index;
    cpu->sp_el[1] = value;
    return true;
}

// PSTATE bits behind a special-purpose register.
static u32 pstate_mask(unsigned index) {
    switch (index) {
    case SYSREG_SPSel: return PSTATE_SP;
    case SYSREG_CurrentEL: return 3u << PSTATE_EL_SHIFT;
    case SYSREG_PAN: return PSTATE_PAN;
    case SYSREG_UAO: return PSTATE_UAO;
    case SYSREG_DIT: return PSTATE_DIT;
    case SYSREG_SSBS: return PSTATE_SSBS;
    case SYSREG_TCO: return PSTATE_TCO;
    case SYSREG_DAIF: return PSTATE_DAIF;
    default: CHECK(!"a PSTATE register"); return 0;
    }
}

bool sysread_pstate(Cpu *cpu, unsigned index, u64 *value) {
    *value = index == SYSREG_NZCV ? cpu_nzcv(cpu) : cpu->pstate & pstate_mask(index);
    // A guest hypervisor is to believe in EL2.
    if (index == SYSREG_CurrentEL && cpu->el == 1 && bit(cpu->sys.HCR_EL2, HCR_NV))
        *value = 2u << PSTATE_EL_SHIFT;
    return true;
}

bool syswrite_pstate(Cpu *cpu, unsigned index, u64 value) {
    if (index == SYSREG_NZCV) {
        cpu_set_nzcv(cpu, (u32)value);
        return true;
    }
    u32 mask = pstate_mask(index);
    pstate_changed(cpu, (cpu->pstate & ~mask) | ((u32)value & mask));
    return true;
}

// RNDR, RNDRRS. A number is always there, so PSTATE.NZCV is 0000; nothing traps them (EL3 would).
// Choice: both take the next number of the CPU's sequence, which the machine's seed decides.
bool sysread_RNDR(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    *value = splitmix64(&cpu->random);
    cpu_set_nzcv(cpu, 0);
    return true;
}

// --- identification --------------------------------------------------------------------------

bool sysread_MIDR_EL1(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    bool virtual_id = cpu->el == 1 && cpu_have_el2(cpu);
    *value = virtual_id ? cpu->sys.VPIDR_EL2 : cpu->sys.MIDR_EL1;
    return true;
}

bool sysread_MPIDR_EL1(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    bool virtual_id = cpu->el == 1 && cpu_have_el2(cpu);
    *value = virtual_id ? cpu->sys.VMPIDR_EL2 : cpu->mpidr;
    return true;
}

bool sysread_CCSIDR_EL1(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    *value = cpu_model_ccsidr(cpu, (unsigned)cpu->sys.CSSELR_EL1);
    return true;
}

// DZP says whether DC ZVA is prohibited here.
bool sysread_DCZID_EL0(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    const struct SysRegs *s = &cpu->sys;
    bool host0 = cpu->el == 0 && cpu_in_host0(cpu);
    bool dzp = cpu->el == 0 && !bit(host0 ? s->SCTLR_EL2 : s->SCTLR_EL1, SCTLR_DZE);
    if (cpu->el < 2 && !host0) dzp |= bit(s->HCR_EL2, 28);
    *value = s->DCZID_EL0 | (u64)dzp << 4;
    return true;
}

// --- interrupt status, RAS -------------------------------------------------------------------

// Virtual interrupts at EL1 where HCR_EL2 routes the physical ones to EL2, else physical ones.
bool sysread_ISR_EL1(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    u64 hcr = cpu->el == 1 && cpu_have_el2(cpu) ? cpu->sys.HCR_EL2 : 0;
    bool f =
        bit(hcr, HCR_FMO) ? bit(hcr, HCR_VF) || (cpu->lines & LINE_VFIQ) : cpu->lines & LINE_FIQ;
    bool i =
        bit(hcr, HCR_IMO) ? bit(hcr, HCR_VI) || (cpu->lines & LINE_VIRQ) : cpu->lines & LINE_IRQ;
    bool a = bit(hcr, HCR_AMO) ? bit(hcr, HCR_VSE) : (cpu->lines & LINE_SERROR) != 0;
    *value = (u64)a << 8 | (u64)i << 7 | (u64)f << 6;
    return true;
}

static u64 *disr(Cpu *cpu) {
    bool virtual_disr = cpu->el == 1 && cpu_have_el2(cpu) && bit(cpu->sys.HCR_EL2, HCR_AMO);
    return virtual_disr ? &cpu->sys.VDISR_EL2 : &cpu->sys.DISR_EL1;
}

bool sysread_DISR_EL1(Cpu *cpu, unsigned index, u64 *value) {
    (void)index;
    *value = *disr(cpu);
    return true;
}

bool syswrite_DISR_EL1(Cpu *cpu, unsigned index, u64 value) {
    *disr(cpu) = sysreg_masked(cpu, index, value);
    return true;
}

// --- timer -----------------------------------------------------------------------------------

// Writable at the highest Exception level only.
bool syswrite_CNTFRQ_EL0(Cpu *cpu, unsigned index, u64 value) {
    if (cpu->el != (cpu_have_el2(cpu) ? 2 : 1)) {
        AArch64_Undefined(cpu);
        return false;
    }
    cpu->sys.CNTFRQ_EL0 = sysreg_masked(cpu, index, value);
    return true;
}

// --- effects of writes -----------------------------------------------------------------------

void after_translation(Cpu *cpu, unsigned index, u64 old) {
    if (*sysreg_storage(cpu, index) != old) tlb_context_changed(cpu);
}

// The events count what is written by the name of EL1's register, also where that means EL2's.
static void count_write(Cpu *cpu, PmuEvent event) {
    if ((cpu->access_enc >> 11 & 7) != 4) pmu_event(cpu, event);
}

void after_TTBR(Cpu *cpu, unsigned index, u64 old) {
    count_write(cpu, PMU_TTBR_WRITE_RETIRED);
    after_translation(cpu, index, old);
}

void after_CONTEXTIDR(Cpu *cpu, unsigned index, u64 old) {
    (void)index;
    (void)old;
    count_write(cpu, PMU_CID_WRITE_RETIRED);
}

void after_fp_access(Cpu *cpu, unsigned index, u64 old) {
    (void)index;
    (void)old;
    fp_access_changed(cpu);
}

// HFG*TR_EL2, HDFG*TR_EL2: what the fast paths of MRS and MSR test.
void after_fgt(Cpu *cpu, unsigned index, u64 old) {
    (void)index;
    (void)old;
    const struct SysRegs *s = &cpu->sys;
    cpu->fgt = (u64)((s->HFGRTR_EL2 | s->HDFGRTR_EL2) != 0) << FGT_READ |
               (u64)((s->HFGWTR_EL2 | s->HDFGWTR_EL2) != 0) << FGT_WRITE;
}

void after_HCR_EL2(Cpu *cpu, unsigned index, u64 old) {
    (void)index;
    u64 changed = cpu->sys.HCR_EL2 ^ old;
    if (!changed) return;
    if (changed & hcr_translation) tlb_context_changed(cpu);
    if (changed & (1ull << HCR_E2H | 1ull << HCR_TGE)) fp_access_changed(cpu);
    gic_update_cpu(cpu);
    interrupts_changed(cpu);
}

// --- cache maintenance, address translation --------------------------------------------------

bool sys_nothing(Cpu *cpu, u64 xt, u32 arg) {
    (void)cpu;
    (void)xt;
    (void)arg;
    return true;
}

bool sys_cache_va(Cpu *cpu, u64 xt, u32 arg) {
    cache_maintenance_va(cpu, NULL, xt, arg & CACHE_INVALIDATE, arg & CACHE_ICACHE);
    return true;
}

bool sys_dc_zva(Cpu *cpu, u64 xt, u32 arg) {
    dc_zero(cpu, xt, arg);
    return true;
}

bool sys_at(Cpu *cpu, u64 xt, u32 arg) {
    AArch64_AT(
        cpu, xt,
        (AtOp){
            .el = arg & AT_EL, .write = arg & AT_W, .two_stages = arg & AT_S12, .pan = arg & AT_P});
    return true;
}

// --- TLB maintenance -------------------------------------------------------------------------

// Bytes named by Xt of a by-address form: 4 KB at Xt<43:0>:000 (VA<55:12>, or IPA<51:12>).
static void set_page(TlbiScope *s, u64 xt, bool is_ipa) {
    s->by_va = true;
    s->va_lo = is_ipa ? bits(xt, 39, 0) << 12 : (u64)sext(bits(xt, 43, 0), 44) << 12;
    s->va_hi = s->va_lo + 0xfff;
}

// FEAT_TLBIRANGE: (NUM + 1) * 2^(5 * SCALE + 1) granules from BaseADDR. False: TG is reserved,
// nothing is invalidated.
static bool set_range(TlbiScope *s, u64 xt, bool is_ipa) {
    unsigned tg = (unsigned)bits(xt, 47, 46), granule = 10 + 2 * tg;
    if (!tg) return false;
    u64 pages = (bits(xt, 43, 39) + 1) << (5 * bits(xt, 45, 44) + 1);
    u64 base = bits(xt, 36, 0);
    s->by_va = true;
    s->va_lo = (is_ipa ? base : (u64)sext(base, 37)) << granule;
    s->va_hi = s->va_lo + (pages << granule) - 1;
    if ((i64)s->va_lo < 0 && (i64)s->va_hi >= 0) s->va_hi = ~0ull;  // past the top
    return true;
}

static TlbiRegime tlbi_regime(const Cpu *cpu, u32 arg) {
    if (arg & TLBI_BY_EL2) return cpu_e2h(cpu) ? TLBI_EL20 : TLBI_EL2;
    if (!(arg & TLBI_GUEST) && cpu->el == 2 && cpu_in_host0(cpu)) return TLBI_EL20;
    return TLBI_EL10;
}

static u16 current_vmid(const Cpu *cpu) {
    if (!cpu_have_el2(cpu)) return 0;
    u64 vmid = cpu->sys.VTTBR_EL2 >> 48;
    bool wide = cpu_has(cpu, FEAT_VMID16) && bit(cpu->sys.VTCR_EL2, 19);
    return (u16)(wide ? vmid : vmid & 0xff);
}

static bool tlbi_scope(const Cpu *cpu, u64 xt, u32 arg, TlbiScope *s) {
    u32 op = arg & TLBI_OP_MASK;
    *s = (TlbiScope){.regime = tlbi_regime(cpu, arg), .last_level = arg & TLBI_LAST};
    bool all_vmids = op == TLBI_OP_ALL && !(arg & TLBI_THIS_VMID);
    if (s->regime == TLBI_EL10 && !all_vmids) {
        s->by_vmid = true;
        s->vmid = current_vmid(cpu);
    }
    s->stage2_only = op == TLBI_OP_IPA;
    if (op == TLBI_OP_ASID || (op == TLBI_OP_VA && s->regime != TLBI_EL2)) {
        s->by_asid = true;
        s->asid = (u16)(xt >> 48);
        s->global_too = op == TLBI_OP_VA;
    }
    if (op == TLBI_OP_ALL || op == TLBI_OP_ASID) return true;
    if (arg & TLBI_RANGE) return set_range(s, xt, op == TLBI_OP_IPA);
    set_page(s, xt, op == TLBI_OP_IPA);
    return true;
}

static COLD void notify_tlbi(Cpu *cpu, const TlbiScope *scope, bool all_cpus) {
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->tlbi) o->tlbi(o->arg, cpu, scope, all_cpus);
}

bool sys_tlbi(Cpu *cpu, u64 xt, u32 arg) {
    TlbiScope scope;
    bool valid = tlbi_scope(cpu, xt, arg, &scope);
    bool broadcast = arg & TLBI_SHARED || (cpu->el == 1 && bit(cpu_hcr(cpu), HCR_FB));
    if (unlikely(cpu->observer != NULL)) notify_tlbi(cpu, valid ? &scope : NULL, broadcast);
    if (!valid) return true;
    if (!broadcast) {
        tlb_invalidate(cpu, &scope);
        return true;
    }
    for (unsigned i = 0; i < cpu->machine->cpus; i++) tlb_invalidate(cpu->machine->cpu[i], &scope);
    return true;
}
