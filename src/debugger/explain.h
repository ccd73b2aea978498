// What a value of a syndrome, a system register or a descriptor says, as named fields, from the tables that
// the machine itself is built from. No machine is needed. Whoever prints it chooses text or JSON.
#pragma once

#include "base/error.h"
#include "cpu/cpu.h"
#include "machine/machine.h"

#include <stdio.h>

typedef struct ExplainField {
    char name[40];
    u8 hi, lo;
    u64 value;
    char meaning[160];  // empty: the tables have no words for it
    bool misuse;        // RES0 bits that are set, RES1 bits that are clear, reserved encodings
} ExplainField;

enum { EXPLAIN_FIELDS = 80, EXPLAIN_NOTES = 24 };

typedef struct Explanation {
    char name[40];  // "ESR_ELx", "HCR_EL2"
    u64 value;
    char summary[400];  // a sentence, or empty
    unsigned count;
    ExplainField field[EXPLAIN_FIELDS];  // from the highest bit down
    unsigned notes;
    char note[EXPLAIN_NOTES][240];  // what belongs to no field
} Explanation;

// far, hpfar: NULL when not known.
bool explain_esr(u64 esr, const u64 *far, const u64 *hpfar, Explanation *out, Error *err);

// What a register's format depends on, besides its value.
typedef struct ExplainContext {
    const u64 *features;  // of the CPU (Machine.features); NULL: all there are
    bool e2h;             // HCR_EL2.E2H
} ExplainContext;

// A register by its name, or without its Exception level ("hcr", "ich_lr"): then EL2's is meant, if there is
// one, else err lists the candidates.
bool explain_register(const char *name, u64 value, const ExplainContext *c, Explanation *out,
                      Error *err);
bool explain_pte(unsigned stage, int level, unsigned granule, u64 value, Explanation *out,
                 Error *err);
// The disassembly, the decoder's row, and what traps it. CPU and controls are those of machine's configuration; an
// instruction of a feature that it does not have is explained nevertheless, without traps.
void explain_insn(const Machine *machine, u32 word, Explanation *out);
// The function identifier of a call by HVC or SMC, as the SMC Calling Convention has it.
void explain_call(bool hvc, u32 function, Explanation *out);
// The registers that explain_register knows, in the order of the table.
void explain_each(void (*fn)(void *arg, const char *name), void *arg);

// Text as `el2sim explain` and the console's `explain` print it.
void explain_print(const Explanation *x, FILE *out);

// For explain_*.c: an explanation without fields; the next field of x.
void explain_start(Explanation *x, const char *name, u64 value);
ExplainField *explain_add(Explanation *x, const char *name, unsigned hi, unsigned lo);
void explain_note(Explanation *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
