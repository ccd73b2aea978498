#!/bin/sh
# What `why` and the exit trace say of each exit of roms/planted, against planted.txt: the rule, the MSR that wrote the
# control, the instruction. Usage: planted.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROM=$2/planted.elf
board="-M virt,virtualization=on,gic-version=3 -cpu max -serial none -no-reboot"

# The columns of planted.txt, without blanks around them.
sed '/^#/d; s/ *| */|/g' "$(dirname "$0")/planted.txt" > "$WORK/table"
n=$(wc -l < "$WORK/table")
[ "$n" -ge 40 ] || fail "$n planted exits"
# shellcheck disable=SC2086
expect 0 '' run $board -kernel "$ROM" --symbols "$ROM" --trace "exits=$WORK/trace"
[ "$(grep -c 'EL[01]->EL2' "$WORK/trace")" = "$n" ] || fail "the trace has other exits than the table"

# case|word of its instruction (the WFE that traps is the second).
aarch64-linux-gnu-objdump -d "$ROM" | awk '
    /^[0-9a-f]+ <planted_/ { name = $2; gsub(/^<planted_|>:$/, "", name); next }
    name != "" && NF { print name "|0x" $2; if (name != "wfe" || seen++) name = "" }' > "$WORK/insns"

{
    echo 'catch exit'
    while IFS='|' read -r name _; do
        printf 'continue\necho == %s\\n\nwhy\nexplain insn %s\n' "$name" "$(sed -n "s/^$name|//p" "$WORK/insns" | tail -n 1)"
    done < "$WORK/table"
    echo continue
} > "$WORK/script"
# shellcheck disable=SC2086
expect 0 'SYSTEM_OFF' debug $board -kernel "$ROM" --symbols "$ROM" --batch -x "$WORK/script"
[ "$(grep -c '^stopped by ' "$WORK/out")" = "$n" ] || fail "the debugger has other exits than the table"

mv "$WORK/out" "$WORK/all"
while IFS='|' read -r name _ rule besides; do
    # The WFE that traps is the second.
    at="<planted_$name\(+0x4\)*>"
    case $besides in
    0 | 1) why="^    $rule = $besides, since the write at el2:0x[0-9a-f]* <set_$name> in EL2" set=" set=0x[0-9a-f]* <set_$name> " ;;
    *) why="^ *$(printf '%s' "$besides" | sed 's/[][]/\\&/g')" set= ;;
    esac
    awk -v n="== $name" '$0 == n {on = 1; next} /^== / {on = 0} on' "$WORK/all" > "$WORK/out"
    says ' to EL2'
    says "^  \(before \)*el[01]:0x[0-9a-f]* $at  [a-z.]"
    says "^  Because: ${rule}[.:, ]"
    says "$why"
    # `explain insn` knows the control, too, where the instruction has one of its own.
    case $rule in
    *_EL2.TGE | *_EL2.IMO | *_EL2.TIDCP | ICH_HCR_EL2.*) ;;
    *_EL2.*) says "^  traps from .*to EL2 when $rule is" ;;
    esac
    grep -e "->EL2 pc=0x[0-9a-f]* $at " "$WORK/trace" > "$WORK/out"
    says " rule=\"${rule}[^\"]*\"$set"
done < "$WORK/table"
finish
