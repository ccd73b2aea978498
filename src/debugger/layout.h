// The one-screen view: registers with those that changed since the last stop marked, code, stack and the last
// exception to EL2. `layout on` shows it at each stop.
#pragma once

#include "debugger/debugger.h"

typedef struct Layout Layout;

Layout *layout_create(const Machine *machine);
void layout_free(Layout *l);
// Prints the view of the selected CPU. What changes from now on is marked in the next one.
void layout_show(Debugger *d);
