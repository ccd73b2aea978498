// A hypervisor in a few hundred lines: two VMs, one CPU, GICv3. What the files share.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum { VMS = 2, PAGE = 4096 };

// The VMs' physical address space, as their stage 2 tables make it.
enum {
    VM_RAM_IPA = 0x40000000,
    VM_RAM_PAGES = 4,            // two read-only with code, two for data and stack
    VM_DEVICE_IPA = 0x10000000,  // not mapped: EL2 plays the device
};
// Exception classes, a fault status, and an EL1 with its MMU and caches off.
enum {
    EC_WFX = 0x01,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYSREG = 0x18,
    EC_DABT_LOWER = 0x24,
    EC_DABT_SAME = 0x25,
    DFSC_EXTERNAL = 0x10,
    SPSR_EL1H_MASKED = 0x3c5,
    SCTLR_OFF = 0x30d00800,  // RES1 bits
};
#define VM_RAM_PA(vm) (0x41000000ul + 0x200000ul * (vm))

// HCR_EL2: EL1 is AArch64 (RW), stage 2 is on (VM), and what comes to EL2: WFI (TWI), SMC (TSC), reads
// of ID registers (TID3), interrupts (IMO, FMO, AMO).
#define HCR_VM (1ul << 31 | 1 << 19 | 1 << 18 | 1 << 13 | 7 << 3 | 1 << 0)

// A VM has one CPU. start.S knows the offsets of what stands before `number`.
typedef struct Vm {
    u64 x[31];                 // 0
    u64 elr, spsr;             // 248, 256
    u64 sp_el0, sp_el1;        // 264, 272
    u64 elr_el1, spsr_el1;     // 280, 288
    u64 esr_el1, far_el1;      // 296, 304
    u64 vbar_el1, sctlr_el1;   // 312, 320
    u64 tpidr_el0, tpidr_el1;  // 328, 336
    u64 vttbr, hcr;            // 344, 352
    u64 number;                // from 1; also its VMID
    enum { VM_READY, VM_ASLEEP, VM_OFF } state;
    u64 cntv_ctl, cntv_cval;
    u64 ich_lr0, ich_ap1r0, ich_vmcr;
    u64 sum;  // the device's register
    u32 hvcs, smcs, accesses, timers, sleeps, preemptions;
} Vm;

// start.S
void vm_enter(Vm *vm) __attribute__((noreturn));
void power_off(void) __attribute__((noreturn));

// main.c, called by the vectors with the VM's state saved; they go on with vm_enter().
void exit_sync(Vm *vm) __attribute__((noreturn));
void exit_irq(Vm *vm) __attribute__((noreturn));
void exit_unexpected(u64 vector) __attribute__((noreturn));

// print.c. %d %x (u64), %s, %%
void print(const char *format, ...);
void print_char(char c);

// stage2.c: tables that map the VM's RAM. Returns VTTBR_EL2.
u64 stage2_create(unsigned vm);
void stage2_enable(void);

// vgic.c
void vgic_init(void);
u32 vgic_acknowledge(void);      // INTID, 1023 = none
void vgic_end(u32 intid);        // priority drop and deactivation
void vgic_inject_timer(Vm *vm);  // priority drop; the VM's own EOI deactivates
int vgic_has_pending(void);
void vgic_save(Vm *vm);
void vgic_load(const Vm *vm);

#define read_sysreg(name) \
    ({ \
        u64 value_; \
        __asm__ volatile("mrs %0, " name : "=r"(value_)); \
        value_; \
    })
#define write_sysreg(name, value) \
    __asm__ volatile("msr " name ", %x0" ::"rZ"((u64)(value)) : "memory")
#define isb() __asm__ volatile("isb" ::: "memory")
