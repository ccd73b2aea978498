// The command line. Names and suboptions are QEMU's, so that a QEMU command line can be reused; an
// option is accepted only where the machine does what it says, and refused by name otherwise.
#define _GNU_SOURCE  // strptime, timegm
#include "cli/options.h"

#include "cli/trace_options.h"
#include "cpu/cpu_models.h"
#include "machine/virt.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// 2024-01-01 00:00:00 UTC: what the real-time clock starts from, so that runs repeat exactly.
#define RTC_DEFAULT 1704067200

typedef bool (*OptionFunction)(RunOptions *o, char *arg, Error *err);

// --- values --------------------------------------------------------------------------------------

// A private copy of text, to be taken apart.
static char *own(RunOptions *o, const char *text) {
    CHECK(o->owned_count < ARRAY_LEN(o->owned));
    char *copy = strdup(text);
    CHECK(copy);
    return o->owned[o->owned_count++] = copy;
}

// Takes the next suboption off *rest: "key=value,..." with ",," for a comma in a value. False at
// the end.
static bool next_suboption(char **rest, char **key, char **value) {
    char *in = *rest, *out = in;
    if (!in || !*in) return false;
    *key = in;
    *value = NULL;
    for (; *in; in++) {
        if (*in == ',' && in[1] == ',') {
            in++;
        } else if (*in == ',') {
            in++;
            break;
        } else if (*in == '=' && !*value) {
            *out++ = '\0';
            *value = out;
            continue;
        }
        *out++ = *in;
    }
    *rest = in;
    *out = '\0';
    return true;
}

static bool parse_u64(const char *what, const char *text, u64 *out, Error *err) {
    char *end;
    errno = 0;
    *out = strtoull(text ? text : "", &end, 0);
    if (!text || !*text || *end || errno || *text == '-')
        return error_set(err, "%s: '%s' is not a number", what, text ? text : "");
    return true;
}

static bool parse_bool(const char *what, const char *text, bool *out, Error *err) {
    static const char *const yes[] = {"on", "yes", "true", "y"}, *const no[] = {"off", "no",
                                                                                "false", "n"};
    *out = true;
    if (!text) return true;
    for (unsigned i = 0; i < ARRAY_LEN(yes); i++)
        if (!strcmp(text, yes[i])) return true;
    *out = false;
    for (unsigned i = 0; i < ARRAY_LEN(no); i++)
        if (!strcmp(text, no[i])) return true;
    return error_set(err, "%s: '%s' is neither on nor off", what, text);
}

// A size: a number with k, M, G or T; without a suffix in MB.
static bool parse_size(const char *what, const char *text, u64 *out, Error *err) {
    char *end;
    errno = 0;
    double number = strtod(text ? text : "", &end);
    unsigned shift = 20;
    switch (*end) {
    case 'b':
    case 'B':
        shift = 0;
        end++;
        break;
    case 'k':
    case 'K':
        shift = 10;
        end++;
        break;
    case 'm':
    case 'M': end++; break;
    case 'g':
    case 'G':
        shift = 30;
        end++;
        break;
    case 't':
    case 'T':
        shift = 40;
        end++;
        break;
    }
    if (!text || end == text || *end || errno || !(number > 0 && number < 1e9))
        return error_set(err, "%s: '%s' is not a size", what, text ? text : "");
    *out = (u64)(number * (double)(1ull << shift));
    return true;
}

// Refuses suboption `key` of `option`.
static bool unknown_key(Error *err, const char *option, const char *key) {
    return error_set(err, "%s: '%s' is not known", option, key);
}

// A property that has one possible value here.
static bool only(const char *option, const char *key, const char *value, bool want, Error *err) {
    bool got;
    if (!parse_bool(key, value, &got, err)) return error_prefix(err, "%s", option);
    if (got == want) return true;
    return error_set(err, "%s: %s=%s is not modelled", option, key, got ? "on" : "off");
}

// --- the machine ---------------------------------------------------------------------------------

static bool set_gic(RunOptions *o, const char *value, Error *err) {
    if (value && !strcmp(value, "2"))
        o->machine.gic_version = 2;
    else if (value && (!strcmp(value, "3") || !strcmp(value, "max") || !strcmp(value, "host")))
        o->machine.gic_version = 3;
    else
        return error_set(err, "-M: gic-version=%s is not modelled (2, 3, max)", value ? value : "");
    return true;
}

static bool machine_property(RunOptions *o, const char *key, const char *value, Error *err) {
    MachineConfig *c = &o->machine;
    bool on;
    if (!strcmp(key, "virtualization")) return parse_bool("-M virtualization", value, &c->el2, err);
    if (!strcmp(key, "mte")) return parse_bool("-M mte", value, &c->mte, err);
    if (!strcmp(key, "its")) return parse_bool("-M its", value, &c->its, err);
    if (!strcmp(key, "highmem")) return parse_bool("-M highmem", value, &c->highmem, err);
    if (!strcmp(key, "gic-version")) return set_gic(o, value, err);
    if (!strcmp(key, "dumpdtb")) {
        o->dump_tree = value;
        return value || error_set(err, "-M: dumpdtb needs a file name");
    }
    if (!strcmp(key, "dtb-randomness") || !strcmp(key, "dtb-kaslr-seed")) {
        if (!parse_bool("-M dtb-randomness", value, &on, err)) return false;
        o->boot.no_seeds = !on;
        return true;
    }
    if (!strcmp(key, "accel"))
        return (value && !strcmp(value, "tcg")) ||
               error_set(err, "-M: accel=%s is not available: el2sim interprets",
                         value ? value : "");
    if (!strcmp(key, "iommu"))
        return (value && !strcmp(value, "none")) ||
               error_set(err, "-M: iommu=%s is not modelled", value);
    if (!strcmp(key, "secure") || !strcmp(key, "acpi") || !strcmp(key, "ras") ||
        !strcmp(key, "usb") || !strcmp(key, "graphics"))
        return only("-M", key, value, false, err);
    return unknown_key(err, "-M", key);
}

static bool opt_machine(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    bool first = true;
    while (next_suboption(&rest, &key, &value)) {
        const char *type = first && !value ? key : !strcmp(key, "type") ? value : NULL;
        if (type && strcmp(type, "virt"))
            return error_set(err, "-M: no machine '%s' (there is: virt)", type);
        if (!type && !machine_property(o, key, value, err)) return false;
        first = false;
    }
    return true;
}

// Pointer authentication of `max`, with QEMU's names. Its codes are IMPLEMENTATION DEFINED unless
// QARMA5 is asked for, which is slow.
static bool cpu_pauth(RunOptions *o, const char *key, const char *value, Error *err) {
    bool on, impdef = !strcmp(key, "pauth-impdef");
    if (!impdef && strcmp(key, "pauth")) return unknown_key(err, "-cpu", key);
    if (!parse_bool(key, value, &on, err)) return error_prefix(err, "-cpu");
    if (!impdef && (!on || o->machine.pauth == PAUTH_OFF))
        o->machine.pauth = on ? PAUTH_IMPDEF : PAUTH_OFF;
    else if (impdef && on && o->machine.pauth == PAUTH_OFF)
        return error_set(err, "-cpu: pauth-impdef=on needs pauth=on");
    else if (impdef && o->machine.pauth != PAUTH_OFF)
        o->machine.pauth = on ? PAUTH_IMPDEF : PAUTH_QARMA5;
    return true;
}

static bool opt_cpu(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    if (!next_suboption(&rest, &key, &value) || value)
        return error_set(err, "-cpu: a name must come first");
    o->machine.cpu_model = key;
    bool known = false;
    for (unsigned i = 0; cpu_model_name(i); i++) known |= !strcmp(cpu_model_name(i), key);
    if (!known) {
        error_set(err, "-cpu: no CPU '%s' (there are:", key);
        for (unsigned i = 0; cpu_model_name(i); i++) {
            size_t n = strlen(err->text);
            snprintf(err->text + n, sizeof err->text - n, " %s%s", cpu_model_name(i),
                     cpu_model_name(i + 1) ? "" : ")");
        }
        return false;
    }
    while (next_suboption(&rest, &key, &value)) {
        if (!strncmp(key, "pauth", 5) && !strcmp(o->machine.cpu_model, "max")) {
            if (!cpu_pauth(o, key, value, err)) return false;
        } else if (!strcmp(key, "sve") || !strcmp(key, "sme")) {
            if (!only("-cpu", key, value, false, err)) return false;
        } else {
            return error_set(err, "-cpu: property '%s' cannot be changed", key);
        }
    }
    return true;
}

static bool opt_smp(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    u64 cpus = 0, n, product = 1;
    bool first = true, has_count = false;
    while (next_suboption(&rest, &key, &value)) {
        const char *number = first && !value ? key : value;
        bool is_count = (first && !value) || !strcmp(key, "cpus");
        first = false;
        if (!parse_u64("-smp", number, &n, err)) return false;
        if (is_count) {
            cpus = n;
            has_count = true;
        } else if (!strcmp(key, "maxcpus")) {
            if (cpus && n != cpus)
                return error_set(err, "-smp: CPU hotplug (maxcpus) is not modelled");
        } else if (!strcmp(key, "cores") || !strcmp(key, "sockets") || !strcmp(key, "clusters") ||
                   !strcmp(key, "threads") || !strcmp(key, "dies")) {
            if (n != 1 && strcmp(key, "cores"))
                return error_set(err, "-smp: a topology with %s=%s is not modelled", key, value);
            product *= n ? n : 1;
        } else {
            return unknown_key(err, "-smp", key);
        }
    }
    if (!has_count) cpus = product;
    if (product != 1 && product != cpus)
        return error_set(err, "-smp: cores=%llu does not make %llu CPUs",
                         (unsigned long long)product, (unsigned long long)cpus);
    if (cpus < 1 || cpus > VIRT_CPUS_MAX)
        return error_set(err, "-smp: %llu CPUs; from 1 to %d are possible",
                         (unsigned long long)cpus, VIRT_CPUS_MAX);
    o->machine.cpus = (unsigned)cpus;
    return true;
}

static bool opt_memory(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    if (!next_suboption(&rest, &key, &value)) return error_set(err, "-m: needs a size");
    if (value && strcmp(key, "size")) return unknown_key(err, "-m", key);
    if (!parse_size("-m", value ? value : key, &o->machine.ram_size, err)) return false;
    if (next_suboption(&rest, &key, &value))
        return error_set(err, "-m: memory hotplug (%s) is not modelled", key);
    return true;
}

static bool opt_clock(RunOptions *o, char *arg, Error *err) {
    o->machine.host_clock = !strcmp(arg, "host");
    return o->machine.host_clock || !strcmp(arg, "virtual") ||
           error_set(err, "--clock: '%s' is neither virtual nor host", arg);
}

static bool opt_seed(RunOptions *o, char *arg, Error *err) {
    return parse_u64("--seed", arg, &o->machine.seed, err);
}

static bool opt_rtc(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    while (next_suboption(&rest, &key, &value)) {
        if (strcmp(key, "base") || !value) return unknown_key(err, "-rtc", key);
        struct tm tm = {0};
        const char *end;
        if (!strcmp(value, "utc")) {
            o->rtc_epoch = time(NULL);
        } else if (((end = strptime(value, "%Y-%m-%dT%H:%M:%S", &tm)) ||
                    (end = strptime(value, "%Y-%m-%d", &tm))) &&
                   !*end) {
            o->rtc_epoch = timegm(&tm);
        } else {
            return error_set(err, "-rtc: base=%s is neither utc nor YYYY-MM-DD[Thh:mm:ss]", value);
        }
    }
    return true;
}

static bool opt_semihosting(RunOptions *o, char *arg, Error *err) {
    (void)arg;
    (void)err;
    o->machine.semihosting = true;
    return true;
}

static bool opt_semihosting_config(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    o->machine.semihosting = true;
    while (next_suboption(&rest, &key, &value)) {
        if (!strcmp(key, "enable") || !value) {
            const char *text = value ? value : strcmp(key, "enable") ? key : NULL;
            if (!parse_bool("-semihosting-config enable", text, &o->machine.semihosting, err))
                return false;
        } else if (!strcmp(key, "target")) {
            if (strcmp(value, "native") && strcmp(value, "auto"))
                return error_set(err, "-semihosting-config: target=%s is not available", value);
        } else {
            return error_set(err, "-semihosting-config: '%s' is not modelled", key);
        }
    }
    return true;
}

// --- software ------------------------------------------------------------------------------------

static bool opt_kernel(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.kernel = arg;
    return true;
}
static bool opt_initrd(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.initrd = arg;
    return true;
}
static bool opt_append(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.append = arg;
    return true;
}
static bool opt_dtb(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.dtb = arg;
    return true;
}
static bool opt_bios(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.bios = arg;
    return true;
}

static bool loader_property(LoaderDevice *l, const char *key, char *value, Error *err) {
    u64 n;
    if (!strcmp(key, "file")) {
        l->file = value;
    } else if (!strcmp(key, "addr")) {
        l->has_addr = true;
        return parse_u64("-device loader: addr", value, &l->addr, err);
    } else if (!strcmp(key, "force-raw")) {
        return parse_bool("-device loader: force-raw", value, &l->force_raw, err);
    } else if (!strcmp(key, "cpu-num")) {
        if (!parse_u64("-device loader: cpu-num", value, &n, err)) return false;
        if (n >= VIRT_CPUS_MAX) return error_set(err, "-device loader: there is no CPU %s", value);
        l->cpu_num = (int)n;
    } else if (!strcmp(key, "data")) {
        return parse_u64("-device loader: data", value, &l->data, err);
    } else if (!strcmp(key, "data-len")) {
        if (!parse_u64("-device loader: data-len", value, &n, err)) return false;
        if (n < 1 || n > 8) return error_set(err, "-device loader: data-len must be from 1 to 8");
        l->data_len = (unsigned)n;
    } else if (!strcmp(key, "data-be")) {
        return parse_bool("-device loader: data-be", value, &l->data_be, err);
    } else {
        return unknown_key(err, "-device loader", key);
    }
    return true;
}

static bool device_loader(RunOptions *o, char *rest, Error *err) {
    char *key, *value;
    bool has_data = false;
    LoaderDevice l = {.cpu_num = -1};
    while (next_suboption(&rest, &key, &value)) {
        if (!value && strcmp(key, "force-raw") && strcmp(key, "data-be"))
            return error_set(err, "-device loader: '%s' needs a value", key);
        if (!loader_property(&l, key, value, err)) return false;
        has_data |= !strcmp(key, "data");
    }
    if (has_data != (l.data_len != 0))
        return error_set(err, "-device loader: data and data-len go together");
    if (has_data && l.file)
        return error_set(err, "-device loader: file and data exclude each other");
    if (o->boot.loader_count == LOADERS_MAX) return error_set(err, "-device loader: too many");
    o->boot.loaders[o->boot.loader_count++] = l;
    return true;
}

static bool device_guest_loader(RunOptions *o, char *rest, Error *err) {
    char *key, *value;
    GuestModule g = {0};
    while (next_suboption(&rest, &key, &value)) {
        if (!value) return error_set(err, "-device guest-loader: '%s' needs a value", key);
        if (!strcmp(key, "addr")) {
            if (!parse_u64("-device guest-loader: addr", value, &g.addr, err)) return false;
        } else if (!strcmp(key, "kernel")) {
            g.kernel = value;
        } else if (!strcmp(key, "initrd")) {
            g.initrd = value;
        } else if (!strcmp(key, "bootargs")) {
            g.bootargs = value;
        } else {
            return unknown_key(err, "-device guest-loader", key);
        }
    }
    if (!g.addr || !g.kernel == !g.initrd || (g.bootargs && !g.kernel))
        return error_set(
            err, "-device guest-loader needs addr= and either kernel=[,bootargs=] or initrd=");
    if (o->boot.module_count == MODULES_MAX)
        return error_set(err, "-device guest-loader: too many");
    o->boot.modules[o->boot.module_count++] = g;
    return true;
}

static bool opt_device(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    if (!next_suboption(&rest, &key, &value)) return error_set(err, "-device: needs a name");
    const char *name = value && !strcmp(key, "driver") ? value : key;
    if (!strcmp(name, "loader")) return device_loader(o, rest, err);
    if (!strcmp(name, "guest-loader")) return device_guest_loader(o, rest, err);
    return error_set(err, "-device: '%s' is not modelled (there are: loader, guest-loader)", name);
}

static bool opt_drive(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    const char *interface = "virtio", *file = NULL;
    u64 unit = ~0ull;
    bool readonly = false;
    while (next_suboption(&rest, &key, &value)) {
        if (!strcmp(key, "if"))
            interface = value ? value : "";
        else if (!strcmp(key, "file"))
            file = value;
        else if (!strcmp(key, "unit") || !strcmp(key, "index")) {
            if (!parse_u64("-drive: unit", value, &unit, err)) return false;
        } else if (!strcmp(key, "readonly") || !strcmp(key, "read-only")) {
            if (!parse_bool("-drive: readonly", value, &readonly, err)) return false;
        } else if (!strcmp(key, "format")) {
            if (!value || strcmp(value, "raw"))
                return error_set(err, "-drive: format=%s is not modelled (raw)",
                                 value ? value : "");
        } else if (strcmp(key, "id")) {
            return error_set(err, "-drive: '%s' is not modelled", key);
        }
    }
    if (strcmp(interface, "pflash"))
        return error_set(err, "-drive: if=%s is not modelled (there is: pflash)", interface);
    if (unit == ~0ull) unit = o->pflash[0].file ? 1 : 0;
    if (!file || unit > 1) return error_set(err, "-drive if=pflash needs file= and unit=0 or 1");
    if (o->pflash[unit].file)
        return error_set(err, "-drive: pflash unit %llu is given twice", (unsigned long long)unit);
    o->pflash[unit] = (Pflash){file, readonly};
    return true;
}

static bool opt_pflash(RunOptions *o, char *arg, Error *err) {
    unsigned unit = o->pflash[0].file ? 1 : 0;
    if (o->pflash[unit].file) return error_set(err, "-pflash: more than two");
    o->pflash[unit] = (Pflash){arg, false};
    return true;
}

static bool opt_fw_cfg(RunOptions *o, char *arg, Error *err) {
    char *rest = own(o, arg), *key, *value;
    FwCfgFile f = {0};
    while (next_suboption(&rest, &key, &value)) {
        if (!strcmp(key, "name"))
            f.name = value;
        else if (!strcmp(key, "file"))
            f.path = value;
        else if (!strcmp(key, "string"))
            f.string = value;
        else if (!value && !f.name)
            f.name = key;
        else
            return unknown_key(err, "-fw_cfg", key);
    }
    if (!f.name || !f.path == !f.string)
        return error_set(err, "-fw_cfg needs name= and either file= or string=");
    if (o->fw_cfg_count == ARRAY_LEN(o->fw_cfg)) return error_set(err, "-fw_cfg: too many");
    o->fw_cfg[o->fw_cfg_count++] = f;
    return true;
}

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
    if (!parse_u64("--timeout-insns", arg, &o->insn_limit, err)) return false;
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
    {"M", true, opt_machine, "virt[,PROP=VALUE...]",
     "virtualization=on|off, gic-version=2|3, its=on|off,\n"
     "highmem=on|off, mte=on|off, dtb-randomness=on|off, dumpdtb=FILE"},
    {"machine", true, opt_machine, NULL, NULL},
    {"cpu", true, opt_cpu, "NAME", "CPU model; an unknown name lists them"},
    {"smp", true, opt_smp, "N", "number of CPUs (1)"},
    {"m", true, opt_memory, "SIZE[k|M|G]", "RAM, in MB without a suffix (128)"},
    {"kernel", true, opt_kernel, "FILE", "ELF64, arm64 Image (plain, gzip, EFI zboot) or raw code"},
    {"initrd", true, opt_initrd, "FILE", "initial RAM disk"},
    {"append", true, opt_append, "TEXT", "kernel command line (/chosen/bootargs)"},
    {"dtb", true, opt_dtb, "FILE", "device tree to use instead of the board's own"},
    {"bios", true, opt_bios, "FILE", "firmware in flash 0; the CPU starts at address 0"},
    {"drive", true, opt_drive, "if=pflash,file=FILE,...", "unit=0|1, format=raw, readonly=on|off"},
    {"pflash", true, opt_pflash, "FILE", "the next pflash image, 64 MB"},
    {"device", true, opt_device, "loader,...",
     "file=, addr=, force-raw=on, cpu-num=N, data=, data-len=\n"
     "guest-loader,addr=,kernel=FILE[,bootargs=TEXT] | initrd=FILE"},
    {"fw_cfg", true, opt_fw_cfg, "name=N,file=F|string=S", "a file for firmware"},
    {"serial", true, opt_serial, "stdio|mon:stdio|file:PATH|none",
     "where the serial line goes (mon:stdio)"},
    {"nographic", false, opt_satisfied, "",
     "serial line on stdio; Ctrl-A h lists commands (default)"},
    {"no-reboot", false, opt_no_reboot, "", "a reset ends the run"},
    {"rtc", true, opt_rtc, "base=utc|DATE", "start of the real-time clock (2024-01-01)"},
    {"semihosting", false, opt_semihosting, "", "HLT #0xf000 calls the host: console, exit status"},
    {"semihosting-config", true, opt_semihosting_config, NULL, NULL},
    {"clock", true, opt_clock, "virtual|host",
     "1 instruction = 1 ns (default), or the host's clock"},
    {"seed", true, opt_seed, "N", "of everything random (0)"},
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
    printf("usage: el2sim [run] [options]     run a machine\n"
           "       el2sim debug [options]     stand at its first instruction and take commands\n"
           "       el2sim exec WORD...        execute a few instructions on a given state\n"
           "       el2sim demo                run the built-in demonstration\n"
           "       el2sim decode WORD...      what the decoder makes of instruction words\n"
           "       el2sim isa [ROW...]        the rows of the instruction tables\n"
           "       el2sim --version | --help\n\n"
           "Options have QEMU's names, with one dash or two:\n");
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

static bool check_machine(const MachineConfig *c, Error *err) {
    if (c->gic_version == 2 && c->cpus > 8)
        return error_set(err, "-smp: %u CPUs, but GICv2 has 8 at most (-M gic-version=3)", c->cpus);
    if (c->ram_size < 1 << 20 || c->ram_size % (64 << 10))
        return error_set(err, "-m: RAM must be at least 1 MB and a multiple of 64 KB");
    if (c->ram_size > VIRT_RAM_MAX) return error_set(err, "-m: at most 64 GB of RAM are possible");
    if (!c->highmem && c->ram_size > 3ull << 30)
        return error_set(err,
                         "-m: with highmem=off RAM ends at 4 GB, so at most 3 GB are possible");
    return true;
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
    return check_machine(&o->machine, err);
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
