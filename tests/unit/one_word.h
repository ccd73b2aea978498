// Executes one instruction by the handler that its word decodes to, without a machine.
#pragma once

#include "cpu/decode.h"
#include "gen/handlers.h"

static const Op *end_of_word(Cpu *cpu, const Op *op, const Table *table) {
    (void)cpu, (void)table;
    return op;
}

// False: UNDEFINED with all features.
static inline bool execute_word(Cpu *cpu, u32 word) {
    static const u64 all_features[2] = {~0ull, ~0ull};
    static struct RunTable table;  // run_handlers, but the second instruction ends the run
    Op ops[2] = {{.id = 0}, {.id = OP_PAGE_END}};
    table = run_handlers;
    table.h[OP_PAGE_END] = end_of_word;
    if (!decode_row(all_features, word, 0, &ops[0])) return false;
    table.h[ops[0].id](cpu, ops, (const Table *)&table);
    return true;
}
