// The generic timers of one PE: counters, the EL1 physical and virtual and the EL2 physical and
// virtual timers, and the event stream. Traps are in sysregs.reg.
// Source: Arm ARM, "The Generic Timer in AArch64 state"; AArch64.CheckTimerConditions,
// IsTimerConditionMet, TestEventCNTV, TestEventCNTP, and the accessors of CNT*.
// Time is machine time: a counter is never behind what its CPU has executed.
// FEAT_ECV: CNTPOFF_EL2, traps of the virtual timer, event streams of higher bits; nothing is
// speculated, so the self-synchronized counters are the counters. Left out: the memory-mapped timer
// frames, EL3's timer. The event stream is looked at only by WFE, which is all that can see it
// (gentimer_wfe()).
#include "cpu/sysreg.h"
#include "cpu/system.h"
#include "gic/gic.h"
#include "machine/machine.h"

#include <stdlib.h>

enum { TIMER_P, TIMER_V, TIMER_HP, TIMER_HV, TIMERS };
enum { CTL_ENABLE = 0, CTL_IMASK = 1, CTL_ISTATUS = 2 };
enum { EVNTEN = 2, EVNTDIR = 3, ECV = 12, EVNTIS = 17 };
enum { NS_PER_S = 1000000000 };

typedef struct Timer {
    Cpu *cpu;
    int n;
    Event event;
} Timer;

struct Gentimer {
    u64 hz;
    int shift;  // log2 of ns per tick, -1: not a power of two
    Timer timer[TIMERS];
    Event stream;
    Event wfe_delay;
    u64 stream_seen;  // CNTPCT up to which WFE has looked for stream events
};

static const unsigned timer_ppi[TIMERS] = {PPI_PTIMER, PPI_VTIMER, PPI_HPTIMER, PPI_HVTIMER};

// --- counters ------

static u64 count_at(const struct Gentimer *g, u64 ns) {
    return g->shift >= 0 ? ns >> g->shift : (u64)((u128)ns * g->hz / NS_PER_S);
}

u64 gentimer_physical_count(Cpu *cpu) {
    return count_at(cpu->gentimer, machine_counter_now(cpu->machine));
}

// Lets the event come at the first machine time (ns) at which the physical count is `count`. One that
// is further away than machine time can count (292 years) does not come: it would never be due.
static void schedule(Cpu *cpu, Event *event, u64 count) {
    u64 hz = cpu->gentimer->hz;
    u128 ns = ((u128)count * NS_PER_S + hz - 1) / hz;
    if (ns < INT64_MAX)
        event_set(cpu->machine, event, (u64)ns);
    else
        event_cancel(cpu->machine, event);
}

static u64 virtual_offset(const Cpu *cpu) {
    return cpu_have_el2(cpu) ? cpu->sys.CNTVOFF_EL2 : 0;
}

// Of the guest's physical counter and timer. EL2's own accesses are without it, and a host's EL0's.
static u64 physical_offset(const Cpu *cpu) {
    return cpu_have_el2(cpu) && bit(cpu->sys.CNTHCTL_EL2, ECV) ? cpu->sys.CNTPOFF_EL2 : 0;
}

static u64 physical_count_here(Cpu *cpu) {
    bool guest = cpu->el == 1 || (cpu->el == 0 && !cpu_in_host0(cpu));
    return gentimer_physical_count(cpu) - (guest ? physical_offset(cpu) : 0);
}

// The offset is 0 for a host: EL2 with E2H, and EL0 with E2H and TGE.
u64 gentimer_virtual_count(Cpu *cpu) {
    bool host = (cpu->el == 2 && cpu_e2h(cpu)) || (cpu->el == 0 && cpu_in_host0(cpu));
    return gentimer_physical_count(cpu) - (host ? 0 : virtual_offset(cpu));
}

// --- timers ------

static u64 *timer_ctl(Cpu *cpu, int n) {
    switch (n) {
    case TIMER_P: return &cpu->sys.CNTP_CTL_EL0;
    case TIMER_V: return &cpu->sys.CNTV_CTL_EL0;
    case TIMER_HP: return &cpu->sys.CNTHP_CTL_EL2;
    default: return &cpu->sys.CNTHV_CTL_EL2;
    }
}

static u64 *timer_cval(Cpu *cpu, int n) {
    switch (n) {
    case TIMER_P: return &cpu->sys.CNTP_CVAL_EL0;
    case TIMER_V: return &cpu->sys.CNTV_CVAL_EL0;
    case TIMER_HP: return &cpu->sys.CNTHP_CVAL_EL2;
    default: return &cpu->sys.CNTHV_CVAL_EL2;
    }
}

// Of the CompareValue view.
static u64 timer_offset(const Cpu *cpu, int n) {
    return n == TIMER_V ? virtual_offset(cpu) : n == TIMER_P ? physical_offset(cpu) : 0;
}

// Of the TimerValue view at this Exception level: EL2 sees the physical timer without offset.
static u64 tval_offset(const Cpu *cpu, int n) {
    return n == TIMER_P && cpu->el == 2 ? 0 : timer_offset(cpu, n);
}

// IsTimerConditionMet, without the mask.
static bool condition(Cpu *cpu, int n) {
    return gentimer_physical_count(cpu) - timer_offset(cpu, n) >= *timer_cval(cpu, n);
}

// Drives the interrupt, and queues the moment at which it will change.
static void timer_update(Cpu *cpu, int n) {
    Event *event = &cpu->gentimer->timer[n].event;
    u64 ctl = *timer_ctl(cpu, n);
    bool counts = bit(ctl, CTL_ENABLE) && !bit(ctl, CTL_IMASK), met = counts && condition(cpu, n);
    if (cpu->gic) gic_set_ppi(cpu->machine->gic, cpu, timer_ppi[n], met);
    u64 count = gentimer_physical_count(cpu), offset = timer_offset(cpu, n);
    u64 change = count + (*timer_cval(cpu, n) - (count - offset));
    if (met) change = offset;  // an offset ahead of the counter: the count is going to wrap
    if (counts && change > count)
        schedule(cpu, event, change);
    else
        event_cancel(cpu->machine, event);
}

static void timer_expired(void *arg) {
    const Timer *t = arg;
    timer_update(t->cpu, t->n);
}

static u64 timer_read(Cpu *cpu, int n, int which) {
    u64 ctl = *timer_ctl(cpu, n), cval = *timer_cval(cpu, n);
    if (which == 2) return cval;
    if (which == 0) return (u32)(cval - (gentimer_physical_count(cpu) - tval_offset(cpu, n)));
    return ctl | (u64)(bit(ctl, CTL_ENABLE) && condition(cpu, n)) << CTL_ISTATUS;
}

static void timer_write(Cpu *cpu, int n, int which, u64 value) {
    if (which == 1)
        *timer_ctl(cpu, n) = value & 3;
    else if (which == 2)
        *timer_cval(cpu, n) = value;
    else
        *timer_cval(cpu, n) =
            gentimer_physical_count(cpu) - tval_offset(cpu, n) + (u64)sext(value, 32);
    timer_update(cpu, n);
}

// --- event stream ------

// The next count after `count` at which bit n rises (or falls).
static u64 next_edge(u64 count, unsigned n, bool falls) {
    u64 period = 2ull << n, phase = falls ? 0 : 1ull << n;
    u64 next = align_down(count - phase, period) + phase;
    return next + period;
}

// The next event after `after` of the stream that a control register describes.
static u64 next_event_of(u64 control, u64 after, u64 offset) {
    unsigned n = (unsigned)bits(control, 7, 4) + (bit(control, EVNTIS) ? 8 : 0);
    return next_edge(after - offset, n, bit(control, EVNTDIR)) + offset;
}

// The next event of either stream after the physical count `after`; ~0: none is enabled.
static u64 next_stream_event(const Cpu *cpu, u64 after) {
    u64 next = ~0ull, k = cpu->sys.CNTKCTL_EL1, h = cpu->sys.CNTHCTL_EL2;
    if (bit(k, EVNTEN) && !cpu_in_host0(cpu)) next = next_event_of(k, after, virtual_offset(cpu));
    if (cpu_have_el2(cpu) && bit(h, EVNTEN))
        next = MIN(next, next_event_of(h, after, physical_offset(cpu)));
    return next;
}

static void stream_event(void *arg) {
    Cpu *cpu = arg;
    cpu->event = true;
    if (cpu->halt == HALT_WFE) system_wake(cpu);
}

void gentimer_wfe(Cpu *cpu) {
    struct Gentimer *g = cpu->gentimer;
    u64 now = gentimer_physical_count(cpu);
    if (next_stream_event(cpu, g->stream_seen) <= now) cpu->event = true;
    g->stream_seen = now;
    u64 next = next_stream_event(cpu, now);
    if (cpu->event || next == ~0ull)
        event_cancel(cpu->machine, &g->stream);
    else
        schedule(cpu, &g->stream, next);
}

static void wfe_delay_event(void *arg) {
    system_wfe_delay_over(arg);
}

void gentimer_delay_wfe_trap(Cpu *cpu, u64 cycles) {
    event_set(cpu->machine, &cpu->gentimer->wfe_delay, cpu_now(cpu) + cycles);
}

static void stream_changed(Cpu *cpu) {
    cpu->gentimer->stream_seen = gentimer_physical_count(cpu);
    event_cancel(cpu->machine, &cpu->gentimer->stream);
}

// --- registers ------

// Timer and register (0 TVAL, 1 CTL, 2 CVAL) behind a name. A host's EL0 means the EL2 timers; at
// EL2 the table has redirected already.
static bool timer_register(const Cpu *cpu, unsigned reg, int *n, int *which) {
    bool host0 = cpu->el == 0 && cpu_in_host0(cpu);
    int p = host0 ? TIMER_HP : TIMER_P, v = host0 ? TIMER_HV : TIMER_V;
    switch (reg) {
    case SYSREG_CNTP_TVAL_EL0: *n = p, *which = 0; return true;
    case SYSREG_CNTP_CTL_EL0: *n = p, *which = 1; return true;
    case SYSREG_CNTP_CVAL_EL0: *n = p, *which = 2; return true;
    case SYSREG_CNTV_TVAL_EL0: *n = v, *which = 0; return true;
    case SYSREG_CNTV_CTL_EL0: *n = v, *which = 1; return true;
    case SYSREG_CNTV_CVAL_EL0: *n = v, *which = 2; return true;
    case SYSREG_CNTHP_TVAL_EL2: *n = TIMER_HP, *which = 0; return true;
    case SYSREG_CNTHP_CTL_EL2: *n = TIMER_HP, *which = 1; return true;
    case SYSREG_CNTHP_CVAL_EL2: *n = TIMER_HP, *which = 2; return true;
    case SYSREG_CNTHV_TVAL_EL2: *n = TIMER_HV, *which = 0; return true;
    case SYSREG_CNTHV_CTL_EL2: *n = TIMER_HV, *which = 1; return true;
    case SYSREG_CNTHV_CVAL_EL2: *n = TIMER_HV, *which = 2; return true;
    default: return false;
    }
}

bool gentimer_sysreg_read(Cpu *cpu, unsigned reg, u64 *value) {
    int n, which;
    if (timer_register(cpu, reg, &n, &which)) {
        *value = timer_read(cpu, n, which);
        return true;
    }
    switch (reg) {
    case SYSREG_CNTPCT_EL0:
    case SYSREG_CNTPCTSS_EL0: *value = physical_count_here(cpu); return true;
    case SYSREG_CNTVCT_EL0:
    case SYSREG_CNTVCTSS_EL0: *value = gentimer_virtual_count(cpu); return true;
    case SYSREG_CNTFRQ_EL0: *value = cpu->sys.CNTFRQ_EL0; return true;
    case SYSREG_CNTVOFF_EL2: *value = cpu->sys.CNTVOFF_EL2; return true;
    case SYSREG_CNTPOFF_EL2: *value = cpu->sys.CNTPOFF_EL2; return true;
    case SYSREG_CNTKCTL_EL1: *value = cpu->sys.CNTKCTL_EL1; return true;
    case SYSREG_CNTHCTL_EL2: *value = cpu->sys.CNTHCTL_EL2; return true;
    default: unimplemented(cpu, "generic timer: read of system register %u", reg);
    }
}

bool gentimer_sysreg_write(Cpu *cpu, unsigned reg, u64 value) {
    int n, which;
    if (timer_register(cpu, reg, &n, &which)) {
        timer_write(cpu, n, which, value);
        return true;
    }
    switch (reg) {
    case SYSREG_CNTVOFF_EL2:
        cpu->sys.CNTVOFF_EL2 = value;
        timer_update(cpu, TIMER_V);
        stream_changed(cpu);
        return true;
    case SYSREG_CNTPOFF_EL2:
        cpu->sys.CNTPOFF_EL2 = value;
        timer_update(cpu, TIMER_P);
        stream_changed(cpu);
        return true;
    case SYSREG_CNTKCTL_EL1:
        cpu->sys.CNTKCTL_EL1 = sysreg_masked(cpu, reg, value);
        stream_changed(cpu);
        return true;
    case SYSREG_CNTHCTL_EL2:
        cpu->sys.CNTHCTL_EL2 = sysreg_masked(cpu, reg, value);
        timer_update(cpu, TIMER_P);
        stream_changed(cpu);
        return true;
    default: unimplemented(cpu, "generic timer: write of system register %u", reg);
    }
}

// --- life cycle ------

void gentimer_create(Cpu *cpu, u64 frequency_hz) {
    struct Gentimer *g = calloc(1, sizeof *g);
    CHECK(g && frequency_hz);
    u64 period = NS_PER_S / frequency_hz;
    bool power_of_two = NS_PER_S % frequency_hz == 0 && (period & (period - 1)) == 0;
    g->hz = frequency_hz;
    g->shift = power_of_two ? __builtin_ctzll(period) : -1;
    for (int n = 0; n < TIMERS; n++) {
        g->timer[n] = (Timer){.cpu = cpu, .n = n};
        event_init(&g->timer[n].event, timer_expired, &g->timer[n]);
    }
    event_init(&g->stream, stream_event, cpu);
    event_init(&g->wfe_delay, wfe_delay_event, cpu);
    cpu->gentimer = g;
}

void gentimer_free(Cpu *cpu) {
    if (!cpu->gentimer) return;
    for (int n = 0; n < TIMERS; n++) event_cancel(cpu->machine, &cpu->gentimer->timer[n].event);
    event_cancel(cpu->machine, &cpu->gentimer->stream);
    event_cancel(cpu->machine, &cpu->gentimer->wfe_delay);
    free(cpu->gentimer);
    cpu->gentimer = NULL;
}

// What reset leaves UNKNOWN is as firmware sets it: the frequency is known, EL1 and EL0 reach the
// physical counter and timer.
void gentimer_reset(Cpu *cpu) {
    cpu->sys.CNTFRQ_EL0 = cpu->gentimer->hz;
    cpu->sys.CNTHCTL_EL2 = 3;
    cpu->sys.CNTKCTL_EL1 = 0;
    cpu->sys.CNTVOFF_EL2 = cpu->sys.CNTPOFF_EL2 = 0;
    for (int n = 0; n < TIMERS; n++) {
        *timer_ctl(cpu, n) = 0;
        *timer_cval(cpu, n) = 0;
        timer_update(cpu, n);
    }
    stream_changed(cpu);
}

// --- for the debugger ----------------------------------------------------------------------------

void gentimer_view(Cpu *cpu, GentimerView out[GENTIMERS]) {
    static const char *const names[TIMERS] = {"CNTP", "CNTV", "CNTHP", "CNTHV"};
    _Static_assert((int)TIMERS == (int)GENTIMERS, "all timers have a view");
    u64 physical = count_at(cpu->gentimer, cpu_now(cpu));
    for (int n = 0; n < TIMERS; n++) {
        u64 offset = timer_offset(cpu, n), cval = *timer_cval(cpu, n);
        out[n] = (GentimerView){.name = names[n],
                                .ppi = timer_ppi[n],
                                .ctl = *timer_ctl(cpu, n),
                                .cval = cval,
                                .count = physical - offset,
                                .offset = offset,
                                .hz = cpu->gentimer->hz,
                                .met = physical - offset >= cval};
    }
}
