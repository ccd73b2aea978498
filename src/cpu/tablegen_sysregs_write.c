// What tablegen_sysregs writes: sysregs.h (storage, indices, controls) and sysregs_table.c.
#include "tablegen_sysregs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *create(const char *dir, const char *name) {
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    fprintf(f, "// Written by tablegen_sysregs from sysregs.reg; do not edit.\n");
    return f;
}

static bool stored(const Reg *r) {
    return !r->insn && r->alias_of < 0;
}

void write_header(const char *dir) {
    FILE *f = create(dir, "sysregs.h");
    fprintf(f, "#pragma once\n\n#include \"base/base.h\"\n\nstruct SysRegs {\n");
    for (int i = 0; i < reg_count; i++)
        if (stored(&regs[i])) fprintf(f, "    u64 %s;\n", regs[i].name);
    fprintf(f, "};\n\nenum {\n");
    for (int i = 0; i < reg_count; i++) fprintf(f, "    SYSREG_%s = %d,\n", regs[i].name, i);
    int causes = 0;
    for (int i = 0; i < reg_count; i++) causes += regs[i].cause;
    fprintf(f,
            "    SYSREG_COUNT = %d,\n    SYSREG_CAUSES = %d,  // of them that decide where "
            "exceptions go\n",
            reg_count, causes);
    fprintf(f, "};\n\nenum {\n");
    for (int i = 0; i < control_count; i++) fprintf(f, "    TRAP_%s = %d,\n", controls[i].name, i);
    fprintf(f, "    TRAP_FP = %d,  // CPACR_EL1, CPTR_EL2: EC 0x07\n};\n\n", control_count);
    fprintf(f,
            "// In Cpu.fgt: some fine-grained trap of reads, of writes. RES0 bits of HCR_EL2.\n");
    fprintf(f, "enum { FGT_READ = %d, FGT_WRITE = %d };\n", FGT_READ, FGT_WRITE);
    fclose(f);
}

static void write_controls(FILE *f) {
    fprintf(f, "const SysRegControl sysreg_controls[] = {\n");
    for (int i = 0; i < control_count; i++) {
        const Control *c = &controls[i];
        fprintf(f, "    {offsetof(struct SysRegs, %s), offsetof(struct SysRegs, %s), ", c->reg,
                *c->host ? c->host : c->reg);
        fprintf(f, "0x%llxull, 0x%llxull, 0x%llxull, ", (unsigned long long)c->tge_mask,
                (unsigned long long)c->with_mask, (unsigned long long)c->without_mask);
        fprintf(f, "%d, %d, %d, %d},  // %s\n", c->from, c->to, c->guest, c->e2h, c->name);
    }
    fprintf(f, "    {0}};\n\n");
}

static void write_traps(FILE *f) {
    fprintf(f, "const SysRegTrap sysreg_traps[] = {\n");
    for (int i = 0; i < reg_count; i++)
        for (int k = 0; k < regs[i].traps; k++) {
            const RegTrap *t = &regs[i].trap[k];
            if (!strcmp(t->control, "fp")) {
                fprintf(f, "    {\"\", \"\", 0, %d, TRAP_FP, 0},\n", t->access);
                continue;
            }
            const Control *c = &controls[find_control(t->control)];
            // The manual names the bit without E2H.
            const char *bit = strncmp(t->bit, "E2H_", 4) ? t->bit : t->bit + 4;
            fprintf(f, "    {\"%s.%s\", \"%s.%s\", 0x%llxull, %d, TRAP_%s, %d},\n", c->reg, bit,
                    *c->host ? c->host : c->reg, bit, (unsigned long long)t->mask, t->access,
                    c->name, t->when_zero);
        }
    fprintf(f, "    {0}};\n\n");
}

static void write_fields(FILE *f) {
    fprintf(f, "const SysRegField sysreg_fields[] = {\n");
    for (int i = 0; i < reg_count; i++)
        for (int k = 0; k < regs[i].fields; k++) {
            const RegField *d = &regs[i].field[k];
            const char *kind = d->kind == 'w'   ? "FIELD_RW"
                               : d->kind == '0' ? "FIELD_RES0"
                               : d->kind == '1' ? "FIELD_RES1"
                               : d->kind == 'r' ? "FIELD_RO"
                               : d->kind == 'c' ? "FIELD_IF"
                                                : "FIELD_IF_ELSE_ONE";
            fprintf(f, "    {\"%s\", %d, %d, %s, %s},\n", d->name, d->hi, d->lo, kind,
                    *d->feature ? d->feature : "0");
        }
    fprintf(f, "    {0}};\n\n");
}

static void write_prototypes(FILE *f) {
    for (int pass = 0; pass < 4; pass++)
        for (int i = 0; i < reg_count; i++) {
            const Reg *r = &regs[i];
            const char *name = pass == 0   ? r->read
                               : pass == 1 ? r->write
                               : pass == 2 ? r->after
                                           : r->insn_fn;
            if (!*name) continue;
            const char *args = pass == 0   ? "unsigned index, u64 *value"
                               : pass == 1 ? "unsigned index, u64 value"
                               : pass == 2 ? "unsigned index, u64 old"
                                           : "u64 xt, u32 arg";
            bool seen = false;
            for (int k = 0; k < i && !seen; k++) {
                const Reg *p = &regs[k];
                seen = !strcmp(name, pass == 0   ? p->read
                                     : pass == 1 ? p->write
                                     : pass == 2 ? p->after
                                                 : p->insn_fn);
            }
            if (!seen)
                fprintf(f, "%s %s(Cpu *cpu, %s);\n", pass == 2 ? "void" : "bool", name, args);
        }
    fprintf(f, "\n");
}

static const char *or_null(const char *name) {
    return *name ? name : "NULL";
}

static void write_rows(FILE *f) {
    int trap = 0, field = 0, cause = 0;
    fprintf(f, "const SysRegInfo sysreg_table[] = {\n");
    for (int i = 0; i < reg_count; i++) {
        const Reg *r = &regs[i], *base = r->alias_of >= 0 ? &regs[r->alias_of] : r;
        char shown[NAME_LEN];
        strcpy(shown, r->name);
        char *space = r->insn ? strchr(shown, '_') : NULL;
        if (space) *space = ' ';
        fprintf(f, "    {.name = \"%s\", .enc = 0x%04x, ", shown, (unsigned)r->enc);
        if (r->insn)
            fprintf(f, ".offset = SYSREG_NONE, ");
        else
            fprintf(f, ".offset = offsetof(struct SysRegs, %s), ", base->name);
        if (*r->vhe)
            fprintf(f, ".vhe = SYSREG_%s, ", r->vhe);
        else
            fprintf(f, ".vhe = SYSREG_NONE, ");
        if (r->alias_of >= 0)
            fprintf(f, ".alias_of = SYSREG_%s, ", base->name);
        else
            fprintf(f, ".alias_of = SYSREG_NONE, ");
        fprintf(f,
                "\n     .read_el = %d, .write_el = %d, .traps = %d, .first_trap = %d, .fields = "
                "%d, .first_field = %d, ",
                r->read_el, r->write_el, r->traps, trap, r->fields, field);
        fprintf(f, ".vncr = 0x%x, .vncr_nv1 = %d, .nv2 = ", r->vncr, r->vncr_nv1);
        if (*r->nv2)
            fprintf(f, "SYSREG_%s,\n     ", r->nv2);
        else
            fprintf(f, "SYSREG_NONE,\n     ");
        fprintf(f, ".need = %s, .need_not = %s, .reset = 0x%llxull,\n", *r->need ? r->need : "-1",
                *r->need_not ? r->need_not : "-1", (unsigned long long)r->reset);
        if (r->cause) fprintf(f, "     .cause = %d,\n", ++cause);
        fprintf(f, "     .read = %s, .write = %s, .after = %s, .insn = %s, .arg = %s},\n",
                or_null(r->read), or_null(r->write), or_null(r->after), or_null(r->insn_fn),
                *r->insn_arg ? r->insn_arg : "0");
        trap += r->traps;
        field += r->fields;
    }
    fprintf(f, "};\n\n");
}

// Adds to *mask what may trap an access from `el` below 2, as bits of HCR_EL2 and, in places that are
// RES0 there, FGT_READ and FGT_WRITE (Cpu.fgt). False: something else may trap it.
static bool traps_as_bits(const Reg *r, int access, int el, uint64_t *mask) {
    for (int k = 0; k < r->traps; k++) {
        const RegTrap *t = &r->trap[k];
        if (!(t->access & access)) continue;
        int control = find_control(t->control);
        if (control < 0) return false;  // FP
        const Control *c = &controls[control];
        if (!(c->from >> el & 1)) continue;
        if (!strncmp(c->name, "HFG", 3) || !strncmp(c->name, "HDFG", 4))
            *mask |= 1ull << (access == 1 ? FGT_READ : FGT_WRITE);
        else if (!strcmp(c->reg, "HCR_EL2") && !t->when_zero)
            *mask |= t->mask;
        else
            return false;
    }
    // FEAT_NV2: in memory.
    if (r->vncr)
        *mask |= 1ull << field_bit(&regs[find_reg("HCR_EL2")], r->vncr_nv1 ? "NV1" : "NV2");
    return true;
}

static bool fp_trapped(const Reg *r) {
    return r->traps && !strcmp(r->trap[0].control, "fp");
}

static int fast_els(const Reg *r, int access, uint64_t *mask) {
    int el = access == 1 ? r->read_el : r->write_el, els = 0;
    if (el == 0 && traps_as_bits(r, access, 0, mask)) els |= 1;
    if (el <= 1 && traps_as_bits(r, access, 1, mask)) els |= 2;
    if (el <= 2 && !fp_trapped(r)) els |= 4;
    return els;
}

// Registers whose access is a plain load or store: no hook, always present.
static void write_fast(FILE *f) {
    fprintf(f, "#define AT(field) (u16) offsetof(Cpu, field)\n");
    fprintf(f, "const SysRegFast sysreg_fast[] = {\n");
    for (int i = 0; i < reg_count; i++) {
        const Reg *r = &regs[i], *base = r->alias_of >= 0 ? &regs[r->alias_of] : r;
        if (!strcmp(r->name, "SP_EL0")) {
            fprintf(f, "    {AT(sp_el[0]), AT(sp_el[0]), 6, 6, PSTATE_SP, 0, 0},  // SP_EL0\n");
            continue;
        }
        if (r->insn || *base->need || *base->need_not) {
            fprintf(f, "    {.offset = SYSREG_NONE, .offset_e2h = SYSREG_NONE},\n");
            continue;
        }
        uint64_t read_bits = 0, write_bits = 0;
        int read = *base->read ? 0 : fast_els(r, 1, &read_bits);
        bool slow = *base->write || *base->after || base->cause;
        int write = slow ? 0 : fast_els(r, 2, &write_bits);
        const char *e2h = base->name;
        if (*r->vhe) {
            const Reg *v = &regs[find_reg(r->vhe)];
            e2h = v->name;
            if (*v->read || *v->need) read &= ~4;
            if (*v->write || *v->after || *v->need || v->cause) write &= ~4;
        }
        if (r->alias_of >= 0)
            fprintf(f, "    {SYSREG_NONE, ");
        else
            fprintf(f, "    {AT(sys.%s), ", base->name);
        fprintf(f, "AT(sys.%s), %d, %d, 0, 0x%llxull, 0x%llxull},  // %s\n", e2h, read, write,
                (unsigned long long)read_bits, (unsigned long long)write_bits, r->name);
    }
    fprintf(f, "};\n\n");
}

// Two levels: the upper 13 bits of the encoding give a row of eight indices.
static void write_lookup(FILE *f) {
    static int row_of[8192];
    int rows = 1;
    for (int i = 0; i < reg_count; i++)
        if (!row_of[regs[i].enc >> 3]) row_of[regs[i].enc >> 3] = rows++;
    if (rows > 256) fail("more than 255 look-up rows");
    fprintf(f, "const u8 sysreg_row[8192] = {\n");
    for (int i = 0; i < 8192; i++)
        if (row_of[i]) fprintf(f, "    [%d] = %d,\n", i, row_of[i]);
    fprintf(f, "};\nconst u16 sysreg_column[%d][8] = {\n", rows);
    for (int row = 0; row < rows; row++) {
        int top = -1;
        for (int i = 0; i < 8192; i++)
            if (row && row_of[i] == row) top = i;
        fprintf(f, "    {");
        for (int op2 = 0; op2 < 8; op2++) {
            int index = top < 0 ? -1 : find_enc(top << 3 | op2);
            fprintf(f, "%d%s", index < 0 ? 0xffff : index, op2 < 7 ? ", " : "},\n");
        }
    }
    fprintf(f, "};\n");
}

void write_table(const char *dir) {
    FILE *f = create(dir, "sysregs_table.c");
    fprintf(f, "#include \"cpu/sysreg_hooks.h\"\n\n");
    write_prototypes(f);
    write_controls(f);
    write_traps(f);
    write_fields(f);
    write_rows(f);
    write_fast(f);
    write_lookup(f);
    fclose(f);
}
