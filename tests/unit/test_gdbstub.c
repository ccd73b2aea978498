// The gdb stub: packets and their answers, as "Debugging with GDB" describes them.
#include "debugger/gdb_packet.h"
#include "debugger/gdb_target.h"
#include "debugger/gdbstub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CODE = 0x40000000, DATA = 0x40008000 };

static Machine *machine;
static Debugger *debugger;
static GdbStub *stub;
static char sent[1 << 20];
static size_t sent_n;

static void collect(void *arg, const void *data, size_t n) {
    (void)arg;
    assert_true(sent_n + n < sizeof sent);
    memcpy(sent + sent_n, data, n);
    sent_n += n;
    sent[sent_n] = '\0';
}

static int setup(void **state) {
    (void)state;
    // 0: add x0, x0, #1   4: str x0, [x1]   8: b 0
    static const u32 code[] = {0x91000400, 0xf9000020, 0x17fffffe};
    MachineConfig config = {.cpu_model = "max",
                            .cpus = 2,
                            .ram_size = 1 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .its = true,
                            .highmem = true};
    machine = machine_create(&config, NULL);
    assert_non_null(machine);
    bus_write_bytes(machine, CODE, code, sizeof code);
    machine_cpu_on(machine, machine->cpu[0], CODE, 0);
    machine->cpu[0]->x[1] = DATA;
    debugger = debugger_create(machine);
    stub = gdbstub_create(debugger, collect, NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    gdbstub_free(stub);
    debugger_free(debugger);
    machine_free(machine);
    return 0;
}

// Sends a packet; runs the machine where it says so. The contents of the last packet that came back.
static const char *ask(const char *packet) {
    static GdbReply framed;
    static char answer[1 << 16];
    gdb_reply_start(&framed);
    gdb_put_binary(&framed, packet, strlen(packet));
    gdb_reply_end(&framed);
    sent_n = 0;
    sent[0] = '\0';
    size_t used = 0;
    GdbState got = gdbstub_input(stub, framed.out, framed.n, &used);
    assert_int_equal(used, framed.n);
    if (got == GDB_RUN) {
        RunRequest request = gdbstub_request(stub);
        StopEvent ev = control_run(debugger->control, &request);
        gdbstub_report(stub, &ev, 7);
    }
    assert_int_equal(sent[0], '+');
    const char *start = strrchr(sent, '$');
    if (!start) return "";
    size_t n = strcspn(start + 1, "#");
    memcpy(answer, start + 1, n);
    answer[n] = '\0';
    return answer;
}

static void frames_are_checked(void **state) {
    (void)state;
    GdbFrame f = {0};
    const char *good = "$qC#b4", *bad = "$qC#b5", *escaped = "$a}\x03#e1";
    for (size_t i = 0; i < 5; i++) assert_int_equal(gdb_frame_byte(&f, (u8)good[i]), GDB_MORE);
    assert_int_equal(gdb_frame_byte(&f, '4'), GDB_PACKET);
    assert_string_equal(f.text, "qC");
    for (size_t i = 0; i < 5; i++) gdb_frame_byte(&f, (u8)bad[i]);
    assert_int_equal(gdb_frame_byte(&f, '5'), GDB_BAD);
    for (size_t i = 0; i < 6; i++) gdb_frame_byte(&f, (u8)escaped[i]);
    assert_int_equal(gdb_frame_byte(&f, '1'), GDB_PACKET);
    assert_string_equal(f.text, "a#");
    assert_int_equal(gdb_frame_byte(&f, 3), GDB_INTERRUPT);
    // Too long: refused, and the next packet is understood.
    gdb_frame_byte(&f, '$');
    for (int i = 0; i < GDB_PACKET_MAX + 1; i++) gdb_frame_byte(&f, 0);
    gdb_frame_byte(&f, '#');
    gdb_frame_byte(&f, '0');
    assert_int_equal(gdb_frame_byte(&f, '0'), GDB_BAD);
    for (size_t i = 0; i < 5; i++) gdb_frame_byte(&f, (u8)good[i]);
    assert_int_equal(gdb_frame_byte(&f, '4'), GDB_PACKET);
}

static void bad_checksum_is_refused(void **state) {
    (void)state;
    size_t used;
    sent_n = 0;
    gdbstub_input(stub, "$?#00", 5, &used);
    sent[sent_n] = '\0';
    assert_string_equal(sent, "-");
}

static void registers_are_read_and_written(void **state) {
    (void)state;
    Cpu *cpu = machine->cpu[0];
    cpu->x[3] = 0x1122334455667788;
    const char *all = ask("g");
    assert_int_equal(strlen(all), (33 * 8 + 4) * 2);
    assert_memory_equal(all + 3 * 16, "8877665544332211", 16);
    assert_memory_equal(all + 32 * 16, "0000004000000000", 16);  // pc
    assert_memory_equal(all + 33 * 16, "c9030000", 8);           // EL2h, DAIF
    assert_string_equal(ask("P3=0100000000000000"), "OK");
    assert_int_equal(cpu->x[3], 1);
    assert_string_equal(ask("p3"), "0100000000000000");
    assert_string_equal(ask("P3=01"), "E16");
    assert_string_equal(ask("pffff"), "E16");
    assert_string_equal(ask("P22=000102030405060708090a0b0c0d0e0f"), "OK");  // v0
    assert_int_equal(cpu->v[0].b[15], 15);
}

static void system_registers_have_names_and_masks(void **state) {
    (void)state;
    GdbTarget *t = gdb_target_create(machine->cpu[0]);
    unsigned hcr = 0, lr = 0;
    for (unsigned i = 0; i < t->count; i++) {
        if (!strcmp(t->reg[i].reg.name, "HCR_EL2")) hcr = i;
        if (!strcmp(t->reg[i].reg.name, "ICH_LR0_EL2")) lr = i;
    }
    assert_true(hcr && lr);
    assert_non_null(strstr(t->xml, "<field name=\"TGE\" start=\"27\" end=\"27\"/>"));
    assert_non_null(strstr(t->xml, "<reg name=\"ICH_LR0_EL2\" bitsize=\"64\" group=\"gic\""));
    char packet[64];
    snprintf(packet, sizeof packet, "P%x=0100000800000000", hcr);  // TGE, VM
    assert_string_equal(ask(packet), "OK");
    assert_true(bit(machine->cpu[0]->sys.HCR_EL2, HCR_TGE));
    snprintf(packet, sizeof packet, "p%x", hcr);
    assert_memory_equal(ask(packet), "01000088", 8);  // RW is RES1: no AArch32
    gdb_target_free(t);
}

static void the_description_comes_in_parts(void **state) {
    (void)state;
    char *whole = calloc(1, 1 << 20), packet[80];
    size_t n = 0;
    for (;;) {
        snprintf(packet, sizeof packet, "qXfer:features:read:target.xml:%zx,400", n);
        const char *part = ask(packet);
        for (const char *p = part + 1; *p; p++) whole[n++] = *p == '}' ? (char)(*++p ^ 0x20) : *p;
        if (*part == 'l') break;
        assert_int_equal(*part, 'm');
    }
    GdbTarget *t = gdb_target_create(machine->cpu[0]);
    assert_int_equal(n, t->xml_size);
    assert_string_equal(whole, t->xml);
    gdb_target_free(t);
    free(whole);
    assert_string_equal(ask("qXfer:features:read:target.xml:ffffffff,10"), "E16");
}

static void memory_is_read_and_written(void **state) {
    (void)state;
    assert_string_equal(ask("M40001000,4:deadbeef"), "OK");
    assert_string_equal(ask("m40001000,4"), "deadbeef");
    assert_string_equal(ask("X40001000,2:ab"), "OK");
    assert_string_equal(ask("m40001000,4"), "6162beef");
    assert_string_equal(ask("X40001000,3:ab"), "E0e");
    assert_string_equal(ask("M40001000,4:dead"), "E0e");
    assert_string_equal(ask("m0,zz"), "E16");
    assert_string_equal(ask("m20000000,4"), "E0e");
    // The end of memory: what there is.
    assert_int_equal(strlen(ask("m400ffff0,20")), 32);
}

static void steps_and_breakpoints_stop(void **state) {
    (void)state;
    Cpu *cpu = machine->cpu[0];
    assert_string_equal(ask("s"), "T05thread:1;");
    assert_int_equal(cpu->pc, CODE + 4);
    assert_string_equal(ask("Z0,40000000,4"), "OK");
    assert_string_equal(ask("c"), "T05hwbreak:;thread:1;");
    assert_int_equal(cpu->pc, CODE);
    assert_int_equal(cpu->icount, 3);
    assert_string_equal(ask("c"), "T05hwbreak:;thread:1;");
    assert_int_equal(cpu->icount, 6);
    assert_string_equal(ask("z0,40000000,4"), "OK");
    assert_string_equal(ask("Z2,40008000,8"), "OK");
    assert_string_equal(ask("c"), "T05watch:40008000;thread:1;");
    assert_int_equal(cpu->pc & 0xff, 4);
    assert_string_equal(ask("z2,40008000,8"), "OK");
    assert_string_equal(ask("vCont;s:1;c"), "T05thread:1;");
    assert_string_equal(ask("vCont;r40000000,40000008:1"), "T05thread:1;");
    assert_int_equal(cpu->pc, CODE + 8);
    assert_string_equal(ask("vCont;x"), "E16");
    assert_string_equal(ask("?"), "T05thread:1;");
}

static void threads_are_cpus(void **state) {
    (void)state;
    assert_string_equal(ask("qfThreadInfo"), "m1,2");
    assert_string_equal(ask("qsThreadInfo"), "l");
    assert_string_equal(ask("T2"), "OK");
    assert_string_equal(ask("T3"), "E16");
    assert_string_equal(ask("Hg2"), "OK");
    assert_string_equal(ask("qC"), "QC2");
    assert_string_equal(ask("Hg9"), "E16");
    assert_string_equal(ask("vMustReplyEmpty"), "");
}

static void commands_go_through_monitor(void **state) {
    (void)state;
    // "help quit"
    assert_string_equal(ask("qRcmd,68656c702071756974"), "OK");
    assert_non_null(strstr(sent, "$O71756974"));
    // An unknown command says so and is no error of the protocol.
    assert_string_equal(ask("qRcmd,7878"), "OK");
    assert_non_null(strstr(sent, "$O"));
    assert_string_equal(ask("qRcmd,7"), "OK");
    assert_string_equal(ask("qRcmd,zz"), "E16");
}

static void the_end_of_the_machine_is_told(void **state) {
    (void)state;
    machine_stop(machine, STOP_POWEROFF, 0, "power off");
    assert_string_equal(ask("c"), "W07");
    assert_string_equal(ask("c"), "W07");
    assert_int_equal(strlen(ask("g")), (33 * 8 + 4) * 2);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(frames_are_checked),
        TEST(bad_checksum_is_refused),
        TEST(registers_are_read_and_written),
        TEST(system_registers_have_names_and_masks),
        TEST(the_description_comes_in_parts),
        TEST(memory_is_read_and_written),
        TEST(steps_and_breakpoints_stop),
        TEST(threads_are_cpus),
        TEST(commands_go_through_monitor),
        TEST(the_end_of_the_machine_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
