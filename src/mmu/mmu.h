// Translation (Arm ARM: "The AArch64 Virtual Memory System Architecture"): what the CPU, the system
// instructions and the debugger ask of src/mmu.
#pragma once

#include "cpu/cpu.h"
#include "mmu/access.h"

typedef enum AccessType {
    ACCESS_READ,
    ACCESS_WRITE,
    ACCESS_FETCH,
    ACCESS_AT,
    ACCESS_CACHE,
    ACCESS_TTW
} AccessType;

typedef struct AccessDesc {
    AccessType type;
    MmuMode mode;  // regime and privilege (PAN included)
    bool write;    // needs write permission (for AT and cache maintenance: as the instruction says)
    bool atomic;   // atomic: fault reported as a read if reading would fault
    bool
        no_side_effects;  // debugger: hardware updates of AF/dirty are checked for faults, not made
} AccessDesc;

typedef enum FaultType {
    FAULT_NONE,
    FAULT_ADDRESS_SIZE,
    FAULT_TRANSLATION,
    FAULT_ACCESS_FLAG,
    FAULT_PERMISSION,
    FAULT_ALIGNMENT,
    FAULT_EXTERNAL,
    FAULT_EXTERNAL_TTW,
    FAULT_TLB_CONFLICT,
    FAULT_HW_UPDATE,
    FAULT_UNSUPPORTED_EXCLUSIVE,
    FAULT_TAG_CHECK,
} FaultType;

typedef struct Fault {
    FaultType type;
    i8 level;          // of the descriptor (0..3)
    bool stage2;       // the fault is a stage 2 fault
    bool s1ptw;        // ... on the translation of a stage 1 descriptor's address
    bool write;        // ESR_ELx.ISS.WnR
    u64 ipa;           // stage 2 faults: the IPA
    u8 memory_tag;     // FAULT_TAG_CHECK: what the memory has
    const char *rule;  // "stage 2 permission: S2AP", ... for traces
} Fault;

// One step of a walk, for `translate` and traces.
typedef struct WalkStep {
    u8 stage;  // 1 or 2
    i8 level;
    bool for_table;  // stage 2: the address of a stage 1 descriptor is translated
    bool unread;     // nothing answered there: desc is 0
    u64 ia;          // the address that is translated: VA or IPA
    u64 at;          // address of the descriptor (IPA for stage 1 under stage 2, else PA)
    u64 pa;          // ... its physical address
    u64 desc;        // its value
} WalkStep;

typedef struct Translation {
    u64 pa, ipa;
    u8 page_bits;            // log2 of the smaller of both stages' block or page size
    bool read, write, exec;  // what the mode may do
    bool ng;                 // stage 1 not global
    bool device;             // combined type is Device
    u8 attr;                 // combined memory attributes in MAIR byte form (PAR_EL1.ATTR)
    u8 sh;                   // shareability, PAR_EL1.SH
    bool guarded;            // GP bit
    u8 s1_attr, s1_sh;       // before stage 2
    u8 s1_rwx, s2_rwx;       // what each stage lets the mode do: R 4, W 2, X 1
    u8 s1_bits, s2_bits;     // log2 of each stage's block or page size, 48 where it is off
    bool clean;              // a write sets the dirty state first
    WalkStep *trace;         // optional: array of trace_max, filled up to trace_count
    unsigned trace_max, trace_count;
} Translation;

// Both stages: a descriptor of each of 4 levels, before each of stage 1 those of stage 2 that find it.
enum { WALK_STEPS_MAX = 4 * 5 + 4 };

// A walk that the MMU made (observer.h).
typedef struct WalkEvent {
    u64 address;
    AccessType type;
    u8 regime;  // RegimeId
    bool write, unprivileged;
    bool ok, has_ipa, has_pa;  // ok: what it gives
    u64 ipa, pa;
    u8 page_bits;  // log2 of the smaller of both stages' block or page size
    bool r, w, x;  // what the mode may do
    const Fault *fault;
    const WalkStep *step;
    unsigned steps;
} WalkEvent;

// AArch64.FullTranslate without a TLB. False: *fault says why.
bool mmu_translate(Cpu *cpu, Va va, const AccessDesc *acc, Translation *out, Fault *fault);
// Stage 2 alone (AT S12, debugger views of an IPA).
bool mmu_translate_s2(Cpu *cpu, Ipa ipa, const AccessDesc *acc, Translation *out, Fault *fault);

// Takes the Data/Instruction Abort for fault: routing (EL2 for stage 2, HCR_EL2.TGE/TEA), ESR with
// ISS from `op`'s instruction word (ISV/SAS/SSE/SRT/SF/AR only for stage 2), FAR, HPFAR. Source:
// AArch64.Abort, AArch64.FaultSyndrome.
void AArch64_Abort(Cpu *cpu, Va va, const Fault *fault, AccessType type, unsigned size, Acc acc);

// The predecoded page that holds pc (cpu->pc) in the current mode; takes the Instruction Abort or
// PC alignment fault (and returns NULL) when there is none: then go on at the new cpu->pc.
OpPage *fetch_page_slow(Cpu *cpu, u64 pc);

// Code at pc (in the current mode) is in a guarded page: BTI, FEAT_BTI.
bool fetch_guarded(Cpu *cpu, u64 pc);

// --- TLB (tlb.c) ---
void tlb_init(Cpu *cpu);
void tlb_free(Cpu *cpu);
Tlb *tlb_for_mode(Cpu *cpu, MmuMode mode);  // current context of that mode's regime; never NULL
// Code was decoded from this physical page: plain writes to it must become slow, in every CPU.
void tlb_protect_code(Machine *machine, Pa page);
void tlb_flush_all(Cpu *cpu);
// Drops the entries of the pages of [first, last], sign-extended addresses, in every context: what
// is armed there changed (cpu/armed.h).
void tlb_drop_pages(Cpu *cpu, u64 first, u64 last);
// Marks the entries that are there as armed or not, as cpu->armed now says.
void tlb_mark_armed(Cpu *cpu);

// TLBI by the Arm ARM's scopes; the caller (sysreg.c) applies trap, broadcast and Xt decoding.
typedef enum TlbiRegime { TLBI_EL10, TLBI_EL20, TLBI_EL2 } TlbiRegime;
typedef struct TlbiScope {
    TlbiRegime regime;
    bool by_vmid;
    u16 vmid;  // EL10: entries of this VMID only (always, except ALLE1)
    bool by_asid;
    u16 asid;         // non-global entries of this ASID only
    bool global_too;  // VA-scoped: global entries match too (VAE1), not for VAA (all ASIDs)
    bool by_va;
    u64 va_lo, va_hi;  // inclusive range of bytes, canonical addresses
    bool last_level;
    bool stage2_only;  // IPAS2E1*: entries of stage 2 alone; ipa range in va_lo..va_hi
} TlbiScope;
void tlb_invalidate(Cpu *cpu, const TlbiScope *scope);

// --- instructions that work on addresses; each may fault (then it does not return) ---
// DC ZVA, GVA, GZVA. The tag that is written is that of va.
enum { ZERO_DATA = 1, ZERO_TAGS = 2 };
void dc_zero(Cpu *cpu, u64 va, unsigned what);
// DC CVAC and others / IC IVAU by VA: translate, check permissions as the manual says.
void cache_maintenance_va(Cpu *cpu, const Op *op, u64 va, bool invalidate, bool icache);
// AT S1E1R etc.: writes PAR_EL1 (or takes the abort the manual asks for).
typedef struct AtOp {
    u8 el;
    bool write;
    bool two_stages;
    bool pan;
} AtOp;
void AArch64_AT(Cpu *cpu, u64 va, AtOp op);
