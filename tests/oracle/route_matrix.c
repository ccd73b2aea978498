// Routing, exhaustively: every event and exception-generating instruction from every Exception level under
// all combinations of the controls that route or trap it, product against oracle, for the CPU models with
// the fewest and the most features. Prints how many.
#include "route_subject.h"

#include <stdio.h>
#include <stdlib.h>

static u64 tried, failed;

static void check(RouteSubject *r, const RouteState *st, u32 word) {
    RouteOutcome want;
    route_set(r, st, NULL, word);
    const char *why = route_compare(r, word, &want);
    tried++;
    if (!why) return;
    if (failed++ < 10) {
        fprintf(stderr, "%s differs\n", why);
        route_print(r, word, &want);
    }
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

static void machine(const char *model, bool el2) {
    RouteSubject *r = route_create(model, el2);
    for (int el = 0; el <= (el2 ? 2 : 1); el++) {
        interrupts(r, el);
        instructions(r, el);
        returns(r, el);
        aborts(r, el);
    }
    route_free(r);
}

int main(void) {
    static const char *const models[] = {"cortex-a57", "max", "max,mte"};
    for (unsigned k = 0; k < ARRAY_LEN(models); k++) {
        machine(models[k], true);
        machine(models[k], false);
    }
    printf("%llu cases, %llu differ\n", (unsigned long long)tried, (unsigned long long)failed);
    return failed != 0;
}
