// Disassembly. Arm ARM: "A64 Instruction Set Encoding", for targets and system instructions.
#include "debugger/disasm.h"
#include "debugger/assembly.h"

#include "cpu/decode.h"
#include "cpu/sysreg.h"
#include "machine/machine.h"

#include <capstone/capstone.h>
#include <ctype.h>
#include <stdlib.h>

enum { BEFORE = 4, AFTER = 3 };

struct Disassembler {
    csh capstone;  // 0: not there
    const Machine *machine;
    const Symbols *symbols;
};

Disassembler *disasm_open(const Machine *machine, const Symbols *symbols) {
    Disassembler *d = calloc(1, sizeof *d);
    CHECK(d);
    d->machine = machine;
    d->symbols = symbols;
    if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &d->capstone) != CS_ERR_OK) d->capstone = 0;
    return d;
}

void disasm_close(Disassembler *d) {
    if (!d) return;
    if (d->capstone) cs_close(&d->capstone);
    free(d);
}

// --- system registers and instructions -----------------------------------------------------------

static unsigned encoding(u32 word) {
    return sysreg_enc(word >> 19 & 3, word >> 16 & 7, word >> 12 & 15, word >> 8 & 15,
                      word >> 5 & 7);
}

static const char *xt_name(u32 word, char buf[8]) {
    if ((word & 31) == 31) return "xzr";
    snprintf(buf, 8, "x%u", word & 31);
    return buf;
}

// MRS, MSR (register): op0 is 2 or 3. Registers that are in no row are left to Capstone.
static bool register_move(u32 word, char *buf, size_t n) {
    if ((word & 0xffd00000) != 0xd5100000) return false;
    unsigned index = sysreg_index(encoding(word));
    if (index == SYSREG_NONE) return false;
    const char *name = sysreg_info(index)->name;
    char xt[8];
    if (bit(word, 21))
        snprintf(buf, n, "%-7s %s, %s", "mrs", xt_name(word, xt), name);
    else
        snprintf(buf, n, "%-7s %s, %s", "msr", name, xt_name(word, xt));
    return true;
}

// SYS: "tlbi    VAE1IS, x0".
static bool system_instruction(u32 word, char *buf, size_t n) {
    if ((word & 0xfff80000) != 0xd5080000) return false;
    unsigned index = sysreg_index(encoding(word));
    if (index == SYSREG_NONE) return false;
    const char *name = sysreg_info(index)->name, *blank = strchr(name, ' ');
    if (!blank) return false;
    char mnemonic[8], xt[8];
    snprintf(mnemonic, sizeof mnemonic, "%.*s", (int)(blank - name), name);
    for (char *c = mnemonic; *c; c++) *c = (char)tolower((unsigned char)*c);
    bool has_xt = (word & 31) != 31;
    snprintf(buf, n, "%-7s %s%s%s", mnemonic, blank + 1, has_xt ? ", " : "",
             has_xt ? xt_name(word, xt) : "");
    return true;
}

// --- what Capstone does not know -----------------------------------------------------------------

// "ldapr_sized size=3 Rn=1 Rt=0": the row of the decoder's table, as this CPU decodes the word.
static void by_row(const Disassembler *d, u32 word, char *buf, size_t n) {
    Op op = {0};
    const DecodeRow *row = d->machine ? decode_row(d->machine->features, word, 0, &op) : NULL;
    if (!row) {
        snprintf(buf, n, "%-7s 0x%08x", ".inst", word);
        return;
    }
    size_t used = (size_t)snprintf(buf, n, "%-7s", row->name);
    unsigned at = 32;
    for (const char *t = row->diagram; *t; t += strspn(t, " ")) {
        size_t length = strcspn(t, " ");
        const char *colon = memchr(t, ':', length);
        unsigned width = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : (unsigned)length;
        at -= width;
        if (colon && used < n)
            used += (size_t)snprintf(buf + used, n - used, " %.*s=%u", (int)(colon - t), t,
                                     (unsigned)bits(word, at + width - 1, at));
        t += length;
    }
}

// --- targets -------------------------------------------------------------------------------------

// The address that is written in an instruction: of a branch, ADR, ADRP, a literal.
static bool target_of(u64 address, u32 w, u64 *target) {
    u64 offset;
    if ((w & 0x7c000000) == 0x14000000)  // B, BL
        offset = (u64)sext(bits(w, 25, 0), 26) * 4;
    else if ((w & 0xfe000000) == 0x54000000 || (w & 0x7e000000) == 0x34000000 ||
             (w & 0x3b000000) == 0x18000000)  // B.cond, CBZ, literals
        offset = (u64)sext(bits(w, 23, 5), 19) * 4;
    else if ((w & 0x7e000000) == 0x36000000)  // TBZ
        offset = (u64)sext(bits(w, 18, 5), 14) * 4;
    else if ((w & 0x1f000000) == 0x10000000)  // ADR, ADRP
        offset = (u64)sext(bits(w, 23, 5) << 2 | bits(w, 30, 29), 21);
    else
        return false;
    bool page = (w & 0x9f000000) == 0x90000000;
    *target = page ? (address & ~0xfffull) + (offset << 12) : address + offset;
    return true;
}

static void add_symbol(const Disassembler *d, int space, u64 address, u32 word, char *buf,
                       size_t n) {
    u64 target;
    SymbolHit hit;
    if (!target_of(address, word, &target) || !symbols_lookup(d->symbols, space, target, &hit))
        return;
    size_t used = strlen(buf);
    if (hit.offset)
        snprintf(buf + used, n - used, " <%s+0x%llx>", hit.name, (unsigned long long)hit.offset);
    else
        snprintf(buf + used, n - used, " <%s>", hit.name);
}

void disasm_text(Disassembler *d, int symbol_space, u64 address, u32 word, char *buf, size_t n) {
    cs_insn *insn;
    if (register_move(word, buf, n) || system_instruction(word, buf, n)) return;
    if (assembly_text(word, buf, n)) return;
    if (!d->capstone || cs_disasm(d->capstone, (const u8 *)&word, 4, address, 1, &insn) != 1) {
        by_row(d, word, buf, n);
        return;
    }
    snprintf(buf, n, *insn->op_str ? "%-7s %s" : "%s", insn->mnemonic, insn->op_str);
    cs_free(insn, 1);
    add_symbol(d, symbol_space, address, word, buf, n);
}

bool disasm_fetch(Cpu *cpu, Space space, u64 address, u32 *word, Error *err) {
    if (address & 3)
        return error_set(err, "0x%llx is no address of an instruction (not a multiple of 4)",
                         (unsigned long long)address);
    return space_read(cpu, space, address, word, sizeof *word, err);
}

void disasm_around_pc(Cpu *cpu, FILE *out) {
    Space here = {.kind = AS_CURRENT};
    u32 word;
    if (!disasm_fetch(cpu, here, cpu->pc, &word, NULL)) {
        fprintf(out, "no code can be read at pc 0x%llx\n", (unsigned long long)cpu->pc);
        return;
    }
    Disassembler *d = disasm_open(cpu->machine, NULL);
    for (int i = -BEFORE; i <= AFTER; i++) {
        u64 address = cpu->pc + (u64)(i64)(i * 4);
        char text[160];
        if (!disasm_fetch(cpu, here, address, &word, NULL)) continue;
        disasm_text(d, SPACE_ANY, address, word, text, sizeof text);
        fprintf(out, "%s %016llx  %08x  %s\n", i == 0 ? "=>" : "  ", (unsigned long long)address,
                word, text);
    }
    disasm_close(d);
}
