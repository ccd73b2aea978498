// Fuzz target: a file of hostile bytes as -kernel, -initrd, -dtb or -bios. The loader must answer with an
// error line or a machine that can start; never a crash or a hang. First byte: what the file is given as.
#define _GNU_SOURCE
#include "machine/loader.h"
#include "machine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t
        plain[4096];  // a raw kernel for the cases where another file is the hostile one
    if (size < 1) return 0;
    unsigned as = data[0] & 3;
    char path[2][32];
    int fd[2];
    for (int i = 0; i < 2; i++) {
        fd[i] = memfd_create("fuzz", 0);
        snprintf(path[i], sizeof path[i], "/proc/self/fd/%d", fd[i]);
    }
    if (fd[0] < 0 || fd[1] < 0 || write(fd[0], data + 1, size - 1) != (ssize_t)(size - 1) ||
        write(fd[1], plain, sizeof plain) != (ssize_t)sizeof plain)
        abort();
    MachineConfig config = {.cpu_model = "cortex-a72",
                            .cpus = 1,
                            .ram_size = 64 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .highmem = true};
    Error err = {0};
    Machine *machine = machine_create(&config, &err);
    if (!machine) abort();
    BootOptions options = {.kernel = path[as ? 1 : 0],
                           .initrd = as == 1 ? path[0] : NULL,
                           .dtb = as == 2 ? path[0] : NULL,
                           .append = "console=ttyAMA0"};
    if (as == 3) options = (BootOptions){.bios = path[0]};
    Boot *boot = boot_prepare(machine, &options, &err);
    if (boot) {
        boot_start(machine, boot);
        machine->insn_limit = 1000;
        machine_run(machine);
    } else if (!err.text[0]) {
        abort();  // a failure without a line for the user
    }
    boot_free(boot);
    machine_free(machine);
    close(fd[0]);
    close(fd[1]);
    return 0;
}
