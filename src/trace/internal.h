// What the files of src/trace share.
#pragma once

#include "cpu/cpu.h"
#include "cpu/exit_ring.h"
#include "cpu/insn_watch.h"
#include "cpu/observer.h"
#include "debugger/symbols.h"
#include "gic/gic.h"
#include "trace/trace.h"

#include <stdio.h>

// --- text.c: numbers and strings into a large buffer, without stdio -----------------------------

enum { TEXT_SIZE = 1 << 20, LINE_MAX_LENGTH = 2048 };

typedef struct Text {
    char *at;  // next byte
    char *start;
    int fd;
    bool close_fd;
    int failed;  // errno of the first write that failed
} Text;

bool text_open(Text *t, const char *path, int fd, Error *err);
void text_flush(Text *t);
void text_close(Text *t);
// Room for a line of LINE_MAX_LENGTH.
static inline void text_reserve(Text *t) {
    if (unlikely(t->at - t->start > TEXT_SIZE - LINE_MAX_LENGTH)) text_flush(t);
}

// These write at p and return the new end.
char *put_text(char *p, const char *s);
char *put_some(char *p, const char *s, size_t most);  // at most so many bytes
char *put_dec(char *p, u64 n);
char *put_dec_width(char *p, u64 n, unsigned width);  // padded on the left with spaces
char *put_hex(char *p, u64 n);                        // 0x..., no leading zeros
char *put_thousands(char *p, u64 n);                  // 1,234,567

// --- ring.c --------------------------------------------------------------------------------------

typedef struct LineRing LineRing;

LineRing *ring_create(u64 size);  // in lines, at least 1
void ring_free(LineRing *r);      // NULL is fine
void ring_put(LineRing *r, const char *text, size_t n);
// All that it holds, oldest first.
void ring_write(const LineRing *r, Text *out);

// --- decode.c -----------------------------------------------------------------------------------

// Whose instructions: printed and counted as "vm3", "s2off", "host", "el2"; "vm*" in the table when
// there are too many.
typedef struct World {
    enum { WORLD_VM, WORLD_OTHER_VMS, WORLD_S2OFF, WORLD_HOST, WORLD_EL2 } kind;
    u16 vmid;  // WORLD_VM
} World;

// Of the code that runs at `el` with the current HCR_EL2 and VTTBR_EL2.
World world_of(const Cpu *cpu, int el);
static inline u32 world_key(World w) {
    return (u32)w.kind << 16 | w.vmid;
}
char *put_world(char *p, World w);
int world_space(World w);  // symbols.h

// Of a record of the ring: whose code an exception was taken from, or a return went to; and the exception.
World exit_world(const ExitRecord *r);
Exception exit_exception(const ExitRecord *r);

// Its preferred return address is behind the instruction that caused it: HVC, and SVC unless HFGITR_EL2 traps it.
bool exception_is_behind(const Exception *e);

// The class's name: "HVC64", "IRQ", ...
const char *exception_name(const Exception *e);
// " NAME=value ..." for each field of ISS that is meaningful and not zero.
char *put_iss(char *p, unsigned ec, u32 iss);
// The name of an abort's fault status code, ISS bits 5:0.
char *put_fault_status(char *p, u32 iss);
// "INTID 27 (virtual timer)".
char *put_intid(char *p, u32 intid);
// An IRQ or FIQ for an interrupt of the GIC.
static inline bool has_intid(const Exception *e) {
    return (e->kind == EXC_IRQ || e->kind == EXC_FIQ) && e->intid != INTID_SPURIOUS;
}
// "MSR NAME" or "MRS NAME" (the instruction's own name for system instructions).
char *put_sysreg(char *p, u32 iss);
// IPA of a stage 2 fault: page from HPFAR_EL2, offset from FAR_EL2.
u64 fault_ipa(const Cpu *cpu, const Exception *e);
// Value of general-purpose register n, 31 = 0.
static inline u64 reg_value(const Cpu *cpu, unsigned n) {
    return n == 31 ? 0 : cpu->x[n];
}
static inline bool is_data_abort(const Exception *e) {
    return e->kind == EXC_SYNC && (e->ec == EC_DABT_LOWER || e->ec == EC_DABT_SAME);
}
// Data or Instruction Abort.
static inline bool is_abort(const Exception *e) {
    bool fetch = e->ec == EC_IABT_LOWER || e->ec == EC_IABT_SAME;
    return is_data_abort(e) || (e->kind == EXC_SYNC && fetch);
}
// Data Abort with a valid syndrome.
static inline bool iss_has_access(const Exception *e) {
    return is_data_abort(e) && bit(e->iss, 24);
}
enum {
    DFSC_EXTERNAL = 0x10,
    DFSC_TAG_CHECK = 0x11,
    DFSC_ALIGNMENT = 0x21,
    DFSC_UNSUPPORTED_EXCLUSIVE = 0x35
};
static inline unsigned fault_status_of(const Exception *e) {
    return e->iss & 0x3f;
}
static inline bool is_tag_check(const Exception *e) {
    return is_data_abort(e) && fault_status_of(e) == DFSC_TAG_CHECK;
}
// " pointer-tag=0x6 memory-tag=0x5" of a Tag Check Fault; nothing of others.
char *put_tags(char *p, const Exception *e);

// --- hypercalls.c -------------------------------------------------------------------------------

// The name of the call that an HVC or SMC makes, by its registers: "PSCI_CPU_ON",
// "xen:sched_op(block)". *args: how many of x0.. (x1.. for SMCCC) are its arguments. Returns p when
// there is no name.
char *put_call(char *p, const Cpu *cpu, u8 ec, u16 imm, unsigned *first_arg, unsigned *args);

// --- stat.c -------------------------------------------------------------------------------------

typedef struct Stats Stats;
typedef struct StatRow {
    World world;
    const char *class_name;
    char detail[64];
    u64 count, samples, total, min, max;
    u32 *histogram;
} StatRow;

Stats *stats_create(void);
void stats_free(Stats *s);
// Counts an exit and returns its row, for the cost to follow.
StatRow *stats_exit(Stats *s, World world, const char *class_name, const char *detail, size_t n);
void stats_cost(StatRow *row, u64 instructions);
void stats_print(Stats *s, Text *out, bool colour);
// The smallest value that at least `percent` % of the samples do not exceed: exact below 1024, else
// within 1 %.
u64 stats_percentile(const StatRow *row, unsigned percent);
// Adds what `from` counted to `to`.
void stats_merge(StatRow *to, const StatRow *from);

// --- stat_by.c ----------------------------------------------------------------------------------

typedef struct StatsBy StatsBy;

StatsBy *by_create(void);
void by_free(StatsBy *s);
// Counts an exit; value[d] is its value in dimension d.
StatRow *by_exit(StatsBy *s, char *const value[STAT_DIMENSIONS]);
// instructions: all that were executed, for the share of time.
void by_print(const StatsBy *s, const StatChoice *choice, u64 instructions, FILE *out);

// --- filter.c ------------------------------------------------------------------------------------

// What a filter can ask about a line.
typedef struct LineFacts {
    const Cpu *cpu;
    World world;
    int el;
    u64 pc, icount;
    unsigned class;  // filter.h
    bool has_va, has_ipa, has_pa, has_intid;
    u64 va_lo, va_hi, ipa_lo, ipa_hi, pa;
    u32 intid[2];  // of a list register the virtual and the physical one, else the same
} LineFacts;

typedef struct TraceFilter TraceFilter;

// --- exit.c: the trace and its lines -------------------------------------------------------------

enum { NESTING_MAX = 16 };

// An exit that has not returned yet.
typedef struct OpenExit {
    u64 start;     // instructions executed by the CPU when it was taken
    StatRow *row;  // NULL without statistics
    StatRow *by;   // NULL without those by dimension
    u64 resume;    // where the result would be seen: address of the next instruction
    World world;
    bool call;        // HVC or SMC
    LineFacts facts;  // when there is a filter
    u8 reg;           // register that gets the result, RESULT_NONE
    u8 size;          // bytes of it
} OpenExit;

enum { RESULT_NONE = 0xff };

// An MSR or MRS that is being executed.
typedef struct SysregAccess {
    u16 id, enc;  // of the Op; encoding of MSR (register) and MRS
    u8 slot;      // Op.r[0]: slot of Xt; CRm of MSR (immediate)
    bool known;   // `old` is
    unsigned named,
        meant;  // indices: as the instruction says, and what is accessed (SYSREG_NONE: memory)
    LineFacts line;
    u64 old, written, exceptions;
} SysregAccess;

// An instruction that is being executed, and the registers before.
typedef struct InsnText {
    bool begun;
    LineFacts line;
    u32 word, nzcv;
    u64 exceptions;
    u64 x[32];
    V128 v[32];
} InsnText;

typedef struct CpuTrace {
    OpenExit nest[NESTING_MAX];
    unsigned depth;
    bool sysreg_begun;
    SysregAccess sysreg;
    InsnText insn;
} CpuTrace;

struct Trace {
    Machine *machine;
    Observer observer;
    Text text;
    Stats *stats;
    StatsBy *by;
    StatChoice choice;
    FILE *stats_file;  // NULL: to fd
    u64 insns_before;  // executed when the counts by dimension began
    Symbols *own_symbols;
    const Symbols *symbols;
    bool exits, each_line, colour;
    unsigned kinds;  // TraceKind
    int fd;
    u64 number, exit_count, return_count;
    TraceFilter *filter;  // NULL: every line
    LineRing *ring;       // NULL: lines are written at once
    InsnWatch watch;      // before NULL: of no instruction
    const TraceDisassembler *config_disassembler;
    struct Disassembler *disassembler;
    CpuTrace *cpu;
};

// "    12 i=34567 cpu0 vm1   EL1->EL2"; to < 0: "EL1     ". With room for a line.
char *trace_start_line(Trace *t, const Cpu *cpu, World w, u64 icount, int from, int to);
void trace_end_line(Trace *t, char *p);
// " pc=0x... <symbol+0x4>"
char *put_place(const Trace *t, char *p, World w, u64 pc);
// " x0=0x1"
char *put_register(char *p, unsigned n, unsigned size, u64 value);

// --- kinds.c -------------------------------------------------------------------------------------

// Instructions executed, the current one included: those that end the chain have counted it already.
u64 trace_executed(const Cpu *cpu);
// "EL1&0"; r: RegimeId, TlbiRegime.
const char *regime_name(unsigned r);
// Of what happens at cpu->pc now.
LineFacts trace_facts(const Cpu *cpu, u64 icount);
// The filter lets a line with these facts pass.
bool trace_wants(const Trace *t, const LineFacts *facts);
// "     5 i=120 cpu0 el2   EL2      pc=0x40080010 <start+0x10>". NULL: the filter does not want the line.
char *trace_start_event(Trace *t, const LineFacts *facts);
char *trace_start_wanted(Trace *t, const LineFacts *facts);  // the filter was asked
// Adds to the observer what the kinds need, and what they need besides.
void trace_observe_kinds(Trace *t);
void trace_unobserve_kinds(Trace *t);
// The lines of a call that was taken to EL2 and of its return.
void trace_call(Trace *t, const Cpu *cpu, const ExceptionEvent *ev, World w, u64 pc);
void trace_call_result(Trace *t, const Cpu *cpu, const ReturnEvent *ev, const OpenExit *call);

// --- irq.c ---------------------------------------------------------------------------------------

void trace_irq(void *arg, Cpu *cpu, const IrqEvent *ev);

// --- sysreg.c ------------------------------------------------------------------------------------

// Takes down what is to be known before the instruction. False: it is no MSR or MRS.
bool sysreg_access_begin(SysregAccess *a, const LineFacts *line, Cpu *cpu, const Op *op);
// It was executed.
void trace_sysreg(Trace *t, Cpu *cpu, const SysregAccess *a);

// --- walk.c --------------------------------------------------------------------------------------

void trace_walk(void *arg, Cpu *cpu, const struct WalkEvent *ev);

// --- insn_text.c ---------------------------------------------------------------------------------

// The instruction at cpu->pc is about to be executed.
void insn_text_begin(InsnText *i, const LineFacts *line, const Cpu *cpu);
// It was executed, or takes an exception; nothing is written when its line is there already.
void trace_insn_text(Trace *t, const Cpu *cpu, InsnText *i);
