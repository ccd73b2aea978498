// The product as the routing oracle sees it: one step from a state that is written whole.
#pragma once

#include "oracle_route.h"
#include "subject.h"

typedef struct RouteSubject {
    Subject *subject;
    Machine *machine;
    Cpu *cpu;
    RouteState state;  // what the last route_set() made of its argument: masks applied
} RouteSubject;

RouteSubject *route_create(const char *model, bool el2);
void route_free(RouteSubject *r);
// Brings the product into this state; word is the instruction at PC.
void route_set(RouteSubject *r, const RouteState *want, uint32_t word);
// Steps product and oracle. NULL when they agree, else what differs (static text).
const char *route_compare(RouteSubject *r, uint32_t word, RouteOutcome *want);
// The same for an abort.
const char *route_compare_abort(RouteSubject *r, const RouteFault *fault, RouteOutcome *want);
void route_print(const RouteSubject *r, uint32_t word, const RouteOutcome *want);
