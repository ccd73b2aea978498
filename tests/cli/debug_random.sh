#!/bin/sh
# Random command lines, of the commands there are and of what they could take, and of nothing of the kind: the debugger
# says what is wrong with them and does not crash. Usage: debug_random.sh EL2SIM ROMS [SEED...]
. "$(dirname "$0")/lib.sh"
ROMS=$2
shift 2
[ $# -gt 0 ] || set -- 1 2 3 4 5 6

# Without what leaves or writes files.
commands | grep -vx 'quit\|dump' > "$WORK/commands"
[ "$(wc -l < "$WORK/commands")" -gt 8 ] || fail "help lists no commands"
cat > "$WORK/pieces" <<'END'
0
1
3
-1
0x40080000
18446744073709551616
0xffffffffffffffff
x0
$x1
sp
pc
w3
v0
PSTATE
PSTATE.N
HCR_EL2
HCR_EL2.TGE
hcr_el2.
ICH_LR0_EL2
GICD_CTLR
GICR_WAKER
el2:
el2:_start
vm1:
vm70000:0
vm1:0x40000000
ipa(0x40000000)
vm1:ipa(0x40000000)
pa(0x40000000)
pa(0x9000000)
*x0
*
u32(ipa(0x1000))
/8gx
/4i
/300bx
/s
/
if
x0 == 1
==
&&
!
1/0
1%0
1<<65
(
)
((((((((((((((((
"
'
on
off
all
once
if x0 > 1
HCR_EL2 = 0x80000000
=
,
;
#
%s%n%s
exits
r
w
DABT_LOWER
0x24
smc
irq
27
cpu 1
END
# Much of one thing, too.
for c in '(' '*' '-' x 0 ' ' '~'; do head -c 3000 /dev/zero | tr '\0' "$c"; echo; done >> "$WORK/pieces"

for seed; do
    awk -v seed="$seed" -v lines=400 '
        FILENAME ~ /commands$/ { command[commands++] = $0; next }
        { piece[pieces++] = $0 }
        function any(n) { return int(rand() * n) }
        END {
            srand(seed)
            for (l = 0; l < lines; l++) {
                line = command[any(commands)]
                if (rand() < 0.1) line = substr(line, 1, 1 + any(length(line)))
                for (n = any(5); n > 0; n--) line = line (rand() < 0.8 ? " " : "") piece[any(pieces)]
                if (rand() < 0.05) line = piece[any(pieces)]
                print line
                if (rand() < 0.02) printf "%c%c%c\n", 128 + any(128), 1 + any(31), 128 + any(128)
            }
        }' "$WORK/commands" "$WORK/pieces" > "$WORK/in"
    INPUT=$WORK/in
    run debug -M virt,gic-version=3 -cpu max -smp 2 -kernel "$ROMS/hvcn.elf" --symbols "$ROMS/hvcn.elf" --timeout-insns 2000000
    case $STATUS in
    68) ;;
    *)
        cp "$WORK/in" "debug_random.$seed"
        fail "seed $seed: status $STATUS; the lines are in $PWD/debug_random.$seed" ;;
    esac
    # It went on to the end: what the last line gives is there, and no line of the input is left out.
    echo 'echo the end\n' >> "$WORK/in"
    run debug -M virt,gic-version=3 -cpu max -smp 2 -kernel "$ROMS/hvcn.elf" --symbols "$ROMS/hvcn.elf" --timeout-insns 2000000
    tail -1 "$WORK/out" | grep -q 'the end$' || fail "seed $seed: it does not get to the end"
done
INPUT=
finish
