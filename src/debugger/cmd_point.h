// Points for commands (see also control.h).
#pragma once

#include "debugger/debugger.h"

// A point of this kind without any scope.
Point point_anywhere(PointKind kind);
