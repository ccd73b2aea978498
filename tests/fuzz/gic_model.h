// The literal model of the interrupt controller that fuzz_gic compares with, GICv2 and GICv3: one struct per
// interrupt, per list register and per CPU interface, and loops over them.
// Source: the Arm GIC architecture specification, "Interrupt Handling and Prioritization", "Virtual
// Interrupt Handling and Prioritization".
#pragma once

#include "cpu/sysreg.h"
#include "devices/device.h"
#include "gic/gic.h"
#include "machine/machine.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CPUS = 2,
    LOCALS = 32,
    IDS = 64,  // SGIs, PPIs, and SPIs 32-63
    LRS = 4,
    NONE = 1023,
    IDLE = 0xff,
    GICD = 0x08000000,
    GICR = 0x080a0000,
    GICR_STRIDE = 0x20000,
    GICR_SGI = 0x10000,
    MAINTENANCE = 25,
    DEEP = 40,
    LPI = 8192,
    LPIS = 8,
};

typedef struct MIrq {
    bool latch, level, edge, enabled, active, group1;
    u8 priority;
    unsigned route;
    u8 sources, targets;  // GICv2: CPUs that sent this SGI, CPUs this SPI goes to
} MIrq;

typedef struct MIface {
    u8 pmr, bpr[2];
    bool enable[2], cbpr, split;
    bool ackctl, fiqen;  // GICv2
    bool ap[2][32];      // active priorities, by priority / 8
    struct {
        u32 id;
        int group;
    } taken[DEEP];  // acknowledged and not dropped yet
    unsigned depth;
} MIface;

typedef struct MLr {
    bool pending, active, hw, group1, eoi;
    u8 priority;
    u32 vid, pid;  // GICv2: vid has the CPUID of an SGI in bits 12:10
} MLr;

typedef struct MCpu {
    MIrq local[LOCALS];
    MIface phys, virt;
    MLr lr[LRS];
    u32 ich_hcr;  // En and the maintenance enables, bits 7:0
    u32 eoi_count;
    bool lpi[LPIS];  // pending here
} MCpu;

typedef struct Model {
    MCpu cpu[CPUS];
    MIrq spi[IDS - LOCALS];
    bool dist_enable[2];
    u8 lpi_config[LPIS];  // configuration bytes: priority, enable
} Model;

extern Model model;
extern Machine *machine;   // under test
extern const char *doing;  // the operation
extern unsigned step;

_Noreturn void mismatch(const char *what, unsigned cpu, u64 product, u64 expected);
u8 byte(void);  // next of the input

MIrq *irq(unsigned c, unsigned id);
bool pending(const MIrq *i);
u8 group_mask(const MIface *f, int group);
int running(const MIface *f);
bool signals(const MIface *f, int group, u8 priority);
bool lpi_candidate(unsigned c, unsigned id);
bool lr_candidate(const MCpu *m, unsigned n);
int best_virtual(const MCpu *m);
u32 misr(const MCpu *m);
int drop(MIface *f);
MLr *active_lr(MCpu *m, u32 id);
void leave_lr(unsigned c, MLr *l);

// gic_its.c
void its_start(bool with_its);
void op_its(unsigned c);
// gic_v2.c
void v2_start(bool enable);
void v2_step(unsigned what, unsigned c);
void v2_check(void);
