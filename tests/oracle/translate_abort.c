// The oracle of translation: what an instruction makes of it. Source: Mem[], AArch64.MemSingle[],
// AArch64.DataMemZero, AArch64.Abort, AArch64.FaultSyndrome, AArch64.AT, AArch64.EncodePAR.
#include "translate_internal.h"

enum { E2H = 34, TGE = 27, TEA = 37 };

static uint64_t align_to(uint64_t x, uint64_t n) {
    return x - x % n;
}

static bool all_in_aligned_16(uint64_t address, unsigned size) {
    return align_to(address + size - 1, 16) == align_to(address, 16);
}

static uint64_t current_sctlr(const OracleMmuState *s) {
    return oracle_regime(s, s->el) == REGIME_EL10 ? s->SCTLR_EL1 : s->SCTLR_EL2;
}

static bool unaligned_access_faults(const OracleMmuState *s, const OracleAccess *a,
                                    uint64_t address) {
    uint64_t sctlr = current_sctlr(s);
    if (oracle_bit(sctlr, 1)) return true;
    if (a->exclusive || a->atomicop) return !s->has.LSE2 || !all_in_aligned_16(address, a->size);
    if (a->ordered)
        return !s->has.LSE2 || (!oracle_bit(sctlr, 6) && !all_in_aligned_16(address, a->size));
    return false;
}

// EncodeLDFSC.
static uint32_t fault_status_code(const OracleMmuFault *f) {
    uint32_t level = (uint32_t)f->level & 3;
    switch (f->status) {
    case ORACLE_ADDRESS_SIZE: return 0x00 | level;
    case ORACLE_TRANSLATION: return 0x04 | level;
    case ORACLE_ACCESS_FLAG: return 0x08 | level;
    case ORACLE_PERMISSION: return 0x0c | level;
    case ORACLE_EXTERNAL: return 0x10;
    case ORACLE_EXTERNAL_ON_WALK: return 0x14 | level;
    case ORACLE_ALIGNMENT: return 0x21;
    case ORACLE_UNSUPPORTED: return 0x35;
    default: return 0;
    }
}

static bool is_external(const OracleMmuFault *f) {
    return f->status == ORACLE_EXTERNAL || f->status == ORACLE_EXTERNAL_ON_WALK;
}

static bool ipa_valid(const OracleMmuFault *f) {
    if (f->s2fs1walk)
        return f->status == ORACLE_ACCESS_FLAG || f->status == ORACLE_PERMISSION ||
               f->status == ORACLE_TRANSLATION || f->status == ORACLE_ADDRESS_SIZE;
    if (f->secondstage)
        return f->status == ORACLE_ACCESS_FLAG || f->status == ORACLE_TRANSLATION ||
               f->status == ORACLE_ADDRESS_SIZE;
    return false;
}

static bool in_host0(const OracleMmuState *s) {
    return s->has.VHE && s->has.EL2 && oracle_bit(oracle_hcr(s), E2H) &&
           oracle_bit(oracle_hcr(s), TGE);
}

static int target_el(const OracleMmuState *s, const OracleMmuFault *f) {
    if (s->el == 2) return 2;
    if (!s->has.EL2) return 1;
    if (is_external(f)) {  // AArch64.SyncExternalAbortTarget
        bool tea = s->has.RAS && oracle_bit(oracle_hcr(s), TEA);
        if (s->el == 1) return tea || f->secondstage ? 2 : 1;
        if (in_host0(s)) return 2;
        return oracle_bit(oracle_hcr(s), TGE) || tea || f->secondstage ? 2 : 1;
    }
    return oracle_bit(oracle_hcr(s), TGE) || f->secondstage ? 2 : 1;
}

// AArch64.Abort.
static void take_abort(const OracleMmuState *s, const OracleAccess *a, uint64_t va,
                       OracleMmuFault fault, OracleOutcome *out) {
    bool fetch = a->acctype == ORACLE_IFETCH;
    bool maintenance =
        a->acctype == ORACLE_DC || a->acctype == ORACLE_IC || a->acctype == ORACLE_AT;
    uint64_t iss = 0, known = ~0ull;
    out->fault = fault;
    out->abort = true;
    out->target_el = target_el(s, &fault);
    out->far = va;
    if (!fetch) {
        if (fault.secondstage && !fault.s2fs1walk && !is_external(&fault))
            iss |= (uint64_t)a->syndrome << 14;
        if (maintenance)
            iss |= 1 << 8 | 1 << 6;
        else if (fault.status == ORACLE_UNSUPPORTED || (a->atomicop && is_external(&fault)))
            known &= ~(1ull << 6);
        else
            iss |= (uint64_t)fault.write << 6;
    }
    if (is_external(&fault)) known &= ~(3ull << 11 | 1ull << 9);  // SET, EA
    iss |= (uint64_t)fault.s2fs1walk << 7;
    iss |= fault_status_code(&fault);
    unsigned ec = fetch ? 0x20 : 0x24;
    if (out->target_el == s->el) ec++;
    out->esr = (uint64_t)ec << 26 | 1ull << 25 | iss;
    out->esr_known = known;
    out->hpfar_valid = ipa_valid(&fault);
    out->hpfar = oracle_bits(fault.ipa, 55, 12) << 4;
}

static bool memory_there(const OracleMemory *m, uint64_t pa, unsigned size) {
    uint64_t value;
    for (uint64_t at = align_to(pa, 8); at < pa + size; at += 8)
        if (!m->read(m->context, at, &value)) return false;
    return true;
}

// The parts that Mem[] makes of an access, each one AArch64.MemSingle[].
typedef struct Parts {
    unsigned count, size;  // all of one size
    uint64_t pa[16];
} Parts;

static Parts parts_of(const OracleMmuState *s, uint64_t va, const OracleAccess *a, bool aligned) {
    bool halves = a->acctype == ORACLE_ASIMD && a->size == 16 && va % 8 == 0;
    Parts p = {1, a->size, {0}};
    if (!halves && s->has.LSE2 && all_in_aligned_16(va, a->size)) return p;
    if (halves || (a->pair && aligned)) {
        p.count = 2;
        p.size = a->size / 2;
    } else if (!aligned) {
        p.count = a->size;
        p.size = 1;
    }
    return p;
}

static bool part_translate(const OracleMmuState *s, const OracleMemory *m, uint64_t va, Parts *p,
                           unsigned n, const OracleAccess *a, bool aligned, OracleOutcome *out) {
    if (n > 0 && UNALIGNED_SECOND_PAGE_IS_ALIGNED) aligned = true;
    OracleAddress at = oracle_translate(s, m, va + n * p->size, a, aligned);
    if (at.fault.status == ORACLE_OK && (a->exclusive || a->atomicop) && at.attrs.device &&
        UNSUPPORTED_ON_DEVICE)
        at.fault.status = ORACLE_UNSUPPORTED;
    if (at.fault.status != ORACLE_OK) {
        take_abort(s, a, va + n * p->size, at.fault, out);
        return false;
    }
    p->pa[n] = at.pa;
    return true;
}

static bool part_access(const OracleMmuState *s, const OracleMemory *m, uint64_t va, const Parts *p,
                        unsigned n, const OracleAccess *a, OracleOutcome *out) {
    if (!memory_there(m, p->pa[n], p->size)) {
        OracleMmuFault fault = {.status = ORACLE_EXTERNAL, .write = a->write && !a->read};
        take_abort(s, a, va + n * p->size, fault, out);
        return false;
    }
    if (n == 0) {
        out->pa = p->pa[0];
        out->pa_valid = true;
    }
    if (n + 1 == p->count) {
        out->pa_end = p->pa[n] + p->size - 1;
        out->pa_end_valid = true;
    }
    return true;
}

// Mem[] after the check of alignment. The parts of one access have no order: loads are done one after the
// other, the store of a register starts when all its parts are translated.
static OracleOutcome access_parts(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                                  const OracleAccess *a, bool aligned) {
    OracleOutcome out = {0};
    Parts p = parts_of(s, va, a, aligned);
    unsigned together = !a->write ? 1 : a->pair && p.count > 1 ? p.count / 2 : p.count;
    for (unsigned first = 0; first < p.count; first += together) {
        for (unsigned n = first; n < first + together; n++)
            if (!part_translate(s, m, va, &p, n, a, aligned, &out)) return out;
        for (unsigned n = first; n < first + together; n++)
            if (!part_access(s, m, va, &p, n, a, &out)) return out;
    }
    return out;
}

// Fetches, cache maintenance and DC ZVA: one translation.
static OracleOutcome access_block(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                                  const OracleAccess *a) {
    OracleOutcome out = {0};
    uint64_t first = a->acctype == ORACLE_DCZERO ? align_to(va, a->size) : va;
    bool maintenance = a->acctype == ORACLE_DC || a->acctype == ORACLE_IC;
    OracleAddress at = oracle_translate(s, m, first, a, true);
    if (at.fault.status == ORACLE_OK && !maintenance && !memory_there(m, at.pa, a->size))
        at.fault = (OracleMmuFault){.status = ORACLE_EXTERNAL, .write = a->write};
    if (at.fault.status != ORACLE_OK) {
        take_abort(s, a, va, at.fault, &out);
        return out;
    }
    out.pa = at.pa;
    out.pa_end = at.pa + a->size - 1;
    out.pa_valid = out.pa_end_valid = true;
    return out;
}

// Mem[].
static OracleOutcome mem(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                         const OracleAccess *a) {
    OracleOutcome out = {0};
    bool aligned = va % (a->pair ? a->size / 2 : a->size) == 0;
    if (!aligned && unaligned_access_faults(s, a, va)) {
        OracleMmuFault fault = {.status = ORACLE_ALIGNMENT, .write = !a->read && a->write};
        take_abort(s, a, va, fault, &out);
        return out;
    }
    return access_parts(s, m, va, a, aligned);
}

OracleOutcome oracle_access(const OracleMmuState *s, const OracleMemory *m, uint64_t va,
                            const OracleAccess *a) {
    if (a->acctype != ORACLE_GPR && a->acctype != ORACLE_ASIMD) return access_block(s, m, va, a);
    OracleOutcome out = mem(s, m, va, a);
    for (unsigned e = 1; e < a->elements && !out.abort; e++) {
        OracleOutcome next = mem(s, m, va + e * a->size, a);
        next.pa = out.pa;
        next.pa_valid = out.pa_valid;
        out = next;
    }
    return out;
}

OracleOutcome oracle_at(const OracleMmuState *s, const OracleMemory *m, uint64_t va, OracleAt at,
                        uint64_t *par, uint64_t *known) {
    OracleOutcome out = {0};
    int el = at.el;
    if (in_host0(s) && el == 1 && !at.two_stages) el = 2;
    OracleAccess a = {.acctype = ORACLE_AT,
                      .el = el,
                      .read = !at.write,
                      .write = at.write,
                      .pan = at.pan,
                      .size = 1};
    OracleRegime regime = at.two_stages ? REGIME_EL10 : oracle_regime(s, el);
    OracleAddress d = oracle_s1_translate(s, m, regime, va, true, &a);
    if (at.two_stages && d.fault.status == ORACLE_OK && regime == REGIME_EL10 && s->has.EL2)
        d = oracle_s2_translate(s, m, d.fault, &d, true, &a);
    *par = 0;
    *known = ~0ull;
    if (d.fault.status != ORACLE_OK) {
        if (is_external(&d.fault) || (s->el == 1 && d.fault.s2fs1walk)) {
            *known = 0;
            take_abort(s, &a, va, d.fault, &out);
            return out;
        }
        out.fault = d.fault;
        *par = 1 | (uint64_t)fault_status_code(&d.fault) << 1 | (uint64_t)d.fault.s2fs1walk << 8 |
               (uint64_t)d.fault.secondstage << 9 | 1 << 11;
        *known = ~(0xffffull << 48);
        return out;
    }
    out.pa = d.pa;
    *par = oracle_bits(d.pa, 55, 12) << 12 | (uint64_t)oracle_par_attrs(&d.attrs) << 56 | 1 << 11 |
           (uint64_t)oracle_par_sh(&d.attrs) << 7;
    *known = ~(1ull << 10 | 1ull << 9);
    return out;
}
