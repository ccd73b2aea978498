// The console: readline, history, the terminal's size and Ctrl-C. readline, signals and the terminal belong to the
// process, hence the static state.
#include "debugger/console.h"
#include "debugger/complete.h"
#include "debugger/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 1000, PIPE_COLUMNS = 80 };

static Debugger *volatile current;
static volatile sig_atomic_t resized;
static char *history_path;

// --- the terminal --------------------------------------------------------------------------------

static void on_interrupt(int number) {
    (void)number;
    if (current) debugger_interrupt(current);
}

static void on_resize(int number) {
    (void)number;
    resized = 1;
}

static void catch_signals(bool on) {
    struct sigaction action = {.sa_handler = on ? on_interrupt : SIG_DFL};
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on ? on_resize : SIG_DFL;
    action.sa_flags = SA_RESTART;
    sigaction(SIGWINCH, &action, NULL);
}

static bool wants_colour(const Debugger *d) {
    if (d->settings.colour != COLOUR_AUTO) return d->settings.colour == COLOUR_ON;
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

void console_apply_settings(Debugger *d) {
    struct winsize w = {0};
    bool terminal = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0;
    resized = 0;
    d->colour = wants_colour(d);
    d->width = terminal && w.ws_col >= 20 ? w.ws_col : PIPE_COLUMNS;
    d->height = terminal ? w.ws_row : 0;
    if (d->settings.width > 0) d->width = (unsigned)d->settings.width;
    if (d->settings.height >= 0) d->height = (unsigned)d->settings.height;
    if (!d->interactive || !d->settings.pagination || d->height < 3) d->height = 0;
}

// --- history -------------------------------------------------------------------------------------

// Makes the directories of path. Where that fails, so will what follows.
static void make_directories(char *path) {
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
}

// $XDG_STATE_HOME/el2sim/history; NULL: nowhere to keep it.
static char *history_file(void) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char path[4096];
    int n;
    if (state && *state == '/')
        n = snprintf(path, sizeof path, "%s/el2sim/history", state);
    else if (home && *home == '/')
        n = snprintf(path, sizeof path, "%s/.local/state/el2sim/history", home);
    else
        return NULL;
    if (n >= (int)sizeof path) return NULL;
    make_directories(path);
    return strdup(path);
}

static void open_history(void) {
    using_history();
    stifle_history(HISTORY_LINES);
    history_path = history_file();
    if (history_path) read_history(history_path);
}

// Lines that repeat the one before are not kept.
static void remember(const char *line) {
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (!last || strcmp(last->line, line)) add_history(line);
}

static void close_history(void) {
    if (history_path) write_history(history_path);
    free(history_path);
    history_path = NULL;
    clear_history();
}

// --- reading -------------------------------------------------------------------------------------

static bool execute(Debugger *d, const char *line, Error *err) {
    if (resized) console_apply_settings(d);
    pager_restart();
    bool ok = debugger_execute(d, line, err);
    fflush(d->out);
    return ok;
}

// What an empty line does after `line`: a copy to be freed, or NULL.
static char *repeated(const char *line) {
    const Command *c = command_find(line, NULL, NULL);
    if (!c || c->repeat == REPEAT_NOT) return NULL;
    return strdup(c->repeat == REPEAT_SAME ? line : c->name);
}

// After a signal at the prompt: Ctrl-C drops the line.
static int after_signal(void) {
    if (!current->interrupted) return 0;
    current->interrupted = 0;
    rl_crlf();
    rl_replace_line("", 1);
    rl_on_new_line();
    rl_redisplay();
    fflush(rl_outstream);
    return 0;
}

static void setup_readline(Debugger *d) {
    rl_initialize();
    // Several pasted lines are several commands.
    rl_variable_bind("enable-bracketed-paste", "off");
    // The first hook is called when a signal ends the wait for a key, the second every now and then: a
    // signal that comes while readline draws ends no wait.
    rl_signal_event_hook = after_signal;
    rl_event_hook = after_signal;
    complete_setup(d);
}

static void read_terminal(Debugger *d) {
    char *again = NULL, *line;
    for (; !d->quit; free(line)) {
        d->interrupted = 0;
        line = readline("(el2sim) ");
        if (!line) {
            fprintf(d->out, "\n");
            break;
        }
        bool empty = !line[strspn(line, " \t")];
        Error err = {""};
        if (!empty) {
            remember(line);
            free(again);
            again = repeated(line);
        }
        const char *what = empty ? again : line;
        if (what && !execute(d, what, &err)) fprintf(stderr, "%s\n", err.text);
    }
    free(again);
}

static bool read_lines(Debugger *d) {
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    bool ok = true;
    for (unsigned number = 1;
         !d->quit && !d->interrupted && (n = getline(&line, &size, stdin)) >= 0; number++) {
        Error err = {""};
        bool text = !memchr(line, '\0', (size_t)n);
        line[strcspn(line, "\r\n")] = '\0';
        if (text ? execute(d, line, &err) : error_set(&err, "this is not text")) continue;
        fprintf(stderr, "stdin:%u: %s\n", number, err.text);
        ok = false;
    }
    free(line);
    return ok;
}

// --- opening and closing -------------------------------------------------------------------------

void console_open(Debugger *d) {
    current = d;
    d->interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (d->interactive) {
        d->out = pager_open(d);
        open_history();
        setup_readline(d);
    }
    console_apply_settings(d);
    catch_signals(true);
}

void console_close(Debugger *d) {
    catch_signals(false);
    fflush(d->out);
    if (d->interactive) {
        close_history();
        fclose(d->out);
        d->out = stdout;
        d->interactive = false;
    }
    current = NULL;
}

bool console_read(Debugger *d) {
    if (!d->interactive) return read_lines(d);
    read_terminal(d);
    return true;
}

bool console_confirm(Debugger *d, const char *question) {
    if (!d->interactive || !d->settings.confirm) return true;
    fflush(d->out);
    char *answer = NULL, prompt[256];
    snprintf(prompt, sizeof prompt, "%s (y or n) ", question);
    do {
        free(answer);
        answer = readline(prompt);
    } while (answer && !strchr("ynYN", *answer));
    bool yes = answer && (*answer == 'y' || *answer == 'Y');
    free(answer);
    return yes;
}
