// The oracle of translation: memory attributes. Source: S1DecodeMemAttrs, S2DecodeMemAttrs,
// S2CombineS1MemAttrs, AArch64.S2ApplyFWBMemAttrs, EncodePARAttrs. Without FEAT_XS and FEAT_MTE.
#include "translate_internal.h"

bool oracle_bit(uint64_t value, int n) {
    return value >> n & 1;
}

uint64_t oracle_bits(uint64_t value, int hi, int lo) {
    int n = hi - lo + 1;
    if (n >= 64) return value;
    return value >> lo & ((1ull << n) - 1);
}

OracleAttrs oracle_normal_nc(void) {
    OracleAttrs a = {0};
    a.inner.attrs = a.outer.attrs = ORACLE_NC;
    a.sh = 2;
    return a;
}

// DecodeShareability; the reserved value is Outer Shareable here.
static unsigned decode_shareability(unsigned sh) {
    if (sh == 2 || sh == 3 || sh == 0) return sh;
    return 2;
}

static OracleHints decode_ldf_attr(unsigned attr) {
    OracleHints h = {0};
    if (!(attr & 4))
        h.attrs = ORACLE_WT;
    else if (attr == 4)
        h.attrs = ORACLE_NC;
    else
        h.attrs = ORACLE_WB;
    if (h.attrs != ORACLE_NC) {
        h.hints = attr & 3;
        if (h.hints != 0) h.transient = !(attr & 8);
    }
    return h;
}

// S1ConstrainUnpredictableRESMAIR: reserved bytes.
static bool reserved_mair(unsigned attr) {
    if ((attr & 0xf0) == 0) return (attr & 3) != 0;
    return (attr & 0x0f) == 0;  // 0x40, 0xa0 (FEAT_XS) and 0xf0 (FEAT_MTE2) among them
}

OracleAttrs oracle_s1_decode(unsigned attr, unsigned sh) {
    OracleAttrs a = {0};
    // A choice: a reserved Device byte is the type of its bits 3:2, others have the outer half twice.
    if (reserved_mair(attr)) attr = (attr & 0xf0) == 0 ? attr & 0x0c : attr | attr >> 4;
    if ((attr & 0xf0) == 0) {
        a.device = true;
        a.device_type = attr >> 2 & 3;
    } else {
        a.outer = decode_ldf_attr(attr >> 4);
        a.inner = decode_ldf_attr(attr & 15);
    }
    a.sh = decode_shareability(sh);
    return a;
}

// S2DecodeCacheability; the reserved value is Non-cacheable here.
static OracleCacheability s2_cacheability(unsigned attr) {
    return attr == 2 ? ORACLE_WT : attr == 3 ? ORACLE_WB : ORACLE_NC;
}

OracleAttrs oracle_s2_decode(unsigned attr, unsigned sh) {
    OracleAttrs a = {0};
    if ((attr & 12) == 0) {
        a.device = true;
        a.device_type = attr & 3;
    } else {
        a.outer.attrs = s2_cacheability(attr >> 2);
        a.inner.attrs = s2_cacheability(attr & 3);
    }
    a.sh = decode_shareability(sh);
    return a;
}

static unsigned combine_device(unsigned s1, unsigned s2) {
    return s1 < s2 ? s1 : s2;  // nGnRnE, nGnRE, nGRE, GRE: the stricter one
}

static unsigned combine_sh(unsigned s1, unsigned s2) {
    if (s1 == 2 || s2 == 2) return 2;
    if (s1 == 3 || s2 == 3) return 3;
    return 0;
}

static OracleHints combine_hints(OracleHints s1, OracleHints s2) {
    OracleHints h = {0};
    if (s1.attrs == ORACLE_NC || s2.attrs == ORACLE_NC)
        h.attrs = ORACLE_NC;
    else if (s1.attrs == ORACLE_WT || s2.attrs == ORACLE_WT)
        h.attrs = ORACLE_WT;
    else
        h.attrs = ORACLE_WB;
    if (h.attrs != ORACLE_NC) {
        h.hints = s1.hints;
        h.transient = s1.transient;
    }
    return h;
}

static bool is_nc(const OracleAttrs *a) {
    return !a->device && a->inner.attrs == ORACLE_NC && a->outer.attrs == ORACLE_NC;
}

unsigned oracle_effective_sh(const OracleAttrs *a) {
    return a->device || is_nc(a) ? 2 : a->sh;
}

OracleAttrs oracle_s2_combine(OracleAttrs s1, OracleAttrs s2) {
    OracleAttrs a = {0};
    if (s1.device && s2.device) {
        a.device = true;
        a.device_type = combine_device(s1.device_type, s2.device_type);
    } else if (s1.device) {
        a = s1;
    } else if (s2.device) {
        a = s2;
    } else {
        a.inner = combine_hints(s1.inner, s2.inner);
        a.outer = combine_hints(s1.outer, s2.outer);
    }
    a.sh = combine_sh(s1.sh, s2.sh);
    a.sh = oracle_effective_sh(&a);
    return a;
}

static OracleHints force_wb(const OracleAttrs *s1, OracleHints h) {
    OracleHints wb = {ORACLE_WB, 3, false};
    if (!s1->device && h.attrs != ORACLE_NC) {
        wb.hints = h.hints;
        wb.transient = h.transient;
    }
    return wb;
}

OracleAttrs oracle_s2_fwb(OracleAttrs s1, uint64_t descriptor) {
    OracleAttrs a = {0};
    unsigned attr = (unsigned)oracle_bits(descriptor, 5, 2);
    if (!(attr & 4)) {
        a.device = true;
        a.device_type = s1.device ? combine_device(s1.device_type, attr & 3) : (attr & 3);
    } else if ((attr & 3) == 3) {
        a = s1;
    } else if ((attr & 3) == 2) {
        a.inner = force_wb(&s1, s1.inner);
        a.outer = force_wb(&s1, s1.outer);
    } else if (s1.device) {
        a = s1;
    } else {
        a.inner.attrs = a.outer.attrs = ORACLE_NC;
    }
    a.sh = combine_sh(s1.sh, decode_shareability((unsigned)oracle_bits(descriptor, 9, 8)));
    a.sh = oracle_effective_sh(&a);
    return a;
}

static unsigned encode_hints(OracleHints h) {
    if (h.attrs == ORACLE_NC) return 4;
    unsigned high = h.attrs == ORACLE_WT ? (h.transient ? 0 : 2) : (h.transient ? 1 : 3);
    return high << 2 | h.hints;
}

unsigned oracle_par_attrs(const OracleAttrs *a) {
    if (a->device) return a->device_type << 2;
    return encode_hints(a->outer) << 4 | encode_hints(a->inner);
}

unsigned oracle_par_sh(const OracleAttrs *a) {
    return oracle_effective_sh(a);
}
