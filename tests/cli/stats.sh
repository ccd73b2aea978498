#!/bin/sh
# --stats in its forms and the debugger's `stat`: the hvcn rom makes a known number of HVCs.
# Usage: stats.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic -kernel $ROMS/hvcn.elf"
calls="-device loader,addr=0x44000000,data=50,data-len=8"

# stats OPTION...: a run whose table goes to $WORK/table
stats() {
    # shellcheck disable=SC2086
    expect 0 '' $board $calls "$@"
}
# has FILE TEXT: a line of FILE
has() {
    COUNT=$((COUNT + 1))
    grep -qxE -e "$2" "$1" || { fail "no line '$2'"; head -20 "$1" >&2; }
}

stats --stats-by class
has "$WORK/err" 'class  *count  *EL2 insns  *min  *median  *p99  *max  *share'
has "$WORK/err" 'HVC64  *51  *[0-9]+ .*%'
has "$WORK/err" '51 exits, [0-9]+ instructions'
stats --stats="csv:$WORK/table" --stats-by class,vm
head -n 1 "$WORK/table" | grep -qx 'class,vm,count,el2_insns,min,median,p99,max,share' || fail "csv: no head"
has "$WORK/table" '"HVC64","[a-z0-9]+",51,[0-9,.]*'
stats --stats=csv
has "$WORK/err" 'vm,class,detail,count,el2_insns,min,median,p99,max,share'
stats --stats="json:$WORK/table" --stats-by class
has "$WORK/table" '\{"instructions":[0-9]+,"rows":\['
has "$WORK/table" '\{"class":"HVC64","count":51,.*\}'
stats --stats="table:$WORK/table" --stats-by hypercall
has "$WORK/table" '51 exits, [0-9]+ instructions'

# shellcheck disable=SC2086
refuse 'none of table, json, csv' $board --stats=xml
# shellcheck disable=SC2086
refuse 'a file name is missing' $board --stats=json:
# shellcheck disable=SC2086
refuse 'cannot create' $board --stats=json:no/such/folder/x
# shellcheck disable=SC2086
refuse "'cpu' is none of vm, vcpu" $board --stats-by vm,cpu
# shellcheck disable=SC2086
refuse "'vm' is there twice" $board --stats-by vm,vm

# The debugger's.
ROM=hvcn CPU=cortex-a72
session 'stat' 'stat by class vm csv' 'stat json'
has "$WORK/out" 'vm  class  detail  *count  *EL2 insns .*'
has "$WORK/out" '0 exits, 0 instructions'
has "$WORK/out" 'class,vm,count,el2_insns,min,median,p99,max,share'
has "$WORK/out" '\{"instructions":0,"rows":\['
refuses 'stat by: vm, vcpu, class' 'stat by'
refuses "stat: 'class' is none of by, table, json, csv, reset" 'stat class'
refuses "stat: 'vm' is there twice" 'stat by vm, vm'
refuses 'stat reset takes no arguments' 'stat reset now'
finish
