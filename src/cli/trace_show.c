// `el2sim trace show FILE`: the instructions of a file of --trace insn=FILE, one a line.
#include "cli/cli.h"
#include "debugger/disasm.h"
#include "debugger/symbols.h"
#include "trace/insn.h"
#include "trace/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Show {
    // Filters; a member that is not given lets everything pass.
    int cpu, el;  // -1: any
    bool has_world, has_pc, has_time;
    u32 world;
    u64 pc_lo, pc_hi, from, to;  // inclusive
    const char *pc_symbol;
    bool count_only;
    // What it works with.
    const char *path;
    Symbols *symbols;
    Disassembler *disassembler;
    u64 shown;
} Show;

static bool passes(const Show *s, const InsnRecord *r) {
    if (s->cpu >= 0 && (unsigned)s->cpu != r->cpu) return false;
    if (s->el >= 0 && (unsigned)s->el != r->el) return false;
    if (s->has_world && s->world != r->world) return false;
    if (s->has_pc && (r->pc < s->pc_lo || r->pc > s->pc_hi)) return false;
    return !s->has_time || (r->icount >= s->from && r->icount <= s->to);
}

// "i=12 cpu0 vm1   EL1 0x40000000 d503201f nop <symbol>"
static bool show(void *arg, const InsnRecord *r) {
    Show *s = arg;
    if (!passes(s, r)) return true;
    World w = {r->world >> 16, (u16)r->world};
    SymbolHit hit;
    char text[200];
    s->shown++;
    if (s->count_only) return true;
    char world[16];
    *put_world(world, w) = 0;
    printf("i=%llu cpu%u %-5s EL%u 0x%016llx %08x ", (unsigned long long)r->icount, r->cpu, world,
           r->el, (unsigned long long)r->pc, r->word);
    disasm_text(s->disassembler, world_space(w), r->pc, r->word, text, sizeof text);
    fputs(text, stdout);
    if (symbols_lookup(s->symbols, world_space(w), r->pc, &hit))
        printf(hit.offset ? " <%s+0x%llx>" : " <%s>", hit.name, (unsigned long long)hit.offset);
    putchar('\n');
    return !ferror(stdout);
}

// --- the command line ----------------------------------------------------------------------------

const char trace_help[] =
    "Prints the instructions in a file of -trace insn=FILE for which all of these hold:\n"
    "  --cpu N                      executed by that CPU\n"
    "  --el 0|1|2                   at that Exception level\n"
    "  --vm vmN|s2off|host|el2      whose code it was (N: the VMID)\n"
    "  --pc A-B|ADDRESS|SYMBOL      at these addresses, in that function\n"
    "  --time A-B                   from the Ath to the Bth instruction of the run\n"
    "  --symbols [el2:|vm1:]FILE    ELF or System.map for names\n"
    "  --count                      prints only how many there are\n";

static bool parse_range(const char *text, u64 *lo, u64 *hi) {
    char *end;
    errno = 0;
    *lo = *hi = strtoull(text, &end, 0);
    if (end == text || errno) return false;
    if (*end != '-') return !*end;
    const char *second = end + 1;
    *hi = strtoull(second, &end, 0);
    return end != second && !*end && !errno && *hi >= *lo;
}

static bool parse_small(const char *text, int most, int *out) {
    char *end;
    long n = strtol(text, &end, 10);
    *out = (int)n;
    return end != text && !*end && n >= 0 && n <= most;
}

static bool parse_world(Show *s, const char *text) {
    static const struct {
        const char *name;
        u32 kind;
    } others[] = {{"s2off", WORLD_S2OFF}, {"host", WORLD_HOST}, {"el2", WORLD_EL2}};
    s->has_world = true;
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (!strcmp(text, others[i].name)) {
            s->world = others[i].kind << 16;
            return true;
        }
    int vmid;
    if (strncmp(text, "vm", 2) || !parse_small(text + 2, 0xffff, &vmid)) return false;
    s->world = world_key((World){WORLD_VM, (u16)vmid});
    return true;
}

static bool parse_pc(Show *s, const char *text) {
    s->has_pc = true;
    if (parse_range(text, &s->pc_lo, &s->pc_hi)) return true;
    s->pc_symbol = text;
    return (*text < '0' || *text > '9') && *text;
}

static bool parse_option(Show *s, const char *name, const char *value, Error *err) {
    bool ok = true;
    if (!strcmp(name, "--cpu"))
        ok = parse_small(value, 511, &s->cpu);
    else if (!strcmp(name, "--el"))
        ok = parse_small(value, 2, &s->el);
    else if (!strcmp(name, "--vm"))
        ok = parse_world(s, value);
    else if (!strcmp(name, "--pc"))
        ok = parse_pc(s, value);
    else if (!strcmp(name, "--time"))
        ok = s->has_time = parse_range(value, &s->from, &s->to);
    else if (!strcmp(name, "--symbols"))
        return symbols_add(s->symbols, value, err);
    else
        return error_set(err, "trace show: unknown option '%s'", name);
    return ok || error_set(err, "trace show: '%s' is no value for %s", value, name);
}

static bool parse(Show *s, int argc, char **argv, Error *err) {
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (s->path) return error_set(err, "trace show: '%s' is a second file", argv[i]);
            s->path = argv[i];
        } else if (!strcmp(argv[i], "--count")) {
            s->count_only = true;
        } else if (i + 1 == argc) {
            return error_set(err, "trace show: '%s' needs a value", argv[i]);
        } else if (!parse_option(s, argv[i], argv[i + 1], err)) {
            return false;
        } else {
            i++;
        }
    }
    if (!s->path) return error_set(err, "trace show: which file?");
    if (!s->pc_symbol) return true;
    // The whole function.
    int space = s->has_world ? world_space((World){s->world >> 16, (u16)s->world}) : SPACE_ANY;
    return symbols_extent(s->symbols, space, s->pc_symbol, &s->pc_lo, &s->pc_hi) ||
           error_set(err, "trace show: no symbol '%s'", s->pc_symbol);
}

static int show_file(Show *s, Error *err) {
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        error_set(err, "trace show: cannot open '%s': %s", s->path, strerror(errno));
        if (fd >= 0) close(fd);
        return usage_error(err);
    }
    size_t size = S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
    void *data = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (data == MAP_FAILED) data = NULL;
    s->disassembler = disasm_open(NULL, s->symbols);
    bool ok = insn_read(data, data ? size : 0, show, s, err);
    if (s->count_only) printf("%llu\n", (unsigned long long)s->shown);
    disasm_close(s->disassembler);
    if (data) munmap(data, size);
    if (fflush(stdout)) return EXIT_HOST_ERROR;
    if (!ok) fprintf(stderr, "el2sim: %s: %s\n", s->path, err->text);
    return ok ? EXIT_GUEST_OFF : EXIT_HOST_ERROR;
}

int trace_main(int argc, char **argv) {
    Error err = {""};
    Show s = {.cpu = -1, .el = -1};
    if (argc < 2 || strcmp(argv[1], "show")) {
        error_set(&err, "usage: el2sim trace show FILE [filters]; see el2sim trace --help");
        return usage_error(&err);
    }
    s.symbols = symbols_create();
    int status = parse(&s, argc - 2, argv + 2, &err) ? show_file(&s, &err) : usage_error(&err);
    symbols_free(s.symbols);
    return status;
}
