#!/bin/sh
# The debugger's commands for registers and CPUs: info registers, print, set, cpu, info threads.
# Usage: debug_registers.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=demo SMP=2

# --- info registers
prints 'pc                 0x0000000040080000 <_start>' 'info registers'
prints 'PSTATE             0x000003c9  D=1 A=1 I=1 F=1 EL=2 SP=1' 'i r'
prints 'x7                 0x0000000000000099' 'set x7 = 0x99' 'i r x7'
prints 'HCR_EL2            0x0000000088000003' 'set HCR_EL2 = 0x8000003' 'i r hcr_el2'
prints '  27     TGE              1' 'set HCR_EL2 = 0x8000003' 'i r HCR_EL2'
prints '  1      SWIO             1' 'set HCR_EL2 = 0x8000003' 'i r HCR_EL2'
prints '  26     TVM              0' 'set HCR_EL2 = 0x8000003' 'i r HCR_EL2'
prints 'HCR_EL2            0x0000000088000003  TGE=1 SWIO=1 VM=1' 'set HCR_EL2 = 0x8000003' 'i r el2'
prints '  3:2    EL               2' 'i r pstate'
prints 'v3                 0x00000000000000000000000000000007' 'set v3 = 7' 'i r fp'
prints 'CNTV_CVAL_EL0      0x0000000000001234' 'set CNTV_CVAL_EL0 = 0x1234' 'i r timer'
prints 'ICH_LR0_EL2        0x5080000000000028  State=1 Group=1 Priority=0x80 vINTID=0x28' \
    'set ICH_LR0_EL2 = 0x5080000000000028' 'i r gic'
prints 'GICD_ISENABLER1    0x00000006' 'set GICD_ISENABLER1 = 6' 'i r GICD_ISENABLER1'
# Groups do not mix, and what has effects is left out.
session 'i r timer'
grep -qv '^CNT' "$WORK/out" && fail "timer: $(grep -v '^CNT' "$WORK/out" | head -1)"
session 'i r el2'
grep -q '^CNT\|^ICH_\|_EL1 \|^x0' "$WORK/out" && fail 'el2 has others'
session 'i r all'
[ "$STATUS" = 0 ] || fail "all: status $STATUS"
grep -q '^ICC_IAR1_EL1' "$WORK/out" && fail 'ICC_IAR1_EL1 is read'
for name in x0 v31 HCR_EL2 TTBR0_EL1 MIDR_EL1 CNTFRQ_EL0 DBGBVR0_EL1 PMCR_EL0 ICC_PMR_EL1 SP_EL1 GICD_CTLR GICR_WAKER; do
    [ "$(grep -c "^$name " "$WORK/out")" = 1 ] || fail "all: $name is not there once"
done
refuses 'info registers: ICC_IAR1_EL1: reading it acknowledges' 'i r ICC_IAR1_EL1'
refuses 'info registers: no register '"'HCR_EL3' on this CPU; did you mean HCR_EL2?" 'i r HCR_EL3'
GIC=2
prints 'GICH_LR1           0x90000012' 'set GICH_LR1 = 0x90000012' 'i r GICH_LR1'
refuses 'info registers: GICC_IAR: reading it acknowledges' 'i r GICC_IAR'
refuses 'info registers: no register' 'i r ICH_LR0_EL2'
GIC=3

# --- print
prints 'HCR_EL2 = 0x0000000088000000  TGE=1' 'set HCR_EL2.TGE = 1' 'p HCR_EL2'
prints 'HCR_EL2.TGE = 0x1' 'set HCR_EL2.TGE = 1' 'print $hcr_el2.tge'
prints 'pc = 0x0000000040080000 <_start>' 'p $pc'
prints '0x13 (19)' 'p 0x10 + 3'
prints '19' 'p/d 0x10 + 3'
prints '-1' 'p/d 0 - 1'
prints '18446744073709551615' 'p/u 0 - 1'
prints '10011' 'p/t 19'
prints '023' 'p/o 19'
prints '0x0000000000000013' 'p/z 19'
prints "65 'A'" 'p/c 65'
prints '0x40080004 <_start+0x4>' 'p/a _start + 4'
prints 'x1 = 17' 'set x1 = 17' 'p/d x1'
prints '0x58000180 (1476395392)' 'p u32(_start)'
prints 'ipa(0x1000)' 'p ipa(0x800 + 0x800)'
refuses "print: no format 'q' here" 'p/q 1'
refuses 'print: needs an expression' 'p'
refuses "print: not understood: '2'" 'p 1 2'

# --- set
prints 'x0 = 0x0000000000000005' 'set $x0 = 5' 'p x0'
prints 'x0 = 0x0000000000000006' 'set var x0=5' 'set x0 = x0 + 1' 'p x0'
prints 'PSTATE.EL = 0x1' 'set PSTATE.EL = 1' 'p PSTATE.EL'
prints '0x40000000 <vm_entry>:  0x11  0x22  0x44  0x33' \
    'set {u8} 0x40000000 = 0x11' 'set {u8}0x40000001 = 0x22' 'set u16(pa(0x40000002)) = 0x3344' 'x/4xb 0x40000000'
prints '0x40000000 <vm_entry>:  0xffffffffffffffff' 'set {long} 0x40000000 = 0-1' 'x/xg 0x40000000'
refuses 'set: 0x100 has more than 1 bytes' 'set {u8} 0x40000000 = 0x100'
refuses 'set: HCR_EL2.TGE has 1 bits' 'set HCR_EL2.TGE = 2'
refuses 'set: MIDR_EL1 is read-only' 'set MIDR_EL1 = 1'
refuses "set: no type 'u7'" 'set {u7} 0 = 1'
refuses "set: '=' expected at 'the end'" 'set {u8} 0x40000000'
refuses 'set: needs REGISTER = VALUE' 'set colr on'
refuses 'set: needs REGISTER = VALUE' 'set'

# --- CPUs
prints '* cpu0   EL2  el2     pc 0x40080000 <_start>' 'info threads'
prints '  cpu1   EL2  el2     pc 0x0  off' 'i th'
prints '* cpu1   EL2  el2     pc 0x0  off' 'cpu 1' 'i th'
prints 'GICR_TYPER = 0x0000000101000111' 'thread 1' 'p GICR_TYPER'
refuses 'cpu: there is no CPU 2; the last one is 1' 'cpu 2'
finish
