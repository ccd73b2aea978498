// Framing of the GDB Remote Serial Protocol.
#include "debugger/gdb_packet.h"

#include <stdarg.h>
#include <stdio.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static GdbInput between(GdbFrame *f, u8 byte) {
    switch (byte) {
    case '$':
        f->n = 0;
        f->sum = 0;
        f->too_long = false;
        f->state = FRAME_TEXT;
        return GDB_MORE;
    case 0x03: return GDB_INTERRUPT;
    case '+': return GDB_ACK;
    case '-': return GDB_NACK;
    }
    return GDB_MORE;  // noise
}

static void add(GdbFrame *f, u8 byte) {
    if (f->n < GDB_PACKET_MAX)
        f->text[f->n++] = (char)byte;
    else
        f->too_long = true;
}

static GdbInput end(GdbFrame *f, int low) {
    bool good = f->want < 16 && low >= 0 && (f->want << 4 | low) == f->sum && !f->too_long;
    f->state = FRAME_BETWEEN;
    f->text[f->n] = '\0';
    return good ? GDB_PACKET : GDB_BAD;
}

GdbInput gdb_frame_byte(GdbFrame *f, u8 byte) {
    switch (f->state) {
    case FRAME_BETWEEN: return between(f, byte);
    case FRAME_TEXT:
        // A '$' inside: the end of the last packet was lost, this is the next one.
        if (byte == '$') return between(f, byte);
        if (byte == '#') {
            f->state = FRAME_SUM1;
            return GDB_MORE;
        }
        f->sum += byte;
        if (byte == '}')
            f->state = FRAME_ESCAPE;
        else
            add(f, byte);
        return GDB_MORE;
    case FRAME_ESCAPE:
        f->sum += byte;
        add(f, byte ^ 0x20);
        f->state = FRAME_TEXT;
        return GDB_MORE;
    case FRAME_SUM1:
        f->want = (u8)hex_digit((char)byte);
        f->state = FRAME_SUM2;
        return GDB_MORE;
    case FRAME_SUM2: break;
    }
    return end(f, hex_digit((char)byte));
}

// --- replies -------------------------------------------------------------------------------------

static const char digits[] = "0123456789abcdef";

void gdb_reply_start(GdbReply *r) {
    r->out[0] = '$';
    r->n = 1;
    r->full = false;
}

static void put(GdbReply *r, char c) {
    if (r->n < sizeof r->out - 4)
        r->out[r->n++] = c;
    else
        r->full = true;
}

void gdb_put_binary(GdbReply *r, const void *data, size_t n) {
    const char *p = data;
    for (size_t i = 0; i < n; i++) {
        bool special = p[i] == '}' || p[i] == '#' || p[i] == '$' || p[i] == '*';
        if (special) put(r, '}');
        put(r, special ? (char)(p[i] ^ 0x20) : p[i]);
    }
}

void gdb_put(GdbReply *r, const char *text) {
    gdb_put_binary(r, text, strlen(text));
}

void gdb_put_hex(GdbReply *r, const void *data, size_t n) {
    const u8 *p = data;
    for (size_t i = 0; i < n; i++) {
        put(r, digits[p[i] >> 4]);
        put(r, digits[p[i] & 15]);
    }
}

void gdb_printf(GdbReply *r, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gdb_put(r, text);
}

void gdb_reply_end(GdbReply *r) {
    u8 sum = 0;
    for (size_t i = 1; i < r->n; i++) sum += (u8)r->out[i];
    r->out[r->n++] = '#';
    r->out[r->n++] = digits[sum >> 4];
    r->out[r->n++] = digits[sum & 15];
}

// --- requests ------------------------------------------------------------------------------------

bool gdb_take_hex(const char **text, u64 *value) {
    unsigned n = 0;
    *value = 0;
    for (int d; (d = hex_digit(**text)) >= 0; (*text)++, n++) *value = *value << 4 | (u64)d;
    return n >= 1 && n <= 16;
}

bool gdb_take(const char **text, char c) {
    if (**text != c) return false;
    (*text)++;
    return true;
}

bool gdb_hex_bytes(const char *text, void *out, size_t n) {
    u8 *p = out;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0) return false;
        p[i] = (u8)(high << 4 | low);
    }
    return true;
}
