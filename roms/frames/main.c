// Calls in calls at EL1, an HVC, calls in calls at EL2: what the debugger's backtrace and source lines are
// tested with. It ends by PSCI SYSTEM_OFF.
#define NOINLINE __attribute__((noinline, noclone))

static volatile unsigned long calls;

// --- EL2 -----------------------------------------------------------------------------------------

// A leaf: no frame record of its own.
NOINLINE void account(unsigned long n) {
    calls = calls + n;
    calls = calls + 1;
}

NOINLINE unsigned long hypercall(unsigned long function, unsigned long argument) {
    account(argument);
    return function + calls;
}

NOINLINE void handle_exit(unsigned long *regs) {
    regs[0] = hypercall(regs[0], regs[1]);
    account(2);
}

// --- EL1 -----------------------------------------------------------------------------------------

static unsigned long hvc(unsigned long function, unsigned long argument) {
    register unsigned long x0 __asm__("x0") = function;
    register unsigned long x1 __asm__("x1") = argument;
    __asm__ volatile("hvc #7" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

NOINLINE unsigned long guest_inner(unsigned long n) {
    unsigned long result = hvc(0x10, n);
    calls = calls + result;
    return result + 1;
}

NOINLINE unsigned long guest_outer(unsigned long n) {
    unsigned long result = guest_inner(n + 1);
    calls = calls + n;
    return result * 2;
}

NOINLINE void power_off(void) {
    register unsigned long x0 __asm__("x0") = 0x84000008u;
    __asm__ volatile("smc #0" : "+r"(x0)::"memory");
    for (;;) {}
}

void guest_main(void) {
    calls = guest_outer(3);
    power_off();
}
