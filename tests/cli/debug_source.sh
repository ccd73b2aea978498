#!/bin/sh
# The debugger's source lines and backtraces (list, info line, bt) with the roms `frames` (DWARF) and
# `frames_nodebug`; what is unwound at each instruction is the business of test_unwind.
# Usage: debug_source.sh EL2SIM ROMS SOURCES
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=frames
SOURCE=$3/main.c
START=$3/start.S

# number FILE TEXT: of the first line with this text.
number() { grep -nF -e "$2" "$1" | head -1 | cut -d: -f1; }

# --- list: the lines are those of the files
first=$(number "$START" 'adrp    x0, el2_stack_top')
prints "$(printf '=> %-5s %s' "$first" "$(sed -n "${first}p" "$START")")" list
[ "$(wc -l < "$WORK/out")" = 10 ] || fail "list: not ten lines"
prints "$(printf '   %-5s %s' $((first + 5)) "$(sed -n "$((first + 5))p" "$START")")" list list
call=$(number "$SOURCE" 'return function + calls')
prints "$(printf '   %-5s %s' "$call" "$(sed -n "${call}p" "$SOURCE")")" "list main.c:$call"
prints "$(printf '   %-5s %s' 1 "$(sed -n 1p "$SOURCE")")" 'list hypercall' 'l 3'
prints "$(printf '   %-5s %s' "$call" "$(sed -n "${call}p" "$SOURCE")")" 'list hypercall'
prints "$(printf '   %-5s %s' "$call" "$(sed -n "${call}p" "$SOURCE")")" 'list *hypercall + 8'
session "list main.c:$call" list list list list list list list list list
grep -q "list: main.c has $(wc -l < "$SOURCE") lines" "$WORK/err" || fail "list goes on behind the end"
refuses "list: no code is known of a file 'nosuch.c'" 'list nosuch.c:1'
refuses 'list: main.c has no code in line 9999 or behind it' 'list main.c:9999'
refuses 'list: no source line is known of 0x0' 'list *0'
refuses 'list: no register and no symbol' 'list nosuch'

# --- info line
prints "Line $first of \"start.S\" starts at 0x40080000 <_start> and ends at 0x40080004 <_start+0x4>." 'info line'
session 'info line hypercall'
grep -q '^Line [0-9]* of "main.c" starts at 0x[0-9a-f]* <hypercall> and ends at 0x[0-9a-f]* <hypercall+0x[0-9a-f]*>\.$' "$WORK/out" ||
    fail "info line: $(cat "$WORK/out")"
prints '=> 0x40080000 <_start>:  adrp    x0, #0x40084000 <el2_stack_top>' 'info line' 'x/i'

# --- bt
prints "#0   0x0000000040080000 in _start+0x0 at start.S:$first" bt
prints "#0   0x0000000040080000 in _start+0x0 at start.S:$first" 'set x30 = 0' 'bt 1'
# A frame record made by hand: pc in a function that has one, and its caller.
session 'set pc = hypercall + 0x14' 'set x29 = 0x40100000' 'set sp = 0x40100000' 'set {u64} 0x40100000 = 0' \
    'set {u64} 0x40100008 = handle_exit + 0x14' bt
[ "$STATUS" = 0 ] || fail "bt: status $STATUS"
grep -q '^#1   0x[0-9a-f]* in handle_exit+0x14 at main.c:[0-9]*$' "$WORK/out" || fail "bt: $(cat "$WORK/out")"
ROM=frames_nodebug
prints '#0   0x0000000040080000 in _start+0x0' bt
refuses 'list: no source line is known of 0x40080000 <_start>' list

# --- bt behind an HVC that is the last instruction of its function: the guest is in that one
#   caller: bl callee; b .; callee: hvc/smc/svc; next: nop; vectors at 0x40080800, +0x400: b .
printf '%s\n' '40080000 T caller' '40080008 T callee' '4008000c T next' '40080800 T vectors' > "$WORK/map"
# across WORD EL SETTING PLACE: the guest's frames after one step of WORD in callee at EL.
across() {
    words "$WORK/code" 0x94000002 0x14000000 "$1" 0xd503201f
    run debug -M virt,gic-version=3,virtualization=on -cpu max -serial none --symbols "$WORK/map" --batch \
        -device "loader,file=$WORK/code,addr=0x40080000,force-raw=on,cpu-num=0" -device loader,addr=0x40080c00,data=0x14000000,data-len=4 \
        -ex 'set VBAR_EL2 = 0x40080800' -ex 'set HCR_EL2 = 0x80000000' -ex "set $3" -ex "set PSTATE = $2" -ex 'set $x29 = 0' \
        -ex 'set $x30 = caller + 4' -ex 'set $pc = callee' -ex stepi -ex bt -ex why
    sed -n '/^--- /,/^CPU/p' "$WORK/out" > "$WORK/frames"
    grep -q "^#1   0x[0-9a-f]* in $4\$" "$WORK/frames" || fail "bt behind $1: not $4: $(cat "$WORK/out")"
    grep -qx '#2   0x0000000040080004 in caller+0x4' "$WORK/frames" || fail "bt behind $1: no caller: $(cat "$WORK/out")"
    grep -q '^  .*:0x40080008 <callee>  [hs][mv]c ' "$WORK/out" || fail "why behind $1: $(cat "$WORK/out")"
}
across 0xd4000002 0x3c5 'HCR_EL2.TWI = 1' 'callee+0x4'             # HVC
across 0xd4000003 0x3c5 'HCR_EL2.TSC = 1' 'callee+0x0'             # SMC, trapped
across 0xd4000001 0x3c0 'HCR_EL2.TGE = 1' 'callee+0x4'             # SVC of a host's EL0
across 0xd4000001 0x3c5 'HFGITR_EL2.SVC_EL1 = 1' 'callee+0x0'      # SVC, trapped

# --- names of what is loaded, without --symbols
# loaded OPTION...: the names that the debugger knows of it.
loaded() {
    run debug -M virt,gic-version=3,virtualization=on -cpu max -serial none "$@" --batch -ex bt -ex 'info address hypercall'
}
at="#0   0x0000000040080000 in _start+0x0 at start.S:$first"
loaded -kernel "$ROMS/frames.elf"
grep -qxF -e "$at" "$WORK/out" || fail "-kernel: no '$at' in: $(cat "$WORK/out" "$WORK/err")"
loaded -device "loader,file=$ROMS/frames.elf,cpu-num=0"
grep -qxF -e "$at" "$WORK/out" || fail "-device loader: no '$at' in: $(cat "$WORK/out" "$WORK/err")"
# --symbols has said whose they are: not anybody's.
loaded -kernel "$ROMS/frames.elf" --symbols "vm7:$ROMS/frames.elf"
[ "$(grep -c hypercall "$WORK/out")" = 1 ] || fail "--symbols vm7: $(cat "$WORK/out")"
grep -q '^vm7:.*hypercall' "$WORK/out" || fail "--symbols vm7: $(cat "$WORK/out")"
# One without section headers has no names, and a raw file is not looked into.
cp "$ROMS/frames.elf" "$WORK/stripped"
head -c 8 /dev/zero | dd of="$WORK/stripped" bs=1 seek=40 conv=notrunc 2> /dev/null
head -c 4 /dev/zero | dd of="$WORK/stripped" bs=1 seek=60 conv=notrunc 2> /dev/null
for arguments in "-kernel $WORK/stripped" "-device loader,file=$ROMS/frames.elf,addr=0x40080000,force-raw=on,cpu-num=0"; do
    # shellcheck disable=SC2086
    loaded $arguments
    [ "$STATUS" = 68 ] || fail "$arguments: status $STATUS"
    grep -qx '#0   0x0000000040080000' "$WORK/out" || fail "$arguments: $(cat "$WORK/out")"
    grep -q hypercall "$WORK/err" || fail "$arguments: $(cat "$WORK/err")"
done
finish
