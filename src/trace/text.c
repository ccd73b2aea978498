// Numbers and strings into a large buffer, and the buffer into a file in large blocks.
#include "trace/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

bool text_open(Text *t, const char *path, int fd, Error *err) {
    *t = (Text){.fd = fd ? fd : STDERR_FILENO};
    if (path && strcmp(path, "-")) {
        t->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (t->fd < 0)
            return error_set(err, "--trace: cannot open '%s': %s", path, strerror(errno));
        t->close_fd = true;
    }
    t->start = t->at = malloc(TEXT_SIZE);
    CHECK(t->start);
    return true;
}

void text_flush(Text *t) {
    const char *p = t->start;
    while (p < t->at && !t->failed) {
        ssize_t n = write(t->fd, p, (size_t)(t->at - p));
        if (n > 0) {
            p += n;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = t->fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            t->failed = errno;
        }
    }
    t->at = t->start;
}

void text_close(Text *t) {
    text_flush(t);
    if (t->close_fd && close(t->fd) && !t->failed) t->failed = errno;
    free(t->start);
}

char *put_text(char *p, const char *s) {
    while (*s) *p++ = *s++;
    return p;
}

char *put_some(char *p, const char *s, size_t most) {
    while (most-- && *s) *p++ = *s++;
    return p;
}

static unsigned digits(u64 n, char out[20]) {
    unsigned k = 0;
    do out[k++] = (char)('0' + n % 10);
    while (n /= 10);
    return k;
}

char *put_dec_width(char *p, u64 n, unsigned width) {
    char d[20];
    unsigned k = digits(n, d);
    for (unsigned i = k; i < width; i++) *p++ = ' ';
    while (k) *p++ = d[--k];
    return p;
}

char *put_dec(char *p, u64 n) {
    return put_dec_width(p, n, 0);
}

char *put_thousands(char *p, u64 n) {
    char d[20];
    unsigned k = digits(n, d);
    while (k) {
        *p++ = d[--k];
        if (k && k % 3 == 0) *p++ = ',';
    }
    return p;
}

char *put_hex(char *p, u64 n) {
    *p++ = '0';
    *p++ = 'x';
    unsigned shift = n ? (63u - (unsigned)__builtin_clzll(n)) & ~3u : 0;
    for (;; shift -= 4) {
        *p++ = "0123456789abcdef"[n >> shift & 15];
        if (!shift) return p;
    }
}
