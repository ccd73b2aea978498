// The product as the routing oracle sees it: one step from a state that is written whole.
#pragma once

#include "oracle_route.h"
#include "subject.h"

// What stage 2 (39 bits from level 1, 40 bits of output) says of one page. It maps the other memory to
// itself, by pages, and nothing where nothing answers.
typedef enum Stage2 {
    STAGE2_OFF,
    STAGE2_MAPS,
    STAGE2_INVALID,
    STAGE2_NO_AF,
    STAGE2_NO_PERMISSION,
    STAGE2_READ_ONLY,
    STAGE2_WIDE,  // an output address of more than 40 bits
    STAGE2_DEVICE,
    STAGE2_AWAY,  // nothing answers where its last table is
    STAGE2_KINDS
} Stage2;

// A page of stage 2: the data, the code, and the tables of stage 1 by level.
enum { PAGE_DATA, PAGE_CODE, PAGE_LEVEL0, PAGE_CODE_TABLES, PAGE_DATA_TABLES = 6, PAGES = 9 };

// Memory as a case sees it. Stage 1 maps code and data to themselves by a tree from level 0, of pages of
// 4 KB; with `data_tree` the address of the data has bit 39 and a tree of its own.
typedef struct RouteMap {
    bool stage1_el1, stage1_el2;  // SCTLR_ELx.M
    bool short_va;                // 39 bits: stage 1 starts at level 1
    bool upper_code, upper_data;  // addresses of the range of TTBR1
    bool data_tree;
    bool dc, ptw;  // HCR_EL2.DC, HCR_EL2.PTW
    uint64_t tcr;  // other bits of TCR_ELx
    uint64_t flip[2]
                 [4];  // descriptors of data (0) and code (1) by level: bits that are the other way
    bool away[2][4];   // their address is one where nothing answers
    bool nothing_at_pc, nothing_at_x1;
    bool stage2_nowhere;  // stage 2 maps that address
    Stage2 stage2;
    unsigned stage2_page;
    bool breakpoint, watchpoint;  // at PC; around X1
} RouteMap;

typedef struct RouteSubject {
    Subject *subject;
    Machine *machine;
    Cpu *cpu;
    RouteState state;  // what the last route_set() made of its argument: masks applied
    RouteMap map;
    OracleMmuFeatures mmu;
    bool translates;          // some stage is on
    uint64_t updated_pa[16];  // what the oracle's walks have written
    uint64_t updated[16];
    unsigned updates;
} RouteSubject;

RouteSubject *route_create(const char *model, bool el2);
void route_free(RouteSubject *r);
// Brings the product into this state; word is the instruction at PC. map NULL: nothing is translated.
void route_set(RouteSubject *r, const RouteState *want, const RouteMap *map, uint32_t word);
// Steps product and oracle. NULL when they agree, else what differs (static text).
const char *route_compare(RouteSubject *r, uint32_t word, RouteOutcome *want);
// The same for an abort.
const char *route_compare_abort(RouteSubject *r, const RouteFault *fault, RouteOutcome *want);
void route_print(const RouteSubject *r, uint32_t word, const RouteOutcome *want);
