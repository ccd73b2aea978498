// Runtime of the differential roms: they run at EL2 with the MMU off, enter code under test at any
// exception level, and print what the exception that ends it left behind. Everything printed is
// architecturally defined.
#ifndef RT_H
#define RT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

// The layout is known to start.S. `enter` replaces the state on the way in by the state at the
// exception.
typedef struct {
    u64 x[32];   // x[31]: SP_EL2 of the code under test
    u64 pc;      // in: where to start; out: ELR_EL2
    u64 pstate;  // in: SPSR_EL2 of the ERET; out: SPSR_EL2
    u64 esr, far, hpfar;
    u64 vector;  // offset from VBAR_EL2
    u64 host_sp;
    u64 hcr;  // HCR_EL2 while the code runs
} Ctx;

void enter(Ctx *ctx);
void rom_main(void);
extern char el1_vectors[], el2_vectors[];

enum {
    EL0 = 0x3c0,
    EL1T = 0x3c4,
    EL1H = 0x3c5,
    EL2T = 0x3c8,
    EL2H = 0x3c9,
};

#define HCR_VM    (1ull << 0)
#define HCR_SWIO  (1ull << 1)
#define HCR_PTW   (1ull << 2)
#define HCR_FMO   (1ull << 3)
#define HCR_IMO   (1ull << 4)
#define HCR_AMO   (1ull << 5)
#define HCR_VF    (1ull << 6)
#define HCR_VI    (1ull << 7)
#define HCR_VSE   (1ull << 8)
#define HCR_FB    (1ull << 9)
#define HCR_DC    (1ull << 12)
#define HCR_TWI   (1ull << 13)
#define HCR_TWE   (1ull << 14)
#define HCR_TID0  (1ull << 15)
#define HCR_TID1  (1ull << 16)
#define HCR_TID2  (1ull << 17)
#define HCR_TID3  (1ull << 18)
#define HCR_TSC   (1ull << 19)
#define HCR_TIDCP (1ull << 20)
#define HCR_TACR  (1ull << 21)
#define HCR_TSW   (1ull << 22)
#define HCR_TPC   (1ull << 23)
#define HCR_TPU   (1ull << 24)
#define HCR_TTLB  (1ull << 25)
#define HCR_TVM   (1ull << 26)
#define HCR_TGE   (1ull << 27)
#define HCR_TDZ   (1ull << 28)
#define HCR_HCD   (1ull << 29)
#define HCR_TRVM  (1ull << 30)
#define HCR_RW    (1ull << 31)
#define HCR_CD    (1ull << 32)
#define HCR_ID    (1ull << 33)
#define HCR_E2H   (1ull << 34)

#define STR_(x) #x
#define READ(reg) \
    ({ \
        u64 v_; \
        __asm__ volatile("mrs %0, " STR_(reg) : "=r"(v_)); \
        v_; \
    })
#define WRITE(reg, v) __asm__ volatile("msr " STR_(reg) ", %0\nisb" ::"r"((u64)(v)) : "memory")

// A piece of code under test: `name` is its first word. It ends in HVC #0xfff if nothing else ends
// it.
#define CODE(name, text) \
    extern const u32 name[]; \
    __asm__(".pushsection .text.guest, \"ax\"\n.balign 4\n" #name ":\n" text \
            "\nhvc #0xfff\nb .\n.popsection\n")

extern bool finish_line;  // run_code() ends its line (the default)
extern bool
    any_s1ptw_level;  // hide the level of a stage 2 fault on a stage 1 walk: stage2.c checks it
void put(const char *s);
void put_hex(u64 v);
void put_field(const char *name, u64 v);

// EL1 and EL2 controls as after reset, but for x0..x30 = 0x1000..., EL1 vectors in place, no traps.
void reset_state(Ctx *c);
// Runs `code` from the state in `c` and prints one line: where the exception went and what it left.
void run_code(Ctx *c, const char *name, const void *code, u64 pstate);
// The same with a fresh state and the given HCR_EL2 bits (RW is added).
void run_simple(const char *name, const void *code, u64 pstate, u64 hcr);
// One instruction word (written to a buffer, followed by HVC #0xfff).
void run_word(Ctx *c, const char *name, u32 word, u64 pstate);

// Translation tables, 4 KB granule. Each regime has 39 bits of input address, starting at level 1,
// with the rom mapped at its own address (read-only and executable, by a 2 MB block), and
// TEST_PAGES pages from TEST_VA by level 3.
#define TEST_VA    0x80000000ull
#define TEST_PAGES 16
typedef struct {
    u64 l1[512], l2_rom[512], l2_test[512], l3_test[512];
} Tables;
extern Tables tables_el1, tables_s2, tables_el2;
extern u8 scratch[TEST_PAGES][4096];
extern u32 word_buffer[];  // in the text block

#define PTE_VALID  3ull
#define PTE_BLOCK  1ull
#define PTE_AF     (1ull << 10)
#define PTE_ISH    (3ull << 8)
#define PTE_EL0    (1ull << 6)
#define PTE_RO     (1ull << 7)
#define PTE_NG     (1ull << 11)
#define PTE_PXN    (1ull << 53)
#define PTE_UXN    (1ull << 54)
#define PTE_NORMAL (1ull << 2)
#define S1_PAGE    (PTE_VALID | PTE_AF | PTE_ISH | PTE_NORMAL)
#define S2_ATTR    (0xfull << 2)
#define S2_R       (1ull << 6)
#define S2_W       (2ull << 6)
#define S2_XN      (2ull << 53)
#define S2_PAGE    (PTE_VALID | PTE_AF | PTE_ISH | S2_ATTR)
#define TCR_BASE   (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12)

void build_tables(void);              // fills the three
void stage1_el1_on(u64 extra_sctlr);  // SCTLR_EL1.M; TTBR0 only (EPD1)
void stage1_el2_on(u64 extra_sctlr);
void stage1_el2_off(void);
u64 stage2_on(void);  // sets VTCR/VTTBR; returns the HCR bit
void flush(void);     // every TLB entry, and the instruction cache
#endif
