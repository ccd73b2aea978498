// Memory: x, find, dump, restore. In any space of addresses (space.h); nothing is changed by looking.
#include "debugger/commands.h"
#include "debugger/disasm.h"
#include "debugger/format.h"
#include "debugger/place.h"
#include "mmu/tags.h"
#include "mmu/walk.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

enum { PAGE = 0x1000, STRING_MAX = 200, PATTERN_MAX = 256, RANGE_MAX = 1 << 30 };

// --- x -------------------------------------------------------------------------------------------

static void print_label(Debugger *d, u64 address, bool mark) {
    char place[256];
    debugger_place(d, d->examine.space, address, place, sizeof place);
    fprintf(d->out, "%s%s:", mark ? "=> " : "", place);
}

static bool show_units(Debugger *d, unsigned count, Error *err) {
    Examine *x = &d->examine;
    bool chars = x->format == 'c', padded = x->format != 'a' && !chars;
    unsigned columns = x->format == 'a'        ? 2
                       : x->format == 't'      ? MAX(8u / x->size, 1u)
                       : chars || x->size == 1 ? 8
                       : x->size == 2          ? 8
                       : x->size == 4          ? 4
                                               : 2;
    for (unsigned i = 0; i < count && !d->interrupted; i++) {
        u64 value = 0;
        if (!space_read(d->cpu, x->space, x->next, &value, x->size, err)) {
            if (i % columns) fputc('\n', d->out);
            return false;
        }
        if (i % columns == 0) print_label(d, x->next, false);
        fputs("  ", d->out);
        format_value(d->out, value, x->format, x->size, padded);
        char symbol[256];
        if (x->format == 'a')
            fputs(place_symbol(d, x->space, value, symbol, sizeof symbol), d->out);
        x->next += x->size;
        if ((i + 1) % columns == 0 || i + 1 == count) fputc('\n', d->out);
    }
    return true;
}

// The CPU is about to execute this address.
static bool is_here(const Debugger *d, Space space, u64 address) {
    bool own = space.kind == AS_CURRENT || (space.kind == AS_EL && space.el == d->cpu->el);
    return own && address == d->cpu->pc;
}

static bool show_instructions(Debugger *d, unsigned count, Error *err) {
    Examine *x = &d->examine;
    Disassembler *dis = disasm_open(d->machine, d->symbols);
    bool ok = true;
    for (unsigned i = 0; i < count && !d->interrupted; i++) {
        u32 word;
        char text[256];
        ok = disasm_fetch(d->cpu, x->space, x->next, &word, err);
        if (!ok) break;
        disasm_text(dis, place_symbols(d->cpu, x->space), x->next, word, text, sizeof text);
        bool here = is_here(d, x->space, x->next);
        if (!here) fputs("   ", d->out);
        print_label(d, x->next, here);
        fprintf(d->out, "  %s\n", text);
        x->next += 4;
    }
    disasm_close(dis);
    return ok;
}

static void print_quoted(FILE *out, const char *s, size_t n) {
    fputc('"', out);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            fprintf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else if (isprint(c))
            fputc(c, out);
        else
            fprintf(out, "\\%03o", c);
    }
    fputc('"', out);
}

static bool show_strings(Debugger *d, unsigned count, Error *err) {
    Examine *x = &d->examine;
    for (unsigned i = 0; i < count && !d->interrupted; i++) {
        char text[STRING_MAX];
        size_t n = 0;
        bool ended = false;
        for (; n < sizeof text; n++) {
            if (!space_read(d->cpu, x->space, x->next + n, text + n, 1, err)) return false;
            if ((ended = !text[n])) break;
        }
        print_label(d, x->next, false);
        fputs("  ", d->out);
        print_quoted(d->out, text, n);
        fputs(ended ? "\n" : "...\n", d->out);
        x->next += n + ended;
    }
    return true;
}

bool cmd_x(Debugger *d, const char *args, Error *err) {
    Format f;
    Examine *x = &d->examine;
    if (!format_parse(&args, "xduotaczis", &f, err)) return error_prefix(err, "x");
    if (*args) {
        ExprValue v;
        if (!debugger_value(d, &args, &v, err)) return false;
        if (*args) return error_set(err, "x: not understood: '%.40s'", args);
        x->space = v.space;
        x->next = v.v;
        x->has_next = true;
    } else if (!x->has_next) {
        return error_set(err, "x: needs an address");
    }
    if (f.letter) x->format = f.letter;
    if (!x->format) x->format = 'x';
    if (f.size) x->size = f.size;
    if (x->format == 'a') x->size = 8;
    if (x->format == 'c' && !f.size) x->size = 1;
    if (!x->size) x->size = 4;
    if (x->format == 'i') return show_instructions(d, f.count, err);
    if (x->format == 's') return show_strings(d, f.count, err);
    return show_units(d, f.count, err);
}

// --- disas ---------------------------------------------------------------------------------------

// From the start of the symbol that address is in to its end; else from address on.
static void function_range(Debugger *d, Space space, u64 address, u64 *lo, unsigned *count) {
    SymbolHit hit, end;
    int symbols = place_symbols(d->cpu, space);
    *lo = address;
    *count = 16;
    if (!symbols_lookup(d->symbols, symbols, address, &hit)) return;
    *lo = (address - hit.offset) & ~3ull;
    unsigned n = 1;
    while (n < 4096 && symbols_lookup(d->symbols, symbols, *lo + 4ull * n, &end) &&
           end.offset == 4ull * n)
        n++;
    *count = n;
}

static bool print_code(Debugger *d, Space space, u64 address, unsigned count, bool raw,
                       Error *err) {
    Disassembler *dis = disasm_open(d->machine, d->symbols);
    int symbols = place_symbols(d->cpu, space);
    bool ok = true;
    for (unsigned i = 0; i < count && ok && !d->interrupted; i++, address += 4) {
        u32 word;
        char text[256], place[256], symbol[128];
        ok = disasm_fetch(d->cpu, space, address, &word, err);
        if (!ok) break;
        disasm_text(dis, symbols, address, word, text, sizeof text);
        space_print(place, sizeof place, space, address);
        place_symbol(d, space, address, symbol, sizeof symbol);
        const char *plus = strchr(symbol, '+');
        const char *mark = is_here(d, space, address) ? "=>" : "  ";
        fprintf(d->out, "%s %s", mark, place);
        if (*symbol) fprintf(d->out, " <%s", plus ? plus : "+0x0>");
        fputs(":  ", d->out);
        if (raw) fprintf(d->out, "%08x  ", word);
        fprintf(d->out, "%s\n", text);
    }
    disasm_close(dis);
    return ok;
}

bool cmd_disas(Debugger *d, const char *args, Error *err) {
    Format f;
    if (!format_parse(&args, "r", &f, err)) return error_prefix(err, "disas");
    ExprValue v = {.v = d->cpu->pc};
    if (*args && !debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "disas: not understood: '%.40s'", args);
    if (v.v & 3)
        return error_set(err, "disas: 0x%llx is no address of an instruction",
                         (unsigned long long)v.v);
    u64 lo = v.v;
    unsigned count = f.count;
    char symbol[256];
    if (!f.has_count) function_range(d, v.space, v.v, &lo, &count);
    place_symbol(d, v.space, lo, symbol, sizeof symbol);
    if (*symbol) fprintf(d->out, "%s:\n", symbol + 1);
    return print_code(d, v.space, lo, count, f.letter == 'r', err);
}

// --- ranges --------------------------------------------------------------------------------------

// "START, END" or "START, +LENGTH"; END is outside. From gdb's commands; `separator` may be ' ', too.
static bool parse_range(Debugger *d, const char **args, char separator, ExprValue *start, u64 *n,
                        Error *err) {
    ExprValue end;
    if (!debugger_value(d, args, start, err)) return false;
    bool separated = **args == ',';
    *args += separated;
    *args += strspn(*args, " \t");
    if (separator == ',' && !separated) return error_set(err, "',' expected after the start");
    bool length = **args == '+';
    *args += length;
    if (!debugger_value(d, args, &end, err)) return false;
    *n = length ? end.v : end.v - start->v;
    if (!length && end.v < start->v) return error_set(err, "the end is before the start");
    if (*n > RANGE_MAX) return error_set(err, "more than %d bytes", RANGE_MAX);
    return true;
}

// --- find ----------------------------------------------------------------------------------------

typedef struct Pattern {
    u8 at[PATTERN_MAX];
    size_t n;
} Pattern;

static bool add_string(Pattern *p, const char **args, Error *err) {
    const char *end = strchr(++*args, '"');
    if (!end) return error_set(err, "find: no '\"' at the end of the text");
    size_t n = (size_t)(end - *args);
    if (n > sizeof p->at - p->n) return error_set(err, "find: too much to look for");
    memcpy(p->at + p->n, *args, n);
    p->n += n;
    *args = end + 1;
    return true;
}

// 'size' 0: as small as it is written to need, at least 4, as in gdb an int.
static bool add_value(Debugger *d, Pattern *p, const char **args, u8 size, Error *err) {
    ExprValue v;
    if (!debugger_value(d, args, &v, err)) return false;
    if (!size) size = v.v >> 32 ? 8 : 4;
    if (size > sizeof p->at - p->n) return error_set(err, "find: too much to look for");
    memcpy(p->at + p->n, &v.v, size);
    p->n += size;
    return true;
}

static bool parse_pattern(Debugger *d, const char *args, u8 size, Pattern *p, Error *err) {
    p->n = 0;
    while (*args == ',') {
        args += 1 + strspn(args + 1, " \t");
        bool ok = *args == '"' ? add_string(p, &args, err) : add_value(d, p, &args, size, err);
        if (!ok) return false;
        args += strspn(args, " \t");
    }
    if (*args) return error_set(err, "find: not understood: '%.40s'", args);
    return p->n || error_set(err, "find: needs what to look for, after a ','");
}

typedef struct Found {
    unsigned count, max;
    u64 last, unread;  // unread: pages that are not mapped or no memory
} Found;

static void report(Debugger *d, Space space, u64 address, Found *found) {
    char place[256];
    fprintf(d->out, "%s\n", debugger_place(d, space, address, place, sizeof place));
    found->count++;
    found->last = address;
}

// Page by page, each with the bytes of the next one that a hit at its end needs.
static void search(Debugger *d, ExprValue start, u64 n, const Pattern *p, Found *found) {
    u8 *buf = malloc(PAGE + PATTERN_MAX);
    CHECK(buf);
    for (u64 done = 0; done + p->n <= n && found->count < found->max && !d->interrupted;) {
        u64 at = start.v + done, step = MIN(PAGE - (at & (PAGE - 1)), n - done);
        u64 have = MIN(step + p->n - 1, n - done);
        done += step;
        if (!space_read(d->cpu, start.space, at, buf, step, NULL)) {
            found->unread++;
            continue;
        }
        if (have > step &&
            !space_read(d->cpu, start.space, at + step, buf + step, have - step, NULL))
            have = step;
        for (u64 i = 0; i + p->n <= have && found->count < found->max; i++)
            if (!memcmp(buf + i, p->at, p->n)) report(d, start.space, at + i, found);
    }
    free(buf);
}

bool cmd_find(Debugger *d, const char *args, Error *err) {
    Format f;
    ExprValue start;
    Pattern p;
    u64 n;
    if (!format_parse(&args, "", &f, err)) return error_prefix(err, "find");
    if (!parse_range(d, &args, ',', &start, &n, err)) return error_prefix(err, "find");
    if (!parse_pattern(d, args, f.size, &p, err)) return false;
    Found found = {.max = f.has_count ? f.count : ~0u};
    search(d, start, n, &p, &found);
    if (found.unread)
        fprintf(d->out, "%llu page%s not looked at: not mapped, or no memory\n",
                (unsigned long long)found.unread, found.unread == 1 ? "" : "s");
    if (!found.count) fprintf(d->out, "not found\n");
    if (found.count) {
        d->examine.space = start.space;
        d->examine.next = found.last;
        d->examine.has_next = true;
    }
    if (found.count > 1) fprintf(d->out, "%u times\n", found.count);
    return true;
}

// --- tags ----------------------------------------------------------------------------------------

enum { TAGS_PER_LINE = 16 };

// The granules of some bytes of a line. A page holds whole lines.
static bool print_tags(Debugger *d, Space space, u64 address, u64 bytes, Error *err) {
    Translation t;
    u64 physical;
    Region *region;
    if (!space_locate(d->cpu, space, address, &t, &physical, err)) return false;
    if (!phys_host(d->cpu->machine, physical, &region))
        return error_set(err, "there is no memory at pa 0x%llx", (unsigned long long)physical);
    print_label(d, address, false);
    for (u64 i = 0; i < bytes; i += TAG_GRANULE)
        fprintf(d->out, " %x", tag_load(d->cpu->machine, physical + i));
    fprintf(d->out,
            space.kind != AS_PHYSICAL && t.attr != ATTR_TAGGED ? "  not Tagged memory\n" : "\n");
    return true;
}

bool cmd_tags(Debugger *d, const char *args, Error *err) {
    const u64 line = TAGS_PER_LINE * TAG_GRANULE;
    const char *comma = args;
    ExprValue start;
    u64 n = 1;
    if (!cpu_has(d->cpu, FEAT_MTE2))
        return error_set(err, "tags: this machine has no memory tagging (-M virt,mte=on -cpu max)");
    if (!debugger_value(d, &comma, &start, err)) return error_prefix(err, "tags");
    if (*comma && !parse_range(d, &args, ',', &start, &n, err)) return error_prefix(err, "tags");
    if (*comma && *args) return error_set(err, "tags: not understood: '%.40s'", args);
    d->examine.space = start.space;
    u64 at = align_down(start.v, *comma ? TAG_GRANULE : line);
    u64 left = *comma ? n + (start.v - at) : line, bytes;
    for (; left && !d->interrupted; at += bytes, left -= bytes) {
        bytes = MIN(left, line - at % line);
        if (!print_tags(d, start.space, at, bytes, err)) return error_prefix(err, "tags");
    }
    return true;
}

// --- dump, restore -------------------------------------------------------------------------------

// The next word of args, which ends at a blank.
static bool take_word(const char **args, char *buf, size_t size) {
    size_t n = strcspn(*args, " \t");
    if (!n || n >= size) return false;
    memcpy(buf, *args, n);
    buf[n] = '\0';
    *args += n + strspn(*args + n, " \t");
    return true;
}

static bool write_file(const char *path, const void *data, size_t n, Error *err) {
    FILE *f = fopen(path, "we");
    if (!f) return error_set(err, "dump: cannot create '%s': %s", path, strerror(errno));
    bool ok = fwrite(data, 1, n, f) == n;
    ok = !fclose(f) && ok;
    return ok || error_set(err, "dump: '%s': %s", path, strerror(errno));
}

bool cmd_dump(Debugger *d, const char *args, Error *err) {
    char path[4096];
    ExprValue start;
    u64 n;
    if (!take_word(&args, path, sizeof path))
        return error_set(err, "dump: needs FILE START END, or FILE START, +LENGTH");
    if (!parse_range(d, &args, ' ', &start, &n, err)) return error_prefix(err, "dump");
    if (*args) return error_set(err, "dump: not understood: '%.40s'", args);
    u8 *data = malloc(n + 1);
    CHECK(data);
    bool ok =
        space_read(d->cpu, start.space, start.v, data, n, err) && write_file(path, data, n, err);
    free(data);
    if (ok) fprintf(d->out, "%llu bytes written to %s\n", (unsigned long long)n, path);
    return ok;
}

static bool restore_from(Debugger *d, FILE *f, ExprValue to, u64 *done, Error *err) {
    u8 buf[PAGE];
    size_t n;
    for (*done = 0; (n = fread(buf, 1, sizeof buf, f)); *done += n)
        if (!space_write(d->cpu, to.space, to.v + *done, buf, n, err)) return false;
    return !ferror(f) || error_set(err, "%s", strerror(errno));
}

bool cmd_restore(Debugger *d, const char *args, Error *err) {
    char path[4096];
    ExprValue to;
    if (!take_word(&args, path, sizeof path)) return error_set(err, "restore: needs FILE ADDRESS");
    if (!strncmp(args, "binary", 6) && (args[6] == ' ' || args[6] == '\t'))
        args += 6 + strspn(args + 6, " \t");
    if (!debugger_value(d, &args, &to, err)) return error_prefix(err, "restore");
    if (*args) return error_set(err, "restore: not understood: '%.40s'", args);
    FILE *f = fopen(path, "re");
    if (!f) return error_set(err, "restore: cannot open '%s': %s", path, strerror(errno));
    u64 n;
    bool ok = restore_from(d, f, to, &n, err);
    fclose(f);
    if (!ok) return error_prefix(err, "restore: %s, after %llu bytes", path, (unsigned long long)n);
    char place[256];
    fprintf(d->out, "%llu bytes of %s restored to %s\n", (unsigned long long)n, path,
            debugger_place(d, to.space, to.v, place, sizeof place));
    return true;
}
