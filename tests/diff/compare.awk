# Compares two logs line by line, matched by their label (the text before the first colon) and its occurrence.
# Usage: awk -v rom=NAME -f compare.awk DEVIATIONS QEMU EL2SIM
# A line of DEVIATIONS: ROM | the line of el2sim, an extended regular expression | rule. ROM `*`: every rom.
function key(line,   label) {
    label = line
    sub(/:.*/, "", label)
    return label "#" (++count[file, label])
}
function differ(a, b,   i) {
    for (i = 1; i <= patterns; i++)
        if (b ~ allowed[i]) { used[i]++; deviations++; return }
    if (++differences <= 20) print "qemu   " a "\nel2sim " b
}
FNR == 1 { file++ }
{ sub(/\r+$/, "") }
file == 1 {
    if ($0 == "" || /^#/) next
    if (split($0, part, / \| /) != 3) { print "deviations.txt:" FNR ": not three parts"; failed = 1; next }
    if (part[1] != "*" && part[1] != rom && rom !~ "^" part[1] "(-fp)?:") next
    allowed[++patterns] = "^" part[2] "$"
    next
}
file == 2 { k = key($0); order[++lines] = k; reference[k] = $0; next }
{
    k = key($0)
    seen[k] = 1
    if (!(k in reference)) differ("(no such line)", $0)
    else if ($0 != reference[k]) differ(reference[k], $0)
}
END {
    for (i = 1; i <= lines; i++) {
        label = order[i]
        sub(/#[0-9]*$/, "", label)
        if (!(order[i] in seen)) differ(reference[order[i]], label ": (no such line)")
    }
    for (i = 1; i <= patterns; i++)
        if (!used[i] && rom !~ /^random/) print "note: a listed deviation did not appear: " allowed[i]
    print rom ": " lines " lines, " deviations + 0 " listed deviations, " differences + 0 " differences"
    exit differences || failed || !lines
}
