#!/bin/sh
# --expect, --fail, --junit: which lines count, the statuses, the report; and the examples of docs/ci.md.
# $2: build directory of the roms, $3: docs/ci.md
. "$(dirname "$0")/lib.sh"
roms=$2 ci=$3

# guest TEXT [WORD...]: a program that writes TEXT (printf's escapes) to the UART, then executes the words or powers off.
guest() {
    printf "$1" > "$WORK/text"
    n=$(wc -c < "$WORK/text")
    shift
    [ $# -gt 0 ] || set -- 0x52800100 0x72b08000 0xd4000003 0x14000000 # movz w0,#8; movk w0,#0x8400,lsl #16; smc #0; b .
    at=$((4 * (6 + $#)))
    # adr x2,text; mov w3,#n; mov x1,#0x9000000; 1: ldrb w0,[x2],#1; strb w0,[x1]; subs w3,w3,#1; b.ne 1b
    words "$WORK/k" $((0x10000002 | (at + 4) / 4 << 5)) $((0x52800003 | n << 5)) 0xd2a12001 \
        0x38401440 0x39000020 0x71000463 0x54ffffa1 "$@"
    cat "$WORK/text" >> "$WORK/k"
}
# judged STATUS PATTERN ARGS...
judged() {
    j_status=$1 j_pattern=$2
    shift 2
    expect "$j_status" "$j_pattern" -M virt -no-reboot -serial stdio -kernel "$WORK/k" "$@"
}
has() { grep -qF -e "$1" "$WORK/j.xml" || fail "the report has no '$1'"; }

guest 'one\r\ntwo three\nfour'
judged 0 'four'                                        # the machine itself
judged 0 '' --expect two
! grep -q four "$WORK/out" || fail "the run went on after its success"
judged 0 '' --expect '^one$' --expect '^t(wo|en) .*e$'     # carriage returns are no part of a line
judged 69 "'one' was not met (1 of 2" --expect two --expect one  # in order
judged 69 "'three' was not met (1 of 2" --expect two --expect three  # a line meets one
judged 69 "'nothing' was not met" --expect nothing
judged 0 '' --expect four                              # no line end is needed
judged 0 '' --expect 'four$'                           # the end of the run ends the line
judged 69 '' --expect '^two$'                          # a part of a line has no end
judged 70 "'t.o' matched: two" --fail 't.o' --expect three
! grep -q three "$WORK/out" || fail "the run went on after its failure"
[ "$(wc -l < "$WORK/err")" = 2 ] || fail "--fail: not two lines on stderr"
judged 0 '' --fail three --expect two                  # what comes after the success is not seen
judged 0 '' --fail '^two$' --expect four
judged 70 'four$.* matched: four' --fail 'four$'
for serial in none "file:$WORK/serial"; do
    expect 0 '' -M virt -no-reboot -serial "$serial" -kernel "$WORK/k" --expect four
    expect 70 '' -M virt -no-reboot -serial "$serial" -kernel "$WORK/k" --fail four
done
refuse 'no extended regular expression' -M virt -kernel "$WORK/k" --expect 'a('
refuse 'no extended regular expression' -M virt -kernel "$WORK/k" --fail '['
refuse 'matches everything' -M virt -kernel "$WORK/k" --fail ''
refuse 'cannot open' -M virt -kernel "$WORK/k" --junit "$WORK/no/such"
refuse 'belong to el2sim run' debug -M virt -kernel "$WORK/k" --expect x

# A status that says why is kept: the limit, a deadlock, the guest's own. wfi; b .-4
guest 'x\n' 0x14000000
judged 67 "'y' was not met" --expect y --timeout-insns 100000
guest 'x\n' 0xd503207f 0x17ffffff
judged 64 "'y' was not met" --expect y
#   mov w0,#0x18; adr x1,.+12; hlt #0xf000; b .; {0x20026, 42}
guest 'x\n' 0x52800300 0x10000061 0xd45e0000 0x14000000 0x00020026 0 42 0
judged 42 "'y' was not met" --expect y -semihosting
# Semihosting's console counts: mov w0,#4; adr x1,text; hlt #0xf000; mov w0,#0x18; hlt #0xf000; "hi\0\0"
words "$WORK/k" 0x52800080 0x100000a1 0xd45e0000 0x52800300 0xd45e0000 0x14000000 0x00006968
expect 0 '' -M virt -no-reboot -serial none -semihosting -kernel "$WORK/k" --expect '^hi'

# The report.
guest 'a <b> & "c"\n\033[1mbold\001\303\251\377\n'
judged 0 '' --expect '<b> & "' --expect bold --junit "$WORK/j.xml"
has 'tests="3" failures="0"'
has 'name="&lt;b&gt; &amp; &quot;"'
has 'a &lt;b&gt; &amp; &quot;c&quot;'
has '\x1b[1mbold</system-out>'
judged 69 '' --expect '<b>' --expect nope --expect later --junit "$WORK/j.xml"
has 'tests="4" failures="3"'
has '1 of 3 expectations met'
has 'an expectation before this one'
has '\x1b[1mbold\x01é\xff'
xml_ok() {
    if command -v python3 > /dev/null; then
        python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$WORK/j.xml" || fail "the report is no XML"
    fi
}
xml_ok
judged 70 '' --fail '& "' --expect bold --junit "$WORK/j.xml"
has "message=\"status 70: --fail '&amp; "
has 'failures="2"'
xml_ok
judged 0 '' --junit "$WORK/j.xml"
has 'tests="1" failures="0"'
# More than the report keeps: the last 16 KB of it.
#   mov x1,#0x9000000; mov w3,#20000; mov w0,#'x'; 1: strb w0,[x1]; subs w3,w3,#1; b.ne 1b; SYSTEM_OFF
words "$WORK/k" 0xd2a12001 0x5289c403 0x52800f00 0x39000020 0x71000463 0x54ffffc1 0x52800100 0x72b08000 0xd4000003
judged 69 '' --expect y --junit "$WORK/j.xml"
[ "$(sed -n 's/.*<system-out>\(x*\).*/\1/p' "$WORK/j.xml" | wc -c)" = 16385 ] || fail "the tail of the console"

# docs/ci.md, typed: the shell example and the steps of the workflow, with a hypervisor that succeeds, one that does not.
block() { awk -v lang="$1" '$0 == "```" lang {on = 1; next} /^```/ {on = 0} on' "$ci"; }
steps() { block yaml | awk '/run: \|/ {match($0, /^ */); n = RLENGTH; on = 1; next} on {match($0, /^ */); if (RLENGTH <= n && NF) on = 0; else print}'; }
mkdir -p "$WORK/ci/bin" "$WORK/ci/build"
ln -s "$(realpath "$EL2SIM")" "$WORK/ci/bin/el2sim"
for example in shell workflow; do
    if [ $example = shell ]; then block sh; else steps; fi > "$WORK/ci/example"
    grep -q -- --junit "$WORK/ci/example" || fail "docs/ci.md: no $example"
    for kernel in demo hvcn; do
        COUNT=$((COUNT + 1))
        cp "$roms/$kernel.elf" "$WORK/ci/build/hypervisor.elf"
        rm -f "$WORK/ci/junit.xml"
        (cd "$WORK/ci" && PATH="$WORK/ci/bin:$PATH" sh -e example) > "$WORK/out" 2> "$WORK/err"
        STATUS=$?
        [ -s "$WORK/ci/junit.xml" ] || fail "docs/ci.md: $example: no report"
        if [ $kernel = demo ]; then want=0; else want=69; fi
        [ $STATUS = $want ] || fail "docs/ci.md: $example: status $STATUS of $kernel, not $want"
    done
done
finish
