// Run control: runs a machine until something that somebody waits for happens, and goes on as if it had never
// stopped: instruction counts, time, order of CPUs and every trace are the same with and without stops. Breakpoints, watchpoints,
// catchpoints and tracepoints are "points"; while none is set nothing is tested anywhere.
// No text and no terminal here: the console, the gdb stub and the public interface are built on it.
#pragma once

#include "base/error.h"
#include "debugger/expr.h"
#include "debugger/state.h"
#include "machine/machine.h"

typedef struct Control Control;

typedef enum PointKind {
    POINT_EXEC,      // breakpoint: an address is executed
    POINT_ACCESS,    // watchpoint: bytes by VA, IPA or PA are read or written
    POINT_REGISTER,  // watchpoint: a register or field changes ("watch HCR_EL2.TGE")
    POINT_EXIT,      // catch: an exception to EL2 (or with to_el 1, to EL1)
    POINT_RETURN,    // catch: an exception return
    POINT_SYSREG,    // catch: a system register is accessed by an instruction (trapped or not)
    POINT_IRQ,       // catch: an interrupt is taken
    POINT_DEVICE,    // catch: a device register is accessed
    POINT_SWITCH,  // catch: a world switch: an entry to another VM (VMID) or vCPU than the last on this CPU
} PointKind;

typedef struct Point {
    // What the user set. Filled by the caller of point_add(); the texts are copied.
    PointKind kind;
    const char *spec;   // as typed, for lists
    Space space;        // EXEC, ACCESS
    u64 address, size;  // EXEC: first instruction; ACCESS: bytes
    u8 access;          // ACCESS, SYSREG: ARMED_READ | ARMED_WRITE
    bool before;  // ACCESS: stops before the access; else after its instruction, with old and new
    i8 el;        // only at this EL; -1: any
    i32 vmid, asid, cpu;    // only there; -1: any
    i16 ec;                 // EXIT: only this class; -1: any
    u32 iss, iss_mask;      // EXIT: (ISS & iss_mask) == iss
    i32 number;             // EXIT of HVC/SMC: function or immediate; IRQ: INTID; -1: any
    u16 sysreg;             // SYSREG: index
    Reg reg;                // REGISTER
    const char *condition;  // expression, NULL: always
    u64 ignore;             // hits that do not stop
    bool temporary;         // removed when it stops
    bool trace_only;        // tracepoint: control_on_trace's function is called, and it goes on
    const char *text;       // ... for that function, copied; may be NULL
    bool hidden;            // internal (step over, finish): not in lists
    // Kept by control.c.
    unsigned id;
    bool enabled;
    u64 hits;
    const char *problem;  // why the condition could not be evaluated the last time; NULL: it could
} Point;

typedef enum StopWhy {
    WHY_NOTHING,
    WHY_POINT,      // event.point
    WHY_STEPPED,    // so many instructions, or the range was left
    WHY_INTERRUPT,  // control_interrupt()
    WHY_MACHINE,    // the machine itself: machine->stop
} StopWhy;

typedef struct StopEvent {
    StopWhy why;
    Cpu *cpu;            // whose instruction
    const Point *point;  // WHY_POINT; valid until the next control_run()
    u64 address, size;   // ACCESS, DEVICE: what was accessed; DEVICE: by physical address
    bool is_write;
    u64 old, new;        // REGISTER, and written values where known
    bool has_value;      // DEVICE: `new` is what was written or read
    ExceptionKind kind;  // EXIT, RETURN, IRQ
    u64 esr;
    // WHY_STEPPED because the range was left: the last instruction in it, and whether an exception led out of it
    // (kind, esr).
    u64 from;
    bool by_exception;
} StopEvent;

typedef struct RunRequest {
    Cpu *cpu;   // whose instructions are counted; NULL: run freely
    u64 insns;  // stop after so many of them; 0: no limit
    u64 range_lo,
        range_hi;  // step: goes on while cpu's pc is in [lo, hi) at the same EL; 0, 0: not
    bool only;     // the other CPUs stand still (gdb's scheduler-locking)
} RunRequest;

Control *control_create(Machine *machine, const Symbols *symbols);
void control_free(Control *c);
// Runs until a point stops it, the request is fulfilled, control_interrupt() or the machine stops. A point at
// the current pc does not stop it again before that instruction was executed.
StopEvent control_run(Control *c, const RunRequest *r);
// From a signal handler or another thread: stop soon.
void control_interrupt(Control *c);

// Adds a point; 0: err says why not. The condition is parsed now.
unsigned point_add(Control *c, const Point *p, Error *err);
bool point_delete(Control *c, unsigned id);
bool point_enable(Control *c, unsigned id, bool on);
// NULL: always.
bool point_condition(Control *c, unsigned id, const char *condition, Error *err);
bool point_ignore(Control *c, unsigned id, u64 count);
const Point *point_get(const Control *c, unsigned id);
// In order of their numbers; NULL at the end. *i starts as 0.
const Point *point_next(const Control *c, unsigned *i);
// Tracepoints call it.
void control_on_trace(Control *c, void (*fn)(void *arg, const StopEvent *ev), void *arg);
