// System instructions that are not simple: register accesses beyond the fast path, waiting, events,
// ESB. Arm ARM: "A64 System instructions", "Wait For Event", "Wait For Interrupt", "Error
// Synchronization Barrier". Left out: WFET, WFIT (FEAT_WFxT), which no model advertises.
#include "cpu/system.h"
#include "cpu/exception.h"
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
              cpu_in_host0(cpu) ? "SCTLR_EL2.UMA" : "SCTLR_EL1.UMA");
    TAIL(op_resume(cpu, op, table));
}

// --- waiting -------------------------------------------------------------------------------------

// AArch64.CheckForWFxTrap for EL1, then EL2. True: the exception was taken.
static bool wfx_trapped(Cpu *cpu, bool wfe) {
    u32 iss = 0x1e00000 | wfe;  // CV, COND = always; TI
    if (cpu->el == 0 && !bit(system_sctlr_el0(cpu), wfe ? SCTLR_nTWE : SCTLR_nTWI)) {
        take_sync(cpu, EC_WFX, iss, wfe ? "SCTLR_ELx.nTWE" : "SCTLR_ELx.nTWI");
        return true;
    }
    if (cpu->el < 2 && cpu_have_el2(cpu) && !cpu_in_host0(cpu) &&
        bit(cpu->sys.HCR_EL2, wfe ? HCR_TWE : HCR_TWI)) {
        take_trap(cpu, 2, EC_WFX, iss, wfe ? "HCR_EL2.TWE" : "HCR_EL2.TWI");
        return true;
    }
    return false;
}

static void wait(Cpu *cpu, Halt how) {
    cpu->pc += 4;
    cpu->halt = how;
    cpu_attention(cpu);
}

const Op *system_wfi(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    if (cpu_wfi_wakes(cpu))
        cpu->pc += 4;
    else if (!wfx_trapped(cpu, false))
        wait(cpu, HALT_WFI);
    TAIL(op_resume(cpu, op, table));
}

// A pending interrupt ends the wait at once, also where the manual would only have an unmasked one
// do it: WFE may complete at any time.
const Op *system_wfe(Cpu *cpu, const Op *op, const Table *table) {
    begin(cpu, op);
    gentimer_wfe(cpu);
    if (cpu->event) {
        cpu->event = false;
        cpu->pc += 4;
    } else if (!wfx_trapped(cpu, true)) {
        if (cpu_wfi_wakes(cpu))
            cpu->pc += 4;
        else
            wait(cpu, HALT_WFE);
    }
    TAIL(op_resume(cpu, op, table));
}

void system_send_event(Cpu *cpu) {
    Machine *machine = cpu->machine;
    for (unsigned i = 0; i < machine->cpus; i++) {
        Cpu *other = machine->cpu[i];
        other->event = true;
        if (other->halt != HALT_WFE) continue;
        // WFE completes: it consumes the event.
        other->event = false;
        other->halt = HALT_NONE;
        machine_cpu_woke(machine, other);
    }
}

// --- errors --------------------------------------------------------------------------------------

void system_esb(Cpu *cpu) {
    u64 hcr = cpu_hcr(cpu);
    bool to_el2 = cpu_have_el2(cpu) && (bit(hcr, HCR_AMO) || bit(hcr, HCR_TEA));
    bool masked =
        cpu->el == 2 ? !to_el2 || (cpu->pstate & PSTATE_A) : !to_el2 && (cpu->pstate & PSTATE_A);
    const u64 deferred = 1ull << 31;
    if (masked && (cpu->lines & LINE_SERROR)) {
        cpu->sys.DISR_EL1 = deferred;
        cpu->lines &= ~(u32)LINE_SERROR;
    }
    bool guest = cpu->el < 2 && cpu_have_el2(cpu) && !cpu_tge(cpu) && bit(hcr, HCR_AMO);
    if (guest && bit(hcr, HCR_VSE) && (cpu->pstate & PSTATE_A)) {
        cpu->sys.VDISR_EL2 = deferred | bits(cpu->sys.VSESR_EL2, 24, 0);
        cpu->sys.HCR_EL2 &= ~(1ull << HCR_VSE);
    }
}

bool system_eret_trapped(Cpu *cpu) {
    if (cpu->el != 1 || !cpu_has(cpu, FEAT_NV) || !bit(cpu->sys.HCR_EL2, HCR_NV)) return false;
    u32 word = op_word(cpu, cpu->block - 1);
    u32 iss = word >> 11 & 1 ? 2 | (word >> 10 & 1) : 0;  // ERET, ERETA: A, B key
    take_trap(cpu, 2, EC_ERET, iss, "HCR_EL2.NV");
    return true;
}
