// The instruction trace against a list made one instruction at a time, and its reader on broken files.
#include "cpu/op.h"
#include "devices/device.h"
#include "trace/insn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    RAM = 0x40000000,
    CODE = RAM + 0xff0,
    VECTORS = RAM + 0x4000,
    STEPS = 5000,
    SEEN_MAX = 500000
};

typedef struct Seen {
    u64 pc, icount;
    u32 word;
    u8 cpu, el;
} Seen;

static Seen want[SEEN_MAX], got[SEEN_MAX];
static unsigned wanted, found;

static Machine *make_machine(void) {
    MachineConfig config = {
        .cpu_model = "max", .cpus = 2, .ram_size = 16 << 20, .gic_version = 3, .el2 = true};
    Error err = {""};
    Machine *m = machine_create(&config, &err);
    if (!m) fail_msg("%s", err.text);
    // Across the end of a page; a loop; an HVC to EL2 and back; a store to the first of two instructions that share a
    // handler, which has to be decoded again each time.
    static const u32 code[] = {
        0xd2800001,  // mov x1, #0
        0xd503201f, 0xd503201f, 0xd503201f,
        0x91000421,  // 0x1000: add x1, x1, #1
        0xf240043f,  // tst x1, #3
        0x54000041,  // b.ne +8
        0xd4000022,  // hvc #1
        0xb9000062,  // str w2, [x3]
        0xd503201f,  // nop, then mov x5, x6
        0xaa0803e7,  // mov x7, x8
        0x17fffff9,  // b 0x1000
    };
    static const u32 vector[] = {0xd503201f, 0xd69f03e0};  // nop; eret
    assert_true(bus_write_bytes(m, CODE, code, sizeof code));
    assert_true(bus_write_bytes(m, VECTORS + 0x400, vector, sizeof vector));
    for (unsigned i = 0; i < m->cpus; i++) {
        Cpu *cpu = m->cpu[i];
        cpu->halt = HALT_NONE;
        cpu->pc = CODE;
        cpu->x[2] = 0xaa0603e5;
        cpu->x[3] = CODE + 9 * 4;
        cpu->sys.VBAR_EL2 = VECTORS;
        cpu->sys.HCR_EL2 = 1ull << HCR_RW;
        pstate_changed(cpu, 0x3c5);
    }
    m->insn_limit = STEPS;
    return m;
}

static bool step(Cpu *cpu, const Op *op, void *arg) {
    (void)arg;
    assert_true(wanted < ARRAY_LEN(want));
    want[wanted++] = (Seen){cpu->pc, cpu->icount, op_word(cpu, op), (u8)cpu->index, cpu->el};
    return false;
}

static bool visit(void *arg, const InsnRecord *r) {
    (void)arg;
    assert_true(found < ARRAY_LEN(got));
    got[found++] = (Seen){r->pc, r->icount, r->word, (u8)r->cpu, (u8)r->el};
    return true;
}

static u8 *data;
static size_t size;

static void record(bool alone) {
    char path[] = "/tmp/insn_trace.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    Machine *m = make_machine();
    Error err = {""};
    InsnTrace *t = insn_open(m, path, &err);
    assert_non_null(t);
    wanted = 0;
    for (unsigned i = 0; alone && i < m->cpus; i++) m->cpu[i]->before_insn = step;
    machine_run(m);
    assert_true(insn_close(t));
    machine_free(m);
    size = (size_t)lseek(fd, 0, SEEK_END);
    data = realloc(data, size);
    assert_non_null(data);
    assert_int_equal(pread(fd, data, size, 0), size);
    close(fd);
    unlink(path);
}

static void compare(void) {
    Error err = {""};
    found = 0;
    if (!insn_read(data, size, visit, NULL, &err)) fail_msg("%s", err.text);
    assert_true(wanted > 1000);
    assert_int_equal(found, wanted);
    for (unsigned i = 0; i < found; i++)
        if (memcmp(&want[i], &got[i], sizeof want[i]))
            fail_msg("%u: 0x%llx %08x i=%llu cpu%u EL%u, not 0x%llx %08x i=%llu cpu%u EL%u", i,
                     (unsigned long long)got[i].pc, got[i].word, (unsigned long long)got[i].icount,
                     got[i].cpu, got[i].el, (unsigned long long)want[i].pc, want[i].word,
                     (unsigned long long)want[i].icount, want[i].cpu, want[i].el);
}

// Two instructions that share a handler are two, however they are executed.
static void count_pair(void) {
    unsigned first = 0, second = 0;
    for (unsigned i = 0; i < found; i++) {
        first += got[i].word == 0xaa0603e5;
        second += got[i].word == 0xaa0803e7;
    }
    assert_true(first > 100);
    assert_in_range(second, first - 2, first);  // the last of each CPU may be missing
}

static void test_against_steps(void **state) {
    (void)state;
    record(true);  // recorded instruction by instruction, too
    compare();
    count_pair();
    unsigned n = wanted;
    record(false);  // in chains
    wanted = n;
    compare();
    count_pair();
}

// Every prefix, and every byte changed: an error or the end, never a crash.
static void test_broken(void **state) {
    (void)state;
    record(false);
    for (size_t n = 0; n < size; n++) {
        Error err = {""};
        found = 0;
        u8 *part = malloc(n + 1);  // so that a read beyond is seen
        assert_non_null(part);
        memcpy(part, data, n);
        assert_false(insn_read(part, n, visit, NULL, &err));
        assert_true(err.text[0]);
        free(part);
    }
    Error err = {""};
    data[8] = 9;
    assert_false(insn_read(data, size, visit, NULL, &err));
    assert_non_null(strstr(err.text, "version 9"));
    data[0] = 0;
    assert_false(insn_read(data, size, visit, NULL, &err));
    assert_non_null(strstr(err.text, "no instruction trace"));
}

static void test_no_file(void **state) {
    (void)state;
    Error err = {""};
    Machine *m = make_machine();
    assert_null(insn_open(m, "no/such/folder/x", &err));
    assert_non_null(strstr(err.text, "no/such/folder/x"));
    InsnTrace *t = insn_open(m, "/dev/full", &err);
    assert_non_null(t);
    machine_run(m);
    assert_false(insn_close(t));
    assert_null(m->observer);
    machine_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_steps),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_no_file),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(data);
    return failed;
}
