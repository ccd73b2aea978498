// The interrupt engine: pending, active, enable, priority, group, configuration and target of
// SGIs, PPIs and SPIs, and the choice of the highest priority one for each PE.
// Source: Arm GIC architecture specification, "Interrupt Handling and Prioritization".
// Security is absent (GICD_CTLR.DS = 1): Group 0 and Group 1 are both of the one Security state.
// Left out: GICv3.1 extended PPI and SPI ranges, message-based SPIs in GICD, NMIs.
#include "gic/internal.h"

#include <stdlib.h>

enum { CTLR_ENABLE_GRP0 = 0, CTLR_ENABLE_GRP1 = 1 };

static const Pending nothing = {INTID_SPURIOUS, PRIORITY_NONE, 0, -1};

Bank *irq_bank(GicCpu *c, u32 intid) {
    if (intid < LOCAL_IRQS) return &c->local;
    unsigned word = intid / 32 - 1;
    return word < c->gic->spi_words ? &c->gic->spi[word] : NULL;
}

GicCpu *gic_cpu_by_affinity(Gic *gic, u64 affinity) {
    for (unsigned i = 0; i < gic->cpus; i++)
        if ((gic->cpu[i].cpu->mpidr & 0xff00ffffffull) == affinity) return &gic->cpu[i];
    return NULL;
}

void irq_set_lines(GicCpu *c, u32 which, u32 lines) {
    u32 change = (c->cpu->lines ^ lines) & which;
    if (likely(!change)) return;
    if (change & lines) cpu_set_lines(c->cpu, change & lines, true);
    if (change & ~lines) cpu_set_lines(c->cpu, change & ~lines, false);
}

static bool takes_group(const GicCpu *c, int group) {
    return !c->asleep && bit(c->gic->ctlr, CTLR_ENABLE_GRP0 + group) && c->phys.enable[group];
}

// A 1 of N interrupt goes to the PE with the lowest number that takes its group.
static bool chosen_of_n(const GicCpu *c, int group) {
    for (const GicCpu *o = c->gic->cpu; o != c; o++)
        if (o->cpu->halt != HALT_OFF && takes_group(o, group)) return false;
    return true;
}

static inline void consider(Pending *best, const Bank *b, u32 candidates, u32 first) {
    for (; candidates; candidates &= candidates - 1) {
        unsigned n = (unsigned)__builtin_ctz(candidates);
        if (b->priority[n] >= best->priority) continue;
        best->intid = first + n;
        best->priority = b->priority[n];
        best->group = b->group1 >> n & 1;
    }
}

static void find_hppi(GicCpu *c) {
    Pending best = nothing;
    bool g0 = takes_group(c, 0), g1 = takes_group(c, 1);
    const Bank *b = &c->local;
    consider(&best, b,
             bank_pending(b) & b->enabled & ~b->active &
                 ((g0 ? ~b->group1 : 0) | (g1 ? b->group1 : 0)),
             0);
    for (unsigned w = 0; w < c->gic->spi_words; w++) {
        b = &c->gic->spi[w];
        u32 candidates = bank_pending(b) & b->enabled & ~b->active & c->mine[w] &
                         ((g0 ? ~b->group1 : 0) | (g1 ? b->group1 : 0));
        u32 any = candidates & c->gic->one_of_n[w];
        if (unlikely(any)) {
            if (!chosen_of_n(c, 0)) candidates &= ~(any & ~b->group1);
            if (!chosen_of_n(c, 1)) candidates &= ~(any & b->group1);
        }
        consider(&best, b, candidates, LOCAL_IRQS + 32 * w);
    }
    if (unlikely(c->hplpi.priority < best.priority) && g1) best = c->hplpi;
    c->hppi = best;
}

void irq_update(GicCpu *c) {
    find_hppi(c);
    u32 lines = 0;
    if (cpuif_signals(&c->phys, &c->hppi))
        lines = c->hppi.group == 0 && c->phys.fiqen ? LINE_FIQ : LINE_IRQ;
    irq_set_lines(c, LINE_IRQ | LINE_FIQ, lines);
}

void irq_update_all(Gic *gic) {
    for (unsigned i = 0; i < gic->cpus; i++) irq_update(&gic->cpu[i]);
}

void irq_spi_changed(Gic *gic, unsigned word, u32 which, const GicCpu *except) {
    for (unsigned i = 0; i < gic->cpus; i++) {
        GicCpu *c = &gic->cpu[i];
        if (c->mine[word] & which && c != except) irq_update(c);
    }
}

static bool routed_to(const Gic *gic, unsigned spi, const GicCpu *c) {
    if (gic->version == 2) return gic->targets[spi] >> (c - gic->cpu) & 1;
    u64 route = gic->route[spi];
    return bit(route, 31) || (route & 0xff00ffffffull) == (c->cpu->mpidr & 0xff00ffffffull);
}

void irq_reroute(Gic *gic, unsigned spi) {
    unsigned word = spi / 32;
    u32 b = 1u << spi % 32;
    gic->one_of_n[word] &= ~b;
    if (gic->version == 3 && bit(gic->route[spi], 31)) {
        gic->one_of_n[word] |= b;
        gic->any_one_of_n = true;
    }
    for (unsigned i = 0; i < gic->cpus; i++) {
        GicCpu *c = &gic->cpu[i];
        u32 before = c->mine[word];
        c->mine[word] = routed_to(gic, spi, c) ? before | b : before & ~b;
        if (before & b || c->mine[word] & b) irq_update(c);
    }
}

static void local_or_spi_changed(GicCpu *c, u32 intid) {
    if (intid >= LOCAL_IRQS) irq_spi_changed(c->gic, intid / 32 - 1, 1u << intid % 32, c);
    irq_update(c);
}

// Pending to active (or active and pending, when the wire is still asserted).
u32 irq_acknowledge(GicCpu *c) {
    Pending p = c->hppi;
    cpuif_activate(&c->phys, &p, c->gic->version == 2);
    if (p.intid >= LPI_FIRST) {  // LPIs have no active state
        lpi_set_pending(c, p.intid, false);
        return p.intid;
    }
    Bank *b = irq_bank(c, p.intid);
    u32 iar = p.intid, which = 1u << p.intid % 32;
    b->active |= which;
    b->latch &= ~which;
    if (p.intid < SGIS && c->gic->version == 2) {
        unsigned source = (unsigned)__builtin_ctz(c->sgi_sources[p.intid] | 1u << 8) & 7;
        c->sgi_sources[p.intid] &= (u8) ~(1u << source);
        if (c->sgi_sources[p.intid]) b->latch |= which;
        iar |= source << 10;
    }
    local_or_spi_changed(c, p.intid);
    return iar;
}

void irq_deactivate(GicCpu *c, u32 intid) {
    Bank *b = irq_bank(c, intid);
    if (!b) return;
    b->active &= ~(1u << intid % 32);
    local_or_spi_changed(c, intid);
}

void irq_send_sgi(GicCpu *to, unsigned sgi, unsigned source) {
    bool v2 = to->gic->version == 2;
    bool before = v2 ? to->sgi_sources[sgi] >> source & 1 : to->local.latch >> sgi & 1;
    to->local.latch |= 1u << sgi;
    if (v2) to->sgi_sources[sgi] |= (u8)(1u << source);
    if (!before) gic_tell_pending(to->gic, to, sgi, IRQ_BY_SGI, source);
    irq_update(to);
}

// True if the pending state may have changed.
static bool set_level(Bank *b, u32 which, bool level) {
    if (!(b->level & which) == !level) return false;
    b->level ^= which;
    if (level) b->latch |= which & b->edge;
    return true;
}

void irq_set_spi(Gic *gic, unsigned intid, bool level, IrqSource source) {
    unsigned word = intid / 32 - 1;
    CHECK(intid >= SPI_BASE && word < gic->spi_words);
    u32 which = 1u << intid % 32, before = bank_pending(&gic->spi[word]);
    if (!set_level(&gic->spi[word], which, level)) return;
    gic_tell_bank(gic, NULL, word + 1, before, source);
    irq_spi_changed(gic, word, which, NULL);
}

void gic_set_spi(Gic *gic, unsigned intid, bool level) {
    irq_set_spi(gic, intid, level, IRQ_BY_WIRE);
}

void gic_set_ppi(Gic *gic, Cpu *cpu, unsigned intid, bool level) {
    CHECK(intid >= SGIS && intid < LOCAL_IRQS);
    GicCpu *c = gic_cpu_of(gic, cpu);
    u32 before = bank_pending(&c->local);
    if (!set_level(&c->local, 1u << intid, level)) return;
    gic_tell_bank(gic, c, 0, before, IRQ_BY_WIRE);
    irq_update(c);
}

bool gic_ppi_level(Gic *gic, const Cpu *cpu, unsigned intid) {
    return bit(gic_cpu_of(gic, cpu)->local.level, intid);
}

u32 gic_signalled(const Cpu *cpu, bool is_virtual) {
    const GicCpu *c = cpu->gic;
    if (!c) return INTID_SPURIOUS;
    Pending p = is_virtual ? virt_hppi(c) : c->hppi;
    return cpuif_signals(is_virtual ? &c->virt : &c->phys, &p) ? p.intid : INTID_SPURIOUS;
}

// The lines do not depend on HCR_EL2 or the EL: routing and masking are the PE's (interrupt.c), and
// what a register access means is decided at the access.
void gic_update_cpu(Cpu *cpu) {
    (void)cpu;
}

static void reset_bank(Bank *b) {
    u32 level = b->level;  // wires are driven by devices, which have their own reset
    *b = (Bank){.level = level};
}

static void reset_interfaces(GicCpu *c) {
    bool v3 = c->gic->version == 3;
    cpuif_reset(&c->phys, v3);
    cpuif_reset(&c->virt, v3);
    c->hcr = 0;
    memset(c->lr, 0, sizeof c->lr);
}

void gic_reset_cpu(Cpu *cpu) {
    if (!cpu->gic) return;
    reset_interfaces(cpu->gic);
    irq_update(cpu->gic);
    virt_update(cpu->gic);
}

static void reset_cpu(GicCpu *c) {
    bool v3 = c->gic->version == 3;
    reset_bank(&c->local);
    c->local.edge = 0xffff;
    if (!v3) c->local.enabled = 0xffff;  // GICv2: SGIs are always enabled
    memset(c->sgi_sources, 0, sizeof c->sgi_sources);
    reset_interfaces(c);
    // Firmware has woken the redistributor before it hands over (GICR_WAKER resets to asleep).
    c->asleep = false;
    c->lpis_on = false;
    c->propbaser = c->pendbaser = 0;
    if (c->lpi_pending) memset(c->lpi_pending, 0, LPI_WORDS * sizeof(u64));
    memset(c->lpi_summary, 0, sizeof c->lpi_summary);
    c->hplpi = c->hppi = nothing;
}

void gic_reset(Gic *gic) {
    gic->ctlr = 0;
    gic->any_one_of_n = false;
    if (gic->lpi_config) memset(gic->lpi_config, 0, LPI_LIMIT * sizeof(u16));
    for (unsigned i = 0; i < gic->cpus; i++) reset_cpu(&gic->cpu[i]);
    for (unsigned w = 0; w < gic->spi_words; w++) reset_bank(&gic->spi[w]);
    for (unsigned n = 0; n < gic->spi_words * 32; n++) {
        gic->route[n] = 0;
        gic->targets[n] = gic->cpus == 1;
        irq_reroute(gic, n);
    }
    if (gic->its) its_reset(gic->its);
    for (unsigned i = 0; i < gic->cpus; i++) {
        irq_update(&gic->cpu[i]);
        virt_update(&gic->cpu[i]);
    }
}

static void *zalloc(size_t n, size_t size) {
    void *p = calloc(n, size);
    CHECK(p);
    return p;
}

static bool add_frames(Gic *gic, bool its, Error *err) {
    if (!dist_create(gic, err)) return false;
    if (gic->version == 2) return v2_create(gic, err);
    return redist_create(gic, err) && (!its || its_create(gic, err));
}

Gic *gic_create(Machine *machine, int version, unsigned spis, bool its, Error *err) {
    unsigned limit = version == 2 ? 8 : 123;  // interfaces of GICv2; GICR frames below 0x09000000
    if (version != 2 && version != 3) {
        error_set(err, "gic-version=%d: 2 and 3 are modelled", version);
        return NULL;
    }
    if (machine->cpus > limit) {
        error_set(err, "GICv%d serves at most %u CPUs, not %u", version, limit, machine->cpus);
        return NULL;
    }
    CHECK(spis && spis % 32 == 0 && spis <= MAX_SPIS);
    Gic *gic = zalloc(1, sizeof *gic);
    gic->machine = machine;
    gic->version = version;
    gic->cpus = machine->cpus;
    gic->spi_words = spis / 32;
    gic->spi = zalloc(gic->spi_words, sizeof *gic->spi);
    gic->one_of_n = zalloc(gic->spi_words, sizeof *gic->one_of_n);
    gic->route = zalloc(spis, sizeof *gic->route);
    gic->targets = zalloc(spis, sizeof *gic->targets);
    gic->cpu = zalloc(gic->cpus, sizeof *gic->cpu);
    for (unsigned i = 0; i < gic->cpus; i++) {
        GicCpu *c = &gic->cpu[i];
        c->gic = gic;
        c->cpu = machine->cpu[i];
        c->cpu->gic = c;
        c->mine = zalloc(gic->spi_words, sizeof *c->mine);
    }
    if (!add_frames(gic, its, err)) {
        gic_free(gic);
        return NULL;
    }
    gic_reset(gic);
    return gic;
}

void gic_free(Gic *gic) {
    if (!gic) return;
    for (unsigned i = 0; i < gic->cpus; i++) {
        gic->cpu[i].cpu->gic = NULL;
        free(gic->cpu[i].mine);
        free(gic->cpu[i].lpi_pending);
    }
    its_free(gic->its);
    free(gic->cpu);
    free(gic->spi);
    free(gic->one_of_n);
    free(gic->route);
    free(gic->targets);
    free(gic->lpi_config);
    free(gic);
}
