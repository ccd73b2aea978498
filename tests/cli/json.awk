# Is the input one JSON value, and nothing else (RFC 8259)? Exit status 1 if not, with the place.
function bad(what) {
    if (!failed) printf "not JSON at character %d: %s\n", at, what > "/dev/stderr"
    failed = 1
}
function blanks() { while (at <= length(text) && index(" \t\n\r", substr(text, at, 1))) at++ }
function take(c) {
    if (substr(text, at, 1) == c) at++
    else bad(c " expected")
}
function string(   c) {
    take("\"")
    while (!failed) {
        c = substr(text, at, 1)
        if (c == "" || c < " ") return bad("end of string expected")
        at++
        if (c == "\"") return
        if (c != "\\") continue
        c = substr(text, at++, 1)
        if (c == "u") {
            if (substr(text, at, 4) !~ /^[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]$/) bad("\\u")
            at += 4
        } else if (c == "" || !index("\"\\/bfnrt", c)) bad("escape")
    }
}
function members(close_, named) {
    at++
    blanks()
    if (substr(text, at, 1) == close_) { at++; return }
    while (!failed) {
        blanks()
        if (named) { string(); blanks(); take(":") }
        value()
        blanks()
        if (substr(text, at, 1) == close_) { at++; return }
        take(",")
    }
}
function value(   c) {
    blanks()
    c = substr(text, at, 1)
    if (c == "{") members("}", 1)
    else if (c == "[") members("]", 0)
    else if (c == "\"") string()
    else if (match(substr(text, at), /^(true|false|null)/)) at += RLENGTH
    else if (match(substr(text, at), /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/)) at += RLENGTH
    else bad("value expected")
}
{ text = text $0 "\n" }
END {
    at = 1
    value()
    blanks()
    if (at <= length(text)) bad("end expected")
    exit failed
}
