// The interrupt controller in words (Arm GIC architecture specification: "Interrupt handling and
// prioritization", "Virtual interrupt handling and prioritization"). Every step of an interrupt's way is asked
// of the state that src/gic decides by; nothing is decided again here.
#include "debugger/view_gic.h"

#include "cpu/exception.h"
#include "machine/virt.h"

#include <stdarg.h>

// --- names ---------------------------------------------------------------------------------------

static const char *source_name(u32 intid, char *buf, size_t n) {
    static const char *const ppis[32] = {[PPI_PMU] = "PMU",
                                         [PPI_MAINTENANCE] = "GIC maintenance",
                                         [PPI_HPTIMER] = "EL2 physical timer",
                                         [PPI_VTIMER] = "EL1 virtual timer",
                                         [PPI_HVTIMER] = "EL2 virtual timer",
                                         [PPI_PTIMER] = "EL1 physical timer"};
    if (intid < SGIS) return "SGI";
    if (intid < LOCAL_IRQS) return ppis[intid] ? ppis[intid] : "PPI, nothing is wired to it";
    if (intid >= LPI_FIRST) return "LPI";
    u32 spi = intid - SPI_BASE;
    const char *device = spi == VIRT_SPI_UART   ? ", pl011"
                         : spi == VIRT_SPI_RTC  ? ", pl031"
                         : spi == VIRT_SPI_GPIO ? ", pl061"
                                                : "";
    snprintf(buf, n, "SPI %u%s", spi, device);
    return buf;
}

static void put_name(FILE *out, u32 intid) {
    char buf[40];
    fprintf(out, "INTID %u (%s)", intid, source_name(intid, buf, sizeof buf));
}

static const char *state_name(bool pending, bool active) {
    if (pending) return active ? "active and pending" : "pending";
    return active ? "active" : "inactive";
}

// --- steps ---------------------------------------------------------------------------------------

// The way of an interrupt: conditions in order; the first that fails holds it.
typedef struct Way {
    FILE *out;
    char held[200];  // "" while all hold
} Way;

__attribute__((format(printf, 3, 4))) static void step(Way *w, bool ok, const char *format, ...) {
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(w->out, "  %-3s  %s\n", ok ? "yes" : "NO", text);
    if (!ok && !*w->held) snprintf(w->held, sizeof w->held, "%s", text);
}

static void verdict(const Way *w, const char *delivered) {
    if (*w->held)
        fprintf(w->out, "  => not delivered: %s\n", w->held);
    else
        fprintf(w->out, "  => %s\n", delivered);
}

// What both kinds of CPU interface ask of an interrupt. `prefix`: ICC or ICV.
static void interface_steps(Way *w, const CpuIf *f, u8 priority, u8 group, const char *prefix) {
    step(w, f->enable[group], "%s_IGRPEN%u_EL1.Enable = %u", prefix, group, f->enable[group]);
    step(w, priority < f->pmr, "priority 0x%02x %s %s_PMR_EL1 = 0x%02x (lower numbers pass)",
         priority, priority < f->pmr ? "passes" : "does not pass", prefix, f->pmr);
    int running = cpuif_running(f);
    u8 mask = cpuif_group_mask(f, group);
    bool preempts = running == RPR_IDLE || (priority & mask) < (running & mask);
    if (running == RPR_IDLE)
        step(w, true, "nothing is running: no active priority");
    else
        step(w, preempts,
             "group priority 0x%02x %s the running priority 0x%02x (an interrupt whose priority "
             "was not dropped by EOIR)",
             priority & mask, preempts ? "preempts" : "does not preempt", running);
}

// --- physical interrupts -------------------------------------------------------------------------

static void put_routing(Way *w, const GicCpu *c, u32 intid) {
    const Gic *gic = c->gic;
    if (intid < LOCAL_IRQS) return;
    unsigned spi = intid - SPI_BASE;
    bool mine = bit(c->mine[spi / 32], spi % 32);
    if (gic->version == 2)
        step(w, mine, "GICD_ITARGETSR = 0x%02x %s CPU %u", gic->targets[spi],
             mine ? "names" : "does not name", c->cpu->index);
    else
        step(w, mine, "GICD_IROUTER%u = 0x%llx%s %s CPU %u", intid,
             (unsigned long long)gic->route[spi], bit(gic->route[spi], 31) ? " (1 of N)" : "",
             mine ? "is" : "is not", c->cpu->index);
}

// From the interface's signal to the exception.
static void pe_steps(Way *w, const Cpu *cpu, u32 line) {
    bool fiq = line == LINE_FIQ;
    char name = fiq ? 'F' : 'I';
    int target = interrupt_physical_target(cpu, line);
    const char *route =
        cpu_have_el2(cpu) && cpu_tge(cpu) ? "HCR_EL2.TGE = 1 routes it to EL2"
        : bit(cpu_hcr(cpu), fiq ? HCR_FMO : HCR_IMO)
            ? (fiq ? "HCR_EL2.FMO = 1 routes it to EL2" : "HCR_EL2.IMO = 1 routes it to EL2")
            : (fiq ? "HCR_EL2.FMO = 0 routes it to EL1" : "HCR_EL2.IMO = 0 routes it to EL1");
    bool masked = cpu->pstate & (fiq ? PSTATE_F : PSTATE_I);
    step(w, target != 0, "%s; the CPU is at EL%u with PSTATE.%c = %u%s", route, cpu->el, name,
         masked,
         target                    ? ""
         : cpu->el == 2 && !masked ? ": EL2 does not take what is routed to EL1"
                                   : ": masked");
    if (cpu->halt == HALT_OFF) step(w, false, "the CPU is off (PSCI)");
}

static bool lpi_way(Way *w, GicCpu *c, u32 intid) {
    bool pending = c->lpi_pending && lpi_is_pending(c, intid);
    u16 config = c->gic->lpi_config ? c->gic->lpi_config[intid] : 0;
    step(w, c->lpis_on, "GICR_CTLR.EnableLPIs = %u", c->lpis_on);
    step(w, pending, "pending in this redistributor's table: %s",
         pending ? "yes" : "no (INT or an MSI makes it so)");
    if (config & 0x100)
        step(w, config & 1, "its configuration byte as cached: 0x%02x, %s", config & 0xff,
             config & 1 ? "enabled" : "not enabled");
    else
        fprintf(w->out, "       its configuration byte has not been read yet\n");
    return true;
}

static void bank_way(Way *w, GicCpu *c, const Bank *b, u32 intid) {
    unsigned n = intid % 32, group = bit(b->group1, n);
    bool pending = bit(bank_pending(b), n), active = bit(b->active, n);
    fprintf(w->out, "  %s, Group %u, priority 0x%02x, %s: %s\n",
            bit(b->edge, n) ? "edge-triggered" : "level-sensitive", group, b->priority[n],
            bit(b->enabled, n) ? "enabled" : "disabled", state_name(pending, active));
    const char *why = bit(b->latch, n)   ? "latched"
                      : pending          ? "its wire is asserted"
                      : bit(b->level, n) ? "its wire is asserted, but the edge was taken already"
                      : intid < SGIS     ? "no SGI was sent"
                                         : "its wire is not asserted";
    step(w, pending, "pending: %s", why);
    step(w, !active,
         active ? "active: acknowledged and not yet deactivated (EOIR with EOImode 0, DIR, or a "
                  "list register with HW = 1)"
                : "not active");
    step(w, bit(b->enabled, n), "%s.enable = %u",
         intid < LOCAL_IRQS && c->gic->version == 3 ? "GICR_ISENABLER0" : "GICD_ISENABLER",
         bit(b->enabled, n));
    step(w, bit(c->gic->ctlr, group), "GICD_CTLR.EnableGrp%u = %u", group,
         bit(c->gic->ctlr, group));
    put_routing(w, c, intid);
    if (c->gic->version == 3) step(w, !c->asleep, "GICR_WAKER.ProcessorSleep = %u", c->asleep);
}

bool view_gic_interrupt(Cpu *cpu, u32 intid, FILE *out) {
    GicCpu *c = cpu->gic;
    Bank *b = c && intid < LPI_FIRST ? irq_bank(c, intid) : NULL;
    bool lpi = c && intid >= LPI_FIRST && lpi_valid(c, intid);
    if (!b && !lpi) return false;
    Way w = {.out = out};
    put_name(out, intid);
    fprintf(out, " at CPU %u\n", cpu->index);
    if (lpi)
        lpi_way(&w, c, intid);
    else
        bank_way(&w, c, b, intid);
    u8 group = b ? bit(b->group1, intid % 32) : 1;
    u8 priority = b ? b->priority[intid % 32] : c->hplpi.intid == intid ? (u8)c->hplpi.priority : 0;
    interface_steps(&w, &c->phys, priority, group, c->gic->version == 3 ? "ICC" : "GICC");
    if (!*w.held) {
        bool first = c->hppi.intid == intid;
        char buf[40];
        if (first)
            step(&w, true, "it is the highest priority pending interrupt");
        else
            step(&w, false, "INTID %u (%s), priority 0x%02x, goes first", c->hppi.intid,
                 source_name(c->hppi.intid, buf, sizeof buf), c->hppi.priority);
    }
    pe_steps(&w, cpu, group == 0 && c->phys.fiqen ? LINE_FIQ : LINE_IRQ);
    verdict(&w, "it is taken before the next instruction of this CPU");
    for (unsigned i = 0; i < LIST_REGS; i++)
        if (bit(c->lr[i], LR_HW) && c->lr[i] >> LR_PENDING &&
            bits(c->lr[i], LR_PINTID + 12, LR_PINTID) == intid)
            fprintf(out, "  list register %u stands for it: virtual INTID %llu, %s\n", i,
                    (unsigned long long)(c->lr[i] & 0xffffffff),
                    state_name(bit(c->lr[i], LR_PENDING), bit(c->lr[i], LR_ACTIVE)));
    return true;
}

// --- virtual interrupts --------------------------------------------------------------------------

static u32 lr_vintid(u64 lr) {
    return (u32)lr;
}

static bool lr_valid(u64 lr) {
    return lr >> LR_PENDING != 0;
}

// Whether EL1 takes what the virtual interface signals.
static void guest_steps(Way *w, const Cpu *cpu, bool fiq) {
    unsigned route = fiq ? HCR_FMO : HCR_IMO;
    char name = fiq ? 'F' : 'I';
    bool on = bit(cpu->sys.HCR_EL2, route) && !cpu_tge(cpu);
    step(w, on, "HCR_EL2.%cMO = %u, TGE = %u: virtual interrupts are %s", name,
         bit(cpu->sys.HCR_EL2, route), cpu_tge(cpu), on ? "on" : "off");
    bool masked = cpu->pstate & (fiq ? PSTATE_F : PSTATE_I);
    if (cpu->el == 2)
        step(w, false, "the CPU is at EL2: virtual interrupts wait for the return to the guest");
    else
        step(w, !masked, "the guest is at EL%u with PSTATE.%c = %u", cpu->el, name, masked);
}

void view_gic_virtual(Cpu *cpu, u32 vintid, FILE *out) {
    const GicCpu *c = cpu->gic;
    Way w = {.out = out};
    int found = -1;
    for (int i = LIST_REGS; i-- > 0;)
        if (lr_valid(c->lr[i]) && lr_vintid(c->lr[i]) == vintid) found = i;
    fprintf(out, "virtual INTID %u at CPU %u\n", vintid, cpu->index);
    step(&w, found >= 0,
         found >= 0 ? "in list register %d"
                    : "in no list register: not injected here, or overwritten or taken out since",
         found);
    if (found >= 0) {
        u64 lr = c->lr[found];
        bool pending = bit(lr, LR_PENDING), active = bit(lr, LR_ACTIVE);
        step(&w, pending && !active, "its state is %s%s", state_name(pending, active),
             active ? ": the guest has acknowledged it and must deactivate it first" : "");
        step(&w, bit(c->hcr, ICH_HCR_EN), "ICH_HCR_EL2.En = %u", bit(c->hcr, ICH_HCR_EN));
        u8 group = bit(lr, LR_GROUP), priority = (u8)(lr >> LR_PRIORITY);
        interface_steps(&w, &c->virt, priority, group, c->gic->version == 3 ? "ICV" : "GICV");
        Pending p = virt_hppi(c);
        if (!*w.held && p.lr != found)
            step(&w, false, "virtual INTID %u in list register %d, priority 0x%02x, goes first",
                 p.intid, p.lr, p.priority);
        guest_steps(&w, cpu, group == 0 && c->virt.fiqen);
    }
    verdict(&w, "the guest takes it before its next instruction");
}

static void put_list_register(const GicCpu *c, unsigned i, FILE *out) {
    u64 lr = c->lr[i];
    fprintf(out, "  LR%u 0x%016llx ", i, (unsigned long long)lr);
    if (!lr_valid(lr)) {
        fprintf(out, "free%s\n",
                bit(virt_eisr(c), i) ? ", its EOI maintenance interrupt is pending" : "");
        return;
    }
    fprintf(out, "vINTID %u %s, Group %u, priority 0x%02x", lr_vintid(lr),
            state_name(bit(lr, LR_PENDING), bit(lr, LR_ACTIVE)), bit(lr, LR_GROUP),
            (unsigned)(lr >> LR_PRIORITY & 0xff));
    if (bit(lr, LR_HW))
        fprintf(out, ", HW: pINTID %u", (unsigned)bits(lr, LR_PINTID + 12, LR_PINTID));
    if (!bit(lr, LR_HW) && bit(lr, LR_EOI)) fprintf(out, ", EOI raises a maintenance interrupt");
    fputc('\n', out);
    for (unsigned k = 0; k < i; k++)
        if (lr_valid(c->lr[k]) && lr_vintid(c->lr[k]) == lr_vintid(lr))
            fprintf(out, "      WRONG: LR%u holds the same vINTID: UNPREDICTABLE\n", k);
    u32 physical = (u32)bits(lr, LR_PINTID + 12, LR_PINTID);
    Bank *b = bit(lr, LR_HW) ? irq_bank((GicCpu *)c, physical) : NULL;
    if (b && !bit(b->active, physical % 32))
        fprintf(out,
                "      WRONG: HW = 1, but physical INTID %u is not active: deactivating it has no "
                "effect\n",
                physical);
}

void view_gic_list_registers(const Cpu *cpu, FILE *out) {
    static const char *const reasons[] = {
        "EOI",           "underflow",      "LR entry not present", "nothing pending",
        "VGrp0 enabled", "VGrp0 disabled", "VGrp1 enabled",        "VGrp1 disabled"};
    const GicCpu *c = cpu->gic;
    fprintf(out, "CPU %u: ICH_HCR_EL2 0x%llx: virtual interface %s, EOIcount %u\n", cpu->index,
            (unsigned long long)c->hcr, bit(c->hcr, ICH_HCR_EN) ? "on" : "off",
            (unsigned)bits(c->hcr, 31, ICH_HCR_EOICOUNT));
    fprintf(out, "  groups %s%s%s, VPMR 0x%02x, ", c->virt.enable[0] ? "0 " : "",
            c->virt.enable[1] ? "1 " : "", c->virt.enable[0] || c->virt.enable[1] ? "on" : "off",
            c->virt.pmr);
    int running = cpuif_running(&c->virt);
    fprintf(out, running == RPR_IDLE ? "idle\n" : "running priority 0x%02x\n", running);
    for (unsigned i = 0; i < LIST_REGS; i++) put_list_register(c, i, out);
    u32 misr = bit(c->hcr, ICH_HCR_EN) ? virt_misr(c) : 0;
    if (!misr) return;
    fprintf(out, "  maintenance interrupt:");
    for (unsigned i = 0; i < ARRAY_LEN(reasons); i++)
        if (bit(misr, i)) fprintf(out, " %s%s", reasons[i], misr >> (i + 1) ? "," : "");
    fputc('\n', out);
}

// --- everything ----------------------------------------------------------------------------------

static void put_interface(const GicCpu *c, FILE *out) {
    const CpuIf *f = &c->phys;
    char buf[40];
    fprintf(out, "CPU %u: %sgroups %s%s%s, PMR 0x%02x, ", c->cpu->index,
            c->asleep ? "redistributor asleep, " : "", f->enable[0] ? "0 " : "",
            f->enable[1] ? "1 " : "", f->enable[0] || f->enable[1] ? "on" : "off", f->pmr);
    int running = cpuif_running(f);
    fprintf(out, running == RPR_IDLE ? "idle" : "running priority 0x%02x", running);
    if (c->hppi.intid != INTID_SPURIOUS)
        fprintf(out, ", next INTID %u (%s)%s", c->hppi.intid,
                source_name(c->hppi.intid, buf, sizeof buf),
                cpuif_signals(f, &c->hppi) ? ", signalled" : ", not signalled");
    fputc('\n', out);
}

static void put_bank(const Bank *b, u32 first, const char *where, FILE *out) {
    char buf[40];
    for (u32 any = bank_pending(b) | b->active; any; any &= any - 1) {
        unsigned n = (unsigned)__builtin_ctz(any);
        fprintf(out, "  %4u  %-22s %-18s %s, Group %u, priority 0x%02x%s\n", first + n,
                source_name(first + n, buf, sizeof buf),
                state_name(bit(bank_pending(b), n), bit(b->active, n)),
                bit(b->enabled, n) ? "enabled" : "disabled", bit(b->group1, n), b->priority[n],
                where);
    }
}

void view_gic(const Machine *machine, FILE *out) {
    const Gic *gic = machine->gic;
    fprintf(out, "GICv%d, GICD_CTLR 0x%x: Group 0 %s, Group 1 %s\n", gic->version, gic->ctlr,
            bit(gic->ctlr, 0) ? "on" : "off", bit(gic->ctlr, 1) ? "on" : "off");
    for (unsigned i = 0; i < gic->cpus; i++) put_interface(&gic->cpu[i], out);
    fprintf(out, "pending or active:\n");
    for (unsigned i = 0; i < gic->cpus; i++) {
        char where[24];
        snprintf(where, sizeof where, ", CPU %u", i);
        put_bank(&gic->cpu[i].local, 0, where, out);
    }
    for (unsigned w = 0; w < gic->spi_words; w++)
        put_bank(&gic->spi[w], SPI_BASE + 32 * w, "", out);
    for (unsigned i = 0; i < gic->cpus; i++)
        if (gic->cpu[i].hplpi.intid != INTID_SPURIOUS)
            fprintf(out, "  %4u  %-22s %-18s priority 0x%02x, CPU %u\n", gic->cpu[i].hplpi.intid,
                    "LPI (the first)", "pending", gic->cpu[i].hplpi.priority, i);
    for (unsigned i = 0; i < gic->cpus && machine->config.el2; i++)
        if (gic->cpu[i].hcr) view_gic_list_registers(gic->cpu[i].cpu, out);
}
