#!/bin/sh
# --trace-filter: each term, on the kinds of lines that it is about. Usage: trace_filter.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"
kinds=exits,irq,walk,sysreg,mmio,hypercall

# demo KINDS [FILTER]: the trace without numbers of lines.
demo() {
    # shellcheck disable=SC2086
    expect 0 'el2: all VMs are off' $board -kernel "$ROMS/demo.elf" --symbols "$ROMS/demo.elf" --trace "$1=$WORK/trace" \
        ${2:+--trace-filter "$2"}
    sed 's/^ *[0-9]* //' "$WORK/trace" > "$WORK/lines"
}
# same FILTER AWK: the filter gives the lines of the whole trace for which the awk expression holds.
same() {
    awk "$2" "$WORK/all" > "$WORK/want"
    [ -s "$WORK/want" ] || fail "no line for '$2'"
    demo "$kinds" "$1"
    diff "$WORK/want" "$WORK/lines" | head -n 5 > "$WORK/diff"
    [ ! -s "$WORK/diff" ] || { fail "--trace-filter $1"; cut -c 1-160 "$WORK/diff" >&2; }
}
demo "$kinds"
mv "$WORK/lines" "$WORK/all"

same 'el=1' '$4 ~ /^EL1/ || $4 == "EL2->EL1"'
same 'vm=el2,el=0..2' '$3 == "el2"'
same 'vmid=2' '$3 == "vm2"'
same 'vm=vm2' '$3 == "vm2"'
same 'cpu=0,icount=..30000' '{ i = $1; sub("i=", "", i) } i + 0 <= 30000'
same 'icount=31000..42000,vm=vm2' '{ i = $1; sub("i=", "", i) } i + 0 >= 31000 && i + 0 <= 42000 && $3 == "vm2"'
same 'pc=vgic_load' '/ <vgic_load(\+0x[0-9a-f]*)?> / && $4 == "EL2"'
same 'pc=vgic_load..vgic_load,el=2' '/ <vgic_load(\+0x[0-9a-f]*)?> / && $4 == "EL2"'
same 'pa=0x9000000..0x9000fff' '/ MMIO .* pa=0x9000/'
# What a return has of its exit: class and addresses.
same 'ipa=0x10000008' '/WALK .*ipa=0x10000008 / || /DABT_LOWER .*ipa=0x10000008 / { print; shown = / DABT_LOWER / } \
    / EL2->EL1 / { if (shown) print; shown = 0 } { next }'
same 'class=dabort' '/ DABT_LOWER / { print; shown = 1 } / EL2->EL1 / { if (shown) print; shown = 0 } { next }'
same 'class=0x16' '/ HVC64 / { print; shown = 1 } / EL2->EL1 / { if (shown) print; shown = 0 } { next }'
same 'class=IRQ' '/ IRQ INTID / && / EL1->EL2 / { print; shown = 1 } / EL2->EL1 / { if (shown) print; shown = 0 } { next }'
same 'intid=27,vm=el2' '$3 == "el2" && / INTID=27 | INTID 27|INTID=27$/'

# By what a TLBI names, and which walk an address has.
# movz x0, #0x1234; TLBI vae1is, ipas2e1is (x0); TLBI alle2is; PSCI SYSTEM_OFF
words "$WORK/tlb.bin" 0xd2824680 0xd5088320 0xd50c8020 0xd50c831f 0x52800100 0x72b08000 0xd4000003
for c in 'va=0x1234fff:VAE1IS ALLE2IS' 'va=0x1235000..:ALLE2IS' 'ipa=0x1234000:IPAS2E1IS' 'ipa=..0x1233fff:'; do
    # shellcheck disable=SC2086
    expect 0 '' $board -kernel "$WORK/tlb.bin" --trace "tlb=$WORK/trace" --trace-filter "${c%%:*}"
    got=$(sed 's/.* TLBI \([A-Z0-9]*\) .*/\1/' "$WORK/trace" | xargs)
    [ "$got" = "${c#*:}" ] || fail "--trace-filter ${c%%:*}: $got"
done

# insn:text and sysreg of a window with interrupts, against --trace insn=FILE of the same run.
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$ROMS/demo.elf" --trace "insn:text,sysreg,exits=$WORK/trace" --trace "insn=$WORK/insns" \
    --trace-filter icount=20001..45000
run trace show "$WORK/insns" --time 20000-44999
awk '{ sub(/^0x0*/, "0x", $5); print $4, $5, $6 }' "$WORK/out" > "$WORK/want"
awk '$7 == "INSN" { sub(/^pc=/, "", $6); print $5, $6, $8 }' "$WORK/trace" > "$WORK/got"
cmp "$WORK/want" "$WORK/got" >&2 || fail "insn:text and insn=FILE have other instructions"
grep -q ' IRQ INTID ' "$WORK/trace" || fail "no interrupt in the window"
executed=$(grep -cE ' [0-9a-f]{8} m(rs|sr) ' "$WORK/out")
traced=$(grep -cE ' pc=0x[0-9a-f]+ M(RS|SR) ' "$WORK/trace")
trapped=$(grep -cE ' SYSREG esr=.* M(RS|SR) ' "$WORK/trace")
[ "$trapped" -gt 0 ] || fail "no trapped MRS in the window"
[ "$executed" = $((traced + trapped)) ] || fail "$executed MSR and MRS, $traced lines, $trapped exits"

# bad TEXT FILTER
bad() {
    # shellcheck disable=SC2086
    refuse "$1" $board -kernel "$WORK/tlb.bin" --trace exits --trace-filter "$2"
}
bad "'foo=1' is not known" 'el=1,foo=1'
bad "'el=3' is out of range" 'el=3'
bad "'el=2' is given twice" 'el=1,el=2'
bad "'vm=el2' is given twice" 'vm=vm1,vm=el2'
bad "'class=irq' is given twice" 'class=hvc,class=irq'
bad "'pc=nosuch' is no number and no symbol" 'pc=nosuch'
bad "'ipa=9..1' ends before it begins" 'ipa=9..1'
bad "'ipa=main' is no number" 'ipa=main'
bad "'el' is no KEY=VALUE" 'el'
bad "'pc=' is no KEY=VALUE" 'pc=,el=1'
bad "'' is no KEY=VALUE" 'el=1,'
bad "'class=xyz' is no exception class" 'class=xyz'
bad "'class=0x40' is no exception class" 'class=0x40'
bad "'vm=2' is none of vmN, s2off, host, el2" 'vm=2'
bad "'cpu=x' is no number" 'cpu=x'
# shellcheck disable=SC2086
refuse 'needs --trace' $board -kernel "$WORK/tlb.bin" --trace-filter el=1
# shellcheck disable=SC2086
refuse 'given twice' $board -kernel "$WORK/tlb.bin" --trace exits --trace-filter el=1 --trace-filter el=2
finish
