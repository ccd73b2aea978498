// Commands of the group Translation: arguments of `translate`, `maps` and `tlb`; what they print is in view_*.c.
#include "debugger/commands.h"
#include "debugger/view_maps.h"
#include "debugger/view_tlb.h"
#include "trace/internal.h"

#include <ctype.h>
#include <stdlib.h>

// Takes a word off *args: false where another one stands.
static bool take_word(const char **args, const char *word) {
    size_t n = strlen(word);
    if (strncmp(*args, word, n) || ((*args)[n] && !isspace((unsigned char)(*args)[n])))
        return false;
    *args += n;
    *args += strspn(*args, " \t");
    return true;
}

// "el0", "el1", "el2"; -1: none.
static int take_el(const char **args) {
    if (take_word(args, "el0")) return 0;
    if (take_word(args, "el1")) return 1;
    return take_word(args, "el2") ? 2 : -1;
}

static bool take_address(Debugger *d, const char **args, ExprValue *out, Error *err) {
    ExprContext c = {d->cpu, d->symbols};
    if (!expr_value(&c, *args, args, out, err)) return false;
    *args += strspn(*args, " \t");
    return true;
}

static bool at_end(const char *command, const char *args, Error *err) {
    return !*args || error_set(err, "%s: '%s' is not understood", command, args);
}

// "/rf": what follows the slash, up to a blank.
static bool translate_flags(const char **args, AccessType *type, bool *full, Error *err) {
    *type = ACCESS_READ;
    *full = false;
    if (**args != '/') return true;
    for ((*args)++; **args && !isspace((unsigned char)**args); (*args)++) {
        switch (**args) {
        case 'r': *type = ACCESS_READ; break;
        case 'w': *type = ACCESS_WRITE; break;
        case 'x': *type = ACCESS_FETCH; break;
        case 'f': *full = true; break;
        default: return error_set(err, "translate: /%c is none of /r, /w, /x, /f", **args);
        }
    }
    *args += strspn(*args, " \t");
    return true;
}

typedef struct TlbHit {
    const ViewWalk *walk;
    TlbRow row;
    bool found;
} TlbHit;

static void look_for_hit(void *arg, const TlbRow *r) {
    TlbHit *hit = arg;
    const ViewWalk *w = hit->walk;
    static const u8 need[] = {[ACCESS_READ] = 4, [ACCESS_WRITE] = 2, [ACCESS_FETCH] = 1};
    if (!r->in_use || !r->stale || r->use == TLB_TABLES || r->mode != w->mode) return;
    if (w->regime.id == REGIME_EL10 && context_vmid(r->context) != w->vmid) return;
    if (!(r->rwx & need[w->type])) return;
    hit->row = *r;
    hit->found = true;
}

// The access that the tables describe is not the one the CPU would make now.
static void print_stale_hit(Debugger *d, const ViewWalk *w) {
    TlbHit hit = {.walk = w};
    TlbSummary sum;
    TlbFilter f = {.vmid = -1, .asid = -1, .by_va = true, .va = w->address};
    if (w->ipa) return;
    view_tlb(d->cpu, &f, look_for_hit, &hit, &sum);
    if (!hit.found) return;
    fprintf(d->out,
            "But CPU %u's TLB has an older entry, pa 0x%llx, that allows the access: a TLBI is "
            "missing (see: tlb)\n",
            d->cpu->index, (unsigned long long)(hit.row.pa | (w->address & 0xfff)));
}

// Where addresses of the guest belong that EL2 was entered from last. False: there is none, or its regime is EL2's (a
// host's EL0).
static bool guest_space(const Cpu *cpu, Space *out) {
    const ExitRecord *r;
    u64 n = 0;
    while ((r = exit_ring_get(cpu, n)) &&
           (r->event != EXIT_EXCEPTION || r->to_el != 2 || r->from_el == 2))
        n++;
    if (!r) return false;
    World w = exit_world(r);
    bool current = bit(cpu->sys.HCR_EL2, HCR_VM) && regime_vmid(cpu) == w.vmid;
    *out = (Space){.kind = AS_EL, .el = 1};
    if (w.kind == WORLD_VM && !current) *out = (Space){.kind = AS_VM, .vmid = w.vmid};
    return w.kind != WORLD_HOST;
}

// At EL2 an address without a prefix is EL2's; one of the guest's (from ELR_EL1, SP_EL1) rarely means anything there.
static void print_guest_hint(Debugger *d, const ViewWalk *w, bool full) {
    static const char *const flags[2][3] = {
        [false] = {[ACCESS_READ] = "", [ACCESS_WRITE] = "/w ", [ACCESS_FETCH] = "/x "},
        [true] = {[ACCESS_READ] = "/f ", [ACCESS_WRITE] = "/wf ", [ACCESS_FETCH] = "/xf "}};
    Space space;
    ViewWalk guest;
    char place[64];
    if (!guest_space(d->cpu, &space)) return;
    space_print(place, sizeof place, space, w->address);
    fprintf(d->out, "This is EL2's regime, as the CPU is at EL2. In the guest's: translate %s%s (",
            flags[full][w->type], place);
    if (!view_walk(d->cpu, space, w->address, w->type, -1, &guest, NULL) || !guest.ok)
        fprintf(d->out, "fails, too)\n");
    else
        fprintf(d->out, "gives pa 0x%llx)\n", (unsigned long long)guest.t.pa);
}

bool cmd_translate(Debugger *d, const char *args, Error *err) {
    AccessType type;
    bool full;
    ExprValue a;
    ViewWalk w;
    if (!translate_flags(&args, &type, &full, err)) return false;
    if (!*args) return error_set(err, "translate: an address is missing");
    if (!take_address(d, &args, &a, err)) return false;
    int el = take_el(&args);
    if (!at_end("translate", args, err)) return false;
    if (!view_walk(d->cpu, a.space, a.v, type, el, &w, err)) return false;
    view_walk_print(d->out, &w, full, d->width);
    print_stale_hit(d, &w);
    bool of_el2 = a.space.kind == AS_CURRENT && el < 0 && d->cpu->el == 2;
    bool useful = w.ok && (type == ACCESS_FETCH ? w.memory : w.region != NULL);
    if (of_el2 && !useful) print_guest_hint(d, &w, full);
    return true;
}

// "/20": at most so many lines, 0: all.
static bool take_lines(const char *command, const char **args, unsigned *lines, Error *err) {
    *lines = 200;
    if (**args != '/') return true;
    char *end;
    unsigned long n = strtoul(*args + 1, &end, 10);
    if (end == *args + 1 || (*end && !isspace((unsigned char)*end)) || n > 1000000)
        return error_set(err, "%s: a number of lines after '/'", command);
    *lines = (unsigned)n;
    *args = end + strspn(end, " \t");
    return true;
}

// "START", "START,END", "START,+SIZE"; the whole of a page when END is missing.
static bool take_range(Debugger *d, const char **args, MapsRequest *r, bool *has_space,
                       Error *err) {
    ExprValue a, b;
    if (!take_address(d, args, &a, err)) return false;
    r->lo = a.v;
    r->hi = a.v | 0xfff;
    if (a.space.kind != AS_CURRENT) {
        r->space = a.space;
        *has_space = true;
    }
    if (**args != ',') return true;
    *args += 1 + strspn(*args + 1, " \t");
    bool size = **args == '+';
    if (size) ++*args;
    if (!take_address(d, args, &b, err)) return false;
    r->hi = size ? a.v + b.v - 1 : b.v;
    if (r->hi < r->lo) return error_set(err, "maps: the range ends before it starts");
    return true;
}

static bool take_vm(const char **args, Space *space) {
    unsigned vmid;
    int n = 0;
    if (sscanf(*args, "vm%5u%n", &vmid, &n) != 1 ||
        ((*args)[n] && !isspace((unsigned char)(*args)[n])))
        return false;
    *space = (Space){.kind = AS_VM, .vmid = (u16)vmid};
    *args += n;
    *args += strspn(*args, " \t");
    return true;
}

// Which regime a space and a stage mean.
static bool maps_mode(Debugger *d, MapsRequest *r, int el, Error *err) {
    r->mode = el >= 0 ? view_mode(d->cpu, (unsigned)el) : cpu_mode(d->cpu);
    if (el == 2 && !cpu_have_el2(d->cpu)) return error_set(err, "this machine has no EL2");
    if (r->space.kind == AS_EL) r->mode = view_mode(d->cpu, r->space.el);
    if (r->space.kind == AS_PHYSICAL) return error_set(err, "a physical address is not translated");
    if (r->space.kind == AS_VM || r->space.kind == AS_IPA || r->stage == 2) r->mode = MODE_E10_1;
    if (r->space.kind == AS_IPA) r->stage = 2;
    return true;
}

static bool maps_print(Debugger *d, MapsRequest *r, unsigned lines, Error *err) {
    bool both = !r->stage && mode_regime(r->mode) == REGIME_EL10;
    if (!r->stage) r->stage = 1;
    if (!view_maps_print(d->out, d->cpu, r, lines, err)) return false;
    // A range is of virtual addresses: of no use to stage 2.
    if (!both || r->lo || ~r->hi) return true;
    r->stage = 2;
    return view_maps_print(d->out, d->cpu, r, lines, err);
}

bool cmd_maps(Debugger *d, const char *args, Error *err) {
    MapsRequest r = {.space = {.kind = AS_CURRENT}, .hi = ~0ull, .interrupted = &d->interrupted};
    unsigned lines;
    int el = -1;
    bool has_space = false;
    if (!take_lines("maps", &args, &lines, err)) return false;
    if (take_word(&args, "stage1")) r.stage = 1;
    if (take_word(&args, "stage2")) r.stage = 2;
    if (!(has_space = take_vm(&args, &r.space))) has_space = (el = take_el(&args)) >= 0;
    bool named = has_space;
    if (*args && !take_range(d, &args, &r, &has_space, err)) return false;
    if (!at_end("maps", args, err)) return false;
    if (named && r.space.kind != AS_CURRENT && r.space.kind != AS_VM)
        return error_set(err, "maps: two spaces");
    return maps_mode(d, &r, el, err) && maps_print(d, &r, lines, err);
}

static bool take_number(Debugger *d, const char *word, const char **args, i32 *out, Error *err) {
    ExprValue v;
    if (!take_address(d, args, &v, err)) return false;
    if (v.v > 0xffff) return error_set(err, "tlb: %s has 16 bits", word);
    *out = (i32)v.v;
    return true;
}

bool cmd_tlb(Debugger *d, const char *args, Error *err) {
    TlbFilter f = {.vmid = -1, .asid = -1};
    unsigned lines;
    if (!take_lines("tlb", &args, &lines, err)) return false;
    while (*args) {
        ExprValue v;
        if (take_word(&args, "stale")) {
            f.stale_only = true;
        } else if (take_word(&args, "vmid")) {
            if (!take_number(d, "vmid", &args, &f.vmid, err)) return false;
        } else if (take_word(&args, "asid")) {
            if (!take_number(d, "asid", &args, &f.asid, err)) return false;
        } else if (f.by_va) {
            return at_end("tlb", args, err);
        } else {
            if (!take_address(d, &args, &v, err)) return false;
            f.by_va = true;
            f.va = v.v;
        }
    }
    view_tlb_print(d->out, d->cpu, &f, lines);
    return true;
}
