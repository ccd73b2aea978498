// Registers and CPUs: info registers, print, set, cpu, info threads.
#include "debugger/commands.h"
#include "debugger/format.h"
#include "debugger/gic_registers.h"
#include "debugger/place.h"
#include "debugger/state.h"
#include "trace/internal.h"

#include "cpu/sysreg.h"

#include <ctype.h>
#include <strings.h>

enum { NAME_COLUMN = 18, FIELD_COLUMN = 16 };

// --- fields --------------------------------------------------------------------------------------

typedef struct Field {
    const char *name;
    u8 hi, lo;
} Field;

static bool is_reserved(const SysRegField *f) {
    return f->kind == FIELD_RES0 || f->kind == FIELD_RES1;
}

// The nth field of a register; false after the last. A register that is one number has none.
static bool field_of(const Reg *r, unsigned n, Field *f) {
    if (r->kind == REG_PSTATE && r->hi == 31 && !r->lo)
        return reg_pstate_field(n, &f->name, &f->hi, &f->lo);
    if (r->kind != REG_SYSTEM || r->hi != 63 || r->lo) return false;
    const SysRegInfo *info = sysreg_info(r->index);
    unsigned named = 0;
    for (unsigned i = 0; i < info->fields; i++)
        named += !is_reserved(&sysreg_fields[info->first_field + i]);
    for (unsigned i = 0; i < info->fields && named > 1; i++) {
        const SysRegField *s = &sysreg_fields[info->first_field + i];
        if (is_reserved(s) || n--) continue;
        *f = (Field){s->name, s->hi, s->lo};
        return true;
    }
    return false;
}

// "RW=1 IMO=1": fields that are not 0, wrapped at the width of the output, further lines at `column`.
static void print_set_fields(Debugger *d, const Reg *r, u64 value, unsigned column, unsigned at) {
    Field f;
    bool any = false;
    for (unsigned n = 0; field_of(r, n, &f); n++) {
        u64 v = bits(value, f.hi, f.lo);
        char text[64];
        if (!v) continue;
        unsigned length = (unsigned)snprintf(text, sizeof text, v < 10 ? "%s=%llu" : "%s=0x%llx",
                                             f.name, (unsigned long long)v);
        if (any && at + 1 + length > d->width) {
            fprintf(d->out, "\n%*s", (int)column, "");
            at = column;
        } else {
            at += (unsigned)fprintf(d->out, any ? " " : "  ");
        }
        at += length;
        fputs(text, d->out);
        any = true;
    }
}

// Every field in a line of its own: "  31     RW        1".
static void print_all_fields(Debugger *d, const Reg *r, u64 value) {
    Field f;
    for (unsigned n = 0; field_of(r, n, &f); n++) {
        char where[16];
        u64 v = bits(value, f.hi, f.lo);
        if (f.hi == f.lo)
            snprintf(where, sizeof where, "%u", f.hi);
        else
            snprintf(where, sizeof where, "%u:%u", f.hi, f.lo);
        fprintf(d->out, v < 10 ? "  %-7s%-*s %llu\n" : "  %-7s%-*s 0x%llx\n", where, FIELD_COLUMN,
                f.name, (unsigned long long)v);
    }
}

// --- one register --------------------------------------------------------------------------------

static void print_number(FILE *out, const Reg *r, u128 value) {
    unsigned bits_n = r->hi - r->lo + 1u;
    int digits = (int)(bits_n + 3) / 4;
    if (bits_n > 64)
        fprintf(out, "0x%016llx%016llx", (unsigned long long)(value >> 64),
                (unsigned long long)value);
    else
        fprintf(out, "0x%0*llx", digits, (unsigned long long)value);
}

// A line: name, value, and the symbol it points to or the fields that are set. False: not readable.
static bool print_line(Debugger *d, const Reg *r, Error *err) {
    u128 value;
    if (!reg_read(d->cpu, r, &value, err)) return false;
    fprintf(d->out, "%-*s ", NAME_COLUMN, r->name);
    print_number(d->out, r, value);
    char symbol[256];
    Space here = {.kind = AS_CURRENT};
    if (r->kind == REG_GENERAL)
        fputs(place_symbol(d, here, (u64)value, symbol, sizeof symbol), d->out);
    else
        print_set_fields(d, r, (u64)value, NAME_COLUMN + 21,
                         NAME_COLUMN + 3 + (r->hi - r->lo + 4u) / 4);
    fputc('\n', d->out);
    return true;
}

static bool print_with_fields(Debugger *d, const char *name, Error *err) {
    Reg r;
    u128 value;
    if (!reg_find(d->cpu, name, &r, err) || !reg_read(d->cpu, &r, &value, err)) return false;
    if (r.kind != REG_SYSTEM && r.kind != REG_PSTATE) return print_line(d, &r, err);
    fprintf(d->out, "%-*s ", NAME_COLUMN, r.name);
    print_number(d->out, &r, value);
    fputc('\n', d->out);
    print_all_fields(d, &r, (u64)value);
    return true;
}

// --- groups --------------------------------------------------------------------------------------

static bool starts(const char *name, const char *prefix) {
    return !strncmp(name, prefix, strlen(prefix));
}

static bool ends(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

static bool is_timer(const char *name) {
    return starts(name, "CNT");
}

static bool is_gic(const char *name) {
    return starts(name, "ICC_") || starts(name, "ICH_") || starts(name, "GIC");
}

static bool is_debug(const char *name) {
    static const char *const prefixes[] = {"DBG", "MD", "OS"};
    for (unsigned i = 0; i < ARRAY_LEN(prefixes); i++)
        if (starts(name, prefixes[i])) return true;
    return false;
}

static bool is_pmu(const char *name) {
    return starts(name, "PM");
}

static bool is_id(const char *name) {
    static const char *const names[] = {"ID_",    "MVFR",    "MIDR_", "MPIDR_", "REVIDR_",
                                        "CLIDR_", "CTR_",    "AIDR_", "CCSIDR", "DCZID_",
                                        "LORID_", "ERRIDR_", "PMMIR", "PMCEID"};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (starts(name, names[i])) return true;
    return false;
}

// Of no group of its own.
static bool is_plain(const char *name) {
    return !is_timer(name) && !is_gic(name) && !is_debug(name) && !is_pmu(name) && !is_id(name);
}

static bool is_el0(const char *name) {
    return ends(name, "_EL0") && is_plain(name);
}

static bool is_el1(const char *name) {
    return ends(name, "_EL1") && is_plain(name);
}

static bool is_el2(const char *name) {
    return ends(name, "_EL2") && is_plain(name);
}

static bool is_any(const char *name) {
    (void)name;
    return true;
}

static const struct {
    const char *name;
    bool (*has)(const char *name);
} groups[] = {{"el0", is_el0},     {"el1", is_el1}, {"el2", is_el2},
              {"timer", is_timer}, {"gic", is_gic}, {"debug", is_debug},
              {"pmu", is_pmu},     {"id", is_id},   {"all", is_any}};

static void print_general(Debugger *d) {
    Reg r;
    char name[8];
    for (unsigned i = 0; i < 31; i++) {
        snprintf(name, sizeof name, "x%u", i);
        if (reg_find(d->cpu, name, &r, NULL)) print_line(d, &r, NULL);
    }
    static const char *const others[] = {"sp", "pc", "pstate"};
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (reg_find(d->cpu, others[i], &r, NULL)) print_line(d, &r, NULL);
}

static void print_vectors(Debugger *d) {
    Reg r;
    char name[8];
    for (unsigned i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "v%u", i);
        if (reg_find(d->cpu, name, &r, NULL)) print_line(d, &r, NULL);
    }
}

typedef struct GroupPrinter {
    Debugger *d;
    bool (*has)(const char *name);
} GroupPrinter;

// What cannot be read without an effect is left out. Other names for a register (_EL12) are, too.
static void print_member(void *arg, const char *name) {
    const GroupPrinter *g = arg;
    Reg r;
    if (g->d->interrupted || !g->has(name) || !reg_find(g->d->cpu, name, &r, NULL)) return;
    bool listed = r.kind == REG_SYSTEM || r.kind == REG_DEVICE ||
                  (r.kind == REG_GENERAL && starts(name, "SP_"));
    if (listed && !strcmp(r.name, name)) print_line(g->d, &r, NULL);
}

static bool print_group(Debugger *d, const char *name) {
    bool all = !strcasecmp(name, "all");
    if (all || !strcasecmp(name, "general")) print_general(d);
    if (all || !strcasecmp(name, "fp") || !strcasecmp(name, "vector")) print_vectors(d);
    for (unsigned i = 0; i < ARRAY_LEN(groups); i++) {
        if (strcasecmp(name, groups[i].name)) continue;
        GroupPrinter g = {d, groups[i].has};
        reg_each(d->cpu, "", false, print_member, &g);
        return true;
    }
    return !strcasecmp(name, "general") || !strcasecmp(name, "fp") || !strcasecmp(name, "vector");
}

bool cmd_info_registers(Debugger *d, const char *args, Error *err) {
    if (!*args) print_general(d);
    while (*args) {
        char name[64];
        size_t n = strcspn(args, " \t,");
        snprintf(name, sizeof name, "%.*s", (int)n, args);
        args += n + strspn(args + n, " \t,");
        if (print_group(d, name)) continue;
        if (!print_with_fields(d, name, err)) return error_prefix(err, "info registers");
    }
    return true;
}

// --- print ---------------------------------------------------------------------------------------

// A register by itself is printed with its fields. False: args is something else.
static bool print_register(Debugger *d, const char *args, const Format *f, Error *err, bool *ok) {
    Reg r;
    u128 value;
    if (!reg_find(d->cpu, args, &r, NULL)) return false;
    *ok = reg_read(d->cpu, &r, &value, err);
    if (!*ok) return true;
    fprintf(d->out, "%s = ", r.name);
    if (f->letter && r.hi - r.lo < 64) {
        format_value(d->out, (u64)value, f->letter, 8, false);
    } else {
        print_number(d->out, &r, value);
        unsigned at = (unsigned)strlen(r.name) + 5 + (r.hi - r.lo + 4u) / 4;
        if (r.kind != REG_GENERAL) print_set_fields(d, &r, (u64)value, 4, at);
        char symbol[256];
        Space here = {.kind = AS_CURRENT};
        if (r.kind == REG_GENERAL)
            fputs(place_symbol(d, here, (u64)value, symbol, sizeof symbol), d->out);
    }
    fputc('\n', d->out);
    return true;
}

bool cmd_print(Debugger *d, const char *args, Error *err) {
    Format f;
    bool ok;
    if (!format_parse(&args, "xduotacz", &f, err)) return error_prefix(err, "print");
    if (!*args) return error_set(err, "print: needs an expression");
    if (print_register(d, args, &f, err, &ok)) return ok;
    ExprValue v;
    if (!debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "print: not understood: '%.40s'", args);
    char place[256];
    if (f.letter && f.letter != 'a')
        format_value(d->out, v.v, f.letter, f.size ? f.size : 8, false);
    else
        fputs(debugger_place(d, v.space, v.v, place, sizeof place), d->out);
    if (!f.letter && v.v > 9 && v.space.kind == AS_CURRENT)
        fprintf(d->out, " (%lld)", (long long)v.v);
    fputc('\n', d->out);
    return true;
}

// --- set -----------------------------------------------------------------------------------------

static bool take_equals(const char **args, Error *err) {
    *args += strspn(*args, " \t");
    if (**args != '=')
        return error_set(err, "set: '=' expected at '%.24s'", **args ? *args : "the end");
    *args += 1 + strspn(*args + 1, " \t");
    return true;
}

static bool right_side(Debugger *d, const char *args, u64 *value, Error *err) {
    ExprValue v;
    if (!debugger_value(d, &args, &v, err)) return false;
    *value = v.v;
    return !*args || error_set(err, "set: not understood: '%.40s'", args);
}

// "u32", "s8"; gdb's "char", "short", "int", "long".
static unsigned type_size(const char *name, size_t n) {
    static const struct {
        const char *name;
        u8 size;
    } types[] = {{"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}},
      words[] = {{"char", 1}, {"short", 2}, {"int", 4}, {"long", 8}};
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        bool sized = n > 1 && (name[0] == 'u' || name[0] == 's') &&
                     strlen(types[i].name) == n - 1 && !strncmp(name + 1, types[i].name, n - 1);
        if (sized || (strlen(words[i].name) == n && !strncmp(name, words[i].name, n)))
            return types[i].size;
    }
    return 0;
}

static bool write_memory(Debugger *d, ExprValue to, unsigned size, const char *args, Error *err) {
    u64 value;
    if (!take_equals(&args, err) || !right_side(d, args, &value, err)) return false;
    bool fits = size == 8 || value >> size * 8 == 0 || sext(value, size * 8) == (i64)value;
    if (!fits)
        return error_set(err, "set: 0x%llx has more than %u bytes", (unsigned long long)value,
                         size);
    return space_write(d->cpu, to.space, to.v, &value, size, err);
}

// "{u32} ADDRESS = VALUE".
static bool set_typed(Debugger *d, const char *args, Error *err) {
    args += 1 + strspn(args + 1, " \t");
    size_t n = strcspn(args, " \t}");
    unsigned size = type_size(args, n);
    if (!size)
        return error_set(err, "set: no type '%.*s'; there are u8 u16 u32 u64", (int)MIN(n, 24),
                         args);
    args += n + strspn(args + n, " \t");
    if (*args != '}') return error_set(err, "set: '}' expected");
    args++;
    ExprValue to;
    return debugger_value(d, &args, &to, err) && write_memory(d, to, size, args, err);
}

// "u32(ADDRESS) = VALUE". False: it does not start like that.
static bool set_function(Debugger *d, const char *args, Error *err, bool *ok) {
    size_t n = strspn(args, "us0123456789");
    unsigned size = type_size(args, n);
    const char *p = args + n + strspn(args + n, " \t");
    if (!size || *p != '(') return false;
    // The parenthesis alone is the address; what may follow it is '='.
    ExprValue to;
    *ok = debugger_value(d, &p, &to, err) && write_memory(d, to, size, p, err);
    return true;
}

static bool set_register(Debugger *d, const char *args, Error *err) {
    char name[64];
    size_t n = strcspn(args, " \t=");
    Reg r;
    u64 value;
    if (args[n + strspn(args + n, " \t")] != '=')
        return error_set(err,
                         "set: needs REGISTER = VALUE or {u32} ADDRESS = VALUE; and there is no "
                         "setting of that name (help set)");
    snprintf(name, sizeof name, "%.*s", (int)MIN(n, sizeof name - 1), args);
    if (!reg_find(d->cpu, name, &r, err)) return error_prefix(err, "set");
    args += n;
    return take_equals(&args, err) && right_side(d, args, &value, err) &&
           (reg_write(d->cpu, &r, value, err) || error_prefix(err, "set"));
}

bool cmd_set(Debugger *d, const char *args, Error *err) {
    if (!strncmp(args, "var ", 4)) args += 4 + strspn(args + 4, " \t");
    bool ok;
    if (*args == '{') return set_typed(d, args, err);
    if (set_function(d, args, err, &ok)) return ok;
    return set_register(d, args, err);
}

// --- CPUs ----------------------------------------------------------------------------------------

static void print_cpu(Debugger *d, const Cpu *cpu) {
    static const char *const states[] = {
        [HALT_NONE] = "", [HALT_WFI] = "  in WFI", [HALT_WFE] = "  in WFE", [HALT_OFF] = "  off"};
    char world[32], symbol[256];
    *put_world(world, world_of(cpu, cpu->el)) = '\0';
    SymbolHit hit;
    *symbol = '\0';
    if (symbols_lookup(d->symbols, world_space(world_of(cpu, cpu->el)), cpu->pc, &hit)) {
        if (hit.offset)
            snprintf(symbol, sizeof symbol, " <%s+0x%llx>", hit.name,
                     (unsigned long long)hit.offset);
        else
            snprintf(symbol, sizeof symbol, " <%s>", hit.name);
    }
    fprintf(d->out, "%s cpu%-3u EL%u  %-6s  pc 0x%llx%s%s\n", cpu == d->cpu ? "*" : " ", cpu->index,
            cpu->el, world, (unsigned long long)cpu->pc, symbol, states[cpu->halt]);
}

bool cmd_info_threads(Debugger *d, const char *args, Error *err) {
    if (*args) return error_set(err, "info threads: takes no arguments");
    for (unsigned i = 0; i < d->machine->cpus; i++) print_cpu(d, d->machine->cpu[i]);
    return true;
}

bool cmd_cpu(Debugger *d, const char *args, Error *err) {
    ExprValue v = {.v = d->cpu->index};
    if (*args && !debugger_value(d, &args, &v, err)) return false;
    if (*args) return error_set(err, "cpu: not understood: '%.40s'", args);
    if (v.v >= d->machine->cpus)
        return error_set(err, "cpu: there is no CPU %llu; the last one is %u",
                         (unsigned long long)v.v, d->machine->cpus - 1);
    d->cpu = d->machine->cpu[v.v];
    print_cpu(d, d->cpu);
    return true;
}
