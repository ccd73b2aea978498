// Serial line on the host: stdin/stdout, or a file that takes the output.
// Output is collected up to a line or serial_flush(); on a terminal every byte goes out at once.
#include "devices/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUT_SIZE = 4096, IN_SIZE = 4096, ESCAPE = 0x01 };

struct Serial {
    int in, out;  // -1: none
    bool close_out, terminal, out_terminal, escape, debug_key, at_end;
    bool after_escape;
    void (*command)(void *arg, SerialCommand what);
    void *arg;
    size_t out_n;
    u8 out_buf[OUT_SIZE];
    unsigned in_first, in_n;  // ring
    u8 in_buf[IN_SIZE];
};

Serial *serial_open(const SerialConfig *config, void (*command)(void *arg, SerialCommand what),
                    void *arg, Error *err) {
    Serial *s = calloc(1, sizeof *s);
    CHECK(s);
    s->in = s->out = -1;
    s->command = command;
    s->arg = arg;
    if (config->kind == SERIAL_STDIO) {
        if (!config->no_input) s->in = STDIN_FILENO;
        s->out = STDOUT_FILENO;
        s->terminal = isatty(s->in) == 1;
        s->out_terminal = isatty(s->out) == 1;
        s->escape = config->escape || s->terminal;
        s->debug_key = config->debug_key;
    } else if (config->kind == SERIAL_FILE) {
        s->out = open(config->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (s->out < 0) {
            error_set(err, "-serial: cannot open '%s': %s", config->path, strerror(errno));
            free(s);
            return NULL;
        }
        s->close_out = true;
    }
    s->at_end = s->in < 0;
    return s;
}

void serial_close(Serial *s) {
    if (!s) return;
    serial_flush(s);
    if (s->close_out) close(s->out);
    free(s);
}

void serial_flush(Serial *s) {
    size_t done = 0;
    while (done < s->out_n) {
        ssize_t n = write(s->out, s->out_buf + done, s->out_n - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = s->out, .events = POLLOUT};
            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            break;  // a full disk or a closed pipe does not stop the guest
        }
    }
    s->out_n = 0;
}

void serial_write(Serial *s, const void *data, size_t n) {
    if (s->out < 0) return;
    const u8 *p = data;
    for (size_t i = 0; i < n; i++) {
        s->out_buf[s->out_n++] = p[i];
        if (s->out_n == OUT_SIZE || p[i] == '\n') serial_flush(s);
    }
    if (s->out_terminal) serial_flush(s);
}

static void print_help(Serial *s) {
    static const char text[] = "\r\nCtrl-A h    this help\r\n"
                               "Ctrl-A x    leave el2sim\r\n"
                               "Ctrl-A p    press the power key\r\n"
                               "Ctrl-A Ctrl-A  send Ctrl-A\r\n";
    static const char debug[] = "Ctrl-A d    stop, and open the debugger\r\n";
    serial_write(s, text, sizeof text - 1);
    if (s->debug_key) serial_write(s, debug, sizeof debug - 1);
    serial_flush(s);
}

static void put_in(Serial *s, u8 c) {
    if (s->in_n == IN_SIZE) return;
    s->in_buf[(s->in_first + s->in_n++) % IN_SIZE] = c;
}

// One byte from the host, escapes resolved.
static void take(Serial *s, u8 c) {
    if (!s->after_escape) {
        if (s->escape && c == ESCAPE)
            s->after_escape = true;
        else
            put_in(s, c);
        return;
    }
    s->after_escape = false;
    switch (c) {
    case 'x':
    case 'X': s->command(s->arg, SERIAL_CMD_QUIT); break;
    case 'p': s->command(s->arg, SERIAL_CMD_POWER_KEY); break;
    case 'd':
        if (s->debug_key) s->command(s->arg, SERIAL_CMD_DEBUG);
        break;
    case 'h':
    case '?': print_help(s); break;
    case ESCAPE: put_in(s, c); break;
    default: break;  // not a command: swallowed, as the help says nothing of it
    }
}

// Waits up to timeout_ms for readable input; true if read() will not block.
static bool readable(Serial *s, int timeout_ms) {
    struct pollfd p = {.fd = s->in, .events = POLLIN};
    return poll(&p, 1, timeout_ms) > 0;
}

static void read_some(Serial *s) {
    u8 buf[512];
    size_t room = MIN(sizeof buf, (size_t)(IN_SIZE - s->in_n));
    if (!room) return;
    ssize_t n = read(s->in, buf, room);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) s->at_end = true;
    for (ssize_t i = 0; i < n; i++) take(s, buf[i]);
}

void serial_poll(Serial *s) {
    if (!s->at_end && s->in_n < IN_SIZE && readable(s, 0)) read_some(s);
}

bool serial_wait(Serial *s, u64 timeout_ns) {
    serial_flush(s);
    if (serial_has_input(s)) return true;
    // Rounded up: waking too early would only wait again.
    u64 ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
    int timeout = timeout_ns == ~0ull ? -1 : (int)MIN(ms, (u64)1 << 30);
    if (s->at_end) {
        if (timeout >= 0) poll(NULL, 0, timeout);
        return false;
    }
    if (readable(s, timeout)) read_some(s);
    return serial_has_input(s);
}

bool serial_type(Serial *s, const void *data, size_t n) {
    if (n > IN_SIZE - s->in_n) return false;
    for (size_t i = 0; i < n; i++) put_in(s, ((const u8 *)data)[i]);
    return true;
}

int serial_getc(Serial *s) {
    if (!s->in_n) return -1;
    u8 c = s->in_buf[s->in_first];
    s->in_first = (s->in_first + 1) % IN_SIZE;
    s->in_n--;
    return c;
}

bool serial_has_input(const Serial *s) {
    return s->in_n > 0;
}
bool serial_at_end(const Serial *s) {
    return s->at_end;
}
bool serial_is_terminal(const Serial *s) {
    return s->terminal;
}
