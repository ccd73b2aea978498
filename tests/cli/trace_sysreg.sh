#!/bin/sh
# --trace sysreg. Usage: trace_sysreg.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
a72="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"
n1="-M virt,virtualization=on,gic-version=3 -cpu neoverse-n1 -nographic"

# lines: the first lines of the trace, without number, count of instructions and CPU, are what standard input has.
lines() {
    COUNT=$((COUNT + 1))
    cat > "$WORK/want"
    head -n "$(wc -l < "$WORK/want")" "$WORK/trace" | sed 's/^ *[0-9]* i=[0-9]* cpu0 //' > "$WORK/got"
    diff -u "$WORK/want" "$WORK/got" >&2 || fail "the trace is another"
}

# VBAR_EL2 = 0x40080800; HCR_EL2 = RW, TVM, read, the same again; DAIFClr, DAIFSet, SPSel; VMPIDR_EL2 = ~0; SCTLR_EL2 = 0;
# ICC_PMR_EL1; MRS of MIDR_EL1, CNTPCT_EL0 to XZR, a reserved ID register; FPCR = ~0; ERET to EL1; TPIDR_EL1; TTBR0_EL1,
# which is trapped to a vector that powers off.
words "$WORK/el2.bin" 0xd2810000 0xf2a80100 0xd51cc000 0xd2b00001 0xb2660021 0xd51c1101 0xd53c1102 0xd51c1101 \
    0xd5034fff 0xd50342df 0xd50040bf 0xd50041bf 0x92800003 0xd51c00a3 0xd2800004 0xd51c1004 0xd5184604 0xd5380005 \
    0xd53be03f 0xd53803e6 0xd51b4403 0x100000a0 0xd51c4020 0xd28078a0 0xd51c4000 0xd69f03e0 0xd518d080 0xd5182000
vector="-device loader,addr=0x40080c00,data=0x72b0800052800100,data-len=8
    -device loader,addr=0x40080c08,data=0xd4000003,data-len=8"
# shellcheck disable=SC2086
expect 0 '' $a72 -kernel "$WORK/el2.bin" $vector --trace "sysreg=$WORK/trace"
lines <<'END'
el2   EL2      pc=0x40080008 MSR VBAR_EL2=0x0->0x40080800 VBA=0x0->0x80101
el2   EL2      pc=0x40080014 MSR HCR_EL2=0x80000000->0x84000000 TVM=0x0->0x1
el2   EL2      pc=0x40080018 MRS HCR_EL2=0x84000000
el2   EL2      pc=0x4008001c MSR HCR_EL2=0x84000000 unchanged
el2   EL2      pc=0x40080020 MSR DAIFClr #0xf DAIF=0x3c0->0x0 D=0x1->0x0 A=0x1->0x0 I=0x1->0x0 F=0x1->0x0
el2   EL2      pc=0x40080024 MSR DAIFSet #0x2 DAIF=0x0->0x80 I=0x0->0x1
el2   EL2      pc=0x40080028 MSR SPSel=0x1->0x0 SP=0x1->0x0
el2   EL2      pc=0x4008002c MSR SPSel=0x0->0x1 SP=0x0->0x1
el2   EL2      pc=0x40080034 MSR VMPIDR_EL2=0x80000000->0xffc1ffffff written=0xffffffffffffffff Aff3=0x0->0xff U=0x0->0x1 MT=0x0->0x1 Aff2=0x0->0xff Aff1=0x0->0xff Aff0=0x0->0xff
el2   EL2      pc=0x4008003c MSR SCTLR_EL2=0x30c50830 unchanged written=0x0
el2   EL2      pc=0x40080040 MSR ICC_PMR_EL1=0x0
el2   EL2      pc=0x40080044 MRS MIDR_EL1=0x410fd083
el2   EL2      pc=0x40080048 MRS CNTPCT_EL0=0x1
el2   EL2      pc=0x4008004c MRS S3_0_C0_C3_7=0x0
el2   EL2      pc=0x40080050 MSR FPCR=0x0->0x7c00000 written=0xffffffffffffffff AHP=0x0->0x1 DN=0x0->0x1 FZ=0x0->0x1 RMode=0x0->0x3
el2   EL2      pc=0x40080058 MSR ELR_EL2=0x0->0x40080068
el2   EL2      pc=0x40080060 MSR SPSR_EL2=0x0->0x3c5 D=0x0->0x1 A=0x0->0x1 I=0x0->0x1 F=0x0->0x1 M=0x0->0x5
s2off EL1      pc=0x40080068 MSR TPIDR_EL1=0x0->0x3c5
END
COUNT=$((COUNT + 1))
[ "$(wc -l < "$WORK/trace")" = 18 ] || fail "the trapped MSR has a line, or another is missing"
grep -q '^ *2 i=6 ' "$WORK/trace" || fail "i= does not count the instruction itself"

# What names mean with HCR_EL2.E2H; SCTLR_EL1.M, which is SCTLR_EL2.M, makes the next fetch fault: its line comes first.
words "$WORK/vhe.bin" 0xd2810000 0xf2a80100 0xd51cc000 0xd2b00001 0xf2c00081 0xd51c1101 0xd2820000 0xd5182000 \
    0xd51d2000 0xd53d2002 0xd2800200 0xd51c2040 0xd53c1000 0xb2400000 0xd5181000 0xd503201f
# shellcheck disable=SC2086
expect 65 '' $n1 -kernel "$WORK/vhe.bin" --trace "sysreg,exits=$WORK/trace"
lines <<'END'
el2   EL2      pc=0x40080008 MSR VBAR_EL2=0x0->0x40080800 VBA=0x0->0x80101
el2   EL2      pc=0x40080014 MSR HCR_EL2=0x80000000->0x480000000 E2H=0x0->0x1
el2   EL2      pc=0x4008001c MSR TTBR0_EL1 (TTBR0_EL2)=0x0->0x1000 BADDR=0x0->0x800
el2   EL2      pc=0x40080020 MSR TTBR0_EL12 (TTBR0_EL1)=0x0->0x1000 BADDR=0x0->0x800
el2   EL2      pc=0x40080024 MRS TTBR0_EL12 (TTBR0_EL1)=0x1000
el2   EL2      pc=0x4008002c MSR TCR_EL2=0x0->0x10 T0SZ=0x0->0x10
el2   EL2      pc=0x40080030 MRS SCTLR_EL2=0x30c50830
el2   EL2      pc=0x40080038 MSR SCTLR_EL1 (SCTLR_EL2)=0x30c50830->0x30c50831 M=0x0->0x1
el2   EL2->EL2 pc=0x4008003c IABT_SAME esr=0x86000004 IFSC=translation-L0 far=0x4008003c rule="stage 1: invalid descriptor"
END

# Stepped in the debugger, too.
# shellcheck disable=SC2086
expect 0 '' debug $a72 --batch -ex 'stepi 6' -kernel "$WORK/el2.bin" --trace "sysreg=$WORK/trace"
lines <<'END'
el2   EL2      pc=0x40080008 MSR VBAR_EL2=0x0->0x40080800 VBA=0x0->0x80101
el2   EL2      pc=0x40080014 MSR HCR_EL2=0x80000000->0x84000000 TVM=0x0->0x1
END

# The demo runs as without. (Against --trace insn=FILE: trace_filter.sh.)
# shellcheck disable=SC2086
expect 0 'el2: all VMs are off' $a72 -kernel "$ROMS/demo.elf" --stats
mv "$WORK/out" "$WORK/plain"
grep '^instructions' "$WORK/err" > "$WORK/plain_count"
# shellcheck disable=SC2086
expect 0 'el2: all VMs are off' $a72 -kernel "$ROMS/demo.elf" --stats --trace "sysreg=$WORK/trace"
cmp -s "$WORK/plain" "$WORK/out" || fail "the demo says something else with --trace sysreg"
grep '^instructions' "$WORK/err" | cmp -s - "$WORK/plain_count" || fail "the demo runs other instructions with --trace sysreg"
finish
