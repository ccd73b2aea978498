// The pager: counts the lines that go to the terminal, a wrapped one as what it takes. There is one
// terminal, hence the static state.
#define _GNU_SOURCE  // fopencookie, ppoll
#include "debugger/pager.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static struct {
    unsigned lines, column;
    bool dropped;  // the rest of this command's output
    bool all;      // ... is shown without stopping
    bool in_escape;
} pager;

void pager_restart(void) {
    pager.lines = pager.column = 0;
    pager.dropped = pager.all = pager.in_escape = false;
}

static void write_all(const char *text, size_t n) {
    while (n) {
        ssize_t done = write(STDOUT_FILENO, text, n);
        if (done < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&p, 1, -1);
        } else if (done < 0 && errno != EINTR) {
            return;
        } else if (done > 0) {
            text += done;
            n -= (size_t)done;
        }
    }
}

// One key, not echoed. 'q' at the end of input and when Ctrl-C was pressed.
static char read_key(Debugger *d) {
    struct termios old, raw;
    if (tcgetattr(STDIN_FILENO, &old) < 0) return 'c';
    raw = old;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    // Ctrl-C may come between a look at `interrupted` and the sleep.
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char key = 'q';
    while (!d->interrupted && ppoll(&in, 1, NULL, &before) <= 0) {}
    if (d->interrupted || read(STDIN_FILENO, &key, 1) != 1) key = 'q';
    sigprocmask(SIG_SETMASK, &before, NULL);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
    return key;
}

static void ask(Debugger *d) {
    static const char question[] = "--Type RET for more, q to quit, c for all--";
    static const char erase[] = "\r                                           \r";
    write_all(question, sizeof question - 1);
    for (bool asking = true; asking;) {
        char key = read_key(d);
        asking = false;
        if (key == 'q' || key == 'Q' || key == 4 || key == 3)
            pager.dropped = true;
        else if (key == 'c' || key == 'C')
            pager.all = true;
        else
            asking = key != '\n' && key != '\r' && key != ' ';
    }
    write_all(erase, sizeof erase - 1);
    pager.lines = 0;
}

// Counts one character; true when it ends a line of the screen.
static bool ends_line(const Debugger *d, char c) {
    if (c == '\033') pager.in_escape = true;
    if (pager.in_escape) {
        pager.in_escape = c != 'm';
        return false;
    }
    if (((u8)c & 0xc0) == 0x80) return false;  // inside of a UTF-8 character
    if (c != '\n' && ++pager.column <= d->width) return false;
    pager.column = c != '\n';
    return true;
}

static ssize_t pager_write(void *cookie, const char *text, size_t n) {
    Debugger *d = cookie;
    if (d->running) pager_restart();
    if (!d->height || d->running || pager.all) {
        write_all(text, n);
        return (ssize_t)n;
    }
    size_t start = 0;
    for (size_t i = 0; i < n && !pager.dropped; i++) {
        if (d->interrupted) pager.dropped = true;
        if (!ends_line(d, text[i]) || ++pager.lines + 1 < d->height) continue;
        // A wrapped line goes on with this character after the question.
        size_t end = i + (text[i] == '\n');
        write_all(text + start, end - start);
        start = end;
        ask(d);
        if (pager.all) break;
    }
    if (!pager.dropped) write_all(text + start, n - start);
    return (ssize_t)n;
}

FILE *pager_open(Debugger *d) {
    FILE *f = fopencookie(d, "w", (cookie_io_functions_t){.write = pager_write});
    CHECK(f);
    pager_restart();
    return f;
}
