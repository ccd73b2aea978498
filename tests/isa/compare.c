// The decoder against other people's: which words are defined, and what the instructions are called.
// binutils' objdump decides over both, Capstone over names. Every difference has a line in
// differences.txt with the rule of the architecture, every name that is not part of the row's a line
// in mnemonics.txt; a line that nothing needs is an error in a sample.
//
// Usage: compare FOLDER sample [SEED [WORDS_PER_ROW]]   FOLDER has the two lists
//        compare FOLDER chunk N                         words N << 24 to (N + 1 << 24) - 1
// Status 0: no unexplained difference. docs/decoder.md
#include "cpu/cpu_models.h"
#include "cpu/isa.h"
#include "gen/features.h"
#include "words.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OBJDUMP \
    "aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 --no-show-raw-insn -M no-notes"

enum {
    RULES_MAX = 400,
    FOUND_MAX = 1000,
    NAMES_MAX = 1000,
    EXTRA_MAX = 50,
    RANDOM_PART = 2,
    PER_RULE = 400,
    TRIES = 100
};

// --- lists -----------------------------------------------------------------------------------------

typedef struct Rule {
    char side;  // 'b': binutils alone has the word, 'e': el2sim alone
    u32 mask, value;
    bool (*also)(u32 word);  // what the bits cannot say; NULL: nothing
    char names[300];         // " ldg stg ", or " * "
    char feature[32];        // the line holds as long as the CPU does not have it; empty: always
    u64 used;
    int line;
} Rule;

typedef struct Names {
    char row[64], names[300];
    char used[300];  // a character for each of names: that of a name which was needed is set
    int line;
} Names;

typedef struct Found {
    char what[160];  // "binutils alone: ldg"
    u32 word;
    u64 count;
} Found;

static Rule rule[RULES_MAX];
static unsigned rules;
static Rule extra[EXTRA_MAX];  // words for names that few words have: patterns alone
static unsigned extras;
static Names names[NAMES_MAX];
static unsigned name_rows;
static Found found[FOUND_MAX];
static unsigned founds;
static u64 agreed, compared, explained, capstone_knows;
static u64 *row_words;
static Names **row_names;  // of each row of decode_rows; NULL: no line
static Machine *machine;

_Noreturn static void die(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(2);
}

static FILE *open_list(const char *folder, const char *name, char *path, size_t n) {
    snprintf(path, n, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    if (f) return f;
    perror(path);
    exit(2);
}

static bool max_has(const char *feature) {
    for (unsigned f = 0; f < FEATURE_COUNT; f++)
        if (!strcmp(feature_names[f], feature)) return machine->features[f / 64] >> f % 64 & 1;
    return false;
}

// CONSTRAINED UNPREDICTABLE: a register is loaded twice, or loaded and written back.
static bool loads_one_twice(u32 w) {
    u32 rt = w & 31, rn = w >> 5 & 31, rt2 = w >> 10 & 31;
    return rt == rt2 || (bit(w, 23) && (rn == rt || rn == rt2));
}
// Bits that are shown as (1): Rs, Rt2 of the load-acquires.
static bool has_clear_sbo(u32 w) {
    return (w >> 16 & 31) != 31 || (w >> 10 & 31) != 31;
}

static bool read_pattern(Rule *r, const char *pattern) {
    char also[16] = "";
    if (sscanf(pattern, "%x/%x&%15s", &r->value, &r->mask, also) < 2 || r->value & ~r->mask)
        return false;
    if (!strcmp(also, "twice")) r->also = loads_one_twice;
    if (!strcmp(also, "sbo")) r->also = has_clear_sbo;
    return !*also || r->also;
}

// SIDE VALUE/MASK[&CONDITION] FEATURE|- NAME,...|* : the rule
static void read_rules(const char *folder) {
    char path[500], line[1000], side[16], pattern[40], feature[32], list[280];
    FILE *f = open_list(folder, "differences.txt", path, sizeof path);
    for (int n = 1; fgets(line, sizeof line, f); n++) {
        Rule *r = &rule[rules];
        if (*line == '#' || *line == '\n') continue;
        if (rules == RULES_MAX) die(path, n, "too many lines");
        char *colon = strstr(line, " : ");
        if (!colon || strlen(colon) < 5) die(path, n, "no rule");
        *colon = '\0';
        if (sscanf(line, "%15s %39s %31s %279s", side, pattern, feature, list) != 4)
            die(path, n, "not SIDE VALUE/MASK FEATURE NAMES : RULE");
        if (strcmp(side, "binutils") && strcmp(side, "el2sim")) die(path, n, "what side?");
        if (!read_pattern(r, pattern)) die(path, n, "not VALUE/MASK, or an unknown condition");
        for (char *c = list; *c; c++)
            if (*c == ',') *c = ' ';
        r->side = *side;
        r->line = n;
        snprintf(r->names, sizeof r->names, " %s ", list);
        if (strcmp(feature, "-")) snprintf(r->feature, sizeof r->feature, "%s", feature);
        rules++;
    }
    fclose(f);
}

// ROW: NAME...   + VALUE/MASK: words to have in a sample
static void read_names(const char *folder) {
    char path[500], line[500];
    FILE *f = open_list(folder, "mnemonics.txt", path, sizeof path);
    for (int n = 1; fgets(line, sizeof line, f); n++) {
        if (*line == '#' || *line == '\n') continue;
        if (*line == '+') {
            if (extras == EXTRA_MAX || !read_pattern(&extra[extras++], line + 1))
                die(path, n, "not + VALUE/MASK");
            continue;
        }
        if (name_rows == NAMES_MAX) die(path, n, "too many lines");
        char *colon = strchr(line, ':');
        if (!colon || colon - line > 60) die(path, n, "not ROW: NAMES");
        Names *m = &names[name_rows++];
        line[strcspn(line, "\n")] = '\0';
        snprintf(m->row, sizeof m->row, "%.*s", (int)(colon - line), line);
        snprintf(m->names, sizeof m->names, "%s ", colon + 1);
        m->line = n;
        bool known = false;
        for (unsigned i = 0; i < decode_row_count; i++) {
            if (strcmp(decode_rows[i].name, m->row)) continue;
            row_names[i] = m;
            known = true;
        }
        if (!known) die(path, n, "no such row");
    }
    fclose(f);
}

static bool has_name(const char *list, const char *name) {
    char word[64];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(list, word) || !strcmp(list, " * ");
}

// --- names -----------------------------------------------------------------------------------------

static bool has_field(const DecodeRow *row, const char *name, u32 word, u32 *value) {
    const IsaRow *r = &isa_rows[row - decode_rows];
    for (unsigned i = 0; i < r->fields; i++)
        if (!strcmp(r->field[i].name, name))
            return *value = word >> r->field[i].lo & ((1u << r->field[i].width) - 1), true;
    return false;
}

// The row's name: its part number U (or inv) if it is one instruction for each ("saddl_uaddl"), any part else.
// "saddl2" is "saddl" on the upper half: with Q.
static bool is_in_row_name(const DecodeRow *row, u32 word, const char *name) {
    u32 want = 0;
    bool chosen = (has_field(row, "U", word, &want) || has_field(row, "inv", word, &want)) &&
                  strchr(row->name, '_');
    size_t n = strlen(name);
    unsigned part = 0;
    for (const char *p = row->name;; p++, part++) {
        size_t length = strcspn(p, "_");
        bool upper = length + 1 == n && name[length] == '2' && bit(word, 30);
        if (!strncmp(p, name, length) && (length == n || upper) && (!chosen || part == want))
            return true;
        p += length;
        if (!*p) return false;
    }
}

// "ld{15:,a}xr{31-30:b,h,,}" for a word: "ldaxrb". HI-LO: the bits that choose among the texts behind the colon.
static void expand(const char *t, size_t length, u32 word, char *out, size_t n) {
    const char *end = t + length;
    size_t used = 0;
    while (t < end && used + 1 < n) {
        if (*t != '{') {
            out[used++] = *t++;
            continue;
        }
        char *next;
        unsigned hi = (unsigned)strtoul(t + 1, &next, 10), lo = hi;
        if (*next == '-') lo = (unsigned)strtoul(next + 1, &next, 10);
        t = next + 1;
        for (unsigned skip = (unsigned)bits(word, hi, lo); skip && t < end && *t != '}'; t++)
            skip -= *t == ',';
        while (t < end && *t != ',' && *t != '}' && used + 1 < n) out[used++] = *t++;
        while (t < end && *t++ != '}') continue;
    }
    out[used] = '\0';
}

// A row with a line in mnemonics.txt is called as that says and in no other way.
static bool is_name_of(const DecodeRow *row, u32 word, const char *name) {
    Names *m = row_names[row - decode_rows];
    if (!m) return is_in_row_name(row, word, name);
    for (const char *c = m->names; *c; c += strcspn(c, " ")) {
        char want[64];
        c += strspn(c, " ");
        expand(c, strcspn(c, " "), word, want, sizeof want);
        if (strcmp(want, name)) continue;
        m->used[c - m->names] = 1;
        return true;
    }
    return false;
}

// --- one word --------------------------------------------------------------------------------------

static void difference(u32 word, const char *who, const char *row, const char *name) {
    char what[160];
    snprintf(what, sizeof what, "%s: row %s, called %s", who, row, name);
    for (unsigned i = 0; i < founds; i++)
        if (!strcmp(found[i].what, what)) {
            found[i].count++;
            return;
        }
    if (founds == FOUND_MAX) return;
    found[founds].word = word;
    found[founds].count = 1;
    snprintf(found[founds++].what, sizeof found[0].what, "%s", what);
}

static bool is_explained(char side, u32 word, const char *name) {
    for (unsigned i = 0; i < rules; i++) {
        Rule *r = &rule[i];
        if (r->side != side || (word & r->mask) != r->value || !has_name(r->names, name)) continue;
        if (r->also && !r->also(word)) continue;
        if (*r->feature && max_has(r->feature)) continue;
        r->used++;
        explained++;
        return true;
    }
    return false;
}

// name: binutils', NULL if it calls the word undefined.
static void compare(u32 word, const char *name, csh capstone, cs_insn *insn) {
    Op op;
    const DecodeRow *row = decode_row(machine->features, word, 0, &op);
    compared++;
    if (row) row_words[row - decode_rows]++;
    if (!row && name && !is_explained('b', word, name)) {
        const DecodeRow *absent = decode_row(all_features, word, 0, &op);
        difference(word, absent ? "binutils alone, lacks a feature" : "binutils alone",
                   absent ? absent->name : "none", name);
    }
    if (row && !name && !is_explained('e', word, row->name))
        difference(word, "el2sim alone", row->name, "undefined");
    agreed += !row == !name;
    if (!row) return;
    if (name && !is_name_of(row, word, name)) difference(word, "name, binutils", row->name, name);
    const u8 *code = (const u8 *)&word;
    size_t size = 4;
    u64 address = 0;
    if (!cs_disasm_iter(capstone, &code, &size, &address, insn)) return;
    capstone_knows++;
    insn->mnemonic[strcspn(insn->mnemonic, ".")] = '\0';  // "b.eq"
    if (!is_name_of(row, word, insn->mnemonic))
        difference(word, "name, Capstone", row->name, insn->mnemonic);
}

// "   0:\tlsl\tx1, x2, x1": false if the line is none of an instruction; at: its place in the file.
static bool parse_line(char *line, u64 *at, char **name) {
    char *end;
    *at = strtoull(line, &end, 16);
    if (end == line || end[0] != ':' || end[1] != '\t') return false;
    *name = end + 2;
    bool undefined = !strncmp(*name, ".inst", 5);
    (*name)[strcspn(*name, " \t\n.")] = '\0';
    if (undefined) *name = NULL;
    return true;
}

// more: further options of objdump.
static void compare_file(const char *path, u64 words, const char *more) {
    char command[400], line[500], *name;
    csh capstone;
    u32 word;
    u64 seen = 0, at;
    if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &capstone) != CS_ERR_OK)
        die("Capstone", 0, "cannot be opened");
    cs_insn *insn = cs_malloc(capstone);
    snprintf(command, sizeof command, OBJDUMP "%s %s", more, path);
    FILE *p = popen(command, "r"), *f = fopen(path, "rb");
    CHECK(p && f);
    while (fgets(line, sizeof line, p)) {
        if (!parse_line(line, &at, &name)) continue;
        if (at != seen * 4 || fread(&word, 4, 1, f) != 1) die("objdump", 0, "left words out");
        compare(word, name, capstone, insn);
        seen++;
    }
    fclose(f);
    if (pclose(p) || seen != words) die("objdump", 0, "did not disassemble all words");
    cs_free(insn, 1);
    cs_close(&capstone);
}

// --- words -----------------------------------------------------------------------------------------

static u64 write_patterns(FILE *f, const Rule *list, unsigned n, u64 *seed) {
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < PER_RULE; k++) {
            u32 word = ((u32)next_random(seed) & ~list[i].mask) | list[i].value;
            fwrite(&word, 4, 1, f);
        }
    return n * PER_RULE;
}

// Of each row: half the words are its own, a quarter has its fixed bits, a quarter all but one of them.
// Some of each listed difference. Some without any aim.
static u64 write_sample(FILE *f, u64 seed, unsigned per_row) {
    Op op;
    u64 count = 0;
    for (unsigned i = 0; i < decode_row_count; i++)
        for (unsigned n = 0; n < per_row; n++, count++) {
            const DecodeRow *row = &decode_rows[i];
            u32 word = word_of(row, &seed);
            if (n & 1)
                for (unsigned t = 0; t < TRIES && decode_row(all_features, word, 0, &op) != row;
                     t++)
                    word = word_of(row, &seed);
            else if (n & 2)
                word ^= 1u << (next_random(&seed) & 31);
            fwrite(&word, 4, 1, f);
        }
    count += write_patterns(f, rule, rules, &seed) + write_patterns(f, extra, extras, &seed);
    for (u64 n = count / RANDOM_PART; n; n--, count++) {
        u32 word = (u32)next_random(&seed);
        fwrite(&word, 4, 1, f);
    }
    return count;
}

static u64 write_hints(FILE *f) {
    for (u32 word = 0xd503201f; word <= 0xd5032fff; word += 32) fwrite(&word, 4, 1, f);
    return 128;
}

static u64 write_chunk(FILE *f, u32 chunk) {
    for (u32 n = 0; n < 1u << 24; n++) {
        u32 word = chunk << 24 | n;
        fwrite(&word, 4, 1, f);
    }
    return 1u << 24;
}

static char words_path[300];

static FILE *open_words(void) {
    const char *folder = getenv("TMPDIR");
    snprintf(words_path, sizeof words_path, "%s/el2sim-words-XXXXXX", folder ? folder : "/tmp");
    int fd = mkstemp(words_path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    CHECK(f);
    return f;
}

static void compare_words(FILE *f, u64 words, const char *more) {
    CHECK(!fclose(f));
    compare_file(words_path, words, more);
    unlink(words_path);
}

// --- results ---------------------------------------------------------------------------------------

static int by_count(const void *a, const void *b) {
    const Found *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->what, y->what);
}

// Lines of the lists that no word needed.
static unsigned report_unused(void) {
    unsigned unused = 0;
    for (unsigned i = 0; i < rules; i++)
        if (!rule[i].used && ++unused)
            printf("differences.txt:%d: no word needs this line\n", rule[i].line);
    for (unsigned i = 0; i < name_rows; i++)
        for (const char *c = names[i].names; *c && c[1]; c++)
            if (*c == ' ' && c[1] != ' ' && !names[i].used[c + 1 - names[i].names] && ++unused)
                printf("mnemonics.txt:%d: no word of %s is called %.*s\n", names[i].line,
                       names[i].row, (int)strcspn(c + 1, " "), c + 1);
    return unused;
}

// Rows that the CPU has and that got fewer words than the sample promises.
static unsigned report_uncovered(unsigned per_row) {
    unsigned few = 0;
    for (unsigned i = 0; i < decode_row_count; i++)
        if (decode_rows[i].handlers && !isa_missing_feature(i, machine->features) &&
            row_words[i] < per_row / 2 && ++few)
            printf("row %s: %llu words\n", decode_rows[i].name, (unsigned long long)row_words[i]);
    return few;
}

static void report_features(void) {
    for (unsigned i = 0; i < rules; i++)
        if (rule[i].used)
            printf("explained: %9llu words by line %d%s%s\n", (unsigned long long)rule[i].used,
                   rule[i].line, *rule[i].feature ? ", absent " : "", rule[i].feature);
}

int main(int argc, char **argv) {
    if (argc < 3 || (strcmp(argv[2], "sample") && (strcmp(argv[2], "chunk") || argc != 4))) {
        fprintf(stderr, "usage: compare FOLDER sample [SEED [WORDS_PER_ROW]] | chunk N\n");
        return 2;
    }
    bool sample = !strcmp(argv[2], "sample");
    u64 seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
    unsigned per_row = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : 2400;
    Error err;
    machine = calloc(1, sizeof *machine);
    row_words = calloc(decode_row_count, sizeof *row_words);
    row_names = calloc(decode_row_count, sizeof *row_names);
    CHECK(row_names);
    CHECK(machine && row_words);
    machine->config.el2 = true;
    machine->config.gic_version = 3;
    CHECK(cpu_model_features(machine, "max", &err));
    read_rules(argv[1]);
    read_names(argv[1]);
    FILE *f = open_words();
    compare_words(f, sample ? write_sample(f, seed, per_row) : write_chunk(f, (u32)seed),
                  ",no-aliases");
    if (sample) {
        // Hints have no other name without aliases.
        f = open_words();
        compare_words(f, write_hints(f), "");
    }
    unsigned bad = founds;
    if (sample) bad += report_unused() + report_uncovered(per_row);
    report_features();
    qsort(found, founds, sizeof *found, by_count);
    for (unsigned i = 0; i < founds; i++)
        printf("%9llu %s, as %08x\n", (unsigned long long)found[i].count, found[i].what,
               found[i].word);
    printf("%llu words: %llu agree, %llu differ by a listed rule; %llu are known to Capstone; %u "
           "unexplained\n",
           (unsigned long long)compared, (unsigned long long)agreed, (unsigned long long)explained,
           (unsigned long long)capstone_knows, founds);
    free(machine);
    free(row_words);
    return bad ? 1 : 0;
}
