// One operation of fpu.h with the FPCR and FPSR of a Cpu: where fpu_fast.h goes when the host's
// arithmetic is not enough.
#include "cpu/sem_fp.h"

u64 fp_slow2(Cpu *cpu, FpBinary *f, unsigned n, u64 op1, u64 op2) {
    Fpu fp = fpu_begin(cpu);
    u64 r = f(&fp, n, op1, op2);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_slow1(Cpu *cpu, FpUnary *f, unsigned n, u64 op, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    u64 r = f(&fp, n, op, how);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_slow_muladd(Cpu *cpu, unsigned n, u64 addend, u64 op1, u64 op2) {
    Fpu fp = fpu_begin(cpu);
    u64 r = FPMulAdd(&fp, n, addend, op1, op2);
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_round_int(Fpu *fp, unsigned n, u64 op, unsigned how) {
    return FPRoundInt(fp, n, op, how_rounding(fp, how), how & HOW_EXACT);
}
u64 fp_round_int32(Fpu *fp, unsigned n, u64 op, unsigned how) {
    return FPRoundIntN(fp, n, op, how_rounding(fp, how), 32);
}
u64 fp_round_int64(Fpu *fp, unsigned n, u64 op, unsigned how) {
    return FPRoundIntN(fp, n, op, how_rounding(fp, how), 64);
}

u64 fp_to_int(Cpu *cpu, unsigned n, unsigned m, u64 v, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    u64 r =
        FPToFixed(&fp, n, m, v, how >> HOW_FBITS_SHIFT, how & HOW_UNSIGNED, how_rounding(&fp, how));
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_from_int(Cpu *cpu, unsigned n, unsigned m, u64 v, unsigned how) {
    Fpu fp = fpu_begin(cpu);
    u64 r =
        FixedToFP(&fp, n, m, v, how >> HOW_FBITS_SHIFT, how & HOW_UNSIGNED, how_rounding(&fp, how));
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_convert_bf16(Cpu *cpu, u64 v) {
    Fpu fp = fpu_begin(cpu);
    u64 r = FPConvertBF(&fp, v, FPRoundingMode(&fp));
    fpu_end(cpu, &fp);
    return r;
}

u64 fp_convert_slow(Cpu *cpu, unsigned n, unsigned m, u64 v) {
    Fpu fp = fpu_begin(cpu);
    u64 r = FPConvert(&fp, n, m, v, FPRoundingMode(&fp));
    fpu_end(cpu, &fp);
    return r;
}
