// Which asynchronous exception is taken, and where (Arm ARM: "Asynchronous exception types,
// routing, masking and priorities"). No EL3. Order among those that can be taken at once
// (IMPLEMENTATION DEFINED): SError, FIQ, IRQ, then the virtual ones in the same order.
#include "cpu/cpu.h"
#include "cpu/exception.h"
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

// EL that takes the physical interrupt now, 0 when it stays pending.
static int physical_target(const Cpu *cpu, const Source *s) {
    if (!(cpu->lines & s->line)) return 0;
    u64 hcr = cpu_hcr(cpu);
    bool to_el2 = cpu_have_el2(cpu) && bit(hcr, s->route);
    bool masked = cpu->pstate & s->mask;
    if (to_el2) return cpu->el == 2 && masked ? 0 : 2;
    return cpu->el == 2 || masked ? 0 : 1;
}

// The virtual interrupt is pending for EL1, masked or not.
static bool virtual_pending(const Cpu *cpu, unsigned i) {
    if (cpu->el == 2 || !cpu_have_el2(cpu) || cpu_tge(cpu)) return false;
    u64 hcr = cpu->sys.HCR_EL2;
    return bit(hcr, virtual_[i].route) &&
           (bit(hcr, virtual_bit[i]) || (cpu->lines & virtual_[i].line));
}

static void take(Cpu *cpu, const Source *s, int target, bool is_virtual) {
    Exception e = {.kind = s->kind,
                   .il = true,
                   .is_virtual = is_virtual,
                   .rule = target == 2 && cpu_tge(cpu) ? "HCR_EL2.TGE" : s->rule};
    if (target == 1 && !is_virtual) e.rule = NULL;
    if (s->kind == EXC_SERROR) {
        e.ec = EC_SERROR;
        if (is_virtual) {
            e.iss = (u32)(cpu->sys.VSESR_EL2 & 0x1ffffff);
            cpu->sys.HCR_EL2 &= ~(1ull << HCR_VSE);
        } else {
            cpu->lines &= ~(u32)LINE_SERROR;
        }
    }
    AArch64_TakeException(cpu, target, &e, cpu->pc);
}

static const u32 any_virtual = 7u << HCR_VF;

bool take_pending_interrupt(Cpu *cpu) {
    if (likely(!(cpu->lines | (cpu->sys.HCR_EL2 & any_virtual)))) return false;
    for (unsigned i = 0; i < 3; i++) {
        int target = physical_target(cpu, &physical[i]);
        if (target) {
            take(cpu, &physical[i], target, false);
            return true;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        if (virtual_pending(cpu, i) && !(cpu->pstate & virtual_[i].mask)) {
            take(cpu, &virtual_[i], 1, true);
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
        if (physical_target(cpu, &physical[i])) return true;
        if (virtual_pending(cpu, i) && !(cpu->pstate & virtual_[i].mask)) return true;
    }
    return false;
}

void interrupts_changed(Cpu *cpu) {
    if (unlikely(cpu->sys.MDSCR_EL1 & 1)) cpu_attention(cpu);  // software step may become active
    if (!(cpu->lines | (cpu->sys.HCR_EL2 & any_virtual))) return;
    if ((cpu->halt == HALT_WFI || cpu->halt == HALT_WFE) && cpu_wfi_wakes(cpu)) {
        cpu->halt = HALT_NONE;
        machine_cpu_woke(cpu->machine, cpu);
    }
    if (can_take(cpu)) cpu_attention(cpu);
}

void cpu_set_lines(Cpu *cpu, u32 which, bool level) {
    u32 lines = level ? cpu->lines | which : cpu->lines & ~which;
    if (lines == cpu->lines) return;
    cpu->lines = lines;
    interrupts_changed(cpu);
}
