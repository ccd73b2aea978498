#!/bin/sh
# `exits` at the prompt: before the first exception, bad arguments, and its help.
. "$(dirname "$0")/lib.sh"
MACHINE="-M virt,virtualization=on -cpu cortex-a72"

# say COMMAND...: the commands on standard input.
say() {
    for line in "$@"; do echo "$line"; done > "$WORK/in"
    # shellcheck disable=SC2086
    INPUT=$WORK/in run debug $MACHINE -kernel "$ROMS/demo.elf"
}
ROMS=$2

say exits 'exi 5 vm1 HVC64'
[ "$STATUS" = 0 ] || fail "status $STATUS, not 0"
[ "$(grep -cx 'no such exception or return on CPU 0' "$WORK/out")" = 2 ] || fail "exits before the first exception"
for bad in 0 1025 99999999999 5x; do
    say "exits $bad"
    [ "$STATUS" = 68 ] || fail "exits $bad: status $STATUS, not 68"
    grep -q "exits: '$bad' is no number from 1 to 1024" "$WORK/err" || fail "exits $bad: no message"
done
say 'help exits'
grep -q 'exits 50 vm1' "$WORK/out" || fail "help exits has no example"
finish
