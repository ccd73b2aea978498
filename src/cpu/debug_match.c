// What breakpoints and watchpoints match (Arm ARM: "Breakpoint exceptions", "Watchpoint
// exceptions"; pseudo-code AArch64.BreakpointMatch, AArch64.BreakpointValueMatch,
// AArch64.StateMatch, AArch64.WatchpointMatch, AArch64.WatchpointByteMatch, CheckValidStateMatch).
// Without AArch32, EL3 and Secure state.
// CONSTRAINED UNPREDICTABLE, chosen: a reserved type of breakpoint, a link to one that is not
// context-aware, and the reserved values 1 and 2 of MASK disable. Reserved {HMC, SSC, PxC} mean
// what they mean for the Non-secure state of a PE that has all Exception levels (so SSC 01 is as
// 00), and disable when they are reserved there too. With a MASK, BAS and the masked bits of DBGWVR
// are ignored; BAS that is not contiguous watches its first run of bytes. A Watchpoint exception
// reports the lowest watched byte of the access.
#include "cpu/selfhosted_debug.h"
#include "cpu/op.h"

#define REG(name) (u16) offsetof(struct SysRegs, name##_EL1)
static const u16 bvr_at[] = {REG(DBGBVR0), REG(DBGBVR1), REG(DBGBVR2),
                             REG(DBGBVR3), REG(DBGBVR4), REG(DBGBVR5)};
static const u16 bcr_at[] = {REG(DBGBCR0), REG(DBGBCR1), REG(DBGBCR2),
                             REG(DBGBCR3), REG(DBGBCR4), REG(DBGBCR5)};
static const u16 wvr_at[] = {REG(DBGWVR0), REG(DBGWVR1), REG(DBGWVR2), REG(DBGWVR3)};
static const u16 wcr_at[] = {REG(DBGWCR0), REG(DBGWCR1), REG(DBGWCR2), REG(DBGWCR3)};
#undef REG
_Static_assert(ARRAY_LEN(bvr_at) == DEBUG_BREAKPOINTS, "breakpoints");
_Static_assert(ARRAY_LEN(wvr_at) == DEBUG_WATCHPOINTS, "watchpoints");

static u64 reg(const Cpu *cpu, u16 offset) {
    u64 value;
    memcpy(&value, (const char *)&cpu->sys + offset, 8);
    return value;
}

// --- control registers ---------------------------------------------------------------------------

// DBGBCR<n>_EL1 and DBGWCR<n>_EL1 have E, PMC or PAC, HMC, SSC and LBN in the same places.
static unsigned lbn_of(u64 control) {
    return (unsigned)bits(control, 19, 16);
}

// Exception levels that {HMC, SSC, PxC} select, as bits.
static u8 selected_els(const Cpu *cpu, u64 control) {
    unsigned hmc = bit(control, 13), ssc = (unsigned)bits(control, 15, 14);
    unsigned pxc = (unsigned)bits(control, 2, 1);
    if (ssc == 2 || (ssc == 3 && !hmc)) return 0;  // Secure state alone
    if (!hmc && !pxc) return 0;                    // AArch32 modes
    if (hmc && ssc == 0 && !(pxc & 1)) return 0;
    if (hmc && pxc == 2) return 0;
    bool el2 = hmc && cpu_have_el2(cpu);
    return (u8)(pxc >> 1 | (pxc & 1) << 1 | (unsigned)el2 << 2);
}

// What DBGBCR<n>_EL1.BT compares.
typedef struct BreakpointType {
    bool reserved, linked;
    bool address;
    bool context;   // CONTEXTIDR_EL1, or CONTEXTIDR_EL2 in a host
    bool context1;  // CONTEXTIDR_EL1
    bool context2;  // CONTEXTIDR_EL2
    bool vmid;
} BreakpointType;

static BreakpointType breakpoint_type(const Cpu *cpu, unsigned n) {
    unsigned bt = (unsigned)bits(reg(cpu, bcr_at[n]), 23, 20), type = bt >> 1;
    bool context_aware = n >= DEBUG_BREAKPOINTS - DEBUG_CONTEXT;
    BreakpointType t = {.linked = bt & 1,
                        .address = type == 0,
                        .context = type == 1,
                        .context1 = type == 3 || type == 5 || type == 7,
                        .context2 = type == 6 || type == 7,
                        .vmid = type == 4 || type == 5};
    bool needs_vhe = type == 3 || type >= 6;
    t.reserved = type == 2 || (type && !context_aware) || (needs_vhe && !cpu_has(cpu, FEAT_VHE)) ||
                 (type >= 4 && !cpu_have_el2(cpu));
    return t;
}

// --- values --------------------------------------------------------------------------------------

static bool in_host(const Cpu *cpu) {
    return cpu->el == 2 ? cpu_e2h(cpu) : cpu->el == 0 && cpu_in_host0(cpu);
}

static bool vmid_matches(const Cpu *cpu, u64 bvr) {
    bool wide = cpu_has(cpu, FEAT_VMID16) && bit(cpu->sys.VTCR_EL2, 19);
    u64 mask = wide ? 0xffff : 0xff;
    return cpu->el < 2 && !in_host(cpu) && !((cpu->sys.VTTBR_EL2 >> 48 ^ bvr >> 32) & mask);
}

static bool context_matches(const Cpu *cpu, const BreakpointType *t, u64 bvr) {
    bool host = in_host(cpu);
    u32 id1 = (u32)cpu->sys.CONTEXTIDR_EL1, id2 = (u32)cpu->sys.CONTEXTIDR_EL2;
    if (t->context && !(host ? id2 == (u32)bvr : cpu->el < 2 && id1 == (u32)bvr)) return false;
    if (t->context1 && !(cpu->el < 2 && !host && id1 == (u32)bvr)) return false;
    if (t->context2 && id2 != (u32)(bvr >> 32)) return false;
    return !t->vmid || vmid_matches(cpu, bvr);
}

static u64 address_of(const Cpu *cpu, u64 value) {
    return armed_va(value, cpu_has(cpu, FEAT_LVA));
}

// Source: AArch64.BreakpointValueMatch. linked_to: from the breakpoint or watchpoint that links to
// n.
static bool AArch64_BreakpointValueMatch(const Cpu *cpu, unsigned n, u64 va, bool linked_to) {
    if (!bit(reg(cpu, bcr_at[n]), 0)) return false;
    BreakpointType t = breakpoint_type(cpu, n);
    if (t.reserved) return false;
    if (linked_to ? !t.linked || t.address : t.linked && !t.address) return false;
    u64 bvr = reg(cpu, bvr_at[n]);
    if (t.address) return address_of(cpu, va) == address_of(cpu, bvr & ~3ull);
    return context_matches(cpu, &t, bvr);
}

// Source: AArch64.StateMatch.
static bool AArch64_StateMatch(const Cpu *cpu, u64 control, bool linked, unsigned el) {
    if (!(selected_els(cpu, control) >> el & 1)) return false;
    if (!linked) return true;
    unsigned to = lbn_of(control);
    return to >= DEBUG_BREAKPOINTS - DEBUG_CONTEXT && to < DEBUG_BREAKPOINTS &&
           AArch64_BreakpointValueMatch(cpu, to, 0, true);
}

bool AArch64_BreakpointMatch(const Cpu *cpu, unsigned n, u64 va) {
    u64 control = reg(cpu, bcr_at[n]);
    bool linked = bits(control, 23, 20) == 1;
    return AArch64_BreakpointValueMatch(cpu, n, va, false) &&
           AArch64_StateMatch(cpu, control, linked, cpu->el);
}

// --- watchpoints ---------------------------------------------------------------------------------

// The bytes that watchpoint n watches, [*first, *first + length); 0: none. Source:
// AArch64.WatchpointByteMatch.
static u64 watched_bytes(const Cpu *cpu, unsigned n, u64 *first) {
    u64 control = reg(cpu, wcr_at[n]), base = address_of(cpu, reg(cpu, wvr_at[n]) & ~3ull);
    unsigned mask = (unsigned)bits(control, 28, 24), bas = (unsigned)bits(control, 12, 5);
    if (mask) {
        *first = base & ~ones(mask);
        return mask <= 2 ? 0 : 1ull << mask;
    }
    if (bit(base, 2)) bas &= 0xf;
    if (!bas) return 0;
    unsigned start = (unsigned)__builtin_ctz(bas);
    *first = base + start;
    return (u64)__builtin_ctz(~(bas >> start));
}

static u8 watched_kinds(u64 control) {
    return (u8)((bit(control, 3) ? ARMED_READ : 0) | (bit(control, 4) ? ARMED_WRITE : 0));
}

bool AArch64_WatchpointMatch(const Cpu *cpu, unsigned n, const ArmedAccess *access, u64 *address) {
    u64 control = reg(cpu, wcr_at[n]), first, length = watched_bytes(cpu, n, &first);
    if (!bit(control, 0) || !length || !(watched_kinds(control) & access->kinds)) return false;
    if (!AArch64_StateMatch(cpu, control, bit(control, 20), access->el)) return false;
    u64 va = address_of(cpu, access->va), into = first - va;
    if (va - first < length) into = 0;
    if (into >= access->size) return false;
    *address = access->va + into;
    return true;
}

// --- where they can match ------------------------------------------------------------------------

bool debug_breakpoint_range(const Cpu *cpu, unsigned n, ArmedRange *range) {
    u64 control = reg(cpu, bcr_at[n]);
    BreakpointType t = breakpoint_type(cpu, n);
    if (!bit(control, 0) || t.reserved || (t.linked && !t.address)) return false;
    u64 va = address_of(cpu, reg(cpu, bvr_at[n]) & ~3ull);
    *range = (ArmedRange){.kinds = ARMED_EXEC, .els = selected_els(cpu, control)};
    range->first = t.address ? va : (u64)INT64_MIN;
    range->last = t.address ? va + 3 : (u64)INT64_MAX;
    return range->els != 0;
}

bool debug_watchpoint_range(const Cpu *cpu, unsigned n, ArmedRange *range) {
    u64 control = reg(cpu, wcr_at[n]), first, length = watched_bytes(cpu, n, &first);
    if (!bit(control, 0) || !length) return false;
    *range = (ArmedRange){.first = first,
                          .last = first + (length - 1),
                          .kinds = watched_kinds(control),
                          .els = selected_els(cpu, control)};
    return range->els && range->kinds;
}
