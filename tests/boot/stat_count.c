// Boots with the options of `el2sim run`; a window of the boot is executed one instruction at a time while exits to EL2
// are counted from the registers alone: the Exception level, where the vectors are, ESR_EL2, HCR_EL2 and VTTBR_EL2. The
// table that src/trace keeps of the same window must have the same counts. --from INSTRUCTIONS and how many come first.
#include "booted.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ROWS = 4096,
    KIND_IRQ = 0x100,
    KIND_FIQ,
    KIND_SERROR,
    WHO_S2OFF = 0x10000,
    WHO_HOST,
    WHO_EL2
};

// Exits by who (VMID or WHO_*) and class (EC or KIND_*).
typedef struct Row {
    unsigned who, class;
    u64 count;
} Row;

static Row row[ROWS];
static unsigned rows;
static u64 exits;

static Row *row_of(unsigned who, unsigned class) {
    unsigned i = 0;
    while (i < rows && (row[i].who != who || row[i].class != class)) i++;
    if (i == ROWS) abort();
    if (i == rows) row[rows++] = (Row){who, class, 0};
    return &row[i];
}

static struct Last {
    bool known;
    unsigned el;
    u64 pc;
} last[64];

static unsigned who_at(const Cpu *cpu, unsigned el) {
    u64 hcr = cpu->sys.HCR_EL2;
    if (el == 2) return WHO_EL2;
    if (hcr >> 27 & 1) return WHO_HOST;
    if (!(hcr & 1)) return WHO_S2OFF;
    return (unsigned)(cpu->sys.VTTBR_EL2 >> 48) & (cpu->sys.VTCR_EL2 >> 19 & 1 ? 0xffff : 0xff);
}

// The vector that pc is, by its offset from VBAR_EL2; -1: none.
static int vector_of(const Cpu *cpu) {
    u64 offset = cpu->pc - (cpu->sys.VBAR_EL2 & ~0x7ffull);
    return cpu->el == 2 && offset < 0x800 && !(offset & 0x7f) ? (int)offset : -1;
}

// Nothing branches to a vector, but the code of one may go on into the next. Where it came from is in SPSR_EL2: an
// ERET to something that cannot be fetched leaves no instruction in between.
static void look(const Cpu *cpu) {
    struct Last *l = &last[cpu->index];
    int vector = vector_of(cpu);
    if (l->known && vector >= 0 && (l->el < 2 || cpu->pc != l->pc + 4)) {
        unsigned kind = (unsigned)vector >> 7 & 3;
        unsigned class = kind ? KIND_IRQ + kind - 1 : (unsigned)(cpu->sys.ESR_EL2 >> 26) & 63;
        unsigned from = vector < 0x400 ? 2 : (unsigned)(cpu->sys.SPSR_EL2 >> 2) & 3;
        row_of(who_at(cpu, from), class)->count++;
        exits++;
    }
    *l = (struct Last){true, cpu->el, cpu->pc};
}

static bool before_insn(Cpu *cpu, const Op *op, void *arg) {
    (void)op, (void)arg;
    look(cpu);
    return false;
}

// --- against the table ---------------------------------------------------------------------------

static void put_who(char *p, unsigned who) {
    static const char *const others[] = {"s2off", "host", "el2"};
    if (who < WHO_S2OFF)
        sprintf(p, "vm%u", who);
    else
        strcpy(p, others[who - WHO_S2OFF]);
}

// Those that the roms and systems of these tests have; the table's others fail the test.
static const char *class_name(unsigned class) {
    switch (class) {
    case KIND_IRQ: return "IRQ";
    case KIND_FIQ: return "FIQ";
    case KIND_SERROR: return "SERROR";
    case 0x00: return "UNKNOWN";
    case 0x01: return "WFX";
    case 0x07: return "FP_ACCESS";
    case 0x09: return "PAC";
    case 0x15: return "SVC64";
    case 0x16: return "HVC64";
    case 0x17: return "SMC64";
    case 0x18: return "SYSREG";
    case 0x19: return "SVE";
    case 0x20: return "IABT_LOWER";
    case 0x21: return "IABT_SAME";
    case 0x22: return "PC_ALIGN";
    case 0x24: return "DABT_LOWER";
    case 0x25: return "DABT_SAME";
    case 0x32: return "STEP_LOWER";
    case 0x3c: return "BRK64";
    default: return "?";
    }
}

static unsigned compare(FILE *table) {
    char line[512], want[64];
    unsigned bad = 0, seen = 0;
    while (fgets(line, sizeof line, table)) {
        char vm[64], class[64];
        ull n;
        if (sscanf(line, "\"%63[^\"]\",\"%63[^\"]\",%llu", vm, class, &n) != 3) continue;
        u64 counted = 0;
        for (unsigned i = 0; i < rows; i++) {
            put_who(want, row[i].who);
            if (!strcmp(want, vm) && !strcmp(class_name(row[i].class), class))
                counted = row[i].count;
        }
        seen++;
        fprintf(stderr, "%-6s %-12s stat %llu, by steps %llu\n", vm, class, n, (ull)counted);
        bad += counted != n;
    }
    if (seen != rows) fprintf(stderr, "%u rows in the table, %u by steps\n", seen, rows);
    return bad + (seen != rows);
}

static int check(const Trace *trace) {
    Error err = {""};
    StatChoice choice = {.format = STAT_CSV};
    if (!stat_choice_by(&choice, "vm,class", &err)) abort();
    FILE *table = tmpfile();
    if (!table) abort();
    trace_print_stats(trace, &choice, table);
    rewind(table);
    unsigned bad = compare(table);
    fclose(table);
    fprintf(stderr, "%llu exits by steps, %llu seen\n", (ull)exits, (ull)trace_exits(trace));
    return bad || exits != trace_exits(trace) || exits < 1000 || rows < 3;
}

static bool run_for(Machine *machine, u64 n) {
    machine->insn_limit = machine_insns(machine) + n;
    machine_run(machine);
    bool ok = machine->stop == STOP_INSN_LIMIT;
    if (!ok) fprintf(stderr, "%s\n", machine->stop_text);
    machine->stop = STOP_NONE;
    machine->stop_cpu = NULL;
    return ok;
}

// Every CPU's last instruction is known before the counts start.
static int run(Machine *machine, u64 from, u64 n) {
    Error err = {""};
    if (!run_for(machine, from)) return 1;
    for (unsigned i = 0; i < machine->cpus; i++) {
        last[i] = (struct Last){true, machine->cpu[i]->el, machine->cpu[i]->pc};
        machine->cpu[i]->before_insn = before_insn;
    }
    Trace *trace = trace_open(machine, &(TraceConfig){.by_all = true}, &err);
    if (!trace || !run_for(machine, n)) return 1;
    // An exception that is the last thing that happened has no instruction behind it yet.
    for (unsigned i = 0; i < machine->cpus; i++) {
        Cpu *cpu = machine->cpu[i];
        if (vector_of(cpu) >= 0) look(cpu);
        cpu->before_insn = NULL;
    }
    int status = check(trace);
    trace_close(trace);
    return status;
}

int main(int argc, char **argv) {
    return booted_main(argc, argv, run);
}
