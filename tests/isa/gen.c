// Chooses the words of the differential test of instructions: for each row of the instruction tables
// words that decode to it (and words that no row claims), and writes them as assembly for harness.c.
// CPU: a model, or max+mte for a machine with mte=on.
// Usage: gen SEED CPU [--rows A,B-C...] [--words N,...] [--states N] [--state N] [--mode rows|words|cases]
//            [--cases N] >words.S
//        gen SEED CPU --mode exec --rows A --words N --state N      the case as a command line of `el2sim exec`
//        gen --list CPU              the rows: number, name, cases that one run has
#include "cases.h"

#include "cpu/cpu_models.h"
#include "cpu/isa.h"
#include "machine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 400000, STATES = 16, ROWS_MAX = 4096 };

typedef struct Options {
    u64 seed;
    const char *cpu, *rows, *words;
    u32 mode, only_state, states, cases;
    bool list;
} Options;

static _Noreturn void fail(const char *what, const char *which) {
    fprintf(stderr, "gen: %s %s\n", what, which);
    exit(2);
}

// --- what kind of instruction a word is, from its encoding group -----------------------------------

static u32 field(u32 word, unsigned hi, unsigned lo) {
    return word >> lo & ((1u << (hi - lo + 1)) - 1);
}

static int32_t sign(u32 v, unsigned width) {
    return (int32_t)(v << (32 - width)) >> (32 - width);
}

static bool is_load_store(u32 word) {
    return (field(word, 28, 25) & 5) == 4;
}

static bool is_literal(u32 word) {
    return field(word, 29, 27) == 3 && field(word, 25, 24) == 0;
}

static bool is_pair(u32 word) {
    return field(word, 29, 27) == 5;
}

static bool is_vector(u32 word) {
    return word >> 26 & 1;
}

// log2 of the size of one register's access.
static unsigned access_size(u32 word) {
    if (is_pair(word)) {
        if (is_vector(word)) return 2 + field(word, 31, 30);
        return word >> 31 ? 3 : 2;
    }
    if (is_vector(word) && field(word, 29, 27) == 7 && word >> 23 & 1) return 4;
    return field(word, 31, 30);
}

static void address_kind(u32 word, IsaWord *w) {
    w->kind |= KIND_MEMORY;
    w->base = (u8)field(word, 9, 5);
    unsigned size = access_size(word);
    w->align = (u8)size;
    if (is_pair(word)) {
        if (field(word, 24, 23) != 1) w->offset = sign(field(word, 21, 15), 7) * (1 << size);
        if (size < 4) w->align++;
    } else if (field(word, 29, 27) == 7 && word >> 24 & 1) {
        w->offset = (int32_t)(field(word, 21, 10) << size);
    } else if (field(word, 29, 27) == 7 && !(word >> 21 & 1)) {
        if (field(word, 11, 10) != 1) w->offset = sign(field(word, 20, 12), 9);
    } else if (field(word, 29, 27) == 7 && field(word, 11, 10) == 2) {
        w->kind |= KIND_INDEX;
        w->index = (u8)field(word, 20, 16);
        w->shift = (u8)(word >> 12 & 1 ? size : 0);
    } else if (field(word, 29, 27) == 7 && word >> 10 & 1) {
        w->offset = sign(field(word, 20, 12) | (word >> 22 & 1) << 9, 10) * 8;  // LDRAA, LDRAB
    } else if (field(word, 29, 24) == 0x19) {
        w->offset = sign(field(word, 20, 12), 9);
    } else if (field(word, 29, 24) == 8 && word >> 21 & 1 && !(word >> 23 & 1)) {
        w->align = (u8)(word >> 30 & 1 ? 4 : 3);  // a pair: LDXP, STXP, CASP
    }
}

static bool is_exclusive_store(u32 word) {
    return field(word, 29, 24) == 8 && field(word, 23, 22) == 0 &&
           (word >> 31 || !(word >> 21 & 1));
}

// The exclusive load of the same size and address, into registers that are not the base.
static u32 exclusive_load(u32 word) {
    u32 base = field(word, 9, 5);
    u32 load = (word & 0xffe00000u) | 1u << 22 | 31u << 16 | base << 5 | 31;
    return load | (word >> 21 & 1 ? (base == 30 ? 29u : 30u) : 31u) << 10;
}

static void classify(const DecodeRow *row, u32 word, u64 *seed, IsaWord *w) {
    w->word = word;
    w->before = 0xd503201f;  // NOP
    w->base = w->index = 31;
    if (field(word, 27, 25) == 7 || (is_load_store(word) && is_vector(word))) w->kind |= KIND_FP;
    if (is_load_store(word) && !is_literal(word)) address_kind(word, w);
    if (is_exclusive_store(word) && isa_next(seed) & 3) {
        w->kind |= KIND_EXCLUSIVE;
        w->before = exclusive_load(word);
    }
    if (field(word, 31, 25) == 0x6b) {
        w->kind |= KIND_JUMP;
        w->base = (u8)field(word, 9, 5);
    }
    if (!strcmp(row->name, "sys")) {  // DC, IC, AT: an address
        w->kind |= KIND_MEMORY;
        w->base = (u8)field(word, 4, 0);
        w->align = 0;
    }
}

// --- words --------------------------------------------------------------------------------------

// System registers and operations that an instruction at EL1 may use without harm to the harness.
static const struct {
    u32 bits;  // op0:op1:CRn:CRm:op2
    bool read_only;
} system_words[] = {
    {3 << 14 | 3 << 11 | 4 << 7 | 2 << 3 | 0, false},   // NZCV
    {3 << 14 | 3 << 11 | 4 << 7 | 2 << 3 | 1, false},   // DAIF
    {3 << 14 | 3 << 11 | 4 << 7 | 4 << 3 | 0, false},   // FPCR
    {3 << 14 | 3 << 11 | 4 << 7 | 4 << 3 | 1, false},   // FPSR
    {3 << 14 | 3 << 11 | 4 << 7 | 2 << 3 | 5, false},   // DIT
    {3 << 14 | 3 << 11 | 4 << 7 | 2 << 3 | 6, false},   // SSBS
    {3 << 14 | 3 << 11 | 13 << 7 | 0 << 3 | 2, false},  // TPIDR_EL0
    {3 << 14 | 3 << 11 | 13 << 7 | 0 << 3 | 3, false},  // TPIDRRO_EL0
    {3 << 14 | 0 << 11 | 13 << 7 | 0 << 3 | 4, false},  // TPIDR_EL1
    {3 << 14 | 0 << 11 | 13 << 7 | 0 << 3 | 1, false},  // CONTEXTIDR_EL1
    {3 << 14 | 0 << 11 | 4 << 7 | 1 << 3 | 0, false},   // SP_EL0
    {3 << 14 | 0 << 11 | 4 << 7 | 2 << 3 | 0, false},   // SPSel
    {3 << 14 | 0 << 11 | 4 << 7 | 2 << 3 | 2, true},    // CurrentEL
    {3 << 14 | 0 << 11 | 4 << 7 | 2 << 3 | 3, false},   // PAN
    {3 << 14 | 0 << 11 | 4 << 7 | 2 << 3 | 4, false},   // UAO
    {3 << 14 | 0 << 11 | 4 << 7 | 0 << 3 | 0, false},   // SPSR_EL1
    {3 << 14 | 0 << 11 | 4 << 7 | 0 << 3 | 1, false},   // ELR_EL1
    {3 << 14 | 0 << 11 | 5 << 7 | 2 << 3 | 0, false},   // ESR_EL1
    {3 << 14 | 0 << 11 | 6 << 7 | 0 << 3 | 0, false},   // FAR_EL1
    {3 << 14 | 0 << 11 | 7 << 7 | 4 << 3 | 0, false},   // PAR_EL1
    {3 << 14 | 3 << 11 | 0 << 7 | 0 << 3 | 7, true},    // DCZID_EL0
    {1 << 14 | 3 << 11 | 7 << 7 | 4 << 3 | 1, false},   // DC ZVA
    {1 << 14 | 3 << 11 | 7 << 7 | 10 << 3 | 1, false},  // DC CVAC
    {1 << 14 | 3 << 11 | 7 << 7 | 14 << 3 | 1, false},  // DC CIVAC
    {1 << 14 | 0 << 11 | 7 << 7 | 6 << 3 | 1, false},   // DC IVAC
    {1 << 14 | 3 << 11 | 7 << 7 | 5 << 3 | 1, false},   // IC IVAU
    {1 << 14 | 0 << 11 | 7 << 7 | 5 << 3 | 0, false},   // IC IALLU
    {1 << 14 | 0 << 11 | 7 << 7 | 8 << 3 | 0, false},   // AT S1E1R
    {1 << 14 | 0 << 11 | 7 << 7 | 8 << 3 | 3, false},   // AT S1E0W
    {1 << 14 | 0 << 11 | 8 << 7 | 7 << 3 | 0, false},   // TLBI VMALLE1
    {1 << 14 | 0 << 11 | 8 << 7 | 7 << 3 | 1, false},   // TLBI VAE1
};

// RNDR and RNDRRS: no two machines read the same from them.
static bool is_random_number(u32 word) {
    return field(word, 20, 6) == (3 << 13 | 3 << 10 | 2 << 6 | 4 << 2);
}

// MRS, MSR (register) and SYS: at EL0 any other encoding, at EL1 one that is listed.
static u32 system_word(u32 word, u64 *seed, IsaWord *w) {
    u64 r = isa_next(seed);
    bool read = word >> 21 & 1, sys = field(word, 20, 19) == 1;
    if (r & 1 && !is_random_number(word)) {
        w->kind |= KIND_EL0;
        return word;
    }
    for (;;) {
        unsigned i = (unsigned)(isa_next(seed) % ARRAY_LEN(system_words));
        u32 op0 = system_words[i].bits >> 14;
        if ((op0 == 1) != sys || (system_words[i].read_only && !read)) continue;
        return (word & ~0x1fffe0u) | op0 << 19 | (system_words[i].bits & 0x3fff) << 5;
    }
}

// Direct branches: half of them to one of the HVC of a slot nearby.
static u32 near_branch(u32 word, u64 *seed) {
    u64 r = isa_next(seed);
    u32 target = (u32)(r >> 8 & 7) * 4 + 1 + (r >> 16 & 1);
    if (r & 1 && r & 2) target -= 32;
    unsigned lo = 0, width = 0;
    if (field(word, 30, 26) == 5) lo = 0, width = 26;
    if (field(word, 31, 25) == 0x2a || field(word, 30, 25) == 0x1a) lo = 5, width = 19;
    if (field(word, 30, 25) == 0x1b) lo = 5, width = 14;
    if (!width || !(r & 1)) return word;
    u32 mask = ((1u << width) - 1) << lo;
    return (word & ~mask) | (target << lo & mask);
}

// A direct branch into words (not HVC) could run for ever.
static bool may_loop(u32 word) {
    int32_t target;
    if (field(word, 30, 26) == 5)
        target = sign(word & 0x3ffffff, 26);
    else if (field(word, 31, 25) == 0x2a || field(word, 30, 25) == 0x1a)
        target = sign(field(word, 23, 5), 19);
    else if (field(word, 30, 25) == 0x1b)
        target = sign(field(word, 18, 5), 14);
    else
        return false;
    u32 at = (u32)(target + 1) & 3;
    return at < 2;
}

// CONSTRAINED UNPREDICTABLE: implementations may differ.
static bool is_unpredictable(u32 word) {
    if ((word & 0xfffff01f) == 0xd500401f && field(word, 7, 5) < 3)
        return field(word, 11, 8) != 0;  // CFINV, XAFLAG, AXFLAG: CRm should be zero
    if (!is_load_store(word) || is_literal(word)) return false;
    u32 rt = field(word, 4, 0), rn = field(word, 9, 5), rt2 = field(word, 14, 10),
        rs = field(word, 20, 16);
    bool vector = is_vector(word), load = word >> 22 & 1;
    if (is_pair(word)) {
        bool write_back = word >> 23 & 1;
        if (load && rt == rt2) return true;
        return !vector && write_back && rn != 31 && (rn == rt || rn == rt2);
    }
    if (field(word, 29, 24) == 8) {  // exclusives, CAS, acquire and release
        bool pair = word >> 21 & 1 && word >> 31;
        if (word >> 23 & 1) return false;
        if (load) return pair && rt == rt2;
        return rs == rt || (rs == rn && rn != 31) || (pair && rs == rt2);
    }
    if (field(word, 29, 27) == 7 && !vector && !(word >> 24 & 1) && !(word >> 21 & 1) &&
        word >> 10 & 1)
        return rn == rt && rn != 31;  // pre- and post-indexed
    if (field(word, 29, 27) == 7 && !vector && word >> 21 & 1 && field(word, 11, 10) == 3)
        return rn == rt && rn != 31;  // LDRAA with write-back
    return false;
}

// FSQRT (vector) of halves with the bit that makes others scalar is unallocated: QEMU 7.2 ends with an internal error.
static bool stops_qemu(u32 word) {
    return (word & 0xfffffc00) == 0x7ef9f800;
}

static u32 random_word(u64 *seed) {
    u64 r = isa_next(seed);
    u32 word = (u32)r;
    if (r >> 32 & 1)
        word &= (u32)isa_next(seed);
    else if (r >> 33 & 1)
        word |= (u32)isa_next(seed);
    return word;
}

// Is the word the row's, or, without a row, of none? A row without handlers says that its words are UNDEFINED.
static bool is_of(const u64 *features, const DecodeRow *row, u32 word) {
    Op op;
    const DecodeRow *found = decode_row(features, word, 0, &op);
    if (!row || row->handlers) return found == row;
    return !found && isa_check((unsigned)(row - decode_rows), word, NULL) == ISA_UNDEF;
}

// A word of the row, or none after many tries.
static bool find_word(const u64 *features, const DecodeRow *row, u64 *seed, IsaWord *w) {
    for (unsigned i = 0; i < TRIES; i++) {
        memset(w, 0, sizeof *w);
        u32 word = random_word(seed);
        if (row) word = (word & ~row->mask) | row->value;
        if (row && (!strcmp(row->name, "msr_reg") || !strcmp(row->name, "mrs") ||
                    !strcmp(row->name, "sys")))
            word = system_word(word, seed, w);
        word = near_branch(word, seed);
        if (!is_of(features, row, word)) continue;
        if (may_loop(word) || is_unpredictable(word) || stops_qemu(word)) continue;
        classify(row ? row : &decode_rows[0], word, seed, w);
        return true;
    }
    return false;
}

// How many words of a row: more for one with several opcode bits left.
static unsigned word_count(const DecodeRow *row, unsigned cases) {
    if (!row) return cases;
    unsigned base = (cases + STATES - 1) / STATES;
    unsigned factor = row->handlers / 4;
    return base * (factor < 1 ? 1 : factor > 4 ? 4 : factor);
}

// --- output -------------------------------------------------------------------------------------

static bool listed(const char *list, u32 n) {
    if (!list) return true;
    for (const char *p = list; *p;) {
        char *end;
        unsigned long a = strtoul(p, &end, 10), b = a;
        if (*end == '-') b = strtoul(end + 1, &end, 10);
        if (n >= a && n <= b) return true;
        if (*end != ',') break;
        p = end + 1;
    }
    return false;
}

static void write_word(const IsaWord *w) {
    u32 raw[sizeof *w / 4];
    memcpy(raw, w, sizeof raw);
    printf(".word ");
    for (unsigned i = 0; i < sizeof raw / 4; i++) printf("%s0x%x", i ? "," : "", raw[i]);
    printf("\n");
}

// Addresses of the harness's data become those of `el2sim exec`.
static void write_exec(const Options *o, const IsaWord *w) {
    const u64 data = 0x40200000;
    IsaState s;
    isa_state(&s, o->seed, w, o->only_state, SLOTS_VA);
    bool memory = w->kind & KIND_MEMORY;
    printf("el2sim exec -cpu %s --el %d --reg pstate=0x%llx", o->cpu, s.pstate & 4 ? 1 : 0,
           (unsigned long long)s.pstate);
    if (memory && w->base < 31) s.x[w->base] += data - DATA_VA;
    if (memory && w->base == 31) s.sp += data - DATA_VA;
    for (int i = 0; i < 31; i++) printf(" --reg x%d=0x%llx", i, (unsigned long long)s.x[i]);
    printf(" --reg sp=0x%llx --reg elr_el1=0x%llx --reg spsr_el1=0x%llx", (unsigned long long)s.sp,
           (unsigned long long)s.elr, (unsigned long long)s.spsr);
    if (w->kind & KIND_FP) {
        printf(" --reg fpcr=0x%llx --reg fpsr=0x%llx", (unsigned long long)s.fpcr,
               (unsigned long long)s.fpsr);
        for (int i = 0; i < 32; i++)
            printf(" --reg v%d=0x%016llx%016llx", i, (unsigned long long)s.v[2 * i + 1],
                   (unsigned long long)s.v[2 * i]);
    }
    for (unsigned i = 0; memory && i < 2; i++) {
        printf(" --mem 0x%llx=",
               (unsigned long long)data + (i ? 8192 - WINDOW : 4096 - WINDOW / 2));
        for (unsigned j = 0; j < WINDOW; j++)
            printf("%02x", ((const u8 *)s.memory)[i * WINDOW + j]);
    }
    printf(" %08x %08x\n", w->before, w->word);
}

static u32 write_rows(const Options *o, const u64 *features) {
    u32 total = 0;
    for (u32 i = 0; i <= decode_row_count; i++) {
        if (!o->list && !listed(o->rows, i)) continue;
        const DecodeRow *row = i < decode_row_count ? &decode_rows[i] : NULL;
        u64 seed = isa_mix(o->seed, i) | 1;
        unsigned n = word_count(row, o->cases), found = 0;
        for (; found < n; found++) {
            IsaWord w;
            if (!find_word(features, row, &seed, &w)) break;
            w.row = i;
            w.number = found;
            w.states = (u8)(row ? o->states : 1);
            if (o->list || !listed(o->words, found)) continue;
            if (total++ == MAX_WORDS) fail("too many words: less", "--cases");
            if (o->mode == MODE_EXEC)
                write_exec(o, &w);
            else
                write_word(&w);
        }
        if (!o->list) continue;
        printf("%u %s %u%s\n", i, row ? row->name : "UNDEFINED", found * (row ? o->states : 1),
               found < n ? " # no word on this CPU" : "");
    }
    return total;
}

static u32 mode(const char *name) {
    static const char *const names[] = {"rows", "words", "cases", "exec"};
    for (u32 i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(name, names[i])) return i;
    fail("no such mode:", name);
}

static Options parse(int argc, char **argv) {
    Options o = {.mode = MODE_ROWS, .only_state = ~0u, .states = STATES, .cases = 2000};
    if (argc < 3) fail("usage: gen SEED CPU [options], or gen --list CPU;", "see gen.c");
    o.list = !strcmp(argv[1], "--list");
    o.seed = o.list ? 1 : strtoull(argv[1], NULL, 0);
    o.cpu = argv[2];
    for (int i = 3; i < argc; i += 2) {
        if (i + 1 == argc) fail("no value for", argv[i]);
        const char *value = argv[i + 1];
        if (!strcmp(argv[i], "--rows"))
            o.rows = value;
        else if (!strcmp(argv[i], "--words"))
            o.words = value;
        else if (!strcmp(argv[i], "--state"))
            o.only_state = (u32)strtoul(value, NULL, 0);
        else if (!strcmp(argv[i], "--states"))
            o.states = (u32)strtoul(value, NULL, 0);
        else if (!strcmp(argv[i], "--cases"))
            o.cases = (u32)strtoul(value, NULL, 0);
        else if (!strcmp(argv[i], "--mode"))
            o.mode = mode(value);
        else
            fail("unknown option", argv[i]);
    }
    if (o.mode == MODE_EXEC && o.only_state == ~0u) fail("--mode exec needs", "--state");
    if (o.states < 1 || o.states > 255) fail("--states is 1 to", "255");
    return o;
}

int main(int argc, char **argv) {
    Options o = parse(argc, argv);
    Machine *machine = calloc(1, sizeof *machine);
    if (!machine) fail("no", "memory");
    machine->config.el2 = true;
    machine->config.gic_version = 3;
    char model[32];
    size_t n = strcspn(o.cpu, "+");
    machine->config.mte = !strcmp(o.cpu + n, "+mte");
    snprintf(model, sizeof model, "%.*s", (int)n, o.cpu);
    Error err;
    if (!cpu_model_features(machine, model, &err)) fail(err.text, "");
    bool assembly = !o.list && o.mode != MODE_EXEC;
    if (assembly) printf(".section .isa_words,\"a\"\n.balign 8\n.global isa_words\nisa_words:\n");
    u32 total = write_rows(&o, machine->features);
    if (assembly)
        printf(".global isa_header\n.balign 8\nisa_header: .quad %llu\n.word %u, %u, %u, 0\n",
               (unsigned long long)o.seed, o.mode, total, o.only_state);
    free(machine);
    return 0;
}
