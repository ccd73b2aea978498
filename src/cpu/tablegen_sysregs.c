// Host tool: checks sysregs.reg and writes sysregs.h (storage, indices) and sysregs_table.c (the
// rows that sysreg.c applies; tablegen_sysregs_write.c). Usage: tablegen_sysregs sysregs.reg OUTDIR
// The first thing wrong ends it with "FILE:LINE: message" and status 1.
#include "tablegen_sysregs.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Reg *regs;
int reg_count;
Control controls[MAX_CONTROLS];
int control_count;
static const char *at_file;
static int at_line;

_Noreturn void fail(const char *format, ...) {
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

int find_reg(const char *name) {
    for (int i = 0; i < reg_count; i++)
        if (!strcmp(regs[i].name, name)) return i;
    return -1;
}

int find_enc(int enc) {
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

static int parse_target(const char *t) {
    if (strcmp(t, "EL1") && strcmp(t, "EL2")) fail("EL1 or EL2 expected, not %s", t);
    return t[2] - '0';
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

int find_control(const char *name) {
    for (int i = 0; i < control_count; i++)
        if (!strcmp(controls[i].name, name)) return i;
    return -1;
}

static void read_control(void) {
    char *name = need_token("name");
    if (find_control(name) >= 0) fail("control %s is defined twice", name);
    if (control_count == MAX_CONTROLS) fail("too many controls");
    Control *c = &controls[control_count++];
    copy_name(c->name, name);
    copy_name(c->reg, name);
    c->line = at_line;
    c->e2h = 2;
    for (char *t; (t = next_token());) {
        if (*t == '@')
            c->from |= 1 << parse_el(t);
        else if (!strcmp(t, "to"))
            c->to = parse_target(need_token("EL1 or EL2"));
        else if (!strcmp(t, "in"))
            copy_name(c->reg, need_token("register"));
        else if (!strcmp(t, "host"))
            copy_name(c->host, need_token("register"));
        else if (!strcmp(t, "guest"))
            c->guest = true;
        else if (!strcmp(t, "e2h"))
            c->e2h = need_number("e2h", 1);
        else if (!strcmp(t, "tge"))
            copy_name(c->tge, need_token("bit"));
        else if (!strcmp(t, "with"))
            copy_name(c->with, need_token("bit"));
        else if (!strcmp(t, "without"))
            copy_name(c->without, need_token("bit"));
        else
            fail("control %s: unknown word %s", name, t);
    }
    if (!c->from || c->from > 3) fail("control %s: @EL0 or @EL1 expected", name);
    if (!c->to) fail("control %s: to EL1 or to EL2 expected", name);
    if (c->guest && *c->host) fail("control %s: both guest and host", name);
}

static void read_trap(const Reg *r, RegTrap *trap, int access, char *what) {
    trap->access = access;
    trap->line = at_line;
    if (*what == '!') trap->when_zero = true, what++;
    if (!strcmp(what, "fp")) {
        strcpy(trap->control, "fp");
        return;
    }
    char *dot = strchr(what, '.');
    if (!dot) fail("%s: trap: REGISTER.BIT expected, not %s", r->name, what);
    *dot = 0;
    copy_name(trap->control, what);
    if (strlen(dot + 1) >= NAME_LEN) fail("name too long: %s", dot + 1);
    strcpy(trap->bit, dot + 1);
}

static void read_vncr(Reg *r) {
    char *t = need_token("offset"), *end;
    r->vncr = (int)strtol(t, &end, 0);
    if (*end || r->vncr <= 0 || r->vncr > 0xff8 || r->vncr % 8)
        fail("%s: vncr: a multiple of 8 in 8..0xff8 expected, not %s", r->name, t);
    for (int i = 0; i < reg_count; i++)
        if (&regs[i] != r && regs[i].vncr == r->vncr)
            fail("%s: vncr: %s has offset %s", r->name, regs[i].name, t);
    if (!(t = next_token())) return;
    if (strcmp(t, "if") || strcmp(need_token("NV1"), "NV1"))
        fail("%s: vncr: if NV1 expected", r->name);
    r->vncr_nv1 = 1;
    if (!(t = next_token())) return;
    if (strcmp(t, "unless")) fail("%s: vncr: unless CONTROL.BIT expected", r->name);
    r->guarded = true;
    read_trap(r, &r->guard, 3, need_token("control bit"));
}

static void read_traps(Reg *r) {
    for (char *t; (t = next_token());) {
        int access = parse_access(t);
        if (!access) fail("%s: trap: r, w or rw expected, not %s", r->name, t);
        char *what = need_token("control bit");
        if (r->traps == MAX_TRAPS) fail("%s: too many traps", r->name);
        RegTrap *trap = &r->trap[r->traps++];
        read_trap(r, trap, access, what);
        if (!*trap->bit) continue;
        if ((r->read_el == NO_EL && access == 1) || (r->write_el == NO_EL && access == 2))
            fail("%s: trap %s.%s for a direction that does not exist", r->name, trap->control,
                 trap->bit);
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
    } else if (!strcmp(word, "vncr")) {
        read_vncr(r);
    } else if (!strcmp(word, "nv2")) {
        copy_name(r->nv2, need_token("register"));
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
    } else if (!strcmp(word, "cause")) {
        r->cause = true;
        if (r->write_el == NO_EL) fail("%s: a read-only register is no cause", r->name);
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
        } else if (!strcmp(word, "control")) {
            if (r) fail("control after the first register");
            read_control();
        } else {
            if (!r) fail("%s before the first register", word);
            read_attribute(r, word);
        }
    }
    fclose(f);
    if (r) check_reg(r);
}

// --- relations between rows ------------------------------------------------------------------

int field_bit(const Reg *r, const char *name) {
    for (int i = 0; i < r->fields; i++)
        if (!strcmp(r->field[i].name, name)) return r->field[i].lo;
    return -1;
}

// Register of a control, by name; the message is about `who` that needs it.
static int control_register(const char *who, const Control *c, const char *name) {
    int i = find_reg(name);
    if (i < 0) fail("%s: %s: trap register %s is not in the table", who, c->name, name);
    regs[i].cause = true;
    return i;
}

// "BIT" or "BIT|BIT" of a register as a mask.
static uint64_t control_bits(const char *who, const char *reg, const char *bits) {
    char copy[NAME_LEN];
    strcpy(copy, bits);
    uint64_t mask = 0;
    for (char *part = copy, *end; part; part = end) {
        end = strchr(part, '|');
        if (end) *end++ = 0;
        int n = field_bit(&regs[find_reg(reg)], part);
        if (n < 0) fail("%s: %s has no field %s", who, reg, part);
        mask |= 1ull << n;
    }
    return mask;
}

static void resolve_traps(Reg *r) {
    for (int i = 0; i < r->traps; i++) {
        RegTrap *t = &r->trap[i];
        at_line = t->line;
        if (!strcmp(t->control, "fp")) continue;
        int c = find_control(t->control);
        if (c < 0) fail("%s: %s does not control traps", r->name, t->control);
        control_register(r->name, &controls[c], controls[c].reg);
        t->mask = control_bits(r->name, controls[c].reg, t->bit);
        controls[c].used = true;
    }
}

// FGT_READ and FGT_WRITE must not be HCR_EL2's.
static void check_free_bits(const Reg *hcr) {
    at_line = hcr->line;
    for (int i = 0; i < hcr->fields; i++) {
        const RegField *f = &hcr->field[i];
        if (f->kind == '0') continue;
        if ((f->lo <= FGT_READ && FGT_READ <= f->hi) || (f->lo <= FGT_WRITE && FGT_WRITE <= f->hi))
            fail("HCR_EL2: field %s: bits %d and %d are used by the fast paths", f->name, FGT_READ,
                 FGT_WRITE);
    }
}

static void resolve_control(Control *c) {
    at_line = c->line;
    if (!c->used) fail("control %s controls nothing", c->name);
    if (*c->host) control_register("control", c, c->host);
    if (*c->tge) c->tge_mask = control_bits("control", c->reg, c->tge);
    if (*c->with) c->with_mask = control_bits("control", c->reg, c->with);
    if (*c->without) c->without_mask = control_bits("control", c->reg, c->without);
}

// vncr, nv2.
static void check_nested(const Reg *r) {
    at_line = r->line;
    bool el2 = r->read_el == 2 || r->write_el == 2;
    if (*r->nv2 && (find_reg(r->nv2) < 0 || !el2))
        fail("%s: nv2: an EL1 register for an EL2 register expected", r->name);
    if (*r->nv2 && r->vncr) fail("%s: both nv2 and vncr", r->name);
    if (r->vncr && find_reg("HCR_EL2") < 0) fail("%s: vncr without HCR_EL2", r->name);
    if (r->vncr && el2 && r->vncr_nv1) fail("%s: vncr of an EL2 register with NV1", r->name);
    if (r->guarded && !*r->vhe) fail("%s: vncr: unless without an alias", r->name);
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
    a->vncr = r->vncr;
    a->vncr_nv1 = 2;
    if (r->guarded) a->trap[a->traps++] = r->guard;
}

static void resolve(void) {
    int own = reg_count;
    for (int i = 0; i < own; i++) check_nested(&regs[i]);
    for (int i = 0; i < own; i++)
        if (*regs[i].vhe) add_alias(i);
    for (int i = 0; i < reg_count; i++) resolve_traps(&regs[i]);
    for (int i = 0; i < control_count; i++) resolve_control(&controls[i]);
    if (find_reg("HCR_EL2") >= 0) check_free_bits(&regs[find_reg("HCR_EL2")]);
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
