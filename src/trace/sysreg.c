// Lines of the kind sysreg: each MSR and MRS that was executed, with what it read or changed (docs/trace.md, "System
// registers"). One that is trapped or UNDEFINED has no line here: it is an exception.
#include "cpu/sysreg.h"

#include "gen/handlers.h"
#include "gic/gic.h"
#include "trace/internal.h"

// How much of a line the changed fields may take.
enum { FIELDS_MAX = 1400 };

static bool is_pstate(unsigned reg) {
    return sysreg_info(reg)->read == sysreg_info(SYSREG_DAIF)->read;
}

static bool is_ich(unsigned reg) {
    return !strncmp(sysreg_info(reg)->name, "ICH_", 4);
}

// The value of a register without any effect. False: it is known by an access only: counters, timers, interrupts.
static bool peek(Cpu *cpu, unsigned reg, u64 *value) {
    const SysRegInfo *r = sysreg_info(reg);
    if (r->read_el > 2) return false;
    switch (reg) {
    case SYSREG_SP_EL0:
    case SYSREG_SP_EL1: *value = cpu->sp_el[reg == SYSREG_SP_EL1]; return true;
    case SYSREG_CNTHCTL_EL2:
    case SYSREG_CNTKCTL_EL1:
    case SYSREG_CNTVOFF_EL2:
    case SYSREG_CNTPOFF_EL2: *value = *sysreg_storage(cpu, reg); return true;
    default: break;
    }
    if (is_pstate(reg)) return r->read(cpu, reg, value);
    if (is_ich(reg)) {
        u8 el = cpu->el;
        cpu->el = 2;  // from where nothing traps it
        bool ok = cpu->gic && sysreg_present(cpu, reg) && r->read(cpu, reg, value);
        cpu->el = el;
        return ok;
    }
    if (r->read) return false;
    *value = *sysreg_storage(cpu, reg);
    return true;
}

// MSR (immediate) is a write of a field of PSTATE.
static unsigned immediate_register(unsigned id) {
    switch (id) {
    case OP_msr_uao: return SYSREG_UAO;
    case OP_msr_pan: return SYSREG_PAN;
    case OP_msr_spsel: return SYSREG_SPSel;
    case OP_msr_ssbs: return SYSREG_SSBS;
    case OP_msr_dit: return SYSREG_DIT;
    case OP_msr_daifset:
    case OP_msr_daifclr: return SYSREG_DAIF;
    default: return SYSREG_NONE;
    }
}

bool sysreg_access_begin(SysregAccess *a, const LineFacts *line, Cpu *cpu, const Op *op) {
    unsigned immediate = immediate_register(op->id);
    if (op->id != OP_mrs && op->id != OP_msr_reg && immediate == SYSREG_NONE) return false;
    *a = (SysregAccess){.id = op->id, .slot = op->r[0], .line = *line};
    a->exceptions = cpu->exceptions;
    a->enc = (u16)op->half.lo;
    a->named = immediate != SYSREG_NONE ? immediate : sysreg_index(a->enc);
    a->meant = a->named;
    if (a->named == SYSREG_NONE) return true;
    if (immediate == SYSREG_NONE) a->meant = sysreg_meant(cpu, a->named, op->id == OP_mrs);
    bool write = op->id != OP_mrs;
    if (op->id == OP_msr_reg) a->written = cpu->x[op->r[0]];
    a->known = write && a->meant != SYSREG_NONE && peek(cpu, a->meant, &a->old);
    return true;
}

static char *put_name(char *p, const SysregAccess *a) {
    char name[32];
    switch (a->id) {
    case OP_msr_daifset: return put_text(p, "DAIFSet");
    case OP_msr_daifclr: return put_text(p, "DAIFClr");
    default: break;
    }
    if (a->named == SYSREG_NONE)
        return put_text(p, sysreg_name_of_encoding(a->enc, name, sizeof name));
    p = put_text(p, sysreg_info(a->named)->name);
    if (a->meant == SYSREG_NONE) return put_text(p, " (in memory, VNCR_EL2)");
    if (a->meant == a->named) return p;
    return put_text(put_text(put_text(p, " ("), sysreg_info(a->meant)->name), ")");
}

static char *put_changes(char *p, const SysRegInfo *r, u64 old, u64 now) {
    const char *end = p + FIELDS_MAX;
    for (unsigned k = 0; k < r->fields && p < end; k++) {
        const SysRegField *f = &sysreg_fields[r->first_field + k];
        u64 before = bits(old, f->hi, f->lo), after = bits(now, f->hi, f->lo);
        bool whole = f->lo == 0 && f->hi == 63;
        if (before == after || whole || f->kind == FIELD_RES0 || f->kind == FIELD_RES1) continue;
        p = put_text(put_text(put_text(p, " "), f->name), "=");
        p = put_hex(put_text(put_hex(p, before), "->"), after);
    }
    return p;
}

static char *put_write(char *p, Cpu *cpu, const SysregAccess *a) {
    bool immediate = a->id != OP_msr_reg;
    if (a->id == OP_msr_daifset || a->id == OP_msr_daifclr) {
        p = put_text(put_hex(put_text(p, " #"), a->slot), " DAIF");
    }
    u64 now;
    if (!a->known || !peek(cpu, a->meant, &now)) return put_hex(put_text(p, "="), a->written);
    p = put_hex(put_text(p, "="), a->old);
    p = now == a->old ? put_text(p, " unchanged") : put_hex(put_text(p, "->"), now);
    if (!immediate && now != a->written) p = put_hex(put_text(p, " written="), a->written);
    return put_changes(p, sysreg_info(a->meant), a->old, now);
}

void trace_sysreg(Trace *t, Cpu *cpu, const SysregAccess *a) {
    if (cpu->exceptions != a->exceptions) return;
    char *p = trace_start_wanted(t, &a->line);
    p = put_name(put_text(p, a->id == OP_mrs ? " MRS " : " MSR "), a);
    if (a->id == OP_mrs)
        p = put_hex(put_text(p, "="), cpu->x[a->slot]);
    else
        p = put_write(p, cpu, a);
    trace_end_line(t, p);
}
