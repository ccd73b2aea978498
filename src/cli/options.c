// The command line. Names and suboptions are QEMU's, so that a QEMU command line can be reused; an
// option is accepted only where the machine does what it says, and refused by name otherwise.
#include "cli/options.h"

#include "cli/machine_options.h"
#include "cli/option_values.h"
#include "cli/software_options.h"
#include "cli/trace_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// 2024-01-01 00:00:00 UTC: what the real-time clock starts from, so that runs repeat exactly.
#define RTC_DEFAULT 1704067200

typedef bool (*OptionFunction)(RunOptions *o, char *arg, Error *err);

// --- host side -----------------------------------------------------------------------------------

enum { SERIAL_DEFAULT = -1 };  // RunOptions.serial.kind before any option decided

static bool opt_serial(RunOptions *o, char *arg, Error *err) {
    if ((int)o->serial.kind != SERIAL_DEFAULT)
        return !strcmp(arg, "none") || error_set(err, "-serial: the board has one serial line");
    if (!strcmp(arg, "none") || !strcmp(arg, "null"))
        o->serial = (SerialConfig){.kind = SERIAL_NONE};
    else if (!strcmp(arg, "stdio"))
        o->serial = (SerialConfig){.kind = SERIAL_STDIO};
    else if (!strcmp(arg, "mon:stdio"))
        o->serial = (SerialConfig){.kind = SERIAL_STDIO, .escape = true};
    else if (!strncmp(arg, "file:", 5) && arg[5])
        o->serial = (SerialConfig){.kind = SERIAL_FILE, .path = arg + 5};
    else
        return error_set(err, "-serial: '%s' is not modelled (stdio, mon:stdio, file:PATH, none)",
                         arg);
    return true;
}

static bool opt_satisfied(RunOptions *o, char *arg, Error *err) {
    (void)o;
    (void)arg;
    (void)err;
    return true;
}
static bool opt_only_none(RunOptions *o, char *arg, Error *err) {
    (void)o;
    return !strcmp(arg, "none") || error_set(err, "'%s' is not modelled (only: none)", arg);
}
static bool opt_accel(RunOptions *o, char *arg, Error *err) {
    (void)o;
    return (!strncmp(arg, "tcg", 3) && (!arg[3] || arg[3] == ',')) ||
           error_set(err, "-accel: '%s' is not available: el2sim interprets", arg);
}
static bool opt_no_reboot(RunOptions *o, char *arg, Error *err) {
    (void)arg;
    (void)err;
    o->no_reboot = true;
    return true;
}
static bool opt_gdb(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->gdb = arg ? arg : "tcp::1234";
    return true;
}

static bool opt_gdb_wait(RunOptions *o, char *arg, Error *err) {
    (void)arg;
    (void)err;
    o->gdb_wait = true;
    return true;
}
static bool opt_not_modelled(RunOptions *o, char *arg, Error *err) {
    (void)o;
    return error_set(err, "'%s' is not modelled", arg ? arg : "this");
}

static bool add_script(RunOptions *o, bool is_file, const char *text, Error *err) {
    if (o->script_count == DEBUG_SCRIPTS_MAX)
        return error_set(err, "-x and -ex: more than %d", DEBUG_SCRIPTS_MAX);
    o->scripts[o->script_count++] = (DebugScript){is_file, text};
    return o->debug || error_set(err, "-x, -ex and --batch belong to el2sim debug");
}

static bool opt_script(RunOptions *o, char *arg, Error *err) {
    return add_script(o, true, arg, err);
}
static bool opt_command(RunOptions *o, char *arg, Error *err) {
    return add_script(o, false, arg, err);
}

static bool opt_batch(RunOptions *o, char *arg, Error *err) {
    (void)arg;
    o->batch = true;
    return o->debug || error_set(err, "-x, -ex and --batch belong to el2sim debug");
}

static bool opt_timeout(RunOptions *o, char *arg, Error *err) {
    if (!option_u64("--timeout-insns", arg, &o->insn_limit, err)) return false;
    return o->insn_limit || error_set(err, "--timeout-insns: must be at least 1");
}

static bool add_pattern(RunOptions *o, Patterns *p, const char *option, const char *text,
                        Error *err) {
    if (o->debug) return error_set(err, "--expect, --fail and --junit belong to el2sim run");
    if (!*text) return error_set(err, "%s: an empty expression matches everything", option);
    if (p->count == PATTERNS_MAX) return error_set(err, "%s: more than %d", option, PATTERNS_MAX);
    p->text[p->count++] = text;
    return true;
}
static bool opt_expect(RunOptions *o, char *arg, Error *err) {
    return add_pattern(o, &o->expect, "--expect", arg, err);
}
static bool opt_fail(RunOptions *o, char *arg, Error *err) {
    return add_pattern(o, &o->fail, "--fail", arg, err);
}
static bool opt_junit(RunOptions *o, char *arg, Error *err) {
    o->junit = arg;
    return !o->debug || error_set(err, "--expect, --fail and --junit belong to el2sim run");
}

static bool opt_lint(RunOptions *o, char *arg, Error *err) {
    return lint_parse(arg, &o->lint, err);
}

// --- the table -----------------------------------------------------------------------------------

typedef struct OptionRow {
    const char *name;
    int has_arg;  // no_argument (false), required_argument (true), optional_argument
    OptionFunction set;
    const char *arg, *help;  // help NULL: not listed
} OptionRow;

static const OptionRow rows[] = {
    {"M", true, machine_option_machine, "virt[,PROP=VALUE...]",
     "virtualization=on|off, gic-version=2|3, its=on|off,\n"
     "highmem=on|off, mte=on|off, dtb-randomness=on|off, dumpdtb=FILE"},
    {"machine", true, machine_option_machine, NULL, NULL},
    {"cpu", true, machine_option_cpu, "NAME", "CPU model; an unknown name lists them"},
    {"smp", true, machine_option_smp, "N", "number of CPUs (1)"},
    {"m", true, machine_option_memory, "SIZE[k|M|G]", "RAM, in MB without a suffix (128)"},
    {"kernel", true, software_option_kernel, "FILE",
     "ELF64, arm64 Image (plain, gzip, EFI zboot) or raw code"},
    {"initrd", true, software_option_initrd, "FILE", "initial RAM disk"},
    {"append", true, software_option_append, "TEXT", "kernel command line (/chosen/bootargs)"},
    {"dtb", true, software_option_dtb, "FILE", "device tree to use instead of the board's own"},
    {"bios", true, software_option_bios, "FILE",
     "firmware in flash 0; the CPU starts at address 0"},
    {"drive", true, software_option_drive, "if=pflash,file=FILE,...",
     "unit=0|1, format=raw, readonly=on|off"},
    {"pflash", true, software_option_pflash, "FILE", "the next pflash image, 64 MB"},
    {"device", true, software_option_device, "loader,...",
     "file=, addr=, force-raw=on, cpu-num=N, data=, data-len=\n"
     "guest-loader,addr=,kernel=FILE[,bootargs=TEXT] | initrd=FILE"},
    {"fw_cfg", true, software_option_fw_cfg, "name=N,file=F|string=S", "a file for firmware"},
    {"serial", true, opt_serial, "stdio|mon:stdio|file:PATH|none",
     "where the serial line goes (mon:stdio)"},
    {"nographic", false, opt_satisfied, "",
     "serial line on stdio; Ctrl-A h lists commands (default)"},
    {"no-reboot", false, opt_no_reboot, "", "a reset ends the run"},
    {"rtc", true, machine_option_rtc, "base=utc|DATE", "start of the real-time clock (2024-01-01)"},
    {"semihosting", false, machine_option_semihosting, "",
     "HLT #0xf000 calls the host: console, exit status"},
    {"semihosting-config", true, machine_option_semihosting_config, NULL, NULL},
    {"clock", true, machine_option_clock, "virtual|host",
     "1 instruction = 1 ns (default), or the host's clock"},
    {"seed", true, machine_option_seed, "N", "of everything random (0)"},
    {"timeout-insns", true, opt_timeout, "N", "stop after N instructions, status 67"},
    {"expect", true, opt_expect, "REGEX",
     "success (status 0) when a line of the console matches; several: in order"},
    {"fail", true, opt_fail, "REGEX", "a line of the console that ends the run, status 70"},
    {"junit", true, opt_junit, "FILE", "a JUnit report of the expectations"},
    {"lint", true, opt_lint, "all|none|NAME[:error],...|error",
     "warnings about mistakes of the hypervisor (docs/lints.md)"},
    {"trace", true, trace_option_trace, "KIND,...[=FILE]|insn=FILE",
     "exits: a line for each exception to EL2 and each return\n"
     "mmio, hypercall, tlb: accesses to devices, HVC and SMC, TLBI\n"
     "irq: pending, list register, acknowledge, EOI, maintenance\n"
     "sysreg: MSR and MRS with old and new values; walk: translation tables\n"
     "insn:text: each instruction with the registers it changes\n"
     "insn=FILE: every instruction, for el2sim trace show"},
    {"insn-counts", true, trace_option_insn_counts, "FILE",
     "how often each row of the instruction tables was executed"},
    {"trace-filter", true, trace_option_filter, "KEY=VALUE,...",
     "only lines for which all hold: cpu, el, vm, vmid, pc, va, ipa, pa, class,\n"
     "icount, intid; ranges are A..B, functions by their symbol"},
    {"trace-on-fail", true, trace_option_on_fail, "N",
     "no lines unless the run fails (exit status not 0): then the last N"},
    {"symbols", true, trace_option_symbols, "[el2:|vm1:]FILE",
     "ELF or System.map for names in traces"},
    {"gdb", true, opt_gdb, "tcp::PORT|tcp:HOST:PORT|unix:PATH",
     "gdb or lldb can connect there (without HOST: from this host only)"},
    {"s", false, opt_gdb, "", "the same as -gdb tcp::1234"},
    {"S", false, opt_gdb_wait, "", "start only when the debugger says so (with -gdb)"},
    {"stats", optional_argument, trace_option_stats, "[=table|json|csv[:FILE]]",
     "a table of exits at the end"},
    {"stats-by", true, trace_option_stats_by, "DIMENSION,...",
     "vm, vcpu, class, detail, function, ipa, hypercall"},
    {"x", true, opt_script, "FILE", "debug: executes the commands of FILE first"},
    {"ex", true, opt_command, "COMMAND", "debug: executes COMMAND first"},
    {"batch", false, opt_batch, "", "debug: leaves after -x and -ex"},
    // Satisfied by what el2sim is.
    {"display", true, opt_only_none, NULL, NULL},
    {"monitor", true, opt_only_none, NULL, NULL},
    {"parallel", true, opt_only_none, NULL, NULL},
    {"vga", true, opt_only_none, NULL, NULL},
    {"net", true, opt_only_none, NULL, NULL},
    {"nic", true, opt_only_none, NULL, NULL},
    {"nodefaults", false, opt_satisfied, NULL, NULL},
    {"no-user-config", false, opt_satisfied, NULL, NULL},
    {"no-acpi", false, opt_satisfied, NULL, NULL},
    {"accel", true, opt_accel, NULL, NULL},
    // Known and refused.
    {"netdev", true, opt_not_modelled, NULL, NULL},
    {"chardev", true, opt_not_modelled, NULL, NULL},
    {"object", true, opt_not_modelled, NULL, NULL},
    {"blockdev", true, opt_not_modelled, NULL, NULL},
    {"hda", true, opt_not_modelled, NULL, NULL},
    {"sd", true, opt_not_modelled, NULL, NULL},
    {"enable-kvm", false, opt_not_modelled, NULL, NULL},
    {"qmp", true, opt_not_modelled, NULL, NULL},
    {"d", true, opt_not_modelled, NULL, NULL},
    {"icount", true, opt_not_modelled, NULL, NULL},
};

enum { OPT_HELP = 1000, OPT_VERSION };

void options_print_help(void) {
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].help) continue;
        printf("  -%s %s\n", rows[i].name, rows[i].arg);
        for (const char *line = rows[i].help; line;) {
            size_t n = strcspn(line, "\n");
            printf("        %.*s\n", (int)n, line);
            line = line[n] ? line + n + 1 : NULL;
        }
    }
}

// --- parsing -------------------------------------------------------------------------------------

static void set_defaults(RunOptions *o) {
    *o = (RunOptions){0};
    o->machine = (MachineConfig){.cpu_model = "cortex-a57",
                                 .cpus = 1,
                                 .ram_size = 128 << 20,
                                 .gic_version = 2,
                                 .el2 = true,
                                 .its = true,
                                 .highmem = true};
    o->serial.kind = (SerialKind)SERIAL_DEFAULT;
    o->rtc_epoch = RTC_DEFAULT;
}

// What can only be said when all options are known.
static bool finish(RunOptions *o, bool nodefaults, Error *err) {
    if ((int)o->serial.kind == SERIAL_DEFAULT) {
        o->serial = nodefaults ? (SerialConfig){.kind = SERIAL_NONE}
                               : (SerialConfig){.kind = SERIAL_STDIO, .escape = true};
    }
    o->serial.debug_key = o->serial.kind == SERIAL_STDIO && isatty(STDIN_FILENO);
    if (o->boot.initrd && !o->boot.kernel) return error_set(err, "-initrd needs -kernel");
    if (o->boot.append && !o->boot.kernel) return error_set(err, "-append needs -kernel");
    if (o->boot.bios && o->pflash[0].file)
        return error_set(err, "-bios and pflash unit 0 exclude each other");
    if (!trace_options_finish(o, err)) return false;
    if (o->gdb_wait && !o->gdb) return error_set(err, "-S needs -gdb (or use el2sim debug)");
    if (o->gdb && o->debug) return error_set(err, "-gdb: el2sim debug is a debugger itself");
    o->boot.has_pflash0 = o->pflash[0].file != NULL;
    o->boot.tree_only = o->dump_tree != NULL;
    if (o->machine.host_clock && o->rtc_epoch == RTC_DEFAULT) o->rtc_epoch = time(NULL);
    return machine_options_check(&o->machine, err);
}

// The text of the option as the user wrote it, without dashes and value.
static bool is_abbreviated(const char *text, const char *name) {
    while (*text == '-') text++;
    size_t n = strcspn(text, "=");
    return n != strlen(name) || strncmp(text, name, n);
}

static OptionsResult parse_loop(int argc, char **argv, RunOptions *o, Error *err) {
    struct option table[ARRAY_LEN(rows) + 4] = {{0}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        table[i] = (struct option){rows[i].name, rows[i].has_arg, NULL, (int)i};
    unsigned n = ARRAY_LEN(rows);
    table[n++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    table[n++] = (struct option){"h", no_argument, NULL, OPT_HELP};
    table[n++] = (struct option){"version", no_argument, NULL, OPT_VERSION};
    bool nodefaults = false;
    opterr = 0;
    optind = 1;
    for (;;) {
        int at = optind, index = -1;
        // "+": the first word that is no option ends the options; ":" tells a missing value apart.
        int c = getopt_long_only(argc, argv, "+:", table, &index);
        if (c == -1) break;
        if (c == ':') {
            error_set(err, "option '%s' needs a value", argv[at]);
            return OPTIONS_ERROR;
        }
        if (c == '?' || is_abbreviated(argv[at], table[index].name)) {
            error_set(err, "unknown option '%s' (el2sim --help lists them)", argv[at]);
            return OPTIONS_ERROR;
        }
        if (c == OPT_HELP) return OPTIONS_HELP;
        if (c == OPT_VERSION) return OPTIONS_VERSION;
        nodefaults |= !strcmp(rows[c].name, "nodefaults");
        if (!rows[c].set(o, optarg, err)) {
            if (rows[c].set == opt_not_modelled || rows[c].set == opt_only_none)
                error_prefix(err, "-%s", rows[c].name);
            return OPTIONS_ERROR;
        }
    }
    if (optind < argc) {
        error_set(err, "unexpected argument '%s' (disk images are not modelled)", argv[optind]);
        return OPTIONS_ERROR;
    }
    return finish(o, nodefaults, err) ? OPTIONS_RUN : OPTIONS_ERROR;
}

OptionsResult options_parse(int argc, char **argv, bool debug, RunOptions *out, Error *err) {
    set_defaults(out);
    out->debug = debug;
    return parse_loop(argc, argv, out, err);
}

void options_free(RunOptions *o) {
    for (unsigned i = 0; i < o->owned_count; i++) free(o->owned[i]);
    o->owned_count = 0;
}
