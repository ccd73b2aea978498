// `stat`: what the exits to EL2 were and what they cost (src/trace), since the debugger was attached.
#include "debugger/commands.h"
#include "trace/trace.h"

#include <ctype.h>

// The next word, its length in *n (0: none).
static const char *next_word(const char **args, size_t *n) {
    while (isspace((unsigned char)**args)) ++*args;
    const char *word = *args;
    *n = strcspn(word, " \t");
    *args += *n;
    return word;
}

static bool is(const char *word, size_t n, const char *name) {
    return n == strlen(name) && !strncmp(word, name, n);
}

// Every word behind `by`, with blanks or commas between them, up to a format.
static bool add_dimensions(StatChoice *c, const char *word, size_t n, Error *err) {
    char list[128];
    if (n >= sizeof list) return error_set(err, "stat: '%.20s...' is too long", word);
    memcpy(list, word, n);
    list[n] = 0;
    while (n && list[n - 1] == ',') list[--n] = 0;
    return !n || stat_choice_by(c, list, err) || error_prefix(err, "stat");
}

bool cmd_stat(Debugger *d, const char *args, Error *err) {
    StatChoice c = {.count = 0};
    bool by = false, format = false;
    size_t n;
    for (const char *word; (word = next_word(&args, &n)), n;) {
        if (is(word, n, "reset") && !by && !format) {
            next_word(&args, &n);
            if (n) return error_set(err, "stat reset takes no arguments");
            trace_reset_stats(d->stats);
            return true;
        }
        if (!format && stat_choice_format(&c, word, n)) {
            format = true;
        } else if (!by && !format && is(word, n, "by")) {
            by = true;
        } else if (!by || format) {
            return error_set(err, "stat: '%.*s' is none of by, table, json, csv, reset", (int)n,
                             word);
        } else if (!add_dimensions(&c, word, n, err)) {
            return false;
        }
    }
    if (by && !c.count)
        return error_set(err, "stat by: vm, vcpu, class, detail, function, ipa or hypercall");
    if (!c.count) c = (StatChoice){{STAT_VM, STAT_CLASS, STAT_DETAIL}, 3, c.format};
    trace_print_stats(d->stats, &c, d->out);
    return true;
}
