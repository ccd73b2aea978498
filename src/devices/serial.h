// The host's end of a serial line: bytes to a file descriptor, bytes from one, never blocking the
// machine. Ctrl-A is an escape (x: leave, h: help, p: power key, d: debugger, Ctrl-A: itself) on a terminal and
// wherever `escape` asks for it. Terminal modes are set by the command line, not here.
#pragma once

#include "base/error.h"

typedef struct Serial Serial;

typedef enum SerialKind { SERIAL_NONE, SERIAL_STDIO, SERIAL_FILE } SerialKind;

typedef struct SerialConfig {
    SerialKind kind;
    bool escape;       // Ctrl-A commands even when stdin is not a terminal
    bool debug_key;    // Ctrl-A d is one of the commands
    bool no_input;     // SERIAL_STDIO: standard input belongs to somebody else
    const char *path;  // SERIAL_FILE: output goes here; no input
} SerialConfig;

// What a Ctrl-A command asks of the machine.
typedef enum SerialCommand {
    SERIAL_CMD_QUIT,
    SERIAL_CMD_POWER_KEY,
    SERIAL_CMD_DEBUG
} SerialCommand;

Serial *serial_open(const SerialConfig *config, void (*command)(void *arg, SerialCommand what),
                    void *arg, Error *err);
void serial_close(Serial *serial);  // flushes; NULL is fine

void serial_write(Serial *serial, const void *data, size_t n);
void serial_flush(Serial *serial);

// Reads what the host has without waiting.
void serial_poll(Serial *serial);
// Waits for input up to timeout_ns (~0: for ever), then polls. True if bytes are available.
bool serial_wait(Serial *serial, u64 timeout_ns);
// Input that comes from nobody's keyboard. False: there is no room for all of it, and none is taken.
bool serial_type(Serial *serial, const void *data, size_t n);
// Takes the next byte, -1 when none is there.
int serial_getc(Serial *serial);
bool serial_has_input(const Serial *serial);
// No more input can come (end of file, no input side).
bool serial_at_end(const Serial *serial);
bool serial_is_terminal(const Serial *serial);
