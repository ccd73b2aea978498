// Packets of the GDB Remote Serial Protocol ("Debugging with GDB", appendix "GDB Remote Serial
// Protocol"): framing, checksums, escapes, hexadecimal text. Nothing here knows what they mean.
#pragma once

#include "base/base.h"

enum { GDB_PACKET_MAX = 0x4000 };  // bytes of a packet's contents, as qSupported tells

typedef enum GdbInput {
    GDB_MORE,       // not complete yet
    GDB_PACKET,     // GdbFrame.text has a packet, unescaped and ended by 0
    GDB_BAD,        // checksum or length is wrong
    GDB_INTERRUPT,  // 0x03 between packets
    GDB_ACK,
    GDB_NACK,
} GdbInput;

// A packet being received. Start with zeros.
typedef struct GdbFrame {
    char text[GDB_PACKET_MAX + 1];
    size_t n;
    enum { FRAME_BETWEEN, FRAME_TEXT, FRAME_ESCAPE, FRAME_SUM1, FRAME_SUM2 } state;
    u8 sum, want;
    bool too_long;
} GdbFrame;

GdbInput gdb_frame_byte(GdbFrame *f, u8 byte);

// A packet being written: contents first, then gdb_reply_end() frames them.
typedef struct GdbReply {
    char
        out[2 * GDB_PACKET_MAX + 8];  // '$', contents (each byte may need an escape), '#', checksum
    size_t n;
    bool full;  // contents did not fit and were cut
} GdbReply;

void gdb_reply_start(GdbReply *r);
void gdb_put(GdbReply *r, const char *text);
void gdb_put_binary(GdbReply *r, const void *data, size_t n);  // escaped
void gdb_put_hex(GdbReply *r, const void *data, size_t n);     // two digits a byte, in their order
void gdb_printf(GdbReply *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gdb_reply_end(GdbReply *r);

// Takes a hexadecimal number off *text. False: there is none, or more than 64 bits.
bool gdb_take_hex(const char **text, u64 *value);
// Takes c off *text.
bool gdb_take(const char **text, char c);
// 2n hexadecimal digits to n bytes. False: fewer, or something else.
bool gdb_hex_bytes(const char *text, void *out, size_t n);
