// A whole machine: CPUs, bus, clock, interrupt controller, devices; and how it is created and run.
// No globals: two machines can live in one process.
#pragma once

#include "cpu/cpu.h"
#include "devices/device.h"

typedef struct Gic Gic;
typedef struct Board Board;  // virt.c: the devices of the `virt` board

// How a CPU model that has pointer authentication computes the codes.
typedef enum PAuthChoice { PAUTH_IMPDEF, PAUTH_QARMA5, PAUTH_OFF } PAuthChoice;

typedef struct MachineConfig {
    const char *cpu_model;  // "cortex-a72", ... (cpu_models.h)
    unsigned cpus;          // 1..
    u64 ram_size;           // bytes
    int gic_version;        // 2 or 3
    bool el2;               // virtualization=on
    bool its;
    bool highmem;
    bool mte;         // memory tagging, for CPU models that have it
    bool host_clock;  // --clock host
    bool semihosting;
    PAuthChoice pauth;
    u64 seed;  // of everything random (PAuth keys at reset, RNG, kaslr-seed)
} MachineConfig;

// Why the machine stopped; the CLI turns it into an exit status (docs/exit-status.md).
typedef enum StopReason {
    STOP_NONE,
    STOP_POWEROFF,       // PSCI SYSTEM_OFF
    STOP_RESET,          // PSCI SYSTEM_RESET (with -no-reboot)
    STOP_EXIT,           // semihosting SYS_EXIT: stop_code
    STOP_USER,           // Ctrl-A x, signal
    STOP_UNIMPLEMENTED,  // unimplemented()
    STOP_DEADLOCK,       // every CPU sleeps and nothing can wake it
    STOP_LOCKUP,         // an exception that repeats without executing an instruction
    STOP_INSN_LIMIT,     // --timeout-insns
    STOP_CHECK,          // somebody who watches has seen enough: stop_code is the exit status
    STOP_DEBUG,          // the debugger; machine_run() goes on from here when it is cleared
} StopReason;

struct Machine {
    MachineConfig config;
    Cpu **cpu;  // config.cpus of them
    unsigned cpus;
    u64 features[(FEATURE_COUNT + 63) / 64];
    // Writable and RES1 bits of each system register with these features (sysreg_init_masks()).
    u64 sysreg_writable[SYSREG_COUNT], sysreg_res1[SYSREG_COUNT];
    Gic *gic;
    Board *board;
    Region ram;
    struct Bus *bus;
    struct Clock *clock;
    StopReason stop;
    int stop_code;
    char stop_text[512];       // one or more lines for the user
    Cpu *running;              // the CPU whose slice it is, NULL between slices
    bool firing;               // events of the clock, which come between two instructions
    volatile int interrupted;  // set from a signal handler or the input thread: look at host events
    volatile int pause;        // set from a signal handler: STOP_DEBUG soon
    Cpu *only;                 // the debugger lets this CPU alone run; NULL: all
    Cpu *stop_cpu;             // whose instruction asked for the stop, NULL if none
    u64 insn_limit;  // --timeout-insns: stop when all CPUs together executed exactly so many; 0 = none
    Observer *observer;  // the first of them
    struct Vms *vms;     // who keeps track of the VMs (debugger/vms.h); NULL: nobody
};

Machine *machine_create(const MachineConfig *config, Error *err);
void machine_free(Machine *machine);
// Asks the machine to stop at the next attention point (may be called from devices and PSCI).
void machine_stop(Machine *machine, StopReason why, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// Machine time for the system counter: never behind what another CPU has already read, as software
// on several CPUs relies on.
u64 machine_counter_now(Machine *machine);
// Instructions executed by all CPUs together.
u64 machine_insns(const Machine *machine);
// Runs until stop != STOP_NONE. Deterministic: slices of a fixed number of instructions, round
// robin. After STOP_DEBUG and STOP_INSN_LIMIT, with `stop` cleared, it goes on where it was, inside a slice, too: the run is
// the same as without the stop.
void machine_run(Machine *machine);
// A sleeping CPU can go on: a slice that runs alone ends soon.
void machine_cpu_woke(Machine *machine, Cpu *cpu);
// Executes one instruction of one CPU; events that become due are fired.
void machine_step(Machine *machine, Cpu *cpu);
// PSCI CPU_ON: starts an off CPU at entry, EL and state as after reset, x0 = context.
void machine_cpu_on(Machine *machine, Cpu *cpu, u64 entry, u64 context);
void machine_reset(Machine *machine);
// Text dump of a CPU's registers (for fatal reports): stdio FILE *.
struct _IO_FILE;
void cpu_dump(const Cpu *cpu, struct _IO_FILE *out);
