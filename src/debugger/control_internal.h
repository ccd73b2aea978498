// What control.c and points.c share.
#pragma once

#include "cpu/observer.h"
#include "debugger/control.h"

typedef struct PointState {
    Point p;
    char *spec, *condition_text, *text;
    Error problem;
    Expr *condition;
    u64 *last;  // REGISTER: value last seen, by CPU
    bool dead;  // deleted; kept until the next run, as the last event may name it
} PointState;

// A watchpoint was hit: the instruction is executed, then it stops.
typedef struct PendingWatch {
    PointState *point;
    Cpu *cpu;
    ArmedAccess access;
    u64 old;
    int reg;  // of a device: the register that is loaded or stored, -1: not known
} PendingWatch;

// What a CPU ran when it was last entered, for POINT_SWITCH.
typedef struct LastWorld {
    bool known;
    u16 vmid;
    u64 vmpidr;
} LastWorld;

struct Control {
    Machine *machine;
    const Symbols *symbols;
    PointState **point;
    unsigned count, room, next_id, last_id;
    bool dirty;  // points changed since they were armed
    Observer observer;
    StopEvent event;
    PendingWatch watch;
    RunRequest request;
    u8 request_el;
    StopEvent leaving;  // what is known for when the range is left
    u64 request_icount;
    // The place at which it stands: no point stops it there again.
    Cpu *stood;
    u64 stood_pc, stood_icount;
    volatile int interrupted;
    LastWorld *world;
    ArmedRange *range;
    ArmedMemory *memory;
    unsigned range_count, memory_count;
    bool hooked, running;
    void (*on_trace)(void *arg, const StopEvent *ev);
    void *trace_arg;
};

// points.c: the scope, the condition and the counts of a point say that it stops now.
bool point_stops(Control *c, PointState *s, Cpu *cpu, const StopEvent *ev);
// Arms what the points need on all CPUs.
void points_arm(Control *c);
void points_bury(Control *c);  // frees the dead ones
void points_free(Control *c);

// control.c
bool control_armed_hit(Cpu *cpu, const ArmedAccess *access, void *arg);
bool control_before_insn(Cpu *cpu, const Op *op, void *arg);
