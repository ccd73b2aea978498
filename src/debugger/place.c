// What commands share: expressions out of their arguments, and addresses with symbols.
#include "debugger/place.h"

bool debugger_value(Debugger *d, const char **args, ExprValue *out, Error *err) {
    ExprContext c = {d->cpu, d->symbols};
    return expr_value(&c, *args, args, out, err);
}

const char *place_symbol(Debugger *d, Space space, u64 address, char *buf, size_t n) {
    SymbolHit hit;
    *buf = '\0';
    if (!symbols_lookup(d->symbols, place_symbols(d->cpu, space), address, &hit)) return buf;
    if (hit.offset)
        snprintf(buf, n, " <%s+0x%llx>", hit.name, (unsigned long long)hit.offset);
    else
        snprintf(buf, n, " <%s>", hit.name);
    return buf;
}

const char *debugger_place(Debugger *d, Space space, u64 address, char *buf, size_t n) {
    size_t used = (size_t)space_print(buf, n, space, address);
    if (used < n) place_symbol(d, space, address, buf + used, n - used);
    return buf;
}
