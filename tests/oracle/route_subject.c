// The product beside the routing oracle: route_subject.h. Stage 1 stays off, so that the instruction is
// fetched whatever the other controls say; stage 2 is on where the state says so.
#include "route_subject.h"

#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { CODE = 0x40200000, DATA = 0x40220000, TABLES = 0x40380000, FAR_POISON = 0x5a5a };
static const u64 NOWHERE = 0x3000000000;

typedef struct Reg {
    const char *name;
    size_t offset;
    u64 fixed_off;  // bits that stay 0: translation, delays
} Reg;

#define REG(name, off) \
    { #name, offsetof(OracleState, name), off }
static const u64 HCR_OFF = 1 | 1 << 12 | 1ull << 59;       // VM, DC, TWEDEn
static const u64 SCTLR_OFF = 1 | 1ull << 25 | 1ull << 45;  // M, EE, TWEDEn

static const Reg regs[] = {
    REG(HCR_EL2, HCR_OFF),     REG(CPTR_EL2, 0),      REG(MDCR_EL2, 0),  REG(SCTLR_EL1, SCTLR_OFF),
    REG(SCTLR_EL2, SCTLR_OFF), REG(CPACR_EL1, 0),     REG(MDSCR_EL1, 0), REG(OSLSR_EL1, 0),
    REG(TCR_EL1, 0),           REG(TCR_EL2, 0),       REG(VBAR_EL1, 0),  REG(VBAR_EL2, 0),
    REG(SPSR_EL1, 1 << 4),     REG(SPSR_EL2, 1 << 4), REG(ELR_EL1, 0),   REG(ELR_EL2, 0),
    REG(VSESR_EL2, 0),         REG(HFGITR_EL2, 0),
};

static unsigned found[ARRAY_LEN(regs)];  // the same in every machine

// The dispatch would go on at the vector after an exception that completes no instruction.
static void saw_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    Subject *s = arg;
    s->rule = ev->exc->rule;
    cpu_attention(cpu);
}

static u64 *table_at(RouteSubject *r, u64 pa) {
    return (u64 *)(void *)(r->machine->ram.host + (pa - r->machine->ram.base));
}

static u64 tables_of(Stage2 kind, bool code) {
    return TABLES + ((u64)kind * 2 + code) * 0x3000;
}

static void stage2_tables(RouteSubject *r, Stage2 kind, bool code) {
    u64 at = tables_of(kind, code), *level3 = table_at(r, at + 0x2000);
    u64 good = 3ull | 0xf << 2 | 3 << 6 | 3 << 8 | 1 << 10;
    table_at(r, at)[CODE >> 30] = (at + 0x1000) | 3;
    table_at(r, at + 0x1000)[CODE >> 21 & 511] = (at + 0x2000) | 3;
    for (u64 i = 0; i < 512; i++) level3[i] = (CODE + i * 4096) | good;
    u64 *one = &level3[code ? 0 : (DATA - CODE) >> 12];
    if (kind == STAGE2_INVALID) *one = 0;
    if (kind == STAGE2_NO_AF) *one &= ~(1ull << 10);
    if (kind == STAGE2_NO_PERMISSION) *one = (*one & ~(3ull << 6)) | 1ull << 54;
    if (kind == STAGE2_READ_ONLY) *one &= ~(1ull << 7);
    if (kind == STAGE2_WIDE) *one |= 1ull << 40;
}

RouteSubject *route_create(const char *model, bool el2) {
    RouteSubject *r = calloc(1, sizeof *r);
    CHECK(r);
    r->subject = subject_create(model, 3, el2);
    r->machine = r->subject->machine;
    r->cpu = r->subject->cpu;
    r->machine->running = r->cpu;
    r->subject->observer.exception = saw_exception;
    r->subject->observer.arg = r->subject;
    u64 pfr1 = 0, mmfr2 = 0;
    CHECK(sysreg_read(r->cpu, sysreg_info(sysreg_find("ID_AA64PFR1_EL1"))->enc, 0, &pfr1));
    r->subject->state.has.BTI = pfr1 & 15;
    CHECK(sysreg_read(r->cpu, sysreg_info(sysreg_find("ID_AA64MMFR2_EL1"))->enc, 0, &mmfr2));
    r->subject->state.has.LSE2 = mmfr2 >> 32 & 15;
    for (unsigned k = 0; k < ARRAY_LEN(regs); k++) found[k] = sysreg_find(regs[k].name);
    for (unsigned k = 0; k < 2 * STAGE2_KINDS; k++) stage2_tables(r, k / 2, k % 2);
    if (el2) r->cpu->sys.VTCR_EL2 = 1u << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 25;
    return r;
}

void route_free(RouteSubject *r) {
    r->machine->running = NULL;
    subject_free(r->subject);
    free(r);
}

static u64 *member(OracleState *s, unsigned k) {
    return (u64 *)((char *)s + regs[k].offset);
}

static void set_register(RouteSubject *r, unsigned k, u64 value) {
    Cpu *cpu = r->cpu;
    unsigned i = found[k];
    u64 kept = 0;
    if (i != SYSREG_NONE && sysreg_present(cpu, i)) {
        const SysRegInfo *info = sysreg_info(i);
        bool read_only = !strcmp(regs[k].name, "OSLSR_EL1");
        kept = read_only ? (value & 2) | 8 : sysreg_masked(cpu, i, value & ~regs[k].fixed_off);
        if (!strcmp(regs[k].name, "HCR_EL2")) kept |= 1ull << HCR_RW | !!r->state.stage2;
        if (!r->subject->state.has.EL2 && info->write_el == 2) kept = 0;
        u64 *slot = sysreg_storage(cpu, i), old = *slot;
        *slot = kept;
        if (info->after && old != kept) info->after(cpu, i, old);
    }
    *member(&r->state.s, k) = kept;
}

static void place(RouteSubject *r, u64 pc, u32 word) {
    u64 at = pc & ~3ull;
    u8 *host = r->machine->ram.host + (at - r->machine->ram.base);
    if (!memcmp(host, &word, 4)) return;
    memcpy(host, &word, 4);
    opcache_written(r->machine, at, 4);
}

void route_set(RouteSubject *r, const RouteState *want, uint32_t word) {
    Cpu *cpu = r->cpu;
    r->state = *want;
    RouteState *st = &r->state;
    st->s.has = r->subject->state.has;
    st->pc = (st->nothing_at_pc ? NOWHERE : CODE) + (want->pc & 0xfff);
    if (!st->nothing_at_pc) place(r, st->pc, word);
    st->x1 = (st->nothing_at_x1 ? NOWHERE : DATA) | (want->x1 & (0xffull << 52 | 0xfff));
    cpu->halt = HALT_NONE;
    cpu->lines = 0;
    r->machine->stop = STOP_NONE;
    cpu->sys.OSDLR_EL1 = 0;
    if (st->s.has.EL2)
        cpu->sys.VTTBR_EL2 =
            tables_of(st->stage2, st->stage2_code) | (u64)(st->stage2 * 2 + st->stage2_code) << 48;
    for (unsigned k = 0; k < ARRAY_LEN(regs); k++)
        set_register(r, k, *member((OracleState *)&want->s, k));
    u32 p = (u32)sysreg_masked(cpu, sysreg_find("SPSR_EL1"), want->s.pstate) & ~0x1fu;
    p |= (u32)st->s.el << 2 | (st->s.el ? want->s.pstate & 1 : 0);
    st->s.pstate = p;
    if (!oracle_route_steps(st)) st->s.pstate = p &= ~(u32)PSTATE_SS;
    cpu->sys.DISR_EL1 = cpu->sys.VDISR_EL2 = 0;
    cpu->sys.ESR_EL1 = cpu->sys.ESR_EL2 = 0;
    cpu->sys.FAR_EL1 = cpu->sys.FAR_EL2 = cpu->sys.HPFAR_EL2 = FAR_POISON;
    cpu->pc = st->pc;
    cpu->event = st->event;
    cpu->stepped = cpu->stepped_load_exclusive = false;
    tlb_context_changed(cpu);
    pstate_changed(cpu, p);
    cpu_set_nzcv(cpu, p);
    fp_access_changed(cpu);
    cpu->x[1] = st->x1;
    cpu->x[REG_SP] = st->sp = CODE + 0x10000 + (want->sp & 0xff8);
    cpu->lines = (st->irq ? LINE_IRQ : 0) | (st->fiq ? LINE_FIQ : 0) | (st->virq ? LINE_VIRQ : 0) |
                 (st->vfiq ? LINE_VFIQ : 0) | (st->serror ? LINE_SERROR : 0);
    cpu->serror_iss = st->serror_iss &= 0x1ffffff;
}

static const char *compare_exception(RouteSubject *r, const RouteOutcome *want) {
    Cpu *cpu = r->cpu;
    bool el2 = want->target_el == 2;
    if ((int)cpu->el != want->target_el) return "the target Exception level";
    if (want->esr_written && (el2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1) != want->esr)
        return "ESR_ELx";
    if (!want->esr_written && (el2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1))
        return "ESR_ELx is written";
    if ((el2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1) != want->elr) return "ELR_ELx";
    if ((u32)(el2 ? cpu->sys.SPSR_EL2 : cpu->sys.SPSR_EL1) != want->spsr) return "SPSR_ELx";
    if (want->far_known && (el2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1) != want->far)
        return "FAR_ELx";
    if (want->hpfar_known && cpu->sys.HPFAR_EL2 != want->hpfar) return "HPFAR_EL2";
    return NULL;
}

static const char *compare(RouteSubject *r, const RouteOutcome *want, u64 exceptions) {
    Cpu *cpu = r->cpu;
    if (want->kind == ORACLE_EXECUTES) {
        if (cpu->exceptions != exceptions) return "it took an exception";
        if (want->reads_register) return NULL;
        // WFI and WFE may end early, so only sleep where none is allowed is wrong.
        if (cpu->halt != HALT_NONE && !want->sleeps) return "whether it sleeps";
    } else {
        if (cpu->exceptions == exceptions) return "it took no exception";
        const char *why = compare_exception(r, want);
        if (why) return why;
    }
    if (cpu->pc != want->pc) return "the PC";
    if ((cpu_spsr(cpu) ^ want->pstate) & ~want->pstate_unknown) return "PSTATE";
    if (cpu->sys.DISR_EL1 != want->disr) return "DISR_EL1";
    if (cpu->sys.VDISR_EL2 != want->vdisr) return "VDISR_EL2";
    if (!!(cpu->lines & LINE_SERROR) != want->serror) return "the pending SError";
    if (r->state.s.has.EL2 && bit(cpu->sys.HCR_EL2, HCR_VSE) != want->vse) return "HCR_EL2.VSE";
    return NULL;
}

const char *route_compare(RouteSubject *r, uint32_t word, RouteOutcome *want) {
    oracle_route_step(&r->state, word, want);
    if (want->kind == ORACLE_NOT_MODELLED) return NULL;
    u64 exceptions = r->cpu->exceptions;
    if (!take_pending_interrupt(r->cpu)) cpu_step(r->cpu);
    return compare(r, want, exceptions);
}

static FaultType fault_type_of(unsigned code) {
    switch (code) {
    case FSC_ADDRESS_SIZE: return FAULT_ADDRESS_SIZE;
    case FSC_TRANSLATION: return FAULT_TRANSLATION;
    case FSC_ACCESS_FLAG: return FAULT_ACCESS_FLAG;
    case FSC_PERMISSION: return FAULT_PERMISSION;
    case FSC_EXTERNAL: return FAULT_EXTERNAL;
    case FSC_EXTERNAL_ON_WALK: return FAULT_EXTERNAL_TTW;
    default: return FAULT_ALIGNMENT;
    }
}

// No instruction syndrome: the size of the access is left out (0).
const char *route_compare_abort(RouteSubject *r, const RouteFault *f, RouteOutcome *want) {
    Fault fault = {.type = fault_type_of(f->code),
                   .level = (i8)f->level,
                   .stage2 = f->second_stage,
                   .s1ptw = f->s2fs1walk,
                   .write = f->write,
                   .ipa = f->ipa,
                   .rule = "test"};
    oracle_route_abort(&r->state, f, want);
    u64 exceptions = r->cpu->exceptions;
    if (!f->instruction)
        r->cpu->pstate &= ~(u32)PSTATE_BTYPE;  // as in any instruction that executes
    if (!setjmp(r->cpu->unwind))
        AArch64_Abort(r->cpu, (Va){f->va}, &fault,
                      f->instruction ? ACCESS_FETCH
                      : f->write     ? ACCESS_WRITE
                                     : ACCESS_READ,
                      0, ACC_NORMAL);
    return compare(r, want, exceptions);
}

void route_print(const RouteSubject *r, uint32_t word, const RouteOutcome *want) {
    const Cpu *cpu = r->cpu;
    const RouteState *st = &r->state;
    fprintf(stderr,
            "%s: word %08x at EL%d, PSTATE %08x, PC %llx SP %llx X1 %llx, lines %d%d%d%d%d\n",
            r->machine->config.cpu_model, word, st->s.el, st->s.pstate, (unsigned long long)st->pc,
            (unsigned long long)st->sp, (unsigned long long)st->x1, st->serror, st->fiq, st->irq,
            st->vfiq, st->virq);
    for (unsigned k = 0; k < ARRAY_LEN(regs); k++)
        fprintf(stderr, "  %s 0x%llx\n", regs[k].name,
                (unsigned long long)*member((OracleState *)&st->s, k));
    fprintf(stderr, "  oracle: kind %d EL%d ESR %08x SPSR %08x ELR %llx PSTATE %08x PC %llx (%s)\n",
            want->kind, want->target_el, want->esr, want->spsr, (unsigned long long)want->elr,
            want->pstate, (unsigned long long)want->pc, want->cause ? want->cause : "");
    bool el2 = cpu->el == 2;
    fprintf(stderr, "  product: EL%d ESR %08x SPSR %08x ELR %llx PSTATE %08x PC %llx (%s)\n",
            cpu->el, (u32)(el2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1),
            (u32)(el2 ? cpu->sys.SPSR_EL2 : cpu->sys.SPSR_EL1),
            (unsigned long long)(el2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1), cpu_spsr(cpu),
            (unsigned long long)cpu->pc, r->subject->rule ? r->subject->rule : "");
}
