// The reader of instruction traces: any bytes, with a valid header in front of those that have none.
#include "trace/insn.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool visit(void *arg, const InsnRecord *r) {
    uint64_t *left = arg;
    if (r->el > 2 || r->cpu >= 512 || r->pc & 3) abort();
    return --*left != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t header[INSN_HEADER] = {'E', 'L',          '2', 'S', 'I', 'M', 'I',
                                                'N', INSN_VERSION, 0,   0,   0,   2};
    Error err = {""};
    uint64_t left = 100000;
    if (!insn_read(data, size, visit, &left, &err) && !err.text[0]) abort();
    uint8_t *with = malloc(size + INSN_HEADER);
    if (!with) return 0;
    memcpy(with, header, INSN_HEADER);
    if (size) memcpy(with + INSN_HEADER, data, size);
    left = 100000;
    if (!insn_read(with, size + INSN_HEADER, visit, &left, &err) && !err.text[0]) abort();
    free(with);
    return 0;
}
