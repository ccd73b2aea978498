// What a tracer can be told. Called only on paths that are slow anyway (exceptions, accesses to
// devices, TLB maintenance, calls of the firmware, sleeps), never per instruction; NULL members are
// skipped. The CPU's registers may be read, not changed. Any number of observers can
// watch a machine; they are called in the order in which they were added.
#pragma once

#include "cpu/cpu.h"

typedef struct ExceptionEvent {
    const Exception *exc;
    int from_el, to_el;
    u64 from_pc;  // the preferred return address
    u64 esr;      // the value written to ESR_ELx (0 for IRQ and FIQ)
    u32 spsr;     // the value written to SPSR_ELx
    u32 word;     // instruction that caused it, 0 when not read
} ExceptionEvent;

typedef struct ReturnEvent {
    int from_el, to_el;
    u64 from_pc;  // address of the ERET
    u64 to_pc;
    u32 spsr;
    bool illegal;
} ReturnEvent;

// A load or store that went to a device and not to memory.
typedef struct DeviceEvent {
    u64 pa, value;
    u8 size;  // bytes
    bool write;
    bool answered;  // false: it becomes an external abort
} DeviceEvent;

// An HVC or SMC that the machine's firmware answered; the result is in x0.
typedef struct FirmwareEvent {
    u8 ec;
    u16 imm;
    u64 x0;  // before
} FirmwareEvent;

struct TlbiScope;
struct WalkEvent;

typedef enum IrqEventKind {
    IRQ_PENDING,        // it was not before
    IRQ_LIST_REGISTER,  // list register `lr` was written
    IRQ_ACKNOWLEDGE,    // IAR was read, or AIAR
    IRQ_EOI,            // EOIR was written, or AEOIR
    IRQ_DEACTIVATE,     // by DIR, or by the list register `lr` with HW
    IRQ_MAINTENANCE,    // GicCpu.maintenance changed
} IrqEventKind;

// What makes an interrupt pending.
typedef enum IrqSource {
    IRQ_BY_WIRE,
    IRQ_BY_SGI,      // from CPU `from`
    IRQ_BY_MESSAGE,  // of a device (MSI), or a command of the ITS
    IRQ_BY_WRITE,    // ISPENDR, SPENDSGIR
} IrqSource;

// What an EOI or a deactivation did, besides the priority drop.
typedef enum IrqEffect {
    IRQ_NO_EFFECT,
    IRQ_DEACTIVATES,
    IRQ_COUNTS,  // no list register has it: ICH_HCR_EL2.EOIcount is incremented
} IrqEffect;

// What the interrupt controller does. An event comes before those that it causes.
typedef struct IrqEvent {
    IrqEventKind kind;
    bool is_virtual;  // of the virtual CPU interface
    u32 intid;        // IRQ_ACKNOWLEDGE: the value read
    IrqSource source;
    unsigned from;
    int lr;       // -1: none
    int dropped;  // IRQ_EOI: the priority, -1: none
    IrqEffect effect;
} IrqEvent;

struct Observer {
    Observer *next;  // kept by observer_add()
    void *arg;
    // After the exception was taken: cpu->pc is the vector.
    void (*exception)(void *arg, Cpu *cpu, const ExceptionEvent *ev);
    // After the return: cpu->pc is the target.
    void (*eret)(void *arg, Cpu *cpu, const ReturnEvent *ev);
    // The CPU is about to sleep in the WFI at cpu->pc.
    void (*wfi)(void *arg, Cpu *cpu);
    // After a device was accessed; cpu->pc is the instruction.
    void (*device)(void *arg, Cpu *cpu, const DeviceEvent *ev);
    // Before a TLBI takes effect, on this CPU or on all; cpu->access_enc is the instruction. scope NULL: its range
    // is reserved, it does nothing.
    void (*tlbi)(void *arg, Cpu *cpu, const struct TlbiScope *scope, bool all_cpus);
    // An MRS or MSR of ICH_LR<n>_EL2 at EL2, before it takes effect; cpu->pc is the instruction. (GICv2's list registers are
    // a device's.)
    void (*list_register)(void *arg, Cpu *cpu, unsigned n, bool write);
    // After a walk of translation tables for an access of the CPU, before its fault is taken. cpu->pc is the instruction,
    // or where one was to be fetched from.
    void (*walk)(void *arg, Cpu *cpu, const struct WalkEvent *ev);
    // After the firmware's answer; cpu->pc is the instruction.
    void (*firmware)(void *arg, Cpu *cpu, const FirmwareEvent *ev);
    // `cpu`: whose CPU interface it is, or to which the interrupt is sent; NULL: an SPI, which may be several. It is
    // not always the CPU that runs, and none may.
    void (*irq)(void *arg, Cpu *cpu, const IrqEvent *ev);
};

// Starts to tell `o` of the events of all CPUs; it must live until observer_remove().
void observer_add(Machine *machine, Observer *o);
void observer_remove(Machine *machine, Observer *o);
