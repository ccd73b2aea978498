// Setting up two VMs, deciding what each exit means, and which VM runs next.
#include "demo.h"

#define HCR_VM   (1ul << 0)
#define HCR_FMO  (1ul << 3)
#define HCR_IMO  (1ul << 4)
#define HCR_AMO  (1ul << 5)
#define HCR_TWI  (1ul << 13)
#define HCR_TID3 (1ul << 18)
#define HCR_TSC  (1ul << 19)
#define HCR_RW   (1ul << 31)

// 32-bit IPA (T0SZ 32), start at level 1, inner shareable write-back walks, 40-bit PA.
#define VTCR_VALUE  (1ul << 31 | 2ul << 16 | 3ul << 12 | 1ul << 10 | 1ul << 8 | 1ul << 6 | 32)
#define SCTLR_VALUE 0x30d00800ul  // EL1: RES1 bits, MMU off
#define SPSR_EL1H   0x3c5ul       // EL1 with SP_EL1, everything masked

enum {
    EC_WFX = 0x01,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYSREG = 0x18,
    EC_DABT = 0x24,
    EC_DABT_SAME = 0x25
};
enum { DFSC_EXTERNAL = 0x10, ESR_IL = 1 << 25, SLICE_TICKS = 6250 };
#define ISS_PFR0_MASK   0x3ffc1eul  // Op0 Op2 Op1 CRn CRm
#define ISS_PFR0        0x300008ul  // ID_AA64PFR0_EL1: 3, 0, c0, c4, 0
#define PSCI_VERSION    0x84000000u
#define PSCI_SYSTEM_OFF 0x84000008u
#define NOT_SUPPORTED   (~0ul)

static struct vm vms[VMS];

static void print_vm(const struct vm *vm) {
    print("[vm");
    print_dec(vm->id);
    print("] ");
}

// --- scheduling
// -----------------------------------------------------------------------------------

static void save(struct vm *vm) {
    vm->sp_el0 = read_sysreg("sp_el0");
    vm->sp_el1 = read_sysreg("sp_el1");
    vm->elr_el1 = read_sysreg("elr_el1");
    vm->spsr_el1 = read_sysreg("spsr_el1");
    vm->esr_el1 = read_sysreg("esr_el1");
    vm->far_el1 = read_sysreg("far_el1");
    vm->vbar_el1 = read_sysreg("vbar_el1");
    vm->sctlr_el1 = read_sysreg("sctlr_el1");
    vm->tpidr_el1 = read_sysreg("tpidr_el1");
    vm->cntv_ctl = read_sysreg("cntv_ctl_el0");
    vm->cntv_cval = read_sysreg("cntv_cval_el0");
    vgic_save(vm);
    write_sysreg("cntv_ctl_el0", 0);
}

static void restore(const struct vm *vm) {
    write_sysreg("sp_el0", vm->sp_el0);
    write_sysreg("sp_el1", vm->sp_el1);
    write_sysreg("elr_el1", vm->elr_el1);
    write_sysreg("spsr_el1", vm->spsr_el1);
    write_sysreg("esr_el1", vm->esr_el1);
    write_sysreg("far_el1", vm->far_el1);
    write_sysreg("vbar_el1", vm->vbar_el1);
    write_sysreg("sctlr_el1", vm->sctlr_el1);
    write_sysreg("tpidr_el1", vm->tpidr_el1);
    write_sysreg("cntvoff_el2", vm->cntvoff);
    write_sysreg("cntv_cval_el0", vm->cntv_cval);
    write_sysreg("cntv_ctl_el0", vm->cntv_ctl);
    write_sysreg("vmpidr_el2", 1ul << 31 | (vm->id - 1));
    vgic_restore(vm);
    stage2_use(vm);
}

static bool can_run(const struct vm *vm) {
    if (vm->done) return false;
    return !vm->waiting || read_sysreg("cntpct_el0") - vm->cntvoff >= vm->cntv_cval;
}

static void end_interrupts(void) {
    uint32_t intid;
    while ((intid = gic_acknowledge()) < 1020) {
        if (intid == INTID_HPTIMER) write_sysreg("cnthp_ctl_el2", 0);
        isb();
        gic_end(intid);
    }
}

// Everybody waits: sleep at EL2 until the first of their timers.
static void sleep(void) {
    uint64_t first = ~0ul;
    for (int i = 0; i < VMS; i++) {
        uint64_t when = vms[i].cntv_cval + vms[i].cntvoff;
        if (!vms[i].done && when < first) first = when;
    }
    write_sysreg("cnthp_cval_el2", first);
    write_sysreg("cnthp_ctl_el2", 1);
    isb();
    __asm__ volatile("wfi" : : : "memory");
    end_interrupts();
}

static _Noreturn void power_off(void) {
    smc(PSCI_SYSTEM_OFF);
    for (;;) {}
}

static _Noreturn void finish(void) {
    print("[el2] both are done; exits: ");
    for (int i = 0; i < VMS; i++) {
        print_dec(vms[i].exits);
        print(i + 1 < VMS ? " and " : "\n");
    }
    power_off();
}

// Round robin: the next VM after `last` that can run, waiting for it if need be.
static struct vm *next_vm(const struct vm *last) {
    for (;;) {
        bool all_done = true;
        for (int i = 0; i < VMS; i++) {
            struct vm *vm = &vms[(last->id + (unsigned)i) % VMS];
            if (can_run(vm)) return vm;
            all_done = all_done && vm->done;
        }
        if (all_done) finish();
        sleep();
    }
}

static struct vm *schedule(struct vm *current) {
    save(current);
    struct vm *vm = next_vm(current);
    vm->waiting = false;
    restore(vm);
    write_sysreg("cnthp_tval_el2", SLICE_TICKS);
    write_sysreg("cnthp_ctl_el2", 1);
    isb();
    return vm;
}

// --- exits
// ----------------------------------------------------------------------------------------

static void print_text_of(const struct vm *vm, uint64_t ipa) {
    const char *text = stage2_find(vm, ipa);
    print_vm(vm);
    print(text ? text : "(a text that is not in my memory)");
}

static struct vm *hypercall(struct vm *vm, unsigned number) {
    switch (number) {
    case 1:
    case 2:
        print_text_of(vm, vm->x[1]);
        if (number == 2) print_dec(vm->x[2]);
        print("\n");
        return vm;
    case 3:
        print_vm(vm);
        print("done\n");
        vm->done = true;
        return schedule(vm);
    }
    vm->x[0] = NOT_SUPPORTED;
    return vm;
}

static void firmware_call(struct vm *vm) {
    vm->x[0] = (uint32_t)vm->x[0] == PSCI_VERSION ? 0x10001 : NOT_SUPPORTED;
    vm->elr += 4;
}

// The VM takes an external abort, as if nothing had answered on its bus.
static void inject_abort(struct vm *vm) {
    write_sysreg("elr_el1", vm->elr);
    write_sysreg("spsr_el1", vm->spsr);
    write_sysreg("far_el1", read_sysreg("far_el2"));
    write_sysreg("esr_el1", (uint64_t)EC_DABT_SAME << 26 | ESR_IL | DFSC_EXTERNAL);
    vm->elr = read_sysreg("vbar_el1") + 0x200;
    vm->spsr = SPSR_EL1H;
}

static uint64_t device_read(struct vm *vm, unsigned offset) {
    vm->accesses++;
    return offset == 0 ? vm->scratch : offset == 8 ? vm->accesses : 0;
}

static void data_abort(struct vm *vm, uint32_t iss) {
    uint64_t ipa = read_sysreg("hpfar_el2") << 8 | (read_sysreg("far_el2") & (PAGE - 1));
    bool has_syndrome = iss >> 24 & 1, write = iss >> 6 & 1;
    if (!has_syndrome || ipa / PAGE != VM_DEVICE / PAGE) {
        inject_abort(vm);
        return;
    }
    unsigned rt = iss >> 16 & 31, bits = 8u << (iss >> 22 & 3);
    uint64_t mask = bits == 64 ? ~0ul : (1ul << bits) - 1;
    if (write) {
        vm->accesses++;
        if (ipa == VM_DEVICE) vm->scratch = (rt == 31 ? 0 : vm->x[rt]) & mask;
    } else {
        uint64_t value = device_read(vm, ipa & (PAGE - 1)) & mask;
        if (rt != 31) vm->x[rt] = value;
    }
    vm->elr += 4;
}

// HCR_EL2.TID3 traps the ID registers: the VM does not see that there is an EL2.
static void system_register(struct vm *vm, uint32_t iss) {
    unsigned rt = iss >> 5 & 31;
    uint64_t value = 0;
    if ((iss & ISS_PFR0_MASK) == ISS_PFR0) value = read_sysreg("id_aa64pfr0_el1") & ~0xf00ul;
    if (rt != 31) vm->x[rt] = value;
    vm->elr += 4;
}

struct vm *sync_exit(struct vm *vm) {
    uint64_t esr = read_sysreg("esr_el2");
    uint32_t iss = esr & 0x1ffffff;
    vm->exits++;
    switch (esr >> 26 & 63) {
    case EC_HVC: return hypercall(vm, iss & 0xffff);
    case EC_SMC: firmware_call(vm); return vm;
    case EC_DABT: data_abort(vm, iss); return vm;
    case EC_SYSREG: system_register(vm, iss); return vm;
    case EC_WFX:
        vm->elr += 4;
        vm->waiting = true;
        return schedule(vm);
    }
    bad_exception(8);
}

struct vm *irq_exit(struct vm *vm) {
    vm->exits++;
    uint32_t intid = gic_acknowledge();
    if (intid >= 1020) return vm;
    bool slice_over = intid == INTID_HPTIMER;
    if (slice_over) write_sysreg("cnthp_ctl_el2", 0);
    if (intid == INTID_VTIMER) {
        // Masked in the timer until the VM programs it anew; the VM sees it through a list
        // register.
        write_sysreg("cntv_ctl_el0", read_sysreg("cntv_ctl_el0") | 2);
        vgic_inject(INTID_VTIMER);
    }
    isb();
    gic_end(intid);
    return slice_over ? schedule(vm) : vm;
}

_Noreturn void bad_exception(uint64_t vector) {
    print("[el2] unexpected exception, vector ");
    print_dec(vector);
    print(" ESR ");
    print_hex(read_sysreg("esr_el2"));
    print(" ELR ");
    print_hex(read_sysreg("elr_el2"));
    print(" FAR ");
    print_hex(read_sysreg("far_el2"));
    print("\n");
    power_off();
}

// --- setting up
// -----------------------------------------------------------------------------------

static void create(struct vm *vm, unsigned id) {
    vm->id = id;
    vm->elr = (uint64_t)vm_start;
    vm->spsr = SPSR_EL1H;
    vm->x[0] = id;
    vm->sctlr_el1 = SCTLR_VALUE;
    vm->cntvoff = read_sysreg("cntpct_el0");
    stage2_create(vm);
}

// The steps into a VM: HCR_EL2 with RW and stage 2, its tables, then SPSR_EL2, ELR_EL2, SP and
// ERET.
_Noreturn void hyp_main(void) {
    write_sysreg("vbar_el2", vectors);
    print("[el2] el2sim demo: a hypervisor with two VMs\n");
    write_sysreg("hcr_el2",
                 HCR_RW | HCR_VM | HCR_IMO | HCR_FMO | HCR_AMO | HCR_TWI | HCR_TSC | HCR_TID3);
    write_sysreg("vtcr_el2", VTCR_VALUE);
    write_sysreg("cptr_el2", 0x33ff);
    write_sysreg("mdcr_el2", 0);
    write_sysreg("hstr_el2", 0);
    write_sysreg("cnthctl_el2", 3);
    write_sysreg("vpidr_el2", read_sysreg("midr_el1"));
    gic_init();
    for (unsigned i = 0; i < VMS; i++) create(&vms[i], i + 1);
    __asm__ volatile("dsb ish; tlbi vmalls12e1; dsb ish; isb" : : : "memory");
    vgic_save(&vms[0]);
    vgic_save(&vms[1]);
    restore(&vms[0]);
    write_sysreg("cnthp_tval_el2", SLICE_TICKS);
    write_sysreg("cnthp_ctl_el2", 1);
    isb();
    vm_enter(&vms[0]);
}
