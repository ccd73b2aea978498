#!/bin/sh
# `explain` at the prompt: the demo hypervisor's exits and registers, given values, and bad arguments.
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=demo CPU=cortex-a72

# The first exit: vm1's EL1 prints with HVC #1. EC 0x16 and IL.
session 'next-exit' 'explain' 'exp insn' 'explain hvc'
[ "$STATUS" = 0 ] || fail "status $STATUS"
says '^last exception: from .* at EL1, instruction [0-9]* to EL2$'
says '^ESR_EL2 = 0x000000005a000001$'
says '^HVC instruction\.$'
says '   15:0  imm16  *0x1$'
says '^instruction = 0x'
says '^HVC function = 0x00000001$'
# The demo's hypervisor sets TSC, TID3, TWI and the rest in one MSR: one line names it.
session 'next-exit' 'explain hcr'
says '^     19  TSC  *0x1  EL1.s SMC traps to EL2$'
says '^     26  TVM  *0x0  not so: '
[ "$(grep -c '^  changed at .* at EL2, instruction [0-9]*: TSC, TID3, TWI, AMO, IMO, FMO, VM$' "$WORK/out")" = 1 ] ||
    fail "who wrote HCR_EL2"
session 'next-exit' 'explain vttbr' 'explain esr'
says ' VMID  *0x1  virtual machine 1 '
says '^ESR_EL2 = 0x000000005a000001$'
# vm1 writes where stage 2 maps nothing: 8 bytes of xzr, translation fault at level 1.
session 'catch exit 0x24' 'continue' 'explain' 'explain esr'
[ "$(grep -c '^Data Abort from a lower .*: a write of 8 bytes from xzr, VA 0x[0-9a-f]*, IPA 0x[0-9a-f]*; translation-L1, stage 2\.$' "$WORK/out")" = 2 ] ||
    fail 'the first stage 2 fault'
# An abort at EL2 leaves HPFAR_EL2 alone: no GICv3, and the demo reads one.
GIC=2
session 'next-exit' 'explain esr'
says '^Data Abort, no change .*, VA 0x80a0014; external\.$'

# Given values, by expressions; FEAT_NV is not in this CPU.
session 'explain esr 0x56000000 | 2' 'explain hcr 1 << 42' 'explain insn 0xd5182040' 'explain psci 3' 'explain cptr 0x400'
says '^SVC instruction'
says '   42  RES0  *0x1  RES0 without FEAT_NV, but set  <-- misuse$'
says '^  traps from EL1 to EL2 when HCR_EL2.TVM is 1$'
says '^PSCI_CPU_ON, 3 arguments'
says '^As with HCR_EL2.E2H = 0\.$'
if grep -q 'changed at' "$WORK/out"; then fail "a given value has no writer"; fi

for bad in 'explain:no exception with a syndrome yet' "explain frob:nothing is known of 'frob'" \
    'explain insn 0x100000000:an instruction has 32 bits' 'explain smc 1 << 32:a function has 32 bits' \
    'explain hcr 1 2:'; do
    refuses "${bad#*:}" "${bad%%:*}"
done
session 'help explain'
says 'explain vtcr 0x80023558'
finish
