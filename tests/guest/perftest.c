// Counts its own instructions through Linux's perf: the driver of the PMU, the interrupt of an overflowing counter, and
// the filter by Exception level. A loop of known length has to give its length, and as many samples as periods fit.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    ROUNDS = 10000000,   // of two instructions
    PERIOD = 100000,     // instructions
    AROUND = 100,        // instructions of this program around the loop
    EXC_TAKEN = 0x0009,  // number of the event
};

static volatile sig_atomic_t samples;
static int failed;

static void on_sample(int signal) {
    (void)signal;
    samples++;
}

static int open_counter(uint32_t type, uint64_t config, uint64_t period) {
    struct perf_event_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = type;
    attr.config = config;
    attr.sample_period = period;
    attr.wakeup_events = period != 0;
    attr.exclude_kernel = attr.exclude_hv = attr.disabled = 1;
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static void spin(uint64_t rounds) {
    __asm__ volatile("1: subs %0, %0, #1\nb.ne 1b" : "+r"(rounds)::"cc");
}

static uint64_t count(int fd, uint64_t rounds) {
    uint64_t value = 0;
    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    spin(rounds);
    ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
    if (read(fd, &value, sizeof value) != sizeof value) value = 0;
    close(fd);
    return value;
}

static void report(const char *what, uint64_t value, uint64_t least, uint64_t most) {
    int ok = value >= least && value <= most;
    printf("PERFTEST: %s %s %llu\n", ok ? "ok" : "FAILED", what, (unsigned long long)value);
    failed += !ok;
}

int main(void) {
    const uint64_t length = 2ull * ROUNDS;
    uint64_t n = count(open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 0), ROUNDS);
    report("instructions", n, length, length + AROUND);
    n = count(open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0), ROUNDS);
    report("cycles", n, length, length + AROUND);
    n = count(open_counter(PERF_TYPE_RAW, EXC_TAKEN, 0),
              ROUNDS);  // timer interrupts, a system call
    report("exceptions", n, 1, 1000);

    signal(SIGIO, on_sample);
    int fd = open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, PERIOD);
    fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC);
    fcntl(fd, F_SETOWN, getpid());
    n = count(fd, ROUNDS);
    report("samples", (uint64_t)samples, length / PERIOD, length / PERIOD);
    // Each signal handler is counted too.
    report("instructions with samples", n, length, length + (uint64_t)samples * AROUND);
    if (!failed) printf("PERFTEST: all checks passed\n");
    return failed != 0;
}
