#!/bin/sh
# --trace irq: GICv2 and GICv3, every kind of line. Usage: trace_irq.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board() { echo "-M virt,virtualization=on,gic-version=$1 -cpu cortex-a72 -smp 2 -nographic"; }

# lines: the whole trace, without number, count of instructions and CPU, is what standard input has.
lines() {
    COUNT=$((COUNT + 1))
    cat > "$WORK/want"
    sed 's/^ *[0-9]* i=[0-9]* cpu0 //' "$WORK/trace" > "$WORK/got"
    diff -u "$WORK/want" "$WORK/got" >&2 || fail "the trace is another"
}

# GICv2. x1..x4: GICD, GICC, GICH, GICV. Enables them; SGI 3 to itself, IAR twice, EOIR twice; ISPENDR of SPI 1; GICH_HCR.En,
# GICH_VMCR; GICH_LR0 = INTID 40 with EOI, IAR, EOIR, LR0 = 0; GICH_LR1 = INTID 41, HW of 33; EOImode: IAR, EOIR, DIR;
# DIR of 50; EOIR with nothing active; PSCI SYSTEM_OFF
words "$WORK/v2.bin" 0xd2a10001 0xd2a10022 0xd2a10063 0xd2a10084 0x52800020 0xb9000020 0xb9000040 0x52801fe0 \
    0xb9000440 0x52800060 0x72a04000 0xb90f0020 0xb9400c45 0xb9400c46 0xb9001045 0xb9001045 0x52800040 0xb9020420 \
    0x52800020 0xb9000060 0x52bf0000 0x72800020 0xb9000860 0x52a34100 0x72800500 0xb9010060 0xb9400c85 0xb9001085 \
    0xb901007f 0x52b34000 0x72908520 0xb9010460 0x52804020 0xb9000080 0xb9400c85 0xb9001085 0x91400487 0xb90000e5 \
    0x52800640 0xb90000e0 0xb9001085 0x52800100 0x72b08000 0xd4000003
# shellcheck disable=SC2046
expect 0 '' $(board 2) -kernel "$WORK/v2.bin" --trace "irq=$WORK/trace"
lines <<'END'
el2   EL2      pc=0x4008002c IRQ pending INTID 3 (SGI) for cpu0 from cpu0
el2   EL2      pc=0x40080030 IRQ acknowledge physical IAR=0x3 INTID 3 (SGI)
el2   EL2      pc=0x40080034 IRQ acknowledge physical IAR=0x3ff none (spurious)
el2   EL2      pc=0x40080038 IRQ EOI physical INTID 3 (SGI), drops priority 0x0, deactivates it
el2   EL2      pc=0x4008003c IRQ EOI physical INTID 3 (SGI), no effect
el2   EL2      pc=0x40080044 IRQ pending INTID 33 (SPI 1) for no CPU by write, not enabled
el2   EL2      pc=0x40080064 IRQ GICH_LR0=0x1a080028 pending vINTID=40 group=0 priority=0xa0 EOI
el2   EL2      pc=0x40080068 IRQ acknowledge virtual IAR=0x28 INTID 40 of LR0
el2   EL2      pc=0x4008006c IRQ EOI virtual INTID 40, drops priority 0xa0, deactivates it in LR0
el2   EL2      pc=0x4008006c IRQ maintenance interrupt of cpu0 MISR=0x1 EOI
el2   EL2      pc=0x4008006c IRQ pending INTID 25 (GIC maintenance) for cpu0 by wire, not enabled
el2   EL2      pc=0x40080070 IRQ GICH_LR0=0x0 invalid
el2   EL2      pc=0x40080070 IRQ maintenance interrupt of cpu0 is over
el2   EL2      pc=0x4008007c IRQ GICH_LR1=0x9a008429 pending vINTID=41 group=0 priority=0xa0 HW pINTID=33
el2   EL2      pc=0x40080088 IRQ acknowledge virtual IAR=0x29 INTID 41 of LR1
el2   EL2      pc=0x4008008c IRQ EOI virtual INTID 41, drops priority 0xa0
el2   EL2      pc=0x40080094 IRQ deactivate virtual INTID 41 by DIR in LR1
el2   EL2      pc=0x40080094 IRQ deactivate physical INTID 33 (SPI 1) by HW of LR1
el2   EL2      pc=0x4008009c IRQ deactivate virtual INTID 50 by DIR, is in no list register: EOIcount=1
el2   EL2      pc=0x400800a0 IRQ EOI virtual INTID 41, no effect
END
# The instruction that causes a line is counted in it, once.
COUNT=$((COUNT + 1))
[ "$(grep -c ' i=28 .* pc=0x4008006c ' "$WORK/trace")" = 3 ] || fail "lines of one instruction differ in i="

# GICv3. x1, x2: GICD, GICR SGI_base. Enables Group 1 and SGI 3; SGI 3 to itself and CPU 1; IAR1 twice, EOIR1 twice;
# EOImode: SGI 3 to itself, IAR1, EOIR1, DIR; SPI 1 to any CPU, ISPENDR1; ICH_HCR_EL2 = En, UIE and then 0; PSCI SYSTEM_OFF
words "$WORK/v3.bin" 0xd2a10001 0xd2a10162 0x52800040 0xb9000020 0x12800000 0xb9008040 0x52800100 0xb9010040 \
    0xd2800020 0xd518cce0 0xd2801fe0 0xd5184600 0xd2800060 0xf2a06000 0xd518cba0 0xd5033fdf 0xd538cc05 0xd538cc06 \
    0xd518cc25 0xd518cc25 0xd2800060 0xd518cc80 0xd2800020 0xf2a06000 0xd518cba0 0xd5033fdf 0xd538cc05 0xd518cc25 \
    0xd518cb25 0xd2b00000 0x91401823 0xf9008460 0x52800040 0xb9020420 0xd2800060 0xd51ccb00 0xd51ccb1f 0x52800100 \
    0x72b08000 0xd4000003
# shellcheck disable=SC2046
expect 0 '' $(board 3) -kernel "$WORK/v3.bin" --trace "irq=$WORK/trace"
lines <<'END'
el2   EL2      pc=0x40080038 IRQ pending INTID 3 (SGI) for cpu0 from cpu0
el2   EL2      pc=0x40080040 IRQ acknowledge physical IAR=0x3 INTID 3 (SGI)
el2   EL2      pc=0x40080044 IRQ acknowledge physical IAR=0x3ff none (spurious)
el2   EL2      pc=0x40080048 IRQ EOI physical INTID 3 (SGI), drops priority 0x0, deactivates it
el2   EL2      pc=0x4008004c IRQ EOI physical INTID 3 (SGI), no effect
el2   EL2      pc=0x40080060 IRQ pending INTID 3 (SGI) for cpu0 from cpu0
el2   EL2      pc=0x40080068 IRQ acknowledge physical IAR=0x3 INTID 3 (SGI)
el2   EL2      pc=0x4008006c IRQ EOI physical INTID 3 (SGI), drops priority 0x0
el2   EL2      pc=0x40080070 IRQ deactivate physical INTID 3 (SGI) by DIR
el2   EL2      pc=0x40080084 IRQ pending INTID 33 (SPI 1) for any CPU by write, not enabled
el2   EL2      pc=0x4008008c IRQ maintenance interrupt of cpu0 MISR=0x2 U
el2   EL2      pc=0x4008008c IRQ pending INTID 25 (GIC maintenance) for cpu0 by wire, not enabled
el2   EL2      pc=0x40080090 IRQ maintenance interrupt of cpu0 is over
END

# The demo's first timer interrupt of a VM: from the timer's wire to the deactivation by the VM's EOI.
# shellcheck disable=SC2046
expect 0 'el2: all VMs are off' $(board 3) -kernel "$ROMS/demo.elf" --trace "irq=$WORK/trace" --symbols "$ROMS/demo.elf"
sed -n '/pending INTID 27/,/by HW of LR0/p; /by HW of LR0/q' "$WORK/trace" > "$WORK/first"
sed 's/ pc=0x[0-9a-f]*//' "$WORK/first" > "$WORK/trace"
lines <<'END'
el2   EL2      <schedule+0x15c> IRQ pending INTID 27 (virtual timer) for cpu0 by wire
el2   EL2      <vgic_acknowledge> IRQ acknowledge physical IAR=0x1b INTID 27 (virtual timer)
el2   EL2      <vgic_inject_timer+0xc> IRQ ICH_LR0_EL2=0x70a0001b0000001b pending vINTID=27 group=1 priority=0xa0 HW pINTID=27
el2   EL2      <vgic_inject_timer+0x14> IRQ EOI physical INTID 27 (virtual timer), drops priority 0xa0
vm1   EL1      <vm_irq+0x4> IRQ acknowledge virtual IAR=0x1b INTID 27 of LR0
vm1   EL1      <vm_irq+0x3c> IRQ EOI virtual INTID 27, drops priority 0xa0, deactivates it in LR0
vm1   EL1      <vm_irq+0x3c> IRQ deactivate physical INTID 27 (virtual timer) by HW of LR0
END
finish
