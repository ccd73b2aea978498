// What the files of the lints share.
#pragma once

#include "gic/internal.h"
#include "trace/internal.h"
#include "trace/lint.h"

// A place with a finding: two addresses, or an address and a number.
typedef struct LintPlace {
    LintId id;
    u64 a, b;
} LintPlace;

// Who runs below EL2: a vCPU, or a thread of the host, is known by what EL2 has to give back to it.
typedef struct LintWho {
    World world;
    u64 vttbr, vmpidr, sp_el0, sp_el1;
    u64 saved[12];  // x19..x30
} LintWho;

// A synchronous exception to EL2 that may repeat.
typedef struct LintStreak {
    bool valid;
    u64 pc, esr, far, hpfar;
    u32 spsr;
    unsigned count;  // how often in a row, without progress
    u64 x[31];
} LintStreak;

typedef struct LintCpu {
    // The last exception from below that EL2 has not returned from.
    bool open;
    u8 from_el, ec;
    bool call;  // an HVC or SVC whose preferred return address is the next instruction
    u64 from_pc;
    LintWho who;
    LintStreak trap, abort[2];  // abort[1]: taken from EL2
    // The last return.
    bool returned;
    u64 return_pc, return_from, return_icount;
    // An address below that EL2 returned to and that does not translate.
    bool unmapped, unmapped_faulted;
    unsigned unmapped_count;
    u64 unmapped_pc, unmapped_from, unmapped_vttbr;
    char unmapped_why[96];
    // The list registers as the guest left them at that exception, which of them EL2 has read since, and which
    // instruction wrote them last.
    u64 lr[LIST_REGS];
    bool lr_read[LIST_REGS];
    u64 lr_writer[LIST_REGS];
    // The last entry to EL2; off when there was a return since.
    bool entered;
    u64 entry_pc, entry_icount;
} LintCpu;

struct Lint {
    Machine *machine;
    LintConfig config;
    Observer observer;
    Symbols *symbols;
    LintPlace *place;
    unsigned places, place_room;
    bool failed;
    LintCpu *cpu;
};

enum { LINT_LINE = 1024 };

// True: this place is new, and a line is to be written.
bool lint_new(Lint *l, LintId id, u64 a, u64 b);
// Starts a line in buf (LINT_LINE bytes): "lint NAME: cpu0 vm1: ".
char *lint_start(char *buf, LintId id, const Cpu *cpu, World w);
// "0x40080000 <name+0x4>".
char *lint_address(const Lint *l, char *p, World w, u64 pc);
// Reports the line that ends at p.
void lint_report(Lint *l, LintId id, char *buf, char *p);

// --- lint_gic.c: the guest's list registers at an entry, and a CPU that goes to sleep -------------
void lint_list_registers(Lint *l, Cpu *cpu, const ReturnEvent *ev);
// The guest exits; EL2 reads or writes a list register; the same guest goes on.
void lint_keep_list_registers(LintCpu *c, const Cpu *cpu);
void lint_list_register(LintCpu *c, const Cpu *cpu, unsigned n, bool write);
void lint_overwritten(Lint *l, const Cpu *cpu, const ReturnEvent *ev);
// The list register that a device access of GICv2 is for; -1: none.
int lint_gich_lr(const Cpu *cpu, const DeviceEvent *ev);
void lint_wfi(Lint *l, Cpu *cpu);
