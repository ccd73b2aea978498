// Expressions of the debugger: C's operators on 64-bit numbers, registers and fields ("HCR_EL2.TGE", "$x0",
// "esr.ec"), symbols with or without a space ("el2:do_trap_guest_sync"), memory ("*x0", "u32(ipa(0x1000))"), and what
// is known of the machine: el, vmid, asid, cpu, icount, and of the last exception to EL2: esr, far, ipa.
#pragma once

#include "debugger/space.h"
#include "debugger/symbols.h"

typedef struct Expr Expr;

typedef struct ExprContext {
    Cpu *cpu;
    const Symbols *symbols;  // may be NULL
} ExprContext;

typedef struct ExprValue {
    u64 v;
    Space space;  // of an address: "vm1:0x..." and symbols with a prefix have one
} ExprValue;

// Names of registers and symbols are resolved now (a condition is evaluated often). end (may be NULL): where it
// stopped, else all of text must be taken. NULL: err says what and where.
Expr *expr_parse(const ExprContext *c, const char *text, const char **end, Error *err);
void expr_free(Expr *e);
bool expr_eval(const Expr *e, const ExprContext *c, ExprValue *out, Error *err);
// Both at once.
bool expr_value(const ExprContext *c, const char *text, const char **end, ExprValue *out,
                Error *err);
