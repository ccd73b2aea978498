// Getting software into the machine: what -kernel, -initrd, -append, -dtb, -bios and -device loader
// say.
#pragma once

#include "base/error.h"
#include "machine/machine.h"

// -device loader: a file, a value, or just a start address for a CPU.
typedef struct LoaderDevice {
    const char *file;  // NULL: none
    bool has_addr;
    u64 addr;
    bool force_raw;
    int cpu_num;        // CPU that starts there, -1 = none
    unsigned data_len;  // 1..8: writes `data`; 0 = none
    u64 data;
    bool data_be;
} LoaderDevice;

// -device guest-loader: a module that /chosen tells the hypervisor about.
typedef struct GuestModule {
    u64 addr;
    const char *kernel, *initrd;  // one of them
    const char *bootargs;         // with kernel; NULL: none
} GuestModule;

enum { LOADERS_MAX = 64, MODULES_MAX = 64 };

typedef struct BootOptions {
    const char *kernel, *initrd, *append, *dtb, *bios;  // NULL: not given
    bool has_pflash0;                                   // flash 0 holds firmware
    bool no_seeds;                                      // no kaslr-seed and rng-seed in /chosen
    bool tree_only;  // only the device tree is wanted: nothing to run is no error
    LoaderDevice loaders[LOADERS_MAX];
    unsigned loader_count;
    GuestModule modules[MODULES_MAX];
    unsigned module_count;
} BootOptions;

typedef struct Boot Boot;

// Reads all files, lays out memory and makes the device tree; the machine's RAM is not touched yet.
// Firmware (-bios) goes into flash and what it may ask for into fw_cfg.
Boot *boot_prepare(Machine *machine, const BootOptions *options, Error *err);
void boot_free(Boot *boot);
// Writes everything to memory and starts CPU 0. The machine is as after reset; call it again after
// every machine_reset().
void boot_start(Machine *machine, Boot *boot);
// The device tree as the guest gets it.
const void *boot_device_tree(const Boot *boot, size_t *n);
u64 boot_device_tree_address(const Boot *boot);
