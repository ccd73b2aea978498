// Operation sequences on the interrupt controller, through the frames and the system registers as
// software sees them.
#include "cpu/observer.h"
#include "gic/gic.h"
#include "machine/machine.h"
#include "cpu/sysreg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum {
    GICD = 0x08000000,
    GICC = 0x08010000,
    V2M = 0x08020000,
    GICH = 0x08030000,
    GICV = 0x08040000,
    ITS = 0x08080000,
    GICR = 0x080a0000,
    GICR_STRIDE = 0x20000,
    SGI_BASE = 0x10000,
    RAM = 0x40000000,
    SPURIOUS = 1023,
    SPI = 40,
    PPI = 20,
};

static Machine *make(int version, unsigned cpus) {
    MachineConfig config = {.cpu_model = "max",
                            .cpus = cpus,
                            .ram_size = 64 << 20,
                            .gic_version = version,
                            .el2 = true,
                            .its = version == 3};
    Error err = {0};
    Machine *m = machine_create(&config, &err);
    if (!m) fail_msg("%s", err.text);
    for (unsigned i = 0; i < cpus; i++) m->cpu[i]->halt = HALT_WFI;
    return m;
}

static u64 rd(Cpu *c, u64 address, unsigned size) {
    u64 v = ~0ull;
    assert_true(bus_read(c->machine, address, size, &v, c));
    return v;
}
static u32 r32(Cpu *c, u64 address) {
    return (u32)rd(c, address, 4);
}
static void wr(Cpu *c, u64 address, unsigned size, u64 v) {
    assert_true(bus_write(c->machine, address, size, v, c));
}
static void w32(Cpu *c, u64 address, u32 v) {
    wr(c, address, 4, v);
}

static void set_el(Cpu *c, unsigned el) {
    c->pstate = (c->pstate & ~(3u << PSTATE_EL_SHIFT)) | el << PSTATE_EL_SHIFT;
    c->el = (u8)el;
}
static u64 get(Cpu *c, unsigned reg) {
    u64 v = ~0ull;
    assert_true(gic_sysreg_read(c, reg, &v));
    return v;
}
static void set(Cpu *c, unsigned reg, u64 v) {
    assert_true(gic_sysreg_write(c, reg, v));
}

#define ICC(name) SYSREG_ICC_##name##_EL1
#define ICH(name) SYSREG_ICH_##name##_EL2

static u64 gicr(const Cpu *c) {
    return GICR + (u64)c->index * GICR_STRIDE;
}

// Group 1 enabled everywhere, everything unmasked; local and SPI priority 0xa0, all in Group 1.
static void start_v3(Machine *m) {
    Cpu *c0 = m->cpu[0];
    w32(c0, GICD, 0x13);
    for (unsigned w = 1; w <= 8; w++) {
        w32(c0, GICD + 0x80 + 4 * w, 0xffffffff);
        for (unsigned i = 0; i < 8; i++) w32(c0, GICD + 0x400 + 32 * w + 4 * i, 0xa0a0a0a0);
    }
    for (unsigned i = 0; i < m->cpus; i++) {
        Cpu *c = m->cpu[i];
        u64 sgi = gicr(c) + SGI_BASE;
        w32(c, gicr(c) + 0x14, 0);
        w32(c, sgi + 0x80, 0xffffffff);
        w32(c, sgi + 0x100, 0xffffffff);
        for (unsigned n = 0; n < 8; n++) w32(c, sgi + 0x400 + 4 * n, 0xa0a0a0a0);
        set(c, ICC(PMR), 0xff);
        set(c, ICC(IGRPEN1), 1);
        set(c, ICC(IGRPEN0), 1);
    }
}

static void enable_spi(Cpu *c, unsigned n) {
    w32(c, GICD + 0x100 + n / 32 * 4, 1u << n % 32);
}
static void spi_priority(Cpu *c, unsigned n, u8 p) {
    wr(c, GICD + 0x400 + n, 1, p);
}

// --- engine ------

static void test_level_spi(void **state) {
    (void)state;
    Machine *m = make(3, 2);
    Cpu *c = m->cpu[0];
    start_v3(m);
    gic_set_spi(m->gic, SPI, true);
    assert_int_equal(c->lines, 0);  // not enabled
    enable_spi(c, SPI);
    assert_int_equal(c->lines, LINE_IRQ);
    assert_int_equal(m->cpu[1]->lines, 0);
    assert_int_equal(get(c, ICC(HPPIR1)), SPI);
    assert_int_equal(get(c, ICC(IAR0)), SPURIOUS);  // wrong group: nothing happens
    assert_int_equal(get(c, ICC(IAR1)), SPI);
    assert_int_equal(c->lines, 0);
    assert_int_equal(get(c, ICC(RPR)), 0xa0);
    assert_int_equal(get(c, ICC(AP1R0)), 1u << (0xa0 >> 3));
    // Active and pending: the wire is still high.
    assert_int_equal(r32(c, GICD + 0x304) >> (SPI - 32) & 1, 1);
    assert_int_equal(r32(c, GICD + 0x204) >> (SPI - 32) & 1, 1);
    assert_int_equal(get(c, ICC(IAR1)), SPURIOUS);
    set(c, ICC(EOIR1), SPI);
    assert_int_equal(get(c, ICC(RPR)), 0xff);
    assert_int_equal(c->lines, LINE_IRQ);  // level: again
    assert_int_equal(get(c, ICC(IAR1)), SPI);
    gic_set_spi(m->gic, SPI, false);
    set(c, ICC(EOIR1), SPI);
    assert_int_equal(c->lines, 0);
    assert_int_equal(get(c, ICC(IAR1)), SPURIOUS);
    machine_free(m);
}

static void test_edge_and_latch(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    enable_spi(c, SPI);
    w32(c, GICD + 0xc00 + SPI / 16 * 4, 2u << (SPI % 16 * 2));
    assert_int_equal(r32(c, GICD + 0xc00 + SPI / 16 * 4), 2u << (SPI % 16 * 2));
    gic_set_spi(m->gic, SPI, true);
    gic_set_spi(m->gic, SPI, false);
    assert_int_equal(get(c, ICC(IAR1)), SPI);
    gic_set_spi(m->gic, SPI, true);  // again while active: pending after EOI, once
    assert_int_equal(c->lines, 0);
    set(c, ICC(EOIR1), SPI);
    assert_int_equal(get(c, ICC(IAR1)), SPI);
    set(c, ICC(EOIR1), SPI);
    assert_int_equal(c->lines, 0);
    w32(c, GICD + 0x204, 1u << (SPI - 32));  // ISPENDR
    assert_int_equal(c->lines, LINE_IRQ);
    w32(c, GICD + 0x284, 1u << (SPI - 32));
    assert_int_equal(c->lines, 0);
    // ICPENDR does not lower a wire.
    gic_set_spi(m->gic, 70, true);
    enable_spi(c, 70);
    w32(c, GICD + 0x288, 1u << (70 - 64));
    assert_int_equal(c->lines, LINE_IRQ);
    machine_free(m);
}

static void test_eoimode_split(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    set(c, ICC(CTLR), 2);
    assert_int_equal(get(c, ICC(CTLR)) & 3, 2);
    assert_int_equal(get(c, ICC(CTLR)) >> 8 & 7, 4);
    enable_spi(c, SPI);
    gic_set_spi(m->gic, SPI, true);
    assert_int_equal(get(c, ICC(IAR1)), SPI);
    set(c, ICC(EOIR1), SPI);  // priority drop alone
    assert_int_equal(get(c, ICC(RPR)), 0xff);
    assert_int_equal(r32(c, GICD + 0x304) >> (SPI - 32) & 1, 1);
    assert_int_equal(c->lines, 0);
    set(c, ICC(DIR), SPI);
    assert_int_equal(r32(c, GICD + 0x304) >> (SPI - 32) & 1, 0);
    assert_int_equal(c->lines, LINE_IRQ);
    set(c, ICC(CTLR), 0);
    assert_int_equal(get(c, ICC(IAR1)), SPI);
    set(c, ICC(DIR), SPI);  // without EOImode: no effect
    assert_int_equal(r32(c, GICD + 0x304) >> (SPI - 32) & 1, 1);
    machine_free(m);
}

static void test_preemption(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    enable_spi(c, 40);
    enable_spi(c, 41);
    enable_spi(c, 42);
    spi_priority(c, 40, 0xa7);  // 5 bits: reads back as 0xa0
    assert_int_equal(rd(c, GICD + 0x400 + 40, 1), 0xa0);
    spi_priority(c, 41, 0x98);
    spi_priority(c, 42, 0x40);
    gic_set_spi(m->gic, 40, true);
    assert_int_equal(get(c, ICC(IAR1)), 40);
    set(c, ICC(BPR1), 5);  // group priority 7:5: 0x98 is level 0x80, 0xa0 is level 0xa0
    gic_set_spi(m->gic, 41, true);
    assert_int_equal(c->lines, LINE_IRQ);
    set(c, ICC(BPR1), 7);  // bit 7 alone: no preemption
    assert_int_equal(c->lines, 0);
    assert_int_equal(get(c, ICC(HPPIR1)), 41);
    set(c, ICC(BPR1), 0);  // the minimum
    assert_int_equal(get(c, ICC(BPR1)), 3);
    assert_int_equal(get(c, ICC(IAR1)), 41);
    gic_set_spi(m->gic, 42, true);
    set(c, ICC(PMR), 0x40);  // not higher than the mask
    assert_int_equal(c->lines, 0);
    set(c, ICC(PMR), 0x48);
    assert_int_equal(get(c, ICC(IAR1)), 42);
    assert_int_equal(get(c, ICC(AP1R0)), 1u << 8 | 1u << 19 | 1u << 20);
    set(c, ICC(EOIR1), 42);
    assert_int_equal(get(c, ICC(RPR)), 0x98);
    set(c, ICC(EOIR1), 41);
    assert_int_equal(get(c, ICC(RPR)), 0xa0);
    set(c, ICC(EOIR1), 40);
    assert_int_equal(get(c, ICC(RPR)), 0xff);
    set(c, ICC(BPR0), 4);
    set(c, ICC(CTLR), 1);  // CBPR: BPR1 reads BPR0 + 1, writes are ignored
    assert_int_equal(get(c, ICC(BPR1)), 5);
    machine_free(m);
}

static void test_groups(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    enable_spi(c, 40);
    enable_spi(c, 41);
    w32(c, GICD + 0x84, ~(1u << 8));  // 40 in Group 0
    gic_set_spi(m->gic, 40, true);
    assert_int_equal(c->lines, LINE_FIQ);
    assert_int_equal(get(c, ICC(HPPIR1)), SPURIOUS);
    assert_int_equal(get(c, ICC(HPPIR0)), 40);
    assert_int_equal(get(c, ICC(IAR0)), 40);
    spi_priority(c, 41, 0x20);
    gic_set_spi(m->gic, 41, true);
    assert_int_equal(c->lines, LINE_IRQ);
    set(c, ICC(EOIR1), 40);  // the highest active priority is of Group 0: no effect
    assert_int_equal(get(c, ICC(RPR)), 0xa0);
    set(c, ICC(EOIR0), 40);
    assert_int_equal(get(c, ICC(RPR)), 0xff);
    set(c, ICC(IGRPEN1), 0);
    assert_int_equal(c->lines, LINE_FIQ);
    set(c, ICC(IGRPEN0), 0);
    assert_int_equal(c->lines, 0);
    set(c, ICC(IGRPEN1), 1);
    w32(c, GICD, 0);
    assert_int_equal(c->lines, 0);
    assert_int_equal(r32(c, GICD), 0x50);  // ARE, DS: fixed
    machine_free(m);
}

static void test_sgi_v3(void **state) {
    (void)state;
    Machine *m = make(3, 3);
    Cpu *c = m->cpu[0];
    start_v3(m);
    set(c, ICC(SGI1R), 5ull << 24 | 1 << 1 | 1 << 2 | 1 << 9);  // CPUs 1 and 2; 9 is not there
    assert_int_equal(m->cpu[0]->lines, 0);
    assert_int_equal(m->cpu[1]->lines, LINE_IRQ);
    assert_int_equal(get(m->cpu[1], ICC(IAR1)), 5);
    set(m->cpu[1], ICC(EOIR1), 5);
    assert_int_equal(m->cpu[1]->lines, 0);
    assert_int_equal(get(m->cpu[2], ICC(IAR1)), 5);
    set(m->cpu[2], ICC(EOIR1), 5);
    set(m->cpu[1], ICC(SGI1R), 1ull << 40 | 7ull << 24);  // all but self
    assert_int_equal(m->cpu[0]->lines, LINE_IRQ);
    assert_int_equal(m->cpu[1]->lines, 0);
    assert_int_equal(m->cpu[2]->lines, LINE_IRQ);
    assert_int_equal(get(c, ICC(IAR1)), 7);
    set(c, ICC(EOIR1), 7);
    set(c, ICC(SGI1R), 1ull << 16 | 7ull << 24 | 1);  // Aff1 = 1: nobody
    set(c, ICC(SGI0R), 7ull << 24 | 1);               // configured in Group 1: not generated
    assert_int_equal(c->lines, 0);
    machine_free(m);
}

static void test_routing(void **state) {
    (void)state;
    Machine *m = make(3, 2);
    Cpu *c0 = m->cpu[0], *c1 = m->cpu[1];
    start_v3(m);
    enable_spi(c0, SPI);
    wr(c0, GICD + 0x6000 + 8 * SPI, 8, 1);
    assert_int_equal(rd(c0, GICD + 0x6000 + 8 * SPI, 8), 1);
    gic_set_spi(m->gic, SPI, true);
    assert_int_equal(c0->lines, 0);
    assert_int_equal(c1->lines, LINE_IRQ);
    w32(c0, GICD + 0x6000 + 8 * SPI, 0);
    assert_int_equal(c0->lines, LINE_IRQ);
    assert_int_equal(c1->lines, 0);
    wr(c0, GICD + 0x6000 + 8 * SPI, 8, 1u << 31);  // 1 of N
    assert_int_equal(c0->lines | c1->lines, LINE_IRQ);
    set(c0, ICC(IGRPEN1), 0);
    assert_int_equal(c1->lines, LINE_IRQ);
    assert_int_equal(get(c1, ICC(IAR1)), SPI);
    set(c0, ICC(IGRPEN1), 1);
    assert_int_equal(c0->lines, 0);
    set(c1, ICC(EOIR1), SPI);
    assert_int_equal(c0->lines, LINE_IRQ);
    machine_free(m);
}

static void test_identification(void **state) {
    (void)state;
    Machine *m = make(3, 3);
    Cpu *c = m->cpu[0];
    assert_int_equal(r32(c, GICD + 0xffe8) >> 4, 3);
    assert_int_equal(r32(c, GICR + 0xffe8) >> 4, 3);
    assert_int_equal(r32(c, ITS + 0xffe8) >> 4, 3);
    assert_int_equal(r32(c, GICD + 4) >> 19 & 31, 15);
    assert_int_equal(r32(c, GICD + 4) & 31, 7);  // as many as the board that this one follows
    assert_int_equal(r32(c, GICD + 4) >> 17 & 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        u64 typer = rd(c, GICR + i * GICR_STRIDE + 8, 8);
        assert_int_equal(typer >> 32, i);
        assert_int_equal(typer >> 8 & 0xffff, i);
        assert_int_equal(typer >> 4 & 1, i == 2);
        assert_int_equal(r32(c, GICR + i * GICR_STRIDE + 12), i);
    }
    assert_int_equal(get(c, ICC(SRE)), 7);
    set(c, ICC(SRE), 0);
    assert_int_equal(get(c, ICC(SRE)), 7);
    assert_int_equal(get(c, ICH(VTR)) & 31, 3);
    machine_free(m);
}

// --- virtualization ------

static u64 lr(unsigned vintid, u8 priority, unsigned group, unsigned lr_state) {
    return vintid | (u64)priority << 48 | (u64)group << 60 | (u64)lr_state << 62;
}

// EL2 has set up a guest on c: virtual interface on, Group 1 on, PMR open.
static void start_guest(Cpu *c) {
    set_el(c, 2);
    c->sys.HCR_EL2 = 1ull << HCR_RW | 1ull << HCR_IMO | 1ull << HCR_FMO | 1ull << HCR_VM;
    set(c, ICH(HCR), 1);
    set(c, ICH(VMCR), 0xffull << 24 | 2);
}

static void test_lr_hw(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    start_guest(c);
    set(c, ICC(CTLR), 2);  // as a hypervisor: split
    gic_set_ppi(m->gic, c, 27, true);
    assert_int_equal(get(c, ICC(IAR1)), 27);
    set(c, ICC(EOIR1), 27);
    set(c, ICH(LR0), lr(27, 0xa0, 1, 1) | 1ull << 61 | 27ull << 32);
    assert_int_equal(c->lines, LINE_VIRQ);
    set_el(c, 1);
    assert_int_equal(get(c, ICC(HPPIR1)), 27);
    assert_int_equal(get(c, ICC(IAR1)), 27);
    assert_int_equal(c->lines, 0);
    assert_int_equal(get(c, ICC(RPR)), 0xa0);
    gic_set_ppi(m->gic, c, 27, false);
    set(c, ICC(EOIR1), 27);
    assert_int_equal(get(c, ICC(RPR)), 0xff);
    set_el(c, 2);
    assert_int_equal(get(c, ICH(LR0)) >> 62, 0);
    assert_int_equal(get(c, ICH(ELRSR)), 15);
    assert_int_equal(get(c, ICC(RPR)), 0xff);
    assert_int_equal(r32(c, GICR + SGI_BASE + 0x300), 0);  // the physical one was deactivated
    gic_set_ppi(m->gic, c, 27, true);
    assert_int_equal(c->lines, LINE_IRQ);
    machine_free(m);
}

static void test_virtual_split_and_count(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    start_guest(c);
    set(c, ICH(LR1), lr(50, 0x80, 1, 1) | 1ull << 41);
    set_el(c, 1);
    set(c, ICC(CTLR), 2);
    assert_int_equal(get(c, ICC(IAR1)), 50);
    set(c, ICC(EOIR1), 50);
    set_el(c, 2);
    assert_int_equal(get(c, ICH(LR1)) >> 62, 2);
    assert_int_equal(get(c, ICH(VMCR)) >> 9 & 1, 1);
    assert_int_equal(get(c, ICH(MISR)), 0);
    set_el(c, 1);
    set(c, ICC(DIR), 50);
    set(c, ICC(DIR), 51);  // in no list register: counted
    set_el(c, 2);
    assert_int_equal(get(c, ICH(LR1)) >> 62, 0);
    assert_int_equal(get(c, ICH(EISR)), 2);
    assert_int_equal(get(c, ICH(ELRSR)), 13);
    assert_int_equal(get(c, ICH(HCR)) >> 27, 1);
    assert_int_equal(get(c, ICH(MISR)), 1);
    machine_free(m);
}

static void test_virtual_priorities(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_guest(c);
    set(c, ICH(LR0), lr(60, 0xc0, 1, 1));
    set(c, ICH(LR1), lr(61, 0x40, 1, 1));
    set(c, ICH(LR2), lr(62, 0x20, 0, 1));
    assert_int_equal(c->lines, LINE_VIRQ);  // Group 0 is not enabled
    set(c, ICH(VMCR), 0xffull << 24 | 3);
    assert_int_equal(c->lines, LINE_VFIQ);
    set_el(c, 1);
    assert_int_equal(get(c, ICC(IAR0)), 62);
    assert_int_equal(get(c, ICC(IAR1)), SPURIOUS);  // does not preempt
    set(c, ICC(EOIR0), 62);
    assert_int_equal(get(c, ICC(IAR1)), 61);
    assert_int_equal(c->lines, 0);
    set(c, ICC(PMR), 0xc0);
    set(c, ICC(EOIR1), 61);
    assert_int_equal(c->lines, 0);
    set(c, ICC(PMR), 0xf0);
    assert_int_equal(c->lines, LINE_VIRQ);
    set_el(c, 2);
    assert_int_equal(get(c, ICH(VMCR)) >> 24, 0xf0);
    set(c, ICH(HCR), 0);
    assert_int_equal(c->lines, 0);
    // An LPI has no active state.
    set(c, ICH(HCR), 1);
    set(c, ICH(LR0), lr(8200, 0x40, 1, 1));
    set_el(c, 1);
    assert_int_equal(get(c, ICC(IAR1)), 8200);
    set_el(c, 2);
    assert_int_equal(get(c, ICH(LR0)) >> 62, 0);
    assert_int_equal(get(c, ICH(AP1R0)), 1 << 8);
    machine_free(m);
}

static void test_maintenance(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    start_guest(c);
    assert_false(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));
    const struct {
        u64 hcr, misr;
    } cases[] = {
        {1 | 2, 2},  // UIE: no valid list register
        {1 | 4, 0},  // LRENPIE: EOIcount is 0
        {1 | 4 | 3ull << 27, 4},
        {1 | 8, 8},     // NPIE
        {1 | 0x10, 0},  // VGrp0EIE: Group 0 is off
        {1 | 0x20, 0x20},
        {1 | 0x40, 0x40},
        {1 | 0x80, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        set(c, ICH(HCR), cases[i].hcr);
        assert_int_equal(get(c, ICH(MISR)), cases[i].misr);
        assert_int_equal(gic_ppi_level(m->gic, c, PPI_MAINTENANCE), cases[i].misr != 0);
    }
    set(c, ICH(HCR), 2);  // En = 0
    assert_false(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));
    set(c, ICH(HCR), 1 | 2);
    set(c, ICH(LR0), lr(60, 0xc0, 1, 1));
    assert_true(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));  // one is still an underflow
    set(c, ICH(LR1), lr(61, 0xc0, 1, 2));
    assert_false(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));
    set(c, ICH(HCR), 1 | 8);
    assert_false(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));
    set(c, ICH(LR0), lr(60, 0xc0, 1, 3));  // active and pending is not the pending state
    assert_true(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));
    assert_int_equal(get(c, ICC(IAR1)), PPI_MAINTENANCE);
    machine_free(m);
}

// ESR_EL2 of an access that traps from EL1; 0: it did not trap.
static u64 trap_esr(Cpu *c, unsigned enc, bool read) {
    u64 v = 0;
    set_el(c, 1);
    bool done = read ? sysreg_read(c, enc, 3, &v) : sysreg_write(c, enc, 3, 0x3ff);
    u64 esr = done ? 0 : c->sys.ESR_EL2;
    if (!done) assert_int_equal(c->el, 2);
    pstate_changed(c, PSTATE_DAIF | PSTATE_SP | 2 << PSTATE_EL_SHIFT);
    return esr;
}

static void test_traps(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    start_guest(c);
    unsigned iar1 = sysreg_enc(3, 0, 12, 12, 0), iar0 = sysreg_enc(3, 0, 12, 8, 0);
    unsigned dir = sysreg_enc(3, 0, 12, 11, 1), pmr = sysreg_enc(3, 0, 4, 6, 0);
    unsigned sgi1 = sysreg_enc(3, 0, 12, 11, 5), hcr = sysreg_enc(3, 4, 12, 11, 0);
    const u64 ec = 0x18ull << 26 | 1 << 25;
    assert_int_equal(trap_esr(c, iar1, true), 0);
    set(c, ICH(HCR), 1 | 1 << 12);  // TALL1
    assert_int_equal(trap_esr(c, iar1, true), ec | sysreg_iss(iar1, 3, true));
    assert_int_equal(trap_esr(c, iar0, true), 0);
    set(c, ICH(HCR), 1 | 1 << 11);  // TALL0
    assert_int_equal(trap_esr(c, iar0, true), ec | sysreg_iss(iar0, 3, true));
    assert_int_equal(trap_esr(c, iar1, true), 0);
    set(c, ICH(HCR), 1 | 1 << 10);  // TC
    assert_int_equal(trap_esr(c, pmr, true), ec | sysreg_iss(pmr, 3, true));
    assert_int_equal(trap_esr(c, dir, false), ec | sysreg_iss(dir, 3, false));
    set(c, ICH(HCR), 1 | 1 << 14);  // TDIR
    assert_int_equal(trap_esr(c, dir, false), ec | sysreg_iss(dir, 3, false));
    assert_int_equal(trap_esr(c, pmr, true), 0);
    set(c, ICH(HCR), 1);
    assert_int_equal(trap_esr(c, sgi1, false), ec | sysreg_iss(sgi1, 3, false));  // IMO
    c->sys.HCR_EL2 &= ~(1ull << HCR_IMO);
    assert_int_equal(trap_esr(c, sgi1, false), ec | sysreg_iss(sgi1, 3, false));  // FMO
    c->sys.HCR_EL2 &= ~(1ull << HCR_FMO);
    assert_int_equal(trap_esr(c, sgi1, false), 0);
    // ICH_HCR_EL2 at EL1 and ICC_AP1R1_EL1 (too few priority bits) are UNDEFINED.
    u64 v;
    set_el(c, 1);
    assert_false(sysreg_read(c, hcr, 3, &v));
    assert_int_equal(c->el, 1);
    assert_int_equal(c->sys.ESR_EL1 >> 26, 0);
    set_el(c, 2);
    c->sys.ESR_EL2 = ~0ull;
    assert_false(sysreg_read(c, sysreg_enc(3, 0, 12, 9, 1), 3, &v));
    assert_int_equal(c->sys.ESR_EL2 >> 26, 0);
    machine_free(m);
}

static void test_physical_or_virtual(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    start_guest(c);
    c->sys.HCR_EL2 = 1ull << HCR_RW | 1ull << HCR_IMO;  // Group 1 virtual, Group 0 physical
    set(c, ICC(PMR), 0x80);
    set(c, ICC(BPR0), 6);
    set(c, ICC(BPR1), 7);
    set_el(c, 1);
    assert_int_equal(get(c, ICC(BPR0)), 6);
    assert_int_equal(get(c, ICC(BPR1)), 3);
    assert_int_equal(get(c, ICC(PMR)), 0xf8);
    set_el(c, 2);
    c->sys.HCR_EL2 = 1ull << HCR_RW;
    set_el(c, 1);
    assert_int_equal(get(c, ICC(PMR)), 0x80);
    assert_int_equal(get(c, ICC(BPR1)), 7);
    machine_free(m);
}

static void test_cpu_reset(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    start_guest(c);
    gic_set_ppi(m->gic, c, PPI, true);
    set(c, ICH(LR0), lr(60, 0xc0, 1, 1));
    assert_int_equal(c->lines, LINE_IRQ | LINE_VIRQ);
    c->lines = 0;  // as cpu_reset() does
    gic_reset_cpu(c);
    assert_int_equal(c->lines, 0);
    assert_int_equal(get(c, ICH(LR0)), 0);
    set(c, ICC(PMR), 0xff);
    set(c, ICC(IGRPEN1), 1);
    assert_int_equal(c->lines, LINE_IRQ);  // the interrupt itself is the GIC's, and still there
    machine_free(m);
}

// --- LPIs ------

enum {
    PROP = RAM + 0x100000,
    PEND = RAM + 0x200000,
    DEVICES = RAM + 0x300000,
    COLLECTIONS = RAM + 0x310000,
    QUEUE = RAM + 0x320000,
    ITT = RAM + 0x330000
};

static unsigned queued;

static void command(Cpu *c, u64 d0, u64 d1, u64 d2, u64 d3) {
    u64 cmd[4] = {d0, d1, d2, d3};
    assert_true(bus_write_bytes(c->machine, QUEUE + queued, cmd, sizeof cmd));
    queued = (queued + 32) % 0x1000;
    wr(c, ITS + 0x88, 8, queued);
    assert_int_equal(rd(c, ITS + 0x90, 8), queued);
}

static void lpi_config(Cpu *c, u32 intid, u8 config) {
    assert_true(bus_write_bytes(c->machine, PROP + intid - 8192, &config, 1));
}

static void start_its(Machine *m) {
    Cpu *c0 = m->cpu[0];
    queued = 0;
    // Page_Size: software that does not choose one gets the largest.
    assert_int_equal(rd(c0, ITS + 0x100, 8) >> 8 & 3, 2);
    assert_int_equal(rd(c0, ITS + 0x108, 8) >> 8 & 3, 2);
    for (unsigned i = 0; i < m->cpus; i++) {
        Cpu *c = m->cpu[i];
        wr(c, gicr(c) + 0x70, 8, PROP | 15);
        wr(c, gicr(c) + 0x78, 8, (PEND + 0x10000 * i) | 1ull << 62);
        w32(c, gicr(c), 1);
    }
    wr(c0, ITS + 0x100, 8, 1ull << 63 | DEVICES);
    wr(c0, ITS + 0x108, 8, 1ull << 63 | COLLECTIONS);
    assert_int_equal(rd(c0, ITS + 0x100, 8) >> 56 & 7, 1);
    assert_int_equal(rd(c0, ITS + 0x108, 8) >> 56 & 7, 4);
    assert_int_equal(rd(c0, ITS + 0x100, 8) >> 48 & 31, 7);
    wr(c0, ITS + 0x80, 8, 1ull << 63 | QUEUE);
    w32(c0, ITS, 1);
    for (u64 i = 0; i < m->cpus; i++) command(c0, 9, 0, 1ull << 63 | i << 16 | i, 0);  // MAPC
    command(c0, 8 | 7ull << 32, 3, 1ull << 63 | ITT, 0);                               // MAPD
}

static void test_lpi(void **state) {
    (void)state;
    Machine *m = make(3, 2);
    Cpu *c0 = m->cpu[0], *c1 = m->cpu[1];
    start_v3(m);
    start_its(m);
    lpi_config(c0, 8200, 0x80 | 1);
    command(c0, 0x0a | 7ull << 32, 5 | 8200ull << 32, 0, 0);  // MAPTI: event 5 is 8200
    assert_true(gic_send_msi(m->gic, ITS + 0x10040, 5, 7));
    assert_int_equal(c0->lines, LINE_IRQ);
    assert_int_equal(get(c0, ICC(IAR1)), 8200);
    assert_int_equal(get(c0, ICC(RPR)), 0x80);
    assert_int_equal(c0->lines, 0);
    set(c0, ICC(EOIR1), 8200);
    assert_int_equal(get(c0, ICC(RPR)), 0xff);
    assert_true(gic_send_msi(m->gic, ITS + 0x10040, 6, 7));   // not mapped
    assert_true(gic_send_msi(m->gic, ITS + 0x10040, 5, 8));   // no such device
    assert_true(gic_send_msi(m->gic, ITS + 0x10040, 99, 7));  // beyond the ITT
    assert_int_equal(c0->lines, 0);
    assert_false(gic_send_msi(m->gic, RAM, 5, 7));
    command(c0, 0x0a | 7ull << 32, 16 | 8200ull << 32, 0, 0);  // the ITT has 16 entries
    command(c0, 3 | 7ull << 32, 16, 0, 0);
    assert_int_equal(c0->lines, 0);
    // The configuration is cached until INV.
    lpi_config(c0, 8200, 0x80);
    command(c0, 3 | 7ull << 32, 5, 0, 0);  // INT
    assert_int_equal(c0->lines, LINE_IRQ);
    command(c0, 0x0c | 7ull << 32, 5, 0, 0);  // INV: disabled now, still pending
    assert_int_equal(c0->lines, 0);
    lpi_config(c0, 8200, 0xc0 | 1);
    command(c0, 0x0d, 0, 0, 0);  // INVALL
    assert_int_equal(c0->lines, LINE_IRQ);
    command(c0, 1 | 7ull << 32, 5, 1, 0);  // MOVI to collection 1, with the pending state
    assert_int_equal(c0->lines, 0);
    assert_int_equal(c1->lines, LINE_IRQ);
    command(c0, 0x0e, 0, 1ull << 16, 0);  // MOVALL from 1 to 0
    assert_int_equal(c0->lines, LINE_IRQ);
    assert_int_equal(c1->lines, 0);
    command(c0, 0x0e, 0, 0, 1ull << 16);
    command(c0, 4 | 7ull << 32, 5, 0, 0);  // CLEAR
    assert_int_equal(c1->lines, 0);
    command(c0, 3 | 7ull << 32, 5, 0, 0);
    assert_int_equal(c1->lines, LINE_IRQ);
    command(c0, 0x0f | 7ull << 32, 5, 0, 0);  // DISCARD
    assert_int_equal(c1->lines, 0);
    command(c0, 3 | 7ull << 32, 5, 0, 0);
    assert_int_equal(c1->lines, 0);
    command(c0, 0x0b | 7ull << 32, 8201, 0, 0);  // MAPI beyond the ITT: no effect
    command(c0, 0x77, 0, 0, 0);                  // no such command
    command(c0, 5, 0, 0, 0);                     // SYNC
    machine_free(m);
}

static void test_lpi_pending_table(void **state) {
    (void)state;
    Machine *m = make(3, 1);
    Cpu *c = m->cpu[0];
    start_v3(m);
    u8 byte = 1 << (8203 % 8);
    assert_true(bus_write_bytes(m, PEND + 8203 / 8, &byte, 1));
    lpi_config(c, 8203, 0x41);
    wr(c, GICR + 0x70, 8, PROP | 15);
    wr(c, GICR + 0x78, 8, PEND);
    w32(c, GICR, 1);
    assert_int_equal(r32(c, GICR) & 1, 1);
    assert_int_equal(get(c, ICC(HPPIR1)), 8203);
    w32(c, GICR, 0);
    assert_int_equal(c->lines, 0);
    byte = 0;
    assert_true(bus_read_bytes(m, PEND + 8203 / 8, &byte, 1));
    assert_int_equal(byte, 1 << (8203 % 8));
    w32(c, GICR, 1);
    assert_int_equal(get(c, ICC(IAR1)), 8203);
    w32(c, GICR, 0);
    assert_true(bus_read_bytes(m, PEND + 8203 / 8, &byte, 1));
    assert_int_equal(byte, 0);
    machine_free(m);
}

// --- GICv2 ------

static void start_v2(Machine *m) {
    w32(m->cpu[0], GICD, 3);
    for (unsigned i = 0; i < m->cpus; i++) {
        w32(m->cpu[i], GICC + 4, 0xff);
        w32(m->cpu[i], GICC, 3);
    }
}

static void test_v2(void **state) {
    (void)state;
    Machine *m = make(2, 2);
    Cpu *c0 = m->cpu[0], *c1 = m->cpu[1];
    start_v2(m);
    assert_int_equal(r32(c0, GICD + 0xfe8) >> 4, 2);
    assert_int_equal(r32(c0, GICD + 4) >> 5 & 7, 1);
    assert_int_equal(r32(c0, GICD + 4) & 31, 8);
    assert_int_equal(r32(c0, GICD + 0x800), 0x01010101);
    assert_int_equal(r32(c1, GICD + 0x800), 0x02020202);
    w32(c0, GICD + 0x180, 0xffff);
    assert_int_equal(r32(c0, GICD + 0x100) & 0xffff, 0xffff);
    // SGIs remember who sent them.
    w32(c0, GICD + 0xf00, 1u << 24 | 3);  // all but self
    w32(c1, GICD + 0xf00, 2u << 24 | 3);  // self
    assert_int_equal(c0->lines, 0);
    assert_int_equal(c1->lines, LINE_IRQ);  // Group 0, FIQEn = 0
    assert_int_equal(r32(c1, GICD + 0xf20), 0x03000000);
    assert_int_equal(r32(c1, GICC + 0xc), 3);
    w32(c1, GICC + 0x10, 3);
    assert_int_equal(r32(c1, GICC + 0x18), 1 << 10 | 3);
    assert_int_equal(r32(c1, GICC + 0xc), 1 << 10 | 3);
    w32(c1, GICC + 0x10, 1 << 10 | 3);
    assert_int_equal(r32(c1, GICC + 0xc), SPURIOUS);
    // FIQEn, Group 1 and AckCtl.
    enable_spi(c0, SPI);
    wr(c0, GICD + 0x800 + SPI, 1, 2);
    gic_set_spi(m->gic, SPI, true);
    assert_int_equal(c0->lines, 0);
    assert_int_equal(c1->lines, LINE_IRQ);
    w32(c1, GICC, 3 | 8);
    assert_int_equal(c1->lines, LINE_FIQ);
    w32(c0, GICD + 0x84, 1u << (SPI - 32));
    assert_int_equal(c1->lines, LINE_IRQ);
    assert_int_equal(r32(c1, GICC + 0xc), 1022);
    assert_int_equal(r32(c1, GICC + 0x20), SPI);
    w32(c1, GICC, 3 | 1 << 9);
    w32(c1, GICC + 0x24, SPI);
    assert_int_equal(r32(c1, GICC + 0x14), 0xff);
    assert_int_equal(c1->lines, 0);  // still active
    w32(c1, GICC + 0x1000, SPI);
    assert_int_equal(c1->lines, LINE_IRQ);
    machine_free(m);
}

static void test_v2_virtual(void **state) {
    (void)state;
    Machine *m = make(2, 1);
    Cpu *c = m->cpu[0];
    start_v2(m);
    w32(c, GICH + 8, 0x1fu << 27 | 1 | 1 << 9);  // VPMR, Group 0, EOImode
    w32(c, GICH, 1);
    assert_int_equal(r32(c, GICH + 4), 4u << 29 | 4u << 26 | 3);
    w32(c, GICH + 0x100, 1u << 28 | 0x14u << 23 | 5u << 10 | 2);               // SGI 2 from CPU 5
    w32(c, GICH + 0x104, 1u << 31 | 1u << 28 | 0x15u << 23 | 27u << 10 | 27);  // HW
    assert_int_equal(r32(c, GICH + 0x104), 1u << 31 | 1u << 28 | 0x15u << 23 | 27u << 10 | 27);
    assert_int_equal(c->lines, LINE_VIRQ);
    w32(c, GICD + 0x300, 1u << 27);  // active, as a hypervisor leaves it
    assert_int_equal(r32(c, GICV + 0xc), 5 << 10 | 2);
    assert_int_equal(r32(c, GICH + 0xf0), 1u << 0x14);
    assert_int_equal(r32(c, GICH + 0x100), 2u << 28 | 0x14u << 23 | 5u << 10 | 2);
    w32(c, GICV + 0x10, 5 << 10 | 2);
    w32(c, GICV + 0x1000, 5 << 10 | 2);
    assert_int_equal(r32(c, GICH + 0x30), 0xd);
    assert_int_equal(r32(c, GICV + 0xc), 27);
    w32(c, GICV + 0x10, 27);
    assert_int_equal(r32(c, GICD + 0x300), 1u << 27);
    w32(c, GICV + 0x1000, 27);
    assert_int_equal(r32(c, GICD + 0x300), 0);
    assert_int_equal(r32(c, GICV + 0x14), 0xff);
    w32(c, GICH, 1 | 8);
    assert_true(gic_ppi_level(m->gic, c, PPI_MAINTENANCE));
    u64 v;
    assert_false(gic_sysreg_read(c, ICC(IAR1), &v));  // no system registers: UNDEFINED
    machine_free(m);
}

static void test_v2m(void **state) {
    (void)state;
    Machine *m = make(2, 1);
    Cpu *c = m->cpu[0];
    start_v2(m);
    assert_int_equal(r32(c, V2M + 8), 80 << 16 | 64);
    enable_spi(c, 81);
    w32(c, GICD + 0xc00 + 81 / 16 * 4, 2u << (81 % 16 * 2));
    w32(c, V2M + 0x40, 81);
    assert_int_equal(r32(c, GICC + 0xc), 81);
    w32(c, GICC + 0x10, 81);
    w32(c, V2M + 0x40, 79);
    assert_true(gic_send_msi(m->gic, V2M + 0x40, 81, 0));
    assert_int_equal(r32(c, GICC + 0xc), 81);
    machine_free(m);
}

// --- observers -----------------------------------------------------------------------------------

typedef struct Pendings {
    unsigned count;
    u32 intid;
    IrqSource source;
    const Cpu *cpu;
} Pendings;

static void on_irq(void *arg, Cpu *cpu, const IrqEvent *ev) {
    Pendings *p = arg;
    if (ev->kind == IRQ_PENDING) *p = (Pendings){p->count + 1, ev->intid, ev->source, cpu};
}

// An LPI is told of when it becomes pending, not while it is, and again on another CPU.
static void test_observed_lpi(void **state) {
    (void)state;
    Machine *m = make(3, 2);
    Cpu *c0 = m->cpu[0], *c1 = m->cpu[1];
    Pendings p = {0};
    Observer o = {.arg = &p, .irq = on_irq};
    start_v3(m);
    start_its(m);
    lpi_config(c0, 8200, 0x80 | 1);
    command(c0, 0x0a | 7ull << 32, 5 | 8200ull << 32, 0, 0);
    observer_add(m, &o);
    assert_true(gic_send_msi(m->gic, ITS + 0x10040, 5, 7));
    assert_true(gic_send_msi(m->gic, ITS + 0x10040, 5, 7));
    assert_int_equal(p.count, 1);
    assert_int_equal(p.intid, 8200);
    assert_int_equal(p.source, IRQ_BY_MESSAGE);
    assert_ptr_equal(p.cpu, c0);
    command(c0, 1 | 7ull << 32, 5, 1, 0);  // MOVI
    assert_int_equal(p.count, 2);
    assert_ptr_equal(p.cpu, c1);
    observer_remove(m, &o);
    machine_free(m);
}

static void test_observed_v2m(void **state) {
    (void)state;
    Machine *m = make(2, 1);
    Cpu *c = m->cpu[0];
    Pendings p = {0};
    Observer o = {.arg = &p, .irq = on_irq};
    start_v2(m);
    enable_spi(c, 81);
    w32(c, GICD + 0xc00 + 81 / 16 * 4, 2u << (81 % 16 * 2));
    observer_add(m, &o);
    w32(c, V2M + 0x40, 81);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.intid, 81);
    assert_int_equal(p.source, IRQ_BY_MESSAGE);
    assert_null(p.cpu);
    observer_remove(m, &o);
    machine_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level_spi),
        cmocka_unit_test(test_edge_and_latch),
        cmocka_unit_test(test_eoimode_split),
        cmocka_unit_test(test_preemption),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_sgi_v3),
        cmocka_unit_test(test_routing),
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_lr_hw),
        cmocka_unit_test(test_virtual_split_and_count),
        cmocka_unit_test(test_virtual_priorities),
        cmocka_unit_test(test_maintenance),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_physical_or_virtual),
        cmocka_unit_test(test_lpi),
        cmocka_unit_test(test_lpi_pending_table),
        cmocka_unit_test(test_v2),
        cmocka_unit_test(test_v2_virtual),
        cmocka_unit_test(test_v2m),
        cmocka_unit_test(test_observed_lpi),
        cmocka_unit_test(test_observed_v2m),
        cmocka_unit_test(test_cpu_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
