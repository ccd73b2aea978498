// What the files of the public interface share.
#pragma once

#include "el2sim/el2sim.h"

#include "debugger/control.h"
#include "machine/machine.h"

typedef struct Boot Boot;

struct el2sim {
    Machine *machine;
    Boot *boot;
    Symbols *symbols;
    Control *control;
    struct Listener *listeners;  // in the order in which they came
    unsigned last_listener;      // highest number given out
    unsigned subscriber;         // of el2sim_subscribe(); 0: none
};

void events_free(el2sim *sim);

// NULL: there is no such CPU.
Cpu *api_cpu(el2sim *sim, unsigned cpu);
// ... and err says so.
Cpu *api_find_cpu(el2sim *sim, unsigned cpu, Error *err);
// Gives the caller err's text. False.
bool api_report(const Error *err, char *error, size_t n);

Space api_space(const el2sim_address *a);

// Structs that start with their size: the part of `in` that the caller knows over *full (which has the
// defaults), and the part of *full that the caller knows to *out. False: the size is not set.
bool api_take(void *full, size_t size, const void *in, Error *err);
bool api_give(void *out, const void *full, size_t size, Error *err);
