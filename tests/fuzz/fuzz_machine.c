// Fuzz target: a guest that programs nonsense. The bytes become control registers and code at EL2; whatever
// they do, the machine must go on, stop with a reason, or use up its instructions.
// Layout: flags, 8 x 8 bytes for system registers, then instruction words.
#include "cpu/cpu_models.h"
#include "cpu/op.h"
#include "cpu/sysreg.h"
#include "machine/machine.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static u64 take(const uint8_t **data, size_t *size, size_t n) {
    u64 value = 0;
    n = MIN(n, *size);
    memcpy(&value, *data, n);
    *data += n;
    *size -= n;
    return value;
}

// A register as MSR would write it, effects included.
static void set(Cpu *cpu, const char *name, u64 value) {
    unsigned i = sysreg_find(name);
    u64 *slot = sysreg_storage(cpu, i), old = *slot;
    *slot = sysreg_masked(cpu, i, value);
    const SysRegInfo *info = sysreg_info(i);
    if (info->after) info->after(cpu, i, old);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const controls[] = {"HCR_EL2",  "SCTLR_EL1", "SCTLR_EL2", "TCR_EL1",
                                           "VTCR_EL2", "VTTBR_EL2", "TTBR0_EL1", "CPTR_EL2"};
    static const char *const models[] = {"cortex-a57", "cortex-a72", "neoverse-n1", "max"};
    unsigned flags = (unsigned)take(&data, &size, 2);
    MachineConfig config = {.cpu_model = models[flags & 3],
                            .cpus = 1 + (flags >> 2 & 1),
                            .ram_size = 4 << 20,
                            .gic_version = flags & 8 ? 2 : 3,
                            .el2 = true,
                            .its = true,
                            .highmem = true};
    Error err = {0};
    Machine *machine = machine_create(&config, &err);
    if (!machine) abort();
    Cpu *cpu = machine->cpu[0];
    for (unsigned i = 0; i < ARRAY_LEN(controls); i++) set(cpu, controls[i], take(&data, &size, 8));
    set(cpu, "VBAR_EL1", 0x40001000);
    set(cpu, "VBAR_EL2", 0x40002000);
    bus_write_bytes(machine, 0x40000000, data, MIN(size, 0x4000));
    machine_cpu_on(machine, cpu, 0x40000000, 0);
    for (unsigned i = 0; i < ARRAY_LEN(controls) && !(flags & 16); i++)
        set(cpu, controls[i], data && size > 8 ? ((u64)data[i] << 32 | data[i + 1]) : 0);
    for (int i = 1; i < 31; i++) cpu->x[i] = 0x40000000 + (u64)i * 0x1238;
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | (flags & 32 ? 2u : 1u) << PSTATE_EL_SHIFT);
    machine->insn_limit = 20000;
    machine_run(machine);
    if (!machine->stop) abort();
    machine_free(machine);
    return 0;
}
