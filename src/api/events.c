// Subscribers of the public interface: one observer of the machine for each.
#include "api/internal.h"

#include "cpu/observer.h"

#include <stdlib.h>

typedef struct Listener {
    struct Listener *next;
    unsigned id;
    Observer observer;
    el2sim_event_fn fn;
    void *arg;
} Listener;

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    const Listener *l = arg;
    el2sim_event e = {.cpu = cpu->index,
                      .from_el = ev->from_el,
                      .to_el = ev->to_el,
                      .from_pc = ev->from_pc,
                      .to_pc = cpu->pc,
                      .esr = ev->esr,
                      .spsr = ev->spsr,
                      .instructions = cpu->icount,
                      .rule = ev->exc->rule};
    l->fn(l->arg, &e);
}

static void on_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    const Listener *l = arg;
    el2sim_event e = {.cpu = cpu->index,
                      .is_return = true,
                      .from_el = ev->from_el,
                      .to_el = ev->to_el,
                      .from_pc = ev->from_pc,
                      .to_pc = ev->to_pc,
                      .spsr = ev->spsr,
                      .instructions = cpu->icount};
    l->fn(l->arg, &e);
}

unsigned el2sim_add_listener(el2sim *sim, el2sim_event_fn fn, void *arg) {
    Listener *l = calloc(1, sizeof *l), **end = &sim->listeners;
    CHECK(l);
    l->id = ++sim->last_listener;
    l->fn = fn;
    l->arg = arg;
    l->observer = (Observer){.arg = l, .exception = on_exception, .eret = on_return};
    while (*end) end = &(*end)->next;
    *end = l;
    observer_add(sim->machine, &l->observer);
    return l->id;
}

bool el2sim_remove_listener(el2sim *sim, unsigned id) {
    Listener **at = &sim->listeners;
    while (*at && (*at)->id != id) at = &(*at)->next;
    Listener *l = *at;
    if (!l) return false;
    *at = l->next;
    observer_remove(sim->machine, &l->observer);
    free(l);
    return true;
}

void el2sim_subscribe(el2sim *sim, el2sim_event_fn fn, void *arg) {
    if (sim->subscriber) el2sim_remove_listener(sim, sim->subscriber);
    sim->subscriber = fn ? el2sim_add_listener(sim, fn, arg) : 0;
}

void events_free(el2sim *sim) {
    while (sim->listeners) el2sim_remove_listener(sim, sim->listeners->id);
}
