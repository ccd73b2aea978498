#!/bin/sh
# A session for each command, with text that it must print: commands.txt. A command of `help` without one fails.
# Usage: debug_commands.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2 SMP=2
echo_rom "$WORK/echo"
printf '%s\n' 'echo in the script\n' > "$WORK/command"

sed "s#FILE#$WORK/file#g; s#SCRIPT#$WORK/command#; s#ROMS#$ROMS#; /^#/d; s/ *| */|/g" "$(dirname "$0")/commands.txt" > "$WORK/table"
# Of each row the longest name of a command that its third column starts with.
commands > "$WORK/names"
awk -F'|' 'NR == FNR { name[n++] = $0; next }
    { best = ""
      for (i = 0; i < n; i++)
          if (index($3, name[i]) == 1 && substr($3, length(name[i]) + 1) ~ /^($|[ \/;])/ && length(name[i]) > length(best)) best = name[i]
      print best != "" ? best : "no command: " $3 }' "$WORK/names" "$WORK/table" | sort > "$WORK/got"
sort "$WORK/names" | diff - "$WORK/got" > "$WORK/err" || fail "'<': no session in commands.txt, '>': one too many: $(cat "$WORK/err")"
[ "$(wc -l < "$WORK/names")" -ge 70 ] || fail "help lists $(wc -l < "$WORK/names") commands"

# steps COMMANDS: those between semicolons, a line each.
steps() { printf '%s\n' "$1" | sed 's/ *; */\n/g'; }
while IFS='|' read -r ROM before command line; do
    case $ROM in
    echo) ROM='' SERIAL=stdio OPTIONS="-kernel $WORK/echo --timeout-insns 100000" status=67 ;;
    *) SERIAL=none OPTIONS='' status=0 ;;
    esac
    case $line in 'status '*) status=${line#status } ;; esac
    session "$(steps "$before")" 'echo ==\n' "$(steps "$command")"
    [ "$STATUS" = "$status" ] || fail "$command: status $STATUS, not $status"
    { awk 'on; /^==$/ {on = 1}' "$WORK/out"; echo "status $STATUS"; } > "$WORK/said"
    grep -qx -e "$line" "$WORK/said" || fail "$command: no line '$line' in: $(cat "$WORK/said")"
done < "$WORK/table"
finish
