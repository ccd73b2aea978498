// Error lines and the CHECK() reporter.
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

bool error_set(Error *err, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return false;
}

bool error_prefix(Error *err, const char *format, ...) {
    if (!err) return false;
    Error old = *err;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->text) {
        size_t room = sizeof err->text - (size_t)n;
        snprintf(err->text + n, room, ": %.*s", (int)room, old.text);
    }
    return false;
}

_Thread_local void (*check_dump_hook)(void);

_Noreturn void check_failed(const char *file, int line, const char *cond) {
    fflush(stdout);
    fprintf(stderr, "el2sim: internal error: %s:%d: CHECK(%s) failed\n", file, line, cond);
    void (*dump)(void) = check_dump_hook;
    check_dump_hook = NULL;
    if (dump) dump();
    abort();
}
