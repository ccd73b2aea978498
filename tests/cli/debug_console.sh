#!/bin/sh
# The debugger's console without a terminal: the table of commands, help, scripts, settings, exit statuses.
# Usage: debug_console.sh EL2SIM
. "$(dirname "$0")/lib.sh"

# Powers off: movz w0,#8; movk w0,#0x8400,lsl #16; smc #0; b .
words "$WORK/off" 0x52800100 0x72b08000 0xd4000003 0x14000000

# debug ARGS...: of the rom above, its serial line connected to nothing.
debug() { run debug -serial none -kernel "$WORK/off" "$@"; }
# exactly STATUS TEXT ARGS...: exactly TEXT on stdout, nothing on stderr.
exactly() {
    s_status=$1 s_text=$2
    shift 2
    debug "$@"
    [ "$STATUS" = "$s_status" ] || fail "$*: status $STATUS, not $s_status"
    printf "$s_text" > "$WORK/want"
    cmp -s "$WORK/out" "$WORK/want" || fail "$*: printed $(cat "$WORK/out")"
    [ ! -s "$WORK/err" ] || fail "$*: something on stderr"
}
# breaks STATUS TEXT ARGS...: TEXT on stderr as a whole line.
breaks() {
    b_status=$1 b_text=$2
    shift 2
    debug "$@"
    [ "$STATUS" = "$b_status" ] || fail "$*: status $STATUS, not $b_status"
    grep -qxF -e "$b_text" "$WORK/err" || fail "$*: no line '$b_text' on stderr"
}
# lines TEXT...: commands on standard input.
lines() { printf '%s\n' "$@" > "$WORK/in"; INPUT=$WORK/in; }

# --- where commands come from
exactly 0 'one\ntwo\n' --batch -ex 'echo one\n' -ex 'echo two\n'
printf '# a comment\n\n   echo one\\n  \r\n\techo two\\n' > "$WORK/script"
exactly 0 'one\ntwo\nthree\n' --batch -x "$WORK/script" -ex 'echo three\n'
exactly 0 'one\ntwo\n' --batch -ex "source $WORK/script"
lines 'echo one\n' '' '# nothing' 'echo two\n'
exactly 0 'one\ntwo\n'
lines 'echo of stdin\n'
exactly 0 'first\nof stdin\n' -ex 'echo first\n'
exactly 0 'first\n' --batch -ex 'echo first\n'
printf 'echo no newline' > "$WORK/in"
exactly 0 'no newline'
INPUT=
exactly 0 ''

# --- how it ends
exactly 3 '' -ex 'quit 3'
exactly 0 '' -ex quit
exactly 0 'one\n' -ex 'echo one\n' -ex q -ex 'echo two\n'
printf 'echo one\\n\nquit 9\necho two\\n' > "$WORK/script"
exactly 9 'one\n' -x "$WORK/script" -ex 'echo three\n'
breaks 68 "el2sim: -ex: quit: '256' is no exit status (0 to 255)" -ex 'quit 256'
breaks 68 "el2sim: -ex: no command 'nonsense' (help lists them)" -ex 'nonsense 1 2' -ex 'quit 3'
printf 'echo one\\n\n# two\n  nonsense\necho four\\n' > "$WORK/script"
breaks 68 "el2sim: $WORK/script:3: no command 'nonsense' (help lists them)" -x "$WORK/script" -ex 'quit 3'
[ "$(cat "$WORK/out")" = one ] || fail "a failing script goes on"
echo "source $WORK/script" > "$WORK/outer"
breaks 68 "el2sim: $WORK/outer:1: $WORK/script:3: no command 'nonsense' (help lists them)" -x "$WORK/outer"
echo "source $WORK/outer" > "$WORK/outer"
debug -x "$WORK/outer"
[ "$STATUS" = 68 ] && grep -q 'more than 16 scripts in each other' "$WORK/err" || fail "a script that sources itself"
breaks 68 "el2sim: source: cannot open '/nowhere': No such file or directory" -x /nowhere
breaks 68 "el2sim: $WORK: Is a directory" -x "$WORK"
# Standard input goes on after an error, but the status tells.
lines 'nonsense' 'echo one\n' 'quit 300'
breaks 68 "stdin:1: no command 'nonsense' (help lists them)"
grep -qxF "stdin:3: quit: '300' is no exit status (0 to 255)" "$WORK/err" || fail "the second error on stdin"
[ "$(cat "$WORK/out")" = one ] || fail "standard input stops at an error"
lines 'nonsense' 'quit 4'
breaks 4 "stdin:1: no command 'nonsense' (help lists them)"
INPUT=

# --- not text, long lines
head -c 65536 "$EL2SIM" > "$WORK/script"
breaks 68 "el2sim: $WORK/script:1: this is not text" -x "$WORK/script"
printf '\377\376\033[31m\n' > "$WORK/script"
breaks 68 "el2sim: $WORK/script:1: no command '???[31m' (help lists them)" -x "$WORK/script"
{ printf 'echo '; head -c 1000000 /dev/zero | tr '\0' x; printf '\\n\n'; } > "$WORK/script"
debug --batch -x "$WORK/script"
[ "$STATUS" = 0 ] && [ "$(wc -c < "$WORK/out")" = 1000001 ] || fail "a line of a million characters"
{ head -c 1000000 /dev/zero | tr '\0' y; printf '\n'; } > "$WORK/script"
debug --batch -x "$WORK/script"
[ "$STATUS" = 68 ] && [ "$(wc -c < "$WORK/err")" -lt 600 ] || fail "a command of a million characters"

# --- names of commands
exactly 0 'x' --batch -ex 'ech x'
exactly 0 'x' --batch -ex 'ec x'
breaks 68 "el2sim: -ex: 'e' is too short: enable, exits, explain, echo" --batch -ex 'e x'
breaks 68 "el2sim: -ex: no command 'echoo' (help lists them)" --batch -ex 'echoo x'
breaks 68 "el2sim: -ex: no command 'Echo' (help lists them)" --batch -ex 'Echo x'
breaks 68 "el2sim: -ex: no command '?' (help lists them)" --batch -ex '?'
debug --batch -ex 'info'
grep -q "'info' needs one of: .*registers" "$WORK/err" || fail "info without a name"

# --- echo
exactly 0 'a b\tc\\\001d' --batch -ex 'echo a b\tc\\\001d'
exactly 0 '' --batch -ex 'echo'

# --- help
for command in 'help set width' 'h set wi'; do
    debug --batch -ex "$command"
    { read -r first; read -r second; } < "$WORK/out"
    [ "$first/$second" = "set width COLUMNS/columns of the output." ] || fail "$command: $first/$second"
done
debug --batch -ex 'help'
grep -qx 'Settings' "$WORK/out" && grep -q '^  quit (q) *leaves el2sim' "$WORK/out" || fail 'help'
debug --batch -ex 'help settings'
[ "$(grep -c '^  set ' "$WORK/out")" -ge 5 ] && ! grep -q quit "$WORK/out" || fail 'help GROUP'
debug --batch -ex 'help set'
grep -q '^  set width' "$WORK/out" || fail 'help FIRST-WORD'
breaks 68 "el2sim: -ex: help: no command or group 'nonsense' (help lists them)" --batch -ex 'help nonsense'
debug --batch -ex 'apropos exit STATUS'
grep -q '^  quit' "$WORK/out" || fail apropos
! grep -q '^  echo' "$WORK/out" || fail 'apropos: echo'
breaks 68 "el2sim: -ex: apropos: no command has 'xyzzy' in its help" --batch -ex 'apropos xyzzy'
# help all says of each command what help COMMAND says.
debug --batch -ex 'help all'
cp "$WORK/out" "$WORK/all"
debug --batch -ex 'help echo'
tr '\n' '@' < "$WORK/out" > "$WORK/echo"
tr '\n' '@' < "$WORK/all" | grep -qF -e "$(cat "$WORK/echo")" || fail 'help all: echo'

# --- settings
exactly 0 'width        80\n' --batch -ex 'show width'
exactly 0 'height       40\n' --batch -ex 'set height 40' -ex 'show height'
exactly 0 'width        132\n' --batch -ex 'set width 132' -ex 'show w'
exactly 0 'width        80\n' --batch -ex 'set width 132' -ex 'set width 0' -ex 'show width'
breaks 68 "el2sim: -ex: set width: at least 20 columns" --batch -ex 'set width 3'
breaks 68 "el2sim: -ex: set width: 'x' is not a number from 0 to 10000" --batch -ex 'set width x'
breaks 68 "el2sim: -ex: set color: 'blue' is neither on nor off" --batch -ex 'set color blue'
breaks 68 "el2sim: -ex: show: there is no setting 'colour' (show lists them)" --batch -ex 'show colour'
debug --batch -ex 'set color on' -ex 'help quit'
printf '\033[1mquit\033[0m [STATUS]\n' > "$WORK/want"
head -1 "$WORK/out" | cmp -s - "$WORK/want" || fail 'set color on'
debug --batch -ex 'help quit'
! grep -q "$(printf '\033')" "$WORK/out" || fail 'colours in a pipe'

# --- layout
debug --batch -ex 'layout'
grep -qx 'x0  00000000[0-9a-f]*   x1  0000000000000000   x2  0000000000000000' "$WORK/out" || fail 'layout: registers'
grep -qx 'PSTATE nzcv DAIF EL2h  cpu0  el2  after 0 instructions' "$WORK/out" || fail 'layout: PSTATE'
grep -qx 'none yet' "$WORK/out" || fail 'layout: exit'
debug --batch -ex 'context once' -ex 'layout on' -ex 'layout off'
[ "$(grep -c '^PSTATE' "$WORK/out")" = 2 ] || fail 'layout on and off'
breaks 68 "el2sim: -ex: layout: 'big' is none of on, off and once" --batch -ex 'layout big'

# --- running: the guest's output and input, how the machine ends, Ctrl-C
words "$WORK/loop" 0x14000000
echo_rom "$WORK/echo"
# Semihosting exit with status 42.
words "$WORK/exit" 0x52800300 0x10000061 0xd45e0000 0x14000000 0x00020026 0 42 0
expect 0 'powered off\|SYSTEM_OFF' debug -serial none -kernel "$WORK/off" --batch -ex continue
expect 42 '' debug -serial none -semihosting -kernel "$WORK/exit" --batch -ex continue
expect 67 'limit' debug -serial none -kernel "$WORK/loop" --timeout-insns 1000 --batch -ex continue
expect 5 '' debug -serial none -kernel "$WORK/loop" --timeout-insns 1000 --batch -ex continue -ex 'quit 5'
expect 67 '' debug -kernel "$WORK/echo" --timeout-insns 10000000 --batch -ex 'type hello\r\n' -ex continue
grep -q '^>hello' "$WORK/out" || fail 'type'
lines 'continue' 'echo it stands\n'
expect 67 'it stands' debug -kernel "$WORK/echo" --timeout-insns 10000000
! grep -q '>.*echo' "$WORK/out" || fail 'the guest reads the commands'
printf 'of the guest' > "$WORK/in"
expect 67 '>of the guest' debug -kernel "$WORK/echo" --timeout-insns 10000000 --batch -ex continue
INPUT=
breaks 68 'el2sim: -ex: type: the serial line is connected to nothing' --batch -ex 'type x'
# A reset goes on: the rom counts its boots in RAM and powers off in the third.
words "$WORK/boots" 0xd2a82001 0xb9400022 0x11000442 0xb9000022 0x71000c5f 0x1a9f17e3 0x4b0303e3 \
    0x52800120 0x72b08000 0x0b030000 0xd4000003 0x14000000
expect 0 ':  0x00000003' debug -serial none -kernel "$WORK/boots" --batch -ex continue -ex 'x/1wx pa(0x41000000)'
expect 0 ':  0x00000001' debug -serial none -no-reboot -kernel "$WORK/boots" --batch -ex continue -ex 'x/1wx pa(0x41000000)'
breaks 68 'el2sim: -ex: continue: takes no arguments' --batch -ex 'continue now'
debug --batch -ex continue -ex continue
[ "$STATUS" = 68 ] && grep -q 'continue: the machine has ended: ' "$WORK/err" || fail 'continue after the end'
debug --batch -ex 'layout on' -ex continue
[ "$(grep -c '^PSTATE' "$WORK/out")" = 2 ] && grep -q '^x0  0000000000000000\*' "$WORK/out" || fail 'layout at a stop'
for commands in -ex stdin; do
    COUNT=$((COUNT + 1))
    printf 'continue\necho too far\\n\n' > "$WORK/in"
    if [ $commands = stdin ]; then set --; else set -- --batch -x "$WORK/in"; fi
    "$EL2SIM" debug -serial none -kernel "$WORK/loop" "$@" < "$WORK/in" > "$WORK/out" 2> "$WORK/err" &
    pid=$!
    # A signal before el2sim catches it is lost.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        sleep 1
        kill -INT $pid 2> /dev/null || break
        sleep 0.2
        grep -q '^State:.[^Z]' /proc/$pid/status 2> /dev/null || break
    done
    [ "$try" -lt 10 ] || kill -KILL $pid
    wait $pid
    STATUS=$?
    [ $STATUS = 130 ] || fail "Ctrl-C in a script: status $STATUS"
    ! grep -q 'too far' "$WORK/out" || fail 'Ctrl-C does not end the script'
done

# --- options
refuse 'belong to el2sim debug' -x "$WORK/script"
refuse 'belong to el2sim debug' run -ex quit
refuse 'belong to el2sim debug' --batch
refuse "symbols: cannot open '/nowhere'" debug -kernel "$WORK/off" --symbols /nowhere
exactly 0 '' --batch --symbols "$EL2SIM"
refuse "'-nonsense'" debug -nonsense

finish
