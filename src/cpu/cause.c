// The last change of every control bit. Kept on writes of control registers only, which are rare next
// to the exceptions they route; nothing is kept per exception. Left out: bits that an exception or an
// instruction other than MSR changes (HCR_EL2.VSE when a virtual SError is taken).
#include "cpu/cause.h"
#include "cpu/sysreg.h"
#include "machine/machine.h"

#include <stdlib.h>

typedef struct Control {
    u16 index;    // of the register, SYSREG_*
    u64 value;    // as last written, or as it was at reset
    u64 changed;  // bits changed since reset
    ControlWrite by[64];
} Control;

struct Causes {
    Control control[SYSREG_CAUSES];
};

void cause_create(Cpu *cpu) {
    cpu->causes = calloc(1, sizeof *cpu->causes);
    CHECK(cpu->causes);
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        const SysRegInfo *r = sysreg_info(i);
        if (r->cause) cpu->causes->control[r->cause - 1].index = (u16)i;
    }
}

void cause_free(Cpu *cpu) {
    free(cpu->causes);
    cpu->causes = NULL;
}

void cause_reset(Cpu *cpu) {
    for (unsigned i = 0; i < SYSREG_CAUSES; i++) {
        Control *c = &cpu->causes->control[i];
        c->value = *sysreg_storage(cpu, c->index);
        c->changed = 0;
    }
}

void cause_written(Cpu *cpu, unsigned index, u64 value) {
    Control *c = &cpu->causes->control[sysreg_info(index)->cause - 1];
    u64 changed = c->value ^ value;
    c->value = value;
    c->changed |= changed;
    ControlWrite by = {.pc = cpu->pc, .icount = cpu->icount, .el = cpu->el};
    for (; changed; changed &= changed - 1) c->by[__builtin_ctzll(changed)] = by;
}

// The bits of a field, by its name of n characters. With HCR_EL2.E2H a name can stand for another bit:
// those fields are called E2H_name.
static u64 field_mask(const SysRegInfo *r, const char *name, size_t n, bool e2h) {
    u64 mask = 0;
    for (unsigned k = 0; k < r->fields; k++) {
        const SysRegField *f = &sysreg_fields[r->first_field + k];
        u64 bits_of = ones(f->hi - f->lo + 1u) << f->lo;
        if (!strncmp(f->name, name, n) && !f->name[n]) mask |= bits_of;
        if (e2h && !strncmp(f->name, "E2H_", 4) && !strncmp(f->name + 4, name, n) &&
            !f->name[4 + n])
            return bits_of;
    }
    return mask;
}

static u64 rule_mask(const SysRegInfo *r, const char *bits, bool e2h) {
    u64 mask = 0;
    for (size_t n; *bits; bits += n + (bits[n] == '|')) {
        n = strcspn(bits, "|");
        mask |= field_mask(r, bits, n, e2h);
    }
    return mask;
}

// The control register that a rule begins with; *bits: what follows its dot, or "" when it is the rule.
static const Control *rule_control(const Cpu *cpu, const char *rule, const char **bits) {
    if (!rule) return NULL;
    size_t n = strcspn(rule, ".");
    *bits = rule + n + (rule[n] == '.');
    for (unsigned i = 0; i < SYSREG_CAUSES; i++) {
        const Control *c = &cpu->causes->control[i];
        const char *name = sysreg_info(c->index)->name;
        if (!strncmp(name, rule, n) && !name[n]) return c;
    }
    return NULL;
}

bool cause_of(const Cpu *cpu, const char *rule, ControlWrite *out) {
    const char *bits;
    const Control *c = rule_control(cpu, rule, &bits);
    if (!c) return false;
    bool found = false, e2h = cpu_e2h(cpu);
    u64 mask = *bits ? rule_mask(sysreg_info(c->index), bits, e2h) : ~0ull;
    // Its bits for the host's EL0 are where CNTKCTL_EL1 has them, and so are the names.
    if (e2h && c->index == SYSREG_CNTHCTL_EL2)
        mask |= rule_mask(sysreg_info(SYSREG_CNTKCTL_EL1), bits, false);
    mask &= c->changed;
    for (; mask; mask &= mask - 1) {
        const ControlWrite *by = &c->by[__builtin_ctzll(mask)];
        if (!found || by->icount > out->icount) *out = *by;
        found = true;
    }
    return found;
}
