// Memory tagging under Linux: tags of a PROT_MTE mapping, and tag check faults as the signals of the modes that
// prctl(PR_SET_TAGGED_ADDR_CTRL) can set. Also that tags of a page survive copying (fork) and are cleared in new pages.
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PROT_MTE
#define PROT_MTE 0x20
#endif
enum {
    HWCAP2_TAGS = 1 << 18,
    HWCAP2_ASYMMETRIC = 1 << 22,
    SET_TAGGED_ADDR_CTRL = 55,
    ENABLE = 1,
    SYNC = 2,
    ASYNC = 4,
    ALL_TAGS = 0xffff << 3,
    CODE_ASYNC = 8,  // SEGV_MTEAERR
    CODE_SYNC = 9,   // SEGV_MTESERR
    SIZE = 64 << 10
};

static sigjmp_buf back;
static volatile sig_atomic_t code;
static void *volatile address;
static int failed, checks;

static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    code = info->si_code;
    address = info->si_addr;
    siglongjmp(back, 1);
}

static void check(const char *what, int ok) {
    checks++;
    failed += !ok;
    printf("MTETEST: %s %s\n", ok ? "ok" : "FAILED", what);
}

static char *with_tag(char *p, unsigned tag) {
    return (char *)(((uintptr_t)p & ~(0xfull << 56)) | (uintptr_t)tag << 56);
}

static void set_tag(char *p) {  // to the tag of the address
    __asm__ volatile(".arch armv8.5-a+memtag\nstg %0, [%0]" ::"r"(p) : "memory");
}

static unsigned get_tag(char *p) {
    __asm__ volatile(".arch armv8.5-a+memtag\nldg %0, [%0]" : "+r"(p)::"memory");
    return (uintptr_t)p >> 56 & 15;
}

// si_code of reading or writing p; 0: none.
static int access_code(volatile char *p, int write) {
    code = 0;
    if (!sigsetjmp(back, 1)) {
        if (write)
            *p = 1;
        else
            (void)*p;
        getppid();  // an asynchronous fault is reported at the latest on the way back from here
    }
    return code;
}

static void mode(int which) {
    if (prctl(SET_TAGGED_ADDR_CTRL, ENABLE | which | ALL_TAGS, 0, 0, 0)) check("prctl", 0);
}

static void modes(char *p) {
    char *good = with_tag(p, 5), *bad = with_tag(p, 6);
    set_tag(good);
    check("tag of a granule", get_tag(p) == 5 && get_tag(p + 16) == 0);
    mode(0);
    check("ignored", !access_code(bad, 0) && !access_code(bad, 1));
    mode(SYNC);
    check("same tag", !access_code(good, 0) && !access_code(good + 15, 1));
    check("synchronous load", access_code(bad, 0) == CODE_SYNC && with_tag(address, 6) == bad);
    check("synchronous store",
          access_code(bad + 3, 1) == CODE_SYNC && with_tag(address, 6) == bad + 3);
    check("next granule", access_code(good + 16, 0) == CODE_SYNC);
    mode(ASYNC);
    check("asynchronous load", access_code(bad, 0) == CODE_ASYNC);
    check("asynchronous store", access_code(bad, 1) == CODE_ASYNC);
}

static void pages(char *p) {
    mode(SYNC);
    for (int i = 0; i < SIZE; i += 16) set_tag(with_tag(p + i, i / 16 % 15 + 1));
    int wrong = 0;
    for (int i = 0; i < SIZE; i += 16) wrong += get_tag(p + i) != (unsigned)(i / 16 % 15 + 1);
    check("tags of many granules", !wrong);
    for (int i = 0; i < SIZE; i += 16) *(volatile char *)with_tag(p + i, i / 16 % 15 + 1) = (char)i;
    if (!fork()) {
        for (int i = 0; i < SIZE; i += 4096) {
            *(volatile char *)with_tag(p + i, i / 16 % 15 + 1) = 1;  // copies the page
            for (int j = i; j < i + 4096; j += 16)
                if (get_tag(p + j) != (unsigned)(j / 16 % 15 + 1)) _exit(1);
        }
        _exit(0);
    }
    int status = -1;
    wait(&status);
    check("tags of copied pages", status == 0);
    madvise(p, SIZE, MADV_DONTNEED);
    for (int i = 0; i < SIZE; i += 16) wrong += get_tag(p + i) != 0 || p[i] != 0;
    check("new pages have tag 0", !wrong);
}

int main(void) {
    unsigned long hwcap2 = getauxval(AT_HWCAP2);
    check("HWCAP2_MTE", (hwcap2 & HWCAP2_TAGS) != 0);
    check("HWCAP2_MTE3", (hwcap2 & HWCAP2_ASYMMETRIC) != 0);
    if (failed) return 1;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *p =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_MTE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("mapping", p != MAP_FAILED);
    modes(p);
    pages(p);
    if (!failed) printf("MTETEST: all %d checks passed\n", checks);
    return failed != 0;
}
