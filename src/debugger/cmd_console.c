// Commands of the console itself: scripts, settings, leaving.
#include "debugger/commands.h"
#include "debugger/printf.h"
#include "debugger/console.h"
#include "machine/virt.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>

enum { SOURCE_DEPTH_MAX = 16 };

// --- scripts -------------------------------------------------------------------------------------

// One line of a script; n counts what was read, a NUL shows that it is no text.
static bool execute_line(Debugger *d, char *line, size_t n, Error *err) {
    if (memchr(line, '\0', n)) return error_set(err, "this is not text");
    line[strcspn(line, "\r\n")] = '\0';
    if (!debugger_execute(d, line, err)) return false;
    if (d->interrupted) return error_set(err, "interrupted");
    return true;
}

static bool execute_file(Debugger *d, FILE *f, const char *path, Error *err) {
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    bool ok = true;
    for (unsigned number = 1; ok && !d->quit && (n = getline(&line, &size, f)) >= 0; number++) {
        ok = execute_line(d, line, (size_t)n, err);
        if (!ok) error_prefix(err, "%s:%u", path, number);
    }
    if (ok && ferror(f)) ok = error_set(err, "%s: %s", path, strerror(errno));
    free(line);
    return ok;
}

bool debugger_source(Debugger *d, const char *path, Error *err) {
    if (d->source_depth == SOURCE_DEPTH_MAX)
        return error_set(err, "source: more than %d scripts in each other", SOURCE_DEPTH_MAX);
    FILE *f = fopen(path, "re");
    if (!f) return error_set(err, "source: cannot open '%s': %s", path, strerror(errno));
    d->source_depth++;
    bool ok = execute_file(d, f, path, err);
    d->source_depth--;
    fclose(f);
    return ok;
}

bool cmd_source(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "source: needs a file name");
    return debugger_source(d, args, err);
}

// text with its escape sequences resolved, to be freed; they may be NULs.
static char *unescaped(const char *text, size_t *n) {
    char *out = malloc(strlen(text) + 1);
    CHECK(out);
    *n = 0;
    while (*text) {
        int c = (u8)*text++;
        if (c == '\\') c = printf_escape(&text);
        if (c >= 0) out[(*n)++] = (char)c;
    }
    return out;
}

bool cmd_echo(Debugger *d, const char *args, Error *err) {
    (void)err;
    size_t n;
    char *text = unescaped(args, &n);
    fwrite(text, 1, n, d->out);
    free(text);
    return true;
}

bool cmd_printf(Debugger *d, const char *args, Error *err) {
    ExprContext c = {d->cpu, d->symbols};
    // Nothing is printed of what makes no sense.
    return (printf_values(&c, NULL, args, err) && printf_values(&c, d->out, args, err)) ||
           error_prefix(err, "printf");
}

bool cmd_type(Debugger *d, const char *args, Error *err) {
    size_t n;
    char *text = unescaped(args, &n);
    bool ok = board_type(d->machine, text, n, err) || error_prefix(err, "type");
    free(text);
    return ok;
}

bool cmd_quit(Debugger *d, const char *args, Error *err) {
    char *end;
    long status = *args ? strtol(args, &end, 0) : 0;
    if (*args && (*end || status < 0 || status > 255))
        return error_set(err, "quit: '%s' is no exit status (0 to 255)", args);
    bool alive = machine_insns(d->machine) && !d->machine->stop;
    if (alive && !*args && !console_confirm(d, "The machine has not ended. Quit?")) return true;
    d->quit = true;
    d->has_status = *args != '\0';
    d->status = (int)status;
    return true;
}

// --- settings ------------------------------------------------------------------------------------

static bool on_or_off(const char *what, const char *args, bool *value, Error *err) {
    bool on = !strcmp(args, "on") || !*args;
    if (!on && strcmp(args, "off"))
        return error_set(err, "%s: '%s' is neither on nor off", what, args);
    *value = on;
    return true;
}

// 0: as the terminal has it.
static bool number(const char *what, const char *args, unsigned *value, Error *err) {
    char *end;
    unsigned long n = strtoul(args, &end, 0);
    if (!*args || *end || *args == '-' || n > 10000)
        return error_set(err, "%s: '%s' is not a number from 0 to 10000", what, args);
    *value = (unsigned)n;
    return true;
}

bool cmd_set_color(Debugger *d, const char *args, Error *err) {
    if (!strcmp(args, "auto")) {
        d->settings.colour = COLOUR_AUTO;
    } else {
        bool on;
        if (!on_or_off("set color", args, &on, err)) return false;
        d->settings.colour = on ? COLOUR_ON : COLOUR_OFF;
    }
    console_apply_settings(d);
    return true;
}

bool cmd_set_confirm(Debugger *d, const char *args, Error *err) {
    return on_or_off("set confirm", args, &d->settings.confirm, err);
}

bool cmd_set_pagination(Debugger *d, const char *args, Error *err) {
    if (!on_or_off("set pagination", args, &d->settings.pagination, err)) return false;
    console_apply_settings(d);
    return true;
}

bool cmd_set_width(Debugger *d, const char *args, Error *err) {
    unsigned n;
    if (!number("set width", args, &n, err)) return false;
    if (n && n < 20) return error_set(err, "set width: at least 20 columns");
    d->settings.width = (int)n;
    console_apply_settings(d);
    return true;
}

bool cmd_set_height(Debugger *d, const char *args, Error *err) {
    unsigned n;
    if (!number("set height", args, &n, err)) return false;
    d->settings.height = (int)n;
    console_apply_settings(d);
    return true;
}

static const char *setting(const Debugger *d, const char *name, char buf[32]) {
    const DebuggerSettings *s = &d->settings;
    static const char *const colours[] = {"auto", "off", "on"};
    if (!strcmp(name, "color")) return colours[s->colour];
    if (!strcmp(name, "confirm")) return s->confirm ? "on" : "off";
    if (!strcmp(name, "pagination")) return s->pagination ? "on" : "off";
    if (!strcmp(name, "width")) snprintf(buf, 32, "%u", d->width);
    // Screenfuls are for terminals, but what was set was.
    if (!strcmp(name, "height"))
        snprintf(buf, 32, "%u", s->height >= 0 ? (unsigned)s->height : d->height);
    return buf;
}

bool cmd_show(Debugger *d, const char *args, Error *err) {
    static const char *const names[] = {"color", "confirm", "height", "pagination", "width"};
    bool any = false;
    char buf[32];
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (strncmp(names[i], args, strlen(args))) continue;
        fprintf(d->out, "%-12s %s\n", names[i], setting(d, names[i], buf));
        any = true;
    }
    return any || error_set(err, "show: there is no setting '%s' (show lists them)", args);
}
