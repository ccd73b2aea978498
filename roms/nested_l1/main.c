// An ordinary small hypervisor for EL2 without E2H: one VM, no interrupts. It knows nothing of nesting. It
// runs at EL2 (nested_l1.elf), or at EL1 under roms/nested, which has the same file in it, and prints the
// same. Start, entry, exit and tables are the demo's.
#include "../demo/demo.h"

extern const u8 __vm_load[], __vm_start[], __vm_end[];

enum {
    DEMAND_IPA = 0x40010000,
    DEMAND_PA = 0x41100000,
    DEMAND_DESC = 0x7ff,  // a page: normal memory, read and write, inner shareable, accessed
};
#define PSCI_VERSION    0x84000000u
#define PSCI_SYSTEM_OFF 0x84000008u

static Vm vm;
static u64 sysregs;

static void print_for_vm(u64 ipa, u64 value) {
    print("vm: ");
    for (const char *s = (const char *)(ipa - VM_RAM_IPA + VM_RAM_PA(0)); *s; s++) {
        if (*s == '%')
            print(value < 100 ? "%d" : "%x", value);
        else
            print_char(*s);
    }
    print("\n");
}

// The descriptor of an IPA in the 2 MB that the VM's tables have at level 3.
static u64 *descriptor(u64 ipa) {
    const u64 table = 0xfffffffff000;
    u64 *level1 = (u64 *)(vm.vttbr & table);
    u64 *level2 = (u64 *)(level1[ipa >> 30] & table);
    return (u64 *)(level2[ipa >> 21 & 511] & table) + (ipa >> 12 & 511);
}

static void unmap(u64 ipa) {
    *descriptor(ipa) = 0;
    __asm__ volatile(
        "dsb ish; tlbi ipas2e1is, %0; dsb ish; tlbi vmalle1is; dsb ish; isb" ::"r"(ipa >> 12)
        : "memory");
    print("l1: unmapped IPA %x\n", ipa);
}

static void unexpected(u64 esr) {
    print("l1: unexpected exit, ESR_EL2 %x ELR_EL2 %x FAR_EL2 %x\n", esr, vm.elr,
          read_sysreg("far_el2"));
    power_off();
}

static void exit_hvc(u64 esr) {
    vm.hvcs++;
    switch (esr & 0xffff) {
    case 1: print_for_vm(vm.x[1], vm.x[2]); break;
    case 2: vm.x[1]++; break;
    case 3: unmap(vm.x[1]); break;
    default: unexpected(esr);
    }
}

static void exit_smc(void) {
    vm.smcs++;
    vm.elr += 4;
    if ((u32)vm.x[0] != PSCI_SYSTEM_OFF) {
        vm.x[0] = (u32)vm.x[0] == PSCI_VERSION ? 1 << 16 | 1 : ~0ul;
        return;
    }
    print("l1: %d HVCs, %d SMCs, %d aborts, %d system registers, %d WFIs\n", (u64)vm.hvcs,
          (u64)vm.smcs, (u64)vm.accesses, sysregs, (u64)vm.sleeps);
    power_off();
}

static void inject_abort(void) {
    vm.elr_el1 = vm.elr;
    vm.spsr_el1 = vm.spsr;
    vm.esr_el1 = (u64)EC_DABT_SAME << 26 | 1 << 25 | DFSC_EXTERNAL;
    vm.far_el1 = read_sysreg("far_el2");
    vm.elr = vm.vbar_el1 + 0x200;
    vm.spsr = SPSR_EL1H_MASKED;
}

static void device(u64 esr, u64 offset) {
    unsigned bits = 8u << (esr >> 22 & 3), srt = esr >> 16 & 31;
    u64 mask = bits < 64 ? (1ul << bits) - 1 : ~0ul;
    vm.elr += 4;
    if (!(esr >> 6 & 1))
        vm.x[srt] = vm.sum & mask;
    else if (offset == 8)
        vm.sum += vm.x[srt] & mask;
}

static void exit_abort(u64 esr) {
    u64 ipa = read_sysreg("hpfar_el2") >> 4 << 12;
    vm.accesses++;
    print("l1: abort, ESR_EL2 %x FAR_EL2 %x\n", esr, read_sysreg("far_el2"));
    if ((esr & 0x3c) == 0x0c) {  // permission
        inject_abort();
    } else if (ipa == DEMAND_IPA) {
        *descriptor(ipa) = DEMAND_PA | DEMAND_DESC;
        __asm__ volatile("dsb ish" ::: "memory");
    } else if (ipa == VM_DEVICE_IPA) {
        device(esr, read_sysreg("far_el2") % PAGE);
    } else {
        unexpected(esr);
    }
}

void exit_sync(Vm *unused) {
    (void)unused;
    u64 esr = read_sysreg("esr_el2");
    switch (esr >> 26) {
    case EC_WFX:
        vm.sleeps++;
        vm.elr += 4;
        break;
    case EC_HVC: exit_hvc(esr); break;
    case EC_SMC: exit_smc(); break;
    case EC_SYSREG:
        sysregs++;
        vm.elr += 4;
        vm.x[esr >> 5 & 31] = 0x11;
        break;
    case EC_DABT_LOWER: exit_abort(esr); break;
    default: unexpected(esr);
    }
    vm_enter(&vm);
}

void exit_irq(Vm *unused) {
    (void)unused;
    exit_unexpected(9);
}

void exit_unexpected(u64 vector) {
    print("l1: unexpected exception, vector %d ESR_EL2 %x ELR_EL2 %x FAR_EL2 %x\n", vector,
          read_sysreg("esr_el2"), read_sysreg("elr_el2"), read_sysreg("far_el2"));
    power_off();
}

__attribute__((noreturn)) void main(void) {
    print("l1: hypervisor at EL%d\n", read_sysreg("currentel") >> 2);
    volatile u64 *to = (volatile u64 *)VM_RAM_PA(0);
    for (u64 n = 0; n < (u64)(__vm_end - __vm_start) / 8; n++) to[n] = ((const u64 *)__vm_load)[n];
    __asm__ volatile("dsb sy; ic iallu; dsb sy; isb" ::: "memory");
    vm.vttbr = stage2_create(0);
    vm.hcr = HCR_VM;
    vm.elr = VM_RAM_IPA;
    vm.spsr = SPSR_EL1H_MASKED;
    vm.sctlr_el1 = SCTLR_OFF;
    stage2_enable();
    write_sysreg("cntvoff_el2", 0);
    write_sysreg("cptr_el2", 0x37ff);
    print("l1: VTTBR_EL2 %x VTCR_EL2.T0SZ %d\n", vm.vttbr, read_sysreg("vtcr_el2") & 63);
    vm_enter(&vm);
}
