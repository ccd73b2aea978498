#!/bin/sh
# `el2sim isa`: the rows, and that docs/instructions.md is what it prints.
# Usage: isa.sh EL2SIM DOCS
. "$(dirname "$0")/lib.sh"
DOCS=${2:?}

says() { grep -q -x -e "$1" "$WORK/out" || fail "no '$1' in: $(head -5 "$WORK/out")"; }

expect 0 '' isa add_imm fcmla_elem
[ "$(wc -l < "$WORK/out")" = 2 ] || fail "not two rows"
says 'add_imm  *base  *sf:1 0 0 100010 sh:1 imm12:12 Rn:5 Rd:5 : 2000 of 2000 cases pass, executed [1-9][0-9]*, [1-9][0-9]* in guests'
says 'fcmla_elem  *fp  *fp  *0 1 1 01111 10 0 Rm:5 0 rot:2 1 H:1 0 Rn:5 Rd:5 : FEAT_FCMA : [1-9].*'
expect 0 '' isa casp; says 'casp  *loadstore  *mem .* : FEAT_LSE : where !(Rs & 1) && !(Rt & 1) : 1[0-9]* of 2000 cases pass, [1-9][0-9]* listed, executed .*'
# Rows in the tables' lines: names in the first column, but for includes and the second line of a row.
expect 0 '' isa
rows=$(cat "$DOCS"/../src/cpu/*.isa | grep -v '^include' | grep -c '^[a-z]')
[ "$(wc -l < "$WORK/out")" = "$rows" ] || fail "$(wc -l < "$WORK/out") rows, the tables have $rows"
expect 0 '' isa 'ld*' --json
awk -f "$(dirname "$0")/json.awk" "$WORK/out" || fail "not JSON"
says ' {"row": "ldar", "table": "loadstore", "kind": "mem", .*"mask": "0x3fe08000", "value": "0x08c08000", "handlers": 4, "cases": 2000, "passed": [0-9]*, "listed": [0-9]*, "executed": [0-9]*, "guests": [0-9]*},'

run isa --markdown
cmp -s "$WORK/out" "$DOCS/instructions.md" ||
    fail "docs/instructions.md is stale: el2sim isa --markdown > docs/instructions.md ($(diff "$WORK/out" "$DOCS/instructions.md" | grep -c '^[<>]') lines differ)"

refuse 'no row has such a name' isa frobnicate
refuse "unknown option '--frob'" isa --frob
finish
