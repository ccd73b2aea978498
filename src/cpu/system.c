// System instructions that are not simple: register accesses beyond the fast path, waiting, events.
// Arm ARM: "A64 System instructions", "Wait For Event", "Wait For Interrupt". ESB is in interrupt.c.
// Left out: WFET, WFIT (FEAT_WFxT), which no model advertises.
#include "cpu/system.h"
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "cpu/sysreg.h"
#include "gic/gic.h"
#include "machine/machine.h"

// The instruction at op counts as executed, and cpu->pc is its address.
static void begin(Cpu *cpu, const Op *op) {
    cpu_sync(cpu, op);
    cpu->icount++;
    cpu->block = op + 1;
}

// Register number for the syndrome, from its slot.
static unsigned register_number(unsigned slot) {
    return slot >= REG_SP ? 31 : slot;
}

const Op *system_read(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    {
        u64 value;  // out of scope before the tail call, or gcc keeps the frame
        if (sysreg_read(cpu, (unsigned)op->half.lo, register_number(op->r[0]), &value)) {
            cpu->x[op->r[0]] = value;
            cpu->pc += 4;
        }
    }
    TAIL(op_resume(cpu, op, table));
}

const Op *system_write(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    if (sysreg_write(cpu, (unsigned)op->half.lo, register_number(op->r[0]), cpu->x[op->r[0]]))
        cpu->pc += 4;
    TAIL(op_resume(cpu, op, table));
}

const Op *system_undefined(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    AArch64_Undefined(cpu);
    TAIL(op_resume(cpu, op, table));
}

const Op *system_trap_daif(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    u32 word = op_word(cpu, op);
    unsigned enc = sysreg_enc(0, 3, 4, word >> 8 & 15, word >> 5 & 7);
    take_sync(cpu, EC_SYSREG, sysreg_iss(enc, 31, false),
              cpu_in_host0(cpu) ? "HCR_EL2.TGE" : "SCTLR_EL1.UMA");
    TAIL(op_resume(cpu, op, table));
}

// --- waiting -------------------------------------------------------------------------------------

// The trap of WFI or WFE at this EL.
typedef struct WfxTrap {
    int target;  // 0: none
    const char *rule;
    u64 delay;  // cycles to wait for an event before the trap (FEAT_TWED)
} WfxTrap;

static u64 twed(bool enabled, u64 twedel) {
    return enabled ? 256ull << twedel : 0;
}

// Source: AArch64.CheckForWFxTrap and its callers, WFETrapDelay.
static WfxTrap wfx_trap(const Cpu *cpu, bool wfe) {
    static const char *const sctlr_rule[2][2] = {{"SCTLR_EL1.nTWI", "SCTLR_EL1.nTWE"},
                                                 {"SCTLR_EL2.nTWI", "SCTLR_EL2.nTWE"}};
    bool host0 = cpu->el == 0 && cpu_in_host0(cpu);
    u64 sctlr = system_sctlr_el0(cpu), hcr = cpu->sys.HCR_EL2;
    if (cpu->el == 0 && !bit(sctlr, wfe ? SCTLR_nTWE : SCTLR_nTWI))
        return (WfxTrap){cpu_tge(cpu) ? 2 : 1, sctlr_rule[host0][wfe],
                         twed(bit(sctlr, 45), bits(sctlr, 49, 46))};
    if (cpu->el < 2 && cpu_have_el2(cpu) && !host0 && bit(hcr, wfe ? HCR_TWE : HCR_TWI))
        return (WfxTrap){2, wfe ? "HCR_EL2.TWE" : "HCR_EL2.TWI",
                         twed(bit(hcr, 59), bits(hcr, 63, 60))};
    return (WfxTrap){0};
}

static void take_wfx_trap(Cpu *cpu, const WfxTrap *trap, bool wfe) {
    take_trap(cpu, trap->target, EC_WFX, 0x1e00000 | wfe, trap->rule);  // CV, COND = always; TI
}

static void wait(Cpu *cpu, Halt how) {
    cpu->pc += 4;
    cpu->halt = how;
    cpu_attention(cpu);
}

static COLD void notify_wfi(Cpu *cpu) {
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->wfi) o->wfi(o->arg, cpu);
}

static void wfi(Cpu *cpu) {
    WfxTrap trap = wfx_trap(cpu, false);
    if (cpu_wfi_wakes(cpu)) {
        cpu->pc += 4;
    } else if (trap.target) {
        take_wfx_trap(cpu, &trap, false);
    } else {
        if (unlikely(cpu->observer)) notify_wfi(cpu);
        wait(cpu, HALT_WFI);
    }
}

// The trap is delayed: sleeps at the WFE, which is executed again after an event or the delay.
static void delay_trap(Cpu *cpu, u64 cycles) {
    cpu->halt = HALT_WFE;
    cpu->wfe_delays_trap = true;
    gentimer_delay_wfe_trap(cpu, cycles);
    cpu_attention(cpu);
}

// A pending interrupt ends the wait at once, also where the manual would only have an unmasked one
// do it: WFE may complete at any time.
static void wfe(Cpu *cpu) {
    gentimer_wfe(cpu);
    WfxTrap trap = wfx_trap(cpu, true);
    if (cpu->event) {
        cpu->event = false;
        cpu->pc += 4;
    } else if (trap.target) {
        if (trap.delay && cpu->wfe_delay_over != cpu->exceptions + 1)
            delay_trap(cpu, trap.delay);
        else
            take_wfx_trap(cpu, &trap, true);
    } else if (cpu_wfi_wakes(cpu)) {
        cpu->pc += 4;
    } else {
        wait(cpu, HALT_WFE);
    }
}

const Op *system_wfi(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    wfi(cpu);
    TAIL(op_resume(cpu, op, table));
}

const Op *system_wfe(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    wfe(cpu);
    TAIL(op_resume(cpu, op, table));
}

void system_wake(Cpu *cpu) {
    cpu->halt = HALT_NONE;
    cpu->wfe_delays_trap = false;
    machine_cpu_woke(cpu->machine, cpu);
}

void system_wfe_delay_over(Cpu *cpu) {
    if (cpu->halt != HALT_WFE || !cpu->wfe_delays_trap) return;
    cpu->wfe_delay_over = cpu->exceptions + 1;
    system_wake(cpu);
}

void system_send_event(Cpu *cpu) {
    Machine *machine = cpu->machine;
    for (unsigned i = 0; i < machine->cpus; i++) {
        Cpu *other = machine->cpu[i];
        other->event = true;
        if (other->halt != HALT_WFE) continue;
        // WFE completes: it consumes the event, now or when it is executed again.
        if (!other->wfe_delays_trap) other->event = false;
        system_wake(other);
    }
}

bool system_eret_trapped(Cpu *cpu) {
    bool nv = bit(cpu->sys.HCR_EL2, HCR_NV);
    if (cpu->el != 1 || !(nv || bit(cpu->sys.HFGITR_EL2, HFGITR_ERET))) return false;
    u32 word = op_word(cpu, cpu->block - 1);
    u32 iss = word >> 11 & 1 ? 2 | (word >> 10 & 1) : 0;  // ERET, ERETA: A, B key
    take_trap(cpu, 2, EC_ERET, iss, nv ? "HCR_EL2.NV" : "HFGITR_EL2.ERET");
    return true;
}
