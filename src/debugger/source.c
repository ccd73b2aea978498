// Lines out of DWARF by libdw. DWARF 5: "Line Number Information". All rows of a file are sorted by address when
// it is first asked for; sequences are taken from the line programs, so .debug_aranges is not needed.
#include "debugger/source.h"

#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct Row {
    u64 lo, hi;
    const char *file;  // in the Dwarf
    u32 line;
    bool is_stmt;
} Row;

typedef struct File {
    int space, fd;
    Dwarf *dwarf;
    Dwarf_CFI *frames, *eh_frames;  // .debug_frame, .eh_frame
    bool loaded;
    Row *rows;
    size_t n, capacity;
} File;

struct Sources {
    File *files;
    size_t n;
};

Sources *sources_create(void) {
    Sources *s = calloc(1, sizeof *s);
    CHECK(s);
    return s;
}

void sources_free(Sources *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) {
        File *f = &s->files[i];
        if (f->eh_frames) dwarf_cfi_end(f->eh_frames);
        if (f->dwarf) dwarf_end(f->dwarf);
        close(f->fd);
        free(f->rows);
    }
    free(s->files);
    free(s);
}

bool sources_add(Sources *s, int space, const char *path, Error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_set(err, "source: cannot open '%s': %s", path, strerror(errno));
    Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
    if (!dwarf) {  // no ELF file, or without DWARF
        close(fd);
        return true;
    }
    s->files = realloc(s->files, (s->n + 1) * sizeof *s->files);
    CHECK(s->files);
    s->files[s->n++] = (File){.space = space, .fd = fd, .dwarf = dwarf};
    return true;
}

// --- reading lines -------------------------------------------------------------------------------

static void add_row(File *f, Row row) {
    // Empty rows are kept: a breakpoint on the first line of a function may have no other.
    if (row.lo > row.hi || !row.file || !row.line) return;
    if (f->n == f->capacity) {
        f->capacity = f->capacity * 2 + 1024;
        f->rows = realloc(f->rows, f->capacity * sizeof *f->rows);
        CHECK(f->rows);
    }
    f->rows[f->n++] = row;
}

static void load_unit(File *f, Dwarf_Die *unit) {
    Dwarf_Lines *lines;
    size_t n;
    if (dwarf_getsrclines(unit, &lines, &n)) return;
    for (size_t i = 0; i + 1 < n; i++) {
        Dwarf_Line *at = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
        Dwarf_Addr lo, hi;
        bool end = true, is_stmt = false;
        int line;
        if (dwarf_lineendsequence(at, &end) || end || dwarf_lineaddr(at, &lo) ||
            dwarf_lineaddr(next, &hi) || dwarf_lineno(at, &line) ||
            dwarf_linebeginstatement(at, &is_stmt))
            continue;
        add_row(f, (Row){lo, hi, dwarf_linesrc(at, NULL, NULL), (u32)line, is_stmt});
    }
}

static int compare(const void *pa, const void *pb) {
    const Row *a = pa, *b = pb;
    if (a->lo != b->lo) return a->lo < b->lo ? -1 : 1;
    return a->hi < b->hi ? -1 : a->hi > b->hi;
}

static void load(File *f) {
    if (f->loaded) return;
    f->loaded = true;
    Dwarf_Off at = 0, next;
    size_t header;
    while (!dwarf_nextcu(f->dwarf, at, &next, &header, NULL, NULL, NULL)) {
        Dwarf_Die unit;
        if (dwarf_offdie(f->dwarf, at + header, &unit)) load_unit(f, &unit);
        at = next;
    }
    if (f->n) qsort(f->rows, f->n, sizeof *f->rows, compare);
}

// --- looking up ----------------------------------------------------------------------------------

static bool same_line(const Row *a, const Row *b) {
    return a->line == b->line && !strcmp(a->file, b->file);
}

static bool line_in(File *f, u64 address, SourceLine *out) {
    load(f);
    size_t low = 0, high = f->n;
    while (low < high) {  // the first row behind the address
        size_t middle = low + (high - low) / 2;
        if (f->rows[middle].lo <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low || address >= f->rows[low - 1].hi) return false;
    const Row *first = &f->rows[low - 1], *last = first, *end = f->rows + f->n;
    *out = (SourceLine){.file = first->file, .line = first->line};
    while (first > f->rows && first[-1].hi == first->lo && same_line(&first[-1], last)) first--;
    while (last + 1 < end && last[1].lo == last->hi && same_line(last + 1, first)) last++;
    out->lo = first->lo;
    out->hi = last->hi;
    return true;
}

bool sources_line(Sources *s, int space, u64 address, SourceLine *out) {
    for (size_t i = 0; i < s->n; i++)
        if (s->files[i].space == space && line_in(&s->files[i], address, out)) return true;
    for (size_t i = 0; space != SPACE_ANY && i < s->n; i++)
        if (s->files[i].space == SPACE_ANY && line_in(&s->files[i], address, out)) return true;
    return false;
}

bool source_text(const SourceLine *line, char *buf, size_t n) {
    FILE *f = fopen(line->file, "re");
    if (!f) return false;
    char *text = NULL;
    size_t size = 0;
    unsigned number = 0;
    while (number < line->line && getline(&text, &size, f) >= 0) number++;
    bool ok = line->line && number == line->line;
    if (ok) {
        text[strcspn(text, "\r\n")] = '\0';
        snprintf(buf, n, "%s", text + strspn(text, " \t"));
    }
    free(text);
    fclose(f);
    return ok;
}

const char *source_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// `name` is the end of `path`, from the start of a part of it on.
static bool is_end_of(const char *path, const char *name) {
    size_t n = strlen(path), m = strlen(name);
    return n >= m && !strcmp(path + n - m, name) && (n == m || path[n - m - 1] == '/');
}

bool sources_address(Sources *s, const int *space, const char *file, unsigned line, int *found,
                     u64 *address, Error *err) {
    const Row *best = NULL;
    bool known = false;
    for (size_t i = 0; i < s->n; i++) {
        File *f = &s->files[i];
        if (space && f->space != *space) continue;
        load(f);
        for (size_t k = 0; k < f->n; k++) {
            const Row *r = &f->rows[k];
            if (!r->is_stmt || !is_end_of(r->file, file)) continue;
            known = true;
            if (r->line < line || (best && r->line >= best->line)) continue;
            best = r;
            *found = f->space;
        }
    }
    if (!known) return error_set(err, "no code is known of a file '%.100s'", file);
    if (!best) return error_set(err, "%.100s has no code in line %u or behind it", file, line);
    *address = best->lo;
    return true;
}

// --- frames --------------------------------------------------------------------------------------

static Dwarf_Frame *frame_in(File *f, u64 address) {
    Dwarf_Frame *frame;
    if (!f->frames) f->frames = dwarf_getcfi(f->dwarf);
    if (f->frames && !dwarf_cfi_addrframe(f->frames, address, &frame)) return frame;
    if (!f->eh_frames) f->eh_frames = dwarf_getcfi_elf(dwarf_getelf(f->dwarf));
    if (f->eh_frames && !dwarf_cfi_addrframe(f->eh_frames, address, &frame)) return frame;
    return NULL;
}

Dwarf_Frame *sources_frame(Sources *s, int space, u64 address) {
    Dwarf_Frame *frame = NULL;
    for (size_t i = 0; i < s->n && !frame; i++)
        if (s->files[i].space == space) frame = frame_in(&s->files[i], address);
    for (size_t i = 0; i < s->n && !frame; i++)
        if (s->files[i].space == SPACE_ANY) frame = frame_in(&s->files[i], address);
    return frame;
}

// --- locations -----------------------------------------------------------------------------------

// "FILE:LINE" up to a blank or ','. A prefix that names a space is none of a file.
static bool split(const char *text, char *file, size_t size, unsigned *line, size_t *n) {
    *n = strcspn(text, " \t,");
    const char *colon = text + *n;
    while (colon > text && *colon != ':') colon--;
    if (colon == text || (size_t)(colon - text) >= size || !strchr("0123456789", colon[1]))
        return false;
    char *end;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (end != text + *n || number > 0x7fffffff) return false;
    snprintf(file, size, "%.*s", (int)(colon - text), text);
    *line = (unsigned)number;
    int space;
    // "vm1:16" and "el1:16" are addresses.
    bool is_space = symbols_space(file, &space) || (!strncmp(file, "el", 2) && strlen(file) == 3);
    return !is_space;
}

static Space space_of_symbols(int symbols) {
    if (symbols == SPACE_EL2) return (Space){.kind = AS_EL, .el = 2};
    if (symbols >= 0) return (Space){.kind = AS_VM, .vmid = (u16)symbols};
    return (Space){.kind = AS_CURRENT};
}

bool debugger_location(Debugger *d, const char **args, ExprValue *out, Error *err) {
    char text[512];
    unsigned line;
    size_t n;
    if (!split(*args, text, sizeof text, &line, &n)) return debugger_value(d, args, out, err);
    char *file = text, *colon = strchr(text, ':');
    int space, found;
    bool has_space = false;
    if (colon) {
        *colon = '\0';
        has_space = symbols_space(text, &space);
        *colon = ':';
        if (has_space) file = colon + 1;
    }
    if (!sources_address(d->sources, has_space ? &space : NULL, file, line, &found, &out->v, err))
        return false;
    out->space = space_of_symbols(found);
    *args += n + strspn(*args + n, " \t");
    return true;
}
