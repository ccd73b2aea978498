// Loops, recursion, a function without lines (quiet, made by the assembler), an instruction that EL2 emulates, a
// virtual SError in the middle of a line: what the debugger's step, next, until and finish are tested with. Built without optimization; it ends by PSCI SYSTEM_OFF.
static volatile unsigned long total;

__asm__(".text\n.type quiet, %function\nquiet: mov x0, #42\nret\n.size quiet, . - quiet\n");
unsigned long quiet(void);
__asm__(".balign 2048\nguest_vectors: .skip 0x380\neret\n");
extern char guest_vectors[];

// --- EL2 -----------------------------------------------------------------------------------------

// An HVC sets HCR_EL2.{TID1,VSE,AMO}, a trapped MRS reads as 7.
void handle_exit(unsigned long *regs) {
    unsigned long esr, hcr, elr;
    __asm__ volatile("mrs %0, esr_el2" : "=r"(esr));
    if (esr >> 26 == 0x16) {
        __asm__ volatile("mrs %0, hcr_el2" : "=r"(hcr));
        __asm__ volatile("msr hcr_el2, %0" ::"r"(hcr | 1 << 16 | 1 << 8 | 1 << 5));
        return;
    }
    regs[0] = 7;
    __asm__ volatile("mrs %0, elr_el2" : "=r"(elr));
    __asm__ volatile("msr elr_el2, %0" ::"r"(elr + 4));
}

// --- EL1 -----------------------------------------------------------------------------------------

unsigned long sum(unsigned long n) {
    if (n == 0) return 0;
    unsigned long rest = sum(n - 1);
    return rest + n;
}

unsigned long count(unsigned long n) {
    unsigned long result = 0;
    for (unsigned long i = 0; i < n; i++) {
        result += i;
    }
    return result;
}

unsigned long emulated(void) {
    register unsigned long x0 __asm__("x0") = 0;
    __asm__ volatile("hvc #1");
    __asm__ volatile("mrs %0, aidr_el1" : "=r"(x0));
    return x0;
}

void interrupted(void) {
    __asm__ volatile("msr vbar_el1, %0" ::"r"(guest_vectors));
    __asm__ volatile("isb\nmsr daifclr, #4\nnop\nnop");
    total = 0;
}

void guest_main(void) {
    total = sum(4);
    total = count(5);
    total = quiet();
    total = emulated();
    interrupted();
    register unsigned long x0 __asm__("x0") = 0x84000008u;
    __asm__ volatile("smc #0" : "+r"(x0)::"memory");
    for (;;) {}
}
