// Errors, CPUs, and structs that grow (api/internal.h).
#include "api/internal.h"

#include <stdio.h>
#include <string.h>

bool api_report(const Error *err, char *error, size_t n) {
    if (error && n) snprintf(error, n, "%s", err->text);
    return false;
}

Cpu *api_cpu(el2sim *sim, unsigned cpu) {
    return cpu < sim->machine->cpus ? sim->machine->cpu[cpu] : NULL;
}

Cpu *api_find_cpu(el2sim *sim, unsigned index, Error *err) {
    Cpu *cpu = api_cpu(sim, index);
    if (!cpu) error_set(err, "there is no CPU %u", index);
    return cpu;
}

static bool known(const void *s, size_t *size, Error *err) {
    memcpy(size, s, sizeof *size);
    return *size > sizeof *size || error_set(err, "struct_size is not set");
}

bool api_take(void *full, size_t size, const void *in, Error *err) {
    size_t n;
    if (!known(in, &n, err)) return false;
    memcpy(full, in, MIN(n, size));
    return true;
}

bool api_give(void *out, const void *full, size_t size, Error *err) {
    size_t n;
    if (!known(out, &n, err)) return false;
    memset(out, 0, n);
    memcpy(out, full, MIN(n, size));
    memcpy(out, &n, sizeof n);
    return true;
}
