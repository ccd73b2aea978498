// Fields of translation table descriptors. Arm ARM: "VMSAv8-64 translation table format descriptors",
// "Memory attribute fields in the VMSAv8-64 translation table format descriptors".
// Left out: Secure state (NS and NSTable are RES0), permission indirection and overlays, MTE's stage 2
// permission, 128-bit descriptors.
#include "debugger/pte.h"

#include <stdarg.h>
#include <stdio.h>

PteContext pte_context_default(unsigned stage, int level, unsigned granule) {
    return (PteContext){.stage = (u8)stage,
                        .level = (i8)level,
                        .granule = (u8)granule,
                        .el = 1,
                        .two_privileges = true,
                        .lpa = granule == 16,
                        .ha = true,
                        .hd = true,
                        .xnx = true,
                        .hpds2 = true,
                        .bti = true,
                        .bbm = true};
}

const char *pte_kind_name(PteKind kind) {
    static const char *const names[] = {"invalid", "reserved", "table", "block", "page"};
    return names[kind];
}

bool pte_is_clean(const Pte *p) {
    for (unsigned i = 0; i < p->count; i++)
        if (p->field[i].misuse) return false;
    return true;
}

// --- names of encodings -------------------------------------------------------------------------

const char *shareability_name(unsigned sh) {
    static const char *const names[] = {"Non-shareable", "reserved", "Outer Shareable",
                                        "Inner Shareable"};
    return names[sh & 3];
}

static const char *const device_names[4] = {"Device-nGnRnE", "Device-nGnRE", "Device-nGRE",
                                            "Device-GRE"};

// Half of a MAIR byte; the caller has dealt with 0000.
static const char *cacheability(unsigned nibble, char buf[24]) {
    if (nibble == 4) return "NC";
    const char *policy = nibble & 4 ? "WB" : "WT", *transient = nibble & 8 ? "" : " transient";
    snprintf(buf, 24, "%s%s%s%s", policy, nibble & 2 ? " RA" : "", nibble & 1 ? " WA" : "",
             transient);
    return buf;
}

const char *memory_type_name(u8 attr, char *buf, size_t n) {
    unsigned outer = attr >> 4, inner = attr & 15;
    char a[24], b[24];
    if (!outer && !(inner & 2)) {
        snprintf(buf, n, "%s%s", device_names[inner >> 2], inner & 1 ? " XS=0" : "");
    } else if (attr == 0x40 || attr == 0xa0) {
        snprintf(buf, n, "Normal %s XS=0", attr == 0x40 ? "NC" : "WT");
    } else if (attr == 0xf0) {
        snprintf(buf, n, "Normal WB RA WA, Tagged");
    } else if (!outer || !inner) {
        snprintf(buf, n, "reserved (0x%02x)", attr);
    } else if (outer == inner) {
        snprintf(buf, n, "Normal %s", cacheability(outer, a));
    } else {
        snprintf(buf, n, "Normal Outer %s, Inner %s", cacheability(outer, a),
                 cacheability(inner, b));
    }
    return buf;
}

static bool memory_type_reserved(u8 attr) {
    char buf[64];
    return !strncmp(memory_type_name(attr, buf, sizeof buf), "reserved", 8);
}

// --- building the list ---------------------------------------------------------------------------

typedef struct Builder {
    const PteContext *c;
    u64 desc;
    Pte *out;
} Builder;

static PteField *add(Builder *b, const char *name, unsigned hi, unsigned lo, const char *format,
                     ...) __attribute__((format(printf, 5, 6)));

static PteField *add(Builder *b, const char *name, unsigned hi, unsigned lo, const char *format,
                     ...) {
    CHECK(b->out->count < PTE_FIELDS);
    PteField *f = &b->out->field[b->out->count++];
    va_list args;
    snprintf(f->name, sizeof f->name, "%s", name);
    f->hi = (u8)hi;
    f->lo = (u8)lo;
    f->value = bits(b->desc, hi, lo);
    f->misuse = false;
    va_start(args, format);
    vsnprintf(f->meaning, sizeof f->meaning, format, args);
    va_end(args);
    return f;
}

static void res0(Builder *b, int hi, int lo) {
    if (hi < lo) return;
    bool set = bits(b->desc, (unsigned)hi, (unsigned)lo);
    PteField *f =
        add(b, "RES0", (unsigned)hi, (unsigned)lo, set ? "reserved, but not zero" : "reserved");
    f->misuse = set;
}

static void ignored(Builder *b, unsigned hi, unsigned lo, const char *why) {
    add(b, "IGNORED", hi, lo, "not looked at%s", why);
}

static bool flag(const Builder *b, unsigned n) {
    return bit(b->desc, n);
}

static void boolean(Builder *b, const char *name, unsigned n, const char *set, const char *clear) {
    add(b, name, n, n, "%s", flag(b, n) ? set : clear);
}

static const char *size_text(unsigned size_bits, char buf[16]) {
    static const char units[] = " KMGTP";
    unsigned unit = size_bits / 10;
    snprintf(buf, 16, "%u %cB", 1u << size_bits % 10, units[unit]);
    return buf;
}

// --- addresses -----------------------------------------------------------------------------------

static bool extended(const PteContext *c) {
    return c->ds && c->granule != 16;
}

// Of a table (shift: the granule) or of what a leaf maps.
static u64 address_of(const PteContext *c, u64 desc, unsigned shift) {
    unsigned top = extended(c) ? 49 : 47;
    u64 address = desc & ones(top + 1) & ~ones(shift);
    if (extended(c)) address |= bits(desc, 9, 8) << 50;
    if (c->lpa && c->granule == 16) address |= bits(desc, 15, 12) << 48;
    return address;
}

// Bits 50 (if not GP) to `low`: address and what surrounds it. `field` is the name of the address's bits.
static void address_fields(Builder *b, unsigned shift, const char *field, const char *what) {
    const PteContext *c = b->c;
    unsigned top = extended(c) ? 49 : 47;
    char name[16];
    res0(b, 49, (int)top + 1);
    u64 address = address_of(c, b->desc, shift);
    snprintf(name, sizeof name, "%s[%u:%u]", field, top, shift);
    add(b, name, top, shift, "%s 0x%llx", what, (unsigned long long)address);
}

// FEAT_LPA's bits, which stand between a page's offset and bit 12; `above` is the lowest bit of the address.
static void low_address_fields(Builder *b, unsigned above, const char *field) {
    const PteContext *c = b->c;
    if (c->granule == 16 && c->lpa) {
        char name[16];
        snprintf(name, sizeof name, "%s[51:48]", field);
        add(b, name, 15, 12, "address bits 51:48 (FEAT_LPA)");
        return;
    }
    res0(b, (int)above - 1, 12);
}

// --- tables --------------------------------------------------------------------------------------

static void table_attributes_s1(Builder *b) {
    const PteContext *c = b->c;
    if (c->hpd) {
        ignored(b, 63, 59, ": TCR.HPD is 1");
        return;
    }
    add(b, "NSTable", 63, 63, "not looked at in Non-secure state");
    bool ro = flag(b, 62), no_el0 = flag(b, 61);
    if (c->two_privileges && !c->nv1) {
        add(b, "APTable[1:0]", 62, 61, "%s",
            ro && no_el0 ? "below: read-only, nothing for EL0"
            : ro         ? "below: read-only"
            : no_el0     ? "below: nothing for EL0"
                         : "no effect");
        boolean(b, "UXNTable", 60, "below: not executable at EL0", "no effect");
        add(b, "PXNTable", 59, 59, flag(b, 59) ? "below: not executable at EL%u" : "no effect",
            c->el);
    } else if (c->two_privileges) {
        add(b, "APTable[1:0]", 62, 61, "%s",
            ro ? "below: read-only (bit 61 not looked at: HCR_EL2.NV1)"
               : "no effect (bit 61 not looked at: HCR_EL2.NV1)");
        boolean(b, "PXNTable", 60, "below: not executable at EL1", "no effect");
        res0(b, 59, 59);
    } else {
        boolean(b, "APTable[1]", 62, "below: read-only", "no effect");
        res0(b, 61, 61);
        boolean(b, "XNTable", 60, "below: not executable", "no effect");
        res0(b, 59, 59);
    }
}

static void table_fields(Builder *b) {
    const PteContext *c = b->c;
    if (c->stage == 1) {
        table_attributes_s1(b);
    } else {
        res0(b, 63, 59);
    }
    ignored(b, 58, 51, "");
    res0(b, 50, 50);
    address_fields(b, c->granule, "NLTA", "next table at");
    low_address_fields(b, c->granule, "NLTA");
    if (extended(c)) {
        ignored(b, 11, 10, "");
        add(b, "NLTA[51:50]", 9, 8, "address bits 51:50 (FEAT_LPA2)");
        ignored(b, 7, 2, "");
    } else {
        ignored(b, 11, 2, "");
    }
    b->out->output = address_of(c, b->desc, c->granule);
    b->out->output_bits = c->granule;
}

// --- leaves --------------------------------------------------------------------------------------

static unsigned contiguous_entries(const PteContext *c) {
    if (c->granule == 12) return 16;
    return c->granule == 14 && c->level == 3 ? 128 : 32;
}

static void software_fields(Builder *b) {
    bool pbha = b->c->hpds2;
    ignored(b, 63, pbha ? 63 : 59, "");
    if (pbha) add(b, "PBHA", 62, 59, "for the implementation (FEAT_HPDS2)");
    add(b, "software", 58, 55, "for software");
}

static void contiguous_dbm(Builder *b, const char *dirty, const char *clean) {
    const PteContext *c = b->c;
    bool dbm = flag(b, 51);
    add(b, "Contiguous", 52, 52,
        flag(b, 52) ? "one of %u entries that a TLB may hold as one" : "no", contiguous_entries(c));
    add(b, "DBM", 51, 51, "%s",
        !dbm                            ? "no hardware update of dirty state"
        : !(c->ha && c->hd)             ? "no effect: hardware update of dirty state is off"
        : (c->stage == 1) == flag(b, 7) ? clean
                                        : dirty);
}

static bool writable_clean(const Builder *b) {
    return flag(b, 51) && b->c->ha && b->c->hd;
}

static const char *rwx(bool r, bool w, bool x, char buf[4]) {
    buf[0] = r ? 'R' : '-';
    buf[1] = w ? 'W' : '-';
    buf[2] = x ? 'X' : '-';
    buf[3] = 0;
    return buf;
}

static void execute_never_s1(Builder *b) {
    const PteContext *c = b->c;
    if (!c->two_privileges) {
        boolean(b, "XN", 54, "not executable", "executable");
        res0(b, 53, 53);
    } else if (c->nv1) {
        boolean(b, "PXN", 54, "not executable at EL1 (NV1)", "executable at EL1 (NV1)");
        res0(b, 53, 53);
    } else {
        boolean(b, "UXN", 54, "not executable at EL0", "executable at EL0");
        add(b, "PXN", 53, 53, "%sexecutable at EL%u", flag(b, 53) ? "not " : "", c->el);
    }
}

static void access_permissions_s1(Builder *b) {
    const PteContext *c = b->c;
    bool ro = flag(b, 7), el0 = flag(b, 6), clean = ro && writable_clean(b);
    const char *access = clean ? "read-write, clean (DBM)" : ro ? "read-only" : "read-write";
    if (!c->two_privileges) {
        boolean(b, "AP[2]", 7, access, access);
        PteField *f = add(b, "AP[1]", 6, 6, "RES1 where there is no EL0%s", el0 ? "" : ", but 0");
        f->misuse = !el0;
    } else if (c->nv1) {
        add(b, "AP[2:1]", 7, 6, "EL1 %s (bit 6 not looked at: HCR_EL2.NV1)", access);
    } else {
        add(b, "AP[2:1]", 7, 6, "EL%u %s, EL0 %s", c->el, access, el0 ? access : "nothing");
    }
}

static void permissions_s1(Builder *b) {
    const PteContext *c = b->c;
    bool w = !flag(b, 7) || writable_clean(b), el0 = flag(b, 6);
    char p[4], u[4], *out = b->out->permissions;
    size_t n = sizeof b->out->permissions;
    if (!c->two_privileges || c->nv1) {
        rwx(true, w, !flag(b, 54), p);
        snprintf(out, n, "EL2 %s", p);
        if (c->nv1) snprintf(out, n, "EL1 %s, EL0 %s", p, rwx(false, false, true, u));
        return;
    }
    // What EL0 can write is not executable above it.
    rwx(true, w, !flag(b, 53) && !(w && el0), p);
    rwx(el0, el0 && w, !flag(b, 54), u);
    snprintf(out, n, "EL%u %s, EL0 %s", c->el, p, u);
}

static void shareability(Builder *b) {
    if (extended(b->c)) {
        add(b, "OA[51:50]", 9, 8, "address bits 51:50 (FEAT_LPA2); shareability is in TCR");
        return;
    }
    unsigned sh = (unsigned)bits(b->desc, 9, 8);
    PteField *f = add(b, "SH[1:0]", 9, 8, "%s", shareability_name(sh));
    f->misuse = sh == 1;
}

static void attributes_s1(Builder *b) {
    const PteContext *c = b->c;
    unsigned index = (unsigned)bits(b->desc, 4, 2);
    u8 attr = (u8)(c->mair >> 8 * index);
    char type[64];
    if (!c->have_mair) {
        add(b, "AttrIndx[2:0]", 4, 2, "MAIR_ELx.Attr%u", index);
        return;
    }
    PteField *f = add(b, "AttrIndx[2:0]", 4, 2, "MAIR.Attr%u = 0x%02x: %s", index, attr,
                      memory_type_name(attr, type, sizeof type));
    f->misuse = memory_type_reserved(attr);
}

static void leaf_fields_s1(Builder *b) {
    const PteContext *c = b->c;
    software_fields(b);
    execute_never_s1(b);
    contiguous_dbm(b, "writable, dirty", "writable, clean: a write clears AP[2]");
    if (c->bti) {
        boolean(b, "GP", 50, "guarded page: BTI", "not guarded");
    } else {
        res0(b, 50, 50);
    }
}

static void low_fields_s1(Builder *b) {
    if (b->c->two_privileges) {
        boolean(b, "nG", 11, "not global: of this ASID", "global: of all ASIDs");
    } else {
        res0(b, 11, 11);
    }
    boolean(b, "AF", 10, "accessed",
            b->c->ha ? "not accessed: hardware sets it" : "Access flag fault on use");
    shareability(b);
    access_permissions_s1(b);
    res0(b, 5, 5);
    attributes_s1(b);
    permissions_s1(b);
}

static void execute_never_s2(Builder *b) {
    static const char *const names[] = {"executable at EL1 and EL0", "executable at EL0 only",
                                        "not executable", "executable at EL1 only"};
    if (b->c->xnx) {
        add(b, "XN[1:0]", 54, 53, "%s", names[bits(b->desc, 54, 53)]);
    } else {
        boolean(b, "XN", 54, names[2], names[0]);
        res0(b, 53, 53);
    }
}

static void leaf_fields_s2(Builder *b) {
    software_fields(b);
    execute_never_s2(b);
    contiguous_dbm(b, "writable, dirty", "writable, clean: a write sets S2AP[1]");
    res0(b, 50, 50);
}

static const char *const half_names[4] = {"reserved", "NC", "WT", "WB"};

static void mem_attr_fwb(Builder *b) {
    unsigned v = (unsigned)bits(b->desc, 4, 2);
    static const char *const normal[4] = {"reserved", "Normal NC, or Device where stage 1 says so",
                                          "Normal WB, whatever stage 1 says", "as stage 1 says"};
    res0(b, 5, 5);
    PteField *f = add(b, "MemAttr[2:0]", 4, 2, "%s%s", v & 4 ? normal[v & 3] : device_names[v & 3],
                      v & 4 ? " (FWB)" : ", or less where stage 1 says so (FWB)");
    f->misuse = v == 4;
}

static void mem_attr(Builder *b) {
    unsigned v = (unsigned)bits(b->desc, 5, 2), outer = v >> 2, inner = v & 3;
    if (b->c->fwb) {
        mem_attr_fwb(b);
    } else if (!outer) {
        add(b, "MemAttr[3:0]", 5, 2, "%s", device_names[inner]);
    } else if (inner && outer == inner) {
        add(b, "MemAttr[3:0]", 5, 2, "Normal %s", half_names[inner]);
    } else {
        PteField *f = add(b, "MemAttr[3:0]", 5, 2, "Normal Outer %s, Inner %s", half_names[outer],
                          half_names[inner]);
        f->misuse = !inner;
    }
}

static void low_fields_s2(Builder *b) {
    static const char *const access[] = {"no access", "read-only", "write-only", "read-write"};
    unsigned ap = (unsigned)bits(b->desc, 7, 6), xn = (unsigned)bits(b->desc, 54, 53);
    if (b->c->xs) {
        boolean(b, "FnXS", 11, "XS is 0", "XS as stage 1 says");
    } else {
        res0(b, 11, 11);
    }
    boolean(b, "AF", 10, "accessed",
            b->c->ha ? "not accessed: hardware sets it" : "Access flag fault on use");
    shareability(b);
    bool w = ap & 2 || writable_clean(b);
    add(b, "S2AP[1:0]", 7, 6, "%s%s", access[(w ? 2 : 0) | (ap & 1)],
        w && !(ap & 2) ? ", clean (DBM)" : "");
    mem_attr(b);
    char p[4], u[4];
    bool px = b->c->xnx ? xn == 0 || xn == 3 : !(xn & 2), ux = !(xn & 2);
    rwx(ap & 1, w, px, p);
    rwx(ap & 1, w, ux, u);
    snprintf(b->out->permissions, sizeof b->out->permissions, "EL1 %s, EL0 %s", p, u);
}

static void leaf_fields(Builder *b) {
    const PteContext *c = b->c;
    Pte *p = b->out;
    unsigned shift = (unsigned)(3 - c->level) * (c->granule - 3u) + c->granule;
    u64 address = address_of(c, b->desc, shift);
    char size[16], what[40];
    p->output = address;
    p->output_bits = (u8)shift;
    if (c->stage == 1) {
        leaf_fields_s1(b);
    } else {
        leaf_fields_s2(b);
    }
    snprintf(what, sizeof what, "%s of %s at", pte_kind_name(p->kind), size_text(shift, size));
    address_fields(b, shift, "OA", what);
    if (p->kind == PTE_BLOCK) {
        res0(b, (int)shift - 1, 17);
        if (c->bbm) {
            boolean(b, "nT", 16, "change of size in progress: may fault", "no");
        } else {
            res0(b, 16, 16);
        }
    }
    low_address_fields(b, p->kind == PTE_BLOCK ? 16 : shift, "OA");
    if (c->stage == 1) {
        low_fields_s1(b);
    } else {
        low_fields_s2(b);
    }
}

// --- what kind it is ------------------------------------------------------------------------------

// AArch64.DecodeDescriptorType: where a descriptor with bits 1:0 = 01 is a block.
static bool blocks_at(const PteContext *c) {
    if (c->level == 2) return true;
    if (c->level == 1) return c->granule == 12 || c->ds || (c->granule == 16 && c->lpa);
    return c->level == 0 && c->granule == 12 && c->ds;
}

static PteKind kind_of(const PteContext *c, u64 desc) {
    if (!bit(desc, 0)) return PTE_INVALID;
    if (bit(desc, 1)) return c->level == 3 ? PTE_PAGE : PTE_TABLE;
    return c->level < 3 && blocks_at(c) ? PTE_BLOCK : PTE_RESERVED;
}

void pte_decode(const PteContext *c, u64 desc, Pte *out) {
    memset(out, 0, sizeof *out);
    out->kind = kind_of(c, desc);
    Builder b = {c, desc, out};
    switch (out->kind) {
    case PTE_INVALID:
        ignored(&b, 63, 1, "");
        add(&b, "valid", 0, 0, "invalid: Translation fault");
        return;
    case PTE_RESERVED: {
        ignored(&b, 63, 2, "");
        PteField *f = add(&b, "type", 1, 0, "reserved at level %d: Translation fault", c->level);
        f->misuse = true;
        return;
    }
    case PTE_TABLE: table_fields(&b); break;
    default: leaf_fields(&b); break;
    }
    add(&b, "type", 1, 0, "%s", pte_kind_name(out->kind));
}
