// The predecoded instruction and how one leads to the next. All threading of the interpreter is in
// this file; semantic functions (sem_*.h) know nothing of it, and the handlers that wrap them are
// generated (tablegen.c) from the rows of *.isa.
//
// Two builds: tail calls (optimized: each handler jumps to the next through the table it was given)
// and a loop (Debug, sanitizers: each handler returns the next Op). The table is an argument: run,
// step and trace are three tables over the same handlers.
#pragma once

#include "cpu/cpu.h"
#include "mmu/access.h"

struct Op {
    u16 id;   // index into a Table
    u8 r[6];  // register slots and small operands, as the row's operands say
    union {
        u64 imm;
        struct {
            i32 lo, hi;
        } half;
    };
};
_Static_assert(sizeof(Op) == 16, "Op is 16 bytes");

typedef const Op *(*Handler)(Cpu *cpu, const Op *op, const Table *table);
struct Table {
    Handler h[1];  // as many as gen/handlers.h says (OP_COUNT)
};

enum { PAGE_OPS = 1024 };
enum { OP_UNKNOWN = 0 };  // Op.id of what is not decoded (OP_DECODE), and of BRK (opcache.c)

// One guest physical page of code, decoded word by word on first execution. ops[PAGE_OPS] is a
// sentinel that goes on to the next virtual page.
struct OpPage {
    Op ops[PAGE_OPS + 1];
    u64 pa;          // physical address of the page
    u8 *host;        // its bytes
    bool protected;  // stores to it take the slow path
    u32 writes;      // slow stores since the last decode (opcache.c)
};

static ALWAYS_INLINE u64 op_pc(const Cpu *cpu, const Op *op) {
    return cpu->pc_base + ((uintptr_t)op >> 2);
}

// Counts the instructions before op and makes cpu->pc that of op: needed before anything that can
// take an exception, read the time or stop.
static ALWAYS_INLINE void cpu_sync(Cpu *cpu, const Op *op) {
    cpu->pc = op_pc(cpu, op);
    cpu->icount += (u64)(op - cpu->block);
    cpu->block = op;
}

#if defined(EL2SIM_LOOP_DISPATCH)
#define DISPATCH(cpu, op, table) return (void)(table), (op)
#else
#if defined(__clang__)
#define DISPATCH(cpu, op, table) \
    __attribute__((musttail)) return (table)->h[(op)->id]((cpu), (op), (table))
#else
#define DISPATCH(cpu, op, table) return (table)->h[(op)->id]((cpu), (op), (table))
#endif
#endif

#if defined(__clang__) && !defined(EL2SIM_LOOP_DISPATCH)
#define TAIL(call) __attribute__((musttail)) return call
#else
#define TAIL(call) return call
#endif

// Ends a handler: the next instruction in the page.
#define NEXT(cpu, op, table) DISPATCH(cpu, (op) + 1, table)

// Ends a handler with a taken branch to `target`, an Op of the same page.
#define NEAR(cpu, op, target_op, table) \
    do { \
        const Op *target_ = (target_op); \
        (cpu)->icount += (u64)((op) + 1 - (cpu)->block); \
        (cpu)->block = target_; \
        if (unlikely((cpu)->icount >= (cpu)->limit)) TAIL(op_leave(cpu, target_, table)); \
        DISPATCH(cpu, target_, table); \
    } while (0)

// Ends a handler with a jump to the address `new_pc`: looks the page up.
// To cpu->pc, whose page is not in the fetch table; instructions up to here are counted.
const Op *op_jump_slow(Cpu *cpu, const Op *op, const Table *table);
static ALWAYS_INLINE const Op *op_find_for(Cpu *cpu, u64 new_pc, bool indirect) {
    u64 i = (new_pc >> 12) & (FETCH_SIZE - 1);
    FetchEntry *e = indirect ? &cpu->tlb->indirect[i] : &cpu->tlb->fetch[i];
    if (unlikely(e->tag != (new_pc & ~0xffcull))) return NULL;
    const Op *target = &e->page->ops[(new_pc & 0xffc) >> 2];
    if (!target) __builtin_unreachable();  // saves the caller's test
    if (indirect && unlikely(target->id == OP_UNKNOWN)) return NULL;
    cpu->page = e->page;
    cpu->pc_base = new_pc - ((uintptr_t)target >> 2);
    return target;
}
static ALWAYS_INLINE const Op *op_find(Cpu *cpu, u64 new_pc) {
    return op_find_for(cpu, new_pc, false);
}
#define JUMP(cpu, op, new_pc, table) \
    do { \
        u64 pc_ = (new_pc); \
        (cpu)->icount += (u64)((op) + 1 - (cpu)->block); \
        const Op *target_ = op_find(cpu, pc_); \
        if (unlikely(!target_)) { \
            (cpu)->pc = pc_; \
            TAIL(op_jump_slow(cpu, op, table)); \
        } \
        (cpu)->block = target_; \
        if (unlikely((cpu)->icount >= (cpu)->limit)) TAIL(op_leave(cpu, target_, table)); \
        DISPATCH(cpu, target_, table); \
    } while (0)

// The same for BR, BLR and their like (op is the branch), which set PSTATE.BTYPE. It is kept only where
// something can see it, out of line: guarded pages, pages that are not in the fetch table, BRK, and the
// end of the chain, where exceptions are taken.
const Op *op_indirect_slow(Cpu *cpu, const Op *op, const Table *table);
#define JUMP_INDIRECT(cpu, op, new_pc, table) \
    do { \
        u64 pc_ = (new_pc); \
        (cpu)->icount += (u64)((op) + 1 - (cpu)->block); \
        if (unlikely((cpu)->icount >= (cpu)->limit)) { \
            (cpu)->pc = pc_; \
            TAIL(op_indirect_slow(cpu, op, table)); \
        } \
        const Op *target_ = op_find_for(cpu, pc_, true); \
        if (unlikely(!target_)) { \
            (cpu)->pc = pc_; \
            TAIL(op_indirect_slow(cpu, op, table)); \
        } \
        (cpu)->block = target_; \
        DISPATCH(cpu, target_, table); \
    } while (0)

// Out of line ends. op_leave: back to cpu_run() with pc = that of op. op_resume: goes on at cpu->pc
// after something that may have changed anything (exception, context); the instruction at `op` has
// been counted by the caller.
const Op *op_leave(Cpu *cpu, const Op *op, const Table *table);
const Op *op_resume(Cpu *cpu, const Op *op, const Table *table);
const Op *op_fp_trap(Cpu *cpu, const Op *op, const Table *table);

// decode.c: fills op for word at index 0..1023 of its page. UNDEFINED words get the handler that
// takes the exception.
void op_decode(const u64 *features, u32 word, unsigned index, Op *op);
// The instruction word that op was decoded from (read back from memory).
u32 op_word(const Cpu *cpu, const Op *op);

// run_table.c, written by the generator from sequences.fuse. A sequence is an instruction and one step
// after the other; a step is taken if it is the one that follows and its links hold.
typedef struct OpStep {
    u16 next, fused;  // the id of the instruction, and that of the sequence with it
    struct {
        u8 slot;               // Op.r[slot - 1] is a register that it reads; 0: no more links
        u8 back, result_slot;  // it is what r[result_slot] so many instructions before has written
    } link[4];
} OpStep;
extern const OpStep op_steps[];
extern const u16
    op_step_start[];          // by id: its steps are op_steps[start[id]] to before start[id + 1]
extern const u16 op_first[];  // by id: that of its first instruction alone
extern const u8 op_length[];  // by id: how many instructions
extern const u8 op_result_slots[];  // by id of one instruction: bit n: r[n] is a register it writes

// branch_target.c (FEAT_BTI). PSTATE.BTYPE after the branch at op, which is executed now.
u32 branch_btype(Cpu *cpu, const Op *op);
// PSTATE.BTYPE is not 0, and the instruction at cpu->pc is `op`, in cpu->page: false when the
// Branch Target exception was taken instead of it. What is to be executed finds BTYPE 0, or it is BRK.
bool branch_target_allowed(Cpu *cpu, const Op *op);

// opcache.c: the OpPage of a physical page of memory (created when needed), NULL if the address is
// not memory.
OpPage *opcache_page(Machine *machine, u64 pa);
// Bytes [pa, pa+n) of memory changed: forget what was decoded from them.
void opcache_written(Machine *machine, u64 pa, u64 n);
