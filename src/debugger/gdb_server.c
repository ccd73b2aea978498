// The socket of -gdb. While the machine runs, a signal (SIGIO) tells that the other side wants something:
// nothing is polled.
#define _GNU_SOURCE  // F_SETSIG, accept4
#include "debugger/gdb_server.h"

#include "debugger/gdbstub.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct GdbServer {
    int listener, client;                                  // -1: none
    char path[sizeof((struct sockaddr_un *)0)->sun_path];  // of a Unix socket: removed at the end
    GdbStub *stub;
    u8 in[4096];  // received and not yet given to the stub
    size_t in_n;
};

// What SIGIO is about: there is one server per process.
static Control *volatile signalled;

static void on_sigio(int number) {
    (void)number;
    if (signalled) control_interrupt(signalled);
}

// --- listening -----------------------------------------------------------------------------------

static int listen_unix(GdbServer *s, const char *path, Error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    if (!*path || strlen(path) >= sizeof address.sun_path) {
        error_set(err, "-gdb: '%s' is no path of a socket", path);
        return -1;
    }
    strcpy(address.sun_path, path);
    // A socket that a process left behind is replaced; no other file is.
    if (!lstat(path, &st) && S_ISSOCK(st.st_mode)) unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1)) {
        error_set(err, "-gdb: cannot listen on '%s': %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return -1;
    }
    strcpy(s->path, path);
    return fd;
}

static int listen_tcp(const char *host, const char *port, Error *err) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    int failed = getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &list);
    if (failed) {
        error_set(err, "-gdb: '%s:%s': %s", host, port, gai_strerror(failed));
        return -1;
    }
    int fd = -1, error = 0, on = 1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0) continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (!bind(fd, a->ai_addr, a->ai_addrlen) && !listen(fd, 1)) break;
        error = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd < 0) error_set(err, "-gdb: cannot listen on port %s: %s", port, strerror(error));
    return fd;
}

static int listen_on(GdbServer *s, const char *spec, Error *err) {
    if (!strncmp(spec, "unix:", 5)) return listen_unix(s, spec + 5, err);
    char copy[256];
    const char *colon = strrchr(spec, ':');
    if (strncmp(spec, "tcp:", 4) || colon < spec + 4 || strlen(spec) >= sizeof copy) {
        error_set(err, "-gdb: '%s' is neither tcp::PORT, tcp:HOST:PORT nor unix:PATH", spec);
        return -1;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)(colon - spec - 4), spec + 4);
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port > 65535) {
        error_set(err, "-gdb: '%s' is no port", colon + 1);
        return -1;
    }
    return listen_tcp(copy, colon + 1, err);
}

// SIGIO when something happens on fd.
static void notify(int fd) {
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK);
}

GdbServer *gdb_server_open(const char *spec, Error *err) {
    GdbServer *s = calloc(1, sizeof *s);
    CHECK(s);
    s->client = -1;
    s->listener = listen_on(s, spec, err);
    if (s->listener < 0) {
        free(s);
        return NULL;
    }
    struct sigaction action = {.sa_handler = on_sigio};
    sigaction(SIGIO, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    notify(s->listener);
    return s;
}

void gdb_server_close(GdbServer *s) {
    if (!s) return;
    signalled = NULL;
    if (s->client >= 0) close(s->client);
    close(s->listener);
    if (*s->path) unlink(s->path);
    free(s);
}

// --- the connection ------------------------------------------------------------------------------

static void wait_for(int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    while (poll(&p, 1, -1) < 0 && errno == EINTR) {}
}

static void disconnect(GdbServer *s) {
    gdbstub_free(s->stub);
    s->stub = NULL;
    close(s->client);
    s->client = -1;
    s->in_n = 0;
}

static void send_bytes(void *arg, const void *data, size_t n) {
    GdbServer *s = arg;
    for (const char *p = data; n;) {
        ssize_t k = send(s->client, p, n, MSG_NOSIGNAL);
        if (k > 0) {
            p += k;
            n -= (size_t)k;
        } else if (k < 0 && errno == EAGAIN) {
            wait_for(s->client, POLLOUT);
        } else if (k >= 0 || errno != EINTR) {
            return;  // the other side is gone: the next receive says so
        }
    }
}

// True: a debugger has connected.
static bool accept_client(GdbServer *s, Debugger *d) {
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return false;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->client = fd;
    notify(fd);
    s->stub = gdbstub_create(d, send_bytes, s);
    return true;
}

// Receives what is there. False: the other side has closed.
static bool receive(GdbServer *s) {
    if (s->in_n == sizeof s->in) return true;
    ssize_t n = recv(s->client, s->in + s->in_n, sizeof s->in - s->in_n, 0);
    if (n > 0) s->in_n += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

// Gives what was received to the stub, up to the next change of state.
static GdbState consume(GdbServer *s) {
    size_t used = 0;
    GdbState state = gdbstub_input(s->stub, s->in, s->in_n, &used);
    memmove(s->in, s->in + used, s->in_n - used);
    s->in_n -= used;
    return state;
}

// The machine stands: serves packets until something else is to be done.
static GdbState serve(GdbServer *s) {
    for (;;) {
        GdbState state = s->in_n ? consume(s) : GDB_STOPPED;
        if (state != GDB_STOPPED) return state;
        if (s->in_n) continue;
        wait_for(s->client, POLLIN);
        if (!receive(s)) return GDB_DETACHED;
    }
}

// While the machine was running something came in. True: gdb wants it to stop.
static bool wants_stop(GdbServer *s, bool *gone) {
    *gone = !receive(s);
    while (!*gone && s->in_n)
        if (consume(s) == GDB_STOP) return true;
    return false;
}

// Runs for the debugger until it has something to report. False: the debugger is gone.
static bool run_for_client(GdbServer *s, Debugger *d, int (*exit_status)(const Machine *)) {
    RunRequest request = gdbstub_request(s->stub);
    for (;;) {
        StopEvent ev = control_run(d->control, &request);
        bool gone = false;
        if (ev.why == WHY_INTERRUPT && !wants_stop(s, &gone)) {
            if (gone) return false;
            continue;
        }
        d->last = ev;
        gdbstub_report(s->stub, &ev, d->machine->stop ? exit_status(d->machine) : 0);
        return true;
    }
}

static void wait_for_client(GdbServer *s, Debugger *d) {
    while (!accept_client(s, d)) wait_for(s->listener, POLLIN);
}

bool gdb_server_run(GdbServer *s, Debugger *d, bool wait, int (*exit_status)(const Machine *)) {
    signalled = d->control;
    if (wait && !s->stub) wait_for_client(s, d);
    for (;;) {
        // A debugger stays for the end: it may look at what is left.
        if (!s->stub) {
            if (d->machine->stop) return true;
            RunRequest freely = {0};
            if (!accept_client(s, d)) control_run(d->control, &freely);
            continue;
        }
        switch (serve(s)) {
        case GDB_RUN:
            if (run_for_client(s, d, exit_status)) break;
            disconnect(s);
            break;
        case GDB_DETACHED: disconnect(s); break;
        case GDB_KILLED: disconnect(s); return false;
        case GDB_STOPPED:
        case GDB_STOP: break;
        }
    }
}
