// Faults become exceptions: routing and syndromes of Data and Instruction Aborts. Arm ARM:
// "Synchronous exception types, routing and priorities" and the ESR_ELx description; pseudo-code
// AArch64.Abort, AArch64.DataAbort, AArch64.InstructionAbort, AArch64.SyncExternalAbortTarget,
// AArch64.FaultSyndrome, AArch64.AbortSyndrome, LSInstructionSyndrome, EncodeLDFSC. Choices: EA,
// FnV and SET are 0; HPFAR_EL2 holds the IPA for every stage 2 fault taken to EL2, also for
// permission faults, where the architecture leaves it UNKNOWN.
#include "cpu/op.h"
#include "mmu/fault.h"
#include "mmu/walk.h"

unsigned fault_status(const Fault *f) {
    unsigned level = (unsigned)f->level & 3;
    switch (f->type) {
    case FAULT_ADDRESS_SIZE: return 0x00 | level;
    case FAULT_TRANSLATION: return 0x04 | level;
    case FAULT_ACCESS_FLAG: return 0x08 | level;
    case FAULT_PERMISSION: return 0x0c | level;
    case FAULT_EXTERNAL: return 0x10;
    case FAULT_EXTERNAL_TTW: return 0x14 | level;
    case FAULT_TAG_CHECK: return 0x11;
    case FAULT_ALIGNMENT: return 0x21;
    case FAULT_TLB_CONFLICT: return 0x30;
    case FAULT_HW_UPDATE: return 0x31;
    case FAULT_UNSUPPORTED_EXCLUSIVE: return 0x35;
    case FAULT_NONE: break;
    }
    CHECK(f->type != FAULT_NONE);
    return 0;
}

bool fault_is_external(const Fault *f) {
    return f->type == FAULT_EXTERNAL || f->type == FAULT_EXTERNAL_TTW;
}

// ISV, SAS, SSE, SRT, SF, AR at their places in ISS.
static u32 syndrome(unsigned sas, bool sse, unsigned srt, bool sf, bool ar) {
    return 1u << 24 | sas << 22 | (u32)sse << 21 | srt << 16 | (u32)sf << 15 | (u32)ar << 14;
}

// opc of the load/store register class: 0 store, 1 load, 2 sign-extend to 64 bits, 3 to 32.
static u32 register_syndrome(u32 word, bool ar) {
    unsigned size = word >> 30, opc = word >> 22 & 3, rt = word & 31;
    if (size == 3 && opc >= 2) return 0;  // PRFM
    if (size == 2 && opc == 3) return 0;  // unallocated
    return syndrome(size, opc >= 2, rt, opc == 2 || (opc < 2 && size == 3), ar);
}

u32 LSInstructionSyndrome(u32 word) {
    unsigned rt = word & 31, size = word >> 30;
    if ((word & 0x3f000000) == 0x08000000) {
        // Exclusives and ordered: o2 = 1, L x, o1 = 0 are LDAR, LDLAR, STLR, STLLR.
        bool o2 = word >> 23 & 1, o1 = word >> 21 & 1;
        return o2 && !o1 ? syndrome(size, false, rt, size == 3, true) : 0;
    }
    if ((word & 0x3f000000) == 0x18000000) {
        // LDR (literal), general-purpose: opc 00 32 bits, 01 64 bits, 10 LDRSW, 11 PRFM.
        if (size == 3) return 0;
        return syndrome(size == 1 ? 3 : 2, size == 2, rt, size != 0, false);
    }
    if ((word & 0x3f200c00) == 0x19000000) return register_syndrome(word, true);  // LDAPUR, STLUR
    if ((word & 0x3f000000) == 0x39000000)
        return register_syndrome(word, false);  // unsigned offset
    if ((word & 0x3f000000) != 0x38000000) return 0;
    unsigned form = word >> 10 & 3;
    if (word >> 21 & 1) {
        if (form == 2) return register_syndrome(word, false);  // register offset
        // LDAPR: A=1 R=0 Rs=11111 o3=1 opc=100.
        bool ldapr = (word & 0x3ffffc00) == 0x38bfc000;
        return ldapr ? syndrome(size, false, rt, size == 3, true) : 0;
    }
    // Unscaled and unprivileged; pre- and post-index write back.
    return form == 0 || form == 2 ? register_syndrome(word, false) : 0;
}

// AArch64.FaultSyndrome. word: of the load or store, 0 when there is none.
static u32 data_syndrome(const Fault *f, AccessType type, u32 word) {
    u32 iss = fault_status(f) | (u32)f->s1ptw << 7;
    bool maintenance = type == ACCESS_CACHE || type == ACCESS_AT;
    if (maintenance) return iss | 1u << 8 | 1u << 6;
    if (f->stage2 && !f->s1ptw && !fault_is_external(f)) iss |= LSInstructionSyndrome(word);
    return iss | (u32)f->write << 6;
}

typedef struct Route {
    int el;
    const char *rule;
} Route;

static Route route_external(const Cpu *cpu, const Fault *f) {
    u64 hcr = cpu_hcr(cpu);
    bool tea = cpu_has(cpu, FEAT_RAS) && bit(hcr, HCR_TEA);
    if (cpu->el == 2) return (Route){2, "external abort at EL2"};
    if (cpu->el == 0 && cpu_have_el2(cpu) && cpu_tge(cpu)) return (Route){2, "HCR_EL2.TGE"};
    if (tea) return (Route){2, "HCR_EL2.TEA"};
    if (f->stage2) return (Route){2, f->rule};
    return (Route){1, f->rule};
}

static Route route(const Cpu *cpu, const Fault *f) {
    if (fault_is_external(f)) return route_external(cpu, f);
    if (cpu->el == 2 || f->stage2) return (Route){2, f->rule};
    if (cpu_have_el2(cpu) && cpu_tge(cpu)) return (Route){2, "HCR_EL2.TGE"};
    return (Route){1, f->rule};
}

static bool ipa_valid(const Fault *f) {
    return f->stage2 && (f->type == FAULT_ACCESS_FLAG || f->type == FAULT_PERMISSION ||
                         f->type == FAULT_TRANSLATION || f->type == FAULT_ADDRESS_SIZE);
}

// The word at pc, when the CPU is inside an instruction. (cpu->block is already behind a system
// instruction.)
u32 current_word(const Cpu *cpu) {
    if (!cpu->page || !cpu->block) return 0;
    return op_word(cpu, &cpu->page->ops[(cpu->pc & 0xffc) >> 2]);
}

int abort_exception(const Cpu *cpu, Va address, const Fault *f, AccessType type, Acc acc, u32 word,
                    Exception *out) {
    bool nv2 = acc & ACC_NV2;
    Route to = nv2 ? (Route){2, "HCR_EL2.NV2"} : route(cpu, f);
    bool same = to.el == cpu->el || nv2, fetch = type == ACCESS_FETCH;
    Exception e = {.kind = EXC_SYNC,
                   .il = true,
                   .far_valid = true,
                   .far = address.v,
                   .rule = to.rule ? to.rule : "abort"};
    if (fetch) {
        e.ec = same ? EC_IABT_SAME : EC_IABT_LOWER;
        e.iss = fault_status(f) | (u32)f->s1ptw << 7;
    } else {
        e.ec = same ? EC_DABT_SAME : EC_DABT_LOWER;
        e.iss = data_syndrome(f, type, word) | (u32)nv2 << 13;
    }
    e.hpfar_valid = to.el == 2 && ipa_valid(f);
    e.hpfar = f->ipa >> 12 << 4;
    e.memory_tag = f->memory_tag;
    *out = e;
    return to.el;
}

void AArch64_Abort(Cpu *cpu, Va address, const Fault *f, AccessType type, unsigned size, Acc acc) {
    (void)size;
    Exception e;
    bool data = type != ACCESS_FETCH && f->stage2;
    int el = abort_exception(cpu, address, f, type, acc, data ? current_word(cpu) : 0, &e);
    AArch64_TakeException(cpu, el, &e, cpu->pc);
}

void AArch64_PCAlignmentFault(Cpu *cpu, u64 pc) {
    bool tge = cpu_have_el2(cpu) && cpu_tge(cpu);
    Exception e = {.kind = EXC_SYNC,
                   .ec = EC_PC_ALIGN,
                   .il = true,
                   .far_valid = true,
                   .far = pc,
                   .rule = cpu->el < 2 && tge ? "HCR_EL2.TGE" : "PC alignment"};
    AArch64_TakeException(cpu, cpu->el == 2 || tge ? 2 : 1, &e, pc);
}
