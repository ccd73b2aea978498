#!/bin/sh
# why and vms on the demo: an abort with its walk and fix, a trapped MRS with who wrote the control, a call that has
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
