// The table of commands: every name and shortest form finds its own row, help is whole; and completion.
#include "debugger/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_found(const Command *want, const char *line) {
    Error err = {""};
    const char *args;
    char text[128];
    snprintf(text, sizeof text, "  %s  x", line);
    const Command *c = command_find(text, &args, &err);
    if (!c) fail_msg("'%s': %s", line, err.text);
    if (c != want) fail_msg("'%s' is '%s'", line, c->name);
    assert_string_equal(args, "x");
    snprintf(text, sizeof text, "%s/8", line);
    if (command_find(text, &args, &err) != want) fail_msg("'%s'", text);
    assert_string_equal(args, "/8");
}

static void test_names(void **state) {
    (void)state;
    for (const Command *c = command_table; c->name; c++) {
        check_found(c, c->name);
        check_found(c, c->shortest);
        if (!command_matches(c->shortest, c->name))
            fail_msg("'%s' is no short form of '%s'", c->shortest, c->name);
        for (const Command *e = command_table; e < c; e++)
            if (!strcmp(e->name, c->name)) fail_msg("'%s' is there twice", c->name);
    }
}

static void test_help(void **state) {
    (void)state;
    for (const Command *c = command_table; c->name; c++) {
        const char *name = c->name;
        if (!c->summary || !*c->summary || c->summary[strlen(c->summary) - 1] == '.')
            fail_msg("'%s': summary", name);
        if (strlen(c->summary) > 70) fail_msg("'%s': the summary is too long for a line", name);
        if (!c->args || !c->run) fail_msg("'%s': arguments or function", name);
        if (*c->args && (!c->help || !strstr(c->help, "  "))) fail_msg("'%s': no help", name);
        if ((c->arg == ARG_WORDS) != (c->words != NULL)) fail_msg("'%s': words", name);
        // Lines of help are indented, not wider than a screen and do not end with a newline.
        for (const char *line = c->help; line && *line;) {
            size_t n = strcspn(line, "\n");
            if (n > 100 || (n && *line != ' ')) fail_msg("'%s': '%.*s'", name, (int)n, line);
            if (line[n] && !line[n + 1]) fail_msg("'%s': a newline at the end of help", name);
            line += n + (line[n] == '\n');
        }
    }
    // Groups are headings: each is one piece.
    for (const Command *c = command_table; c->name && c[1].name; c++)
        for (const Command *e = command_table; strcmp(c->group, c[1].group) && e < c; e++)
            if (!strcmp(e->group, c[1].group)) fail_msg("group '%s' is in pieces", e->group);
}

static void test_not_found(void **state) {
    (void)state;
    Error err = {""};
    assert_null(command_find("", NULL, &err));
    assert_null(command_find("nonsense", NULL, &err));
    assert_string_equal(err.text, "no command 'nonsense' (help lists them)");
    assert_null(command_find("se wi", NULL, &err));
    assert_non_null(strstr(err.text, "'se' is too short: set, set "));
    assert_null(command_find("info wi_dth", NULL, &err));
    assert_null(command_find("info", NULL, &err));
    assert_non_null(strstr(err.text, "'info' needs one of: "));
    // Punctuation ends a name, a letter does not.
    assert_non_null(command_find("echo\"x\"", NULL, &err));
    assert_null(command_find("echox", NULL, &err));
    // Without an Error, too.
    assert_null(command_find("info", NULL, NULL));
    assert_null(command_find("nonsense", NULL, NULL));
}

// --- completion ----------------------------------------------------------------------------------

static void collect(void *arg, const char *word) {
    char *all = arg;
    if (strlen(all) + strlen(word) + 2 > 4096) fail_msg("too much");
    if (*all) strcat(all, " ");
    strcat(all, word);
}

static void check_complete(Debugger *d, const char *line, size_t start, const char *want) {
    char all[4096] = "";
    Completion to = complete_line(d, line, collect, all);
    if (to.files) strcpy(all, "FILES");
    if (strcmp(all, want)) fail_msg("'%s': '%s', not '%s'", line, all, want);
    if (to.start != start) fail_msg("'%s': from %zu", line, to.start);
}

static void test_complete(void **state) {
    Debugger *d = *state;
    check_complete(d, "ech", 0, "echo");
    check_complete(d, "  ech", 2, "echo");
    check_complete(d, "set w", 4, "width");
    check_complete(d, "set wid", 4, "width");
    check_complete(d, "set width ", 10, "");
    check_complete(d, "set color o", 10, "off on");
    check_complete(d, "set col o", 8, "off on");
    check_complete(d, "show wi", 5, "width");
    check_complete(d, "help ech", 5, "echo");
    check_complete(d, "help set wid", 9, "width");
    check_complete(d, "source /et", 7, "FILES");
    check_complete(d, "nonsense x", 9, "");
}

static void test_complete_expressions(void **state) {
    Debugger *d = *state;
    symbols_add_one(d->symbols, SPACE_ANY, "start", 0, 4);
    symbols_add_one(d->symbols, SPACE_EL2, "start_el2", 0, 4);
    symbols_add_one(d->symbols, 3, "start_vm3", 0, 4);
    symbols_sort(d->symbols);
    check_complete(d, "translate hcr_el2.tg", 10, "HCR_EL2.TGE");
    check_complete(d, "translate /r x1+$GICD_TYPE", 17, "GICD_TYPER");
    check_complete(d, "tr x30", 3, "x30");
    // As they are found: without a space those of any and of EL2.
    check_complete(d, "tr star", 3, "start start_el2");
    check_complete(d, "tr el2:st", 3, "el2:start_el2");
    check_complete(d, "tr *(vm3:", 5, "vm3:start_vm3");
    check_complete(d, "tr vm4:", 3, "");
    check_complete(d, "tr nonsense:st", 3, "");
}

static int setup(void **state) {
    MachineConfig config = {
        .cpu_model = "cortex-a72", .cpus = 1, .ram_size = 1 << 20, .gic_version = 3, .el2 = true};
    Error err;
    Machine *machine = machine_create(&config, &err);
    if (!machine) return -1;
    *state = debugger_create(machine);
    return 0;
}

static int teardown(void **state) {
    Debugger *d = *state;
    Machine *machine = d->machine;
    debugger_free(d);
    machine_free(machine);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test_setup_teardown(test_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_complete_expressions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
