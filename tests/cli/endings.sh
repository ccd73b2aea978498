#!/bin/sh
# How a guest can end, and the exit status of each (docs/exit-status.md).
. "$(dirname "$0")/lib.sh"

boot="-M virt -no-reboot -serial stdio"
# shellcheck disable=SC2086
ends() { e_status=$1 e_pattern=$2; shift 2; expect "$e_status" "$e_pattern" $boot -kernel "$WORK/k" "$@"; }

# PSCI SYSTEM_OFF: movz w0,#8; movk w0,#0x8400,lsl #16; smc #0; b .
words "$WORK/k" 0x52800100 0x72b08000 0xd4000003 0x14000000
ends 0 ''
[ ! -s "$WORK/err" ] || fail "power-off: something on stderr"
# SYSTEM_RESET ends under -no-reboot
words "$WORK/k" 0x52800120 0x72b08000 0xd4000003 0x14000000
ends 0 ''
# ... and otherwise starts again: counts boots in RAM and powers off in the third.
#   mov x1,#0x41000000; ldr w2,[x1]; add w2,w2,#1; str w2,[x1]; cmp w2,#3; mov w0,#8; movk; cinc...
words "$WORK/k" 0xd2a82001 0xb9400022 0x11000442 0xb9000022 0x71000c5f 0x1a9f17e3 0x4b0303e3 \
    0x52800120 0x72b08000 0x0b030000 0xd4000003 0x14000000
run -M virt -serial stdio -kernel "$WORK/k" --timeout-insns 1000000
[ "$STATUS" = 0 ] || fail "reboot: status $STATUS"
# Semihosting exit with status 42: x1 -> {0x20026, 42}
#   mov w0,#0x18; adr x1,block; hlt #0xf000; b .; block:
words "$WORK/k" 0x52800300 0x10000061 0xd45e0000 0x14000000 0x00020026 0 42 0
ends 42 '' -semihosting
# Sleeping for ever: wfi; b .-4
words "$WORK/k" 0xd503207f 0x17ffffff
ends 64 'every CPU sleeps'
grep -q 'PC ' "$WORK/err" || fail "deadlock: no register dump"
# Recursive exceptions: the vector is not mapped. mov x0,#0; msr vbar_el2,x0 ... at an address with nothing.
#   mov x0,#0x30000000; msr vbar_el2,x0; isb; svc #0
words "$WORK/k" 0xd2a60000 0xd51cc000 0xd5033fdf 0xd4000001
ends 65 ''
grep -q 'PC ' "$WORK/err" || fail "lockup: no register dump"
# Jump to nowhere
words "$WORK/k" 0xd2a60000 0xd61f0000
ends 65 ''
# Instruction limit
words "$WORK/k" 0x14000000
ends 67 'limit' --timeout-insns 1000000
# The UART: mov x1,#0x9000000; mov w0,#'!'; strb w0,[x1]; then SYSTEM_OFF
words "$WORK/k" 0xd2a12001 0x52800420 0x39000020 0x52800100 0x72b08000 0xd4000003 0x14000000
ends 0 '!'
# Ctrl-A x leaves: wait for a byte that never comes.
words "$WORK/k" 0x14000000
printf '\001x' > "$WORK/in"
INPUT=$WORK/in
run -M virt -serial mon:stdio -kernel "$WORK/k" --timeout-insns 100000000
[ "$STATUS" = 0 ] || fail "Ctrl-A x: status $STATUS"
INPUT=
# A signal
"$EL2SIM" -M virt -serial none -kernel "$WORK/k" 2> "$WORK/err" &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
STATUS=$?
COUNT=$((COUNT + 1))
[ "$STATUS" = 143 ] || fail "SIGTERM: status $STATUS"
# Help and version
expect 0 'usage: el2sim' --help
expect 0 '^el2sim [0-9]' --version
finish
