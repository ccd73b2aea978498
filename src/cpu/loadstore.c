// What loads and stores do beside accessing memory: SP alignment, the exclusives monitor. Arm ARM:
// "Stack pointer alignment checking", "Synchronization and semaphores". Choices: a store-exclusive
// without a mark fails before its address is translated; the marked block is exactly the bytes
// loaded; a store by the same PE does not clear the mark.
#include "cpu/loadstore.h"
#include "cpu/pauth.h"
#include "cpu/system.h"
#include "mmu/access.h"

COLD void check_sp_alignment(Cpu *cpu, const Op *op) {
    if (!bit(system_sctlr(cpu), cpu->el ? SCTLR_SA : SCTLR_SA0)) return;
    cpu_sync(cpu, op);
    take_sync(cpu, EC_SP_ALIGN, 0, cpu->el ? "SCTLR_ELx.SA" : "SCTLR_ELx.SA0");
    cpu_unwind(cpu);
}

// The access before has filled the entry.
static u64 host_address(Cpu *cpu, u64 va) {
    return va + tlb_entry(cpu, va)->add;
}

void exclusive_mark_slow(Cpu *cpu, u64 va, unsigned size) {
    cpu->excl_valid = true;
    cpu->excl_size = (u8)size;
    cpu->excl_host = host_address(cpu, va);
}

bool exclusive_pass_slow(Cpu *cpu, const Op *op, u64 va, unsigned size) {
    if (!cpu->excl_valid && !(va & (size - 1))) return false;
    // Only the store itself is Tag Checked.
    mem_translate(cpu, op, va, size, false, true, ACC_EXCL | ACC_NO_TAG);
    bool pass =
        cpu->excl_valid && cpu->excl_size == size && cpu->excl_host == host_address(cpu, va);
    cpu->excl_valid = false;
    return pass;
}

COLD void check_pauth_trap(Cpu *cpu, const Op *op, int key) {
    cpu_sync(cpu, op);
    if (pauth_trapped(cpu, (PacKey)key)) cpu_unwind(cpu);
}
