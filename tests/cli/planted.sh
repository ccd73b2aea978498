#!/bin/sh
# `why` names the right rule for each exit of planted.txt. One session plants them one after the other: controls at
# their start, the instruction in memory, one step at EL0 or EL1. Usage: planted.sh EL2SIM [CROSS-COMPILER]
. "$(dirname "$0")/lib.sh"
TABLE=$(dirname "$0")/planted.txt
CC=${2:-aarch64-linux-gnu-gcc}

# The word of an instruction.
word() {
    printf '%s\n' "$1" > "$WORK/insn.s"
    "$CC" -c -march=armv8.6-a+nopredres "$WORK/insn.s" -o "$WORK/insn.o" || return 1
    "${CC%gcc}objdump" -d "$WORK/insn.o" | awk '$1 == "0:" {print "0x" $2}'
}

# Stage 1 off; stage 2's table at 0x40010000: 1 GB of memory at 0x40000000 by one block, the rest not mapped.
cat > "$WORK/before" <<'END'
set PSTATE = 0x3c9
set HCR_EL2 = 0x30080000000
set MDCR_EL2 = 6
set CPTR_EL2 = 0
set CPACR_EL1 = 0x300000
set CNTHCTL_EL2 = 3
set SCTLR_EL1 = 0x30d00800
set HFGRTR_EL2 = 0
set HFGWTR_EL2 = 0
set HFGITR_EL2 = 0
set HDFGRTR_EL2 = 0
set HDFGWTR_EL2 = 0
set ICH_HCR_EL2 = 0
set CNTHP_CTL_EL2 = 0
set VTCR_EL2 = 0x80023559
set VTTBR_EL2 = 0x40010000
set {u64} 0x40010008 = 0x400007fd
set {u64} 0x40010010 = 0
set VBAR_EL2 = 0x40020000
set $x4 = 0x80000000
set $x3 = 0x40030000
set $pc = 0x40000000
END
words "$WORK/loop" 0x14000000
n=0
while IFS='|' read -r name el commands insn rule; do
    case $name in '#'* | '') continue ;; esac
    insn=$(echo "$insn" | sed 's/^ *//; s/ *$//')
    w=$(word "$insn") || { fail "no word for '$insn'"; continue; }
    n=$((n + 1))
    el=$(echo "$el" | tr -d ' ')
    {
        cat "$WORK/before"
        echo "set {u32} 0x40000000 = $w"
        echo "$commands" | tr ';' '\n' | sed 's/^ *//'
        [ "$el" = 0 ] && echo 'set PSTATE = 0' || echo 'set PSTATE = 0x3c5'
        printf 'echo == %s\\n\n' "$n"
        echo stepi
        echo why
    } >> "$WORK/script"
    echo "$n|$(echo "$name" | sed 's/ *$//')|$(echo "$rule" | sed 's/^ *//; s/ *$//')" >> "$WORK/expected"
done < "$TABLE"
run debug -M virt,virtualization=on,gic-version=3 -cpu max -nographic -kernel "$WORK/loop" -device loader,addr=0x40000000,data=0,data-len=4 \
    --batch -x "$WORK/script"
[ "$STATUS" = 0 ] || fail "the session ended with $STATUS"
while IFS='|' read -r i name rule; do
    COUNT=$((COUNT + 1))
    awk -v n="== $i" '$0 == n {on = 1; next} /^== / {on = 0} on' "$WORK/out" > "$WORK/case"
    grep -q -F -e "Because: $rule" "$WORK/case" || { fail "$name: not by $rule"; sed 's/^/    /' "$WORK/case" >&2; }
    grep -q 'to EL2' "$WORK/case" || fail "$name: not taken to EL2"
done < "$WORK/expected"
[ "$n" -ge 40 ] || fail "$n planted exits"
finish
