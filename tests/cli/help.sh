#!/bin/sh
# `COMMAND --help`: what it names the command takes, and completion offers the same. $2: docs/completion.
. "$(dirname "$0")/lib.sh"
COMPLETION=${2:?usage: $0 el2sim docs/completion}
cd "$WORK" || exit 1 # demo --extract writes a file

# words_of FILE COMMAND: the line of completion for it.
words_of() { sed -n "s/^    $1) words='\(.*\)' ;;$/\1/p" "$COMPLETION/el2sim.bash"; }
# Of the command, not those of `run` that its help speaks of.
options_in() { sed 's/run -kernel FILE//; s/-trace insn=FILE//' | grep -o -E '(^|[ [])--?[a-z][a-z0-9-]*' | tr -d ' [' | sort -u; }
narrow() { ! grep -q -E '.{85}' "$WORK/out" || fail "$*: a line of 85 characters"; }

run --help
[ "$STATUS" = 0 ] || fail "--help: status $STATUS"
narrow --help
COMMANDS=$(sed -n 's/^\(usage:\|      \) el2sim \([a-z]*\) .*/\2/p' "$WORK/out")
[ "$(echo "$COMMANDS" | wc -l)" = 8 ] || fail "not 8 commands: $COMMANDS"
for c in $COMMANDS; do
    run "$c" --help
    [ "$STATUS" = 0 ] || fail "$c --help: status $STATUS"
    grep -q '^usage: el2sim ' "$WORK/out" || fail "$c --help: no usage"
    [ ! -s "$WORK/err" ] || fail "$c --help: something on stderr"
    narrow "$c"
    grep -q "words=\".*\<$c\>" "$COMPLETION/el2sim.bash" || fail "$c is not completed by bash"
    grep -q "'1::command:(.*\<$c\>" "$COMPLETION/_el2sim" || fail "$c is not completed by zsh"
    case $c in run | debug) continue ;; esac
    grep -q "^usage: el2sim $c " "$WORK/out" || fail "$c --help: not its own usage"
    { options_in < "$WORK/out"; echo --help; } | sort -u > "$WORK/options"
    words_of "$c" | tr ' ' '\n' | options_in | diff "$WORK/options" - > "$WORK/diff" ||
        fail "$c: completion and help differ: $(cat "$WORK/diff")"
    sed -n "/^$c)/,/return/p" "$COMPLETION/_el2sim" > "$WORK/zsh"
    while read -r option; do
        named=$option # what two commands have in common is in variables
        case $option in
        --help) named=\$help ;;
        -cpu) named=\$model ;;
        esac
        grep -q -F -e "$named" "$WORK/zsh" || fail "$c: zsh does not complete $option"
        [ "$option" != --help ] || continue
        # A value that is none, so that nothing runs.
        if [ "$c" = trace ]; then run trace show "$option" nosuch; else run "$c" "$option" nosuch; fi
        ! grep -q 'unknown option' "$WORK/err" || fail "$c does not know $option"
    done < "$WORK/options"
done
refuse "see el2sim exec --help" exec
refuse "see el2sim trace --help" trace
run trace show --help
[ "$STATUS" = 0 ] || fail "trace show --help: status $STATUS"
finish
