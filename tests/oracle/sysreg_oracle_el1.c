// EL1's control registers and their _EL12 names (Arm ARM, "Virtual memory control registers", "General
// system control registers"; HCR_EL2.TVM, TRVM, TACR, TLOR, APK, ATA; FEAT_VHE; FEAT_NV, FEAT_NV2).
#include "oracle_access.h"

enum { NO_MEMORY = 0 };

// What EL2 reaches by EL1's name: its own register when HCR_EL2.E2H is 1.
static OracleResult at_el2(const Access *a, unsigned el2_register) {
    if (e2h(a)) return oracle_executes(a, el2_register);
    return oracle_executes(a, a->enc);
}

// SCTLR_EL1, TTBR<n>_EL1, TCR_EL1, AFSR<n>_EL1, ESR_EL1, FAR_EL1, MAIR_EL1, AMAIR_EL1, CONTEXTIDR_EL1.
static OracleResult virtual_memory(const Access *a, bool fgt, const char *cause, unsigned offset,
                                   unsigned el2_register) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->read && hcr(a, HCR_TRVM)) return oracle_trap(a, 2, "HCR_EL2.TRVM");
        if (!a->read && hcr(a, HCR_TVM)) return oracle_trap(a, 2, "HCR_EL2.TVM");
        if (fgt) return oracle_trap(a, 2, cause);
        if (nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, offset);
        return oracle_executes(a, a->enc);
    }
    return at_el2(a, el2_register);
}

static OracleResult actlr_el1(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TACR)) return oracle_trap(a, 2, "HCR_EL2.TACR");
        if (nv2(a) && nv(a)) return oracle_memory(a, 0x118);
    }
    return oracle_executes(a, a->enc);
}

static OracleResult cpacr_el1(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->s->has.EL2 && bit(a->s->CPTR_EL2, 31)) return oracle_trap(a, 2, "CPTR_EL2.TCPAC");
        if (hfg(a, 12)) return oracle_trap(a, 2, HFG_CAUSE(a, "CPACR_EL1"));
        if (nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, 0x100);
        return oracle_executes(a, a->enc);
    }
    return at_el2(a, ENC(3, 4, 1, 1, 2));
}

static OracleResult trfcr_el1(const Access *a) {
    if (!a->s->has.TRF) return oracle_undefined(a, "no FEAT_TRF");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->s->has.EL2 && bit(a->s->MDCR_EL2, 19)) return oracle_trap(a, 2, "MDCR_EL2.TTRF");
        if (nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, 0x880);
        return oracle_executes(a, a->enc);
    }
    return at_el2(a, ENC(3, 4, 1, 2, 1));
}

// VBAR_EL1, SPSR_EL1, ELR_EL1. Only the first has a fine-grained trap.
static OracleResult exception_register(const Access *a, bool fgt, const char *cause,
                                       unsigned offset, unsigned el2_register) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (!nv2(a) && nv1(a)) return oracle_trap(a, 2, "HCR_EL2.NV1");
        if (fgt) return oracle_trap(a, 2, cause);
        if (nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, offset);
        return oracle_executes(a, a->enc);
    }
    return at_el2(a, el2_register);
}

static OracleResult scxtnum_el1(const Access *a) {
    if (!a->s->has.CSV2_2) return oracle_undefined(a, "no FEAT_CSV2_2");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (!nv2(a) && nv1(a)) return oracle_trap(a, 2, "HCR_EL2.NV1");
        if (a->s->has.EL2 && !hcr(a, HCR_EnSCXT)) return oracle_trap(a, 2, "HCR_EL2.EnSCXT");
        if (hfg(a, 30)) return oracle_trap(a, 2, HFG_CAUSE(a, "SCXTNUM_EL1"));
        if (nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, 0x188);
        return oracle_executes(a, a->enc);
    }
    return at_el2(a, ENC(3, 4, 13, 0, 7));
}

static OracleResult cntkctl_el1(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) return oracle_executes(a, a->enc);
    return at_el2(a, ENC(3, 4, 14, 1, 0));
}

static OracleResult pointer_authentication_key(const Access *a, bool fgt, const char *cause) {
    if (!a->s->has.PAuth) return oracle_undefined(a, "no FEAT_PAuth");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->s->has.EL2 && !hcr(a, HCR_APK)) return oracle_trap(a, 2, "HCR_EL2.APK");
        if (fgt) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

static OracleResult lor(const Access *a, bool fgt, const char *cause) {
    if (!a->s->has.LOR) return oracle_undefined(a, "no FEAT_LOR");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->enc == ENC(3, 0, 10, 4, 7) && !a->read)  // LORID_EL1
        return oracle_undefined(a, "read-only");
    if (a->s->el == 1) {
        if (hcr(a, HCR_TLOR)) return oracle_trap(a, 2, "HCR_EL2.TLOR");
        if (fgt) return oracle_trap(a, 2, cause);
    }
    return oracle_executes(a, a->enc);
}

// GCR_EL1, RGSR_EL1, TFSRE0_EL1.
static OracleResult tag_register(const Access *a) {
    if (!a->s->has.MTE2) return oracle_undefined(a, "no FEAT_MTE2");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && a->s->has.EL2 && !hcr(a, HCR_ATA)) return oracle_trap(a, 2, "HCR_EL2.ATA");
    return oracle_executes(a, a->enc);
}

static OracleResult tfsr_el1(const Access *a) {
    if (!a->s->has.MTE2) return oracle_undefined(a, "no FEAT_MTE2");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (a->s->has.EL2 && !hcr(a, HCR_ATA)) return oracle_trap(a, 2, "HCR_EL2.ATA");
        if (nv2(a) && nv1(a) && nv(a)) return oracle_memory(a, 0x190);
        return oracle_executes(a, a->enc);
    }
    return at_el2(a, ENC(3, 4, 5, 6, 0));
}

static OracleResult par_el1(const Access *a) {
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && hfg(a, 27)) return oracle_trap(a, 2, HFG_CAUSE(a, "PAR_EL1"));
    return oracle_executes(a, a->enc);
}

static OracleResult isr_el1(const Access *a) {
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1 && hfg(a, 18)) return oracle_trap(a, 2, "HFGRTR_EL2.ISR_EL1");
    return oracle_executes(a, a->enc);
}

// There only where EL1 is the highest Exception level.
static OracleResult rvbar_el1(const Access *a) {
    if (a->s->has.EL2) return oracle_undefined(a, "EL2 is implemented");
    if (!a->read) return oracle_undefined(a, "read-only");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    return oracle_executes(a, a->enc);
}

// An _EL12 name: EL1's register for a host at EL2; for a guest hypervisor a trap or memory.
static OracleResult el12(const Access *a, bool present, unsigned el1_register, unsigned offset) {
    if (!a->s->has.EL2 || !a->s->has.VHE || !present) return oracle_undefined(a, "not implemented");
    if (a->s->el == 0) return oracle_undefined(a, "EL0");
    if (a->s->el == 1) {
        if (offset != NO_MEMORY && nv2(a) && !nv1(a) && nv(a)) return oracle_memory(a, offset);
        if (nv(a)) return oracle_trap(a, 2, "HCR_EL2.NV");
        return oracle_undefined(a, "EL1");
    }
    if (!e2h(a)) return oracle_undefined(a, "HCR_EL2.E2H");
    return oracle_executes(a, el1_register);
}

static bool el12_names(const Access *a, OracleResult *r) {
    const OracleFeatures *has = &a->s->has;
    switch (a->enc) {
    case ENC(3, 5, 1, 0, 0): *r = el12(a, true, ENC(3, 0, 1, 0, 0), 0x110); return true;
    case ENC(3, 5, 1, 0, 2): *r = el12(a, true, ENC(3, 0, 1, 0, 2), 0x100); return true;
    case ENC(3, 5, 1, 2, 1): *r = el12(a, has->TRF, ENC(3, 0, 1, 2, 1), 0x880); return true;
    case ENC(3, 5, 2, 0, 0): *r = el12(a, true, ENC(3, 0, 2, 0, 0), 0x200); return true;
    case ENC(3, 5, 2, 0, 1): *r = el12(a, true, ENC(3, 0, 2, 0, 1), 0x210); return true;
    case ENC(3, 5, 2, 0, 2): *r = el12(a, true, ENC(3, 0, 2, 0, 2), 0x120); return true;
    case ENC(3, 5, 4, 0, 0): *r = el12(a, true, ENC(3, 0, 4, 0, 0), 0x160); return true;
    case ENC(3, 5, 4, 0, 1): *r = el12(a, true, ENC(3, 0, 4, 0, 1), 0x230); return true;
    case ENC(3, 5, 5, 1, 0): *r = el12(a, true, ENC(3, 0, 5, 1, 0), 0x128); return true;
    case ENC(3, 5, 5, 1, 1): *r = el12(a, true, ENC(3, 0, 5, 1, 1), 0x130); return true;
    case ENC(3, 5, 5, 2, 0): *r = el12(a, true, ENC(3, 0, 5, 2, 0), 0x138); return true;
    case ENC(3, 5, 5, 6, 0): *r = el12(a, has->MTE2, ENC(3, 0, 5, 6, 0), 0x190); return true;
    case ENC(3, 5, 6, 0, 0): *r = el12(a, true, ENC(3, 0, 6, 0, 0), 0x220); return true;
    case ENC(3, 5, 10, 2, 0): *r = el12(a, true, ENC(3, 0, 10, 2, 0), 0x140); return true;
    case ENC(3, 5, 10, 3, 0): *r = el12(a, true, ENC(3, 0, 10, 3, 0), 0x148); return true;
    case ENC(3, 5, 12, 0, 0): *r = el12(a, true, ENC(3, 0, 12, 0, 0), 0x250); return true;
    case ENC(3, 5, 13, 0, 1): *r = el12(a, true, ENC(3, 0, 13, 0, 1), 0x108); return true;
    case ENC(3, 5, 13, 0, 7): *r = el12(a, has->CSV2_2, ENC(3, 0, 13, 0, 7), 0x188); return true;
    case ENC(3, 5, 14, 1, 0): *r = el12(a, true, ENC(3, 0, 14, 1, 0), NO_MEMORY); return true;
    default: return false;
    }
}

static bool virtual_memory_names(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 0, 1, 0, 0):
        *r = virtual_memory(a, hfg(a, 29), HFG_CAUSE(a, "SCTLR_EL1"), 0x110, ENC(3, 4, 1, 0, 0));
        return true;
    case ENC(3, 0, 2, 0, 0):
        *r = virtual_memory(a, hfg(a, 36), HFG_CAUSE(a, "TTBR0_EL1"), 0x200, ENC(3, 4, 2, 0, 0));
        return true;
    case ENC(3, 0, 2, 0, 1):
        *r = virtual_memory(a, hfg(a, 37), HFG_CAUSE(a, "TTBR1_EL1"), 0x210, ENC(3, 4, 2, 0, 1));
        return true;
    case ENC(3, 0, 2, 0, 2):
        *r = virtual_memory(a, hfg(a, 32), HFG_CAUSE(a, "TCR_EL1"), 0x120, ENC(3, 4, 2, 0, 2));
        return true;
    case ENC(3, 0, 5, 1, 0):
        *r = virtual_memory(a, hfg(a, 0), HFG_CAUSE(a, "AFSR0_EL1"), 0x128, ENC(3, 4, 5, 1, 0));
        return true;
    case ENC(3, 0, 5, 1, 1):
        *r = virtual_memory(a, hfg(a, 1), HFG_CAUSE(a, "AFSR1_EL1"), 0x130, ENC(3, 4, 5, 1, 1));
        return true;
    case ENC(3, 0, 5, 2, 0):
        *r = virtual_memory(a, hfg(a, 16), HFG_CAUSE(a, "ESR_EL1"), 0x138, ENC(3, 4, 5, 2, 0));
        return true;
    case ENC(3, 0, 6, 0, 0):
        *r = virtual_memory(a, hfg(a, 17), HFG_CAUSE(a, "FAR_EL1"), 0x220, ENC(3, 4, 6, 0, 0));
        return true;
    case ENC(3, 0, 10, 2, 0):
        *r = virtual_memory(a, hfg(a, 24), HFG_CAUSE(a, "MAIR_EL1"), 0x140, ENC(3, 4, 10, 2, 0));
        return true;
    case ENC(3, 0, 10, 3, 0):
        *r = virtual_memory(a, hfg(a, 3), HFG_CAUSE(a, "AMAIR_EL1"), 0x148, ENC(3, 4, 10, 3, 0));
        return true;
    case ENC(3, 0, 13, 0, 1):
        *r = virtual_memory(a, hfg(a, 11), HFG_CAUSE(a, "CONTEXTIDR_EL1"), 0x108,
                            ENC(3, 4, 13, 0, 1));
        return true;
    default: return false;
    }
}

static bool key_names(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 0, 2, 1, 0):
    case ENC(3, 0, 2, 1, 1):
        *r = pointer_authentication_key(a, hfg(a, 7), HFG_CAUSE(a, "APIAKey"));
        return true;
    case ENC(3, 0, 2, 1, 2):
    case ENC(3, 0, 2, 1, 3):
        *r = pointer_authentication_key(a, hfg(a, 8), HFG_CAUSE(a, "APIBKey"));
        return true;
    case ENC(3, 0, 2, 2, 0):
    case ENC(3, 0, 2, 2, 1):
        *r = pointer_authentication_key(a, hfg(a, 4), HFG_CAUSE(a, "APDAKey"));
        return true;
    case ENC(3, 0, 2, 2, 2):
    case ENC(3, 0, 2, 2, 3):
        *r = pointer_authentication_key(a, hfg(a, 5), HFG_CAUSE(a, "APDBKey"));
        return true;
    case ENC(3, 0, 2, 3, 0):
    case ENC(3, 0, 2, 3, 1):
        *r = pointer_authentication_key(a, hfg(a, 6), HFG_CAUSE(a, "APGAKey"));
        return true;
    default: return false;
    }
}

static bool other_names(const Access *a, OracleResult *r) {
    switch (a->enc) {
    case ENC(3, 0, 1, 0, 1): *r = actlr_el1(a); return true;
    case ENC(3, 0, 1, 0, 2): *r = cpacr_el1(a); return true;
    case ENC(3, 0, 1, 0, 5):  // RGSR_EL1
    case ENC(3, 0, 1, 0, 6):  // GCR_EL1
    case ENC(3, 0, 5, 6, 1): *r = tag_register(a); return true;
    case ENC(3, 0, 5, 6, 0): *r = tfsr_el1(a); return true;
    case ENC(3, 0, 1, 2, 1): *r = trfcr_el1(a); return true;
    case ENC(3, 0, 4, 0, 0):
        *r = exception_register(a, false, "", 0x160, ENC(3, 4, 4, 0, 0));
        return true;
    case ENC(3, 0, 4, 0, 1):
        *r = exception_register(a, false, "", 0x230, ENC(3, 4, 4, 0, 1));
        return true;
    case ENC(3, 0, 12, 0, 0):
        *r =
            exception_register(a, hfg(a, 38), HFG_CAUSE(a, "VBAR_EL1"), 0x250, ENC(3, 4, 12, 0, 0));
        return true;
    case ENC(3, 0, 7, 4, 0): *r = par_el1(a); return true;
    case ENC(3, 0, 10, 4, 0): *r = lor(a, hfg(a, 23), HFG_CAUSE(a, "LORSA_EL1")); return true;
    case ENC(3, 0, 10, 4, 1): *r = lor(a, hfg(a, 20), HFG_CAUSE(a, "LOREA_EL1")); return true;
    case ENC(3, 0, 10, 4, 2): *r = lor(a, hfg(a, 22), HFG_CAUSE(a, "LORN_EL1")); return true;
    case ENC(3, 0, 10, 4, 3): *r = lor(a, hfg(a, 19), HFG_CAUSE(a, "LORC_EL1")); return true;
    case ENC(3, 0, 10, 4, 7): *r = lor(a, hfg(a, 21), "HFGRTR_EL2.LORID_EL1"); return true;
    case ENC(3, 0, 12, 0, 1): *r = rvbar_el1(a); return true;
    case ENC(3, 0, 12, 1, 0): *r = isr_el1(a); return true;
    case ENC(3, 0, 13, 0, 7): *r = scxtnum_el1(a); return true;
    case ENC(3, 0, 14, 1, 0): *r = cntkctl_el1(a); return true;
    default: return false;
    }
}

bool oracle_el1(const Access *a, OracleResult *r) {
    if (virtual_memory_names(a, r)) return true;
    if (key_names(a, r)) return true;
    if (el12_names(a, r)) return true;
    return other_names(a, r);
}
