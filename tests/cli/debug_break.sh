#!/bin/sh
# Points: break, tbreak, tp, watch, rwatch, awatch, catch and the list of them.
# Usage: debug_break.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=hvcn

prints 'breakpoint 1: 0x4008003c <guest>' 'break guest'
prints 'stopped by 1: 0x4008003c <guest>' 'b guest' c
prints 'x0 = 0x00000000000003df' 'b guest if x0 == 991' c 'p x0'
prints 'the machine has ended: PSCI SYSTEM_OFF' 'b guest el 2' c
prints 'the machine has ended: PSCI SYSTEM_OFF' 'tb guest' c c
prints '1    breakpoint  y   1        0x4008003c <guest> el 1 if x0 == 991' 'b guest el 1 if x0 == 991' c 'info breakpoints'
prints 'x0 = 0x00000000000003e3' 'b guest' 'ignore 1 5' c 'p x0'
prints 'x0 = 0x0000000000000007' 'b guest' 'condition 1 x0 == 7' c 'p x0'
prints 'the machine has ended: PSCI SYSTEM_OFF' 'b guest' 'disable 1' c
prints 'stopped by 1: 0x4008003c <guest>' 'b guest' disable enable c
prints 'no points' 'b guest' 'watch x0' 'delete 1 2' 'i b'
# A tracepoint prints and goes on: six instructions from one to the next.
prints '1: 0x40080040 <guest+0x4>: cpu0 EL1 instruction 25' 'tp guest+4 if x0 > 997' c
[ "$(grep -c '^1: ' "$WORK/out")" = 3 ] || fail 'tp: not three lines'
tail -2 "$WORK/out" | grep -q 'machine has ended' || fail 'tp: it stopped'
# ... with values, at another level not.
prints 'x0=1000 0x4008003c EL1 0x5a000000' 'dprintf guest-4+4 el 1 if x0 > 997,"x0=%d %#lx EL%d %#x\n",x0,pc,el,0x5a000000' 'dprintf guest el 2,"no\n"' c
[ "$(grep -c '^x0=' "$WORK/out")" = 3 ] || fail 'dprintf: not three lines'
! grep -q '^no' "$WORK/out" || fail 'dprintf: at a level that was not asked for'
tail -2 "$WORK/out" | grep -q 'machine has ended' || fail 'dprintf: it stopped'
prints '1    dprintf     y   0        0x4008003c <guest>' 'dprintf guest,"a, \"b\" %%\n"' 'i b'
prints '     printf "a, \"b\" %%\n"' 'dprintf guest,"a, \"b\" %%\n"' 'i b'
prints 'a, "b" %' 'dprintf guest,"a, \"b\" %%\n"' c
prints '<1: 0xdead00000000: there is nothing at pa 0xdead00000000>' 'dprintf guest if x0 == 5,"%d",u64(0xdead00000000)' c
prints '4294967295 -1 ffffffffffffffff 0xffffffffffffffff A|   5|7  |' 'printf "%u %d %lx %p %c|%4d|%-3d|\n",-1,-1,-1,-1,65,5,7'
prints 'guest: one' 'set {u64} 0x44000100 = 0x656e6f' 'printf "guest: %s\n",0x44000100'
refuses 'printf: more conversions than values' 'printf "%d"'
refuses 'printf: more values than conversions' 'printf "x",1'
refuses "printf: no conversion '%q" 'printf "%q",1'
refuses 'printf: the format has no end' 'printf "x'
refuses 'printf: needs a format' 'printf x'
refuses 'dprintf: needs LOCATION,"FORMAT"' 'dprintf guest'
refuses 'dprintf: more conversions than values' 'dprintf guest,"%d"'
# A condition that cannot be evaluated stops, and says why.
prints 'its condition could not be evaluated: 0xdead00000000: there is nothing at pa 0xdead00000000' 'b guest if u64(0xdead00000000) == 1' c
prints 'stopped by 1: 0x4008003c <guest>' 'b guest if u64(0xdead00000000) == 1' c
# ... but not of one that could be when it stopped.
session 'b guest if u64(x0 << 32) == 0 || 1' c 'condition 1 x0 == 7' c
[ "$(grep -c 'could not be evaluated' "$WORK/out")" = 1 ] || fail 'condition: not one that could not be evaluated'
# Registers and memory, with what was there before.
prints 'stopped by 1: VBAR_EL2: 0x0 -> 0x40080800' 'watch VBAR_EL2' c
prints 'cpu0 EL2 0x40080008 <_start+0x8>  movz    x1, #0x8000, lsl #16' 'watch VBAR_EL2' c
prints 'stopped by 1: read pa(0x44000000), 8 bytes' 'rwatch pa(0x44000000)' c
prints 'stopped by 1: access 0x44000000, 8 bytes' 'awatch 0x44000000' c
# Events: before the first instruction of the handler.
prints 'stopped by 1: exit 0x16: ESR_EL2 0x5a000000' 'catch exit 0x16' c
prints 'stopped by 1: exit HVC64: ESR_EL2 0x5a000000' 'catch exit HVC64' c
prints 'stopped by 1: exit hvc64 if x0 == 9: ESR_EL2 0x5a000000' 'catch exit hvc64 if x0 == 9' c
prints 'the machine has ended: PSCI SYSTEM_OFF' 'catch exit DABT_LOWER' c
refuses "catch exit: no class 'FOO'" 'catch exit FOO'
refuses 'catch exit: class: at most 63' 'catch exit 64'
prints 'stopped by 1: hypercall 1: ESR_EL2 0x5a000001' 'catch hypercall 1' c c
prints 'x0 = 0x00000000000003df' 'catch hypercall 991' c 'p x0'
prints 'cpu0 EL2 0x40080c00 <vectors+0x400>  mrs     x2, ESR_EL2' 'catch hypercall 991' c
prints 'stopped by 1: return' 'catch return' c
prints 'cpu0 EL2 0x40080014 <_start+0x14>  msr     SCTLR_EL1, x1' 'catch sysreg SCTLR_EL1 write' c
prints 'the machine has ended: PSCI SYSTEM_OFF' 'catch sysreg SCTLR_EL1 read' c
# Scopes: ASID, CPU; VMID below.
prints 'stopped by 2: 0x4008003c <guest>' 'set TTBR0_EL1 = 5 << 48' 'b guest asid 6' 'b guest asid 5' c
SMP=2
prints 'stopped by 2: 0x4008003c <guest>' 'b guest cpu 1' 'b guest cpu 0' c
refuses 'cpu: at most 1' 'b guest cpu 2'
SMP=1
# Points change no count.
session c 'p/d icount'
all=$(tail -1 "$WORK/out")
prints "$all" 'b guest if x0 == 5' 'watch VBAR_EL2' 'rwatch pa(0x44000000)' 'catch hypercall 1' c c c c c c 'p/d icount'
ROM=demo
prints 'stopped by 1: irq' 'catch irq' c
prints 'stopped by 1: HCR_EL2.VM: 0x0 -> 0x1' 'watch HCR_EL2.VM' c
prints 'stopped by 2: 0x40000000 <vm_entry>' 'b vm_entry el 1 vmid 3' 'b vm_entry el 1 vmid 2' c
prints '0x2' 'b vm_entry vmid 2' c 'p vmid'
prints '0x2' 'catch exit HVC64 vmid 2' c 'p vmid'
# Devices and registers of the GIC, with what was written or read.
prints 'stopped by 1: device pl011: read pl011+0x18, 4 bytes: 0x90' 'catch device pl011' c
prints 'stopped by 1: device PL011: write pl011+0x0, 4 bytes: 0x65' 'catch device PL011' c c
prints 'stopped by 1: device GICD_CTLR: write GICD_CTLR, 4 bytes: 0x12' 'catch device GICD_CTLR' c c
prints 'stopped by 1: device pa(0x9000000),1 if x0 != 0: write pl011+0x0, 4 bytes: 0x65' 'catch device pa(0x9000000),1 if x0 != 0' c
prints 'the machine has ended: PSCI SYSTEM_OFF' 'catch device GICD_CTLR cpu 0 el 1' c
refuses "catch device: 'nosuch' is no GIC register, no address and none of: flash0 flash1 gicd" 'catch device nosuch'
prints '0x2' 'catch switch' c 'p vmid'
prints 'stopped by 1: write vm2:ipa(0x40002000) <__vm_end+0xf00>, 8 bytes: 0x0 -> 0x1' 'watch vm2:ipa(0x40002000)' c c
refuses "no register and no symbol 'nosuch'" 'break nosuch'
refuses '0x40080002: instructions are at multiples of 4' 'break 0x40080002'
refuses 'not understood: ' 'break main whenever'
refuses 'there is no point 3' 'b 0x40080000' 'delete 3'
refuses "'x' is no number of a point" 'delete x'
refuses "catch sysreg: 'x0' is no system register" 'catch sysreg x0'
refuses 'catch: exit, return,' 'catch foo'
finish
