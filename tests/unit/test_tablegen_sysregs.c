// The generator of the system register tables rejects bad tables: each tests/tablegen/sysregs-*.reg
// starts with "# expect LINE: MESSAGE".
#include "base/base.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

static void check_rejected(const char *name) {
    char path[600], first[300], command[1500], said[700], want[1000];
    snprintf(path, sizeof path, "%s/tablegen/%s", TESTS_DIR, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(first, sizeof first, f));
    fclose(f);
    first[strcspn(first, "\n")] = 0;
    if (strncmp(first, "# expect ", 9)) fail_msg("%s: no \"# expect\" line", name);
    snprintf(want, sizeof want, "%s:%s\n", path, first + 9);
    snprintf(command, sizeof command, "'%s/tablegen_sysregs' '%s' '%s' 2>&1", BUILD_DIR, path,
             BUILD_DIR);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    if (!fgets(said, sizeof said, p)) said[0] = 0;
    int status = pclose(p);
    if (strcmp(said, want)) fail_msg("%s: got \"%s\", not \"%s\"", name, said, want);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void test_bad_tables(void **state) {
    (void)state;
    char dir[600];
    snprintf(dir, sizeof dir, "%s/tablegen", TESTS_DIR);
    DIR *d = opendir(dir);
    assert_non_null(d);
    unsigned n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, "sysregs-", 8)) continue;
        check_rejected(e->d_name);
        n++;
    }
    closedir(d);
    assert_true(n >= 54);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
