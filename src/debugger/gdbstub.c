// The commands of the GDB Remote Serial Protocol.
#include "debugger/gdbstub.h"

#include "cpu/armed.h"
#include "debugger/gdb_packet.h"
#include "debugger/gdb_target.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS_MAX = 256, MEMORY_MAX = GDB_PACKET_MAX / 2 - 16, SIGINT_ = 2, SIGTRAP_ = 5 };

typedef struct GdbPoint {
    unsigned id;  // of control.h
    char type;    // '0'..'4'
    u64 address, size;
} GdbPoint;

struct GdbStub {
    Debugger *d;
    void (*send)(void *arg, const void *data, size_t n);
    void *arg;
    GdbFrame frame;
    GdbReply reply;
    GdbTarget *target;
    GdbPoint point[POINTS_MAX];
    unsigned points;
    Cpu *general, *run;  // threads of Hg and Hc
    RunRequest request;
    GdbState state;
    bool no_ack, running, physical;
    bool thread_suffix;  // lldb: ";thread:N;" after register packets
    bool reported;       // W or X was sent
    char last_stop[96];  // answer to '?'
    unsigned list_next;  // qsThreadInfo
};

static void send_reply(GdbStub *s) {
    gdb_reply_end(&s->reply);
    s->send(s->arg, s->reply.out, s->reply.n);
}

static void error_reply(GdbStub *s, unsigned number) {
    gdb_reply_start(&s->reply);
    gdb_printf(&s->reply, "E%02x", number);
}

// --- threads -------------------------------------------------------------------------------------

// "N", "pN.M", "-1", "0". False: there is no such CPU. NULL: all or any.
static bool take_thread(GdbStub *s, const char **p, Cpu **cpu) {
    u64 n;
    *cpu = NULL;
    if (gdb_take(p, 'p')) {
        if (!gdb_take(p, '-') && !gdb_take_hex(p, &n)) return false;
        if (**p == '1' && (*p)[-1] == '-') (*p)++;
        if (!gdb_take(p, '.')) return true;
    }
    if (gdb_take(p, '-')) return gdb_take(p, '1');
    if (!gdb_take_hex(p, &n) || n > s->d->machine->cpus) return false;
    if (n) *cpu = s->d->machine->cpu[n - 1];
    return true;
}

// The CPU that a register or memory packet is about.
static Cpu *packet_cpu(GdbStub *s, const char *packet) {
    const char *at = s->thread_suffix ? strstr(packet, ";thread:") : NULL;
    Cpu *cpu;
    if (at && (at += 8, take_thread(s, &at, &cpu)) && cpu) return cpu;
    return s->general;
}

static bool set_thread(GdbStub *s, const char *p) {
    char what = *p;
    Cpu *cpu;
    if (!what || (p++, !take_thread(s, &p, &cpu))) return false;
    if (what == 'g' && cpu) s->general = s->d->cpu = cpu;
    if (what == 'c') s->run = cpu;
    return what == 'g' || what == 'c';
}

static void list_threads(GdbStub *s) {
    unsigned n = s->d->machine->cpus;
    if (s->list_next >= n) {
        gdb_put(&s->reply, "l");
        return;
    }
    gdb_put(&s->reply, "m");
    for (unsigned k = 0; k < 64 && s->list_next < n; k++)
        gdb_printf(&s->reply, "%s%x", k ? "," : "", ++s->list_next);
}

static void describe_cpu(const Cpu *cpu, char *text, size_t n) {
    static const char *const halted[] = {"running", "WFI", "WFE", "off"};
    snprintf(text, n, "CPU %u [EL%u, %s]", cpu->index, cpu->el, halted[cpu->halt]);
}

static void thread_info(GdbStub *s, const char *p) {
    Cpu *cpu;
    char text[64];
    if (!take_thread(s, &p, &cpu) || !cpu) {
        error_reply(s, 1);
        return;
    }
    describe_cpu(cpu, text, sizeof text);
    gdb_put_hex(&s->reply, text, strlen(text));
}

// --- registers -----------------------------------------------------------------------------------

static void put_register(GdbStub *s, Cpu *cpu, const GdbRegister *r) {
    u128 value;
    if (reg_read(cpu, &r->reg, &value, NULL))
        gdb_put_hex(&s->reply, &value, r->bytes);
    else
        for (unsigned i = 0; i < r->bytes; i++) gdb_put(&s->reply, "xx");  // unavailable
}

static bool write_register(Cpu *cpu, const GdbRegister *r, const char *hex) {
    u128 value = 0;
    return gdb_hex_bytes(hex, &value, r->bytes) && reg_write(cpu, &r->reg, value, NULL);
}

static void read_general(GdbStub *s, Cpu *cpu) {
    for (unsigned i = 0; i < s->target->general; i++) put_register(s, cpu, &s->target->reg[i]);
}

static bool write_general(GdbStub *s, Cpu *cpu, const char *hex) {
    for (unsigned i = 0; i < s->target->general; i++) {
        const GdbRegister *r = &s->target->reg[i];
        if (!write_register(cpu, r, hex)) return false;
        hex += 2 * r->bytes;
    }
    return true;
}

static const GdbRegister *take_register(GdbStub *s, const char **p) {
    u64 n;
    return gdb_take_hex(p, &n) && n < s->target->count ? &s->target->reg[n] : NULL;
}

// --- memory --------------------------------------------------------------------------------------

static Space memory_space(const GdbStub *s) {
    return (Space){.kind = s->physical ? AS_PHYSICAL : AS_CURRENT};
}

static void read_memory(GdbStub *s, const char *p) {
    u64 address, n;
    u8 data[MEMORY_MAX];
    Cpu *cpu = packet_cpu(s, p);
    if (!gdb_take_hex(&p, &address) || !gdb_take(&p, ',') || !gdb_take_hex(&p, &n)) {
        error_reply(s, 0x16);
        return;
    }
    n = MIN(n, sizeof data);
    // As much as there is: gdb reads a whole stack page ahead.
    while (n && !space_read(cpu, memory_space(s), address, data, n, NULL)) {
        u64 to_page = (address + n - 1) & ~0xfffull;
        n = to_page > address ? to_page - address : 0;
    }
    if (!n)
        error_reply(s, 0x0e);
    else
        gdb_put_hex(&s->reply, data, n);
}

// M: hexadecimal; X: binary.
static bool write_memory(GdbStub *s, const char *p, const char *end, bool binary) {
    u64 address, n;
    u8 data[GDB_PACKET_MAX];
    if (!gdb_take_hex(&p, &address) || !gdb_take(&p, ',') || !gdb_take_hex(&p, &n)) return false;
    if (!gdb_take(&p, ':') || n > sizeof data) return false;
    if (binary ? (u64)(end - p) != n : !gdb_hex_bytes(p, data, n)) return false;
    return !n || space_write(s->general, memory_space(s), address, binary ? (const u8 *)p : data, n,
                             NULL);
}

// --- points --------------------------------------------------------------------------------------

static bool take_point(const char **p, GdbPoint *out) {
    out->type = **p;
    if (out->type < '0' || out->type > '4') return false;
    (*p)++;
    return gdb_take(p, ',') && gdb_take_hex(p, &out->address) && gdb_take(p, ',') &&
           gdb_take_hex(p, &out->size);
}

static bool same_point(const GdbPoint *a, const GdbPoint *b) {
    return a->type == b->type && a->address == b->address && a->size == b->size;
}

static bool insert_point(GdbStub *s, const char *p) {
    static const u8 access[] = {0, 0, ARMED_WRITE, ARMED_READ, ARMED_READ | ARMED_WRITE};
    GdbPoint g = {0};
    if (!take_point(&p, &g) || s->points == POINTS_MAX) return false;
    for (unsigned i = 0; i < s->points; i++)
        if (same_point(&s->point[i], &g)) return true;
    Point point = {.kind = g.type <= '1' ? POINT_EXEC : POINT_ACCESS,
                   .spec = "gdb",
                   .space = memory_space(s),
                   .address = g.address,
                   .size = g.type <= '1' ? 4 : MAX(g.size, 1),
                   .access = access[g.type - '0'],
                   .before = true,  // gdb steps over it and compares
                   .el = -1,
                   .vmid = -1,
                   .asid = -1,
                   .cpu = -1,
                   .hidden = true};
    g.id = point_add(s->d->control, &point, NULL);
    if (!g.id) return false;
    s->point[s->points++] = g;
    return true;
}

static bool remove_point(GdbStub *s, const char *p) {
    GdbPoint g = {0};
    if (!take_point(&p, &g)) return false;
    for (unsigned i = 0; i < s->points; i++)
        if (same_point(&s->point[i], &g)) {
            point_delete(s->d->control, s->point[i].id);
            s->point[i] = s->point[--s->points];
            break;
        }
    return true;
}

// --- running -------------------------------------------------------------------------------------

static void start(GdbStub *s, RunRequest request) {
    s->request = request;
    s->running = true;
    s->state = GDB_RUN;
}

// Packet s or c, with or without an address to go on from.
static bool resume(GdbStub *s, const char *p, bool step) {
    u64 address;
    Cpu *cpu = s->run ? s->run : s->general;
    if (gdb_take_hex(&p, &address)) cpu->pc = address;
    start(s, step ? (RunRequest){.cpu = cpu, .insns = 1} : (RunRequest){0});
    return true;
}

// vCont;action[:thread]...: the first that steps a CPU decides; the others run only if they are told to.
static bool resume_each(GdbStub *s, const char *p) {
    RunRequest request = {0};
    bool others = false, any = false;
    while (gdb_take(&p, ';')) {
        char action = *p;
        if (!action) return false;
        p++;
        u64 lo = 0, hi = 0, signal;
        if ((action == 'C' || action == 'S') && !gdb_take_hex(&p, &signal)) return false;
        if (action == 'r' &&
            (!gdb_take_hex(&p, &lo) || !gdb_take(&p, ',') || !gdb_take_hex(&p, &hi)))
            return false;
        Cpu *cpu = NULL;
        bool named = gdb_take(&p, ':');
        if (named && !take_thread(s, &p, &cpu)) return false;
        bool step = action == 's' || action == 'S' || action == 'r';
        if (!step && action != 'c' && action != 'C') return false;
        any = true;
        if (!step)
            others = true;
        else if (!request.cpu) {
            request = (RunRequest){.cpu = cpu ? cpu : s->general, .range_lo = lo, .range_hi = hi};
            request.insns = action != 'r';
        }
    }
    if (!any || *p) return false;
    request.only = request.cpu && !others && request.cpu->halt == HALT_NONE;
    start(s, request);
    return true;
}

RunRequest gdbstub_request(const GdbStub *s) {
    return s->request;
}

static void put_thread(GdbStub *s, const Cpu *cpu, char *text, size_t n) {
    size_t at = strlen(text);
    snprintf(text + at, n - at, "thread:%x;", cpu->index + 1);
    s->general = s->d->cpu = s->d->machine->cpu[cpu->index];
}

static void describe_stop(GdbStub *s, const StopEvent *ev, int exit_status, char *text, size_t n) {
    if (ev->why == WHY_MACHINE && s->d->machine->stop != STOP_NONE) {
        snprintf(text, n, "W%02x", exit_status & 0xff);
        s->reported = true;
        return;
    }
    int signal = ev->why == WHY_INTERRUPT ? SIGINT_ : SIGTRAP_;
    const char *why = "";
    char watch[40] = "";
    if (ev->why == WHY_POINT && ev->point && ev->point->kind == POINT_EXEC) {
        why = "hwbreak:;";
    } else if (ev->why == WHY_POINT && ev->point && ev->point->kind == POINT_ACCESS) {
        bool both = (ev->point->access & (ARMED_READ | ARMED_WRITE)) == (ARMED_READ | ARMED_WRITE);
        const char *kind = both ? "awatch" : ev->point->access & ARMED_READ ? "rwatch" : "watch";
        snprintf(watch, sizeof watch, "%s:%llx;", kind, (unsigned long long)ev->address);
        why = watch;
    }
    snprintf(text, n, "T%02x%s", signal, why);
    put_thread(s, ev->cpu ? ev->cpu : s->general, text, n);
}

void gdbstub_report(GdbStub *s, const StopEvent *ev, int exit_status) {
    s->running = false;
    s->state = GDB_STOPPED;
    describe_stop(s, ev, exit_status, s->last_stop, sizeof s->last_stop);
    gdb_reply_start(&s->reply);
    gdb_put(&s->reply, s->last_stop);
    send_reply(s);
}

// --- queries -------------------------------------------------------------------------------------

// monitor COMMAND: any command of the console; what it prints goes to gdb's own output.
static void monitor(GdbStub *s, const char *hex) {
    char line[1024];
    size_t n = strlen(hex) / 2;
    if (n >= sizeof line || !gdb_hex_bytes(hex, line, n)) {
        error_reply(s, 0x16);
        return;
    }
    line[n] = '\0';
    Debugger *d = s->d;
    FILE *out = d->out;
    bool colour = d->colour;
    unsigned height = d->height;
    char *text = NULL;
    size_t size = 0;
    Error err = {""};
    d->out = open_memstream(&text, &size);
    CHECK(d->out);
    d->colour = false;
    d->height = 0;
    d->cpu = s->general;
    if (!debugger_execute(d, line, &err)) fprintf(d->out, "%s\n", err.text);
    fclose(d->out);
    d->out = out;
    d->colour = colour;
    d->height = height;
    s->general = d->cpu;
    for (size_t at = 0; at < size; at += MEMORY_MAX) {
        gdb_reply_start(&s->reply);
        gdb_put(&s->reply, "O");
        gdb_put_hex(&s->reply, text + at, MIN(size - at, MEMORY_MAX));
        send_reply(s);
    }
    free(text);
    gdb_reply_start(&s->reply);
    gdb_put(&s->reply, "OK");
}

// qXfer:...:read:ANNEX:OFFSET,LENGTH of a text.
static void transfer(GdbStub *s, const char *p, const char *text, size_t size) {
    u64 offset, n;
    if (!gdb_take_hex(&p, &offset) || !gdb_take(&p, ',') || !gdb_take_hex(&p, &n) ||
        offset > size) {
        error_reply(s, 0x16);
        return;
    }
    n = MIN(MIN(n, size - offset), MEMORY_MAX);
    gdb_put(&s->reply, offset + n < size ? "m" : "l");
    gdb_put_binary(&s->reply, text + offset, n);
}

static void transfer_threads(GdbStub *s, const char *p) {
    char *text = NULL, info[64];
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    CHECK(f);
    fprintf(f, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (unsigned i = 0; i < s->d->machine->cpus; i++) {
        describe_cpu(s->d->machine->cpu[i], info, sizeof info);
        fprintf(f, "<thread id=\"%x\" core=\"%u\" name=\"CPU %u\">%s</thread>\n", i + 1, i, i,
                info);
    }
    fprintf(f, "</threads>\n");
    fclose(f);
    transfer(s, p, text, size);
    free(text);
}

static void host_info(GdbStub *s) {
    static const char triple[] = "aarch64-unknown-unknown";
    gdb_put(&s->reply, "triple:");
    gdb_put_hex(&s->reply, triple, strlen(triple));
    gdb_put(&s->reply, ";endian:little;ptrsize:8;");
}

static const char *after(const char *text, const char *prefix) {
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) ? NULL : text + n;
}

// False: not known, which an empty reply says.
static void query(GdbStub *s, const char *p) {
    GdbReply *r = &s->reply;
    const char *rest;
    if (after(p, "Supported")) {
        gdb_printf(r, "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;",
                   GDB_PACKET_MAX);
        gdb_put(r, "vContSupported+;hwbreak+;swbreak+;QThreadSuffixSupported+");
    } else if ((rest = after(p, "Xfer:features:read:target.xml:"))) {
        transfer(s, rest, s->target->xml, s->target->xml_size);
    } else if ((rest = after(p, "Xfer:threads:read::"))) {
        transfer_threads(s, rest);
    } else if (after(p, "fThreadInfo")) {
        s->list_next = 0;
        list_threads(s);
    } else if (after(p, "sThreadInfo")) {
        list_threads(s);
    } else if ((rest = after(p, "ThreadExtraInfo,"))) {
        thread_info(s, rest);
    } else if ((rest = after(p, "Rcmd,"))) {
        monitor(s, rest);
    } else if (!strcmp(p, "C")) {
        gdb_printf(r, "QC%x", s->general->index + 1);
    } else if (after(p, "Attached")) {
        gdb_put(r, "1");
    } else if (after(p, "Symbol")) {
        gdb_put(r, "OK");
    } else if (after(p, "HostInfo")) {
        host_info(s);
    } else if (after(p, "qemu.PhyMemMode")) {
        gdb_put(r, s->physical ? "1" : "0");
    }
}

static void set_query(GdbStub *s, const char *p) {
    const char *rest;
    if (!strcmp(p, "StartNoAckMode")) {
        gdb_put(&s->reply, "OK");
        s->no_ack = true;
    } else if (!strcmp(p, "ThreadSuffixSupported")) {
        gdb_put(&s->reply, "OK");
        s->thread_suffix = true;
    } else if ((rest = after(p, "qemu.PhyMemMode:"))) {
        s->physical = *rest == '1';
        gdb_put(&s->reply, "OK");
    }
}

// --- one packet ----------------------------------------------------------------------------------

static void ok_or(GdbStub *s, bool ok, unsigned number) {
    if (ok)
        gdb_put(&s->reply, "OK");
    else
        error_reply(s, number);
}

static void leave(GdbStub *s, GdbState how, const char *answer) {
    s->state = how;
    gdb_put(&s->reply, answer);
}

// vMustReplyEmpty, vCont?, vCont, vKill. False: no reply now.
static bool handle_v(GdbStub *s, const char *p) {
    if (!strcmp(p, "Cont?")) {
        gdb_put(&s->reply, "vCont;c;C;s;S;r");
    } else if (after(p, "Cont;")) {
        if (resume_each(s, p + 4)) return false;
        error_reply(s, 0x16);
    } else if (after(p, "Kill")) {
        leave(s, GDB_KILLED, "OK");
    }
    return true;
}

// False: no reply now (the machine runs, or gdb does not expect one).
static bool handle(GdbStub *s, const char *p, const char *end) {
    Cpu *cpu;
    const GdbRegister *r;
    char command = *p;
    if (command) p++;
    switch (command) {
    case '?': gdb_put(&s->reply, s->last_stop); break;
    case 'g': read_general(s, packet_cpu(s, p)); break;
    case 'G': ok_or(s, write_general(s, packet_cpu(s, p), p), 0x16); break;
    case 'p':
        cpu = packet_cpu(s, p);
        if ((r = take_register(s, &p)))
            put_register(s, cpu, r);
        else
            error_reply(s, 0x16);
        break;
    case 'P':
        cpu = packet_cpu(s, p);
        r = take_register(s, &p);
        ok_or(s, r && gdb_take(&p, '=') && write_register(cpu, r, p), 0x16);
        break;
    case 'm': read_memory(s, p); break;
    case 'M': ok_or(s, write_memory(s, p, end, false), 0x0e); break;
    case 'X': ok_or(s, write_memory(s, p, end, true), 0x0e); break;
    case 'Z': ok_or(s, insert_point(s, p), 0x16); break;
    case 'z': ok_or(s, remove_point(s, p), 0x16); break;
    case 'H': ok_or(s, set_thread(s, p), 0x16); break;
    case 'T': ok_or(s, take_thread(s, &p, &cpu) && cpu, 0x16); break;
    case 'c': return !resume(s, p, false);
    case 's': return !resume(s, p, true);
    case 'v': return handle_v(s, p);
    case 'q': query(s, p); break;
    case 'Q': set_query(s, p); break;
    case 'D': leave(s, GDB_DETACHED, "OK"); break;
    case 'k': s->state = GDB_KILLED; return false;
    default: break;
    }
    return true;
}

static void on_packet(GdbStub *s) {
    // No other packet may come while it runs: gdb would not see the answer as one.
    if (s->running) return;
    gdb_reply_start(&s->reply);
    const char *p = s->frame.text;
    // After the end only "?" and leaving make sense; registers and memory stay readable.
    bool resumes = *p == 'c' || *p == 's' || !strncmp(p, "vCont;", 6);
    if (s->reported && resumes) {
        gdb_put(&s->reply, s->last_stop);
        send_reply(s);
        return;
    }
    if (handle(s, p, p + s->frame.n)) send_reply(s);
}

GdbState gdbstub_input(GdbStub *s, const void *data, size_t n, size_t *used) {
    const u8 *byte = data;
    GdbState before = s->state = s->running ? GDB_RUN : GDB_STOPPED;
    for (*used = 0; *used < n && s->state == before;) {
        bool acks = !s->no_ack;
        switch (gdb_frame_byte(&s->frame, byte[(*used)++])) {
        case GDB_PACKET:
            if (acks) s->send(s->arg, "+", 1);
            on_packet(s);
            break;
        case GDB_BAD:
            if (acks) s->send(s->arg, "-", 1);
            break;
        case GDB_NACK:
            if (acks && s->reply.n) s->send(s->arg, s->reply.out, s->reply.n);
            break;
        case GDB_INTERRUPT:
            if (s->running) s->state = GDB_STOP;
            break;
        case GDB_ACK:
        case GDB_MORE: break;
        }
    }
    return s->state;
}

GdbStub *gdbstub_create(Debugger *d, void (*send)(void *arg, const void *data, size_t n),
                        void *arg) {
    GdbStub *s = calloc(1, sizeof *s);
    CHECK(s);
    s->d = d;
    s->send = send;
    s->arg = arg;
    s->general = d->cpu;
    s->target = gdb_target_create(d->machine->cpu[0]);
    snprintf(s->last_stop, sizeof s->last_stop, "T%02xthread:%x;", SIGTRAP_, d->cpu->index + 1);
    return s;
}

void gdbstub_free(GdbStub *s) {
    if (!s) return;
    for (unsigned i = 0; i < s->points; i++) point_delete(s->d->control, s->point[i].id);
    gdb_target_free(s->target);
    free(s);
}
