#!/bin/sh
# Running in the debugger: continue, stepi, nexti, advance, next-exit, next-entry, icount.
# Usage: debug_run.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=hvcn

# ends LINE COMMAND...: LINE is the last one printed, and no command fails.
ends() {
    e_line=$1
    shift
    session "$@"
    [ "$STATUS" = 0 ] || fail "$*: status $STATUS"
    [ "$(tail -1 "$WORK/out")" = "$e_line" ] || fail "$*: not '$e_line' but: $(tail -3 "$WORK/out")"
}

ends 'cpu0 EL2 0x40080004 <_start+0x4>  msr     VBAR_EL2, x1' stepi
ends 'cpu0 EL2 0x40080010 <_start+0x10>  ldr     x1, #0x40081000 <vectors+0x800>' 'si 4'
ends '0x4' 'si 4' 'p icount'
ends '0x11 (17)' 'icount 17' 'p icount'
# An exception ends a step at the vector; HVC is executed, the return is the next stop of nexti.
ends 'cpu0 EL2 0x40080c00 <vectors+0x400>  mrs     x2, ESR_EL2' 'advance guest' stepi
ends 'cpu0 EL1 0x40080040 <guest+0x4>  subs    x0, x0, #1' 'advance guest' nexti
ends 'x0 = 0x00000000000003e6' 'advance guest' 'ni 3' 'ni 3' 'p x0'
ends 'x0 = 0x00000000000003e8' 'next-exit' 'p x0'
ends 'x0 = 0x00000000000003e7' 'next-exit' 'next-exit' 'p x0'
ends 'cpu0 EL1 0x4008003c <guest>  hvc     #0' next-entry
ends 'cpu0 EL1 0x40080040 <guest+0x4>  subs    x0, x0, #1' next-entry next-entry
# Stops change no count.
session 'continue' 'p/d icount'
all=$(tail -1 "$WORK/out")
ends "$all" 'si 100' 'next-exit' 'ni 50' 'icount 3001' 'until guest' 'continue' 'p/d icount'
refuses 'icount: cpu0 has executed 4 instructions already' 'si 4' 'icount 4'
refuses 'stepi: at least 1' 'si 0'
refuses 'stepi: not understood' 'si 1 2'
refuses 'advance: needs a location' advance
refuses 'next-exit: takes no arguments' 'next-exit 1'
refuses 'nexti: the machine has ended: ' continue nexti
# Two VMs in turn.
ROM=demo
ends '0x2' next-switch 'p vmid'
ends '0x1' next-switch next-switch 'p vmid'
finish
