// Why an exception was taken: what the code did, which control bit or fault sent it there and who set that, what
// else would have, where it went, and what came of it; from the ring of exceptions (cpu/exit_ring.h) and the tables.
#pragma once

#include "cpu/exit_ring.h"
#include "debugger/debugger.h"

// The n-th last record of the selected CPU (0: the newest), in sentences on d->out.
void why_print(Debugger *d, u64 n);
