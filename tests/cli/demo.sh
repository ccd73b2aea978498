#!/bin/sh
# The demo: its console, the number of exits by its own count and by the trace, and that runs repeat.
. "$(dirname "$0")/lib.sh"

expect 0 'el2: all VMs are off, powering off' demo
cp "$WORK/out" "$WORK/first"
run demo
cmp -s "$WORK/out" "$WORK/first" || fail "two runs differ"

# The hypervisor counts 11 HVCs, 2 SMCs, 7 accesses and 3 timer interrupts of each VM.
exits() { grep -c "cpu0 $1 .*EL1->EL2 .* $2 " "$WORK/first"; }
for vm in vm1 vm2; do
    grep -q "^el2: $vm made 11 HVCs, 2 SMCs, 7 accesses to unmapped IPAs; 3 timer interrupts; was preempted" \
        "$WORK/first" || fail "$vm: other counts"
    while read -r count class; do
        [ "$(exits $vm "$class")" = "$count" ] || fail "$vm: $(exits $vm "$class") exits $class, not $count"
    done <<END
11 HVC64
2 SMC64
7 DABT_LOWER
3 IRQ INTID 27
1 SYSREG
END
done
total=$(tail -n 1 "$WORK/first" | awk '{print $3}')
[ "$total" = "$(grep -c 'EL1->EL2' "$WORK/first")" ] || fail "the table's total is not the number of lines"
grep -q "$(printf '\033')" "$WORK/first" && fail "colours without a terminal"

# The console is the same on every CPU model.
run demo --quiet
sed '/^$/,$d' "$WORK/out" > "$WORK/console"
for cpu in cortex-a57 neoverse-n1 max; do
    expect 0 '' demo --quiet --cpu "$cpu"
    sed '/^$/,$d' "$WORK/out" | cmp -s - "$WORK/console" || fail "$cpu: other console"
done

# ... and what --extract writes is what run boots.
expect 0 '' demo --extract "$WORK/demo.elf"
expect 0 '' run -M virt,virtualization=on,gic-version=3 -serial stdio -kernel "$WORK/demo.elf"
cmp -s "$WORK/out" "$WORK/console" || fail "run: other console"
if command -v qemu-system-aarch64 > /dev/null; then
    timeout 60 qemu-system-aarch64 -M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic \
        -kernel "$WORK/demo.elf" < /dev/null 2> "$WORK/err" | sort > "$WORK/qemu"
    # Sorted: which VM is first depends on the host's speed there.
    sort "$WORK/console" | cmp -s - "$WORK/qemu" || fail "QEMU: other console"
fi

expect 0 'usage: el2sim demo' demo --help
refuse 'unknown CPU' demo --cpu z80
refuse 'unknown option' demo --nonsense
refuse 'needs a value' demo --cpu
refuse "unexpected 'x'" demo x
finish
