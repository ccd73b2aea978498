#!/bin/sh
# `exec`: single instructions whose results are worked out by hand, and bad arguments.
. "$(dirname "$0")/lib.sh"

# says PATTERN: a line of the last output.
says() {
    [ "$STATUS" = 0 ] || fail "status $STATUS"
    grep -q -e "$1" "$WORK/out" || fail "no '$1' in the output"
}
# silent PATTERN: no line of it.
silent() { ! grep -q -e "$1" "$WORK/out" || fail "'$1' in the output"; }

# ADD X0, X1, X2.
run exec --reg x1=5 --reg x2=7 8b020020
says '^8b020020  add  *x0, x1, x2$'; says '^x0 *0x0 -> 0xc$'; says '^pc *0x40010000 -> 0x40010004$'
[ "$(wc -l < "$WORK/out")" = 3 ] || fail "more than x0 and pc has changed"
# ADDS of -1 and 1: Z and C.
run exec --reg x1=-1 --reg x2=1 ab020020
says '^PSTATE.Z *0x0 -> 0x1$'; says '^PSTATE.C *0x0 -> 0x1$'; silent 'PSTATE.N'
# FADD of 1 and 2, and of 1 and 2^-30: Inexact.
run exec --reg v1=0x3f800000 --reg v2=0x40000000 1e222820; says '^v0 *0x0 -> 0x40400000$'; silent 'FPSR'
run exec --reg v1=0x3f800000 --reg v2=0x30800000 1e222820; says '^v0 *0x0 -> 0x3f800000$'; says '^FPSR.IXC'
# All 128 bits.
run exec --reg v1=0x0123456789abcdef0011223344556677 4ea11c20
says '^v0 *0x0 -> 0x123456789abcdef0011223344556677$'
# A load with write-back, a store, two words.
run exec --reg x2=0x40200010 --mem 0x40200010=1122334455667788 f8408441
says '^x1 *0x0 -> 0x8877665544332211$'; says '^x2 *0x40200010 -> 0x40200018$'
run exec --reg x2=0x40200000 --reg x1=1 f8008441 f8008441
says '^\[0x40200000\] *0x0 -> 0x1$'; says '^\[0x40200008\] *0x0 -> 0x1$'; says '^pc .*-> 0x40010008$'
# Exceptions end it: HVC to EL2, a store to the code, an UNDEFINED word, and ERET.
run exec d4000022; says '^exception EL1 to EL2, ESR 0x5a000001'; says '^ELR_EL2 *0x0 -> 0x40010004$'
run exec --reg x2=0x40000000 f8000041 d503201f
says '^exception EL1 to EL1, ESR 0x9600004e: stage 1 permission'; silent '_EL12'
run exec --el 2 00000000; says '^exception EL2 to EL2, ESR 0x2000000'
run exec --el 0 d5033fdf; silent exception
run exec --reg elr_el1=0x40010000 d69f03e0; says '^return EL1 to EL0$'
# SHA512H is not there on cortex-a57, and neither is its line.
run exec -cpu cortex-a57 ce628020; says '^exception EL1 to EL1, ESR 0x2000000'
run exec --json --reg x1=5 --reg x2=7 8b020020
says '^{"changed":{"x0":{"before":"0x0","after":"0xc"},"pc":'
run exec --json d4000022; says '"event":{"kind":"exception","from_el":1,"to_el":2,"esr":"0x5a000001"'

refuse 'no instruction words' exec
refuse "'zz' is not an instruction word" exec zz
refuse "'123456789' is not an instruction word" exec 123456789
refuse "unknown option '--nosuch'" exec --nosuch 8b020020
refuse '--reg needs a value' exec 8b020020 --reg
refuse 'not NAME=NUMBER' exec --reg x1 8b020020
refuse 'not NAME=NUMBER' exec --reg x1=0x 8b020020
refuse 'not NAME=NUMBER' exec --reg x1=5z 8b020020
refuse "no register 'nosuch'" exec --reg nosuch=1 8b020020
refuse "--el is 0, 1 or 2, not '3'" exec --el 3 8b020020
refuse 'not ADDRESS=BYTES' exec --mem 0x40200000 8b020020
refuse 'not ADDRESS=BYTES' exec --mem 0x40200000=123 8b020020
refuse "'zz' is not a byte" exec --mem 0x40200000=zz 8b020020
refuse 'data is at 0x40200000 to 0x40ffffff' exec --mem 0x40000000=00 8b020020
refuse 'data is at' exec --mem 0x40ffffff=0000 8b020020
refuse 'unknown CPU' exec -cpu nosuch 8b020020
finish
