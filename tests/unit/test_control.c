// Run control: what stops, where, and that the guest cannot tell.
#include "cpu/armed.h"
#include "cpu/observer.h"
#include "cpu/sysreg.h"
#include "debugger/control.h"
#include "gic/gic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// CODE runs over the end of a page, without a branch: STORE is the last instruction before it. So slices end there.
enum { CODE = 0x40000fc0, VECTORS = 0x40001000, SHARED = 0x40002000, OWN = 0x40003000 };
// Places in CODE.
enum {
    LOOP = CODE + 7 * 4,
    LOAD = CODE + 10 * 4,
    STORE = CODE + 15 * 4,
    HVC = CODE + 18 * 4,
    AFTER_HVC = HVC + 4
};

// Two CPUs at EL2 count in one place with exclusives; the time that each reads goes into a hash (x5); every 8th round
// makes an HVC (counted in x6), every 1024th a WFI; a timer interrupts (counted in x8).
static const u32 code[] = {
    0xd518cce9,  //     msr icc_igrpen1_el1, x9
    0xd2801fea,  //     mov x10, #0xff
    0xd518460a,  //     msr icc_pmr_el1, x10
    0xd281770a,  //     mov x10, #3000
    0xd51ce20a,  //     msr cnthp_tval_el2, x10
    0xd51ce229,  //     msr cnthp_ctl_el2, x9
    0xd50342ff,  //     msr daifclr, #2
    0xd53be024,  // 1:  mrs x4, cntpct_el0
    0x93c51ca5,  //     ror x5, x5, #7
    0xca0400a5,  //     eor x5, x5, x4
    0x885f7c22,  // 3:  ldxr w2, [x1]
    0x11000442,  //     add w2, w2, #1
    0x88037c22,  //     stxr w3, w2, [x1]
    0x35ffffa3,  //     cbnz w3, 3b
    0x91000400,  //     add x0, x0, #1
    0xf9000165,  //     str x5, [x11]
    0xf240081f,  //     tst x0, #7
    0x54000041,  //     b.ne 2f
    0xd40000a2,  //     hvc #5
    0xf240241f,  // 2:  tst x0, #0x3ff
    0x54fffe61,  //     b.ne 1b
    0xd503207f,  //     wfi
    0x17fffff1,  //     b 1b
};
static const u32 sync_vector[] = {0x910004c6, 0xd69f03e0};  // add x6, x6, #1; eret
// mrs x12, icc_iar1_el1; mov x10, #3000; msr cnthp_tval_el2, x10; msr icc_eoir1_el1, x12; add x8, x8, #1; eret
static const u32 irq_vector[] = {0xd538cc0c, 0xd281770a, 0xd51ce20a,
                                 0xd518cc2c, 0x91000508, 0xd69f03e0};

static Machine *machine;
static Control *control;
static u64 events;  // a hash over every exception and return

static void note(u64 a, u64 b) {
    events = (events ^ a) * 0x100000001b3;
    events = (events ^ b) * 0x100000001b3;
}
static void saw_exception(void *arg, Cpu *cpu, const ExceptionEvent *ev) {
    (void)arg;
    note(cpu->icount << 1 | cpu->index, ev->from_pc);
}
static void saw_return(void *arg, Cpu *cpu, const ReturnEvent *ev) {
    (void)arg;
    note(cpu->icount << 1 | cpu->index, ev->to_pc);
}
static Observer observer = {.exception = saw_exception, .eret = saw_return};

static void create(void) {
    MachineConfig config = {.cpu_model = "max",
                            .cpus = 2,
                            .ram_size = 1 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .its = true,
                            .highmem = true};
    machine = machine_create(&config, NULL);
    assert_non_null(machine);
    bus_write_bytes(machine, CODE, code, sizeof code);
    bus_write_bytes(machine, VECTORS + 0x200, sync_vector, sizeof sync_vector);
    bus_write_bytes(machine, VECTORS + 0x280, irq_vector, sizeof irq_vector);
    bus_write(machine, 0x08000000, 4, 2, NULL);  // GICD_CTLR.EnableGrp1
    for (unsigned i = 0; i < 2; i++) {
        Cpu *cpu = machine->cpu[i];
        machine_cpu_on(machine, cpu, CODE, 0);
        cpu->x[1] = SHARED;
        cpu->x[9] = 1;
        cpu->x[11] = OWN + 64 * i;
        cpu->sys.VBAR_EL2 = VECTORS;
        // HCR_EL2.IMO: interrupts come to EL2.
        cpu->sys.HCR_EL2 |= 1 << HCR_IMO;
        bus_write(machine, 0x080b0080 + 0x20000 * i, 4, ~0u, NULL);  // GICR_IGROUPR0
        bus_write(machine, 0x080b0100 + 0x20000 * i, 4, 1u << PPI_HPTIMER, NULL);
    }
    events = 14695981039346656037ull;
    observer_add(machine, &observer);
    control = control_create(machine, NULL);
}

static void destroy(void) {
    control_free(control);
    machine_free(machine);
}

static int setup(void **state) {
    (void)state;
    create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    destroy();
    return 0;
}

static Point point(PointKind kind) {
    return (Point){.kind = kind,
                   .spec = "test",
                   .el = -1,
                   .vmid = -1,
                   .asid = -1,
                   .cpu = -1,
                   .ec = -1,
                   .number = -1};
}

static unsigned add(Point p) {
    Error err = {""};
    unsigned id = point_add(control, &p, &err);
    if (!id) fail_msg("%s", err.text);
    return id;
}

static StopEvent go(RunRequest r) {
    return control_run(control, &r);
}

static void a_breakpoint_stops_before_its_instruction(void **state) {
    (void)state;
    Point p = point(POINT_EXEC);
    p.address = STORE;
    p.cpu = 0;
    unsigned id = add(p);
    Cpu *cpu = machine->cpu[0];
    for (unsigned n = 1; n <= 3; n++) {
        StopEvent ev = go((RunRequest){0});
        assert_int_equal(ev.why, WHY_POINT);
        assert_ptr_equal(ev.cpu, cpu);
        assert_int_equal(ev.point->id, id);
        assert_int_equal(cpu->pc, STORE);
        assert_int_equal(cpu->x[0], n);
    }
    assert_int_equal(point_get(control, id)->hits, 3);
    point_ignore(control, id, 5);
    go((RunRequest){0});
    assert_int_equal(cpu->x[0], 9);
    point_condition(control, id, "x0 == 100", NULL);
    go((RunRequest){0});
    assert_int_equal(cpu->x[0], 100);
    assert_true(point_delete(control, id));
    assert_false(point_delete(control, id));
}

static void temporary_ones_stop_once(void **state) {
    (void)state;
    Point p = point(POINT_EXEC);
    p.address = LOOP;
    p.temporary = true;
    unsigned id = add(p);
    assert_int_equal(go((RunRequest){0}).point->id, id);
    assert_null(point_get(control, id));
    machine->insn_limit = 20000;
    assert_int_equal(go((RunRequest){0}).why, WHY_MACHINE);
}

static void steps_are_one_instruction(void **state) {
    (void)state;
    Cpu *cpu = machine->cpu[1];  // not the one whose turn it is
    for (unsigned i = 1; i < 8; i++) {
        StopEvent ev = go((RunRequest){.cpu = cpu, .insns = 1});
        assert_int_equal(ev.why, WHY_STEPPED);
        assert_int_equal(cpu->icount, i);
        assert_int_equal(cpu->pc, CODE + 4 * i);
    }
    // The other one stands still when it is told to.
    u64 others = machine->cpu[0]->icount;
    go((RunRequest){.cpu = cpu, .insns = 1, .only = true});
    assert_int_equal(machine->cpu[0]->icount, others);
    StopEvent ev = go((RunRequest){.cpu = cpu, .insns = 1000});
    assert_int_equal(ev.why, WHY_STEPPED);
    assert_int_equal(cpu->icount, 1008);
    // An exception ends a step at its vector.
    Point p = point(POINT_EXEC);
    p.address = HVC;
    p.cpu = 1;
    add(p);
    go((RunRequest){0});
    go((RunRequest){.cpu = cpu, .insns = 1});
    assert_int_equal(cpu->pc, VECTORS + 0x200);
    // A range is left.
    go((RunRequest){.cpu = cpu, .range_lo = VECTORS + 0x200, .range_hi = VECTORS + 0x208});
    assert_int_equal(cpu->pc, AFTER_HVC);
}

static void watchpoints_know_old_and_new(void **state) {
    (void)state;
    Point p = point(POINT_ACCESS);
    p.address = OWN + 64;  // CPU 1's
    p.size = 8;
    p.access = ARMED_WRITE;
    unsigned id = add(p);
    StopEvent ev = go((RunRequest){0});
    assert_int_equal(ev.why, WHY_POINT);
    assert_int_equal(ev.point->id, id);
    assert_int_equal(ev.cpu->index, 1);
    assert_int_equal(ev.cpu->pc, STORE + 4);
    assert_int_equal(ev.old, 0);
    assert_true(ev.new == ev.cpu->x[5]);
    assert_true(ev.is_write);
    // By physical address the same, and before the access where that is asked for.
    point_delete(control, id);
    p.space.kind = AS_PHYSICAL;
    p.before = true;
    add(p);
    u64 old = ev.new;
    ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, STORE);
    assert_true(ev.old == old);
    ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, STORE);
    assert_int_equal(ev.cpu->index, 1);
}

static void reads_are_watched(void **state) {
    (void)state;
    Point p = point(POINT_ACCESS);
    p.address = SHARED;
    p.size = 4;
    p.access = ARMED_READ;
    add(p);
    StopEvent ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, LOAD + 4);
    assert_false(ev.is_write);
}

static void registers_are_watched(void **state) {
    (void)state;
    Point p = point(POINT_REGISTER);
    assert_true(reg_find(machine->cpu[0], "x6", &p.reg, NULL));
    add(p);
    StopEvent ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, VECTORS + 0x204);
    assert_int_equal(ev.old, 0);
    assert_int_equal(ev.new, 1);
    assert_int_equal(ev.cpu->x[0], 8);
}

static void exits_and_interrupts_are_caught(void **state) {
    (void)state;
    Point p = point(POINT_EXIT);
    p.ec = EC_HVC64;
    p.number = 5;
    unsigned id = add(p);
    StopEvent ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, VECTORS + 0x200);
    assert_int_equal(ev.esr >> 26, EC_HVC64);
    assert_int_equal(ev.cpu->x[6], 0);
    point_delete(control, id);
    p.number = 6;
    id = add(p);
    Point q = point(POINT_IRQ);
    q.number = PPI_HPTIMER;
    add(q);
    ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, VECTORS + 0x280);
    assert_int_equal(ev.kind, EXC_IRQ);
    assert_int_equal(ev.cpu->x[8], 0);
    assert_true(ev.cpu->x[6] > 0);
}

static void system_register_accesses_are_caught(void **state) {
    (void)state;
    Point p = point(POINT_SYSREG);
    p.sysreg = (u16)sysreg_find("CNTPCT_EL0");
    p.access = ARMED_READ;
    p.cpu = 0;
    add(p);
    StopEvent ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->pc, LOOP);
    u64 rounds = ev.cpu->x[0];
    ev = go((RunRequest){0});
    assert_int_equal(ev.cpu->x[0], rounds + 1);
}

static unsigned traced;
static void on_trace(void *arg, const StopEvent *ev) {
    (void)arg;
    assert_int_equal(ev->cpu->pc, STORE);
    traced++;
}

static void tracepoints_go_on(void **state) {
    (void)state;
    traced = 0;
    control_on_trace(control, on_trace, NULL);
    Point p = point(POINT_EXEC);
    p.address = STORE;
    p.cpu = 0;
    p.trace_only = true;
    unsigned id = add(p);
    Cpu *cpu = machine->cpu[0];
    go((RunRequest){.cpu = cpu, .insns = 500});
    assert_int_equal(traced, cpu->x[0]);
    assert_int_equal(point_get(control, id)->hits, traced);
    assert_int_equal(cpu->icount, 500);
}

static void an_interrupt_stops_it(void **state) {
    (void)state;
    control_interrupt(control);
    StopEvent ev = go((RunRequest){0});
    assert_int_equal(ev.why, WHY_INTERRUPT);
    ev = go((RunRequest){.cpu = machine->cpu[0], .insns = 1});
    assert_int_equal(ev.why, WHY_STEPPED);
    // A step that is done is done, even if somebody asked for a stop meanwhile: asking again would make it two.
    for (u64 n = 2; n < 30; n++) {
        control_interrupt(control);
        do ev = go((RunRequest){.cpu = machine->cpu[0], .insns = 1});
        while (ev.why == WHY_INTERRUPT);
        assert_int_equal(machine->cpu[0]->icount, n);
    }
}

static void nonsense_is_refused(void **state) {
    (void)state;
    Error err = {""};
    Point p = point(POINT_EXEC);
    p.address = 2;
    assert_int_equal(point_add(control, &p, &err), 0);
    p.address = 4;
    p.cpu = 2;
    assert_int_equal(point_add(control, &p, &err), 0);
    p.cpu = -1;
    p.condition = "x0 ==";
    assert_int_equal(point_add(control, &p, &err), 0);
    p.condition = NULL;
    p.space.kind = AS_PHYSICAL;
    assert_int_equal(point_add(control, &p, &err), 0);
    p = point(POINT_ACCESS);
    p.address = ~0ull;
    p.size = 2;
    assert_int_equal(point_add(control, &p, &err), 0);
}

// --- the guest cannot tell -----------------------------------------------------------------------

enum { LONG_RUN = 400000 };

typedef struct Outcome {
    u64 icount[2], hash[2], x8[2], now, events;
} Outcome;

static Outcome outcome(void) {
    Outcome o = {.events = events, .now = machine_now(machine)};
    for (unsigned i = 0; i < 2; i++) {
        const Cpu *cpu = machine->cpu[i];
        o.icount[i] = cpu->icount;
        o.hash[i] = cpu->x[5] ^ cpu->x[0] << 32 ^ cpu->x[6];
        o.x8[i] = cpu->x[8];
    }
    return o;
}

static u64 seed;
static u64 draw(u64 n) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % n;
}

// At each access of one of the words, so that slices end while an instruction is held for a watchpoint.
static void stop_at_accesses(void) {
    Point p = point(POINT_ACCESS);
    p.address = draw(2) ? SHARED : OWN + 64 * draw(2);
    p.size = 4;
    p.access = (u8)(draw(2) ? ARMED_WRITE : ARMED_READ | ARMED_WRITE);
    p.before = draw(2);
    unsigned id = add(p);
    for (unsigned i = 0; i < 2000 && !machine->stop; i++) go((RunRequest){0});
    point_delete(control, id);
}

static void stop_somehow(void) {
    Cpu *cpu = machine->cpu[draw(2)];
    switch (draw(7)) {
    case 0: go((RunRequest){.cpu = cpu, .insns = 1}); break;
    case 1: go((RunRequest){.cpu = cpu, .insns = 2 + draw(40)}); break;
    case 2: go((RunRequest){.cpu = cpu, .insns = 2 + draw(6000)}); break;
    case 3: go((RunRequest){.cpu = cpu, .range_lo = CODE, .range_hi = CODE + 4 * draw(23)}); break;
    case 4: {  // a breakpoint, for a while
        Point p = point(POINT_EXEC);
        p.address = draw(4) ? CODE + 4 * draw(23) : VECTORS + 0x280 + 4 * draw(6);
        p.temporary = draw(2);
        p.ignore = draw(3);
        unsigned id = add(p);
        Point limit = point(POINT_EXIT);
        limit.ignore = 20;
        unsigned other = add(limit);
        go((RunRequest){0});
        point_delete(control, id);
        point_delete(control, other);
        break;
    }
    case 5: {
        Point p = point(POINT_ACCESS);
        p.space.kind = draw(2) ? AS_PHYSICAL : AS_CURRENT;
        p.address = draw(2) ? SHARED : OWN + 64 * draw(2);
        p.size = 4;
        p.access = (u8)(draw(2) ? ARMED_WRITE : ARMED_READ | ARMED_WRITE);
        p.before = draw(2);
        unsigned id = add(p);
        go((RunRequest){0});
        point_delete(control, id);
        break;
    }
    default: {
        Point p = point(POINT_REGISTER);
        reg_find(machine->cpu[0], "x8", &p.reg, NULL);
        p.ignore = 1;
        unsigned id = add(p);
        go((RunRequest){0});
        point_delete(control, id);
        break;
    }
    }
}

// The whole run in one go, and with stops of every kind: counts, times read, exceptions and their places.
static void stops_change_nothing(void **state) {
    (void)state;
    machine->insn_limit = LONG_RUN;
    assert_int_equal(go((RunRequest){0}).why, WHY_MACHINE);
    Outcome free_run = outcome();
    assert_true(free_run.x8[0] > 3 && free_run.x8[1] > 3);
    for (unsigned round = 0; round < 40; round++) {
        destroy();
        create();
        seed = round;
        machine->insn_limit = LONG_RUN;
        unsigned stops = 0;
        // Density of stops differs from round to round.
        for (; !machine->stop && stops < 100 + 40 * round; stops++) {
            if (round % 4 == 3 && draw(8) == 0)
                stop_at_accesses();
            else
                stop_somehow();
        }
        if (!machine->stop) go((RunRequest){0});
        Outcome o = outcome();
        if (memcmp(&o, &free_run, sizeof o)) fail_msg("round %u (%u stops) differs", round, stops);
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_breakpoint_stops_before_its_instruction),
        TEST(temporary_ones_stop_once),
        TEST(steps_are_one_instruction),
        TEST(watchpoints_know_old_and_new),
        TEST(reads_are_watched),
        TEST(registers_are_watched),
        TEST(exits_and_interrupts_are_caught),
        TEST(system_register_accesses_are_caught),
        TEST(tracepoints_go_on),
        TEST(an_interrupt_stops_it),
        TEST(nonsense_is_refused),
        TEST(stops_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
