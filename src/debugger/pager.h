// A stream to standard output that stops after each screenful and asks whether to go on.
#pragma once

#include "debugger/debugger.h"

// The stream; pages while d->height is not 0 and the guest does not run. fclose() ends it.
FILE *pager_open(Debugger *d);
// A new command: starts on a fresh screenful, and what follows is shown again.
void pager_restart(void);
