// System register and system instruction accesses: applies the rows of sysregs.reg in the order of
// the accessor pseudo-code (Arm ARM: "The AArch64 System Register Descriptions"): allocated? at
// this Exception level? FP and system traps, E2H redirection, then hook or storage. Left out: EL3,
// nested virtualization (HCR_EL2.NV*), fine-grained traps: not advertised. Choice: HCR_EL2.TIDCP
// traps EL0's use of the IMPLEMENTATION DEFINED space too.
#include "cpu/sysreg.h"
#include "cpu/exception.h"

#include <stdio.h>
#include <strings.h>

extern const u8 sysreg_row[8192];
extern const u16 sysreg_column[][8];

// --- look-up ---------------------------------------------------------------------------------

unsigned sysreg_index(unsigned enc) {
    return sysreg_column[sysreg_row[enc >> 3 & 8191]][enc & 7];
}

const SysRegInfo *sysreg_info(unsigned index) {
    return &sysreg_table[index];
}

unsigned sysreg_find(const char *name) {
    for (unsigned i = 0; i < SYSREG_COUNT; i++)
        if (!strcasecmp(sysreg_table[i].name, name)) return i;
    return SYSREG_NONE;
}

const char *sysreg_name_of_encoding(unsigned enc, char *buf, size_t size) {
    unsigned index = sysreg_index(enc);
    if (index != SYSREG_NONE) {
        snprintf(buf, size, "%s", sysreg_table[index].name);
    } else {
        snprintf(buf, size, "S%u_%u_C%u_C%u_%u", enc >> 14 & 3, enc >> 11 & 7, enc >> 7 & 15,
                 enc >> 3 & 15, enc & 7);
    }
    return buf;
}

u64 *sysreg_storage(Cpu *cpu, unsigned index) {
    unsigned offset = sysreg_table[index].offset;
    return offset == SYSREG_NONE ? NULL : (u64 *)((char *)&cpu->sys + offset);
}

bool sysreg_present(const Cpu *cpu, unsigned index) {
    const SysRegInfo *r = &sysreg_table[index];
    if (r->alias_of != SYSREG_NONE)
        return cpu_has(cpu, FEAT_VHE) && sysreg_present(cpu, r->alias_of);
    return (r->need < 0 || cpu_has(cpu, (enum Feature)r->need)) &&
           (r->need_not < 0 || !cpu_has(cpu, (enum Feature)r->need_not));
}

// --- masks and reset -------------------------------------------------------------------------

static bool machine_has(const Machine *machine, enum Feature f) {
    return (machine->features[f / 64] >> (f % 64)) & 1;
}

void sysreg_init_masks(Machine *machine) {
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = &sysreg_table[i];
        if (r->alias_of != SYSREG_NONE) r = &sysreg_table[r->alias_of];
        u64 writable = 0, res1 = 0;
        for (unsigned k = 0; k < r->fields; k++) {
            const SysRegField *f = &sysreg_fields[r->first_field + k];
            u64 mask = ones(f->hi - f->lo + 1u) << f->lo;
            bool conditional = f->kind == FIELD_IF || f->kind == FIELD_IF_ELSE_ONE;
            if (f->kind == FIELD_RW || (conditional && machine_has(machine, f->when)))
                writable |= mask;
            else if (f->kind == FIELD_RES1 || f->kind == FIELD_IF_ELSE_ONE)
                res1 |= mask;
        }
        machine->sysreg_writable[i] = writable;
        machine->sysreg_res1[i] = res1;
    }
}

u64 sysreg_masked(const Cpu *cpu, unsigned index, u64 value) {
    const Machine *m = cpu->machine;
    return (value & m->sysreg_writable[index]) | m->sysreg_res1[index];
}

void sysreg_reset(Cpu *cpu) {
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = &sysreg_table[i];
        u64 *storage = sysreg_storage(cpu, i);
        if (storage && r->alias_of == SYSREG_NONE)
            *storage = r->reset | cpu->machine->sysreg_res1[i];
    }
    // Without EL2 nothing may act on HCR_EL2.
    if (!cpu_have_el2(cpu)) cpu->sys.HCR_EL2 = 0;
}

// --- traps -----------------------------------------------------------------------------------

void sysreg_trap(Cpu *cpu, int target_el, unsigned index, bool read, const char *rule) {
    (void)index;
    take_trap(cpu, target_el, EC_SYSREG, sysreg_iss(cpu->access_enc, cpu->access_rt, read), rule);
}

// The control bit of EL0's access by name: SCTLR_EL1's, or SCTLR_EL2's for a host's EL0. A host's EL0
// never has DAIF.
static const char *sctlr_rule(const SysRegTrap *t, bool host0) {
    switch (t->bit) {
    case 9: return host0 ? "HCR_EL2.TGE" : "SCTLR_EL1.UMA";
    case 10: return host0 ? "SCTLR_EL2.EnRCTX" : "SCTLR_EL1.EnRCTX";
    case 14: return host0 ? "SCTLR_EL2.DZE" : "SCTLR_EL1.DZE";
    case 15: return host0 ? "SCTLR_EL2.UCT" : "SCTLR_EL1.UCT";
    case 20: return host0 ? "SCTLR_EL2.TSCXT" : "SCTLR_EL1.TSCXT";
    case 26: return host0 ? "SCTLR_EL2.UCI" : "SCTLR_EL1.UCI";
    default: return t->name;
    }
}

static bool trap_bit(const SysRegTrap *t, u64 control) {
    return bit(control, t->bit) != t->when_zero;
}

// Takes the trap if it applies. Controls that trap to EL1 route to EL2 with HCR_EL2.TGE.
static bool take_if_trapped(Cpu *cpu, const SysRegTrap *t, bool read) {
    const struct SysRegs *s = &cpu->sys;
    bool below_el2 = cpu->el < 2 && cpu_have_el2(cpu), host0 = cpu->el == 0 && cpu_in_host0(cpu);
    bool trapped = false;
    int target = 2;
    switch ((TrapControl)t->control) {
    case TRAP_HCR:
        // Of all, EnSCXT alone is also a host's.
        trapped = below_el2 && (!host0 || t->bit == HCR_EnSCXT) && trap_bit(t, s->HCR_EL2);
        break;
    case TRAP_CPTR: trapped = below_el2 && cpu->el == 1 && trap_bit(t, s->CPTR_EL2); break;
    case TRAP_MDCR:
        trapped = below_el2 && (trap_bit(t, s->MDCR_EL2) || bit(s->MDCR_EL2, 8) || cpu_tge(cpu));
        break;
    case TRAP_SCTLR:
        trapped = cpu->el == 0 && trap_bit(t, host0 ? s->SCTLR_EL2 : s->SCTLR_EL1);
        target = 1;
        break;
    case TRAP_MDSCR:
        trapped = cpu->el == 0 && trap_bit(t, s->MDSCR_EL1);
        target = 1;
        break;
    case TRAP_FP:
        if (!fp_trap_target(cpu, cpu->el)) return false;
        AArch64_AdvSIMDFPAccessTrap(cpu);
        return true;
    }
    if (!trapped) return false;
    if (target == 1 && cpu_tge(cpu)) target = 2;
    const char *rule = t->control == TRAP_SCTLR ? sctlr_rule(t, host0) : t->name;
    sysreg_trap(cpu, target, 0, read, rule);
    return true;
}

static bool take_traps(Cpu *cpu, const SysRegInfo *r, bool read) {
    for (unsigned k = 0; k < r->traps; k++) {
        const SysRegTrap *t = &sysreg_traps[r->first_trap + k];
        if ((t->access & (read ? SR_READ : SR_WRITE)) && take_if_trapped(cpu, t, read)) return true;
    }
    return false;
}

// An access that is UNDEFINED. With FEAT_IDST reads of the feature ID space have the syndrome of a
// trap.
static void undefined_access(Cpu *cpu, bool read) {
    unsigned enc = cpu->access_enc, op1 = enc >> 11 & 7, crn = enc >> 7 & 15, crm = enc >> 3 & 15;
    bool id_space = enc >> 14 == 3 && (op1 < 2 || op1 == 3) && crn == 0 && crm < 8;
    if (read && id_space && cpu_has(cpu, FEAT_IDST))
        take_sync(cpu, EC_SYSREG, sysreg_iss(enc, cpu->access_rt, true), NULL);
    else
        AArch64_Undefined(cpu);
}

// Encodings outside of the table. True: the read gives 0.
static bool unallocated(Cpu *cpu, unsigned enc, bool read) {
    unsigned op1 = enc >> 11 & 7, crn = enc >> 7 & 15, crm = enc >> 3 & 15;
    bool impdef = bit(enc, 14) && (crn & 11) == 11;
    bool guest = cpu->el == 1 || (cpu->el == 0 && !cpu_in_host0(cpu));
    if (impdef && guest && cpu_have_el2(cpu) && bit(cpu->sys.HCR_EL2, 20)) {
        sysreg_trap(cpu, 2, 0, read, "HCR_EL2.TIDCP");
        return false;
    }
    // Reserved ID registers are RAZ.
    if (enc >> 14 == 3 && op1 == 0 && crn == 0 && crm >= 1 && crm <= 7 && read && cpu->el) {
        if (cpu->el == 1 && cpu_have_el2(cpu) && bit(cpu->sys.HCR_EL2, 18)) {
            sysreg_trap(cpu, 2, 0, read, "HCR_EL2.TID3");
            return false;
        }
        return true;
    }
    undefined_access(cpu, read);
    return false;
}

// --- access ----------------------------------------------------------------------------------

// Permission and traps; *index becomes the register that is meant. False: an exception was taken.
static bool check_access(Cpu *cpu, unsigned *index, bool read) {
    const SysRegInfo *r = &sysreg_table[*index];
    if (cpu->el < (read ? r->read_el : r->write_el) || (read ? r->read_el : r->write_el) > 2 ||
        !sysreg_present(cpu, *index)) {
        undefined_access(cpu, read);
        return false;
    }
    if (r->alias_of != SYSREG_NONE) {
        if (!cpu_e2h(cpu)) {
            AArch64_Undefined(cpu);
            return false;
        }
        *index = r->alias_of;
        return true;
    }
    if (take_traps(cpu, r, read)) return false;
    if (r->vhe != SYSREG_NONE && cpu->el == 2 && cpu_e2h(cpu)) *index = r->vhe;
    return true;
}

static void begin_access(Cpu *cpu, unsigned enc, unsigned rt) {
    cpu->access_enc = (u16)enc;
    cpu->access_rt = (u8)rt;
}

bool sysreg_read(Cpu *cpu, unsigned enc, unsigned rt, u64 *value) {
    unsigned index = sysreg_index(enc);
    begin_access(cpu, enc, rt);
    if (index == SYSREG_NONE) {
        *value = 0;
        return unallocated(cpu, enc, true);
    }
    if (!check_access(cpu, &index, true)) return false;
    const SysRegInfo *r = &sysreg_table[index];
    if (r->read) return r->read(cpu, index, value);
    *value = *sysreg_storage(cpu, index);
    return true;
}

static bool store(Cpu *cpu, unsigned index, u64 value) {
    const SysRegInfo *r = &sysreg_table[index];
    if (r->write) return r->write(cpu, index, value);
    u64 *storage = sysreg_storage(cpu, index);
    u64 old = *storage;
    *storage = sysreg_masked(cpu, index, value);
    if (r->after) r->after(cpu, index, old);
    return true;
}

bool sysreg_write(Cpu *cpu, unsigned enc, unsigned rt, u64 value) {
    unsigned index = sysreg_index(enc);
    begin_access(cpu, enc, rt);
    if (index == SYSREG_NONE) {
        unallocated(cpu, enc, false);
        return false;
    }
    if (!check_access(cpu, &index, false)) return false;
    const SysRegInfo *r = &sysreg_table[index];
    return r->insn ? r->insn(cpu, value, r->arg) : store(cpu, index, value);
}
