// Mistakes of hypervisors that show at exception entry and return, each a named warning, printed once
// for each place (docs/lints.md). It listens to cpu/observer.h; without lints nothing is called.
#pragma once

#include "base/error.h"
#include "machine/machine.h"
#include "trace/trace.h"

typedef struct Lint Lint;

typedef enum LintId {
    LINT_HVC_SKIP,
    LINT_NO_ADVANCE,
    LINT_STORM,
    LINT_ERET_UNMAPPED,
    LINT_WFI_MASKED,
    LINT_ENTRY_EXCEPTION,
    LINT_LR_DUPLICATE,
    LINT_LR_HW_INACTIVE,
    LINT_LR_OVERWRITTEN,
    LINT_COUNT
} LintId;

typedef struct LintConfig {
    bool on[LINT_COUNT];
    bool error[LINT_COUNT];  // a finding stops the machine: STOP_CHECK, error_status
    int error_status;
    void (*report)(void *arg, const char *line);  // a line without its end
    void *arg;
    TraceSymbols symbols[TRACE_SYMBOLS_MAX];
    unsigned symbol_count;
} LintConfig;

const char *lint_name(LintId id);
// Adds "all", "none", "error" (all, as errors), "NAME" or "NAME:error" of a list with commas.
bool lint_parse(const char *list, LintConfig *config, Error *err);
bool lint_any(const LintConfig *config);
// Starts to watch all CPUs. NULL: a file of symbols cannot be read.
Lint *lint_open(Machine *machine, const LintConfig *config, Error *err);
// The machine has ended: reports what only shows then, and stops watching. True: there was a
// finding that is an error.
bool lint_close(Lint *lint);
