// `exits`: the ring of exceptions and returns (cpu/exit_ring.h), formatted like the exit trace.
#include "cpu/exit_ring.h"
#include "debugger/commands.h"
#include "debugger/place.h"
#include "trace/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

typedef struct ExitFilter {
    u64 most;
    i32 vmid;  // -1: any
    char class_name[24];
} ExitFilter;

static const char *class_of(const ExitRecord *r) {
    if (r->event != EXIT_EXCEPTION) return "ERET";
    Exception e = exit_exception(r);
    return exception_name(&e);
}

static bool wanted(const ExitFilter *f, const ExitRecord *r) {
    World w = exit_world(r);
    if (f->vmid >= 0 && (w.kind != WORLD_VM || w.vmid != f->vmid)) return false;
    return !f->class_name[0] || !strcasecmp(f->class_name, class_of(r));
}

static char *put_value(char *p, const char *name, u64 value) {
    return put_hex(put_text(put_text(put_text(p, " "), name), "="), value);
}

static char *put_exception(char *p, const ExitRecord *r) {
    Exception e = exit_exception(r);
    *p++ = ' ';
    if (r->is_virtual) p = put_text(p, "virtual ");
    p = put_text(p, exception_name(&e));
    if (has_intid(&e)) p = put_intid(put_text(p, " "), e.intid);
    if (e.kind == EXC_SYNC || e.kind == EXC_SERROR) {
        p = put_value(p, "esr", r->esr);
        if (e.ec != EC_SYSREG) p = put_iss(p, e.ec, e.iss);
    }
    if (e.kind == EXC_SYNC && (e.ec == EC_HVC64 || e.ec == EC_SMC64)) {
        p = put_value(put_value(p, "x0", r->x[0]), "x1", r->x[1]);
        p = put_value(put_value(p, "x2", r->x[2]), "x3", r->x[3]);
    } else if (e.kind == EXC_SYNC && e.ec == EC_SYSREG) {
        p = put_sysreg(put_text(p, " "), e.iss);
        if (!bit(e.iss, 0)) p = put_value(p, "value", r->value);
    }
    if (e.far_valid) p = put_value(p, "far", e.far);
    p = put_tags(p, &e);
    if (e.hpfar_valid) p = put_value(p, "ipa", fault_ipa(NULL, &e));
    if (iss_has_access(&e) && bit(e.iss, 6)) p = put_value(p, "value", r->value);
    if (!e.rule) return p;
    return put_text(put_some(put_text(p, " rule=\""), e.rule, 100), "\"");
}

static void print_record(Debugger *d, const ExitRecord *r, u64 number) {
    char line[LINE_MAX_LENGTH];
    World w = exit_world(r);
    bool exception = r->event == EXIT_EXCEPTION;
    u64 address = exception ? r->pc : r->target;
    char *p = put_dec_width(line, number, 5);
    p = put_dec(put_text(p, " i="), r->icount);
    char *name = put_text(p, " ");
    p = put_world(name, w);
    while (p - name < 5) *p++ = ' ';
    p = put_dec(put_text(p, " EL"), r->from_el);
    p = put_dec(put_text(p, "->EL"), r->to_el);
    p = put_hex(put_text(p, exception ? " elr=" : " pc="), address);
    SymbolHit hit;
    if (symbols_lookup(d->symbols, world_space(w), address, &hit)) {
        p = put_some(put_text(p, " <"), hit.name, 128);
        if (hit.offset) p = put_hex(put_text(p, "+"), hit.offset);
        p = put_text(p, ">");
    }
    if (exception) {
        p = put_exception(p, r);
    } else {
        p = put_text(p, " ERET");
        if (r->event == EXIT_ILLEGAL_RETURN) p = put_text(p, " illegal: PSTATE.IL is set,");
        p = put_value(p, "spsr", r->spsr);
    }
    *p = '\0';
    fprintf(d->out, "%s\n", line);
}

static bool take_filter(const char *args, ExitFilter *f, Error *err) {
    *f = (ExitFilter){.most = 10, .vmid = -1};
    char word[24];
    int n;
    while (sscanf(args, "%23s%n", word, &n) == 1) {
        char *end;
        unsigned long number = strtoul(word + (word[0] == 'v' && word[1] == 'm' ? 2 : 0), &end, 10);
        if (isdigit((unsigned char)word[0]) && !*end && number && number <= EXIT_RING_SIZE)
            f->most = number;
        else if (isdigit((unsigned char)word[0]))
            return error_set(err, "exits: '%s' is no number from 1 to %d", word, EXIT_RING_SIZE);
        else if (word[0] == 'v' && word[1] == 'm' && isdigit((unsigned char)word[2]) && !*end &&
                 number <= 0xffff)
            f->vmid = (i32)number;
        else if (f->class_name[0])
            return error_set(err, "exits: '%s' is not understood", word);
        else
            memcpy(f->class_name, word, sizeof word);
        args += n;
    }
    return true;
}

bool cmd_exits(Debugger *d, const char *args, Error *err) {
    ExitFilter f;
    if (!take_filter(args, &f, err)) return false;
    u64 numbers[EXIT_RING_SIZE], found = 0;
    const ExitRecord *r;
    for (u64 n = 0; found < f.most && (r = exit_ring_get(d->cpu, n)); n++)
        if (wanted(&f, r)) numbers[found++] = n;
    if (!found) fprintf(d->out, "no such exception or return on CPU %u\n", d->cpu->index);
    while (found--) print_record(d, exit_ring_get(d->cpu, numbers[found]), numbers[found] + 1);
    return true;
}
