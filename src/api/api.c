// The public C interface (include/el2sim/el2sim.h) over the machine.
#include "api/internal.h"

#include "machine/loader.h"
#include "machine/virt.h"
#include "mmu/mmu.h"

#include <stdlib.h>

// The machine's own reasons have the same numbers; STOP_DEBUG is never passed on as one of them, and nothing in the
// library asks for STOP_CHECK.
_Static_assert((int)EL2SIM_POWEROFF == STOP_POWEROFF && (int)EL2SIM_INSN_LIMIT == STOP_INSN_LIMIT,
               "el2sim_stop follows StopReason");

static bool config_is_valid(const MachineConfig *c, Error *err) {
    unsigned most = c->gic_version == 2 ? 8 : VIRT_CPUS_MAX;
    if (c->gic_version != 2 && c->gic_version != 3)
        return error_set(err, "gic_version %d: 2 and 3 are modelled", c->gic_version);
    if (c->cpus > most)
        return error_set(err, "%u CPUs: GICv%d has %u at most", c->cpus, c->gic_version, most);
    if (c->ram_size > VIRT_RAM_MAX || c->ram_size % 4096)
        return error_set(err, "ram_size must be a multiple of 4096 and at most 64 GB");
    return true;
}

el2sim *el2sim_create(const el2sim_config *c, char *error, size_t error_size) {
    MachineConfig config = {
        .cpu_model = c->cpu ? c->cpu : "cortex-a72",
        .cpus = c->cpus ? c->cpus : 1,
        .ram_size = c->ram_size ? c->ram_size : 128u << 20,
        .gic_version = c->gic_version ? c->gic_version : 3,
        .el2 = !c->no_el2,
        .its = c->gic_version != 2,
        .highmem = true,
        .mte = c->mte,
        .semihosting = c->semihosting,
        .seed = c->seed,
    };
    Error err = {0};
    Machine *machine = config_is_valid(&config, &err) ? machine_create(&config, &err) : NULL;
    SerialConfig serial = {.kind = SERIAL_STDIO};
    if (machine && c->console && !board_set_serial(machine, &serial, &err)) {
        machine_free(machine);
        machine = NULL;
    }
    if (!machine) {
        api_report(&err, error, error_size);
        return NULL;
    }
    el2sim *sim = calloc(1, sizeof *sim);
    CHECK(sim);
    sim->machine = machine;
    sim->symbols = symbols_create();
    sim->control = control_create(machine, sim->symbols);
    return sim;
}

void el2sim_free(el2sim *sim) {
    if (!sim) return;
    events_free(sim);
    control_free(sim->control);
    symbols_free(sim->symbols);
    boot_free(sim->boot);
    machine_free(sim->machine);
    free(sim);
}

bool el2sim_load(el2sim *sim, const el2sim_boot *files, char *error, size_t error_size) {
    Error err = {0};
    BootOptions options = {.kernel = files->kernel,
                           .initrd = files->initrd,
                           .append = files->append,
                           .dtb = files->dtb,
                           .bios = files->bios};
    if (sim->boot) {
        error_set(&err, "the machine is already loaded");
        return api_report(&err, error, error_size);
    }
    sim->boot = boot_prepare(sim->machine, &options, &err);
    if (!sim->boot) return api_report(&err, error, error_size);
    boot_start(sim->machine, sim->boot);
    return true;
}

el2sim_stop el2sim_run(el2sim *sim, uint64_t max_insns) {
    Machine *m = sim->machine;
    if (m->stop == STOP_INSN_LIMIT) m->stop = STOP_NONE;
    m->insn_limit = max_insns ? machine_insns(m) + max_insns : 0;
    StopEvent ev = control_run(sim->control, &(RunRequest){0});
    if (ev.why != WHY_MACHINE) return EL2SIM_DEBUG;
    return m->stop == STOP_INSN_LIMIT && max_insns ? EL2SIM_RUNNING : (el2sim_stop)m->stop;
}

bool el2sim_step(el2sim *sim, unsigned index) {
    Cpu *cpu = api_cpu(sim, index);
    if (!cpu || cpu->halt || (sim->machine->stop && sim->machine->stop != STOP_INSN_LIMIT))
        return false;
    sim->machine->stop = STOP_NONE;
    unsigned i = 0;
    if (!point_next(sim->control, &i)) {
        machine_step(sim->machine, cpu);
        return true;
    }
    u64 pc = cpu->pc, icount = cpu->icount;
    sim->machine->insn_limit = 0;
    control_run(sim->control, &(RunRequest){.cpu = cpu, .insns = 1, .only = true});
    return cpu->pc != pc || cpu->icount != icount;
}

const char *el2sim_stop_text(const el2sim *sim) {
    return sim->machine->stop_text;
}
int el2sim_exit_code(const el2sim *sim) {
    return sim->machine->stop_code;
}

uint64_t el2sim_instructions(const el2sim *sim, unsigned cpu) {
    return cpu < sim->machine->cpus ? sim->machine->cpu[cpu]->icount : 0;
}

bool el2sim_read_register(el2sim *sim, unsigned index, const char *name, uint64_t *value) {
    Cpu *cpu = api_cpu(sim, index);
    Reg reg;
    u128 whole;
    if (!cpu || !reg_find(cpu, name, &reg, NULL) || !reg_read(cpu, &reg, &whole, NULL))
        return false;
    *value = (u64)whole;
    return true;
}

bool el2sim_write_register(el2sim *sim, unsigned index, const char *name, uint64_t value) {
    Cpu *cpu = api_cpu(sim, index);
    Reg reg;
    return cpu && reg_find(cpu, name, &reg, NULL) && reg_write(cpu, &reg, value, NULL);
}

bool el2sim_read_physical(el2sim *sim, uint64_t address, void *buffer, size_t n) {
    return bus_read_bytes(sim->machine, address, buffer, n);
}
bool el2sim_write_physical(el2sim *sim, uint64_t address, const void *buffer, size_t n) {
    return bus_write_bytes(sim->machine, address, buffer, n);
}

bool el2sim_translate(el2sim *sim, unsigned index, uint64_t address, uint64_t *physical) {
    Cpu *cpu = api_cpu(sim, index);
    if (!cpu) return false;
    AccessDesc acc = {.type = ACCESS_READ, .mode = cpu_mode(cpu), .no_side_effects = true};
    Translation t = {0};
    Fault fault = {0};
    if (!mmu_translate(cpu, va(address), &acc, &t, &fault)) return false;
    *physical = t.pa;
    return true;
}
