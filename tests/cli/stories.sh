#!/bin/sh
# The sessions in docs/stories: each page's commands give what the page shows, in at most four of them; and a guest
# of the same rom with the bug taken out by the debugger powers off. Usage: stories.sh EL2SIM ROMS DOCS
. "$(dirname "$0")/lib.sh"
ROMS=$2
DOCS=$3

# session ARGS...: the commands of $WORK/commands, each after a line that shows it.
session() {
    while IFS= read -r command; do
        printf 'echo (el2sim) %s\\n\n%s\n' "$command" "$command"
    done < "$WORK/commands" > "$WORK/script"
    (cd "$ROMS" && timeout 60 "$EL2SIM" debug "$@" --batch -x "$WORK/script" < /dev/null) > "$WORK/out" 2> "$WORK/err"
    STATUS=$?
}

for name in stage2-hang lost-interrupts; do
    COUNT=$((COUNT + 1))
    page=$DOCS/stories/$name.md
    sed -n '/^```console$/,/^```$/p' "$page" | grep -v '^```' > "$WORK/block"
    args=$(sed -n 's/^\$ el2sim debug //p' "$WORK/block")
    grep -v '^\$ ' "$WORK/block" > "$WORK/want"
    sed -n 's/^(el2sim) //p' "$WORK/want" > "$WORK/commands"
    n=$(wc -l < "$WORK/commands")
    { [ "$n" -ge 1 ] && [ "$n" -le 4 ]; } || fail "$name: $n commands"
    # shellcheck disable=SC2086
    session $args
    [ "$STATUS" = 0 ] || fail "$name: status $STATUS"
    diff "$WORK/want" "$WORK/out" >&2 || fail "$name: the page shows something else"
done

# fixed ROM COMMAND...: with the bug taken out the guest comes to its end.
fixed() {
    COUNT=$((COUNT + 1))
    rom=$1
    shift
    printf '%s\n' "$@" > "$WORK/commands"
    session -M virt,virtualization=on,gic-version=3 -nographic -no-reboot -kernel "$rom.elf"
    grep -q 'SYSTEM_OFF' "$WORK/out" "$WORK/err" || { fail "$rom: not powered off"; cat "$WORK/out" >&2; }
}
fixed story_stage2 'set {u64} s2_level3 + 8 = u64(s2_level3 + 8) & ~(1 << 54)' continue
fixed story_vgic 'break inject if ICH_LR0_EL2.State != 0' continue 'set ICH_LR1_EL2 = 0x50a0000000000000 | x0' \
    'set $pc = inject + 12' continue
finish
