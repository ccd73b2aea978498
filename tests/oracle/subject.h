// The product as the oracle sees it: a machine whose control registers are set, whose ID registers are
// read into the oracle's features, and which executes one system instruction from a chosen Exception
// level, again and again from the same state.
#pragma once

#include "oracle.h"

#include "cpu/cpu.h"
#include "cpu/observer.h"
#include "cpu/op.h"
#include "gic/internal.h"
#include "machine/machine.h"

enum {
    ENCODINGS = 1 << 16,
    // One word of code for each encoding and direction with Rt = RT (31 for op0 = 0), then one for
    // each with op0 = 0 and Rt = RT.
    WORDS = 2 * ENCODINGS + ENCODINGS / 2,
    ASSEMBLED = WORDS,  // the slot of subject_assemble()
    RT = 5,
};

// The registers that control traps, and how to find each in the oracle's state.
typedef struct Control {
    const char *name;
    unsigned index;     // of the product
    size_t offset;      // in OracleState
    uint64_t writable;  // bits that MSR changes
    uint64_t open;      // value that traps nothing and enables everything
} Control;

enum { CONTROLS = 23, CONTROL_HCR = CONTROLS - 1 };

typedef struct Subject {
    char model[32];
    Machine *machine;
    Cpu *cpu;
    Control control[CONTROLS];
    const Op *op[WORDS + 1];
    uint64_t code, data;  // guest addresses
    uint64_t *data_host;
    Cpu *created;   // after reset
    Cpu *saved[3];  // by Exception level
    GicCpu *gic_created, *gic_saved;
    OracleState state;  // el and pstate are set for each instruction
    uint32_t pstate[3];
    Observer observer;
    const char *rule;  // of the last exception
} Subject;

// What the product did.
typedef struct Outcome {
    OracleKind kind;  // EXECUTES, SYNC; NOT_MODELLED when the machine stopped
    int target_el;
    uint32_t esr;
    uint64_t elr;
    uint32_t spsr;
    const char *rule;  // what the product says decided it
} Outcome;

// model: a CPU, with ",mte" behind it in a machine with mte=on, with ",pauth=off" in one that has none.
Subject *subject_create(const char *model, int gic_version, bool el2);
void subject_free(Subject *s);
// Writes the controls (in Control order) as EL2 would and reads them back; saves the state of each
// Exception level. sp: PSTATE.SP above EL0.
void subject_configure(Subject *s, const uint64_t value[CONTROLS], bool sp);

typedef struct Instruction {
    unsigned enc;
    bool read;
    unsigned rt;
    unsigned slot;
} Instruction;

Instruction subject_instruction(unsigned slot);
// Puts an instruction with any Rt into memory; i->slot becomes its place.
void subject_assemble(Subject *s, Instruction *i);
// EL1 is not entered with HCR_EL2.TGE, nor EL2 when there is none.
bool subject_reachable(const Subject *s, int el);
// Hints with traps of their own, not those of a register: WFE, WFI, pointer authentication.
bool subject_left_out(const Instruction *i);
// Executes at el, x[Rt] being xt. The state stays as it is after it until the next call.
Outcome subject_execute(Subject *s, int el, const Instruction *i, uint64_t xt);
// Executes from where the last one left off.
Outcome subject_execute_next(Subject *s, const Instruction *i);
// The value to give x[Rt]: harmless where a write has effects beyond its register.
uint64_t subject_operand(const Subject *s, const Instruction *i);
// NULL when the product did what the oracle says; else what differs (static text).
const char *subject_compare(Subject *s, int el, const Instruction *i, uint64_t xt,
                            const Outcome *got, const OracleResult *want);
