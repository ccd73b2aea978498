// C's printf with the debugger's expressions, as gdb's `printf` and `dprintf` have it.
#pragma once

#include "debugger/expr.h"

#include <stdio.h>

// text: "FORMAT",EXPRESSION...: d i u o x X c p s and %%, with flags, width, precision and length; s: the string at
// that address. Values have C's sizes: 32 bits without `l`. out NULL: it is only looked whether all of it makes
// sense. False: err says what does not.
bool printf_values(const ExprContext *c, FILE *out, const char *text, Error *err);
// The escape sequence at *p, behind the backslash; -1: the text ends there.
int printf_escape(const char **p);
