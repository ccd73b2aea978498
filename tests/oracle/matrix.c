// The exhaustive matrix of system register accesses: every encoding (op0, op1, CRn, CRm, op2), read and
// written, at EL0, EL1 and EL2, under every single control bit flipped from two base states (all zero; all
// open, where nothing traps) and every combination of HCR_EL2's modes (E2H, TGE, NV, NV1, NV2): what the
// product does, and the rule it names, is what the oracle says. Pairs of control bits are sampled with a seed.
//
//   matrix MODEL [--full] [--seed N] [--pairs N] [--gic N] [--no-el2]
//
// Without --full the encodings that the oracle finds UNDEFINED in both base states, all modes and all
// Exception levels are not run under each single bit, but in the base states and with all trap bits of all
// registers set together. A control bit alone can only make an instruction trap, and an instruction that is
// nothing else than UNDEFINED has no other trap that could hide it, so a bit that would wrongly trap it shows
// when all are set. The bits that concern unallocated encodings (HCR_EL2.TIDCP, TID3) are run alone too.
//
// Left out: the hints that have traps of their own (WFE, WFI, pointer authentication), which are
// routing's.
#include "oracle_sysreg.h"
#include "subject.h"

#include "cpu/sysreg.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct Count {
    uint64_t tried, passed;
} Count;

typedef enum Class { OP0_0, OP0_1, OP0_2, OP0_3, UNALLOCATED, CLASSES } Class;

static const char *const class_name[CLASSES] = {"MSR (immediate), barriers, hints", "SYS, SYSL",
                                                "debug registers", "system registers",
                                                "unallocated encodings"};

typedef struct Matrix {
    Subject *s;
    const char *model;
    uint64_t value[CONTROLS];  // of the configuration
    bool sp;
    char what[80];  // what is flipped
    unsigned modes;
    uint64_t mode[32];       // bits of HCR_EL2
    uint8_t *allocated;      // by slot
    unsigned *slots, count;  // those
    uint64_t operand[WORDS];
    Count counts[CLASSES];
    uint64_t mismatches;
    unsigned control_bits;  // that trap
    unsigned max_reports;
} Matrix;

enum { E2H = 34, TGE = 27, NV = 42, NV1 = 43, NV2 = 45 };

// --- reports ---------------------------------------------------------------------------------

static void print_result(const char *who, OracleKind kind, int el, unsigned ec, unsigned iss) {
    if (kind == ORACLE_SYNC)
        fprintf(stderr, "  %-8s exception to EL%d, EC 0x%02x, ISS 0x%07x\n", who, el, ec, iss);
    else
        fprintf(stderr, "  %-8s %s\n", who,
                kind == ORACLE_EXECUTES ? "executes" : "stops: not modelled");
}

static void report(Matrix *m, int el, const Instruction *i, const Outcome *got,
                   const OracleResult *want, const char *why) {
    char name[32];
    if (m->mismatches++ >= m->max_reports) return;
    sysreg_name_of_encoding(i->enc, name, sizeof name);
    fprintf(stderr, "MISMATCH %s: S%u_%u_C%u_C%u_%u (%s) %s Rt=%u at EL%d, %s: %s\n", m->model,
            i->enc >> 14, i->enc >> 11 & 7, i->enc >> 7 & 15, i->enc >> 3 & 15, i->enc & 7, name,
            i->read ? "read" : "write", i->rt, el, m->what, why);
    print_result("oracle:", want->kind, want->target_el, want->ec, want->iss);
    fprintf(stderr, "           %s%s, reaches 0x%04x%s\n", want->cause ? "by " : "",
            want->cause ? want->cause : "", want->enc, want->memory ? " in memory" : "");
    print_result("product:", got->kind, got->target_el, got->esr >> 26, got->esr & 0x1ffffff);
    if (got->rule) fprintf(stderr, "           by %s\n", got->rule);
    if (got->kind == ORACLE_NOT_MODELLED)
        fprintf(stderr, "           %s\n", m->s->machine->stop_text);
    fprintf(stderr, "  HCR_EL2 0x%016llx", (unsigned long long)m->s->state.HCR_EL2);
    for (unsigned k = 0; k < CONTROLS - 1; k++) {
        uint64_t v = *(uint64_t *)((char *)&m->s->state + m->s->control[k].offset);
        if (v) fprintf(stderr, " %s 0x%llx", m->s->control[k].name, (unsigned long long)v);
    }
    fprintf(stderr, "\n");
}

// --- one case, one configuration ---------------------------------------------------------------

static void run_case(Matrix *m, int el, unsigned slot) {
    Instruction i = subject_instruction(slot);
    Subject *s = m->s;
    s->state.el = el;
    s->state.pstate = s->pstate[el];
    OracleResult want = oracle_sysreg(&s->state, i.enc, i.read, i.rt);
    Outcome got = subject_execute(s, el, &i, m->operand[slot]);
    const char *why = subject_compare(s, el, &i, m->operand[slot], &got, &want);
    Count *c = &m->counts[m->allocated[slot] ? (Class)(i.enc >> 14) : UNALLOCATED];
    c->tried++;
    if (why)
        report(m, el, &i, &got, &want, why);
    else
        c->passed++;
}

static void run_configuration(Matrix *m, bool everything) {
    subject_configure(m->s, m->value, m->sp);
    for (int el = 0; el < 3; el++) {
        if (!subject_reachable(m->s, el)) continue;
        if (everything) {
            for (unsigned slot = 0; slot < WORDS; slot++) {
                Instruction i = subject_instruction(slot);
                if (!subject_left_out(&i)) run_case(m, el, slot);
            }
        } else {
            for (unsigned k = 0; k < m->count; k++) run_case(m, el, m->slots[k]);
        }
    }
}

// --- configurations --------------------------------------------------------------------------

static void base(Matrix *m, bool open, unsigned mode) {
    m->sp = true;
    for (unsigned k = 0; k < CONTROLS; k++) m->value[k] = open ? m->s->control[k].open : 0;
    m->value[CONTROL_HCR] |= 1ull << 31 | m->mode[mode];
    snprintf(m->what, sizeof m->what, "%s, mode %u", open ? "open" : "zero", mode);
}

static void flip(Matrix *m, unsigned control, unsigned n) {
    size_t used = strlen(m->what);
    m->value[control] ^= 1ull << n;
    snprintf(m->what + used, sizeof m->what - used, ", %s<%u> flipped", m->s->control[control].name,
             n);
}

// Combinations of mode bits that HCR_EL2 keeps.
static void find_modes(Matrix *m) {
    static const unsigned bits[] = {E2H, TGE, NV, NV1, NV2};
    uint64_t writable = m->s->control[CONTROL_HCR].writable;
    for (unsigned k = 0; k < 32; k++) {
        uint64_t mode = 0;
        bool kept = true;
        for (unsigned b = 0; b < 5; b++) {
            if (!(k >> b & 1)) continue;
            mode |= 1ull << bits[b];
            kept &= writable >> bits[b] & 1;
        }
        if (kept) m->mode[m->modes++] = mode;
    }
}

// Slots for which the oracle says anything but UNDEFINED for want of an encoding, in any base state.
static void find_allocated(Matrix *m) {
    for (unsigned open = 0; open < 2; open++)
        for (unsigned mode = 0; mode < m->modes; mode++) {
            base(m, open, mode);
            subject_configure(m->s, m->value, true);
            for (unsigned slot = 0; slot < WORDS; slot++) {
                Instruction i = subject_instruction(slot);
                for (int el = 0; el < 3 && !m->allocated[slot]; el++) {
                    m->s->state.el = el;
                    m->s->state.pstate = m->s->pstate[el];
                    OracleResult r = oracle_sysreg(&m->s->state, i.enc, i.read, i.rt);
                    m->allocated[slot] = r.kind != ORACLE_SYNC || r.ec != 0;
                }
            }
        }
    for (unsigned slot = 0; slot < WORDS; slot++) {
        Instruction i = subject_instruction(slot);
        // With its other direction: a read-only register's write is UNDEFINED in another place.
        bool either = m->allocated[slot] || m->allocated[slot ^ 1];
        if (either && !subject_left_out(&i)) m->slots[m->count++] = slot;
    }
}

static void run_bases(Matrix *m, unsigned mode) {
    for (unsigned open = 0; open < 2; open++) {
        base(m, open, mode);
        run_configuration(m, true);
        m->sp = false;
        snprintf(m->what + strlen(m->what), sizeof m->what - strlen(m->what), ", SPSel 0");
        run_configuration(m, false);
    }
    // Every control bit set.
    base(m, false, mode);
    for (unsigned k = 0; k < CONTROL_HCR; k++) m->value[k] = ~0ull;
    m->value[CONTROL_HCR] =
        ~(1ull << E2H | 1ull << TGE | 1ull << NV | 1ull << NV1 | 1ull << NV2) | m->mode[mode];
    snprintf(m->what, sizeof m->what, "all set, mode %u", mode);
    run_configuration(m, true);
}

static void run_single_bits(Matrix *m, unsigned mode, bool full) {
    for (unsigned open = 0; open < 2; open++)
        for (unsigned k = 0; k < CONTROLS; k++)
            for (unsigned n = 0; n < 64; n++) {
                const Control *c = &m->s->control[k];
                if (!(c->writable >> n & 1)) continue;
                bool mode_bit =
                    k == CONTROL_HCR && (n == E2H || n == TGE || n == NV || n == NV1 || n == NV2);
                bool unallocated = k == CONTROL_HCR && (n == 20 || n == 18);
                if (mode_bit) continue;
                base(m, open, mode);
                flip(m, k, n);
                run_configuration(m, full || unallocated);
            }
}

static uint64_t next(uint64_t *state) {  // xorshift
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void flip_random(Matrix *m, uint64_t *state) {
    for (;;) {
        unsigned k = next(state) % CONTROLS, n = next(state) % 64;
        if (m->s->control[k].writable >> n & 1) {
            flip(m, k, n);
            return;
        }
    }
}

static void run_pairs(Matrix *m, uint64_t seed, unsigned pairs) {
    uint64_t state = seed * 2 + 1;
    for (unsigned k = 0; k < 16; k++) next(&state);
    for (unsigned k = 0; k < pairs; k++) {
        base(m, next(&state) & 1, next(&state) % m->modes);
        flip_random(m, &state);
        flip_random(m, &state);
        run_configuration(m, false);
    }
}

// --- the program -----------------------------------------------------------------------------

static int finish(const Matrix *m, double seconds) {
    uint64_t tried = 0, passed = 0;
    for (unsigned k = 0; k < CLASSES; k++) {
        printf("%-34s %12llu tried %12llu passed\n", class_name[k],
               (unsigned long long)m->counts[k].tried, (unsigned long long)m->counts[k].passed);
        tried += m->counts[k].tried;
        passed += m->counts[k].passed;
    }
    printf("%-34s %12llu tried %12llu passed, %.1f s, %.2f M/s\n", m->model,
           (unsigned long long)tried, (unsigned long long)passed, seconds, tried / seconds / 1e6);
    if (m->mismatches) printf("%llu MISMATCHES\n", (unsigned long long)m->mismatches);
    return m->mismatches || !tried;
}

// A control bit whose feature is advertised can be set; one whose feature is not cannot.
static void check_control_bits(Matrix *m) {
    OracleFeatures all;
    memset(&all, 1, sizeof all);
    for (unsigned k = 0; k < CONTROLS; k++) {
        const Control *c = &m->s->control[k];
        uint64_t want = oracle_control_bits(&m->s->state.has, c->name);
        uint64_t known = oracle_control_bits(&all, c->name);
        uint64_t wrong = (c->writable ^ want) & known;
        m->control_bits += (unsigned)__builtin_popcountll(want);
        if (!wrong) continue;
        m->mismatches++;
        fprintf(stderr,
                "MISMATCH %s: %s bits 0x%016llx are writable, of these should be 0x%016llx\n",
                m->model, c->name, (unsigned long long)c->writable, (unsigned long long)want);
        fprintf(stderr, "  wrong: 0x%016llx\n", (unsigned long long)wrong);
    }
}

int main(int argc, char **argv) {
    bool full = false, el2 = true;
    uint64_t seed = 1;
    unsigned pairs = 5000, reports = 1;
    int gic = 3;
    if (argc < 2) {
        fprintf(stderr,
                "usage: %s MODEL [--full] [--seed N] [--pairs N] [--gic 2|3] [--no-el2] [--reports "
                "N]\n",
                argv[0]);
        return 2;
    }
    for (int a = 2; a < argc; a++) {
        if (!strcmp(argv[a], "--full")) full = true;
        if (!strcmp(argv[a], "--no-el2")) el2 = false;
        if (a + 1 >= argc) continue;
        if (!strcmp(argv[a], "--seed")) seed = strtoull(argv[a + 1], NULL, 0);
        if (!strcmp(argv[a], "--pairs")) pairs = (unsigned)strtoul(argv[a + 1], NULL, 0);
        if (!strcmp(argv[a], "--gic")) gic = atoi(argv[a + 1]);
        if (!strcmp(argv[a], "--reports")) reports = (unsigned)atoi(argv[a + 1]);
    }
    Matrix *m = calloc(1, sizeof *m);
    CHECK(m);
    m->model = argv[1];
    m->max_reports = reports;
    m->s = subject_create(argv[1], gic, el2);
    CHECK(m->allocated = calloc(WORDS, 1));
    CHECK(m->slots = calloc(WORDS, sizeof *m->slots));
    for (unsigned slot = 0; slot < WORDS; slot++) {
        Instruction i = subject_instruction(slot);
        m->operand[slot] = subject_operand(m->s, &i);
    }
    clock_t start = clock();
    check_control_bits(m);
    find_modes(m);
    find_allocated(m);
    printf("%s: %u modes, %u trap bits, %u allocated of %u instructions, seed %llu, %u pairs\n",
           m->model, m->modes, m->control_bits, m->count, WORDS, (unsigned long long)seed, pairs);
    for (unsigned mode = 0; mode < m->modes; mode++) {
        run_bases(m, mode);
        run_single_bits(m, mode, full);
    }
    run_pairs(m, seed, pairs);
    int status = finish(m, (double)(clock() - start) / CLOCKS_PER_SEC);
    subject_free(m->s);
    free(m->allocated);
    free(m->slots);
    free(m);
    return status;
}
