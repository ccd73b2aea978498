// Boots a hypervisor, stops at the first stage 2 fault of a VM and prints whose it was and why, with nothing but
// <el2sim/el2sim.h>.
//
//   cc find_stage2_fault.c $(pkg-config --static --cflags --libs el2sim) -o find_stage2_fault
//   el2sim demo --extract demo.elf && ./find_stage2_fault demo.elf
#include <el2sim/el2sim.h>

#include <inttypes.h>
#include <stdio.h>

static char error[256];

static int fail(const char *what) {
    fprintf(stderr, "find_stage2_fault: %s\n", what);
    return 2;
}

// Stops at every exception of this class that a lower level takes to EL2.
static bool catch_exits(el2sim *sim, int ec) {
    el2sim_point point;
    el2sim_point_init(&point, sizeof point);
    point.kind = EL2SIM_CATCH_EXIT;
    point.ec = ec;
    return el2sim_point_add(sim, &point, error, sizeof error) != 0;
}

static uint64_t value(el2sim *sim, unsigned cpu, const char *name) {
    el2sim_value v = {0, 0, 0};
    if (!el2sim_get(sim, cpu, name, &v, error, sizeof error)) fprintf(stderr, "%s\n", error);
    return v.lo;
}

// What the VM's access ran into, by a walk of its tables.
static bool find_fault(el2sim *sim, const el2sim_stopped *at, el2sim_translation *t) {
    el2sim_address where = {EL2SIM_VA_VM, 0, (unsigned)at->vmid, value(sim, at->cpu, "FAR_EL2")};
    bool write = value(sim, at->cpu, "ESR_EL2.ISS") >> 6 & 1;  // WnR
    t->struct_size = sizeof *t;
    return el2sim_walk(sim, at->cpu, &where, write, t, error, sizeof error) && t->fault_stage == 2;
}

static void print_fault(el2sim *sim, const el2sim_stopped *at, const el2sim_translation *t) {
    uint32_t word = 0;
    el2sim_address pc = {EL2SIM_VA_VM, 0, (unsigned)at->vmid, value(sim, at->cpu, "ELR_EL2")};
    el2sim_read_at(sim, at->cpu, &pc, &word, sizeof word, NULL, 0);
    printf("VM with VMID %d on CPU %u, after %" PRIu64 " instructions\n", at->vmid, at->cpu,
           at->instructions);
    printf("executed   0x%08" PRIx32 " at VA 0x%" PRIx64 "\n", word, pc.address);
    printf("accessed   VA 0x%" PRIx64 ", IPA 0x%" PRIx64 "\n", value(sim, at->cpu, "FAR_EL2"),
           t->fault_ipa);
    printf("ESR_EL2    0x%" PRIx64 ", class 0x%" PRIx64 "\n", at->esr,
           value(sim, at->cpu, "ESR_EL2.EC"));
    printf("fault      level %d, %s\n", t->fault_level, t->fault_rule);
    for (unsigned i = 0; i < t->steps; i++)
        printf("walk       stage %d level %d: descriptor 0x%" PRIx64 " at PA 0x%" PRIx64 "\n",
               t->step[i].stage, t->step[i].level, t->step[i].descriptor, t->step[i].at);
}

static int run(el2sim *sim) {
    el2sim_stopped at = {.struct_size = sizeof at};
    el2sim_translation t = {0};
    // Instruction Abort and Data Abort from a lower Exception level.
    if (!catch_exits(sim, 0x20) || !catch_exits(sim, 0x24)) return fail(error);
    do {
        if (!el2sim_go(sim, NULL, &at, error, sizeof error)) return fail(error);
        if (at.why != EL2SIM_WHY_POINT) return fail("the machine stopped without a stage 2 fault");
    } while (!find_fault(sim, &at, &t));
    print_fault(sim, &at, &t);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return fail("usage: find_stage2_fault KERNEL");
    el2sim_config config = {.cpu = "cortex-a72"};
    el2sim_boot boot = {.kernel = argv[1]};
    el2sim *sim = el2sim_create(&config, error, sizeof error);
    if (!sim) return fail(error);
    int status = el2sim_load(sim, &boot, error, sizeof error) ? run(sim) : fail(error);
    el2sim_free(sim);
    return status;
}
