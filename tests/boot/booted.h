// What the programs of this folder share: a machine booted with the options of `el2sim run`.
#pragma once

#include "machine/machine.h"

typedef unsigned long long ull;

// PROGRAM N M OPTION...: `run` gets the machine before its first instruction, and both numbers. Returns its result, or 2
// for bad options (with a message on stderr).
int booted_main(int argc, char **argv, int (*run)(Machine *machine, u64 n, u64 m));
