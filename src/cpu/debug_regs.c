// The debug registers (Arm ARM: "Debug registers", "The OS Lock and OS Double Lock"): what writes
// to them arm or enable. Choices: MDSCR_EL1's external-debugger bits are writable while the OS Lock
// is set; the debug communications channel has no debugger, so it reads 0 and ignores writes;
// DBGWVR<n>_EL1 reads sign-extended, DBGBVR<n>_EL1, which may hold a context ID, as written.
#include "cpu/exception.h"
#include "cpu/selfhosted_debug.h"
#include "cpu/sysreg.h"

enum {
    MDSCR_MDE = 15,
    OSLSR_OSLK = 1,
};

// Source: what AArch64.CheckDebug asks before it compares anything. Changes of Exception level,
// PSTATE.D, KDE, routing and context are looked at on a hit.
static unsigned armed_ranges(const Cpu *cpu, ArmedRange *ranges) {
    unsigned count = 0;
    if (!bit(cpu->sys.MDSCR_EL1, MDSCR_MDE) || debug_locked(cpu)) return 0;
    for (unsigned n = 0; n < DEBUG_BREAKPOINTS; n++)
        count += debug_breakpoint_range(cpu, n, &ranges[count]);
    for (unsigned n = 0; n < DEBUG_WATCHPOINTS; n++)
        count += debug_watchpoint_range(cpu, n, &ranges[count]);
    return count;
}

void debug_registers_changed(Cpu *cpu) {
    ArmedRange now[DEBUG_BREAKPOINTS + DEBUG_WATCHPOINTS];
    memset(now, 0, sizeof now);
    unsigned count = armed_ranges(cpu, now);
    const ArmedSet *old = &cpu->armed[ARMED_GUEST];
    if (count == old->count && !memcmp(now, cpu->debug_ranges, count * sizeof now[0])) return;
    if (old->count) armed_replace(cpu, ARMED_GUEST, (ArmedSet){0});
    memcpy(cpu->debug_ranges, now, sizeof now);
    armed_replace(cpu, ARMED_GUEST,
                  (ArmedSet){.ranges = cpu->debug_ranges, .count = count, .hit = debug_armed_hit});
}

void after_breakpoint(Cpu *cpu, unsigned index, u64 old) {
    (void)index;
    (void)old;
    debug_registers_changed(cpu);
}

bool syswrite_DBGWVR(Cpu *cpu, unsigned index, u64 value) {
    *sysreg_storage(cpu, index) =
        armed_va(sysreg_masked(cpu, index, value), cpu_has(cpu, FEAT_LVA));
    debug_registers_changed(cpu);
    return true;
}

bool syswrite_MDSCR_EL1(Cpu *cpu, unsigned index, u64 value) {
    static const u64 external =
        1u << 30 | 1u << 29 | 1u << 27 | 1u << 26 | 3u << 22 | 1u << 21 | 1u << 14 | 1u << 6;
    u64 keep = bit(cpu->sys.OSLSR_EL1, OSLSR_OSLK) ? 0 : external;
    cpu->sys.MDSCR_EL1 = (sysreg_masked(cpu, index, value) & ~keep) | (cpu->sys.MDSCR_EL1 & keep);
    debug_registers_changed(cpu);
    interrupts_changed(cpu);  // software step may become active
    return true;
}

bool syswrite_OSLAR_EL1(Cpu *cpu, unsigned index, u64 value) {
    (void)index;
    cpu->sys.OSLSR_EL1 = set_bits(cpu->sys.OSLSR_EL1, OSLSR_OSLK, OSLSR_OSLK, value & 1);
    debug_registers_changed(cpu);
    interrupts_changed(cpu);
    return true;
}

// OSDLR_EL1, DBGPRCR_EL1: the OS Double Lock; MDCR_EL2: the target of debug exceptions.
void after_debug_enable(Cpu *cpu, unsigned index, u64 old) {
    (void)index;
    (void)old;
    debug_registers_changed(cpu);
    interrupts_changed(cpu);
}

// SET reads which claim tags exist (all 8) and sets; CLR reads the tags and clears.
bool sysread_DBGCLAIM(Cpu *cpu, unsigned index, u64 *value) {
    *value = index == SYSREG_DBGCLAIMSET_EL1 ? 0xff : cpu->sys.DBGCLAIMCLR_EL1;
    return true;
}

bool syswrite_DBGCLAIM(Cpu *cpu, unsigned index, u64 value) {
    u64 tags = cpu->sys.DBGCLAIMCLR_EL1;
    tags = index == SYSREG_DBGCLAIMSET_EL1 ? tags | value : tags & ~value;
    cpu->sys.DBGCLAIMCLR_EL1 = tags & 0xff;
    return true;
}

bool sysread_DCC(Cpu *cpu, unsigned index, u64 *value) {
    (void)cpu;
    (void)index;
    *value = 0;
    return true;
}

bool syswrite_DCC(Cpu *cpu, unsigned index, u64 value) {
    (void)cpu;
    (void)index;
    (void)value;
    return true;
}
