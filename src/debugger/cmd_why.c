// why, vms.
#include "debugger/commands.h"
#include "debugger/vms.h"
#include "debugger/why.h"
#include "gen/exceptions.h"

#include <stdlib.h>

// The newest exception to EL2; without one, the newest of any.
static bool newest_exception(const Cpu *cpu, u64 *n) {
    bool found = false;
    const ExitRecord *r;
    for (u64 i = 0; (r = exit_ring_get(cpu, i)); i++) {
        if (r->event != EXIT_EXCEPTION) continue;
        if (!found) *n = i;
        found = true;
        if (r->to_el != 2) continue;
        *n = i;
        return true;
    }
    return found;
}

bool cmd_why(Debugger *d, const char *args, Error *err) {
    u64 n;
    if (!*args) {
        if (!newest_exception(d->cpu, &n))
            return error_set(err, "why: CPU %u has taken no exception", d->cpu->index);
    } else {
        char *end;
        n = strtoull(args, &end, 10);
        if (end == args || *end || !n)
            return error_set(err, "why: '%s' is no number of `exits`", args);
        if (!exit_ring_get(d->cpu, --n))
            return error_set(err, "why: CPU %u has no %llu exceptions and returns", d->cpu->index,
                             (unsigned long long)n + 1);
    }
    why_print(d, n);
    return true;
}

static void print_vm(Debugger *d, const Vm *vm) {
    const char *name = exception_classes[vm->last_exit >> 26 & 63].name;
    fprintf(d->out, "vm%u  VTTBR_EL2 0x%llx  VTCR_EL2 ", vm->vmid, (unsigned long long)vm->vttbr);
    if (vm->has_vtcr)
        fprintf(d->out, "0x%llx", (unsigned long long)vm->vtcr);
    else
        fprintf(d->out, "not known");
    fprintf(d->out, "  %llu exits", (unsigned long long)vm->exits);
    if (vm->exits)
        fprintf(d->out, ", the last %s", vm->last_exit ? name ? name : "RESERVED" : "an interrupt");
    fprintf(d->out, ", %s CPU %d\n", vm->running ? "runs on" : "ran on", vm->last_cpu);
    for (unsigned i = 0; i < vm->vcpus; i++) {
        fprintf(d->out, "  vCPU %u  VMPIDR_EL2 0x%llx  on CPU", i,
                (unsigned long long)vm->vmpidr[i]);
        for (unsigned c = 0; c < 32; c++)
            if (vm->cpus[i] >> c & 1) fprintf(d->out, " %u", c);
        fputc('\n', d->out);
    }
    if (!vm->vcpus) fprintf(d->out, "  its vCPUs are known from its next entry on\n");
}

// Since when exits are counted.
static void print_since(Debugger *d) {
    unsigned said = 0;
    for (unsigned i = 0; i < d->machine->cpus; i++) {
        u64 since = vms_since(d->vms, i);
        if (!since) continue;
        fprintf(d->out, "%s instruction %llu of CPU %u", said++ ? "," : "exits are counted from",
                (unsigned long long)since, i);
    }
    fputs(said ? " on: the debugger was opened later, and the rings of exits reach back to there\n"
               : "exits are counted since the start\n",
          d->out);
}

bool cmd_vms(Debugger *d, const char *args, Error *err) {
    if (*args) return error_set(err, "vms: takes no arguments");
    const Vm *vm;
    unsigned i = 0;
    for (; (vm = vms_get(d->vms, i)); i++) print_vm(d, vm);
    if (!i) fprintf(d->out, "no VM has run\n");
    print_since(d);
    return true;
}
