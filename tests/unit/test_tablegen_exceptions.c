// The generator of the exception tables rejects bad tables with the line and the reason, and what
// it writes says what exceptions.def says.
#include "cpu/cpu.h"
#include "gen/exceptions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "layout zero\n  24:0 RES0\nclass 0 UNKNOWN zero this \"t\"\n"

static const struct {
    const char *table, *said;
} cases[] = {
    {"", "0: class 0 is not defined"},
    {GOOD "nonsense\n", "4: not understood: nonsense"},
    {"  24:0 RES0\n", "1: indented line outside of values and layout"},
    {GOOD "layout\n", "4: expected: layout NAME"},
    {GOOD "layout zero\n", "4: layout zero is defined twice"},
    {GOOD "layout a\n  24:1 RES0\nclass 1 A a this \"t\"\n", "4: bit 0 of layout a is in no field"},
    {GOOD "layout a\n  24:0 RES0\n", "4: layout a is used by no class"},
    {GOOD "layout a\n  24:5 x hex\n  5:0 RES0\n", "6: bit 5 of layout a is in two fields"},
    {GOOD "layout a\n  25:0 RES0\n", "5: 25 is too large (at most 24)"},
    {GOOD "layout a\n  0:24 RES0\n", "5: bits 0:24 are reversed"},
    {GOOD "layout a\n  x:0 RES0\n", "5: not a number: x"},
    {GOOD "layout a\n  24:0\n", "5: expected: BITS NAME KIND"},
    {GOOD "layout a\n  24:0 x\n", "5: field x has no kind"},
    {GOOD "layout a\n  24:0 x octal\n", "5: not a kind of field: octal"},
    {GOOD "layout a\n  24:0 x flag\n", "5: flag x has more than one bit"},
    {GOOD "layout a\n  24:0 x xreg\n", "5: register x has not 5 bits"},
    {GOOD "layout a\n  24:0 x hex hex\n", "5: not understood: hex"},
    {GOOD "layout a\n  24 x flag\n  23 x flag\n", "6: two fields of layout a are called x"},
    {GOOD "layout a\n  5:0 x values v\n", "5: the values of x are not defined"},
    {GOOD "layout a\n  24:0 x*y hex\n", "5: not a name: x*y"},
    {GOOD "values v\n  4 big\nlayout a\n  1:0 x values v\n",
     "7: a value of x does not fit into its bits"},
    {GOOD "values v\n  0 no\nlayout a\n  6:0 x values v\n",
     "7: x is too wide for a list of values"},
    {GOOD "values v\n  0 no\n", "0: values v are used by no field"},
    {GOOD "values v\n  0 no\n  0 yes\n", "6: value 0 of v is defined twice"},
    {GOOD "values v\n  64 no\n", "5: 64 is too large (at most 63)"},
    {GOOD "values v\nvalues v\n", "5: values v are defined twice"},
    {GOOD "layout a\n  24:0 x hex when y\nclass 1 A a this \"t\"\n",
     "5: 'when y': layout a has no such one-bit field"},
    {GOOD "layout a\n  24:0 x hex when\n", "5: when what?"},
    {GOOD "class 1 A zero this\n", "4: expected: class EC NAME LAYOUT this|next \"title\""},
    {GOOD "class 0 A zero this \"t\"\n", "4: class 0 is defined twice"},
    {GOOD "class 1 UNKNOWN zero this \"t\"\n", "4: two classes are called UNKNOWN"},
    {GOOD "class 64 A zero this \"t\"\n", "4: 64 is too large (at most 63)"},
    {GOOD "class 1 A other this \"t\"\n", "4: no layout other"},
    {GOOD "class 1 A zero that \"t\"\n", "4: the return address is 'this' or 'next', not 'that'"},
    {GOOD "class 1 A zero this \"t\n", "4: the title has no closing quote"},
    {GOOD "class 1 A zero this \"t\" x\n", "4: text after the title"},
};

// What the generator says about this table (its first line), and its exit status.
static int generate(const char *table, char *said, size_t n) {
    char path[] = "exceptions-XXXXXX", command[1200];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, table, strlen(table)), (ssize_t)strlen(table));
    close(fd);
    char folder[] = "exceptions-out-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command,
             "'%s/tablegen_exceptions' '%s' '%s' 2>&1; s=$?; rm -r '%s'; exit $s", BUILD_DIR, path,
             folder, folder);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    if (!fgets(said, (int)n, p)) *said = 0;
    said[strcspn(said, "\n")] = 0;
    int status = pclose(p);
    unlink(path);
    assert_true(WIFEXITED(status));
    // "FILE:LINE: message": the file's name differs each time.
    if (!strncmp(said, path, strlen(path))) memmove(said, said + sizeof path, n - sizeof path);
    return WEXITSTATUS(status);
}

static void test_bad_tables(void **state) {
    (void)state;
    char said[600];
    assert_int_equal(generate(GOOD, said, sizeof said), 0);
    assert_string_equal(said, "");
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        int status = generate(cases[i].table, said, sizeof said);
        if (strcmp(said, cases[i].said))
            fail_msg("case %u: got \"%s\", not \"%s\"", i, said, cases[i].said);
        assert_int_equal(status, 1);
    }
}

// Every class that cpu.h names is in the table; what the layouts say about some syndromes.
static void test_classes(void **state) {
    (void)state;
    static const u8 used[] = {EC_UNKNOWN,    EC_WFX,           EC_FP_ACCESS,     EC_PAC,
                              EC_BTI,        EC_SVC64,         EC_HVC64,         EC_SMC64,
                              EC_SYSREG,     EC_SVE,           EC_ERET,          EC_FPAC,
                              EC_IABT_LOWER, EC_IABT_SAME,     EC_PC_ALIGN,      EC_DABT_LOWER,
                              EC_DABT_SAME,  EC_SP_ALIGN,      EC_SERROR,        EC_BREAKPT_LOWER,
                              EC_SS_LOWER,   EC_WATCHPT_LOWER, EC_ILLEGAL_STATE, EC_BREAKPT_SAME,
                              EC_SS_SAME,    EC_WATCHPT_SAME,  EC_BRK64};
    for (unsigned i = 0; i < ARRAY_LEN(used); i++)
        if (!exception_classes[used[i]].name) fail_msg("class 0x%x has no name", used[i]);
    assert_true(exception_classes[EC_HVC64].returns_to_next);
    assert_true(exception_classes[EC_SVC64].returns_to_next);
    assert_false(exception_classes[EC_SMC64].returns_to_next);
    assert_null(exception_classes[0x3f].name);
    assert_int_equal(iss_call.res0, 0x1ff0000);
    const IssField *srt = NULL;
    for (unsigned i = 0; i < iss_data_abort.fields; i++)
        if (!strcmp(iss_data_abort.field[i].name, "SRT")) srt = &iss_data_abort.field[i];
    assert_non_null(srt);
    assert_int_equal(srt->hi, 20);
    assert_int_equal(srt->lo, 16);
    assert_int_equal(srt->when, 24);
    assert_true(srt->when_is);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
