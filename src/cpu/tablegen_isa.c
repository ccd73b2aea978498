// Writes isa_table.c: what the rows say, for `el2sim decode` and `el2sim isa`. The decoder does not
// use it: its rows are in decode_table.c, in the same order.
#include "cpu/tablegen.h"

#include <string.h>

static const char *kind_name(const Row *r) {
    static const char *const name[] = {
        [KIND_PLAIN] = "",      [KIND_MEM] = "mem",       [KIND_BRANCH] = "branch",
        [KIND_JUMP] = "jump",   [KIND_SYSTEM] = "system", [KIND_HANDLER] = "handler",
        [KIND_UNDEF] = "undef",
    };
    return name[r->kind];
}

static uint32_t field_bits(const Field *f) {
    return ((1u << f->width) - 1) << f->lo;
}

// Bit per value of a field that the row's value list has; 0: there is no list.
static uint64_t listed_values(const Row *r, int field) {
    uint64_t values = 0;
    for (int i = 0; i < r->operands; i++)
        if (r->operand[i].kind == OPD_TEMPLATE && r->operand[i].listed &&
            r->operand[i].field == field)
            for (int v = 0; v < r->operand[i].value_count; v++)
                values |= 1ull << r->operand[i].values[v];
    return values;
}

// The bits, besides the fixed ones, that say whether a word is the row's.
static uint32_t deciding_bits(const Row *r) {
    uint32_t s, q, bits = scalar_bits(r, &s, &q) ? s | q : 0;
    for (int i = 0; i < r->fields; i++)
        if (r->where_fields >> i & 1 || listed_values(r, i)) bits |= field_bits(&r->field[i]);
    return bits;
}

static void write_where(FILE *f, const Row *r) {
    fprintf(f, "static bool where_%s(u32 word) {\n", r->name);
    write_fields(f, r);
    fprintf(f, "    return %s;\n}\n", r->where);
}

static void write_field_list(FILE *f, const Row *r) {
    fprintf(f, "static const IsaField fields_%s[] = {\n", r->name);
    for (int i = 0; i < r->fields; i++)
        fprintf(f, "    {\"%s\", %d, %d, 0x%llx},\n", r->field[i].name, r->field[i].lo,
                r->field[i].width, (unsigned long long)listed_values(r, i));
    fprintf(f, "};\n");
}

void write_isa_table(const char *dir) {
    FILE *f = create(dir, "isa_table.c");
    fprintf(f, "#include \"cpu/isa.h\"\n#include \"cpu/operands.h\"\n\n");
    for (int i = 0; i < row_count; i++) {
        if (*rows[i].where) write_where(f, &rows[i]);
        if (rows[i].fields) write_field_list(f, &rows[i]);
    }
    fprintf(f, "\nconst IsaRow isa_rows[] = {\n");
    for (int i = 0; i < row_count; i++) {
        const Row *r = &rows[i];
        uint32_t s, q;
        fprintf(f, "    {\"%s\", \"%s\", \"%s\", \"%s\", ", table_of(r), kind_name(r),
                r->operand_text, r->where);
        fprintf(f, *r->where ? "where_%s, " : "NULL, ", r->name);
        fprintf(f, r->fields ? "fields_%s, " : "NULL, ", r->name);
        fprintf(f, "%d, %d, %d, 0x%08x},\n", r->fields, r->fp, scalar_bits(r, &s, &q),
                deciding_bits(r));
    }
    fprintf(f, "};\n");
    fclose(f);
}
