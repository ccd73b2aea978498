#!/bin/sh
# The kinds of --trace other than exits and insn. Usage: trace_kinds.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"

# has LINE...: a line of the trace, without number and count of instructions.
has() {
    COUNT=$((COUNT + 1))
    sed 's/^ *[0-9]* i=[0-9]* //' "$WORK/trace" | grep -qxF -e "$1" || {
        fail "no line '$1'"
        cut -c 1-150 "$WORK/trace" | tail -n 30 >&2
    }
}
# count N PATTERN
count() {
    COUNT=$((COUNT + 1))
    n=$(grep -cE -e "$2" "$WORK/trace")
    [ "$n" = "$1" ] || fail "$n lines '$2', not $1"
}

# movz x0, #0x1234; movk x0, #5, lsl #48; TLBI vae1is, vaale1, aside1 (x0), alle2is, ipas2le1 (x0);
# movz x2, #0x0900, lsl #16; ldrh w3, [x2, #0x18]; movz x2, #0x0800, lsl #16; ldr w3, [x2, #4];
# movz w0, #8; movk w0, #0x8400, lsl #16; smc #0: PSCI SYSTEM_OFF
words "$WORK/off.bin" 0xd2824680 0xf2e000a0 0xd5088320 0xd50887e0 0xd5088740 0xd50c831f 0xd50c84a0 \
    0xd2a12002 0x79403043 0xd2a10002 0xb9400443 0x52800100 0x72b08000 0xd4000003
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$WORK/off.bin" --trace "mmio,hypercall,tlb=$WORK/trace"
has 'cpu0 el2   EL2      pc=0x40080008 TLBI VAE1IS EL1&0 vmid=0 asid=5 and global va=0x1234000-0x1234fff on all CPUs'
has 'cpu0 el2   EL2      pc=0x4008000c TLBI VAALE1 EL1&0 vmid=0 va=0x1234000-0x1234fff last level only on this CPU'
has 'cpu0 el2   EL2      pc=0x40080010 TLBI ASIDE1 EL1&0 vmid=0 asid=5 on this CPU'
has 'cpu0 el2   EL2      pc=0x40080014 TLBI ALLE2IS EL2 on all CPUs'
has 'cpu0 el2   EL2      pc=0x40080018 TLBI IPAS2LE1 EL1&0 stage 2 vmid=0 ipa=0x1234000-0x1234fff last level only on this CPU'
has 'cpu0 el2   EL2      pc=0x40080020 MMIO read pl011+0x18 pa=0x9000018 2 bytes value=0x90'
has 'cpu0 el2   EL2      pc=0x40080028 MMIO read GICD_TYPER pa=0x8000004 4 bytes value=0x17a0007'
has 'cpu0 el2   EL2      pc=0x40080034 SMC #0 PSCI_SYSTEM_OFF firmware: x0=0x0'
# The instruction itself counts: the third one and the last.
grep -qE '^ *1 i=[0-9]+ .* TLBI VAE1IS ' "$WORK/trace" || fail "the first line is not TLBI VAE1IS"
first=$(sed -n '1s/.* i=\([0-9]*\) .*/\1/p' "$WORK/trace")
last=$(sed -n '$s/.* i=\([0-9]*\) .*/\1/p' "$WORK/trace")
[ $((last - first)) = 11 ] || fail "$((last - first)) instructions from the third to the last"
count 8 .

# hvcn: N calls and their results, then its own SMC.
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$ROMS/hvcn.elf" -device "loader,addr=0x44000000,data=17,data-len=8" \
    --trace "hypercall=$WORK/trace"
count 18 ' s2off EL1->EL2 pc=0x[0-9a-f]* HVC #[01] '
count 17 ' s2off EL2->EL1 pc=0x[0-9a-f]* RESULT x0=0x[0-9a-f]* after 3$'
count 1 ' el2   EL2      pc=0x[0-9a-f]* SMC #0 PSCI_SYSTEM_OFF firmware: x0=0x0$'
count 36 .

# The demo: what was written to the UART is what came out of it; the calls are those that it counted.
# shellcheck disable=SC2086
expect 0 'el2: all VMs are off' $board -kernel "$ROMS/demo.elf" --trace "mmio,hypercall=$WORK/trace" \
    --symbols "$ROMS/demo.elf"
COUNT=$((COUNT + 1))
sed -n 's/.* MMIO write pl011+0x0 .* value=0x\(..*\)$/\1/p' "$WORK/trace" | while read -r c; do
    printf "\\$(printf %03o "0x$c")"
done > "$WORK/written"
cmp -s "$WORK/written" "$WORK/out" || fail "the bytes written to pl011 are not the console"
for vm in 1 2; do
    counted=$(sed -n "s/^el2: vm$vm made \([0-9]*\) HVCs.*/\1/p" "$WORK/out" | tr -d '\r')
    count "$counted" " vm$vm   EL1->EL2 .* HVC #"
    count 2 " vm$vm   EL1->EL2 .* SMC #"
done
has 'cpu0 el2   EL2      pc=0x40081808 <vgic_init+0x18> MMIO write GICD_CTLR pa=0x8000000 4 bytes value=0x12'
has 'cpu0 vm1   EL2->EL1 pc=0x40000070 <vm_smc+0x8> RESULT x0=0x10001 after 107'
count 0 TLBI

# With exits, calls are in their lines; the kinds are in one stream.
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$ROMS/forgotten_tlbi.elf" --timeout-insns 100000 --trace "tlb,exits,hypercall=$WORK/trace"
has 'cpu0 el2   EL2      pc=0x400800a4 TLBI IPAS2E1IS EL1&0 stage 2 vmid=1 ipa=0x80000000-0x80000fff on all CPUs'
count 0 RESULT
numbers=$(awk '{ print $1 }' "$WORK/trace")
[ "$numbers" = "$(seq "$(wc -l < "$WORK/trace")")" ] || fail "the numbers of the lines have gaps"

refuse "'walks' is not known" $board --trace mmio,walks -kernel "$WORK/off.bin"
refuse 'needs a file' $board --trace mmio,tlb= -kernel "$WORK/off.bin"
finish
