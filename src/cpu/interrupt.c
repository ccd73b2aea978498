// Which asynchronous exception is taken, and where (Arm ARM: "Asynchronous exception types,
// routing, masking and priorities"), and error synchronization ("Error Synchronization Barrier",
// FEAT_IESB). No EL3. Order among those that can be taken at once (IMPLEMENTATION DEFINED): SError,
// FIQ, IRQ, then the virtual ones in the same order. Choices: every physical SError is
// edge-triggered and can be synchronized.
#include "cpu/cpu.h"
#include "cpu/exception.h"
#include "cpu/system.h"
#include "gic/gic.h"
#include "machine/machine.h"

typedef struct Source {
    u32 line;        // LINE_* of the physical interrupt
    unsigned route;  // bit of HCR_EL2 that routes it to EL2
    u32 mask;        // bit of PSTATE
    ExceptionKind kind;
    const char *rule;
} Source;

static const Source physical[] = {
    {LINE_SERROR, HCR_AMO, PSTATE_A, EXC_SERROR, "HCR_EL2.AMO"},
    {LINE_FIQ, HCR_FMO, PSTATE_F, EXC_FIQ, "HCR_EL2.FMO"},
    {LINE_IRQ, HCR_IMO, PSTATE_I, EXC_IRQ, "HCR_EL2.IMO"},
};
static const Source virtual_[] = {
    {0, HCR_AMO, PSTATE_A, EXC_SERROR, "HCR_EL2.VSE"},
    {LINE_VFIQ, HCR_FMO, PSTATE_F, EXC_FIQ, "HCR_EL2.FMO, virtual"},
    {LINE_VIRQ, HCR_IMO, PSTATE_I, EXC_IRQ, "HCR_EL2.IMO, virtual"},
};
static const unsigned virtual_bit[] = {HCR_VSE, HCR_VF, HCR_VI};

// EL that takes the interrupt if it is pending, 0 when it stays pending. Routed to a higher EL it
// cannot be masked, except from a host's EL0 (E2H and TGE), which masks for the host; routed to a
// lower one it waits. Source: AArch64.PhysicalSErrorTarget and AArch64.TakePhysicalIRQException.
static int physical_target(const Cpu *cpu, const Source *s) {
    bool to_el2 = cpu_have_el2(cpu) && (cpu_tge(cpu) || bit(cpu->sys.HCR_EL2, s->route));
    bool masked = cpu->pstate & s->mask;
    if (to_el2) return masked && (cpu->el == 2 || cpu_in_host0(cpu)) ? 0 : 2;
    return cpu->el == 2 || masked ? 0 : 1;
}

static int pending_target(const Cpu *cpu, const Source *s) {
    return cpu->lines & s->line ? physical_target(cpu, s) : 0;
}

int interrupt_physical_target(const Cpu *cpu, u32 line) {
    for (unsigned i = 0; i < ARRAY_LEN(physical); i++)
        if (physical[i].line == line) return physical_target(cpu, &physical[i]);
    return 0;
}

// The virtual interrupt is pending for EL1, masked or not.
static bool virtual_pending(const Cpu *cpu, unsigned i) {
    if (cpu->el == 2 || !cpu_have_el2(cpu) || cpu_tge(cpu)) return false;
    u64 hcr = cpu->sys.HCR_EL2;
    return bit(hcr, virtual_[i].route) &&
           (bit(hcr, virtual_bit[i]) || (cpu->lines & virtual_[i].line));
}

// ESR_ELx.ISS of the physical SError; consumed. Source: AArch64.PhysicalSErrorSyndrome.
static u32 serror_syndrome(Cpu *cpu, bool implicit_esb) {
    enum { ISS_IDS = 24, ISS_IESB = 13, DFSC_SERROR = 0x11 };
    u32 iss = cpu->serror_iss;
    cpu->lines &= ~(u32)LINE_SERROR;  // edge-triggered
    if (implicit_esb && !bit(iss, ISS_IDS) && bits(iss, 5, 0) == DFSC_SERROR) iss |= 1u << ISS_IESB;
    return iss;
}

static u32 virtual_serror_syndrome(Cpu *cpu) {
    cpu->sys.HCR_EL2 &= ~(1ull << HCR_VSE);
    return (u32)bits(cpu->sys.VSESR_EL2, 24, 0);  // 0 without FEAT_RAS
}

static void take(Cpu *cpu, const Source *s, int target, bool is_virtual, bool implicit_esb) {
    Exception e = {.kind = s->kind,
                   .il = true,
                   .is_virtual = is_virtual,
                   .intid = gic_signalled(cpu, is_virtual),
                   .rule = target == 2 && cpu_tge(cpu) ? "HCR_EL2.TGE" : s->rule};
    if (target == 1 && !is_virtual) e.rule = NULL;
    if (s->kind == EXC_SERROR) {
        e.ec = EC_SERROR;
        e.iss = is_virtual ? virtual_serror_syndrome(cpu) : serror_syndrome(cpu, implicit_esb);
    }
    AArch64_TakeException(cpu, target, &e, cpu->pc);
}

static const u32 any_virtual = 7u << HCR_VF;

bool take_pending_interrupt(Cpu *cpu) {
    if (likely(!(cpu->lines | (cpu->sys.HCR_EL2 & any_virtual)))) return false;
    for (unsigned i = 0; i < 3; i++) {
        int target = pending_target(cpu, &physical[i]);
        if (target) {
            take(cpu, &physical[i], target, false, false);
            return true;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        if (virtual_pending(cpu, i) && !(cpu->pstate & virtual_[i].mask)) {
            take(cpu, &virtual_[i], 1, true, false);
            return true;
        }
    }
    return false;
}

bool cpu_wfi_wakes(const Cpu *cpu) {
    if (cpu->lines & (LINE_IRQ | LINE_FIQ | LINE_SERROR)) return true;
    for (unsigned i = 0; i < 3; i++)
        if (virtual_pending(cpu, i)) return true;
    return false;
}

static bool can_take(const Cpu *cpu) {
    for (unsigned i = 0; i < 3; i++) {
        if (pending_target(cpu, &physical[i])) return true;
        if (virtual_pending(cpu, i) && !(cpu->pstate & virtual_[i].mask)) return true;
    }
    return false;
}

void interrupts_changed(Cpu *cpu) {
    if (unlikely(cpu->sys.MDSCR_EL1 & 1)) cpu_attention(cpu);  // software step may become active
    if (!(cpu->lines | (cpu->sys.HCR_EL2 & any_virtual))) return;
    if (cpu->halt == HALT_WFI || cpu->halt == HALT_WFE) {
        if (cpu->wfe_delays_trap ? can_take(cpu) : cpu_wfi_wakes(cpu)) system_wake(cpu);
    }
    if (can_take(cpu)) cpu_attention(cpu);
}

void cpu_set_lines(Cpu *cpu, u32 which, bool level) {
    u32 lines = level ? cpu->lines | which : cpu->lines & ~which;
    if (lines == cpu->lines) return;
    cpu->lines = lines;
    interrupts_changed(cpu);
}

// --- errors --------------------------------------------------------------------------------------

void cpu_raise_serror(Cpu *cpu, u32 iss) {
    cpu->serror_iss = iss & 0x1ffffff;
    cpu_set_lines(cpu, LINE_SERROR, true);
}

bool interrupt_implicit_esb(Cpu *cpu) {
    int target = pending_target(cpu, &physical[0]);
    if (target) take(cpu, &physical[0], target, false, true);
    return target != 0;
}

// DISR_EL1 and VDISR_EL2 of an SError that was deferred.
static u64 deferred(u32 iss) {
    return 1ull << 31 | iss;
}

void system_esb(Cpu *cpu) {
    if (cpu->lines & LINE_SERROR && !physical_target(cpu, &physical[0]))
        cpu->sys.DISR_EL1 = deferred(serror_syndrome(cpu, false));
    if (virtual_pending(cpu, 0) && cpu->pstate & PSTATE_A)
        cpu->sys.VDISR_EL2 = deferred(virtual_serror_syndrome(cpu));
    interrupts_changed(cpu);  // one that is not masked is taken now
}
