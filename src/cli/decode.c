// `el2sim decode`: instruction words as the decoder sees them: the row, its fields, the features, and
// for UNDEFINED words each row that almost took them and why it did not.
#include "cli/cli.h"
#include "cli/decode_scan.h"
#include "cli/json.h"
#include "cpu/cpu_models.h"
#include "cpu/isa.h"
#include "cpu/sysreg.h"
#include "debugger/disasm.h"
#include "gen/exceptions.h"
#include "gen/features.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 4096, REJECTED_MAX = 16 };

const char decode_help[] =
    "What the decoder makes of words (hexadecimal): row of the instruction tables,\n"
    "fields, features that it needs; where it is UNDEFINED, and why.\n"
    "  -cpu MODEL      the CPU whose features count (max)\n"
    "  --scan          instead all 2^32 words: how many are defined, by class\n"
    "  --every-word    with --scan: does not take words together that no row tells apart\n"
    "  --json          one JSON value\n";

typedef struct DecodeOptions {
    const char *cpu;  // model
    bool json, scan, every_word;
    unsigned words;
    u32 word[WORDS_MAX];
} DecodeOptions;

// A row whose fixed bits the word has, and why it is not the row's.
typedef struct Rejected {
    unsigned row;
    char why[400];
} Rejected;

typedef struct Decoded {
    u32 word;
    char text[160];  // disassembly
    int row;         // -1: UNDEFINED
    bool undef;      // UNDEFINED because row number `shown` says so
    int shown;       // the row whose fields are shown: that of the word, or the nearest; -1: none
    const char *missing;  // a feature of that row which the CPU does not have
    char system[160];     // what is wrong with its system register, or empty
    unsigned count;
    Rejected rejected[REJECTED_MAX];  // most special row first
} Decoded;

// --- arguments -----------------------------------------------------------------------------------

static bool add_word(DecodeOptions *o, const char *text, Error *err) {
    const char *digits = !strncmp(text, "0x", 2) || !strncmp(text, "0X", 2) ? text + 2 : text;
    size_t n = strspn(digits, "0123456789abcdefABCDEF");
    if (!n || digits[n] || n > 8)
        return error_set(err, "decode: '%.40s' is not a word of up to 8 hexadecimal digits", text);
    if (o->words == WORDS_MAX) return error_set(err, "decode: more than %d words", WORDS_MAX);
    o->word[o->words++] = (u32)strtoul(digits, NULL, 16);
    return true;
}

static bool parse(int argc, char **argv, DecodeOptions *o, Error *err) {
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (!strcmp(a, "--json")) {
            o->json = true;
        } else if (!strcmp(a, "--scan")) {
            o->scan = true;
        } else if (!strcmp(a, "--every-word")) {
            o->every_word = true;
        } else if (!strcmp(a, "-cpu") || !strcmp(a, "--cpu")) {
            if (++i == argc) return error_set(err, "decode: -cpu needs a model");
            o->cpu = argv[i];
        } else if (*a == '-') {
            return error_set(err, "decode: unknown option '%.40s'", a);
        } else if (!add_word(o, a, err)) {
            return false;
        }
    }
    if (o->scan && o->words) return error_set(err, "decode: --scan takes no words");
    if (o->every_word && !o->scan) return error_set(err, "decode: --every-word belongs to --scan");
    if (!o->scan && !o->words)
        return error_set(err, "decode: an instruction word in hexadecimal, or --scan");
    return true;
}

// --- one word ------------------------------------------------------------------------------------

static void say_values(const IsaField *f, u32 word, char *buf, size_t n) {
    int used = snprintf(buf, n, "%s is %u, not ", f->name, word >> f->lo & ((1u << f->width) - 1));
    const char *comma = "";
    for (unsigned v = 0; v < 64 && used < (int)n; v++) {
        if (!(f->values >> v & 1)) continue;
        used += snprintf(buf + used, n - (size_t)used, "%s%u", comma, v);
        comma = ", ";
    }
}

// Does row number `row` take the word? If not, why.
static bool takes(unsigned row, u32 word, const DecodeOptions *o, const u64 *features, char *why,
                  size_t n) {
    const IsaField *field = NULL;
    const char *feature = isa_missing_feature(row, features);
    switch (isa_check(row, word, &field)) {
    case ISA_FORM: snprintf(why, n, "s = 1 with Q = 0 is no scalar form"); return false;
    case ISA_WHERE: snprintf(why, n, "not so: %s", isa_rows[row].where); return false;
    case ISA_VALUES: say_values(field, word, why, n); return false;
    default: break;
    }
    if (feature) snprintf(why, n, "needs %s, which %s does not have", feature, o->cpu);
    return !feature;
}

// The rows of a word, from the most special on, until one takes it.
static void ask_rows(const DecodeOptions *o, const u64 *features, u32 word, Decoded *out) {
    for (u32 i = decode_bucket[word >> 21]; i < decode_bucket[(word >> 21) + 1]; i++) {
        unsigned row = decode_candidates[i];
        if (isa_check(row, word, NULL) == ISA_FIXED_BITS) continue;
        Rejected *r = &out->rejected[out->count];
        if (takes(row, word, o, features, r->why, sizeof r->why)) {
            out->shown = (int)row;
            out->undef = isa_check(row, word, NULL) == ISA_UNDEF;
            if (!out->undef) out->row = (int)row;
            return;
        }
        r->row = row;
        if (out->shown < 0) out->shown = (int)row;
        if (++out->count == REJECTED_MAX) return;
    }
}

// MRS, MSR (register), SYS, SYSL are rows for all registers: which there are is decided when they execute.
static void ask_register(const DecodeOptions *o, const u64 *features, Decoded *out) {
    u32 w = out->word;
    if ((w & 0xffc00000) != 0xd5000000 || !bits(w, 20, 19)) return;
    unsigned enc = sysreg_enc((u32)bits(w, 20, 19), (u32)bits(w, 18, 16), (u32)bits(w, 15, 12),
                              (u32)bits(w, 11, 8), (u32)bits(w, 7, 5));
    unsigned index = sysreg_index(enc);
    char name[32];
    if (index == SYSREG_NONE) {
        snprintf(out->system, sizeof out->system, "%s is in no row of sysregs.reg",
                 sysreg_name_of_encoding(enc, name, sizeof name));
        return;
    }
    const SysRegInfo *r = sysreg_info(index);
    bool read = bit(w, 21);
    if (r->need >= 0 && !(features[r->need / 64] >> r->need % 64 & 1))
        snprintf(out->system, sizeof out->system, "%s needs %s, which %s does not have", r->name,
                 feature_names[r->need], o->cpu);
    else if ((read ? r->read_el : r->write_el) > 2)
        snprintf(out->system, sizeof out->system, "%s cannot be %s", r->name,
                 read ? "read" : "written");
}

static void decode(const DecodeOptions *o, const Machine *m, Disassembler *d, u32 word,
                   Decoded *out) {
    *out = (Decoded){.word = word, .row = -1, .shown = -1};
    disasm_text(d, SPACE_ANY, 0, word, out->text, sizeof out->text);
    for (char *c = out->text; *c; c++)  // the mnemonic's column is of no use here
        while (c[0] == ' ' && c[1] == ' ') memmove(c, c + 1, strlen(c));
    ask_rows(o, m->features, word, out);
    if (out->row >= 0) ask_register(o, m->features, out);
    if (out->shown >= 0) out->missing = isa_missing_feature((unsigned)out->shown, m->features);
}

// --- fields: the row's diagram from bit 31 down ----------------------------------------------------

typedef struct Part {
    char name[24];  // empty: fixed bits, or bits that are ignored
    char bits[33];  // of the word, in binary
    unsigned hi, lo;
    u32 value;
} Part;

// The next part of the diagram *at, whose highest bit is *hi; advances both. False: the end.
static bool next_part(const char **at, int *hi, u32 word, Part *p) {
    *at += strspn(*at, " ");
    if (!**at) return false;
    size_t length = strcspn(*at, " ");
    const char *colon = memchr(*at, ':', length);
    unsigned width = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : (unsigned)length;
    *p = (Part){.hi = (unsigned)*hi, .lo = (unsigned)*hi + 1 - width};
    if (colon) snprintf(p->name, sizeof p->name, "%.*s", (int)(colon - *at), *at);
    p->value = (u32)bits(word, p->hi, p->lo);
    for (unsigned i = 0; i < width; i++) p->bits[i] = "01"[word >> (p->hi - i) & 1];
    *at += length;
    *hi -= (int)width;
    return true;
}

static void print_fields(const Decoded *d) {
    const char *at = decode_rows[d->shown].diagram;
    int hi = 31;
    for (Part p; next_part(&at, &hi, d->word, &p);) {
        char range[8];
        snprintf(range, sizeof range, p.hi == p.lo ? "%u" : "%u:%u", p.hi, p.lo);
        if (*p.name)
            printf("  %-6s %-8s %-26s %u\n", range, p.name, p.bits, p.value);
        else
            printf("  %-6s %-8s %s\n", range, "", p.bits);
    }
}

// "FEAT_LSE", and what of it the CPU lacks.
static void print_features(const Decoded *d, const DecodeOptions *o) {
    char features[128];
    isa_feature_text((unsigned)d->shown, features, sizeof features);
    if (!*features) return;
    if (d->missing)
        printf("  needs  %s: %s lacks %s\n", features, o->cpu, d->missing);
    else
        printf("  needs  %s: %s has %s\n", features, o->cpu, strchr(features, ' ') ? "them" : "it");
}

static void print_text(const Decoded *d, const DecodeOptions *o) {
    printf("%08x  %s\n", d->word, d->text);
    if (d->row < 0 && d->undef)
        printf("  UNDEFINED: row %s says so\n", decode_rows[d->shown].name);
    else if (d->row < 0)
        printf("  UNDEFINED on %s%s\n", o->cpu, d->count ? "" : ": in no row");
    if (*d->system) printf("  UNDEFINED when it executes, unless trapped: %s\n", d->system);
    for (unsigned i = 0; i < d->count; i++)
        printf("  not row %s: %s\n", decode_rows[d->rejected[i].row].name, d->rejected[i].why);
    if (d->shown < 0) return;
    const IsaRow *r = &isa_rows[d->shown];
    printf("  row    %s (%s.isa)%s%s\n", decode_rows[d->shown].name, r->table,
           *r->operands ? ": " : "", r->operands);
    if (r->fp) puts("  SIMD&FP access is checked first (CPACR_EL1, CPTR_EL2)");
    print_features(d, o);
    print_fields(d);
}

static void json_member(const char *name, const char *text) {
    printf(", \"%s\": ", name);
    json_string(stdout, text);
}

static void print_json_row(const Decoded *d) {
    const IsaRow *r = &isa_rows[d->shown];
    char features[128];
    isa_feature_text((unsigned)d->shown, features, sizeof features);
    json_member("table", r->table);
    json_member("kind", r->kind);
    json_member("operands", r->operands);
    json_member("where", r->where);
    json_member("features", features);
    json_member("missing", d->missing ? d->missing : "");
    printf(", \"fp\": %s, \"fields\": [", r->fp ? "true" : "false");
    const char *at = decode_rows[d->shown].diagram, *comma = "";
    int hi = 31;
    for (Part p; next_part(&at, &hi, d->word, &p); comma = ",") {
        printf("%s\n   {\"name\": \"%s\", \"hi\": %u, \"lo\": %u, \"bits\": \"%s\", \"value\": %u}",
               comma, p.name, p.hi, p.lo, p.bits, p.value);
    }
    printf("]");
}

static void print_json(const Decoded *d) {
    printf("{\"word\": \"0x%08x\"", d->word);
    json_member("text", d->text);
    printf(", \"defined\": %s", d->row < 0 ? "false" : "true");
    json_member("row", d->shown < 0 ? "" : decode_rows[d->shown].name);
    json_member("system", d->system);
    if (d->shown >= 0) print_json_row(d);
    printf(", \"rejected\": [");
    for (unsigned i = 0; i < d->count; i++) {
        printf("%s{\"row\": \"%s\"", i ? ", " : "", decode_rows[d->rejected[i].row].name);
        json_member("why", d->rejected[i].why);
        printf("}");
    }
    printf("]}");
}

static void print_words(const DecodeOptions *o, const Machine *m) {
    Disassembler *d = disasm_open(m, NULL);
    Decoded decoded;
    for (unsigned i = 0; i < o->words; i++) {
        decode(o, m, d, o->word[i], &decoded);
        if (!o->json) {
            print_text(&decoded, o);
            continue;
        }
        printf("%s", i ? ",\n" : "[");
        print_json(&decoded);
    }
    if (o->json) puts("]");
    disasm_close(d);
}

int decode_main(int argc, char **argv) {
    static DecodeOptions o = {.cpu = "max"};
    Error err;
    if (!parse(argc, argv, &o, &err)) return usage_error(&err);
    Machine *m = calloc(1, sizeof *m);
    CHECK(m);
    m->config.el2 = true;
    m->config.gic_version = 3;
    int status = 0;
    if (!cpu_model_features(m, o.cpu, &err))
        status = usage_error(&err);
    else if (o.scan)
        status = decode_scan(m->features, o.cpu, o.every_word, o.json);
    else
        print_words(&o, m);
    free(m);
    return status;
}
