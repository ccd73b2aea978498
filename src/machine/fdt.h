// The device tree that describes the board to the guest.
#pragma once

#include "base/error.h"
#include "machine/machine.h"

// A flattened device tree with room to grow; data is malloc'ed.
typedef struct DeviceTree {
    void *data;
    size_t capacity;
} DeviceTree;

// What a boot loader adds to the tree.
typedef struct DeviceTreeBoot {
    const char *bootargs;          // NULL: none
    u64 initrd_start, initrd_end;  // equal: none
} DeviceTreeBoot;

// Builds the tree of the machine. With seeds /chosen gets kaslr-seed and rng-seed, made from the
// machine's seed.
bool device_tree_build(Machine *machine, bool seeds, DeviceTree *out, Error *err);
// Takes a tree from a file's contents, checking all of it; memory, psci and /chosen are made to
// fit.
bool device_tree_load(Machine *machine, const void *data, size_t n, DeviceTree *out, Error *err);
bool device_tree_set_boot(DeviceTree *tree, const DeviceTreeBoot *boot, Error *err);
// Adds /chosen/module@addr for a guest's kernel (bootargs may be NULL) or ramdisk.
bool device_tree_add_module(DeviceTree *tree, u64 addr, u64 size, bool kernel, const char *bootargs,
                            Error *err);
// Packs it, leaving a little room for boot loaders that edit it in place; returns its size in
// bytes.
size_t device_tree_pack(DeviceTree *tree);
void device_tree_free(DeviceTree *tree);
