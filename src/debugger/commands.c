// The table of commands, and how a line is found in it.
#include "debugger/commands.h"

#include <ctype.h>
#include <stdlib.h>

const Command command_table[] = {
    // name, shortest, group, arguments, summary, help, completion
    {"help", "h", "Help", "[COMMAND]", "shows the commands, or one of them", NULL, ARG_COMMAND,
     NULL, cmd_help},
    {"quit", "q", "Help", "[STATUS]", "leaves el2sim, with this exit status (0)", NULL, ARG_NONE,
     NULL, cmd_quit},
    {0},
};

// How many characters of line (its words separated by one space or more) are a prefix of name, word
// by word, and not shorter than `shortest`; 0: it is another command.
static size_t match(const char *line, const char *name, const char *shortest) {
    const char *at = line;
    for (;;) {
        size_t n = strcspn(at, " /\t"), name_n = strcspn(name, " "),
               short_n = strcspn(shortest, " ");
        if (n < short_n || n > name_n || strncmp(at, name, n)) return 0;
        at += n;
        name += name_n;
        shortest += short_n;
        if (!*name) return (size_t)(at - line);
        name++;
        shortest += *shortest == ' ';
        at += strspn(at, " \t");
    }
}

const Command *command_find(const char *line, const char **args, Error *err) {
    line += strspn(line, " \t");
    const Command *found = NULL;
    size_t most = 0;
    for (const Command *c = command_table; c->name; c++) {
        size_t n = match(line, c->name, c->shortest);
        bool exact = n && n == strlen(c->name);
        if (n <= most && !exact) continue;
        most = n;
        found = c;
        if (exact && !strchr(line + n, ' ')) break;
    }
    if (!found) {
        error_set(err, "no command '%.*s' (help lists them)", (int)strcspn(line, " /\t"), line);
        return NULL;
    }
    line += most;
    if (args) *args = line + strspn(line, " \t");
    return found;
}

bool debugger_execute(Debugger *d, const char *line, Error *err) {
    line += strspn(line, " \t");
    if (!*line || *line == '#') return true;
    const char *args;
    const Command *c = command_find(line, &args, err);
    return c && c->run(d, args, err);
}

static void help_all(Debugger *d) {
    const char *group = "";
    for (const Command *c = command_table; c->name; c++) {
        if (strcmp(c->group, group)) fprintf(d->out, "%s%s:\n", *group ? "\n" : "", c->group);
        group = c->group;
        fprintf(d->out, "  %-20s %s\n", c->name, c->summary);
    }
}

bool cmd_help(Debugger *d, const char *args, Error *err) {
    if (!*args) {
        help_all(d);
        return true;
    }
    const Command *c = command_find(args, NULL, err);
    if (!c) return false;
    fprintf(d->out, "%s %s\n  %s\n", c->name, c->args, c->summary);
    if (strcmp(c->name, c->shortest)) fprintf(d->out, "  shortest form: %s\n", c->shortest);
    if (c->help) fprintf(d->out, "%s\n", c->help);
    return true;
}

bool cmd_quit(Debugger *d, const char *args, Error *err) {
    char *end;
    long status = *args ? strtol(args, &end, 0) : 0;
    if (*args && (*end || status < 0 || status > 255))
        return error_set(err, "quit: '%s' is no exit status (0 to 255)", args);
    d->quit = true;
    d->status = (int)status;
    return true;
}
