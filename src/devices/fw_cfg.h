// QEMU's firmware configuration device.
#pragma once

#include "devices/device.h"

typedef struct FwCfg FwCfg;

// Items with fixed keys that loaders fill in (QEMU documentation, "fw_cfg").
enum {
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
};

FwCfg *fw_cfg_create(Machine *machine, u64 base, Error *err);
void fw_cfg_free(FwCfg *cfg);
void fw_cfg_reset(FwCfg *cfg);
// Sets the item `key`; the data is copied.
void fw_cfg_set(FwCfg *cfg, u16 key, const void *data, size_t n);
void fw_cfg_set_u32(FwCfg *cfg, u16 key, u32 value);
// Adds a named file (at most 55 characters); the data is copied.
bool fw_cfg_add_file(FwCfg *cfg, const char *name, const void *data, size_t n, Error *err);
