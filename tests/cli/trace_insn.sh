#!/bin/sh
# --trace insn=FILE and `trace show`: text, filters, and files that are cut or none. Usage: trace_insn.sh EL2SIM
. "$(dirname "$0")/lib.sh"
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"
# mov w0, #8; movk w0, #0x8400, lsl #16; mov x1, #3; subs x1, x1, #1; b.ne -4; smc #0: PSCI SYSTEM_OFF
words "$WORK/off.bin" 0x52800100 0x72b08000 0xd2800061 0xf1000421 0x54ffffe1 0xd4000003
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$WORK/off.bin" --trace "insn=$WORK/trace" --stats
insns=$(sed -n 's/^instructions \([0-9]*\).*/\1/p' "$WORK/err")

show() { run trace show "$@"; }
has() {
    COUNT=$((COUNT + 1))
    grep -qE -e "$1" "$WORK/out" || { fail "no line '$1'"; head -30 "$WORK/out" >&2; }
}
show "$WORK/trace"
[ "$STATUS" = 0 ] || fail "trace show: status $STATUS"
[ "$(wc -l < "$WORK/out")" = "$insns" ] || fail "$insns instructions, $(wc -l < "$WORK/out") lines"
has '^i=0 cpu0 el2   EL2 0x0000000040080000 52800100 '
has ' f1000421 subs x1, x1, #1$'
[ "$(grep -c ' f1000421 ' "$WORK/out")" = 3 ] || fail "not three times around the loop"
tail -n 1 "$WORK/out" | grep -q ' d4000003 smc #0$' || fail "the last is not the SMC"
pc=$(sed -n 's/.* \(0x[0-9a-f]*\) f1000421 .*/\1/p' "$WORK/out" | head -n 1)
show "$WORK/trace" --pc "$pc" --count
[ "$(cat "$WORK/out")" = 3 ] || fail "--pc: $(cat "$WORK/out")"
echo "$(echo "$pc" | sed 's/^0x//') T loop" > "$WORK/map"
show "$WORK/trace" --symbols "$WORK/map" --pc "$pc"
has ' <loop>$'
show "$WORK/trace" --vm el2 --el 2 --cpu 0 --time 0-1 --count
[ "$(cat "$WORK/out")" = 2 ] || fail "filters: $(cat "$WORK/out")"
for none in '--el 1' '--cpu 1' '--vm vm1' '--time 1000000-2000000'; do
    # shellcheck disable=SC2086
    show "$WORK/trace" $none --count
    [ "$(cat "$WORK/out")" = 0 ] || fail "$none: $(cat "$WORK/out")"
done

# bad STATUS TEXT ARGUMENTS...
bad() {
    status=$1 text=$2
    shift 2
    run trace "$@"
    [ "$STATUS" = "$status" ] || fail "trace $*: status $STATUS"
    grep -qF -e "$text" "$WORK/err" || fail "trace $*: no '$text'"
}
head -c 60 "$WORK/trace" > "$WORK/cut"
bad 1 'the trace ends early' show "$WORK/cut"
bad 1 'this is no instruction trace' show "$WORK/off.bin"
: > "$WORK/empty"
bad 1 'this is no instruction trace' show "$WORK/empty"
bad 2 'cannot open' show "$WORK/none"
bad 2 'which file?' show
bad 2 'usage: el2sim trace show' list
bad 2 "'3' is no value for --el" show "$WORK/trace" --el 3
bad 2 "'--el' needs a value" show "$WORK/trace" --el
bad 2 "no symbol 'nowhere'" show "$WORK/trace" --pc nowhere
bad 2 "unknown option '--x'" show "$WORK/trace" --x 1
# shellcheck disable=SC2086
refuse 'needs a file' $board --trace insn= -kernel "$WORK/off.bin"
# shellcheck disable=SC2086
refuse 'cannot create' $board --trace insn=no/such/folder/x -kernel "$WORK/off.bin"
finish
