#!/bin/sh
# What the exit trace counts is exact, and runs repeat: the number of HVCs by immediate, the bytes of
# the trace and the number of instructions. Usage: counts.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"
count() { grep -c "$1" "$WORK/$2" || :; }

# hvcn N: run hvcn.elf for N HVC #0 and one HVC #1 (the rom's own count of 1000 without an argument).
hvcn() {
    n=${1:-1000}
    # shellcheck disable=SC2086
    expect 0 '' $board -kernel "$ROMS/hvcn.elf" ${1:+-device loader,addr=0x44000000,data=$1,data-len=8} \
        --trace "exits=$WORK/trace" --stats
    grep 'EL1->EL2' "$WORK/trace" > "$WORK/entries"
    # The last of them is HVC #1, which powers off; ISS is the immediate. The others are HVC #0.
    [ "$(count 'HVC64' entries)" = $((n + 1)) ] || fail "hvcn $n: $(count HVC64 entries) HVCs in the trace"
    [ "$(wc -l < "$WORK/entries")" = $((n + 1)) ] || fail "hvcn $n: exits other than HVC"
    [ "$(count 'HVC64 .* imm16=0x0 ' entries)" = "$n" ] || fail "hvcn $n: $(count 'imm16=0x0 ' entries) times HVC #0"
    [ "$(count 'HVC64 .* imm16=0x1 ' entries)" = 1 ] || fail "hvcn $n: $(count 'imm16=0x1 ' entries) times HVC #1"
    tail -n 1 "$WORK/entries" | grep -q 'imm16=0x1 ' || fail "hvcn $n: HVC #1 is not the last"
    # 3 instructions for each HVC #0 in EL2 (MRS, TBNZ, ERET), 3 in EL1; the table adds them up.
    [ "$(awk '$1 == "all" { gsub(",", ""); print $3, $4 }' "$WORK/err")" = "$((n + 1)) $((3 * n))" ] ||
        fail "hvcn $n: the table has $(grep '^all' "$WORK/err")"
    INSNS=$(sed -n 's/^instructions //p' "$WORK/err")
}

hvcn
first=$INSNS
cp "$WORK/trace" "$WORK/first"
hvcn
cmp -s "$WORK/first" "$WORK/trace" || fail "hvcn: two runs differ"
[ -n "$first" ] && [ "$first" = "$INSNS" ] || fail "hvcn: $first instructions, then $INSNS"
hvcn 1
one=$INSNS
hvcn 1001
# Each round trip is HVC, SUBS, B.NE and three in EL2.
[ $((INSNS - one)) = 6000 ] || fail "hvcn: $((INSNS - one)) instructions for 1000 round trips, not 6000"

# The demo, as run boots it: trace and instructions repeat.
expect 0 '' demo --extract "$WORK/demo.elf"
for i in 1 2; do
    # shellcheck disable=SC2086
    expect 0 '' $board -kernel "$WORK/demo.elf" --trace "exits=$WORK/demo.$i" --stats
    cp "$WORK/err" "$WORK/stats.$i"
done
cmp -s "$WORK/demo.1" "$WORK/demo.2" || fail "demo: two traces differ"
cmp -s "$WORK/stats.1" "$WORK/stats.2" || fail "demo: two tables differ"
grep -q '^instructions [1-9]' "$WORK/stats.1" || fail "demo: no number of instructions"
entries=$(count 'EL[01]->EL2' demo.1)
[ "$(awk '$1 == "all" { gsub(",", ""); print $3 }' "$WORK/stats.1")" = "$entries" ] ||
    fail "demo: $entries entries in the trace, the table differs"
for vm in 1 2; do
    # The guest programs make 11 HVCs, 2 SMCs and 7 accesses to unmapped IPAs each.
    for x in "11 HVC64" "2 SMC64" "7 DABT_LOWER"; do
        [ "$(grep -c " vm$vm .*EL1->EL2 .* ${x#* } " "$WORK/demo.1")" = "${x% *}" ] || fail "demo: vm$vm: not $x"
    done
done
finish
