// The VMs that a machine has run: by VMID, their stage 2, the registers of translation as last seen, their vCPUs. Fed
// by an observer from when it is created, and before that by what the machine itself keeps: the exit rings (exits of
// the recent past), the TLBs (registers of translation), what the CPUs are running.
#pragma once

#include "cpu/cpu.h"
#include "machine/machine.h"

typedef struct Vms Vms;

enum { VMS_MAX = 64, VMS_VCPUS_MAX = 32 };

typedef struct Vm {
    u16 vmid;
    u64 vttbr, vtcr;
    bool has_vtcr;
    u64 exits;       // exceptions to EL2, since vms_since()
    u64 last_exit;   // ESR_EL2 of the last one, 0 for interrupts
    int last_cpu;    // the CPU it ran on last
    bool running;    // on last_cpu, between an entry and an exit
    unsigned vcpus;  // seen since it is watched, by VMPIDR_EL2
    u64 vmpidr[VMS_VCPUS_MAX];
    u32 cpus[VMS_VCPUS_MAX];  // bit n: that vCPU ran on CPU n
    bool has_regs;
    struct SysRegs regs;  // at its last exit; of before it was watched, those of translation alone
} Vm;

Vms *vms_create(Machine *machine);
void vms_free(Vms *vms);
// In the order in which they were seen; NULL at the end.
const Vm *vms_get(const Vms *vms, unsigned i);
// Exits on this CPU are counted from this instruction on; 0: all since its reset are.
u64 vms_since(const Vms *vms, unsigned cpu);

// Replaces in *regs the registers of translation (stage 1 of EL1&0, and stage 2) by those of the VM with
// this VMID: where it runs, else as last seen by whoever watches (vms_create). False: it is not known.
bool vms_registers(const Machine *machine, u16 vmid, struct SysRegs *regs);
