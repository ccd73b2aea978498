#include "booted.h"

#include "cli/options.h"
#include "machine/virt.h"

#include <stdio.h>
#include <stdlib.h>

static int boot_and(const RunOptions *o, int (*run)(Machine *machine, u64 n, u64 m), u64 n, u64 m,
                    Error *err) {
    Machine *machine = machine_create(&o->machine, err);
    if (!machine) return 2;
    int status = 2;
    Boot *boot = NULL;
    if (board_set_serial(machine, &o->serial, err) &&
        (boot = boot_prepare(machine, &o->boot, err))) {
        boot_start(machine, boot);
        status = run(machine, n, m);
        boot_free(boot);
    }
    machine_free(machine);
    return status;
}

int booted_main(int argc, char **argv, int (*run)(Machine *machine, u64 n, u64 m)) {
    static RunOptions options;
    Error err = {""};
    if (argc < 4) return 2;
    u64 n = strtoull(argv[1], NULL, 0), m = strtoull(argv[2], NULL, 0);
    argv[2] = argv[0];
    int status = 2;
    if (options_parse(argc - 2, argv + 2, false, &options, &err) == OPTIONS_RUN)
        status = boot_and(&options, run, n, m, &err);
    if (*err.text) fprintf(stderr, "%s\n", err.text);
    options_free(&options);
    return status;
}
