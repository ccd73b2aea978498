// The interrupt controller: one engine (irq.c) under GICv2 and GICv3 frames. What the board, the
// CPU and the timers see of it.
#pragma once

#include "cpu/cpu.h"
#include "devices/device.h"

typedef struct Gic Gic;
typedef struct GicCpu GicCpu;

enum {
    PPI_MAINTENANCE = 25,
    PPI_HPTIMER = 26,
    PPI_VTIMER = 27,
    PPI_HVTIMER = 28,
    PPI_PTIMER = 30,
    PPI_PMU = 23,
    SPI_BASE = 32,
    INTID_SPURIOUS = 1023,  // no interrupt
};

// Creates the controller and its frames at the `virt` addresses on the machine's bus. version 2 or
// 3; spis: number of SPIs (multiple of 32).
Gic *gic_create(Machine *machine, int version, unsigned spis, bool its, Error *err);
void gic_free(Gic *gic);
void gic_reset(Gic *gic);
// Inputs: intid as the architecture numbers it (SPI n is 32+n; PPI 16..31).
void gic_set_spi(Gic *gic, unsigned intid, bool level);
void gic_set_ppi(Gic *gic, Cpu *cpu, unsigned intid, bool level);
// A device with this DeviceID writes data to address (GITS_TRANSLATER or GICv2m SETSPI). False: no
// doorbell is there, it is an ordinary write.
bool gic_send_msi(Gic *gic, u64 address, u32 data, u32 device_id);
bool gic_ppi_level(Gic *gic, const Cpu *cpu, unsigned intid);
// The interrupt for which the CPU's IRQ or FIQ (virtual: vIRQ or vFIQ) is asserted: an acknowledge now gives it.
// INTID_SPURIOUS: none, or there is no GIC.
u32 gic_signalled(const Cpu *cpu, bool is_virtual);

// System-register CPU interface (GICv3). Called by sysreg_access() through hooks after all common
// traps (HCR, ICC_SRE, FGT) have been checked... `reg` is the SYSREG_* index of gen/sysregs.h. The
// ICC_/ICV_ choice by HCR_EL2.{IMO,FMO} and the ICH_HCR_EL2 traps (TC, TALL0, TALL1, TDIR) are
// decided here; false: the access was trapped or UNDEFINED and the exception has been taken.
bool gic_sysreg_read(Cpu *cpu, unsigned reg, u64 *value);
bool gic_sysreg_write(Cpu *cpu, unsigned reg, u64 value);
// HCR_EL2 or the running EL changed in a way that moves the virtual lines.
void gic_update_cpu(Cpu *cpu);
// The PE was reset: its CPU interfaces are, and its interrupt lines (Cpu.lines) are driven again.
void gic_reset_cpu(Cpu *cpu);

// gentimer.c: the generic timers of one CPU; counter values derive from machine time.
void gentimer_create(Cpu *cpu, u64 frequency_hz);
void gentimer_free(Cpu *cpu);
void gentimer_reset(Cpu *cpu);
u64 gentimer_physical_count(Cpu *cpu);  // CNTPCT_EL0
u64 gentimer_virtual_count(Cpu *cpu);   // CNTVCT_EL0 as the current EL reads it
// The E2H redirection at EL2 has been applied by the caller: at EL2 reg is CNTHP_*/CNTHV_* for an
// access by the name CNTP_*/CNTV_* with E2H set, and CNTP_*/CNTV_* (CNTKCTL_EL1) for the _EL02
// (_EL12) name. At EL0 reg is as encoded: the host's EL0 (E2H and TGE) is for the hook to redirect.
bool gentimer_sysreg_read(Cpu *cpu, unsigned reg, u64 *value);  // same contract as gic_sysreg_*
bool gentimer_sysreg_write(Cpu *cpu, unsigned reg, u64 value);
// WFE calls this before it looks at the Event Register (cpu->event): sets it if the event stream
// had an event since, else queues the next one, which ends a HALT_WFE.
void gentimer_wfe(Cpu *cpu);
// Calls system_wfe_delay_over() after so many cycles (1 ns each).
void gentimer_delay_wfe_trap(Cpu *cpu, u64 cycles);

// What a timer is at, for the debugger: reading it changes nothing.
typedef struct GentimerView {
    const char *name;  // "CNTV": its registers are CNTV_CTL_EL0...
    unsigned ppi;
    u64 ctl, cval;
    u64 count;   // of the counter it compares with: physical count - offset
    u64 offset;  // CNTVOFF_EL2, CNTPOFF_EL2 or 0
    u64 hz;
    bool met;  // count >= cval, whatever the control bits
} GentimerView;
enum { GENTIMERS = 4 };
void gentimer_view(Cpu *cpu, GentimerView out[GENTIMERS]);
