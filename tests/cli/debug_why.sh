#!/bin/sh
# why, tags and vms on the demo: an abort with its walk and fix, a trapped MRS with who wrote the control, a call that has
# returned, an interrupt; and what they refuse. Usage: debug_why.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=demo CPU=cortex-a72

refuses 'CPU 0 has taken no exception' 'vms' 'why'
says '^no VM has run$'
says '^exits are counted since the start$'

# The first device access of vm1: nothing is mapped there, and the demo means it so.
session 'catch exit 0x24' 'continue' 'why' 'vms'
says '^CPU 0, vm1 at EL1, instruction [0-9]*:$'
says '^  el1:0x40000090 <vm_device+0x4>  str     xzr, \[x9\]$'
says '^  It wrote 8 bytes (xzr = 0x0) at 0x10000000, IPA 0x10000000\.$'
says '^  Because: stage 2: invalid descriptor\.$'
says '^Translation fault, level 1, stage 2: invalid descriptor$'
says '^To fix: map IPA 0x10000000: write a valid descriptor at pa 0x'
says '^  EL2 went to el2:0x[0-9a-f]* <vectors+0x400> and has not returned\.$'
says '^vm1  VTTBR_EL2 0x1[0-9a-f]*  VTCR_EL2 0x[0-9a-f]*  [0-9]* exits, the last DABT_LOWER, ran on CPU 0$'
says '^  vCPU 0  VMPIDR_EL2 0x80000000  on CPU 0$'

# vm_id reads ID_AA64PFR0_EL1; EL2 emulates it and goes on behind.
session 'catch exit 0x18' 'continue' 'delete' 'next-entry' 'why' 'why 1' 'exits 2'
says '^  It is MRS ID_AA64PFR0_EL1, into x[0-9]*\.$'
says '^  Because: HCR_EL2.TID3\.$'
says '^    HCR_EL2.TID3 = 1, since the write at el2:0x[0-9a-f]* <.*> in EL2, instruction [0-9]*\.$'
says '^  EL2 went to el2:.* <vectors+0x400> and returned to EL1 at el1:0x40000080 <vm_id+0x4> after [0-9]* instructions: behind the instruction\.$'
says '^CPU 0: ERET from EL2 to EL1 at el1:0x40000080 <vm_id+0x4>, instruction [0-9]*, SPSR 0x3c5\.$'

# TLBI VMALLE1: a fine-grained trap would have caught it, too.
CPU=max session 'catch exit 0x18' 'continue' 'delete' 'set {u32} 0x40000000 = 0xd508871f' 'set HCR_EL2 = 0x80000000' 'set HCR_EL2.TTLB = 1' \
    'set HFGITR_EL2.TLBIVMALLE1 = 1' 'set $pc = 0x40000000' 'set PSTATE = 0x3c5' 'stepi' 'why'
says '^  Because: HCR_EL2.TTLB\.$'
says '^    HCR_EL2.TTLB = 1, as at reset or set by a debugger\.$'
says '^  Without it, it would have trapped by HFGITR_EL2.TLBIVMALLE1\.$'

# Faults that no table causes. With stage 1 off memory is Device: LDR X0, [X1] must be aligned; nothing is at 0x20000000.
START='set {u32} 0x40400200 = 0xd503201f
set VBAR_EL1 = 0x40400000
set HCR_EL2 = 0x80000000
set $pc = 0x40000000'
EL1='set PSTATE = 0x3c5'
LDR='set {u32} 0x40000000 = 0xf9400020'
CPU=max session "$START" "$LDR" 'set x1 = 0x40000001' "$EL1" 'stepi' 'why'
says '^  The translation is not the cause: the access is not aligned, and the memory is Device\.$'
CPU=max session "$START" "$LDR" 'set x1 = 0x20000000' "$EL1" 'stepi' 'why'
says '^  The translation is not the cause: nothing at pa 0x20000000 answers\.$'
# Tagged memory by HCR_EL2.{DC,DCT} and a 1 GB block of stage 2; STG gives it tag 5, LDR has pointer tag 6.
TAGS='set {u64} 0x40200008 = 0x400007fd
set VTTBR_EL2 = 0x40200000
set VTCR_EL2 = 0x80023559
set TCR_EL1 = 0x2000000000
set SCTLR_EL1 = 0x90030d00800
set HCR_EL2 = 0x300000080001000
set {u32} 0x40000000 = 0xd9200800
set {u32} 0x40000004 = 0xf9400020'
GIC=3,mte=on CPU=max session "$START" "$TAGS" 'set x0 = 0x0500000040300000' 'set x1 = 0x0600000040300008' "$EL1" 'stepi 2' 'why' 'exits 1' 'tags x1' \
    'tags pa(0x40300000), +0x20' 'set HCR_EL2.DCT = 0' 'tags x1'
says '^  The translation is not the cause: the tag of the pointer is 0x6, that of the memory at pa 0x40300008 was 0x5\.$'
says ' DFSC=tag-check far=0x600000040300008 pointer-tag=0x6 memory-tag=0x5 rule="tag check"$'
says '^0x600000040300000: 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0$'; says '^pa(0x40300000): 5 0$'
says '^0x600000040300000: 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0  not Tagged memory$'
GIC=3,mte=on CPU=max refuses 'tags: there is no memory at pa 0xffffffffffffff00' 'tags pa(0xffffffffffffff00)'
GIC=3,mte=on CPU=max refuses "tags: not understood: 'x'" 'tags 0x40300000, +16 x'
CPU=max refuses 'tags: this machine has no memory tagging' 'tags 0x40300000'
# A block at 0 for EL1 and EL0, then without EL0: PSTATE.PAN is that of the access, not of the handler (SCTLR_EL1.SPAN is 0), and
# LDTR has EL0's permissions.
MMU='set {u64} 0x40200008 = 0x40000401
set TTBR0_EL1 = 0x40200000
set TCR_EL1 = 0x480803519
set MAIR_EL1 = 0xff
set SCTLR_EL1 = 0x30500801'
CPU=max session "$START" "$MMU" "$LDR" 'set {u64} 0x40200000 = 0x40000441' 'set x1 = 8' 'set PSTATE = 0x4003c5' 'stepi' 'why' 'x/wx 0'
says '^0x0:  0xf9400020$'
says '^Permission fault, level 1, stage 1: PSTATE.PAN$'
CPU=max session "$START" "$MMU" 'set {u64} 0x40200000 = 0x40000441' 'set {u32} 0x40000000 = 0xc85f7c20' 'set x1 = 12' "$EL1" 'stepi' 'why'
says '^  The translation is not the cause: the access is not aligned\.$'
CPU=max session "$START" "$MMU" 'set {u64} 0x40200000 = 0x40000401' 'set {u32} 0x40000000 = 0xf8400820' 'set x1 = 8' "$EL1" 'stepi' 'why'
says '^Permission fault, level 1, stage 1: '

# What makes an instruction UNDEFINED: a feature, the Exception level, the register, or nothing knows it.
undefined() { CPU=$1 session "$START" "set {u32} 0x40000000 = $2" "$EL1" 'stepi' 'why'; }
undefined cortex-a57 0xf8200001; says '^    needs FEAT_LSE, which this CPU does not have$'
undefined max 0xd53c1100; says '^    a read of HCR_EL2: from EL2 up$'
undefined max 0xd5180000; says '^    MIDR_EL1 cannot be written: UNDEFINED$'
undefined cortex-a57 0xd538a400; says '^    LORSA_EL1 needs FEAT_LOR, which this CPU does not have$'
undefined max 0xd51ff000; says '^    S3_7_C15_C0_0 is in no row of the machine.s table$'
undefined max 0x02000000; says '^    it is in no row of the decoder$'
undefined max 0; says '^    UDF is permanently UNDEFINED$'

# The timer interrupts vm1: the rule is that of interrupts, the INTID the GIC's.
session 'catch irq' 'continue' 'why'
says '^  IRQ, taken from EL1 to EL2'
says '^  Because: HCR_EL2.IMO\.$'
says '^  The interrupt is INTID 27 (virtual timer), priority 0x[0-9a-f]*, still pending\.$'
# The ring keeps it when it has long been acknowledged.
session 'catch irq' 'continue' 'delete' 'next-entry' 'exits 1 IRQ' 'why 2'
says ' IRQ INTID 27 (virtual timer) rule="HCR_EL2.IMO"$'
says '^  The interrupt is INTID 27 (virtual timer) (gic 27 shows what became of it)\.$'

refuses "why: '0' is no number of" 'why 0'
refuses "why: 'x' is no number of" 'why x'
refuses 'why: CPU 0 has no 4000 exceptions' 'why 4000'
refuses 'vms: takes no arguments' 'vms 1'
finish
