#!/bin/sh
# --trace insn=FILE and `trace show`: text, filters, and files that are cut or none; --trace insn:text; --insn-counts.
# Usage: trace_insn.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
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
has ' f1000421 subs    x1, x1, #1$'
[ "$(grep -c ' f1000421 ' "$WORK/out")" = 3 ] || fail "not three times around the loop"
tail -n 1 "$WORK/out" | grep -q ' d4000003 smc     #0$' || fail "the last is not the SMC"
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
# --insn-counts FILE: the same instructions by row.
# counts 'ROW COUNT'... : what the file has
counts() {
    printf '%s\n' "$@" | cmp -s - "$WORK/counts" || fail "--insn-counts: $(paste -s -d , "$WORK/counts"), not $*"
}
# shellcheck disable=SC2086
for more in '' "--trace sysreg=$WORK/sysregs" "--trace insn:text=$WORK/text"; do
    expect 0 '' $board -kernel "$WORK/off.bin" --insn-counts "$WORK/counts" $more
    counts 'subs_imm 3' 'movz 2' 'movk 1' 'b_cond 3' 'smc 1'
done
# A word that a row says is UNDEFINED and one of no row; the vector powers off.
for word in 0x00000007 0x00010000; do
    words "$WORK/undefined.bin" 0xd2810002 0xf2a80102 0xd51cc002 $word
    # shellcheck disable=SC2086
    expect 0 '' $board -kernel "$WORK/undefined.bin" -device loader,addr=0x40080a00,data=0x72b0800052800100,data-len=8 \
        -device loader,addr=0x40080a08,data=0xd4000003,data-len=8 --insn-counts "$WORK/counts"
    if [ $word = 0x00000007 ]; then
        counts 'movz 2' 'movk 2' 'udf 1' 'smc 1' 'msr_reg 1'
    else
        counts 'movz 2' 'movk 2' 'smc 1' 'msr_reg 1' 'UNDEFINED 1'
    fi
done
# As many as --stats says.
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$ROMS/hvcn.elf" --insn-counts "$WORK/counts" --stats
[ "$(awk '{ n += $2 } END { print n }' "$WORK/counts")" = "$(sed -n 's/^instructions //p' "$WORK/err")" ] ||
    fail "--insn-counts: not as many instructions as --stats has"
grep -qx 'hvc 1001' "$WORK/counts" || fail "--insn-counts: $(grep hvc "$WORK/counts")"
# shellcheck disable=SC2086
refuse 'cannot create' $board -kernel "$WORK/off.bin" --insn-counts no/such/folder/x
# shellcheck disable=SC2086
refuse 'needs a file' $board -kernel "$WORK/off.bin" --insn-counts ''
# shellcheck disable=SC2086
refuse 'exclude each other' $board -kernel "$WORK/off.bin" --insn-counts "$WORK/counts" --trace "insn=$WORK/trace"
refuse 'belongs to el2sim run' debug -kernel "$WORK/off.bin" --insn-counts "$WORK/counts"
# shellcheck disable=SC2086
refuse 'needs a file' $board --trace insn= -kernel "$WORK/off.bin"
# shellcheck disable=SC2086
refuse 'cannot create' $board --trace insn=no/such/folder/x -kernel "$WORK/off.bin"

# insn:text. movz x1, #2; subs x1, x1, #2; fmov d3, #1.0; stp x1, x1, [sp, #-16]! with sp = 0x41000000; svc #0 to a vector
# that powers off.
words "$WORK/text.bin" 0xd2800041 0xf1000821 0x1e6e1003 0xd2a82000 0x9100001f 0xa9bf07e1 0xd2810002 0xf2a80102 0xd51cc002 \
    0xd4000001
# shellcheck disable=SC2086
expect 0 '' $board -cpu cortex-a72 -kernel "$WORK/text.bin" -device loader,addr=0x40080a00,data=0x72b0800052800100,data-len=8 \
    -device loader,addr=0x40080a08,data=0xd4000003,data-len=8 --trace "exits,insn:text,sysreg=$WORK/trace"
sed 's/^ *[0-9]* //' "$WORK/trace" > "$WORK/got"
cat > "$WORK/want" <<'END'
i=1 cpu0 el2   EL2      pc=0x40080000 INSN d2800041 movz    x1, #0x2 ; x1=0x2
i=2 cpu0 el2   EL2      pc=0x40080004 INSN f1000821 subs    x1, x1, #2 ; x1=0x0 nzcv=nZCv
i=3 cpu0 el2   EL2      pc=0x40080008 INSN 1e6e1003 fmov    d3, #1.00000000 ; v3=0x00000000000000003ff0000000000000
i=4 cpu0 el2   EL2      pc=0x4008000c INSN d2a82000 movz    x0, #0x4100, lsl #16 ; x0=0x41000000
i=5 cpu0 el2   EL2      pc=0x40080010 INSN 9100001f mov     sp, x0 ; sp=0x41000000
i=6 cpu0 el2   EL2      pc=0x40080014 INSN a9bf07e1 stp     x1, x1, [sp, #-0x10]! ; sp=0x40fffff0
i=7 cpu0 el2   EL2      pc=0x40080018 INSN d2810002 movz    x2, #0x800 ; x2=0x800
i=8 cpu0 el2   EL2      pc=0x4008001c INSN f2a80102 movk    x2, #0x4008, lsl #16 ; x2=0x40080800
i=9 cpu0 el2   EL2      pc=0x40080020 MSR VBAR_EL2=0x0->0x40080800 VBA=0x0->0x80101
i=9 cpu0 el2   EL2      pc=0x40080020 INSN d51cc002 msr     VBAR_EL2, x2
i=10 cpu0 el2   EL2      pc=0x40080024 INSN d4000001 svc     #0
i=10 cpu0 el2   EL2->EL2 pc=0x40080024 SVC64 esr=0x56000000 imm16=0x0 x8=0x0 rule="taken from EL2"
i=11 cpu0 el2   EL2      pc=0x40080a00 INSN 52800100 movz    w0, #0x8 ; x0=0x8
i=12 cpu0 el2   EL2      pc=0x40080a04 INSN 72b08000 movk    w0, #0x8400, lsl #16 ; x0=0x84000008
i=13 cpu0 el2   EL2      pc=0x40080a08 INSN d4000003 smc     #0 ; x0=0x0
END
COUNT=$((COUNT + 1))
diff -u "$WORK/want" "$WORK/got" >&2 || fail "insn:text is another"

# Exits and returns: both traces have the same instructions.
# shellcheck disable=SC2086
expect 0 '' $board -cpu cortex-a72 -kernel "$ROMS/hvcn.elf" --trace "insn:text=$WORK/trace" --trace "insn=$WORK/insns"
show "$WORK/insns"
awk '{ sub(/^0x0*/, "0x", $5); print $4, $5, $6 }' "$WORK/out" > "$WORK/want"
awk '{ sub(/^pc=/, "", $6); print $5, $6, $8 }' "$WORK/trace" > "$WORK/got"
COUNT=$((COUNT + 1))
[ "$(wc -l < "$WORK/got")" -gt 1000 ] || fail "insn:text has $(wc -l < "$WORK/got") lines"
cmp "$WORK/want" "$WORK/got" >&2 || fail "insn:text and insn=FILE have other instructions"
finish
