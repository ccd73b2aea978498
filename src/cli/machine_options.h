// The options of the machine, as rows of the table in options.c have them.
#pragma once

#include "cli/options.h"

bool machine_option_machine(RunOptions *o, char *arg, Error *err);
bool machine_option_cpu(RunOptions *o, char *arg, Error *err);
bool machine_option_smp(RunOptions *o, char *arg, Error *err);
bool machine_option_memory(RunOptions *o, char *arg, Error *err);
bool machine_option_clock(RunOptions *o, char *arg, Error *err);
bool machine_option_seed(RunOptions *o, char *arg, Error *err);
bool machine_option_rtc(RunOptions *o, char *arg, Error *err);
bool machine_option_semihosting(RunOptions *o, char *arg, Error *err);
bool machine_option_semihosting_config(RunOptions *o, char *arg, Error *err);
// What can only be said when all options are known.
bool machine_options_check(const MachineConfig *c, Error *err);
