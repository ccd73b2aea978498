// Exception entry and return (Arm ARM: "The AArch64 System Level Programmers' Model", sections on
// exception entry, exception return and routing of synchronous exceptions). EL3, Secure state and
// AArch32 are absent. Asynchronous exceptions are chosen in interrupt.c.
#include "cpu/exception.h"
#include "cpu/exit_ring.h"
#include "cpu/observer.h"
#include "cpu/pmu.h"
#include "cpu/psci.h"
#include "gic/gic.h"
#include "machine/machine.h"
#include "mmu/mmu.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOCKUP_REPEATS = 10000, SCTLR_IESB = 21, SCTLR_SPAN = 23, SCTLR_DSSBS = 44 };

bool cpu_have_el2(const Cpu *cpu) {
    return cpu->machine->config.el2;
}

u64 cpu_hcr(const Cpu *cpu) {
    u64 hcr = cpu->sys.HCR_EL2;
    if (likely(!bit(hcr, HCR_TGE))) return hcr;
    hcr |= 1ull << HCR_AMO | 1ull << HCR_IMO | 1ull << HCR_FMO;
    hcr &= ~(1ull << HCR_VI | 1ull << HCR_VF | 1ull << HCR_VSE);
    return hcr;
}

static ALWAYS_INLINE MmuMode mode_of(const Cpu *cpu) {
    bool pan = cpu->pstate & PSTATE_PAN;
    if (cpu->el == 1) return pan ? MODE_E10_1P : MODE_E10_1;
    if (cpu->el == 0) return cpu_in_host0(cpu) ? MODE_E20_0 : MODE_E10_0;
    if (!cpu_e2h(cpu)) return MODE_E2;
    return pan ? MODE_E20_2P : MODE_E20_2;
}

MmuMode cpu_mode(const Cpu *cpu) {
    return mode_of(cpu);
}

// --- PSTATE --------------------------------------------------------------------------------------

static ALWAYS_INLINE void set_pstate(Cpu *cpu, u32 new_pstate) {
    unsigned old_sp = cpu->pstate & PSTATE_SP ? cpu->el : 0;
    cpu->pstate = new_pstate;
    cpu->el = (u8)bits(new_pstate, 3, 2);
    unsigned new_sp = new_pstate & PSTATE_SP ? cpu->el : 0;
    if (old_sp != new_sp) {
        cpu->sp_el[old_sp] = cpu->x[REG_SP];
        cpu->x[REG_SP] = cpu->sp_el[new_sp];
    }
    MmuMode mode = mode_of(cpu);
    Tlb *tlb = cpu->tlb_of[mode];
    cpu->tlb = likely(tlb) ? tlb : tlb_for_mode(cpu, mode);
    cpu->fp_on = bit(cpu->fp_el, cpu->el);
}

void pstate_changed(Cpu *cpu, u32 new_pstate) {
    set_pstate(cpu, new_pstate);
    interrupts_changed(cpu);
}

// --- entry ---------------------------------------------------------------------------------------

// The same exception from the same place again and again, with no return in between: the guest
// cannot get out of it.
static COLD void exception_repeats(Cpu *cpu, u64 elr, u32 esr) {
    if (++cpu->exception_repeats < LOCKUP_REPEATS) return;
    machine_stop(cpu->machine, STOP_LOCKUP, 0,
                 "CPU %u takes the same exception for ever: ESR 0x%08x at 0x%llx in EL%u, vector "
                 "0x%llx",
                 cpu->index, esr, (unsigned long long)elr, cpu->el, (unsigned long long)cpu->pc);
}

static ALWAYS_INLINE u64 sctlr_of(const Cpu *cpu, int el) {
    return el == 2 ? cpu->sys.SCTLR_EL2 : cpu->sys.SCTLR_EL1;
}

static COLD void notify_exception(Cpu *cpu, const Exception *e, int from_el, u64 from_pc, u64 esr,
                                  u32 spsr) {
    if (cpu->pmu_on) pmu_exception(cpu, from_el, e, from_pc);
    ExceptionEvent ev = {.exc = e,
                         .from_el = from_el,
                         .to_el = cpu->el,
                         .from_pc = from_pc,
                         .esr = esr,
                         .spsr = spsr};
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->exception) o->exception(o->arg, cpu, &ev);
}

// HCR_EL2.NV: a guest hypervisor finds that it was in EL2. With NV1, and its SPSR_EL1 not in memory,
// it does not read this one: unchanged.
static COLD u32 nested_spsr(const Cpu *cpu, u32 spsr) {
    u64 hcr = cpu->sys.HCR_EL2;
    if (bit(hcr, HCR_NV1) && !bit(hcr, HCR_NV2)) return spsr;
    return (u32)set_bits(spsr, 3, 2, 2);
}

// The next place in the ring. CPUs that are not in a machine (unit tests) have none: NULL.
static ALWAYS_INLINE ExitRecord *next_record(Cpu *cpu) {
    ExitRing *ring = cpu->exits;
    return likely(ring) ? &ring->record[ring->count++ % EXIT_RING_SIZE] : NULL;
}

static ALWAYS_INLINE void record_exception(Cpu *cpu, const Exception *e, int from_el, int to_el,
                                           u64 pc, u64 esr, u32 spsr) {
    ExitRecord *r = next_record(cpu);
    if (unlikely(!r)) return;
    unsigned rt = (unsigned)(e->ec == EC_SYSREG ? e->iss >> 5 : e->iss >> 16) & 31;
    r->icount = cpu->icount;
    r->pc = pc;
    r->target = cpu->pc;
    r->hcr = cpu->sys.HCR_EL2;
    r->vttbr = cpu->sys.VTTBR_EL2;
    r->vtcr = (u32)cpu->sys.VTCR_EL2;
    r->esr = esr;
    r->far = e->far;
    r->hpfar = e->hpfar;
    r->rule = e->rule;
    memcpy(r->x, cpu->x, sizeof r->x);
    r->x16 = cpu->x[16];
    r->value = cpu->x[rt == 31 ? REG_ZR : rt];
    r->spsr = spsr;
    r->intid = e->intid;
    r->kind = (u16)e->kind;
    r->event = EXIT_EXCEPTION;
    r->from_el = (u8)from_el;
    r->to_el = (u8)to_el;
    r->far_valid = e->far_valid;
    r->hpfar_valid = e->hpfar_valid;
    r->is_virtual = e->is_virtual;
    r->memory_tag = e->memory_tag;
}

// Only what a return has: the rest of the record is stale and not looked at.
static ALWAYS_INLINE void record_return(Cpu *cpu, int from_el, u64 pc, u32 spsr, bool illegal) {
    ExitRecord *r = next_record(cpu);
    if (unlikely(!r)) return;
    r->icount = cpu->icount;
    r->pc = pc;
    r->target = cpu->pc;
    r->hcr = cpu->sys.HCR_EL2;
    r->vttbr = cpu->sys.VTTBR_EL2;
    r->vtcr = (u32)cpu->sys.VTCR_EL2;
    r->x[0] = cpu->x[0];
    r->spsr = spsr;
    r->event = illegal ? EXIT_ILLEGAL_RETURN : EXIT_RETURN;
    r->from_el = (u8)from_el;
    r->to_el = cpu->el;
}

// Inlined, so that HVC and SVC need none of what they do not use.
static ALWAYS_INLINE void take_exception(Cpu *cpu, int target_el, const Exception *e,
                                         u64 preferred_return) {
    int from_el = cpu->el;
    u32 spsr = cpu_spsr(cpu);
    cpu->exceptions++;
    u64 esr = (u64)e->ec << 26 | (u64)e->il << 25 | e->iss;
    bool has_esr = e->kind == EXC_SYNC || e->kind == EXC_SERROR;
    u64 offset = (u64)e->kind;
    if (target_el > from_el)
        offset += 0x400;
    else if (cpu->pstate & PSTATE_SP)
        offset += 0x200;

    u64 vbar;
    if (unlikely(bit(cpu->sys.HCR_EL2, HCR_NV)) && target_el == 1 && from_el == 1)
        spsr = nested_spsr(cpu, spsr);
    if (target_el == 2) {
        cpu->sys.ELR_EL2 = preferred_return;
        cpu->sys.SPSR_EL2 = spsr;
        if (has_esr) cpu->sys.ESR_EL2 = esr;
        if (e->far_valid) cpu->sys.FAR_EL2 = e->far;
        if (e->hpfar_valid) cpu->sys.HPFAR_EL2 = e->hpfar;
        vbar = cpu->sys.VBAR_EL2;
    } else {
        cpu->sys.ELR_EL1 = preferred_return;
        cpu->sys.SPSR_EL1 = spsr;
        if (has_esr) cpu->sys.ESR_EL1 = esr;
        if (e->far_valid) cpu->sys.FAR_EL1 = e->far;
        vbar = cpu->sys.VBAR_EL1;
    }

    u64 sctlr = sctlr_of(cpu, target_el);
    u32 p = cpu->pstate & (PSTATE_PAN | PSTATE_DIT);
    p |= cpu->entry_set | PSTATE_DAIF | PSTATE_SP | (u32)target_el << PSTATE_EL_SHIFT;
    if (!bit(sctlr, SCTLR_SPAN) && cpu_has(cpu, FEAT_PAN) && (target_el == 1 || cpu_in_host0(cpu)))
        p |= PSTATE_PAN;
    if (bit(sctlr, SCTLR_DSSBS) && cpu_has(cpu, FEAT_SSBS)) p |= PSTATE_SSBS;
    set_pstate(cpu, p);
    cpu->pc = (vbar & ~0x7ffull) + offset;
    record_exception(cpu, e, from_el, target_el, preferred_return, esr, spsr);

    if (unlikely(preferred_return == cpu->last_elr && from_el == target_el &&
                 (u32)esr == cpu->last_esr))
        exception_repeats(cpu, preferred_return, (u32)esr);
    else
        cpu->exception_repeats = 0;
    cpu->last_elr = preferred_return;
    cpu->last_esr = (u32)esr;
    if (unlikely(cpu->observer || cpu->pmu_on)) {
        Exception copy = *e;
        notify_exception(cpu, &copy, from_el, preferred_return, has_esr ? esr : 0, spsr);
    }
    // FEAT_IESB. Only an SError that is routed to a higher EL can be unmasked here.
    if (unlikely(cpu->lines & LINE_SERROR) && bit(sctlr, SCTLR_IESB)) interrupt_implicit_esb(cpu);
}

void AArch64_TakeException(Cpu *cpu, int target_el, const Exception *e, u64 preferred_return) {
    take_exception(cpu, target_el, e, preferred_return);
}

void take_trap(Cpu *cpu, int target_el, u8 ec, u32 iss, const char *rule) {
    Exception e = {.kind = EXC_SYNC, .ec = ec, .il = true, .iss = iss, .rule = rule};
    AArch64_TakeException(cpu, target_el, &e, cpu->pc);
}

// Where a synchronous exception without a rule of its own goes.
static int default_target(const Cpu *cpu) {
    if (cpu->el) return cpu->el;
    return cpu_tge(cpu) ? 2 : 1;
}

void take_sync(Cpu *cpu, u8 ec, u32 iss, const char *rule) {
    int target = default_target(cpu);
    if (!rule && target > 1 && cpu->el == 0) rule = "HCR_EL2.TGE";
    take_trap(cpu, target, ec, iss, rule);
}

void AArch64_Undefined(Cpu *cpu) {
    take_sync(cpu, EC_UNKNOWN, 0, NULL);
}

void AArch64_IllegalState(Cpu *cpu) {
    take_sync(cpu, EC_ILLEGAL_STATE, 0, "PSTATE.IL");
}

// --- calls ---------------------------------------------------------------------------------------

static ALWAYS_INLINE void take_call(Cpu *cpu, int target, u8 ec, u16 imm, const char *rule) {
    Exception e = {.kind = EXC_SYNC, .ec = ec, .il = true, .iss = imm, .rule = rule};
    if (unlikely(cpu->pstate & PSTATE_SS)) SSAdvance(cpu);  // the instruction completes
    take_exception(cpu, target, &e, cpu->pc + 4);
}

// Source: AArch64.CheckForSVCTrap. True: the exception was taken.
static COLD bool svc_trapped(Cpu *cpu, u16 imm) {
    bool el1 = cpu->el == 1;
    if (cpu->el == 2 || (!el1 && cpu_in_host0(cpu))) return false;
    if (!bit(cpu->sys.HFGITR_EL2, el1 ? HFGITR_SVC_EL1 : HFGITR_SVC_EL0)) return false;
    take_trap(cpu, 2, EC_SVC64, imm, el1 ? "HFGITR_EL2.SVC_EL1" : "HFGITR_EL2.SVC_EL0");
    return true;
}

void AArch64_CallSupervisor(Cpu *cpu, u16 imm) {
    if (unlikely(cpu->sys.HFGITR_EL2) && svc_trapped(cpu, imm)) return;
    int target = default_target(cpu);
    take_call(cpu, target, EC_SVC64, imm, cpu->el == 0 && target == 2 ? "HCR_EL2.TGE" : NULL);
}

static COLD void notify_firmware(Cpu *cpu, const FirmwareEvent *ev) {
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->firmware) o->firmware(o->arg, cpu, ev);
}

static bool firmware_call(Cpu *cpu, u8 ec, u16 imm) {
    FirmwareEvent ev = {.ec = ec, .imm = imm, .x0 = cpu->x[0]};
    bool answered = psci_call(cpu);
    if (unlikely(cpu->observer != NULL) && answered) notify_firmware(cpu, &ev);
    return answered;
}

void AArch64_CallHypervisor(Cpu *cpu, u16 imm) {
    if (cpu->el == 0 || !cpu_have_el2(cpu)) {
        if (cpu->el && firmware_call(cpu, EC_HVC64, imm))
            cpu->pc += 4;
        else
            AArch64_Undefined(cpu);
        return;
    }
    if (unlikely(bit(cpu->sys.HCR_EL2, HCR_HCD)))
        AArch64_Undefined(cpu);
    else
        take_call(cpu, 2, EC_HVC64, imm, NULL);
}

// Without EL3 an SMC is UNDEFINED; this machine has firmware behind it, as boards do, so it behaves
// as if EL3 were there: HCR_EL2.TSC traps it, else the firmware answers.
void AArch64_CallSecureMonitor(Cpu *cpu, u16 imm) {
    if (cpu->el == 0 || !cpu_have_el2(cpu)) {
        AArch64_Undefined(cpu);
        return;
    }
    if (cpu->el == 1 && bit(cpu->sys.HCR_EL2, HCR_TSC)) {
        take_trap(cpu, 2, EC_SMC64, imm, "HCR_EL2.TSC");
        return;
    }
    if (firmware_call(cpu, EC_SMC64, imm))
        cpu->pc += 4;
    else
        AArch64_Undefined(cpu);
}

// --- floating-point access -----------------------------------------------------------------------

// Target EL of the FP/SIMD access trap from `el`; 0 when the access is allowed.
static int fp_trap(const Cpu *cpu, int el, const char **rule, bool *by_cpacr) {
    *by_cpacr = false;
    if (el < 2 && !(el == 0 && cpu_in_host0(cpu))) {
        unsigned fpen = (unsigned)bits(cpu->sys.CPACR_EL1, 21, 20);
        if (fpen == 0 || fpen == 2 || (fpen == 1 && el == 0)) {
            *rule = "CPACR_EL1.FPEN";
            *by_cpacr = true;
            return 1;
        }
    }
    if (!cpu_have_el2(cpu)) return 0;
    if (cpu_e2h(cpu)) {
        unsigned fpen = (unsigned)bits(cpu->sys.CPTR_EL2, 21, 20);
        *rule = "CPTR_EL2.FPEN";
        if (fpen == 3) return 0;
        if (fpen == 1) return el == 0 && cpu_tge(cpu) ? 2 : 0;
        return el == 1 && cpu_tge(cpu) ? 0 : 2;
    }
    *rule = "CPTR_EL2.TFP";
    return bit(cpu->sys.CPTR_EL2, 10) ? 2 : 0;
}

int fp_trap_target(const Cpu *cpu, int el) {
    const char *rule;
    bool by_cpacr;
    return fp_trap(cpu, el, &rule, &by_cpacr);
}

void fp_access_changed(Cpu *cpu) {
    u8 on = 0;
    for (int el = 0; el <= 2; el++)
        if (!fp_trap_target(cpu, el)) on |= (u8)(1 << el);
    cpu->fp_el = on;
    cpu->fp_on = on >> cpu->el & 1;
}

void AArch64_AdvSIMDFPAccessTrap(Cpu *cpu) {
    const char *rule;
    bool by_cpacr;
    int target = fp_trap(cpu, cpu->el, &rule, &by_cpacr);
    CHECK(target);
    // CPACR_EL1's trap under TGE goes to EL2 as an UNDEFINED instruction.
    if (by_cpacr && cpu->el == 0 && cpu_tge(cpu))
        take_trap(cpu, 2, EC_UNKNOWN, 0, "HCR_EL2.TGE");
    else
        take_trap(cpu, MAX(target, cpu->el), EC_FP_ACCESS, 0x1e00000, rule);
}

// --- branch addresses ----------------------------------------------------------------------------

// Source: AArch64.BranchAddr, AddrTop (for an instruction address).
u64 AArch64_BranchAddr(const Cpu *cpu, u64 target) {
    if (likely(!(target >> 55))) return target;
    bool el2 = cpu->el == 2 || (cpu->el == 0 && cpu_e2h(cpu) && cpu_tge(cpu));
    bool two_ranges = !el2 || cpu_e2h(cpu), pauth = cpu_has(cpu, FEAT_PAuth);
    u64 tcr = el2 ? cpu->sys.TCR_EL2 : cpu->sys.TCR_EL1;
    if (!two_ranges)
        return bit(tcr, 20) && !(pauth && bit(tcr, 29)) ? target & ~(0xffull << 56) : target;
    unsigned upper = bit(target, 55);
    return bit(tcr, 37 + upper) && !(pauth && bit(tcr, 51 + upper)) ? (u64)((i64)(target << 8) >> 8)
                                                                    : target;
}

// --- return --------------------------------------------------------------------------------------

// What an exception return takes from SPSR besides EL, SP, SS and the flags.
void exception_init(Cpu *cpu) {
    u32 keep = PSTATE_DAIF | PSTATE_IL;
    if (cpu_has(cpu, FEAT_PAN)) keep |= PSTATE_PAN;
    if (cpu_has(cpu, FEAT_UAO)) keep |= PSTATE_UAO;
    if (cpu_has(cpu, FEAT_DIT)) keep |= PSTATE_DIT;
    if (cpu_has(cpu, FEAT_SSBS)) keep |= PSTATE_SSBS;
    if (cpu_has(cpu, FEAT_MTE)) keep |= PSTATE_TCO;
    if (cpu_has(cpu, FEAT_BTI)) keep |= PSTATE_BTYPE;
    cpu->spsr_keep = keep;
    cpu->entry_set = cpu_has(cpu, FEAT_MTE) ? PSTATE_TCO : 0;
}

// EL that SPSR asks for, -1 when the return is illegal. Source: IllegalExceptionReturn.
static int return_target(const Cpu *cpu, u32 spsr) {
    int el = (int)bits(spsr, 3, 2);
    if (spsr & PSTATE_nRW || bit(spsr, 1) || el > cpu->el) return -1;
    if (el == 0 && (spsr & PSTATE_SP)) return -1;
    if (el == 1 && cpu_tge(cpu)) return -1;
    return el;
}

// Source: DebugExceptionReturnSS.
static bool return_ss(const Cpu *cpu, u32 spsr, int el) {
    if (!(spsr & PSTATE_SS) || !bit(cpu->sys.MDSCR_EL1, 0)) return false;
    return !debug_exceptions_enabled(cpu, cpu->el, cpu->pstate & PSTATE_D) &&
           debug_exceptions_enabled(cpu, el, spsr & PSTATE_D);
}

static COLD void notify_return(Cpu *cpu, int from_el, u64 from_pc, u32 spsr, bool illegal) {
    if (cpu->pmu_on) pmu_exception_return(cpu);
    ReturnEvent ev = {.from_el = from_el,
                      .to_el = cpu->el,
                      .from_pc = from_pc,
                      .to_pc = cpu->pc,
                      .spsr = spsr,
                      .illegal = illegal};
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->eret) o->eret(o->arg, cpu, &ev);
}

void AArch64_ExceptionReturn(Cpu *cpu, u64 new_pc, u32 spsr) {
    if (unlikely(cpu->lines & LINE_SERROR) && bit(sctlr_of(cpu, cpu->el), SCTLR_IESB) &&
        interrupt_implicit_esb(cpu))
        return;
    u64 from_pc = cpu->pc;
    int from_el = cpu->el;
    int el = return_target(cpu, spsr);
    cpu->excl_valid = false;
    cpu->event = true;  // SendEventLocal()
    cpu->exception_repeats = 0;
    cpu->last_esr = ~0u;

    u32 p = spsr & cpu->spsr_keep;
    if (likely(el >= 0)) {
        p |= spsr & (3u << PSTATE_EL_SHIFT | PSTATE_SP);
    } else {
        p |= (cpu->pstate & (3u << PSTATE_EL_SHIFT | PSTATE_SP)) | PSTATE_IL;
        p &= ~(u32)PSTATE_BTYPE;  // UNKNOWN: a choice
    }
    if (return_ss(cpu, spsr, el >= 0 ? el : from_el)) p |= PSTATE_SS;
    cpu_set_nzcv(cpu, spsr);
    set_pstate(cpu, p);
    cpu->pc = AArch64_BranchAddr(cpu, new_pc);
    record_return(cpu, from_el, from_pc, spsr, el < 0);
    if (unlikely(cpu->lines | (cpu->sys.HCR_EL2 & 7 << HCR_VF))) interrupts_changed(cpu);
    if (unlikely((p & (PSTATE_IL | PSTATE_BTYPE)) | (cpu->sys.MDSCR_EL1 & 1))) cpu_attention(cpu);
    if (unlikely(cpu->observer || cpu->pmu_on)) notify_return(cpu, from_el, from_pc, spsr, el < 0);
}

_Noreturn void unimplemented(Cpu *cpu, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    machine_stop(cpu->machine, STOP_UNIMPLEMENTED, 0, "not modelled: %s (CPU %u, EL%u, pc 0x%llx)",
                 text, cpu->index, cpu->el, (unsigned long long)cpu->pc);
    cpu_unwind(cpu);
}
