// Host tool: checks exceptions.def and writes exceptions.h and exceptions.c (names of exception
// classes, layouts of ISS, names of field values). Usage: tablegen_exceptions exceptions.def OUTDIR
// The first thing wrong ends it with "FILE:LINE: message" and status 1.
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_LEN = 40,
    MAX_VALUES = 32,
    MAX_LAYOUTS = 48,
    MAX_FIELDS = 26,
    CLASSES = 64,
    WORDS = 8,
    MAX_VALUE_BITS = 6,
    ISS_BITS = 25,
};

typedef struct Values {
    char name[NAME_LEN];
    char value[1 << MAX_VALUE_BITS][NAME_LEN];
    unsigned largest;
    bool used;
} Values;

typedef enum Kind { RES0, FLAG, DEC, HEX, XREG, VALUES } Kind;
static const char *const kind_names[] = {"RES0", "flag", "dec", "hex", "xreg", "values"};
static const char *const kind_enums[] = {"ISS_RES0", "ISS_FLAG", "ISS_DEC",
                                         "ISS_HEX",  "ISS_XREG", "ISS_VALUES"};

typedef struct Field {
    char name[NAME_LEN], when[NAME_LEN];
    int hi, lo, line, values;
    bool when_clear;
    Kind kind;
} Field;

typedef struct Layout {
    char name[NAME_LEN];
    Field field[MAX_FIELDS];
    int fields, line;
    unsigned seen;
    bool used;
} Layout;

typedef struct Class {
    char name[NAME_LEN], title[80];
    int layout;
    bool next;
} Class;

static Values values[MAX_VALUES];
static Layout layouts[MAX_LAYOUTS];
static Class classes[CLASSES];
static int value_count, layout_count;
static const char *at_file;
static int at_line;

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", at_file, at_line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void copy_name(char *out, const char *from) {
    if (strlen(from) >= NAME_LEN) fail("name too long: %s", from);
    for (const char *p = from; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-') fail("not a name: %s", from);
    strcpy(out, from);
}

static unsigned number(const char *text, unsigned limit) {
    char *end;
    unsigned long n = strtoul(text, &end, 0);
    if (end == text || *end) fail("not a number: %s", text);
    if (n >= limit) fail("%s is too large (at most %u)", text, limit - 1);
    return (unsigned)n;
}

static int find_values(const char *name) {
    for (int i = 0; i < value_count; i++)
        if (!strcmp(values[i].name, name)) return i;
    return -1;
}

static int find_layout(const char *name) {
    for (int i = 0; i < layout_count; i++)
        if (!strcmp(layouts[i].name, name)) return i;
    return -1;
}

static const Field *find_field(const Layout *l, const char *name) {
    for (int i = 0; i < l->fields; i++)
        if (l->field[i].kind != RES0 && !strcmp(l->field[i].name, name)) return &l->field[i];
    return NULL;
}

// --- reading -------------------------------------------------------------------------------------

static void add_values(char **word, int n) {
    if (n != 2) fail("expected: values NAME");
    if (value_count == MAX_VALUES) fail("too many lists of values");
    if (find_values(word[1]) >= 0) fail("values %s are defined twice", word[1]);
    copy_name(values[value_count++].name, word[1]);
}

static void add_value(Values *v, char **word, int n) {
    if (n != 2) fail("expected: VALUE name");
    unsigned at = number(word[0], 1 << MAX_VALUE_BITS);
    if (*v->value[at]) fail("value %s of %s is defined twice", word[0], v->name);
    copy_name(v->value[at], word[1]);
    if (at > v->largest) v->largest = at;
}

static void add_layout(char **word, int n) {
    if (n != 2) fail("expected: layout NAME");
    if (layout_count == MAX_LAYOUTS) fail("too many layouts");
    if (find_layout(word[1]) >= 0) fail("layout %s is defined twice", word[1]);
    Layout *l = &layouts[layout_count++];
    copy_name(l->name, word[1]);
    l->line = at_line;
}

static void parse_range(Field *f, char *text) {
    char *colon = strchr(text, ':');
    if (colon) *colon = 0;
    f->hi = (int)number(text, ISS_BITS);
    f->lo = colon ? (int)number(colon + 1, ISS_BITS) : f->hi;
    if (f->hi < f->lo) fail("bits %d:%d are reversed", f->hi, f->lo);
}

static void claim_bits(Layout *l, const Field *f) {
    for (int b = f->lo; b <= f->hi; b++) {
        if (l->seen >> b & 1) fail("bit %d of layout %s is in two fields", b, l->name);
        l->seen |= 1u << b;
    }
}

static Kind parse_kind(const char *text) {
    for (Kind k = FLAG; k <= VALUES; k++)
        if (!strcmp(text, kind_names[k])) return k;
    fail("not a kind of field: %s", text);
}

static void add_field(Layout *l, char **word, int n) {
    if (n < 2) fail("expected: BITS NAME KIND");
    if (l->fields == MAX_FIELDS) fail("too many fields");
    Field *f = &l->field[l->fields];
    f->line = at_line;
    f->values = -1;
    parse_range(f, word[0]);
    claim_bits(l, f);
    int at = 2;
    if (strcmp(word[1], "RES0")) {
        if (n < 3) fail("field %s has no kind", word[1]);
        if (find_field(l, word[1])) fail("two fields of layout %s are called %s", l->name, word[1]);
        copy_name(f->name, word[1]);
        f->kind = parse_kind(word[at++]);
    }
    if (f->kind == FLAG && f->hi != f->lo) fail("flag %s has more than one bit", f->name);
    if (f->kind == XREG && f->hi - f->lo != 4) fail("register %s has not 5 bits", f->name);
    if (f->kind == VALUES) {
        f->values = at < n ? find_values(word[at++]) : -1;
        if (f->values < 0) fail("the values of %s are not defined", f->name);
        if (f->hi - f->lo >= MAX_VALUE_BITS) fail("%s is too wide for a list of values", f->name);
        if (values[f->values].largest >> (f->hi - f->lo + 1))
            fail("a value of %s does not fit into its bits", f->name);
        values[f->values].used = true;
    }
    if (at < n && !strcmp(word[at], "when")) {
        if (at + 1 >= n) fail("when what?");
        f->when_clear = word[at + 1][0] == '!';
        copy_name(f->when, word[at + 1] + f->when_clear);
        at += 2;
    }
    if (at < n) fail("not understood: %s", word[at]);
    l->fields++;
}

static void add_class(char **word, int n, const char *title) {
    if (n != 5 || !title) fail("expected: class EC NAME LAYOUT this|next \"title\"");
    unsigned ec = number(word[1], CLASSES);
    Class *c = &classes[ec];
    if (*c->name) fail("class %s is defined twice", word[1]);
    for (int i = 0; i < CLASSES; i++)
        if (!strcmp(classes[i].name, word[2])) fail("two classes are called %s", word[2]);
    c->layout = find_layout(word[3]);
    if (c->layout < 0) fail("no layout %s", word[3]);
    if (strcmp(word[4], "this") && strcmp(word[4], "next"))
        fail("the return address is 'this' or 'next', not '%s'", word[4]);
    if (strlen(title) >= sizeof c->title) fail("title too long");
    copy_name(c->name, word[2]);
    strcpy(c->title, title);
    c->next = !strcmp(word[4], "next");
    layouts[c->layout].used = true;
}

static int split(char *line, char **word) {
    int n = 0;
    for (char *p = strtok(line, " \t\r\n"); p; p = strtok(NULL, " \t\r\n")) {
        if (n == WORDS) fail("too many words");
        word[n++] = p;
    }
    return n;
}

// Cuts "title" off the end of line; NULL if there is none.
static char *cut_title(char *line) {
    char *open = strchr(line, '"');
    if (!open) return NULL;
    char *close = strchr(open + 1, '"');
    if (!close) fail("the title has no closing quote");
    if (close[1 + strspn(close + 1, " \t\r\n")]) fail("text after the title");
    *open = *close = 0;
    if (strchr(open + 1, '\\')) fail("backslash in a title");
    return open + 1;
}

static void parse_line(char *line, Values **v, Layout **l) {
    bool indented = *line == ' ' || *line == '\t';
    char *word[WORDS], *title = cut_title(line);
    line[strcspn(line, "#")] = 0;
    int n = split(line, word);
    if (!n) return;
    if (indented) {
        if (*v)
            add_value(*v, word, n);
        else if (*l)
            add_field(*l, word, n);
        else
            fail("indented line outside of values and layout");
        return;
    }
    *v = NULL;
    *l = NULL;
    if (!strcmp(word[0], "values")) {
        add_values(word, n);
        *v = &values[value_count - 1];
    } else if (!strcmp(word[0], "layout")) {
        add_layout(word, n);
        *l = &layouts[layout_count - 1];
    } else if (!strcmp(word[0], "class")) {
        add_class(word, n, title);
    } else {
        fail("not understood: %s", word[0]);
    }
}

static void read_table(const char *path) {
    FILE *f = fopen(path, "r");
    at_file = path;
    if (!f) {
        perror(path);
        exit(1);
    }
    char line[512];
    Values *v = NULL;
    Layout *l = NULL;
    while (fgets(line, sizeof line, f)) {
        at_line++;
        if (!strchr(line, '\n') && !feof(f)) fail("line too long");
        if (*line != '#') parse_line(line, &v, &l);
    }
    fclose(f);
}

// --- checking what only the whole shows ----------------------------------------------------------

static void check_layout(const Layout *l) {
    at_line = l->line;
    for (int b = 0; b < ISS_BITS; b++)
        if (!(l->seen >> b & 1)) fail("bit %d of layout %s is in no field", b, l->name);
    if (!l->used) fail("layout %s is used by no class", l->name);
    for (int i = 0; i < l->fields; i++) {
        const Field *f = &l->field[i], *when = *f->when ? find_field(l, f->when) : NULL;
        at_line = f->line;
        if (*f->when && (!when || when->hi != when->lo))
            fail("'when %s': layout %s has no such one-bit field", f->when, l->name);
    }
}

static void check_all(void) {
    for (int i = 0; i < layout_count; i++) check_layout(&layouts[i]);
    at_line = 0;
    for (int i = 0; i < value_count; i++)
        if (!values[i].used) fail("values %s are used by no field", values[i].name);
    if (!*classes[0].name) fail("class 0 is not defined");
}

// --- writing -------------------------------------------------------------------------------------

static FILE *create(const char *folder, const char *name) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) exit(1);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    fprintf(f, "// Written by tablegen_exceptions from exceptions.def.\n");
    return f;
}

static void finish(FILE *f) {
    if (ferror(f) | fclose(f)) {
        perror("tablegen_exceptions: write");
        exit(1);
    }
}

static void write_header(const char *folder) {
    FILE *f = create(folder, "exceptions.h");
    fputs("#pragma once\n\n#include \"base/base.h\"\n\n"
          "typedef enum IssKind { ISS_RES0, ISS_FLAG, ISS_DEC, ISS_HEX, ISS_XREG, ISS_VALUES } "
          "IssKind;\n\n"
          "typedef struct IssField {\n"
          "    const char *name;\n"
          "    u8 hi, lo, kind;\n"
          "    i8 when;           // bit of ISS that makes it meaningful, -1: always\n"
          "    bool when_is;      // the value that bit has to have\n"
          "    const char *const *values;  // ISS_VALUES: by value, NULL where reserved\n"
          "} IssField;\n\n"
          "typedef struct IssLayout {\n"
          "    const char *name;\n"
          "    const IssField *field;\n"
          "    unsigned fields;\n"
          "    u32 res0;\n"
          "} IssLayout;\n\n"
          "typedef struct ExceptionClass {\n"
          "    const char *name, *title;   // NULL: reserved\n"
          "    const IssLayout *layout;\n"
          "    bool returns_to_next;       // preferred return address: the following instruction\n"
          "} ExceptionClass;\n\n"
          "extern const ExceptionClass exception_classes[64];  // by ESR_ELx.EC\n\n",
          f);
    for (int i = 0; i < layout_count; i++)
        fprintf(f, "extern const IssLayout iss_%s;\n", layouts[i].name);
    finish(f);
}

static void write_values(FILE *f, const Values *v) {
    fprintf(f, "static const char *const values_%s[64] = {\n", v->name);
    for (int i = 0; i < 1 << MAX_VALUE_BITS; i++)
        if (*v->value[i]) fprintf(f, "    [0x%02x] = \"%s\",\n", (unsigned)i, v->value[i]);
    fprintf(f, "};\n\n");
}

static void write_field(FILE *f, const Layout *l, const Field *field) {
    fprintf(f, "    {\"%s\", %d, %d, %s, %d, %d, ", field->name, field->hi, field->lo,
            kind_enums[field->kind], *field->when ? find_field(l, field->when)->lo : -1,
            !field->when_clear);
    if (field->values >= 0)
        fprintf(f, "values_%s},\n", values[field->values].name);
    else
        fprintf(f, "NULL},\n");
}

static void write_layout(FILE *f, const Layout *l) {
    unsigned res0 = 0;
    int n = 0;
    fprintf(f, "static const IssField fields_%s[] = {\n", l->name);
    for (int i = 0; i < l->fields; i++) {
        const Field *field = &l->field[i];
        if (field->kind == RES0)
            res0 |= ((2u << (field->hi - field->lo)) - 1) << field->lo;
        else
            write_field(f, l, field), n++;
    }
    if (!n) fprintf(f, "    {\"\", 0, 0, ISS_RES0, -1, 0, NULL},\n");
    fprintf(f, "};\nconst IssLayout iss_%s = {\"%s\", fields_%s, %d, 0x%07x};\n\n", l->name,
            l->name, l->name, n, res0);
}

static void write_source(const char *folder) {
    FILE *f = create(folder, "exceptions.c");
    fprintf(f, "#include \"gen/exceptions.h\"\n\n");
    for (int i = 0; i < value_count; i++) write_values(f, &values[i]);
    for (int i = 0; i < layout_count; i++) write_layout(f, &layouts[i]);
    fprintf(f, "const ExceptionClass exception_classes[64] = {\n");
    for (int i = 0; i < CLASSES; i++)
        if (*classes[i].name)
            fprintf(f, "    [0x%02x] = {\"%s\", \"%s\", &iss_%s, %s},\n", (unsigned)i,
                    classes[i].name, classes[i].title, layouts[classes[i].layout].name,
                    classes[i].next ? "true" : "false");
    fprintf(f, "};\n");
    finish(f);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: tablegen_exceptions exceptions.def OUTDIR\n");
        return 2;
    }
    read_table(argv[1]);
    check_all();
    write_header(argv[2]);
    write_source(argv[2]);
    return 0;
}
