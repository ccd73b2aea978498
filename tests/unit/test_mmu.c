// Translation, faults, TLB scopes and AT, against page tables built here in a small memory.
#include "cpu/observer.h"
#include "cpu/op.h"
#include "mmu/fault.h"
#include "mmu/mmu.h"
#include "mmu/tlb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RAM_BASE = 0x40000000, RAM_SIZE = 16 << 20 };
// Descriptor fields.
#define TABLE  3ull
#define PAGE   3ull
#define BLOCK  1ull
#define AF     (1ull << 10)
#define NG     (1ull << 11)
#define USER   (1ull << 6)
#define RO     (1ull << 7)
#define DBM    (1ull << 51)
#define PXN    (1ull << 53)
#define UXN    (1ull << 54)
#define DEVICE (1ull << 2)  // attribute index 1
#define S2_R   (1ull << 6)
#define S2_W   (1ull << 7)
#define S2_WB  (0xfull << 2)

static Machine machine;
static Cpu *cpu;
static Cpu *cpus[1];
static u64 next_table;
static const Observer no_observer;

static void give(enum Feature f) {
    machine.features[f / 64] |= 1ull << f % 64;
}
static void take(enum Feature f) {
    machine.features[f / 64] &= ~(1ull << f % 64);
}

static u64 *word(u64 pa) {
    return (u64 *)(void *)(machine.ram.host + (pa - RAM_BASE));
}

static int setup(void **state) {
    (void)state;
    memset(&machine, 0, sizeof machine);
    machine.ram = (Region){.name = "ram", .base = RAM_BASE, .size = RAM_SIZE};
    machine.ram.host = calloc(1, RAM_SIZE);
    machine.ram.code = calloc(RAM_SIZE >> 12, sizeof(OpPage *));
    static const enum Feature features[] = {
        FEAT_EL2,   FEAT_VHE,    FEAT_PAN,    FEAT_UAO,    FEAT_HPDS,    FEAT_HAFDBS,  FEAT_XNX,
        FEAT_S2FWB, FEAT_VMID16, FEAT_ASID16, FEAT_GRAN4K, FEAT_GRAN16K, FEAT_GRAN64K, FEAT_PAuth};
    for (unsigned i = 0; i < ARRAY_LEN(features); i++) give(features[i]);
    cpu = aligned_alloc(64, align_up(sizeof *cpu, 64));
    memset(cpu, 0, sizeof *cpu);
    cpu->machine = &machine;
    cpu->features = machine.features;
    cpu->observer = &no_observer;
    machine.config.el2 = true;
    machine.cpu = cpus;
    machine.cpus = 1;
    cpus[0] = cpu;
    cpu->sys.ID_AA64MMFR0_EL1 = 5 | 2 << 4 | 1 << 20;  // 48 bits of PA, 16 bits of ASID, 16 KB
    cpu->sys.MAIR_EL1 = cpu->sys.MAIR_EL2 = 0x4404ff;  // 0 write-back, 1 Device-nGnRE, 2 NC
    cpu->sys.HCR_EL2 = 1ull << HCR_RW;
    cpu->el = 1;
    cpu->pstate = 1 << PSTATE_EL_SHIFT | PSTATE_SP;
    next_table = RAM_BASE + 0x100000;
    tlb_init(cpu);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    tlb_free(cpu);
    for (unsigned i = 0; i < RAM_SIZE >> 12; i++) free(machine.ram.code[i]);
    free(machine.ram.code);
    free(machine.ram.host);
    free(cpu);
    return 0;
}

static u64 new_tables(u64 bytes) {
    u64 t = next_table = align_up(next_table, bytes);
    next_table += bytes;
    return t;
}

// Puts desc for `address` at `level` of the tables at root, whose first level is `start`.
static u64 *map(u64 root, unsigned granule, int start, u64 address, int level, u64 desc) {
    u64 table = root;
    unsigned stride = granule - 3;
    for (int l = start;; l++) {
        unsigned shift = (unsigned)(3 - l) * stride + granule;
        u64 index = address >> shift;
        if (l != start) index &= ones(stride);
        u64 *entry = word(table + index * 8);
        if (l == level) {
            *entry = desc;
            return entry;
        }
        if (!(*entry & 1)) *entry = new_tables(1ull << granule) | TABLE;
        table = *entry & ones(48) & ~ones(granule);
    }
}

// EL1&0, 4 KB granule, 48 bits in both halves. Returns the root of the lower half.
static u64 el1_tables(u64 *high) {
    u64 low = new_tables(4096), up = new_tables(4096);
    cpu->sys.TTBR0_EL1 = low;
    cpu->sys.TTBR1_EL1 = up;
    cpu->sys.TCR_EL1 = 16 | 16 << 16 | 2ull << 30 | 5ull << 32;
    cpu->sys.SCTLR_EL1 = 1 | 1 << 2 | 1 << 12;
    tlb_context_changed(cpu);
    if (high) *high = up;
    return low;
}

// Stage 2: 4 KB, 40 bits of IPA from level 1 (two concatenated tables), VMID 1.
static u64 stage2_tables(void) {
    u64 root = new_tables(8192);
    cpu->sys.VTTBR_EL2 = root | 1ull << 48;
    cpu->sys.VTCR_EL2 = 24 | 1 << 6 | 5 << 16 | 1 << 19;
    cpu->sys.HCR_EL2 |= 1 << HCR_VM;
    tlb_context_changed(cpu);
    return root;
}

static Fault fault;
static Translation translation;

static bool translate(u64 address, AccessType type, MmuMode mode) {
    AccessDesc a = {.type = type, .mode = mode, .write = type == ACCESS_WRITE};
    memset(&translation, 0, sizeof translation);
    return mmu_translate(cpu, va(address), &a, &translation, &fault);
}

#define assert_fault(address, access, mode, kind, at_level) \
    do { \
        assert_false(translate(address, access, mode)); \
        assert_int_equal(fault.type, kind); \
        assert_int_equal(fault.level, at_level); \
    } while (0)

static void assert_pa(u64 address, u64 pa) {
    assert_true(translate(address, ACCESS_READ, MODE_E10_1));
    assert_int_equal(translation.pa, pa);
}

// --- walks ---------------------------------------------------------------------------------------

static void walk_4k(void **state) {
    (void)state;
    u64 high, low = el1_tables(&high);
    map(low, 12, 0, 0x1234567000, 3, 0x40005000 | PAGE | AF);
    map(low, 12, 0, 0x8000200000, 2, 0x41200000 | BLOCK | AF);
    map(low, 12, 0, 0x9040000000, 1, 0x80000000 | BLOCK | AF);
    map(high, 12, 0, 0xfffffff00000 & ~0xfffull, 3, 0x40006000 | PAGE | AF | NG);
    assert_pa(0x1234567abc, 0x40005abc);
    assert_int_equal(translation.page_bits, 12);
    assert_false(translation.ng);
    assert_pa(0x80002fedcb, 0x412fedcb);
    assert_int_equal(translation.page_bits, 21);
    assert_pa(0x9055555555, 0x95555555);
    assert_int_equal(translation.page_bits, 30);
    assert_pa(0xfffffffffff00123, 0x40006123);
    assert_true(translation.ng);
    assert_int_equal(translation.attr, 0xff);
}

static void walk_other_granule(unsigned granule, unsigned tg0, unsigned tg1, int start, int block) {
    u64 low = new_tables(1ull << granule), high = new_tables(1ull << granule);
    u64 size = 1ull << (granule + (granule - 3));
    el1_tables(NULL);
    cpu->sys.TTBR0_EL1 = low;
    cpu->sys.TTBR1_EL1 = high;
    cpu->sys.TCR_EL1 = 16 | 16 << 16 | (u64)tg0 << 14 | (u64)tg1 << 30 | 5ull << 32;
    map(low, granule, start, 1ull << granule, 3, (5ull << granule) | 0x40000000 | PAGE | AF);
    map(low, granule, start, 4 * size, block, 8 * size | BLOCK | AF);
    map(high, granule, start, 0x800000000000, 3, 0x40000000 | PAGE | AF);
    assert_pa((1ull << granule) + 0x234, 0x40000000 + (5ull << granule) + 0x234);
    assert_int_equal(translation.page_bits, granule);
    assert_pa(4 * size + 0x12345, 8 * size + 0x12345);
    assert_int_equal(translation.page_bits, granule + granule - 3);
    assert_pa(0xffff800000000010, 0x40000010);
    assert_fault(2ull << granule, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 3);
}

static void walk_16k(void **state) {
    (void)state;
    walk_other_granule(14, 2, 1, 0, 2);
    // A block at level 1 is reserved.
    u64 low = cpu->sys.TTBR0_EL1;
    map(low, 14, 0, 1ull << 36, 1, BLOCK | AF);
    assert_fault(1ull << 36, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 1);
}

static void walk_64k(void **state) {
    (void)state;
    walk_other_granule(16, 1, 3, 1, 2);
}

// The start level and the size of the first table follow TxSZ.
static void walk_sizes(void **state) {
    (void)state;
    for (unsigned txsz = 16; txsz <= 39; txsz++) {
        el1_tables(NULL);
        int start = txsz <= 24 ? 0 : txsz <= 33 ? 1 : 2;
        u64 root = new_tables(4096), top = ones(64 - txsz) & ~0xfffull;
        cpu->sys.TTBR0_EL1 = root;
        cpu->sys.TCR_EL1 = txsz | 25 << 16 | 2ull << 30 | 5ull << 32;
        map(root, 12, start, top, 3, 0x40007000 | PAGE | AF);
        assert_pa(top, 0x40007000);
        assert_fault(top + 0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
        next_table = RAM_BASE + 0x100000;
        memset(word(next_table), 0, 0x100000);
    }
    cpu->sys.TCR_EL1 = 40 | 25 << 16 | 2ull << 30 | 5ull << 32;
    assert_fault(0, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
}

static void walk_faults(void **state) {
    (void)state;
    u64 high, low = el1_tables(&high);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    map(low, 12, 0, 0x1000, 1, 0);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 1);
    map(low, 12, 0, 0x1000, 2, 0);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 2);
    map(low, 12, 0, 0x1000, 3, 0);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 3);
    map(low, 12, 0, 0x1000, 3, 0x40000000 | BLOCK | AF);  // reserved at level 3
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 3);
    map(low, 12, 0, 0x8000000000, 0, 0x40000000 | BLOCK | AF);  // reserved at level 0
    assert_fault(0x8000000000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    map(low, 12, 0, 0x1000, 3, 0x40000000 | PAGE);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_ACCESS_FLAG, 3);
    assert_true(translate(0x1000, ACCESS_CACHE, MODE_E10_1));
    map(low, 12, 0, 0x200000, 2, 0x40000000 | BLOCK);
    assert_fault(0x200000, ACCESS_READ, MODE_E10_1, FAULT_ACCESS_FLAG, 2);
    // Neither half.
    assert_fault(0x0001000000000000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    assert_fault(0xfffe000000000000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    // Output, table and TTBR beyond IPS = 32 bits.
    cpu->sys.TCR_EL1 &= ~(7ull << 32);
    map(low, 12, 0, 0x1000, 3, 0x100000000 | PAGE | AF);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 3);
    map(low, 12, 0, 0x400000, 2, 0x100000000 | TABLE);
    assert_fault(0x400000, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 2);
    cpu->sys.TTBR1_EL1 |= 1ull << 40;
    assert_fault(~0xfffull, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 0);
    // A table where no memory is.
    map(low, 12, 0, 0x600000, 2, 0x80000000 | TABLE);
    assert_fault(0x600000, ACCESS_READ, MODE_E10_1, FAULT_EXTERNAL_TTW, 3);
    cpu->sys.TCR_EL1 |= 1 << 7;
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    assert_string_equal(fault.rule, "stage 1: TCR.EPD");
}

static void top_byte(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    assert_fault(0x5a00000000001000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    cpu->sys.TCR_EL1 |= 1ull << 37;
    assert_pa(0x5a00000000001000, 0x40001000);
    assert_true(translate(0x5a00000000001000, ACCESS_FETCH, MODE_E10_1));
    cpu->sys.TCR_EL1 |= 1ull << 51;  // TBID0: data only
    assert_pa(0x5a00000000001000, 0x40001000);
    assert_fault(0x5a00000000001000, ACCESS_FETCH, MODE_E10_1, FAULT_TRANSLATION, 0);
}

static void stage1_off(void **state) {
    (void)state;
    cpu->sys.SCTLR_EL1 = 0;
    assert_pa(0x40001234, 0x40001234);
    assert_int_equal(translation.attr, 0);
    assert_true(translate(0x40001234, ACCESS_FETCH, MODE_E10_1));
    assert_int_equal(translation.attr, 0x44);
    cpu->sys.SCTLR_EL1 = 1 << 12;
    assert_true(translate(0x40001234, ACCESS_FETCH, MODE_E10_1));
    assert_int_equal(translation.attr, 0xaa);
    assert_fault(1ull << 48, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 0);
    // HCR_EL2.DC: Normal Write-Back, and stage 1 off whatever SCTLR_EL1.M says; stage 2 on.
    u64 s2 = stage2_tables();
    cpu->sys.SCTLR_EL1 = 1;
    cpu->sys.HCR_EL2 = (cpu->sys.HCR_EL2 & ~1ull) | 1 << HCR_DC;
    map(s2, 12, 1, 0x1000, 3, 0x40002000 | PAGE | AF | S2_R | S2_WB);
    assert_pa(0x1000, 0x40002000);
    assert_int_equal(translation.attr, 0xff);
    assert_false(translate(0x2000, ACCESS_READ, MODE_E10_1));
    assert_true(fault.stage2);
}

static void el2_regimes(void **state) {
    (void)state;
    u64 root = new_tables(4096), high = new_tables(4096);
    cpu->sys.TTBR0_EL2 = root;
    cpu->sys.TTBR1_EL2 = high;
    cpu->sys.TCR_EL2 = 16 | 5 << 16;
    cpu->sys.SCTLR_EL2 = 5;
    map(root, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF | UXN);
    map(root, 12, 0, 0x2000, 3, 0x40002000 | PAGE | AF | PXN | USER | NG);
    assert_true(translate(0x1000, ACCESS_WRITE, MODE_E2));
    assert_false(translation.exec);  // bit 54 is XN
    assert_true(translate(0x2000, ACCESS_FETCH, MODE_E2));
    assert_false(translation.ng);
    assert_fault(~0xfffull, ACCESS_READ, MODE_E2, FAULT_TRANSLATION, 0);
    // E2H: two ranges, the layout of TCR_EL1.
    cpu->sys.HCR_EL2 |= 1ull << HCR_E2H | 1ull << HCR_TGE;
    cpu->sys.TCR_EL2 = 16 | 16 << 16 | 2ull << 30 | 5ull << 32;
    map(high, 12, 0, 0xfffffffff000, 3, 0x40003000 | PAGE | AF | PXN);
    assert_true(translate(~0xfffull, ACCESS_READ, MODE_E20_2));
    assert_int_equal(translation.pa, 0x40003000);
    assert_false(translation.exec);
    assert_true(translate(0x2000, ACCESS_READ, MODE_E20_0));
    assert_false(translate(0x2000, ACCESS_READ, MODE_E20_2P));
    assert_int_equal(fault.type, FAULT_PERMISSION);
    assert_false(translate(0x1000, ACCESS_READ, MODE_E20_0));
}

// --- permissions ---------------------------------------------------------------------------------

// What the Arm ARM's tables say, written down from the privileged and the EL0 side.
static void expected(unsigned ap, bool pxn, bool uxn, bool wxn, bool pan, bool el0, bool *r,
                     bool *w, bool *x) {
    bool user = ap & 1, readonly = ap & 2;
    if (el0) {
        *r = user;
        *w = user && !readonly;
        *x = !uxn;
    } else {
        *r = !(pan && user);
        *w = !readonly && *r;
        *x = !pxn && !(user && !readonly);
    }
    if (wxn && *w) *x = false;
}

static void permission_matrix(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    static const MmuMode modes[] = {MODE_E10_0, MODE_E10_1, MODE_E10_1P};
    for (unsigned n = 0; n < 32 * 16; n++) {
        unsigned ap = n & 3, ap_table = n >> 5 & 3;
        bool pxn = n & 4, uxn = n & 8, wxn = n & 16, pxn_table = n & 128, uxn_table = n & 256;
        u64 desc = 0x40001000 | PAGE | AF | (u64)ap << 6 | (u64)pxn << 53 | (u64)uxn << 54;
        map(low, 12, 0, 0x1000, 3, desc);
        u64 *table = map(low, 12, 0, 0x1000, 1, 0);
        // The same level 1 entry again, with the hierarchical bits.
        static u64 level2;
        if (!level2) level2 = new_tables(4096);
        *table = level2 | TABLE | (u64)ap_table << 61 | (u64)uxn_table << 60 | (u64)pxn_table << 59;
        u64 *l2 = word(level2);
        if (!*l2) *l2 = new_tables(4096) | TABLE;
        word(*l2 & 0xfffffffff000)[1] = desc;
        cpu->sys.SCTLR_EL1 = 5 | (u64)wxn << 19;
        for (unsigned m = 0; m < 3; m++) {
            bool r, w, x;
            unsigned user = (ap & 1) && !(ap_table & 1), ro = ap >> 1 | ap_table >> 1;
            expected(user | ro << 1, pxn || pxn_table, uxn || uxn_table, wxn, m == 2, m == 0, &r,
                     &w, &x);
            assert_int_equal(translate(0x1000, ACCESS_READ, modes[m]), r);
            assert_int_equal(translate(0x1000, ACCESS_WRITE, modes[m]), w);
            assert_int_equal(translate(0x1000, ACCESS_FETCH, modes[m]), x);
        }
        level2 = n == 32 * 16 - 1 ? 0 : level2;
    }
    // HPD: the hierarchical bits are ignored.
    cpu->sys.SCTLR_EL1 = 5;
    word(low)[0] |= 1ull << 62;
    assert_false(translate(0x1000, ACCESS_READ, MODE_E10_0) &&
                 translate(0x1000, ACCESS_WRITE, MODE_E10_0));
}

static void hierarchy_disabled(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF | USER);
    *word(low) |= 7ull << 60;
    assert_false(translate(0x1000, ACCESS_READ, MODE_E10_0));
    assert_fault(0x1000, ACCESS_WRITE, MODE_E10_1, FAULT_PERMISSION, 3);
    cpu->sys.TCR_EL1 |= 1ull << 41;
    assert_true(translate(0x1000, ACCESS_WRITE, MODE_E10_0));
    take(FEAT_HPDS);
    assert_false(translate(0x1000, ACCESS_WRITE, MODE_E10_0));
}

// --- stage 2 -------------------------------------------------------------------------------------

static void stage2_concatenated(void **state) {
    (void)state;
    u64 s2 = stage2_tables();
    cpu->sys.SCTLR_EL1 = 0;
    map(s2, 12, 1, 0x1000, 3, 0x40001000 | PAGE | AF | S2_R | S2_WB);
    map(s2, 12, 1, 0x8000000000, 2, 0x40200000 | BLOCK | AF | S2_R | S2_WB);  // in the second table
    assert_pa(0x1008, 0x40001008);
    assert_pa(0x8000123456, 0x40323456);
    assert_false(translate(0x10000000000, ACCESS_READ, MODE_E10_1));
    assert_true(fault.stage2);
    assert_int_equal(fault.level, 0);
    assert_false(translate(0x2000, ACCESS_READ, MODE_E10_1));
    assert_int_equal(fault.level, 3);
    assert_int_equal(fault.ipa, 0x2000);
    assert_false(fault.s1ptw);
    // SL0 = 0 with 40 bits would need 512 tables.
    cpu->sys.VTCR_EL2 &= ~(3ull << 6);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    assert_true(fault.stage2);
}

// 16 tables: 4 KB at level 1, 43 bits; 16 KB at level 2, 40 bits; 64 KB at level 2, 46 bits.
static void stage2_sixteen_tables(void **state) {
    (void)state;
    static const struct {
        unsigned granule, tg, bits, sl0;
        int start;
    } cases[] = {{12, 0, 43, 1, 1},
                 {14, 2, 40, 1, 2},
                 {16, 1, 46, 1, 2},
                 {12, 0, 34, 0, 2},
                 {12, 0, 44, 2, 0}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned stride = cases[i].granule - 3;
        unsigned shift = (unsigned)(3 - cases[i].start) * stride + cases[i].granule;
        u64 size = 8ull << (cases[i].bits - shift);
        stage2_tables();
        u64 root = new_tables(MAX(size, 4096));
        cpu->sys.SCTLR_EL1 = 0;
        cpu->sys.VTTBR_EL2 = root;
        cpu->sys.VTCR_EL2 = (64 - cases[i].bits) | cases[i].sl0 << 6 | cases[i].tg << 14 | 5 << 16;
        u64 last = ones(cases[i].bits) & ~ones(cases[i].granule);
        map(root, cases[i].granule, cases[i].start, last, 3, 0x40000000 | PAGE | AF | S2_R | S2_WB);
        assert_pa(last + 0x10, 0x40000010);
        next_table = RAM_BASE + 0x100000;
        memset(word(next_table), 0, 0xe00000);
    }
}

static void stage2_permissions(void **state) {
    (void)state;
    u64 s2 = stage2_tables();
    cpu->sys.SCTLR_EL1 = 0;
    for (unsigned n = 0; n < 32; n++) {
        bool r = n & 1, w = n & 2;
        unsigned xn = n >> 2 & 3;  // XN[1] is bit 54
        if (n & 16)
            take(FEAT_XNX);
        else
            give(FEAT_XNX);
        map(s2, 12, 1, 0x1000, 3,
            0x40001000 | PAGE | AF | (u64)(n & 3) << 6 | S2_WB | (u64)xn << 53);
        bool px = n & 16 ? !(xn & 2) : xn == 0 || xn == 3, ux = !(xn & 2);
        assert_int_equal(translate(0x1000, ACCESS_READ, MODE_E10_1), r);
        assert_int_equal(translate(0x1000, ACCESS_WRITE, MODE_E10_1), w);
        assert_int_equal(translate(0x1000, ACCESS_FETCH, MODE_E10_1), px);
        assert_int_equal(translate(0x1000, ACCESS_FETCH, MODE_E10_0), ux);
    }
}

// Identity stage 2 for the memory with the tables.
static void stage2_identity(u64 s2, u64 extra) {
    for (u64 a = RAM_BASE; a < RAM_BASE + RAM_SIZE; a += 0x200000)
        map(s2, 12, 1, a, 2, a | BLOCK | AF | S2_R | S2_WB | extra);
}

static void stage2_of_walk(void **state) {
    (void)state;
    u64 low = el1_tables(NULL), s2 = stage2_tables();
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    assert_false(translate(0x1000, ACCESS_READ, MODE_E10_1));
    assert_true(fault.stage2 && fault.s1ptw);
    assert_int_equal(fault.type, FAULT_TRANSLATION);
    assert_int_equal(fault.level, 1);
    assert_int_equal(fault.ipa, low);
    stage2_identity(s2, 0);
    assert_pa(0x1000, 0x40001000);
    // The output address alone is not mapped.
    map(low, 12, 0, 0x2000, 3, 0x50001000 | PAGE | AF);
    assert_false(translate(0x2008, ACCESS_READ, MODE_E10_1));
    assert_true(fault.stage2 && !fault.s1ptw);
    assert_int_equal(fault.level, 2);
    assert_int_equal(fault.ipa, 0x50001008);
    // HCR_EL2.PTW: tables in Device memory.
    map(s2, 12, 1, low, 2, (low & ~0x1fffffull) | BLOCK | AF | S2_R);
    assert_pa(0x1000, 0x40001000);
    cpu->sys.HCR_EL2 |= 1 << HCR_PTW;
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_PERMISSION, 2);
    assert_true(fault.s1ptw);
    // Unreadable tables.
    map(s2, 12, 1, low, 2, (low & ~0x1fffffull) | BLOCK | AF | S2_WB);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_PERMISSION, 2);
}

static void stage2_attributes(void **state) {
    (void)state;
    static const struct {
        u8 s1;
        bool fwb;
        u8 s2;
        u8 result;
    } cases[] = {
        {0xff, 0, 0xf, 0xff}, {0xff, 0, 0x5, 0x44}, {0xff, 0, 0xa, 0xbb}, {0x44, 0, 0xf, 0x44},
        {0x04, 0, 0xf, 0x04}, {0xff, 0, 0x1, 0x04}, {0x0c, 0, 0x0, 0x00}, {0xbb, 0, 0xf, 0xbb},
        {0xff, 1, 0x7, 0xff}, {0x04, 1, 0x7, 0x04}, {0x04, 1, 0x6, 0xff}, {0x44, 1, 0x6, 0xff},
        {0xff, 1, 0x5, 0x44}, {0x04, 1, 0x5, 0x04}, {0xff, 1, 0x1, 0x04}, {0x0c, 1, 0x1, 0x04}};
    u64 low = el1_tables(NULL), s2 = stage2_tables();
    stage2_identity(s2, 0);
    map(low, 12, 0, 0x1000, 3, 0x1000 | PAGE | AF);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        cpu->sys.MAIR_EL1 = cases[i].s1;
        cpu->sys.HCR_EL2 = set_bits(cpu->sys.HCR_EL2, HCR_FWB, HCR_FWB, cases[i].fwb);
        for (u64 a = RAM_BASE; a < RAM_BASE + RAM_SIZE; a += 0x200000)
            map(s2, 12, 1, a, 2, a | BLOCK | AF | S2_R | (cases[i].fwb ? 6 : 0xfull) << 2);
        map(s2, 12, 1, 0x1000, 3, 0x40001000 | PAGE | AF | S2_R | (u64)cases[i].s2 << 2);
        assert_pa(0x1000, 0x40001000);
        assert_int_equal(translation.attr, cases[i].result);
        assert_int_equal(translation.s1_attr, cases[i].s1);
    }
}

// --- hardware update -----------------------------------------------------------------------------

static void update_stage1(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    u64 *d = map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | RO | DBM);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_ACCESS_FLAG, 3);
    cpu->sys.TCR_EL1 |= 1ull << 39;
    AccessDesc debugger = {.type = ACCESS_READ, .mode = MODE_E10_1, .no_side_effects = true};
    assert_true(mmu_translate(cpu, va(0x1000), &debugger, &translation, &fault));
    assert_false(*d & AF);
    assert_fault(0x1000, ACCESS_WRITE, MODE_E10_1, FAULT_PERMISSION, 3);
    assert_false(*d & AF);
    assert_true(translate(0x1000, ACCESS_READ, MODE_E10_1));
    assert_int_equal(*d, 0x40001000 | PAGE | RO | DBM | AF);
    cpu->sys.TCR_EL1 |= 1ull << 40;
    assert_true(translate(0x1000, ACCESS_READ, MODE_E10_1));
    assert_true(*d & RO);
    assert_true(translate(0x1000, ACCESS_AT, MODE_E10_1));
    assert_true(*d & RO);
    assert_true(translate(0x1000, ACCESS_WRITE, MODE_E10_1));
    assert_int_equal(*d, 0x40001000 | PAGE | DBM | AF);
    *d = 0x40001000 | PAGE | RO;  // without DBM
    assert_fault(0x1000, ACCESS_WRITE, MODE_E10_1, FAULT_PERMISSION, 3);
    take(FEAT_HAFDBS);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_ACCESS_FLAG, 3);
}

static void update_needs_stage2_write(void **state) {
    (void)state;
    u64 low = el1_tables(NULL), s2 = stage2_tables();
    stage2_identity(s2, 0);
    cpu->sys.TCR_EL1 |= 1ull << 39;
    u64 *d = map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_PERMISSION, 2);
    assert_true(fault.stage2 && fault.s1ptw);
    assert_false(*d & AF);
    stage2_identity(s2, S2_W);
    assert_true(translate(0x1000, ACCESS_READ, MODE_E10_1));
    assert_true(*d & AF);
}

static void update_stage2(void **state) {
    (void)state;
    u64 s2 = stage2_tables();
    cpu->sys.SCTLR_EL1 = 0;
    u64 *d = map(s2, 12, 1, 0x1000, 3, 0x40001000 | PAGE | S2_R | S2_WB | DBM);
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_ACCESS_FLAG, 3);
    cpu->sys.VTCR_EL2 |= 1 << 21;
    assert_fault(0x1000, ACCESS_WRITE, MODE_E10_1, FAULT_PERMISSION, 3);
    cpu->sys.VTCR_EL2 |= 1 << 22;
    assert_true(translate(0x1000, ACCESS_READ, MODE_E10_1));
    assert_int_equal(*d & (AF | S2_W), AF);
    assert_true(translate(0x1000, ACCESS_WRITE, MODE_E10_1));
    assert_int_equal(*d & (AF | S2_W), AF | S2_W);
}

// A clean page filled by a read must set the dirty state at the first write through the TLB.
static void update_through_tlb(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    cpu->sys.TCR_EL1 |= 3ull << 39;
    tlb_context_changed(cpu);
    u64 *d = map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF | RO | DBM);
    mem_read_slow(cpu, NULL, 0x1000, 8, ACC_NORMAL);
    assert_true(*d & RO);
    assert_null(tlb_host_write(cpu, 0x1000, 8));
    mem_write_slow(cpu, NULL, 0x1000, 8, 5, ACC_NORMAL);
    assert_false(*d & RO);
    assert_non_null(tlb_host_write(cpu, 0x1000, 8));
    assert_int_equal(*word(0x40001000), 5);
}

// --- aborts --------------------------------------------------------------------------------------

// Runs the access; true if it took an exception.
static bool aborts(u64 address, unsigned size, bool write, Acc acc) {
    if (setjmp(cpu->unwind)) return true;
    if (write) {
        mem_write_slow(cpu, NULL, address, size, 0x1122334455667788, acc);
    } else {
        mem_read_slow(cpu, NULL, address, size, acc);
    }
    return false;
}

// Another EL or PSTATE, without what belongs to interrupts.
static void enter(u32 pstate) {
    cpu->pstate = pstate;
    cpu->el = (u8)bits(pstate, 3, 2);
    tlb_context_changed(cpu);
}

static void at_el1(u32 insn) {
    u64 code = 0x40000000;
    memcpy(word(code + 0x234), &insn, 4);
    cpu->page = opcache_page(&machine, code);
    cpu->block = &cpu->page->ops[0x234 / 4];
    enter(1 << PSTATE_EL_SHIFT | PSTATE_SP);
    cpu->pc = 0x1234;  // a virtual address of that word
    cpu->sys.ESR_EL1 = cpu->sys.ESR_EL2 = cpu->sys.FAR_EL2 = cpu->sys.HPFAR_EL2 = 0;
}

static void abort_stage1(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    at_el1(0xf9400020);
    assert_true(aborts(0x7008, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 4);
    assert_int_equal(cpu->sys.FAR_EL1, 0x7008);
    assert_int_equal(cpu->sys.ELR_EL1, 0x1234);
    map(low, 12, 0, 0x7000, 3, 0x40007000 | PAGE | AF | RO);
    at_el1(0xf9000020);
    assert_true(aborts(0x7008, 8, true, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 1 << 6 | 0xf);
    // The read of an atomic that may not write.
    at_el1(0xf8200020);
    assert_true(aborts(0x7008, 8, false, ACC_ATOMIC));
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 1 << 6 | 0xf);
    // HCR_EL2.TGE routes from EL0.
    at_el1(0xf9400020);
    cpu->sys.HCR_EL2 |= 1 << HCR_TGE;
    enter(0);
    assert_true(aborts(1ull << 50, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL2, 0x24u << 26 | 1 << 25);
    assert_int_equal(cpu->el, 2);
}

static void abort_stage2(void **state) {
    (void)state;
    u64 s2 = stage2_tables();
    cpu->sys.SCTLR_EL1 = 0;
    map(s2, 12, 1, 0x1000, 3, 0);
    at_el1(0xb9000420);  // str w0, [x1, #4]
    assert_true(aborts(0x1004, 4, true, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL2, 0x24u << 26 | 1 << 25 | 1 << 24 | 2 << 22 | 1 << 6 | 7);
    assert_int_equal(cpu->sys.FAR_EL2, 0x1004);
    assert_int_equal(cpu->sys.HPFAR_EL2, 1 << 4);
    at_el1(0xa9000420);  // stp
    assert_true(aborts(0x1004, 4, true, ACC_PAIR));
    assert_int_equal(cpu->sys.ESR_EL2, 0x24u << 26 | 1 << 25 | 1 << 6 | 7);
    // On a walk: S1PTW, no ISV.
    u64 low = el1_tables(NULL);
    at_el1(0xb9000420);
    assert_true(aborts(0x1004, 4, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL2, 0x24u << 26 | 1 << 25 | 1 << 7 | 5);
    assert_int_equal(cpu->sys.HPFAR_EL2, low >> 12 << 4);
}

static void instruction_syndromes(void **state) {
    (void)state;
    static const struct {
        u32 insn, iss;
    } cases[] = {
        {0xf9400020, 0x1c08000},  // ldr x0
        {0xb9400023, 0x1830000},  // ldr w3
        {0x39000025, 0x1050000},  // strb w5
        {0x78c00026, 0x1660000},  // ldursh w6
        {0x79800027, 0x1678000},  // ldrsh x7
        {0xb9800028, 0x1a88000},  // ldrsw x8
        {0xf8626829, 0x1c98000},  // ldr x9, [x1, x2]
        {0xf8400c20, 0},          // ldr x0, [x1, #0]!
        {0xf8408420, 0},          // ldr x0, [x1], #8
        {0xf8408820, 0x1c08000},  // ldtr x0
        {0xa9400420, 0},          // ldp
        {0x3dc00020, 0},          // ldr q0
        {0xc85f7c20, 0},          // ldxr
        {0xc8dffc20, 0x1c0c000},  // ldar x0
        {0x889ffc2a, 0x18a4000},  // stlr w10
        {0xf8bfc02b, 0x1cbc000},  // ldapr x11
        {0xf8200020, 0},          // ldadd
        {0xc8a07c20, 0},          // cas
        {0x58000040, 0x1c08000},  // ldr x0, literal
        {0x98000041, 0x1a18000},  // ldrsw x1, literal
        {0xf9800020, 0},          // prfm
        {0xd500401f, 0},          // not a load
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(LSInstructionSyndrome(cases[i].insn), cases[i].iss);
}

static void alignment(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    map(low, 12, 0, 0x2000, 3, 0x40002000 | PAGE | AF | DEVICE);
    at_el1(0xf9400020);
    assert_false(aborts(0x1001, 8, false, ACC_NORMAL));
    assert_non_null(tlb_host_read(cpu, 0x1001, 8));
    assert_true(aborts(0x1001, 8, false, ACC_EXCL));
    assert_int_equal(cpu->sys.ESR_EL1 & 0x3f, 0x21);
    at_el1(0xf9400020);
    assert_false(aborts(0x2000, 8, false, ACC_NORMAL));
    assert_null(tlb_host_read(cpu, 0x2001, 8));
    assert_true(aborts(0x2001, 8, false, ACC_NORMAL));  // hit
    assert_int_equal(cpu->sys.ESR_EL1 & 0x3f, 0x21);
    tlb_flush_all(cpu);
    at_el1(0xf9400020);
    assert_true(aborts(0x2001, 8, true, ACC_NORMAL));  // miss
    assert_int_equal(cpu->sys.ESR_EL1 & 0x7f, 0x61);
    at_el1(0xf9400020);
    cpu->sys.SCTLR_EL1 |= 2;
    tlb_context_changed(cpu);
    assert_false(aborts(0x1000, 8, false, ACC_NORMAL));
    assert_null(tlb_host_read(cpu, 0x1001, 8));
    assert_true(aborts(0x1001, 8, false, ACC_NORMAL));
}

static void page_crossing(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    map(low, 12, 0, 0x2000, 3, 0x40005000 | PAGE | AF);
    at_el1(0xf9400020);
    assert_false(aborts(0x1ffd, 8, true, ACC_NORMAL));
    assert_int_equal(*word(0x40001ff8) >> 40, 0x667788);
    assert_int_equal(*word(0x40005000), 0x1122334455);
    assert_int_equal(mem_read_slow(cpu, NULL, 0x1ffd, 8, ACC_NORMAL), 0x1122334455667788);
    map(low, 12, 0, 0x4000, 3, 0x40001000 | PAGE | AF);
    *word(0x40001ff8) = 0;
    assert_true(aborts(0x4ffc, 8, true, ACC_NORMAL));
    assert_int_equal(cpu->sys.FAR_EL1, 0x5000);
    assert_int_equal(*word(0x40001ff8), 0);
}

static void unprivileged(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    at_el1(0xf8400820);
    assert_true(aborts(0x1000, 8, false, ACC_UNPRIV));
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 0xf);
    at_el1(0xf8400820);
    enter(cpu->pstate | PSTATE_UAO);
    assert_false(aborts(0x1000, 8, false, ACC_UNPRIV));
}

static void fetches(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    map(low, 12, 0, 0x2000, 3, 0x40002000 | PAGE | AF | PXN);
    map(low, 12, 0, 0x3000, 3, 0x90000000 | PAGE | AF);
    at_el1(0xd503201f);
    OpPage *p = fetch_page_slow(cpu, 0x1010);
    assert_non_null(p);
    assert_int_equal(p->pa, 0x40001000);
    assert_ptr_equal(cpu->tlb->fetch[1].page, p);
    assert_null(fetch_page_slow(cpu, 0x2010));
    assert_int_equal(cpu->sys.ESR_EL1, 0x21u << 26 | 1 << 25 | 0xf);
    assert_int_equal(cpu->sys.ELR_EL1, 0x2010);
    assert_null(fetch_page_slow(cpu, 0x3010));
    assert_int_equal(cpu->sys.ESR_EL1, 0x21u << 26 | 1 << 25 | 0x10);
    assert_null(fetch_page_slow(cpu, 0x1012));
    assert_int_equal(cpu->sys.ESR_EL1, 0x22u << 26 | 1 << 25);
    assert_int_equal(cpu->sys.FAR_EL1, 0x1012);
}

// Stores to a page with decoded code go through opcache_written().
static void code_pages(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    at_el1(0xd503201f);
    assert_false(aborts(0x1000, 8, true, ACC_NORMAL));
    assert_non_null(tlb_host_write(cpu, 0x1000, 8));
    OpPage *p = fetch_page_slow(cpu, 0x1000);
    p->protected = true;
    tlb_protect_code(&machine, pa(0x40001000));
    assert_null(tlb_host_write(cpu, 0x1000, 8));
    assert_null(tlb_host_write(cpu, 0x1001, 2));
    p->ops[2].id = 77;
    p->ops[3].id = 77;
    assert_false(aborts(0x1008, 4, true, ACC_NORMAL));
    assert_int_not_equal(p->ops[2].id, 77);
    assert_int_equal(p->ops[3].id, 77);
    tlb_flush_all(cpu);
    assert_false(aborts(0x1008, 4, true, ACC_NORMAL));
    assert_null(tlb_host_write(cpu, 0x1000, 8));
}

static void zero_block(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    map(low, 12, 0, 0x2000, 3, 0x40002000 | PAGE | AF | DEVICE);
    memset(word(0x40001000), 0xff, 256);
    at_el1(0xd50b7420);
    dc_zero(cpu, 0x1055, ZERO_DATA);
    assert_int_equal(*word(0x40001038), ~0ull);
    assert_int_equal(*word(0x40001040), 0);
    assert_int_equal(*word(0x40001078), 0);
    assert_int_equal(*word(0x40001080), ~0ull);
    if (!setjmp(cpu->unwind)) {
        dc_zero(cpu, 0x2055, ZERO_DATA);
        fail();
    }
    assert_int_equal(cpu->sys.ESR_EL1 & 0x7f, 0x61);
    assert_int_equal(cpu->sys.FAR_EL1, 0x2055);
}

static void cache_by_address(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF | RO);
    at_el1(0xd50b7a20);
    cache_maintenance_va(cpu, NULL, 0x1000, false, false);
    if (!setjmp(cpu->unwind)) {
        cache_maintenance_va(cpu, NULL, 0x1000, true, false);
        fail();
    }
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 1 << 8 | 1 << 6 | 0xf);
}

// A register frame that remembers its last access; offset 0x100 answers with an external abort.
typedef struct Frame {
    u64 offset, value;
    unsigned size, accesses;
} Frame;
static Frame frame;

static bool frame_read(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    Frame *f = dev;
    f->offset = offset;
    f->size = size;
    f->accesses++;
    *value = 0xa5a5a5a5a5a5a5a5 & ones(8 * size);
    return by == cpu && offset != 0x100;
}

static bool frame_write(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    Frame *f = dev;
    *f = (Frame){offset, value, size, f->accesses + 1};
    return by == cpu && offset != 0x100;
}

static const RegionOps frame_ops = {frame_read, frame_write};
static u8 rom_bytes[0x1000];
static Region io = {
    .name = "frame", .base = 0x9000000, .size = 0x1000, .ops = &frame_ops, .dev = &frame};
static Region rom = {
    .name = "rom", .base = 0xa000000, .size = 0x1000, .host = rom_bytes, .readonly = true};

static void device_accesses(void) {
    for (unsigned i = 0; i < 2; i++) {  // miss, then hit
        assert_int_equal(mem_read_slow(cpu, NULL, 0x1010, 4, ACC_NORMAL), 0xa5a5a5a5);
        assert_int_equal(frame.offset, 0x10);
        assert_int_equal(frame.size, 4);
        assert_null(tlb_host_read(cpu, 0x1010, 4));
    }
    mem_write_slow(cpu, NULL, 0x1018, 2, 0x12345678, ACC_NORMAL);
    assert_int_equal(frame.value, 0x5678);
    assert_int_equal(frame.accesses, 3);
    mem_read_slow(cpu, NULL, 0x3001, 4, ACC_NORMAL);  // Normal and unaligned: four bytes
    assert_int_equal(frame.accesses, 7);
}

static void external_aborts(void) {
    at_el1(0xf9400020);
    assert_true(aborts(0x1100, 4, true, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 1 << 6 | 0x10);
    at_el1(0xf9400020);
    assert_true(aborts(0x4008, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL1, 0x25u << 26 | 1 << 25 | 0x10);
    assert_int_equal(cpu->sys.FAR_EL1, 0x4008);
    give(FEAT_RAS);
    at_el1(0xf9400020);
    cpu->sys.HCR_EL2 |= 1ull << HCR_TEA;
    assert_true(aborts(0x4008, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL2, 0x24u << 26 | 1 << 25 | 0x10);
}

static void devices(void **state) {
    (void)state;
    assert_true(bus_add(&machine, &io, NULL));
    assert_true(bus_add(&machine, &rom, NULL));
    rom_bytes[8] = 0x42;
    frame = (Frame){0};
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x9000000 | PAGE | AF | DEVICE);
    map(low, 12, 0, 0x2000, 3, 0xa000000 | PAGE | AF);
    map(low, 12, 0, 0x3000, 3, 0x9000000 | PAGE | AF);
    map(low, 12, 0, 0x4000, 3, 0xb000000 | PAGE | AF);
    at_el1(0xf9400020);
    device_accesses();
    assert_int_equal(mem_read_slow(cpu, NULL, 0x2008, 1, ACC_NORMAL), 0x42);
    assert_non_null(tlb_host_read(cpu, 0x2008, 1));
    assert_null(tlb_host_write(cpu, 0x2008, 1));
    assert_true(aborts(0x2008, 1, true, ACC_NORMAL));
    assert_int_equal(rom_bytes[8], 0x42);
    external_aborts();
    bus_free(&machine);
}

static void wide_accesses(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    map(low, 12, 0, 0x2000, 3, 0x40005000 | PAGE | AF);
    V128 value = {.d = {0x0123456789abcdef, 0xfedcba9876543210}}, back;
    static const u64 places[] = {0x1000, 0x1008, 0x1013, 0x1ff8, 0x1ffd};
    at_el1(0x3dc00020);
    for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
        mem_write128_slow(cpu, NULL, places[i], &value, ACC_VECTOR);
        memset(&back, 0, sizeof back);
        mem_read128_slow(cpu, NULL, places[i], &back, ACC_VECTOR);
        assert_true(value.q == back.q);
    }
    assert_int_equal(mem_read_slow(cpu, NULL, 0x2005, 8, ACC_NORMAL), 0xfedcba9876543210);
    // Nothing is written when the second page faults.
    *word(0x40005ff0) = *word(0x40005ff8) = 0;
    if (!setjmp(cpu->unwind)) {
        mem_write128_slow(cpu, NULL, 0x2ff8, &value, ACC_VECTOR);
        fail();
    }
    assert_int_equal(*word(0x40005ff8), 0);
    assert_int_equal(cpu->sys.FAR_EL1, 0x3000);
    // Device memory: a multiple of 16, or of 8 for a pair of X registers.
    map(low, 12, 0, 0x4000, 3, 0x40001000 | PAGE | AF | DEVICE);
    map(low, 12, 0, 0x5000, 3, 0x40005000 | PAGE | AF | DEVICE);
    at_el1(0x3dc00020);
    mem_read128_slow(cpu, NULL, 0x4010, &back, ACC_VECTOR);
    mem_read128_slow(cpu, NULL, 0x4008, &back, ACC_PAIR);
    static const u64 bad[] = {0x4008, 0x4ff8};
    for (volatile unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        at_el1(0x3dc00020);
        if (!setjmp(cpu->unwind)) {
            mem_read128_slow(cpu, NULL, bad[i], &back, ACC_VECTOR);
            fail();
        }
        assert_int_equal(cpu->sys.ESR_EL1 & 0x3f, 0x21);
    }
}

// --- TLB -----------------------------------------------------------------------------------------

static u64 read_at(u64 address) {
    return mem_read_slow(cpu, NULL, address, 8, ACC_NORMAL);
}

// Points the page at `to` in the tables and says whether the TLB still has the old one.
static bool stale(u64 *desc, u64 to, u64 address, u64 old) {
    *desc = (*desc & ~0xfffffffff000ull) | to;
    return read_at(address) == old;
}

typedef struct Pages {
    u64 *global, *mine;
} Pages;

// 0x1000 global, 0x2000 not global, ASID 5; memory at 0x40001000.. holds 1, 2, 3, 4.
static Pages tlb_pages(void) {
    u64 low = el1_tables(NULL);
    cpu->sys.TCR_EL1 |= 1ull << 36;
    cpu->sys.TTBR0_EL1 |= 5ull << 48;
    tlb_context_changed(cpu);
    for (u64 i = 1; i <= 4; i++) *word(0x40000000 + i * 0x1000) = i;
    Pages p = {map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF),
               map(low, 12, 0, 0x2000, 3, 0x40002000 | PAGE | AF | NG)};
    assert_int_equal(read_at(0x1000), 1);
    assert_int_equal(read_at(0x2000), 2);
    return p;
}

static void tlb_lives(void **state) {
    (void)state;
    Pages p = tlb_pages();
    assert_true(stale(p.global, 0x40003000, 0x1000, 1));
    assert_true(stale(p.mine, 0x40004000, 0x2000, 2));
    // Another ASID has its own entries; going back finds the old ones.
    cpu->sys.TTBR0_EL1 ^= 3ull << 48;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x2000), 4);
    cpu->sys.TTBR0_EL1 ^= 3ull << 48;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x2000), 2);
    // With stage 1 off the entries of the same ASID do not apply.
    cpu->sys.SCTLR_EL1 &= ~1ull;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x40002000), 2);
    cpu->sys.SCTLR_EL1 |= 1;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x2000), 2);
    // A change of controls may drop everything.
    cpu->sys.SCTLR_EL1 |= 1 << 19;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x2000), 4);
}

static void tlbi_scopes(void **state) {
    (void)state;
    static const struct {
        const char *name;
        TlbiScope scope;
        bool global, mine;
    } cases[] = {
        {"vmalle1", {.regime = TLBI_EL10, .by_vmid = true}, true, true},
        {"vmalle1, other VMID", {.regime = TLBI_EL10, .by_vmid = true, .vmid = 9}, false, false},
        {"alle1", {.regime = TLBI_EL10}, true, true},
        {"alle2", {.regime = TLBI_EL2}, false, false},
        {"alle2, E2H", {.regime = TLBI_EL20}, false, false},
        {"aside1", {.regime = TLBI_EL10, .by_vmid = true, .by_asid = true, .asid = 5}, false, true},
        {"aside1, other",
         {.regime = TLBI_EL10, .by_vmid = true, .by_asid = true, .asid = 6},
         false,
         false},
        {"vae1",
         {.regime = TLBI_EL10,
          .by_vmid = true,
          .by_asid = true,
          .asid = 5,
          .global_too = true,
          .by_va = true,
          .va_lo = 0x2000,
          .va_hi = 0x2fff},
         false,
         true},
        {"vae1, other ASID",
         {.regime = TLBI_EL10,
          .by_vmid = true,
          .by_asid = true,
          .asid = 6,
          .global_too = true,
          .by_va = true,
          .va_lo = 0x1000,
          .va_hi = 0x2fff},
         true,
         false},
        {"vaae1",
         {.regime = TLBI_EL10, .by_vmid = true, .by_va = true, .va_lo = 0x2000, .va_hi = 0x2fff},
         false,
         true},
        {"range",
         {.regime = TLBI_EL10, .by_vmid = true, .by_va = true, .va_lo = 0, .va_hi = 0x3fffffff},
         true,
         true},
        {"ipas2e1",
         {.regime = TLBI_EL10,
          .by_vmid = true,
          .stage2_only = true,
          .by_va = true,
          .va_lo = 0,
          .va_hi = 0x3fffffff},
         false,
         false},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        Pages p = tlb_pages();
        tlb_invalidate(cpu, &cases[i].scope);
        if (stale(p.global, 0x40003000, 0x1000, 1) == cases[i].global ||
            stale(p.mine, 0x40004000, 0x2000, 2) == cases[i].mine)
            fail_msg("%s", cases[i].name);
        tlb_flush_all(cpu);
    }
}

static void tlbi_block(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    for (u64 i = 1; i <= 4; i++) *word(0x40000000 + i * 0x1000) = i;
    *word(0x40201000) = 7;
    u64 *d = map(low, 12, 0, 0x200000, 2, 0x40000000 | BLOCK | AF);
    assert_int_equal(read_at(0x201000), 1);
    TlbiScope other = {
        .regime = TLBI_EL10, .by_vmid = true, .by_va = true, .va_lo = 0x400000, .va_hi = 0x400fff};
    tlb_invalidate(cpu, &other);
    assert_true(stale(d, 0x40200000, 0x201000, 1));
    TlbiScope end = {
        .regime = TLBI_EL10, .by_vmid = true, .by_va = true, .va_lo = 0x3ff000, .va_hi = 0x3fffff};
    tlb_invalidate(cpu, &end);
    assert_int_equal(read_at(0x201000), 7);
    // Fetch entries go too.
    assert_non_null(fetch_page_slow(cpu, 0x201000));
    assert_int_equal(cpu->tlb->fetch[1].tag, 0x201000);
    tlb_invalidate(cpu, &end);
    assert_int_equal(cpu->tlb->fetch[1].tag, TLB_NO_TAG);
}

static void tlbi_tagged_address(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    cpu->sys.TCR_EL1 |= 1ull << 37;
    tlb_context_changed(cpu);
    u64 *d = map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    *word(0x40001000) = 1;
    *word(0x40003000) = 3;
    assert_int_equal(read_at(0x5a00000000001000), 1);
    TlbiScope s = {
        .regime = TLBI_EL10, .by_vmid = true, .by_va = true, .va_lo = 0x1000, .va_hi = 0x1fff};
    tlb_invalidate(cpu, &s);
    assert_false(stale(d, 0x40003000, 0x5a00000000001000, 1));
}

static void tlbi_ipa(void **state) {
    (void)state;
    u64 s2 = stage2_tables();
    cpu->sys.SCTLR_EL1 = 0;
    tlb_context_changed(cpu);
    for (u64 i = 1; i <= 4; i++) *word(0x40000000 + i * 0x1000) = i;
    u64 *d = map(s2, 12, 1, 0x1000, 3, 0x40001000 | PAGE | AF | S2_R | S2_WB);
    assert_int_equal(read_at(0x1000), 1);
    assert_true(stale(d, 0x40002000, 0x1000, 1));
    TlbiScope s = {.regime = TLBI_EL10,
                   .by_vmid = true,
                   .vmid = 1,
                   .by_va = true,
                   .va_lo = 0x1000,
                   .va_hi = 0x1fff};
    tlb_invalidate(cpu, &s);  // stage 1 only
    assert_int_equal(read_at(0x1000), 1);
    s.stage2_only = true;
    s.vmid = 2;
    tlb_invalidate(cpu, &s);
    assert_int_equal(read_at(0x1000), 1);
    s.vmid = 1;
    tlb_invalidate(cpu, &s);
    assert_int_equal(read_at(0x1000), 2);
    // VMIDs are apart.
    cpu->sys.VTTBR_EL2 += 1ull << 48;
    tlb_context_changed(cpu);
    *d = (*d & ~0xfffffffff000ull) | 0x40003000;
    assert_int_equal(read_at(0x1000), 3);
    cpu->sys.VTTBR_EL2 -= 1ull << 48;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x1000), 2);
}

// The cached stage 2 of tables lives as long as stage 2 entries do.
static void tlbi_walk_tables(void **state) {
    (void)state;
    u64 low = el1_tables(NULL), s2 = stage2_tables();
    stage2_identity(s2, 0);
    map(low, 12, 0, 0x1000, 3, 0x40401000 | PAGE | AF);
    *word(0x40401000) = 1;
    assert_int_equal(read_at(0x1000), 1);
    map(s2, 12, 1, low, 2, 0);
    TlbiScope va1 = {.regime = TLBI_EL10,
                     .by_vmid = true,
                     .vmid = 1,
                     .by_va = true,
                     .va_lo = 0x1000,
                     .va_hi = 0x1fff};
    tlb_invalidate(cpu, &va1);
    at_el1(0xf9400020);
    assert_false(aborts(0x1000, 8, false, ACC_NORMAL));
    tlb_invalidate(cpu, &va1);
    TlbiScope ipa = {.regime = TLBI_EL10,
                     .by_vmid = true,
                     .vmid = 1,
                     .stage2_only = true,
                     .by_va = true,
                     .va_lo = low,
                     .va_hi = low + 0xfff};
    tlb_invalidate(cpu, &ipa);
    assert_true(aborts(0x1000, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL2 & 0xff, 0x86);
}

static void tlb_many_contexts(void **state) {
    (void)state;
    Pages p = tlb_pages();
    for (u64 asid = 100; asid < 300; asid++) {
        cpu->sys.TTBR0_EL1 = (cpu->sys.TTBR0_EL1 & ones(48)) | asid << 48;
        tlb_context_changed(cpu);
        assert_int_equal(read_at(0x2000), 2);
    }
    *p.mine = (*p.mine & ~0xfffffffff000ull) | 0x40004000;
    cpu->sys.TTBR0_EL1 = (cpu->sys.TTBR0_EL1 & ones(48)) | 5ull << 48;
    tlb_context_changed(cpu);
    assert_int_equal(read_at(0x2000), 4);  // evicted
}

// --- AT ------------------------------------------------------------------------------------------

static void at_results(void **state) {
    (void)state;
    u64 low = el1_tables(NULL), s2 = stage2_tables();
    stage2_identity(s2, 0);
    map(low, 12, 0, 0x1000, 3, 0x40201000 | PAGE | AF | 3 << 8);
    map(low, 12, 0, 0x2000, 3, 0x40202000 | PAGE | AF | DEVICE | RO);
    map(low, 12, 0, 0x3000, 3, 0x50000000 | PAGE | AF);
    map(s2, 12, 1, 0x40200000, 2, 0x40400000 | BLOCK | AF | S2_R | S2_WB | 3 << 8);
    enter(2 << PSTATE_EL_SHIFT | PSTATE_SP);
    AArch64_AT(cpu, 0x1234, (AtOp){.el = 1});
    assert_int_equal(cpu->sys.PAR_EL1, 0xff00000040201b80);
    AArch64_AT(cpu, 0x1234, (AtOp){.el = 1, .two_stages = true});
    assert_int_equal(cpu->sys.PAR_EL1, 0xff00000040401b80);
    AArch64_AT(cpu, 0x2000, (AtOp){.el = 1, .two_stages = true});
    assert_int_equal(cpu->sys.PAR_EL1, 0x0400000040402b00);
    AArch64_AT(cpu, 0x2000, (AtOp){.el = 1, .write = true});
    assert_int_equal(cpu->sys.PAR_EL1, 0x800 | 0xf << 1 | 1);
    AArch64_AT(cpu, 0x1000, (AtOp){.el = 0});
    assert_int_equal(cpu->sys.PAR_EL1, 0x800 | 0xf << 1 | 1);
    AArch64_AT(cpu, 0x3000, (AtOp){.el = 1, .two_stages = true});
    assert_int_equal(cpu->sys.PAR_EL1, 0x800 | 1 << 9 | 6 << 1 | 1);
    // A stage 2 fault on the walk: in PAR_EL1 at EL2, an abort to EL2 at EL1.
    map(s2, 12, 1, low, 2, 0);
    AArch64_AT(cpu, 0x1000, (AtOp){.el = 1});
    assert_int_equal(cpu->sys.PAR_EL1, 0x800 | 1 << 9 | 1 << 8 | 6 << 1 | 1);
    at_el1(0xd5087800);
    if (!setjmp(cpu->unwind)) {
        AArch64_AT(cpu, 0x1000, (AtOp){.el = 1});
        fail();
    }
    assert_int_equal(cpu->sys.ESR_EL2, 0x24u << 26 | 1 << 25 | 1 << 8 | 1 << 7 | 1 << 6 | 6);
    assert_int_equal(cpu->sys.HPFAR_EL2, low >> 12 << 4);
}

// --- 52-bit addresses ----------------------------------------------------------------------------

// FEAT_LVA, FEAT_LPA: 64 KB granule alone. Bits 51:48 of an address are 15:12 of a descriptor and 5:2 of a
// TTBR.
static void wide_stage1(void **state) {
    (void)state;
    give(FEAT_LVA);
    give(FEAT_LPA);
    cpu->sys.ID_AA64MMFR0_EL1 = 6 | 2 << 4 | 1 << 20;
    u64 low = new_tables(65536), va = 0x000f123456789000;
    el1_tables(NULL);
    cpu->sys.TTBR0_EL1 = low;
    cpu->sys.TCR_EL1 = 12 | 1 << 14 | 16 << 16 | 2ull << 30 | 6ull << 32;
    map(low, 16, 1, va, 3, 0x40010000 | 0xa << 12 | PAGE | AF);
    assert_pa(va, 0x000a000040019000);
    assert_fault(va | 1ull << 52, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    map(low, 16, 1, 5ull << 42, 1, 7ull << 42 | 3 << 12 | BLOCK | AF);
    assert_pa(5ull << 42 | 0x1234567890, 3ull << 48 | 7ull << 42 | 0x1234567890);
    assert_int_equal(translation.page_bits, 42);
    // A table above 48 bits: nothing is there. With IPS 48 bits, an address size fault.
    map(low, 16, 1, 6ull << 42, 1, 0x40020000 | 1 << 12 | TABLE);
    assert_fault(6ull << 42, ACCESS_READ, MODE_E10_1, FAULT_EXTERNAL_TTW, 2);
    cpu->sys.TCR_EL1 ^= 3ull << 32;
    assert_fault(6ull << 42, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 1);
    assert_fault(va, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 3);
    // The block reaches beyond 32 bits, though its base does not.
    cpu->sys.TCR_EL1 &= ~(7ull << 32);
    map(low, 16, 1, 1ull << 42, 1, BLOCK | AF);
    assert_pa(1ull << 42 | 0x12345678, 0x12345678);
    assert_fault(1ull << 42 | 1ull << 32, ACCESS_READ, MODE_E10_1, FAULT_ADDRESS_SIZE, 1);
    // TTBR bits 5:2 count with IPS 52 bits alone.
    cpu->sys.TTBR0_EL1 = low | 4;
    assert_pa(1ull << 42 | 0x12345678, 0x12345678);
    cpu->sys.TCR_EL1 |= 6ull << 32;
    assert_fault(1ull << 42, ACCESS_READ, MODE_E10_1, FAULT_EXTERNAL_TTW, 1);
    // Not with other granules, and not without FEAT_LVA.
    cpu->sys.TTBR0_EL1 = low;
    cpu->sys.TCR_EL1 &= ~(3ull << 14);
    assert_fault(0, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
    cpu->sys.TCR_EL1 |= 1 << 14;
    take(FEAT_LVA);
    assert_fault(va, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
}

static void wide_stage2(void **state) {
    (void)state;
    give(FEAT_LPA);
    cpu->sys.ID_AA64MMFR0_EL1 = 6 | 2 << 4 | 1 << 20;
    u64 root = new_tables(65536), ipa = 0x000c000012345000;
    cpu->sys.VTTBR_EL2 = root;
    cpu->sys.VTCR_EL2 = 12 | 2 << 6 | 1 << 14 | 6 << 16;
    cpu->sys.HCR_EL2 |= 1 << HCR_VM;
    cpu->sys.SCTLR_EL1 = 0;
    map(root, 16, 1, ipa, 3, 0x40010000 | 5 << 12 | PAGE | AF | S2_R | S2_WB);
    assert_pa(ipa, 0x0005000040015000);
    // HPFAR_EL2.FIPA has IPA bits 51:12.
    at_el1(0xf9400020);
    assert_true(aborts(0x000d000012345678, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.HPFAR_EL2, 0x000d000012345000 >> 8);
    enter(2 << PSTATE_EL_SHIFT | PSTATE_SP);
    AArch64_AT(cpu, ipa, (AtOp){.el = 1, .two_stages = true});
    assert_int_equal(cpu->sys.PAR_EL1 & 0x00fffffffffff001, 0x0005000040015000);
    // Other granules have 48 bits.
    cpu->sys.VTCR_EL2 = 12 | 2 << 6 | 6 << 16;
    assert_fault(0x1000, ACCESS_READ, MODE_E10_1, FAULT_TRANSLATION, 0);
}

// A hardware update of a descriptor in read-only memory: an external abort on the walk, at its level.
static void update_in_rom(void **state) {
    (void)state;
    static u64 page[512];
    static Region rom = {.name = "rom", .base = 0x1000, .size = 4096, .readonly = true};
    Error err = {0};
    memset(page, 0, sizeof page);
    rom.host = (u8 *)page;
    assert_true(bus_add(&machine, &rom, &err));
    u64 low = el1_tables(NULL), s2 = stage2_tables();
    stage2_identity(s2, 0);
    map(s2, 12, 1, 0x1000, 3, 0x1000 | PAGE | AF | S2_R | S2_W | S2_WB);
    map(low, 12, 0, 0, 2, 0x1000 | TABLE);
    page[5] = 0x40201000 | PAGE;
    page[6] = 0x40201000 | PAGE | AF;
    cpu->sys.TCR_EL1 |= 1ull << 39;  // HA
    assert_pa(0x6000, 0x40201000);
    assert_fault(0x5000, ACCESS_READ, MODE_E10_1, FAULT_EXTERNAL_TTW, 3);
    assert_false(fault.stage2);
    // The stage 2 descriptor of the data.
    map(s2, 12, 1, 0x40200000, 2, 0x1000 | TABLE);
    cpu->sys.VTCR_EL2 |= 1 << 21;
    page[1] = 0x40201000 | PAGE | S2_R | S2_W | S2_WB;
    assert_fault(0x6000, ACCESS_READ, MODE_E10_1, FAULT_EXTERNAL_TTW, 3);
    assert_true(fault.stage2);
    assert_false(fault.s1ptw);
    bus_free(&machine);
}

// --- what the fuzzer found -----------------------------------------------------------------------

// PSTATE.PAN has no effect on cache maintenance, nor on what SCTLR.WXN says of a fetch.
static void pan_is_about_data(void **state) {
    (void)state;
    give(FEAT_PAN3);
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF | USER);
    map(low, 12, 0, 0x2000, 3, 0x40002000 | PAGE | AF);
    cpu->sys.SCTLR_EL1 |= 1 << 19 | 1ull << 57;
    at_el1(0xd5087620);
    enter(1 << PSTATE_EL_SHIFT | PSTATE_SP | PSTATE_PAN);
    assert_true(aborts(0x1000, 8, false, ACC_NORMAL));
    at_el1(0xd5087620);
    enter(1 << PSTATE_EL_SHIFT | PSTATE_SP | PSTATE_PAN);
    if (setjmp(cpu->unwind)) fail();
    cache_maintenance_va(cpu, NULL, 0x1000, true, false);
    assert_fault(0x2000, ACCESS_FETCH, MODE_E10_1P, FAULT_PERMISSION, 3);
}

// With HCR_EL2.TGE stage 1 of the EL1&0 regime is off, from a host (E2H) as well: AT S12E1R.
static void at_from_a_host(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    map(low, 12, 0, 0x1000, 3, 0x40201000 | PAGE | AF);
    cpu->sys.HCR_EL2 |= 1ull << HCR_E2H | 1ull << HCR_TGE;
    enter(2 << PSTATE_EL_SHIFT | PSTATE_SP);
    AArch64_AT(cpu, 0x1000, (AtOp){.el = 1, .two_stages = true});
    assert_int_equal(cpu->sys.PAR_EL1 & ones(56), 0x1000 | 1 << 11 | 1 << 9 | 2 << 7);
}

// The second half of an unaligned 128-bit access is no aligned access.
static void half_of_unaligned(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    V128 v;
    map(low, 12, 0, 0x4000, 3, 0x40004000 | PAGE | AF);
    map(low, 12, 0, 0x5000, 3, 0x40005000 | PAGE | AF | DEVICE);
    at_el1(0x3dc00000);
    if (!setjmp(cpu->unwind)) {
        mem_read128_slow(cpu, NULL, 0x4ff8, &v, ACC_VECTOR);
        fail();
    }
    assert_int_equal(cpu->sys.ESR_EL1 & 0x3f, 0x21);
    assert_int_equal(cpu->sys.FAR_EL1, 0x5000);
}

// Stage 1 says Device and FEAT_S2FWB makes it Normal: unaligned accesses fault in stage 1, also when the TLB
// has the page.
static void device_under_fwb(void **state) {
    (void)state;
    u64 s2 = stage2_tables();
    cpu->sys.HCR_EL2 |= 1ull << HCR_FWB;
    cpu->sys.SCTLR_EL1 = 0;
    map(s2, 12, 1, 0x1000, 3, 0x40002000 | PAGE | AF | S2_R | 6 << 2);
    at_el1(0xf9400020);
    assert_false(aborts(0x1008, 8, false, ACC_NORMAL));
    assert_null(tlb_host_read(cpu, 0x1001, 8));
    assert_true(aborts(0x1001, 8, false, ACC_NORMAL));
    assert_int_equal(cpu->sys.ESR_EL1 & 0x3f, 0x21);
}

static void walk_trace(void **state) {
    (void)state;
    u64 low = el1_tables(NULL);
    u64 *d = map(low, 12, 0, 0x1000, 3, 0x40001000 | PAGE | AF);
    WalkStep steps[3];
    Translation t = {.trace = steps, .trace_max = 3};
    AccessDesc a = {.type = ACCESS_READ, .mode = MODE_E10_1};
    assert_true(mmu_translate(cpu, va(0x1000), &a, &t, &fault));
    assert_int_equal(t.trace_count, 3);
    assert_int_equal(steps[0].at, low);
    assert_int_equal(steps[2].level, 2);
    WalkStep all[8];
    t = (Translation){.trace = all, .trace_max = 8};
    assert_true(mmu_translate(cpu, va(0x1000), &a, &t, &fault));
    assert_int_equal(t.trace_count, 4);
    assert_int_equal(all[3].desc, *d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(walk_4k),
        TEST(walk_16k),
        TEST(walk_64k),
        TEST(walk_sizes),
        TEST(walk_faults),
        TEST(top_byte),
        TEST(stage1_off),
        TEST(el2_regimes),
        TEST(permission_matrix),
        TEST(hierarchy_disabled),
        TEST(stage2_concatenated),
        TEST(stage2_sixteen_tables),
        TEST(stage2_permissions),
        TEST(stage2_of_walk),
        TEST(stage2_attributes),
        TEST(update_stage1),
        TEST(update_needs_stage2_write),
        TEST(update_stage2),
        TEST(update_through_tlb),
        TEST(abort_stage1),
        TEST(abort_stage2),
        TEST(instruction_syndromes),
        TEST(alignment),
        TEST(page_crossing),
        TEST(unprivileged),
        TEST(fetches),
        TEST(code_pages),
        TEST(zero_block),
        TEST(cache_by_address),
        TEST(devices),
        TEST(wide_accesses),
        TEST(tlb_lives),
        TEST(tlbi_scopes),
        TEST(tlbi_block),
        TEST(tlbi_tagged_address),
        TEST(tlbi_ipa),
        TEST(tlbi_walk_tables),
        TEST(tlb_many_contexts),
        TEST(at_results),
        TEST(update_in_rom),
        TEST(wide_stage1),
        TEST(wide_stage2),
        TEST(pan_is_about_data),
        TEST(at_from_a_host),
        TEST(half_of_unaligned),
        TEST(device_under_fwb),
        TEST(walk_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
