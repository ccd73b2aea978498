# Checks a console log against an ordered list of extended regular expressions, one a line.
# Usage: awk -f expect.awk EXPECTED LOG     prints the first expectation that was not met.
# A line `!regex` must not match any line of the log.
FNR == NR {
    if ($0 == "" || /^#/) next
    if (/^!/) never[++nevers] = substr($0, 2)
    else want[++wants] = $0
    next
}
{
    sub(/\r+$/, "")
    for (i = 1; i <= nevers; i++)
        if ($0 ~ never[i]) { print "must not appear: " never[i] "\n  line: " $0; bad = 1 }
    if (met < wants && $0 ~ want[met + 1]) met++
}
END {
    if (!wants) { print "no expectations"; exit 1 }
    if (met < wants) { print "not seen (in this order): " want[met + 1]; exit 1 }
    exit bad
}
