// Fuzz target: system register accesses against the oracle. The bytes choose a machine, all control registers
// and some instructions; each executes from the same state and does what the oracle says, and what an MSR has
// written is what an MRS by the same name then reads, under the masks of sysregs.reg.
// Layout: machine, flags, number of changes; so many times a control register and 8 bytes that are XORed into
// it; then instructions of 12 bytes: flags, Rt, 2 bytes encoding or row of sysregs.reg, 8 bytes Xt.
#include "oracle_sysreg.h"
#include "subject.h"

#include "cpu/sysreg.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MACHINES = 32, MODES = 5 };

static u64 take(const uint8_t **data, size_t *size, size_t n) {
    u64 value = 0;
    n = MIN(n, *size);
    memcpy(&value, *data, n);
    *data += n;
    *size -= n;
    return value;
}

// Machines are made once: an input starts from a state that it writes whole.
static Subject *machine_of(unsigned n) {
    static const char *const models[] = {"cortex-a57", "cortex-a72", "neoverse-n1", "max",
                                         "max,mte",    "max,mte",    "max,mte",     "max,mte"};
    static Subject *made[MACHINES];
    if (!made[n])
        made[n] = subject_create(models[(n & 3) | (n & 16) >> 2], n & 4 ? 2 : 3, !(n & 8));
    return made[n];
}

static void configure(Subject *s, const uint8_t **data, size_t *size) {
    static const u8 mode_bit[MODES] = {34, 27, 42, 43, 45};  // E2H, TGE, NV, NV1, NV2
    u64 value[CONTROLS];
    unsigned flags = (unsigned)take(data, size, 1);
    for (unsigned k = 0; k < CONTROLS; k++) value[k] = flags & 1 ? s->control[k].open : 0;
    for (unsigned k = 0; k < MODES; k++)
        value[CONTROL_HCR] ^= (u64)(flags >> (2 + k) & 1) << mode_bit[k];
    unsigned changes = (unsigned)take(data, size, 1) & 31;
    for (unsigned k = 0; k < changes; k++) {
        unsigned control = (unsigned)take(data, size, 1) % CONTROLS;
        value[control] ^= take(data, size, 8);
    }
    subject_configure(s, value, !(flags & 2));
}

static void fail(const Subject *s, int el, const Instruction *i, u64 xt, const Outcome *got,
                 const OracleResult *want, const char *why) {
    char name[32];
    fprintf(stderr, "%s: S%u_%u_C%u_C%u_%u (%s) %s Rt=%u Xt=0x%llx at EL%d: %s\n",
            s->machine->config.cpu_model, i->enc >> 14, i->enc >> 11 & 7, i->enc >> 7 & 15,
            i->enc >> 3 & 15, i->enc & 7, sysreg_name_of_encoding(i->enc, name, sizeof name),
            i->read ? "read" : "write", i->rt, (unsigned long long)xt, el, why);
    fprintf(stderr, "  oracle:  kind %d EL%d EC 0x%02x ISS 0x%07x, %s\n", want->kind,
            want->target_el, want->ec, want->iss, want->cause ? want->cause : "");
    fprintf(stderr, "  product: kind %d EL%d ESR 0x%08x %s\n", got->kind, got->target_el, got->esr,
            got->kind == ORACLE_NOT_MODELLED ? s->machine->stop_text : "");
    for (unsigned k = 0; k < CONTROLS; k++)
        fprintf(stderr, "  %s 0x%llx\n", s->control[k].name,
                *(unsigned long long *)((char *)&s->state + s->control[k].offset));
    abort();
}

static bool only_stores(unsigned enc) {
    unsigned index = sysreg_index(enc);
    if (index == SYSREG_NONE) return false;
    const SysRegInfo *r = sysreg_info(index);
    return r->offset != SYSREG_NONE && !r->read && !r->write && !r->insn && r->read_el <= 2;
}

static void read_back(Subject *s, int el, const Instruction *written, u64 xt,
                      const OracleResult *want) {
    Instruction i = *written;
    if (want->memory || !only_stores(want->enc) || i.rt >= 31) return;
    i.read = true;
    subject_assemble(s, &i);
    Outcome got = subject_execute_next(s, &i);
    u64 expected = sysreg_masked(s->cpu, sysreg_index(want->enc), xt);
    if (got.kind == ORACLE_EXECUTES && s->cpu->x[i.rt] != expected)
        fail(s, el, &i, xt, &got, want, "it reads back another value");
}

static void instruction(Subject *s, const uint8_t **data, size_t *size) {
    unsigned flags = (unsigned)take(data, size, 1);
    Instruction i = {.rt = (unsigned)take(data, size, 1) & 31, .read = flags & 4};
    unsigned row = (unsigned)take(data, size, 2);
    u64 xt = take(data, size, 8);
    int el = (flags & 3) % 3;
    i.enc = flags & 8 ? row : sysreg_info(row % SYSREG_COUNT)->enc;
    if (i.enc >> 14 == 0 && !(flags & 16)) i.rt = 31;
    if (!subject_reachable(s, el) || subject_left_out(&i)) return;
    s->state.el = el;
    s->state.pstate = s->pstate[el];
    OracleResult want = oracle_sysreg(&s->state, i.enc, i.read, i.rt);
    subject_assemble(s, &i);
    Outcome got = subject_execute(s, el, &i, xt);
    const char *why = subject_compare(s, el, &i, xt, &got, &want);
    if (why) fail(s, el, &i, xt, &got, &want, why);
    if (!i.read && want.kind == ORACLE_EXECUTES && got.kind == ORACLE_EXECUTES)
        read_back(s, el, &i, xt, &want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Subject *s = machine_of((unsigned)take(&data, &size, 1) % MACHINES);
    configure(s, &data, &size);
    for (unsigned n = 0; n < 32 && size; n++) instruction(s, &data, &size);
    return 0;
}
