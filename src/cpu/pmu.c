// The Performance Monitors Extension of one PE, PMUv3 up to FEAT_PMUv3p5: six event counters and the
// cycle counter, their filters, overflow interrupt and partitioning between EL1 and EL2.
// Source: Arm ARM, "The Performance Monitors Extension"; CountPMUEvents, PMUCounterIsHyp,
// AArch64.IncrementEventCounter, AArch64.IncrementCycleCounter, AArch64.PMUSwIncrement,
// AArch64.ClearEventCounters, CheckForPMUOverflow, and the accessors of PM*.
//
// Nothing counts per instruction: a counter of instructions or cycles is brought up to date from
// Cpu.icount when the Exception level or a control changes, or when somebody looks. The icount at
// which the next overflow can be seen is Cpu.pmu_deadline, where the machine stops this CPU.
//
// Choices:
// - A cycle is an instruction, or the attempt at one: 1 ns of machine time. The clock stands still in
//   WFI and WFE. So nothing ever stalls, and STALL* count 0.
// - An instruction that takes an exception which returns to it has not been executed: it is no
//   INST_RETIRED. A read of a counter sees the reading instruction; a write of a control acts after
//   the writing one.
// - Events belong to the Exception level of the instruction, or that the exception was taken from.
// - A counter that EL2 keeps (MDCR_EL2.HPMN) traps to EL2, one that does not exist is UNDEFINED, on
//   all models as FEAT_FGT has it. HPMN = 0 keeps all, HPMN beyond the last keeps none.
// - There is no AArch32, so PMCR_EL0.LC is RES1 and D is RES0; no EL3, so DP is RES0 before
//   FEAT_PMUv3p1 and the filters of EL3 and Secure state are RES0.
// Events 0x81 to 0x8f are the ones that the Arm ARM recommends for IMPLEMENTATION DEFINED numbers.
// Left out: the cache, branch and memory events (not in PMCEID<n>_EL0: caches and prediction are not
// modelled), event export (PMCR_EL0.X), the external interface.
#include "cpu/pmu.h"
#include "cpu/op.h"
#include "cpu/sysreg.h"
#include "gic/gic.h"
#include "machine/machine.h"

#include <stdlib.h>

enum {
    COUNTERS = 6,
    CYCLE = 31,  // the cycle counter's number
    PMCR_E = 0,
    PMCR_P = 1,
    PMCR_C = 2,
    PMCR_DP = 5,
    PMCR_LP = 7,
    MDCR_HPME = 7,
    MDCR_HPMD = 17,
    MDCR_HCCD = 23,
    MDCR_HLP = 26,
    FILTER_P = 31,
    FILTER_U = 30,
    FILTER_NSH = 27,
    // Instructions from one look at Cpu.limit to the next, at most: a page of them.
    LONGEST_RUN = PAGE_OPS,
};
static const u32 all_counters = 1u << CYCLE | ((1u << COUNTERS) - 1);

struct Pmu {
    u64 seen;     // icount up to which the counters are up to date
    u32 running;  // counters that count at the current Exception level, bit n: counter n
    u32 cycles;   // those of them that count cycles,
    u32 insns;    // and instructions
    bool level;   // of the interrupt
};

_Static_assert(offsetof(struct SysRegs, PMEVCNTR5_EL0) ==
                   offsetof(struct SysRegs, PMEVCNTR0_EL0) + 5 * sizeof(u64),
               "the event counters lie one after the other");
_Static_assert(offsetof(struct SysRegs, PMEVTYPER5_EL0) ==
                   offsetof(struct SysRegs, PMEVTYPER0_EL0) + 5 * sizeof(u64),
               "so do their types");

static u64 *counter_of(Cpu *cpu, unsigned n) {
    return n == CYCLE ? &cpu->sys.PMCCNTR_EL0 : &cpu->sys.PMEVCNTR0_EL0 + n;
}
static u64 filter_of(const Cpu *cpu, unsigned n) {
    return n == CYCLE ? cpu->sys.PMCCFILTR_EL0 : (&cpu->sys.PMEVTYPER0_EL0)[n];
}
static unsigned event_of(const Cpu *cpu, unsigned n) {
    return n == CYCLE ? PMU_CPU_CYCLES : (unsigned)bits(filter_of(cpu, n), 15, 0);
}

// --- which counters count ------------------------------------------------------------------------

// The first counter that belongs to EL2.
static unsigned first_hyp(const Cpu *cpu) {
    if (!cpu_have_el2(cpu)) return COUNTERS;
    return MIN((unsigned)bits(cpu->sys.MDCR_EL2, 4, 0), COUNTERS);
}

static bool PMUCounterIsHyp(const Cpu *cpu, unsigned n) {
    return n != CYCLE && n >= first_hyp(cpu);
}

// PMUCounterMask: the counters that exist for the current Exception level.
static u32 accessible(const Cpu *cpu) {
    unsigned n = cpu->el < 2 ? first_hyp(cpu) : COUNTERS;
    return 1u << CYCLE | ((1u << n) - 1);
}

// PMCR_EL0.E, or its counterpart for EL2's counters, without PMCNTENSET_EL0.
static bool group_enabled(const Cpu *cpu, unsigned n) {
    return PMUCounterIsHyp(cpu, n) ? bit(cpu->sys.MDCR_EL2, MDCR_HPME)
                                   : bit(cpu->sys.PMCR_EL0, PMCR_E);
}

static bool counter_enabled(const Cpu *cpu, unsigned n) {
    return bit(cpu->sys.PMCNTENSET_EL0, n) && group_enabled(cpu, n);
}

// What MDCR_EL2 forbids at EL2.
static bool prohibited(const Cpu *cpu, unsigned n) {
    if (cpu->el < 2) return false;
    bool hpmd = bit(cpu->sys.MDCR_EL2, MDCR_HPMD) && !PMUCounterIsHyp(cpu, n);
    if (n != CYCLE) return hpmd;
    return (hpmd && bit(cpu->sys.PMCR_EL0, PMCR_DP)) || bit(cpu->sys.MDCR_EL2, MDCR_HCCD);
}

static bool filtered(const Cpu *cpu, unsigned n) {
    u64 filter = filter_of(cpu, n);
    if (cpu->el == 0) return bit(filter, FILTER_U);
    return cpu->el == 1 ? bit(filter, FILTER_P) : !bit(filter, FILTER_NSH);
}

static bool CountPMUEvents(const Cpu *cpu, unsigned n) {
    return counter_enabled(cpu, n) && !prohibited(cpu, n) && !filtered(cpu, n);
}

// --- counting ------------------------------------------------------------------------------------

// Bits of a counter that wrap: 64 for the cycle counter (PMCR_EL0.LC is RES1) and long event counters.
static unsigned width(const Cpu *cpu, unsigned n) {
    if (n == CYCLE) return 64;
    bool is_long = PMUCounterIsHyp(cpu, n) ? bit(cpu->sys.MDCR_EL2, MDCR_HLP)
                                           : bit(cpu->sys.PMCR_EL0, PMCR_LP);
    return is_long ? 64 : 32;
}

// The counter behind an even one, when it counts the overflows of that.
static bool chained(const Cpu *cpu, unsigned n) {
    return n < COUNTERS && n % 2 == 0 && width(cpu, n) == 32 && bit(cpu->pmu->running, n + 1) &&
           event_of(cpu, n + 1) == PMU_CHAIN;
}

// AArch64.IncrementEventCounter and IncrementCycleCounter, `by` times.
static void increment(Cpu *cpu, unsigned n, u64 by) {
    u64 *counter = counter_of(cpu, n), old = *counter, sum = old + by, overflows;
    if (width(cpu, n) == 64)
        overflows = sum < old;
    else
        overflows = ((u64)(u32)old + (u32)by) / (1ull << 32) + (by >> 32);
    *counter = n == CYCLE || cpu_has(cpu, FEAT_PMUv3p5) ? sum : (u32)sum;
    if (!overflows) return;
    cpu->sys.PMOVSSET_EL0 |= 1ull << n;
    if (chained(cpu, n)) increment(cpu, n + 1, overflows);
}

static void increment_all(Cpu *cpu, u32 counters, u64 by) {
    for (; counters && by; counters &= counters - 1)
        increment(cpu, (unsigned)__builtin_ctz(counters), by);
}

// Brings the counters up to date; `failed` of the instructions were not executed.
static void advance(Cpu *cpu, u64 failed) {
    struct Pmu *p = cpu->pmu;
    u64 passed = cpu->icount - p->seen;
    p->seen = cpu->icount;
    increment_all(cpu, p->cycles, passed);
    increment_all(cpu, p->insns, passed - MIN(failed, passed));
}

static u32 counters_of_event(const Cpu *cpu, unsigned event) {
    u32 found = 0;
    for (u32 rest = cpu->pmu->running; rest; rest &= rest - 1) {
        unsigned n = (unsigned)__builtin_ctz(rest);
        if (event_of(cpu, n) == event) found |= 1u << n;
    }
    return found;
}

static void count_event(Cpu *cpu, unsigned event) {
    increment_all(cpu, counters_of_event(cpu, event), 1);
}

// --- overflow ------------------------------------------------------------------------------------

// CheckForPMUOverflow.
static void check_overflow(Cpu *cpu) {
    u64 pending = cpu->sys.PMOVSSET_EL0 & cpu->sys.PMINTENSET_EL1;
    bool level = false;
    for (; pending && !level; pending &= pending - 1)
        level = group_enabled(cpu, (unsigned)__builtin_ctzll(pending));
    if (level == cpu->pmu->level) return;
    cpu->pmu->level = level;
    if (cpu->gic) gic_set_ppi(cpu->machine->gic, cpu, PPI_PMU, level);
}

// Somebody can see when counter n overflows: an interrupt, or a counter chained to it.
static bool overflow_shows(const Cpu *cpu, unsigned n) {
    bool interrupts = bit(cpu->sys.PMINTENSET_EL1, n) && !bit(cpu->sys.PMOVSSET_EL0, n);
    return interrupts || chained(cpu, n);
}

static void find_deadline(Cpu *cpu) {
    const struct Pmu *p = cpu->pmu;
    u64 least = ~0ull;
    for (u32 rest = p->cycles | p->insns; rest; rest &= rest - 1) {
        unsigned n = (unsigned)__builtin_ctz(rest);
        if (!overflow_shows(cpu, n)) continue;
        u64 value = *counter_of(cpu, n);
        u64 left = width(cpu, n) == 64 ? ~value : (u32)~value;
        least = MIN(least, left);
    }
    cpu->pmu_deadline = least < INT64_MAX ? p->seen + least + 1 : ~0ull;
    if (cpu->pmu_deadline == ~0ull) return;
    // The slice ends early enough to step exactly up to there.
    u64 until = MAX(cpu->pmu_deadline, LONGEST_RUN) - LONGEST_RUN;
    if (until >= cpu->until) return;
    cpu->until = MAX(until, cpu->icount);
    cpu->limit = MIN(cpu->limit, cpu->until);
}

// Everything that follows from the registers and the Exception level. The counters are up to date.
static void refresh(Cpu *cpu) {
    struct Pmu *p = cpu->pmu;
    p->running = p->cycles = p->insns = 0;
    cpu->pmu_on = false;
    for (u32 rest = (u32)cpu->sys.PMCNTENSET_EL0; rest; rest &= rest - 1) {
        unsigned n = (unsigned)__builtin_ctz(rest), event = event_of(cpu, n);
        cpu->pmu_on |= counter_enabled(cpu, n);
        if (!CountPMUEvents(cpu, n)) continue;
        p->running |= 1u << n;
        if (event == PMU_CPU_CYCLES) p->cycles |= 1u << n;
        if (event == PMU_INST_RETIRED) p->insns |= 1u << n;
    }
    check_overflow(cpu);
    find_deadline(cpu);
}

void pmu_changed(Cpu *cpu) {
    if (!cpu->pmu) return;
    advance(cpu, 0);
    refresh(cpu);
}

void pmu_overflow(Cpu *cpu) {
    pmu_changed(cpu);
}

void pmu_event(Cpu *cpu, PmuEvent event) {
    if (!cpu->pmu_on) return;
    advance(cpu, 0);
    count_event(cpu, event);
    refresh(cpu);
}

// --- exceptions ----------------------------------------------------------------------------------

// An exception is taken locally unless it goes from EL1, or from EL0 under it, to EL2.
static PmuEvent exception_class(const Exception *e, bool local) {
    switch (e->kind) {
    case EXC_IRQ: return local ? PMU_EXC_IRQ : PMU_EXC_TRAP_IRQ;
    case EXC_FIQ: return local ? PMU_EXC_FIQ : PMU_EXC_TRAP_FIQ;
    case EXC_SERROR: return local ? PMU_EXC_DABORT : PMU_EXC_TRAP_DABORT;
    default: break;
    }
    switch (e->ec) {
    case EC_SVC64: return local ? PMU_EXC_SVC : PMU_EXC_TRAP_OTHER;
    case EC_HVC64: return PMU_EXC_HVC;
    case EC_IABT_LOWER:
    case EC_IABT_SAME: return local ? PMU_EXC_PABORT : PMU_EXC_TRAP_PABORT;
    case EC_DABT_LOWER:
    case EC_DABT_SAME: return local ? PMU_EXC_DABORT : PMU_EXC_TRAP_DABORT;
    default: return local ? PMU_EXC_UNDEF : PMU_EXC_TRAP_OTHER;
    }
}

// The instruction at preferred_return is in icount already (system.c counts one before it is
// executed): it is to be executed again. The block of a fetch that failed may be an old one: then
// nothing was executed since the last call of advance() either.
static bool instruction_failed(const Cpu *cpu, const Exception *e, u64 preferred_return) {
    return e->kind == EXC_SYNC && cpu->block && op_pc(cpu, cpu->block) == preferred_return + 4;
}

void pmu_exception(Cpu *cpu, int from_el, const Exception *e, u64 preferred_return) {
    bool local = cpu->el == 1 || from_el == 2 || (from_el == 0 && cpu_tge(cpu));
    advance(cpu, instruction_failed(cpu, e, preferred_return));
    count_event(cpu, PMU_EXC_TAKEN);
    count_event(cpu, exception_class(e, local));
    refresh(cpu);
}

void pmu_exception_return(Cpu *cpu) {
    pmu_event(cpu, PMU_EXC_RETURN);
}

// --- traps and selection --------------------------------------------------------------------------
// PMUSERENR_EL0, fine-grained traps and MDCR_EL2.{TPM,TPMCR} are in the table.

// Counter n may be used from here. False: trapped.
static bool check_counter(Cpu *cpu, unsigned n, unsigned reg, bool read) {
    if (bit(accessible(cpu), n)) return true;
    sysreg_trap(cpu, 2, reg, read, "MDCR_EL2.HPMN");
    return false;
}

// PMXEV*: the register that PMSELR_EL0 selects. False: none, an exception was taken. One that does not
// exist is UNDEFINED before anything traps.
static bool selected(Cpu *cpu, unsigned *reg, bool read) {
    unsigned n = (unsigned)bits(cpu->sys.PMSELR_EL0, 4, 0);
    bool type = *reg == SYSREG_PMXEVTYPER_EL0, filter = type && n == CYCLE;
    unsigned first = type ? SYSREG_PMEVTYPER0_EL0 : SYSREG_PMEVCNTR0_EL0;
    if (n >= COUNTERS && !filter) {
        AArch64_Undefined(cpu);
        return false;
    }
    if (sysreg_trapped(cpu, first, read)) return false;
    *reg = filter ? SYSREG_PMCCFILTR_EL0 : first + n;
    return filter || check_counter(cpu, n, *reg, read);
}

// *reg becomes the register that is meant. False: an exception was taken.
static bool begin(Cpu *cpu, unsigned *reg, bool read) {
    switch (*reg) {
    case SYSREG_PMXEVTYPER_EL0:
    case SYSREG_PMXEVCNTR_EL0: return selected(cpu, reg, read);
    case SYSREG_PMEVCNTR0_EL0 ... SYSREG_PMEVCNTR5_EL0:
        return check_counter(cpu, *reg - SYSREG_PMEVCNTR0_EL0, *reg, read);
    case SYSREG_PMEVTYPER0_EL0 ... SYSREG_PMEVTYPER5_EL0:
        return check_counter(cpu, *reg - SYSREG_PMEVTYPER0_EL0, *reg, read);
    default: return true;
    }
}

// --- registers -----------------------------------------------------------------------------------

static u64 common_events(const Cpu *cpu, bool upper) {
    u64 stalls = 0;
    if (cpu_has(cpu, FEAT_PMUv3p1))
        stalls |= 1ull << PMU_STALL_FRONTEND | 1ull << PMU_STALL_BACKEND;
    if (cpu_has(cpu, FEAT_PMUv3p4)) stalls |= 1ull << PMU_STALL;
    u64 events = stalls | 1ull << PMU_SW_INCR | 1ull << PMU_INST_RETIRED | 1ull << PMU_EXC_TAKEN |
                 1ull << PMU_EXC_RETURN | 1ull << PMU_CID_WRITE_RETIRED | 1ull << PMU_CPU_CYCLES |
                 1ull << PMU_TTBR_WRITE_RETIRED | 1ull << PMU_CHAIN;
    return upper ? events >> 32 : (u32)events;
}

static u64 read_PMCR(const Cpu *cpu) {
    u64 counters = cpu->el < 2 ? first_hyp(cpu) : COUNTERS;
    return cpu->sys.PMCR_EL0 | counters << 11;
}

bool sysread_pmu(Cpu *cpu, unsigned reg, u64 *value) {
    const struct SysRegs *s = &cpu->sys;
    if (!begin(cpu, &reg, true)) return false;
    if (cpu->pmu_on) pmu_changed(cpu);
    switch (reg) {
    case SYSREG_PMCR_EL0: *value = read_PMCR(cpu); break;
    case SYSREG_PMCNTENSET_EL0:
    case SYSREG_PMCNTENCLR_EL0: *value = s->PMCNTENSET_EL0 & accessible(cpu); break;
    case SYSREG_PMINTENSET_EL1:
    case SYSREG_PMINTENCLR_EL1: *value = s->PMINTENSET_EL1 & accessible(cpu); break;
    case SYSREG_PMOVSSET_EL0:
    case SYSREG_PMOVSCLR_EL0: *value = s->PMOVSSET_EL0 & accessible(cpu); break;
    case SYSREG_PMCEID0_EL0: *value = common_events(cpu, false); break;
    case SYSREG_PMCEID1_EL0: *value = common_events(cpu, true); break;
    default: *value = *sysreg_storage(cpu, reg); break;
    }
    return true;
}

// AArch64.ClearEventCounters: those that EL2 keeps are out of reach below it.
static void clear_event_counters(Cpu *cpu) {
    for (unsigned n = 0; n < COUNTERS; n++)
        if (bit(accessible(cpu), n)) *counter_of(cpu, n) = 0;
}

static void write_PMCR(Cpu *cpu, u64 value) {
    if (bit(value, PMCR_P)) clear_event_counters(cpu);
    if (bit(value, PMCR_C)) cpu->sys.PMCCNTR_EL0 = 0;
    u64 ids = cpu->sys.PMCR_EL0 & 0xffff0000;
    u64 kept = sysreg_masked(cpu, SYSREG_PMCR_EL0, value) | ids;
    // Nothing prohibits counting without EL2.
    if (!cpu_have_el2(cpu)) kept &= ~(1ull << PMCR_DP);
    cpu->sys.PMCR_EL0 = kept & ~(1ull << PMCR_P | 1ull << PMCR_C);
}

static void write_register(Cpu *cpu, unsigned reg, u64 value) {
    struct SysRegs *s = &cpu->sys;
    u64 which = value & accessible(cpu) & all_counters;
    switch (reg) {
    case SYSREG_PMCR_EL0: write_PMCR(cpu, value); break;
    case SYSREG_PMCNTENSET_EL0: s->PMCNTENSET_EL0 |= which; break;
    case SYSREG_PMCNTENCLR_EL0: s->PMCNTENSET_EL0 &= ~which; break;
    case SYSREG_PMINTENSET_EL1: s->PMINTENSET_EL1 |= which; break;
    case SYSREG_PMINTENCLR_EL1: s->PMINTENSET_EL1 &= ~which; break;
    case SYSREG_PMOVSSET_EL0: s->PMOVSSET_EL0 |= which; break;
    case SYSREG_PMOVSCLR_EL0: s->PMOVSSET_EL0 &= ~which; break;
    case SYSREG_PMSWINC_EL0:
        if (cpu->pmu) increment_all(cpu, counters_of_event(cpu, PMU_SW_INCR) & (u32)which, 1);
        break;
    default: *sysreg_storage(cpu, reg) = sysreg_masked(cpu, reg, value); break;
    }
}

bool syswrite_pmu(Cpu *cpu, unsigned reg, u64 value) {
    if (!begin(cpu, &reg, false)) return false;
    if (cpu->pmu) advance(cpu, 0);
    write_register(cpu, reg, value);
    if (cpu->pmu) refresh(cpu);
    return true;
}

bool syswrite_MDCR_EL2(Cpu *cpu, unsigned reg, u64 value) {
    if (cpu->pmu) advance(cpu, 0);
    cpu->sys.MDCR_EL2 = sysreg_masked(cpu, reg, value);
    if (cpu->pmu) refresh(cpu);
    interrupts_changed(cpu);  // TDE: software step may become active
    return true;
}

// --- life cycle ----------------------------------------------------------------------------------

void pmu_create(Cpu *cpu) {
    cpu->pmu = calloc(1, sizeof *cpu->pmu);
    CHECK(cpu->pmu);
}

void pmu_free(Cpu *cpu) {
    free(cpu->pmu);
    cpu->pmu = NULL;
}

// The registers have their reset values.
void pmu_reset(Cpu *cpu) {
    cpu->pmu->seen = cpu->icount;
    refresh(cpu);
}
