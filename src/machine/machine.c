// Creating, running and resetting a machine: CPUs in deterministic round robin on one thread, the
// clock and its events, and what happens when everybody sleeps.
//
// Time: 1 instruction = 1 ns. All running CPUs execute the same span of machine time, one after the
// other, in slices that end at the next event; so nothing here depends on the host (except under
// --clock host and at a terminal).
#include "machine/machine.h"

#include "cpu/cpu_models.h"
#include "cpu/exception.h"
#include "cpu/cause.h"
#include "cpu/exit_ring.h"
#include "cpu/observer.h"
#include "cpu/op.h"
#include "cpu/pmu.h"
#include "gen/handlers.h"
#include "gic/gic.h"
#include "machine/virt.h"
#include "mmu/mmu.h"
#include "mmu/tags.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum {
    SLICE_SMP = 10000,      // ns (instructions) while several CPUs run
    SLICE_ALONE = 4000000,  // upper bound between looks at the host (keyboard, signals)
    COUNTER_HZ = 62500000,
};

typedef struct Clock {
    u64 now;  // start of the current slice
    u64 slice_end;
    Event **queue;  // binary heap by (when, order)
    int count, capacity;
    u64 seen;    // latest time any CPU has read from a counter
    bool alone;  // one CPU runs in this slice
    // The round that is under way; a debugger or the limit may have stopped it anywhere.
    bool in_round, in_slice;
    unsigned turn;        // the CPU whose slice it is
    unsigned round_cpus;  // how many ran when it began
    u64 round_end;        // latest time a CPU has reached in it
    u64 host_start;       // host ns at machine time 0, --clock host
} Clock;

// --- events -------------------------------------------------------------------------------------

void event_init(Event *e, void (*fire)(void *arg), void *arg) {
    *e = (Event){.fire = fire, .arg = arg, .slot = -1};
}

static void place(Clock *c, int slot, Event *e) {
    c->queue[slot] = e;
    e->slot = slot;
}

static void sift(Clock *c, int slot) {
    Event *e = c->queue[slot];
    while (slot && c->queue[(slot - 1) / 2]->when > e->when) {
        place(c, slot, c->queue[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    for (;;) {
        int child = slot * 2 + 1;
        if (child >= c->count) break;
        if (child + 1 < c->count && c->queue[child + 1]->when < c->queue[child]->when) child++;
        if (c->queue[child]->when >= e->when) break;
        place(c, slot, c->queue[child]);
        slot = child;
    }
    place(c, slot, e);
}

void event_cancel(Machine *machine, Event *e) {
    Clock *c = machine->clock;
    if (e->slot < 0) return;
    int slot = e->slot;
    e->slot = -1;
    Event *last = c->queue[--c->count];
    if (last == e) return;
    place(c, slot, last);
    sift(c, slot);
}

// Ends the running slice at machine time `when`.
static void shorten_slice(Machine *machine, u64 when) {
    Cpu *cpu = machine->running;
    if (!cpu) return;
    u64 now = cpu_now(cpu);
    u64 until = cpu->icount + (when > now ? when - now : 0);
    if (cpu->block == NULL) until = cpu->icount;
    if (until >= cpu->until) return;
    cpu->until = until;
    if (cpu->limit > until) cpu->limit = until;
}

void event_set(Machine *machine, Event *e, u64 when) {
    Clock *c = machine->clock;
    event_cancel(machine, e);
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 32;
        c->queue = realloc(c->queue, (size_t)c->capacity * sizeof *c->queue);
        CHECK(c->queue);
    }
    e->when = when;
    place(c, c->count++, e);
    sift(c, e->slot);
    if (when < c->slice_end) shorten_slice(machine, when);
}

static void fire_events(Machine *machine, u64 now) {
    Clock *c = machine->clock;
    machine->firing = true;
    while (c->count && c->queue[0]->when <= now) {
        Event *e = c->queue[0];
        event_cancel(machine, e);
        e->fire(e->arg);
    }
    machine->firing = false;
}

// --- time ---------------------------------------------------------------------------------------

u64 cpu_now(Cpu *cpu) {
    return cpu->time_offset + cpu->icount;
}

u64 machine_now(Machine *machine) {
    return machine->running ? cpu_now(machine->running) : machine->clock->now;
}

u64 machine_counter_now(Machine *machine) {
    Clock *c = machine->clock;
    u64 now = machine_now(machine);
    if (now > c->seen) c->seen = now;
    return c->seen;
}

static u64 host_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

void machine_cpu_woke(Machine *machine, Cpu *cpu) {
    cpu->not_before = machine_now(machine);
    // Alone in its slice: end it soon, so that the one that woke gets its turn.
    Clock *c = machine->clock;
    if (machine->running && machine->running != cpu && c->alone) {
        u64 now = machine_now(machine);
        if (c->slice_end > now + SLICE_SMP) c->slice_end = now + SLICE_SMP;
        shorten_slice(machine, c->slice_end);
    }
}

// --- running ------------------------------------------------------------------------------------

static unsigned running_cpus(const Machine *machine) {
    unsigned n = 0;
    for (unsigned i = 0; i < machine->cpus; i++) n += machine->cpu[i]->halt == HALT_NONE;
    return n;
}

// Runs a CPU for about n instructions. What lies at its pmu_deadline is reached exactly: the last
// instructions before it, as many as may be executed between two looks at the limit, are stepped.
static void run_for(Cpu *cpu, u64 n) {
    u64 left = cpu->pmu_deadline - cpu->icount;
    if (likely(left > PAGE_OPS))
        cpu_run(cpu, cpu->icount + MIN(n, left - PAGE_OPS));
    else if (cpu->mid_chain)
        cpu_run(cpu, cpu->icount);  // to the end of its chain
    else
        cpu_step(cpu);
    if (unlikely(cpu->icount >= cpu->pmu_deadline)) pmu_overflow(cpu);
}

// Where a CPU that runs reaches the limit for all of them, if it does: the others stand meanwhile.
static u64 limit_of(const Machine *machine, const Cpu *cpu) {
    if (!machine->insn_limit) return ~0ull;
    u64 executed = machine_insns(machine);
    return cpu->icount + (machine->insn_limit > executed ? machine->insn_limit - executed : 0);
}

// After these stops the machine can go on inside the slice.
static bool stopped_inside(const Machine *machine) {
    return machine->stop == STOP_DEBUG || machine->stop == STOP_INSN_LIMIT;
}

// Runs one CPU through [clock->now, clock->slice_end), or goes on with that. Events due at its end wait
// until every CPU has got there: none may see an interrupt of its timer before its own counter has
// reached it.
static void run_slice(Machine *machine, Cpu *cpu) {
    Clock *c = machine->clock;
    if (!c->in_slice) cpu->time_offset = MAX(c->now, cpu->not_before) - cpu->icount;
    machine->running = cpu;
    cpu->end_at = limit_of(machine, cpu);
    // After a stop: what was due when it came.
    if (c->in_slice && !cpu->mid_chain) fire_events(machine, MIN(cpu_now(cpu), c->slice_end - 1));
    c->in_slice = true;
    while (!machine->stop && (cpu->mid_chain || (!cpu->halt && cpu_now(cpu) < c->slice_end))) {
        u64 end = c->slice_end;
        if (c->count && c->queue[0]->when < end) end = c->queue[0]->when;
        u64 now = cpu_now(cpu);
        if (end > now || cpu->mid_chain) run_for(cpu, end > now ? end - now : 0);
        if (stopped_inside(machine)) break;
        fire_events(machine, MIN(cpu_now(cpu), c->slice_end - 1));
    }
    cpu->end_at = ~0ull;
    machine->running = NULL;
}

// The exclusives monitor does not outlive a slice in which others ran: they may have written.
static void clear_monitors(Machine *machine) {
    for (unsigned i = 0; i < machine->cpus; i++) {
        Cpu *cpu = machine->cpu[i];
        if (!cpu->excl_valid) continue;
        cpu->excl_valid = false;
        cpu->event = true;  // clearing a global monitor is a WFE wake-up event
        if (cpu->halt == HALT_WFE) cpu->halt = HALT_NONE;
    }
}

static COLD void deadlock(Machine *machine) {
    machine_stop(machine, STOP_DEADLOCK, 0,
                 "every CPU sleeps and nothing can wake one: no event is due and no interrupt is "
                 "pending");
}

// Everybody sleeps: go to the next event, waiting in host time where a person or the host's clock
// is involved.
static void idle(Machine *machine) {
    Clock *c = machine->clock;
    bool host_time = machine->config.host_clock || board_is_interactive(machine);
    if (!c->count) {
        if (!board_wait_input(machine, -1) && !machine->interrupted && !machine->pause)
            deadlock(machine);
        return;
    }
    u64 when = c->queue[0]->when;
    if (when > c->now && host_time) {
        u64 start = host_ns(), wait = when - c->now;
        bool input = board_wait_input(machine, (i64)MIN(wait, 1000000000u));
        u64 passed = host_ns() - start;
        c->now = input || passed < wait ? MIN(c->now + passed, when) : when;
    } else {
        c->now = MAX(c->now, when);
    }
    fire_events(machine, c->now);
}

static void begin_round(Machine *machine, unsigned n) {
    Clock *c = machine->clock;
    c->alone = n == 1;
    c->slice_end = c->now + (c->alone ? SLICE_ALONE : SLICE_SMP);
    if (c->count && c->queue[0]->when < c->slice_end)
        c->slice_end = MAX(c->queue[0]->when, c->now + 1);
    c->round_end = c->now;
    c->round_cpus = n;
    c->turn = 0;
    c->in_round = true;
    c->in_slice = false;
}

static void end_round(Machine *machine) {
    Clock *c = machine->clock;
    unsigned n = c->round_cpus;
    // A CPU that went to sleep early ends its slice early; the others set the time.
    c->now = running_cpus(machine) || n > 1 ? MAX(c->round_end, c->now + 1) : c->round_end;
    c->slice_end = c->now;
    c->in_round = false;
    if (n > 1) clear_monitors(machine);
}

// Each CPU's slice in turn. A stop inside one leaves the round as it is.
static void run_round(Machine *machine) {
    Clock *c = machine->clock;
    for (; c->turn < machine->cpus && !machine->stop; c->turn++) {
        Cpu *cpu = machine->cpu[c->turn];
        if (!c->in_slice && (cpu->halt || (machine->only && cpu != machine->only))) continue;
        run_slice(machine, cpu);
        if (stopped_inside(machine)) return;
        c->in_slice = false;
        c->round_end = MAX(c->round_end, cpu_now(cpu));
    }
    end_round(machine);
}

void machine_run(Machine *machine) {
    Clock *c = machine->clock;
    c->host_start = host_ns() - c->now;
    while (!machine->stop) {
        if (c->in_round) {
            run_round(machine);
            continue;
        }
        board_poll(machine);
        if (machine->config.host_clock) c->now = MAX(c->now, host_ns() - c->host_start);
        fire_events(machine, c->now);
        if (machine->stop) break;
        unsigned n = running_cpus(machine);
        if (n)
            begin_round(machine, n);
        else
            idle(machine);
    }
}

void machine_step(Machine *machine, Cpu *cpu) {
    Clock *c = machine->clock;
    // In a round that a stop has interrupted it may be ahead.
    cpu->time_offset = MAX(c->now, cpu_now(cpu)) - cpu->icount;
    c->slice_end = c->now + 1;
    machine->running = cpu;
    cpu_step(cpu);
    if (unlikely(cpu->icount >= cpu->pmu_deadline)) pmu_overflow(cpu);
    machine->running = NULL;
    c->now = MAX(c->now, cpu_now(cpu));
    c->slice_end = c->now;
    fire_events(machine, c->now);
}

u64 machine_insns(const Machine *machine) {
    u64 n = 0;
    for (unsigned i = 0; i < machine->cpus; i++) n += machine->cpu[i]->icount;
    return n;
}

void machine_stop(Machine *machine, StopReason why, int code, const char *format, ...) {
    if (machine->stop) return;
    va_list args;
    va_start(args, format);
    vsnprintf(machine->stop_text, sizeof machine->stop_text, format, args);
    va_end(args);
    machine->stop = why;
    machine->stop_code = code;
    machine->stop_cpu = why == STOP_INSN_LIMIT ? NULL : machine->running;
    for (unsigned i = 0; i < machine->cpus; i++) cpu_attention(machine->cpu[i]);
}

// --- observers -----------------------------------------------------------------------------------

static void tell_cpus(Machine *machine) {
    for (unsigned i = 0; i < machine->cpus; i++) machine->cpu[i]->observer = machine->observer;
}

void observer_add(Machine *machine, Observer *o) {
    Observer **end = &machine->observer;
    while (*end) end = &(*end)->next;
    o->next = NULL;
    *end = o;
    tell_cpus(machine);
}

void observer_remove(Machine *machine, Observer *o) {
    for (Observer **at = &machine->observer; *at; at = &(*at)->next)
        if (*at == o) {
            *at = o->next;
            break;
        }
    tell_cpus(machine);
}

// --- creation and reset --------------------------------------------------------------------------

void cpu_reset(Cpu *cpu) {
    Machine *machine = cpu->machine;
    memset(cpu->x, 0, sizeof cpu->x);
    memset(cpu->v, 0, sizeof cpu->v);
    memset(cpu->sp_el, 0, sizeof cpu->sp_el);
    cpu->cf = cpu->vf = 0;
    cpu->nf = 0;
    cpu->zf = 1;
    cpu_model_reset(cpu, machine->config.cpu_model);
    cpu->excl_valid = cpu->event = cpu->wfe_delays_trap = false;
    cpu->mid_chain = cpu->held = false;
    cpu->wfe_delay_over = 0;
    cpu->halt = HALT_OFF;
    cpu->lines = 0;
    cpu->pc = 0;
    cpu->exception_repeats = 0;
    cpu->last_esr = ~0u;
    unsigned el = machine->config.el2 ? 2 : 1;
    cpu->pstate = PSTATE_DAIF | PSTATE_SP | el << PSTATE_EL_SHIFT;
    cpu->el = (u8)el;
    tlb_flush_all(cpu);
    tlb_context_changed(cpu);
    fp_access_changed(cpu);
    cpu->tlb = tlb_for_mode(cpu, cpu_mode(cpu));
    debug_registers_changed(cpu);
    cpu->stepped = false;
    gentimer_reset(cpu);
    pmu_reset(cpu);
    cause_reset(cpu);
    exit_ring_reset(cpu);
    gic_reset_cpu(cpu);
}

void machine_cpu_on(Machine *machine, Cpu *cpu, u64 entry, u64 context) {
    cpu_reset(cpu);
    cpu->pc = entry;
    cpu->x[0] = context;
    cpu->halt = HALT_NONE;
    machine_cpu_woke(machine, cpu);
}

void machine_reset(Machine *machine) {
    machine->clock->in_round = false;
    for (unsigned i = 0; i < machine->cpus; i++) cpu_reset(machine->cpu[i]);
    gic_reset(machine->gic);
    board_reset(machine);
}

static bool create_ram(Machine *machine, Error *err) {
    u64 size = machine->config.ram_size;
    void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED)
        return error_set(err, "cannot reserve %llu MB of guest memory",
                         (unsigned long long)(size >> 20));
    void *code = mmap(NULL, (size >> 12) * sizeof(OpPage *), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(code != MAP_FAILED);
    machine->ram =
        (Region){.name = "ram", .base = 0x40000000, .size = size, .host = host, .code = code};
    return bus_add(machine, &machine->ram, err);
}

static u64 affinity(unsigned index) {  // as QEMU's virt: clusters of 8 (GICv2) or 16 (GICv3)
    return 1ull << 31 | (index / 16) << 8 | index % 16;
}

static void create_cpu(Machine *machine, unsigned index) {
    Cpu *cpu = aligned_alloc(64, align_up(sizeof *cpu, 64));
    CHECK(cpu);
    memset(cpu, 0, sizeof *cpu);
    machine->cpu[index] = cpu;
    cpu->machine = machine;
    cpu->index = index;
    cpu->random = ~machine->config.seed - ((u64)index << 32);  // not the numbers of /chosen
    cpu->stop_at = cpu->end_at = ~0ull;
    cpu->table = (const Table *)&run_handlers;
    cpu->features = machine->features;
    cpu->mpidr = affinity(index);
    cpu->last_esr = ~0u;
    cpu->pmu_deadline = ~0ull;
    cpu->halt = HALT_OFF;
    exception_init(cpu);
    tlb_init(cpu);
}

Machine *machine_create(const MachineConfig *config, Error *err) {
    Machine *machine = calloc(1, sizeof *machine);
    machine->clock = calloc(1, sizeof *machine->clock);
    CHECK(machine && machine->clock);
    machine->config = *config;
    machine->cpus = config->cpus;
    machine->cpu = calloc(config->cpus, sizeof *machine->cpu);
    CHECK(machine->cpu);
    if (!cpu_model_features(machine, config->cpu_model, err) || !create_ram(machine, err)) {
        machine_free(machine);
        return NULL;
    }
    for (unsigned i = 0; i < config->cpus; i++) create_cpu(machine, i);
    if (!board_create(machine, err)) {
        machine_free(machine);
        return NULL;
    }
    for (unsigned i = 0; i < config->cpus; i++) {
        gentimer_create(machine->cpu[i], COUNTER_HZ);
        pmu_create(machine->cpu[i]);
        cause_create(machine->cpu[i]);
        exit_ring_create(machine->cpu[i]);
    }
    machine_reset(machine);
    return machine;
}

static void free_code(Region *r) {
    if (!r->code) return;
    for (u64 i = 0; i < r->size >> 12; i++) free(r->code[i]);
}

void machine_free(Machine *machine) {
    if (!machine) return;
    board_free(machine);
    gic_free(machine->gic);
    for (unsigned i = 0; i < machine->cpus; i++) {
        if (!machine->cpu[i]) continue;
        gentimer_free(machine->cpu[i]);
        pmu_free(machine->cpu[i]);
        cause_free(machine->cpu[i]);
        exit_ring_free(machine->cpu[i]);
        tlb_free(machine->cpu[i]);
        free(machine->cpu[i]);
    }
    if (machine->ram.host) {
        free_code(&machine->ram);
        munmap(machine->ram.code, (machine->ram.size >> 12) * sizeof(OpPage *));
        munmap(machine->ram.host, machine->ram.size);
        tags_free(&machine->ram);
    }
    bus_free(machine);
    free(machine->clock->queue);
    free(machine->clock);
    free(machine->cpu);
    free(machine);
}
