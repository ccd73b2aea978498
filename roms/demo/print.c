// Text to the PL011. It is usable as QEMU and el2sim leave it: enabled, nothing to configure.
#include "demo.h"

#include <stdarg.h>

#define UART_DR ((volatile u32 *)0x09000000)
#define UART_FR ((volatile u32 *)0x09000018)

enum { FR_TXFF = 1 << 5 };

void print_char(char c) {
    while (*UART_FR & FR_TXFF) {}
    *UART_DR = (u8)c;
}

static void print_string(const char *s) {
    while (*s) print_char(*s++);
}

static void print_number(u64 n, unsigned base) {
    char digits[24], *p = digits + sizeof digits;
    *--p = 0;
    do {
        *--p = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    print_string(p);
}

void print(const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            print_char(*format);
            continue;
        }
        switch (*++format) {
        case 'd': print_number(va_arg(args, u64), 10); break;
        case 'x':
            print_string("0x");
            print_number(va_arg(args, u64), 16);
            break;
        case 's': print_string(va_arg(args, const char *)); break;
        default: print_char('%');
        }
    }
    va_end(args);
}
