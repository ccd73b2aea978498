// help and apropos: everything they print is in the table.
#define _GNU_SOURCE  // strcasestr
#include "debugger/commands.h"

#include <strings.h>

// "break (b)"
static void print_line(Debugger *d, const Command *c) {
    char name[64];
    if (strcmp(c->name, c->shortest))
        snprintf(name, sizeof name, "%s (%s)", c->name, c->shortest);
    else
        snprintf(name, sizeof name, "%s", c->name);
    fprintf(d->out, "  %-28s %s\n", name, c->summary);
}

static void print_heading(Debugger *d, const char *group) {
    fprintf(d->out, d->colour ? "\033[1m%s\033[0m\n" : "%s\n", group);
}

static void print_group(Debugger *d, const char *group) {
    print_heading(d, group);
    for (const Command *c = command_table; c->name; c++)
        if (!strcmp(c->group, group)) print_line(d, c);
}

static bool is_first_of_group(const Command *c) {
    for (const Command *e = command_table; e < c; e++)
        if (!strcmp(e->group, c->group)) return false;
    return true;
}

static void print_command(Debugger *d, const Command *c) {
    fprintf(d->out, d->colour ? "\033[1m%s\033[0m%s%s\n" : "%s%s%s\n", c->name, *c->args ? " " : "",
            c->args);
    fprintf(d->out, "  %s.\n", c->summary);
    if (strcmp(c->name, c->shortest)) fprintf(d->out, "  Shortest form: %s.\n", c->shortest);
    if (c->repeat) fprintf(d->out, "  At the prompt an empty line repeats it.\n");
    if (c->help) fprintf(d->out, "%s\n", c->help);
}

static void help_groups(Debugger *d) {
    for (const Command *c = command_table; c->name; c++) {
        if (!is_first_of_group(c)) continue;
        if (c != command_table) fputc('\n', d->out);
        print_group(d, c->group);
    }
    fprintf(d->out,
            "\nhelp COMMAND says more about one, apropos WORD searches. A name may be shortened to "
            "what is\nin parentheses.\n");
}

static void help_all(Debugger *d) {
    for (const Command *g = command_table; g->name; g++) {
        if (!is_first_of_group(g)) continue;
        if (g != command_table) fputc('\n', d->out);
        print_heading(d, g->group);
        for (const Command *c = g; c->name; c++) {
            if (strcmp(c->group, g->group)) continue;
            fputc('\n', d->out);
            print_command(d, c);
        }
    }
}

// "help set": the commands of two words that start with it. False: there are none.
static bool help_first_word(Debugger *d, const char *word) {
    bool any = false;
    size_t n = strlen(word);
    for (const Command *c = command_table; c->name; c++) {
        if (strncmp(c->name, word, n) || c->name[n] != ' ') continue;
        print_line(d, c);
        any = true;
    }
    return any;
}

static bool help_group(Debugger *d, const char *name) {
    for (const Command *c = command_table; c->name; c++) {
        if (strncasecmp(c->group, name, strlen(name))) continue;
        print_group(d, c->group);
        return true;
    }
    return false;
}

bool cmd_help(Debugger *d, const char *args, Error *err) {
    if (!*args) {
        help_groups(d);
        return true;
    }
    if (!strcmp(args, "all")) {
        help_all(d);
        return true;
    }
    const char *rest;
    const Command *c = command_find(args, &rest, NULL);
    if (c && !*rest) {
        print_command(d, c);
        return help_first_word(d, args) || true;
    }
    if (help_first_word(d, args) || help_group(d, args)) return true;
    return error_set(err, "help: no command or group '%s' (help lists them)", args);
}

static bool has_word(const Command *c, const char *word) {
    return strcasestr(c->name, word) || strcasestr(c->group, word) || strcasestr(c->args, word) ||
           strcasestr(c->summary, word) || (c->help && strcasestr(c->help, word));
}

static bool has_words(const Command *c, const char *words) {
    char word[64];
    for (; *words; words += strspn(words, " \t")) {
        size_t n = strcspn(words, " \t");
        snprintf(word, sizeof word, "%.*s", (int)MIN(n, sizeof word - 1), words);
        if (!has_word(c, word)) return false;
        words += n;
    }
    return true;
}

bool cmd_apropos(Debugger *d, const char *args, Error *err) {
    if (!*args) return error_set(err, "apropos: needs a word");
    bool any = false;
    for (const Command *c = command_table; c->name; c++) {
        if (!has_words(c, args)) continue;
        print_line(d, c);
        any = true;
    }
    return any || error_set(err, "apropos: no command has '%s' in its help", args);
}
