// Lines of the exit trace, what is counted, and that both are exact and repeatable.
#include "cpu/cpu.h"
#include "cpu/sysreg.h"
#include "gic/internal.h"
#include "trace/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { RAM = 0x40000000, VECTORS = RAM + 0x1000, CODE = RAM + 0x2000, EL1H = 0x3c5, EL2H = 0x3c9 };
#define HCR_GUEST (1ull << HCR_VM | 1ull << HCR_RW)
#define HCR_HOST  (1ull << HCR_TGE | 1ull << HCR_E2H | 1ull << HCR_RW)

typedef struct Rig {
    Machine *machine;
    Cpu *cpu;
    Trace *trace;
    FILE *out;  // lines, and the table behind them
    char *text;
} Rig;

static Machine *make_machine(unsigned cpus) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = cpus, .ram_size = 16 << 20, .gic_version = 3, .el2 = true};
    Error err = {""};
    Machine *m = machine_create(&config, &err);
    if (!m) fail_msg("%s", err.text);
    return m;
}

static void start_config(Rig *r, TraceConfig config) {
    Error err = {""};
    *r = (Rig){.machine = make_machine(2), .out = tmpfile()};
    assert_non_null(r->out);
    config.fd = fileno(r->out);
    r->cpu = r->machine->cpu[0];
    r->trace = trace_open(r->machine, &config, &err);
    if (!r->trace) fail_msg("%s", err.text);
    r->cpu->sys.HCR_EL2 = HCR_GUEST;
    r->cpu->sys.VTTBR_EL2 = 5ull << 48;
    r->cpu->sys.VBAR_EL2 = VECTORS;
    pstate_changed(r->cpu, EL1H);
}

static void start(Rig *r, bool exits, bool stats) {
    start_config(r, (TraceConfig){.exits = exits, .stats = stats});
}

// Closes the trace; the text that it wrote.
static const char *finish(Rig *r) {
    assert_true(trace_close(r->trace));
    assert_null(r->machine->observer);
    assert_null(r->cpu->observer);
    long n = ftell((fseek(r->out, 0, SEEK_END), r->out));
    r->text = calloc(1, (size_t)n + 1);
    rewind(r->out);
    assert_int_equal(fread(r->text, 1, (size_t)n, r->out), (size_t)n);
    return r->text;
}

static void end(Rig *r) {
    free(r->text);
    fclose(r->out);
    machine_free(r->machine);
}

static void must_have(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no\n%s\nin\n%s", part, text);
}

// A row of the table, with one space between its columns.
static void must_have_row(const char *text, const char *row) {
    char *squeezed = calloc(1, strlen(text) + 1), *p = squeezed;
    assert_non_null(squeezed);
    for (const char *q = text; *q; q++)
        if (*q != ' ' || q[1] != ' ') *p++ = *q;
    if (!strstr(squeezed, row)) fail_msg("no row\n%s\nin\n%s", row, squeezed);
    free(squeezed);
}

static void take(Rig *r, u8 ec, u32 iss, u64 pc) {
    Exception e = {.kind = EXC_SYNC, .ec = ec, .il = true, .iss = iss, .rule = "a rule"};
    AArch64_TakeException(r->cpu, 2, &e, pc);
}

static void take_interrupt(Rig *r, ExceptionKind kind, u64 pc) {
    Exception e = {
        .kind = kind, .il = true, .intid = r->cpu->gic->hppi.intid, .rule = "HCR_EL2.IMO"};
    AArch64_TakeException(r->cpu, 2, &e, pc);
}

static void give_back(Rig *r, u64 instructions, u32 spsr, u64 pc) {
    r->cpu->icount += instructions;
    AArch64_ExceptionReturn(r->cpu, pc, spsr);
}

// --- lines ---------------------------------------------------------------------------------------

static void test_call_and_return(void **state) {
    (void)state;
    Rig r;
    start(&r, true, false);
    r.cpu->icount = 1000;
    r.cpu->x[0] = 0x84000003;
    r.cpu->x[1] = 1;
    r.cpu->x[2] = 0x40080000;
    take(&r, EC_HVC64, 0, 0x40080004);
    r.cpu->x[0] = 0xfffffffffffffffe;
    give_back(&r, 10, EL1H, 0x40080004);
    assert_int_equal(trace_exits(r.trace), 1);
    assert_int_equal(trace_returns(r.trace), 1);
    assert_string_equal(
        finish(&r),
        "      1 i=1000 cpu0 vm5   EL1->EL2 pc=0x40080000 HVC64 esr=0x5a000000 imm16=0x0 "
        "PSCI_CPU_ON x1=0x1 x2=0x40080000 x3=0x0 rule=\"a rule\"\n"
        "      2 i=1010 cpu0 vm5   EL2->EL1 pc=0x40080004 ERET after 10 in EL2 "
        "x0=0xfffffffffffffffe\n");
    end(&r);
}

// The result of a call is shown only where the caller continues.
static void test_return_elsewhere(void **state) {
    (void)state;
    Rig r;
    start(&r, true, false);
    take(&r, EC_HVC64, 0, 0x1004);
    give_back(&r, 7, EL1H, 0x2000);
    give_back(&r, 3, EL1H, 0x3000);  // not from EL2: no line
    pstate_changed(r.cpu, EL2H);
    give_back(&r, 2, EL1H, 0x4000);  // the exit before is over: starts something new
    take(&r, EC_HVC64, 0, 0x4004);
    r.cpu->sys.VTTBR_EL2 = 6ull << 48;
    give_back(&r, 9, EL1H, 0x4004);  // another VM
    const char *text = finish(&r);
    must_have(text, "EL2->EL1 pc=0x2000 ERET after 7 in EL2\n");
    assert_null(strstr(text, "0x3000"));
    must_have(text, "EL2->EL1 pc=0x4000 ERET\n");
    must_have(text, "vm6   EL2->EL1 pc=0x4004 ERET after 9 in EL2\n");
    end(&r);
}

static void test_data_aborts(void **state) {
    (void)state;
    Rig r;
    start(&r, true, true);
    r.cpu->x[3] = 0xdeadbeef00000041;
    Exception e = {.kind = EXC_SYNC,
                   .ec = EC_DABT_LOWER,
                   .il = true,
                   .rule = "stage 2",
                   .iss = 1 << 24 | 2 << 22 | 3 << 16 | 1 << 6 | 0x07,
                   .far_valid = true,
                   .far = 0xffff800011000018,
                   .hpfar_valid = true,
                   .hpfar = 0x9000000 >> 8};
    AArch64_TakeException(r.cpu, 2, &e, 0x1000);
    give_back(&r, 100, EL1H, 0x1004);
    // A load of a byte into w9; the value is there on return.
    e.iss = 1 << 24 | 9 << 16 | 0x07;
    AArch64_TakeException(r.cpu, 2, &e, 0x1004);
    r.cpu->x[9] = 0xffffffff00000090;
    give_back(&r, 50, EL1H, 0x1008);
    // A load of 8 bytes into xzr; without a syndrome; on a walk of stage 1; memory.
    e.iss = 1 << 24 | 3 << 22 | 31 << 16 | 1 << 15 | 0x07;
    AArch64_TakeException(r.cpu, 2, &e, 0x1008);
    give_back(&r, 1, EL1H, 0x100c);
    e.iss = 0x06;
    AArch64_TakeException(r.cpu, 2, &e, 0x100c);
    give_back(&r, 1, EL1H, 0x1010);
    e.iss = 1 << 7 | 0x05;
    e.hpfar = 0x40001000 >> 8;
    AArch64_TakeException(r.cpu, 2, &e, 0x1010);
    const char *text = finish(&r);
    must_have(text, " DABT_LOWER esr=0x93830047 ISV SAS=word SRT=x3 WnR=write DFSC=translation-L3"
                    " far=0xffff800011000018 ipa=0x9000018 write 4 bytes w3=0x41"
                    " rule=\"stage 2\"\n");
    must_have(text, "EL2->EL1 pc=0x1004 ERET after 100 in EL2\n");
    must_have(text, " ipa=0x9000018 read 1 byte to w9 rule");
    must_have(text, "EL2->EL1 pc=0x1008 ERET after 50 in EL2 w9=0x90\n");
    must_have(text, " read 8 bytes to xzr rule");
    must_have(text, " WnR=read DFSC=translation-L2 far=0xffff800011000018 ipa=0x9000018 rule");
    must_have(text, " S1PTW WnR=read DFSC=translation-L1 far=0xffff800011000018 ipa=0x40001000 r");
    must_have_row(text, "\nvm5 DABT_LOWER read IPA page 0x9000000 3 52 1 1 50 50\n");
    must_have_row(text, "\nvm5 DABT_LOWER write IPA page 0x9000000 1 100 100 100 100 100\n");
    must_have_row(text, "\nvm5 DABT_LOWER read memory, translation-L1 1 0\n");
    must_have_row(text, "\nvm5 together 5 152\n\nall exits 5 152\n");
    end(&r);
}

static void test_tag_check_fault(void **state) {
    (void)state;
    Rig r;
    start(&r, true, true);
    Exception e = {.kind = EXC_SYNC,
                   .ec = EC_DABT_LOWER,
                   .il = true,
                   .rule = "HCR_EL2.TGE",
                   .iss = 0x11,
                   .far_valid = true,
                   .far = 0xa6ffff8000001230,
                   .memory_tag = 5};
    AArch64_TakeException(r.cpu, 2, &e, 0x1000);
    must_have(finish(&r),
              " DABT_LOWER esr=0x92000011 WnR=read DFSC=tag-check far=0xa6ffff8000001230"
              " pointer-tag=0x6 memory-tag=0x5 rule=\"HCR_EL2.TGE\"\n");
    end(&r);
}

static void test_system_registers(void **state) {
    (void)state;
    Rig r;
    start(&r, true, true);
    r.cpu->x[2] = 0x10001;
    take(&r, EC_SYSREG, sysreg_iss(sysreg_enc(3, 0, 12, 11, 5), 2, false), 0x1000);
    give_back(&r, 40, EL1H, 0x1004);
    take(&r, EC_SYSREG, sysreg_iss(sysreg_enc(3, 0, 0, 4, 0), 7, true), 0x1004);
    r.cpu->x[7] = 0x11112222;
    give_back(&r, 20, EL1H, 0x1008);
    take(&r, EC_SYSREG, sysreg_iss(sysreg_enc(3, 0, 15, 2, 0), 31, false), 0x1008);
    give_back(&r, 4, EL1H, 0x100c);
    take(&r, EC_SYSREG, sysreg_iss(sysreg_enc(1, 0, 8, 3, 0), 31, false), 0x100c);
    const char *text = finish(&r);
    must_have(text, " MSR ICC_SGI1R_EL1 x2=0x10001 rule=");
    must_have(text, " MRS ID_AA64PFR0_EL1 to x7 rule=");
    must_have(text, "ERET after 20 in EL2 x7=0x11112222\n");
    must_have(text, " MSR S3_0_C15_C2_0 xzr=0x0 rule=");
    must_have(text, " TLBI VMALLE1IS xzr=0x0 rule=");
    must_have_row(text, "\nvm5 SYSREG MSR ICC_SGI1R_EL1 1 40 40 40 40 40\n");
    must_have_row(text, "\nvm5 SYSREG MRS ID_AA64PFR0_EL1 1 20 20 20 20 20\n");
    end(&r);
}

static void test_calls(void **state) {
    (void)state;
    static const struct {
        u8 ec;
        u16 imm;
        u64 hcr, x0, x16;
        const char *said;
    } cases[] = {
        {EC_HVC64, 0, HCR_GUEST, 0x84000000, 0, "imm16=0x0 PSCI_VERSION rule"},
        {EC_SMC64, 0, HCR_GUEST, 0xc4000001, 0, " PSCI_CPU_SUSPEND x1="},
        {EC_SMC64, 0, HCR_GUEST, 0x84000008, 0, " PSCI_SYSTEM_OFF rule"},
        {EC_HVC64, 0, HCR_GUEST, 0x80000001, 0, " SMCCC_ARCH_FEATURES x1="},
        {EC_HVC64, 0, HCR_GUEST, 0xc5000020, 0, " PV_TIME_FEATURES x1="},
        {EC_HVC64, 0, HCR_GUEST, 0x84000053, 0, " TRNG_RND x1="},
        {EC_HVC64, 0, HCR_GUEST, 0x8600ff01, 0, " vendor-hyp:CALL_UID x1="},
        {EC_HVC64, 0, HCR_GUEST, 0x82000123, 0, " sip:0x82000123 x1="},
        {EC_HVC64, 0, HCR_GUEST, 0x12345, 0, "imm16=0x0 rule"},
        {EC_HVC64, 7, HCR_GUEST, 0x84000000, 0, "imm16=0x7 rule"},
        {EC_HVC64, 0xea1, HCR_GUEST, 1, 29, " xen:sched_op(block) x0=0x1 x1="},
        {EC_HVC64, 0xea1, HCR_GUEST, 99, 17, " xen:xen_version x0=0x63"},
        {EC_HVC64, 0xea1, HCR_GUEST, 0, 11, " xen:hypercall_11 rule"},
        {EC_HVC64, 0, 1ull << HCR_RW, 0, 0, " linux:HVC_SET_VECTORS x1="},
        {EC_HVC64, 0, 1ull << HCR_RW, 0xc6000005, 0, " kvm:host_call_5 x1="},
        {EC_HVC64, 0, HCR_GUEST, 0, 0, "imm16=0x0 rule"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        Rig r;
        start(&r, true, false);
        r.cpu->sys.HCR_EL2 = cases[i].hcr;
        r.cpu->x[0] = cases[i].x0;
        r.cpu->x[16] = cases[i].x16;
        take(&r, cases[i].ec, cases[i].imm, 0x1000);
        must_have(finish(&r), cases[i].said);
        end(&r);
    }
}

static void test_other_classes(void **state) {
    (void)state;
    static const struct {
        u8 ec;
        u32 iss;
        const char *said;
    } cases[] = {
        {EC_WFX, 1u << 24 | 14 << 20, " WFX esr=0x7e00000 CV COND=AL TI=WFI rule"},
        {EC_WFX, 1u << 24 | 14 << 20 | 1, " TI=WFE rule"},
        {EC_UNKNOWN, 0, " UNKNOWN esr=0x2000000 rule"},
        {EC_FP_ACCESS, 0x1e00000, " FP_ACCESS esr=0x1fe00000 CV COND=AL rule"},
        {EC_ERET, 2, " ERET esr=0x6a000002 ERET=ERETAx ERETA=A rule"},
        {EC_PAC, 0, " PAC esr=0x26000000 rule"},
        {EC_BRK64, 0x800, " BRK64 esr=0xf2000800 imm16=0x800 rule"},
        {EC_IABT_LOWER, 0x0f, " IABT_LOWER esr=0x8200000f IFSC=permission-L3 rule"},
        {EC_SS_LOWER, 0x1000022, " STEP_LOWER esr=0xcb000022 ISV IFSC=debug rule"},
        {EC_WATCHPT_LOWER, 0x62, " WATCHPT_LOWER esr=0xd2000062 WnR=write DFSC=debug rule"},
        {EC_ILLEGAL_STATE, 0, " ILLEGAL_STATE esr=0x3a000000 rule"},
        {EC_PC_ALIGN, 0, " PC_ALIGN esr="},
        {EC_SP_ALIGN, 0, " SP_ALIGN esr="},
        {EC_SVC64, 3, " SVC64 esr=0x56000003 imm16=0x3 rule"},
        {0x3f, 5, " RESERVED esr=0xfe000005 ISS=0x5 rule"},
        {EC_UNKNOWN, 5, " UNKNOWN esr=0x2000005 RES0=0x5 rule"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        Rig r;
        start(&r, true, false);
        take(&r, cases[i].ec, cases[i].iss, 0x1000);
        must_have(finish(&r), cases[i].said);
        end(&r);
    }
}

static void test_interrupts(void **state) {
    (void)state;
    Rig r;
    start(&r, true, true);
    r.cpu->gic->hppi.intid = 27;
    take_interrupt(&r, EXC_IRQ, 0x1000);
    give_back(&r, 30, EL1H, 0x1000);
    r.cpu->gic->hppi.intid = 33;
    take_interrupt(&r, EXC_FIQ, 0x1000);
    give_back(&r, 30, EL1H, 0x1000);
    r.cpu->gic->hppi.intid = INTID_SPURIOUS;
    take_interrupt(&r, EXC_IRQ, 0x1000);
    give_back(&r, 5, EL1H, 0x1000);
    Exception e = {
        .kind = EXC_SERROR, .ec = EC_SERROR, .il = true, .rule = "HCR_EL2.AMO", .iss = 0x11};
    AArch64_TakeException(r.cpu, 2, &e, 0x1000);
    const char *text = finish(&r);
    must_have(text, " pc=0x1000 IRQ INTID 27 (virtual timer) rule=\"HCR_EL2.IMO\"\n");
    must_have(text, " pc=0x1000 FIQ INTID 33 (SPI 1) rule=");
    must_have(text, " pc=0x1000 IRQ rule=");
    must_have(text, " SERROR esr=0xbe000011 AET=uncontainable DFSC=asynchronous rule");
    must_have_row(text, "\nvm5 IRQ INTID 27 (virtual timer) 1 30 30 30 30 30\n");
    end(&r);
}

// With E2H and TGE, EL2 and its EL0 are the host; exceptions within it nest in exits.
static void test_host(void **state) {
    (void)state;
    Rig r;
    start(&r, true, true);
    take(&r, EC_WFX, 0, 0x1000);
    r.cpu->sys.HCR_EL2 = HCR_HOST;
    r.cpu->icount += 10;
    take_interrupt(&r, EXC_IRQ, 0x8000);
    give_back(&r, 5, EL2H, 0x8000);
    r.cpu->sys.HCR_EL2 = HCR_GUEST;
    give_back(&r, 3, EL1H, 0x1004);

    r.cpu->sys.HCR_EL2 = HCR_HOST;
    pstate_changed(r.cpu, EL2H);
    give_back(&r, 0, 0, 0x500000);  // to EL0
    r.cpu->x[8] = 64;
    take(&r, EC_SVC64, 0, 0x500004);
    give_back(&r, 25, 0, 0x500004);
    const char *text = finish(&r);
    must_have(text, " el2   EL2->EL2 pc=0x8000 IRQ rule=");
    must_have(text, " el2   EL2->EL2 pc=0x8000 ERET after 5 in EL2\n");
    must_have(text, " vm5   EL2->EL1 pc=0x1004 ERET after 18 in EL2\n");
    must_have(text, " host  EL2->EL0 pc=0x500000 ERET\n");
    must_have(text, " host  EL0->EL2 pc=0x500000 SVC64 esr=0x56000000 imm16=0x0 x8=0x40 rule=");
    must_have_row(text, "\nvm5 WFX WFI 1 18 18 18 18 18\n");
    must_have_row(text, "\nhost SVC64 1 25 25 25 25 25\n");
    must_have_row(text, "\nel2 IRQ 1 5 5 5 5 5\n");
    end(&r);
}

// EL2 goes on as what called it (Linux's switch to VHE): that ends the exit.
static void test_taken_over(void **state) {
    (void)state;
    Rig r;
    start(&r, true, true);
    take(&r, EC_HVC64, 1, 0x1004);
    give_back(&r, 19, EL2H, 0x1004);
    give_back(&r, 1000, 0, 0x500000);
    const char *text = finish(&r);
    must_have(text, " el2   EL2->EL2 pc=0x1004 ERET after 19 in EL2\n");
    must_have(text, " vm5   EL2->EL0 pc=0x500000 ERET\n");
    must_have_row(text, "\nvm5 HVC64 imm 0x1 1 19 19 19 19 19\n");
    end(&r);
}

// More unfinished exceptions from EL2 than are remembered; the last ones and the exit still match.
static void test_unfinished(void **state) {
    (void)state;
    Rig r;
    start(&r, true, false);
    take(&r, EC_WFX, 0, 0x1000);
    for (unsigned i = 0; i < 50; i++) {
        r.cpu->icount += 100;
        take_interrupt(&r, EXC_IRQ, 0x8000 + i * 4);
    }
    give_back(&r, 7, EL2H, 0x9000);
    give_back(&r, 1, EL2H, 0x9004);
    give_back(&r, 2, EL1H, 0x1004);
    const char *text = finish(&r);
    must_have(text, "pc=0x9000 ERET after 7 in EL2\n");
    must_have(text, "pc=0x9004 ERET after 108 in EL2\n");
    must_have(text, "pc=0x1004 ERET after 5010 in EL2\n");
    end(&r);
}

static void test_illegal_return(void **state) {
    (void)state;
    Rig r;
    start(&r, true, false);
    take(&r, EC_WFX, 0, 0x1000);
    give_back(&r, 4, 0x3c5 | 1 << 4, 0x1004);  // to AArch32
    const char *text = finish(&r);
    must_have(text, "el2   EL2->EL2 pc=0x1004 ERET illegal: PSTATE.IL is set, spsr=0x3d5\n");
    end(&r);
}

// CPUs do not mix, what goes to EL1 is not the hypervisor's.
static void test_cpus(void **state) {
    (void)state;
    Rig r;
    start(&r, true, false);
    Cpu *other = r.machine->cpu[1];
    other->sys.HCR_EL2 = HCR_GUEST;
    other->sys.VTTBR_EL2 = 9ull << 48;
    pstate_changed(other, EL1H);
    take(&r, EC_WFX, 0, 0x1000);
    Exception e = {.kind = EXC_SYNC, .ec = EC_WFX, .il = true, .rule = "HCR_EL2.TWI"};
    other->icount = 77;
    AArch64_TakeException(other, 2, &e, 0x2000);
    give_back(&r, 12, EL1H, 0x1004);
    other->icount += 34;
    AArch64_ExceptionReturn(other, 0x2004, EL1H);
    AArch64_TakeException(other, 1, &e, 0x2008);
    AArch64_ExceptionReturn(other, 0x200c, EL1H);
    const char *text = finish(&r);
    must_have(text, "      2 i=77 cpu1 vm9   EL1->EL2 pc=0x2000 WFX ");
    must_have(text, "cpu0 vm5   EL2->EL1 pc=0x1004 ERET after 12 in EL2\n");
    must_have(text, "cpu1 vm9   EL2->EL1 pc=0x2004 ERET after 34 in EL2\n");
    assert_null(strstr(text, "      5 "));
    end(&r);
}

static void test_symbols(void **state) {
    (void)state;
    char path[] = "trace-symbols-XXXXXX";
    int fd = mkstemp(path);
    static const char map[] = "1000 T entry\n1100 t handler\n";
    assert_int_equal(write(fd, map, sizeof map - 1), (ssize_t)sizeof map - 1);
    close(fd);
    Rig r;
    start_config(&r, (TraceConfig){.exits = true, .symbols = {{"vm5", path}}, .symbol_count = 1});
    take(&r, EC_HVC64, 1, 0x1100);  // the last instruction of entry
    give_back(&r, 1, EL1H, 0x1104);
    r.cpu->sys.VTTBR_EL2 = 6ull << 48;
    take(&r, EC_WFX, 0, 0x1000);
    const char *text = finish(&r);
    unlink(path);
    must_have(text, " pc=0x10fc <entry+0xfc> HVC64");
    must_have(text, " pc=0x1104 <handler+0x4> ERET");
    must_have(text, "vm6   EL1->EL2 pc=0x1000 WFX");
    end(&r);
}

// --- whole runs ----------------------------------------------------------------------------------

enum { CALLS = 100 };

// EL2's handler is an ERET; EL1 makes CALLS hypercalls and switches the machine off.
static void load_program(Machine *m) {
    static const u32 eret = 0xd69f03e0;
    static const u32 code[] = {
        0xd2800001 | CALLS << 5,  // mov  x1, #CALLS
        0xd4000022,               // hvc  #1
        0xf1000421,               // subs x1, x1, #1
        0x54ffffc1,               // b.ne .-8
        0xd2800100,               // mov  x0, #8
        0xf2b08000,               // movk x0, #0x8400, lsl #16
        0xd4000003,               // smc  #0: PSCI SYSTEM_OFF, not trapped
    };
    assert_true(bus_write_bytes(m, VECTORS + 0x400, &eret, sizeof eret));
    assert_true(bus_write_bytes(m, CODE, code, sizeof code));
    Cpu *c = m->cpu[0];
    c->sys.HCR_EL2 = 1ull << HCR_RW;
    c->sys.VBAR_EL2 = VECTORS;
    c->halt = HALT_NONE;
    c->pc = CODE;
    fp_access_changed(c);
    tlb_context_changed(c);
    pstate_changed(c, EL1H);
}

static char *run_traced(bool stats) {
    Rig r;
    start_config(&r, (TraceConfig){.exits = !stats, .stats = stats});
    load_program(r.machine);
    r.machine->insn_limit = 100000;
    machine_run(r.machine);
    if (r.machine->stop != STOP_POWEROFF) fail_msg("%s", r.machine->stop_text);
    assert_int_equal(trace_exits(r.trace), CALLS);
    assert_int_equal(trace_returns(r.trace), CALLS);
    finish(&r);
    char *text = r.text;
    r.text = NULL;
    end(&r);
    return text;
}

static void test_exact_count(void **state) {
    (void)state;
    char *text = run_traced(true);
    must_have_row(text, "\ns2off HVC64 imm 0x1 100 100 1 1 1 1\n");
    must_have_row(text, "\nall exits 100 100\n");
    free(text);
}

static void test_repeatable(void **state) {
    (void)state;
    char *first = run_traced(false), *second = run_traced(false);
    assert_string_equal(first, second);
    unsigned lines = 0;
    for (const char *p = first; *p; p++) lines += *p == '\n';
    assert_int_equal(lines, 2 * CALLS);
    must_have(first, "    199 i=");
    free(first);
    free(second);
}

// More than one buffer: nothing is lost at the seam.
static void test_large(void **state) {
    (void)state;
    enum { ROUNDS = 20000 };
    Rig r;
    start(&r, true, false);
    for (unsigned i = 0; i < ROUNDS; i++) {
        take(&r, EC_WFX, 0, 0x1000);
        give_back(&r, 1, EL1H, 0x1004);
    }
    const char *text = finish(&r);
    assert_true(strlen(text) > TEXT_SIZE);
    unsigned n = 0;
    for (const char *p = text; *p; p = strchr(p, '\n') + 1)
        if (strtoul(p, NULL, 10) != ++n) fail_msg("line %u: %.60s", n, p);
    assert_int_equal(n, 2 * ROUNDS);
    end(&r);
}

// --- the table and numbers -----------------------------------------------------------------------

static void test_percentiles(void **state) {
    (void)state;
    Stats *s = stats_create();
    World w = {WORLD_VM, 1};
    StatRow *row = stats_exit(s, w, "A", "b", 1);
    assert_ptr_equal(row, stats_exit(s, w, "A", "b", 1));
    assert_ptr_not_equal(row, stats_exit(s, w, "A", "bc", 2));
    assert_ptr_not_equal(row, stats_exit(s, (World){WORLD_VM, 2}, "A", "b", 1));
    assert_ptr_not_equal(row, stats_exit(s, (World){WORLD_EL2, 1}, "A", "b", 1));
    assert_int_equal(stats_percentile(row, 50), 0);
    for (unsigned i = 1; i <= 200; i++) stats_cost(row, i);
    assert_int_equal(stats_percentile(row, 50), 100);
    assert_int_equal(stats_percentile(row, 99), 198);
    assert_int_equal(stats_percentile(row, 100), 200);
    StatRow *large = stats_exit(s, w, "L", "", 0);
    for (u64 i = 1; i <= 100; i++) stats_cost(large, i * 1000000);
    u64 median = stats_percentile(large, 50);
    assert_true(median >= 50000000 && median < 50500000);
    assert_int_equal(stats_percentile(large, 100), 100000000);
    stats_cost(large, ~0ull);
    assert_int_equal(stats_percentile(large, 100), ~0ull);
    stats_free(s);
}

// Columns stay apart when a number is wider than its column.
static void test_wide_numbers(void **state) {
    (void)state;
    Rig r;
    start(&r, false, true);
    take(&r, EC_WFX, 0, 0x1000);
    give_back(&r, 123456789012345, EL1H, 0x1004);
    must_have_row(finish(&r), "1 123,456,789,012,345 123,456,789,012,345 123,456,789,012,345 "
                              "123,456,789,012,345 123,456,789,012,345\n");
    end(&r);
}

// A guest that makes up details without end does not fill the table.
static void test_many_details(void **state) {
    (void)state;
    Stats *s = stats_create();
    char detail[32];
    StatRow *last = NULL, *before = NULL;
    for (unsigned i = 0; i < 5000; i++) {
        int n = snprintf(detail, sizeof detail, "detail %u", i);
        before = last;
        last = stats_exit(s, (World){WORLD_VM, 1}, "A", detail, (size_t)n);
    }
    assert_ptr_equal(last, before);  // counted together
    StatRow *without = stats_exit(s, (World){WORLD_VM, 1}, "A", "", 0);
    assert_ptr_equal(without, last);
    for (unsigned i = 0; i < 65536; i++) {
        before = last;
        last = stats_exit(s, (World){WORLD_VM, (u16)i}, "A", "x", 1);
        stats_exit(s, (World){WORLD_VM, (u16)i}, "B", "", 0);
    }
    assert_ptr_equal(last, before);
    for (unsigned i = 0; i < 64; i++) {  // every class, wherever it comes from
        static char names[64][8];
        snprintf(names[i], sizeof names[i], "C%u", i);
        stats_exit(s, (World){WORLD_VM, 7}, names[i], "x", 1);
        stats_exit(s, (World){WORLD_S2OFF, 0}, names[i], "x", 1);
        stats_exit(s, (World){WORLD_HOST, 0}, names[i], "x", 1);
        stats_exit(s, (World){WORLD_EL2, 0}, names[i], "x", 1);
    }
    stats_free(s);
}

static void test_numbers(void **state) {
    (void)state;
    static const u64 values[] = {0, 1, 9, 10, 15, 16, 999, 1000, 1234567, 1ull << 63, ~0ull};
    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        char got[64], want[64];
        *put_dec(got, values[i]) = 0;
        snprintf(want, sizeof want, "%llu", (unsigned long long)values[i]);
        assert_string_equal(got, want);
        *put_hex(got, values[i]) = 0;
        snprintf(want, sizeof want, "0x%llx", (unsigned long long)values[i]);
        assert_string_equal(got, want);
        *put_dec_width(got, values[i], 7) = 0;
        snprintf(want, sizeof want, "%7llu", (unsigned long long)values[i]);
        assert_string_equal(got, want);
    }
    char got[64];
    *put_thousands(got, 1234567) = 0;
    assert_string_equal(got, "1,234,567");
    *put_thousands(got, 100) = 0;
    assert_string_equal(got, "100");
}

static void test_errors(void **state) {
    (void)state;
    Machine *m = make_machine(1);
    Error err = {""};
    assert_null(trace_open(m, &(TraceConfig){.exits = true, .path = "no/such/folder/x"}, &err));
    assert_non_null(strstr(err.text, "no/such/folder/x"));
    TraceConfig config = {.stats = true, .symbols = {{"vmx", "f"}}, .symbol_count = 1};
    assert_null(trace_open(m, &config, &err));
    assert_non_null(strstr(err.text, "'vmx'"));
    assert_null(m->observer);
    // A full disk is noticed.
    Trace *t = trace_open(m, &(TraceConfig){.exits = true, .path = "/dev/full"}, &err);
    assert_non_null(t);
    Exception e = {.kind = EXC_SYNC, .ec = EC_WFX};
    AArch64_TakeException(m->cpu[0], 2, &e, 0x1000);
    assert_false(trace_close(t));
    machine_free(m);
}

// What trace_print_stats() writes.
static void printed_by(const Trace *t, const char *by, StatFormat format, char *text, size_t size) {
    Error err = {""};
    StatChoice choice = {.format = format};
    if (!stat_choice_by(&choice, by, &err)) fail_msg("%s", err.text);
    FILE *f = tmpfile();
    assert_non_null(f);
    trace_print_stats(t, &choice, f);
    rewind(f);
    text[fread(text, 1, size - 1, f)] = 0;
    fclose(f);
}

// A call of one vCPU of VM 5, twice, and of another; a fault on a page; from EL2.
static void provoke(Rig *r) {
    r->cpu->sys.VMPIDR_EL2 = 0x80000003;
    r->cpu->x[0] = 0x84000000;
    take(r, EC_HVC64, 0, 0x1004);
    give_back(r, 10, EL1H, 0x1004);
    take(r, EC_HVC64, 0, 0x1004);
    give_back(r, 30, EL1H, 0x1004);
    r->cpu->sys.VMPIDR_EL2 = 0x80000100;
    take(r, EC_HVC64, 7, 0x2004);
    give_back(r, 60, EL1H, 0x2004);
    Exception e = {
        .kind = EXC_SYNC, .ec = EC_DABT_LOWER, .iss = 7, .hpfar_valid = true, .hpfar = 0x90000};
    AArch64_TakeException(r->cpu, 2, &e, 0x2008);
    take_interrupt(r, EXC_IRQ, VECTORS);
    give_back(r, 5, EL2H, VECTORS);
    give_back(r, 95, EL1H, 0x200c);
}

static void test_by_dimensions(void **state) {
    (void)state;
    Rig r;
    char text[4096];
    start_config(&r, (TraceConfig){.by_all = true});
    provoke(&r);
    r.machine->cpu[1]->icount += 800;  // 1000 instructions in all
    printed_by(r.trace, "vm,vcpu,hypercall,ipa", STAT_CSV, text, sizeof text);
    assert_string_equal(text,
                        "vm,vcpu,hypercall,ipa,count,el2_insns,min,median,p99,max,share\n"
                        "\"vm5\",\"0x3\",\"PSCI_VERSION\",\"-\",2,40,10,10,30,30,4.0000\n"
                        "\"el2\",\"-\",\"-\",\"-\",1,5,5,5,5,5,0.5000\n"
                        "\"vm5\",\"0x100\",\"imm 0x7\",\"-\",1,60,60,60,60,60,6.0000\n"
                        "\"vm5\",\"0x100\",\"-\",\"0x9000000\",1,100,100,100,100,100,10.0000\n");
    printed_by(r.trace, "class", STAT_CSV, text, sizeof text);
    assert_string_equal(text, "class,count,el2_insns,min,median,p99,max,share\n"
                              "\"HVC64\",3,100,10,30,60,60,10.0000\n"
                              "\"DABT_LOWER\",1,100,100,100,100,100,10.0000\n"
                              "\"IRQ\",1,5,5,5,5,5,0.5000\n");
    printed_by(r.trace, "class", STAT_JSON, text, sizeof text);
    must_have(text, "{\"instructions\":1000,\"rows\":[\n{\"class\":\"HVC64\",\"count\":3,"
                    "\"el2_insns\":100,\"min\":10,\"median\":30,\"p99\":60,\"max\":60,"
                    "\"share\":10.0000},\n");
    printed_by(r.trace, "class", STAT_TABLE, text, sizeof text);
    must_have_row(text, "\nIRQ 1 5 5 5 5 5 0.50%\n5 exits, 1000 instructions\n");
    // An exit that is under way when the counts start again belongs to none.
    take(&r, EC_HVC64, 0, 0x1004);
    trace_reset_stats(r.trace);
    give_back(&r, 10, EL1H, 0x1004);
    printed_by(r.trace, "class", STAT_TABLE, text, sizeof text);
    must_have_row(text, "share\n0 exits, 10 instructions\n");
    assert_string_equal(finish(&r), "");
    end(&r);
}

static void test_by_function(void **state) {
    (void)state;
    Rig r;
    char text[4096];
    Symbols *symbols = symbols_create();
    symbols_add_one(symbols, 5, "say \"hi\"", 0x1000, 0x10);
    symbols_sort(symbols);
    start_config(&r, (TraceConfig){.by_all = true, .shared_symbols = symbols});
    provoke(&r);
    printed_by(r.trace, "function", STAT_CSV, text, sizeof text);
    must_have(text, "\n\"-\",3,");
    must_have(text, "\n\"say \"\"hi\"\"\",2,");
    printed_by(r.trace, "function", STAT_JSON, text, sizeof text);
    must_have(text, "{\"function\":\"say \\\"hi\\\"\",\"count\":2,");
    finish(&r);
    end(&r);
    symbols_free(symbols);
}

// Counts stay exact when there are more values than rows.
static void test_by_many(void **state) {
    (void)state;
    StatsBy *s = by_create();
    char text[STAT_DIMENSIONS][16], *value[STAT_DIMENSIONS];
    for (unsigned d = 0; d < STAT_DIMENSIONS; d++) *(value[d] = text[d]) = 0;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text[STAT_DETAIL], sizeof text[0], "%u", i);
        by_exit(s, value);
    }
    FILE *f = tmpfile();
    assert_non_null(f);
    by_print(s, &(StatChoice){{STAT_DETAIL}, 1, STAT_CSV}, 0, f);
    by_print(s, &(StatChoice){{STAT_VM}, 1, STAT_CSV}, 0, f);
    rewind(f);
    char line[256];
    bool others = false, all = false;
    while (fgets(line, sizeof line, f)) {
        others |= !strcmp(line, "\"(others)\",904,0,0,0,0,0,0.0000\n");
        all |= !strcmp(line, "\"\",4096,0,0,0,0,0,0.0000\n");
    }
    assert_true(others && all);
    fclose(f);
    by_free(s);
}

static void test_choice(void **state) {
    (void)state;
    Error err = {""};
    StatChoice c = {.count = 0};
    assert_true(stat_choice_by(&c, "ipa,vm", &err));
    assert_int_equal(c.count, 2);
    assert_int_equal(c.by[0], STAT_IPA);
    assert_int_equal(c.by[1], STAT_VM);
    assert_false(stat_choice_by(&c, "vm", &err));
    must_have(err.text, "'vm' is there twice");
    assert_false(stat_choice_by(&c, "class,", &err));
    assert_false(stat_choice_by(&c, "vms", &err));
    must_have(err.text, "'vms' is none of vm, vcpu");
    assert_true(stat_choice_format(&c, "csv:x", 3));
    assert_int_equal(c.format, STAT_CSV);
    assert_false(stat_choice_format(&c, "js", 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_and_return),
        cmocka_unit_test(test_return_elsewhere),
        cmocka_unit_test(test_data_aborts),
        cmocka_unit_test(test_system_registers),
        cmocka_unit_test(test_tag_check_fault),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_other_classes),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_illegal_return),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_exact_count),
        cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_wide_numbers),
        cmocka_unit_test(test_many_details),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_by_dimensions),
        cmocka_unit_test(test_by_function),
        cmocka_unit_test(test_by_many),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
