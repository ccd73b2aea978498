// Boots with the options of `el2sim run` and, every so many instructions, single-steps a few: for each fetch, load and
// store the debugger's `translate` is asked first, then the machine does it, by a walk of its own (the TLB's entries for
// the page are dropped before). They must agree: physical address, or exception with ESR, FAR and HPFAR. `maps` must have
// the address with the same output and permissions. --samples N --every N come first.
#include "booted.h"
#include "cpu/observer.h"
#include "cpu/op.h"
#include "debugger/view_maps.h"
#include "debugger/view_tlb.h"

#include <stdio.h>
#include <stdlib.h>

enum { BURST = 40 };

static struct Count {
    u64 fetches, reads, writes, faults, two_stages, maps, by_el[3], stale, stale_in_use, views;
} count;

// --- what the instruction accesses ------------------------------------------------------------------

typedef struct Access {
    bool any, write;
    u64 va;
    unsigned size;
    int load_to;  // register of a plain load of 4 or 8 bytes, else -1
} Access;

static u64 base_of(const Cpu *cpu, u32 word) {
    return cpu->x[word >> 5 & 31];  // slot 31 is SP
}

static u64 index_of(const Cpu *cpu, u32 word, unsigned scale) {
    unsigned m = word >> 16 & 31, option = word >> 13 & 7;
    u64 v = m == 31 ? 0 : cpu->x[m];
    if (option == 2) v = (u32)v;
    if (option == 6) v = (u64)(i64)(i32)v;
    return v << (word >> 12 & 1 ? scale : 0);
}

// The forms that compilers use; others are not sampled. Arm ARM: "Loads and Stores".
static Access access_of(const Cpu *cpu, u32 word) {
    Access a = {.load_to = -1};
    bool vector = word >> 26 & 1;
    unsigned size = word >> 30, opc = word >> 22 & 3;
    unsigned scale = vector ? (opc & 2) << 1 | size : size;
    if ((word & 0x3b000000) == 0x39000000 || (word & 0x3b000000) == 0x38000000) {
        if (!vector && size == 3 && opc >= 2) return a;  // PRFM
        if (vector && opc & 2 && size) return a;
        a.any = true;
        a.write = vector ? !(opc & 1) : opc == 0;
        a.size = 1u << scale;
        unsigned form = word >> 10 & 3;
        i64 imm9 = sext(word >> 12 & 0x1ff, 9);
        if (word >> 24 & 1)
            a.va = base_of(cpu, word) + ((u64)(word >> 10 & 0xfff) << scale);
        else if (word >> 21 & 1)
            a.va = base_of(cpu, word) + index_of(cpu, word, scale);
        else
            a.va = base_of(cpu, word) + (form == 1 ? 0 : (u64)imm9);
        bool atomic = !(word >> 24 & 1) && word >> 21 & 1 && form != 2;
        bool unprivileged = !(word >> 24 & 1) && !(word >> 21 & 1) && form == 2;
        if (atomic || unprivileged) a.any = false;
        if (!vector && opc == 1 && size >= 2) a.load_to = word & 31;
        if ((word & 31) == 31 || (form & 1 && !(word >> 24 & 1))) a.load_to = -1;
    } else if ((word & 0x3a000000) == 0x28000000) {
        unsigned pair = word >> 30;
        if (pair == 3 || (pair == 1 && !vector)) return a;
        scale = vector ? 2 + pair : pair ? 3 : 2;
        i64 imm = sext(word >> 15 & 0x7f, 7) * (i64)(1u << scale);
        a.any = true;
        a.write = !(word >> 22 & 1);
        a.size = 2u << scale;
        a.va = base_of(cpu, word) + ((word >> 23 & 3) == 1 ? 0 : (u64)imm);
    }
    return a;
}

// --- comparison -----------------------------------------------------------------------------------

static struct Seen {
    bool any, other;  // an exception; one that is no abort
    u64 esr, far, hpfar;
    int to_el;
} seen;

static void on_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    (void)arg;
    unsigned ec = ev->exc->ec;
    bool abort = ev->exc->kind == EXC_SYNC && (ec == EC_IABT_LOWER || ec == EC_IABT_SAME ||
                                               ec == EC_DABT_LOWER || ec == EC_DABT_SAME);
    seen.other |= seen.any || !abort;
    seen.any = true;
    seen.esr = ev->esr;
    seen.to_el = ev->to_el;
    seen.far = ev->to_el == 2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1;
    seen.hpfar = cpu->sys.HPFAR_EL2;
}

static _Noreturn void differ(const ViewWalk *w, const char *what, u64 value) {
    fflush(stdout);
    fprintf(stderr, "%s 0x%llx, but translate says:\n", what, (ull)value);
    view_walk_print(stderr, w, true, 120);
    exit(1);
}

typedef struct Found {
    MapsRange range;
    unsigned n;
} Found;

static void on_range(void *arg, const MapsRange *r) {
    Found *f = arg;
    f->range = *r;
    f->n++;
}

static void check_maps(Cpu *cpu, const ViewWalk *w, unsigned stage, u64 in, u64 out, u8 rwx) {
    MapsRequest r = {.mode = stage == 1 ? w->mode : MODE_E10_1,
                     .stage = stage,
                     .lo = in & ~0xfffull,
                     .hi = in | 0xfff};
    Found f = {.n = 0};
    MapsSummary sum;
    if (!view_maps(cpu, &r, on_range, &f, &sum, NULL)) abort();
    if (sum.off) return;
    u8 may = mode_el0(w->mode) ? f.range.el0 : f.range.rwx;
    if (f.n != 1 || f.range.out != (out & ~0xfffull)) differ(w, "maps has", f.range.out);
    if ((may ^ rwx) & (mode_pan(w->mode) && stage == 1 ? 1 : 7)) differ(w, "maps allows", may);
    count.maps++;
}

// An abort that was taken is the one that was said; ISV and what comes with it are of the instruction.
static void check_abort(const ViewWalk *w) {
    u64 mask = ~0ull;
    if (w->fault.stage2 && !w->fault.s1ptw) mask = ~(u64)(0x7ff << 14);
    if ((seen.esr ^ w->esr) & mask) differ(w, "the exception has ESR", seen.esr);
    if (seen.to_el != w->target_el) differ(w, "the exception goes to EL", (u64)seen.to_el);
    if (seen.far != w->exception.far) differ(w, "the exception has FAR", seen.far);
    if (w->exception.hpfar_valid && seen.hpfar != w->exception.hpfar)
        differ(w, "the exception has HPFAR", seen.hpfar);
    count.faults++;
}

static void check_success(const ViewWalk *w, u64 pa, const char *what) {
    if (!w->ok || pa != (w->t.pa & ~0xfffull)) differ(w, what, pa);
    count.two_stages += w->regime.s2.on;
}

// Asked before the instruction, which may change the registers.
static ViewWalk look(Cpu *cpu, u64 address, AccessType type) {
    ViewWalk w;
    Error err = {""};
    if (!view_walk(cpu, (Space){.kind = AS_CURRENT}, address, type, -1, &w, &err)) abort();
    if (!w.ok) return w;
    check_maps(cpu, &w, 1, address, w.t.ipa, w.t.s1_rwx);
    if (w.regime.s2.on) check_maps(cpu, &w, 2, w.t.ipa, w.t.pa, w.t.s2_rwx);
    return w;
}

static u64 tag_of(u64 address) {
    return address & ~0xfffull;
}

static bool step_and_check(Machine *machine, Cpu *cpu) {
    u64 pc = cpu->pc, insns = cpu->icount, word = 0, value = 0;
    ViewWalk fetch = look(cpu, pc, ACCESS_FETCH), data = {0};
    Access a = {.any = false};
    if (fetch.ok && bus_read_bytes(machine, fetch.t.pa, &word, 4)) a = access_of(cpu, (u32)word);
    a.any &= (a.va & 0xfff) + a.size <= 0x1000 && !(a.va & (a.size - 1));
    if (a.any) {
        data = look(cpu, a.va, a.write ? ACCESS_WRITE : ACCESS_READ);
        if (!data.ok || !data.memory) a.load_to = -1;
        if (a.load_to >= 0 && !bus_read_bytes(machine, data.t.pa, &value, a.size)) abort();
        tlb_drop_pages(cpu, tag_of(a.va), tag_of(a.va));
    }
    tlb_drop_pages(cpu, tag_of(pc), tag_of(pc));
    TlbTable *t = tlb_table(cpu->tlb);
    u8 el = cpu->el;
    seen = (struct Seen){0};
    machine_step(machine, cpu);
    // Interrupts come before the instruction, traps instead of it.
    if (seen.other || (cpu->icount == insns && !seen.any)) return false;
    count.fetches++;
    count.by_el[el]++;
    if (!fetch.ok || !fetch.memory) {
        if (!seen.any) differ(&fetch, "the instruction is executed at", pc);
        if (!fetch.ok) check_abort(&fetch);
        return true;
    }
    if (seen.any && !a.any) return true;  // of an instruction that is not decoded here
    if (seen.any && data.ok && !data.region) return true;
    const FetchEntry *e = &t->tlb.fetch[(pc >> 12) & (FETCH_SIZE - 1)];
    if (!seen.any && (e->tag & ~(u64)TLB_SLOW) == tag_of(pc))
        check_success(&fetch, e->page->pa, "the fetch is from");
    if (!a.any) return true;
    if (a.write)
        count.writes++;
    else
        count.reads++;
    if (seen.any) {
        if (data.ok) differ(&data, "the access fails with ESR", seen.esr);
        check_abort(&data);
        return true;
    }
    const DataFull *d = &t->full[(a.va >> 12) & (TLB_SIZE - 1)];
    if (d->va != tag_of(a.va)) differ(&data, "the TLB holds another page", d->va);
    check_success(&data, d->pa, "the access goes to");
    if (a.load_to >= 0 && cpu->x[a.load_to] != value) differ(&data, "loaded", cpu->x[a.load_to]);
    return true;
}

// --- sampling -------------------------------------------------------------------------------------

static void no_row(void *arg, const TlbRow *row) {
    (void)arg, (void)row;
}

static void sample(Machine *machine) {
    static unsigned next;
    for (unsigned n = 0; n < machine->cpus; n++) {
        Cpu *cpu = machine->cpu[next++ % machine->cpus];
        if (cpu->halt) continue;
        for (unsigned i = 0; i < BURST && !cpu->halt && !machine->stop; i++)
            step_and_check(machine, cpu);
        TlbSummary sum;
        view_tlb(cpu, &(TlbFilter){.vmid = -1, .asid = -1}, no_row, NULL, &sum);
        count.views++;
        count.stale += sum.stale;
        count.stale_in_use += sum.stale_in_use;
        return;
    }
}

// An event of the machine's clock stops it anywhere in a slice.
static void on_event(void *arg) {
    machine_stop(arg, STOP_USER, 0, "time for a sample");
}

static void sample_all(Machine *machine, u64 samples, u64 every) {
    static Observer observer = {.exception = on_exception};
    Event event;
    u64 seed = 1;
    observer_add(machine, &observer);
    event_init(&event, on_event, machine);
    for (u64 i = 0; i < samples; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        event_set(machine, &event, machine_now(machine) + 1 + (seed >> 33) % (2 * every));
        machine_run(machine);
        if (machine->stop != STOP_USER) break;
        machine->stop = STOP_NONE;
        sample(machine);
    }
    event_cancel(machine, &event);
    if (!machine->stop) machine_run(machine);
    observer_remove(machine, &observer);
}

static int run(Machine *machine, u64 samples, u64 every) {
    sample_all(machine, samples, every);
    fprintf(stderr,
            "%llu instructions; sampled: %llu fetches (EL0 %llu, EL1 %llu, EL2 %llu), %llu reads, "
            "%llu writes, %llu aborts, %llu through two stages, %llu looked up in maps\n",
            (ull)machine_insns(machine), (ull)count.fetches, (ull)count.by_el[0],
            (ull)count.by_el[1], (ull)count.by_el[2], (ull)count.reads, (ull)count.writes,
            (ull)count.faults, (ull)count.two_stages, (ull)count.maps);
    fprintf(stderr, "tlb: %llu times, %llu stale pages, %llu of contexts in use\n",
            (ull)count.views, (ull)count.stale, (ull)count.stale_in_use);
    int status = machine->stop == STOP_POWEROFF ? 0 : 1;
    if (status) fprintf(stderr, "%s\n", machine->stop_text);
    return status;
}

int main(int argc, char **argv) {
    return booted_main(argc, argv, run);
}
