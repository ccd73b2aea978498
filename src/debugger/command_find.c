// How a line is found in the table of commands: by the words of a name or unique prefixes of them.
#include "debugger/commands.h"

#include <ctype.h>
#include <stdlib.h>

static size_t word_length(const char *s) {
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '-' || s[n] == '_') n++;
    return n;
}

typedef struct Match {
    size_t length;   // of the line's words; 0: it is another command
    unsigned words;  // in the name
    bool exact;
} Match;

// Whether the line starts with `name`, or with prefixes of its words not shorter than `shortest`'s.
static Match match(const char *line, const char *name, const char *shortest) {
    Match m = {.exact = true};
    const char *at = line;
    for (;;) {
        size_t n = word_length(at), name_n = strcspn(name, " "), short_n = strcspn(shortest, " ");
        if (n < short_n || n > name_n || strncmp(at, name, n)) return (Match){0};
        m.exact &= n == name_n;
        m.words++;
        at += n;
        name += name_n;
        shortest += short_n;
        if (!*name) break;
        name++;
        shortest += *shortest == ' ';
        at += strspn(at, " \t");
    }
    m.length = (size_t)(at - line);
    return m;
}

unsigned command_matches(const char *text, const char *name) {
    unsigned words = 0;
    for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
        size_t n = strcspn(text, " \t"), name_n = strcspn(name, " ");
        if (!*name || n > name_n || strncmp(text, name, n)) return 0;
        words++;
        text += n;
        name += name_n + (name[name_n] == ' ');
    }
    return words;
}

// Adds a name to a list in err, as far as there is room.
static void list_name(Error *err, const char *name) {
    size_t n = strlen(err->text);
    bool first = n && err->text[n - 1] == ':';
    snprintf(err->text + n, sizeof err->text - n, "%s %s", first ? "" : ",", name);
}

// The first word of line, or of what is no word the first characters; printable.
static void shown(char *buf, size_t n, const char *line) {
    size_t length = word_length(line);
    if (!length) length = strcspn(line, " \t");
    length = MIN(length, n - 1);
    for (size_t i = 0; i < length; i++)
        buf[i] = (char)(isprint((unsigned char)line[i]) ? line[i] : '?');
    buf[length] = '\0';
}

// No command: says what it could have been.
static const Command *not_found(const char *line, Error *err) {
    char word[40];
    shown(word, sizeof word, line);
    bool two = false, any = false;
    for (const Command *c = command_table; *word && c->name; c++) {
        size_t first = strcspn(c->name, " ");
        two |= c->name[first] && strlen(word) == first && !strncmp(word, c->name, first);
        any |= command_matches(word, c->name) > 0;
    }
    if (!any) {
        error_set(err, "no command '%s' (help lists them)", word);
        return NULL;
    }
    error_set(err, two ? "'%s' needs one of:" : "'%s' is too short:", word);
    for (const Command *c = command_table; err && c->name; c++)
        if (command_matches(word, c->name))
            list_name(err, two ? strchr(c->name, ' ') + 1 : c->name);
    return NULL;
}

static const Command *ambiguous(const char *line, unsigned words, Error *err) {
    char word[40];
    shown(word, sizeof word, line);
    error_set(err, "'%s' is not unique:", word);
    for (const Command *c = command_table; err && c->name; c++) {
        Match m = match(line, c->name, c->shortest);
        if (m.length && m.words == words) list_name(err, c->name);
    }
    return NULL;
}

const Command *command_find(const char *line, const char **args, Error *err) {
    line += strspn(line, " \t");
    const Command *found = NULL;
    Match best = {0};
    bool unique = false;
    for (const Command *c = command_table; c->name; c++) {
        Match m = match(line, c->name, c->shortest);
        if (!m.length || m.words < best.words || (m.words == best.words && best.exact)) continue;
        unique = m.words > best.words || m.exact;
        best = m;
        found = c;
    }
    if (!found) return not_found(line, err);
    if (!unique) return ambiguous(line, best.words, err);
    line += best.length;
    if (args) *args = line + strspn(line, " \t");
    return found;
}

bool debugger_execute(Debugger *d, const char *line, Error *err) {
    line += strspn(line, " \t");
    if (!*line || *line == '#') return true;
    // Commands take what is typed as it is, but for blanks at the end.
    char *copy = strdup(line);
    CHECK(copy);
    for (size_t n = strlen(copy); n && strchr(" \t\r\n", copy[n - 1]);) copy[--n] = '\0';
    const char *args;
    const Command *c = command_find(copy, &args, err);
    bool ok = c && c->run(d, args, err);
    free(copy);
    return ok;
}
