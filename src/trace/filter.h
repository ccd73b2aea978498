// Which lines a trace writes: the terms of --trace-filter (docs/trace.md, "Filters"). Those that are given must all hold; one
// about something that a line has not fails.
#pragma once

#include "trace/internal.h"

typedef struct Range {
    bool given;
    u64 lo, hi;  // inclusive
} Range;

// Classes of a filter by ESR_ELx.EC, and these.
enum { CLASS_IRQ = 64, CLASS_FIQ, CLASS_SERROR, CLASS_COUNT, CLASS_NONE };

struct TraceFilter {
    Range cpu, el, vmid, pc, va, ipa, pa, icount, intid;
    bool has_world, has_class;
    u32 world;  // world_key()
    bool class[CLASS_COUNT];
};

// "el=1,ipa=0x9000000..0x9000fff". Symbols are those of the spaces that the trace has names for. False: err names the term.
bool filter_parse(TraceFilter *f, const char *text, const Symbols *symbols,
                  const TraceConfig *config, Error *err);
bool filter_passes(const TraceFilter *f, const LineFacts *line);
