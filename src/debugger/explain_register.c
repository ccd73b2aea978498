// Values of system registers: the fields of sysregs.reg with the words of meanings.def. Arm ARM: "AArch64
// System Register Descriptions".
#include "cpu/sysreg.h"
#include "debugger/explain.h"
#include "debugger/meanings.h"
#include "gen/features.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

// --- names -----------------------------------------------------------------------------------------------

// "hcr" of HCR_EL2, "ich_lr" of ICH_LR0_EL2.
static bool is_short_for(const char *name, const char *reg) {
    size_t n = strlen(name);
    if (strncasecmp(name, reg, n)) return false;
    if (reg[n] == '0' && !isdigit((unsigned char)name[n - 1])) n++;
    return !strncmp(reg + n, "_EL", 3) && strlen(reg + n) == 4;
}

typedef struct Names {
    char text[160];  // "A, B"
    size_t used;
} Names;

// What does not fit is left out.
static void add_name(Names *n, const char *name) {
    if (n->used + strlen(name) + 3 > sizeof n->text) return;
    n->used += (size_t)snprintf(n->text + n->used, sizeof n->text - n->used, "%s%s",
                                n->used ? ", " : "", name);
}

// *others: another Exception level has one, too.
static unsigned find_short(const char *name, bool *others, Error *err) {
    Names near = {0}, starts = {0};
    unsigned count = 0, el2 = SYSREG_NONE, only = SYSREG_NONE;
    for (unsigned i = 0; *name && i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        if (!r->fields) continue;
        if (!strncasecmp(name, r->name, strlen(name))) add_name(&starts, r->name);
        if (!is_short_for(name, r->name)) continue;
        add_name(&near, r->name);
        count++;
        only = i;
        if (r->name[strlen(r->name) - 1] == '2' && el2 == SYSREG_NONE) el2 = i;
    }
    *others = count > 1;
    if (el2 != SYSREG_NONE) return el2;
    if (count == 1) return only;
    if (count || starts.used)
        error_set(err, "explain: which of %s?", count ? near.text : starts.text);
    else
        error_set(err, "explain: nothing is known of '%.40s' (see el2sim explain --list)", name);
    return SYSREG_NONE;
}

// --- words -----------------------------------------------------------------------------------------------

static const MeaningFormat *find_format(const char *reg, u64 value, const ExplainContext *c) {
    const MeaningFormat *fallback = NULL;
    for (const MeaningFormat *f = meaning_formats; f->reg; f++) {
        if (strcmp(f->reg, reg)) continue;
        if (f->when == MEANING_ALWAYS) fallback = f;
        if (f->when == MEANING_E2H && f->is == c->e2h) return f;
        if (f->when == MEANING_BIT && f->is == bit(value, f->bit)) return f;
    }
    return fallback;
}

static const MeaningField *find_field(const MeaningFormat *f, const SysRegField *s) {
    for (unsigned i = 0; f && i < f->fields; i++) {
        const MeaningField *m = &meaning_fields[f->first_field + i];
        if (m->lo == s->lo && m->hi == s->hi) return m;
    }
    return NULL;
}

// text with {addr}, {dec} and {bits} replaced.
static void append(ExplainField *f, const char *text) {
    size_t n = strlen(f->meaning), size = sizeof f->meaning;
    for (; *text && n + 1 < size; f->meaning[n] = 0) {
        if (!strncmp(text, "{addr}", 6)) {
            n += (size_t)snprintf(f->meaning + n, size - n, "0x%llx",
                                  (unsigned long long)(f->value << f->lo));
            text += 6;
        } else if (!strncmp(text, "{dec}", 5)) {
            n += (size_t)snprintf(f->meaning + n, size - n, "%llu", (unsigned long long)f->value);
            text += 5;
        } else if (!strncmp(text, "{bits}", 6)) {
            n += (size_t)snprintf(f->meaning + n, size - n, "%llu",
                                  (unsigned long long)(64 - f->value));
            text += 6;
        } else {
            f->meaning[n++] = *text++;
        }
    }
}

static const char *value_text(const MeaningField *m, u64 value, bool *reserved) {
    for (unsigned i = 0; i < m->values; i++) {
        const MeaningValue *v = &meaning_values[m->first_value + i];
        if (v->value == value) return v->text;
    }
    *reserved = m->otherwise && !strcmp(m->otherwise, "reserved");
    return *reserved ? "reserved encoding" : m->otherwise;
}

static void give_meaning(ExplainField *f, const MeaningField *m) {
    if (!m->values && m->hi == m->lo) {
        if (!f->value) append(f, "not so: ");
        append(f, m->text);
        return;
    }
    bool reserved = false;
    const char *value = value_text(m, f->value, &reserved);
    f->misuse |= reserved;
    if (m->text) append(f, m->text);
    if (m->text && value) append(f, ": ");
    if (value) append(f, value);
}

// --- fields ----------------------------------------------------------------------------------------------

static bool has(const ExplainContext *c, enum Feature f) {
    return !c->features || (c->features[f / 64] >> f % 64 & 1);
}

static void add_reserved(Explanation *x, unsigned hi, unsigned lo, bool one, const char *why) {
    ExplainField *f = explain_add(x, one ? "RES1" : "RES0", hi, lo);
    f->misuse = f->value != (one ? bits(~0ULL, hi, lo) : 0);
    if (f->misuse)
        snprintf(f->meaning, sizeof f->meaning, "RES%d%s, but %s", one, why, one ? "clear" : "set");
}

// The table's field that has bit n of the register.
static const SysRegField *table_field(const SysRegInfo *r, unsigned n) {
    const SysRegField *s = &sysreg_fields[r->first_field];
    while (s->lo > n) s++;
    return s;
}

// RES0 or RES1 on a CPU without the feature. False: the field is there.
static bool add_absent(Explanation *x, const ExplainContext *c, const SysRegField *s, unsigned hi,
                       unsigned lo) {
    if ((s->kind != FIELD_IF && s->kind != FIELD_IF_ELSE_ONE) || has(c, s->when)) return false;
    char why[60];
    snprintf(why, sizeof why, " without %s", feature_names[s->when]);
    add_reserved(x, hi, lo, s->kind == FIELD_IF_ELSE_ONE, why);
    return true;
}

static void add_table_fields(Explanation *x, const SysRegInfo *r, const MeaningFormat *format,
                             const ExplainContext *c) {
    for (unsigned i = 0; i < r->fields; i++) {
        const SysRegField *s = &sysreg_fields[r->first_field + i];
        if (s->kind == FIELD_RES0 || s->kind == FIELD_RES1) {
            add_reserved(x, s->hi, s->lo, s->kind == FIELD_RES1, " on every modelled CPU");
        } else if (!add_absent(x, c, s, s->hi, s->lo)) {
            ExplainField *f = explain_add(x, s->name, s->hi, s->lo);
            const MeaningField *m = find_field(format, s);
            if (m) give_meaning(f, m);
        }
    }
}

static void add_format_fields(Explanation *x, const SysRegInfo *r, const MeaningFormat *format,
                              const ExplainContext *c) {
    unsigned next = 64;
    for (unsigned i = 0; i <= format->fields; i++) {
        const MeaningField *m =
            i < format->fields ? &meaning_fields[format->first_field + i] : NULL;
        unsigned above = m ? m->hi + 1u : 0;
        if (above < next) add_reserved(x, next - 1, above, false, " in this format");
        if (!m) break;
        next = m->lo;
        if (!strcmp(m->name, "RES1"))
            add_reserved(x, m->hi, m->lo, true, " in this format");
        else if (!add_absent(x, c, table_field(r, m->lo), m->hi, m->lo))
            give_meaning(explain_add(x, m->name, m->hi, m->lo), m);
    }
}

bool explain_register(const char *name, u64 value, const ExplainContext *c, Explanation *out,
                      Error *err) {
    bool others = false;
    unsigned index = sysreg_find(name);
    if (index == SYSREG_NONE || sysreg_info(index)->insn) index = find_short(name, &others, err);
    if (index == SYSREG_NONE) return false;
    const SysRegInfo *r = sysreg_info(index);
    if (!strncmp(r->name, "ESR_EL", 6)) {  // its fields depend on the exception class
        bool ok = explain_esr(value, NULL, NULL, out, err);
        snprintf(out->name, sizeof out->name, "%s", r->name);
        return ok;
    }
    explain_start(out, r->name, value);
    if (r->alias_of != SYSREG_NONE) r = sysreg_info(r->alias_of);
    size_t used = 0;
    if (others)
        used = (size_t)snprintf(out->summary, sizeof out->summary,
                                "Taken for EL2's; other Exception levels have one, too.");
    if (r->need >= 0 && !has(c, (enum Feature)r->need))
        used += (size_t)snprintf(out->summary + used, sizeof out->summary - used,
                                 "%sWithout %s there is no such register.", used ? " " : "",
                                 feature_names[r->need]);
    const MeaningFormat *format = find_format(r->name, value, c);
    if (format && format->when == MEANING_E2H)
        snprintf(out->summary + used, sizeof out->summary - used, "%sAs with HCR_EL2.E2H = %d.",
                 used ? " " : "", c->e2h);
    if (format && format->when != MEANING_ALWAYS)
        add_format_fields(out, r, format, c);
    else
        add_table_fields(out, r, format, c);
    return true;
}

void explain_each(void (*fn)(void *arg, const char *name), void *arg) {
    for (unsigned i = 0; i < SYSREG_COUNT; i++)
        if (sysreg_info(i)->fields) fn(arg, sysreg_info(i)->name);
}
