// `el2sim exec`: a few instruction words on a given state, and what they changed. The machine has one
// CPU with its translation on: the words are read-only and executable, the rest of the memory is data.
#include "api/internal.h"
#include "cli/cli.h"
#include "debugger/disasm.h"
#include "el2sim/el2sim.h"
#include "machine/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { MAX_ARGS = 256, MAX_NAMES = 1024, RAM_SIZE = 16 << 20 };
#define RAM    0x40000000ull
#define TABLES RAM  // level 1, level 2
#define CODE   (RAM + 0x10000)
#define DATA   (RAM + 0x200000)

const char exec_help[] =
    "Executes instruction words (hexadecimal) and prints what they changed, until the\n"
    "first exception or return. Translation is on, the words are at 0x40010000, data\n"
    "is at 0x40200000 to 0x40ffffff.\n"
    "  --reg NAME=NUMBER      a register before: x0, sp, v3, fpcr, pstate, HCR_EL2...\n"
    "  --mem ADDRESS=BYTES    memory before: two digits a byte, lowest address first\n"
    "  --el 0|1|2             Exception level (1)\n"
    "  -cpu MODEL             CPU model (max)\n"
    "  --json                 one JSON object\n";

typedef struct ExecOptions {
    const char *cpu, *el;
    const char *reg[MAX_ARGS], *mem[MAX_ARGS];
    unsigned regs, mems, words;
    u32 word[MAX_ARGS];
    bool json;
} ExecOptions;

typedef struct Named {
    char name[48];
    el2sim_value before, after;
    bool ignore;  // changes by itself: counters
} Named;

typedef struct Exec {
    const ExecOptions *o;
    el2sim *sim;
    Named names[MAX_NAMES];
    unsigned count;
    el2sim_event event;  // the first exception or return
    bool have_event;
    unsigned char *before, *after;  // the memory behind DATA
} Exec;

// --- arguments -----------------------------------------------------------------------------------

static bool parse_word(const char *text, u32 *word, Error *err) {
    char *end;
    errno = 0;
    unsigned long v = strtoul(text, &end, 16);
    if (*end || end == text || errno || v > 0xffffffff || *text == '-')
        return error_set(err, "exec: '%.40s' is not an instruction word in hexadecimal", text);
    *word = (u32)v;
    return true;
}

static bool parse(int argc, char **argv, ExecOptions *o, Error *err) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strncmp(name, "--", 2) && name[2] == 'j') {
            if (strcmp(name, "--json")) return error_set(err, "exec: unknown option '%.40s'", name);
            o->json = true;
            continue;
        }
        if (o->regs == MAX_ARGS || o->mems == MAX_ARGS || o->words == MAX_ARGS)
            return error_set(err, "exec: more than %d arguments of a kind", MAX_ARGS);
        if (name[0] != '-') {
            if (!parse_word(name, &o->word[o->words++], err)) return false;
            continue;
        }
        bool known = !strcmp(name, "--reg") || !strcmp(name, "--mem") || !strcmp(name, "--el") ||
                     !strcmp(name, "-cpu") || !strcmp(name, "--cpu");
        if (!known) return error_set(err, "exec: unknown option '%.40s'", name);
        if (!value) return error_set(err, "exec: %s needs a value", name);
        i++;
        if (!strcmp(name, "--reg"))
            o->reg[o->regs++] = value;
        else if (!strcmp(name, "--mem"))
            o->mem[o->mems++] = value;
        else if (!strcmp(name, "--el"))
            o->el = value;
        else
            o->cpu = value;
    }
    if (!o->words) return error_set(err, "exec: no instruction words; see el2sim exec --help");
    return strlen(o->el) == 1 && strchr("012", o->el[0])
               ? true
               : error_set(err, "exec: --el is 0, 1 or 2, not '%.40s'", o->el);
}

// Hexadecimal of up to 128 bits.
static bool parse_value(const char *text, el2sim_value *v) {
    *v = (el2sim_value){0};
    bool hex = !strncasecmp(text, "0x", 2);
    char *end;
    errno = 0;
    if (!hex) {
        v->lo = *text == '-' ? (u64)strtoll(text, &end, 10) : strtoull(text, &end, 10);
        return end != text && !*end && !errno;
    }
    text += 2;
    size_t n = strlen(text);
    if (!n || n > 32 || strspn(text, "0123456789abcdefABCDEF") != n) return false;
    for (; *text; text++) {
        char digit[2] = {*text, 0};
        v->hi = v->hi << 4 | v->lo >> 60;
        v->lo = v->lo << 4 | strtoull(digit, NULL, 16);
    }
    return true;
}

// --- the machine ---------------------------------------------------------------------------------

static bool set(Exec *x, const char *name, u64 lo, Error *err) {
    el2sim_value v = {.lo = lo};
    return el2sim_set(x->sim, 0, name, &v, err->text, sizeof err->text);
}

static bool store64(Exec *x, u64 address, u64 value) {
    return el2sim_write_physical(x->sim, address, &value, 8);
}

// A level 1 and a level 2 table for every regime: the first 2 MB read-only at EL0 and above, the others
// data that nobody executes.
static void write_tables(Exec *x) {
    const u64 block = 1 | 1 << 10 | 3 << 8, el0 = 1 << 6, read_only = 1 << 7, no_exec = 3ull << 53;
    store64(x, TABLES + 8, (TABLES + 4096) | 3);
    for (u64 i = 0; i < RAM_SIZE >> 21; i++)
        store64(x, TABLES + 4096 + i * 8,
                (RAM + (i << 21)) | block | el0 | (i ? no_exec : read_only));
}

static bool translation_on(Exec *x, Error *err) {
    write_tables(x);
    const u64 tcr = 25 | 1 << 8 | 1 << 10 | 3 << 12;  // 39 bits, write-back, inner shareable
    return set(x, "HCR_EL2", 1ull << 31, err) && set(x, "CPTR_EL2", 0x33ff, err) &&
           set(x, "MAIR_EL1", 0xff, err) && set(x, "TTBR0_EL1", TABLES, err) &&
           set(x, "TCR_EL1", tcr | 1 << 23 | 2ull << 32, err) &&
           set(x, "CPACR_EL1", 3 << 20, err) && set(x, "SCTLR_EL1", 0x30d01985, err) &&
           set(x, "MAIR_EL2", 0xff, err) && set(x, "TTBR0_EL2", TABLES, err) &&
           set(x, "TCR_EL2", tcr | 2 << 16 | 1u << 31 | 1 << 23, err) &&
           set(x, "SCTLR_EL2", 0x30c51835, err);
}

static bool set_registers(Exec *x, Error *err) {
    for (unsigned i = 0; i < x->o->regs; i++) {
        const char *equals = strchr(x->o->reg[i], '=');
        char name[48];
        el2sim_value v;
        if (!equals || equals == x->o->reg[i] || (size_t)(equals - x->o->reg[i]) >= sizeof name ||
            !parse_value(equals + 1, &v))
            return error_set(err, "exec: --reg %.60s: not NAME=NUMBER", x->o->reg[i]);
        snprintf(name, sizeof name, "%.*s", (int)(equals - x->o->reg[i]), x->o->reg[i]);
        if (!el2sim_set(x->sim, 0, name, &v, err->text, sizeof err->text))
            return error_prefix(err, "exec: --reg %s", name);
    }
    return true;
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c | 32) : NULL;
    return p ? (int)(p - digits) : -1;
}

// ADDRESS=BYTES, two digits a byte, lowest address first.
static bool set_memory(Exec *x, const char *text, Error *err) {
    char *end;
    errno = 0;
    u64 address = strtoull(text, &end, 0);
    if (*end != '=' || end == text || errno || strlen(end + 1) % 2 || !end[1])
        return error_set(err, "exec: --mem %.60s: not ADDRESS=BYTES (two digits each)", text);
    for (const char *p = end + 1; *p; p += 2, address++) {
        int hi = hex_digit(p[0]), lo = hex_digit(p[1]);
        if (hi < 0 || lo < 0)
            return error_set(err, "exec: --mem %.60s: '%.2s' is not a byte in hexadecimal", text,
                             p);
        unsigned char byte = (unsigned char)(hi << 4 | lo);
        if (address < DATA || !el2sim_write_physical(x->sim, address, &byte, 1))
            return error_set(err, "exec: --mem: data is at 0x%llx to 0x%llx",
                             (unsigned long long)DATA, (unsigned long long)RAM + RAM_SIZE - 1);
    }
    return true;
}

static bool set_up(Exec *x, Error *err) {
    el2sim_config config = {.cpu = x->o->cpu, .ram_size = RAM_SIZE};
    x->sim = el2sim_create(&config, err->text, sizeof err->text);
    if (!x->sim) return error_prefix(err, "exec");
    machine_cpu_on(x->sim->machine, x->sim->machine->cpu[0], CODE - 4, 0);
    u32 nop = 0xd503201f;
    el2sim_write_physical(x->sim, CODE - 4, &nop, 4);
    for (unsigned i = 0; i < x->o->words; i++)
        el2sim_write_physical(x->sim, CODE + 4ull * i, &x->o->word[i], 4);
    const u64 modes[] = {0x3c0, 0x3c5, 0x3c9};
    if (!translation_on(x, err) || !set(x, "pstate", modes[x->o->el[0] - '0'], err) ||
        !set_registers(x, err))
        return false;
    for (unsigned i = 0; i < x->o->mems; i++)
        if (!set_memory(x, x->o->mem[i], err)) return false;
    return true;
}

// --- before and after ----------------------------------------------------------------------------

// The names by which EL2 reaches EL1's registers (E2H) would show everything twice.
static bool is_alias(const char *name) {
    size_t n = strlen(name);
    return n > 5 && (!strcmp(name + n - 5, "_EL12") || !strcmp(name + n - 5, "_EL02"));
}

static void add_name(void *arg, const char *name) {
    Exec *x = arg;
    el2sim_value v;
    if (is_alias(name) || x->count == MAX_NAMES || !el2sim_get(x->sim, 0, name, &v, NULL, 0))
        return;
    snprintf(x->names[x->count].name, sizeof x->names[x->count].name, "%s", name);
    x->names[x->count++].before = v;
}

static bool same(const el2sim_value *a, const el2sim_value *b) {
    return a->lo == b->lo && a->hi == b->hi;
}

static void read_all(Exec *x, bool after) {
    for (unsigned i = 0; i < x->count; i++) {
        Named *n = &x->names[i];
        el2sim_get(x->sim, 0, n->name, after ? &n->after : &n->before, NULL, 0);
    }
}

static void on_event(void *arg, const el2sim_event *event) {
    Exec *x = arg;
    if (x->have_event) return;
    x->event = *event;
    x->have_event = true;
}

// Registers that a NOP changes are clocks and counters: nobody wants to see them.
static void run(Exec *x) {
    el2sim_each_register(x->sim, 0, "", false, add_name, x);
    el2sim_each_register(x->sim, 0, "PSTATE.", true, add_name, x);
    el2sim_each_register(x->sim, 0, "FPSR.", true, add_name, x);
    el2sim_step(x->sim, 0);
    read_all(x, true);
    for (unsigned i = 0; i < x->count; i++)
        x->names[i].ignore =
            strcmp(x->names[i].name, "pc") && !same(&x->names[i].before, &x->names[i].after);
    read_all(x, false);
    el2sim_read_physical(x->sim, DATA, x->before, RAM + RAM_SIZE - DATA);
    el2sim_subscribe(x->sim, on_event, x);
    for (unsigned i = 0; i < x->o->words && !x->have_event; i++) el2sim_step(x->sim, 0);
    read_all(x, true);
    el2sim_read_physical(x->sim, DATA, x->after, RAM + RAM_SIZE - DATA);
}

// --- output --------------------------------------------------------------------------------------

static void value_text(const el2sim_value *v, char *text, size_t size) {
    if (v->hi)
        snprintf(text, size, "0x%llx%016llx", (unsigned long long)v->hi, (unsigned long long)v->lo);
    else
        snprintf(text, size, "0x%llx", (unsigned long long)v->lo);
}

static const char *direction(const Exec *x) {
    return x->event.is_return ? "return" : "exception";
}

static void print_words(const Exec *x) {
    Disassembler *d = disasm_open(x->sim->machine, NULL);
    for (unsigned i = 0; i < x->o->words; i++) {
        char text[128];
        disasm_text(d, 1, CODE + 4ull * i, x->o->word[i], text, sizeof text);
        printf("%08x  %s\n", x->o->word[i], text);
    }
    disasm_close(d);
}

typedef void PrintChange(void *arg, const char *name, const char *before, const char *after);

// Registers, then memory in units of 8 bytes ("[0x40200000]").
static void each_change(const Exec *x, PrintChange *print, void *arg) {
    char before[40], after[40], name[32];
    for (unsigned i = 0; i < x->count; i++) {
        const Named *n = &x->names[i];
        if (n->ignore || same(&n->before, &n->after)) continue;
        value_text(&n->before, before, sizeof before);
        value_text(&n->after, after, sizeof after);
        print(arg, n->name, before, after);
    }
    for (u64 at = 0; at < RAM + RAM_SIZE - DATA; at += 8) {
        u64 a, b;
        memcpy(&a, x->before + at, 8);
        memcpy(&b, x->after + at, 8);
        if (a == b) continue;
        snprintf(name, sizeof name, "[0x%llx]", (unsigned long long)(DATA + at));
        snprintf(before, sizeof before, "0x%llx", (unsigned long long)a);
        snprintf(after, sizeof after, "0x%llx", (unsigned long long)b);
        print(arg, name, before, after);
    }
}

static void print_line(void *arg, const char *name, const char *before, const char *after) {
    (void)arg;
    printf("%-12s %s -> %s\n", name, before, after);
}

static void print_text(const Exec *x) {
    print_words(x);
    if (x->have_event) {
        printf("%s EL%d to EL%d", direction(x), x->event.from_el, x->event.to_el);
        if (!x->event.is_return) printf(", ESR 0x%llx", (unsigned long long)x->event.esr);
        if (x->event.rule) printf(": %s", x->event.rule);
        printf("\n");
    }
    each_change(x, print_line, NULL);
}

static void print_member(void *arg, const char *name, const char *before, const char *after) {
    bool *first = arg;
    printf("%s\"%s\":{\"before\":\"%s\",\"after\":\"%s\"}", *first ? "" : ",", name, before, after);
    *first = false;
}

static void print_json(const Exec *x) {
    bool first = true;
    printf("{\"changed\":{");
    each_change(x, print_member, &first);
    printf("}");
    if (x->have_event) {
        printf(",\"event\":{\"kind\":\"%s\",\"from_el\":%d,\"to_el\":%d", direction(x),
               x->event.from_el, x->event.to_el);
        if (!x->event.is_return) printf(",\"esr\":\"0x%llx\"", (unsigned long long)x->event.esr);
        if (x->event.rule) printf(",\"rule\":\"%s\"", x->event.rule);
        printf("}");
    }
    printf("}\n");
}

int exec_main(int argc, char **argv) {
    ExecOptions o = {.cpu = "max", .el = "1"};
    Error err = {0};
    if (!parse(argc, argv, &o, &err)) return usage_error(&err);
    Exec *x = calloc(1, sizeof *x);
    CHECK(x);
    x->o = &o;
    x->before = malloc(RAM + RAM_SIZE - DATA);
    x->after = malloc(RAM + RAM_SIZE - DATA);
    CHECK(x->before && x->after);
    bool ok = set_up(x, &err);
    if (ok) {
        run(x);
        if (o.json)
            print_json(x);
        else
            print_text(x);
    }
    el2sim_free(x->sim);
    free(x->before);
    free(x->after);
    free(x);
    return ok ? 0 : usage_error(&err);
}
