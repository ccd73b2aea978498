// Nested virtualization with FEAT_NV2 ("Nested virtualization", "Enhanced support for nested
// virtualization"). L0 is this program at EL2; L1 is roms/nested_l1, a hypervisor that believes to be at
// EL2 and runs at EL1; L2 is L1's VM.
// With HCR_EL2.{NV,NV1,NV2} L1 reads CurrentEL as EL2. What it does to EL2 goes one of three ways:
//  - to the page at VNCR_EL2, without an exit: HCR_EL2, VTTBR_EL2, VTCR_EL2, TPIDR_EL2, CNTVOFF_EL2, and L2's
//    registers by their EL1 names;
//  - to EL1's registers, without an exit: ELR_EL2, SPSR_EL2, ESR_EL2, FAR_EL2;
//  - here, by a trap: VBAR_EL2, CPTR_EL2, HPFAR_EL2, TLBI, and ERET (EC 0x1a).
// With a word that is not zero at 0x4a00_0000 (-device loader) NV2 stays 0, and all of it traps: the number
// of traps then is the number of accesses that NV2 saves.
// At ERET L0 takes L2's state from the page and enters it with the shadow tables of shadow.c. What L2 does
// that its L1 wants comes back as an exception to L1's VBAR_EL2.
// Left out: interrupts and timers, stage 1 of L1 and L2, L1 with E2H, FP, more than one CPU. A stage 2 fault
// on a stage 1 walk cannot happen. L0 traps nothing of L2 that L1 did not ask for, except by the shadow.
#include "nested.h"

enum { EC_ERET = 0x1a, EC_IABT_LOWER = 0x20 };
#define PSCI_SYSTEM_OFF 0x84000008u
#define HCR_RW          (1ul << 31)
#define HCR_INTERRUPTS  (7ul << 3)
#define HCR_TSC         (1ul << 19)
#define HCR_NV_NV1      (3ul << 42)
#define HCR_NV2         (1ul << 45)
#define HCR_TVM_TRVM    (1ul << 26 | 1ul << 30)
#define HCR_L1          (HCR_RW | 1 | HCR_INTERRUPTS | HCR_TSC | HCR_NV_NV1)
// Not zero: FEAT_NV alone.
#define WITHOUT_NV2 ((volatile u64 *)0x4a000000)
// What L1 may ask for itself: VM, SWIO, TWI, TWE, TID0 to TID3, TSC.
#define HCR_FROM_L1 0xfe003ul

// Offsets in the page: the manual's table of VNCR_EL2.
enum {
    V_VTTBR = 0x20,
    V_VTCR = 0x40,
    V_CNTVOFF = 0x60,
    V_HCR = 0x78,
    V_TPIDR_EL2 = 0x90,
    V_SCTLR_EL1 = 0x110,
    V_ESR_EL1 = 0x138,
    V_SPSR_EL1 = 0x160,
    V_FAR_EL1 = 0x220,
    V_ELR_EL1 = 0x230,
    V_SP_EL1 = 0x240,
    V_VBAR_EL1 = 0x250,
};

static u8 page[PAGE] __attribute__((aligned(PAGE)));
static Vm l1, l2;
static u64 hpfar, cptr, erets, traps, tlbis, fills, forwarded;

static u64 *slot(unsigned offset) {
    return (u64 *)(page + offset);
}

static void unexpected(const Vm *vm, u64 esr) __attribute__((noreturn));
static void unexpected(const Vm *vm, u64 esr) {
    print("l0: unexpected exit of L%d, ESR_EL2 %x ELR_EL2 %x FAR_EL2 %x\n", vm->number, esr,
          vm->elr, read_sysreg("far_el2"));
    power_off();
}

static void copy_common(Vm *to, const Vm *from) {
    for (unsigned i = 0; i < 31; i++) to->x[i] = from->x[i];
    to->sp_el0 = from->sp_el0;
    to->tpidr_el0 = from->tpidr_el0;
    to->tpidr_el1 = from->tpidr_el1;
}

// --- L1 to L2 and back ---------------------------------------------------------------------------

// ERET of L1: its ELR_EL2 and SPSR_EL2 are in EL1's registers.
static Vm *emulate_eret(void) {
    u64 mode = l1.spsr_el1 & 0x1f;
    erets++;
    if (mode == 9 || mode == 8) {  // within virtual EL2
        l1.elr = l1.elr_el1;
        l1.spsr = l1.spsr_el1 - 4;
        return &l1;
    }
    if (mode != 5 && mode != 4 && mode != 0) unexpected(&l1, read_sysreg("esr_el2"));
    copy_common(&l2, &l1);
    l2.elr = l1.elr_el1;
    l2.spsr = l1.spsr_el1;
    l2.sctlr_el1 = *slot(V_SCTLR_EL1);
    l2.esr_el1 = *slot(V_ESR_EL1);
    l2.spsr_el1 = *slot(V_SPSR_EL1);
    l2.far_el1 = *slot(V_FAR_EL1);
    l2.elr_el1 = *slot(V_ELR_EL1);
    l2.sp_el1 = *slot(V_SP_EL1);
    l2.vbar_el1 = *slot(V_VBAR_EL1);
    l2.hcr = HCR_RW | HCR_INTERRUPTS | 1 | (*slot(V_HCR) & HCR_FROM_L1);
    return &l2;
}

// L2's exit becomes an exception of L1 to its EL2, from a lower Exception level in AArch64.
static Vm *forward(u64 esr) {
    forwarded++;
    copy_common(&l1, &l2);
    *slot(V_SCTLR_EL1) = l2.sctlr_el1;
    *slot(V_ESR_EL1) = l2.esr_el1;
    *slot(V_SPSR_EL1) = l2.spsr_el1;
    *slot(V_FAR_EL1) = l2.far_el1;
    *slot(V_ELR_EL1) = l2.elr_el1;
    *slot(V_SP_EL1) = l2.sp_el1;
    *slot(V_VBAR_EL1) = l2.vbar_el1;
    l1.elr_el1 = l2.elr;
    l1.spsr_el1 = l2.spsr;
    l1.esr_el1 = esr;
    l1.far_el1 = read_sysreg("far_el2");
    l1.elr = l1.vbar_el1 + 0x400;
    l1.spsr = SPSR_EL1H_MASKED;
    return &l1;
}

// HPFAR_EL2 is not valid for a permission fault: stage 1 is asked again.
static u64 fault_ipa(u64 esr) {
    u64 far = read_sysreg("far_el2");
    if ((esr & 0x3c) != 0x0c) return read_sysreg("hpfar_el2") >> 4 << 12;
    __asm__ volatile("at s1e1r, %0; isb" ::"r"(far));
    return read_sysreg("par_el1") & 0xfffffffff000;
}

static Vm *l2_abort(u64 esr) {
    u64 ipa = fault_ipa(esr);
    int fetch = esr >> 26 == EC_IABT_LOWER;
    u64 status = shadow_fault(ipa, *slot(V_VTTBR), !fetch && (esr >> 6 & 1), fetch);
    if (!status) {
        fills++;
        return &l2;
    }
    hpfar = ipa >> 12 << 4;
    return forward((esr & ~0x3ful) | status);
}

// --- L1's traps ----------------------------------------------------------------------------------

#define ENC(op0, op1, crn, crm, op2) \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)

// What traps also with NV2, then what is there only to be compared: without it.
static u64 *l1_register(u64 enc) {
    switch (enc) {
    case ENC(3, 4, 12, 0, 0): return &l1.vbar_el1;       // VBAR_EL2
    case ENC(3, 4, 1, 1, 2): return &cptr;               // CPTR_EL2
    case ENC(3, 4, 6, 0, 4): return &hpfar;              // HPFAR_EL2
    case ENC(3, 4, 4, 0, 0): return &l1.spsr_el1;        // SPSR_EL2
    case ENC(3, 4, 4, 0, 1): return &l1.elr_el1;         // ELR_EL2
    case ENC(3, 4, 5, 2, 0): return &l1.esr_el1;         // ESR_EL2
    case ENC(3, 4, 6, 0, 0): return &l1.far_el1;         // FAR_EL2
    case ENC(3, 4, 1, 1, 0): return slot(V_HCR);         // HCR_EL2
    case ENC(3, 4, 2, 1, 0): return slot(V_VTTBR);       // VTTBR_EL2
    case ENC(3, 4, 2, 1, 2): return slot(V_VTCR);        // VTCR_EL2
    case ENC(3, 4, 13, 0, 2): return slot(V_TPIDR_EL2);  // TPIDR_EL2
    case ENC(3, 4, 14, 0, 3): return slot(V_CNTVOFF);    // CNTVOFF_EL2
    case ENC(3, 4, 4, 1, 0): return slot(V_SP_EL1);      // SP_EL1
    case ENC(3, 0, 1, 0, 0): return slot(V_SCTLR_EL1);   // SCTLR_EL1
    case ENC(3, 0, 4, 0, 0): return slot(V_SPSR_EL1);    // SPSR_EL1
    case ENC(3, 0, 4, 0, 1): return slot(V_ELR_EL1);     // ELR_EL1
    case ENC(3, 0, 5, 2, 0): return slot(V_ESR_EL1);     // ESR_EL1
    case ENC(3, 0, 6, 0, 0): return slot(V_FAR_EL1);     // FAR_EL1
    case ENC(3, 0, 12, 0, 0): return slot(V_VBAR_EL1);   // VBAR_EL1
    default: return 0;
    }
}

static void l1_sysreg(u64 esr) {
    u64 enc = esr & 0x3ffc1e, *reg = l1_register(enc);
    unsigned rt = esr >> 5 & 31;
    int tlbi = (enc & ENC(3, 7, 15, 0, 0)) == ENC(1, 4, 8, 0, 0);  // of EL2's
    l1.elr += 4;
    if (tlbi) {
        tlbis++;
        shadow_clear();
        return;
    }
    if (!reg) unexpected(&l1, esr);
    traps++;
    if (!(esr & 1))
        *reg = rt == 31 ? 0 : l1.x[rt];
    else if (rt != 31)
        l1.x[rt] = *reg;
}

static void l1_smc(u64 esr) {
    if ((u32)l1.x[0] != PSCI_SYSTEM_OFF) unexpected(&l1, esr);
    print("l0: %d ERETs, %d registers, %d TLBIs trapped; %d pages shadowed, %d exits forwarded\n",
          erets, traps, tlbis, fills, forwarded);
    power_off();
}

// --- exits ---------------------------------------------------------------------------------------

static Vm *l1_exit(u64 esr) {
    switch (esr >> 26) {
    case EC_ERET: return emulate_eret();
    case EC_SYSREG: l1_sysreg(esr); break;
    case EC_SMC: l1_smc(esr); break;
    default: unexpected(&l1, esr);
    }
    return &l1;
}

static Vm *l2_exit(u64 esr) {
    switch (esr >> 26) {
    case EC_WFX:
    case EC_HVC:
    case EC_SMC:
    case EC_SYSREG: return forward(esr);
    case EC_IABT_LOWER:
    case EC_DABT_LOWER: return l2_abort(esr);
    default: unexpected(&l2, esr);
    }
    return &l2;
}

void exit_sync(Vm *vm) {
    u64 esr = read_sysreg("esr_el2");
    vm_enter(vm == &l1 ? l1_exit(esr) : l2_exit(esr));
}

void exit_irq(Vm *vm) {
    unexpected(vm, 0);
}

void exit_unexpected(u64 vector) {
    print("l0: unexpected exception, vector %d ESR_EL2 %x ELR_EL2 %x FAR_EL2 %x\n", vector,
          read_sysreg("esr_el2"), read_sysreg("elr_el2"), read_sysreg("far_el2"));
    power_off();
}

// --- start ---------------------------------------------------------------------------------------

// Copies the segments of L1's ELF64 file to its memory. Returns its entry.
static u64 load_l1(void) {
    extern const u8 l1_elf[];
    const u64 *phdr = (const u64 *)(l1_elf + *(const u64 *)(l1_elf + 32));
    for (unsigned n = *(const unsigned short *)(l1_elf + 56); n; n--, phdr += 7) {
        if ((u32)phdr[0] != 1) continue;  // PT_LOAD: offset, vaddr, paddr, filesz, memsz
        volatile u8 *to = (volatile u8 *)l1_memory(phdr[3]);
        for (u64 i = 0; i < phdr[4]; i++) to[i] = l1_elf[phdr[1] + i];
    }
    return *(const u64 *)(l1_elf + 24);
}

__attribute__((noreturn)) void main(void) {
    if ((read_sysreg("S3_0_C0_C7_2") >> 24 & 0xf) < 2) {  // ID_AA64MMFR2_EL1.NV
        print("l0: no FEAT_NV2\n");
        power_off();
    }
    l1.number = 1;
    l2.number = 2;
    l1.elr = load_l1();
    l1.spsr = SPSR_EL1H_MASKED;
    l1.sctlr_el1 = SCTLR_OFF;
    l1.hcr = HCR_L1 | (*WITHOUT_NV2 ? HCR_TVM_TRVM : HCR_NV2);
    l1.vttbr = l1_tables();
    l2.vttbr = shadow_tables();
    __asm__ volatile("dsb sy; ic iallu; dsb sy; isb" ::: "memory");
    write_sysreg("vtcr_el2", 1ul << 31 | 2 << 16 | 1 << 6 | 32);  // as roms/demo/stage2.c
    write_sysreg("S3_4_C2_C2_0", page);                           // VNCR_EL2
    write_sysreg("cptr_el2", 0x37ff);
    shadow_clear();
    print("l0: L1 enters virtual EL2\n");
    vm_enter(&l1);
}
