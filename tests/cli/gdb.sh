#!/bin/sh
# gdb and lldb debug the demo, and what a hostile or hasty client gets. Usage: gdb.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -smp 2 -nographic -no-reboot"

# start OPTION...: el2sim with the demo and a socket, in the background.
start() {
    rm -f "$WORK/socket"
    # shellcheck disable=SC2086
    timeout 60 "$EL2SIM" run $board -kernel "$ROMS/demo.elf" -gdb "unix:$WORK/socket" "$@" < /dev/null > "$WORK/console" 2> "$WORK/err" &
    SIM=$!
    i=0
    # Without -S it may have come and gone.
    case " $* " in *' -S '*) ;; *) return ;; esac
    while [ ! -S "$WORK/socket" ] && [ $i -lt 400 ]; do sleep 0.05; i=$((i + 1)); done
    [ -S "$WORK/socket" ] || fail "no socket"
}

# ended STATUS: how el2sim ended.
ended() {
    COUNT=$((COUNT + 1))
    wait "$SIM"
    got=$?
    [ "$got" = "$1" ] || fail "el2sim ended with $got, not $1"
}

gdb() {
    timeout 40 gdb-multiarch -nx -batch -ex 'set confirm off' -ex "file $ROMS/demo.elf" -ex "target remote $WORK/socket" "$@" \
        > "$WORK/out" 2>&1 < /dev/null
}

# --- gdb -----------------------------------------------------------------------------------------
start -S
gdb -ex 'info threads' -ex 'p/x $pc' -ex 'break exit_sync' -ex 'continue' -ex 'p/x $ESR_EL2' -ex 'p $HCR_EL2' \
    -ex 'set $CNTVOFF_EL2 = 0x123400' -ex 'p/x $CNTVOFF_EL2' -ex 'set $CNTVOFF_EL2 = 0' -ex 'set $ICH_LR0_EL2 = 0x5080000000000028' -ex 'p/x $ICH_LR0_EL2' \
    -ex 'set $ICH_LR0_EL2 = 0' -ex 'p/x $v0.d.u[0]' -ex 'set $before = $pc' -ex 'stepi' -ex 'stepi' -ex 'p/x $pc - $before' \
    -ex 'info registers cpsr' -ex 'x/2i $pc' -ex 'delete' -ex 'watch -location *(unsigned long *)($sp - 16)' -ex 'continue' -ex 'delete' \
    -ex 'monitor help quit' -ex 'maintenance packet Qqemu.PhyMemMode:1' -ex 'x/1xw 0x40080000' \
    -ex 'maintenance packet Qqemu.PhyMemMode:0' -ex 'thread 2' -ex 'p/x $MPIDR_EL1' -ex 'thread 1' -ex 'continue'
ended 0
says 'CPU 1 \[EL2, off\]'
says '^\$1 = 0x40080000$'
says 'Breakpoint 1, .*exit_sync'
says '^\$2 = 0x5[0-9a-f]*$'                     # an exit with IL: the first one of the demo
says '^\$3 = \[.*VM.*IMO.*TSC.*\]$'
says '^\$4 = 0x123400$'
says '^\$5 = 0x5080000000000028$'
says '^\$7 = 0x8$'
says 'cpsr .*\[.*EL=2.*\]'
says 'Hardware watchpoint 2'
says 'Old value'
says 'leaves el2sim'
says '0x40080000.*:'
says '= 0x80000001$'
says 'exited normally'
grep -q 'el2: all VMs are off' "$WORK/console" || fail "the guest did not come to its end"

# Detaching lets it go on; kill ends it.
start -S
gdb -ex 'break exit_sync' -ex 'continue' -ex 'detach'
ended 0
grep -q 'el2: all VMs are off' "$WORK/console" || fail "it does not go on after detach"
start -S
gdb -ex 'kill'
ended 0

# Without -S it runs; gdb comes later and leaves by closing the line.
start -device "loader,addr=0x40001000,data=0,data-len=4"
ended 0

# --- lldb ----------------------------------------------------------------------------------------
start -S
timeout 60 lldb --no-lldbinit --batch -o "target create $ROMS/demo.elf" -o "process connect unix-connect://$WORK/socket" \
    -o 'breakpoint set -H -n exit_sync' -o 'continue' -o 'register read pc x0 HCR_EL2' -o 'thread step-inst' -o 'register read pc' \
    -o 'memory read -s 4 -f x -c 1 0x40080000' -o 'register write x9 0x77' -o 'register read x9' -o 'breakpoint delete -f' -o 'continue' \
    > "$WORK/out" 2>&1 < /dev/null
ended 0
says 'exit_sync'
says 'HCR_EL2 = 0x'
says 'x9 = 0x0*77'
says 'exited with status = 0'

# --- the same run with and without stops -----------------------------------------------------------
# shellcheck disable=SC2086
"$EL2SIM" run $board -kernel "$ROMS/demo.elf" --trace "exits=$WORK/free" < /dev/null > /dev/null 2>&1
start -S --trace "exits=$WORK/stopped"
gdb -ex 'break exit_sync' -ex 'continue 20' -ex 'stepi 33' -ex 'delete' -ex 'continue'
ended 0
COUNT=$((COUNT + 1))
cmp -s "$WORK/free" "$WORK/stopped" || fail "the exits differ when gdb stops the guest"
finish
