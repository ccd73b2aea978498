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

finish() {
    echo "$COUNT checks, $FAILED failed"
    [ "$FAILED" = 0 ]
}
