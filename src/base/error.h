// How a user or host error travels: `bool f(..., Error *err)`, printed once, at the top.
#pragma once

#include "base/base.h"

#include <stdarg.h>

typedef struct Error {
    char text[512];  // one line, no trailing newline; empty when no error
} Error;

// Stores the formatted line in err (may be NULL) and returns false, so that a caller can
// `return error_set(err, ...)`.
bool error_set(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Puts "prefix: " before the line already in err; returns false.
bool error_prefix(Error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
