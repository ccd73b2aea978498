// Self-hosted debug: what breakpoints and watchpoints match, where debug exceptions go, software
// step. Expectations are from the Arm ARM's chapter "AArch64 Self-hosted Debug", written down here
// apart from the code: the table of {HMC, SSC, PMC}, of breakpoint types, of the step states.
#include "cpu/armed.h"
#include "cpu/exception.h"
#include "cpu/observer.h"
#include "cpu/sysreg.h"
#include "mmu/mmu.h"
#include "unit/one_cpu.h"

#include <stdio.h>

// CODE and the vectors are in a block that EL0 and EL1 may execute, DATA in one that they may
// write.
enum {
    CODE = 0x40100000,
    VECTORS = 0x40180000,
    DATA = 0x40200000,
    TABLES = 0x40600000,
    NOP = 0xd503201f,
    ISB = 0xd5033fdf,
    SVC = 0xd4000001,
    HVC = 0xd4000002,
    ERET = 0xd69f03e0,
    WFI = 0xd503207f,
    B_SELF = 0x14000000,
    BR_X0 = 0xd61f0000,
    BRK7 = 0xd42000e0,
    LDR = 0xf9400001,   // ldr x1, [x0]
    LDXR = 0xc85f7c01,  // ldxr x1, [x0]
    LDXP = 0xc87f0801,  // ldxp x1, x2, [x0]
};
enum { MDE = 1 << 15, KDE = 1 << 13, SS = 1 << 0, TDE = 1 << 8 };
enum { E = 1, BAS = 0xf << 5, LOAD = 1 << 3, STORE = 2 << 3, WLINK = 1 << 20 };

// At `el` with D, A, I, F as given in `mask`.
static void set_el(unsigned el, u32 mask) {
    pstate_changed(cpu, mask | (el ? PSTATE_SP : 0) | el << PSTATE_EL_SHIFT);
}

// A register written as software does, from EL2.
static void put(const char *name, u64 value) {
    u32 pstate = cpu->pstate;
    set_el(2, PSTATE_DAIF);
    assert_true(sysreg_write(cpu, sysreg_info(sysreg_find(name))->enc, 0, value));
    pstate_changed(cpu, pstate);
}
static void put_n(const char *format, unsigned n, u64 value) {
    char name[32];
    snprintf(name, sizeof name, format, n);
    put(name, value);
}
static void breakpoint(unsigned n, u64 value, u64 control) {
    put_n("DBGBVR%u_EL1", n, value);
    put_n("DBGBCR%u_EL1", n, control ? control | BAS : 0);
}
static void watchpoint(unsigned n, u64 value, u64 control) {
    put_n("DBGWVR%u_EL1", n, value);
    put_n("DBGWCR%u_EL1", n, control);
}
static void disarm(void) {
    for (unsigned n = 0; n < 6; n++) breakpoint(n, 0, 0);
    for (unsigned n = 0; n < 4; n++) watchpoint(n, 0, 0);
}

static int setup_model(const char *model, bool el2) {
    machine_with((MachineConfig){.cpu_model = model, .el2 = el2});
    cpu->sys.VBAR_EL1 = VECTORS;
    cpu->sys.VBAR_EL2 = VECTORS + 0x800;
    for (u64 at = VECTORS; at < VECTORS + 0x1000; at += 4) PLACE(at, B_SELF);
    // Level 1: 1 GB by a table of 2 MB blocks; EL2: one block of 1 GB.
    poke(TABLES + 8, TABLES + 0x1000 + 3);
    poke(TABLES + 0x1000, 0x40000000 | 1 << 10 | 3 << 8 | 3 << 6 | 1);      // read-only, EL0 too
    poke(TABLES + 0x1008, 0x40200000 | 1 << 10 | 3 << 8 | 1 << 6 | 1);      // read and write
    poke(TABLES + 0x2000 + 8, 0x40000000 | 1 << 10 | 3 << 8 | 1 << 6 | 1);  // EL2
    cpu->sys.TTBR0_EL1 = TABLES;
    cpu->sys.TTBR0_EL2 = TABLES + 0x2000;
    cpu->sys.TCR_EL1 = 1ull << 37 | 2ull << 32 | 1 << 23 | 25;  // 39 bits, TBI0, no TTBR1
    cpu->sys.TCR_EL2 = 1u << 31 | 1 << 23 | 2 << 16 | 25;
    cpu->sys.MAIR_EL1 = cpu->sys.MAIR_EL2 = 0xff;
    cpu->sys.SCTLR_EL1 |= 1 | 1 << 26 | 1 << 14;  // M, UCI, DZE
    cpu->sys.SCTLR_EL2 |= 1;
    if (el2) cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    cpu->sys.OSLSR_EL1 = 8;
    cpu->sys.CPACR_EL1 = 3 << 20;
    fp_access_changed(cpu);
    tlb_context_changed(cpu);
    return 0;
}
static int setup(void **state) {
    (void)state;
    return setup_model("max", true);
}
static int setup_a57(void **state) {
    (void)state;
    return setup_model("cortex-a57", true);
}
static int setup_without_el2(void **state) {
    (void)state;
    return setup_model("max", false);
}

// Exception class that the next instruction took, and where; 0: none.
static unsigned taken_ec, taken_el;
static u64 taken_esr, taken_elr, taken_far;
static void note_exception(u64 before) {
    taken_ec = 0;
    if (cpu->exceptions == before) return;
    taken_el = cpu->el;
    taken_esr = taken_el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
    taken_elr = taken_el == 2 ? cpu->sys.ELR_EL2 : cpu->sys.ELR_EL1;
    taken_far = taken_el == 2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1;
    taken_ec = (unsigned)(taken_esr >> 26);
}
static unsigned step_from(u64 pc, unsigned el, u32 mask) {
    u64 before = cpu->exceptions;
    set_el(el, mask);
    cpu->pc = pc;
    cpu_step(cpu);
    note_exception(before);
    return taken_ec;
}
static unsigned run_from(u64 pc, unsigned el, u32 mask, unsigned instructions) {
    u64 before = cpu->exceptions;
    set_el(el, mask);
    cpu->pc = pc;
    cpu_run(cpu, cpu->icount + instructions);
    note_exception(before);
    return taken_ec;
}

// --- state matching ------------------------------------------------------------------------------

// By {HMC, SSC, PxC}, from the tables of "Execution conditions for which a breakpoint generates
// Breakpoint exceptions": Exception levels of the Non-secure state, as bits. Values reserved
// without EL3 mean what they mean with it (debug_match.c says so).
static const u8 levels[32] = {
    // PxC 00, 01, 10, 11
    0, 2, 1, 3,  // HMC 0, SSC 00: EL1, EL0
    0, 2, 1, 3,  //        SSC 01: the same, Non-secure
    0, 0, 0, 0,  //        SSC 10: Secure
    0, 0, 0, 0,  //        SSC 11: Secure
    0, 6, 0, 7,  // HMC 1, SSC 00: EL3 and EL2 too
    4, 6, 0, 7,  //        SSC 01: EL2 too, Non-secure
    0, 0, 0, 0,  //        SSC 10: Secure
    4, 6, 0, 7,  //        SSC 11: EL2 too
};
static u64 state_bits(unsigned i) {
    return (u64)(i >> 4) << 13 | (u64)(i >> 2 & 3) << 14 | (u64)(i & 3) << 1;
}

static void state_matrix(void **state) {
    (void)state;
    put("MDCR_EL2", TDE);  // so that all three levels can
    put("MDSCR_EL1", MDE | KDE);
    cpu->x[0] = DATA;
    for (unsigned i = 0; i < 32; i++) {
        for (unsigned el = 0; el < 3; el++) {
            bool expected = levels[i] >> el & 1;
            PLACE(CODE, NOP, LDR);
            breakpoint(3, CODE, state_bits(i) | E);
            unsigned ec = step_from(CODE, el, 0);
            if (ec != (expected ? (el == 2 ? 0x31 : 0x30) : 0))
                fail_msg("breakpoint {HMC, SSC, PMC} = %u at EL%u: EC 0x%x", i, el, ec);
            breakpoint(3, 0, 0);
            watchpoint(2, DATA, state_bits(i) | 0xff << 5 | LOAD | E);
            ec = step_from(CODE + 4, el, 0);
            if (ec != (expected ? (el == 2 ? 0x35 : 0x34) : 0))
                fail_msg("watchpoint {HMC, SSC, PAC} = %u at EL%u: EC 0x%x", i, el, ec);
            watchpoint(2, 0, 0);
        }
    }
    // LDTR at EL1 has EL0's privilege; with UAO, EL1's.
    PLACE(CODE, 0xf8400801);  // ldtr x1, [x0]
    watchpoint(0, DATA, 2 << 1 | 0xff << 5 | LOAD | E);
    assert_int_equal(step_from(CODE, 1, 0), 0x34);
    assert_int_equal(step_from(CODE, 1, PSTATE_UAO), 0);
    watchpoint(0, DATA, 1 << 1 | 0xff << 5 | LOAD | E);
    assert_int_equal(step_from(CODE, 1, 0), 0);
    assert_int_equal(step_from(CODE, 1, PSTATE_UAO), 0x34);
}

// --- breakpoint types ----------------------------------------------------------------------------

typedef struct TypeCase {
    const char *text;
    u8 bt;
    unsigned unit;
    u64 bvr;
    u64 hcr;          // added
    u8 expected;      // Exception levels that match when the values are those of set_values()
    u8 expected_a57;  // without VHE
} TypeCase;

enum { ID1 = 0x11112223, ID2 = 0x44445556, VMID = 0xab };

static const TypeCase type_cases[] = {
    {"address", 0, 0, CODE, 0, 7, 7},
    {"address, other", 0, 0, CODE + 4, 0, 0, 0},
    {"address, sign bits ignored", 0, 1, 0xfe00000000000000 | CODE, 0, 7, 7},
    {"context", 2, 4, ID1, 0, 3, 3},
    {"context in the last unit", 2, 5, ID1, 0, 3, 3},
    {"context, unit is not aware", 2, 3, ID1, 0, 0, 0},
    {"context, other", 2, 4, ID1 + 1, 0, 0, 0},
    {"context, E2H: EL2 compares EL2's", 2, 4, ID2, 1ull << HCR_E2H, 4, 0},
    {"address mismatch, AArch32 only", 4, 4, 0, 0, 0, 0},
    {"CONTEXTIDR_EL1", 6, 4, ID1, 0, 3, 0},
    {"CONTEXTIDR_EL1, not in a host", 6, 4, ID2, 1ull << HCR_E2H, 0, 0},
    {"VMID", 8, 5, (u64)VMID << 32, 0, 3, 3},
    {"VMID, other", 8, 5, (u64)(VMID + 1) << 32, 0, 0, 0},
    {"context and VMID", 10, 5, (u64)VMID << 32 | ID1, 0, 3, 3},
    {"context and VMID, other VMID", 10, 5, (u64)(VMID + 1) << 32 | ID1, 0, 0, 0},
    {"context and VMID, other context", 10, 5, (u64)VMID << 32 | ID2, 0, 0, 0},
    {"CONTEXTIDR_EL2", 12, 5, (u64)ID2 << 32, 0, 7, 0},
    {"CONTEXTIDR_EL2, other", 12, 5, (u64)ID1 << 32, 0, 0, 0},
    {"full context", 14, 5, (u64)ID2 << 32 | ID1, 0, 3, 0},
    {"full context, other EL1", 14, 5, (u64)ID2 << 32 | ID2, 0, 0, 0},
    {"linked context alone", 3, 4, ID1, 0, 0, 0},
    {"linked VMID alone", 9, 4, (u64)VMID << 32, 0, 0, 0},
};

static void set_values(void) {
    cpu->sys.CONTEXTIDR_EL1 = ID1;
    cpu->sys.CONTEXTIDR_EL2 = ID2;
    put("VTTBR_EL2", (u64)VMID << 48);
}

static void check_types(bool a57) {
    PLACE(CODE, NOP, NOP);
    put("MDCR_EL2", TDE);
    put("MDSCR_EL1", MDE | KDE);
    set_values();
    for (unsigned i = 0; i < ARRAY_LEN(type_cases); i++) {
        const TypeCase *c = &type_cases[i];
        if (a57 && c->hcr) continue;
        put("HCR_EL2", 1ull << HCR_RW | c->hcr);
        put("SCTLR_EL2", c->hcr ? 0 : 1);  // the tables are not for EL2&0
        breakpoint(c->unit, c->bvr, (u64)c->bt << 20 | 1 << 13 | 3 << 1 | E);
        for (unsigned el = 0; el < 3; el++) {
            bool expected = (a57 ? c->expected_a57 : c->expected) >> el & 1;
            unsigned ec = step_from(CODE, el, 0);
            if (ec != (!expected ? 0 : el == 2 ? 0x31u : 0x30u))
                fail_msg("%s at EL%u: EC 0x%x", c->text, el, ec);
        }
        disarm();
    }
}
static void breakpoint_types(void **state) {
    (void)state;
    check_types(false);
}
static void breakpoint_types_a57(void **state) {
    (void)state;
    check_types(true);
}

static void linking(void **state) {
    (void)state;
    enum { LINKED = 1 << 20, ANY = 3 << 1 };
    PLACE(CODE, NOP, LDR);
    cpu->x[0] = DATA;
    put("MDSCR_EL1", MDE | KDE);
    set_values();
    static const struct {
        const char *text;
        u64 lbn, control, value;
        bool expected;
    } cases[] = {
        {"linked context", 4, 3 << 20 | ANY | E, ID1, true},
        {"linked context, other", 4, 3 << 20 | ANY | E, ID2, false},
        {"linked VMID", 5, 9 << 20 | E, (u64)VMID << 32, true},
        {"linked context and VMID", 5, 11 << 20 | E, (u64)VMID << 32 | ID1, true},
        {"target is not linked", 4, 2 << 20 | E, ID1, false},
        {"target is an address", 4, 1 << 20 | E, ID1, false},
        {"target is off", 4, 3 << 20, ID1, false},
        {"target is not context-aware", 3, 3 << 20 | E, ID1, false},
        {"target does not exist", 9, 3 << 20 | E, ID1, false},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        // As a breakpoint that is enabled for EL0 and EL1, and the same as a watchpoint.
        if (cases[i].lbn < 6) breakpoint((unsigned)cases[i].lbn, cases[i].value, cases[i].control);
        breakpoint(0, CODE, LINKED | cases[i].lbn << 16 | ANY | E);
        unsigned ec = step_from(CODE, 1, 0);
        if (ec != (cases[i].expected ? 0x31 : 0)) fail_msg("%s: EC 0x%x", cases[i].text, ec);
        watchpoint(0, DATA, WLINK | cases[i].lbn << 16 | ANY | 0xff << 5 | LOAD | E);
        ec = step_from(CODE + 4, 1, 0);
        if (ec != (cases[i].expected ? 0x35 : 0)) fail_msg("%s: watch EC 0x%x", cases[i].text, ec);
        disarm();
    }
}

// --- watchpoints ---------------------------------------------------------------------------------

typedef struct AccessCase {
    const char *text;
    u32 word;
    unsigned size;  // bytes accessed
    int offset;     // of the first one from X0
    bool read, write;
    u32 before;  // executed first, with nothing armed
} AccessCase;

static const AccessCase accesses[] = {
    {"ldrb w1, [x0]", 0x39400001, 1, 0, 1, 0, 0},
    {"ldrsw x1, [x0]", 0xb9800001, 4, 0, 1, 0, 0},
    {"ldr x1, [x0]", 0xf9400001, 8, 0, 1, 0, 0},
    {"ldr x1, [x0, x5]", 0xf8656801, 8, 16, 1, 0, 0},
    {"ldur x1, [x0, #-3]", 0xf85fd001, 8, -3, 1, 0, 0},
    {"ldp x1, x2, [x0]", 0xa9400801, 16, 0, 1, 0, 0},
    {"ldpsw x1, x2, [x0]", 0x69400801, 8, 0, 1, 0, 0},
    {"ldnp x1, x2, [x0]", 0xa8400801, 16, 0, 1, 0, 0},
    {"ldr q0, [x0]", 0x3dc00000, 16, 0, 1, 0, 0},
    {"ldp q0, q1, [x0]", 0xad400400, 32, 0, 1, 0, 0},
    {"ldar x1, [x0]", 0xc8dffc01, 8, 0, 1, 0, 0},
    {"ldapr x1, [x0]", 0xf8bfc001, 8, 0, 1, 0, 0},
    {"ldxr x1, [x0]", 0xc85f7c01, 8, 0, 1, 0, 0},
    {"ldaxp x1, x2, [x0]", 0xc87f8801, 16, 0, 1, 0, 0},
    {"ldtr x1, [x0]", 0xf8400801, 8, 0, 1, 0, 0},
    {"ld1 {v0.16b-v3.16b}, [x0]", 0x4c402000, 64, 0, 1, 0, 0},
    {"ld3 {v0.8b-v2.8b}, [x0]", 0x0c404000, 24, 0, 1, 0, 0},
    {"ld1r {v0.4s}, [x0]", 0x4d40c800, 4, 0, 1, 0, 0},
    {"ld1 {v0.d}[1], [x0]", 0x4d408400, 8, 0, 1, 0, 0},
    {"strb w1, [x0]", 0x39000001, 1, 0, 0, 1, 0},
    {"str x1, [x0]", 0xf9000001, 8, 0, 0, 1, 0},
    {"str x1, [x0], #8", 0xf8008401, 8, 0, 0, 1, 0},
    {"stp x1, x2, [x0]", 0xa9000801, 16, 0, 0, 1, 0},
    {"str q0, [x0]", 0x3d800000, 16, 0, 0, 1, 0},
    {"stp q0, q1, [x0]", 0xad000400, 32, 0, 0, 1, 0},
    {"stlr x1, [x0]", 0xc89ffc01, 8, 0, 0, 1, 0},
    {"sttr x1, [x0]", 0xf8000801, 8, 0, 0, 1, 0},
    {"st1 {v0.16b-v3.16b}, [x0]", 0x4c002000, 64, 0, 0, 1, 0},
    {"st4 {v0.8b-v3.8b}, [x0]", 0x0c000000, 32, 0, 0, 1, 0},
    {"st1 {v0.s}[1], [x0]", 0x0d009000, 4, 0, 0, 1, 0},
    {"dc zva, x0", 0xd50b7420, 64, 0, 0, 1, 0},
    {"dc ivac, x0", 0xd5087620, 64, 0, 0, 1, 0},
    {"ldadd x1, x2, [x0]", 0xf8210002, 8, 0, 1, 1, 0},
    {"stadd x1, [x0]", 0xf821001f, 8, 0, 1, 1, 0},
    {"swp w1, w2, [x0]", 0xb8218002, 4, 0, 1, 1, 0},
    {"cas x1, x2, [x0]", 0xc8a17c02, 8, 0, 1, 1, 0},
    {"casp x2, x3, x4, x5, [x0]", 0x48227c04, 16, 0, 1, 1, 0},
    {"stxr w3, x1, [x0]", 0xc8037c01, 8, 0, 0, 1, 0xc85f7c01},
    {"stxp w3, x1, x2, [x0]", 0xc8230801, 16, 0, 0, 1, 0xc87f0801},
    {"dc civac, x0", 0xd50b7e20, 64, 0, 0, 0, 0},
    {"dc cvac, x0", 0xd50b7a20, 64, 0, 0, 0, 0},
    {"ic ivau, x0", 0xd50b7520, 64, 0, 0, 0, 0},
    {"prfm pldl1keep, [x0]", 0xf9800000, 8, 0, 0, 0, 0},
    {"at s1e1w, x0", 0xd5087820, 8, 0, 0, 0, 0},
};

// The access at `base` with the byte at base + offset + byte watched.
static void check_access(const AccessCase *c, u64 base, int byte, u64 lsc) {
    u64 watched = base + (u64)c->offset + (u64)byte;
    bool inside = byte >= 0 && byte < (int)c->size, load = lsc & LOAD, store = lsc & STORE;
    bool expected = inside && ((c->read && load) || (c->write && store));
    bool maintenance = c->word == 0xd5087620;
    disarm();
    cpu->x[0] = base;
    cpu->x[1] = cpu->x[2] = cpu->x[4] = 0x77;
    cpu->x[5] = 16;
    memset(memory(align_down(base, 4096) - 4096), 0x55, 3 * 4096);
    if (c->before) {
        PLACE(CODE, c->before);
        assert_int_equal(step_from(CODE, 1, 0), 0);
    }
    PLACE(CODE, c->word);
    watchpoint(1, watched & ~7ull, 1ull << (5 + (watched & 7)) | lsc | 3 << 1 | E);
    unsigned ec = step_from(CODE, 1, 0);
    if (ec != (expected ? 0x35 : 0))
        fail_msg("%s, byte %d, LSC %u: EC 0x%x", c->text, byte, (unsigned)lsc >> 3, ec);
    if (!expected) return;
    bool wnr = c->write && !(c->read && load);
    u64 esr = 0x35u << 26 | 1 << 25 | 0x22 | (wnr ? 1 << 6 : 0) | (maintenance ? 1 << 8 : 0);
    if (taken_esr != esr) fail_msg("%s: ESR 0x%llx", c->text, (unsigned long long)taken_esr);
    assert_int_equal(taken_far, maintenance ? base : watched);
    assert_int_equal(taken_elr, CODE);
    assert_int_equal(cpu->x[0], base);
    assert_int_equal(*memory(watched), 0x55);
}

static void watchpoint_accesses(void **state) {
    (void)state;
    put("MDSCR_EL1", MDE | KDE);
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        const AccessCase *c = &accesses[i];
        int last = (int)c->size - 1;
        const int bytes[] = {-1, 0, last / 2, last, last + 1};
        // In the middle of a page, and across two when the instruction may.
        bool can_cross = c->size > 1 && (c->word & 0x3f000000) >> 24 != 8 && !c->before &&
                         (c->word == 0xf9400001 || c->word == 0xa9400801 || c->word == 0x3dc00000 ||
                          c->word == 0xf9000001 || c->word == 0xa9000801 || c->word == 0x3d800000);
        for (unsigned k = 0; k < ARRAY_LEN(bytes); k++)
            for (u64 lsc = LOAD; lsc <= (LOAD | STORE); lsc += LOAD) {
                check_access(c, DATA + 0x1040, bytes[k], lsc);
                if (can_cross) check_access(c, DATA + 0x2000 - c->size / 2 - 1, bytes[k], lsc);
            }
    }
}

// In an address space where the data pages are mapped already: arming must find the entries.
static void watchpoint_areas(void **state) {
    (void)state;
    PLACE(CODE, LDR);
    put("MDSCR_EL1", MDE | KDE);
    static const struct {
        const char *text;
        u64 value, bas, mask;
        u64 at;   // address of an 8-byte load
        u64 far;  // 0: no match
    } cases[] = {
        {"BAS 0", DATA, 0, 0, DATA, 0},
        {"byte 7", DATA, 0x80, 0, DATA, DATA + 7},
        {"bytes 2 to 4", DATA, 0x1c, 0, DATA, DATA + 2},
        {"word: BAS<7:4> ignored", DATA + 4, 0xf0, 0, DATA, 0},
        {"word: its byte 1", DATA + 4, 0x02, 0, DATA, DATA + 5},
        {"not contiguous: the first run", DATA, 0xc3, 0, DATA, DATA},
        {"not contiguous: not the second", DATA, 0xc3, 0, DATA + 2, 0},
        {"mask 1 is reserved", DATA, 0xff, 1, DATA, 0},
        {"mask 2 is reserved", DATA, 0xff, 2, DATA, 0},
        {"mask 3", DATA + 8, 0xff, 3, DATA + 8, DATA + 8},
        {"mask 3, before", DATA + 8, 0xff, 3, DATA, 0},
        {"mask 12, first", DATA + 0x3000, 0xff, 12, DATA + 0x2ffc, DATA + 0x3000},
        {"mask 12, last", DATA + 0x3000, 0xff, 12, DATA + 0x3ffc, DATA + 0x3ffc},
        {"mask 12, behind", DATA + 0x3000, 0xff, 12, DATA + 0x4000, 0},
        {"mask 20, masked bits ignored", DATA + 0x3000, 0xff, 20, DATA + 0xff000, DATA + 0xff000},
        {"mask 31, other half", 0x80000000, 0xff, 31, DATA, 0},
        {"mask 31", 0, 0xff, 31, DATA + 0x12345, DATA + 0x12345},
        {"mask and BAS: BAS ignored", DATA, 0x01, 4, DATA + 8, DATA + 8},
        {"tagged address", DATA, 0xff, 0, 0x5a00000000000000 | DATA, 0x5a00000000000000 | DATA},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        disarm();
        cpu->x[0] = cases[i].at;
        assert_int_equal(step_from(CODE, 1, 0), 0);
        watchpoint(3, cases[i].value, cases[i].mask << 24 | cases[i].bas << 5 | LOAD | 3 << 1 | E);
        unsigned ec = step_from(CODE, 1, 0);
        if (ec != (cases[i].far ? 0x35 : 0)) fail_msg("%s: EC 0x%x", cases[i].text, ec);
        if (ec && taken_far != cases[i].far)
            fail_msg("%s: FAR 0x%llx", cases[i].text, (unsigned long long)taken_far);
    }
    // Stores beside the watched bytes do not make the page fast again; disarmed is off.
    disarm();
    watchpoint(0, DATA + 0x5ff8, 0xff << 5 | STORE | 3 << 1 | E);
    PLACE(CODE, 0xf9000001);  // str x1, [x0]
    for (unsigned i = 0; i < 100; i++) {
        cpu->x[0] = DATA + 0x5000 + 8 * i;
        assert_int_equal(step_from(CODE, 1, 0), 0);
        cpu->x[0] = DATA + 0x5ff8;
        assert_int_equal(step_from(CODE, 1, 0), 0x35);
    }
    disarm();
    assert_int_equal(step_from(CODE, 1, 0), 0);
}

// --- enables and routing -------------------------------------------------------------------------

typedef struct RouteCase {
    u64 mdscr, mdcr, hcr;
    u32 mask;
    u8 oslar;
    u8 to[3];  // target of a breakpoint at EL0, EL1, EL2; 0: none
    u8 brk[3];
} RouteCase;

static const RouteCase routes[] = {
    {MDE, 0, 0, 0, 0, {1, 0, 0}, {1, 1, 2}},
    {MDE | KDE, 0, 0, 0, 0, {1, 1, 0}, {1, 1, 2}},
    {MDE | KDE, 0, 0, PSTATE_D, 0, {1, 0, 0}, {1, 1, 2}},
    {KDE, 0, 0, 0, 0, {0, 0, 0}, {1, 1, 2}},
    {MDE | KDE, 0, 0, 0, 1, {0, 0, 0}, {1, 1, 2}},
    {MDE, TDE, 0, 0, 0, {2, 2, 0}, {2, 2, 2}},
    {MDE, TDE, 0, PSTATE_D, 0, {2, 2, 0}, {2, 2, 2}},
    {MDE | KDE, TDE, 0, 0, 0, {2, 2, 2}, {2, 2, 2}},
    {MDE | KDE, TDE, 0, PSTATE_D, 0, {2, 2, 0}, {2, 2, 2}},
    {MDE | KDE, TDE, 0, 0, 1, {0, 0, 0}, {2, 2, 2}},
    {MDE, 0, 1 << HCR_TGE, 0, 0, {2, 2, 0}, {2, 2, 2}},
    {MDE | KDE, 0, 1 << HCR_TGE, 0, 0, {2, 2, 2}, {2, 2, 2}},
};

static void routing(void **state) {
    (void)state;
    PLACE(CODE, NOP, LDR, BRK7);
    for (unsigned i = 0; i < ARRAY_LEN(routes); i++) {
        const RouteCase *r = &routes[i];
        put("OSLAR_EL1", r->oslar);
        put("MDSCR_EL1", r->mdscr);
        put("MDCR_EL2", r->mdcr);
        put("HCR_EL2", 1ull << HCR_RW | r->hcr);
        breakpoint(0, CODE, 1 << 13 | 3 << 1 | E);
        watchpoint(0, DATA, 1 << 13 | 3 << 1 | 0xff << 5 | LOAD | E);
        cpu->x[0] = DATA;
        for (unsigned el = 0; el < 3; el++) {
            if (el == 1 && r->hcr) continue;  // there is no EL1 with TGE
            unsigned ec = step_from(CODE, el, r->mask), to = r->to[el];
            if (ec != (!to ? 0 : to == el ? 0x31u : 0x30u) || (to && taken_el != to))
                fail_msg("route %u, breakpoint at EL%u: EC 0x%x to EL%u", i, el, ec, taken_el);
            if (ec) assert_int_equal(taken_esr & 0x3ffffff, 1 << 25 | 0x22);
            // TGE turns stage 1 of EL0 off: memory is Device, and a load is a load.
            ec = step_from(CODE + 4, el, r->mask);
            if (ec != (!to ? 0 : to == el ? 0x35u : 0x34u) || (to && taken_el != to))
                fail_msg("route %u, watchpoint at EL%u: EC 0x%x to EL%u", i, el, ec, taken_el);
            ec = step_from(CODE + 8, el, r->mask);
            if (ec != 0x3c || taken_el != r->brk[el] || (taken_esr & 0xffff) != 7)
                fail_msg("route %u, BRK at EL%u: EC 0x%x to EL%u", i, el, ec, taken_el);
        }
    }
}

static void double_lock(void **state) {
    (void)state;
    PLACE(CODE, NOP);
    put("MDSCR_EL1", MDE | KDE);
    breakpoint(0, CODE, 3 << 1 | E);
    assert_int_equal(step_from(CODE, 1, 0), 0x31);
    put("OSDLR_EL1", 1);
    assert_int_equal(step_from(CODE, 1, 0), 0);
    put("DBGPRCR_EL1", 1);  // CORENPDRQ: the lock does not hold
    assert_int_equal(step_from(CODE, 1, 0), 0x31);
    put("DBGPRCR_EL1", 0);
    assert_int_equal(step_from(CODE, 1, 0), 0);
    put("OSDLR_EL1", 0);
    assert_int_equal(step_from(CODE, 1, 0), 0x31);
}

static void without_el2(void **state) {
    (void)state;
    PLACE(CODE, NOP);
    u32 pstate = PSTATE_SP | 1 << PSTATE_EL_SHIFT;
    pstate_changed(cpu, pstate);
    cpu->sys.MDSCR_EL1 = MDE | KDE;
    cpu->sys.DBGBVR4_EL1 = CODE;
    const struct {
        u64 control;
        unsigned ec;
    } cases[] = {
        {3 << 1 | E, 0x31},
        {1 << 13 | 3 << 14 | E, 0},       // EL2
        {1 << 13 | 1 << 1 | E, 0x31},     // HMC is reserved: EL1 of it
        {(u64)8 << 20 | 3 << 1 | E, 0},   // VMID
        {(u64)10 << 20 | 3 << 1 | E, 0},  // VMID and context
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        pstate_changed(cpu, pstate);
        assert_true(
            sysreg_write(cpu, sysreg_info(sysreg_find("DBGBCR4_EL1"))->enc, 0, cases[i].control));
        assert_int_equal(step_from(CODE, 1, 0), cases[i].ec);
    }
}

// What the trace prints as the reason.
static const char *last_rule;
static void observe(void *arg, Cpu *c, const ExceptionEvent *e) {
    (void)arg;
    (void)c;
    last_rule = e->exc->rule;
}

static void rules(void **state) {
    (void)state;
    Observer observer = {.exception = observe};
    cpu->observer = &observer;
    PLACE(CODE, NOP, LDR, BRK7);
    cpu->x[0] = DATA;
    put("MDSCR_EL1", MDE);
    breakpoint(2, CODE, 3 << 1 | E);
    watchpoint(3, DATA, 3 << 1 | 0xff << 5 | LOAD | E);
    static const char *const expected[3][4] = {
        {"DBGBCR2_EL1", "DBGWCR3_EL1", NULL, "MDSCR_EL1.SS"},
        {"MDCR_EL2.TDE", "MDCR_EL2.TDE", "MDCR_EL2.TDE", "MDCR_EL2.TDE"},
        {"HCR_EL2.TGE", "HCR_EL2.TGE", "HCR_EL2.TGE", "HCR_EL2.TGE"},
    };
    for (unsigned i = 0; i < 3; i++) {
        put("MDCR_EL2", i ? TDE : 0);
        put("HCR_EL2", 1ull << HCR_RW | (i == 2 ? 1 << HCR_TGE : 0));
        for (unsigned k = 0; k < 4; k++) {
            if (k == 3) put("MDSCR_EL1", MDE | SS);
            last_rule = "none";
            step_from(CODE + 4 * k % 12, 0, 0);
            if (expected[i][k])
                assert_string_equal(last_rule, expected[i][k]);
            else
                assert_null(last_rule);
            put("MDSCR_EL1", MDE);
        }
    }
    cpu->observer = NULL;
}

// --- priorities ----------------------------------------------------------------------------------

static void priorities(void **state) {
    (void)state;
    put("MDSCR_EL1", MDE | KDE | SS);
    PLACE(CODE, BRK7);
    breakpoint(0, CODE, 3 << 1 | E);
    breakpoint(1, DATA, 3 << 1 | E);
    breakpoint(2, CODE + 0x40000000ull, 3 << 1 | E);
    // Software step, then the fetch, then breakpoints, then PSTATE.IL, then BRK.
    assert_int_equal(step_from(CODE, 1, 0), 0x33);
    assert_int_equal(step_from(CODE + 2, 1, 0), 0x33);
    assert_int_equal(step_from(CODE + 0x40000000ull, 1, 0), 0x33);
    put("MDSCR_EL1", MDE | KDE);
    assert_int_equal(step_from(CODE + 2, 1, 0), EC_PC_ALIGN);
    assert_int_equal(step_from(CODE + 0x40000000ull, 1, 0), EC_IABT_SAME);
    assert_int_equal(step_from(DATA, 1, 0), EC_IABT_SAME);  // not executable
    assert_int_equal(step_from(CODE, 1, PSTATE_IL), 0x31);
    // A breakpoint is a matter of the translation: no memory has to answer.
    poke(TABLES + 0x18, 0xc0000000 | 1 << 10 | 3 << 8 | 3 << 6 | 1);
    assert_int_equal(step_from(0xc0000000, 1, 0), EC_IABT_SAME);
    breakpoint(3, 0xc0000000, 3 << 1 | E);
    assert_int_equal(step_from(0xc0000000, 1, 0), 0x31);
    assert_int_equal(step_from(0xc0000004, 1, 0), EC_IABT_SAME);
    breakpoint(0, 0, 0);
    assert_int_equal(step_from(CODE, 1, PSTATE_IL), EC_ILLEGAL_STATE);
    assert_int_equal(step_from(CODE, 1, 0), 0x3c);
    // Alignment and translation faults come before watchpoints.
    PLACE(CODE, 0xc8dffc01, LDR, 0xf9000001);  // ldar, ldr, str
    watchpoint(0, DATA, 0xff << 5 | LOAD | STORE | 3 << 1 | E);
    watchpoint(1, CODE, 0xff << 5 | LOAD | STORE | 3 << 1 | E);
    watchpoint(2, 0x80000000, 0xff << 5 | LOAD | STORE | 3 << 1 | E);
    cpu->x[0] = DATA + 4 + 8;
    cpu->x[0] = DATA + 5;
    cpu->sys.SCTLR_EL1 |= 2;
    tlb_context_changed(cpu);
    assert_int_equal(step_from(CODE + 4, 1, 0), EC_DABT_SAME);
    cpu->sys.SCTLR_EL1 &= ~2ull;
    tlb_context_changed(cpu);
    assert_int_equal(step_from(CODE + 4, 1, 0), 0x35);
    cpu->x[0] = CODE;  // read-only
    assert_int_equal(step_from(CODE + 8, 1, 0), EC_DABT_SAME);
    assert_int_equal(step_from(CODE + 4, 1, 0), 0x35);
    cpu->x[0] = 0x80000000;
    assert_int_equal(step_from(CODE + 4, 1, 0), EC_DABT_SAME);
}

// --- in running code -----------------------------------------------------------------------------

// Armed pages are found by falling into them, by branches, exceptions and returns, and an armed
// address in the page that runs takes effect at the next instruction.
static void running(void **state) {
    (void)state;
    put("MDSCR_EL1", MDE | KDE);
    const u64 page = CODE + 0x1000, back = VECTORS + 0x400;
    for (unsigned i = 0; i < 64; i++) PLACE(CODE + 0x1000 - 128 + 4 * i, NOP);
    PLACE(CODE + 0x1080, B_SELF);
    assert_int_equal(run_from(page - 64, 1, 0, 40), 0);  // fills the tables
    breakpoint(0, page + 8, 1 << 1 | E);
    assert_int_equal(run_from(page - 64, 1, 0, 40), 0x31);
    assert_int_equal(taken_elr, page + 8);
    // By EL: EL0 runs through the page.
    assert_int_equal(run_from(page - 64, 0, 0, 40), 0);
    assert_int_equal(run_from(page - 64, 1, PSTATE_D, 40), 0);
    // A branch within the armed page, and one from outside.
    PLACE(page, 0x14000002, NOP, NOP);  // b page + 8
    assert_int_equal(run_from(page, 1, 0, 40), 0x31);
    PLACE(CODE, BR_X0);
    cpu->x[0] = page + 8;
    u64 count = cpu->icount;
    assert_int_equal(run_from(CODE, 1, 0, 40), 0x31);
    assert_int_equal(taken_elr, page + 8);
    (void)count;
    // An exception whose vector is armed, and the return to an armed address.
    put("MDCR_EL2", TDE);
    breakpoint(1, back, 1 << 1 | E);
    PLACE(CODE, SVC);
    assert_int_equal(run_from(CODE, 0, 0, 40), 0x30);
    assert_int_equal(taken_elr, back);
    put("MDCR_EL2", 0);
    PLACE(CODE, ERET);
    cpu->sys.ELR_EL1 = page + 8;
    cpu->sys.SPSR_EL1 = 5;
    assert_int_equal(run_from(CODE, 1, PSTATE_D, 40), 0x31);
    assert_int_equal(taken_elr, page + 8);
    // MSR DAIFClr unmasks for the instruction behind it.
    PLACE(page, NOP, 0xd50348ff, NOP);
    assert_int_equal(run_from(page, 1, PSTATE_D, 40), 0x31);
    assert_int_equal(taken_elr, page + 8);
    // Armed by the code itself: MSR DBGBCR2_EL1, X2; ISB; NOP.
    disarm();
    put("DBGBVR2_EL1", page + 8);
    cpu->x[2] = 1 << 1 | E;
    PLACE(page, 0xd51002a2 | 0 << 5, ISB, NOP, NOP);
    PLACE(page, 0xd51002a2, ISB, NOP, NOP);
    assert_int_equal(run_from(page, 1, 0, 40), 0x31);
    assert_int_equal(taken_elr, page + 8);
    // A context breakpoint stops at the instruction after the ID matches, wherever it is.
    disarm();
    cpu->sys.CONTEXTIDR_EL1 = 0;
    breakpoint(4, 7, 2 << 20 | 1 << 1 | E);
    cpu->x[2] = 7;
    PLACE(page, 0xd518d022, ISB, NOP);  // msr contextidr_el1, x2
    assert_int_equal(run_from(page, 1, 0, 40), 0x31);
    assert_true(taken_elr == page + 4 || taken_elr == page + 8);
}

// Instructions are counted alike whether the page is armed or not.
static void same_count(void **state) {
    (void)state;
    // mov x3, #20; sub x3, x3, #1; ldr x1, [x0]; str x1, [x0]; cbnz x3, -3; svc
    PLACE(CODE, 0xd2800283, 0xd1000463, LDR, 0xf9000001, 0xb5ffffa3, SVC);
    put("MDSCR_EL1", MDE | KDE);
    u64 counts[2];
    for (unsigned armed = 0; armed < 2; armed++) {
        if (armed) breakpoint(0, CODE + 0x100, 3 << 1 | E);
        if (armed) watchpoint(0, DATA + 0x100, 0xff << 5 | LOAD | STORE | 3 << 1 | E);
        u64 before = cpu->icount;
        cpu->x[0] = DATA;
        set_el(1, 0);
        cpu->pc = CODE;
        while (cpu->pc != VECTORS + 0x200) cpu_run(cpu, cpu->icount + 1);
        counts[armed] = cpu->icount - before;
    }
    assert_int_equal(counts[0], 82);
    assert_int_equal(counts[1], 82);
}

// --- software step -------------------------------------------------------------------------------

// An ERET from EL2 (with debug exceptions masked there) to el, and what follows in `n`
// instructions.
static unsigned eret_to(u64 pc, unsigned el, u32 spsr, unsigned n) {
    u64 before;
    PLACE(CODE + 0x4000, ERET);
    put("ELR_EL2", pc);
    put("SPSR_EL2", spsr | (el ? 1 : 0) | el << 2);
    set_el(2, PSTATE_DAIF);
    cpu->pc = CODE + 0x4000;
    cpu_step(cpu);
    before = cpu->exceptions;
    for (unsigned i = 0; i < n && cpu->exceptions == before; i++) cpu_step(cpu);
    note_exception(before);
    return taken_ec;
}

enum { ISV = 1 << 24, EX = 1 << 6, SSBIT = 1 << 21 };
#define ISS (taken_esr & 0x1ffffff)

static void step_states(void **state) {
    (void)state;
    put("MDSCR_EL1", KDE | SS);
    cpu->x[0] = DATA;
    // Inactive: masked, and PSTATE.SS is not set by the return.
    PLACE(CODE, NOP, NOP, B_SELF);
    assert_int_equal(eret_to(CODE, 1, SSBIT | PSTATE_D, 2), 0);
    assert_false(cpu->pstate & PSTATE_SS);
    // Active-not-pending: one instruction, then the exception.
    assert_int_equal(eret_to(CODE, 1, SSBIT, 0), 0);
    assert_true(cpu->pstate & PSTATE_SS);
    assert_int_equal(eret_to(CODE, 1, SSBIT, 2), EC_SS_SAME);
    assert_int_equal(taken_elr, CODE + 4);
    assert_int_equal(ISS, ISV | 0x22);
    assert_false(cpu->sys.SPSR_EL1 & SSBIT);
    // Active-pending: at once.
    assert_int_equal(eret_to(CODE, 1, 0, 1), EC_SS_SAME);
    assert_int_equal(taken_elr, CODE);
    assert_int_equal(ISS, 0x22);
    assert_int_equal(eret_to(CODE, 0, 0, 1), EC_SS_LOWER);
    // Load-exclusives say so.
    PLACE(CODE, LDXR, LDXP, NOP);
    assert_int_equal(eret_to(CODE, 0, SSBIT, 2), EC_SS_LOWER);
    assert_int_equal(ISS, ISV | EX | 0x22);
    assert_int_equal(eret_to(CODE + 4, 0, SSBIT, 2), EC_SS_LOWER);
    assert_int_equal(ISS, ISV | EX | 0x22);
    assert_int_equal(eret_to(CODE + 8, 0, SSBIT, 2), EC_SS_LOWER);
    assert_int_equal(ISS, ISV | 0x22);
    // ISV is not left over from a step that was interrupted by an exception.
    PLACE(CODE, LDXR);
    cpu->x[0] = 0x80000000;
    assert_int_equal(eret_to(CODE, 0, SSBIT, 1), EC_DABT_LOWER);
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);  // the instruction did not complete
    assert_int_equal(eret_to(CODE, 0, 0, 1), EC_SS_LOWER);
    assert_int_equal(ISS, 0x22);
    // Nor from a step that disabled stepping: MSR DAIFSet, #8.
    PLACE(CODE, 0xd50348df, NOP);
    assert_int_equal(eret_to(CODE, 1, SSBIT, 2), 0);
    assert_int_equal(eret_to(CODE, 1, 0, 1), EC_SS_SAME);
    assert_int_equal(ISS, 0x22);
    // An illegal return stays at EL2: the step is for EL2 when that is the target.
    put("MDCR_EL2", TDE);
    assert_int_equal(eret_to(CODE, 0, SSBIT | PSTATE_nRW, 0), 0);
    assert_true(cpu->pstate & PSTATE_IL);
    assert_true(cpu->pstate & PSTATE_SS);
    put("MDCR_EL2", 0);
    // MDCR_EL2.TDE makes EL2 the target: MSR MDCR_EL2, X3; NOP at EL2.
    cpu->x[3] = TDE;
    PLACE(CODE + 0x2000, 0xd51c1123, NOP, B_SELF);
    assert_int_equal(run_from(CODE + 0x2000, 2, 0, 20), EC_SS_SAME);
    assert_int_equal(taken_elr, CODE + 0x2004);
    put("MDCR_EL2", 0);
    // The OS Lock makes it inactive.
    put("OSLAR_EL1", 1);
    PLACE(CODE, NOP, NOP);
    assert_int_equal(eret_to(CODE, 0, SSBIT, 2), 0);
}

static void step_over(void **state) {
    (void)state;
    put("MDSCR_EL1", SS);
    // A taken branch to an address that cannot be fetched: the step comes first.
    PLACE(CODE, BR_X0);
    cpu->x[0] = 0x80000000;
    assert_int_equal(eret_to(CODE, 0, SSBIT, 2), EC_SS_LOWER);
    assert_int_equal(taken_elr, 0x80000000);
    assert_int_equal(eret_to(CODE, 0, SSBIT, 0), 0);
    cpu_run(cpu, cpu->icount + 10);  // the same when nothing stops after one instruction
    assert_int_equal(cpu->sys.ESR_EL1 >> 26, EC_SS_LOWER);
    assert_int_equal(cpu->sys.ELR_EL1, 0x80000000);
    cpu->x[0] = CODE + 2;
    assert_int_equal(eret_to(CODE, 0, SSBIT, 2), EC_SS_LOWER);
    assert_int_equal(taken_elr, CODE + 2);
    // SVC completes: SPSR.SS is 0. An undefined instruction, BRK or a trap does not.
    PLACE(CODE, SVC, 0, BRK7, WFI);
    assert_int_equal(eret_to(CODE, 0, SSBIT, 1), EC_SVC64);
    assert_false(cpu->sys.SPSR_EL1 & SSBIT);
    assert_int_equal(eret_to(CODE + 4, 0, SSBIT, 1), EC_UNKNOWN);
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);
    assert_int_equal(eret_to(CODE + 8, 0, SSBIT, 1), EC_BRK64);
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);
    assert_int_equal(eret_to(CODE + 12, 0, SSBIT, 1), EC_WFX);  // SCTLR_EL1.nTWI
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);
    // Stepped from EL2, an exception to EL1 leaves active-pending: before the first instruction of
    // the vector.
    put("MDCR_EL2", TDE);
    assert_int_equal(eret_to(CODE, 0, SSBIT, 1), EC_SVC64);
    cpu_step(cpu);
    assert_int_equal(cpu->el, 2);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_SS_LOWER);
    assert_int_equal(cpu->sys.ELR_EL2, VECTORS + 0x400);
    // HVC to the target: inactive there, SPSR.SS 0.
    PLACE(CODE, HVC, WFI, NOP, ERET);
    assert_int_equal(eret_to(CODE, 1, SSBIT, 1), EC_HVC64);
    assert_false(cpu->sys.SPSR_EL2 & SSBIT);
    // WFI at EL1 sleeps, and the exception comes when it is over.
    assert_int_equal(eret_to(CODE + 4, 1, SSBIT | PSTATE_DAIF, 1), 0);
    assert_int_equal(cpu->halt, HALT_WFI);
    cpu_set_lines(cpu, LINE_IRQ, true);
    assert_int_equal(cpu->halt, HALT_NONE);
    cpu_step(cpu);
    assert_int_equal(cpu->sys.ESR_EL2 >> 26, EC_SS_LOWER);
    assert_int_equal(cpu->sys.ELR_EL2, CODE + 8);
    // An interrupt instead of the instruction: SPSR.SS is kept for the return.
    put("MDCR_EL2", 0);
    u64 before = cpu->exceptions;
    put("ELR_EL2", CODE + 8);
    put("SPSR_EL2", SSBIT);
    set_el(2, PSTATE_DAIF);
    cpu->pc = CODE + 0x4000;
    cpu_step(cpu);
    cpu_run(cpu, cpu->icount + 1);
    assert_int_equal(cpu->exceptions, before + 1);
    assert_int_equal(cpu->pc & ~0x7full, VECTORS + 0x480);
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);
    cpu_set_lines(cpu, LINE_IRQ, false);
    // ERET from EL1 (stepped with KDE) to EL0.
    put("MDSCR_EL1", KDE | SS);
    put("ELR_EL1", CODE + 8);
    put("SPSR_EL1", SSBIT);
    assert_int_equal(eret_to(CODE + 12, 1, SSBIT, 2), EC_SS_LOWER);
    assert_int_equal(taken_elr, CODE + 8);
}

// A breakpoint at the instruction to be stepped, and a watchpoint of it, come instead of the step.
static void step_and_breakpoints(void **state) {
    (void)state;
    put("MDSCR_EL1", MDE | KDE | SS);
    PLACE(CODE, NOP, LDR, NOP);
    cpu->x[0] = DATA;
    breakpoint(0, CODE, 3 << 1 | E);
    watchpoint(0, DATA, 0xff << 5 | LOAD | 3 << 1 | E);
    assert_int_equal(eret_to(CODE, 1, SSBIT, 2), 0x31);
    assert_int_equal(taken_elr, CODE);
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);
    assert_int_equal(eret_to(CODE + 4, 1, SSBIT, 2), 0x35);
    assert_true(cpu->sys.SPSR_EL1 & SSBIT);
    // Pending step before the breakpoint.
    breakpoint(0, CODE + 12, 3 << 1 | E);
    assert_int_equal(eret_to(CODE + 8, 1, SSBIT, 2), EC_SS_SAME);
    assert_int_equal(taken_elr, CODE + 12);
}

// --- the mechanism, for another owner ------------------------------------------------------------

typedef struct Seen {
    unsigned hits;
    ArmedAccess last;
    bool stop;
} Seen;

static bool seen_hit(Cpu *c, const ArmedAccess *access, void *arg) {
    Seen *seen = arg;
    seen->hits++;
    seen->last = *access;
    if (seen->stop) c->machine->stop = STOP_DEBUG;
    return seen->stop;
}

static void another_owner(void **state) {
    (void)state;
    Seen seen = {0};
    const ArmedRange ranges[] = {
        {CODE + 4, CODE + 7, ARMED_EXEC, 7},
        {DATA + 0x10, DATA + 0x2f, ARMED_WRITE, 1 << 1},
    };
    PLACE(CODE, NOP, NOP, 0xf9000001, LDR, B_SELF);
    cpu->x[0] = DATA + 0x28;
    assert_int_equal(run_from(CODE, 1, 0, 5), 0);
    armed_replace(cpu, ARMED_DEBUGGER,
                  (ArmedSet){.ranges = ranges, .count = 2, .hit = seen_hit, .arg = &seen});
    assert_int_equal(run_from(CODE, 1, 0, 5), 0);
    assert_int_equal(seen.hits, 2);
    assert_int_equal(seen.last.va, DATA + 0x28);
    assert_int_equal(seen.last.size, 8);
    assert_int_equal(seen.last.kinds, ARMED_WRITE);
    assert_int_equal(run_from(CODE, 2, 0, 5), 0);  // no writes at EL2
    assert_int_equal(seen.hits, 3);
    assert_int_equal(seen.last.va, CODE + 4);
    cpu->x[0] = DATA + 0x30;
    assert_int_equal(run_from(CODE, 1, 0, 5), 0);
    assert_int_equal(seen.hits, 4);
    // It can keep the instruction from being executed.
    seen.stop = true;
    set_el(1, 0);
    cpu->pc = CODE;
    cpu_run(cpu, cpu->icount + 5);
    assert_int_equal(cpu->pc, CODE + 4);
    machine->stop = STOP_NONE;
    cpu->mid_chain = false;
    // The guest's come first, and are independent.
    put("MDSCR_EL1", MDE | KDE);
    breakpoint(0, CODE + 4, 3 << 1 | E);
    seen.hits = 0;
    assert_int_equal(run_from(CODE, 1, 0, 3), 0x31);
    assert_int_equal(seen.hits, 0);
    armed_replace(cpu, ARMED_DEBUGGER, (ArmedSet){0});
    breakpoint(0, 0, 0);
    assert_false(cpu->any_armed);
    assert_int_equal(run_from(CODE, 1, 0, 5), 0);
    assert_int_equal(seen.hits, 0);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(state_matrix),
        TEST(breakpoint_types),
        cmocka_unit_test_setup_teardown(breakpoint_types_a57, setup_a57, teardown),
        TEST(linking),
        TEST(watchpoint_accesses),
        TEST(watchpoint_areas),
        TEST(routing),
        cmocka_unit_test_setup_teardown(double_lock, setup_a57, teardown),
        cmocka_unit_test_setup_teardown(without_el2, setup_without_el2, teardown),
        TEST(rules),
        TEST(priorities),
        TEST(running),
        TEST(same_count),
        TEST(step_states),
        TEST(step_over),
        TEST(step_and_breakpoints),
        TEST(another_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
