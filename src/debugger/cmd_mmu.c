// Commands of the group Translation: arguments of `translate`, `maps` and `tlb`; what they print is in view_*.c.
#include "debugger/commands.h"
#include "debugger/view_walk.h"

#include <ctype.h>

// Takes a word off *args: false where another one stands.
static bool take_word(const char **args, const char *word) {
    size_t n = strlen(word);
    if (strncmp(*args, word, n) || (isalnum((unsigned char)(*args)[n]) || (*args)[n] == '_'))
        return false;
    *args += n;
    *args += strspn(*args, " \t");
    return true;
}

// "el0", "el1", "el2"; -1: none.
static int take_el(const char **args) {
    if (take_word(args, "el0")) return 0;
    if (take_word(args, "el1")) return 1;
    return take_word(args, "el2") ? 2 : -1;
}

static bool take_address(Debugger *d, const char **args, ExprValue *out, Error *err) {
    ExprContext c = {d->cpu, d->symbols};
    if (!expr_value(&c, *args, args, out, err)) return false;
    *args += strspn(*args, " \t");
    return true;
}

static bool at_end(const char *command, const char *args, Error *err) {
    return !*args || error_set(err, "%s: '%s' is not understood", command, args);
}

// "/rf": what follows the slash, up to a blank.
static bool translate_flags(const char **args, AccessType *type, bool *full, Error *err) {
    *type = ACCESS_READ;
    *full = false;
    if (**args != '/') return true;
    for ((*args)++; **args && !isspace((unsigned char)**args); (*args)++) {
        switch (**args) {
        case 'r': *type = ACCESS_READ; break;
        case 'w': *type = ACCESS_WRITE; break;
        case 'x': *type = ACCESS_FETCH; break;
        case 'f': *full = true; break;
        default: return error_set(err, "translate: /%c is none of /r, /w, /x, /f", **args);
        }
    }
    *args += strspn(*args, " \t");
    return true;
}

bool cmd_translate(Debugger *d, const char *args, Error *err) {
    AccessType type;
    bool full;
    ExprValue a;
    ViewWalk w;
    if (!translate_flags(&args, &type, &full, err)) return false;
    if (!*args) return error_set(err, "translate: an address is missing");
    if (!take_address(d, &args, &a, err)) return false;
    int el = take_el(&args);
    if (!at_end("translate", args, err)) return false;
    if (!view_walk(d->cpu, a.space, a.v, type, el, &w, err)) return false;
    view_walk_print(d->out, &w, full, d->width);
    return true;
}
