// Commands for breakpoints, watchpoints, catchpoints and tracepoints.
#include "debugger/cmd_point.h"
#include "debugger/commands.h"
#include "debugger/gic_registers.h"
#include "debugger/place.h"
#include "debugger/printf.h"
#include "debugger/source.h"

#include "cpu/sysreg.h"
#include "gen/exceptions.h"

#include <ctype.h>
#include <strings.h>

Point point_anywhere(PointKind kind) {
    return (Point){.kind = kind,
                   .access = ARMED_READ | ARMED_WRITE,
                   .el = -1,
                   .vmid = -1,
                   .asid = -1,
                   .cpu = -1,
                   .ec = -1,
                   .number = -1};
}

// --- arguments -----------------------------------------------------------------------------------

// Takes a word off *args.
static bool take_word(const char **args, const char *word) {
    size_t n = strlen(word);
    if (strncmp(*args, word, n) || (!isspace((unsigned char)(*args)[n]) && (*args)[n]))
        return false;
    *args += n + strspn(*args + n, " \t");
    return true;
}

static bool take_number(Debugger *d, const char **args, const char *what, u64 max, u64 *out,
                        Error *err) {
    ExprValue v;
    if (!debugger_value(d, args, &v, err)) return false;
    *out = v.v;
    return v.v <= max || error_set(err, "%s: at most %llu", what, (unsigned long long)max);
}

// "[el N] [vmid N] [asid N] [cpu N] [if CONDITION]", up to the end.
static bool take_scope(Debugger *d, const char *args, Point *p, Error *err) {
    u64 n;
    for (;;) {
        args += strspn(args, " \t");
        if (take_word(&args, "el")) {
            if (!take_number(d, &args, "el", 2, &n, err)) return false;
            p->el = (i8)n;
        } else if (take_word(&args, "vmid")) {
            if (!take_number(d, &args, "vmid", 0xffff, &n, err)) return false;
            p->vmid = (i32)n;
        } else if (take_word(&args, "asid")) {
            if (!take_number(d, &args, "asid", 0xffff, &n, err)) return false;
            p->asid = (i32)n;
        } else if (take_word(&args, "cpu")) {
            if (!take_number(d, &args, "cpu", d->machine->cpus - 1, &n, err)) return false;
            p->cpu = (i32)n;
        } else {
            break;
        }
    }
    if (take_word(&args, "if")) {
        p->condition = args;
        return true;
    }
    return !*args || error_set(err, "not understood: '%.40s'", args);
}

static bool starts_scope(const char *args) {
    static const char *const words[] = {"el", "vmid", "asid", "cpu", "if"};
    for (unsigned i = 0; i < ARRAY_LEN(words); i++)
        if (take_word(&args, words[i])) return true;
    return !*args;
}

static const char *kind_name(const Point *p) {
    switch (p->kind) {
    case POINT_EXEC: return p->text ? "dprintf" : p->trace_only ? "tracepoint" : "breakpoint";
    case POINT_ACCESS:
    case POINT_REGISTER: return "watchpoint";
    default: return "catchpoint";
    }
}

static bool add(Debugger *d, const Point *p, Error *err) {
    unsigned id = point_add(d->control, p, err);
    if (!id) return false;
    fprintf(d->out, "%s%s %u: %s\n", p->temporary ? "temporary " : "", kind_name(p), id, p->spec);
    return true;
}

// --- addresses -----------------------------------------------------------------------------------

static bool add_exec(Debugger *d, const char *args, Point *p, Error *err) {
    char spec[256];
    p->address = d->cpu->pc;
    if (!starts_scope(args)) {
        ExprValue v;
        args += *args == '*';
        if (!debugger_location(d, &args, &v, err)) return false;
        p->space = v.space;
        p->address = v.v;
    }
    if (!take_scope(d, args, p, err)) return false;
    p->spec = debugger_place(d, p->space, p->address, spec, sizeof spec);
    return add(d, p, err);
}

bool cmd_break(Debugger *d, const char *args, Error *err) {
    Point p = point_anywhere(POINT_EXEC);
    return add_exec(d, args, &p, err);
}

bool cmd_tbreak(Debugger *d, const char *args, Error *err) {
    Point p = point_anywhere(POINT_EXEC);
    p.temporary = true;
    return add_exec(d, args, &p, err);
}

static void print_trace(void *arg, const StopEvent *ev) {
    Debugger *d = arg;
    ExprContext c = {ev->cpu, d->symbols};
    Error err;
    if (ev->point->problem)
        fprintf(d->out, "%u: its condition could not be evaluated: %s\n", ev->point->id,
                ev->point->problem);
    if (ev->point->text) {
        if (!printf_values(&c, d->out, ev->point->text, &err))
            fprintf(d->out, "<%u: %s>\n", ev->point->id, err.text);
        return;
    }
    fprintf(d->out, "%u: %s: cpu%u EL%u instruction %llu\n", ev->point->id, ev->point->spec,
            ev->cpu->index, ev->cpu->el, (unsigned long long)ev->cpu->icount);
}

bool cmd_tp(Debugger *d, const char *args, Error *err) {
    Point p = point_anywhere(POINT_EXEC);
    p.trace_only = true;
    control_on_trace(d->control, print_trace, d);
    return add_exec(d, args, &p, err);
}

// "LOCATION[ SCOPE],"FORMAT",VALUE...".
bool cmd_dprintf(Debugger *d, const char *args, Error *err) {
    char where[256];
    const char *quote = strchr(args, '"'), *comma = quote;
    while (comma && comma > args && (comma == quote || isspace((unsigned char)*comma))) comma--;
    if (!quote || *comma != ',' || (size_t)(comma - args) >= sizeof where)
        return error_set(err, "dprintf: needs LOCATION,\"FORMAT\"[,EXPRESSION...]");
    ExprContext c = {d->cpu, d->symbols};
    if (!printf_values(&c, NULL, quote, err)) return error_prefix(err, "dprintf");
    snprintf(where, sizeof where, "%.*s", (int)(comma - args), args);
    Point p = point_anywhere(POINT_EXEC);
    p.trace_only = true;
    p.text = quote;
    control_on_trace(d->control, print_trace, d);
    return add_exec(d, where, &p, err) || error_prefix(err, "dprintf");
}

// "ADDRESS[,SIZE]".
static bool take_range(Debugger *d, const char **args, Point *p, u64 size, Error *err) {
    ExprValue v;
    *args += **args == '*';
    if (!debugger_value(d, args, &v, err)) return false;
    p->space = v.space;
    p->address = v.v;
    p->size = size;
    if (**args != ',') return true;
    ++*args;
    return take_number(d, args, "size", ~0ull, &p->size, err);
}

static bool add_range(Debugger *d, const char *args, Point *p, Error *err) {
    char place[256], spec[320];
    if (!take_range(d, &args, p, 8, err) || !take_scope(d, args, p, err)) return false;
    snprintf(spec, sizeof spec, "%s %s, %llu bytes",
             p->access == ARMED_WRITE  ? "write"
             : p->access == ARMED_READ ? "read"
                                       : "access",
             debugger_place(d, p->space, p->address, place, sizeof place),
             (unsigned long long)p->size);
    p->spec = spec;
    return add(d, p, err);
}

// A register or a field by its name alone.
static bool take_register(Debugger *d, const char **args, Reg *reg) {
    char name[64];
    size_t n = strcspn(*args, " \t");
    if (!n || n >= sizeof name) return false;
    memcpy(name, *args, n);
    name[n] = '\0';
    if (!reg_find(d->cpu, name, reg, NULL)) return false;
    *args += n;
    return true;
}

bool cmd_watch(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "watch: needs an address or a register");
    Point p = point_anywhere(POINT_REGISTER);
    if (take_register(d, &args, &p.reg)) {
        if (!take_scope(d, args, &p, err)) return false;
        p.spec = p.reg.name;
        return add(d, &p, err);
    }
    p.kind = POINT_ACCESS;
    p.access = ARMED_WRITE;
    return add_range(d, args, &p, err);
}

bool cmd_rwatch(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "rwatch: needs an address");
    Point p = point_anywhere(POINT_ACCESS);
    p.access = ARMED_READ;
    return add_range(d, args, &p, err);
}

bool cmd_awatch(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "awatch: needs an address");
    Point p = point_anywhere(POINT_ACCESS);
    return add_range(d, args, &p, err);
}

// --- events --------------------------------------------------------------------------------------

static bool catch_sysreg(Debugger *d, const char **args, Point *p, Error *err) {
    Reg reg;
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(*args, " \t"), *args);
    if (!take_register(d, args, &reg) || reg.kind != REG_SYSTEM)
        return error_set(err, "catch sysreg: '%s' is no system register", word);
    p->sysreg = reg.index;
    *args += strspn(*args, " \t");
    if (take_word(args, "read")) p->access = ARMED_READ;
    if (take_word(args, "write")) p->access = ARMED_WRITE;
    return true;
}

// Calls fn for each device of the board until it returns false. They are below RAM and start at pages.
static void each_device(const Machine *machine, bool (*fn)(void *arg, const Region *r), void *arg) {
    for (u64 at = 0; at < machine->ram.base;) {
        const Region *r = bus_find(machine, at);
        if (r && r->ops && !fn(arg, r)) return;
        at = r ? align_down(r->base + r->size + 0xfff, 0x1000) : at + 0x1000;
    }
}

typedef struct DeviceSearch {
    const char *name;
    size_t n;
    const Region *found;
    Error *list;
} DeviceSearch;

static bool is_device(void *arg, const Region *r) {
    DeviceSearch *s = arg;
    bool same = strlen(r->name) == s->n && !strncasecmp(r->name, s->name, s->n);
    if (same) s->found = r;
    return !same;
}

static bool list_device(void *arg, const Region *r) {
    DeviceSearch *s = arg;
    size_t n = strlen(s->list->text);
    snprintf(s->list->text + n, sizeof s->list->text - n, " %s", r->name);
    return true;
}

// A device ("pl011"), a register of the GIC ("GICD_ISENABLER0"; GICR_* of the selected CPU), or a range.
static bool take_device(Debugger *d, const char **args, Point *p, Error *err) {
    char word[40];
    unsigned number;
    DeviceSearch s = {.name = *args, .n = strcspn(*args, " \t,")};
    snprintf(word, sizeof word, "%.*s", (int)MIN(s.n, sizeof word - 1), *args);
    const GicRegister *r = gic_register_find(d->machine, word, &number);
    if (!r) each_device(d->machine, is_device, &s);
    p->space.kind = AS_PHYSICAL;
    if (r) {
        p->address = gic_register_address(d->cpu, r, number);
        p->size = r->bytes;
    } else if (s.found) {
        p->address = s.found->base;
        p->size = s.found->size;
    } else if (take_range(d, args, p, 4, err)) {
        return true;
    } else {
        error_set(err, "catch device: '%s' is no GIC register, no address and none of:", word);
        s.list = err;
        if (err) each_device(d->machine, list_device, &s);
        return false;
    }
    *args += s.n;
    return true;
}

// "HVC64", as exits are printed, or the number.
static bool take_class(Debugger *d, const char **args, Point *p, Error *err) {
    size_t n = strcspn(*args, " \t");
    for (unsigned ec = 0; ec < ARRAY_LEN(exception_classes); ec++) {
        const char *name = exception_classes[ec].name;
        if (!name || strlen(name) != n || strncasecmp(*args, name, n)) continue;
        p->ec = (i16)ec;
        *args += n;
        return true;
    }
    u64 number;
    if (isalpha((unsigned char)**args))
        return error_set(err, "catch exit: no class '%.*s' (HVC64, SYSREG, DABT_LOWER, WFX...)",
                         (int)MIN(n, 24), *args);
    if (!take_number(d, args, "catch exit: class", 63, &number, err)) return false;
    p->ec = (i16)number;
    return true;
}

static bool catch_what(Debugger *d, const char **args, Point *p, Error *err) {
    u64 n;
    if (take_word(args, "exit")) {
        p->kind = POINT_EXIT;
        if (starts_scope(*args)) return true;
        return take_class(d, args, p, err);
    } else if (take_word(args, "hypercall")) {
        p->kind = POINT_EXIT;
        p->ec = 0x16;  // HVC64
        if (starts_scope(*args)) return true;
        if (!take_number(d, args, "catch hypercall: number", 0x7fffffff, &n, err)) return false;
        p->number = (i32)n;
    } else if (take_word(args, "irq")) {
        p->kind = POINT_IRQ;
        if (starts_scope(*args)) return true;
        if (!take_number(d, args, "catch irq: INTID", 0xffffff, &n, err)) return false;
        p->number = (i32)n;
    } else if (take_word(args, "return")) {
        p->kind = POINT_RETURN;
    } else if (take_word(args, "switch")) {
        p->kind = POINT_SWITCH;
    } else if (take_word(args, "sysreg")) {
        p->kind = POINT_SYSREG;
        return catch_sysreg(d, args, p, err);
    } else if (take_word(args, "device")) {
        p->kind = POINT_DEVICE;
        return take_device(d, args, p, err);
    } else {
        return error_set(err, "catch: exit, return, hypercall, irq, switch, sysreg or device");
    }
    return true;
}

bool cmd_catch(Debugger *d, const char *args, Error *err) {
    Point p = point_anywhere(POINT_EXIT);
    p.spec = args;
    return catch_what(d, &args, &p, err) && take_scope(d, args, &p, err) && add(d, &p, err);
}

// --- the list ------------------------------------------------------------------------------------

static bool take_id(const char **args, unsigned *id, Error *err) {
    unsigned n = 0;
    const char *p = *args + strspn(*args, " \t");
    size_t digits = strspn(p, "0123456789");
    if (!digits || digits > 8 || (p[digits] && !isspace((unsigned char)p[digits])))
        return error_set(err, "'%.24s' is no number of a point", p);
    for (size_t i = 0; i < digits; i++) n = n * 10 + (unsigned)(p[i] - '0');
    *id = n;
    *args = p + digits + strspn(p + digits, " \t");
    return true;
}

typedef bool (*PointAction)(Control *c, unsigned id);

// For each number in args, or each point there is.
static bool for_points(Debugger *d, const char *args, PointAction action, Error *err) {
    unsigned i = 0, id;
    const Point *p;
    while (!*args && (p = point_next(d->control, &i))) action(d->control, p->id);
    while (*args) {
        if (!take_id(&args, &id, err)) return false;
        if (!action(d->control, id)) return error_set(err, "there is no point %u", id);
    }
    return true;
}

static bool enable_point(Control *c, unsigned id) {
    return point_enable(c, id, true);
}

static bool disable_point(Control *c, unsigned id) {
    return point_enable(c, id, false);
}

bool cmd_delete(Debugger *d, const char *args, Error *err) {
    return for_points(d, args, point_delete, err);
}

bool cmd_enable(Debugger *d, const char *args, Error *err) {
    return for_points(d, args, enable_point, err);
}

bool cmd_disable(Debugger *d, const char *args, Error *err) {
    return for_points(d, args, disable_point, err);
}

bool cmd_condition(Debugger *d, const char *args, Error *err) {
    unsigned id;
    return take_id(&args, &id, err) && point_condition(d->control, id, *args ? args : NULL, err);
}

bool cmd_ignore(Debugger *d, const char *args, Error *err) {
    unsigned id;
    u64 n;
    if (!take_id(&args, &id, err) || !take_number(d, &args, "ignore", ~0ull, &n, err)) return false;
    if (*args) return error_set(err, "ignore: not understood: '%.40s'", args);
    return point_ignore(d->control, id, n) || error_set(err, "there is no point %u", id);
}

bool cmd_info_breakpoints(Debugger *d, const char *args, Error *err) {
    if (*args) return error_set(err, "info breakpoints: takes no arguments");
    unsigned i = 0;
    const Point *p = point_next(d->control, &i);
    if (!p) fprintf(d->out, "no points\n");
    if (p) fprintf(d->out, "%-4s %-11s %-3s %-8s %s\n", "Num", "Type", "Enb", "Hits", "What");
    for (; p; p = point_next(d->control, &i)) {
        fprintf(d->out, "%-4u %-11s %-3s %-8llu %s", p->id, kind_name(p), p->enabled ? "y" : "n",
                (unsigned long long)p->hits, p->spec);
        bool shown = p->kind != POINT_EXEC && p->kind != POINT_ACCESS && p->kind != POINT_REGISTER;
        if (!shown && p->el >= 0) fprintf(d->out, " el %d", p->el);
        if (!shown && p->vmid >= 0) fprintf(d->out, " vmid %d", p->vmid);
        if (!shown && p->asid >= 0) fprintf(d->out, " asid %d", p->asid);
        if (!shown && p->cpu >= 0) fprintf(d->out, " cpu %d", p->cpu);
        if (p->ignore) fprintf(d->out, " (ignores %llu)", (unsigned long long)p->ignore);
        if (p->temporary) fprintf(d->out, " (temporary)");
        if (!shown && p->condition) fprintf(d->out, " if %s", p->condition);
        fputc('\n', d->out);
        if (p->text) fprintf(d->out, "     printf %s\n", p->text);
    }
    return true;
}
