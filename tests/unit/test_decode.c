// The generated decoder as a whole: every row and handler can be reached, no word is claimed by two
// rows that are not special cases of one another, a row goes when a feature it needs goes, and the
// reasons that tools give (isa.h) are the decoder's.
// Words are random with a fixed seed; half of them have the fixed bits of a row.
#include "cpu/isa.h"
#include "gen/handlers.h"
#include "isa/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SCAN_WORDS = 24000000, TRIES = 200000, MAX_CLAIMS = 16 };

static bool claims(const DecodeRow *row, u32 word, unsigned index, Op *op) {
    if ((word & row->mask) != row->value) return false;
    memset(op, 0, sizeof *op);
    return row->decode(word, index, op);
}

static bool is_undef(const DecodeRow *row) {
    return row->handlers == 0;
}

// A word that decodes to this row when all features are there.
static bool find_word(const DecodeRow *row, u64 *seed, u32 *word) {
    Op op;
    for (unsigned i = 0; i < TRIES; i++) {
        *word = word_of(row, seed);
        if (is_undef(row) ? claims(row, *word, 0, &op) && op.id == OP_UNDEFINED
                          : decode_row(all_features, *word, 0, &op) == row)
            return true;
    }
    return false;
}

// The row is in the bucket of every word that has its fixed bits: decode_row() looks nowhere else.
static bool in_bucket(const DecodeRow *row, u32 word) {
    for (u32 i = decode_bucket[word >> 21]; i < decode_bucket[(word >> 21) + 1]; i++)
        if (&decode_rows[decode_candidates[i]] == row) return true;
    return false;
}

static void test_rows_are_reachable(void **state) {
    (void)state;
    u64 seed = 1;
    unsigned unreached = 0;
    for (unsigned i = 0; i < decode_row_count; i++) {
        const DecodeRow *row = &decode_rows[i];
        u32 word;
        if (!find_word(row, &seed, &word)) {
            print_error("row %s (%s): no word decodes to it\n", row->name, row->diagram);
            unreached++;
            continue;
        }
        if (!in_bucket(row, word)) fail_msg("row %s is not in the bucket of %08x", row->name, word);
    }
    print_message("%u rows, %u unreachable\n", decode_row_count, unreached);
    assert_int_equal(unreached, 0);
    assert_true(decode_row_count > 500);
}

static void test_handlers_are_reachable(void **state) {
    (void)state;
    static u8 reached[OP_COUNT];
    u64 seed = 2;
    Op op;
    for (unsigned i = 0; i < decode_row_count; i++) {
        const DecodeRow *row = &decode_rows[i];
        unsigned missing = row->handlers;
        for (unsigned n = 0; n < TRIES && missing; n++) {
            u32 word = word_of(row, &seed);
            unsigned index = next_random(&seed) % PAGE_OPS;
            if (decode_row(all_features, word, index, &op) != row) continue;
            if (op.id < row->first_id || op.id >= row->first_id + row->handlers)
                fail_msg("%08x: row %s has handlers %u to %u, not %u", word, row->name,
                         row->first_id, row->first_id + row->handlers - 1, op.id);
            missing -= !reached[op.id];
            reached[op.id] = 1;
        }
    }
    unsigned never = 0, sequences = 0;
    for (unsigned id = OP_UNDEFINED + 1; id < OP_COUNT; id++) {
        if (op_length[id] > 1) sequences++;  // test_fuse.c reaches them
        if (reached[id] || op_length[id] > 1) continue;
        never++;
        for (unsigned i = 0; i < decode_row_count; i++)
            if (id - decode_rows[i].first_id < decode_rows[i].handlers)
                print_message("no word for handler %u of row %s\n", id - decode_rows[i].first_id,
                              decode_rows[i].name);
    }
    print_message("%u handlers, %u that no word uses\n", OP_COUNT - OP_UNDEFINED - 1 - sequences,
                  never);
    // MOVK of a 32-bit register with hw 2 and 3: its `where` excludes them.
    assert_int_equal(never, 2);
}

static void test_features_are_needed(void **state) {
    (void)state;
    u64 seed = 3;
    unsigned checked = 0;
    for (unsigned i = 0; i < decode_row_count; i++) {
        const DecodeRow *row = &decode_rows[i];
        u32 word;
        if (is_undef(row) || !(row->features[0] | row->features[1])) continue;
        assert_true(find_word(row, &seed, &word));
        for (unsigned f = 0; f < FEATURE_COUNT; f++) {
            if (!(row->features[f / 64] >> f % 64 & 1)) continue;
            u64 without[2] = {all_features[0], all_features[1]};
            without[f / 64] &= ~(1ull << f % 64);
            Op op;
            if (decode_row(without, word, 0, &op) == row)
                fail_msg("%08x is %s without %s", word, row->name, feature_names[f]);
            checked++;
        }
    }
    print_message("%u needs of features\n", checked);
    assert_true(checked > 50);
}

// All rows that claim the word, most special first; also that decode_row() picks the first.
static unsigned check_word(u32 word, unsigned index) {
    const DecodeRow *claim[MAX_CLAIMS];
    unsigned n = 0;
    Op op, first = {0};
    for (u32 i = decode_bucket[word >> 21]; i < decode_bucket[(word >> 21) + 1]; i++) {
        const DecodeRow *row = &decode_rows[decode_candidates[i]];
        if (!claims(row, word, index, &op)) continue;
        for (unsigned k = 0; k < n; k++)
            if (!isa_special_case((unsigned)(claim[k] - decode_rows), decode_candidates[i]))
                fail_msg("%08x is claimed by %s and %s", word, claim[k]->name, row->name);
        if (!n) first = op;
        assert_true(n < MAX_CLAIMS);
        claim[n++] = row;
    }
    const DecodeRow *row = decode_row(all_features, word, index, &op);
    if (row != (n && !is_undef(claim[0]) ? claim[0] : NULL))
        fail_msg("%08x: not the first row", word);
    if (!row && op.id != OP_UNDEFINED) fail_msg("%08x: no row, handler %u", word, op.id);
    if (row && memcmp(&op, &first, sizeof op)) fail_msg("%08x: decoded in two ways", word);
    return n;
}

static void test_no_word_has_two_rows(void **state) {
    (void)state;
    u64 seed = 4;
    u64 claimed[3] = {0}, total[2] = {0}, defined[2] = {0};
    for (u32 i = 0; i < SCAN_WORDS; i++) {
        u64 r = next_random(&seed);
        bool directed = i & 1;
        u32 word = directed ? word_of(&decode_rows[(r >> 32) % decode_row_count], &seed) : (u32)r;
        if (directed && (r & 3) == 0) word ^= 1u << (r >> 8 & 31);  // just beside a row
        unsigned n = check_word(word, r >> 16 & (PAGE_OPS - 1));
        claimed[MIN(n, 2u)]++;
        total[directed]++;
        defined[directed] += n > 0;
    }
    print_message("%u words: %llu of no row, %llu of one, %llu of a row and its special case\n",
                  SCAN_WORDS, (unsigned long long)claimed[0], (unsigned long long)claimed[1],
                  (unsigned long long)claimed[2]);
    print_message("%llu %% of random words and %llu %% of those made for a row are in some row\n",
                  (unsigned long long)(defined[0] * 100 / total[0]),
                  (unsigned long long)(defined[1] * 100 / total[1]));
    assert_true(claimed[0] && claimed[1] && claimed[2]);
}

// isa_check(), which says why a word is not a row's, says no exactly when the decoder does, and the bits
// that are not `deciding` change nothing.
static void test_reasons_are_the_decoders(void **state) {
    (void)state;
    u64 seed = 5, seen[ISA_UNDEF + 1] = {0};
    Op op;
    for (unsigned i = 0; i < decode_row_count; i++)
        for (unsigned n = 0; n < 4000; n++) {
            u32 word = word_of(&decode_rows[i], &seed);
            if (n % 8 == 0) word ^= 1u << (n >> 3 & 31);
            IsaVerdict v = isa_check(i, word, NULL);
            seen[v]++;
            if ((v == ISA_MATCHES || v == ISA_UNDEF) != claims(&decode_rows[i], word, 0, &op))
                fail_msg("%08x: row %s, verdict %d", word, decode_rows[i].name, v);
            u32 free = ~(decode_rows[i].mask | isa_rows[i].deciding);
            if (isa_check(i, word ^ ((u32)next_random(&seed) & free), NULL) != v)
                fail_msg("%08x: row %s looks at other bits", word, decode_rows[i].name);
        }
    for (unsigned v = 0; v <= ISA_UNDEF; v++) assert_true(seen[v]);
}

// The first and the last word, and every word with one bit set or clear.
static void test_extreme_words(void **state) {
    (void)state;
    check_word(0, 0);
    check_word(~0u, PAGE_OPS - 1);
    for (unsigned a = 0; a < 32; a++)
        for (unsigned b = 0; b < 32; b++) {
            check_word(1u << a | 1u << b, 0);
            check_word(~(1u << a | 1u << b), PAGE_OPS - 1);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_reachable),
        cmocka_unit_test(test_handlers_are_reachable),
        cmocka_unit_test(test_features_are_needed),
        cmocka_unit_test(test_extreme_words),
        cmocka_unit_test(test_no_word_has_two_rows),
        cmocka_unit_test(test_reasons_are_the_decoders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
