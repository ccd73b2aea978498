#!/bin/sh
# `exits` at the prompt: before the first exception, bad arguments, and its help.
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=demo CPU=cortex-a72

session exits 'exi 5 vm1 HVC64'
[ "$STATUS" = 0 ] || fail "status $STATUS, not 0"
[ "$(grep -cx 'no such exception or return on CPU 0' "$WORK/out")" = 2 ] || fail "exits before the first exception"
for bad in 0 1025 99999999999 5x; do
    refuses "exits: '$bad' is no number from 1 to 1024" "exits $bad"
done
session 'help exits'
says 'exits 50 vm1'
finish
