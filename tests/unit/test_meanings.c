// meanings.def: its generator rejects bad tables (each tests/tablegen/meanings/*.def starts with
// "# expect LINE: MESSAGE"), and every bit that traps or routes has words.
#include "base/base.h"
#include "cpu/sysreg.h"
#include "debugger/explain.h"
#include "debugger/meanings.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

static void check_rejected(const char *name) {
    char path[600], first[300], command[2000], said[1000], want[1000];
    snprintf(path, sizeof path, "%s/tablegen/meanings/%s", TESTS_DIR, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(first, sizeof first, f));
    fclose(f);
    first[strcspn(first, "\n")] = 0;
    if (strncmp(first, "# expect ", 9)) fail_msg("%s: no \"# expect\" line", name);
    snprintf(want, sizeof want, "%s:%s\n", path, first + 9);
    // Nothing is written for a bad table; the folder must not exist for a good one to show.
    snprintf(command, sizeof command,
             "'%s/tablegen_meanings' '%s/../src/cpu/sysregs.reg' '%s' '%s/no-such-folder' 2>&1",
             BUILD_DIR, TESTS_DIR, path, BUILD_DIR);
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
    snprintf(dir, sizeof dir, "%s/tablegen/meanings", TESTS_DIR);
    DIR *d = opendir(dir);
    assert_non_null(d);
    unsigned n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        check_rejected(e->d_name);
        n++;
    }
    closedir(d);
    assert_true(n >= 35);
}

// The bits that the formats of a register have words for.
static u64 described(const char *reg) {
    u64 mask = 0;
    for (const MeaningFormat *f = meaning_formats; f->reg; f++) {
        if (strcmp(f->reg, reg)) continue;
        for (unsigned i = 0; i < f->fields; i++) {
            const MeaningField *m = &meaning_fields[f->first_field + i];
            if (m->text || m->values) mask |= ones(m->hi - m->lo + 1u) << m->lo;
        }
    }
    return mask;
}

static const char *register_at(u16 offset) {
    for (unsigned i = 0; i < SYSREG_COUNT; i++)
        if (sysreg_info(i)->fields && sysreg_info(i)->offset == offset) return sysreg_info(i)->name;
    return NULL;
}

static unsigned check_bits(const char *who, u16 offset, u64 mask) {
    const char *reg = register_at(offset);
    assert_non_null(reg);
    u64 missing = mask & ~described(reg);
    if (missing)
        print_message("%s: no words for 0x%llx of %s\n", who, (unsigned long long)missing, reg);
    return missing != 0;
}

static void test_every_control_bit(void **state) {
    (void)state;
    unsigned missing = 0, traps = 0;
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        for (unsigned k = 0; k < r->traps; k++) {
            const SysRegTrap *t = &sysreg_traps[r->first_trap + k];
            if (!t->mask) continue;  // the floating-point enables: CPTR_EL2, CPACR_EL1 below
            const SysRegControl *c = &sysreg_controls[t->control];
            missing += check_bits(t->name, c->reg, t->mask | c->tge | c->with | c->without);
            if (c->host != SYSREG_NONE && c->host)
                missing += check_bits(t->name_host, c->host, t->mask);
            traps++;
        }
    }
    assert_int_equal(missing, 0);
    print_message("%u traps\n", traps);
    assert_true(traps > 600);
    assert_true((described("CPTR_EL2") & 0x80300400) == 0x80300400);
    assert_true(described("CPACR_EL1") == 0x300000);
    assert_true(described("HCR_EL2") == 0xfff6ff7f7fff7fff);
}

static const ExplainField *field(const Explanation *x, const char *name) {
    for (unsigned i = 0; i < x->count; i++)
        if (!strcmp(x->field[i].name, name)) return &x->field[i];
    fail_msg("no field %s", name);
    return NULL;
}

// All registers with all bits 0 and 1: every bit is in one field, from the top.
static void each_register(void *arg, const char *name) {
    unsigned *count = arg;
    for (unsigned k = 0; k < 4; k++) {
        Explanation x;
        Error err;
        ExplainContext c = {.e2h = k & 1};
        assert_true(explain_register(name, k & 2 ? ~0ULL : 0, &c, &x, &err));
        unsigned next = 64;
        for (unsigned i = 0; i < x.count; i++) {
            const ExplainField *f = &x.field[i];
            if (f->hi + 1u != next || f->lo > f->hi) fail_msg("%s: %s", name, f->name);
            assert_true(strlen(f->meaning) + 1 < sizeof f->meaning);
            assert_null(strchr(f->meaning, '{'));
            next = f->lo;
        }
        assert_int_equal(next, 0);
    }
    ++*count;
}

static void test_every_register(void **state) {
    (void)state;
    unsigned count = 0;
    explain_each(each_register, &count);
    print_message("%u registers\n", count);
    assert_true(count > 250);
}

static void test_formats(void **state) {
    (void)state;
    Explanation x;
    Error err;
    ExplainContext e2h0 = {0}, e2h1 = {.e2h = true};
    assert_true(explain_register("cnthctl", 0x400, &e2h0, &x, &err));
    assert_true(x.field[1].lo == 17 && field(&x, "EL1PCEN")->lo == 1);
    bool misuse = false;
    for (unsigned i = 0; i < x.count; i++) misuse |= x.field[i].misuse;
    assert_true(misuse);
    assert_true(explain_register("cnthctl", 0x400, &e2h1, &x, &err));
    assert_string_equal(field(&x, "EL1PCTEN")->meaning,
                        "reads of CNTPCT_EL0 below EL2 (without TGE): not trapped");
    assert_true(explain_register("tcr", 25u << 16, &e2h1, &x, &err));
    assert_string_equal(field(&x, "T1SZ")->meaning,
                        "TTBR1_EL2 translates the upper 39 bits of addresses");
    u64 none[(FEATURE_COUNT + 63) / 64] = {0};
    ExplainContext bare = {.features = none};
    assert_true(explain_register("HCR_EL2", 1ULL << 42 | 1ULL << 31, &bare, &x, &err));
    unsigned wrong = 0;
    for (unsigned i = 0; i < x.count; i++) wrong += x.field[i].misuse;
    assert_int_equal(wrong, 1);
    assert_true(explain_register("ICH_LR0_EL2", 0, &bare, &x, &err));
    assert_non_null(strstr(x.summary, "FEAT_GICv3"));
    assert_false(explain_register("", 0, &bare, &x, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_tables), cmocka_unit_test(test_every_control_bit),
        cmocka_unit_test(test_every_register), cmocka_unit_test(test_formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
