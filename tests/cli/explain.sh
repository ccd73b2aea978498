#!/bin/sh
# `explain`: values taken apart by hand from the Arm ARM, and bad arguments.
. "$(dirname "$0")/lib.sh"

# explains ARGUMENT...
explains() { expect 0 '' explain "$@"; }

# EC 0x24, ISV, SAS 3, SRT 0, SF, WnR 0, DFSC 6; FIPA 0x40000.
explains esr 0x93c08006 --far 0x80000123 --hpfar 0x400000
says 'a read of 8 bytes to x0, VA 0x80000123, IPA 0x40000123; translation-L2, stage 2\.$'
says '^  31:26  EC  *0x24  Data Abort from a lower Exception level$'
says '^  23:22  SAS  *0x3  doubleword$'
# WnR, SAS 0, SF 0, SRT 31, permission fault at level 3.
explains esr 0x931f004f; says 'a write of 1 byte from wzr; permission-L3, stage 2\.$'
# No ISV: nothing of the access but its direction, and no stage.
explains esr 0x92000047; says 'a write whose size .* (ISV is 0); translation-L3\.$'
says '^  23:22  SAS .*not meaningful here: bit 24 is 0$'
# S1PTW: FAR's offset is not the descriptor's.
explains esr 0x82000086 --far 0x1234 --hpfar 0x400000
says 'an instruction fetch, VA 0x1234, IPA page 0x40000000; translation-L2, stage 2, on the walk'
# EC 0x18: Op0 3, Op2 1, Op1 0, CRn 1, Rt 2, CRm 0; direction 0, then 1.
explains esr 0x62320440; says 'MSR ACTLR_EL1, x2 (a write)\.$'
explains esr 0x62320441; says 'MRS x2, ACTLR_EL1 (a read)\.$'
explains esr 0x5a000012; says '0x16  HVC instruction$'; says ' imm16  *0x12'
explains esr 0x08000000; says 'reserved encoding  <-- misuse$'
# Registers: the words of meanings.def, by the Arm ARM's encodings.
explains hcr_el2 0x88000001; says '^     27  TGE  *0x1  there is no guest'
says '^      0  VM  *0x1  stage 2 translation of EL1 and EL0 is on$'
says '^     26  TVM  *0x0  not so: '
says '^     41  API  *0x0  .*: trap to EL2$'
explains hcr 0; says '^HCR_EL2 = '; says 'RES1 on every modelled CPU, but clear  <-- misuse$'
explains vtcr 0x80023558; says ' PS  *0x2  .*: 40 bits, 1 TB$'; says ' T0SZ  *0x18  IPAs have 40 bits$'
says ' TG0  *0x0  .*: 4 KB$'; says ' SH0  *0x3  .*: inner shareable$'
says ' SL0  *0x1  .*: level 1 (4 KB)'
explains vtcr 0x8000c000; says ' TG0 .*: reserved encoding  <-- misuse$'
explains vttbr 0x0005000040200001; says ' VMID  *0x5  virtual machine 5 '
says ' BADDR .* stage 2 tables at 0x40200000$'
explains tcr 0x80803520; says '^TCR_EL2 = '; says "^Taken for EL2's"; says ' T0SZ .* lower 32 bits'
explains TCR_EL1 0x80000000; says ' TG1  *0x2  .*: 4 KB$'
explains sctlr_el1 0x30d00800; says ' nTWE  *0x0  .*: traps to EL1$'; says ' M  *0x0  not so: '
explains spsr 0x3c5; says ' M  *0x5  it was: EL1 with SP_EL1 (EL1h)$'; says ' I  *0x1  IRQs are masked$'
explains spsr 2; says ' M  *0x2  it was: reserved encoding  <-- misuse$'
explains par 0xff00000040001b80; says ' PA .* 0x40001000, '; says ' ATTR .*write-back, read and write'
explains par 0xa0d; says ' FST  *0x6  .*: translation, level 2$'; says ' S  *0x1  .*: stage 2$'
explains cptr 0x33ff; says 'E2H = 0\.$'; says ' TFP  *0x0  not so'
explains cptr 0x37ff; says ' TFP  *0x1  floating point'
explains cptr 0x300000 --e2h; says 'E2H = 1\.$'; says ' FPEN  *0x3  .*: not at all$'
explains cptr 0x300000; says '^  30:14  RES0  *0xc0  RES0 in this format, but set  <-- misuse$'
explains cnthctl 3; says ' EL1PCTEN  *0x1  .*: not trapped$'
explains cnthctl 0xc00 --e2h; says ' EL1PTEN  *0x1  .*: not trapped$'
explains ich_lr 0x90a0000000000023; says '^ICH_LR0_EL2 = '; says ' State  *0x2  .*: active$'
says ' vINTID  *0x23  virtual interrupt 35$'; says ' Priority  *0xa0  160 '
explains ICH_LR3_EL2 0; says ' State  *0x0  .*: inactive'
explains HFGITR_EL2 0x8; says ' DCIVAC  *0x1  EL1.s DC IVAC traps to EL2$'
explains HFGWTR_EL2 1; says ' AFSR0_EL1  *0x1  writes of AFSR0_EL1 below EL2 trap to EL2$'
explains mair_el1 0xff04; says ' Attr1  *0xff  Normal, inner and outer write-back'
says ' Attr0  *0x4  Device-nGnRE$'
explains esr_el1 0x56000002; says '^ESR_EL1 = '; says '^SVC instruction'; says ' imm16  *0x2$'
explains pmevtyper0_el0 0x88000011; says ' evtCount  *0x11  event 0x11$'; says ' NSH  *0x1  events at EL2 count$'
explains icc_sgi1r 0x0000010001000002; says ' INTID  *0x1  SGI 1$'; says ' IRM  *0x1  .*: all other CPUs$'
explains id_aa64mmfr0 0x1125; says ' PARange  *0x5  .*: 48 bits, 256 TB$'; says ' TGran4  *0x0  .*: there$'
explains dczid 0x14; says ' DZP  *0x1  DC ZVA is not permitted here$'
# FEAT_NV is not in ARMv8.0, FEAT_GICv3's registers are.
explains hcr 0x40080000000 -cpu cortex-a57; says '  42  RES0  *0x1  RES0 without FEAT_NV, but set  <-- misuse$'
explains hcr 0x40080000000; says '  42  NV  *0x1  nested virtualization'
explains HFGRTR_EL2 1 -cpu cortex-a57; says '^Without FEAT_FGT there is no such register'
explains CNTFRQ_EL0 0x100000000; says 'RES0 on every modelled CPU, but set  <-- misuse$'
# Stage 2 page: S2AP 3, SH 3, AF, MemAttr 15.
explains pte --stage 2 --level 3 0x404007ff; says '^Stage 2, level 3: page at 0x40400000, '
says ' AF  *0x1'

# Instructions: MSR TCR_EL1, x0; MRS x0, CNTPCT_EL0; DC ZVA, x0; MSR FPSR, x0; LDADD (FEAT_LSE, not in ARMv8.0).
explains insn 0xd5182040; says "^msr TCR_EL1, x0\. The decoder's row is msr_reg\.$"
says '^  a write of TCR_EL1: from EL1 up$'; says '^  traps from EL1 to EL2 when HCR_EL2.TVM is 1$'
says '^  traps from EL1 to EL2 when HFGWTR_EL2.TCR_EL1 is 1$'
says '^  at EL2 with HCR_EL2.E2H = 1 it is TCR_EL2$'
if grep -q TRVM "$WORK/out"; then fail "a write is not trapped by TRVM"; fi
explains insn 0xd5382040; says '^  traps from EL1 to EL2 when HCR_EL2.TRVM is 1$'
explains insn 0xd53be020
says "^  traps from EL0 to EL1 when CNTKCTL_EL1.EL0PCTEN is 0 (of a host's EL0: CNTHCTL_EL2.EL0PCTEN)$"
says '^  traps from EL1 and EL0 to EL2 when CNTHCTL_EL2.EL1PCTEN is 0, with HCR_EL2.E2H = 0; not'
explains insn 0xd50b7420; says '^  traps from EL1 and EL0 to EL2 when HCR_EL2.TDZ is 1'
explains insn 0xd51b4420; says '^  traps as floating-point instructions do'
explains insn 0xf8200001 -cpu cortex-a57; says '^  needs FEAT_LSE, which this CPU does not have$'
explains insn 0xf8200001; says '^  needs FEAT_LSE$'; says '^  31:30  size  *0x3$'
explains insn 0xd51ff000; says '^  S3_7_C15_C0_0 is in no row'
explains insn 0; says 'UNDEFINED\.$'
# Other instructions: what their functions check, by Exception level.
explains insn 0xd4000003; says '^  traps from EL1 to EL2 when HCR_EL2.TSC is 1$'; says "^  is UNDEFINED at EL0"
explains insn 0xd4000002; says '^  is UNDEFINED at EL2 and EL1 when HCR_EL2.HCD is 1$'; says '^  goes from EL2 and EL1 to EL2 as HVC64$'
explains insn 0xd4000001; says '^  traps from EL0 to EL2 when HFGITR_EL2.SVC_EL0 is 1$'; says "^  goes from EL2 and a host's EL0 to EL2 as SVC64$"
explains insn 0xd503207f; says '^  traps from EL1 and EL0 to EL2 when HCR_EL2.TWI is 1$'; says '^  traps from EL0 to EL1 when SCTLR_EL1.nTWI is 0$'
explains insn 0xd503205f; says "^  traps from a host's EL0 to EL2 when SCTLR_EL2.nTWE is 0$"
explains insn 0xd69f03e0; says '^  traps from EL1 to EL2 when HCR_EL2.NV is 1$'; says '^  traps from EL1 to EL2 when HFGITR_EL2.ERET is 1$'
explains insn 0xd69f0bff; says '^  traps from EL1 to EL2 when HCR_EL2.API is 0, with SCTLR_EL1.EnIA = 1$'
explains insn 0xd69f0bff -cpu cortex-a57; says '^  needs FEAT_PAuth, which this CPU does not have$'
explains insn 0x1e602000; says '^  traps from EL2, EL1 and EL0 to EL2 when CPTR_EL2.TFP is 1, with HCR_EL2.E2H = 0$'
says "^  traps from a host's EL0 to EL2 when CPTR_EL2.FPEN is 0, 1 or 2$"; says '^  traps from EL1 to EL1 when CPACR_EL1.FPEN is 0 or 2$'
explains insn 0x1e602000 -cpu cortex-a57; says '^  traps from EL2, EL1 and EL0 to EL2 when CPTR_EL2.TFP is 1$'
explains insn 0x8b000000; says '^  no control traps it$'
explains psci 3; says '^PSCI_CPU_ON, 3 arguments from x1 on\.$'; says 'without EL2), has it$'
explains smc 0xc4000003; says '^PSCI_CPU_ON (SMC64), '; says ' SMC64  *0x1  arguments are X registers$'
explains smc 0x84000050; says '^TRNG_VERSION'; says 'answers NOT_SUPPORTED$'
explains hvc 0x86000001; says '^KVM_PTP'; says ' Owner  *0x6  vendor-specific hypervisor'
explains smc 0x84020001; says ' RES0  *0x1  <-- misuse$'

explains --list; says '^esr$'; says '^HCR_EL2$'
for args in 'esr 0x93c08006' 'insn 0xd5182040' 'psci 1' 'hcr_el2 1' 'pte --stage 1 --level 2 0x40000741'; do
    # shellcheck disable=SC2086
    explains --json $args
    says '^{"name": '
    awk -f "$(dirname "$0")/json.awk" "$WORK/out" || fail "$args: not JSON"
done

# The checker finds what is wrong.
for bad in '{"a": 1,}' '[1 2]' '{"a" 1}' '"a' '01' '{} {}' '[tru]' '"\x"' ''; do
    printf '%s\n' "$bad" | awk -f "$(dirname "$0")/json.awk" 2> "$WORK/err" && fail "json.awk takes $bad"
done

refuse 'esr, pte, insn, hvc, smc, psci or a register' explain
refuse 'esr needs a value' explain esr
refuse "'zz' is not a number" explain esr zz
refuse "'0x10000000000000000' is not a number" explain esr 0x10000000000000000
refuse 'which of ICC_IAR0_EL1, ICC_IAR1_EL1' explain icc_ia 0
refuse 'unknown CPU frob' explain hcr 0 -cpu frob
refuse 'cpu needs a model' explain hcr 0 -cpu
refuse '--e2h and -cpu belong to registers' explain esr 0 --e2h
refuse '--e2h and -cpu belong to registers' explain insn 0 --e2h
refuse 'an instruction has 32 bits' explain insn 0x100000000
refuse 'a function has 32 bits' explain hvc 0x100000000
refuse "nothing is known of 'frob'" explain frob 0
refuse 'unknown option' explain esr 1 --frob
refuse '--far and --hpfar belong to esr' explain hcr_el2 1 --far 2
refuse '--stage is 1 or 2' explain pte --stage 3 --level 1 0
refuse '--level is -1 to 3' explain pte --stage 1 --level 4 0
refuse '--granule is' explain pte --stage 1 --level 1 --granule 8k 0

finish
