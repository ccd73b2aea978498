// `translate`: steps, result and syndrome of hand-made tables, and agreement with what accesses do, on random ones.
#include "cpu/op.h"
#include "debugger/view_walk.h"
#include "fuzz/translate_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static Cpu *cpu;
static const Space current = {.kind = AS_CURRENT};

// EL1&0: ASID 5, 39-bit addresses, tables at IPA 0x40010000; stage 2: VMID 7, 32-bit IPAs, tables at 0x40020000.
// VA 0x1000 -> IPA 0x80001000 (EL1 and EL0 read and write) -> PA 0x40101000 (read-only).
static int setup(void **state) {
    (void)state;
    if (!cpu) cpu = case_cpu("max", true);
    memset(case_word(CASE_RAM_BASE), 0, CASE_RAM_SIZE);
    cpu->sys.TTBR0_EL1 = 5ull << 48 | 0x40010000;
    cpu->sys.TCR_EL1 = 25 | 25 << 16 | 1 << 23 | 5ull << 32;
    cpu->sys.SCTLR_EL1 = 1 | 1 << 2 | 1 << 12;
    cpu->sys.MAIR_EL1 = 0x04ff;
    cpu->sys.VTTBR_EL2 = 7ull << 48 | 0x40020000;
    cpu->sys.VTCR_EL2 = 1u << 31 | 32 | 1 << 6 | 5 << 16;
    cpu->sys.HCR_EL2 = 1ull << HCR_RW | 1 << HCR_VM;
    *case_word(0x40010000) = 0x40011003;
    *case_word(0x40011000) = 0x40012003;
    *case_word(0x40012008) = 0x80001f43;
    *case_word(0x40020008) = 0x400007fd;
    *case_word(0x40020010) = 0x40021003;
    *case_word(0x40021000) = 0x40022003;
    *case_word(0x40022008) = 0x4010177f;
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT);
    tlb_flush_all(cpu);
    tlb_context_changed(cpu);
    return 0;
}

static void walk(u64 address, AccessType type, int el, ViewWalk *w) {
    Error err = {""};
    if (!view_walk(cpu, current, address, type, el, w, &err)) fail_msg("%s", err.text);
}

static void check_step(const ViewWalk *w, unsigned i, unsigned stage, int level, u64 at, u64 desc) {
    assert_true(i < w->t.trace_count);
    assert_int_equal(w->step[i].stage, stage);
    assert_int_equal(w->step[i].level, level);
    assert_int_equal(w->step[i].at, at);
    assert_int_equal(w->step[i].desc, desc);
}

static char *text_of(const ViewWalk *w, bool full) {
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    view_walk_print(f, w, full, 100);
    fclose(f);
    return text;
}

static void contains(const ViewWalk *w, bool full, const char *what) {
    char *text = text_of(w, full);
    if (!strstr(text, what)) fail_msg("no '%s' in\n%s", what, text);
    free(text);
}

static void two_stages(void **state) {
    (void)state;
    ViewWalk w;
    walk(0x1234, ACCESS_READ, -1, &w);
    assert_true(w.ok);
    assert_int_equal(w.t.pa, 0x40101234);
    assert_int_equal(w.t.ipa, 0x80001234);
    assert_int_equal(w.t.s1_rwx, 6);  // EL0 may write: not executable at EL1
    assert_int_equal(w.t.s2_rwx, 5);
    assert_int_equal(w.vmid, 7);
    assert_int_equal(w.asid, 5);
    assert_int_equal(w.t.trace_count, 9);
    check_step(&w, 0, 2, 1, 0x40020008, 0x400007fd);
    assert_true(w.step[0].for_table);
    assert_int_equal(w.step[0].ia, 0x40010000);
    check_step(&w, 1, 1, 1, 0x40010000, 0x40011003);
    check_step(&w, 5, 1, 3, 0x40012008, 0x80001f43);
    check_step(&w, 8, 2, 3, 0x40022008, 0x4010177f);
    assert_false(w.step[8].for_table);
    assert_int_equal(w.step[8].ia, 0x80001234);
}

static void text(void **state) {
    (void)state;
    ViewWalk w;
    walk(0x1234, ACCESS_READ, 0, &w);
    char *got = text_of(&w, false);
    assert_string_equal(
        got, "0x1234, read by EL0, EL1&0 regime, VMID 7, ASID 5\n"
             "Stage 1: TTBR0_EL1 = 0x0005000040010000 (bit 55 of the address is 0)\n"
             "  TCR_EL1: T0SZ=25 (39-bit addresses), 4 KB granule, 48-bit output, first level 1\n"
             "  L1 0x000040010000 = 0x0000000040011003  table at 0x40011000\n"
             "  L2 0x000040011000 = 0x0000000040012003  table at 0x40012000\n"
             "  L3 0x000040012008 = 0x0000000080001f43  page of 4 KB at 0x80001000\n"
             "       UXN=0x0 executable at EL0; PXN=0x0 executable at EL1; nG=0x1 not global: of "
             "this ASID\n"
             "       AF=0x1 accessed; SH[1:0]=0x3 Inner Shareable; AP[2:1]=0x1 EL1 read-write, EL0 "
             "read-write\n"
             "       AttrIndx[2:0]=0x0 MAIR.Attr0 = 0xff: Normal WB RA WA\n"
             "  gives IPA 0x80001234: EL0 RWX, Normal WB RA WA, Inner Shareable, 4 KB\n"
             "Stage 2 of IPA 0x80001234: VTTBR_EL2 = 0x0007000040020000\n"
             "  VTCR_EL2: T0SZ=32 (32-bit addresses), 4 KB granule, 48-bit output, first level 1\n"
             "  L1 0x000040020010 = 0x0000000040021003  table at 0x40021000\n"
             "  L2 0x000040021000 = 0x0000000040022003  table at 0x40022000\n"
             "  L3 0x000040022008 = 0x000000004010177f  page of 4 KB at 0x40101000\n"
             "       XN[1:0]=0x0 executable at EL1 and EL0; AF=0x1 accessed; SH[1:0]=0x3 Inner "
             "Shareable\n"
             "       S2AP[1:0]=0x1 read-only; MemAttr[3:0]=0xf Normal WB\n"
             "PA 0x40101234: EL0 R-X, Normal WB RA WA, Inner Shareable, 4 KB\n"
             "  ram\n");
    free(got);
    contains(&w, true,
             "  descriptor at IPA 0x40010000, by stage 2:\n"
             "  L1 0x000040020008 = 0x00000000400007fd  block of 1 GB at 0x40000000\n"
             "       63     IGNORED        0x0      not looked at\n");
}

// The exception a failing access would give, worked out from the ESR_ELx description.
static void check_fault(const ViewWalk *w, FaultType type, int level, unsigned stage, int el,
                        u64 esr) {
    assert_false(w->ok);
    assert_int_equal(w->fault.type, type);
    assert_int_equal(w->fault.level, level);
    assert_int_equal(w->fault.stage2, stage == 2);
    assert_int_equal(w->target_el, el);
    assert_int_equal(w->esr, esr);
}

static void faults(void **state) {
    (void)state;
    ViewWalk w;
    // EC 0x24, IL, DFSC 0x0f, WnR.
    walk(0x1234, ACCESS_WRITE, -1, &w);
    check_fault(&w, FAULT_PERMISSION, 3, 2, 2, 0x9200004f);
    assert_int_equal(w.exception.hpfar, 0x800010);
    assert_string_equal(w.fix, "S2AP[1]=0 denies writes: set bit 7 in the descriptor at pa "
                               "0x40022008 (now 0x4010177f)");
    contains(&w, false,
             "Permission fault, level 3, stage 2: S2AP, read-only\n"
             "  would be taken to EL2 with ESR_EL2 = 0x9200004f (EC 0x24 ");
    contains(&w, false, "  DFSC=0x0f S1PTW=0 WnR=1, FAR_EL2 = 0x1234, HPFAR_EL2 = 0x800010\n");
    // To EL1, from EL1: EC 0x21, IFSC 0x0f: writable at EL0.
    walk(0x1234, ACCESS_FETCH, -1, &w);
    check_fault(&w, FAULT_PERMISSION, 3, 1, 1, 0x8600000f);
    assert_non_null(strstr(w.fix, "EL0 may write there, so EL1 may not execute"));
    // From EL0: EC 0x24 to EL1, DFSC 0x06.
    walk(0x200000, ACCESS_READ, 0, &w);
    check_fault(&w, FAULT_TRANSLATION, 2, 1, 1, 0x92000006);
    assert_string_equal(w.fix, "map it: write a valid descriptor at pa "
                               "0x40011008 (now 0x0)");
    // Above 39 bits, and the half that TCR_EL1.EPD1 turns off.
    walk(1ull << 40, ACCESS_READ, -1, &w);
    check_fault(&w, FAULT_TRANSLATION, 0, 1, 1, 0x96000004);
    assert_non_null(strstr(w.fix, "TCR_EL1.T0SZ gives 39 address bits: bits 63:39 must be"));
    walk(~0xfffull, ACCESS_READ, -1, &w);
    check_fault(&w, FAULT_TRANSLATION, 0, 1, 1, 0x96000004);
    assert_non_null(strstr(w.fix, "clear TCR_EL1.EPD1"));
    // AF of stage 1: DFSC 0x0b.
    *case_word(0x40012008) ^= 1 << 10;
    walk(0x1234, ACCESS_READ, -1, &w);
    check_fault(&w, FAULT_ACCESS_FLAG, 3, 1, 1, 0x9600000b);
    assert_string_equal(w.fix, "set AF (bit 10) in the descriptor at pa 0x40012008 (now "
                               "0x80001b43), or TCR_EL1.HA to let hardware do it");
    *case_word(0x40012008) ^= 1 << 10;
    // The table of stage 1 is not mapped by stage 2: S1PTW, DFSC 0x05, HPFAR is the descriptor's.
    *case_word(0x40011000) = 0xc0000003;
    walk(0x1234, ACCESS_READ, -1, &w);
    check_fault(&w, FAULT_TRANSLATION, 1, 2, 2, 0x92000085);
    assert_int_equal(w.exception.hpfar, 0xc00000);
    contains(&w, false,
             "  descriptor at IPA 0xc0000008, by stage 2:\n"
             "  L1 0x000040020018 = 0x0000000000000000  invalid\n");
    assert_string_equal(w.fix, "map IPA 0xc0000008: write a valid descriptor at pa "
                               "0x40020018 (now 0x0)");
    // ... or by a page of no memory: External abort on the walk, level 3, taken to EL1.
    *case_word(0x40020018) = 0xc00007fd;
    walk(0x1234, ACCESS_READ, -1, &w);
    check_fault(&w, FAULT_EXTERNAL_TTW, 3, 1, 1, 0x96000017);
    contains(&w, false, "  L3 0x0000c0000008  no memory answers\n");
}

// A hardware update that stage 2 forbids is a fault of the access; nothing is written to find out.
static void hardware_update(void **state) {
    (void)state;
    ViewWalk w;
    cpu->sys.TCR_EL1 |= 1ull << 39;
    *case_word(0x40012008) ^= 1 << 10;
    walk(0x1234, ACCESS_READ, -1, &w);
    assert_true(w.ok);
    assert_int_equal(*case_word(0x40012008), 0x80001b43);
    *case_word(0x40020008) ^= 1 << 7;
    walk(0x1234, ACCESS_READ, -1, &w);
    check_fault(&w, FAULT_PERMISSION, 1, 2, 2, 0x9200008d);
    assert_non_null(strstr(w.fix, "hardware updates the stage 1 descriptor at IPA 0x40012008"));
    assert_int_equal(*case_word(0x40012008), 0x80001b43);
    contains(&w, false, "  update of the descriptor at IPA 0x40012008, by stage 2:\n");
    cpu->sys.TCR_EL1 &= ~(1ull << 39);
}

// --- random translations ---------------------------------------------------------------------------

static u64 seed;

static u64 random64(void) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed ^ seed >> 29) * 0x9e3779b97f4a7c15;
}

typedef struct Count {
    unsigned ok, faults, stage2, s1ptw, fetches;
} Count;

// What the machine does; false: an exception, which is in ESR, FAR and HPFAR.
static bool access_now(u64 address, AccessType type, u64 *physical) {
    u64 taken = cpu->exceptions;
    bool write = type == ACCESS_WRITE;
    cpu->page = NULL;
    cpu->block = NULL;
    cpu->pc = 0x1000;
    if (type == ACCESS_FETCH) {
        OpPage *page = fetch_page_slow(cpu, address);
        if (page) *physical = page->pa | (address & 0xfff);
    } else if (!setjmp(cpu->unwind)) {
        *physical = mem_translate(cpu, NULL, address, 1, !write, write, ACC_NORMAL);
    }
    return cpu->exceptions == taken;
}

static void agree(const ViewWalk *w, bool ok, u64 physical, Count *n) {
    char *text = text_of(w, true);
    if (w->ok != ok && !(w->ok && w->type == ACCESS_FETCH && !w->memory))
        fail_msg("the access %s\n%s", ok ? "succeeds" : "fails", text);
    n->fetches += w->type == ACCESS_FETCH;
    if (w->ok) {
        n->ok++;
        if (ok && w->t.pa != physical)
            fail_msg("the access goes to 0x%llx\n%s", (unsigned long long)physical, text);
    } else {
        n->faults++;
        n->stage2 += w->fault.stage2;
        n->s1ptw += w->fault.s1ptw;
        u64 esr = cpu->el == 2 ? cpu->sys.ESR_EL2 : cpu->sys.ESR_EL1;
        u64 far = cpu->el == 2 ? cpu->sys.FAR_EL2 : cpu->sys.FAR_EL1;
        if (w->target_el != cpu->el || w->esr != esr || w->exception.far != far ||
            (w->exception.hpfar_valid && w->exception.hpfar != cpu->sys.HPFAR_EL2))
            fail_msg("EL%u, ESR 0x%llx, FAR 0x%llx\n%s", cpu->el, (unsigned long long)esr,
                     (unsigned long long)far, text);
        if (strlen(w->fix) < 10 || strchr(w->fix, '{')) fail_msg("no fix\n%s", text);
    }
    free(text);
}

static void one_case(Case *c, Bytes *b, Count *n) {
    int el = (int)bytes_below(b, 3);
    if (el == 1 && cpu_tge(cpu)) el = 0;
    u32 pstate = PSTATE_DAIF | (el ? PSTATE_SP : 0) | (u32)el << PSTATE_EL_SHIFT;
    if (el && bytes_rare(b, 3)) pstate |= PSTATE_PAN;
    AccessType type = (AccessType[]){ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH}[bytes_below(b, 3)];
    u64 address = case_address(c, b, el, false);
    if (type == ACCESS_FETCH) address &= ~3ull;
    case_map(c, b, el, false, address);
    pstate_changed(cpu, pstate);
    ViewWalk w;
    static Cpu before;
    u64 words[ARRAY_LEN(c->word)], physical = 0;
    before = *cpu;
    for (unsigned i = 0; i < c->words; i++) words[i] = *case_word(c->word[i]);
    walk(address, type, -1, &w);
    assert_memory_equal(&before, cpu, sizeof before);
    for (unsigned i = 0; i < c->words; i++) assert_int_equal(words[i], *case_word(c->word[i]));
    bool ok = access_now(address, type, &physical);
    agree(&w, ok, physical, n);
}

static void agreement(void **state) {
    (void)state;
    static Case c;
    Count n = {0};
    for (u64 p = CASE_RAM_BASE; p < CASE_RAM_BASE + CASE_RAM_SIZE; p += 8)
        *case_word(p) = case_plain_word(p);
    c.cpu = cpu;
    for (seed = 1; n.ok + n.faults < 20000;) {
        u64 data[64];
        for (unsigned i = 0; i < ARRAY_LEN(data); i++) data[i] = random64();
        Bytes b = {(const u8 *)data, sizeof data};
        pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT);
        case_controls(&c, &b);
        tlb_flush_all(cpu);
        tlb_context_changed(cpu);
        one_case(&c, &b, &n);
        case_reset_memory(&c);
    }
    print_message("%u translated, %u faults, %u of stage 2, %u of stage 1 tables, %u fetches\n",
                  n.ok, n.faults, n.stage2, n.s1ptw, n.fetches);
    assert_true(n.ok > 3000 && n.stage2 > 1000 && n.s1ptw > 300 && n.fetches > 3000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_stages, setup), cmocka_unit_test_setup(text, setup),
        cmocka_unit_test_setup(faults, setup),     cmocka_unit_test_setup(hardware_update, setup),
        cmocka_unit_test_setup(agreement, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
