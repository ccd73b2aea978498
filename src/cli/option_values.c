// See option_values.h.
#include "cli/option_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *option_own(RunOptions *o, const char *text) {
    CHECK(o->owned_count < ARRAY_LEN(o->owned));
    char *copy = strdup(text);
    CHECK(copy);
    return o->owned[o->owned_count++] = copy;
}

bool option_next(char **rest, char **key, char **value) {
    char *in = *rest, *out = in;
    if (!in || !*in) return false;
    *key = in;
    *value = NULL;
    for (; *in; in++) {
        if (*in == ',' && in[1] == ',') {
            in++;
        } else if (*in == ',') {
            in++;
            break;
        } else if (*in == '=' && !*value) {
            *out++ = '\0';
            *value = out;
            continue;
        }
        *out++ = *in;
    }
    *rest = in;
    *out = '\0';
    return true;
}

bool option_u64(const char *what, const char *text, u64 *out, Error *err) {
    char *end;
    errno = 0;
    *out = strtoull(text ? text : "", &end, 0);
    if (!text || !*text || *end || errno || *text == '-')
        return error_set(err, "%s: '%s' is not a number", what, text ? text : "");
    return true;
}

bool option_bool(const char *what, const char *text, bool *out, Error *err) {
    static const char *const yes[] = {"on", "yes", "true", "y"}, *const no[] = {"off", "no",
                                                                                "false", "n"};
    *out = true;
    if (!text) return true;
    for (unsigned i = 0; i < ARRAY_LEN(yes); i++)
        if (!strcmp(text, yes[i])) return true;
    *out = false;
    for (unsigned i = 0; i < ARRAY_LEN(no); i++)
        if (!strcmp(text, no[i])) return true;
    return error_set(err, "%s: '%s' is neither on nor off", what, text);
}

bool option_size(const char *what, const char *text, u64 *out, Error *err) {
    char *end;
    errno = 0;
    double number = strtod(text ? text : "", &end);
    unsigned shift = 20;
    switch (*end) {
    case 'b':
    case 'B':
        shift = 0;
        end++;
        break;
    case 'k':
    case 'K':
        shift = 10;
        end++;
        break;
    case 'm':
    case 'M': end++; break;
    case 'g':
    case 'G':
        shift = 30;
        end++;
        break;
    case 't':
    case 'T':
        shift = 40;
        end++;
        break;
    }
    if (!text || end == text || *end || errno || !(number > 0 && number < 1e9))
        return error_set(err, "%s: '%s' is not a size", what, text ? text : "");
    *out = (u64)(number * (double)(1ull << shift));
    return true;
}

bool option_unknown_key(Error *err, const char *option, const char *key) {
    return error_set(err, "%s: '%s' is not known", option, key);
}

bool option_only(const char *option, const char *key, const char *value, bool want, Error *err) {
    bool got;
    if (!option_bool(key, value, &got, err)) return error_prefix(err, "%s", option);
    if (got == want) return true;
    return error_set(err, "%s: %s=%s is not modelled", option, key, got ? "on" : "off");
}
