// Judges a run by its console. Expectations are met in their order, each by a line of its own; the
// last one ends the run. A line counts as soon as it matches, so a prompt needs no line end; `$`
// matches at the line's end only. Lines are taken without carriage returns and NULs, and a line
// that is longer than LINE_SIZE counts as several.
#include "cli/verdict.h"

#include "cli/cli.h"
#include "machine/virt.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_SIZE = 2048, TAIL_SIZE = 16 << 10 };

typedef struct Pattern {
    regex_t regex;
    u64 when;  // machine time at which it matched
} Pattern;

struct Verdict {
    Machine *machine;
    const RunOptions *options;
    Pattern expect[PATTERNS_MAX], fail[PATTERNS_MAX];
    unsigned expect_compiled, fail_compiled;
    unsigned met;   // expectations, from the first
    bool line_met;  // this line has met one already
    bool failed;    // --fail matched
    char why[448];
    char line[LINE_SIZE];
    size_t line_n;
    char tail[TAIL_SIZE];  // ring: the console's last bytes
    u64 written;
    FILE *junit;
};

// --- the console ---------------------------------------------------------------------------------

static void failed(Verdict *v, unsigned i) {
    v->failed = true;
    snprintf(v->why, sizeof v->why, "--fail '%.160s' matched: %.240s", v->options->fail.text[i],
             v->line);
    machine_stop(v->machine, STOP_CHECK, EXIT_FAIL, "%s", v->why);
}

// Looks at the line as far as it is known.
static void judge(Verdict *v, bool complete) {
    int flags = complete ? 0 : REG_NOTEOL;
    v->line[v->line_n] = '\0';
    for (unsigned i = 0; i < v->fail_compiled; i++)
        if (!regexec(&v->fail[i].regex, v->line, 0, NULL, flags)) {
            failed(v, i);
            return;
        }
    if (v->line_met || v->met == v->expect_compiled) return;
    Pattern *p = &v->expect[v->met];
    if (regexec(&p->regex, v->line, 0, NULL, flags)) return;
    p->when = machine_now(v->machine);
    v->line_met = true;
    if (++v->met == v->expect_compiled)
        machine_stop(v->machine, STOP_CHECK, EXIT_GUEST_OFF, "every --expect was met");
}

static void end_line(Verdict *v) {
    judge(v, true);
    v->line_n = 0;
    v->line_met = false;
}

static void take(Verdict *v, char c) {
    v->tail[v->written++ % TAIL_SIZE] = c;
    if (c == '\r' || !c) return;
    if (c == '\n') {
        end_line(v);
        return;
    }
    v->line[v->line_n++] = c;
    judge(v, false);
    if (v->line_n == LINE_SIZE - 1) end_line(v);
}

static void on_console(void *arg, const void *data, size_t n) {
    Verdict *v = arg;
    for (size_t i = 0; i < n && !v->machine->stop; i++) take(v, ((const char *)data)[i]);
}

// --- opening and closing -------------------------------------------------------------------------

static bool compile(const char *option, const Patterns *from, Pattern *to, unsigned *count,
                    Error *err) {
    for (; *count < from->count; ++*count) {
        const char *text = from->text[*count];
        int code = regcomp(&to[*count].regex, text, REG_EXTENDED | REG_NOSUB);
        if (!code) continue;
        char why[128];
        regerror(code, &to[*count].regex, why, sizeof why);
        return error_set(err, "%s: '%.200s' is no extended regular expression: %s", option, text,
                         why);
    }
    return true;
}

bool verdict_open(Machine *machine, const RunOptions *o, Verdict **out, Error *err) {
    *out = NULL;
    if (!o->expect.count && !o->fail.count && !o->junit) return true;
    Verdict *v = *out = calloc(1, sizeof *v);
    CHECK(v);
    v->machine = machine;
    v->options = o;
    if (!compile("--expect", &o->expect, v->expect, &v->expect_compiled, err) ||
        !compile("--fail", &o->fail, v->fail, &v->fail_compiled, err))
        return false;
    if (o->junit && !(v->junit = fopen(o->junit, "w")))
        return error_set(err, "--junit: cannot open '%s': %s", o->junit, strerror(errno));
    board_on_console(machine, on_console, v);
    return true;
}

void verdict_close(Verdict *v) {
    if (!v) return;
    board_on_console(v->machine, NULL, NULL);
    for (unsigned i = 0; i < v->expect_compiled; i++) regfree(&v->expect[i].regex);
    for (unsigned i = 0; i < v->fail_compiled; i++) regfree(&v->fail[i].regex);
    if (v->junit) fclose(v->junit);
    free(v);
}

// --- the report ----------------------------------------------------------------------------------

// Bytes of the UTF-8 sequence at s that XML may have, 0 when it is none.
static size_t xml_sequence(const unsigned char *s, size_t n) {
    if (s[0] < 0x80) return s[0] >= 0x20 ? s[0] != 0x7f : s[0] == '\n' || s[0] == '\t';
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > n) return 0;
    u32 c = s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    static const u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool allowed = c >= least[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
    return allowed && c != 0xfffe && c != 0xffff ? length : 0;
}

// Text for XML; what it cannot have is written as \xNN. An attribute keeps its line ends.
static void put_xml(FILE *f, const char *text, size_t n, bool attribute) {
    const unsigned char *s = (const unsigned char *)text;
    for (size_t length; n; s += length, n -= length) {
        length = xml_sequence(s, n);
        const char *entity = *s == '&'                ? "&amp;"
                             : *s == '<'              ? "&lt;"
                             : *s == '>'              ? "&gt;"
                             : *s == '"'              ? "&quot;"
                             : *s < 0x20 && attribute ? "&#10;"
                                                      : NULL;
        if (!length)
            fprintf(f, "\\x%02x", *s);
        else if (entity)
            fputs(*s == '\t' ? "&#9;" : entity, f);
        else
            fwrite(s, 1, length, f);
        if (!length) length = 1;
    }
}

static void put_attribute(FILE *f, const char *name, const char *text) {
    fprintf(f, " %s=\"", name);
    put_xml(f, text, strlen(text), true);
    fputc('"', f);
}

static void put_case(Verdict *v, const char *name, u64 start, u64 end, const char *cause) {
    FILE *f = v->junit;
    fputs("  <testcase classname=\"el2sim\"", f);
    put_attribute(f, "name", name);
    fprintf(f, " time=\"%.6f\"", (double)(end - start) / 1e9);
    if (!cause) {
        fputs("/>\n", f);
        return;
    }
    fputs(">\n    <failure", f);
    put_attribute(f, "message", cause);
    fputs("/>\n  </testcase>\n", f);
}

static void put_tail(Verdict *v) {
    u64 first = v->written > TAIL_SIZE ? v->written - TAIL_SIZE : 0;
    char *text = malloc(TAIL_SIZE);
    CHECK(text);
    size_t n = 0;
    for (u64 i = first; i < v->written; i++) {
        char c = v->tail[i % TAIL_SIZE];
        if (c && c != '\r') text[n++] = c;
    }
    // A cut sequence at the start belongs to a character that is not there.
    size_t skip = 0;
    while (first && skip < n && (text[skip] & 0xc0) == 0x80) skip++;
    fputs("  <system-out>", v->junit);
    put_xml(v->junit, text + skip, n - skip, false);
    fputs("</system-out>\n", v->junit);
    free(text);
}

// The run's own case: the status and what the machine said when it stopped.
static const char *cause_of_end(const Verdict *v, int status, char *buf, size_t n) {
    if (status == EXIT_GUEST_OFF) return NULL;
    if (status == EXIT_EXPECT)
        snprintf(buf, n, "status %d: %u of %u expectations met; the machine ended: %s", status,
                 v->met, v->expect_compiled, v->machine->stop_text);
    else if (status == EXIT_LINT && v->machine->stop != STOP_CHECK)
        snprintf(buf, n, "status %d: a lint found an error at the end of the run (on stderr)",
                 status);
    else
        snprintf(buf, n, "status %d: %s", status, v->failed ? v->why : v->machine->stop_text);
    return buf;
}

static bool write_report(Verdict *v, int status) {
    char cause[768];
    const char *end = cause_of_end(v, status, cause, sizeof cause);
    unsigned missed = v->expect_compiled - v->met;
    u64 now = machine_now(v->machine), before = 0;
    fprintf(v->junit,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"el2sim\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\" "
            "time=\"%.6f\">\n",
            v->expect_compiled + 1, missed + (end != NULL), (double)now / 1e9);
    for (unsigned i = 0; i < v->expect_compiled; i++) {
        bool met = i < v->met;
        put_case(v, v->options->expect.text[i], before, met ? v->expect[i].when : now,
                 met           ? NULL
                 : i == v->met ? cause
                               : "an expectation before this one was not met");
        before = met ? v->expect[i].when : now;
    }
    put_case(v, "end of the run", 0, now, end);
    put_tail(v);
    fputs("</testsuite>\n", v->junit);
    bool ok = !ferror(v->junit);
    ok = !fclose(v->junit) && ok;
    v->junit = NULL;
    return ok;
}

int verdict_status(Verdict *v, int status) {
    if (!v) return status;
    if (v->machine->stop != STOP_CHECK && v->line_n) {
        // The end of the run ends the last line.
        judge(v, true);
        if (v->failed) fprintf(stderr, "el2sim: %s\n", v->why);
        if (v->failed && status == EXIT_GUEST_OFF) status = EXIT_FAIL;
    }
    if (v->met < v->expect_compiled) {
        fprintf(stderr, "el2sim: --expect '%s' was not met (%u of %u were)\n",
                v->options->expect.text[v->met], v->met, v->expect_compiled);
        // A status that tells why is kept.
        if (status == EXIT_GUEST_OFF) status = EXIT_EXPECT;
    }
    if (!v->junit || write_report(v, status)) return status;
    fprintf(stderr, "el2sim: --junit: '%s' could not be written\n", v->options->junit);
    return status == EXIT_GUEST_OFF ? EXIT_HOST_ERROR : status;
}
