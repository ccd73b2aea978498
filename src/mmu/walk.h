// Inside src/mmu: decoded translation controls of a regime, and one translation in progress.
#pragma once

#include "devices/device.h"
#include "machine/machine.h"
#include "mmu/mmu.h"

typedef enum RegimeId { REGIME_EL10, REGIME_EL20, REGIME_EL2, REGIME_COUNT } RegimeId;

// The shape of a tree of tables, of either stage.
typedef struct Tree {
    u8 iasize;        // bits of input address: 64 - TxSZ
    u8 granule;       // log2 of the granule size: 12, 14, 16
    u8 stride;        // address bits resolved per level
    u8 start;         // level of the table the TTBR points to
    u8 top_shift;     // lowest address bit that indexes that table
    u8 ps;            // bits of output address and of the addresses of tables
    bool wide;        // FEAT_LPA, 64 KB: descriptors have bits 51:48 of the address in 15:12
    bool wide_base;   // ... and the TTBR has them in 5:2
    bool big_blocks;  // a descriptor of level 1 can be a block
} Tree;

// One VA range of stage 1: what one TTBR serves.
typedef struct S1Range {
    Tree tree;
    bool bad_size;  // TxSZ is out of range
    bool epd, e0pd, tbi, tbid, hpd, tcma;
} S1Range;

typedef struct S2Params {
    bool on;          // HCR_EL2.VM or DC
    const char *bad;  // VTCR_EL2 is inconsistent: the rule; every translation faults at level 0
    Tree tree;
    bool ee, ha, hd, ptw, fwb, xnx, cd, id;
} S2Params;

// Allocation tags as one Exception level has them (FEAT_MTE2). All zero without the feature.
typedef struct TagControls {
    u8 access : 1;  // AArch64.AllocationTagAccessIsEnabled
    u8 tcf : 2;     // AArch64.EffectiveTCF: what a Tag Check Fault does (TCF_*)
} TagControls;

enum { TCF_NONE, TCF_SYNC, TCF_ASYNC, TCF_ASYM };

// S1TTWParams of the Arm ARM for both ranges, and S2TTWParams.
typedef struct Regime {
    RegimeId id;
    bool s1;          // stage 1 enabled
    bool s2_follows;  // stage 1 output is an IPA: EL1&0 with EL2 implemented
    bool vm;          // HCR_EL2.VM or DC
    bool dc;          // HCR_EL2.DC
    bool unpriv;      // has EL0: two VA ranges, ASIDs, UXN and PXN
    bool wxn, ee, ha, hd, nv1, epan, dcache, icache, align, naa;
    bool tagging : 1, dct : 1;  // FEAT_MTE2: MAIR 0xf0 is Tagged memory; HCR_EL2.DCT
    TagControls tags[2];        // of EL0, of privileged code
    u8 pamax;                   // bits of physical address
    u64 mair;
    S1Range range[2];
    S2Params s2;
} Regime;

// What the translation of one address is about.
typedef struct Walk {
    Cpu *cpu;
    Machine *machine;
    const Regime *r;
    AccessType type;
    bool el0, pan;
    bool read, write;       // permissions needed; both for an atomic
    bool unaligned;         // a Device type faults
    bool zero;              // DC ZVA: a Device type faults
    bool no_update;         // access flag and dirty state stay: updates are only checked
    struct S2Cache *cache;  // IPA to PA of translation tables; NULL: none
    Translation *log;       // where WalkSteps go; NULL: nowhere
    bool observed;          // log is for the observers
    Fault fault;
} Walk;

typedef struct Stage1 {
    u64 ipa;
    u8 page_bits;  // log2 of the block or page size; 48 when stage 1 is off
    bool r, w, x;
    bool clean;  // a write must set the dirty state first
    bool ng, guarded;
    bool tagged;  // Tagged Normal memory; attr is 0xff
    u8 attr, sh;  // MAIR byte, shareability (PAR_EL1.SH)
} Stage1;

typedef struct Stage2 {
    u64 pa;
    u8 page_bits;
    bool r, w, x, clean;
    u8 attr, sh;  // combined with stage 1
} Stage2;

// The outcome of both stages.
typedef struct Mapping {
    u64 pa;
    Stage1 s1;
    Stage2 s2;
    bool r, w, x;
    bool clean;   // a write needs another walk, to set the dirty state
    bool tagged;  // both stages together
} Mapping;

static inline RegimeId mode_regime(MmuMode mode) {
    return mode <= MODE_E10_1P ? REGIME_EL10 : mode <= MODE_E20_2P ? REGIME_EL20 : REGIME_EL2;
}
static inline bool mode_el0(MmuMode mode) {
    return mode == MODE_E10_0 || mode == MODE_E20_0;
}
// Exception level whose privilege the accesses of a mode have.
static inline unsigned mode_el(MmuMode mode) {
    if (mode_el0(mode)) return 0;
    return mode_regime(mode) == REGIME_EL10 ? 1 : 2;
}
static inline bool mode_pan(MmuMode mode) {
    return mode == MODE_E10_1P || mode == MODE_E20_2P;
}

static inline bool attr_is_device(u8 attr) {
    return !(attr & 0xf0);
}
enum { ATTR_NC = 0x44, ATTR_WB = 0xff, ATTR_TAGGED = 0xf0, SH_NSH = 0, SH_OSH = 2, SH_ISH = 3 };

// --- regime.c ---
void regime_load(const Cpu *cpu, RegimeId id, Regime *r);
// HCR_EL2 for the EL1&0 regime: 0 without EL2, and with E2H and TGE, where VM, DC, ... behave as 0.
u64 mmu_hcr(const Cpu *cpu);
u16 regime_asid(const Cpu *cpu, RegimeId id);
u16 regime_vmid(const Cpu *cpu);
bool regime_asid16(const Cpu *cpu, RegimeId id);

// --- walk.c ---
// Each returns false with w->fault filled.
bool walk_fault(Walk *w, FaultType type, int level, const char *rule);
// desc NULL: it could not be read. for_table, unread and desc of the step are filled in.
void walk_log(Walk *w, WalkStep step, const u64 *desc);
bool walk_read_desc(Walk *w, u64 pa, bool big_endian, int level, u64 *desc);
bool walk_write_desc(Walk *w, u64 pa, bool big_endian, int level, u64 desc);
// The walk is one of the MMU: observers are told of it. For walks that walk_translate() does not make, walk_tell() does.
void walk_observe(Walk *w);
void walk_tell(const Walk *w, u64 address, bool ok, const Mapping *m, bool two_stages);
// AArch64.FullTranslate. The caller has set all of w but fault.
bool walk_translate(Walk *w, u64 address, Mapping *m);
// Host address of plain memory at pa, or NULL; *region (may be NULL) gets its region.
u8 *phys_host(Machine *machine, u64 pa, Region **region);

// Address of the first table. AArch64.S1TTBaseAddress, AArch64.S2TTBaseAddress.
static inline u64 tree_base(const Tree *t, u64 ttbr) {
    u64 base = ttbr & ones(48);
    if (unlikely(t->wide_base)) base = (base & ~ones(6)) | bits(ttbr, 5, 2) << 48;
    return base & ~ones(t->iasize - t->top_shift + 3u);
}

// The address in a descriptor, of a table or of a block of 1 << shift bytes. AArch64.NextTableBase,
// AArch64.LeafBase.
static inline u64 tree_address(const Tree *t, u64 desc, unsigned shift) {
    u64 address = desc & ones(48) & ~ones(shift);
    if (unlikely(t->wide)) address |= bits(desc, 15, 12) << 48;
    return address;
}

// AArch64.DecodeDescriptorType, of a valid descriptor.
static inline bool tree_is_leaf(const Tree *t, u64 desc, int level) {
    if (level == 3) return bit(desc, 1);
    return !bit(desc, 1) && (level == 2 || (level == 1 && t->big_blocks));
}

// --- stage1.c, stage2.c ---
bool s1_translate(Walk *w, u64 address, Stage1 *out);
// Stage 2 of the access itself.
bool s2_translate(Walk *w, const Stage1 *s1, Stage2 *out);
// Stage 2 of the address of a stage 1 descriptor.
bool s2_translate_table(Walk *w, u64 address, bool write, u64 *pa);
u8 attr_effective_sh(u8 attr, u8 sh);
// MAIR byte as it is used: reserved ones are Device or Normal.
u8 attr_decode(u8 attr);
// Permissions of the mode of w by a leaf. `table` is the OR of all table descriptors above it (hierarchical bits).
void s1_permissions(const Walk *w, u64 desc, u64 table, Stage1 *out);
void s2_permissions(const Walk *w, u64 desc, Stage2 *out);
