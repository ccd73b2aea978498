// The program: picks the subcommand. Without one, the options are those of `run`.
#include "cli/cli.h"

#include <stdio.h>

int usage_error(const Error *err) {
    fprintf(stderr, "el2sim: %s\n", err->text);
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "demo")) return demo_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "run")) return run_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "debug")) return debug_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "trace")) return trace_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "explain")) return explain_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "exec")) return exec_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "decode")) return decode_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "isa")) return isa_main(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] != '-') {
        Error err;
        error_set(
            &err,
            "unknown command '%s' (run, debug, demo, exec, explain, trace, decode, isa; see el2sim "
            "--help)",
            argv[1]);
        return usage_error(&err);
    }
    return run_main(argc, argv);
}
