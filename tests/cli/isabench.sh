#!/bin/sh
# The rom of `tools/bench isa`: every class of its list runs to its end, and executes as many instructions as it is told
# to, and at most a round more. Usage: isabench.sh EL2SIM ROMS SOURCE
. "$(dirname "$0")/lib.sh"
ROMS=$2
# The longest round, with what the rom does first beyond a run of no rounds.
SLACK=300

# execute CLASS INSTRUCTIONS [MACHINE-OPTION]: INSNS
execute() {
    # shellcheck disable=SC2086
    expect 0 "^done" -M "virt,virtualization=on,gic-version=3$3" -cpu max,pauth-impdef=on -nographic -no-reboot --stats \
        -kernel "$ROMS/isabench.elf" -device "loader,addr=0x44000000,data=$1,data-len=8" \
        -device "loader,addr=0x44000008,data=$2,data-len=8"
    INSNS=$(sed -n 's/^instructions //p' "$WORK/err")
}

class=0
execute 0 0
start=$INSNS
for name in $(sed -n 's/^class \([a-z0-9]*\), ".*/\1/p' "$3"); do
    machine=
    [ "$name" != mte ] || machine=,mte=on
    execute $class 100000 $machine
    [ $((INSNS - start)) -ge 100000 ] && [ $((INSNS - start)) -lt $((100000 + SLACK)) ] ||
        fail "$name: $INSNS instructions, $start of them before the first round"
    class=$((class + 1))
done
[ $class -ge 30 ] || fail "$class classes in $3"
finish
