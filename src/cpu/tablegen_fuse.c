// Handlers of sequences (src/cpu/sequences.fuse, docs/instruction-tables.md): instructions that often
// follow each other share a handler, which saves the dispatch between them, and where one takes the
// result of another, the way through memory. The bodies are those of the single handlers. A
// sequence has an id, found at decode time from the ids and registers of its instructions.
#include "cpu/tablegen.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SEQUENCES = 2000, MAX_LENGTH = 10, MAX_SINGLES = 60000, MAX_RESULTS = 26 };

typedef struct {
    const Row *row;
    int combo;
    char name[80];
} Single;

// The instruction and operand that gives result 'a', 'b'...
typedef struct {
    int step, operand;
} Result;

typedef struct {
    int single[MAX_LENGTH], length;
    Link link[MAX_LENGTH];
    Result result[MAX_RESULTS];
    int results;
    int prefix;  // the sequence without the last instruction, or -1
    char name[500];
} Sequence;

static Single *singles;
static int single_count;
static Sequence *sequences;
static int sequence_count, longest = 1;

static void list_singles(void) {
    singles = calloc(MAX_SINGLES, sizeof *singles);
    for (int i = 0; i < row_count; i++)
        for (int c = 0; rows[i].kind != KIND_UNDEF && c < combos(&rows[i]); c++) {
            if (single_count == MAX_SINGLES) fail("too many handlers");
            Single *s = &singles[single_count++];
            *s = (Single){.row = &rows[i], .combo = c};
            handler_name(&rows[i], c, s->name, sizeof s->name);
        }
}

static int find_single(const char *name) {
    for (int i = 0; i < single_count; i++)
        if (!strcmp(singles[i].name, name)) return i;
    fail("no handler %s (gen/handlers.h lists them)", name);
}

// A branch that is always taken depends on nothing.
static bool goes_on(const Row *r) {
    if (r->kind == KIND_PLAIN || r->kind == KIND_MEM) return true;
    if (r->kind != KIND_BRANCH) return false;
    for (int i = 0; i < r->operands; i++)
        if (r->operand[i].kind == OPD_X || r->operand[i].kind == OPD_TEMPLATE) return true;
    return false;
}

static bool is_source(const Operand *o) {
    return o->kind == OPD_X || o->kind == OPD_XSP;
}
static bool is_result(const Operand *o) {
    return o->kind == OPD_DX || o->kind == OPD_DXSP;
}

// The letters after "name:", one for each register the instruction reads.
static void parse_link(Sequence *q, const Row *r, const char *letters, Link *link) {
    for (int i = 0; i < r->operands; i++) {
        if (!is_source(&r->operand[i])) continue;
        char c = *letters ? *letters++ : 0;
        if (c == '-') continue;
        if (c < 'a' || c >= 'a' + q->results)
            fail("%s: '-' or the letter of an earlier result for each register read", r->name);
        link->from[i] = c;
    }
    if (*letters) fail("%s: more letters than registers read", r->name);
}

static void add_step(Sequence *q, char *tok) {
    if (q->length == MAX_LENGTH) fail("a sequence has at most %d instructions", MAX_LENGTH);
    if (q->length && !goes_on(singles[q->single[q->length - 1]].row))
        fail("%s can only be the last of a sequence", singles[q->single[q->length - 1]].name);
    char *letters = strchr(tok, ':');
    if (letters) *letters++ = 0;
    int single = find_single(tok);
    const Row *r = singles[single].row;
    Link *link = &q->link[q->length];
    if (letters) parse_link(q, r, letters, link);
    for (int i = 0; i < r->operands; i++) {
        if (!is_result(&r->operand[i])) continue;
        if (q->results == MAX_RESULTS) fail("more than %d results", MAX_RESULTS);
        q->result[q->results] = (Result){q->length, i};
        link->to[i] = (char)('a' + q->results++);
    }
    q->single[q->length++] = single;
    size_t used = strlen(q->name);
    int n = snprintf(q->name + used, sizeof q->name - used, "%s%s%s%s", used ? "__" : "", tok,
                     letters ? "_of_" : "", letters ? letters : "");
    if (used + (size_t)n >= sizeof q->name) fail("the sequence's name is too long");
    for (char *c = q->name; *c; c++)
        if (*c == '-') *c = 'r';
}

static bool same_steps(const Sequence *a, const Sequence *b, int length) {
    return !memcmp(a->single, b->single, (size_t)length * sizeof a->single[0]) &&
           !memcmp(a->link, b->link, (size_t)length * sizeof a->link[0]);
}

static void parse_sequence(char *line) {
    Sequence q = {.prefix = -1};
    for (char *save, *tok = strtok_r(line, " \t\n", &save); tok;
         tok = strtok_r(NULL, " \t\n", &save))
        add_step(&q, tok);
    if (!q.length) return;
    if (q.length < 2) fail("a sequence has at least two instructions");
    for (int i = 0; i < sequence_count; i++) {
        if (sequences[i].length == q.length && same_steps(&sequences[i], &q, q.length))
            fail("this sequence is listed twice");
        if (sequences[i].length == q.length - 1 && same_steps(&sequences[i], &q, q.length - 1))
            q.prefix = i;
    }
    if (q.length > 2 && q.prefix < 0)
        fail("the sequence without its last instruction has to be listed before it");
    if (sequence_count == MAX_SEQUENCES) fail("too many sequences");
    if (q.length > longest) longest = q.length;
    sequences[sequence_count++] = q;
}

void read_sequences(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    list_singles();
    sequences = calloc(MAX_SEQUENCES, sizeof *sequences);
    at_file = path;
    at_line = 0;
    for (char line[1000]; fgets(line, sizeof line, f);) {
        at_line++;
        line[strcspn(line, "#")] = 0;
        parse_sequence(line);
    }
    fclose(f);
}

// --- output --------------------------------------------------------------------------------------

static bool is_used(const Sequence *q, char letter) {
    for (int k = 0; k < q->length; k++)
        if (memchr(q->link[k].from, letter, MAX_OPERANDS)) return true;
    return false;
}

static void write_sequence(FILE *f, const Sequence *q) {
    fprintf(f, "\nconst Op *h_%s(Cpu *cpu, const Op *op, const Table *table) {\n", q->name);
    for (char c = 'a'; c < 'a' + q->results; c++)
        if (is_used(q, c)) fprintf(f, "    u64 %c_;\n", c);
    for (int k = 0; k < q->length; k++) {
        const Single *s = &singles[q->single[k]];
        bool last = k == q->length - 1;
        Link link = q->link[k];
        for (int i = 0; i < MAX_OPERANDS; i++)
            if (!is_used(q, link.to[i])) link.to[i] = 0;
        fprintf(f, "    {\n");
        write_body(f, s->row, s->combo, last, &link);
        fprintf(f, "    }\n%s", last ? "" : "    op++;\n");
    }
    fprintf(f, "}\n");
}

void write_fused_handlers(const char *dir) {
    FILE *f = create(dir, "handlers_fuse.c");
    fprintf(f, "#include \"cpu/op.h\"\n#include \"gen/handlers.h\"\n");
    write_includes(f);
    for (int i = 0; i < sequence_count; i++) write_sequence(f, &sequences[i]);
    fclose(f);
}

void write_fused_ids(FILE *f) {
    for (int i = 0; i < sequence_count; i++) fprintf(f, "    OP_%s,\n", sequences[i].name);
}

void write_fused_declarations(FILE *f) {
    for (int i = 0; i < sequence_count; i++)
        fprintf(f, "const Op *h_%s(Cpu *cpu, const Op *op, const Table *table);\n",
                sequences[i].name);
    fprintf(f, "\nenum { OP_FUSE_LONGEST = %d };  // instructions in a sequence\n", longest);
}

void write_fused_table(FILE *f) {
    for (int i = 0; i < sequence_count; i++) fprintf(f, "    h_%s,\n", sequences[i].name);
}

// The last step of a sequence: which registers it needs to be whose results.
static void write_step(FILE *f, const Sequence *q) {
    int last = q->length - 1;
    const Row *r = singles[q->single[last]].row;
    fprintf(f, "    {OP_%s, OP_%s, {", singles[q->single[last]].name, q->name);
    for (int i = 0; i < r->operands; i++) {
        if (!q->link[last].from[i]) continue;
        const Result *from = &q->result[q->link[last].from[i] - 'a'];
        const Row *writer = singles[q->single[from->step]].row;
        fprintf(f, "{%d, %d, %d}, ", r->operand[i].slot + 1, last - from->step,
                writer->operand[from->operand].slot);
    }
    fprintf(f, "}},\n");
}

static int link_count(const Sequence *q) {
    int n = 0;
    for (int i = 0; i < MAX_OPERANDS; i++) n += q->link[q->length - 1].from[i] != 0;
    return n;
}

// Steps from the sequence `prefix`, or from an instruction (prefix < 0); those with most links first.
static int write_steps_from(FILE *f, int single, int prefix) {
    int n = 0;
    for (int links = 6; links >= 0; links--)
        for (int i = 0; i < sequence_count; i++) {
            const Sequence *q = &sequences[i];
            bool follows =
                prefix >= 0 ? q->prefix == prefix : q->length == 2 && q->single[0] == single;
            if (!follows || link_count(q) != links) continue;
            if (links > 4) fail("more than 4 links in one instruction");
            write_step(f, q);
            n++;
        }
    return n;
}

// Bit n: slot n of Op.r is a register that the instruction writes.
static unsigned result_slots(const Row *r) {
    unsigned mask = 0;
    for (int i = 0; i < r->operands; i++)
        if (is_result(&r->operand[i])) mask |= 1u << r->operand[i].slot;
    return mask;
}

void write_fused_steps(FILE *f) {
    if (!singles) list_singles();
    int *start = calloc((size_t)single_count + (size_t)sequence_count + 4, sizeof *start);
    int n = 0, ids = 3;  // OP_DECODE, OP_PAGE_END, OP_UNDEFINED
    fprintf(f, "\nconst OpStep op_steps[] = {\n");
    for (int i = 0; i < single_count; i++) {
        start[ids++] = n;
        n += write_steps_from(f, i, -1);
    }
    for (int i = 0; i < sequence_count; i++) {
        start[ids++] = n;
        n += write_steps_from(f, -1, i);
    }
    start[ids] = n;
    fprintf(f, "    {0},\n};\n\nconst u16 op_step_start[OP_COUNT + 1] = {\n");
    for (int i = 0; i <= ids; i++) fprintf(f, "%d,%s", start[i], i % 16 == 15 ? "\n" : "");
    fprintf(f, "};\n\nconst u16 op_first[OP_COUNT] = {\n    0, 1, 2,\n");
    for (int i = 0; i < single_count; i++) fprintf(f, "    OP_%s,\n", singles[i].name);
    for (int i = 0; i < sequence_count; i++)
        fprintf(f, "    OP_%s,\n", singles[sequences[i].single[0]].name);
    fprintf(f, "};\n\nconst u8 op_length[OP_COUNT] = {\n");
    for (int i = 0; i < single_count + 3; i++) fprintf(f, "1,%s", i % 32 == 31 ? "\n" : "");
    for (int i = 0; i < sequence_count; i++) fprintf(f, "\n    %d,", sequences[i].length);
    fprintf(f, "\n};\n\nconst u8 op_result_slots[OP_COUNT] = {\n    0, 0, 0,\n");
    for (int i = 0; i < single_count; i++)
        fprintf(f, "    %u,%s", result_slots(singles[i].row), i % 16 == 15 ? "\n" : "");
    fprintf(f, "};\n");
    free(start);
}
