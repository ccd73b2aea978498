// Firmware services as a guest sees them: PSCI 1.1 (Arm "Power State Coordination Interface",
// DEN 0022) and the general functions of the SMC Calling Convention 1.1 (DEN 0028).
// Left out, and answered with NOT_SUPPORTED: power-down suspend states, statistics, memory
// protection, migration, TRNG (DEN 0098), every vendor's service.
#include "cpu/psci.h"
#include "machine/machine.h"

enum {
    SMCCC_VERSION = 0x80000000,
    SMCCC_ARCH_FEATURES = 0x80000001,
    PSCI_VERSION = 0x84000000,
    CPU_SUSPEND_32 = 0x84000001,
    CPU_OFF = 0x84000002,
    CPU_ON_32 = 0x84000003,
    AFFINITY_INFO_32 = 0x84000004,
    MIGRATE_INFO_TYPE = 0x84000006,
    SYSTEM_OFF = 0x84000008,
    SYSTEM_RESET = 0x84000009,
    PSCI_FEATURES = 0x8400000a,
    SYSTEM_RESET2_32 = 0x84000012,
    CPU_SUSPEND_64 = 0xc4000001,
    CPU_ON_64 = 0xc4000003,
    AFFINITY_INFO_64 = 0xc4000004,
    SYSTEM_RESET2_64 = 0xc4000012,
};

enum {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    ALREADY_ON = -4,
    INVALID_ADDRESS = -9,
};

#define AFFINITY_MASK 0xff00ffffffull  // MPIDR_EL1.Aff3..Aff0
#define SMC64         (1u << 30)

static Cpu *find_cpu(Machine *machine, u64 affinity) {
    for (unsigned i = 0; i < machine->cpus; i++)
        if ((machine->cpu[i]->mpidr & AFFINITY_MASK) == affinity) return machine->cpu[i];
    return NULL;
}

// The entry point must be an instruction's address in memory.
static bool can_execute_at(Machine *machine, u64 address) {
    const Region *r = bus_find(machine, address);
    return (address & 3) == 0 && r && r->host;
}

static i64 cpu_on(Machine *machine, u64 affinity, u64 entry, u64 context) {
    Cpu *target = find_cpu(machine, affinity);
    if (!target) return INVALID_PARAMETERS;
    if (target->halt != HALT_OFF) return ALREADY_ON;
    if (!can_execute_at(machine, entry)) return INVALID_ADDRESS;
    machine_cpu_on(machine, target, entry, context);
    return SUCCESS;
}

static i64 affinity_info(Machine *machine, u64 affinity, u64 lowest_level) {
    if (lowest_level != 0) return INVALID_PARAMETERS;  // levels above 0 are optional since PSCI 1.0
    const Cpu *target = find_cpu(machine, affinity);
    if (!target) return INVALID_PARAMETERS;
    return target->halt == HALT_OFF ? 1 : 0;
}

// Standby states only: as WFI. power_state in the original format: state type in bit 16, power
// level in bits 25:24.
static i64 cpu_suspend(Cpu *cpu, u64 power_state) {
    if (power_state & 0xffff0000) return INVALID_PARAMETERS;
    if (!cpu_wfi_wakes(cpu)) cpu->halt = HALT_WFI;
    cpu_attention(cpu);
    return SUCCESS;
}

static i64 features(u32 function) {
    switch (function) {
    case SMCCC_VERSION:
    case PSCI_VERSION:
    case CPU_SUSPEND_32:
    case CPU_SUSPEND_64:
    case CPU_OFF:
    case CPU_ON_32:
    case CPU_ON_64:
    case AFFINITY_INFO_32:
    case AFFINITY_INFO_64:
    case MIGRATE_INFO_TYPE:
    case SYSTEM_OFF:
    case SYSTEM_RESET:
    case SYSTEM_RESET2_32:
    case SYSTEM_RESET2_64:
    case PSCI_FEATURES: return SUCCESS;
    default: return NOT_SUPPORTED;
    }
}

static i64 system_reset2(Cpu *cpu, u32 type) {
    if (type >> 31) return NOT_SUPPORTED;  // vendor-specific resets
    if (type != 0) return INVALID_PARAMETERS;
    machine_stop(cpu->machine, STOP_RESET, 0, "PSCI SYSTEM_RESET2");
    return SUCCESS;
}

static i64 call(Cpu *cpu, u32 function, u64 a1, u64 a2, u64 a3) {
    Machine *machine = cpu->machine;
    switch (function) {
    case SMCCC_VERSION: return 0x10001;
    case SMCCC_ARCH_FEATURES:
        return (u32)a1 == SMCCC_VERSION || (u32)a1 == SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED;
    case PSCI_VERSION: return 0x10001;
    case PSCI_FEATURES: return features((u32)a1);
    case CPU_ON_32:
    case CPU_ON_64: return cpu_on(machine, a1, a2, a3);
    case AFFINITY_INFO_32:
    case AFFINITY_INFO_64: return affinity_info(machine, a1, a2);
    case CPU_SUSPEND_32:
    case CPU_SUSPEND_64: return cpu_suspend(cpu, (u32)a1);
    case CPU_OFF:
        cpu->halt = HALT_OFF;
        cpu_attention(cpu);
        return SUCCESS;
    case MIGRATE_INFO_TYPE: return 2;  // no Trusted OS that would need migration
    case SYSTEM_OFF: machine_stop(machine, STOP_POWEROFF, 0, "PSCI SYSTEM_OFF"); return SUCCESS;
    case SYSTEM_RESET: machine_stop(machine, STOP_RESET, 0, "PSCI SYSTEM_RESET"); return SUCCESS;
    case SYSTEM_RESET2_32:
    case SYSTEM_RESET2_64: return system_reset2(cpu, (u32)a1);
    default: return NOT_SUPPORTED;
    }
}

bool psci_call(Cpu *cpu) {
    u32 function = (u32)cpu->x[0];
    u64 mask = function & SMC64 ? ~0ull : 0xffffffffull;  // SMC32 arguments are W registers
    cpu->x[0] = (u64)call(cpu, function, cpu->x[1] & mask, cpu->x[2] & mask, cpu->x[3] & mask);
    return true;
}
