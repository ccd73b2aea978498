// gdb's formats of `print` and `x`.
#include "debugger/format.h"

#include <ctype.h>
#include <stdlib.h>

enum { COUNT_MAX = 1000000 };

static u8 unit_size(char c) {
    return c == 'b' ? 1 : c == 'h' ? 2 : c == 'w' ? 4 : c == 'g' ? 8 : 0;
}

bool format_parse(const char **args, const char *letters, Format *f, Error *err) {
    *f = (Format){.count = 1};
    const char *p = *args;
    if (*p != '/') return true;
    p++;
    if (isdigit((unsigned char)*p)) {
        char *end;
        unsigned long n = strtoul(p, &end, 10);
        if (n > COUNT_MAX) return error_set(err, "a count of more than %d", COUNT_MAX);
        f->count = (unsigned)n;
        f->has_count = true;
        p = end;
    }
    for (; *p && *p != ' ' && *p != '\t'; p++) {
        if (strchr(letters, *p))
            f->letter = *p;
        else if (unit_size(*p))
            f->size = unit_size(*p);
        else
            return error_set(err, "no format '%c' here (%s%sthe sizes b h w g)", *p, letters,
                             *letters ? " and " : "");
    }
    *args = p + strspn(p, " \t");
    return true;
}

static void print_binary(FILE *out, u64 value, unsigned bits_n, bool padded) {
    bool any = padded;
    for (unsigned i = bits_n; i-- > 0;) {
        any |= bit(value, i) || i == 0;
        if (any) fputc(bit(value, i) ? '1' : '0', out);
    }
}

static void print_char(FILE *out, u64 value) {
    if (value >= 32 && value < 127)
        fprintf(out, "%llu '%c'", (unsigned long long)value, (char)value);
    else
        fprintf(out, "%llu '\\%03llo'", (unsigned long long)value,
                (unsigned long long)value & 0377);
}

void format_value(FILE *out, u64 value, char letter, unsigned bytes, bool padded) {
    static const int decimal[] = {[1] = 3, [2] = 5, [4] = 10, [8] = 20};
    if (bytes < 8) value &= (1ull << bytes * 8) - 1;
    unsigned long long v = value;
    int width = padded ? (int)bytes * 2 : 1;
    switch (letter) {
    case 'd':
        fprintf(out, "%*lld", padded ? decimal[bytes] + 1 : 0, (long long)sext(value, bytes * 8));
        break;
    case 'u': fprintf(out, "%*llu", padded ? decimal[bytes] : 0, v); break;
    case 'o': fprintf(out, "0%llo", v); break;
    case 't': print_binary(out, value, bytes * 8, padded); break;
    case 'c': print_char(out, value & 0xff); break;
    case 'z': fprintf(out, "0x%0*llx", (int)bytes * 2, v); break;
    default: fprintf(out, "0x%0*llx", width, v); break;
    }
}
