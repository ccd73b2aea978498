// The options that choose what is traced and counted: --trace, --insn-counts, --symbols, --stats,
// --stats-by.
#include "cli/trace_options.h"

#include <stdlib.h>
#include <string.h>

enum { RING_MAX = 1000000 };

bool trace_option_trace(RunOptions *o, char *arg, Error *err) {
    if (!strncmp(arg, "insn=", 5)) {
        o->trace_insn = arg + 5;
        return arg[5] || error_set(err, "--trace: insn= needs a file name");
    }
    for (;;) {
        size_t n = strcspn(arg, ",=");
        unsigned kind = trace_kind(arg, n);
        bool exits = n == 5 && !strncmp(arg, "exits", 5);
        if (!kind && !exits)
            return error_set(err,
                             "--trace: '%.*s' is not known (exits, mmio, hypercall, tlb, irq, "
                             "sysreg, walk, insn:text with "
                             "[=FILE]; insn=FILE)",
                             (int)n, arg);
        o->trace_exits |= exits;
        o->trace_kinds |= kind;
        arg += n;
        if (*arg != ',') break;
        arg++;
    }
    o->trace_path = *arg ? arg + 1 : NULL;
    return !*arg || arg[1] || error_set(err, "--trace: = needs a file name");
}

bool trace_option_insn_counts(RunOptions *o, char *arg, Error *err) {
    if (o->debug) return error_set(err, "--insn-counts belongs to el2sim run");
    o->insn_counts = arg;
    return *arg || error_set(err, "--insn-counts: needs a file name");
}

bool trace_option_filter(RunOptions *o, char *arg, Error *err) {
    if (o->trace_filter)
        return error_set(err, "--trace-filter: given twice (several terms are joined by commas)");
    o->trace_filter = arg;
    return true;
}

bool trace_option_on_fail(RunOptions *o, char *arg, Error *err) {
    char *end;
    unsigned long n = strtoul(arg, &end, 0);
    if (o->debug) return error_set(err, "--trace-on-fail belongs to el2sim run");
    if (*arg < '0' || *arg > '9' || *end || n < 1 || n > RING_MAX)
        return error_set(err, "--trace-on-fail: '%s' is no number of lines (1 to %d)", arg,
                         RING_MAX);
    o->trace_on_fail = n;
    return true;
}

bool trace_option_symbols(RunOptions *o, char *arg, Error *err) {
    if (o->symbol_count == SYMBOL_FILES_MAX) return error_set(err, "--symbols: too many files");
    SymbolFile *s = &o->symbols[o->symbol_count++];
    size_t n = strcspn(arg, ":");
    bool has_space = arg[n] && n < sizeof s->space &&
                     (!strncmp(arg, "el", 2) || !strncmp(arg, "vm", 2)) && !memchr(arg, '/', n);
    if (has_space) memcpy(s->space, arg, n);
    s->path = has_space ? arg + n + 1 : arg;
    return *s->path || error_set(err, "--symbols: '%s' names no file", arg);
}

// FORMAT or FORMAT:FILE.
bool trace_option_stats(RunOptions *o, char *arg, Error *err) {
    o->stats = true;
    if (!arg) return true;
    size_t n = strcspn(arg, ":");
    if (!stat_choice_format(&o->stats_choice, arg, n))
        return error_set(err, "--stats: '%s' is none of table, json, csv, each with :FILE", arg);
    o->stats_path = arg[n] ? arg + n + 1 : NULL;
    return !arg[n] || arg[n + 1] || error_set(err, "--stats: a file name is missing after ':'");
}

bool trace_option_stats_by(RunOptions *o, char *arg, Error *err) {
    o->stats = true;
    return stat_choice_by(&o->stats_choice, arg, err) || error_prefix(err, "--stats-by");
}

// The plain table is one of its own; every other form is by these.
static void finish_stats(RunOptions *o) {
    StatChoice *c = &o->stats_choice;
    if (c->count || (c->format == STAT_TABLE && !o->stats_path)) return;
    *c = (StatChoice){{STAT_VM, STAT_CLASS, STAT_DETAIL}, 3, c->format};
}

bool trace_options_finish(RunOptions *o, Error *err) {
    bool lines = o->trace_exits || o->trace_kinds;
    if (o->trace_filter && !lines)
        return error_set(err, "--trace-filter needs --trace with a kind that has lines");
    if (o->trace_on_fail && !lines)
        return error_set(err, "--trace-on-fail needs --trace with a kind that has lines");
    if (o->insn_counts && o->trace_insn)
        return error_set(err, "--insn-counts and --trace insn=FILE exclude each other");
    bool names = o->debug || lines || o->stats || o->gdb;
    if (o->symbol_count && !names && !lint_any(&o->lint))
        return error_set(err, "--symbols needs --trace, --stats, --lint or -gdb");
    finish_stats(o);
    return true;
}
