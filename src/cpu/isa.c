// The questions of tools about rows. docs/instruction-tables.md: "Overlap", "Where".
#include "cpu/isa.h"

#include "gen/features.h"

#include <stdio.h>

IsaVerdict isa_check(unsigned row, u32 word, const IsaField **field) {
    const DecodeRow *d = &decode_rows[row];
    const IsaRow *r = &isa_rows[row];
    if ((word & d->mask) != d->value) return ISA_FIXED_BITS;
    u32 s = 0, Q = 1;
    for (unsigned i = 0; i < r->fields; i++) {
        const IsaField *f = &r->field[i];
        u32 v = word >> f->lo & ((1u << f->width) - 1);
        if (!strcmp(f->name, "s")) s = v;
        if (!strcmp(f->name, "Q")) Q = v;
    }
    if (r->two_forms && s && !Q) return ISA_FORM;
    if (r->holds && !r->holds(word)) return ISA_WHERE;
    for (unsigned i = 0; i < r->fields; i++) {
        const IsaField *f = &r->field[i];
        if (!f->values || f->values >> (word >> f->lo & ((1u << f->width) - 1)) & 1) continue;
        if (field) *field = f;
        return ISA_VALUES;
    }
    return d->handlers ? ISA_MATCHES : ISA_UNDEF;
}

static bool needs(unsigned row, unsigned feature) {
    return decode_rows[row].features[feature / 64] >> feature % 64 & 1;
}

const char *isa_missing_feature(unsigned row, const u64 *features) {
    for (unsigned f = 0; f < FEATURE_COUNT; f++)
        if (needs(row, f) && !(features[f / 64] >> f % 64 & 1)) return feature_names[f];
    return NULL;
}

void isa_feature_text(unsigned row, char *buf, size_t n) {
    size_t used = 0;
    *buf = '\0';
    for (unsigned f = 0; f < FEATURE_COUNT; f++)
        if (needs(row, f) && used < n)
            used +=
                (size_t)snprintf(buf + used, n - used, "%s%s", used ? " " : "", feature_names[f]);
}

bool isa_special_case(unsigned special, unsigned general) {
    const DecodeRow *a = &decode_rows[special], *b = &decode_rows[general];
    return a->mask != b->mask && !(b->mask & ~a->mask) && (a->value & b->mask) == b->value;
}
