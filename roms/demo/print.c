// The console: a PL011, polled.
#include "demo.h"

#define UART_BASE 0x09000000ul
enum { UART_DR = 0x00, UART_FR = 0x18, FR_TXFF = 1 << 5 };

static void put(char c) {
    while (*(volatile uint32_t *)(UART_BASE + UART_FR) & FR_TXFF) {}
    *(volatile uint32_t *)(UART_BASE + UART_DR) = (uint8_t)c;
}

void print(const char *text) {
    for (; *text; text++) {
        if (*text == '\n') put('\r');
        put(*text);
    }
}

void print_dec(uint64_t n) {
    char text[21], *p = text + 20;
    *p = 0;
    do *--p = (char)('0' + n % 10);
    while (n /= 10);
    print(p);
}

void print_hex(uint64_t n) {
    print("0x");
    int shift = 60;
    while (shift && !(n >> shift)) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[n >> shift & 15]);
}
