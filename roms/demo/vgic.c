// GICv3: two private interrupts for EL2 (its own timer, 26, and the VMs' virtual timer, 27), and
// the latter handed on through list register 0 as a hardware interrupt: the VM's end of interrupt
// deactivates the physical one. A single list register is enough for a VM with one interrupt.
#include "demo.h"

#define GICD 0x08000000ul
#define GICR 0x080a0000ul
#define SGI  (GICR + 0x10000)

enum {
    GICD_CTLR = 0,
    GICR_WAKER = 0x14,
    GICR_IGROUPR0 = 0x80,
    GICR_ISENABLER0 = 0x100,
    GICR_ISACTIVER0 = 0x300,
    GICR_ICACTIVER0 = 0x380,
    GICR_IPRIORITYR = 0x400,
    PROCESSOR_SLEEP = 1 << 1,
    CHILDREN_ASLEEP = 1 << 2,
    PRIORITY = 0xa0,
    TIMER_EL2 = 26,
    TIMER_VIRTUAL = 27,
};

#define LR_PENDING (1ul << 62)
#define LR_STATE   (3ul << 62)
#define LR_HW      (1ul << 61)
#define LR_GROUP1  (1ul << 60)

static volatile u32 *reg(u64 base, u64 offset) {
    return (volatile u32 *)(base + offset);
}

void vgic_init(void) {
    *reg(GICD, GICD_CTLR) = 1 << 4;           // affinity routing
    *reg(GICD, GICD_CTLR) = 1 << 4 | 1 << 1;  // and group 1
    *reg(GICR, GICR_WAKER) &= ~PROCESSOR_SLEEP;
    while (*reg(GICR, GICR_WAKER) & CHILDREN_ASLEEP) {}
    *reg(SGI, GICR_IGROUPR0) = ~0u;
    for (u32 n = TIMER_EL2; n <= TIMER_VIRTUAL; n++)
        *(volatile u8 *)(SGI + GICR_IPRIORITYR + n) = PRIORITY;
    *reg(SGI, GICR_ISENABLER0) = 1u << TIMER_EL2 | 1u << TIMER_VIRTUAL;
    write_sysreg("icc_sre_el2", 0xf);  // system registers, at EL1 too
    isb();
    write_sysreg("icc_pmr_el1", 0xf0);
    write_sysreg("icc_ctlr_el1", 2);  // EOImode: EOIR drops the priority, DIR deactivates
    write_sysreg("icc_igrpen1_el1", 1);
    write_sysreg("ich_hcr_el2", 1);
    isb();
}

u32 vgic_acknowledge(void) {
    u32 intid = (u32)read_sysreg("icc_iar1_el1");
    __asm__ volatile("dsb sy" ::: "memory");
    return intid;
}

void vgic_end(u32 intid) {
    write_sysreg("icc_eoir1_el1", intid);
    write_sysreg("icc_dir_el1", intid);
    isb();
}

void vgic_inject_timer(Vm *vm) {
    write_sysreg("ich_lr0_el2", LR_PENDING | LR_HW | LR_GROUP1 | (u64)PRIORITY << 48 |
                                    (u64)TIMER_VIRTUAL << 32 | TIMER_VIRTUAL);
    write_sysreg("icc_eoir1_el1", TIMER_VIRTUAL);
    isb();
    vm->timers++;
}

int vgic_has_pending(void) {
    return (read_sysreg("ich_lr0_el2") & LR_STATE) != 0;
}

void vgic_save(Vm *vm) {
    vm->ich_lr0 = read_sysreg("ich_lr0_el2");
    vm->ich_ap1r0 = read_sysreg("ich_ap1r0_el2");
    vm->ich_vmcr = read_sysreg("ich_vmcr_el2");
    write_sysreg("ich_lr0_el2", 0);
    // The physical interrupt that the VM has yet to end must not block the other VM's.
    if (vm->ich_lr0 & LR_STATE) *reg(SGI, GICR_ICACTIVER0) = 1u << TIMER_VIRTUAL;
}

void vgic_load(const Vm *vm) {
    if (vm->ich_lr0 & LR_STATE) *reg(SGI, GICR_ISACTIVER0) = 1u << TIMER_VIRTUAL;
    write_sysreg("ich_lr0_el2", vm->ich_lr0);
    write_sysreg("ich_ap1r0_el2", vm->ich_ap1r0);
    write_sysreg("ich_vmcr_el2", vm->ich_vmcr);
    isb();
}
