# Shared by `run` and `paths`: options, the rom of a set of words, running it. Sourced.
# shellcheck shell=bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
common=$here/../diff/common
machine=(-M virt,virtualization=on,gic-version=3 -nographic -no-reboot)

# parse EL2SIM GEN WORK [--seed N] [--cpu MODEL] [--rows A-B] [--cases N] [--table FILE]
parse() {
    el2sim=$1 gen=$2 work=$3
    shift 3
    seed=1 cpu=max rows=0-99999 cases=2000 table=
    while [ $# -gt 1 ]; do
        case $1 in
        --seed) seed=$2 ;;
        --cpu) cpu=$2 ;;
        --rows) rows=$2 ;;
        --cases) cases=$2 ;;
        --table) table=$2 ;;
        *) echo "$0: unknown option $1"; exit 2 ;;
        esac
        shift 2
    done
    [ $# = 0 ] || { echo "$0: no value for $1"; exit 2; }
    model=${cpu%+mte}
    # QEMU has extensions that are not modelled; their words must be UNDEFINED.
    qemu_cpu=$model
    [ "$model" != max ] || qemu_cpu=max,sve=off,sme=off
    [ "$cpu" = "$model" ] || machine[1]+=,mte=on
    mkdir -p "$work"
}

# rows_of_table FILE: its lines ROW(...) as words with spaces between.
rows_of_table() { sed -n 's/^ROW(\(.*\))$/\1/p' "$1" | tr -d ,; }

# build NAME GEN-OPTION...: NAME.elf, which runs these words.
build() {
    local name=$1
    shift
    "$gen" "$seed" "$cpu" --cases "$cases" "$@" >"$name.S"
    aarch64-linux-gnu-gcc -O2 -Wall -Wextra -ffreestanding -nostdlib -static -mgeneral-regs-only -fno-pic -no-pie \
        -fno-stack-protector -fno-asynchronous-unwind-tables -mstrict-align -Wl,--build-id=none \
        -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,--section-start=.isa_words=0x42000000 \
        -I "$common" -I "$here" -T "$common/rom.ld" "$common/start.S" "$common/rt.c" -o "$name.elf" \
        "$here/harness.c" "$name.S"
    rm -f "$name.S"
}

# run_on LOG COMMAND... ELF: at most $limit seconds of the CPU (900), and an hour of the clock on a busy machine.
run_on() {
    local log=$1 elf=${!#} status=0
    (ulimit -t "${limit:-900}" && timeout 3600 "${@:2:$#-2}" "${machine[@]}" -kernel "$elf") </dev/null >"$log" 2>"$log.err" || status=$?
    tail -n 1 "$log" | grep -q '^END' || {
        echo "$2: no END (status $status); the last lines:"
        tail -n 3 "$log"
        tail -n 20 "$log.err"
        return 1
    }
}
