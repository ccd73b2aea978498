// Advice on faults of translation: for each rule of src/mmu (Fault.rule) the control or the bit of the descriptor that
// made it, with its address. Arm ARM: "The AArch64 Virtual Memory System Architecture".
#include "debugger/walk_fix.h"

#include <stdio.h>

// {el}: EL1 or EL2, whose registers stage 1 uses; {d}: the descriptor, {at}: where it is; {ia}: the address of the failing stage;
// {n}: 0 or 1, by TTBR; {bits}: see bits_of().
typedef struct Advice {
    const char *rule, *text;
} Advice;

static const Advice advices[] = {
    {"stage 1 off: address beyond the PA size",
     "stage 1 is off: use an address below 2^{pa}, or turn SCTLR_{el}.M on"},
    {"stage 1 off: Device-nGnRnE must be aligned",
     "align the access: while SCTLR_{el}.M is 0 all data accesses are Device-nGnRnE"},
    {"stage 1: Device memory must be aligned",
     "align the access, or give {d} an AttrIndx of Normal memory"},
    {"stage 1: TCR.TxSZ out of range", "set TCR_{el}.T{n}SZ to a value this CPU has"},
    {"stage 1: address outside of TCR.TxSZ",
     "TCR_{el}.T{n}SZ gives {bits} address bits: bits 63:{bits} must be all equal (use a smaller "
     "T{n}SZ, or TBI "
     "for a tag in bits 63:56)"},
    {"stage 1: TCR.E0PD", "clear TCR_{el}.E0PD{n}, or access from a higher Exception level"},
    {"stage 1: TCR.EPD", "clear TCR_{el}.EPD{n}: it turns walks with TTBR{n}_{el} off"},
    {"stage 1: TTBR beyond TCR.IPS",
     "TTBR{n}_{el} has address bits that TCR_{el}.IPS (PS) does not allow: make IPS larger"},
    {"stage 1: output address beyond TCR.IPS",
     "make TCR_{el}.IPS (PS) larger, or the output address in {d} smaller"},
    {"stage 1: table beyond TCR.IPS",
     "make TCR_{el}.IPS (PS) larger, or the table address in {d} smaller"},
    {"stage 1: access flag clear", "set AF (bit 10) in {d}, or TCR_{el}.HA to let hardware do it"},
    {"stage 1: reserved descriptor",
     "bits 1:0 of {d} are reserved at this level: write a valid one"},
    {"stage 1: invalid descriptor", "map it: write a valid descriptor at {at}"},
    {"stage 1 permission: PSTATE.PAN", "PSTATE.PAN denies what EL0 may access: use LDTR/STTR, "
                                       "clear PAN, or clear AP[1] (bit 6) in {d}"},
    {"stage 1 permission: AP, not for EL0", "AP[1]=0 is not for EL0: set bit 6 in {d}"},
    {"stage 1 permission: AP, read-only", "AP[2]=1 is read-only: clear bit 7 in {d}"},
    {"stage 1 permission: AP", "APTable denies it: clear bit 61 of the table descriptors"},
    {"stage 1 permission: SCTLR.WXN", "SCTLR_{el}.WXN makes what is writable not executable: set "
                                      "AP[2] (bit 7) in {d}, or clear WXN"},
    {"stage 1 permission: execute never", "{xn}"},
    {"VTCR_EL2.T0SZ out of range", "set VTCR_EL2.T0SZ to a value this CPU has: {pa} bits of PA"},
    {"VTCR_EL2.SL0 not allowed", "this CPU has no such first level: set VTCR_EL2.SL0"},
    {"VTCR_EL2.SL0 inconsistent with T0SZ", "VTCR_EL2.SL0 and T0SZ do not fit: the first level "
                                            "resolves too many or too few of {bits} bits"},
    {"stage 2: IPA outside of VTCR_EL2.T0SZ",
     "IPA {ia} needs a smaller VTCR_EL2.T0SZ (now {bits} bits), or stage 1 is to map another IPA"},
    {"stage 2: VTTBR_EL2 beyond VTCR_EL2.PS",
     "VTTBR_EL2 has address bits that VTCR_EL2.PS does not allow: make PS larger"},
    {"stage 2: output address beyond VTCR_EL2.PS",
     "make VTCR_EL2.PS larger, or the output address in {d} smaller"},
    {"stage 2: table beyond VTCR_EL2.PS",
     "make VTCR_EL2.PS larger, or the table address in {d} smaller"},
    {"stage 2: invalid descriptor", "map IPA {ia}: write a valid descriptor at {at}"},
    {"stage 2: reserved descriptor",
     "bits 1:0 of {d} are reserved at this level: write a valid one"},
    {"stage 2: access flag clear", "set AF (bit 10) in {d}, or VTCR_EL2.HA to let hardware do it"},
    {"stage 2: Device memory must be aligned",
     "align the access, or give {d} a MemAttr of Normal memory"},
    {"stage 2 permission: XN", "{s2xn}"},
    {"stage 2 permission: S2AP", "S2AP[0]=0 denies reads: set bit 6 in {d}"},
    {"stage 2 permission: S2AP, not readable", "S2AP[0]=0 denies reads: set bit 6 in {d}"},
    {"stage 2 permission: S2AP, read-only", "S2AP[1]=0 denies writes: set bit 7 in {d}"},
    {"stage 2 permission: S2AP, hardware update of a stage 1 descriptor",
     "hardware updates the stage 1 descriptor at IPA {ia}, but S2AP[1]=0 denies writes: set bit 7 "
     "in {d}"},
    {"stage 2 permission: HCR_EL2.PTW", "a stage 1 table is in what stage 2 calls Device: give {d} "
                                        "a MemAttr of Normal memory, or clear HCR_EL2.PTW"},
    {"external abort: no memory at the table",
     "no memory answers at the table: correct the address in the register or descriptor that "
     "points to {d}"},
    {"external abort: the table is read-only",
     "hardware updates {d}, in memory that cannot be written: set AF (and AP, S2AP) by software, "
     "or move the table"},
};

static bool for_stage2(const ViewWalk *w) {
    return w->fault.stage2 || w->ipa;
}

static const WalkStep *last_step(const ViewWalk *w) {
    return w->t.trace_count ? &w->step[w->t.trace_count - 1] : NULL;
}

// The descriptor that the fault is about: the last one of the stage, but for what stage 2 of a hardware update did.
static const WalkStep *culprit(const ViewWalk *w) {
    for (unsigned i = w->t.trace_count; i-- > 0;)
        if (w->step[i].stage == (w->fault.stage2 ? 2 : 1)) return &w->step[i];
    return last_step(w);
}

static unsigned upper(const ViewWalk *w) {
    return w->regime.unpriv && bit(w->address, 55);
}

// Which bits keep EL0 or the privileged level from executing a stage 1 leaf.
static void execute_never(const ViewWalk *w, char *buf, size_t n, const char *d) {
    const WalkStep *s = culprit(w);
    const Regime *r = &w->regime;
    bool el0 = mode_el0(w->mode);
    unsigned leaf_bit = el0 || !r->unpriv || r->nv1 ? 54 : 53;
    const char *name = leaf_bit == 53 || r->nv1 ? "PXN" : r->unpriv ? "UXN" : "XN";
    if (s && bit(s->desc, leaf_bit)) {
        snprintf(buf, n, "%s=1: clear bit %u in %s", name, leaf_bit, d);
    } else if (s && leaf_bit == 53 && bits(s->desc, 7, 6) == 1) {
        snprintf(buf, n,
                 "EL0 may write there, so EL%u may not execute: set AP[2] (bit 7) or clear AP[1] "
                 "(bit 6) in %s",
                 mode_el(w->mode), d);
    } else {
        snprintf(buf, n, "%sTable=1: clear bit %u of the table descriptors", name,
                 leaf_bit == 53 ? 59 : 60);
    }
}

static void execute_never_s2(const ViewWalk *w, char *buf, size_t n, const char *d) {
    const WalkStep *s = culprit(w);
    if (w->regime.s2.xnx && s)
        snprintf(buf, n, "XN[1:0]=0b%u%u denies EL%u: clear bits 54:53 in %s", bit(s->desc, 54),
                 bit(s->desc, 53), mode_el(w->mode), d);
    else
        snprintf(buf, n, "XN=1: clear bit 54 in %s", d);
}

// The last table descriptor of stage 1 that has this bit, when the leaf itself would allow the access.
static bool table_denies(const ViewWalk *w, unsigned n, u64 *pa) {
    if (w->regime.range[upper(w)].hpd) return false;
    for (unsigned i = w->t.trace_count; i-- > 0;) {
        const WalkStep *s = &w->step[i];
        if (s->stage == 1 && s->level < w->fault.level && bit(s->desc, n)) {
            *pa = s->pa;
            return true;
        }
    }
    return false;
}

// A leaf that allows what is denied: a table above does it.
static const char *rule_of(const ViewWalk *w, char *buf, size_t n) {
    const WalkStep *s = culprit(w);
    u64 pa;
    if (s && !strcmp(w->fault.rule, "stage 1 permission: AP, read-only") && !bit(s->desc, 7) &&
        table_denies(w, 62, &pa)) {
        snprintf(
            buf, n,
            "APTable[1]=1 makes it read-only: clear bit 62 in the table descriptor at pa 0x%llx",
            (unsigned long long)pa);
        return NULL;
    }
    if (!strcmp(w->fault.rule, "stage 1 permission: AP") && table_denies(w, 61, &pa)) {
        snprintf(buf, n,
                 "APTable[0]=1 denies EL0: clear bit 61 in the table descriptor at pa 0x%llx",
                 (unsigned long long)pa);
        return NULL;
    }
    for (unsigned i = 0; i < ARRAY_LEN(advices); i++)
        if (!strcmp(advices[i].rule, w->fault.rule)) return advices[i].text;
    return "";
}

static unsigned input_bits(const ViewWalk *w) {
    return for_stage2(w) ? w->regime.s2.tree.iasize : w->regime.range[upper(w)].tree.iasize;
}

static void expand(const ViewWalk *w, const char *name, size_t len, char *buf, size_t n) {
    const WalkStep *s = culprit(w);
    char d[80] = "the descriptor";
    if (s)
        snprintf(d, sizeof d, "the descriptor at pa 0x%llx (now 0x%llx)", (unsigned long long)s->pa,
                 (unsigned long long)s->desc);
    if (s && !strncmp(name, "at", len)) {
        snprintf(buf, n, "%s", strstr(d, "pa 0x"));
    } else if (len == 1 && *name == 'd') {
        snprintf(buf, n, "%s", d);
    } else if (len == 1) {
        snprintf(buf, n, "%u", w->regime.id == REGIME_EL2 ? 0 : upper(w));
    } else if (!strncmp(name, "el", len)) {
        snprintf(buf, n, "%s", w->regime.id == REGIME_EL10 ? "EL1" : "EL2");
    } else if (!strncmp(name, "ia", len)) {
        snprintf(buf, n, "0x%llx", (unsigned long long)w->fault.ipa);
    } else if (!strncmp(name, "pa", len)) {
        snprintf(buf, n, "%u", w->regime.pamax);
    } else if (!strncmp(name, "bits", len)) {
        snprintf(buf, n, "%u", input_bits(w));
    } else if (!strncmp(name, "xn", len)) {
        execute_never(w, buf, n, d);
    } else {
        execute_never_s2(w, buf, n, d);
    }
}

void walk_fix(const ViewWalk *w, char *buf, size_t n) {
    *buf = 0;
    const char *p = w->ok || !w->fault.rule ? NULL : rule_of(w, buf, n);
    for (size_t at = 0; p && *p && at + 1 < n;) {
        if (*p == '{') {
            size_t len = strcspn(p, "}");
            expand(w, p + 1, len - 1, buf + at, n - at);
            at += strlen(buf + at);
            p += len + 1;
        } else {
            buf[at++] = *p++;
            buf[at] = 0;
        }
    }
}
