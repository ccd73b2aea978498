#!/bin/sh
# Wrong options and bad files: one clear line on stderr, status 2.
. "$(dirname "$0")/lib.sh"

# A kernel that is fine: branch to itself.
words "$WORK/loop" 0x14000000

# --- options ---
refuse "unknown option '-nonsense'" -nonsense
refuse "unknown option '--kern'" --kern "$WORK/loop"
refuse "needs a value" -kernel
refuse "unknown command" frobnicate
refuse "unexpected argument" -kernel "$WORK/loop" disk.img
refuse "no machine 'pc'" -M pc
refuse "'bogus' is not known" -M virt,bogus=on
refuse "gic-version=4" -M virt,gic-version=4
refuse "neither on nor off" -M virt,its=maybe
refuse "secure=on is not modelled" -M virt,secure=on
refuse "no CPU 'z80'.*cortex-a72" -cpu z80
refuse "sve=on is not modelled" -cpu max,sve=on
refuse "cortex-a72 has no memory tagging" -M virt,mte=on -cpu cortex-a72 -kernel "$WORK/loop"
refuse "pauth-impdef=on needs pauth=on" -cpu max,pauth=off,pauth-impdef=on
refuse "neither on nor off" -cpu max,pauth=perhaps
refuse "property .pauth. cannot be changed" -cpu cortex-a72,pauth=on
refuse "property 'colour'" -cpu max,colour=red
refuse "not a number" -smp many
refuse "0 CPUs" -smp 0
refuse "GICv2 has 8" -smp 9 -kernel "$WORK/loop"
refuse "from 1 to" -smp 100000
refuse "threads=2" -smp 2,threads=2
refuse "not a size" -m lots
refuse "not a size" -m -5
refuse "at most 64 GB" -m 65G -kernel "$WORK/loop"
refuse "highmem=off" -M virt,highmem=off -m 4G -kernel "$WORK/loop"
refuse "neither tcp::PORT" -gdb 1234 -kernel "$WORK/loop"
refuse "is no port" -gdb tcp::99999 -kernel "$WORK/loop"
refuse "cannot listen" -gdb unix:/nowhere/socket -kernel "$WORK/loop"
refuse "needs -gdb" -S
refuse "not modelled" -netdev user,id=n
refuse "virtio-blk-device.* not modelled" -device virtio-blk-device,drive=d
refuse "if=virtio is not modelled" -drive if=virtio,file=x
refuse "not modelled" -display gtk
refuse "one serial line" -serial stdio -serial stdio
refuse "not modelled" -serial tcp::1
refuse "interprets" -accel kvm
refuse "neither virtual nor host" --clock sundial
refuse "not a number" --seed x
refuse "at least 1" --timeout-insns 0
refuse "not known" --trace everything
refuse "needs a file" --trace exits=
refuse "needs --trace" --symbols x -kernel "$WORK/loop"
refuse "needs -kernel" -initrd "$WORK/loop"
refuse "nothing to run"

# --- -device loader and guest-loader ---
refuse "go together" -device loader,data=1,addr=0x40000000
refuse "from 1 to 8" -device loader,data=1,data-len=9,addr=0x40000000
refuse "not a number" -device loader,file="$WORK/loop",addr=here
refuse "needs addr=" -device loader,file="$WORK/loop",cpu-num=0
refuse "1 CPUs" -device loader,file="$WORK/loop",addr=0x40000000,cpu-num=1
refuse "does not fit in RAM" -device loader,file="$WORK/loop",addr=0x1000,cpu-num=0
refuse "'colour' is not known" -device loader,colour=red
refuse "guest-loader needs" -device guest-loader,addr=0x41000000
refuse "overlaps" -kernel "$WORK/loop" -device guest-loader,addr=0x40080000,kernel="$WORK/loop"

# --- files ---
refuse "No such file" -kernel /nonexistent
refuse "directory" -kernel /
: > "$WORK/empty"
refuse "empty" -kernel "$WORK/empty"
refuse "No such file" -kernel "$WORK/loop" -initrd /nonexistent
refuse "No such file" -kernel "$WORK/loop" -dtb /nonexistent
refuse "not a valid device tree" -kernel "$WORK/loop" -dtb "$WORK/loop"
refuse "exactly 67108864" -drive if=pflash,file="$WORK/loop"
refuse "No such file" -bios /nonexistent
refuse "cannot open" -kernel "$WORK/loop" -serial file:/nonexistent/log

# ELF: header alone, cut short, another machine's, segment outside of RAM or file.
elf_header() {  # MACHINE PHNUM
    printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000'
    le 2 2; le 2 "$1"; le 4 1; le 8 0x40400000; le 8 64; le 8 0; le 4 0; le 2 64; le 2 56; le 2 "$2"
    le 2 0; le 2 0; le 2 0
}
elf_segment() {  # OFFSET PADDR FILESZ MEMSZ
    le 4 1; le 4 5; le 8 "$1"; le 8 "$2"; le 8 "$2"; le 8 "$3"; le 8 "$4"; le 8 4096
}
{ elf_header 183 1; elf_segment 120 0x40400000 4 4; le 4 0x14000000; } > "$WORK/elf"
head -c 40 "$WORK/elf" > "$WORK/bad"
refuse "truncated ELF" -kernel "$WORK/bad"
head -c 100 "$WORK/elf" > "$WORK/bad"
refuse "bad.*ELF" -kernel "$WORK/bad"
head -c 122 "$WORK/elf" > "$WORK/bad"
refuse "outside of the file" -kernel "$WORK/bad"
{ elf_header 62 1; elf_segment 120 0x40400000 4 4; le 4 0; } > "$WORK/bad"
refuse "not AArch64" -kernel "$WORK/bad"
{ elf_header 183 1; elf_segment 120 0x10000000 4 4; le 4 0; } > "$WORK/bad"
refuse "does not fit in RAM" -kernel "$WORK/bad"
{ elf_header 183 1; elf_segment 120 0x40400000 4 0x7fffffffffff; le 4 0; } > "$WORK/bad"
refuse "does not fit in RAM" -kernel "$WORK/bad"
{ elf_header 183 1; elf_segment 120 0x40400000 8 4; le 4 0; } > "$WORK/bad"
refuse "larger in the file" -kernel "$WORK/bad"
{ elf_header 183 0; le 4 0; } > "$WORK/bad"
refuse "nothing to load" -kernel "$WORK/bad"

# Image: RAM too small, absurd header, damaged gzip.
image() {  # TEXT_OFFSET IMAGE_SIZE FLAGS
    le 4 0x14000000; le 4 0; le 8 "$1"; le 8 "$2"; le 8 "$3"; le 8 0; le 8 0; le 8 0
    printf 'ARM\144'; le 4 0
}
image 0 0x10000000 10 > "$WORK/image"
refuse "does not fit in RAM.*-m" -kernel "$WORK/image" -m 64
image 0x7fffffffffffffff 0x1000 10 > "$WORK/bad"
refuse "damaged Image header" -kernel "$WORK/bad"
image 0 0x1000 11 > "$WORK/bad"
refuse "big-endian" -kernel "$WORK/bad"
gzip -c "$WORK/image" | head -c 30 > "$WORK/bad"
refuse "truncated or damaged" -kernel "$WORK/bad"
printf 'MZ' > "$WORK/bad"
refuse "truncated Image" -kernel "$WORK/bad"

# Device tree: cut short.
expect 0 '' -M virt,dumpdtb="$WORK/dtb"
head -c 1000 "$WORK/dtb" > "$WORK/bad"
refuse "not a valid device tree" -kernel "$WORK/loop" -dtb "$WORK/bad"
refuse "dumpdtb" -M virt,dumpdtb=/nonexistent/dtb

finish
