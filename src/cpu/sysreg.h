// System registers and system instructions (Arm ARM: "The AArch64 System Register Descriptions"):
// one table, written from sysregs.reg, and one function that applies it.
#pragma once

#include "cpu/cpu.h"
#include "machine/machine.h"

enum {
    SYSREG_NONE = 0xffff,
    SYSREG_NO_TRAP = 0xff,
    SR_READ = 1,
    SR_WRITE = 2,
};

// A register as an instruction encodes it.
static inline unsigned sysreg_enc(unsigned op0, unsigned op1, unsigned crn, unsigned crm,
                                  unsigned op2) {
    return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
}

// A `control` line of the table: where the bits of a trap are, and when they count. TRAP_* are the
// indices.
typedef struct SysRegControl {
    u16 reg, host;  // offset in struct SysRegs; the host's EL0 (E2H, TGE) is controlled by `host`
    u64 tge;        // bits that count as 1 with HCR_EL2.TGE
    u64 with, without;  // only when these bits of reg are 1, and these are 0
    u8 from;            // bit n: traps ELn
    u8 to;              // 1: to EL1 (EL2 with TGE); 2: to EL2
    bool guest;         // does not apply to a host's EL0
    u8 e2h;             // 0, 1: only with this HCR_EL2.E2H; 2: with either
} SysRegControl;

typedef struct SysRegTrap {
    const char *name, *name_host;  // "HCR_EL2.TVM"; as the host's EL0 sees it
    u64 mask;                      // traps when a bit of these is 1; when_zero: when all are 0
    u8 access;                     // SR_*
    u8 control;                    // TRAP_*
    bool when_zero;
} SysRegTrap;

typedef struct SysRegField {
    const char *name;
    u8 hi, lo;
    u8 kind;            // SysRegFieldKind
    enum Feature when;  // FIELD_IF, FIELD_IF_ELSE_ONE
} SysRegField;

typedef enum SysRegFieldKind {
    FIELD_RW,
    FIELD_RES0,
    FIELD_RES1,
    FIELD_RO,           // kept by the write hook
    FIELD_IF,           // RES0 without the feature
    FIELD_IF_ELSE_ONE,  // RES1 without the feature
} SysRegFieldKind;

typedef bool (*SysRegRead)(Cpu *cpu, unsigned index, u64 *value);
typedef bool (*SysRegWrite)(Cpu *cpu, unsigned index, u64 value);
typedef void (*SysRegAfter)(Cpu *cpu, unsigned index, u64 old);
// Xt and the table's argument. False: an exception was taken.
typedef bool (*SysInsn)(Cpu *cpu, u64 xt, u32 arg);

typedef struct SysRegInfo {
    const char *name;  // "TTBR0_EL1", "TLBI VAE1IS"
    u16 enc;
    u16 offset;            // in struct SysRegs; SYSREG_NONE for instructions
    u16 vhe;               // what it means at EL2 with E2H: index or SYSREG_NONE
    u16 vncr;              // FEAT_NV2: offset in the page at VNCR_EL2, 0: not there
    u8 vncr_nv1;           // there with HCR_EL2.NV1 = 1; 2: = 0; 0: with either
    u16 nv2;               // FEAT_NV2: EL1 register that EL1 means by this name, or SYSREG_NONE
    u16 alias_of;          // _EL12, _EL02: the register; else SYSREG_NONE
    u8 read_el, write_el;  // lowest EL, 4 = never
    u8 traps, fields;      // how many of
    u8 cause;              // cause.h: n + 1 of the nth register that decides routes; 0: does not
    u16 first_trap, first_field;
    i16 need, need_not;  // enum Feature or -1
    u64 reset;
    SysRegRead read;
    SysRegWrite write;
    SysRegAfter after;
    SysInsn insn;
    u32 arg;
} SysRegInfo;

// What the fast paths may do without looking at the table (generated; conservative).
typedef struct SysRegFast {
    u16 offset, offset_e2h;     // in Cpu, at EL2 without and with E2H; SYSREG_NONE = slow path
    u8 read, write;             // bit n: at ELn
    u8 pstate;                  // PSTATE bits that must be set (SPSel for SP_EL0)
    u64 trap_read, trap_write;  // bits of HCR_EL2 and Cpu.fgt that may trap it from below EL2
} SysRegFast;

extern const SysRegInfo sysreg_table[];  // by index, SYSREG_COUNT
extern const SysRegControl sysreg_controls[];
extern const SysRegTrap sysreg_traps[];
extern const SysRegField sysreg_fields[];
extern const SysRegFast sysreg_fast[];

// Index of an encoding, SYSREG_NONE if it is in no row.
unsigned sysreg_index(unsigned enc);
const SysRegInfo *sysreg_info(unsigned index);
// By name as in the manual, case-insensitive; SYSREG_NONE if there is none.
unsigned sysreg_find(const char *name);
// "TTBR0_EL1", or "S3_0_C15_C2_0" for an unknown one; the text lives in buf (at least 24 bytes).
const char *sysreg_name_of_encoding(unsigned enc, char *buf, size_t size);
// The stored value (no traps, no side effects): for the debugger, snapshots, traces. NULL for
// instructions. A register with a read hook may show something else.
u64 *sysreg_storage(Cpu *cpu, unsigned index);
// The register exists on this CPU (features, GIC version, EL2).
bool sysreg_present(const Cpu *cpu, unsigned index);

// MRS / MSR / SYS executed now at cpu->pc: permission, traps, redirection, effect. rt: for the
// syndrome. False: an exception was taken and cpu->pc set. Source: AArch64.CheckSystemAccess and
// the accessor pseudo-code of each register.
bool sysreg_read(Cpu *cpu, unsigned enc, unsigned rt, u64 *value);
bool sysreg_write(Cpu *cpu, unsigned enc, unsigned rt, u64 value);

// The register that an access at this Exception level means by the name of another (HCR_EL2.E2H, the _EL12 names, FEAT_NV2);
// SYSREG_NONE: it is in memory, at VNCR_EL2. Traps are not looked at.
unsigned sysreg_meant(const Cpu *cpu, unsigned index, bool read);

// For hooks: the traps of another row apply to the access in progress. True: one was taken.
bool sysreg_trapped(Cpu *cpu, unsigned index, bool read);
// For the debugger: the rules of every trap in the table that applies to an access at cpu->el now, in the order in
// which they are looked at; how many (at most `most`). Nothing is taken.
unsigned sysreg_applying_traps(const Cpu *cpu, unsigned enc, bool read, const char **rules,
                               unsigned most);
// For hooks: EC 0x18 to target_el for the access in progress.
void sysreg_trap(Cpu *cpu, int target_el, unsigned index, bool read, const char *rule);

// Writable and RES1 bits of every register for this machine's features; into machine->sysreg_*.
void sysreg_init_masks(Machine *machine);
// All registers to their reset values, ID registers included (cpu_models.h).
void sysreg_reset(Cpu *cpu);
// CPTR_EL2/CPACR_EL1, SCTLR... value with RES0/RES1 applied, as a write would store it.
u64 sysreg_masked(const Cpu *cpu, unsigned index, u64 value);

// 0x18 ISS of an access. Source: AArch64.SystemAccessTrapSyndrome.
static inline u32 sysreg_iss(unsigned enc, unsigned rt, bool read) {
    return (enc >> 14 & 3) << 20 | (enc & 7) << 17 | (enc >> 11 & 7) << 14 | (enc >> 7 & 15) << 10 |
           rt << 5 | (enc >> 3 & 15) << 1 | read;
}

// The hot cases in a few instructions. False: take the slow path. Synchronization is not needed:
// nothing here can trap or depends on time.
static ALWAYS_INLINE bool sysreg_fast_read(Cpu *cpu, unsigned index, u64 *value) {
    const SysRegFast *f = &sysreg_fast[index];
    if (!(f->read >> cpu->el & 1) || (cpu->pstate & f->pstate) != f->pstate) return false;
    unsigned offset = f->offset;
    if (cpu->el < 2) {
        if ((cpu->sys.HCR_EL2 | cpu->fgt) & f->trap_read) return false;
    } else if (cpu_e2h(cpu)) {
        offset = f->offset_e2h;
    }
    if (offset == SYSREG_NONE) return false;
    memcpy(value, (const char *)cpu + offset, 8);
    return true;
}

static ALWAYS_INLINE bool sysreg_fast_write(Cpu *cpu, unsigned index, u64 value) {
    const SysRegFast *f = &sysreg_fast[index];
    if (!(f->write >> cpu->el & 1) || (cpu->pstate & f->pstate) != f->pstate) return false;
    unsigned offset = f->offset;
    if (cpu->el < 2) {
        if ((cpu->sys.HCR_EL2 | cpu->fgt) & f->trap_write) return false;
    } else if (cpu_e2h(cpu)) {
        offset = f->offset_e2h;
    }
    if (offset == SYSREG_NONE) return false;
    value = (value & cpu->machine->sysreg_writable[index]) | cpu->machine->sysreg_res1[index];
    memcpy((char *)cpu + offset, &value, 8);
    return true;
}
