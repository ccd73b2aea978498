// The product beside the routing oracle: route_subject.h. Memory is the state's: by RouteMap, so that what is
// fetched and accessed is there or not as the case wants it, whatever the other controls say.
#include "route_subject.h"

#include "cpu/exception.h"
#include "cpu/pauth.h"
#include "cpu/selfhosted_debug.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"
#include "translate_subject.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CODE = 0x40200000,
    DATA = 0x40220000,
    STAGE2 = 0x40380000,
    STAGE1 = 0x403c0000,
    FAR_POISON = 0x5a5a
};
static const u64 NOWHERE = 0x3000000000;

typedef struct Reg {
    const char *name;
    size_t offset;
    u64 fixed_off;  // bits that stay 0: translation, delays
} Reg;

#define REG(name, off) \
    { #name, offsetof(OracleState, name), off }
static const u64 HCR_OFF = 1 | 1 << 2 | 1 << 12 | 1ull << 59;  // VM, PTW, DC, TWEDEn
static const u64 SCTLR_OFF = 1 | 1ull << 25 | 1ull << 45;      // M, EE, TWEDEn

static const Reg regs[] = {
    REG(HCR_EL2, HCR_OFF),     REG(CPTR_EL2, 0),    REG(MDCR_EL2, 0),    REG(SCTLR_EL1, SCTLR_OFF),
    REG(SCTLR_EL2, SCTLR_OFF), REG(CPACR_EL1, 0),   REG(MDSCR_EL1, 0),   REG(OSLSR_EL1, 0),
    REG(TCR_EL1, 0),           REG(TCR_EL2, 0),     REG(VBAR_EL1, 0),    REG(VBAR_EL2, 0),
    REG(SPSR_EL1, 0),          REG(SPSR_EL2, 0),    REG(ELR_EL1, 0),     REG(ELR_EL2, 0),
    REG(VSESR_EL2, 0),         REG(HFGITR_EL2, 0),  REG(VNCR_EL2, 0),    REG(DBGBCR0_EL1, 0),
    REG(DBGBVR0_EL1, 0),       REG(DBGWCR0_EL1, 0), REG(DBGWVR0_EL1, 0),
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

// --- tables --------------------------------------------------------------------------------------

// Of `page` in stage 1: 0 level 0, then those of code and of data.
static u64 stage1_table(unsigned page) {
    return STAGE1 + page * 0x1000;
}

static void stage1_tables(RouteSubject *r) {
    const RouteMap *m = &r->map;
    for (unsigned code = 0; code < 2; code++) {
        unsigned first = code ? 1 : 4;
        u64 target = code ? CODE : DATA, at[4], desc[4];
        for (unsigned level = 0; level < 3; level++) desc[level] = stage1_table(first + level) | 3;
        desc[3] = target | 3 << 8 | 1 << 10 | 3;
        for (unsigned level = 0; level < 4; level++) {
            if (m->away[code][level]) desc[level] = (desc[level] & 0xfff) | NOWHERE;
            desc[level] ^= m->flip[code][level];
            at[level] = level ? stage1_table(first + level - 1) : stage1_table(0);
        }
        table_at(r, at[0])[!code] = desc[0];
        table_at(r, at[1])[CODE >> 30] = desc[1];
        table_at(r, at[1])[NOWHERE >> 30] = NOWHERE | (desc[3] & ~(ones(48) & ~ones(12)) & ~2ull);
        table_at(r, at[2])[CODE >> 21 & 511] = desc[2];
        table_at(r, at[3])[target >> 12 & 511] = desc[3];
        if (!code) table_at(r, stage1_table(3))[target >> 12 & 511] = desc[3];
    }
}

static u64 stage2_page(unsigned page) {
    return page == PAGE_DATA ? DATA : page == PAGE_CODE ? CODE : stage1_table(page - PAGE_LEVEL0);
}

static void stage2_tables(RouteSubject *r) {
    const RouteMap *m = &r->map;
    const u64 good = 3ull | 0xf << 2 | 3 << 6 | 3 << 8 | 1 << 10;
    u64 *level3 = table_at(r, STAGE2 + 0x2000), one = stage2_page(m->stage2_page) | good;
    table_at(r, STAGE2)[CODE >> 30] = (STAGE2 + 0x1000) | 3;
    table_at(r, STAGE2)[NOWHERE >> 30] = m->stage2_nowhere ? NOWHERE | (good & ~2ull) : 0;
    table_at(r, STAGE2 + 0x1000)[CODE >> 21 & 511] =
        (m->stage2 == STAGE2_AWAY ? NOWHERE : STAGE2 + 0x2000) | 3;
    for (unsigned page = 0; page < PAGES; page++)
        level3[stage2_page(page) >> 12 & 511] = stage2_page(page) | good;
    if (m->stage2 == STAGE2_INVALID) one = 0;
    if (m->stage2 == STAGE2_NO_AF) one &= ~(1ull << 10);
    if (m->stage2 == STAGE2_NO_PERMISSION) one = (one & ~(3ull << 6)) | 1ull << 54;
    if (m->stage2 == STAGE2_READ_ONLY) one &= ~(1ull << 7);
    if (m->stage2 == STAGE2_WIDE) one |= 1ull << 40;
    if (m->stage2 == STAGE2_DEVICE) one &= ~(0xfull << 2);
    level3[stage2_page(m->stage2_page) >> 12 & 511] = one;
}

// TCR_ELx of 4 KB granules and 40 bits of output.
static u64 tcr(const RouteMap *m, u64 value, bool two_ranges) {
    u64 size = m->short_va ? 25 : 16;
    if (!two_ranges) return (value & (1ull << 20 | 1ull << 29)) | size | 2 << 16;
    return (value & (3ull << 37 | 3ull << 51)) | m->tcr | size | size << 16 | 2u << 30 | 2ull << 32;
}

// The oracle's view of memory: RAM, and over it what it has written itself.
static bool oracle_read(void *context, u64 pa, u64 *value) {
    RouteSubject *r = context;
    if (pa - r->machine->ram.base >= r->machine->ram.size) return false;
    *value = *table_at(r, pa);
    for (unsigned k = 0; k < r->updates; k++)
        if (r->updated_pa[k] == pa) *value = r->updated[k];
    return true;
}

static bool oracle_write(void *context, u64 pa, u64 value) {
    RouteSubject *r = context;
    if (pa - r->machine->ram.base >= r->machine->ram.size) return false;
    CHECK(r->updates < ARRAY_LEN(r->updated));
    r->updated_pa[r->updates] = pa;
    r->updated[r->updates++] = value;
    return true;
}

static void set_memory(RouteSubject *r) {
    Cpu *cpu = r->cpu;
    struct SysRegs *s = &cpu->sys;
    RouteState *st = &r->state;
    const RouteMap *m = &r->map;
    bool translates = m->stage1_el1 || m->stage1_el2 || m->stage2 || m->dc;
    if (translates || r->translates) tlb_flush_all(cpu);
    r->translates = translates;
    if (!translates) return;
    stage1_tables(r);
    stage2_tables(r);
    u64 root = stage1_table(m->short_va ? 1 : 0);
    s->TTBR0_EL1 = s->TTBR1_EL1 = st->TTBR0_EL1 = st->TTBR1_EL1 = root;
    s->MAIR_EL1 = st->MAIR_EL1 = 0x44ff04ff;  // Normal, Device-nGnRE, Normal, Non-cacheable
    if (!st->s.has.EL2) return;
    s->TTBR0_EL2 = st->TTBR0_EL2 = root;
    if (st->s.has.VHE) s->TTBR1_EL2 = st->TTBR1_EL2 = root;
    s->MAIR_EL2 = st->MAIR_EL2 = st->MAIR_EL1;
    s->VTTBR_EL2 = st->VTTBR_EL2 = STAGE2;
    s->VTCR_EL2 = st->VTCR_EL2 = 1u << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 25;
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
    r->mmu = translate_features(r->cpu);
    r->subject->state.has.FPAC = cpu_has(r->cpu, FEAT_FPAC);
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

// Bits of control registers that the map decides.
static u64 map_bits(const RouteSubject *r, unsigned index) {
    const RouteMap *m = &r->map;
    if (index == SYSREG_HCR_EL2)
        return 1ull << HCR_RW | (u64)m->dc << HCR_DC | (u64)m->ptw << HCR_PTW | (m->stage2 != 0);
    if (index == SYSREG_SCTLR_EL1) return m->stage1_el1;
    if (index == SYSREG_SCTLR_EL2) return m->stage1_el2;
    return 0;
}

static void set_register(RouteSubject *r, unsigned k, u64 value) {
    Cpu *cpu = r->cpu;
    unsigned i = found[k];
    u64 kept = 0;
    if (i != SYSREG_NONE && sysreg_present(cpu, i)) {
        const SysRegInfo *info = sysreg_info(i);
        bool read_only = i == SYSREG_OSLSR_EL1;
        kept = read_only ? (value & 2) | 8 : sysreg_masked(cpu, i, value & ~regs[k].fixed_off);
        kept |= map_bits(r, i);
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

// X2 for AUTIZA, AUTIZB, AUTDZA, AUTDZB. It is below any TnSZ; bit 54 is always of the code.
static u64 pointer(const RouteSubject *r, u32 word) {
    static const u8 keys[] = {PAC_IA, PAC_IB, PAC_DA, PAC_DB};
    u64 good = pauth_add(r->cpu, 0x1000, 0, (PacKey)keys[word >> 10 & 3]);
    return r->state.wrong_code ? good ^ 1ull << 54 : good;
}

static void set_addresses(RouteSubject *r, const RouteState *want, u32 word) {
    RouteState *st = &r->state;
    const RouteMap *m = &r->map;
    const u64 upper = 0xffffull << 48;
    st->pc = (m->nothing_at_pc ? NOWHERE : CODE) + (want->pc & 0xfff);
    if (!m->nothing_at_pc) place(r, st->pc, word);
    if (m->upper_code) st->pc |= upper;
    st->x1 = (m->nothing_at_x1 ? NOWHERE : DATA) | (want->x1 & 0xfff);
    if (m->data_tree) st->x1 |= 1ull << 39;
    if (m->upper_data) st->x1 |= upper;
    st->sp = (st->x1 & ~0xfffull) + (want->sp & 0xff8);
    st->x1 ^= want->x1 & 0xffull << 52;
}

// All Exception levels, all bytes of the word or doubleword.
static void set_debug(const RouteSubject *r, OracleState *s) {
    const RouteState *st = &r->state;
    u64 any = 1 | 3 << 1 | (u64)st->s.has.EL2 << 13;
    s->DBGBVR0_EL1 = st->pc & ~3ull;
    s->DBGBCR0_EL1 = r->map.breakpoint ? any | 0xf << 5 : 0;
    s->DBGWVR0_EL1 = ((st->sp & ~0xfffull) | (st->x1 & 0xfff)) & ~7ull;
    s->DBGWCR0_EL1 = r->map.watchpoint ? any | 3 << 3 | 0xff << 5 : 0;
}

void route_set(RouteSubject *r, const RouteState *want, const RouteMap *map, uint32_t word) {
    static const RouteMap none;
    Cpu *cpu = r->cpu;
    r->state = *want;
    r->map = map ? *map : none;
    RouteState *st = &r->state, regs_of = *want;
    st->s.has = r->subject->state.has;
    st->mmu = r->mmu;
    st->memory = (OracleMemory){r, oracle_read, oracle_write};
    if (!st->s.has.EL2) r->map.stage2 = STAGE2_OFF, r->map.dc = false;
    set_addresses(r, want, word);
    regs_of.s.VNCR_EL2 = st->sp & ~0xfffull;  // the page of the data
    set_debug(r, &regs_of.s);
    if (r->map.stage1_el1) regs_of.s.TCR_EL1 = tcr(&r->map, want->s.TCR_EL1, true);
    if (r->map.stage1_el2)
        regs_of.s.TCR_EL2 =
            tcr(&r->map, want->s.TCR_EL2, st->s.has.VHE && want->s.HCR_EL2 >> HCR_E2H & 1);
    cpu->halt = HALT_NONE;
    cpu->lines = 0;
    r->machine->stop = STOP_NONE;
    cpu->sys.OSDLR_EL1 = 0;
    for (unsigned k = 0; k < ARRAY_LEN(regs); k++) set_register(r, k, *member(&regs_of.s, k));
    debug_registers_changed(cpu);  // MDSCR_EL1, OSLSR_EL1, DBGWVR0_EL1: written past their hooks
    set_memory(r);
    u32 p = (u32)sysreg_masked(cpu, SYSREG_SPSR_EL1, want->s.pstate) & ~0x1fu;
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
    cpu->x[1] = cpu->x[16] = cpu->x[17] = cpu->x[30] = st->x1;
    if ((word & 0xfffff3ff) == 0xdac133e2) cpu->x[2] = pointer(r, word);
    cpu->x[REG_SP] = st->sp;
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
    if ((cpu->pc ^ want->pc) & ~want->pc_unknown) return "the PC";
    if ((cpu_spsr(cpu) ^ want->pstate) & ~want->pstate_unknown) return "PSTATE";
    if (cpu->sys.DISR_EL1 != want->disr) return "DISR_EL1";
    if (cpu->sys.VDISR_EL2 != want->vdisr) return "VDISR_EL2";
    if (!!(cpu->lines & LINE_SERROR) != want->serror) return "the pending SError";
    if (r->state.s.has.EL2 && bit(cpu->sys.HCR_EL2, HCR_VSE) != want->vse) return "HCR_EL2.VSE";
    return NULL;
}

const char *route_compare(RouteSubject *r, uint32_t word, RouteOutcome *want) {
    r->updates = 0;
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
    fprintf(
        stderr,
        "%s: word %08x at EL%d, PSTATE %08x, PC %llx SP %llx X1 %llx, lines %d%d%d%d%d, code %d\n",
        r->machine->config.cpu_model, word, st->s.el, st->s.pstate, (unsigned long long)st->pc,
        (unsigned long long)st->sp, (unsigned long long)st->x1, st->serror, st->fiq, st->irq,
        st->vfiq, st->virq, !st->wrong_code);
    for (unsigned k = 0; k < ARRAY_LEN(regs); k++)
        fprintf(stderr, "  %s 0x%llx\n", regs[k].name,
                (unsigned long long)*member((OracleState *)&st->s, k));
    const RouteMap *m = &r->map;
    fprintf(stderr,
            "  stage 1 EL1 %d EL2 %d, short %d, upper %d%d, tree %d, stage 2 kind %d of page %u\n",
            m->stage1_el1, m->stage1_el2, m->short_va, m->upper_code, m->upper_data, m->data_tree,
            m->stage2, m->stage2_page);
    for (unsigned code = 0; code < 2; code++)
        for (unsigned k = 0; k < 4; k++)
            if (m->flip[code][k] || m->away[code][k])
                fprintf(stderr, "  %s level %u: 0x%llx%s\n", code ? "code" : "data", k,
                        (unsigned long long)m->flip[code][k], m->away[code][k] ? " away" : "");
    fprintf(stderr,
            "  oracle: kind %d EL%d ESR %08x SPSR %08x ELR %llx PSTATE %08x PC %llx FAR %llx HPFAR "
            "%llx (%s)\n",
            want->kind, want->target_el, want->esr, want->spsr, (unsigned long long)want->elr,
            want->pstate, (unsigned long long)want->pc, (unsigned long long)want->far,
            (unsigned long long)want->hpfar, want->cause ? want->cause : "");
    bool el2 = cpu->el == 2;
    fprintf(stderr,
            "  product: EL%d ESR %08x SPSR %08x ELR %llx PSTATE %08x PC %llx FAR %llx HPFAR %llx "
            "(%s)\n",
            cpu->el, (u32)(el2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1),
            (u32)(el2 ? cpu->sys.SPSR_EL2 : cpu->sys.SPSR_EL1),
            (unsigned long long)(el2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1), cpu_spsr(cpu),
            (unsigned long long)cpu->pc,
            (unsigned long long)(el2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1),
            (unsigned long long)cpu->sys.HPFAR_EL2, r->subject->rule ? r->subject->rule : "");
}
