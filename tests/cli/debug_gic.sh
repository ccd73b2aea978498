#!/bin/sh
# gic and timers: what the demo's interrupts wait for. Expectations are from what the demo programs (roms/demo) and
# the GIC architecture specification's order of conditions. Usage: debug_gic.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=demo CPU=cortex-a72

# At reset nothing is on.
session 'gic' 'gic 27' 'timers'
says '^GICv3, GICD_CTLR 0x0: Group 0 off, Group 1 off$'
says '^  NO   pending: its wire is not asserted$'
says '^  => not delivered: pending: its wire is not asserted$'
says '^  CNTHP INTID 26 '
grep -q 'CNTHV' "$WORK/out" && fail "cortex-a72 has no CNTHV"
CPU=max session 'timers'
says '^  CNTHV INTID 28 '

# EL2's timer has expired, the interrupt is pending; EL2 masks it until it goes back to the VM.
session 'break vgic_load' 'continue' 'set HCR_EL2.IMO = 1' 'set GICD_CTLR = 2' 'set CNTHP_CVAL_EL2 = 1' 'timers' 'gic 26' 'set GICR_ICENABLER0 = 0x4000000' 'gic 26' \
    'set GICR_ISENABLER0 = 0x4000000' 'set ICC_PMR_EL1 = 0x10' 'gic 26' 'set ICC_PMR_EL1 = 0xf0' 'set ICC_IGRPEN1_EL1 = 0' 'gic 26' \
    'set ICC_IGRPEN1_EL1 = 1' 'set GICD_CTLR = 0' 'gic 26' 'set GICD_CTLR = 2' 'set GICR_ISACTIVER0 = 0x4000000' 'gic 26'
says 'CNTHP INTID 26  CVAL 0x0000000000000001'
says 'ENABLE=1 IMASK=0: expired .* ago, asserts its interrupt$'
says '^  yes  pending: its wire is asserted$'
says '^  => not delivered: HCR_EL2.IMO = 1 routes it to EL2; the CPU is at EL2 with PSTATE.I = 1: masked$'
says '^  => not delivered: GICR_ISENABLER0.enable = 0$'
says '^  => not delivered: priority 0xa0 does not pass ICC_PMR_EL1 = 0x10'
says '^  => not delivered: ICC_IGRPEN1_EL1.Enable = 0$'
says '^  => not delivered: GICD_CTLR.EnableGrp1 = 0$'
says '^  => not delivered: active: acknowledged and not yet deactivated'

# List registers: pending, active, twice the same, HW without an active physical interrupt.
session 'break vgic_load' 'continue' 'set HCR_EL2.IMO = 1' 'set ICH_HCR_EL2 = 1' 'set ICH_VMCR_EL2 = 0xf0000002' 'set ICH_LR0_EL2 = 0x50a000000000001b' 'gic lr' 'gic virtual 27' \
    'set ICH_LR1_EL2 = 0x50a000000000001b' 'gic lr' 'set ICH_LR1_EL2 = 0x70a0001b0000001c' 'gic lr' 'set ICH_LR0_EL2 = 0x90a000000000001b' 'gic virtual 27' \
    'set ICH_LR0_EL2 = 0x50a000000000001b' 'set ICH_VMCR_EL2 = 0x80000002' 'gic virtual 27' 'gic virtual 99' 'set ICH_HCR_EL2 = 0' 'gic virtual 27'
says '^  LR0 0x50a000000000001b vINTID 27 pending, Group 1, priority 0xa0$'
says '^  => not delivered: the CPU is at EL2: virtual interrupts wait for the return to the guest$'
says 'WRONG: LR0 holds the same vINTID: UNPREDICTABLE$'
says 'vINTID 28 pending, Group 1, priority 0xa0, HW: pINTID 27$'
says 'WRONG: HW = 1, but physical INTID 27 is not active'
says '^  => not delivered: its state is active: the guest has acknowledged it'
says '^  => not delivered: priority 0xa0 does not pass ICV_PMR_EL1 = 0x80'
says '^  => not delivered: in no list register: not injected here, or overwritten or taken out since$'
says '^  => not delivered: ICH_HCR_EL2.En = 0$'

# What does not exist is told.
refuses 'no INTID 5000' 'gic 5000'
refuses "no register and no symbol 'nothing'" 'gic nothing'
refuses 'timers: takes no arguments' 'timers 3'
finish
