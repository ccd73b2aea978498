// Names for the debuggers (`el2sim debug`, -gdb): symbols and source lines of the files of --symbols, and of the
// ELF files among those that the machine loads.
#include "cli/run.h"
#include "debugger/source.h"

#include <sys/stat.h>

// Regular files only: a pipe was read when the machine was loaded.
static bool is_file(const char *path, struct stat *out) {
    return !stat(path, out) && S_ISREG(out->st_mode);
}

// --symbols has it: whose addresses they are was said there.
static bool is_named(const RunOptions *o, const struct stat *image) {
    struct stat other;
    for (unsigned i = 0; i < o->symbol_count; i++)
        if (is_file(o->symbols[i].path, &other) && other.st_dev == image->st_dev &&
            other.st_ino == image->st_ino)
            return true;
    return false;
}

static bool add_image(Debugger *d, const RunOptions *o, const char *path, Error *err) {
    struct stat image;
    if (!path || !is_file(path, &image) || is_named(o, &image)) return true;
    symbols_add_image(d->symbols, SPACE_ANY, path);
    return sources_add(d->sources, SPACE_ANY, path, err);
}

static bool add_images(Debugger *d, const RunOptions *o, Error *err) {
    const BootOptions *b = &o->boot;
    if (!add_image(d, o, b->kernel, err)) return false;
    for (unsigned i = 0; i < b->loader_count; i++)
        if (!b->loaders[i].force_raw && !add_image(d, o, b->loaders[i].file, err)) return false;
    for (unsigned i = 0; i < b->module_count; i++)
        if (!add_image(d, o, b->modules[i].kernel, err)) return false;
    return true;
}

bool run_load_names(Debugger *d, const RunOptions *o, Error *err) {
    for (unsigned i = 0; i < o->symbol_count; i++) {
        const SymbolFile *s = &o->symbols[i];
        int space;
        if (!symbols_space(s->space, &space))
            return error_set(err, "--symbols: '%s' is no space (el2, vmN, kernel)", s->space);
        if (!symbols_add_file(d->symbols, space, s->path, err) ||
            !sources_add(d->sources, space, s->path, err))
            return false;
    }
    return add_images(d, o, err);
}
