// The hypervisor: prepares two VMs, answers their exits, and shares the CPU between them. The VMs
// say what they do (vm.S); nothing that is printed depends on time.
#include "demo.h"

extern const u8 __vm_load[], __vm_start[], __vm_end[];

enum {
    TIMER_EL2 = 26,
    TIMER_VIRTUAL = 27,
    NO_INTERRUPT = 1020,  // and above
};
#define PSCI_VERSION    0x84000000u
#define PSCI_SYSTEM_OFF 0x84000008u
#define NOT_SUPPORTED   (~0ul)

static Vm vms[VMS];
static u64 slice_end;

static u64 milliseconds(u64 n) {
    return read_sysreg("cntfrq_el0") / 1000 * n;
}
static u64 now(void) {
    isb();
    return read_sysreg("cntpct_el0");
}

// --- scheduling ----------------------------------------------------------------------------------

static void set_timer(u64 when) {
    write_sysreg("cnthp_cval_el2", when);
    write_sysreg("cnthp_ctl_el2", 1);
    isb();
}

static void save_devices(Vm *vm) {
    vm->cntv_ctl = read_sysreg("cntv_ctl_el0");
    vm->cntv_cval = read_sysreg("cntv_cval_el0");
    write_sysreg("cntv_ctl_el0", 0);
    isb();
    vgic_save(vm);
}

static void load_devices(const Vm *vm) {
    vgic_load(vm);
    write_sysreg("cntv_cval_el0", vm->cntv_cval);
    write_sysreg("cntv_ctl_el0", vm->cntv_ctl);
    isb();
}

// When a sleeping VM's timer wakes it. CNTVOFF_EL2 is 0: virtual time is physical time.
static int timer_is_on(const Vm *vm) {
    return (vm->cntv_ctl & 3) == 1;
}

static void wake_sleepers(void) {
    for (Vm *vm = vms; vm < vms + VMS; vm++)
        if (vm->state == VM_ASLEEP && timer_is_on(vm) && vm->cntv_cval <= now())
            vm->state = VM_READY;
}

// Sleeps until the next timer of a VM is due. Interrupts stay masked at EL2; a pending one ends
// WFI.
static void idle(void) {
    u64 next = ~0ul;
    for (Vm *vm = vms; vm < vms + VMS; vm++)
        if (vm->state == VM_ASLEEP && timer_is_on(vm) && vm->cntv_cval < next) next = vm->cntv_cval;
    set_timer(next);
    __asm__ volatile("dsb sy; wfi" ::: "memory");
    write_sysreg("cnthp_ctl_el2", 0);
    isb();
}

static int all_off(void) {
    for (Vm *vm = vms; vm < vms + VMS; vm++)
        if (vm->state != VM_OFF) return 0;
    return 1;
}

static void finish(void) {
    for (Vm *vm = vms; vm < vms + VMS; vm++)
        print("el2: vm%d made %d HVCs, %d SMCs, %d accesses to unmapped IPAs; %d timer interrupts; "
              "was %s\n",
              vm->number, (u64)vm->hvcs, (u64)vm->smcs, (u64)vm->accesses, (u64)vm->timers,
              vm->preemptions ? "preempted" : "never preempted");
    print("el2: all VMs are off, powering off\n");
    power_off();
}

// Round robin, beginning after `last`.
static void schedule(Vm *last) __attribute__((noreturn));
static void schedule(Vm *last) {
    for (;;) {
        if (all_off()) finish();
        wake_sleepers();
        for (unsigned i = 1; i <= VMS; i++) {
            Vm *vm = &vms[((unsigned)(last - vms) + i) % VMS];
            if (vm->state != VM_READY) continue;
            slice_end = now() + milliseconds(5);
            set_timer(slice_end);
            load_devices(vm);
            vm_enter(vm);
        }
        idle();
    }
}

static void yield(Vm *vm) __attribute__((noreturn));
static void yield(Vm *vm) {
    save_devices(vm);
    schedule(vm);
}

// --- exits ---------------------------------------------------------------------------------------

// VA of a VM to PA, through both stages, by the hardware's own walk. 0: not readable.
static u64 vm_address(u64 va) {
    __asm__ volatile("at s12e1r, %0; isb" ::"r"(va));
    u64 par = read_sysreg("par_el1");
    return par & 1 ? 0 : (par & 0xfffffffff000) | va % PAGE;
}

static void print_for(const Vm *vm, u64 va, u64 value) {
    print("vm%d: ", vm->number);
    for (;; va++) {
        u64 pa = vm_address(va);
        char c = pa ? *(const char *)pa : 0;
        if (!c) break;
        if (c == '%')
            print(value < 10 ? "%d" : "%x", value);
        else
            print_char(c);
    }
    print("\n");
}

static void unexpected(const Vm *vm, u64 esr) {
    print("el2: vm%d: unexpected exit, ESR_EL2 %x ELR_EL2 %x FAR_EL2 %x\n", vm->number, esr,
          vm->elr, read_sysreg("far_el2"));
    power_off();
}

static void exit_hvc(Vm *vm, u64 esr) {
    vm->hvcs++;
    switch (esr & 0xffff) {
    case 1: print_for(vm, vm->x[1], vm->x[2]); break;
    case 2: vm->x[1]++; break;
    default: unexpected(vm, esr);
    }
}

static void exit_smc(Vm *vm) {
    vm->smcs++;
    vm->elr += 4;  // a trapped SMC, unlike HVC, returns to itself
    switch ((u32)vm->x[0]) {
    case PSCI_VERSION: vm->x[0] = 1 << 16 | 1; break;
    case PSCI_SYSTEM_OFF: vm->state = VM_OFF; yield(vm);
    default: vm->x[0] = NOT_SUPPORTED;
    }
}

// The device: +0 sum (write sets it), +8 adds what is written, +16 reads as 0x80.
static u64 device_read(const Vm *vm, u64 offset) {
    return offset == 0 ? vm->sum : offset == 16 ? 0x80 : 0;
}

static void device_write(Vm *vm, u64 offset, u64 value) {
    if (offset == 0) vm->sum = value;
    if (offset == 8) vm->sum += value;
}

static u64 extend(u64 value, unsigned bits, int is_signed, int to_64) {
    if (bits < 64) value &= (1ul << bits) - 1;
    if (is_signed && value >> (bits - 1)) value |= ~0ul << (bits - 1);
    return to_64 ? value : (u32)value;
}

// The VM takes a synchronous external abort at EL1, as AArch64.TakeException() would do it.
static void inject_abort(Vm *vm) {
    vm->elr_el1 = vm->elr;
    vm->spsr_el1 = vm->spsr;
    vm->esr_el1 = (u64)EC_DABT_SAME << 26 | 1 << 25 | DFSC_EXTERNAL;
    vm->far_el1 = read_sysreg("far_el2");
    vm->elr = vm->vbar_el1 + 0x200;  // current EL with SP_EL1
    vm->spsr = SPSR_EL1H_MASKED;
}

// A stage 2 fault: ESR_EL2.ISS has size (SAS), register (SRT) and direction (WnR) of the access.
static void exit_abort(Vm *vm, u64 esr) {
    u64 ipa = (read_sysreg("hpfar_el2") >> 4 << 12) | read_sysreg("far_el2") % PAGE;
    int valid = esr >> 24 & 1, write = esr >> 6 & 1;
    vm->accesses++;
    if (!valid || ipa / PAGE != VM_DEVICE_IPA / PAGE) {
        inject_abort(vm);
        return;
    }
    vm->elr += 4;
    unsigned bits = 8u << (esr >> 22 & 3), srt = esr >> 16 & 31;
    if (write)
        device_write(vm, ipa % PAGE, extend(srt == 31 ? 0 : vm->x[srt], bits, 0, 1));
    else if (srt != 31)
        vm->x[srt] = extend(device_read(vm, ipa % PAGE), bits, esr >> 21 & 1, esr >> 15 & 1);
}

// HCR_EL2.TID3 traps reads of ID registers: the VM gets EL0 and EL1 in AArch64 and nothing else.
static void exit_sysreg(Vm *vm, u64 esr) {
    enum { ID_AA64PFR0 = 3 << 20 | 4 << 1 | 1, OP0_TO_CRM_AND_READ = 0x3ffc1f };
    unsigned rt = esr >> 5 & 31;
    if ((esr & OP0_TO_CRM_AND_READ) != ID_AA64PFR0) unexpected(vm, esr);
    vm->elr += 4;
    if (rt != 31) vm->x[rt] = 0x11;
}

static void exit_wfi(Vm *vm) {
    vm->sleeps++;
    vm->elr += 4;
    if (vgic_has_pending()) return;
    vm->state = VM_ASLEEP;
    yield(vm);
}

void exit_sync(Vm *vm) {
    u64 esr = read_sysreg("esr_el2");
    switch (esr >> 26) {
    case EC_WFX: exit_wfi(vm); break;
    case EC_HVC: exit_hvc(vm, esr); break;
    case EC_SMC: exit_smc(vm); break;
    case EC_SYSREG: exit_sysreg(vm, esr); break;
    case EC_DABT_LOWER: exit_abort(vm, esr); break;
    default: unexpected(vm, esr);
    }
    vm_enter(vm);
}

void exit_irq(Vm *vm) {
    u32 intid = vgic_acknowledge();
    if (intid == TIMER_VIRTUAL) {
        vgic_inject_timer(vm);
    } else if (intid == TIMER_EL2) {
        write_sysreg("cnthp_ctl_el2", 0);
        isb();
        vgic_end(intid);
        vm->preemptions++;
        yield(vm);
    } else if (intid < NO_INTERRUPT) {
        print("el2: unexpected interrupt %d\n", (u64)intid);
        power_off();
    }
    vm_enter(vm);
}

void exit_unexpected(u64 vector) {
    print("el2: unexpected exception, vector %d ESR_EL2 %x ELR_EL2 %x FAR_EL2 %x\n", vector,
          read_sysreg("esr_el2"), read_sysreg("elr_el2"), read_sysreg("far_el2"));
    power_off();
}

// --- start ---------------------------------------------------------------------------------------

static void create(unsigned i, u64 period, u64 interrupts, u64 busy) {
    Vm *vm = &vms[i];
    volatile u64 *to = (volatile u64 *)VM_RAM_PA(i);
    const u64 *from = (const u64 *)__vm_load;
    for (u64 n = 0; n < (u64)(__vm_end - __vm_start) / 8; n++) to[n] = from[n];
    vm->number = i + 1;
    vm->vttbr = stage2_create(i);
    vm->hcr = HCR_VM;
    vm->elr = VM_RAM_IPA;
    vm->spsr = SPSR_EL1H_MASKED;
    vm->sctlr_el1 = SCTLR_OFF;
    vm->x[0] = vm->number;
    vm->x[1] = period;
    vm->x[2] = interrupts;
    vm->x[3] = busy;
    print("el2: vm%d: VMID %d, RAM at IPA %x is PA %x\n", vm->number, vm->vttbr >> 48,
          (u64)VM_RAM_IPA, VM_RAM_PA(i));
}

__attribute__((noreturn)) void main(void) {
    u64 el = read_sysreg("currentel") >> 2;
    print("el2: demo hypervisor at EL%d, two VMs on one CPU\n", el);
    create(0, milliseconds(2), 3, milliseconds(12));
    create(1, milliseconds(3), 3, milliseconds(20));
    __asm__ volatile("dsb sy; ic iallu; dsb sy; isb" ::: "memory");
    stage2_enable();
    write_sysreg("cntvoff_el2", 0);
    write_sysreg("cnthctl_el2", 3);    // EL1 may read the counter
    write_sysreg("cptr_el2", 0x37ff);  // RES1 and TFP: a VM that uses FP would be reported
    vgic_init();
    schedule(&vms[VMS - 1]);
}
