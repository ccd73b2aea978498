// C's printf with the debugger's expressions (printf.h).
#include "debugger/printf.h"

#include <ctype.h>

enum { SPEC_MAX = 32, STRING_MAX = 200 };

typedef struct Printf {
    const ExprContext *c;
    FILE *out;  // NULL: only checked
    const char *format, *end;
    const char *values;  // what is left of them
    Error *err;
} Printf;

int printf_escape(const char **p) {
    static const char from[] = "ntrae", to[] = "\n\t\r\a\033";
    const char *known = **p ? strchr(from, **p) : NULL;
    if (known) {
        ++*p;
        return to[known - from];
    }
    if (**p < '0' || **p > '7') return **p ? *(*p)++ : -1;
    int c = 0;
    for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++) c = c * 8 + *(*p)++ - '0';
    return c & 0xff;
}

static bool next_value(Printf *f, ExprValue *value) {
    f->values += strspn(f->values, " \t");
    if (*f->values != ',') return error_set(f->err, "more conversions than values");
    f->values++;
    Expr *e = expr_parse(f->c, f->values, &f->values, f->err);
    if (!e) return false;
    bool ok = !f->out || expr_eval(e, f->c, value, f->err);
    expr_free(e);
    return ok;
}

// The string in memory, as far as it is readable.
static bool print_string(const Printf *f, const char *spec, const ExprValue *at) {
    char text[STRING_MAX + 1];
    unsigned n = 0;
    while (n < STRING_MAX && space_read(f->c->cpu, at->space, at->v + n, &text[n], 1, f->err)) {
        if (!text[n]) break;
        n++;
    }
    if (n < STRING_MAX && *f->err->text) return false;
    text[n] = '\0';
    fprintf(f->out, spec, text);
    return true;
}

static bool print_value(const Printf *f, const char *flags, unsigned longs, char conversion,
                        const ExprValue *value) {
    char spec[SPEC_MAX + 8];
    unsigned long long v = value->v;
    bool is_signed = conversion == 'd' || conversion == 'i';
    if (conversion == 'p') {
        fprintf(f->out, "0x%llx", v);
        return true;
    }
    if (strchr("cs", conversion)) {
        snprintf(spec, sizeof spec, "%%%s%c", flags, conversion);
        if (conversion == 's') return print_string(f, spec, value);
        fprintf(f->out, spec, (int)(v & 0xff));
        return true;
    }
    if (!longs) v = is_signed ? sext(v, 32) : (u32)v;
    snprintf(spec, sizeof spec, "%%%sll%c", flags, conversion);
    fprintf(f->out, spec, v);
    return true;
}

// At the character behind '%'.
static bool conversion(Printf *f) {
    char flags[SPEC_MAX];
    if (*f->format == '%') {
        f->format++;
        if (f->out) fputc('%', f->out);
        return true;
    }
    size_t n = strspn(f->format, "-+ #0123456789.");
    if (n >= sizeof flags) return error_set(f->err, "'%%%.24s': too long", f->format);
    memcpy(flags, f->format, n);
    flags[n] = '\0';
    size_t longs = strspn(f->format + n, "lzj");
    const char *at = f->format + n + longs;
    ExprValue value;
    if (at >= f->end || !strchr("diuoxXcps", *at))
        return error_set(f->err, "no conversion '%%%.*s' (d i u o x X c p s, with l)",
                         (int)MIN(f->end - f->format, 12), f->format);
    f->format = at + 1;
    if (!next_value(f, &value)) return false;
    return !f->out || print_value(f, flags, (unsigned)longs, *at, &value);
}

bool printf_values(const ExprContext *c, FILE *out, const char *text, Error *err) {
    Error own = {""};
    Printf f = {.c = c, .out = out, .format = text + 1, .err = err ? err : &own};
    f.err->text[0] = '\0';
    if (*text != '"') return error_set(f.err, "needs a format in quotes");
    for (f.end = f.format; *f.end && *f.end != '"'; f.end++) f.end += *f.end == '\\' && f.end[1];
    if (!*f.end) return error_set(f.err, "the format has no end");
    f.values = f.end + 1;
    while (f.format < f.end) {
        int ch = (u8)*f.format++;
        if (ch == '%') {
            if (!conversion(&f)) return false;
            continue;
        }
        if (ch == '\\') ch = printf_escape(&f.format);
        if (f.out) fputc(ch, f.out);
    }
    f.values += strspn(f.values, " \t");
    return !*f.values || error_set(f.err, "more values than conversions: '%.40s'", f.values);
}
