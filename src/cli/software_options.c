// The options that say what is loaded: -kernel and its like, -device loader, flash, files of -fw_cfg.
#include "cli/software_options.h"

#include "cli/option_values.h"
#include "machine/virt.h"

#include <string.h>

bool software_option_kernel(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.kernel = arg;
    return true;
}
bool software_option_initrd(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.initrd = arg;
    return true;
}
bool software_option_append(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.append = arg;
    return true;
}
bool software_option_dtb(RunOptions *o, char *arg, Error *err) {
    (void)err;
    o->boot.dtb = arg;
    return true;
}
bool software_option_bios(RunOptions *o, char *arg, Error *err) {
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
        return option_u64("-device loader: addr", value, &l->addr, err);
    } else if (!strcmp(key, "force-raw")) {
        return option_bool("-device loader: force-raw", value, &l->force_raw, err);
    } else if (!strcmp(key, "cpu-num")) {
        if (!option_u64("-device loader: cpu-num", value, &n, err)) return false;
        if (n >= VIRT_CPUS_MAX) return error_set(err, "-device loader: there is no CPU %s", value);
        l->cpu_num = (int)n;
    } else if (!strcmp(key, "data")) {
        return option_u64("-device loader: data", value, &l->data, err);
    } else if (!strcmp(key, "data-len")) {
        if (!option_u64("-device loader: data-len", value, &n, err)) return false;
        if (n < 1 || n > 8) return error_set(err, "-device loader: data-len must be from 1 to 8");
        l->data_len = (unsigned)n;
    } else if (!strcmp(key, "data-be")) {
        return option_bool("-device loader: data-be", value, &l->data_be, err);
    } else {
        return option_unknown_key(err, "-device loader", key);
    }
    return true;
}

static bool device_loader(RunOptions *o, char *rest, Error *err) {
    char *key, *value;
    bool has_data = false;
    LoaderDevice l = {.cpu_num = -1};
    while (option_next(&rest, &key, &value)) {
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
    while (option_next(&rest, &key, &value)) {
        if (!value) return error_set(err, "-device guest-loader: '%s' needs a value", key);
        if (!strcmp(key, "addr")) {
            if (!option_u64("-device guest-loader: addr", value, &g.addr, err)) return false;
        } else if (!strcmp(key, "kernel")) {
            g.kernel = value;
        } else if (!strcmp(key, "initrd")) {
            g.initrd = value;
        } else if (!strcmp(key, "bootargs")) {
            g.bootargs = value;
        } else {
            return option_unknown_key(err, "-device guest-loader", key);
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

bool software_option_device(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    if (!option_next(&rest, &key, &value)) return error_set(err, "-device: needs a name");
    const char *name = value && !strcmp(key, "driver") ? value : key;
    if (!strcmp(name, "loader")) return device_loader(o, rest, err);
    if (!strcmp(name, "guest-loader")) return device_guest_loader(o, rest, err);
    return error_set(err, "-device: '%s' is not modelled (there are: loader, guest-loader)", name);
}

bool software_option_drive(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    const char *interface = "virtio", *file = NULL;
    u64 unit = ~0ull;
    bool readonly = false;
    while (option_next(&rest, &key, &value)) {
        if (!strcmp(key, "if"))
            interface = value ? value : "";
        else if (!strcmp(key, "file"))
            file = value;
        else if (!strcmp(key, "unit") || !strcmp(key, "index")) {
            if (!option_u64("-drive: unit", value, &unit, err)) return false;
        } else if (!strcmp(key, "readonly") || !strcmp(key, "read-only")) {
            if (!option_bool("-drive: readonly", value, &readonly, err)) return false;
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

bool software_option_pflash(RunOptions *o, char *arg, Error *err) {
    unsigned unit = o->pflash[0].file ? 1 : 0;
    if (o->pflash[unit].file) return error_set(err, "-pflash: more than two");
    o->pflash[unit] = (Pflash){arg, false};
    return true;
}

bool software_option_fw_cfg(RunOptions *o, char *arg, Error *err) {
    char *rest = option_own(o, arg), *key, *value;
    FwCfgFile f = {0};
    while (option_next(&rest, &key, &value)) {
        if (!strcmp(key, "name"))
            f.name = value;
        else if (!strcmp(key, "file"))
            f.path = value;
        else if (!strcmp(key, "string"))
            f.string = value;
        else if (!value && !f.name)
            f.name = key;
        else
            return option_unknown_key(err, "-fw_cfg", key);
    }
    if (!f.name || !f.path == !f.string)
        return error_set(err, "-fw_cfg needs name= and either file= or string=");
    if (o->fw_cfg_count == ARRAY_LEN(o->fw_cfg)) return error_set(err, "-fw_cfg: too many");
    o->fw_cfg[o->fw_cfg_count++] = f;
    return true;
}
