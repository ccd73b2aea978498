// `el2sim explain`: a value taken apart, as text or as one JSON object.
#include "cli/cli.h"
#include "cli/json.h"
#include "cpu/cpu_models.h"
#include "debugger/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char explain_help[] =
    "Takes a value apart, field by field.\n"
    "  esr VALUE [--far VALUE] [--hpfar VALUE]\n"
    "        a syndrome\n"
    "  pte VALUE --stage 1|2 --level N [--granule 4k|16k|64k]\n"
    "        a descriptor of a translation table\n"
    "  insn WORD [-cpu MODEL]\n"
    "        an instruction (hexadecimal: 0x...) and what traps it\n"
    "  hvc|smc|psci FUNCTION\n"
    "        a call (SMC Calling Convention)\n"
    "  REGISTER VALUE [-cpu MODEL] [--e2h]\n"
    "        a system register (hcr: HCR_EL2); --e2h: as with HCR_EL2.E2H = 1\n"
    "  --list    what is known\n"
    "  --json    one JSON object\n";

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

static bool is_insn(const char *what) {
    return !strcmp(what, "insn");
}

static bool is_call(const char *what) {
    return !strcmp(what, "hvc") || !strcmp(what, "smc") || !strcmp(what, "psci");
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
    if (!strcmp(name, "-cpu") || !strcmp(name, "--cpu")) {
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
        return error_set(
            err,
            "explain: esr, pte, insn, hvc, smc, psci or a register, and its value (see --list)");
    if (!o->have_value) return error_set(err, "explain: %.40s needs a value", o->what);
    bool esr = !strcmp(o->what, "esr"), pte = !strcmp(o->what, "pte");
    if ((o->have_far || o->have_hpfar) && !esr)
        return error_set(err, "explain: --far and --hpfar belong to esr");
    if ((o->stage || o->have_level || o->granule) && !pte)
        return error_set(err, "explain: --stage, --level and --granule belong to pte");
    if ((o->e2h && is_insn(o->what)) || ((o->e2h || o->cpu) && (esr || pte || is_call(o->what))))
        return error_set(err, "explain: --e2h and -cpu belong to registers, -cpu to insn, too");
    if (pte && !o->have_level) return error_set(err, "explain pte: --stage and --level are needed");
    return true;
}

// Instructions and registers: what they are depends on the CPU.
static bool explain_on_cpu(const ExplainOptions *o, Explanation *x, Error *err) {
    bool insn = is_insn(o->what), ok = true;
    if (insn && o->value >> 32) return error_set(err, "explain insn: an instruction has 32 bits");
    Machine *m = calloc(1, sizeof *m);
    CHECK(m);
    m->config = (MachineConfig){
        .cpu_model = o->cpu ? o->cpu : "max", .cpus = 1, .el2 = true, .gic_version = 3};
    ExplainContext c = {.features = o->cpu ? m->features : NULL, .e2h = o->e2h};
    if (o->cpu || insn) ok = cpu_model_features(m, o->cpu ? o->cpu : "max", err);
    if (ok && insn)
        explain_insn(m, (u32)o->value, x);
    else if (ok)
        ok = explain_register(o->what, o->value, &c, x, err);
    free(m);
    return ok;
}

static bool explain(const ExplainOptions *o, Explanation *x, Error *err) {
    if (!strcmp(o->what, "esr"))
        return explain_esr(o->value, o->have_far ? &o->far : NULL, o->have_hpfar ? &o->hpfar : NULL,
                           x, err);
    if (!strcmp(o->what, "pte"))
        return explain_pte((unsigned)o->stage, o->level, o->granule ? (unsigned)o->granule : 12,
                           o->value, x, err);
    if (is_call(o->what)) {
        if (o->value >> 32) return error_set(err, "explain %s: a function has 32 bits", o->what);
        // PSCI's functions by their number alone, too.
        bool number = *o->what == 'p' && o->value < 0x20;
        explain_call(*o->what == 'h', (u32)o->value | (number ? 0x84000000 : 0), x);
        return true;
    }
    return explain_on_cpu(o, x, err);
}

// Values are strings: JSON's numbers do not hold 64 bits everywhere.
static void print_json(const Explanation *x) {
    printf("{\"name\": ");
    json_string(stdout, x->name);
    printf(", \"value\": \"0x%llx\", \"summary\": ", (unsigned long long)x->value);
    json_string(stdout, x->summary);
    printf(", \"fields\": [");
    for (unsigned i = 0; i < x->count; i++) {
        const ExplainField *f = &x->field[i];
        printf("%s\n  {\"name\": ", i ? "," : "");
        json_string(stdout, f->name);
        printf(", \"hi\": %u, \"lo\": %u, \"value\": \"0x%llx\", \"meaning\": ", f->hi, f->lo,
               (unsigned long long)f->value);
        json_string(stdout, f->meaning);
        printf(", \"misuse\": %s}", f->misuse ? "true" : "false");
    }
    printf("], \"notes\": [");
    for (unsigned i = 0; i < x->notes; i++) {
        if (i) printf(", ");
        json_string(stdout, x->note[i]);
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
        puts("esr\npte\ninsn\nhvc\nsmc\npsci");
        explain_each(print_name, NULL);
        return 0;
    }
    if (!explain(&o, &x, &err)) return usage_error(&err);
    if (o.json)
        print_json(&x);
    else
        explain_print(&x, stdout);
    return 0;
}
