// What traps an instruction that is no access to a system register (SMC, WFI, ERET, FMOV...): by which control, from
// where to where. Found by executing it on a machine of its own, so there is no second list of what the
// instructions' functions check.
#pragma once

#include "machine/machine.h"

enum { INSN_TRAPS_MAX = 24 };

// InsnTrap.from: bit n, at ELn with HCR_EL2.E2H = 0; INSN_E2H + n, with 1; INSN_HOST, at EL0 with TGE and, if there
// is FEAT_VHE, E2H.
enum { INSN_E2H = 3, INSN_HOST = 6, INSN_WORLDS = 7 };

typedef struct InsnTrap {
    char control[48];  // "HCR_EL2.TSC"; empty: whatever the controls are
    char with[48];     // needs a second control at one value: "SCTLR_EL1.EnIA = 1"; else empty
    u8 values;         // bit n: traps when the control is n
    u8 from;
    u8 to_el, ec;  // to_el 0: UNDEFINED (EC 0)
} InsnTrap;

// For CPU and controls of config, the machine that runs it; its RAM and devices do not matter. How many. Faults of
// memory accesses and debug exceptions are left out, and so are controls of more than 3 bits.
unsigned insn_traps(const MachineConfig *config, u32 word, InsnTrap out[INSN_TRAPS_MAX]);
