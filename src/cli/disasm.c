// Disassembly for reports, by Capstone.
#include "cli/disasm.h"
#include "devices/device.h"
#include "mmu/mmu.h"

#include <capstone/capstone.h>
#include <stdio.h>

enum { BEFORE = 4, AFTER = 3 };

// The word that would be fetched from address. False: not mapped, or not memory.
static bool fetch_word(Cpu *cpu, u64 address, u32 *word) {
    AccessDesc acc = {.type = ACCESS_FETCH, .mode = cpu_mode(cpu), .no_side_effects = true};
    Translation t = {0};
    Fault fault = {0};
    return mmu_translate(cpu, va(address), &acc, &t, &fault) &&
           bus_read_bytes(cpu->machine, t.pa, word, sizeof *word);
}

static void print_line(csh capstone, u64 address, u32 word, bool here, FILE *out) {
    cs_insn *insn;
    fprintf(out, "%s %016llx  %08x  ", here ? "=>" : "  ", (unsigned long long)address, word);
    if (capstone && cs_disasm(capstone, (const u8 *)&word, 4, address, 1, &insn) == 1) {
        fprintf(out, "%s %s\n", insn->mnemonic, insn->op_str);
        cs_free(insn, 1);
    } else {
        fprintf(out, ".inst 0x%08x\n", word);
    }
}

void disasm_around_pc(Cpu *cpu, FILE *out) {
    u32 word;
    if (!fetch_word(cpu, cpu->pc, &word)) {
        fprintf(out, "no code can be read at pc 0x%llx\n", (unsigned long long)cpu->pc);
        return;
    }
    csh capstone;
    if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &capstone) != CS_ERR_OK) capstone = 0;
    for (int i = -BEFORE; i <= AFTER; i++) {
        u64 address = cpu->pc + (u64)(i64)(i * 4);
        if (fetch_word(cpu, address, &word)) print_line(capstone, address, word, i == 0, out);
    }
    if (capstone) cs_close(&capstone);
}
