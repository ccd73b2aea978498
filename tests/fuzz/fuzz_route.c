// Fuzz target: routing against the oracle. The bytes choose a CPU model, an Exception level, PSTATE, control
// registers, pending interrupts and an instruction; one step of the product must end as the oracle's.
// Layout of a case, up to 32 in an input: machine and lines, instruction, PSTATE, PC and SP, control
// registers, a byte for the address and one for stage 2; if that has one of its upper bits, 10 bytes of
// stage 1 tables, breakpoint and watchpoint. Loads and stores are aligned or not, of memory that is there
// or not, and either stage may refuse them or the fetch.
#include "route_subject.h"

#include <stdlib.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// EL2SIM_FUZZ_STATS=1: what was reached, by the oracle's outcome.
static struct { u64 cases, executes, ec[64], stage1, stage2, on_walk, external, btype; } stats;

static void print_stats(void) {
    fprintf(stderr,
            "%llu cases, %llu execute; aborts: stage 1 %llu, stage 2 %llu, on a stage 1 walk %llu, "
            "external %llu; SPSR_ELx.BTYPE %llu; by EC:",
            (unsigned long long)stats.cases, (unsigned long long)stats.executes,
            (unsigned long long)stats.stage1, (unsigned long long)stats.stage2,
            (unsigned long long)stats.on_walk, (unsigned long long)stats.external,
            (unsigned long long)stats.btype);
    for (unsigned ec = 0; ec < 64; ec++)
        if (stats.ec[ec]) fprintf(stderr, " %02x %llu", ec, (unsigned long long)stats.ec[ec]);
    fprintf(stderr, "\n");
}

static void count(const RouteOutcome *want) {
    if (!stats.cases++ && getenv("EL2SIM_FUZZ_STATS")) atexit(print_stats);
    stats.executes += want->kind == ORACLE_EXECUTES;
    stats.btype += want->kind != ORACLE_EXECUTES && want->spsr & PSTATE_BTYPE;
    if (want->kind != ORACLE_SYNC) return;
    unsigned ec = want->esr >> 26, code = want->esr & 0x3f;
    stats.ec[ec]++;
    if (ec != 0x20 && ec != 0x21 && ec != 0x24 && ec != 0x25) return;
    stats.external += code >= 0x10 && code < 0x18;
    stats.on_walk += want->esr >> 7 & 1;
    if (want->hpfar_known)
        stats.stage2++;
    else if (code < 0x10)
        stats.stage1++;
}

static u64 take(const uint8_t **data, size_t *size, size_t n) {
    u64 value = 0;
    n = MIN(n, *size);
    memcpy(&value, *data, n);
    *data += n;
    *size -= n;
    return value;
}

static RouteSubject *machine_of(unsigned n) {
    static const char *const models[] = {"cortex-a57", "cortex-a72", "neoverse-n1", "max"};
    static RouteSubject *made[9];
    // The newest more often.
    unsigned index = n < 8 ? n : n < 15 ? 3 : 8;
    bool no_pauth = index == 8;
    if (!made[index])
        made[index] =
            route_create(no_pauth ? "max,pauth=off" : models[index & 3], no_pauth || !(index & 4));
    return made[index];
}

static u32 instruction(const uint8_t **data, size_t *size) {
    static const u32 words[] = {
        0xd4000001, 0xd4000002, 0xd4000003, 0xd4200000, 0xd4400000, 0xd4a00001, 0xd69f03e0,
        0xd69f0bff, 0xd69f0fff, 0xd503205f, 0xd503207f, 0xd503221f, 0xd503201f, 0x1e602820,
        0xf94003e0, 0x00000000, 0xd50342df, 0xd5384100, 0xf9400022, 0xc85f7c22, 0xf9000022,
        0x79400022, 0x39000022,
        // BTI, BTI c, j, jc, PACIASP, PACIBSP
        0xd503241f, 0xd503245f, 0xd503249f, 0xd50324df, 0xd503233f, 0xd503237f,
        // BR X1, X16, X17, BLR X1, RET, BRAAZ X1, BLRABZ X16
        0xd61f0020, 0xd61f0200, 0xd61f0220, 0xd63f0020, 0xd65f03c0, 0xd61f083f, 0xd63f0e1f,
        // AUTIZA, AUTIZB, AUTDZA, AUTDZB X2, LDTR, STTR X2, [X1]
        0xdac133e2, 0xdac137e2, 0xdac13be2, 0xdac13fe2, 0xf8400822, 0xf8000822,
        // DC ZVA, DC CVAC, DC IVAC, IC IVAU, AT S1E1R X1, MRS and MSR of VTTBR_EL2
        0xd50b7421, 0xd50b7a21, 0xd5087621, 0xd50b7521, 0xd5087801, 0xd53c2100, 0xd51c2100};
    unsigned n = (unsigned)take(data, size, 1) % ARRAY_LEN(words);
    u32 imm = (u32)take(data, size, 2);
    return words[n] | (n < 5 ? imm << 5 : 0);
}

// Half of the accesses are aligned; a tag, which is no part of the address if TBI says so, is not there.
static void addresses(RouteState *st, RouteMap *m, unsigned byte, unsigned stage2) {
    m->stage2 = (stage2 & 7) % STAGE2_KINDS;
    m->stage2_page = (stage2 & 0x38) == 8 ? PAGE_CODE : PAGE_DATA;
    st->x1 = (byte & 1 ? byte & 0xe : 0) | (u64)((byte >> 4 & 7) == 1) << 52;
    m->nothing_at_x1 = (byte >> 4 & 7) == 2;
    m->nothing_at_pc = (byte & 0x8f) == 0x80;
}

// A descriptor of the data or the code: its kind with a level, then bits of the page.
static void descriptors(RouteMap *m, unsigned code, unsigned kind, unsigned page, unsigned table) {
    unsigned level = kind >> 3 & 3;
    u64 *leaf = &m->flip[code][3];
    *leaf |= (page & 3) << 6 | (u64)((page >> 2 & 7) == 7) << 10 |
             (page >> 5 & 3) << 2;                                              // AP, AF, AttrIndx
    *leaf |= (u64)(page >> 7 & 1) << 50 | (u64)((page >> 8 & 3) == 3) << 53;    // GP, PXN
    *leaf |= (u64)((page >> 10 & 3) == 3) << 54 | (u64)(page >> 12 & 1) << 51;  // UXN, DBM
    *leaf |= (u64)(page >> 13 & 1) << 11;                                       // nG
    if ((kind & 7) == 4) m->flip[code][level] |= 1;
    if ((kind & 7) == 5) m->away[code][level] = true;
    if ((kind & 7) == 6) m->flip[code][level] |= 1ull << 44;  // an address of more than 40 bits
    if ((kind & 7) == 7)
        m->flip[code][level % 3] |= (u64)(table & 15) << 59;  // APTable, UXNTable, PXNTable
}

static void stage1(RouteState *st, RouteMap *m, const uint8_t **data, size_t *size) {
    unsigned flags = (unsigned)take(data, size, 1), stage2 = (unsigned)take(data, size, 1);
    m->stage1_el1 = flags & 1;
    m->stage1_el2 = flags & 2;
    m->upper_code = (flags & 4) && (stage2 & 16);
    m->upper_data = flags & 8;
    m->data_tree = flags & 16;
    m->short_va = flags & 32;
    m->stage2_nowhere = flags & 64;
    st->wrong_code = flags & 128;
    m->stage2_page = (stage2 & 15) % PAGES;
    if ((stage2 & 0xe0) == 0xe0) m->stage2 = STAGE2_AWAY;
    m->dc = (stage2 & 0xe0) == 0xc0;
    m->ptw = stage2 & 32;
    unsigned more = (unsigned)take(data, size, 1);
    m->tcr = (u64)(more & 3) << 39 | (u64)(more >> 2 & 3) << 41;  // HA, HD, HPD
    if ((more & 0xc0) == 0x40)
        m->tcr |= (u64)(more >> 4 & 1) << 55 | (u64)(more >> 5 & 1) << 56;              // E0PD
    if ((more & 0xc0) == 0x80) m->tcr |= (more >> 4 & 1) << 7 | (more >> 5 & 1) << 23;  // EPD
    if ((more & 0xc0) == 0xc0) st->x1 |= (u64)(more >> 4 & 3) << 56;
    unsigned table = (unsigned)take(data, size, 1);
    for (unsigned code = 0; code < 2; code++) {
        unsigned kind = (unsigned)take(data, size, 1), page = (unsigned)take(data, size, 2);
        descriptors(m, code, kind, page, code ? table >> 4 : table);
        if (page >> 14 == 3) *(code ? &m->breakpoint : &m->watchpoint) = true;
    }
}

static void one(const uint8_t **data, size_t *size) {
    static const u8 hot[] = {3, 4, 5, 6, 7, 8, 13, 14, 19, 27, 29, 34, 37, 41, 42, 43};
    unsigned flags = (unsigned)take(data, size, 2);
    RouteSubject *r = machine_of(flags & 15);
    RouteState st = {0};
    RouteMap map = {0};
    st.serror = (flags >> 4 & 7) == 1;
    st.fiq = (flags >> 7 & 7) == 1;
    st.irq = (flags >> 10 & 7) == 1;
    st.event = flags >> 13 & 1;
    u32 word = instruction(data, size);
    st.s.pstate = (u32)take(data, size, 4);
    u64 where = take(data, size, 2);
    st.vfiq = (where >> 12 & 3) == 1;
    st.virq = (where >> 14 & 3) == 1;
    st.pc = (where & 0xf) ? 0x100 : 0x100 | (where >> 4 & 3);
    st.sp = (where >> 8 & 1) ? 0x100 : 0x108;
    st.serror_iss = (u32)take(data, size, 4);
    u64 hcr = take(data, size, 2);
    for (unsigned k = 0; k < 16; k++) st.s.HCR_EL2 |= (hcr >> k & 1) << hot[k];
    u64 dbg = take(data, size, 1);
    st.s.MDCR_EL2 = (dbg & 1) << 8;
    st.s.MDSCR_EL1 = (dbg >> 1 & 1) | (dbg >> 2 & 1) << 13;
    st.s.OSLSR_EL1 = (dbg >> 3 & 1) << 1;
    st.s.HCR_EL2 |= (dbg >> 4 & 1) << HCR_NV2;
    st.s.MDSCR_EL1 |= (dbg >> 5 & 1) << 15;      // MDE
    if (dbg & 0xc0) st.s.pstate &= ~(1u << 20);  // IL is rare
    st.s.SCTLR_EL1 = take(data, size, 8);
    st.s.SCTLR_EL2 = take(data, size, 8);
    st.s.CPACR_EL1 = take(data, size, 4);
    st.s.CPTR_EL2 = take(data, size, 4);
    st.s.HFGITR_EL2 = take(data, size, 1) << 50;
    st.s.TCR_EL1 = take(data, size, 8);
    st.s.TCR_EL2 = take(data, size, 8);
    st.s.VBAR_EL1 = take(data, size, 8);
    st.s.VBAR_EL2 = take(data, size, 8);
    st.s.SPSR_EL1 = take(data, size, 4);
    st.s.SPSR_EL2 = take(data, size, 4);
    st.s.ELR_EL1 = take(data, size, 8);
    st.s.ELR_EL2 = take(data, size, 8);
    st.s.VSESR_EL2 = take(data, size, 4);
    unsigned byte = (unsigned)take(data, size, 1);
    unsigned stage2 = (unsigned)take(data, size, 1);
    addresses(&st, &map, byte, stage2);
    if (stage2 & 0xc0) stage1(&st, &map, data, size);
    st.s.el = (int)(flags >> 14 & 3) % 3;
    if (!r->subject->state.has.EL2 && st.s.el == 2) st.s.el = 1;
    if (st.s.el == 1) st.s.HCR_EL2 &= ~(1ull << 27);
    route_set(r, &st, &map, word);
    RouteOutcome want;
    const char *why = route_compare(r, word, &want);
    count(&want);
    if (!why) return;
    fprintf(stderr, "%s differs\n", why);
    route_print(r, word, &want);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (unsigned n = 0; n < 32 && size; n++) one(&data, &size);
    return 0;
}
