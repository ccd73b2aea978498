// Routing, exhaustively: every event and exception-generating instruction from every Exception level under
// all combinations of the controls that route or trap it; branch targets; and each fault of both stages of
// translation. Product against oracle, for the CPU models with the fewest and the most features. Prints how many.
#include "route_subject.h"

#include <stdio.h>
#include <stdlib.h>

static u64 tried, failed;

static void check_map(RouteSubject *r, const RouteState *st, const RouteMap *map, u32 word) {
    RouteOutcome want;
    route_set(r, st, map, word);
    const char *why = route_compare(r, word, &want);
    tried++;
    if (!why) return;
    if (failed++ < 10) {
        fprintf(stderr, "%s differs\n", why);
        route_print(r, word, &want);
    }
}

static void check(RouteSubject *r, const RouteState *st, u32 word) {
    check_map(r, st, NULL, word);
}

static u64 spread(unsigned bits, const u8 *position, unsigned n) {
    u64 value = 0;
    for (unsigned k = 0; k < n; k++) value |= (u64)(bits >> k & 1) << position[k];
    return value;
}

static RouteState base(int el) {
    RouteState st = {.pc = 0x100, .sp = 0x100};
    st.s.el = el;
    st.s.pstate = el ? 1 : 0;
    st.s.VBAR_EL1 = 0x40201000;
    st.s.VBAR_EL2 = 0x40202000;
    st.s.SCTLR_EL1 = st.s.SCTLR_EL2 = 1ull << 16 | 1ull << 18;
    st.s.CPACR_EL1 = 3u << 20;
    st.s.SPSR_EL1 = st.s.SPSR_EL2 = 0x5;
    st.s.ELR_EL1 = st.s.ELR_EL2 = 0x40200200;
    st.s.VSESR_EL2 = 0x1000055;
    st.serror_iss = 0x411;
    return st;
}

// All lines, masks, routes and virtual interrupts; NOP, WFI and ESB under them.
static void interrupts(RouteSubject *r, int el) {
    static const u8 routes[] = {3, 4, 5, 6, 7, 8, 27, 34};
    static const u32 words[] = {0xd503201f, 0xd503207f, 0xd503221f};
    for (unsigned hcr = 0; hcr < 256; hcr++)
        for (unsigned lines = 0; lines < 32; lines++)
            for (unsigned masks = 0; masks < 8; masks++)
                for (unsigned w = 0; w < 3; w++) {
                    RouteState st = base(el);
                    st.s.HCR_EL2 = spread(hcr, routes, 8);
                    if (el == 1 && hcr & 64) continue;
                    st.s.pstate |= masks << 6;
                    st.serror = lines & 1;
                    st.fiq = lines & 2;
                    st.irq = lines & 4;
                    st.vfiq = lines & 8;
                    st.virq = lines & 16;
                    check(r, &st, words[w]);
                }
}

// Instructions that trap or call, under the bits of HCR_EL2 that trap and route, and MDCR_EL2.TDE.
static void instructions(RouteSubject *r, int el) {
    static const u8 traps[] = {13, 14, 19, 27, 29, 34, 41, 42, 43};
    static const u32 words[] = {0xd4002461, 0xd4002462, 0xd4002463, 0xd4202460, 0xd4402460,
                                0xd4a02461, 0xd69f03e0, 0xd69f0bff, 0xd69f0fff, 0xd503205f,
                                0xd503207f, 0x1e602820, 0xf94003e0, 0x00000000, 0xd50342df};
    for (unsigned hcr = 0; hcr < 512; hcr++)
        for (unsigned w = 0; w < ARRAY_LEN(words); w++)
            for (unsigned more = 0; more < 512; more++) {
                RouteState st = base(el);
                st.s.HCR_EL2 = spread(hcr, traps, 9);
                if (el == 1 && hcr & 8) continue;
                st.s.MDCR_EL2 = (more & 1) << 8;
                if (more & 2) st.s.HFGITR_EL2 = 7ull << 51;
                if (more & 4) st.s.SCTLR_EL1 ^= 1ull << 16 | 1ull << 18 | 3ull << 3 | 1ull << 31;
                if (more & 8) st.s.SCTLR_EL2 ^= 1ull << 16 | 1ull << 18 | 3ull << 3 | 1ull << 31;
                st.s.CPACR_EL1 = (u64)(more >> 4 & 3) << 20;
                st.s.CPTR_EL2 = (u64)(more >> 4 & 3) << 20 | (u64)(more >> 6 & 1) << 10;
                if (more & 64) st.sp = 0x108;
                if (more & 128) st.s.pstate |= 1u << 20;
                if (more & 256) st.pc |= 2;
                check(r, &st, words[w]);
            }
}

// ERET to every SPSR_ELx.M and IL, SS, D.
static void returns(RouteSubject *r, int el) {
    static const u8 controls[] = {27, 34, 42, 43};
    for (unsigned hcr = 0; hcr < 16; hcr++)
        for (unsigned m = 0; m < 16; m++)
            for (unsigned more = 0; more < 256; more++) {
                RouteState st = base(el);
                st.s.HCR_EL2 = spread(hcr, controls, 4);
                if (el == 1 && hcr & 1) continue;
                u64 spsr = m | (more & 1) << 20 | (more >> 1 & 1) << 21 | (more >> 2 & 1) << 9 |
                           0x63800800u;
                st.s.SPSR_EL1 = st.s.SPSR_EL2 = spsr;
                st.s.MDSCR_EL1 = (more >> 3 & 1) | (more >> 4 & 1) << 13;
                st.s.MDCR_EL2 = (more >> 5 & 1) << 8;
                st.s.OSLSR_EL1 = (more >> 6 & 1) << 1;
                st.s.pstate |= (more >> 7 & 1) << 9 | 1 << 21;
                check(r, &st, 0xd69f03e0);
            }
}

static void check_abort(RouteSubject *r, const RouteState *st, const RouteFault *f) {
    RouteOutcome want;
    route_set(r, st, NULL, 0xd503201f);
    const char *why = route_compare_abort(r, f, &want);
    tried++;
    if (!why) return;
    if (failed++ < 10) {
        fprintf(stderr, "%s differs: fault %x level %u, %d%d%d%d\n", why, f->code, f->level,
                f->instruction, f->write, f->second_stage, f->s2fs1walk);
        route_print(r, 0, &want);
    }
}

static void aborts(RouteSubject *r, int el) {
    static const unsigned codes[] = {FSC_ADDRESS_SIZE, FSC_TRANSLATION,      FSC_ACCESS_FLAG,
                                     FSC_PERMISSION,   FSC_EXTERNAL_ON_WALK, FSC_EXTERNAL,
                                     FSC_ALIGNMENT};
    static const u8 controls[] = {27, 34, 37, 42, 43};
    for (unsigned hcr = 0; hcr < 32; hcr++)
        for (unsigned c = 0; c < ARRAY_LEN(codes); c++)
            for (unsigned how = 0; how < 64; how++) {
                RouteState st = base(el);
                st.s.HCR_EL2 = spread(hcr, controls, 5);
                if (el == 1 && hcr & 1) continue;
                RouteFault f = {.code = codes[c],
                                .level = how & 3,
                                .instruction = (how >> 2 & 3) == 0,
                                .write = (how >> 2 & 3) == 1,
                                .second_stage = how & 16,
                                .s2fs1walk = (how & 48) == 48,
                                .va = 0x123456789abc,
                                .ipa = 0x876543000};
                bool in_host = el == 0 && (hcr & 3) == 3;
                if (f.second_stage && (el == 2 || in_host || !r->subject->state.has.EL2)) continue;
                if (f.second_stage && codes[c] == FSC_ALIGNMENT) continue;
                check_abort(r, &st, &f);
            }
}

// PSTATE.BTYPE before an instruction, guarded or not, and after branches; keys of pointer authentication.
static void branch_targets(RouteSubject *r, int el) {
    static const u8 routes[] = {27, 34, 41}, enables[] = {35, 36};
    static const u32 words[] = {
        0xd503201f, 0xd503241f, 0xd503245f, 0xd503249f, 0xd50324df, 0xd503233f, 0xd503237f,
        0xd4202460, 0xd4402460, 0xd4002461, 0x00000000, 0xd69f03e0, 0xd50342df, 0xf9400022,
        0xd503207f, 0xd61f0020, 0xd61f0200, 0xd61f0220, 0xd63f0020, 0xd65f03c0, 0xd61f083f,
        0xd63f0e1f, 0xdac133e2, 0xdac137e2, 0xdac13be2, 0xdac13fe2};
    for (unsigned w = 0; w < ARRAY_LEN(words); w++)
        for (unsigned more = 0; more < 8192; more++) {
            RouteState st = base(el);
            RouteMap map = {.stage1_el1 = true, .stage1_el2 = true};
            st.s.HCR_EL2 = spread(more, routes, 3);
            if (el == 1 && more & 1) continue;
            st.s.pstate |= (more >> 3 & 3) << 10 | (more >> 5 & 1) << 20;
            st.s.SCTLR_EL1 |= spread(more >> 6, enables, 2);
            st.s.SCTLR_EL2 |= spread(more >> 8, enables, 2);
            const u64 keys = more & 1 << 10 ? 1u << 31 | 1 << 30 | 1 << 27 | 1 << 13 : 0;
            st.s.SCTLR_EL1 |= keys;
            st.s.SCTLR_EL2 |= keys;
            if (more & 1 << 11) map.stage1_el1 = map.stage1_el2 = false;
            st.wrong_code = more & 1 << 12;
            // GP, and what EL0 needs to have both pages; EL1 may not execute what EL0 may write.
            map.flip[1][3] = (u64) !(more & 1 << 12) << 50 | (el == 0 ? 3 << 6 : 0);
            map.flip[0][3] = 1 << 6;
            check_map(r, &st, &map, words[w]);
        }
}

enum { FAULTS = 23 };

// One thing that is wrong with the page of data or of code in stage 1.
static void stage1_fault(RouteMap *m, unsigned code, unsigned n) {
    u64 *leaf = &m->flip[code][3];
    if (n < 4)
        m->flip[code][n] |= 1;
    else if (n < 8)
        m->away[code][n - 4] = true;
    else if (n < 12)
        m->flip[code][n - 8] |= 1ull << 44;
    else if (n < 15)
        *leaf ^= (u64)(n - 11) << 6;  // AP
    else if (n < 19)
        m->flip[code][2] |= (u64)(n - 14) << 60;  // XNTable or UXNTable, APTable
    else if (n == 19)
        *leaf ^= 1 << 10;  // AF
    else if (n == 20)
        *leaf |= 1ull << 53;  // PXN
    else if (n == 21)
        *leaf |= 1ull << 54;  // UXN, XN
    else
        *leaf |= 1 << 2;  // Device
}

static void one_translation(RouteSubject *r, int el, unsigned fault, unsigned stage2, bool code) {
    static const u8 routes[] = {27, 34, 37, 2};
    static const u32 words[] = {0xf9400022, 0xf9000022, 0xf8400822, 0xf8000822, 0xc85f7c22};
    unsigned mapped = stage2 / PAGES <= STAGE2_MAPS;  // breakpoint and watchpoint or not
    for (unsigned more = 0; more < 128u << mapped; more++)
        for (unsigned w = 0; w < (code ? 2 : ARRAY_LEN(words)); w++) {
            RouteState st = base(el);
            RouteMap map = {.stage1_el1 = true, .stage1_el2 = true, .data_tree = true};
            if (el == 1 && more & 1) continue;
            st.s.HCR_EL2 = spread(more & 7, routes, 3);
            map.ptw = more & 8;
            st.s.pstate |= (more >> 4 & 1) << 22;          // PAN
            st.s.SCTLR_EL1 |= (u64)(more >> 5 & 1) << 19;  // WXN
            st.s.SCTLR_EL2 |= (u64)(more >> 5 & 1) << 19;
            st.x1 = more & 64 ? 4 : 0;
            *(code ? &map.breakpoint : &map.watchpoint) = more & 128;
            st.s.MDSCR_EL1 = 1 << 15 | 1 << 13;
            st.s.MDCR_EL2 = (u64)code << 8;  // TDE
            map.flip[0][3] = 1 << 6;
            map.flip[1][3] = el == 0 ? 3 << 6 : 0;
            stage1_fault(&map, code, fault);
            map.stage2 = stage2 / PAGES;
            map.stage2_page = stage2 % PAGES;
            check_map(r, &st, &map, words[w]);
        }
}

static void translations(RouteSubject *r, int el) {
    bool el2 = r->subject->state.has.EL2;
    for (unsigned fault = 0; fault < FAULTS; fault++)
        for (unsigned stage2 = 0; stage2 < (el2 && el < 2 ? STAGE2_KINDS * PAGES : 1u); stage2++) {
            // Off, and all pages mapped: one page is as good as another.
            if (stage2 / PAGES <= STAGE2_MAPS && stage2 % PAGES) continue;
            one_translation(r, el, fault, stage2, false);
            one_translation(r, el, fault, stage2, true);
        }
}

static void machine(const char *model, bool el2) {
    RouteSubject *r = route_create(model, el2);
    bool variant = strchr(model, ',') != NULL;
    for (int el = 0; el <= (el2 ? 2 : 1); el++) {
        branch_targets(r, el);
        if (!variant) translations(r, el);
        if (!strcmp(model, "max,pauth=off")) continue;
        interrupts(r, el);
        instructions(r, el);
        returns(r, el);
        aborts(r, el);
    }
    route_free(r);
}

int main(void) {
    static const char *const models[] = {"cortex-a57", "max", "max,mte", "max,pauth=off"};
    for (unsigned k = 0; k < ARRAY_LEN(models); k++) {
        machine(models[k], true);
        machine(models[k], false);
    }
    printf("%llu cases, %llu differ\n", (unsigned long long)tried, (unsigned long long)failed);
    return failed != 0;
}
