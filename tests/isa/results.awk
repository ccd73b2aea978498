# Compares what harness.c printed on QEMU and on el2sim, line by line.
# Usage: awk -v pass=rows|cases [-v again=COMMAND -v counts=FILE] -f results.awk LIST [DEVIATIONS] QEMU EL2SIM
# LIST is that of `gen --list`. Pass `rows`: the numbers of the rows that differ, with commas. Pass `cases`: a case
# that differs must match a line of DEVIATIONS: ROWS | QEMU's line | el2sim's line | rule, the first three as extended regular
# expressions: of the row's name, or of that, a blank and the word; and of everything behind "state N:". To the file `counts`: ROW,
# cases that are the same, cases that a line explains. Prints the first that do not, each with the command (COMMAND ...) that makes a
# command line of `el2sim exec` of it, and how many of which.
function body(line) {
    sub(/^[^:]*: /, "", line)
    sub(/ hash=.*/, "", line)
    return line
}
function explained(row, word, a, b,   i) {
    for (i = 1; i <= patterns; i++)
        if ((row ~ which[i] || row " " word ~ which[i]) && a ~ theirs[i] && b ~ ours[i]) { used[i]++; return 1 }
    return 0
}
FNR == 1 { file++ }
{ sub(/\r+$/, "") }
file == 1 { name[$1] = $2; next }
pass == "cases" && file == 2 {
    if ($0 == "" || /^#/) next
    if (split($0, part, / \| /) != 4) { print "deviations.txt:" FNR ": not four parts"; bad++; next }
    which[++patterns] = "^(" part[1] ")$"; theirs[patterns] = "^" part[2] "$"; ours[patterns] = "^" part[3] "$"
    next
}
file == (pass == "cases" ? 3 : 2) { reference[++lines] = $0; next }
{
    seen++
    if (seen > lines || $0 == "END") next
    if (pass == "rows") {
        if ($0 == reference[seen]) next
        split($0, part, /[ :]/)
        print part[2]
        next
    }
    split($0, part, / |:/)
    row = name[part[2]]
    if ($0 == reference[seen]) { same[row]++; next }
    if (explained(row, part[5], body(reference[seen]), body($0))) { deviations++; listed[row]++; next }
    if (++differ[row] <= 3 && ++shown <= 60) print row "\n  qemu   " reference[seen] "\n  el2sim " $0 \
            "\n  again  " again " --mode exec --rows " part[2] " --words " part[4] " --state " part[7]
    bad++
}
END {
    if (seen != lines || reference[lines] != "END") { print "no END: " lines " lines of QEMU, " seen " of el2sim"; exit 1 }
    if (pass == "rows") exit 0
    for (i in name) if (same[name[i]] + listed[name[i]]) print name[i], same[name[i]] + 0, listed[name[i]] + 0 >counts
    for (row in differ) print "row " row ": " differ[row] " differences"
    print lines - 1 " cases of rows with differences: " deviations + 0 " listed deviations, " bad + 0 " differences"
    exit bad != 0
}
