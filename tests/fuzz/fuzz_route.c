// Fuzz target: routing against the oracle. The bytes choose a CPU model, an Exception level, PSTATE, control
// registers, pending interrupts and an instruction; one step of the product must end as the oracle's.
// Layout of a case, up to 32 in an input: machine and lines, instruction, PSTATE, PC and SP, then 16 control
// registers of 8 bytes, sparse: a byte says which of them are there. Loads and stores are aligned or not, of memory that is there or not or
// that stage 2 refuses, or of an address that is too big.
#include "route_subject.h"

#include <stdlib.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    static RouteSubject *made[8];
    // The newest twice as often.
    unsigned index = n < 8 ? n : 3;
    if (!made[index]) made[index] = route_create(models[index & 3], !(index & 4));
    return made[index];
}

static u32 instruction(const uint8_t **data, size_t *size) {
    static const u32 words[] = {0xd4000001, 0xd4000002, 0xd4000003, 0xd4200000, 0xd4400000,
                                0xd4a00001, 0xd69f03e0, 0xd69f0bff, 0xd69f0fff, 0xd503205f,
                                0xd503207f, 0xd503221f, 0xd503201f, 0x1e602820, 0xf94003e0,
                                0x00000000, 0xd50342df, 0xd5384100, 0xf9400022, 0xc85f7c22,
                                0xf9000022, 0x79400022, 0x39000022};
    unsigned n = (unsigned)take(data, size, 1) % ARRAY_LEN(words);
    u32 imm = (u32)take(data, size, 2);
    return words[n] | (n < 5 ? imm << 5 : 0);
}

// Half of the accesses are aligned; a tag, which is no part of the address if TBI says so, is not there.
static void addresses(RouteState *st, unsigned byte, unsigned stage2) {
    st->stage2 = (stage2 & 7) % STAGE2_KINDS;
    st->stage2_code = (stage2 & 0x38) == 8;
    st->x1 = (byte & 1 ? byte & 0xe : 0) | (u64)((byte >> 4 & 7) == 1) << 52;
    st->nothing_at_x1 = (byte >> 4 & 7) == 2;
    st->nothing_at_pc = (byte & 0x8f) == 0x80;
}

static void one(const uint8_t **data, size_t *size) {
    static const u8 hot[] = {3, 4, 5, 6, 7, 8, 13, 14, 19, 27, 29, 34, 37, 41, 42, 43};
    unsigned flags = (unsigned)take(data, size, 2);
    RouteSubject *r = machine_of(flags & 15);
    RouteState st = {0};
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
    addresses(&st, byte, (unsigned)take(data, size, 1));
    st.s.el = (int)(flags >> 14 & 3) % 3;
    if (!r->subject->state.has.EL2 && st.s.el == 2) st.s.el = 1;
    if (st.s.el == 1) st.s.HCR_EL2 &= ~(1ull << 27);
    route_set(r, &st, word);
    RouteOutcome want;
    const char *why = route_compare(r, word, &want);
    if (!why) return;
    fprintf(stderr, "%s differs\n", why);
    route_print(r, word, &want);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (unsigned n = 0; n < 32 && size; n++) one(&data, &size);
    return 0;
}
