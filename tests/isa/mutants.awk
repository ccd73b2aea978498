# Lists what can be changed by one character or operator: FILE LINE COLUMN OLD NEW, tab-separated.
# In *.isa: each fixed bit of a diagram. In sem_*.h: operators and small constants of the code.
function emit(col, old, new) { printf "%s\t%d\t%d\t%s\t%s\n", FILENAME, FNR, col, old, new }
function diagram(line,   start, end, i, c, before, after) {
    match(line, /^[a-z0-9_]+ +/)
    if (!RLENGTH) return
    start = RLENGTH + 1
    end = index(line, ":") ? match(substr(line, start), / : /) : 0
    if (end <= 0) return
    for (i = start; i < start + end; i++) {
        c = substr(line, i, 1)
        if (c != "0" && c != "1") continue
        # a run of 0, 1 and x between blanks is fixed bits; digits of a name or a width are not
        before = substr(line, 1, i); sub(/[01x]*$/, "", before)
        after = substr(line, i); sub(/^[01x]*/, "", after)
        if (before ~ / $/ && after ~ /^ /) emit(i, c, c == "0" ? "1" : "0")
    }
}
function code(line,   i, two, c, n) {
    sub(/\/\/.*/, "", line)
    if (line ~ /^#/ || line ~ /^static|^}|^[ \t]*$/) return
    n = length(line)
    for (i = 1; i <= n; i++) {
        two = substr(line, i, 2)
        c = substr(line, i, 1)
        if (substr(line, i, 3) ~ /^(<<=|>>=)$/ || two ~ /^(->|\+\+|--)$/) { i += 1; continue }
        if (two in swap2) { emit(i, two, swap2[two]); i++; continue }
        if (two ~ /^[-+&|^]=$/) { if (c in swap1) emit(i, c, swap1[c]); i++; continue }
        if (c in swap1 && substr(line, i - 1, 1) == " " && substr(line, i + 1, 1) == " ") { emit(i, c, swap1[c]); continue }
        if ((c == "!" || c == "~") && substr(line, i + 1, 1) ~ /[a-z(]/) { emit(i, c, " "); continue }
        if (c ~ /[0-9]/ && substr(line, i - 1, 1) !~ /[A-Za-z0-9_]/ && substr(line, i + 1, 1) !~ /[A-Za-z0-9_.]/)
            emit(i, c, c == "9" ? "8" : c + 1)
    }
}
BEGIN {
    swap1["+"] = "-"; swap1["-"] = "+"; swap1["&"] = "|"; swap1["|"] = "&"; swap1["^"] = "|"; swap1["<"] = ">="; swap1[">"] = "<="
    swap1["*"] = "+"; swap1["?"] = "&& 0 ?"
    swap2["<<"] = ">>"; swap2[">>"] = "<<"; swap2["=="] = "!="; swap2["!="] = "=="; swap2["&&"] = "||"; swap2["||"] = "&&"
    swap2["<="] = ">"; swap2[">="] = "<"
}
FILENAME ~ /\.isa$/ { diagram($0); next }
{ code($0) }
