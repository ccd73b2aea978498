#!/bin/sh
# `translate`, `maps` and `tlb`: what the debugger says of addresses, and of bad arguments.
. "$(dirname "$0")/lib.sh"
MACHINE="-M virt,virtualization=on -cpu cortex-a72"

# say COMMAND...: the commands on standard input, $OPTIONS after the machine's; output in $WORK/out.
say() {
    for line in "$@"; do echo "$line"; done > "$WORK/in"
    # shellcheck disable=SC2086
    INPUT=$WORK/in run debug $MACHINE $OPTIONS
}

# has TEXT: a line of the output.
has() {
    COUNT=$((COUNT + 1))
    grep -qxF -e "$1" "$WORK/out" || { fail "no line '$1'"; head -40 "$WORK/out" >&2; }
}

# says TEXT: in an error message.
says() {
    COUNT=$((COUNT + 1))
    grep -qF -e "$1" "$WORK/err" || fail "no '$1' in the message"
}

# --- at reset: everything off -------------------------------------------------------------------
OPTIONS="-kernel $2/demo.elf"
say 'translate 0x40001000'
has '0x40001000, read by EL2, EL2 regime'
has 'Stage 1 is off: SCTLR_EL2.M is 0'
has 'PA 0x40001000: EL2 RWX, Device-nGnRnE, Outer Shareable'
has '  ram'
say 'tr /w el1:0x09000000'
has 'el1:0x9000000, write by EL1, EL1&0 regime'
has 'Stage 1 is off: SCTLR_EL1.M is 0'
has 'Stage 2 is off: HCR_EL2.VM is 0'
has '  pl011'
say 'translate /x 0x8000000'
has '  gicd: no memory to execute, Synchronous External abort'
say 'translate /w 0x100000000000'
has 'Address size fault, level 0, stage 1: stage 1 off: address beyond the PA size'
has '  would be taken to EL2 with ESR_EL2 = 0x96000040 (EC 0x25 Data Abort, no change in Exception level)'
has '  DFSC=0x00 S1PTW=0 WnR=1, FAR_EL2 = 0x100000000000'
has 'To fix: stage 1 is off: use an address below 2^44, or turn SCTLR_EL2.M on'
say 'translate'; says 'translate: an address is missing'
say 'translate /q 0'; says '/q is none of /r, /w, /x, /f'
say 'translate 0 el3'; says "translate: 'el3' is not understood"
say 'translate el1:0 el2'; says 'el1: has no accesses by EL2'
say 'translate vm7:0'; says 'vm7: no CPU has run a VM with this VMID'

say 'maps' 'maps stage2' 'maps el1' 'tlb'
has 'Stage 1 of the EL2 regime is off'
has 'Stage 2 of the EL1&0 regime is off'
has 'Stage 1 of the EL1&0 regime is off'
has '0 pages, none stale: the TLB agrees with the tables'
say 'maps vm1'; says 'vm1: no CPU has run a VM with this VMID'
say 'maps el1 el2:0'; says 'maps: two spaces'
say 'maps 0x1000,0'; says 'maps: the range ends before it starts'
say 'maps pa(0)'; says 'a physical address is not translated'
say 'maps/x'; says "maps: a number of lines after '/'"
say 'tlb vmid 99999'; says 'tlb: vmid has 16 bits'
say 'tlb 0 0'; says "tlb: '0' is not understood"

finish
