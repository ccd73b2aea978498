// Parses and applies --trace-filter.
#include "trace/filter.h"

#include "gen/exceptions.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

typedef struct Parser {
    TraceFilter *filter;
    const Symbols *symbols;
    const TraceConfig *config;
    const char *why;  // of the term that was refused
} Parser;

static bool refuse(Parser *p, const char *why) {
    p->why = why;
    return false;
}

// --- values --------------------------------------------------------------------------------------

static bool parse_number(const char *text, u64 *value) {
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

// The function of this name, in the first space that has it.
static bool find_function(const Parser *p, const char *name, u64 *lo, u64 *hi) {
    if (symbols_extent(p->symbols, SPACE_ANY, name, lo, hi) ||
        symbols_extent(p->symbols, SPACE_EL2, name, lo, hi))
        return true;
    for (unsigned i = 0; i < p->config->symbol_count; i++) {
        int space;
        const char *of = p->config->symbols[i].space;
        if (symbols_space(of ? of : "", &space) && symbols_extent(p->symbols, space, name, lo, hi))
            return true;
    }
    return false;
}

// One end of a range: a number, or the extent of a function.
static bool parse_bound(Parser *p, const char *text, bool symbols, u64 *lo, u64 *hi) {
    if (parse_number(text, lo)) {
        *hi = *lo;
        return true;
    }
    if (!symbols || (*text >= '0' && *text <= '9')) return refuse(p, "is no number");
    return find_function(p, text, lo, hi) || refuse(p, "is no number and no symbol");
}

// "A", "A..B", "A..", "..B".
static bool parse_range(Parser *p, char *text, bool symbols, Range *r) {
    u64 unused;
    r->given = true;
    r->lo = 0;
    r->hi = ~0ull;
    char *dots = strstr(text, "..");
    if (!dots) return parse_bound(p, text, symbols, &r->lo, &r->hi);
    *dots = 0;
    const char *second = dots + 2;
    if (*text && !parse_bound(p, text, symbols, &r->lo, &unused)) return false;
    if (*second && !parse_bound(p, second, symbols, &unused, &r->hi)) return false;
    return r->lo <= r->hi || refuse(p, "ends before it begins");
}

static bool parse_world(Parser *p, const char *text) {
    static const struct {
        const char *name;
        World world;
    } others[] = {{"s2off", {.kind = WORLD_S2OFF}},
                  {"host", {.kind = WORLD_HOST}},
                  {"el2", {.kind = WORLD_EL2}}};
    u64 vmid;
    p->filter->has_world = true;
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (!strcmp(text, others[i].name)) {
            p->filter->world = world_key(others[i].world);
            return true;
        }
    if (strncmp(text, "vm", 2) || !parse_number(text + 2, &vmid) || vmid > 0xffff)
        return refuse(p, "is none of vmN, s2off, host, el2");
    p->filter->world = world_key((World){WORLD_VM, (u16)vmid});
    return true;
}

// "dabt" is DABT_LOWER and DABT_SAME, "hvc" HVC64.
static bool is_class(const char *name, const char *text) {
    size_t n = strlen(text);
    if (!name || strncasecmp(name, text, n)) return false;
    return !name[n] || name[n] == '_' || (name[n] >= '0' && name[n] <= '9');
}

static bool parse_class(Parser *p, const char *text) {
    static const char *const alias[][2] = {
        {"dabort", "DABT"}, {"iabort", "IABT"}, {"msr", "SYSREG"}, {"wfi", "WFX"}, {"wfe", "WFX"}};
    bool *class = p->filter->class, found = false;
    u64 ec;
    p->filter->has_class = true;
    if (parse_number(text, &ec)) {
        if (ec >= CLASS_IRQ) return refuse(p, "is no exception class");
        return class[ec] = true;
    }
    for (unsigned i = 0; i < ARRAY_LEN(alias); i++)
        if (!strcasecmp(text, alias[i][0])) text = alias[i][1];
    for (unsigned i = 0; *text && i < 64; i++)
        if (is_class(exception_classes[i].name, text)) class[i] = found = true;
    if (!strcasecmp(text, "irq")) class[CLASS_IRQ] = found = true;
    if (!strcasecmp(text, "fiq")) class[CLASS_FIQ] = found = true;
    if (!strcasecmp(text, "serror")) class[CLASS_SERROR] = found = true;
    return found || refuse(p, "is no exception class");
}

// --- terms ---------------------------------------------------------------------------------------

static bool parse_term(Parser *p, const char *key, char *value) {
    TraceFilter *f = p->filter;
    const struct {
        const char *name;
        Range *range;
        u64 most;
        bool symbols;
    } ranges[] = {{"cpu", &f->cpu, 511, false},         {"el", &f->el, 2, false},
                  {"vmid", &f->vmid, 0xffff, false},    {"pc", &f->pc, ~0ull, true},
                  {"va", &f->va, ~0ull, true},          {"ipa", &f->ipa, ~0ull, false},
                  {"pa", &f->pa, ~0ull, false},         {"icount", &f->icount, ~0ull, false},
                  {"intid", &f->intid, 0xffffff, false}};
    for (unsigned i = 0; i < ARRAY_LEN(ranges); i++) {
        Range *r = ranges[i].range;
        if (strcmp(key, ranges[i].name)) continue;
        if (r->given) return refuse(p, "is given twice");
        if (!parse_range(p, value, ranges[i].symbols, r)) return false;
        bool possible = r->lo <= ranges[i].most && (r->hi <= ranges[i].most || r->hi == ~0ull);
        return possible || refuse(p, "is out of range");
    }
    if (!strcmp(key, "vm"))
        return f->has_world ? refuse(p, "is given twice") : parse_world(p, value);
    if (!strcmp(key, "class"))
        return f->has_class ? refuse(p, "is given twice") : parse_class(p, value);
    return refuse(p, "is not known (cpu, el, vm, vmid, pc, va, ipa, pa, class, icount, intid)");
}

bool filter_parse(TraceFilter *f, const char *text, const Symbols *symbols,
                  const TraceConfig *config, Error *err) {
    *f = (TraceFilter){0};
    Parser p = {.filter = f, .symbols = symbols, .config = config};
    for (;;) {
        int n = (int)strcspn(text, ",");
        char term[256];
        if (n >= (int)sizeof term) return error_set(err, "--trace-filter: a term is too long");
        memcpy(term, text, (size_t)n);
        term[n] = 0;
        char *value = strchr(term, '=');
        if (!value || value == term || !value[1])
            return error_set(err, "--trace-filter: '%s' is no KEY=VALUE", term);
        *value++ = 0;
        if (!parse_term(&p, term, value))
            return error_set(err, "--trace-filter: '%.*s' %s", n, text, p.why);
        text += n;
        if (!*text) return true;
        text++;
    }
}

// --- lines ---------------------------------------------------------------------------------------

static bool within(const Range *r, bool there, u64 lo, u64 hi) {
    return !r->given || (there && lo <= r->hi && hi >= r->lo);
}

bool filter_passes(const TraceFilter *f, const LineFacts *line) {
    bool vm = line->world.kind == WORLD_VM;
    bool intid = line->has_intid && (within(&f->intid, true, line->intid[0], line->intid[0]) ||
                                     within(&f->intid, true, line->intid[1], line->intid[1]));
    return within(&f->cpu, true, line->cpu->index, line->cpu->index) &&
           within(&f->el, true, (u64)line->el, (u64)line->el) &&
           within(&f->vmid, vm, line->world.vmid, line->world.vmid) &&
           within(&f->pc, true, line->pc, line->pc) &&
           within(&f->va, line->has_va, line->va_lo, line->va_hi) &&
           within(&f->ipa, line->has_ipa, line->ipa_lo, line->ipa_hi) &&
           within(&f->pa, line->has_pa, line->pa, line->pa) &&
           within(&f->icount, true, line->icount, line->icount) && (!f->intid.given || intid) &&
           (!f->has_world || f->world == world_key(line->world)) &&
           (!f->has_class || (line->class < CLASS_COUNT && f->class[line->class]));
}
