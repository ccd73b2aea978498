#!/bin/sh
# step, next, until and finish of the debugger with the rom `steps`.
# Usage: debug_step.sh EL2SIM ROMS SOURCES
. "$(dirname "$0")/lib.sh"
ROMS=$2 ROM=steps
SOURCE=$3/main.c
START=$3/../frames/start.S

# line TEXT[+1]: "main.c:N  TEXT" of the first line of the source with this text, or of the next one.
line() {
    l_text=${1%+1}
    l_file=$SOURCE
    grep -qF -e "$l_text" "$SOURCE" || l_file=$START
    l_number=$(grep -nF -e "$l_text" "$l_file" | head -1 | cut -d: -f1)
    [ "$l_text" = "$1" ] || l_number=$((l_number + 1))
    [ -n "$l_number" ] || fail "no line with '$1'"
    printf '%s\n' "$(basename "$l_file"):$l_number  $(sed -n "${l_number}s/^ *//p" "$l_file")"
}
# at TEXT: "main.c:N".
at() { line "$1" | cut -d' ' -f1; }
# passes TEXT... -- COMMAND...: the source lines that are printed are those with these texts, in order.
passes() {
    : > "$WORK/want"
    while [ "$1" != -- ]; do
        line "$1" >> "$WORK/want"
        shift
    done
    shift
    session "$@"
    [ "$STATUS" = 0 ] || fail "$*: status $STATUS"
    grep -E '^[a-z]+\.[cS]:[0-9]+  ' "$WORK/out" > "$WORK/lines"
    diff "$WORK/want" "$WORK/lines" >&2 || fail "$*: other lines than expected"
}

# --- next: over calls, HVC, and an MRS that EL2 emulates (it goes on behind it, not at it)
passes 'void guest_main' 'total = sum(4)' 'total = count(5)' 'total = quiet()' 'total = emulated()' 'interrupted();' \
    -- 'tb guest_main' c next n n n n
passes '"x0") = 0;' '"hvc #1"' 'mrs %0, aidr_el1' 'return x0+1' 'total = emulated()' 'interrupted();' \
    -- 'tb emulated' c 'n 5'
# ... and over a virtual SError that is taken in the middle of a line
passes 'msr vbar_el1' 'msr daifclr' 'total = 0' -- 'tb interrupted' c n n
passes 'msr vbar_el1' 'msr daifclr' -- 'tb interrupted' 'b *guest_vectors + 0x380' c n n
grep -q '^stopped by 2: .*<guest_vectors+0x380>' "$WORK/out" || fail 'next: no SError came'
# ... and not into deeper calls of the same function
passes 'unsigned long rest' 'return rest + n' -- "tb $(at 'unsigned long rest')" c n
prints 'x29 = 0x0000000000000001' "tb $(at 'unsigned long rest')" c 'set {u64} 0x47000000 = x29' n 'set x29 = x29 == u64(0x47000000)' 'p x29'

# --- step: into calls and HVC, not into a function without lines, nor into what an SError or a trap runs
passes 'total = sum(4)' 'unsigned long sum' 'if (n == 0)' 'unsigned long rest' 'unsigned long sum' \
    -- "tb $(at 'total = sum')" c 's 4'
passes 'total = quiet()' 'total = emulated()' '"x0") = 0;' '"hvc #1"' 'b       el2_entry' 'sub     sp, sp, #256' \
    -- "tb $(at 'total = quiet')" c 's 5'
passes 'mrs %0, aidr_el1' 'return x0+1' 'total = emulated()' 'interrupted();' 'msr vbar_el1' 'msr daifclr' 'total = 0' \
    -- "tb $(at 'mrs %0, aidr_el1')" c 's 6'

# --- until: out of a loop; to a line of this call, and not of a deeper one
passes 'unsigned long count' 'result = 0' 'i < n' 'return result;' -- 'tb count' c until until until
passes 'unsigned long rest' 'return rest + n' -- "tb $(at 'unsigned long rest')" c "until $(at 'return rest')"
prints 'x29 = 0x0000000000000001' "tb $(at 'unsigned long rest')" 'ignore 1 1' c 'set {u64} 0x47000000 = x29' \
    "until $(at 'return rest')" 'set x29 = x29 == u64(0x47000000)' 'p x29'
# ... and not further than its return
passes 'unsigned long count' 'total = count(5)' -- 'tb count' c 'until quiet'
passes 'unsigned long count' 'unsigned long result' -- 'tb count' c "advance $(at 'unsigned long result')"

# --- finish: out of this call, with what it returns
passes 'if (n == 0)' 'unsigned long rest' 'unsigned long rest' -- "b $(at 'if (n == 0)') if u64(sp + 24) == 1" c finish finish
grep '^x0' "$WORK/out" | tr '\n' ' ' | grep -qx 'x0 = 0x0000000000000001 x0 = 0x0000000000000003 ' || fail 'finish: other values'
passes 'unsigned long sum' 'total = sum(4)' -- 'tb sum' c finish
prints 'x0 = 0x000000000000000a' 'tb sum' c finish
prints 'x0 = 0x0000000000000007' 'tb emulated' c finish
prints 'x0 = 0x000000000000002a' 'tb quiet' c finish
grep -q '^Run till exit from 0x[0-9a-f]* <quiet>$' "$WORK/out" || fail 'finish: it does not say from where'
session 'tb sum' 'b *sum + 4 if u64(sp + 24) != 4' c 'tb sum' finish
[ "$(grep -c '^x0' "$WORK/out")" = 0 ] || fail 'finish: x0 of a function that has not returned'
refuses 'finish: this is the outermost frame' 'tb guest_main' c finish
refuses 'finish: its caller is the guest' 'tb el2_entry' c finish
refuses 'finish: takes no arguments' 'tb sum' c 'finish 1'
refuses 'step: no source line is known of ' 'tb quiet' c s
refuses 'next: at least 1' 'next 0'
refuses "no code is known of a file 'nosuch.c'" 'b nosuch.c:3'
# Stops change no count.
session c 'p/d icount'
all=$(tail -1 "$WORK/out")
prints "$all" 'tb sum' c 's 5' 'n 3' finish until 'until count' finish 's 20' 'n 3' c 'p/d icount'
ROM=frames_nodebug
prints 'x0 = 0x0000000000000015' 'tb hypercall' c finish
finish
