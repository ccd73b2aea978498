// The product as the oracle's subject: subject.h. Instructions are words in memory that are decoded once
// and executed through the interpreter's handlers as run.c's step does, without the fetch: a control bit
// that turns a translation on does not take the code away.
#include "subject.h"

#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { CODE = 0x40100000, DATA = 0x40300000, RAM = 4 << 20 };

#define CONTROL(name, open) \
    { #name, 0, offsetof(OracleState, name), 0, open }

static const Control controls[CONTROLS] = {
    CONTROL(CPTR_EL2, 3 << 20),
    CONTROL(MDCR_EL2, 31),
    CONTROL(HSTR_EL2, 0),
    CONTROL(CNTHCTL_EL2, 0xf03),
    CONTROL(SCTLR_EL1, 1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14 | 1 << 10 | 1 << 9),
    CONTROL(SCTLR_EL2, 1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14 | 1 << 10),
    CONTROL(CPACR_EL1, 3 << 20),
    CONTROL(CNTKCTL_EL1, 0x303),
    CONTROL(MDSCR_EL1, 0),
    CONTROL(PMUSERENR_EL0, 15),
    CONTROL(PMSELR_EL0, 0),
    CONTROL(VNCR_EL2, 0),
    CONTROL(ICC_SRE_EL1, 7),
    CONTROL(ICC_SRE_EL2, 15),
    CONTROL(ICH_HCR_EL2, 0),
    CONTROL(HFGRTR_EL2, 0),
    CONTROL(HFGWTR_EL2, 0),
    CONTROL(HFGITR_EL2, 0),
    CONTROL(HDFGRTR_EL2, 0),
    CONTROL(HDFGWTR_EL2, 0),
    CONTROL(HAFGRTR_EL2, 0),
    CONTROL(OSLSR_EL1, 0),
    CONTROL(HCR_EL2, 1ull << 56 | 1ull << 53 | 1ull << 47 | 1ull << 41 | 1ull << 40 | 1ull << 31),
};

// --- creation --------------------------------------------------------------------------------

static uint64_t id(Subject *s, const char *name) {
    uint64_t value = 0;
    unsigned index = sysreg_find(name);
    CHECK(index != SYSREG_NONE);
    CHECK(sysreg_read(s->cpu, sysreg_info(index)->enc, 0, &value));
    return value;
}

static unsigned field(uint64_t value, unsigned lo) {
    return value >> lo & 15;
}

static void features_of_mmfr(Subject *s, OracleFeatures *has) {
    uint64_t mmfr0 = id(s, "ID_AA64MMFR0_EL1"), mmfr1 = id(s, "ID_AA64MMFR1_EL1"),
             mmfr2 = id(s, "ID_AA64MMFR2_EL1");
    has->FGT = field(mmfr0, 56) >= 1;
    has->ECV = field(mmfr0, 60) >= 1;
    has->ECV_POFF = field(mmfr0, 60) >= 2;
    has->VHE = field(mmfr1, 8) >= 1;
    has->LOR = field(mmfr1, 16) >= 1;
    has->PAN = field(mmfr1, 20) >= 1;
    has->PAN2 = field(mmfr1, 20) >= 2;
    has->TWED = field(mmfr1, 32) >= 1;
    has->UAO = field(mmfr2, 4) >= 1;
    has->IESB = field(mmfr2, 12) >= 1;
    has->CCIDX = field(mmfr2, 20) >= 1;
    has->NV = has->NV1 = field(mmfr2, 24) >= 1;
    has->NV2 = field(mmfr2, 24) >= 2;
    has->IDST = field(mmfr2, 36) >= 1;
    has->S2FWB = field(mmfr2, 40) >= 1;
    has->TTL = field(mmfr2, 48) >= 1;
    has->EVT = field(mmfr2, 56) >= 2;
}

static void features_of_isar(Subject *s, OracleFeatures *has) {
    uint64_t isar0 = id(s, "ID_AA64ISAR0_EL1"), isar1 = id(s, "ID_AA64ISAR1_EL1"),
             isar2 = id(s, "ID_AA64ISAR2_EL1");
    has->FlagM = field(isar0, 52) >= 1;
    has->FlagM2 = field(isar0, 52) >= 2;
    has->TLBIOS = field(isar0, 56) >= 1;
    has->TLBIRANGE = field(isar0, 56) >= 2;
    has->RNG = field(isar0, 60) >= 1;
    has->DPB = field(isar1, 0) >= 1;
    has->DPB2 = field(isar1, 0) >= 2;
    has->PAuth = field(isar1, 4) || field(isar1, 8) || field(isar2, 12);
    has->SB = field(isar1, 36) >= 1;
    has->SPECRES = field(isar1, 40) >= 1;
    has->XS = field(isar1, 56) >= 1;
    has->WFxT = field(isar2, 0) >= 2;
}

static void features_of_pfr(Subject *s, OracleFeatures *has) {
    uint64_t pfr0 = id(s, "ID_AA64PFR0_EL1"), pfr1 = id(s, "ID_AA64PFR1_EL1"),
             dfr0 = id(s, "ID_AA64DFR0_EL1");
    unsigned pmu = field(dfr0, 8);
    has->EL2 = field(pfr0, 8) >= 1;
    has->AA32EL1 = field(pfr0, 4) >= 2;
    has->GICv3 = field(pfr0, 24) >= 1;
    has->RAS = field(pfr0, 28) >= 1;
    has->RASv1p1 = field(pfr0, 28) >= 2 || (has->RAS && field(pfr1, 12) >= 1);
    has->DIT = field(pfr0, 48) >= 1;
    has->CSV2_2 = field(pfr0, 56) >= 2;
    has->SSBS = field(pfr1, 4) >= 1;
    has->SSBS2 = field(pfr1, 4) >= 2;
    has->MTE = field(pfr1, 8) >= 1;
    has->MTE2 = field(pfr1, 8) >= 2;
    has->PMUv3 = pmu >= 1 && pmu < 15;
    has->PMUv3p4 = pmu >= 5 && pmu < 15;
    has->TRF = field(dfr0, 40) >= 1;
    has->DoubleLock = field(dfr0, 36) == 0;
    has->breakpoints = field(dfr0, 12) + 1;
    has->watchpoints = field(dfr0, 20) + 1;
}

// What the guest reads in the ID registers.
static void read_features(Subject *s) {
    OracleFeatures *has = &s->state.has;
    features_of_mmfr(s, has);
    features_of_isar(s, has);
    features_of_pfr(s, has);
    if (has->PMUv3) has->event_counters = id(s, "PMCR_EL0") >> 11 & 31;
    if (has->GICv3) {
        has->priority_bits = (id(s, "ICC_CTLR_EL1") >> 8 & 7) + 1;
        if (has->EL2) {
            uint64_t vtr = id(s, "ICH_VTR_EL2");
            has->list_registers = (vtr & 31) + 1;
            has->preemption_bits = (vtr >> 26 & 7) + 1;
        }
    }
}

Instruction subject_instruction(unsigned slot) {
    Instruction i = {.slot = slot};
    if (slot < 2 * ENCODINGS) {
        i.enc = slot >> 1;
        i.rt = i.enc >> 14 ? RT : 31;
    } else {
        i.enc = (slot - 2 * ENCODINGS) >> 1;
        i.rt = RT;
    }
    i.read = slot & 1;
    return i;
}

static uint32_t word(const Instruction *i) {
    return 0xd5000000u | (uint32_t)i->read << 21 | (i->enc >> 14) << 19 | (i->enc >> 11 & 7) << 16 |
           (i->enc >> 7 & 15) << 12 | (i->enc >> 3 & 15) << 8 | (i->enc & 7) << 5 | i->rt;
}

static void write_code(Subject *s) {
    uint32_t *code = malloc(WORDS * 4);
    CHECK(code);
    for (unsigned k = 0; k < WORDS; k++) {
        Instruction i = subject_instruction(k);
        code[k] = word(&i);
    }
    CHECK(bus_write_bytes(s->machine, CODE, code, WORDS * 4));
    free(code);
    for (unsigned k = 0; k <= WORDS; k++) {
        OpPage *page = opcache_page(s->machine, CODE + k * 4);
        s->op[k] = &page->ops[k & (PAGE_OPS - 1)];
    }
    uint64_t memory[512];
    for (unsigned k = 0; k < 512; k++) memory[k] = 0x1111000000000000u + k * 0x100010001;
    CHECK(bus_write_bytes(s->machine, DATA, memory, sizeof memory));
    s->data_host = (uint64_t *)(s->machine->ram.host + (DATA - s->machine->ram.base));
}

void subject_assemble(Subject *s, Instruction *i) {
    uint32_t code = word(i);
    i->slot = ASSEMBLED;
    CHECK(bus_write_bytes(s->machine, CODE + ASSEMBLED * 4, &code, 4));
}

bool subject_reachable(const Subject *s, int el) {
    if (el == 2) return s->state.has.EL2;
    return !(el == 1 && s->state.HCR_EL2 >> 27 & 1);
}

bool subject_left_out(const Instruction *i) {
    unsigned crm = i->enc >> 3 & 15, op2 = i->enc & 7;
    if (i->read || i->enc >> 7 != (3 << 4 | 2)) return false;
    return (crm == 0 && (op2 == 2 || op2 == 3)) || crm == 1 || crm == 3;
}

static void note_rule(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    (void)cpu;
    ((Subject *)arg)->rule = ev->exc->rule;
}

static void find_controls(Subject *s) {
    memcpy(s->control, controls, sizeof controls);
    for (unsigned k = 0; k < CONTROLS; k++) {
        Control *c = &s->control[k];
        c->index = sysreg_find(c->name);
        if (c->index == SYSREG_NONE || !sysreg_present(s->cpu, c->index) ||
            sysreg_info(c->index)->write_el > (s->state.has.EL2 ? 2 : 1))
            c->index = SYSREG_NONE;
        else
            c->writable = s->machine->sysreg_writable[c->index];
    }
}

// Different values in registers that only store, so that it shows which one an access reached.
static void mark_registers(Subject *s) {
    for (unsigned k = 0; k < SYSREG_COUNT; k++) {
        const SysRegInfo *r = sysreg_info(k);
        bool control = false;
        for (unsigned n = 0; n < CONTROLS; n++) control |= s->control[n].index == k;
        if (control || r->offset == SYSREG_NONE || r->alias_of != SYSREG_NONE || r->read ||
            r->write || r->write_el > 2 || r->enc >> 14 != 3 || !sysreg_present(s->cpu, k))
            continue;
        uint64_t old = *sysreg_storage(s->cpu, k);
        *sysreg_storage(s->cpu, k) = sysreg_masked(s->cpu, k, (k * 2 + 1) * 0x9e3779b97f4a7c15u);
        if (!strncmp(r->name, "TCR", 3) || !strncmp(r->name, "VTCR", 4))
            *sysreg_storage(s->cpu, k) = old;
    }
}

// The physical and the virtual CPU interface differ in what both have (values below).
static const struct {
    u16 enc;
    u8 physical, virtual_;
} interface[] = {{3 << 14 | 4 << 7 | 6 << 3, 0x48, 0x88},   // ICC_PMR_EL1
                 {3 << 14 | 12 << 7 | 8 << 3 | 3, 3, 6},    // ICC_BPR0_EL1
                 {3 << 14 | 12 << 7 | 12 << 3 | 3, 4, 5},   // ICC_BPR1_EL1
                 {3 << 14 | 12 << 7 | 12 << 3 | 6, 0, 1},   // ICC_IGRPEN0_EL1
                 {3 << 14 | 12 << 7 | 12 << 3 | 7, 0, 1}};  // ICC_IGRPEN1_EL1

static void mark_interfaces(Subject *s) {
    unsigned vmcr = sysreg_find("ICH_VMCR_EL2");
    if (!s->state.has.GICv3) return;
    for (unsigned k = 0; k < ARRAY_LEN(interface); k++)
        CHECK(sysreg_write(s->cpu, interface[k].enc, 0, interface[k].physical));
    if (s->state.has.EL2)  // VPMR, VBPR0, VBPR1, VENG1, VENG0
        CHECK(sysreg_write(s->cpu, sysreg_info(vmcr)->enc, 0, 0x88u << 24 | 6 << 21 | 5 << 18 | 3));
}

static Cpu *copy_of(const Cpu *cpu) {
    Cpu *copy = aligned_alloc(64, align_up(sizeof *copy, 64));
    CHECK(copy);
    memcpy(copy, cpu, sizeof *copy);
    return copy;
}

Subject *subject_create(const char *model, int gic_version, bool el2) {
    Subject *s = calloc(1, sizeof *s);
    CHECK(s);
    snprintf(s->model, sizeof s->model, "%.*s", (int)strcspn(model, ","), model);
    MachineConfig config = {.cpu_model = s->model,
                            .mte = strstr(model, ",mte"),
                            .pauth = strstr(model, ",pauth=off") ? PAUTH_OFF : PAUTH_IMPDEF,
                            .cpus = 1,
                            .ram_size = RAM,
                            .gic_version = gic_version,
                            .el2 = el2,
                            .highmem = true};
    Error err = {0};
    s->machine = machine_create(&config, &err);
    if (!s->machine) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    s->cpu = s->machine->cpu[0];
    machine_cpu_on(s->machine, s->cpu, CODE, 0);
    s->observer = (Observer){.arg = s, .exception = note_rule};
    s->cpu->observer = &s->observer;
    read_features(s);
    find_controls(s);
    mark_registers(s);
    mark_interfaces(s);
    for (unsigned el = 0; el < 3; el++) s->saved[el] = copy_of(s->cpu);
    s->created = copy_of(s->cpu);
    CHECK(s->gic_saved = malloc(sizeof *s->gic_saved));
    CHECK(s->gic_created = malloc(sizeof *s->gic_created));
    *s->gic_created = *s->cpu->gic;
    write_code(s);
    return s;
}

void subject_free(Subject *s) {
    for (unsigned el = 0; el < 3; el++) free(s->saved[el]);
    free(s->created);
    free(s->gic_saved);
    free(s->gic_created);
    machine_free(s->machine);
    free(s);
}

// --- configuration ---------------------------------------------------------------------------

static uint64_t *oracle_register(Subject *s, const Control *c) {
    return (uint64_t *)((char *)&s->state + c->offset);
}

static void write_control(Subject *s, const Control *c, uint64_t value) {
    uint64_t back = 0;
    if (c->index == SYSREG_NONE) {
        *oracle_register(s, c) = 0;
        return;
    }
    unsigned enc = sysreg_info(c->index)->enc;
    if (!strcmp(c->name, "VNCR_EL2")) value = DATA;
    CHECK(sysreg_write(s->cpu, enc, 0, value));
    CHECK(sysreg_read(s->cpu, enc, 0, &back));
    *oracle_register(s, c) = back;
}

void subject_configure(Subject *s, const uint64_t value[CONTROLS], bool sp) {
    Cpu *cpu = s->cpu;
    unsigned top = s->state.has.EL2 ? 2 : 1;
    memcpy(cpu, s->created, sizeof *cpu);
    *cpu->gic = *s->gic_created;
    tlb_context_changed(cpu);
    cpu->sys.HCR_EL2 = s->state.has.EL2 ? 1ull << 31 : 0;
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | top << PSTATE_EL_SHIFT);
    for (unsigned k = 0; k < CONTROLS; k++) write_control(s, &s->control[k], value[k]);
    cpu->x[31] = 0;
    for (unsigned el = 0; el <= top; el++) {
        pstate_changed(cpu, PSTATE_DAIF | (el && sp ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
        fp_access_changed(cpu);
        s->pstate[el] = cpu_spsr(cpu);
        memcpy(s->saved[el], cpu, sizeof *cpu);
    }
    *s->gic_saved = *cpu->gic;
}

// --- execution -------------------------------------------------------------------------------

// The interrupt controller's and the timers' registers change its state, and HCR_EL2 its outputs.
static bool touches_gic(unsigned enc) {
    unsigned crn = enc >> 7 & 15;
    return (enc >> 14 == 3 && (crn == 12 || crn == 14 || enc >> 3 == (3 << 11 | 4 << 4 | 6))) ||
           enc == (3 << 14 | 4 << 11 | 1 << 7 | 1 << 3);
}

static Outcome execute(Subject *s, const Instruction *i) {
    Cpu *cpu = s->cpu;
    const Op *op = s->op[i->slot];
    u64 exceptions = cpu->exceptions;
    cpu->page = (OpPage *)(op - (i->slot & (PAGE_OPS - 1)));
    cpu->pc = CODE + i->slot * 4;
    cpu->pc_base = cpu->pc - ((uintptr_t)op >> 2);
    cpu->until = cpu->icount + 1;
    cpu->limit = 0;  // whatever it does, the dispatch ends after it
    cpu->block = op;
    if (!setjmp(cpu->unwind)) cpu_execute_one(cpu, op);
    Outcome o = {.kind = ORACLE_EXECUTES};
    if (s->machine->stop) {
        s->machine->stop = STOP_NONE;
        o.kind = ORACLE_NOT_MODELLED;
    } else if (cpu->exceptions != exceptions) {
        o.kind = ORACLE_SYNC;
        o.target_el = cpu->el;
        o.esr = (uint32_t)(cpu->el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1);
        o.elr = cpu->el == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1;
        o.spsr = (uint32_t)(cpu->el == 2 ? cpu->sys.SPSR_EL2 : cpu->sys.SPSR_EL1);
        o.rule = s->rule;
    }
    return o;
}

Outcome subject_execute(Subject *s, int el, const Instruction *i, uint64_t xt) {
    memcpy(s->cpu, s->saved[el], sizeof *s->cpu);
    if (i->rt < 31) s->cpu->x[i->rt] = xt;
    Outcome o = execute(s, i);
    if (touches_gic(i->enc)) *s->cpu->gic = *s->gic_saved;
    return o;
}

Outcome subject_execute_next(Subject *s, const Instruction *i) {
    return execute(s, i);
}

uint64_t subject_operand(const Subject *s, const Instruction *i) {
    unsigned index = sysreg_index(i->enc);
    if (i->enc >> 14 == 1) return DATA;
    if (index == SYSREG_NONE) return 0;
    const SysRegInfo *r = sysreg_info(index);
    if (r->alias_of != SYSREG_NONE) r = sysreg_info(r->alias_of);
    (void)s;
    return r->write || r->after || r->read || r->insn || r->enc >> 14 != 3 ? 0
                                                                           : 0xa5a5a5a5a5a5a5a5u;
}

// --- comparison ------------------------------------------------------------------------------

static bool by_address(const Instruction *i) {  // DC, IC, AT
    return i->enc >> 14 == 1 && (i->enc >> 7 & 15) == 7;
}

static bool is_data_abort(const Outcome *o) {
    return o->kind == ORACLE_SYNC && (o->esr >> 26 == 0x24 || o->esr >> 26 == 0x25);
}

// The memory that FEAT_NV2 puts in a register's place; back to what it was.
static const char *compare_memory(Subject *s, const Instruction *i, uint64_t xt, unsigned offset) {
    uint64_t *at = &s->data_host[offset / 8];
    uint64_t was = 0x1111000000000000u + offset / 8 * 0x100010001;
    uint64_t now = *at;
    *at = was;
    if (i->rt == 31) xt = 0;
    if (i->read)
        return i->rt == 31 || s->cpu->x[i->rt] == was ? NULL : "another place in memory was read";
    return now == xt ? NULL : "another place in memory was written";
}

static const char *compare_register(Subject *s, int el, const Instruction *i, uint64_t xt,
                                    unsigned enc) {
    unsigned index = sysreg_index(enc);
    if (index == SYSREG_NONE || i->enc >> 14 != 3) return NULL;
    const SysRegInfo *r = sysreg_info(index);
    if (r->offset == SYSREG_NONE || r->read || r->write || r->insn) return NULL;
    uint64_t before = *sysreg_storage(s->saved[el], index), after = *sysreg_storage(s->cpu, index);
    if (i->rt == 31) xt = 0;
    if (i->read)
        return i->rt == 31 || s->cpu->x[i->rt] == before ? NULL : "another register was read";
    return after == sysreg_masked(s->cpu, index, xt) ? NULL : "another register was written";
}

static const char *compare_interface(const Subject *s, const Instruction *i, bool icv) {
    for (unsigned k = 0; k < ARRAY_LEN(interface); k++)
        if (i->read && i->rt < 31 && i->enc == interface[k].enc &&
            s->cpu->x[i->rt] != (icv ? interface[k].virtual_ : interface[k].physical))
            return "the other CPU interface was read";
    return NULL;
}

static bool same_cause(const char *a, const char *b) {
    return a == b || (a && b && !strcmp(a, b));
}

// AArch64.TakeException: with HCR_EL2.{NV2,NV1,NV} x01 and 111 SPSR_EL1 says EL2 instead of EL1.
static uint32_t saved_pstate(const Subject *s, int el, int target_el) {
    uint64_t hcr = s->cpu->sys.HCR_EL2;
    bool nv = hcr >> 42 & 1, nv1 = hcr >> 43 & 1, nv2 = hcr >> 45 & 1;
    bool says_el2 = el == 1 && target_el == 1 && ((nv && !nv1) || (nv && nv1 && nv2));
    return says_el2 ? (s->pstate[el] & ~0xcu) | 0x8 : s->pstate[el];
}

const char *subject_compare(Subject *s, int el, const Instruction *i, uint64_t xt,
                            const Outcome *got, const OracleResult *want) {
    if (want->kind == ORACLE_EXECUTES) {
        if ((by_address(i) || want->memory) && is_data_abort(got)) return NULL;
        if (got->kind != ORACLE_EXECUTES) return "it did not execute";
        if (s->cpu->pc != CODE + i->slot * 4 + 4) return "the PC is wrong";
        if (want->memory) return compare_memory(s, i, xt, want->offset);
        const char *why = compare_interface(s, i, want->icv);
        return why ? why : compare_register(s, el, i, xt, want->enc);
    }
    if (got->kind != want->kind) return "it took no exception";
    if (got->target_el != want->target_el) return "the target Exception level";
    if (got->esr >> 26 != want->ec) return "ESR_ELx.EC";
    if ((got->esr >> 25 & 1) != want->il) return "ESR_ELx.IL";
    if ((got->esr & 0x1ffffff) != want->iss) return "ESR_ELx.ISS";
    if (got->elr != CODE + i->slot * 4) return "ELR_ELx";
    if (got->spsr != saved_pstate(s, el, want->target_el)) return "SPSR_ELx";
    if (want->ec && !same_cause(got->rule, want->cause)) return "the cause";
    return NULL;
}
