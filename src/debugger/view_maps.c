// `maps`: the blocks and pages of a tree of translation tables, merged into ranges. Arm ARM: "The AArch64 Virtual Memory
// System Architecture". Shapes, addresses and permissions are those of src/mmu. What makes it end: levels go up by one, a
// table that points to one above it is not followed, and descriptors are counted.
// Left out: stage 2's effect on what stage 1 maps (`maps stage2`, `translate`), PSTATE.PAN.
#include "debugger/view_maps.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MAX_DESCRIPTORS = 16 << 20 };

typedef struct Maps {
    const MapsRequest *request;
    void (*fn)(void *arg, const MapsRange *range);
    void *arg;
    MapsSummary *sum;
    Cpu *cpu;  // a copy
    const Regime *r;
    const Tree *tree;
    bool hpd, s2_of_tables, big_endian;
    u64 above[4];  // addresses of the tables on the way
    Walk w;
    MapsRange range;
    bool have_range;
} Maps;

// --- ranges ---------------------------------------------------------------------------------------

static void flush(Maps *m) {
    if (!m->have_range) return;
    m->have_range = false;
    m->sum->ranges++;
    m->fn(m->arg, &m->range);
}

static bool same_attributes(const MapsRange *a, const MapsRange *b) {
    return a->rwx == b->rwx && a->el0 == b->el0 && a->attr == b->attr && a->sh == b->sh &&
           a->ng == b->ng && a->no_af == b->no_af && a->clean == b->clean &&
           a->guarded == b->guarded && a->too_far == b->too_far && a->recursive == b->recursive;
}

static void add(Maps *m, const MapsRange *n) {
    MapsRange *r = &m->range;
    bool adjacent = m->have_range && r->hi + 1 == n->lo && r->out + (n->lo - r->lo) == n->out;
    if (adjacent && same_attributes(r, n) && !n->recursive) {
        r->hi = n->hi;
        r->least = MIN(r->least, n->least);
        r->most = MAX(r->most, n->most);
        return;
    }
    flush(m);
    *r = *n;
    m->have_range = true;
}

static void cut(const Maps *m, MapsRange *n) {
    if (n->lo < m->request->lo) {
        n->out += m->request->lo - n->lo;
        n->lo = m->request->lo;
    }
    n->hi = MIN(n->hi, m->request->hi);
}

// --- leaves --------------------------------------------------------------------------------------

static u8 rwx(bool r, bool w, bool x) {
    return (u8)(r << 2 | w << 1 | x);
}

static void attributes_s1(Maps *m, u64 desc, u64 hierarchy, MapsRange *n) {
    Stage1 o;
    m->w.el0 = false;
    s1_permissions(&m->w, desc, hierarchy, &o);
    n->rwx = rwx(o.r, o.w, o.x);
    n->clean = o.clean;
    m->w.el0 = true;
    s1_permissions(&m->w, desc, hierarchy, &o);
    n->el0 = m->r->unpriv ? rwx(o.r, o.w, o.x) : 0;
    n->attr = attr_decode((u8)(m->r->mair >> 8 * bits(desc, 4, 2)));
    n->ng = m->r->unpriv && bit(desc, 11);
    n->no_af = !bit(desc, 10) && !m->r->ha;
    n->guarded = bit(desc, 50) && cpu_has(m->cpu, FEAT_BTI);
}

static void attributes_s2(Maps *m, u64 desc, MapsRange *n) {
    Stage2 o;
    m->w.el0 = false;
    s2_permissions(&m->w, desc, &o);
    n->rwx = rwx(o.r, o.w, o.x);
    n->clean = o.clean;
    m->w.el0 = true;
    s2_permissions(&m->w, desc, &o);
    n->el0 = rwx(o.r, o.w, o.x);
    n->attr = (u8)bits(desc, 5, 2);
    n->no_af = !bit(desc, 10) && !m->r->s2.ha;
}

static void leaf(Maps *m, u64 address, u64 desc, u64 hierarchy, unsigned shift) {
    MapsRange n = {.lo = address,
                   .hi = address + ones(shift),
                   .out = tree_address(m->tree, desc, shift),
                   .sh = (u8)bits(desc, 9, 8),
                   .least = (u8)shift,
                   .most = (u8)shift};
    n.too_far = n.out >> m->tree->ps;
    if (m->request->stage == 1)
        attributes_s1(m, desc, hierarchy, &n);
    else
        attributes_s2(m, desc, &n);
    cut(m, &n);
    m->sum->leaves++;
    m->sum->bytes += n.hi - n.lo + 1;
    add(m, &n);
}

// --- tables --------------------------------------------------------------------------------------

// Host memory of the part of a table at `address`, or NULL.
static const u8 *table_host(Maps *m, u64 address) {
    u64 pa = address;
    Region *region;
    m->w.fault = (Fault){0};
    if (m->s2_of_tables && !s2_translate_table(&m->w, address, false, &pa)) return NULL;
    return phys_host(m->w.machine, pa, &region);
}

static bool is_above(const Maps *m, u64 table, int level) {
    for (int l = m->tree->start; l <= level; l++)
        if (m->above[l] == table) return true;
    return false;
}

static void walk_table(Maps *m, u64 table, int level, u64 base, u64 hierarchy);

static void entry(Maps *m, u64 desc, int level, u64 address, u64 hierarchy, unsigned shift) {
    if (!bit(desc, 0)) return;
    if (tree_is_leaf(m->tree, desc, level)) {
        leaf(m, address, desc, hierarchy, shift);
        return;
    }
    if (!bit(desc, 1) || level == 3) {
        m->sum->reserved++;
        return;
    }
    u64 next = tree_address(m->tree, desc, m->tree->granule);
    if (next >> m->tree->ps) {
        m->sum->unread++;
    } else if (is_above(m, next, level)) {
        MapsRange n = {.lo = address, .hi = address + ones(shift), .out = next, .recursive = true};
        cut(m, &n);
        add(m, &n);
    } else {
        walk_table(m, next, level + 1, address, m->hpd ? hierarchy : hierarchy | desc);
    }
}

static void walk_table(Maps *m, u64 table, int level, u64 base, u64 hierarchy) {
    const Tree *t = m->tree;
    unsigned shift = (unsigned)(3 - level) * t->stride + t->granule;
    u64 count = level == t->start ? 1ull << (t->iasize - t->top_shift) : 1ull << t->stride;
    u64 lo = m->request->lo, hi = m->request->hi, first = 0, end = count;
    const u8 *host = NULL;
    if (lo > base) first = (lo - base) >> shift;
    if (hi < base) return;
    if (hi - base < count << shift) end = ((hi - base) >> shift) + 1;
    m->above[level] = table;
    m->sum->tables++;
    for (u64 i = first; i < end && !m->sum->stopped; i++) {
        u64 at = table + 8 * i, address = base + (i << shift), desc;
        if (i == first || !(at & 0xfff)) {
            host = table_host(m, at & ~0xfffull);
            if (!host) m->sum->unread++;
        }
        if (!host) continue;
        bool interrupted = m->request->interrupted && *m->request->interrupted;
        if (++m->sum->descriptors > MAX_DESCRIPTORS || interrupted) {
            m->sum->stopped = true;
            m->sum->stopped_at = address;
            return;
        }
        memcpy(&desc, host + (at & 0xff8), 8);
        if (m->big_endian) desc = __builtin_bswap64(desc);
        entry(m, desc, level, address, hierarchy, shift);
    }
}

// One TTBR's tree, which translates [base, base + 2^iasize).
static void walk_tree(Maps *m, u64 ttbr, u64 base) {
    const Tree *t = m->tree;
    u64 table = tree_base(t, ttbr);
    if (base + ones(t->iasize) < m->request->lo || base > m->request->hi) return;
    if (table >> t->ps)
        m->sum->unread++;
    else
        walk_table(m, table, t->start, base, 0);
}

static void stage1(Maps *m) {
    const struct SysRegs *s = &m->cpu->sys;
    bool el1 = m->r->id == REGIME_EL10;
    u64 ttbr[2] = {el1 ? s->TTBR0_EL1 : s->TTBR0_EL2, el1 ? s->TTBR1_EL1 : s->TTBR1_EL2};
    m->s2_of_tables = m->r->s2.on;
    m->big_endian = m->r->ee;
    for (unsigned half = 0; half < (m->r->unpriv ? 2 : 1); half++) {
        const S1Range *g = &m->r->range[half];
        if (g->bad_size || g->epd) continue;
        m->tree = &g->tree;
        m->hpd = g->hpd;
        walk_tree(m, ttbr[half], half ? ~ones(g->tree.iasize) : 0);
    }
}

static void stage2(Maps *m) {
    m->tree = &m->r->s2.tree;
    m->big_endian = m->r->s2.ee;
    if (!m->r->s2.bad) walk_tree(m, m->cpu->sys.VTTBR_EL2, 0);
}

bool view_maps(Cpu *cpu, const MapsRequest *r, void (*fn)(void *arg, const MapsRange *range),
               void *arg, MapsSummary *sum, Error *err) {
    Regime regime;
    Cpu *copy = view_cpu(cpu, r->space, err);
    memset(sum, 0, sizeof *sum);
    if (!copy) return false;
    regime_load(copy, mode_regime(r->mode), &regime);
    Maps m = {.request = r, .fn = fn, .arg = arg, .sum = sum, .cpu = copy, .r = &regime};
    m.w = (Walk){.cpu = copy,
                 .machine = cpu->machine,
                 .r = &regime,
                 .type = ACCESS_READ,
                 .read = true,
                 .no_update = true};
    sum->off = r->stage == 1 ? !regime.s1 : !regime.s2.on;
    if (!sum->off) (r->stage == 1 ? stage1 : stage2)(&m);
    flush(&m);
    free(copy);
    return true;
}

// --- printing -------------------------------------------------------------------------------------

typedef struct Lines {
    FILE *out;
    const MapsRequest *request;
    Regime regime;
    u64 shown;
    unsigned most;  // 0: all
} Lines;

static const char *bytes_text(u64 n, char buf[24]) {
    static const char units[] = " KMGTP";
    unsigned u = 0;
    while (n && !(n & 1023) && u < 5) {
        n >>= 10;
        u++;
    }
    if (u)
        snprintf(buf, 24, "%" PRIu64 " %cB", n, units[u]);
    else
        snprintf(buf, 24, "%" PRIu64 " B", n);
    return buf;
}

static const char *permissions(u8 v, char buf[4]) {
    buf[0] = v & 4 ? 'R' : '-';
    buf[1] = v & 2 ? 'W' : '-';
    buf[2] = v & 1 ? 'X' : '-';
    buf[3] = 0;
    return buf;
}

static const char *s2_type(const Regime *r, u8 attr, char *buf, size_t n) {
    PteContext c = pte_context_default(2, 3, 12);
    Pte p;
    c.fwb = r->s2.fwb;
    pte_decode(&c, (u64)attr << 2 | 3, &p);
    for (unsigned i = 0; i < p.count; i++)
        if (!strncmp(p.field[i].name, "MemAttr", 7)) snprintf(buf, n, "%s", p.field[i].meaning);
    return buf;
}

static void print_attributes(const Lines *l, const MapsRange *n) {
    static const char *const sh[] = {"NSH", "SH=01", "OSH", "ISH"};
    char a[4], b[4], type[112];
    unsigned el = l->regime.id == REGIME_EL10 ? 1 : 2;
    fprintf(l->out, "EL%u %s", el, permissions(n->rwx, a));
    if (l->regime.unpriv) fprintf(l->out, " EL0 %s", permissions(n->el0, b));
    if (l->request->stage == 1)
        memory_type_name(n->attr, type, sizeof type);
    else
        s2_type(&l->regime, n->attr, type, sizeof type);
    fprintf(l->out, "  %s %s%s%s%s%s%s\n", type, sh[n->sh], n->ng ? " nG" : "",
            n->clean ? " clean" : "", n->guarded ? " GP" : "", n->no_af ? " AF=0" : "",
            n->too_far ? " output address too large" : "");
}

static void print_range(void *arg, const MapsRange *n) {
    Lines *l = arg;
    char size[24], least[24], most[24];
    if (l->most && l->shown == l->most) return;
    l->shown++;
    fprintf(l->out, "0x%016llx-0x%016llx %9s ", (unsigned long long)n->lo,
            (unsigned long long)n->hi, bytes_text(n->hi - n->lo + 1, size));
    if (n->recursive) {
        fprintf(l->out, "-> table 0x%llx again: the tables map themselves\n",
                (unsigned long long)n->out);
        return;
    }
    fprintf(l->out, "-> 0x%012llx  ", (unsigned long long)n->out);
    bytes_text(1ull << n->least, least);
    bytes_text(1ull << n->most, most);
    char sizes[56];
    snprintf(sizes, sizeof sizes, n->least == n->most ? "%s" : "%s..%s", least, most);
    fprintf(l->out, "%-10s ", sizes);
    print_attributes(l, n);
}

static void print_header(const Lines *l, const struct SysRegs *s, u16 vmid, u16 asid) {
    const Regime *r = &l->regime;
    fprintf(l->out, "Stage %u of the %s regime", l->request->stage, view_regime_name(r->id));
    if (r->s2.on) fprintf(l->out, ", VMID %u", vmid);
    if (l->request->stage == 2) {
        fprintf(l->out, ", VTTBR_EL2 = 0x%016llx%s%s\n", (unsigned long long)s->VTTBR_EL2,
                r->s2.bad ? ": nothing, " : "", r->s2.bad ? r->s2.bad : "");
        return;
    }
    bool el1 = r->id == REGIME_EL10;
    if (r->unpriv) fprintf(l->out, ", ASID %u", asid);
    fprintf(l->out, ", TTBR0_EL%u = 0x%016llx", el1 ? 1 : 2,
            (unsigned long long)(el1 ? s->TTBR0_EL1 : s->TTBR0_EL2));
    if (r->unpriv)
        fprintf(l->out, ", TTBR1_EL%u = 0x%016llx", el1 ? 1 : 2,
                (unsigned long long)(el1 ? s->TTBR1_EL1 : s->TTBR1_EL2));
    fprintf(l->out, "\n");
}

static const char *plural(u64 n) {
    return n == 1 ? "" : "s";
}

static void print_summary(const Lines *l, const MapsSummary *s) {
    char size[24];
    if (l->shown < s->ranges)
        fprintf(l->out, "... %" PRIu64 " more ranges (maps/0 shows all)\n", s->ranges - l->shown);
    fprintf(l->out,
            "%" PRIu64 " range%s, %s by %" PRIu64 " block%s or page%s in %" PRIu64 " table%s",
            s->ranges, plural(s->ranges), bytes_text(s->bytes, size), s->leaves, plural(s->leaves),
            plural(s->leaves), s->tables, plural(s->tables));
    if (s->reserved) fprintf(l->out, ", %" PRIu64 " reserved descriptors", s->reserved);
    if (s->unread) fprintf(l->out, ", %" PRIu64 " tables that cannot be read", s->unread);
    fprintf(l->out, "\n");
    if (s->stopped)
        fprintf(l->out, "stopped at 0x%llx after %" PRIu64 " descriptors: give a range\n",
                (unsigned long long)s->stopped_at, s->descriptors - 1);
}

bool view_maps_print(FILE *out, Cpu *cpu, const MapsRequest *r, unsigned lines, Error *err) {
    MapsSummary sum;
    Lines l = {.out = out, .request = r, .most = lines};
    Cpu *copy = view_cpu(cpu, r->space, err);
    if (!copy) return false;
    regime_load(copy, mode_regime(r->mode), &l.regime);
    bool off = r->stage == 1 ? !l.regime.s1 : !l.regime.s2.on;
    if (off)
        fprintf(out, "Stage %u of the %s regime is off\n", r->stage, view_regime_name(l.regime.id));
    else
        print_header(&l, &copy->sys, regime_vmid(copy), regime_asid(copy, l.regime.id));
    free(copy);
    if (off) return true;
    if (!view_maps(cpu, r, print_range, &l, &sum, err)) return false;
    print_summary(&l, &sum);
    return true;
}
