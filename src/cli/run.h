// What the subcommands that run a machine share.
#pragma once

#include "cli/options.h"

// Connects the devices of a new machine to what the options say: serial line, flash, fw_cfg, clock.
bool run_connect(Machine *machine, const RunOptions *o, Error *err);
