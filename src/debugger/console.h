// The console: commands from standard input, with readline on a terminal. One per process, as readline, the terminal
// and signals are.
#pragma once

#include "debugger/debugger.h"

// Takes standard input and output: d->interactive, d->colour, d->width, d->height and, on a terminal, d->out
// that pages. From now on Ctrl-C stops the guest or the command, not el2sim.
void console_open(Debugger *d);
void console_close(Debugger *d);
// Executes the commands of standard input until one leaves (d->quit) or they end. On a terminal errors are printed
// and that is all; otherwise they are printed with their line number, and false says that there were some.
bool console_read(Debugger *d);
// The settings or the terminal's size have changed.
void console_apply_settings(Debugger *d);
// Asks a person; true without one, or with `set confirm off`.
bool console_confirm(Debugger *d, const char *question);
