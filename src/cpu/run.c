// Running a CPU: the ends of the dispatch chain, the run and step loops. Interrupts are looked at
// between chains: whoever makes one possible sets cpu->limit to 0 (cpu_attention()), and the next
// taken branch ends the chain.
#include "cpu/exception.h"
#include "cpu/insn_watch.h"
#include "cpu/op.h"
#include "gen/handlers.h"
#include "machine/machine.h"
#include "mmu/mmu.h"

static FetchEntry *fetch_entry(Cpu *cpu) {
    return &cpu->tlb->fetch[(cpu->pc >> 12) & (FETCH_SIZE - 1)];
}

// The page of cpu->pc, which find() has found, holds an armed address (armed.h): its instructions
// are executed one by one. op_find() never finds it, so no chain gets there.
static bool in_armed_page(Cpu *cpu) {
    return fetch_entry(cpu)->tag & TLB_SLOW;
}

static const Op *find(Cpu *cpu) {
    const Op *op = op_find(cpu, cpu->pc);
    if (likely(op)) return op;
    const FetchEntry *e = fetch_entry(cpu);
    bool armed = e->tag == ((cpu->pc & ~0xfffull) | TLB_SLOW) && !(cpu->pc & 3);
    OpPage *page = armed ? e->page : fetch_page_slow(cpu, cpu->pc);
    if (!page) return NULL;
    op = &page->ops[(cpu->pc & 0xffc) >> 2];
    cpu->page = page;
    cpu->pc_base = cpu->pc - ((uintptr_t)op >> 2);
    return op;
}

const Op *op_leave(Cpu *cpu, const Op *op, const Table *table) {
    (void)table;
    cpu->pc = op_pc(cpu, op);
    return NULL;
}

COLD const Op *op_jump_slow(Cpu *cpu, const Op *op, const Table *table) {
    cpu->block = NULL;
    cpu->pc = AArch64_BranchAddr(cpu, cpu->pc);
    op = cpu->icount >= cpu->limit ? NULL : find(cpu);
    if (!op || in_armed_page(cpu)) return NULL;
    cpu->block = op;
    DISPATCH(cpu, op, table);
}

COLD const Op *op_indirect_slow(Cpu *cpu, const Op *op, const Table *table) {
    cpu->pstate |= branch_btype(cpu, op);
    cpu->block = NULL;
    cpu->pc = AArch64_BranchAddr(cpu, cpu->pc);
    op = cpu->icount >= cpu->limit ? NULL : find(cpu);
    if (!op || in_armed_page(cpu)) return NULL;
    if (cpu->pstate & PSTATE_BTYPE && !branch_target_allowed(cpu, op)) return NULL;
    cpu->block = op;
    DISPATCH(cpu, op, table);
}

const Op *op_resume(Cpu *cpu, const Op *op, const Table *table) {
    if (unlikely(cpu->icount >= cpu->limit)) return NULL;
    op = op_find(cpu, cpu->pc);
    if (unlikely(!op)) TAIL(op_jump_slow(cpu, NULL, table));
    cpu->block = op;
    DISPATCH(cpu, op, table);
}

// The sentinel behind the last word of a page: not an instruction.
const Op *op_page_end(Cpu *cpu, const Op *op, const Table *table) {
    u64 next = op_pc(cpu, op);
    cpu->icount += (u64)(op - cpu->block);
    const Op *target = op_find(cpu, next);
    if (unlikely(!target)) {
        cpu->pc = next;
        TAIL(op_jump_slow(cpu, op, table));
    }
    cpu->block = target;
    if (unlikely(cpu->icount >= cpu->limit)) TAIL(op_leave(cpu, target, table));
    DISPATCH(cpu, target, table);
}

const Op *op_undefined(Cpu *cpu, const Op *op, const Table *table) {
    cpu_sync(cpu, op);
    AArch64_Undefined(cpu);
    TAIL(op_resume(cpu, op, table));
}

COLD const Op *op_fp_trap(Cpu *cpu, const Op *op, const Table *table) {
    cpu_sync(cpu, op);
    AArch64_AdvSIMDFPAccessTrap(cpu);
    TAIL(op_resume(cpu, op, table));
}

_Noreturn void cpu_unwind(Cpu *cpu) {
    longjmp(cpu->unwind, 1);
}

#if defined(EL2SIM_LOOP_DISPATCH)
static void dispatch(Cpu *cpu, const Op *op, const Table *table) {
    do op = table->h[op->id](cpu, op, table);
    while (op);
}
#else
static void dispatch(Cpu *cpu, const Op *op, const Table *table) {
    table->h[op->id](cpu, op, table);
}
#endif

// The instruction count at which the CPU must stop, for the debugger or at the machine's limit.
static u64 exact_end(const Cpu *cpu) {
    return MIN(cpu->stop_at, cpu->end_at);
}

static bool stop_is_due(Cpu *cpu) {
    if (likely(cpu->icount < exact_end(cpu))) return false;
    if (cpu->icount < cpu->stop_at) {
        machine_stop(cpu->machine, STOP_INSN_LIMIT, 0, "instruction limit reached");
    } else {
        cpu->stop_at = ~0ull;
        machine_stop(cpu->machine, STOP_DEBUG, 0, "stopped by the debugger");
    }
    return true;
}

// What has to be looked at before an instruction is executed at cpu->pc. False: the CPU does not
// go on (halted, the slice or the machine stopped).
static bool prepare(Cpu *cpu) {
    if (cpu->machine->stop || stop_is_due(cpu)) return false;
    if (cpu->halt || cpu->icount >= cpu->until) return false;
    cpu->limit = cpu->until;
    // The last instructions before an exact end are executed one by one.
    u64 end = exact_end(cpu);
    if (unlikely(end != ~0ull)) cpu->limit = MIN(cpu->limit, end - PAGE_OPS);
    take_pending_interrupt(cpu);
    return !cpu->machine->stop;
}

static bool armed_instruction(Cpu *cpu) {
    ArmedAccess a = {.va = cpu->pc, .size = 4, .kinds = ARMED_EXEC, .el = cpu->el};
    return armed_hit(cpu, &a);
}

// Breakpoints, and whoever watches each instruction. False: it is not executed.
static bool may_execute(Cpu *cpu, const Op *op) {
    if (unlikely(in_armed_page(cpu)) && armed_instruction(cpu)) return false;
    return likely(!cpu->before_insn) || !cpu->before_insn(cpu, op, cpu->before_insn_arg);
}

// The instruction at cpu->pc; NULL when an exception was taken instead of it, or a debugger stops
// it. In the order of priority: software step, the faults of the fetch, breakpoints, Illegal
// Execution state, Branch Target exception.
static const Op *first_op(Cpu *cpu) {
    if (unlikely(bit(cpu->sys.MDSCR_EL1, 0)) && CheckSoftwareStep(cpu)) return NULL;
    const Op *op = find(cpu);
    if (unlikely(!op) || !may_execute(cpu, op)) return NULL;
    if (unlikely(cpu->pstate & PSTATE_IL)) {
        AArch64_IllegalState(cpu);
        return NULL;
    }
    if (unlikely(cpu->pstate & PSTATE_BTYPE) && !branch_target_allowed(cpu, op)) return NULL;
    cpu->block = op;
    return op;
}

// The same behind an instruction that was executed alone: a chain would not have looked.
static COLD const Op *next_op(Cpu *cpu) {
    u64 before = cpu->exceptions;
    const Op *op = find(cpu);
    if (op && !may_execute(cpu, op)) op = NULL;
    if (op && cpu->pstate & PSTATE_BTYPE && !branch_target_allowed(cpu, op)) op = NULL;
    if (cpu->exceptions != before) cpu->mid_chain = false;
    if (op) cpu->block = op;
    return op;
}

static bool one_by_one(const Cpu *cpu) {
    u64 end = exact_end(cpu);
    return cpu->before_insn || (end != ~0ull && cpu->icount + PAGE_OPS >= end);
}

// Chains look at interrupts and the slice at taken branches, at page ends and where something may have
// changed anything; so does an instruction that is executed alone, or a run would depend on
// what is watched.
static COLD void execute_alone(Cpu *cpu, const Op *op) {
    cpu->sequential = false;
    cpu_execute_one(cpu, op);
    cpu->mid_chain = cpu->sequential && (cpu->pc & 0xfff);
    if (cpu->mid_chain) stop_is_due(cpu);
}

void cpu_run(Cpu *cpu, u64 until) {
    cpu->until = until;
    if (setjmp(cpu->unwind)) {
        cpu->mid_chain = cpu->held;
        cpu->held = false;
    }
    while (unlikely(cpu->mid_chain) ? !cpu->machine->stop : prepare(cpu)) {
        const Op *op = unlikely(cpu->mid_chain) ? next_op(cpu) : first_op(cpu);
        if (unlikely(!op)) continue;
        if (unlikely(!cpu->mid_chain && software_step_active(cpu))) {
            software_step(cpu, op);
            continue;
        }
        cpu->stepped = false;
        if (unlikely(in_armed_page(cpu) || one_by_one(cpu))) {
            execute_alone(cpu, op);
        } else {
            if (unlikely(cpu->mid_chain)) cpu->limit = 0;  // it looks at the next place
            cpu->mid_chain = false;
            dispatch(cpu, op, cpu->table);
        }
    }
}

// --- one instruction -----------------------------------------------------------------------------

// limit 0: an instruction that branches does not look the next one up, which may fault.

#if defined(EL2SIM_LOOP_DISPATCH)
static void execute_one(Cpu *cpu, const Op *op) {
    const Op *next = run_handlers.h[op_first[op->id]](cpu, op, (const Table *)&run_handlers);
    if (!next) return;
    cpu->icount += (u64)(next - cpu->block);
    cpu->block = next;
    cpu->pc = op_pc(cpu, next);
    cpu->sequential = true;
}
#else
static const Op *step_stop(Cpu *cpu, const Op *op, const Table *table) {
    (void)table;
    cpu->icount += (u64)(op - cpu->block);
    cpu->block = op;
    cpu->pc = op_pc(cpu, op);
    cpu->sequential = true;
    return NULL;
}

// Every entry stops: an instruction executed with this table does not reach the next one.
static const struct RunTable stop_handlers = {{[0 ... OP_COUNT - 1] = step_stop}};

static void execute_one(Cpu *cpu, const Op *op) {
    run_handlers.h[op_first[op->id]](cpu, op, (const Table *)&stop_handlers);
}
#endif

void cpu_execute_one(Cpu *cpu, const Op *op) {
    if (unlikely(cpu->alone)) cpu->alone(cpu, op);
    bool watched = insn_watch_before(cpu, op);
    cpu->limit = 0;
    execute_one(cpu, op);
    if (unlikely(watched)) insn_watch_after(cpu);
}

void cpu_step(Cpu *cpu) {
    u64 start = cpu->icount;
    cpu->until = start + 1;
    cpu->mid_chain = false;
    if (setjmp(cpu->unwind)) {
        cpu->held = false;
        return;
    }
    if (!prepare(cpu)) return;
    const Op *op = first_op(cpu);
    if (!op) return;
    if (unlikely(software_step_active(cpu))) {
        software_step(cpu, op);
    } else {
        cpu->stepped = false;
        cpu_execute_one(cpu, op);
    }
}
