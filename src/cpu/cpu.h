// The state of one PE (Arm ARM: "The AArch64 Application/System Level Programmers' Model") and the
// functions of src/cpu that the rest of the machine calls.
// Registers are plain fields; whoever changes one that others derive state from calls the named
// *_changed() function. No EL3, no Secure state, no AArch32.
#pragma once

#include "base/base.h"
#include "cpu/armed.h"
#include "gen/features.h"  // enum Feature, FEATURE_COUNT (tablegen, from *.isa and features.def)
#include "gen/sysregs.h"   // struct SysRegs: one u64 per stored system register, by its name

#include <setjmp.h>

typedef struct Cpu Cpu;
typedef struct Machine Machine;
typedef struct Op Op;
typedef struct OpPage OpPage;
typedef struct Table Table;
typedef struct Tlb Tlb;
typedef struct Observer Observer;

// A SIMD&FP register. Lane n of the architecture is element [n]; the host is little-endian.
typedef union V128 {
    u8 b[16];
    u16 h[8];
    u32 s[4];
    u64 d[2];
    i8 sb[16];
    i16 sh[8];
    i32 ss[4];
    i64 sd[2];
    u128 q;
} __attribute__((aligned(16))) V128;

// Slots of Cpu.x. X31 in a source position is XZR (slot 32, always 0), in a destination position
// the sink (slot 33, never read), or the current stack pointer (slot 31). The decoder chooses.
enum { REG_SP = 31, REG_ZR = 32, REG_SINK = 33, REG_SLOTS = 34 };

// PSTATE is kept in SPSR_ELx layout (Cpu.pstate) without NZCV, which lives in nf/zf/cf/vf.
enum {
    PSTATE_SP = 1u << 0,   // SPSel
    PSTATE_EL_SHIFT = 2,   // bits 3:2
    PSTATE_nRW = 1u << 4,  // always 0: AArch64
    PSTATE_F = 1u << 6,
    PSTATE_I = 1u << 7,
    PSTATE_A = 1u << 8,
    PSTATE_D = 1u << 9,
    PSTATE_DAIF = 0xfu << 6,
    PSTATE_BTYPE_SHIFT = 10,
    PSTATE_BTYPE = 3u << 10,  // see branch_target.c
    PSTATE_SSBS = 1u << 12,
    PSTATE_IL = 1u << 20,
    PSTATE_SS = 1u << 21,
    PSTATE_PAN = 1u << 22,
    PSTATE_UAO = 1u << 23,
    PSTATE_DIT = 1u << 24,
    PSTATE_TCO = 1u << 25,
};

// Interrupt inputs of the PE (Cpu.lines). Level-sensitive; the HCR_EL2.{VI,VF,VSE} bits are not
// in here, interrupt.c ORs them in.
enum {
    LINE_IRQ = 1u << 0,
    LINE_FIQ = 1u << 1,
    LINE_VIRQ = 1u << 2,
    LINE_VFIQ = 1u << 3,
    LINE_SERROR = 1u << 4,  // a pending physical SError
};

typedef enum Halt {
    HALT_NONE,  // executing
    HALT_WFI,   // until an interrupt is pending, masked or not
    HALT_WFE,   // until an event or an interrupt
    HALT_OFF,   // PSCI: not started, or CPU_OFF
} Halt;

// Translation modes: each owns one Tlb per context. `P` = with PSTATE.PAN set (privileged access
// to an EL0-accessible page faults).
typedef enum MmuMode {
    MODE_E10_0,  // EL0, EL1&0 regime
    MODE_E10_1,  // EL1
    MODE_E10_1P,
    MODE_E20_0,  // EL0, EL2&0 regime (E2H, TGE)
    MODE_E20_2,  // EL2, EL2&0 regime
    MODE_E20_2P,
    MODE_E2,  // EL2, EL2 regime
    MODE_COUNT,
} MmuMode;

// Breakpoints (the last DEBUG_CONTEXT of them context-aware) and watchpoints of every model.
enum { DEBUG_BREAKPOINTS = 6, DEBUG_CONTEXT = 2, DEBUG_WATCHPOINTS = 4 };

struct Cpu {
    u64 x[REG_SLOTS];
    i64 nf;      // N = nf < 0
    u64 zf;      // Z = zf == 0
    u8 cf, vf;   // C and V: 0 or 1
    u8 fp_el;    // bit n: FP/SIMD instructions execute at ELn
    bool fp_on;  // FP/SIMD instructions execute at the current EL (fp_access_changed())
    u8 el;       // = pstate<3:2>
    u32 pstate;

    // Where execution is, while in dispatch (op.h): pc = pc_base + address of the Op / 4.
    u64 pc_base;
    OpPage *page;
    const Op *block;  // instructions before here are counted in icount
    u64 icount;       // instructions executed, up to block
    u64 until;        // icount at which this slice ends; limit is until or 0
    u64 limit;        // icount at which the dispatch returns to cpu_run(); 0 asks for attention
    Tlb *tlb;         // tables of the current mode and context: never NULL

    // Outside of dispatch (and inside every function that takes exceptions) pc is the address
    // of the current instruction; see cpu_sync().
    u64 pc;
    Tlb *tlb_of[MODE_COUNT];  // NULL: to be looked up (tlb.c)
    u32 lines;                // LINE_*
    u32 serror_iss;           // ESR_ELx.ISS of LINE_SERROR
    Halt halt;
    bool event;            // the Event Register (SEV, WFE)
    bool wfe_delays_trap;  // HALT_WFE is the delay of the trap of WFE (FEAT_TWED); pc is the WFE
    u64 wfe_delay_over;    // exceptions + 1 when that delay ended; an exception makes it void

    // Exclusives monitor: the marked block. A slice of another CPU clears it. The block is known by
    // its host address (sem_atomic.h), which names the physical address whatever the VA was.
    bool excl_valid;
    u8 excl_size;  // bytes
    u64 excl_host;

    V128 v[32];
    u64 sp_el[3];        // stack pointers that are not current; slot 31 holds the current one
    struct SysRegs sys;  // all other system registers, by their Arm ARM names

    u64 fgt;         // 1 << FGT_READ, FGT_WRITE: fine-grained traps are on (after_fgt())
    u16 access_enc;  // system register access in progress, for its trap's syndrome
    u8 access_rt;
    const u64 *features;  // bitset over enum Feature; cpu_has()
    u64 time_offset;      // machine time (ns) = time_offset + instructions executed
    u64 not_before;       // machine time at which it was woken: it does not run before
    Machine *machine;
    const Observer *observer;  // the first of them (observer.h); NULL: nobody watches
    unsigned index;            // 0..n-1
    bool pmu_on;               // exceptions and returns concern the PMU (pmu.h)
    u64 pmu_deadline;          // icount at which it wants attention, ~0: never
    // Lockup detection (exception.c): the same exception again and again without a return.
    u32 spsr_keep;  // PSTATE bits that an exception return takes from SPSR (exception_init())
    u32 entry_set;  // PSTATE bits that exception entry sets whatever they were: TCO
    u64 last_elr;
    u32 last_esr, exception_repeats;
    u64 exceptions;                        // taken so far
    bool stepped, stepped_load_exclusive;  // ISS of the next Software Step exception
    u64 random;                            // state of RNDR, RNDRRS
    u64 mpidr;                             // affinity value, bit 31 set
    jmp_buf unwind;                        // cpu_unwind() lands in cpu_run()
    struct GicCpu *gic;                    // the GIC's side of this PE
    struct Gentimer *gentimer;
    struct TlbContexts *contexts;
    struct Pmu *pmu;
    struct Causes *causes;   // who wrote the controls (cause.h)
    struct ExitRing *exits;  // the last exceptions and returns (exit_ring.h)

    // Run control (debugger/control.h). A CPU that a debugger stops may stand between two places at
    // which it looks at interrupts and the end of its slice: it goes on without looking (run.c).
    bool mid_chain;
    bool held;        // the debugger refused the access of the current instruction
    bool sequential;  // cpu_execute_one(): the next instruction follows without a look
    u64 stop_at;      // icount at which the debugger wants it back; ~0: never
    u64 end_at;       // icount at which the machine's insn_limit is reached; ~0: not in this slice
    // Sees every instruction before it is executed; true: stop before it. NULL: nobody does.
    bool (*before_insn)(Cpu *cpu, const Op *op, void *arg);
    void *before_insn_arg;
    // The handlers that a chain is executed with: those of gen/handlers.h, or others that see each instruction and go
    // on there (trace/insn.c), with `alone` for what is executed outside of a chain.
    const Table *table;
    void *table_arg;
    void (*alone)(Cpu *cpu, const Op *op);
    const struct InsnWatch *watch;  // insn_watch.h; NULL: nobody watches

    // Breakpoints and watchpoints (armed.h, selfhosted_debug.c).
    bool any_armed;
    ArmedSet armed[ARMED_OWNERS];
    ArmedRange debug_ranges[DEBUG_BREAKPOINTS + DEBUG_WATCHPOINTS];
};

static inline bool cpu_has(const Cpu *cpu, enum Feature f) {
    return (cpu->features[f / 64] >> (f % 64)) & 1;
}

// PSTATE.<N,Z,C,V> as SPSR bits 31:28.
static inline u32 cpu_nzcv(const Cpu *cpu) {
    return (u32)(cpu->nf < 0) << 31 | (u32)(cpu->zf == 0) << 30 | (u32)cpu->cf << 29 |
           (u32)cpu->vf << 28;
}
static inline void cpu_set_nzcv(Cpu *cpu, u32 spsr) {
    cpu->nf = (i32)spsr;
    cpu->zf = !(spsr & 1u << 30);
    cpu->cf = spsr >> 29 & 1;
    cpu->vf = spsr >> 28 & 1;
}
static inline u32 cpu_spsr(const Cpu *cpu) {
    return cpu->pstate | cpu_nzcv(cpu);
}

// HCR_EL2 bits used across files.
enum {
    HCR_VM = 0,
    HCR_SWIO = 1,
    HCR_PTW = 2,
    HCR_FMO = 3,
    HCR_IMO = 4,
    HCR_AMO = 5,
    HCR_VF = 6,
    HCR_VI = 7,
    HCR_VSE = 8,
    HCR_FB = 9,
    HCR_DC = 12,
    HCR_TWI = 13,
    HCR_TWE = 14,
    HCR_TSC = 19,
    HCR_TVM = 26,
    HCR_TGE = 27,
    HCR_TDZ = 28,
    HCR_HCD = 29,
    HCR_TRVM = 30,
    HCR_RW = 31,
    HCR_CD = 32,
    HCR_ID = 33,
    HCR_E2H = 34,
    HCR_TERR = 36,
    HCR_TEA = 37,
    HCR_MIOCNCE = 38,
    HCR_APK = 40,
    HCR_API = 41,
    HCR_NV = 42,
    HCR_NV1 = 43,
    HCR_AT = 44,
    HCR_NV2 = 45,
    HCR_FWB = 46,
    HCR_ATA = 56,
    HCR_DCT = 57,
};

// HFGITR_EL2 bits that instructions outside of sysregs.reg test.
enum { HFGITR_DCZVA = 11, HFGITR_ERET = 51, HFGITR_SVC_EL0 = 52, HFGITR_SVC_EL1 = 53 };

// EL2 is implemented in this machine (virtualization=on).
bool cpu_have_el2(const Cpu *cpu);
// HCR_EL2 as it routes interrupts: with TGE, AMO, IMO and FMO behave as 1 and VI, VF and VSE as 0.
// What translation makes of the other bits is mmu_hcr() (src/mmu/regime.c).
u64 cpu_hcr(const Cpu *cpu);
static inline bool cpu_e2h(const Cpu *cpu) {
    return bit(cpu->sys.HCR_EL2, HCR_E2H);
}
static inline bool cpu_tge(const Cpu *cpu) {
    return bit(cpu->sys.HCR_EL2, HCR_TGE);
}
// E2H and TGE both set: the host's EL0 uses the EL2&0 regime.
static inline bool cpu_in_host0(const Cpu *cpu) {
    return (cpu->sys.HCR_EL2 >> HCR_TGE & cpu->sys.HCR_EL2 >> HCR_E2H & 1) != 0;
}
MmuMode cpu_mode(const Cpu *cpu);  // of the current EL and PAN

// --- time -----------------------------------------------------------------------------------
// Instructions executed by this CPU; exact only after cpu_sync() or outside of dispatch.
// Machine time in ns as this CPU sees it (1 instruction = 1 ns of virtual time, or host time).
u64 cpu_now(Cpu *cpu);
// Makes the dispatch return at the next taken branch, so that interrupts are looked at.
static inline void cpu_attention(Cpu *cpu) {
    cpu->limit = 0;
}

// --- exceptions (exception.c) ---------------------------------------------------------------
// Exception classes, ESR_ELx.EC (exceptions.def -> gen/exceptions.h has names and ISS layouts).
enum {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP_ACCESS = 0x07,
    EC_PAC = 0x09,
    EC_BTI = 0x0d,
    EC_ILLEGAL_STATE = 0x0e,
    EC_SVC64 = 0x15,
    EC_HVC64 = 0x16,
    EC_SMC64 = 0x17,
    EC_SYSREG = 0x18,
    EC_SVE = 0x19,
    EC_ERET = 0x1a,
    EC_FPAC = 0x1c,
    EC_IABT_LOWER = 0x20,
    EC_IABT_SAME = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_DABT_LOWER = 0x24,
    EC_DABT_SAME = 0x25,
    EC_SP_ALIGN = 0x26,
    EC_SERROR = 0x2f,
    EC_BREAKPT_LOWER = 0x30,
    EC_BREAKPT_SAME = 0x31,
    EC_SS_LOWER = 0x32,
    EC_SS_SAME = 0x33,
    EC_WATCHPT_LOWER = 0x34,
    EC_WATCHPT_SAME = 0x35,
    EC_BRK64 = 0x3c,
};

typedef enum ExceptionKind {
    EXC_SYNC = 0,
    EXC_IRQ = 0x80,
    EXC_FIQ = 0x100,
    EXC_SERROR = 0x180
} ExceptionKind;

// What AArch64.TakeException gets. ESR is built as EC:IL:ISS2:ISS for sync and SError.
typedef struct Exception {
    ExceptionKind kind;
    u8 ec;           // EC_*
    bool il;         // ESR_ELx.IL
    u32 iss;         // ESR_ELx.ISS, bits 24:0
    bool far_valid;  // FAR_ELx is written
    u64 far;
    bool hpfar_valid;  // HPFAR_EL2 is written (stage 2 faults taken to EL2)
    u64 hpfar;         // the register's value
    bool is_virtual;   // vIRQ, vFIQ, vSError
    u32 intid;         // IRQ, FIQ: gic_signalled() when it is taken
    u8 memory_tag;     // Tag Check Faults: the allocation tag; the pointer's is in far
    const char *rule;  // which control bit or rule routed it, e.g. "HCR_EL2.TVM"; for traces
} Exception;

// Takes e to target_el (1 or 2) with `preferred_return` in ELR_ELx. Updates PSTATE, SP, pc and
// the current Tlb; returns (callers in dispatch then resume at cpu->pc, others cpu_unwind()).
// Source: AArch64.TakeException.
void AArch64_TakeException(Cpu *cpu, int target_el, const Exception *e, u64 preferred_return);
// Routes a synchronous exception that has no routing rule of its own: to EL2 when taken from EL2
// or from EL0 with HCR_EL2.TGE, else EL1. pc is the preferred return address.
void take_sync(Cpu *cpu, u8 ec, u32 iss, const char *rule);
// Takes a trap to target_el with this syndrome; pc is the preferred return address.
void take_trap(Cpu *cpu, int target_el, u8 ec, u32 iss, const char *rule);
// AArch64.Undefined: EC 0 by take_sync().
void AArch64_Undefined(Cpu *cpu);
void AArch64_CallSupervisor(Cpu *cpu, u16 imm);
void AArch64_CallHypervisor(Cpu *cpu, u16 imm);
void AArch64_CallSecureMonitor(Cpu *cpu, u16 imm);
void AArch64_ExceptionReturn(Cpu *cpu, u64 new_pc, u32 spsr);
// Leaves the current instruction (an exception was taken, or it is to be restarted) and goes on
// at cpu->pc.
_Noreturn void cpu_unwind(Cpu *cpu);

// Stops the machine: the guest needs something that is not modelled. Names it, dumps the CPU.
_Noreturn void unimplemented(Cpu *cpu, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// --- derived state: call after changing what the name says -------------------------------------
void pstate_changed(Cpu *cpu, u32 new_pstate);  // sets EL, SP, PAN...: swaps SP, Tlb, fp_on, masks
void fp_access_changed(Cpu *cpu);               // CPACR_EL1, CPTR_EL2, HCR_EL2 or EL changed
void interrupts_changed(Cpu *cpu);              // lines, HCR_EL2, DAIF changed: wakes, attention
void tlb_context_changed(Cpu *cpu);  // TTBR*, TCR*, SCTLR*, HCR, VTTBR, VTCR, MAIR (tlb.c)
// Sets or clears LINE_* bits (from the GIC or the SError source).
void cpu_set_lines(Cpu *cpu, u32 which, bool level);

// --- interrupt.c ---------------------------------------------------------------------------------
// Takes the highest-priority pending unmasked interrupt, if any; true if one was taken.
bool take_pending_interrupt(Cpu *cpu);
// A physical SError becomes pending, edge-triggered, with this ESR_ELx.ISS: IDS, AET, EA, DFSC.
void cpu_raise_serror(Cpu *cpu, u32 iss);
// The implicit error synchronization of FEAT_IESB, at exception entry and return: takes the pending
// SError if it is not masked; true if it did. Source: TakeUnmaskedPhysicalSErrorInterrupts.
bool interrupt_implicit_esb(Cpu *cpu);
// A wake-up event of WFI is pending (masked by PSTATE or not).
bool cpu_wfi_wakes(const Cpu *cpu);

// --- run.c ---------------------------------------------------------------------------------------
// Runs until icount >= until, the CPU halts, or the machine is asked to stop.
void cpu_run(Cpu *cpu, u64 until);
// Executes one instruction (interrupts are taken exactly where cpu_run() would take them).
void cpu_step(Cpu *cpu);
void cpu_reset(Cpu *cpu);
void exception_init(Cpu *cpu);  // when the features are known
