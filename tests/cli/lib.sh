# Helpers of the command-line tests. EL2SIM is the program under test, $1 of each script.
# shellcheck shell=sh
EL2SIM=${1:?usage: $0 path-of-el2sim}
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
FAILED=0
COUNT=0

# le BYTES VALUE: the value as little-endian bytes.
le() {
    le_n=$1 le_v=$2
    while [ "$le_n" -gt 0 ]; do
        printf "\\$(printf %03o $((le_v & 255)))"
        le_v=$((le_v >> 8)) le_n=$((le_n - 1))
    done
}

# words FILE WORD...: a file of 32-bit instruction words.
words() {
    words_file=$1
    shift
    for w in "$@"; do le 4 "$w"; done > "$words_file"
}

# echo_rom FILE: a rom that prints '>', then what it receives.
#   x1 = UART; mov w0,#'>'; str w0,[x1]; ldr w0,[x1,#0x18]; tbnz w0,#4,.-4; ldr w0,[x1]; str w0,[x1]; b .-16
echo_rom() { words "$1" 0xd2a12001 0x528007c0 0xb9000020 0xb9401820 0x3727ffe0 0xb9400020 0xb9000020 0x17fffffc; }

# commands: the names of the debugger's commands, a line each.
commands() {
    "$EL2SIM" debug --batch -device "loader,addr=0x40000000,data=0,data-len=4,cpu-num=0" -ex help < /dev/null |
        sed -n 's/^  \([a-z]\)/\1/; t name; d; :name; s/  .*//; s/ (.*//; p'
}

fail() {
    FAILED=$((FAILED + 1))
    echo "FAIL: $*" >&2
    sed 's/^/    stderr: /' "$WORK/err" | head -5 >&2
}

# run ARGS...: sets STATUS, leaves stdout in $WORK/out and stderr in $WORK/err.
run() {
    COUNT=$((COUNT + 1))
    timeout 60 "$EL2SIM" "$@" < "${INPUT:-/dev/null}" > "$WORK/out" 2> "$WORK/err"
    STATUS=$?
}

# refuse PATTERN ARGS...: status 2, exactly one line on stderr, which has PATTERN, nothing on stdout.
refuse() {
    pattern=$1
    shift
    run "$@"
    [ "$STATUS" = 2 ] || fail "$*: status $STATUS, not 2"
    [ "$(wc -l < "$WORK/err")" = 1 ] || fail "$*: not one line on stderr"
    [ ! -s "$WORK/out" ] || fail "$*: something on stdout"
    grep -q -e "$pattern" "$WORK/err" || fail "$*: no '$pattern' in the message"
}

# expect STATUS PATTERN ARGS...: that status, and PATTERN on stdout or stderr.
expect() {
    want=$1 pattern=$2
    shift 2
    run "$@"
    [ "$STATUS" = "$want" ] || fail "$*: status $STATUS, not $want"
    [ -z "$pattern" ] || cat "$WORK/out" "$WORK/err" | grep -q -e "$pattern" || fail "$*: no '$pattern' in the output"
}

# --- sessions of the debugger: of $ROMS/$ROM.elf with its symbols, on a machine with $CPU, $GIC, $SMP, $SERIAL and more $OPTIONS
ROM='' SMP=1 GIC=3 CPU=max SERIAL=none OPTIONS=''

# session COMMAND...: on standard input. What they print is in $WORK/out, what they complain of in $WORK/err.
session() {
    printf '%s\n' "$@" > "$WORK/in"
    # shellcheck disable=SC2086
    INPUT=$WORK/in run debug -M "virt,virtualization=on,gic-version=$GIC" -cpu "$CPU" -smp "$SMP" -serial "$SERIAL" \
        ${ROM:+-kernel "$ROMS/$ROM.elf" --symbols "$ROMS/$ROM.elf"} $OPTIONS
}
# prints LINE COMMAND...: LINE is one of the lines that the commands print, and none fails.
prints() {
    p_line=$1
    shift
    session "$@"
    [ "$STATUS" = 0 ] || fail "$*: status $STATUS"
    grep -qxF -e "$p_line" "$WORK/out" || fail "$*: no line '$p_line' in: $(head -40 "$WORK/out")"
}
# refuses TEXT COMMAND...: the last command fails with TEXT.
refuses() {
    r_text=$1
    shift
    session "$@"
    [ "$STATUS" = 68 ] || fail "$*: status $STATUS, not 68"
    grep -e "^stdin:$#: " "$WORK/err" | grep -qF -e "$r_text" || fail "$*: no '$r_text' on stderr"
}
# says PATTERN: a line of the last output has it.
says() {
    COUNT=$((COUNT + 1))
    grep -q -e "$1" "$WORK/out" || { fail "no '$1' in the output"; tail -40 "$WORK/out" >&2; }
}
# shows LINE: a line of the last output, all of it.
shows() {
    COUNT=$((COUNT + 1))
    grep -qxF -e "$1" "$WORK/out" || { fail "no line '$1'"; head -40 "$WORK/out" >&2; }
}

finish() {
    echo "$COUNT checks, $FAILED failed"
    [ "$FAILED" = 0 ]
}
