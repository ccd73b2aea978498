// Where the controls of a VM's translation are found.
#include "debugger/vms.h"

#include "mmu/walk.h"

static void copy_translation(const struct SysRegs *from, struct SysRegs *to) {
    to->HCR_EL2 = from->HCR_EL2;
    to->VTTBR_EL2 = from->VTTBR_EL2;
    to->VTCR_EL2 = from->VTCR_EL2;
    to->SCTLR_EL1 = from->SCTLR_EL1;
    to->TCR_EL1 = from->TCR_EL1;
    to->TTBR0_EL1 = from->TTBR0_EL1;
    to->TTBR1_EL1 = from->TTBR1_EL1;
    to->MAIR_EL1 = from->MAIR_EL1;
}

bool vms_registers(const Machine *machine, u16 vmid, struct SysRegs *regs) {
    for (unsigned i = 0; i < machine->cpus; i++) {
        const Cpu *cpu = machine->cpu[i];
        if (!bit(cpu->sys.HCR_EL2, HCR_VM) || regime_vmid(cpu) != vmid) continue;
        copy_translation(&cpu->sys, regs);
        return true;
    }
    return false;
}
