// The last lines of a trace, for --trace-on-fail.
#include "trace/internal.h"

#include <stdlib.h>

typedef struct Line {
    char *text;
    u32 n, capacity;
} Line;

struct LineRing {
    u64 size, count;  // lines that it holds; lines that came
    Line line[];
};

LineRing *ring_create(u64 size) {
    LineRing *r = calloc(1, sizeof *r + size * sizeof r->line[0]);
    CHECK(r);
    r->size = size;
    return r;
}

void ring_free(LineRing *r) {
    for (u64 i = 0; r && i < r->size; i++) free(r->line[i].text);
    free(r);
}

void ring_put(LineRing *r, const char *text, size_t n) {
    Line *l = &r->line[r->count++ % r->size];
    if (l->capacity < n) {
        l->text = realloc(l->text, n);
        CHECK(l->text);
        l->capacity = (u32)n;
    }
    memcpy(l->text, text, n);
    l->n = (u32)n;
}

void ring_write(const LineRing *r, Text *out) {
    u64 first = r->count > r->size ? r->count - r->size : 0;
    for (u64 i = first; i < r->count; i++) {
        const Line *l = &r->line[i % r->size];
        text_reserve(out);
        memcpy(out->at, l->text, l->n);
        out->at += l->n;
    }
}
