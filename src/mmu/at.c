// Address translation instructions. Arm ARM: "Address translation instructions" and PAR_EL1;
// pseudo-code AArch64.AT, AArch64.EncodePAR, EncodePARAttrs.
// Choices: PAR_EL1.NS, UNKNOWN in Non-secure state, is 1; an AT walks the tables, it does not look
// into the TLB.
#include "mmu/fault.h"
#include "mmu/walk.h"

static MmuMode at_mode(const Cpu *cpu, const AtOp *op) {
    bool pan = op->pan && cpu->pstate & PSTATE_PAN;
    if (!op->two_stages) {
        // From the host (E2H and TGE), stage 1 of EL1 and EL0 means the EL2&0 regime.
        bool host = cpu_have_el2(cpu) && cpu_in_host0(cpu);
        if (op->el == 0 && host) return MODE_E20_0;
        if (op->el == 2 || host) return !cpu_e2h(cpu) ? MODE_E2 : pan ? MODE_E20_2P : MODE_E20_2;
    }
    return op->el == 0 ? MODE_E10_0 : pan ? MODE_E10_1P : MODE_E10_1;
}

static u64 par_success(u64 pa, u8 attr, u8 sh) {
    return (u64)attr << 56 | (pa & ~0xfffull) | 1u << 11 | 1u << 9 |
           (u64)attr_effective_sh(attr, sh) << 7;
}

static u64 par_failure(const Fault *f) {
    return 1u << 11 | (u64)f->stage2 << 9 | (u64)f->s1ptw << 8 | (u64)fault_status(f) << 1 | 1;
}

void AArch64_AT(Cpu *cpu, u64 address, AtOp op) {
    MmuMode mode = at_mode(cpu, &op);
    Regime r;
    regime_load(cpu, mode_regime(mode), &r);
    Walk w = {.cpu = cpu,
              .machine = cpu->machine,
              .r = &r,
              .type = ACCESS_AT,
              .el0 = mode_el0(mode),
              .pan = mode_pan(mode),
              .read = !op.write,
              .write = op.write};
    Mapping m;
    bool ok;
    walk_observe(&w);
    if (op.two_stages) {
        ok = walk_translate(&w, address, &m);
    } else {
        w.fault = (Fault){.write = op.write};
        ok = s1_translate(&w, address, &m.s1);
        if (ok) {
            m.pa = m.s1.ipa;
            m.s2.attr = m.s1.attr;
            m.tagged = m.s1.tagged;
            m.s2.sh = m.s1.sh;
        }
        walk_tell(&w, address, ok, &m, false);
    }
    if (ok) {
        // EncodePARAttrs.
        cpu->sys.PAR_EL1 = par_success(m.pa, m.tagged ? ATTR_TAGGED : m.s2.attr, m.s2.sh);
        return;
    }
    if (fault_is_external(&w.fault) || (cpu->el == 1 && w.fault.s1ptw)) {
        AArch64_Abort(cpu, va(address), &w.fault, ACCESS_AT, 0, ACC_NORMAL);
        cpu_unwind(cpu);
    }
    cpu->sys.PAR_EL1 = par_failure(&w.fault);
}
