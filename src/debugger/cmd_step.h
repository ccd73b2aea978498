// What the commands that run to a place share: by instruction in cmd_step.c, by line and frame in cmd_line.c.
#pragma once

#include "debugger/debugger.h"

enum { STEP_CONDITION = 96 };

bool step_may_run(Debugger *d, const char *what, Error *err);
// A number of times; 1 when there are no arguments.
bool step_count(Debugger *d, const char *what, const char *args, u64 *n, Error *err);
// BL, BLR, BLRAA and the like, SVC, HVC, SMC: what comes back behind itself.
bool step_is_call(u32 word);
// Where this CPU will be at an Exception level, in the same VM and process.
Point step_point(const Cpu *cpu, unsigned el, u64 address);
// Its value now.
u64 step_register(const Cpu *cpu, const char *name);
// A condition; buf: STEP_CONDITION. A deeper call of the same code has another stack.
const char *step_same_stack(char *buf, u64 sp);
// Runs, and prints nothing, until one of these points, or anything else, stops it.
bool step_to_points(Debugger *d, Point *p, unsigned n, Error *err);
// It stopped where the command wanted to go, so that it may go on.
bool step_arrived(const Debugger *d);
