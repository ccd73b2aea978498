// `tlb`: what it holds, and what is stale after a change of the tables without TLBI.
#include "cpu/op.h"
#include "debugger/debugger.h"
#include "debugger/view_tlb.h"
#include "fuzz/translate_case.h"
#include "machine/loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static Cpu *cpu;
static TlbRow row[64];
static unsigned rows;
static TlbSummary sum;
static const TlbFilter all = {.vmid = -1, .asid = -1};

// As in test_view_walk.c: VA 0x1000 -> IPA 0x80001000 -> PA 0x40101000, of ASID 5 and VMID 7, and three pages more.
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
    for (u64 i = 1; i < 4; i++) *case_word(0x40012000 + 8 * i) = 0x80000f03 + 0x1000 * i;
    *case_word(0x40012020) = 0x80004703;  // global
    *case_word(0x40020008) = 0x400007fd;
    *case_word(0x40020010) = 0x40021003;
    *case_word(0x40021000) = 0x40022003;
    for (u64 i = 1; i < 8; i++) *case_word(0x40022000 + 8 * i) = 0x401007ff + 0x1000 * i;
    pstate_changed(cpu, PSTATE_DAIF | PSTATE_SP | 1u << PSTATE_EL_SHIFT);
    tlb_flush_all(cpu);
    tlb_context_changed(cpu);
    return 0;
}

static void touch(u64 address, bool write) {
    cpu->page = NULL;
    cpu->block = NULL;
    if (setjmp(cpu->unwind)) fail_msg("0x%llx faults", (unsigned long long)address);
    mem_translate(cpu, NULL, address, 1, !write, write, ACC_NORMAL);
}

static void on_row(void *arg, const TlbRow *r) {
    (void)arg;
    if (rows < ARRAY_LEN(row)) row[rows] = *r;
    rows++;
}

static void look(const TlbFilter *f) {
    rows = 0;
    view_tlb(cpu, f, on_row, NULL, &sum);
}

static const TlbRow *row_of(u64 va, TlbUse use) {
    look(&all);
    for (unsigned i = 0; i < rows; i++)
        if (row[i].va == va && row[i].use == use) return &row[i];
    fail_msg("no row for 0x%llx", (unsigned long long)va);
    return NULL;
}

static void contents(void **state) {
    (void)state;
    touch(0x1234, false);
    touch(0x2000, true);
    touch(0x4000, false);
    look(&all);
    assert_int_equal(sum.stale, 0);
    const TlbRow *r = row_of(0x1000, TLB_DATA);
    assert_int_equal(context_vmid(r->context), 7);
    assert_int_equal(context_asid(r->context), 5);
    assert_int_equal(r->pa, 0x40101000);
    assert_int_equal(r->bytes, 0x2000);  // with its neighbour
    assert_int_equal(r->rwx, 6);
    assert_int_equal(r->s1_bits, 12);
    assert_int_equal(r->s2_bits, 12);
    assert_false(r->global);
    assert_true(r->in_use);
    assert_true(row_of(0x4000, TLB_DATA)->global);
    // The pages of stage 1's tables, through a block of stage 2.
    assert_int_equal(row_of(0x40010000, TLB_TABLES)->pa, 0x40010000);
    fetch_page_slow(cpu, 0x2000);
    assert_int_equal(row_of(0x2000, TLB_FETCH)->rwx, 1);
    look(&(TlbFilter){.vmid = 8, .asid = -1});
    assert_int_equal(rows, 0);
    look(&(TlbFilter){.vmid = 7, .asid = 5, .by_va = true, .va = 0x1800});
    assert_int_equal(rows, 1);
}

// Each change without TLBI is seen, and seen no more after it.
static void stale(void **state) {
    (void)state;
    touch(0x1000, true);
    touch(0x4000, false);
    *case_word(0x40012008) = 0;
    const TlbRow *r = row_of(0x1000, TLB_DATA);
    assert_true(r->stale && r->in_use);
    assert_int_equal(r->now.type, FAULT_TRANSLATION);
    assert_int_equal(r->now.level, 3);
    assert_int_equal(sum.stale, 1);
    assert_int_equal(sum.stale_in_use, 1);
    assert_int_equal(sum.worst.va, 0x1000);
    // The table points to another page; stage 2 does; less permissions; the memory type.
    *case_word(0x40012008) = 0x80002f03;
    r = row_of(0x1000, TLB_DATA);
    assert_true(r->stale && !r->now.type);
    assert_int_equal(r->now_pa, 0x40102000);
    *case_word(0x40012008) = 0x80001f03;
    assert_false(row_of(0x1000, TLB_DATA)->stale);
    *case_word(0x40022008) = 0x401057ff;
    assert_int_equal(row_of(0x1000, TLB_DATA)->now_pa, 0x40105000);
    *case_word(0x40022008) = 0x4010177f;
    r = row_of(0x1000, TLB_DATA);
    assert_true(r->stale);
    assert_int_equal(r->now_rwx & 6, 4);
    *case_word(0x40022008) = 0x401017c7;
    assert_true(row_of(0x1000, TLB_DATA)->stale);
    *case_word(0x40022008) = 0x401017ff;
    *case_word(0x40012008) ^= 1 << 11;
    assert_true(row_of(0x1000, TLB_DATA)->stale);
    *case_word(0x40012008) ^= 1 << 11;
    // The access flag, and a table further up.
    *case_word(0x40012008) ^= 1 << 10;
    assert_int_equal(row_of(0x1000, TLB_DATA)->now.type, FAULT_ACCESS_FLAG);
    *case_word(0x40012008) ^= 1 << 10;
    *case_word(0x40011000) = 0;
    look(&all);
    assert_int_equal(sum.stale, 2);
    tlb_flush_all(cpu);
    look(&all);
    assert_int_equal(sum.pages, 0);
}

// An entry that allows less than the tables harms nobody.
static void relaxed(void **state) {
    (void)state;
    *case_word(0x40012008) |= 1 << 7;
    touch(0x1000, false);
    assert_int_equal(row_of(0x1000, TLB_DATA)->rwx, 4);
    *case_word(0x40012008) ^= 1 << 7;
    assert_false(row_of(0x1000, TLB_DATA)->stale);
}

// Software cleans a page that hardware had made dirty: writes would go unseen.
static void cleaned(void **state) {
    (void)state;
    cpu->sys.TCR_EL1 |= 3ull << 39;
    tlb_context_changed(cpu);
    *case_word(0x40012008) |= 1 << 7 | 1ull << 51;
    touch(0x1000, true);
    assert_int_equal(*case_word(0x40012008) & 1 << 7, 0);
    assert_false(row_of(0x1000, TLB_DATA)->stale);
    *case_word(0x40012008) |= 1 << 7;
    assert_true(row_of(0x1000, TLB_DATA)->stale);
    assert_int_equal(*case_word(0x40012008) & 1 << 7, 1 << 7);
    cpu->sys.TCR_EL1 &= ~(3ull << 39);
}

// An ASID gets other tables without TLBI; another ASID is not concerned.
static void reused_asid(void **state) {
    (void)state;
    touch(0x1000, false);
    cpu->sys.TTBR0_EL1 = 6ull << 48 | 0x40013000;
    tlb_context_changed(cpu);
    const TlbRow *r = row_of(0x1000, TLB_DATA);
    assert_false(r->stale);
    assert_false(r->in_use);
    *case_word(0x40012008) = 0;
    look(&all);
    assert_int_equal(sum.stale, 1);
    assert_int_equal(sum.stale_in_use, 0);
    *case_word(0x40012008) = 0x80001f03;
    cpu->sys.TTBR0_EL1 = 5ull << 48 | 0x40013000;
    tlb_context_changed(cpu);
    r = row_of(0x1000, TLB_DATA);
    assert_true(r->stale && r->in_use);
    assert_int_equal(r->now.type, FAULT_TRANSLATION);
}

static void verdict(void **state) {
    (void)state;
    touch(0x1000, true);
    *case_word(0x40022008) = 0;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    view_tlb_print(f, cpu, &(TlbFilter){.vmid = -1, .asid = -1, .stale_only = true}, 0);
    fclose(f);
    assert_non_null(strstr(text, "EL1&0 VMID 7 ASID 5, in use\n"
                                 "  EL1     data  RW- 0x0000000000001000+0x1000   -> "
                                 "0x000040101000    4K    4K nG  STALE: now Translation fault, "
                                 "level 3, stage 2\n"
                                 "1 page, 1 STALE, 1 in use: "));
    free(text);
}

// --- a rom with that bug ----------------------------------------------------------------------------

static char *say(Debugger *d, const char *line) {
    char *text = NULL;
    size_t size;
    Error err = {""};
    d->out = open_memstream(&text, &size);
    if (!debugger_execute(d, line, &err)) fail_msg("%s", err.text);
    fclose(d->out);
    return text;
}

static void has(Debugger *d, const char *line, const char *what) {
    char *text = say(d, line);
    if (!strstr(text, what)) fail_msg("%s: no '%s' in\n%s", line, what, text);
    free(text);
}

// roms/forgotten_tlbi: after 36 instructions stage 2 has another page, and the guest goes on.
static void forgotten_tlbi(void **state) {
    (void)state;
    Error err = {""};
    MachineConfig config = {
        .cpu_model = "cortex-a72", .cpus = 1, .ram_size = 128 << 20, .gic_version = 3, .el2 = true};
    BootOptions options = {.kernel = BUILD_DIR "/roms/forgotten_tlbi.elf"};
    Machine *machine = machine_create(&config, &err);
    Boot *boot = machine ? boot_prepare(machine, &options, &err) : NULL;
    if (!boot) fail_msg("%s", err.text);
    boot_start(machine, boot);
    Debugger *d = debugger_create(machine);
    while (machine->cpu[0]->icount < 37) machine_step(machine, machine->cpu[0]);
    assert_int_equal(machine->cpu[0]->el, 1);
    has(d, "tlb stale",
        "EL1&0 VMID 1 ASID 3, in use\n"
        "  EL1     data  RW- 0x0000000080000000+0x1000   -> 0x000040082000    1G    4K nG  STALE: "
        "now pa 0x40083000 RWX\n"
        "1 page, 1 STALE, 1 in use: no TLBI since the tables were changed for EL1&0 VMID 1 ASID "
        "3, 0x80000000 (");
    has(d, "translate 0x80000008",
        "PA 0x40083008: EL1 RWX, Normal WB RA WA, Inner Shareable, 4 KB\n"
        "  ram\n"
        "But CPU 0's TLB has an older entry, pa 0x40082008, that allows the access: a TLBI is "
        "missing (see: tlb)\n");
    has(d, "maps stage2 0x80000000,+0x1000",
        "0x0000000080000000-0x0000000080000fff      4 KB -> 0x000040083000  4 KB       EL1 RWX "
        "EL0 RWX  Normal WB ISH\n"
        "1 range, 4 KB by 1 block or page in 3 tables\n");
    // The next load does not see the new page; after the TLBI it is seen.
    while (machine->cpu[0]->pc != 0x40080070) machine_step(machine, machine->cpu[0]);
    assert_int_equal(machine->cpu[0]->x[0], 0xaaaa);
    assert_int_equal(machine->cpu[0]->x[1], 0xaaaa);
    assert_int_equal(machine->cpu[0]->x[2], 0xbbbb);
    has(d, "tlb stale", "0 pages, none stale: the TLB agrees with the tables\n");
    debugger_free(d);
    boot_free(boot);
    machine_free(machine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(contents, setup),    cmocka_unit_test_setup(stale, setup),
        cmocka_unit_test_setup(relaxed, setup),     cmocka_unit_test_setup(cleaned, setup),
        cmocka_unit_test_setup(reused_asid, setup), cmocka_unit_test_setup(verdict, setup),
        cmocka_unit_test(forgotten_tlbi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
