// What an exception says, in words: class and ISS from the tables of exceptions.def, registers by
// their names, interrupts by what the `virt` board wires to them.
#include "trace/internal.h"

#include "cpu/sysreg.h"
#include "gen/exceptions.h"
#include "gic/internal.h"

static World world_under(int el, u64 hcr, u64 vttbr, bool vmid16) {
    if (el == 2) return (World){WORLD_EL2, 0};
    if (el == 0 && bit(hcr, HCR_TGE)) return (World){WORLD_HOST, 0};
    if (!bit(hcr, HCR_VM)) return (World){WORLD_S2OFF, 0};
    return (World){WORLD_VM, (u16)bits(vttbr, vmid16 ? 63 : 55, 48)};
}

World world_of(const Cpu *cpu, int el) {
    bool vmid16 = bit(cpu->sys.VTCR_EL2, 19);  // VTCR_EL2.VS
    return world_under(el, cpu->sys.HCR_EL2, cpu->sys.VTTBR_EL2, vmid16);
}

World exit_world(const ExitRecord *r) {
    int el = r->event == EXIT_EXCEPTION ? r->from_el : r->to_el;
    return world_under(el, r->hcr, r->vttbr, bit(r->vtcr, 19));
}

bool exception_is_behind(const Exception *e) {
    bool trapped = e->rule && !strncmp(e->rule, "HFGITR_EL2", 10);
    return e->kind == EXC_SYNC && exception_classes[e->ec & 63].returns_to_next && !trapped;
}

Exception exit_exception(const ExitRecord *r) {
    return (Exception){.kind = (ExceptionKind)r->kind,
                       .ec = (u8)bits(r->esr, 31, 26),
                       .il = bit(r->esr, 25),
                       .iss = (u32)bits(r->esr, 24, 0),
                       .far_valid = r->far_valid,
                       .far = r->far,
                       .hpfar_valid = r->hpfar_valid,
                       .hpfar = r->hpfar,
                       .is_virtual = r->is_virtual,
                       .intid = r->intid,
                       .memory_tag = r->memory_tag,
                       .rule = r->rule};
}

char *put_world(char *p, World w) {
    switch (w.kind) {
    case WORLD_OTHER_VMS: return put_text(p, "vm*");
    case WORLD_S2OFF: return put_text(p, "s2off");
    case WORLD_HOST: return put_text(p, "host");
    case WORLD_EL2: return put_text(p, "el2");
    case WORLD_VM: break;
    }
    return put_dec(put_text(p, "vm"), w.vmid);
}

int world_space(World w) {
    switch (w.kind) {
    case WORLD_OTHER_VMS:
    case WORLD_S2OFF: return SPACE_ANY;
    case WORLD_HOST:
    case WORLD_EL2: return SPACE_EL2;
    case WORLD_VM: break;
    }
    return w.vmid;
}

const char *exception_name(const Exception *e) {
    switch (e->kind) {
    case EXC_IRQ: return "IRQ";
    case EXC_FIQ: return "FIQ";
    case EXC_SERROR: return "SERROR";
    case EXC_SYNC: break;
    }
    const char *name = exception_classes[e->ec & 63].name;
    return name ? name : "RESERVED";
}

static bool meaningful(const IssField *f, u32 iss) {
    return f->when < 0 || bit(iss, (unsigned)f->when) == f->when_is;
}

static char *put_field(char *p, const IssField *f, u32 value) {
    *p++ = ' ';
    p = put_text(p, f->name);
    if (f->kind == ISS_FLAG) return p;
    *p++ = '=';
    switch (f->kind) {
    case ISS_VALUES: return f->values[value] ? put_text(p, f->values[value]) : put_hex(p, value);
    case ISS_XREG: return value == 31 ? put_text(p, "xzr") : put_dec(put_text(p, "x"), value);
    case ISS_DEC: return put_dec(p, value);
    default: return put_hex(p, value);
    }
}

char *put_iss(char *p, unsigned ec, u32 iss) {
    const ExceptionClass *c = &exception_classes[ec & 63];
    if (!c->name) return put_hex(put_text(p, " ISS="), iss);
    const IssLayout *l = c->layout;
    for (unsigned i = 0; i < l->fields; i++) {
        const IssField *f = &l->field[i];
        u32 value = (u32)bits(iss, f->hi, f->lo);
        bool shown_when_zero = f->kind == ISS_VALUES || f->kind == ISS_XREG || l == &iss_call;
        if (meaningful(f, iss) && (value || shown_when_zero)) p = put_field(p, f, value);
    }
    if (iss & l->res0) p = put_hex(put_text(p, " RES0="), iss & l->res0);
    return p;
}

char *put_fault_status(char *p, u32 iss) {
    const IssLayout *l = &iss_data_abort;
    for (unsigned i = 0; i < l->fields; i++)
        if (l->field[i].values && l->field[i].hi == 5 && l->field[i].values[iss & 0x3f])
            return put_text(p, l->field[i].values[iss & 0x3f]);
    return put_hex(p, iss & 0x3f);
}

char *put_intid(char *p, u32 intid) {
    p = put_dec(put_text(p, "INTID "), intid);
    switch (intid) {
    case PPI_MAINTENANCE: return put_text(p, " (GIC maintenance)");
    case PPI_HPTIMER: return put_text(p, " (EL2 physical timer)");
    case PPI_VTIMER: return put_text(p, " (virtual timer)");
    case PPI_HVTIMER: return put_text(p, " (EL2 virtual timer)");
    case PPI_PTIMER: return put_text(p, " (EL1 physical timer)");
    case PPI_PMU: return put_text(p, " (PMU)");
    }
    if (intid < 16) return put_text(p, " (SGI)");
    if (intid >= LPI_FIRST) return put_text(p, " (LPI)");
    if (intid >= SPI_BASE) {
        p = put_dec(put_text(p, " (SPI "), intid - SPI_BASE);
        return put_text(p, ")");
    }
    return p;
}

char *put_tags(char *p, const Exception *e) {
    if (!is_tag_check(e)) return p;
    p = put_hex(put_text(p, " pointer-tag="), bits(e->far, 59, 56));
    return put_hex(put_text(p, " memory-tag="), e->memory_tag);
}

char *put_sysreg(char *p, u32 iss) {
    unsigned op0 = (unsigned)bits(iss, 21, 20);
    unsigned enc = sysreg_enc(op0, (unsigned)bits(iss, 16, 14), (unsigned)bits(iss, 13, 10),
                              (unsigned)bits(iss, 4, 1), (unsigned)bits(iss, 19, 17));
    char name[32];
    const char *text = sysreg_name_of_encoding(enc, name, sizeof name);
    if (op0 >= 2) p = put_text(p, bit(iss, 0) ? "MRS " : "MSR ");
    return put_text(p, text);
}

u64 fault_ipa(const Cpu *cpu, const Exception *e) {
    (void)cpu;
    u64 page = bits(e->hpfar, 43, 4) << 12;
    // S1PTW: the IPA is that of a descriptor, FAR_EL2 is that of the access; its offset says
    // nothing.
    return bit(e->iss, 7) ? page : page | (e->far & 0xfff);
}
