# Checks what a booted Linux says against the features of its CPU: userland.txt has the format.
# Usage: awk -v cpu=MODEL[+mte] -f userland.awk docs/features.md userland.txt CONSOLE
function fail(text) { print text; bad = 1 }
function want(line, present, why) {
    known[line] = 1
    checked++
    if (present && !(line in seen)) fail("missing: " line " (" why ")")
    if (!present && (line in seen)) fail("must not be there: " line " (" why ")")
}
FNR == 1 { file++ }

file == 1 && /^\| feature / {
    n = split($0, column, / *\| */)
    for (i = 1; i <= n; i++) if (column[i] == cpu || column[i] "+mte" == cpu) mine = i
    next
}
file == 1 && /^\| FEAT_/ {
    split($0, column, / *\| */)
    has[column[2]] = column[mine] == "yes" || (column[2] == "FEAT_MTE" && cpu ~ /\+mte$/)
    advertised[column[2]] = has[column[2]] || / yes /
}

file == 2 && /^(says|without|always|on|nothing) / { sub(/ *#.*/, ""); rule[++rules] = $0 }
file == 2 && /^differs / {
    if ($2 == cpu) { sub(/ *#.*/, ""); sub(/^differs [^ ]* [^ ]* /, ""); known[$0] = 1 }
}

file == 3 && /^(detected|hwcap) / { seen[$0] = 1 }
file == 3 && /^driver / {
    drivers++
    if (!/: passed$/) fail("not tested: " $0)
    sub(/ of .*/, "")
    seen[$0] = 1
}
# -2: there is no such algorithm.
file == 3 && /^alg: .*fail/ && !/: -2$|\(rc=-2\)$/ { fail($0) }
file == 3 && /^wrong / { fail($0) }
file == 3 && /^INIT: .* status [^0]/ { fail($0) }

END {
    if (!mine) fail("no CPU " cpu " in docs/features.md")
    for (i = 1; i <= rules; i++) {
        split(rule[i], word, " ")
        line = rule[i]
        if (word[1] == "nothing") {
            n = split(rule[i], word, " ")
            for (k = 2; k <= n; k++) listed[word[k]] = 1
            continue
        }
        if (word[1] == "always") {
            sub(/^always /, "", line)
            want(line, 1, "always")
            continue
        }
        sub(/^[^ ]* [^ ]* /, "", line)
        if (word[1] == "on") {
            if (word[2] == cpu) want(line, 1, "on " cpu)
            continue
        }
        if (!(word[2] in has)) fail("no feature " word[2] " in docs/features.md")
        listed[word[2]] = 1
        want(line, word[1] == "says" ? has[word[2]] : !has[word[2]], word[2])
    }
    for (f in advertised) if (advertised[f] && !(f in listed)) fail(f " is not in userland.txt")
    for (line in seen) if (line !~ /^driver/ && !(line in known)) fail("not in userland.txt: " line)
    if (drivers < 100 || checked < 100) fail("only " drivers + 0 " drivers, " checked + 0 " rules")
    if (!bad) print drivers " drivers passed their self-tests, " checked " rules"
    exit bad
}
