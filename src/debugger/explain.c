// Values taken apart: ESR_ELx by exceptions.def, descriptors by pte.c; system registers are in
// explain_register.c. Arm ARM: "ESR_EL2, Exception Syndrome Register (EL2)", "HPFAR_EL2".
#include "debugger/explain.h"
#include "cpu/sysreg.h"
#include "debugger/pte.h"
#include "gen/exceptions.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { ISS_ISV = 24, ISS_FNV = 10, ISS_S1PTW = 7, ISS_WNR = 6 };

ExplainField *explain_add(Explanation *x, const char *name, unsigned hi, unsigned lo) {
    assert(x->count < EXPLAIN_FIELDS);
    ExplainField *f = &x->field[x->count++];
    *f = (ExplainField){.hi = (u8)hi, .lo = (u8)lo, .value = bits(x->value, hi, lo)};
    snprintf(f->name, sizeof f->name, "%s", name);
    return f;
}

void explain_start(Explanation *x, const char *name, u64 value) {
    memset(x, 0, sizeof *x);
    x->value = value;
    snprintf(x->name, sizeof x->name, "%s", name);
}

void explain_note(Explanation *x, const char *format, ...) {
    assert(x->notes < EXPLAIN_NOTES);
    va_list args;
    va_start(args, format);
    vsnprintf(x->note[x->notes], sizeof x->note[0], format, args);
    va_end(args);
    x->notes++;
}

void explain_print(const Explanation *x, FILE *out) {
    fprintf(out, "%s = 0x%0*llx\n", x->name, x->value >> 32 || strstr(x->name, "_EL") ? 16 : 8,
            (unsigned long long)x->value);
    if (x->summary[0]) fprintf(out, "%s\n", x->summary);
    for (unsigned i = 0; i < x->count; i++) {
        const ExplainField *f = &x->field[i];
        char where[8];
        // RES0 that is as it should be, and fixed bits, say nothing.
        if (!f->misuse && (!strncmp(f->name, "RES", 3) || !strcmp(f->meaning, "fixed"))) continue;
        snprintf(where, sizeof where, f->hi == f->lo ? "%u" : "%u:%u", f->hi, f->lo);
        fprintf(out, "  %5s  %-12s 0x%llx%s%s%s\n", where, f->name, (unsigned long long)f->value,
                f->meaning[0] ? "  " : "", f->meaning, f->misuse ? "  <-- misuse" : "");
    }
    for (unsigned i = 0; i < x->notes; i++) fprintf(out, "  %s\n", x->note[i]);
}

static bool is_data_abort(unsigned ec) {
    return ec == EC_DABT_LOWER || ec == EC_DABT_SAME;
}

static bool is_abort(unsigned ec) {
    return is_data_abort(ec) || ec == EC_IABT_LOWER || ec == EC_IABT_SAME;
}

static void add_iss_field(Explanation *x, const IssField *i) {
    ExplainField *f = explain_add(x, i->name ? i->name : "RES0", i->hi, i->lo);
    if (i->kind == ISS_RES0) {
        f->misuse = f->value != 0;
        if (f->misuse) snprintf(f->meaning, sizeof f->meaning, "RES0 bits are set");
    } else if (i->when >= 0 && bit(x->value, (unsigned)i->when) != i->when_is) {
        snprintf(f->meaning, sizeof f->meaning, "not meaningful here: bit %d is %d", i->when,
                 !i->when_is);
    } else if (i->kind == ISS_XREG) {
        if (f->value == 31)
            snprintf(f->meaning, sizeof f->meaning, "the zero register");
        else
            snprintf(f->meaning, sizeof f->meaning, "x%u", (unsigned)f->value);
    } else if (i->kind == ISS_VALUES) {
        const char *name = i->values[f->value];
        f->misuse = !name;
        snprintf(f->meaning, sizeof f->meaning, "%s", name ? name : "reserved encoding");
    }
}

// The name of the fault status, ISS bits 5:0.
static const char *fault_status(const Explanation *x) {
    for (unsigned i = 0; i < x->count; i++)
        if (x->field[i].lo == 0 && x->field[i].hi == 5) return x->field[i].meaning;
    return "unknown";
}

// ISV is 1 only for aborts of stage 2.
static void access_text(const Explanation *x, unsigned ec, char *buf, size_t n) {
    bool write = bit(x->value, ISS_WNR);
    if (!is_data_abort(ec)) {
        snprintf(buf, n, "an instruction fetch");
    } else if (!bit(x->value, ISS_ISV)) {
        snprintf(buf, n, "a %s whose size and register are not in the syndrome (ISV is 0)",
                 write ? "write" : "read");
    } else {
        unsigned size = 1U << bits(x->value, 23, 22), rt = (unsigned)bits(x->value, 20, 16);
        char r = bit(x->value, 15) ? 'x' : 'w';
        char reg[8];
        snprintf(reg, sizeof reg, rt == 31 ? "%czr" : "%c%u", r, rt);
        snprintf(buf, n, "a %s of %u byte%s %s %s", write ? "write" : "read", size,
                 size == 1 ? "" : "s", write ? "from" : "to", reg);
    }
}

static void summarize_abort(Explanation *x, unsigned ec, const u64 *far, const u64 *hpfar) {
    char access[96], where[96] = "";
    bool s1ptw = bit(x->value, ISS_S1PTW);
    access_text(x, ec, access, sizeof access);
    bool far_valid = far && !bit(x->value, ISS_FNV);
    int n = 0;
    if (far_valid) n = snprintf(where, sizeof where, ", VA 0x%llx", (unsigned long long)*far);
    if (hpfar) {
        u64 ipa = bits(*hpfar, 43, 4) << 12;
        // With S1PTW the IPA is that of a descriptor and FAR that of the access.
        bool exact = far_valid && !s1ptw;
        if (exact) ipa |= *far & 0xfff;
        snprintf(where + n, sizeof where - (size_t)n, ", IPA %s0x%llx", exact ? "" : "page ",
                 (unsigned long long)ipa);
    }
    bool stage2 = s1ptw || hpfar || (is_data_abort(ec) && bit(x->value, ISS_ISV));
    snprintf(x->summary, sizeof x->summary, "%s: %s%s; %s%s%s.", exception_classes[ec].title,
             access, where, fault_status(x), stage2 ? ", stage 2" : "",
             s1ptw ? ", on the walk of stage 1's tables" : "");
}

static void summarize_sysreg(Explanation *x) {
    u64 v = x->value;
    unsigned op0 = (unsigned)bits(v, 21, 20), rt = (unsigned)bits(v, 9, 5);
    unsigned enc = sysreg_enc(op0, (unsigned)bits(v, 16, 14), (unsigned)bits(v, 13, 10),
                              (unsigned)bits(v, 4, 1), (unsigned)bits(v, 19, 17));
    char buf[32], reg[8];
    const char *name = sysreg_name_of_encoding(enc, buf, sizeof buf);
    snprintf(reg, sizeof reg, rt == 31 ? "xzr" : "x%u", rt);
    const char *title = exception_classes[EC_SYSREG].title;
    if (op0 < 2)
        snprintf(x->summary, sizeof x->summary, "%s: %s, %s.", title, name, reg);
    else if (bit(v, 0))
        snprintf(x->summary, sizeof x->summary, "%s: MRS %s, %s (a read).", title, reg, name);
    else
        snprintf(x->summary, sizeof x->summary, "%s: MSR %s, %s (a write).", title, name, reg);
}

bool explain_esr(u64 esr, const u64 *far, const u64 *hpfar, Explanation *out, Error *err) {
    (void)err;
    explain_start(out, "ESR_ELx", esr);
    unsigned ec = (unsigned)bits(esr, 31, 26);
    const ExceptionClass *c = &exception_classes[ec];
    ExplainField *f = explain_add(out, "ISS2", 63, 32);
    f = explain_add(out, "EC", 31, 26);
    f->misuse = !c->name;
    snprintf(f->meaning, sizeof f->meaning, "%s", c->name ? c->title : "reserved encoding");
    f = explain_add(out, "IL", 25, 25);
    snprintf(f->meaning, sizeof f->meaning, "%s",
             f->value ? "32-bit instruction" : "16-bit instruction");
    if (!c->name || !c->layout || !c->layout->fields) {
        f = explain_add(out, "ISS", 24, 0);
        snprintf(f->meaning, sizeof f->meaning, "not described for this class");
        if (c->name) snprintf(out->summary, sizeof out->summary, "%s.", c->title);
        return true;
    }
    for (unsigned i = 0; i < c->layout->fields; i++) add_iss_field(out, &c->layout->field[i]);
    if (is_abort(ec))
        summarize_abort(out, ec, far, hpfar);
    else if (ec == EC_SYSREG)
        summarize_sysreg(out);
    else
        snprintf(out->summary, sizeof out->summary, "%s.", c->title);
    return true;
}

bool explain_pte(unsigned stage, int level, unsigned granule, u64 value, Explanation *out,
                 Error *err) {
    if (stage < 1 || stage > 2) return error_set(err, "explain pte: --stage is 1 or 2");
    if (level < -1 || level > 3) return error_set(err, "explain pte: --level is -1 to 3");
    PteContext c = pte_context_default(stage, level, granule);
    Pte p;
    pte_decode(&c, value, &p);
    explain_start(out, "descriptor", value);
    for (unsigned i = 0; i < p.count; i++) {
        ExplainField *f = explain_add(out, p.field[i].name, p.field[i].hi, p.field[i].lo);
        snprintf(f->meaning, sizeof f->meaning, "%s", p.field[i].meaning);
        f->misuse = p.field[i].misuse;
    }
    const char *kind = pte_kind_name(p.kind);
    if (p.kind == PTE_BLOCK || p.kind == PTE_PAGE)
        snprintf(out->summary, sizeof out->summary, "Stage %u, level %d: %s at 0x%llx, %s.", stage,
                 level, kind, (unsigned long long)p.output, p.permissions);
    else
        snprintf(out->summary, sizeof out->summary, "Stage %u, level %d: %s.", stage, level, kind);
    return true;
}
