// Which of the 16384 encodings of op0 = 3 can be read at EL2 and at EL1: what is implemented at all, and what EL1 may
// not see. Arm ARM: "AArch64 System Register Encoding".
#include "rt.h"

// How MRS of this encoding ends: 0 it reads, 1 UNDEFINED, 2 something else.
static u32 probe(u32 fields, u64 pstate) {
    Ctx c;
    reset_state(&c);
    word_buffer[0] = 0xd5380000 | fields;
    word_buffer[1] = 0xd4000002 | 0xfff << 5;
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
    c.pc = (u64)word_buffer;
    c.pstate = pstate;
    enter(&c);
    u64 esr = c.esr;
    if ((esr & ~15ull) == 0x5a000100) esr = READ(esr_el1);
    if (esr == 0x5a000fff) return 0;
    return esr == 0x2000000 ? 1 : 2;
}

void rom_main(void) {
    static const char *const names[] = {"reads", "UNDEFINED", "other"};
    for (u32 i = 0; i < 1 << 14; i++) {
        u32 op1 = i >> 11, n = i >> 7 & 15, m = i >> 3 & 15, op2 = i & 7;
        u32 fields = op1 << 16 | n << 12 | m << 8 | op2 << 5;
        u32 el2 = probe(fields, EL2H), el1 = probe(fields, EL1H);
        if (el1 == 1 && el2 == 1) continue;
        put("S3_");
        put_hex(op1);
        put("_C");
        put_hex(n);
        put("_C");
        put_hex(m);
        put("_");
        put_hex(op2);
        put(": EL2 ");
        put(names[el2]);
        put(" EL1 ");
        put(names[el1]);
        put("\n");
    }
    put("END\n");
}
