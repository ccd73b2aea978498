// One random case: the state in which a few instructions run, and the translation they run under.
// gen.c writes an array of these (as assembly data, in this order of fields), random.c runs it.
// Addresses are fixed.
#ifndef CASES_H
#define CASES_H
#include <stdint.h>

enum {
    REGION = 0x44000000,  // physical and intermediate physical: PAGES pages
    TABLES = 0x44200000,  // S1_L1, S1_L2, S1_L3, then the tables of stage 2
    PAGES = 16,
    CODE_PAGE = 0,
    VECTOR_PAGE = 1,
    FIRST_DATA = 2,
    LAST_DATA = 9,
    CODE_WORDS = 16,
};
enum {
    S1_L1 = TABLES,
    S1_L2 = TABLES + 0x1000,
    S1_L3 = TABLES + 0x2000,
    S2_L1 = TABLES + 0x3000,
    S2_L2 = TABLES + 0x4000,
    S2_L3 = TABLES + 0x5000,
    S2_L3_TABLES = TABLES + 0x6000
};

typedef struct {
    uint64_t x[31], sp_el0, sp_el1, pc, spsr;
    uint64_t hcr, sctlr, tcr, cpacr, cptr, mdcr, cnthctl, cntkctl, fpcr;
    uint64_t s1_l1, s1_l2, s1[PAGES];         // the descriptors that lead to REGION
    uint64_t s2_l2, s2[PAGES], s2_tables[4];  // likewise; the last: IPAs of stage 1's tables
    uint64_t seed;                            // of the contents of the data pages
    uint32_t code[CODE_WORDS];
} Case;

extern const Case cases[];
extern const uint64_t case_count;
#endif
