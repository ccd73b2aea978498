// The options that say what the machine is: -M, -cpu, -smp, -m, clocks, semihosting.
#define _GNU_SOURCE  // strptime, timegm
#include "cli/machine_options.h"

#include "cli/option_values.h"
#include "cpu/cpu_models.h"
#include "machine/virt.h"

#include <string.h>
#include <time.h>

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
    if (!strcmp(key, "virtualization"))
        return option_bool("-M virtualization", value, &c->el2, err);
    if (!strcmp(key, "mte")) return option_bool("-M mte", value, &c->mte, err);
    if (!strcmp(key, "its")) return option_bool("-M its", value, &c->its, err);
    if (!strcmp(key, "highmem")) return option_bool("-M highmem", value, &c->highmem, err);
    if (!strcmp(key, "gic-version")) return set_gic(o, value, err);
    if (!strcmp(key, "dumpdtb")) {
        o->dump_tree = value;
        return value || error_set(err, "-M: dumpdtb needs a file name");
    }
    if (!strcmp(key, "dtb-randomness") || !strcmp(key, "dtb-kaslr-seed")) {
        if (!option_bool("-M dtb-randomness", value, &on, err)) return false;
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
        return option_only("-M", key, value, false, err);
    return option_unknown_key(err, "-M", key);
}

bool machine_option_machine(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    bool first = true;
    while (option_next(&rest, &key, &value)) {
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
    if (!impdef && strcmp(key, "pauth")) return option_unknown_key(err, "-cpu", key);
    if (!option_bool(key, value, &on, err)) return error_prefix(err, "-cpu");
    if (!impdef && (!on || o->machine.pauth == PAUTH_OFF))
        o->machine.pauth = on ? PAUTH_IMPDEF : PAUTH_OFF;
    else if (impdef && on && o->machine.pauth == PAUTH_OFF)
        return error_set(err, "-cpu: pauth-impdef=on needs pauth=on");
    else if (impdef && o->machine.pauth != PAUTH_OFF)
        o->machine.pauth = on ? PAUTH_IMPDEF : PAUTH_QARMA5;
    return true;
}

bool machine_option_cpu(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    if (!option_next(&rest, &key, &value) || value)
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
    while (option_next(&rest, &key, &value)) {
        if (!strncmp(key, "pauth", 5) && !strcmp(o->machine.cpu_model, "max")) {
            if (!cpu_pauth(o, key, value, err)) return false;
        } else if (!strcmp(key, "sve") || !strcmp(key, "sme")) {
            if (!option_only("-cpu", key, value, false, err)) return false;
        } else {
            return error_set(err, "-cpu: property '%s' cannot be changed", key);
        }
    }
    return true;
}

bool machine_option_smp(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    u64 cpus = 0, n, product = 1;
    bool first = true, has_count = false;
    while (option_next(&rest, &key, &value)) {
        const char *number = first && !value ? key : value;
        bool is_count = (first && !value) || !strcmp(key, "cpus");
        first = false;
        if (!option_u64("-smp", number, &n, err)) return false;
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
            return option_unknown_key(err, "-smp", key);
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

bool machine_option_memory(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    if (!option_next(&rest, &key, &value)) return error_set(err, "-m: needs a size");
    if (value && strcmp(key, "size")) return option_unknown_key(err, "-m", key);
    if (!option_size("-m", value ? value : key, &o->machine.ram_size, err)) return false;
    if (option_next(&rest, &key, &value))
        return error_set(err, "-m: memory hotplug (%s) is not modelled", key);
    return true;
}

bool machine_option_clock(RunOptions *o, char *arg, Error *err) {
    o->machine.host_clock = !strcmp(arg, "host");
    return o->machine.host_clock || !strcmp(arg, "virtual") ||
           error_set(err, "--clock: '%s' is neither virtual nor host", arg);
}

bool machine_option_seed(RunOptions *o, char *arg, Error *err) {
    return option_u64("--seed", arg, &o->machine.seed, err);
}

bool machine_option_rtc(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    while (option_next(&rest, &key, &value)) {
        if (strcmp(key, "base") || !value) return option_unknown_key(err, "-rtc", key);
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

bool machine_option_semihosting(RunOptions *o, char *arg, Error *err) {
    (void)arg;
    (void)err;
    o->machine.semihosting = true;
    return true;
}

bool machine_option_semihosting_config(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    o->machine.semihosting = true;
    while (option_next(&rest, &key, &value)) {
        if (!strcmp(key, "enable") || !value) {
            const char *text = value ? value : strcmp(key, "enable") ? key : NULL;
            if (!option_bool("-semihosting-config enable", text, &o->machine.semihosting, err))
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

bool machine_options_check(const MachineConfig *c, Error *err) {
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
