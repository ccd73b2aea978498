#!/bin/sh
# `el2sim decode`: words taken apart as the Arm ARM's diagrams have them, and the scan of all of them.
. "$(dirname "$0")/lib.sh"

says() { grep -q -e "$1" "$WORK/out" || fail "no '$1' in: $(head -20 "$WORK/out")"; }
silent() { if grep -q -e "$1" "$WORK/out"; then fail "'$1' in: $(head -20 "$WORK/out")"; fi; }
is() { [ "$(cat "$WORK/out")" = "$1" ] || fail "not what is expected: $(cat "$WORK/out")"; }

# LSLV, X1 = X2 << X1: "Data-processing (2 source)".
expect 0 '' decode 9ac12041
is '9ac12041  lsl x1, x2, x1
  row    lslv (base.isa): {sf} =Rd Rn Rm
  31     sf       1                          1
  30              0
  29              0
  28:21           11010110
  20:16  Rm       00001                      1
  15:10           001000
  9:5    Rn       00010                      2
  4:0    Rd       00001                      1'
# Features.
expect 0 '' decode f8200001 -cpu cortex-a57
says '^  UNDEFINED on cortex-a57$'
says '^  not row ldadd: needs FEAT_LSE, which cortex-a57 does not have$'
says '^  needs  FEAT_LSE: cortex-a57 lacks FEAT_LSE$'
expect 0 '' decode 0xF8200001
says '^f8200001  ldadd x0, x1, \[x0\]$'; says '^  needs  FEAT_LSE: max has it$'; silent UNDEFINED
expect 0 '' decode 6e40c400 -cpu neoverse-n1
says '^  needs  FEAT_FP16 FEAT_FCMA: neoverse-n1 lacks FEAT_FCMA$'
# A hint that is another instruction without its feature; the text is the same.
expect 0 '' decode d503233f -cpu cortex-a57
says '^d503233f  paciasp$'
says '^  not row paclr: needs FEAT_PAuth, '; says '^  row    hint '; silent UNDEFINED
# Conditions: SBFM of 32 bits with N = 1; a scalar form with Q = 0; DUP of no element.
expect 0 '' decode 13400000
says '^  UNDEFINED on max$'; says '^  not row sbfm: not so: N == sf && (sf || (immr < 32 && imms < 32))$'
says '^  22     N        1  *1$'
expect 0 '' decode 1e20dc00; says '^  not row fmulx_v: s = 1 with Q = 0 is no scalar form$'
# Value lists: LDR (register) with option 1; ADD (shifted register) with ROR.
expect 0 '' decode f8602820; says '^  not row ldr_reg: option is 1, not 2, 3, 6, 7$'
expect 0 '' decode 8bc00000; says '^  not row add_shift: shift is 3, not 0, 1, 2$'
# No row at all, and the row that is UNDEFINED.
expect 0 '' decode 02000000; says '^  UNDEFINED on max: in no row$'; silent '^  row'
expect 0 '' decode 0; says '^  UNDEFINED: row udf says so$'; says '^00000000  udf #0$'
# System registers: decided when the instruction executes. MSR of an ID register; HFGRTR_EL2 is of FEAT_FGT.
expect 0 '' decode d51ff000 d5180000 d53c1180 -cpu cortex-a57
says '^  UNDEFINED when it executes, unless trapped: S3_7_C15_C0_0 is in no row of sysregs.reg$'
says '^  UNDEFINED when it executes, unless trapped: MIDR_EL1 cannot be written$'
says '^  UNDEFINED when it executes, unless trapped: HFGRTR_EL2 needs FEAT_FGT, which cortex-a57 does not have$'
expect 0 '' decode d53c1180 d5380000; silent 'UNDEFINED'
# By Capstone; not known to Capstone (isa-assembly compares with binutils, which has no DGH).
expect 0 '' decode d5033f5f d503309f d50320df
says '^d5033f5f  clrex$'; says '^d503309f  '; says '^d50320df  dgh$'

expect 0 '' decode --json 9ac12041 2000000 f8200001 -cpu cortex-a57
awk -f "$(dirname "$0")/json.awk" "$WORK/out" || fail "not JSON"
says '"name": "Rm", "hi": 20, "lo": 16, "bits": "00001", "value": 1}'
says '"word": "0x02000000", .*"defined": false, "row": "", "system": "", "rejected": \[\]}'
says '"missing": "FEAT_LSE"'

# All words. 2^28 of them in each value of bits <28:25>; UDF has 2^16.
expect 0 '' decode --scan
says '^reserved (UDF, SME)  *268435456 *0 *0 *0 *65536 *268369920$'
says '^SVE  *268435456 *0 *0 *0 *0 *268435456$'
says '^total  *4294967296 '
awk '/^(reserved|unalloc|SVE|data|branch|loads|scalar)/ { n = NF; for (i = 0; i < 6; i++) sum[i] += $(n - i) }
    /^total/ { for (i = 0; i < 6; i++) if (sum[i] != $(NF - i)) bad = 1
               if ($(NF) + $(NF - 1) + $(NF - 2) + $(NF - 3) + $(NF - 4) != $(NF - 5)) bad = 1 }
    END { exit bad }' "$WORK/out" || fail "the sums are wrong: $(cat "$WORK/out")"
expect 0 '' decode --scan --json -cpu cortex-a57
awk -f "$(dirname "$0")/json.awk" "$WORK/out" || fail "not JSON"
# B: 2^26 words; UDF; RET: one for each register; ADD (immediate): 2^24, ADD (shifted register) with a shift of 0: 2^16.
for count in '"b": 67108864' '"udf": 65536' '"ret": 32' '"add_imm": 16777216' '"add_reg": 65536'; do says "$count"; done

# Ctrl-C: what is counted until then.
timeout --preserve-status -s INT 1 "$EL2SIM" decode --scan --every-word > "$WORK/out" 2> "$WORK/err"
status=$?
[ $status = 1 ] || fail "interrupted: status $status"
says '^total  '
grep -q '^el2sim: interrupted: these are [0-9]* of 2^32 words$' "$WORK/err" || fail "no word of the interruption"

refuse "'xyz' is not a word" decode xyz
refuse "'123456789' is not a word" decode 123456789
refuse "an instruction word in hexadecimal" decode
refuse "unknown option '--frob'" decode 0 --frob
refuse "takes no words" decode --scan 0
refuse "belongs to --scan" decode 0 --every-word
refuse "unknown CPU z80" decode 0 -cpu z80
refuse "needs a model" decode 0 -cpu
finish
