// Which VMs there are. A VM is what runs under one VMID with stage 2 on; a hypervisor that gives a VMID to
// another VM makes it look the same here, with a new VTTBR_EL2.
#include "debugger/vms.h"

#include "cpu/observer.h"
#include "mmu/tlb.h"
#include "trace/internal.h"

#include <stdlib.h>

struct Vms {
    Machine *machine;
    Observer observer;
    unsigned count;
    Vm *vm[VMS_MAX];
    u64 *since;  // of each CPU
};

static bool runs_vm(const Cpu *cpu, int el) {
    return el < 2 && bit(cpu->sys.HCR_EL2, HCR_VM) && !cpu_tge(cpu);
}

static Vm *find(Vms *v, u16 vmid) {
    for (unsigned i = 0; i < v->count; i++)
        if (v->vm[i]->vmid == vmid) return v->vm[i];
    return NULL;
}

static Vm *find_or_add(Vms *v, u16 vmid) {
    Vm *vm = find(v, vmid);
    if (vm || v->count == VMS_MAX) return vm;
    vm = v->vm[v->count++] = calloc(1, sizeof *vm);
    CHECK(vm);
    vm->vmid = vmid;
    return vm;
}

static void note_vcpu(Vm *vm, const Cpu *cpu) {
    u64 vmpidr = cpu->sys.VMPIDR_EL2;
    unsigned i = 0;
    while (i < vm->vcpus && vm->vmpidr[i] != vmpidr) i++;
    if (i == VMS_VCPUS_MAX) return;
    if (i == vm->vcpus) {
        vm->vcpus++;
        vm->vmpidr[i] = vmpidr;
        vm->cpus[i] = 0;
    }
    vm->cpus[i] |= 1u << (cpu->index & 31);
}

static Vm *note(Vms *v, const Cpu *cpu) {
    Vm *vm = find_or_add(v, regime_vmid(cpu));
    if (!vm) return NULL;
    vm->vttbr = cpu->sys.VTTBR_EL2;
    vm->vtcr = cpu->sys.VTCR_EL2;
    vm->has_vtcr = true;
    vm->last_cpu = (int)cpu->index;
    note_vcpu(vm, cpu);
    return vm;
}

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    if (ev->to_el != 2 || !runs_vm(cpu, ev->from_el)) return;
    Vm *vm = note(arg, cpu);
    if (!vm) return;
    vm->exits++;
    vm->last_exit = ev->esr;
    vm->running = false;
    vm->regs = cpu->sys;
    vm->has_regs = true;
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    if (ev->from_el != 2 || !runs_vm(cpu, ev->to_el)) return;
    Vm *vm = note(arg, cpu);
    if (vm) vm->running = true;
}

// --- before it was watched -----------------------------------------------------------------------

// A context of the TLB was last selected under these registers.
static void note_context(Vms *v, const Cpu *cpu, const TlbContext *c) {
    if (!c->key || context_regime(c) != REGIME_EL10 || !c->regime.s2.on || context_dc(c)) return;
    Vm *vm = find_or_add(v, context_vmid(c));
    if (!vm) return;
    vm->vttbr = c->vttbr;
    vm->last_cpu = (int)cpu->index;
    vm->has_vtcr = vm->has_regs = true;
    vm->regs = cpu->sys;
    context_registers(c, &vm->regs);
    vm->vtcr = vm->regs.VTCR_EL2;
}

static int by_last_use(const void *a, const void *b) {
    const TlbContext *x = *(TlbContext *const *)a, *y = *(TlbContext *const *)b;
    return x->last_use < y->last_use ? -1 : x->last_use > y->last_use;
}

static void note_tlb(Vms *v, const Cpu *cpu) {
    const TlbContext *c[CONTEXT_COUNT];
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) c[i] = &cpu->contexts->context[i];
    qsort(c, CONTEXT_COUNT, sizeof *c, by_last_use);
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) note_context(v, cpu, c[i]);
}

static void note_record(Vms *v, const Cpu *cpu, const ExitRecord *r) {
    World w = exit_world(r);
    bool exit = r->event == EXIT_EXCEPTION;
    if (w.kind != WORLD_VM || (exit ? r->to_el : r->from_el) != 2) return;
    Vm *vm = find_or_add(v, w.vmid);
    if (!vm) return;
    if (vm->vttbr != r->vttbr) vm->has_vtcr = vm->has_regs = false;
    vm->vttbr = r->vttbr;
    vm->last_cpu = (int)cpu->index;
    if (!exit) return;
    vm->exits++;
    vm->last_exit = r->kind == EXC_SYNC || r->kind == EXC_SERROR ? r->esr : 0;
}

static void note_ring(Vms *v, const Cpu *cpu) {
    u64 n = MIN(cpu->exits->count, (u64)EXIT_RING_SIZE);
    bool all = cpu->exits->count <= EXIT_RING_SIZE;
    v->since[cpu->index] = all ? 0 : exit_ring_get(cpu, n - 1)->icount;
    while (n--) note_record(v, cpu, exit_ring_get(cpu, n));
}

u64 vms_since(const Vms *v, unsigned cpu) {
    return v->since[cpu];
}

Vms *vms_create(Machine *machine) {
    Vms *v = calloc(1, sizeof *v);
    CHECK(v);
    v->machine = machine;
    v->since = calloc(machine->cpus, sizeof *v->since);
    CHECK(v->since);
    v->observer = (Observer){.arg = v, .exception = on_exception, .eret = on_return};
    observer_add(machine, &v->observer);
    machine->vms = v;
    for (unsigned i = 0; i < machine->cpus; i++) {
        Cpu *cpu = machine->cpu[i];
        note_tlb(v, cpu);
        note_ring(v, cpu);
        if (!runs_vm(cpu, cpu->el) || cpu->halt == HALT_OFF) continue;
        Vm *vm = note(v, cpu);
        if (!vm) continue;
        vm->running = true;
        vm->regs = cpu->sys;
        vm->has_regs = true;
    }
    return v;
}

void vms_free(Vms *v) {
    if (!v) return;
    observer_remove(v->machine, &v->observer);
    v->machine->vms = NULL;
    for (unsigned i = 0; i < v->count; i++) free(v->vm[i]);
    free(v->since);
    free(v);
}

const Vm *vms_get(const Vms *v, unsigned i) {
    return v && i < v->count ? v->vm[i] : NULL;
}

// --- translation ---------------------------------------------------------------------------------

static void copy_translation(const struct SysRegs *from, struct SysRegs *to) {
    to->HCR_EL2 = from->HCR_EL2;
    to->VTTBR_EL2 = from->VTTBR_EL2;
    to->VTCR_EL2 = from->VTCR_EL2;
    to->SCTLR_EL1 = from->SCTLR_EL1;
    to->TCR_EL1 = from->TCR_EL1;
    to->TTBR0_EL1 = from->TTBR0_EL1;
    to->TTBR1_EL1 = from->TTBR1_EL1;
    to->MAIR_EL1 = from->MAIR_EL1;
}

bool vms_registers(const Machine *machine, u16 vmid, struct SysRegs *regs) {
    for (unsigned i = 0; i < machine->cpus; i++) {
        const Cpu *cpu = machine->cpu[i];
        if (!bit(cpu->sys.HCR_EL2, HCR_VM) || regime_vmid(cpu) != vmid) continue;
        copy_translation(&cpu->sys, regs);
        return true;
    }
    const Vm *vm = machine->vms ? find(machine->vms, vmid) : NULL;
    // Entered, but never left: its registers are those of a CPU, above.
    if (!vm || !vm->has_regs) return false;
    copy_translation(&vm->regs, regs);
    return true;
}
