#!/bin/sh
# The debugger's commands for memory, code and symbols: x, disas, find, dump, restore, info symbol, info address, symbol-file.
# Usage: debug_memory.sh EL2SIM ROMS
. "$(dirname "$0")/lib.sh"
ROMS=$2

# 0x40080000: code of every kind whose text is made here, then data.
words "$WORK/code" \
    0x94000002 0x54000040 0xb4000020 0x37180020 0x10000020 0xb0000000 0xd53c1100 0xd51c1100 \
    0xd50c8720 0xd5087843 0xd508871f 0x995f0020 0xffffffff 0xd503201f
printf 'text "1"\n\001\000more\000' >> "$WORK/code"
printf '%s\n' '0000000040080000 T start' '0000000040080008 T second' '0000000040080038 T text' > "$WORK/map"
OPTIONS="-device loader,file=$WORK/code,addr=0x40080000,force-raw=on,cpu-num=0 --symbols $WORK/map"

# --- disas: targets, registers and system instructions by the machine's names, what Capstone does not know
prints '=> 0x40080000 <+0x0>:  bl      #0x40080008 <second>' disas
prints '   0x40080004 <+0x4>:  b.eq    #0x4008000c <second+0x4>' disas
session disas
[ "$(grep -c ':  ' "$WORK/out")" = 2 ] || fail "disas does not end with the function"
prints '   0x40080008 <+0x0>:  cbz     x0, #0x4008000c <second+0x4>' 'disas second'
prints '   0x4008000c <+0x4>:  tbnz    w0, #3, #0x40080010 <second+0x8>' 'disas second'
prints '   0x40080010 <+0x8>:  adr     x0, #0x40080014 <second+0xc>' 'disas second'
prints '   0x40080018 <+0x10>:  mrs     x0, HCR_EL2' 'disas second'
prints '   0x4008001c <+0x14>:  msr     HCR_EL2, x0' 'disas second'
prints '   0x40080020 <+0x18>:  tlbi    VAE2, x0' 'disas second'
prints '   0x40080024 <+0x1c>:  at      S1E0R, x3' 'disas second'
prints '   0x40080028 <+0x20>:  tlbi    VMALLE1' 'disas second'
prints '   0x4008002c <+0x24>:  ldapur  w0, [x1, #-16]' 'disas second'
prints '   0x40080030 <+0x28>:  .inst   0xffffffff' 'disas second'
prints '   0x4008001c <+0x14>:  d51c1100  msr     HCR_EL2, x0' 'disas/2r second + 0x10'
session 'disas /3 second'
[ "$(grep -c ':  ' "$WORK/out")" = 3 ] || fail "disas/3: $(cat "$WORK/out")"
refuses 'disas: 0x40080002 is no address of an instruction' 'disas 0x40080002'
refuses '0x20000000: there is nothing at pa 0x20000000' 'disas 0x20000000'

# --- x
prints '0x40080000 <start>:  0x94000002  0x54000040  0xb4000020  0x37180020' 'x/4xw start'
prints '0x40080000 <start>:  0x5400004094000002  0x37180020b4000020' 'x/2gx $pc'
prints '0x40080010 <second+0x8>:  0xb000000010000020' 'x/3g start'
prints 'pa(0x40080000) <start>:  0x0002  0x9400' 'x/2xh pa(0x40080000)'
prints '0x40080000 <start>:  -1811939326   1409286208' 'x/2dw start'
prints '0x40080038 <text>:  "text \"1\"\n\001"' 'x/s text'
prints '0x40080043 <text+0xb>:  "more"' 'x/2s text'
prints "0x40080038 <text>:  116 't'  101 'e'" 'x/2c text'
prints '=> 0x40080000 <start>:  bl      #0x40080008 <second>' 'x/i $pc'
prints '   0x40080004 <start+0x4>:  b.eq    #0x4008000c <second+0x4>' 'x/i $pc' x
prints '0x40080000 <start>:  0x40080004 <start+0x4>' 'set {u64} start = start + 4' 'x/a start'
refuses 'x: needs an address' x
refuses "x: no format 'q' here" 'x/q start'
refuses '0x20000000: there is nothing at pa 0x20000000' 'x 0x20000000'
refuses '0x9000000: pa 0x9000000 is pl011, a device' 'x 0x9000000'
refuses 'vm3: no CPU has run a VM with this VMID yet' 'x vm3:0x1000'
# A range that ends where nothing is: what is there is shown.
session 'x/4gx 0x47fffff0'
grep -qxF '0x47fffff0:  0x0000000000000000  0x0000000000000000' "$WORK/out" || fail "x before the end of RAM"
grep -q '0x48000000: there is nothing' "$WORK/err" || fail "x at the end of RAM"

# --- find
prints '0x40080018 <second+0x10>' 'find start, +0x100, 0xd53c1100'
prints '   0x40080018 <second+0x10>:  mrs     x0, HCR_EL2' 'find start, +0x100, 0xd53c1100' 'x/i'
prints '0x4008003a <text+0x2>' 'find start, +0x100, "xt"'
prints '0x4008003f <text+0x7>' 'find/b start, start + 0x100, 0x22, 10'
prints 'not found' 'find start, +0x17, 0xd53c1100'
prints '0x40080018 <second+0x10>' 'find start, +0x1c, 0xd53c1100'
prints '0x40000ffe' 'set {u32} 0x40000ffe = 0xcafef00d' 'find 0x40000000, +0x10000, 0xcafef00d'
prints '1 page not looked at: not mapped, or no memory' 'find 0x47fff000, +0x1800, 1'
session 'find/2b start, +0x40, 0'
[ "$(wc -l < "$WORK/out")" = 3 ] || fail "find/2: $(cat "$WORK/out")"
refuses "find: ',' expected after the start" 'find 1 2'
refuses 'find: needs what to look for' 'find 1, +2'
refuses 'find: the end is before the start' 'find 2, 1, 0'
refuses "find: no '\"' at the end of the text" 'find 2, 3, "x'

# --- dump, restore
prints "8 bytes written to $WORK/file" "dump $WORK/file text, +8"
[ "$(cat "$WORK/file")" = 'text "1"' ] || fail "dump: $(cat "$WORK/file")"
prints "4 bytes written to $WORK/file" "dump $WORK/file 0x40080038 0x4008003c"
prints "4 bytes of $WORK/file restored to 0x40080043 <text+0xb>" "restore $WORK/file binary text + 11"
prints '0x40080043 <text+0xb>:  "text"' "restore $WORK/file text + 11" 'x/s text + 11'
refuses "dump: cannot create '/nonexistent/f'" 'dump /nonexistent/f start, +4'
refuses "restore: cannot open '/nonexistent/f'" 'restore /nonexistent/f start'
refuses "restore: $WORK/file, after 0 bytes: 0x20000000: there is nothing" "restore $WORK/file 0x20000000"

# --- symbols
prints 'second + 8' 'info symbol start + 16'
prints 'start' 'i sy $pc'
prints 'No symbol matches 0x10.' 'info symbol 0x10'
prints 'second is at 0x40080008' 'info address second'
prints 'el2:second is at 0x40080008' "symbol-file el2:$WORK/map" 'info address el2:second'
prints "3 symbols read from el2:$WORK/map" "symbol-file el2:$WORK/map"
refuses "info address: no symbol 'nobody'" 'info address nobody'
refuses 'symbols: cannot open' 'symbol-file nobody'
finish
