// System register and system instruction accesses: applies the rows of sysregs.reg in the order of
// the accessor pseudo-code (Arm ARM: "The AArch64 System Register Descriptions"): allocated? at
// this Exception level? FP and system traps, coarse and fine, redirection by nested virtualization
// (FEAT_NV, FEAT_NV2) and E2H, then hook, storage or memory. Left out: EL3. Choice: HCR_EL2.TIDCP
// traps EL0's use of the IMPLEMENTATION DEFINED space too.
#include "cpu/sysreg.h"
#include "cpu/cause.h"
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "mmu/access.h"

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
    cpu->fgt = 0;
    // Without EL2 nothing may act on HCR_EL2.
    if (!cpu_have_el2(cpu)) cpu->sys.HCR_EL2 = 0;
}

// --- traps -----------------------------------------------------------------------------------

void sysreg_trap(Cpu *cpu, int target_el, unsigned index, bool read, const char *rule) {
    (void)index;
    take_trap(cpu, target_el, EC_SYSREG, sysreg_iss(cpu->access_enc, cpu->access_rt, read), rule);
}

static u64 control_value(const Cpu *cpu, unsigned offset) {
    u64 value;
    memcpy(&value, (const char *)&cpu->sys + offset, 8);
    return value;
}

// The control applies here and one of its bits says so. *rule: which.
static bool is_trapped(const Cpu *cpu, const SysRegTrap *t, const SysRegControl *c,
                       const char **rule) {
    bool host0 = cpu->el == 0 && cpu_in_host0(cpu);
    if (!(c->from >> cpu->el & 1) || (c->to == 2 && !cpu_have_el2(cpu))) return false;
    if ((c->guest && host0) || c->e2h == !cpu_e2h(cpu)) return false;
    u64 value = control_value(cpu, host0 ? c->host : c->reg);
    if (c->without & value || c->with & ~value) return false;
    *rule = host0 ? t->name_host : t->name;
    if (c->tge & t->mask & ~value && cpu_tge(cpu)) {
        value |= c->tge;
        *rule = "HCR_EL2.TGE";
    }
    return !(value & t->mask) == t->when_zero;
}

// Takes the trap if it applies. Controls that trap to EL1 route to EL2 with HCR_EL2.TGE.
static bool take_if_trapped(Cpu *cpu, const SysRegTrap *t, bool read) {
    if (t->control == TRAP_FP) {
        if (!fp_trap_target(cpu, cpu->el)) return false;
        AArch64_AdvSIMDFPAccessTrap(cpu);
        return true;
    }
    const SysRegControl *c = &sysreg_controls[t->control];
    const char *rule;
    if (!is_trapped(cpu, t, c, &rule)) return false;
    sysreg_trap(cpu, c->to == 1 && cpu_tge(cpu) ? 2 : c->to, 0, read, rule);
    return true;
}

static bool take_traps(Cpu *cpu, const SysRegInfo *r, bool read) {
    for (unsigned k = 0; k < r->traps; k++) {
        const SysRegTrap *t = &sysreg_traps[r->first_trap + k];
        if ((t->access & (read ? SR_READ : SR_WRITE)) && take_if_trapped(cpu, t, read)) return true;
    }
    return false;
}

unsigned sysreg_applying_traps(const Cpu *cpu, unsigned enc, bool read, const char **rules,
                               unsigned most) {
    unsigned index = sysreg_index(enc), n = 0;
    if (index == SYSREG_NONE) return 0;
    const SysRegInfo *r = &sysreg_table[index];
    for (unsigned k = 0; k < r->traps && n < most; k++) {
        const SysRegTrap *t = &sysreg_traps[r->first_trap + k];
        if (!(t->access & (read ? SR_READ : SR_WRITE)) || t->control == TRAP_FP) continue;
        if (is_trapped(cpu, t, &sysreg_controls[t->control], &rules[n])) n++;
    }
    return n;
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

bool sysreg_trapped(Cpu *cpu, unsigned index, bool read) {
    return take_traps(cpu, &sysreg_table[index], read);
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

// Where an access goes.
typedef enum Place { GONE, REGISTER, MEMORY } Place;  // GONE: an exception was taken

// FEAT_NV2: the register is in the page at VNCR_EL2.
static bool in_memory(const Cpu *cpu, const SysRegInfo *r) {
    u64 hcr = cpu->sys.HCR_EL2;
    if (!r->vncr || !bit(hcr, HCR_NV) || !bit(hcr, HCR_NV2)) return false;
    return !r->vncr_nv1 || bit(hcr, HCR_NV1) == (r->vncr_nv1 == 1);
}

// EL1 uses what is EL2's: the guest hypervisor of HCR_EL2.NV.
static Place nested_access(Cpu *cpu, unsigned *index, bool read) {
    const SysRegInfo *r = &sysreg_table[*index];
    u64 hcr = cpu->sys.HCR_EL2;
    if (!bit(hcr, HCR_NV)) {
        undefined_access(cpu, read);
        return GONE;
    }
    if (bit(hcr, HCR_NV2) && r->nv2 != SYSREG_NONE) {
        if (take_traps(cpu, r, read)) return GONE;
        *index = r->nv2;
        return REGISTER;
    }
    if (in_memory(cpu, r)) return take_traps(cpu, r, read) ? GONE : MEMORY;
    sysreg_trap(cpu, 2, 0, read, "HCR_EL2.NV");
    return GONE;
}

// Permission and traps; *index becomes the register that is meant.
static Place check_access(Cpu *cpu, unsigned *index, bool read) {
    const SysRegInfo *r = &sysreg_table[*index];
    int least = read ? r->read_el : r->write_el;
    bool there = least <= 2 && sysreg_present(cpu, *index);
    if (there && cpu->el == 1 && least == 2) return nested_access(cpu, index, read);
    if (!there || cpu->el < least) {
        undefined_access(cpu, read);
        return GONE;
    }
    if (r->alias_of != SYSREG_NONE) {
        if (!cpu_e2h(cpu)) {
            AArch64_Undefined(cpu);
            return GONE;
        }
        *index = r->alias_of;
        return REGISTER;
    }
    if (take_traps(cpu, r, read)) return GONE;
    if (cpu->el == 1 && in_memory(cpu, r)) return MEMORY;
    if (r->vhe != SYSREG_NONE && cpu->el == 2 && cpu_e2h(cpu)) *index = r->vhe;
    return REGISTER;
}

unsigned sysreg_meant(const Cpu *cpu, unsigned index, bool read) {
    const SysRegInfo *r = &sysreg_table[index];
    if (cpu->el == 1 && (read ? r->read_el : r->write_el) == 2 && bit(cpu->sys.HCR_EL2, HCR_NV2) &&
        r->nv2 != SYSREG_NONE)
        return r->nv2;
    if (r->alias_of != SYSREG_NONE && cpu->el == 2) return r->alias_of;
    if (cpu->el == 1 && in_memory(cpu, r)) return SYSREG_NONE;
    return r->vhe != SYSREG_NONE && cpu->el == 2 && cpu_e2h(cpu) ? r->vhe : index;
}

// Source: NVMem. Bits 63:53 of VNCR_EL2 count as copies of bit 52.
static u64 nv_address(const Cpu *cpu, unsigned index) {
    u64 base = (u64)sext(cpu->sys.VNCR_EL2, 53);
    return align_down(base, 4096) + sysreg_table[index].vncr;
}

static void begin_access(Cpu *cpu, unsigned enc, unsigned rt) {
    cpu->access_enc = (u16)enc;
    cpu->access_rt = (u8)rt;
}

static COLD void notify_list_register(Cpu *cpu, unsigned index, bool write) {
    unsigned n = index - SYSREG_ICH_LR0_EL2;
    if (n > SYSREG_ICH_LR3_EL2 - SYSREG_ICH_LR0_EL2) return;
    for (const Observer *o = cpu->observer; o; o = o->next)
        if (o->list_register) o->list_register(o->arg, cpu, n, write);
}

bool sysreg_read(Cpu *cpu, unsigned enc, unsigned rt, u64 *value) {
    unsigned index = sysreg_index(enc);
    begin_access(cpu, enc, rt);
    if (index == SYSREG_NONE) {
        *value = 0;
        return unallocated(cpu, enc, true);
    }
    Place place = check_access(cpu, &index, true);
    if (place == GONE) return false;
    if (place == MEMORY) {
        *value = mem_read_slow(cpu, NULL, nv_address(cpu, index), 8, ACC_NV2);
        return true;
    }
    const SysRegInfo *r = &sysreg_table[index];
    if (r->read) {
        if (unlikely(cpu->observer)) notify_list_register(cpu, index, false);
        return r->read(cpu, index, value);
    }
    *value = *sysreg_storage(cpu, index);
    return true;
}

static bool store(Cpu *cpu, unsigned index, u64 value) {
    const SysRegInfo *r = &sysreg_table[index];
    if (unlikely(r->cause)) cause_written(cpu, index, sysreg_masked(cpu, index, value));
    if (r->write) {
        if (unlikely(cpu->observer)) notify_list_register(cpu, index, true);
        return r->write(cpu, index, value);
    }
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
    Place place = check_access(cpu, &index, false);
    if (place == GONE) return false;
    if (place == MEMORY) {
        mem_write_slow(cpu, NULL, nv_address(cpu, index), 8, value, ACC_NV2);
        return true;
    }
    const SysRegInfo *r = &sysreg_table[index];
    return r->insn ? r->insn(cpu, value, r->arg) : store(cpu, index, value);
}
