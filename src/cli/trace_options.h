// The options of traces and statistics, as rows of the table in options.c have them.
#pragma once

#include "cli/options.h"

bool trace_option_trace(RunOptions *o, char *arg, Error *err);
bool trace_option_insn_counts(RunOptions *o, char *arg, Error *err);
bool trace_option_filter(RunOptions *o, char *arg, Error *err);
bool trace_option_on_fail(RunOptions *o, char *arg, Error *err);
bool trace_option_symbols(RunOptions *o, char *arg, Error *err);
bool trace_option_stats(RunOptions *o, char *arg, Error *err);
bool trace_option_stats_by(RunOptions *o, char *arg, Error *err);
// What can only be said when all options are known.
bool trace_options_finish(RunOptions *o, Error *err);
