// Timer conditions, counters, traps and the event stream of one PE.
#include "gic/gic.h"
#include "machine/machine.h"
#include "cpu/sysreg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

enum { NS_PER_TICK = 16 };

static Machine *make(void) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 1, .ram_size = 16 << 20, .gic_version = 3, .el2 = true};
    Error err = {0};
    Machine *m = machine_create(&config, &err);
    if (!m) fail_msg("%s", err.text);
    return m;
}

static void finish(Machine *m) {
    m->running = NULL;
    machine_free(m);
}

static void set_el(Cpu *c, unsigned el) {
    pstate_changed(c, PSTATE_DAIF | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
}

// The CPU runs and has counted up to this value of CNTPCT_EL0.
static void at_count(Cpu *c, u64 count) {
    c->machine->running = c;
    c->time_offset = count * NS_PER_TICK - c->icount;
}

// Everybody sleeps until this count: events fire.
static void stop_machine(void *arg) {
    machine_stop(arg, STOP_USER, 0, "the end");
}
static void sleep_until(Cpu *c, u64 count) {
    Machine *m = c->machine;
    Event end;
    event_init(&end, stop_machine, m);
    m->running = NULL;
    m->stop = STOP_NONE;
    event_set(m, &end, count * NS_PER_TICK);
    Halt halt = c->halt;
    if (c->halt == HALT_NONE) c->halt = HALT_OFF;
    machine_run(m);
    if (halt == HALT_NONE) c->halt = HALT_NONE;
    event_cancel(m, &end);
    assert_int_equal(machine_now(m), count * NS_PER_TICK);
}

static u64 get(Cpu *c, unsigned reg) {
    u64 v = ~0ull;
    assert_true(gentimer_sysreg_read(c, reg, &v));
    return v;
}
static void set(Cpu *c, unsigned reg, u64 v) {
    assert_true(gentimer_sysreg_write(c, reg, v));
}
static bool ppi(Cpu *c, unsigned n) {
    return gic_ppi_level(c->machine->gic, c, n);
}

#define CNT(name) SYSREG_CNT##name

static void test_counters(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *c = m->cpu[0];
    assert_int_equal(get(c, CNT(FRQ_EL0)), 62500000);
    at_count(c, 1000);
    set(c, CNT(VOFF_EL2), 300);
    assert_int_equal(get(c, CNT(PCT_EL0)), 1000);
    assert_int_equal(get(c, CNT(VCT_EL0)), 700);
    c->time_offset += NS_PER_TICK - 1;
    assert_int_equal(get(c, CNT(PCT_EL0)), 1000);
    c->time_offset += 1;
    assert_int_equal(get(c, CNT(PCT_EL0)), 1001);
    // Another CPU whose time is behind does not see the counter go back.
    at_count(c, 1000);
    assert_int_equal(get(c, CNT(PCT_EL0)), 1001);
    at_count(c, 2000);
    c->sys.HCR_EL2 |= 1ull << HCR_E2H;
    assert_int_equal(get(c, CNT(VCT_EL0)), 2000);  // EL2 of a host
    set_el(c, 1);
    assert_int_equal(get(c, CNT(VCT_EL0)), 1700);
    c->sys.HCR_EL2 |= 1ull << HCR_TGE;
    c->sys.CNTHCTL_EL2 = 3;
    set_el(c, 0);
    assert_int_equal(get(c, CNT(VCT_EL0)), 2000);  // EL0 of a host
    finish(m);
}

static void test_condition(void **state) {
    (void)state;
    const struct {
        unsigned ctl, cval, tval, ppi;
    } timers[] = {
        {CNT(P_CTL_EL0), CNT(P_CVAL_EL0), CNT(P_TVAL_EL0), 30},
        {CNT(V_CTL_EL0), CNT(V_CVAL_EL0), CNT(V_TVAL_EL0), 27},
        {CNT(HP_CTL_EL2), CNT(HP_CVAL_EL2), CNT(HP_TVAL_EL2), 26},
        {CNT(HV_CTL_EL2), CNT(HV_CVAL_EL2), CNT(HV_TVAL_EL2), 28},
    };
    for (unsigned i = 0; i < ARRAY_LEN(timers); i++) {
        Machine *m = make();
        Cpu *c = m->cpu[0];
        at_count(c, 1000);
        set(c, timers[i].cval, 1010);
        set(c, timers[i].ctl, 0);
        assert_int_equal(get(c, timers[i].ctl), 0);
        set(c, timers[i].ctl, 1);
        assert_int_equal(get(c, timers[i].tval), 10);
        at_count(c, 1009);
        assert_int_equal(get(c, timers[i].ctl), 1);
        assert_int_equal(get(c, timers[i].tval), 1);
        at_count(c, 1010);
        assert_int_equal(get(c, timers[i].ctl), 5);
        at_count(c, 1012);
        assert_int_equal(get(c, timers[i].tval), 0xfffffffe);
        set(c, timers[i].ctl, 3);  // masked: the condition is visible, the interrupt is not
        assert_int_equal(get(c, timers[i].ctl), 7);
        assert_false(ppi(c, timers[i].ppi));
        set(c, timers[i].ctl, 1);
        for (unsigned n = 16; n < 32; n++) assert_int_equal(ppi(c, n), n == timers[i].ppi);
        set(c, timers[i].tval, 100);
        assert_false(ppi(c, timers[i].ppi));
        assert_int_equal(get(c, timers[i].cval), 1112);
        set(c, timers[i].tval, 0xffffffff);  // -1
        assert_int_equal(get(c, timers[i].cval), 1011);
        assert_true(ppi(c, timers[i].ppi));
        set(c, timers[i].ctl, 0);
        assert_false(ppi(c, timers[i].ppi));
        finish(m);
    }
}

static void test_expiry(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *c = m->cpu[0];
    c->halt = HALT_OFF;
    set(c, CNT(VOFF_EL2), 500);
    set(c, CNT(V_CVAL_EL0), 1500);
    set(c, CNT(V_CTL_EL0), 1);
    set(c, CNT(P_CVAL_EL0), 3000);
    set(c, CNT(P_CTL_EL0), 1);
    set(c, CNT(HP_CVAL_EL2), 2500);
    set(c, CNT(HP_CTL_EL2), 3);
    // 0 - 500 wraps: the virtual count is far past the compare value until it reaches 0.
    assert_true(ppi(c, 27));
    sleep_until(c, 499);
    assert_true(ppi(c, 27));
    sleep_until(c, 501);
    assert_false(ppi(c, 27));
    sleep_until(c, 1999);
    assert_false(ppi(c, 27));
    sleep_until(c, 2001);
    assert_true(ppi(c, 27));
    assert_false(ppi(c, 30));
    set(c, CNT(VOFF_EL2), 1000);
    assert_false(ppi(c, 27));
    sleep_until(c, 3001);
    assert_true(ppi(c, 27));
    assert_true(ppi(c, 30));
    assert_false(ppi(c, 26));
    set(c, CNT(P_CVAL_EL0), ~0ull);
    assert_false(ppi(c, 30));
    finish(m);
}

// EL an EL0 or EL1 read is trapped to; 0: it is not.
static int trapped(Cpu *c, unsigned el, unsigned reg) {
    static const u8 op2[][2] = {{0, 0}, {0, 1}, {0, 2}, {2, 1}, {3, 1}, {0, 5}, {0, 6}};
    u64 v;
    set_el(c, el);
    unsigned enc = sysreg_enc(3, 3, 14, op2[reg][0], op2[reg][1]);
    c->sys.ESR_EL1 = c->sys.ESR_EL2 = 0;
    int to = sysreg_read(c, enc, 7, &v) ? 0 : c->el;
    if (to) {
        u64 esr = to == 2 ? c->sys.ESR_EL2 : c->sys.ESR_EL1;
        assert_int_equal(esr, 0x18ull << 26 | 1 << 25 | sysreg_iss(enc, 7, true));
    }
    set_el(c, 2);
    return to;
}

enum { FRQ, PCT, VCT, P_CTL, V_CTL, PCTSS, VCTSS };

static void test_traps(void **state) {
    (void)state;
    const u64 E2H = 1ull << HCR_E2H, TGE = 1ull << HCR_TGE, RW = 1ull << HCR_RW;
    const struct {
        u64 hcr, kctl, hctl;
        unsigned el, reg;
        int to;
    } cases[] = {
        // EL1 without E2H: EL1PCTEN is bit 0, EL1PCEN bit 1
        {RW, 0, 0, 1, PCT, 2},
        {RW, 0, 1, 1, PCT, 0},
        {RW, 0, 1, 1, P_CTL, 2},
        {RW, 0, 2, 1, P_CTL, 0},
        {RW, 0, 0, 1, VCT, 0},
        {RW, 0, 0, 1, V_CTL, 0},
        // EL1 with E2H: bits 10 and 11
        {RW | E2H, 0, 3, 1, PCT, 2},
        {RW | E2H, 0, 1 << 10, 1, PCT, 0},
        {RW | E2H, 0, 3, 1, P_CTL, 2},
        {RW | E2H, 0, 1 << 11, 1, P_CTL, 0},
        // EL0 of a guest: CNTKCTL_EL1 first, to EL1
        {RW, 0, 3, 0, PCT, 1},
        {RW, 1, 3, 0, PCT, 0},
        {RW, 1, 2, 0, PCT, 2},
        {RW, 0, 3, 0, VCT, 1},
        {RW, 2, 0, 0, VCT, 0},
        {RW, 0, 3, 0, FRQ, 1},
        {RW, 1, 0, 0, FRQ, 0},
        {RW, 2, 0, 0, FRQ, 0},
        {RW, 0x100, 0, 0, P_CTL, 1},
        {RW, 0x200, 2, 0, P_CTL, 0},
        {RW, 0x200, 0, 0, P_CTL, 2},
        {RW, 0x200, 0, 0, V_CTL, 1},
        {RW, 0x100, 0, 0, V_CTL, 0},
        {RW | E2H, 0x200, 0x200, 0, P_CTL, 2},
        {RW | E2H, 0x200, 0x800, 0, P_CTL, 0},
        // TGE without E2H: CNTKCTL_EL1's traps go to EL2
        {RW | TGE, 0, 3, 0, VCT, 2},
        {RW | TGE, 2, 3, 0, VCT, 0},
        // EL0 of a host: CNTHCTL_EL2 alone
        {RW | TGE | E2H, 0x303, 0, 0, PCT, 2},
        {RW | TGE | E2H, 0, 1, 0, PCT, 0},
        {RW | TGE | E2H, 0x303, 1, 0, VCT, 2},
        {RW | TGE | E2H, 0, 2, 0, VCT, 0},
        {RW | TGE | E2H, 0x303, 0x103, 0, P_CTL, 2},
        {RW | TGE | E2H, 0, 0x200, 0, P_CTL, 0},
        {RW | TGE | E2H, 0x303, 0x203, 0, V_CTL, 2},
        {RW | TGE | E2H, 0, 0x100, 0, V_CTL, 0},
        {RW | TGE | E2H, 0x303, 0, 0, FRQ, 2},
        // the self-synchronized views have the counters' controls
        {RW, 0, 0, 1, PCTSS, 2},
        {RW, 0, 1, 1, PCTSS, 0},
        {RW, 2, 3, 0, PCTSS, 1},
        {RW | TGE | E2H, 0x303, 2, 0, PCTSS, 2},
        {RW, 1, 3, 0, VCTSS, 1},
        {RW, 2, 0, 0, VCTSS, 0},
        {RW | TGE | E2H, 0x303, 1, 0, VCTSS, 2},
        // EL1TVCT and EL1TVT trap EL1, and EL0 after CNTKCTL_EL1; not a host's EL0
        {RW, 0, 3 | 1 << 14, 1, VCT, 2},
        {RW, 0, 3 | 1 << 14, 1, VCTSS, 2},
        {RW, 0, 3 | 1 << 14, 1, V_CTL, 0},
        {RW, 0, 3 | 1 << 13, 1, V_CTL, 2},
        {RW | E2H, 0, 3 | 1 << 13, 1, V_CTL, 2},
        {RW, 0, 3 | 1 << 13, 1, VCT, 0},
        {RW, 0, 3 | 3 << 13, 1, PCT, 0},
        {RW, 0, 3 | 3 << 13, 1, P_CTL, 0},
        {RW, 2, 3 | 1 << 14, 0, VCT, 2},
        {RW, 0, 3 | 1 << 14, 0, VCT, 1},
        {RW, 0x100, 3 | 1 << 13, 0, V_CTL, 2},
        {RW, 0, 3 | 1 << 13, 0, V_CTL, 1},
        {RW | TGE, 2, 3 | 1 << 14, 0, VCT, 2},
        {RW | TGE | E2H, 0, 0x303 | 3 << 13, 0, VCT, 0},
        {RW | TGE | E2H, 0, 0x303 | 3 << 13, 0, V_CTL, 0},
        {RW | TGE | E2H, 0, 2, 0, FRQ, 0},
    };
    Machine *m = make();
    Cpu *c = m->cpu[0];
    at_count(c, 1000);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        c->sys.HCR_EL2 = cases[i].hcr;
        c->sys.CNTKCTL_EL1 = cases[i].kctl;
        c->sys.CNTHCTL_EL2 = cases[i].hctl;
        int to = trapped(c, cases[i].el, cases[i].reg);
        if (to != cases[i].to) fail_msg("case %u: trapped to %d, not %d", i, to, cases[i].to);
    }
    finish(m);
}

static void test_host_registers(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *c = m->cpu[0];
    at_count(c, 1000);
    set_el(c, 2);
    c->sys.HCR_EL2 = 1ull << HCR_RW | 1ull << HCR_E2H | 1ull << HCR_TGE;
    unsigned cval = sysreg_enc(3, 3, 14, 2, 2), cval02 = sysreg_enc(3, 5, 14, 2, 2);
    unsigned vcval = sysreg_enc(3, 3, 14, 3, 2), vcval02 = sysreg_enc(3, 5, 14, 3, 2);
    assert_true(sysreg_write(c, cval, 0, 1111));
    assert_true(sysreg_write(c, cval02, 0, 2222));
    assert_true(sysreg_write(c, vcval, 0, 3333));
    assert_true(sysreg_write(c, vcval02, 0, 4444));
    assert_int_equal(c->sys.CNTHP_CVAL_EL2, 1111);
    assert_int_equal(c->sys.CNTP_CVAL_EL0, 2222);
    assert_int_equal(c->sys.CNTHV_CVAL_EL2, 3333);
    assert_int_equal(c->sys.CNTV_CVAL_EL0, 4444);
    c->sys.CNTHCTL_EL2 = 0x303;
    set_el(c, 0);
    u64 v = 0;
    assert_true(sysreg_read(c, cval, 0, &v));
    assert_int_equal(v, 1111);
    assert_true(sysreg_read(c, vcval, 0, &v));
    assert_int_equal(v, 3333);
    finish(m);
}

// FEAT_ECV: CNTHCTL_EL2.ECV offsets what a guest sees of the physical counter and timer.
static void test_physical_offset(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *c = m->cpu[0];
    set_el(c, 2);
    at_count(c, 10000);
    set(c, CNT(POFF_EL2), 3000);
    set(c, CNT(HCTL_EL2), 3);
    set(c, CNT(P_CVAL_EL0), 9000);
    set(c, CNT(P_CTL_EL0), 1);
    assert_true(ppi(c, 30));
    set_el(c, 1);
    assert_int_equal(get(c, CNT(PCT_EL0)), 10000);
    set_el(c, 2);
    set(c, CNT(HCTL_EL2), 3 | 1 << 12);
    assert_int_equal(get(c, CNT(HCTL_EL2)), 3 | 1 << 12);
    assert_false(ppi(c, 30));  // 7000 < 9000
    assert_int_equal(get(c, CNT(PCT_EL0)), 10000);
    assert_int_equal(get(c, CNT(P_TVAL_EL0)), (u32)-1000);
    assert_int_equal(get(c, CNT(P_CTL_EL0)), 1);
    for (unsigned el = 0; el < 2; el++) {
        set_el(c, el);
        set(c, CNT(KCTL_EL1), 0x303);
        assert_int_equal(get(c, CNT(PCT_EL0)), 7000);
        assert_int_equal(get(c, CNT(PCTSS_EL0)), 7000);
        assert_int_equal(get(c, CNT(VCTSS_EL0)), 10000);
        assert_int_equal(get(c, CNT(P_TVAL_EL0)), 2000);
        set(c, CNT(P_TVAL_EL0), 1000);
        assert_int_equal(get(c, CNT(P_CVAL_EL0)), 8000);
        set(c, CNT(P_CVAL_EL0), 9000);
    }
    set_el(c, 2);
    set(c, CNT(P_TVAL_EL0), 1000);
    assert_int_equal(get(c, CNT(P_CVAL_EL0)), 11000);
    set(c, CNT(P_CVAL_EL0), 9000);
    // EL2's own timer has no offset, nor has a host's EL0.
    set(c, CNT(HP_CVAL_EL2), 9999);
    set(c, CNT(HP_CTL_EL2), 1);
    assert_true(ppi(c, 26));
    c->sys.HCR_EL2 |= 1ull << HCR_E2H | 1ull << HCR_TGE;
    c->sys.CNTHCTL_EL2 |= 0x303;
    set_el(c, 0);
    assert_int_equal(get(c, CNT(PCT_EL0)), 10000);
    set_el(c, 2);
    c->halt = HALT_OFF;
    sleep_until(c, 11999);
    assert_false(ppi(c, 30));
    sleep_until(c, 12001);
    assert_true(ppi(c, 30));
    set(c, CNT(POFF_EL2), 5000);
    assert_false(ppi(c, 30));
    finish(m);
}

// EVNTIS: events of bits 8 to 23.
static void test_event_stream_scale(void **state) {
    (void)state;
    static const unsigned regs[] = {CNT(KCTL_EL1), CNT(HCTL_EL2)};
    for (unsigned i = 0; i < 2; i++) {
        Machine *m = make();
        Cpu *c = m->cpu[0];
        at_count(c, 1000);
        set_el(c, 2);
        if (i) set(c, CNT(POFF_EL2), 100);
        // Rising edges of bit 3 + 8; of the count less the offset for CNTHCTL_EL2 with ECV.
        set(c, regs[i], 1 << 17 | 3 << 4 | 1 << 2 | i << 12);
        gentimer_wfe(c);
        at_count(c, 2047 + 100 * i);
        gentimer_wfe(c);
        assert_false(c->event);
        at_count(c, 2048 + 100 * i);
        gentimer_wfe(c);
        assert_true(c->event);
        finish(m);
    }
}

static void test_event_stream(void **state) {
    (void)state;
    Machine *m = make();
    Cpu *c = m->cpu[0];
    at_count(c, 1000);
    set_el(c, 1);
    gentimer_wfe(c);
    assert_false(c->event);                  // not enabled
    set(c, CNT(KCTL_EL1), 1 << 2 | 5 << 4);  // rising edges of bit 5: 32, 96, ... 992, 1056
    gentimer_wfe(c);
    assert_false(c->event);
    at_count(c, 1055);
    gentimer_wfe(c);
    assert_false(c->event);
    at_count(c, 1056);
    gentimer_wfe(c);
    assert_true(c->event);
    c->event = false;
    gentimer_wfe(c);
    assert_false(c->event);
    c->halt = HALT_WFE;
    m->running = NULL;
    sleep_until(c, 1119);
    assert_int_equal(c->halt, HALT_WFE);
    assert_false(c->event);
    sleep_until(c, 1120);
    assert_int_equal(c->halt, HALT_NONE);
    assert_true(c->event);
    finish(m);

    m = make();
    c = m->cpu[0];
    set_el(c, 1);
    at_count(c, 1000);
    set(c, CNT(KCTL_EL1), 1 << 2 | 1 << 3 | 5 << 4);  // falling: 1024
    gentimer_wfe(c);
    at_count(c, 1023);
    gentimer_wfe(c);
    assert_false(c->event);
    at_count(c, 1024);
    gentimer_wfe(c);
    assert_true(c->event);
    c->sys.HCR_EL2 = 1ull << HCR_E2H | 1ull << HCR_TGE;  // a host has CNTHCTL_EL2's stream alone
    set(c, CNT(KCTL_EL1), 1 << 2);
    c->event = false;
    at_count(c, 9000);
    gentimer_wfe(c);
    assert_false(c->event);
    set(c, CNT(HCTL_EL2), 1 << 2 | 4 << 4);
    at_count(c, 9040);
    gentimer_wfe(c);
    assert_true(c->event);
    finish(m);
}

// A compare value that machine time never reaches: whoever sleeps for it sleeps for ever, and the machine says so.
// (It went round and round at the end of time; the alarm ends that.)
static void test_end_of_time(void **state) {
    (void)state;
    static const u64 far[] = {~0ull, 1ull << 63, INT64_MAX / NS_PER_TICK + 1};
    for (unsigned i = 0; i < ARRAY_LEN(far); i++) {
        Machine *m = make();
        Cpu *c = m->cpu[0];
        set(c, SYSREG_CNTHP_CVAL_EL2, far[i]);
        set(c, SYSREG_CNTHP_CTL_EL2, 1);
        c->halt = HALT_WFI;
        alarm(60);
        machine_run(m);
        alarm(0);
        assert_int_equal(m->stop, STOP_DEADLOCK);
        finish(m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_of_time),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_condition),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_host_registers),
        cmocka_unit_test(test_event_stream),
        cmocka_unit_test(test_physical_offset),
        cmocka_unit_test(test_event_stream_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
