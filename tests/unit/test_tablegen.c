// The generator of the instruction tables rejects bad tables: each tests/tablegen/isa/*.isa (and
// *.def, for the list of features, *.fuse, for that of sequences) starts with "# expect LINE: MESSAGE".
// A good table passes.
#include "base/base.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char output[] = BUILD_DIR "/tablegen-XXXXXX";

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), k = strlen(end);
    return n > k && !strcmp(s + n - k, end);
}

// Runs tablegen into the output folder: its exit status, and the first line it says.
static int tablegen(const char *features, const char *table, const char *sequences, char *said,
                    size_t size) {
    char command[2500];
    snprintf(command, sizeof command, "'%s/tablegen' '%s' '%s' '%s' %s 2>&1", BUILD_DIR, output,
             features, table, sequences);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    if (!fgets(said, (int)size, p)) said[0] = 0;
    char rest[200];
    if (fgets(rest, sizeof rest, p)) fail_msg("%s: more than one line: %s", table, rest);
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_rejected(const char *name) {
    char path[600], features[600], first[300], said[1000], want[1000];
    bool is_def = ends_with(name, ".def");
    snprintf(path, sizeof path, "%s/tablegen/isa/%s", TESTS_DIR, name);
    snprintf(features, sizeof features, "%s/../src/cpu/features.def", TESTS_DIR);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(first, sizeof first, f));
    fclose(f);
    first[strcspn(first, "\n")] = 0;
    if (strncmp(first, "# expect ", 9)) fail_msg("%s: no \"# expect\" line", name);
    snprintf(want, sizeof want, "%s:%s\n", path, first + 9);
    char base[600];
    snprintf(base, sizeof base, "%s/../src/cpu/base.isa", TESTS_DIR);
    int status = ends_with(name, ".fuse") ? tablegen(features, base, path, said, sizeof said)
                 : is_def                 ? tablegen(path, path, "", said, sizeof said)
                                          : tablegen(features, path, "", said, sizeof said);
    if (strcmp(said, want)) fail_msg("%s: got \"%s\", not \"%s\"", name, said, want);
    assert_int_equal(status, 1);
}

static void test_bad_tables(void **state) {
    (void)state;
    char dir[600];
    snprintf(dir, sizeof dir, "%s/tablegen/isa", TESTS_DIR);
    DIR *d = opendir(dir);
    assert_non_null(d);
    unsigned n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (!ends_with(e->d_name, ".isa") && !ends_with(e->d_name, ".def") &&
            !ends_with(e->d_name, ".fuse"))
            continue;
        check_rejected(e->d_name);
        n++;
    }
    closedir(d);
    print_message("%u bad tables\n", n);
    assert_true(n >= 57);
}

static void test_good_table(void **state) {
    (void)state;
    static const char table[] =
        "include sem_arith.h\n"
        "general sf 0 0 01011 shift 0 Rm imm6 Rn Rd : {sf} {shift=0,2} =Rd Rn Rm imm6\n"
        "special sf 0 0 01011 00 0 Rm 000000 Rn Rd  : {sf} =Rd Rn Rm  # its own row\n"
        "apart   sf 0 0 01011 shift 0 Rm imm6 Rn Rd : {sf} {shift=1,3} =Rd Rn Rm \\\n"
        "                                             imm6 : mem FEAT_LSE : imm6 < 32\n";
    char path[700], features[600], said[1000];
    snprintf(path, sizeof path, "%s/good.isa", output);
    snprintf(features, sizeof features, "%s/../src/cpu/features.def", TESTS_DIR);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(table, f);
    assert_int_equal(fclose(f), 0);
    int status = tablegen(features, path, "", said, sizeof said);
    assert_string_equal(said, "");
    assert_int_equal(status, 0);
    snprintf(path, sizeof path, "%s/decode_table.c", output);
    f = fopen(path, "r");
    assert_non_null(f);
    fclose(f);
}

static int make_output(void **state) {
    (void)state;
    return mkdtemp(output) ? 0 : -1;
}

static int remove_output(void **state) {
    (void)state;
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", output);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_tables),
                                       cmocka_unit_test(test_good_table)};
    return cmocka_run_group_tests(tests, make_output, remove_output);
}
