#!/bin/sh
# --timeout-insns stops after exactly so many instructions, of all CPUs together.
. "$(dirname "$0")/lib.sh"

# CPU_ON(3), (2), (1) of `loop` (25 instructions), then all CPUs count in x4:
#   mov x20,#3; 1: mov w0,#3; movk w0,#0xc400,lsl #16; mov x1,x20; adr x2,loop; mov x3,#0; smc #0; subs x20,x20,#1; b.ne 1b
#   loop: add x4,x4,#1; b loop
words "$WORK/k" 0xd2800074 0x52800060 0x72b88000 0xaa1403e1 0x100000a2 0xd2800003 0xd4000003 0xf1000694 0x54ffff21 \
    0x91000484 0x17ffffff

# stops_at CPUS LIMIT: with each CPU's x4 saying the same as its count of instructions.
stops_at() {
    expect 67 'instruction limit' -M virt -smp "$1" -serial none -kernel "$WORK/k" --timeout-insns "$2" --stats
    grep -qE "^instructions $2(:|\$)" "$WORK/err" || fail "$1 CPUs: not $2 instructions"
    awk -v cpus="$1" -v limit="$2" '
        /^CPU [0-9]/ { cpu = $2 + 0; n[cpu] = $(NF - 1) }
        /^ X4 / { x4[cpu] = $2 }
        END {
            for (cpu = 0; cpu in n; cpu++) {
                sum += n[cpu]
                loop = n[cpu] - (cpu ? 0 : 25)
                if (loop > 0 && x4[cpu] != sprintf("%016x", int((loop + 1) / 2))) exit 1
            }
            exit cpu != cpus || sum != limit
        }' "$WORK/err" || fail "$1 CPUs, limit $2: what they counted is something else"
}

for limit in 1 2 25 26 1023 1024 1025 45000 45001 4000000 4000001 10000007; do stops_at 1 $limit; done
for limit in 1 25 10000 10001 45000 45001 1234567; do stops_at 4 $limit; done
finish
