#!/bin/sh
# What only a terminal shows: tests/cli/debug_tty.exp through a pseudo-terminal, on roms of a few words.
# Usage: debug_tty.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
directory=$(cd "$(dirname "$0")" && pwd)
# b .
words "$WORK/loop" 0x14000000
echo_rom "$WORK/echo"
# Prints '>', waits for a byte and powers off.
words "$WORK/wait" 0xd2a12001 0x528007c0 0xb9000020 0xb9401820 0x3727ffe0 0x52800100 0x72b08000 0xd4000003 0x14000000
# Powers off.
words "$WORK/off" 0x52800100 0x72b08000 0xd4000003 0x14000000
cp "$2/story_stage2.elf" "$WORK"
HOME=$WORK TERM=xterm
unset XDG_STATE_HOME NO_COLOR INPUTRC LS_COLORS
export HOME TERM
program=$(cd "$(dirname "$EL2SIM")" && pwd)/$(basename "$EL2SIM")
cd "$WORK" || exit 1
command expect -f "$directory/debug_tty.exp" "$program" > "$WORK/log" 2>&1
STATUS=$?
COUNT=$(grep -c '^ok: ' "$WORK/log")
touch "$WORK/err"
[ "$STATUS" = 0 ] || { fail "status $STATUS"; tail -40 "$WORK/log" >&2; }
finish
