// Symbols, source lines and backtraces: info symbol, info address, symbol-file, list, info line, bt.
#include "debugger/commands.h"
#include "debugger/place.h"
#include "debugger/source.h"
#include "debugger/unwind.h"

#include <errno.h>
#include <stdlib.h>

enum { LIST_LINES = 10 };

// --- symbols -------------------------------------------------------------------------------------

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

// As symbols_add() takes the prefix off.
static bool add_sources(Debugger *d, const char *spec, Error *err) {
    char prefix[16];
    int space = SPACE_ANY;
    const char *colon = strchr(spec, ':');
    if (colon && (size_t)(colon - spec) < sizeof prefix) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)(colon - spec), spec);
        if (symbols_space(prefix, &space)) spec = colon + 1;
    }
    return sources_add(d->sources, space, spec, err);
}

bool cmd_symbol_file(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "symbol-file: needs [el2:|vmN:]FILE");
    size_t before = symbols_count(d->symbols);
    if (!symbols_add(d->symbols, args, err) || !add_sources(d, args, err)) return false;
    fprintf(d->out, "%zu symbols read from %s\n", symbols_count(d->symbols) - before, args);
    return true;
}

// --- lines ---------------------------------------------------------------------------------------

static bool line_of(Debugger *d, Space space, u64 address, SourceLine *line) {
    return sources_line(d->sources, place_symbols(d->cpu, space), address, line);
}

// Prints lines from..from+n-1 of a file; `here`: the line that is marked, 0: none.
static bool print_lines(Debugger *d, const char *path, unsigned from, unsigned n, unsigned here,
                        Error *err) {
    FILE *f = fopen(path, "re");
    if (!f) return error_set(err, "list: cannot open '%s': %s", path, strerror(errno));
    char *text = NULL;
    size_t size = 0;
    ssize_t length;
    unsigned number = 0, printed = 0;
    while (number + 1 < from + n && (length = getline(&text, &size, f)) >= 0) {
        if (++number < from) continue;
        text[strcspn(text, "\r\n")] = '\0';
        fprintf(d->out, "%s%-5u %s\n", number == here ? "=> " : "   ", number, text);
        printed++;
    }
    free(text);
    fclose(f);
    d->list_file = path;
    d->list_line = from + printed;
    return printed || error_set(err, "list: %s has %u lines", source_name(path), number);
}

static unsigned line_here(Debugger *d, const char *path) {
    SourceLine here;
    Space space = {.kind = AS_CURRENT};
    bool ok = line_of(d, space, d->cpu->pc, &here);
    return ok && !strcmp(here.file, path) ? here.line : 0;
}

static bool list_around(Debugger *d, const char *path, unsigned line, Error *err) {
    unsigned from = line > LIST_LINES / 2 ? line - LIST_LINES / 2 : 1;
    return print_lines(d, path, from, LIST_LINES, line_here(d, path), err);
}

// The line of an address, or why there is none.
static bool need_line(Debugger *d, const ExprValue *v, SourceLine *line, Error *err) {
    char place[256];
    return line_of(d, v->space, v->v, line) ||
           error_set(err, "no source line is known of %s",
                     debugger_place(d, v->space, v->v, place, sizeof place));
}

bool cmd_list(Debugger *d, const char *args, Error *err) {
    ExprValue v = {.v = d->cpu->pc};
    SourceLine line;
    if (!*args && d->list_file)
        return print_lines(d, d->list_file, d->list_line, LIST_LINES, line_here(d, d->list_file),
                           err);
    // A number alone is a line of the file that was listed last.
    if (*args && d->list_file && args[strspn(args, "0123456789")] == '\0')
        return list_around(d, d->list_file, (unsigned)strtoul(args, NULL, 10), err);
    args += *args == '*';
    if (*args && !debugger_location(d, &args, &v, err)) return error_prefix(err, "list");
    if (*args) return error_set(err, "list: not understood: '%.40s'", args);
    if (!need_line(d, &v, &line, err)) return error_prefix(err, "list");
    return list_around(d, line.file, line.line, err);
}

bool cmd_info_line(Debugger *d, const char *args, Error *err) {
    ExprValue v = {.v = d->cpu->pc};
    SourceLine line;
    char from[256], to[256];
    args += *args == '*';
    if (*args && !debugger_location(d, &args, &v, err)) return error_prefix(err, "info line");
    if (*args) return error_set(err, "info line: not understood: '%.40s'", args);
    if (!need_line(d, &v, &line, err)) return error_prefix(err, "info line");
    fprintf(d->out, "Line %u of \"%s\" starts at %s and ends at %s.\n", line.line,
            source_name(line.file), debugger_place(d, v.space, line.lo, from, sizeof from),
            debugger_place(d, v.space, line.hi, to, sizeof to));
    d->examine.space = v.space;
    d->examine.next = line.lo;
    d->examine.has_next = true;
    return true;
}

// --- bt ------------------------------------------------------------------------------------------

typedef struct Backtrace {
    Debugger *d;
    u64 most;
} Backtrace;

// "#1  0x40080a1c in handle+0x1c at main.c:12".
static bool print_frame(void *arg, const UnwindFrame *f) {
    const Backtrace *b = arg;
    Debugger *d = b->d;
    SourceLine line;
    SymbolHit hit;
    if (f->number >= b->most) {
        fprintf(d->out, "(more frames follow)\n");
        return false;
    }
    if (f->boundary) {
        if (*f->ended) fprintf(d->out, "    (%s)\n", f->ended);
        fprintf(d->out, "--- %s\n", f->boundary);
    }
    fprintf(d->out, "#%-3u 0x%016llx", f->number, (unsigned long long)f->pc);
    if (symbols_lookup(d->symbols, f->symbols, f->code, &hit))
        fprintf(d->out, " in %s+0x%llx", hit.name,
                (unsigned long long)(f->pc - f->code + hit.offset));
    if (sources_line(d->sources, f->symbols, f->code, &line))
        fprintf(d->out, " at %s:%u", source_name(line.file), line.line);
    fputc('\n', d->out);
    return !d->interrupted;
}

bool cmd_bt(Debugger *d, const char *args, Error *err) {
    ExprValue most = {.v = ~0ull};
    if (*args && !debugger_value(d, &args, &most, err)) return error_prefix(err, "bt");
    if (*args) return error_set(err, "bt: not understood: '%.40s'", args);
    Backtrace b = {d, most.v};
    Error why = {""};
    unwind(d, print_frame, &b, &why);
    if (*why.text) fprintf(d->out, "    (%s)\n", why.text);
    return true;
}
