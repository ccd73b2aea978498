// The VMs that a machine has run, by VMID.
#pragma once

#include "cpu/cpu.h"
#include "machine/machine.h"

// Replaces in *regs the registers of translation (stage 1 of EL1&0, and stage 2) by those of the VM with
// this VMID. False: it is not known.
bool vms_registers(const Machine *machine, u16 vmid, struct SysRegs *regs);
