// The public C interface (include/el2sim/el2sim.h) over the machine.
#include "el2sim/el2sim.h"

#include "cpu/observer.h"
#include "debugger/state.h"
#include "machine/loader.h"
#include "machine/machine.h"
#include "machine/virt.h"
#include "mmu/mmu.h"

#include <stdio.h>
#include <stdlib.h>

struct el2sim {
    Machine *machine;
    Boot *boot;
    Observer observer;
    el2sim_event_fn fn;
    void *arg;
};

_Static_assert((int)EL2SIM_POWEROFF == STOP_POWEROFF && (int)EL2SIM_INSN_LIMIT == STOP_INSN_LIMIT,
               "el2sim_stop follows StopReason");

static bool report(const Error *err, char *error, size_t n) {
    if (error && n) snprintf(error, n, "%s", err->text);
    return false;
}

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
        report(&err, error, error_size);
        return NULL;
    }
    el2sim *sim = calloc(1, sizeof *sim);
    CHECK(sim);
    sim->machine = machine;
    return sim;
}

void el2sim_free(el2sim *sim) {
    if (!sim) return;
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
        return report(&err, error, error_size);
    }
    sim->boot = boot_prepare(sim->machine, &options, &err);
    if (!sim->boot) return report(&err, error, error_size);
    boot_start(sim->machine, sim->boot);
    return true;
}

el2sim_stop el2sim_run(el2sim *sim, uint64_t max_insns) {
    Machine *m = sim->machine;
    if (m->stop == STOP_INSN_LIMIT) m->stop = STOP_NONE;
    m->insn_limit = max_insns ? machine_insns(m) + max_insns : 0;
    machine_run(m);
    return m->stop == STOP_INSN_LIMIT && max_insns ? EL2SIM_RUNNING : (el2sim_stop)m->stop;
}

static Cpu *cpu_of(el2sim *sim, unsigned cpu) {
    return cpu < sim->machine->cpus ? sim->machine->cpu[cpu] : NULL;
}

bool el2sim_step(el2sim *sim, unsigned index) {
    Cpu *cpu = cpu_of(sim, index);
    if (!cpu || cpu->halt || (sim->machine->stop && sim->machine->stop != STOP_INSN_LIMIT))
        return false;
    sim->machine->stop = STOP_NONE;
    machine_step(sim->machine, cpu);
    return true;
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
    Cpu *cpu = cpu_of(sim, index);
    Reg reg;
    u128 whole;
    if (!cpu || !reg_find(cpu, name, &reg, NULL) || !reg_read(cpu, &reg, &whole, NULL))
        return false;
    *value = (u64)whole;
    return true;
}

bool el2sim_write_register(el2sim *sim, unsigned index, const char *name, uint64_t value) {
    Cpu *cpu = cpu_of(sim, index);
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
    Cpu *cpu = cpu_of(sim, index);
    if (!cpu) return false;
    AccessDesc acc = {.type = ACCESS_READ, .mode = cpu_mode(cpu), .no_side_effects = true};
    Translation t = {0};
    Fault fault = {0};
    if (!mmu_translate(cpu, va(address), &acc, &t, &fault)) return false;
    *physical = t.pa;
    return true;
}

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    el2sim *sim = arg;
    el2sim_event e = {.cpu = cpu->index,
                      .from_el = ev->from_el,
                      .to_el = ev->to_el,
                      .from_pc = ev->from_pc,
                      .to_pc = cpu->pc,
                      .esr = ev->esr,
                      .spsr = ev->spsr,
                      .instructions = cpu->icount,
                      .rule = ev->exc->rule};
    sim->fn(sim->arg, &e);
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    el2sim *sim = arg;
    el2sim_event e = {.cpu = cpu->index,
                      .is_return = true,
                      .from_el = ev->from_el,
                      .to_el = ev->to_el,
                      .from_pc = ev->from_pc,
                      .to_pc = ev->to_pc,
                      .spsr = ev->spsr,
                      .instructions = cpu->icount};
    sim->fn(sim->arg, &e);
}

void el2sim_subscribe(el2sim *sim, el2sim_event_fn fn, void *arg) {
    if (sim->fn) observer_remove(sim->machine, &sim->observer);
    sim->fn = fn;
    sim->arg = arg;
    sim->observer = (Observer){.arg = sim, .exception = on_exception, .eret = on_return};
    if (fn) observer_add(sim->machine, &sim->observer);
}
