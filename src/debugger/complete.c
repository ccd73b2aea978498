// Completion: which words can stand at the end of a line. readline is asked for nothing but to show them; what
// they are is found without it, and so can be tested.
#include "debugger/complete.h"

#include <ctype.h>
#include <stdlib.h>

#include <readline/readline.h>

static Debugger *completing;

typedef struct Sink {
    void (*fn)(void *arg, const char *word);
    void *arg;
    const char *word;  // what was typed of it
} Sink;

static bool offer(const Sink *s, const char *word) {
    if (strncmp(word, s->word, strlen(s->word))) return false;
    s->fn(s->arg, word);
    return true;
}

// --- commands ------------------------------------------------------------------------------------

// The next words of the commands that the words before (`typed`, complete or not) can start.
static bool offer_commands(const Sink *s, const char *typed) {
    const char *last = "";
    bool any = false;
    char word[64];
    for (const Command *c = command_table; c->name; c++) {
        const char *rest = c->name;
        if (*typed) {
            unsigned words = command_matches(typed, c->name);
            if (!words) continue;
            for (; words && rest; words--) {
                rest = strchr(rest, ' ');
                rest += rest != NULL;
            }
            if (!rest) continue;
        }
        snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, " "), rest);
        if (strcmp(word, last)) any |= offer(s, word);
        last = rest;
    }
    return any;
}

static void offer_words(const Sink *s, const char *words) {
    char word[64];
    for (; words && *words; words += strspn(words, " ")) {
        size_t n = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)MIN(n, sizeof word - 1), words);
        offer(s, word);
        words += n;
    }
}

// --- arguments -----------------------------------------------------------------------------------

static bool is_expression(ArgKind kind) {
    return kind == ARG_EXPRESSION || kind == ARG_LOCATION || kind == ARG_REGISTER;
}

// Where the last word of text starts, with the delimiters that the kind of argument has.
static size_t word_start(const char *text, ArgKind kind) {
    const char *stops = is_expression(kind) ? " \t*()[]{}+-/%&|^!=<>,;?~@\"'$" : " \t";
    size_t n = strlen(text);
    while (n && !strchr(stops, text[n - 1])) n--;
    return n;
}

// Fields only when the register is there: they are thousands.
static void offer_registers(Debugger *d, const Sink *s) {
    reg_each(d->cpu, s->word, strchr(s->word, '.') != NULL, s->fn, s->arg);
}

typedef struct SymbolSink {
    const Sink *sink;
    int space;        // of the prefix that was typed
    size_t prefix_n;  // "el2:", 0: none was
} SymbolSink;

static void offer_symbol(void *arg, int space, const char *name) {
    const SymbolSink *s = arg;
    char text[256];
    // As expr.c finds them: without a prefix those of no space in particular and those of EL2.
    if (s->prefix_n ? space != s->space : space != SPACE_ANY && space != SPACE_EL2) return;
    snprintf(text, sizeof text, "%.*s%s", (int)s->prefix_n, s->sink->word, name);
    s->sink->fn(s->sink->arg, text);
}

static void offer_symbols(Debugger *d, const Sink *s) {
    SymbolSink to = {.sink = s};
    const char *colon = strchr(s->word, ':');
    if (colon) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "%.*s", (int)(colon - s->word), s->word);
        if (!*prefix || !symbols_space(prefix, &to.space)) return;
        to.prefix_n = (size_t)(colon + 1 - s->word);
    }
    symbols_each(d->symbols, s->word + to.prefix_n, offer_symbol, &to);
}

static void offer_points(Debugger *d, const Sink *s) {
    unsigned i = 0;
    for (const Point *p; (p = point_next(d->control, &i));) {
        char number[16];
        snprintf(number, sizeof number, "%u", p->id);
        if (!p->hidden) offer(s, number);
    }
}

// args: from the first argument to the word that is completed.
static void offer_arguments(Debugger *d, const Sink *s, const Command *c, const char *args,
                            Completion *to) {
    switch (c->arg) {
    case ARG_COMMAND: offer_commands(s, args); break;
    case ARG_WORDS: offer_words(s, c->words); break;
    case ARG_FILE: to->files = true; break;
    case ARG_REGISTER: offer_registers(d, s); break;
    case ARG_EXPRESSION:
        offer_registers(d, s);
        offer_symbols(d, s);
        break;
    case ARG_LOCATION: offer_symbols(d, s); break;
    case ARG_POINT: offer_points(d, s); break;
    case ARG_NONE: break;
    }
}

Completion complete_line(Debugger *d, const char *line, void (*fn)(void *arg, const char *word),
                         void *arg) {
    Completion to = {.start = word_start(line, ARG_NONE)};
    char *before = strndup(line, to.start);
    CHECK(before);
    const char *args;
    const Command *c = command_find(before, &args, NULL);
    Sink s = {fn, arg, line + to.start};
    if (before[strspn(before, " \t")] == '\0') {
        offer_commands(&s, "");
    } else {
        // "info " is the start of several; "p " is whole.
        bool any = (!c || !*args) && offer_commands(&s, before);
        if (c) {
            to.start = word_start(line, c->arg);
            to.open = is_expression(c->arg) && !any;
            s.word = line + to.start;
            offer_arguments(d, &s, c, args, &to);
        }
    }
    free(before);
    return to;
}

// --- readline ------------------------------------------------------------------------------------

typedef struct Words {
    char **at;
    size_t n, taken;
} Words;

static Words found;
static Completion completion;

static void keep(void *arg, const char *word) {
    Words *w = arg;
    for (size_t i = 0; i < w->n; i++)
        if (!strcmp(w->at[i], word)) return;
    w->at = realloc(w->at, (w->n + 1) * sizeof *w->at);
    CHECK(w->at);
    w->at[w->n] = strdup(word);
    CHECK(w->at[w->n]);
    w->n++;
}

static char *next_word(const char *text, int state) {
    (void)text;
    if (!state) found.taken = 0;
    return found.taken < found.n ? strdup(found.at[found.taken++]) : NULL;
}

// Where readline's own idea of a word differs, ours holds.
static char *break_characters(void) {
    static char stops[64];
    char *line = strndup(rl_line_buffer, (size_t)rl_point);
    CHECK(line);
    for (size_t i = 0; i < found.n; i++) free(found.at[i]);
    found.n = 0;
    completion = complete_line(completing, line, keep, &found);
    stops[0] = completion.start ? line[completion.start - 1] : '\0';
    stops[1] = '\0';
    free(line);
    return stops;
}

static char **attempt(const char *text, int start, int end) {
    (void)start;
    (void)end;
    rl_attempted_completion_over = !completion.files;
    // After a register or a symbol a field, an operator or an offset may follow.
    if (completion.open) rl_completion_append_character = '\0';
    return completion.files ? NULL : rl_completion_matches(text, next_word);
}

void complete_setup(Debugger *d) {
    completing = d;
    rl_readline_name = "el2sim";
    rl_attempted_completion_function = attempt;
    rl_completion_word_break_hook = break_characters;
}
