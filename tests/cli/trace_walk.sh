#!/bin/sh
# --trace walk. Usage: trace_walk.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2
board="-M virt,virtualization=on,gic-version=3 -cpu cortex-a72 -nographic"

# Both stages, 4 KB, 32-bit spaces: stage 2 at 0x41000000 maps the second GB to itself; stage 1 at 0x42000000 has a table for
# it, with one block of 2 MB, and a table at 0x80000000, which stage 2 does not map. From EL2, AT S12E1R and S1E1W of
# 0x40100000, S12E1W of 0x40200000, S12E1R of 0x80000000, S12E0R of 0x40100000, S12E1R of 1 << 33; then EL1
# reads and writes 0x40100000 and calls a vector that powers off.
words "$WORK/walk.bin" 0xd2810000 0xf2a80100 0xd51cc000 0xd286ac00 0xf2b00040 0xd51c2140 0xd2a82000 0xf2e000e0 \
    0xd51c2100 0xd286a400 0xf2a01000 0xd5182040 0xd2a84000 0xd5182000 0xd2801fe0 0xd518a200 0xd2a61a00 0xf2810020 \
    0xd5181000 0xd2b00000 0xb2400000 0xd51c1100 0xd2a80201 0xd50c7881 0xd5087821 0xd2a80402 0xd50c78a2 0xd2b00003 \
    0xd50c7883 0xb2620463 0xd50c78c1 0xd2800024 0xd35f7884 0xd50c7884 0x100000a0 0xd51c4020 0xd28078a0 0xd51c4000 \
    0xd69f03e0 0xf9400025 0xf9000025 0xd4000002
data=
for d in 0x40080c00=0x72b0800052800100 0x40080c08=0xd4000003 0x41000008=0x400007fd 0x42000008=0x42001003 \
    0x42001000=0x40000701 0x42000010=0x80000003; do
    data="$data -device loader,addr=${d%=*},data=${d#*=},data-len=8"
done
# shellcheck disable=SC2086
expect 0 '' $board -kernel "$WORK/walk.bin" $data --trace "walk=$WORK/trace"
sed 's/^ *[0-9]* i=[0-9]* cpu0 //' "$WORK/trace" > "$WORK/got"
cat > "$WORK/want" <<'END'
el2   EL2      pc=0x4008005c WALK EL1&0 AT read va=0x40100000 (S2L1[0x41000008]=0x400007fd) S1L1[0x42000008]=0x42001003 (S2L1[0x41000008]=0x400007fd) S1L2[0x42001000]=0x40000701 S2L1[0x41000008]=0x400007fd -> ipa=0x40100000 pa=0x40100000 2MB rwx
el2   EL2      pc=0x40080060 WALK EL1&0 AT write va=0x40100000 (S2L1[0x41000008]=0x400007fd) S1L1[0x42000008]=0x42001003 (S2L1[0x41000008]=0x400007fd) S1L2[0x42001000]=0x40000701 -> ipa=0x40100000 2MB rwx
el2   EL2      pc=0x40080068 WALK EL1&0 AT write va=0x40200000 (S2L1[0x41000008]=0x400007fd) S1L1[0x42000008]=0x42001003 (S2L1[0x41000008]=0x400007fd) S1L2[0x42001008]=0x0 -> fault translation-L2 rule="stage 1: invalid descriptor"
el2   EL2      pc=0x40080070 WALK EL1&0 AT read va=0x80000000 (S2L1[0x41000008]=0x400007fd) S1L1[0x42000010]=0x80000003 (S2L1[0x41000010]=0x0) -> stage 2 fault translation-L1 on a table of stage 1 ipa=0x80000000 rule="stage 2: invalid descriptor"
el2   EL2      pc=0x40080078 WALK EL1&0 AT read unprivileged va=0x40100000 (S2L1[0x41000008]=0x400007fd) S1L1[0x42000008]=0x42001003 (S2L1[0x41000008]=0x400007fd) S1L2[0x42001000]=0x40000701 -> fault permission-L2 rule="stage 1 permission: AP, not for EL0"
el2   EL2      pc=0x40080084 WALK EL1&0 AT read va=0x200000000 -> fault translation-L0 rule="stage 1: address outside of TCR.TxSZ"
vm7   EL1      pc=0x4008009c WALK EL1&0 fetch va=0x4008009c (S2L1[0x41000008]=0x400007fd) S1L1[0x42000008]=0x42001003 (S2L1[0x41000008]=0x400007fd) S1L2[0x42001000]=0x40000701 S2L1[0x41000008]=0x400007fd -> ipa=0x4008009c pa=0x4008009c 2MB rwx
vm7   EL1      pc=0x4008009c WALK EL1&0 read va=0x40100000 S1L1[0x42000008]=0x42001003 S1L2[0x42001000]=0x40000701 S2L1[0x41000008]=0x400007fd -> ipa=0x40100000 pa=0x40100000 2MB rwx
END
COUNT=$((COUNT + 1))
diff -u "$WORK/want" "$WORK/got" >&2 || fail "the trace is another"

# The demo: each stage 2 abort has its walk in the line before, with the same IPA; what the debugger looks at is no walk.
# shellcheck disable=SC2086
expect 0 'el2: all VMs are off' $board -kernel "$ROMS/demo.elf" --trace "walk,exits=$WORK/trace"
COUNT=$((COUNT + 1))
awk '/ DABT_LOWER .* ipa=/ { ipa = $0; sub(/.* ipa=/, "", ipa); sub(/ .*/, "", ipa); n++
         if (before !~ "WALK EL1&0 (read|write) .* stage 2 fault translation-L[0-9] ipa=" ipa " ") bad++ }
     { before = $0 }
     END { exit !(n > 10 && !bad) }' "$WORK/trace" || fail "an abort without its walk"
# shellcheck disable=SC2086
expect 0 '' debug $board --batch -ex 'stepi 2' -ex 'translate 0x40080000' -kernel "$ROMS/demo.elf" --trace "walk=$WORK/trace"
COUNT=$((COUNT + 1))
[ ! -s "$WORK/trace" ] || fail "a walk at EL2 without MMU"
finish
