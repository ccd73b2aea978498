// The interrupt controller in words: what an interrupt is waiting for, and what the list registers hold.
#pragma once

#include "gic/internal.h"

#include <stdio.h>

// Each CPU's interfaces, and every interrupt that is pending or active.
void view_gic(const Machine *machine, FILE *out);
// The life of a physical interrupt, step by step from the wire to the exception it is taken as on `cpu`; the
// first step that does not hold is why it is not delivered. False: there is no such interrupt.
bool view_gic_interrupt(Cpu *cpu, u32 intid, FILE *out);
// The same of a virtual interrupt of this CPU's list registers.
void view_gic_virtual(Cpu *cpu, u32 vintid, FILE *out);
// List registers and the virtual CPU interface; what is wrong with them is said.
void view_gic_list_registers(const Cpu *cpu, FILE *out);
