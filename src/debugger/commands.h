// The functions of the commands, for the table in commands.c: each in the file cmd_*.c of its group.
#pragma once

#include "debugger/debugger.h"

// commands.c
bool cmd_help(Debugger *d, const char *args, Error *err);
bool cmd_quit(Debugger *d, const char *args, Error *err);
