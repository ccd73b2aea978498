#!/bin/sh
# Each lint fires on the mistake that it is about (roms/lint) and not on the same program without it.
# $2: build directory of the roms
. "$(dirname "$0")/lib.sh"
rom=$2/lint.elf

# lint_rom VARIANT WORD ARGS...: WORD is how many aborts variant 2 takes.
lint_rom() {
    variant=$1 word=$2
    shift 2
    run -M "virt,virtualization=on,gic-version=${GIC:-3}" -cpu max -no-reboot -serial none -kernel "$rom" --timeout-insns 1000000 \
        -device "loader,addr=0x44000000,data=$variant,data-len=8" \
        -device "loader,addr=0x44000008,data=$word,data-len=8" "$@"
}
# fires VARIANT STATUS NAME PATTERN: one finding, with this name and text; a status of its own as an error; none when
# the mistake is corrected, and none when only the others are on.
fires() {
    number=$1 status=$2 name=$3 pattern=$4
    lint_rom "$number" 64 --lint all --symbols "$rom"
    [ "$STATUS" = "$status" ] || fail "$name, variant $number: status $STATUS, not $status"
    [ "$(grep -c '^el2sim: lint' "$WORK/err")" = 1 ] || fail "$name, variant $number: not one finding"
    grep -q "^el2sim: lint $name: cpu0 $pattern" "$WORK/err" || fail "$name, variant $number: not '$pattern'"
    lint_rom "$number" 64 --lint "$name:error"
    [ "$STATUS" = 71 ] || [ "$status" != 0 ] || fail "$name:error, variant $number: status $STATUS, not 71"
    lint_rom $((number + 0x100)) 64 --lint error
    [ "$STATUS" = 0 ] || fail "$name, variant $number, corrected: status $STATUS"
    [ ! -s "$WORK/err" ] || fail "$name, variant $number, corrected: something on stderr"
    others=
    for n in hvc-skip no-advance storm eret-unmapped wfi-masked entry-exception lr-duplicate lr-hw-inactive lr-overwritten; do
        [ $n = "$name" ] || others=$others${others:+,}$n
    done
    lint_rom "$number" 64 --lint "$others"
    ! grep -q '^el2sim: lint' "$WORK/err" || fail "variant $number: another finding than $name"
}

a='0x[0-9a-f]* <'
fires 0 0 hvc-skip "vm1: HVC at ${a}hvc_code> was resumed at ${a}hvc_code+0x8>, .* (ERET at ${a}from_below+"
fires 1 0 no-advance "vm1: MSR TTBR0_EL1 at ${a}msr_code> .* 2 times.*(ERET at ${a}trapped+"
fires 2 0 storm "vm1: DABT_LOWER at ${a}storm_code+0x8>, translation-L1, far=0x8000000, ipa=0x8000000: 64 times.*ERET at ${a}data_abort+"
fires 3 0 eret-unmapped "vm1: ERET at ${a}eret_unmapped+.*> to ${a}hvc1_code>, .*stage 2.*did not come back"
fires 4 64 wfi-masked "el2: WFI at ${a}wfi_masked+"
fires 5 0 entry-exception "el2: DABT_SAME at ${a}vectors_.*>, far=0x30000000, in the entry code of the vector ${a}vectors_early+0x400>.* lost to ${a}entry_code+0x4>"
fires 6 0 lr-duplicate "vm1: virtual INTID 40 is in list registers 0 (pending) and 2 (pending) .*${a}hvc1_code> (ERET at ${a}lr_duplicate+"
fires 7 0 lr-hw-inactive "vm1: list register 0 (pending) has virtual INTID 27 .*physical INTID 27 (virtual timer) is not active.*ERET at ${a}lr_hw_inactive+"
fires 8 0 hvc-skip "host: SVC at ${a}svc_code> was resumed at ${a}svc_code+0x8>"
fires 9 0 no-advance "vm1: SMC at ${a}smc_code>"
fires 10 65 eret-unmapped "s2off: ERET at ${a}eret_nowhere+.*> to 0x30000000, .*vector of EL1"
fires 11 0 eret-unmapped "el2: ERET at ${a}eret_el2+.*> to 0x30000000, which cannot be executed"
fires 12 0 eret-unmapped "vm1: ERET at ${a}instruction_abort+.*> to ${a}hvc1_code>, .*again and again"
at="was overwritten with INTID 41 at ${a}"
fires 15 0 lr-overwritten "vm1: list register 0 with virtual INTID 40 (pending) ${at}to_lr0> .*entry to ${a}inject_code+0x8> (ERET at ${a}to_lr0+"
GIC=2 fires 19 0 lr-overwritten "vm1: list register 0 with virtual INTID 40 (pending) ${at}inject_gich+"

# A switch to another vCPU that stands one instruction further is no skipped instruction, and an instruction that is
# done in parts is no trap that does not advance. A list register that was read, whose interrupt is in another one, or that
# another vCPU gets may be overwritten.
for number in 13 14 16 17 18; do
    lint_rom $number 64 --lint error
    [ "$STATUS" = 0 ] || fail "variant $number: status $STATUS"
    [ ! -s "$WORK/err" ] || fail "variant $number: something on stderr"
done

# The limit of a storm is what it says, and the end of a run.
lint_rom 2 63 --lint storm
[ ! -s "$WORK/err" ] || fail "storm: a finding after 63 aborts"
# An error stops the machine at once; without, or off, nothing changes.
lint_rom 4 64 --lint wfi-masked:error
[ "$STATUS" = 71 ] || fail "wfi-masked:error: status $STATUS"
[ "$(wc -l < "$WORK/err")" = 2 ] || fail "an error: not the finding and the line of the end"
lint_rom 0 64 --lint none --stats
[ "$STATUS" = 0 ] || fail "--lint none: status $STATUS"
! grep -q 'lint' "$WORK/err" || fail "--lint none: a finding"
lint_rom 0 64 --lint all --lint none
[ ! -s "$WORK/err" ] || fail "all, then none: a finding"
lint_rom 0 64 --lint all,hvc-skip:error --junit "$WORK/j.xml"
[ "$STATUS" = 71 ] || fail "all,hvc-skip:error: status $STATUS"
grep -q 'message="status 71: lint hvc-skip' "$WORK/j.xml" || fail "the report of a lint"
lint_rom 3 64 --lint error --junit "$WORK/j.xml"
[ "$STATUS" = 71 ] || fail "a finding at the end: status $STATUS"
grep -q 'message="status 71: a lint found an error' "$WORK/j.xml" || fail "the report of a finding at the end"
refuse "'storms' is not known" -M virt -kernel "$rom" --lint storm,storms
refuse "'' is not known" -M virt -kernel "$rom" --lint ''
# The story's hypervisor (docs/stories/lost-interrupts.md) has the mistake.
run -M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -serial none -kernel "$2/story_vgic.elf" --lint lr-overwritten --symbols "$2/story_vgic.elf"
[ "$(grep -c '^el2sim: lint lr-overwritten: .*INTID 40 (pending).*INTID 41 at 0x400800b4 <inject+0x8>' "$WORK/err")" = 1 ] || fail "the story: not found"
# No lint fires on the hypervisors of this repository.
for kernel in demo hvcn nested; do
    expect 0 '' -M virt,virtualization=on,gic-version=3 -cpu max -no-reboot -m 512 -serial none -kernel "$2/$kernel.elf" --lint error
done
finish
