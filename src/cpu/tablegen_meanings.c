// Host tool: checks meanings.def against the registers and fields of sysregs.reg and writes meanings.c (rows
// of debugger/meanings.h). Usage: tablegen_meanings sysregs.reg meanings.def OUTDIR
// The first thing wrong ends it with "FILE:LINE: message" and status 1.
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_LEN = 40,
    MAX_FIELDS = 64,
    MAX_REGS = 700,
    MAX_VALUES = 4000,
    MAX_ROWS = 3000,
    MAX_GROUP = 40,
    MAX_FORMATS = 600,
    MAX_SETS = 40,
    TEXT_LEN = 120,  // of a field's and a value's text together: ExplainField.meaning holds both
};

typedef struct Field {
    char name[NAME_LEN];
    int hi, lo;
} Field;

typedef struct Reg {
    char name[NAME_LEN];
    Field field[MAX_FIELDS];
    int fields;
} Reg;

typedef struct Value {
    uint64_t value;
    char text[TEXT_LEN];
} Value;

typedef struct Row {
    Field at;
    char text[TEXT_LEN], otherwise[TEXT_LEN];
    int first_value, values, line;
    bool shared;  // the values are those of a set
} Row;

typedef struct Format {
    char reg[NAME_LEN];
    const char *when;
    int bit, is, first_row, rows;
} Format;

typedef struct Set {
    char name[NAME_LEN], otherwise[TEXT_LEN];
    int first, count;
} Set;

static Reg regs[MAX_REGS];
static int reg_count;
static Value values[MAX_VALUES];
static int value_count;
static Row rows[MAX_ROWS];
static int row_count;
static Format formats[MAX_FORMATS];
static int format_count;
static Set sets[MAX_SETS];
static int set_count;
static const char *at_file;
static int at_line;

// What the lines being read belong to: the registers of one `reg` line, or a format of one register.
static Reg *group[MAX_GROUP];
static int group_size, group_format, group_row;
static bool own_format;      // its fields have bits of their own
static char rest[TEXT_LEN];  // `*`: the text of all other fields
static Row *row;             // whose values may follow
static Set *set;

__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", at_file, at_line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void copy(char *out, size_t size, const char *from) {
    if (strlen(from) >= size) fail("too long: %s", from);
    strcpy(out, from);
}

static char *next_word(void) {
    return strtok(NULL, " \t\n");
}

static char *need_word(const char *what) {
    char *w = next_word();
    if (!w) fail("%s expected", what);
    return w;
}

static int need_number(const char *what, int max) {
    char *t = need_word(what), *end;
    long v = strtol(t, &end, 10);
    if (*end || v < 0 || v > max) fail("%s must be 0..%d, not %s", what, max, t);
    return (int)v;
}

// The rest of the line without blanks around it.
static const char *need_text(void) {
    char *t = strtok(NULL, "\n");
    if (t) t += strspn(t, " \t");
    if (!t || !*t) fail("text expected");
    for (char *end = t + strlen(t); end > t && isspace((unsigned char)end[-1]);) *--end = 0;
    if (strlen(t) >= TEXT_LEN) fail("the text is longer than %d characters", TEXT_LEN - 1);
    if (strpbrk(t, "\"\\")) fail("quotes and backslashes are not for texts");
    return t;
}

static bool parse_bits(const char *t, int *hi, int *lo) {
    int n = 0;
    if (sscanf(t, "%d:%d%n", hi, lo, &n) == 2 && !t[n]) return *hi <= 63 && *lo >= 0 && *hi >= *lo;
    if (sscanf(t, "%d%n", hi, &n) != 1 || t[n]) return false;
    *lo = *hi;
    return *hi <= 63 && *lo >= 0;
}

// --- sysregs.reg: names and fields; tablegen_sysregs checks the rest -----------------------------------

static void read_reg_fields(Reg *r) {
    for (char *t; (t = next_word());) {
        if (r->fields == MAX_FIELDS) fail("%s: too many fields", r->name);
        Field *f = &r->field[r->fields++];
        char *name = need_word("field name");
        if (!parse_bits(t, &f->hi, &f->lo)) fail("%s: bits expected, not %s", r->name, t);
        name[strcspn(name, "?=")] = 0;
        copy(f->name, sizeof f->name, name);
    }
}

static void read_registers(const char *path) {
    char line[1000];
    FILE *f = fopen(path, "r");
    at_file = path;
    if (!f) fail("cannot open");
    for (Reg *r = NULL; fgets(line, sizeof line, f);) {
        at_line++;
        line[strcspn(line, "#")] = 0;
        char *word = strtok(line, " \t\n");
        if (!word) continue;
        if (!strcmp(word, "reg")) {
            if (reg_count == MAX_REGS) fail("too many registers");
            r = &regs[reg_count++];
            copy(r->name, sizeof r->name, need_word("name"));
        } else if (!strcmp(word, "field") && r) {
            read_reg_fields(r);
        } else if (!strcmp(word, "sys")) {
            r = NULL;
        }
    }
    fclose(f);
}

// "ICH_LR<n>_EL2": <n> stands for a number.
static bool name_matches(const char *pattern, const char *name) {
    const char *n = strstr(pattern, "<n>");
    if (!n) return !strcmp(pattern, name);
    size_t before = (size_t)(n - pattern);
    if (strncmp(pattern, name, before)) return false;
    size_t digits = strspn(name + before, "0123456789");
    return digits && !strcmp(n + 3, name + before + digits);
}

static const Field *find_field(const Reg *r, const char *name) {
    for (int i = 0; i < r->fields; i++)
        if (!strcmp(r->field[i].name, name)) return &r->field[i];
    return NULL;
}

static bool is_reserved(const char *name) {
    return !strcmp(name, "RES0") || !strcmp(name, "RES1");
}

// --- meanings.def ------------------------------------------------------------------------------------

static Row *add_row(const Field *at) {
    if (row_count == MAX_ROWS) fail("too many rows");
    row = &rows[row_count++];
    row->at = *at;
    row->line = at_line;
    row->first_value = value_count;
    return row;
}

static bool has_row(const char *name) {
    for (int i = group_row; i < row_count; i++)
        if (!strcmp(rows[i].at.name, name)) return true;
    return false;
}

static void put_name(char *out, const char *text, const char *name) {
    const char *at = strstr(text, "{name}");
    char buf[2 * TEXT_LEN];
    if (at)
        snprintf(buf, sizeof buf, "%.*s%s%s", (int)(at - text), text, name, at + 6);
    else
        snprintf(buf, sizeof buf, "%s", text);
    if (strlen(buf) >= TEXT_LEN) fail("the text is longer than %d characters", TEXT_LEN - 1);
    strcpy(out, buf);
}

// The rows that `*` stands for; the formats of the group.
static void end_group(void) {
    row = NULL;
    set = NULL;
    if (!group_size) return;
    for (int i = 0; *rest && i < group[0]->fields; i++) {
        const Field *f = &group[0]->field[i];
        if (is_reserved(f->name) || has_row(f->name)) continue;
        put_name(add_row(f)->text, rest, f->name);
    }
    if (row_count == group_row) fail("%s: no fields", group[0]->name);
    for (int i = group_format; i < format_count; i++) {
        formats[i].first_row = group_row;
        formats[i].rows = row_count - group_row;
    }
    *rest = 0;
    group_size = 0;
}

static void begin_group(void) {
    end_group();
    group_format = format_count;
    group_row = row_count;
}

static void add_format(Reg *r, const char *when, int bit, int is) {
    for (int i = 0; i < format_count; i++)
        if (!strcmp(formats[i].reg, r->name) && !strcmp(formats[i].when, when) &&
            formats[i].bit == bit && formats[i].is == is)
            fail("%s is described twice", r->name);
    if (format_count == MAX_FORMATS || group_size == MAX_GROUP) fail("too many formats");
    Format *f = &formats[format_count++];
    strcpy(f->reg, r->name);
    f->when = when;
    f->bit = bit;
    f->is = is;
    group[group_size++] = r;
}

static void read_reg(void) {
    begin_group();
    own_format = false;
    for (char *name = need_word("register"); name; name = next_word()) {
        int before = group_size;
        for (int i = 0; i < reg_count; i++)
            if (name_matches(name, regs[i].name)) add_format(&regs[i], "MEANING_ALWAYS", 0, 0);
        if (group_size == before) fail("no register %s", name);
    }
}

// format REG e2h 0|1, format REG bit N 0|1
static void read_format(void) {
    begin_group();
    own_format = true;
    char *name = need_word("register"), *when = need_word("e2h or bit");
    Reg *r = NULL;
    for (int i = 0; i < reg_count; i++)
        if (!strcmp(name, regs[i].name)) r = &regs[i];
    if (!r) fail("no register %s", name);
    if (!strcmp(when, "e2h"))
        add_format(r, "MEANING_E2H", 0, need_number("E2H", 1));
    else if (strcmp(when, "bit"))
        fail("e2h or bit expected, not %s", when);
    else {
        int bit = need_number("bit", 63);
        add_format(r, "MEANING_BIT", bit, need_number("its value", 1));
    }
}

static const Set *find_set(const char *name) {
    for (int i = 0; i < set_count; i++)
        if (!strcmp(sets[i].name, name)) return &sets[i];
    return NULL;
}

static void read_set(void) {
    begin_group();
    const char *name = need_word("name");
    if (find_set(name)) fail("values %s are defined twice", name);
    if (set_count == MAX_SETS) fail("too many sets of values");
    set = &sets[set_count++];
    copy(set->name, sizeof set->name, name);
    set->first = value_count;
}

static uint64_t parse_value(const char *t) {
    char *end;
    bool binary = !strncmp(t, "0b", 2);
    uint64_t v = strtoull(binary ? t + 2 : t, &end, binary ? 2 : 0);
    if (*end || !isdigit((unsigned char)*t)) fail("a value expected, not %s", t);
    return v;
}

static void check_value(const Row *r, uint64_t v) {
    int width = r->at.hi - r->at.lo + 1;
    if (width < 64 && v >> width)
        fail("%s: 0x%llx does not fit in %d bit%s", r->at.name, (unsigned long long)v, width,
             width == 1 ? "" : "s");
}

static void add_value(int first, uint64_t v, const char *text) {
    for (int i = first; i < value_count; i++)
        if (values[i].value == v) fail("the value 0x%llx twice", (unsigned long long)v);
    if (value_count == MAX_VALUES) fail("too many values");
    values[value_count].value = v;
    copy(values[value_count++].text, TEXT_LEN, text);
}

static void check_length(const Row *r, const char *text) {
    if (strlen(r->text) + 2 + strlen(text) >= TEXT_LEN)
        fail("%s: with the field's, the text is longer than %d characters", r->at.name,
             TEXT_LEN - 1);
}

static void use_set(Row *r, const char *name) {
    const Set *s = find_set(name);
    if (!s) fail("no values %s", name);
    if (r->values || r->shared) fail("%s has values of its own", r->at.name);
    r->shared = true;
    r->first_value = s->first;
    r->values = s->count;
    strcpy(r->otherwise, s->otherwise);
    for (int i = 0; i < s->count; i++) {
        check_value(r, values[s->first + i].value);
        check_length(r, values[s->first + i].text);
    }
}

static void read_value(const char *word) {
    if (!row && !set) fail("a value without a field");
    if (!strcmp(word, "values")) {
        if (!row) fail("values of values");
        use_set(row, need_word("name"));
    } else if (!strcmp(word, "else")) {
        char *out = row ? row->otherwise : set->otherwise;
        if (*out) fail("else twice");
        copy(out, TEXT_LEN, need_text());
    } else {
        uint64_t v = parse_value(word);
        const char *text = need_text();
        if (row) {
            check_value(row, v);
            check_length(row, text);
            if (row->shared) fail("%s has the values of a set", row->at.name);
            if (!row->values) row->first_value = value_count;
        }
        add_value(row ? row->first_value : set->first, v, text);
        *(row ? &row->values : &set->count) += 1;
    }
}

static void read_field(const char *word) {
    if (!group_size) fail("a field without a register");
    Field at = {0};
    if (!own_format && !strcmp(word, "*")) {
        if (*rest) fail("* twice");
        copy(rest, sizeof rest, need_text());
        row = NULL;
        return;
    }
    if (own_format) {
        if (!parse_bits(word, &at.hi, &at.lo)) fail("bits expected, not %s", word);
        int below = row_count > group_row ? rows[row_count - 1].at.lo : 64;
        if (at.hi >= below) fail("bit %d is not below the field before", at.hi);
        copy(at.name, sizeof at.name, word = need_word("field name"));
    }
    for (int i = 0; !own_format && i < group_size; i++) {
        const Field *f = find_field(group[i], word);
        if (!f || is_reserved(word)) fail("%s has no field %s", group[i]->name, word);
        if (i && (f->hi != at.hi || f->lo != at.lo))
            fail("%s has %s in other bits than %s", group[i]->name, word, group[0]->name);
        at = *f;
    }
    if (!is_reserved(word) && has_row(word)) fail("%s: field %s twice", group[0]->name, word);
    Row *r = add_row(&at);
    if (is_reserved(word)) return;
    const char *text = need_text();
    if (strcmp(text, "-")) strcpy(r->text, text);
}

static void read_line(char *line) {
    size_t indent = strspn(line, " ");
    // A comment: from # at the start of a line or after two blanks.
    char *comment = strstr(line, "  #");
    if (line[indent] == '#') return;
    if (comment) *comment = 0;
    char *word = strtok(line, " \t\n");
    if (!word) return;
    if (indent == 4)
        read_value(word);
    else if (indent == 2)
        read_field(word);
    else if (indent)
        fail("0, 2 or 4 blanks expected before %s", word);
    else if (!strcmp(word, "reg"))
        read_reg();
    else if (!strcmp(word, "format"))
        read_format();
    else if (!strcmp(word, "values"))
        read_set();
    else
        fail("unknown word %s", word);
}

static void read_meanings(const char *path) {
    char line[400];
    FILE *f = fopen(path, "r");
    at_file = path;
    at_line = 0;
    if (!f) fail("cannot open");
    while (fgets(line, sizeof line, f)) {
        at_line++;
        read_line(line);
    }
    fclose(f);
    end_group();
    for (int i = 0; i < row_count; i++) {
        at_line = rows[i].line;
        if (!*rows[i].text && !rows[i].values && !is_reserved(rows[i].at.name))
            fail("%s: neither text nor values", rows[i].at.name);
    }
}

// --- writing -------------------------------------------------------------------------------------------

static void write_string(FILE *f, const char *s) {
    if (*s)
        fprintf(f, "\"%s\"", s);
    else
        fputs("NULL", f);
}

static void write_meanings(const char *dir) {
    char path[1000];
    snprintf(path, sizeof path, "%s/meanings.c", dir);
    FILE *f = fopen(path, "w");
    at_file = path;
    if (!f) fail("cannot write");
    fputs("// Written by tablegen_meanings.\n#include \"debugger/meanings.h\"\n\n"
          "const MeaningValue meaning_values[] = {\n",
          f);
    for (int i = 0; i < value_count; i++)
        fprintf(f, "    {0x%llx, \"%s\"},\n", (unsigned long long)values[i].value, values[i].text);
    fputs("    {0, 0},\n};\n\nconst MeaningField meaning_fields[] = {\n", f);
    for (int i = 0; i < row_count; i++) {
        const Row *r = &rows[i];
        fprintf(f, "    {\"%s\", %d, %d, ", r->at.name, r->at.hi, r->at.lo);
        write_string(f, r->text);
        fprintf(f, ", %d, %d, ", r->first_value, r->values);
        write_string(f, r->otherwise);
        fputs("},\n", f);
    }
    fputs("};\n\nconst MeaningFormat meaning_formats[] = {\n", f);
    for (int i = 0; i < format_count; i++)
        fprintf(f, "    {\"%s\", %s, %d, %d, %d, %d},\n", formats[i].reg, formats[i].when,
                formats[i].bit, formats[i].is, formats[i].first_row, formats[i].rows);
    fputs("    {0},\n};\n", f);
    if (fclose(f)) fail("cannot write");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: tablegen_meanings sysregs.reg meanings.def OUTDIR\n");
        return 2;
    }
    read_registers(argv[1]);
    read_meanings(argv[2]);
    write_meanings(argv[3]);
    return 0;
}
