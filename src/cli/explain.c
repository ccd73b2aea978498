// `el2sim explain`: a value taken apart, as text or as one JSON object.
#include "cli/cli.h"
#include "cpu/cpu_models.h"
#include "debugger/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct ExplainOptions {
    const char *what;
    u64 value, far, hpfar, stage, granule;
    int level;
    const char *cpu;  // model
    bool have_value, have_far, have_hpfar, have_level, json, list, e2h;
} ExplainOptions;

static bool number(const char *what, const char *text, u64 *v, Error *err) {
    char *end;
    errno = 0;
    if (text && *text >= '0' && *text <= '9') {
        *v = strtoull(text, &end, 0);
        if (!*end && !errno) return true;
    }
    return error_set(err, "explain: %s: '%.40s' is not a number of 64 bits", what,
                     text ? text : "");
}

static bool parse_level(const char *text, ExplainOptions *o, Error *err) {
    u64 v;
    o->have_level = true;
    if (text && !strcmp(text, "-1")) return o->level = -1, true;
    if (!number("--level", text, &v, err)) return false;
    if (v > 3) return error_set(err, "explain pte: --level is -1 to 3");
    return o->level = (int)v, true;
}

static bool parse_granule(const char *text, ExplainOptions *o, Error *err) {
    static const char *const name[] = {"4k", "16k", "64k"};
    for (unsigned i = 0; i < 3; i++)
        if (text && !strcmp(text, name[i])) return o->granule = 12 + 2 * i, true;
    return error_set(err, "explain pte: --granule is 4k, 16k or 64k");
}

// *used: the option's value was taken too.
static bool option(const char *name, const char *value, ExplainOptions *o, bool *used, Error *err) {
    *used = false;
    if (!strcmp(name, "--json")) return o->json = true;
    if (!strcmp(name, "--list")) return o->list = true;
    if (!strcmp(name, "--e2h")) return o->e2h = true;
    *used = true;
    if (!strcmp(name, "--far")) return o->have_far = number(name, value, &o->far, err);
    if (!strcmp(name, "--hpfar")) return o->have_hpfar = number(name, value, &o->hpfar, err);
    if (!strcmp(name, "-cpu")) {
        if (!value) return error_set(err, "explain: -cpu needs a model");
        return o->cpu = value, true;
    }
    if (!strcmp(name, "--stage")) return number(name, value, &o->stage, err);
    if (!strcmp(name, "--level")) return parse_level(value, o, err);
    if (!strcmp(name, "--granule")) return parse_granule(value, o, err);
    return error_set(err, "explain: unknown option '%.40s'", name);
}

static bool parse(int argc, char **argv, ExplainOptions *o, Error *err) {
    for (int i = 1; i < argc; i++) {
        bool used = false;
        if (argv[i][0] == '-') {
            if (!option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, o, &used, err)) return false;
            i += used;
        } else if (!o->what) {
            o->what = argv[i];
        } else if (o->have_value) {
            return error_set(err, "explain: one value at a time, not also '%.40s'", argv[i]);
        } else {
            if (!number(o->what, argv[i], &o->value, err)) return false;
            o->have_value = true;
        }
    }
    if (o->list) return true;
    if (!o->what)
        return error_set(err, "explain: esr, pte or a register, and its value (see --list)");
    if (!o->have_value) return error_set(err, "explain: %.40s needs a value", o->what);
    bool esr = !strcmp(o->what, "esr"), pte = !strcmp(o->what, "pte");
    if ((o->have_far || o->have_hpfar) && !esr)
        return error_set(err, "explain: --far and --hpfar belong to esr");
    if ((o->stage || o->have_level || o->granule) && !pte)
        return error_set(err, "explain: --stage, --level and --granule belong to pte");
    if ((o->e2h || o->cpu) && (esr || pte))
        return error_set(err, "explain: --e2h and -cpu belong to registers");
    if (pte && !o->have_level) return error_set(err, "explain pte: --stage and --level are needed");
    return true;
}

static bool explain(const ExplainOptions *o, Explanation *x, Error *err) {
    if (!strcmp(o->what, "esr"))
        return explain_esr(o->value, o->have_far ? &o->far : NULL, o->have_hpfar ? &o->hpfar : NULL,
                           x, err);
    if (!strcmp(o->what, "pte"))
        return explain_pte((unsigned)o->stage, o->level, o->granule ? (unsigned)o->granule : 12,
                           o->value, x, err);
    ExplainContext c = {.e2h = o->e2h};
    if (!o->cpu) return explain_register(o->what, o->value, &c, x, err);
    Machine *m = calloc(1, sizeof *m);
    CHECK(m);
    m->config.el2 = true;
    m->config.gic_version = 3;
    c.features = m->features;
    bool ok = cpu_model_features(m, o->cpu, err) && explain_register(o->what, o->value, &c, x, err);
    free(m);
    return ok;
}

static void print_text(const Explanation *x) {
    printf("%s = 0x%016llx\n", x->name, (unsigned long long)x->value);
    if (x->summary[0]) printf("%s\n", x->summary);
    for (unsigned i = 0; i < x->count; i++) {
        const ExplainField *f = &x->field[i];
        char where[8];
        // RES0 that is as it should be says nothing.
        if (!f->misuse && !strncmp(f->name, "RES", 3)) continue;
        snprintf(where, sizeof where, f->hi == f->lo ? "%u" : "%u:%u", f->hi, f->lo);
        printf("  %5s  %-12s 0x%llx%s%s%s\n", where, f->name, (unsigned long long)f->value,
               f->meaning[0] ? "  " : "", f->meaning, f->misuse ? "  <-- misuse" : "");
    }
}

static void print_string(const char *s) {
    putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", (unsigned)*s);
        else
            putchar(*s);
    }
    putchar('"');
}

// Values are strings: JSON's numbers do not hold 64 bits everywhere.
static void print_json(const Explanation *x) {
    printf("{\"name\": ");
    print_string(x->name);
    printf(", \"value\": \"0x%llx\", \"summary\": ", (unsigned long long)x->value);
    print_string(x->summary);
    printf(", \"fields\": [");
    for (unsigned i = 0; i < x->count; i++) {
        const ExplainField *f = &x->field[i];
        printf("%s\n  {\"name\": ", i ? "," : "");
        print_string(f->name);
        printf(", \"hi\": %u, \"lo\": %u, \"value\": \"0x%llx\", \"meaning\": ", f->hi, f->lo,
               (unsigned long long)f->value);
        print_string(f->meaning);
        printf(", \"misuse\": %s}", f->misuse ? "true" : "false");
    }
    printf("]}\n");
}

static void print_name(void *arg, const char *name) {
    (void)arg;
    puts(name);
}

int explain_main(int argc, char **argv) {
    Error err;
    ExplainOptions o = {0};
    Explanation x;
    if (!parse(argc, argv, &o, &err)) return usage_error(&err);
    if (o.list) {
        puts("esr\npte");
        explain_each(print_name, NULL);
        return 0;
    }
    if (!explain(&o, &x, &err)) return usage_error(&err);
    if (o.json)
        print_json(&x);
    else
        print_text(&x);
    return 0;
}
