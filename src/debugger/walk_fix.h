// What would make a translation succeed that failed, in words.
#pragma once

#include "debugger/view_walk.h"

void walk_fix(const ViewWalk *w, char *buf, size_t n);
