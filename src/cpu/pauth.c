// Pointer authentication (Arm ARM: "Pointer authentication"). Source: AddPAC, Auth, Strip,
// ComputePAC, TrapPACUse, CalculateTBI, CalculateBottomPACBit.
// The code comes from QARMA5 (FEAT_PACQARMA5) or, faster, from an IMPLEMENTATION DEFINED function,
// as ID_AA64ISAR1_EL1.{APA,API} say. With FEAT_PAuth2 it is combined with the upper bits by exclusive
// OR, with FEAT_FPAC a failed AUT* is an exception. Left out: FEAT_EPAC, FEAT_FPACCOMBINE,
// FEAT_CONSTPACFIELD, QARMA3: not advertised.
// Choice: a TxSZ out of range counts as the nearest allowed one.
#include "cpu/pauth.h"

// --- QARMA5: 16 cells of 4 bits, cell n at bits 4n+3:4n --------------------------------------

static unsigned cell(u64 state, unsigned n) {
    return (unsigned)(state >> 4 * n) & 15;
}

// Output cell n is input cell from[n].
static u64 permute(u64 state, const u8 from[16]) {
    u64 out = 0;
    for (unsigned n = 0; n < 16; n++) out |= (u64)cell(state, from[n]) << 4 * n;
    return out;
}

static u64 substitute(u64 state, const u8 box[16]) {
    u64 out = 0;
    for (unsigned n = 0; n < 16; n++) out |= (u64)box[cell(state, n)] << 4 * n;
    return out;
}

static const u8 shuffle[16] = {13, 6, 11, 0, 7, 12, 1, 10, 8, 3, 14, 5, 2, 9, 4, 15};
static const u8 inverse_shuffle[16] = {3, 6, 12, 9, 14, 11, 1, 4, 8, 13, 7, 2, 5, 0, 10, 15};
static const u8 sbox[16] = {11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10};
static const u8 inverse_sbox[16] = {5, 14, 13, 8, 10, 11, 1, 9, 2, 6, 15, 0, 4, 12, 7, 3};

// Every cell rotated left by n: 1..3.
static u64 rotate_cells(u64 state, unsigned n) {
    u64 low = ones(4 - n) * 0x1111111111111111ull;
    return (state & low) << n | (state & ~low) >> (4 - n);
}

// Multiplication of the columns by circ(0, rot 1, rot 2, rot 1). Row r is bits 16r+15:16r.
static u64 mix_columns(u64 s) {
    u64 r1 = rotate_cells(s, 1), r2 = rotate_cells(s, 2);
    u64 next1 = r1 >> 16 | r1 << 48, next2 = r2 >> 32 | r2 << 32, next3 = r1 >> 48 | r1 << 16;
    return next1 ^ next2 ^ next3;
}

// The tweak's cells that also step their 4-bit register when it is shuffled.
static const u8 tweak_from[16] = {4, 5, 6, 7, 11, 2, 3, 8, 12, 13, 14, 15, 0, 1, 10, 9};
static const u16 tweak_steps = 0xd894;  // output cells 2, 4, 7, 11, 12, 14, 15

static unsigned step(unsigned c) {
    return c >> 1 | ((c ^ c >> 1) & 1) << 3;
}
static unsigned step_back(unsigned c) {
    return (c << 1 & 15) | ((c ^ c >> 3) & 1);
}

static u64 tweak_forward(u64 t) {
    u64 out = 0;
    for (unsigned n = 0; n < 16; n++) {
        unsigned c = cell(t, tweak_from[n]);
        out |= (u64)(bit(tweak_steps, n) ? step(c) : c) << 4 * n;
    }
    return out;
}

static u64 tweak_backward(u64 t) {
    u64 out = 0;
    for (unsigned n = 0; n < 16; n++) {
        unsigned c = cell(t, n);
        out |= (u64)(bit(tweak_steps, n) ? step_back(c) : c) << 4 * tweak_from[n];
    }
    return out;
}

u64 pauth_qarma5(u64 data, u64 modifier, u64 key0, u64 key1) {
    static const u64 alpha = 0xc0ac29b7c97c50dd;
    static const u64 constant[5] = {0, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89,
                                    0x452821e638d01377};
    u64 key0_after = key0 << 63 | (key0 >> 2) << 1 | ((key0 >> 63 ^ key0 >> 1) & 1);
    u64 work = data ^ key0, tweak = modifier;
    for (unsigned i = 0; i < 5; i++) {
        work ^= key1 ^ tweak ^ constant[i];
        if (i) work = mix_columns(permute(work, shuffle));
        work = substitute(work, sbox);
        tweak = tweak_forward(tweak);
    }
    // The central, self-inverse part.
    work ^= key0_after ^ tweak;
    work = substitute(mix_columns(permute(work, shuffle)), sbox);
    work = key1 ^ mix_columns(permute(work, shuffle));
    work = substitute(permute(work, inverse_shuffle), inverse_sbox);
    work = permute(mix_columns(work), inverse_shuffle) ^ key0 ^ tweak;
    for (unsigned i = 0; i < 5; i++) {
        work = substitute(work, inverse_sbox);
        if (i < 4) work = permute(mix_columns(work), inverse_shuffle);
        tweak = tweak_backward(tweak);
        work ^= constant[4 - i] ^ key1 ^ tweak ^ alpha;
    }
    return work ^ key0_after;
}

// The IMPLEMENTATION DEFINED function: a keyed multiply-and-fold hash. It only has to depend on all
// bits; nothing here is a secret.
static u64 fast_hash(u64 data, u64 modifier, u64 key0, u64 key1) {
    u128 product =
        (u128)(data ^ key0 ^ 0x9e3779b97f4a7c15) * (modifier ^ key1 ^ 0xd6e8feb86659fd93);
    u64 h = (u64)product ^ (u64)(product >> 64) ^ key1;
    product = (u128)(h ^ data) * 0xff51afd7ed558ccd + (u128)modifier * 0xc2b2ae3d27d4eb4f + key0;
    return (u64)product ^ (u64)(product >> 64);
}

static u64 compute_pac(const Cpu *cpu, u64 data, u64 modifier, PacKey key) {
    const struct SysRegs *s = &cpu->sys;
    u64 hi = 0, lo = 0;
    switch (key) {
    case PAC_IA: hi = s->APIAKeyHi_EL1, lo = s->APIAKeyLo_EL1; break;
    case PAC_IB: hi = s->APIBKeyHi_EL1, lo = s->APIBKeyLo_EL1; break;
    case PAC_DA: hi = s->APDAKeyHi_EL1, lo = s->APDAKeyLo_EL1; break;
    case PAC_DB: hi = s->APDBKeyHi_EL1, lo = s->APDBKeyLo_EL1; break;
    case PAC_GA: hi = s->APGAKeyHi_EL1, lo = s->APGAKeyLo_EL1; break;
    }
    if (cpu_has(cpu, FEAT_PACQARMA5)) return pauth_qarma5(data, modifier, hi, lo);
    return fast_hash(data, modifier, hi, lo);
}

// --- enables and traps -----------------------------------------------------------------------

static bool el2_regime(const Cpu *cpu) {
    return cpu->el == 2 || (cpu->el == 0 && cpu_have_el2(cpu) && cpu_in_host0(cpu));
}

bool pauth_enabled(const Cpu *cpu, PacKey key) {
    static const u8 enable[] = {31, 30, 27, 13};
    if (key == PAC_GA) return true;
    return bit(el2_regime(cpu) ? cpu->sys.SCTLR_EL2 : cpu->sys.SCTLR_EL1, enable[key]);
}

bool pauth_trapped(Cpu *cpu, PacKey key) {
    if (el2_regime(cpu) || !cpu_have_el2(cpu) || bit(cpu->sys.HCR_EL2, HCR_API)) return false;
    if (!pauth_enabled(cpu, key)) return false;
    take_trap(cpu, 2, EC_PAC, 0, "HCR_EL2.API");
    return true;
}

// --- where the code goes ---------------------------------------------------------------------

// How the current regime treats the upper bits of a pointer.
typedef struct Layout {
    bool tbi[2];   // top byte ignored, by bit 55
    u8 bottom[2];  // lowest bit of the code, by the select bit
    bool two;      // two address ranges
} Layout;

static u8 bottom_bit(const Cpu *cpu, unsigned tsz, bool granule64k) {
    unsigned max = !cpu_has(cpu, FEAT_TTST) ? 39 : granule64k ? 47 : 48;
    unsigned min = granule64k && cpu_has(cpu, FEAT_LVA) ? 12 : 16;
    return (u8)(64 - MAX(min, MIN(tsz, max)));
}

static Layout layout(const Cpu *cpu, bool data) {
    bool el2 = el2_regime(cpu);
    u64 tcr = el2 ? cpu->sys.TCR_EL2 : cpu->sys.TCR_EL1;
    Layout l = {.two = !el2 || cpu_e2h(cpu)};
    l.bottom[0] = bottom_bit(cpu, (unsigned)bits(tcr, 5, 0), bits(tcr, 15, 14) == 1);
    if (!l.two) {
        l.tbi[0] = l.tbi[1] = bit(tcr, 20) && (data || !bit(tcr, 29));
        l.bottom[1] = l.bottom[0];
        return l;
    }
    l.bottom[1] = bottom_bit(cpu, (unsigned)bits(tcr, 21, 16), bits(tcr, 31, 30) == 3);
    for (unsigned i = 0; i < 2; i++) l.tbi[i] = bit(tcr, 37 + i) && (data || !bit(tcr, 51 + i));
    return l;
}

// ptr with bits <top:bottom> replaced by the sign; a tagged pointer keeps its top byte.
static u64 extend(u64 ptr, bool sign, unsigned bottom, bool tbi) {
    return set_bits(ptr, tbi ? 55 : 63, bottom, sign ? ~0ull : 0);
}

static bool is_data(PacKey key) {
    return key == PAC_DA || key == PAC_DB;
}

// The bits that hold the code: not bit 55, which selects the range, nor a tag.
static u64 code_mask(unsigned bottom, bool tbi) {
    return set_bits(tbi ? 0 : 0xffull << 56, 54, bottom, ~0ull);
}

u64 pauth_add(const Cpu *cpu, u64 ptr, u64 modifier, PacKey key) {
    if (!pauth_enabled(cpu, key)) return ptr;
    Layout l = layout(cpu, is_data(key));
    bool tbi = l.tbi[bit(ptr, 55)];
    bool either = l.two ? l.tbi[0] || l.tbi[1] : tbi;
    bool sel = bit(ptr, either ? 55 : 63);
    unsigned bottom = l.bottom[sel], top = tbi ? 55 : 63;
    u64 pac = compute_pac(cpu, extend(ptr, sel, bottom, tbi), modifier, key);
    if (cpu_has(cpu, FEAT_PAuth2))
        return set_bits(ptr ^ (pac & code_mask(bottom, tbi)), 55, 55, sel);
    u64 upper = bits(ptr, top, bottom);
    // An address that is not canonical must not authenticate.
    if (upper != 0 && upper != ones(top - bottom + 1)) pac ^= 1ull << (top - 1);
    u64 result = set_bits(ptr, 54, bottom, pac >> bottom);
    result = set_bits(result, 55, 55, sel);
    return tbi ? result : set_bits(result, 63, 56, pac >> 56);
}

u64 pauth_auth(const Cpu *cpu, u64 ptr, u64 modifier, PacKey key) {
    if (!pauth_enabled(cpu, key)) return ptr;
    Layout l = layout(cpu, is_data(key));
    bool sign = bit(ptr, 55), tbi = l.tbi[sign];
    unsigned bottom = l.bottom[sign];
    u64 original = extend(ptr, sign, bottom, tbi);
    u64 pac = compute_pac(cpu, original, modifier, key);
    if (cpu_has(cpu, FEAT_PAuth2)) return ptr ^ (pac & code_mask(bottom, tbi));
    bool match = bits(pac, 54, bottom) == bits(ptr, 54, bottom);
    if (!tbi) match &= bits(pac, 63, 56) == bits(ptr, 63, 56);
    if (match) return original;
    u64 error = key == PAC_IA || key == PAC_DA ? 1 : 2;
    return tbi ? set_bits(original, 54, 53, error) : set_bits(original, 62, 61, error);
}

bool pauth_failed(Cpu *cpu, u64 result, PacKey key) {
    if (!cpu_has(cpu, FEAT_FPAC) || !pauth_enabled(cpu, key)) return false;
    if (pauth_strip(cpu, result, is_data(key)) == result) return false;
    take_sync(cpu, EC_FPAC, key, NULL);  // 0 IA, 1 IB, 2 DA, 3 DB
    return true;
}

u64 pauth_strip(const Cpu *cpu, u64 ptr, bool data) {
    Layout l = layout(cpu, data);
    bool sign = bit(ptr, 55);
    return extend(ptr, sign, l.bottom[sign], l.tbi[sign]);
}

u64 pauth_ga(const Cpu *cpu, u64 x, u64 y) {
    return compute_pac(cpu, x, y, PAC_GA) & ~0xffffffffull;
}
