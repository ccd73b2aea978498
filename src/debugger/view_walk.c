// `translate`: one translation by src/mmu's own walk, step by step, with what each register and descriptor means.
// Arm ARM: "The AArch64 Virtual Memory System Architecture". Nothing is updated, filled or counted: hardware updates
// of access flag and dirty state are checked for faults only.
// Left out: alignment, which depends on the instruction.
#include "debugger/view_walk.h"

#include "debugger/vms.h"
#include "debugger/walk_fix.h"
#include "gen/exceptions.h"
#include "mmu/fault.h"

#include <stdlib.h>

typedef unsigned long long ull;

const char *view_regime_name(RegimeId id) {
    static const char *const names[REGIME_COUNT] = {"EL1&0", "EL2&0", "EL2"};
    return names[id];
}

// --- the walk -------------------------------------------------------------------------------------

static bool is_current_vm(const Cpu *cpu, u16 vmid) {
    u64 hcr = mmu_hcr(cpu);
    return (bit(hcr, HCR_VM) || bit(hcr, HCR_DC)) && regime_vmid(cpu) == vmid;
}

Cpu *view_cpu(const Cpu *cpu, Space s, Error *err) {
    bool named = s.kind == AS_VM || (s.kind == AS_IPA && !s.any_vm);
    if (!cpu_have_el2(cpu) && (named || (s.kind == AS_EL && s.el == 2))) {
        error_set(err, "this machine has no EL2");
        return NULL;
    }
    Cpu *copy = aligned_alloc(64, align_up(sizeof *copy, 64));
    CHECK(copy);
    *copy = *cpu;
    if (!named || is_current_vm(cpu, s.vmid) || vms_registers(cpu->machine, s.vmid, &copy->sys))
        return copy;
    error_set(err, "vm%u: no CPU has run a VM with this VMID", s.vmid);
    free(copy);
    return NULL;
}

MmuMode view_mode(const Cpu *cpu, unsigned el) {
    if (el == cpu->el) return cpu_mode(cpu);
    if (el == 2) return cpu_e2h(cpu) ? MODE_E20_2 : MODE_E2;
    if (el == 1) return MODE_E10_1;
    return cpu_have_el2(cpu) && cpu_in_host0(cpu) ? MODE_E20_0 : MODE_E10_0;
}

static bool choose_mode(const Cpu *cpu, Space s, int el, MmuMode *mode, Error *err) {
    if (el == 2 && !cpu_have_el2(cpu)) return error_set(err, "this machine has no EL2");
    if (s.kind == AS_VM || s.kind == AS_IPA) {
        if (el == 2) return error_set(err, "a VM is EL1 and EL0, not EL2");
        *mode = el == 0 ? MODE_E10_0 : MODE_E10_1;
        return true;
    }
    if (s.kind == AS_PHYSICAL) return error_set(err, "a physical address is not translated");
    if (s.kind == AS_EL && el >= 0 && s.el == 2 && el == 0 && cpu_e2h(cpu)) {
        *mode = MODE_E20_0;
    } else if (s.kind == AS_EL && s.el == 1 && el == 0) {
        *mode = MODE_E10_0;
    } else if (s.kind == AS_EL && el >= 0 && el != s.el) {
        return error_set(err, "el%u: has no accesses by EL%d", s.el, el);
    } else {
        *mode = el >= 0           ? view_mode(cpu, (unsigned)el)
                : s.kind == AS_EL ? view_mode(cpu, s.el)
                                  : cpu_mode(cpu);
    }
    return true;
}

static void describe_failure(const Cpu *copy, ViewWalk *w) {
    w->target_el =
        abort_exception(copy, va(w->address), &w->fault, w->type, ACC_NORMAL, 0, &w->exception);
    const Exception *e = &w->exception;
    w->esr = (u64)e->ec << 26 | (u64)e->il << 25 | e->iss;
    walk_fix(w, w->fix, sizeof w->fix);
}

bool view_walk(Cpu *cpu, Space space, u64 address, AccessType type, int el, ViewWalk *w,
               Error *err) {
    memset(w, 0, sizeof *w);
    w->space = space;
    w->address = address;
    w->type = type;
    w->ipa = space.kind == AS_IPA;
    Cpu *copy = view_cpu(cpu, space, err);
    if (!copy) return false;
    if (!choose_mode(copy, space, el, &w->mode, err)) {
        free(copy);
        return false;
    }
    copy->el = (u8)mode_el(w->mode);
    w->sys = copy->sys;
    regime_load(copy, mode_regime(w->mode), &w->regime);
    w->vmid = regime_vmid(copy);
    w->asid = regime_asid(copy, w->regime.id);
    bool upper = w->regime.unpriv && bit(address, 55);
    for (unsigned stage = 1; stage <= 2; stage++)
        w->pte[stage - 1] = view_pte_context(copy, &w->regime, stage, upper, 0);
    w->t.trace = w->step;
    w->t.trace_max = VIEW_STEPS;
    AccessDesc acc = {
        .type = type, .mode = w->mode, .write = type == ACCESS_WRITE, .no_side_effects = true};
    w->ok = w->ipa ? mmu_translate_s2(copy, ipa(address), &acc, &w->t, &w->fault)
                   : mmu_translate(copy, va(address), &acc, &w->t, &w->fault);
    if (w->ok) {
        Region *region;
        w->memory = phys_host(cpu->machine, w->t.pa, &region);
        w->region = region ? region->name : NULL;
    } else {
        describe_failure(copy, w);
    }
    free(copy);
    return true;
}

// --- what it means --------------------------------------------------------------------------------

PteContext view_pte_context(const Cpu *cpu, const Regime *r, unsigned stage, bool upper,
                            int level) {
    const S1Range *g = &r->range[upper];
    const Tree *t = stage == 1 ? &g->tree : &r->s2.tree;
    return (PteContext){.stage = (u8)stage,
                        .level = (i8)level,
                        .granule = t->granule,
                        .el = r->id == REGIME_EL10 ? 1 : 2,
                        .two_privileges = r->unpriv,
                        .nv1 = r->nv1,
                        .lpa = t->wide,
                        .hpd = g->hpd,
                        .ha = stage == 1 ? r->ha : r->s2.ha,
                        .hd = stage == 1 ? r->hd : r->s2.hd,
                        .xnx = r->s2.xnx,
                        .fwb = r->s2.fwb,
                        .hpds2 = cpu_has(cpu, FEAT_HPDS2),
                        .bti = cpu_has(cpu, FEAT_BTI),
                        .bbm = cpu_has(cpu, FEAT_BBM),
                        .xs = cpu_has(cpu, FEAT_XS),
                        .have_mair = true,
                        .mair = r->mair};
}

int view_fault_text(const Fault *f, char *buf, size_t n) {
    static const char *const names[] = {[FAULT_NONE] = "no fault",
                                        [FAULT_ADDRESS_SIZE] = "Address size fault",
                                        [FAULT_TRANSLATION] = "Translation fault",
                                        [FAULT_ACCESS_FLAG] = "Access flag fault",
                                        [FAULT_PERMISSION] = "Permission fault",
                                        [FAULT_ALIGNMENT] = "Alignment fault",
                                        [FAULT_TAG_CHECK] = "Tag check fault",
                                        [FAULT_EXTERNAL] = "Synchronous External abort",
                                        [FAULT_EXTERNAL_TTW] = "External abort on the walk",
                                        [FAULT_TLB_CONFLICT] = "TLB conflict abort",
                                        [FAULT_HW_UPDATE] = "Unsupported atomic update",
                                        [FAULT_UNSUPPORTED_EXCLUSIVE] = "Unsupported Exclusive"};
    return snprintf(buf, n, "%s, level %d, stage %u%s", names[f->type], f->level, f->stage2 ? 2 : 1,
                    f->s1ptw ? " of a stage 1 descriptor" : "");
}

static const char *rwx(u8 v, char buf[4]) {
    buf[0] = v & 4 ? 'R' : '-';
    buf[1] = v & 2 ? 'W' : '-';
    buf[2] = v & 1 ? 'X' : '-';
    buf[3] = 0;
    return buf;
}

static const char *size_text(unsigned size_bits, char buf[16]) {
    static const char units[] = " KMGTP";
    snprintf(buf, 16, "%u %cB", 1u << size_bits % 10, units[size_bits / 10]);
    return buf;
}

// --- printing ------------------------------------------------------------------------------------

typedef struct Printer {
    FILE *out;
    const ViewWalk *w;
    bool full;
    unsigned width;
} Printer;

// A field that says nothing: absent features, what is usual.
static bool is_quiet(const PteField *f) {
    static const char *const zero[] = {
        "Contiguous", "DBM",      "GP",       "PBHA",    "software",   "nT",          "FnXS",
        "NSTable",    "UXNTable", "PXNTable", "XNTable", "APTable[1]", "APTable[1:0]"};
    if (f->misuse) return false;
    if (!strcmp(f->name, "RES0") || !strcmp(f->name, "IGNORED") || !strcmp(f->name, "type"))
        return true;
    if (!strncmp(f->name, "OA", 2) || !strncmp(f->name, "NLTA", 4)) return true;
    for (unsigned i = 0; i < ARRAY_LEN(zero) && !f->value; i++)
        if (!strcmp(f->name, zero[i])) return true;
    return false;
}

static void print_all_fields(const Printer *p, const Pte *pte) {
    for (unsigned i = 0; i < pte->count; i++) {
        const PteField *f = &pte->field[i];
        char range[16];
        snprintf(range, sizeof range, f->hi == f->lo ? "%u" : "%u:%u", f->hi, f->lo);
        fprintf(p->out, "       %-6s %-14s 0x%-6llx %s%s\n", range, f->name, (ull)f->value,
                f->meaning, f->misuse ? "  <-- RESERVED" : "");
    }
}

// "AF=1 accessed; AP[2:1]=0 ..." in lines of the terminal's width.
static void print_some_fields(const Printer *p, const Pte *pte) {
    unsigned at = 0;
    for (unsigned i = 0; i < pte->count; i++) {
        const PteField *f = &pte->field[i];
        char text[192];
        if (is_quiet(f)) continue;
        unsigned n = (unsigned)snprintf(text, sizeof text, "%s=0x%llx %s%s", f->name, (ull)f->value,
                                        f->meaning, f->misuse ? " RESERVED" : "");
        if (at && at + n + 2 > p->width) {
            fprintf(p->out, "\n");
            at = 0;
        }
        at += (unsigned)fprintf(p->out, "%s%s", at ? "; " : "       ", text);
    }
    if (at) fprintf(p->out, "\n");
}

static void decode(const ViewWalk *w, const WalkStep *s, Pte *out) {
    PteContext c = w->pte[s->stage - 1];
    c.level = s->level;
    pte_decode(&c, s->desc, out);
}

static void print_step(const Printer *p, const WalkStep *s) {
    fprintf(p->out, "  L%d 0x%012llx", s->level, (ull)s->at);
    if (s->at != s->pa) fprintf(p->out, " (pa 0x%llx)", (ull)s->pa);
    if (s->unread) {
        fprintf(p->out, "  no memory answers\n");
        return;
    }
    Pte pte;
    char size[16];
    decode(p->w, s, &pte);
    fprintf(p->out, " = 0x%016llx  %s", (ull)s->desc, pte_kind_name(pte.kind));
    if (pte.kind == PTE_TABLE)
        fprintf(p->out, " at 0x%llx", (ull)pte.output);
    else if (pte.kind >= PTE_BLOCK)
        fprintf(p->out, " of %s at 0x%llx", size_text(pte.output_bits, size), (ull)pte.output);
    fprintf(p->out, "\n");
    if (p->full)
        print_all_fields(p, &pte);
    else if (pte.kind != PTE_INVALID)
        print_some_fields(p, &pte);
}

static const char *privileged(const ViewWalk *w) {
    return w->regime.id == REGIME_EL10 ? "EL1" : "EL2";
}

static void print_tree(const Printer *p, const Tree *t, const char *name, const char *txsz) {
    fprintf(p->out,
            "  %s: %s=%u (%u-bit addresses), %u KB granule, %u-bit output, first level %u\n", name,
            txsz, 64u - t->iasize, t->iasize, 1u << (t->granule - 10), t->ps, t->start);
}

static const char *why_s1_off(const ViewWalk *w) {
    if (w->regime.id == REGIME_EL10 && w->regime.dc) return "HCR_EL2.DC is 1";
    if (w->regime.id == REGIME_EL10 && w->sys.HCR_EL2 >> HCR_TGE & 1) return "HCR_EL2.TGE is 1";
    return w->regime.id == REGIME_EL10 ? "SCTLR_EL1.M is 0" : "SCTLR_EL2.M is 0";
}

static void print_s1_registers(const Printer *p) {
    const ViewWalk *w = p->w;
    const Regime *r = &w->regime;
    unsigned half = r->unpriv && bit(w->address, 55);
    const struct SysRegs *s = &w->sys;
    bool el1 = r->id == REGIME_EL10;
    u64 ttbr = half ? (el1 ? s->TTBR1_EL1 : s->TTBR1_EL2) : (el1 ? s->TTBR0_EL1 : s->TTBR0_EL2);
    char name[16], tcr[40];
    if (!r->s1) {
        fprintf(p->out, "Stage 1 is off: %s\n", why_s1_off(w));
        return;
    }
    snprintf(name, sizeof name, "T%uSZ", half);
    fprintf(p->out, "Stage 1: TTBR%u_%s = 0x%016llx", half, privileged(w), (ull)ttbr);
    fprintf(p->out, r->unpriv ? " (bit 55 of the address is %u)\n" : "\n", half);
    snprintf(tcr, sizeof tcr, "TCR_%s", privileged(w));
    print_tree(p, &r->range[half].tree, tcr, r->unpriv ? name : "T0SZ");
}

static void print_s2_registers(const Printer *p, u64 ipa) {
    const ViewWalk *w = p->w;
    const Regime *r = &w->regime;
    if (!r->s2.on) {
        if (r->id == REGIME_EL10 && r->s2_follows)
            fprintf(p->out, "Stage 2 is off: HCR_EL2.VM is 0\n");
        return;
    }
    fprintf(p->out, "Stage 2 of IPA 0x%llx: VTTBR_EL2 = 0x%016llx\n", (ull)ipa,
            (ull)w->sys.VTTBR_EL2);
    print_tree(p, &r->s2.tree, "VTCR_EL2", "T0SZ");
}

static bool is_leaf(const ViewWalk *w, const WalkStep *s) {
    Pte pte;
    decode(w, s, &pte);
    return pte.kind >= PTE_BLOCK;
}

// Steps of stage 1, and those of stage 2 that find its descriptors: shown in full, or where they fail. A walk that comes
// after the leaf is for a hardware update.
static unsigned print_steps_1(const Printer *p) {
    const ViewWalk *w = p->w;
    unsigned i, last = 0;
    for (i = 0; i < w->t.trace_count; i++)
        if (w->step[i].stage == 1) last = i + 1;
    for (i = 0; i < w->t.trace_count; i++) {
        const WalkStep *s = &w->step[i];
        if (s->stage == 2 && !s->for_table) break;
        bool update = i >= last && last && is_leaf(w, &w->step[last - 1]);
        if (s->stage == 2 && !p->full && !(i >= last && w->fault.s1ptw)) continue;
        if (s->stage == 2 && (!i || s[-1].stage == 1 || s->ia != s[-1].ia))
            fprintf(p->out, "  %s at IPA 0x%llx, by stage 2:\n",
                    update ? "update of the descriptor" : "descriptor", (ull)s->ia);
        print_step(p, s);
    }
    return i;
}

static void print_attributes(const Printer *p, u8 perms, u8 attr, u8 sh, unsigned size_bits) {
    char r[4], type[64], size[16];
    fprintf(p->out, "EL%u %s, %s", mode_el(p->w->mode), rwx(perms, r),
            memory_type_name(attr, type, sizeof type));
    fprintf(p->out, ", %s", shareability_name(attr_effective_sh(attr, sh)));
    if (size_bits < 48) fprintf(p->out, ", %s", size_text(size_bits, size));
    fprintf(p->out, "\n");
}

static void print_result(const Printer *p) {
    const ViewWalk *w = p->w;
    const Translation *t = &w->t;
    u8 perms = (u8)(t->read << 2 | t->write << 1 | t->exec);
    fprintf(p->out, "PA 0x%llx: ", (ull)t->pa);
    print_attributes(p, perms, t->attr, t->sh, t->page_bits);
    if (t->clean && w->type == ACCESS_WRITE)
        fprintf(p->out, "  the write sets the dirty state (hardware update)\n");
    if (!w->region)
        fprintf(p->out, "  nothing is there: Synchronous External abort\n");
    else if (w->type == ACCESS_FETCH && !w->memory)
        fprintf(p->out, "  %s: no memory to execute, Synchronous External abort\n", w->region);
    else
        fprintf(p->out, "  %s\n", w->region);
}

// Without what the line has said: "stage 2: ", "stage 1 permission: ".
static const char *rule_text(const char *rule) {
    bool said = !strncmp(rule, "stage ", 6) && rule[6] && (rule[7] == ':' || rule[8] == 'p');
    return said ? strchr(rule, ':') + 2 : rule;
}

static void print_failure(const Printer *p) {
    const ViewWalk *w = p->w;
    const Exception *e = &w->exception;
    const ExceptionClass *class = &exception_classes[e->ec & 63];
    char text[96];
    view_fault_text(&w->fault, text, sizeof text);
    fprintf(p->out, "%s: %s\n", text, rule_text(w->fault.rule));
    fprintf(p->out, "  would be taken to EL%d with ESR_EL%d = 0x%llx (EC 0x%02x %s)\n",
            w->target_el, w->target_el, (ull)w->esr, e->ec, class->title);
    fprintf(p->out, "  %s=0x%02x S1PTW=%u", w->type == ACCESS_FETCH ? "IFSC" : "DFSC",
            e->iss & 0x3f, e->iss >> 7 & 1);
    if (w->type != ACCESS_FETCH) fprintf(p->out, " WnR=%u", e->iss >> 6 & 1);
    fprintf(p->out, ", FAR_EL%d = 0x%llx", w->target_el, (ull)e->far);
    if (e->hpfar_valid) fprintf(p->out, ", HPFAR_EL2 = 0x%llx", (ull)e->hpfar);
    fprintf(p->out, "\n");
    if (w->type != ACCESS_FETCH && w->fault.stage2 && !w->fault.s1ptw)
        fprintf(p->out, "  (ISV and ISS bits 23:14 come from the instruction)\n");
    fprintf(p->out, "To fix: %s\n", w->fix);
}

static void print_heading(const Printer *p) {
    static const char *const verbs[] = {"read", "write", "fetch"};
    const ViewWalk *w = p->w;
    char place[64];
    space_print(place, sizeof place, w->space, w->address);
    fprintf(p->out, "%s, %s by EL%u, %s regime", place, verbs[w->type], mode_el(w->mode),
            view_regime_name(w->regime.id));
    if (w->regime.s2.on) fprintf(p->out, ", VMID %u", w->vmid);
    if (!w->ipa && w->regime.unpriv && w->regime.s1) fprintf(p->out, ", ASID %u", w->asid);
    fprintf(p->out, "%s\n", mode_pan(w->mode) ? ", PSTATE.PAN" : "");
}

void view_walk_print(FILE *out, const ViewWalk *w, bool full, unsigned width) {
    Printer p = {out, w, full, width};
    const Translation *t = &w->t;
    unsigned i = 0;
    print_heading(&p);
    if (!w->ipa) {
        print_s1_registers(&p);
        i = print_steps_1(&p);
    }
    bool stage1_done = w->ok || (w->fault.stage2 && !w->fault.s1ptw);
    if (stage1_done) {
        u64 ia = w->ok ? t->ipa : w->fault.ipa;
        if (w->ok && !w->ipa && w->regime.s1) {
            fprintf(out, "  gives %s 0x%llx: ", w->regime.s2.on ? "IPA" : "PA", (ull)ia);
            print_attributes(&p, t->s1_rwx, t->s1_attr, t->s1_sh, t->s1_bits);
        } else if (!w->ok && !w->ipa) {
            fprintf(out, "  gives IPA 0x%llx\n", (ull)ia);
        }
        print_s2_registers(&p, w->ipa ? w->address : ia);
        for (; i < t->trace_count; i++) print_step(&p, &w->step[i]);
    }
    if (w->ok)
        print_result(&p);
    else
        print_failure(&p);
}
