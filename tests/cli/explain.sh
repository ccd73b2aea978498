#!/bin/sh
# `explain`: values taken apart by hand from the Arm ARM, and bad arguments.
. "$(dirname "$0")/lib.sh"

# says PATTERN: of the last output.
says() {
    [ "$STATUS" = 0 ] || fail "status $STATUS"
    grep -q -e "$1" "$WORK/out" || fail "no '$1' in the output"
}

# EC 0x24, ISV, SAS 3, SRT 0, SF, WnR 0, DFSC 6; FIPA 0x40000.
run explain esr 0x93c08006 --far 0x80000123 --hpfar 0x400000
says 'a read of 8 bytes to x0, VA 0x80000123, IPA 0x40000123; translation-L2, stage 2\.$'
says '^  31:26  EC  *0x24  Data Abort from a lower Exception level$'
says '^  23:22  SAS  *0x3  doubleword$'
# WnR, SAS 0, SF 0, SRT 31, permission fault at level 3.
run explain esr 0x931f004f; says 'a write of 1 byte from wzr; permission-L3, stage 2\.$'
# No ISV: nothing of the access but its direction, and no stage.
run explain esr 0x92000047; says 'a write whose size .* (ISV is 0); translation-L3\.$'
says '^  23:22  SAS .*not meaningful here: bit 24 is 0$'
# S1PTW: FAR's offset is not the descriptor's.
run explain esr 0x82000086 --far 0x1234 --hpfar 0x400000
says 'an instruction fetch, VA 0x1234, IPA page 0x40000000; translation-L2, stage 2, on the walk'
# EC 0x18: Op0 3, Op2 1, Op1 0, CRn 1, Rt 2, CRm 0; direction 0, then 1.
run explain esr 0x62320440; says 'MSR ACTLR_EL1, x2 (a write)\.$'
run explain esr 0x62320441; says 'MRS x2, ACTLR_EL1 (a read)\.$'
run explain esr 0x5a000012; says '0x16  HVC instruction$'; says ' imm16  *0x12'
run explain esr 0x08000000; says 'reserved encoding  <-- misuse$'
run explain hcr_el2 0x88000001; says "^     27  TGE  *0x1$"; says "^      0  VM  *0x1$"
run explain VTTBR_EL2 0x0005000040200000; says ' VMID  *0x5$'
run explain CNTFRQ_EL0 0x100000000; says 'RES0 on every modelled CPU, but set  <-- misuse$'
# Stage 2 page: S2AP 3, SH 3, AF, MemAttr 15.
run explain pte --stage 2 --level 3 0x404007ff; says '^Stage 2, level 3: page at 0x40400000, '
says ' AF  *0x1'

run explain --list; says '^esr$'; says '^HCR_EL2$'
for args in 'esr 0x93c08006' 'hcr_el2 1' 'pte --stage 1 --level 2 0x40000741'; do
    # shellcheck disable=SC2086
    run explain --json $args
    says '^{"name": '
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))["fields"][0]["hi"]' "$WORK/out" ||
        fail "$args: not JSON"
done

refuse 'esr, pte or a register' explain
refuse 'esr needs a value' explain esr
refuse "'zz' is not a number" explain esr zz
refuse "'0x10000000000000000' is not a number" explain esr 0x10000000000000000
refuse 'which of TCR_EL1, TCR_EL2' explain tcr 0
refuse "nothing is known of 'frob'" explain frob 0
refuse 'unknown option' explain esr 1 --frob
refuse '--far and --hpfar belong to esr' explain hcr_el2 1 --far 2
refuse '--stage is 1 or 2' explain pte --stage 3 --level 1 0
refuse '--level is -1 to 3' explain pte --stage 1 --level 4 0
refuse '--granule is' explain pte --stage 1 --level 1 --granule 8k 0

finish
