// The register dump of fatal reports.
#include "machine/machine.h"

#include <stdio.h>

static void print(FILE *out, const char *name, u64 value, bool last) {
    fprintf(out, " %-9s %016llx%s", name, (unsigned long long)value, last ? "\n" : " ");
}

static void dump_general(const Cpu *cpu, FILE *out) {
    char name[8];
    for (unsigned i = 0; i < 31; i++) {
        snprintf(name, sizeof name, "X%u", i);
        print(out, name, cpu->x[i], i % 4 == 3);
    }
    print(out, "SP", cpu->x[REG_SP], true);
}

static void dump_pstate(const Cpu *cpu, FILE *out) {
    static const struct {
        u32 bit;
        const char *name;
    } flags[] = {{PSTATE_D, "D"},     {PSTATE_A, "A"},     {PSTATE_I, "I"},
                 {PSTATE_F, "F"},     {PSTATE_IL, "IL"},   {PSTATE_SS, "SS"},
                 {PSTATE_PAN, "PAN"}, {PSTATE_UAO, "UAO"}, {PSTATE_SSBS, "SSBS"}};
    u32 spsr = cpu_spsr(cpu);
    fprintf(out, " PSTATE %08x: EL%u%c %c%c%c%c", spsr, cpu->el, spsr & PSTATE_SP ? 'h' : 't',
            bit(spsr, 31) ? 'N' : '-', bit(spsr, 30) ? 'Z' : '-', bit(spsr, 29) ? 'C' : '-',
            bit(spsr, 28) ? 'V' : '-');
    for (unsigned i = 0; i < ARRAY_LEN(flags); i++)
        if (spsr & flags[i].bit) fprintf(out, " %s", flags[i].name);
    fputc('\n', out);
}

static const char *halt_name(Halt halt) {
    switch (halt) {
    case HALT_WFI: return "in WFI";
    case HALT_WFE: return "in WFE";
    case HALT_OFF: return "off";
    default: return "running";
    }
}

void cpu_dump(const Cpu *cpu, FILE *out) {
    const struct SysRegs *s = &cpu->sys;
    fprintf(out, "CPU %u, %s, PC %016llx, %llu instructions\n", cpu->index, halt_name(cpu->halt),
            (unsigned long long)cpu->pc, (unsigned long long)cpu->icount);
    if (cpu->halt == HALT_OFF) return;
    dump_pstate(cpu, out);
    dump_general(cpu, out);
    print(out, "ELR_EL1", s->ELR_EL1, false);
    print(out, "SPSR_EL1", s->SPSR_EL1, false);
    print(out, "ESR_EL1", s->ESR_EL1, false);
    print(out, "FAR_EL1", s->FAR_EL1, true);
    print(out, "SCTLR_EL1", s->SCTLR_EL1, false);
    print(out, "TCR_EL1", s->TCR_EL1, false);
    print(out, "TTBR0_EL1", s->TTBR0_EL1, false);
    print(out, "TTBR1_EL1", s->TTBR1_EL1, true);
    print(out, "VBAR_EL1", s->VBAR_EL1, !cpu_have_el2(cpu));
    if (!cpu_have_el2(cpu)) return;
    print(out, "VBAR_EL2", s->VBAR_EL2, false);
    print(out, "HCR_EL2", s->HCR_EL2, false);
    print(out, "HPFAR_EL2", s->HPFAR_EL2, true);
    print(out, "ELR_EL2", s->ELR_EL2, false);
    print(out, "SPSR_EL2", s->SPSR_EL2, false);
    print(out, "ESR_EL2", s->ESR_EL2, false);
    print(out, "FAR_EL2", s->FAR_EL2, true);
    print(out, "SCTLR_EL2", s->SCTLR_EL2, false);
    print(out, "TCR_EL2", s->TCR_EL2, false);
    print(out, "TTBR0_EL2", s->TTBR0_EL2, false);
    print(out, "VTTBR_EL2", s->VTTBR_EL2, true);
}
