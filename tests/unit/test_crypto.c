// The cryptographic instructions, run as the algorithms of their standards: FIPS 197 (AES), FIPS
// 180-4 (SHA), FIPS 202 (SHA-3), GB/T 32905 (SM3), GB/T 32907 (SM4), GCM (its specification's test
// cases), CRC-32 and CRC-32C (RFC 3720), each with the standard's own example.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cpu/sem_arith.h"
#include "cpu/sem_crypto.h"
#include "cpu/sem_simd.h"

static V128 bytes16(const char *hex) {
    V128 r;
    for (unsigned i = 0; i < 16; i++) {
        unsigned value = 0;
        for (unsigned k = 0; k < 2; k++) {
            char c = hex[2 * i + k];
            value = value << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        r.b[i] = (u8)value;
    }
    return r;
}

// Four words, the first in the low lane, from their big-endian bytes.
static V128 words4(const char *hex) {
    V128 r = bytes16(hex);
    for (unsigned i = 0; i < 4; i++) r.s[i] = __builtin_bswap32(r.s[i]);
    return r;
}

static void assert_same(V128 a, V128 b) {
    assert_int_equal(a.d[0], b.d[0]);
    assert_int_equal(a.d[1], b.d[1]);
}

// --- AES ---
// SubWord is AESE of a state whose columns are all the same.
static u32 sub_word(u32 word) {
    V128 s = {.s = {word, word, word, word}}, zero = {.q = 0};
    sem_aese(NULL, &s, &zero);
    return s.s[0];
}

static void expand_key(V128 key[11], V128 first) {
    u8 rcon = 1;
    key[0] = first;
    for (unsigned i = 1; i <= 10; i++) {
        u32 last = key[i - 1].s[3];
        u32 word = sub_word(last >> 8 | last << 24) ^ rcon;
        for (unsigned k = 0; k < 4; k++) key[i].s[k] = word ^= key[i - 1].s[k];
        rcon = (u8)(rcon << 1 ^ (rcon >> 7) * 0x1b);
    }
}

static void test_aes128(void **state) {
    (void)state;
    V128 key[11], s = bytes16("3243f6a8885a308d313198a2e0370734");
    V128 plain = s, cipher = bytes16("3925841d02dc09fbdc118597196a0b32");
    expand_key(key, bytes16("2b7e151628aed2a6abf7158809cf4f3c"));
    for (unsigned i = 0; i < 9; i++) {
        sem_aese(NULL, &s, &key[i]);
        sem_aesmc(NULL, &s, &s);
    }
    sem_aese(NULL, &s, &key[9]);
    s.q ^= key[10].q;
    assert_same(s, cipher);

    // The equivalent inverse cipher: the round keys between go through InvMixColumns.
    for (unsigned i = 10; i > 1; i--) {
        V128 k = key[i];
        if (i < 10) sem_aesimc(NULL, &k, &k);
        sem_aesd(NULL, &s, &k);
        sem_aesimc(NULL, &s, &s);
    }
    V128 k = key[1];
    sem_aesimc(NULL, &k, &k);
    sem_aesd(NULL, &s, &k);
    s.q ^= key[0].q;
    assert_same(s, plain);
}

// FIPS 197, 5.1.1: the inverse in GF(2^8), then an affine transformation; 0 is its own inverse.
static u8 gf_multiply(u8 a, u8 b) {
    u8 product = 0;
    for (; b; b >>= 1, a = (u8)(a << 1 ^ (a >> 7) * 0x1b))
        if (b & 1) product ^= a;
    return product;
}

static void test_aes_substitution(void **state) {
    (void)state;
    const V128 zero = {.q = 0};
    for (unsigned x = 0; x < 256; x++) {
        u8 inverse = 0;
        for (unsigned y = 1; y < 256 && !inverse; y++)
            if (gf_multiply((u8)x, (u8)y) == 1) inverse = (u8)y;
        u8 s = 0x63;
        for (unsigned i = 0; i < 5; i++) s ^= (u8)(inverse << i | inverse >> (8 - i));
        V128 all = {.q = 0};
        memset(&all, (int)x, sizeof all);
        sem_aese(NULL, &all, &zero);
        for (unsigned i = 0; i < 16; i++) assert_int_equal(all.b[i], s);
        sem_aesd(NULL, &all, &zero);
        for (unsigned i = 0; i < 16; i++) assert_int_equal(all.b[i], x);
    }
}

// --- SHA ---
// The one block of the message "abc", as big-endian words of 4 or 8 bytes.
static void abc_block(u32 w[16]) {
    memset(w, 0, 64);
    w[0] = 0x61626380;
    w[15] = 24;
}

static V128 vec4(const u32 *w) {
    V128 r;
    memcpy(&r, w, 16);
    return r;
}

static void test_sha1(void **state) {
    (void)state;
    static const u32 k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    u32 block[16];
    V128 w[20], abcd = {.s = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}},
                e = {.s = {0xc3d2e1f0}};
    V128 first = abcd, first_e = e;
    abc_block(block);
    for (unsigned i = 0; i < 20; i++) {
        if (i < 4) {
            w[i] = vec4(block + 4 * i);
        } else {
            w[i] = w[i - 4];
            sem_sha1su0(NULL, &w[i], &w[i - 3], &w[i - 2]);
            sem_sha1su1(NULL, &w[i], &w[i - 1]);
        }
        V128 wk, next_e;
        for (unsigned j = 0; j < 4; j++) wk.s[j] = w[i].s[j] + k[i / 5];
        sem_sha1h(NULL, &next_e, &abcd);
        if (i < 5) {
            sem_sha1c(NULL, &abcd, &e, &wk);
        } else if (i >= 10 && i < 15) {
            sem_sha1m(NULL, &abcd, &e, &wk);
        } else {
            sem_sha1p(NULL, &abcd, &e, &wk);
        }
        e = next_e;
    }
    for (unsigned j = 0; j < 4; j++) abcd.s[j] += first.s[j];
    assert_same(abcd, words4("a9993e364706816aba3e25717850c26c"));
    assert_int_equal(e.s[0] + first_e.s[0], 0x9cd0d89d);
    assert_int_equal(e.d[1] | e.s[1], 0);
}

// FIPS 180-4, 4.2.3; the upper halves of the first 64 are the constants of SHA-256.
static const u64 sha_k[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static void test_sha256(void **state) {
    (void)state;
    u32 block[16];
    V128 w[16], abcd = words4("6a09e667bb67ae853c6ef372a54ff53a");
    V128 efgh = words4("510e527f9b05688c1f83d9ab5be0cd19"), first = abcd, first2 = efgh;
    abc_block(block);
    for (unsigned i = 0; i < 16; i++) {
        if (i < 4) {
            w[i] = vec4(block + 4 * i);
        } else {
            w[i] = w[i - 4];
            sem_sha256su0(NULL, &w[i], &w[i - 3]);
            sem_sha256su1(NULL, &w[i], &w[i - 2], &w[i - 1]);
        }
        V128 wk, old = abcd;
        for (unsigned j = 0; j < 4; j++) wk.s[j] = w[i].s[j] + (u32)(sha_k[4 * i + j] >> 32);
        sem_sha256h(NULL, &abcd, &efgh, &wk);
        sem_sha256h2(NULL, &efgh, &old, &wk);
    }
    for (unsigned j = 0; j < 4; j++) abcd.s[j] += first.s[j], efgh.s[j] += first2.s[j];
    assert_same(abcd, words4("ba7816bf8f01cfea414140de5dae2223"));
    assert_same(efgh, words4("b00361a396177a9cb410ff61f20015ad"));
}

static V128 pair(u64 low, u64 high) {
    return (V128){.d = {low, high}};
}

static void test_sha512(void **state) {
    (void)state;
    V128 w[40] = {[0] = pair(0x6162638000000000, 0), [7] = pair(0, 24)};
    V128 ab = pair(0x6a09e667f3bcc908, 0xbb67ae8584caa73b);
    V128 cd = pair(0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1);
    V128 ef = pair(0x510e527fade682d1, 0x9b05688c2b3e6c1f);
    V128 gh = pair(0x1f83d9abfb41bd6b, 0x5be0cd19137e2179);
    V128 h0 = ab, h1 = cd, h2 = ef, h3 = gh;
    for (unsigned i = 0; i < 40; i++) {
        if (i >= 8) {
            V128 w9_10 = pair(w[i - 4].d[1], w[i - 3].d[0]);
            w[i] = w[i - 8];
            sem_sha512su0(NULL, &w[i], &w[i - 7]);
            sem_sha512su1(NULL, &w[i], &w[i - 1], &w9_10);
        }
        u64 wk0 = w[i].d[0] + sha_k[2 * i], wk1 = w[i].d[1] + sha_k[2 * i + 1];
        V128 fg = pair(ef.d[1], gh.d[0]), de = pair(cd.d[1], ef.d[0]);
        V128 t = pair(gh.d[0] + wk1, gh.d[1] + wk0);
        sem_sha512h(NULL, &t, &fg, &de);
        V128 new_ef = pair(cd.d[0] + t.d[0], cd.d[1] + t.d[1]);
        sem_sha512h2(NULL, &t, &cd, &ab);
        gh = ef, ef = new_ef, cd = ab, ab = t;
    }
    assert_same(pair(ab.d[0] + h0.d[0], ab.d[1] + h0.d[1]),
                pair(0xddaf35a193617aba, 0xcc417349ae204131));
    assert_same(pair(cd.d[0] + h1.d[0], cd.d[1] + h1.d[1]),
                pair(0x12e6fa4e89a97ea2, 0x0a9eeee64b55d39a));
    assert_same(pair(ef.d[0] + h2.d[0], ef.d[1] + h2.d[1]),
                pair(0x2192992a274fc1a8, 0x36ba3c23a3feebbd));
    assert_same(pair(gh.d[0] + h3.d[0], gh.d[1] + h3.d[1]),
                pair(0x454d4423643ce80e, 0x2a9ac94fa54ca49f));
}

// --- SHA-3: Keccak-f by EOR3, RAX1, XAR and BCAX, two states side by side ---
static void keccak_round(V128 a[25], u64 constant) {
    V128 c[5], b[25], d;
    for (unsigned x = 0; x < 5; x++) {
        sem_eor3(NULL, &c[x], &a[x], &a[x + 5], &a[x + 10]);
        V128 rest = {.q = a[x + 15].q ^ a[x + 20].q};
        c[x].q ^= rest.q;
    }
    unsigned rotation[25] = {0}, x = 1, y = 0;
    for (unsigned t = 0; t < 24; t++) {
        rotation[x + 5 * y] = (t + 1) * (t + 2) / 2 % 64;
        unsigned next = (2 * x + 3 * y) % 5;
        x = y, y = next;
    }
    for (x = 0; x < 5; x++) {
        sem_rax1(NULL, &d, &c[(x + 4) % 5], &c[(x + 1) % 5]);
        for (y = 0; y < 5; y++)
            sem_xar(NULL, &b[y + 5 * ((2 * x + 3 * y) % 5)], &a[x + 5 * y], &d,
                    (64 - rotation[x + 5 * y]) % 64);
    }
    for (y = 0; y < 25; y += 5)
        for (x = 0; x < 5; x++)
            sem_bcax(NULL, &a[y + x], &b[y + x], &b[y + (x + 2) % 5], &b[y + (x + 1) % 5]);
    a[0].d[0] ^= constant;
    a[0].d[1] ^= constant;
}

// Of nothing and of "abc": the message, 01, the padding 1 ... 1 up to 136 bytes.
static void test_sha3_256(void **state) {
    (void)state;
    V128 a[25] = {[0] = pair(6, 0x06636261), [16] = pair(1ull << 63, 1ull << 63)};
    u8 lfsr = 1;
    for (unsigned round = 0; round < 24; round++) {
        u64 constant = 0;
        for (unsigned j = 0; j < 7; j++) {
            if (lfsr & 1) constant |= 1ull << ((1u << j) - 1);
            lfsr = (u8)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
        }
        keccak_round(a, constant);
    }
    static const char *const digest[2][2] = {
        {"a7ffc6f8bf1ed76651c14756a061d662", "f580ff4de43b49fa82d80a4b80f8434a"},
        {"3a985da74fe225b2045c172d6bd390bd", "855f086e3e9d525b46bfe24511431532"}};
    for (unsigned i = 0; i < 2; i++) {
        assert_same(pair(a[0].d[i], a[1].d[i]), bytes16(digest[i][0]));
        assert_same(pair(a[2].d[i], a[3].d[i]), bytes16(digest[i][1]));
    }
}

// --- SM3 and SM4 ---
static u32 rotate(u32 x, unsigned n) {
    return n % 32 ? x << n % 32 | x >> (32 - n % 32) : x;
}

static V128 reversed(V128 v) {
    return (V128){.s = {v.s[3], v.s[2], v.s[1], v.s[0]}};
}

static void test_sm3(void **state) {
    (void)state;
    u32 w[72];
    V128 abcd = reversed(words4("7380166f4914b2b9172442d7da8a0600"));
    V128 efgh = reversed(words4("a96f30bc163138aae38dee4db0fb0e4e")), first = abcd, first2 = efgh;
    abc_block(w);
    for (unsigned j = 0; j < 52; j += 4) {
        V128 d = vec4(w + j + 7), n = vec4(w + j), m = vec4(w + j + 12);
        V128 n2 = vec4(w + j + 10), m2 = vec4(w + j + 3);
        sem_sm3partw1(NULL, &d, &n, &m);
        sem_sm3partw2(NULL, &d, &n2, &m2);
        memcpy(w + j + 16, &d, 16);
    }
    for (unsigned j = 0; j < 64; j++) {
        V128 t = {.s = {0, 0, 0, rotate(j < 16 ? 0x79cc4519 : 0x7a879d8a, j)}}, ss1;
        V128 wj = vec4(w + j / 4 * 4), w4 = vec4(w + j / 4 * 4 + 4), prime = {.q = wj.q ^ w4.q};
        sem_sm3ss1(NULL, &ss1, &abcd, &t, &efgh);
        if (j < 16) {
            sem_sm3tt1a(NULL, &abcd, &ss1, &prime, j % 4);
            sem_sm3tt2a(NULL, &efgh, &ss1, &wj, j % 4);
        } else {
            sem_sm3tt1b(NULL, &abcd, &ss1, &prime, j % 4);
            sem_sm3tt2b(NULL, &efgh, &ss1, &wj, j % 4);
        }
    }
    abcd.q ^= first.q;
    efgh.q ^= first2.q;
    assert_same(reversed(abcd), words4("66c7f0f462eeedd9d1f2d46bdc10e4e2"));
    assert_same(reversed(efgh), words4("4167c4875cf2f7a2297da02b8f4ba8e0"));
}

static V128 sm4_encrypt(V128 x, const V128 *key) {
    for (unsigned i = 0; i < 8; i++) sem_sm4e(NULL, &x, &key[i]);
    return reversed(x);
}

// Both examples: one block, and 1,000,000 times the same.
static void test_sm4(void **state) {
    (void)state;
    V128 key[8], k = words4("0123456789abcdeffedcba9876543210"), x = k;
    V128 fk = words4("a3b1bac656aa3350677d9197b27022dc");
    k.q ^= fk.q;
    for (unsigned i = 0; i < 32; i += 4) {
        V128 ck;
        for (unsigned j = 0; j < 4; j++) {
            ck.s[j] = 0;
            for (unsigned b = 0; b < 4; b++) ck.s[j] = ck.s[j] << 8 | (4 * (i + j) + b) * 7 % 256;
        }
        sem_sm4ekey(NULL, &k, &k, &ck);
        key[i / 4] = k;
    }
    x = sm4_encrypt(x, key);
    assert_same(x, words4("681edf34d206965e86b3e94f536e4246"));
    for (unsigned i = 1; i < 1000000; i++) x = sm4_encrypt(x, key);
    assert_same(x, words4("595298c7c6fd271f0402f804c33d3f66"));
}

// --- PMULL ---
static void test_pmull64(void **state) {
    (void)state;
    V128 a = pair(3, 0x8000000000000001), b = pair(~0ull, 0x8000000000000000), r;
    sem_pmull_p64(NULL, &r, &a, &b, 0);  // (x + 1) * (all ones)
    assert_same(r, pair(1, 1));
    sem_pmull_p64(NULL, &r, &a, &b, 1);
    assert_same(r, pair(0x8000000000000000, 0x4000000000000000));
    // A square spreads the bits out.
    sem_pmull_p64(NULL, &r, &(V128){.d = {0xf}}, &(V128){.d = {0xf}}, 0);
    assert_same(r, pair(0x55, 0));
}

// --- GHASH: products in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1, bit 0 of a block first ---
static V128 polynomial(V128 block) {
    V128 r;
    for (unsigned i = 0; i < 16; i++) {
        u8 b = 0;
        for (unsigned k = 0; k < 8; k++) b |= (u8)((block.b[i] >> k & 1) << (7 - k));
        r.b[i] = b;
    }
    return r;
}

static V128 times(u64 a, u64 b, unsigned upper) {  // by the lower or the upper lanes
    V128 n = {.d = {~a, ~a}}, m = {.d = {~b, ~b}}, r;
    n.d[upper] = a, m.d[upper] = b;
    sem_pmull_p64(NULL, &r, &n, &m, upper);
    return r;
}

static V128 gcm_multiply(V128 x, V128 y) {
    V128 a = polynomial(x), b = polynomial(y);
    V128 low = times(a.d[0], b.d[0], 0), high = times(a.d[1], b.d[1], 1);
    V128 m1 = times(a.d[0], b.d[1], 0), m2 = times(a.d[1], b.d[0], 1);
    low.d[1] ^= m1.d[0] ^ m2.d[0];
    high.d[0] ^= m1.d[1] ^ m2.d[1];
    // x^128 is x^7 + x^2 + x + 1.
    V128 fold = times(high.d[1], 0x87, 1);
    low.d[1] ^= fold.d[0];
    high.d[0] ^= fold.d[1];
    fold = times(high.d[0], 0x87, 0);
    return polynomial((V128){.q = low.q ^ fold.q});
}

// Test case 2: the key and one block are 0. The hash key is the encrypted zero.
static void test_ghash(void **state) {
    (void)state;
    V128 key[11], h = {.q = 0};
    expand_key(key, h);
    for (unsigned i = 0; i < 9; i++) {
        sem_aese(NULL, &h, &key[i]);
        sem_aesmc(NULL, &h, &h);
    }
    sem_aese(NULL, &h, &key[9]);
    h.q ^= key[10].q;
    assert_same(h, bytes16("66e94bd4ef8a2c3b884cfa59ca342b2e"));
    V128 x = gcm_multiply(bytes16("0388dace60b6a392f328c2b971b2fe78"), h);
    assert_same(x, bytes16("5e2ec746917062882c85b0685353deb7"));
    x.q ^= bytes16("00000000000000000000000000000080").q;
    assert_same(gcm_multiply(x, h), bytes16("f38cbb1ad69223dcc3457ae5b6b0f885"));
}

// --- CRC-32 and CRC-32C ---
// The bytes by the widest instructions that fit; complemented before and behind.
static u32 crc(bool castagnoli, const u8 *p, size_t n, unsigned widest) {
    u64 acc = 0xffffffff;
    while (n) {
        unsigned size = widest;
        while (1u << size > n) size--;
        u64 value = 0;
        memcpy(&value, p, 1u << size);
        if (castagnoli && size == 3)
            sem_crc32cx(NULL, &acc, acc, value);
        else if (castagnoli)
            sem_crc32c(NULL, (int)size, &acc, acc, value);
        else if (size == 3)
            sem_crc32x(NULL, &acc, acc, value);
        else
            sem_crc32(NULL, (int)size, &acc, acc, value);
        p += 1u << size, n -= 1u << size;
    }
    return ~(u32)acc;
}

static void test_crc(void **state) {
    (void)state;
    static const u8 check[] = "123456789";
    u8 zeros[32], ones32[32], up[32], down[32];
    for (unsigned i = 0; i < 32; i++)
        zeros[i] = 0, ones32[i] = 0xff, up[i] = (u8)i, down[i] = (u8)(31 - i);
    for (unsigned widest = 0; widest < 4; widest++) {
        assert_int_equal(crc(false, check, 9, widest), 0xcbf43926);
        assert_int_equal(crc(true, check, 9, widest), 0xe3069283);
        assert_int_equal(crc(false, zeros, 32, widest), 0x190a55ad);
        assert_int_equal(crc(true, zeros, 32, widest), 0x8a9136aa);  // RFC 3720, B.4
        assert_int_equal(crc(true, ones32, 32, widest), 0x62a8ab43);
        assert_int_equal(crc(true, up, 32, widest), 0x46dd794e);
        assert_int_equal(crc(true, down, 32, widest), 0x113fdb5c);
    }
}

// Every byte by division: the polynomials 0x04c11db7 and 0x1edc6f41, bits reversed.
static void test_crc_bytes(void **state) {
    (void)state;
    for (unsigned castagnoli = 0; castagnoli < 2; castagnoli++)
        for (u32 x = 0; x < 256; x++) {
            u32 rest = x;
            for (unsigned i = 0; i < 8; i++)
                rest = rest >> 1 ^ (rest & 1) * (castagnoli ? 0x82f63b78 : 0xedb88320);
            u64 acc = 0;
            if (castagnoli)
                sem_crc32c(NULL, 0, &acc, acc, x);
            else
                sem_crc32(NULL, 0, &acc, acc, x);
            assert_int_equal(acc, rest);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aes128),  cmocka_unit_test(test_aes_substitution),
        cmocka_unit_test(test_sha1),    cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha512),  cmocka_unit_test(test_sha3_256),
        cmocka_unit_test(test_sm3),     cmocka_unit_test(test_sm4),
        cmocka_unit_test(test_pmull64), cmocka_unit_test(test_ghash),
        cmocka_unit_test(test_crc),     cmocka_unit_test(test_crc_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
