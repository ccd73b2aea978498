// The program: picks the subcommand. Without one, the options are those of `run`.
#include "cli/cli.h"

#include <stdio.h>

typedef struct Command {
    const char *name, *arguments, *what;
    int (*main)(int argc, char **argv);
    const char *help;  // its options; NULL: it has those of run, and their help
} Command;

static const Command commands[] = {
    {"run", "[options]", "run a machine (also without the word run)", run_main, NULL},
    {"debug", "[options]", "stand at its first instruction and take commands", debug_main, NULL},
    {"demo", "[options]", "run the built-in demonstration", demo_main, demo_help},
    {"exec", "WORD...", "execute a few instructions on a given state", exec_main, exec_help},
    {"explain", "WHAT VALUE", "take a syndrome, a descriptor, a register apart", explain_main,
     explain_help},
    {"trace show", "FILE", "print a trace of instructions", trace_main, trace_help},
    {"decode", "WORD...", "what the decoder makes of instruction words", decode_main, decode_help},
    {"isa", "[ROW...]", "the rows of the instruction tables", isa_main, isa_help},
};

void usage_print(void) {
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        int used = printf("%s el2sim %s %s", i ? "      " : "usage:", commands[i].name,
                          commands[i].arguments);
        printf("%*s%s\n", 35 - used, "", commands[i].what);
    }
    printf("       el2sim COMMAND --help       what a command takes\n"
           "       el2sim --version | --help\n\n"
           "Options of run and debug have QEMU's names, with one dash or two:\n");
}

int usage_error(const Error *err) {
    fprintf(stderr, "el2sim: %s\n", err->text);
    return EXIT_USAGE;
}

static const Command *find(const char *name) {
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        size_t n = strcspn(commands[i].name, " ");
        if (strlen(name) == n && !strncmp(commands[i].name, name, n)) return &commands[i];
    }
    return NULL;
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

static int unknown(const char *name) {
    Error err;
    char known[200] = "";
    for (unsigned i = 0, used = 0; i < ARRAY_LEN(commands); i++)
        used += (unsigned)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                   commands[i].name);
    error_set(&err, "unknown command '%s' (%s; see el2sim --help)", name, known);
    return usage_error(&err);
}

int main(int argc, char **argv) {
    if (argc < 2 || argv[1][0] == '-') return run_main(argc, argv);
    const Command *c = find(argv[1]);
    if (!c) return unknown(argv[1]);
    argc--, argv++;
    if (!c->help || !asks_for_help(argc, argv)) return c->main(argc, argv);
    printf("usage: el2sim %s %s\n%s", c->name, c->arguments, c->help);
    return EXIT_GUEST_OFF;
}
