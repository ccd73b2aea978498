// Completion at the prompt, by what the table of commands says of their arguments.
#pragma once

#include "debugger/debugger.h"

// Tells readline.
void complete_setup(Debugger *d);
typedef struct Completion {
    size_t start;  // where in the line the word starts that each offer replaces
    bool files;    // names of files: not offered, readline finds them
    bool open;     // what is completed may go on without a blank
} Completion;

// Calls fn for each word that can stand at the end of `line` instead of the one that is begun there.
Completion complete_line(Debugger *d, const char *line, void (*fn)(void *arg, const char *word),
                         void *arg);
