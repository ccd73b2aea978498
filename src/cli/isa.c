// `el2sim isa`: the rows of the instruction tables and how they are tested, as text, JSON or Markdown (docs/instructions.md).
#include "cli/cli.h"
#include "cli/json.h"
#include "cpu/isa.h"

#include <fnmatch.h>
#include <stdio.h>

// What the tests do with a row.
typedef struct Coverage {
    const char *row;
    unsigned cases, passed, listed;
    u64 executed, guests;
} Coverage;

static const Coverage coverage[] = {
#define ROW(name, cases, passed, listed, executed, guests) \
    {#name, cases, passed, listed, executed, guests},
#include "cli/isa_coverage.def"
#undef ROW
};

enum { PATTERNS_LIMIT = 64 };

typedef enum Format { TEXT, JSON, MARKDOWN } Format;

const char isa_help[] =
    "The rows of the instruction tables whose names match (*, ?, [...]), or all:\n"
    "encoding, features, and how the tests cover them.\n"
    "  --json        one JSON value\n"
    "  --markdown    as docs/instructions.md\n";

typedef struct IsaOptions {
    Format format;
    unsigned patterns;
    const char *pattern[PATTERNS_LIMIT];  // of rows' names; none: all rows
} IsaOptions;

static bool parse(int argc, char **argv, IsaOptions *o, Error *err) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            o->format = JSON;
        } else if (!strcmp(argv[i], "--markdown")) {
            o->format = MARKDOWN;
        } else if (*argv[i] == '-') {
            return error_set(err, "isa: unknown option '%.40s'", argv[i]);
        } else {
            if (o->patterns == PATTERNS_LIMIT)
                return error_set(err, "isa: more than %d names", PATTERNS_LIMIT);
            o->pattern[o->patterns++] = argv[i];
        }
    }
    return true;
}

static bool is_wanted(const IsaOptions *o, unsigned row) {
    for (unsigned i = 0; i < o->patterns; i++)
        if (!fnmatch(o->pattern[i], decode_rows[row].name, 0)) return true;
    return !o->patterns;
}

// All 0 for a row that the file does not have yet.
static const Coverage *coverage_of(unsigned row) {
    static const Coverage none;
    for (unsigned i = 0; i < ARRAY_LEN(coverage); i++)
        if (!strcmp(coverage[i].row, decode_rows[row].name)) return &coverage[i];
    return &none;
}

// "mem fp", or empty.
static const char *kind_text(unsigned row, char buf[32]) {
    const IsaRow *r = &isa_rows[row];
    snprintf(buf, 32, "%s%s%s", r->kind, *r->kind && r->fp ? " " : "", r->fp ? "fp" : "");
    return buf;
}

static void print_text(unsigned row, const char *features) {
    char kind[32];
    printf("%-16s %-9s %-10s %s", decode_rows[row].name, isa_rows[row].table, kind_text(row, kind),
           decode_rows[row].diagram);
    if (*features) printf(" : %s", features);
    if (*isa_rows[row].where) printf(" : where %s", isa_rows[row].where);
    const Coverage *c = coverage_of(row);
    printf(" : %u of %u cases pass", c->passed, c->cases);
    if (c->listed) printf(", %u listed", c->listed);
    printf(", executed %llu, %llu in guests\n", (unsigned long long)c->executed,
           (unsigned long long)c->guests);
}

static void print_markdown(unsigned row, const char *features, bool first) {
    char kind[32];
    if (first)
        printf(
            "\n## %s.isa\n\n"
            "| row | encoding | kind | features | cases | passed | listed | executed | guests |\n"
            "|---|---|---|---|--:|--:|--:|--:|--:|\n",
            isa_rows[row].table);
    const Coverage *c = coverage_of(row);
    printf("| `%s` | `%s` | %s | %s | %u | %u | %u | %llu | %llu |\n", decode_rows[row].name,
           decode_rows[row].diagram, kind_text(row, kind), features, c->cases, c->passed, c->listed,
           (unsigned long long)c->executed, (unsigned long long)c->guests);
}

static void print_json(unsigned row, const char *features, bool first) {
    const struct {
        const char *name, *text;
    } member[] = {
        {"row", decode_rows[row].name},
        {"table", isa_rows[row].table},
        {"kind", isa_rows[row].kind},
        {"diagram", decode_rows[row].diagram},
        {"operands", isa_rows[row].operands},
        {"where", isa_rows[row].where},
        {"features", features},
    };
    printf("%s\n {", first ? "" : ",");
    for (unsigned i = 0; i < ARRAY_LEN(member); i++) {
        printf("\"%s\": ", member[i].name);
        json_string(stdout, member[i].text);
        printf(", ");
    }
    const Coverage *c = coverage_of(row);
    printf("\"fp\": %s, \"mask\": \"0x%08x\", \"value\": \"0x%08x\", \"handlers\": %u, "
           "\"cases\": %u, \"passed\": %u, \"listed\": %u, \"executed\": %llu, \"guests\": %llu}",
           isa_rows[row].fp ? "true" : "false", decode_rows[row].mask, decode_rows[row].value,
           decode_rows[row].handlers, c->cases, c->passed, c->listed,
           (unsigned long long)c->executed, (unsigned long long)c->guests);
}

static void print_head(Format format) {
    if (format == JSON) printf("[");
    if (format != MARKDOWN) return;
    puts("# Instructions\n\n"
         "Written by `el2sim isa --markdown`; a test compares. Each row of the tables in `src/cpu` "
         "with its encoding\n"
         "(fields with their width, `x` is ignored), its kind "
         "([instruction-tables.md](instruction-tables.md); `fp`: access to\n"
         "SIMD&FP registers is checked) and the features that the CPU must have.\n\n"
         "How it is tested (`tests/isa/coverage` counts):\n\n"
         "- cases: words of the row with random operands and state, run on QEMU and on el2sim by "
         "`tests/isa/run`\n"
         "- passed: cases with the same results\n"
         "- listed: cases where QEMU is wrong or the choice is free: a line of "
         "`tests/isa/deviations.txt` has the rule.\n"
         "  Passed and listed are all cases, or a test fails\n"
         "- executed: times the row was executed by the rom with these cases, the roms of "
         "`tests/diff` and the guests\n"
         "- guests: of them, those in Linux, KVM, Xen and U-Boot of `tests/boot`");
}

int isa_main(int argc, char **argv) {
    IsaOptions o = {0};
    Error err;
    if (!parse(argc, argv, &o, &err)) return usage_error(&err);
    unsigned printed = 0;
    const char *table = "";
    for (unsigned row = 0; row < decode_row_count; row++) {
        char features[128];
        if (!is_wanted(&o, row)) continue;
        if (!printed) print_head(o.format);
        isa_feature_text(row, features, sizeof features);
        if (o.format == TEXT) print_text(row, features);
        if (o.format == JSON) print_json(row, features, !printed);
        if (o.format == MARKDOWN) print_markdown(row, features, strcmp(table, isa_rows[row].table));
        table = isa_rows[row].table;
        printed++;
    }
    if (!printed) {
        error_set(&err, "isa: no row has such a name");
        return usage_error(&err);
    }
    if (o.format == JSON) puts("]");
    return 0;
}
