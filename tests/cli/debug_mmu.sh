#!/bin/sh
# `translate`, `maps` and `tlb`: what the debugger says of addresses, and of bad arguments.
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=demo GIC=2 CPU=cortex-a72

# --- at reset: everything off -------------------------------------------------------------------
session 'translate 0x40001000'
shows '0x40001000, read by EL2, EL2 regime'
shows 'Stage 1 is off: SCTLR_EL2.M is 0'
shows 'PA 0x40001000: EL2 RWX, Device-nGnRnE, Outer Shareable'
shows '  ram'
session 'tr /w el1:0x09000000'
shows 'el1:0x9000000, write by EL1, EL1&0 regime'
shows 'Stage 1 is off: SCTLR_EL1.M is 0'
shows 'Stage 2 is off: HCR_EL2.VM is 0'
shows '  pl011'
session 'translate /x 0x8000000'
shows '  gicd: no memory to execute, Synchronous External abort'
session 'translate /w 0x100000000000'
shows 'Address size fault, level 0, stage 1: stage 1 off: address beyond the PA size'
shows '  would be taken to EL2 with ESR_EL2 = 0x96000040 (EC 0x25 Data Abort, no change in Exception level)'
shows '  DFSC=0x00 S1PTW=0 WnR=1, FAR_EL2 = 0x100000000000'
shows 'To fix: stage 1 is off: use an address below 2^44, or turn SCTLR_EL2.M on'
refuses 'translate: an address is missing' 'translate'
refuses '/q is none of /r, /w, /x, /f' 'translate /q 0'
refuses "translate: 'el3' is not understood" 'translate 0 el3'
refuses 'el1: has no accesses by EL2' 'translate el1:0 el2'
refuses 'vm7: no CPU has run a VM with this VMID' 'translate vm7:0'

! grep -q "the guest's" "$WORK/out" || fail 'a guest before there was one'

# --- an address of the guest's, asked for at EL2
ROM=story_stage2
session 'icount 1000' 'translate /x $VBAR_EL1 + 0x200'
shows "This is EL2's regime, as the CPU is at EL2. In the guest's: translate /x el1:0x80001200 (fails, too)"
session 'icount 1000' 'translate 0x80000004' 'translate /wf 0x80000004' 'set VTTBR_EL2 = 9 << 48' 'translate 0x80000004'
shows "This is EL2's regime, as the CPU is at EL2. In the guest's: translate el1:0x80000004 (gives pa 0x40081004)"
shows "This is EL2's regime, as the CPU is at EL2. In the guest's: translate /wf el1:0x80000004 (fails, too)"
shows "This is EL2's regime, as the CPU is at EL2. In the guest's: translate vm1:0x80000004 (gives pa 0x40081004)"
session 'icount 1000' 'translate el1:0x80001200' 'translate 0x80001200 el2' 'translate 0x40080000' 'next-entry' 'translate 0x80001200'
! grep -q "the guest's" "$WORK/out" || fail "a hint where none is needed: $(cat "$WORK/out")"
ROM=demo

session 'maps' 'maps stage2' 'maps el1' 'tlb'
shows 'Stage 1 of the EL2 regime is off'
shows 'Stage 2 of the EL1&0 regime is off'
shows 'Stage 1 of the EL1&0 regime is off'
shows '0 pages, none stale: the TLB agrees with the tables'
refuses 'vm1: no CPU has run a VM with this VMID' 'maps vm1'
refuses 'maps: two spaces' 'maps el1 el2:0'
refuses 'maps: the range ends before it starts' 'maps 0x1000,0'
refuses 'a physical address is not translated' 'maps pa(0)'
refuses "maps: a number of lines after '/'" 'maps/x'
refuses 'tlb: vmid has 16 bits' 'tlb vmid 99999'
refuses "tlb: '0' is not understood" 'tlb 0 0'

finish
