// `tlb`: entries of the software TLB (src/mmu/tlb.c), each compared with what a walk says now, by the tables that its
// context was last used with. Arm ARM: "Translation Lookaside Buffers", "TLB maintenance requirements and the TLB
// maintenance instructions". An entry that allows less than the tables is not stale: the next access walks again.
#include "debugger/view_tlb.h"

#include "cpu/op.h"

#include <stdlib.h>

typedef struct Rows {
    TlbRow *row;
    size_t count, room;
} Rows;

// --- collecting -----------------------------------------------------------------------------------

static bool wanted(const TlbFilter *f, const TlbContext *c, const TlbRow *r) {
    RegimeId id = context_regime(c);
    if (f->vmid >= 0 && (id != REGIME_EL10 || context_vmid(c) != f->vmid)) return false;
    if (f->asid >= 0 && (id == REGIME_EL2 || context_asid(c) != f->asid)) return false;
    if (f->stale_only && !r->stale) return false;
    return !f->by_va || (f->va & ~0xfffull) == r->va;
}

static void keep(Rows *rows, const TlbFilter *f, const TlbRow *r) {
    if (!wanted(f, r->context, r)) return;
    if (rows->count == rows->room) {
        rows->room = rows->room ? 2 * rows->room : 256;
        rows->row = realloc(rows->row, rows->room * sizeof *rows->row);
        CHECK(rows->row);
    }
    rows->row[rows->count++] = *r;
}

static u8 rwx(bool r, bool w, bool x) {
    return (u8)(r << 2 | w << 1 | x);
}

// The walk that the context's tables give now, as if nothing were in the TLB.
static void compare(Cpu *copy, TlbRow *r) {
    static const AccessType types[] = {ACCESS_READ, ACCESS_FETCH, ACCESS_READ};
    bool write = r->use == TLB_DATA && !(r->rwx & 4);
    Mapping m;
    Walk w = {.cpu = copy,
              .machine = copy->machine,
              .r = &r->context->regime,
              .type = write ? ACCESS_WRITE : types[r->use],
              .el0 = mode_el0(r->mode),
              .pan = mode_pan(r->mode),
              .read = r->use != TLB_FETCH && !write,
              .write = write,
              .no_update = true};
    bool ok = r->use == TLB_TABLES ? s2_translate_table(&w, r->va, false, &r->now_pa)
                                   : walk_translate(&w, r->va, &m);
    r->now = w.fault;
    r->stale = true;
    if (!ok) return;
    r->now.type = FAULT_NONE;
    if (r->use != TLB_TABLES) {
        r->now_pa = m.pa;
        r->now_rwx = rwx(m.r, m.w && !m.clean, m.x);
    } else {
        r->now_rwx = r->rwx;
    }
    u8 relevant = r->use == TLB_FETCH ? 1 : 6;
    r->stale = r->now_pa != r->pa || (r->rwx & relevant & ~r->now_rwx);
    if (r->use == TLB_DATA)
        r->stale |= (attr_is_device(m.s2.attr) || attr_is_device(m.s1.attr)) != r->device;
    if (r->use != TLB_TABLES) r->stale |= m.s1.ng == r->global;
}

static void data_row(Cpu *copy, const TlbTable *t, unsigned i, const TlbRow *base, Rows *rows,
                     const TlbFilter *f) {
    const TlbEntry *e = &t->tlb.data[i];
    const DataFull *d = &t->full[i];
    if (d->va == TLB_NO_TAG) return;
    TlbRow r = *base;
    r.use = TLB_DATA;
    r.va = d->va;
    r.pa = d->pa;
    r.bytes = 4096;
    r.s1_bits = d->s1_bits;
    r.s2_bits = d->s2_bits;
    r.global = !(d->flags & FULL_NG);
    r.device = d->flags & FULL_DEVICE;
    r.rwx = rwx((e->rtag & ~(u64)TLB_SLOW) == d->va, (e->wtag & ~(u64)TLB_SLOW) == d->va, false);
    if (!r.rwx) return;
    compare(copy, &r);
    keep(rows, f, &r);
}

static void fetch_row(Cpu *copy, const TlbTable *t, unsigned i, const TlbRow *base, Rows *rows,
                      const TlbFilter *f) {
    const FetchEntry *e = &t->tlb.fetch[i];
    const FetchFull *d = &t->fetch_full[i];
    if (e->tag == TLB_NO_TAG) return;
    TlbRow r = *base;
    r.use = TLB_FETCH;
    r.va = e->tag & ~0xfffull;
    r.pa = e->page->pa;
    r.bytes = 4096;
    r.s1_bits = d->s1_bits;
    r.s2_bits = d->s2_bits;
    r.global = !(d->flags & FULL_NG);
    r.rwx = 1;
    compare(copy, &r);
    keep(rows, f, &r);
}

// The copy gets the tables of the context.
static void select_tables(Cpu *copy, const TlbContext *c) {
    if (context_regime(c) == REGIME_EL10) {
        copy->sys.TTBR0_EL1 = c->ttbr[0];
        copy->sys.TTBR1_EL1 = c->ttbr[1];
        copy->sys.VTTBR_EL2 = c->vttbr;
    } else {
        copy->sys.TTBR0_EL2 = c->ttbr[0];
        copy->sys.TTBR1_EL2 = c->ttbr[1];
    }
}

static void collect(const Cpu *cpu, Cpu *copy, const TlbContext *c, Rows *rows,
                    const TlbFilter *f) {
    TlbRow base = {.context = c, .in_use = c->key == tlb_current_key(cpu, context_regime(c))};
    select_tables(copy, c);
    for (unsigned k = 0; k < CONTEXT_MODES; k++) {
        const TlbTable *t = c->table[k];
        if (!t || !t->used) continue;
        base.mode = t->tlb.mode;
        for (unsigned i = 0; i < TLB_SIZE; i++) data_row(copy, t, i, &base, rows, f);
        for (unsigned i = 0; i < FETCH_SIZE; i++) fetch_row(copy, t, i, &base, rows, f);
    }
}

// The cache of stage 2 for translation tables: of the VM that ran last.
static void collect_tables(const Cpu *cpu, Cpu *copy, Rows *rows, const TlbFilter *f) {
    const S2Cache *s2 = &cpu->contexts->s2;
    const TlbContext *c = NULL;
    for (unsigned i = 0; i < CONTEXT_COUNT; i++) {
        const TlbContext *k = &cpu->contexts->context[i];
        if (k->key && k->regime.s2.on && context_vmid(k) == s2->key[0] &&
            !memcmp(k->controls + 3, s2->key + 1, 3 * sizeof(u64)) &&
            (!c || k->last_use > c->last_use))
            c = k;
    }
    if (!c) return;
    select_tables(copy, c);
    for (unsigned i = 0; i < S2_CACHE_SIZE; i++) {
        const S2Entry *e = &s2->entry[i];
        if (e->ipa == TLB_NO_TAG) continue;
        TlbRow r = {.context = c,
                    .use = TLB_TABLES,
                    .mode = MODE_E10_1,
                    .va = e->ipa,
                    .pa = e->pa,
                    .bytes = 4096,
                    .s1_bits = 48,
                    .s2_bits = 12,
                    .rwx = 4,
                    .global = true,
                    .in_use = c->key == tlb_current_key(cpu, REGIME_EL10)};
        compare(copy, &r);
        keep(rows, f, &r);
    }
}

// --- order and merging ----------------------------------------------------------------------------

static int by_place(const void *x, const void *y) {
    const TlbRow *a = x, *b = y;
    u64 ka = a->context->key, kb = b->context->key;
    RegimeId ra = context_regime(a->context), rb = context_regime(b->context);
    if (ra != rb) return ra < rb ? -1 : 1;
    if (a->use == TLB_TABLES || b->use == TLB_TABLES) {
        if (a->use != b->use) return a->use == TLB_TABLES ? 1 : -1;
    } else if (ka != kb) {
        return ka < kb ? -1 : 1;
    }
    if (a->mode != b->mode) return a->mode < b->mode ? -1 : 1;
    if (a->use != b->use) return a->use < b->use ? -1 : 1;
    return a->va < b->va ? -1 : a->va > b->va;
}

static bool same_now(const TlbRow *a, const TlbRow *b) {
    if (a->stale != b->stale) return false;
    if (!a->stale) return true;
    if (a->now.type != b->now.type || a->now.level != b->now.level ||
        a->now.stage2 != b->now.stage2 || a->now.s1ptw != b->now.s1ptw)
        return false;
    return a->now.type || (a->now_rwx == b->now_rwx && b->now_pa == a->now_pa + a->bytes);
}

static bool merges(const TlbRow *a, const TlbRow *b) {
    return a->context == b->context && a->use == b->use && a->mode == b->mode &&
           b->va == a->va + a->bytes && b->pa == a->pa + a->bytes && a->s1_bits == b->s1_bits &&
           a->s2_bits == b->s2_bits && a->rwx == b->rwx && a->global == b->global &&
           a->device == b->device && same_now(a, b);
}

static void count(TlbSummary *s, const TlbRow *r) {
    u64 pages = r->bytes >> 12;
    s->pages += pages;
    if (!r->stale) return;
    if (!s->stale || (r->in_use && !s->worst.in_use)) s->worst = *r;
    s->stale += pages;
    if (r->in_use) s->stale_in_use += pages;
}

void view_tlb(Cpu *cpu, const TlbFilter *filter, void (*fn)(void *arg, const TlbRow *row),
              void *arg, TlbSummary *sum) {
    Rows rows = {0};
    Cpu *copy = view_cpu(cpu, (Space){.kind = AS_CURRENT}, NULL);
    CHECK(copy);
    memset(sum, 0, sizeof *sum);
    for (unsigned i = 0; i < CONTEXT_COUNT; i++)
        if (cpu->contexts->context[i].key)
            collect(cpu, copy, &cpu->contexts->context[i], &rows, filter);
    collect_tables(cpu, copy, &rows, filter);
    if (rows.count) qsort(rows.row, rows.count, sizeof *rows.row, by_place);
    for (size_t i = 0, n; i < rows.count; i = n) {
        TlbRow r = rows.row[i];
        for (n = i + 1; n < rows.count && merges(&r, &rows.row[n]); n++) r.bytes += 4096;
        count(sum, &r);
        fn(arg, &r);
    }
    free(rows.row);
    free(copy);
}

// --- printing -------------------------------------------------------------------------------------

typedef struct Lines {
    FILE *out;
    const TlbContext *context;
    bool tables;
    u64 rows;
    unsigned most;
} Lines;

static const char *permissions(u8 v, char buf[4]) {
    buf[0] = v & 4 ? 'R' : '-';
    buf[1] = v & 2 ? 'W' : '-';
    buf[2] = v & 1 ? 'X' : '-';
    buf[3] = 0;
    return buf;
}

// " 4 KB", "2 MB"; "-": the stage is off.
static const char *size_text(unsigned n, char buf[16]) {
    static const char units[] = " KMGTP";
    if (n >= 48)
        snprintf(buf, 16, "-");
    else
        snprintf(buf, 16, "%u%c", 1u << n % 10, units[n / 10]);
    return buf;
}

static void context_name(const TlbRow *r, char *buf, size_t n) {
    const TlbContext *c = r->context;
    RegimeId id = context_regime(c);
    int at = snprintf(buf, n, "%s", view_regime_name(id));
    if (id == REGIME_EL10 && c->regime.s2_follows)
        at += snprintf(buf + at, n - (size_t)at, " VMID %u", context_vmid(c));
    if (r->use == TLB_TABLES) {
        snprintf(buf + at, n - (size_t)at, ", stage 2 of stage 1's tables");
        return;
    }
    if (id != REGIME_EL2 && c->regime.s1)
        at += snprintf(buf + at, n - (size_t)at, " ASID %u", context_asid(c));
    if (!c->regime.s1) at += snprintf(buf + at, n - (size_t)at, ", stage 1 off");
    if (id == REGIME_EL10 && c->regime.s2_follows && !c->regime.s2.on)
        snprintf(buf + at, n - (size_t)at, ", stage 2 off");
}

static void print_stale(FILE *out, const TlbRow *r) {
    char text[96], p[4];
    if (r->now.type) {
        view_fault_text(&r->now, text, sizeof text);
        fprintf(out, "  STALE: now %s", text);
    } else if (r->now_pa != r->pa) {
        fprintf(out, "  STALE: now pa 0x%llx %s", (unsigned long long)r->now_pa,
                permissions(r->now_rwx, p));
    } else if (r->rwx & ~r->now_rwx & (r->use == TLB_FETCH ? 1 : 6)) {
        fprintf(out, "  STALE: now %s", permissions(r->now_rwx, p));
    } else {
        fprintf(out, "  STALE: now other attributes");
    }
}

static void print_row(void *arg, const TlbRow *r) {
    Lines *l = arg;
    static const char *const uses[] = {"data", "fetch", "table"};
    char p[4], a[16], b[16], who[8];
    if (l->most && l->rows++ >= l->most) return;
    if (l->context != r->context || l->tables != (r->use == TLB_TABLES)) {
        char name[80];
        context_name(r, name, sizeof name);
        fprintf(l->out, "%s%s\n", name, r->in_use ? ", in use" : "");
        l->context = r->context;
        l->tables = r->use == TLB_TABLES;
    }
    snprintf(who, sizeof who, "EL%u%s", mode_el(r->mode), mode_pan(r->mode) ? "+PAN" : "");
    fprintf(l->out, "  %-7s %-5s %s 0x%016llx+0x%-6llx -> 0x%012llx %5s %5s %s%s", who,
            uses[r->use], permissions(r->rwx, p), (unsigned long long)r->va,
            (unsigned long long)r->bytes, (unsigned long long)r->pa, size_text(r->s1_bits, a),
            size_text(r->s2_bits, b), r->global ? "G" : "nG", r->device ? " Device" : "");
    if (r->stale) print_stale(l->out, r);
    fprintf(l->out, "\n");
}

static void print_verdict(FILE *out, const TlbSummary *s) {
    static const char *const maintenance[] = {
        "TLBI VAE1 if stage 1 was changed, IPAS2E1 and VMALLE1 if stage 2 was",
        "TLBI VAE1 at EL2 with HCR_EL2.{E2H,TGE} set", "TLBI VAE2"};
    if (!s->stale) {
        fprintf(out, "%llu page%s, none stale: the TLB agrees with the tables\n",
                (unsigned long long)s->pages, s->pages == 1 ? "" : "s");
        return;
    }
    char name[80];
    const TlbRow *w = &s->worst;
    context_name(w, name, sizeof name);
    fprintf(out, "%llu page%s, %llu STALE", (unsigned long long)s->pages, s->pages == 1 ? "" : "s",
            (unsigned long long)s->stale);
    if (!s->stale_in_use) {
        fprintf(out,
                ", none of a context in use: a TLBI is due before their VMID and ASID are used "
                "again\n");
        return;
    }
    fprintf(out, ", %llu in use: no TLBI since the tables were changed for %s, 0x%llx (%s)\n",
            (unsigned long long)s->stale_in_use, name, (unsigned long long)w->va,
            maintenance[context_regime(w->context)]);
}

void view_tlb_print(FILE *out, Cpu *cpu, const TlbFilter *filter, unsigned lines) {
    TlbSummary sum;
    Lines l = {.out = out, .most = lines};
    fprintf(out, "%-33s %-24s    %-14s %5s %5s\n", "  by      for   may", "VA", "PA", "s1", "s2");
    view_tlb(cpu, filter, print_row, &l, &sum);
    if (l.most && l.rows > l.most)
        fprintf(out, "... %llu more rows (tlb/0 shows all)\n",
                (unsigned long long)(l.rows - l.most));
    print_verdict(out, &sum);
}
