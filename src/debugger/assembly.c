// The templates of assembly.def.
#define _GNU_SOURCE  // FNM_EXTMATCH
#include "debugger/assembly.h"

#include "cpu/decode.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Template {
    const char *row;
    u32 mask, value;
    const char *text;
} Template;

static const Template templates[] = {
#define ASM(row, ...) {row, __VA_ARGS__},
#include "debugger/assembly.def"
};

typedef struct Writer {
    char *buf;
    size_t size, used;
    u32 word;
    const char *name;  // of the row
} Writer;

static void add(Writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(Writer *w, const char *format, ...) {
    if (w->used >= w->size) return;
    va_list args;
    va_start(args, format);
    w->used += (size_t)vsnprintf(w->buf + w->used, w->size - w->used, format, args);
    va_end(args);
}

// --- bits of the word ----------------------------------------------------------------------------

// "23-22+30": the value, its width in *width; *t is behind it.
static u32 take_bits(const char **t, u32 word, unsigned *width) {
    u32 value = 0;
    *width = 0;
    for (;;) {
        char *end;
        unsigned hi = (unsigned)strtoul(*t, &end, 10), lo = hi;
        if (*end == '-') lo = (unsigned)strtoul(end + 1, &end, 10);
        value = value << (hi - lo + 1) | (u32)bits(word, hi, lo);
        *width += hi - lo + 1;
        *t = end;
        if (*end != '+') return value;
        ++*t;
    }
}

// The number behind a '*' or '/', 1 if there is none.
static i64 take_factor(const char **t, char sign) {
    char *end;
    if (**t != sign) return 1;
    i64 factor = strtol(*t + 1, &end, 10);
    *t = end;
    return factor;
}

// --- operands ------------------------------------------------------------------------------------

static unsigned register_in(char field, u32 word) {
    switch (field) {
    case 'd': return word & 31;
    case 'n': return word >> 5 & 31;
    case 'm': return word >> 16 & 31;
    default: return word >> 10 & 31;
    }
}

static void add_general(Writer *w, bool wide, unsigned number, const char *name31) {
    if (number == 31)
        add(w, "%s%s", !strcmp(name31, "zr") ? wide ? "x" : "w" : "", name31);
    else
        add(w, "%c%u", wide ? 'x' : 'w', number);
}

static void add_register(Writer *w, char kind, char field) {
    unsigned number = register_in(field, w->word);
    switch (kind) {
    case 'x': add_general(w, true, number, "zr"); break;
    case 'w': add_general(w, false, number, "zr"); break;
    case 'p': add_general(w, true, number, "sp"); break;
    case 'z': add_general(w, bit(w->word, 31), number, "zr"); break;
    case 'y': add_general(w, w->word >> 30 == 3, number, "zr"); break;
    case 'c':
        add_general(w, bit(w->word, 30), number, "zr");
        add(w, ", ");
        add_general(w, bit(w->word, 30), number + 1, "zr");
        break;
    default: add(w, "%c%u", kind, number);
    }
}

// VFPExpandImm of a half precision number, as binutils writes it.
static void add_float(Writer *w, u32 imm8) {
    int exponent = (int)(imm8 >> 4 & 7) ^ 4;
    double value = (16 + (imm8 & 15)) / 128.0 * (1 << exponent);
    add(w, "%.18e", imm8 & 0x80 ? -value : value);
}

static void add_number(Writer *w, char kind, const char **t) {
    unsigned width;
    u32 value = take_bits(t, w->word, &width);
    i64 is_signed = (i64)sext(value, width);
    switch (kind) {
    case 'u': add(w, "%u", value * (u32)take_factor(t, '*')); break;
    case 'k': add(w, "0x%x", value * (u32)take_factor(t, '*')); break;
    case 'i': add(w, "%d", (int)(is_signed * take_factor(t, '*'))); break;
    case 'r': add(w, "%d", (int)(take_factor(t, '/') - value)); break;
    default:
        is_signed *= take_factor(t, '*');
        if (is_signed) add(w, ", #%d", (int)is_signed);
    }
}

// --- templates -----------------------------------------------------------------------------------

static void expand(Writer *w, const char *t, const char *end);

// "{BITS:A,B,...}", *t behind the brace; *t is left behind the other one.
static void add_choice(Writer *w, const char **t) {
    unsigned width;
    u32 number = take_bits(t, w->word, &width);
    const char *end = strchr(*t, '}');
    for (const char *p = *t + 1;; p++) {
        size_t n = strcspn(p, ",}");
        if (!number--) expand(w, p, p + n);
        p += n;
        if (p == end) break;
    }
    *t = end + 1;
}

static void add_code(Writer *w, const char **t) {
    static const char conditions[] = "eqnecsccmiplvsvchilsgeltgtlealnv";
    char kind = *(*t)++;
    switch (kind) {
    case 'C': add(w, "%.2s", conditions + 2 * bits(w->word, 15, 12)); break;
    case 'F': add_float(w, (u32)bits(w->word, 20, 13)); break;
    case 'G': add_float(w, (u32)(bits(w->word, 18, 16) << 5 | bits(w->word, 9, 5))); break;
    case 'H': add(w, bit(w->word, 30) ? "8h" : "4h"); break;
    case 'u':
    case 'k':
    case 'i':
    case 'r':
    case 'o': add_number(w, kind, t); break;
    default: add_register(w, kind, *(*t)++);
    }
}

static void expand(Writer *w, const char *t, const char *end) {
    while (t < end) {
        char c = *t++;
        if (c == '$')
            add(w, "%.*s", (int)strcspn(w->name, "_"), w->name);
        else if (c == '{')
            add_choice(w, &t);
        else if (c == '%')
            add_code(w, &t);
        else
            add(w, "%c", c);
    }
}

static bool is_of_row(const Template *t, const DecodeRow *row) {
    return !fnmatch(t->row, row->name, FNM_EXTMATCH);
}

// The first template of each row: most have none, and are asked for often.
static const Template **first_template;

static void find_first_templates(void) {
    first_template = calloc(decode_row_count, sizeof(void *));
    CHECK(first_template);
    for (unsigned row = 0; row < decode_row_count; row++)
        for (unsigned i = ARRAY_LEN(templates); i-- > 0;)
            if (is_of_row(&templates[i], &decode_rows[row])) first_template[row] = &templates[i];
}

static const Template *template_of(const DecodeRow *row, u32 word) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_first_templates);
    const Template *t = first_template[row - decode_rows];
    for (; t && t < templates + ARRAY_LEN(templates); t++)
        if ((word & t->mask) == t->value && is_of_row(t, row)) return t;
    return NULL;
}

bool assembly_text(u32 word, char *buf, size_t n) {
    static const u64 every_feature[2] = {~0ull, ~0ull};
    if (!(word >> 16)) {
        snprintf(buf, n, "%-7s #%u", "udf", word);
        return true;
    }
    Op op = {0};
    const DecodeRow *row = decode_row(every_feature, word, 0, &op);
    const Template *template = row ? template_of(row, word) : NULL;
    if (!template) return false;
    char text[160];
    Writer w = {.buf = text, .size = sizeof text, .word = word, .name = row->name};
    expand(&w, template->text, template->text + strlen(template->text));
    // The operands begin in a column of their own.
    size_t mnemonic = strcspn(text, " ");
    snprintf(buf, n, text[mnemonic] ? "%-7.*s%s" : "%.*s%s", (int)mnemonic, text, text + mnemonic);
    return true;
}
