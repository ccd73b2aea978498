// The table of exits: by VM, class and detail, with count and what they cost in instructions at
// EL2. Costs go into a histogram: exact below 1024, above in steps of less than 1 %.
#include "trace/internal.h"

#include <stdlib.h>

enum {
    EXACT_BITS = 10,
    STEP_BITS = 7,  // steps per power of two above
    BUCKETS = (1 << EXACT_BITS) + ((64 - EXACT_BITS) << STEP_BITS),
    DETAIL_MAX = sizeof((StatRow *)0)->detail,
    HASH_SIZE = 2048,
    ROWS_MAX = 768,       // after that, new details of a class are counted together
    ALL_ROWS_MAX = 1280,  // after that, new VMs too: what is left is enough for every class
};

struct Stats {
    StatRow *row[HASH_SIZE];
    unsigned rows;
};

Stats *stats_create(void) {
    Stats *s = calloc(1, sizeof *s);
    CHECK(s);
    return s;
}

static void free_row(StatRow *row) {
    if (row) free(row->histogram);
    free(row);
}

void stats_free(Stats *s) {
    if (!s) return;
    for (unsigned i = 0; i < HASH_SIZE; i++) free_row(s->row[i]);
    free(s);
}

static u32 hash(World w, const char *class_name, const char *detail, size_t n) {
    u32 h = 2166136261u ^ world_key(w);
    for (const char *p = class_name; *p; p++) h = (h ^ (u8)*p) * 16777619u;
    for (size_t i = 0; i < n; i++) h = (h ^ (u8)detail[i]) * 16777619u;
    return h;
}

static bool same(const StatRow *r, World w, const char *class_name, const char *detail, size_t n) {
    return world_key(r->world) == world_key(w) && !strcmp(r->class_name, class_name) &&
           !memcmp(r->detail, detail, n) && !r->detail[n];
}

static StatRow *make_row(World w, const char *class_name, const char *detail, size_t n) {
    StatRow *r = calloc(1, sizeof *r);
    CHECK(r);
    r->world = w;
    r->class_name = class_name;
    memcpy(r->detail, detail, n);
    return r;
}

static StatRow **find(Stats *s, World w, const char *class_name, const char *detail, size_t n) {
    u32 at = hash(w, class_name, detail, n) % HASH_SIZE;
    while (s->row[at] && !same(s->row[at], w, class_name, detail, n)) at = (at + 1) % HASH_SIZE;
    return &s->row[at];
}

StatRow *stats_exit(Stats *s, World w, const char *class_name, const char *detail, size_t n) {
    static const char others[] = "(others)";
    n = MIN(n, (size_t)DETAIL_MAX - 1);
    StatRow **row = find(s, w, class_name, detail, n);
    if (!*row && s->rows >= ROWS_MAX) {
        detail = others;
        n = sizeof others - 1;
        row = find(s, w, class_name, detail, n);
    }
    if (!*row && s->rows >= ALL_ROWS_MAX && w.kind == WORLD_VM) {
        w = (World){WORLD_OTHER_VMS, 0};
        row = find(s, w, class_name, detail, n);
    }
    if (!*row) {
        CHECK(s->rows < HASH_SIZE - 1);
        *row = make_row(w, class_name, detail, n);
        s->rows++;
    }
    (*row)->count++;
    return *row;
}

static unsigned bucket(u64 value) {
    if (value >> EXACT_BITS == 0) return (unsigned)value;
    unsigned top = 63u - (unsigned)__builtin_clzll(value);
    return (1u << EXACT_BITS) + ((top - EXACT_BITS) << STEP_BITS) +
           (unsigned)bits(value, top - 1, top - STEP_BITS);
}

// The largest value of a bucket.
static u64 bucket_value(unsigned i) {
    if (i < 1u << EXACT_BITS) return i;
    i -= 1u << EXACT_BITS;
    unsigned top = (i >> STEP_BITS) + EXACT_BITS;
    u64 step = 1ull << (top - STEP_BITS);
    return (1ull << top) + ((i & ((1u << STEP_BITS) - 1)) + 1) * step - 1;
}

void stats_cost(StatRow *r, u64 n) {
    if (!r->histogram) {
        r->histogram = calloc(BUCKETS, sizeof *r->histogram);
        CHECK(r->histogram);
    }
    r->histogram[bucket(n)]++;
    r->min = r->samples && r->min < n ? r->min : n;
    r->max = MAX(r->max, n);
    r->total += n;
    r->samples++;
}

void stats_merge(StatRow *to, const StatRow *from) {
    to->count += from->count;
    if (!from->samples) return;
    if (!to->histogram) {
        to->histogram = calloc(BUCKETS, sizeof *to->histogram);
        CHECK(to->histogram);
    }
    for (unsigned i = 0; i < BUCKETS; i++) to->histogram[i] += from->histogram[i];
    to->min = to->samples && to->min < from->min ? to->min : from->min;
    to->max = MAX(to->max, from->max);
    to->total += from->total;
    to->samples += from->samples;
}

u64 stats_percentile(const StatRow *r, unsigned percent) {
    u64 rank = (r->samples * percent + 99) / 100, seen = 0;
    for (unsigned i = 0; i < BUCKETS && r->samples; i++) {
        seen += r->histogram[i];
        if (seen >= rank) return MIN(bucket_value(i), r->max);
    }
    return 0;
}

// --- the table -----------------------------------------------------------------------------------

enum { COL_WORLD = 8, COL_CLASS = 14, COL_DETAIL = 46, COL_NUMBER = 11, COL_TOTAL = 15 };

static int compare(const void *pa, const void *pb) {
    const StatRow *a = *(StatRow *const *)pa, *b = *(StatRow *const *)pb;
    u32 wa = world_key(a->world), wb = world_key(b->world);
    if (wa != wb) return wa < wb ? -1 : 1;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    int c = strcmp(a->class_name, b->class_name);
    return c ? c : strcmp(a->detail, b->detail);
}

static char *pad(char *from, char *p, unsigned width) {
    while ((unsigned)(p - from) < width) *p++ = ' ';
    *p++ = ' ';
    return p;
}

static char *number(char *p, u64 n, unsigned width) {
    char text[32];
    size_t k = (size_t)(put_thousands(text, n) - text);
    if (k >= width) *p++ = ' ';
    for (size_t i = k; i < width; i++) *p++ = ' ';
    memcpy(p, text, k);
    return p + k;
}

static char *right(char *p, const char *s, unsigned width) {
    for (size_t i = strlen(s); i < width; i++) *p++ = ' ';
    return put_text(p, s);
}

static void print_head(Text *out, bool colour) {
    text_reserve(out);
    char *p = out->at;
    *p++ = '\n';
    if (colour) p = put_text(p, "\033[1m");
    char *line = p;
    p = pad(line, put_text(p, "VM"), COL_WORLD);
    p = pad(line, put_text(p, "exit"), COL_WORLD + 1 + COL_CLASS);
    p = pad(line, put_text(p, "detail"), COL_WORLD + COL_CLASS + 2 + COL_DETAIL);
    p = right(p, "count", COL_NUMBER);
    p = right(p, "EL2 insns", COL_TOTAL);
    static const char *const heads[] = {"min", "median", "p99", "max"};
    for (unsigned i = 0; i < 4; i++) p = right(p, heads[i], COL_NUMBER);
    if (colour) p = put_text(p, "\033[0m");
    *p++ = '\n';
    out->at = p;
}

static void print_row(Text *out, const StatRow *r) {
    text_reserve(out);
    char *line = out->at, *p = pad(line, put_world(line, r->world), COL_WORLD);
    p = pad(line, put_text(p, r->class_name), COL_WORLD + 1 + COL_CLASS);
    p = pad(line, put_text(p, r->detail), COL_WORLD + COL_CLASS + 2 + COL_DETAIL);
    p = number(p, r->count, COL_NUMBER);
    p = number(p, r->total, COL_TOTAL);
    if (r->samples) {
        p = number(p, r->min, COL_NUMBER);
        p = number(p, stats_percentile(r, 50), COL_NUMBER);
        p = number(p, stats_percentile(r, 99), COL_NUMBER);
        p = number(p, r->max, COL_NUMBER);
    }
    *p++ = '\n';
    out->at = p;
}

static void print_sum(Text *out, const World *w, u64 count, u64 total, bool colour) {
    text_reserve(out);
    char *p = out->at;
    if (colour) p = put_text(p, "\033[1m");
    char *line = p;
    p = pad(line, w ? put_world(p, *w) : put_text(p, "all"), COL_WORLD);
    p = pad(line, put_text(p, w ? "together" : "exits"), COL_WORLD + COL_CLASS + 2 + COL_DETAIL);
    p = number(p, count, COL_NUMBER);
    p = number(p, total, COL_TOTAL);
    if (colour) p = put_text(p, "\033[0m");
    *p++ = '\n';
    if (w) *p++ = '\n';
    out->at = p;
}

void stats_print(Stats *s, Text *out, bool colour) {
    StatRow *sorted[HASH_SIZE];
    unsigned n = 0;
    for (unsigned i = 0; i < HASH_SIZE; i++)
        if (s->row[i]) sorted[n++] = s->row[i];
    qsort(sorted, n, sizeof sorted[0], compare);
    print_head(out, colour);
    u64 count = 0, total = 0, all = 0, all_total = 0;
    for (unsigned i = 0; i < n; i++) {
        print_row(out, sorted[i]);
        count += sorted[i]->count;
        total += sorted[i]->total;
        bool last = i + 1 == n || world_key(sorted[i + 1]->world) != world_key(sorted[i]->world);
        if (!last) continue;
        print_sum(out, &sorted[i]->world, count, total, colour);
        all += count;
        all_total += total;
        count = total = 0;
    }
    print_sum(out, NULL, all, all_total, colour);
}
