// Fuzz target: a hostile debugger. The bytes come over the line to the gdb stub: raw where the first byte is odd,
// else cut at each 0x0a into packets that get their '$' and checksum, so that the commands behind the
// framing are reached. Every answer must be framed rightly, and the machine survives.
#include "debugger/gdbstub.h"
#include "debugger/gdb_packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE = 0x40000000, RUNS_MAX = 8 };

// What was sent is acknowledgements and whole packets: nothing else, and no bad checksum.
static void check_sent(void *arg, const void *data, size_t n) {
    static GdbFrame frame;
    (void)arg;
    const u8 *p = data;
    frame.state = FRAME_BETWEEN;
    if (n == 1) {
        if (*p != '+' && *p != '-') abort();
        return;
    }
    for (size_t i = 0; i < n; i++) {
        // '*' would be taken as run-length encoding.
        if (i && p[i] == '*') abort();
        GdbInput got = gdb_frame_byte(&frame, p[i]);
        if (got != (i + 1 == n ? GDB_PACKET : GDB_MORE) && !frame.too_long) abort();
    }
}

static Machine *make_machine(void) {
    // add x0, x0, #1; str x0, [x1]; hvc #0; b .-12
    static const u32 code[] = {0x91000400, 0xf9000020, 0xd4000002, 0x17fffffd};
    MachineConfig config = {.cpu_model = "max",
                            .cpus = 2,
                            .ram_size = 1 << 20,
                            .gic_version = 3,
                            .el2 = true,
                            .its = true,
                            .highmem = true};
    Error err = {0};
    Machine *machine = machine_create(&config, &err);
    if (!machine) abort();
    bus_write_bytes(machine, CODE, code, sizeof code);
    machine_cpu_on(machine, machine->cpu[0], CODE, 0);
    machine->cpu[0]->x[1] = CODE + 0x8000;
    machine->cpu[0]->sys.VBAR_EL2 = CODE;  // HVC goes to CODE + 0x200: what is there is UNDEFINED
    return machine;
}

static void feed(GdbStub *stub, Debugger *d, const u8 *data, size_t n) {
    for (unsigned runs = 0; n && runs < RUNS_MAX;) {
        size_t used = 0;
        GdbState state = gdbstub_input(stub, data, n, &used);
        data += used;
        n -= used;
        if (state == GDB_DETACHED || state == GDB_KILLED) return;
        if (state != GDB_RUN) continue;
        runs++;
        RunRequest request = gdbstub_request(stub);
        d->machine->insn_limit = machine_insns(d->machine) + 2000;
        if (d->machine->stop == STOP_INSN_LIMIT) d->machine->stop = STOP_NONE;
        StopEvent ev = control_run(d->control, &request);
        gdbstub_report(stub, &ev, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    Machine *machine = make_machine();
    Debugger *d = debugger_create(machine);
    GdbStub *stub = gdbstub_create(d, check_sent, NULL);
    bool raw = *data & 1;
    data++;
    size--;
    if (raw) {
        feed(stub, d, data, size);
    } else {
        GdbReply *packet = malloc(sizeof *packet);
        while (size) {
            const u8 *end = memchr(data, '\n', size);
            size_t n = end ? (size_t)(end - data) : size;
            gdb_reply_start(packet);
            gdb_put_binary(packet, data, n);
            gdb_reply_end(packet);
            feed(stub, d, (const u8 *)packet->out, packet->n);
            n += end != NULL;
            data += n;
            size -= n;
        }
        free(packet);
    }
    gdbstub_free(stub);
    debugger_free(d);
    machine_free(machine);
    return 0;
}
