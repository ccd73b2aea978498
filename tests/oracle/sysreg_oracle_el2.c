// EL2's registers: at EL2 without conditions; at EL1 UNDEFINED, or for a guest hypervisor a trap, a
// place in memory or EL1's register (Arm ARM, "Hypervisor and virtualization registers", "Nested
// virtualization").
#include "oracle_access.h"

static OracleResult el2_register(const Access *a, bool present) {
    if (!a->s->has.EL2 || !present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

static OracleResult el2_register_read_only(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    return el2_register(a, true);
}

static OracleResult in_memory(const Access *a, bool present, unsigned offset) {
    if (!a->s->has.EL2 || !present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv2(a) && nv(a)) return oracle_memory(a, offset);
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

// SPSR_EL2, ELR_EL2, ESR_EL2, FAR_EL2: with FEAT_NV2 a guest hypervisor's are EL1's.
static OracleResult in_el1_register(const Access *a, unsigned el1_register) {
    if (!a->s->has.EL2) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (nv2(a) && nv(a)) return oracle_executes(a, el1_register);
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    return oracle_executes(a, a->enc);
}

// With FEAT_NV2 a guest hypervisor's is TFSR_EL1, with that register's trap.
static OracleResult tfsr_el2(const Access *a) {
    if (!a->s->has.EL2 || !a->s->has.MTE2) return oracle_undefined(a, "not implemented");
    if (a->s->el == 1 && nv2(a) && nv(a) && !hcr(a, HCR_ATA))
        return oracle_trap(a, 2, "HCR_EL2.ATA");
    return in_el1_register(a, ENC(3, 0, 5, 6, 0));
}

static bool control(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    switch (a->enc) {
    case ENC(3, 4, 1, 0, 0): *r = el2_register(a, true); return true;          // SCTLR_EL2
    case ENC(3, 4, 1, 0, 1): *r = el2_register(a, true); return true;          // ACTLR_EL2
    case ENC(3, 4, 1, 1, 0): *r = in_memory(a, true, 0x78); return true;       // HCR_EL2
    case ENC(3, 4, 1, 1, 1): *r = el2_register(a, true); return true;          // MDCR_EL2
    case ENC(3, 4, 1, 1, 2): *r = el2_register(a, true); return true;          // CPTR_EL2
    case ENC(3, 4, 1, 1, 3): *r = in_memory(a, true, 0x80); return true;       // HSTR_EL2
    case ENC(3, 4, 1, 1, 4): *r = in_memory(a, has->FGT, 0x1B8); return true;  // HFGRTR_EL2
    case ENC(3, 4, 1, 1, 5): *r = in_memory(a, has->FGT, 0x1C0); return true;  // HFGWTR_EL2
    case ENC(3, 4, 1, 1, 6): *r = in_memory(a, has->FGT, 0x1C8); return true;  // HFGITR_EL2
    case ENC(3, 4, 1, 1, 7): *r = el2_register(a, true); return true;          // HACR_EL2
    case ENC(3, 4, 1, 2, 1): *r = el2_register(a, has->TRF); return true;      // TRFCR_EL2
    case ENC(3, 4, 2, 0, 0): *r = el2_register(a, true); return true;          // TTBR0_EL2
    case ENC(3, 4, 2, 0, 1): *r = el2_register(a, has->VHE); return true;      // TTBR1_EL2
    case ENC(3, 4, 2, 0, 2): *r = el2_register(a, true); return true;          // TCR_EL2
    case ENC(3, 4, 2, 1, 0): *r = in_memory(a, true, 0x20); return true;       // VTTBR_EL2
    case ENC(3, 4, 2, 1, 2): *r = in_memory(a, true, 0x40); return true;       // VTCR_EL2
    case ENC(3, 4, 2, 2, 0): *r = in_memory(a, has->NV2, 0xB0); return true;   // VNCR_EL2
    case ENC(3, 4, 3, 1, 4): *r = in_memory(a, has->FGT, 0x1D0); return true;  // HDFGRTR_EL2
    case ENC(3, 4, 3, 1, 5): *r = in_memory(a, has->FGT, 0x1D8); return true;  // HDFGWTR_EL2
    case ENC(3, 4, 3, 1, 6):                                                   // HAFGRTR_EL2
        *r = oracle_undefined(a, "no FEAT_AMUv1");
        return true;
    default: return false;
    }
}

static bool exceptions(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    switch (a->enc) {
    case ENC(3, 4, 0, 0, 0): *r = in_memory(a, true, 0x88); return true;       // VPIDR_EL2
    case ENC(3, 4, 0, 0, 5): *r = in_memory(a, true, 0x50); return true;       // VMPIDR_EL2
    case ENC(3, 4, 3, 0, 0): *r = el2_register(a, has->AA32EL1); return true;  // DACR32_EL2
    case ENC(3, 4, 5, 6, 0): *r = tfsr_el2(a); return true;
    case ENC(3, 4, 4, 0, 0): *r = in_el1_register(a, ENC(3, 0, 4, 0, 0)); return true;  // SPSR_EL2
    case ENC(3, 4, 4, 0, 1): *r = in_el1_register(a, ENC(3, 0, 4, 0, 1)); return true;  // ELR_EL2
    case ENC(3, 4, 4, 1, 0): *r = in_memory(a, true, 0x240); return true;               // SP_EL1
    case ENC(3, 4, 4, 3, 0):                                                            // SPSR_irq
    case ENC(3, 4, 4, 3, 1):                                                            // SPSR_abt
    case ENC(3, 4, 4, 3, 2):                                                            // SPSR_und
    case ENC(3, 4, 4, 3, 3): *r = el2_register(a, true); return true;                   // SPSR_fiq
    case ENC(3, 4, 5, 0, 1): *r = el2_register(a, has->AA32EL1); return true;  // IFSR32_EL2
    case ENC(3, 4, 5, 1, 0): *r = el2_register(a, true); return true;          // AFSR0_EL2
    case ENC(3, 4, 5, 1, 1): *r = el2_register(a, true); return true;          // AFSR1_EL2
    case ENC(3, 4, 5, 2, 0): *r = in_el1_register(a, ENC(3, 0, 5, 2, 0)); return true;  // ESR_EL2
    case ENC(3, 4, 6, 0, 0): *r = in_el1_register(a, ENC(3, 0, 6, 0, 0)); return true;  // FAR_EL2
    case ENC(3, 4, 6, 0, 4): *r = el2_register(a, true); return true;                   // HPFAR_EL2
    case ENC(3, 4, 10, 2, 0): *r = el2_register(a, true); return true;                  // MAIR_EL2
    case ENC(3, 4, 10, 3, 0): *r = el2_register(a, true); return true;                  // AMAIR_EL2
    case ENC(3, 4, 12, 0, 0): *r = el2_register(a, true); return true;                  // VBAR_EL2
    case ENC(3, 4, 12, 0, 1): *r = el2_register_read_only(a); return true;              // RVBAR_EL2
    case ENC(3, 4, 12, 0, 2): *r = el2_register(a, has->RMR_EL2); return true;          // RMR_EL2
    case ENC(3, 4, 13, 0, 1): *r = el2_register(a, has->VHE); return true;     // CONTEXTIDR_EL2
    case ENC(3, 4, 13, 0, 2): *r = in_memory(a, true, 0x90); return true;      // TPIDR_EL2
    case ENC(3, 4, 13, 0, 7): *r = el2_register(a, has->CSV2_2); return true;  // SCXTNUM_EL2
    default: return false;
    }
}

bool oracle_el2(const Access *a, OracleResult *r) {
    if (control(a, r)) return true;
    return exceptions(a, r);
}
