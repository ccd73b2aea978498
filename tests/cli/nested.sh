#!/bin/sh
# Nested virtualization: one hypervisor (roms/nested_l1) alone at EL2 and under roms/nested at virtual EL2, with
# FEAT_NV2 and with FEAT_NV alone. The same console; the exits of each are counted. Usage: nested.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2

# boot CPU ROM [WORD]: the console of the hypervisor and its VM in $WORK/console, the exits in $WORK/trace.
boot() {
    expect 0 'l1: 12 HVCs, 2 SMCs, 6 aborts, 1 system registers, 1 WFIs' run -M virt,virtualization=on,gic-version=3 \
        -cpu "$1" -m 256 -serial stdio -kernel "$ROMS/$2.elf" \
        -device "loader,addr=0x4a000000,data=${3:-0},data-len=8" --trace "exits=$WORK/trace"
    grep -v '^l0: ' "$WORK/out" > "$WORK/console"
    grep 'EL1->EL2' "$WORK/trace" > "$WORK/exits"
}

# (a) Alone at EL2: 22 exits of the VM and no others; the same on every CPU.
boot cortex-a72 nested_l1
cp "$WORK/console" "$WORK/alone"
grep -q '^l1: hypervisor at EL2' "$WORK/alone" || fail "not at EL2"
grep -q '^vm: hello from EL1' "$WORK/alone" || fail "the VM is not at EL1"
[ "$(wc -l < "$WORK/exits")" = 22 ] || fail "alone: $(wc -l < "$WORK/exits") exits, not 22"
boot max nested_l1
cmp -s "$WORK/console" "$WORK/alone" || fail "max: other console"
if command -v qemu-system-aarch64 > /dev/null; then
    timeout 60 qemu-system-aarch64 -M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -m 256 -nographic \
        -kernel "$ROMS/nested_l1.elf" < /dev/null 2> "$WORK/err" | cmp -s - "$WORK/alone" || fail "QEMU: other console"
fi

# classes VM: how many exits of which class and system register, in the order of their names.
classes() {
    sed -n "s/.* $1 *EL1->EL2 pc=0x[0-9a-f]* \(<[^>]*> \)\?\([A-Z0-9_]*\) .*esr=0x[0-9a-f]* \(.*\)/\2 \3/p" "$WORK/exits" |
        awk '{ print $1 == "SYSREG" ? $1 " " $2 " " $3 : $1 }' | LC_ALL=C sort | uniq -c | awk '{ $1 = $1; print }'
}

# same WHAT: $WORK/got has the lines of $WORK/want. Not at the end of a pipe, where fail() would count in a subshell.
same() {
    LC_ALL=C sort -k2 "$WORK/want" | diff "$WORK/got" - > "$WORK/err" || fail "$1"
}

# What L1 does to EL2's registers: these always trap ...
trapped() {
    cat <<END
22 ERET
1 SMC64
1 SYSREG MSR CPTR_EL2
1 SYSREG MSR VBAR_EL2
6 SYSREG MRS HPFAR_EL2
1 SYSREG TLBI ALLE1
1 SYSREG TLBI IPAS2E1IS
END
}
# ... and these only without NV2. 22 entries, 22 exits, 6 aborts: one FAR_EL2 read for the message of each,
# one more for each of 3 device accesses and for the abort that L1 passes on.
redirected() {
    for r in HCR_EL2 VTTBR_EL2 ELR_EL2 SPSR_EL2 SP_EL1 ELR_EL1 SPSR_EL1 ESR_EL1 FAR_EL1 VBAR_EL1 SCTLR_EL1 TPIDR_EL2; do
        echo "22 SYSREG MSR $r"
    done
    for r in ELR_EL2 SPSR_EL2 SP_EL1 ELR_EL1 SPSR_EL1 ESR_EL1 FAR_EL1 VBAR_EL1 SCTLR_EL1 TPIDR_EL2 ESR_EL2; do
        echo "22 SYSREG MRS $r"
    done
    cat <<END
10 SYSREG MRS FAR_EL2
1 SYSREG MRS VTCR_EL2
1 SYSREG MSR VTCR_EL2
1 SYSREG MSR CNTVOFF_EL2
END
}
# L2: what L1 counts, and what only fills the shadow, twice because of the TLBI: the page of code, and
# that of data, whose fault L1 sees first.
shadowed() {
    cat <<END
8 DABT_LOWER
12 HVC64
2 IABT_LOWER
2 SMC64
1 SYSREG MRS ID_AA64PFR0_EL1
1 WFX
END
}

# (b), (c) With NV2: the console of L1 alone, and no exit for what is redirected.
boot max nested
cmp -s "$WORK/console" "$WORK/alone" || fail "NV2: other console"
cp "$WORK/trace" "$WORK/first"
cp "$WORK/out" "$WORK/nv2"
classes vm1 > "$WORK/got"
trapped > "$WORK/want"
same "NV2: other exits of L1"
classes vm2 > "$WORK/got"
shadowed > "$WORK/want"
same "NV2: other exits of L2"
[ "$(grep -c 'ERET.*rule="HCR_EL2.NV"' "$WORK/exits")" = 22 ] || fail "ERET: other rule"
boot max nested
cmp -s "$WORK/trace" "$WORK/first" || fail "two runs differ"

# With FEAT_NV alone the same accesses trap, so that number is what NV2 redirected.
boot max nested 1
cmp -s "$WORK/console" "$WORK/alone" || fail "NV: other console"
classes vm1 > "$WORK/got"
{ trapped; redirected; } > "$WORK/want"
same "NV: other exits of L1"
n=$(redirected | awk '{ n += $1 } END { print n }')
with=$(sed -n 's/^l0: .* ERETs, \([0-9]*\) registers.*/\1/p' "$WORK/nv2")
without=$(sed -n 's/^l0: .* ERETs, \([0-9]*\) registers.*/\1/p' "$WORK/out")
[ $((without - with)) = "$n" ] || fail "L0 counts $with and $without traps, the trace $n"

# A CPU without FEAT_NV2 is refused by the rom itself.
expect 0 'l0: no FEAT_NV2' run -M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -m 256 -serial stdio \
    -kernel "$ROMS/nested.elf"
finish
