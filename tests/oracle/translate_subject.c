#include "translate_subject.h"

OracleMmuFeatures translate_features(const Cpu *cpu) {
    const struct SysRegs *s = &cpu->sys;
    static const u8 pa_sizes[] = {32, 36, 40, 42, 44, 48, 52, 52};
    unsigned hafdbs = bits(s->ID_AA64MMFR1_EL1, 3, 0);
    return (OracleMmuFeatures){.EL2 = cpu_has(cpu, FEAT_EL2),
                               .VHE = cpu_has(cpu, FEAT_VHE),
                               .PAN = cpu_has(cpu, FEAT_PAN),
                               .PAN3 = cpu_has(cpu, FEAT_PAN3),
                               .HPDS = cpu_has(cpu, FEAT_HPDS),
                               .XNX = cpu_has(cpu, FEAT_XNX),
                               .TTST = cpu_has(cpu, FEAT_TTST),
                               .S2FWB = cpu_has(cpu, FEAT_S2FWB),
                               .E0PD = cpu_has(cpu, FEAT_E0PD),
                               .LVA = bits(s->ID_AA64MMFR2_EL1, 19, 16) >= 1,
                               .LPA = bits(s->ID_AA64MMFR0_EL1, 3, 0) >= 6,
                               .LSE2 = cpu_has(cpu, FEAT_LSE2),
                               .PAuth = cpu_has(cpu, FEAT_PAuth),
                               .RAS = cpu_has(cpu, FEAT_RAS),
                               .NV = cpu_has(cpu, FEAT_NV),
                               .HAF = hafdbs >= 1,
                               .HDBS = hafdbs >= 2,
                               .gran4 = cpu_has(cpu, FEAT_GRAN4K),
                               .gran16 = cpu_has(cpu, FEAT_GRAN16K),
                               .gran64 = cpu_has(cpu, FEAT_GRAN64K),
                               .bbm = (int)bits(s->ID_AA64MMFR2_EL1, 55, 52),
                               .pamax = pa_sizes[bits(s->ID_AA64MMFR0_EL1, 2, 0)]};
}
