// Completion at the prompt, by what the table of commands says of their arguments.
#pragma once

#include "debugger/debugger.h"

// Tells readline.
void complete_setup(Debugger *d);
// Calls fn for each word that `line`, up to its end, can be completed with; returns where in line the word starts that each of
// them replaces. ARG_FILE is left to readline: *files is set.
size_t complete_line(Debugger *d, const char *line, void (*fn)(void *arg, const char *word),
                     void *arg, bool *files);
