// What the parts of the generator of the instruction tables share: tablegen.c reads the rows and
// writes decoder and handlers, tablegen_fuse.c the handlers of sequences, tablegen_isa.c the rows as tools
// show them.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { MAX_ROWS = 4000, MAX_FIELDS = 20, MAX_OPERANDS = 16, MAX_FEATURES = 256, MAX_VALUES = 64 };

typedef struct {
    char name[24];
    int lo, width;
    bool used;
} Field;

typedef enum {
    OPD_TEMPLATE,
    OPD_NEAR,
    OPD_X,
    OPD_XSP,
    OPD_DX,
    OPD_DXSP,
    OPD_V,
    OPD_DV,
    OPD_LR,
    OPD_PC,
    OPD_SMALL,
    OPD_WIDE,
    OPD_TARGET,
} OperandKind;

typedef struct {
    OperandKind kind;
    int field;               // index, for register, template and small operands
    char expr[200];          // C text, for wide operands
    int values[MAX_VALUES];  // template values
    int value_count;
    bool listed;  // values were given: others do not match
    int slot;     // of Op.r
    int wide;     // 0 or 1
} Operand;

typedef enum {
    KIND_PLAIN,
    KIND_MEM,
    KIND_BRANCH,
    KIND_JUMP,
    KIND_INDIRECT,
    KIND_SYSTEM,
    KIND_HANDLER,
    KIND_UNDEF
} Kind;

typedef struct {
    char name[64];
    char diagram[200], operand_text[300];
    const char *file;
    int line, table;
    uint32_t mask, value;
    Field field[MAX_FIELDS];
    int fields;
    Operand operand[MAX_OPERANDS];
    int operands, slots, wides;
    Kind kind;
    bool fp, near;
    int feature[8];
    int features;
    char where[300];
    uint32_t where_fields;  // bit per field that it names
} Row;

// How the registers of an instruction in a sequence are linked with those of the others, by operand:
// the letter of the earlier result it takes instead of reading the register, the letter of its own.
typedef struct {
    char from[MAX_OPERANDS], to[MAX_OPERANDS];
} Link;

extern Row *rows;
extern int row_count;
extern const char *at_file;  // what fail() names
extern int at_line;

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
FILE *create(const char *dir, const char *name);

// Handlers of a row: as many as combinations of its template values (and near).
int combos(const Row *r);
void handler_name(const Row *r, int c, char *out, size_t n);
// The statements of handler c of a row, on `op`. Not the last of a sequence: they fall through instead
// of going on with the next instruction. link: NULL for an instruction alone.
void write_body(FILE *f, const Row *r, int c, bool last, const Link *link);
// The declarations of all fields of a row, from `word`, as decoder and conditions use them.
void write_fields(FILE *f, const Row *r);
// Bits of the fields `s` and `Q` of a row that holds the vector (s = 0) and the scalar (s = 1, Q =
// 1) form of an Advanced SIMD instruction; s = 1, Q = 0 is another part of the encoding space.
bool scalar_bits(const Row *r, uint32_t *s, uint32_t *q);
// Name of the table that a row is in: "loadstore".
const char *table_of(const Row *r);
// Includes of all tables, each once.
void write_includes(FILE *f);

// tablegen_isa.c: isa_table.c, the rows for tools that explain them.
void write_isa_table(const char *dir);

// tablegen_fuse.c: reads a list of sequences; their handlers, ids and the tables to find them by.
void read_sequences(const char *path);
void write_fused_handlers(const char *dir);
void write_fused_ids(FILE *f);           // for the enum of ids
void write_fused_declarations(FILE *f);  // of the handlers
void write_fused_table(FILE *f);         // the handlers, in the order of their ids
void write_fused_steps(FILE *f);         // op_first[], op_steps[], op_step_start[]
