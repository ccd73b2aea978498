// All 2^32 words against the rows. A set of words that agree in all bits that any row which may still
// take them looks at (its fixed bits, the fields of its condition and value lists) is asked about once
// and counted as a whole: sets are halved, one bit at a time, until they are so. That the decoder says
// the same is checked with a sample of each set, or with every word.
// Arm ARM: "A64 Instruction Set Encoding".
#include "cli/decode_scan.h"

#include "cli/cli.h"
#include "cpu/isa.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUCKETS = 2048, ROWS_MAX = 256, THREADS_MAX = 64, PROBLEMS_MAX = 20, SAMPLE = 4 };

// What becomes of a word.
enum { DEFINED, NO_FEATURE, NOT_SO, SAYS_UNDEF, NO_ROW, OUTCOMES };
static const char *const outcome_name[] = {"defined", "feature", "condition", "udf", "no row"};

// By bits <28:25>.
enum { RESERVED, UNALLOCATED, SVE, DP_IMM, SYSTEM, LOAD_STORE, DP_REG, SIMD_FP, CLASSES };
static const char *const class_name[] = {
    "reserved (UDF, SME)",
    "unallocated",
    "SVE",
    "data processing, immediate",
    "branches, exceptions, system",
    "loads and stores",
    "data processing, register",
    "scalar FP and Advanced SIMD",
};
static const u8 class_of[16] = {
    RESERVED, UNALLOCATED, SVE,    UNALLOCATED, LOAD_STORE, DP_REG, LOAD_STORE, SIMD_FP,
    DP_IMM,   DP_IMM,      SYSTEM, SYSTEM,      LOAD_STORE, DP_REG, LOAD_STORE, SIMD_FP};

typedef struct Counts {
    u64 words[CLASSES][OUTCOMES];
    u64 special;  // of a row and its special case
    u64 sets;
    u64 decoded;  // words that the decoder was asked about
    u64 *row;     // by row: the words that are its own, whatever the features
} Counts;

typedef struct Scan {
    const u64 *features;
    bool every_word;
    atomic_uint next, done;  // buckets
    atomic_bool stop;
    pthread_mutex_t lock;  // of what follows
    Counts total;
    unsigned problems;
    char problem[PROBLEMS_MAX][160];
} Scan;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

__attribute__((format(printf, 2, 3))) static void report(Scan *s, const char *format, ...) {
    va_list args;
    pthread_mutex_lock(&s->lock);
    if (s->problems < PROBLEMS_MAX) {
        va_start(args, format);
        vsnprintf(s->problem[s->problems], sizeof s->problem[0], format, args);
        va_end(args);
    }
    s->problems++;
    pthread_mutex_unlock(&s->lock);
}

// --- one set of words ----------------------------------------------------------------------------

typedef struct Set {
    u32 known, value;  // which bits are the same in all words, and their values
} Set;

static void check_decoder(Scan *s, Counts *c, u32 word, const DecodeRow *want) {
    Op op;
    const DecodeRow *row = decode_row(s->features, word, word & (PAGE_OPS - 1), &op);
    c->decoded++;
    if (row != want)
        report(s, "%08x: the decoder takes row %s, not %s", word, row ? row->name : "none",
               want ? want->name : "none");
}

static void check_set(Scan *s, Counts *c, Set set, const DecodeRow *want) {
    u32 rest = ~set.known, more = 0;
    if (s->every_word) {
        do {
            check_decoder(s, c, set.value | more, want);
            more = (more - rest) & rest;
        } while (more);
        return;
    }
    u32 random = set.value;
    for (unsigned i = 0; i < SAMPLE; i++) {
        check_decoder(s, c, set.value | (random & rest), want);
        random = random * 1664525 + 1013904223;
        random ^= random >> 15;
    }
}

// All rows answer the same for every word of the set.
static void count_set(Scan *s, Counts *c, Set set, const u16 *rows, unsigned n) {
    u64 words = 1ull << __builtin_popcount(~set.known);
    int claim = -1, outcome = n ? NOT_SO : NO_ROW;
    const DecodeRow *taken = NULL;
    unsigned claims[ROWS_MAX], claim_count = 0;
    for (unsigned i = 0; i < n; i++) {
        IsaVerdict v = isa_check(rows[i], set.value, NULL);
        if (v != ISA_MATCHES && v != ISA_UNDEF) continue;
        for (unsigned k = 0; k < claim_count; k++)
            if (!isa_special_case(claims[k], rows[i]))
                report(s, "%08x is claimed by %s and %s, neither of which is the more special",
                       set.value, decode_rows[claims[k]].name, decode_rows[rows[i]].name);
        claims[claim_count++] = rows[i];
        if (claim < 0) claim = rows[i];
        if (outcome == DEFINED || outcome == SAYS_UNDEF) continue;
        if (isa_missing_feature(rows[i], s->features)) {
            outcome = NO_FEATURE;
            continue;
        }
        outcome = v == ISA_UNDEF ? SAYS_UNDEF : DEFINED;
        if (v == ISA_MATCHES) taken = &decode_rows[rows[i]];
    }
    if (claim >= 0) c->row[claim] += words;
    c->words[class_of[set.value >> 25 & 15]][outcome] += words;
    c->special += claim_count > 1 ? words : 0;
    c->sets++;
    check_set(s, c, set, taken);
}

static void halve(Scan *s, Counts *c, Set set, const u16 *rows, unsigned n) {
    u16 left[ROWS_MAX];
    unsigned count = 0;
    u32 fixed = 0, deciding = 0;
    if (atomic_load_explicit(&s->stop, memory_order_relaxed)) return;
    for (unsigned i = 0; i < n; i++) {
        const DecodeRow *d = &decode_rows[rows[i]];
        if ((set.value ^ d->value) & d->mask & set.known) continue;
        left[count++] = rows[i];
        fixed |= d->mask & ~set.known;
        deciding |= isa_rows[rows[i]].deciding & ~set.known;
    }
    if (!fixed && !deciding) {
        count_set(s, c, set, left, count);
        return;
    }
    // Fixed bits first: they leave fewer rows, and so fewer conditions.
    u32 bit = 1u << (31 - __builtin_clz(fixed ? fixed : deciding));
    set.known |= bit;
    halve(s, c, set, left, count);
    set.value |= bit;
    halve(s, c, set, left, count);
}

// --- threads -------------------------------------------------------------------------------------

static void add_counts(Counts *to, const Counts *from) {
    for (unsigned i = 0; i < CLASSES; i++)
        for (unsigned k = 0; k < OUTCOMES; k++) to->words[i][k] += from->words[i][k];
    for (unsigned i = 0; i < decode_row_count; i++) to->row[i] += from->row[i];
    to->special += from->special;
    to->sets += from->sets;
    to->decoded += from->decoded;
}

static void *scan_buckets(void *arg) {
    Scan *s = arg;
    Counts c = {.row = calloc(decode_row_count, sizeof(u64))};
    CHECK(c.row);
    for (u32 b; (b = atomic_fetch_add(&s->next, 1)) < BUCKETS && !atomic_load(&s->stop);) {
        unsigned n = decode_bucket[b + 1] - decode_bucket[b];
        CHECK(n <= ROWS_MAX);
        halve(s, &c, (Set){0xffe00000, b << 21}, &decode_candidates[decode_bucket[b]], n);
        atomic_fetch_add(&s->done, 1);
    }
    pthread_mutex_lock(&s->lock);
    add_counts(&s->total, &c);
    pthread_mutex_unlock(&s->lock);
    free(c.row);
    return NULL;
}

static void run_threads(Scan *s) {
    pthread_t thread[THREADS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = cores < 1 ? 1 : (unsigned)MIN(cores, (long)THREADS_MAX), started = 0;
    bool terminal = isatty(STDERR_FILENO);
    struct sigaction act = {.sa_handler = on_interrupt}, before;
    sigaction(SIGINT, &act, &before);
    while (started < n && !pthread_create(&thread[started], NULL, scan_buckets, s)) started++;
    CHECK(started);
    while (atomic_load(&s->done) < BUCKETS && !interrupted) {
        usleep(50000);
        if (terminal)
            fprintf(stderr, "\r%3u %% of 2^32 words", atomic_load(&s->done) * 100 / BUCKETS);
    }
    if (interrupted) atomic_store(&s->stop, true);
    for (unsigned i = 0; i < started; i++) pthread_join(thread[i], NULL);
    if (terminal) fprintf(stderr, "\r%*s\r", 30, "");
    sigaction(SIGINT, &before, NULL);
}

// --- results -------------------------------------------------------------------------------------

static void print_line(const char *name, const u64 *words) {
    u64 sum = 0;
    for (unsigned k = 0; k < OUTCOMES; k++) sum += words[k];
    printf("%-30s %10llu", name, (unsigned long long)sum);
    for (unsigned k = 0; k < OUTCOMES; k++) printf(" %10llu", (unsigned long long)words[k]);
    printf("\n");
}

static void print_table(const Scan *s, const char *cpu, const u64 *sum) {
    printf(
        "UNDEFINED: because %s lacks a feature, a row's condition is false, the row says so, there "
        "is no row\n",
        cpu);
    printf("%-30s %10s", "class of encodings", "words");
    for (unsigned k = 0; k < OUTCOMES; k++) printf(" %10s", outcome_name[k]);
    printf("\n");
    for (unsigned i = 0; i < CLASSES; i++) print_line(class_name[i], s->total.words[i]);
    print_line("total", sum);
    printf(
        "%llu words have a row and a special case of it; %llu sets of words, %llu words decoded\n",
        (unsigned long long)s->total.special, (unsigned long long)s->total.sets,
        (unsigned long long)s->total.decoded);
}

static void print_json_counts(const char *name, const u64 *words, const char *end) {
    printf("  {\"class\": \"%s\"", name);
    for (unsigned k = 0; k < OUTCOMES; k++)
        printf(", \"%s\": %llu", outcome_name[k], (unsigned long long)words[k]);
    printf("}%s\n", end);
}

static void print_json(const Scan *s, const char *cpu, const u64 *sum) {
    printf("{\"cpu\": \"%s\", \"classes\": [\n", cpu);
    for (unsigned i = 0; i < CLASSES; i++)
        print_json_counts(class_name[i], s->total.words[i], i + 1 < CLASSES ? "," : "],");
    printf("\"total\":\n");
    print_json_counts("all", sum, ",");
    printf("\"special\": %llu, \"sets\": %llu, \"decoded\": %llu, \"problems\": %u, \"rows\": {",
           (unsigned long long)s->total.special, (unsigned long long)s->total.sets,
           (unsigned long long)s->total.decoded, s->problems);
    for (unsigned i = 0; i < decode_row_count; i++)
        printf("%s\n  \"%s\": %llu", i ? "," : "", decode_rows[i].name,
               (unsigned long long)s->total.row[i]);
    printf("}}\n");
}

static int finish(Scan *s, const char *cpu, bool json) {
    u64 sum[OUTCOMES] = {0}, all = 0;
    for (unsigned i = 0; i < CLASSES; i++)
        for (unsigned k = 0; k < OUTCOMES; k++) {
            sum[k] += s->total.words[i][k];
            all += s->total.words[i][k];
        }
    if (!interrupted) {
        for (unsigned i = 0; i < decode_row_count; i++)
            if (!s->total.row[i]) report(s, "row %s has no word", decode_rows[i].name);
        if (all != 1ull << 32) report(s, "%llu words, not 2^32", (unsigned long long)all);
    }
    if (json)
        print_json(s, cpu, sum);
    else
        print_table(s, cpu, sum);
    for (unsigned i = 0; i < MIN(s->problems, (unsigned)PROBLEMS_MAX); i++)
        fprintf(stderr, "el2sim: %s\n", s->problem[i]);
    if (s->problems) fprintf(stderr, "el2sim: %u problems\n", s->problems);
    if (interrupted)
        fprintf(stderr, "el2sim: interrupted: these are %llu of 2^32 words\n",
                (unsigned long long)all);
    return s->problems || interrupted ? EXIT_HOST_ERROR : 0;
}

int decode_scan(const u64 *features, const char *cpu, bool every_word, bool json) {
    Scan *s = calloc(1, sizeof *s);
    CHECK(s);
    s->features = features;
    s->every_word = every_word;
    s->total.row = calloc(decode_row_count, sizeof(u64));
    CHECK(s->total.row);
    pthread_mutex_init(&s->lock, NULL);
    run_threads(s);
    int status = finish(s, cpu, json);
    pthread_mutex_destroy(&s->lock);
    free(s->total.row);
    free(s);
    return status;
}
