#!/bin/sh
# --trace-on-fail: the last lines when the run fails, and nothing when it does not. Usage: trace_on_fail.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"

# demo STATUS OPTIONS...: runs it.
demo() {
    status=$1
    shift
    # shellcheck disable=SC2086
    expect "$status" '' $board -kernel "$ROMS/demo.elf" --trace exits,irq "$@"
}
# same_tail N FILE: the last N lines of FILE are the last N of the whole trace.
same_tail() {
    tail -n "$1" "$2" > "$WORK/got"
    tail -n "$1" "$WORK/all" | cmp -s - "$WORK/got" || fail "the last $1 lines are others"
}
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$ROMS/demo.elf" --trace "exits,irq=$WORK/all"
lines=$(wc -l < "$WORK/all")

demo 0 --trace-on-fail 5
[ ! -s "$WORK/err" ] || fail "lines of a run that succeeded"
demo 0 --trace-on-fail 5 --expect 'all VMs are off'
[ ! -s "$WORK/err" ] || fail "lines of a run that met its expectation"
demo 69 --trace-on-fail 5 --expect nothing
[ "$(wc -l < "$WORK/err")" = 7 ] || fail "not 5 lines and two of el2sim"
grep -qxF "el2sim: the last 5 of $lines lines of the trace:" "$WORK/err" || fail "no line with the number"
same_tail 5 "$WORK/err"
# More than there are.
demo 69 --trace-on-fail 1000000 --expect nothing
same_tail "$lines" "$WORK/err"
[ "$(wc -l < "$WORK/err")" = $((lines + 2)) ] || fail "not all lines"
demo 70 --trace-on-fail 1 --fail 'all VMs are off'
same_tail 1 "$WORK/err"
demo 67 --trace-on-fail 2 --timeout-insns 30000
[ "$(tail -n 3 "$WORK/err" | grep -cE '^ *[0-9]+ i=[0-9]+ cpu0 ')" = 2 ] || fail "--timeout-insns: not two lines"
demo 71 --trace-on-fail 3 --lint=error -kernel "$ROMS/lint.elf"
[ "$(tail -n 4 "$WORK/err" | grep -cE '^ *[0-9]+ i=[0-9]+ cpu0 ')" = 3 ] || fail "--lint=error: not three lines"

# To a file, which is empty when the run succeeds; with --trace-filter lines that do not pass do not count.
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$ROMS/demo.elf" --trace "exits=$WORK/file" --trace-on-fail 5
[ -f "$WORK/file" ] || fail "there is no file"
[ ! -s "$WORK/file" ] || fail "the file is not empty"
# shellcheck disable=SC2086
expect 69 "the last 4 of [0-9]* lines of the trace are in '$WORK/file'" $board -kernel "$ROMS/demo.elf" \
    --trace "exits,irq=$WORK/file" --trace-on-fail 4 --expect nothing --trace-filter class=smc
[ "$(grep -c ' SMC64 \| ERET ' "$WORK/file")" = 4 ] || fail "not four lines of SMC"
[ "$(wc -l < "$WORK/file")" = 4 ] || fail "not four lines"

# The guest's own status. SYS_EXIT with 3; a block at 0x40080010. And 0.
words "$WORK/exit3.bin" 0x52800300 0x10000061 0xd45e0000 0xd503201f 0x20026 0 3 0
words "$WORK/exit0.bin" 0x52800300 0x10000061 0xd45e0000 0xd503201f 0x20026 0 0 0
# shellcheck disable=SC2086
expect 3 'pc=0x40080000 INSN 52800300 ' $board -kernel "$WORK/exit3.bin" -semihosting --trace insn:text --trace-on-fail 9
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$WORK/exit0.bin" -semihosting --trace insn:text --trace-on-fail 9
[ ! -s "$WORK/err" ] || fail "lines of a guest that exits with 0"
# WFI with nothing to wait for: a deadlock.
words "$WORK/wfi.bin" 0xd503207f
# shellcheck disable=SC2086
expect 64 'INSN d503207f wfi' $board -kernel "$WORK/wfi.bin" --trace insn:text --trace-on-fail 9

for n in 0 -1 x 1000001 ''; do
    # shellcheck disable=SC2086
    refuse 'is no number of lines' $board -kernel "$WORK/wfi.bin" --trace exits --trace-on-fail "$n"
done
# shellcheck disable=SC2086
refuse 'needs --trace' $board -kernel "$WORK/wfi.bin" --trace "insn=$WORK/insns" --trace-on-fail 5
# shellcheck disable=SC2086
run debug $board -kernel "$WORK/wfi.bin" --trace exits --trace-on-fail 5
[ "$STATUS" = 2 ] || fail "el2sim debug: status $STATUS"
grep -q 'belongs to el2sim run' "$WORK/err" || fail "el2sim debug: another message"
finish
