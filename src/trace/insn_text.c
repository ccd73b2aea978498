// Lines of the kind insn:text: each instruction with the registers that it changed (docs/trace.md, "Instructions as
// text"). Every register is compared before and after, which is for short windows.
#include "cpu/op.h"
#include "trace/internal.h"

void insn_text_begin(InsnText *i, const LineFacts *line, const Cpu *cpu) {
    i->line = *line;
    i->exceptions = cpu->exceptions;
    memcpy(&i->word, cpu->page->host + (cpu->pc & 0xfff), 4);
    memcpy(i->x, cpu->x, sizeof i->x);
    memcpy(i->v, cpu->v, sizeof i->v);
    i->nzcv = cpu_nzcv(cpu);
}

static char *put_word(char *p, u32 word) {
    for (int shift = 28; shift >= 0; shift -= 4) *p++ = "0123456789abcdef"[word >> shift & 15];
    return p;
}

static char *put_instruction(const Trace *t, char *p, const InsnText *i) {
    char text[160];
    p = put_word(put_text(p, " INSN "), i->word);
    if (!t->disassembler) return p;
    t->config_disassembler->text(t->disassembler, world_space(i->line.world), i->line.pc, i->word,
                                 text, sizeof text);
    return put_text(put_text(p, " "), text);
}

static char *put_general(char *p, const InsnText *i, const Cpu *cpu) {
    for (unsigned n = 0; n < ARRAY_LEN(i->x); n++) {
        if (cpu->x[n] == i->x[n]) continue;
        p = n == REG_SP ? put_text(p, " sp") : put_dec(put_text(p, " x"), n);
        p = put_hex(put_text(p, "="), cpu->x[n]);
    }
    return p;
}

// A capital letter is a flag that is 1.
static char *put_flags(char *p, u32 nzcv) {
    p = put_text(p, " nzcv=");
    for (unsigned n = 0; n < 4; n++) *p++ = (nzcv >> (31 - n) & 1 ? "NZCV" : "nzcv")[n];
    return p;
}

static char *put_vectors(char *p, const InsnText *i, const Cpu *cpu) {
    for (unsigned n = 0; n < ARRAY_LEN(i->v); n++) {
        const V128 *v = &cpu->v[n];
        if (!memcmp(v, &i->v[n], sizeof *v)) continue;
        p = put_text(put_dec(put_text(p, " v"), n), "=0x");
        for (int s = 3; s >= 0; s--) p = put_word(p, v->s[s]);
    }
    return p;
}

static char *put_changes(char *p, const InsnText *i, const Cpu *cpu) {
    char *start = put_text(p, " ;");
    char *end = put_general(start, i, cpu);
    if (cpu_nzcv(cpu) != i->nzcv) end = put_flags(end, cpu_nzcv(cpu));
    end = put_vectors(end, i, cpu);
    return end == start ? p : end;
}

void trace_insn_text(Trace *t, const Cpu *cpu, InsnText *i) {
    if (!i->begun) return;
    i->begun = false;
    char *p = put_instruction(t, trace_start_wanted(t, &i->line), i);
    // Taken from it: nothing but what the exception writes has changed.
    if (cpu->exceptions == i->exceptions) p = put_changes(p, i, cpu);
    trace_end_line(t, p);
}
