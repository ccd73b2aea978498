// Backtraces. AAPCS64: "The Frame Pointer"; DWARF 5: "Call Frame Information"; DWARF for the Arm 64-bit
// Architecture: register numbers. Registers that signed return addresses (FEAT_PAuth) are stripped of the signature.
#include "debugger/unwind.h"

#include "cpu/observer.h"
#include "cpu/pauth.h"
#include "debugger/disasm.h"
#include "debugger/place.h"
#include "debugger/source.h"
#include "trace/internal.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

enum {
    FP = 29,
    LR = 30,
    SP = 31,
    REGS = 32,
    FRAMES_MAX = 4096,
    STACK_MAX = 32,
    FUNCTION_MAX = 4096
};

// The guest as an exception to EL2 left it.
typedef struct LastExit {
    bool valid;
    u64 x[31], sp, pc;
    bool behind;  // pc is behind the instruction
    u32 spsr;
    int el;
    World world;
    char text[64];
} LastExit;

struct Unwinder {
    Machine *machine;
    Observer observer;
    LastExit *exit;  // of each CPU
};

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    Unwinder *u = arg;
    if (ev->to_el != 2 || ev->from_el == 2) return;
    LastExit *e = &u->exit[cpu->index];
    e->valid = true;
    memcpy(e->x, cpu->x, sizeof e->x);
    e->sp = cpu->sp_el[ev->spsr & 1 ? ev->from_el : 0];
    e->pc = ev->from_pc;
    e->behind = exception_is_behind(ev->exc);
    e->spsr = ev->spsr;
    e->el = ev->from_el;
    e->world = world_of(cpu, ev->from_el);
    *put_world(put_text(put_text(e->text, exception_name(ev->exc)), " from "), e->world) = '\0';
}

Unwinder *unwinder_create(Machine *machine) {
    Unwinder *u = calloc(1, sizeof *u);
    CHECK(u);
    u->machine = machine;
    u->exit = calloc(machine->cpus, sizeof *u->exit);
    CHECK(u->exit);
    u->observer = (Observer){.arg = u, .exception = on_exception};
    observer_add(machine, &u->observer);
    return u;
}

void unwinder_free(Unwinder *u) {
    if (!u) return;
    observer_remove(u->machine, &u->observer);
    free(u->exit);
    free(u);
}

// --- one frame -----------------------------------------------------------------------------------

typedef struct Regs {
    u64 r[REGS];  // x0..x30, sp
    u32 known;
    u64 pc;
} Regs;

typedef struct State {
    Debugger *d;
    Regs regs;
    Space space;
    int symbols;
    int el;                // of the frames
    bool is_call;          // pc is a return address
    bool behind;           // pc is behind an HVC or SVC
    u64 least_sp;          // where sp is not known
    u64 stop_fp, stop_lr;  // the guest's: where the hypervisor's frames end
    bool has_stop;
    Error *why;
} State;

// Without a signature, by the sizes of addresses at the Exception level of the frames.
static u64 strip(const State *s, u64 address) {
    if (!cpu_has(s->d->cpu, FEAT_PAuth)) return address;
    Cpu copy = *s->d->cpu;
    copy.el = (u8)s->el;
    return pauth_strip(&copy, address, false);
}

// An address in the instruction that the frame is at: what symbols, lines and frames are looked up by. Behind it
// another function may begin.
static u64 code_of(const State *s) {
    return s->regs.pc - (s->is_call || s->behind ? 4 : 0);
}

static bool know(Regs *r, unsigned n, u64 *value) {
    *value = n < REGS ? r->r[n] : 0;
    return n < REGS && r->known >> n & 1;
}

static bool read_word(const State *s, u64 address, u64 *value) {
    return space_read(s->d->cpu, s->space, address, value, 8, NULL);
}

// --- by DWARF ------------------------------------------------------------------------------------

typedef struct Evaluation {
    const State *s;
    Regs *regs;
    u64 stack[STACK_MAX];
    unsigned n;
    u64 cfa;
    bool is_value;  // DW_OP_stack_value: no address
} Evaluation;

static bool push(Evaluation *e, u64 value) {
    if (e->n == STACK_MAX) return false;
    e->stack[e->n++] = value;
    return true;
}

static bool binary(Evaluation *e, u8 op) {
    if (e->n < 2) return false;
    u64 b = e->stack[--e->n], *a = &e->stack[e->n - 1];
    switch (op) {
    case DW_OP_plus: *a += b; return true;
    case DW_OP_minus: *a -= b; return true;
    case DW_OP_and: *a &= b; return true;
    default: return false;
    }
}

static bool evaluate_one(Evaluation *e, const Dwarf_Op *op) {
    u64 value;
    u8 a = op->atom;
    if (a >= DW_OP_breg0 && a <= DW_OP_breg31)
        return know(e->regs, a - DW_OP_breg0, &value) && push(e, value + op->number);
    if (a >= DW_OP_lit0 && a <= DW_OP_lit31) return push(e, a - DW_OP_lit0);
    switch (a) {
    case DW_OP_bregx:
        return know(e->regs, (unsigned)op->number, &value) && push(e, value + op->number2);
    case DW_OP_call_frame_cfa: return push(e, e->cfa);
    case DW_OP_const1u:
    case DW_OP_const2u:
    case DW_OP_const4u:
    case DW_OP_const8u:
    case DW_OP_constu:
    case DW_OP_const1s:
    case DW_OP_const2s:
    case DW_OP_const4s:
    case DW_OP_const8s:
    case DW_OP_consts: return push(e, op->number);
    case DW_OP_plus_uconst:
        if (!e->n) return false;
        e->stack[e->n - 1] += op->number;
        return true;
    case DW_OP_deref: return e->n && read_word(e->s, e->stack[e->n - 1], &e->stack[e->n - 1]);
    case DW_OP_stack_value: e->is_value = true; return true;
    default: return binary(e, a);
    }
}

static bool evaluate(Evaluation *e, const Dwarf_Op *ops, size_t n, u64 *value) {
    e->n = 0;
    e->is_value = false;
    for (size_t i = 0; i < n; i++)
        if (!evaluate_one(e, &ops[i])) return false;
    if (!e->n) return false;
    *value = e->stack[e->n - 1];
    return true;
}

// The caller's register n. False: not known.
static bool caller_register(Evaluation *e, Dwarf_Frame *frame, unsigned n, u64 *value) {
    Dwarf_Op memory[3], *ops;
    size_t count;
    if (dwarf_frame_register(frame, (int)n, memory, &ops, &count)) return false;
    if (!count) {
        // Undefined, or the same value (ops is NULL).
        bool same = ops == NULL || (n >= 19 && n <= LR);
        return n != SP && same && know(e->regs, n, value);
    }
    if (count == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31)
        return know(e->regs, ops[0].atom - DW_OP_reg0, value);
    return evaluate(e, ops, count, value) && (e->is_value || read_word(e->s, *value, value));
}

typedef enum Outcome { STEP_DONE, STEP_OUTERMOST, STEP_UNKNOWN, STEP_FAILED } Outcome;

static Outcome step_by_dwarf(State *s, Dwarf_Frame *frame) {
    Evaluation e = {.s = s, .regs = &s->regs};
    Dwarf_Op *ops;
    size_t n;
    Regs caller = {.known = 0};
    int ra = dwarf_frame_info(frame, NULL, NULL, NULL);
    if (ra < 0 || ra >= REGS || dwarf_frame_cfa(frame, &ops, &n) || !evaluate(&e, ops, n, &e.cfa))
        return STEP_UNKNOWN;
    for (unsigned i = 19; i <= LR; i++)
        if (caller_register(&e, frame, i, &caller.r[i])) caller.known |= 1u << i;
    u64 pc;
    if (!caller_register(&e, frame, (unsigned)ra, &pc)) return STEP_OUTERMOST;
    caller.r[SP] = e.cfa;
    caller.known |= 1u << SP;
    caller.pc = strip(s, pc);
    s->regs = caller;
    return caller.pc ? STEP_DONE : STEP_OUTERMOST;
}

// --- by frame pointers ---------------------------------------------------------------------------

// LDP x29, x30.
static bool is_load_of_record(u32 w) {
    return (w & 0xfe407c1f) == (0xa8400000 | LR << 10 | FP);
}

// Whether x29 is the frame record of the function at pc: ADD x29, sp was executed and the LDP that ends it was not.
// Looked for from the start of its symbol; behind a RET or B is code that has the record again.
static bool has_record(const State *s) {
    SymbolHit hit;
    u64 code = code_of(s);
    if (!symbols_lookup(s->d->symbols, s->symbols, code, &hit) || hit.offset > FUNCTION_MAX)
        return true;
    bool stored = false, ever = false;
    for (u64 at = code - hit.offset; at < code; at += 4) {
        u32 w;
        if (!disasm_fetch(s->d->cpu, s->space, at, &w, NULL)) return true;
        if ((w & 0xff8003ff) == 0x910003fd) stored = true;
        if (is_load_of_record(w)) stored = false;
        ever |= stored;
        if ((w & 0xfffffc1f) == 0xd65f0000 || (w & 0xfc000000) == 0x14000000) stored = ever;
    }
    return stored;
}

static bool same_symbol(const State *s, u64 a, u64 b) {
    SymbolHit ha, hb;
    return symbols_lookup(s->d->symbols, s->symbols, a, &ha) &&
           symbols_lookup(s->d->symbols, s->symbols, b, &hb) && a - ha.offset == b - hb.offset;
}

// The vector's own code: nobody called it. x30 is the guest's, or where a call of its own returned to.
static bool is_entry_code(const State *s) {
    u64 lr = s->regs.r[LR];
    return s->has_stop && s->regs.r[FP] == s->stop_fp &&
           (lr == s->stop_lr || same_symbol(s, lr, s->regs.pc));
}

static Outcome step_by_record(State *s) {
    Regs caller = {.known = 1u << FP};
    u64 fp, lr, record[2];
    if (!know(&s->regs, FP, &fp)) return STEP_UNKNOWN;
    if (!s->is_call && !has_record(s)) {
        if (is_entry_code(s)) return STEP_OUTERMOST;
        know(&s->regs, SP, &s->least_sp);
        if (!know(&s->regs, LR, &lr)) return STEP_UNKNOWN;
        caller.r[FP] = fp;
        caller.pc = strip(s, lr);
    } else {
        char text[64];
        if (!fp) return STEP_OUTERMOST;
        space_print(text, sizeof text, s->space, fp);
        if (fp & 7) {
            error_set(s->why, "the frame pointer %s is not aligned", text);
            return STEP_FAILED;
        }
        if (!space_read(s->d->cpu, s->space, fp, record, sizeof record, s->why)) {
            error_prefix(s->why, "the frame record");
            return STEP_FAILED;
        }
        s->least_sp = fp + sizeof record;
        caller.r[FP] = record[0];
        caller.pc = strip(s, record[1]);
    }
    s->regs = caller;
    return caller.pc ? STEP_DONE : STEP_OUTERMOST;
}

// --- all frames ----------------------------------------------------------------------------------

// The hypervisor's frames end where its caller is the vector: the frame pointer still is the guest's. Functions of
// which more is known may have none.
static bool at_boundary(const State *s) {
    u64 fp;
    Regs r = s->regs;
    if (!s->has_stop || !s->is_call || !know(&r, FP, &fp) || fp != s->stop_fp) return false;
    Dwarf_Frame *frame = sources_frame(s->d->sources, s->symbols, r.pc - 4);
    free(frame);
    return !frame;
}

static Outcome step(State *s) {
    Dwarf_Frame *frame = sources_frame(s->d->sources, s->symbols, code_of(s));
    Outcome o = frame ? step_by_dwarf(s, frame) : STEP_UNKNOWN;
    free(frame);
    return o == STEP_UNKNOWN ? step_by_record(s) : o;
}

// A return address that cannot be one. False: why says so.
static bool check_return(State *s) {
    u32 word;
    Error err = {""};
    if (disasm_fetch(s->d->cpu, s->space, s->regs.pc - 4, &word, &err)) return true;
    error_set(s->why, "no code at the return address 0x%llx: %s", (unsigned long long)s->regs.pc,
              err.text);
    return false;
}

typedef struct Walk {
    bool (*fn)(void *arg, const UnwindFrame *frame);
    void *arg;
    UnwindFrame frame;
} Walk;

// Calls fn for the frames of one world. False: fn has had enough.
static bool walk(State *s, Walk *w) {
    u64 seen_pc = 0, seen_fp = 0, power = 1;
    for (unsigned n = 1;; n++) {
        w->frame.pc = s->regs.pc;
        w->frame.code = code_of(s);
        w->frame.space = s->space;
        w->frame.symbols = s->symbols;
        w->frame.sp_is_exact = know(&s->regs, SP, &w->frame.sp);
        if (!w->frame.sp_is_exact) w->frame.sp = s->least_sp;
        w->frame.knows_fp = know(&s->regs, FP, &w->frame.fp);
        if (!w->fn(w->arg, &w->frame)) return false;
        w->frame.number++;
        w->frame.boundary = w->frame.ended = NULL;
        // The entry code has no frame of its own, what it called has.
        if (at_boundary(s)) return true;
        Outcome o = step(s);
        s->is_call = true;
        s->behind = false;
        if (o == STEP_OUTERMOST || o == STEP_FAILED) return true;
        if (o == STEP_UNKNOWN) {
            error_set(s->why, "the frame pointer is not known here");
            return true;
        }
        if (!check_return(s)) return true;
        if (s->regs.pc == seen_pc && s->regs.r[FP] == seen_fp) {
            error_set(s->why, "the frames are a circle");
            return true;
        }
        if (n == FRAMES_MAX) {
            error_set(s->why, "more than %d frames", FRAMES_MAX);
            return true;
        }
        if (n == power) {  // Brent's algorithm
            power *= 2;
            seen_pc = s->regs.pc;
            seen_fp = s->regs.r[FP];
        }
    }
}

static Space guest_space(const LastExit *e) {
    if (e->world.kind == WORLD_VM) return (Space){.kind = AS_VM, .vmid = e->world.vmid};
    return (Space){.kind = AS_EL, .el = (u8)e->el};
}

// ELR_EL2 and SPSR_EL2 are those of the last exit, or it was made to go on behind the instruction.
static bool is_current(const Cpu *cpu, const LastExit *e) {
    u64 elr = cpu->sys.ELR_EL2;
    return e->valid && (elr == e->pc || elr == e->pc + 4) &&
           bits(cpu->sys.SPSR_EL2, 3, 2) == (u64)e->el;
}

static void walk_guest(State *s, Walk *w, const LastExit *e) {
    char text[96];
    snprintf(text, sizeof text, "%s EL%d", e->text, e->el);
    s->space = guest_space(e);
    s->symbols = world_space(e->world);
    s->el = e->el;
    s->is_call = s->has_stop = false;
    s->regs.known = ~0u;
    memcpy(s->regs.r, e->x, sizeof e->x);
    s->regs.r[SP] = e->sp;
    s->regs.pc = e->pc;
    s->behind = e->behind;
    w->frame.is_guest = true;
    w->frame.boundary = text;
    walk(s, w);
}

void unwind(Debugger *d, bool (*fn)(void *arg, const UnwindFrame *frame), void *arg, Error *why) {
    Cpu *cpu = d->cpu;
    const LastExit *e = &d->unwinder->exit[cpu->index];
    State s = {.d = d, .space = {.kind = AS_CURRENT}, .el = cpu->el, .why = why};
    Walk w = {.fn = fn, .arg = arg};
    why->text[0] = '\0';
    s.symbols = place_symbols(cpu, s.space);
    s.regs.known = ~0u;
    s.regs.pc = cpu->pc;
    memcpy(s.regs.r, cpu->x, sizeof s.regs.r);
    bool guest = cpu->el == 2 && is_current(cpu, e);
    s.has_stop = cpu->el == 2 && e->valid;
    s.stop_fp = e->x[FP];
    s.stop_lr = e->x[LR];
    if (!walk(&s, &w) || !guest) return;
    Error ended = *why;
    why->text[0] = '\0';
    w.frame.ended = ended.text;
    walk_guest(&s, &w, e);
}
