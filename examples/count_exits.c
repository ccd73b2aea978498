// Counts the exits of a guest to EL2 by exception class, with nothing but <el2sim/el2sim.h>.
//
//   cc count_exits.c $(pkg-config --static --cflags --libs el2sim) -o count_exits
//   ./count_exits build/release/roms/hvcn.elf 0x44000000=25
//
// The first argument is a kernel (ELF or Image), each further one ADDRESS=VALUE a 64-bit word that
// is stored in memory before the guest runs: hvcn.elf reads at 0x44000000 how many HVCs to make.
#include <el2sim/el2sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 64, EC_HVC64 = 0x16 };

typedef struct Counts {
    unsigned by_class[CLASSES];  // exits by ESR_EL2.EC
    unsigned returns;            // ERETs from EL2
} Counts;

// Called for every exception and every return, after the CPU's state has changed.
static void on_event(void *arg, const el2sim_event *event) {
    Counts *counts = arg;
    if (event->is_return && event->from_el == 2 && event->to_el < 2) counts->returns++;
    if (!event->is_return && event->to_el == 2 && event->from_el < 2)
        counts->by_class[event->esr >> 26 & (CLASSES - 1)]++;
}

static void print_register(el2sim *sim, const char *name) {
    uint64_t value;
    if (el2sim_read_register(sim, 0, name, &value))
        printf("%-10s 0x%016" PRIx64 "\n", name, value);
    else
        printf("%-10s does not exist\n", name);
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "count_exits: %s: %s\n", what, why);
    return 2;
}

// "ADDRESS=VALUE" into the machine's memory.
static bool store_word(el2sim *sim, const char *text) {
    char *end;
    uint64_t address = strtoull(text, &end, 0);
    if (end == text || *end != '=') return false;
    uint64_t value = strtoull(end + 1, NULL, 0);
    return el2sim_write_physical(sim, address, &value, sizeof value);
}

static int run(el2sim *sim, char **words, int count) {
    Counts counts = {{0}, 0};
    for (int i = 0; i < count; i++)
        if (!store_word(sim, words[i])) return fail(words[i], "not ADDRESS=VALUE of memory");
    el2sim_subscribe(sim, on_event, &counts);

    // In portions, as a program with something else to do would; 0 would mean "to the end".
    el2sim_stop stop;
    do stop = el2sim_run(sim, 1000000);
    while (stop == EL2SIM_RUNNING);

    for (unsigned ec = 0; ec < CLASSES; ec++)
        if (counts.by_class[ec]) printf("EC 0x%02x %u\n", ec, counts.by_class[ec]);
    printf("HVC        %u\n", counts.by_class[EC_HVC64]);
    printf("returns    %u\n", counts.returns);
    printf("executed   %" PRIu64 "\n", el2sim_instructions(sim, 0));
    static const char *const names[] = {"x0",      "pc",      "pstate", "SP_EL1",
                                        "HCR_EL2", "ESR_EL2", "ELR_EL2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) print_register(sim, names[i]);
    if (stop == EL2SIM_POWEROFF) return 0;
    return fail("the guest did not power off", el2sim_stop_text(sim));
}

int main(int argc, char **argv) {
    if (argc < 2) return fail("usage", "count_exits KERNEL [ADDRESS=VALUE]...");
    char error[256];
    el2sim_config config = {.cpu = "cortex-a72", .gic_version = 3};
    el2sim *sim = el2sim_create(&config, error, sizeof error);
    if (!sim) return fail("create", error);
    el2sim_boot boot = {.kernel = argv[1]};
    int status = el2sim_load(sim, &boot, error, sizeof error) ? run(sim, argv + 2, argc - 2)
                                                              : fail("load", error);
    el2sim_free(sim);
    return status;
}
