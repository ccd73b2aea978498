// `el2sim demo`: boots the hypervisor of roms/demo, which is part of this program, and shows every
// exit of its two VMs between the lines of its console, and the table of them.
#define _GNU_SOURCE  // memfd_create
#include "cli/cli.h"
#include "machine/virt.h"
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern const char rom_demo_start[], rom_demo_end[];

typedef struct DemoOptions {
    const char *cpu;
    const char *extract;  // file to write the rom to, instead of running it
    bool quiet;           // no line per exit
} DemoOptions;

const char demo_help[] =
    "Boots a small hypervisor with two VMs and shows each exit and what it cost.\n"
    "  --cpu MODEL      cortex-a57, cortex-a72 (default), neoverse-n1, max\n"
    "  --quiet          only the console and the table\n"
    "  --extract FILE   write the hypervisor as an ELF file, for el2sim run -kernel FILE\n";

static bool parse(int argc, char **argv, DemoOptions *o, Error *err) {
    static const struct option options[] = {{"cpu", required_argument, NULL, 'c'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"extract", required_argument, NULL, 'x'},
                                            {NULL, 0, NULL, 0}};
    *o = (DemoOptions){.cpu = "cortex-a72"};
    optind = 1;
    opterr = 0;
    for (int c; (c = getopt_long_only(argc, argv, "+:", options, NULL)) != -1;) {
        switch (c) {
        case 'c': o->cpu = optarg; break;
        case 'q': o->quiet = true; break;
        case 'x': o->extract = optarg; break;
        case ':': return error_set(err, "demo: '%s' needs a value", argv[optind - 1]);
        default: return error_set(err, "demo: unknown option '%s'", argv[optind - 1]);
        }
    }
    return optind == argc || error_set(err, "demo: unexpected '%s'", argv[optind]);
}

static bool write_rom(int fd, Error *err) {
    for (const char *p = rom_demo_start; p < rom_demo_end;) {
        ssize_t n = write(fd, p, (size_t)(rom_demo_end - p));
        if (n < 0 && errno != EINTR) return error_set(err, "demo: %s", strerror(errno));
        if (n > 0) p += n;
    }
    return true;
}

static bool extract(const char *path, Error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return error_set(err, "demo: cannot open '%s': %s", path, strerror(errno));
    bool ok = write_rom(fd, err);
    if (close(fd) && ok) ok = error_set(err, "demo: cannot write '%s': %s", path, strerror(errno));
    return ok;
}

static bool run(Machine *machine, const char *rom, const DemoOptions *o, Error *err) {
    SerialConfig serial = {.kind = SERIAL_STDIO};
    BootOptions options = {.kernel = rom, .no_seeds = true};
    bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    TraceConfig config = {.exits = !o->quiet,
                          .stats = true,
                          .fd = STDOUT_FILENO,
                          .each_line = true,
                          .colour = colour,
                          .symbols = {{"", rom}},
                          .symbol_count = 1};
    if (!board_set_serial(machine, &serial, err)) return false;
    Boot *boot = boot_prepare(machine, &options, err);
    if (!boot) return false;
    Trace *trace = trace_open(machine, &config, err);
    bool ok = trace != NULL;
    if (ok) {
        boot_start(machine, boot);
        machine_run(machine);
        board_flush(machine);
        ok = trace_close(trace) || error_set(err, "demo: the output could not be written");
    }
    boot_free(boot);
    if (ok && machine->stop != STOP_POWEROFF && machine->stop != STOP_USER)
        return error_set(err, "demo: %s", machine->stop_text);
    return ok;
}

// Returns the exit status; err says what when it is not 0.
static int run_demo(const DemoOptions *o, Error *err) {
    MachineConfig config = {.cpu_model = o->cpu,
                            .cpus = 1,
                            .ram_size = 128 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .its = true,
                            .highmem = true,
                            .seed = 1};
    Machine *machine = machine_create(&config, err);
    if (!machine) return EXIT_USAGE;
    int fd = memfd_create("demo.elf", MFD_CLOEXEC);
    char rom[32];
    snprintf(rom, sizeof rom, "/proc/self/fd/%d", fd);
    bool ok = fd >= 0 || error_set(err, "demo: memfd_create: %s", strerror(errno));
    ok = ok && write_rom(fd, err) && run(machine, rom, o, err);
    machine_free(machine);
    if (fd >= 0) close(fd);
    return ok ? EXIT_GUEST_OFF : EXIT_HOST_ERROR;
}

int demo_main(int argc, char **argv) {
    DemoOptions o;
    Error err = {""};
    if (!parse(argc, argv, &o, &err)) return usage_error(&err);
    if (o.extract) return extract(o.extract, &err) ? EXIT_GUEST_OFF : usage_error(&err);
    int status = run_demo(&o, &err);
    if (status) fprintf(stderr, "el2sim: %s\n", err.text);
    return status;
}
