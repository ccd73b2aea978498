// The options of what is loaded, as rows of the table in options.c have them.
#pragma once

#include "cli/options.h"

bool software_option_kernel(RunOptions *o, char *arg, Error *err);
bool software_option_initrd(RunOptions *o, char *arg, Error *err);
bool software_option_append(RunOptions *o, char *arg, Error *err);
bool software_option_dtb(RunOptions *o, char *arg, Error *err);
bool software_option_bios(RunOptions *o, char *arg, Error *err);
bool software_option_device(RunOptions *o, char *arg, Error *err);
bool software_option_drive(RunOptions *o, char *arg, Error *err);
bool software_option_pflash(RunOptions *o, char *arg, Error *err);
bool software_option_fw_cfg(RunOptions *o, char *arg, Error *err);
