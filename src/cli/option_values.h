// The values of options: numbers, sizes, and QEMU's suboptions.
#pragma once

#include "cli/options.h"

// A private copy of text, to be taken apart.
char *option_own(RunOptions *o, const char *text);
// Takes the next suboption off *rest: "key=value,..." with ",," for a comma in a value. False at
// the end.
bool option_next(char **rest, char **key, char **value);
bool option_u64(const char *what, const char *text, u64 *out, Error *err);
// on and off by their names; on without a text.
bool option_bool(const char *what, const char *text, bool *out, Error *err);
// A size: a number with k, M, G or T; without a suffix in MB.
bool option_size(const char *what, const char *text, u64 *out, Error *err);
// Refuses suboption `key` of `option`.
bool option_unknown_key(Error *err, const char *option, const char *key);
// A property that has one possible value here.
bool option_only(const char *option, const char *key, const char *value, bool want, Error *err);
