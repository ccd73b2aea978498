// Expressions: parsed into a tree with all names resolved, then evaluated as often as needed.
#include "debugger/expr.h"

#include "debugger/state.h"
#include "mmu/walk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64, NODES_MAX = 1024 };

typedef enum NodeKind {
    NODE_NUMBER,
    NODE_REGISTER,
    NODE_KNOWN,   // el, vmid, esr...
    NODE_UNARY,   // op: ! ~ -
    NODE_BINARY,  // op
    NODE_MEMORY,  // size bytes at the operand
    NODE_SPACE,   // the operand, as an address in this space
} NodeKind;

typedef enum Op2 {
    OP_OROR,
    OP_ANDAND,
    OP_OR,
    OP_XOR,
    OP_AND,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_SHL,
    OP_SHR,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_NONE
} Op2;

struct Expr {
    NodeKind kind;
    union {
        u64 number;
        Reg reg;
        unsigned known;
        char op;
        Op2 op2;
        struct {
            u8 size;
            bool is_signed;
        } memory;
    };
    Space space;  // NODE_NUMBER of a symbol, NODE_SPACE
    Expr *a, *b;
};

// --- what is known without a register's name ----------------------------------------------------

static u64 last_esr(const Cpu *cpu) {
    return cpu_have_el2(cpu) ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
}
static u64 known_el(Cpu *cpu) {
    return cpu->el;
}
static u64 known_vmid(Cpu *cpu) {
    return regime_vmid(cpu);
}
static u64 known_asid(Cpu *cpu) {
    return regime_asid(cpu, mode_regime(cpu_mode(cpu)));
}
static u64 known_cpu(Cpu *cpu) {
    return cpu->index;
}
static u64 known_icount(Cpu *cpu) {
    return cpu->icount;
}
static u64 known_esr(Cpu *cpu) {
    return last_esr(cpu);
}
static u64 known_ec(Cpu *cpu) {
    return bits(last_esr(cpu), 31, 26);
}
static u64 known_il(Cpu *cpu) {
    return bit(last_esr(cpu), 25);
}
static u64 known_iss(Cpu *cpu) {
    return bits(last_esr(cpu), 24, 0);
}
static u64 known_far(Cpu *cpu) {
    return cpu_have_el2(cpu) ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1;
}
// The IPA of the last stage 2 fault; of one on a walk (ISS.S1PTW) that of the page.
static u64 known_ipa(Cpu *cpu) {
    u64 page = bits(cpu->sys.HPFAR_EL2, 43, 4) << 12;
    return bit(cpu->sys.ESR_EL2, 7) ? page : page | (cpu->sys.FAR_EL2 & 0xfff);
}

static const struct {
    const char *name;
    u64 (*read)(Cpu *cpu);
} known[] = {{"el", known_el},     {"vmid", known_vmid},     {"asid", known_asid},
             {"cpu", known_cpu},   {"icount", known_icount}, {"esr", known_esr},
             {"esr.ec", known_ec}, {"esr.il", known_il},     {"esr.iss", known_iss},
             {"far", known_far},   {"ipa", known_ipa}};

// --- parsing -------------------------------------------------------------------------------------

typedef struct Parser {
    const ExprContext *c;
    const char *text, *p;
    unsigned depth, nodes;
    Error *err;
    bool failed;
} Parser;

static Expr *parse_binary(Parser *p, unsigned level);

static Expr *fail(Parser *p, const char *what) {
    if (!p->failed) error_set(p->err, "%s at '%.24s'", what, *p->p ? p->p : "the end");
    p->failed = true;
    return NULL;
}

void expr_free(Expr *e) {
    if (!e) return;
    expr_free(e->a);
    expr_free(e->b);
    free(e);
}

static Expr *new_node(Parser *p, NodeKind kind, Expr *a, Expr *b) {
    if (++p->nodes > NODES_MAX) {
        expr_free(a);
        expr_free(b);
        return fail(p, "the expression is too long");
    }
    Expr *e = calloc(1, sizeof *e);
    CHECK(e);
    e->kind = kind;
    e->a = a;
    e->b = b;
    return e;
}

static void skip_blanks(Parser *p) {
    p->p += strspn(p->p, " \t");
}

static bool take(Parser *p, const char *token) {
    skip_blanks(p);
    size_t n = strlen(token);
    if (strncmp(p->p, token, n)) return false;
    p->p += n;
    return true;
}

static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static Expr *parse_number(Parser *p) {
    const char *start = p->p;
    unsigned base = 10;
    if (start[0] == '0' && (start[1] | 32) == 'x') base = 16;
    if (start[0] == '0' && (start[1] | 32) == 'b') base = 2;
    if (base != 10) p->p += 2;
    u128 value = 0;
    unsigned n = 0;
    for (; isxdigit((unsigned char)*p->p); p->p++, n++) {
        unsigned digit = isdigit((unsigned char)*p->p) ? (unsigned)(*p->p - '0')
                                                       : (unsigned)((*p->p | 32) - 'a') + 10;
        if (digit >= base) break;
        value = value * base + digit;
        if (value >> 64) return fail(p, "a number of more than 64 bits");
    }
    if (!n || is_name(*p->p)) {
        p->p = start;
        return fail(p, "no number");
    }
    Expr *e = new_node(p, NODE_NUMBER, NULL, NULL);
    if (e) e->number = (u64)value;
    return e;
}

static Expr *parse_parenthesis(Parser *p) {
    if (!take(p, "(")) return fail(p, "'(' expected");
    Expr *e = parse_binary(p, 0);
    if (e && !take(p, ")")) {
        expr_free(e);
        return fail(p, "')' expected");
    }
    return e;
}

static Expr *in_space(Parser *p, Expr *e, Space space) {
    if (!e) return NULL;
    Expr *s = new_node(p, NODE_SPACE, e, NULL);
    if (s) s->space = space;
    return s;
}

// u8(x), s32(x), u64(x): memory. NULL: name is none of them.
static bool memory_function(const char *name, size_t n, u8 *size, bool *is_signed) {
    static const struct {
        const char *name;
        u8 size;
    } sizes[] = {{"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}};
    if (n < 2 || (name[0] != 'u' && name[0] != 's')) return false;
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++)
        if (strlen(sizes[i].name) == n - 1 && !strncmp(name + 1, sizes[i].name, n - 1)) {
            *size = sizes[i].size;
            *is_signed = name[0] == 's';
            return true;
        }
    return false;
}

static Expr *parse_memory(Parser *p, u8 size, bool is_signed) {
    Expr *a = parse_parenthesis(p);
    Expr *e = a ? new_node(p, NODE_MEMORY, a, NULL) : NULL;
    if (!e) return NULL;
    e->memory.size = size;
    e->memory.is_signed = is_signed;
    return e;
}

static Expr *known_node(Parser *p, const char *name) {
    for (unsigned i = 0; i < ARRAY_LEN(known); i++)
        if (!strcmp(name, known[i].name)) {
            Expr *e = new_node(p, NODE_KNOWN, NULL, NULL);
            if (e) e->known = i;
            return e;
        }
    return NULL;
}

static int symbol_space(Space s) {
    return s.kind == AS_VM                ? s.vmid
           : s.kind == AS_EL && s.el == 2 ? (int)SPACE_EL2
                                          : (int)SPACE_ANY;
}

// A symbol: in the space that was named, else wherever there is one; an EL2 symbol brings its space.
static Expr *symbol_node(Parser *p, const char *name, Space space) {
    u64 address;
    if (!p->c->symbols) return NULL;
    bool found = symbols_find(p->c->symbols, symbol_space(space), name, &address);
    if (!found && space.kind == AS_CURRENT &&
        symbols_find(p->c->symbols, SPACE_EL2, name, &address)) {
        found = true;
        space = (Space){.kind = AS_EL, .el = 2};
    }
    if (!found) return NULL;
    Expr *e = new_node(p, NODE_NUMBER, NULL, NULL);
    if (e) {
        e->number = address;
        e->space = space;
    }
    return e;
}

static Expr *register_node(Parser *p, const char *name, Error *err) {
    Reg reg;
    if (!reg_find(p->c->cpu, name, &reg, err)) return NULL;
    Expr *e = new_node(p, NODE_REGISTER, NULL, NULL);
    if (e) e->reg = reg;
    return e;
}

static Expr *parse_name(Parser *p, Space space) {
    const char *start = p->p;
    size_t n = 0;
    while (is_name(start[n])) n++;
    char name[160];
    if (!n || n >= sizeof name)
        return fail(p, n ? "a name that is too long" : "an expression is expected");
    memcpy(name, start, n);
    name[n] = '\0';
    p->p += n;
    const char *after = p->p + strspn(p->p, " \t");
    u8 size;
    bool is_signed;
    if (*after == '(' && memory_function(name, n, &size, &is_signed))
        return parse_memory(p, size, is_signed);
    if (*after == '(' && !strcmp(name, "pa"))
        return in_space(p, parse_parenthesis(p), (Space){.kind = AS_PHYSICAL});
    if (*after == '(' && !strcmp(name, "ipa"))
        return in_space(p, parse_parenthesis(p),
                        (Space){.kind = AS_IPA, .any_vm = space.kind != AS_VM, .vmid = space.vmid});
    Error err = {""};
    Expr *e = NULL;
    if (space.kind == AS_CURRENT) e = known_node(p, name);
    bool current = space.kind == AS_CURRENT;
    if (!e && !p->failed && (current || *name == '$')) e = register_node(p, name, &err);
    if (e && !current) return in_space(p, e, space);
    if (!e && !p->failed) e = symbol_node(p, name, space);
    if (e || p->failed) return e;
    p->failed = true;
    if (*name == '$' || strchr(name, '.'))
        error_set(p->err, "%s", err.text);
    else
        error_set(p->err, "no register and no symbol '%s'%s%s", name,
                  strstr(err.text, "; did") ? "" : "",
                  strstr(err.text, "; did") ? strstr(err.text, "; did") : "");
    return NULL;
}

static Expr *parse_primary(Parser *p) {
    skip_blanks(p);
    Space space;
    const char *before = p->p;
    if (isalpha((unsigned char)*p->p) && !space_prefix(&p->p, &space, p->err)) {
        p->failed = true;
        return NULL;
    }
    if (before == p->p) space = (Space){.kind = AS_CURRENT};
    skip_blanks(p);
    bool prefixed = before != p->p && space.kind != AS_CURRENT;
    Expr *e;
    if (*p->p == '(')
        e = parse_parenthesis(p);
    else if (isdigit((unsigned char)*p->p))
        e = parse_number(p);
    else
        return parse_name(p, space);
    return prefixed ? in_space(p, e, space) : e;
}

static Expr *parse_unary(Parser *p) {
    skip_blanks(p);
    char c = *p->p;
    if (c != '!' && c != '~' && c != '-' && c != '*' && c != '+') return parse_primary(p);
    if (++p->depth > DEPTH_MAX) return fail(p, "the expression is nested too deeply");
    p->p++;
    Expr *a = parse_unary(p);
    p->depth--;
    if (!a || c == '+') return a;
    Expr *e = new_node(p, c == '*' ? NODE_MEMORY : NODE_UNARY, a, NULL);
    if (!e) return NULL;
    if (c == '*')
        e->memory.size = 8;
    else
        e->op = c;
    return e;
}

// Binary operators, lowest precedence first; longer tokens before their prefixes.
static const struct {
    const char *token;
    Op2 op;
    u8 level;
} operators[] = {{"||", OP_OROR, 0}, {"&&", OP_ANDAND, 1}, {"==", OP_EQ, 5}, {"!=", OP_NE, 5},
                 {"<<", OP_SHL, 7},  {">>", OP_SHR, 7},    {"<=", OP_LE, 6}, {">=", OP_GE, 6},
                 {"|", OP_OR, 2},    {"^", OP_XOR, 3},     {"&", OP_AND, 4}, {"<", OP_LT, 6},
                 {">", OP_GT, 6},    {"+", OP_ADD, 8},     {"-", OP_SUB, 8}, {"*", OP_MUL, 9},
                 {"/", OP_DIV, 9},   {"%", OP_MOD, 9}};

static Op2 peek_operator(Parser *p, u8 *level, size_t *n) {
    skip_blanks(p);
    for (unsigned i = 0; i < ARRAY_LEN(operators); i++) {
        *n = strlen(operators[i].token);
        if (strncmp(p->p, operators[i].token, *n)) continue;
        *level = operators[i].level;
        return operators[i].op;
    }
    return OP_NONE;
}

// Operators of at least this level: precedence climbing.
static Expr *parse_binary(Parser *p, unsigned least) {
    if (++p->depth > DEPTH_MAX) return fail(p, "the expression is nested too deeply");
    Expr *e = parse_unary(p);
    u8 level;
    size_t n;
    for (Op2 op; e && (op = peek_operator(p, &level, &n)) != OP_NONE && level >= least;) {
        p->p += n;
        Expr *b = parse_binary(p, level + 1u);
        if (!b) {
            expr_free(e);
            return NULL;
        }
        e = new_node(p, NODE_BINARY, e, b);
        if (e) e->op2 = op;
    }
    p->depth--;
    return e;
}

Expr *expr_parse(const ExprContext *c, const char *text, const char **end, Error *err) {
    Parser p = {.c = c, .text = text, .p = text, .err = err};
    Expr *e = parse_binary(&p, 0);
    if (!e) return NULL;
    skip_blanks(&p);
    if (end) {
        *end = p.p;
    } else if (*p.p) {
        expr_free(e);
        return fail(&p, "not understood:");
    }
    return e;
}

// --- evaluating ----------------------------------------------------------------------------------

static bool eval_binary(const Expr *e, const ExprContext *c, ExprValue *out, Error *err) {
    ExprValue a, b;
    if (!expr_eval(e->a, c, &a, err)) return false;
    // As in C: the right side is looked at only if it decides.
    if (e->op2 == OP_ANDAND || e->op2 == OP_OROR) {
        bool left = a.v != 0;
        *out = (ExprValue){.v = left};
        if (left == (e->op2 == OP_OROR)) return true;
        if (!expr_eval(e->b, c, &b, err)) return false;
        out->v = b.v != 0;
        return true;
    }
    if (!expr_eval(e->b, c, &b, err)) return false;
    Space space = a.space.kind != AS_CURRENT ? a.space : b.space;
    u64 v = 0;
    switch (e->op2) {
    case OP_OR: v = a.v | b.v; break;
    case OP_XOR: v = a.v ^ b.v; break;
    case OP_AND: v = a.v & b.v; break;
    case OP_EQ: v = a.v == b.v; break;
    case OP_NE: v = a.v != b.v; break;
    case OP_LT: v = a.v < b.v; break;
    case OP_LE: v = a.v <= b.v; break;
    case OP_GT: v = a.v > b.v; break;
    case OP_GE: v = a.v >= b.v; break;
    case OP_SHL: v = b.v < 64 ? a.v << b.v : 0; break;
    case OP_SHR: v = b.v < 64 ? a.v >> b.v : 0; break;
    case OP_ADD: v = a.v + b.v; break;
    case OP_SUB: v = a.v - b.v; break;
    case OP_MUL: v = a.v * b.v; break;
    case OP_DIV:
    case OP_MOD:
        if (!b.v) return error_set(err, "division by zero");
        v = e->op2 == OP_DIV ? a.v / b.v : a.v % b.v;
        break;
    default: break;
    }
    bool compares = e->op2 >= OP_EQ && e->op2 <= OP_GE;
    *out = (ExprValue){.v = v, .space = compares ? (Space){.kind = AS_CURRENT} : space};
    return true;
}

static bool eval_memory(const Expr *e, const ExprContext *c, ExprValue *out, Error *err) {
    ExprValue a;
    if (!expr_eval(e->a, c, &a, err)) return false;
    u64 v = 0;
    if (!space_read(c->cpu, a.space, a.v, &v, e->memory.size, err)) return false;
    if (e->memory.is_signed) v = (u64)sext(v, e->memory.size * 8u);
    *out = (ExprValue){.v = v};
    return true;
}

static bool eval_register(const Expr *e, const ExprContext *c, ExprValue *out, Error *err) {
    u128 v;
    if (!reg_read(c->cpu, &e->reg, &v, err)) return false;
    *out = (ExprValue){.v = (u64)v};
    return true;
}

bool expr_eval(const Expr *e, const ExprContext *c, ExprValue *out, Error *err) {
    *out = (ExprValue){.space = {.kind = AS_CURRENT}};
    switch (e->kind) {
    case NODE_NUMBER: *out = (ExprValue){e->number, e->space}; return true;
    case NODE_REGISTER: return eval_register(e, c, out, err);
    case NODE_KNOWN: out->v = known[e->known].read(c->cpu); return true;
    case NODE_BINARY: return eval_binary(e, c, out, err);
    case NODE_MEMORY: return eval_memory(e, c, out, err);
    case NODE_SPACE:
        if (!expr_eval(e->a, c, out, err)) return false;
        out->space = e->space;
        return true;
    case NODE_UNARY: break;
    }
    if (!expr_eval(e->a, c, out, err)) return false;
    out->v = e->op == '!' ? !out->v : e->op == '~' ? ~out->v : -out->v;
    return true;
}

bool expr_value(const ExprContext *c, const char *text, const char **end, ExprValue *out,
                Error *err) {
    Expr *e = expr_parse(c, text, end, err);
    if (!e) return false;
    bool ok = expr_eval(e, c, out, err);
    expr_free(e);
    return ok;
}
