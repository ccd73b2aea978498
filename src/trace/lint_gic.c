// Lints of the interrupt controller: what EL2 put into the list registers when it enters a guest, what it took out of
// them without looking, and a WFI that nothing can end. Source: Arm GIC architecture specification, "ICH_LR<n>_EL2" (software
// must not let two list registers have the same vINTID; an interrupt with HW = 1 must be active in
// the Distributor), and Arm ARM, "Wait for Interrupt".
#include "trace/lint_internal.h"

static const char *lr_state(u64 lr) {
    static const char *const name[] = {"invalid", "pending", "active", "pending and active"};
    return name[lr >> 62];
}

static char *put_entry(const Lint *l, char *p, World w, const ReturnEvent *ev) {
    p = lint_address(l, put_text(p, " at the entry to "), w, ev->to_pc);
    p = lint_address(l, put_text(p, " (ERET at "), (World){WORLD_EL2, 0}, ev->from_pc);
    return put_text(p, ")");
}

// GICv2 has the source CPU of an SGI in the vINTID here: two sources are two interrupts.
static u32 vintid(u64 lr) {
    return (u32)(lr & 0xffffff);
}

static void duplicate(Lint *l, const Cpu *cpu, const ReturnEvent *ev, unsigned i, unsigned j) {
    u64 lr = cpu->gic->lr[i];
    if (!lint_new(l, LINT_LR_DUPLICATE, ev->from_pc, vintid(lr))) return;
    char buf[LINT_LINE];
    World w = world_of(cpu, ev->to_el);
    char *p = lint_start(buf, LINT_LR_DUPLICATE, cpu, w);
    p = put_dec(put_text(p, "virtual INTID "), vintid(lr));
    p = put_dec(put_text(p, " is in list registers "), i);
    p = put_text(put_text(put_text(p, " ("), lr_state(lr)), ") and ");
    p = put_text(put_text(put_dec(p, j), " ("), lr_state(cpu->gic->lr[j]));
    lint_report(l, LINT_LR_DUPLICATE, buf, put_entry(l, put_text(p, ")"), w, ev));
}

static void check_hw(Lint *l, const Cpu *cpu, const ReturnEvent *ev, unsigned i) {
    u64 lr = cpu->gic->lr[i];
    u32 physical = (u32)bits(lr, 44, LR_PINTID);
    const Bank *bank = physical < 1020 ? irq_bank(cpu->gic, physical) : NULL;
    if (bank && bank->active >> physical % 32 & 1) return;
    if (!lint_new(l, LINT_LR_HW_INACTIVE, ev->from_pc, physical)) return;
    char buf[LINT_LINE];
    World w = world_of(cpu, ev->to_el);
    char *p = lint_start(buf, LINT_LR_HW_INACTIVE, cpu, w);
    p = put_dec(put_text(p, "list register "), i);
    p = put_text(put_text(put_text(p, " ("), lr_state(lr)), ") has virtual INTID ");
    p = put_intid(put_text(put_dec(p, vintid(lr)), " with HW=1, and its physical "), physical);
    p = put_text(p, bank ? " is not active" : " does not exist");
    lint_report(l, LINT_LR_HW_INACTIVE, buf, put_entry(l, p, w, ev));
}

void lint_list_registers(Lint *l, Cpu *cpu, const ReturnEvent *ev) {
    const GicCpu *g = cpu->gic;
    u64 hcr = cpu->sys.HCR_EL2;
    bool used = bit(hcr, HCR_IMO) || bit(hcr, HCR_FMO);
    if (!g || !bit(g->hcr, ICH_HCR_EN) || !used || bit(hcr, HCR_TGE)) return;
    for (unsigned i = 0; i < LIST_REGS; i++) {
        if (!(g->lr[i] >> 62)) continue;
        if (l->config.on[LINT_LR_HW_INACTIVE] && bit(g->lr[i], LR_HW)) check_hw(l, cpu, ev, i);
        for (unsigned j = i + 1; j < LIST_REGS && l->config.on[LINT_LR_DUPLICATE]; j++)
            if (g->lr[j] >> 62 && vintid(g->lr[i]) == vintid(g->lr[j])) duplicate(l, cpu, ev, i, j);
    }
}

// --- interrupts that are lost --------------------------------------------------------------------

// Only what runs below EL2 changes a list register that EL2 does not write.
void lint_keep_list_registers(LintCpu *c, const Cpu *cpu) {
    bool used = cpu->gic && bit(cpu->gic->hcr, ICH_HCR_EN);
    for (unsigned i = 0; i < LIST_REGS; i++) {
        c->lr[i] = used ? cpu->gic->lr[i] : 0;
        c->lr_read[i] = false;
    }
}

void lint_list_register(LintCpu *c, const Cpu *cpu, unsigned n, bool write) {
    if (write)
        c->lr_writer[n] = cpu->pc;
    else
        c->lr_read[n] = true;
}

int lint_gich_lr(const Cpu *cpu, const DeviceEvent *ev) {
    const Region *gich = &cpu->machine->gic->gich;
    u64 n = (ev->pa - gich->base - GICH_LR0) / 4;
    return gich->size && n < LIST_REGS && cpu->el == 2 ? (int)n : -1;
}

static bool is_listed(const GicCpu *g, u32 intid) {
    for (unsigned i = 0; i < LIST_REGS; i++)
        if (g->lr[i] >> 62 && vintid(g->lr[i]) == intid) return true;
    return false;
}

static void report_overwritten(Lint *l, const Cpu *cpu, const ReturnEvent *ev, unsigned i) {
    const LintCpu *c = &l->cpu[cpu->index];
    u64 old = c->lr[i];
    if (!lint_new(l, LINT_LR_OVERWRITTEN, c->lr_writer[i], ev->from_pc)) return;
    char buf[LINT_LINE];
    World w = world_of(cpu, ev->to_el);
    char *p = lint_start(buf, LINT_LR_OVERWRITTEN, cpu, w);
    p = put_dec(put_text(p, "list register "), i);
    p = put_dec(put_text(p, " with virtual INTID "), vintid(old));
    p = put_text(put_text(put_text(p, " ("), lr_state(old)), ") was overwritten with INTID ");
    p = put_dec(p, vintid(cpu->gic->lr[i]));
    p = lint_address(l, put_text(p, " at "), (World){WORLD_EL2, 0}, c->lr_writer[i]);
    p = put_text(p, " without having been read since the guest ran, and it is in no other");
    lint_report(l, LINT_LR_OVERWRITTEN, buf, put_entry(l, p, w, ev));
}

void lint_overwritten(Lint *l, const Cpu *cpu, const ReturnEvent *ev) {
    const LintCpu *c = &l->cpu[cpu->index];
    const GicCpu *g = cpu->gic;
    if (!g || !bit(g->hcr, ICH_HCR_EN)) return;
    for (unsigned i = 0; i < LIST_REGS; i++) {
        bool was = c->lr[i] >> 62 && !c->lr_read[i];
        bool is = g->lr[i] >> 62 && vintid(g->lr[i]) != vintid(c->lr[i]);
        if (was && is && !is_listed(g, vintid(c->lr[i]))) report_overwritten(l, cpu, ev, i);
    }
}

// --- WFI -----------------------------------------------------------------------------------------

// An interrupt of the bank that the CPU interface would signal if it became pending.
static bool bank_can_signal(const GicCpu *g, const Bank *b, u32 which) {
    for (u32 left = b->enabled & which; left; left &= left - 1) {
        unsigned n = (unsigned)__builtin_ctz(left), group = b->group1 >> n & 1;
        bool on = bit(g->gic->ctlr, group) && g->phys.enable[group];
        if (on && b->priority[n] < g->phys.pmr) return true;
    }
    return false;
}

static bool can_wake(const GicCpu *g) {
    if (!g || g->lpis_on) return true;
    if (g->asleep) return false;
    if (bank_can_signal(g, &g->local, ~0u)) return true;
    for (unsigned w = 0; w < g->gic->spi_words; w++)
        if (bank_can_signal(g, &g->gic->spi[w], g->mine[w])) return true;
    return false;
}

// The physical interrupt of this kind is not taken while the CPU is here.
static bool masked(const Cpu *cpu, unsigned route, u32 mask) {
    bool to_el2 = cpu_have_el2(cpu) && (cpu_tge(cpu) || bit(cpu->sys.HCR_EL2, route));
    bool set = cpu->pstate & mask;
    if (to_el2) return set && (cpu->el == 2 || cpu_in_host0(cpu));
    return cpu->el == 2 || set;
}

void lint_wfi(Lint *l, Cpu *cpu) {
    if (!masked(cpu, HCR_IMO, PSTATE_I) || !masked(cpu, HCR_FMO, PSTATE_F)) return;
    if (can_wake(cpu->gic) || !lint_new(l, LINT_WFI_MASKED, cpu->pc, 0)) return;
    char buf[LINT_LINE];
    World w = world_of(cpu, cpu->el);
    const LintCpu *c = &l->cpu[cpu->index];
    char *p = lint_start(buf, LINT_WFI_MASKED, cpu, w);
    p = lint_address(l, put_text(p, "WFI at "), w, cpu->pc);
    p = put_text(p, " with IRQ and FIQ masked, and no interrupt is enabled that could end it");
    if (c->returned) {
        p = lint_address(l, put_text(p, " (last ERET at "), (World){WORLD_EL2, 0}, c->return_from);
        p = put_text(p, ")");
    }
    lint_report(l, LINT_WFI_MASKED, buf, p);
}
