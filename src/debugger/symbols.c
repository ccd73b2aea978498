// Names of addresses: ELF .symtab through libelf, System.map as text. One sorted array per space;
// names in one growing block.
#include "debugger/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LAST_SYMBOL_SPAN = 0x10000, MAP_LINE = 512 };

typedef struct Symbol {
    u64 address, size;  // size 0: up to the next symbol
    u32 name;           // offset in Symbols.names
    u32 order;          // in which it came: the first of several at an address wins
} Symbol;

typedef struct Set {
    int space;
    Symbol *at;
    size_t count, capacity;
} Set;

struct Symbols {
    Set *sets;
    size_t set_count;
    char *names;
    size_t names_n, names_capacity;
};

Symbols *symbols_create(void) {
    Symbols *s = calloc(1, sizeof *s);
    CHECK(s);
    return s;
}

void symbols_free(Symbols *s) {
    if (!s) return;
    for (size_t i = 0; i < s->set_count; i++) free(s->sets[i].at);
    free(s->sets);
    free(s->names);
    free(s);
}

bool symbols_space(const char *text, int *space) {
    *space = SPACE_ANY;
    if (!*text || !strcmp(text, "kernel")) return true;
    *space = SPACE_EL2;
    if (!strcmp(text, "el2")) return true;
    if (strncmp(text, "vm", 2) || text[2] < '0' || text[2] > '9') return false;
    char *end;
    unsigned long n = strtoul(text + 2, &end, 10);
    *space = (int)n;
    return !*end && n <= 0xffff;
}

// --- building ------------------------------------------------------------------------------------

static Set *set_of(const Symbols *s, int space) {
    for (size_t i = 0; i < s->set_count; i++)
        if (s->sets[i].space == space) return &s->sets[i];
    return NULL;
}

static Set *make_set(Symbols *s, int space) {
    Set *set = set_of(s, space);
    if (set) return set;
    s->sets = realloc(s->sets, (s->set_count + 1) * sizeof *s->sets);
    CHECK(s->sets);
    set = &s->sets[s->set_count++];
    *set = (Set){.space = space};
    return set;
}

static u32 keep_name(Symbols *s, const char *name) {
    size_t n = strlen(name) + 1;
    if (s->names_n + n > s->names_capacity) {
        s->names_capacity = (s->names_n + n) * 2 + 4096;
        s->names = realloc(s->names, s->names_capacity);
        CHECK(s->names && s->names_capacity < UINT32_MAX);
    }
    memcpy(s->names + s->names_n, name, n);
    s->names_n += n;
    return (u32)(s->names_n - n);
}

void symbols_add_one(Symbols *s, int space, const char *name, u64 address, u64 size) {
    Set *set = make_set(s, space);
    if (set->count == set->capacity) {
        set->capacity = set->capacity * 2 + 256;
        set->at = realloc(set->at, set->capacity * sizeof *set->at);
        CHECK(set->at);
    }
    u32 order = (u32)set->count;
    set->at[set->count++] = (Symbol){address, size, keep_name(s, name), order};
}

// By address; at one address those with a size first, then in the order of the file.
static int compare(const void *pa, const void *pb) {
    const Symbol *a = pa, *b = pb;
    if (a->address != b->address) return a->address < b->address ? -1 : 1;
    if (!a->size != !b->size) return a->size ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void symbols_sort(Symbols *s) {
    for (size_t i = 0; i < s->set_count; i++) {
        Set *set = &s->sets[i];
        if (!set->count) continue;
        qsort(set->at, set->count, sizeof *set->at, compare);
        for (size_t k = 0; k < set->count; k++) set->at[k].order = (u32)k;
    }
}

// --- files ---------------------------------------------------------------------------------------

static bool wanted(const GElf_Sym *sym, const char *name) {
    int type = GELF_ST_TYPE(sym->st_info);
    if (!name || !*name || *name == '$' || sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS)
        return false;
    return type == STT_NOTYPE || type == STT_FUNC || type == STT_OBJECT;
}

static size_t add_elf_section(Symbols *s, int space, Elf *elf, Elf_Scn *section,
                              const GElf_Shdr *h) {
    Elf_Data *data = elf_getdata(section, NULL);
    if (!data || !h->sh_entsize) return 0;
    size_t added = 0, n = (size_t)(h->sh_size / h->sh_entsize);
    for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym)) break;
        const char *name = elf_strptr(elf, h->sh_link, sym.st_name);
        if (!wanted(&sym, name)) continue;
        symbols_add_one(s, space, name, sym.st_value, sym.st_size);
        added++;
    }
    return added;
}

static size_t add_elf_type(Symbols *s, int space, Elf *elf, u32 type) {
    size_t added = 0;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr h;
        if (gelf_getshdr(section, &h) && h.sh_type == type)
            added += add_elf_section(s, space, elf, section, &h);
    }
    return added;
}

static bool add_elf(Symbols *s, int space, int fd, const char *path, Error *err) {
    if (elf_version(EV_CURRENT) == EV_NONE) return error_set(err, "libelf: %s", elf_errmsg(-1));
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (!elf) return error_set(err, "symbols: '%s': %s", path, elf_errmsg(-1));
    size_t n = add_elf_type(s, space, elf, SHT_SYMTAB);
    if (!n) n = add_elf_type(s, space, elf, SHT_DYNSYM);
    elf_end(elf);
    return n || error_set(err, "symbols: '%s' has no symbols", path);
}

// "ffff800008000000 T _text". Absolute symbols are constants, not addresses; what is defined
// elsewhere ("                 U name", from nm) has no address.
static bool add_map_line(Symbols *s, int space, char *line) {
    if (*line == ' ') return line[strspn(line, " ")] != '\n';
    char *end;
    errno = 0;
    u64 address = strtoull(line, &end, 16);
    if (end == line || errno || *end != ' ' || !end[1] || end[2] != ' ') return false;
    char type = end[1], *name = end + 3;
    name[strcspn(name, " \t\r\n")] = 0;
    if (!*name) return false;
    if (*name != '$' && !strchr("aAUN?", type)) symbols_add_one(s, space, name, address, 0);
    return true;
}

static bool add_map(Symbols *s, int space, int fd, const char *path, Error *err) {
    FILE *f = fdopen(dup(fd), "r");
    if (!f) return error_set(err, "symbols: '%s': %s", path, strerror(errno));
    rewind(f);
    char line[MAP_LINE];
    unsigned number = 0;
    bool ok = true;
    while (ok && fgets(line, sizeof line, f)) {
        number++;
        ok = add_map_line(s, space, line) ||
             error_set(err, "symbols: '%s' is neither ELF nor System.map (line %u)", path, number);
    }
    fclose(f);
    // Debian ships one line at the last address that says where the real file is.
    const Set *set = set_of(s, space);
    if (ok && number == 1 && set && set->at[set->count - 1].address == ~0ull)
        return error_set(err, "symbols: '%s' has no symbols, it only names where they are", path);
    return ok && (number || error_set(err, "symbols: '%s' is empty", path));
}

static bool is_elf(int fd) {
    char magic[4] = "";
    return pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4);
}

bool symbols_add_file(Symbols *s, int space, const char *path, Error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_set(err, "symbols: cannot open '%s': %s", path, strerror(errno));
    bool ok = is_elf(fd) ? add_elf(s, space, fd, path, err) : add_map(s, space, fd, path, err);
    close(fd);
    if (ok) symbols_sort(s);
    return ok;
}

void symbols_add_image(Symbols *s, int space, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (is_elf(fd)) add_elf(s, space, fd, path, NULL);
    close(fd);
    symbols_sort(s);
}

bool symbols_add(Symbols *s, const char *spec, Error *err) {
    const char *colon = strchr(spec, ':');
    char prefix[16];
    int space = SPACE_ANY;
    if (colon && (size_t)(colon - spec) < sizeof prefix) {
        memcpy(prefix, spec, (size_t)(colon - spec));
        prefix[colon - spec] = 0;
        if (symbols_space(prefix, &space))
            spec = colon + 1;
        else
            space = SPACE_ANY;
    }
    return symbols_add_file(s, space, spec, err);
}

// --- looking up ----------------------------------------------------------------------------------

// End of the symbol's extent, exclusive; ~0 is the last address.
static u64 symbol_end(const Set *set, size_t i) {
    const Symbol *sym = &set->at[i];
    u64 span = sym->size ? sym->size : LAST_SYMBOL_SPAN;
    u64 end = sym->address + span < sym->address ? ~0ull : sym->address + span;
    if (sym->size) return end;
    for (size_t k = i + 1; k < set->count; k++)
        if (set->at[k].address != sym->address) return set->at[k].address;
    return end;
}

static bool lookup_in(const Symbols *s, const Set *set, u64 address, SymbolHit *hit) {
    if (!set || !set->count || address < set->at[0].address) return false;
    size_t low = 0, high = set->count;  // at[low] <= address < at[high]
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (set->at[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    while (low && set->at[low - 1].address == set->at[low].address) low--;
    if (address >= symbol_end(set, low)) return false;
    *hit = (SymbolHit){s->names + set->at[low].name, address - set->at[low].address};
    return true;
}

bool symbols_lookup(const Symbols *s, int space, u64 address, SymbolHit *hit) {
    if (!s) return false;
    if (space != SPACE_ANY && lookup_in(s, set_of(s, space), address, hit)) return true;
    return lookup_in(s, set_of(s, SPACE_ANY), address, hit);
}

static bool find_in(const Symbols *s, const Set *set, const char *name, u64 *address) {
    for (size_t i = 0; set && i < set->count; i++) {
        if (strcmp(s->names + set->at[i].name, name)) continue;
        *address = set->at[i].address;
        return true;
    }
    return false;
}

bool symbols_find(const Symbols *s, int space, const char *name, u64 *address) {
    if (!s) return false;
    if (space != SPACE_ANY && find_in(s, set_of(s, space), name, address)) return true;
    return find_in(s, set_of(s, SPACE_ANY), name, address);
}

static bool extent_in(const Symbols *s, const Set *set, const char *name, u64 *first, u64 *last) {
    for (size_t i = 0; set && i < set->count; i++) {
        if (strcmp(s->names + set->at[i].name, name)) continue;
        *first = set->at[i].address;
        *last = symbol_end(set, i) - 1;
        return true;
    }
    return false;
}

bool symbols_extent(const Symbols *s, int space, const char *name, u64 *first, u64 *last) {
    if (!s) return false;
    if (space != SPACE_ANY && extent_in(s, set_of(s, space), name, first, last)) return true;
    return extent_in(s, set_of(s, SPACE_ANY), name, first, last);
}

bool symbols_find_in(const Symbols *s, int space, const char *name, u64 *address) {
    return s && find_in(s, set_of(s, space), name, address);
}

void symbols_each(const Symbols *s, const char *prefix,
                  void (*fn)(void *arg, int space, const char *name), void *arg) {
    size_t n = strlen(prefix);
    for (size_t i = 0; i < s->set_count; i++)
        for (size_t k = 0; k < s->sets[i].count; k++) {
            const char *name = s->names + s->sets[i].at[k].name;
            if (!strncmp(name, prefix, n)) fn(arg, s->sets[i].space, name);
        }
}

size_t symbols_count(const Symbols *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->set_count; i++) n += s->sets[i].count;
    return n;
}
