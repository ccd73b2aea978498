// --expect, --fail and --junit: whether a run is a success, by what the guest writes to its console.
#pragma once

#include "cli/options.h"

typedef struct Verdict Verdict;

// Compiles the expressions and listens to the console. *out is NULL when the options ask for nothing.
bool verdict_open(Machine *machine, const RunOptions *o, Verdict **out, Error *err);
// The machine has ended with `status`: says on stderr which expectation was not met, writes the
// report, and returns the exit status of the run.
int verdict_status(Verdict *verdict, int status);
void verdict_close(Verdict *verdict);  // NULL is fine
