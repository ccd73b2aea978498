// GICv3: the distributor and this CPU's redistributor for two timers, and the list registers
// through which the VMs get their interrupts.
#include "demo.h"

#define GICD_BASE 0x08000000ul
#define GICR_BASE 0x080a0000ul
#define SGI_BASE  (GICR_BASE + 0x10000)
enum {
    GICD_CTLR = 0x0,
    CTLR_ENABLE = 1 << 1 | 1 << 4,  // Group 1, affinity routing
    GICR_WAKER = 0x14,
    WAKER_SLEEP = 1 << 1,
    WAKER_ASLEEP = 1 << 2,
    GICR_IGROUPR0 = 0x80,
    GICR_ISENABLER0 = 0x100,
    GICR_IPRIORITYR = 0x400,
};

#define LR_PENDING  (1ul << 62)
#define LR_STATE    (3ul << 62)
#define LR_GROUP1   (1ul << 60)
#define LR_PRIORITY (0x80ul << 48)

static volatile uint32_t *reg(uint64_t address) {
    return (volatile uint32_t *)address;
}

void gic_init(void) {
    *reg(GICD_BASE + GICD_CTLR) = CTLR_ENABLE;
    *reg(GICR_BASE + GICR_WAKER) &= ~(uint32_t)WAKER_SLEEP;
    while (*reg(GICR_BASE + GICR_WAKER) & WAKER_ASLEEP) {}
    *reg(SGI_BASE + GICR_IGROUPR0) = ~0u;
    *reg(SGI_BASE + GICR_IPRIORITYR + 24) = 0x80808080;
    *reg(SGI_BASE + GICR_ISENABLER0) = 1u << INTID_HPTIMER | 1u << INTID_VTIMER;
    write_sysreg(ICC_SRE_EL2, 0xf);
    isb();
    write_sysreg(ICC_PMR, 0xff);
    write_sysreg(ICC_IGRPEN1, 1);
    write_sysreg(ICH_HCR, 1);
    isb();
}

uint32_t gic_acknowledge(void) {
    return (uint32_t)read_sysreg(ICC_IAR1) & 0xffffff;
}
void gic_end(uint32_t intid) {
    write_sysreg(ICC_EOIR1, intid);
}

void vgic_inject(uint32_t intid) {
    uint64_t lr = LR_PENDING | LR_GROUP1 | LR_PRIORITY | intid;
    if (!(read_sysreg(ICH_LR0) & LR_STATE))
        write_sysreg(ICH_LR0, lr);
    else
        write_sysreg(ICH_LR1, lr);
}

void vgic_save(struct vm *vm) {
    vm->lr[0] = read_sysreg(ICH_LR0);
    vm->lr[1] = read_sysreg(ICH_LR1);
    vm->vmcr = read_sysreg(ICH_VMCR);
    vm->ap1r0 = read_sysreg(ICH_AP1R0);
}

void vgic_restore(const struct vm *vm) {
    write_sysreg(ICH_LR0, vm->lr[0]);
    write_sysreg(ICH_LR1, vm->lr[1]);
    write_sysreg(ICH_VMCR, vm->vmcr);
    write_sysreg(ICH_AP1R0, vm->ap1r0);
}
