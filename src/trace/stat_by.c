// Exits counted by every dimension at once (trace.h), and the tables of those that are asked for:
// rows that agree in them are added up. The counts are exact; after ROWS_MAX rows new ones are
// counted as "(others)" in every dimension.
#include "trace/internal.h"

#include <stdlib.h>

enum { HASH_SIZE = 16384, ROWS_MAX = 4096 };

typedef struct ByRow {
    StatRow cost;
    char *value[STAT_DIMENSIONS];
} ByRow;

struct StatsBy {
    ByRow *row[HASH_SIZE];
    unsigned rows;
};

static const char *const names[STAT_DIMENSIONS] = {"vm",       "vcpu", "class",    "detail",
                                                   "function", "ipa",  "hypercall"};

// --- what is asked for ---------------------------------------------------------------------------

static int dimension(const char *name, size_t n) {
    for (int d = 0; d < STAT_DIMENSIONS; d++)
        if (strlen(names[d]) == n && !strncmp(names[d], name, n)) return d;
    return -1;
}

bool stat_choice_by(StatChoice *c, const char *list, Error *err) {
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, ",");
        int d = dimension(p, n);
        if (d < 0)
            return error_set(err,
                             "'%.*s' is none of vm, vcpu, class, detail, function, ipa, hypercall",
                             (int)n, p);
        for (unsigned i = 0; i < c->count; i++)
            if ((int)c->by[i] == d) return error_set(err, "'%s' is there twice", names[d]);
        c->by[c->count++] = (StatDimension)d;
        p += n;
        if (!*p) return true;
    }
}

bool stat_choice_format(StatChoice *c, const char *name, size_t n) {
    static const char *const formats[] = {"table", "json", "csv"};
    for (unsigned i = 0; i < ARRAY_LEN(formats); i++)
        if (strlen(formats[i]) == n && !strncmp(formats[i], name, n)) {
            c->format = (StatFormat)i;
            return true;
        }
    return false;
}

// --- rows ----------------------------------------------------------------------------------------

StatsBy *by_create(void) {
    StatsBy *s = calloc(1, sizeof *s);
    CHECK(s);
    return s;
}

void by_free(StatsBy *s) {
    for (unsigned i = 0; s && i < HASH_SIZE; i++) {
        ByRow *r = s->row[i];
        if (!r) continue;
        for (unsigned d = 0; d < STAT_DIMENSIONS; d++) free(r->value[d]);
        free(r->cost.histogram);
        free(r);
    }
    free(s);
}

static u32 hash(char *const value[]) {
    u32 h = 2166136261u;
    for (unsigned d = 0; d < STAT_DIMENSIONS; d++) {
        for (const char *p = value[d]; *p; p++) h = (h ^ (u8)*p) * 16777619u;
        h *= 16777619u;
    }
    return h;
}

static bool same(const ByRow *r, char *const value[]) {
    for (unsigned d = 0; d < STAT_DIMENSIONS; d++)
        if (strcmp(r->value[d], value[d])) return false;
    return true;
}

static ByRow **find(StatsBy *s, char *const value[]) {
    u32 at = hash(value) % HASH_SIZE;
    while (s->row[at] && !same(s->row[at], value)) at = (at + 1) % HASH_SIZE;
    return &s->row[at];
}

static ByRow *make_row(char *const value[]) {
    ByRow *r = calloc(1, sizeof *r);
    CHECK(r);
    for (unsigned d = 0; d < STAT_DIMENSIONS; d++) {
        r->value[d] = strdup(value[d]);
        CHECK(r->value[d]);
    }
    return r;
}

static StatRow *row_of(StatsBy *s, char *const value[]) {
    ByRow **row = find(s, value);
    if (!*row && s->rows >= ROWS_MAX) {
        char others[] = "(others)", *all[STAT_DIMENSIONS];
        for (unsigned d = 0; d < STAT_DIMENSIONS; d++) all[d] = others;
        row = find(s, all);
        if (!*row) *row = make_row(all);
    }
    if (!*row) {
        *row = make_row(value);
        s->rows++;
    }
    return &(*row)->cost;
}

StatRow *by_exit(StatsBy *s, char *const value[STAT_DIMENSIONS]) {
    StatRow *row = row_of(s, value);
    row->count++;
    return row;
}

// The rows with every dimension that was not asked for left out.
static StatsBy *project(const StatsBy *s, const StatChoice *c) {
    StatsBy *out = by_create();
    for (unsigned i = 0; i < HASH_SIZE; i++) {
        if (!s->row[i]) continue;
        char none[] = "", *value[STAT_DIMENSIONS];
        for (unsigned d = 0; d < STAT_DIMENSIONS; d++) value[d] = none;
        for (unsigned k = 0; k < c->count; k++) value[c->by[k]] = s->row[i]->value[c->by[k]];
        stats_merge(row_of(out, value), &s->row[i]->cost);
    }
    return out;
}

// The most frequent first.
static int compare(const void *pa, const void *pb) {
    const ByRow *a = *(ByRow *const *)pa, *b = *(ByRow *const *)pb;
    if (a->cost.count != b->cost.count) return a->cost.count > b->cost.count ? -1 : 1;
    for (unsigned d = 0; d < STAT_DIMENSIONS; d++) {
        int c = strcmp(a->value[d], b->value[d]);
        if (c) return c;
    }
    return 0;
}

// --- printing ------------------------------------------------------------------------------------

typedef struct Numbers {
    unsigned long long count, total, min, median, p99, max;
    double share;  // of all instructions, in percent
} Numbers;

static Numbers numbers_of(const StatRow *r, u64 instructions) {
    return (Numbers){r->count,
                     r->total,
                     r->min,
                     stats_percentile(r, 50),
                     stats_percentile(r, 99),
                     r->max,
                     instructions ? 100.0 * (double)r->total / (double)instructions : 0};
}

static void print_json(ByRow *const *row, unsigned n, const StatChoice *c, u64 instructions,
                       FILE *out) {
    fprintf(out, "{\"instructions\":%llu,\"rows\":[", (unsigned long long)instructions);
    for (unsigned i = 0; i < n; i++) {
        Numbers v = numbers_of(&row[i]->cost, instructions);
        fputs(i ? ",\n{" : "\n{", out);
        for (unsigned k = 0; k < c->count; k++) {
            fprintf(out, "\"%s\":\"", names[c->by[k]]);
            for (const char *p = row[i]->value[c->by[k]]; *p; p++)
                if (*p == '"' || *p == '\\')
                    fprintf(out, "\\%c", *p);
                else if ((u8)*p < 0x20)
                    fprintf(out, "\\u%04x", (u8)*p);
                else
                    fputc(*p, out);
            fputs("\",", out);
        }
        fprintf(out,
                "\"count\":%llu,\"el2_insns\":%llu,\"min\":%llu,\"median\":%llu,\"p99\":%llu,"
                "\"max\":%llu,\"share\":%.4f}",
                v.count, v.total, v.min, v.median, v.p99, v.max, v.share);
    }
    fputs("\n]}\n", out);
}

static void print_csv(ByRow *const *row, unsigned n, const StatChoice *c, u64 instructions,
                      FILE *out) {
    for (unsigned k = 0; k < c->count; k++) fprintf(out, "%s,", names[c->by[k]]);
    fputs("count,el2_insns,min,median,p99,max,share\n", out);
    for (unsigned i = 0; i < n; i++) {
        Numbers v = numbers_of(&row[i]->cost, instructions);
        for (unsigned k = 0; k < c->count; k++) {
            fputc('"', out);
            for (const char *p = row[i]->value[c->by[k]]; *p; p++) {
                if (*p == '"') fputc('"', out);
                fputc(*p, out);
            }
            fputs("\",", out);
        }
        fprintf(out, "%llu,%llu,%llu,%llu,%llu,%llu,%.4f\n", v.count, v.total, v.min, v.median,
                v.p99, v.max, v.share);
    }
}

static void print_table(ByRow *const *row, unsigned n, const StatChoice *c, u64 instructions,
                        FILE *out) {
    int width[STAT_DIMENSIONS];
    for (unsigned k = 0; k < c->count; k++) {
        size_t most = strlen(names[c->by[k]]);
        for (unsigned i = 0; i < n; i++) most = MAX(most, strlen(row[i]->value[c->by[k]]));
        width[k] = (int)most;
        fprintf(out, "%-*s  ", width[k], names[c->by[k]]);
    }
    fprintf(out, "%10s %13s %9s %9s %9s %9s %7s\n", "count", "EL2 insns", "min", "median", "p99",
            "max", "share");
    Numbers all = {0};
    for (unsigned i = 0; i < n; i++) {
        Numbers v = numbers_of(&row[i]->cost, instructions);
        for (unsigned k = 0; k < c->count; k++)
            fprintf(out, "%-*s  ", width[k], row[i]->value[c->by[k]]);
        fprintf(out, "%10llu %13llu %9llu %9llu %9llu %9llu %6.2f%%\n", v.count, v.total, v.min,
                v.median, v.p99, v.max, v.share);
        all.count += v.count;
    }
    fprintf(out, "%llu exits, %llu instructions\n", all.count, (unsigned long long)instructions);
}

void by_print(const StatsBy *s, const StatChoice *c, u64 instructions, FILE *out) {
    StatsBy *chosen = project(s, c);
    ByRow **sorted = calloc(ROWS_MAX + 1, sizeof(ByRow *));
    CHECK(sorted);
    unsigned n = 0;
    for (unsigned i = 0; i < HASH_SIZE; i++)
        if (chosen->row[i]) sorted[n++] = chosen->row[i];
    qsort(sorted, n, sizeof(ByRow *), compare);
    switch (c->format) {
    case STAT_TABLE: print_table(sorted, n, c, instructions, out); break;
    case STAT_JSON: print_json(sorted, n, c, instructions, out); break;
    case STAT_CSV: print_csv(sorted, n, c, instructions, out); break;
    }
    free(sorted);
    by_free(chosen);
}
