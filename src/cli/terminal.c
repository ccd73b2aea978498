// Raw mode of the controlling terminal. It belongs to the process, hence the static state.
#include "cli/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t active;

void terminal_restore(void) {
    if (!active) return;
    active = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static void on_fatal(int number) {
    terminal_restore();
    raise(number);  // SA_RESETHAND: now with the default action
}

static void catch_fatal(void) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGPIPE};
    struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND | SA_NODEFER};
    for (unsigned i = 0; i < ARRAY_LEN(fatal); i++) sigaction(fatal[i], &action, NULL);
}

void terminal_raw(bool signals) {
    if (active) return;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0) return;
    struct termios raw = saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag |= OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    if (signals) {
        raw.c_lflag |= ISIG;
        raw.c_cc[VQUIT] = raw.c_cc[VSUSP] = _POSIX_VDISABLE;
        raw.c_cc[VINTR] = 3;
    }
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    static bool prepared;
    if (!prepared) {
        catch_fatal();
        atexit(terminal_restore);
    }
    prepared = true;
    active = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}
