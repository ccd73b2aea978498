// Instruction words and calls to firmware taken apart: the decoder's rows, and for system registers and
// system instructions what the `trap` lines of sysregs.reg say of them. Arm ARM: "A64 Instruction Set
// Encoding", "Trapping functionality to EL2"; SMC Calling Convention (DEN 0028). What traps other instructions is
// found by executing them (insn_traps.h).
#include "cpu/decode.h"
#include "cpu/psci.h"
#include "cpu/sysreg.h"
#include "debugger/disasm.h"
#include "debugger/explain.h"
#include "debugger/insn_traps.h"
#include "gen/exceptions.h"
#include "gen/features.h"
#include "machine/machine.h"
#include "trace/internal.h"

#include <stdlib.h>

// --- the decoder's row -------------------------------------------------------------------------------------

static void add_fields(Explanation *x, const DecodeRow *row) {
    unsigned at = 32;
    for (const char *t = row->diagram; *t; t += strspn(t, " ")) {
        size_t length = strcspn(t, " ");
        const char *colon = memchr(t, ':', length);
        unsigned width = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : (unsigned)length;
        at -= width;
        char name[40];
        snprintf(name, sizeof name, "%.*s", (int)(colon ? colon - t : (ptrdiff_t)length), t);
        ExplainField *f = explain_add(x, name, at + width - 1, at);
        if (!colon) snprintf(f->meaning, sizeof f->meaning, "fixed");
        t += length;
    }
}

static const char *lacking(const Machine *m, unsigned feature) {
    bool has = m->features[feature / 64] >> feature % 64 & 1;
    return has ? "" : ", which this CPU does not have";
}

static void say_features(Explanation *x, const DecodeRow *row, const Machine *m) {
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        if (row->features[i / 64] >> i % 64 & 1)
            explain_note(x, "needs %s%s", feature_names[i], lacking(m, i));
}

// --- system registers ------------------------------------------------------------------------------------------

static unsigned register_with(u16 offset) {
    unsigned i = 0;
    while (!sysreg_info(i)->fields || sysreg_info(i)->offset != offset) i++;
    return i;
}

// " of HCR_EL2" of bits that are in the same register as the trap's: by their names.
static void say_bits(char *out, size_t n, u16 offset, u64 mask) {
    const SysRegInfo *r = sysreg_info(register_with(offset));
    size_t used = 0;
    for (unsigned i = 0; i < r->fields; i++) {
        const SysRegField *s = &sysreg_fields[r->first_field + i];
        if (mask >> s->lo & 1 && used < n)
            used += (size_t)snprintf(out + used, n - used, "%s%s.%s", used ? ", " : "", r->name,
                                     s->name);
    }
}

// el: the lowest that the access is for. False: the trap is for lower ones only.
static bool say_trap(Explanation *x, const SysRegTrap *t, unsigned el) {
    if (!t->mask) {
        explain_note(x, "traps as floating-point instructions do: CPACR_EL1.FPEN, CPTR_EL2");
        return true;
    }
    const SysRegControl *c = &sysreg_controls[t->control];
    unsigned levels = c->from & (el ? 2 : 3);
    if (!levels) return false;
    const char *from = levels == 3 ? "EL1 and EL0" : levels == 2 ? "EL1" : "EL0";
    char more[160] = "", bits[80];
    size_t used = 0;
    if (c->e2h < 2) used += (size_t)snprintf(more, sizeof more, ", with HCR_EL2.E2H = %d", c->e2h);
    if (c->with) {
        say_bits(bits, sizeof bits, c->reg, c->with);
        used += (size_t)snprintf(more + used, sizeof more - used, ", with %s = 1", bits);
    }
    if (c->without) {
        say_bits(bits, sizeof bits, c->reg, c->without);
        used += (size_t)snprintf(more + used, sizeof more - used, ", with %s = 0", bits);
    }
    if (c->tge & t->mask)
        used += (size_t)snprintf(more + used, sizeof more - used, ", or HCR_EL2.TGE is 1");
    if (strcmp(t->name, t->name_host))
        used += (size_t)snprintf(more + used, sizeof more - used, " (of a host's EL0: %s)",
                                 t->name_host);
    else if (c->guest && levels & 1)
        snprintf(more + used, sizeof more - used, "; not from a host's EL0");
    explain_note(x, "traps from %s to EL%d when %s is %d%s", from, c->to, t->name, !t->when_zero,
                 more);
    return true;
}

// EL1 of a guest hypervisor.
static void say_nested(Explanation *x, const SysRegInfo *r) {
    if (r->nv2 != SYSREG_NONE)
        explain_note(x, "traps from EL1 to EL2 when HCR_EL2.NV is 1, with NV2 = 0; with 1 it is %s",
                     sysreg_info(r->nv2)->name);
    else if (r->vncr)
        explain_note(x, "traps from EL1 to EL2 when HCR_EL2.NV is 1, with NV2 = 0; with 1 it is "
                        "memory at VNCR_EL2");
    else
        explain_note(x, "traps from EL1 to EL2 when HCR_EL2.NV is 1");
}

static void say_access(Explanation *x, const Machine *m, const SysRegInfo *r, bool read) {
    unsigned el = read ? r->read_el : r->write_el;
    if (r->need >= 0)
        explain_note(x, "%s needs %s%s", r->name, feature_names[r->need],
                     lacking(m, (unsigned)r->need));
    if (el > 2) {
        explain_note(x, "%s cannot be %s: UNDEFINED", r->name, read ? "read" : "written");
        return;
    }
    explain_note(x, "%s%s: from EL%u up",
                 r->insn ? ""
                 : read  ? "a read of "
                         : "a write of ",
                 r->name, el);
    if (r->vhe != SYSREG_NONE)
        explain_note(x, "at EL2 with HCR_EL2.E2H = 1 it is %s", sysreg_info(r->vhe)->name);
    unsigned access = read ? SR_READ : SR_WRITE, traps = 0;
    for (unsigned i = 0; i < r->traps; i++) {
        const SysRegTrap *t = &sysreg_traps[r->first_trap + i];
        if (!(t->access & access)) continue;
        traps += say_trap(x, t, el);
    }
    bool nested = el == 2 && m->features[FEAT_NV / 64] >> FEAT_NV % 64 & 1;
    if (nested) say_nested(x, r);
    if (!traps && !nested) explain_note(x, "no control traps it");
}

// MRS, MSR (register), SYS, SYSL: op0 is not 0.
static bool is_system(u32 word) {
    return (word & 0xffc00000) == 0xd5000000 && word & 3u << 19;
}

static void say_system(Explanation *x, const Machine *m, u32 word) {
    unsigned enc =
        sysreg_enc(word >> 19 & 3, word >> 16 & 7, word >> 12 & 15, word >> 8 & 15, word >> 5 & 7);
    unsigned index = sysreg_index(enc);
    char name[32];
    if (index == SYSREG_NONE)
        explain_note(x, "%s is in no row of the machine's table",
                     sysreg_name_of_encoding(enc, name, sizeof name));
    else
        say_access(x, m, sysreg_info(index), bit(word, 21));
}

// --- other instructions ----------------------------------------------------------------------------------------

// "EL1 and EL0", of the Exception levels of a bit mask; "a host's EL0", too, if host.
static const char *levels_text(unsigned levels, bool host, char *out, size_t n) {
    const char *names[4];
    unsigned count = 0;
    size_t used = 0;
    if (levels & 4) names[count++] = "EL2";
    if (levels & 2) names[count++] = "EL1";
    if (levels & 1) names[count++] = "EL0";
    if (host) names[count++] = "a host's EL0";
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, n - used, "%s%s",
                                 !i              ? ""
                                 : i + 1 < count ? ", "
                                                 : " and ",
                                 names[i]);
    return out;
}

// "HCR_EL2.HCD is 1", "CPACR_EL1.FPEN is 0, 1 or 2".
static void put_condition(const InsnTrap *t, char *out, size_t n) {
    unsigned left = (unsigned)__builtin_popcount(t->values);
    size_t used = (size_t)snprintf(out, n, "%s is ", t->control);
    for (unsigned v = 0; v < 8; v++) {
        if (!(t->values >> v & 1)) continue;
        used += (size_t)snprintf(out + used, n - used, "%u%s", v,
                                 left == 1   ? ""
                                 : left == 2 ? " or "
                                             : ", ");
        left--;
    }
    if (*t->with) snprintf(out + used, n - used, ", with %s", t->with);
}

// levels, host: those of t->from that this line is about. e2h: what it says of HCR_EL2.E2H at its end.
static void say_one(Explanation *x, const InsnTrap *t, unsigned levels, bool host,
                    const char *e2h) {
    char from[48], when[120];
    if (!(levels || host) || x->notes == EXPLAIN_NOTES) return;
    levels_text(levels, host, from, sizeof from);
    put_condition(t, when, sizeof when);
    const char *class_name = exception_classes[t->ec].name;
    if (!*t->control && t->ec == EC_UNKNOWN)
        explain_note(x, "is UNDEFINED at %s%s", from, e2h);
    else if (!*t->control)
        explain_note(x, "goes from %s to EL%u as %s%s", from, t->to_el, class_name, e2h);
    else if (t->ec == EC_UNKNOWN)
        explain_note(x, "is UNDEFINED at %s when %s%s", from, when, e2h);
    else
        explain_note(x, "traps from %s to EL%u when %s%s", from, t->to_el, when, e2h);
}

static void say_traps(Explanation *x, const Machine *machine, u32 word) {
    InsnTrap traps[INSN_TRAPS_MAX];
    bool vhe = machine->features[FEAT_VHE / 64] >> FEAT_VHE % 64 & 1, any = false;
    unsigned n = insn_traps(&machine->config, word, traps);
    for (unsigned i = 0; i < n; i++) {
        unsigned without = traps[i].from & 7, with = traps[i].from >> INSN_E2H & 7;
        bool host = traps[i].from >> INSN_HOST & 1;
        any |= *traps[i].control;
        if (without == with || !vhe) {
            say_one(x, &traps[i], without, host, "");
        } else {
            say_one(x, &traps[i], without, false, ", with HCR_EL2.E2H = 0");
            say_one(x, &traps[i], with, host, with ? ", with HCR_EL2.E2H = 1" : "");
        }
    }
    if (!any && x->notes < EXPLAIN_NOTES) explain_note(x, "no control traps it");
}

void explain_insn(const Machine *machine, u32 word, Explanation *out) {
    char text[160];
    u64 all[ARRAY_LEN(machine->features)];
    Op op = {0};
    explain_start(out, "instruction", word);
    Disassembler *d = disasm_open(machine, NULL);
    disasm_text(d, SPACE_ANY, 0, word, text, sizeof text);
    disasm_close(d);
    for (char *c = text; *c; c++)  // the mnemonic's column is of no use here
        while (c[0] == ' ' && c[1] == ' ') memmove(c, c + 1, strlen(c));
    memset(all, 0xff, sizeof all);
    const DecodeRow *row = decode_row(machine->features, word, 0, &op);
    bool known = row;
    if (!row) row = decode_row(all, word, 0, &op);
    if (!row) {
        snprintf(out->summary, sizeof out->summary, "%s. In no row of the decoder: UNDEFINED.",
                 text);
        return;
    }
    snprintf(out->summary, sizeof out->summary, "%s. The decoder's row is %s.", text, row->name);
    add_fields(out, row);
    say_features(out, row, machine);
    if (is_system(word))
        say_system(out, machine, word);
    else if (known)
        say_traps(out, machine, word);
}

// --- calls -------------------------------------------------------------------------------------------------

static const char *owner_text(unsigned owner) {
    static const char *const text[] = {"Arm architecture calls",
                                       "CPU service calls",
                                       "SiP service calls",
                                       "OEM service calls",
                                       "standard secure service calls (PSCI, TRNG, FF-A)",
                                       "standard hypervisor service calls",
                                       "vendor-specific hypervisor service calls (KVM, Xen)"};
    if (owner < ARRAY_LEN(text)) return text[owner];
    if (owner < 48) return "reserved";
    return owner < 50 ? "Trusted Application calls" : "Trusted OS calls";
}

static void add_call_fields(Explanation *x) {
    ExplainField *f = explain_add(x, "Type", 31, 31);
    snprintf(f->meaning, sizeof f->meaning, "%s", f->value ? "fast call" : "yielding call");
    f = explain_add(x, "SMC64", 30, 30);
    snprintf(f->meaning, sizeof f->meaning, "arguments are %s registers", f->value ? "X" : "W");
    f = explain_add(x, "Owner", 29, 24);
    snprintf(f->meaning, sizeof f->meaning, "%s", owner_text((unsigned)f->value));
    f = explain_add(x, "RES0", 23, 17);
    f->misuse = f->value != 0 && bit(x->value, 31);
    f = explain_add(x, "SVE", 16, 16);
    snprintf(f->meaning, sizeof f->meaning, "%s",
             f->value ? "the caller has no SVE state to keep" : "nothing is said of SVE state");
    explain_add(x, "Function", 15, 0);
}

void explain_call(bool hvc, u32 function, Explanation *out) {
    Cpu *cpu = calloc(1, sizeof *cpu);
    CHECK(cpu);
    char name[LINE_MAX_LENGTH];
    unsigned first, args;
    explain_start(out, hvc ? "HVC function" : "SMC function", function);
    cpu->x[0] = function;
    cpu->sys.HCR_EL2 = 1ULL << HCR_VM;  // a guest's call, not a kernel's to its own stub
    *put_call(name, cpu, hvc ? EC_HVC64 : EC_SMC64, 0, &first, &args) = '\0';
    if (*name)
        snprintf(out->summary, sizeof out->summary, "%.100s%s, %u argument%s from x1 on.", name,
                 function >> 30 == 3 ? " (SMC64)" : "", args, args == 1 ? "" : "s");
    else
        snprintf(out->summary, sizeof out->summary, "No call that is known by name.");
    add_call_fields(out);
    // What the firmware says of itself: PSCI_FEATURES, SMCCC_ARCH_FEATURES.
    cpu->x[0] = function >> 16 == 0x8000 ? 0x80000001 : 0x8400000a;
    cpu->x[1] = function;
    psci_call(cpu);
    explain_note(out, "the machine's own firmware, which SMC calls (HVC without EL2), %s",
                 (i64)cpu->x[0] < 0 ? "answers NOT_SUPPORTED" : "has it");
    free(cpu);
}
