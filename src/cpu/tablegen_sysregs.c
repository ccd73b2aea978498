// Host tool: checks sysregs.reg and writes sysregs.h (storage, indices) and sysregs_table.c (the
// rows that sysreg.c applies). Usage: tablegen_sysregs sysregs.reg OUTDIR The first thing wrong
// ends it with "FILE:LINE: message" and status 1.
#include "tablegen_sysregs.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Reg *regs;
static int reg_count;
static const char *at_file;
static int at_line;

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", at_file, at_line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void copy_name(char *out, const char *from) {
    if (strlen(from) >= NAME_LEN) fail("name too long: %s", from);
    if (!isalpha((unsigned char)*from)) fail("not a name: %s", from);
    for (const char *p = from; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_') fail("not a name: %s", from);
    strcpy(out, from);
}

static int find_reg(const char *name) {
    for (int i = 0; i < reg_count; i++)
        if (!strcmp(regs[i].name, name)) return i;
    return -1;
}

static int find_enc(int enc) {
    for (int i = 0; i < reg_count; i++)
        if (regs[i].enc == enc) return i;
    return -1;
}

static Reg *add_reg(const char *name, int enc) {
    if (find_reg(name) >= 0) fail("%s is defined twice", name);
    int same = find_enc(enc);
    if (same >= 0)
        fail("%s has the encoding of %s (line %d)", name, regs[same].name, regs[same].line);
    if (reg_count == MAX_REGS) fail("too many registers");
    Reg *r = &regs[reg_count++];
    memset(r, 0, sizeof *r);
    copy_name(r->name, name);
    r->enc = enc;
    r->line = at_line;
    r->alias_of = -1;
    r->read_el = r->write_el = NO_EL;
    return r;
}

// --- reading ---------------------------------------------------------------------------------

static char *next_token(void) {
    return strtok(NULL, " \t\n");
}

static char *need_token(const char *what) {
    char *t = next_token();
    if (!t) fail("%s expected", what);
    return t;
}

static int need_number(const char *what, int max) {
    char *t = need_token(what), *end;
    long v = strtol(t, &end, 10);
    if (*end || v < 0 || v > max) fail("%s must be 0..%d, not %s", what, max, t);
    return (int)v;
}

static int parse_access(const char *t) {
    if (!strcmp(t, "r")) return 1;
    if (!strcmp(t, "w")) return 2;
    if (!strcmp(t, "rw")) return 3;
    return 0;
}

static int parse_el(const char *t) {
    if (strncmp(t, "@EL", 3) || t[3] < '0' || t[3] > '2' || t[4])
        fail("@EL0, @EL1 or @EL2 expected, not %s", t);
    return t[3] - '0';
}

static Reg *read_head(bool insn) {
    char *name = need_token("name");
    int op0 = need_number("op0", 3), op1 = need_number("op1", 7), crn = need_number("CRn", 15);
    int crm = need_number("CRm", 15), op2 = need_number("op2", 7);
    if (insn ? op0 != 1 : op0 < 2)
        fail("%s: op0 is 1 for instructions, 2 or 3 for registers", name);
    Reg *r = add_reg(name, op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2);
    r->insn = insn;
    if (insn) {
        r->write_el = parse_el(need_token("@EL"));
        if (next_token()) fail("%s: nothing expected after the exception level", name);
        return r;
    }
    for (char *t; (t = next_token());) {
        int access = parse_access(t);
        if (!access) fail("%s: r, w or rw expected, not %s", name, t);
        int el = parse_el(need_token("@EL"));
        if (access & 1) r->read_el = el;
        if (access & 2) r->write_el = el;
    }
    if (r->read_el == NO_EL && r->write_el == NO_EL) fail("%s: r, w or rw expected", name);
    return r;
}

static void read_traps(Reg *r) {
    for (char *t; (t = next_token());) {
        int access = parse_access(t);
        if (!access) fail("%s: trap: r, w or rw expected, not %s", r->name, t);
        char *what = need_token("control bit");
        if (r->traps == MAX_TRAPS) fail("%s: too many traps", r->name);
        RegTrap *trap = &r->trap[r->traps++];
        trap->access = access;
        trap->line = at_line;
        if (*what == '!') trap->when_zero = true, what++;
        if (!strcmp(what, "fp")) {
            strcpy(trap->control, "fp");
            continue;
        }
        char *dot = strchr(what, '.');
        if (!dot) fail("%s: trap: REGISTER.BIT expected, not %s", r->name, what);
        *dot = 0;
        copy_name(trap->control, what);
        copy_name(trap->bit, dot + 1);
        if ((r->read_el == NO_EL && access == 1) || (r->write_el == NO_EL && access == 2))
            fail("%s: trap %s.%s for a direction that does not exist", r->name, what, dot + 1);
    }
}

static void read_fields(Reg *r) {
    for (char *t; (t = next_token());) {
        int hi, lo, n = 0;
        if (sscanf(t, "%d:%d%n", &hi, &lo, &n) != 2 || t[n]) {
            if (sscanf(t, "%d%n", &hi, &n) != 1 || t[n])
                fail("%s: field: bits expected, not %s", r->name, t);
            lo = hi;
        }
        char *name = need_token("field name");
        int expect = r->fields ? r->field[r->fields - 1].lo - 1 : 63;
        if (hi != expect) fail("%s: field %s starts at bit %d, not %d", r->name, name, hi, expect);
        if (lo > hi || lo < 0) fail("%s: field %s has its bits reversed", r->name, name);
        if (r->fields == MAX_FIELDS) fail("%s: too many fields", r->name);
        RegField *f = &r->field[r->fields++];
        f->hi = hi;
        f->lo = lo;
        f->kind = 'w';
        char *mark = strpbrk(name, "?=");
        if (mark && *mark == '=') {
            if (strcmp(mark, "=ro")) fail("%s: field %s: only =ro is known", r->name, name);
            f->kind = 'r';
            *mark = 0;
        } else if (mark) {
            *mark++ = 0;
            f->kind = 'c';
            char *colon = strchr(mark, ':');
            if (colon) {
                if (strcmp(colon, ":1")) fail("%s: field %s: only :1 is known", r->name, name);
                *colon = 0;
                f->kind = 'C';
            }
            if (strncmp(mark, "FEAT_", 5))
                fail("%s: field %s: not a feature: %s", r->name, name, mark);
            copy_name(f->feature, mark);
        }
        copy_name(f->name, name);
        if (!strcmp(name, "RES0")) f->kind = '0';
        if (!strcmp(name, "RES1")) f->kind = '1';
        for (int i = 0; i < r->fields - 1; i++)
            if (!strcmp(r->field[i].name, name) && strncmp(name, "RES", 3) &&
                strcmp(name, "IMPDEF"))
                fail("%s: two fields %s", r->name, name);
    }
}

static void read_features(Reg *r) {
    for (char *t; (t = next_token());) {
        char *out = *t == '!' ? r->need_not : r->need;
        if (*t == '!') t++;
        if (strncmp(t, "FEAT_", 5)) fail("%s: not a feature: %s", r->name, t);
        if (*out) fail("%s: more than one feature", r->name);
        copy_name(out, t);
    }
}

static void read_insn_call(Reg *r) {
    char *t = need_token("function(argument)"), *open = strchr(t, '(');
    size_t n = strlen(t);
    if (!open || t[n - 1] != ')') fail("%s: function(argument) expected, not %s", r->name, t);
    t[n - 1] = 0;
    *open = 0;
    copy_name(r->insn_fn, t);
    if (strlen(open + 1) >= sizeof r->insn_arg || !open[1]) fail("%s: bad argument", r->name);
    strcpy(r->insn_arg, open + 1);
}

static void read_attribute(Reg *r, const char *word) {
    if (!strcmp(word, "trap")) {
        read_traps(r);
    } else if (!strcmp(word, "if")) {
        read_features(r);
    } else if (!strcmp(word, "do") && r->insn) {
        read_insn_call(r);
    } else if (r->insn) {
        fail("%s: %s does not belong to an instruction", r->name, word);
    } else if (!strcmp(word, "field")) {
        read_fields(r);
    } else if (!strcmp(word, "vhe")) {
        copy_name(r->vhe, need_token("register"));
    } else if (!strcmp(word, "read")) {
        copy_name(r->read, need_token("function"));
        if (r->read_el == NO_EL) fail("%s: a read hook for a write-only register", r->name);
    } else if (!strcmp(word, "write")) {
        copy_name(r->write, need_token("function"));
        if (r->write_el == NO_EL) fail("%s: a write hook for a read-only register", r->name);
    } else if (!strcmp(word, "after")) {
        copy_name(r->after, need_token("function"));
        if (r->write_el == NO_EL) fail("%s: an after hook for a read-only register", r->name);
    } else if (!strcmp(word, "reset")) {
        r->reset = strtoull(need_token("value"), NULL, 0);
    } else {
        fail("unknown word %s", word);
    }
    if (next_token()) fail("%s: too much after %s", r->name, word);
}

static void check_reg(const Reg *r) {
    at_line = r->line;
    if (r->insn) {
        if (!*r->insn_fn) fail("%s: do expected", r->name);
        return;
    }
    if (!r->fields) fail("%s has no fields", r->name);
    int lo = r->field[r->fields - 1].lo;
    if (lo) fail("%s: bits %d..0 are in no field", r->name, lo - 1);
    if (*r->write && *r->after) fail("%s: both write and after", r->name);
    for (int i = 0; i < r->fields; i++) {
        const RegField *f = &r->field[i];
        uint64_t mask = (f->hi - f->lo == 63 ? ~0ull : (1ull << (f->hi - f->lo + 1)) - 1) << f->lo;
        if (f->kind == 'r' && r->write_el != NO_EL && !*r->write)
            fail("%s: field %s is read-only, which takes a write hook", r->name, f->name);
        if (f->kind == '0' && (r->reset & mask))
            fail("%s: reset value sets RES0 bits %d:%d", r->name, f->hi, f->lo);
    }
}

static void read_table(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    char line[600];
    Reg *r = NULL;
    at_file = path;
    while (fgets(line, sizeof line, f)) {
        at_line++;
        if (!strchr(line, '\n') && !feof(f)) fail("line too long");
        char *hash = strchr(line, '#');
        if (hash) *hash = 0;
        char *word = strtok(line, " \t\n");
        if (!word) continue;
        bool reg = !strcmp(word, "reg"), sys = !strcmp(word, "sys");
        if (reg || sys) {
            if (r) {
                int line_now = at_line;
                check_reg(r);
                at_line = line_now;
            }
            r = read_head(sys);
        } else {
            if (!r) fail("%s before the first register", word);
            read_attribute(r, word);
        }
    }
    fclose(f);
    if (r) check_reg(r);
}

// --- relations between rows ------------------------------------------------------------------

static int field_bit(const Reg *r, const char *name) {
    for (int i = 0; i < r->fields; i++)
        if (!strcmp(r->field[i].name, name)) return r->field[i].lo;
    return -1;
}

static void resolve_traps(Reg *r) {
    static const char *const known[] = {"HCR_EL2", "CPTR_EL2", "MDCR_EL2", "SCTLR", "MDSCR_EL1"};
    for (int i = 0; i < r->traps; i++) {
        RegTrap *t = &r->trap[i];
        at_line = t->line;
        if (!strcmp(t->control, "fp")) continue;
        bool ok = false;
        for (unsigned k = 0; k < sizeof known / sizeof *known; k++)
            ok |= !strcmp(t->control, known[k]);
        if (!ok) fail("%s: %s does not control traps", r->name, t->control);
        int c = find_reg(strcmp(t->control, "SCTLR") ? t->control : "SCTLR_EL1");
        if (c < 0) fail("%s: trap register %s is not in the table", r->name, t->control);
        t->bit_number = field_bit(&regs[c], t->bit);
        if (t->bit_number < 0) fail("%s: %s has no field %s", r->name, t->control, t->bit);
    }
}

// X_EL1 -> X_EL12, X_EL0 -> X_EL02: op1 becomes 5.
static void add_alias(int index) {
    Reg *r = &regs[index];
    at_line = r->line;
    int target = find_reg(r->vhe);
    if (target < 0) fail("%s: vhe register %s is not in the table", r->name, r->vhe);
    size_t n = strlen(r->name);
    char last = r->name[n - 1];
    if (n < 5 || strncmp(r->name + n - 4, "_EL", 3) || (last != '0' && last != '1'))
        fail("%s: only _EL0 and _EL1 registers have a vhe register", r->name);
    char name[NAME_LEN + 2];
    snprintf(name, sizeof name, "%s2", r->name);
    Reg *a = add_reg(name, (r->enc & ~(7 << 11)) | 5 << 11);
    r = &regs[index];
    a->alias_of = index;
    if (r->read_el != NO_EL) a->read_el = 2;
    if (r->write_el != NO_EL) a->write_el = 2;
}

static void resolve(void) {
    int own = reg_count;
    for (int i = 0; i < own; i++) resolve_traps(&regs[i]);
    for (int i = 0; i < own; i++)
        if (*regs[i].vhe) add_alias(i);
}

// --- writing ---------------------------------------------------------------------------------

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

static void write_header(const char *dir) {
    FILE *f = create(dir, "sysregs.h");
    fprintf(f, "#pragma once\n\n#include \"base/base.h\"\n\nstruct SysRegs {\n");
    for (int i = 0; i < reg_count; i++)
        if (stored(&regs[i])) fprintf(f, "    u64 %s;\n", regs[i].name);
    fprintf(f, "};\n\nenum {\n");
    for (int i = 0; i < reg_count; i++) fprintf(f, "    SYSREG_%s = %d,\n", regs[i].name, i);
    fprintf(f, "    SYSREG_COUNT = %d,\n};\n", reg_count);
    fclose(f);
}

static const char *control_name(const char *control) {
    if (!strcmp(control, "HCR_EL2")) return "TRAP_HCR";
    if (!strcmp(control, "CPTR_EL2")) return "TRAP_CPTR";
    if (!strcmp(control, "MDCR_EL2")) return "TRAP_MDCR";
    if (!strcmp(control, "SCTLR")) return "TRAP_SCTLR";
    if (!strcmp(control, "MDSCR_EL1")) return "TRAP_MDSCR";
    return "TRAP_FP";
}

static void write_traps(FILE *f) {
    fprintf(f, "const SysRegTrap sysreg_traps[] = {\n");
    for (int i = 0; i < reg_count; i++)
        for (int k = 0; k < regs[i].traps; k++) {
            const RegTrap *t = &regs[i].trap[k];
            bool fp = !strcmp(t->control, "fp");
            const char *control = strcmp(t->control, "SCTLR") ? t->control : "SCTLR_ELx";
            fprintf(f, "    {\"%s%s%s\", %d, %s, %d, %d},\n", fp ? "CPACR_EL1/CPTR_EL2" : control,
                    fp ? "" : ".", t->bit, t->access, control_name(t->control), t->bit_number,
                    t->when_zero);
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
    int trap = 0, field = 0;
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
        fprintf(f, ".need = %s, .need_not = %s, .reset = 0x%llxull,\n", *r->need ? r->need : "-1",
                *r->need_not ? r->need_not : "-1", (unsigned long long)r->reset);
        fprintf(f, "     .read = %s, .write = %s, .after = %s, .insn = %s, .arg = %s},\n",
                or_null(r->read), or_null(r->write), or_null(r->after), or_null(r->insn_fn),
                *r->insn_arg ? r->insn_arg : "0");
        trap += r->traps;
        field += r->fields;
    }
    fprintf(f, "};\n\n");
}

// HCR_EL2 bits that trap this access from EL1; *other: some other trap may apply at EL1.
static uint64_t hcr_traps(const Reg *r, int access, bool *other) {
    uint64_t mask = 0;
    for (int k = 0; k < r->traps; k++) {
        const RegTrap *t = &r->trap[k];
        if (!(t->access & access)) continue;
        if (!strcmp(t->control, "HCR_EL2") && !t->when_zero)
            mask |= 1ull << t->bit_number;
        else if (strcmp(t->control, "SCTLR") && strcmp(t->control, "MDSCR_EL1"))
            *other = true;
    }
    return mask;
}

static bool fp_trapped(const Reg *r) {
    return r->traps && !strcmp(r->trap[0].control, "fp");
}

static int fast_els(const Reg *r, int access, bool other) {
    int el = access == 1 ? r->read_el : r->write_el, els = 0;
    if (el == 0 && !r->traps) els |= 1;
    if (el <= 1 && !other) els |= 2;
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
        bool other_r = false, other_w = false;
        uint64_t hcr_r = hcr_traps(r, 1, &other_r), hcr_w = hcr_traps(r, 2, &other_w);
        int read = *base->read ? 0 : fast_els(r, 1, other_r);
        int write = *base->write || *base->after ? 0 : fast_els(r, 2, other_w);
        const char *e2h = base->name;
        if (*r->vhe) {
            const Reg *v = &regs[find_reg(r->vhe)];
            e2h = v->name;
            if (*v->read || *v->need) read &= ~4;
            if (*v->write || *v->after || *v->need) write &= ~4;
        }
        if (r->alias_of >= 0)
            fprintf(f, "    {SYSREG_NONE, ");
        else
            fprintf(f, "    {AT(sys.%s), ", base->name);
        fprintf(f, "AT(sys.%s), %d, %d, 0, 0x%llxull, 0x%llxull},  // %s\n", e2h, read, write,
                (unsigned long long)hcr_r, (unsigned long long)hcr_w, r->name);
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

static void write_table(const char *dir) {
    FILE *f = create(dir, "sysregs_table.c");
    fprintf(f, "#include \"cpu/sysreg_hooks.h\"\n\n");
    write_prototypes(f);
    write_traps(f);
    write_fields(f);
    write_rows(f);
    write_fast(f);
    write_lookup(f);
    fclose(f);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: tablegen_sysregs sysregs.reg OUTDIR\n");
        return 2;
    }
    regs = calloc(MAX_REGS, sizeof *regs);
    if (!regs) return 1;
    read_table(argv[1]);
    resolve();
    write_header(argv[2]);
    write_table(argv[2]);
    free(regs);
    return 0;
}
