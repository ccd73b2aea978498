// Symbols: info symbol, info address, symbol-file.
#include "debugger/commands.h"
#include "debugger/place.h"

bool cmd_info_symbol(Debugger *d, const char *args, Error *err) {
    ExprValue v;
    SymbolHit hit;
    if (!debugger_value(d, &args, &v, err)) return error_prefix(err, "info symbol");
    if (*args) return error_set(err, "info symbol: not understood: '%.40s'", args);
    if (!symbols_lookup(d->symbols, place_symbols(d->cpu, v.space), v.v, &hit)) {
        char place[64];
        space_print(place, sizeof place, v.space, v.v);
        fprintf(d->out, "No symbol matches %s.\n", place);
    } else if (hit.offset) {
        fprintf(d->out, "%s + %llu\n", hit.name, (unsigned long long)hit.offset);
    } else {
        fprintf(d->out, "%s\n", hit.name);
    }
    return true;
}

typedef struct Addresses {
    Debugger *d;
    const char *name;
    int space;  // SPACE_ANY: every one
    bool only;
    unsigned found;
} Addresses;

static void print_address(void *arg, int space, const char *name) {
    Addresses *a = arg;
    u64 address;
    if (strcmp(name, a->name) || (a->only && space != a->space) ||
        !symbols_find_in(a->d->symbols, space, name, &address))
        return;
    char prefix[16] = "";
    if (space == SPACE_EL2) strcpy(prefix, "el2:");
    if (space >= 0 && space < SPACE_EL2) snprintf(prefix, sizeof prefix, "vm%d:", space);
    fprintf(a->d->out, "%s%s is at 0x%llx\n", prefix, name, (unsigned long long)address);
    a->found++;
}

bool cmd_info_address(Debugger *d, const char *args, Error *err) {
    Addresses a = {.d = d, .name = args};
    const char *colon = strchr(args, ':');
    char prefix[16];
    if (!*args) return error_set(err, "info address: needs the name of a symbol");
    if (colon && (size_t)(colon - args) < sizeof prefix) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)(colon - args), args);
        a.only = symbols_space(prefix, &a.space);
        if (a.only) a.name = colon + 1;
    }
    symbols_each(d->symbols, a.name, print_address, &a);
    return a.found || error_set(err, "info address: no symbol '%.100s'", args);
}

bool cmd_symbol_file(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "symbol-file: needs [el2:|vmN:]FILE");
    size_t before = symbols_count(d->symbols);
    if (!symbols_add(d->symbols, args, err)) return false;
    fprintf(d->out, "%zu symbols read from %s\n", symbols_count(d->symbols) - before, args);
    return true;
}
