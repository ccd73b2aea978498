#!/bin/sh
# The exit trace of the roms: counts are exact, two runs write the same bytes, and the README shows what
# the demo prints. Usage: trace.sh EL2SIM ROMS README
. "$(dirname "$0")/lib.sh"
ROMS=$2 README=$3
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"

# hvcn: the default count, and one from memory (0x44000000); the last HVC powers off.
for n in 1000 17; do
    # shellcheck disable=SC2086
    expect 0 'all  *exits' $board -kernel "$ROMS/hvcn.elf" -device "loader,addr=0x44000000,data=$n,data-len=8" \
        --trace "exits=$WORK/trace" --stats
    exits=$(grep -c ' EL1->EL2 .* HVC64 ' "$WORK/trace")
    returns=$(grep -c ' EL2->EL1 ' "$WORK/trace")
    [ "$exits" = $((n + 1)) ] || fail "$n HVCs: $exits exits in the trace"
    [ "$returns" = $((n + 1)) ] || fail "$n HVCs: $returns returns in the trace"
    total=$(awk '$1 == "all" { gsub(",", "", $3); print $3 }' "$WORK/err")
    [ "$total" = $((n + 1)) ] || fail "$n HVCs: $total exits in the table"
done

# The demo: the same bytes again; as many exits as the hypervisor itself counted.
expect 0 'el2: all VMs are off' demo
mv "$WORK/out" "$WORK/first"
expect 0 'el2: all VMs are off' demo
cmp -s "$WORK/first" "$WORK/out" || fail "two runs of the demo differ"
for vm in 1 2; do
    counted=$(sed -n "s/^el2: vm$vm made \([0-9]*\) HVCs.*/\1/p" "$WORK/out" | tr -d '\r')
    traced=$(grep -c " vm$vm   EL1->EL2 .* HVC64 " "$WORK/out")
    [ "$counted" = "$traced" ] || fail "vm$vm: $counted HVCs, $traced in the trace"
done
expect 0 'el2: all VMs are off' demo --quiet
grep -q 'EL1->EL2' "$WORK/out" && fail "--quiet shows exits"

# Every line of the README's sample is one of the demo's.
COUNT=$((COUNT + 1))
tr -d '\r' < "$WORK/first" > "$WORK/demo"
sed -n '/^    el2: demo/,/^    all /s/^    //p' "$README" | grep -v '^\[\.\.\.\]$' > "$WORK/sample"
[ -s "$WORK/sample" ] || fail "no sample in $README"
grep -v -x -F -f "$WORK/demo" "$WORK/sample" | grep -q . && fail "README: the demo does not print all of its sample"
finish
