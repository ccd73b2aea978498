// docs/features.md is what the ID registers say: each row names a field and which CPU models pass its condition, and each
// feature of features.def has a row.
#include "cpu/cpu_models.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static Machine machine;
static Cpu *cpu;

// "ISAR1.BF16": the field of ID_AA64ISAR1_EL1.
static u64 field_value(const char *name) {
    char reg[32];
    const char *dot = strchr(name, '.');
    assert_non_null(dot);
    snprintf(reg, sizeof reg, "ID_AA64%.*s_EL1", (int)(dot - name), name);
    unsigned index = sysreg_find(reg);
    if (index == SYSREG_NONE) fail_msg("no register %s", reg);
    const SysRegInfo *info = sysreg_info(index);
    for (unsigned i = 0; i < info->fields; i++) {
        const SysRegField *f = &sysreg_fields[info->first_field + i];
        if (f->name && !strcmp(f->name, dot + 1))
            return bits(*sysreg_storage(cpu, index), f->hi, f->lo);
    }
    fail_msg("no field %s", name);
    return 0;
}

// "REG.FIELD >= N", "REG.FIELD or FIELD2 >= N"; also == and !=.
static bool condition(const char *text) {
    char name[40], second[40], op[4];
    unsigned n;
    u64 value;
    if (sscanf(text, " %39s or %39s %3s %u", name, second, op, &n) == 4) {
        char other[80];
        snprintf(other, sizeof other, "%.*s.%s", (int)(strchr(name, '.') - name), name, second);
        value = MAX(field_value(name), field_value(other));
    } else {
        if (sscanf(text, " %39s %3s %u", name, op, &n) != 3) fail_msg("condition '%s'", text);
        value = field_value(name);
    }
    if (!strcmp(op, "==")) return value == n;
    if (!strcmp(op, "!=")) return value != n;
    return value >= n;
}

static int feature_number(const char *name) {
    for (int i = 0; i < FEATURE_COUNT; i++)
        if (!strcmp(feature_names[i], name)) return i;
    return -1;
}

// | FEAT_X | since | need | condition | cortex-a57 | cortex-a72 | neoverse-n1 | max | notes |
static bool check_row(char *line, unsigned model, bool *seen) {
    char *cell[10] = {0}, *save = NULL;
    unsigned n = 0;
    for (char *t = strtok_r(line, "|", &save); t && n < 10; t = strtok_r(NULL, "|", &save))
        cell[n++] = t;
    char name[40];
    if (n < 8 || sscanf(cell[0], " %39s", name) != 1 || strncmp(name, "FEAT_", 5)) return false;
    bool has = strstr(cell[4 + model], "yes") != NULL;
    if (condition(cell[3]) != has)
        fail_msg("%s of %s: the ID registers say %s", name, cpu_model_name(model),
                 has ? "no" : "yes");
    int f = feature_number(name);
    if (f < 0) return true;
    seen[f] = true;
    if (cpu_has(cpu, (enum Feature)f) != has) fail_msg("%s of %s", name, cpu_model_name(model));
    return true;
}

static void table_is_true(void **state) {
    (void)state;
    cpu = aligned_alloc(64, align_up(sizeof *cpu, 64));
    for (unsigned model = 0; cpu_model_name(model); model++) {
        bool seen[FEATURE_COUNT] = {0};
        memset(&machine, 0, sizeof machine);
        memset(cpu, 0, sizeof *cpu);
        cpu->machine = &machine;
        cpu->features = machine.features;
        machine.config =
            (MachineConfig){.cpu_model = cpu_model_name(model), .el2 = true, .gic_version = 3};
        assert_true(cpu_model_features(&machine, cpu_model_name(model), NULL));
        cpu_model_reset(cpu, cpu_model_name(model));
        FILE *f = fopen(TESTS_DIR "/../docs/features.md", "r");
        assert_non_null(f);
        char line[400];
        unsigned rows = 0;
        while (fgets(line, sizeof line, f)) rows += check_row(line, model, seen);
        fclose(f);
        assert_true(rows > 80);
        for (int i = 0; i < FEATURE_COUNT; i++)
            if (!seen[i] && cpu_has(cpu, (enum Feature)i) && i != FEAT_EL2 && i != FEAT_GICv3)
                fail_msg("docs/features.md has no row for %s", feature_names[i]);
    }
    free(cpu);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_is_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
