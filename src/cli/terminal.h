// The terminal's raw mode: entered while a guest runs on it, left however el2sim ends.
#pragma once

#include "base/base.h"

// Puts the terminal on stdin (if it is one) into raw mode; output processing stays on. signals: Ctrl-C still is a signal. It is
// restored by terminal_restore(), at exit, and by fatal signals.
void terminal_raw(bool signals);
void terminal_restore(void);
