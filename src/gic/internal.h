// What the files of src/gic share: interrupt state, CPU interfaces and list registers of one
// machine. GICv2 and GICv3 differ only in the register frames over this state.
#pragma once

#include "cpu/observer.h"
#include "gic/gic.h"
#include "machine/machine.h"

enum {
    LOCAL_IRQS = 32,  // SGIs 0-15 and PPIs 16-31, one set per PE
    SGIS = 16,
    INTID_GROUP1 = 1022,  // GICv2: the pending interrupt is in Group 1, AckCtl is 0
    MAX_SPIS = 960,       // multiples of 32 below INTID 1020
    LPI_FIRST = 8192,
    LPI_LIMIT = 1 << 16,  // GICD_TYPER.IDbits: 16 bits
    LPI_WORDS = LPI_LIMIT / 64,
    LIST_REGS = 4,
    PRIORITY_BITS = 5,
    PRIORITY_MASK = 0xff << (8 - PRIORITY_BITS) & 0xff,
    PRIORITY_NONE = 0x100,
    RPR_IDLE = 0xff,
    MIN_BPR0 = 7 - PRIORITY_BITS,
};

// 32 interrupts; bit n of a word is interrupt n of the bank.
typedef struct Bank {
    u32 latch;  // pending by an edge, a write or a message
    u32 level;  // the wire
    u32 active;
    u32 enabled;
    u32 group1;
    u32 edge;  // ICFGR: edge-triggered
    u8 priority[32];
} Bank;

// The highest priority interrupt that is pending, enabled, not active, in an enabled group.
typedef struct Pending {
    u32 intid;     // INTID_SPURIOUS: none
    u16 priority;  // PRIORITY_NONE: none
    u8 group;
    i8 lr;  // of a virtual interrupt
} Pending;

// A CPU interface, physical (ICC, GICC) or virtual (ICV, GICV): the state and rules are the same.
typedef struct CpuIf {
    u8 pmr;
    u8 bpr[2];
    bool enable[2];
    bool cbpr, eoimode, ackctl;
    bool fiqen;  // Group 0 is signalled as FIQ: always on GICv3
    u32 ap[2];   // AP0R0, AP1R0; GICv2 has one set and uses [0] for both groups
} CpuIf;

struct GicCpu {
    Gic *gic;
    Cpu *cpu;
    Bank local;
    u8 sgi_sources[SGIS];  // GICv2: bit n = pending from CPU n
    u32 *mine;             // per SPI word: SPIs that may be forwarded to this PE
    Pending hppi;          // physical
    CpuIf phys, virt;
    bool maintenance;

    // Virtual interface control: ICH_*, GICH_*. List registers are kept in the GICv3 layout.
    u64 hcr;
    u64 lr[LIST_REGS];

    // Redistributor.
    bool asleep;   // GICR_WAKER.ProcessorSleep
    bool lpis_on;  // GICR_CTLR.EnableLPIs
    u64 propbaser, pendbaser;
    u64 *lpi_pending;                 // LPI_WORDS words, by INTID; NULL until LPIs are enabled
    u64 lpi_summary[LPI_WORDS / 64];  // word n of lpi_pending is not 0
    Pending hplpi;                    // highest pending enabled LPI
};

typedef struct Its Its;

struct Gic {
    Machine *machine;
    int version;
    unsigned cpus;
    GicCpu *cpu;
    unsigned spi_words;
    Bank *spi;
    u64 *route;     // GICD_IROUTER, by SPI
    u8 *targets;    // GICD_ITARGETSR, by SPI
    u32 *one_of_n;  // per SPI word: IROUTER.IRM = 1
    bool any_one_of_n;
    u32 ctlr;         // GICD_CTLR: EnableGrp0, EnableGrp1, E1NWF
    u16 *lpi_config;  // cached configuration bytes by INTID, bit 8 = cached
    Its *its;
    Region dist, redist;            // GICD, GICR
    Region gicc, gich, gicv, v2m;   // GICv2
    unsigned v2m_first, v2m_count;  // INTIDs of GICv2m
};

static inline GicCpu *gic_cpu_of(Gic *gic, const Cpu *by) {
    return by ? by->gic : &gic->cpu[0];
}

// --- irq.c: the engine ------
static inline u32 bank_pending(const Bank *b) {
    return b->latch | (b->level & ~b->edge);
}
Bank *irq_bank(GicCpu *c, u32 intid);  // NULL: no such interrupt
void irq_set_spi(Gic *gic, unsigned intid, bool level, IrqSource source);
void irq_update(GicCpu *c);  // state that c sees changed: hppi, lines
void irq_update_all(Gic *gic);
void irq_spi_changed(Gic *gic, unsigned word, u32 which, const GicCpu *except);
void irq_reroute(Gic *gic, unsigned spi);  // route[] or targets[] changed
u32 irq_acknowledge(GicCpu *c);            // activates c->hppi; the value for IAR
void irq_deactivate(GicCpu *c, u32 intid);
void irq_send_sgi(GicCpu *to, unsigned sgi, unsigned source);
void irq_set_lines(GicCpu *c, u32 which, u32 lines);
GicCpu *gic_cpu_by_affinity(Gic *gic, u64 affinity);

// --- observe.c: for cpu/observer.h. c NULL: of an SPI ------
static inline bool gic_observed(const Gic *gic) {
    return unlikely(gic->machine->observer != NULL);
}
void gic_tell(const Gic *gic, const GicCpu *c, const IrqEvent *ev);
void gic_tell_pending(const Gic *gic, const GicCpu *c, u32 intid, IrqSource source, unsigned from);
// The interrupts of bank word 0 (c's own) or of an SPI bank that were not pending before.
void gic_tell_bank(const Gic *gic, const GicCpu *c, unsigned word, u32 before, IrqSource source);
// Of the physical or the virtual interface of c.
void gic_tell_acknowledge(const GicCpu *c, bool v, u32 iar);
void gic_tell_eoi(const GicCpu *c, bool v, u32 intid, int dropped, IrqEffect effect, int lr);
void gic_tell_deactivate(const GicCpu *c, bool v, u32 intid, IrqEffect effect, int lr);
void gic_tell_list_register(const GicCpu *c, int lr);
void gic_tell_maintenance(const GicCpu *c);

// --- cpuif.c: rules of a CPU interface, physical interface ------
void cpuif_reset(CpuIf *f, bool fiqen);
u8 cpuif_group_mask(const CpuIf *f, int group);
int cpuif_running(const CpuIf *f);
bool cpuif_signals(const CpuIf *f, const Pending *p);
void cpuif_activate(CpuIf *f, const Pending *p, bool one_set);
int cpuif_highest_group(const CpuIf *f);  // of the active priorities; -1: none
int cpuif_drop(CpuIf *f);                 // priority dropped, or RPR_IDLE
u8 cpuif_read_bpr(const CpuIf *f, int group);
void cpuif_write_bpr(CpuIf *f, int group, u64 value);
u32 phys_acknowledge(GicCpu *c, int group);
void phys_eoi(GicCpu *c, u32 intid);
void phys_deactivate(GicCpu *c, u32 intid);

// --- vcpuif.c: virtual interface ------
enum {
    ICH_HCR_EN = 0,
    ICH_HCR_UIE = 1,
    ICH_HCR_LRENPIE = 2,
    ICH_HCR_NPIE = 3,
    ICH_HCR_VGRP0EIE = 4,
    ICH_HCR_VGRP0DIE = 5,
    ICH_HCR_VGRP1EIE = 6,
    ICH_HCR_VGRP1DIE = 7,
    ICH_HCR_TC = 10,
    ICH_HCR_TALL0 = 11,
    ICH_HCR_TALL1 = 12,
    ICH_HCR_TDIR = 14,
    ICH_HCR_EOICOUNT = 27,
    LR_EOI = 41,
    LR_PINTID = 32,
    LR_PRIORITY = 48,
    LR_GROUP = 60,
    LR_HW = 61,
    LR_PENDING = 62,
    LR_ACTIVE = 63,
};
enum { GICH_LR0 = 0x100 };  // offset in GICv2's frame GICH
void virt_update(GicCpu *c);
Pending virt_hppi(const GicCpu *c);
u32 virt_acknowledge(GicCpu *c, int group);
void virt_eoi(GicCpu *c, u32 intid, int group);
void virt_deactivate(GicCpu *c, u32 intid);
u64 virt_read_vmcr(const GicCpu *c);
void virt_write_vmcr(GicCpu *c, u64 value);
void virt_write_hcr(GicCpu *c, u64 value);
u32 virt_misr(const GicCpu *c);
u32 virt_eisr(const GicCpu *c);
u32 virt_elrsr(const GicCpu *c);

// --- v2.c ------
u32 lr_to_gich(u64 lr);

// --- frame.c: register blocks that GICD and GICR share ------
// offset 0x080..0xdff; word 0 is the local bank if `local`.
u64 block_read(GicCpu *c, bool local, u64 offset, unsigned size);
void block_write(GicCpu *c, bool local, u64 offset, unsigned size, u64 value);
// PIDR4-7, PIDR0-3, CIDR0-3 at frame end: offset from the first. part: PIDR0. arch: PIDR2 ArchRev.
u32 frame_id(u64 offset, u8 part, u8 arch);
// The part of a 64-bit register that an access of size 4 or 8 at offset sees or replaces.
u64 reg64_read(u64 reg, u64 offset, unsigned size);
u64 reg64_write(u64 reg, u64 offset, unsigned size, u64 value);

// --- the frames: fill in and add regions ------
bool dist_create(Gic *gic, Error *err);
bool redist_create(Gic *gic, Error *err);
bool v2_create(Gic *gic, Error *err);
bool its_create(Gic *gic, Error *err);
void its_free(Its *its);
void its_reset(Its *its);
bool its_is_doorbell(const Its *its, u64 address);
void its_msi(Its *its, u32 device, u32 event);

// --- lpi.c: LPI state of a redistributor ------
void lpi_enable(GicCpu *c, bool on);
void lpi_set_pending(GicCpu *c, u32 intid, bool pending);
bool lpi_is_pending(const GicCpu *c, u32 intid);
bool lpi_valid(const GicCpu *c, u32 intid);
void lpi_invalidate(GicCpu *c, u32 intid);  // INV: read the configuration byte again
void lpi_invalidate_all(GicCpu *c);
void lpi_move_all(GicCpu *from, GicCpu *to);
